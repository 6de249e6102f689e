"""vectorized_matmul: one product where one will do, the same numbers as NumPy, and errors that explain."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tinytorch.core.autograd import check_gradients
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import vectorized_matmul
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import Trace
from tinytorch.support import threads
from tinytorch.support.products import column_times_row, common_batch
from tinytorch.support.threads import set_num_threads

SHAPES = [
    ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((6, 5, 2, 3), (3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)), ((0, 2, 3), (3, 4)), ((5, 0, 3), (3, 4)), ((5, 2, 0), (0, 4)), ((5, 2, 3), (3, 0)),
]  # fmt: skip


def products_of(function):
    """The shapes that went into each product, forward and backward."""
    with Trace() as trace:
        function()
    return [(o.phase, o.shapes) for o in trace.operations if "matmul" in o.name]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_values_and_gradients_are_those_of_numpys_product(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    got = vectorized_matmul(Tensor(a), Tensor(b))
    assert np.allclose(got.data, np.matmul(a, b)) and got.shape == np.matmul(a, b).shape
    assert check_gradients(vectorized_matmul, Tensor(a), Tensor(b)) < 1e-6


@pytest.mark.parametrize("left", [(8, 4, 3), (2, 4, 4, 3), (32, 3)])
def test_a_batch_against_one_matrix_is_one_product_forward_and_one_back(left):
    a, b = (Tensor(np.ones(shape, np.float32), requires_grad=True) for shape in (left, (3, 2)))
    seen = products_of(lambda: vectorized_matmul(a, b).sum().backward())
    assert seen == [("forward", ((32, 3), (3, 2))), ("backward", ((32, 3), (3, 2)))]


@pytest.fixture
def three_threads():
    set_num_threads(3)
    yield
    set_num_threads(os.cpu_count() or 1)


SHARED = [
    ((100, 64, 64), (100, 64, 64)), ((64, 64), (100, 64, 64)), ((90, 1, 64, 50), (2, 50, 64)),
    ((100, 64, 64), (1, 64, 64)),
]  # fmt: skip


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(("left", "right"), SHARED)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_a_large_batch_shared_by_threads_gives_the_same_numbers_and_gradients(left, right, dtype):
    rng = np.random.default_rng(3)
    pair = [Tensor(rng.normal(size=shape), dtype=dtype, requires_grad=True) for shape in (left, right)]
    copies = [Tensor(x.data, requires_grad=True) for x in pair]
    out, wanted = vectorized_matmul(*pair), copies[0] @ copies[1]
    g = Tensor(rng.normal(size=wanted.shape), dtype=dtype)
    out.backward(g)
    wanted.backward(g)
    assert out.dtype == wanted.dtype and np.array_equal(out.data, wanted.data)
    for x, copy in zip(pair, copies, strict=True):
        assert x.grad.dtype == copy.grad.dtype and np.array_equal(x.grad.data, copy.grad.data)


def parts_of(monkeypatch, left, right):
    """Into how many parts a product of these shapes is dealt out."""
    seen = [1]

    def one_by_one(run, parts):
        seen[0] = parts
        for i in range(parts):
            run(i)

    monkeypatch.setattr(threads, "in_parts", one_by_one)
    vectorized_matmul(Tensor(np.ones(left, np.float32)), Tensor(np.ones(right, np.float32)))
    return seen[0]


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(
    ("left", "right", "parts"),
    [((100, 64, 64), (100, 64, 64), 3), ((2, 50, 64, 64), (2, 50, 64, 64), 2), ((8, 64, 64), (8, 64, 64), 1),
     ((4, 256, 256), (4, 256, 256), 1), ((1, 100, 64, 64), (1, 100, 64, 64), 1), ((0, 4, 4), (0, 4, 4), 1)],
)  # fmt: skip
def test_only_a_large_batch_of_small_products_is_shared(monkeypatch, left, right, parts):
    assert parts_of(monkeypatch, left, right) == parts


def test_a_column_times_a_row_is_the_same_alone_and_in_a_batch():
    rng = np.random.default_rng(4)
    column, row = rng.normal(size=(5, 1)), rng.normal(size=(1, 7))
    for batch in ((), (3,), (2, 3)):
        a, b = (np.broadcast_to(x, (*batch, *x.shape)) for x in (column, row))
        assert np.allclose((Tensor(a) @ Tensor(b)).data, a * b)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64"])
def test_a_long_column_times_a_row_is_one_product_of_each_pair(dtype):
    rng = np.random.default_rng(5)
    column, row = (Tensor(rng.integers(-9, 9, shape), dtype=dtype) for shape in ((900, 2), (2, 700)))
    out = vectorized_matmul(column[:, :1], row[:1])
    assert out.dtype == dtype and np.array_equal(out.data, column.data[:, :1] * row.data[:1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_column_times_a_row_by_itself_takes_both_types_that_numba_knows(dtype):
    column, row = (Tensor(np.linspace(-2, 2, n), dtype=dtype).data for n in (5, 3))
    out = column_times_row(column[:, None], row[None])
    assert out.dtype == dtype and np.array_equal(out, column[:, None] * row)


def test_leading_axes_broadcast_as_numpys_do():
    for a, b in [((2, 3), (3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((7, 2, 3), (3, 2)), ((0, 2, 3), (1, 3, 2))]:
        assert common_batch(a, b) == np.broadcast_shapes(a[:-2], b[:-2])


def test_a_batch_in_another_memory_order_comes_out_right():
    a = np.random.default_rng(1).normal(size=(3, 4, 5)).T
    b = np.random.default_rng(2).normal(size=(3, 2))
    assert np.allclose(vectorized_matmul(Tensor(a), Tensor(b)).data, a @ b)


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [((3,), (3, 2), "(3,) @ (3, 2): vectorized_matmul needs 2D+ tensors"), ((2, 3), (3,), "2D+"), ((), (), "2D+"),
     ((2, 3), (4, 5), "shape mismatch: (2, 3) @ (4, 5): the inner dimensions 3 and 4 must match"),
     ((5, 2, 3), (2, 3), "shape mismatch"),
     ((2, 3, 4), (5, 4, 3), "(2, 3, 4) @ (5, 4, 3): the leading axes (2,) and (5,) do not broadcast: 2 and 5 must be"),
     ((7, 1, 2, 3), (4, 6, 3, 2), "the leading axes (7, 1) and (4, 6) do not broadcast: 7 and 4"),
     ((0, 2, 3), (5, 3, 2), "do not broadcast: 0 and 5")],
)  # fmt: skip
def test_what_cannot_be_multiplied_is_explained(left, right, words):
    with pytest.raises(ValueError) as caught:
        vectorized_matmul(Tensor(np.zeros(left)), Tensor(np.zeros(right)))
    assert words in str(caught.value)


def test_types_follow_the_operator_and_autocast():
    a, b = Tensor(np.ones((2, 3), np.float32)), Tensor(np.ones((3, 2), np.float16))
    assert vectorized_matmul(a, b).dtype == (a @ b).dtype == np.float32
    with autocast("bfloat16"):
        assert vectorized_matmul(a, a.T).dtype.name == "bfloat16"
    assert vectorized_matmul([[1, 2]], [[3], [4]]).item() == 11


def test_halves_are_added_in_float32():
    ones = Tensor(np.ones((1, 1, 5000), np.float16))
    assert vectorized_matmul(ones, Tensor(np.ones((5000, 1), np.float16))).item() == 5000


@pytest.mark.parametrize("product", [Tensor.matmul, vectorized_matmul])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_matrix_that_a_batch_shares_has_its_gradient_rounded_once(product, dtype):
    """4,096 shares that are 0 or coarse in 16 bits, and in sum are not."""
    many, one = np.full((4096, 1, 1), 2e-4), np.ones((1, 1))
    for arrays, place in (((many, one), 1), ((one, many), 0)):
        leaves = [Tensor(array, dtype, requires_grad=True) for array in arrays]
        out = product(*leaves)
        out.backward(Tensor(np.full(out.shape, 1e-4), dtype))
        shares = Tensor(2e-4, dtype).data.astype(float) * Tensor(1e-4, dtype).data.astype(float)
        assert leaves[place].grad.item() == pytest.approx(4096 * shares, rel=4e-3)
