"""What the commands share: their options, and the group that knows what was meant."""

import difflib
import functools
import io
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from tito.cli import show
from tito.run import CELL_LIMIT

if TYPE_CHECKING:
    from tito.project import Project

Command = Callable[..., Any]


class Answer(NamedTuple):
    """What a command with `--json` found or did: the option prints it. Where it is not as it should be: exit code 1."""

    result: Any
    is_right: bool = True


class Group(click.Group):
    """A group that answers an unknown command with the nearest, or with all, and lists them as they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            close = difflib.get_close_matches(args[0], self.commands, n=1)
            advice = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(self.commands)}."
            ctx.fail(f"No such command {args[0]!r}. {advice}")
        return super().resolve_command(ctx, args)


def json_option(command: Callable[..., Answer]) -> Command:
    """The command with `--json`: that prints its answer, in the place of what the command prints on standard output."""

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @functools.wraps(command)
    def run(as_json: bool, **options: Any) -> int:
        with redirect_stdout(io.StringIO()) if as_json else nullcontext():
            answer = command(**options)
        if as_json:
            show.as_json(answer.result)
        return 0 if answer.is_right else 1

    return run


class LessonType(click.ParamType):
    """A lesson of the project here, named by its number or name; the command gets the lesson itself."""

    name = "NN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from tito.lesson.find import find_lesson

        return find_lesson(project_here(), value)


lesson_argument = click.argument("lesson", metavar="NN", type=LessonType())


def run_options(function: Command) -> Command:
    """The options of the commands that run a lesson."""
    seconds = {"type": click.IntRange(min=1), "default": CELL_LIMIT, "show_default": True, "metavar": "SECONDS"}
    limit = click.option("--cell-limit", help="Stop a cell that takes longer.", **seconds)
    verbose = click.option("-v", "--verbose", is_flag=True, help="Show what the cells print, and tracebacks.")
    return limit(verbose(function))


def project_here() -> "Project":
    """The project that the current folder is in."""
    from tito.project import Project

    return Project.find()
