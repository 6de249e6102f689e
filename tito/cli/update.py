"""tito update [FOLDER]"""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from tito.actions.plan import LessonUpdate
from tito.actions.update import Updated, update
from tito.cli import show
from tito.cli.options import json_option
from tito.project import Project

LINE = 160  # characters of what the release changed in a lesson; --json gives all of it


@click.command("update")
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """Bring a newer release into this student's folder; your answers come along, and all that is replaced is kept.

    FOLDER is one that `tito release` made, or a checkout of the course; without it, the checkout tito comes from.
    """
    done = update(Project.find(), folder)
    if as_json:
        show.as_json(done)
        return
    if not done.backup:
        show.say(" ".join([*done.notes, f"Everything is as in {done.source} already."]))
        return
    show.say(f"Updated from {done.source} (version {done.version}).")
    for row in done.lessons:
        _show(row)
    _show_rest(done)


def _show(row: LessonUpdate) -> None:
    show.say(f"  {row.lesson}: {row.state}")
    lines = [*(textwrap.shorten(line, LINE, placeholder=" ...") for line in row.news), *row.notes]
    if row.carried:
        lines.append(f"Your answers came along: {', '.join(row.carried)}.")
    if row.kept:
        lines.append(f"What has no place in the lesson any more is in {row.kept}.")
    for line in lines:
        show.say(f"      {line}")


def _show_rest(done: Updated) -> None:
    for words, names in (("Other files that are new", done.files), ("Files that are gone", done.removed)):
        if names:
            show.say(f"{words}: {_few(names)}.")
    for line in done.notes:
        show.say(line)
    show.say(f"All that was replaced is kept in {done.backup}.")
    show.say("Reload the lessons that are open in an editor. Next: `tito module status`.")


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5} more"
