"""Large arrays are computed by compiled kernels: the same values, types and gradients as by the lessons' functions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.operations.cases import OPERATIONS
from tests.operations.check import DTYPES, LAYOUTS, check, leaf
from tinytorch.core.activations import SOFTMAX, normalized_exp
from tinytorch.core.layers import LAYER_NORM, normalized
from tinytorch.support import large, launch, norm_kernels, softmax_kernels
from tinytorch.support.gradients import layer_norm_rule, softmax
from tinytorch.support.threads import get_num_threads, set_num_threads

WITH_KERNEL = [operation for operation in OPERATIONS if operation.primitive in ("softmax", "layer_norm")]
GRID = [
    pytest.param(operation, shapes, dtype, id=f"{operation.name}-{shapes}-{dtype}")
    for operation in WITH_KERNEL for shapes in operation.shapes for dtype in DTYPES
]  # fmt: skip


@pytest.fixture
def all_are_large(monkeypatch):
    monkeypatch.setattr(large, "LARGE", 2)


@pytest.fixture
def two_threads(monkeypatch):
    """Two threads, for arrays of any size."""
    monkeypatch.setattr(launch, "PART", 1)
    before = get_num_threads()
    set_num_threads(2)
    yield
    set_num_threads(before)


def random(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize(("operation", "shapes", "dtype"), GRID)
def test_a_kernel_agrees_with_float64_pytorch_and_differences(all_are_large, operation, shapes, dtype):
    check(operation, shapes, dtype)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("operation", WITH_KERNEL, ids=lambda operation: operation.name)
def test_a_kernel_does_not_care_how_its_inputs_lie_in_memory(all_are_large, operation, layout):
    check(operation, max(operation.shapes, key=str), "float32", layout)


@pytest.mark.parametrize("operation", WITH_KERNEL, ids=lambda operation: operation.name)
def test_a_kernel_has_inf_and_nan_where_the_lessons_function_has_them(monkeypatch, operation):
    extremes = np.array([np.inf, -np.inf, 1e38, -1e38, 0.0, -1000.0, 1000.0, np.nan], np.float32)
    for turn in range(8):
        results = []
        for size in (2, large.LARGE):
            monkeypatch.setattr(large, "LARGE", size)
            leaves = [leaf(np.resize(np.roll(extremes, turn), shape)) for shape in operation.shapes[0]]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                out = operation.run(*leaves)
            results.append(np.isfinite(out.data))
        assert np.array_equal(*results)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(700, 3), (5, 31, 17), (3, 300)])
def test_kernels_on_two_threads_compute_what_the_lessons_functions_do(two_threads, shape, dtype):
    x, g = random(*shape, dtype=dtype), random(*shape, seed=1, dtype=dtype)
    weight, bias = random(2, shape[-1], seed=2, dtype=dtype)
    y = normalized_exp(x, -1)
    pairs = [
        (norm_kernels.layer_norm(x, weight, bias, eps=0.1), normalized(x, weight, bias, 0.1)),
        (softmax_kernels.softmax(x), y),
        (softmax_kernels.softmax_gradient(g, y), softmax(g, y, x, -1)),
        *zip(norm_kernels.layer_norm_gradients(g, x, weight, 0.1),
             layer_norm_rule(g, None, x, weight, bias, 0.1, (True,) * 3), strict=True),
    ]  # fmt: skip
    for got, wanted in pairs:
        assert got.dtype == dtype
        scale = 1e-6 if dtype == np.float32 else 1e-14
        np.testing.assert_allclose(got, wanted, rtol=10 * scale, atol=scale * np.abs(wanted).max() * 10)


@pytest.mark.parametrize("layout", ["contiguous", *LAYOUTS])
def test_softmax_in_place_fills_the_array_it_is_given_and_makes_0_of_rows_of_minus_inf(layout):
    table = leaf(random(6, 5), layout).data
    table[1], table[2, 0], table[3, 2], table[4] = -np.inf, -np.inf, np.nan, [-np.inf] * 4 + [2]
    with np.errstate(invalid="ignore"):
        wanted = normalized_exp(table, -1)
    wanted[1] = 0
    assert softmax_kernels.softmax_in_place(table) is table
    np.testing.assert_allclose(table, wanted, rtol=1e-6)


def test_what_is_large():
    enough = random(large.LARGE // 8, 8)
    assert large.is_large(enough) and large.is_large(enough, enough[0]) and large.is_large(enough.astype(float))
    assert not large.is_large(enough[1:])
    assert not large.is_large(enough.astype(np.float16)), "16-bit types are computed in float32 first"
    assert not large.is_large(enough, enough[0].astype(float)), "of one type"
    assert not large.is_large(enough.reshape(1, -1)), "a row stays in the first cache"


def test_a_primitive_runs_the_kernel_for_a_large_array_and_else_the_lessons_function(monkeypatch):
    ran = []
    monkeypatch.setattr(norm_kernels, "layer_norm", lambda x, *others, **options: ran.append("layer_norm") or x)
    monkeypatch.setattr(softmax_kernels, "softmax", lambda x, *others, **options: ran.append("softmax") or x)
    large.kernel.cache_clear()
    for rows in (large.LARGE // 8, large.LARGE // 8 - 1):
        x = random(rows, 8)
        SOFTMAX.forward(x, axis=-1)
        LAYER_NORM.forward(x, x[0], x[1], eps=1e-5)
        assert ran == ["softmax", "layer_norm"]
    large.kernel.cache_clear()
