"""tito module list"""

from __future__ import annotations

import click

from tito.actions.complete import overview
from tito.cli import show
from tito.cli.options import json_option
from tito.project import Project


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """List the lessons: what each needs, makes and is worth."""
    rows = overview(Project.find())
    if as_json:
        show.as_json(rows)
        return
    shown = [
        [row.lesson, row.module, " ".join(row.requires), str(row.exercises), show.number(row.points)] for row in rows
    ]
    show.table(("lesson", "makes", "needs", "exercises", "points"), shown, right=("exercises", "points"))
