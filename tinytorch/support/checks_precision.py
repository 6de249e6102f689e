"""What the checks of the lesson on precision share."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, outcome, typed
from tinytorch.support.dtypes import as_dtype


def casts_like(autocast: Callable, primitive: type, apply: Callable, tensor: type) -> None:
    """Assert that under `autocast` whole numbers, what stands beside float64, and all inputs where casting is off, stay
    as they are; that a buffer filled anew is cast anew; and that no array is held when the block is over.
    """
    took: list[str] = []

    def first(*arrays: np.ndarray) -> np.ndarray:
        took.extend(array.dtype.name for array in arrays)
        return arrays[0] * 1

    made = {kind: tensor([1.0, 2.0], kind) for kind in ("int64", "float16", "bfloat16", "float32", "float64")}
    for name, given, enabled, wanted in (
        ("sum", ("int64", "float16"), True, ["int64", "float32"]),
        ("sum", ("float64", "float16"), True, ["float64", "float16"]),
        ("sum", ("float16", "float64"), True, ["float16", "float64"]),
        ("sum", ("float16", "float32"), False, ["float16", "float32"]),
        ("matmul", ("bfloat16", "int64"), True, ["float16", "int64"]),
    ):
        took.clear()
        call = partial(apply, primitive(name, first), *[made[kind] for kind in given])
        with autocast("float16"), autocast("float16", enabled=enabled):
            outcome(f"an operation of {' and '.join(given)}", call, "one type for each input")
        where = "under autocast" if enabled else "in a block with casting off"
        equal(f"the types in which the operation {name} took {' and '.join(given)} {where}", took, wanted,
              "which inputs are cast, and which stay?")
    buffer, weight = tensor(np.ones((2, 3), np.float32)), tensor(np.ones((3, 2), np.float32), requires_grad=True)
    with autocast("float16"):
        total = (tensor(np.ones((2, 3), np.float32)) @ weight).sum()
    total.backward()
    typed("the gradient to w of the sum of x @ w", weight.grad, np.float32, "record each cast by cast")
    with autocast("float16"):
        before = buffer @ weight  # its graph holds a 16-bit copy
        buffer.data[...] = 2
        close("x @ w for a buffer x that was filled anew", buffer @ weight, np.full((2, 2), 6.0), "cast it each time")
        array = weakref.ref(buffer.data)
        del buffer, before
        gc.collect()
        assert array() is None, "under autocast an input is still held when nobody else needs it: keep nothing"


def unscales(
    unscale: Callable, tensor: type, given: list, scale: float, wanted: list, bad: bool, idea: str
) -> None:
    """Assert that `unscale` makes of the `given` gradients the `wanted` ones, in new arrays, and tells `bad`."""
    gradients = [tensor(numbers) for numbers in given]
    arrays, found = [g.data for g in gradients], unscale(gradients, scale)
    equal(f"unscale({given}, {scale})", found, bad, idea)
    for g, array, old, new in zip(gradients, arrays, given, wanted, strict=True):
        close(f"unscale({given}, {scale}): what was {old}", g, new, "divide every gradient")
        typed("an unscaled float32 gradient", g, np.float32, "its type must not change")
        close(f"the array that held the scaled {old}", array, old, "give g.data a new array")


def unscales_kinds(unscale: Callable, tensor: type) -> None:
    """Assert that `unscale` keeps float64, divides it to its last digits, takes an empty gradient and a scale of
    NumPy's, and leaves NumPy's settings as they were.
    """
    for kind, scale in (("float64", 3.0), ("float32", np.float64(3.0)), ("float64", np.float32(3.0))):
        g, none = tensor([1.0, 2.0], dtype=kind), tensor(np.zeros((0, 2)), dtype=kind)
        what = f"unscale of {kind} gradients, one of them empty, by {scale!r}"
        found = outcome(what, lambda g=g, none=none, scale=scale: unscale([none, g], scale))
        equal(what, found, False, "all is finite")
        typed(f"a gradient after {what}", g, kind, "its type must not change")
        close(f"a gradient after {what}", g, [1 / 3, 2 / 3], "divide every gradient",
              rtol=1e-14 if kind == "float64" else 1e-6)
    table = tensor(np.arange(12.0).reshape(3, 4))
    table.data[2, 3] = math.inf
    equal("unscale of a (3, 4) with inf at its end", unscale([table], 2.0), True, "look at each number")
    with np.errstate(all="warn"):
        errors = np.geterr()
        unscale([tensor([1.0])], 2.0)
        equal("after unscale NumPy's own settings, np.geterr(),", np.geterr(), errors, "np.errstate puts them back")


def takes_numpys(next_scale: Callable) -> None:
    """Assert that `next_scale` takes NumPy's truth values, and gives a tuple of plain numbers."""
    for count, found, wanted in ((7, np.True_, (2.0, 0)), (7, np.False_, (4.0, 8)), (1999, np.False_, (8.0, 0))):
        got = next_scale(4.0, count, found)
        what = f"next_scale(4.0, {count}, {found!r})"
        equal(what, got, wanted, "a truth value of NumPy's is one, too")
        plain = isinstance(got, tuple) and isinstance(got[0], int | float) and isinstance(got[1], int)
        assert plain, f"{what} gave {got!r}, wanted a tuple of plain numbers"


def adapts_to_all(scaler: type, optimizer: Callable[[], Any], tensor: type) -> None:
    """Assert that an update counts an optimizer that was unscaled and not stepped, and that the scale grows by the
    scaler's own rules.
    """
    made, other = scaler(8.0), optimizer()
    other.parameter.grad = tensor([math.inf, 1.0])
    made.unscale_(other)
    made.update()
    idea = "what was found counts, stepped or not"
    equal("the scale after an overflow that unscale_ found, without a step,", made.get_scale(), 4.0, idea)
    made = scaler(8.0, growth_interval=1, growth_factor=4.0, max_scale=16.0)
    other.parameter.grad = tensor([1.0, 1.0])
    made.step(other)
    made.update()
    equal("a scale of 8, times 4, at most 16,", made.get_scale(), 16.0, "adapt goes by all of the scaler's rules")


def half_bytes(training_bytes: Callable) -> None:
    """Assert that `training_bytes` takes a type as well as a name, and counts in whole bytes."""
    for half in (np.dtype(np.float16), as_dtype("bfloat16")):
        what = f"training_bytes(7, 30, {half!r})"
        got = outcome(what, lambda half=half: training_bytes(7, 30, half), "as_dtype takes names and types")
        equal(what, got, training_bytes(7, 30, half.name), "a type is as good as its name")
        odd = [value for value in got.values() if not isinstance(value, int | np.integer)]
        assert not odd, f"{what} gave {odd[0]!r}, wanted whole numbers of bytes"
