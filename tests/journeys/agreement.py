"""Run in a student's environment: one network's loss, gradients and steps, in the student's package and in PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

import tinytorch
from tinytorch import AdamW, CrossEntropyLoss, Linear, Sequential, Tensor, fused_gelu, manual_seed

assert Path(tinytorch.__file__).resolve().is_relative_to(Path(sys.argv[1]).resolve()), tinytorch.__file__

manual_seed(3)
first, second = Linear(6, 16), Linear(16, 4)
ours = Sequential(first, fused_gelu, second)
theirs = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.GELU(approximate="tanh"), torch.nn.Linear(16, 4))
with torch.no_grad():
    for mine, torchs in ((first, theirs[0]), (second, theirs[2])):
        torchs.weight.copy_(torch.from_numpy(mine.weight.data.T.copy()))
        torchs.bias.copy_(torch.from_numpy(mine.bias.data.copy()))

rng = np.random.default_rng(5)
inputs, targets = rng.standard_normal((12, 6)).astype(np.float32), rng.integers(0, 4, 12)
our_step = AdamW(ours.parameters(), lr=1e-2, weight_decay=0.1)
their_step = torch.optim.AdamW(theirs.parameters(), lr=1e-2, weight_decay=0.1)
pairs = [(first.weight, theirs[0].weight), (first.bias, theirs[0].bias), (second.weight, theirs[2].weight)]


def shown(torchs: torch.Tensor) -> np.ndarray:
    """PyTorch's numbers; its weights lie the other way round."""
    array = torchs.detach().numpy()
    return array.T if array.ndim == 2 else array


for turn in range(3):
    our_step.zero_grad()
    their_step.zero_grad()
    our_loss = CrossEntropyLoss()(ours(Tensor(inputs)), targets)
    their_loss = torch.nn.functional.cross_entropy(theirs(torch.from_numpy(inputs)), torch.from_numpy(targets))
    our_loss.backward()
    their_loss.backward()
    np.testing.assert_allclose(our_loss.data, their_loss.item(), rtol=1e-5, err_msg=f"loss, turn {turn}")
    for mine, torchs in pairs:
        np.testing.assert_allclose(mine.grad.data, shown(torchs.grad), rtol=1e-4, atol=1e-6, err_msg=f"gradient {turn}")
    our_step.step()
    their_step.step()
    for mine, torchs in pairs:
        np.testing.assert_allclose(mine.data, shown(torchs), rtol=1e-4, atol=1e-5, err_msg=f"step {turn}")
print("PyTorch agrees")
