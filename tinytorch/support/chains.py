"""The methods of a list, for a module that holds its layers in one: lesson 03's Sequential, and ModuleList."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any, Self

from tinytorch.support.validation import check_callable

Layer = Callable[[Any], Any]


class LayerList:
    """A length, indices, slices and additions, for a class with the list `layers`. A slice shares the layers."""

    layers: list[Layer]

    def __len__(self) -> int: return len(self.layers)
    def __iter__(self) -> Iterator[Layer]: return iter(self.layers)
    def __getitem__(self, i: int | slice) -> Any:
        if not isinstance(i, slice):
            return self.layers[i]
        part = copy(self)
        part.layers = self.layers[i]
        return part

    def __setitem__(self, i: int, layer: Layer) -> None:
        check_callable(layer)
        self.layers[i] = layer

    def __delitem__(self, i: int | slice) -> None: del self.layers[i]
    def append(self, layer: Layer) -> Self: return self.insert(len(self), layer)
    def extend(self, layers: Iterable[Layer]) -> Self:
        for layer in layers:
            self.append(layer)
        return self

    def insert(self, i: int, layer: Layer) -> Self:
        """Put one more layer before number `i`; returns the module. TypeError for what cannot be called."""
        check_callable(layer)
        self.layers.insert(i, layer)
        return self

    def named_children(self) -> list[tuple[str, Layer]]:
        """The layers, functions too, with their numbers."""
        return [(str(i), layer) for i, layer in enumerate(self.layers)]
