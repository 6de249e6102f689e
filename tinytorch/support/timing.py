"""Repeated measurements of one piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any


def check_runs(warmup: int, iterations: int) -> None:
    """Raise ValueError unless there is something to measure: iterations >= 1, and warmup >= 0."""
    if iterations < 1 or warmup < 0:
        raise ValueError(f"measuring takes iterations >= 1 and warmup >= 0, got {iterations} and {warmup}")


def timed_runs(
    function: Callable[[], Any], budget: float, at_least: int = 3, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Seconds of each run of `function()`, after one that is not counted.

    There are `at_least` runs, and more until `budget` seconds are over; `clock()` gives seconds.
    """
    function()
    times, end = [], clock() + budget
    while len(times) < at_least or clock() < end:
        start = clock()
        function()
        times.append(clock() - start)
    return times


def fastest_in_turns(functions: Sequence[Callable[[], Any]], rounds: int = 20, runs: int = 20) -> list[float]:
    """The seconds of the fastest run of each function, all of them timed in turns.

    In each of `rounds`, each function has `runs` of them: so a change of the machine's speed meets all alike.
    """
    times = [[min(timed_runs(function, 0.0, runs)) for function in functions] for _ in range(rounds)]
    return [min(own) for own in zip(*times, strict=True)]


def timed_stages(
    first: Callable[[], Any],
    second: Callable[[Any], Any],
    runs: int,
    prepare: Callable[[], Any],
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[float], list[float]]:
    """Seconds of `first()`, and of `second(what first gave)`, in each run; `prepare()` comes before, untimed."""
    times = []
    for _ in range(runs):
        prepare()
        start = clock()
        result = first()
        middle = clock()
        second(result)
        times.append((middle - start, clock() - middle))
    return [one for one, _ in times], [two for _, two in times]


def spread_of(times: Sequence[float]) -> float:
    """By how many percent the rate of the median run is below that of the fastest.

    >>> spread_of([1.0, 1.25, 2.0])
    20.0
    """
    return 100 * (1 - min(times) / median(times))
