"""Converted copies of arrays, made once and remembered for as long as they are in use."""

from __future__ import annotations

from collections.abc import Callable
from weakref import ref

import numpy as np


class Copies:
    """One copy of an array in each type. None is kept alive here: a copy lives as long as somebody else holds it, and
    is forgotten where its array goes.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, np.dtype], tuple[ref, ref]] = {}

    def of(
        self, array: np.ndarray, dtype: np.dtype, convert: Callable[[np.ndarray, np.dtype], np.ndarray]
    ) -> np.ndarray:
        """The copy of `array` in `dtype` that was made before, where it is in use, else `convert(array, dtype)`."""
        known, key = self._known, (id(array), dtype)
        copy = known[key][1]() if key in known else None
        if copy is None:
            copy = convert(array, dtype)
            known[key] = ref(array, lambda gone: known.pop(key, None)), ref(copy)
        return copy

    def alive(self) -> list[np.ndarray]:
        """The copies that somebody holds."""
        return [copy for _, weak in self._known.values() if (copy := weak()) is not None]

    def clear(self) -> None:
        """Forget them all."""
        self._known.clear()

    def __len__(self) -> int:
        """How many arrays and types are known, those whose copies have gone among them."""
        return len(self._known)
