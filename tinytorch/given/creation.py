"""New tensors: from numbers, filled with one number, or in even steps.

All take `dtype=`, `requires_grad=` and `device=` ("cpu", or ValueError). Without `dtype` the type is float32, unless a
function says otherwise. A shape is `2, 3` or one tuple or list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_array, as_tensor, wrap
from tinytorch.support.devices import check_device
from tinytorch.support.dtypes import as_dtype, is_floating

__all__ = [
    "tensor", "from_numpy", "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like",
    "eye", "arange", "linspace",
]  # fmt: skip

_OF_KIND = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float32}  # PyTorch's type for Python's numbers


def made(array: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A Tensor of a new array, with the options that every function here takes."""
    check_device(device)
    return Tensor(np.asarray(array), dtype, requires_grad)


def shape_of(size: tuple) -> tuple[int, ...]:
    """The shape that was given as `2, 3`, as `(2, 3)` or as `[2, 3]`. ValueError for a negative length."""
    given = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    shape = tuple(int(length) for length in given)
    if min(shape, default=0) < 0:
        raise ValueError(f"a shape has no negative lengths, got {shape}")
    return shape


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A copy of numbers, lists or arrays. Python's whole numbers become int64, its fractions float32.

    `Tensor(...)` makes float32 of both. Arrays and tensors keep their type. TypeError for what is not real numbers.
    """
    check_device(device)
    if dtype is None and not isinstance(data, (Tensor, np.ndarray, np.generic)):
        as_array(data)  # raises for what is not a grid of real numbers
        data = np.asarray(data)
        dtype = _OF_KIND.get(data.dtype.kind)
    return Tensor(data, dtype, requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor that shares the array's memory, so that a change of one shows in the other."""
    if not isinstance(array, np.ndarray) or as_dtype(array.dtype) != array.dtype:
        raise TypeError(f"from_numpy takes an array, got a {type(array).__name__}: write tensor(...)")
    return wrap(array)


def full(size: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Every element `fill_value`: bool, int64 or float32 by its kind."""
    number = np.asarray(fill_value.item() if isinstance(fill_value, Tensor) else fill_value)
    return made(np.full(shape_of((size,)), number), dtype or _OF_KIND[number.dtype.kind], **options)


def zeros(*size: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Every element 0."""
    return made(np.zeros(shape_of(size)), dtype or np.float32, **options)


def ones(*size: Any, dtype: Any = None, **options: Any) -> Tensor:
    """Every element 1."""
    return made(np.ones(shape_of(size)), dtype or np.float32, **options)


def empty(*size: Any, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor to be filled: its numbers are 0, PyTorch's can be anything."""
    return zeros(*size, dtype=dtype, **options)


def like(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same for a tensor's shape and, without `dtype`, its type."""

    def of_tensor(input: Tensor, *inputs: Any, dtype: Any = None, **options: Any) -> Tensor:
        x = as_tensor(input)
        return function(x.shape, *inputs, dtype=dtype or x.dtype, **options)

    of_tensor.__name__ = f"{function.__name__}_like"
    of_tensor.__doc__ = f"`{function.__name__}` in the shape and, without `dtype`, the type of `input`."
    return of_tensor


zeros_like, ones_like, empty_like, full_like = map(like, (zeros, ones, empty, full))


def eye(n: int, m: int | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """The unit matrix (n, n), or (n, m) with ones on the diagonal."""
    return made(np.eye(*shape_of((n, n if m is None else m))), dtype or np.float32, **options)


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None, **options: Any) -> Tensor:
    """The numbers from `start` (or 0) up to, without, `end`: int64 where all are whole, else float32.

    ValueError where no number of steps leads from `start` to `end`.
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (part.item() if isinstance(part, Tensor) else part for part in (start, end, step))
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"arange from {start} to {end} in steps of {step}: they do not lead there")
    whole = all(isinstance(part, (int, np.integer)) for part in (start, end, step))
    dtype = as_dtype(dtype or (np.int64 if whole else np.float32))
    if dtype == np.int64:
        start, end, step = int(start), int(end), int(step)
    count = math.ceil((end - start) / step)
    if not is_floating(dtype):
        start, step = int(start), int(step)
    return made(start + step * np.arange(count), dtype, **options)


def linspace(start: float, end: float, steps: int, dtype: Any = None, **options: Any) -> Tensor:
    """`steps` numbers from `start` to `end`, both included."""
    dtype = as_dtype(dtype or np.float32)
    ends = (start, end) if is_floating(dtype) else (int(start), int(end))
    return made(np.linspace(*ends, steps), dtype, **options)
