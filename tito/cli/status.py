"""tito module status"""

from __future__ import annotations

import click

from tito.actions.complete import Status, status
from tito.cli import show
from tito.cli.options import json_option
from tito.moves import journal_path
from tito.project import GET_RELEASE, NO_RELEASE, Project


@click.command("status")
@json_option
def command(as_json: bool) -> None:
    """Show how far each lesson is: complete, changed since, started, not started."""
    project = Project.find()
    rows = status(project)
    if project.lacks_release:
        show.note(f"{NO_RELEASE} {GET_RELEASE}")
    if journal_path(project).exists():
        show.note("An update was interrupted; `tito update` finishes it.")
    if as_json:
        show.as_json(rows)
        return
    show.table(("lesson", "state", "points", "built", "build first"), map(_cells, rows), right=("points",))
    for row in rows:
        if row.problem:
            show.say(f"{row.lesson}: {row.problem}")


def _cells(row: Status) -> list[str]:
    earned = "-" if row.earned is None else show.number(row.earned)
    points = f"{earned}/{show.number(row.points)}"
    return [row.lesson, row.state, points, "yes" if row.built else "no", " ".join(row.missing)]
