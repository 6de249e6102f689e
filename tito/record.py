"""What was completed, and the lock under which tito writes.

`.tito/record.json` maps a lesson to the digest of the file that passed, its points and the time. Everything else about
a lesson's state is worked out from the files.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tito.errors import WorkFailed
from tito.files import read_existing, write_atomic
from tito.project import Project

PATIENCE = 3.0  # seconds to wait for another tito command


@dataclass(frozen=True)
class Entry:
    """A completed lesson: the digest of its file, the points it earned of those there were, and when (UTC)."""

    digest: str
    earned: float
    points: float
    at: str


def record_path(project: Project) -> Path:
    """Where the record is."""
    return project.state / "record.json"


def read_record(project: Project) -> dict[str, Entry]:
    """The completed lessons by the names of their folders. Raises WorkFailed where the file is not a record."""
    path = record_path(project)
    if not path.exists():
        return {}
    try:
        return {name: Entry(**entry) for name, entry in json.loads(path.read_bytes()).items()}
    except OSError as error:
        raise WorkFailed(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise WorkFailed(
            f"{path} is not a record that tito wrote.",
            "Move it away; `tito module complete` writes a new one, lesson by lesson.",
        ) from error


def write_entry(project: Project, number_name: str, entry: Entry) -> None:
    """Note a lesson as completed. Call under the lock."""
    write_atomic(record_path(project), record_text(read_record(project) | {number_name: entry}))


def record_text(rows: dict[str, Entry]) -> str:
    """The record's file for these entries."""
    return json.dumps({name: asdict(row) for name, row in sorted(rows.items())}, indent=1) + "\n"


def now() -> str:
    """The time for an Entry."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@contextmanager
def lock(project: Project, patience: float = PATIENCE) -> Iterator[None]:
    """Be the only tito command that writes in this project. The system lets go of the lock if the process dies.

    Raises WorkFailed where another command holds it for longer than `patience` seconds, or where it cannot be made.
    """
    holder = project.state / "holder"
    try:
        project.state.mkdir(parents=True, exist_ok=True)
        held = FileLock(project.state / "lock")
        held.acquire(timeout=patience)
    except Timeout as error:
        who = (read_existing(holder) or "").strip()
        raise WorkFailed(
            f"Another tito command is at work here{f' (process {who})' if who else ''}; nothing was done.",
            "Let it end, or stop it, and then run this again.",
        ) from error
    except OSError as error:
        raise WorkFailed(f"Cannot write in {project.state}: {error.strerror}; nothing was done.") from error
    try:
        write_atomic(holder, f"{os.getpid()}\n")
        yield
    finally:
        held.release()
