"""PyTorch's names for whether operations are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tinytorch.core.tensor import is_recording, no_grad
from tinytorch.support.state import state

__all__ = ["is_grad_enabled", "inference_mode", "enable_grad"]

is_grad_enabled = is_recording
inference_mode = no_grad  # what it gives may take part in a graph later, where PyTorch refuses


@contextmanager
def enable_grad() -> Iterator[None]:
    """In the block `with enable_grad():` operations on this thread are recorded, also within `no_grad()`."""
    before, state.recording = state.recording, True
    try:
        yield
    finally:
        state.recording = before
