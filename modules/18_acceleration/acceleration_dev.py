# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 18: Acceleration

> Products in few calls, a fused GELU and a fused loss, a fusion compiler, mixed precision, and the roofline.

Your framework trains networks. In this lesson you make it fast, and you learn to say *how* fast: not "faster than
before", but "at so much of what this machine can do". Four techniques do most of the work in practice, and you will
build all four:

- **vectorised products**: hand the multiplication to a library that fills the processor's arithmetic units, in as few
  and as large calls as possible;
- **kernel fusion**: do a whole formula, such as GELU or a loss, in one pass over memory instead of one pass for each
  operation;
- **graph optimisation**: let a program look at the operations and write such a kernel, and its gradient's;
- **mixed precision**: keep activations in 16 bits, scale the loss so that small gradients survive, and skip the steps
  in which they overflow.

The **roofline** is the measuring stick: it says which of them can help an operation at all.

Nothing here asserts a speed-up. Every number is measured, on your machine, when you run the cell.
"""

# %%
#| default_exp optimization.acceleration

# %% nbgrader={"grade_id": "tensor-import", "locked": true}
#| export
import math
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ContextDecorator, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, partial
from numbers import Number
from operator import attrgetter
from types import FunctionType
from typing import Any
from weakref import ref

import numpy as np
from llvmlite.binding import get_host_cpu_features
from numba import njit
from threadpoolctl import threadpool_limits

from tinytorch.core.autograd import RULES, gradient_rule, joint_rule, nodes_in_order
from tinytorch.core.layers import check_sizes
from tinytorch.core.losses import MSELoss, check_share, class_indices
from tinytorch.core.tensor import CASTS, Layer, Primitive, Tensor, apply, array_product, as_dtype, as_tensor
from tinytorch.core.tensor import cast_array, floating, in_float32, is_floating, is_half, no_grad, operands, where, wrap
from tinytorch.profiling.profiler import Model, Profiler, Roof, Total, Trace, check_single, column, flop_rule
from tinytorch.profiling.profiler import matmul_flops, parameters_of, per_input, per_output, saved_bytes, table, total

# %%
import tracemalloc

from tinytorch.core.activations import GELU, softmax
from tinytorch.core.layers import LayerNorm, Linear, Module, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss, cross_entropy
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.profiling.profiler import peak_bytes

# %% [markdown]
r"""
## 1. Where does the time go?

Here is the feed-forward half of a small transformer block: 512 tokens of width 256, a hidden layer four times as wide,
and GELU in the middle. Lesson 14's `Trace` watches one forward pass.
"""

# %%
manual_seed(0)
block = Sequential(Linear(256, 1024), GELU("tanh"), Linear(1024, 256))
tokens = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))

def trace_of(function):
    function()
    with Trace() as trace, threadpool_limits(1):
        function()
    return trace

rows = trace_of(lambda: block(tokens)).summary()
print(table(rows, "One forward pass, one thread"))

# %%
by_name = {row.name: row for row in rows}
time_share = by_name["gelu"].seconds / sum(row.seconds for row in rows)
flop_share = by_name["gelu"].flops / sum(row.flops for row in rows)
print(f"GELU: {flop_share:.1%} of the arithmetic, {time_share:.0%} of the time")

# %% [markdown]
r"""
The products do nearly all the arithmetic. Yet GELU takes a share of the time that is out of all proportion to its
share of the work. Some of it goes into `tanh`, and some into what no count of FLOPs shows: numbers have to travel, and
new arrays need memory that the system has to hand out first.

## 2. The roofline

A processor has two limits: how many operations a second its arithmetic units can do (the *peak*, FLOP/s), and how many
bytes a second its memory can deliver (the *bandwidth*). Which one binds depends on one number of the operation, its
**arithmetic intensity** $I$, the FLOPs it does for each byte it moves (Williams, Waterman and Patterson, 2009):

$$P(I) = \min(\text{peak},\ \text{bandwidth} \cdot I)$$

Drawn with both axes logarithmic this is a slope that ends in a flat roof. Under the slope an operation is
*memory-bound*: more arithmetic units would not help, fewer bytes would. Under the flat part it is *compute-bound*. The
corner lies at $I = \text{peak} / \text{bandwidth}$.

### Exercise: the roof
"""

# %% nbgrader={"solution": true, "grade_id": "attainable"}
#| export
def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """The FLOP/s that the roofline allows at `intensity` FLOPs per byte.

    `peak` is in FLOP/s, `bandwidth` in bytes/s. Source: S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4),
    2009.

    >>> attainable(0.5, peak=100e9, bandwidth=20e9)
    10000000000.0
    """
    ### BEGIN SOLUTION
    return min(peak, bandwidth * intensity)
    ### END SOLUTION


def elementwise_intensity(flops: int, arrays_read: int, arrays_written: int, itemsize: int) -> float:
    """FLOPs per byte of an elementwise operation: `flops` for each element, so many arrays read and written.

    >>> elementwise_intensity(1, 1, 1, itemsize=8)
    0.0625
    """
    ### BEGIN SOLUTION
    return flops / ((arrays_read + arrays_written) * itemsize)
    ### END SOLUTION


def matmul_intensity(m: int, k: int, n: int, itemsize: int) -> float:
    """FLOPs per byte of (m, k) @ (k, n), each matrix moved once and a multiply-add counted as two FLOPs.

    >>> matmul_intensity(2, 2, 2, itemsize=4)
    0.3333333333333333
    """
    ### BEGIN SOLUTION
    return 2 * m * k * n / ((m * k + k * n + m * n) * itemsize)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-roofline", "points": 6}
def test_unit_roofline():
    roofs = [(intensity, 120e9, 30e9, wanted) for intensity, wanted in ((0.1, 3e9), (2, 60e9), (4, 120e9), (50, 120e9))]
    elementwise = [(1, 2, 1, 4, 0.083333), (9, 1, 1, 2, 2.25)]
    products = [(64, 64, 64, 4, 10.66667), (1, 256, 1024, 4, 0.497570)]
    ### BEGIN HIDDEN TESTS
    roofs += [(0.3, 7e9, 10e9, 3e9), (0.9, 7e9, 10e9, 7e9), (0.3, 1e9, 10e9, 1e9)]
    elementwise += [(5, 3, 2, 8, 0.125), (4, 1, 3, 2, 0.5)]
    products += [(8, 4, 2, 8, 0.285714), (3, 1, 5, 2, 0.652174), (512, 512, 512, 2, 170.6667)]
    ### END HIDDEN TESTS
    for intensity, peak, bandwidth, wanted in roofs:
        got = attainable(intensity, peak, bandwidth)
        assert math.isclose(got, wanted), (
            f"at {intensity} FLOPs a byte, peak {peak:g}, bandwidth {bandwidth:g}: got {got:g}, wanted {wanted:g}: "
            "which of the two limits binds here?")
    for *given, wanted in elementwise:
        got = elementwise_intensity(*given)
        assert math.isclose(got, wanted, rel_tol=1e-5), (
            "{} FLOPs an element, arrays read {}, written {}, bytes a number {}:".format(*given)
            + f" got {got:.4f}, wanted {wanted:.4f}: every array that is read or written moves its bytes")
    for *given, wanted in products:
        got = matmul_intensity(*given)
        assert math.isclose(got, wanted, rel_tol=1e-5), (
            "({0}, {1}) @ ({1}, {2}), bytes a number {3}:".format(*given)
            + f" got {got:.4f}, wanted {wanted:.4f}: a multiply-add is two FLOPs, each of three matrices moves once")

test_unit_roofline()

# %% [markdown]
r"""
### This machine's roof

Limits are measured, never looked up, and there is more than one of each. How fast the processor computes depends on
the type and on how many threads compute. How fast memory delivers depends on *which* memory: small arrays stay in a
cache close to the processor, larger ones in larger and slower caches, and only what is larger than all of them comes
from main memory each time.

A measurement is disturbed now and then, and only ever slowed down. So each is repeated for a few hundredths of a
second; the best run counts, and the *spread* tells how far below it the median run stayed. A spread of a few percent
is a quiet machine. One of fifty says that something else was running: measure again.
"""

# %%
#| export
def best_seconds(function: Callable[[], Any], repeats: int = 5) -> float:
    """The shortest of `repeats` runs after one that is not counted: what the machine does when nobody disturbs it."""
    return min(timed_runs(function, 0.0, repeats))

# %%
#| export
def timed_runs(function: Callable[[], Any], budget: float, at_least: int = 3) -> list[float]:
    """Seconds of each run, after one that is not counted: `at_least` so many, and more until `budget` s are over."""
    function()
    times, end = [], time.perf_counter() + budget
    while len(times) < at_least or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return times

# %%
#| export
def spread_of(times: Sequence[float]) -> float:
    """How many percent the rate of the median run lies below that of the best.

    >>> spread_of([1.0, 1.25, 2.0])
    20.0
    """
    return 100 * (1 - min(times) / float(np.median(times)))

# %% [markdown]
r"""
For compute: matrix products of two sizes, of which the better counts. Nothing else gets more arithmetic out of a
processor. The halves are measured as *your framework* multiplies them: it widens both matrices to float32, multiplies
there, and rounds once. So no half can beat float32 here; a processor with units for bfloat16 could, if asked directly.
"""

# %%
#| export
@dataclass(frozen=True)
class ComputePeak:
    """The most FLOP/s that products of one type reached on so many threads; `spread` is spread_of the best size."""

    dtype: str = column("dtype")
    threads: int = column("threads")
    flops: float = column("GFLOP/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")

# %%
#| export
def compute_peak(dtype: str, threads: int, sizes: Sequence[int] = (512, 1024)) -> ComputePeak:
    """Measure square products of a floating `dtype`; a half is widened, multiplied in float32 and rounded, as Tensor
    does it. ValueError for any other type and for fewer threads than one.
    """
    if not is_floating(as_dtype(dtype)) or threads < 1:
        raise ValueError(f"a peak is of a floating type on at least one thread, not of {dtype} on {threads}")
    rng, seen = np.random.default_rng(0), []
    with threadpool_limits(threads), no_grad():
        for n in sizes:
            a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))
            times = timed_runs(lambda: a @ b, 0.03, 2)
            seen.append((2 * n**3 / min(times), spread_of(times)))
    return ComputePeak(dtype, threads, *max(seen))

# %% [markdown]
r"""
For bandwidth: the *triad* `a = b + s c` over growing arrays, counted as STREAM counts it, three arrays of bytes for
each pass (J. McCalpin, STREAM, 1995). The hardware may move a fourth: before it writes a line of `a` it reads it. The
triad is compiled with Numba, which turns a plain loop over numbers into machine code; you will write such loops soon.
A small set is passed over many times in one call, so that the call costs little beside it, and with several threads
each has a part of every array.
"""

# %%
#| export
compiled = njit(nogil=True, error_model="numpy", fastmath={"contract"})


@compiled
def _triad(a, b, s, c, passes):
    for _ in range(passes):
        for i in range(a.size):
            a[i] = b[i] + s * c[i]

# %%
#| export
@dataclass(frozen=True)
class Bandwidth:
    """Bytes/s of the triad over a working set, three arrays together, of so many bytes; STREAM's count."""

    threads: int = column("threads")
    working_set: int = column("set KiB", ",.0f", 1 / 1024)
    bandwidth: float = column("GB/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")

# %%
#| export
def triad_bandwidth(arrays: Sequence[np.ndarray], threads: int, pool: ThreadPoolExecutor) -> Bandwidth:
    """Measure the triad over three float32 `arrays` of one size, shared out among `threads` of `pool`."""
    a, b, c = arrays
    passes = max(1, (1 << (22 if threads == 1 else 27)) // (3 * a.nbytes))
    edges = [a.size * i // threads for i in range(threads + 1)]

    def part(low: int, high: int) -> None:
        _triad(a[low:high], b[low:high], np.float32(3), c[low:high], passes)

    one, many = (lambda: part(0, a.size)), (lambda: list(pool.map(part, edges[:-1], edges[1:])))
    times = timed_runs(one if threads == 1 else many, 0.02)
    return Bandwidth(threads, 3 * a.nbytes, 3 * a.nbytes * passes / min(times), spread_of(times))


WORKING_SETS = tuple(1 << k for k in range(14, 29))  # 16 KiB to 256 MiB

# %%
#| export
def triad_sweep(counts: Sequence[int], working_sets: Sequence[int] = WORKING_SETS) -> list[Bandwidth]:
    """The triad's bandwidth over growing working sets, in bytes, for each of these `counts` of threads."""
    whole = [np.ones(max(working_sets) // 12, np.float32) for _ in range(3)]
    with ThreadPoolExecutor(max(counts)) as pool:
        return [triad_bandwidth([a[: n // 12] for a in whole], threads, pool)
                for threads in counts for n in working_sets]

# %% [markdown]
r"""
Each cache shows as a **plateau**: several sets in a row with about the same bandwidth, and then a step down to the
next. `plateaus` finds them in the numbers, so it works on a machine that nobody has described. The largest set is
taken for main memory; where a machine has a cache of more than 256 MiB it is that cache's.
"""

# %%
#| export
@dataclass(frozen=True)
class Plateau:
    """A level of memory: its bandwidth, the largest working set that had it, and the median of its sets' spreads."""

    name: str = column("level")
    up_to: int = column("sets up to KiB", ",.0f", 1 / 1024)
    bandwidth: float = column("GB/s", ".1f", 1e-9)
    spread: float = column("spread %", ".0f")

# %%
#| export
def plateaus(rows: Sequence[Bandwidth], width: float = 1.4, flat: float = 1.15) -> list[Plateau]:
    """The levels in one sweep, the fastest first: sets in a row within a factor of `width`, two neighbours of them
    within `flat`, or else it is a slope between two levels; the largest set is memory in any case.

    A set counts at least as fast as any larger one, so that a disturbed measurement makes no level. ValueError where
    there are no rows.
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
    memory, *others = groups
    caches = [group for group in reversed(others)
              if any(b.bandwidth <= flat * a.bandwidth for a, b in zip(group, group[1:]))]
    return [*[plateau(f"cache {i}", group) for i, group in enumerate(caches, 1)], plateau("memory", memory[:1])]

# %%
#| export
def plateau(name: str, rows: Sequence[Bandwidth]) -> Plateau:
    """The level of these rows, the largest set first: the medians of their bandwidths and spreads."""
    middle = [float(np.median(values)) for values in zip(*[(row.bandwidth, row.spread) for row in rows])]
    return Plateau(name, rows[0].working_set, *middle)

# %%
#| export
@dataclass(frozen=True)
class Peaks(Roof):
    """What this machine can do: `flops` in float32 and `bandwidth` from main memory, both on one thread, and all that
    was measured.
    """

    compute: tuple[ComputePeak, ...] = ()
    memory: tuple[Bandwidth, ...] = ()

    def roof(self, dtype: str = "float32", threads: int = 1) -> Roof:
        """The roof for one type and number of threads; ValueError where that was not measured."""
        for peak in self.compute:
            if (peak.dtype, peak.threads) == (dtype, threads):
                return Roof(peak.flops, self.levels(threads)[-1].bandwidth)
        known = ", ".join(f"{peak.dtype} on {peak.threads}" for peak in self.compute)
        raise ValueError(f"no peak was measured for {dtype} on {threads} threads, only for {known or 'nothing'}")

    def levels(self, threads: int = 1) -> list[Plateau]:
        """The levels of memory, the fastest first and main memory last; none where nothing was measured."""
        rows = [row for row in self.memory if row.threads == threads]
        return plateaus(rows) if rows else []

# %%
#| export
_measured: list[Peaks] = []


def measure_peaks(progress: Callable[[str], Any] | None = None) -> Peaks:
    """Measure what this machine can do, on one thread and on all; a few seconds once, then kept for this process.

    `progress`, such as print, is told what is measured next.
    """
    if not _measured:
        _measured.append(measured_peaks(progress or (lambda text: None)))
    return _measured[0]

# %%
#| export
def measured_peaks(progress: Callable[[str], Any]) -> Peaks:
    """The Peaks, measured now."""
    counts, dtypes = sorted({1, os.cpu_count() or 1}), ("float32", "float64", "float16", "bfloat16")
    steps = [(dtype, threads) for threads in counts for dtype in dtypes]
    progress(f"1/{1 + len(steps)} bandwidth")
    memory, compute = triad_sweep(counts), []
    for i, (dtype, threads) in enumerate(steps, 2):
        progress(f"{i}/{1 + len(steps)} products in {dtype}, threads: {threads}")
        compute.append(compute_peak(dtype, threads))
    bandwidth = plateaus([row for row in memory if row.threads == 1])[-1].bandwidth
    return Peaks(compute[0].flops, bandwidth, tuple(compute), tuple(memory))

# %%
start = time.perf_counter()
peaks = measure_peaks(progress=print)
print(f"measured in {time.perf_counter() - start:.1f} s")

# %%
print(table(peaks.compute, "Products"))
print(table(peaks.levels(1), "\nMemory, one thread, by STREAM's count of bytes"))
print(f"\nFloat32, one thread: the corner of the roof lies at {peaks.ridge:.1f} FLOPs a byte. Adding two arrays has "
      f"{elementwise_intensity(1, 2, 1, 4):.3f},\nso from main memory it may reach "
      f"{attainable(1 / 12, peaks.flops, peaks.bandwidth) / peaks.flops:.1%} of the peak.")

# %%
#| export
def plot_bandwidth(peaks: Peaks) -> Any:
    """The triad's bandwidth over the working set, for each number of threads, and one thread's levels; a figure."""
    import matplotlib.pyplot as plt

    if not peaks.memory:
        raise ValueError("these peaks hold no bandwidths to draw: take those of measure_peaks()")
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for threads in sorted({row.threads for row in peaks.memory}):
        rows = [row for row in peaks.memory if row.threads == threads]
        label = "1 thread" if threads == 1 else f"{threads} threads"
        axes.plot([row.working_set / 1024 for row in rows], [row.bandwidth / 1e9 for row in rows], "o-", label=label)
    for level in peaks.levels(1):
        axes.axhline(level.bandwidth / 1e9, color="gray", linewidth=0.8, linestyle=":")
        axes.annotate(level.name, (1, level.bandwidth / 1e9), (4, 0), ("axes fraction", "data"), "offset points",
                      va="center", fontsize=9)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="working set (KiB)", ylabel="GB/s (STREAM's count)", title="The triad, levels of one thread")
    axes.legend(loc="lower left")
    return figure

# %%
import matplotlib.pyplot as plt

figure = plot_bandwidth(peaks)
plt.show()

# %% [markdown]
r"""
The tables below are on one thread: NumPy's functions use one, its products all, and a roof measured on all cores says
nothing about code that uses one.
"""

# %% [markdown]
r"""
## 3. Vectorised products

The definition of the product is three nested loops. In Python every multiplication is an object to be made and a
dispatch to be done.
"""

# %%
def loop_matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out

# %%
small = np.random.default_rng(1).random((48, 48), dtype=np.float32)
loops, blas = best_seconds(lambda: loop_matmul(small, small), 1), best_seconds(lambda: small @ small, 50)
flops = 2 * 48**3
print(f"48 x 48: loops {flops / loops / 1e6:.1f} MFLOP/s, BLAS {flops / blas / 1e9:.1f} GFLOP/s, {loops / blas:.0f} "
      "times the rate")

# %% [markdown]
r"""
NumPy hands products of float32 and float64 to a BLAS library. It cuts the matrices into blocks that fit the caches,
keeps a small tile of the result in registers, and multiplies whole vectors of numbers with one instruction (SIMD:
single instruction, multiple data). An n by n product does $2n^3$ FLOPs on $3n^2$ numbers, so each number that has been
fetched is used many times.

What is left for us is to *ask* well. For a batch `(B, T, D) @ (D, K)` NumPy calls the library B times, with T rows
each. But a weight does not care which example a row belongs to: as `(B T, D) @ (D, K)` it is one call with many rows,
the same numbers come out, and the gradient to the weight, too, becomes one product in place of B products and a sum.

Where both sides are batches, as in attention, B products they stay. A large product BLAS deals out to all cores by
itself; these come one by one, each too small to share, and one core does them all.
"""

# %%
heads = np.random.default_rng(2).random((256, 64, 64), dtype=np.float32)
large = np.random.default_rng(2).random((1024, 1024), dtype=np.float32)
for name, a in [("256 of 64 x 64", heads), ("one of 1024 x 1024", large)]:
    print(f"{name:18}  {2 * a.size * a.shape[-1] / best_seconds(lambda: a @ a, 5) / 1e9:5.0f} GFLOP/s")

# %% [markdown]
r"""
But NumPy lets go of Python's lock while it multiplies, so a second thread can take half of the batch. Waking a thread
has a price, and a batch that is done in less time than that is better left to one.
"""

# %%
#| export
_num_threads = os.cpu_count() or 1


@cache
def _pool_of(process: int) -> ThreadPoolExecutor:  # threads do not survive a fork: each process has its own
    return ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="tinytorch")


def set_num_threads(threads: int) -> None:
    """How many threads this module's kernels may use on a large array (BLAS has its own setting, see threadpoolctl)."""
    global _num_threads
    check_sizes(threads=threads)
    _num_threads = int(threads)

# %%
#| export
@contextmanager
def one_thread():
    """In the block, BLAS and this module's kernels use one thread."""
    threads = _num_threads
    set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        set_num_threads(threads)

# %%
#| export
def in_parts(run: Callable[[int], Any], parts: int) -> list:
    """The results of `run(0)` to `run(parts - 1)`, called side by side, the last one in this thread."""
    others = [_pool_of(os.getpid()).submit(run, i) for i in range(parts - 1)]
    last = run(parts - 1)
    return [*[other.result() for other in others], last]


def in_slices(run: Callable, arrays: Sequence[np.ndarray], parts: int) -> list:
    """The results of `run` on the parts of arrays of one length, cut along the first axis; side by side."""
    if parts == 1:
        return [run(*arrays)]
    edges = [len(arrays[0]) * i // parts for i in range(parts + 1)]
    return in_parts(lambda i: run(*[array[edges[i]:edges[i + 1]] for array in arrays]), parts)

# %%
#| export
_SMALL = 1 << 18  # multiplications; a larger product OpenBLAS shares among the cores itself
_SHARE = 6_000_000  # multiplications; a smaller part is done before another thread is awake

# %%
#| export
def common_batch(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The leading axes of the product of arrays of shapes `a` and `b`; ValueError where they do not fit together.

    >>> common_batch((5, 1, 2, 3), (4, 3, 2))
    (5, 4)
    """
    for m, n in zip(a[-3::-1], b[-3::-1]):
        if m != n and 1 not in (m, n):
            raise ValueError(f"matmul shape mismatch: {a} @ {b}: the leading axes {a[:-2]} and {b[:-2]} do not "
                             f"broadcast: {m} and {n} must be equal, or one of them 1")
    return np.broadcast_shapes(a[:-2], b[:-2])

# %% [markdown]
r"""
One product adds nothing up: a column times a row, which is the gradient to a weight where the batch is a single row.
Each number of the result is one multiplication, so there is nothing to keep in registers and use again, and the time is
that of writing the result. The blocks that BLAS makes of both sides are work for nothing; a plain loop does without.
"""

# %%
#| export
@compiled
def _column_times_row(column, row, out):
    for i in range(column.size):
        for j in range(row.size):
            out[i, j] = column[i] * row[j]


@in_float32
def column_times_row(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m, 1) @ (1, n) -> (m, n) of floating arrays, in one pass over the result."""
    out = np.empty((a.size, b.size), np.result_type(a, b))
    _column_times_row(np.ascontiguousarray(a).reshape(-1), np.ascontiguousarray(b).reshape(-1), out)
    return out

# %%
left, right = (np.random.default_rng(3).random(shape, dtype=np.float32) for shape in ((2048, 1), (1, 2048)))
with one_thread():
    for name, product in [("BLAS", np.dot), ("a plain loop", column_times_row)]:
        print(f"2048 x 1 by 1 x 2048, {name:12s}  {best_seconds(lambda: product(left, right)) * 1e3:.2f} ms")

# %% [markdown]
r"""
`matrix_product` chooses between them. With the operation comes its entry in the tables of lessons 05 and 14, so that it
is differentiated and counted like any other.
"""

# %%
#| export
@in_float32
def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.matmul; a large batch of small products is dealt out to the threads that set_num_threads allows.

    (..., m, k) @ (..., k, n) -> (..., m, n); leading axes broadcast. Halves are multiplied in float32.
    """
    if a.ndim == 2 == b.ndim:
        large = a.shape[1] == 1 and a.size * b.size > _SMALL and is_floating(np.result_type(a, b))
        return column_times_row(a, b) if large else np.dot(a, b)
    batch, one = common_batch(a.shape, b.shape), math.prod(a.shape[-2:]) * b.shape[-1]
    parts = min(_num_threads, batch[0], math.prod(batch) * one // _SHARE) if one <= _SMALL else 1
    if parts < 2:
        return array_product(a, b)
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    out = np.empty((*batch, a.shape[-2], b.shape[-1]), np.result_type(a, b))
    in_slices(np.matmul, (a, b, out), parts)
    return out

# %%
#| export
VECTORIZED_MATMUL = Primitive("vectorized_matmul", matrix_product)
gradient_rule("vectorized_matmul", lambda g, y, a, b: matrix_product(g, np.swapaxes(b, -1, -2)),
              lambda g, y, a, b: matrix_product(np.swapaxes(a, -1, -2), g))
flop_rule("vectorized_matmul", matmul_flops)

# %% [markdown]
r"""
### Exercise: vectorized_matmul

Check the shapes, so that a mistake gets a sentence that a learner can use. Make both sides `operands` of one type, as
lesson 01 does, and send them through the door as `VECTORIZED_MATMUL`; where the left side is a batch and the right side
one matrix, collapse the batch first. Built from operations with gradient rules it is differentiable for free.
"""

# %% nbgrader={"solution": true, "grade_id": "vectorized-matmul"}
#| export
def vectorized_matmul(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product of two tensors with two axes or more, in as few BLAS calls as will do; differentiable.

    (..., m, k) @ (..., k, n) -> (..., m, n); leading axes broadcast. Where `b` is one matrix, the leading axes of `a`
    are collapsed and a single product is done. Types follow `@`.

    Raises ValueError that says "2D+" where an operand has fewer than two axes, and "shape mismatch" with both shapes
    where the inner dimensions differ.

    >>> vectorized_matmul(Tensor([[1, 2], [3, 4]]), Tensor([[5, 6], [7, 8]]))
    Tensor([[19., 22.],
            [43., 50.]], dtype=float32)
    """
    ### BEGIN SOLUTION
    a, b = as_tensor(a), as_tensor(b)
    left, right = a.shape, b.shape
    if len(left) < 2 or len(right) < 2:
        raise ValueError(
            f"vectorized_matmul needs 2D+ tensors, got shapes {left} and {right}: add an axis with reshape()")
    if left[-1] != right[-2]:
        raise ValueError(
            f"matmul shape mismatch: {left} @ {right}: the inner dimensions {left[-1]} and {right[-2]} must match")
    a, b = operands(a, b)
    if len(left) == 2 or len(right) > 2:
        return apply(VECTORIZED_MATMUL, a, b)
    rows = a.reshape(math.prod(left[:-1]), left[-1])
    return apply(VECTORIZED_MATMUL, rows, b).reshape(*left[:-1], right[-1])
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-vectorized-matmul", "locked": true, "points": 10}
def product_and_gradients(left, right):
    """Shapes of two random tensors: the operands, a gradient, and what the product and both gradients should be."""
    rng = np.random.default_rng(sum(left) + sum(right))
    a, b = (Tensor(rng.normal(size=shape), requires_grad=True) for shape in (left, right))
    wanted = a.data @ b.data
    g = rng.normal(size=wanted.shape)
    lead = wanted.shape[:-2]
    to_a = (g @ np.swapaxes(b.data, -1, -2)).reshape(*lead, *left[-2:])
    to_b = np.swapaxes(np.broadcast_to(a.data, (*lead, *left[-2:])), -1, -2) @ g
    to_a, to_b = (to if to.shape == shape else to.reshape(-1, *shape).sum(axis=0)
                  for to, shape in ((to_a, left), (to_b, right)))
    return a, b, g, wanted, to_a, to_b

def check_product(left, right):
    a, b, g, wanted, to_a, to_b = product_and_gradients(left, right)
    got = vectorized_matmul(a, b)
    assert got.shape == wanted.shape, (
        f"{left} @ {right} gave shape {got.shape}, wanted {wanted.shape}: the leading axes broadcast and stay")
    assert np.allclose(got.data, wanted), (
        f"{left} @ {right}: the first number is {got.data.flat[0]:.4f}, wanted {wanted.flat[0]:.4f}; off by "
        f"{np.abs(got.data - wanted).max():.2g} at most: a row of the left times a column of the right")
    assert got.requires_grad, (
        f"{left} @ {right}: the result's requires_grad is False, wanted True: stay with Tensor operations")
    got.backward(Tensor(g))
    for side, leaf, to in (("left", a, to_a), ("right", b, to_b)):
        came = None if leaf.grad is None else leaf.grad.data
        assert came is not None and np.allclose(came, to), (
            f"{left} @ {right}: the gradient to the {side} begins with {None if came is None else came.flat[0]}, "
            f"wanted {to.flat[0]:.4f}: does every way from the result to this side stay on Tensor operations?")

def check_refused(left, right, word):
    try:
        vectorized_matmul(Tensor(np.zeros(left)), Tensor(np.zeros(right)))
    except (IndexError, TypeError, ValueError) as error:
        assert isinstance(error, ValueError) and word in str(error).lower() and str(left) in str(error), (
            f"{left} @ {right}: wanted a ValueError that says {word!r} and names the shapes, got "
            f"{type(error).__name__}: {error}: ask for the shapes before you use them")
    else:
        raise AssertionError(f"{left} @ {right} was accepted, wanted a ValueError that says {word!r}")

def test_unit_vectorized_matmul():
    """Values, shapes, gradients, the single product, and the error messages of vectorized_matmul."""
    got = vectorized_matmul(Tensor([[1, 2], [3, 4]]), Tensor([[5, 6], [7, 8]]))
    assert np.array_equal(got.data, [[19, 22], [43, 50]]), (
        f"[[1, 2], [3, 4]] @ [[5, 6], [7, 8]] gave {got.data.tolist()}, wanted [[19, 22], [43, 50]]: rows by columns")
    shapes = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)),
              ((2, 5, 2, 3), (5, 3, 4))]
    collapsed = [((8, 4, 3), (3, 2), 32)]
    refused = [((3,), (3, 2), "2d+"), ((2, 3), (3,), "2d+"), ((1, 2), (3, 1), "shape mismatch"),
               ((2, 3, 4), (3, 4), "shape mismatch")]
    ### BEGIN HIDDEN TESTS
    shapes += [((4, 1), (1, 6)), ((3, 2, 4, 2), (2, 5)), ((1, 5, 4), (6, 4, 3)), ((2, 4, 3, 2), (4, 2, 3)),
               ((1, 7), (7, 1))]
    collapsed += [((3, 5, 2, 7), (7, 4), 30)]
    refused += [((5,), (5,), "2d+"), ((), (2, 2), "2d+"), ((4, 2, 5), (4, 3, 5), "shape mismatch")]
    ### END HIDDEN TESTS
    for left, right in shapes:
        check_product(left, right)
    for left, right, rows in collapsed:
        with Trace() as trace:
            vectorized_matmul(Tensor(np.ones(left, np.float32)), Tensor(np.ones(right, np.float32)))
        ran = [operation.shapes for operation in trace.operations if "matmul" in operation.name]
        assert ran == [((rows, right[0]), right)], (
            f"{left} @ {right} ran products of shapes {ran}, wanted one of {rows} rows: collapse the batch")
    for left, right, word in refused:
        check_refused(left, right, word)

test_unit_vectorized_matmul()

# %% [markdown]
r"""
## 4. Kernel fusion

GELU weighs its input by the chance that a normal variable stays below it, $x\,\Phi(x)$; most networks use the form

$$\mathrm{gelu}(x) = \tfrac12 x \left(1 + \tanh\!\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)$$

Written with Tensor operations, each `*`, `+` and `tanh` reads whole arrays from memory and writes a whole array back.
None of them does more than one FLOP for each number that it moves. NumPy runs an expression one operation at a time:
writing the formula on one line changes nothing about that.

### Exercise: unfused_gelu

The honest opposite of fusion, to measure against: one Tensor operation for each step of the formula, with a temporary
for each result. It must be differentiable, which it is if you stay with tensors.
"""

# %% nbgrader={"solution": true, "grade_id": "unfused-gelu"}
#| export
def unfused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU, one Tensor operation for each step; for comparison with `fused_gelu`. Any shape, floating
    type.

    >>> unfused_gelu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.1588,  0.    ,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    x = as_tensor(x)
    cubed = x**3
    bent = 0.044715 * cubed
    inner = x + bent
    scaled = math.sqrt(2 / math.pi) * inner
    squashed = scaled.tanh()
    shifted = 1 + squashed
    weighed = x * shifted
    return 0.5 * weighed
    ### END SOLUTION

# %%
rows = trace_of(lambda: unfused_gelu(tokens)).summary()
print(table(rows, "unfused_gelu, operation by operation"))
moved, least = sum(row.bytes for row in rows), 2 * tokens.data.nbytes
print(f"moved {moved / 1e6:.1f} MB; reading x once and writing y once would be {least / 1e6:.1f} MB, "
      f"{least / moved:.0%} of it")

# %% [markdown]
r"""
The passes are one cost. A second hides in a single row, `pow` (if you wrote `x**3`): a general power counts as one
FLOP, and is far more work than two products.
"""

# %%
for name, cube in [("x**3", lambda: tokens**3), ("x * x * x", lambda: tokens * tokens * tokens)]:
    print(f"{name:9s} {best_seconds(cube) * 1e3:6.3f} ms")

# %% [markdown]
r"""
### One pass

A fused kernel is one loop: read a number, do *all* the arithmetic on it in registers, write the result. Numba compiles
such a loop, and LLVM turns it into SIMD instructions, sixteen numbers at a time on some processors, but only if
everything inside is plain arithmetic. A call to the C library's `tanh` for each number would block it. So we
approximate: a ratio of two polynomials, degree 13 over degree 6, which matches tanh to about the precision of
`float32` and needs only multiply-adds and one division.

The coefficients are those of the Eigen library (its fast tanh for floats, MPL2), a minimax fit on the interval where
tanh is not yet 1.
"""

# %%
#| export
_NUMERATOR = tuple(np.float32(c) for c in (
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
    1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03))
_DENOMINATOR = tuple(np.float32(c) for c in (
    1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03))
_FUSED_MULTIPLY_ADD = get_host_cpu_features().get("fma", True)
_LIMIT = np.float32(7.99881172180175781 if _FUSED_MULTIPLY_ADD else 7.90531110763549805)  # the ratio is exactly 1 here

# %%
#| export
@compiled
def rational_tanh(u):
    """tanh of a float32 as u p(u^2) / q(u^2), and exactly 1 or -1 beyond _LIMIT. Coefficients and limits: Eigen, ptanh.
    """
    v = min(max(u, -_LIMIT), _LIMIT)
    s = v * v
    p = _NUMERATOR[0]
    for i in range(1, 7):
        p = p * s + _NUMERATOR[i]
    q = _DENOMINATOR[0]
    for i in range(1, 4):
        q = q * s + _DENOMINATOR[i]
    return v * p / q

# %%
#| export
@compiled
def double_tanh(u):
    """tanh of a float64, from the C library: exact to the last bits, and one number at a time."""
    return math.tanh(u)

# %%
u = np.linspace(-10, 10, 4001).astype(np.float32)
errors = np.array([rational_tanh(v) for v in u]) - np.tanh(u.astype(np.float64))
plt.figure(figsize=(7, 2.2))
plt.plot(u, errors)
plt.xlabel("u"), plt.ylabel("error"), plt.title("rational tanh against float64", fontsize=10)
plt.tight_layout()
plt.show()
print(f"largest error {np.abs(errors).max():.1e}; the spacing of float32 just below 1 is "
      f"{np.spacing(np.float32(0.99)):.1e}")

# %% [markdown]
r"""
### Exercise: GELU of one number

Two functions of a single number: the value, and for the backward pass the slope. With
$u = c\,(x + a x^3) = c\,x\,(1 + a x^2)$, where $c = \sqrt{2/\pi}$ and $a = 0.044715$, and $t = \tanh u$:

$$y = \tfrac12 x\,(1 + t) \qquad
\frac{dy}{dx} = \tfrac12 (1 + t) + \tfrac12 x\,(1 - t^2)\, c\,(1 + 3 a x^2)$$

The constants come in the type that we compute in: one `float64` constant would pull the whole loop up to `float64`.

Mathematics says that the value at $-\infty$ is 0 and the slope at $10^{20}$ is 1. The formulas, as they stand, say
$-\infty \cdot 0$ and overflow. Far out nothing happens any more: the factor in front of the value need not go below
`low`, nor the whole slope outside `low` to `high`. Clamp them, but not with `x if x > low else low`, which makes a nan
into `low`: turn the question round.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-scalar"}
#| export
def gelu_of_one(real: type, tanh: Callable) -> tuple[Callable, Callable]:
    """Compiled `value(x)` and `slope(x)` of the tanh form of GELU for one number of type `real` (np.float32 or
    np.float64).

    Both give the mathematical limits at the infinities, the slope at any finite x, and nan for nan.

    >>> value, slope = gelu_of_one(np.float64, double_tanh)
    >>> round(value(1.0), 5), round(slope(0.0), 5)
    (0.84119, 0.5)
    """
    half, one, low, high = real(0.5), real(1), real(-30), real(30)
    c, a, three_a = real(math.sqrt(2 / math.pi)), real(0.044715), real(0.134145)

    @compiled
    def value(x):
        ### BEGIN SOLUTION
        t = tanh(c * x * (one + a * x * x))
        return half * max(x, low) * (one + t)
        ### END SOLUTION

    @compiled
    def slope(x):
        ### BEGIN SOLUTION
        v = min(max(x, low), high)
        t = tanh(c * v * (one + a * v * v))
        return half + half * t + half * v * (one - t * t) * c * (one + three_a * v * v)
        ### END SOLUTION

    return value, slope

# %% nbgrader={"grade": true, "grade_id": "test-gelu-scalar", "points": 8}
def gelu64(x):
    """The reference: value and slope of the tanh form in float64."""
    x = np.asarray(x, dtype=np.float64)
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * (1 + t) / 2, (1 + t) / 2 + x / 2 * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)

def farthest(x, got, wanted):
    """Where `got` is farthest from `wanted`, in words."""
    x, got, wanted = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (x, got, wanted))
    at = np.argmax(np.abs(got - wanted))
    return f"at {x[at]:g} gave {got[at]:.5f}, wanted {wanted[at]:.5f}"

def check_of_one(real, name, function, wanted, inputs, tolerance):
    hint = {"value": "are all terms of u there, and the tanh form?",
            "slope": "a product has two terms in its derivative, and x^3 brings a 3"}[name]
    for x in inputs:
        got = function(real(x))
        assert abs(got - wanted(x)) < tolerance, (
            f"{name}({x}) in {real.__name__} gave {got:.6f}, wanted {wanted(x):.6f}: {hint}")

def test_unit_gelu_scalar():
    inputs = [-6.0, -3.1, -1.0, -0.2, 0.0, 0.4, 1.7, 5.5]
    far = [(math.inf, (math.inf, 1)), (-math.inf, (0, 0)), (1e20, (1e20, 1)), (-1e20, (0, 0))]
    ### BEGIN HIDDEN TESTS
    inputs += [-4.4, -2.2, -0.752, 0.05, 0.9, 2.6, 8.0]
    far += [(3e30, (3e30, 1)), (-3e30, (0, 0)), (50.0, (50.0, 1)), (-50.0, (0, 0))]
    ### END HIDDEN TESTS
    for real, tanh, tolerance in [(np.float32, rational_tanh, 3e-6), (np.float64, double_tanh, 1e-12)]:
        value, slope = gelu_of_one(real, tanh)
        check_of_one(real, "value", value, lambda x: gelu64(x)[0], inputs, tolerance)
        check_of_one(real, "slope", slope, lambda x: gelu64(x)[1], inputs, tolerance)
        for x, (limit, end) in far:
            got = value(real(x)), slope(real(x))
            assert got == (real(limit), end), (
                f"at {x} in {real.__name__} value and slope are {got}, wanted {(limit, end)}: what happens far out?")
        lost = value(real(math.nan)), slope(real(math.nan))
        assert np.isnan(lost).all(), (
            f"at nan in {real.__name__} value and slope are {lost}, wanted nan and nan: a nan is not below `low` and "
            "not above it; which way round is the choice written?")
        kinds = {f.nopython_signatures[0].return_type.name for f in (value, slope)}
        assert kinds == {np.dtype(real).name}, (
            f"for {real.__name__} the results are {sorted(kinds)}, wanted {np.dtype(real).name}: some constant has "
            "another type")

test_unit_gelu_scalar()

# %% [markdown]
r"""
### From one number to all of them

The loop is the same for every function and type, so it is given once. A half is loaded as its 16 bits, widened to
`float32`, computed with, and rounded back on the way out: Numba knows neither 16-bit type, so the conversions are
integer arithmetic on the bits, which SIMD does well. bfloat16 is the upper half of a float32. For float16 the exponent
has to be moved, and the numbers below 2^-14, the infinities and nan need care.
"""

# %%
#| export
@compiled
def _float_of(bits):
    return np.uint32(bits).view(np.float32)


@compiled
def _bits_of(x):
    return np.float32(x).view(np.uint32)


@compiled
def _load_bfloat16(bits):
    return _float_of(np.uint32(bits) << 16)


@compiled
def _round_bfloat16(x):  # a nan's lower half must be 0, and is where the nan comes of bfloat16 numbers
    bits = _bits_of(x)
    return np.uint16(np.uint32(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)  # to nearest, ties to even


@compiled
def _store_bfloat16(x):
    return _round_bfloat16(x) if x == x else np.uint16(0x7FC0)

# %%
#| export
_MOVE_EXPONENT = np.float32(2.0**112)  # the exponents' offsets differ by 127 - 15


@compiled
def _load_float16(bits):
    shifted = np.uint32(np.uint32(bits & 0x7FFF) << 13)
    wide = _bits_of(_float_of(shifted) * _MOVE_EXPONENT)
    wide = np.uint32(shifted | 0x7F800000) if shifted >= np.uint32(0x0F800000) else wide  # inf and nan
    return _float_of(wide | (np.uint32(bits & 0x8000) << 16))

# %%
#| export
@compiled
def _store_float16(x):
    bits = _bits_of(x)
    size = np.uint32(bits & 0x7FFFFFFF)
    normal = np.uint32(np.uint32(size + 0xC8000FFF + ((size >> 13) & 1)) >> 13)  # to nearest, ties to even
    small = np.uint32(_bits_of(_float_of(size) + np.float32(0.5)) - 0x3F000000)  # the addition rounds below 2^-14
    out = small if size < np.uint32(0x38800000) else normal
    out = np.uint32(0x7C00) if size >= np.uint32(0x47800000) else out
    out = np.uint32(0x7E00) if size > np.uint32(0x7F800000) else out
    return np.uint16(out | ((bits >> 16) & 0x8000))

# %%
#| export
@compiled
def _as_it_is(x):
    return x

# %%
#| export
def _forward_loop(value: Callable, load: Callable, store: Callable) -> Callable:
    @compiled
    def loop(x, out):
        for i in range(x.size):
            out[i] = store(value(load(x[i])))

    return loop

# %%
#| export
def _backward_loop(slope: Callable, load: Callable, store: Callable) -> Callable:
    @compiled
    def loop(gradient, x, out):
        for i in range(x.size):
            out[i] = store(load(gradient[i]) * slope(load(x[i])))

    return loop

# %%
#| export
_CONVERSIONS = {
    "float16": (_load_float16, _store_float16),
    "bfloat16": (_load_bfloat16, _round_bfloat16),
    "float32": (_as_it_is, _as_it_is),
    "float64": (_as_it_is, _as_it_is),
}

# %%
#| export
@cache
def gelu_loops(dtype: np.dtype) -> tuple[Callable, Callable]:
    """The compiled forward and backward loop of GELU for one of the four floating types; TypeError for another."""
    if not is_floating(dtype):
        raise TypeError(f"GELU has loops for {', '.join(_CONVERSIONS)}, not for {dtype}: use astype first")
    real = (np.float64, double_tanh) if dtype == np.float64 else (np.float32, rational_tanh)
    value, slope = gelu_of_one(*real)
    load, store = _CONVERSIONS[dtype.name]
    return _forward_loop(value, load, store), _backward_loop(slope, load, store)

# %% [markdown]
r"""
`one_pass` makes the output, flattens what it is given (an array that is not laid out in order is copied first) and
runs the loop. Large arrays are cut into parts, one for each thread: the loops release Python's lock. Below the size of
`_PART` waking a thread costs more than it saves.
"""

# %%
#| export
_PART = 1 << 19


def _flat(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array).reshape(-1)
    return array.view(np.uint16) if is_half(array.dtype) else array


def one_pass(loop: Callable, *arrays: np.ndarray) -> np.ndarray:
    """Run a compiled loop over the elements of arrays of one shape and type, into a new array, which is returned."""
    out = np.empty(arrays[0].shape, dtype=arrays[0].dtype)
    flat = [_flat(array) for array in arrays] + [_flat(out)]
    in_slices(loop, flat, min(_num_threads, max(1, out.size // _PART)))
    return out

# %% [markdown]
r"""
The conversions with nothing between them are a cast, and NumPy's own casts of float16 are slow. So your framework gets
compiled ones: lesson 01's `cast_array` looks into the table `CASTS` first. The result has the memory layout of the
input and the bits that NumPy would give.
"""

# %%
#| export
def _cast_loop(source: str, target: str) -> Callable[[np.ndarray], np.ndarray]:
    (load, _), (_, store), dtype = _CONVERSIONS[source], _CONVERSIONS[target], as_dtype(target)
    loop = _forward_loop(_as_it_is, load, _store_bfloat16 if target == "bfloat16" else store)
    bits = [np.uint16 if is_half(as_dtype(kind)) else np.float32 for kind in (source, target)]

    def cast(array: np.ndarray) -> np.ndarray:
        out = written = np.empty_like(array, dtype=dtype)
        if not array.flags.c_contiguous:
            axes = sorted(range(out.ndim), key=lambda axis: -out.strides[axis])  # as they lie in memory
            array, written = np.ascontiguousarray(array.transpose(axes)), out.transpose(axes)
        loop(array.reshape(-1).view(bits[0]), written.reshape(-1).view(bits[1]))
        return out

    return cast


for _pair in (("float32", "float16"), ("float16", "float32"), ("float32", "bfloat16"), ("bfloat16", "float32")):
    CASTS[as_dtype(_pair[0]), as_dtype(_pair[1])] = _cast_loop(*_pair)

# %%
for half in ("float16", "bfloat16"):
    numbers = np.random.default_rng(0).normal(size=1 << 20).astype(np.float32)
    narrow = Tensor(numbers).astype(half).data
    for name, array, dtype in [(f"to {half}", numbers, narrow.dtype), (f"from {half}", narrow, numbers.dtype)]:
        compiled_ns, numpy_ns = (best_seconds(f) * 1e9 / numbers.size for f in (
            lambda: cast_array(array, dtype), lambda: array.astype(dtype)))
        print(f"{name:13s} NumPy {numpy_ns:.2f} ns a number, compiled {compiled_ns:.2f}")

# %% [markdown]
r"""
### Exercise: fused_gelu

Now make it an operation of your framework: the primitive and its gradient rule stand ready below, with how they are
counted. One line makes a `floating` Tensor of whatever comes and sends it through lesson 01's door; there is nothing to
record by hand, and autograd, the profiler and half precision all work at once.
"""

# %%
#| export
def _gelu_forward(x: np.ndarray) -> np.ndarray:
    return one_pass(gelu_loops(x.dtype)[0], x)


def _gelu_backward(g: np.ndarray, y: None, x: np.ndarray) -> np.ndarray:
    return one_pass(gelu_loops(x.dtype)[1], g, x)


FUSED_GELU = Primitive("fused_gelu", _gelu_forward, saves="inputs")
gradient_rule("fused_gelu", _gelu_backward)
flop_rule("fused_gelu", per_output(9), per_output(18))

# %% nbgrader={"solution": true, "grade_id": "fused-gelu"}
#| export
def fused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU in one pass over memory, its backward too.

    Any shape and memory layout; float16, bfloat16, float32 and float64 keep their type (halves are computed in float32
    and rounded once), whole numbers become float32. Hendrycks and Gimpel, Gaussian Error Linear Units, 2016,
    arXiv:1606.08415.

    >>> fused_gelu(Tensor([-2, -1, 0, 1, 2]))
    Tensor([-0.0454, -0.1588,  0.    ,  0.8412,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    return apply(FUSED_GELU, floating(x))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fused-gelu", "locked": true, "points": 10}
def check_fused_gelu(data, kind, tolerance):
    """Values, shape, type and an untouched input, for numbers of one of the four types."""
    x = Tensor(data, dtype=kind)
    before = x.data.copy()
    got = fused_gelu(x)
    assert got.dtype == before.dtype, f"{kind} in gave {got.dtype} out, wanted {kind}: the type must be kept"
    assert got.shape == before.shape, f"shape {before.shape} in gave {got.shape} out, wanted {before.shape}"
    assert np.array_equal(x.data, before), (
        f"the input in {kind} was {before.flat[0]} and is {x.data.flat[0]}, wanted as it was: a kernel writes to an "
        "array of its own")
    wanted = gelu64(before.astype(np.float64))[0]
    off = np.abs(got.data.astype(np.float64) - wanted).max(initial=0)
    assert off < tolerance * max(1, np.abs(wanted).max(initial=0)), (
        f"fused_gelu of {kind} {farthest(before, got.data, wanted)}: compare your scalar formula with the tanh form")

def check_gradient(x):
    leaf = Tensor(x, requires_grad=True)
    out = fused_gelu(leaf)
    assert out.requires_grad, (
        "the result's requires_grad is False, wanted True: go through apply, so that the operation is recorded")
    (out * Tensor(x)).sum().backward()
    wanted = x * gelu64(x)[1]
    assert np.allclose(leaf.grad.data, wanted, atol=1e-5), (
        f"the gradient of x gelu(x') to x' {farthest(x, leaf.grad.data, wanted)}: is it the slope times what comes in?")

def whole_numbers(numbers):
    try:
        return fused_gelu(Tensor(np.array(numbers)))
    except (KeyError, TypeError) as error:
        raise AssertionError(f"whole numbers {numbers} stopped at {error}, wanted {gelu64(numbers)[0].round(4)} in "
                             "float32: there is no kernel for their type, so change it first") from error

def test_unit_fused_gelu():
    """Values, types, layouts, extremes and gradients of fused_gelu, against float64."""
    x = np.array([-3.0, -2.0, -1.0, -0.752, 0.0, 1.0, 2.0, 3.0], dtype=np.float32)
    inputs, whole = [x, np.random.default_rng(2).normal(size=(33, 7)) * 3, np.zeros((0, 3)), np.float64(1)], [-1, 2]
    far = {-1e20: 0, -10.0: 0, 10.0: 10.0, 1e20: 1e20, np.inf: np.inf, -np.inf: 0}
    ### BEGIN HIDDEN TESTS
    inputs += [np.linspace(-5, 5, 37).reshape(37, 1), np.random.default_rng(12).normal(size=(2, 3, 4))]
    whole += [3, -4, 0]
    far |= {-3e30: 0, 40.0: 40.0, 2e25: 2e25}
    ### END HIDDEN TESTS
    for kind, tolerance in [("float16", 2e-3), ("bfloat16", 2e-2), ("float32", 2e-6), ("float64", 1e-12)]:
        for data in inputs:
            check_fused_gelu(data, kind, tolerance)
    source = Tensor(inputs[1].astype(np.float32))
    turned = fused_gelu(source.T)
    assert turned.shape == (7, 33) and np.allclose(turned.data, gelu64(source.data.T)[0], atol=2e-5), (
        f"a transposed input {farthest(source.data.T, turned.data, gelu64(source.data.T)[0])}: whose order is it?")
    got = whole_numbers(whole)
    assert got.dtype == np.float32 and np.allclose(got.data, gelu64(whole)[0], atol=1e-4), (
        f"whole numbers {whole} gave {got}, wanted {gelu64(whole)[0].round(4)} in float32")
    got = fused_gelu(Tensor(list(far))).data
    assert np.array_equal(got, np.float32(list(far.values()))), (
        f"far out, at {list(far)}, fused_gelu gave {got}, wanted {list(far.values())}: is it your kernel?")
    check_gradient(x)
    ### BEGIN HIDDEN TESTS
    check_gradient(np.linspace(-4, 4, 23).astype(np.float32))
    ### END HIDDEN TESTS

test_unit_fused_gelu()

# %% [markdown]
r"""
### What fusion changes

Three things can be *counted*, and are graded: the results are the same; the trace shows one pass over memory in place
of eight; and the fused form never holds more than its output. How long the two take is printed, for you to see; the
fused one also does without `pow`. Wall time is never graded: it would grade your neighbour's downloads too.
"""

# %% nbgrader={"grade": true, "grade_id": "test-fusion-speedup", "locked": true, "points": 10}
def check_both(x):
    """Fused and unfused agree with float64, in one pass and in eight, and the fused holds only its output."""
    passes, held = {}, {}
    for function in (fused_gelu, unfused_gelu):
        name = function.__name__
        with Trace() as trace:
            out = function(x)
        wanted, passes[name] = gelu64(x.data)[0], len(trace.operations)
        assert np.abs(out.data - wanted).max() < 5e-6, (
            f"{name} {farthest(x.data, out.data, wanted)}: go through the tanh form step by step")
        held[name] = peak_bytes(lambda: function(x))[1] / x.data.nbytes
    assert passes["fused_gelu"] == 1, f"fused_gelu ran {passes['fused_gelu']} primitives, wanted 1: one pass for all"
    assert passes["unfused_gelu"] >= 8, (
        f"unfused_gelu ran {passes['unfused_gelu']} primitives, wanted 8 at least: give each of the steps its own, and "
        "stay with Tensor operations")
    assert held["fused_gelu"] <= 1.1, (
        f"fused_gelu held {held['fused_gelu']:.2f} times its output, wanted 1: somewhere a temporary array is made")
    return passes, held

def check_unfused_gradient(x):
    leaf = Tensor(x, requires_grad=True)
    unfused_gelu(leaf).sum().backward()
    wanted = gelu64(x)[1]
    assert leaf.grad is not None and np.allclose(leaf.grad.data, wanted, atol=1e-5), (
        f"the gradient through unfused_gelu {farthest(x, 0 * x if leaf.grad is None else leaf.grad.data, wanted)}: one "
        "of its steps leaves the Tensor operations")

def test_unit_fusion_speedup():
    """Fused and unfused GELU agree; the fused one makes one pass and allocates only its output. Times are only
    printed.
    """
    x = Tensor(np.random.default_rng(4).normal(size=(1000, 1000)).astype(np.float32))
    passes, held = check_both(x)
    check_unfused_gradient(x.data[:3])
    ### BEGIN HIDDEN TESTS
    wide = Tensor(np.linspace(-6, 6, 90_000, dtype=np.float32).reshape(300, 300))
    check_both(wide)
    check_unfused_gradient(wide.data[::50])
    ### END HIDDEN TESTS
    seconds = {f.__name__: best_seconds(lambda: f(x), 3) for f in (fused_gelu, unfused_gelu)}
    for name in passes:
        print(f"{name:13s} {passes[name]} passes, peak {held[name]:.2f} x the output, {seconds[name] * 1e3:6.2f} ms")

test_unit_fusion_speedup()

# %% [markdown]
r"""
## 5. A fusion compiler

You have fused one formula by hand. But every network has its own: a bias, an activation, a scale, a residual. *Graph
optimisation* is to let a program do what you did: look at the operations of a function, and write the kernel. You have
everything that it takes. Lesson 01's door shows the operations, lesson 05's table knows their gradients, and Numba
compiles what is written. The rest is below, and it is short:

1. **record**: call the function with symbols in place of tensors, and note what passes the door;
2. **differentiate**: walk the record backwards with the table of gradient rules, on symbols;
3. **write**: turn the record into the source of one loop, each shared part computed once, and compile it.

### Symbols

A symbol is a Tensor without numbers: an operation on other symbols, an input, or a constant. It has a Tensor's
operators, and it answers NumPy's functions, so that the gradient rules of lesson 05, written for arrays, run on it as
they are. Asked for a number, as by a Python `if`, it has to refuse: all that a Tensor knows of numbers it takes from
`data`.
"""

# %%
#| export
class FusionError(TypeError):
    """A function cannot be made into one kernel; the message says why."""

# %%
#| export
class Symbol(Tensor):
    """What a number inside a kernel is made of: `op` and its `args`, which are symbols, an input's name or a constant.
    """

    def __init__(self, pool: dict, op: str, args: tuple, shape: tuple[int, ...]):
        self.pool, self.op, self.args, self._shape = pool, op, args, shape
        self.requires_grad, self.grad, self._node = False, None, None

    shape = property(lambda self: self._shape)
    dtype = property(lambda self: np.dtype(bool if self.op in _TRUTHS else np.float64))
    ndim = property(lambda self: len(self._shape))
    size = property(lambda self: math.prod(self._shape))

    @property
    def data(self):
        raise FusionError("the function asks for a number (an `if`, float(), item() or .data), and while its kernel is "
                          "written there are none: use where(condition, a, b) to choose, and Tensor operations "
                          "throughout")

    def __array_ufunc__(self, ufunc, method, *args, **options):
        return emit(_FROM_NUMPY.get(ufunc.__name__, ufunc.__name__), *args)

    def __array_function__(self, function, types, args, options):
        return emit(function.__name__, *args)

# %% [markdown]
r"""
`CODE` lists what a kernel can do, and how that is written. `symbol` hands back the same object for the same operation
on the same arguments. This trick is called *hash consing*: a part that occurs twice exists once, and will be computed
once.
"""

# %%
#| export
CODE = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}", "pow": "{} ** {}",
    "exp": "exp({})", "log": "log({})", "sqrt": "sqrt({})", "tanh": "tanh({})", "where": "{1} if {0} else {2}",
    "sigmoid": "real(1) / (real(1) + exp(-{}))", "relu": "real(0) if {0} <= real(0) else {0}",
    "maximum": "{0} if {0} > {1} or {0} != {0} else {1}", "greater": "{} > {}", "greater_equal": "{} >= {}",
    "less": "{} < {}", "less_equal": "{} <= {}", "equal": "{} == {}", "not_equal": "{} != {}",
}
_TRUTHS = frozenset({"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"})
_FROM_NUMPY = {"multiply": "mul", "subtract": "sub", "divide": "div", "negative": "neg", "power": "pow"}

# %%
#| export
def symbol(pool: dict, op: str, *args: Any, shape: tuple[int, ...] = ()) -> Symbol:
    """The one symbol of `pool` for this operation on these arguments; what is made of symbols takes their shape."""
    key = (op, *[id(a) if isinstance(a, Symbol) else repr(a) for a in args])
    if key not in pool:
        shapes = [a.shape for a in args if isinstance(a, Symbol)]
        pool[key] = Symbol(pool, op, args, np.broadcast_shapes(shape, *shapes))
    return pool[key]

# %% [markdown]
r"""
`emit` turns an operation into a symbol. What is constant it computes at once, a power of a half becomes a root, and a
choice that is known is made.
"""

# %%
#| export
def emit(op: str, *args: Any) -> Symbol:
    """The symbol of `op` on symbols and numbers, simplified where that is free."""
    pool = next(a.pool for a in args if isinstance(a, Symbol))
    if op not in CODE:
        raise FusionError(f"{op} cannot be part of a fused kernel: a kernel sees one element of each input at a time, "
                          f"and can do {', '.join(CODE)}. Fuse what stands before it and after it")
    return simplified(op, *[a if isinstance(a, Symbol) else symbol(pool, "constant", captured(a)) for a in args])

# %%
#| export
def captured(x: Any) -> float:
    """A number that the function did not get as an argument."""
    if np.size(x) != 1 or isinstance(x, Tensor) and x.requires_grad:
        raise FusionError(f"the function uses a tensor of shape {np.shape(x)} that is not one of its arguments: pass "
                          "it in")
    return float(x)

# %%
#| export
def simplified(op: str, *args: Symbol) -> Symbol:
    """The symbol of `op` on `args`, or a cheaper one with the same value."""
    known = [a.args[0] if a.op == "constant" else None for a in args]
    a, b, n = args[0], args[-1], known[-1]
    if None not in known:
        return symbol(a.pool, "constant", computed(op, known))
    if op == "relu":
        return emit("where", emit("less_equal", a, 0), 0, a)  # nan is not <= 0, and stays
    if op == "where" and known[0] is not None:
        return args[1] if known[0] else b
    if op == "pow" and n in (-0.5, -1, -2, -3):
        return emit("div", 1, emit("pow", a, -n))
    if op == "pow" and n in (0.5, 1):
        return emit("sqrt", a) if n == 0.5 else a
    return symbol(a.pool, op, *args)

# %%
#| export
def computed(op: str, known: Sequence[float]) -> float:
    """The value of `op` on numbers."""
    space = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "real": np.float64}
    with np.errstate(all="ignore"):
        return float(eval(CODE[op].format(*"abc"), space | dict(zip("abc", map(np.float64, known)))))

# %% [markdown]
r"""
### Recording

The recorder is a layer on the door: for each operation on symbols it emits a symbol, and computes nothing. What has no
place in an elementwise kernel is refused with the reason: a product or a sum needs more than one element at a time.
"""

# %%
#| export
class Recorder(Layer):
    """Turns each operation on symbols into a symbol."""

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        if not any(isinstance(x, Symbol) for x in inputs):
            return super().forward(primitive, inputs, options)  # a number made of numbers
        if primitive.name == "astype" and inputs[0].dtype == bool:
            return emit("where", inputs[0], 1, 0)
        if primitive.name == "fused":
            with self:
                return options["program"].function(*inputs)
        return emit(primitive.name, *inputs)

# %%
#| export
def record(function: Callable, shapes: Sequence[tuple[int, ...]]) -> tuple[list[Symbol], Symbol]:
    """The symbols of `function`'s inputs, of these shapes, and of its result.

    Symbols say that they are float64, so that a number such as 0.044715 is not rounded before the kernel sees it.
    """
    pool: dict = {}
    inputs = [symbol(pool, "input", i, shape=shape) for i, shape in enumerate(shapes)]
    with Recorder():
        out = function(*inputs)
    if not isinstance(out, Symbol) or out.dtype == bool:
        raise FusionError(f"the function returned a {type(out).__name__}, and a kernel makes one tensor from "
                          "its arguments; of a truth make one with where(condition, 1.0, 0.0)")
    if out.shape != np.broadcast_shapes(*shapes):
        raise FusionError(f"the result has shape {out.shape}, the arguments together {np.broadcast_shapes(*shapes)}: "
                          "leave out the argument that is not used")
    return inputs, out

# %% [markdown]
r"""
Try it: the square is made twice and exists once, and the product of two constants is a constant.
"""

# %%
with Recorder():
    x = symbol({}, "input", 0)
    product = emit("mul", symbol(x.pool, "constant", 2.0), 3)
    print((x**2) is (x * x), product.op, product.args)

# %% [markdown]
r"""
### Exercise: differentiate a record

The same walk as in lesson 05, on symbols, and recorded like the function was. `in_order` lists the parts of a symbol,
each after what it is made of. Go through them backwards with what has been collected for each, ask
`RULES[s.op][i](g, s, *s.args)` for the share of argument number i, and add it up. Truths, constants and whatever leads
to no wanted input get no share: `leads` holds the parts that do lead to one.
"""

# %%
#| export
def in_order(*roots: Symbol) -> list[Symbol]:
    """Every part of symbols of one pool, each once, after the parts that it is made of: that is how they were made."""
    made, needed = roots[0].pool.values(), set(roots)
    for s in reversed(made):
        if s in needed:
            needed.update(a for a in s.args if isinstance(a, Symbol))
    return [s for s in made if s in needed]

# %% nbgrader={"solution": true, "grade_id": "expression-gradients"}
#| export
def expression_gradients(out: Symbol, g: Symbol, inputs: Sequence[Symbol]) -> list[Symbol]:
    """The gradients of `out` to `inputs`, as symbols, where that of `out` is `g`; by the table of gradient rules.

    An input that `out` does not depend on gets the constant 0.
    """
    zero = symbol(out.pool, "constant", 0.0)
    parts, collected, leads = in_order(out), {out: g}, set(inputs)
    for s in parts:
        if s.op not in _TRUTHS and any(a in leads for a in s.args):
            leads.add(s)
    ### BEGIN SOLUTION
    for s in reversed(parts):
        if s in leads and s.op != "input":
            for i, a in enumerate(s.args):
                if a in leads:
                    share = RULES[s.op][i](collected[s], s, *s.args)
                    collected[a] = collected[a] + share if a in collected else share
    return [collected.get(s, zero) for s in inputs]
    ### END SOLUTION

# %% [markdown]
r"""
### Broadcast inputs

A bias is one row for all rows. Every input is laid on a grid of rows and columns: it covers the *whole* grid, or is
one *row* of it, one *column*, or a *single* number. In the loop that is the difference between `x[i, j]`, `x[j]`,
`x[i]` and `x[0]`. The grid's columns are as many of the last axes as make this work for all inputs. Where every input
is whole or a single number no columns are needed: all lies in one line, and one index is enough.

A gradient to a row is summed over the rows as the loop goes: SIMD adds to many columns at once. The gradient to a
column or to a single number would have to be summed along the loop, one number at a time. It is handed to lesson 05
whole, which sums what was broadcast.

### Exercise: the place of an input on the grid
"""

# %% nbgrader={"solution": true, "grade_id": "place-of"}
#| export
def place_of(shape: tuple[int, ...], whole: tuple[int, ...], split: int) -> str | None:
    """Where an array of `shape` lies on the grid of shape `whole`, whose axes before `split` are rows and the rest
    columns.

    "whole", "single" (one number), "row" (the same for every row), "column", or None where it is none of these.

    >>> place_of((4,), (2, 3, 4), 2), place_of((2, 3, 1), (2, 3, 4), 2), place_of((3, 1), (2, 3, 4), 2)
    ('row', 'column', None)
    """
    padded = (1,) * (len(whole) - len(shape)) + tuple(shape)
    ### BEGIN SOLUTION
    if padded == whole:
        return "whole"
    if math.prod(padded) == 1:
        return "single"
    if math.prod(padded[:split]) == 1 and padded[split:] == whole[split:]:
        return "row"
    return "column" if padded[:split] == whole[:split] and math.prod(padded[split:]) == 1 else None
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fusion-parts", "points": 8}
_PYTHON = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "real": float}

def value_at(s, values):
    """The number that a symbol gives for these numbers of its inputs."""
    if s.op in ("input", "constant"):
        return values[s.args[0]] if s.op == "input" else s.args[0]
    return eval(CODE[s.op].format(*[f"({value_at(a, values)!r})" for a in s.args]), dict(_PYTHON))

def check_gradients(text, function, values, wanted):
    """The gradients of `function` of two inputs, at `values` and with 0.5 coming in, come out as `wanted`."""
    pool = {}
    x, y, g = (symbol(pool, "input", name) for name in ("x", "y", "g"))
    try:
        with Recorder():
            slopes = expression_gradients(function(x, y), g, [x, y])
    except KeyError as error:
        raise AssertionError(f"{text}: a part was looked up that no gradient has come to, wanted {wanted}: "
                             "begin at the end, where it is known; some inputs nothing leads to") from error
    got = tuple(round(value_at(slope, dict(zip("xyg", (*values, 0.5)))), 6) for slope in slopes)
    assert np.allclose(got, wanted), (
        f"{text} at x, y = {values}, with 0.5 coming in: the gradients are {got}, wanted {wanted}: each use of an "
        "input adds its share, and each part passes on what has come to it")
    return slopes[0]

def test_unit_fusion_parts():
    places = [((2, 3, 4), 1, "whole"), ((3, 4), 1, "row"), ((1, 3, 4), 1, "row"), ((4,), 2, "row"),
              ((2, 1, 1), 1, "column"), ((2, 3, 1), 2, "column"), ((1,), 1, "single"), ((), 2, "single"),
              ((3, 1), 1, None), ((3, 1), 2, None), ((2, 1, 4), 2, None), ((2, 1, 4), 1, None)]
    functions = [("x y + x", lambda x, y: x * y + x, (3.0, 2.0), (1.5, 1.5)),
                 ("2 x", lambda x, y: x * 2, (3.0, 2.0), (1.0, 0.0)),
                 ("x y^2", lambda x, y: x * (y * y), (3.0, 2.0), (2.0, 6.0))]
    grids = [((2, 3, 4), places)]
    ### BEGIN HIDDEN TESTS
    grids += [((5, 2), [((5, 2), 1, "whole"), ((2,), 1, "row"), ((5, 1), 1, "column"), ((1, 1), 1, "single")]),
              ((3, 1, 2), [((3, 1, 1), 1, "column"), ((1, 1, 2), 1, "row"), ((), 1, "single")])]
    functions += [("(x - y) / y", lambda x, y: (x - y) / y, (3.0, 2.0), (0.25, -0.375)),
                  ("(x y)^2 - y", lambda x, y: (x * y) ** 2 - y, (3.0, 2.0), (12.0, 17.5)),
                  ("-y", lambda x, y: -y, (3.0, 2.0), (0.0, -0.5))]
    ### END HIDDEN TESTS
    for whole, rows in grids:
        for shape, split, wanted in rows:
            got = place_of(shape, whole, split)
            assert got == wanted, (
                f"{shape} on the grid {whole} with {split} row axes: got {got!r}, wanted {wanted!r}: compare the row "
                "axes and the column axes with the grid's, each on their own")
    for text, function, values, wanted in functions:
        check_gradients(text, function, values, wanted)
    slope = check_gradients("tanh x", lambda x, y: x.tanh(), (0.0, 1.0), (0.5, 0.0))
    made = [s for s in in_order(slope) if s.op == "tanh"]
    assert len(made) == 1, (
        f"the gradient of tanh x holds {len(made)} of the tanh made so far, wanted 1: a rule takes the output of the "
        "forward pass, and a part that is there is shared, not made again")

test_unit_fusion_parts()

# %%
#| export
def grid_of(shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], int]:
    """The places of inputs of these shapes on their grid, and how many axes are rows: all of them, which makes one
    line, where that will do. Inputs without a common grid are to be broadcast, and are then whole.
    """
    whole = np.broadcast_shapes(*shapes)
    for split in (len(whole), *range(1, len(whole))):
        places = [place_of(shape, whole, split) for shape in shapes]
        if None not in places:
            return places, split
    return ["whole"] * len(shapes), len(whole)

# %% [markdown]
r"""
### Writing the loop

Every part gets a line, inputs are loaded at their place, results stored at theirs. `exp` and `log` need forms that
SIMD can do, as `tanh` did: split the exponent off by arithmetic on the bits, and a short series does the rest.
"""

# %%
#| export
_LOG2_E, _LN2 = np.float32(1 / math.log(2)), np.float32(math.log(2))
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)
_EXP_SERIES = tuple(np.float32(1 / math.factorial(n)) for n in range(7, -1, -1))
_LOG_SERIES = tuple(np.float32(2 / (2 * n + 1)) for n in range(4, -1, -1))
_ROUNDS = np.float32(1.5 * 2**23)  # adding it leaves no room for a fraction
_TOO_LOW, _TOO_HIGH, _NORMAL = np.float32(-87.33654), np.float32(88.7228), np.float32(2.0**-126)
_ZERO, _ONE, _LIFT = np.float32(0), np.float32(1), np.float32(2.0**23)
_INF, _NAN = np.float32(np.inf), np.float32(np.nan)

# %%
#| export
@compiled
def float_exp(x):
    """exp of a float32: 2^n e^r with |r| <= ln(2) / 2, and e^r by its series; results below 2^-126 are 0."""
    v = min(max(x, _TOO_LOW), _TOO_HIGH)
    shifted = v * _LOG2_E + _ROUNDS
    n = shifted - _ROUNDS
    r = (v - n * _LN2_HIGH) - n * _LN2_LOW
    p = _EXP_SERIES[0]
    for i in range(1, 8):
        p = p * r + _EXP_SERIES[i]
    y = _float_of(_bits_of(p) + (_bits_of(shifted) << np.uint32(23)))  # n stands in shifted's last bits
    y = _INF if x > _TOO_HIGH else y
    y = _ZERO if x < _TOO_LOW else y
    return y if x == x else x

# %%
#| export
@compiled
def float_log(x):
    """ln of a float32: e ln 2 + ln m with m near 1, and ln m = 2 artanh((m - 1) / (m + 1)) by its series."""
    v = x * _LIFT if x < _NORMAL else x
    bits = np.uint32(_bits_of(v) - np.uint32(0x3F3504F3))  # the bits of sqrt(1/2)
    e = np.float32(np.int32(np.int32(bits) >> np.int32(23)))
    e = e - np.float32(23) if x < _NORMAL else e
    m = _float_of((bits & np.uint32(0x7FFFFF)) + np.uint32(0x3F3504F3))
    s = (m - _ONE) / (m + _ONE)
    p = _LOG_SERIES[0]
    for i in range(1, 5):
        p = p * (s * s) + _LOG_SERIES[i]
    y = e * _LN2 + s * p
    y = x if x == _INF else y
    y = -_INF if x == _ZERO else y
    return y if x >= _ZERO else _NAN

# %%
#| export
@compiled
def double_exp(x):
    return np.exp(x)


@compiled
def double_log(x):
    return np.log(x)

# %%
#| export
_BLOCK = 64  # rows whose sum may be rounded after each addition
_INDEX = {"whole": "[i, j]", "row": "[j]", "column": "[i]", "single": "[0]", "sum": f"[i // {_BLOCK}, j]"}


def factors_in(s: Symbol) -> int:
    """2, 3 or 4 where `s` is such a power, which is written as a product; 0 for anything else."""
    if s.op != "pow" or s.args[1].op != "constant":
        return 0
    n = s.args[1].args[0]
    return int(n) if n in (2, 3, 4) else 0


def written(s: Symbol, names: dict[Symbol, str], index: Sequence[str]) -> str:
    """The code of a symbol whose arguments have `names`; `index` says where each input is read."""
    if s.op == "constant":
        return f"real({s.args[0]!r})"
    if s.op == "input":
        return f"load(in_{s.args[0]}{index[s.args[0]]})"
    factors = factors_in(s)
    return " * ".join([names[s.args[0]]] * factors) if factors else CODE[s.op].format(*[names[a] for a in s.args])

# %%
#| export
def kernel_source(results: Sequence[Symbol], targets: Sequence[str], places: Sequence[str], in_line: bool) -> str:
    """The source of the loop over a grid of rows and columns, or over a line, which has rows only.

    It computes `results` from the inputs at `places`, each shared part once. A result with target "whole" is stored,
    one with target "sum" added up over the rows, in a row for each _BLOCK of them.
    """
    index = _INDEX | ({"whole": "[i]"} if in_line else {})
    arrays = {f"in_{i}": place for i, place in enumerate(places)} | {f"out_{i}": t for i, t in enumerate(targets)}
    whole = next(name for name, place in arrays.items() if place == "whole")
    loops = [f"def loop({', '.join(arrays)}):", f"    for i in range({whole}.shape[0]):",
             f"        for j in range({whole}.shape[1]):"][:2 if in_line else 3]
    names = {s: f"t{i}" for i, s in enumerate(in_order(*results))}
    lines = [f"{name} = {written(s, names, [index[place] for place in places])}" for s, name in names.items()]
    lines += [f"out_{i}{index[target]} " + (f"+= {names[s]}" if target == "sum" else f"= store({names[s]})")
              for i, (s, target) in enumerate(zip(results, targets))]
    return "\n".join([*loops, *["    " * len(loops) + line for line in lines]])

# %%
#| export
@cache
def compile_kernel(source: str, dtype: str) -> Callable:
    """The compiled loop of `source` for one of the four floating types, by name; compiled once."""
    real, tanh, exp, log = (
        (np.float64, double_tanh, double_exp, double_log) if dtype == "float64" else
        (np.float32, rational_tanh, float_exp, float_log))
    load, store = _CONVERSIONS[dtype]
    space = {"real": real, "tanh": tanh, "exp": exp, "log": log, "sqrt": np.sqrt, "load": load, "store": store,
             "inf": math.inf, "nan": math.nan}
    exec(source, space)
    return compiled(space["loop"])

# %% [markdown]
r"""
A kernel is a compiled loop with all that can be worked out about the arrays before they are there. A large grid is cut
into parts for the threads. What is to be added up over the rows each part adds up for itself; the sums of blocks and
parts are added in float64. For small arrays all this would take longer than the loop, so the most common kernel, with
lines in and one line out, goes a short way.
"""

# %%
#| export
class Kernel:
    """A compiled loop for arrays of certain shapes and one type: the forward of `function`, or with `needs`, and g as
    the last array, the gradients that are wanted.
    """

    def __init__(self, function: Callable, needs: tuple[bool, ...] | None, dtype: np.dtype, shapes: tuple):
        self.whole, self.dtype, self.half = np.broadcast_shapes(*shapes), dtype, is_half(dtype)
        self.places, split = grid_of(shapes)
        inputs, out = record(function, shapes if needs is None else shapes[:-1])
        results, self.targets, self.shapes = [out], ["whole"], [self.whole]
        if needs is not None:
            with Recorder():
                g = symbol(out.pool, "input", len(inputs))
                results = expression_gradients(out, g, [x for x, need in zip(inputs, needs) if need])
            self.targets = ["sum" if place == "row" else "whole" for place, need in zip(self.places, needs) if need]
            self.shapes = [shape for shape, need in zip(shapes, needs) if need]
        lengths = math.prod(self.whole[:split]), math.prod(self.whole[split:])
        self.matrix = lengths if split < len(self.whole) else lengths[:1]
        self.source = kernel_source(results, self.targets, self.places, in_line=len(self.matrix) == 1)
        self.loop = compile_kernel(self.source, dtype.name)
        self.parts = max(1, min(self.matrix[0], math.prod(self.matrix) // _PART))
        fits = self.places.count("whole") == shapes.count(self.whole)  # nothing is to be broadcast
        self.short = fits and len(self.matrix) == len(results) == self.parts == 1

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """A new array for each result: in the kernel's type, or float64 where it is a sum."""
        if self.short:
            out = np.empty(self.whole, self.dtype)
            lines = [array.ravel() for array in (*arrays, out)]
            self.loop(*([line.view(np.uint16) for line in lines] if self.half else lines))
            return [out]
        rows, parts, places = self.matrix[0], min(_num_threads, self.parts), (*self.places, *self.targets)
        sums = (parts, rows // parts // _BLOCK + 2, self.matrix[-1]), np.result_type(self.dtype, np.float32)
        outs = [np.zeros(*sums) if target == "sum" else np.empty(self.whole, self.dtype) for target in self.targets]
        laid = [*map(self.laid, (*arrays, *outs), places)]

        def run(part):
            mine = slice(rows * part // parts, rows * (part + 1) // parts)
            share = {"whole": mine, "column": mine, "sum": part}
            self.loop(*[array[share.get(place, ...)] for array, place in zip(laid, places)])

        in_parts(run, parts)
        return [out.sum(axis=(0, 1), dtype=np.float64).reshape(shape) if target == "sum" else out
                for out, target, shape in zip(outs, self.targets, self.shapes)]

    def laid(self, array: np.ndarray, place: str) -> np.ndarray:
        """The numbers of `array` as the loop finds them at `place`."""
        if place == "whole":
            array = array if array.shape == self.whole else np.broadcast_to(array, self.whole)
            return _flat(array).reshape(self.matrix)
        return array if place == "sum" else _flat(array)

# %% [markdown]
r"""
### fuse

What is left is to keep the kernels: one for each type and each pattern of places, made when it is first needed. For
lesson 05 it is one more primitive with a gradient rule. One loop makes the gradients of all inputs together, so the
rule is a `joint_rule`: a single function, which is told which inputs want one.

A kernel holds the numbers that the function found outside when it was recorded. If such a number changes later, the
kernel would be wrong without a word. So at each call `fuse` looks at the numbers and functions that yours takes from
its globals and its closure, and records anew where one has changed.
"""

# %%
#| export
def of_one_type(inputs: Sequence[Any]) -> list[Tensor]:
    """The inputs as tensors of one floating type, by the rules of arithmetic: a number takes the tensors' type, and two
    different halves meet in float32.
    """
    if len(inputs) == 1:
        return [floating(inputs[0])]
    if not inputs:
        raise FusionError("a fused function needs at least one argument: the tensors that it computes with")
    inputs = [x if isinstance(x, (Tensor, Number)) else Tensor(x) for x in inputs]
    kinds = {x.dtype for x in inputs if isinstance(x, Tensor) and is_floating(x.dtype)}
    dtype = kinds.pop() if len(kinds) == 1 else max({np.dtype(np.float32), *kinds}, key=attrgetter("itemsize"))
    return [x.astype(dtype) if isinstance(x, Tensor) else Tensor(x, dtype) for x in inputs]

# %%
#| export
def outside(function: Any, seen: tuple = ()) -> list[Callable[[], Any]]:
    """Readers of the numbers, tensors and functions of its own file that a function finds in its globals and closure,
    and of what these functions find there.
    """
    if not isinstance(function, FunctionType) or function in seen:
        return []
    spaces, found = function.__globals__, []
    for read in [*[partial(spaces.get, name) for name in function.__code__.co_names],
                 *[partial(getattr, cell, "cell_contents") for cell in function.__closure__ or ()]]:
        value = read()
        inner = value.function if isinstance(value, fuse) else value
        if isinstance(value, (Number, Tensor)):
            found.append(read)
        elif isinstance(inner, FunctionType) and inner.__globals__ is spaces:
            found += [read, *outside(inner, (*seen, function))]
    return found

# %%
#| export
class fuse:
    """`fuse(function)` computes `function`, elementwise Tensor code, in one pass over memory, and its gradients in
    another.

    Arithmetic, powers, exp, log, tanh, sigmoid, sqrt, relu, maximum, where, comparisons and numbers can be fused;
    arguments broadcast. A kernel is written and compiled at the first call for a type and a pattern of shapes. Numbers
    in globals and closures may change, which makes a new kernel: pass what changes often as an argument. Numbers kept
    elsewhere, in an attribute or a list, are read when the kernel is made. Raises FusionError, which says why, where
    the function does anything else. May be used as a decorator.

    >>> fuse(lambda x, b: (x + b).tanh())(Tensor([[0.0, 1.0]]), Tensor([1.0]))
    Tensor([[0.7616, 0.964 ]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Tensor]):
        self.function = function
        self._kernel = lru_cache(maxsize=256)(lambda needs, dtype, shapes, *_: Kernel(function, needs, dtype, shapes))

    def __reduce__(self):  # a copy, or what is pickled, makes its kernels anew
        return fuse, (self.function,)

    def __call__(self, *inputs: Tensor) -> Tensor:
        return apply(FUSED, *of_one_type(inputs), program=self)

    def kernel(self, needs: tuple[bool, ...] | None, arrays: Sequence[np.ndarray]) -> Kernel:
        """The Kernel for such arrays of one type, made when it is first asked for."""
        values = [read() for read in self._outside] if self._outside else ()
        numbers = [x.data.tobytes() if isinstance(x, Tensor) else x for x in values]
        return self._kernel(needs, arrays[0].dtype, tuple([array.shape for array in arrays]), *numbers)

    @cached_property
    def _outside(self) -> list[Callable[[], Any]]:
        return outside(self.function)

# %%
#| export
def _fused_gradients(g: np.ndarray, y: None, *arrays: np.ndarray, program: fuse, needs: Sequence[bool]) -> list:
    arrays = (*arrays, g)
    made = iter(program.kernel(tuple(needs), arrays)(arrays))
    return [next(made) if need else None for need in needs]


FUSED = Primitive("fused", lambda *arrays, program: program.kernel(None, arrays)(arrays)[0])
joint_rule("fused", _fused_gradients)


def operations_in(shapes: Sequence[tuple[int, ...]], output: tuple[int, ...], options: dict) -> int:
    """What a call of a fused function counts for: the operations of its kernel, once for each element."""
    _, out = record(options["program"].function, shapes)
    return sum(max(1, factors_in(s) - 1) for s in in_order(out) if s.op in CODE) * math.prod(output)


flop_rule("fused", operations_in)

# %% [markdown]
r"""
This is what it writes for GELU. The power has become two products; `load` and `store` are the conversions of the type.
"""

# %%
print(fuse(unfused_gelu).kernel(None, [tokens.data]).source)

# %% nbgrader={"grade": true, "grade_id": "test-fuse", "points": 8}
def check_fuse(name, function, inputs):
    """Values and gradients of the fused function are those of the plain one."""
    plain, fused = ([Tensor(t.data, requires_grad=True) for t in inputs] for _ in range(2))
    wanted, got = function(*plain), fuse(function)(*fused)
    assert np.allclose(got.data, wanted.data), (
        f"{name}: the fused values are off by {np.abs(got.data - wanted.data).max():.2g}, wanted the plain ones")
    wanted.sum().backward()
    got.sum().backward()
    for i, (a, b) in enumerate(zip(plain, fused)):
        assert np.allclose(a.grad.data, b.grad.data), (
            f"{name}: the gradient to input {i} begins with {b.grad.data.flat[0]:.4f}, wanted "
            f"{a.grad.data.flat[0]:.4f}: look at expression_gradients, and at place_of for an input that is broadcast")

def test_unit_fuse():
    rng = np.random.default_rng(10)
    x, bias, column = (Tensor(rng.normal(size=shape)) for shape in ((6, 5), (5,), (6, 1)))
    fusable = [
        ("gelu", unfused_gelu, [x]), ("x**3 - 2/x", lambda x: x**3 - 2 / x, [x]),
        ("exp, log, sqrt", lambda x: (x.exp() + 1).log().sqrt(), [x]),
        ("a bias", lambda x, b: (x + b).tanh(), [x, bias]), ("a column", lambda x, c: x * c + c, [x, column]),
        ("where", lambda x, b: where(x > b, x * b, b), [x, bias]), ("maximum", lambda x: x.maximum(0.3) * x, [x]),
    ]
    refused = [("a sum", lambda x: x - x.sum()), ("a choice in Python", lambda x: x if x > 0 else -x),
               ("a product", lambda x: x @ x.T)]
    ### BEGIN HIDDEN TESTS
    fusable += [("a row and a column", lambda r, c: (r - c) * (r - c) * r, [bias, column])]
    refused += [("a mean", lambda x: x * x.mean())]
    ### END HIDDEN TESTS
    for name, function, inputs in fusable:
        check_fuse(name, function, inputs)
    for why, function in refused:
        try:
            fuse(function)(x)
        except FusionError:
            continue
        raise AssertionError(f"{why} was fused, wanted a FusionError: it cannot be computed from one element at a time")

test_unit_fuse()

# %% [markdown]
r"""
So GELU fuses itself. And a chain that nobody has written a kernel for, a bias, GELU, a scale and a residual, costs one
pass too. The first call writes and compiles its kernel; that time is shown as well. Both forms are timed on one thread:
a kernel could use more, NumPy's functions could not.
"""

# %%
def chain(x, bias, residual):
    return residual + 0.5 * unfused_gelu(x + bias)

rng = np.random.default_rng(0)
x, residual = (Tensor(rng.normal(size=(1024, 1024)).astype(np.float32)) for _ in range(2))
bias = Tensor(rng.normal(size=1024).astype(np.float32))

start = time.perf_counter()
fused_chain = fuse(chain)
fused_chain(x, bias, residual)
print(f"written and compiled in {time.perf_counter() - start:.2f} s")

# %%
for name, function in [("chain", chain), ("fused chain", fused_chain)]:
    with Trace() as trace:
        function(x, bias, residual)
    with one_thread():
        seconds = best_seconds(lambda: function(x, bias, residual), 3)
    moved = sum(operation.bytes for operation in trace.operations)
    print(f"{name:12s} {len(trace.operations):2d} passes, {moved / 1e6:5.1f} MB moved, {seconds * 1e3:6.2f} ms")
print("and GELU, by hand and by the compiler:",
      *[f"{best_seconds(lambda: f(x)) * 1e3:.2f} ms" for f in (fused_gelu, fuse(unfused_gelu))])

# %% [markdown]
r"""
### A reduction, by hand

`fuse` refuses a reduction: no element of its result is known before a whole row has been read. Yet every classifier
has one in its loss, the cross-entropy. Lesson 04 goes over the logits again and again (largest, difference,
exponential, sum), and each time all rows pass through memory. By hand we take as many rows as fit into the first cache,
or a single long one, and do all of it while they lie there.

Two steps resist SIMD, which works on many columns at once. A sum of floats depends on its order, so the compiler keeps
ours, one addition after the other, unless we allow `reassoc`: any order will do. The largest of several floats depends
on the order too, where one of them is nan. That of whole numbers does not, and the bits of a float, read as a whole
number, are in order: sign, exponent, fraction. Only the negative ones run backwards, until all their bits but the sign
are turned over.
"""

# %%
#| export
summing = njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


def _sum_of_row(real: type) -> Callable:
    @summing
    def sum_of(rows, i):
        total = real(0)
        for j in range(rows.shape[1]):
            total += rows[i, j]
        return total

    return sum_of

# %%
#| export
def _largest_of_row(real: type, whole: type) -> Callable:
    sign, rest = whole(np.iinfo(whole).bits - 1), whole(np.iinfo(whole).max)

    @compiled
    def largest(bits, i):
        top = whole(-rest)
        for j in range(bits.shape[1]):
            top = max(top, whole(bits[i, j] ^ ((bits[i, j] >> sign) & rest)))
        return whole(top ^ ((top >> sign) & rest)).view(real)

    return largest

# %% [markdown]
r"""
The largest logit of a row, $m$, is subtracted from all of the row before anything else: no exponent is then above 0,
and large logits that lie close together keep their differences, which a sum of them as they are would round away.
"""

# %%
#| export
_BLOCK_SIZE = 1 << 12  # elements, 16 KiB in float32


def _lowering(largest: Callable, whole: type) -> Callable:
    @compiled
    def lowered(rows, out):
        bits = rows.view(whole)
        for i in range(len(rows)):
            top = largest(bits, i)
            for j in range(rows.shape[1]):
                out[i, j] = rows[i, j] - top

    return lowered

# %% [markdown]
r"""
Then the exponentials, in place. A row of ten classes is too short for SIMD, so one loop goes over all numbers of the
block.
"""

# %%
#| export
def _exponentials_of(exp: Callable) -> Callable:
    @compiled
    def exponentials(rows):
        line = rows.reshape(-1)
        for k in range(line.size):
            line[k] = exp(line[k])

    return exponentials

# %% [markdown]
r"""
The loss of a row is the logarithm of the sum of its exponentials less $x_t - m$, where $t$ is the target. Label
smoothing puts the mean of all $x_j - m$ in the place of a share of $x_t - m$. The gradient needs the exponentials
again; they are computed anew, so that nothing but the logits is saved.
"""

# %%
#| export
def _loss_loop(real: type, lowered: Callable, exponentials: Callable, sum_of: Callable, log: Callable) -> Callable:
    @compiled
    def loop(smoothing, rows, targets):
        loss, block = 0.0, max(1, _BLOCK_SIZE // rows.shape[1])
        work = np.empty((block, rows.shape[1]), real)
        for start in range(0, len(rows), block):
            some = work[:min(block, len(rows) - start)]
            lowered(rows[start:start + block], some)
            for i in range(len(some)):
                loss -= (1 - smoothing) * some[i, targets[start + i]]
                if smoothing > 0:
                    loss -= smoothing * sum_of(some, i) / rows.shape[1]
            exponentials(some)
            for i in range(len(some)):
                loss += log(sum_of(some, i))
        return loss

    return loop

# %%
#| export
def _loss_gradient_loop(real: type, lowered: Callable, exponentials: Callable, sum_of: Callable) -> Callable:
    @compiled
    def loop(smoothing, share, rows, targets, out):
        block, less = max(1, _BLOCK_SIZE // rows.shape[1]), real(share * smoothing / rows.shape[1])
        for start in range(0, len(rows), block):
            stop = min(start + block, len(rows))
            lowered(rows[start:stop], out[start:stop])
            exponentials(out[start:stop])
            for i in range(start, stop):
                scale = share / sum_of(out, i)
                for j in range(rows.shape[1]):
                    out[i, j] = out[i, j] * scale - less
                out[i, targets[i]] -= share * (1 - smoothing)

    return loop

# %% [markdown]
r"""
The rest is as for GELU: the loops for a type, the rows shared out among threads, and an operation with its gradient
rule.
"""

# %%
#| export
@cache
def cross_entropy_loops(dtype: np.dtype) -> tuple[Callable, Callable]:
    """The compiled loops for float32 or float64: the sum of the rows' losses, and the gradient to all logits.

    TypeError for any other type.
    """
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"cross-entropy has loops for float32 and float64, not for {dtype}: use astype first")
    real, whole, exp, log = (
        (np.float64, np.int64, double_exp, double_log) if dtype == np.float64 else
        (np.float32, np.int32, float_exp, float_log))
    steps = _lowering(_largest_of_row(real, whole), whole), _exponentials_of(exp), _sum_of_row(real)
    return _loss_loop(real, *steps, log), _loss_gradient_loop(real, *steps)

# %%
#| export
def _in_rows(loop: Callable, logits: np.ndarray, targets: np.ndarray, *others: np.ndarray) -> list:
    rows = np.ascontiguousarray(logits).reshape(targets.size, -1)
    parts = min(_num_threads, max(1, rows.size // _PART), len(rows))
    return in_slices(loop, [rows, targets.reshape(-1), *others], parts)

# %%
#| export
@np.errstate(over="ignore")
@in_float32
def _loss_forward(logits: np.ndarray, targets: np.ndarray, label_smoothing: float) -> np.ndarray:
    real, loop = logits.dtype.type, cross_entropy_loops(logits.dtype)[0]
    return real(sum(_in_rows(partial(loop, float(label_smoothing)), logits, targets)) / targets.size)


@in_float32
def _loss_backward(g: np.ndarray, y: None, logits: np.ndarray, targets: np.ndarray, label_smoothing: float):
    real, out = logits.dtype.type, np.empty((targets.size, logits.shape[-1]), logits.dtype)
    loop = partial(cross_entropy_loops(logits.dtype)[1], real(label_smoothing), real(g / targets.size))
    _in_rows(loop, logits, targets, out)
    return out.reshape(logits.shape)

# %%
#| export
FUSED_CROSS_ENTROPY = Primitive("fused_cross_entropy", _loss_forward)
gradient_rule("fused_cross_entropy", _loss_backward)
flop_rule("fused_cross_entropy", per_input(5))


def fused_cross_entropy(logits: Tensor, targets: Any, label_smoothing: float = 0.0) -> Tensor:
    """`cross_entropy` of lesson 04, with the same arguments, rules and errors, in one compiled pass over the rows.

    >>> fused_cross_entropy(Tensor([[0.0, 0.0], [0.0, 0.0]]), [0, 1])
    Tensor(0.6931, dtype=float32)
    """
    check_share(label_smoothing)
    logits = floating(logits)
    targets = wrap(class_indices(targets, logits.shape))
    return apply(FUSED_CROSS_ENTROPY, logits, targets, label_smoothing=label_smoothing)

# %% [markdown]
r"""
Lesson 04 is the reference: the same loss, the same gradient, and what each takes for short rows and long ones, on one
thread.
"""

# %%
def loss_and_gradient(loss_fn, smoothing):
    rng = np.random.default_rng(4)
    logits = Tensor(rng.normal(size=(64, 1000)).astype(np.float32), requires_grad=True)
    loss = loss_fn(logits, rng.integers(1000, size=64), smoothing)
    loss.backward()
    return loss.item(), logits.grad.data

for smoothing in (0.0, 0.1):
    (loss, gradient), (wanted, theirs) = (loss_and_gradient(f, smoothing) for f in (fused_cross_entropy, cross_entropy))
    print(f"label smoothing {smoothing}: {loss:.6f}, lesson 04 {wanted:.6f}; "
          f"the gradients are at most {np.abs(gradient - theirs).max():.1e} apart")

# %%
for shape in ((64, 10), (64, 1000), (64, 32000)):
    x = Tensor(np.random.default_rng(5).normal(size=shape).astype(np.float32), requires_grad=True)
    targets = np.arange(64) % shape[1]
    with one_thread():
        times = [best_seconds(lambda: f(x, targets).backward()) * 1e6 for f in (cross_entropy, fused_cross_entropy)]
    print(f"{shape[0]} rows of {shape[1]:5d}: lesson 04 takes {times[0]:7.0f} us for loss and gradient, "
          f"one kernel each {times[1]:6.0f} us")

# %% [markdown]
r"""
## 6. Half precision

A 16-bit float takes half the memory of a 32-bit one, and half the time to travel. It has its price in range and in
steps: float16 has 5 bits of exponent and 10 of fraction, bfloat16 keeps float32's 8 bits of exponent and is left with
7 of fraction.
"""

# %%
import ml_dtypes

@dataclass(frozen=True)
class Range:
    type: str
    largest: float = column("largest", ".5g")
    normal: float = column("smallest normal", ".3g")
    subnormal: float = column("smallest", ".3g")
    step: float = column("step at 1", ".3g")

def range_of(dtype):
    info = ml_dtypes.finfo(as_dtype(dtype))
    return Range(dtype, float(info.max), float(info.smallest_normal), float(info.smallest_subnormal), float(info.eps))

print(table([range_of(name) for name in ("float16", "bfloat16", "float32")]))

# %% [markdown]
r"""
The square of a few hundred overflows in float16. A kernel that loads halves, computes in float32 and rounds once, at
the end, has no such limit in between:
"""

# %%
large, root_of_square = Tensor([300.0], dtype="float16"), lambda x: (x * x).sqrt()
with np.errstate(over="ignore"):
    print(f"float16, sqrt(x x) at 300: step by step {root_of_square(large).item()}, "
          f"in one kernel {fuse(root_of_square)(large).item()}")

# %% [markdown]
r"""
Steps are the other half of the price: what is smaller than half a step is lost.
"""

# %%
def ones_one_by_one(kind, count=5000):
    total, one = kind(0), kind(1)
    for _ in range(count):
        total = kind(total + one)
    return total

for kind in (np.float16, ml_dtypes.bfloat16, np.float32):
    print(f"{kind.__name__:8s} 1 + 0.0001 = {float(kind(kind(1) + kind(1e-4))):.7g}; "
          f"5000 ones, added one by one: {float(ones_one_by_one(kind)):g}")

# %%
for gradient in (1e-5, 1e-7, 1e-8):
    print(f"a gradient of {gradient:g} in float16: {float(np.float16(gradient)):.3g}; "
          f"scaled by 1024 first and divided after: {float(np.float16(gradient * 1024)) / 1024:.3g}")

# %% [markdown]
r"""
So a weight of 1 never notices an update of 0.0001. A sum sticks where the next number is less than half a step: at
2048 the halves lie 2 apart, and 2048 + 1 is 2048 again. And a gradient of $10^{-8}$ is gone, unless it was scaled up
before it was rounded. Mixed precision is the recipe that follows (Micikevicius et al. 2018, arXiv:1710.03740):

1. the *master* weights stay in float32, so that small updates count;
2. the forward pass casts to half where that is safe, and keeps its activations in half;
3. products and sums of halves are added up in float32;
4. the loss is scaled up before the backward pass, and the gradients are scaled down after it, in float32.

### Where is half safe?

A product of halves, added up in float32, loses little: products and linear layers take halves. Exponentials, powers,
long sums, norms and losses run in float32. Everything else takes what comes. These are the rules of `torch.autocast`
on a GPU; on a CPU PyTorch leaves softmax, layer norm, exp, pow and sum in the input's type, which saves memory and
costs precision. Ours are the same everywhere.
"""

# %%
#| export
HALF_OPERATIONS = frozenset({"matmul", "vectorized_matmul", "linear"})
FLOAT32_OPERATIONS = frozenset({
    "exp", "log", "pow", "sum", "softmax", "log_softmax", "layer_norm", "mse_loss", "bce_with_logits", "cross_entropy",
    "fused_cross_entropy"})

# %% [markdown]
r"""
### Exercise: the casting rule

`float64` is left alone: whoever asked for it wants it. So is everything that is not a floating type, such as class
indices.
"""

# %% nbgrader={"solution": true, "grade_id": "autocast-type"}
#| export
def autocast_type(operation: str, dtype: np.dtype, half: np.dtype) -> np.dtype:
    """The type in which `operation` takes an input of type `dtype`, where products run in `half`.

    >>> autocast_type("matmul", np.dtype("float32"), np.dtype("float16"))
    dtype('float16')
    >>> autocast_type("softmax", np.dtype("float16"), np.dtype("float16"))
    dtype('float32')
    >>> autocast_type("add", np.dtype("float16"), np.dtype("float16"))
    dtype('float16')
    """
    ### BEGIN SOLUTION
    if dtype == np.float64 or not is_floating(dtype):
        return dtype
    if operation in HALF_OPERATIONS:
        return half
    return np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype
    ### END SOLUTION

# %% [markdown]
r"""
`autocast` puts the rule on the door: a layer casts the inputs and lets the operation go on. The cast is an operation
too, so it is recorded, and its gradient rule casts back: a weight's gradient arrives in the weight's own type,
`float32`.

Query, key and value of an attention are three products of the same activations, and a weight may be used twice. One
half copy will do for all of them. So the copy of an array is remembered, weakly: it lives as long as a graph holds it,
and it is forgotten where the array goes or the outermost autocast ends. (PyTorch remembers copies of weights only, and
holds them to the end of the block.) What asks for no gradient, such as a batch in a buffer that you fill anew, is
rounded each time.
"""

# %%
#| export
class _AutocastState(threading.local):
    def __init__(self):
        self.blocks: list[np.dtype | None] = [None]  # the half outside, and of each block, the innermost last
        self.copies: dict[tuple[int, np.dtype], tuple[ref, ref]] = {}


_autocast = _AutocastState()


def half_copy(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` in a half type: the copy that was made before, where that is still alive and autocast went on."""
    copies, key = _autocast.copies, (id(array), dtype)
    copy = copies[key][1]() if key in copies else None
    if copy is None:
        copy = cast_array(array, dtype)
        copies[key] = ref(array, lambda gone: copies.pop(key, None)), ref(copy)
    return copy


HALF_COPY = Primitive("astype", half_copy, "nothing")

# %% [markdown]
r"""
One more thing can be saved. A softmax runs in float32 and keeps its result for the backward pass. In an attention that
result goes into a product, so it is rounded to half, and the product keeps the rounded one. Two copies of one array:
let the softmax keep the rounded one too. Its numbers lie between 0 and 1, so none overflows, and its gradient comes
through the product, which has seen only the rounded ones. Norms keep their float32 inputs: a residual stream may grow
beyond 65504.
"""

# %%
#| export
KEPT_IN_HALF = frozenset({"softmax"})


def _cast(x: Tensor, dtype: np.dtype) -> Tensor:
    if x.dtype == dtype:
        return x
    if not (is_half(dtype) and x.requires_grad):
        return x.astype(dtype)
    copy, node = apply(HALF_COPY, x, dtype=dtype), x._node
    if node is not None and node.primitive.name in KEPT_IN_HALF and node.output is not None:
        node.output = copy.data
    return copy

# %%
#| export
class _Casting(Layer):
    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        half, kinds = _autocast.blocks[-1], [x.dtype for x in inputs]
        if half is not None and np.float64 not in kinds:
            inputs = [_cast(x, autocast_type(primitive.name, kind, half)) for x, kind in zip(inputs, kinds)]
        return apply(primitive, *inputs, **options)

# %%
#| export
class autocast(ContextDecorator):
    """Within the block, on this thread, products run in `dtype` ("float16" or "bfloat16") and sensitive operations in
    float32.

    Blocks nest, the innermost counts; `enabled=False` switches casting off inside another block. Put the forward pass
    and the loss inside, and the backward pass after it. One object serves for any number of blocks, and decorates
    functions. The rules are those of torch.autocast on CUDA.
    """

    def __init__(self, dtype: Any = "float16", enabled: bool = True):
        half = as_dtype(dtype)
        if not is_half(half):
            raise ValueError(f"autocast works in float16 or bfloat16, not in {half}")
        self._half, self._casting = half if enabled else None, _Casting()

    def __enter__(self) -> None:
        if len(_autocast.blocks) == 1:
            self._casting.__enter__()
        _autocast.blocks.append(self._half)

    def __exit__(self, *exception) -> None:
        _autocast.blocks.pop()
        if len(_autocast.blocks) == 1:
            self._casting.__exit__(*exception)
            _autocast.copies.clear()

# %% nbgrader={"grade": true, "grade_id": "test-autocast", "points": 8}
def test_unit_autocast():
    f16, bf16, f32, f64, i64 = (as_dtype(k) for k in ("float16", "bfloat16", "float32", "float64", "int64"))
    rows = [
        ("matmul", f32, f16, f16), ("linear", f32, bf16, bf16), ("linear", f16, bf16, bf16), ("linear", f64, f16, f64),
        ("cross_entropy", f16, f16, f32), ("cross_entropy", i64, f16, i64), ("softmax", bf16, bf16, f32),
        ("exp", f32, f16, f32), ("mul", f16, f16, f16), ("mul", f32, f16, f32), ("relu", bf16, bf16, bf16),
        ("sum", f64, f16, f64), ("matmul", i64, f16, i64),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [
        ("matmul", bf16, f16, f16), ("linear", i64, bf16, i64), ("matmul", f64, bf16, f64), ("log", f16, f16, f32),
        ("layer_norm", bf16, f16, f32), ("pow", i64, f16, i64), ("tanh", f32, bf16, f32), ("add", bf16, f16, bf16),
        ("mse_loss", f64, bf16, f64), ("relu", f64, f16, f64),
    ]
    ### END HIDDEN TESTS
    for operation, dtype, half, wanted in rows:
        got = autocast_type(operation, dtype, half)
        assert got == wanted, (
            f"{operation} takes {dtype} as {got} under autocast({half}), wanted {wanted}: read the three rules again")
    w = Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    x = Tensor(np.ones((4, 3), np.float32))
    with autocast("float16"):
        y = fused_gelu(x @ w)
        with autocast("bfloat16"):
            inner = x @ w
        with autocast(enabled=False):
            off = x @ w
        total = y.sum()
    assert (y.dtype, inner.dtype, off.dtype, total.dtype) == (f16, bf16, f32, f32), (
        f"gelu of a product, one inside bfloat16, one with casting off, a sum: {y.dtype}, {inner.dtype}, {off.dtype}, "
        f"{total.dtype}, wanted float16, bfloat16, float32, float32")
    total.backward()
    assert w.grad.dtype == f32, f"the weight's gradient came back in {w.grad.dtype}, wanted float32, the weight's type"
    assert (x @ w).dtype == f32, f"after the block a product gave {(x @ w).dtype}, wanted float32: autocast went on"

test_unit_autocast()

# %% [markdown]
r"""
What does it save? The activations that wait for the backward pass, counted by lesson 14's `saved_bytes`. The half
copies of the weights are told apart: they are the price. Beside the count stands what `tracemalloc` says is held. Two
networks: a deep one of linear layers and GELU, which can keep everything in half, and a block of a transformer, whose
norms and softmax run in float32.
"""

# %%
class Attention(Module):
    def __init__(self, width, heads):
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.key, self.value, self.out = (Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, x):
        q, k, v = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        mixed = softmax(q * self.scale @ k.transpose()) @ v
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

# %%
class PreNormBlock(Module):
    def __init__(self, width, heads, hidden):
        self.norm1, self.attention = LayerNorm(width), Attention(width, heads)
        self.norm2, self.mlp = LayerNorm(width), Sequential(Linear(width, hidden), fused_gelu, Linear(hidden, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))

# %%
@dataclass(frozen=True)
class HeldRow:
    network: str
    precision: str
    activations: int = column("activations KiB", ",.0f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.0f", 1 / 1024)
    seen: int = column("tracemalloc KiB", ",.0f", 1 / 1024)
    percent: float = column("activations, % of float32", ".1f")

def running_in(precision):
    return nullcontext() if precision == "float32" else autocast(precision)

# %%
def held(net, numbers, precision):
    net(Tensor(numbers))
    with running_in(precision):
        tracemalloc.start()
        out = net(Tensor(numbers.copy()))
        seen = tracemalloc.get_traced_memory()[0] - out.data.nbytes
        tracemalloc.stop()
    return saved_bytes(out, net.parameters()), seen

def held_rows(name, net, numbers):
    found = {kind: held(net, numbers, kind) for kind in ("float32", "float16", "bfloat16")}
    full = found["float32"][0].activations
    return [HeldRow(name, kind, saved.activations, saved.weight_copies, seen, 100 * saved.activations / full)
            for kind, (saved, seen) in found.items()]

# %%
manual_seed(0)
deep = Sequential(*[part for _ in range(6) for part in (Linear(256, 256), fused_gelu)], Linear(256, 10))
attending = PreNormBlock(256, heads=4, hidden=1024)
batch = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))
rows = held_rows("deep", deep, batch.data) + held_rows("block", attending, batch.data.reshape(8, 64, 256))
print(table(rows, "Saved for the backward pass"))

# %% [markdown]
r"""
The block keeps more than half, because both norms save their float32 inputs. And what does it cost in precision? Here
are all gradients of the block as one long vector: how far the one of mixed precision is from that of float32, against
its length. The loss is scaled, as the next section explains.
"""

# %%
def gradient_of(net, numbers, precision):
    net.zero_grad()
    with running_in(precision):
        y = net(Tensor(numbers))
        loss = (y * y).mean()
    (loss * 1024).backward()
    return np.concatenate([p.grad.data.ravel() for p in net.parameters()])

wanted = gradient_of(attending, batch.data.reshape(8, 64, 256), "float32")
for kind in ("float16", "bfloat16"):
    error = np.linalg.norm(gradient_of(attending, batch.data.reshape(8, 64, 256), kind) - wanted)
    print(f"{kind:9s} off by {error / np.linalg.norm(wanted):.1e}; "
          f"the step at 1 is {float(ml_dtypes.finfo(as_dtype(kind)).eps):.1e}")

# %% [markdown]
r"""
And the time? A GPU's tensor cores multiply halves several times as fast as floats. BLAS knows no halves, and NumPy
multiplies them one number at a time. So our product widens the halves and multiplies in float32: that is what a tensor
core computes, up to the order of the sums, and it costs what float32 costs, with the casts on top. What can gain is
what memory limits, for it moves half the bytes: below, a kernel that reads a number, scales and shifts it, and writes
it. GELU stands between the two: half the bytes as well, but more to compute for each, the conversions among it.
"""

# %%
halves = Tensor(np.random.default_rng(0).random((192, 192)), dtype="float16")
for name, function in [("NumPy", lambda: halves.data @ halves.data), ("Tensor", lambda: halves @ halves)]:
    with one_thread():
        rate = 2 * 192**3 / best_seconds(function, 2)
    print(f"float16 product of 192 x 192 by {name}: {rate / 1e9:.2f} GFLOP/s")

# %%
wide = Tensor(np.random.default_rng(0).random((2048, 4096), dtype=np.float32) - 0.5)
kernel, scaled = Tensor(np.ones((4096, 64), np.float32)), fuse(lambda x: 0.5 * x + 1.0)
with one_thread(), no_grad():
    for kind in ("float32", "bfloat16", "float16"):
        x, w = wide.astype(kind), kernel.astype(kind)
        ms = [best_seconds(f, 3) * 1e3 for f in (lambda: x @ w, lambda: fused_gelu(x), lambda: scaled(x))]
        print(f"{kind:9s} product {ms[0]:5.1f} ms, GELU {ms[1]:5.1f} ms, scale and shift {ms[2]:5.1f} ms")

# %% [markdown]
r"""
## 7. Loss scaling

Scale the loss by S and, by the chain rule, every gradient is S times as large: what would have vanished in float16
does not. Divide by S in float32 before the update, and nothing else has changed. How large should S be? As large as it
can be without overflow, and that changes as training goes on. So let it find out (*dynamic* loss scaling):

- a gradient that is inf or nan: skip this step, halve S, start counting anew;
- 2,000 good steps in a row: double S, start counting anew;
- never below a floor: halved again and again the scale would end at 0, and 0 times inf is nan; never above a ceiling.

### Exercise: unscale

The check comes *after* the division. Then it sees an overflow, and it also sees the nan of an inf times a 0. Go
through all gradients even when the first is bad: half of them scaled and half not would be a trap for whoever looks at
them next.
"""

# %% nbgrader={"solution": true, "grade_id": "unscale"}
#| export
def unscale(gradients: Iterable[Tensor], scale: float) -> bool:
    """Divide every gradient by `scale`; return whether any number in any of them is then inf or nan.

    Raises ValueError for a half-precision gradient: master weights, and so their gradients, are float32.

    >>> g = Tensor([1024.0, 2048.0])
    >>> unscale([g], 1024.0), g
    (False, Tensor([1., 2.], dtype=float32))
    """
    gradients = list(gradients)
    half = next((g.dtype for g in gradients if is_half(g.dtype)), None)
    if half is not None:
        raise ValueError(
            f"cannot unscale {half} gradients: keep the model's parameters (the master weights) in float32 and let "
            "autocast make the half copies")
    inverse = 1 / scale if scale else math.inf
    ### BEGIN SOLUTION
    found_inf = False
    for g in gradients:
        with np.errstate(all="ignore"):
            g.data = g.data * inverse
        found_inf = found_inf or not np.isfinite(g.data).all()
    return found_inf
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: the next scale
"""

# %% nbgrader={"solution": true, "grade_id": "next-scale"}
#| export
def next_scale(
    scale: float, tracker: int, found_inf: bool, *, growth_factor: float = 2.0, backoff_factor: float = 0.5,
    growth_interval: int = 2000, min_scale: float = 1.0, max_scale: float = 65536.0,
) -> tuple[float, int]:
    """The scale and the count of good steps after a step that did, or did not, find an inf or nan.

    After a bad step the scale is multiplied by `backoff_factor`, not below `min_scale` (a smaller one stays), and the
    count is 0. After a good one the count goes up; where it reaches `growth_interval` the scale is multiplied by
    `growth_factor`, not above `max_scale`, and the count is 0. A scale that would be infinite in float32 is kept. As
    torch.amp.GradScaler, with a floor and a ceiling.

    >>> next_scale(4.0, 1, False, growth_interval=2), next_scale(4.0, 1, True)
    ((8.0, 0), (2.0, 0))
    """
    ### BEGIN SOLUTION
    if found_inf:
        return min(scale, max(min_scale, scale * backoff_factor)), 0
    if tracker + 1 < growth_interval:
        return scale, tracker + 1
    grown = min(max_scale, scale * growth_factor)
    return (grown if grown <= float(np.finfo(np.float32).max) else scale), 0
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-loss-scale", "points": 8}
def check_unscale(given, scale, wanted, bad, idea):
    """Unscale gradients of these numbers: what they become (where they stay finite), and whether one was bad."""
    gradients = [Tensor(numbers) for numbers in given]
    found = unscale(gradients, scale)
    what = f"unscale({given}, {scale})"
    assert found == bad, f"{what} returned {found}, wanted {bad}: {idea}"
    for g, row in zip(gradients, wanted):
        assert g.dtype == np.float32, f"{what} left a gradient in {g.dtype}, wanted float32: its type must not change"
        assert np.allclose(g.data, row, rtol=1e-5, atol=0, equal_nan=True), (
            f"{what} left {g.data} in one of them, wanted {row}: divide every gradient by the scale, in float32")

def test_unit_loss_scale():
    inf, nan = math.inf, math.nan
    rows = [
        ([[512, -2048]], 512.0, [[1, -4]], False, "finite gradients are no overflow"),
        ([[1.0], [3e38, 3e38]], 1.0, [[1], [3e38, 3e38]], False, "each is finite, though not their sum: look at each"),
        ([[1e-7]], 8.0, [[1.25e-8]], False, "finite gradients are no overflow"),
        ([[inf, 1.0], [256.0]], 128.0, [[inf, 1 / 128], [2]], True, "one inf in the first of two gradients is enough"),
        ([[0.0, 1.0]], 0.0, [[nan, inf]], True, "a scale of 0 makes 0 * inf of a 0: look after the division too"),
        ([[1.0], [2.0], [nan]], 2.0, [[0.5], [1], [nan]], True, "a nan in the last gradient counts"),
        ([[1.0, -inf]], 2.0, [[0.5, -inf]], True, "-inf is an overflow too"),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [
        ([[3.0], [-9.0, 6.0]], 0.75, [[4], [-12, 8]], False, "finite gradients are no overflow"),
        ([[5.0], [nan, 2.0], [inf], [10.0]], 5.0, [[1], [nan, 0.4], [inf], [2]], True, "bad ones in the middle count"),
        ([[-3e38, -3e38], [4e-8]], 4.0, [[-7.5e37, -7.5e37], [1e-8]], False, "each of the numbers is finite"),
        ([[0.0]], 0.0, [[nan]], True, "a scale of 0 makes 0 * inf of a 0"),
        ([], 2.0, [], False, "where there is no gradient there is no overflow"),
    ]
    ### END HIDDEN TESTS
    for row in rows:
        check_unscale(*row)

test_unit_loss_scale()

# %% nbgrader={"grade": true, "grade_id": "test-next-scale", "points": 6}
def check_path(scale, found, wanted, **settings):
    """The states that `next_scale` goes through from a scale, for steps that were bad (True) or good."""
    path, state = [], (scale, 0)
    for found_inf in found:
        state = next_scale(*state, found_inf, **settings)
        path.append(state)
    assert path == wanted, (
        f"from {scale} with {settings}, steps {' '.join('bad' if bad else 'good' for bad in found)}: scale and count "
        f"went\n{path}, wanted\n{wanted}: what resets the count, and where are the floor and the ceiling?")

def check_one(scale, tracker, found_inf, wanted, idea, **settings):
    got = next_scale(scale, tracker, found_inf, **settings)
    assert got == wanted, (
        f"next_scale({scale}, {tracker}, {found_inf}) with {settings} gave {got}, wanted {wanted}: {idea}")

def test_unit_next_scale():
    check_path(4.0, [False] * 3 + [True] * 4 + [False] * 2,
               [(4, 1), (8, 0), (8, 1), (4, 0), (2, 0), (1, 0), (1, 0), (1, 1), (2, 0)],
               growth_interval=2, max_scale=8.0)
    check_one(8.0, 1, False, (8.0, 0), "the scale stays at the ceiling, and the count starts anew",
              growth_interval=2, max_scale=8.0)
    check_one(64.0, 9, False, (128.0, 0), "the interval was lowered below the count: grow now", growth_interval=5)
    factors = {"growth_factor": 3.0, "backoff_factor": 0.25, "growth_interval": 1, "min_scale": 0.5}
    check_one(10.0, 0, True, (2.5, 0), "by which factor does it fall?", **factors)
    check_one(10.0, 0, False, (30.0, 0), "by which factor does it grow?", **factors)
    check_one(0.5, 3, True, (0.25, 0), "the floor is what min_scale says", min_scale=0.25)
    check_one(0.25, 1, True, (0.25, 0), "a scale below the floor stays where it is: an overflow never raises it")
    check_one(2.0**127, 0, False, (2.0**127, 0), "2^128 is infinite in float32, and such a scale is not taken",
              growth_interval=1, max_scale=math.inf)
    ### BEGIN HIDDEN TESTS
    check_path(100.0, [True, False, False, False, True, False],
               [(10, 0), (10, 1), (10, 2), (40, 0), (5, 0), (5, 1)],
               growth_factor=4.0, backoff_factor=0.1, growth_interval=3, min_scale=5.0)
    check_one(3.0, 1999, False, (6.0, 0), "the interval is 2000 where nothing is said")
    check_one(3.0, 1998, False, (3.0, 1999), "the interval is 2000 where nothing is said")
    check_one(50000.0, 0, False, (65536.0, 0), "the ceiling is 65536 where nothing is said", growth_interval=1)
    check_one(0.125, 5, True, (0.125, 0), "a scale below the floor stays where it is", min_scale=2.0)
    half = float(np.finfo(np.float32).max) / 2
    check_one(half, 0, False, (2 * half, 0), "the largest float32 is finite", growth_interval=1, max_scale=math.inf)
    ### END HIDDEN TESTS

test_unit_next_scale()

# %% [markdown]
r"""
### GradScaler: the parts, for your own loop

PyTorch's interface, for loops that clip gradients, accumulate them or drive several optimizers. It keeps what the two
functions need and guards the order of the calls: unscaling twice would divide twice, and stepping twice would use the
same gradients again. `step` says whether the step was taken, which PyTorch's does not.
"""

# %%
#| export
class GradScaler:
    """Dynamic loss scaling with the interface of torch.amp.GradScaler, a floor, a ceiling, and a `step` that tells.

    Call `scale(loss).backward()`, then for each optimizer, if the gradients are needed in between,
    `unscale_(optimizer)`, then `step(optimizer)`, and `update()` once at the end. Optimizers have `param_groups`, as
    in lesson 06. An overflow in the backward pass is an ordinary event, of which NumPy warns:
    `np.errstate(over="ignore", invalid="ignore")` round it keeps NumPy silent.
    """

    def __init__(
        self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, min_scale: float = 1.0, max_scale: float = math.inf, enabled: bool = True,
    ):
        self._set(init_scale, 0, growth_factor, backoff_factor, growth_interval, min_scale, max_scale)
        self.enabled = enabled
        self._found: dict[Any, bool] = {}
        self._stepped: set[Any] = set()

    def _set(
        self, loss_scale: float, growth_tracker: int, growth_factor: float, backoff_factor: float,
        growth_interval: int, min_scale: float, max_scale: float,
    ) -> None:
        if not (growth_factor > 1 and 0 < backoff_factor < 1 and growth_interval >= 1 and min_scale <= max_scale):
            raise ValueError(
                "growth_factor > 1, 0 < backoff_factor < 1, growth_interval >= 1 and min_scale <= max_scale are "
                f"needed, got {growth_factor}, {backoff_factor}, {growth_interval}, {min_scale} and {max_scale}")
        if not 0 < loss_scale < math.inf:
            raise ValueError(f"a loss scale is a number above 0, got {loss_scale}")
        self.loss_scale, self.growth_tracker = loss_scale, growth_tracker
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.min_scale, self.max_scale = min_scale, max_scale

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the current scale, in float32 at least, its graph attached."""
        if not isinstance(loss, Tensor):
            raise TypeError(f"scale() wants the loss as a Tensor, for its graph; got a {type(loss).__name__}")
        if not self.enabled:
            return loss
        with np.errstate(over="ignore"):
            return (loss.astype(np.float32) if is_half(loss.dtype) else loss) * self.loss_scale

    def adapt(self, found_inf: bool) -> None:
        """Set the scale and the tracker for what was found, whatever was called before."""
        self.loss_scale, self.growth_tracker = next_scale(
            self.loss_scale, self.growth_tracker, found_inf,
            growth_factor=self.growth_factor, backoff_factor=self.backoff_factor, growth_interval=self.growth_interval,
            min_scale=self.min_scale, max_scale=self.max_scale)

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, once between two updates."""
        if not self.enabled:
            return
        if optimizer in self._found:
            raise RuntimeError("unscale_() was called on this optimizer before, or step() was: call update() first")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            raise RuntimeError(
                "no gradient was recorded for this optimizer: was scale(loss).backward() called, and does the loss "
                "depend on its parameters? An output made with Tensor(x.data) or detach() cuts the trail")
        self._found[optimizer] = unscale(gradients, self.loss_scale)

    def step(self, optimizer: Any) -> bool:
        """Unscale, if that was not done, and call `optimizer.step()` unless a gradient was inf or nan; whether it was
        called.
        """
        if self.enabled:
            if optimizer in self._stepped:
                raise RuntimeError("step() was called on this optimizer before: call update() between two steps")
            if optimizer not in self._found:
                self.unscale_(optimizer)
            self._stepped.add(optimizer)
        if self._found.get(optimizer, False):
            return False
        optimizer.step()
        return True

    def update(self) -> None:
        """Adapt the scale to what all optimizers found since the last update."""
        if not self.enabled:
            return
        if not self._found:
            raise RuntimeError("update() before any unscale_() or step(): there is nothing to adapt to")
        self.adapt(any(self._found.values()))
        self._found, self._stepped = {}, set()

    def get_scale(self) -> float:
        """The current scale; 1 where scaling is off."""
        return self.loss_scale if self.enabled else 1.0

    def state_dict(self) -> dict[str, float | int]:
        """What must be kept to go on later, under torch.amp.GradScaler's names, and the floor and the ceiling."""
        return {
            "scale": self.loss_scale, "growth_factor": self.growth_factor, "backoff_factor": self.backoff_factor,
            "growth_interval": self.growth_interval, "_growth_tracker": self.growth_tracker,
            "min_scale": self.min_scale, "max_scale": self.max_scale}

    def load_state_dict(self, state: dict[str, float | int]) -> None:
        """Go on from a `state_dict()`, this class's or torch's. Where a key is missing or a value makes no sense:
        ValueError, nothing changed.
        """
        missing = {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"} - set(state)
        if missing:
            raise ValueError(f"no state of a GradScaler that is enabled: it has no {', '.join(sorted(missing))}")
        self._set(
            float(state["scale"]), int(state["_growth_tracker"]), state["growth_factor"], state["backoff_factor"],
            int(state["growth_interval"]), state.get("min_scale", self.min_scale),
            state.get("max_scale", self.max_scale))

# %% [markdown]
r"""
### Exercise: MixedPrecisionTrainer

The whole step in one method, for any model with `parameters()` and any optimizer with `step()` and `zero_grad()`,
yours or a stranger's. The constructor is given. `loss_scale`, `growth_interval` and the other settings live in the
scaler underneath; the properties let you read and set them here.

`train_step` goes: forward and loss under `autocast`; is the loss a single number (`check_single`), and does it depend
on the parameters at all (`depends_on`, below)? clear the old gradients; backward on the scaled loss; unscale; step only
if all is finite; update the scale. The second question matters: a model that rebuilds its output with `Tensor(x.data)`
has cut the trail, and a trainer that counted a step all the same would be lying. Then: warn with `_NO_GRAPH`, touch
neither the optimizer nor the scale, and report that no valid gradients were there.
"""

# %%
#| export
_NO_GRAPH = (
    "the loss carries no graph, so no step was taken: the model's output does not depend on its parameters through "
    "recorded operations. The usual cause is Tensor(x.data...) or detach() somewhere in the model; use Tensor "
    "operations all the way")


def depends_on(loss: Tensor, parameters: Iterable[Tensor]) -> bool:
    """Whether the graph behind `loss` leads to one of `parameters`."""
    if loss._node is None:
        return False
    leaves = {id(edge) for node in nodes_in_order(loss._node) for edge in node.edges}
    return any(id(p) in leaves for p in parameters)

# %%
#| export
def pair_of(batch: Any) -> tuple[Any, Any]:
    """`batch` itself where it is a tuple or list of two; a Tensor of two rows is not meant."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        what = f"{len(batch)} things" if isinstance(batch, (tuple, list)) else f"a {type(batch).__name__}"
        raise TypeError(f"train_step takes a batch of two, (inputs, targets), got {what}")
    return batch

# %%
#| export
def require_gradients(model: Any) -> None:
    """Ask all parameters of `model` for gradients where none of them requires one."""
    parameters = parameters_of(model)
    if not any(p.requires_grad for p in parameters):
        for p in parameters:
            p.requires_grad = True

# %%
#| export
def _scaler_setting(name: str) -> property:
    return property(lambda self: getattr(self.scaler, name), lambda self, value: setattr(self.scaler, name, value))

# %% nbgrader={"solution": true, "grade_id": "mixed-precision-trainer"}
#| export
class MixedPrecisionTrainer:
    """Training in mixed precision: float32 master weights, a half-precision forward pass, dynamic loss scaling.

    `model` is called with the inputs and has `parameters()`; `optimizer` has `step()` and `zero_grad()`;
    `loss_fn(outputs, targets)` gives one number; `dtype` is "float16" or "bfloat16". Where none of the parameters
    requires a gradient, all are asked to; a frozen one beside others stays frozen.
    """

    loss_scale = _scaler_setting("loss_scale")
    max_loss_scale = _scaler_setting("max_scale")
    min_loss_scale = _scaler_setting("min_scale")
    scale_growth_factor = _scaler_setting("growth_factor")
    scale_backoff_factor = _scaler_setting("backoff_factor")
    growth_interval = _scaler_setting("growth_interval")
    steps_since_last_scale_update = _scaler_setting("growth_tracker")

    def __init__(
        self, model: Any, optimizer: Any, loss_scale: float = 1024.0, max_loss_scale: float = 65536.0,
        loss_fn: Callable[[Tensor, Tensor], Tensor] = MSELoss(), dtype: Any = "float16",
    ):
        self.model, self.optimizer, self.loss_fn, self.dtype = model, optimizer, loss_fn, as_dtype(dtype)
        if not is_half(self.dtype):
            raise ValueError(f"mixed precision runs in float16 or bfloat16, not in {self.dtype}")
        self.scaler = GradScaler(loss_scale, min_scale=min(1.0, loss_scale), max_scale=max_loss_scale)
        self.overflow_detected = False
        require_gradients(model)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times the current scale, its graph attached.

        >>> MixedPrecisionTrainer(Linear(2, 1), None).scale_loss(Tensor([0.5]))
        Tensor([512.], dtype=float32)
        """
        ### BEGIN SOLUTION
        return self.scaler.scale(loss)
        ### END SOLUTION

    def unscale_gradients(self, parameters: Iterable[Tensor]) -> bool:
        """Divide the parameters' gradients by the scale, set `overflow_detected`, and return whether all are finite."""
        ### BEGIN SOLUTION
        self.overflow_detected = unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)
        return not self.overflow_detected
        ### END SOLUTION

    def update_loss_scale(self) -> None:
        """Adapt the scale to `overflow_detected`, as `next_scale` does."""
        ### BEGIN SOLUTION
        self.scaler.adapt(self.overflow_detected)
        ### END SOLUTION

    def _compute_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.loss_fn(outputs, targets)

    def train_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, float | bool]:
        """One step on `(inputs, targets)`: `{"loss", "loss_scale", "overflow", "gradients_valid"}`.

        "loss" is the unscaled loss, "loss_scale" the scale after the step, "gradients_valid" whether the optimizer
        stepped. Where the loss carries no graph, it warns, calls no optimizer, leaves the scale and its count alone
        and returns overflow False and gradients_valid False. ValueError where the loss is not a single number.
        """
        inputs, targets = pair_of(batch)
        require_gradients(self.model)
        ### BEGIN SOLUTION
        with autocast(self.dtype), np.errstate(all="ignore"):
            loss = self._compute_loss(self.model(inputs), targets)
        check_single(loss)
        parameters = parameters_of(self.model)
        if not depends_on(loss, parameters):
            warnings.warn(_NO_GRAPH, stacklevel=2)
            return self._metrics(loss, overflow=False, valid=False)
        self.optimizer.zero_grad()
        with np.errstate(all="ignore"):
            self.scale_loss(loss).backward()
        valid = self.unscale_gradients(parameters)
        if valid:
            self.optimizer.step()
        self.update_loss_scale()
        return self._metrics(loss, overflow=self.overflow_detected, valid=valid)
        ### END SOLUTION

    def _metrics(self, loss: Tensor, overflow: bool, valid: bool) -> dict[str, float | bool]:
        value = float(loss.item())
        return {"loss": value, "loss_scale": self.loss_scale, "overflow": overflow, "gradients_valid": valid}

# %%
manual_seed(0)
net = Sequential(Linear(10, 16), fused_gelu, Linear(16, 5))
trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1))
x, y = Tensor(np.random.default_rng(0).normal(size=(32, 10)).astype(np.float32)), Tensor(np.zeros((32, 5), np.float32))
for _ in range(2):
    print(trainer.train_step((x, y)))

# %% [markdown]
r"""
A trainer must get along with models and optimizers that it does not know. Here are a model and an optimizer as a
stranger might write them, for the checks that follow.
"""

# %% nbgrader={"grade_id": "strangers", "locked": true}
class MockModel:
    """A model as a stranger would write it: a weight made by Tensor(...), which asks for no gradient."""

    def __init__(self):
        self.weight = Tensor(np.random.default_rng(5).normal(size=(10, 5)).astype(np.float32))
        self.weight.grad = None
        self.seen = None

    def __call__(self, x):
        out = x.matmul(self.weight)
        self.seen = out.dtype
        return out

    def parameters(self):
        return [self.weight]


class MockOptimizer:
    """Rebinds p.data, and counts."""

    def __init__(self, params):
        self.params, self.updates_applied, self.zeroed = params, 0, 0

    def zero_grad(self):
        self.zeroed += 1
        for p in self.params:
            p.grad = None

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - 0.01 * p.grad.data
        self.updates_applied += 1


def mock_trainer(scale, **settings):
    model = MockModel()
    return MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), loss_scale=scale, **settings)

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision", "locked": true, "points": 15}
def check_scaled(scale, loss):
    trainer = mock_trainer(scale)
    scaled = trainer.scale_loss(Tensor([loss]))
    assert np.isclose(scaled.data[0], loss * scale), (
        f"scale_loss of a loss of {loss} at a scale of {scale:g} gave {scaled.data[0]:g}, wanted {loss * scale:g}")
    assert trainer.scale_loss((trainer.model.weight * 1).mean()).requires_grad, (
        "the scaled loss's requires_grad is False, wanted True: multiply the Tensor, not its data")


def check_unscaled(scale):
    """`unscale_gradients` divides all gradients, says whether they are finite, and remembers what it found last."""
    trainer = mock_trainer(scale)
    first, second = trainer.model.weight, Tensor(np.zeros(2))
    for low, wanted in [(scale, True), (np.inf, False), (np.nan, False), (-scale, True)]:
        first.grad, second.grad = Tensor(np.full((10, 5), 2 * scale)), Tensor([1.0, low])
        valid = trainer.unscale_gradients([first, Tensor([1.0]), second])
        state = f"gradients [{2 * scale:g}, ...], none and [1, {low:g}] at a scale of {scale:g}"
        assert (valid, trainer.overflow_detected) == (wanted, not wanted), (
            f"{state}: unscale_gradients returned {valid} and left overflow_detected {trainer.overflow_detected}, "
            f"wanted {wanted} and {not wanted}: look at all of them, each time anew")
        assert np.allclose(first.grad.data, 2), (
            f"{state}: the first became {first.grad.data[0, 0]:g}, wanted 2: divide by the scale")


def check_adapts(scale):
    trainer = mock_trainer(scale)
    for count, overflow, wanted in [(7, True, (scale / 2, 0)), (1998, False, (scale / 2, 1999)),
                                    (2000, False, (scale, 0)), (0, False, (scale, 1))]:
        trainer.overflow_detected, trainer.steps_since_last_scale_update = overflow, count
        before = trainer.loss_scale
        trainer.update_loss_scale()
        got = trainer.loss_scale, trainer.steps_since_last_scale_update
        assert got == wanted, (
            f"a scale of {before:g} and a count of {count}, overflow {overflow}: update_loss_scale made scale and "
            f"count {got}, wanted {wanted}: it falls at once, grows once in 2000 steps, both start the count anew")


def half_gradient(weight, inputs, targets):
    """The mean squared error of a product of halves, and its gradient to the weight."""
    half = inputs.data.astype(np.float16).astype(np.float32) @ weight.astype(np.float16).astype(np.float32)
    difference = half.astype(np.float16).astype(np.float32) - targets.data
    return np.mean(difference**2), inputs.data.T @ difference * (2 / difference.size)


def check_good_step(trainer, inputs, targets):
    weight, steps = trainer.model.weight.data.copy(), trainer.optimizer.updates_applied
    loss, gradient = half_gradient(weight, inputs, targets)
    metrics = trainer.train_step((inputs, targets))
    assert set(metrics) == {"loss", "loss_scale", "overflow", "gradients_valid"}, (
        f"train_step returned the keys {sorted(metrics)}, wanted loss, loss_scale, overflow and gradients_valid")
    assert np.isclose(metrics["loss"], loss, rtol=1e-3), (
        f"the loss reported is {metrics['loss']:.4f}, wanted {loss:.4f}, the unscaled one")
    taken = trainer.optimizer.updates_applied - steps
    assert (metrics["overflow"], metrics["gradients_valid"], taken) == (False, True, 1), (
        f"a good step gave {metrics} and called the optimizer {taken} times, wanted no overflow, valid gradients and 1")
    model = trainer.model
    assert model.seen == np.float16, f"the forward pass ran in {model.seen}, wanted float16: use autocast"
    assert model.weight.dtype == np.float32, f"the master weight is now {model.weight.dtype}, wanted float32 as it was"
    moved = weight - model.weight.data
    assert np.allclose(moved, 0.01 * gradient, atol=1e-4), (
        f"the first weight moved by {moved[0, 0]:.3g}, wanted {0.01 * gradient[0, 0]:.3g}: was its gradient of this "
        "step alone, and unscaled once?")


def check_overflow(trainer, inputs, targets):
    weight, scale, steps = trainer.model.weight.data.copy(), trainer.loss_scale, trainer.optimizer.updates_applied
    metrics = trainer.train_step((inputs, targets))
    taken = trainer.optimizer.updates_applied - steps
    assert (metrics["overflow"], metrics["gradients_valid"], taken) == (True, False, 0), (
        f"an overflowing step gave {metrics} and called the optimizer {taken} times, wanted overflow, no valid "
        "gradients and 0: skip the update")
    assert np.array_equal(trainer.model.weight.data, weight), "the weights moved on an overflow, wanted as they were"
    assert trainer.loss_scale == scale / 2, (
        f"after the overflow the scale is {trainer.loss_scale:g}, wanted {scale / 2:g}: half of it, once")


def test_unit_mixed_precision():
    """Scaling, unscaling, skipping, adapting and training of MixedPrecisionTrainer, with a stranger's model and
    optimizer.
    """
    runs = [(1024.0, 0.001, 6)]
    ### BEGIN HIDDEN TESTS
    runs += [(96.0, 0.75, 16)]
    ### END HIDDEN TESTS
    for scale, loss, seed in runs:
        check_scaled(scale, loss)
        check_unscaled(scale)
        check_adapts(scale)
        rng, trainer = np.random.default_rng(seed), mock_trainer(scale)
        inputs, targets = (Tensor(rng.normal(size=(8, n)).astype(np.float32)) for n in (10, 5))
        check_good_step(trainer, inputs, targets)
        check_good_step(trainer, inputs, targets)
        check_overflow(trainer, Tensor(np.full((8, 10), 60000.0, np.float32)), targets)
        check_good_step(trainer, inputs, targets)

test_unit_mixed_precision()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-run", "points": 8}
def run_of(scale, sizes, settings, **more):
    """Train on a sum of x w over two rows of ones times each size; scale and overflow after each step."""
    trainer = mock_trainer(scale, loss_fn=lambda outputs, targets: (outputs - targets).sum(), **more)
    for name, value in settings.items():
        setattr(trainer, name, value)
    path = []
    for size in sizes:
        before = trainer.model.weight.data.copy()
        inputs = Tensor(np.full((2, 10), size, np.float32))
        metrics = trainer.train_step((inputs, Tensor(np.zeros((2, 5), np.float32))))
        path.append((metrics["loss_scale"], metrics["overflow"]))
        if np.isfinite(size):
            step = (before - trainer.model.weight.data)[0, 0]
            assert np.isclose(step, 0.02 * size, rtol=0.02), (
                f"the sum of x w over 2 rows of {size} moved w by {step:.4g}, wanted {0.02 * size:.4g}: whose loss, "
                "whose scale, and were the old gradients cleared?")
    return path, trainer

def test_unit_mixed_precision_run():
    fast = {"growth_interval": 2, "scale_growth_factor": 4.0, "scale_backoff_factor": 0.25}
    inf = np.inf
    path = [(64, False), (256, False), (64, True), (64, False), (256, False)]
    runs = [(64.0, [1, 1, inf, 1, 1], fast, {}, path),
            (2.0, [inf] * 3, {}, {}, [(1, True), (1, True), (1, True)]),
            (8.0, [1, 1], {"growth_interval": 1}, {"max_loss_scale": 16.0}, [(16, False), (16, False)])]
    ### BEGIN HIDDEN TESTS
    path = [(48, False), (24, True), (24, False), (48, False)]
    runs += [(48.0, [0.5, inf, 2, 0.5], {"growth_interval": 2}, {}, path),
             (0.5, [inf, 1], {}, {}, [(0.5, True), (0.5, False)])]
    ### END HIDDEN TESTS
    for scale, sizes, settings, more, wanted in runs:
        path, trainer = run_of(scale, sizes, settings, dtype="bfloat16", **more)
        assert trainer.model.seen == as_dtype("bfloat16"), (
            f"dtype is bfloat16 and the forward pass ran in {trainer.model.seen}, wanted bfloat16: which type has the "
            "trainer been given?")
        assert path == wanted, (
            f"a scale of {scale} with {settings | more}, inputs of {sizes}: scale and overflow went\n{path}, wanted\n"
            f"{wanted}: what is reset after an overflow, where are floor and ceiling, is it the scale after the step?")

test_unit_mixed_precision_run()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-overflow", "points": 5}
def check_finite_loss(size, target):
    """A loss that is finite, whose gradient times 65536 overflows float16; the scale falls until it fits."""
    trainer = mock_trainer(65536.0)
    trainer.model.weight.data *= 0
    batch = Tensor(np.full((8, 10), size, np.float32)), Tensor(np.full((8, 5), target, np.float32))
    metrics = trainer.train_step(batch)
    assert np.isclose(metrics["loss"], target**2), (
        f"the loss of this batch is {target**2}, train_step reports {metrics['loss']}")
    taken = trainer.optimizer.updates_applied
    assert metrics["overflow"] and not metrics["gradients_valid"] and taken == 0, (
        f"inputs of {size}, targets of {target}: the loss is finite, and its gradient times 65536 overflows float16; "
        f"train_step gave {metrics} and called the optimizer {taken} times, wanted overflow, 0: judge by the gradients")
    for _ in range(16):
        metrics = trainer.train_step(batch) if metrics["overflow"] else metrics
    assert metrics["gradients_valid"] and trainer.optimizer.updates_applied == 1, (
        f"inputs of {size}, targets of {target}: in 17 steps the scale fell to {metrics['loss_scale']:g} and the last "
        f"step gave {metrics}, wanted one good step as soon as the scale fits: each step is judged anew")

def check_half_loss(loss, scale):
    scaled = mock_trainer(scale).scale_loss(Tensor(loss, dtype="float16")).item()
    assert scaled == loss * scale, (
        f"a float16 loss of {loss} times {scale:g} gave {scaled}, wanted {loss * scale:g}: scale in float32")

def check_many(rows):
    """A loss of many numbers is refused in words, and the optimizer is not called."""
    trainer = mock_trainer(8.0, loss_fn=lambda outputs, targets: outputs)
    said = "no error"
    try:
        trainer.train_step((Tensor(np.ones((rows, 10), np.float32)), Tensor(np.zeros((rows, 5), np.float32))))
    except NotImplementedError:
        raise
    except (RuntimeError, TypeError, ValueError) as error:
        said = f"a {type(error).__name__}: {error}"
    calls = trainer.optimizer.updates_applied, trainer.optimizer.zeroed
    assert said.startswith("a ValueError") and calls == (0, 0), (
        f"a loss of shape {(rows, 5)} gave {said}, with {calls} calls of step() and zero_grad(), wanted a ValueError "
        "and (0, 0): ask whether it is one number before anything is changed")

def test_unit_mixed_precision_overflow():
    check_many(2)
    batches, losses = [(500.0, 100.0)], [(300.0, 1024.0)]
    ### BEGIN HIDDEN TESTS
    batches += [(300.0, 50.0)]
    losses += [(2048.0, 64.0)]
    ### END HIDDEN TESTS
    for size, target in batches:
        check_finite_loss(size, target)
    for loss, scale in losses:
        check_half_loss(loss, scale)

test_unit_mixed_precision_overflow()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-detached", "points": 5}
class Detached(MockModel):
    """Rebuilds its output, and so cuts the trail."""

    def __call__(self, x):
        return Tensor(super().__call__(x).data)

class ThroughTheInput(MockModel):
    """A trail to the input, and none to the weight."""

    def __call__(self, x):
        return x @ Tensor(self.weight.data)

def check_cut(kind, rows, scale, count):
    """A step without a way to the parameters: a warning, no call of the optimizer, and the scaler as it was."""
    model = kind()
    trainer = MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), loss_scale=scale)
    trainer.steps_since_last_scale_update = count
    batch = Tensor(np.ones((rows, 10)), requires_grad=True), Tensor(np.ones((rows, 5)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metrics = trainer.train_step(batch)
    told = f"the loss leads to no parameter ({kind.__name__}), and train_step"
    got = metrics["overflow"], metrics["gradients_valid"]
    assert got == (False, False), f"{told} gave {metrics}, wanted no overflow and no valid gradients: no step was taken"
    said = [str(warning.message) for warning in caught]
    assert any(len(text) > 20 for text in said), (
        f"{told} said {said}, wanted a warning in words: a step that is not taken must not look like one")
    calls = trainer.optimizer.updates_applied, trainer.optimizer.zeroed
    assert calls == (0, 0), (
        f"{told} called step() {calls[0]} and zero_grad() {calls[1]} times, wanted 0 and 0: ask before you touch them")
    state = trainer.loss_scale, trainer.steps_since_last_scale_update
    assert state == (scale, count), (
        f"{told} left scale and count at {state}, wanted {(scale, count)}: there was nothing to adapt to")

def check_frozen(part):
    """A frozen layer beside another stays as it is."""
    net = Sequential(Linear(10, 4), Linear(4, 5))
    for p in (net[part].weight, net[part].bias):
        p.requires_grad = False
    before = net[part].weight.data.copy()
    pair = tuple(Tensor(np.ones((2, n), np.float32)) for n in (10, 5))
    MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1)).train_step(pair)
    got = net[part].weight.requires_grad, not np.array_equal(net[part].weight.data, before)
    assert got == (False, False), (
        f"layer {part} of two was frozen: asks for gradients, has moved: {got}, wanted (False, False): leave it alone")

def test_unit_mixed_precision_detached():
    cut, parts = [(Detached, 2, 256.0, 3), (ThroughTheInput, 2, 1024.0, 0)], [0]
    ### BEGIN HIDDEN TESTS
    cut += [(ThroughTheInput, 5, 32.0, 1999), (Detached, 1, 2.0, 11)]
    parts += [1]
    ### END HIDDEN TESTS
    for kind, rows, scale, count in cut:
        check_cut(kind, rows, scale, count)
    for part in parts:
        check_frozen(part)

test_unit_mixed_precision_detached()

# %% [markdown]
r"""
### Is the scale needed?

A network that computes in millimetres, with a loss in square metres: the loss, and with it every gradient, is a million
times smaller. Adam does not mind (where `eps` is small enough, it divides gradients by their own size), and float32
does not either. float16 does. The same network, four times from the same start: in float32, in float16 with the scale
held at 1 and at 65536, and in bfloat16, also at 1.
"""

# %%
def square_metres(prediction, target):
    return MSELoss()(prediction, target) * 1e-6

rng = np.random.default_rng(0)
x = Tensor(rng.uniform(-2, 2, size=(256, 2)).astype(np.float32))
millimetres = Tensor(np.sin(3 * x.data))

def fresh_network():
    manual_seed(0)
    net = Sequential(Linear(2, 64), fused_gelu, Linear(64, 2))
    return net, Adam(net.parameters(), lr=1e-2, eps=1e-16)

# %%
def losses_in_half(dtype, scale, steps=150):
    net, optimizer = fresh_network()
    trainer = MixedPrecisionTrainer(net, optimizer, scale, max_loss_scale=scale, loss_fn=square_metres, dtype=dtype)
    losses = [trainer.train_step((x, millimetres))["loss"] for _ in range(steps)]
    gradient = np.concatenate([p.grad.data.ravel() for p in net.parameters()])
    print(f"{dtype}, scale {scale}: {np.mean(gradient == 0):.0%} of the gradient's numbers are 0")
    return losses

def losses_in_float32(steps=150):
    net, optimizer = fresh_network()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = square_metres(net(x), millimetres)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %%
curves = {"float32": losses_in_float32()}
for dtype, scale in [("float16", 1), ("float16", 65536), ("bfloat16", 1)]:
    curves[f"{dtype}, scale {scale}"] = losses_in_half(dtype, scale)

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
looks = [("gray", "-", 6), ("C1", "-", 2), ("C2", "--", 2), ("C3", ":", 3)]
for (name, losses), (color, style, width) in zip(curves.items(), looks):
    axes.plot(losses, style, color=color, linewidth=width, label=name)
axes.set(yscale="log", xlabel="step", ylabel="loss (square metres)", title="The same training, four times")
axes.legend(loc="lower left", fontsize=9)
plt.show()

# %% [markdown]
r"""
Without a scale the float16 network learns nothing: its gradients are rounded to 0 on the way. With it the curve lies on
that of float32. bfloat16 has float32's range, so it needs no scale.

### The scale finds itself

The scale over time, on purpose started far too high: it falls until gradients fit, then probes upwards once an
interval, of 20 steps here. Each cross is a step that was skipped.
"""

# %%
manual_seed(1)
net = Sequential(Linear(10, 32), fused_gelu, Linear(32, 5))
trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.05), loss_scale=2.0**30, max_loss_scale=2.0**30)
trainer.growth_interval = 20
x, y = (Tensor(np.random.default_rng(s).normal(size=(32, n)).astype(np.float32)) for s, n in ((0, 10), (1, 5)))
path = [trainer.train_step((x, y)) for _ in range(150)]

# %%
scales, skipped = [m["loss_scale"] for m in path], [i for i, m in enumerate(path) if m["overflow"]]
figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.step(range(len(path)), scales, where="post")
axes.plot(skipped, [scales[i] for i in skipped], "x", color="tab:red", label=f"{len(skipped)} steps skipped")
axes.set_yscale("log", base=2)
axes.set(xlabel="step", ylabel="scale after the step")
axes.legend(fontsize=9)
plt.show()

# %% [markdown]
r"""
## 8. Measuring it all

Four analyses put the parts together. They are given; what they rest on, you have written, or write in the two small
exercises of this section. Each prints a table and returns the rows that it printed.

### How far do products get?
"""

# %%
#| export
@dataclass(frozen=True)
class ScalingRow:
    """A square product of one size, on one thread, and the naive loops where they end in time."""

    size: int = column("size")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".1f")
    percent_of_peak: float = column("% of peak", ".1f")
    intensity: float = column("FLOP/byte", ".1f")
    loops_ms: float | None = column("loops ms", ",.0f")

# %%
#| export
def _loops(a: np.ndarray, b: np.ndarray) -> list[list[float]]:
    columns = b.T.tolist()
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a.tolist()]

# %% nbgrader={"grade_id": "analyze-vectorization", "locked": true}
#| export
def analyze_vectorization_scaling(
    sizes: Sequence[int] = (64, 128, 256, 512, 1024, 2048), loops_up_to: int = 128
) -> list[ScalingRow]:
    """Time square float32 products with `vectorized_matmul` on one thread, against this machine's measured peak; print
    a table.
    """
    for size in sizes:
        check_sizes(size=size)
    peaks, rows, rng = measure_peaks(progress=print), [], np.random.default_rng(0)
    for size in sizes:
        a, b = (Tensor(rng.random((size, size), dtype=np.float32)) for _ in range(2))
        with threadpool_limits(1), no_grad():
            seconds = best_seconds(lambda: vectorized_matmul(a, b), repeats=3 if size > 1000 else 10)
        rate, intensity = 2 * size**3 / seconds, matmul_intensity(size, size, size, 4)
        loops = best_seconds(lambda: _loops(a.data, b.data), 1) * 1e3 if size <= loops_up_to else None
        rows.append(ScalingRow(size, seconds * 1e3, rate / 1e9, 100 * rate / peaks.flops, intensity, loops))
    print(table(rows, f"Square products, float32, one thread; measured peak {peaks.flops / 1e9:.1f} GFLOP/s"))
    return rows

# %%
scaling = analyze_vectorization_scaling()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
sizes, with_loops = [row.size for row in scaling], [row for row in scaling if row.loops_ms is not None]
left.plot(sizes, [row.percent_of_peak for row in scaling], "o-")
left.axhline(100, color="gray", linewidth=0.8, linestyle=":")
left.set(ylabel="% of measured peak", ylim=(0, 115))
right.plot([row.size for row in with_loops], [row.loops_ms for row in with_loops], "s-", color="tab:red", label="loops")
right.plot(sizes, [row.ms for row in scaling], "o-", label="vectorized")
right.set(yscale="log", ylabel="ms")
right.legend()
for axes in (left, right):
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("size of the square product")
plt.show()

# %% [markdown]
r"""
Small products do not fill the machine: the call costs the same for few numbers as for many. Large ones come close to
the peak, and they stay there, for their intensity grows with the size: a large product is *not* limited by bandwidth.
(A percent or two above 100 is the spread of the two measurements.)

### Where do operations stand under the roof?
"""

# %%
#| export
@dataclass(frozen=True)
class RooflineRow:
    """An operation under the roof: its counted FLOPs and bytes, its time, and what the roof would allow."""

    operation: str = column("operation")
    intensity: float = column("FLOP/byte", ".3f")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".2f")
    gigabytes: float = column("GB/s", ".1f")
    attainable: float = column("roof GFLOP/s", ".2f")
    percent_of_roof: float = column("% of roof", ".0f")
    bound: str = column("bound by")

# %%
#| export
def under_roof(counted: Total, name: str, seconds: float, roof: Roof) -> RooflineRow:
    """The row of what was `counted` and took `seconds`, under `roof`; it must have computed and moved something."""
    allowed, rate = attainable(counted.intensity, roof.flops, roof.bandwidth), counted.flops / seconds
    bound = "memory" if counted.intensity < roof.ridge else "compute"
    moved = counted.bytes / seconds / 1e9
    return RooflineRow(
        name, counted.intensity, seconds * 1e3, rate / 1e9, moved, allowed / 1e9, 100 * rate / allowed, bound)

# %%
#| export
def roofline_row(name: str, function: Callable[[], Any], peaks: Roof) -> RooflineRow:
    """Count `function`'s FLOPs and bytes with a Trace, time it on one thread, and set it under the roof of `peaks`."""
    with one_thread(), no_grad():
        with Trace() as trace:
            function()
        seconds = min(timed_runs(function, 0.1, 1))
    return under_roof(total(name, "forward", trace.operations), name, seconds, peaks)

# %% [markdown]
r"""
A model of your own comes under the same roof, by lesson 14's `Profiler.trace`: one row for each kind of operation,
forward and backward. What only moves numbers has no FLOPs and no place in the picture, so it is left out.
"""

# %%
#| export
def model_rows(
    model: Model, x: Any, peaks: Roof, loss_fn: Callable[[Tensor], Tensor] | None = None
) -> list[RooflineRow]:
    """The operations of `model(x)` on one thread, and with `loss_fn` of the backward pass, under the roof of `peaks`;
    those that took longest first.
    """
    with one_thread():
        run = Profiler().trace(model, x, loss_fn)
    return [under_roof(row, f"model: {row.name}{' backward' * (row.phase == 'backward')}", row.seconds, peaks)
            for row in run.rows if row.flops and row.bytes]

# %%
#| export
def check_together(model: Model | None, x: Any) -> None:
    """Raise ValueError where only one of the two is given."""
    if (model is None) != (x is None):
        raise ValueError("a model and its input x are given together, or neither")

# %% nbgrader={"grade_id": "analyze-arithmetic-intensity", "locked": true}
#| export
def analyze_arithmetic_intensity(
    size: int = 2048, model: Model | None = None, x: Any = None, loss_fn: Callable[[Tensor], Tensor] | None = None
) -> list[RooflineRow]:
    """Add, multiply, GELU unfused and fused, and a product of `size` by `size` float32 under the measured roof; print
    a table.

    With a `model` and its input `x` also the operations of the model, and with `loss_fn` of its backward pass.
    """
    check_together(model, x)
    check_sizes(size=size)
    peaks, rng = measure_peaks(progress=print), np.random.default_rng(0)
    a, b = (Tensor(rng.normal(size=(size, size)).astype(np.float32)) for _ in range(2))
    work = {"add": lambda: a + b, "multiply": lambda: a * b, "unfused_gelu": lambda: unfused_gelu(a),
            "fused_gelu": lambda: fused_gelu(a), "matmul": lambda: vectorized_matmul(a, b)}
    rows = [roofline_row(name, function, peaks) for name, function in work.items()]
    rows += [] if model is None else model_rows(model, x, peaks, loss_fn)
    print(table(rows, f"{size} x {size} float32, one thread; the corner of the roof is at {peaks.ridge:.1f} FLOP/byte"))
    return rows

# %%
intensities = analyze_arithmetic_intensity(model=block, x=tokens, loss_fn=lambda y: (y * y).mean())

# %% [markdown]
r"""
`block` is the feed-forward half from the first section; put a network and a batch of yours in its place. The picture
shows all rows. Names are put where they are free, so that neighbours stay readable.
"""

# %%
#| export
def place_names(axes: Any, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write each name near its point, in the first of several places where it covers no other name or point; what lines
    run behind it are dimmed.
    """
    axes.figure.canvas.draw()
    behind = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
    dots, boxes = axes.transData.transform(points), []
    near = [(dx, dy) for dy in (7, -14, 21, -28, 35, -42, 49, -56) for dx in (9, -9)]

    def write(name: str, point: tuple[float, float], place: tuple[int, int], **more: Any) -> Any:
        side = "left" if place[0] > 0 else "right"
        return axes.annotate(name, point, place, textcoords="offset points", ha=side, fontsize=8, bbox=behind, **more)

    def is_free(box: Any) -> bool:
        inside = axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        return inside and not any(box.overlaps(b) for b in boxes) and not any(box.contains(*dot) for dot in dots)

    for point, name in zip(points, names):
        for place in near:
            text = write(name, point, place)
            box = text.get_window_extent().padded(1)
            text.remove()
            if is_free(box):
                break
        boxes.append(box)
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": "gray", "shrinkA": 0}
        write(name, point, place, arrowprops=line)

# %%
#| export
def draw_roof(axes: Any, peaks: Peaks, low: float, high: float) -> None:
    """The roof of memory, thick, and those of the caches, from intensity `low` to `high`, with a legend."""
    from matplotlib import rcParams

    levels = [("memory", peaks.bandwidth), *[(level.name, level.bandwidth) for level in peaks.levels()[:-1]]]
    for (name, bandwidth), style in zip(levels, ("-", ":", "-.", "--", (0, (1, 4)), (0, (5, 5)))):
        corners = [low, min(max(low, peaks.flops / bandwidth), high), high]
        axes.plot(corners, [attainable(i, peaks.flops, bandwidth) / 1e9 for i in corners], linestyle=style,
                  color=rcParams["text.color"], linewidth=1.6 if name == "memory" else 0.8,
                  label=f"{name}, {bandwidth / 1e9:.0f} GB/s")
    axes.legend(loc="lower right", fontsize=8)

# %%
#| export
def plot_roofline(rows: Sequence[RooflineRow], peaks: Peaks) -> Any:
    """The roof of `peaks`, the slopes of its caches, and the operations, a model's as squares, both axes logarithmic;
    returns the matplotlib figure. What runs at less than a 10,000th of the peak stands at the bottom, as a triangle.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise ValueError("there are no rows to draw: analyze_arithmetic_intensity and model_rows make some")
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    seen, bottom = [row.intensity for row in rows], peaks.flops / 1e13
    axes.set(xscale="log", yscale="log", xlabel="arithmetic intensity (FLOP per byte)", ylabel="GFLOP/s",
             title=f"Measured roof: {peaks.flops / 1e9:.0f} GFLOP/s, {peaks.bandwidth / 1e9:.0f} GB/s, one thread")
    draw_roof(axes, peaks, min(seen) / 3, max(*seen, peaks.ridge) * 3)
    points = [(row.intensity, max(row.gflops, bottom)) for row in rows]
    for row, point in zip(rows, points):
        kind = "s" if row.operation.startswith("model: ") else "o"
        axes.plot(*point, "v" if row.gflops < bottom else kind, markersize=5)
    place_names(axes, points, [row.operation for row in rows])
    return figure

# %%
figure = plot_roofline(intensities, measure_peaks())
plt.show()

# %% [markdown]
r"""
The thick slope is that of main memory, the others those of the caches: an operation whose arrays fit a cache may stand
above memory's slope, and is to be held against the cache's. Far below the roof is where there is something to win. The
unfused GELU is down there because each of its steps pays the full fare for memory, and for its `pow`, if it has one.

### What does mixed precision save?

Count it by component, from the bytes of the types. A parameter in mixed precision costs its float32 master and a half
copy; its gradient arrives in float32; Adam keeps two float32 numbers. Only the activations shrink.

### Exercise: the bytes of a training state
"""

# %% nbgrader={"solution": true, "grade_id": "training-bytes"}
#| export
def training_bytes(parameters: int, activations: int, half: Any = None) -> dict[str, int]:
    """Bytes held while a model trains with Adam: "weights", "half copies", "gradients", "optimizer" and "activations".

    With `half` None all is float32 and there are no half copies; else activations and weight copies are in that type,
    and weights, gradients and the optimizer's two numbers for each parameter stay float32.

    >>> training_bytes(10, 100)
    {'weights': 40, 'half copies': 0, 'gradients': 40, 'optimizer': 80, 'activations': 400}
    """
    if half is not None and not is_half(as_dtype(half)):
        raise ValueError(f"half is float16 or bfloat16 (None for float32 throughout), got {half}")
    single = np.dtype(np.float32).itemsize
    ### BEGIN SOLUTION
    small = single if half is None else as_dtype(half).itemsize
    return {
        "weights": parameters * single, "half copies": 0 if half is None else parameters * small,
        "gradients": parameters * single, "optimizer": 2 * parameters * single, "activations": activations * small}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-training-bytes", "points": 5}
def test_unit_training_bytes():
    rows = [
        (1000, 500, None, (4000, 0, 4000, 8000, 2000)), (7, 30, "float16", (28, 14, 28, 56, 60)),
        (3, 11, "bfloat16", (12, 6, 12, 24, 22)), (0, 5, "float16", (0, 0, 0, 0, 10)),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [(13, 17, None, (52, 0, 52, 104, 68)), (250, 1, "bfloat16", (1000, 500, 1000, 2000, 2)),
             (1, 0, "float16", (4, 2, 4, 8, 0))]
    ### END HIDDEN TESTS
    for parameters, activations, half, wanted in rows:
        named = training_bytes(parameters, activations, half)
        parts = ("weights", "half copies", "gradients", "optimizer", "activations")
        assert set(named) == set(parts), f"training_bytes names {list(named)}, wanted {parts}"
        got = tuple(named[part] for part in parts)
        assert got == wanted, (
            f"training_bytes({parameters}, {activations}, {half}) gave {got}, wanted {wanted}: which parts shrink, "
            "which do not?")

test_unit_training_bytes()

# %%
#| export
@dataclass(frozen=True)
class MemoryRow:
    """The memory of a training state by component; `saving` is against the row in float32, and negative where more is
    needed.
    """

    model: str = column("model")
    precision: str = column("precision")
    weights: int = column("weights", ",.1f", 1e-6)
    half_copies: int = column("half copies", ",.1f", 1e-6)
    gradients: int = column("gradients", ",.1f", 1e-6)
    optimizer: int = column("optimizer", ",.1f", 1e-6)
    activations: int = column("activations", ",.1f", 1e-6)
    total: int = column("total MB", ",.1f", 1e-6)
    saving: float | None = column("saved %", ".1f")

# %%
#| export
MODEL_SIZES = {  # numbers of parameters and of activations held for backward
    "Tiny CNN": (50_000, 100_000),
    "Small BERT": (10_000_000, 5_000_000),
    "Medium GPT": (100_000_000, 50_000_000),
    "Large Transformer": (1_000_000_000, 500_000_000),
}

# %%
#| export
def memory_rows(model: str, full: dict[str, int], mixed: dict[str, int], half: Any) -> list[MemoryRow]:
    """Two rows: `full` and `mixed` are the bytes in float32 and with `half`, named as training_bytes names them.

    Where nothing is held, nothing can be saved: `saving` is None.
    """
    rows = []
    for precision, held in (("float32", full), (as_dtype(half).name, mixed)):
        parts = [held[part] for part in ("weights", "half copies", "gradients", "optimizer", "activations")]
        saving = 100 * (1 - sum(parts) / rows[0].total) if rows and rows[0].total else None
        rows.append(MemoryRow(model, precision, *parts, sum(parts), saving))
    return rows

# %%
#| export
def measured_bytes(model: Model, x: Tensor, half: Any = None) -> dict[str, int]:
    """As `training_bytes`, for a model of your own: activations and half copies as the graph of `model(x)` holds them.
    """
    parameters = parameters_of(model)
    with autocast("float16" if half is None else half, enabled=half is not None):
        kept = saved_bytes(model(x), parameters)
    counted = training_bytes(sum(p.size for p in parameters), 0, half)
    return counted | {"half copies": kept.weight_copies, "activations": kept.activations}

# %% nbgrader={"grade_id": "analyze-mixed-precision-benefits", "locked": true}
#| export
def analyze_mixed_precision_benefits(
    half: Any = "float16", model: Model | None = None, x: Any = None
) -> list[MemoryRow]:
    """The memory of four model sizes in float32 and in mixed precision, by `training_bytes`; print a table.

    With a `model` and its input `x` also that of the model, measured. ValueError where `half` is no half.
    """
    check_together(model, x)
    half = as_dtype(half)
    rows = [row for name, sizes in MODEL_SIZES.items()
            for row in memory_rows(name, training_bytes(*sizes), training_bytes(*sizes, half), half)]
    if model is not None:
        x = as_tensor(x)
        rows += memory_rows("model, measured", measured_bytes(model, x), measured_bytes(model, x, half), half)
    print(table(rows, "What training with Adam holds, in MB"))
    return rows

# %%
memory = analyze_mixed_precision_benefits(model=attending, x=batch.data.reshape(8, 64, 256))

# %%
figure, axes = plt.subplots(figsize=(8, 3.8), layout="constrained")
whole = np.repeat([row.total for row in memory[::2]], 2)
names, left = [f"{row.model}, {row.precision}" for row in memory], np.zeros(len(memory))
for part in ("weights", "half_copies", "gradients", "optimizer", "activations"):
    width = 100 * np.array([getattr(row, part) for row in memory]) / whole
    axes.barh(names, width, left=left, label=part.replace("_", " "))
    left += width
axes.invert_yaxis()
axes.axvline(100, color="gray", linewidth=0.8, linestyle=":")
axes.set(xlabel="% of the bytes in float32", title="What training with Adam holds")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
plt.show()

# %% [markdown]
r"""
Compare each pair of rows. Activations halve in all of the four; but where parameters outweigh activations, the half
copies cost more than the activations save. The last pair is measured, of the transformer block from above. Mixed
precision pays in memory when batches, images or sequences are large: here is the deep network at growing batch sizes.
"""

# %%
@dataclass(frozen=True)
class BatchRow:
    batch: int
    full: int = column("float32 KiB", ",.0f", 1 / 1024)
    mixed: int = column("mixed KiB", ",.0f", 1 / 1024)
    saving: float = column("saved %", ".1f")

def batch_row(size):
    part = Tensor(batch.data[:size])
    full = saved_bytes(deep(part), deep.parameters())
    with autocast("float16"):
        mixed = saved_bytes(deep(part), deep.parameters())
    totals = [kept.activations + kept.weight_copies for kept in (full, mixed)]
    return BatchRow(size, *totals, 100 * (1 - totals[1] / totals[0]))

batch_rows = [batch_row(size) for size in (8, 32, 128, 512)]
print(table(batch_rows, "Saved for backward, half copies of the weights counted in"))

# %% [markdown]
r"""
### Which technique, where?

Not every choice is a measurement. The framework below scores four techniques for five kinds of work from judgements:
how much memory matters, whether latency does, how much instability can be borne, how fast development must go, how
varied the hardware is. The judgements are ours and open to yours. The score only makes them explicit:

| if the work ... | and the technique ... | points |
|---|---|---|
| has high or very high memory pressure | has a medium or high memory benefit | +2 |
| is latency-sensitive | has a medium, high or very high latency benefit | +2 |
| is stability-critical | has a stability risk of none or low / medium | +1 / -1 |
| needs high development speed | has low or medium cost / high or very high cost | +1 / -1 |
| has high or very high hardware variety | has low or medium hardware dependency / high or very high | +1 / -2 |

### Exercise: the score of a technique
"""

# %%
#| export
@dataclass(frozen=True)
class Workload:
    """What a kind of work asks for."""

    name: str
    memory_pressure: str
    latency_sensitive: bool
    stability_critical: bool
    development_speed: str
    hardware_variety: str

# %%
#| export
@dataclass(frozen=True)
class Technique:
    """What a technique costs and gives."""

    name: str
    implementation_cost: str
    memory_benefit: str
    latency_benefit: str
    stability_risk: str
    hardware_dependency: str

# %%
#| export
WORKLOADS = (
    Workload("Research Training", "medium", False, False, "high", "high"),
    Workload("Production Training", "high", False, True, "medium", "low"),
    Workload("Real-time Inference", "medium", True, True, "low", "medium"),
    Workload("Edge Deployment", "very_high", True, True, "low", "very_high"),
    Workload("Batch Inference", "low", False, True, "medium", "low"),
)
TECHNIQUES = (
    Technique("Vectorization", "low", "none", "high", "none", "low"),
    Technique("Kernel Fusion", "medium", "medium", "medium", "low", "medium"),
    Technique("Mixed Precision", "high", "high", "high", "medium", "high"),
    Technique("Graph Optimization", "very_high", "medium", "very_high", "low", "very_high"),
)

# %% nbgrader={"solution": true, "grade_id": "technique-score"}
#| export
def technique_score(workload: Workload, technique: Technique) -> int:
    """The points of `technique` for `workload`, by the table above.

    >>> technique_score(WORKLOADS[2], TECHNIQUES[0])
    3
    """
    high = ("high", "very_high")
    ### BEGIN SOLUTION
    score = 0
    if workload.memory_pressure in high and technique.memory_benefit in ("medium", "high"):
        score += 2
    if workload.latency_sensitive and technique.latency_benefit in ("medium", *high):
        score += 2
    if workload.stability_critical:
        score += {"none": 1, "low": 1, "medium": -1}.get(technique.stability_risk, 0)
    if workload.development_speed == "high":
        score += -1 if technique.implementation_cost in high else 1
    if workload.hardware_variety in high:
        score += -2 if technique.hardware_dependency in high else 1
    return score
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-technique-score", "points": 5}
def check_score(workload, technique, wanted):
    got = technique_score(workload, technique)
    assert got == wanted, (
        f"{technique} for {workload} scored {got}, wanted {wanted}: go through the table line by line")

def test_unit_technique_score():
    wanted = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    for workload, row in zip(WORKLOADS, wanted):
        for technique, want in zip(TECHNIQUES, row):
            check_score(workload, technique, want)
    everything = Workload("asks for everything", "high", True, True, "high", "high")
    check_score(everything, Technique("medium in all", "medium", "low", "low", "medium", "medium"), 1)
    ### BEGIN HIDDEN TESTS
    check_score(everything, Technique("best", "low", "medium", "very_high", "none", "low"), 7)
    check_score(everything, Technique("worst", "very_high", "none", "none", "medium", "very_high"), -4)
    nothing = Workload("asks for nothing", "low", False, False, "low", "low")
    check_score(nothing, Technique("best", "low", "high", "very_high", "none", "low"), 0)
    memory = Workload("memory only", "very_high", False, False, "medium", "medium")
    check_score(memory, Technique("half", "high", "medium", "high", "medium", "high"), 2)
    check_score(memory, Technique("little", "low", "low", "low", "low", "low"), 0)
    latency = Workload("latency only", "medium", True, False, "medium", "medium")
    check_score(latency, Technique("quick", "high", "high", "medium", "medium", "high"), 2)
    ### END HIDDEN TESTS

test_unit_technique_score()

# %%
#| export
@dataclass(frozen=True)
class DecisionRow:
    """What to use for a kind of work: the recommendation for each technique, with its score."""

    workload: str
    vectorize: str = column("Vectorize")
    fuse: str = column("Fuse Kernels")
    mixed: str = column("Mixed Prec")
    graph: str = column("Graph Opt")

# %%
#| export
def recommendation(score: int) -> str:
    """A score in a word: 3 and more is High, 1 and 2 Medium, 0 Low, less Skip."""
    word = "High" if score >= 3 else "Medium" if score >= 1 else "Low" if score >= 0 else "Skip"
    return f"{word} ({score:+d})"

# %% nbgrader={"grade_id": "acceleration-decision-framework", "locked": true}
#| export
def analyze_acceleration_decision_framework(techniques: Sequence[Technique] = TECHNIQUES) -> list[DecisionRow]:
    """Recommendations for five kinds of work and four techniques, by `technique_score`; print a table.

    `techniques` holds the four with benefits as judged, or as `measured_techniques` gives them; ValueError for others.
    """
    names, wanted = [t.name for t in techniques], [t.name for t in TECHNIQUES]
    if names != wanted:
        raise ValueError(f"wanted the four techniques, in order, {', '.join(wanted)}; got {', '.join(names) or 'none'}")
    rows = [DecisionRow(w.name, *[recommendation(technique_score(w, t)) for t in techniques]) for w in WORKLOADS]
    print(table(rows, "Recommendations and their scores"))
    return rows

# %%
decisions = analyze_acceleration_decision_framework()

# %% [markdown]
r"""
Some of these inputs need not be judged: what a technique gains *can* be measured. `measure_benefits` runs each
technique against plain code on this machine, forward and on one thread, and counts what both save for the backward
pass. `benefit_row` turns the numbers into the table's words, by thresholds.

| input | where it comes from |
|---|---|
| latency benefit, memory benefit | measured (only that vectorisation saves no memory is judged) |
| thresholds, cost, stability risk, hardware dependency | judged |
| all that a kind of work asks for | judged |
"""

# %%
#| export
@dataclass(frozen=True)
class BenefitRow:
    """What a technique gains over plain code: how many times as fast, and how much less is saved for backward."""

    technique: str = column("technique")
    work: str = column("measured on")
    times_as_fast: float = column("times as fast", ".2f")
    percent_saved: float | None = column("memory saved %", ".0f")
    latency_benefit: str = column("latency benefit")
    memory_benefit: str = column("memory benefit")

# %%
#| export
def in_a_word(value: float, least: dict[str, float]) -> str:
    """The first word whose least value `value` reaches, or "none".

    >>> in_a_word(1.3, {"high": 2, "medium": 1.25})
    'medium'
    """
    return next((word for word, needed in least.items() if value >= needed), "none")

# %%
#| export
def benefit_row(technique: str, work: str, times_as_fast: float, percent_saved: float | None) -> BenefitRow:
    """The row with both numbers in words; without a `percent_saved` the judged memory benefit stands."""
    latency = in_a_word(times_as_fast, {"very_high": 10, "high": 2, "medium": 1.25, "low": 1.05})
    judged = {t.name: t.memory_benefit for t in TECHNIQUES}
    memory = in_a_word(percent_saved or 0, {"high": 40, "medium": 20, "low": 5})
    return BenefitRow(technique, work, times_as_fast, percent_saved, latency,
                      judged[technique] if percent_saved is None else memory)

# %%
#| export
def compare(
    technique: str, work: str, plain: Callable[[], Tensor], fast: Callable[[], Tensor], weights: Sequence[Tensor] = ()
) -> BenefitRow:
    """The benefit of `fast` over `plain`, which give a Tensor with a graph; half copies of `weights` count."""
    held = [saved_bytes(function(), weights) for function in (plain, fast)]
    before, after = (kept.activations + kept.weight_copies for kept in held)
    with one_thread(), no_grad():
        ratio = best_seconds(plain, 3) / best_seconds(fast, 3)
    return benefit_row(technique, work, ratio, 100 * (1 - after / before))

# %%
#| export
def measure_benefits(size: int = 512, half: Any = "float16") -> list[BenefitRow]:
    """Each of the four techniques against plain code on this machine: `size` is the width, with twice as many rows."""
    check_sizes(size=size)
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(2 * size, size)).astype(np.float32), requires_grad=True)
    weight = Tensor(rng.normal(size=(size, size)).astype(np.float32) / math.sqrt(size), requires_grad=True)
    bias, (a, b) = weight[0].detach(), rng.normal(size=(2, 64, 64)).astype(np.float32)

    def layers() -> Tensor:
        return vectorized_matmul(fused_gelu(vectorized_matmul(x, weight)), weight)

    def mixed() -> Tensor:
        with autocast(half):
            return layers()

    def chain(x: Tensor, bias: Tensor) -> Tensor:
        return 0.5 * unfused_gelu(x + bias)

    fused_chain = fuse(chain)
    with one_thread():
        product = best_seconds(lambda: _loops(a, b), 1) / best_seconds(lambda: vectorized_matmul(Tensor(a), Tensor(b)))
    return [
        benefit_row("Vectorization", "a product of 64 x 64", product, None),
        compare("Kernel Fusion", "GELU", lambda: unfused_gelu(x), lambda: fused_gelu(x)),
        compare("Mixed Precision", f"two layers, {half}", layers, mixed, [weight]),
        compare("Graph Optimization", "bias, GELU, scale", lambda: chain(x, bias), lambda: fused_chain(x, bias)),
    ]

# %%
#| export
def measured_techniques(benefits: Sequence[BenefitRow]) -> tuple[Technique, ...]:
    """TECHNIQUES with the benefits as measured, where they were; what a technique costs and risks stays as judged."""
    rows = {row.technique: row for row in benefits}
    return tuple(
        replace(t, latency_benefit=found.latency_benefit, memory_benefit=found.memory_benefit)
        for t in TECHNIQUES for found in [rows.get(t.name, t)])

# %%
benefits = measure_benefits()
print(table(benefits, "Measured on this machine"), "\n")
measured_decisions = analyze_acceleration_decision_framework(measured_techniques(benefits))

# %%
for judged, measured in zip(TECHNIQUES, measured_techniques(benefits)):
    for kind in ("latency_benefit", "memory_benefit"):
        if getattr(judged, kind) != getattr(measured, kind):
            print(f"{judged.name}: {kind} judged {getattr(judged, kind)}, measured {getattr(measured, kind)}")

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
for axes, title, techniques in zip(panels, ("as judged", "as measured"), (TECHNIQUES, measured_techniques(benefits))):
    scores = np.array([[technique_score(workload, technique) for technique in techniques] for workload in WORKLOADS])
    axes.imshow(scores, cmap="RdYlGn", vmin=-10, vmax=10, aspect="auto")
    axes.set_title(title)
    axes.set_xticks(range(len(techniques)), [technique.name.replace(" ", "\n") for technique in techniques], fontsize=9)
    axes.set_yticks(range(len(WORKLOADS)), [workload.name for workload in WORKLOADS])
    for (i, j), score in np.ndenumerate(scores):
        axes.text(j, i, recommendation(score), ha="center", va="center", color="black", fontsize=8)
plt.show()

# %% [markdown]
r"""
The judgements were made for hardware in general, the measurements on your machine. Your framework widens halves before
it multiplies, so its products cannot gain from mixed precision; a graphics card with units for halves can. And the
unfused code may pay for `pow` besides its passes over memory. When judgement and measurement disagree, ask which
machine the work will run on, and what it was compared with.

## 9. All together

The last check runs four of the unit tests again, and then the parts as one: a small block of `vectorized_matmul` and
`fused_gelu`, trained with `MixedPrecisionTrainer`.
"""

# %% nbgrader={"grade": true, "grade_id": "test-module", "locked": true, "points": 20}
class TransformerBlock:
    """Linear, GELU, linear on the last axis, made of this lesson's functions; the shape is kept."""

    def __init__(self, hidden_dim):
        rng = np.random.default_rng(8)
        self.weight1, self.weight2 = (
            Tensor(rng.normal(size=(hidden_dim, hidden_dim)) / math.sqrt(hidden_dim), dtype=np.float32)
            for _ in range(2))

    def __call__(self, x):
        return vectorized_matmul(fused_gelu(vectorized_matmul(x, self.weight1)), self.weight2)

    def parameters(self):
        return [self.weight1, self.weight2]


def test_module():
    """The unit tests, and training a block made of all the parts in mixed precision."""
    test_unit_vectorized_matmul()
    test_unit_fused_gelu()
    test_unit_fusion_speedup()
    test_unit_mixed_precision()

    rng = np.random.default_rng(9)
    x, targets = (Tensor(rng.normal(size=(16, 64, 256)).astype(np.float32)) for _ in range(2))
    block = TransformerBlock(256)
    weights = [p.data.copy() for p in block.parameters()]
    trainer = MixedPrecisionTrainer(block, SGD(block.parameters(), lr=20.0), loss_scale=512.0)
    metrics = [trainer.train_step((x, targets)) for _ in range(5)]
    losses = [m["loss"] for m in metrics]
    assert all(m["gradients_valid"] and not m["overflow"] for m in metrics), f"a step of five was not taken: {metrics}"
    assert losses[-1] < losses[0] and all(np.isfinite(losses)), (
        f"five steps took the loss along {losses}: it should fall")
    for p, before in zip(block.parameters(), weights):
        moved = not np.array_equal(p.data, before)
        assert p.dtype == np.float32 and moved, (
            f"a weight is {p.dtype}, moved: {moved}, wanted float32 and True: the master weights stay so, and move")

    with autocast("float16"):
        mixed = block(x)
    with no_grad():
        single = block(x)
    assert mixed.dtype == np.float16 and single.dtype == np.float32, (
        f"the block gave {mixed.dtype} under autocast and {single.dtype} outside, wanted float16 and float32: see "
        "autocast_type")
    off = np.abs(mixed.data.astype(np.float32) - single.data).max()
    assert off < 0.02, f"half and single precision are {off:.2g} apart, wanted below 0.02: that is more than rounding"
    held = saved_bytes(mixed, block.parameters()).activations / saved_bytes(block(x), block.parameters()).activations
    assert held <= 0.55, f"under autocast the block keeps {held:.0%} of float32's activations: were they kept in half?"
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f} in five steps; activations held: {held:.0%} of float32's")

test_module()

# %% [markdown]
r"""
## 10. On real data

The digits, from five seeds, which draw the weights, the batches, and what is kept for the test: in float32, and from
the same start in both halves with loss scaling.
"""

# %%
from pathlib import Path

from tinytorch.core.training import batches, load_digits, stratified_split

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
pixels, labels = load_digits(root / "datasets" / "digits" / "digits.csv.gz")

# %%
def stepper(net, optimizer, precision):
    if precision != "float32":
        return MixedPrecisionTrainer(net, optimizer, loss_fn=CrossEntropyLoss(), dtype=precision).train_step

    def step(batch):
        optimizer.zero_grad()
        CrossEntropyLoss()(net(batch[0]), batch[1]).backward()
        optimizer.step()

    return step

# %%
def digits_accuracy(precision, seed, epochs=8):
    manual_seed(seed)
    train, test = stratified_split(labels, 0.2, seed)
    net = Sequential(Linear(64, 128), fused_gelu, Linear(128, 10))
    step = stepper(net, Adam(net.parameters(), lr=3e-3), precision)
    for _ in range(epochs):
        for batch in batches(pixels[train], labels[train], 64):
            step(batch)
    with no_grad(), running_in(precision):
        guesses = net(Tensor(pixels[test])).numpy().argmax(axis=1)
    return 100 * float(np.mean(guesses == labels[test]))

@dataclass(frozen=True)
class DigitsRow:
    precision: str
    mean: float = column("mean accuracy %", ".2f")
    lowest: float = column("lowest", ".2f")
    highest: float = column("highest", ".2f")

# %%
rows = []
for precision in ("float32", "float16", "bfloat16"):
    with one_thread():  # these products are too small to share
        found = [digits_accuracy(precision, seed) for seed in range(5)]
    rows.append(DigitsRow(precision, float(np.mean(found)), min(found), max(found)))
print(table(rows, "64-128-10 with fused GELU, five seeds"))

# %% [markdown]
r"""
What another seed changes is more than what the precision does. And here is the price in time, for a small step, where
Python's own work counts, and for a larger one, where products do:
"""

# %%
@dataclass(frozen=True)
class StepRow:
    network: str
    precision: str
    ms: float = column("step ms", ".2f")
    ratio: float = column("x float32", ".2f")

def step_rows(widths, size):
    rng, rows = np.random.default_rng(0), []
    batch = Tensor(rng.random((size, widths[0]), dtype=np.float32)), Tensor(rng.integers(10, size=size))
    for precision in ("float32", "float16", "bfloat16"):
        net = Sequential(Linear(*widths), fused_gelu, Linear(widths[1], 10))
        step = stepper(net, SGD(net.parameters(), lr=1e-3), precision)
        ms = 1e3 * min(timed_runs(lambda: step(batch), 0.05))
        rows.append(StepRow("-".join(map(str, (*widths, 10))), precision, ms, ms / rows[0].ms if rows else 1.0))
    return rows

with one_thread():
    print(table(step_rows((64, 128), 64) + step_rows((784, 1024), 256), "A training step, one thread"))

# %% [markdown]
r"""
The activations are what was to be saved, and time is not: on a CPU the products run in float32 either way, and the
casts and the checks come on top. On hardware with half-precision units the products themselves are faster, and that
is why mixed precision is used there even where memory is plenty.

## Questions

Assign each answer to the name behind its question.

1. The product of two 1024 x 1024 float32 matrices: what is its arithmetic intensity, and how many times is that of an
   elementwise float32 addition? (`product_intensity`, `times_addition`)
2. Look at the primitives that your `unfused_gelu` runs on float32. Count each array read and each written (numbers
   such as 0.5 are free): how many bytes does it move for each element, and how many does `fused_gelu`? What percentage
   is saved? (`unfused_bytes`, `fused_bytes`, `percent_saved`)
3. A model with 100 million parameters and 50 million activations, trained with Adam: how many MB (10^6 bytes) in
   float32, and how many in mixed precision? (`full_mb`, `mixed_mb`)
4. What is the smallest positive float16? And with a loss scale of 1024, above what size does a gradient survive? (What
   is scaled to half of the smallest float16, or less, rounds to 0.) (`smallest_half`, `smallest_gradient`)
5. For edge deployment, which technique scores highest? (`edge_technique`, its name as in the table)
"""

# %% nbgrader={"solution": true, "grade_id": "question-acceleration"}
### BEGIN SOLUTION
product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12
unfused_bytes, fused_bytes = 4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2
percent_saved = 100 * (1 - fused_bytes / unfused_bytes)
full_mb, mixed_mb = 100 * 16 + 50 * 4, 100 * 18 + 50 * 2
smallest_half, smallest_gradient = 2**-24, 2**-25 / 1024
edge_technique = "Kernel Fusion"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-acceleration", "points": 8}
def check_number(name, got, wanted, idea, tolerance=0.01):
    assert math.isclose(got, wanted, rel_tol=tolerance), f"{name} is {got:.6g}, and that is not it: {idea}"

def test_question_acceleration():
    wanted = matmul_intensity(1024, 1024, 1024, 4)
    check_number("product_intensity", product_intensity, wanted, "FLOPs over bytes, not over numbers")
    check_number("times_addition", times_addition, wanted / elementwise_intensity(1, 2, 1, 4),
                 "the product's intensity over that of c = a + b, which reads two arrays and writes one")
    one = Tensor(np.ones(10000, np.float32))
    for name, function, got in [("unfused", unfused_gelu, unfused_bytes), ("fused", fused_gelu, fused_bytes)]:
        with Trace() as trace:
            function(one)
        moved = sum(o.bytes for o in trace.operations) / one.size
        check_number(f"{name}_bytes", got, moved, "for each of your primitives, arrays read and written, 4 bytes each")
    check_number("percent_saved", percent_saved, 100 * (1 - fused_bytes / unfused_bytes),
                 "the part of unfused_bytes that is no longer moved, in percent")
    for name, half, got in [("full_mb", None, full_mb), ("mixed_mb", "float16", mixed_mb)]:
        wanted = sum(training_bytes(100_000_000, 50_000_000, half).values()) / 1e6
        check_number(name, got, wanted, "weights, copies, gradients, two numbers for Adam, activations", 0.001)
    check_number("smallest_half", smallest_half, float(np.finfo(np.float16).smallest_subnormal),
                 "below the smallest normal number there are more: subnormals count")
    above, below = (np.float16(smallest_gradient * 1024 * nudge) for nudge in (1.02, 0.98))
    assert above > 0 and below == 0, (
        f"smallest_gradient is {smallest_gradient:g}: a little above it survives the scaling, a little below does not")
    best = max(TECHNIQUES, key=lambda t: technique_score(WORKLOADS[3], t))
    assert edge_technique == best.name, f"edge_technique is {edge_technique!r}: read the table of recommendations"

test_question_acceleration()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-scaling", "points": 2}
r"""
**In your own words:** why does the loss scale fall at once after an overflow, but grow only after two thousand good
steps? And why do the skipped steps do no harm?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Products in as few calls as possible; a kernel that does GELU in one pass, forward and backward, in four types; a
compiler that writes such kernels, and their gradients, for any elementwise function; the loss in one kernel; training
in mixed precision that scales, skips and adapts; and a measured roof to hold it all against. Export it with
`tito module complete 18`, and import it like any other library:

```python
from tinytorch.optimization.acceleration import fuse, fused_gelu, MixedPrecisionTrainer
```
"""

# %% nbgrader={"grade_id": "main-execution", "locked": true}
if __name__ == "__main__":
    print("lesson 18 ran to its end")
