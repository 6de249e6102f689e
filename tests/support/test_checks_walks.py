"""What the checks of lesson 05's walks say of functions that walk wrongly; the right ones pass."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.autograd import backward, nodes_in_order, numerical_gradient, pull_back, unbroadcast
from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support.checks_walks import asked_in_turn, manners, nodes_found, ones_summed, summed


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


def test_the_right_functions_pass():
    asked_in_turn(numerical_gradient, Tensor)
    nodes_found(nodes_in_order, Tensor([1.0], requires_grad=True), 50)
    manners(backward, pull_back, Tensor, Interceptor, [1.0, 2.0])
    summed(unbroadcast, (2, 3), (3,), "add")
    ones_summed(unbroadcast, np.ones((2049, 3), np.float16), (), "add")


def test_a_numerical_gradient_that_asks_more_often_or_gives_tensors_is_told():
    def often(function, *tensors):
        function(*[Tensor(t.data, "float64") for t in tensors])
        return numerical_gradient(function, *tensors)

    def tensors_for_arrays(function, *tensors):
        return [Tensor(slopes) for slopes in numerical_gradient(function, *tensors)]

    assert "number of its runs gave 17, wanted 16" in sentence(asked_in_turn, often, Tensor)
    assert "gave ['Tensor', 'Tensor']" in sentence(asked_in_turn, tensors_for_arrays, Tensor)


def test_nodes_that_are_lost_or_changed_are_told():
    leaf = Tensor([1.0], requires_grad=True)

    def emptied(last):
        nodes = nodes_in_order(last)
        last.edges = ()
        return nodes

    assert "their number gave 49, wanted 50" in sentence(
        nodes_found, lambda last: [n for n in nodes_in_order(last) if n.inputs], leaf, 50
    )
    assert "asked twice" in sentence(nodes_found, emptied, leaf, 50)


def test_a_walk_that_leaves_something_behind_is_told():
    def talkative(result, gradient=None):
        backward(result, gradient)
        return {}

    def keeping(result, gradient=None):
        backward(result, gradient)
        result.grad = gradient

    assert "returned a dict" in sentence(manners, talkative, pull_back, Tensor, Interceptor, [1.0])
    assert "only leaves" in sentence(manners, keeping, pull_back, Tensor, Interceptor, [1.0])


def test_sums_that_are_rounded_twice_or_made_numbers_are_told():
    def twice(gradient, shape):
        return unbroadcast(unbroadcast(gradient, gradient.shape[1:]), shape)

    assert "gave 6144, wanted 6148" in sentence(ones_summed, twice, np.ones((2049, 3), np.float16), (), "add")
    assert "gave a float" in sentence(summed, lambda g, shape: float(g.sum()), (2, 3), (), "add")
