"""Activations at the ends of the number line, as PyTorch has them, and as layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.operations.check import EPS
from tinytorch.core.activations import (
    GELU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    gelu,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from tinytorch.core.tensor import Tensor

FAR = [0.0, -0.0, 1e-30, 1e-7, -1e-7, 9.0, -9.0, 20.0, -20.0, 88.0, -88.0, -104.0, 1e4, -1e4, 1e30, -1e30, np.nan]
LIMITS = [np.inf, -np.inf]
PEERS = {
    relu: torch.relu, sigmoid: torch.sigmoid, tanh: torch.tanh, gelu: F.gelu,
    (lambda x: gelu(x, "tanh")): lambda x: F.gelu(x, approximate="tanh"),
}  # fmt: skip
NAMES = ["relu", "sigmoid", "tanh", "gelu", "gelu, tanh"]


@pytest.mark.parametrize("function", PEERS, ids=NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_out_values_and_gradients_are_pytorchs(function, dtype):
    """In float64: PyTorch's float32 GELU itself is off by some units far out."""
    numbers = np.array(FAR, dtype=dtype)
    x, peer = Tensor(numbers, requires_grad=True), torch.tensor(numbers.astype(np.float64), requires_grad=True)
    y, wanted = function(x), PEERS[function](peer)
    y.sum().backward()
    wanted.sum().backward()
    eps = 16 * EPS[dtype]
    assert np.allclose(y.data, wanted.detach().numpy(), rtol=eps, atol=eps, equal_nan=True)
    finite = np.abs(numbers) < 1e20
    assert np.allclose(x.grad.data[finite], peer.grad.numpy()[finite], rtol=eps, atol=eps, equal_nan=True)


@pytest.mark.parametrize(
    ("function", "wanted"),
    list(zip(PEERS, [[np.inf, 0], [1, 0], [1, -1], [np.inf, 0], [np.inf, 0]], strict=True)),
    ids=NAMES,
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_limits_at_the_infinities_are_reached(function, wanted, dtype):
    """GELU tends to 0 on the left, where PyTorch's formula gives nan."""
    assert np.allclose(function(Tensor(LIMITS, dtype=dtype)).data.astype(float), wanted, atol=1e-30)


def test_a_small_sigmoid_keeps_its_digits():
    numbers = np.float32([-5, -20, -50, -80])
    assert np.allclose(sigmoid(Tensor(numbers)).data, 1 / (1 + np.exp(-numbers.astype(np.float64))), rtol=1e-6, atol=0)


@pytest.mark.parametrize("row", [[1e4, 0, -1e4], [-np.inf, 0, 1], [3e38, 3e38, 0], [-3e38, -3e38, -3e38], [7]])
@pytest.mark.parametrize(("function", "peer"), [(softmax, torch.softmax), (log_softmax, torch.log_softmax)])
def test_softmax_of_extreme_rows_is_pytorchs(function, peer, row):
    x, y = Tensor(np.float32([row]), requires_grad=True), torch.tensor(np.float32([row]), requires_grad=True)
    got, wanted = function(x), peer(y, dim=-1)
    assert np.allclose(got.data, wanted.detach().numpy(), rtol=1e-6)
    got[:, 0].sum().backward()
    wanted[:, 0].sum().backward()
    assert np.allclose(x.grad.data, y.grad.numpy(), atol=1e-7)


@pytest.mark.parametrize("row", [[np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 0.0]])
def test_a_row_without_a_softmax_is_nan_and_no_warning(row):
    assert np.isnan(softmax(row).data).all() and np.isnan(log_softmax(row).data).any()


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there_is_refused(function, axis):
    with pytest.raises(ValueError, match=rf"axis {axis} does not fit shape \(2, 3\)"):
        function(np.zeros((2, 3)), axis)


def test_a_form_of_gelu_that_is_none_is_refused():
    for wrong in (lambda: gelu([1.0], "fast"), lambda: GELU("exact")):
        with pytest.raises(ValueError, match='must be "none"'):
            wrong()


@pytest.mark.parametrize(
    ("layer", "function"),
    [(ReLU(), relu), (Sigmoid(), sigmoid), (Tanh(), tanh), (GELU(), gelu), (GELU("tanh"), lambda x: gelu(x, "tanh")),
     (Softmax(axis=0), lambda x: softmax(x, 0)), (LogSoftmax(), log_softmax)],
    ids=["ReLU", "Sigmoid", "Tanh", "GELU", "GELU, tanh", "Softmax", "LogSoftmax"],
)  # fmt: skip
def test_an_activation_as_a_layer_keeps_its_settings(layer, function):
    x = Tensor(np.random.default_rng(0).normal(size=(3, 4)))
    assert np.array_equal(layer(x).data, function(x).data)
    assert layer.parameters() == [] and layer.train() is layer and layer.eval() is layer


@pytest.mark.parametrize("function", [relu, sigmoid, tanh, gelu, softmax, log_softmax])
def test_activations_take_lists_and_whole_numbers(function):
    assert function([1, 2]).dtype == function(np.array([1, 2])).dtype == np.float32
    assert function(np.float16([1, 2])).dtype == np.float16
