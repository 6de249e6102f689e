"""A training step: forward, loss, backward, update, through the public layers, losses and optimizers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from benchmarks.block import Block, TheirBlock, copy_weights
from benchmarks.machine import gemm_peak
from benchmarks.timing import Group, Row, Sides
from tinytorch.core.activations import ReLU
from tinytorch.core.layers import Linear, Module, Sequential, manual_seed
from tinytorch.core.losses import MSELoss
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu
from tinytorch.optimization.kernels import fused_cross_entropy

STEP = Group("step", "Training steps, SGD and cross-entropy", "PyTorch", "GEMM peak", goal=0.8)
BLOCK = Group("block", "A transformer block's step, SGD and mean squares", "PyTorch", "GEMM peak", goal=0.9)
MIXED = Group("mixed", "Training steps in mixed precision", "TinyTorch float32", "GEMM peak")
NETWORKS = (
    (64, (64, 32, 10)), (64, (64, 128, 10)), (64, (64, 128, 128, 10)), (64, (784, 256, 128, 10)),
    (256, (784, 512, 512, 10)), (256, (784, 1024, 1024, 10)),
)
BLOCK_SIZES = (8, 64, 256, 4, 1024)  # texts, tokens, width, heads, hidden
RATE = 1e-3
OURS, THEIRS = partial(SGD, lr=RATE), partial(torch.optim.SGD, lr=RATE)


def step_rows() -> list[Row]:
    """Six networks with ReLU and with GELU, and a transformer block, on one thread; two networks in mixed precision."""
    steps = [Row(f"step-{dashed(widths)}-{activation}-1t", STEP, 1, 1.1, partial(step_sides, batch, widths, activation))
             for activation in ("relu", "gelu") for batch, widths in NETWORKS]
    block = [Row("step-block-1t", BLOCK, 1, 1.1, partial(block_sides, *BLOCK_SIZES))]
    mixed = [Row(f"mixed-{dashed(widths)}-{dtype}-1t", MIXED, 1, None, partial(mixed_sides, batch, widths, dtype))
             for dtype in ("float16", "bfloat16") for batch, widths in (NETWORKS[1], NETWORKS[4])]
    return steps + block + mixed


def dashed(widths: tuple[int, ...]) -> str:
    return "-".join(map(str, widths))


def batch_of(batch: int, widths: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Normally distributed inputs and random classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((batch, widths[0]), dtype=np.float32), rng.integers(widths[-1], size=batch)


def our_network(widths: tuple[int, ...], activation: str) -> Sequential:
    manual_seed(0)
    first, *rest = (Linear(m, n) for m, n in pairwise(widths))
    between = ReLU() if activation == "relu" else fused_gelu
    return Sequential(first, *[part for layer in rest for part in (between, layer)])


def their_network(widths: tuple[int, ...], activation: str, weights: list[np.ndarray]) -> nn.Sequential:
    """The same network with copies of our weights, which PyTorch holds as (out, in)."""
    parts = []
    for m, n in pairwise(widths):
        parts += [nn.Linear(m, n), nn.ReLU() if activation == "relu" else nn.GELU(approximate="tanh")]
    network = nn.Sequential(*parts[:-1])
    copy_weights(network, weights)
    return network


def our_step(
    network: Module, loss_fn: Callable, x: np.ndarray, targets: np.ndarray, make_optimizer: Callable = OURS
) -> Callable[[], Tensor]:
    """A call that takes one step on the batch and returns the loss."""
    inputs, wanted = Tensor(x), Tensor(targets)
    optimizer = make_optimizer(network.parameters())

    def step():
        optimizer.zero_grad()
        loss = loss_fn(network(inputs), wanted)
        loss.backward()
        optimizer.step()
        return loss

    return step


def their_step(
    network: nn.Module, loss_fn: Callable, x: np.ndarray, targets: np.ndarray,
    make_optimizer: Callable = THEIRS,
) -> Callable[[], torch.Tensor]:
    inputs, wanted = torch.from_numpy(x), torch.from_numpy(targets)
    optimizer = make_optimizer(network.parameters())

    def step():
        optimizer.zero_grad()
        loss = loss_fn(network(inputs), wanted)
        loss.backward()
        optimizer.step()
        return loss

    return step


def same_steps(ours: Callable, theirs: Callable, network: Module, theirs_net: nn.Module) -> None:
    """Raise AssertionError unless three steps give equal losses and weights."""
    for _ in range(3):
        np.testing.assert_allclose(ours().item(), theirs().item(), rtol=1e-4)
    for p, q in zip(network.parameters(), theirs_net.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy().T, rtol=1e-3, atol=1e-5)


def step_flops(batch: int, widths: tuple[int, ...]) -> int:
    """FLOPs of a step's products: three for each layer, two for the first, whose input wants no gradient."""
    products = [2 * batch * m * n for m, n in pairwise(widths)]
    return 3 * sum(products) - products[0]


def step_sides(batch: int, widths: tuple[int, ...], activation: str) -> Sides:
    """Both sides from the same weights on the same batch."""
    x, targets = batch_of(batch, widths)
    network = our_network(widths, activation)
    theirs_net = their_network(widths, activation, [p.data for p in network.parameters()])
    ours = our_step(network, fused_cross_entropy, x, targets)
    theirs = their_step(theirs_net, nn.CrossEntropyLoss(), x, targets)
    agree = partial(same_steps, ours, theirs, network, theirs_net)
    return Sides(ours, theirs, agree, step_flops(batch, widths) / gemm_peak(1))


def block_flops(texts: int, tokens: int, width: int, hidden: int) -> int:
    """FLOPs of the products of a block's step, three for each: of its linear layers, and scores and mixture."""
    linear = 2 * texts * tokens * (4 * width**2 + 2 * width * hidden)
    attention = 2 * 2 * texts * tokens**2 * width
    return 3 * (linear + attention)


def block_sides(texts: int, tokens: int, width: int, heads: int, hidden: int) -> Sides:
    """Both blocks from the same weights, which learn to turn one array of noise into another."""
    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((2, texts, tokens, width), dtype=np.float32)
    manual_seed(0)
    network, theirs_net = Block(width, heads, hidden), TheirBlock(width, heads, hidden)
    copy_weights(theirs_net, [p.data for p in network.parameters()])
    ours, theirs = our_step(network, MSELoss(), x, targets), their_step(theirs_net, nn.MSELoss(), x, targets)
    agree = partial(same_steps, ours, theirs, network, theirs_net)
    return Sides(ours, theirs, agree, block_flops(texts, tokens, width, hidden) / gemm_peak(1))


def mixed_sides(batch: int, widths: tuple[int, ...], dtype: str) -> Sides:
    """A step of MixedPrecisionTrainer against our float32 step; they agree if the losses do, within half's rounding."""
    x, targets = batch_of(batch, widths)
    network = our_network(widths, "gelu")
    trainer = MixedPrecisionTrainer(
        network, SGD(network.parameters(), lr=RATE), loss_fn=fused_cross_entropy, dtype=dtype)
    ours, theirs = partial(trainer.train_step, (Tensor(x), Tensor(targets))), our_step(
        our_network(widths, "gelu"), fused_cross_entropy, x, targets)

    def agree():
        for _ in range(3):
            metrics = ours()
            assert metrics["gradients_valid"], f"a step in {dtype} was not taken: {metrics}"
            np.testing.assert_allclose(metrics["loss"], theirs().item(), rtol=0.02)

    return Sides(ours, theirs, agree, step_flops(batch, widths) / gemm_peak(1))
