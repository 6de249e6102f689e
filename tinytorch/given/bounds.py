"""Elements held between bounds, and the smaller of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.autograd import RULES
from tinytorch.core.tensor import Tensor, apply, as_tensor, operands
from tinytorch.given.primitives import of_two, primitive
from tinytorch.support.dtypes import is_floating

__all__ = ["clamp", "clip", "minimum"]


def _minimum_to_a(g: np.ndarray, y: None, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """minimum(a, b) is -maximum(-a, -b), so lesson 05's rule says which of the two it came from."""
    return RULES["maximum"][0](g, y, -a, -b)


def _inside(g: np.ndarray, y: None, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.where((x >= low) & (x <= high), g, 0)


def _to_low(g: np.ndarray, y: None, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.where((x < low) & ((low < high) | np.isinf(high)), g, 0)  # inf: there is no upper bound


def _to_high(g: np.ndarray, y: None, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.where((x > high) | (high < low), g, 0)


MINIMUM = primitive("minimum", np.minimum, _minimum_to_a, lambda g, y, a, b: _minimum_to_a(g, y, b, a))
CLAMP = primitive("clamp", lambda x, low, high: np.minimum(np.maximum(x, low), high), _inside, _to_low, _to_high)

minimum = of_two("minimum", MINIMUM)


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """Each element, but `min` where it is below that and `max` where it is above; bounds are numbers or tensors.

    The gradient passes where an element is within the bounds, itself equal to one included. ValueError without bounds.
    """
    if min is None and max is None:
        raise ValueError("clamp wants min=, max= or both")
    x = as_tensor(input)
    for bound in (min, max):
        if bound is not None:
            x = operands(x, bound)[0]
    low, high = (_bound(x, bound, end) for bound, end in ((min, 0), (max, 1)))
    return apply(CLAMP, x, low, high)


def _bound(x: Tensor, bound: Any, end: int) -> Tensor:
    if bound is None:
        bound = (-np.inf, np.inf)[end] if is_floating(x.dtype) else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)[end]
    return operands(x, bound)[1]


clip = clamp
