"""The limits of the machine: how levels of memory are found in the numbers, and what is measured and kept."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import numpy as np
import pytest

from tinytorch.profiling.roofline import compute_peak, measure_peaks, triad
from tinytorch.support import peaks as peaks_module
from tinytorch.support.peaks import (
    WORKING_SETS,
    Bandwidth,
    ComputePeak,
    Peaks,
    Plateau,
    Roof,
    largest_cache,
    measured_peaks,
    plateaus,
    triad_bandwidth,
    triad_sweep,
)
from tinytorch.support.roofline import plot_bandwidth
from tinytorch.support.tables import table
from tinytorch.support.timing import spread_of, timed_runs

SMALL = 1 << 12  # a cache that is smaller than any set here
MACHINE = [331, 330, 178, 162, 194, 205, 137, 98, 92, 94, 113, 68, 35.6, 37, 35.8]


def sweep(*rates: float, threads: int = 1) -> list[Bandwidth]:
    """A sweep over sets of 16 KiB, 32 KiB, ... with these GB/s."""
    return [Bandwidth(threads, 1 << (14 + i), rate * 1e9, 0.0) for i, rate in enumerate(rates)]


def found(*rates: float) -> list[tuple[str, int, float]]:
    levels = plateaus(sweep(*rates), cache=SMALL)
    return [(level.name, level.up_to >> 10, round(level.bandwidth / 1e9, 1)) for level in levels]


# ---- plateaus


def test_three_caches_and_memory_are_found_in_a_real_sweep():
    assert [name for name, _, _ in found(*MACHINE)] == ["cache 1", "cache 2", "cache 3", "memory"]
    assert [size for _, size, _ in found(*MACHINE)] == [32, 512, 16384, 262144]


def test_one_step_in_passing_is_no_level():
    assert found(100, 100, 50, 20, 20) == [("cache 1", 32, 100.0), ("memory", 256, 20.0)]


def test_a_slope_of_two_steps_is_no_level():
    assert found(100, 100, 62, 50, 20, 20) == [("cache 1", 32, 100.0), ("memory", 512, 20.0)]


def test_a_set_that_was_disturbed_makes_no_level_of_its_own():
    assert found(100, 3, 100, 100, 20, 20) == [("cache 1", 128, 100.0), ("memory", 512, 20.0)]


@pytest.mark.parametrize("rates", [(20,), (21, 20), (20, 20, 20)])
def test_a_machine_without_steps_has_memory_alone(rates):
    (level,) = plateaus(sweep(*rates), SMALL)
    assert level.name == "memory" and level.bandwidth == 20e9


def test_memory_is_the_largest_set_even_where_it_stands_alone():
    assert found(100, 100, 100, 10)[-1] == ("memory", 128, 10.0)


def test_the_largest_set_is_memory_only_where_it_is_four_times_the_largest_cache():
    rows = sweep(100, 100, 100, 10)  # up to 128 KiB
    names = [plateaus(rows, cache)[-1].name for cache in (None, 1 << 16, (1 << 15) + 1, 1 << 15)]
    assert names == ["largest set", "largest set", "largest set", "memory"]


def test_the_largest_cache_is_read_where_the_system_tells_it(tmp_path):
    assert largest_cache(tmp_path) is None
    for i, size in enumerate(["32K", "32K", "2048K", "36M", ""]):
        (tmp_path / f"index{i}").mkdir()
        (tmp_path / f"index{i}" / "size").write_text(f"{size}\n", encoding="utf-8")
    assert largest_cache(tmp_path) == 36 << 20


def test_a_level_has_the_median_spread_of_its_sets():
    rows = [Bandwidth(1, 1 << (14 + i), 100e9, spread) for i, spread in enumerate((1.0, 5.0, 30.0))]
    cache, memory = plateaus([*rows, Bandwidth(1, 1 << 17, 10e9, 7.0)])
    assert (cache.spread, memory.spread) == (5.0, 7.0)


def test_the_order_of_the_rows_does_not_matter():
    rows = sweep(*MACHINE)
    assert plateaus(rows[::-1]) == plateaus(rows)


def test_levels_grow_in_size_and_fall_in_bandwidth_whatever_comes():
    rng = np.random.default_rng(0)
    for _ in range(200):
        levels = plateaus(sweep(*rng.uniform(1, 400, rng.integers(1, 16))))
        assert levels[-1].name == "largest set"
        assert all(a.up_to < b.up_to and a.bandwidth > b.bandwidth for a, b in zip(levels, levels[1:], strict=False))


# ---- measuring


def test_the_spread_is_how_far_the_median_run_stays_below_the_best():
    assert math.isclose(spread_of([2.0, 1.0, 4.0]), 50.0)
    assert spread_of([1.0]) == spread_of([3.0, 3.0]) == 0.0


def test_runs_are_warmed_up_and_at_least_so_many():
    calls = []
    assert len(timed_runs(lambda: calls.append(1), budget=0.0, at_least=4)) == 4
    assert len(calls) == 5


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_triad_covers_every_element_whatever_the_threads(threads):
    a, b, c = np.zeros(1001, np.float32), np.arange(1001, dtype=np.float32), np.ones(1001, np.float32)
    with ThreadPoolExecutor(threads) as pool:
        row = triad_bandwidth(triad, [a, b, c], threads, pool)
    assert np.array_equal(a, b + 3 * c)
    assert row.threads == threads and row.working_set == 3 * 4004 and row.bandwidth > 0 and 0 <= row.spread < 100


def test_a_sweep_has_a_row_for_each_working_set():
    rows = triad_sweep(triad, (1, 2), (1 << 12, 1 << 14))
    assert [(row.threads, row.working_set) for row in rows] == [(1, 4092), (1, 16380), (2, 4092), (2, 16380)]
    assert WORKING_SETS[-1] == 256 << 20


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_each_type_has_a_compute_peak(dtype):
    peak = compute_peak(dtype, 1, sizes=(8, 16))
    assert (peak.dtype, peak.threads) == (dtype, 1) and peak.flops > 0 and 0 <= peak.spread < 100


def test_the_machine_is_measured_once_in_a_process():
    told = []
    peaks = measure_peaks()
    assert measure_peaks(told.append) is peaks and not told


def test_every_type_level_and_number_of_threads_is_measured_with_progress():
    told = []
    peaks = measured_peaks(triad, compute_peak, told.append)
    counts = sorted({1, os.cpu_count() or 1})
    assert len(told) == 2 * 2 * len(counts)
    assert told[0] == f"1/{len(told)} bandwidth, threads: 1" and told[-1].startswith(f"{len(told)}/")
    types = ["float32", "float64", "float16", "bfloat16"]
    assert [(p.dtype, p.threads) for p in peaks.compute] == [(name, n) for n in counts for name in types]
    assert [(row.threads, row.working_set // 12) for row in peaks.memory] == [
        (n, size // 12) for n in counts for size in WORKING_SETS
    ]
    assert peaks.roof() == Roof(peaks.flops, peaks.bandwidth) and peaks.cache == largest_cache()
    assert peaks.bandwidth == peaks.levels()[-1].bandwidth and peaks.ridge == peaks.flops / peaks.bandwidth
    assert table(peaks.compute).isascii() and table(peaks.memory).isascii() and table(peaks.levels()).isascii()


def test_everything_is_measured_in_turns_and_the_best_counts(monkeypatch):
    rates = iter([10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr(peaks_module, "MAX_THREADS", 1)
    monkeypatch.setattr(peaks_module, "triad_sweep", lambda triad, counts: sweep(next(rates), 5.0))
    order = []

    def fake(dtype, threads):
        order.append(dtype)
        return ComputePeak(dtype, threads, 100.0 - len(order), float(len(order)))

    peaks = measured_peaks(triad, fake, lambda text: None)
    types = ["float32", "float64", "float16", "bfloat16"]
    assert order == 2 * types
    assert [(p.dtype, p.flops) for p in peaks.compute] == [(name, 99.0 - i) for i, name in enumerate(types)]
    assert [p.spread for p in peaks.compute] == [1.0, 2.0, 3.0, 4.0]
    assert [row.bandwidth for row in peaks.memory] == [20e9, 5e9] and peaks.bandwidth == 5e9


# ---- Peaks


PEAKS = Peaks(
    100e9,
    20e9,
    (ComputePeak("float32", 1, 100e9, 1.0), ComputePeak("float64", 2, 90e9, 1.0)),
    (*sweep(100, 100, 20, 20), *sweep(300, 300, 30, 30, threads=2)),
    SMALL,
)


def test_a_roof_is_of_one_type_and_number_of_threads():
    assert PEAKS.roof() == Roof(100e9, 20e9)
    assert PEAKS.roof("float64", 2) == Roof(90e9, 30e9)
    assert PEAKS.levels(2)[0] == Plateau("cache 1", 1 << 15, 300e9, 0.0)


@pytest.mark.parametrize(("dtype", "threads"), [("float64", 1), ("float32", 2), ("int8", 1)])
def test_a_roof_that_was_not_measured_is_refused_with_what_was(dtype, threads):
    with pytest.raises(ValueError, match=f"{dtype} on {threads} threads, only for float32 on 1, float64 on 2"):
        PEAKS.roof(dtype, threads)


def test_peaks_of_two_numbers_have_no_levels():
    peaks = Peaks(flops=10.0, bandwidth=5.0)
    assert peaks.ridge == 2.0 and peaks.levels() == []
    with pytest.raises(ValueError, match="only for nothing"):
        peaks.roof()


def test_the_bandwidths_are_a_picture():
    matplotlib.use("agg")
    figure = plot_bandwidth(PEAKS)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["1 thread", "2 threads"]
    assert {text.get_text() for text in axes.texts} == {"cache 1", "memory"}
    matplotlib.pyplot.close(figure)
