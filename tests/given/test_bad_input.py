"""What cannot be had is refused with a message that says what was wrong, and what to write."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch as torch
from tinytorch import Tensor, no_grad
from tinytorch.nn import functional as F

X = torch.arange(6.0).reshape(2, 3)
K = torch.arange(6).reshape(2, 3)
CASES = [
    (lambda: torch.zeros(2, -1), ValueError, "no negative lengths"),
    (lambda: torch.tensor([[1, 2], [3]]), ValueError, "length"),
    (lambda: torch.tensor(["a"]), TypeError, "real numbers"),
    (lambda: torch.from_numpy([1, 2]), TypeError, r"write tensor\(...\)"),
    (lambda: torch.arange(0, 5, -1), ValueError, "in steps of -1"),
    (lambda: torch.arange(0, 5, 0), ValueError, "in steps of 0"),
    (lambda: torch.cat([]), ValueError, "one tensor or more"),
    (lambda: torch.cat([torch.tensor(1.0), X]), ValueError, "use stack for single numbers"),
    (lambda: torch.cat([X, X.T]), ValueError, r"agree but for that axis, got \[\(2, 3\), \(3, 2\)\]"),
    (lambda: torch.cat([X, X], 2), ValueError, "axis 2 does not fit"),
    (lambda: torch.stack([X, X.T]), ValueError, r"of one shape, got \[\(2, 3\), \(3, 2\)\]"),
    (lambda: X.split([1, 1], dim=1), ValueError, "add up to the 3 along axis 1"),
    (lambda: X.split(0), ValueError, "at least 1 element"),
    (lambda: X.chunk(0), ValueError, "at least 1 part"),
    (lambda: X.expand(3, 3), ValueError, r"\(2, 3\) cannot be expanded to \(3, 3\)"),
    (lambda: X.repeat(2), ValueError, "a number for each axis"),
    (lambda: torch.zeros(2, 2, 2).t(), ValueError, "write transpose"),
    (lambda: X.view(4, 2), ValueError, "reshape"),
    (lambda: X.flip(2), ValueError, "axis 2 does not fit"),
    (lambda: torch.roll(X, (1, 2), 0), ValueError, "argument 2 is shorter"),
    (lambda: X.clamp(), ValueError, "min=, max= or both"),
    (lambda: torch.div(X, 2, rounding_mode="up"), ValueError, 'None, "floor" or "trunc"'),
    (lambda: K // 0, ZeroDivisionError, "by 0"),
    (lambda: K % 0, ZeroDivisionError, "by 0"),
    (lambda: X & X, TypeError, "got float32: compare first"),
    (lambda: ~X, TypeError, "compare first"),
    (lambda: K.var(), TypeError, r"write x.float\(\)"),
    (lambda: X.std(unbiased=True, correction=1), TypeError, "leave out unbiased="),
    (lambda: X.var((0, 0)), ValueError, "each comes once"),
    (lambda: K.norm(), TypeError, r"write x.float\(\)"),
    (lambda: X.topk(4), ValueError, "there are 3"),
    (lambda: X.sort(dim=2), ValueError, "axis 2 does not fit"),
    (lambda: X.masked_fill(K, 0.0), TypeError, "a boolean mask, got int64"),
    (lambda: K.masked_fill(K > 2, 0.5), TypeError, r"write x.float\(\) first"),
    (lambda: torch.tril(torch.zeros(3)), ValueError, "matrices"),
    (lambda: X.gather(1, torch.tensor([[3]])), IndexError, "from 0 to 2, got 3"),
    (lambda: X.gather(1, torch.tensor([0])), ValueError, "wants an index that fits"),
    (lambda: X.gather(1, torch.tensor([[0.5]])), TypeError, "whole numbers, got float32"),
    (lambda: X.index_select(0, torch.tensor([2])), IndexError, "from 0 to 1"),
    (lambda: X.scatter_add(0, K, K), ValueError, "one type"),
    (lambda: torch.einsum("ij,jk", X), ValueError, "letters for each"),
    (lambda: torch.einsum("i->i", X), ValueError, "a letter for each axis"),
    (lambda: torch.einsum("ij,jk->ik", X, X), ValueError, "the axes of 'j' have the lengths 3 and 2"),
    (lambda: torch.einsum("ij->ik", X), ValueError, "in an operand"),
    (lambda: torch.mm(X, torch.zeros(3)), ValueError, "mm wants 2 and 2 axes"),
    (lambda: F.pad(X, (1, 1, 1)), ValueError, "a pair of numbers"),
    (lambda: F.pad(X, (1, 1), mode="edge"), ValueError, "mode must be"),
    (lambda: F.pad(X, (3, 0), mode="reflect"), ValueError, "at most 2 elements"),
    (lambda: F.pad(X, (-2, -2)), ValueError, "takes more than the 3"),
    (lambda: F.one_hot(torch.tensor([3]), 3), ValueError, "classes from 0 to 2"),
    (lambda: F.one_hot(torch.tensor([-1])), ValueError, "classes from 0"),
    (lambda: F.one_hot(torch.tensor([0.5])), TypeError, r"write x.long\(\)"),
    (lambda: F.layer_norm(X, (2,)), ValueError, r"wants x of shape \(..., 2\) for weight \(2,\), got"),
    (lambda: F.layer_norm(X, (3,), X), ValueError, r"layer_norm over \(3,\) has a weight of shape"),
    (lambda: K.requires_grad_(), TypeError, "pass dtype="),
    (lambda: (Tensor([1.0], requires_grad=True) * 2).requires_grad_(False), RuntimeError, r"use detach\(\)"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error", "words"), CASES, ids=[words for _, _, words in CASES])
def test_the_error_says_what_was_wrong(ask, error, words):
    with pytest.raises(error, match=words):
        ask()


IN_PLACE = {
    "zero_": lambda x: x.zero_(), "fill_": lambda x: x.fill_(1.0), "add_": lambda x: x.add_(1.0),
    "copy_": lambda x: x.copy_(X), "clamp_": lambda x: x.clamp_(0, 1), "uniform_": lambda x: x.uniform_(),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_change_that_is_not_recorded_is_refused_outside_no_grad(name):
    x = X.clone().requires_grad_()
    with pytest.raises(RuntimeError, match=r"do that inside `with no_grad\(\):`"):
        IN_PLACE[name](x)
    assert torch.equal(x, X)
    with no_grad():
        assert IN_PLACE[name](x) is x and x.requires_grad


@pytest.mark.parametrize("change", [
    lambda x, w: x.add_(w), lambda x, w: x.copy_(w), lambda x, w: x.__setitem__(0, w[0]), lambda x, w: x.fill_(w[0, 0]),
])  # fmt: skip
def test_a_number_with_a_record_does_not_lose_it_in_a_tensor_without_one(change):
    x, w = torch.zeros(2, 3), torch.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"write its detach\(\), or make a new tensor, with where, cat or stack"):
        change(x, w)
    assert not x.data.any()
    change(x, w.detach())
    assert x.data.any()


def test_a_graph_keeps_the_numbers_that_were_changed_after_it():
    w, x = torch.tensor([2.0, 3.0], requires_grad=True), torch.tensor([5.0, 7.0], requires_grad=True)
    loss = (w * x).sum()
    with no_grad():
        w.mul_(10.0)
    loss.backward()
    assert x.grad.tolist() == [2, 3] and w.tolist() == [20, 30]


def test_a_change_of_a_part_shows_in_the_whole():
    x = torch.zeros(2, 3)
    x[0].fill_(7.0)
    assert x.tolist() == [[7.0] * 3, [0.0] * 3]


def test_a_type_that_cannot_hold_the_result_is_refused():
    with pytest.raises(TypeError, match="same_kind"):
        K.clone().add_(0.5)


@pytest.mark.parametrize("call", [F.softplus, F.elu, F.silu, F.leaky_relu, lambda x: x.logsumexp(0), lambda x: x.std()])
def test_large_numbers_give_no_warning(call):
    x = torch.tensor([1000.0, -1000.0, 0.0], requires_grad=True)
    call(x).sum().backward()
    assert np.isfinite(x.grad.data).all()


def test_an_index_that_changes_later_changes_no_gradient():
    index, source = torch.tensor([[0, 1, 1]]), torch.ones(1, 3, requires_grad=True)
    out = torch.zeros(1, 3).scatter_add(1, index, source)
    index.fill_(2)
    (out * torch.tensor([[1.0, 10.0, 100.0]])).sum().backward()
    assert source.grad.tolist() == [[1.0, 10.0, 10.0]]
