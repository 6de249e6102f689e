"""tito doctor"""

from __future__ import annotations

import click

from tito.actions.doctor import Finding, examine
from tito.cli import show
from tito.cli.options import json_option
from tito.errors import NoProject
from tito.project import Project


@click.command("doctor")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look at Python, packages, threads, Jupyter and this folder: what is wrong and how to mend it."""
    rows = examine(_project())
    if as_json:
        show.as_json(rows)
    else:
        show.table(("", "what", "found", "to mend it"), map(_cells, rows))
    ctx.exit(0 if all(row.ok for row in rows) else 1)


def _project() -> Project | None:
    try:
        return Project.find()
    except NoProject:
        return None


def _cells(row: Finding) -> list[str]:
    word = "PROBLEM" if not row.ok else "note" if row.mend else "ok"
    return [word, row.name, row.found, row.mend]
