"""What the checks of lessons on compiled code share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError

from tinytorch.support.checks import close
from tinytorch.support.kernel_cache import Kernel
from tinytorch.support.machine_code import machine_code


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
