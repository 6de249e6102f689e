"""The checks that lesson 01 shares: the lesson's own functions pass, and each kind of mistake is told."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

from tinytorch.core import tensor as lesson
from tinytorch.core.tensor import Interceptor, Primitive, Tensor
from tinytorch.support import checks_tensor as checks
from tinytorch.support.state import active_interceptors


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


def test_the_lessons_functions_pass():
    x, leaf = Tensor([1.0]), Tensor([[1.0, 2.0]], requires_grad=True)
    checks.made(lesson.as_array, Tensor, [([1, 2], None, "float32")])
    checks.recorded(lesson.execute, Primitive, Tensor)
    checks.passed_on(lesson.apply, Primitive, Interceptor, leaf, x, lesson.no_grad)
    checks.put_back(lesson.apply, Primitive, Interceptor, x, active_interceptors)
    checks.let_through(lesson.no_grad, KeyboardInterrupt())
    checks.number_types(lesson.number_type, [(0.5, "int64", "float32")])
    checks.together(lesson.operands, Interceptor, Tensor, [("float16", 0.5, "float16 float16")])
    checks.products(lesson.multiply_matrices, [((2, 3), (3, 4))])
    checks.axes_told(lesson.reduce, Primitive, Interceptor, leaf, [(-1, (1,)), (None, None)])


def test_an_array_that_is_shared_or_of_another_type_is_told():
    assert "shares its numbers" in sentence(checks.made, lambda data, dtype: np.asarray(data), Tensor, [ZEROS])
    wide = partial(np.array, dtype=np.float64)
    assert "is float64, wanted float32" in sentence(checks.made, lambda data, dtype: wide(data), Tensor, [ZEROS])


ZEROS = (np.zeros(2, np.float32), None, "float32")


def test_a_forward_that_runs_twice_and_a_result_that_is_not_recorded_are_told():
    def twice(primitive, inputs, options):
        primitive.forward(*[x.data for x in inputs], **options)
        return lesson.execute(primitive, inputs, options)

    def quietly(primitive, inputs, options):
        with lesson.no_grad():
            return lesson.execute(primitive, inputs, options)

    assert "how often forward ran gave 2, wanted 1" in sentence(checks.recorded, twice, Primitive, Tensor)
    assert "without a gradient" in sentence(checks.recorded, quietly, Primitive, Tensor)


def test_an_error_that_is_swallowed_and_one_that_becomes_another_are_told():
    @contextmanager
    def deaf():
        try:
            yield
        except ValueError:
            pass

    @contextmanager
    def translating():
        try:
            yield
        except ValueError as error:
            raise RuntimeError("other") from error

    assert "a ValueError in the block was swallowed" in sentence(checks.let_through, deaf, ValueError("x"))
    assert "came out as a RuntimeError: other" in sentence(checks.let_through, translating, ValueError("x"))


def test_a_name_in_the_place_of_a_type_is_told():
    def named(number, other):
        return lesson.number_type(number, other).name

    assert "gave 'float16', wanted dtype('float16')" in sentence(
        checks.number_types, named, [(0.5, "float16", "float16")]
    )


def test_a_conversion_that_loses_the_record_is_told():
    def detached(a, b):
        return tuple(Tensor(x.data) for x in lesson.operands(a, b))

    said = sentence(checks.together, detached, Interceptor, Tensor, [])
    assert "operands('float32[2]', 'float32[2]') gave a copy" in said
