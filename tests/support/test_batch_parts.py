"""A batch in parts, on threads: the same result as in one piece, laid out in memory in the same way."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from tinytorch.support import batch_parts
from tinytorch.support.batch_parts import by_batch
from tinytorch.support.threads import get_num_threads, set_num_threads


@pytest.fixture
def threads(monkeypatch):
    """Arrays of any size are worth two threads."""
    monkeypatch.setattr(batch_parts, "WORTH", 1)
    before = get_num_threads()
    set_num_threads(2)
    yield
    set_num_threads(before)


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


def parts_seen(*arrays, **options):
    """How many items each call had, and the shape of its last array."""
    seen = []
    by_batch(lambda *given, **_: seen.append((len(given[0]), given[-1].shape)) or given[0])(*arrays, **options)
    return sorted(seen)


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_result_and_a_list_of_results_are_those_of_the_whole_batch(threads, batch):
    a, b, mask = random(batch, 3, 4, 5), random(batch, 3, 5, 4), random(4, 4)

    def product(a, b, mask, scale):
        return a @ b * scale + mask

    def products(g, y, a, b, needs):
        return [g @ np.swapaxes(b, -1, -2), None if not needs else np.swapaxes(a, -1, -2) @ g]

    g = by_batch(product)(a, b, mask, scale=2.0)
    assert np.array_equal(g, product(a, b, mask, 2.0))
    for needs in (True, False):
        pairs = zip(by_batch(products)(g, None, a, b, needs=needs), products(g, None, a, b, needs), strict=True)
        for got, wanted in pairs:
            assert np.array_equal(got, wanted) if wanted is not None else got is None


def test_the_layout_in_memory_stays(threads):
    a = random(4, 5, 3, 2).transpose(0, 2, 1, 3)
    assert by_batch(np.empty_like)(a).strides == np.empty_like(a).strides == a.strides


def test_the_batch_is_cut_and_a_mask_is_not(threads):
    assert parts_seen(random(5, 3, 4, 4), random(4, 4)) == [(2, (4, 4)), (3, (4, 4))]
    assert parts_seen(random(5, 3, 4, 4), random(5, 1, 4, 4)) == [(2, (2, 1, 4, 4)), (3, (3, 1, 4, 4))]


@pytest.mark.parametrize("other", [(1, 3, 4, 4), (3, 4, 4)], ids=["broadcast", "fewer axes"])
def test_batches_that_differ_are_not_cut(threads, other):
    assert parts_seen(random(5, 3, 4, 4), random(*other)) == [(5, other)]


def test_one_item_small_arrays_large_matrices_and_one_thread_are_done_in_one_piece(threads, monkeypatch):
    large = random(4, 2, batch_parts.SMALL)
    assert parts_seen(random(1, 3, 4, 4)) == [(1, (1, 3, 4, 4))]
    assert parts_seen(large) == [(4, large.shape)]
    set_num_threads(1)
    assert parts_seen(random(5, 3, 4, 4)) == [(5, (5, 3, 4, 4))]
    set_num_threads(2)
    monkeypatch.setattr(batch_parts, "WORTH", 100)
    assert parts_seen(random(3, 1, 8, 8)) == [(3, (3, 1, 8, 8))]


def test_parts_run_on_two_threads_and_under_the_callers_errstate(threads):
    ran = set()
    both = threading.Barrier(2, timeout=10)

    def divide(a):
        ran.add(threading.get_ident())
        both.wait()
        return a / 0.0

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        by_batch(divide)(random(2, 3, 4, 4))
    assert len(ran) == 2
