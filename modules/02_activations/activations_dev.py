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

> ReLU, sigmoid, tanh, GELU, softmax and log-softmax, stable for every input.

A network is a chain of matrix products with nonlinear functions between them. These functions are
called activations. Most of them are one line of mathematics. What takes care is to write that line
so that it is right for *every* number a network may meet: for 1000 and for -1000, for infinity, in
half precision, and down to results as small as $10^{-30}$.

About 2 hours: 7 exercises, some 25 lines to write, and an open question. Needs lesson 01. Makes
`tinytorch.core.activations`: `relu`, `sigmoid`, `tanh`, `gelu`, `softmax` and `log_softmax`, and a
layer for each of them.
"""

# %%
#| default_exp core.activations

# %%
#| export
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, floating, in_float32
from tinytorch.support.large import or_kernel
from tinytorch.support.module_methods import Activation
from tinytorch.support.torch_names import also_dim
from tinytorch.support.validation import checked_axis

# %%
from tinytorch.support.checks import check, close, explained, typed, unchanged
from tinytorch.support.checks_functions import DIGITS, check_each, check_gelu, check_rows
from tinytorch.support.checks_functions import check_shapes, check_special, few_digits
from tinytorch.support.checks_functions import gelu_formula, log_softmax_formula, tanh_formula

# %% [markdown]
r"""
## Why a nonlinear function?

Two layers that are matrix products, one after the other, do no more than a single product, however
wide they are. And a product turns one number into another along a straight line. Here is the
straight line that fits $|x|$ best (by least squares), a function simple enough to draw freehand.
"""

# %%
rng = np.random.default_rng(0)
x = np.linspace(-1, 1, 201)
first, second = Tensor(rng.normal(size=(1, 50))), Tensor(rng.normal(size=(50, 1)))
two_layers = ((Tensor(x.reshape(-1, 1)) @ first) @ second).numpy().ravel()
print(f"two layers differ from one by {np.abs(two_layers - x * (first @ second).item()).max():.0e}")
line = np.polyval(np.polyfit(x, np.abs(x), 1), x)
print(f"the best line misses |x| by up to {np.abs(line - np.abs(x)).max():.2f}")

# %% [markdown]
r"""
## ReLU

The rectified linear unit keeps what is positive and replaces the rest by zero:

$$\mathrm{relu}(x) = \max(x, 0)$$

### Exercise: rectified

You write the function on arrays. `RELU` makes a primitive of it, as in lesson 01, and `relu`, the
function on tensors, passes that to `apply`. One case decides which NumPy function is right: a nan
must stay a nan. It is how a network shows that something has gone wrong, and an activation that
turns it into 0 hides that.
"""

# %% nbgrader={"solution": true, "grade_id": "relu"}
#| exporti
def rectified(x: np.ndarray) -> np.ndarray:
    """max(x, 0) of every element of an array, in its own type; nan stays nan.

    >>> rectified(np.array([-2.0, 0.5, np.nan]))
    array([0. , 0.5, nan])
    """
    ### BEGIN SOLUTION
    return np.maximum(x, np.zeros(x.shape[-1:], x.dtype))  # a row of zeros: quicker than one 0
    ### END SOLUTION


RELU = Primitive("relu", rectified, "output")

# %% nbgrader={"grade": true, "grade_id": "test-relu", "points": 4}
# Check of rectified: run it when your cell has run.
@check
def test_unit_relu():
    cases = [([[-3, -0.5, 0], [0.25, 2, 1000]], [[0, 0, 0], [0.25, 2, 1000]], "max(x, 0)"),
             ([-np.inf, np.inf], [0, np.inf], "there is no 0 times infinity in a maximum"),
             ([np.nan], [np.nan], "which NumPy function keeps a nan?"), ([], [], "max(x, 0)"),
             ([2.0**-20, -(2.0**-20)], [2.0**-20, 0], "max(x, 0)")]
    ### BEGIN HIDDEN TESTS
    cases += [([[[7.5], [-0.125]], [[-64], [0.5]]], [[[7.5], [0]], [[0], [0.5]]], "max(x, 0)"),
              (3.0, 3.0, "max(x, 0)")]
    ### END HIDDEN TESTS
    for numbers, wanted, idea in cases:
        for dtype in ["float32", "float64", "float16", "bfloat16"]:
            x, call = Tensor(numbers, dtype=dtype).data, f"rectified({numbers}) in {dtype}"
            with unchanged(call, "compute in an array of your own", x=x):
                with explained(call, "an array of any shape comes in"):
                    got = rectified(x)
            typed(call, got, x.dtype)
            close(call, got, wanted, idea)
    check_shapes(rectified, lambda x: x)

test_unit_relu()

# %%
#| export
def relu(x: Any) -> Tensor:
    """max(x, 0), element by element; whole numbers become float32, as in all of this lesson."""
    return apply(RELU, floating(x))

# %% [markdown]
r"""
A single kink already does what no line can: $|x| = \mathrm{relu}(x) + \mathrm{relu}(-x)$. And a sum
of enough ReLUs, each with its kink at another place, follows any continuous curve as closely as you
like. Below, the kinks are at fixed places, and least squares chooses how much of each ReLU to add.
Training will move the kinks too.
"""

# %%
print("relu(x) + relu(-x) misses |x| by", np.abs((relu(x) + relu(-x)).numpy() - np.abs(x)).max())
wave, fits = np.sin(2 * np.pi * x), {}
for kinks in [2, 8, 32]:
    places = Tensor(np.linspace(-1, 1, kinks, endpoint=False))
    columns = relu(x.reshape(-1, 1) - places).numpy()
    fits[kinks] = columns @ np.linalg.lstsq(columns, wave, rcond=None)[0]
    print(f"{kinks:2} kinks miss the wave by up to {np.abs(fits[kinks] - wave).max():.3f}")

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(6, 2.5))
plt.plot(x, wave, color="0.7", linewidth=5, label="sine")
for kinks in [2, 8]:
    plt.plot(x, fits[kinks], label=f"{kinks} kinks")
plt.xlabel("x")
plt.legend()
plt.show()

# %% [markdown]
r"""
## Sigmoid

The sigmoid maps any number to one between 0 and 1, which can be read as a probability or used as a
gate. On paper it can be written in three ways:

$$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x} = \frac{1 + \tanh(x/2)}{2}$$

In a computer the three give different results. Each column below is one of them in `float32`. The
last column is the first form in `float64`.
"""

# %%
with np.errstate(all="ignore"):
    print(f"{'x':>6} {'1/(1+e^-x)':>11} {'e^x/(1+e^x)':>11} {'(1+tanh)/2':>11} {'float64':>11}")
    for z in np.float32([1000, 10, -10, -20, -60, -1000]):
        forms = 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)), (1 + np.tanh(z / 2)) / 2
        exact = 1 / (1 + np.exp(-np.float64(z)))
        print(f"{z:6.0f} " + " ".join(f"{y:11.4e}" for y in [*forms, exact]))

# %% [markdown]
r"""
The second form divides infinity by infinity. The third adds 1 to a number just above -1: near -10
it has lost half of its digits, and from -20 on all of them. The first form meets infinity too, and
comes out right: $1/\infty$ is 0, by the rules of IEEE arithmetic. So an overflow is not always a
mistake. NumPy cannot know that and warns; `np.errstate`, used as a decorator, switches the warning
off.

### Exercise: logistic

The decorator `@in_float32`, as in lesson 01, computes 16-bit types in `float32`.
"""

# %% nbgrader={"solution": true, "grade_id": "sigmoid"}
#| exporti
@np.errstate(over="ignore")  # exp(-x) may be inf: 1 / inf is the 0 that is wanted
@in_float32
def logistic(x: np.ndarray) -> np.ndarray:
    """The sigmoid of every element of a floating array, right to its last digits also where it is
    tiny.

    >>> logistic(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    ### BEGIN SOLUTION
    y = np.exp(-x)
    y += 1
    return 1 / y
    ### END SOLUTION


SIGMOID = Primitive("sigmoid", logistic, "output")

# %% nbgrader={"grade": true, "grade_id": "test-sigmoid", "points": 8}
# Check of logistic: run it when your cell has run.
@check
def test_unit_sigmoid():
    numbers = [-np.inf, -1e4, -600, -80, -20, -10, -1, -1e-3, 0, 0.5, 3, 12, 1e4, np.inf, np.nan]
    ### BEGIN HIDDEN TESTS
    numbers += [-5e3, -300, -60, -15, -2.5, -0.03125, 0.2, 7, 40, 2e3]
    ### END HIDDEN TESTS
    check_each(logistic, lambda x: 1 / (1 + np.exp(-x)), numbers, "compare the forms in the table")
    check_shapes(logistic, lambda x: 1 / (1 + np.exp(-x)))

test_unit_sigmoid()

# %%
#| export
def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x)), element by element."""
    return apply(SIGMOID, floating(x))


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, element by element."""
    return floating(x).tanh()

# %% [markdown]
r"""
The hyperbolic tangent is a sigmoid stretched to run from -1 to 1: $\tanh(x) = 2\sigma(2x) - 1$.
Lesson 01 has it as a primitive of its own, for a reason: near 0 the sigmoid is near one half, and
the subtraction leaves few digits of a small x.
"""

# %%
small = Tensor([1e-2, 1e-4, 1e-6])
print("tanh(x)             ", tanh(small).numpy())
print("2 sigmoid(2 x) - 1  ", (2 * sigmoid(2 * small) - 1).numpy())

# %% [markdown]
r"""
## GELU

ReLU is a gate: it multiplies x by 1 or by 0. The Gaussian error linear unit (Hendrycks and Gimpel,
2016, arXiv:1606.08415) makes the gate soft. It multiplies x by the probability that a normally
distributed number is smaller than x:

$$\mathrm{gelu}(x) = x\,\Phi(x), \qquad \Phi(x) = \frac{1 + \mathrm{erf}(x / \sqrt 2)}{2}$$

The error function erf is an integral that powers and exponentials cannot express. So the same paper
gives an approximation by tanh, with which GPT-2 was trained:

$$\mathrm{gelu}_{\tanh}(x) =
\frac{x}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)$$

The two are not interchangeable: a network trained with one gives slightly different results with
the other. PyTorch calls them `approximate="none"` and `approximate="tanh"`, and so do we.

### Exercise: gelu_exact

NumPy has no erf; SciPy does. It is imported inside the function, since only the exact form needs
it. Beware of numbers that are not weak: `np.sqrt(2)` is a `float64`, which turns `float32` arrays
into `float64`. A Python float such as `math.sqrt(2)` does not.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-exact"}
#| exporti
def gelu_exact(x: np.ndarray) -> np.ndarray:
    """x * Phi(x) of every element of a float32 or float64 array, in its own type.

    >>> gelu_exact(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])
    """
    from scipy.special import erf

    ### BEGIN SOLUTION
    y = np.asarray(x * math.sqrt(0.5))
    erf(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gelu-exact", "points": 5}
# Check of gelu_exact: run it when your cell has run.
@check
def test_unit_gelu_exact(numbers):
    few, idea = "has sqrt(2) all digits?", "x times the probability of a smaller number"
    check_gelu(gelu_exact, gelu_formula, numbers,
               lambda got, x: few if few_digits(got, gelu_formula(x)) else idea)
    check_shapes(gelu_exact, gelu_formula)

test_unit_gelu_exact([[-10, -6, -2.5, -0.7], [0, 0.3, 2.5, 1e4], [np.nan, 1, 1, 1]])
### BEGIN HIDDEN TESTS
test_unit_gelu_exact([[-4.0], [-1.25], [0.01], [1.9], [33.0]])
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: gelu_tanh

Written down as it stands, this formula is slow for two reasons. Each operation makes a new array,
while `y *= x` or `np.tanh(y, out=y)` work in one that you already have. And it contains `x**3`, for
which NumPy uses its general power function. Here is what that costs:
"""

# %%
import timeit

mixed = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
positive = np.abs(mixed)
for name, power in [("x**3, both signs", lambda: mixed**3), ("x**3, positive", lambda: positive**3),
                    ("x * x * x", lambda: mixed * mixed * mixed)]:
    seconds = min(timeit.repeat(power, number=5, repeat=5)) / 5
    print(f"{name:16} {seconds / mixed.size * 1e9:6.2f} ns for each element")

# %% [markdown]
r"""
With NumPy 2.4, on the processor this was written on, the power function is fast for positive
numbers and many times slower for negative ones. Two multiplications cost less than either.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-tanh"}
#| exporti
def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) of every element of a float32 or float64
    array, in its own type.

    >>> gelu_tanh(np.array([-1.0, 0.0, 1.0]))
    array([-0.15880801,  0.        ,  0.84119199])
    """
    ### BEGIN SOLUTION
    scale = math.sqrt(2 / math.pi)
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
# Check of gelu_tanh: run it when your cell has run.
def which_form(got, x):
    if few_digits(got, tanh_formula(x)):
        return "are all constants given with enough digits?"
    exact = few_digits(got, gelu_formula(x))
    return "that is the exact form" if exact else "compare with the formula from the inside out"

@check
def test_unit_gelu_tanh(numbers):
    check_gelu(gelu_tanh, tanh_formula, numbers, which_form)
    check_shapes(gelu_tanh, tanh_formula)

test_unit_gelu_tanh([[-10, -6, -2.7, -0.7], [0, 0.3, 2.7, 1e4], [np.nan, 1, 1, 1]])
### BEGIN HIDDEN TESTS
test_unit_gelu_tanh([[-3.5], [-1.1], [0.02], [1.6], [21.0]])
### END HIDDEN TESTS

# %% [markdown]
r"""
The primitive around the two forms deals with the ends of the number line, once for both. Far to the
right $x^2$ may overflow, which is harmless, because $\tanh(\infty)$ is 1. Far to the left the gate
is 0, and 0 times minus infinity would be nan, where GELU tends to 0. Left of -10 both forms compute
a gate of exactly 0, even in `float64`, so stopping x there changes nothing else.
"""

# %%
#| exporti
@np.errstate(over="ignore")
@in_float32
def _gelu(x: np.ndarray, approximate: str) -> np.ndarray:
    x = np.maximum(x, -10)
    return gelu_tanh(x) if approximate == "tanh" else gelu_exact(x)


GELU_PRIMITIVE = Primitive("gelu", _gelu)  # GELU is the layer

# %%
#| exporti
def checked_form(approximate: str) -> str:
    """`approximate` itself where it names a form of GELU, else ValueError."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate must be "none" (exact) or "tanh", got {approximate!r}')
    return approximate

# %%
#| export
def gelu(x: Any, approximate: str = "none") -> Tensor:
    """x * Phi(x), element by element: exact, or by its tanh approximation (arXiv:1606.08415)."""
    return apply(GELU_PRIMITIVE, floating(x), approximate=checked_form(approximate))

# %% [markdown]
r"""
How far apart are the two forms, what does each cost, and where is GELU's lowest point? GELU is the
first activation here that falls anywhere: it does so left of its minimum.
"""

# %%
points = Tensor(np.linspace(-6, 6, 12_001))
exact, gap = gelu(points).numpy(), (gelu(points) - gelu(points, "tanh")).numpy()
lowest, widest = exact.argmin(), np.abs(gap).argmax()
print(f"the minimum is {exact[lowest]:.3f} at x = {points[lowest].item():.3f}")
print(f"the forms differ by up to {abs(gap[widest]):.2e} at x = {points[widest].item():.2f}")
print("at -inf and inf:", gelu([-np.inf, np.inf]).numpy(), gelu([-np.inf, np.inf], "tanh").numpy())

# %%
numbers = Tensor(mixed)
for form in ["none", "tanh"]:
    seconds = min(timeit.repeat(lambda: gelu(numbers, form), number=5, repeat=5)) / 5
    print(f'approximate="{form}": {seconds / numbers.size * 1e9:6.2f} ns for each element')

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for function in [relu, gelu, sigmoid, tanh]:
    left.plot(points.numpy(), function(points).numpy(), label=function.__name__)
left.set(xlim=(-4, 4), ylim=(-1.2, 2), xlabel="x", title="four activations")
left.legend()
right.plot(points.numpy(), gap)
right.set(xlabel="x", title="gelu exact minus gelu tanh")
figure.tight_layout()
plt.show()

# %% [markdown]
r"""
## Softmax

The last layer of a classifier gives a score for each class. Softmax makes them probabilities:
positive, with sum 1, and in the order of the scores.

$$\mathrm{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$

Here an overflow does harm:
"""

# %%
scores = np.float32([[1, 2, 3], [101, 102, 103]])
with np.errstate(all="ignore"):
    print(np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True))

# %% [markdown]
r"""
Both rows should be the same: adding c to every score multiplies numerator and denominator by $e^c$,
so only the differences between scores count. We are free to choose c. With the largest score of a
row subtracted from each of its scores, the largest exponent is 0, nothing can overflow, and the sum
is at least 1. A term that underflows to 0 is too small to change that sum.

### Exercise: normalized_exp

Two hints. `keepdims=True` keeps the reduced axis, so that the result can be subtracted or divided
by. And `max` of no elements has no answer unless you give it one, with `initial=`; an empty batch
should pass like any other. A row that holds $+\infty$, or nothing but $-\infty$, has no softmax: it
becomes nan, as in PyTorch, without a warning. A single $-\infty$ among other scores gets
probability 0, which is how a class is ruled out.
"""

# %% nbgrader={"solution": true, "grade_id": "softmax"}
#| exporti
@or_kernel("softmax_kernels.softmax")  # of large arrays
@np.errstate(over="ignore", invalid="ignore")  # too wide a gap is -inf; inf - inf is nan
@in_float32
def normalized_exp(x: np.ndarray, axis: int) -> np.ndarray:
    """exp(x) over its sum along `axis`, of a floating array of any shape, computed so that no
    exponent is above 0.

    >>> normalized_exp(np.array([[0.0, 0.0], [1000.0, -1000.0]]), axis=-1)
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    ### BEGIN SOLUTION
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y /= y.sum(axis=axis, keepdims=True)
    return y
    ### END SOLUTION


SOFTMAX = Primitive("softmax", normalized_exp, "output")

# %% nbgrader={"grade": true, "grade_id": "test-softmax", "points": 8}
# Check of normalized_exp: run it when your cell has run.
@check
def test_unit_softmax(numbers):
    idea = "each row along the axis has its own largest score and its own sum"
    far = {"float32": 1e-6, "float64": 1e-11}
    for scores, digits in [(numbers, DIGITS), (numbers + 1e4, far), (numbers - 1e4, far)]:
        check_rows(normalized_exp, lambda x, axis: np.exp(log_softmax_formula(x, axis)), scores,
                   digits, idea)
    inf, none = np.inf, [np.nan, np.nan]
    check_special(normalized_exp, [
        ([[1e3, 1e3], [-1e3, -1e3]], [[0.5, 0.5]] * 2, "each row has its own largest score"),
        ([1, -inf, 1], [0.5, 0, 0.5], "-inf rules a class out"), ([inf, 0], none, "so it is nan"),
        ([-200, 0], [np.exp(-200), 1], "small ones count"), ([1e3, -1e3], [1, 0], "the largest"),
        ([-inf, -inf], none, "so it is nan"), ([np.nan, 0], none, "so it is nan")])
    check_shapes(normalized_exp, lambda x, axis: np.exp(log_softmax_formula(x, axis)), True)

test_unit_softmax(np.random.default_rng(2).normal(size=(2, 3, 4)) * 3)
### BEGIN HIDDEN TESTS
test_unit_softmax(np.random.default_rng(9).normal(size=(5, 2, 3)) * 2)
### END HIDDEN TESTS

# %% [markdown]
r"""
`normalized_exp` goes over memory five times. For an array of 65,536 numbers or more `or_kernel`
runs a compiled loop from `tinytorch.support` instead, which computes the same in one pass. Lesson
16 shows how such loops are written.
"""

# %%
#| export
@also_dim
def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along one axis: positive, with sum 1, same shape."""
    x = floating(x)
    return apply(SOFTMAX, x, axis=checked_axis(axis, x.shape))

# %% [markdown]
r"""
## Log-softmax

Training will ask for the *logarithm* of the right class's probability. Taking it afterwards is too
late if the probability has already been rounded to 0:
"""

# %%
with np.errstate(divide="ignore"):
    print(np.log(softmax([0.0, -50.0, -200.0]).numpy()))

# %% [markdown]
r"""
The third number should be -200, an ordinary number. It is lost only because we computed $e^{-200}$
on the way. Written out,

$$\log \mathrm{softmax}(x)_i = x_i - m - \log \sum_j e^{x_j - m}, \qquad m = \max_j x_j,$$

the logarithm never meets a tiny number: the sum is at least 1.

### Exercise: log_normalized_exp
"""

# %% nbgrader={"solution": true, "grade_id": "log-softmax"}
#| exporti
@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # the sum of no elements is 0
@in_float32
def log_normalized_exp(x: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of `normalized_exp(x, axis)`, right also where that would be rounded to 0.

    >>> log_normalized_exp(np.array([0.0, -50.0, -200.0]), axis=-1)
    array([   0.,  -50., -200.])
    """
    ### BEGIN SOLUTION
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y
    ### END SOLUTION


LOG_SOFTMAX = Primitive("log_softmax", log_normalized_exp, "output")

# %% nbgrader={"grade": true, "grade_id": "test-log-softmax", "points": 7}
# Check of log_normalized_exp: run it when your cell has run.
@check
def test_unit_log_softmax(numbers):
    idea = "stay with logarithms, row by row along the axis"
    far = {"float32": 1e-6, "float64": 1e-14}
    for scores, digits in [(numbers, DIGITS), (numbers * 1000, far)]:
        check_rows(log_normalized_exp, log_softmax_formula, scores, digits, idea)
    inf, none = np.inf, [np.nan, np.nan]
    check_special(log_normalized_exp, [
        ([inf, inf], none, "softmax is nan"), ([np.nan, 0], none, "softmax is nan"),
        ([1, -inf], [0, -inf], "probabilities 1 and 0"), ([-inf, -inf], none, "it is nan"),
        ([[0.0, -200.0]], [[0, -200]], "do not take the logarithm of a probability")])
    check_shapes(log_normalized_exp, log_softmax_formula, True)

test_unit_log_softmax(np.random.default_rng(3).normal(size=(2, 3, 4)) * 3)
### BEGIN HIDDEN TESTS
test_unit_log_softmax(np.random.default_rng(8).normal(size=(4, 5, 2)) * 2)
### END HIDDEN TESTS

# %%
#| export
@also_dim
def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """log(softmax(x)) along one axis, right also where a probability would be rounded to 0."""
    x = floating(x)
    return apply(LOG_SOFTMAX, x, axis=checked_axis(axis, x.shape))

# %% [markdown]
r"""
## Activations as layers

In lesson 03 a network is a list of layers, called one after another. An activation can be one of
them, as an object that remembers its settings: `GELU("tanh")`, `Softmax(axis=0)`. (PyTorch says
`dim` where NumPy says `axis`; `@also_dim` lets you say either.) It has nothing to learn and behaves
the same in training and in evaluation. Its base class, `Activation`, says so in the words that
lesson 03 gives to every layer.
"""

# %%
#| export
class ReLU(Activation):
    """max(x, 0)."""

    def forward(self, x: Any) -> Tensor: return relu(x)


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Any) -> Tensor: return sigmoid(x)


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
@also_dim
@dataclass(eq=False)
class Softmax(Activation):
    """Probabilities along one axis."""

    axis: int = -1
    def forward(self, x: Any) -> Tensor: return softmax(x, self.axis)


@also_dim
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

Lesson 01 read digits by the nearest of ten average images. It gave an answer for every image, but
did not say how sure it was. Softmax can: take the negative distances as scores.
"""

# %%
from tinytorch.support.data import load_digits

images, labels = load_digits()
means = np.stack([images[:1400][labels[:1400] == digit].mean(axis=0) for digit in range(10)])
unseen, answers = images[1400:], labels[1400:]
scores = -((Tensor(unseen.reshape(-1, 1, 64)) - means) ** 2).sum(axis=-1)

# %%
probabilities = softmax(scores).numpy()
sureness, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == answers
by_sureness = sureness.argsort()
for name, part in [("least sure", by_sureness[:100]), ("surest", by_sureness[-100:])]:
    print(f"the 100 {name:10}: probability {sureness[part].mean():.0%} on average, "
          f"right on {right[part].mean():.0%}")

# %%
figure, axes = plt.subplots(1, 6, figsize=(8, 1.8))
for which, axis in zip(by_sureness, axes):
    best = probabilities[which].argsort()[:-3:-1]
    axis.imshow(unseen[which].reshape(8, 8), cmap="gray_r")
    title = "\n".join(f"{digit}: {probabilities[which, digit]:.0%}" for digit in best)
    axis.set_title(title, fontsize=8)
    axis.set_axis_off()
plt.show()

# %% [markdown]
r"""
The order is worth something: most mistakes are where the probability is low. The probabilities
themselves cannot be trusted yet, since nothing so far has compared them with what happens. A loss
does that, and lesson 04 builds it.

## Questions

Assign each answer to the name that follows its question.

1. `softmax([a, 0])` has two numbers; the first is `sigmoid(b)`. For a = 3, what is b?
   (`b_for_three`)
2. What is the smallest whole number n for which `np.exp(np.float32(n))` is infinite?
   (`first_infinite`)
3. A network that knows nothing gives all ten classes the same score. What does `log_softmax` give
   each of them, to three decimals? (`knows_nothing`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-activations"}
### BEGIN SOLUTION
b_for_three = 3
first_infinite = 89
knows_nothing = -2.303
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-activations", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_activations():
    close(f"sigmoid of b_for_three = {b_for_three}", sigmoid(b_for_three), softmax([3.0, 0.0])[0],
          "divide both parts of the fraction by its numerator")
    with np.errstate(over="ignore"):
        n = next(n for n in range(1000) if np.isinf(np.exp(np.float32(n))))
    assert first_infinite == n, (
        f"first_infinite is {first_infinite}: float32 ends at 3.4e38; where does exp pass it?")
    wanted = log_softmax(np.zeros(10)).numpy()[0]
    assert abs(knows_nothing - wanted) < 6e-4, (
        f"knows_nothing is {knows_nothing}: each class has one chance in ten")

test_question_activations()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-temperature", "points": 2}
r"""
**In your own words:** divide all scores by 100 before the softmax above. Which of these change, and
how: the guesses, the probabilities, the order of sureness?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Six activations, as functions and as layers, that are right from one end of the number line to the
other and in four floating types. In lesson 03 they stand between layers that have something to
learn.
"""
