"""What lesson 09's convolutions use and do not teach: arguments that come in pairs, borders, and single images."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any

import numpy as np

from tinytorch.support.by_name import offered

Pair = tuple[int, int]


def checked_pair(name: str, given: Any, least: int = 1) -> Pair:
    """One number for rows and columns, or one for each, as two; ValueError naming the argument for anything else.

    >>> checked_pair("stride", 2), checked_pair("padding", (0, 1), least=0)
    ((2, 2), (0, 1))
    """
    found = tuple(given) if isinstance(given, (tuple, list)) else (given, given)
    if len(found) != 2 or not all(isinstance(n, Integral) and n >= least for n in found):
        wanted = f"a whole number of at least {least}, or two of them, for rows and for columns"
        raise ValueError(f"{name} must be {wanted}, got {given!r}")
    return int(found[0]), int(found[1])


def padded(x: np.ndarray, padding: Pair, value: float = 0.0) -> np.ndarray:
    """(C, H, W, N) with `padding` more rows, and columns, of `value` on either side; itself where there are none.

    >>> padded(np.ones((1, 1, 1, 1)), (0, 1)).ravel()
    array([0., 1., 0.])
    """
    rows, columns = padding
    if rows == columns == 0:
        return x
    c, h, w, n = x.shape
    out = np.full((c, h + 2 * rows, w + 2 * columns, n), value, x.dtype)
    out[:, rows : rows + h, columns : columns + w] = x
    return out


def one_or_many(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of images (N, C, H, W) take a single one, (C, H, W), and give its result without N.

    Its first argument becomes a floating tensor. ValueError for any other number of axes.
    """

    @wraps(function)
    def either(input: Any, *inputs: Any, **options: Any) -> Any:
        x = offered("as_tensor")(input)._floating()
        if x.ndim not in (3, 4):
            words = "wants images (N, C, H, W), or one (C, H, W)"
            raise ValueError(f"{function.__name__} {words}, got shape {x.shape}")
        if x.ndim == 4:
            return function(x, *inputs, **options)
        out = function(x.reshape(1, *x.shape), *inputs, **options)
        return out.reshape(*out.shape[1:])

    return either
