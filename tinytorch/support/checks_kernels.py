"""What the checks of lessons on compiled code share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError

from tinytorch.support.checks import close, equal, unchanged
from tinytorch.support.conversions import as_it_is
from tinytorch.support.kernel_cache import Kernel
from tinytorch.support.launch import compiled
from tinytorch.support.machine_code import machine_code

MARGIN = 64  # numbers on either side of an array that is watched


@contextmanager
def compiles(what: str, idea: str = "") -> Iterator[None]:
    """Make of Numba's error, where something in the block cannot be compiled, an AssertionError with its reason."""
    try:
        yield
    except NumbaError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line and not line.startswith("Failed in")), type(error).__name__)
        raise AssertionError(f"{what} cannot be compiled: {reason}{idea and ': ' + idea}") from None


def run(what: str, kernel: Kernel, *args: Any) -> Any:
    """`kernel(*args)`; AssertionError with Numba's reason in one line where it cannot be compiled."""
    with compiles(what):
        return kernel(*args)


def result_is(what: str, kernel: Kernel, real: type) -> None:
    """Assert that `kernel`, as it was called last, gives a number of the type `real`."""
    found, wanted = kernel.nopython_signatures[-1].return_type, numba.from_dtype(np.dtype(real))
    assert found == wanted, (
        f"{what} gave a result of type {found}, wanted {wanted}: which number in the formula has another type?")


def computes(
    what: str, kernel: Kernel, real: type, wanted: Mapping[float, float], idea: str, *, near: float = 0.0
) -> None:
    """Assert that `kernel(x)` is of the type `real` and, within `near`, the number `wanted[x]`, or that share of it. A
    kernel in float32 `stays_single`, too.
    """
    for x, y in wanted.items():
        got = run(f"{what} at {x}", kernel, real(x))
        result_is(what, kernel, real)
        close(f"{what} at {x}", got, float(real(y)), idea, rtol=near, atol=near)
    if real is np.float32:
        stays_single(what, kernel)


def stays_single(what: str, kernel: Kernel) -> None:
    """Assert that the machine code of `kernel`, as it was called last, computes nothing in float64."""
    code = machine_code(kernel)
    doubles = code.doubles + code.single_doubles
    assert not doubles, (
        f"{what} computes in float64 before it gives a float32: which number in the formula is not of the type real?")


def calls_nothing(what: str, kernel: Kernel, idea: str) -> None:
    """Assert that the machine code of `kernel`, as it was called last, calls no function of the C library."""
    calls = machine_code(kernel).calls
    assert not calls, f"{what} calls {', '.join(calls)} of the C library, one number at a time: {idea}"


@contextmanager
def inside(what: str, idea: str, **given: np.ndarray) -> Iterator[np.ndarray]:
    """Give an array to write to, as the first of those `given` is, and part of a larger one. AssertionError where
    anything beside it, or a `given` array, is written to.
    """
    like = next(iter(given.values()))
    room = np.full(like.size + 2 * MARGIN, 7, like.dtype)
    out = room[MARGIN : MARGIN + like.size].reshape(like.shape)
    out[...] = 5 if room.dtype.kind in "iu" else np.nan  # nobody may count on what was there
    with unchanged(what, idea, **given):
        yield out
    beside = np.concatenate([room[:MARGIN], room[MARGIN + like.size :]])
    assert (beside == 7).all(), f"{what} writes outside of the array that it is given: to which indices does it go?"


def stays_inside(forward: Kernel, backward: Kernel) -> None:
    """Assert that loops over arrays (n,) of int64 write to nothing but the n numbers of `out`."""
    for n in (3, 0):
        x, gradient = np.arange(n) + 4, np.arange(n) + 8
        with inside(f"forward_loop of {n} numbers", "write into out, never into x", x=x) as out:
            run("forward_loop", forward, x, out)
        with inside(f"backward_loop of {n} numbers", "write into out alone", x=x, gradient=gradient) as out:
            run("backward_loop", backward, gradient, x, out)


def loops_convert(forward_loop: Callable, backward_loop: Callable) -> None:
    """Assert that both loops compute in what `load` gives, whatever the type of the arrays, that they go on after a
    nan, and that they work on as many numbers at once as a plain loop.
    """
    parts = [compiled(f) for f in (lambda x: x * 3.0, lambda x: x + 0.5, lambda x: np.int64(x - 0.5))]
    x, gradient = np.array([3, 0, -2]), np.array([1, 4, 2])
    how = "with x + 0.5 as load, 3 x as function, x - 0.5, rounded towards 0, as store"
    idea = "nothing that is loaded goes through memory before it is stored"
    for name, make, given, wanted in (
        ("forward_loop", forward_loop, (x,), 3 * x + 1),
        ("backward_loop", backward_loop, (gradient, x), ((gradient + 0.5) * (3 * x + 1.5) - 0.5).astype(np.int64)),
    ):
        run(name, loop := make(*parts), *given, out := np.zeros_like(x))
        equal(f"{name} of {' and '.join(str(a.tolist()) for a in given)}, {how},", out.tolist(), wanted.tolist(), idea)
        numbers = np.float32([2.0, np.nan, 3.0])
        given, square = [numbers] * len(given), compiled(lambda x: x * x)
        run(name, loop := make(square, as_it_is, as_it_is), *given, out := np.zeros_like(numbers))
        what = f"{name} of [2, nan, 3], with their squares as function,"
        close(what, out, numbers ** (1 + len(given)), "a nan changes nothing else")
        run("a plain loop", _plain, *([numbers] * 3))
        wide, bits = machine_code(_plain).bits, machine_code(loop).bits
        at_once = f"{max(bits // 32, 1)} numbers at once, a plain loop on {wide // 32}"
        assert bits >= wide, f"{name} works on {at_once}: which number waits for another, or for a condition?"


@compiled
def _plain(x, y, out):
    for i in range(x.size):
        out[i] = x[i] * y[i]


class Counted:
    """A number that only counts how often it is multiplied; pass it to a kernel's `py_func`."""

    def __init__(self) -> None:
        self.products = 0

    def __mul__(self, other: Any) -> Counted:
        self.products += 1
        return self

    def __pow__(self, exponent: int) -> Counted:
        self.products += max(0, exponent - 1)
        return self

    def __add__(self, other: Any) -> Counted:
        return self

    __rmul__, __radd__ = __mul__, __add__
