"""Putting lessons' modules into the package: made and tried beside it first, then moved in, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tito.errors import WorkFailed
from tito.files import read_existing, timestamp, unused
from tito.lesson.lesson import Lesson
from tito.package.module import Exported, export, module_path, package_files
from tito.package.written import keep_edited, notes_path, write_notes
from tito.project import LIBRARY, Project

IMPORT_LIMIT = 120.0  # seconds for importing a module that was just exported


@dataclass(frozen=True)
class Published:
    """The modules that were exported, and a sentence for each file that was kept since it had been edited by hand."""

    rows: tuple[Exported, ...]
    kept: tuple[str, ...]


class BadExport(WorkFailed):
    """The exported module cannot be imported."""


def publish(
    project: Project, chosen: Iterable[Lesson], *, try_import: bool = False, record: Callable[[], None] | None = None
) -> Published:
    """Export lessons, import the exports if `try_import`, move what is new into the package, and call `record`.

    To be called under the lock. The export is made in a staging folder. A file of the package is the old one or the
    new one at every moment; where something fails, `record` included, the old ones are put back. In a student's folder
    a file that was edited by hand is copied away first. Raises BadExport, LessonError or WorkFailed.
    """
    staging = project.state / "staging"
    try:
        shutil.rmtree(staging, ignore_errors=True)  # a killed command may have left one
        _copy_package(project.package, staging / LIBRARY)
        exported = export(project, chosen, into=staging / LIBRARY)
        for row in exported if try_import else ():
            _try_import(staging, row.module)
        moves = _moves(project, staging, exported)
        kept = _keep_edited(project, [target for _, target in moves]) if project.is_student else ()
        if project.is_student:
            write_notes(project, exported, staging / "exports.json")
            moves.append((staging / "exports.json", notes_path(project)))
        _move(staging, moves, record or (lambda: None))
    except OSError as error:
        raise WorkFailed(f"Cannot write in {project.root}: {error.strerror}.", "Everything is as it was.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    rows = tuple(replace(row, path=module_path(project.package, row.module)) for row in exported)
    return Published(rows, kept)


def _keep_edited(project: Project, targets: list[Path]) -> tuple[str, ...]:
    return keep_edited(project, targets, unused(project.state / "backups" / LIBRARY / timestamp()))


def _copy_package(package: Path, target: Path) -> None:
    for path in package_files(package):
        copy = target / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _try_import(folder: Path, module: str) -> None:
    """Import `module` in a process of its own with `folder` first on its path. Raises BadExport where that fails.

    The process ends as soon as the import does: a thread that the module started is not waited for.
    """
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from {module} import *; __import__('os')._exit(0)"
    command = [sys.executable, "-P", "-B", "-X", "utf8", "-c", code]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=IMPORT_LIMIT, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise BadExport(
            f"Importing the exported {module} took longer than {IMPORT_LIMIT:g} s. An import should only define things:"
            " look in the exported cells for a loop that does not end, for training or measuring, and for code that"
            " waits for input, for a thread or for a process."
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"the import ended with exit status {done.returncode}"
        raise BadExport(f"The exported {module} cannot be imported: {last}")


def _moves(project: Project, staging: Path, exported: list[Exported]) -> list[tuple[Path, Path]]:
    """The staged files that differ from the package's, in order, each with its place in the package."""
    moves = [(path, project.package / path.relative_to(staging / LIBRARY)) for path in _in_order(staging, exported)]
    return [(path, target) for path, target in moves if read_existing(path) != read_existing(target)]


def _move(staging: Path, moves: list[tuple[Path, Path]], record: Callable[[], None]) -> None:
    """Move the files to their places, then `record`; put all back if anything fails on the way."""
    saved = [_save(target, staging / f"saved-{index}") for index, (_, target) in enumerate(moves)]
    done = False
    try:
        for path, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
        record()
        done = True
    finally:
        if not done:
            _put_back(saved, [target for _, target in moves])


def _in_order(staging: Path, exported: list[Exported]) -> list[Path]:
    """The staged files: the lessons' modules, then the other modules, and last the `__init__` that leads to all."""
    package = staging / LIBRARY
    modules, top = [row.path for row in exported], package / "__init__.py"
    return [*modules, *sorted(path for path in package.rglob("*.py") if path not in (*modules, top)), top]


def _save(target: Path, copy: Path) -> Path | None:
    """A copy of the package's file; None where there is none."""
    if not target.exists():
        return None
    return Path(shutil.copy2(target, copy))


def _put_back(saved: list[Path | None], targets: list[Path]) -> None:
    for copy, target in zip(saved, targets, strict=True):
        if copy is None:
            target.unlink(missing_ok=True)
        else:
            os.replace(copy, target)
