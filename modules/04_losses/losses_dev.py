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

> Mean squared error and two cross-entropies, stable for every logit and strict about shapes.

A network answers with numbers, and the data say what the answer should have been. A *loss*
compares the two and gives one number: how wrong is the network, on average? Training does nothing
but make that number smaller. So a network learns nothing that its loss does not see, and if the
loss is wrong, it learns the wrong thing.

You will build three losses, each as a function and as a small object to hand to a trainer:

- the mean squared error, for predicting quantities;
- the binary cross-entropy, for questions that are answered by yes or no;
- the cross-entropy, for choosing one of many classes, with label smoothing.

Each of them is one primitive, which runs through lesson 01's `apply`. Lesson 05 adds its
gradient.

About 3 hours: 6 exercises, some 35 lines to write, and an open question. Needs lessons 01 and 02.
Makes `tinytorch.core.losses`: `mse_loss`, `bce_with_logits`, `cross_entropy`, and the classes
`MSELoss`, `BCEWithLogitsLoss` and `CrossEntropyLoss`.
"""

# %%
#| default_exp core.losses

# %%
#| export
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.activations import LOG_SOFTMAX, log_softmax
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, in_float32
from tinytorch.core.tensor import operands, wrap
from tinytorch.support.loss_options import CheckedOptions, binary_cross_entropies, check_share
from tinytorch.support.loss_options import cross_entropies, is_plain, squared_errors

# %% [markdown]
r"""
## Why not count the mistakes?

What we want in the end is few mistakes. So let us count them. Lesson 01 read digits by their
average images; here is such a classifier again, on a random choice of images. It gives each digit
a score, which is higher the closer the image is to the digit's average, and answers with the
digit of the highest score. It has 640 numbers that could be trained: the pixels of ten averages.
"""

# %%
from tinytorch.core.tensor import Interceptor
from tinytorch.support import checks_losses
from tinytorch.support.checks import check, close, equal, outcome, raises, typed, unchanged
from tinytorch.support.data import load_digits

images, labels = load_digits()
order = np.random.default_rng(0).permutation(len(images))
images, labels = images[order], labels[order]
averages = np.stack([images[:1400][labels[:1400] == digit].mean(axis=0) for digit in range(10)])

# %%
unseen, truth = images[1400:], labels[1400:]

def scores_of(averages):
    """Minus the squared distance of every unseen image to every average, (397, 10)."""
    return -((unseen[:, None, :] - averages) ** 2).sum(axis=-1)

def mistakes_of(averages):
    return (scores_of(averages).argmax(axis=1) != truth).sum()

# %% [markdown]
r"""
Move one of the 640 numbers, a pixel of the average zero, a little to either side, and count
again:
"""

# %%
def nudged(step):
    """The averages, with one pixel of the average zero moved by `step`."""
    moved = averages.copy()
    moved[0, 20] += step
    return moved

for step in [-0.02, -0.01, 0.0, 0.01, 0.02]:
    print(f"pixel moved by {step:+.2f}: {mistakes_of(nudged(step))} mistakes of {len(truth)}")

# %% [markdown]
r"""
The count does not change. It is a staircase, and on a flat step nothing says which way is down. A
loss has to be smooth: a small change of a weight must make a small change of the loss. At the end
of the lesson we ask the same question again and get an answer.

## Shapes that must agree

Before the first loss, a trap. Four predictions came out of a network as a column, `(4, 1)`, and
the targets were read from a file as `(4,)`. The predictions are perfect.
"""

# %%
column, row = Tensor([[1], [2], [3], [4]]), Tensor([1, 2, 3, 4])
difference = column - row
print("shape of the difference:", difference.shape)
print("mean of its squares:", (difference * difference).mean().item())

# %% [markdown]
r"""
Broadcasting paired every prediction with every target. Nothing failed, and a plausible number
came out, but a network trained on it learns to predict the mean of all targets. A loss compares
each prediction with its own target, so two shapes that differ are an error.

### Exercise: paired

Lesson 01 has the two functions that settle the types. `floating(x)` makes a tensor of floating
type from anything, and `operands(a, b)` makes the types of two operands agree: whole numbers and
booleans take the floating type beside them. Then compare the shapes. An empty batch is an error
too, since its mean would be 0 / 0. (PyTorch returns `nan` there, and the run goes on.)
"""

# %% nbgrader={"solution": true, "grade_id": "paired"}
#| exporti
def paired(prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both sides of a loss as floating tensors of one shape, to be compared element by element.

    The types are those of `operands`. Raises ValueError naming both shapes where they differ, since
    nothing is broadcast, and where there are no elements. What fits is handed on as it is.

    >>> prediction, target = paired(Tensor([0.5, 2.5]), np.array([1, 2]))
    >>> target
    Tensor([1., 2.], dtype=float32)
    """
    ### BEGIN SOLUTION
    prediction, target = operands(floating(prediction), target)
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {prediction.shape} and target {target.shape}: "
                         "a loss broadcasts nothing, so reshape one of them")
    if prediction.size == 0:
        raise ValueError(f"prediction and target have shape {target.shape}: "
                         "an empty batch has no mean")
    return prediction, target
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-paired", "points": 3}
# Check of paired: run it when your cell has run.
@check
def test_unit_paired():
    half, single = "float16", "float32"
    cases = [
        (Tensor([1, 2]), [3, 4], single, single), ([[0.5]], [[1]], single, single),
        (Tensor([1, 2]), np.array([0, 1]), single, single), (Tensor(2.0), 3, single, single),
        (np.array([1, 2]), np.array([3, 4]), single, single),
        (Tensor([1], half), Tensor([1]), half, single), (Tensor([1], half), [True], half, half)]
    ### BEGIN HIDDEN TESTS
    cases += [(Tensor([[5.0, 6.0]], "float64"), np.array([[7, 8]]), "float64", "float64"),
              (np.array([9, 0, 1], np.int8), [0.5, 1, 1.5], single, single)]
    ### END HIDDEN TESTS
    for prediction, target, *wanted in cases:
        call = f"paired({prediction}, {target})"
        got = outcome(call, lambda: paired(prediction, target), "make both floating tensors")
        assert all(isinstance(side, Tensor) for side in got), f"{call} gave {got}, not Tensors"
        theirs = [side.dtype.name for side in operands(floating(prediction), target)]
        where = "let operands settle the types" if theirs == wanted else (
            f"operands, which you wrote in lesson 01, gives {theirs}: correct it there")
        equal(f"{call}: the types", [side.dtype.name for side in got], wanted, where)
        for given, side in zip((prediction, target), got):
            close(f"{call}: {given}", side, np.asarray(given), "hand on the numbers as they are")
    p, t = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    left, right = paired(p, t)
    assert left is p and right is t, "paired(p, t) gave new tensors, though p and t fit as they are"
    checks_losses.hands_on(paired, Tensor, Interceptor)

test_unit_paired()

# %% nbgrader={"grade": true, "grade_id": "test-paired-refuses", "points": 3}
# Check of paired, its errors: run it when your cell has run.
@check
def test_unit_paired_refuses():
    shapes = [((4, 1), (4,)), ((4,), (4, 1)), ((2, 3), (3,)), ((2,), ()), ((2, 3), (3, 2)),
              ((0, 3), (0, 3))]
    ### BEGIN HIDDEN TESTS
    shapes += [((1,), (5,)), ((), (1,)), ((6,), (2, 3)), ((1, 2, 2), (2, 2)), ((2, 0), (2, 0))]
    ### END HIDDEN TESTS
    for left, right in shapes:
        raises(f"paired of shapes {left} and {right}",
               lambda: paired(Tensor(np.zeros(left)), Tensor(np.zeros(right))),
               ValueError, str(left), str(right), idea="equal shapes only, and not empty")

test_unit_paired_refuses()

# %% [markdown]
r"""
## The mean squared error

The loss for quantities is $\frac{1}{n}\sum_i (p_i - t_i)^2$. An error twice as large costs four
times as much, so this loss cares most about the worst predictions. The mean is taken over all
elements, whatever the shape.

### Exercise: mean_squared_error

A forward works on arrays, as every forward of this course does. `in_float32`, from lesson 01,
hands it 16-bit numbers as `float32` and rounds the result once: in `float16` alone, the square of
256 would be infinite already. `np.errstate` keeps NumPy from warning of a loss that has become
`inf` or `nan`; its value says so.
"""

# %% nbgrader={"solution": true, "grade_id": "mean-squared-error"}
#| exporti
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def mean_squared_error(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mean over all elements of the squared differences of two arrays of one shape: one number.

    float32 arrays give float32, nan gives nan, and the arrays are left as they are.

    >>> float(mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    ### BEGIN SOLUTION
    difference = prediction - target
    return np.mean(difference * difference)
    ### END SOLUTION

# %%
#| exporti
MSE = Primitive("mse_loss", mean_squared_error)

# %%
#| export
def mse_loss(prediction: Tensor, target: Any, *, reduction: str = "mean") -> Tensor:
    """The mean of (prediction - target)^2 over all elements, a tensor without axes; with
    `reduction` "sum" their sum, with "none" the elements themselves.

    Raises ValueError where the shapes differ (PyTorch warns and broadcasts) or hold no elements.
    16-bit types are computed in float32, and float32 beside float64 gives float64.
    """
    pair = paired(prediction, target)
    return apply(MSE, *pair) if reduction == "mean" else squared_errors(*pair, reduction)

# %% nbgrader={"grade": true, "grade_id": "test-mean-squared-error", "points": 6}
# Check of mean_squared_error: run it when your cell has run.
@check
def test_unit_mean_squared_error():
    shapes, outliers = [(5,), (3, 4), (2, 3, 4), ()], [(1000, 1000, 1000)]
    ### BEGIN HIDDEN TESTS
    shapes, outliers = shapes + [(7, 2), (1, 1, 9)], outliers + [(256, 512, 1024)]
    ### END HIDDEN TESTS
    for shape in shapes:
        p, t = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
        what, wanted = f"mse_loss of shape {shape}", checks_losses.squares(p.astype(np.float64), t)
        with unchanged(what, "the differences go into a new array", prediction=p, target=t):
            got = mse_loss(wrap(p), wrap(t))
        close(what, got, wanted, "the mean of the squared differences, over all axes")
        typed(what, got, np.float32, "the type that came in")
    wrong = "a loss that has gone wrong says so"
    for p, t, wanted, idea in [(np.nan, 0, np.nan, wrong), (1e30, 0, np.inf, wrong),
                               (10000.5, 10000, 0.125, "subtract before you square"),
                               (np.inf, 0, np.inf, wrong)]:
        close(f"mse_loss([{p}, 1], [{t}, 1])", mse_loss(Tensor([p, 1]), [t, 1]), wanted, idea)
    for size, gap, wanted in outliers:
        far = np.where(np.arange(size) == 7, np.float16(gap), np.float16(0))
        got = mse_loss(Tensor(far), Tensor(np.zeros(size, np.float16)))
        what = f"mse_loss of {size} float16 numbers, one of them off by {gap},"
        equal(what, (got.item(), got.dtype.name), (wanted, "float16"),
              "the square is beyond float16: keep the decorator that widens what comes in")
    sides = np.random.default_rng(4).normal(size=(2, 3, 5))
    checks_losses.one_number(mean_squared_error, checks_losses.squares, *sides)

test_unit_mean_squared_error()

# %% [markdown]
r"""
## Yes or no

A network that answers yes or no gives one number, the *logit* $x$, which may be any number. The
sigmoid of lesson 02 makes it a probability, $p = 1/(1+e^{-x})$, and the loss is the surprise at
the true answer: $-\log p$ where that is yes ($t = 1$), $-\log(1-p)$ where it is no ($t = 0$):

$$-t \log p - (1-t) \log(1-p)$$

Computed as it is written, in `float32`, it works for small logits only:
"""

# %%
x = np.array([2, 20, 200, -200], dtype=np.float32)
t = np.array([0, 0, 0, 1], dtype=np.float32)
with np.errstate(all="ignore"):
    p = 1 / (1 + np.exp(-x))
    print("p   ", p)
    print("loss", -t * np.log(p) - (1 - t) * np.log(1 - p))

# %% [markdown]
r"""
At 20 the probability is rounded to 1, and $1 - p$, the probability of the answer "no", becomes 0.
The way out is not to compute $p$ at all. Put the sigmoid into the formula, and it shrinks to

$$\log(1 + e^x) - x t \qquad\text{with}\qquad \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})$$

The form on the right never takes $e$ to a positive power, so it cannot overflow. And
`np.log1p(y)`, which is $\log(1 + y)$, keeps the digits of a small $y$ that `1 + y` would drop.

### Exercise: binary_cross_entropy
"""

# %% nbgrader={"solution": true, "grade_id": "binary-cross-entropy"}
#| exporti
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def binary_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean of max(x, 0) - x t + log(1 + exp(-|x|)) over two arrays of one shape: one number.

    float32 arrays give float32, nan gives nan, and the arrays are left as they are.

    >>> float(binary_cross_entropy(np.array([200.0, -200.0]), np.array([0.0, 0.0])))
    100.0
    """
    ### BEGIN SOLUTION
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.log1p(np.exp(-np.abs(logits))))
    ### END SOLUTION

# %%
#| exporti
BCE = Primitive("bce_with_logits", binary_cross_entropy)

# %%
#| export
def bce_with_logits(logits: Tensor, targets: Any, weight: Any = None, *,
                    reduction: str = "mean", pos_weight: Any = None) -> Tensor:
    """The mean binary cross-entropy of sigmoid(logits) and targets from 0 to 1, without axes.

    Targets may be booleans, whole numbers or probabilities. `weight` multiplies each loss,
    `pos_weight` the share of the answer yes; both broadcast to the shape of the logits.
    Reductions, errors and types as in `mse_loss`.
    """
    pair = paired(logits, targets)
    if reduction == "mean" and weight is None and pos_weight is None:
        return apply(BCE, *pair)
    return binary_cross_entropies(*pair, weight, reduction, pos_weight)

# %% nbgrader={"grade": true, "grade_id": "test-binary-cross-entropy", "points": 5}
# Check of binary_cross_entropy: run it when your cell has run.
def surprise_of(logit, target):
    p = 1 / (1 + np.exp(-logit))
    return -target * np.log(p) - (1 - target) * np.log1p(-p)

@check
def test_unit_binary_cross_entropy():
    cases = [([0.0], [1]), ([2.0], [0]), ([-3.0], [1]), ([1.5], [0.25]), ([-0.5], [0.9]),
             ([-2.0], [0]), ([[2.0, -1.0]], np.array([[True, False]]))]
    ### BEGIN HIDDEN TESTS
    cases += [([0.75], [1]), ([-4.0], [0.5]), ([5.0], [0.125]), ([[1.0], [-2.5]], [[1], [0.25]])]
    ### END HIDDEN TESTS
    for logits, targets in cases:
        what, got = f"logits {logits}, targets {targets}:", bce_with_logits(Tensor(logits), targets)
        wanted = np.mean(surprise_of(np.array(logits), np.array(targets, np.float64)))
        close(what, got, wanted, "-t log p - (1 - t) log(1 - p), the mean over all elements")
        typed(what, got, np.float32, "the type that came in")
        x, t = np.float32(logits), np.float32(targets)
        binary_cross_entropy(x, t)
        assert np.array_equal(x, np.float32(logits)) and np.array_equal(t, np.float32(targets)), (
            f"{what} an input was changed: work in arrays of your own")
    for x, t in [([np.nan, 0], [1, 1]), ([1, 2], [0, np.nan])]:
        close(f"logits {x}, targets {t}:", bce_with_logits(Tensor(x), t), np.nan, "nan shows")
    x, t = np.random.default_rng(4).normal(size=(2, 3, 5))
    checks_losses.one_number(binary_cross_entropy, checks_losses.surprises, x, abs(np.sin(t)))

test_unit_binary_cross_entropy()

# %% nbgrader={"grade": true, "grade_id": "test-binary-cross-entropy-far-out", "points": 5}
# Check of binary_cross_entropy, far out: run it when your cell has run.
@check
def test_unit_binary_cross_entropy_far_out():
    cases = [(20, 0, 20), (200, 0, 200), (-200, 1, 200), (1e4, 1, 0), (1e4, 0, 1e4),
             (2.0**100, 0, 2.0**100)]
    certain = [30.0]
    ### BEGIN HIDDEN TESTS
    cases += [(-3e3, 1, 3e3), (150, 0.5, 75), (-200, 0, 0)]
    certain += [45.0]
    ### END HIDDEN TESTS
    for logit, target, wanted in cases:
        got = bce_with_logits(Tensor([logit]), Tensor([target])).item()
        equal(f"logit {logit}, target {target}:", got, wanted, "which exp left the range?")
    for logit in certain:
        got = bce_with_logits(Tensor([logit]), Tensor([1])).item()
        close(f"logit {logit}, target 1:", got, np.exp(-logit),
              "1 + y loses a small y, log1p keeps it")

test_unit_binary_cross_entropy_far_out()

# %% [markdown]
r"""
## One of many

To choose among C classes a network gives C logits, and softmax makes them probabilities. The
target is one whole number, the index of the right class.

Which axis holds the classes? Here it is always the *last*: logits of shape `(N, C)` have targets
`(N,)`, and for sequences of T words logits `(N, T, C)` have targets `(N, T)`. PyTorch agrees for
two axes, but where there are more it wants the classes second, `(N, C, T)`. Last is where Linear
leaves them, and one rule holds for any number of axes.

### Exercise: class_indices

Class indices come in all types: `int64` from NumPy, `uint8` from an image file, `float32` from a
list or a table. Whole numbers are allowed in any of them. Not allowed are 2.5, `nan`, 10 where
there are ten classes, and -1, for which NumPy would silently take the last class. In a data set
of a million rows it helps to know *which* target was wrong: `np.argwhere(bad)` lists the
positions at which a boolean array is true, and `.tolist()` makes a position a plain list, as in
`target 3.0 at [2]`.

The result is a new array even where the targets are `int64` already. A training loop may fill one
array with the targets of batch after batch, and the gradient of the first batch still needs its
own.
"""

# %% nbgrader={"solution": true, "grade_id": "class-indices"}
#| exporti
def class_indices(targets: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Targets as a new int64 array, one class index for each row of logits of `shape` (..., C).

    Raises ValueError where the targets' shape, named in the message, is not `shape` without its
    last axis, where there are none, and where one is not a whole number from 0 to C - 1, named with
    its position as in "target 3.0 at [2]". Raises TypeError for booleans.

    >>> class_indices([2.0, 0.0], (2, 3))
    array([2, 0])
    """
    ### BEGIN SOLUTION
    given = as_tensor(targets).data
    if not shape or given.shape != shape[:-1]:
        raise ValueError(f"logits {shape} need targets {shape[:-1]}, not of shape {given.shape}")
    if given.size == 0:
        raise ValueError(f"targets of shape {given.shape}: an empty batch has no mean")
    if given.dtype == bool:
        raise TypeError("targets are booleans: use astype if False is class 0 and True class 1")
    if given.dtype.kind in "iu" and 0 <= given.min() and given.max() < shape[-1]:
        return given.astype(np.int64)
    with np.errstate(invalid="ignore"):  # nan and inf become some whole number, which then differs
        indices = given.astype(np.int64)
    bad = (indices != given) | (indices < 0) | (indices >= shape[-1])
    if bad.any():
        where = np.argwhere(bad)[0].tolist()
        raise ValueError(f"target {given[tuple(where)]} at {where} is not a class: "
                         f"wanted a whole number from 0 to {shape[-1] - 1}")
    return indices
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-class-indices", "points": 4}
# Check of class_indices: run it when your cell has run.
@check
def test_unit_class_indices():
    cases = [([[3, 0], [1, 2]], (2, 2, 4))]
    ### BEGIN HIDDEN TESTS
    cases += [([5, 0, 9, 9], (4, 10)), (1, (2,)), ([[[0]], [[100]]], (2, 1, 1, 101))]
    ### END HIDDEN TESTS
    types = ["int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64"]
    for numbers, shape, dtype in [(*case, dtype) for case in cases for dtype in types]:
        given, what = Tensor(numbers, dtype), f"class_indices({dtype} {numbers}, {shape})"
        got = outcome(what, lambda: class_indices(given, shape), "whole numbers do, in any type")
        typed(what, got, np.int64, "NumPy takes an array for an index in this type")
        equal(what, got.tolist(), numbers)
        assert not np.shares_memory(got, given.data), (
            f"{what} gave the caller's own array, which the next batch may fill: copy it")
    close("class_indices([1, 2], (2, 3))", class_indices([1, 2], (2, 3)), [1, 2], "a list will do")
    checks_losses.takes_indices(class_indices)

test_unit_class_indices()

# %% nbgrader={"grade": true, "grade_id": "test-class-indices-refuses", "points": 4}
# Check of class_indices, its errors: run it when your cell has run.
@check
def test_unit_class_indices_refuses():
    bad = [([1.0, 3.0], (2, 3), "target 3.0 at [1]"), ([0.0, -1.0], (2, 5), "target -1.0 at [1]"),
           ([[0, 1], [2.5, 9]], (2, 2, 4), "target 2.5 at [1, 0]"), ([float("nan")], (1, 2), "nan"),
           (np.array([7, 300]), (2, 256), "target 300 at [1]"), ([float("inf")], (1, 2), "inf"),
           ([0], (1, 0), "target 0"), ([[1], [2]], (2, 3), "(2, 1)"), ([1, 2], (3, 4), "(2,)"),
           ([[1, 0], [0, 1]], (2, 2), "(2, 2)"), ([1], (), "(1,)"), (1, (), "()"),
           ([], (0, 3), "(0,)"), (np.array([0, 4]), (2, 4), "target 4 at [1]")]
    truths = [([True, False], (2, 2))]
    ### BEGIN HIDDEN TESTS
    bad += [([4.0, 0.0, 5.0], (3, 5), "target 5.0 at [2]"), ([0, 0], (2, 2, 2), "(2,)"),
            ([[0.25]], (1, 1, 3), "target 0.25 at [0, 0]"),
            (np.array([-7], np.int8), (1, 9), "target -7 at [0]"),
            (np.array([3, 2**63], np.uint64), (2, 4), "target 9223372036854775808 at [1]")]
    truths += [([[True]], (1, 1, 4))]
    ### END HIDDEN TESTS
    for targets, shape, words in bad:
        raises(f"class_indices({targets}, {shape})", lambda: class_indices(targets, shape),
               ValueError, words, idea="name the first value that is not a class, or the shape")
    for targets, shape in truths:
        raises(f"class_indices({targets}, {shape})", lambda: class_indices(targets, shape),
               TypeError, idea="which class is True? Only the caller knows")
    checks_losses.refuses_indices(class_indices, Tensor)

test_unit_class_indices_refuses()

# %% [markdown]
r"""
### Exercise: cross_entropy_of_rows

The loss is again the surprise at the truth: minus the logarithm of the probability that the right
class was given, averaged over all rows. As with the sigmoid, do not compute the probability: a
softmax rounds a small one to 0, whose logarithm is infinite. Lesson 02's log-softmax is the
stable way; its forward on arrays is `LOG_SOFTMAX.forward(logits, axis=-1)`.

Then pick one number from each row. In a table of shape `(n, C)`, with indices of shape `(n,)`,
`table[np.arange(n), indices]` takes element `indices[0]` of row 0, `indices[1]` of row 1, and so
on.

**Label smoothing** is the second half of the exercise. Begin without it, and only the last of the
three checks will fail. Plain cross-entropy is satisfied only by a probability of exactly 1, which
softmax gives to no finite logit. So the logits of a network that gets everything right grow
without end. Smoothing by $\varepsilon$ asks for something that can be reached: the right class
counts with weight $1 - \varepsilon$, and the remaining $\varepsilon$ is spread evenly over *all*
C classes, the right one among them:

$$(1 - \varepsilon) \cdot (-\log p_\text{right}) + \varepsilon \cdot \frac{1}{C} \sum_c -\log p_c$$

With $\varepsilon = 0$ leave the second term out; do not multiply it by 0. Where some other class
has probability 0 that term is infinite, and 0 times infinity is `nan`.
"""

# %% nbgrader={"solution": true, "grade_id": "cross-entropy-of-rows"}
#| exporti
@np.errstate(over="ignore", invalid="ignore")
@in_float32
def cross_entropy_of_rows(
    logits: np.ndarray, targets: np.ndarray, label_smoothing: float = 0.0
) -> np.ndarray:
    """The mean cross-entropy of softmax(logits), (..., C), and class indices, (...) int64.

    float32 logits give float32, nan gives nan, and the arrays are left as they are.
    Label smoothing: Szegedy and others, Rethinking the Inception Architecture (2016), section 7.

    >>> float(cross_entropy_of_rows(np.zeros((1, 2)), np.array([0])))
    0.6931471805599453
    """
    ### BEGIN SOLUTION
    rows = LOG_SOFTMAX.forward(logits, axis=-1).reshape(targets.size, -1)
    loss = -rows[np.arange(targets.size), targets.reshape(-1)].sum() / targets.size
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * np.mean(-rows)
    return loss
    ### END SOLUTION

# %%
#| exporti
CROSS_ENTROPY = Primitive("cross_entropy", cross_entropy_of_rows)

# %%
#| export
def cross_entropy(logits: Tensor, targets: Any, weight: Any = None, *, ignore_index: int = -100,
                  reduction: str = "mean", label_smoothing: float = 0.0) -> Tensor:
    """The mean cross-entropy of softmax(logits) over the LAST axis and class indices, without axes.

    `logits` has shape (..., C) and `targets` (...), whole numbers of any type: see `class_indices`
    for the errors. `label_smoothing`, from 0 to 1 (else ValueError), is the weight that is spread
    evenly over all classes. Floating targets of shape (..., C) are probabilities. `weight` (C,),
    `ignore_index` and `reduction` are PyTorch's: see `cross_entropies`. Types as in `mse_loss`.
    """
    check_share(label_smoothing)
    logits, targets = floating(logits), as_tensor(targets)
    if is_plain(logits, targets, weight, ignore_index, reduction):
        indices = wrap(class_indices(targets, logits.shape))
        return apply(CROSS_ENTROPY, logits, indices, label_smoothing=label_smoothing)
    return cross_entropies(log_softmax(logits), targets, class_indices, weight, ignore_index,
                           reduction, label_smoothing)

# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy", "points": 6}
# Check of cross_entropy_of_rows: run it when your cell has run.
@check
def test_unit_cross_entropy():
    shapes = [(4, 3), (1, 10), (2, 5, 3), (6,)]
    ### BEGIN HIDDEN TESTS
    shapes += [(7, 2), (3, 1, 2, 4), (9, 9)]
    ### END HIDDEN TESTS
    for shape in shapes:
        rng, what = np.random.default_rng(0), f"cross_entropy_of_rows of shape {shape}"
        logits = rng.normal(size=shape).astype(np.float32) * 3
        targets = rng.integers(shape[-1], size=shape[:-1])
        before, p = (logits.copy(), targets.copy()), np.exp(logits.astype(np.float64))
        p /= p.sum(axis=-1, keepdims=True)
        wanted = -np.mean(np.log(np.take_along_axis(p, targets[..., None], axis=-1)))
        got = outcome(what, lambda: cross_entropy_of_rows(logits, targets), "make one table of it")
        close(what, got, wanted, "the mean over all rows of -log p of the right class")
        typed(what, got, np.float32, "the type that came in")
        assert np.array_equal(logits, before[0]) and np.array_equal(targets, before[1]), (
            f"{what} changed an input: the gradient needs both; work in arrays of your own")
        half = cross_entropy(Tensor(logits, "float16"), Tensor(targets))
        typed(f"{what} in float16", half, np.float16, "the type that came in")

test_unit_cross_entropy()

# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy-far-out", "points": 4}
# Check of cross_entropy_of_rows, far out: run it when your cell has run.
@check
def test_unit_cross_entropy_far_out():
    cases = [([1e4, 0, 0], 0, 0), ([1e4, 0, 0], 1, 1e4), ([-1e4, 0], 0, 1e4),
             ([-1e4, -1e4], 1, np.log(2)), ([0, -np.inf], 0, 0), ([0, -np.inf], 1, np.inf),
             ([np.nan, 0], 1, np.nan)]
    ### BEGIN HIDDEN TESTS
    cases += [([0, 0, 5e3, 0], 3, 5e3), ([700, 700, 700], 2, np.log(3)),
              ([-np.inf, 9, 9], 1, np.log(2))]
    ### END HIDDEN TESTS
    for row, target, wanted in cases:
        got = cross_entropy(Tensor([row]), Tensor([target])).item()
        idea = "was a probability computed, or a smoothing of 0 multiplied by infinity?"
        close(f"logits {row}, class {target}:", got, wanted, idea, atol=1e-7)

test_unit_cross_entropy_far_out()

# %% nbgrader={"grade": true, "grade_id": "test-label-smoothing", "points": 8}
# Check of cross_entropy_of_rows, label smoothing: run it when your cell has run.
@check
def test_unit_label_smoothing():
    cases = [(6, 4, share) for share in (0.0, 0.1, 0.5, 1.0)]
    ### BEGIN HIDDEN TESTS
    cases += [(3, 7, 0.25), (3, 7, 0.9), (10, 2, 0.05)]
    ### END HIDDEN TESTS
    for rows, classes, share in cases:
        rng = np.random.default_rng(1)
        logits = rng.normal(size=(rows, classes)).astype(np.float32)
        targets, e = rng.integers(classes, size=rows), np.exp(logits.astype(np.float64))
        surprise = -np.log(e / e.sum(axis=-1, keepdims=True))
        right = surprise[np.arange(rows), targets].mean()
        got = cross_entropy(Tensor(logits), Tensor(targets), label_smoothing=share)
        close(f"label_smoothing={share} with {classes} classes:", got,
              (1 - share) * right + share * surprise.mean(), "all C classes share in it")
        typed(f"label_smoothing={share}", got, np.float32, "the type that came in")
    got = cross_entropy(Tensor([[0, -np.inf]]), Tensor([0]), label_smoothing=0.1)
    close("label_smoothing=0.1 and a class of probability 0:", got, np.inf, "it shares too")
    rng, formula = np.random.default_rng(5), checks_losses.surprises_of_rows
    x, t = rng.normal(size=(2, 3, 5)), rng.integers(5, size=(2, 3))
    for share in (0.0, 0.3):
        checks_losses.one_number(cross_entropy_of_rows, formula, x, t, label_smoothing=share)

test_unit_label_smoothing()

# %% [markdown]
r"""
Here is what smoothing changes. A network is right by a margin: its right logit is that much above
the nine others.
"""

# %%
for margin in [0, 2, 4, 6, 8, 12]:
    logits = Tensor([[margin] + [0] * 9])
    plain, smooth = (cross_entropy(logits, [0], label_smoothing=e).item() for e in (0, 0.1))
    print(f"margin {margin:2}: plain {plain:.6f}   smoothed by 0.1 {smooth:.3f}")

# %% [markdown]
r"""
The plain loss goes on falling as the margin grows. The smoothed loss has a lowest point, and
beyond it more confidence costs more.

## Losses as objects

A trainer takes a loss as one object to call, together with its settings. There is nothing to learn
in a loss, so a frozen dataclass is enough. The settings that this lesson does not teach are
PyTorch's. You find them in `tinytorch/support/loss_options.py`, made of operations that you know.
"""

# %%
#| export
@dataclass(frozen=True)
class MSELoss(CheckedOptions):
    """`mse_loss` as an object: `MSELoss()(prediction, target)`."""

    reduction: str = "mean"
    def __call__(self, x: Tensor, y: Any) -> Tensor: return mse_loss(x, y, **vars(self))

# %%
#| export
@dataclass(frozen=True)
class BCEWithLogitsLoss(CheckedOptions):
    """`bce_with_logits` as an object: `BCEWithLogitsLoss()(logits, targets)`."""

    weight: Any = None
    reduction: str = "mean"
    pos_weight: Any = None
    def __call__(self, logits: Tensor, targets: Any) -> Tensor:
        return bce_with_logits(logits, targets, **vars(self))

# %%
#| export
@dataclass(frozen=True)
class CrossEntropyLoss(CheckedOptions):
    """`cross_entropy` as an object: `CrossEntropyLoss(label_smoothing=0.1)(logits, targets)`."""

    weight: Any = None
    ignore_index: int = -100
    reduction: str = "mean"
    label_smoothing: float = 0.0
    def __call__(self, x: Tensor, y: Any) -> Tensor: return cross_entropy(x, y, **vars(self))

# %% [markdown]
r"""
## The question from the beginning

The same pixel and the same small steps, with the cross-entropy of the scores beside the mistakes:
"""

# %%
loss_fn = CrossEntropyLoss()
for step in [-0.02, -0.01, 0.0, 0.01, 0.02]:
    loss = loss_fn(scores_of(nudged(step)), truth).item()
    print(f"pixel moved by {step:+.2f}: {mistakes_of(nudged(step))} mistakes, loss {loss:.6f}")

# %% [markdown]
r"""
Now every step shows, and the sign of the change says which way is down. Lesson 05 finds all such
slopes at once, so that no number has to be nudged.

A loss also sees what the count cannot see: how sure the classifier is. Multiply all scores by one
positive number. The highest score stays the highest, so not a single answer changes, but the
probabilities become more extreme, or less.
"""

# %%
scores, scales = scores_of(averages), np.geomspace(0.05, 10, 40)
curves = {share: [cross_entropy(scale * scores, truth, label_smoothing=share).item()
                  for scale in scales] for share in (0.0, 0.1)}
for share, losses in curves.items():
    best = int(np.argmin(losses))
    print(f"label smoothing {share}: lowest loss {losses[best]:.3f} at scale {scales[best]:.2f}")

# %%
import matplotlib.pyplot as plt

figure, axis = plt.subplots(figsize=(5, 3))
for share, losses in curves.items():
    axis.semilogx(scales, losses, label=f"label smoothing {share}")
    axis.plot(scales[np.argmin(losses)], min(losses), "ko", markersize=4)
axis.set(xlabel="scale of the scores", ylabel="cross-entropy", ylim=(0, 3))
axis.legend()
plt.show()

# %% [markdown]
r"""
On the left the classifier gives ten classes nearly equal probabilities; on the right it is
certain of its mistakes too. Between the two is the confidence that its accuracy deserves. Dividing
a trained network's logits by one number, chosen to minimise the loss on data that were held back
from training, is called temperature scaling (Guo and others, 2017, arXiv:1706.04599). It makes a
network's probabilities more honest.

## Questions

Assign each answer to the name that follows its question.

1. There are ten classes, and a network knows nothing: all its logits are 0. What is its
   cross-entropy? (Look for this number in the first line of a training run. A loss far above it
   means that the network starts out sure of wrong answers.) (`loss_of_ignorance`)
2. A yes-or-no network gives the logit -1000 where the answer was yes. What is its loss?
   (`cost_of_certainty`)
3. With ten classes and label smoothing 0.1, what is the lowest cross-entropy that any logits can
   reach? Give two decimal places. (`lowest_smoothed`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-losses"}
### BEGIN SOLUTION
loss_of_ignorance = np.log(10)
cost_of_certainty = 1000
lowest_smoothed = -(0.91 * np.log(0.91) + 9 * 0.01 * np.log(0.01))
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-losses", "points": 6}
# Check of your answers: run it when your cell has run.
@check
def test_question_losses():
    wanted = cross_entropy(Tensor(np.zeros((1, 10))), [3]).item()
    answer("loss_of_ignorance", loss_of_ignorance, wanted, "each class gets one tenth")
    wanted = bce_with_logits(Tensor([-1000.0]), Tensor([1])).item()
    answer("cost_of_certainty", cost_of_certainty, wanted, "which terms are not 0?")
    margins = np.linspace(3, 6, 301)
    lowest = min(cross_entropy(Tensor([[m] + [0] * 9]), [0], label_smoothing=0.1).item()
                 for m in margins)
    answer("lowest_smoothed", lowest_smoothed, lowest,
           "the best probabilities are the smoothed targets; what does each class have?")

def answer(name, got, wanted, idea):
    assert abs(got - wanted) < 0.01, f"{name} is {got}: {idea}"

test_question_losses()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-losses", "points": 2}
r"""
**In your own words:** digits could be learned with the mean squared error too, against targets
such as `[0, 0, 1, 0, 0, 0, 0, 0, 0, 0]`. Compare what the two losses ask of a network that is
already right: which of its outputs would the squared error still want to change?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Three losses, each a primitive, that stay finite where the textbook formulas do not, and that refuse
what does not fit together and say why. `tito module complete 04` puts them into
`tinytorch.core.losses`. Lesson 05 finds out which way is down.
"""
