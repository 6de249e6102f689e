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
from tito.student.answers import blank_and_defined, copied
from tito.student.folder import NO_RELEASE, about_file
from tito.student.graft import Grafted, graft

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
    cells, restored = _to_run(done)
    about = [*done.findings, *restored, *_about_graded(done)]
    return tuple(cells), tuple(dict.fromkeys(about)), done.left


def _to_run(done: Grafted) -> tuple[list[Cell], list[Finding]]:
    """The student's cells, the graded cells, and what the lesson gave and is now defined nowhere."""
    own = [row.cell for row in done.rows if row.is_mine and row.cell.kind == "code"]
    bound = frozenset().union(*(bound_names(cell.source) for cell in own))
    cells, said, before = [], [], Cell("", "")
    for row in done.rows:
        cell = row.cell if row.is_mine else replace(row.cell, number=before.number, line=before.line)
        if not row.is_mine and not cell.grade:
            missing = sorted(bound_names(cell.source) - bound) if cell.kind == "code" and not cell.solution else []
            if not missing:
                continue
            text = f"A given cell that defines {', '.join(missing)} is gone; it was run as it was released."
            said.append(Finding("given-gone", text, before.place()))
        before = cell
        cells.append(cell)
    return cells, said


def _about_graded(done: Grafted) -> list[Finding]:
    """The checks, exercises and open questions that are gone, were changed, are there twice, or lack what is asked."""
    found, said = done.alignment, []
    answers = {row.cell.grade_id: row.cell for row in done.rows if row.is_mine}
    for cell in (cell for cell in found.cells_at(None) if cell.grade):
        text = f"{cell.grade_id or 'A graded cell'} ({cell.place()}) is not a check of this lesson; it earns no points."
        said.append(Finding("not-in-lesson", text, cell.place()))
    for place, wanted in enumerate(found.lesson):
        mine = found.cells_at(place)
        if not mine:
            said += _about_gone(wanted)
        elif wanted.is_check:
            said += _about_check(wanted, mine)
        elif wanted.is_exercise:
            if mine[0].kind != wanted.kind:
                text = f"{wanted.grade_id} ({mine[0].place()}) had become a {mine[0].kind} cell; it was run as code."
                said.append(Finding("kind-changed", text, mine[0].place()))
            said += _about_names(found, place, answers[wanted.grade_id])
    return said


def _about_gone(wanted: Cell) -> list[Finding]:
    if wanted.is_exercise:
        return [Finding("exercise-gone", f"The exercise {wanted.grade_id} is gone.")]
    what, code = ("check", "check-gone") if wanted.is_check else ("open question", "question-gone")
    text = f"The {what} {wanted.grade_id} is gone; it counts as it was released."
    return [Finding(code, text, blocks=wanted.is_check)] if wanted.grade else []


def _about_check(wanted: Cell, mine: Sequence[Cell]) -> list[Finding]:
    said, first = [], mine[0]
    flags = [(cell.kind, cell.grade, cell.solution, cell.points) for cell in (first, wanted)]
    marked = first.grade_id == wanted.grade_id
    if not same_text(first, wanted) or (marked and flags[0] != flags[1]):
        what = f"was changed; the released check was run, for its {wanted.points:g} points."
        said.append(Finding("check-changed", f"{wanted.grade_id} ({first.place()}) {what}", first.place()))
    if len(mine) > 1:
        said.append(copied(wanted, mine, first, "it counts once; delete the other."))
    return said


def _about_names(found: Alignment, place: int, answer: Cell) -> list[Finding]:
    """The names that an exercise's answer does not define, and where else they are defined."""
    wanted, said = found.lesson[place], []
    others = [cell for cell, home in zip(found.mine, found.places, strict=True) if home != place]
    if same_text(answer, wanted):
        homes = [cell for cell in others if wanted.names & cell.names]
        return [blank_and_defined(wanted, answer, homes[0])] if homes else []
    for name in sorted(wanted.names - answer.names) if parses(answer.source) else ():
        home = next((cell for cell in others if name in cell.names), None)
        the_cell = f"the cell {wanted.grade_id} ({answer.place()})"
        if home is None:
            text = f"T{the_cell[1:]} no longer defines {name}, which the lesson asks for."
        else:
            text = f"{name} belongs in {the_cell}; it is defined in {home.place()}."
        said.append(Finding("not-defined" if home is None else "defined-elsewhere", text, answer.place()))
    return said
