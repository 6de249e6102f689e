"""What a gradient that is known in parts shows to those who look at gradients, as profilers do."""

from __future__ import annotations

from typing import Any

import numpy as np


class KnownInParts:
    """For a class with `shape`, `dtype` and `joined()`, the whole gradient in a new array.

    NumPy reads it as that array. Its strides are 0, since it has no numbers of its own: they are those of its parts,
    so whoever counts the bytes that are really there counts no more than one number.
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    def joined(self) -> np.ndarray:
        """The whole gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no method joined")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.joined(), dtype)

    @property
    def strides(self) -> tuple[int, ...]:
        """How many bytes lie between neighbours along each axis."""
        return (0,) * len(self.shape)

    @property
    def itemsize(self) -> int:
        """The bytes of a number."""
        return self.dtype.itemsize
