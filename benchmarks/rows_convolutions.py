"""A training step of a small convolutional network on digits, through the public layers, losses and optimizers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn as theirs_nn

from benchmarks.machine import gemm_peak
from benchmarks.rows_training import our_step, their_step
from benchmarks.timing import Group, Row, Sides
from tinytorch import from_torch, nn
from tinytorch.optimization.kernels import fused_cross_entropy

CONV = Group("conv", "A convolutional network's step, SGD and cross-entropy", "PyTorch", "GEMM peak", goal=1.2)
BATCH, SIDE, CHANNELS = 64, 20, (1, 16, 32)
KERNELS = ((3, 1), (5, 0), (5, 2))  # lengths of the windows, and padding


def convolution_rows() -> list[Row]:
    """Two convolutions and a linear layer on images of 20 x 20, on one thread."""
    return [Row(f"conv-step-{kernel}x{kernel}-padding-{padding}-1t", CONV, 1, 1.2,
                partial(network_sides, kernel, padding)) for kernel, padding in KERNELS]


def lengths(kernel: int, padding: int) -> tuple[int, int]:
    """The sides of the images after either convolution; pooling halves each, rounded down."""
    first = SIDE + 2 * padding - kernel + 1
    return first, first // 2 + 2 * padding - kernel + 1


def network(parts, kernel: int, padding: int):
    """The network, of our layers or of PyTorch's, which have the same names."""
    (one, two, three), (_, last) = CHANNELS, lengths(kernel, padding)
    return parts.Sequential(
        parts.Conv2d(one, two, kernel, padding=padding), parts.ReLU(), parts.MaxPool2d(2),
        parts.Conv2d(two, three, kernel, padding=padding), parts.ReLU(), parts.MaxPool2d(2),
        parts.Flatten(), parts.Linear(three * (last // 2) ** 2, 10),
    )  # fmt: skip


def step_flops(kernel: int, padding: int) -> int:
    """FLOPs of a step's products: three for each layer, two for the first, whose input wants no gradient."""
    one, two, three = CHANNELS
    first, second = lengths(kernel, padding)
    products = [2 * BATCH * two * one * kernel**2 * first**2, 2 * BATCH * three * two * kernel**2 * second**2,
                2 * BATCH * three * (second // 2) ** 2 * 10]
    return 3 * sum(products) - products[0]


def same_steps(ours: Callable, theirs: Callable, model: nn.Sequential, peer: theirs_nn.Sequential) -> None:
    """Raise AssertionError unless three steps give equal losses and weights."""
    for _ in range(3):
        np.testing.assert_allclose(ours().item(), theirs().item(), rtol=1e-4)
    state = from_torch(model, peer.state_dict())
    for name, array in model.state_dict().items():
        np.testing.assert_allclose(array, state[name], rtol=1e-3, atol=1e-5)


def network_sides(kernel: int, padding: int) -> Sides:
    """Both sides from the same weights on the same batch."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((BATCH, CHANNELS[0], SIDE, SIDE), dtype=np.float32), rng.integers(10, size=BATCH)
    torch.manual_seed(0)
    model, peer = network(nn, kernel, padding), network(theirs_nn, kernel, padding)
    model.load_state_dict(from_torch(model, peer.state_dict()))
    ours = our_step(model, fused_cross_entropy, images, labels)
    theirs = their_step(peer, theirs_nn.CrossEntropyLoss(), images, labels)
    return Sides(ours, theirs, partial(same_steps, ours, theirs, model, peer),
                 step_flops(kernel, padding) / gemm_peak(1))
