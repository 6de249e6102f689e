"""Questions that are answered with true and false, and bits: no gradient passes through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, operands, reduce
from tinytorch.support.dtypes import is_floating

__all__ = [
    "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_not", "isnan", "isinf", "isfinite", "isclose", "allclose", "equal", "all", "any",
]  # fmt: skip


def _asked(function: np.ufunc) -> Callable[..., Tensor]:
    made = Primitive(function.__name__, function, "nothing")

    def ask(input: Any, *others: Any) -> Tensor:
        return apply(made, as_tensor(input), *map(as_tensor, others))

    ask.__name__, ask.__doc__ = function.__name__, f"{function.__name__} of each element: booleans."
    return ask


logical_and, logical_or, logical_xor, logical_not = map(
    _asked, (np.logical_and, np.logical_or, np.logical_xor, np.logical_not)
)
isnan, isinf, isfinite = map(_asked, (np.isnan, np.isinf, np.isfinite))


def _bits(function: np.ufunc) -> Callable[..., Tensor]:
    made = Primitive(function.__name__, function, "nothing")

    def combine(input: Any, *others: Any) -> Tensor:
        given = operands(input, *others) if others else (as_tensor(input),)
        if fractions := [x.dtype for x in given if is_floating(x.dtype)]:
            raise TypeError(f"{function.__name__} is for booleans and whole numbers, got {fractions[0]}: compare first")
        return apply(made, *given)

    combine.__name__, combine.__doc__ = function.__name__, f"{function.__name__} of booleans or whole numbers."
    return combine


bitwise_and, bitwise_or, bitwise_xor, bitwise_not = map(
    _bits, (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_not)
)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol |other|, element by element; inf is close to itself."""
    a, b = operands(input, other)
    close = Primitive("isclose", lambda x, y: np.isclose(_wide(x), _wide(y), rtol, atol, equal_nan), "nothing")
    return apply(close, a, b)


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if is_floating(array.dtype) else array


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as `isclose` has it: a bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).data.all())


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape and equal elements: a bool. `==` compares element by element."""
    a, b = as_tensor(input), as_tensor(other)
    return a.shape == b.shape and bool((a == b).data.all())


ALL = Primitive("all", lambda x, axis, keepdims: np.all(x, axis=axis, keepdims=keepdims), "nothing")
ANY = Primitive("any", lambda x, axis, keepdims: np.any(x, axis=axis, keepdims=keepdims), "nothing")


def all(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether every element, or every one along `dim`, is true or not 0."""
    return _reduced(ALL, input, dim, keepdim)


def any(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element, or some one along `dim`, is true or not 0."""
    return _reduced(ANY, input, dim, keepdim)


def _reduced(made: Primitive, input: Any, dim: Any, keepdim: bool) -> Tensor:
    x = as_tensor(input)
    dim = None if x.ndim == 0 and dim in (0, -1) else dim
    out = reduce(made, x, dim, keepdim)
    return out.astype(np.uint8) if x.dtype == np.uint8 else out  # as in PyTorch
