"""What the checks of the lesson on the roofline share."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from tinytorch.support.checks import FakeClock, close, equal, outcome, raises
from tinytorch.support.peaks import ComputePeak


def blas_threads() -> set[int]:
    """How many threads BLAS may use now; empty for a BLAS that threadpoolctl does not know."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def products_seen(interceptor: type, *costs: float) -> Any:
    """A context manager, as lesson 01's class `interceptor` is: in its block each operation moves a FakeClock,
    `clock`, by the next of `costs`.

    It notes what came: `ran` holds the names of operations with their inputs' shapes and types, `threads` those that
    BLAS had, `matrices` counts different inputs, and `constant` those of one number only.
    """

    class ProductsSeen(interceptor):
        def __init__(self) -> None:
            self.clock, self.ran, self.threads = FakeClock(*costs), set(), set()
            self._inputs: dict[int, np.ndarray] = {}  # by id; they are kept, so that no id is given twice

        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            self.ran.add((primitive.name, *(f"{x.shape} {x.dtype.name}" for x in inputs)))
            self.threads |= blas_threads()
            self._inputs |= {id(x.data): x.data for x in inputs}
            self.clock.pass_time()
            return super().forward(primitive, inputs, options)

        @property
        def matrices(self) -> int:
            return len(self._inputs)

        @property
        def constant(self) -> int:
            return sum(len(np.unique(array.astype(np.float64))) < 2 for array in self._inputs.values())

    return ProductsSeen()


def peak_is(
    compute_peak: Callable, interceptor: type, dtype: str, threads: int, sizes: Sequence[int],
    costs: Sequence[float], flops: float, spread: float,
) -> None:  # fmt: skip
    """Assert that `compute_peak` measures products as it is asked to, where their runs take `costs` seconds, and that
    BLAS may use as many threads as before when it is done.
    """
    what = f"compute_peak({dtype!r}, {threads}, {sizes}), where the products take {costs} s,"
    with threadpool_limits(threads):
        allowed = blas_threads()
    with threadpool_limits(3 - threads), products_seen(interceptor, *costs) as seen:
        before = blas_threads()
        got = outcome(what, lambda: compute_peak(dtype, threads, sizes, seen.clock))
        equal(f"{what}: threads of BLAS afterwards", blas_threads(), before, "the limit is for a `with` block")
    equal(f"{what} left out runs:", seen.clock.left, [], "a warm-up and two, at each size")
    wanted = {("matmul", f"({n}, {n}) {dtype}", f"({n}, {n}) {dtype}") for n in sizes}
    equal(f"{what} ran", seen.ran, wanted, "two square matrices of the type")
    equal(f"{what}: threads of BLAS", seen.threads, allowed, "BLAS should use as many as asked")
    equal(f"{what}: its matrices", seen.matrices, 2 * len(sizes), "make two for each size, untimed")
    equal(f"{what}: matrices of one number", seen.constant, 0, "take random numbers")
    assert isinstance(got, ComputePeak), f"{what} gave {got!r:.40}, wanted a ComputePeak"
    equal(f"{what} is of", (got.dtype, got.threads), (dtype, threads), "as it was asked")
    idea = "2 n**3 over the best time, of the best size, and the spread of its times"
    close(f"{what}: (FLOP/s, spread)", (got.flops, got.spread), (flops, spread), idea)


def leaves_threads(compute_peak: Callable) -> None:
    """Assert that `compute_peak` puts the threads of BLAS back where a run fails."""

    def failing() -> float:
        raise ZeroDivisionError("the clock failed")

    with threadpool_limits(2):
        before = blas_threads()
        raises("compute_peak with a clock that fails", lambda: compute_peak("float32", 1, (4,), failing),
               ZeroDivisionError, idea="let it pass")
        equal("threads of BLAS after a run that failed", blas_threads(), before, "the limit is for a `with` block")


def counts_untimed(trace: Callable, table: dict, primitive: type, apply: Callable, tensor: type) -> None:
    """Assert that a `trace` counts an operation when its time is over, hands its error on, and holds no array."""
    clock, name = FakeClock(5.0), "counted slowly"
    table[name] = (lambda *shapes: clock.pass_time() or 7,)
    x = tensor([1.0, 2.0])
    with trace(clock) as seen:
        raises("x @ x[:1] in a CountingTrace", lambda: x @ x[:1], ValueError, idea="let the exception pass")
        y = apply(primitive(name, np.negative), x)
    del table[name]
    last = seen.operations[-1]
    equal("(seconds, FLOPs) of an operation that is quick to run and slow to count", (last.seconds, last.flops),
          (0.0, 7), "count when super() has looked at the clock")
    array = weakref.ref(y.data)
    del y
    gc.collect()
    assert array() is None, "a CountingTrace holds an array that it saw, wanted counts alone"
