"""A function of a batch, computed for parts of the batch at the same time.

BLAS shares one large product among threads, but NumPy multiplies a batch of small matrices one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

WORTH = 1 << 17  # elements of all arrays together: a smaller part is done before another thread is awake
SMALL = 1 << 14  # elements of a matrix: a product of larger ones is shared by BLAS itself


def by_batch(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(*arrays, **options)`, whose result for each item of the first axis depends on that item alone.

    It gives an array or a list of arrays, each with that axis, or None; arrays of two axes at most, such as a mask, go
    whole to every part. Where the arrays are large, parts of the batch are computed on as many threads as
    `set_num_threads` allows.
    """

    @wraps(function)
    def shared(*arrays: Any, **options: Any) -> Any:
        parts = _parts_of(arrays)
        if parts == 1:
            return function(*arrays, **options)
        from tinytorch.support.threads import in_parts

        batch = _batch_of(arrays)
        edges = [batch * i // parts for i in range(parts + 1)]

        def run(i: int) -> Any:
            return function(*[_cut(array, slice(edges[i], edges[i + 1])) for array in arrays], **options)

        results = in_parts(run, parts)
        if isinstance(results[0], list):
            return [_joined(pieces) for pieces in zip(*results, strict=True)]
        return _joined(results)

    return shared


def _batched(arrays: Sequence[Any]) -> list[np.ndarray]:
    return [array for array in arrays if isinstance(array, np.ndarray) and array.ndim > 2]


def _batch_of(arrays: Sequence[Any]) -> int:
    """The length of the first axis, where that is the same for all arrays of three axes or more, else 1."""
    lengths = {(array.shape[0], array.ndim) for array in _batched(arrays)}
    return next(iter(lengths))[0] if len(lengths) == 1 else 1


def _parts_of(arrays: Sequence[Any]) -> int:
    batched = _batched(arrays)
    worth = sum(array.size for array in batched) // WORTH
    if worth < 2 or any(array.shape[-1] * array.shape[-2] > SMALL for array in batched):
        return 1
    from tinytorch.support.threads import get_num_threads

    return min(get_num_threads(), _batch_of(arrays), worth)


def _cut(array: Any, part: slice) -> Any:
    return array[part] if isinstance(array, np.ndarray) and array.ndim > 2 else array


def _joined(pieces: Sequence[Any]) -> np.ndarray | None:
    """The pieces one after another along the first axis, laid out in memory as they are; None where they are None."""
    first = pieces[0]
    if first is None:
        return None
    out = np.empty_like(first, shape=(sum(map(len, pieces)), *first.shape[1:]))
    return np.concatenate(pieces, out=out)
