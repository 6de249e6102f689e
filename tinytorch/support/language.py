"""Questions that a language model asks of its settings, of its tokens, and of how the next one is to be drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.support.validation import check_sizes

SIZES = ("vocab_size", "block_size", "n_layer", "n_head", "n_embd")


def check_config(config: Any) -> None:
    """Raise ValueError for sizes of a GPT that are no sizes, heads that do not divide the width, or a dropout outside
    [0, 1]; TypeError for an activation that cannot be called.
    """
    check_sizes(**{name: getattr(config, name) for name in SIZES})
    if config.n_embd % config.n_head:
        raise ValueError(f"n_embd is {config.n_embd} and n_head is {config.n_head}: the heads share the width evenly")
    if not 0 <= config.dropout <= 1:
        raise ValueError(f"dropout is a probability from 0 to 1, got {config.dropout}")
    if not callable(config.activation):
        kind = type(config.activation).__name__
        raise TypeError(f"activation is a function such as gelu, or a layer, got a {kind}")


def token_array(idx: Any, longest: int | None = None) -> np.ndarray:
    """Token numbers (batch, time), of at least one text with at least one token, as an int64 array.

    TypeError for numbers that are not whole by their type, ValueError for another shape, and where there are more than
    `longest` tokens in a row.
    """
    array = np.asarray(idx)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"tokens have shape (batch, time), with one token at least; got {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"tokens are whole numbers, got {array.dtype}")
    if longest is not None and array.shape[1] > longest:
        raise ValueError(f"{array.shape[1]} tokens in a row, but the model's block_size is {longest}: give it the last "
                         f"{longest}")
    return array.astype(np.int64)


def check_sampling(logits: np.ndarray, temperature: float, top_k: int | None) -> None:
    """Raise ValueError where no token can be drawn: a temperature below 0 or infinite, a top_k below 1, logits of nan
    or inf.
    """
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature is {temperature}: it is 0, for the likeliest token, or above, and finite")
    if top_k is not None:
        check_sizes(top_k=top_k)
    if np.isnan(logits).any() or (logits == np.inf).any():
        raise ValueError("the logits hold nan or inf: look at the loss, the training may have diverged")
