"""Questions about training data: are these examples, is this a pair, how many batches is it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import length_hint
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.support.dtypes import as_dtype


def check_examples(inputs: ArrayLike, targets: ArrayLike) -> None:
    """Raise ValueError where the first axes, which count the examples, are not there, empty, or of two lengths."""
    shape, other = np.shape(inputs), np.shape(targets)
    if not shape or not other or shape[0] != other[0]:
        raise ValueError(
            f"inputs of shape {shape} and targets of shape {other}: their first axes count the examples and must be "
            "equally long"
        )
    if shape[0] == 0:
        raise ValueError(f"there are no examples: the inputs have shape {shape}")


def check_data(data: Any, validation: Any, epochs: int, batch_size: int, tensor: type) -> int:
    """The batches in an epoch, 0 where `data` does not tell; TypeError or ValueError for what cannot be trained on.

    `data` is a pair (inputs, targets) or an iterable of batches, `validation` a pair or None; `tensor` is the class of
    tensors, of which one alone is not data either.
    """
    if epochs < 0:
        raise ValueError(f"epochs is {epochs}: it cannot be negative")
    if isinstance(data, (tuple, np.ndarray, tensor)):
        check_examples(*pair(data, "the training data"))
    if validation is not None:
        check_examples(*pair(validation, "validation"))
    return math.ceil(len(data[0]) / max(batch_size, 1)) if isinstance(data, tuple) else length_hint(data)


def check_settings(clip_norm: float | None, accumulate: int) -> None:
    """Raise ValueError for a length to clip to that is not above 0, or fewer than one batch for an update."""
    if accumulate < 1:
        raise ValueError(f"accumulate is {accumulate}: an update takes at least one batch")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm is {clip_norm}: the length to clip to is above 0, or None for no clipping")


def pair(value: Any, what: str) -> tuple[Any, Any]:
    """`value` as a tuple (inputs, targets); TypeError, naming `what`, where it is not a tuple or a list of two."""
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        found = f"{len(value)} parts" if isinstance(value, (tuple, list)) else f"one {type(value).__name__}"
        raise TypeError(
            f"{what} should be a pair (inputs, targets), got {found}: write fit((inputs, targets), epochs) for arrays, "
            "or give an iterable of such pairs"
        )
    inputs, targets = value
    return inputs, targets


def examples(inputs: Any, targets: Any, as_tensor: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays: what is not one is made one by `as_tensor`. ValueError where they are not as many examples."""
    arrays = [
        x.astype(as_dtype(x.dtype), copy=False) if isinstance(x, np.ndarray) else as_tensor(x).data
        for x in (inputs, targets)
    ]
    check_examples(*arrays)
    return arrays[0], arrays[1]


def epoch_of(data: Any, batch_size: int, batches: Callable, as_tensor: Callable) -> Iterable[tuple[Any, Any]]:
    """One epoch: `batches` of a tuple (inputs, targets), or the batches that `data` gives, as tensors."""
    if isinstance(data, tuple):
        return batches(*pair(data, "the training data"), batch_size)
    what = "a batch of the training data"
    return (tuple(as_tensor(part) for part in pair(batch, what)) for batch in data)


def grouped(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The batches of an epoch in lists of `size`, of which the last may be shorter; ValueError where there are none.

    >>> list(grouped("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    items, group = iter(items), []
    while some := list(islice(items, size)):
        yield (group := some)
    if not group:
        raise ValueError(
            "there are no batches: a generator can be walked once only, pass a list or an object that starts anew for "
            "each epoch"
        )
