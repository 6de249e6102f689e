"""Rows of the analyses of lesson 18, and the sizes of the models that one of them counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.support.dtypes import as_dtype
from tinytorch.support.tables import column

PARTS = ("weights", "half copies", "gradients", "optimizer", "activations")


@dataclass(frozen=True)
class ScalingRow:
    """A square product of one size, on one thread, and the naive loops where they end in time."""

    size: int = column("size")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".1f")
    percent_of_peak: float = column("% of peak", ".1f")
    intensity: float = column("FLOP/byte", ".1f")
    loops_ms: float | None = column("loops ms", ",.0f")

    @classmethod
    def of(cls, size: int, seconds: float, peak: float, loops_seconds: float | None) -> ScalingRow:
        """The row of a float32 product that took `seconds` where `peak` FLOP/s are the most, and the loops'."""
        flops, moved = 2 * size**3, 3 * size**2 * 4
        rate, loops_ms = flops / seconds, None if loops_seconds is None else loops_seconds * 1e3
        return cls(size, seconds * 1e3, rate / 1e9, 100 * rate / peak, flops / moved, loops_ms)


@dataclass(frozen=True)
class MemoryRow:
    """The memory of a training state by component; `saving` is against the row in float32, and negative where more is
    needed.
    """

    model: str = column("model")
    precision: str = column("precision")
    weights: int = column("weights", ",.1f", 1e-6)
    half_copies: int = column("half copies", ",.1f", 1e-6)
    gradients: int = column("gradients", ",.1f", 1e-6)
    optimizer: int = column("optimizer", ",.1f", 1e-6)
    activations: int = column("activations", ",.1f", 1e-6)
    total: int = column("total MB", ",.1f", 1e-6)
    saving: float | None = column("saved %", ".1f")


def memory_rows(model: str, full: Mapping[str, int], mixed: Mapping[str, int], half: Any) -> list[MemoryRow]:
    """Two rows: `full` and `mixed` are the bytes in float32 and with `half`, under the names in PARTS.

    Where nothing is held, nothing can be saved: `saving` is None.
    """
    rows: list[MemoryRow] = []
    for precision, held in (("float32", full), (as_dtype(half).name, mixed)):
        parts = [held[part] for part in PARTS]
        saving = 100 * (1 - sum(parts) / rows[0].total) if rows and rows[0].total else None
        rows.append(MemoryRow(model, precision, *parts, sum(parts), saving))
    return rows


def gpt2_sizes(texts: int, tokens: int, layers: int = 12, width: int = 768, heads: int = 12) -> tuple[int, int]:
    """The parameters of a GPT-2, and the activations that it keeps for the backward pass on `texts` of `tokens`.

    The architecture: pre-norm blocks with attention in `heads` and a hidden layer of 4 `width`, a vocabulary of 50,257
    whose embedding is the last layer's weight too, and at most 1,024 tokens (Radford et al. 2019). The defaults are
    its smallest size. Activations are counted as this framework keeps them, with a GELU and a cross-entropy that keep
    their inputs: in a block, for each token, 17 `width` numbers and for each head a row of the softmax.
    """
    vocabulary, context = 50257, 1024
    parameters = (vocabulary + context) * width + layers * (12 * width**2 + 13 * width) + 2 * width
    for_each_token = layers * (17 * width + heads * tokens) + 2 * width + vocabulary
    return parameters, texts * tokens * for_each_token


MODEL_SIZES = {
    "GPT-2, 1 x 64 tokens": gpt2_sizes(1, 64),
    "GPT-2, 1 x 1024 tokens": gpt2_sizes(1, 1024),
    "GPT-2, 8 x 1024 tokens": gpt2_sizes(8, 1024),
    "GPT-2 XL, 1 x 1024": gpt2_sizes(1, 1024, layers=48, width=1600, heads=25),
}


def loops(a: np.ndarray, b: np.ndarray) -> list[list[float]]:
    """The product of two matrices by its definition, three nested loops in Python."""
    columns = b.T.tolist()
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a.tolist()]


def check_together(model: Any, x: Any) -> None:
    """Raise ValueError where only one of the two is given."""
    if (model is None) != (x is None):
        raise ValueError("a model and its input x are given together, or neither")
