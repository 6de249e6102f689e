"""tito grade: a course for nbgrader"""

from __future__ import annotations

from pathlib import Path

import click

from tito.cli import show
from tito.cli.options import json_option
from tito.project import Project


@click.group("grade")
def command() -> None:
    """Make a course for nbgrader from the lessons, and look at what students submitted."""


@command.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def init(folder: Path, as_json: bool) -> None:
    """Make the new folder DIR a course for nbgrader: each lesson is an assignment, with solutions and hidden tests."""
    from tito.grading.course import init_course

    done = init_course(Project.find(), folder)
    if as_json:
        show.as_json(done)
        return
    points = f"{show.number(done.points)} points by checks and {show.number(done.manual_points)} by hand"
    show.say(f"{len(done.assignments)} assignments with {points} are in {done.folder}.")
    if done.assignments:
        first = done.assignments[0]
        show.say(f"Next: `cd {done.folder}`, then `nbgrader generate_assignment {first}`; see README.md there.")


@command.command("check")
@click.argument("assignment", metavar="ASSIGNMENT")
@json_option
@click.pass_context
def check(ctx: click.Context, assignment: str, as_json: bool) -> None:
    """Look at what was handed in for ASSIGNMENT, in a course folder: what cannot be read, and what will be mended.

    Exit 1 where a submission cannot be read. Nothing is changed: nbgrader's autograde mends a copy.
    """
    from tito.grading.check import check_submissions

    rows = check_submissions(Path("."), assignment)
    if as_json:
        show.as_json(rows)
    for row in () if as_json else rows:
        word = "" if row.gradable else " cannot be graded"
        show.say(f"{row.student}{word}: {' '.join(row.sentences) or 'nothing to mend'}")
    if not rows:
        show.note(f"Nothing was handed in for {assignment}: submitted/ has no folder */{assignment}.")
    ctx.exit(0 if all(row.gradable for row in rows) else 1)
