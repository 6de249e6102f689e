"""What belongs to one thread: whether its operations are recorded, and the layers that see them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self


class State(threading.local):
    """A thread's own `recording`, true at first, and `layers`, the one put on last at the end."""

    recording: bool = True
    layers: tuple[Any, ...] = ()


state = State()


def active_layers() -> tuple[Any, ...]:
    """The layers on this thread, the one put on last at the end."""
    return state.layers


class Stacked:
    """Something that is among this thread's layers inside its `with` block."""

    def __enter__(self) -> Self:
        state.layers += (self,)
        return self

    def __exit__(self, *exception: object) -> None:
        state.layers = state.layers[:-1]


@contextmanager
def top_layer() -> Iterator[Any]:
    """The layer put on last, out of the way as long as the block runs; None where there is none."""
    layers = state.layers
    state.layers = layers[:-1]
    try:
        yield layers[-1] if layers else None
    finally:
        state.layers = layers
