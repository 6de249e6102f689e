"""What a student's file is judged by: the checks and points as they were released, whatever it holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tito.lesson import Cell, Lesson, read_lesson
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.registry import lesson_paths


@dataclass(frozen=True)
class Judged:
    """A lesson with the released checks in the place of its own; in the source tree, the lesson as it is.

    `notes` are sentences about checks that were replaced, `problems` about checks that are gone or there twice, with
    which a lesson is not complete. `gone` are the released checks that the file lacks.
    """

    lesson: Lesson
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    gone: tuple[Cell, ...] = ()

    @property
    def points(self) -> float:
        """What the released checks are worth together."""
        return self.lesson.points + sum(cell.points for cell in self.gone)


def pristine_path(project: Project, number_name: str) -> Path | None:
    """The lesson's file as it was released; None where there is none."""
    paths = lesson_paths(project, project.release)
    return next((path for path in paths if path.parent.name == number_name), None)


def judged(project: Project, lesson: Lesson) -> Judged:
    """The lesson as it is to be judged: the student's own cells, and the checks and points of the release."""
    path = pristine_path(project, lesson.number_name)
    if path is None:
        return Judged(lesson, (f"{NO_RELEASE} {GET_RELEASE}",) if project.lacks_release else ())
    released = {cell.grade_id: cell for cell in read_lesson(path).cells if cell.grade_id}
    cells, notes, problems = [], [], []
    first: dict[str, Cell] = {}
    for cell in lesson.cells:
        wanted = released.get(cell.grade_id)
        if wanted is None:
            notes += [_is_foreign(lesson, cell)] if cell.is_check else []
            cells.append(_ungraded(cell) if cell.grade else cell)
        elif wanted.is_check and cell.grade_id in first:
            problems.append(_is_copied(lesson, first[cell.grade_id], cell))
            cells.append(_ungraded(cell))
        else:
            first[cell.grade_id] = cell
            notes += [_is_changed(lesson, cell, wanted)] if wanted.is_check and not _same(cell, wanted) else []
            cells.append(_as_released(cell, wanted))
    gone = tuple(cell for name, cell in released.items() if cell.is_check and name not in first)
    problems += [gone_sentence(project, lesson, cell) for cell in gone]
    return Judged(replace(lesson, cells=tuple(cells)), tuple(notes), tuple(problems), gone)


def gone_sentence(project: Project, lesson: Lesson, cell: Cell) -> str:
    """That a released check is gone from the student's file, and how to get it back."""
    path = pristine_path(project, lesson.number_name)
    return (
        f"The check {cell.grade_id} is gone from {project.relative(lesson.path)}. Copy its cell back from"
        f" {project.relative(path)}; or `tito module reset {lesson.number}` starts the lesson anew, keeping your file."
    )


def _as_released(cell: Cell, wanted: Cell) -> Cell:
    """The student's cell with the flags and the points of the release; of a check, the released cell itself."""
    if wanted.is_check:
        return replace(wanted, line=cell.line)
    return replace(cell, grade=wanted.grade, solution=wanted.solution, points=wanted.points)


def _ungraded(cell: Cell) -> Cell:
    return replace(cell, grade_id=None, grade=False, solution=False, points=0.0)


def _same(cell: Cell, wanted: Cell) -> bool:
    """Whether a check is as it was released, apart from space at the ends of its lines."""
    flags = [(c.kind, c.grade, c.solution, c.points) for c in (cell, wanted)]
    lines = [[line.rstrip() for line in c.source.strip().split("\n")] for c in (cell, wanted)]
    return flags[0] == flags[1] and lines[0] == lines[1]


def _is_changed(lesson: Lesson, cell: Cell, wanted: Cell) -> str:
    return (
        f"{cell.grade_id} ({_place(lesson, cell)}) was changed; the released check was run, for its"
        f" {wanted.points:g} points."
    )


def _is_copied(lesson: Lesson, first: Cell, copy: Cell) -> str:
    places = f"{_place(lesson, first)} and {_place(lesson, copy)}"
    return f"{copy.grade_id} is there twice, at {places}: the first counts; delete the other."


def _is_foreign(lesson: Lesson, cell: Cell) -> str:
    return (
        f"{cell.grade_id or 'A graded cell'} ({_place(lesson, cell)}) is no check of this lesson; it earns no points."
    )


def _place(lesson: Lesson, cell: Cell) -> str:
    return lesson.place(cell.line).rpartition(", ")[2]
