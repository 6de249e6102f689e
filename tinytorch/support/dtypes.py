"""The number types that a Tensor holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["as_dtype"]


class Spec(NamedTuple):
    """What is left of an array that was not kept: its shape and its type."""

    shape: tuple[int, ...]
    dtype: np.dtype


def as_dtype(dtype: Any) -> np.dtype:
    """The NumPy type for a name or a type, in this machine's byte order; TypeError for one that no Tensor has.

    `"bfloat16"` is looked up in ml_dtypes, which NumPy does not know by itself.
    """
    if isinstance(dtype, str) and dtype == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    dtype = np.dtype(dtype)
    if dtype.kind not in "biu" and not is_floating(dtype):
        raise TypeError(f"a Tensor holds whole numbers, booleans, float16, bfloat16, float32 or float64, not {dtype}")
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def is_floating(dtype: np.dtype) -> bool:
    """Whether `dtype` can carry a gradient: float16, bfloat16, float32 or float64."""
    return dtype.char in "efd" or dtype.name == "bfloat16"


def is_half(dtype: np.dtype) -> bool:
    """Whether `dtype` is one of the two 16-bit floating types."""
    return dtype.itemsize == 2 and is_floating(dtype)


def common_type(tensors: Sequence[Any]) -> np.dtype:
    """The floating type in which tensors meet: that of those with axes where they agree, else float32 or float64.

    Whole numbers take the type of the others; without others they become float32. Tensors without axes count where
    there are no others that are floating.
    """
    floating = [x for x in tensors if is_floating(x.dtype)]
    kinds = {x.dtype for x in floating if x.ndim} or {x.dtype for x in floating}
    return kinds.pop() if len(kinds) == 1 else max({np.dtype(np.float32), *kinds}, key=lambda dtype: dtype.itemsize)
