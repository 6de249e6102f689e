"""tito module start NN"""

from __future__ import annotations

import click

from tito.actions.notebook import plan_start, start
from tito.cli import show
from tito.cli.options import lesson_argument, project_and_lesson


@click.command("start")
@lesson_argument
@click.pass_context
def command(ctx: click.Context, lesson: str) -> None:
    """Open the lesson in JupyterLab: a student's own file; in the source tree, a notebook built from it."""
    project, found = project_and_lesson(lesson)
    plan = plan_start(project, found)
    for missing in plan.missing:
        advice = f"run `{missing.command}` first" if missing.command else "no lesson makes it"
        show.note(f"{plan.lesson} needs {missing.module}, which is not built: {advice}.")
    for text in plan.notes:
        show.note(text)
    show.say(f"Opening {plan.path}; stop Jupyter with Ctrl-C.")
    ctx.exit(start(project, plan))
