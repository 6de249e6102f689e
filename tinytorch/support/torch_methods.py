"""Methods that PyTorch's users type, each a line or two of what a Tensor can do already."""

from __future__ import annotations

import math
from operator import index
from typing import Any, Self

import numpy as np

from tinytorch.support.by_name import offered
from tinytorch.support.devices import Device, check_device, names_device
from tinytorch.support.dtypes import is_floating


class TorchMethods:
    """Other names and short forms; gradients come of the operations that they are made of."""

    @property
    def is_leaf(self) -> bool:
        """Whether nobody computed the tensor."""
        return self._node is None

    @property
    def device(self) -> Device: return Device()

    def dim(self) -> int: return self.ndim
    def numel(self) -> int: return self.data.size
    def nelement(self) -> int: return self.data.size
    def tolist(self) -> Any: return self.data.tolist()
    def is_floating_point(self) -> bool: return is_floating(self.dtype)

    def float(self) -> Self: return self.astype("float32")
    def double(self) -> Self: return self.astype("float64")
    def half(self) -> Self: return self.astype("float16")
    def bfloat16(self) -> Self: return self.astype("bfloat16")
    def long(self) -> Self: return self.astype("int64")
    def int(self) -> Self: return self.astype("int32")
    def bool(self) -> Self: return self.astype("bool")
    def type_as(self, other: Any) -> Self: return self.astype(other.dtype)

    def cpu(self) -> Self: return self
    def contiguous(self) -> Self: return self
    def clone(self) -> Self: return self._apply("astype", dtype=self.dtype)  # a copy; the gradient comes back as it is

    def to(self, target: Any = None, dtype: Any = None, device: Any = None) -> Self:
        """In another type, or in that of another tensor: `x.to("float16")`, `x.to(other)`. A device is "cpu"."""
        check_device(target if names_device(target) else device)
        if isinstance(target, TorchMethods):
            dtype = target.dtype
        elif target is not None and not names_device(target):
            dtype = target
        return self if dtype is None else self.astype(dtype)

    def pow(self, exponent: Any) -> Self: return self**exponent
    def square(self) -> Self: return self * self if self.dtype != bool else self.long()
    def abs(self) -> Self:  # at 0 the two halves of the gradient cancel
        return self if self.dtype.kind == "u" else self.maximum(-self)

    def view(self, *shape: Any) -> Self: return self.reshape(*shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """The axes from `start_dim` to `end_dim` as one."""
        first, last = self._place(start_dim), self._place(end_dim)
        if first > last:
            raise ValueError(f"flatten of shape {self.shape}: axis {start_dim} comes after axis {end_dim}")
        shape = self.shape or (1,)
        return self.reshape(*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])

    def unsqueeze(self, dim: int) -> Self:
        """One more axis of length 1, at `dim` of the result."""
        place = self._place(dim, 1)
        return self.reshape(*self.shape[:place], 1, *self.shape[place:])

    def squeeze(self, dim: int | None = None) -> Self:
        """Without the axes of length 1, or without the axis `dim` if that has length 1."""
        gone = range(self.ndim) if dim is None else [self._place(dim)]
        return self.reshape(tuple(n for axis, n in enumerate(self.shape) if axis not in gone or n != 1))

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Where the largest element is, along `dim` or in the flattened tensor: int64, without a gradient."""
        return offered("as_tensor")(np.argmax(self.data, axis=dim, keepdims=keepdim))

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Where the smallest element is, along `dim` or in the flattened tensor: int64, without a gradient."""
        return offered("as_tensor")(np.argmin(self.data, axis=dim, keepdims=keepdim))

    def _place(self, dim: int, more: int = 0) -> int:
        """An axis of a tensor with `more` axes than this one, from the front; a single number counts as one axis."""
        ndim = max(self.ndim + more, 1)
        if not -ndim <= index(dim) < ndim:
            raise ValueError(f"axis {dim} does not fit shape {self.shape}: there are {-ndim} to {ndim - 1}")
        return index(dim) % ndim
