"""`dim` and `keepdim`, as PyTorch's users type them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinytorch import LogSoftmax, Softmax, Tensor, log_softmax, softmax

NUMBERS = np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize("dim", [0, -1, (0, 2)])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_reductions(name, dim, keepdim):
    ours, theirs = Tensor(NUMBERS, requires_grad=True), torch.tensor(NUMBERS, requires_grad=True)
    got, wanted = (getattr(x, name)(dim=dim, keepdim=keepdim) for x in (ours, theirs))
    assert got.shape == tuple(wanted.shape) and np.allclose(got.data, wanted.detach())
    (got * got).sum().backward()
    (wanted * wanted).sum().backward()
    assert np.allclose(ours.grad.data, theirs.grad)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmaxes_and_their_layers(dim):
    x, peer = Tensor(NUMBERS), torch.tensor(NUMBERS)
    assert np.allclose(softmax(x, dim=dim).data, torch.softmax(peer, dim=dim))
    assert np.allclose(log_softmax(x, dim=dim).data, torch.log_softmax(peer, dim=dim))
    assert np.allclose(Softmax(dim=dim)(x).data, torch.nn.Softmax(dim=dim)(peer))
    assert np.allclose(LogSoftmax(dim=dim)(x).data, torch.nn.LogSoftmax(dim=dim)(peer))
    assert isinstance(Softmax(dim=dim), Softmax) and Softmax(dim=dim).axis == dim


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_along_a_dim_have_two_results_in_pytorch(name):
    with pytest.raises(TypeError, match=rf"{name}\(dim=...\) gives values and indices in PyTorch: write {name}\(axis"):
        getattr(Tensor(NUMBERS), name)(dim=0)
    assert getattr(Tensor(NUMBERS), name)(0, keepdim=True).shape == (1, 3, 4)


def test_one_argument_by_two_names_is_refused():
    with pytest.raises(TypeError, match=r"sum\(\) got dim= and axis=, which are one: leave out dim="):
        Tensor(NUMBERS).sum(dim=0, axis=1)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        softmax(Tensor(NUMBERS), dims=0)
