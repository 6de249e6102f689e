"""vectorized_matmul: one product where one will do, the same numbers as NumPy, and errors that explain."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.autograd import check_gradients
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import autocast, vectorized_matmul
from tinytorch.profiling.profiler import Trace

SHAPES = [
    ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((6, 5, 2, 3), (3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)), ((0, 2, 3), (3, 4)), ((5, 0, 3), (3, 4)), ((5, 2, 0), (0, 4)), ((5, 2, 3), (3, 0)),
]  # fmt: skip


def products_of(function):
    """The shapes that went into each product, forward and backward."""
    with Trace() as trace:
        function()
    return [(o.phase, o.shapes) for o in trace.operations if o.name == "matmul"]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_values_and_gradients_are_those_of_numpys_product(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    got = vectorized_matmul(Tensor(a), Tensor(b))
    assert np.allclose(got.data, np.matmul(a, b)) and got.shape == np.matmul(a, b).shape
    assert check_gradients(vectorized_matmul, Tensor(a), Tensor(b)) < 1e-6


@pytest.mark.parametrize("left", [(8, 4, 3), (2, 4, 4, 3), (32, 3)])
def test_a_batch_against_one_matrix_is_one_product_forward_and_one_back(left):
    a, b = (Tensor(np.ones(shape, np.float32), requires_grad=True) for shape in (left, (3, 2)))
    seen = products_of(lambda: vectorized_matmul(a, b).sum().backward())
    assert seen == [("forward", ((32, 3), (3, 2))), ("backward", ((32, 3), (3, 2)))]


def test_a_batch_in_another_memory_order_comes_out_right():
    a = np.random.default_rng(1).normal(size=(3, 4, 5)).T
    b = np.random.default_rng(2).normal(size=(3, 2))
    assert np.allclose(vectorized_matmul(Tensor(a), Tensor(b)).data, a @ b)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [((3,), (3, 2), "2D+ tensors, got shapes (3,) and (3, 2)"), ((2, 3), (3,), "2D+"), ((), (), "2D+"),
     ((2, 3), (4, 5), "shape mismatch: (2, 3) @ (4, 5): the inner dimensions 3 and 4 must match"),
     ((5, 2, 3), (2, 3), "shape mismatch")],
)  # fmt: skip
def test_what_cannot_be_multiplied_is_explained(left, right, words):
    with pytest.raises(ValueError) as caught:
        vectorized_matmul(Tensor(np.zeros(left)), Tensor(np.zeros(right)))
    assert words in str(caught.value)


def test_types_follow_the_operator_and_autocast():
    a, b = Tensor(np.ones((2, 3), np.float32)), Tensor(np.ones((3, 2), np.float16))
    assert vectorized_matmul(a, b).dtype == (a @ b).dtype == np.float32
    with autocast("bfloat16"):
        assert vectorized_matmul(a, a.T).dtype.name == "bfloat16"
    assert vectorized_matmul([[1, 2]], [[3], [4]]).item() == 11


def test_halves_are_added_in_float32():
    ones = Tensor(np.ones((1, 1, 5000), np.float16))
    assert vectorized_matmul(ones, Tensor(np.ones((5000, 1), np.float16))).item() == 5000
