"""Layers that PyTorch's users put into a network and no lesson builds yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinytorch.core.layers import Module, Parameter, generator
from tinytorch.core.tensor import Tensor
from tinytorch.support.chains import LayerList
from tinytorch.support.module_methods import Activation
from tinytorch.support.validation import check_sizes

__all__ = ["Identity", "Embedding", "ModuleList"]


class Identity(Activation):
    """What comes in."""

    def forward(self, x: Any) -> Any: return x


class Embedding(Module):
    """A row of `weight`, (num_embeddings, embedding_dim), for each whole number: (...) -> (..., embedding_dim).

    The weights start normally distributed, with standard deviation 1. Raises TypeError for numbers that are not whole
    by their type, and ValueError for one that has no row.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int):
        check_sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(generator().standard_normal((num_embeddings, embedding_dim), np.float32))

    def forward(self, ids: Any) -> Tensor:
        rows = np.asarray(ids)
        if rows.dtype.kind not in "iu":
            raise TypeError(f"an embedding is looked up by whole numbers, got {rows.dtype}: write ids.long()")
        if rows.size and not (0 <= rows.min() and rows.max() < self.num_embeddings):
            raise ValueError(f"ids from {rows.min()} to {rows.max()}, but the embedding has {self.num_embeddings} rows")
        return self.weight[rows]

    def extra_repr(self) -> str: return f"{self.num_embeddings}, {self.embedding_dim}"


class ModuleList(LayerList, Module):
    """A list of layers for a module's attribute, as in PyTorch; a plain list, whose layers are found too, will do."""

    def __init__(self, modules: Iterable[Callable[[Any], Any]] = ()):
        self.layers: list[Callable[[Any], Any]] = []
        self.extend(modules)
