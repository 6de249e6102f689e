"""An embedding: rows looked up by 32 x 64 numbers, and the gradient with respect to its weight."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch.nn import functional

from benchmarks.timing import Group, Row, Sides
from tinytorch.core.autograd import pull_back
from tinytorch.core.embeddings import embedding
from tinytorch.core.tensor import Tensor

LOOKUP = Group("embedding", "Rows looked up in an embedding", "PyTorch", "NumPy's weight[ids]")
GRADIENT = Group("embedding-gradient", "The gradient of an embedding's weight", "PyTorch", "np.add.at")
IDS, WIDTH = (32, 64), 128
VOCABULARIES = (512, 50_000)


def embedding_rows() -> list[Row]:
    """A small vocabulary and a large one, on one thread; the width is 128."""
    return [
        *(Row(f"embedding-lookup-{count}-1t", LOOKUP, 1, 1.2, partial(lookup_sides, count, WIDTH, IDS))
          for count in VOCABULARIES),
        *(Row(f"embedding-gradient-{count}-1t", GRADIENT, 1, 1.0, partial(gradient_sides, count, WIDTH, IDS))
          for count in VOCABULARIES),
    ]  # fmt: skip


def drawn(count: int, width: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A weight of normally distributed numbers, and random ids of that shape."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, width), dtype=np.float32), rng.integers(count, size=shape)


def lookup_sides(count: int, width: int, shape: tuple[int, ...]) -> Sides:
    """The public functions on both sides, with a weight that asks for no gradient."""
    weight, ids = drawn(count, width, shape)
    our_weight, their_weight, their_ids = Tensor(weight), torch.from_numpy(weight), torch.from_numpy(ids)

    def agree() -> None:
        found = embedding(ids, our_weight).data
        assert np.array_equal(found, functional.embedding(their_ids, their_weight).numpy()), "other rows were found"

    return Sides(lambda: embedding(ids, our_weight), lambda: functional.embedding(their_ids, their_weight), agree,
                 lambda: weight[ids])  # fmt: skip


def gradient_sides(count: int, width: int, shape: tuple[int, ...]) -> Sides:
    """The gradient alone, of a graph that either side has recorded and keeps."""
    weight, ids = drawn(count, width, shape)
    g = np.random.default_rng(1).standard_normal((*shape, width), dtype=np.float32)
    node = embedding(ids, Tensor(weight, requires_grad=True))._node
    their_weight, their_g = torch.from_numpy(weight).requires_grad_(), torch.from_numpy(g)
    result = functional.embedding(torch.from_numpy(ids), their_weight)

    def ours() -> np.ndarray:
        return pull_back(node, g)[0]

    def theirs() -> torch.Tensor:
        return torch.autograd.grad(result, their_weight, their_g, retain_graph=True)[0]

    def floor() -> np.ndarray:
        out = np.zeros((count, width), np.float32)
        np.add.at(out, ids, g)
        return out

    def agree() -> None:
        assert np.array_equal(ours(), floor()), "other sums than np.add.at's"
        np.testing.assert_allclose(ours(), theirs().numpy(), rtol=1e-5, atol=1e-5)

    return Sides(ours, theirs, agree, floor)
