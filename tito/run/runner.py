"""The one way to run a lesson: in a process of its own, cell by cell, with a verdict for each graded cell.

The student's test command, `complete`, the tests and a grader all call `run_lesson`. A verdict comes from what the cell
raised and from nothing else: not from what it printed, nor from its last value. Whatever happens to the process, every
graded cell gets a verdict: one that did not run has 0 points and a reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tito.errors import LessonError
from tito.lesson.cell import Cell
from tito.lesson.lesson import Lesson
from tito.package.written import altered_prerequisites
from tito.project import Project
from tito.run import explain as explaining
from tito.run.explain import Explanation, Failure
from tito.run.process import Ending, Process
from tito.run.shadow import blamed, hiding_files, hiding_sentence
from tito.student.released import Judged, judged

CELL_LIMIT = 60.0  # seconds one cell may take
NO_POINTS = (
    "A check that must fail passed just before this one, so something in this file switches checks off and this one"
    " earns nothing. Look for get_ipython() and for transformers."
)


@dataclass(frozen=True)
class Verdict:
    """What a graded cell earned, and why. `stderr` is what it wrote there; it does not count."""

    grade_id: str
    passed: bool
    points: float
    earned: float
    message: str
    seconds: float
    stderr: str


@dataclass(frozen=True)
class Result:
    """A lesson's run. `passed`: every check passed and the run reached its end. `problems`: what else went wrong or
    must be known, such as a check that was changed and replaced by the released one; each cause once.

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
    problems: tuple[str, ...]
    manual: tuple[str, ...]
    hidden: tuple[str, ...]
    unbuilt: dict[str, str]


@dataclass(frozen=True)
class CellRun:
    """One code cell's run, told as it ends: the `number`-th of `total`. `message` is empty where nothing was raised.

    It ends in `cause`, which cells that failed for one reason have in common.
    """

    number: int
    total: int
    cell: Cell
    seconds: float
    stdout: str
    stderr: str
    message: str
    cause: str
    traceback: str
    verdict: Verdict | None


OnCell = Callable[[CellRun], None]


def run_lesson(
    project: Project, lesson: Lesson, *, cell_limit: float = CELL_LIMIT, on_cell: OnCell | None = None
) -> Result:
    """Run the lesson as its file is now and judge its graded cells. A cell may take `cell_limit` seconds.

    In a student's folder the checks and points are the released ones, also where one is gone from the file.
    `on_cell` is called as each code cell ends. Nothing is written in the project. Raises LessonError, and runs nothing,
    where the file is another lesson's.
    """
    started = time.perf_counter()
    wanted = judged(project, lesson)
    if wanted.foreign:
        raise LessonError(wanted.problems[0], "Nothing was run.")
    run = _Run(project, wanted, cell_limit, on_cell)
    with Process(project, wanted.lesson) as process:
        for event in process.events(cell_limit):
            run.take(event)
    run.close(process.ending)
    return run.result(time.perf_counter() - started)


class _Run:
    """What is known of a run so far."""

    def __init__(self, project: Project, wanted: Judged, cell_limit: float, on_cell: OnCell | None) -> None:
        self.project, self.wanted, self.lesson = project, wanted, wanted.lesson
        self.hiding = hiding_files(project, [self.lesson.path.parent])
        self.cell_limit, self.on_cell = cell_limit, on_cell
        self.current = 0
        self.started: float | None = None
        self.failures: dict[int, Failure] = {}
        self.verdicts: list[Verdict] = []
        self.problems = [*wanted.notes, *wanted.problems, *altered_prerequisites(project, self.lesson)]
        self.causes: set[str] = set()
        self.ended = False

    def take(self, event: dict[str, Any]) -> None:
        """Note one event of the worker."""
        if event["event"] == "start":
            self.current, self.started = event["cell"], time.perf_counter()
        elif event["event"] == "end":
            if event["error"]:
                self.failures[event["cell"]] = self._failure(event["error"])
            self._judge(event)
            self.current, self.started = event["cell"] + 1, None

    def close(self, ending: Ending) -> None:
        """Judge the cells that did not run to their end."""
        self.ended = ending.kind == "done"
        if self.ended:
            return
        reason = self._reason(ending)
        self.problems.append(reason)
        for index in range(self.current, len(self.lesson.code)):
            running = index == self.current and self.started is not None
            seconds = time.perf_counter() - self.started if running else 0.0
            if running or self.lesson.code[index].is_check:
                told = Explanation(reason if running else f"Not run. {reason}", reason)
                self._end(index, False, seconds, told)

    def result(self, seconds: float) -> Result:
        """The run, summed up."""
        passed = self.ended and not self.wanted.problems and all(verdict.passed for verdict in self.verdicts)
        return Result(
            lesson=self.lesson.number_name,
            verdicts=tuple(self.verdicts),
            earned=sum(verdict.earned for verdict in self.verdicts),
            points=self.lesson.points,
            seconds=seconds,
            passed=passed,
            problems=tuple(self.problems),
            manual=tuple(cell.grade_id or "" for cell in self.lesson.manual),
            hidden=tuple(cell.grade_id or "" for cell in self.lesson.checks if cell.hidden and not cell.holds_hidden),
            unbuilt=explaining.unbuilt(self.lesson),
        )

    def _failure(self, facts: dict[str, Any]) -> Failure:
        """What a cell raised, with a word about a file that hides a module where the error speaks of it."""
        failure = Failure.of(facts)
        hides = blamed(self.project, self.hiding, failure.type, failure.text, failure.traceback)
        return replace(failure, text=f"{failure.text}. {hides}") if hides else failure

    def _judge(self, event: dict[str, Any]) -> None:
        index = event["cell"]
        failed = index in self.failures
        told = explaining.explain(self.lesson, self.failures, index) if failed else Explanation("", "")
        cell = self.lesson.code[index]
        if cell.is_check and not event["canary"]:
            failed, told = True, Explanation(NO_POINTS, NO_POINTS)
        elif failed and not cell.is_check and told.cause not in self.causes:
            self.problems.append(_sentence(f"{explaining.cell_name(self.lesson, cell)} failed. {told.text}"))
        self._end(index, not failed, event["seconds"], told, event["stdout"], event["stderr"])

    def _end(
        self, index: int, passed: bool, seconds: float, told: Explanation, stdout: str = "", stderr: str = ""
    ) -> None:
        """Give the verdict, if the cell is graded, and tell whoever listens."""
        cell = self.lesson.code[index]
        self.causes.add(told.cause)
        verdict = None
        if cell.is_check:
            earned = cell.points if passed else 0.0
            verdict = Verdict(cell.grade_id or "", passed, cell.points, earned, told.text, seconds, stderr)
            self.verdicts.append(verdict)
        if self.on_cell:
            traceback = self.failures[index].traceback if index in self.failures else ""
            words = (stdout, stderr, told.text, told.cause, traceback)
            self.on_cell(CellRun(index + 1, len(self.lesson.code), cell, seconds, *words, verdict))

    def _reason(self, ending: Ending) -> str:
        """Why the run ended early, and where."""
        if not self.lesson.code[self.current :]:
            return f"The lesson's process did not end properly after its last cell: {ending.words}."
        cell = self.lesson.code[self.current]
        name = explaining.cell_name(self.lesson, cell)
        if self.started is None and self.current == 0:
            said = f" {ending.stderr}" if ending.stderr else ""
            hides = [hiding_sentence(self.project, name, path) for name, path in self.hiding.items()]
            words = " ".join([*hides, "`tito doctor` looks at this machine."])
            return f"The lesson's process did not start.{said} {words}"
        if self.started is None:
            return f"The lesson's process ended before {name}: {ending.words}."
        if ending.kind == "limit":
            return self._over_limit(name, ending)
        return f"The lesson's process ended in {name}: {ending.words}."

    def _over_limit(self, name: str, ending: Ending) -> str:
        at = ""
        if ending.place is not None:
            cell, line = self.lesson.code[ending.place["cell"]], ending.place["line"]
            at = f" at {explaining.place(self.lesson, cell, line)}{explaining.quote(cell, line)}"
        return (
            f"{_sentence(name)} took longer than {self.cell_limit:g} s and was stopped{at}. Look for a loop whose"
            " condition never turns false; if the work is only slow, give it more time with --cell-limit."
        )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
