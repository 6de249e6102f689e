"""Half precision for NumPy functions: computed in float32 and rounded once, at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from tinytorch.support.dtypes import common_type, is_floating, is_half

CASTS: dict[tuple[np.dtype, np.dtype], Callable[[np.ndarray], np.ndarray]] = {}  # (from, to): a faster way than NumPy's
_SINGLE = np.dtype(np.float32)


def cast_array(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` in another type, by CASTS where it has a way and else by NumPy.

    A number too large for a 16-bit type becomes inf, without a warning. What CASTS holds gives the numbers that NumPy
    gives; only a nan may have other bits.
    """
    faster = CASTS.get((array.dtype, dtype))
    if faster is not None:
        return faster(array)
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype)


def in_float32(forward: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a function of arrays compute those of a 16-bit type in float32, and round its result once.

    The result has the type that NumPy gives the floating arrays that came in. A list of arrays is left as it is.

    >>> float(in_float32(np.add)(np.float16([1.0]), np.float16([2.0]))[0])
    3.0
    """

    @wraps(forward)
    def widened(*arrays, **options):
        for array in arrays:
            if isinstance(array, np.ndarray) and array.itemsize == 2 and is_half(array.dtype):
                return _widened(forward, arrays, options)
        return forward(*arrays, **options)

    return widened


def widened(forward: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a function of arrays have those of a 16-bit type in float32; its result stays as wide as it comes.

    >>> widened(np.add)(np.float16([1.0]), np.float16([2.0])).dtype
    dtype('float32')
    """

    @wraps(forward)
    def wide(*arrays, **options):
        return forward(*_wide(arrays), **options)

    return wide


def rounded_like_last(forward: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a function of arrays have those of a 16-bit type in float32, and give its result in the type of the last one
    where that is of 16 bits.

    >>> rounded_like_last(np.add)(np.float32([1.0]), np.float16([2.0])).dtype
    dtype('float16')
    """

    @wraps(forward)
    def rounded(*arrays, **options):
        made, dtype = forward(*_wide(arrays), **options), arrays[-1].dtype
        return cast_array(made, dtype) if is_half(dtype) else made

    return rounded


def in_one_type(forward: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a function of floating arrays have all of them in the one type in which tensors meet: see `common_type`.

    >>> in_one_type(np.multiply)(np.float16([0.5]), np.array([2])).dtype
    dtype('float16')
    """

    @wraps(forward)
    def agreeing(*arrays, **options):
        first = arrays[0].dtype
        for array in arrays:
            if array.dtype != first:
                dtype = common_type(arrays)
                return forward(*[cast_array(each, dtype) for each in arrays], **options)
        return forward(*arrays, **options)

    return agreeing


def _widened(forward: Callable[..., np.ndarray], arrays: tuple, options: dict) -> np.ndarray:
    kinds = [a.dtype for a in arrays if isinstance(a, (np.ndarray, np.generic)) and is_floating(a.dtype)]
    made = forward(*_wide(arrays), **options)
    return made if isinstance(made, list) else cast_array(made, np.result_type(*kinds))


def _wide(arrays: tuple) -> list:
    return [cast_array(a, _SINGLE) if isinstance(a, np.ndarray) and is_half(a.dtype) else a for a in arrays]
