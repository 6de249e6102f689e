"""What belongs to a thread; that interceptors nest and survive exceptions is tested with the operations."""

from __future__ import annotations

import threading

import pytest

from tinytorch.core import tensor
from tinytorch.support.state import Stacked, active_interceptors, state, top_interceptor


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_new_thread_records_and_has_no_interceptors():
    state.recording = False
    try:
        with Stacked():
            assert in_a_thread(lambda: (state.recording, state.interceptors)) == (True, ())
    finally:
        state.recording = True


def test_the_interceptor_put_on_last_is_at_the_top_and_out_of_the_way_while_it_is_held():
    with Stacked() as below, Stacked() as above:
        assert active_interceptors() == (below, above)
        with top_interceptor() as top:
            assert top is above and active_interceptors() == (below,)
        assert active_interceptors() == (below, above)
        with pytest.raises(KeyError), top_interceptor():
            raise KeyError("inside")
        assert active_interceptors() == (below, above)
    assert active_interceptors() == ()


def test_without_interceptors_the_top_is_none():
    with top_interceptor() as top:
        assert top is None and active_interceptors() == ()


def test_the_lessons_use_the_same_state():
    assert tensor.state is state and issubclass(tensor.Interceptor, Stacked)
    with tensor.no_grad():
        assert state.recording is False
