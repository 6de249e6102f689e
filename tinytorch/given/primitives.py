"""What the modules beside this one make their operations with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, operands
from tinytorch.support.dtypes import is_floating, is_half

Rule = Callable[..., np.ndarray] | None


def primitive(name: str, forward: Callable[..., np.ndarray], *rules: Rule, saves: str = "inputs") -> Primitive:
    """An operation and its gradient rules, one for each input: see `tinytorch.gradient_rule`."""
    gradient_rule(name, *rules)
    return Primitive(name, forward, saves)


def of_one(name: str, forward: Callable[..., np.ndarray], rule: Rule, saves: str = "inputs") -> Callable[[Any], Tensor]:
    """A function of each element; whole numbers and booleans become float32 first."""
    made = primitive(name, forward, rule, saves=saves)

    def function(input: Any) -> Tensor:
        return apply(made, floating(input))

    return _named(function, name, f"{name} of each element; whole numbers become float32.")


def of_two(name: str, made: Primitive) -> Callable[[Any, Any], Tensor]:
    """A function of two operands, element by element, with broadcasting and the types of `+`; one is a Tensor."""

    def function(input: Any, other: Any) -> Tensor:
        return apply(made, *operands(input, other))

    return _named(function, name, f"{name} of two, element by element, with broadcasting; one of them is a Tensor.")


def rounded_once(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a function made of several operations take a 16-bit tensor in float32, and round its result once."""

    @wraps(function)
    def wide(input: Any, *inputs: Any, **options: Any) -> Tensor:
        x = as_tensor(input)
        if not is_half(x.dtype):
            return function(x, *inputs, **options)
        return function(x.astype(np.float32), *inputs, **options).astype(x.dtype)

    return wide


def result_type(*tensors: Tensor) -> np.dtype:
    """The type in which tensors with axes meet: floating before whole, float32 for two different 16-bit types."""
    dtypes = {x.dtype for x in tensors}
    chosen = {dtype for dtype in dtypes if is_floating(dtype)} or dtypes
    return np.dtype("float32") if len(chosen) > 1 and all(map(is_half, chosen)) else np.result_type(*chosen)


def no_gradient(g: np.ndarray, *inputs: Any, **options: Any) -> np.ndarray:
    """The rule of an operation whose slope is 0 wherever it has one."""
    return np.zeros_like(g)


def _named(function: Callable, name: str, words: str) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = words
    return function
