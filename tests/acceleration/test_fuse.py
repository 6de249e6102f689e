"""fuse: what it computes and differentiates, what it refuses and why, which kernels it makes and keeps."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from tests.operations.check import HALVES, cast_array
from tinytorch.core.activations import relu, sigmoid
from tinytorch.core.layers import Module
from tinytorch.core.tensor import Tensor, maximum, where
from tinytorch.optimization.acceleration import fused_gelu, unfused_gelu
from tinytorch.optimization.compilation import FusionError, compile_kernel, fuse, record
from tinytorch.profiling.profiler import Trace, peak_bytes
from tinytorch.support.threads import get_num_threads, set_num_threads

# Inputs are above 0, so that logarithms and powers of them exist.
FUNCTIONS = {
    "arithmetic": lambda x, y: -(x + y) * (x - y) / (1 + x * y) + 2 - 3 / x,
    "powers": lambda x, y: x**2 + x**3 - x**4 + x**1 + y**-1 + y**-2 + y**-0.5 + x**0.5 + x**0 + x**2.5,
    "a power of two tensors": lambda x, y: x**y + 2.0**x,
    "exp, log, tanh, sqrt": lambda x, y: (x.exp() + y.log()).tanh() * (x + y).sqrt(),
    "sigmoid, relu": lambda x, y: sigmoid(x * y) + relu(x - y) * 2,
    "maximum": lambda x, y: maximum(x, y) * x + x.maximum(0.7),
    "where": lambda x, y: where(x > y, x * y, y - x) + where(x <= 0.9, 1.5, x),
    "conditions as numbers": lambda x, y: x * (x > y) + y * (x == x) - (y != y) * x,
    "numpy's numbers": lambda x, y: np.sqrt(2 / np.pi) * x + np.float32(3) - np.float64(2) * y,
    "constants that meet": lambda x, y: (Tensor(2.0) * 3 + x) * (1 + Tensor([4.0]).log()) + y,
    "a length": lambda x, y: x / x.shape[-1] + y,
    "parts for a condition only": lambda x, y: where(x * x > 1, x, y) + where((x + y).exp() < y * 8, 0, x * y),
    "gelu": lambda x, y: 0.5 * unfused_gelu(x + y),
}
SHAPES = {
    "the same": ((6, 5), (6, 5)), "a row": ((6, 5), (5,)), "a row of a batch": ((2, 3, 5), (1, 1, 5)),
    "the last two axes": ((4, 3, 5), (3, 5)), "a column": ((6, 5), (6, 1)), "a number": ((6, 5), ()),
    "a number in brackets": ((6, 5), (1, 1)), "row and column": ((6, 1), (1, 5)), "no common grid": ((2, 3, 4), (3, 1)),
    "one line": ((7,), (7,)), "nothing": ((0, 3), (3,)), "no axes": ((), ()), "many rows": ((1000, 3), (3,)),
    "no columns": ((3, 0), (0,)), "a line in brackets": ((3,), (1, 3)), "two lines across": ((4, 1, 5), (1, 3, 1)),
}


def tensors(shapes, dtype="float64", requires_grad=True):
    rng = np.random.default_rng(0)
    return [Tensor(rng.uniform(0.3, 2.0, shape), dtype=dtype, requires_grad=requires_grad) for shape in shapes]


def value_and_gradients(function, inputs):
    out = function(*inputs)
    g = np.random.default_rng(1).normal(size=out.shape)
    out.backward(Tensor(g, dtype=out.dtype))
    return out.data, [x.grad.data for x in inputs]


def assert_same(function, shapes, dtype, rtol):
    got, got_gradients = value_and_gradients(fuse(function), tensors(shapes, dtype))
    wanted, wanted_gradients = value_and_gradients(function, tensors(shapes, dtype))
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol)
    for a, b in zip(got_gradients, wanted_gradients, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.abs(b).max(initial=0)))


@pytest.fixture
def threads():
    """Sets the number of threads, and puts it back."""
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_are_those_of_the_function(name):
    assert_same(FUNCTIONS[name], SHAPES["the same"], "float64", 1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_in_float32_too_to_its_precision(name):
    assert_same(FUNCTIONS[name], SHAPES["a row"], "float32", 3e-5)


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_inputs_broadcast(shapes):
    assert_same(lambda x, y: (x * y + y).tanh() * x, shapes, "float64", 1e-12)


@pytest.mark.parametrize("dtype", HALVES)
def test_halves_are_computed_in_float32_and_rounded_once(dtype):
    inputs = tensors([(6, 5), (5,)], dtype)
    wide = [Tensor(x.data.astype(np.float32), requires_grad=True) for x in inputs]
    function = FUNCTIONS["gelu"]
    got, gradients = value_and_gradients(fuse(function), inputs)
    out = function(*wide)
    out.backward(Tensor(cast_array(np.random.default_rng(1).normal(size=out.shape), got.dtype).astype(np.float32)))
    for a, b in zip([got, *gradients], [out.data, *[x.grad.data for x in wide]], strict=True):
        step = np.spacing(np.abs(b).max()) * 2.0 ** (24 - {"float16": 11, "bfloat16": 8}[dtype])
        assert np.abs(a.astype(np.float32) - b).max() <= step


@pytest.mark.parametrize("layout", ["transposed", "every other", "backwards", "read only"])
def test_any_layout(layout):
    x = np.random.default_rng(2).normal(size=(6, 8))
    read_only = np.broadcast_to(x, x.shape)
    given = {"transposed": x.T, "every other": x[:, ::2], "backwards": x[::-1], "read only": read_only}
    tensor = Tensor(0.0)
    tensor.data = given[layout]
    np.testing.assert_allclose(fuse(unfused_gelu)(tensor).data, unfused_gelu(Tensor(given[layout])).data, atol=1e-14)


REFUSED = {
    "matmul": (lambda x: x @ x, "matmul .*one element of each input"),
    "transpose": (lambda x: x + x.T, "transpose .*one element"),
    "sum": (lambda x: x - x.sum(), "sum .*one element"),
    "mean": (lambda x: x - x.mean(axis=1, keepdims=True), "mean .*one element"),
    "max": (lambda x: x / x.max(), "max .*one element"),
    "reshape": (lambda x: x.reshape(-1), "reshape .*one element"),
    "an index": (lambda x: x[0], "getitem .*one element"),
    "a kernel by hand": (fused_gelu, "fused_gelu .*one element"),
    "another type inside": (lambda x: x.astype("float16") * 2, "astype"),
    "an if": (lambda x: x if x > 0 else -x, "asks for a number .*use where"),
    "float()": (lambda x: x * float(x), "asks for a number"),
    "int()": (lambda x: x * int(x), "asks for a number"),
    "item()": (lambda x: x * x.item(), "asks for a number"),
    "numpy()": (lambda x: Tensor(x.numpy() * 2), "asks for a number"),
    "detach()": (lambda x: x * x.detach(), "asks for a number"),
    "np.array()": (lambda x: x * np.array(x), "asks for a number"),
    "len()": (lambda x: x / len(x), "asks for a number"),
    ".data": (lambda x: Tensor(x.data), "asks for a number"),
    "a loop over rows": (lambda x: list(x)[0], "asks for a number"),
    "printing": (lambda x: x * len(str(x)), "asks for a number"),
    "an array from outside": (lambda x: x + np.ones(5), r"shape \(5,\) that is not one of its arguments"),
    "a parameter from outside": (lambda x: x * Tensor(2.0, requires_grad=True), "not one of its arguments"),
    "no tensor": (lambda x: 3.0, "returned a float"),
    "a condition": (lambda x: x > 0, "of a condition make one with where"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_fused_is_refused_with_the_reason(name):
    function, reason = REFUSED[name]
    with pytest.raises(FusionError, match=reason):
        fuse(function)(Tensor(np.ones((5, 5))))


def test_an_argument_that_is_larger_than_the_result_is_refused():
    with pytest.raises(FusionError, match=r"shape \(5,\), the arguments together \(4, 5\)"):
        fuse(lambda x, unused: x * 2)(Tensor(np.ones(5)), Tensor(np.ones((4, 5))))


def test_a_kernel_is_compiled_once_for_a_type_and_a_pattern_of_shapes():
    function = fuse(lambda x, y: (x * y).tanh() + 0.123)

    def compiled_by(*shapes, dtype="float32"):
        before = compile_kernel.cache_info().misses
        value_and_gradients(function, tensors(shapes, dtype))
        return compile_kernel.cache_info().misses - before

    assert compiled_by((4, 5), (5,)) == 2, "one forward, one for all gradients"
    assert compiled_by((7, 3), (3,)) == compiled_by((2, 6, 9), (9,)) == 0, "the same pattern in other sizes"
    assert compiled_by((4, 5), (4, 5)) == 2 and compiled_by((9,), (9,)) == 0, "another pattern, in one line"
    assert compiled_by((4, 5), (5,), dtype="float64") == 2, "another type"


def test_what_forward_and_gradient_share_is_computed_once():
    x = np.ones((3, 4), np.float32)
    kernel = fuse(unfused_gelu).kernel((True,), (x, x))
    assert kernel.source.count("tanh(") == 1
    lines = [line.split(" = ")[1] for line in kernel.source.splitlines() if " = " in line]
    assert len(set(lines)) == len(lines), "a line was written twice"


def test_only_wanted_gradients_are_computed():
    x, y = Tensor(np.ones((3, 4)), requires_grad=True), Tensor(np.ones((3, 4)))
    fuse(lambda x, y: x * y)(x, y).sum().backward()
    assert y.grad is None and x.grad is not None
    kernel = fuse(lambda x, y: x * y).kernel((True, False), (x.data, x.data, y.data))
    assert "out_0" in kernel.source and "out_1" not in kernel.source


factor = 2.0


def doubled(x):
    return x * factor


def outer(x):
    return doubled(x) + 1


def test_a_number_outside_that_changes_is_seen(monkeypatch):
    box = 1.0
    direct, through, closed = fuse(doubled), fuse(outer), fuse(lambda x: x + box)
    captured = Tensor(3.0)
    with_tensor, inner = fuse(lambda x: x * captured), fuse(lambda x: direct(x) + 1)
    x = Tensor([1.0])
    assert [f(x).item() for f in (direct, through, closed, with_tensor, inner)] == [2, 3, 2, 3, 3]
    monkeypatch.setitem(globals(), "factor", 5.0)
    box = 4.0
    captured.data = np.float32([7.0])
    assert [f(x).item() for f in (direct, through, closed, with_tensor, inner)] == [5, 6, 5, 7, 6]
    monkeypatch.setitem(globals(), "doubled", lambda x: x * 100)
    assert through(x).item() == 101


def test_a_fused_function_may_call_another_and_costs_one_pass():
    gelu = fuse(unfused_gelu)
    both = fuse(lambda x, b: gelu(x + b) * 2)
    x, b = tensors([(6, 5), (5,)])
    with Trace() as trace:
        got = both(x, b)
    assert [operation.name for operation in trace.operations] == ["fused"]
    np.testing.assert_allclose(got.data, 2 * unfused_gelu(x + b).data)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_number_as_an_argument_takes_the_tensors_type(dtype):
    x = Tensor([1.0, 3.0], dtype=dtype)
    got = fuse(lambda x, a: x * a)(x, 0.1)
    assert got.dtype == x.dtype and np.array_equal(got.data, (x * 0.1).data)


def test_types_are_made_to_agree_as_in_arithmetic():
    function = fuse(lambda x, y: x + y)
    kinds = {name: Tensor([1.0], dtype=name) for name in ("float16", "bfloat16", "float32", "float64")}
    whole = Tensor(np.array([2]))
    for a, b, wanted in [("float16", "bfloat16", "float32"), ("float16", "float32", "float32"),
                         ("bfloat16", "float64", "float64")]:
        assert function(kinds[a], kinds[b]).dtype == wanted
    assert function(kinds["float16"], whole).dtype == np.float16 and function(whole, whole).dtype == np.float32
    assert function([1, 2], 3).data.tolist() == [4, 5]


@pytest.mark.parametrize("shapes", [((1 << 21,), (1 << 21,)), ((2049, 1024), (1024,)), ((2049, 1024), (2049, 1)),
                                    ((401, 3, 1000), (3, 1))])
def test_the_number_of_threads_changes_no_element_and_sums_only_by_rounding(threads, shapes):
    function, found = fuse(lambda x, y: (x * y).tanh()), []
    for count in (1, 2, 3):
        threads(count)
        found.append(value_and_gradients(function, tensors(shapes, "float32")))
    for value, (to_x, to_y) in found[1:]:
        assert np.array_equal(value, found[0][0]) and np.array_equal(to_x, found[0][1][0])
        np.testing.assert_allclose(to_y, found[0][1][1], rtol=1e-5, atol=1e-3)


def test_a_gradient_summed_over_many_rows_is_as_good_as_a_sum_in_float64():
    x, bias = Tensor(np.zeros((100_003, 3), np.float32)), Tensor(np.zeros(3, np.float32), requires_grad=True)
    g = np.random.default_rng(3).normal(1, 1, size=x.shape).astype(np.float32)
    fuse(lambda x, b: x + b)(x, bias).backward(Tensor(g))
    np.testing.assert_allclose(bias.grad.data, g.sum(axis=0, dtype=np.float64), rtol=3e-7)


def test_it_allocates_its_output_and_nothing_else():
    function = fuse(lambda x, b, r: r + 0.5 * unfused_gelu(x + b))
    x, b, r = tensors([(300, 1000), (1000,), (300, 1000)], "float32")
    function(x, b, r)
    out, peak = peak_bytes(lambda: function(x, b, r))
    assert peak <= 1.05 * out.data.nbytes


def test_inf_and_nan_go_where_they_go_unfused():
    x = Tensor(np.array([np.inf, -np.inf, np.nan, 1e30, -1e30, 0.0, -0.0], np.float32))
    for function in (lambda x: x.exp(), lambda x: x.tanh(), lambda x: relu(x), lambda x: x.maximum(1.0), sigmoid,
                     lambda x: where(x > 0, x, -x), lambda x: x.sqrt(), lambda x: x.log()):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(fuse(function)(x).data, function(x).data)


KEPT = fuse(unfused_gelu)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda fused: pickle.loads(pickle.dumps(fused))])
def test_a_fused_function_can_be_copied_and_pickled_as_part_of_a_model(again):
    x = Tensor([-1.0, 0.0, 2.0])
    wanted = KEPT(x)
    assert np.array_equal(again(KEPT)(x).data, wanted.data)


def test_exp_is_right_up_to_the_ends_of_float32():
    x = np.array([-87.336, 88.7225], np.float32)
    assert np.allclose(fuse(lambda x: x.exp())(Tensor(x)).data, np.exp(x), rtol=1e-6, atol=0)


def test_a_part_that_is_computed_for_a_condition_only_gets_no_gradient():
    x = Tensor([-3.0, 0.5, 2.0], requires_grad=True)
    out = fuse(lambda x: where(x * x > 1, x, 0))(x)
    out.sum().backward()
    assert out.data.tolist() == [-3, 0, 2] and x.grad.data.tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [-3, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 3, 4])
def test_powers_and_their_gradients_are_pytorchs_also_far_out(exponent, dtype):
    numbers = np.array([1e-10, 0.0, np.inf, 3.0, 1e10], dtype)
    x, y = Tensor(numbers, requires_grad=True), torch.from_numpy(numbers).requires_grad_()
    out, wanted = fuse(lambda x: x**exponent)(x), y**exponent
    out.sum().backward()
    wanted.sum().backward()
    np.testing.assert_allclose(out.data, wanted.detach().numpy(), rtol=3e-6)
    np.testing.assert_allclose(x.grad.data, y.grad.numpy(), rtol=3e-6, atol=np.finfo(dtype).tiny)


class Model:
    def scaled(self, x):
        return doubled(x) * factor


def test_a_method_sees_a_number_outside_that_changes_and_zeros_are_told_apart(monkeypatch):
    method, sign = fuse(Model().scaled), fuse(lambda x: x / zero)
    x = Tensor([1.0])
    assert method(x).item() == 4
    monkeypatch.setitem(globals(), "factor", 5.0)
    assert method(x).item() == 25
    zero = 0.0
    assert sign(x).item() == np.inf
    zero = -0.0
    assert sign(x).item() == -np.inf


def test_a_tensor_outside_that_comes_to_require_a_gradient_is_refused():
    captured = Tensor(2.0)
    scaled = fuse(lambda x: x * captured)
    assert scaled(Tensor([3.0])).item() == 6
    captured.requires_grad = True
    with pytest.raises(FusionError, match="not one of its arguments"):
        scaled(Tensor([3.0]))


def test_a_symbol_can_be_shown_in_an_error_and_not_printed_by_a_function():
    (x,), out = record(lambda x: (x + 1).tanh() * 2, [(3,)])
    assert [repr(s) for s in (x, out, out.args[0])] == ["input(0)", "mul(tanh(...), constant(2.0))", "tanh(add(...))"]
    assert "mul(tanh(...)" in str(KeyError(out))
    with pytest.raises(FusionError, match="asks for a number"):
        str(out)


class Scaled(Module):
    def __init__(self, by):
        self.by, self.shift = by, Tensor(0.0)

    @fuse
    def forward(self, x):
        return (x * self.by).tanh() + self.shift


def test_a_method_is_fused_for_each_instance_and_sees_its_attributes_change():
    x, one, two = Tensor([0.5, -1.0], requires_grad=True), Scaled(1.0), Scaled(2.0)
    for module, by in [(one, 1.0), (two, 2.0), (one, 1.0)]:
        np.testing.assert_allclose(module(x).data, np.tanh(by * x.data), rtol=1e-6)
    one.by, one.shift = 3.0, Tensor(1.0)
    y = one(x)
    np.testing.assert_allclose(y.data, np.tanh(3 * x.data) + 1, rtol=1e-6, atol=1e-6)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, 3 * (1 - np.tanh(3 * x.data) ** 2), rtol=1e-4)
    twin = copy.deepcopy(one)
    twin.by = 0.0
    assert twin(x).data.tolist() == [1.0, 1.0] and one(x).data.tolist() == y.data.tolist()


def test_exp_reaches_the_smallest_numbers():
    """Subnormal results, whose logarithm and gradient are then those of PyTorch too."""
    numbers = np.linspace(-104, -86, 200, dtype=np.float32)
    x, theirs = Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    mine, right = fuse(lambda x: x.exp())(x), theirs.exp()
    np.testing.assert_allclose(mine.data, right.detach().numpy(), rtol=1e-6, atol=2e-45)
    x = Tensor([-93.0], requires_grad=True)
    y = fuse(lambda x: x.exp().log())(x)
    y.backward()
    assert abs(y.item() + 93) < 1e-4 and not np.isnan(x.grad.data).any()
