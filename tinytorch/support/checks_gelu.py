"""What the checks of GELU share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.checks import close, explained, typed, unchanged
from tinytorch.support.checks_kernels import compiles
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.memory import allocated_bytes
from tinytorch.support.timing import timed_runs


def gelu64(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reference: value and slope of the tanh form of GELU in float64, with their limits at the infinities."""
    x = np.asarray(x, np.float64)
    near = np.clip(x, -30, 30)  # beyond that neither form changes
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (near + 0.044715 * near**3))
    slope = (1 + t) / 2 + near / 2 * (1 - t * t) * c * (1 + 0.134145 * near * near)
    return np.maximum(x, -30) * (1 + t) / 2, slope


def gelu_is_right(function: Callable[[Any], Any], leaf: Any, off: float, idea: str) -> None:
    """Assert that the GELU `function` of `leaf`, a Tensor that requires a gradient, is the tanh form within `off`,
    keeps type and input, and sends three times its slope back where 3 comes in.
    """
    what, given = f"{function.__name__} of {leaf.dtype} numbers", leaf.data.copy()
    value, slope = gelu64(given)
    with explained(what, idea), compiles(what, idea):
        y = function(leaf)
    close(f"the input of {what}, afterwards,", leaf, given, "write to a new array")
    close(what, y, value, idea, rtol=off, atol=off)
    typed(what, y, leaf.dtype, "the type stays")
    assert y.requires_grad, f"{what} gave a result without a gradient: stay with Tensor operations"
    back, why = f"the backward pass of {what}", "what comes in, what was saved, and of which type are they?"
    with explained(back, why), compiles(back, why):
        (y * 3).sum().backward()
    assert leaf.grad is not None, f"{what} sent no gradient back: every step must be a Tensor operation"
    close(f"the gradient of 3 {what}", leaf.grad, 3 * slope, "go back through every step", rtol=4 * off, atol=4 * off)


def makes_one_array(forward: Callable[..., np.ndarray], backward: Callable[..., np.ndarray], x: np.ndarray) -> None:
    """Assert that `forward(x)` and `backward(g, None, x)` allocate their result alone, and leave `g` and `x` as they
    are, in each floating type.
    """
    for kind in ("float32", "float64", "float16", "bfloat16"):
        data = x.astype(as_dtype(kind))
        _makes_one_array(f"{forward.__name__} of {kind}", lambda g, x: forward(x), data)
        _makes_one_array(f"{backward.__name__} of {kind}", lambda g, x: backward(g, None, x), data)


def _makes_one_array(what: str, function: Callable[..., np.ndarray], x: np.ndarray) -> None:
    g, idea = np.ones_like(x), "one pass, into one new array"
    with explained(what, idea), unchanged(what, idea, g=g, x=x):
        function(g, x)  # a kernel's first call allocates more
        held = allocated_bytes(lambda: function(g, x)) / x.nbytes
    assert 0.9 < held < 1.1, f"{what} held {held:.1f} x its input in new arrays, wanted 1.0 x: {idea}"


def weighed(function: Callable[[Any], Any], x: Any, ran: list[Any], saved: int) -> tuple[str, float]:
    """A line that says what a form of GELU did with `x`, which asks for no gradient, and the most that it held, as a
    multiple of `x`. `ran` are the counted operations of one call, `saved` the bytes that it kept for the backward pass.
    """
    ms = 1e3 * min(timed_runs(lambda: function(x), 0.0, 3))  # first: a kernel's first call allocates more
    peak, moved = allocated_bytes(lambda: function(x)) / x.data.nbytes, sum(o.bytes for o in ran) / x.data.nbytes
    return (f"{function.__name__:12s} passes: {len(ran)}; moved {moved:2.0f} x the input, held {peak:.1f} x, saved for "
            f"the backward pass {saved / x.data.nbytes:.0f} x; {ms:.2f} ms"), peak
