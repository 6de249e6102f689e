"""tito module reset NN"""

from __future__ import annotations

import click

from tito import render
from tito.backup import reset
from tito.commands import json_option, lesson_argument
from tito.project import Project


@click.command("reset")
@lesson_argument
@json_option
def command(lesson: str, as_json: bool) -> None:
    """Put the lesson back as it was released. The file that was there is kept under .tito/backups."""
    done = reset(Project.find(), lesson)
    if as_json:
        render.as_json(done)
        return
    render.say(f"{done.file} is as it was released.")
    if done.backup:
        render.say(f"What was there is kept: {done.backup}")
