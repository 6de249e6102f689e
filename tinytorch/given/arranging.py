"""The same elements in another order, repeated, or counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensor, wrap
from tinytorch.support.validation import checked_axis

__all__ = ["flip", "roll", "movedim", "swapaxes", "repeat_interleave", "unique", "bincount"]


def _listed(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def flip(input: Any, dims: int | Sequence[int]) -> Tensor:
    """The elements in the opposite order along each of `dims`."""
    x = as_tensor(input)
    back = {checked_axis(dim, x.shape) for dim in _listed(dims)}
    return x[tuple(slice(None, None, -1 if axis in back else 1) for axis in range(x.ndim))]


def roll(input: Any, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Each element `shifts` places further along `dims`, the last in front; without `dims`, in one row of all elements.

    ValueError where there are not as many shifts as axes.
    """
    x = as_tensor(input)
    if dims is None or dims == ():
        return roll(x.reshape(-1), shifts, 0).reshape(x.shape)
    for shift, dim in zip(_listed(shifts), _listed(dims), strict=True):
        axis = checked_axis(dim, x.shape)
        x = x[(slice(None),) * axis + (np.roll(np.arange(x.shape[axis]), shift),)] if x.ndim else x
    return x


def movedim(input: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """The axes `source` moved to the places `destination`; the others stay in their order."""
    x = as_tensor(input)
    sources, places = ([checked_axis(dim, x.shape) for dim in _listed(dims)] for dims in (source, destination))
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return x.permute(*order) if x.ndim else x


def swapaxes(input: Any, axis0: int, axis1: int) -> Tensor:
    """Two axes swapped."""
    return as_tensor(input).transpose(axis0, axis1)


def repeat_interleave(input: Any, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element, or each part along `dim`, so many times after another; `repeats` is one number or one for each."""
    x, times = as_tensor(input), repeats.data if isinstance(repeats, Tensor) else repeats
    if dim is None or x.ndim == 0:
        x, dim = x.reshape(-1), 0
    axis = checked_axis(dim, x.shape)
    return x[(slice(None),) * axis + (np.repeat(np.arange(x.shape[axis]), times),)]


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False
) -> Tensor | tuple[Tensor, ...]:
    """The different elements in order; on demand where each element is among them, and how often each comes."""
    array = as_tensor(input).data
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    wanted = (True, return_inverse, return_counts)
    parts = (values, inverse.reshape(array.shape), counts)
    found = tuple(wrap(part) for part, ask in zip(parts, wanted, strict=True) if ask)
    return found[0] if len(found) == 1 else found


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 on comes in a tensor with one axis: int64; or the sum of its weights."""
    numbers, weights = as_tensor(input).data, None if weights is None else as_tensor(weights).data
    counts = np.bincount(numbers, weights, minlength)
    return wrap(counts if weights is None else counts.astype(weights.dtype))
