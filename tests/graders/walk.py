"""One process that walks through a lesson and tries every case of the bank on its way.

It runs the reference's cells in the runner's own shell. At an exercise it forks once for each of its cases: the child
puts the case's solution in and goes on to the checks that judge it, and its parent goes on with the reference. Where a
system cannot fork (Windows), a process of its own walks up to each case, with the same verdicts, only later.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.graders.case import Case, handed_in
from tests.graders.slices import needed
from tito import diagnose
from tito.lesson import Lesson, read_lesson
from tito.worker import Channel, Worker

CAN_FORK = "fork" in dir(os)
LIMIT = 30.0  # seconds one case may take
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
    _settle(root, path)
    return _Walk(read_lesson(path), cases, fork).run()


def _settle(root: Path, path: Path) -> None:
    """Make the process what the runner makes of its own before the first cell."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"), MPLBACKEND="agg")
    sys.path[:0] = [str(root)]
    sys.path.append(str(path.parent))
    os.chdir(path.parent)
    warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown")


class _Walk:
    """The walk of one process through one lesson."""

    def __init__(self, lesson: Lesson, cases: Sequence[Case], fork: bool) -> None:
        self.lesson, self.cases, self.fork = lesson, cases, fork
        self.shell = Worker(Channel(open(os.devnull, "wb")))
        self.ids = [cell.grade_id for cell in lesson.code]
        self.ways = [self._way(case) for case in cases]

    def run(self) -> list[Outcome]:
        """Run the reference up to the last exercise that has a case; the outcomes in the order of the cases."""
        outcomes: dict[int, Outcome] = {}
        shared = set().union(*self.ways)
        for index in range(1 + max(self._place(case.exercise) for case in self.cases)):
            for number, case in enumerate(self.cases):
                if self.ids[index] == case.exercise:
                    outcomes[number] = self._outcome(case, self.ways[number], index)
            if index in shared and (failed := self.shell.run_cell(index, self.lesson.code[index].source)):
                raise RuntimeError(f"{self.lesson.path}, cell {index}: the reference fails: {failed['traceback']}")
        return [outcomes[number] for number in range(len(self.cases))]

    def _place(self, grade_id: str) -> int:
        if grade_id not in self.ids:
            raise ValueError(f"lesson {self.lesson.number} has no cell {grade_id}")
        return self.ids.index(grade_id)

    def _way(self, case: Case) -> set[int]:
        """The cells that must run to judge the case."""
        exercise, checks = self._place(case.exercise), self._checks(case)
        early = [check for check in checks if self._place(check) < exercise]
        if early or not self.lesson.code[exercise].is_exercise:
            raise ValueError(f"{case.exercise} is no exercise that stands before {early}")
        return needed(self.lesson.code, checks)

    def _checks(self, case: Case) -> tuple[str, ...]:
        """The checks that judge the case: those it names, else all that stand after its exercise."""
        later = self.lesson.code[self._place(case.exercise) :]
        return case.checks or tuple(cell.grade_id for cell in later if cell.is_check)

    def _outcome(self, case: Case, way: set[int], start: int) -> Outcome:
        started = time.perf_counter()
        lesson = self._with(case, start)
        if self.fork:
            judged, stopped = in_child(lambda: self._judge(lesson, case, way, start))
        else:
            judged, stopped = self._judge(lesson, case, way, start), ""
        return Outcome(case, tuple(judged), time.perf_counter() - started, stopped)

    def _with(self, case: Case, start: int) -> Lesson:
        """The lesson with the case's solution put in."""
        cells, exercise = list(self.lesson.cells), self.lesson.code[start]
        cells[cells.index(exercise)] = handed_in(exercise, case)
        return replace(self.lesson, cells=tuple(cells))

    def _judge(self, lesson: Lesson, case: Case, way: set[int], start: int) -> list[Judged]:
        """Run the case's cell and those after it that its checks need, up to the last of these."""
        checks = set(self._checks(case))
        failures: dict[int, diagnose.Failure] = {}
        judged = []
        for index in sorted(index for index in way if index >= start):
            cell = lesson.code[index]
            if facts := self.shell.run_cell(index, cell.source):
                failures[index] = diagnose.Failure.of(facts)
            if cell.is_check and cell.grade_id in checks:
                judged.append(_verdict(lesson, failures, index))
                checks.discard(cell.grade_id)
            if not checks:
                break
        return judged


def _verdict(lesson: Lesson, failures: dict[int, diagnose.Failure], index: int) -> Judged:
    """What the runner would tell the learner of the check `index`."""
    check = lesson.code[index].grade_id
    if index not in failures:
        return Judged(check, "", "")
    return Judged(check, failures[index].type, diagnose.explain(lesson, failures, index).text)


def in_child(judge: Callable[[], list[Judged]], limit: float = LIMIT) -> tuple[list[Judged], str]:
    """What `judge` gives in a forked process, or why that process ended before it could."""
    if threading.active_count() > 1:
        raise RuntimeError(f"a fork would lose the threads {threading.enumerate()}: run less before it")
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        _report(writable, judge)
    os.close(writable)
    data, ended = _read(readable, time.monotonic() + limit)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not ended:
        return [], f"took longer than {limit:g} s"
    return (pickle.loads(data), "") if data else ([], "the process died")


def _report(writable: int, judge: Callable[[], list[Judged]]) -> None:
    """In the child: judge, write, end, whatever the learner's code did."""
    try:
        with os.fdopen(writable, "wb") as pipe:
            pipe.write(pickle.dumps(judge()))
    finally:
        os._exit(0)


def _read(readable: int, deadline: float) -> tuple[bytes, bool]:
    """All that is written up to the deadline, and whether that was the end."""
    data = b""
    with os.fdopen(readable, "rb", buffering=0) as pipe:
        while (left := deadline - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
            if not (part := pipe.read(65536)):
                return data, True
            data += part
    return data, False
