"""Largest and smallest elements, and elements in order: values, through which the gradient passes, and their places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinytorch.core.tensor import Tensor, apply, as_tensor, in_float32, maximum, wrap
from tinytorch.given.bounds import minimum
from tinytorch.given.primitives import primitive
from tinytorch.given.selecting import take_along_dim
from tinytorch.support.dtypes import is_half
from tinytorch.support.validation import checked_axis

__all__ = ["max", "min", "argmax", "argmin", "amax", "amin", "sort", "argsort", "topk", "median"]


class Found(NamedTuple):
    """Elements and where each was along the axis: `.values` and `.indices`, int64."""

    values: Tensor
    indices: Tensor


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element is, along `dim` or in the flattened tensor: int64."""
    return as_tensor(input).argmax(dim, keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element is, along `dim` or in the flattened tensor: int64."""
    return as_tensor(input).argmin(dim, keepdim)


def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest elements along one axis or several; equal ones share the gradient."""
    return as_tensor(input).max(axis=None if dim == () else dim, keepdims=keepdim)


def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest elements along one axis or several; equal ones share the gradient."""
    return as_tensor(input).min(axis=None if dim == () else dim, keepdims=keepdim)


def max(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor | Found:
    """The largest element; with a number `dim` values and indices along it; with a tensor `maximum` of the two."""
    if isinstance(dim, Tensor):
        return maximum(input, dim)
    return as_tensor(input).max() if dim is None else _extreme(as_tensor(input), argmax, dim, keepdim)


def min(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor | Found:
    """The smallest element; with a number `dim` values and indices along it; with a tensor `minimum` of the two."""
    if isinstance(dim, Tensor):
        return minimum(input, dim)
    return as_tensor(input).min() if dim is None else _extreme(as_tensor(input), argmin, dim, keepdim)


def _extreme(x: Tensor, find: Any, dim: int, keepdim: bool) -> Found:
    if x.ndim == 0:
        checked_axis(dim, x.shape)
        return Found(x.max(), wrap(np.zeros((), np.int64)))
    places = find(x, dim, keepdim=True)
    found = Found(take_along_dim(x, places, dim), places)
    return found if keepdim else Found(*(part.squeeze(dim) for part in found))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Where the elements would come from, put in order along `dim`: int64. Equal ones stay in their order."""
    x = as_tensor(input)
    dim, array = checked_axis(dim, x.shape), x.data.astype(np.float32) if is_half(x.dtype) else x.data
    if x.ndim == 0:
        return wrap(np.zeros((), np.int64))
    if not descending:
        return wrap(np.argsort(array, axis=dim, kind="stable"))
    backwards = np.argsort(np.flip(array, dim), axis=dim, kind="stable")
    return wrap(x.shape[dim] - 1 - np.flip(backwards, dim))


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Found:
    """The elements in order along `dim`, and where they came from; nan counts as larger than everything."""
    x = as_tensor(input)
    places = argsort(x, dim, descending)
    return Found(take_along_dim(x, places, dim) if x.ndim else x, places)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Found:
    """The `k` largest elements along `dim`, or smallest, and where they were; ValueError where there are fewer."""
    x = as_tensor(input)
    axis = checked_axis(dim, x.shape)
    length = x.shape[axis] if x.ndim else 1
    if not 0 <= k <= length:
        raise ValueError(f"topk of {k} elements along axis {dim} of shape {x.shape}: there are {length}")
    if x.ndim == 0:
        return Found(x, wrap(np.zeros((), np.int64))) if k else Found(x.reshape(1)[:0], wrap(np.zeros(0, np.int64)))
    places = argsort(x, axis, descending=largest)[(slice(None),) * axis + (slice(0, k),)]
    return Found(take_along_dim(x, places, axis), places)


def _middle(x: np.ndarray) -> np.ndarray:
    in_order = np.sort(x, axis=None)
    if not x.size or np.isnan(in_order[-1].astype(np.float64)):
        return np.array(np.nan, x.dtype)
    return in_order[(x.size - 1) // 2]


def _middle_rule(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """To all elements that equal it, in equal shares, as in PyTorch."""
    chosen = np.isnan(x) if np.isnan(y) else x == y
    return np.where(chosen, g / np.asarray(chosen.sum(), g.dtype), 0)


MEDIAN = primitive("median", in_float32(_middle), in_float32(_middle_rule), saves="both")


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor | Found:
    """The element in the middle, the lower of two; with `dim` values and indices along it. nan where there is a nan."""
    x = as_tensor(input)
    if dim is None:
        return apply(MEDIAN, x)
    axis = checked_axis(dim, x.shape)
    if x.ndim == 0:
        return Found(x, wrap(np.zeros((), np.int64)))
    length, missing = x.shape[axis], np.isnan(x.data.astype(np.float64)).sum(axis=axis, keepdims=True)
    middle = np.where(missing > 0, length - missing, (length - 1) // 2)  # nan is last: the first of them
    places = take_along_dim(argsort(x, axis), wrap(middle), axis)
    found = Found(take_along_dim(x, places, axis), places)
    return found if keepdim else Found(*(part.squeeze(axis) for part in found))
