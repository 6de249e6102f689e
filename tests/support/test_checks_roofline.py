"""What the check of a compute peak sees of the products that run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from tinytorch.core.tensor import Interceptor, Primitive, Tensor, apply
from tinytorch.profiling.roofline import FLOPS, CountingTrace, compute_peak
from tinytorch.support.checks_roofline import blas_threads, counts_untimed, leaves_threads, peak_is, products_seen

ONE, TWO = Tensor(np.ones((2, 2), np.float32)), Tensor([[1.0, 2.0], [3.0, 4.0]])


def test_products_move_the_clock_and_are_noted():
    with products_seen(Interceptor, 3.0, 0.5) as seen:
        ONE @ TWO
        TWO @ ONE
    assert (seen.clock(), seen.clock.left) == (103.5, [])
    assert seen.ran == {("matmul", "(2, 2) float32", "(2, 2) float32")}
    assert (seen.matrices, seen.constant) == (2, 1)


def test_matrices_made_for_every_run_are_counted_each():
    with products_seen(Interceptor, 1.0, 1.0, 1.0) as seen:
        for _ in range(3):
            ONE @ Tensor(np.eye(2, dtype=np.float32))
    assert (seen.matrices, seen.constant) == (4, 1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bit_types_are_looked_at_too(dtype):
    with products_seen(Interceptor, 1.0) as seen:
        Tensor([[1, 1]], dtype=dtype) @ Tensor([[1], [2]], dtype=dtype)
    assert (seen.matrices, seen.constant) == (2, 1)


def test_the_threads_are_those_of_the_moment():
    with threadpool_limits(1):
        one = blas_threads()
        with products_seen(Interceptor, 1.0) as seen:
            ONE @ TWO
    assert seen.threads == one <= {1}


def test_right_answers_pass():
    peak_is(compute_peak, Interceptor, "float32", 1, (4, 8), (9, 1, 0.5, 9, 0.25, 0.5), 4096.0, 100 / 3)
    leaves_threads(compute_peak)
    counts_untimed(CountingTrace, FLOPS, Primitive, apply, Tensor)


def stays_limited(dtype, threads, sizes=(4,), clock=None):
    threadpool_limits(threads)
    return compute_peak(dtype, threads, sizes, clock)


class CountsInTime(CountingTrace):
    def forward(self, primitive, inputs, options):
        start = self.clock()
        out = super().forward(primitive, inputs, options)
        self.operations[-1] = replace(self.operations[-1], seconds=self.clock() - start)
        return out


class KeepsAll(CountingTrace):
    def forward(self, primitive, inputs, options):
        self.last = super().forward(primitive, inputs, options)
        return self.last


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: leaves_threads(stays_limited), "the limit is for a `with` block"),
        (lambda: counts_untimed(CountsInTime, FLOPS, Primitive, apply, Tensor), "count when super"),
        (lambda: counts_untimed(KeepsAll, FLOPS, Primitive, apply, Tensor), "holds an array"),
    ],
)
def test_wrong_answers_are_told(asked, words):
    with threadpool_limits(2), pytest.raises(AssertionError, match=words):
        asked()
