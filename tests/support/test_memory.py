"""What arrays keep alive, what of it are copies of weights, and what a piece of work asks for."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from tinytorch.core.layers import Linear
from tinytorch.core.tensor import Tensor
from tinytorch.profiling.profiler import nodes_behind
from tinytorch.support.memory import allocated_bytes, distinct_bytes, footprint, owner, peak_bytes, weight_copies

X, ROW, LINE = np.zeros((4, 3), np.float32), np.zeros(3, np.float16), np.arange(10.0)


@pytest.mark.parametrize(
    ("arrays", "wanted"),
    [
        ([X, X, X], 48), ([], 0), ([X, X.copy()], 96), (list(X), 48), ([X[1:3]], 48), ([X.T, X[1:], X.reshape(12)], 48),
        ([np.broadcast_to(ROW, (9, 3))], 6), ([LINE[:7], LINE[3:]], 80), ([LINE[2:8][:3]], 80),
        (iter([LINE.copy(), LINE.copy(), LINE[:1]]), 240),
    ],
)  # fmt: skip
def test_each_owner_counts_once_and_in_full(arrays, wanted):
    assert distinct_bytes(arrays) == wanted


def test_the_owner_of_a_view_of_a_view_owns_its_memory():
    assert owner(LINE[2:].reshape(2, 4)[0]) is LINE and owner(LINE) is LINE


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (X, 48), (X.T, 48), (X[::2], 24), (np.broadcast_to(ROW, (9, 3)), 6),
        (np.broadcast_to(np.float64(1), (5, 5)), 8), (np.zeros((0, 3)), 0), (np.zeros(()), 8),
        (np.broadcast_to(np.zeros((1, 0)), (9, 0)), 0),
        (np.broadcast_to(np.zeros((4, 1, 6), np.int16), (4, 5, 6)), 48),
        (np.broadcast_to(np.zeros((4, 1, 6), np.int16), (0, 4, 1, 6)), 0),
    ],
)  # fmt: skip
def test_a_footprint_counts_repetitions_once(array, wanted):
    assert footprint(array) == wanted


def test_copies_of_weights_are_those_made_by_casts_and_new_shapes_alone():
    layer = Linear(3, 2)
    x = Tensor(np.ones((4, 3)), requires_grad=True)
    wide, flat = layer.weight.astype("float64"), layer.weight.T.reshape(6)
    y = ((x @ wide).sum() * flat[:2]).sum() + (layer.weight * 2).exp().sum()
    copies = weight_copies(nodes_behind(y), layer.parameters())
    held = [array for node in nodes_behind(y) for array in node.inputs if isinstance(array, np.ndarray)]
    found = [array for array in held if id(array) in copies]
    assert any(array is wide.data for array in found)
    assert all(array.dtype == np.float64 or array is layer.weight.data for array in found)
    assert weight_copies([], layer.parameters()) == set() == weight_copies(nodes_behind(y), [])


def test_what_is_allocated_one_after_the_other_does_not_add_up():
    assert 160_000 <= allocated_bytes(lambda: [np.ones(10_000), np.ones(10_000)]) < 170_000
    assert 80_000 <= allocated_bytes(lambda: [np.ones(10_000).sum(), np.ones(10_000).sum()]) < 90_000
    assert allocated_bytes(lambda: None) < 1000


@pytest.mark.parametrize("tracing", [False, True])
def test_a_peak_is_the_most_at_one_time_and_tracing_goes_on_only_if_it_did(tracing):
    if tracing:
        tracemalloc.start()
    try:
        there, _ = np.ones(70_000), np.ones(90_000).sum()
        result, peak = peak_bytes(lambda: [np.ones(10_000), np.ones(20_000)][0])
        assert result.shape == (10_000,) and abs(peak - 240_000) < 4000 and there.size
        assert abs(allocated_bytes(lambda: np.ones(1000)) - 8000) < 4000
        with pytest.raises(ZeroDivisionError):
            peak_bytes(lambda: 1 // 0)
        assert tracemalloc.is_tracing() is tracing
    finally:
        tracemalloc.stop()
