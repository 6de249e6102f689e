"""Elements chosen by a mask, by their place or by an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, apply, as_tensor, where, wrap
from tinytorch.given.joining import broadcast_to
from tinytorch.given.primitives import primitive
from tinytorch.support.dtypes import is_floating
from tinytorch.support.validation import checked_axis

__all__ = [
    "masked_fill", "masked_select", "tril", "triu", "gather", "take_along_dim", "scatter_add", "index_select",
    "nonzero",
]  # fmt: skip

Places = tuple[np.ndarray, ...]


def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """`value`, a number, where the boolean `mask` is true, and `input` elsewhere, in its type.

    TypeError where the type cannot hold the number, or the mask is not boolean.
    """
    x, mask = as_tensor(input), as_tensor(mask)
    if mask.dtype != bool:
        raise TypeError(f"masked_fill wants a boolean mask, got {mask.dtype}: write mask.bool() or a comparison")
    fill = value if isinstance(value, Tensor) else wrap(np.asarray(value))
    if is_floating(fill.dtype) and not is_floating(x.dtype) and not fill.item().is_integer():
        raise TypeError(f"masked_fill of {x.dtype} with {fill.item()}: write x.float() first")
    return where(mask, fill.astype(x.dtype), x)


def masked_select(input: Any, mask: Any) -> Tensor:
    """The elements where `mask` is true, one after another; both are broadcast."""
    x, chosen = as_tensor(input), np.asarray(as_tensor(mask).data)
    shape = np.broadcast_shapes(x.shape, chosen.shape)
    return broadcast_to(x, shape)[np.broadcast_to(chosen, shape)]


def tril(input: Any, diagonal: int = 0) -> Tensor:
    """The matrices (..., m, n) with 0 above the diagonal, or above the one that is `diagonal` places to its right."""
    return _triangle(input, lambda ones: np.tril(ones, diagonal))


def triu(input: Any, diagonal: int = 0) -> Tensor:
    """The matrices (..., m, n) with 0 below the diagonal, or below the one that is `diagonal` places to its right."""
    return _triangle(input, lambda ones: np.triu(ones, diagonal))


def _triangle(input: Any, part: Any) -> Tensor:
    x = as_tensor(input)
    if x.ndim < 2:
        raise ValueError(f"a triangle wants matrices (..., m, n), got shape {x.shape}")
    return where(part(np.ones(x.shape[-2:], bool)), x, wrap(np.zeros((), x.dtype)))


def _places(x: Tensor, dim: int, index: Any) -> Places:
    """Where each element of `index`, places along `dim`, is in `x`. IndexError for a place that is not there."""
    places = as_tensor(index).data
    dim, length = checked_axis(dim, x.shape), x.shape[dim] if x.ndim else 1
    if places.dtype.kind not in "iu":
        raise TypeError(f"an index is of whole numbers, got {places.dtype}")
    if places.size and not (0 <= places.min() and places.max() < length):
        got = f"{places.min()} to {places.max()}"
        raise IndexError(f"an index along axis {dim} of shape {x.shape} is from 0 to {length - 1}, got {got}")
    along = np.indices(places.shape, sparse=True)
    return tuple(places.copy() if axis == dim else part for axis, part in enumerate(along))


def gather(input: Any, dim: int, index: Any) -> Tensor:
    """Out of `input`, at each place of `index`, the element that is `index` along `dim` and there along the others.

    The result has the shape of `index`. IndexError for what is not there, ValueError where the axes differ in number.
    """
    x, index = as_tensor(input), as_tensor(index)
    if index.numel() == 0 or x.ndim == 0:
        return x.reshape(-1)[_places(x.reshape(-1), 0, index.reshape(-1))].reshape(index.shape)
    dim = checked_axis(dim, x.shape)
    if x.ndim != index.ndim or any(index.shape[axis] > x.shape[axis] for axis in range(x.ndim) if axis != dim):
        raise ValueError(f"gather along axis {dim} of shape {x.shape} wants an index that fits it, got {index.shape}")
    return x[_places(x, dim, index)]


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Tensor:
    """`gather`, where both are broadcast along the other axes; without `dim`, of the flattened tensors."""
    x, places = as_tensor(input), as_tensor(indices)
    if dim is None:
        return gather(x.reshape(-1), 0, places.reshape(-1))
    dim = checked_axis(dim, x.shape)
    common = list(np.broadcast_shapes(_but(x.shape, dim), _but(places.shape, dim)))
    x, places = (broadcast_to(part, [*common[:dim], part.shape[dim], *common[dim + 1 :]]) for part in (x, places))
    return gather(x, dim, wrap(np.where(places.data < 0, places.data + x.shape[dim], places.data)))


def _but(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return (*shape[:dim], 1, *shape[dim + 1 :])


def _scattered(x: np.ndarray, source: np.ndarray, places: Places) -> np.ndarray:
    out = x.copy()
    np.add.at(out, places, source)
    return out


def _to_source(g: np.ndarray, y: None, x: Any, source: Any, places: Places) -> np.ndarray:
    return g[places]


SCATTER_ADD = primitive(
    "scatter_add", _scattered, lambda g, y, x, source, places: g, _to_source, saves="nothing"
)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Tensor:
    """`input` with each element of `src` added at the place that `index` names along `dim`: gather's opposite.

    `src` is at least as long as `index` along every axis, and of the type of `input`.
    """
    x, index, source = as_tensor(input), as_tensor(index), as_tensor(src)
    if x.ndim != index.ndim or source.ndim != index.ndim or source.dtype != x.dtype:
        got = f"{x.shape} {x.dtype}, {index.shape} and {source.shape} {source.dtype}"
        raise ValueError(f"scatter_add wants tensors of as many axes and one type, got {got}")
    used = source[tuple(slice(0, length) for length in index.shape)]
    if used.shape != index.shape:
        raise ValueError(f"scatter_add wants a source at least as long as the index {index.shape}, got {source.shape}")
    if index.size == 0:
        return x + used.sum()
    return apply(SCATTER_ADD, x, used, places=_places(x, dim, index)) if x.ndim else x + used


def index_select(input: Any, dim: int, index: Any) -> Tensor:
    """The parts along `dim` that the whole numbers of `index` name, in their order."""
    x, places = as_tensor(input), as_tensor(index).data.reshape(-1)
    dim = checked_axis(dim, x.shape)
    if x.ndim == 0:
        return x
    if places.size and not (0 <= places.min() and places.max() < x.shape[dim]):
        raise IndexError(f"an index along axis {dim} of shape {x.shape} is from 0 to {x.shape[dim] - 1}")
    return x[(slice(None),) * dim + (places,)]


def nonzero(input: Any, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """The places of the elements that are not 0, a row for each: (count, axes), int64; or a tensor for each axis."""
    array = as_tensor(input).data
    return tuple(map(wrap, np.nonzero(np.atleast_1d(array)))) if as_tuple else wrap(np.argwhere(array))
