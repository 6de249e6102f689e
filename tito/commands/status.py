"""tito module status"""

from __future__ import annotations

import click

from tito import render
from tito.commands import json_option
from tito.moves import journal_path
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.workflow import Status, status


@click.command("status")
@json_option
def command(as_json: bool) -> None:
    """Show how far each lesson is: complete, changed since, started, not started."""
    project = Project.find()
    rows = status(project)
    if project.lacks_release:
        render.note(f"{NO_RELEASE} {GET_RELEASE}")
    if journal_path(project).exists():
        render.note("An update was interrupted; `tito update` finishes it.")
    if as_json:
        render.as_json(rows)
        return
    render.table(("lesson", "state", "points", "built", "build first"), map(_cells, rows), right=("points",))
    for row in rows:
        if row.problem:
            render.say(f"{row.lesson}: {row.problem}")


def _cells(row: Status) -> list[str]:
    earned = "-" if row.earned is None else render.number(row.earned)
    points = f"{earned}/{render.number(row.points)}"
    return [row.lesson, row.state, points, "yes" if row.built else "no", " ".join(row.missing)]
