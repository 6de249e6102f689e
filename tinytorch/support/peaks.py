"""What a machine can do: its rates of computing and of moving bytes, measured, and the levels of its memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.roof import Roof
from tinytorch.support.tables import column
from tinytorch.support.threads import MAX_THREADS
from tinytorch.support.timing import spread_of, timed_runs

__all__ = ["Peaks"]

WORKING_SETS = tuple(1 << k for k in range(14, 29))  # 16 KiB to 256 MiB


@dataclass(frozen=True)
class ComputePeak:
    """The most FLOP/s that products of one type reached on a number of threads; `spread` as spread_of says."""

    dtype: str = column("dtype")
    threads: int = column("threads")
    flops: float = column("GFLOP/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")


@dataclass(frozen=True)
class Bandwidth:
    """Bytes/s of the triad over a working set of three arrays, in bytes together; STREAM's count."""

    threads: int = column("threads")
    working_set: int = column("set KiB", ",.0f", 1 / 1024)
    bandwidth: float = column("GB/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")


@dataclass(frozen=True)
class Plateau:
    """A level of memory: its bandwidth, the largest working set that had it, and the median of its sets' spreads."""

    name: str = column("level")
    up_to: int = column("sets up to KiB", ",.0f", 1 / 1024)
    bandwidth: float = column("GB/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")


@dataclass(frozen=True)
class Peaks(Roof):
    """What this machine can do: `flops` in float32 and `bandwidth` of the largest working set, both on one thread, all
    that was measured, and the bytes of the largest cache where the system tells them.
    """

    compute: tuple[ComputePeak, ...] = ()
    memory: tuple[Bandwidth, ...] = ()
    cache: int | None = None

    def roof(self, dtype: str = "float32", threads: int = 1) -> Roof:
        """The roof for one type and number of threads; ValueError where that was not measured."""
        for peak in self.compute:
            if (peak.dtype, peak.threads) == (dtype, threads):
                return Roof(peak.flops, self.levels(threads)[-1].bandwidth)
        known = ", ".join(f"{peak.dtype} on {peak.threads}" for peak in self.compute)
        raise ValueError(f"no peak was measured for {dtype} on {threads} threads, only for {known or 'nothing'}")

    def levels(self, threads: int = 1) -> list[Plateau]:
        """The levels of memory, the fastest first and the largest set last; none where nothing was measured."""
        rows = [row for row in self.memory if row.threads == threads]
        return plateaus(rows, self.cache) if rows else []


def check_peak(dtype: str, threads: int) -> None:
    """Raise ValueError unless there is a peak to measure: of a floating type, on one thread or more."""
    if not is_floating(as_dtype(dtype)) or threads < 1:
        raise ValueError(f"a peak is of a floating type on at least one thread, not of {dtype} on {threads}")


def triad_bandwidth(
    triad: Callable, arrays: Sequence[np.ndarray], threads: int, pool: ThreadPoolExecutor
) -> Bandwidth:
    """Measure `triad(a, b, s, c, passes)`, which runs a = b + s c `passes` times, over three float32 `arrays` of one
    size, shared out among `threads` of `pool`. A small set is passed over many times in one call, so that the call
    costs little beside it.
    """
    a, b, c = arrays
    passes = max(1, (1 << (22 if threads == 1 else 27)) // (3 * a.nbytes))
    edges = [a.size * i // threads for i in range(threads + 1)]

    def part(low: int, high: int) -> None:
        triad(a[low:high], b[low:high], np.float32(3), c[low:high], passes)

    one, many = (lambda: part(0, a.size)), (lambda: list(pool.map(part, edges[:-1], edges[1:])))
    times = timed_runs(one if threads == 1 else many, 0.01, 2)
    return Bandwidth(threads, 3 * a.nbytes, 3 * a.nbytes * passes / min(times), spread_of(times))


def triad_sweep(
    triad: Callable, counts: Sequence[int], working_sets: Sequence[int] = WORKING_SETS
) -> list[Bandwidth]:
    """The bandwidth of `triad` over growing working sets, in bytes, for each of these `counts` of threads."""
    whole = [np.ones(max(working_sets) // 12, np.float32) for _ in range(3)]
    with ThreadPoolExecutor(max(counts)) as pool:
        return [
            triad_bandwidth(triad, [a[: n // 12] for a in whole], threads, pool)
            for threads in counts
            for n in working_sets
        ]


def plateaus(
    rows: Sequence[Bandwidth], cache: int | None = None, width: float = 1.4, flat: float = 1.15
) -> list[Plateau]:
    """The levels in one sweep, the fastest first: sets in a row within a factor of `width`, two neighbours of them
    within `flat`, or else it is a slope between two levels; the largest set is a level in any case.

    That last level is called "memory" where the set is at least four times as large as the largest `cache`, in bytes,
    and else "largest set": it may be a cache's rate. A set counts at least as fast as any larger one, so that a
    disturbed measurement makes no level. ValueError where there are no rows.
    """
    if not rows:
        raise ValueError("no bandwidth was measured, so there are no levels to find: see triad_sweep and measure_peaks")
    groups: list[list[Bandwidth]] = []
    fastest = 0.0
    for row in sorted(rows, key=lambda row: -row.working_set):
        fastest = max(fastest, row.bandwidth)
        row = replace(row, bandwidth=fastest)
        if groups and fastest <= width * groups[-1][0].bandwidth:
            groups[-1].append(row)
        else:
            groups.append([row])
    largest, *others = groups
    caches = [group for group in reversed(others)
              if any(b.bandwidth <= flat * a.bandwidth for a, b in zip(group, group[1:], strict=False))]
    last = "memory" if cache and largest[0].working_set >= 4 * cache else "largest set"
    return [*[_plateau(f"cache {i}", group) for i, group in enumerate(caches, 1)], _plateau(last, largest[:1])]


def _plateau(name: str, rows: Sequence[Bandwidth]) -> Plateau:
    """The level of these rows, the largest set first: the medians of their bandwidths and spreads."""
    return Plateau(name, rows[0].working_set, median(r.bandwidth for r in rows), median(r.spread for r in rows))


def largest_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the first processor's largest cache, as Linux tells them; None where no such files are."""
    sizes = [path.read_text(encoding="ascii").strip() for path in folder.glob("index*/size")]
    units = {"K": 1 << 10, "M": 1 << 20}
    return max((int(size[:-1]) * units[size[-1]] for size in sizes if size[-1:] in units), default=None)


def measured_peaks(
    triad: Callable, compute_peak: Callable, progress: Callable[[str], Any], rounds: int = 2
) -> Peaks:
    """The Peaks of this machine, measured now, on one thread and on all; it takes a few seconds.

    Everything is measured `rounds` times, in turns, and the best counts: so a disturbance does not meet one type alone.
    `triad` is as in triad_bandwidth, and `compute_peak(dtype, threads)` gives a ComputePeak. `progress`, such as
    print, is told what is measured next.
    """
    counts, dtypes = sorted({1, MAX_THREADS}), ("float32", "float64", "float16", "bfloat16")
    memory: list[Bandwidth] = []
    compute: list[ComputePeak] = []
    steps = [(what, threads) for _ in range(rounds) for threads in counts for what in ("bandwidth", "products")]
    for i, (what, threads) in enumerate(steps, 1):
        progress(f"{i}/{len(steps)} {what}, threads: {threads}")
        if what == "bandwidth":
            memory += triad_sweep(triad, [threads])
        else:
            compute += [compute_peak(dtype, threads) for dtype in dtypes]
    memory, compute = _best_of(memory, "bandwidth"), _best_of(compute, "flops")
    bandwidth = plateaus([row for row in memory if row.threads == 1])[-1].bandwidth
    return Peaks(compute[0].flops, bandwidth, tuple(compute), tuple(memory), largest_cache())


def _best_of(rows: Sequence[Any], rate: str) -> list[Any]:
    """Of the rows that measure the same thing, the one with the highest `rate`; in the order in which they began."""
    best: dict[Any, Any] = {}
    for row in rows:
        same = replace(row, **{rate: 0.0, "spread": 0.0})
        if same not in best or getattr(row, rate) > getattr(best[same], rate):
            best[same] = row
    return list(best.values())
