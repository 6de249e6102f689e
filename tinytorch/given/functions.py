"""Methods of a Tensor as functions of it: `tinytorch.sum(x, dim=0)` is `x.sum(dim=0)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinytorch.core.tensor import Tensor, as_tensor

__all__ = [
    "sum", "mean", "exp", "log", "sqrt", "reciprocal", "abs", "absolute", "neg", "negative", "pow", "square", "add",
    "sub", "subtract", "mul", "multiply", "matmul", "mm", "bmm", "mv", "dot", "outer", "lt", "le", "gt", "ge", "eq",
    "ne", "reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "clone", "numel", "is_tensor",
    "is_floating_point",
]  # fmt: skip


def of_method(name: str) -> Callable[..., Any]:
    """The method `name` as a function whose first argument is the tensor."""

    def function(input: Any, *inputs: Any, **options: Any) -> Any:
        return getattr(as_tensor(input), name)(*inputs, **options)

    function.__name__ = function.__qualname__ = name.strip("_")
    function.__doc__ = f"`input.{name}(...)`."
    return function


sum, mean, exp, log, sqrt, reciprocal = map(of_method, ("sum", "mean", "exp", "log", "sqrt", "reciprocal"))
abs = absolute = of_method("abs")
neg = negative = of_method("__neg__")
pow, square, matmul = map(of_method, ("pow", "square", "matmul"))
lt, le, gt, ge, eq, ne = map(of_method, ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"))
reshape, flatten, squeeze, unsqueeze = map(of_method, ("reshape", "flatten", "squeeze", "unsqueeze"))
permute, transpose, t, clone, numel = map(of_method, ("permute", "transpose", "t", "clone", "numel"))
is_floating_point = of_method("is_floating_point")
mul = multiply = of_method("__mul__")


def add(input: Any, other: Any, alpha: float = 1) -> Tensor:
    """input + alpha * other."""
    return as_tensor(input) + (other if alpha == 1 else alpha * other)


def sub(input: Any, other: Any, alpha: float = 1) -> Tensor:
    """input - alpha * other."""
    return as_tensor(input) - (other if alpha == 1 else alpha * other)


subtract = sub


def _product(name: str, left: int, right: int) -> Callable[[Any, Any], Tensor]:
    def product(input: Any, other: Any) -> Tensor:
        a, b = as_tensor(input), as_tensor(other)
        if (a.ndim, b.ndim) != (left, right):
            raise ValueError(f"{name} wants {left} and {right} axes, got {a.shape} and {b.shape}: @ takes any")
        return a @ b

    product.__name__ = name
    product.__doc__ = f"`input @ other` of tensors with {left} and {right} axes, else ValueError."
    return product


mm, bmm, mv, dot = _product("mm", 2, 2), _product("bmm", 3, 3), _product("mv", 2, 1), _product("dot", 1, 1)


def outer(input: Any, vec2: Any) -> Tensor:
    """Every product of an element of (n,) and one of (m,): (n, m)."""
    return as_tensor(input).unsqueeze(1) * vec2


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)
