"""Steps over the rows of a table of float32 or float64 numbers, in forms that SIMD takes, and loops over such rows.

Two steps of a softmax resist SIMD. The largest of several floats depends on their order where one of them is nan; that
of whole numbers does not, and the bits of a float, read as a whole number, are in order: sign, exponent, fraction. Only
among negative floats is that order reversed, and inverting all their bits but the sign puts it right. And a row of ten
numbers is too short for SIMD, so the exponentials of several rows are computed as one line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from tinytorch.support.kernel_cache import Kernel
from tinytorch.support.launch import PART, compiled
from tinytorch.support.series import double_exp, float_exp
from tinytorch.support.threads import get_num_threads, in_slices

_BLOCK = 1 << 12  # numbers: 16 KiB of float32, which fit in a processor's first cache


@cache
def row_steps(real: type) -> tuple[Kernel, Kernel, Kernel]:
    """Compiled `lower(rows, out)`, which takes from each row its largest number, `exponentials(rows)`, in place, and
    `sum_of(rows, i)`, the sum of row i, in any order.

    `real` is np.float32 or np.float64, `rows` and `out` are of shape (n, C); `out` may be `rows`. A nan stays a nan.
    """
    exp, whole = (double_exp, np.int64) if real is np.float64 else (float_exp, np.int32)
    sign, rest = whole(np.iinfo(whole).bits - 1), whole(np.iinfo(whole).max)

    @compiled
    def largest(bits, i):
        top = whole(-rest)
        for j in range(bits.shape[1]):
            top = max(top, whole(bits[i, j] ^ ((bits[i, j] >> sign) & rest)))
        return whole(top ^ ((top >> sign) & rest)).view(real)

    @compiled
    def lower(rows, out):
        (count, width), bits = rows.shape, rows.view(whole)
        for i in range(count):
            top = largest(bits, i)
            for j in range(width):
                out[i, j] = rows[i, j] - top

    @compiled
    def exponentials(rows):
        line = rows.reshape(-1)
        for k in range(line.size):
            line[k] = exp(line[k])

    @partial(compiled, any_order=True)
    def sum_of(rows, i):
        total, width = real(0), rows.shape[1]
        for j in range(width):
            total += rows[i, j]
        return total

    return lower, exponentials, sum_of


def sum_in_blocks(function: Callable, real: type) -> Kernel:
    """Compiled `loop(smoothing, rows, targets)`: the sum of `function(rows, targets, smoothing, work)` over blocks.

    A block is as many rows as fit in the first cache, or a single long one; `work` is an array of its shape and of the
    type `real`, the same memory each time.
    """

    @compiled
    def loop(smoothing, rows, targets):
        block, total = max(1, _BLOCK // rows.shape[1]), 0.0
        work = np.empty((block, rows.shape[1]), real)
        for start in range(0, len(rows), block):
            stop = min(start + block, len(rows))
            total += function(rows[start:stop], targets[start:stop], smoothing, work[: stop - start])
        return total

    return loop


def done_in_blocks(function: Callable) -> Kernel:
    """Compiled `loop(smoothing, share, rows, targets, out)`: `function(rows, targets, smoothing, share, out)` on blocks
    of rows, which fit in the first cache.
    """

    @compiled
    def loop(smoothing, share, rows, targets, out):
        block = max(1, _BLOCK // rows.shape[1])
        for start in range(0, len(rows), block):
            stop = min(start + block, len(rows))
            function(rows[start:stop], targets[start:stop], smoothing, share, out[start:stop])

    return loop


def on_rows(loop: Callable, table: np.ndarray, targets: np.ndarray, *others: np.ndarray) -> list:
    """The results of `loop(rows, targets, ...)` on parts of the table, (..., C), one for each thread that it is worth.

    `targets` holds a number for each row, and each of `others` has a row, or a number, for each.
    """
    rows = np.ascontiguousarray(table).reshape(targets.size, -1)
    parts = min(get_num_threads(), max(1, rows.size // PART), len(rows))
    return in_slices(loop, [rows, targets.reshape(-1), *others], parts)
