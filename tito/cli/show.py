"""The one place that writes to the terminal: sentences, tables, verdicts, progress and JSON, all in ASCII.

On a terminal long lines break between words, under their beginning, and colour is used unless NO_COLOR is set.
Elsewhere a line is a line. Results go to standard output, progress and errors to standard error.
"""

import dataclasses
import json
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from tito.run.explain import Explanation
    from tito.run.runner import CellRun, Result

SENTENCE = re.compile(r"(?<=\.)\s")
COMMAND = re.compile(r"`[^`\n]+`")
WIDTH = 120  # of tables that do not go to a terminal
WORDS = {"passed": ("ok  ", "green"), "not-built": ("todo", "yellow")}  # of verdicts; FAIL is all others
COLOURS = {
    "complete": "green",
    "ok": "green",
    "changed": "yellow",
    "note": "yellow",
    "PROBLEM": "red",
    "unreadable": "red",
    "gone": "red",
}


def colourful(stream: TextIO) -> bool:
    """Whether to colour what goes to `stream`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", indent: str = "", label: str = "", colour: str = "") -> None:
    """Print a line of the result, or several, each after `indent`; the first has a `label`, above which no text is."""
    _write(text, indent, label, colour, sys.stdout)


def note(text: str) -> None:
    """Print a line beside the result."""
    _write(text, "", "", "", sys.stderr)


def error(message: str, hint: str = "") -> None:
    """Print what went wrong and what to do."""
    _write(message, "", "tito: ", "red", sys.stderr)
    if hint:
        note(hint)


def _write(text: str, indent: str, label: str, colour: str, stream: TextIO) -> None:
    rest = indent + " " * (len(label) if indent else 0)
    lines = [line for part in text.splitlines() or [""] for line in wrapped(part, rest, stream)]
    if label:
        shown = click.style(label, fg=colour) if colourful(stream) else label
        lines[0] = indent + shown + lines[0].removeprefix(rest)
    click.echo("\n".join(lines), err=stream is sys.stderr)


def wrapped(line: str, indent: str, stream: TextIO) -> list[str]:
    """The line after `indent`; on a terminal broken between words, but not in a command, and each part so indented."""
    own = indent + line[: len(line) - len(line.lstrip())]
    if not stream.isatty() or not line.strip():
        return [indent + line]
    whole = COMMAND.sub(lambda match: match[0].replace(" ", "\0"), line.strip())
    parts = textwrap.wrap(
        whole, max(shutil.get_terminal_size().columns - 1, len(own) + 20), initial_indent=own, subsequent_indent=own,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [part.replace("\0", " ") for part in parts]


def as_json(result: Any) -> None:
    """Print a result as JSON: dataclasses as objects of their fields and properties, paths as strings."""
    click.echo(json.dumps(result, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    names = [field.name for field in dataclasses.fields(value)]
    names += [name for name, member in vars(type(value)).items() if isinstance(member, property)]
    return {name: getattr(value, name) for name in names}


def width() -> int:
    """How wide a table may be."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> None:
    """Print a table; the columns named in `right` hold numbers. A word is not broken where another column can wrap."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    console = Console(width=width(), no_color=not colourful(sys.stdout), highlight=False)
    shown = Table(box=box.ASCII)
    for place, heading in enumerate(headings):
        is_word = not any(" " in row[place] for row in rows)
        side = "right" if heading in set(right) else "left"
        shown.add_column(heading, justify=side, overflow="fold", no_wrap=is_word)
    for row in rows:
        shown.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    console.print(shown)


def in_runs(lessons: Iterable[str]) -> str:
    """Numbers of lessons in short: 01 02 03 04 14 as 01-04 14. What is no number stays as it is."""
    runs: list[list[str]] = []
    for lesson in lessons:
        if runs and lesson.isdecimal() and runs[-1][-1].isdecimal() and int(lesson) == int(runs[-1][-1]) + 1:
            runs[-1].append(lesson)
        else:
            runs.append([lesson])
    return " ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs)


class Progress:
    """Shows a run as it goes: a line for each check, and on a terminal how far it is and what was slowest.

    `told` are the causes that were given, so that none is given twice.
    """

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self.live = sys.stderr.isatty()
        self.started = time.monotonic()
        self.slowest = (0.0, "")
        self.told: set[str] = set()
        self.line = ""

    def cell(self, run: "CellRun") -> None:
        """Call as each cell ends."""
        self.clear()
        self._show(run)
        name = run.cell.grade_id or f"cell {run.number}"
        self.slowest = max(self.slowest, (run.seconds, name))
        if self.live and run.number < run.total:
            slow, which = self.slowest
            elapsed = time.monotonic() - self.started
            self._draw(f"cell {run.number + 1}/{run.total}, {elapsed:.1f} s; slowest: {which} {slow:.1f} s")

    def clear(self) -> None:
        """Take the live line away."""
        self._draw("")

    def _draw(self, text: str) -> None:
        if self.live:
            sys.stderr.write("\r" + text.ljust(len(self.line)) + ("" if text else "\r"))
            sys.stderr.flush()
            self.line = text

    def _show(self, run: "CellRun") -> None:
        if self.verbose:
            for text in (run.printed("stdout"), run.printed("stderr"), run.traceback):
                for line in text.rstrip().splitlines():
                    click.echo(f"      | {line}")
        if run.verdict:
            word, colour = WORDS.get(run.verdict.code, ("FAIL", "red"))
            points = f"{run.verdict.earned:g}/{run.verdict.points:g}"
            say(f"  {run.verdict.grade_id:<40} {points:>7}", "  ", word, colour)
            if run.why and (message := self._message(run.why)):
                say(message, "        ")

    def _message(self, why: "Explanation") -> str:
        """Why it failed; of what was told already, what leads to it. The task is told of the first exercise alone."""
        is_new, has_task = why.key not in self.told, "task" in self.told
        self.told.update({why.key, "task"} if why.code == "not-built" else {why.key})
        if is_new and not (why.code == "not-built" and has_task):
            return why.text
        if why.code == "not-run":
            return "Not run, for the same reason."
        first = SENTENCE.split(why.cause)[0]
        return why.lead or (first if is_new or why.code != "not-built" else "")


def summary(result: "Result", told: set[str]) -> None:
    """Print how a run ended; of its findings those whose cause no verdict `told`."""
    for finding in result.findings:
        if finding.where not in told and finding.code not in ("over-limit", "process-ended"):
            say(str(finding), "  ", "note  ", "yellow")
    right = sum(verdict.passed for verdict in result.verdicts)
    say(
        f"{result.lesson}: {result.earned:g} of {result.points:g} points, "
        f"{right} of {len(result.verdicts)} checks passed, {result.seconds:.1f} s"
    )
    failed = [verdict for verdict in result.verdicts if verdict.code not in WORDS]
    if len(failed) > 1:
        say("Begin with the first FAIL: others may follow from it.")
    if result.unbuilt:
        say(f"Still to build: {', '.join(result.unbuilt)}")
    if result.hidden:
        count, are = len(result.hidden), "has" if len(result.hidden) == 1 else "have"
        where = "they run where your work is graded."
        say(f"{count} of these checks {are} hidden tests too, with other values; {where}")
    if result.manual:
        say(f"Graded by hand: {', '.join(result.manual)}")
