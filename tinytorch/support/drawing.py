"""Which random generator code draws from: the one that all share, or one that a block has put in its place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class Source(threading.local):
    """A thread's own generator; None, as at first, where it draws from the shared one."""

    own: np.random.Generator | None = None


_source = Source()


@contextmanager
def drawing_from(rng: np.random.Generator) -> Iterator[None]:
    """In the block, lesson 03's `generator()` gives `rng` to this thread; after it, what it gave before."""
    before, _source.own = _source.own, rng
    try:
        yield
    finally:
        _source.own = before


def own_or(shared: np.random.Generator) -> np.random.Generator:
    """The generator of the innermost `drawing_from` on this thread, and `shared` outside of any."""
    return shared if _source.own is None else _source.own
