"""What the checks of lesson 02 share: functions of arrays against formulas in float64, in all floating types."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tinytorch.support.checks import close, explained, silent, typed, unchanged
from tinytorch.support.dtypes import as_dtype

Function = Callable[..., np.ndarray]
Formula = Callable[..., np.ndarray]  # in float64

OWN_ARRAY = "compute in an array of your own"
DIGITS = {"float64": 1e-14, "float32": 1e-6, "float16": 1e-3, "bfloat16": 8e-3}  # that a function must get right
SMALLEST = {"float64": 1e-300, "float32": 1e-37, "float16": 1e-7, "bfloat16": 1e-37}  # below, a type has few digits


def gelu_formula(x: np.ndarray) -> np.ndarray:
    """GELU by Python's own erf."""
    return x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) / 2


def tanh_formula(x: np.ndarray) -> np.ndarray:
    """GELU's approximation by tanh."""
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def log_softmax_formula(x: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of softmax along an axis; a number without axes counts as one axis."""
    if x.ndim == 0:
        return np.zeros(())
    return x - np.logaddexp.reduce(x, axis=axis, keepdims=True)


def check_each(function: Function, formula: Formula, numbers: Sequence[float], idea: str) -> None:
    """Check a function of one element on each number by itself, in all floating types, to its last digits."""
    name = function.__name__
    with silent(name):
        for dtype, digits in DIGITS.items():
            x = np.array(numbers).astype(as_dtype(dtype))
            with unchanged(f"{name} of {dtype} numbers", OWN_ARRAY, x=x):
                got = function(x)
            typed(f"{name} of {dtype} numbers", got, x.dtype, "keep the type that comes in")
            with np.errstate(all="ignore"):
                wanted = formula(x.astype(np.float64))
            for number, y, true in zip(x, got, wanted, strict=True):
                close(f"{name}({number}) in {dtype}", y, true, idea, rtol=digits, atol=SMALLEST[dtype])


def few_digits(got: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a result is as far off as a constant with few digits makes it."""
    return np.allclose(got, wanted, rtol=1e-5, atol=1e-6, equal_nan=True)


def check_gelu(
    function: Function, formula: Formula, numbers: list, idea: Callable[[np.ndarray, np.ndarray], str]
) -> None:
    """Check a form of GELU on an array in float64 and float32; `idea(got, x)` says what to look at again."""
    for dtype in ("float64", "float32"):
        x, call = np.array(numbers, dtype), f"{function.__name__}({numbers}) in {dtype}"
        with unchanged(call, OWN_ARRAY, x=x):
            got = function(x)
        typed(call, got, dtype, "some number in the formula is not weak")
        close(call, got, formula(x.astype(np.float64)), idea(got, x), rtol=DIGITS[dtype], atol=DIGITS[dtype])


def check_rows(function: Function, formula: Formula, numbers: np.ndarray, digits: dict[str, float], idea: str) -> None:
    """Check a function along each axis of `numbers`, in the types of `digits`, each to as many digits."""
    for axis in (0, 1, -1, -3):
        for dtype, error in digits.items():
            x = np.asarray(numbers).astype(as_dtype(dtype))
            what = f"{function.__name__}, axis {axis} of {x.shape} near {x.mean():.4g}, {dtype},"
            wanted = formula(x.astype(np.float64), axis)
            with silent(what), explained(what, "do the axes still fit?"), unchanged(what, OWN_ARRAY, x=x):
                got = function(x, axis)
            typed(what, got, x.dtype, "keep the type that comes in")
            close(what, got, wanted, idea, rtol=error, atol=error * max(1, np.abs(wanted).max()))


def check_special(function: Function, cases: Sequence[tuple[list, list, str]]) -> None:
    """Check a function along the last axis of rows with a known answer, without a warning, and of empty arrays.

    Of each row the smallest number that is wanted, other than 0, has to be right to twelve digits too.
    """
    for row, wanted, idea in cases:
        what, size = f"{function.__name__}({row})", np.abs(np.asarray(wanted, np.float64))
        least = size[(size > 0) & np.isfinite(size)].min(initial=1)
        with silent(what):
            close(what, function(np.array(row, np.float64), -1), wanted, idea, rtol=1e-12, atol=1e-12 * least)
    for shape, axis in (((0, 3), -1), ((3, 0), -1), ((0, 3), 0), ((3, 0), 0)):
        what = f"{function.__name__} of shape {shape}, axis {axis},"
        with explained(what, "empty batches pass"):
            got = function(np.zeros(shape), axis)
        close(what, got, np.zeros(shape))


def check_shapes(function: Function, formula: Formula, along_axis: bool = False) -> None:
    """Check a function of float64 arrays of every form: a view, no elements, no axes. Each result is a new array.

    Where it works along an axis it is asked for the first one of each array.
    """
    numbers, axis = np.linspace(0.3, 3, 12), (0,) if along_axis else ()
    forms = (numbers, numbers.reshape(3, 4).T, numbers[::-2], numbers.reshape(2, 1, 6), np.array(1.5))
    for x in forms if along_axis else (*forms, np.zeros((2, 0))):
        what = f"{function.__name__} of positive numbers of shape {x.shape}"
        with unchanged(what, OWN_ARRAY, x=x), explained(what, "an array of any shape comes in"):
            got = function(x, *axis)
        made = isinstance(got, np.ndarray | np.floating)
        assert made, f"{what} gave a {type(got).__name__}, wanted an array: it works on arrays"
        close(what, got, formula(x, *axis), "the same shape comes out, right to the last digits", rtol=1e-13)
        own = not np.shares_memory(got, x)
        assert own, f"{what} gave the very array that came in, which others may change: {OWN_ARRAY}"
