"""A transformer block, ours and PyTorch's: pre-norm, attention in heads, an MLP with the tanh form of GELU."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tinytorch.core.activations import softmax
from tinytorch.core.layers import LayerNorm, Linear, Module, Sequential
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import fused_gelu


class Attention(Module):
    """Every token looks at all tokens of its text, in several heads: (batch, tokens, width) -> the same shape."""

    def __init__(self, width: int, heads: int):
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.key, self.value, self.out = (Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        mixed = softmax(q * self.scale @ k.transpose()) @ v
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

    def split(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) -> (batch, heads, tokens, width / heads)"""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class Block(Module):
    """x + attention(norm(x)), and on that x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int, hidden: int):
        self.norm1, self.attention = LayerNorm(width), Attention(width, heads)
        self.norm2, self.mlp = LayerNorm(width), Sequential(Linear(width, hidden), fused_gelu, Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TheirAttention(nn.Module):
    """`Attention` as a user of PyTorch writes it, with PyTorch's own fused attention in the middle."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape))

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


class TheirBlock(nn.Module):
    """`Block` in PyTorch."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), TheirAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def copy_weights(theirs: nn.Module, weights: list[np.ndarray]) -> None:
    """Give PyTorch's network copies of our weights, in our order; PyTorch holds a matrix as (out, in)."""
    with torch.no_grad():
        for parameter, weight in zip(theirs.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(weight.T)))
