"""Spreads, lengths and sums of exponentials; 16-bit numbers are computed in float32 and rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, in_float32, wrap
from tinytorch.given.primitives import no_gradient, primitive, rounded_once
from tinytorch.support.arrays import with_axes
from tinytorch.support.dtypes import is_floating
from tinytorch.support.validation import checked_axes

__all__ = ["var", "std", "var_mean", "std_mean", "norm", "logsumexp"]

Axis = tuple[int, ...] | None


def _apart(x: np.ndarray, axis: Axis, correction: float) -> tuple[np.ndarray, float]:
    """The distances from the mean along `axis`, and the number by which their squares' sum is divided.

    They are taken from the first element's distances, so that of equal numbers each is exactly 0.
    """
    axes = range(x.ndim) if axis is None else axis
    count = math.prod(x.shape[a] for a in axes)
    x = x - x[tuple(slice(1) if a in axes else slice(None) for a in range(x.ndim))]
    mean = x.sum(axis=axis, keepdims=True) / np.asarray(count, x.dtype)
    return x - mean, max(count - correction, 0)


def _variance(x: np.ndarray, axis: Axis, keepdims: bool, correction: float) -> np.ndarray:
    apart, left = _apart(x, axis, correction)
    return np.square(apart).sum(axis=axis, keepdims=keepdims) / np.asarray(left, x.dtype)


def _deviation(x: np.ndarray, **options: Any) -> np.ndarray:
    return np.sqrt(_variance(x, **options))


def _variance_rule(g: np.ndarray, y: Any, x: np.ndarray, axis: Axis, keepdims: bool, correction: float) -> np.ndarray:
    apart, left = _apart(x, axis, correction)
    return with_axes(g, axis, keepdims, x.ndim) * (apart * (2 / np.asarray(left, x.dtype)))


def _root_rule(g: np.ndarray, y: np.ndarray, x: Any) -> np.ndarray:
    return np.where(y == 0, 0, g / np.where(y == 0, 1, 2 * y))


def _deviation_rule(g: np.ndarray, y: np.ndarray, x: np.ndarray, **options: Any) -> np.ndarray:
    return _variance_rule(_root_rule(g, y, x), y, x, **options)


VAR = primitive("var", in_float32(_variance), in_float32(_variance_rule))
STD = primitive("std", in_float32(_deviation), in_float32(_deviation_rule), saves="both")
COUNTED = primitive("counted", lambda x: (x != 0).astype(x.dtype), no_gradient, saves="nothing")
ROOT = primitive("root", np.sqrt, _root_rule, saves="output")  # its gradient at 0 is 0, as that of PyTorch's norm


def _axes(x: Tensor, dim: Any) -> Axis:
    """`dim` as axes from the front; None for all, also where it is an empty list."""
    listed = tuple(dim) if isinstance(dim, (list, tuple)) else () if dim is None else (dim,)
    return checked_axes(listed, x.shape) if listed and x.ndim else None


def _spread(
    made: Primitive, input: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None
) -> Tensor:
    x = as_tensor(input)
    if not is_floating(x.dtype):
        raise TypeError(f"{made.name} wants a floating tensor, got {x.dtype}: write x.float()")
    if isinstance(dim, bool):  # var(False), as PyTorch has it
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{made.name} got unbiased= and correction=, which are one: leave out unbiased=")
    less = correction if correction is not None else 0 if unbiased is False else 1
    return apply(made, x, axis=_axes(x, dim), keepdims=keepdim, correction=less)


def var(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> Tensor:
    """The mean squared distance from the mean, over all elements or along `dim`, of a floating tensor.

    The sum is divided by the count less `correction`, which is 1 unless told otherwise and 0 with `unbiased=False`; it
    is nan where nothing is left. TypeError for whole numbers.
    """
    return _spread(VAR, input, dim, unbiased, keepdim, correction)


def std(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> Tensor:
    """The square root of `var`; its gradient is 0 where it is 0."""
    return _spread(STD, input, dim, unbiased, keepdim, correction)


def var_mean(input: Any, dim: Any = None, *inputs: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """`var` and the mean."""
    return var(input, dim, *inputs, **options), _mean(input, dim, *inputs, **options)


def std_mean(input: Any, dim: Any = None, *inputs: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """`std` and the mean."""
    return std(input, dim, *inputs, **options), _mean(input, dim, *inputs, **options)


def _mean(input: Any, dim: Any, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Tensor:
    x = as_tensor(input)
    return x.mean(axis=None if isinstance(dim, bool) else _axes(x, dim), keepdims=keepdim)


@rounded_once
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p), over all elements or along `dim`: 2 unless told otherwise; inf and -inf give the extremes.

    Its gradient is 0 where it is 0. TypeError for whole numbers.
    """
    if not is_floating(input.dtype):
        raise TypeError(f"norm wants a floating tensor, got {input.dtype}: write x.float()")
    options, size = {"axis": _axes(input, dim), "keepdims": keepdim}, input.abs()
    if p in ("fro", 2):
        return apply(ROOT, (input * input).sum(**options))
    if p in (math.inf, -math.inf):
        return size.max(**options) if p > 0 else size.min(**options)
    if p in (0, 1):
        return (apply(COUNTED, input) if p == 0 else size).sum(**options)
    return (size**p).sum(**options) ** (1 / p)


@rounded_once
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) along `dim`, computed so that no exponent is above 0. Whole numbers become float32."""
    x, axes = input._floating(), _axes(input, dim)
    largest = x.data.max(axis=axes, keepdims=True, initial=-np.inf)
    shift = wrap(np.where(np.isfinite(largest), largest, 0).astype(x.dtype))
    out = (x - shift).exp().sum(axis=axes, keepdims=True)
    out = out.log() + shift
    if keepdim:
        return out
    return out.reshape(tuple(n for a, n in enumerate(out.shape) if axes is not None and a not in axes))
