"""A GPT in PyTorch as its users write one: pre-norm, the tanh form of GELU, learned positions, tied weights.

Its parts have the names that ours have, so weights are copied by name.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tinytorch.core.layers import Module


class TheirAttention(nn.Module):
    """Causal attention in heads, by PyTorch's own fused function: (batch, tokens, width) -> the same shape."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (self.split(part) for part in self.in_proj(x).chunk(3, dim=-1))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out_proj(mixed.transpose(1, 2).reshape(x.shape))

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) -> (batch, heads, tokens, width / heads)"""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class TheirMLP(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int):
        super().__init__()
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(F.gelu(self.fc(x), approximate="tanh"))


class TheirBlock(nn.Module):
    """x + attention(norm(x)), and on that x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), TheirAttention(width, heads)
        self.ln_2, self.mlp = nn.LayerNorm(width), TheirMLP(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class TheirGPT(nn.Module):
    """Token indices (batch, tokens) -> logits (batch, tokens, vocab_size); the last product shares wte's weight."""

    def __init__(self, vocab_size: int, block_size: int, n_layer: int, n_head: int, n_embd: int):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, n_embd), nn.Embedding(block_size, n_embd)
        self.blocks = nn.ModuleList([TheirBlock(n_embd, n_head) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)

    def forward(self, idx: torch.Tensor) -> torch.Tensor:
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


def as_theirs(theirs: nn.Module, name: str, ours: np.ndarray) -> torch.Tensor:
    """Our numbers of the parameter `name` as PyTorch lays them out: a linear layer's matrix as (out, in)."""
    owner, kind = name.rpartition(".")[::2]
    matrix = kind == "weight" and isinstance(theirs.get_submodule(owner), nn.Linear)
    return torch.from_numpy(np.ascontiguousarray(ours.T if matrix else ours))


def copy_by_name(theirs: nn.Module, ours: Module) -> None:
    """Give PyTorch's network copies of our weights. ValueError unless both have parameters of the same names."""
    weights, wanted = dict(ours.named_parameters()), dict(theirs.named_parameters())
    if weights.keys() != wanted.keys():
        raise ValueError(f"parameters that only one of both has: {sorted(weights.keys() ^ wanted.keys())}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(as_theirs(theirs, name, weights[name].data))
