"""What a profiler asks of a model, of its input and of its loss."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.layers import Linear
from tinytorch.core.tensor import Tensor
from tinytorch.support.models import (
    check_graph,
    check_single,
    clear_gradients,
    output_of,
    parameters_of,
    sample_array,
)


class Tied:
    def __init__(self):
        self.weight = Tensor([1.0])

    def __call__(self, x):
        return x

    def parameters(self):
        return iter([self.weight, self.weight])


def test_a_parameter_that_is_used_twice_is_listed_once():
    model = Tied()
    assert parameters_of(model) == [model.weight]


@pytest.mark.parametrize("wrong", [len, 3, lambda x: x])
def test_what_has_no_parameters_is_no_model(wrong):
    with pytest.raises(TypeError, match="is not a model: a model can be called"):
        parameters_of(wrong)


def test_a_sample_is_the_same_each_time():
    assert sample_array((2, 3)).dtype == np.float32 and (sample_array((2, 3)) == sample_array([2, 3])).all()


@pytest.mark.parametrize("shape", [(), 2, (0, 2), (2.0,), "12", (-1, 2)])
def test_a_shape_is_positive_whole_numbers(shape):
    with pytest.raises(ValueError, match="positive whole numbers"):
        sample_array(shape)


def test_the_output_of_a_model_is_a_tensor():
    x = Tensor([[1.0, 2.0]])
    assert isinstance(output_of(Linear(2, 3), x), Tensor)
    for wrong in (lambda x: None, lambda x: x.data):
        with pytest.raises(TypeError, match=r"shape \(1, 2\), wanted a Tensor"):
            output_of(wrong, x)


def test_a_loss_is_a_single_number_with_a_graph():
    leaf = Tensor([1.0], requires_grad=True)
    check_single(leaf.sum())
    check_graph(leaf.sum())
    for wrong, words in [(Tensor([1.0, 2.0]), r"Tensor of shape \(2,\)"), (1.0, "float"), (np.float32(1), "float32")]:
        with pytest.raises(ValueError, match=f"loss_fn gave a {words}"):
            check_single(wrong)
    with pytest.raises(ValueError, match="carries no graph"):
        check_graph(Tensor([1.0]))


def test_gradients_are_cleared():
    layer = Linear(2, 1)
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    clear_gradients(iter(layer.parameters()))
    assert [p.grad for p in layer.parameters()] == [None, None]
