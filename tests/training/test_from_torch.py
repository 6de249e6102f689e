"""States of PyTorch models in ours: every number in its place, or an error that lists what does not fit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn as theirs

from tests.operations.check import to_numpy
from tinytorch import nn as ours
from tinytorch.core.layers import Parameter
from tinytorch.core.tensor import Tensor
from tinytorch.given.states import from_torch


def network(nn, module):
    """The same network of either library: nested chains, square weights, a list, an embedding, buffers."""

    class Net(module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(7, 4)
            inner = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4, bias=False))
            self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), inner)
            self.head = nn.Linear(4, 3)
            self.gain = theirs.Parameter(torch.ones(3)) if nn is theirs else Parameter(np.ones(3))
            self.register_buffer("shift", torch.zeros(3) if nn is theirs else Tensor(np.zeros(3, np.float32)))

        def forward(self, ids):
            return self.head(self.body(self.embed(ids))) * self.gain + self.shift

    return Net()


def test_a_network_computes_what_pytorchs_twin_does():
    model, twin = network(ours, ours.Module), network(theirs, theirs.Module)
    twin.shift.copy_(torch.tensor([1.0, 2.0, 3.0]))
    before = {name: tensor.clone() for name, tensor in twin.state_dict().items()}
    model.load_state_dict(from_torch(model, twin.state_dict()))
    ids = np.array([[0, 3, 6], [1, 1, 2]])
    assert np.allclose(model(Tensor(ids)).data, to_numpy(twin(torch.tensor(ids))), atol=1e-6)
    assert all(torch.equal(before[name], tensor) for name, tensor in twin.state_dict().items())
    model.head.weight.data[:] = 0
    assert twin.head.weight.abs().sum() > 0


@pytest.mark.parametrize("width", [1, 5])
def test_a_square_layer_is_turned_which_a_plain_load_cannot_see(width):
    twin, x = theirs.Linear(width, width), np.random.default_rng(0).normal(size=(2, width)).astype(np.float32)
    wanted, model = to_numpy(twin(torch.tensor(x))), ours.Linear(width, width)
    model.load_state_dict(from_torch(model, twin.state_dict()))
    assert np.allclose(model(Tensor(x)).data, wanted, atol=1e-6)
    with pytest.raises(TypeError, match=r"this state holds PyTorch's tensors.*from_torch\(model, state\)"):
        model.load_state_dict(twin.state_dict())
    model.load_state_dict({name: to_numpy(tensor) for name, tensor in twin.state_dict().items()})
    assert width == 1 or not np.allclose(model(Tensor(x)).data, wanted, atol=1e-3)


def test_a_state_of_arrays_will_do():
    model, twin = ours.Sequential(ours.Linear(2, 3)), theirs.Sequential(theirs.Linear(2, 3))
    arrays = {name: to_numpy(tensor) for name, tensor in twin.state_dict().items()}
    found = from_torch(model, arrays)
    assert list(found) == ["layers.0.weight", "layers.0.bias"]
    assert np.array_equal(found["layers.0.weight"], arrays["0.weight"].T)
    assert not np.shares_memory(found["layers.0.bias"], arrays["0.bias"])


@pytest.mark.parametrize(("change", "words"), [
    (lambda s: s.pop("0.bias"), "of the Sequential: missing 0.bias$"),
    (lambda s: s.update(extra=np.zeros(1)), "unexpected extra"),
    (lambda s: s.update({"0.weight": np.zeros((2, 3))}), r"0.weight has shape \(2, 3\), wanted \(3, 2\)"),
    (lambda s: (s.pop("0.weight"), s.update({"layers.0.weight": np.zeros((3, 2))})),
     "missing 0.weight; unexpected layers.0.weight"),
])  # fmt: skip
def test_what_does_not_fit_is_listed_by_pytorchs_names(change, words):
    model, state = ours.Sequential(ours.Linear(2, 3)), dict(theirs.Sequential(theirs.Linear(2, 3)).state_dict())
    change(state)
    with pytest.raises(ValueError, match=words):
        from_torch(model, state)


def test_a_weight_that_is_the_other_way_round_names_from_torch():
    model = ours.Linear(2, 3)
    before, state = model.state_dict(), theirs.Linear(2, 3).state_dict()
    arrays = {name: to_numpy(tensor) for name, tensor in state.items()}
    words = r"weight has shape \(3, 2\), wanted \(2, 3\); weight is transposed.*from_torch\(model, state\)"
    with pytest.raises(ValueError, match=words):
        model.load_state_dict(arrays)
    with pytest.raises(ValueError, match=r"^the state does not fit: weight has shape \(4, 4\), wanted \(2, 3\)$"):
        model.load_state_dict({**arrays, "weight": np.zeros((4, 4))})
    assert all(np.array_equal(before[name], array) for name, array in model.state_dict().items())
    assert "from_torch" in ours.Module.load_state_dict.__doc__


def test_the_library_does_not_import_torch():
    code = "import sys, tinytorch; tinytorch.from_torch, tinytorch.nn.Embedding; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
