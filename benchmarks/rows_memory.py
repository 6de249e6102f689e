"""What a forward pass saves for the backward pass in mixed precision, against float32: bytes, the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.block import Block
from benchmarks.timing import Counts, Group, Row
from tinytorch.core.layers import Linear, Module, Sequential, manual_seed
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import saved_bytes

MEMORY = Group("memory", "Activations saved for backward in float16", "TinyTorch float32", "half of float32's")


def memory_rows() -> list[Row]:
    """A deep network and a transformer block; the half copies of the weights are not counted."""
    return [
        Row("memory-mlp", MEMORY, 1, 0.55, partial(memory_counts, deep_mlp, (512, 256))),
        Row("memory-block", MEMORY, 1, 0.60, partial(memory_counts, block, (8, 64, 256))),
    ]


def deep_mlp() -> Sequential:
    return Sequential(*[part for _ in range(6) for part in (Linear(256, 256), fused_gelu)], Linear(256, 10))


def block() -> Block:
    return Block(256, heads=4, hidden=1024)


def memory_counts(make: Callable[[], Module], shape: tuple[int, ...]) -> Counts:
    """KiB of activations that the graph of one forward pass holds in float16 and in float32."""
    manual_seed(0)
    net, x = make(), Tensor(np.random.default_rng(0).standard_normal(shape, dtype=np.float32))
    full = saved_bytes(net(x), net.parameters()).activations / 1024
    with autocast("float16"):
        return Counts(saved_bytes(net(x), net.parameters()).activations / 1024, full, full / 2, "KiB")
