"""Identity and ModuleList beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinytorch import from_torch, nn
from tinytorch.core.tensor import Tensor


def test_identity_is_what_comes_in_and_a_layer_like_any_other():
    x, layer = Tensor([1.0]), nn.Identity()
    assert layer(x) is x and layer.parameters() == [] and repr(layer) == "Identity()"
    net = nn.Sequential(nn.Flatten(), layer, nn.Linear(6, 2))
    assert net(Tensor(np.ones((4, 2, 3)))).shape == (4, 2)
    assert layer in net.modules() and not net.eval()[1].training


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
