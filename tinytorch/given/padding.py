"""torch.nn.functional's `pad` and `one_hot`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensor, wrap
from tinytorch.given.joining import cat

__all__ = ["pad", "one_hot"]

BY_INDEX = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # PyTorch's names and NumPy's


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float = 0) -> Tensor:
    """`input` with `pad` = (before, after) more elements on its last axis; the next pair is for its second-last.

    They are `value` with mode="constant"; "reflect", "replicate" and "circular" repeat elements. A negative number
    takes elements away. ValueError where the numbers are not pairs, or there are more pairs than axes.
    """
    x, pairs = as_tensor(input), list(zip(pad[::2], pad[1::2], strict=len(pad) % 2 == 0))
    if len(pad) % 2 or len(pairs) > x.ndim:
        raise ValueError(f"pad wants a pair of numbers for each of at most {x.ndim} axes, got {tuple(pad)}")
    if mode != "constant" and mode not in BY_INDEX:
        raise ValueError(f'mode must be "constant", "reflect", "replicate" or "circular", got {mode!r}')
    for back, (before, after) in enumerate(pairs, 1):
        axis = x.ndim - back
        x = _filled(x, axis, before, after, value) if mode == "constant" else _repeated(x, axis, before, after, mode)
    return x


def _filled(x: Tensor, axis: int, before: int, after: int, value: float) -> Tensor:
    length = x.shape[axis]
    if length + before + after < 0 or length + min(before, 0) + min(after, 0) < 0:
        raise ValueError(f"pad takes more than the {length} elements that there are along axis {axis}")
    kept = x[(slice(None),) * axis + (slice(max(-before, 0), length - max(-after, 0)),)]
    more = [np.full((*x.shape[:axis], max(n, 0), *x.shape[axis + 1 :]), value, x.dtype) for n in (before, after)]
    return cat([wrap(more[0]), kept, wrap(more[1])], axis)


def _repeated(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    if mode == "circular" and min(before, after) < 0:  # what is left is repeated, as in PyTorch
        x = _filled(x, axis, min(before, 0), min(after, 0), 0)
        before, after = max(before, 0), max(after, 0)
    length = x.shape[axis]
    most = {"reflect": length - 1, "circular": length, "replicate": np.inf}[mode]
    if max(before, after) > most:
        raise ValueError(f"pad with mode={mode!r} adds at most {most} elements to the {length} along axis {axis}")
    places = np.pad(np.arange(length), (max(before, 0), max(after, 0)), mode=BY_INDEX[mode])
    places = places[max(-before, 0) : len(places) - max(-after, 0)]
    return x[(slice(None),) * axis + (places,)]


def one_hot(tensor: Any, num_classes: int = -1) -> Tensor:
    """(...) of whole numbers from 0 on becomes (..., num_classes), int64, with a 1 at each number and 0 elsewhere.

    Without `num_classes` there are as many as the largest number asks for. ValueError for a number that is no class.
    """
    classes = as_tensor(tensor).data
    if classes.dtype.kind not in "iu":
        raise TypeError(f"one_hot wants whole numbers, got {classes.dtype}: write x.long()")
    count = int(classes.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if count < 1 or classes.min(initial=0) < 0 or classes.max(initial=0) >= count:
        raise ValueError(f"one_hot wants classes from 0 to {count - 1}, got {classes.min()} to {classes.max()}")
    return wrap((classes[..., np.newaxis] == np.arange(count)).astype(np.int64))
