"""The commands, one a module, each named `command`; tito.cli lists them. This module holds what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tito.lesson.find import find_lesson
from tito.lesson.lesson import Lesson
from tito.project import Project

Command = Callable[..., Any]


def json_option(function: Command) -> Command:
    """--json: print the result as JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def lesson_argument(function: Command) -> Command:
    """NN: a lesson's number or name."""
    return click.argument("lesson", metavar="NN")(function)


def run_options(function: Command) -> Command:
    """The options of the commands that run a lesson."""
    limit = click.option(
        "--cell-limit",
        type=click.IntRange(min=1),
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="Stop a cell that takes longer.",
    )
    verbose = click.option("-v", "--verbose", is_flag=True, help="Show what the cells print, and tracebacks.")
    return limit(verbose(function))


def project_and_lesson(wanted: str) -> tuple[Project, Lesson]:
    """The project here and the lesson named on the command line."""
    project = Project.find()
    return project, find_lesson(project, wanted)
