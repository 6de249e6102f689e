"""Questions about items and batches: is this an index, are these alike, and which batches can a loader make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinytorch.support.dtypes import as_dtype, common_type, is_floating
from tinytorch.support.validation import check_sizes

INSTEAD = {  # what PyTorch's functions take and these do not, and what to do instead
    "generator": "call manual_seed(seed) before: there is one generator",
    "pin_memory": "there is no other memory to copy to: leave it out",
    "persistent_workers": "an epoch starts its threads and ends them: leave it out",
    "multiprocessing_context": "workers are threads: leave it out",
    "worker_init_fn": "workers are threads and share everything: leave it out",
    "timeout": "a worker is waited for: leave it out",
    "sampler": "give Subset(dataset, indices), whose order is that of the indices",
    "batch_sampler": "give Subset(dataset, indices) and batch_size",
}


def no_others(function: str, others: Mapping[str, Any]) -> None:
    """Raise TypeError naming the first argument among `others`, which `function` does not take, and what to do."""
    for name in others:
        words = INSTEAD.get(name, "see its docstring for what it takes")
        raise TypeError(f"{function} takes no {name}=: {words}")


def check_loader(
    count: int, batch_size: int, num_workers: int, prefetch_factor: int, others: Mapping[str, Any]
) -> None:
    """Raise ValueError for an empty dataset, a negative number of workers and sizes below 1, TypeError for `others`."""
    no_others("DataLoader", others)
    check_sizes(batch_size=batch_size, prefetch_factor=prefetch_factor)
    if not isinstance(num_workers, Integral) or num_workers < 0:
        raise ValueError(f"num_workers must be a whole number of at least 0, got {num_workers!r}: 0 means no threads")
    if count == 0:
        raise ValueError("the dataset is empty: there is no batch to make")


def check_equally_long(arrays: Sequence[Any]) -> None:
    """Raise ValueError, with the shapes, where there are no arrays or Tensors, or their first axes differ in length."""
    shapes = [array.shape for array in arrays]
    if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) != 1:
        raise ValueError(f"tensors of shapes {shapes}: there must be one at least, and their first axes equally long")


def checked_indices(indices: Any, count: int) -> np.ndarray:
    """`indices` as a new array (n,) of int64; negative ones count from the end of `count` items.

    Raises TypeError for what are not whole numbers in one row, IndexError naming the first that is out of range.
    """
    array = np.array(indices)
    if array.ndim != 1 or array.dtype.kind not in "iu" and array.size:
        hint = ": np.flatnonzero(mask) gives the indices of a mask" if array.dtype == bool else ""
        raise TypeError(f"indices are whole numbers, (n,); got {array.dtype} of shape {array.shape}{hint}")
    array = array.astype(np.int64)
    for index in array[(array < -count) | (array >= count)][:1]:
        raise IndexError(f"index {index} is out of range: the dataset has {count} items")
    return array


def checked_images(images: Any, limit: int) -> Any:
    """A Tensor (n, ..., h, w) that needs no gradient, and a limit from 0 on; else ValueError."""
    if images.ndim < 3:
        raise ValueError(f"images are (n, ..., height, width), got {images.shape}: one image is images[None]")
    if not isinstance(limit, Integral) or limit < 0:
        raise ValueError(f"limit must be a whole number of at least 0, got {limit!r}")
    if images.requires_grad:
        raise ValueError("the images require a gradient, which does not pass through a shift: detach() them")
    return images


@runtime_checkable
class HasFields(Protocol):
    """What every class made by typing.NamedTuple or collections.namedtuple has."""

    _fields: tuple[str, ...]


def is_namedtuple(value: Any) -> bool:
    """Whether `value` is a tuple whose parts have names."""
    return isinstance(value, tuple) and isinstance(value, HasFields)


def check_alike(values: Sequence[Any], where: str, tensor: type) -> None:
    """Raise TypeError or ValueError, naming the place `where`, if the values cannot be parts of one batch.

    All are of the first one's kind: dicts, tuples or lists, strings, or numbers, which arrays and Tensors (of the class
    `tensor`) hold too. Sequences have its length, and dicts its keys.
    """
    first, kinds = values[0], {cls: _kind(cls, tensor) for cls in {type(value) for value in values}}
    kind = kinds[type(first)]
    if kind is None:
        raise TypeError(f"{where} is a {type(first).__name__}: a batch is made of Tensors, arrays, numbers, strings, "
                        "and tuples, lists and dicts of them; write a collate_fn for other things")
    if len(set(kinds.values())) > 1:
        number = next(i for i, value in enumerate(values) if kinds[type(value)] is not kind)
        raise TypeError(f"{_place(where, number)} is a {type(values[number]).__name__}, in number 0 a "
                        f"{type(first).__name__}")
    for number, value in enumerate(values if kind in (Sequence, Mapping) else ()):
        if kind is Sequence and len(value) != len(first):
            raise ValueError(f"{_place(where, number)} has {len(value)} parts, in number 0 {len(first)}")
        if kind is Mapping and (missing := [key for key in first if key not in value]):
            raise ValueError(f"{_place(where, number)} has no {missing[0]!r}, which number 0 has")


def stacked(values: Sequence[Any], where: str, tensor: type) -> np.ndarray:
    """Numbers, or arrays or Tensors of one shape, along a new first axis, in the type in which they meet.

    Python's int becomes int64, its float float64. Raises ValueError, naming the place `where`, for shapes that differ
    and for tensors that require a gradient, TypeError for numbers that no Tensor holds.
    """
    arrays = [value.data if isinstance(value, tensor) else np.asarray(value) for value in values]
    if len({array.shape for array in arrays}) > 1:
        number = next(i for i, array in enumerate(arrays) if array.shape != arrays[0].shape)
        shapes = f"has shape {arrays[number].shape}, in number 0 {arrays[0].shape}"
        raise ValueError(f"{_place(where, number)} {shapes}: a batch needs one shape")
    for number, value in enumerate(values):
        if isinstance(value, tensor) and value.requires_grad:
            raise ValueError(f"{_place(where, number)} requires a gradient, which a batch does not keep: detach() it")
    kinds = {array.dtype for array in arrays}
    try:
        dtype = _meeting(arrays) if len(kinds) > 1 else as_dtype(*kinds)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from error
    return np.stack(arrays, dtype=dtype, casting="unsafe")


def _kind(cls: type, tensor: type) -> type | None:
    for kind, classes in ((np.ndarray, (tensor, np.ndarray, np.generic, bool, int, float)), (Sequence, (tuple, list)),
                          (Mapping, (Mapping,)), (str, (str, bytes))):
        if issubclass(cls, classes):
            return kind
    return None


def _meeting(arrays: Sequence[np.ndarray]) -> np.dtype:
    kinds = {as_dtype(array.dtype) for array in arrays}
    return common_type(arrays) if any(map(is_floating, kinds)) else np.result_type(*kinds)


def _place(where: str, number: int) -> str:
    return f"number {number} of the batch: {where}"
