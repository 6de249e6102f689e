"""The checks that lesson 08 shares: the lesson's own functions pass, and each kind of mistake is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinytorch import Tensor, generator, manual_seed
from tinytorch.core import dataloader as lesson
from tinytorch.core.tensor import Interceptor
from tinytorch.core.training import batch_indices
from tinytorch.support import checks_loading as items
from tinytorch.support import checks_prefetch as ahead


def sentence(function, *args, **options) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_the_lessons_functions_pass():
    items.rows(lesson.TensorDataset, Tensor, 5)
    items.subset(lesson.Subset, 12, [3, 11, -2])
    items.split(lesson.random_split, manual_seed, 40, [0.5, 0.5], [20, 20])
    items.notes(lesson.noted, "a", "b")
    items.batch_of_rows(lesson.make_batch, lesson.TensorDataset, lesson.Subset, Interceptor, Tensor, 9)
    items.batch_errors(lesson.make_batch, lesson.Subset, 33)
    items.moved(lesson.shifted, (2, 3, 4), [(1, -1), (0, 4)])
    items.seeded(lesson.seeded_batch, generator, manual_seed, 9)
    ahead.in_order(lesson.prefetch, 15, 2, 3)
    ahead.no_more_threads(lesson.prefetch, 3)
    ahead.bounded(lesson.prefetch, 2, 3)
    ahead.ends(lesson.prefetch, 2)
    ahead.cancelled(lesson.prefetch)
    ahead.errors(lesson.prefetch, 2, 4)
    ahead.lengths(lesson.DataLoader, 9, 4)
    ahead.draws(lesson.DataLoader, generator, manual_seed, batch_indices)
    ahead.looked_ahead(lesson.DataLoader, 2, 2)


def test_a_view_and_pixels_that_come_round_are_told():
    assert "gave a view of the images" in sentence(items.moved, lambda x, s: x[...], (2, 3, 3), [(0, 0), (0, 0)])
    said = sentence(items.moved, lambda x, s: np.roll(x, s[0], (1, 2)), (1, 3, 3), [(1, 0)])
    assert "zeros come in" in said


def test_threads_that_go_on_are_told():
    release = threading.Event()

    def leaky(make, jobs, num_workers, ahead):
        pool = ThreadPoolExecutor(1)
        pool.submit(release.wait, 60)
        yield from map(make, jobs)

    patience, ahead.PATIENCE = ahead.PATIENCE, 0.05
    try:
        assert "left 1 threads that go on" in sentence(ahead.ends, leaky, 1)
    finally:
        ahead.PATIENCE = patience
        release.set()


def test_batches_that_are_made_too_early_or_too_late_are_told():
    def eager(make, jobs, num_workers, ahead):
        return iter([make(job) for job in jobs])

    def lazy(make, jobs, num_workers, ahead):
        return map(make, jobs)

    assert "18 later ones were made, wanted 4" in sentence(ahead.bounded, eager, 2, 4)
    assert "made something on the thread that asks" in sentence(ahead.in_order, lazy, 5, 2, 4)


def test_batches_that_are_kept_are_told():
    kept = []

    def hoarding(make, jobs, num_workers, ahead):
        for batch in lesson.prefetch(make, jobs, num_workers, ahead):
            kept.append(batch)
            yield batch

    with pytest.raises(AssertionError, match="batches were in memory at the same time, wanted 7 at most"):
        ahead.bounded(hoarding, 2, 3)
