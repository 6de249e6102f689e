"""Running another program to its end."""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

KEPT = 1_000_000  # bytes that are read of what a program wrote


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, None where it took too long, and what it wrote."""

    status: int | None
    stdout: str
    stderr: str

    @property
    def last_words(self) -> str:
        """The last line that it wrote about its failure."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"it ended with exit status {self.status}"


def run_program(
    command: Sequence[str], *, limit: float, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """Run a program that reads nothing, for `limit` seconds at most. What it started and left behind is ended with it.

    It writes to files, not to pipes: a process that it leaves behind would hold a pipe open, and us with it.
    """
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env, start_new_session=True
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            kill_group(process)
        out.seek(0)
        err.seek(0)
        return Ended(status, *(file.read(KEPT).decode("utf-8", "replace") for file in (out, err)))


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that has a session of its own, and on POSIX everything that it started and left behind."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):  # nobody is left (macOS says so with the second)
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()


def typed(path: Path | str) -> str:
    """A path, or another word of a command, as it is typed in a shell."""
    text = str(path)
    if os.name == "nt":
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)
