"""Operations on arrays, in the form that NumPy runs fastest and in the types of deep learning."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from tinytorch.support.dtypes import is_floating


def array_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.matmul; two matrices by np.dot, which begins sooner, and columns times rows, slow in np.matmul, by `*`.

    >>> array_product(np.array([[1, 2]]), np.array([[3], [4]]))
    array([[11]])
    """
    if a.ndim == 2 == b.ndim:
        return np.dot(a, b)
    columns_times_rows = a.ndim > 1 and b.ndim > 1 and a.shape[-1] == 1 == b.shape[-2]
    return a * b if columns_times_rows else np.matmul(a, b)


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b, element by element; of whole numbers or booleans in float32, where NumPy would make float64.

    >>> quotient(np.array([1, 3]), np.array([2, 2])).dtype
    dtype('float32')
    """
    whole = not (is_floating(a.dtype) or is_floating(b.dtype))
    return np.divide(a, b, dtype=np.float32) if whole else np.divide(a, b)


def power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a ** b, element by element; for one b of 0.5 or -0.5 by the root, as PyTorch does, which is nan at -inf.

    >>> power(np.array([4.0, -np.inf]), np.array(0.5))
    array([ 2., nan])
    """
    if isinstance(b, np.ndarray) and b.ndim == 0 and abs(b) == 0.5:
        return np.sqrt(a) if b > 0 else 1 / np.sqrt(a)
    return np.power(a, b)


def total(array: np.ndarray, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> np.ndarray:
    """np.sum; of whole numbers and booleans in int64, also where NumPy would take uint64.

    >>> total(np.array([200, 100], np.uint8)), total(np.array([200, 100], np.uint8)).dtype
    (np.int64(300), dtype('int64'))
    """
    return np.sum(array, axis=axis, keepdims=keepdims, dtype=np.int64 if array.dtype.kind in "biu" else None)


def average(array: np.ndarray, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> np.ndarray:
    """np.mean of floating numbers, without the warning that it gives where there are none; that mean is nan.

    >>> average(np.array([[1.0, 2.0], [3.0, 5.0]]), axis=(0,))
    array([2. , 3.5])
    """
    added = np.sum(array, axis=axis, keepdims=keepdims)
    return added / (array.size // max(added.size, 1))


def rows_of(array: np.ndarray) -> np.ndarray:
    """An array (..., n) as a matrix (rows, n), without a copy where its layout allows.

    >>> rows_of(np.zeros((2, 3, 4))).shape
    (6, 4)
    """
    return array if array.ndim == 2 else array.reshape(prod(array.shape[:-1]), array.shape[-1])


def side_by_side(array: np.ndarray) -> np.ndarray:
    """The matrices of a batch (..., m, n) as one matrix (m, count * n), a copy.

    >>> side_by_side(np.array([[[1], [2]], [[3], [4]]]))
    array([[1, 3],
           [2, 4]])
    """
    *count, m, n = array.shape
    return np.moveaxis(array, -2, 0).reshape(m, prod(count) * n)


def column_sums(rows: np.ndarray) -> np.ndarray:
    """`rows.sum(axis=0)` of a floating matrix (m, n), as a matrix product.

    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    return np.dot(_ones(len(rows), rows.dtype), rows)


@lru_cache(maxsize=8)
def _ones(count: int, dtype: np.dtype) -> np.ndarray:
    return np.ones(count, dtype)


def row_maxima(array: np.ndarray) -> np.ndarray:
    """The largest number of each row of a floating array (..., n), as (..., 1); -inf for rows without numbers.

    >>> row_maxima(np.array([[1.0, 3.0], [np.nan, 0.0]])).tolist()
    [[3.0], [nan]]
    """
    if not array.shape[-1]:
        return np.full((*array.shape[:-1], 1), -np.inf, array.dtype)
    return np.take_along_axis(array, array.argmax(axis=-1, keepdims=True), axis=-1)  # on short rows quicker than max


def row_sums(array: np.ndarray) -> np.ndarray:
    """The sum of each row of a floating array (..., n), as (..., 1), by a matrix product.

    >>> row_sums(np.array([[1.0, 3.0], [5.0, 0.0]])).tolist()
    [[4.0], [5.0]]
    """
    return np.matmul(array, _ones(array.shape[-1], array.dtype))[..., np.newaxis]


def softmax_of_rows(rows: np.ndarray) -> np.ndarray:
    """The softmax of each row of a floating matrix (m, n), in a new one.

    >>> softmax_of_rows(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    largest = rows[np.arange(len(rows)), rows.argmax(axis=-1)]  # on short rows quicker than max
    out = np.exp(rows - largest[:, np.newaxis])
    out /= out.sum(axis=-1, keepdims=True)
    return out


def masked(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A floating array where `mask`, of its shape, holds, and 0 elsewhere, also where the array is inf or nan.

    Each number's bits are multiplied by 1 or 0 as a whole number, which takes the same time for every element; a
    choice for each, as in np.where, is slow where it cannot be predicted.

    >>> masked(np.array([1.0, np.inf]), np.array([True, False]))
    array([1., 0.])
    """
    return (array.view(f"i{array.itemsize}") * mask).view(array.dtype)


def with_axes(array: np.ndarray, axis: tuple[int, ...] | None, keepdims: bool, ndim: int) -> np.ndarray:
    """`array`, reduced from `ndim` axes over `axis` (None for all), with those axes back as length 1.

    >>> with_axes(np.array([5.0, 7.0]), (1,), False, 2).shape
    (2, 1)
    """
    return array if keepdims else np.expand_dims(array, tuple(range(ndim)) if axis is None else axis)


def as_matrices(g: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arrays of a product g = a @ b with at least two axes each: a vector is one row (left) or one column (right).

    >>> [each.shape for each in as_matrices(np.zeros(2), np.zeros((2, 3)), np.zeros(3))]
    [(2, 1), (2, 3), (3, 1)]
    """
    if a.ndim == 1:
        a, g = a[None, :], np.expand_dims(g, -2 if b.ndim > 1 else -1)
    if b.ndim == 1:
        b, g = b[:, None], np.expand_dims(g, -1)
    return g, a, b
