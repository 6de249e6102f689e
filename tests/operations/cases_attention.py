"""The operations of the lesson on attention, each computed in float64 by NumPy, and by PyTorch."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from tests.operations.check import Operation
from tinytorch.core.attention import attend, chunk, scaled_dot_product_attention

CHUNKED = (((5,),), ((0, 3),), ((4, 3),), ((2, 3, 4),))
QUERIES_AND_KEYS = (((3, 4), (3, 4)), ((2, 3, 4), (2, 5, 4)), ((2, 2, 1, 3), (2, 2, 4, 3)), ((0, 2, 3), (0, 2, 3)))


def weights64(query: np.ndarray, key: np.ndarray, forbidden: np.ndarray | None = None) -> np.ndarray:
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    if forbidden is not None:
        scores = np.where(forbidden, -np.inf, scores)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)


def causal64(query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
    later = np.arange(key.shape[-2]) > np.arange(query.shape[-2])[:, np.newaxis]
    return weights64(query, key, later) @ value


def their_weights(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """As ours do, the weights stay in float32 where the inputs are of 16 bits."""
    query, key = (x if x.dtype == torch.float64 else x.float() for x in (query, key))
    return (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1)


ATTENTION = (
    Operation("chunk, the first", "chunk", lambda x: chunk(x, 2)[0], lambda x: x[: (len(x) + 1) // 2],
              lambda x: torch.chunk(x, 2)[0] if len(x) else x, CHUNKED),
    Operation("chunk, the last", "part", lambda x: chunk(x, 2, -1)[-1],
              lambda x: x[..., (x.shape[-1] + 1) // 2 :], lambda x: torch.chunk(x, 2, -1)[-1], CHUNKED),
    Operation("attention's weights", "attention_weights", lambda q, k: attend(q, k, k)[1], weights64,
              their_weights, QUERIES_AND_KEYS, ulps=32),
    Operation("attention", "attention", scaled_dot_product_attention, lambda q, k, v: weights64(q, k) @ v,
              F.scaled_dot_product_attention, tuple((q, k, k) for q, k in QUERIES_AND_KEYS), ulps=32),
    Operation("causal attention", "attention", lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True),
              causal64, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
              (((3, 4), (3, 4), (3, 2)), ((2, 5, 4), (2, 5, 4), (2, 5, 4))), ulps=32),
)  # fmt: skip
