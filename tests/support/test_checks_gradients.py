"""What checks of gradients share finds each kind of mistake, says which, and lets what is right pass."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.autograd import RULES, backward, joint_rule
from tinytorch.core.tensor import Primitive, Tensor, apply, wrap
from tinytorch.support.checks_gradients import (
    NotSaved,
    backward_agrees,
    chain_of,
    doubled,
    drawn,
    gradients_held,
    owed,
    rules_agree,
    slopes,
    worst_error,
)


def leaf(*numbers, dtype="float64"):
    return Tensor(list(numbers), dtype, requires_grad=True)


def sentence(call) -> str:
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


USES = [
    lambda x: x + 1, lambda x: 1 - x, lambda x: x @ x, lambda x: np.exp(x), lambda x: np.ones_like(x),
    lambda x: np.asarray(x), lambda x: x[0], lambda x: len(x), lambda x: float(x), lambda x: x.ndim, lambda x: x > 0,
    lambda x: np.where(True, x, 0), lambda x: bool(x), lambda x: list(x), lambda x: -x,
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_the_numbers_of_what_was_not_saved_cannot_be_used(use):
    assert sentence(lambda: use(NotSaved("x is gone", np.zeros((2, 3))))) == "x is gone"


def test_of_an_input_a_shape_and_a_type_are_left_and_of_an_output_nothing():
    x = NotSaved("x is gone", np.zeros((2, 3), np.float16))
    assert (x.shape, x.dtype) == ((2, 3), np.float16)
    assert sentence(lambda: NotSaved("y is gone").shape) == "y is gone"


def test_a_rule_is_asked_with_what_its_node_holds():
    y = leaf(1.0, 2.0) * leaf(3.0, 5.0)
    g = np.array([10.0, 1.0])
    assert [owed(RULES, y, i, g).tolist() for i in range(2)] == [[30, 5], [10, 2]]
    assert owed(RULES, leaf(0.0).tanh(), 0, np.array([2.0])).tolist() == [2]


def test_a_rule_for_all_inputs_is_asked_for_those_that_want_a_gradient():
    asked = []
    joint_rule("both of a test", lambda g, y, a, b, needs: asked.append(needs) or [g * b, None])
    try:
        y = apply(Primitive("both of a test", np.multiply), leaf(2.0), Tensor([3.0], "float64"))
        assert owed(RULES, y, 0, np.array([1.0])).tolist() == [3] and asked == [(True, False)]
    finally:
        del RULES["both of a test"]


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        (lambda g, y, x: g * x, "uses more of input 0 than is left: tanh saves y and not its inputs"),
        (lambda g, y, x: g[:1] * np.ones((3, 4)) @ np.ones(3), "the rule of tanh for input 0 stops"),
        (lambda g, y, x: np.float64(2) * g, "got arrays of float32 and answered with float64"),
        (lambda g, y, x: 0.5, "answered with float"),
        (lambda g, y, x: np.multiply(g, y, out=g), "wrote into an array that it was given"),
        (lambda g, y, x: np.multiply(g, y, out=y), "wrote into an array that it was given"),
    ],
)
def test_each_mistake_of_a_rule_is_told(rule, word):
    y = leaf(0.5, 1.0, dtype="float32").tanh()
    assert word in sentence(lambda: owed({"tanh": (rule,)}, y, 0, np.float32([2, 3])))


def test_slopes_are_derivatives_of_each_array():
    x, w = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array(2.0)
    to_x, to_w = slopes(lambda x, w: (x * x * w).sum(), [x, w])
    assert np.allclose(to_x, 2 * x * w) and np.isclose(to_w, (x * x).sum()) and to_w.shape == ()


def test_right_rules_agree_with_finite_differences():
    rules_agree(RULES, "a * b", lambda a, b: a * b, Tensor([1.0, -2.0]), Tensor([3.0, 0.5]), idea="")
    rules_agree(RULES, "a @ b", lambda a, b: a @ b, Tensor(drawn(4, 2, 3)), Tensor(drawn(3, 2)), idea="")
    rules_agree(RULES, "5 / x", lambda x: Tensor([5.0], x.dtype) / x, Tensor([0.5]), idea="")


def test_a_wrong_rule_is_told_with_its_inputs():
    said = sentence(
        lambda: rules_agree(
            {"mul": (lambda g, y, a, b: g * a, lambda g, y, a, b: g * a)}, "a * b", lambda a, b: a * b, Tensor([2.0]),
            Tensor([3.0]), idea="see the slope",
        )  # fmt: skip
    )
    assert said.startswith("a * b with inputs [2.0] and [3.0] and g=[") and "rule for input 0 gave" in said
    assert said.endswith("see the slope")


def test_backward_agrees_where_it_is_right():
    backward_agrees(backward, "x * y", lambda x, y: x * y + x, Tensor([1.0, 2.0]), Tensor([3.0, 5.0]), idea="")
    backward_agrees(backward, "a row", lambda x: chain_of(x, 50), Tensor(2.0), idea="")
    backward_agrees(backward, "doubled", lambda x: doubled(x, 3), Tensor(2.0), idea="")


def test_each_mistake_of_a_walk_is_told():
    def told(walk):
        return sentence(
            lambda: backward_agrees(walk, "x + y", lambda x, y: x + y, Tensor([1.0]), Tensor([2.0]), idea="see")
        )

    def replaced(result, gradient):
        for edge in result._node.edges:
            edge.grad = wrap(gradient.data.copy())

    def shared(result, gradient):
        for edge in result._node.edges:
            edge.grad = wrap(gradient.data)

    def in_place(result, gradient):
        for edge in result._node.edges:
            if edge.grad is None:
                edge.grad = wrap(np.zeros(1))
            edge.grad.data[...] += gradient.data

    def missing(result, gradient):
        return {}[result]

    def deep(result, gradient):
        return deep(result, gradient)

    assert "leaf 0 is still None" in told(lambda result, gradient: None)
    assert "walked twice: the grad of leaf 0 gave 1, wanted 2 at [0]: see" in told(replaced)
    assert "two leaves hold one array" in told(shared)
    assert "wrote into the gradient of the first" in told(in_place)
    assert "had its turn before any gradient" in told(missing)
    assert "too deep for recursion" in told(deep)
    assert "x + y failed: None has no attribute 'grad': what is a share" in told(lambda result, gradient: None.grad)


def test_a_walk_that_takes_every_way_is_stopped():
    def every_way(node):
        for edge in node.edges:
            if not isinstance(edge, Tensor):
                every_way(edge)

    assert "were followed 100 times" in sentence(lambda: every_way(doubled(leaf(3.0), 60)._node))
    backward(doubled(leaf(3.0), 60))


def test_the_gradients_that_a_walk_holds_are_counted():
    def hoarding(result, gradient):
        node, g, held = result._node, gradient.data, []
        while not isinstance(node, Tensor):
            node, g = node.edges[0], g * 1.0
            held.append(g)

    assert gradients_held(backward, Tensor) < 8
    assert 50 <= gradients_held(hoarding, Tensor) < 53


def test_graphs_have_as_many_nodes_as_they_say():
    x = leaf(3.0)
    assert chain_of(x, 4).data.tolist() == [3] and doubled(x, 4).data.tolist() == [48]


def test_the_worst_error_is_relative_to_large_numbers():
    assert worst_error([np.array([1.5, 102.0])], [np.array([1.0, 100.0])], 0.6) == 0.5
    assert worst_error([np.zeros((0, 3))], [np.zeros((0, 3))], 0.1) == 0


@pytest.mark.parametrize(("found", "place"), [([1.0, 2.0], r"\(1,\)"), ([np.nan, 1.0], r"\(0,\)")])
def test_an_error_that_is_too_large_is_told_with_its_place(found, place):
    with pytest.raises(AssertionError, match=f"tensor 1 at {place}: backward gives .*, finite differences give 1"):
        worst_error([np.ones(2), np.array(found)], [np.ones(2), np.ones(2)], 0.1)
