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
# Lesson 04: Losses

> Mean squared error, binary cross-entropy and cross-entropy, stable for every logit and strict about shapes.

A network answers with numbers, and the data say what the answer should have been. A *loss* turns the two into one
number: how wrong, on average? Training is nothing but making that number smaller, so whatever the loss fails to see,
no network will learn, and whatever it gets wrong, every network will learn with great care.

You will build three, each as a function and as a small object to hand to a trainer:

- the mean squared error, for predicting quantities;
- the binary cross-entropy, for questions with yes or no as their answer;
- the cross-entropy, for choosing one of many classes, with label smoothing.

Each of them is one primitive behind lesson 01's door; how to differentiate it comes in lesson 05.
"""

# %%
#| default_exp core.losses

# %%
#| export
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.activations import LOG_SOFTMAX
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, in_float32, operands, wrap

# %% [markdown]
r"""
## Why not count the mistakes?

What we want in the end is few mistakes. So here is the classifier of lesson 01 again: a score for each digit, the
closer the average image the higher, and the highest score wins. One of its numbers, a pixel of the average zero, is
moved a little to either side, and the mistakes are counted each time.
"""

# %%
from pathlib import Path

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
order = np.random.default_rng(0).permutation(len(table))
images, labels = table[order, :64] / 16, table[order, 64].astype(np.int64)
averages = np.stack([images[:1400][labels[:1400] == digit].mean(axis=0) for digit in range(10)])

def scores_of(averages):
    """Minus the squared distance of every unseen image to every average, (397, 10)."""
    return -((images[1400:, None, :] - averages) ** 2).sum(axis=-1)

# %%
for nudge in [-0.02, -0.01, 0.0, 0.01, 0.02]:
    moved = averages.copy()
    moved[0, 20] += nudge
    mistakes = (scores_of(moved).argmax(axis=1) != labels[1400:]).sum()
    print(f"pixel moved by {nudge:+.2f}: {mistakes} mistakes")

# %% [markdown]
r"""
The count does not answer. It is a staircase: flat nearly everywhere, and where it is flat it does not say which way
is down. A loss has to be smooth, so that a small change of a weight makes a small change of the loss. At the end of
the lesson we ask the same question again and get an answer.

## Like with like

Before any loss, a trap. Four predictions came out of a network as a column, `(4, 1)`; the targets were read from a
file as `(4,)`. The predictions are perfect.
"""

# %%
column, row = Tensor([[1], [2], [3], [4]]), Tensor([1, 2, 3, 4])
difference = column - row
print("shape of the difference:", difference.shape, "  mean of its squares:", (difference * difference).mean().item())

# %% [markdown]
r"""
Broadcasting paired every prediction with every target. Nothing failed, a plausible number came out, and a network
trained on it learns to predict the average of everything. Where a loss compares one with one, two shapes that differ
are an error.

### Exercise: paired

Lesson 01's `floating(x)` makes a tensor of fractions of anything, and `operands(a, b)` makes two types agree (whole
numbers take the type of the fractions beside them). What is left to do is to look at the shapes. An empty batch gets
an error too: its mean would be 0 / 0. (PyTorch returns `nan` there, and the run goes on with weights that are all
`nan`.)
"""

# %% nbgrader={"solution": true, "grade_id": "paired"}
#| export
def paired(prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both sides of a loss as floating tensors of one shape, ready to be compared element by element.

    A whole-number or boolean target takes the prediction's type. Raises ValueError naming both shapes where they differ
    (nothing is broadcast), and where there are no elements at all.

    >>> prediction, target = paired(Tensor([0.5, 2.5]), np.array([1, 2]))
    >>> target
    Tensor([1., 2.], dtype=float32)
    """
    ### BEGIN SOLUTION
    prediction, target = operands(floating(prediction), target)
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {prediction.shape} and target {target.shape}: a loss compares one with "
                         "one and broadcasts nothing, so reshape one of them")
    if prediction.size == 0:
        raise ValueError(f"prediction and target of shape {target.shape} hold no numbers: an empty batch has no mean")
    return prediction, target
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-paired", "points": 3}
def check_paired(prediction, target, wanted):
    got, call = paired(prediction, target), f"paired({prediction}, {target})"
    assert all(isinstance(side, Tensor) for side in got), f"{call} gave {got}, wanted two Tensors"
    types = ", ".join(side.dtype.name for side in got)
    assert types == wanted, f"{call} gave {types}, wanted {wanted}: operands settles the types"
    for given, side in zip((prediction, target), got):
        assert np.array_equal(side.data, np.asarray(given)), f"{call}: {given} came out as {side.data}"

def test_unit_paired():
    for prediction, target, wanted in [
        (Tensor([1, 2]), [3, 4], "float32, float32"), (Tensor([1, 2]), np.array([0, 1]), "float32, float32"),
        (Tensor([1], dtype="float16"), Tensor([True]), "float16, float16"), ([[0.5]], [[1]], "float32, float32"),
        (Tensor([1], dtype="float16"), Tensor([1]), "float16, float32"), (Tensor(2.0), 3, "float32, float32"),
        (np.array([1, 2]), np.array([3, 4]), "float32, float32"),
    ]:
        check_paired(prediction, target, wanted)
    left, right = paired(Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True))
    assert left.requires_grad and right.requires_grad, "a side lost its wish for a gradient: hand on the tensors"

test_unit_paired()
### BEGIN HIDDEN TESTS
check_paired(Tensor([[5.0, 6.0]], "float64"), np.array([[7, 8]]), "float64, float64")
check_paired(np.array([9, 0, 1], np.int8), [0.5, 1, 1.5], "float32, float32")
check_paired(Tensor([4], "bfloat16"), np.array([3], np.uint8), "bfloat16, bfloat16")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-paired-refuses", "points": 3}
def test_unit_paired_refuses():
    shapes = [((4, 1), (4,)), ((4,), (4, 1)), ((2, 3), (3,)), ((2,), ()), ((2, 3), (3, 2)), ((0, 3), (0, 3))]
    ### BEGIN HIDDEN TESTS
    shapes += [((1,), (5,)), ((), (1,)), ((6,), (2, 3)), ((1, 2, 2), (2, 2)), ((2, 0), (2, 0))]
    ### END HIDDEN TESTS
    for left, right in shapes:
        try:
            paired(Tensor(np.zeros(left)), Tensor(np.zeros(right)))
        except ValueError as error:
            assert str(left) in str(error) and str(right) in str(error), f"name {left} and {right}, not: {error}"
        else:
            raise AssertionError(f"shapes {left} and {right} were accepted: equal shapes only, and not empty")

test_unit_paired_refuses()

# %% [markdown]
r"""
## The mean squared error

For quantities: $\frac{1}{n}\sum_i (p_i - t_i)^2$. Twice as far off costs four times as much, so the loss cares most
about the worst predictions. The mean goes over all elements, whatever the shape.

### Exercise: mean_squared_error

A forward works on arrays, as every forward in this course does. `in_float32` stands above it: halves arrive as
`float32`, and the result is rounded once. (A square leaves float16's range from 256 on.) `np.errstate` keeps NumPy
from warning about a loss that has become `inf` or `nan`: its value says so, and lesson 18 will provoke such losses on
purpose.
"""

# %% nbgrader={"solution": true, "grade_id": "mean-squared-error"}
#| export
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def mean_squared_error(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mean over all elements of the squared differences of two arrays of one shape: a single number.

    >>> float(mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    ### BEGIN SOLUTION
    difference = prediction - target
    return np.mean(difference * difference)
    ### END SOLUTION

# %%
#| export
MSE = Primitive("mse_loss", mean_squared_error)


def mse_loss(prediction: Tensor, target: Any) -> Tensor:
    """The mean of (prediction - target)^2 over all elements, a tensor without axes.

    Shapes must be equal (ValueError): unlike PyTorch, which warns, nothing is broadcast. Halves are computed in float32
    and the result is rounded to their type; float32 beside float64 gives float64.
    """
    return apply(MSE, *paired(prediction, target))

# %% nbgrader={"grade": true, "grade_id": "test-mean-squared-error", "points": 6}
def check_mean_square(shape, seed):
    prediction, target = np.random.default_rng(seed).normal(size=(2, *shape)).astype(np.float32)
    copies = prediction.copy(), target.copy()
    got = mse_loss(wrap(prediction), wrap(target))
    wanted = np.mean((prediction.astype(np.float64) - target) ** 2)
    assert np.array_equal(prediction, copies[0]) and np.array_equal(target, copies[1]), (
        f"mse_loss of {shape} changed an input: the differences go into an array of their own")
    assert got.shape == (), f"mse_loss of {shape} gave shape {got.shape}, wanted one number: the mean over all axes"
    assert got.dtype == np.float32, f"mse_loss of float32 gave {got.dtype}, wanted the type that came in"
    assert np.isclose(got.item(), wanted, rtol=1e-5), (
        f"mse_loss of {shape} gave {got.item()}, wanted {wanted}: the mean of the squared differences")

def check_far_apart(size, gap, wanted):
    one_off = np.zeros(size, dtype=np.float16)
    one_off[7] = gap
    got = mse_loss(Tensor(one_off), Tensor(np.zeros(size, dtype=np.float16)))
    assert got.dtype == np.float16 and got.item() == wanted, (
        f"one of {size} halves off by {gap} gave {got}, wanted {wanted} in float16: {gap}^2 does not fit into a half")

def test_unit_mean_squared_error():
    for shape in [(5,), (3, 4), (2, 3, 4), ()]:
        check_mean_square(shape, seed=0)
    check_far_apart(1000, 1000, wanted=1000)

test_unit_mean_squared_error()
### BEGIN HIDDEN TESTS
check_mean_square((7, 2), seed=5), check_mean_square((1, 1, 9), seed=6), check_far_apart(256, 512, wanted=1024)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Yes or no

A network that answers yes or no gives one number, the *logit* $x$, which may be anything. The sigmoid of lesson 02
makes a probability of it, $p = 1/(1+e^{-x})$, and the loss is the surprise at what turned out to be true: $-\log p$
if the answer was yes ($t = 1$), $-\log(1-p)$ if it was no ($t = 0$):

$$-t \log p - (1-t) \log(1-p)$$

Written down like that, it works for small logits only:
"""

# %%
x, t = np.array([2, 20, 200, -200], dtype=np.float32), np.array([0, 0, 0, 1], dtype=np.float32)
with np.errstate(all="ignore"):
    p = 1 / (1 + np.exp(-x))
    print("p", p, "  loss", -t * np.log(p) - (1 - t) * np.log(1 - p))

# %% [markdown]
r"""
At 20 the probability has been rounded to 1, and what was left of the answer "no" is gone. The way out is not to form
$p$ at all. Put the sigmoid into the formula and it shrinks to

$$\log(1 + e^x) - x t \qquad\text{with}\qquad \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})$$

The second form never takes $e$ to a positive power, so it cannot overflow; and `np.log1p(y)`, which is $\log(1 + y)$,
keeps the digits of a small $y$ that `1 + y` would drop.

### Exercise: binary_cross_entropy
"""

# %% nbgrader={"solution": true, "grade_id": "binary-cross-entropy"}
#| export
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def binary_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean of max(x, 0) - x t + log(1 + exp(-|x|)) over all elements of two arrays of one shape.

    >>> float(binary_cross_entropy(np.array([200.0, -200.0]), np.array([0.0, 0.0])))
    100.0
    """
    ### BEGIN SOLUTION
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))))
    ### END SOLUTION

# %%
#| export
BCE = Primitive("bce_with_logits", binary_cross_entropy)


def bce_with_logits(logits: Tensor, targets: Any) -> Tensor:
    """The binary cross-entropy of sigmoid(logits) and targets from 0 to 1, averaged over all elements, without axes.

    Shapes must be equal (ValueError). Targets may be booleans, whole numbers or probabilities. Types as in `mse_loss`.
    """
    return apply(BCE, *paired(logits, targets))

# %% nbgrader={"grade": true, "grade_id": "test-binary-cross-entropy", "points": 5}
def check_binary(logits, targets, wanted):
    got = bce_with_logits(Tensor(logits), targets)
    assert got.shape == () and got.dtype == np.float32, (
        f"logits {logits} gave {got.dtype} of shape {got.shape}, wanted one float32: the mean over all elements")
    assert np.isclose(got.item(), wanted, rtol=1e-5), (
        f"logits {logits}, targets {targets} gave {got.item()}, wanted {wanted}: -t log p - (1 - t) log(1 - p)")

def surprise_of(logit, target):
    p = 1 / (1 + np.exp(-np.float64(logit)))
    return -target * np.log(p) - (1 - target) * np.log1p(-p)

def test_unit_binary_cross_entropy():
    cases = [(0.0, 1), (2.0, 0), (-3.0, 1), (1.5, 0.25), (-0.5, 0.9), (-2.0, 0)]
    ### BEGIN HIDDEN TESTS
    cases += [(0.75, 1), (-4.0, 0.5), (5.0, 0.125), (-1.25, 0)]
    ### END HIDDEN TESTS
    for logit, target in cases:
        check_binary([logit], [target], surprise_of(logit, target))
    check_binary([[2.0, -1.0]], np.array([[True, False]]), (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(-1.0))) / 2)

test_unit_binary_cross_entropy()
### BEGIN HIDDEN TESTS
check_binary([[1.0], [-2.5]], [[1], [0.25]], (surprise_of(1.0, 1) + surprise_of(-2.5, 0.25)) / 2)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-binary-cross-entropy-far-out", "points": 5}
def test_unit_binary_cross_entropy_far_out():
    cases, certain = [(20, 0, 20), (200, 0, 200), (-200, 1, 200), (1e4, 1, 0), (1e4, 0, 1e4)], [30.0]
    ### BEGIN HIDDEN TESTS
    cases, certain = cases + [(-3e3, 1, 3e3), (150, 0.5, 75), (-200, 0, 0)], certain + [45.0]
    ### END HIDDEN TESTS
    for logit, target, wanted in cases:
        got = bce_with_logits(Tensor([logit]), Tensor([target])).item()
        assert got == wanted, f"logit {logit}, target {target} gave {got}, wanted {wanted}: which exp left the range?"
    for logit in certain:
        tiny = bce_with_logits(Tensor([logit]), Tensor([1])).item()
        assert tiny > 0, (
            f"logit {logit}, target 1 gave {tiny}, wanted about {np.exp(-logit):.1e}: 1 + y loses y, log1p keeps it")

test_unit_binary_cross_entropy_far_out()

# %% [markdown]
r"""
## One of many

To choose among C classes a network gives C logits, and softmax makes probabilities of them. The target is a single
whole number: the index of the right class.

Which axis holds the classes? Here always the *last*: logits of shape `(N, C)` with targets `(N,)`, and for a sequence
of T words logits `(N, T, C)` with targets `(N, T)`. PyTorch agrees for two axes, but where there are more it puts the
classes second, `(N, C, T)`. Last is where Linear leaves them, and one rule for any number of axes is easier to keep
in mind.

### Exercise: class_indices

Class indices come in all types: `int64` from NumPy, `uint8` from an image file, `float32` from a list or a table.
Whole numbers are whole numbers, so all of these are fine; 2.5 is not, nor is `nan`, 10 where there are ten classes,
or -1 (NumPy would take the last class for it, without a word). In a data set of a million rows it helps to know
*which* target was wrong. `np.argwhere(bad)` lists the positions at which a boolean array is true.
"""

# %% nbgrader={"solution": true, "grade_id": "class-indices"}
#| export
def class_indices(targets: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Targets as an int64 array, one class index for every row of logits of shape `shape`, which is (..., C).

    Raises ValueError where the targets' shape is not `shape` without its last axis, where there are none, and where one
    is not a whole number from 0 to C - 1, naming the first such value and its position; TypeError for booleans.

    >>> class_indices([2.0, 0.0], (2, 3))
    array([2, 0])
    """
    ### BEGIN SOLUTION
    given = as_tensor(targets).data
    if not shape or given.shape != shape[:-1]:
        raise ValueError(f"logits {shape} need targets {shape[:-1]}, one class index a row: got shape {given.shape}")
    if given.size == 0:
        raise ValueError(f"targets of shape {given.shape} hold no class index: an empty batch has no mean")
    if given.dtype == bool:
        raise TypeError("targets are booleans, wanted class indices: use astype if False is class 0 and True class 1")
    if given.dtype.kind in "iu" and 0 <= given.min() and given.max() < shape[-1]:
        return given.astype(np.int64)
    with np.errstate(invalid="ignore"):  # nan and inf become some whole number, which then differs
        indices = given.astype(np.int64)
    bad = (indices != given) | (indices < 0) | (indices >= shape[-1])
    if bad.any():
        where = np.argwhere(bad)[0].tolist()
        last = shape[-1] - 1
        raise ValueError(f"target {given[tuple(where)]} at {where} is no class: wanted a whole number from 0 to {last}")
    return indices
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-class-indices", "points": 4}
def check_indices(numbers, shape):
    for dtype in ["int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64"]:
        given = np.array(numbers, dtype=dtype)
        try:
            got = class_indices(Tensor(given), shape)
        except ValueError as error:
            raise AssertionError(f"{dtype} targets {numbers} for logits {shape} were refused: {error}") from error
        assert got.dtype == np.int64, f"{dtype} targets came out as {got.dtype}, wanted int64"
        assert np.array_equal(got, given), f"{given.tolist()} came out as {got.tolist()}"

def test_unit_class_indices():
    check_indices([[3, 0], [1, 2]], (2, 2, 4))
    assert class_indices([1, 2], (2, 3)).tolist() == [1, 2], "a list of whole numbers is made of fine class indices"

test_unit_class_indices()
### BEGIN HIDDEN TESTS
check_indices([5, 0, 9, 9], (4, 10)), check_indices(1, (2,)), check_indices([[[0]], [[100]]], (2, 1, 1, 101))
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-class-indices-refuses", "points": 4}
def check_no_class(targets, shape, hint):
    try:
        got = class_indices(targets, shape)
    except (ValueError, IndexError) as error:
        assert isinstance(error, ValueError) and hint in str(error), (
            f"targets {targets}, logits {shape}: say {hint!r} in the message of a ValueError, not: {error}")
    else:
        raise AssertionError(f"targets {targets} for logits of shape {shape} were accepted as {got}")

def check_no_booleans(targets, shape):
    try:
        class_indices(targets, shape)
    except TypeError:
        return
    raise AssertionError(f"boolean targets {targets} were accepted: TypeError was wanted")

def test_unit_class_indices_refuses():
    for targets, shape, hint in [
        ([1, 2, 3], (3, 3), "target 3.0 at [2]"), ([0, -1], (2, 5), "target -1.0 at [1]"),
        ([[0, 1], [2.5, 9]], (2, 2, 4), "target 2.5 at [1, 0]"), (np.array([7, 300]), (2, 256), "target 300 at [1]"),
        (np.array([0, 4]), (2, 4), "target 4 at [1]"),
        ([float("nan")], (1, 2), "nan"), ([float("inf")], (1, 2), "inf"), ([0], (1, 0), "target 0"),
        ([[1], [2]], (2, 3), "(2, 1)"), ([1, 2], (3, 4), "(2,)"), ([[1, 0], [0, 1]], (2, 2), "(2, 2)"),
        ([1], (), "()"), (1, (), "()"), ([], (0, 3), "(0,)"),
    ]:
        check_no_class(targets, shape, hint)
    check_no_booleans([True, False], (2, 2))

test_unit_class_indices_refuses()
### BEGIN HIDDEN TESTS
check_no_class([4, 0, 5], (3, 5), "target 5.0 at [2]"), check_no_class([[0.25]], (1, 1, 3), "target 0.25 at [0, 0]")
check_no_class(np.array([-7], np.int8), (1, 9), "target -7 at [0]"), check_no_class([0, 0], (2, 2, 2), "(2,)")
check_no_booleans([[True]], (1, 1, 4))
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: cross_entropy_of_rows

The loss is again the surprise at the truth: minus the logarithm of the probability that the right class was given,
averaged over all rows. As with the sigmoid, never form the probability: a softmax rounds it to 0 and the logarithm
makes it infinite. Lesson 02's log-softmax is the stable way, and its forward on arrays is
`LOG_SOFTMAX.forward(logits, axis=-1)`.

Then one number is picked from each row. With rows in a table of shape `(n, C)` and indices of shape `(n,)`,
`table[np.arange(n), indices]` takes element `indices[0]` of row 0, `indices[1]` of row 1, and so on.

**Label smoothing** is the second half of the exercise; begin without it, and only the last of the three checks will
fail. Plain cross-entropy is content only with a probability of exactly 1, which no finite logit reaches, so the
logits of a network that gets everything right grow for ever. Smoothing by $\varepsilon$ asks for something that can
be had: the right class with weight $1 - \varepsilon$, and the remaining $\varepsilon$ spread evenly over *all* C
classes, the right one among them:

$$(1 - \varepsilon) \cdot (-\log p_\text{right}) + \varepsilon \cdot \frac{1}{C} \sum_c -\log p_c$$

With $\varepsilon = 0$ leave the second term out instead of multiplying it by 0: where some other class has
probability 0, it is infinite, and 0 times infinity is `nan`.
"""

# %% nbgrader={"solution": true, "grade_id": "cross-entropy-of-rows"}
#| export
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def cross_entropy_of_rows(logits: np.ndarray, targets: np.ndarray, label_smoothing: float = 0.0) -> np.ndarray:
    """The mean cross-entropy of softmax(logits) and class indices; logits (..., C), targets (...) of int64.

    Label smoothing after Szegedy and others, Rethinking the Inception Architecture (2016), section 7.

    >>> round(float(cross_entropy_of_rows(np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([0, 1]))), 4)
    0.6931
    """
    ### BEGIN SOLUTION
    rows = LOG_SOFTMAX.forward(logits, axis=-1).reshape(targets.size, -1)
    loss = -rows[np.arange(targets.size), targets.reshape(-1)].sum() / targets.size
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * np.mean(-rows)
    return loss
    ### END SOLUTION

# %%
#| export
CROSS_ENTROPY = Primitive("cross_entropy", cross_entropy_of_rows)


def check_share(label_smoothing: float) -> None:
    """Raise ValueError where `label_smoothing` is no share from 0 to 1."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is a share from 0 to 1, got {label_smoothing}")


def cross_entropy(logits: Tensor, targets: Any, label_smoothing: float = 0.0) -> Tensor:
    """The cross-entropy of softmax(logits) over the LAST axis and class indices, averaged over all rows, without axes.

    `logits` has shape (..., C) and `targets` (...), of any integer type or floats that are whole numbers (ValueError
    otherwise, see `class_indices`). `label_smoothing` from 0 to 1 is the weight that is spread evenly over all classes.
    Halves are computed in float32 and the result is rounded to their type.
    """
    check_share(label_smoothing)
    logits = floating(logits)
    return apply(CROSS_ENTROPY, logits, wrap(class_indices(targets, logits.shape)), label_smoothing=label_smoothing)

# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy", "points": 6}
def check_cross_entropy(shape, seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=shape).astype(np.float32) * 3, rng.integers(shape[-1], size=shape[:-1])
    before, p = logits.copy(), np.exp(logits.astype(np.float64))
    p /= p.sum(axis=-1, keepdims=True)
    wanted = -np.mean(np.log(np.take_along_axis(p, targets[..., None], axis=-1)))
    got = cross_entropy(wrap(logits), Tensor(targets))
    assert got.shape == (), f"logits of shape {shape} gave shape {got.shape}, wanted the mean over all rows"
    assert np.isclose(got.item(), wanted, rtol=1e-5), (
        f"logits of {shape} gave {got.item()}, wanted {wanted}: the mean over rows of -log p of the right class")
    assert np.array_equal(logits, before), f"logits of {shape} were changed"
    half = cross_entropy(Tensor(logits, dtype="float16"), Tensor(targets))
    assert half.dtype == np.float16, f"float16 logits gave {half.dtype}, wanted float16"

def test_unit_cross_entropy():
    for shape in [(4, 3), (1, 10), (2, 5, 3), (6,)]:
        check_cross_entropy(shape, seed=0)

test_unit_cross_entropy()
### BEGIN HIDDEN TESTS
check_cross_entropy((7, 2), seed=3), check_cross_entropy((3, 1, 2, 4), seed=4), check_cross_entropy((9, 9), seed=5)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy-far-out", "points": 4}
def test_unit_cross_entropy_far_out():
    cases = [
        ([1e4, 0, 0], 0, 0), ([1e4, 0, 0], 1, 1e4), ([-1e4, 0], 0, 1e4), ([-1e4, -1e4], 1, np.log(2)),
        ([0, -np.inf], 0, 0), ([0, -np.inf], 1, np.inf),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [([0, 0, 5e3, 0], 3, 5e3), ([700, 700, 700], 2, np.log(3)), ([-np.inf, 9, 9], 1, np.log(2))]
    ### END HIDDEN TESTS
    for row, target, wanted in cases:
        got = cross_entropy(Tensor([row]), Tensor([target])).item()
        assert np.isclose(got, wanted), f"logits {row}, class {target}: {got}, not {wanted}: was a probability formed?"

test_unit_cross_entropy_far_out()

# %% nbgrader={"grade": true, "grade_id": "test-label-smoothing", "points": 8}
def check_smoothing(rows, classes, shares, seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(rows, classes)).astype(np.float32), rng.integers(classes, size=rows)
    e = np.exp(logits.astype(np.float64))
    surprise = -np.log(e / e.sum(axis=-1, keepdims=True))
    for share in shares:
        wanted = (1 - share) * surprise[np.arange(rows), targets].mean() + share * surprise.mean()
        got = cross_entropy(Tensor(logits), Tensor(targets), label_smoothing=share).item()
        assert np.isclose(got, wanted, rtol=1e-5), (
            f"label_smoothing={share} with {classes} classes: {got}, not {wanted}: all C classes share")

def test_unit_label_smoothing():
    check_smoothing(6, 4, [0.0, 0.1, 0.5, 1.0], seed=1)
    got = cross_entropy(Tensor([[0, -np.inf]]), Tensor([0]), label_smoothing=0.1).item()
    assert got == np.inf, f"smoothing gives weight to an impossible class, so the loss is infinite; got {got}"
    for bad in [-0.1, 1.5, float("nan")]:
        try:
            cross_entropy(Tensor([[1.0, 2.0]]), Tensor([0]), label_smoothing=bad)
        except ValueError:
            continue
        raise AssertionError(f"label_smoothing={bad} was accepted")

test_unit_label_smoothing()
### BEGIN HIDDEN TESTS
check_smoothing(3, 7, [0.25, 0.9], seed=2), check_smoothing(10, 2, [0.05], seed=3)
### END HIDDEN TESTS

# %% [markdown]
r"""
See what smoothing changes. A network is right by a margin: the right logit is that much above the nine others.
"""

# %%
for margin in [0, 2, 4, 6, 8, 12]:
    logits = Tensor([[margin] + [0] * 9])
    plain, smooth = cross_entropy(logits, [0]).item(), cross_entropy(logits, [0], label_smoothing=0.1).item()
    print(f"margin {margin:2}: plain {plain:.6f}   smoothed by 0.1 {smooth:.3f}")

# %% [markdown]
r"""
The plain loss goes on rewarding a larger margin. The smoothed one has had enough at some point, and more confidence
than that costs something.

## Losses as objects

A trainer takes a loss as a thing to call, together with its settings. A frozen dataclass is enough: there is nothing
to learn in a loss.
"""

# %%
#| export
@dataclass(frozen=True)
class MSELoss:
    """`mse_loss` as an object: `MSELoss()(prediction, target)`."""

    def __call__(self, prediction: Tensor, target: Any) -> Tensor:
        return mse_loss(prediction, target)


@dataclass(frozen=True)
class BCEWithLogitsLoss:
    """`bce_with_logits` as an object: `BCEWithLogitsLoss()(logits, targets)`."""

    def __call__(self, logits: Tensor, targets: Any) -> Tensor:
        return bce_with_logits(logits, targets)

# %%
#| export
@dataclass(frozen=True)
class CrossEntropyLoss:
    """`cross_entropy` as an object, classes last: `CrossEntropyLoss(label_smoothing=0.1)(logits, targets)`."""

    label_smoothing: float = 0.0

    def __post_init__(self):
        check_share(self.label_smoothing)

    def __call__(self, logits: Tensor, targets: Any) -> Tensor:
        return cross_entropy(logits, targets, self.label_smoothing)

# %% [markdown]
r"""
## The question from the beginning

The same pixel, the same small steps, with the cross-entropy of the scores beside the count of mistakes:
"""

# %%
loss_fn = CrossEntropyLoss()
for nudge in [-0.02, -0.01, 0.0, 0.01, 0.02]:
    moved = averages.copy()
    moved[0, 20] += nudge
    scores = scores_of(moved)
    mistakes = (scores.argmax(axis=1) != labels[1400:]).sum()
    print(f"pixel moved by {nudge:+.2f}: {mistakes} mistakes, loss {loss_fn(scores, labels[1400:]).item():.6f}")

# %% [markdown]
r"""
Now every step shows, and the sign of the change says which way is down. What lesson 05 adds is to find all such
slopes at once instead of nudging one number after another.

A loss also sees something that the count cannot see: how sure the classifier is. Multiply all scores by one number. The
highest stays the highest, so not a single answer changes, but the probabilities get more or less extreme.
"""

# %%
import matplotlib.pyplot as plt

scores, scales = scores_of(averages), np.geomspace(0.05, 10, 40)
figure, axis = plt.subplots(figsize=(5, 3))
for share in [0.0, 0.1]:
    losses = [cross_entropy(scale * scores, labels[1400:], label_smoothing=share).item() for scale in scales]
    best = int(np.argmin(losses))
    axis.semilogx(scales, losses, label=f"label smoothing {share}")
    axis.plot(scales[best], losses[best], "ko", markersize=4)
    print(f"label smoothing {share}: lowest loss {losses[best]:.3f} at scale {scales[best]:.2f}")
axis.set(xlabel="scale of the scores", ylabel="cross-entropy", ylim=(0, 3), title="the same answers, more or less sure")
axis.legend()
plt.show()

# %% [markdown]
r"""
To the left the classifier says ten times "I do not know", to the right it is certain of its mistakes too, and in
between lies the confidence that its accuracy deserves. Dividing a trained network's logits by the one number that
minimises the loss on data it has not seen is called temperature scaling; it is how probabilities are made honest in
practice.

## Questions

Assign each answer to the name behind its question.

1. Ten classes, and a network that knows nothing: all its logits are 0. What is its cross-entropy? (It is the number
   to look for in the first line of a training run; anything far above means that the network starts out sure of
   nonsense.) (`loss_of_ignorance`)
2. A yes-or-no network gives the logit -1000 where the answer was yes. What does that cost? (`cost_of_certainty`)
3. With ten classes and label smoothing 0.1, what is the lowest cross-entropy that any logits can reach? Two decimal
   places. (`lowest_smoothed`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-losses"}
### BEGIN SOLUTION
loss_of_ignorance = np.log(10)
cost_of_certainty = 1000
lowest_smoothed = -(0.91 * np.log(0.91) + 9 * 0.01 * np.log(0.01))
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-losses", "points": 6}
def test_question_losses():
    wanted = cross_entropy(Tensor(np.zeros((1, 10))), [3]).item()
    assert abs(loss_of_ignorance - wanted) < 0.01, f"loss_of_ignorance is {loss_of_ignorance}: a class gets one tenth"
    wanted = bce_with_logits(Tensor([-1000.0]), Tensor([1])).item()
    assert abs(cost_of_certainty - wanted) < 0.01, f"cost_of_certainty is {cost_of_certainty}: which terms are not 0?"
    wanted = min(cross_entropy(Tensor([[m] + [0] * 9]), [0], 0.1).item() for m in np.linspace(3, 6, 301))
    assert abs(lowest_smoothed - wanted) < 0.01, (
        f"lowest_smoothed is {lowest_smoothed}: the best probabilities are the smoothed targets; what has each class?")

test_question_losses()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-losses", "points": 2}
r"""
**In your own words:** digits could be learned with the mean squared error too, against targets such as `[0, 0, 1, 0,
0, 0, 0, 0, 0, 0]`. Compare what the two losses ask of a network that is already right: which of its outputs would the
squared error still want to change?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Three losses that stay finite where the textbook formula does not, refuse what does not fit together and say why, and
are one primitive each. `tito module complete 04` puts them into `tinytorch.core.losses`. Lesson 05 finds out which
way is down.
"""
