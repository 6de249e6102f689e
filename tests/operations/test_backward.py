"""The walk: what reaches the leaves, what is released, what is refused, and that no two gradients are one array."""

from __future__ import annotations

import gc
import itertools
import threading

import numpy as np
import pytest
import torch

from tests.operations.check import DTYPES
from tinytorch.core.activations import gelu, relu, softmax
from tinytorch.core.autograd import (
    RULES,
    backward,
    check_gradients,
    gradient_rule,
    nodes_in_order,
    numerical_gradient,
    pull_back,
    unbroadcast,
)
from tinytorch.core.layers import layer_norm, linear
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Primitive, Tensor, apply, maximum, no_grad, where
from tinytorch.optimization.compilation import fuse


def leaf(numbers, dtype="float64"):
    return Tensor(numbers, dtype=dtype, requires_grad=True)


def test_a_gradient_has_its_tensors_shape_and_type():
    for dtype in DTYPES:
        x = leaf([[1.0, 2.0]], dtype)
        (x * x).sum().backward()
        assert (x.grad.shape, x.grad.dtype.name) == ((1, 2), dtype)
        assert x.grad.data.tolist() == [[2, 4]]


def test_gradients_add_up_until_they_are_cleared():
    x = leaf([1.0, 2.0])
    for times in (1, 2, 3):
        (3 * x).sum().backward()
        assert x.grad.data.tolist() == [3 * times] * 2
    x.grad = None
    (3 * x).sum().backward()
    assert x.grad.data.tolist() == [3, 3]


def test_adding_to_a_gradient_leaves_the_old_array_to_whoever_holds_it():
    x = leaf([1.0, 2.0])
    (3 * x).sum().backward()
    kept, array = x.grad, x.grad.data
    (3 * x).sum().backward()
    assert kept.data is array and array.tolist() == [3, 3]
    assert x.grad.data.tolist() == [6, 6]


def test_a_tensor_that_is_used_several_times_collects_every_share():
    x = leaf([2.0])
    y = x * x
    (y * y + y * x + x + y[0]).sum().backward()
    assert x.grad.data.tolist() == [4 * 8 + 3 * 4 + 1 + 2 * 2]


def test_one_tensor_on_both_sides():
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    for operation in (lambda x: x + x, lambda x: x - x, lambda x: x * x, lambda x: x / x, lambda x: x @ x,
                      lambda x: maximum(x, x), lambda x: where(x > 2, x, x), lambda x: x**x):  # fmt: skip
        assert check_gradients(operation, Tensor(numbers)) < 1e-5


ALIASES = {
    "sum of two leaves": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "sum of views": lambda a, b: a.reshape(4).reshape(2, 2) + b.T.T,
    "a leaf and its own half": lambda a, b: a + (a + b),
    "through astype": lambda a, b: a.astype("float32").astype("float64") + b,
    "broadcast": lambda a, b: a + b.sum(axis=0, keepdims=True),
    "an indexed part": lambda a, b: a[:] + b[...],
    "a chain of sums": lambda a, b: (a + b) + (a + b),
    "where": lambda a, b: where([True, False], a, b),
    "a product": lambda a, b: a @ b,
}


@pytest.mark.parametrize("index", [((0, 0, 1),), [0, 0, 1], np.array([0, 0, 1]), (np.array([0, 0, 1]),)])
def test_an_element_that_is_taken_twice_gets_both_shares_whatever_the_index_is_made_of(index):
    x = leaf([1.0, 2.0, 3.0])
    x[index].sum().backward()
    assert x.grad.data.tolist() == [2, 1, 0]


@pytest.mark.parametrize("name", ALIASES)
def test_changing_one_gradient_in_place_changes_no_other_array(name):
    """Optimizers and clipping change gradients in place; so may a caller with the gradient that was passed in."""
    a, b = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([[5.0, 6.0], [7.0, 8.0]])
    given = Tensor(np.array([[1.0, -2.0], [0.5, 3.0]]))
    out = ALIASES[name](a, b)
    numbers = [t.data.copy() for t in (a, b, out, given)]
    out.backward(given)
    grads = [a.grad.data.copy(), b.grad.data.copy()]
    a.grad.data[...] = 1e6
    assert np.array_equal(b.grad.data, grads[1]), "the other leaf's gradient"
    b.grad.data[...] = -1e6
    for tensor, before in zip((a, b, out, given), numbers, strict=True):
        assert np.array_equal(tensor.data, before), "a tensor that the caller holds"
    assert (a.grad.data == 1e6).all()


def test_a_leaf_that_is_the_result_gets_the_gradient_itself():
    x, given = leaf([1.0, 2.0]), Tensor(np.array([3.0, 4.0]))
    x.backward(given)
    assert x.grad.data.tolist() == [3, 4]
    x.grad.data[:] = 0
    assert given.data.tolist() == [3, 4]


@pytest.mark.parametrize("gradient", [[[1, 2], [3, 4]], np.array([[1.0, 2], [3, 4]]), Tensor([[1, 2], [3, 4]])])
def test_a_gradient_to_start_from_may_be_a_list_an_array_or_a_tensor(gradient):
    x = leaf([[1.0, 1.0], [1.0, 1.0]])
    (x * 2).backward(gradient)
    assert x.grad.data.tolist() == [[2, 4], [6, 8]]


def test_the_gradient_to_start_from_takes_the_results_type():
    x = leaf([1.0, 2.0], "float16")
    (x * 2).backward(Tensor(np.array([1.0, 1e-9])))
    assert x.grad.dtype == np.float16 and x.grad.data.tolist() == [2, 0]


def test_several_numbers_need_a_gradient_to_start_from():
    with pytest.raises(RuntimeError, match=r"single number to start from, this tensor has shape \(2,\)"):
        (leaf([1.0, 2.0]) * 2).backward()
    x = leaf([[3.0]])
    (x * 2).backward()  # one number in any shape will do
    assert x.grad.data.tolist() == [[2]]


@pytest.mark.parametrize("shape", [(3,), (1, 2), (), (2, 1)])
def test_a_gradient_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="gradient has shape"):
        (leaf([1.0, 2.0]) * 2).backward(Tensor(np.ones(shape)))


def test_backward_without_a_record_says_why():
    x = leaf([1.0])
    with no_grad():
        silent = x * 2
    for tensor in (Tensor([1.0]), x.detach() * 2, silent, Tensor((x * 2).data), x.astype("int64").astype("float64")):
        with pytest.raises(RuntimeError, match="no input with requires_grad=True took part"):
            tensor.backward()
    assert x.grad is None


def test_a_second_walk_over_a_graph_is_refused_and_changes_nothing():
    x = leaf([2.0])
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="walked over part of this graph before"):
        y.backward()
    fresh = x * 3 + y
    with pytest.raises(RuntimeError, match="run the forward pass again"):
        fresh.backward()
    assert x.grad.data.tolist() == [4]


def test_saved_arrays_are_let_go_after_the_walk():
    x = leaf(np.ones(3))
    y = x.exp() * x
    node = y._node
    y.sum().backward()
    assert node.inputs is None and node.output is None and node.edges == ()


def test_a_primitive_without_a_rule_fails_loudly_and_can_be_given_one():
    cube = Primitive("cube of a test", lambda x: x**3)
    x = leaf([2.0])
    with pytest.raises(NotImplementedError, match=r"'cube of a test' has no gradient rule: add gradient_rule"):
        apply(cube, x).backward()
    assert x.grad is None
    gradient_rule("cube of a test", lambda g, y, x: 3 * g * x * x)
    try:
        apply(cube, x).backward()
    finally:
        del RULES["cube of a test"]
    assert x.grad.data.tolist() == [12]


def test_a_primitive_without_a_rule_is_fine_where_no_gradient_is_wanted():
    nameless = Primitive("nobody differentiates this", lambda x: x * 2)
    assert apply(nameless, Tensor([1.0])).data.tolist() == [2]
    with no_grad():
        assert not apply(nameless, leaf([1.0])).requires_grad


def test_a_rule_is_not_asked_for_an_input_that_wants_nothing():
    def forbidden(*_, **__):
        raise AssertionError("asked")

    gradient_rule("picky", lambda g, y, a, b: g * b, forbidden)
    try:
        x = leaf([1.0, 2.0])
        apply(Primitive("picky", np.multiply), x, Tensor([3.0, 4.0])).sum().backward()
    finally:
        del RULES["picky"]
    assert x.grad.data.tolist() == [3, 4]


def test_a_chain_of_100_000_operations_is_walked():
    x = leaf([1.0])
    y = x
    for _ in range(100_000):
        y = -y
    y.backward()
    assert x.grad.data.tolist() == [1]


def test_a_chain_of_100_000_operations_can_be_dropped_unwalked():
    y = leaf([1.0])
    for _ in range(100_000):
        y = -y
    del y
    gc.collect()


def test_a_wide_graph_is_walked_once_for_each_node():
    """Each square doubles the paths; only a walk that visits a node once ends."""
    x = leaf([1.0])
    y = x
    for _ in range(60):
        y = y * y
    assert len(nodes_in_order(y._node)) == 60
    y.backward()
    assert x.grad.data.tolist() == [2.0**60]


def test_a_frozen_leaf_gets_no_gradient_and_does_not_stop_others():
    frozen, free = Tensor([3.0]), leaf([2.0])
    (frozen * free + frozen).sum().backward()
    assert frozen.grad is None and free.grad.data.tolist() == [3]


def test_a_leaf_frozen_after_the_forward_pass_was_recorded_as_it_was_then():
    x = leaf([2.0])
    y = x * x
    x.requires_grad = False
    y.backward()
    assert x.grad.data.tolist() == [4]


def test_rebinding_the_numbers_does_not_disturb_a_recorded_graph():
    x = leaf([2.0])
    y = x * x
    x.data = x.data - 1
    y.backward()
    assert x.grad.data.tolist() == [4]


def test_backward_does_not_record_itself():
    x = leaf([2.0])
    (x * x).backward()
    assert not x.grad.requires_grad and x.grad._node is None


def test_each_thread_walks_its_own_graph():
    results = {}

    def work(n):
        x = leaf(np.full(50, float(n)))
        for _ in range(20):
            (x * x).sum().backward()
        results[n] = x.grad.data

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(results[n], np.full(50, 40.0 * n)) for n in range(4))


def test_threads_that_walk_to_one_leaf_lose_no_gradient():
    weight, inputs = leaf(np.zeros(100_000)), [np.full(100_000, float(n)) for n in range(8)]

    def work(n):
        for _ in range(50):
            (weight * inputs[n]).sum().backward()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(weight.grad.data, np.full(100_000, 50.0 * sum(range(8))))


def test_a_network_of_everything_agrees_with_pytorch():
    rng = np.random.default_rng(0)
    x, w, b, v = (rng.normal(size=s) for s in [(4, 3), (3, 5), (5,), (5, 2)])
    classes = np.array([0, 1, 1, 0])
    ours = [leaf(n) for n in (x, w, b, v)]
    a, c, d, e = ours
    h = gelu(a @ c + d, "tanh")
    cross_entropy((h - h.mean(axis=0, keepdims=True)) @ e / h.max().exp().sqrt(), classes).backward()
    theirs = [torch.tensor(n, requires_grad=True) for n in (x, w, b, v)]
    a, c, d, e = theirs
    h = torch.nn.functional.gelu(a @ c + d, approximate="tanh")
    out = (h - h.mean(0, keepdim=True)) @ e / h.amax().exp().sqrt()
    torch.nn.functional.cross_entropy(out, torch.tensor(classes)).backward()
    for mine, peer in zip(ours, theirs, strict=True):
        assert np.allclose(mine.grad.data, peer.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_a_tie_of_a_maximum_is_shared_half_and_half_as_in_pytorch():
    a, b = leaf([1.0, 2.0, 3.0]), leaf([3.0, 2.0, 1.0])
    p, q = (torch.tensor(x.data, requires_grad=True) for x in (a, b))
    maximum(a, b).backward(np.array([4.0, 4.0, 4.0]))
    torch.maximum(p, q).backward(torch.full((3,), 4.0, dtype=torch.float64))
    assert a.grad.data.tolist() == p.grad.tolist() == [0, 2, 4]
    assert b.grad.data.tolist() == q.grad.tolist() == [4, 2, 0]


INFINITE = np.array([np.inf, np.inf, -np.inf, 1.0])
MASKED = {
    "relu": (relu, torch.relu),
    "where": (lambda x: where(x > 0, x, 0.0), lambda x: torch.where(x > 0, x, 0.0)),
    "where, other side": (lambda x: where(x < 0, 0.0, x), lambda x: torch.where(x < 0, 0.0, x)),
    "maximum": (lambda x: maximum(x, 0.0), lambda x: torch.maximum(x, torch.zeros(()))),
    "getitem": (lambda x: x[x > 0], lambda x: x[x > 0]),
}


@pytest.mark.parametrize("name", MASKED)
def test_an_infinite_gradient_does_not_reach_what_was_masked_out(name):
    """As in PyTorch: inf times 0 would be nan, and a loss scaler would see an overflow that is none."""
    ours, theirs = MASKED[name]
    numbers = np.array([1.0, -1.0, -2.0, 3.0])
    x, peer = leaf(numbers), torch.tensor(numbers, requires_grad=True)
    y, z = ours(x), theirs(peer)
    start = INFINITE if y.shape == (4,) else INFINITE[numbers > 0]
    y.backward(Tensor(start))
    z.backward(torch.tensor(start))
    assert np.array_equal(x.grad.data, peer.grad.numpy())


@pytest.mark.parametrize("name", ["relu", "maximum"])
@pytest.mark.parametrize("nan", [np.nan, -np.nan])
def test_a_gradient_passes_where_the_number_is_nan(name, nan):
    """As in PyTorch: a network that has gone wrong is not to look as if it had stopped learning."""
    ours, theirs = MASKED[name]
    numbers = np.array([nan, 1.0, -1.0])
    x, peer = leaf(numbers), torch.tensor(numbers, requires_grad=True)
    ours(x).sum().backward()
    theirs(peer).sum().backward()
    assert x.grad.data.tolist() == peer.grad.tolist() == [1, 1, 0]


@pytest.mark.parametrize("wanted", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("layer", [linear, layer_norm])
def test_a_rule_for_all_inputs_gives_to_those_that_want_a_gradient(layer, wanted):
    """One function makes all gradients of `layer`: each is the same whichever others are asked for."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(5, 4)), rng.normal(size=(4, 4) if layer is linear else 4), rng.normal(size=4)]
    leaves = [Tensor(array, requires_grad=needs) for array, needs in zip(arrays, wanted, strict=True)]
    everything = [leaf(array) for array in arrays]
    (layer(*everything) ** 2).sum().backward()
    if any(wanted):
        (layer(*leaves) ** 2).sum().backward()
    for found, whole, needs in zip(leaves, everything, wanted, strict=True):
        assert np.array_equal(found.grad.data, whole.grad.data) if needs else found.grad is None


@pytest.mark.parametrize(
    ("base", "power"),
    [(0.0, 2.0), (0.0, 0.0), (0.0, 1.0), (-3.0, 2.0), (-2.0, 3.0), (2.0, 0.0), (0.0, 0.5), (2.0, -1.0), (-1.0, 0.0),
     (0.0, -1.0), (0.0, -0.5), (1e20, 0.5), (1e-25, 2.0), (float("inf"), -1.0)],
)
def test_the_edges_of_a_power_are_pytorchs(base, power):
    a, b = leaf([base]), leaf([power])
    p, q = torch.tensor([base], requires_grad=True), torch.tensor([power], requires_grad=True)
    with np.errstate(all="ignore"):
        (a**b).backward()
    (p**q).backward()
    assert np.allclose(a.grad.data, p.grad.numpy(), equal_nan=True)
    if base >= 0:
        assert np.allclose(b.grad.data, q.grad.numpy(), equal_nan=True)


@pytest.mark.parametrize(("a", "b"), [(1e20, 1e20), (1e-25, 1e-25), (0.0, 2.0), (3.0, -1e-30), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("divide", [lambda a, b: a / b, fuse(lambda a, b: a / b)])
def test_a_quotients_gradients_stay_in_range_as_pytorchs_do(divide, a, b):
    ours, theirs = [leaf([x], "float32") for x in (a, b)], [torch.tensor([x], requires_grad=True) for x in (a, b)]
    with np.errstate(all="ignore"):
        divide(*ours).backward()
    (theirs[0] / theirs[1]).backward()
    for mine, right in zip(ours, theirs, strict=True):
        assert np.allclose(mine.grad.data, right.grad.numpy(), rtol=1e-6, atol=0, equal_nan=True)


def test_softmax_and_cross_entropy_do_not_care_how_logits_lie_in_memory():
    numbers = np.random.default_rng(0).normal(size=(4, 2, 3))
    x = leaf(numbers)
    loss = cross_entropy(x.permute(1, 2, 0), np.array([[0, 1, 2], [3, 0, 1]]))
    loss.backward()
    peer = torch.tensor(numbers, requires_grad=True)
    torch.nn.functional.cross_entropy(
        peer.permute(1, 2, 0).reshape(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    ).backward()
    assert np.allclose(x.grad.data, peer.grad.numpy())
    assert check_gradients(lambda x: softmax(x.T, 0) ** 2, Tensor(numbers[0])) < 1e-5


def test_numerical_gradient_leaves_its_tensors_alone():
    x = Tensor([1.0, 2.0], dtype="float16")
    (found,) = numerical_gradient(lambda x: x**3, x)
    assert found.dtype == np.float64 and np.allclose(found, [3, 12])
    assert x.dtype == np.float16 and x.data.tolist() == [1, 2]


def test_finite_differences_need_float64():
    """The default step loses less than a digit against the best one; in float32 nearly all digits are lost."""

    def error(dtype, step):
        x, step = np.array(2, dtype), np.array(step, dtype)
        return abs(float(((x + step) ** 3 - (x - step) ** 3) / (2 * step)) - 12)

    best = min(error(np.float64, 10.0**-power) for power in range(1, 11))
    assert best == error(np.float64, 1e-5) and error(np.float64, 1e-6) < 10 * best
    assert error(np.float32, 1e-6) > 0.1


def test_check_gradients_names_the_place_of_a_wrong_rule():
    gradient_rule("wrong", lambda g, y, x: np.where(np.arange(3) == 1, 0, 2 * g * x))
    try:
        with pytest.raises(AssertionError, match=r"tensor 0 at \(1,\): backward gives 0, finite differences give 4"):
            check_gradients(lambda x: apply(Primitive("wrong", lambda x: x * x), x), Tensor([1.0, 2.0, 3.0]))
    finally:
        del RULES["wrong"]


def test_check_gradients_does_not_pass_over_nan():
    gradient_rule("lost", lambda g, y, x: g * np.nan)
    try:
        with pytest.raises(AssertionError, match="backward gives nan"):
            check_gradients(lambda x: apply(Primitive("lost", lambda x: x * x), x), Tensor([1.0]))
    finally:
        del RULES["lost"]


def test_backward_as_a_function_and_as_a_method_are_the_same():
    x, y = leaf([2.0]), leaf([2.0])
    backward(x * x)
    (y * y).backward()
    assert x.grad.data.tolist() == y.grad.data.tolist() == [4]


def test_pull_back_gives_one_share_for_each_input():
    x = leaf([1.0, 2.0])
    node = (x * 3)._node
    shares = pull_back(node, np.array([1.0, 1.0]))
    assert shares[0].tolist() == [3, 3] and shares[1] is None


def test_unbroadcast_adds_halves_in_float32():
    ones = np.ones((5000, 2), np.float16)
    assert unbroadcast(ones, (2,)).tolist() == [5000, 5000]
    assert unbroadcast(ones, (1, 1)).tolist() == [[10000]]
    assert unbroadcast(ones, (5000, 2)) is ones




@pytest.mark.parametrize("name", ["max", "min"])
def test_a_nan_is_the_extreme_and_gets_the_gradient(name):
    numbers = np.array([1.0, np.nan, 3.0], np.float32)
    ours, theirs = Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    getattr(ours, name)().backward()
    getattr(theirs, name)().backward()
    assert ours.grad.data.tolist() == theirs.grad.tolist() == [0.0, 1.0, 0.0]
