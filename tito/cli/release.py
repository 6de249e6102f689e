"""tito release DIR"""

from __future__ import annotations

from pathlib import Path

import click

from tito.actions.choice import Wish
from tito.actions.release import FORMATS, release
from tito.cli import show
from tito.cli.options import json_option
from tito.project import Project


@click.command("release")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--lessons", default="", metavar="01-07,14", help="Only these lessons.  [default: all]")
@click.option("--from", "start", default="", metavar="NN", help="Begin here; the lessons before come finished.")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="ipynb", show_default=True, help="Of the lessons.")
@json_option
def command(folder: Path, lessons: str, start: str, fmt: str, as_json: bool) -> None:
    """Make a student edition in the new folder DIR: blank lessons, and a package that is still to be built.

    A folder in use is left alone: `tito update` in it takes the new release and keeps what was written.
    """
    done = release(Project.find(), folder, fmt, Wish(lessons, start))
    if as_json:
        show.as_json(done)
        return
    lessons_there = "1 lesson" if len(done.lessons) == 1 else f"{len(done.lessons)} lessons"
    verb = "is" if len(done.lessons) == 1 else "are"
    show.say(f"{lessons_there} with {show.number(done.points)} points {verb} in {done.folder}.")
    if done.given:
        show.say(f"Finished modules come from {', '.join(done.given)}.")
    show.say(
        f"Next: `cd {done.folder}` and `python -m pip install -e .`, so that programs use the package there and no"
        f" other; then `tito module start {done.lessons[0][:2]}`."
    )
