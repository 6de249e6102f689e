"""Running a lesson as its file is now: `tito module test`."""

from dataclasses import replace

from tito.errors import Finding, LessonError
from tito.lesson.lesson import Lesson
from tito.lesson.rules import check_rules
from tito.package.notes import altered_modules
from tito.project import Project
from tito.run import CELL_LIMIT
from tito.run.runner import OnCell, Result, run_cells
from tito.student.judge import Judged, judge_lesson


def run_lesson(
    project: Project, lesson: Lesson, *, cell_limit: float = CELL_LIMIT, on_cell: OnCell | None = None
) -> Result:
    """Run the lesson, judge its graded cells, and look at its form: what stands against completing it is told, too.

    In a student's folder the checks and points are the released ones, also where one is gone from the file. A cell may
    take `cell_limit` seconds, and `on_cell` is called as each code cell ends. Nothing is written in the project. Raises
    LessonError, and runs nothing, where the file is another lesson's.
    """
    judged = judge_lesson(project, lesson)
    done = run_judged(project, judged, cell_limit, on_cell)
    form = [finding for finding in form_findings(project, judged) if finding not in done.findings]
    told = (replace(finding, text=f"Before it can be completed: {finding.text}") for finding in form)
    return replace(done, findings=(*done.findings, *told), passed=done.passed and not form)


def run_judged(project: Project, judged: Judged, cell_limit: float, on_cell: OnCell | None) -> Result:
    """Run a lesson that was judged; it is not passed where a finding blocks."""
    if judged.foreign:
        raise LessonError(str(judged.foreign), "Nothing was run.")
    lesson = judged.lesson
    done = run_cells(
        lesson.cells, lesson.path.parent, project.root, name=lesson.number_name, cell_limit=cell_limit, on_cell=on_cell
    )
    findings = (*judged.findings, *altered_modules(project, lesson.requires), *done.findings)
    return replace(done, findings=findings, passed=done.passed and not _blocking(judged))


def form_findings(project: Project, judged: Judged) -> tuple[Finding, ...]:
    """What is wrong with the lesson's form; in a student's folder, also released checks that are gone or doubled."""
    return (*check_rules(judged.lesson, student=project.is_student), *_blocking(judged))


def _blocking(judged: Judged) -> list[Finding]:
    return [finding for finding in judged.findings if finding.blocks]
