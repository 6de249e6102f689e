"""The command line. `--help` imports nothing but click: a command imports what it needs when it is called.

A command parses and prints; a typed function elsewhere does the work. Exit codes: 0 done, 1 checked and failed,
2 wrong use, 130 stopped by Ctrl-C.
"""

import errno
import os
import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from tito.cli import show
from tito.cli.course import grade
from tito.cli.folder import doctor, export, notebook, release, update
from tito.cli.lessons import module
from tito.cli.options import Group
from tito.cli.roofline import roofline
from tito.errors import TitoError

STOPPED = 130


class Tito(Group):
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
            show.error("Stopped by Ctrl-C; the lessons, the package and the record are whole.")
            return STOPPED
        except TitoError as error:
            show.error(error.message, error.hint)
            return error.exit_code
        except BrokenPipeError:  # the reader of our output, such as head, has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            show.error(*_in_words(error))
            return 1


def _in_words(error: OSError) -> tuple[str, str]:
    where = f": {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}.", "Free some space and run this again."
    if isinstance(error, PermissionError):
        return f"No permission{where}.", "Make the file yours, or work in a folder of your own."
    return f"{error.strerror or error}{where}.", "`tito doctor` looks at this machine."


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
cli = Tito(
    "tito",
    help="TinyTorch's command line: build a deep-learning library, lesson by lesson.",
    params=[VERSION],
    epilog="Exit codes: 0 done, 1 checked and failed, 2 wrong use.",
    context_settings={"help_option_names": ["-h", "--help"]},
    commands=[module, export, notebook, roofline, doctor, release, update, grade],
)


def main() -> NoReturn:
    """The `tito` command."""
    cli.main(prog_name="tito")
