"""What a call allocates at most."""

from __future__ import annotations

import tracemalloc

import numpy as np

from tinytorch.support.memory import allocated_bytes


def test_arrays_that_live_at_one_time_add_up():
    assert 160_000 <= allocated_bytes(lambda: [np.ones(10_000), np.ones(10_000)]) < 170_000
    assert 80_000 <= allocated_bytes(lambda: [np.ones(10_000).sum(), np.ones(10_000).sum()]) < 90_000
    assert allocated_bytes(lambda: None) < 1000


def test_what_is_there_before_does_not_count_and_a_running_trace_goes_on():
    tracemalloc.start()
    try:
        kept = np.ones(100_000)
        assert allocated_bytes(lambda: kept.sum()) < 1000
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
