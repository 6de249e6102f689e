"""What a Tensor is: how it is made, what it owns, how it turns back into Python and NumPy, and what it refuses."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from tests.operations.check import DTYPES
from tinytorch.core.tensor import Tensor, as_tensor, maximum, where


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (3, "float32"), (2.5, "float32"), (True, "bool"), ([1, 2], "float32"), ([[1.5], [2]], "float32"),
        ([], "float32"), ([True, False], "bool"), ((1, 2), "float32"), (np.arange(3), "int64"),
        (np.zeros(2), "float64"), (np.float16(1), "float16"), (np.uint8([1]), "uint8"), (np.array(2.0), "float64"),
        ([np.float64(1), 2], "float32"),
        (Tensor(np.zeros(2)), "float64"), (range(3), "float32"),
    ],
)  # fmt: skip
def test_python_numbers_become_float32_and_arrays_keep_their_type(data, wanted):
    assert Tensor(data).dtype.name == wanted


@pytest.mark.parametrize("dtype", [*DTYPES, "int8", "int64", "bool"])
def test_a_type_that_is_asked_for_is_given(dtype):
    for data in ([0, 1], np.array([0, 1]), Tensor([0.0, 1.0])):
        made = Tensor(data, dtype=dtype)
        assert made.dtype.name == dtype
        assert made.data.astype(float).tolist() == [0, 1]


def test_a_tensor_owns_its_numbers():
    source = np.arange(3.0)
    made, again = Tensor(source), Tensor(Tensor(source))
    source[0] = 9
    assert made.data[0] == again.data[0] == 0
    copy = Tensor(made)
    copy.data[1] = 9
    assert made.data[1] == 1


def test_as_tensor_hands_on_a_tensor_itself():
    x = Tensor([1.0])
    assert as_tensor(x) is x
    assert as_tensor([1.0]).data.tolist() == [1.0]


@pytest.mark.parametrize("bad", ["text", None, 1j, [1j], object(), {"a": 1}, np.array(["a"]), np.array([1, None])])
def test_what_is_no_grid_of_real_numbers_is_refused(bad):
    with pytest.raises(TypeError):
        Tensor(bad)


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match=r"\[\[1, 2\], \[3\]\] has rows of different lengths"):
        Tensor([[1, 2], [3]])


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">f2", ">i4", "<f4"])
def test_a_foreign_byte_order_becomes_the_machines_own(dtype):
    source = np.array([1, 2], dtype=dtype)
    for made in (Tensor(source), Tensor([1, 2], dtype=dtype), Tensor([1.0, 2.0]).astype(dtype)):
        assert made.dtype.isnative and made.dtype.name == source.dtype.name and made.data.tolist() == [1, 2]


def test_a_long_double_is_refused():
    with pytest.raises(TypeError, match="a Tensor holds whole numbers, booleans, .* not (float|longdouble)"):
        Tensor(np.ones(2, np.longdouble))
    for attempt in (lambda: Tensor([1.0], dtype=np.longdouble), lambda: Tensor([1.0]).astype(np.longdouble)):
        with pytest.raises(TypeError, match="float32 or float64, not"):
            attempt()


@pytest.mark.parametrize("kind", [np.array, list, Tensor])
def test_an_index_that_is_changed_later_does_not_move_the_gradient(kind):
    x, index = Tensor([1.0, 2.0, 3.0], requires_grad=True), kind(np.array([0, 0, 1]))
    y = x[index].sum()
    held = index.data if isinstance(index, Tensor) else index
    held[0] = 2
    y.backward()
    assert x.grad.data.tolist() == [2, 1, 0]


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_whole_numbers_cannot_require_a_gradient(dtype):
    with pytest.raises(TypeError, match=f"this one is {dtype}: pass dtype="):
        Tensor(np.zeros(2, dtype), requires_grad=True)


def test_shape_size_and_length():
    x = Tensor(np.zeros((2, 3)))
    assert (x.shape, x.size, x.ndim, len(x)) == ((2, 3), 6, 2, 2)
    assert Tensor(1.0).shape == ()
    with pytest.raises(TypeError):
        len(Tensor(1.0))


def test_iteration_gives_the_parts_along_the_first_axis_with_their_record():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    (first * second).sum().backward()
    assert x.grad.data.tolist() == [[3, 4], [1, 2]]
    with pytest.raises(TypeError):
        iter(Tensor(1.0))


def test_one_number_becomes_a_python_number():
    assert Tensor([[2.5]]).item() == 2.5
    assert float(Tensor([2.5])) == 2.5
    assert int(Tensor(2.7)) == 2
    assert isinstance(Tensor(np.array(3)).item(), int)
    assert Tensor(True).item() is True
    assert bool(Tensor(0.0)) is False and bool(Tensor([3.0])) is True
    for several in (lambda: Tensor([1.0, 2.0]).item(), lambda: float(Tensor([1.0, 2.0])), lambda: bool(Tensor([1, 2]))):
        with pytest.raises(ValueError):
            several()


def test_a_tensor_becomes_an_array():
    x = Tensor([1.0, 2.0])
    assert x.numpy() is x.data
    assert np.asarray(x) is x.data
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array(x) is not x.data
    assert np.stack([x, x]).shape == (2, 2)
    with pytest.raises(ValueError):
        np.array(x, dtype=np.float64, copy=False)


@pytest.mark.parametrize("leave", [
    np.asarray, lambda x: np.concatenate([x, x]), lambda x: np.stack([x, x]), lambda x: np.where(x, 1, 2),
    lambda x: Tensor([x, x]), lambda x: Tensor([[x[0]], [x[1]]]),
])  # fmt: skip
def test_a_tensor_that_requires_a_gradient_does_not_leave_the_graph_silently(leave):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"NumPy leaves no record.* or detach\(\) for its numbers"):
        leave(x)
    leave(x.detach())


def test_a_deep_copy_is_a_leaf_of_its_own():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    twin, again = deepcopy([x, x])
    assert twin is again and twin.requires_grad and twin.data is not x.data and twin.grad.data is not x.grad.data
    assert (twin.data.tolist(), twin.grad.data.tolist()) == ([1, 2], [2, 4])
    long = x
    for _ in range(2000):
        long = long * 1.0
    with pytest.raises(RuntimeError, match=r"shape \(2,\) that was computed cannot be deep-copied.* keep detach\(\)"):
        deepcopy([x, long])


def test_a_single_number_is_formatted_as_a_number():
    assert f"{Tensor(1.5):.3f} {Tensor(2.0)} {Tensor([1.0])}" == "1.500 2.0 Tensor([1.], dtype=float32)"
    with pytest.raises(TypeError, match="__format__"):
        f"{Tensor([1.0]):.3f}"


def test_only_a_single_number_is_true_or_false():
    assert Tensor([[2.0]]) and not Tensor(0.0)
    with pytest.raises(ValueError, match=r"shape \(2,\) is neither true nor false"):
        bool(Tensor([1.0, 2.0]))


def test_detach_shares_the_numbers_and_drops_the_record():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad and y._node is None
    assert x.detach().data is x.data
    assert not (y * 3).requires_grad


@pytest.mark.parametrize("source", [*DTYPES, "int64", "bool"])
@pytest.mark.parametrize("target", [*DTYPES, "int64", "bool"])
def test_astype_rounds_as_pytorch_does(source, target):
    numbers = np.array([0, 1, 2.4, 100.6, 1e-4])
    x = Tensor(numbers, dtype=source)
    got, wanted = x.astype(target), torch.tensor(numbers).to(getattr(torch, source)).to(getattr(torch, target))
    assert got.dtype.name == target
    assert (got is x) == (source == target)
    assert got.data.astype(float).tolist() == wanted.double().tolist()


def test_astype_to_whole_numbers_ends_the_record():
    assert not Tensor([1.5], requires_grad=True).astype("int64").requires_grad


def test_a_number_too_large_for_a_half_becomes_infinite():
    assert Tensor([1e5, -1e5]).astype("float16").data.tolist() == [np.inf, -np.inf]


def test_repr_shows_numbers_type_and_wish():
    assert repr(Tensor([1.0, 2.5], requires_grad=True)) == "Tensor([1. , 2.5], dtype=float32, requires_grad=True)"
    assert repr(Tensor(np.array([1, 2]))) == "Tensor([1, 2], dtype=int64)"


def test_a_tensor_can_be_a_key_and_be_compared_with_anything():
    x, y = Tensor([1.0]), Tensor([1.0])
    assert len({x, y, x}) == 2
    assert {x: "x"}[x] == "x"
    assert (x == None) is False and (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert (x == y).item() is True
    with pytest.raises(TypeError):
        x < "a"  # noqa: B015


LIST = [5.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("forward", "value", "slope"),
    [
        (lambda x: 5 + x, lambda n: 5 + n, lambda n: 1), (lambda x: 5 - x, lambda n: 5 - n, lambda n: -1),
        (lambda x: 5 * x, lambda n: 5 * n, lambda n: 5), (lambda x: 5 / x, lambda n: 5 / n, lambda n: -5 / n**2),
        (lambda x: 2**x, lambda n: 2**n, lambda n: np.log(2) * 2**n), (lambda x: -x, lambda n: -n, lambda n: -1),
        (lambda x: np.float64(5) - x, lambda n: 5 - n, lambda n: -1),
        (lambda x: LIST - x, lambda n: np.array(LIST) - n, lambda n: -1),
        (lambda x: tuple(LIST) / x, lambda n: np.array(LIST) / n, lambda n: -np.array(LIST) / n**2),
        (lambda x: np.array(LIST) * x, lambda n: np.array(LIST) * n, lambda n: np.array(LIST)),
        (lambda x: 2 * np.eye(3) @ x, lambda n: 2 * n, lambda n: 2),
        (lambda x: x.matmul(Tensor(2 * np.eye(3))), lambda n: 2 * n, lambda n: 2),
    ],
    ids=["+", "-", "*", "/", "**", "neg", "number -", "list -", "tuple /", "array *", "array @", "matmul"],
)  # fmt: skip
def test_an_operator_works_with_the_tensor_on_either_side(forward, value, slope):
    numbers = np.array([0.5, 1.5, 2.0])
    x = Tensor(numbers, requires_grad=True)
    out = forward(x)
    assert isinstance(out, Tensor)
    assert np.allclose(out.data, value(numbers))
    out.sum().backward()
    assert np.allclose(x.grad.data, slope(numbers))


@pytest.mark.parametrize("other", ["text", None, {1, 2}, {"a": 1}])
def test_an_operand_that_makes_no_sense_is_named_by_python(other):
    x = Tensor([1.0])
    for operation in (lambda: x + other, lambda: other - x, lambda: x**other, lambda: x @ other):
        with pytest.raises(TypeError, match="unsupported operand"):
            operation()


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        Tensor(np.zeros((3, 4))) + Tensor(np.zeros(3))


@pytest.mark.parametrize(
    ("left", "right", "word"),
    [((2, 3), (4, 5), "3 and 4 must match"), ((2, 3), (4,), "3 and 4"), ((), (3,), "at least one axis"),
     ((2, 3), (), "at least one axis"), ((5, 2, 3), (4, 3, 2), "broadcast")],
)  # fmt: skip
def test_products_that_do_not_exist_are_explained(left, right, word):
    with pytest.raises(ValueError, match=word):
        Tensor(np.zeros(left)) @ Tensor(np.zeros(right))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2), (0, 1, 0)])
def test_an_axis_that_is_not_there_or_comes_twice_is_refused(name, axis):
    with pytest.raises(ValueError, match=r"does not fit shape \(2, 3\): each axis once, from -2 to 1"):
        getattr(Tensor(np.zeros((2, 3))), name)(axis=axis)


def test_new_shapes_that_do_not_fit_are_refused():
    x = Tensor(np.zeros((2, 3)))
    for wrong in (lambda: x.reshape(4, 2), lambda: x.reshape(-1, 4), lambda: x.permute(0), lambda: x.permute(0, 0)):
        with pytest.raises(ValueError):
            wrong()
    for axes in [(0, 2), (-3, 0)]:
        with pytest.raises(ValueError, match=f"cannot swap axes {axes[0]} and {axes[1]} of a tensor with 2 axes"):
            x.transpose(*axes)


def test_reshape_and_permute_take_numbers_or_one_tuple():
    x = Tensor(np.arange(24).reshape(2, 3, 4))
    assert x.reshape(6, 4).shape == x.reshape((6, 4)).shape == x.reshape([6, -1]).shape == (6, 4)
    assert x.permute(2, 0, 1).shape == x.permute((2, 0, 1)).shape == x.permute([2, 0, 1]).shape == (4, 2, 3)
    assert x.T.shape == (4, 3, 2)


def test_parts_and_other_shapes_are_views_of_the_same_numbers():
    x = Tensor(np.arange(12.0).reshape(3, 4))
    for view in (x[1:], x[:, ::2], x[None], x.reshape(4, 3), x.T, x.transpose(), x[0]):
        assert np.shares_memory(view.data, x.data)


@pytest.mark.parametrize("index", [np.array([True, False, True]), np.array([0, 2]), [0, 2], Tensor(np.array([0, 2]))])
def test_picking_elements_copies(index):
    x = Tensor([1.0, 2.0, 3.0])
    assert not np.shares_memory(x[index].data, x.data)
    assert x[index].data.tolist() == [1, 3]


@pytest.mark.parametrize(
    "index",
    [Tensor(np.array([1, 0, 1])), (Tensor(np.array([1, 0])), 2), (slice(None), Tensor(np.array([0, 3]))),
     Tensor(np.array([True, False])), (Tensor(np.array(1)), None)],
)  # fmt: skip
def test_a_tensor_can_be_an_index_and_its_gradient_goes_where_the_numbers_came_from(index):
    x = Tensor(np.arange(8.0).reshape(2, 4), requires_grad=True)
    plain = tuple(i.data if isinstance(i, Tensor) else i for i in index) if isinstance(index, tuple) else index.data
    got = x[index]
    assert np.array_equal(got.data, x.data[plain])
    got.sum().backward()
    wanted = np.zeros((2, 4))
    np.add.at(wanted, plain, 1)
    assert np.array_equal(x.grad.data, wanted)


def test_a_mask_made_by_a_comparison_picks_elements():
    x = Tensor([3.0, -1.0, 2.0], requires_grad=True)
    (x[x > 0] ** 2).sum().backward()
    assert x.grad.data.tolist() == [6, 0, 4]


@pytest.mark.parametrize("index", [3, (0, 0), Tensor([0.0, 1.0]), "a", 1.5])
def test_an_index_that_does_not_fit_is_refused(index):
    with pytest.raises(IndexError):
        Tensor([1.0, 2.0, 3.0])[index]


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_ties_of_an_extreme_share_the_gradient_as_in_pytorch(name, axis, keepdims, dtype):
    numbers = np.random.default_rng(0).integers(0, 3, size=(2, 3, 4)).astype(float)
    x, peer = Tensor(numbers, dtype=dtype, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    out = getattr(x, name)(axis=axis, keepdims=keepdims)
    wanted = {"max": torch.amax, "min": torch.amin}[name](peer, dim=() if axis is None else axis, keepdim=keepdims)
    assert np.array_equal(out.data.astype(float), wanted.detach().numpy())
    out.sum().backward()
    wanted.sum().backward()
    assert x.grad.dtype.name == dtype
    assert np.allclose(x.grad.data.astype(float), peer.grad.numpy(), rtol=2**-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tie_of_maximum_is_halved_as_in_pytorch(dtype):
    a, b = np.array([1.0, 2.0, 3.0, -1.0]), np.array([2.0, 2.0, 1.0, -1.0])
    x, y = (Tensor(n, dtype=dtype, requires_grad=True) for n in (a, b))
    p, q = (torch.tensor(n, requires_grad=True) for n in (a, b))
    maximum(x, y).sum().backward()
    torch.maximum(p, q).sum().backward()
    assert np.array_equal(x.grad.data.astype(float), p.grad.numpy())
    assert np.array_equal(y.grad.data.astype(float), q.grad.numpy())


def test_maximum_and_where_take_numbers_lists_and_methods():
    x = Tensor([-1.0, 2.0], dtype="float16", requires_grad=True)
    assert maximum(x, 0).dtype == x.maximum(0.5).dtype == maximum(0.5, x).dtype == np.float16
    assert x.maximum(0).data.tolist() == [0, 2]
    assert x.where(x > 0, 9.0).data.tolist() == [9, 2]
    assert where([True, False], x, 0).data.tolist() == [-1, 0]
    assert where(np.array([0, 3]), 1.0, x).data.tolist() == [-1, 1]
    assert where(True, 1, 2).data.tolist() == 1
    x.where(x > 0, 9.0).sum().backward()
    assert x.grad.data.tolist() == [0, 1]


@pytest.mark.parametrize("operation", ["exp", "log", "sqrt", "tanh", "mean"])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_functions_of_whole_numbers_are_float32(operation, dtype):
    x = Tensor(np.ones(3, dtype))
    assert getattr(x, operation)().dtype == np.float32


@pytest.mark.parametrize("operation", ["exp", "log", "sqrt", "tanh"])
def test_special_numbers_go_through_functions_as_in_pytorch(operation):
    numbers = np.float32([0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1.0, 1e-40])
    with np.errstate(all="ignore"):
        got = getattr(Tensor(numbers), operation)().data
    wanted = getattr(torch, operation)(torch.tensor(numbers)).numpy()
    assert np.allclose(got, wanted, rtol=1e-5, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_long_sums_and_means_of_halves_are_added_in_float32(dtype):
    ones = Tensor(np.ones(40_000), dtype=dtype, requires_grad=True)
    assert ones.sum().dtype.name == dtype
    assert abs(ones.sum().item() - 40_000) <= 128
    assert ones.mean().item() == 1
    ones.mean().backward(Tensor(1024.0, dtype=dtype))
    assert np.allclose(ones.grad.data.astype(float), 1024 / 40_000, rtol=2**-8)


@pytest.mark.parametrize("operation", ["mean", "max"])
def test_a_gradient_shared_by_very_many_halves_keeps_its_digits(operation):
    """1 / 100,000 as a half would have lost most of them, and the count itself is beyond 65504."""
    x = Tensor(np.ones(100_000), dtype="float16", requires_grad=True)
    getattr(x, operation)().backward(Tensor(1024.0, dtype="float16"))
    assert np.all(x.grad.data == np.float16(1024 / 100_000))


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "int32"])
def test_types_of_reductions(name, dtype):
    x = Tensor(np.ones((2, 3), dtype))
    whole = {"sum": "int64", "mean": "float32", "max": dtype, "min": dtype}[name]
    assert getattr(x, name)().dtype.name == (whole if dtype.startswith("int") else dtype)


def test_an_extreme_of_nothing_is_refused():
    for name in ("max", "min"):
        with pytest.raises(ValueError, match="zero-size"):
            getattr(Tensor(np.zeros((0, 3))), name)(axis=0)
