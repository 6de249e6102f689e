"""Modules and layers: what a module finds in itself, and that Linear, Dropout and LayerNorm are PyTorch's."""

from __future__ import annotations

import pickle
import re
from copy import deepcopy

import numpy as np
import pytest
import torch

from tests.operations.check import DTYPES, EPS, HALVES, assert_close, to_numpy, to_torch
from tinytorch.core.activations import GELU, relu
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Module, Parameter, Sequential, generator, manual_seed
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor, cast_array


class Block(Module):
    """A module with parameters in every place where they may lie."""

    def __init__(self):
        self.weight = Tensor([1.0], requires_grad=True)
        self.frozen = Parameter([2.0], requires_grad=False)
        self.mean = np.zeros(3)
        self.layers = [Linear(2, 3), relu, (Linear(3, 2, bias=False),)]
        self.heads = {"left": Linear(2, 1), 7: {"deep": Parameter([3.0])}}
        self.computed = Tensor([1.0], requires_grad=True) * 2
        self.last, self.ids = Tensor([4.0]), Tensor(np.arange(3))
        self.size = 3


def test_parameters_are_found_in_attributes_lists_tuples_dicts_and_modules():
    names = [name for name, _ in Block().named_parameters()]
    assert names == [
        "weight", "frozen", "layers.0.weight", "layers.0.bias", "layers.2.0.weight", "heads.left.weight",
        "heads.left.bias", "heads.7.deep",
    ]  # fmt: skip


def test_what_a_module_remembers_is_not_a_parameter():
    """Inputs, hidden states and results of a forward pass come and go; the state stays what it was."""

    class Remembers(Module):
        def __init__(self):
            self.cell, self.hidden, self.steps = Linear(2, 2), Tensor(np.zeros((1, 2))), Tensor(np.array(0))

        def forward(self, x):
            self.seen, self.history = x, [x, x.detach()]
            self.hidden = self.cell(x + self.hidden).tanh()
            return self.hidden

    net = Remembers()
    before = list(net.state_dict())
    net(Tensor([[1.0, 2.0]])).sum().backward()
    assert list(net.state_dict()) == before == ["cell.weight", "cell.bias"]
    net.hidden = net.hidden.detach()
    net.eval()(Tensor([[1.0, 2.0]]))
    assert [name for name, _ in net.named_parameters()] == before
    Adam(net.parameters()).step()
    net.load_state_dict(Remembers().state_dict())


def test_a_parameter_is_a_tensor_that_requires_a_gradient_and_results_are_plain_tensors():
    p = Parameter([1, 2])
    assert isinstance(p, Tensor) and p.requires_grad and p.dtype == np.float32
    assert Parameter(Tensor([1.0]), False).requires_grad is False
    assert Parameter([1.0], dtype="float16").dtype == np.float16
    assert {type(result) for result in (p + 1, p.detach(), p[0], p.float().half(), p.sum())} == {Tensor}
    for twin in (deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(twin) is Parameter and twin is not p and twin.requires_grad and twin.tolist() == [1, 2]
    with pytest.raises(TypeError, match="only floating tensors can require a gradient, this one is int64"):
        Parameter(np.arange(3))
    assert repr(p) == "Parameter([1., 2.], dtype=float32, requires_grad=True)"
    assert repr(p.detach()) == "Tensor([1., 2.], dtype=float32)" and p.argmax().item() == 1


def test_parameters_come_as_a_list_of_the_tensors_themselves_each_once():
    net = Block()
    net.again, net.layers[0].weight = net.weight, net.weight
    found = net.parameters()
    assert isinstance(found, list) and found[0] is net.weight
    assert len({id(p) for p in found}) == len(found) == 7


def test_a_module_that_holds_itself_is_walked_once():
    net = Block()
    net.owner = net.layers[0].owner = net
    assert len(net.parameters()) == 8
    assert [name for name, _ in net.named_modules()] == ["", "layers.0", "layers.2.0", "heads.left"]
    assert net.eval() is net and not net.layers[0].training


def test_train_and_eval_reach_every_module_and_no_other():
    net, other = Block(), Block()
    net.inner = Sequential(Dropout(0.5), Sequential(Dropout(0.1), GELU()))
    net.eval()
    assert [m.training for m in net.modules()] == [False] * len(net.modules())
    assert other.training and Module.training
    net.train()
    assert all(m.training for m in net.modules())
    net.inner.train(False)
    assert net.training and not net.inner[1][0].training


def test_zero_grad_forgets_gradients():
    layer = Linear(2, 1)
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    assert layer.weight.grad is not None
    layer.zero_grad()
    assert layer.weight.grad is None and layer.bias.grad is None


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module has no method forward"):
        Module()(1)


def test_state_dict_copies_both_ways():
    first, second = Block(), Block()
    state = first.state_dict()
    first.weight.data[:] = 9
    assert state["weight"].tolist() == [1]
    second.load_state_dict(state)
    second.weight.data[:] = 8
    assert state["weight"].tolist() == [1]
    assert all(isinstance(array, np.ndarray) for array in state.values())


def test_loading_keeps_the_parameters_and_their_types():
    layer = Linear(2, 2)
    held = layer.weight
    layer.load_state_dict({"weight": np.eye(2, dtype=np.float64), "bias": [1, 2]})
    assert layer.weight is held and held.dtype == np.float32
    assert layer(Tensor([[3.0, 4.0]])).data.tolist() == [[4, 6]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("layers.0.bias"), "missing layers.0.bias"),
        (lambda s: s.update(extra=np.zeros(1)), "unexpected extra"),
        (lambda s: s.update(weight=np.zeros(2)), r"weight has shape \(2,\), wanted \(1,\)"),
        (lambda s: s.update(weight=np.zeros((1, 1))), "weight has shape"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(change, words):
    net = Block()
    before, state = net.state_dict(), Block().state_dict()
    change(state)
    with pytest.raises(ValueError, match=words):
        net.load_state_dict(state)
    assert all(np.array_equal(before[name], array) for name, array in net.state_dict().items())


def test_everything_that_does_not_fit_is_listed():
    with pytest.raises(ValueError, match="missing bias.*unexpected b.*weight has shape"):
        Linear(2, 2).load_state_dict({"weight": np.zeros((3, 2)), "b": np.zeros(2)})


# ---- chance


def test_one_seed_starts_everything_random():
    def draws():
        net = Sequential(Linear(5, 4), Dropout(0.5))
        return net[0].weight.data, net(Tensor(np.ones((6, 5)))).data, generator().permutation(9)

    manual_seed(3)
    first = draws()
    held = generator()
    manual_seed(3)
    assert held is generator()
    assert all(np.array_equal(a, b) for a, b in zip(first, draws(), strict=True))
    manual_seed(4)
    assert not np.array_equal(first[0], draws()[0])


# ---- Linear


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (64, 2)])
def test_linear_starts_as_pytorchs_does(n, m, bias):
    manual_seed(0)
    layer = Linear(n, m, bias=bias)
    assert layer.weight.shape == (n, m) and layer.weight.requires_grad and layer.weight.dtype == np.float32
    assert (layer.bias.shape == (m,)) if bias else (layer.bias is None)
    assert all(np.abs(p.data).max() <= n**-0.5 for p in layer.parameters())
    wide = Linear(n, 4000 // n)
    assert np.isclose(wide.weight.data.std(), (3 * n) ** -0.5, rtol=0.1)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 5, 3), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_computes_what_pytorchs_does(shape, dtype):
    layer, peer = Linear(3, 4), torch.nn.Linear(3, 4)
    layer.load_state_dict({"weight": to_numpy(peer.weight).T, "bias": to_numpy(peer.bias)})
    numbers = np.random.default_rng(0).normal(size=shape).astype(dtype)
    x, y = Tensor(numbers, requires_grad=True), to_torch(numbers)
    out, wanted = layer(x), peer.to(getattr(torch, dtype))(y)
    assert out.dtype.name == dtype
    assert_close(out.data, to_numpy(wanted), 1e-6, "value")
    out.sum().backward()
    wanted.sum().backward()
    assert_close(x.grad.data, to_numpy(y.grad), 1e-6, "gradient to x")
    assert_close(layer.weight.grad.data, to_numpy(peer.weight.grad).T, 1e-5, "gradient to the weight")
    assert_close(layer.bias.grad.data, to_numpy(peer.bias.grad), 1e-5, "gradient to the bias")
    assert layer.weight.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(4,), (5, 2), (), (3, 1)])
def test_linear_names_the_shape_it_wants(shape):
    with pytest.raises(ValueError, match=rf"(?i)linear.* wants .*shape \(\.\.\., 3\).* got {re.escape(str(shape))}"):
        Linear(3, 4)(Tensor(np.zeros(shape)))


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (-1, 2), (2.0, 3)])
def test_linear_refuses_sizes_that_are_none(n, m):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        Linear(n, m)


def test_linear_sees_a_weight_that_was_rebound():
    layer, x = Linear(2, 1, bias=False), Tensor([[1.0, 1.0]])
    layer(x)
    layer.weight.data = np.float32([[3], [4]])
    assert layer(x).item() == 7


# ---- Dropout


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(p, dtype):
    manual_seed(1)
    x = Tensor(np.ones((100, 100)), dtype=dtype, requires_grad=True)
    y = Dropout(p)(x)
    values = y.data.astype(np.float64)
    assert y.dtype.name == dtype
    assert np.allclose(np.unique(values), [1.0] if p == 0 else [0, 1 / (1 - p)], rtol=2 * EPS[dtype])
    assert abs((values == 0).mean() - p) < 0.02
    y.sum().backward()
    assert np.array_equal(x.grad.data.astype(np.float64), values)


def test_dropout_in_evaluation_is_the_identity_and_draws_nothing():
    state, x = generator().bit_generator.state, Tensor([1.0])
    assert Dropout(0.5).eval()(x) is x
    assert generator().bit_generator.state == state


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_refuses_a_share_that_is_none(p):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Dropout(p)


# ---- LayerNorm


@pytest.mark.parametrize("shape", [(6,), (4, 6), (2, 3, 6), (0, 6)])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-4, 0), (100, 1000), (0, 5)])
def test_layer_norm_computes_what_pytorchs_does(shape, scale, shift):
    rng = np.random.default_rng(0)
    layer, peer = LayerNorm(6), torch.nn.LayerNorm(6, dtype=torch.float64)
    layer.weight, layer.bias = (Tensor(rng.normal(size=6), requires_grad=True) for _ in range(2))
    with torch.no_grad():
        peer.weight.copy_(torch.tensor(layer.weight.data))
        peer.bias.copy_(torch.tensor(layer.bias.data))
    numbers, weights = rng.normal(size=shape) * scale + shift, rng.normal(size=shape)
    x, y = Tensor(numbers, requires_grad=True), to_torch(numbers)
    out, wanted = layer(x), peer(y)
    assert_close(out.data, to_numpy(wanted), 1e-9, "value")
    out.backward(Tensor(weights))
    wanted.backward(torch.tensor(weights))
    for got, want in [(x, y), (layer.weight, peer.weight), (layer.bias, peer.bias)]:
        size = max(1, np.abs(to_numpy(want.grad)).max(initial=0))
        assert_close(got.grad.data / size, to_numpy(want.grad) / size, 1e-9, "gradient")


@pytest.mark.parametrize("dtype", HALVES)
def test_layer_norm_of_large_halves_is_computed_in_float32(dtype):
    x = cast_array(np.random.default_rng(1).normal(size=(3, 64)) * 1000, np.dtype(Tensor(0, dtype=dtype).dtype))
    layer = LayerNorm(64)
    layer.weight, layer.bias = Tensor(np.ones(64), dtype=dtype), Tensor(np.zeros(64), dtype=dtype)
    wide = x.astype(np.float64)
    wanted = (wide - wide.mean(-1, keepdims=True)) / wide.std(-1, keepdims=True)
    got = layer(Tensor(x))
    assert got.dtype.name == dtype
    assert_close(got.data, wanted, EPS[dtype], "value")


def test_layer_norm_names_the_shape_it_wants():
    with pytest.raises(ValueError, match=r"wants .*shape \(\.\.\., 6\).* got \(6, 5\)"):
        LayerNorm(6)(Tensor(np.zeros((6, 5))))
    with pytest.raises(ValueError, match="normalized_shape must be"):
        LayerNorm(0)


# ---- Sequential


def test_sequential_is_a_chain_that_can_be_measured_walked_and_cut():
    chain = Sequential(Linear(2, 3), relu, GELU("tanh"), Linear(3, 1))
    assert len(chain) == 4 and list(chain)[1] is relu
    assert chain[0] is chain.layers[0] and chain[-1] is chain.layers[3]
    assert isinstance(chain[1:3], Sequential) and len(chain[1:3]) == 2
    x = Tensor(np.ones((5, 2)))
    assert np.array_equal(chain(x).data, chain[2:](chain[:2](x)).data)
    assert Sequential()(x) is x
    assert "Linear(2, 3)" in repr(chain) and "GELU" in repr(chain)


def test_sequential_refuses_what_cannot_be_called():
    with pytest.raises(TypeError, match=r"Sequential\(a, b, c\).*list|list.*Sequential\(a, b, c\)"):
        Sequential([Linear(2, 3)])
