"""Going back to the lesson as it was released, with a copy kept of what was there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.errors import TitoError, WorkFailed
from tito.files import timestamp, unused, write_atomic
from tito.lesson.find import find_path, lesson_paths
from tito.lesson.formats import Damaged, Notebook, plain_cell, to_notebook
from tito.lesson.lesson import read_lesson, read_text
from tito.lesson.salvage import readable_cells
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.record import lock
from tito.student.align import grade_ids
from tito.student.folder import notebook_beside, path_beside, read_file, write_file
from tito.student.graft import graft


@dataclass(frozen=True)
class Reset:
    """A lesson put back as it was released; `backup` holds the file that was there, or is empty.

    Where answers were to be kept, `carried` are their exercises, `notes` sentences about what was mended, and `kept`
    the file with what has no place in the lesson, if there is any.
    """

    lesson: str
    file: str
    backup: str
    carried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kept: str = ""


def reset(project: Project, wanted: str, keep_answers: bool = False) -> Reset:
    """Put the lesson `wanted` (number or name) back as it was released, keeping a copy of the file that was there.

    With `keep_answers` the answers in that file are put into the lesson. Raises TitoError in the source tree, where
    the lesson's file is the source itself, and WorkFailed where the pristine lessons are lost, or where there is no
    answer that could be kept.
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
        if keep_answers:
            return _around_answers(project, pristine, target)
        backup = _back_up(project, target)
        write_atomic(target, pristine.read_text(encoding="utf-8"))
        for other in _versions(target):
            if other != target:
                other.unlink()
    return Reset(pristine.parent.name, project.relative(target), backup)


def _around_answers(project: Project, pristine: Path, target: Path) -> Reset:
    """Put the released cells round the student's answers."""
    path = next(iter(_versions(target)), None)
    if path is None:
        raise WorkFailed(f"{project.relative(target)} is gone.", f"Without answers: {_plainly(target)}")
    mine, notes = _readable(path)
    released = to_notebook(read_lesson(pristine), released=True)["cells"]
    if not set(grade_ids(mine["cells"], released)[0]) - {""}:
        raise WorkFailed(
            f"{project.relative(path)} holds none of the exercises of {target.parent.name}; was it copied from another"
            " course or lesson?",
            f"{_plainly(target)} It keeps this file in .tito/backups.",
        )
    done = graft(released, mine["cells"], released, keep_edits=False)
    backup = _back_up(project, target)
    kept = path_beside(path) if done.left else None
    if kept:
        write_file(notebook_beside(done.left), kept)
    write_file({**mine, "cells": done.cells}, path)
    notes = (*notes, *done.notes)
    names = (project.relative(path), backup, done.carried, notes, project.relative(kept) if kept else "")
    return Reset(target.parent.name, *names)


def _readable(path: Path) -> tuple[Notebook, tuple[str, ...]]:
    """The student's file; of a damaged notebook the cells that are whole, with a word about it."""
    try:
        return read_file(path), ()
    except Damaged as error:
        cells = [plain_cell(cell, number) for number, cell in enumerate(readable_cells(read_text(path)), 1)]
        if not cells:
            raise
        said = error.message[0].upper() + error.message[1:]
        return {"cells": cells, "metadata": {}}, (f"{said} {len(cells)} whole cells were found in it.",)


def _plainly(target: Path) -> str:
    return f"`tito module reset {target.parent.name[:2]}` brings the lesson as it was released."


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
