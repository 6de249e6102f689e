"""Questions that many functions ask of their arguments."""

from __future__ import annotations

from numbers import Integral


def check_sizes(**sizes: int) -> None:
    """Raise ValueError naming the first of `sizes` that is not a whole number of at least 1."""
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")
