"""What PyTorch's users ask of a module: buffers, the modules in it, its picture, its type, and lists of layers."""

from __future__ import annotations

import pickle
import re
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch

from tinytorch.core.activations import GELU, ReLU, relu
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Module, Parameter, Sequential
from tinytorch.core.losses import MSELoss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.core.training import Trainer
from tinytorch.optimization.acceleration import MixedPrecisionTrainer
from tinytorch.profiling.profiler import Profiler


class Scaled(Module):
    """Divides by a running mean of what it has seen in training, as a normalisation would."""

    def __init__(self):
        self.gain = Parameter([1.0, 1.0])
        self.register_buffer("mean", Tensor([1.0, 2.0]))
        self.register_buffer("count", Tensor(np.array(0)))
        self.register_buffer("mask", Tensor([True, False]), persistent=False)
        self.register_buffer("later", None)

    def forward(self, x):
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * x.detach().mean(axis=0)
            self.count = self.count + 1
        return x / self.mean * self.gain


class ScaledTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.tensor([1.0, 2.0]))
        self.register_buffer("count", torch.tensor(0))
        self.register_buffer("mask", torch.tensor([True, False]), persistent=False)
        self.register_buffer("later", None)


def names_of(pairs):
    return [name for name, _ in pairs]


# ---- buffers


def test_buffers_have_pytorchs_names_are_saved_and_are_not_parameters():
    ours, theirs = Sequential(Scaled(), Linear(2, 2)), torch.nn.Sequential(ScaledTorch(), torch.nn.Linear(2, 2))
    assert names_of(ours.named_buffers()) == [f"layers.{name}" for name in names_of(theirs.named_buffers())]
    assert {f"layers.{name}" for name in theirs.state_dict()} == set(ours.state_dict())
    assert "layers.0.mean" not in names_of(ours.named_parameters())
    held = zip(ours.buffers(), ("mean", "count", "mask"), strict=True)
    assert all(buffer is getattr(ours[0], name) for buffer, name in held)


def test_a_buffer_remains_one_when_it_is_assigned_and_comes_back_in_its_own_type():
    net, other = Scaled(), Scaled()
    for _ in range(3):
        net(Tensor([[4.0, 8.0], [2.0, 2.0]]))
    state = net.state_dict()
    assert state["count"] == 3 and state["count"].dtype == np.int64 and "mask" not in state
    other.load_state_dict({**state, "mean": state["mean"].astype(np.float64), "count": 3.0})
    assert (other.count.dtype, other.mean.dtype) == (np.int64, np.float32)
    assert np.array_equal(other.mean.data, net.mean.data) and other.count.item() == 3
    net.mean.data[:] = 0
    assert other.mean.data.all() and state["mean"].all()
    net.later = Tensor([5.0])
    assert "later" in net.state_dict()
    with pytest.raises(ValueError, match="missing later"):
        net.load_state_dict(state)
    del net.later, net.mask
    assert names_of(net.named_buffers()) == ["mean", "count"]


@pytest.mark.parametrize("copied", [deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_have_buffers_of_their_own(copied):
    net = Sequential(Scaled())
    twin = copied(net)
    assert names_of(twin.named_buffers()) == names_of(net.named_buffers())
    twin.train()(Tensor([[8.0, 8.0]]))
    assert net.state_dict()["layers.0.count"] == 0 and twin.state_dict()["layers.0.count"] == 1
    assert "mean" not in vars(Module) and not Module._buffers


def test_a_shared_buffer_is_one():
    net = Module()
    net.a, net.b = Module(), Module()
    shared = Tensor([1.0])
    net.a.register_buffer("x", shared)
    net.b.register_buffer("x", shared)
    assert names_of(net.named_buffers()) == ["a.x"]


@pytest.mark.parametrize(("name", "tensor", "error", "words"), [
    ("mean", [1.0], TypeError, "buffer mean is a list, wanted a Tensor"),
    ("mean", Tensor([1.0], requires_grad=True), ValueError, "requires a gradient"),
    ("mean", Parameter([1.0]), ValueError, "make it a Parameter"),
    ("a.b", Tensor([1.0]), ValueError, "has a dot"), ("", Tensor([1.0]), ValueError, "empty"),
    ("weight", Tensor([1.0]), ValueError, "'weight' cannot name a buffer: it is an attribute already"),
    ("forward", Tensor([1.0]), ValueError, "an attribute already"),
])  # fmt: skip
def test_what_cannot_be_a_buffer_is_refused(name, tensor, error, words):
    layer = Linear(1, 1)
    with pytest.raises(error, match=words):
        layer.register_buffer(name, tensor)
    assert layer.buffers() == []


def test_a_checkpoint_of_a_training_holds_the_buffers(tmp_path):
    data = np.ones((8, 2), np.float32), np.ones((8, 2), np.float32)
    first, second = (Trainer(model := Scaled(), SGD(model.parameters()), MSELoss()) for _ in range(2))
    first.fit(data, epochs=1, batch_size=4)
    first.save(tmp_path / "run.npz")
    second.load(tmp_path / "run.npz")
    assert second.model.count.item() == 2 and np.array_equal(second.model.mean.data, first.model.mean.data)


def test_mixed_precision_trains_parameters_and_keeps_buffers_in_their_type():
    class Remembers(Scaled):
        def forward(self, x):
            self.last = x
            return super().forward(x)

    model = Sequential(Remembers(), Linear(2, 1))
    before = names_of(model.named_parameters())
    trainer = MixedPrecisionTrainer(model, SGD(model.parameters(), lr=0.1), loss_fn=MSELoss(), dtype="float16")
    start = model.state_dict()
    for _ in range(3):
        trainer.train_step((Tensor([[1.0, 3.0], [2.0, 2.0]]), Tensor([[1.0], [0.0]])))
    assert names_of(model.named_parameters()) == before
    assert all(not np.array_equal(start[name], array) for name, array in model.state_dict().items())
    assert [b.dtype.name for b in model.buffers()] == ["float32", "int64", "bool"]
    assert {p.dtype.name for p in model.parameters()} == {"float32"}


def test_a_profiler_counts_parameters_and_no_buffer():
    model = Sequential(Scaled(), Linear(2, 3))
    assert Profiler().count_parameters(model) == 2 + 2 * 3 + 3


# ---- the modules in a module


class Net(Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = Linear(3, 4), Linear(4, 2, bias=False)
        self.body = Sequential(Linear(4, 4), ReLU(), Sequential(Dropout(0.1)))


class NetTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2, bias=False)
        self.body = torch.nn.Sequential(
            torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Dropout(0.1))
        )


@pytest.fixture
def pair():
    return Net(), NetTorch()


def test_modules_and_children_are_pytorchs_activations_among_them(pair):
    ours, theirs = pair
    assert [type(m).__name__ for m in ours.modules()][1:] == [type(m).__name__ for m in theirs.modules()][1:]
    assert names_of(ours.named_children()) == names_of(theirs.named_children())
    assert names_of(ours.body.named_children()) == names_of(theirs.body.named_children())
    assert [name.replace("layers.", "") for name in names_of(ours.named_modules())] == names_of(theirs.named_modules())
    assert [type(m) for m in ours.body.children()] == [Linear, ReLU, Sequential]
    assert list(Sequential(*ours.children()[:1])) == [ours.stem]


def test_apply_visits_what_is_inside_first_as_in_pytorch(pair):
    def names_met(net):
        met = []
        assert net.apply(lambda module: met.append(type(module).__name__)) is net
        return met[:-1]

    ours, theirs = map(names_met, pair)
    assert ours == theirs and len(ours) == 7


def test_apply_initialises_linear_layers(pair):
    def start(module):
        if isinstance(module, Linear):
            module.weight.data[:] = 0.5

    net, _ = pair
    net.apply(start)
    assert all((m.weight.data == 0.5).all() for m in net.modules() if isinstance(m, Linear))


def test_a_module_in_a_ring_is_applied_to_and_drawn_once(pair):
    net, _ = pair
    net.stem.owner = net
    met = []
    net.apply(met.append)
    assert len(met) == len({id(m) for m in met}) == 8 and met[-1] is net
    assert "..." in repr(net)


def test_repr_is_a_tree(pair):
    net, theirs = pair
    assert repr(net) == "\n".join([
        "Net(", "  (stem): Linear(3, 4)", "  (head): Linear(4, 2, bias=False)", "  (body): Sequential(",
        "    (0): Linear(4, 4)", "    (1): ReLU()", "    (2): Sequential(", "      (0): Dropout(0.1)", "    )", "  )",
        ")",
    ])  # fmt: skip

    def names_in(tree):
        return re.findall(r"^ *(?=\()\(\w+\): \w+|^ *\)", tree, re.MULTILINE)

    assert names_in(repr(net)) == names_in(repr(theirs)) and len(names_in(repr(net))) == 10
    assert repr(Sequential()) == "Sequential()" and repr(LayerNorm(3)) == "LayerNorm(3)"
    assert repr(Sequential(relu, GELU("tanh"))) == "Sequential(\n  (0): relu\n  (1): GELU(approximate='tanh')\n)"
    assert "partial" in repr(Sequential(partial(relu)))


def test_a_layers_own_words_stand_in_its_picture():
    class Gate(Module):
        def __init__(self, inner=None):
            self.inner = inner

        def extra_repr(self):
            return "open=True"

    assert repr(Gate()) == "Gate(open=True)"
    assert repr(Gate(Linear(1, 1))) == "Gate(\n  open=True\n  (inner): Linear(1, 1)\n)"


# ---- types and gradients


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_a_module_changes_its_type_in_place_and_whole_numbers_stay(name):
    net = Sequential(Scaled(), Linear(2, 3))
    held, before = net.parameters(), net.state_dict()
    net(Tensor([[1.0, 2.0]])).sum().backward()
    assert net.to(name) is net and all(a is b for a, b in zip(held, net.parameters(), strict=True))
    assert {p.dtype.name for p in net.parameters()} == {p.grad.dtype.name for p in net.parameters()} == {name}
    assert [b.dtype.name for b in net.buffers()] == [name, "int64", "bool"]
    assert np.allclose(net[1].weight.data.astype(float), before["layers.1.weight"], atol=0.01)
    assert net(Tensor([[1.0, 2.0]], dtype=name)).dtype.name == name
    assert {p.dtype.name for p in net.float().parameters()} == {"float32"}


def test_short_forms_of_to():
    layer = Linear(2, 2)
    for change, name in [(layer.half, "float16"), (layer.double, "float64"), (layer.bfloat16, "bfloat16")]:
        assert change() is layer and layer.weight.dtype.name == name
    assert layer.to("cpu").cpu() is layer and layer.to(device="cpu").bias.dtype.name == "bfloat16"
    assert layer.to("cpu", "float64").bias.dtype.name == layer.to(dtype="float64").bias.dtype.name == "float64"
    with pytest.raises(ValueError, match="there is no device 'cuda' here"):
        layer.to("cuda")
    with pytest.raises(TypeError, match="cannot become int64"):
        layer.to("int64")
    assert ReLU().to("float16").parameters() == []


def test_parameters_are_frozen_together_and_remain_parameters():
    net = Sequential(Linear(2, 2), Linear(2, 1))
    assert net[0].requires_grad_(False) is net[0]
    assert [p.requires_grad for p in net.parameters()] == [False, False, True, True] and len(net.state_dict()) == 4
    net(Tensor([[1.0, 2.0]])).sum().backward()
    assert net[0].weight.grad is None and net[1].weight.grad is not None
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == 3
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_adam_over_a_module_with_whole_numbers_trains_what_is_floating():
    net = Scaled()
    net.ids = Tensor(np.arange(3))
    optimizer = Adam(net.parameters())
    net(Tensor([[1.0, 2.0]])).sum().backward()
    optimizer.step()
    assert len(optimizer.state) == 1


# ---- Sequential


def test_a_chain_grows_and_changes_like_a_list():
    chain = Sequential(Linear(2, 3))
    assert chain.append(ReLU()).extend([Linear(3, 4), relu]) is chain and len(chain) == 4
    assert chain.insert(1, LayerNorm(3)) is chain and isinstance(chain[1], LayerNorm)
    chain[-1] = Linear(4, 1)
    del chain[1]
    with no_grad():
        assert chain(Tensor(np.ones((5, 2)))).shape == (5, 1)
    assert isinstance(chain[:2], Sequential) and list(chain[:2]) == chain.layers[:2]
    for grow in (lambda: chain.append(3), lambda: chain.insert(0, [relu]), lambda: chain.__setitem__(0, None)):
        with pytest.raises(TypeError, match="each callable with a tensor"):
            grow()
    assert len(chain) == 4
    with pytest.raises(IndexError):
        chain[9]


# ---- layer_norm over several axes


@pytest.mark.parametrize(("x", "shape"), [
    ((2, 3, 4), (3, 4)), ((3, 4), (3, 4)), ((5, 2, 3, 4), (2, 3, 4)), ((6, 4), 4), ((0, 3, 4), (3, 4)),
])  # fmt: skip
def test_layer_norm_over_several_axes_is_pytorchs(x, shape):
    rng = np.random.default_rng(0)
    ours, theirs = LayerNorm(shape).double(), torch.nn.LayerNorm(shape, dtype=torch.float64)
    numbers, weight, bias = rng.normal(size=x), rng.normal(size=shape), rng.normal(size=shape)
    ours.load_state_dict({"weight": weight, "bias": bias})
    theirs.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    a, b = Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    got, wanted = ours(a), theirs(b)
    assert np.allclose(got.data, wanted.detach().numpy(), atol=1e-12) and got.shape == x
    (got * got).sum().backward()
    (wanted * wanted).sum().backward()
    pairs = [(a, b), (ours.weight, theirs.weight), (ours.bias, theirs.bias)]
    assert all(np.allclose(p.grad.data, q.grad.numpy(), atol=1e-9) for p, q in pairs)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (4,), ()])
def test_layer_norm_over_several_axes_names_the_shape_it_wants(shape):
    with pytest.raises(ValueError, match=r"wants x of shape \(\.\.\., 3, 4\) for weight \(3, 4\), got"):
        LayerNorm((3, 4))(Tensor(np.zeros(shape)))


@pytest.mark.parametrize("shape", [0, (), (3, 0), 2.5, "3"])
def test_a_layer_norm_needs_lengths(shape):
    with pytest.raises(ValueError, match="normalized_shape must be a whole number of at least 1"):
        LayerNorm(shape)
