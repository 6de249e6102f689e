"""The one way to run a lesson's cells: in a process of its own, one by one, with a verdict for each graded cell.

The student's test command, `complete`, the tests and every grader call `run_cells`. A verdict comes from what the cell
raised and from nothing else: not from what it printed, nor from its last value. Whatever happens to the process, every
graded cell gets a verdict: one that did not run has 0 points and a reason.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tito.errors import Finding, in_sentences
from tito.lesson.cell import Cell
from tito.lesson.code import without_cell_magic
from tito.project import LIBRARY
from tito.run import CELL_LIMIT
from tito.run.explain import Explanation, Failure, cell_name, explain, quote, unbuilt
from tito.run.process import Ending, Event, Process

SCHEMA = 1  # of a Result's JSON: a higher number where a field is gone or means something else
NO_POINTS = (
    "A check that must fail passed just before this one: something in this file switches checks off, so this one earns"
    " nothing. Look for get_ipython() and for transformers."
)
DOCTOR = "`tito doctor` looks at this machine."
TIMED = ("time",)  # cell magics that are left out: a cell that is timed raises and defines what it does without


@dataclass(frozen=True)
class Verdict:
    """What a graded cell earned, and why. `stderr` is what it wrote there; it does not count.

    `code` is "passed", "failed", "not-built" (an exercise is still blank), "not-run" or "switched-off", and `cause` is
    the same for all verdicts that have one cause.
    """

    grade_id: str
    passed: bool
    points: float
    earned: float
    message: str
    seconds: float
    stderr: str
    code: str
    cause: str


@dataclass(frozen=True)
class Result:
    """A lesson's run. `passed`: every check passed and the run reached its end. `findings`: what else went wrong or
    must be known, such as a check that was changed and replaced by the released one; `problems` are their sentences.

    `manual` names the open questions, which a person grades; their points are in neither sum. `hidden` names the checks
    that have hidden tests, with other values, which are not in this file and run where it is graded. `unbuilt` says of
    each exercise that is still blank what it is to be.
    """

    lesson: str
    verdicts: tuple[Verdict, ...]
    earned: float
    points: float
    seconds: float
    passed: bool
    findings: tuple[Finding, ...]
    manual: tuple[str, ...]
    hidden: tuple[str, ...]
    unbuilt: dict[str, str]
    schema: int = SCHEMA
    problems = in_sentences


@dataclass(frozen=True)
class CellRun:
    """One code cell's run, told as it ends: the `number`-th of `total`. `why` is None where nothing went wrong.

    `raised` is the type of the error, empty where the cell was not run to its end. `outputs` are what it printed and
    showed, in the form of a notebook's outputs.
    """

    number: int
    total: int
    cell: Cell
    seconds: float
    outputs: tuple[dict[str, Any], ...]
    why: Explanation | None
    raised: str
    traceback: str
    verdict: Verdict | None

    def printed(self, stream: str) -> str:
        """What the cell wrote to a stream; on stdout also, as text, what it showed."""
        of_it = (o for o in self.outputs if o.get("name", "stdout") == stream)
        return "".join(o["text"] if "text" in o else f"{o['data'].get('text/plain', '')}\n" for o in of_it)


OnCell = Callable[[CellRun], None]


def run_cells(
    cells: Sequence[Cell],
    folder: Path,
    library: Path,
    *,
    name: str = "",
    cell_limit: float = CELL_LIMIT,
    on_cell: OnCell | None = None,
    figures: bool = False,
) -> Result:
    """Run a lesson's cells in `folder` and judge the graded ones; tinytorch is imported from the folder `library`.

    A cell may take `cell_limit` seconds. `on_cell` is called as each code cell ends; with `figures` its outputs hold
    the figures that it drew. Nothing is written. `name` is what the result calls the lesson.
    """
    started = time.perf_counter()
    run = _Run(cells, cell_limit, on_cell)
    code = [{"source": without_cell_magic(cell.source, TIMED), "graded": cell.is_check} for cell in run.code]
    job = {"cells": code, "folder": str(folder), "library": (LIBRARY, str(library)), "figures": figures}
    with Process(job) as process:
        for event in process.events(cell_limit):
            run.take(event)
    run.close(process.ending)
    return run.result(name, time.perf_counter() - started)


class _Run:
    """What is known of a run so far."""

    def __init__(self, cells: Sequence[Cell], cell_limit: float, on_cell: OnCell | None) -> None:
        self.cells, self.code = cells, [cell for cell in cells if cell.kind == "code"]
        self.cell_limit, self.on_cell = cell_limit, on_cell
        self.current = 0
        self.started: float | None = None
        self.failures: dict[int, Failure] = {}
        self.verdicts: list[Verdict] = []
        self.findings: list[Finding] = []
        self.causes: set[str] = set()
        self.ended = False

    def take(self, event: Event) -> None:
        """Note one event of the worker."""
        if event["event"] == "start":
            self.current, self.started = event["cell"], time.perf_counter()
        elif event["event"] == "end":
            if event["error"]:
                self.failures[event["cell"]] = Failure.of(event["error"])
            self._judge(event)
            self.current, self.started = event["cell"] + 1, None

    def close(self, ending: Ending) -> None:
        """Judge the cells that did not run to their end."""
        self.ended = ending.kind == "done"
        if self.ended:
            return
        stopped = self._reason(ending)
        self.findings.append(stopped)
        for index in range(self.current, len(self.code)):
            running = index == self.current and self.started is not None
            seconds = time.perf_counter() - self.started if running else 0.0
            if running or self.code[index].is_check:
                lead = "" if running else "Not run."
                self._end(index, seconds, Explanation(lead, str(stopped), "not-run", "stopped"))

    def result(self, name: str, seconds: float) -> Result:
        """The run, summed up."""
        checks = [cell for cell in self.code if cell.is_check]
        return Result(
            lesson=name,
            verdicts=tuple(self.verdicts),
            earned=sum(verdict.earned for verdict in self.verdicts),
            points=sum(cell.points for cell in checks),
            seconds=seconds,
            passed=self.ended and all(verdict.passed for verdict in self.verdicts),
            findings=tuple(self.findings),
            manual=tuple(cell.grade_id for cell in self.cells if cell.is_manual),
            hidden=tuple(cell.grade_id for cell in checks if cell.hidden and not cell.holds_hidden),
            unbuilt=unbuilt(self.code),
        )

    def _judge(self, event: Event) -> None:
        index, cell = event["cell"], self.code[event["cell"]]
        why = explain(self.code, self.failures, index) if index in self.failures else None
        if cell.is_check and not event["canary"]:
            why = Explanation("", NO_POINTS, "switched-off", "switched-off")
        elif why and not cell.is_check and why.key not in self.causes:
            name = cell_name(cell)
            text = f"{name[0].upper()}{name[1:]} failed. {why.text}"
            self.findings.append(Finding("cell-failed", text, why.key))
        self._end(index, event["seconds"], why, event["outputs"])

    def _end(self, index: int, seconds: float, why: Explanation | None, outputs: Sequence[dict[str, Any]] = ()) -> None:
        """Give the verdict, if the cell is graded, and tell whoever listens."""
        cell, total = self.code[index], len(self.code)
        failure = self.failures.get(index)
        raised, told = (failure.type, failure.traceback) if failure else ("", "")
        done = CellRun(index + 1, total, cell, seconds, tuple(outputs), why, raised, told, verdict=None)
        message, code, cause = (why.text, why.code, why.key) if why else ("", "passed", "")
        self.causes.add(cause)
        if cell.is_check:
            earned, stderr = 0.0 if why else cell.points, done.printed("stderr")
            verdict = Verdict(cell.grade_id, not why, cell.points, earned, message, seconds, stderr, code, cause)
            done = replace(done, verdict=verdict)
            self.verdicts.append(verdict)
        if self.on_cell:
            self.on_cell(done)

    def _reason(self, ending: Ending) -> Finding:
        if not self.code[self.current :]:
            text = f"The lesson's process did not end properly after its last cell: {ending.words}."
            return Finding("process-lingers", text)
        if self.started is None and self.current == 0:
            text = f"The lesson's process did not start. {ending.stderr}".rstrip()
            return Finding("process-not-started", text, fix=DOCTOR)
        name = cell_name(self.code[self.current])
        if self.started is not None and ending.kind == "limit":
            return self._over_limit(name, ending)
        word = "before" if self.started is None else "in"
        return Finding("process-ended", f"The lesson's process ended {word} {name}: {ending.words}.")

    def _over_limit(self, name: str, ending: Ending) -> Finding:
        at = ""
        if ending.place is not None:
            cell, line = self.code[ending.place["cell"]], ending.place["line"]
            at = f" at {cell.place(line)}{quote(cell, line)}"
        text = f"{name[0].upper()}{name[1:]} took longer than {self.cell_limit:g} s and was stopped{at}."
        fix = "Look for a loop whose condition never turns false; slow work gets more time by --cell-limit."
        return Finding("over-limit", text, fix=fix)
