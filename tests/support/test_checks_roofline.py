"""What the check of a compute peak sees of the products that run."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support.checks_roofline import blas_threads, products_seen

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
