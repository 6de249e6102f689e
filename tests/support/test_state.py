"""What belongs to a thread; that layers nest and survive exceptions is tested with the operations."""

from __future__ import annotations

import threading

import pytest

from tinytorch.core import tensor
from tinytorch.support.state import Stacked, active_layers, state, top_layer


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_new_thread_records_and_has_no_layers():
    state.recording = False
    try:
        with Stacked():
            assert in_a_thread(lambda: (state.recording, state.layers)) == (True, ())
    finally:
        state.recording = True


def test_the_layer_put_on_last_is_at_the_top_and_out_of_the_way_while_it_is_held():
    with Stacked() as below, Stacked() as above:
        assert active_layers() == (below, above)
        with top_layer() as layer:
            assert layer is above and active_layers() == (below,)
        assert active_layers() == (below, above)
        with pytest.raises(KeyError), top_layer():
            raise KeyError("inside")
        assert active_layers() == (below, above)
    assert active_layers() == ()


def test_without_layers_the_top_is_none():
    with top_layer() as layer:
        assert layer is None and active_layers() == ()


def test_the_lessons_use_the_same_state():
    assert tensor.state is state and issubclass(tensor.Layer, Stacked)
    with tensor.no_grad():
        assert state.recording is False
