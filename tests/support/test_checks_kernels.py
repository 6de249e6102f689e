"""What checks say of compiled code that does not compile, is of another type, or calls the C library."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from tinytorch.support.checks_kernels import (
    Counted,
    calls_nothing,
    compiles,
    computes,
    inside,
    loops_convert,
    result_is,
    run,
    stays_single,
)
from tinytorch.support.launch import compiled


@compiled
def unknown_name(x):
    return unknown_function(x)  # noqa: F821


@compiled
def unknown_method(x):
    return x.sigmoid()


@compiled
def half_of(x):
    return 0.5 * x


@compiled
def rounded_tenth_of(x):
    return np.float32(0.1 * x)


@compiled
def single_tenth_of(x):
    return np.float32(0.1) * x


@compiled
def tanh_of(x):
    return math.tanh(x)


def test_what_does_not_compile_is_told_in_a_line():
    with pytest.raises(AssertionError, match="f cannot be compiled: .*unknown_function") as caught:
        run("f", unknown_name, 1.0)
    assert "\n" not in str(caught.value)
    with pytest.raises(AssertionError, match="f cannot be compiled: Unknown attribute 'sigmoid' of type float64"):
        run("f", unknown_method, 1.0)


def test_an_idea_may_follow():
    with pytest.raises(AssertionError, match="f cannot be compiled: .*of type float64: look again$"):
        with compiles("f", "look again"):
            unknown_method(1.0)


def test_what_compiles_runs():
    assert run("f", half_of, 3.0) == 1.5


def test_a_result_of_another_type_is_told():
    half_of(np.float64(1))
    result_is("f", half_of, np.float64)
    half_of(np.float32(1))
    with pytest.raises(AssertionError, match="f gave a result of type float64, wanted float32: which number"):
        result_is("f", half_of, np.float32)


def test_what_is_computed_is_compared_with_what_is_wanted():
    computes("f", half_of, np.float64, {2.0: 1.0, math.inf: math.inf, math.nan: math.nan}, "halve it")
    computes("f", half_of, np.float64, {2.0: 1.1}, "halve it", near=0.2)
    with pytest.raises(AssertionError, match="f at 3.0 gave 1.5, wanted 1.6: halve it"):
        computes("f", half_of, np.float64, {2.0: 1.0, 3.0: 1.6}, "halve it", near=0.01)
    with pytest.raises(AssertionError, match="result of type float64, wanted float32"):
        computes("f", half_of, np.float32, {2.0: 1.0}, "halve it")


def test_arithmetic_in_float64_on_the_way_is_told():
    assert single_tenth_of(np.float32(10)) == rounded_tenth_of(np.float32(10)) == 1
    stays_single("f", single_tenth_of)
    with pytest.raises(AssertionError, match="f computes in float64 before it gives a float32: which number"):
        stays_single("f", rounded_tenth_of)
    with pytest.raises(AssertionError, match="f computes in float64 before it gives a float32: which number"):
        computes("f", rounded_tenth_of, np.float32, {10.0: 1.0}, "a tenth of it", near=1e-6)


@pytest.mark.skipif(numba.config.USING_SVML, reason="SVML has a tanh for several numbers")
def test_a_call_of_the_c_library_is_told():
    half_of(1.0)
    calls_nothing("f", half_of, "look again")
    tanh_of(1.0)
    with pytest.raises(AssertionError, match="f calls tanh of the C library, one number at a time: look again"):
        calls_nothing("f", tanh_of, "look again")


def test_products_are_counted():
    x = Counted()
    assert 1 + 2.0 * x * x + x**3 * 2 is x and x.products == 5


def as_loops(forward, backward):
    """Makers of loops, as the lesson's exercise has them, from the bodies of two functions of one index."""

    def make_forward(value, load, store):
        @compiled
        def loop(x, out):
            for i in range(x.size):
                forward(value, load, store, x, out, i)

        return loop

    def make_backward(slope, load, store):
        @compiled
        def loop(gradient, x, out):
            for i in range(x.size):
                backward(slope, load, store, gradient, x, out, i)

        return loop

    return make_forward, make_backward


@compiled
def right_forward(value, load, store, x, out, i):
    out[i] = store(value(load(x[i])))


@compiled
def right_backward(slope, load, store, gradient, x, out, i):
    out[i] = store(load(gradient[i]) * slope(load(x[i])))


@compiled
def through_out(value, load, store, x, out, i):
    out[i] = load(x[i])
    out[i] = store(value(out[i]))


def test_right_loops_pass():
    loops_convert(*as_loops(right_forward, right_backward))


def test_loops_that_store_too_early_are_told():
    with pytest.raises(AssertionError, match="nothing that is loaded goes through memory"):
        loops_convert(*as_loops(through_out, right_backward))


def test_what_is_written_beside_an_array_is_seen():
    rows = np.zeros((2, 3))
    with inside("f", "idea", rows=rows) as out:
        assert out.shape == (2, 3) and np.isnan(out).all()
        out[...] = 1
    with pytest.raises(AssertionError, match="f writes outside of the array that it is given"):
        with inside("f", "idea", rows=rows) as out:
            np.lib.stride_tricks.as_strided(out, (7,), out.strides[-1:])[6] = 1
    with pytest.raises(AssertionError, match="f changed rows, from .*: idea"):
        with inside("f", "idea", rows=rows):
            rows[0] = 1
