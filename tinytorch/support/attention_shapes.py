"""What attention asks of the shapes that it is given."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_attention(query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]) -> None:
    """Raise ValueError naming the shapes where these are not (..., Tq, d), (..., Tk, d) and (..., Tk, n) with leading
    axes that broadcast.
    """
    wanted = "query (..., Tq, d), key (..., Tk, d) and value (..., Tk, n)"
    said = f"attention wants {wanted}, got {query}, {key} and {value}"
    if min(map(len, (query, key, value))) < 2 or query[-1] != key[-1] or key[-2] != value[-2]:
        raise ValueError(said)
    try:
        np.broadcast_shapes(query[:-2], key[:-2], value[:-2])
    except ValueError:
        raise ValueError(f"{said}: the axes before the last two do not broadcast") from None


def aligned(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays with the axes before their last two broadcast together, as views.

    >>> [x.shape for x in aligned(np.zeros((2, 1, 3, 4)), np.zeros((5, 6, 7)))]
    [(2, 5, 3, 4), (2, 5, 6, 7)]
    """
    if a.shape[:-2] == b.shape[:-2]:
        return a, b
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:]))


def fitting_mask(mask: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """A mask broadcast to scores of this shape, as a view, or None; ValueError naming the shapes where it does not fit.
    """
    if mask is None:
        return None
    try:
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"a mask of shape {mask.shape} does not fit scores of shape {shape}") from None


def mask_of_heads(mask: Any, num_heads: int) -> Any:
    """The mask of PyTorch's MultiheadAttention, a tensor, as scaled_dot_product_attention takes it.

    A boolean one is turned round: there True forbids. Three axes, (batch * num_heads, Tq, Tk), become four.
    """
    if mask.ndim == 3:
        mask = mask.reshape(-1, num_heads, *mask.shape[-2:])
    return mask == 0 if mask.dtype == bool else mask
