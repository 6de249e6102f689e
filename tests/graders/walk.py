"""One process that walks through a lesson and tries every case of the bank on its way.

It runs the reference's cells in the runner's own shell. At an exercise it forks once for each of its cases: the child
puts the case's solution in and goes on to the checks that judge it, and its parent goes on with the reference. Where a
system cannot fork (Windows), a process of its own walks up to each case, with the same verdicts, only later.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.graders.case import Case, handed_in
from tests.graders.slices import judges, needed
from tito.lesson.lesson import Lesson, read_lesson
from tito.run import explain
from tito.run.worker import Channel, Worker

CAN_FORK = sys.platform != "win32"
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Judged:
    """What a check said of a case: `error` is the type of what it raised, empty where the check passed."""

    check: str
    error: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """A case, as its checks judged it. `stopped` says why the process did not come to their end."""

    case: Case
    judged: tuple[Judged, ...]
    seconds: float
    stopped: str = ""


def walk(root: Path, path: Path, cases: Sequence[Case], fork: bool = CAN_FORK) -> list[Outcome]:
    """Try the cases on the lesson at `path`; to be called in a process of its own, without `fork` with one case."""
    settle(root, path)
    lesson, done = read_lesson(path), {}
    attempts: dict[int, Attempt] = {}
    for number, case in enumerate(cases):
        try:
            attempts[number] = attempt(lesson, case)
        except ValueError as error:
            done[number] = Outcome(case, (), 0.0, f"the case does not fit the lesson: {error}")
    done |= _Walk(lesson, attempts, fork).run()
    return [done[number] for number in range(len(cases))]


@dataclass(frozen=True)
class Attempt:
    """A case made ready: the lesson with its solution in it, its exercise's cell, its checks and the cells to run."""

    case: Case
    lesson: Lesson
    start: int
    checks: tuple[str, ...]
    way: frozenset[int]


def attempt(lesson: Lesson, case: Case) -> Attempt:
    """Put the case's solution into the lesson. Its checks are those it names, else all that its exercise can reach.

    Raises ValueError where the case does not fit the lesson.
    """
    ids = [cell.grade_id for cell in lesson.code]
    if unknown := [name for name in (case.exercise, *case.checks) if name not in ids]:
        raise ValueError(f"there is no cell {', '.join(unknown)}")
    start, cells = ids.index(case.exercise), list(lesson.cells)
    early = [check for check in case.checks if ids.index(check) < start]
    if early or not lesson.code[start].is_exercise:
        raise ValueError(f"{case.exercise} is no exercise that stands before {early}")
    cells[cells.index(lesson.code[start])] = handed_in(lesson.code[start], case)
    changed = replace(lesson, cells=tuple(cells))
    checks = case.checks or judges(lesson.code, start)
    if not checks:
        raise ValueError(f"no check uses what {case.exercise} defines: name the checks that judge it")
    return Attempt(case, changed, start, checks, frozenset(needed(changed.code, checks)))


def settle(root: Path, path: Path) -> None:
    """Make the process what the runner makes of its own before the first cell."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"), MPLBACKEND="agg")
    sys.path[:0] = [str(root)]
    sys.path.append(str(path.parent))
    os.chdir(path.parent)
    warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown")


class _Walk:
    """The walk of one process through one lesson."""

    def __init__(self, lesson: Lesson, attempts: dict[int, Attempt], fork: bool) -> None:
        self.lesson, self.attempts, self.fork = lesson, attempts, fork
        self.shell = Worker(Channel(open(os.devnull, "wb")))

    def run(self) -> dict[int, Outcome]:
        """Run the reference up to the last exercise that has a case; the outcomes under the numbers of the attempts."""
        outcomes: dict[int, Outcome] = {}
        shared = set().union(*(each.way for each in self.attempts.values()))
        for index in range(1 + max((each.start for each in self.attempts.values()), default=-1)):
            here = {number: each for number, each in self.attempts.items() if each.start == index}
            outcomes |= {number: self._outcome(each) for number, each in here.items()}
            if index in shared and (failed := self.shell.run_cell(index, self.lesson.code[index].source)):
                raise RuntimeError(f"{self.lesson.path}, cell {index}: the reference fails: {failed['traceback']}")
        return outcomes

    def _outcome(self, each: Attempt) -> Outcome:
        started = time.perf_counter()
        if self.fork:
            from tests.graders.child import in_child  # of POSIX

            judged, stopped = in_child(lambda: self._judge(each))
        else:
            judged, stopped = self._judge(each), ""
        return Outcome(each.case, tuple(judged), time.perf_counter() - started, stopped)

    def _judge(self, each: Attempt) -> list[Judged]:
        """Run the case's cell and those after it that its checks need, up to the last of these."""
        failures: dict[int, explain.Failure] = {}
        judged: list[Judged] = []
        for index in sorted(index for index in each.way if index >= each.start):
            cell = each.lesson.code[index]
            if facts := self.shell.run_cell(index, cell.source):
                failures[index] = explain.Failure.of(facts)
            if cell.is_check and cell.grade_id in each.checks:
                judged.append(_verdict(each.lesson, failures, index))
            enough = each.case.cell is not None and any(verdict.error for verdict in judged)
            if enough or len(judged) == len(each.checks):
                break
        return judged


def _verdict(lesson: Lesson, failures: dict[int, explain.Failure], index: int) -> Judged:
    """What the runner would tell the learner of the check `index`."""
    check = lesson.code[index].grade_id
    if index not in failures:
        return Judged(check, "", "")
    return Judged(check, failures[index].type, explain.explain(lesson.code, failures, index).text)
