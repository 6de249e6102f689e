"""tito module test NN"""

from __future__ import annotations

import click

from tito.actions.complete import try_lesson
from tito.cli import show
from tito.cli.options import json_option, lesson_argument, project_and_lesson, run_options


@click.command("test")
@lesson_argument
@run_options
@json_option
@click.pass_context
def command(ctx: click.Context, lesson: str, cell_limit: int, verbose: bool, as_json: bool) -> None:
    """Run the lesson's file as it is and show each check's verdict.

    Exit 1 where one fails, or where the lesson's form must be mended before it can be completed.
    """
    project, found = project_and_lesson(lesson)
    progress = show.Progress(quiet=as_json, verbose=verbose)
    if not as_json:
        show.say(f"{found.number_name} ({project.relative(found.path)})")
    result = try_lesson(project, found, cell_limit=cell_limit, on_cell=progress.cell)
    progress.clear()
    if as_json:
        show.as_json(result)
        ctx.exit(0 if result.passed else 1)
    show.summary(result, progress.said)
    if 0 < len(found.exercises) == len(result.unbuilt):
        show.say("Every exercise in the file is blank. Did you save it?")
    if result.passed:
        show.say(f"Next: `tito module complete {found.number}`.")
    ctx.exit(0 if result.passed else 1)
