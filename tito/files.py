"""Writing files whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from tito.errors import WorkFailed


def write_atomic(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8 with `\\n` at the ends of lines: the old file or the new one, never a part.

    A link is followed and a file keeps its mode. Raises WorkFailed where the system does not let us write; then
    everything is as it was.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_through(temporary, text)
            if target.exists():
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise WorkFailed(f"Cannot write {path}: {error.strerror}.", "Nothing was changed there.") from error


def write_if_changed(path: Path, text: str) -> bool:
    """Write `text` to `path` unless it is there already; tell whether it was written."""
    if read_existing(path) == text:
        return False
    write_atomic(path, text)
    return True


def read_existing(path: Path) -> str | None:
    """The text at `path`, ends of lines as they are; None where there is no file of UTF-8 text."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write_through(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def timestamp() -> str:
    """The time, as part of a file's name."""
    return time.strftime("%Y-%m-%d-%H%M%S")


def unused(path: Path) -> Path:
    """`path`, with a number in its name where something has that name already."""
    names = [path, *(path.with_name(f"{path.stem}-{count}{path.suffix}") for count in range(2, 1000))]
    return next(name for name in names if not name.exists())
