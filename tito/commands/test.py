"""tito module test NN"""

from __future__ import annotations

import click

from tito import render
from tito.commands import json_option, lesson_argument, project_and_lesson, run_options
from tito.workflow import try_lesson


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
    progress = render.Progress(quiet=as_json, verbose=verbose)
    if not as_json:
        render.say(f"{found.number_name} ({project.relative(found.path)})")
    result = try_lesson(project, found, cell_limit=cell_limit, on_cell=progress.cell)
    progress.clear()
    if as_json:
        render.as_json(result)
        ctx.exit(0 if result.passed else 1)
    render.summary(result, progress.said)
    if 0 < len(found.exercises) == len(result.unbuilt):
        render.say("Every exercise in the file is blank. Did you save it?")
    if result.passed:
        render.say(f"Next: `tito module complete {found.number}`.")
    ctx.exit(0 if result.passed else 1)
