"""Going back to the lesson as it was released, with a copy kept of what was there."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tito.errors import TitoError, WorkFailed
from tito.files import write_atomic
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.record import lock
from tito.registry import find_path, lesson_paths


@dataclass(frozen=True)
class Reset:
    """A lesson put back as it was released; `backup` holds the file that was there, or is empty."""

    lesson: str
    file: str
    backup: str


def reset(project: Project, wanted: str) -> Reset:
    """Put the lesson `wanted` (number or name) back as it was released, keeping a copy of the file that was there.

    Raises TitoError in the source tree, where the lesson's file is the source itself, and where the pristine lessons
    are lost.
    """
    if not project.is_student:
        path = find_path(lesson_paths(project), wanted)
        raise TitoError(
            f"This is the source tree: {project.relative(path)} is the lesson itself, so nothing here can put it back.",
            f"Git can: `git diff {project.relative(path)}` shows what changed.",
        )
    if project.lacks_release:
        raise WorkFailed(NO_RELEASE, GET_RELEASE)
    pristine = find_path(lesson_paths(project, project.release), wanted)
    target = project.modules / pristine.relative_to(project.release)
    with lock(project):
        backup = _back_up(project, target)
        write_atomic(target, pristine.read_text(encoding="utf-8"))
        for other in _versions(target):
            if other != target:
                other.unlink()
    return Reset(pristine.parent.name, project.relative(target), backup)


def _versions(target: Path) -> list[Path]:
    """The files in which the lesson may exist: as .py and as .ipynb."""
    return [path for suffix in (".py", ".ipynb") if (path := target.with_suffix(suffix)).is_file()]


def _back_up(project: Project, target: Path) -> str:
    """Copy the lesson's files away; the folder they went to, or "" where there was none."""
    found = _versions(target)
    if not found:
        return ""
    home = unused(project.state / "backups" / target.parent.name / timestamp())
    try:
        home.mkdir(parents=True)
        for path in found:
            shutil.copy2(path, home / path.name)
    except OSError as error:
        raise WorkFailed(f"Cannot keep a copy in {home}: {error.strerror}.", "The lesson was left as it is.") from error
    return project.relative(home / found[0].name if len(found) == 1 else home)


def timestamp() -> str:
    """The time, as part of a file's name."""
    return time.strftime("%Y-%m-%d-%H%M%S")


def unused(path: Path) -> Path:
    """`path`, with a number in its name where something has that name already."""
    names = [path, *(path.with_name(f"{path.stem}-{count}{path.suffix}") for count in range(2, 1000))]
    return next(name for name in names if not name.exists())
