"""Properties over random inputs; for each, a deliberately wrong implementation shows that it can be found wrong."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.operations.check import DTYPES, EPS, HALVES, assert_close, central_differences, leaf, properties
from tinytorch.core.activations import log_softmax, softmax
from tinytorch.core.autograd import RULES, unbroadcast
from tinytorch.core.tensor import Tensor, as_dtype, cast_array, wrap
from tinytorch.optimization.acceleration import (
    fused_gelu,
    unfused_gelu,
    vectorized_matmul,
)
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.kernels import load_bfloat16, store_bfloat16
from tinytorch.optimization.precision import next_scale, unscale
from tinytorch.support.conversions import load_float16, store_float16

dtypes = st.sampled_from(DTYPES)
seeds = st.integers(0, 2**16)
BINARY = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}  # fmt: skip


def numbers(seed, shape, dtype, low=0.5, high=2.5):
    """Numbers of `dtype` between two bounds."""
    return cast_array(np.random.default_rng(seed).uniform(low, high, size=shape), as_dtype(dtype))


# ---- broadcasting


broadcasting = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0)


def check_binary(compute, reference, shapes, dtype, seed):
    arrays = [numbers(seed + i, shape, dtype) for i, shape in enumerate(shapes.input_shapes)]
    tensors, wide = [leaf(a) for a in arrays], [a.astype(np.float64) for a in arrays]
    out = compute(*tensors)
    assert out.shape == shapes.result_shape
    allowed = 8 * EPS[dtype]
    assert_close(out.data, reference(*wide), allowed, "value")
    weights = numbers(seed + 2, out.shape, dtype)
    out.backward(wrap(weights))
    differences = central_differences(reference, wide, weights.astype(np.float64))
    for tensor, wanted in zip(tensors, differences, strict=True):
        # a sum over a broadcast axis may be as far off as it has terms
        terms = max(1, out.size // max(tensor.size, 1))
        assert_close(tensor.grad.data, wanted, allowed * (1 + terms) + 1e-7, "gradient")


@properties
@given(shapes=broadcasting, dtype=dtypes, seed=seeds, name=st.sampled_from(sorted(BINARY)))
def test_binary_operations_broadcast_any_two_shapes(shapes, dtype, seed, name):
    check_binary(BINARY[name], BINARY[name], shapes, dtype, seed)


def test_a_gradient_that_forgets_a_broadcast_axis_is_found():
    shapes = hnp.BroadcastableShapes(((3, 1), (1, 4)), (3, 4))
    with pytest.raises(AssertionError, match="gradient"):
        check_binary(lambda a, b: a.detach() * b + 0 * a, BINARY["mul"], shapes, "float64", 0)
    with pytest.raises(AssertionError, match="value"):
        check_binary(lambda a, b: a * b * 1.001, BINARY["mul"], shapes, "float32", 0)


def check_unbroadcast(function, shape, wide, seed):
    """The defining property: <broadcast(x), g> = <x, unbroadcast(g)> for any x and g."""
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=shape), rng.normal(size=wide)
    got = function(g, shape)
    assert got.shape == shape
    assert np.isclose((np.broadcast_to(x, wide) * g).sum(), (x * got).sum(), rtol=1e-9, atol=1e-9)


@properties
@given(shapes=broadcasting, seed=seeds)
def test_unbroadcast_is_the_transpose_of_broadcasting(shapes, seed):
    check_unbroadcast(unbroadcast, shapes.input_shapes[0], shapes.result_shape, seed)


@pytest.mark.parametrize(
    "wrong",
    [lambda g, shape: g[(0,) * (g.ndim - len(shape))], lambda g, shape: np.resize(g.sum(0), shape), lambda g, shape: g],
    ids=["takes the first", "sums one axis", "does nothing"],
)
def test_a_wrong_unbroadcast_is_found(wrong):
    with pytest.raises((AssertionError, ValueError)):
        check_unbroadcast(wrong, (3, 1), (2, 3, 4), 0)


# ---- matrix products


@st.composite
def products(draw):
    """Two shapes that can be multiplied, their batch axes broadcasting, and the result's shape."""
    batch = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3, min_side=0))
    m, k, n = (draw(st.integers(0, 4)) for _ in range(3))
    left, right = batch.input_shapes
    return (*left, m, k), (*right, k, n), (*batch.result_shape, m, n)


def check_product(compute, shapes, dtype, seed):
    left, right, result = shapes
    arrays = [numbers(seed + i, shape, dtype, -1, 1) for i, shape in enumerate((left, right))]
    tensors, wide = [leaf(a) for a in arrays], [torch.tensor(a.astype(np.float64), requires_grad=True) for a in arrays]
    out, wanted = compute(*tensors), torch.matmul(*wide)
    assert out.shape == result
    assert_close(out.data, wanted.detach().numpy(), 8 * EPS[dtype], "value")
    weights = numbers(seed + 2, result, dtype, -1, 1)
    out.backward(wrap(weights))
    wanted.backward(torch.tensor(weights.astype(np.float64)))
    for tensor, peer in zip(tensors, wide, strict=True):
        terms = 1 + out.size // max(tensor.size, 1)
        assert_close(tensor.grad.data, peer.grad.numpy(), 8 * terms * EPS[dtype], "gradient")


@properties
@given(shapes=products(), dtype=dtypes, seed=seeds, fused=st.booleans())
def test_products_of_any_batches(shapes, dtype, seed, fused):
    check_product(vectorized_matmul if fused else (lambda a, b: a @ b), shapes, dtype, seed)


@pytest.mark.parametrize(
    "wrong", [lambda a, b: a.detach() @ b + 0 * a.sum(), lambda a, b: (a @ b) * 1.01, lambda a, b: (a @ b).sum(axis=0)]
)
def test_a_wrong_product_is_found(wrong):
    with pytest.raises(AssertionError):
        check_product(wrong, ((2, 3, 4), (4, 5), (2, 3, 5)), "float32", 0)


# ---- softmax


some_shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5)
rows = hnp.arrays(np.float64, some_shapes, elements=st.floats(-50, 50, width=32))


def check_softmax(function, x, axis, dtype, shift):
    x = cast_array(x, as_dtype(dtype)).astype(np.float64)  # what the type holds
    y = function(Tensor(x, dtype=dtype), axis).data.astype(np.float64)
    allowed = EPS[dtype] * x.shape[axis] * 2
    assert (y >= 0).all() and (y <= 1).all()
    assert np.allclose(y.sum(axis=axis), 1, atol=allowed), "the rows do not add up to 1"
    moved = function(Tensor(x + shift, dtype="float64"), axis).data
    plain = function(Tensor(x, dtype="float64"), axis).data
    assert np.allclose(moved, plain, atol=1e-10), "a shift changed the probabilities"
    higher = np.diff(np.take_along_axis(y, np.argsort(x, axis=axis), axis), axis=axis)
    assert (higher >= 0).all(), "a higher score got a lower probability"


@properties
@given(x=rows, dtype=dtypes, shift=st.floats(-1000, 1000), data=st.data())
def test_softmax_rows_add_up_to_one_keep_their_order_and_ignore_a_shift(x, dtype, shift, data):
    check_softmax(softmax, x, data.draw(st.integers(-x.ndim, x.ndim - 1)), dtype, shift)


def naive_softmax(x, axis):
    with np.errstate(all="ignore"):
        powers = np.exp(x.data)
        return wrap(powers / powers.sum(axis=axis, keepdims=True))


@pytest.mark.parametrize(
    "wrong",
    [naive_softmax, lambda x, axis: softmax(x, 0), lambda x, axis: x * 0 + 1 / x.shape[axis] * 0.9,
     lambda x, axis: softmax(-x, axis)],
    ids=["overflows", "the wrong axis", "too small", "upside down"],
)  # fmt: skip
def test_a_wrong_softmax_is_found(wrong):
    x = np.array([[1.0, 2.0, 3.0], [5.0, 0.0, 1.0]])
    with pytest.raises(AssertionError):
        check_softmax(wrong, x, 1, "float64", 1000.0)


def check_log_softmax(function, x, axis):
    logs = function(Tensor(x), axis).data
    assert np.allclose(np.exp(logs), softmax(Tensor(x), axis).data, atol=1e-12)
    assert np.allclose(logs - np.take(logs, [0], axis), x - np.take(x, [0], axis)), "differences of scores are not kept"


@properties
@given(x=rows, data=st.data())
def test_log_softmax_is_the_logarithm_of_softmax(x, data):
    check_log_softmax(log_softmax, x, data.draw(st.integers(-x.ndim, x.ndim - 1)))


def by_way_of_small_probabilities(x, axis):
    return wrap(np.log(np.maximum(softmax(x, axis).data, 1e-30)))


def in_bits(x, axis):
    return log_softmax(x, axis) / np.log(2)


@pytest.mark.parametrize("wrong", [by_way_of_small_probabilities, in_bits, softmax])
def test_a_wrong_log_softmax_is_found(wrong):
    with pytest.raises(AssertionError):
        check_log_softmax(wrong, np.array([[0.0, 200.0, 1.0]]), 1)


# ---- half precision


words = hnp.arrays(np.uint32, 64, elements=st.integers(0, 2**32 - 1))


def check_store(store, half, bits):
    """Rounding float32 to a half as NumPy and ml_dtypes do: to nearest, ties to even; infinities, and nan as nan."""
    values = bits.view(np.float32)
    wanted = cast_array(values, as_dtype(half))
    got = np.array([store(v) for v in values], dtype=np.uint16).view(wanted.dtype)
    nan = np.isnan(values)
    assert np.array_equal(got.view(np.uint16)[~nan], wanted.view(np.uint16)[~nan])
    assert np.isnan(got[nan].astype(np.float32)).all()


@properties
@given(bits=words)
def test_kernels_round_to_halves_exactly_as_numpy_does(bits):
    check_store(store_float16, "float16", bits)
    check_store(store_bfloat16, "bfloat16", bits)


EDGES = np.float32([2.0**-25, 2.0**-24, 6e-8, 2.0**-14, 6.1e-5, 1.0, 2048.0, 2049.0, 65504.0, 65519.99, 65520.0])
NEAR_HALVES = np.concatenate([EDGES, np.nextafter(EDGES, np.float32(np.inf)), np.nextafter(EDGES, np.float32(0))])


def test_kernels_round_right_at_the_edges_of_the_types():
    edges = np.concatenate([NEAR_HALVES, -NEAR_HALVES, np.float32([0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, 1e-45])])
    check_store(store_float16, "float16", edges.view(np.uint32))
    check_store(store_bfloat16, "bfloat16", edges.view(np.uint32))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("function", [fused_gelu, fuse(unfused_gelu), fuse(lambda x: x * 1.0)])
@np.errstate(invalid="ignore")  # to look at a signalling nan is invalid, too
def test_a_kernel_leaves_every_nan_of_a_half_a_nan(function, dtype):
    every = np.arange(2**16, dtype=np.uint16).view(dtype)
    x = Tensor(every[np.isnan(every)], requires_grad=True)
    y = function(x)
    y.backward(x.detach())
    assert np.isnan(y.data).all() and np.isnan(x.grad.data).all()


def test_kernels_read_every_half_exactly():
    every = np.arange(2**16, dtype=np.uint16)
    for load, dtype in [(load_float16, np.float16), (load_bfloat16, ml_dtypes.bfloat16)]:
        got = np.array([load(bits) for bits in every], dtype=np.float32)
        assert np.array_equal(got, every.view(dtype).astype(np.float32), equal_nan=True)


@pytest.mark.parametrize("wrong", ["truncates", "rounds ties up"])
def test_a_wrong_rounding_is_found(wrong):
    def store(x):
        bits = int(np.float32(x).view(np.uint32)) + (0x8000 if wrong == "rounds ties up" else 0)
        return (bits >> 16) & 0xFFFF if x == x else 0x7FC0

    ties = np.float32([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-16]).view(np.uint32)
    with pytest.raises(AssertionError):
        check_store(store, "bfloat16", ties)


def check_gelu_of_halves(function, half, values):
    """GELU in float64, rounded once; what lies within float32's error of a tie between two halves may go either way."""
    x = cast_array(values, as_dtype(half))
    got = function(Tensor(x)).data.astype(np.float64)
    wide = x.astype(np.float64)
    exact = wide / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3)))
    slack = 4e-7 * (np.abs(wide) + 1)
    low, high = (cast_array(exact + side, as_dtype(half)).astype(np.float64) for side in (-slack, slack))
    assert ((low <= got) & (got <= high)).all()


@properties
@given(
    half=st.sampled_from(HALVES),
    values=hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(-100, 100, width=32)),
)
def test_fused_gelu_of_halves_is_rounded_once(half, values):
    check_gelu_of_halves(fused_gelu, half, values)


def test_a_gelu_computed_in_halves_is_found():
    def in_halves(x):
        c = x.data.dtype.type(0.7978845608)
        return wrap(x.data / 2 * (1 + np.tanh(c * (x.data + x.data.dtype.type(0.044715) * x.data * x.data * x.data))))

    with pytest.raises(AssertionError):
        check_gelu_of_halves(in_halves, "float16", np.linspace(-3, 3, 40, dtype=np.float32))


# ---- loss scaling


def check_scale(function, scale, tracker, found_inf, floor, ceiling, interval):
    new, count = function(scale, tracker, found_inf, min_scale=floor, max_scale=ceiling, growth_interval=interval)
    assert floor <= new <= ceiling and math.isfinite(new)
    assert 0 <= count < max(interval, 1)
    if found_inf:
        assert new <= scale and count == 0
        assert new == max(floor, scale / 2)
    else:
        assert new >= scale
        assert (new, count) == (scale, tracker + 1) or count == 0


@properties
@given(
    low=st.integers(-10, 0), high=st.integers(1, 30), at=st.floats(0, 1), tracker=st.integers(0, 10), bad=st.booleans(),
    interval=st.integers(1, 10),
)  # fmt: skip
def test_the_next_scale_stays_between_its_floor_and_its_ceiling(low, high, at, tracker, bad, interval):
    floor, ceiling = 2.0**low, 2.0**high
    check_scale(next_scale, floor + at * (ceiling - floor), tracker, bad, floor, ceiling, interval)


def unbounded(scale, tracker, bad, **_):
    return (scale / 2, 0) if bad else (scale * 2, 0)


def never_counting_anew(scale, tracker, bad, *, min_scale, **_):
    return (max(min_scale, scale / 2), tracker) if bad else (scale, tracker + 1)


@pytest.mark.parametrize("wrong", [unbounded, never_counting_anew])
def test_a_wrong_next_scale_is_found(wrong):
    with pytest.raises(AssertionError):
        for scale, tracker, bad in [(1.0, 3, True), (64.0, 3, False)]:
            check_scale(wrong, scale, tracker, bad, 1.0, 64.0, 5)


finite = st.floats(-1e6, 1e6, width=32)
anything = st.one_of(finite, st.sampled_from([math.inf, -math.inf, math.nan]))


def check_unscale(function, gradients, scale):
    tensors = [Tensor(np.array(g, dtype=np.float32)) for g in gradients]
    found = function(tensors, scale)
    assert found == any(not math.isfinite(v) for g in gradients for v in g)
    for tensor, g in zip(tensors, gradients, strict=True):
        assert np.allclose(tensor.data, np.array(g, dtype=np.float64) / scale, rtol=1e-6, equal_nan=True)


@properties
@given(gradients=st.lists(st.lists(anything, max_size=4), max_size=4), scale=st.sampled_from([0.5, 1.0, 1024.0]))
def test_unscale_finds_what_is_not_finite_and_divides_everything(gradients, scale):
    check_unscale(unscale, gradients, scale)


def first_bad_only(tensors, scale):
    for tensor in tensors:
        tensor.data = tensor.data / scale
        if not np.isfinite(tensor.data).all():
            return True
    return False


@pytest.mark.parametrize("wrong", [first_bad_only, lambda tensors, scale: False])
def test_a_wrong_unscale_is_found(wrong):
    with pytest.raises(AssertionError):
        check_unscale(wrong, [[math.inf], [8.0]], 4.0)


# ---- indexing


def test_every_rule_is_a_function_for_all_inputs_or_one_for_each():
    each = [rule for rules in RULES.values() if not callable(rules) for rule in rules]
    assert all(rule is None or callable(rule) for rule in each)


def check_getitem(function, shape, index, seed):
    """<x[index], g> = <x, rule(g)> for any x and g."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    g = rng.normal(size=x[index].shape)
    got = function(g, shape, index)
    assert np.isclose((x[index] * g).sum(), (x * got).sum(), rtol=1e-9, atol=1e-9)


def pulled_back(g, shape, index):
    x = leaf(np.zeros(shape))
    x[index].backward(wrap(g))
    return x.grad.data


@properties
@given(shape=hnp.array_shapes(max_dims=3, max_side=4), data=st.data(), seed=seeds)
def test_indexing_is_undone_for_any_index(shape, data, seed):
    index = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    check_getitem(pulled_back, shape, index, seed)


def test_a_gradient_that_counts_a_repeated_index_once_is_found():
    def assigned(g, shape, index):
        out = np.zeros(shape)
        out[index] = g
        return out

    with pytest.raises(AssertionError):
        check_getitem(assigned, (3,), np.array([0, 0, 2]), 0)
