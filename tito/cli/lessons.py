"""tito module: list, status, start, test, complete and reset lessons."""

from typing import TYPE_CHECKING

import click

from tito.cli import show
from tito.cli.options import Answer, Group, json_option, lesson_argument, project_here, run_options

if TYPE_CHECKING:
    from tito.actions.complete import Completed
    from tito.lesson.lesson import Lesson

HINTS = {
    "form": "Fix this in {file}, then run `tito module complete {number}` again.",
    "run": "Fix {file} and try it with `tito module test {number}`; nothing was exported or recorded.",
    "import": "Fix {file}: its exported cells must work without the others. Nothing was exported or recorded.",
}


@click.group("module", cls=Group)
def module() -> None:
    """List, start, test, complete and reset lessons. A lesson is named by its number or name: 18, acceleration."""


@module.command("list")
@json_option
def list_lessons() -> Answer:
    """List the lessons: what each needs, makes and is worth."""
    from tito.actions.status import overview
    from tito.project import LIBRARY

    rows = overview(project_here())
    narrow = show.width() < 100  # then what all modules have in common is in the heading
    head = f"{LIBRARY}." if narrow else ""
    shown = [
        [row.lesson, row.module.removeprefix(head), show.in_runs(row.requires), str(row.exercises), f"{row.points:g}"]
        for row in rows
    ]
    headings = ("lesson", f"makes {head}".strip(), "needs", "exercises", "points")
    show.table(headings, shown, right=("exercises", "points"))
    return Answer(rows)


@module.command("status")
@json_option
def show_status() -> Answer:
    """Show how far each lesson is, and what comes next."""
    from tito.actions.status import next_step, status
    from tito.actions.update import journal_path
    from tito.student.folder import NO_RELEASE

    project = project_here()
    rows = status(project)
    if project.lacks_release:
        show.note(str(NO_RELEASE))
    if journal_path(project).exists():
        show.note("An update was interrupted; `tito update` finishes it.")
    cells = [
        [row.lesson, row.state, f"{'-' if row.earned is None else f'{row.earned:g}'}/{row.points:g}",
         "yes" if row.built else "no", show.in_runs(row.missing)]
        for row in rows
    ]  # fmt: skip
    show.table(("lesson", "state", "points", "exported", "complete first"), cells, right=("points",))
    for row in rows:
        if row.problem:
            show.say(f"{row.lesson}: {row.problem}")
    following = next_step(rows)
    show.say(f"Next: `{following}`." if following else "All lessons are complete.")
    return Answer(rows)


@module.command("start")
@lesson_argument
def start_lesson(lesson: "Lesson") -> int:
    """Open the lesson in JupyterLab.

    In a student's folder it is the student's own file, in the source tree a notebook built from the lesson.
    """
    from tito.actions.notebook import plan_start, start

    project = project_here()
    plan = plan_start(project, lesson)
    for said in (*(missing.finding(plan.lesson) for missing in plan.missing), *plan.notes):
        show.note(str(said))
    show.say(f"Opening {plan.path}; stop Jupyter with Ctrl-C.")
    return start(project, plan)


@module.command("test")
@lesson_argument
@run_options
@json_option
def test_lesson(lesson: "Lesson", cell_limit: int, verbose: bool) -> Answer:
    """Run the lesson's file as it is and show each check's verdict.

    Exit 1 where one fails, or where the lesson's form must be fixed before it can be completed.
    """
    from tito.actions.run import run_lesson

    project, progress = project_here(), show.Progress(verbose)
    show.say(f"{lesson.number_name} ({project.relative(lesson.path)})")
    result = run_lesson(project, lesson, cell_limit=cell_limit, on_cell=progress.cell)
    progress.clear()
    show.summary(result, progress.told)
    if 0 < len(lesson.exercises) == len(result.unbuilt):
        show.say("Every exercise in the file is blank. Did you save it?")
    if result.passed:
        show.say(f"Next: `tito module complete {lesson.number}`.")
    return Answer(result, result.passed)


@module.command("complete")
@lesson_argument
@run_options
@json_option
def complete_lesson(lesson: "Lesson", cell_limit: int, verbose: bool) -> Answer:
    """Check the lesson, run it, export it and record it.

    All of it is done, or nothing; the export goes to tinytorch/.
    """
    from tito.actions.complete import complete, next_lesson

    project, progress = project_here(), show.Progress(verbose)
    done = complete(project, lesson, cell_limit=cell_limit, on_cell=progress.cell, on_step=show.say)
    progress.clear()
    _show_completed(lesson, done, progress.told)
    following = next_lesson(project, lesson.number_name) if done.done else ""
    if following:
        show.say(f"Next: `tito module start {following[:2]}`, the lesson {following}.")
    return Answer(done, done.done)


def _show_completed(lesson: "Lesson", done: "Completed", told: set[str]) -> None:
    if done.result:
        show.summary(done.result, told)
    if done.done and done.result:
        for finding in done.findings[len(done.result.findings) :]:
            show.say(str(finding), "  ")
        show.say(f"{done.lesson} is complete: {done.module} is {'exported' if done.changed else 'up to date'}.")
        return
    for finding in () if done.stopped_at == "run" else done.findings:
        show.note(str(finding))
    if done.stopped_at in HINTS:
        show.note(HINTS[done.stopped_at].format(file=done.file, number=lesson.number))


@module.command("reset")
@click.argument("lesson", metavar="NN")
@click.option("--keep-answers", is_flag=True, help="Put your answers into it; repairs a lesson with damaged cells.")
@json_option
def reset_lesson(lesson: str, keep_answers: bool) -> Answer:
    """Put the lesson back as it was released. The file that was there is kept under .tito/backups."""
    from tito.actions.reset import reset

    done = reset(project_here(), lesson, keep_answers)
    answers = f", with your answers to {', '.join(done.carried) or 'nothing: all is blank'}" if keep_answers else ""
    show.say(f"{done.file} is as it was released{answers}.")
    for text in done.notes:
        show.say(text)
    if done.kept:
        show.say(f"What has no place in the lesson is in {done.kept}.")
    if done.backup:
        show.say(f"What was there is kept: {done.backup}")
    return Answer(done)
