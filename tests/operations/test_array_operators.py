"""A NumPy array or number on the left of a tensor, and `p.data += -lr * p.grad`, the update that people write."""

from __future__ import annotations

import operator

import numpy as np
import pytest
import torch

from tinytorch.core.layers import Parameter
from tinytorch.core.tensor import Tensor

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul, operator.lt, operator.le,
    operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip
LEFT = [np.array([3.0, 4.0]), np.ones((2, 2), np.float32), np.array(2.0), np.float64(3), np.float32(0.5), np.int64(2)]


@pytest.mark.parametrize("left", LEFT, ids=str)
@pytest.mark.parametrize("symbol", OPERATORS)
def test_an_array_beside_a_tensor_is_what_a_tensor_there_would_be(symbol, left):
    right = Tensor([1.0, 2.0], requires_grad=True)
    if symbol is operator.matmul and np.ndim(left) == 0:
        with pytest.raises((ValueError, TypeError)):
            symbol(left, right)
        return
    got = symbol(left, right)
    wanted = symbol(Tensor(left) if isinstance(left, np.ndarray) else left.item(), right)
    assert type(got) is Tensor and got.dtype == wanted.dtype and got.requires_grad == wanted.requires_grad
    assert np.array_equal(got.data, wanted.data)


def test_the_update_of_data_by_a_gradient_is_pytorchs():
    ours, theirs = Parameter([1.0, -2.0, 0.5]), torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    held = ours.data
    for _ in range(3):
        for p in (ours, theirs):
            p.grad = None
            (p * p * p).sum().backward()
            p.data += -0.1 * p.grad
            p.data -= 0.01 * p.grad
            p.data *= 1 - 0.1 * p.grad
    assert ours.data is held and ours.is_leaf and ours.requires_grad
    assert np.allclose(ours.data, theirs.detach().numpy(), rtol=1e-6)


def test_an_array_that_would_lose_a_gradient_is_not_changed():
    array, p = np.zeros(2), Parameter([1.0, 2.0])
    with pytest.raises(RuntimeError, match="requires a gradient is no array"):
        array += p
    assert not array.any()
    array += p.detach()
    assert array.tolist() == [1, 2] and type(array) is np.ndarray


@pytest.mark.parametrize("function", [
    np.exp, np.add.reduce, lambda x: np.add(x, np.ones(2)), lambda x: np.maximum(1, x),
])  # fmt: skip
def test_functions_of_numpys_are_refused_with_what_to_write(function):
    with pytest.raises(TypeError, match=r"np\.\w+ leaves no record .* use an operation of Tensor, or detach"):
        function(Tensor([1.0, 2.0]))
