"""What a command shows on a terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.tito.small_project import tito_command, tito_environment


def on_a_terminal(folder: Path, line: str, columns: int = 80, **more: str) -> str:
    """What `tito line` writes to a terminal of so many columns, its lines ended as in a file."""
    import pty  # of POSIX: Windows has no pseudo-terminals that Python can open

    ours, its = pty.openpty()
    environment = tito_environment(TERM="xterm", **more) | {"COLUMNS": str(columns)}
    with subprocess.Popen(tito_command(*line.split()), cwd=folder, env=environment, stdout=its, stderr=its):
        os.close(its)
        written = b""
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says that the other side is closed
        return b""
