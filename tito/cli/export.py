"""tito export [NN...]"""

from __future__ import annotations

import click

from tito.cli import show
from tito.cli.options import json_option
from tito.lesson.find import find_lesson, lessons
from tito.package.publish import publish
from tito.project import Project
from tito.record import lock
from tito.student.released import judged


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
        show.as_json(done.rows)
    for row in () if as_json else done.rows:
        show.say(f"{row.lesson} -> {project.relative(row.path)}{'' if row.changed else ' (unchanged)'}")
    for sentence in done.kept:
        show.note(sentence)
