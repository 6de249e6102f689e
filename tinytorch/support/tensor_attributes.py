"""What may become of a tensor's attributes: they are looked at when they are set, so that a mistake shows there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.versions import note_change

_set = object.__setattr__  # past the checks


class TensorAttributes:
    """The attributes of a Tensor, with what they are until they are set."""

    data: np.ndarray
    requires_grad: bool = False
    grad: Any = None
    _node: Any = None  # how the tensor was computed; None for a leaf

    def __setattr__(self, name: str, value: Any) -> None:
        _set(self, name, _CHECKS[name](self, value) if name in _CHECKS else value)


def record(tensor: Any, node: Any) -> None:
    """Note that `node` computed `tensor`, which therefore requires a gradient."""
    _set(tensor, "_node", node)
    _set(tensor, "requires_grad", True)


def _checked_data(tensor: Any, data: Any) -> np.ndarray:
    """`data` as an array, from an array, a NumPy number or a Tensor; TypeError for anything else.

    The array that the tensor has already, as in `w.data -= step`, was changed in place: that is noted.
    """
    data = data.data if isinstance(data, TensorAttributes) else data
    if not isinstance(data, (np.ndarray, np.generic)):
        raise TypeError(f"a tensor's data is an array, got {type(data).__name__} {data!r:.60}: make it with np.array")
    as_dtype(data.dtype)
    if tensor.requires_grad and not is_floating(data.dtype):
        raise TypeError(f"a tensor that requires a gradient holds floating numbers, got data of {data.dtype}")
    if data is vars(tensor).get("data"):
        note_change(data)
    return np.asarray(data)


def _checked_requires_grad(tensor: Any, wanted: bool) -> bool:
    if wanted and not is_floating(tensor.data.dtype):
        raise TypeError(
            f"only floating tensors can require a gradient, this one is {tensor.data.dtype}: pass dtype="
        )
    if not wanted and tensor._node is not None:
        raise RuntimeError(f"a tensor of shape {tensor.data.shape} that was computed has a record: use detach()")
    return wanted


_CHECKS: dict[str, Callable[[Any, Any], Any]] = {"data": _checked_data, "requires_grad": _checked_requires_grad}
