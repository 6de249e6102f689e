"""Operations on arrays give what NumPy's plain ones give, with the slow cases and float64 avoided."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.arrays import (
    array_product,
    as_matrices,
    column_sums,
    masked,
    quotient,
    rows_of,
    softmax_of_rows,
    with_axes,
)

SHAPES = [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 3, 1), (5, 1, 4)), ((3, 1), (1, 4)),
          ((3,), (3, 2)), ((4, 3), (3,)), ((3,), (3,)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((6, 1), (1,)),
          ((2, 1, 4, 1), (3, 1, 5))]  # fmt: skip
MISFITS = [((2, 3), (4, 5)), ((5, 2, 3), (5, 4, 3)), ((3,), (4,)), ((5, 2, 1), (5, 2, 3))]


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_a_product_is_numpys(left, right, dtype):
    a, b = (np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype) for shape in (left, right))
    got, wanted = array_product(a, b), np.matmul(a, b)
    assert np.array_equal(got, wanted)
    assert (np.shape(got), got.dtype) == (np.shape(wanted), wanted.dtype)


@pytest.mark.parametrize(("left", "right"), MISFITS)
def test_what_is_not_a_product_is_numpys_error(left, right):
    with pytest.raises(ValueError):
        array_product(np.ones(left), np.ones(right))


def test_numpys_message_for_a_misfit_is_the_one_that_lesson_01_quotes():
    with pytest.raises(ValueError) as caught:
        np.matmul(np.ones((2, 3)), np.ones((4, 5)))
    assert str(caught.value).endswith("gufunc signature (n?,k),(k,m?)->(n?,m?) (size 4 is different from 3)")


@pytest.mark.parametrize(("left", "right", "wanted"), [
    ("int64", "int64", "float32"), ("bool", "uint8", "float32"), ("float16", "float16", "float16"),
    ("float64", "float32", "float64"), ("int8", "float16", "float16"),
])  # fmt: skip
def test_a_quotient_of_whole_numbers_is_float32(left, right, wanted):
    got = quotient(np.array([1, 0], left), np.array([1, 1], right))
    assert got.dtype == wanted and got.tolist() == [1, 0]


TYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 4)])
def test_rows_are_the_last_axis(shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    assert np.array_equal(rows_of(array), array.reshape(-1, 4))
    assert np.shares_memory(rows_of(array), array) or array.size == 0


@TYPES
def test_column_sums_are_sums_over_the_rows(dtype):
    rows = np.random.default_rng(0).integers(-4, 5, size=(7, 3)).astype(dtype)
    assert column_sums(rows).dtype == dtype
    assert column_sums(rows).tolist() == rows.sum(axis=0).tolist()


@TYPES
def test_softmax_of_rows_adds_up_to_one_however_large_the_numbers(dtype):
    rows = np.array([[1, 2, 3], [1000, -1000, 1000], [-1000, -1000, -1000]], dtype)
    got, before = softmax_of_rows(rows), rows.copy()
    assert got.dtype == dtype and np.array_equal(rows, before)
    assert np.allclose(got.sum(axis=1), 1, atol=1e-3)
    assert np.allclose(got[1:], [[0.5, 0, 0.5], [1 / 3] * 3], atol=1e-3)


@TYPES
def test_what_is_masked_out_is_0_even_where_it_was_infinite(dtype):
    array = np.array([1.5, np.inf, -np.inf, np.nan, -2.0, np.inf], dtype)
    mask = np.array([True, False, False, False, True, True])
    assert masked(array, mask).tolist() == [1.5, 0, 0, 0, -2, np.inf]
    assert masked(array, mask).dtype == dtype
    assert masked(array[::2], mask[::2]).tolist() == [1.5, 0, -2]


@pytest.mark.parametrize("axis", [None, (0,), (1,), (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_the_axes_of_a_reduction_come_back(axis, keepdims):
    x = np.arange(24.0).reshape(2, 3, 4)
    got = with_axes(x.sum(axis=axis, keepdims=keepdims), axis, keepdims, 3)
    assert np.array_equal(got, x.sum(axis=axis, keepdims=True))


@pytest.mark.parametrize(
    ("left", "right", "shapes"),
    [
        ((2, 3), (3, 4), [(2, 4), (2, 3), (3, 4)]),
        ((3,), (3, 4), [(1, 4), (1, 3), (3, 4)]),
        ((2, 3), (3,), [(2, 1), (2, 3), (3, 1)]),
        ((3,), (3,), [(1, 1), (1, 3), (3, 1)]),
        ((3,), (5, 3, 2), [(5, 1, 2), (1, 3), (5, 3, 2)]),
    ],
)
def test_vectors_become_rows_and_columns(left, right, shapes):
    a, b = np.ones(left), np.ones(right)
    g, a, b = as_matrices(np.asarray(a @ b), a, b)
    assert [g.shape, a.shape, b.shape] == shapes
    assert np.broadcast_shapes((a @ b).shape, g.shape) == g.shape
