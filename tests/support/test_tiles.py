"""Tiles: every score is in one of them, none is in two, and together they fit what attention needs."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.attention_shapes import aligned, fitting_mask, mask_of_heads
from tinytorch.support.tiles import TILE_BYTES, put_product, scores_like, tiles

SHAPES = [(3, 4), (2, 3, 4), (32, 4, 64, 64), (2, 8, 300, 300), (3, 70, 200), (3, 200, 70), (2, 2, 2, 5, 5), (1, 1),
          (0, 3, 4), (2, 3, 0), (2, 0, 3), (2, 4000, 200)]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_each_score_is_in_one_tile(shape):
    counts = np.zeros(shape, int)
    for tile in tiles(shape):
        counts[tile.scores] += 1
    assert (counts == 1).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_under_a_causal_mask_no_score_that_counts_is_left_out(shape):
    counts, queries, keys = np.zeros(shape, int), np.zeros((*shape[:-1], 2), int), np.zeros((*shape[:-2], shape[-1], 2))
    for tile in tiles(shape, is_causal=True):
        counts[tile.scores] += 1
        queries[tile.queries] += 1
        keys[tile.keys] += 1
        assert counts[tile.scores].shape[-2:] == (queries[tile.queries].shape[-2], keys[tile.keys].shape[-2])
    assert (counts[..., np.tri(*shape[-2:], dtype=bool)] == 1).all() and (counts <= 1).all() and (queries == 1).all()


def test_most_of_a_long_upper_triangle_is_left_out():
    shape = (2, 1000, 1000)
    computed = sum(np.broadcast_to(0, shape)[tile.scores].size for tile in tiles(shape, is_causal=True))
    assert computed < 0.56 * 2 * 1000 * 1000


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_first_tile_of_a_part_has_all_its_keys(shape, is_causal):
    """So that a product written into an array leaves no number of it as it was."""
    out = np.full((*shape[:-2], shape[-1], 2), np.nan)
    for tile in tiles(shape, is_causal):
        rows = np.ones((*shape[:-1], 2))[tile.queries]
        put_product(out[tile.keys], np.ones(shape)[tile.scores].swapaxes(-1, -2), rows, tile.is_first)
    assert np.isfinite(out).all() or not shape[-2]


def test_a_tile_fits_into_a_cache():
    scores = np.broadcast_to(np.float32(0), (32, 4, 300, 300))
    assert all(scores[tile.scores].nbytes <= TILE_BYTES for tile in tiles(scores.shape))


def test_scores_where_no_tile_is_are_0():
    for shape in ((2, 200, 200), (2, 5, 5)):
        np.full(shape, 7.0, np.float32)  # so that memory with numbers in it is there
        out = scores_like(np.zeros(1, np.float32), shape, True)
        for tile in tiles(shape, is_causal=True):
            out[tile.scores] = 1
        assert out.dtype == np.float32 and set(np.unique(out)) <= {0, 1} and (out[:, np.tri(shape[1]) > 0] == 1).all()


def test_leading_axes_are_broadcast_as_views():
    a, b = np.ones((2, 1, 3, 4)), np.ones((5, 6, 7))
    left, right = aligned(a, b)
    assert left.shape == (2, 5, 3, 4) and right.shape == (2, 5, 6, 7) and np.shares_memory(right, b)
    assert aligned(a, a)[0] is a


def test_a_mask_that_does_not_fit_is_told():
    assert fitting_mask(None, (2, 3)) is None and fitting_mask(np.zeros((1, 3)), (2, 3)).shape == (2, 3)
    with pytest.raises(ValueError, match=r"mask of shape \(2, 2\) does not fit scores of shape \(2, 3\)"):
        fitting_mask(np.zeros((2, 2)), (2, 3))


def test_masks_of_heads_are_turned_round():
    forbidden = np.array([[False, True]])
    assert mask_of_heads(forbidden, 2).tolist() == [[True, False]]
    assert mask_of_heads(np.zeros((6, 2, 3)), 2).shape == (3, 2, 2, 3)
