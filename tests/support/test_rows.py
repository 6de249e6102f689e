"""Steps over rows: a softmax of any floats, in blocks of rows and shared out among threads."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support import rows as module
from tinytorch.support.launch import compiled
from tinytorch.support.rows import done_in_blocks, on_rows, row_steps, sum_in_blocks
from tinytorch.support.threads import get_num_threads, set_num_threads

REALS = [np.float32, np.float64]


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (3, 1000), (0, 5)])
def test_the_steps_are_those_of_a_softmax(real, shape):
    lower, exponentials, sum_of = row_steps(real)
    table = (np.random.default_rng(0).normal(size=shape) * 10).astype(real)
    before, out = table.copy(), np.empty_like(table)
    lower(table, out)
    lowered = table - table.max(axis=1, keepdims=True) if table.size else table
    assert np.array_equal(table, before) and np.array_equal(out, lowered)
    exponentials(out)
    np.testing.assert_allclose(out, np.exp(lowered.astype(np.float64)), rtol=2e-7 if real is np.float32 else 1e-15)
    sums = [sum_of(out, i) for i in range(len(out))]
    np.testing.assert_allclose(sums, out.sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("row", [
    [1, -2, 3], [-5, -1, -9], [0.0, -0.0, -1], [-np.inf, 2, 1], [np.inf, 1, 2], [1e-40, -1e-40, 0], [-3e38, -1, -2],
])
def test_the_largest_by_its_bits_is_the_largest(real, row):
    row, out = np.array([row], real), np.empty((1, 3), real)
    row_steps(real)[0](row, out)
    with np.errstate(invalid="ignore"):
        assert np.array_equal(out, row - row.max(), equal_nan=True)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("nan", [np.nan, -np.nan])
def test_a_nan_stays_in_its_row(real, nan):
    table, out = np.array([[1, nan, 2], [1, 2, 3]], real), np.empty((2, 3), real)
    lower, exponentials, sum_of = row_steps(real)
    lower(table, out)
    exponentials(out)
    assert np.isnan(sum_of(out, 0)) and not np.isnan(sum_of(out, 1))


@compiled
def weighted(rows, targets, smoothing, work):
    total = 0.0
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            work[i, j] = rows[i, j] * smoothing
            total += work[i, j] * targets[i]
    return total


@compiled
def scaled(rows, targets, smoothing, share, out):
    for i in range(len(rows)):
        for j in range(rows.shape[1]):
            out[i, j] = rows[i, j] * smoothing * share + targets[i]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(1000, 7), (3, 5000), (1, 3)])
def test_blocks_and_threads_leave_no_row_out(monkeypatch, shape, threads):
    monkeypatch.setattr(module, "PART", 1000)
    before = get_num_threads()
    set_num_threads(threads)
    table, targets = np.random.default_rng(1).normal(size=shape), np.arange(shape[0])
    total = sum(on_rows(lambda rows, targets: sum_in_blocks(weighted, np.float64)(2.0, rows, targets), table, targets))
    out = np.empty(shape)
    on_rows(lambda *arrays: done_in_blocks(scaled)(2.0, 3.0, *arrays), table, targets, out)
    set_num_threads(before)
    np.testing.assert_allclose(total, (2 * table * targets[:, None]).sum())
    np.testing.assert_allclose(out, 6 * table + targets[:, None])


def test_a_table_of_more_axes_has_a_row_for_each_target():
    table, targets = np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2), np.zeros((3, 2), np.int64)
    ((rows, flat),) = on_rows(lambda *arrays: arrays, table, targets)
    assert np.array_equal(rows, table.reshape(6, 4)) and flat.shape == (6,)
