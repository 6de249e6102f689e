"""What belongs to one thread: whether its operations are recorded, and the interceptors that see them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self


class State(threading.local):
    """A thread's own `recording`, true at first, and `interceptors`, the one put on last at the end."""

    recording: bool = True
    interceptors: tuple[Any, ...] = ()


state = State()


def active_interceptors() -> tuple[Any, ...]:
    """The interceptors on this thread, the one put on last at the end."""
    return state.interceptors


class Stacked:
    """Something that is among this thread's interceptors inside its `with` block."""

    def __enter__(self) -> Self:
        state.interceptors += (self,)
        return self

    def __exit__(self, *exception: object) -> None:
        state.interceptors = state.interceptors[:-1]


@contextmanager
def top_interceptor() -> Iterator[Any]:
    """The interceptor put on last, out of the way as long as the block runs; None where there is none."""
    before = state.interceptors
    state.interceptors = before[:-1]
    try:
        yield before[-1] if before else None
    finally:
        state.interceptors = before
