"""The command line. `--help` imports nothing but click: each command is imported when it is called.

A command parses and prints; a typed function elsewhere does the work. Exit codes: 0 done, 1 checked and failed,
2 wrong use, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from tito.errors import TitoError

STOPPED = 130


class LazyGroup(click.Group):
    """A group whose commands stand in a table: name -> (module with a `command`, help)."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.table:
            return None
        return import_module(self.table[name][0]).command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.table:
            close = difflib.get_close_matches(args[0], self.table, n=1)
            advice = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(self.table)}."
            ctx.fail(f"No such command {args[0]!r}. {advice}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


class Tito(LazyGroup):
    """The outermost group: it turns what was raised into a sentence and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        sys.exit(self._run(*args, **kwargs | {"standalone_mode": False}))

    def _run(self, *args: Any, **kwargs: Any) -> int:
        try:
            status = super().main(*args, **kwargs)
            return status if isinstance(status, int) else 0
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            return _fail("Stopped by Ctrl-C; the lessons, the package and the record are whole.", "", STOPPED)
        except TitoError as error:
            return _fail(error.message, error.hint, error.exit_code)
        except BrokenPipeError:  # the reader of our output, such as head, has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            return _fail(*_in_words(error), 1)


def _fail(message: str, hint: str, status: int) -> int:
    from tito.cli import show

    show.error(message, hint)
    return status


def _in_words(error: OSError) -> tuple[str, str]:
    """A system error as a sentence, and what to do."""
    where = f": {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}.", "Free some space and run this again."
    if isinstance(error, PermissionError):
        return f"No permission{where}.", "Make the file yours, or work in a folder of your own."
    return f"{error.strerror or error}{where}.", "`tito doctor` looks at this machine."


MODULE = LazyGroup(
    "module",
    help="List, start, test, complete and reset lessons. A lesson is named by its number or name: 18, acceleration.",
    table={
        "list": ("tito.cli.list", "The lessons: what each needs, makes and is worth."),
        "status": ("tito.cli.status", "How far each lesson is."),
        "start": ("tito.cli.start", "Open a lesson in JupyterLab."),
        "test": ("tito.cli.test", "Run a lesson's file and show the verdict of each check."),
        "complete": ("tito.cli.complete", "Check a lesson, export it to tinytorch/ and record it."),
        "reset": ("tito.cli.reset", "Put a lesson back as it was released; your file is kept."),
    },
)


def _version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    """Print the version, and which tito this is: a clone and a student's folder each hold one."""
    if wanted:
        from importlib import metadata
        from pathlib import Path

        from tito.project import LIBRARY, Project

        home = Path(__file__).resolve().parents[2]
        settings = Project(home).settings
        click.echo(f"tito {settings.get('version') or metadata.version(LIBRARY)} ({home / 'tito'})")
        ctx.exit(0)


VERSION = click.Option(
    ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)


class Root(Tito):
    """Tito, with its one group of commands that needs no import."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return MODULE if name == "module" else super().get_command(ctx, name)


cli = Root(
    "tito",
    help="TinyTorch's command line: build a deep-learning library, lesson by lesson.",
    params=[VERSION],
    epilog="Exit codes: 0 done, 1 checked and failed, 2 wrong use.",
    context_settings={"help_option_names": ["-h", "--help"]},
    table={
        "module": ("tito.cli", "List, start, test, complete and reset lessons."),
        "export": ("tito.cli.export", "Export lessons to tinytorch/."),
        "notebook": ("tito.cli.notebook", "Build a lesson's notebook."),
        "roofline": ("tito.cli.roofline", "Measure this machine, and set a lesson or a model under its roof."),
        "doctor": ("tito.cli.doctor", "Look at this machine: what is wrong and how to mend it."),
        "release": ("tito.cli.release", "Make a student edition with blank lessons."),
        "update": ("tito.cli.update", "Bring a newer release into a student's folder; answers come along."),
        "grade": ("tito.cli.grade", "Make a course for nbgrader, and look at what students submitted."),
    },
)


def main() -> NoReturn:
    """The `tito` command."""
    cli.main(prog_name="tito")
