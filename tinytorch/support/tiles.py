"""Attention's scores in pieces that fit into a processor's cache, and the arrays that go with each piece."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

Index = tuple[slice | type(Ellipsis), ...]

TILE_BYTES = 1 << 20  # of float32 scores: what stays in the cache of one core between two passes
CAUSAL_ROWS = 64  # queries of a tile at most where later keys are left out


class Tile(NamedTuple):
    """Where a piece of the scores (..., queries, keys) stands, and its rows in the arrays that they come of."""

    scores: Index  # in an array (..., queries, keys)
    queries: Index  # in an array (..., queries, n)
    keys: Index  # in an array (..., keys, n)


def tiles(shape: tuple[int, ...], is_causal: bool = False) -> Iterator[Tile]:
    """The pieces of scores of this `shape`, (..., queries, keys): each number is in one of them.

    With `is_causal` the keys after the last query of a piece are left out, so that most numbers above the diagonal
    are in no piece. The pieces are parts of the first axis, where there are more than two, and of the queries.

    >>> [tile.scores for tile in tiles((2, 3))]
    [(Ellipsis, slice(0, 2, None), slice(0, 3, None))]
    """
    *batch, queries, keys = shape
    row_bytes = max(4 * keys * math.prod(batch[1:]), 1)
    rows = max(min(TILE_BYTES // row_bytes, queries, CAUSAL_ROWS if is_causal else queries), 1)
    count = max(TILE_BYTES // (row_bytes * rows), 1)
    for first in range(0, batch[0], count) if batch else (0,):
        lead = (slice(first, first + count), ...) if batch else (...,)
        for row in range(0, queries, rows):
            last = min(row + rows, queries)
            seen, across = slice(0, min(keys, last) if is_causal else keys), slice(row, last)
            yield Tile((*lead, across, seen), (*lead, across, slice(None)), (*lead, seen, slice(None)))
