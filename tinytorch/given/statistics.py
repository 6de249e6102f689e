"""Spreads, lengths and sums of exponentials; 16-bit numbers are computed in float32 and rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, apply, as_tensor, wrap
from tinytorch.given.primitives import no_gradient, primitive, rounded_once
from tinytorch.support.dtypes import is_floating

__all__ = ["var", "std", "var_mean", "std_mean", "norm", "logsumexp"]


def _root_rule(g: np.ndarray, y: np.ndarray, x: Any) -> np.ndarray:
    return np.where(y == 0, 0, g / np.where(y == 0, 1, 2 * y))


COUNTED = primitive("counted", lambda x: (x != 0).astype(x.dtype), no_gradient, saves="nothing")
ROOT = primitive("root", np.sqrt, _root_rule, saves="output")  # its gradient at 0 is 0, as in PyTorch's std and norm


def _axes(x: Tensor, dim: Any) -> Any:
    """`dim` for a reduction of `x`: None for all axes, also where it is an empty list."""
    listed = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    return None if listed == () or (x.ndim == 0 and listed in (0, -1, (0,), (-1,))) else listed


def _spread(x: Tensor, dim: Any, correction: float, keepdim: bool) -> tuple[Tensor, Tensor]:
    if not is_floating(x.dtype):
        raise TypeError(f"var and std want a floating tensor, got {x.dtype}: write x.float()")
    axes = _axes(x, dim)
    mean = x.mean(axis=axes, keepdims=True)
    apart = x - mean
    count = math.prod(x.shape) // max(mean.size, 1) if mean.size else 0
    total = (apart * apart).sum(axis=axes, keepdims=keepdim)
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / wrap(np.asarray(max(count - correction, 0), x.dtype)), x.mean(axis=axes, keepdims=keepdim)


def _correction(dim: Any, unbiased: bool | None, correction: float | None) -> tuple[Any, float]:
    if isinstance(dim, bool):  # var(False), as PyTorch has it
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError("unbiased= and correction= are one: leave out unbiased=")
    return dim, 1 if unbiased or correction is None and unbiased is None else correction or 0


def var_mean(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> tuple[Tensor, Tensor]:
    """`var` and the mean."""
    x = as_tensor(input)
    dim, correction = _correction(dim, unbiased, correction)
    pair = _spread(x.astype(np.float32) if x.dtype.itemsize == 2 else x, dim, correction, keepdim)
    return pair[0].astype(x.dtype), pair[1].astype(x.dtype)


def var(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> Tensor:
    """The mean squared distance from the mean, over all elements or along `dim`, of a floating tensor.

    The sum is divided by the count less `correction`, which is 1 unless told otherwise and 0 with `unbiased=False`; it
    is nan where nothing is left. TypeError for whole numbers.
    """
    return var_mean(input, dim, unbiased, keepdim, correction)[0]


def std_mean(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> tuple[Tensor, Tensor]:
    """`std` and the mean."""
    x = as_tensor(input)
    dim, correction = _correction(dim, unbiased, correction)
    spread, mean = _spread(x.astype(np.float32) if x.dtype.itemsize == 2 else x, dim, correction, keepdim)
    return apply(ROOT, spread).astype(x.dtype), mean.astype(x.dtype)


def std(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, correction: float | None = None
) -> Tensor:
    """The square root of `var`; its gradient is 0 where it is 0."""
    return std_mean(input, dim, unbiased, keepdim, correction)[0]


@rounded_once
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p), over all elements or along `dim`: 2 unless told otherwise; inf and -inf give the extremes.

    Its gradient is 0 where it is 0. TypeError for whole numbers.
    """
    if not is_floating(input.dtype):
        raise TypeError(f"norm wants a floating tensor, got {input.dtype}: write x.float()")
    axes, size = _axes(input, dim), input.abs()
    if p in ("fro", 2):
        return apply(ROOT, (input * input).sum(axis=axes, keepdims=keepdim))
    if p in (math.inf, -math.inf):
        return (size.max if p > 0 else size.min)(axis=axes, keepdims=keepdim)
    if p == 0:
        return apply(COUNTED, input).sum(axis=axes, keepdims=keepdim)
    if p == 1:
        return size.sum(axis=axes, keepdims=keepdim)
    return (size**p).sum(axis=axes, keepdims=keepdim) ** (1 / p)


@rounded_once
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) along `dim`, computed so that no exponent is above 0. Whole numbers become float32."""
    x, axes = input._floating(), _axes(input, dim)
    largest = x.data.max(axis=axes, keepdims=True, initial=-np.inf)
    shift = wrap(np.where(np.isfinite(largest), largest, 0).astype(x.dtype))
    out = (x - shift).exp().sum(axis=axes, keepdims=True)
    with np.errstate(divide="ignore"):
        out = out.log() + shift
    return out if keepdim else out.reshape(_without(out.shape, axes))


def _without(shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    gone = range(len(shape)) if axes is None else [a % len(shape) for a in np.atleast_1d(axes)]
    return tuple(n for axis, n in enumerate(shape) if axis not in gone)
