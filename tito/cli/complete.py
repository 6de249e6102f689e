"""tito module complete NN"""

from __future__ import annotations

import click

from tito.actions.complete import Completed, complete, next_lesson
from tito.cli import show
from tito.cli.options import json_option, lesson_argument, project_and_lesson, run_options
from tito.lesson.lesson import Lesson

HINTS = {
    "form": "Mend this in {file}, then run `tito module complete {number}` again.",
    "run": "Mend {file} and try it with `tito module test {number}`; nothing was exported or recorded.",
    "import": "Mend {file}: its exported cells must work without the others. Nothing was exported or recorded.",
}


@click.command("complete")
@lesson_argument
@run_options
@json_option
@click.pass_context
def command(ctx: click.Context, lesson: str, cell_limit: int, verbose: bool, as_json: bool) -> None:
    """Check the lesson, run it, export it to tinytorch/ and record it: all of it, or nothing."""
    project, found = project_and_lesson(lesson)
    progress = show.Progress(quiet=as_json, verbose=verbose)
    say = (lambda text: None) if as_json else show.say
    done = complete(project, found, cell_limit=cell_limit, on_cell=progress.cell, on_step=say)
    progress.clear()
    if as_json:
        show.as_json(done)
    else:
        _show(found, done, progress.said)
        following = next_lesson(project, found.number_name) if done.done else ""
        if following:
            show.say(f"Next: `tito module start {following[:2]}`, the lesson {following}.")
    ctx.exit(0 if done.done else 1)


def _show(lesson: Lesson, done: Completed, said: set[str]) -> None:
    if done.result:
        show.summary(done.result, said)
    if done.done and done.result:
        for problem in done.problems[len(done.result.problems) :]:
            show.say(f"  {problem}")
        show.say(f"{done.lesson} is complete: {done.module} is {'exported' if done.changed else 'up to date'}.")
        return
    for problem in () if done.stopped_at == "run" else done.problems:
        show.note(problem)
    if done.stopped_at == "prerequisites":
        for missing in done.missing:
            show.note(f"Run `{missing.command}` first." if missing.command else f"No lesson makes {missing.module}.")
    else:
        show.note(HINTS[done.stopped_at].format(file=done.file, number=lesson.number))
