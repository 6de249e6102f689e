# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 05: Autograd

> Reverse-mode differentiation: a table of gradient rules, one for each primitive, and the walk that uses it.

A network learns by asking, for each of its weights: if this number grew a little, how much would the loss grow? The
answers are the gradient. For a function of n weights you could find it by trying: move each weight, run the network
again, look. That takes n runs and more. This lesson finds all n answers for the price of a few runs, for any program
that you write with tensors.

You will build:

- `numerical_gradient`, the slow and certain way, which will judge everything else;
- a table with one line for each operation: how a gradient passes it;
- `backward`, one walk over the records that lesson 01's door has kept.
"""

# %%
#| default_exp core.autograd

# %%
#| export
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from tinytorch.core.tensor import Node, Spec, Tensor, active_layers, array_product, cast_array
from tinytorch.core.tensor import in_float32, is_half, no_grad, top_layer, wrap

# %% [markdown]
r"""
## Why not simply try?

Move one weight by a small step to either side, and the slope between the two is the derivative. For the small network
below that is one pair of runs for each of its weights. Count them.
"""

# %%
import time

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss

manual_seed(0)
network = Sequential(Linear(64, 32), GELU(), Linear(32, 10))
images, labels = Tensor(np.random.default_rng(0).random((64, 64), dtype=np.float32)), np.arange(64) % 10

def run_once():
    start = time.perf_counter()
    with no_grad():
        CrossEntropyLoss()(network(images), labels)
    return time.perf_counter() - start

one_run = min(run_once() for _ in range(10))
weights = sum(p.size for p in network.parameters())
print(f"one run {one_run * 1e3:.2f} ms; {weights} weights, two runs each: {2 * weights * one_run:.1f} s for one "
      "gradient")

# %% [markdown]
r"""
## The judge

Slow as it is, trying needs no theory, so it can judge a theory. The central difference

$$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}$$

is wrong by a term in $h^2$, and by rounding, which grows as $h$ shrinks. In `float64` a step near $10^{-6}$ balances
the two. Nobody will differentiate these runs, so they need no record: lesson 01's `no_grad`.

### Exercise: numerical_gradient
"""

# %% nbgrader={"solution": true, "grade_id": "numerical-gradient"}
#| export
def numerical_gradient(function: Callable[..., Tensor], *tensors: Tensor, step: float = 1e-6) -> list[np.ndarray]:
    """The gradient of `function(*tensors)` by central differences, one float64 array for each tensor.

    Where the function gives more than one number, it is their sum that is differentiated. The tensors are copied to
    float64 for the purpose and are left as they are.

    >>> numerical_gradient(lambda x: x * x, Tensor([3.0]))[0].round(4)
    array([6.])
    """
    ### BEGIN SOLUTION
    copies = [Tensor(t.data, dtype=np.float64) for t in tensors]
    gradients = [np.zeros(t.shape) for t in copies]
    with no_grad():
        for copy, gradient in zip(copies, gradients):
            for i in np.ndindex(copy.shape):
                here = copy.data[i]
                copy.data[i] = here + step
                above = function(*copies).data.sum()
                copy.data[i] = here - step
                below = function(*copies).data.sum()
                copy.data[i] = here
                gradient[i] = (above - below) / (2 * step)
    return gradients
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-numerical-gradient", "points": 4}
def test_unit_numerical_gradient(x, w, at):
    x, w = Tensor(x), Tensor(w)
    before = x.data.copy()
    dx, dw = numerical_gradient(lambda x, w: x * x * w, x, w)
    for name, got, wanted in [("x", dx, 2 * x.data * w.data), ("w", dw, (x.data**2).sum(axis=0))]:
        assert got.shape == wanted.shape, f"d(sum of x*x*w)/d{name} has shape {got.shape}, wanted {wanted.shape}"
        assert got.dtype == np.float64, (
            f"in {got.dtype} the difference of two nearly equal numbers is mostly rounding: use float64")
        assert np.allclose(got, wanted, atol=1e-6), (
            f"d(sum of x*x*w)/d{name} at x={before.tolist()}, w={w.data.tolist()} gave {got}, wanted {wanted}")
    assert np.array_equal(x.data, before), "the tensor that was handed in has changed: move a copy"
    scalar = numerical_gradient(lambda s: s.exp(), Tensor(at))[0]
    assert scalar.shape == () and np.isclose(scalar, np.exp(at)), (
        f"the derivative of exp at {at} gave {scalar}, wanted {np.exp(at):.5f}")

test_unit_numerical_gradient([[0.5, -1.0], [2.0, 3.0]], [1.5, -2.0], at=1.0)
### BEGIN HIDDEN TESTS
test_unit_numerical_gradient([[1.0, 2.0, -1.5]], [0.5, 0.0, 4.0], at=-0.5)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-numerical-gradient-step", "points": 2}
def test_unit_numerical_gradient_step():
    weight, recorded = Tensor([2.0], requires_grad=True), []
    def function(x):
        y = x * x * x * weight
        recorded.append(y.requires_grad)
        return y
    cases = [(3.0, 0.5, 54.5), (3.0, 1.0, 56.0)]
    ### BEGIN HIDDEN TESTS
    cases += [(2.0, 0.25, 24.125), (-1.0, 2.0, 14.0), (0.0, 0.5, 0.5)]
    ### END HIDDEN TESTS
    for at, step, wanted in cases:
        got = numerical_gradient(function, Tensor([at]), step=step)[0]
        assert np.allclose(got, wanted), (
            f"2 x^3 at {at} with step={step} gave {got}, wanted {wanted}: the slope from one step below to one step "
            "above")
    got = numerical_gradient(lambda x: x[:1] * x[1:], Tensor([3.0, 2.0]), step=0.5)[0]
    assert np.allclose(got, [2, 3]), (
        f"x0 x1 at [3, 2] with step=0.5 gave {got}, wanted [2, 3]: put a number back before the next one moves")
    assert recorded and not any(recorded), "the runs were recorded, and nobody will ask for their gradients: no_grad"

test_unit_numerical_gradient_step()

# %% [markdown]
r"""
## One rule for each operation

Let the loss be $L$ and let an operation in the middle of the network compute $y = f(a, b)$. Suppose that somebody has
already told us $g = \partial L / \partial y$, an array of y's shape. The chain rule then gives what the operation owes
its inputs, and it needs no knowledge of the rest of the network:

$$\frac{\partial L}{\partial a} = g \cdot \frac{\partial f}{\partial a}
\qquad \frac{\partial L}{\partial b} = g \cdot \frac{\partial f}{\partial b}$$

So each primitive gets one line in a table: for each input a function of `g`, the output `y` and the inputs. What the
primitive did not save (lesson 01's `saves`) is not there: an input arrives as a `Spec`, which has only its shape and
type, and `y` as `None`.

| operation | saved | to a | to b |
|---|---|---|---|
| a + b | nothing | g | g |
| a - b | nothing | g | -g |
| a b | inputs | g b | g a |
| a / b | inputs | g / b | -g a / b^2 |
| a^b | both | g b a^(b-1) | g y ln a |

The table is a dict, and `gradient_rule` puts a line into it. Lessons after this one add lines for the operations that
they invent; nothing else has to change for that. Where all gradients come out of one piece of work, `joint_rule` takes
one function for all inputs.
"""

# %%
#| export
RULES: dict[str, tuple[Callable[..., np.ndarray], ...] | Callable[..., list]] = {}


def gradient_rule(name: str, *rules: Callable[..., np.ndarray]) -> None:
    """Set the gradient rules of primitive `name`: for each input a function `rule(g, y, *inputs, **options) -> array`.

    `g` is the gradient of the output `y`. Inputs, or y, that the primitive did not save arrive as a Spec, or None. A
    rule may leave the result in a broadcast shape or a wider type: the walk sums and casts it to fit its input.
    """
    RULES[name] = rules


def joint_rule(name: str, rule: Callable[..., list]) -> None:
    """Set one rule that makes all gradients of `name` together: `rule(g, y, *inputs, needs, **options) -> list`.

    `needs` says for each input whether it wants a gradient; the list holds an array, or None, for each.
    """
    RULES[name] = rule

# %% [markdown]
r"""
### Exercise: the rules of arithmetic

Fill in the lines for `a * b`, `a / b` and `a ** b`. A power needs care with its second rule: $\ln a$ does not exist for
$a \le 0$, yet $0^2$ has a gradient to the exponent, and it is 0. PyTorch gives 0 wherever the base is 0.

A product and a quotient save their inputs but not `y`; a power saves both. And stay in the type that comes in: from
`float32` arrays a rule makes `float32`, or the backward pass takes twice the memory. Python's numbers are weak and do
no harm, `np.float64(2)` is not.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-arithmetic"}
#| export
def mul_to_a(g, y, a, b):
    """The gradient of a * b to a; y was not saved."""
    ### BEGIN SOLUTION
    return g * b
    ### END SOLUTION


def div_to_b(g, y, a, b):
    """The gradient of a / b to b; y was not saved."""
    ### BEGIN SOLUTION
    return -g * a / (b * b)
    ### END SOLUTION


def pow_to_a(g, y, a, b):
    """The gradient of a ** b to a; where b is 0 it is 0, whatever a is."""
    ### BEGIN SOLUTION
    return g * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))
    ### END SOLUTION


def pow_to_b(g, y, a, b):
    """The gradient of a ** b to b; 0 where a is 0."""
    ### BEGIN SOLUTION
    return g * y * np.log(np.where(a == 0, 1, a))
    ### END SOLUTION

# %%
#| export
gradient_rule("add", lambda g, y, a, b: g, lambda g, y, a, b: g)
gradient_rule("sub", lambda g, y, a, b: g, lambda g, y, a, b: -g)
gradient_rule("mul", mul_to_a, lambda g, y, a, b: g * a)
gradient_rule("div", lambda g, y, a, b: g / b, in_float32(div_to_b))
gradient_rule("pow", in_float32(pow_to_a), in_float32(pow_to_b))
gradient_rule("neg", lambda g, y, a: -g)

# %% [markdown]
r"""
The checks call a rule as the walk will: with what the operation's record holds and nothing else.
"""

# %%
def owed(result, i, g):
    """What the rule for input `i` of the operation that made `result` answers to the gradient `g`."""
    node, name = result._node, result._node.primitive.name
    try:
        share = RULES[name][i](g, node.output, *node.inputs, **node.options)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        saved = {"inputs": "its inputs and no y", "output": "y and no input", "both": "its inputs and y"}
        held = saved.get(node.primitive.saves, "neither inputs nor y")
        said = f" ({error})" if isinstance(error, ValueError) else ""
        raise AssertionError(f"the rule of {name} for input {i} fails on what it gets{said}: {name} saves {held}; of "
                             "an input that was not saved there are only shape and dtype") from error
    kind = share.dtype if isinstance(share, (np.ndarray, np.generic)) else type(share).__name__
    assert kind == g.dtype, (
        f"the rule of {name} for input {i} was given arrays of {g.dtype} and answered with {kind}: which number in it "
        "has a type of its own?")
    return share

# %% nbgrader={"grade": true, "grade_id": "test-rules-arithmetic", "points": 8}
def test_unit_rules_arithmetic(left, right, base, g):
    for name, function, a, b in [
        ("mul", lambda a, b: a * b, left, right), ("div", lambda a, b: a / b, left, right),
        ("pow", lambda a, b: a**b, base, right),
    ]:
        wanted = numerical_gradient(lambda a, b: function(a, b) * Tensor(g), Tensor(a), Tensor(b))
        for dtype in ["float64", "float32"]:
            result = function(*(Tensor(side, dtype, requires_grad=True) for side in (a, b)))
            for i in range(2):
                got = owed(result, i, np.array(g, dtype))
                assert np.allclose(got, wanted[i], rtol=1e-4), (
                    f"{name}, input {i}: for a={a}, b={b}, g={g} got {got}, wanted {wanted[i]}")

def check_edge(what, got, wanted):
    assert np.allclose(got, wanted), f"the gradient of {what} gave {got}, wanted {wanted}: see what a base of 0 does"

one = np.ones(1)
test_unit_rules_arithmetic([0.5, -2.0, 3.0], [2.0, 3.0, -1.5], base=[0.5, 2.0, 3.0], g=[1.0, -1.0, 0.5])
check_edge("0 ** 2 to a", pow_to_a(one, 0 * one, 0 * one, 2 * one), 0)
check_edge("(-3) ** 2 to a", pow_to_a(one, 9 * one, -3 * one, 2 * one), -6)
check_edge("0 ** 2 to b", pow_to_b(one, 0 * one, 0 * one, 2 * one), 0)
check_edge("0 ** 0 to a", pow_to_a(one, one, 0 * one, 0 * one), 0)
### BEGIN HIDDEN TESTS
test_unit_rules_arithmetic([4.0, -0.25], [-1.25, 2.5], base=[1.5, 0.2], g=[-2.0, 3.0])
check_edge("0 ** 1 to a", pow_to_a(2 * one, 0 * one, 0 * one, one), 2)
check_edge("(-2) ** 3 to a", pow_to_a(3 * one, -8 * one, -2 * one, 3 * one), 36)
check_edge("0 ** 3 to b", pow_to_b(5 * one, 0 * one, 0 * one, 3 * one), 0)
check_edge("0 ** 0 to b", pow_to_b(5 * one, one, 0 * one, 0 * one), 0)
with np.errstate(invalid="ignore"):  # 0 * inf is computed, and not chosen
    check_edge("inf ** 0 to a", pow_to_a(one, one, np.inf * one, 0 * one), 0)
check_edge("(-2) ** 0 to a", pow_to_a(one, one, -2 * one, 0 * one), 0)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Functions of one element

Some of these are cheapest in terms of the output: the derivative of $e^x$ is $e^x$ itself, of $\tanh x$ it is $1 -
\tanh^2 x$, of $\sqrt x$ it is $1 / (2 \sqrt x)$. That is why lessons 01 and 02 let exp, tanh, sqrt and sigmoid save
their output and not their input: `y` is there, `x` is a `Spec`. `maximum` saves its inputs and no `y`.

At a tie in `maximum` there is no derivative; like PyTorch we give each side half.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-elementwise"}
#| export
def tanh_rule(g, y, x):
    """The gradient of tanh x, from the output."""
    ### BEGIN SOLUTION
    return g * (1 - y * y)
    ### END SOLUTION


def sqrt_rule(g, y, x):
    """The gradient of the square root of x, from the output."""
    ### BEGIN SOLUTION
    return g / (2 * y)
    ### END SOLUTION


def sigmoid_rule(g, y, x):
    """The gradient of 1 / (1 + exp(-x)), from the output."""
    ### BEGIN SOLUTION
    return g * y * (1 - y)
    ### END SOLUTION


def maximum_rule(g, y, a, b):
    """The gradient of maximum(a, b) to a; half of it where the two are equal."""
    ### BEGIN SOLUTION
    return np.where(a < b, 0, np.where(a == b, g / 2, g))
    ### END SOLUTION

# %%
#| export
def masked(g: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`g` where `mask` holds and 0 elsewhere, also where g is inf or nan.

    It multiplies bits, seen as a whole number, by 1 or 0, which takes the same short time for every element; a choice
    for each would be guessed wrong half the time.
    """
    return (g.view(f"i{g.itemsize}") * mask).view(g.dtype)


gradient_rule("exp", lambda g, y, x: g * y)
gradient_rule("log", lambda g, y, x: g / x)
gradient_rule("sqrt", in_float32(sqrt_rule))
gradient_rule("tanh", in_float32(tanh_rule))
gradient_rule("sigmoid", in_float32(sigmoid_rule))
gradient_rule("relu", lambda g, y, x: masked(g, y != 0))
gradient_rule("maximum", maximum_rule, lambda g, y, a, b: maximum_rule(g, y, b, a))
gradient_rule("where", None, lambda g, y, c, a, b: np.where(c, g, 0), lambda g, y, c, a, b: np.where(c, 0, g))
gradient_rule("astype", lambda g, y, x, dtype: g)

# %% nbgrader={"grade": true, "grade_id": "test-rules-elementwise", "points": 8}
def test_unit_rules_elementwise(x, g):
    from tinytorch.core.activations import sigmoid

    root = np.square(x)
    for name, function, at, slope in [
        ("tanh", Tensor.tanh, x, 1 / np.cosh(x) ** 2), ("sqrt", Tensor.sqrt, root, 1 / (2 * np.abs(x))),
        ("sigmoid", sigmoid, x, 1 / (2 * np.cosh(np.divide(x, 2))) ** 2),
    ]:
        for dtype in ["float64", "float32"]:
            got, wanted = owed(function(Tensor(at, dtype, True)), 0, np.array(g, dtype)), np.multiply(g, slope)
            assert np.allclose(got, wanted, rtol=1e-4), f"{name} at {at} with g={g} gave {got}, wanted {wanted}"

def test_unit_maximum_rule(a, b, g, to_a, to_b):
    result = Tensor(a, requires_grad=True).maximum(Tensor(b, requires_grad=True))
    got = [owed(result, i, np.float32(g)) for i in range(2)]
    assert np.allclose(got, [to_a, to_b]), (
        f"maximum of {a} and {b} with g={g} sends {got[0]} and {got[1]}, wanted {to_a} and {to_b}: the larger gets "
        "all, a tie is shared")

test_unit_rules_elementwise([-1.5, -0.1, 0.3, 2.0], g=[1.0, -2.0, 0.5, 3.0])
test_unit_maximum_rule([1.0, 2, 3], [3.0, 2, 1], g=[1, 1, 1], to_a=[0, 0.5, 1], to_b=[1, 0.5, 0])
### BEGIN HIDDEN TESTS
test_unit_rules_elementwise([[0.7, -2.5], [1.1, 0.05]], g=[[-3.0, 1.0], [0.25, 2.0]])
test_unit_maximum_rule([-1.0, 0, 5, 4], [-1.0, -2, 6, 4], g=[4, 3, -2, 1], to_a=[2, 3, 0, 0.5], to_b=[2, 0, -2, 0.5])
### END HIDDEN TESTS

# %% [markdown]
r"""
### Reductions and shapes

The sum of a row owes each element of the row the same g. So the rule of `sum` puts the lost axes back with length 1
and lets broadcasting do the rest; `mean` divides by how many there were. Reshaping owes the same numbers in the old
shape, a transpose is undone by the opposite transpose, and indexing puts g where the numbers came from, *adding* where
the same element was taken twice. All of these save nothing, so `x` is a `Spec`; only max and min save input and output.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-reductions"}
#| export
def with_axes(array, axis, keepdims, ndim):
    """`array`, a result reduced over `axis` (None for all, or a tuple), with those axes back as length 1.

    >>> with_axes(np.array([5.0, 7.0]), (1,), False, 2).shape
    (2, 1)
    """
    ### BEGIN SOLUTION
    return array if keepdims else np.expand_dims(array, tuple(range(ndim)) if axis is None else axis)
    ### END SOLUTION


def sum_rule(g, y, x, axis, keepdims):
    """The gradient of a sum, in x's shape."""
    ### BEGIN SOLUTION
    return np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)
    ### END SOLUTION


def mean_rule(g, y, x, axis, keepdims):
    """The gradient of a mean, in x's shape."""
    ### BEGIN SOLUTION
    return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y, x, axis, keepdims)
    ### END SOLUTION


def extreme_rule(g, y, x, axis, keepdims):
    """The gradient of max or min: to the elements that equal the result, in equal shares where several do."""
    ### BEGIN SOLUTION
    chosen = x == with_axes(y, axis, keepdims, x.ndim)
    shares = chosen / chosen.sum(axis=axis, keepdims=True).astype(x.dtype)
    return with_axes(g, axis, keepdims, x.ndim) * shares
    ### END SOLUTION


def getitem_rule(g, y, x, index):
    """The gradient of x[index]: g where the elements came from, added up where one was taken more than once."""
    ### BEGIN SOLUTION
    out = np.zeros(x.shape, dtype=g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, (np.ndarray, list)) for part in parts):
        np.add.at(out, index, g)
    else:
        out[index] = g  # a slice takes nothing twice
    return out
    ### END SOLUTION

# %%
#| export
gradient_rule("sum", sum_rule)
gradient_rule("mean", in_float32(mean_rule))
gradient_rule("max", in_float32(extreme_rule))
gradient_rule("min", in_float32(extreme_rule))
gradient_rule("reshape", lambda g, y, x, shape: g.reshape(x.shape))
gradient_rule("transpose", lambda g, y, x, axes: g.transpose(np.argsort([axis % len(axes) for axis in axes])))
gradient_rule("getitem", getitem_rule)

# %% nbgrader={"grade": true, "grade_id": "test-rules-reductions", "points": 8}
def check_rule(what, result, g, wanted, idea):
    got = owed(result, 0, np.array(g, np.float32))
    assert got.shape == np.shape(wanted) and np.allclose(got, wanted), (
        f"{what} with g={g} owes {got}, wanted {wanted}: {idea}")

def check_with_axes(shape, axis, wanted):
    got = with_axes(np.zeros(shape).sum(axis=axis), axis, False, len(shape)).shape
    assert got == wanted, f"with_axes of a {shape} reduced over axis={axis} has shape {got}, wanted {wanted}"

def test_unit_rules_reductions():
    x = Tensor([[1, 4, 4], [2, 0, 1]], requires_grad=True)
    for axis, wanted in [((1,), (2, 1)), ((0,), (1, 3)), (None, (1, 1))]:
        check_with_axes((2, 3), axis, wanted)
    check_rule("a row sum", x.sum(axis=1), [10, 20], [[10] * 3, [20] * 3], "each element of a row the same")
    check_rule("a column mean of 2 rows", x.mean(axis=0, keepdims=True), [[3, 6, 9]], [[1.5, 3, 4.5]] * 2,
               "by how many is a mean divided?")
    check_rule("the mean of 6 numbers", x.mean(), 6, np.ones((2, 3)), "by how many is a mean divided?")
    check_rule("a row mean of 3", x.mean(axis=1), [3, 6], [[1] * 3, [2] * 3], "by how many is a mean divided?")
    check_rule(f"a row maximum of {x}", x.max(axis=1), [10, 20], [[0, 5, 5], [20, 0, 0]], "a tie shares")
    check_rule("rows 0, 0, 1 taken", x[np.array([0, 0, 1])], np.ones((3, 3)), [[2] * 3, [1] * 3],
               "row 0 was taken twice")
    check_rule("x[:, 1:] of 3 columns", x[:, 1:], [[1, 2], [3, 4]], [[0, 1, 2], [0, 3, 4]], "g where it came from")

test_unit_rules_reductions()
### BEGIN HIDDEN TESTS
deep = Tensor(np.arange(24.0).reshape(2, 3, 4) % 5, dtype=np.float32, requires_grad=True)
check_with_axes((2, 3, 4), (0, 2), (1, 3, 1)), check_with_axes((4,), None, (1,))
check_rule("a sum over axes 0, 2", deep.sum(axis=(0, 2)), [1, 2, 3], np.ones((2, 3, 4)) * [[1], [2], [3]], "the same")
check_rule("a mean over axis 1", deep.mean(axis=1, keepdims=True), np.full((2, 1, 4), 6), np.full((2, 3, 4), 2), "by 3")
check_rule("the minimum of all", deep.min(), 10, np.where(deep.data == 0, 2, 0), "five zeros share")
check_rule("a maximum that keeps axis 0", deep.max(axis=0, keepdims=True), np.ones((1, 3, 4)),
           np.where(deep.data == deep.data.max(axis=0), 1, 0), "where it came from")
check_rule("element (0, 1) of a matrix twice", deep[0][np.array([0, 0]), np.array([1, 1])], [1, 2],
           np.array([[0, 3, 0, 0], [0] * 4, [0] * 4]), "an element taken twice")
check_rule("elements [0, -1, 0]", deep[0, 0][[0, -1, 0]], [1, 2, 4], [5, 0, 0, 2], "an element taken twice")
### END HIDDEN TESTS

# %% [markdown]
r"""
### Matrix products

For $C = A B$ the two rules are products again, $G B^\top$ and $A^\top G$: check that the shapes can go together in no
other way. Batch axes come along; where one operand was broadcast, the walk sums later. A vector is a matrix with one
row (left) or one column (right), so it gets that axis first and loses it afterwards.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-matmul"}
#| export
def product_to_a(g, a, b):
    """The gradient of a @ b to a, for arrays of two axes or more."""
    ### BEGIN SOLUTION
    return array_product(g, np.swapaxes(b, -1, -2))
    ### END SOLUTION


def product_to_b(g, a, b):
    """The gradient of a @ b to b, for arrays of two axes or more."""
    ### BEGIN SOLUTION
    return array_product(np.swapaxes(a, -1, -2), g)
    ### END SOLUTION

# %%
#| export
def _as_matrices(g, a, b):
    if a.ndim == 1:
        a, g = a[None, :], np.expand_dims(g, -2 if b.ndim > 1 else -1)
    if b.ndim == 1:
        b, g = b[:, None], np.expand_dims(g, -1)
    return g, a, b


def _matmul_to_a(g, y, a, b):
    gradient = product_to_a(*_as_matrices(g, a, b))
    return gradient[..., 0, :] if a.ndim == 1 else gradient


def _matmul_to_b(g, y, a, b):
    gradient = product_to_b(*_as_matrices(g, a, b))
    return gradient[..., 0] if b.ndim == 1 else gradient


gradient_rule("matmul", in_float32(_matmul_to_a), in_float32(_matmul_to_b))

# %% [markdown]
r"""
A linear layer $x W + b$ is a product whose leading axes do not matter: all examples are rows of one tall matrix. So the
gradient to W is *one* product of two tall matrices, and b gets the sum of all rows.
"""

# %%
#| export
def _rows(array: np.ndarray) -> np.ndarray:
    return array if array.ndim == 2 else array.reshape(-1, array.shape[-1])


@lru_cache(maxsize=8)
def _ones(count: int, dtype: np.dtype) -> np.ndarray:
    return np.ones(count, dtype)


def _column_sums(rows: np.ndarray) -> np.ndarray:
    return np.dot(_ones(len(rows), rows.dtype), rows)  # quicker than rows.sum(axis=0)


def _linear_rule(g, y, x, weight, bias, needs):
    rows = _rows(g)
    return [
        (rows @ weight.T).reshape(x.shape) if needs[0] else None,
        _rows(x).T @ rows if needs[1] else None,
        _column_sums(rows) if needs[2] else None]


joint_rule("linear", in_float32(_linear_rule))

# %% nbgrader={"grade": true, "grade_id": "test-rules-matmul", "points": 8}
def farthest(got, wanted):
    """Where two arrays of one shape differ most, in words."""
    off = np.abs(np.asarray(got, np.float64) - wanted)
    at = tuple(map(int, np.unravel_index(np.argmax(off), off.shape)))
    return f"element {at} is {float(got[at]):.6g}, wanted {float(wanted[at]):.6g}, off by {off[at]:.2g}"

def check_products(left, right, seed=0):
    rng = np.random.default_rng(seed)
    a, b = (Tensor(rng.normal(size=shape), requires_grad=True) for shape in (left, right))
    product = a @ b
    g = rng.normal(size=product.shape)
    wanted = numerical_gradient(lambda a, b: (a @ b) * Tensor(g), a, b)
    for i, (side, want) in enumerate(zip("ab", wanted)):
        got = owed(product, i, g)
        fits = got.size % want.size == 0 and got.shape[got.ndim - want.ndim:] == want.shape
        assert fits, f"{left} @ {right}: the gradient to {side} has shape {got.shape}, wanted {want.shape}"
        got = got.reshape(-1, *want.shape).sum(axis=0)
        assert np.allclose(got, want, atol=1e-6), (
            f"{left} @ {right}: of the gradient to {side} {farthest(got, want)}: which of the two is turned, and on "
            "which side does it stand?")

def test_unit_rules_matmul():
    pairs = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((3,), (5, 3, 2))]
    ### BEGIN HIDDEN TESTS
    pairs += [((4, 4), (4, 4)), ((1, 2), (2, 5)), ((2, 3, 1, 2), (2, 3, 2, 2)), ((4, 1), (1, 3)), ((2,), (2, 2))]
    ### END HIDDEN TESTS
    for left, right in pairs:
        check_products(left, right)

test_unit_rules_matmul()

# %% [markdown]
r"""
### Activations, normalisation and losses

The rest of the table belongs to the compound primitives of lessons 02 to 04. The derivations are short, and worth
doing once on paper:

- softmax: $\partial L/\partial x = y \odot (g - \sum g \odot y)$; log-softmax: $g - e^{y} \sum g$;
- cross-entropy of logits: softmax minus the (smoothed) target, divided by the number of rows;
- binary cross-entropy of a logit: sigmoid minus target, divided by the count;
- layer norm: take from $g \odot w$ its mean and its projection on the normalised $\hat x$, then divide by the standard
  deviation.

Those of the two forms of GELU: with $u = \sqrt{2/\pi}\,(x + 0.044715 x^3)$ and $t = \tanh u$,
$\frac{dy}{dx} = \frac{1+t}{2} + \frac{x}{2} (1 - t^2) \sqrt{2/\pi}\,(1 + 0.134145 x^2)$ for the tanh form, and
$\Phi(x) + x \varphi(x)$ for the exact one.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-softmax"}
#| export
def softmax_rule(g, y, x, axis):
    """The gradient of softmax along `axis`, from the output."""
    ### BEGIN SOLUTION
    return y * (g - (g * y).sum(axis=axis, keepdims=True))
    ### END SOLUTION


def log_softmax_rule(g, y, x, axis):
    """The gradient of log-softmax along `axis`, from the output."""
    ### BEGIN SOLUTION
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)
    ### END SOLUTION

# %%
#| export
def _gelu_rule(g, y, x, approximate):
    x = np.clip(x, -1e3, 1e3)  # beyond it the derivative is 0 or 1, and x * x might overflow
    if approximate == "tanh":
        squared = x * x
        t = np.tanh(0.7978845608028654 * x * (1 + 0.044715 * squared))
        return g * (0.5 * (1 + t) + 0.3989422804014327 * x * (1 - t * t) * (1 + 0.134145 * squared))
    from scipy.special import ndtr

    return g * (ndtr(x) + x * np.exp(-0.5 * x * x) * 0.3989422804014327)


gradient_rule("softmax", in_float32(softmax_rule))
gradient_rule("log_softmax", in_float32(log_softmax_rule))
gradient_rule("gelu", in_float32(_gelu_rule))

# %%
#| export
def _normalised(x, eps):
    unit = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.vecdot(unit, unit)[..., np.newaxis] / x.shape[-1] + eps)
    unit *= inverse
    return unit, inverse


def _layer_norm_rule(g, y, x, weight, bias, eps, needs):
    unit, inverse = _normalised(x, eps)
    to_x = _layer_norm_to_x(g * weight, unit, inverse) if needs[0] else None
    return [to_x, _column_sums(_rows(g * unit)), _column_sums(_rows(g))]


def _layer_norm_to_x(g, unit, inverse):
    out = g - unit * (np.vecdot(g, unit)[..., np.newaxis] / g.shape[-1])
    out -= g.mean(axis=-1, keepdims=True)
    out *= inverse
    return out


joint_rule("layer_norm", in_float32(_layer_norm_rule))

# %%
#| export
def _mse_to_prediction(g, y, prediction, target):
    return (2 * g / max(prediction.size, 1)) * (prediction - target)

# %%
#| export
def _cross_entropy_to_logits(g, y, logits, targets, label_smoothing):
    rows = _rows(logits)
    each, share = np.arange(len(rows)), float(g) / len(rows)
    largest = rows[each, rows.argmax(axis=-1)]  # on short rows three times as fast as max
    rows = np.exp(rows - largest[:, np.newaxis])
    rows *= share / rows.sum(axis=-1, keepdims=True)
    if label_smoothing:
        rows -= share * label_smoothing / rows.shape[-1]
    rows[each, targets.reshape(-1)] -= share * (1 - label_smoothing)
    return rows.reshape(logits.shape)

# %%
#| export
def _bce_to_logits(g, y, logits, targets):
    small = np.exp(-np.abs(logits))
    return (np.where(logits >= 0, 1, small) / (1 + small) - targets) * (g / max(logits.size, 1))


gradient_rule(
    "mse_loss", in_float32(_mse_to_prediction), in_float32(lambda g, y, p, t: -_mse_to_prediction(g, y, p, t)))
gradient_rule("cross_entropy", in_float32(_cross_entropy_to_logits))
gradient_rule("bce_with_logits", in_float32(_bce_to_logits), in_float32(lambda g, y, x, t: -x * (g / max(x.size, 1))))

# %% nbgrader={"grade": true, "grade_id": "test-rules-softmax", "points": 6}
def test_unit_rules_softmax(shape, axes):
    from tinytorch.core.activations import log_softmax, softmax

    rng = np.random.default_rng(3)
    for axis in axes:
        x, g = rng.normal(size=shape), rng.normal(size=shape)
        for name, function in [("softmax", softmax), ("log_softmax", log_softmax)]:
            wanted = numerical_gradient(lambda x: function(x, axis=axis) * Tensor(g), Tensor(x))[0]
            for dtype in ["float64", "float32"]:
                got = owed(function(Tensor(x, dtype, requires_grad=True), axis=axis), 0, g.astype(dtype))
                assert np.allclose(got, wanted, atol=1e-5), (
                    f"{name} of shape {shape} along axis {axis}: {farthest(got, wanted)}: what is summed, and over "
                    "which axis?")

test_unit_rules_softmax((3, 5), axes=[-1, 0])
### BEGIN HIDDEN TESTS
test_unit_rules_softmax((2, 4, 3), axes=[1, -3, 2])
### END HIDDEN TESTS

# %% [markdown]
r"""
## The walk

Follow the edges from the loss and you reach every node that it depends on. Go through them from the last to the first:
when a node's turn comes, everything that used its output has had its turn, so its `g` is complete. Lesson 01's `order`
counts nodes as they are made, so sorting by it, downwards, is such a sequence. There is no recursion: a graph a
hundred thousand operations deep is a long list, nothing more.

### Exercise: undo broadcasting

Where an input was stretched to fit, each of its numbers was used several times, and owes to each use: sum over the
axes that were stretched.
"""

# %% nbgrader={"solution": true, "grade_id": "unbroadcast"}
#| export
def unbroadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `gradient` over the axes along which an array of `shape` was broadcast, so that it has that shape.

    Halves are added in float32.

    >>> unbroadcast(np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    """
    ### BEGIN SOLUTION
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    stretched = [i + extra for i, n in enumerate(shape) if n == 1 and gradient.shape[i + extra] != 1]
    wide = np.float32 if is_half(gradient.dtype) else gradient.dtype
    summed = gradient.sum(axis=(*range(extra), *stretched), dtype=wide)
    return cast_array(summed, gradient.dtype).reshape(shape)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-unbroadcast", "points": 6}
def check_unbroadcast(g, shape, wanted):
    try:
        got = unbroadcast(g, shape)
    except ValueError as error:
        raise AssertionError(f"from {g.shape} back to {shape} failed: {error}: which axes were stretched?") from error
    assert np.shape(got) == np.shape(wanted), f"from {g.shape} back to {shape} gave shape {np.shape(got)}"
    assert np.allclose(got, wanted), (
        f"from {g.shape} back to {shape} gave {got}, wanted {wanted}: sum what was stretched")

def check_halves(n, shape):
    halves = unbroadcast(np.ones((n, 3), np.float16), shape)
    assert halves.dtype == np.float16 and np.all(halves == np.float16(n)), (
        f"{n} halves of 1 added up to {halves} ({halves.dtype}), wanted {np.float16(n)} in float16: in which type to "
        "add?")

def test_unit_unbroadcast():
    g = np.arange(24.0).reshape(2, 3, 4)
    for shape, wanted in [
        ((2, 3, 4), g), ((4,), g.sum((0, 1))), ((3, 1), g.sum(0).sum(-1, keepdims=True)),
        ((1, 1, 4), g.sum((0, 1), keepdims=True)),
        ((), g.sum()), ((2, 1, 1), g.sum((1, 2), keepdims=True)),
    ]:
        check_unbroadcast(g, shape, wanted)
    check_halves(5000, (3,)), check_halves(5000, (1, 3))

test_unit_unbroadcast()
### BEGIN HIDDEN TESTS
check_unbroadcast(np.full((5, 2, 2), 0.5), (2, 1), [[5], [5]])
check_unbroadcast(np.arange(6.0).reshape(3, 2), (1, 2), [[6, 9]])
check_unbroadcast(np.arange(8.0).reshape(1, 2, 4), (1, 4), [[4, 6, 8, 10]])
check_unbroadcast(np.ones((0, 3)), (3,), [0, 0, 0])
check_unbroadcast(np.ones((5, 4, 1)), (1, 1), [[20]])
check_unbroadcast(np.array([1e8, 1.0, -1e8]), (), 1)
check_halves(3000, (1, 3))
### END HIDDEN TESTS

# %% [markdown]
r"""
`pull_back` runs one node's rules, skips inputs that want no gradient, and makes each result fit its input. A primitive
without a line in the table is an error that says so: to drop a gradient in silence would be the worst kind of bug.
"""

# %%
#| export
def _apply_rules(node: Node, gradient: np.ndarray) -> list[np.ndarray | None]:
    name = node.primitive.name
    if name not in RULES:
        raise NotImplementedError(f"{name!r} has no gradient rule: add gradient_rule({name!r}, ...) beside its forward")
    rules, edges, inputs, y, options = RULES[name], node.edges, node.inputs, node.output, node.options
    if callable(rules):
        shares = rules(gradient, y, *inputs, needs=tuple([edge is not None for edge in edges]), **options)
    else:
        shares = [
            None if edge is None else rule(gradient, y, *inputs, **options) for rule, edge in zip(rules, edges)]
    return [None if edge is None else _fit(share, x) for share, x, edge in zip(shares, inputs, edges)]

# %%
#| export
def _fit(share: np.ndarray, x: np.ndarray | Spec) -> np.ndarray:
    if share.shape != x.shape:
        share = unbroadcast(share, x.shape)
    return share if share.dtype == x.dtype else cast_array(share, x.dtype)

# %%
#| export
def pull_back(node: Node, gradient: np.ndarray) -> list[np.ndarray | None]:
    """What `node` owes each of its inputs, given its output's gradient; None where an input wants nothing.

    Goes through this thread's layers, as `apply` does, so that a profiler sees the backward pass too.
    """
    if not active_layers():
        return _apply_rules(node, gradient)
    with top_layer() as layer:
        return layer.backward(node, gradient)

# %% [markdown]
r"""
### Exercise: the nodes in order
"""

# %% nbgrader={"solution": true, "grade_id": "nodes-in-order"}
#| export
def nodes_in_order(last: Node) -> list[Node]:
    """Every node that `last` depends on, itself included, each once, the latest first; without recursion."""
    ### BEGIN SOLUTION
    found, waiting = {last}, [last]
    while waiting:
        for edge in waiting.pop().edges:
            if isinstance(edge, Node) and edge not in found:
                found.add(edge)
                waiting.append(edge)
    return sorted(found, key=lambda node: node.order, reverse=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-nodes-in-order", "points": 6}
def check_nodes(what, result, wanted):
    names = [node.primitive.name for node in nodes_in_order(result._node)]
    assert names == wanted, f"the nodes of {what} came as {names}, wanted {wanted}: each once, the latest first"

def test_unit_nodes_in_order(length):
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    check_nodes("sum(2x + exp 2x)", (y + y.exp()).sum(), ["sum", "add", "exp", "mul"])
    long = twice = x
    for _ in range(length):
        long = long * 1.0
    try:
        got = len(nodes_in_order(long._node))
    except RecursionError as error:
        raise AssertionError(f"a chain of {length} operations is too deep for recursion: keep a list") from error
    assert got == length, f"a chain of {length} operations has {length} nodes, not {got}"
    for _ in range(60):
        twice = twice + twice  # 60 nodes, and 2**60 ways back: who takes each of them does not come to an end
    assert len(nodes_in_order(twice._node)) == 60, "y + y, 60 times over, has 60 nodes: look at each of them once"

test_unit_nodes_in_order(5000)
### BEGIN HIDDEN TESTS
early, late = Tensor([3.0], requires_grad=True).tanh(), Tensor([2.0], requires_grad=True).sqrt()
check_nodes("exp(tanh a) - sqrt b * tanh a", early.exp() - late * early, ["sub", "mul", "exp", "sqrt", "tanh"])
check_nodes("tanh a", early, ["tanh"])
test_unit_nodes_in_order(3333)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: backward

Keep a dict from node to the gradient collected for it so far, and start it with the last node. Take the nodes in
order: pull each one's gradient back, and hand every share to where its edge points. At a node, add it to what that
node has. At a leaf, which is a Tensor, add it to `.grad`: gradients *accumulate* until somebody clears them, so that
one batch can be fed in several parts.

When a node has had its turn its saved arrays are of no more use: `release` lets go of them, and a second walk says so
instead of giving nonsense.
"""

# %%
#| export
def release(node: Node) -> None:
    """Let go of what a node saved, once its turn is over."""
    node.edges, node.inputs, node.output = (), None, None


def accumulate(leaf: Tensor, gradient: np.ndarray) -> None:
    """Add `gradient`, an array that nobody else holds, to `leaf.grad`; the old array is left as it was."""
    leaf.grad = wrap(gradient if leaf.grad is None else leaf.grad.data + gradient)


def own(share: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """`share` itself if the rules made it, a copy if it is the incoming gradient or part of another array."""
    return share.copy() if share is gradient or share.base is not None else share

# %%
#| export
def starting_gradient(tensor: Tensor, gradient: Tensor | None) -> np.ndarray:
    """The gradient that a walk starts with: 1 for a single number, else what the caller gave, in the tensor's shape."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "backward() on a tensor that has no gradient to give: no input with requires_grad=True took part in it, or "
            "detach(), no_grad() or a new Tensor(...) cut the trail")
    if gradient is None and tensor.size != 1:
        raise RuntimeError(f"backward() needs a single number to start from, this tensor has shape {tensor.shape}: "
                           "reduce it with mean() or sum(), or pass gradient=")
    if gradient is None:
        return np.array(1, tensor.dtype, ndmin=tensor.ndim)
    given = np.array(gradient, dtype=tensor.dtype)
    if given.shape != tensor.shape:
        raise ValueError(f"gradient has shape {given.shape}, the tensor {tensor.shape}: they must be the same")
    return given

# %%
#| export
def refuse_released(nodes: list[Node]) -> None:
    """Raise RuntimeError where a node was released by an earlier walk."""
    if any(node.inputs is None for node in nodes):
        raise RuntimeError("backward() has walked over part of this graph before, and what was saved there is gone: "
                           "run the forward pass again, or add the losses and call backward() once")

# %% nbgrader={"solution": true, "grade_id": "backward"}
#| export
def backward(tensor: Tensor, gradient: Tensor | None = None) -> None:
    """Add d(tensor)/d(leaf) to `.grad` of every leaf that requires a gradient, in the leaf's shape and type.

    `gradient`, of the tensor's shape, is needed unless the tensor is a single number. The graph is used up: its nodes
    are released. Reverse-mode differentiation, e.g. Baydin et al. 2018, JMLR 18(153).

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    Tensor([2., 4.], dtype=float32)
    """
    start = starting_gradient(tensor, gradient)
    ### BEGIN SOLUTION
    if tensor._node is None:
        return accumulate(tensor, start)
    nodes, collected = nodes_in_order(tensor._node), {tensor._node: start}
    refuse_released(nodes)
    for node in nodes:
        g = collected.pop(node)
        for edge, share in zip(node.edges, pull_back(node, g)):
            if isinstance(edge, Node):
                collected[edge] = collected[edge] + share if edge in collected else share
            elif edge is not None:
                accumulate(edge, own(share, g))
        release(node)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-backward", "points": 12}
def check_backward(function, names, *leaves):
    leaves = [Tensor(leaf, requires_grad=True) for leaf in leaves]
    try:
        backward(function(*leaves))
    except KeyError as error:
        raise AssertionError(
            "a node had its turn before any gradient had come to it: take them from the last to the first") from error
    for name, leaf, wanted in zip(names, leaves, numerical_gradient(function, *leaves)):
        assert leaf.grad is not None, f"{name}.grad is still None: every leaf on the way must be reached"
        assert leaf.grad.shape == leaf.shape and leaf.grad.dtype == leaf.dtype, (
            f"{name}.grad is {leaf.grad.shape} {leaf.grad.dtype}, wanted {leaf.shape} {leaf.dtype}")
        assert np.allclose(leaf.grad.data, wanted, atol=1e-3), f"{name}.grad is {leaf.grad.data}, trying gave {wanted}"
    first = [leaf.grad.data.copy() for leaf in leaves]
    backward(function(*leaves))
    for name, leaf, one in zip(names, leaves, first):
        assert np.allclose(leaf.grad.data, 2 * one), (
            f"a second backward made {name}.grad {leaf.grad.data} of {one}: it adds to .grad, once, and does not "
            "replace it")

def mixture(x, w, b):
    h = (x @ w + b).tanh()
    return (h * h.exp() + x[:, :1] / (b * b)).mean()

check_backward(mixture, "xwb", [[1.0, 2.0], [-1.0, 0.5]], [[0.5], [1.5]], 0.3)
### BEGIN HIDDEN TESTS
check_backward(mixture, "xwb", [[0.5, -1.0, 2.0]], [[0.25], [-0.5], [1.0]], [0.7])
check_backward(lambda p, q: ((p - q) * (p - q) * p.exp()).sum(), "pq", [[1.0, 0.5], [0.2, -0.3]], [0.4, 0.1])
check_backward(lambda p: (p.sqrt() + p.log() + p).sum(), "p", [4.0, 0.25, 1.0])
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-backward-graphs", "points": 5}
def test_unit_backward_graphs(values, length):
    x = Tensor(values, requires_grad=True)
    y = x * x
    backward((y + y * x + x).sum())
    wanted = 2 * x.data + 3 * x.data**2 + 1
    assert np.allclose(x.grad.data, wanted), (
        f"d(x^2 + x^3 + x) at {values} gave {x.grad.data}, wanted {wanted}: a node used twice collects both shares "
        "first")
    p, q = Tensor(values, requires_grad=True), Tensor(values, requires_grad=True)
    for text, total in [("p + q", (p + q).sum()), ("2 (p + q)", ((p + q) * 2.0).sum())]:
        p.grad = q.grad = None
        backward(total)
        apart = p.grad.data.flags.writeable and not np.shares_memory(p.grad.data, q.grad.data)
        assert apart, f"of {text}, p.grad and q.grad are parts of one array: to change one would change the other"
    deep = x
    for _ in range(length):
        deep = deep * 1.0
    x.grad = None
    backward(deep.sum())
    assert np.allclose(x.grad.data, 1), f"a chain of {length} operations must be walked like any other"

test_unit_backward_graphs([1.0, 2.0, 3.0], length=20000)
### BEGIN HIDDEN TESTS
test_unit_backward_graphs([-0.5, 4.0], length=3000)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-backward-edges", "points": 3}
def check_said(what, call, word):
    said = "no error"
    try:
        call()
    except (RuntimeError, TypeError, AttributeError) as error:
        said = str(error) if isinstance(error, RuntimeError) else "an error from somewhere inside"
    wanted = f"a RuntimeError that speaks of {word!r}" if word else "no error"
    assert word in said and (word or said == "no error"), f"backward {what} gave {said}, wanted {wanted}"

def test_unit_backward_edges(values):
    x, lone = Tensor(values, requires_grad=True), Tensor(2.0, requires_grad=True)
    y = x * x
    backward(y.sum())
    check_said(f"of {len(values)} numbers", lambda: backward(x * 2), "single number")
    check_said("of what needs no gradient", lambda: backward(Tensor(1.0)), "requires_grad")
    check_said("over x * x a second time", lambda: backward(y.sum()), "again")
    check_said("of a leaf", lambda: backward(lone), "")
    assert lone.grad is not None and lone.grad.item() == 1, f"a leaf's own gradient is {lone.grad}, wanted 1"
    backward(x * x, Tensor(values))
    wanted = 2 * x.data + 2 * x.data**2
    assert np.allclose(x.grad.data, wanted), (
        f"x * x summed, and then once more with gradient=x, left x.grad {x.grad.data} at x={values}, wanted {wanted}: "
        "the walk begins with the gradient that is given")

test_unit_backward_edges([1.0, 2.0])
### BEGIN HIDDEN TESTS
test_unit_backward_edges([0.5, -3.0, 1.5])
both = Tensor([4.0], requires_grad=True)
backward(both, Tensor([0.25])), backward(both)
assert both.grad.data == [1.25], f"a leaf that got 0.25 and then 1 has {both.grad.data}, wanted [1.25]"
### END HIDDEN TESTS

# %% [markdown]
r"""
## A judge for every day

`check_gradients` sets the walk against the judge. From now on, whoever adds an operation to the table calls it.
"""

# %%
#| export
def check_gradients(function: Callable[..., Tensor], *tensors: Tensor, tolerance: float = 1e-5) -> float:
    """Compare `backward` with `numerical_gradient` in float64 for the sum of `function(*tensors)`; return the largest
    error.

    The error is |found - numerical| / max(1, |numerical|). Raises AssertionError that names the tensor and the place
    where it exceeds `tolerance`.
    """
    copies = [Tensor(t.data, dtype=np.float64, requires_grad=True) for t in tensors]
    backward(function(*copies).sum())
    worst = 0.0
    for i, (copy, wanted) in enumerate(zip(copies, numerical_gradient(function, *tensors))):
        found = np.zeros(copy.shape) if copy.grad is None else copy.grad.data
        errors = np.abs(found - wanted) / np.maximum(1, np.abs(wanted))
        if errors.size and not errors.max() <= tolerance:
            at = np.unravel_index(np.nanargmax(np.where(np.isnan(errors), np.inf, errors)), errors.shape)
            raise AssertionError(
                f"tensor {i} at {tuple(map(int, at))}: backward gives {found[at]:.6g}, trying gives {wanted[at]:.6g}")
        worst = max(worst, float(errors.max(initial=0.0)))
    return worst

# %%
from tinytorch.core.activations import gelu, softmax
from tinytorch.core.losses import bce_with_logits, cross_entropy, mse_loss

sample = Tensor(np.random.default_rng(5).normal(size=(3, 4)))
for name, function in {
    "x * exp(x)": lambda x: x * x.exp(), "gelu, tanh form": lambda x: gelu(x, approximate="tanh"), "gelu, exact": gelu,
    "softmax, squared": lambda x: softmax(x) ** 2, "cross-entropy": lambda x: cross_entropy(x, np.array([0, 3, 1])),
    "binary cross-entropy": lambda x: bce_with_logits(x, Tensor(np.ones((3, 4)) * 0.3)),
    "mean squares": lambda x: mse_loss(x, x * 2),
}.items():
    print(f"{name:22s} largest error {check_gradients(function, sample):.1e}")

# %% [markdown]
r"""
## All weights at once

Back to the network from the beginning, and the promise: all gradients for the price of a few runs. Here is what it
takes on this machine, beside what trying would.
"""

# %%
def median_time(work, repeats=30):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]

def forward():
    return CrossEntropyLoss()(network(images), labels)

def forward_without_record():
    with no_grad():
        forward()

run, both = median_time(forward_without_record), median_time(lambda: backward(forward()))
print(f"forward {run * 1e3:.2f} ms, forward and backward {both * 1e3:.2f} ms: {both / run:.1f} runs' time; trying "
      f"takes {2 * weights} runs")

# %% [markdown]
r"""
## What does the network look at?

A gradient can go to the input as well: how would the loss change if this pixel were darker? First train the network a
little, by hand; the update `p.data -= 0.5 * p.grad.data` is all that lesson 06 will refine.
"""

# %%
from pathlib import Path

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
pixels, digits = Tensor(table[:, :64] / 16), table[:, 64].astype(np.int64)

for _ in range(150):
    for p in network.parameters():
        p.grad = None
    loss = CrossEntropyLoss()(network(pixels), digits)
    backward(loss)
    for p in network.parameters():
        p.data -= 0.5 * p.grad.data
print(f"loss {loss.item():.3f}, right on {np.mean(network(pixels).numpy().argmax(axis=1) == digits):.1%} of the images "
      "it saw")

# %%
import matplotlib.pyplot as plt

chosen = Tensor(pixels.numpy()[:8], requires_grad=True)
backward(CrossEntropyLoss()(network(chosen), digits[:8]))
figure, axes = plt.subplots(2, 8, figsize=(8, 2.2))
for i in range(8):
    axes[0, i].imshow(chosen.data[i].reshape(8, 8), cmap="gray_r")
    axes[1, i].imshow(-chosen.grad.data[i].reshape(8, 8), cmap="coolwarm")
    axes[0, i].set_axis_off(), axes[1, i].set_axis_off()
plt.show()

# %% [markdown]
r"""
Above, the images. Below, where more ink would lower the loss (red) and where it would raise it (blue): the network has
ideas about where a 0 must be empty.

## Questions

Assign each answer to the name behind its question.

1. For the network above, how many runs of the forward pass does `numerical_gradient` need for all weights?
   (`runs_needed`)
2. Let $y = (x \cdot x) \cdot x$ at $x = 2$, written with two multiplications. What gradient does the *first*
   multiplication's output receive, and what is $dy/dx$? (`first_product_gradient`, `cube_gradient`)
3. `loss = (x + x + x).sum()` for an x of 5 elements: what is each element of `x.grad`? (`triple_gradient`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-gradients"}
### BEGIN SOLUTION
runs_needed = 2 * (64 * 32 + 32 + 32 * 10 + 10)
first_product_gradient, cube_gradient = 2.0, 12.0
triple_gradient = 3.0
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-gradients", "points": 6}
def test_question_gradients():
    wanted = 2 * sum(p.size for p in network.parameters())
    assert runs_needed == wanted, f"runs_needed is {runs_needed}: one run to either side for each weight and bias"
    x = Tensor(2.0, requires_grad=True)
    square = x * x
    assert first_product_gradient == (RULES["mul"][0])(1.0, None, square.item(), x.item()), (
        f"first_product_gradient is {first_product_gradient}: the second product is (first) * x, and its rule says "
        "what the first gets")
    backward(square * x)
    assert cube_gradient == x.grad.item(), (
        f"cube_gradient is {cube_gradient}: x is used three times, and its shares add up")
    y = Tensor(np.ones(5), requires_grad=True)
    backward((y + y + y).sum())
    assert triple_gradient == y.grad.data[0], f"triple_gradient is {triple_gradient}: how often is each element used?"

test_question_gradients()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-rules", "points": 2}
r"""
**In your own words:** `max_pool` is a new primitive that keeps the largest of every four neighbours. What must it
save, and what is its gradient rule?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A table with one line for each operation, a walk that uses it, and a judge that can check any line. From here on
`loss.backward()` works on every tensor. Lesson 06 turns gradients into learning.
"""
