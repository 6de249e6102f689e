"""A language model's training step, through the public layers, losses and optimizers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.gpt import TheirGPT, copy_by_name
from benchmarks.machine import gemm_peak, thread_counts
from benchmarks.rows_training import our_step, their_step
from benchmarks.timing import Group, Row, Sides
from tinytorch.core.layers import manual_seed
from tinytorch.core.optimizers import AdamW
from tinytorch.core.transformers import GPT, GPTConfig
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.kernels import fused_cross_entropy

GPT_STEP = Group("gpt", "A GPT's training step, AdamW and cross-entropy", "PyTorch", "GEMM peak", goal=1.0)
SIZES = {"vocab_size": 512, "block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128}
TEXTS = 32
OPTIONS = {"lr": 1e-3, "weight_decay": 0.01}  # of AdamW, and PyTorch's with fused=False, as it is by default


def language_rows() -> list[Row]:
    """One model on as many threads as there are cores, one or two."""
    return [Row(f"gpt-step-{n}t", GPT_STEP, n, 1.0, partial(gpt_sides, n, TEXTS, SIZES)) for n in thread_counts()]


def gpt_sides(threads: int, texts: int, sizes: dict[str, int]) -> Sides:
    """Both sides from the same weights on the same random tokens."""
    idx, following = np.random.default_rng(0).integers(sizes["vocab_size"], size=(2, texts, sizes["block_size"]))
    manual_seed(0)
    ours, theirs = GPT(GPTConfig(**sizes, activation=fused_gelu)), TheirGPT(**sizes)
    copy_by_name(theirs, ours)
    our_call = our_step(ours, fused_cross_entropy, idx, following, partial(AdamW, **OPTIONS))
    their_call = their_step(theirs, their_loss, idx, following, partial(torch.optim.AdamW, fused=False, **OPTIONS))
    agree, floor = partial(same_losses, our_call, their_call), gpt_flops(texts, **sizes) / gemm_peak(threads)
    return Sides(our_call, their_call, agree, floor)


def their_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def same_losses(ours: Callable, theirs: Callable) -> None:
    """Raise AssertionError unless five steps give losses that differ by at most 1e-5."""
    for _ in range(5):
        np.testing.assert_allclose(ours().item(), theirs().item(), rtol=0, atol=1e-5)


def gpt_flops(texts: int, vocab_size: int, block_size: int, n_layer: int, n_head: int, n_embd: int) -> int:
    """FLOPs of a step's products, three for each: of linear layers, of all scores and mixtures, and of the logits."""
    tokens = texts * block_size
    block = 2 * tokens * 12 * n_embd**2 + 4 * tokens * block_size * n_embd
    return 3 * (n_layer * block + 2 * tokens * n_embd * vocab_size)
