"""tito release DIR"""

from __future__ import annotations

from pathlib import Path

import click

from tito import render
from tito.commands import json_option
from tito.project import Project
from tito.release import FORMATS, release


@click.command("release")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="ipynb", show_default=True, help="Of the lessons.")
@json_option
def command(folder: Path, fmt: str, as_json: bool) -> None:
    """Make a student edition in the new folder DIR: blank lessons, and a package that is still to be built."""
    done = release(Project.find(), folder, fmt)
    if as_json:
        render.as_json(done)
        return
    render.say(f"{len(done.lessons)} lessons with {render.number(done.points)} points are in {done.folder}.")
    render.say(f"Next: `cd {done.folder}`, then `tito module start {done.lessons[0][:2]}`." if done.lessons else "")
