"""tito module list"""

from __future__ import annotations

import click

from tito import render
from tito.commands import json_option
from tito.project import Project
from tito.workflow import overview


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """List the lessons: what each needs, makes and is worth."""
    rows = overview(Project.find())
    if as_json:
        render.as_json(rows)
        return
    shown = [
        [row.lesson, row.module, " ".join(row.requires), str(row.exercises), render.number(row.points)] for row in rows
    ]
    render.table(("lesson", "makes", "needs", "exercises", "points"), shown, right=("exercises", "points"))
