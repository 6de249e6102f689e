"""NumPy's products and quotients, with the slow cases and float64 avoided."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.arrays import array_product, quotient

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
