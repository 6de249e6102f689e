"""A tensor's size: a number in NumPy, a method in PyTorch."""

from __future__ import annotations

import math
from operator import index


class Count(int):
    """How many elements a shape has, which can also be called: `x.size` is 6 where `x.size()` is (2, 3).

    PyTorch has the second alone, NumPy the first. So both habits work on one tensor.
    """

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Count:
        count = super().__new__(cls, math.prod(shape))
        count.shape = shape
        return count

    def __call__(self, dim: int | None = None) -> tuple[int, ...] | int:
        """The shape, or its length along one axis; IndexError where there is no such axis."""
        if dim is None:
            return self.shape
        if not -len(self.shape) <= index(dim) < len(self.shape):
            raise IndexError(f"size({dim}) of shape {self.shape}: there is no such axis")
        return self.shape[dim]
