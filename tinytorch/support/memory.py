"""How much memory a piece of work asks for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any


def allocated_bytes(function: Callable[[], Any]) -> int:
    """The most bytes that the allocations of `function()` held at one time; NumPy's arrays are among them.

    What was allocated before the call does not count. tracemalloc may be running already.
    """
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if started:
            tracemalloc.stop()
