"""Going back to the lesson as it was released, with a copy kept of what was there."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.errors import Finding, LessonError, TitoError, WorkFailed, in_sentences
from tito.files import Transaction, timestamp, unused
from tito.lesson.cell import Cell
from tito.lesson.find import find_path, lesson_paths
from tito.lesson.formats import Unreadable, readable_cells, write_cells
from tito.lesson.lesson import read_lesson, read_text
from tito.project import Project
from tito.record import lock
from tito.student.folder import NO_RELEASE, cells_beside, path_beside
from tito.student.graft import graft


@dataclass(frozen=True)
class Reset:
    """A lesson put back as it was released; `backup` holds the file that was there, or is empty.

    Where answers were to be kept, `carried` are their exercises, `findings` what was repaired, and `kept` the file with
    what has no place in the lesson, if there is any.
    """

    lesson: str
    file: str
    backup: str
    carried: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    kept: str = ""
    notes = in_sentences


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
        raise WorkFailed(NO_RELEASE.text, NO_RELEASE.fix)
    pristine = find_path(lesson_paths(project, project.release), wanted)
    target = project.modules / pristine.relative_to(project.release)
    stage = project.state / "staging"
    with lock(project):
        try:
            change = Transaction(project.root, stage)
            return (_around_answers if keep_answers else _as_released)(project, pristine, target, change)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _as_released(project: Project, pristine: Path, target: Path, change: Transaction) -> Reset:
    shutil.copyfile(pristine, change.ready(target))
    for path in _versions(target):
        change.remove(path)
    change.put(target, change.ready(target))
    return Reset(target.parent.name, project.relative(target), _commit(project, target, change))


def _around_answers(project: Project, pristine: Path, target: Path, change: Transaction) -> Reset:
    path = next(iter(_versions(target)), None)
    if path is None:
        raise WorkFailed(f"{project.relative(target)} is gone.", f"Without answers: {_plainly(target)}")
    mine, metadata, about = _readable(path)
    released, file = read_lesson(pristine).cells, project.relative(path)
    done = graft(released, mine, released, keep_edits=False)
    if done.alignment.is_foreign:
        asked = "was it copied from another course or lesson?"
        text = f"{file} holds none of the exercises of {target.parent.name}; {asked}"
        raise WorkFailed(text, f"{_plainly(target)} It keeps this file in .tito/backups.")
    write_cells(done.cells, change.ready(path), metadata)
    change.put(path, change.ready(path))
    kept = path_beside(path) if done.left else None
    if kept:
        write_cells(cells_beside(done.left), change.ready(kept))
        change.put(kept, change.ready(kept))
    backup, beside = _commit(project, path, change), project.relative(kept) if kept else ""
    return Reset(target.parent.name, file, backup, done.carried, (*about, *done.findings), beside)


def _commit(project: Project, path: Path, change: Transaction) -> str:
    """Make the changes; where what was there is kept, "" where there was nothing."""
    found = _versions(path)
    home = unused(project.state / "backups" / path.parent.name / timestamp())
    change.commit(home)
    kept = [home / other.relative_to(project.root) for other in found]
    return project.relative(kept[0] if len(kept) == 1 else home) if kept else ""


def _readable(path: Path) -> tuple[tuple[Cell, ...], dict, tuple[Finding, ...]]:
    """The student's cells and their notebook's metadata; of a damaged notebook the cells that are whole."""
    try:
        lesson = read_lesson(path)
        return lesson.cells, lesson.metadata, ()
    except LessonError as error:
        reason = error.__cause__
        cells = tuple(readable_cells(read_text(path))) if isinstance(reason, Unreadable) and reason.damaged else ()
        if not cells:
            raise
        text = f"{reason.message[0].upper()}{reason.message[1:]} {len(cells)} whole cells were found in it."
        return cells, {}, (Finding("damaged", text),)


def _plainly(target: Path) -> str:
    return f"`tito module reset {target.parent.name[:2]}` brings the lesson as it was released."


def _versions(target: Path) -> list[Path]:
    return [path for suffix in (".py", ".ipynb") if (path := target.with_suffix(suffix)).is_file()]
