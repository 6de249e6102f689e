"""Layer normalisation of large arrays, forward and backward, each in one pass over memory.

A row is short enough to stay in the first cache while its mean, its variance and its numbers are computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from tinytorch.support.kernel_cache import Kernel
from tinytorch.support.launch import compiled, parts_of
from tinytorch.support.threads import in_slices

_BLOCK = 64  # rows whose sums are added up before they join the total, so that rounding errors stay small


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps) * weight + bias along the last axis.

    x is (..., n), weight and bias are (n,), all of float32 or all of float64; the result is a new array like x.
    """
    rows, real = _rows(x), x.dtype.type
    out = np.empty_like(rows)
    forward, _ = _loops(real)
    run = partial(forward, np.ascontiguousarray(weight), np.ascontiguousarray(bias), real(eps))
    in_slices(run, [rows, out], parts_of(x.size))
    return out.reshape(x.shape)


def layer_norm_gradients(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> list[np.ndarray]:
    """The gradients with respect to x, weight and bias, where g is that with respect to the result."""
    rows, real = _rows(x), x.dtype.type
    out = np.empty_like(rows)
    _, backward = _loops(real)
    run = partial(backward, np.ascontiguousarray(weight), real(eps))
    sums = in_slices(run, [_rows(g), rows, out], parts_of(x.size))
    return [out.reshape(x.shape), *sum(sums[1:], start=sums[0])]


def _rows(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


@cache
def _loops(real: type) -> tuple[Kernel, Kernel]:
    """Compiled `forward(weight, bias, eps, rows, out)` and `backward(weight, eps, g, rows, out)`, which returns the
    gradients with respect to weight and bias as a matrix (2, n). All numbers are of the type `real`.
    """
    one = real(1)

    @partial(compiled, any_order=True)
    def statistics(rows, i, eps):
        share = one / real(rows.shape[1])
        mean = variance = real(0)
        for j in range(rows.shape[1]):
            mean += rows[i, j]
        mean *= share
        for j in range(rows.shape[1]):
            variance += (rows[i, j] - mean) * (rows[i, j] - mean)
        return mean, one / np.sqrt(variance * share + eps)

    @compiled
    def forward(weight, bias, eps, rows, out):
        for i in range(len(rows)):
            mean, inverse = statistics(rows, i, eps)
            for j in range(rows.shape[1]):
                out[i, j] = (rows[i, j] - mean) * inverse * weight[j] + bias[j]

    return forward, _backward(real, statistics)


def _backward(real: type, statistics: Callable) -> Kernel:
    @partial(compiled, any_order=True)
    def means(g, weight, rows, i, mean, inverse):
        plain = slope = real(0)
        for j in range(weight.size):
            wanted = g[i, j] * weight[j]
            plain += wanted
            slope += wanted * (rows[i, j] - mean)
        share = real(1) / real(weight.size)
        return plain * share, slope * share * inverse * inverse

    @compiled
    def backward(weight, eps, g, rows, out):
        n = weight.size
        total, sums = np.zeros((2, n), weight.dtype), np.zeros((2, n), weight.dtype)
        for i in range(len(rows)):
            mean, inverse = statistics(rows, i, eps)
            plain, slope = means(g, weight, rows, i, mean, inverse)
            for j in range(n):
                out[i, j] = (g[i, j] * weight[j] - (rows[i, j] - mean) * slope - plain) * inverse
            for j in range(n):
                sums[0, j] += g[i, j] * ((rows[i, j] - mean) * inverse)
            for j in range(n):
                sums[1, j] += g[i, j]
            if i % _BLOCK == _BLOCK - 1 or i == len(rows) - 1:
                total += sums
                sums[:] = 0
        return total

    return backward
