"""Identity, Embedding and ModuleList beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinytorch import from_torch, manual_seed, nn
from tinytorch.core.tensor import Tensor


def test_identity_is_what_comes_in_and_a_layer_like_any_other():
    x, layer = Tensor([1.0]), nn.Identity()
    assert layer(x) is x and layer.parameters() == [] and repr(layer) == "Identity()"
    net = nn.Sequential(nn.Flatten(), layer, nn.Linear(6, 2))
    assert net(Tensor(np.ones((4, 2, 3)))).shape == (4, 2)
    assert layer in net.modules() and not net.eval()[1].training


@pytest.mark.parametrize("ids", [3, [0, 2, 2], [[1, 0], [3, 3]], np.zeros((0, 2), int), np.array([1, 3], np.uint8)])
def test_an_embedding_is_pytorchs_and_repeated_rows_add_up_their_gradients(ids):
    layer, peer = nn.Embedding(4, 5), torch.nn.Embedding(4, 5)
    layer.load_state_dict(from_torch(layer, peer.state_dict()))
    numbers = np.asarray(ids)
    got, wanted = layer(Tensor(numbers)), peer(torch.tensor(numbers.astype(np.int64)))
    assert got.shape == tuple(wanted.shape) and np.array_equal(got.data, wanted.detach().numpy())
    (got * got).sum().backward()
    (wanted * wanted).sum().backward()
    assert np.allclose(layer.weight.grad.data, peer.weight.grad.numpy(), atol=1e-6)
    assert np.array_equal(layer(ids if isinstance(ids, np.ndarray) else np.array(ids)).data, got.data)


def test_an_embedding_starts_normal_and_repeats_after_a_seed():
    manual_seed(1)
    first = nn.Embedding(200, 50).weight.data
    manual_seed(1)
    assert np.array_equal(nn.Embedding(200, 50).weight.data, first) and first.dtype == np.float32
    assert abs(first.std() - 1) < 0.05 and abs(first.mean()) < 0.05
    assert repr(nn.Embedding(2, 3)) == "Embedding(2, 3)"


@pytest.mark.parametrize(("ids", "error", "words"), [
    ([0.0, 1.0], TypeError, r"by whole numbers, got float32: write ids.long\(\)"),
    (np.array([True]), TypeError, "got bool"),
    (np.array([0, 4]), ValueError, "ids from 0 to 4, but the embedding has 4 rows"),
    (np.array([-1, 0]), ValueError, "ids from -1 to 0"),
])  # fmt: skip
def test_ids_without_a_row_are_refused(ids, error, words):
    with pytest.raises(error, match=words):
        nn.Embedding(4, 2)(Tensor(ids))
    with pytest.raises(ValueError, match="num_embeddings must be a whole number"):
        nn.Embedding(0, 2)


def test_a_list_of_modules_has_pytorchs_names_in_a_state():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Linear(3, 3) for _ in range(2)])
            self.blocks.append(nn.Sequential(nn.ReLU(), nn.Linear(3, 3)))

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    twin = type("Twin", (torch.nn.Module,), {"forward": Deep.forward})()
    twin.blocks = torch.nn.ModuleList([torch.nn.Linear(3, 3) for _ in range(2)])
    twin.blocks.append(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(3, 3)))
    net, x = Deep(), np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    net.load_state_dict(from_torch(net, twin.state_dict()))
    assert np.allclose(net(Tensor(x)).data, twin(torch.tensor(x)).detach().numpy(), atol=1e-6)
    assert len(net.blocks) == 3 and net.blocks[-1] is list(net.blocks)[2]
    assert isinstance(net.blocks[:2], nn.ModuleList) and len(net.blocks[:2].parameters()) == 4
    assert len(nn.ModuleList()) == 0 and repr(nn.ModuleList([nn.Identity()])) == "ModuleList(\n  (0): Identity()\n)"
    with pytest.raises(TypeError, match="got a int"):
        nn.ModuleList([3])
