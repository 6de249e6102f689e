"""Completing a lesson: checked, run, exported and recorded, all of it or nothing. Or only exporting it as it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tito.actions.run import form_findings, run_judged
from tito.actions.status import Missing, missing_prerequisites
from tito.errors import Finding, in_sentences
from tito.lesson.find import lesson_paths
from tito.lesson.lesson import Lesson
from tito.package.publish import BadExport, Published, publish
from tito.project import Project
from tito.record import Entry, lock, now, read_record, write_entry
from tito.run import CELL_LIMIT
from tito.run.runner import OnCell, Result
from tito.student.judge import judge_lesson

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Completed:
    """What `complete` did. `stopped_at` is "" when all is done, or the step that failed; then nothing was changed.

    The steps are "prerequisites", "form", "run" and "import". `findings`, and `problems` as sentences, are about the
    step that failed, or of a lesson that is done what was noticed, such as a check that was changed; `changed` tells
    whether the module in the package was another one before.
    """

    lesson: str
    module: str
    file: str
    stopped_at: str
    findings: tuple[Finding, ...]
    missing: tuple[Missing, ...] = ()
    result: Result | None = None
    changed: bool = False
    problems = in_sentences

    @property
    def done(self) -> bool:
        """Whether the lesson is exported and recorded."""
        return not self.stopped_at


def complete(
    project: Project,
    lesson: Lesson,
    *,
    cell_limit: float = CELL_LIMIT,
    on_cell: OnCell | None = None,
    on_step: OnStep | None = None,
) -> Completed:
    """Check the lesson, run it, export it and record it: all of it, or nothing.

    The module is exported to a staging folder and imported there; only then do files in the package change, each at
    once, and the record is written last. Raises WorkFailed where another tito command is at work, or a file cannot
    be written.
    """
    say = on_step or (lambda text: None)

    def ended(stopped_at: str, findings: Iterable[Finding], result: Result | None = None, **more: Any) -> Completed:
        about = lesson.number_name, lesson.module, project.relative(lesson.path)
        return Completed(*about, stopped_at, tuple(findings), result=result, **more)

    with lock(project):
        judged = judge_lesson(project, lesson)
        missing = () if judged.foreign else missing_prerequisites(project, lesson)
        if missing:
            return ended("prerequisites", (row.finding(lesson.number_name) for row in missing), missing=missing)
        form = [judged.foreign] if judged.foreign else form_findings(project, judged)
        if form:
            return ended("form", form)
        say(f"Running {lesson.number_name}")
        result = run_judged(project, judged, cell_limit, on_cell)
        if not result.passed:
            return ended("run", result.findings, result)
        say(f"Exporting {lesson.module}")
        entry = Entry(lesson.digest, result.earned, result.points, now())
        try:
            done = publish(
                project, [judged.lesson], tried=True, then=lambda: write_entry(project, lesson.number_name, entry)
            )
        except BadExport as error:
            return ended("import", [error.finding], result)
        return ended("", (*result.findings, *done.findings), result, changed=done.rows[0].changed)


def export_lessons(project: Project, chosen: Iterable[Lesson]) -> Published:
    """Export lessons as they are, without running them. Raises LessonError where one is not fit to be a module."""
    with lock(project):
        return publish(project, [judge_lesson(project, lesson).lesson for lesson in dict.fromkeys(chosen)])


def next_lesson(project: Project, number_name: str) -> str:
    """The lesson after this one that was not completed yet, as 02_activations; empty where there is none."""
    record = read_record(project)
    after = (path.parent.name for path in lesson_paths(project) if path.parent.name > number_name)
    return next((name for name in after if name not in record), "")
