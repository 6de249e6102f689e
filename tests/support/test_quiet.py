"""Warnings off inside a function, and as they were outside."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tinytorch.support.quiet import quiet

HUGE = np.float32(1000.0)


def state():
    return set(np.geterr().values())


def test_inside_nothing_is_warned_of_and_outside_all_is_as_before():
    before = np.geterr()
    assert quiet(state)() == {"ignore"} and np.geterr() == before
    with np.errstate(all="raise"):
        assert float(quiet(np.exp)(HUGE)) == np.inf
        with pytest.raises(FloatingPointError):
            np.exp(HUGE)


def test_it_is_put_back_after_an_exception():
    before = np.geterr()
    with pytest.raises(ZeroDivisionError):
        quiet(lambda: 1 / 0)()
    assert np.geterr() == before


def test_what_is_asked_for_inside_counts():
    @quiet
    def strict():
        with np.errstate(all="raise"):
            return np.exp(HUGE)

    with pytest.raises(FloatingPointError):
        strict()


def test_other_threads_and_names_and_options():
    found = []
    thread = threading.Thread(target=lambda: found.append(quiet(state)()))
    thread.start()
    thread.join()
    assert found == [{"ignore"}]
    assert quiet(np.sum).__name__ == "sum" and quiet(np.sum)([[1, 2]], axis=0).tolist() == [1, 2]
