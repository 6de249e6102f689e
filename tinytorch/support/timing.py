"""Repeated measurements of one piece of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any


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


def backward_seconds(make_loss: Callable[[], Any], runs: int = 3) -> float:
    """The shortest of `runs` backward passes from the losses that `make_loss()` gives, after one that is not counted."""
    times = []
    for _ in range(runs + 1):
        loss = make_loss()
        start = time.perf_counter()
        loss.backward()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def spread_of(times: Sequence[float]) -> float:
    """By how many percent the rate of the median run is below that of the fastest.

    >>> spread_of([1.0, 1.25, 2.0])
    20.0
    """
    return 100 * (1 - min(times) / median(times))
