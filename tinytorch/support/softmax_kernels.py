"""The softmax of each row of a large array, and its gradient, block by block of rows that fit in the first cache."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from tinytorch.support.kernel_cache import Kernel
from tinytorch.support.launch import compiled, parts_of
from tinytorch.support.rows import row_steps
from tinytorch.support.threads import in_slices

_BLOCK = 1 << 12  # numbers: 16 KiB of float32


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) over its sum along `axis` of a float32 or float64 array, in a new one; fastest along the last axis."""
    x = np.moveaxis(x, axis, -1)
    out = np.empty(x.shape, x.dtype)
    in_slices(partial(_loops(x.dtype.type)[0], False), [_rows(x), _rows(out)], parts_of(x.size))
    return np.moveaxis(out, -1, axis)


def softmax_in_place(scores: np.ndarray) -> np.ndarray:
    """The softmax along the last axis, written over `scores` and returned; where a row is -inf alone it is 0."""
    rows = _rows(scores)
    in_slices(partial(_loops(scores.dtype.type)[0], True), [rows, rows], parts_of(scores.size))
    if not scores.flags.c_contiguous:
        scores[...] = rows.reshape(scores.shape)
    return scores


def softmax_gradient(g: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """y * (g - the sum of g * y along `axis`), where y is a softmax along it and g the gradient with respect to y."""
    g, y = np.moveaxis(g, axis, -1), np.moveaxis(y, axis, -1)
    out = np.empty(y.shape, y.dtype)
    in_slices(_loops(y.dtype.type)[1], [_rows(g), _rows(y), _rows(out)], parts_of(y.size))
    return np.moveaxis(out, -1, axis)


def _rows(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


@cache
def _loops(real: type) -> tuple[Kernel, Kernel]:
    """Compiled `forward(clears, rows, out)`, where `out` may be `rows`, and `backward(g, y, out)`, for numbers of this
    type. With `clears` the softmax of a row of -inf alone is 0, and otherwise nan.
    """
    lower, exponentials, sum_of = row_steps(real)
    zero, one, low = real(0), real(1), real(-np.inf)

    @compiled
    def is_empty(rows, i):
        j = 0
        while j < rows.shape[1] and rows[i, j] == low:
            j += 1
        return j == rows.shape[1]

    @compiled
    def forward(clears, rows, out):
        (count, width), block = rows.shape, max(1, _BLOCK // rows.shape[1])
        work = np.empty((block, width), rows.dtype)  # not `out`: where that is `rows`, SIMD would be ruled out
        for start in range(0, count, block):
            part = work[: min(block, count - start)]
            lower(rows[start : start + block], part)
            exponentials(part)
            for i in range(len(part)):
                if clears and is_empty(rows, start + i):
                    out[start + i] = zero
                else:
                    share = one / sum_of(part, i)
                    for j in range(width):
                        out[start + i, j] = part[i, j] * share

    return forward, _backward(real)


def _backward(real: type) -> Kernel:
    @partial(compiled, any_order=True)
    def product(a, b, i):
        total = real(0)
        for j in range(a.shape[1]):
            total += a[i, j] * b[i, j]
        return total

    @compiled
    def backward(g, y, out):
        for i in range(len(y)):
            level = product(g, y, i)
            for j in range(y.shape[1]):
                out[i, j] = y[i, j] * (g[i, j] - level)

    return backward
