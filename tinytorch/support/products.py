"""Matrix products that NumPy does not do best: large batches of small ones, and a long column times a row.

NumPy multiplies a batch of matrices one after the other, on one thread. BLAS makes blocks of a column and a row too,
though each number of their product is one multiplication, and nothing is used twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tinytorch.support.dtypes import is_floating
from tinytorch.support.launch import compiled
from tinytorch.support.threads import get_num_threads, in_slices

# Multiplications; both found by trying sizes on two x86 machines.
SMALL = 1 << 18  # OpenBLAS shares a larger product among the threads itself
SHARE = 6_000_000  # a smaller part of a batch is done before another thread is awake


def quick_product(
    product: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """(..., m, k) @ (..., k, n) -> (..., m, n) of arrays of two axes or more, in the quickest way; leading axes
    broadcast, and ValueError says so where they do not.

    A large batch of small products is shared among the threads that set_num_threads allows, a long column times a row
    is one plain loop, and all else is `product(a, b)`.
    """
    if a.ndim == 2 == b.ndim:
        return column_times_row(a, b) if is_long(a, b) else product(a, b)
    batch = common_batch(a.shape, b.shape)
    parts = parts_of_batch(batch, math.prod(a.shape[-2:]) * b.shape[-1])
    if parts < 2:
        return product(a, b)
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    out = np.empty((*batch, a.shape[-2], b.shape[-1]), np.result_type(a, b))
    in_slices(np.matmul, (a, b, out), parts)
    return out


def is_long(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether `a` is a column and `b` a row, of floating numbers, whose product is large."""
    return a.shape[1] == 1 and a.size * b.size > SMALL and is_floating(np.result_type(a, b))


def parts_of_batch(batch: tuple[int, ...], one: int) -> int:
    """Among how many threads a batch of products of `one` multiplication each is shared."""
    return min(get_num_threads(), batch[0], math.prod(batch) * one // SHARE) if one <= SMALL else 1


def common_batch(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The leading axes of the product of arrays of shapes `a` and `b`; ValueError where they do not fit together.

    >>> common_batch((5, 1, 2, 3), (4, 3, 2))
    (5, 4)
    """
    for m, n in zip(a[-3::-1], b[-3::-1], strict=False):
        if m != n and 1 not in (m, n):
            raise ValueError(f"matmul shape mismatch: {a} @ {b}: the leading axes {a[:-2]} and {b[:-2]} do not "
                             f"broadcast: {m} and {n} must be equal, or one of them 1")
    return np.broadcast_shapes(a[:-2], b[:-2])


def column_times_row(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m, 1) @ (1, n) -> (m, n) of float32 or float64 arrays, in one pass over the result."""
    out = np.empty((a.size, b.size), np.result_type(a, b))
    _column_times_row(np.ascontiguousarray(a).reshape(-1), np.ascontiguousarray(b).reshape(-1), out)
    return out


@compiled
def _column_times_row(column, row, out):
    for i in range(column.size):
        for j in range(row.size):
            out[i, j] = column[i] * row[j]
