"""tito module reset NN"""

from __future__ import annotations

import click

from tito.actions.reset import reset
from tito.cli import show
from tito.cli.options import json_option, lesson_argument
from tito.project import Project


@click.command("reset")
@lesson_argument
@click.option("--keep-answers", is_flag=True, help="Put your answers into it; mends a lesson whose cells are damaged.")
@json_option
def command(lesson: str, keep_answers: bool, as_json: bool) -> None:
    """Put the lesson back as it was released. The file that was there is kept under .tito/backups."""
    done = reset(Project.find(), lesson, keep_answers)
    if as_json:
        show.as_json(done)
        return
    answers = f"with your answers to {', '.join(done.carried) or 'nothing: all is blank'}"
    show.say(f"{done.file} is as it was released{f', {answers}' if keep_answers else ''}.")
    for note in done.notes:
        show.say(note)
    if done.kept:
        show.say(f"What has no place in the lesson is in {done.kept}.")
    if done.backup:
        show.say(f"What was there is kept: {done.backup}")
