"""Several axes seen as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def with_axes_joined(function: Callable[..., Any], x: Any, *weights: Any) -> Any:
    """`function(x, *weights)` for a function of the last axis, over as many last axes of x as the weights have.

    x is (..., *shape) and each weight of this shape; they meet as (..., n) and (n,), and the result has x's shape.
    """
    if weights[0].ndim == 1:
        return function(x, *weights)
    lead, n = x.shape[: x.ndim - weights[0].ndim], weights[0].size
    return function(x.reshape(*lead, n), *(weight.reshape(n) for weight in weights)).reshape(x.shape)
