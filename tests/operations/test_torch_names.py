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
def test_extremes_along_a_dim_have_two_results_as_in_pytorch_and_one_along_an_axis(name):
    x, peer = getattr(Tensor(NUMBERS), name), getattr(torch.tensor(NUMBERS), name)
    values, places = x(dim=1, keepdim=True)
    assert np.array_equal(values.data, peer(dim=1, keepdim=True).values)
    assert np.array_equal(places.data, peer(dim=1, keepdim=True).indices)
    assert np.array_equal(x(axis=1).data, peer(dim=1).values) and x(0, keepdim=True).shape == (1, 3, 4)
    assert x(dim=None).item() == peer().item()
    with pytest.raises(TypeError, match=rf"{name}\(\) got dim= and axis="):
        x(dim=0, axis=0)


def test_one_argument_by_two_names_is_refused():
    with pytest.raises(TypeError, match=r"sum\(\) got dim= and axis=, which are one: leave out dim="):
        Tensor(NUMBERS).sum(dim=0, axis=1)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        softmax(Tensor(NUMBERS), dims=0)


SHAPES = {
    "view(6, 4)": lambda x: x.view(6, 4), "view((2, -1))": lambda x: x.view((2, -1)),
    "flatten()": lambda x: x.flatten(),
    "flatten(1)": lambda x: x.flatten(1), "flatten(0, 1)": lambda x: x.flatten(0, 1),
    "unsqueeze(0)": lambda x: x.unsqueeze(0), "unsqueeze(-1)": lambda x: x.unsqueeze(-1),
    "unsqueeze(2)": lambda x: x.unsqueeze(2), "squeeze()": lambda x: x[:1].squeeze(),
    "squeeze(0)": lambda x: x[:1].squeeze(0), "squeeze(1)": lambda x: x.squeeze(1), "abs()": lambda x: x.abs(),
    "square()": lambda x: x.square(), "pow(3)": lambda x: x.pow(3), "half()": lambda x: x.half(),
    "float()": lambda x: x.float(), "double()": lambda x: x.double(), "bfloat16()": lambda x: x.bfloat16(),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_methods_give_pytorchs_value_shape_type_and_gradient(name):
    numbers = np.round(NUMBERS, 2)
    numbers[0, 0, 0] = 0.0
    ours, theirs = Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    got, wanted = SHAPES[name](ours), SHAPES[name](theirs)
    assert (got.shape, f"torch.{got.dtype}") == (tuple(wanted.shape), str(wanted.dtype))
    assert np.allclose(got.data.astype(float), wanted.detach().double())
    (got * got).sum().backward()
    (wanted * wanted).sum().backward()
    assert np.allclose(ours.grad.data, theirs.grad, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("dim", [None, 0, -1])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_places_of_extremes(name, dim, keepdim):
    got, wanted = (getattr(x, name)(dim=dim, keepdim=keepdim) for x in (Tensor(NUMBERS), torch.tensor(NUMBERS)))
    assert got.dtype == np.int64 and not got.requires_grad and np.array_equal(got.data, wanted.numpy())


def test_what_a_tensor_says_of_itself():
    x = Tensor(NUMBERS, requires_grad=True)
    assert (x.dim(), x.numel(), x.is_leaf, (x * 2).is_leaf) == (3, 24, True, False)
    assert x.tolist() == NUMBERS.tolist()


def test_a_single_number_has_one_axis_to_flatten_and_two_places_for_another():
    x = Tensor(3.0)
    assert x.flatten().shape == x.unsqueeze(0).shape == x.unsqueeze(-1).shape == (1,) and x.squeeze().shape == ()


@pytest.mark.parametrize("wrong", [lambda x: x.unsqueeze(4), lambda x: x.squeeze(3), lambda x: x.flatten(2, 1)])
def test_an_axis_that_is_not_there_is_named(wrong):
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\)"):
        wrong(Tensor(NUMBERS))
