"""Rounding, and division with a whole result: their gradient is 0, but for that of a remainder."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, in_float32, operands
from tinytorch.given.primitives import no_gradient, of_two, primitive
from tinytorch.support.dtypes import is_floating

__all__ = [
    "sign", "floor", "ceil", "trunc", "round", "div", "divide", "true_divide", "floor_divide", "remainder",
]  # fmt: skip


def _sign(x: np.ndarray) -> np.ndarray:
    return np.asarray((x > 0).astype(np.int8) - (x < 0).astype(np.int8)).astype(x.dtype)


def _checked(b: np.ndarray) -> np.ndarray:
    if not is_floating(b.dtype) and not np.all(b):
        raise ZeroDivisionError("a whole number divided by 0: write float() of it for inf or nan")
    return b


def _truncated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if is_floating(b.dtype):
        return np.trunc(a / b)
    down = a // _checked(b)
    return down + ((down < 0) & (down * b != a)).astype(down.dtype)


def _floored(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.floor_divide(a, _checked(b))


SIGN = primitive("sign", _sign, no_gradient, saves="nothing")
ROUNDED = {
    name: primitive(name, in_float32(function), no_gradient, saves="nothing")
    for name, function in {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.round}.items()
}
FLOOR_DIVIDE = Primitive("floor_divide", in_float32(_floored), "nothing")  # without a gradient, as in PyTorch
BY_MODE = {
    "floor": primitive("div_floor", in_float32(_floored), no_gradient, no_gradient, saves="nothing"),
    "trunc": primitive("div_trunc", in_float32(_truncated), no_gradient, no_gradient, saves="nothing"),
}
REMAINDER = primitive(
    "remainder",
    in_float32(lambda a, b: np.remainder(a, _checked(b))),
    lambda g, y, a, b: g,
    in_float32(lambda g, y, a, b: -g * np.floor_divide(a, b)),
)

floor_divide = of_two("floor_divide", FLOOR_DIVIDE)
remainder = of_two("remainder", REMAINDER)


def sign(input: Any) -> Tensor:
    """-1, 0 or 1 by the sign of each element, in its own type; 0 for nan."""
    return apply(SIGN, as_tensor(input))


def _rounded(name: str, input: Any, **options: Any) -> Tensor:
    x = as_tensor(input)
    return apply(ROUNDED[name], x, **options) if is_floating(x.dtype) else x


def floor(input: Any) -> Tensor:
    """The whole number at or below each element, in its own type."""
    return _rounded("floor", input)


def ceil(input: Any) -> Tensor:
    """The whole number at or above each element, in its own type."""
    return _rounded("ceil", input)


def trunc(input: Any) -> Tensor:
    """Each element without what stands after its point, in its own type."""
    return _rounded("trunc", input)


def round(input: Any, decimals: int = 0) -> Tensor:
    """The nearest number with so many decimals, the even one of two that are equally near, in the element's type."""
    return _rounded("round", input, decimals=decimals)


def div(input: Any, other: Any, rounding_mode: str | None = None) -> Tensor:
    """input / other, or with rounding_mode "floor" or "trunc" its rounding; ZeroDivisionError for a whole one by 0."""
    if rounding_mode is None:
        return as_tensor(input) / other
    if rounding_mode not in BY_MODE:
        raise ValueError(f'rounding_mode must be None, "floor" or "trunc", got {rounding_mode!r}')
    return apply(BY_MODE[rounding_mode], *operands(as_tensor(input), other))


divide = true_divide = div
