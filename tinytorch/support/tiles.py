"""Attention's scores in pieces that fit into a processor's cache, and the arrays that go with each piece."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Index = tuple[Any, ...]  # of slices, and an Ellipsis for the axes between

TILE_BYTES = 1 << 19  # of float32 scores: what stays in the cache of one core between two passes
CAUSAL_ROWS = 64  # queries of a tile at most where later keys are left out


class Tile(NamedTuple):
    """Where a piece of the scores (..., queries, keys) stands, and its rows in the arrays that they come of."""

    scores: Index  # in an array (..., queries, keys)
    queries: Index  # in an array (..., queries, n)
    keys: Index  # in an array (..., keys, n)
    is_first: bool  # whether no piece before it had any of these keys; then no key is left out


def tiles(shape: tuple[int, ...], is_causal: bool = False) -> Iterator[Tile]:
    """The pieces of scores of this `shape`, (..., queries, keys): no number is in two of them.

    With `is_causal` most numbers above the diagonal are in none: a piece has no key that comes after its last query,
    but for the piece with the last query of all. The last queries come first.

    >>> [tile.scores for tile in tiles((2, 3))]
    [(Ellipsis, slice(0, 2, None), slice(0, 3, None))]
    """
    *batch, queries, keys = shape
    rows, every = rows_of_tile(queries, keys, is_causal), slice(None)
    for lead in _parts(batch, 4 * rows * keys):
        for first in reversed(range(0, queries, rows)):
            across, is_last = slice(first, min(first + rows, queries)), first + rows >= queries
            seen = slice(0, across.stop if is_causal and not is_last else keys)
            yield Tile((*lead, ..., across, seen), (*lead, ..., across, every), (*lead, ..., seen, every), is_last)


def rows_of_tile(queries: int, keys: int, is_causal: bool) -> int:
    """How many queries a tile has at most."""
    return max(min(TILE_BYTES // max(4 * keys, 1), CAUSAL_ROWS if is_causal else queries, queries), 1)


def scores_like(array: np.ndarray, shape: tuple[int, ...], is_causal: bool) -> np.ndarray:
    """An array of this `shape` for tiles to fill, of the type of `array`: 0 where there may be no tile."""
    left_out = is_causal and rows_of_tile(*shape[-2:], is_causal) < shape[-2]
    return (np.zeros if left_out else np.empty)(shape, array.dtype)


def put_product(out: np.ndarray, a: np.ndarray, b: np.ndarray, is_first: bool) -> None:
    """a @ b, written into `out` where `is_first`, else added to it."""
    if is_first:
        np.matmul(a, b, out=out)
    else:
        out += a @ b


def _parts(batch: Sequence[int], size: int) -> Iterator[Index]:
    """Indices into leading axes of these lengths, for parts of TILE_BYTES at most, or of one item of `size` bytes."""
    if not batch:
        yield ()
        return
    one = max(size * math.prod(batch[1:]), 1)
    if one <= TILE_BYTES or len(batch) == 1:
        count = max(TILE_BYTES // one, 1)
        yield from ((slice(first, first + count),) for first in range(0, batch[0], count))
    else:
        yield from ((slice(i, i + 1), *inner) for i in range(batch[0]) for inner in _parts(batch[1:], size))
