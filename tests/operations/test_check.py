"""The helper that checks operations finds each kind of mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.operations.cases import OPERATIONS
from tests.operations.check import LAYOUTS, Operation, check, laid_out
from tinytorch.core.autograd import RULES, gradient_rule
from tinytorch.core.tensor import Primitive, Tensor, apply, in_float32, wrap

SQUARE = Operation(
    "square", "square", lambda x: x, lambda x: x * x, lambda x: x * x, (((3, 4),), ((),), ((0,),)), ulps=4
)  # fmt: skip


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    """What a test adds to the table of rules is gone after it."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


def square(forward=lambda x: x * x, rule=lambda g, y, x: 2 * g * x) -> Operation:
    """The square of x, with this forward and this gradient rule."""
    primitive = Primitive("square", forward)
    gradient_rule("square", rule)
    return replace(SQUARE, run=lambda x: apply(primitive, x))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shapes", SQUARE.shapes)
def test_a_right_operation_passes(shapes, dtype):
    check(square(), shapes, dtype)


def scribble(x):
    out = x * x
    x[...] = 0
    return out


def scribble_gradient(g, y, x):
    g *= 2 * x
    return g


@pytest.mark.parametrize(
    ("forward", "rule", "dtype", "complaint"),
    [
        (lambda x: x * x * (1 + 1e-5), lambda g, y, x: 2 * g * x, "float32", "value against float64"),
        (lambda x: np.abs(x), lambda g, y, x: 2 * g * x, "float64", "value against float64"),
        (lambda x: (x * x)[None], lambda g, y, x: 2 * g * x, "float32", "shape"),
        (lambda x: (x * x).astype(np.float64), lambda g, y, x: 2 * g * x, "float32", "type float64"),
        (lambda x: x * x, lambda g, y, x: g * x, "float32", "gradient 0 against PyTorch"),
        (lambda x: x * x, lambda g, y, x: 2 * g * x * (1 + 1e-4), "float32", "gradient 0 against PyTorch"),
        (lambda x: x * x, lambda g, y, x: (2 * g * x).T.copy().reshape(x.shape), "float64", "gradient 0"),
        (scribble, lambda g, y, x: 2 * g * x, "float32", "an input has changed"),
        (lambda x: x * x, scribble_gradient, "float32", "square wrote into the incoming gradient"),
        (lambda x: x * x * x * x / (x * x), lambda g, y, x: 2 * g * x, "float16", "value against float64"),
    ],
    ids=["off by little", "another function", "another shape", "another type", "half the gradient",
         "off by little back", "a gradient in another order", "writes its input",
         "writes the incoming gradient", "rounds four times"],
)  # fmt: skip
def test_a_wrong_operation_is_found(forward, rule, dtype, complaint):
    wrong = square(forward, rule)
    with pytest.raises(AssertionError, match=complaint):
        check(wrong, ((3, 4),), dtype)


def test_an_operation_that_loses_its_record_is_found():
    """backward() itself refuses a result that was taken out of the record."""
    with pytest.raises(RuntimeError, match="no gradient to give"):
        check(replace(square(), run=lambda x: Tensor((x * x).data)), ((3,),), "float32")


def test_an_operation_that_is_another_one_is_found():
    with pytest.raises(AssertionError, match="wanted square among them"):
        check(replace(square(), run=lambda x: x * x), ((3,),), "float32")


def test_a_gradient_that_pytorch_does_not_give_is_found():
    peer = replace(square(), torch=lambda x: (x * x).detach() + 0 * torch.ones(3, requires_grad=True))
    with pytest.raises(AssertionError, match="input 0 has a gradient, PyTorch's has none"):
        check(peer, ((3,),), "float32")


def test_a_result_that_is_right_for_contiguous_inputs_only_is_found():
    """As a kernel that walks over memory and forgets the strides."""
    by_memory = square(lambda x: (np.ravel(x, order="K") ** 2).reshape(x.shape))
    check(by_memory, ((3, 4),), "float32")
    with pytest.raises(AssertionError, match="value"):
        check(by_memory, ((3, 4),), "float32", "transposed")


def test_each_layout_holds_the_same_numbers_in_another_order():
    array = np.arange(24.0).reshape(2, 3, 4)
    strides = {layout: laid_out(array, layout).strides for layout in ("contiguous", *LAYOUTS)}
    assert strides == {
        "contiguous": (96, 32, 8), "transposed": (8, 16, 48), "strided": (768, 128, 16), "reversed": (-96, -32, -8),
    }  # fmt: skip
    assert all(np.array_equal(laid_out(array, layout), array) for layout in strides)
    assert all(laid_out(np.array(1.0), layout).shape == () for layout in strides)


def test_halves_are_held_to_one_rounding():
    """In float32 and rounded once passes; the same formula in halves all the way does not."""
    def cubes(x):
        return x * x * x * x / (x * x)

    check(square(in_float32(cubes)), ((3, 4),), "bfloat16")
    with pytest.raises(AssertionError, match="value against float64"):
        check(square(cubes), ((3, 4),), "bfloat16")


def test_names_of_operations_are_unique_enough_to_be_found():
    forms = [(operation.name, shapes) for operation in OPERATIONS for shapes in operation.shapes]
    assert len(forms) == len(set(forms))


def test_wrap_in_the_helper_does_not_copy():
    array = np.zeros(3)
    assert wrap(array).data is array
