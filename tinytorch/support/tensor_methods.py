"""The methods of a Tensor: most are one line that names an operation.

Lesson 01's Tensor inherits them. It adds the three methods that look an operation up by its name and run it:

- `_binary(name, a, b)`: two operands, of which one is the tensor; NotImplemented where the other is not an operand;
- `_reduce(name, axis, keepdims)`: a sum, a mean or an extreme of the tensor;
- `_apply(name, **options)`: any other operation, with the tensor as its only input.

A method that PyTorch has and that is missing here is added as one line, to the class where a reader would look for it:
another name, or a short form, to TorchMethods; what a lesson's function or one of tinytorch.given does, to
ForwardedMethods.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy, deepcopy
from numbers import Number
from typing import Any, Self

import numpy as np

from tinytorch.support.array_operators import BesideArrays
from tinytorch.support.counts import Count
from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.forwarded_methods import ForwardedMethods
from tinytorch.support.in_place_methods import InPlaceMethods
from tinytorch.support.state import state
from tinytorch.support.tensor_attributes import TensorAttributes
from tinytorch.support.torch_methods import TorchMethods
from tinytorch.support.torch_names import also_dim, pair_along_dim
from tinytorch.support.versions import note_change


class Arithmetic:
    """`+ - * / ** @` and negation; Python calls `__radd__` and its kin where the tensor is on the right: `1 + x`."""

    def __add__(self, other: Any) -> Self: return self._binary("add", self, other)
    def __radd__(self, other: Any) -> Self: return self._binary("add", other, self)
    def __sub__(self, other: Any) -> Self: return self._binary("sub", self, other)
    def __rsub__(self, other: Any) -> Self: return self._binary("sub", other, self)
    def __mul__(self, other: Any) -> Self: return self._binary("mul", self, other)
    def __rmul__(self, other: Any) -> Self: return self._binary("mul", other, self)
    def __truediv__(self, other: Any) -> Self: return self._binary("div", self, other)
    def __rtruediv__(self, other: Any) -> Self:
        """1 / x is an operation of its own, as in PyTorch, and a number over x is its multiple."""
        return self.reciprocal() * other if isinstance(other, Number) else self._binary("div", other, self)
    def __pow__(self, other: Any) -> Self: return self._binary("pow", self, other)
    def __rpow__(self, other: Any) -> Self: return self._binary("pow", other, self)
    def __matmul__(self, other: Any) -> Self: return self._binary("matmul", self, other)
    def __rmatmul__(self, other: Any) -> Self: return self._binary("matmul", other, self)
    def matmul(self, other: Any) -> Self: return self @ other
    def __neg__(self) -> Self: return self._apply("neg")


class InPlace:
    """`+= -= *= /=` and `x[i] = ...`. A leaf that requires a gradient changes inside no_grad(), as in PyTorch.

    Such a leaf gets a new array, so a graph that holds the old numbers keeps them. Of any other tensor `x += y` is
    `x = x + y`. `x[i] = ...` writes to the tensor's own array, as NumPy does; a graph that holds it refuses backward().
    """

    def __iadd__(self, other: Any) -> Self: return self._in_place(np.add, other)
    def __isub__(self, other: Any) -> Self: return self._in_place(np.subtract, other)
    def __imul__(self, other: Any) -> Self: return self._in_place(np.multiply, other)
    def __itruediv__(self, other: Any) -> Self: return self._in_place(np.divide, other)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check_free(value)
        self.data[_plain_index(index)] = value.data if isinstance(value, TensorMethods) else value
        note_change(self.data)

    def _in_place(self, function: np.ufunc, other: Any) -> Self:
        if not self.requires_grad or self._node is not None:
            return NotImplemented  # then Python takes the operator that makes a new tensor
        self._check_free(other)
        number, changed = other.data if isinstance(other, TensorMethods) else other, np.empty_like(self.data)
        self.data = function(self.data, number, out=changed)
        return self

    def _check_free(self, value: Any = None) -> None:
        """Raise RuntimeError where a change of the numbers, to `value`, should have been recorded, and is not."""
        if not state.recording:
            return
        if self.requires_grad:
            raise RuntimeError(
                f"a tensor of shape {self.shape} that requires a gradient is changed in place, which is not recorded: "
                "do that inside `with no_grad():`, or make a new tensor"
            )
        if isinstance(value, TensorMethods) and value.requires_grad:
            raise RuntimeError(
                f"a tensor of shape {self.shape} is changed in place by one that requires a gradient, which is not "
                "recorded: write its detach(), or make a new tensor, with where, cat or stack"
            )


class Comparison:
    """`< <= > >= == !=`, element by element; the results are boolean tensors, through which no gradient passes."""

    def __lt__(self, other: Any) -> Self: return self._binary("less", self, other)
    def __le__(self, other: Any) -> Self: return self._binary("less_equal", self, other)
    def __gt__(self, other: Any) -> Self: return self._binary("greater", self, other)
    def __ge__(self, other: Any) -> Self: return self._binary("greater_equal", self, other)
    def __eq__(self, other: object) -> Self: return self._binary("equal", self, other)
    def __ne__(self, other: object) -> Self: return self._binary("not_equal", self, other)
    __hash__ = object.__hash__  # a tensor can be a key: it is told from others by what it is, not by its numbers


class Elementwise:
    """Functions of one element at a time; whole numbers and booleans become float32 first."""

    def exp(self) -> Self: return self._floating()._apply("exp")
    def log(self) -> Self: return self._floating()._apply("log")
    def sqrt(self) -> Self: return self._floating()._apply("sqrt")
    def tanh(self) -> Self: return self._floating()._apply("tanh")
    def reciprocal(self) -> Self: return self._floating()._apply("reciprocal")

    def astype(self, dtype: Any) -> Self:
        """The same numbers in another type; the gradient comes back in this tensor's own."""
        dtype = as_dtype(dtype)
        return self if dtype == self.dtype else self._apply("astype", dtype=dtype)

    def _floating(self) -> Self:
        return self if is_floating(self.dtype) else self.astype(np.float32)


class Reduction:
    """Sums, means and extremes over all elements, over one axis or over several."""

    @also_dim
    def sum(self, axis: Any = None, keepdims: bool = False) -> Self:
        return self._reduce("sum", _axis_of(self, axis), keepdims)
    @also_dim
    def mean(self, axis: Any = None, keepdims: bool = False) -> Self:
        return self._floating()._reduce("mean", _axis_of(self, axis), keepdims)
    @pair_along_dim
    def max(self, axis: Any = None, keepdims: bool = False) -> Self:
        return self._reduce("max", _axis_of(self, axis), keepdims)
    @pair_along_dim
    def min(self, axis: Any = None, keepdims: bool = False) -> Self:
        return self._reduce("min", _axis_of(self, axis), keepdims)


class Shaping:
    """New shapes and parts of the same numbers."""

    def reshape(self, *shape: Any) -> Self:
        """`x.reshape(2, 3)` or `x.reshape((2, 3))`; one length may be -1."""
        return self._apply("reshape", shape=_unpacked(shape))

    def permute(self, *axes: Any) -> Self:
        """The axes in another order: `x.permute(0, 2, 1)` or `x.permute((0, 2, 1))`."""
        return self._apply("transpose", axes=_unpacked(axes))

    def transpose(self, axis0: int = -2, axis1: int = -1) -> Self:
        """Two axes swapped, as in PyTorch; the last two unless told otherwise. ValueError for what is not an axis."""
        if self.ndim == 0 and {axis0, axis1} <= {0, -1}:
            return self
        order, ends = list(range(self.ndim)), range(-self.ndim, self.ndim)
        if axis0 not in ends or axis1 not in ends:
            raise ValueError(f"cannot swap axes {axis0} and {axis1} of a tensor with {self.ndim} axes")
        order[axis0], order[axis1] = order[axis1], order[axis0]
        return self.permute(*order)

    @property
    def T(self) -> Self: return self.permute(*range(self.ndim)[::-1])

    def __getitem__(self, index: Any) -> Self:
        """A part, by NumPy's rules; a tensor in `index` counts as its array."""
        return self._apply("getitem", index=_plain_index(index))


class Conversion:
    """What a tensor is in the eyes of Python and of NumPy."""

    @property
    def shape(self) -> tuple[int, ...]: return self.data.shape
    @property
    def size(self) -> Count: return Count(self.data.shape)
    @property
    def ndim(self) -> int: return self.data.ndim
    @property
    def dtype(self) -> np.dtype: return self.data.dtype

    def numpy(self) -> np.ndarray: return self.data
    def item(self) -> float | int | bool: return self.data.item()
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The array, for NumPy's functions. RuntimeError for a tensor that requires a gradient: they record nothing."""
        if self.requires_grad:
            raise RuntimeError(
                f"NumPy leaves no record, so a tensor of shape {self.shape} that requires a gradient is no array: use "
                "the operations of Tensor, or detach() for its numbers"
            )
        return np.array(self.data, dtype=dtype, copy=copy)
    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A leaf of its own, gradient included. RuntimeError for a tensor that was computed, and so has a record."""
        if self._node is not None:
            raise RuntimeError(
                f"a tensor of shape {self.shape} that was computed cannot be deep-copied, as its record leads to all "
                "that it came from: keep detach() of it"
            )
        memo[id(self)] = twin = copy(self)
        twin.data, twin.grad = self.data.copy(), deepcopy(self.grad, memo)
        return twin

    def __len__(self) -> int: return len(self.data)
    def __iter__(self) -> Iterator[Self]: return (self[i] for i in range(len(self)))
    def __bool__(self) -> bool:
        numbers = self.data
        if numbers.size != 1:
            raise ValueError(f"a tensor of shape {self.shape} is neither true nor false: ask one element, or its max()")
        return bool(numbers)
    def __float__(self) -> float: return float(self.data.item())
    def __int__(self) -> int: return int(self.data.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.ndim == 0 else super().__format__(spec)

    def __repr__(self) -> str:
        kind, wish = type(self).__name__, ", requires_grad=True" if self.requires_grad else ""
        numbers = np.array2string(self.data, separator=", ", prefix=f"{kind}(", precision=4)
        return f"{kind}({numbers}, dtype={self.dtype}{wish})"


class TensorMethods(
    Arithmetic, InPlace, Comparison, Elementwise, Reduction, Shaping, Conversion, TorchMethods, InPlaceMethods,
    ForwardedMethods, TensorAttributes, BesideArrays,
):  # fmt: skip
    """All of them, for a class with `_binary`, `_reduce` and `_apply`."""


def _unpacked(arguments: tuple) -> tuple:
    return tuple(arguments[0]) if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)) else arguments


def _axis_of(tensor: Any, axis: Any) -> Any:
    """`axis`; of a single number without axes, which may be reduced along 0 or -1 as in PyTorch, None."""
    return None if tensor.ndim == 0 and axis in (0, -1, (0,), (-1,), [0], [-1]) else axis


def _plain_index(index: Any) -> Any:
    """An index for NumPy, in which tensors have become arrays. Arrays and lists are copies: a gradient goes back to
    where the numbers came from, whatever becomes of the caller's index meanwhile.
    """
    if isinstance(index, tuple):
        return tuple(_plain_index(part) for part in index)
    if isinstance(index, TensorMethods):
        return index.data.copy()
    return deepcopy(index) if isinstance(index, (np.ndarray, list)) else index
