"""tito grade: a course for nbgrader."""

from pathlib import Path

import click

from tito.cli import show
from tito.cli.options import Answer, Group, json_option, project_here


@click.group("grade", cls=Group)
def grade() -> None:
    """Make a course for nbgrader, and look at what was handed in."""


@grade.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def init(folder: Path) -> Answer:
    """Make the new folder DIR a course for nbgrader.

    Each lesson is an assignment, with solutions and hidden tests.
    """
    from tito.grading.course import init_course
    from tito.program import typed

    done = init_course(project_here(), folder)
    points = f"{done.points:g} points by checks and {done.manual_points:g} by hand"
    show.say(f"{len(done.assignments)} assignments with {points} are in {done.folder}.")
    next_command = f"nbgrader generate_assignment {done.assignments[0]}"
    show.say(f"Next: `cd {typed(done.folder)}`, then `{next_command}`; see README.md there.")
    return Answer(done)


@grade.command("check")
@click.argument("assignment", metavar="ASSIGNMENT")
@json_option
def check(assignment: str) -> Answer:
    """Look at what was handed in for ASSIGNMENT.

    In a course folder: what cannot be read, and what will be repaired. Exit 1 where a submission cannot be read.
    Nothing is changed: nbgrader's autograde repairs a copy.
    """
    from tito.grading.submission import check_submissions

    rows = check_submissions(Path("."), assignment)
    for row in rows:
        word = "" if row.gradable else " cannot be graded"
        show.say(f"{row.student}{word}: {' '.join(row.sentences) or 'nothing to repair'}")
    if not rows:
        show.note(f"Nothing was handed in for {assignment}: submitted/ has no folder */{assignment}.")
    return Answer(rows, all(row.gradable for row in rows))
