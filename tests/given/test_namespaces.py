"""torch's names by which a program imports: nn, nn.functional, nn.init, nn.utils, optim, cuda, number types."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import tinytorch
import tinytorch.nn as nn
import tinytorch.nn.functional as F
import tinytorch.optim as optim
from tinytorch import Tensor
from tinytorch.nn import Linear, Module
from tinytorch.optim import SGD, AdamW

PROGRAM = """
import json, sys
import tinytorch as torch
from tinytorch import nn, optim
import tinytorch.nn.functional as F
heavy = [name for name in sys.modules if name.startswith("tinytorch.core")]
class Net(nn.Module):
    def __init__(self):
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    def forward(self, x):
        return self.layers(x)
torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
x, y = torch.randn(16, 4).to(device), torch.randint(0, 2, (16,))
net = Net()
optimizer = optim.SGD(net.parameters(), lr=0.5)
losses = []
for _ in range(30):
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    right = (net(x).argmax(dim=1) == y).float().mean().item()
print(json.dumps({"heavy": heavy, "first": losses[0], "last": losses[-1], "right": right}))
"""


def test_a_program_of_pytorchs_runs_with_other_import_lines():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["heavy"] == []
    assert told["last"] < 0.7 * told["first"] and told["right"] > 0.7


def test_the_names_are_the_packages_own():
    assert nn.Linear is Linear is tinytorch.Linear and Module is tinytorch.Module
    assert (optim.SGD, optim.AdamW) == (SGD, AdamW) == (tinytorch.SGD, tinytorch.AdamW)
    assert F.relu is tinytorch.relu and F.pad is tinytorch.pad and nn.LeakyReLU is tinytorch.LeakyReLU
    assert nn.functional is F and tinytorch.nn is nn and tinytorch.optim is optim


def test_each_lists_what_it_has():
    assert {"Linear", "ReLU", "CrossEntropyLoss", "functional", "init", "utils"} <= set(dir(nn))
    assert {"relu", "softmax", "cross_entropy", "pad", "one_hot", "dropout", "embedding"} <= set(dir(F))
    assert {"SGD", "Adam", "AdamW"} <= set(dir(optim))
    assert all(getattr(space, name) is not None for space in (nn, F, optim) for name in dir(space))


@pytest.mark.parametrize(("ask", "words"), [
    (lambda: nn.Conv3d, "module 'tinytorch.nn' has no 'Conv3d': there are .*Linear"),
    (lambda: nn.relu, "module 'tinytorch.nn' has no 'relu'"),
    (lambda: F.ReLU, "module 'tinytorch.nn.functional' has no 'ReLU': there are .*relu"),
    (lambda: F.binary_cross_entropy, "write binary_cross_entropy_with_logits"),
    (lambda: optim.RMSprop, "module 'tinytorch.optim' has no 'RMSprop': there are Adam, AdamW"),
    (lambda: optim.lr_scheduler, "write tinytorch.CosineSchedule"),
])  # fmt: skip
def test_an_unknown_name_says_what_there_is(ask, words):
    with pytest.raises(AttributeError, match=words):
        ask()


def test_number_types_have_pytorchs_names():
    assert tinytorch.float32 == tinytorch.float == np.float32 and tinytorch.long == tinytorch.int64 == np.int64
    assert tinytorch.bfloat16.name == "bfloat16" and tinytorch.bool == np.bool_ and tinytorch.half == np.float16
    assert Tensor([1.0]).dtype == tinytorch.float32 and tinytorch.zeros(2, dtype=tinytorch.double).dtype == np.float64


@pytest.mark.parametrize("ask", [
    lambda: tinytorch.device("cuda"), lambda: Tensor([1.0]).to("cuda:0"), lambda: tinytorch.zeros(2, device="mps"),
    lambda: Tensor([1.0]).to(device="cuda"),
])  # fmt: skip
def test_another_device_than_the_cpu_is_refused(ask):
    with pytest.raises(ValueError, match="every tensor is on the CPU"):
        ask()


def test_a_size_is_a_number_and_can_be_called():
    x = Tensor(np.zeros((2, 3)))
    assert x.size == 6 and isinstance(x.size, int) and x.size() == (2, 3) and x.size(-1) == 3 and x.size(dim=0) == 2
    with pytest.raises(IndexError, match=r"size\(2\) of shape \(2, 3\)"):
        x.size(2)


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"])
def test_a_weight_is_drawn_with_the_right_variance(name):
    tinytorch.manual_seed(0)
    weight = tinytorch.empty(300, 200, requires_grad=True)
    assert getattr(nn.init, name)(weight) is weight and weight.requires_grad
    wanted = 2 / (300 + 200) if name.startswith("xavier") else 2 / 300
    assert abs(float(weight.data.var()) - wanted) < 0.02 * wanted and abs(float(weight.data.mean())) < 1e-3


def test_a_gain_and_a_shape_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="no gain for 'swish'"):
        nn.init.calculate_gain("swish")
    with pytest.raises(ValueError, match=r"shape \(in, out\) is wanted, got \(3,\)"):
        nn.init.xavier_uniform_(tinytorch.zeros(3))
    with pytest.raises(ValueError, match='mode must be "fan_in" or "fan_out"'):
        nn.init.kaiming_normal_(tinytorch.zeros(3, 2), mode="fan")


def test_dropout_and_clipping_by_pytorchs_names():
    tinytorch.manual_seed(0)
    kept = F.dropout(tinytorch.ones(1000), p=0.25)
    assert set(np.unique(kept.data)) == {0.0, np.float32(1 / 0.75)} and 0.7 < (kept != 0).float().mean().item() < 0.8
    w = Tensor([3.0, 4.0], requires_grad=True)
    (w * w).sum().backward()
    assert nn.utils.clip_grad_norm_([w], 1.0) == pytest.approx(10.0)
    assert np.allclose(w.grad.data, [0.6, 0.8])


def test_data_is_found_where_pytorch_has_it():
    from tinytorch.utils.data import DataLoader, TensorDataset, default_collate, random_split

    assert tinytorch.utils.data.DataLoader is DataLoader is tinytorch.DataLoader
    assert (TensorDataset, random_split) == (tinytorch.TensorDataset, tinytorch.random_split)
    assert default_collate is tinytorch.default_collate and dir(tinytorch.utils) == ["data"]
    wanted = ["DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "random_split"]
    assert dir(tinytorch.utils.data) == wanted
    train, test = random_split(TensorDataset(tinytorch.randn(10, 2), tinytorch.arange(10)), [0.8, 0.2])
    (x, y), = DataLoader(train, batch_size=8, shuffle=True)
    assert x.shape == (8, 2) and y.dtype == tinytorch.int64 and len(test) == 2


@pytest.mark.parametrize(("ask", "words"), [
    (lambda: tinytorch.utils.data.IterableDataset, "write a Dataset with __len__"),
    (lambda: tinytorch.utils.data.WeightedRandomSampler, "write Subset"),
    (lambda: tinytorch.utils.data.random_shift, "there are DataLoader, Dataset, Subset"),
    (lambda: tinytorch.utils.tensorboard, "module 'tinytorch.utils' has no 'tensorboard': there is data"),
])  # fmt: skip
def test_what_is_not_among_the_data_says_what_to_write(ask, words):
    with pytest.raises(AttributeError, match=words):
        ask()
