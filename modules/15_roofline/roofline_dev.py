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
# Lesson 15: The roofline

> The roofline: how fast an operation could be on this machine, and how near to it it is.
"""

# %%
#| default_exp profiling.roofline

# %%
#| export
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.profiling.profiler import Model, Profiler, Total, Trace, total
from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.launch import compiled
from tinytorch.support.peaks import ComputePeak, Peaks, measured_peaks
from tinytorch.support.roof import Roof
from tinytorch.support.tables import column, table
from tinytorch.support.threads import one_thread
from tinytorch.support.timing import spread_of, timed_runs

# %%
import time

import matplotlib.pyplot as plt

from tinytorch.support.roofline import plot_bandwidth

# %% [markdown]
r"""
The products do nearly all the arithmetic. Yet GELU takes a share of the time that is out of all proportion to its
share of the work. Some of it goes into `tanh`, and some into what no count of FLOPs shows: numbers have to travel, and
new arrays need memory that the system has to hand out first.

## The roofline

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

# %% [markdown]
r"""
For compute: matrix products of two sizes, of which the better counts. Nothing else gets more arithmetic out of a
processor. The halves are measured as *your framework* multiplies them: it widens both matrices to float32, multiplies
there, and rounds once. So no half can beat float32 here; a processor with units for bfloat16 could, if asked directly.
"""

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
@compiled
def triad(a, b, s, c, passes):
    """a = b + s c for arrays of one size, `passes` times."""
    for _ in range(passes):
        for i in range(a.size):
            a[i] = b[i] + s * c[i]

# %%
#| export
_measured: list[Peaks] = []


def measure_peaks(progress: Callable[[str], Any] | None = None) -> Peaks:
    """Measure what this machine can do, on one thread and on all; a few seconds once, then kept for this process.

    `progress`, such as print, is told what is measured next.
    """
    if not _measured:
        _measured.append(measured_peaks(triad, compute_peak, progress or (lambda text: None)))
    return _measured[0]

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
figure = plot_bandwidth(peaks)
plt.show()

# %% [markdown]
r"""
The tables below are on one thread: NumPy's functions use one, its products all, and a roof measured on all cores says
nothing about code that uses one.
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

# %% [markdown]
r"""
## What you have

A measured roof, and a row under it for any operation or model.
"""
