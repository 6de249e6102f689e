"""Tensors put together and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch.core.autograd import joint_rule
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor
from tinytorch.given.primitives import primitive, result_type
from tinytorch.support.validation import checked_axis

__all__ = [
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "split", "unbind", "tile", "broadcast_to",
]  # fmt: skip


def _parts_of(g: np.ndarray, y: None, *parts: Any, needs: tuple[bool, ...], dim: int) -> list:
    ends = np.cumsum([part.shape[dim] for part in parts])[:-1]
    return np.split(g, ends, axis=dim)


CAT = Primitive("cat", lambda *arrays, dim: np.concatenate(arrays, axis=dim), "nothing")
joint_rule("cat", _parts_of)
EXPAND = primitive("expand", lambda x, shape: np.broadcast_to(x, shape), lambda g, y, x, shape: g, saves="nothing")


def cat(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """Tensors one after another along the axis `dim`; their shapes agree but for that axis (ValueError)."""
    given = [as_tensor(x) for x in tensors]
    if not given or not all(x.ndim for x in given):
        raise ValueError("cat wants one tensor or more, each with an axis: use stack for single numbers")
    dtype = result_type(*given)
    longest = max(x.ndim for x in given)  # one without numbers, of shape (0,), fits beside any other, as in PyTorch
    parts = [x for x in given if x.shape != (0,) or longest == 1]
    dim = checked_axis(dim, parts[0].shape)
    shapes = [x.shape for x in parts]
    if len({(*shape[:dim], *shape[dim + 1 :]) for shape in shapes}) > 1 or len(set(map(len, shapes))) > 1:
        raise ValueError(f"cat along axis {dim} wants shapes that agree but for that axis, got {shapes}")
    return apply(CAT, *(x.astype(dtype) for x in parts), dim=dim)


concat = concatenate = cat


def stack(tensors: Sequence[Any], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new axis `dim`. ValueError where the shapes differ."""
    given = [as_tensor(x) for x in tensors]
    if len({x.shape for x in given}) != 1:
        raise ValueError(f"stack wants one tensor or more of one shape, got {[x.shape for x in given]}")
    dim = checked_axis(dim, (1, *given[0].shape))
    return cat([x.unsqueeze(dim) for x in given], dim)


def hstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors beside each other: along the second axis, or the only one."""
    given = [x if x.ndim else x.reshape(1) for x in map(as_tensor, tensors)]
    return cat(given, 0 if given and given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Any]) -> Tensor:
    """Tensors below each other, those with one axis as rows."""
    return cat([x if x.ndim > 1 else x.reshape(1, -1) for x in map(as_tensor, tensors)])


def split(tensor: Any, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of one length along `dim`, the last perhaps shorter, or parts of the lengths that are listed.

    ValueError where the lengths do not add up to that of the axis.
    """
    x, sizes = as_tensor(tensor), split_size_or_sections
    dim = checked_axis(dim, x.shape)
    length = x.shape[dim]
    if isinstance(sizes, int):
        if sizes < 1 and length:
            raise ValueError(f"split wants parts of at least 1 element, got {sizes}")
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)] if length else [0]
    if sum(sizes) != length or min(sizes, default=0) < 0:
        raise ValueError(f"split into {list(sizes)} does not add up to the {length} along axis {dim} of {x.shape}")
    ends = np.cumsum([0, *sizes])
    return tuple(x[(slice(None),) * dim + (slice(a, b),)] for a, b in zip(ends[:-1], ends[1:], strict=True))


def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """The tensors along `dim`, without that axis."""
    x = as_tensor(input)
    dim = checked_axis(dim, x.shape)
    return tuple(x[(slice(None),) * dim + (i,)] for i in range(x.shape[dim]))


def broadcast_to(input: Any, shape: Sequence[int]) -> Tensor:
    """The same numbers in a longer shape: an axis of length 1, or a new one in front, is repeated without a copy.

    A length of -1 keeps the axis as it is. ValueError where the shapes do not fit.
    """
    x, wanted = as_tensor(input), tuple(int(length) for length in shape)
    new = len(wanted) - x.ndim
    full = tuple(x.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(wanted))
    if new < 0 or any(m not in (1, n) for m, n in zip(x.shape, full[new:], strict=True)) or min(full, default=0) < 0:
        raise ValueError(f"a tensor of shape {x.shape} cannot be expanded to {wanted}: only axes of length 1 grow")
    return apply(EXPAND, x, shape=full)


def tile(input: Any, dims: Sequence[int]) -> Tensor:
    """The tensor repeated so many times along each axis; axes are added in front where `dims` has more."""
    x, times = as_tensor(input), tuple(dims)
    lengths = (1,) * (len(times) - x.ndim) + x.shape
    times = (1,) * (len(lengths) - len(times)) + times
    apart = x.reshape(tuple(part for length in lengths for part in (1, length)))
    wide = broadcast_to(apart, [part for pair in zip(times, lengths, strict=True) for part in pair])
    return wide.reshape(tuple(n * m for n, m in zip(times, lengths, strict=True)))
