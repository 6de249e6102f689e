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
# Lesson 02: Activations

> ReLU, sigmoid, tanh, GELU, softmax and log-softmax, as functions and as layers, stable for every input.

A network is a chain of matrix products with something bent between them. The bends are called activations, and they
are short: most are one line of mathematics. What takes care is to write that line so that it is right for *every*
number a network may meet: for 1000 and for -1000, for infinity, in half precision, and down to results as small as
$10^{-30}$.

You will build:

- ReLU, the simplest bend;
- the sigmoid, in the one of its three textbook forms that survives both ends;
- GELU, the activation of BERT and GPT-2, in its exact and its fast form;
- softmax and its logarithm, which turn scores into probabilities.
"""

# %%
#| default_exp core.activations

# %%
#| export
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, floating, in_float32

# %% [markdown]
r"""
## Why bend at all?

Take two layers, each a matrix product, one after the other. However wide they are, a single product does the same
work; and what a product makes of one number is a straight line. Here is the best straight line through $|x|$, a
function simple enough to draw freehand.
"""

# %%
rng = np.random.default_rng(0)
x = np.linspace(-1, 1, 201)
first, second = Tensor(rng.normal(size=(1, 50))), Tensor(rng.normal(size=(50, 1)))
two_layers = (Tensor(x.reshape(-1, 1)) @ first) @ second
one_line = x * (first @ second).item()
print(f"two layers differ from one line by {np.abs(two_layers.numpy().ravel() - one_line).max():.0e}")
print(f"the best line misses |x| by up to {np.abs(np.polyval(np.polyfit(x, np.abs(x), 1), x) - np.abs(x)).max():.2f}")

# %% [markdown]
r"""
## ReLU

The rectified linear unit keeps what is positive and replaces the rest by zero:

$$\mathrm{relu}(x) = \max(x, 0)$$

### Exercise: rectified

You write the function on arrays; `RELU` makes a primitive of it, as in lesson 01, and `relu` hands it to the door.
One case decides which NumPy function is right: a nan must stay a nan. It is how a network says that something has
gone wrong, and an activation that turns it into 0 hides that.
"""

# %% nbgrader={"solution": true, "grade_id": "relu"}
#| export
def rectified(x: np.ndarray) -> np.ndarray:
    """max(x, 0) of every element of an array, in its own type; nan stays nan.

    >>> rectified(np.array([-2.0, 0.5, np.nan]))
    array([0. , 0.5, nan])
    """
    ### BEGIN SOLUTION
    return np.maximum(x, np.zeros(x.shape[-1:], x.dtype))  # a row of zeros: quicker than one 0
    ### END SOLUTION


RELU = Primitive("relu", rectified, "output")


def relu(x: Any) -> Tensor:
    """max(x, 0), element by element; whole numbers become float32 first, as in every function of this lesson."""
    return apply(RELU, floating(x))

# %% nbgrader={"grade": true, "grade_id": "test-relu", "points": 4}
def check_relu(numbers, wanted):
    for dtype in ["float32", "float64", "float16", "bfloat16"]:
        x = Tensor(numbers, dtype=dtype)
        before, y = x.data.copy(), relu(x)
        same = y.shape == x.shape and y.dtype == x.dtype
        assert same, f"relu of {x.dtype} {x.shape} gave {y.dtype} {y.shape}, wanted the same"
        assert y.data.tolist() == wanted, f"relu({numbers}) gave {y.data.tolist()}, wanted {wanted}"
        assert np.array_equal(x.data, before), "relu changed its input: the result goes into an array of its own"

def test_unit_relu():
    check_relu([[-3, -0.5, 0], [0.25, 2, 1000]], [[0, 0, 0], [0.25, 2, 1000]])
    check_relu([-np.inf, np.inf], [0, np.inf])
    assert np.isnan(relu([np.nan]).item()), f"relu(nan) gave {relu([np.nan]).item()}: which NumPy function keeps a nan?"
    assert relu(np.array([-1, 7])).dtype == np.float32, "whole numbers become float32"
    assert relu(-2.0).shape == () and relu(np.zeros((0, 3))).shape == (0, 3), "a number or an empty batch must pass"

test_unit_relu()
### BEGIN HIDDEN TESTS
check_relu([[[7.5], [-0.125]], [[-64], [0.5]]], [[[7.5], [0]], [[0], [0.5]]]), check_relu(3.0, 3), check_relu([], [])
### END HIDDEN TESTS

# %% [markdown]
r"""
One bend already does what no line can: $|x| = \mathrm{relu}(x) + \mathrm{relu}(-x)$. And a sum of many, each with
its bend at another place, follows any curve. Below, the bends stand at fixed places, and least squares chooses how
much of each to add. Training will move the bends too.
"""

# %%
print("relu(x) + relu(-x) misses |x| by", np.abs((relu(x) + relu(-x)).numpy() - np.abs(x)).max())

wave = np.sin(2 * np.pi * x)
fits = {}
for bends in [2, 8, 32]:
    columns = relu(x.reshape(-1, 1) - Tensor(np.linspace(-1, 1, bends, endpoint=False))).numpy()
    fits[bends] = columns @ np.linalg.lstsq(columns, wave, rcond=None)[0]
    print(f"{bends:2} bends miss the wave by up to {np.abs(fits[bends] - wave).max():.3f}")

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(6, 2.5))
plt.plot(x, wave, color="0.7", linewidth=5, label="sine")
for bends in [2, 8]:
    plt.plot(x, fits[bends], label=f"{bends} bends")
plt.xlabel("x")
plt.legend()
plt.show()

# %% [markdown]
r"""
## Sigmoid

The sigmoid squeezes any number between 0 and 1, so that it can be read as a probability or as a gate. On paper it
can be written in three ways:

$$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x} = \frac{1 + \tanh(x/2)}{2}$$

In a computer the three part company. Each column below is one of them in `float32`, the last is the truth, computed
in `float64`.
"""

# %%
with np.errstate(all="ignore"):
    print(f"{'x':>6}  {'1/(1+e^-x)':>11} {'e^x/(1+e^x)':>11} {'(1+tanh)/2':>11} {'true':>11}")
    for x in np.float32([1000, 10, -10, -20, -60, -1000]):
        forms = 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)), (1 + np.tanh(x / 2)) / 2
        print(f"{x:6.0f}  " + " ".join(f"{y:11.4e}" for y in [*forms, 1 / (1 + np.exp(-np.float64(x)))]))

# %% [markdown]
r"""
The second form divides infinity by infinity. The third adds 1 to a number just above -1: near -10 it has lost half
of its digits, and from -20 on all of them. The first form meets infinity too, and comes out right: $1/\infty$ is 0,
by the rules of IEEE arithmetic. So an overflow is not always a mistake. NumPy cannot know that and warns;
`np.errstate`, used as a decorator, tells it that we do know.

### Exercise: logistic

`@in_float32` outside the formula computes halves in `float32`, as in lesson 01.
"""

# %% nbgrader={"solution": true, "grade_id": "sigmoid"}
#| export
@np.errstate(over="ignore")  # exp(-x) may be inf: 1 / inf is the 0 that is wanted
@in_float32
def logistic(x: np.ndarray) -> np.ndarray:
    """The sigmoid of every element of a floating array, right to its last digits also where it is tiny.

    >>> logistic(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    ### BEGIN SOLUTION
    y = np.exp(-x)
    y += 1
    return 1 / y
    ### END SOLUTION


SIGMOID = Primitive("sigmoid", logistic, "output")


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x)), element by element."""
    return apply(SIGMOID, floating(x))

# %% nbgrader={"grade": true, "grade_id": "test-sigmoid", "points": 8}
import warnings


def check_sigmoid(grid, dtype, digits):
    x = Tensor(grid, dtype=dtype)
    before, y = x.data.copy(), sigmoid(x)
    assert y.dtype == x.dtype, f"sigmoid of {x.dtype} gave {y.dtype}, wanted the type that came in"
    assert np.array_equal(x.data, before), "sigmoid changed its input: the result goes into an array of its own"
    for number, got in zip(x.data.astype(np.float64), y.data.astype(np.float64), strict=True):
        wanted = 1 / (1 + np.exp(-max(number, -700.0)))
        smallest = 1e-7 if dtype == "float16" else 1e-37  # below this a type holds few digits or none
        assert abs(got - wanted) <= digits * wanted + smallest, (
            f"sigmoid({number}) in {dtype} gave {got:.4g}, wanted {wanted:.4g}: compare the forms in the table")

def test_unit_sigmoid(grid):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for dtype, digits in [("float64", 1e-14), ("float32", 1e-6), ("float16", 1e-3), ("bfloat16", 8e-3)]:
            check_sigmoid(grid, dtype, digits)
        assert np.isnan(sigmoid([np.nan]).item()), "sigmoid(nan) must stay nan"
    assert not caught, f"NumPy warned of {caught[0].message}: sigmoid is defined everywhere"
    assert sigmoid(np.array([-3, 3])).dtype == np.float32, "whole numbers become float32"
    assert sigmoid(0.0).item() == 0.5 and sigmoid(np.zeros((2, 0))).shape == (2, 0)

test_unit_sigmoid([-np.inf, -1e4, -80, -20, -10, -1, -1e-3, 0, 0.5, 3, 12, 1e4, np.inf])
### BEGIN HIDDEN TESTS
test_unit_sigmoid([-5e3, -60, -15, -2.5, -0.03125, 0.2, 7, 40, 2e3])
### END HIDDEN TESTS

# %% [markdown]
r"""
The hyperbolic tangent is the sigmoid's twin, stretched to run from -1 to 1: $\tanh(x) = 2\sigma(2x) - 1$. Lesson 01
has it as a primitive of its own, and rightly so. Near 0 the sigmoid is near one half, and the subtraction leaves
little of a small x:
"""

# %%
#| export
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, element by element."""
    return floating(x).tanh()

# %%
small = Tensor([1e-2, 1e-4, 1e-6])
print("tanh(x)             ", tanh(small).numpy())
print("2 sigmoid(2 x) - 1  ", (2 * sigmoid(2 * small) - 1).numpy())

# %% [markdown]
r"""
## GELU

ReLU is a gate: it multiplies x by 1 or by 0. The Gaussian error linear unit (Hendrycks and Gimpel, 2016,
arXiv:1606.08415) makes the gate soft. It multiplies x by the probability that a normally distributed number is
smaller:

$$\mathrm{gelu}(x) = x\,\Phi(x), \qquad \Phi(x) = \frac{1 + \mathrm{erf}(x / \sqrt 2)}{2}$$

There is no formula for erf in powers and exponentials, and computing it takes long. So the same paper gives an
approximation, in which tanh plays its part. GPT-2 was trained with it, and it is still in wide use:

$$\mathrm{gelu}_{\tanh}(x) = \frac{x}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)$$

The two are not interchangeable: a network trained with one gives slightly other results with the other. PyTorch
calls them `approximate="none"` and `approximate="tanh"`, and so do we.

### Exercise: the exact form

NumPy has no erf; SciPy does. It is imported inside the function, since only the exact form needs it.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-exact"}
#| export
def gelu_exact(x: np.ndarray) -> np.ndarray:
    """x * Phi(x) of every element of a float32 or float64 array, Phi being the normal distribution function.

    Keep the type: a NumPy scalar such as `np.sqrt(2)` is float64 and spreads to float32 arrays; a Python float is weak.

    >>> gelu_exact(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])
    """
    from scipy.special import erf

    ### BEGIN SOLUTION
    y = np.asarray(x * 0.5**0.5)
    erf(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gelu-exact", "points": 5}
import math


def check_gelu(function, formula, numbers, idea):
    for dtype, digits in [(np.float64, 1e-14), (np.float32, 1e-6)]:
        x = np.array(numbers, dtype=dtype)
        before, y = x.copy(), function(x)
        assert y.dtype == dtype, (
            f"{function.__name__} of {x.dtype} gave {y.dtype}: some number in the formula is not weak")
        assert np.array_equal(x, before), f"{function.__name__} changed its input: compute in arrays of its own"
        for number, got in zip(x.ravel().tolist(), y.ravel(), strict=True):
            wanted = formula(number)
            assert abs(got - wanted) <= digits * (1 + abs(wanted)), (
                f"{function.__name__}({number}) gave {got:.7g}, wanted {wanted:.7g}: {idea(number, got)}")

def exact_form(x):
    return x * (1 + math.erf(x / math.sqrt(2))) / 2

def bell(x, got):
    return "x times the share of the bell left of x"

check_gelu(gelu_exact, exact_form, [[-10, -6, -2.5, -0.7], [0, 0.3, 2.5, 1e4]], bell)
### BEGIN HIDDEN TESTS
check_gelu(gelu_exact, exact_form, [[-4.0], [-1.25], [0.01], [1.9], [33.0]], bell)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: the tanh form

Two things make this line slow as one writes it from the formula: `x**3`, which NumPy computes with the general
power function, and the fresh array that each operation makes. Multiplications are cheaper than powers, and `y *= x`
or `np.tanh(y, out=y)` work in an array that you already have. The first cell shows what a power costs.
"""

# %%
import timeit

x = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
for name, compute in [("x**3", lambda: x**3), ("x * x * x", lambda: x * x * x)]:
    print(f"{name:10} {min(timeit.repeat(compute, number=5, repeat=5)) / 5 / x.size * 1e9:6.2f} ns for each element")

# %% nbgrader={"solution": true, "grade_id": "gelu-tanh"}
#| export
def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) of every element of a float32 or float64 array; keeps the type.

    >>> gelu_tanh(np.array([-1.0, 0.0, 1.0]))
    array([-0.15880801,  0.        ,  0.84119199])
    """
    ### BEGIN SOLUTION
    scale = (2 / np.pi) ** 0.5
    y = np.asarray(x * x)
    y *= 0.044715 * scale
    y += scale
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gelu-tanh", "points": 7}
def tanh_form(x):
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

def which_form(x, got):
    near = abs(got - exact_form(x)) < abs(got - tanh_form(x))
    return "that is the exact form" if near else "start inside the formula"

check_gelu(gelu_tanh, tanh_form, [[-10, -6, -2.7, -0.7], [0, 0.3, 2.7, 1e4]], which_form)
### BEGIN HIDDEN TESTS
check_gelu(gelu_tanh, tanh_form, [[-3.5], [-1.1], [0.02], [1.6], [21.0]], which_form)
### END HIDDEN TESTS

# %% [markdown]
r"""
The primitive around the two forms is given. It deals with the ends of the number line once for both. Far to the
right $x^2$ may overflow, which is harmless, because $\tanh(\infty)$ is 1. Far to the left the gate is 0, and 0
times minus infinity would be nan, where GELU tends to 0. Left of -10 both forms compute a gate of exactly 0, even in
`float64`, so nothing else changes if x stops there.
"""

# %%
#| export
@np.errstate(over="ignore")
@in_float32
def _gelu(x: np.ndarray, approximate: str) -> np.ndarray:
    x = np.maximum(x, -10)
    return gelu_tanh(x) if approximate == "tanh" else gelu_exact(x)


GELU_PRIMITIVE = Primitive("gelu", _gelu)  # GELU is the layer

# %%
#| export
def checked_form(approximate: str) -> str:
    """`approximate` itself where it names a form of GELU; else ValueError."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate must be "none" (exact) or "tanh", got {approximate!r}')
    return approximate


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x * Phi(x), element by element: exact, or by its tanh approximation (Hendrycks and Gimpel, arXiv:1606.08415)."""
    return apply(GELU_PRIMITIVE, floating(x), approximate=checked_form(approximate))

# %% [markdown]
r"""
How far apart are the two forms, what does each cost, and where is GELU's lowest point? GELU is the first activation
here that does not rise all the way: up to its minimum it falls.
"""

# %%
x = Tensor(np.linspace(-6, 6, 12_001))
exact, gap = gelu(x).numpy(), (gelu(x) - gelu(x, "tanh")).numpy()
lowest, widest = exact.argmin(), np.abs(gap).argmax()
print(f"the minimum is {exact[lowest]:.3f} at x = {x[lowest].item():.3f}")
print(f"the forms differ by at most {abs(gap[widest]):.2e}, at |x| = {abs(x[widest].item()):.2f}")
print("at minus and plus infinity:", gelu([-np.inf, np.inf]).numpy(), gelu([-np.inf, np.inf], "tanh").numpy())

numbers = Tensor(np.random.default_rng(0).normal(size=100_000), dtype="float32")
for form in ["none", "tanh"]:
    seconds = min(timeit.repeat(lambda form=form: gelu(numbers, form), number=5, repeat=5)) / 5
    print(f'approximate="{form}": {seconds / numbers.size * 1e9:6.2f} ns for each element')

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for function in [relu, gelu, sigmoid, tanh]:
    left.plot(x.numpy(), function(x).numpy(), label=function.__name__)
left.set(xlim=(-4, 4), ylim=(-1.2, 2), xlabel="x", title="four activations")
left.legend()
right.plot(x.numpy(), gap)
right.set(xlabel="x", title="gelu exact minus gelu tanh")
figure.tight_layout()
plt.show()

# %% [markdown]
r"""
## Softmax

The last layer of a classifier gives a score for each class. Softmax makes them probabilities: positive, with sum 1,
and in the order of the scores.

$$\mathrm{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$

This time the overflow does harm:
"""

# %%
scores = np.float32([[1, 2, 3], [101, 102, 103]])
with np.errstate(all="ignore"):
    print(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))

# %% [markdown]
r"""
Both rows should be the same. Adding c to every score multiplies numerator and denominator by $e^c$, and nothing is
changed: only differences between scores count. So choose c. With the largest score of a row subtracted from all of
it, the largest exponent is 0, nothing can overflow, and the sum is at least 1. What underflows to 0 on the way is
too small to matter.

### Exercise: softmax

Two hints. `keepdims=True` keeps the reduced axis, so that the result can be subtracted or divided by. And `max` of
no elements at all has no answer unless you give it one, with `initial=`; an empty batch should pass through like
any other. A row that holds $+\infty$, or nothing but $-\infty$, has no softmax: it becomes nan, as in PyTorch,
without a warning. A single $-\infty$ among other scores gets probability 0, which is how a class is ruled out.
"""

# %% nbgrader={"solution": true, "grade_id": "softmax"}
#| export
@np.errstate(over="ignore", invalid="ignore")  # a gap too wide for the type is -inf; inf - inf is nan
@in_float32
def normalized_exp(x: np.ndarray, axis: int) -> np.ndarray:
    """exp(x) over its sum along `axis`, of a floating array of any shape, computed so that no exponent is above 0.

    >>> normalized_exp(np.array([[0.0, 0.0], [1000.0, -1000.0]]), axis=-1)
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    ### BEGIN SOLUTION
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y /= y.sum(axis=axis, keepdims=True)
    return y
    ### END SOLUTION

# %%
#| export
SOFTMAX = Primitive("softmax", normalized_exp, "output")


def checked_axis(x: Tensor, axis: int) -> int:
    """`axis` of `x`, counted from the front; a single number counts as one axis. ValueError where there is none."""
    ndim = max(x.ndim, 1)
    if not -ndim <= index(axis) < ndim:
        raise ValueError(f"axis {axis} does not fit shape {x.shape}: there are axes {-ndim} to {ndim - 1}")
    return axis % ndim

# %%
#| export
def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along one axis: positive, with sum 1, same shape."""
    x = floating(x)
    return apply(SOFTMAX, x, axis=checked_axis(x, axis))

# %% nbgrader={"grade": true, "grade_id": "test-softmax", "points": 8}
def farthest(got, wanted):
    """Where two arrays of one shape differ most, in words."""
    off = np.abs(np.asarray(got, np.float64) - wanted)
    at = tuple(map(int, np.unravel_index(np.argmax(off), off.shape)))
    return f"element {at} is {float(got[at]):.6g}, wanted {float(wanted[at]):.6g}, off by {off[at]:.2g}"

def check_softmax(numbers, shift, axis, dtype, digits):
    x = Tensor(numbers + shift, dtype=dtype)
    before, e = x.data.copy(), np.exp(x.data.astype(np.float64) - shift)
    asked = f"softmax over axis {axis} of {numbers.shape}, scores near {shift:g}, {dtype}"
    try:
        y, wanted = softmax(x, axis), e / e.sum(axis=axis, keepdims=True)
    except ValueError as error:
        raise AssertionError(f"{asked} failed: {error}: do the axes still fit?") from error
    assert y.dtype == x.dtype and y.shape == x.shape, f"{asked} became {y.dtype} {y.shape}"
    assert np.array_equal(x.data, before), f"{asked}: the input was changed"
    off = np.abs(y.data.astype(np.float64) - wanted).max()
    assert off <= digits, (
        f"{asked}: {farthest(y.data, wanted)}: each row along the axis has its own largest and its own sum")

def test_unit_softmax(numbers):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for axis in [0, 1, -1]:
            for dtype, digits in [("float64", 1e-14), ("float32", 1e-6), ("float16", 1e-3), ("bfloat16", 8e-3)]:
                check_softmax(numbers, 0, axis, dtype, digits)
            check_softmax(numbers, 1e4, axis, "float32", 1e-6), check_softmax(numbers, -1e4, axis, "float64", 1e-14)
        apart = softmax([[1000.0, 1000.0], [-1000.0, -1000.0]]).data.tolist()
        assert apart == [[0.5, 0.5]] * 2, f"rows near 1000 and -1000 gave {apart}: each row has its own largest score"
        masked = softmax([1.0, -np.inf, 1.0]).data.tolist()
        assert masked == [0.5, 0, 0.5], f"softmax([1, -inf, 1]) gave {masked}: -inf rules a class out"
        for row in [[np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 0.0]]:
            assert np.isnan(softmax(row).data).all(), f"softmax({row}) gave {softmax(row).data}: there is none, so nan"
    assert not caught, f"NumPy warned of {caught[0].message}"

def check_empty(function, shape):
    try:
        got = function(np.zeros(shape)).shape
    except ValueError as error:
        raise AssertionError(f"{function.__name__} of shape {shape} failed: {error}; empty batches pass") from error
    assert got == shape, f"{function.__name__} of shape {shape} has shape {got}"

test_unit_softmax(np.random.default_rng(2).normal(size=(2, 3, 4)) * 3)
check_empty(softmax, (0, 3)), check_empty(softmax, (3, 0))
assert softmax(7).item() == 1, "softmax of a single number is 1: it has no rival"
### BEGIN HIDDEN TESTS
test_unit_softmax(np.random.default_rng(9).normal(size=(5, 2, 3)) * 2)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Log-softmax

Training will ask for the *logarithm* of the right class's probability. Taking it afterwards is too late, if the
probability has already been rounded to 0:
"""

# %%
with np.errstate(divide="ignore"):
    print(np.log(softmax([0.0, -50.0, -200.0]).numpy()))

# %% [markdown]
r"""
The true third number is -200, an ordinary number. It is lost only because we went by way of $e^{-200}$. Written
out,

$$\log \mathrm{softmax}(x)_i = x_i - m - \log \sum_j e^{x_j - m}, \qquad m = \max_j x_j,$$

nothing tiny is ever passed to a logarithm: the sum is at least 1.

### Exercise: log_softmax
"""

# %% nbgrader={"solution": true, "grade_id": "log-softmax"}
#| export
@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # as above, and the sum of no elements is 0
@in_float32
def log_normalized_exp(x: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of `normalized_exp(x, axis)`, exact also where the probability itself would be rounded to 0.

    >>> log_normalized_exp(np.array([0.0, -50.0, -200.0]), axis=-1)
    array([   0.,  -50., -200.])
    """
    ### BEGIN SOLUTION
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y
    ### END SOLUTION

# %%
#| export
LOG_SOFTMAX = Primitive("log_softmax", log_normalized_exp, "output")


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """log(softmax(x)) along one axis, without the detour through tiny probabilities."""
    x = floating(x)
    return apply(LOG_SOFTMAX, x, axis=checked_axis(x, axis))

# %% nbgrader={"grade": true, "grade_id": "test-log-softmax", "points": 7}
def check_log_softmax(numbers, stretch, axis, dtype, digits):
    x = Tensor(numbers * stretch, dtype=dtype)
    before, exact = x.data.copy(), x.data.astype(np.float64)
    asked = f"log_softmax over axis {axis} of {numbers.shape}, scores x {stretch}, {dtype}"
    try:
        y, wanted = log_softmax(x, axis), exact - np.logaddexp.reduce(exact, axis=axis, keepdims=True)
    except ValueError as error:
        raise AssertionError(f"{asked} failed: {error}: do the axes still fit?") from error
    assert y.dtype == x.dtype and y.shape == x.shape, f"{asked} became {y.dtype} {y.shape}"
    assert np.array_equal(x.data, before), f"{asked}: the input was changed"
    off = np.abs(y.data.astype(np.float64) - wanted).max() / np.abs(wanted).max()
    assert off <= digits, f"{asked}: {farthest(y.data, wanted)}: stay with logarithms, row by row along the axis"

def test_unit_log_softmax(numbers):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for axis in [0, 1, -1]:
            for dtype, digits in [("float64", 1e-14), ("float32", 1e-6), ("float16", 1e-3), ("bfloat16", 8e-3)]:
                check_log_softmax(numbers, 1, axis, dtype, digits)
            for dtype, digits in [("float64", 1e-14), ("float32", 1e-6)]:
                check_log_softmax(numbers, 1000, axis, dtype, digits)
        masked = log_softmax([1.0, -np.inf]).data.tolist()
        assert masked == [0, -np.inf], f"log_softmax([1, -inf]) gave {masked}: probabilities 1 and 0"
        assert np.isnan(log_softmax([-np.inf, -np.inf]).data).all(), "log_softmax([-inf, -inf]): there is none, so nan"
    assert not caught, f"NumPy warned of {caught[0].message}"

test_unit_log_softmax(np.random.default_rng(3).normal(size=(2, 3, 4)) * 3)
check_empty(log_softmax, (0, 3)), check_empty(log_softmax, (3, 0))
assert log_softmax(7).item() == 0, "a single number has probability 1, logarithm 0"
### BEGIN HIDDEN TESTS
test_unit_log_softmax(np.random.default_rng(8).normal(size=(4, 5, 2)) * 2)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Activations as layers

In lesson 03 a network is a list of layers, called one after another. An activation takes its place there as an
object that remembers its settings: `GELU("tanh")`, `Softmax(axis=0)`. It has nothing to learn and behaves the same
in training and in evaluation, and its base class says just that, in the words that lesson 03 gives to every layer.
`dataclass` writes `__init__`, and a readable `repr`.
"""

# %%
#| export
class Activation:
    """A layer without parameters, the same in training and in evaluation. Subclasses define `forward(x)`."""

    def __call__(self, x: Any) -> Tensor: return self.forward(x)
    def parameters(self) -> list[Tensor]: return []
    def train(self, mode: bool = True) -> "Activation": return self
    def eval(self) -> "Activation": return self

# %%
#| export
@dataclass(eq=False)
class ReLU(Activation):
    """max(x, 0)."""

    def forward(self, x: Any) -> Tensor: return relu(x)


@dataclass(eq=False)
class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Any) -> Tensor: return sigmoid(x)


@dataclass(eq=False)
class Tanh(Activation):
    """The hyperbolic tangent."""

    def forward(self, x: Any) -> Tensor: return tanh(x)

# %%
#| export
@dataclass(eq=False)
class GELU(Activation):
    """x * Phi(x), exact (`approximate="none"`) or by the tanh form (`approximate="tanh"`)."""

    approximate: str = "none"

    def __post_init__(self): checked_form(self.approximate)
    def forward(self, x: Any) -> Tensor: return gelu(x, self.approximate)

# %%
#| export
@dataclass(eq=False)
class Softmax(Activation):
    """Probabilities along one axis."""

    axis: int = -1

    def forward(self, x: Any) -> Tensor: return softmax(x, self.axis)


@dataclass(eq=False)
class LogSoftmax(Activation):
    """Logarithms of probabilities along one axis."""

    axis: int = -1

    def forward(self, x: Any) -> Tensor: return log_softmax(x, self.axis)

# %%
for layer in [ReLU(), Sigmoid(), Tanh(), GELU("tanh"), Softmax(), LogSoftmax(axis=0)]:
    print(f"{layer!s:25}", layer([-1.0, 0.0, 2.0]).numpy().round(3))

# %% [markdown]
r"""
## What it is good for: knowing when not to be sure

Lesson 01 read digits by the nearest of ten average images. It gave an answer for every image, and no word on how
sure it was. Softmax has that word: take the negative distances as scores.
"""

# %%
from pathlib import Path

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
images, labels = Tensor(table[:, :64]) / 16, table[:, 64].astype(np.int64)
train, test = slice(0, 1400), slice(1400, None)
averages = Tensor(np.stack([images[train][labels[train] == digit].mean(axis=0).numpy() for digit in range(10)]))
scores = -((images[test].reshape(-1, 1, 64) - averages) ** 2).sum(axis=-1)

# %%
probabilities = softmax(scores).numpy()
guesses, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
right = guesses == labels[test]
by_sureness = sureness.argsort()
for name, part in [("least sure", by_sureness[:100]), ("surest", by_sureness[-100:])]:
    print(f"the 100 {name:10}: probability {sureness[part].mean():.0%} on average, right on {right[part].mean():.0%}")

# %%
figure, axes = plt.subplots(1, 6, figsize=(8, 1.8))
for which, axis in zip(by_sureness[:6], axes, strict=True):
    best, next_best = probabilities[which].argsort()[:-3:-1]
    axis.imshow(images[test].numpy()[which].reshape(8, 8), cmap="gray_r")
    axis.set_title("\n".join(f"{digit}: {probabilities[which, digit]:.0%}" for digit in (best, next_best)), fontsize=8)
    axis.set_axis_off()
plt.show()

# %% [markdown]
r"""
The order of sureness is worth something: the mistakes gather where it is low. The probabilities themselves are not
to be trusted yet, since nothing so far has compared them with what happens. That comparison is a loss, and lesson
04 builds it.

## Questions

Assign each answer to the name behind its question.

1. `softmax([a, 0])` has two numbers; the first is `sigmoid(b)`. For a = 3, what is b? (`b_for_three`)
2. What is the smallest whole number n for which `np.exp(np.float32(n))` is infinite? (`first_infinite`)
3. A network that knows nothing gives all ten classes the same score. What does `log_softmax` give each of them, to
   three decimals? (`knows_nothing`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-activations"}
### BEGIN SOLUTION
b_for_three = 3
first_infinite = 89
knows_nothing = -2.303
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-activations", "points": 6}
def test_question_activations():
    gap = abs(sigmoid(b_for_three).item() - softmax([3.0, 0.0]).numpy()[0])
    assert gap < 1e-6, f"sigmoid({b_for_three}) is {gap:.2g} away: divide both parts of the fraction by its numerator"
    with np.errstate(over="ignore"):
        n = next(n for n in range(1000) if np.isinf(np.exp(np.float32(n))))
    assert first_infinite == n, f"first_infinite is {first_infinite}: float32 ends at 3.4e38; where does exp pass it?"
    wanted = log_softmax(np.zeros(10)).numpy()[0]
    assert abs(knows_nothing - wanted) < 6e-4, f"knows_nothing is {knows_nothing}: each class has one chance in ten"

test_question_activations()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-temperature", "points": 2}
r"""
**In your own words:** divide all scores by 100 before the softmax above. Which of these change, and how: the
guesses, the probabilities, the order of sureness?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Six activations, as functions and as layers, that are right from one end of the number line to the other and in four
floating types. `tito module complete 02` puts them into `tinytorch.core.activations`. In lesson 03 they stand
between layers that have something to learn.
"""
