"""tito notebook NN..."""

from __future__ import annotations

import click

from tito.actions.notebook import build_notebook
from tito.cli import show
from tito.cli.options import json_option
from tito.lesson.find import find_lesson
from tito.project import Project


@click.command("notebook")
@click.argument("wanted", metavar="NN...", nargs=-1, required=True)
@json_option
def command(wanted: tuple[str, ...], as_json: bool) -> None:
    """Build the notebooks of lessons in build/notebooks. The lesson's own file stays the source."""
    project = Project.find()
    done = [build_notebook(project, find_lesson(project, name)) for name in wanted]
    if as_json:
        show.as_json(done)
        return
    for row in done:
        show.say(f"{row.lesson} -> {row.path}{'' if row.changed else ' (unchanged)'}")
        if row.backup:
            show.say(f"The notebook that was there had been edited; it is kept as {row.backup}")
