"""The one place that writes to the terminal: tables, verdicts, progress and JSON, all in ASCII.

Colour is used on a terminal only, and not where NO_COLOR is set. Results go to standard output, progress and errors to
standard error.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from tito.run.runner import CellRun, Result

SENTENCE = re.compile(r"(?<=\.)\s")
WIDTH = 120  # of tables that do not go to a terminal


def colourful(stream: TextIO) -> bool:
    """Whether to colour what goes to `stream`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, colour: str, stream: TextIO | None = None) -> str:
    """`text` in a colour, where the stream (standard output) takes colours."""
    return click.style(text, fg=colour) if colourful(stream or sys.stdout) else text


def say(text: str = "") -> None:
    """Print a line of the result."""
    click.echo(text)


def note(text: str) -> None:
    """Print a line beside the result."""
    click.echo(text, err=True)


def error(message: str, hint: str = "") -> None:
    """Print what went wrong and what to do."""
    note(styled("tito: ", "red", sys.stderr) + message)
    if hint:
        note(hint)


def as_json(result: Any) -> None:
    """Print a dataclass, or a list of them, as JSON."""
    say(json.dumps(plain(result), indent=2))


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses as objects, paths as strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> None:
    """Print a table; the columns named in `right` hold numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDTH, no_color=not colourful(sys.stdout), highlight=False)
    shown = Table(box=box.ASCII)
    for heading in headings:
        shown.add_column(heading, justify="right" if heading in set(right) else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    console.print(shown)


STYLES = {
    "complete": "green",
    "ok": "green",
    "changed": "yellow",
    "note": "yellow",
    "PROBLEM": "red",
    "unreadable": "red",
    "gone": "red",
}


def number(value: float) -> str:
    """A number of points: 5, or 2.5."""
    return f"{value:g}"


def seconds(value: float) -> str:
    """A time."""
    return f"{value:.1f} s"


class Progress:
    """Shows a run as it goes: a line for each check, and on a terminal how far it is and what was slowest."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose
        self.live = sys.stderr.isatty()
        self.started = time.monotonic()
        self.slowest = (0.0, "")
        self.said: set[str] = set()
        self.line = ""

    def cell(self, run: CellRun) -> None:
        """To be called as each cell ends."""
        self.clear()
        if not self.quiet:
            self._show(run)
        name = run.cell.grade_id or f"cell {run.number}"
        self.slowest = max(self.slowest, (run.seconds, name))
        if self.live and run.number < run.total:
            slow, which = self.slowest
            elapsed = seconds(time.monotonic() - self.started)
            self._draw(f"cell {run.number + 1}/{run.total}, {elapsed}; slowest: {which} {seconds(slow)}")

    def clear(self) -> None:
        """Take the live line away."""
        self._draw("")

    def _draw(self, text: str) -> None:
        if self.live:
            sys.stderr.write("\r" + text.ljust(len(self.line)) + ("" if text else "\r"))
            sys.stderr.flush()
            self.line = text

    def _show(self, run: CellRun) -> None:
        if self.verbose:
            self._show_output(run)
        if run.verdict:
            word = styled("ok  ", "green") if run.verdict.passed else styled("FAIL", "red")
            points = f"{number(run.verdict.earned)}/{number(run.verdict.points)}"
            say(f"  {word}  {run.verdict.grade_id:<40} {points:>7}")
            if run.message:
                say(_indented(self._once(run), "        "))

    def _show_output(self, run: CellRun) -> None:
        for text in (run.stdout, run.stderr, run.traceback):
            if text:
                say(_indented(text.rstrip(), "      | "))

    def _once(self, run: CellRun) -> str:
        """The message; of a cause that was given already, only its first sentence, or what leads to it."""
        if run.cause not in self.said:
            self.said.add(run.cause)
            return run.message
        rest = run.message.removesuffix(run.cause).strip()
        return "Not run, for the same reason." if rest == "Not run." else rest or SENTENCE.split(run.cause)[0]


def summary(result: Result, said: set[str]) -> None:
    """Print how a run ended; of its problems those whose cause is not in `said`, the ones that verdicts gave."""
    for problem in result.problems:
        if not any(problem.endswith(cause) for cause in said):
            say(f"  {styled('note', 'yellow')}  {problem}")
    right = sum(verdict.passed for verdict in result.verdicts)
    say(
        f"{result.lesson}: {number(result.earned)} of {number(result.points)} points, "
        f"{right} of {len(result.verdicts)} checks passed, {seconds(result.seconds)}"
    )
    if len(result.verdicts) - right > 1:
        say("Begin with the first FAIL: others may follow from it.")
    if result.unbuilt:
        say(f"Still to build: {', '.join(result.unbuilt)}")
    for sentence in result.unbuilt.values():
        if not any(cause.startswith(sentence.partition(")")[0]) for cause in said):
            say(f"  {sentence}")
    if result.hidden:
        say(_hidden_sentence(len(result.hidden)))
    if result.manual:
        say(f"Graded by hand: {', '.join(result.manual)}")


def _hidden_sentence(count: int) -> str:
    if count == 1:
        return "1 of these checks has hidden tests too, with other values; they run where your work is graded."
    return f"{count} of these checks have hidden tests too, with other values; they run where your work is graded."


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line for line in text.splitlines())
