"""Changes in place: inside no_grad() of a leaf, as PyTorch's; elsewhere a new tensor, or a clear refusal."""

from __future__ import annotations

import operator

import numpy as np
import pytest
import torch

from tinytorch.core.layers import Linear
from tinytorch.core.tensor import Tensor, no_grad

OPERATORS = [operator.iadd, operator.isub, operator.imul, operator.itruediv]


@pytest.mark.parametrize("change", OPERATORS)
@pytest.mark.parametrize("other", [2.0, [[1.0, 2.0, 3.0]]])
def test_a_leaf_changes_in_place_inside_no_grad(change, other):
    ours, theirs = Tensor(np.ones((2, 3), np.float32), requires_grad=True), torch.ones(2, 3, requires_grad=True)
    with no_grad(), torch.no_grad():
        mine = change(ours, Tensor(other) if isinstance(other, list) else other)
        right = change(theirs, torch.tensor(other) if isinstance(other, list) else other)
    assert mine is ours and ours.requires_grad
    assert np.array_equal(ours.data, right.detach().numpy()) and ours.dtype == np.float32


def test_an_update_written_by_hand_trains():
    layer, theirs = Linear(3, 2), torch.nn.Linear(3, 2)
    theirs.weight.data, theirs.bias.data = (torch.tensor(p.data.T.copy()) for p in layer.parameters())
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for _ in range(3):
        (layer(Tensor(x)) ** 2).mean().backward()
        (theirs(torch.tensor(x)) ** 2).mean().backward()
        with no_grad(), torch.no_grad():
            for p, q in zip(layer.parameters(), theirs.parameters(), strict=True):
                p -= 0.1 * p.grad
                q -= 0.1 * q.grad
                p.grad = q.grad = None
    for p, q in zip(layer.parameters(), theirs.parameters(), strict=True):
        assert p.requires_grad and np.allclose(p.data, q.detach().numpy().T, atol=1e-6)


@pytest.mark.parametrize("change", [*OPERATORS, lambda x, y: operator.setitem(x, 0, y)])
def test_a_leaf_is_not_changed_while_operations_are_recorded(change):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"shape \(2,\) .* is not recorded: do that inside `with no_grad\(\):`"):
        change(x, 3.0)
    assert x.data.tolist() == [1, 2]


@pytest.mark.parametrize("change", OPERATORS)
def test_a_graph_that_was_made_before_keeps_the_old_numbers(change):
    weight, x = Tensor([2.0, 3.0], requires_grad=True), Tensor([5.0, 7.0], requires_grad=True)
    loss = (weight * x).sum()
    with no_grad():
        weight = change(weight, 10.0)
    loss.backward()
    assert x.grad.data.tolist() == [2, 3] and weight.grad.data.tolist() == [5, 7]


def test_what_was_computed_keeps_its_record():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = first = x * 2
    y += 1
    y *= x
    y.sum().backward()
    assert first.data.tolist() == [2, 4] and y.data.tolist() == [3, 10]
    assert x.grad.data.tolist() == [5, 9]  # of 2 x^2 + x


def test_elements_are_assigned_where_nothing_is_recorded():
    ours, theirs = Tensor(np.zeros((3, 2))), torch.zeros(3, 2, dtype=torch.float64)
    for target in (ours, theirs):
        target[1] = 5.0
        target[[0, 2], 1] = 7.0
        target[target > 6] = 8.0
    assert np.array_equal(ours.data, theirs.numpy())
    weight = Tensor([1.0, 2.0], requires_grad=True)
    with no_grad():
        weight[0] = Tensor(9.0)
    assert weight.data.tolist() == [9, 2] and weight.requires_grad


def test_numbers_of_another_shape_or_kind_are_refused():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with no_grad(), pytest.raises(ValueError):
        x += np.ones((3, 2), np.float32)
    assert x.data.tolist() == [1, 2]
