"""What a student's file is judged by: the checks and points as they were released, whatever it holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tito.lesson.cell import Cell
from tito.lesson.find import lesson_paths
from tito.lesson.lesson import Lesson, read_lesson
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.student.judge import mend
from tito.student.oddities import about_file, blanks_with_answers


@dataclass(frozen=True)
class Judged:
    """A lesson with the released checks in the place of its own; in the source tree, the lesson as it is.

    `notes` are sentences about cells that are judged as they were released, `problems` about checks that are gone and
    cells that are there twice, with which a lesson is not complete. Of a `foreign` file, which holds nothing of the
    lesson, the first of the problems says so; it is not to be run.
    """

    lesson: Lesson
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    foreign: bool = False


def pristine_path(project: Project, number_name: str) -> Path | None:
    """The lesson's file as it was released; None where there is none."""
    paths = lesson_paths(project, project.release)
    return next((path for path in paths if path.parent.name == number_name), None)


def judged(project: Project, lesson: Lesson) -> Judged:
    """The lesson as it is to be judged: the student's own cells, and the checks and points of the release.

    A check that is gone is run where it was, so that the points are those that grading gives.
    """
    path = pristine_path(project, lesson.number_name)
    if path is None:
        return Judged(lesson, (f"{NO_RELEASE} {GET_RELEASE}",) if project.lacks_release else ())
    pristine = read_lesson(path)
    found = mend(lesson.cells, pristine.cells, lambda cell: place(lesson, cell))
    mended = replace(lesson, cells=tuple(row.cell for row in found.rows))
    notes = tuple(about_file(lesson.path))
    known = {row.cell.grade_id for row in found.rows if row.origin is not None} - {None}
    if known.isdisjoint(cell.grade_id for cell in pristine.cells):
        return Judged(mended, notes, (_foreign_sentence(project, lesson),), foreign=True)
    gone = tuple(_gone_sentence(project, lesson, cell) for cell in found.gone if cell.is_check)
    hint = (_HINT.format(lesson.number),) if found.notes or found.copied else ()
    problems = (*found.copied, *gone, *blanks_with_answers(mended, pristine))
    return Judged(mended, (*notes, *found.notes, *hint, *found.undefined), problems)


_HINT = "`tito module reset {} --keep-answers` puts the file itself right, round your answers."


def place(lesson: Lesson, cell: Cell) -> str:
    """Where a cell is in the lesson's file: `line 12`; in a notebook, `cell 12`."""
    return lesson.place(cell.line).rpartition(", ")[2]


def _gone_sentence(project: Project, lesson: Lesson, cell: Cell) -> str:
    """That a released check is gone from the student's file, and how to get it back."""
    return (
        f"The check {cell.grade_id} is gone from {project.relative(lesson.path)}. It counts as it was released;"
        f" `tito module reset {lesson.number} --keep-answers` puts it back, round your answers."
    )


def _foreign_sentence(project: Project, lesson: Lesson) -> str:
    makes = f" It makes {lesson.module}." if lesson.module else ""
    return (
        f"{project.relative(lesson.path)} holds no exercise and no check of {lesson.number_name}.{makes} Was it copied"
        f" from another course or lesson? `tito module reset {lesson.number}` brings the lesson; this file is kept in"
        " .tito/backups."
    )
