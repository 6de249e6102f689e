"""Writing files whole or not at all: one, several that change together, and a new folder."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tito.errors import TitoError, WorkFailed

AS_IT_WAS = "Everything is as it was."


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
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
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


def file_digest(path: Path) -> str:
    """The SHA-256 of a file; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def timestamp() -> str:
    """The time, as part of a file's name."""
    return time.strftime("%Y-%m-%d-%H%M%S")


def unused(path: Path) -> Path:
    """`path`, with a number in its name where something has that name already."""
    names = [path, *(path.with_name(f"{path.stem}-{count}{path.suffix}") for count in range(2, 1000))]
    return next(name for name in names if not name.exists())


def copy_file(source: Path, target: Path) -> Path:
    """Copy a file with its times to `target`, in a folder that need not be there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(source, target))


class Transaction:
    """Files in the folder `root` that change together. New ones are laid ready in the folder `stage` of the same disk.

    All that is replaced is kept first; where a change fails, or what must follow the changes, all is put back.
    """

    def __init__(self, root: Path, stage: Path) -> None:
        self.root, self.stage = root, stage
        self.changes: dict[Path, Path | None] = {}

    def ready(self, target: Path) -> Path:
        """Where to write the new file that is to take the place of `target`."""
        staged = self.stage / "new" / target.relative_to(self.root)
        staged.parent.mkdir(parents=True, exist_ok=True)
        return staged

    def replace(self, target: Path, staged: Path) -> bool:
        """Note that the file `staged` is to take the place of `target`; False where that says the same already."""
        is_new = file_digest(staged) != file_digest(target)
        if is_new:
            self.put(target, staged)
        return is_new

    def put(self, target: Path, staged: Path) -> None:
        """Note that the file `staged` is to take the place of `target`, also where that says the same already."""
        self.changes[target] = staged

    def remove(self, target: Path) -> None:
        """Note that a file is to go."""
        self.changes[target] = None

    def commit(
        self, kept: Path, *, then: Callable[[], None] | None = None, journal: Path | None = None, note: str = ""
    ) -> None:
        """Keep copies in the folder `kept`, make the changes in order, and call `then`.

        Each file is the old one or the new one at every moment. While the changes are made, they are noted in `journal`
        with `note`, so that `finish` can go on where the process was killed. Raises WorkFailed where something cannot
        be written; then, and on any other error, all is as it was.
        """
        try:
            copies = {path: keep(path, self.root, kept) if path.is_file() else None for path in self.changes}
        except OSError as error:
            raise WorkFailed(f"Cannot keep a copy in {kept}: {error.strerror}.", AS_IT_WAS) from error
        try:
            with ExitStack() as undo:
                undo.callback(_put_back, copies)
                if journal is not None:
                    write_atomic(journal, self._journal(note))
                for target, staged in self.changes.items():
                    _change(target, staged)
                if then is not None:
                    then()
                undo.pop_all()
        except OSError as error:
            raise WorkFailed(f"Cannot write {error.filename}: {error.strerror}.", AS_IT_WAS) from error
        finally:
            if journal is not None:
                journal.unlink(missing_ok=True)

    def _journal(self, note: str) -> str:
        names = {path: path.relative_to(self.root).as_posix() for pair in self.changes.items() for path in pair if path}
        rows = [{"target": names[target], "staged": names.get(new, "")} for target, new in self.changes.items()]
        return json.dumps({"source": note, "moves": rows}, indent=1)


def keep(path: Path, root: Path, home: Path) -> Path:
    """Copy a file to the folder `home`, where it lies as it does in `root`."""
    return copy_file(path, home / path.relative_to(root))


def finish(root: Path, journal: Path) -> str:
    """Make the rest of the changes that a killed process left noted; its note, or "" where there was none."""
    text = read_existing(journal)
    if text is None:
        return ""
    found = json.loads(text)
    for row in found["moves"]:
        staged = root / row["staged"] if row["staged"] else None
        if staged is None or staged.exists():
            _change(root / row["target"], staged)
    journal.unlink()
    return found["source"]


def _change(target: Path, staged: Path | None) -> None:
    if staged is None:
        target.unlink(missing_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, target)


def _put_back(copies: dict[Path, Path | None]) -> None:
    for target, copy in copies.items():
        if copy is None:
            target.unlink(missing_ok=True)
        else:
            shutil.copy2(copy, target)


@contextmanager
def new_folder(folder: Path, instead: str = "Name a new folder; nothing is overwritten.") -> Iterator[Path]:
    """A folder to fill, which becomes `folder` at the end of the block: as a whole, or not at all.

    Raises TitoError, with what to do `instead`, where `folder` is not new, and WorkFailed where it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TitoError(f"{folder} is there already and is not empty.", instead)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
            staged = Path(temporary) / "folder"
            staged.mkdir()
            yield staged
            if folder.is_dir():
                folder.rmdir()  # it is empty, and Windows does not replace a folder
            os.replace(staged, folder)
    except OSError as error:
        raise WorkFailed(f"Cannot write {folder}: {error.strerror or error}.", "Nothing was made.") from error
