"""What a student's file is judged by: the checks and points as they were released, whatever the file holds now.

The released lesson is run with the student's work in it, so that a check that was changed, deleted, copied or muted
counts as it was released, and no work is lost over a cell that lost its mark, was split in two, or was moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import bound_names, parses
from tito.lesson.find import pristine_lesson
from tito.lesson.lesson import Lesson
from tito.project import Project
from tito.student.align import Alignment, same_text
from tito.student.answers import blank_and_defined
from tito.student.folder import NO_RELEASE, about_file
from tito.student.graft import Grafted, Row, graft

REPAIR = "`tito module reset {} --keep-answers` repairs the file itself and keeps your answers."
# What that puts right.
REPAIRED_BY_RESET = {"answer-elsewhere", "check-changed", "check-gone", "copied", "directive-lost", "exercise-gone",
                     "given-gone", "kind-changed", "mark-lost", "question-gone", "split", "tabs"}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A lesson as it is to be judged, and what is to be known of the file; in the source tree, the lesson as it is."""

    lesson: Lesson
    findings: tuple[Finding, ...] = ()

    @property
    def foreign(self) -> Finding | None:
        """Set where the file holds nothing of the lesson; it is not to be run."""
        return next((finding for finding in self.findings if finding.code == "other-lesson"), None)


def judge_lesson(project: Project, lesson: Lesson) -> Judged:
    """The lesson with the student's own cells, and the checks and points of the release."""
    pristine = pristine_lesson(project, lesson.number_name)
    if pristine is None:
        return Judged(lesson, (NO_RELEASE,) if project.lacks_release else ())
    cells, findings, _ = judge_cells(lesson.cells, pristine.cells)
    judged = replace(lesson, cells=cells)
    if any(finding.code == "other-lesson" for finding in findings):
        return Judged(judged, (_foreign(project, lesson),))
    hint = Finding("repairable", REPAIR.format(lesson.number))
    repairable = any(finding.code in REPAIRED_BY_RESET for finding in findings)
    return Judged(judged, (*about_file(lesson.path), *findings, *([hint] if repairable else [])))


def _foreign(project: Project, lesson: Lesson) -> Finding:
    makes = f" It makes {lesson.module}." if lesson.module else ""
    text = f"{project.relative(lesson.path)} holds no exercise and no check of {lesson.number_name}.{makes}"
    brings = f"`tito module reset {lesson.number}` brings the lesson; this file is kept in .tito/backups."
    fix = f"Was it copied from another course or lesson? {brings}"
    return Finding("other-lesson", text, fix=fix, blocks=True)


def judge_cells(
    mine: Sequence[Cell], released: Sequence[Cell]
) -> tuple[tuple[Cell, ...], tuple[Finding, ...], tuple[Cell, ...]]:
    """The cells that are to be run for a student's, what is to be known of them, and the student's that are not run."""
    done = graft(released, mine, released)
    if done.alignment.is_foreign:
        text = "No cell of this lesson is in this file; is it another lesson's?"
        return done.cells, (Finding("other-lesson", text, blocks=True),), ()
    rows, restored = _rows(done)
    about = [*done.findings, *restored, *_about_checks(done.alignment), *_about_exercises(done)]
    return tuple(row.cell for row in rows), tuple(dict.fromkeys(about)), done.left


def _rows(done: Grafted) -> tuple[list[Row], list[Finding]]:
    """The rows to be run: the student's, the graded cells, and what the lesson gave and is now defined nowhere."""
    own = [row.cell for row in done.rows if row.origin is not None and row.cell.kind == "code"]
    bound = frozenset().union(*(bound_names(cell.source) for cell in own))
    rows, said, at = [], [], Cell("", "")
    for row in done.rows:
        gone = row.origin is None and not row.cell.grade
        missing = sorted(bound_names(row.cell.source) - bound) if gone and row.cell.kind == "code" else []
        if row.origin is not None:
            at = row.cell
        elif gone and (not missing or row.cell.solution):
            continue
        elif missing:
            text = f"A given cell that defines {', '.join(missing)} is gone; it was run as it was released."
            said.append(Finding("given-gone", text, at.place()))
        rows.append(row if row.origin is not None else Row(replace(row.cell, number=at.number, line=at.line)))
    return rows, said


def _about_checks(found: Alignment) -> list[Finding]:
    """The checks and open questions of the lesson that are gone from the file, were changed, or are there twice."""
    said = []
    for cell in (found.mine[index] for index in found.own if found.mine[index].grade):
        text = f"{cell.grade_id or 'A graded cell'} ({cell.place()}) is not a check of this lesson; it earns no points."
        said.append(Finding("not-in-lesson", text, cell.place()))
    for place, wanted in enumerate(found.lesson):
        mine = [found.mine[index] for index in found.found.get(place, [])]
        if not wanted.grade:
            continue
        if not mine:
            what, code = ("check", "check-gone") if wanted.is_check else ("open question", "question-gone")
            text = f"The {what} {wanted.grade_id} is gone; it counts as it was released."
            said.append(Finding(code, text, blocks=wanted.is_check))
        elif wanted.is_check:
            said += _about_check(wanted, mine)
    return said


def _about_check(wanted: Cell, mine: Sequence[Cell]) -> list[Finding]:
    said, first = [], mine[0]
    flags = [(cell.kind, cell.grade, cell.solution, cell.points) for cell in (first, wanted)]
    marked = first.grade_id == wanted.grade_id
    if not same_text(first, wanted) or (marked and flags[0] != flags[1]):
        what = f"was changed; the released check was run, for its {wanted.points:g} points."
        text = f"{wanted.grade_id} ({first.place()}) {what}"
        said.append(Finding("check-changed", text, first.place()))
    if len(mine) > 1:
        where, times = " and ".join(cell.place() for cell in mine), "twice" if len(mine) == 2 else f"{len(mine)} times"
        text = f"{wanted.grade_id} is there {times}, at {where}: it counts once; delete the other."
        said.append(Finding("copied", text, first.place(), blocks=True))
    return said


def _about_exercises(done: Grafted) -> list[Finding]:
    """The exercises that are gone, became text, or do not define what the lesson asks them for."""
    found, said = done.alignment, []
    taken = {row.cell.grade_id: row for row in done.rows if row.cell.is_exercise and row.origin is not None}
    for place, wanted in enumerate(found.lesson):
        if not wanted.is_exercise:
            continue
        row, mine = taken.get(wanted.grade_id), [found.mine[index] for index in found.found.get(place, [])]
        if row is None:
            said.append(Finding("exercise-gone", f"The exercise {wanted.grade_id} is gone."))
            continue
        if mine and mine[0].kind != wanted.kind:
            text = f"{wanted.grade_id} ({mine[0].place()}) had become a {mine[0].kind} cell; it was run as code."
            said.append(Finding("kind-changed", text, mine[0].place()))
        said += _about_names(found, place, wanted, row.cell)
    return said


def _about_names(found: Alignment, place: int, wanted: Cell, answer: Cell) -> list[Finding]:
    others = [cell for index, cell in enumerate(found.mine) if found.places[index] != place]
    if same_text(answer, wanted):
        homes = [cell for cell in others if wanted.names & cell.names and cell.kind == "code"]
        return [blank_and_defined(wanted, answer, homes[0])] if homes else []
    said = []
    for name in sorted(wanted.names - answer.names) if parses(answer.source) else ():
        home = next((cell for cell in others if name in cell.names), None)
        the_cell = f"the cell {wanted.grade_id} ({answer.place()})"
        if home is None:
            text = f"T{the_cell[1:]} no longer defines {name}, which the lesson asks for."
        else:
            text = f"{name} belongs in {the_cell}; it is defined in {home.place()}."
        said.append(Finding("not-defined" if home is None else "defined-elsewhere", text, answer.place()))
    return said
