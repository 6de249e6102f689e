"""Methods with an underscore at the end, which change a tensor's own numbers, as PyTorch's users type them.

A tensor that requires a gradient changes inside `no_grad()`, and gets a new array, so a graph that holds the old
numbers keeps them. Any other tensor's own array is written to: what shares it, as a part of it does, sees the change.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tinytorch.support.by_name import offered
from tinytorch.support.versions import note_change


class InPlaceMethods:
    """For a class with `data`, `requires_grad` and `_check_free`. TypeError for a result that the type cannot hold."""

    def zero_(self) -> Self: return self._put(0)
    def fill_(self, value: Any) -> Self: return self._put(value)
    def copy_(self, other: Any) -> Self: return self._put(other)
    def add_(self, other: Any, alpha: float = 1) -> Self: return self._changed(np.add, _scaled(other, alpha))
    def sub_(self, other: Any, alpha: float = 1) -> Self: return self._changed(np.subtract, _scaled(other, alpha))
    def mul_(self, other: Any) -> Self: return self._changed(np.multiply, other)
    def div_(self, other: Any) -> Self: return self._changed(np.divide, other)

    def clamp_(self, min: Any = None, max: Any = None) -> Self:
        """Every number between `min` and `max`."""
        return self._put(offered("clamp")(self.detach(), min, max))

    def masked_fill_(self, mask: Any, value: Any) -> Self:
        """`value` where `mask` holds."""
        return self._put(offered("masked_fill")(self.detach(), mask, value))

    def uniform_(self, low: float = 0.0, high: float = 1.0, generator: Any = None) -> Self:
        """Numbers drawn uniformly from `low` to `high`."""
        return self._put(low + (high - low) * offered("rand")(self.shape, generator=generator, dtype="float64"))

    def normal_(self, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Self:
        """Normal numbers with this mean and standard deviation."""
        return self._put(mean + std * offered("randn")(self.shape, generator=generator, dtype="float64"))

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for a gradient, or no longer. TypeError for a type that has none, RuntimeError for a computed tensor."""
        self.requires_grad = requires_grad
        return self

    def _changed(self, function: np.ufunc, other: Any) -> Self:
        self._check_free(other)
        return self._put(function(self.data, _numbers(other), out=np.empty_like(self.data)))

    def _put(self, value: Any) -> Self:
        self._check_free(value)
        if self.requires_grad:
            self.data = np.empty_like(self.data)
        self.data[...] = _numbers(value)
        note_change(self.data)
        return self


def _numbers(value: Any) -> Any:
    return value.data if isinstance(value, InPlaceMethods) else value


def _scaled(value: Any, alpha: float) -> Any:
    return value if alpha == 1 else alpha * value
