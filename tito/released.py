"""What a student's file is judged by: the checks and points as they were released, whatever it holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tito.lesson import Cell, Lesson, read_lesson
from tito.mending import mend
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.registry import lesson_paths


@dataclass(frozen=True)
class Judged:
    """A lesson with the released checks in the place of its own; in the source tree, the lesson as it is.

    `notes` are sentences about cells that are judged as they were released, `problems` about checks that are gone and
    cells that are there twice, with which a lesson is not complete.
    """

    lesson: Lesson
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


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
    found = mend(lesson.cells, read_lesson(path).cells, lambda cell: place(lesson, cell))
    gone = tuple(_gone_sentence(project, lesson, path, cell) for cell in found.gone if cell.is_check)
    cells = tuple(row.cell for row in found.rows)
    return Judged(replace(lesson, cells=cells), found.notes, (*found.copied, *gone))


def place(lesson: Lesson, cell: Cell) -> str:
    """Where a cell is in the lesson's file: `line 12`; in a notebook, `cell 12`."""
    return lesson.place(cell.line).rpartition(", ")[2]


def _gone_sentence(project: Project, lesson: Lesson, path: Path, cell: Cell) -> str:
    """That a released check is gone from the student's file, and how to get it back."""
    return (
        f"The check {cell.grade_id} is gone from {project.relative(lesson.path)}. It counts as it was released. Copy"
        f" its cell back from {project.relative(path)}; or `tito module reset {lesson.number} --keep-answers` puts your"
        " answers into the lesson as it was released, keeping your file."
    )
