"""What a key-value cache keeps besides keys and values: how many tokens it holds, and whether what comes fits."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

Shape = tuple[int, ...]


class TokenCount:
    """How many tokens are held, `length`, of at most `block_size`."""

    length: int = 0
    block_size: int

    def room(self, new: int) -> slice:
        """The places of the next `new` tokens. ValueError where there is none, or not that many places are left."""
        if new < 1:
            raise ValueError(f"at least one token has to come, got {new}")
        if self.length + new > self.block_size:
            raise ValueError(
                f"the cache holds {self.length} tokens of at most {self.block_size}, so {new} more do not fit: "
                "truncate it, or start again from a prefill of the last tokens")
        return slice(self.length, self.length + new)

    def truncate(self, length: int) -> None:
        """Keep the first `length` tokens and forget the others. ValueError where fewer than that are held."""
        if not 0 <= index(length) <= self.length:
            raise ValueError(
                f"the cache holds {self.length} tokens, so it can keep 0 to {self.length} of them, not {length}")
        self.length = index(length)


def check_entry(name: str, entry: np.ndarray, held: np.ndarray, new: int) -> None:
    """Raise ValueError unless `entry`, keys or values of `new` tokens, is of the type of the array `held`, in which
    they will stand, (layers, batch, heads, block_size, width), and of a shape that fits it.
    """
    wanted = (*held.shape[1:3], new, held.shape[4])
    if entry.shape != wanted or entry.dtype != held.dtype:
        raise ValueError(
            f"the {name} are {entry.dtype} of shape {entry.shape}, and the cache takes {held.dtype} of shape {wanted}: "
            "(batch, heads, new tokens, width of a head)")


def check_fits(cache: Any, shape: Shape, dtype: np.dtype) -> None:
    """Raise ValueError where a cache's arrays are not of the `shape` and type that the model and its input need."""
    if cache.keys.shape != shape or cache.keys.dtype != dtype:
        raise ValueError(
            f"the cache is {cache.keys.dtype} of shape {cache.keys.shape}, and this model with this input needs "
            f"{dtype} of shape {shape}: (layers, batch, heads, block_size, width of a head)")
