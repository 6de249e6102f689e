"""tito export [NN...]"""

from __future__ import annotations

import click

from tito import render
from tito.commands import json_option
from tito.project import Project
from tito.publish import publish
from tito.record import lock
from tito.registry import find_lesson, lessons
from tito.released import judged


@click.command("export")
@click.argument("wanted", metavar="[NN]...", nargs=-1)
@json_option
def command(wanted: tuple[str, ...], as_json: bool) -> None:
    """Export lessons, or all of them, to tinytorch/ as they are, without running them."""
    project = Project.find()
    chosen = [find_lesson(project, name) for name in wanted] or lessons(project)
    with lock(project):
        done = publish(project, [judged(project, lesson).lesson for lesson in dict.fromkeys(chosen)])
    if as_json:
        render.as_json(done.rows)
    for row in () if as_json else done.rows:
        render.say(f"{row.lesson} -> {project.relative(row.path)}{'' if row.changed else ' (unchanged)'}")
    for sentence in done.kept:
        render.note(sentence)
