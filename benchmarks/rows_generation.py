"""Writing with a GPT, token by token, with the keys and values of the tokens before: through public functions only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.gpt import TheirAttention, TheirGPT, copy_by_name
from benchmarks.timing import Group, Row, Sides, seconds_of
from tinytorch.core.layers import manual_seed
from tinytorch.core.transformers import GPT, GPTConfig
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.memoization import generate_cached
from tinytorch.support.threads import one_thread

GENERATION = Group("generation", "A GPT writes 255 tokens with a key-value cache", "PyTorch", "without it", goal=1.0)
SIZES = {"vocab_size": 512, "block_size": 256, "n_layer": 4, "n_head": 4, "n_embd": 128}


def generation_rows() -> list[Row]:
    """One model, one text, one thread."""
    return [Row("gpt-generate-1t", GENERATION, 1, 1.0, partial(generation_sides, SIZES))]


class TheirCache:
    """Keys and values of every layer, (layers, batch, heads, block_size, width), and how many tokens they are of."""

    def __init__(self, sizes: dict[str, int], batch: int = 1):
        shape = (batch, sizes["n_head"], sizes["block_size"], sizes["n_embd"] // sizes["n_head"])
        self.keys, self.values = torch.zeros(2, sizes["n_layer"], *shape)
        self.length = 0


def their_attention(attention: TheirAttention, x: torch.Tensor, cache: TheirCache, layer: int) -> torch.Tensor:
    """One token's attention, as PyTorch's users write it: key and value in their places, then the fused function."""
    query, key, value = (attention.split(part) for part in attention.in_proj(x).chunk(3, dim=-1))
    seen = cache.length + 1
    cache.keys[layer, :, :, cache.length:seen], cache.values[layer, :, :, cache.length:seen] = key, value
    mixed = F.scaled_dot_product_attention(query, cache.keys[layer, :, :, :seen], cache.values[layer, :, :, :seen])
    return attention.out_proj(mixed.transpose(1, 2).reshape(x.shape))


def their_step(model: TheirGPT, token: torch.Tensor, cache: TheirCache) -> torch.Tensor:
    """The logits after one token more of each text, (batch, 1) -> (batch, vocabulary)."""
    x = model.wte(token) + model.wpe.weight[cache.length]
    for layer, block in enumerate(model.blocks):
        x = x + their_attention(block.attn, block.ln_1(x), cache, layer)
        x = x + block.mlp(block.ln_2(x))
    cache.length += 1
    return F.linear(model.ln_f(x[:, -1]), model.wte.weight)


@torch.inference_mode()
def their_generate(model: TheirGPT, idx: torch.Tensor, new: int, sizes: dict[str, int]) -> torch.Tensor:
    """`idx`, (batch, 1), and the `new` likeliest tokens after it, one by one."""
    cache, tokens = TheirCache(sizes, len(idx)), [idx]
    for _ in range(new):
        tokens.append(their_step(model, tokens[-1], cache).argmax(dim=-1, keepdim=True))
    return torch.cat(tokens, dim=1)


def generation_sides(sizes: dict[str, int]) -> Sides:
    """Both sides write the likeliest tokens from one on until the context is full.

    The last column is no floor: our model's own `generate`, which runs the whole text for each token, once.
    """
    manual_seed(0)
    ours, theirs = GPT(GPTConfig(**sizes, activation=fused_gelu)).eval(), TheirGPT(**sizes).eval()
    copy_by_name(theirs, ours)
    idx, new = np.array([[1]]), sizes["block_size"] - 1
    mine = partial(generate_cached, ours, idx, new, temperature=0, seed=0)
    other = partial(their_generate, theirs, torch.from_numpy(idx), new, sizes)
    with one_thread():
        without = seconds_of(partial(ours.generate, idx, new, temperature=0, seed=0))
    return Sides(mine, other, partial(same_tokens, mine, other), without)


def same_tokens(ours: Callable, theirs: Callable) -> None:
    """Raise AssertionError unless both sides write the same tokens."""
    np.testing.assert_array_equal(ours().data, theirs().numpy())
