"""The fused kernel: right everywhere, in any type, layout and number of threads; one pass and no temporaries."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tests.operations.check import DTYPES, EPS, HALVES, assert_close, to_numpy, to_torch
from tinytorch.core.activations import gelu
from tinytorch.core.autograd import check_gradients
from tinytorch.core.tensor import Tensor, cast_array
from tinytorch.optimization.acceleration import fused_gelu, unfused_gelu
from tinytorch.optimization.kernels import gelu_slope, gelu_value, rational_tanh
from tinytorch.profiling.profiler import Trace, peak_bytes
from tinytorch.profiling.roofline import CountingTrace
from tinytorch.support.series import double_tanh
from tinytorch.support.threads import get_num_threads, set_num_threads

LARGE = 1 << 21  # several parts of a large array, each for a thread
FAR = [0.0, -0.0, 1e-30, -1e-30, 1e-45, 10.0, -10.0, 88.0, -88.0, 1e10, -1e10, 3e38, -3e38, np.inf, -np.inf]


def reference(x):
    """Value and slope in float64."""
    x = np.asarray(x, dtype=np.float64)
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * (1 + t) / 2, (1 + t) / 2 + x / 2 * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)


def value_and_slope(x):
    leaf = Tensor(x, requires_grad=True)
    out = fused_gelu(leaf)
    out.backward(Tensor(np.ones(out.shape), dtype=out.dtype))
    return out.data, leaf.grad.data


@pytest.fixture
def threads():
    """Sets the number of threads, and puts it back."""
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_value_and_slope_over_the_range_where_they_change(dtype):
    x = cast_array(np.linspace(-12, 12, 20_001), np.dtype(Tensor(0, dtype=dtype).dtype))
    y, dy = value_and_slope(x)
    wanted, slope = reference(x.astype(np.float64))
    on_value, on_slope = (4e-15, 1e-14) if dtype == "float64" else (1e-6, 5e-6)  # tanh's error comes times x^3
    rounding = EPS[dtype] / 2 if dtype in HALVES else 0.0
    assert_close(y, wanted, on_value, "value", rounding)
    assert_close(dy, slope, on_slope, "slope", rounding)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_out_the_limits_are_exact(dtype):
    y, dy = value_and_slope(np.array(FAR, dtype=dtype))
    x = np.array(FAR, dtype=dtype)
    far = np.abs(x) >= 10
    assert np.array_equal(y[far], np.where(x[far] > 0, x[far], 0))
    assert np.array_equal(dy[far], np.where(x[far] > 0, 1, 0))
    assert np.allclose(y[~far], x[~far] / 2, atol=0, rtol=1e-6) and np.allclose(dy[~far], 0.5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_stays_nan(dtype):
    y, dy = value_and_slope(np.array([np.nan, 1.0]).astype(Tensor(0, dtype=dtype).dtype))
    assert np.isnan(y.astype(float)).tolist() == np.isnan(dy.astype(float)).tolist() == [True, False]


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_pytorchs_gelu_forward_and_backward(dtype):
    numbers = cast_array(np.random.default_rng(0).normal(size=(40, 30)) * 3, np.dtype(Tensor(0, dtype=dtype).dtype))
    g = cast_array(np.random.default_rng(1).normal(size=(40, 30)), numbers.dtype)
    x, y = Tensor(numbers, requires_grad=True), to_torch(numbers)
    out, wanted = fused_gelu(x), torch.nn.functional.gelu(y, approximate="tanh")
    out.backward(Tensor(g))
    wanted.backward(to_torch(g).detach())
    assert_close(out.data, to_numpy(wanted), 8 * EPS[dtype], "value")
    assert_close(x.grad.data, to_numpy(y.grad), 64 * EPS[dtype] if dtype == "float32" else 16 * EPS[dtype], "gradient")


def test_fused_unfused_and_lesson_two_agree():
    x = Tensor(np.random.default_rng(2).normal(size=10_000) * 4)
    assert np.allclose(fused_gelu(x).data, unfused_gelu(x).data, atol=1e-14)
    assert np.allclose(fused_gelu(x).data, gelu(x, "tanh").data, atol=1e-14)
    assert check_gradients(fused_gelu, Tensor(x.data[:50])) < 1e-6
    assert check_gradients(unfused_gelu, Tensor(x.data[:50])) < 1e-6


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (7, 1, 3)])
def test_shapes_are_kept(shape):
    y, dy = value_and_slope(np.ones(shape, np.float32))
    assert y.shape == dy.shape == shape and y.dtype == np.float32


@pytest.mark.parametrize("kind", ["int64", "bool", "list", "number"])
def test_whole_numbers_become_float32(kind):
    given = {"int64": np.array([0, 1]), "bool": np.array([False, True]), "list": [0, 1], "number": 1}[kind]
    out = fused_gelu(given)
    assert out.dtype == np.float32 and np.isclose(out.data.max(), 0.841192)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [(1 << 19) - 1, 1 << 19, 2 * (1 << 19) + 7, LARGE + 3])
def test_the_number_of_threads_does_not_change_a_bit(threads, count, size):
    x = np.random.default_rng(3).normal(size=size).astype(np.float32)
    threads(1)
    y, dy = value_and_slope(x)
    threads(count)
    again = value_and_slope(x)
    assert np.array_equal(y, again[0]) and np.array_equal(dy, again[1])


@pytest.mark.parametrize("count", [0, -1])
def test_no_threads_are_refused(count):
    with pytest.raises(ValueError, match="at least 1"):
        set_num_threads(count)


def test_kernels_may_run_on_several_threads_of_the_caller():
    arrays = [np.random.default_rng(i).normal(size=LARGE // 2).astype(np.float32) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda a: fused_gelu(Tensor(a)).data, arrays))
    assert all(np.array_equal(y, fused_gelu(Tensor(a)).data) for y, a in zip(found, arrays, strict=True))


def test_each_result_has_an_array_of_its_own():
    x = Tensor(np.ones(1000, np.float32))
    first = fused_gelu(x)
    kept = first.data.copy()
    second = fused_gelu(x * 2)
    assert not np.shares_memory(first.data, second.data) and np.array_equal(first.data, kept)


def test_it_is_one_pass_where_the_unfused_form_makes_eight_or_more():
    x = Tensor(np.ones((64, 64), np.float32), requires_grad=True)
    counts = {}
    for function in (fused_gelu, unfused_gelu):
        with Trace() as trace:
            function(x).sum().backward()
        names = [(o.name, o.phase) for o in trace.operations if o.name not in ("sum", "astype")]
        counts[function] = tuple(sum(phase == p for _, phase in names) for p in ("forward", "backward"))
    assert counts[fused_gelu] == (1, 1)
    assert counts[unfused_gelu][0] >= 8 and counts[unfused_gelu][1] >= 8


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_allocates_its_output_and_nothing_else_forward_and_backward(dtype):
    x = Tensor(np.ones(300_000), dtype=dtype, requires_grad=True)
    g = Tensor(np.ones(300_000), dtype=dtype)
    fused_gelu(x).backward(g)
    out, peak = peak_bytes(lambda: fused_gelu(x))
    assert peak <= 1.1 * out.data.nbytes
    x.grad = None
    _, peak = peak_bytes(lambda: out.backward(g))
    assert peak <= 3.2 * out.data.nbytes  # the start is copied and cast, then the gradient itself
    _, unfused = peak_bytes(lambda: unfused_gelu(x))
    assert unfused >= 3 * out.data.nbytes


def test_the_traffic_of_the_fused_form_is_one_array_in_and_one_out():
    x = Tensor(np.ones(10_000, np.float32))
    with CountingTrace() as trace:
        fused_gelu(x)
    assert [(o.bytes, o.flops) for o in trace.operations] == [(2 * x.data.nbytes, 9 * 10_000)]


def test_the_rational_tanh_is_right_to_float32_and_bounded():
    u = np.concatenate([np.linspace(-9, 9, 4001), np.array(FAR)]).astype(np.float32)
    got = np.array([rational_tanh(v) for v in u])
    assert np.abs(got - np.tanh(u.astype(np.float64))).max() < 5 * 2**-24
    assert np.abs(got).max() == 1
    assert np.array_equal(np.sign(got), np.sign(np.where(np.abs(u) < 1e-40, 0, u)))  # 1e-45 becomes 0


def test_the_scalar_functions_compute_in_their_own_type():
    for real, tanh in ((np.float32, rational_tanh), (np.float64, double_tanh)):
        value, slope = gelu_value(real, tanh), gelu_slope(real, tanh)
        assert abs(value(real(1)) - reference(1)[0]) < 1e-6 and abs(slope(real(1)) - reference(1)[1]) < 1e-6
        types = {str(signature.return_type) for signature in value.nopython_signatures}
        assert types == {np.dtype(real).name}
