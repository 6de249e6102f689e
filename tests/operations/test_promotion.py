"""Which type a result has: PyTorch's rules, and where this library differs on purpose."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from tests.operations.check import DTYPES
from tinytorch.core.layers import layer_norm, linear
from tinytorch.core.tensor import Tensor, as_dtype, maximum, number_type, operands, where
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.precision import autocast

KINDS = ("bool", "uint8", "int8", "int32", "int64", *DTYPES)
OPERATIONS = {
    "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b, "pow": lambda a, b: a**b,
}  # fmt: skip


def torch_type(name):
    return getattr(torch, name)


@pytest.mark.parametrize(("left", "right"), [*product(KINDS, KINDS)])
@pytest.mark.parametrize("operation", ["add", "mul", "div"])
def test_two_tensors_promote_as_in_pytorch(operation, left, right):
    compute = OPERATIONS[operation]
    got = compute(Tensor([1, 1], dtype=left), Tensor([1, 1], dtype=right))
    wanted = compute(torch.ones(2, dtype=torch_type(left)), torch.ones(2, dtype=torch_type(right)))
    assert f"torch.{got.dtype}" == str(wanted.dtype)
    assert got.data.astype(float).tolist() == wanted.double().tolist()


@pytest.mark.parametrize(("left", "right"), [*product(KINDS, KINDS)])
@pytest.mark.parametrize("operation", ["add", "mul", "div"])
def test_a_tensor_without_axes_promotes_as_in_pytorch(operation, left, right):
    compute = OPERATIONS[operation]
    for shapes in (((2,), ()), ((), (2,)), ((), ())):
        a, b = (Tensor(np.ones(shape), dtype=kind) for shape, kind in zip(shapes, (left, right), strict=True))
        p, q = (torch.ones(shape, dtype=torch_type(kind)) for shape, kind in zip(shapes, (left, right), strict=True))
        got, wanted = compute(a, b), compute(p, q)
        assert (f"torch.{got.dtype}", got.shape) == (str(wanted.dtype), tuple(wanted.shape))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_a_single_parameter_does_not_widen_a_network_under_autocast(kind):
    scale, x = Tensor(2.0, requires_grad=True), Tensor(np.ones((3, 3), np.float32))
    with autocast(kind):
        y = (x @ x) * scale
    assert y.dtype == kind
    y.sum().backward()
    assert scale.grad.dtype == np.float32 and scale.grad.item() == 27


@pytest.mark.parametrize(("left", "right"), [("float16", "float32"), ("bfloat16", "float16"), ("float32", "float64")])
def test_a_fused_function_promotes_as_it_does_unfused(left, right):
    def function(a, b):
        return a * b + 1

    many, one = Tensor([1.0, 2.0], dtype=left), Tensor(3.0, dtype=right)
    assert fuse(function)(many, one).dtype == function(many, one).dtype == left


@pytest.mark.parametrize(("kind", "number"), [*product(KINDS, [True, 2, 0.5])])
@pytest.mark.parametrize("operation", ["add", "mul", "div"])
def test_a_number_is_weak_as_in_pytorch(operation, kind, number):
    compute, x, peer = OPERATIONS[operation], Tensor([1, 1], dtype=kind), torch.ones(2, dtype=torch_type(kind))
    for got, wanted in [(compute(x, number), compute(peer, number)), (compute(number, x), compute(number, peer))]:
        assert f"torch.{got.dtype}" == str(wanted.dtype)
        assert np.allclose(got.data.astype(float), wanted.double().numpy(), rtol=2**-8)


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("number", [np.float64(0.5), np.float16(0.5), np.float32(0.5), np.int64(2), np.bool_(True)])
def test_a_number_of_numpy_is_as_weak_as_a_python_number(kind, number):
    """PyTorch's rule too, for a NumPy scalar on the right; on the left it is NumPy's there, and the tensor's here."""
    x = Tensor([1, 2], dtype=kind)
    assert (x * number).dtype == (number * x).dtype == (x**number).dtype == x.dtype


@pytest.mark.parametrize(("left", "right"), [*product(DTYPES, DTYPES)])
def test_products_maximum_and_where_follow_the_same_rules(left, right):
    a, b = Tensor(np.ones((2, 2)), dtype=left), Tensor(np.ones((2, 2)), dtype=right)
    wanted = str(torch.promote_types(torch_type(left), torch_type(right))).removeprefix("torch.")
    assert (a @ b).dtype == maximum(a, b).dtype == where([True, False], a, b).dtype == wanted


@pytest.mark.parametrize(("left", "right"), [(a, b) for a, b in product(DTYPES, DTYPES) if a != b])
def test_the_gradient_comes_back_in_each_operands_own_type(left, right):
    a, b = Tensor([1.0, 2.0], dtype=left, requires_grad=True), Tensor([3.0, 4.0], dtype=right, requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (a.dtype, b.dtype)
    assert (a.grad.data.tolist(), b.grad.data.tolist()) == ([3, 4], [1, 2])


def test_whole_numbers_beside_fractions_take_their_type():
    whole, half = Tensor(np.array([1, 2])), Tensor([0.5, 1.5], dtype="float16")
    assert [t.dtype.name for t in operands(whole, half)] == ["float16", "float16"]
    assert (whole + half).data.tolist() == [1.5, 3.5]
    assert (whole > 1.5).data.tolist() == [False, True]


def test_a_python_number_that_the_type_cannot_hold_is_an_error():
    """PyTorch wraps it round without a word."""
    with pytest.raises(OverflowError):
        Tensor(np.array([1], np.int8)) + 300
    with pytest.raises(OverflowError):
        Tensor(np.array([1], np.uint8)) * -1


def test_booleans_have_no_difference_and_no_negative():
    """PyTorch's error is a RuntimeError."""
    truth = Tensor([True, False])
    with pytest.raises(TypeError, match="subtract"):
        truth - truth
    with pytest.raises(TypeError, match="negative"):
        -truth  # noqa: B018


def test_the_type_of_a_number():
    f16, i64, i8, truth = (as_dtype(name) for name in ("float16", "int64", "int8", "bool"))
    assert [number_type(n, f16) for n in (True, 2, 0.5)] == [f16] * 3
    assert [number_type(n, i8) for n in (True, 2, 0.5)] == [i8, i8, np.float32]
    assert [number_type(n, truth) for n in (True, 2, 0.5)] == [truth, i64, np.float32]


def test_a_list_is_a_tensor_of_float32_and_not_weak():
    """PyTorch takes no lists; here one is what Tensor makes of it."""
    assert (Tensor([1.0, 2.0], dtype="float16") + [1, 2]).dtype == np.float32
    assert ([1, 2] * Tensor(np.array([1, 2]))).dtype == np.float32


def test_numbers_of_whole_tensors_stay_whole_in_powers():
    assert (Tensor(np.array([2, 3])) ** 2).data.tolist() == [4, 9]
    assert (Tensor(np.array([2, 3])) ** 2).dtype == np.int64
    assert (Tensor(np.array([4, 9])) ** 0.5).dtype == np.float32


THREE = [*product([*DTYPES, "int64", "bool"], repeat=3)]


@pytest.mark.parametrize("kinds", THREE, ids="-".join)
@pytest.mark.parametrize("joint", [False, True], ids=["linear", "layer_norm"])
def test_an_operation_of_three_inputs_has_the_type_of_its_parts(kinds, joint):
    """That of (x @ weight) + bias, and of x * weight + bias; each gradient has its input's own type."""
    arrays = [np.ones((2, 3)), np.ones(3) if joint else np.ones((3, 3)), np.ones(3)]
    x, weight, bias = (
        Tensor(array, kind, requires_grad=kind not in ("int64", "bool"))
        for array, kind in zip(arrays, kinds, strict=True)
    )
    whole = layer_norm(x, weight, bias) if joint else linear(x, weight, bias)
    start = x if x.requires_grad else x.astype("float32")
    assert whole.dtype == ((start * weight if joint else start @ weight) + bias).dtype
    if whole.requires_grad:
        whole.sum().backward()
    for leaf in (x, weight, bias):
        assert leaf.grad is None if not leaf.requires_grad else leaf.grad.dtype == leaf.dtype
