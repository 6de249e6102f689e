"""Running sums and products, and the product of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, apply, as_tensor, in_float32
from tinytorch.given.primitives import primitive
from tinytorch.support.arrays import with_axes
from tinytorch.support.dtypes import is_floating
from tinytorch.support.validation import checked_axis

__all__ = ["cumsum", "cumprod", "prod"]


def _cumsum_rule(g: np.ndarray, y: None, x: Any, axis: int) -> np.ndarray:
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def _others(x: np.ndarray, axis: int) -> np.ndarray:
    """For each element the product of the others along `axis`, right also where one is 0."""
    one = np.ones_like(np.take(x, [0], axis)) if x.shape[axis] else x
    before = np.cumprod(np.concatenate([one, np.delete(x, -1, axis)], axis) if x.shape[axis] else x, axis)
    back = np.flip(x, axis)
    after = np.cumprod(np.concatenate([one, np.delete(back, -1, axis)], axis) if x.shape[axis] else x, axis)
    return before * np.flip(after, axis)


def _prod_rule(g: np.ndarray, y: None, x: np.ndarray, axis: tuple[int, ...] | None, keepdims: bool) -> np.ndarray:
    if axis is None:
        return g * _others(x.reshape(-1), 0).reshape(x.shape)
    return with_axes(g, axis, keepdims, x.ndim) * _others(x, axis[0])


def _cumprod_rule(g: np.ndarray, y: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """Each element's share of the products that it is in, without a division: a row for each, in turn."""
    rows, out = np.moveaxis(x, axis, -1), np.zeros(np.moveaxis(x, axis, -1).shape, x.dtype)
    weights = np.moveaxis(g, axis, -1)
    for i in range(rows.shape[-1]):
        changed = rows.copy()
        changed[..., i] = 1
        out[..., i] = (weights * np.cumprod(changed, axis=-1))[..., i:].sum(axis=-1)
    return np.moveaxis(out, -1, axis)


def _kept(function: Callable) -> Callable:
    """NumPy's function in the type of its array, where NumPy takes a longer one for whole numbers."""
    return in_float32(lambda x, **options: function(x, dtype=x.dtype, **options))


CUMSUM = primitive("cumsum", _kept(np.cumsum), in_float32(_cumsum_rule), saves="nothing")
CUMPROD = primitive("cumprod", _kept(np.cumprod), in_float32(_cumprod_rule))
PROD = primitive("prod", _kept(np.prod), in_float32(_prod_rule))


def _summed_type(input: Any, dtype: Any) -> Tensor:
    x = as_tensor(input)
    return x.astype(dtype or (x.dtype if is_floating(x.dtype) else np.int64))


def cumsum(input: Any, dim: int, dtype: Any = None) -> Tensor:
    """The sum of each element and those before it along `dim`: whole numbers and booleans in int64."""
    x = _summed_type(input, dtype)
    return apply(CUMSUM, x, axis=checked_axis(dim, x.shape)) if x.ndim else x


def cumprod(input: Any, dim: int, dtype: Any = None) -> Tensor:
    """The product of each element and those before it along `dim`: whole numbers and booleans in int64."""
    x = _summed_type(input, dtype)
    return apply(CUMPROD, x, axis=checked_axis(dim, x.shape)) if x.ndim else x


def prod(input: Any, dim: int | None = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The product of all elements, or along one axis: whole numbers and booleans in int64."""
    x = _summed_type(input, dtype)
    axis = None if dim is None or x.ndim == 0 else (checked_axis(dim, x.shape),)
    return apply(PROD, x, axis=axis, keepdims=keepdim)
