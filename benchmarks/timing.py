"""What a row is, and how it is timed: the two sides in turn, many times, so that what disturbs one disturbs both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.support.tables import column

SLICE = 1e-3  # seconds that one side runs before it is the other's turn; at least one call
LONG_SLICE = 20e-3  # the same where there are several threads: the pause before a turn is worth a longer one
LONGEST_PAUSE = 0.5  # seconds
SECONDS = 0.7  # for one row
FEWEST_ROUNDS = 7


@dataclass(frozen=True)
class Group:
    """Rows that belong together: what they are held against, what their floor is, and the goal for their geomean."""

    name: str
    title: str
    against: str
    floor: str
    goal: float | None = None


@dataclass(frozen=True)
class Sides:
    """A row made ready: calls to be timed, and `agree`, which raises AssertionError where their results differ.

    `floor` is a call as well, or seconds, where it is reckoned from a peak. `first_calls` are our seconds and theirs of
    a call that had to compile, where there was one.
    """

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    agree: Callable[[], None]
    floor: Callable[[], Any] | float
    first_calls: tuple[float, float] | None = None


@dataclass(frozen=True)
class Counts:
    """A row that is counted, not timed: what came for either side and the floor, in `unit`, the same in every run."""

    ours: float
    theirs: float
    floor: float
    unit: str


@dataclass(frozen=True)
class Row:
    """A measurement that can be asked for by name. `goal` is the ratio ours/theirs that is aimed at, if any."""

    name: str
    group: Group
    threads: int
    goal: float | None
    build: Callable[[], Sides | Counts]


@dataclass(frozen=True)
class Result:
    """The median of a call on either side and the floor's, in `unit`, and the median ratio with its spread."""

    name: str = column("row")
    group: str = column("group")
    threads: int = column("threads")
    ours: float = column("ours", ",.1f")
    theirs: float = column("theirs", ",.1f")
    floor: float = column("floor", ",.1f")
    unit: str = column("unit")
    ratio: float = column("ratio", ".2f")
    low: float = column("p10", ".2f")
    high: float = column("p90", ".2f")
    goal: float | None = column("goal", ".2f")
    rounds: int = column("rounds")


@dataclass(frozen=True)
class FirstCalls:
    """What two compilers cost before they gain anything: seconds of the first call on either side of a row."""

    row: str = column("row")
    ours: float = column("our first call s", ".2f")
    theirs: float = column("their first call s", ".2f")


@dataclass(frozen=True)
class Summary:
    """The geometric mean of a group's ratios at one thread count, and its worst row."""

    group: str = column("group")
    against: str = column("ratio to")
    floor: str = column("floor")
    threads: int = column("threads")
    rows: int = column("rows")
    geomean: float = column("geomean", ".2f")
    goal: float | None = column("goal", ".2f")
    worst: float = column("worst", ".2f")
    worst_row: str = column("worst row")


def seconds_of(call: Callable[[], Any], times: int = 1) -> float:
    """Seconds of one call, from `times` of them in a row."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def fastest(call: Callable[[], Any], repeats: int = 5) -> float:
    """Seconds of the fastest of `repeats` calls, after one that is not counted."""
    call()
    return min(seconds_of(call) for _ in range(repeats))


def settle() -> None:
    """Wait until this process's threads sleep.

    After a product OpenBLAS's threads look out for the next one for about 0.1 s, and PyTorch's for 0.01 s. So long they
    keep a core busy, and the other side's turn must not be measured on what is left.
    """
    end = time.perf_counter() + LONGEST_PAUSE
    while time.perf_counter() < end:
        busy, start = time.process_time(), time.perf_counter()
        time.sleep(0.01)
        if time.process_time() - busy < 0.2 * (time.perf_counter() - start):
            return


def interleaved(calls: Sequence[Callable[[], Any]], seconds: float = SECONDS, threads: int = 1) -> np.ndarray:
    """Seconds of a call, (rounds, calls): in each round each side runs for a slice, in the other order next time.

    Before a short slice comes a call that is not counted: it finds the caches full of the other side's numbers. With
    several threads each side begins when the other's are asleep. The rounds end after `seconds`, but there are at least
    FEWEST_ROUNDS.
    """
    length = SLICE if threads == 1 else LONG_SLICE
    times = [max(1, math.ceil(length / fastest(call, 2))) for call in calls]
    rounds: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < FEWEST_ROUNDS or time.perf_counter() < end:
        rounds.append([0.0] * len(calls))
        for j in range(len(calls))[:: 1 if len(rounds) % 2 else -1]:
            if threads > 1:
                settle()
            if times[j] > 1 or threads > 1:
                calls[j]()
            rounds[-1][j] = seconds_of(calls[j], times[j])
    return np.array(rounds)


def measure(row: Row, sides: Sides, seconds: float = SECONDS) -> Result:
    """Time a row whose sides have been found to agree."""
    timed_floor = callable(sides.floor)
    taken = interleaved([sides.ours, sides.theirs, *([sides.floor] if timed_floor else [])], seconds, row.threads)
    ratios = taken[:, 0] / taken[:, 1]
    ratio, low, high = (float(q) for q in np.quantile(ratios, (0.5, 0.1, 0.9)))
    ours, theirs, *rest = (1e6 * float(s) for s in np.median(taken, axis=0))
    floor = rest[0] if timed_floor else 1e6 * sides.floor
    return Result(
        row.name, row.group.name, row.threads, ours, theirs, floor, "us", ratio, low, high, row.goal, len(taken))


def counted(row: Row, counts: Counts) -> Result:
    """The Result of a row that needs no clock."""
    ratio = counts.ours / counts.theirs
    return Result(row.name, row.group.name, row.threads, counts.ours, counts.theirs, counts.floor, counts.unit,
                  ratio, ratio, ratio, row.goal, 1)


def summarize(group: Group, results: Sequence[Result]) -> list[Summary]:
    """A Summary of a group's results for each thread count among them."""
    summaries = []
    for count in sorted({result.threads for result in results}):
        some = [result for result in results if result.threads == count]
        worst = max(some, key=lambda result: result.ratio)
        geomean = math.exp(sum(math.log(result.ratio) for result in some) / len(some))
        summaries.append(Summary(group.name, group.against, group.floor, count, len(some), geomean, group.goal,
                                 worst.ratio, worst.name))
    return summaries
