"""What the checks of the compilation lesson compute themselves, and how they tell that something is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.optimization.compilation import CODE, FusionError, Recorder, fuse, make_kernel, record
from tinytorch.support.checks_fusion import (
    agree,
    has_targets,
    keeps_kernels,
    never_falls_back,
    number_of,
    records_once,
    run_source,
    summed_to,
)
from tinytorch.support.state import state


def test_a_record_has_a_value():
    _, out = record(lambda x, y: (x + y).tanh() * 2, [(), ()])
    assert number_of(out, (0.25, 0.5), CODE) == 2 * np.tanh(0.75)


SOURCE = "def loop(a, b, out):\n    for i in range(3):\n        for j in range(2):\n            out[i, j] = "


def test_a_source_is_run_as_python():
    a, b = np.ones((3, 2)), np.array([[1.0], [2], [3]])
    places, whole = ["whole", "column"], ("whole", (3, 2))
    (out,) = run_source(SOURCE + "store(load(a[i, j]) - real(b[i]))", [a, b], places, whole)
    assert np.array_equal(out, a - b)
    adding = SOURCE.replace("] = ", "] += ") + "load(a[i, j])"
    (out,) = run_source(adding, [a, b], places, ("sum", (3, 2)))
    assert np.array_equal(out, a) and out.dtype == float


@pytest.mark.parametrize(("code", "target", "words"), [
    ("load(a[i, j])", "whole", "'whole' is not stored by store"),
    ("store(a[i, j])", "sum", "'sum' is stored, wanted its numbers added up"),
    ("out[i, j] + store(a[i, j])", "sum", "does not run: what store.* gave is added up, wanted the number itself"),
])
def test_numbers_are_stored_for_a_whole_result_alone(code, target, words):
    with pytest.raises(AssertionError, match=words):
        run_source(SOURCE + code, [np.ones((3, 2))] * 2, ["whole", "whole"], (target, (3, 2)))


@pytest.mark.parametrize(("code", "reason"), [
    ("missing", "name 'missing' is not defined"), ("a[i, j", "was never closed"), ("a[9, 9]", "out of bounds"),
])
def test_a_source_that_does_not_run_is_told(code, reason):
    with pytest.raises(AssertionError, match=f"the source of the kernel does not run: .*{reason}"):
        run_source(SOURCE + code, [np.ones((3, 2))] * 2, ["whole", "whole"], ("whole", (3, 2)))


def test_kernels_that_agree_pass_and_others_do_not():
    x, y = np.array([[0.5, 2.0]]), np.array([1.5, -1.0])
    agree("x y", lambda x, y: x * y, make_kernel, Tensor, [x, y])

    def forgetful(function, needs, dtype, shapes):
        return make_kernel(function if needs is None else lambda x, y: x * y * y, needs, dtype, shapes)

    with pytest.raises(AssertionError, match=r"the gradients of x y for needs \(False, True\) gave"):
        agree("x y", lambda x, y: x * y, forgetful, Tensor, [x, y])
    with pytest.raises(AssertionError, match="the value of x y failed: no kernel"):
        agree("x y", lambda x, y: x * y, lambda *args: 1 / 0 if args[1] else refuse(), Tensor, [x, y])


def refuse():
    raise ValueError("no kernel")


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1), (1, 1), ()])
def test_what_was_broadcast_is_summed(shape):
    array = np.arange(6.0).reshape(2, 3)
    got = summed_to(array, shape)
    assert got.shape == shape and got.sum() == 15


def test_right_answers_pass():
    records_once(record, Recorder, Interceptor, Tensor)
    has_targets(make_kernel)
    keeps_kernels(fuse(lambda x, y: x * y))
    never_falls_back(fuse, Interceptor, Tensor, FusionError)


def twice(function, shapes):
    record(function, shapes)
    return record(function, shapes)


def left_on(function, shapes):
    Recorder().__enter__()
    return record(function, shapes)


class FallsBack(fuse):
    def __call__(self, *inputs):
        if inputs[0].dtype.name == "bfloat16":
            return self.function(*inputs)
        return super().__call__(*inputs)


@pytest.mark.parametrize(("asked", "words"), [
    (lambda: records_once(twice, Recorder, Interceptor, Tensor), "the symbols tell all"),
    (lambda: records_once(left_on, Recorder, Interceptor, Tensor), "use `with`"),
    (lambda: has_targets(lambda *args: make_kernel(lambda x, y: x * y, *args[1:3], ((3, 5), (3, 5), (3, 5)))), "a row"),
    (lambda: never_falls_back(FallsBack, Interceptor, Tensor, FusionError), "the last operation of a fused 2 x . 1 of bfloat16 gave"),
])
def test_wrong_answers_are_told(asked, words):
    try:
        with pytest.raises(AssertionError, match=words):
            asked()
    finally:
        state.interceptors = ()
