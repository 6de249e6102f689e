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
# Lesson 07: Training

> Batches, honest evaluation, and a Trainer with accumulation, clipping, a schedule and checkpoints that resume exactly.

You have a network, a loss, its gradient and an optimizer. Training is a loop round the four, and the loop is where
most of the silent mistakes live: dropout left on while you measure, an average of averages, a learning rate that
throws the weights away in the first ten updates, a run that cannot go on where it stopped. None of them raises an
error. Each costs accuracy, or a night.

You will build:

- a fair split of the data, and batches of it;
- an honest evaluation;
- one update: gradients accumulated over several batches, clipped, applied, on a learning rate that follows a schedule;
- checkpoints from which a run goes on as if it had never stopped;
- `Trainer`, which puts them together and keeps the history.
"""

# %%
#| default_exp core.training

# %%
#| export
import io
import json
import math
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice

# %%
#| export
from operator import length_hint
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinytorch.core.layers import Module, generator
from tinytorch.core.optimizers import Optimizer
from tinytorch.core.tensor import Tensor, as_dtype, as_tensor, no_grad, wrap

# %% [markdown]
r"""
## The data, split fairly

The digits from lesson 01, pixels scaled to lie between 0 and 1.
"""

# %%
#| export
def load_digits(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 64), float32 from 0 to 1, and labels (n,), int64 from 0 to 9, from `datasets/digits/digits.csv.gz`.

    Raises ValueError where the file's lines do not hold 64 pixels and a label.
    """
    table = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
    if table.shape[1] != 65:
        raise ValueError(f"{path}: a line should hold 64 pixels and a label, this file's hold {table.shape[1]} numbers")
    return table[:, :64] / 16, table[:, 64].astype(np.int64)

# %%
root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
images, labels = load_digits(root / "datasets" / "digits" / "digits.csv.gz")
print(f"{len(images)} images of {images.shape[1]} pixels from {images.min()} to {images.max()}")

# %% [markdown]
r"""
To know how well a method does on images that it has not seen, keep some back: here a fifth. But which? Take lesson
01's method, the nearest average, and keep back the last fifth of the file, or any fifth drawn at random.
"""

# %%
def nearest_average(train, test):
    averages = np.stack([images[train][labels[train] == digit].mean(axis=0) for digit in range(10)])
    distances = ((images[test][:, None] - averages) ** 2).sum(axis=-1)
    right = np.mean(distances.argmin(axis=1) == labels[test])
    return f"{right:.1%} right; of each digit there were {np.bincount(labels[test])}"

# %%
cut = len(labels) * 4 // 5
in_file, drawn = np.arange(len(labels)), np.random.default_rng(0).permutation(len(labels))
print("the end of the file:", nearest_average(in_file[:cut], in_file[cut:]))
print("drawn at random:    ", nearest_average(drawn[:cut], drawn[cut:]))

# %% [markdown]
r"""
The end of the file was written by people whom the rest of it does not know. That may be the question you ask; if it is
not, draw at random. A draw, though, gives you more of some digits than of others, by chance, and then a method that is
good at sevens looks good. So draw *within* each class: a stratified split.

### Exercise: stratified_split

Use a generator of its own, made from the seed: then the split stays the same whatever else is drawn in the program.
"""

# %% nbgrader={"solution": true, "grade_id": "stratified-split"}
#| export
def stratified_split(labels: Any, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two parts, (train, test), both sorted: of every class a share `fraction` (rounded) goes to the second.

    `labels` is (n,), an array, a list or a Tensor; which members of a class go is drawn by a generator made from
    `seed`. Raises ValueError where `fraction` is not between 0 and 1 or there are no labels.

    >>> train, test = stratified_split([0, 0, 0, 0, 1, 1, 1, 1], fraction=0.25, seed=0)
    >>> len(train), len(test), np.array([0, 0, 0, 0, 1, 1, 1, 1])[test]
    (6, 2, array([0, 1]))
    """
    labels = np.asarray(labels)
    if not 0 < fraction < 1 or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"stratified_split wants labels (n,) and 0 < fraction < 1, got {labels.shape} and {fraction}")
    ### BEGIN SOLUTION
    rng, chosen = np.random.default_rng(seed), np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[:round(fraction * len(members))]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-stratified-split", "points": 4}
def check_split(labels, classes, fraction, wanted):
    train, test = stratified_split(labels, fraction, seed=1)
    asked = f"fraction {fraction} of {[int(np.sum(labels == label)) for label in classes]}"
    assert sorted([*train, *test]) == list(range(len(labels))), (
        f"{asked}: {len(train)} and {len(test)} indices of {len(labels)}: every one belongs to exactly one part")
    assert list(train) == sorted(train) and list(test) == sorted(test), f"{asked}: rising order is wanted in both parts"
    got = [int(np.sum(labels[test] == label)) for label in classes]
    assert got == wanted, f"{asked}: {got} in the second part, wanted {wanted}: the rounded share of every class"

def test_unit_stratified_split():
    made = np.random.default_rng(0).permutation([0] * 40 + [3] * 20 + [7] * 10)
    for fraction, wanted in [(0.2, [8, 4, 2]), (0.5, [20, 10, 5]), (0.125, [5, 2, 1]), (0.19, [8, 4, 2])]:
        check_split(made, (0, 3, 7), fraction, wanted)
    first, again, other = (list(stratified_split(made, 0.2, seed)[1]) for seed in [1, 1, 2])
    assert first == again, "the same seed gave two different splits: make a generator from the seed"
    assert first != other, "seeds 1 and 2 gave the same split: which members go should be drawn at random"
    ### BEGIN HIDDEN TESTS
    made = np.random.default_rng(7).permutation([-2] * 30 + [1] * 9 + [4] * 3)
    for fraction, wanted in [(0.3, [9, 3, 1]), (0.9, [27, 8, 3]), (0.6, [18, 5, 2]), (0.1, [3, 1, 0])]:
        check_split(made, (-2, 1, 4), fraction, wanted)
    ### END HIDDEN TESTS

test_unit_stratified_split()

# %%
train, test = stratified_split(labels, fraction=0.2, seed=0)
x_train, y_train, x_test, y_test = images[train], labels[train], images[test], labels[test]
print("drawn in each class:", nearest_average(train, test))

# %% [markdown]
r"""
## Why batches?

Here is the plainest loop there is. Every update looks at all the images, so ten walks over the data are ten updates.
"""

# %%
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import SGD, Adam

# %%
loss_fn = CrossEntropyLoss()

def plain_update(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

# %%
manual_seed(0)
model = Sequential(Linear(64, 64), GELU(), Linear(64, 10))
optimizer = SGD(model.parameters(), lr=0.5)
losses = [plain_update(model, optimizer, Tensor(x_train), y_train) for _ in range(10)]
print(f"ten walks over the data, {len(losses)} updates: loss {losses[-1]:.2f}")

# %% [markdown]
r"""
The gradient of 32 images, drawn at random, points nearly the same way as that of all of them, at a small part of the
price. So one takes many rough steps instead of a few exact ones. Two things matter: each example comes exactly once in
a walk (an *epoch*), the last, shorter batch included; and the order is new every time, or the network learns the order
too.

### Exercise: batch_indices

`generator()` is lesson 03's: one seedable source of randomness for the whole library. If shuffling drew from anywhere
else, `manual_seed` would not make a run repeatable.
"""

# %% nbgrader={"solution": true, "grade_id": "batch-indices"}
#| export
def batch_indices(count: int, batch_size: int, shuffle: bool = True) -> list[np.ndarray]:
    """The numbers 0 to count - 1 in pieces of `batch_size`, of which the last may be shorter.

    With `shuffle` in an order drawn from `generator()`, else in rising order. Raises ValueError for batch_size < 1.

    >>> batch_indices(5, 2, shuffle=False)
    [array([0, 1]), array([2, 3]), array([4])]
    """
    ### BEGIN SOLUTION
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: a batch holds at least one example")
    order = generator().permutation(count) if shuffle else np.arange(count)
    return [order[start:start + batch_size] for start in range(0, count, batch_size)]
    ### END SOLUTION

# %% [markdown]
r"""
`batches` is the rest: it looks at what it is given, and picks the rows.
"""

# %%
#| export
def example_arrays(inputs: Any, targets: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays whose first axis counts the examples; ValueError where that is empty or the lengths differ."""
    inputs, targets = (x.astype(as_dtype(x.dtype), copy=False) if isinstance(x, np.ndarray) else as_tensor(x).data
                       for x in (inputs, targets))
    if inputs.ndim == 0 or targets.ndim == 0 or len(inputs) != len(targets):
        raise ValueError(f"inputs of shape {inputs.shape} and targets of shape {targets.shape}: "
                         "their first axes count the examples and must be equally long")
    if len(inputs) == 0:
        raise ValueError(f"there are no examples: the inputs have shape {inputs.shape}")
    return inputs, targets

# %%
#| export
def batches(inputs: Any, targets: Any, batch_size: int, shuffle: bool = True) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: every example once, in pairs of Tensors with `batch_size` examples, of which the last may have fewer.

    `inputs` (n, ...) and `targets` (n, ...) are arrays, lists or Tensors, and the types follow lesson 01. The order
    comes from `generator()`. Raises ValueError for batch_size < 1, no examples, or lengths that differ.
    """
    inputs, targets = example_arrays(inputs, targets)
    pieces = batch_indices(len(inputs), batch_size, shuffle)
    return ((wrap(inputs[piece]), wrap(targets[piece])) for piece in pieces)

# %% nbgrader={"grade": true, "grade_id": "test-batch-indices", "points": 3}
def check_pieces(count, size):
    pieces = batch_indices(count, size, shuffle=False)
    wanted = [list(range(i, min(i + size, count))) for i in range(0, count, size)]
    assert [list(p) for p in pieces] == wanted, f"{count} in pieces of {size} gave {pieces}, wanted {wanted}"

def check_no_pieces(size):
    try:
        batch_indices(10, size)
    except ValueError as error:
        assert "batch" in str(error) and str(size) in str(error), f"a batch size of {size}: say what is wrong: {error}"
    else:
        raise AssertionError(f"batch_size={size} was accepted: a batch holds at least one example")

def test_unit_batch_indices():
    for count, size in [(10, 4), (8, 4), (3, 5), (7, 1)]:
        check_pieces(count, size)
    x, y = next(batches([[1], [2], [3]], [4, 5, 6], 2, shuffle=False))
    assert x.data.tolist() == [[1], [2]] and y.data.tolist() == [4, 5], f"the first of [1, 2, 3] by twos is {x}, {y}"
    check_no_pieces(0), check_no_pieces(-1)

test_unit_batch_indices()
### BEGIN HIDDEN TESTS
check_pieces(11, 3), check_pieces(1, 1), check_pieces(12, 12), check_pieces(9, 2), check_no_pieces(-3)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-shuffle", "points": 2}
def test_unit_shuffle(count, size, seed):
    manual_seed(seed)
    first, second = (np.concatenate(batch_indices(count, size)).tolist() for _ in range(2))
    assert sorted(first) == list(range(count)), f"a shuffled epoch must hold every example once, this one held {first}"
    assert first != list(range(count)), "shuffle=True left the order as it was"
    assert first != second, "two epochs came in the same order"
    manual_seed(seed)
    again = np.concatenate(batch_indices(count, size)).tolist()
    assert first == again, f"after manual_seed({seed}) the order differs from the one before: draw it from generator()"

test_unit_shuffle(50, 8, seed=1)
### BEGIN HIDDEN TESTS
test_unit_shuffle(33, 5, seed=4)
### END HIDDEN TESTS

# %%
manual_seed(0)
model = Sequential(Linear(64, 64), GELU(), Linear(64, 10))
optimizer, losses = SGD(model.parameters(), lr=0.5), []
for _ in range(10):
    losses += [plain_update(model, optimizer, x, y) for x, y in batches(x_train, y_train, batch_size=32)]
print(f"ten walks over the data, {len(losses)} updates: loss {np.mean(losses[-45:]):.2f}")

# %% [markdown]
r"""
The same network, the same ten walks over the data, the same optimizer.

## An honest number

A loss is what the optimizer sees; what we want to know is how many images are named rightly. The network's answer is
the class with the largest output.

### Exercise: accuracy

The outputs may have more axes than two (a text has a class for each of its letters): what matters is the last one.
Where the targets are not class indices, as in a regression, there is no accuracy, and `None` says so.
"""

# %% nbgrader={"solution": true, "grade_id": "accuracy"}
#| export
def accuracy(outputs: Tensor, targets: Tensor) -> float | None:
    """The share of targets that the largest output names: outputs (..., classes) and targets (...).

    None where the shapes are others, which means that the targets are not class indices.

    >>> accuracy(Tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]), Tensor([1, 1, 1]))
    0.6666666666666666
    """
    ### BEGIN SOLUTION
    if outputs.ndim == 0 or outputs.shape[:-1] != targets.shape:
        return None
    return float(np.mean(outputs.data.argmax(axis=-1) == targets.data))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-accuracy", "points": 3}
def check_accuracy(outputs, classes, wanted):
    try:
        got = accuracy(Tensor(outputs), Tensor(np.array(classes)))
    except ValueError as error:
        shapes = f"outputs of shape {np.shape(outputs)}, targets {np.shape(classes)}"
        raise AssertionError(f"{shapes} failed: {error}: the last axis of the outputs counts the classes") from error
    assert got is None or isinstance(got, float), f"a plain float was wanted, got a {type(got).__name__}"
    same = got == wanted or (got is not None and wanted is not None and np.isclose(got, wanted))
    assert same, (
        f"outputs of shape {np.shape(outputs)}, targets {classes}: accuracy {got}, wanted {wanted}: the largest along "
        "the last axis names the class; None where the targets are no classes")

def test_unit_accuracy():
    rows = [[3, 1, 2], [0, 5, 4], [9, 8, 7], [-3, -2, -1]]
    cases = [
        (rows, [0, 1, 0, 2], 1.0), (rows, [0, 1, 2, 2], 0.75), (rows, [1, 2, 1, 0], 0.0), (rows, [[0] * 3] * 4, None),
        (np.eye(9).reshape(3, 3, 9), [[0, 1, 2], [3, 4, 5], [6, 7, 0]], 8 / 9), (np.eye(3), 1, None), (2.0, 2, None),
    ]
    ### BEGIN HIDDEN TESTS
    deep = np.eye(8)[:, ::-1].reshape(2, 4, 8)
    cases += [
        ([[1, 2], [4, 3], [0, 9], [8, 7], [5, 6]], [1, 0, 0, 1, 1], 0.6), (deep, [[7, 6, 0, 0], [3, 0, 0, 0]], 0.5),
        ([[0.5]], [0], 1.0), (rows, [0, 1, 0], None), (deep, [7, 6], None),
    ]
    ### END HIDDEN TESTS
    for outputs, classes, wanted in cases:
        check_accuracy(outputs, classes, wanted)

test_unit_accuracy()

# %% [markdown]
r"""
### Exercise: averages of averages

Every loss of lesson 04 is the mean over its batch. Of 1,437 images in batches of 32, the last batch holds 29: the mean
of the batch means is not the mean of the images. The smaller the odd batch, the worse.
"""

# %%
parts = [np.array([1.0] * 32), np.array([1.0] * 32), np.array([5.0])]
print(f"mean of the means {np.mean([np.mean(part) for part in parts]):.2f}")
print(f"mean of all       {np.mean(np.concatenate(parts)):.2f}")

# %%
#| export
class Score(NamedTuple):
    """What was measured on some examples: the mean loss, and the accuracy or None."""

    loss: float
    accuracy: float | None

# %% nbgrader={"solution": true, "grade_id": "combine"}
#| export
def combine(scores: list[Score], counts: list[int]) -> Score:
    """The score of all examples together, from the scores of parts that hold `counts` examples each.

    The accuracy is None if it is None in any part.

    >>> combine([Score(1.0, 0.5), Score(4.0, 1.0)], [2, 1])
    Score(loss=2.0, accuracy=0.6666666666666666)
    """
    ### BEGIN SOLUTION
    total = sum(counts)
    loss = sum(score.loss * count for score, count in zip(scores, counts)) / total
    if any(score.accuracy is None for score in scores):
        return Score(loss, None)
    return Score(loss, sum(score.accuracy * count for score, count in zip(scores, counts)) / total)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-combine", "points": 3}
def check_combined(counts, seed):
    rng = np.random.default_rng(seed)
    loss, right = rng.random(sum(counts)), rng.random(sum(counts)) > 0.5
    cuts = np.cumsum(counts)[:-1]
    parts = [Score(a.mean(), b.mean()) for a, b in zip(np.split(loss, cuts), np.split(right, cuts))]
    got = combine(parts, counts)
    assert np.isclose(got.loss, loss.mean()), (
        f"parts of {counts}: loss {got.loss:.4f}, wanted {loss.mean():.4f}: weigh the parts")
    assert np.isclose(got.accuracy, right.mean()), (
        f"parts of {counts}: accuracy {got.accuracy:.4f}, wanted {right.mean():.4f}: weigh the parts")

def check_unknown(scores, counts, wanted):
    try:
        got = combine(scores, counts)
    except TypeError as error:
        raise AssertionError(f"{scores} failed: what is the whole's accuracy where a part has none?") from error
    assert got == wanted, f"{scores} with {counts} examples gave {got}, wanted {wanted}"

def test_unit_combine():
    for counts in [[5], [4, 4], [32, 32, 1], [3, 1, 2, 10]]:
        check_combined(counts, seed=0)
    check_unknown([Score(1.0, None), Score(2.0, None)], [1, 1], (1.5, None))
    check_unknown([Score(1.0, 0.5), Score(4.0, None)], [2, 1], (2.0, None))

test_unit_combine()
### BEGIN HIDDEN TESTS
check_combined([7, 2], seed=5), check_combined([1, 1, 1, 20], seed=9)
check_unknown([Score(3.0, None), Score(1.0, 0.0), Score(1.0, 1.0)], [1, 2, 1], (1.5, None))
### END HIDDEN TESTS

# %% [markdown]
r"""
### What the network does while you measure

Dropout switches off a random part of the network, which is meant for training. A network that is still in training
mode when it is measured looks worse than it is, and gives another number each time.
"""

# %%
manual_seed(0)
dropping = Sequential(Linear(64, 128), GELU(), Dropout(0.5), Linear(128, 10))
optimizer = Adam(dropping.parameters(), lr=3e-3)
for _ in range(3):
    for x, y in batches(x_train, y_train, batch_size=32):
        plain_update(dropping, optimizer, x, y)
measured = [accuracy(dropping(Tensor(x_test)), Tensor(y_test)) for _ in range(3)]
print("measured three times in training mode:", *(f"{share:.1%}" for share in measured))

# %% [markdown]
r"""
### Exercise: evaluate

Three things belong to a measurement: evaluation mode, no record of the operations, and the network's own modes back at
the end, *also when something fails in between*. Modes, because a part of the network may have been put into evaluation
mode on purpose, a frozen one say, and `model.train()` would not know. The first and the last are yours here, as a
context manager; `no_grad` is lesson 01's. The order of the examples must not be drawn, or a look at the test set would
change the course of the training.
"""

# %% nbgrader={"solution": true, "grade_id": "evaluating"}
#| export
@contextmanager
def evaluating(model: Module):
    """Within `with evaluating(model):` it is in evaluation mode; at the end each part is in the mode it was in before.

    `model.modules()` lists the parts, the model itself among them, and each has its `training`, True or False.

    >>> with evaluating(model):
    ...     print(model.training)
    False
    """
    ### BEGIN SOLUTION
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "evaluate"}
#| export
def evaluate(model: Module, loss_fn: Callable, inputs: Any, targets: Any, batch_size: int = 1024) -> Score:
    """Loss and accuracy of `model` on all examples, in evaluation mode, without a record; draws no random number.

    `inputs` (n, ...) and `targets` (n, ...) are taken `batch_size` at a time, so that memory stays bounded.
    """
    scores, counts = [], []
    ### BEGIN SOLUTION
    with evaluating(model), no_grad():
        for x, y in batches(inputs, targets, batch_size, shuffle=False):
            outputs = model(x)
            scores.append(Score(loss_fn(outputs, y).item(), accuracy(outputs, y)))
            counts.append(len(x))
    return combine(scores, counts)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-evaluating", "points": 3}
def test_unit_evaluating():
    inner, outer = Dropout(0.5), Dropout(0.2)
    net = Sequential(Linear(5, 16), inner, outer)
    for modes in [(True, True), (False, False), (True, False)]:
        outer.training = net.training = modes[0]
        inner.training = modes[1]
        with evaluating(net):
            assert not (net.training or inner.training or outer.training), "inside the block a part is still training"
        got = (outer.training, inner.training)
        assert got == modes and net.training == modes[0], f"two parts had the modes {modes} before, {got} after"
    try:
        with evaluating(net):
            raise KeyError("a crash inside the block")
    except KeyError:
        assert outer.training, "after an error in the block the network stayed in evaluation mode"
    ### BEGIN HIDDEN TESTS
    net.training, whole = False, Sequential(net, Sequential(Dropout(0.1)))
    with evaluating(whole):
        assert not (whole[1][0].training or whole.training), "inside the block a part of a part is still training"
    modes = [module.training for module in whole.modules()]
    assert modes == [True, False, True, False, True, True, True], f"after the block the modes are {modes}"
    ### END HIDDEN TESTS

test_unit_evaluating()

# %% nbgrader={"grade": true, "grade_id": "test-evaluate", "points": 3}
def test_unit_evaluate(count, sizes, seed):
    net = Sequential(Linear(5, 16), Dropout(0.5), Linear(16, 3))
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(count, 5)).astype(np.float32), rng.integers(0, 3, count)
    net.eval()
    outputs = net(Tensor(x))
    net.train()
    wanted, before = Score(loss_fn(outputs, y).item(), accuracy(outputs, Tensor(y))), generator().bit_generator.state
    for size in sizes:
        got = evaluate(net, loss_fn, x, y, batch_size=size)
        assert np.allclose(got, wanted, atol=1e-5), f"{count} examples in batches of {size} gave {got}, wanted {wanted}"
    assert generator().bit_generator.state == before, "evaluate drew random numbers: what shuffles here, or drops out?"
    assert net.training, "after evaluate the network is left in evaluation mode"
    seen = []
    evaluate(net, lambda outputs, targets: seen.append(outputs.requires_grad) or loss_fn(outputs, targets), x, y)
    assert seen == [False], "the outputs carry a record: nobody will want their gradient"

test_unit_evaluate(50, sizes=[1024, 16], seed=0)
### BEGIN HIDDEN TESTS
test_unit_evaluate(21, sizes=[20, 7, 1], seed=3)
### END HIDDEN TESTS

# %%
print("in training mode: ", *(f"{share:.1%}" for share in measured))
print(f"evaluate:          {evaluate(dropping, loss_fn, x_test, y_test).accuracy:.1%}, and the same every time")

# %% [markdown]
r"""
## One update

### A batch too large for the memory

What lesson 05 needs for the backward pass grows with the batch. If the batch that you want does not fit, cut it into
pieces: since gradients add up in `.grad` until they are cleared, the pieces' gradients make the gradient of the whole.
But each piece's loss is a mean over *that piece*. With $n_i$ examples in piece $i$ of $N$ in all,

$$L = \sum_i \frac{n_i}{N} L_i \qquad\text{so}\qquad \nabla L = \sum_i \frac{n_i}{N} \nabla L_i$$

Dividing by the number of pieces, as one sees it done, is right only if all are equally long.

### Exercise: accumulate_gradients
"""

# %% nbgrader={"solution": true, "grade_id": "accumulate-gradients"}
#| export
def accumulate_gradients(model: Callable, loss_fn: Callable, group: list[tuple[Tensor, Tensor]]) -> Score:
    """Add to every parameter's `.grad` the gradient of the mean loss over all examples of `group`, one batch at a time.

    `loss_fn` gives the mean over the examples of a batch. Returns the score of the group, taken from the same outputs.

    >>> accumulate_gradients(model, loss_fn, [(x[:20], y[:20]), (x[20:], y[20:])])  # as loss_fn(model(x), y).backward()
    """
    counts = [len(inputs) for inputs, _ in group]
    scores = []
    ### BEGIN SOLUTION
    for (inputs, targets), count in zip(group, counts):
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
        (loss * (count / sum(counts))).backward()
        scores.append(Score(loss.item(), accuracy(outputs, targets)))
    ### END SOLUTION
    return combine(scores, counts)

# %% nbgrader={"grade": true, "grade_id": "test-accumulate-gradients", "points": 8}
def check_accumulated(net, x, y, sizes):
    net.zero_grad()
    whole = loss_fn(net(x), y)
    whole.backward()
    wanted = [p.grad.data for p in net.parameters()]
    net.zero_grad()
    edges = [0, *np.cumsum(sizes)]
    score = accumulate_gradients(net, loss_fn, [(x[a:b], y[a:b]) for a, b in zip(edges, edges[1:])])
    for (name, p), want in zip(net.named_parameters(), wanted):
        assert p.grad is not None, f"{name} has no gradient: backward() once for each batch of the group"
        off = np.abs(p.grad.data - want).max() / np.abs(want).max()
        assert off < 1e-4, (
            f"{len(x)} examples as {sizes}: the gradient of {name} is off by {off:.1%}: what does a piece weigh?")
    assert np.isclose(score.loss, whole.item(), atol=1e-6), (
        f"{len(x)} examples as {sizes}: the loss is {score.loss:.4f}, whole {whole.item():.4f}: score the plain loss")
    right = accuracy(net(x), y)
    assert np.isclose(score.accuracy, right), f"as {sizes} the accuracy is {score.accuracy:.4f}, whole {right:.4f}"

def test_unit_accumulate_gradients(sizes, seed):
    rng = np.random.default_rng(seed)
    x, y = Tensor(rng.normal(size=(33, 5))), Tensor(rng.integers(0, 3, 33))
    manual_seed(seed)
    net = Sequential(Linear(5, 8), GELU(), Linear(8, 3))
    for parts in sizes:
        check_accumulated(net, x, y, parts)
    first = [p.grad.data.copy() for p in net.parameters()]
    accumulate_gradients(net, loss_fn, [(x, y)])
    for p, before in zip(net.parameters(), first):
        assert np.allclose(p.grad.data, 2 * before, atol=1e-4), "the gradients of an earlier group were not added to"

test_unit_accumulate_gradients([[33], [11, 11, 11], [16, 16, 1], [1, 32]], seed=0)
### BEGIN HIDDEN TESTS
test_unit_accumulate_gradients([[20, 13], [5, 1, 1, 26]], seed=6)
### END HIDDEN TESTS

# %% [markdown]
r"""
### One bad batch

A single broken example can spoil more than its own update. Below, one image of the first batch is a hundred times too
bright. Its gradient is that much longer than the others, and an optimizer takes a step as long as it is told.
"""

# %%
def gradient_length(parameters):
    return np.linalg.norm(np.concatenate([p.grad.data.reshape(-1) for p in parameters]))

def first_batches(count):
    for i, (x, y) in enumerate(islice(batches(x_train, y_train, batch_size=32), count)):
        if i == 0:
            x.data[0] *= 100
        yield x, y

# %%
def after_a_broken_image(change_gradients):
    manual_seed(0)
    net, lengths = Sequential(Linear(64, 64), GELU(), Linear(64, 10)), []
    optimizer = SGD(net.parameters(), lr=0.5)
    for batch in first_batches(8):
        optimizer.zero_grad()
        accumulate_gradients(net, loss_fn, [batch])
        lengths.append(gradient_length(net.parameters()))
        change_gradients(net.parameters())
        optimizer.step()
    return " ".join(f"{length:5.2f}" for length in lengths)

# %%
unclipped = after_a_broken_image(lambda parameters: None)
print("gradient lengths:", unclipped)

# %% [markdown]
r"""
### Exercise: clip_grad_norm

Take all gradients together as one long vector, with the length $\lVert g \rVert = \sqrt{\sum g_i^2}$ over *all*
parameters. If it is longer than allowed, shorten the whole vector: its direction stays. Shortening each parameter's
gradient by itself would turn it. The factor is PyTorch's, $\min(1, \text{max} / (\lVert g \rVert + 10^{-6}))$.

Squares are dangerous, as the next cell shows. Add up in `float64`.
"""

# %%
with np.errstate(over="ignore"):
    print("256 squared in float16:", np.float16(256) ** 2, "  1e20 squared in float32:", np.float32(1e20) ** 2)

# %% nbgrader={"solution": true, "grade_id": "clip-grad-norm"}
#| export
def clip_grad_norm(parameters: Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor so that their joint 2-norm is at most `max_norm`; return the norm before.

    Parameters without a gradient are passed over. Sums are taken in float64, gradients keep their type. As in PyTorch's
    `clip_grad_norm_`, nothing guards against gradients that are not finite: an infinite norm makes the finite ones 0
    and the infinite ones nan, a nan makes all of them nan; look at what is returned. Raises ValueError where `max_norm`
    is negative.

    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm([w], max_norm=1.0), w.grad
    (5.0, Tensor([0.6, 0.8], dtype=float32))
    """
    if not max_norm >= 0:
        raise ValueError(f"max_norm is {max_norm}: a length is not negative")
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    with_gradient = [p for p in parameters if p.grad is not None]
    ### BEGIN SOLUTION
    with np.errstate(over="ignore", invalid="ignore"):
        squares = [np.square(p.grad.data, dtype=np.float64).sum() for p in with_gradient]
        norm = math.sqrt(sum(squares))
        factor = max_norm / (norm + 1e-6)
        if not factor >= 1:
            for p in with_gradient:
                p.grad = wrap(p.grad.data * p.grad.dtype.type(factor))
    return norm
    ### END SOLUTION

# %%
def with_gradients(*gradients):
    weights = [Tensor(np.zeros_like(g), requires_grad=True) for g in gradients]
    for weight, gradient in zip(weights, gradients):
        weight.grad = Tensor(gradient)
    return weights

# %% nbgrader={"grade": true, "grade_id": "test-clip-grad-norm", "points": 4}
def check_clip(gradients, length, limit):
    gradients = [np.array(g, np.float32) for g in gradients]
    weights = [*with_gradients(*gradients), Tensor([1.0], requires_grad=True)]
    norm = clip_grad_norm(iter(weights), limit)
    assert np.isclose(norm, length), (
        f"gradients {[g.tolist() for g in gradients]} gave {norm}, wanted their joint length before, {length}")
    for w, g in zip(weights, gradients):
        wanted = g * min(1, limit / length)
        assert np.allclose(w.grad.data, wanted, rtol=1e-5), (
            f"max_norm {limit}: {g.tolist()} became {w.grad.data.tolist()}, not {wanted.tolist()}: one factor for all")
    assert weights[-1].grad is None, "a parameter without a gradient has got one"

def test_unit_clip_grad_norm():
    for limit in [1.0, 6.5, 20.0]:
        check_clip([[[3.0, 0], [0, 4]], [12.0]], 13, limit)

test_unit_clip_grad_norm()
### BEGIN HIDDEN TESTS
check_clip([[2.0], [[-3.0]], [6.0]], 7, 3.5), check_clip([[0.5, -0.5], [0.5, 0.5]], 1, 2.0)
check_clip([[-8.0, 9.0, 12.0]], 17, 1e-3)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-clip-extremes", "points": 3}
def check_large(big, dtype, limit, each):
    (w,) = with_gradients(np.full(4, big, dtype))
    norm = clip_grad_norm(w, limit)
    assert np.isclose(norm, 2 * big, rtol=1e-3), (
        f"four times {big} in {dtype.__name__} gave the norm {norm}, wanted {2 * big:g}: add in float64")
    assert w.grad.dtype == dtype, f"a gradient in {dtype.__name__} came back in {w.grad.dtype}: keep its type"
    assert np.allclose(w.grad.data, each, rtol=1e-3), f"four times {big}, clipped to {limit}, became {w.grad}"

def check_tiny(size, limit):
    (w,) = with_gradients(np.array([size]))
    clip_grad_norm(w, limit)
    assert 0 < w.grad.data[0] <= 1.00001 * limit, (
        f"a gradient of {size}, clipped to {limit}, became {w.grad}, wanted the same direction and at most that length")

def test_unit_clip_extremes():
    check_large(300, np.float16, 1.0, each=0.5), check_large(1e25, np.float32, 1.0, each=0.5)
    norm = clip_grad_norm(with_gradients(np.array([1.0, np.nan])), 1.0)
    assert np.isnan(norm), f"gradients 1 and nan gave the norm {norm}: a nan must show in what is returned"
    try:
        norm = clip_grad_norm(with_gradients(np.zeros(3)), 1.0)
    except ZeroDivisionError as error:
        raise AssertionError("gradients that are all 0 failed with a division by 0: a little more below") from error
    assert norm == 0, f"gradients that are all 0 gave the norm {norm}, wanted 0"

test_unit_clip_extremes()
### BEGIN HIDDEN TESTS
check_large(2000, np.float16, 8.0, each=4), check_large(3e30, np.float32, 0.5, each=0.25)
check_large(5e-30, np.float32, 1.0, each=5e-30)
check_tiny(5e-7, 1e-7)
### END HIDDEN TESTS

# %%
clipped = after_a_broken_image(lambda parameters: clip_grad_norm(parameters, 1.0))
print("without clipping:", unclipped)
print("with clipping:   ", clipped)

# %% [markdown]
r"""
The lengths are those before clipping. The broken image's own is the same in both lines, of course; look at the next
ones.

### Exercise: a learning rate with a course

A good rate for the beginning is too high for the end, where the weights only jump about their goal. Half a cosine
takes it down smoothly. And the very beginning is special as well: the weights are random, and the averages that Adam
divides by have seen almost nothing. So let the rate grow to its peak over the first updates, the *warm-up*.

With $t$ the number of updates done, $w$ of them for warm-up, $T$ in all:

$$
\eta(t) = \begin{cases}
\eta_\text{peak} \, (t + 1) / w & t < w \\
\eta_\text{min} + \tfrac12 (\eta_\text{peak} - \eta_\text{min}) (1 + \cos \pi \frac{t - w}{T - w}) & w \le t < T \\
\eta_\text{min} & t \ge T
\end{cases}
$$

Without warm-up that is PyTorch's `CosineAnnealingLR` (Loshchilov and Hutter 2017, arXiv:1608.03983), except that
PyTorch's goes up again after $T$.
"""

# %% nbgrader={"solution": true, "grade_id": "cosine-lr"}
#| export
def cosine_lr(step: int, peak: float, total_steps: int, warmup_steps: int = 0, minimum: float = 0.0) -> float:
    """The learning rate for the update that follows `step` others: linear to `peak`, then half a cosine to `minimum`.

    >>> [round(cosine_lr(t, peak=0.4, total_steps=6, warmup_steps=2), 3) for t in range(8)]
    [0.2, 0.4, 0.4, 0.341, 0.2, 0.059, 0.0, 0.0]
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    if step >= total_steps:
        return minimum
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return minimum + (peak - minimum) * (1 + math.cos(math.pi * done)) / 2
    ### END SOLUTION

# %%
#| export
class CosineSchedule:
    """Sets every parameter group's `lr` by `cosine_lr`, with the group's own rate at construction as its peak.

    Call `step()` once after each update of the optimizer, which needs `param_groups` with an `"lr"` each. Raises
    ValueError where 0 <= warmup_steps <= total_steps, total_steps >= 1 or 0 <= minimum <= peak does not hold.
    """

    def __init__(self, optimizer: Optimizer, total_steps: int, warmup_steps: int = 0, minimum: float = 0.0):
        if total_steps < 1 or not 0 <= warmup_steps <= total_steps:
            raise ValueError(f"{warmup_steps} warm-up steps of {total_steps}: warm-up is a part of the whole")
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        if not 0 <= minimum <= min(self.peaks):
            raise ValueError(f"minimum is {minimum}, the rates are {self.peaks}: it lies between 0 and each of them")
        self.optimizer, self.total_steps = optimizer, total_steps
        self.warmup_steps, self.minimum, self.steps = warmup_steps, minimum, 0
        self.set_rates()

    def set_rates(self) -> None:
        """Write the rates for the next update into the optimizer."""
        for group, peak in zip(self.optimizer.param_groups, self.peaks):
            group["lr"] = cosine_lr(self.steps, peak, self.total_steps, self.warmup_steps, self.minimum)

    def step(self) -> None:
        """Note that an update was made, and set the rates for the next."""
        self.steps += 1
        self.set_rates()

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on: the course, the peaks and how many updates were made."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken; ValueError where that was for another number of parameter groups."""
        if len(state["peaks"]) != len(self.peaks):
            raise ValueError(f"the state has {len(state['peaks'])} parameter groups, the optimizer {len(self.peaks)}")
        vars(self).update(state)
        self.set_rates()

# %% nbgrader={"grade": true, "grade_id": "test-cosine-lr", "points": 4}
def check_rate(step, peak, total, warmup, low, wanted):
    asked = f"step {step} of {total}, warm-up {warmup}, minimum {low}, peak {peak}"
    try:
        got = cosine_lr(step, peak, total, warmup, low)
    except ZeroDivisionError as error:
        raise AssertionError(f"{asked} failed with a division by 0: has the way down any steps?") from error
    assert np.isclose(got, wanted, atol=1e-6), f"{asked}: rate {got:.5f}, wanted {wanted:.5f}: see the figure above"

def test_unit_cosine_lr():
    for step, total, warmup, low, wanted in [
        (0, 100, 10, 0.0, 0.1), (4, 100, 10, 0.0, 0.5), (9, 100, 10, 0.0, 1.0), (10, 100, 10, 0.0, 1.0),
        (55, 100, 10, 0.0, 0.5), (55, 100, 10, 0.2, 0.6), (0, 100, 0, 0.0, 1.0), (25, 100, 0, 0.0, 0.8535534),
        (99, 100, 0, 0.0, 0.0002467), (100, 100, 10, 0.2, 0.2), (500, 100, 10, 0.2, 0.2), (5, 5, 5, 0.1, 0.1),
    ]:
        check_rate(step, 1.0, total, warmup, low, wanted)
    check_rate(55, 3.0, 100, 10, 1.0, 2.0)

test_unit_cosine_lr()
### BEGIN HIDDEN TESTS
check_rate(1, 0.6, 12, 3, 0.0, 0.4), check_rate(2, 0.6, 12, 3, 0.0, 0.6), check_rate(6, 0.6, 12, 3, 0.0, 0.45)
check_rate(9, 0.6, 12, 3, 0.2, 0.3), check_rate(1, 2.0, 2, 0, 1.0, 1.5), check_rate(7, 4.0, 7, 7, 0.5, 0.5)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-cosine-schedule", "points": 2}
def test_unit_cosine_schedule(total, warmup, shares, factor):
    first, second = with_gradients(np.ones(1), np.ones(1))
    optimizer = SGD([{"params": [first], "lr": 1.0}, {"params": [second], "lr": factor}], lr=1.0)
    schedule = CosineSchedule(optimizer, total_steps=total, warmup_steps=warmup)
    for step, wanted in enumerate(shares):
        rates = [group["lr"] for group in optimizer.param_groups]
        assert np.allclose(rates, [wanted, wanted * factor]), (
            f"peaks 1 and {factor}, after {step} steps the rates are {rates}, wanted {wanted} and {wanted * factor}")
        schedule.step()

test_unit_cosine_schedule(4, warmup=2, shares=[0.5, 1.0, 1.0, 0.5, 0.0, 0.0], factor=0.1)
### BEGIN HIDDEN TESTS
test_unit_cosine_schedule(6, warmup=3, shares=[1 / 3, 2 / 3, 1.0, 1.0, 0.75, 0.25, 0.0], factor=4.0)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: the update itself

Now the order of things. One update of the weights, from a group of batches: clear the old gradients, accumulate the
new ones, clip them where a length was given, let the optimizer step, and move the schedule on. The optimizer may be
yours: all that is asked of it are `zero_grad()` and `step()`.
"""

# %% nbgrader={"solution": true, "grade_id": "train-step"}
#| export
class TrainingStep:
    """A model, its optimizer and its loss, and one update of the first by the second."""

    def __init__(self, model: Module, optimizer: Any, loss_fn: Callable, schedule: Any = None,
                 clip_norm: float | None = None):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.schedule, self.clip_norm = schedule, clip_norm
        self.steps = 0

    def train_step(self, group: list[tuple[Tensor, Tensor]]) -> Score:
        """One update from all examples of `group`, a list of (inputs, targets); adds 1 to `steps`.

        Returns the group's score from before the update. The schedule, if any, steps after the optimizer.
        """
        ### BEGIN SOLUTION
        self.optimizer.zero_grad()
        score = accumulate_gradients(self.model, self.loss_fn, group)
        if self.clip_norm is not None:
            clip_grad_norm(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.steps += 1
        return score
        ### END SOLUTION

# %%
class Watched(SGD):
    """SGD that notes, at each step, the length of the gradient and the learning rate that it meets."""

    def step(self):
        weights = [p for group in self.param_groups for p in group["params"]]
        self.seen.append((gradient_length(weights), self.param_groups[0]["lr"]))
        super().step()

# %%
def small_training(clip_norm=None, seed=0):
    manual_seed(seed)
    net = Sequential(Linear(5, 3))
    optimizer = Watched(net.parameters(), lr=0.1)
    optimizer.seen = []
    x, y = Tensor(generator().normal(size=(30, 5)) * 5), Tensor(generator().integers(0, 3, 30))
    step = TrainingStep(net, optimizer, loss_fn, CosineSchedule(optimizer, 4, warmup_steps=2), clip_norm)
    return step, [(x[:20], y[:20]), (x[20:], y[20:])], (x, y)

def stepped(step, group):
    try:
        return step.train_step(group)
    except (AttributeError, TypeError, ValueError) as error:
        options = f"clip_norm={step.clip_norm} and {'no' if step.schedule is None else 'a'} schedule"
        raise AssertionError(f"train_step with {options} failed: either of the two may be None, and the gradients "
                             "must be there when the optimizer steps") from error

# %% nbgrader={"grade": true, "grade_id": "test-train-step", "points": 4}
def test_unit_train_step(seed):
    step, group, everything = small_training(seed=seed)
    before = evaluate(step.model, loss_fn, *everything)
    score = stepped(step, group)
    assert score is not None and np.allclose(score, before, atol=1e-5), (
        f"train_step returned {score}, wanted the group's score, {before}")
    stepped(step, group)
    assert step.steps == 2, f"after two updates steps is {step.steps}, wanted 2"
    rates = [rate for _, rate in step.optimizer.seen]
    assert len(rates) == 2, f"two updates, and the optimizer stepped {len(rates)} times, not twice"
    assert np.allclose(rates, [0.05, 0.1]), f"the updates ran at {rates}, wanted 0.05 and 0.1: the schedule steps last"
    after = evaluate(step.model, loss_fn, *everything).loss
    assert after < before.loss, f"two updates took the loss from {before.loss:.3f} to {after:.3f}: do the weights move?"
    step.schedule = None
    stepped(step, group)
    assert step.steps == 3, f"after a third update, without a schedule, steps is {step.steps}"

test_unit_train_step(seed=0)
### BEGIN HIDDEN TESTS
test_unit_train_step(seed=12)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-train-step-gradients", "points": 3}
def check_length(clip_norm, seed):
    step, group, _ = small_training(clip_norm, seed)
    for p in step.model.parameters():
        p.grad = Tensor(np.full(p.shape, 1e6, np.float32))
    stepped(step, group)
    length = step.optimizer.seen[0][0]
    if clip_norm is None:
        assert length < 1e3, f"the optimizer met a gradient of length {length:.2g}: old gradients were still there"
        assert length > 0.1, f"no clip_norm was given, yet the optimizer met a gradient of length {length:.2g}"
    else:
        assert np.isclose(length, clip_norm, rtol=1e-2), (
            f"clip_norm {clip_norm}, the optimizer met {length:.2g}: clip between the gradients and the update")

check_length(None, seed=0), check_length(0.01, seed=0)
### BEGIN HIDDEN TESTS
check_length(None, seed=5), check_length(0.2, seed=5)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The trainer

Around the update goes the walk over the epochs. What it measures it keeps, a row for every epoch, and the same rows are
printed, drawn and stored.
"""

# %%
#| export
@dataclass(frozen=True)
class Epoch:
    """One row of a training's history.

    `loss` and `accuracy` are those of the training examples as they came by, each before the update it led to, in
    training mode. `lr` is the first parameter group's rate at the start, `seconds` the time without the validation.
    """

    epoch: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    lr: float | None
    seconds: float

    def __str__(self) -> str:
        return f"epoch {self.epoch:3d}: " + ", ".join(f"{word} {text}" for word, text in in_words(self))

# %%
#| export
def in_words(row: Epoch) -> Iterator[tuple[str, str]]:
    """What `row` holds, as pairs of a name and a number to print; what is None is left out."""
    for word, value, how in [
        ("loss", row.loss, ".4f"), ("accuracy", row.accuracy, ".1%"),
        ("validation loss", row.validation_loss, ".4f"), ("accuracy", row.validation_accuracy, ".1%"),
        ("lr", row.lr, ".2g"), ("seconds", row.seconds, ".2f"),
    ]:
        if value is not None:
            yield word, format(value, how)

# %% [markdown]
r"""
On a terminal a bar moves while you wait (Rich is loaded only then); in a notebook or a file each epoch is a line.
"""

# %%
#| export
@contextmanager
def progress_report(wanted: bool, updates: int | None):
    """Yield what to call after an update, `on_update()`, and after an epoch, `on_epoch(row)`.

    On a terminal a bar of `updates` (None: unknown) moves and the rows are printed above it; elsewhere a row is a line.
    """
    if not wanted:
        yield lambda: None, lambda row: None
    elif not sys.stdout.isatty():
        yield lambda: None, lambda row: print(row, flush=True)
    else:
        with rich_bar(updates) as report:
            yield report

# %%
#| export
@contextmanager
def rich_bar(updates: int | None, console: Any = None):
    """`progress_report` for a terminal, in ASCII."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("[{task.fields[bar]:<30}]", markup=False), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("training", total=updates, bar="")

        def on_update():
            done = progress.tasks[0].completed + 1
            progress.update(task, completed=done, bar="#" * int(30 * done / updates) if updates else "")

        yield on_update, lambda row: progress.console.print(str(row), highlight=False)

# %% [markdown]
r"""
What is walked over may be arrays, or batches that somebody else has made ready. `grouped` puts as many together as
one update takes.
"""

# %%
#| export
def updates_per_epoch(count: int, batch_size: int, accumulate: int = 1) -> int:
    """How many updates an epoch of `count` examples makes; a schedule's `total_steps` is this times the epochs.

    >>> updates_per_epoch(100, batch_size=32)
    4
    """
    return math.ceil(math.ceil(count / batch_size) / accumulate)

# %%
#| export
def _pair(value: Any, what: str) -> tuple:
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        found = f"{len(value)} parts" if isinstance(value, (tuple, list)) else f"one {type(value).__name__}"
        raise TypeError(f"{what} should be a pair (inputs, targets), got {found}: write fit((inputs, targets), epochs) "
                        "for arrays, or give an iterable of such pairs")
    return tuple(value)


def epoch_batches(data: Any, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of `data`: a tuple (inputs, targets) in shuffled batches, or an iterable that gives batches."""
    if isinstance(data, tuple):
        return batches(*_pair(data, "the training data"), batch_size)
    return (tuple(as_tensor(part) for part in _pair(batch, "a batch of the training data")) for batch in data)

# %%
#| export
def count_updates(data: Any, batch_size: int, accumulate: int) -> int:
    """The updates in an epoch of `data`, as `epoch_batches` takes it; 0 where that cannot be told beforehand."""
    if isinstance(data, tuple):
        return updates_per_epoch(len(data[0]), max(batch_size, 1), accumulate)
    return updates_per_epoch(length_hint(data), 1, accumulate)

# %%
#| export
def grouped(items: Iterable, size: int) -> Iterator[list]:
    """The items in lists of `size`, of which the last may be shorter."""
    items = iter(items)
    while group := list(islice(items, size)):
        yield group

# %% [markdown]
r"""
One epoch is a walk over the groups, with the network in training mode:
"""

# %%
#| export
class TrainingEpoch(TrainingStep):
    """One epoch: an update from every `accumulate` batches."""

    def __init__(self, model: Module, optimizer: Any, loss_fn: Callable, schedule: Any = None,
                 clip_norm: float | None = None, accumulate: int = 1):
        if accumulate < 1:
            raise ValueError(f"accumulate is {accumulate}: an update takes at least one batch")
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"clip_norm is {clip_norm}: the length to clip to is above 0, or None for no clipping")
        super().__init__(model, optimizer, loss_fn, schedule, clip_norm)
        self.accumulate = accumulate

    def train_epoch(self, pieces: Iterable[tuple[Tensor, Tensor]], on_update: Callable[[], None]) -> Score:
        """Make an update from every `accumulate` batches of `pieces`; the score of all of them."""
        self.model.train()
        scores, counts = [], []
        for group in grouped(pieces, self.accumulate):
            scores.append(self.train_step(group))
            counts.append(sum(len(inputs) for inputs, _ in group))
            on_update()
        if not scores:
            raise ValueError("there are no batches: a generator can be walked once only, pass a list or an object that "
                             "starts anew for each epoch")
        return combine(scores, counts)

# %% [markdown]
r"""
The trainer can also save itself and go on from a file. What stands behind these four methods is the last part of this
lesson.
"""

# %%
#| export
class Checkpoints:
    """Saving a training and going on with it: what Trainer adds to its loop."""

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on, as copies."""
        return training_state(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, the shared random generator included.

        Where `state` does not fit, everything is put back as it was, and the error is the one that the model, the
        optimizer or the schedule raised.
        """
        with ExitStack() as undo:
            undo.callback(restore_training, self, self.state_dict())
            restore_training(self, state)
            undo.pop_all()

    def save(self, path: str | os.PathLike) -> None:
        """Write a checkpoint; between two calls of `fit` it is enough to go on bit for bit (in mid-epoch it is not)."""
        write_checkpoint(path, self.state_dict())

    def load(self, path: str | os.PathLike) -> None:
        """Go on from a checkpoint; ValueError, and nothing changed, for a damaged one or that of another model."""
        self.load_state_dict(read_checkpoint(path))

# %%
#| export
class Trainer(TrainingEpoch, Checkpoints):
    """Trains a model, keeps the history, and stops and goes on at will.

    `model` is a Module; `optimizer` needs `step()` and `zero_grad()` (and, to be saved, `state_dict()` and
    `load_state_dict()`), `schedule` needs `step()` and the same two; `loss_fn(outputs, targets)` gives the mean over
    a batch. One update takes the gradient of `accumulate` batches together, clipped to `clip_norm` where that is
    given. `epoch` and `steps` count the epochs and updates made, `history` holds an Epoch for each epoch.
    """

    def __init__(self, model: Module, optimizer: Any, loss_fn: Callable, schedule: Any = None,
                 clip_norm: float | None = None, accumulate: int = 1):
        super().__init__(model, optimizer, loss_fn, schedule, clip_norm, accumulate)
        self.epoch, self.history = 0, []

    @property
    def lr(self) -> float | None:
        """The first parameter group's learning rate; None for an optimizer that is not one of lesson 06's."""
        return self.optimizer.param_groups[0]["lr"] if isinstance(self.optimizer, Optimizer) else None

    def fit(self, data: Any, epochs: int, batch_size: int = 32, validation: tuple | None = None,
            progress: bool = False) -> list[Epoch]:
        """Train for `epochs` more epochs and return the whole history; the model is left in training mode.

        `data` is a tuple (inputs, targets), shuffled anew for each epoch into batches of `batch_size`, or an iterable
        of ready batches that can be walked once for each epoch. `validation`, a tuple (inputs, targets), is evaluated
        after each. Raises ValueError for no examples, lengths that differ, batch_size < 1, epochs < 0, and TypeError
        for what is no pair.
        """
        if epochs < 0:
            raise ValueError(f"epochs is {epochs}: it cannot be negative")
        if isinstance(data, (tuple, np.ndarray, Tensor)):
            example_arrays(*_pair(data, "the training data"))
        if validation is not None:
            example_arrays(*_pair(validation, "validation"))
        updates = epochs * count_updates(data, batch_size, self.accumulate)
        with progress_report(progress, updates or None) as (on_update, on_epoch):
            for _ in range(epochs):
                on_epoch(self._run_epoch(data, batch_size, validation, on_update))
        return self.history

    def evaluate(self, inputs: Any, targets: Any) -> Score:
        """Loss and accuracy on (inputs, targets) in evaluation mode; the model comes back in the mode it was in."""
        return evaluate(self.model, self.loss_fn, inputs, targets)

    def _run_epoch(self, data: Any, batch_size: int, validation: tuple | None, on_update: Callable) -> Epoch:
        start, lr = time.perf_counter(), self.lr
        score = self.train_epoch(epoch_batches(data, batch_size), on_update)
        seconds = time.perf_counter() - start
        held = (None, None) if validation is None else self.evaluate(*validation)
        self.epoch += 1
        self.history.append(Epoch(self.epoch, *score, *held, lr, seconds))
        return self.history[-1]

# %% [markdown]
r"""
Now the digits in earnest.
"""

# %%
manual_seed(0)
model = Sequential(Linear(64, 128), GELU(), Dropout(0.2), Linear(128, 10))
optimizer = Adam(model.parameters(), lr=0.02)
schedule = CosineSchedule(optimizer, 15 * updates_per_epoch(len(x_train), batch_size=32), warmup_steps=45)
trainer = Trainer(model, optimizer, loss_fn, schedule, clip_norm=1.0)
history = trainer.fit((x_train, y_train), epochs=15, batch_size=32, validation=(x_test, y_test), progress=True)

# %%
import matplotlib.pyplot as plt

def draw(axis, title, training, test):
    axis.plot(range(1, len(training) + 1), training, label="training")
    axis.plot(range(1, len(test) + 1), test, label="test")
    axis.set(title=title, xlabel="epoch")
    axis.legend()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
draw(left, "loss", [row.loss for row in history], [row.validation_loss for row in history])
draw(right, "accuracy", [row.accuracy for row in history], [row.validation_accuracy for row in history])
left.set_yscale("log")
plt.show()

# %%
best = min(history, key=lambda row: row.validation_loss)
print(f"lowest test loss after epoch {best.epoch} of {len(history)}; lowest training loss after epoch "
      f"{min(history, key=lambda row: row.loss).epoch}")

# %% [markdown]
r"""
The training loss goes on falling when the test loss no longer does: from there on the network learns its examples by
heart. That is why the accuracy that counts is the one on images that it has not seen.
"""

# %% [markdown]
r"""
## What warm-up does

Six layers with LayerNorm, Adam, and a high learning rate: at its peak from the first update on, the same with
clipping, and with 45 updates, one epoch, to get there. `train_step` gives the loss of every single update.
"""

# %%
def deep_network(width=64):
    hidden = [layer for i in range(6) for layer in (Linear(width, width), LayerNorm(width), GELU())]
    return Sequential(*hidden, Linear(width, 10))

# %%
def losses_with(name, warmup_steps, clip_norm):
    manual_seed(0)
    net = deep_network()
    optimizer = Adam(net.parameters(), lr=0.05)
    trainer = Trainer(net, optimizer, loss_fn, CosineSchedule(optimizer, 5 * 45, warmup_steps), clip_norm)
    losses = [trainer.train_step([batch]).loss for _ in range(5) for batch in batches(x_train, y_train, 32)]
    print(f"{name}: test accuracy {trainer.evaluate(x_test, y_test).accuracy:.1%}")
    return losses

# %%
for name, warmup_steps, clip_norm in [("neither", 0, None), ("clipping", 0, 1.0), ("warm-up", 45, None)]:
    plt.semilogy(losses_with(name, warmup_steps, clip_norm), label=name)
plt.xlabel("update")
plt.ylabel("loss of its batch")
plt.legend()
plt.show()

# %% [markdown]
r"""
Adam divides by the root of an average of squared gradients, so its first steps are as long as the learning rate says,
for every weight at once, whatever the gradient's length: that is why clipping hardly helps here. Steps that long, at
a point about which nothing is known yet, throw the network to where its gradients say little.

## Stopping and going on

A long run will be interrupted one day. The usual first idea is to save the weights. Here is what that is worth: six
epochs in one go, and three epochs, the weights kept, a new optimizer, three more.
"""

# %%
def new_trainer(seed):
    manual_seed(seed)
    model = Sequential(Linear(64, 32), GELU(), Dropout(0.2), Linear(32, 10))
    optimizer = Adam(model.parameters(), lr=0.05)
    return Trainer(model, optimizer, loss_fn, CosineSchedule(optimizer, 6 * 45, warmup_steps=20))

def show(name, history):
    print(f"{name:12} training loss:", *(f"{row.loss:.3f}" for row in history))

# %%
straight = new_trainer(seed=0)
straight.fit((x_train, y_train), epochs=6)
show("in one go", straight.history)

# %%
first = new_trainer(seed=0)
first.fit((x_train, y_train), epochs=3)
second = new_trainer(seed=1)
second.model.load_state_dict(first.model.state_dict())
second.fit((x_train, y_train), epochs=3)
show("weights only", first.history + second.history)

# %% [markdown]
r"""
From the fourth epoch on it is another training: the rate starts over with its warm-up, and Adam's averages are gone.
And there is one thing more, which no optimizer holds.

### Exercise: training_state

Gather all that the rest of a training depends on. Ask of everything that changes while it runs: if this were lost,
would the next update come out differently? Models, optimizers and schedules have a `state_dict()`; a NumPy generator
has its state in `generator().bit_generator.state`.
"""

# %% nbgrader={"solution": true, "grade_id": "training-state"}
#| export
def training_state(trainer: Checkpoints) -> dict[str, Any]:
    """The state of a training, under the names that `restore_training` reads, as copies.

    "model", "optimizer" and "schedule" (None where there is none) are their state_dicts, "generator" is the state of
    the shared random generator, "epoch" and "steps" are counts, "history" is a list with a dict for each Epoch.
    """
    ### BEGIN SOLUTION
    return {
        "model": trainer.model.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "schedule": None if trainer.schedule is None else trainer.schedule.state_dict(),
        "generator": generator().bit_generator.state,
        "epoch": trainer.epoch,
        "steps": trainer.steps,
        "history": [asdict(row) for row in trainer.history],
    }
    ### END SOLUTION

# %%
#| export
def restore_training(trainer: Checkpoints, state: dict[str, Any]) -> None:
    """Put `state`, made by `training_state`, into `trainer`; ValueError where it does not fit, perhaps halfway."""
    missing = {"model", "optimizer", "schedule", "generator", "epoch", "steps", "history"} - set(state)
    if missing:
        raise ValueError(f"this is not the state of a training: it lacks {', '.join(sorted(missing))}")
    if (state["schedule"] is None) != (trainer.schedule is None):
        held, has = ("no schedule", "one") if state["schedule"] is None else ("a schedule", "none")
        raise ValueError(f"the checkpoint was written with {held}, this trainer has {has}")
    trainer.model.load_state_dict(state["model"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    if trainer.schedule is not None:
        trainer.schedule.load_state_dict(state["schedule"])
    generator().bit_generator.state = state["generator"]
    trainer.epoch, trainer.steps = state["epoch"], state["steps"]
    trainer.history = [Epoch(**row) for row in state["history"]]

# %%
def small_trainer(seed):
    manual_seed(seed)
    net = Sequential(Linear(5, 8), GELU(), Dropout(0.3), Linear(8, 3))
    optimizer = Adam(net.parameters(), lr=0.1)
    return Trainer(net, optimizer, loss_fn, CosineSchedule(optimizer, 20, warmup_steps=3))

def rows_of(trainer):
    return [(row.epoch, row.loss, row.accuracy, row.lr) for row in trainer.history]

# %% nbgrader={"grade": true, "grade_id": "test-training-state", "points": 7}
def check_resumed(whole, later):
    for (name, a), b in zip(whole.model.named_parameters(), later.model.parameters()):
        assert np.array_equal(a.data, b.data), (
            f"after two more epochs {name} is off by {np.abs(a.data - b.data).max():.2g} from the run that never "
            "stopped: something that changes in training was not kept, or was kept as the object itself, not as a copy")
    assert rows_of(whole) == rows_of(later), f"the histories differ:\n{rows_of(whole)}\n{rows_of(later)}"

def restored(state, seed):
    later = small_trainer(seed=seed)
    try:
        later.load_state_dict(state)
    except (TypeError, ValueError, AttributeError) as error:
        raise AssertionError(f"restore_training refused the state: {error}: read what it wants of each name") from error
    return later

def test_unit_training_state(count, seed):
    rng, updates = np.random.default_rng(seed), -(-count // 8)
    data = rng.normal(size=(count, 5)).astype(np.float32), rng.integers(0, 3, count)
    whole = small_trainer(seed=seed)
    whole.fit(data, epochs=2, batch_size=8)
    state = training_state(whole)
    whole.fit(data, epochs=2, batch_size=8)
    later = restored(state, seed=99)
    counts, wanted = (later.epoch, later.steps), (2, 2 * updates)
    assert counts == wanted, f"saved after two epochs of {updates} updates, restored epoch and steps are {counts}"
    wanted = cosine_lr(2 * updates, 0.1, 20, 3)
    assert np.isclose(later.lr, wanted), f"the restored rate is {later.lr}, wanted {wanted}"
    later.fit(data, epochs=2, batch_size=8)
    check_resumed(whole, later)

def test_unit_without_schedule():
    plain = small_trainer(seed=0)
    plain.schedule = None
    try:
        got = training_state(plain)["schedule"]
    except AttributeError as error:
        raise AssertionError("a trainer without a schedule failed: None belongs in its place") from error
    assert got is None, f"a trainer without a schedule has {got!r} in its place, wanted None"

test_unit_training_state(40, seed=0)
test_unit_without_schedule()
### BEGIN HIDDEN TESTS
test_unit_training_state(30, seed=7)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Into a file

`pickle` could write that dict as it is. But reading a pickle runs whatever code its writer put there, and a checkpoint
is just the kind of file that people hand on. So the arrays go into NumPy's `.npz`, and the rest, with the arrays'
names in their places, as JSON text beside them: numbers and words, nothing that runs.
"""

# %%
#| export
def pack(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """`value` as JSON can hold it; arrays go into `arrays`, named after `path`. Raises TypeError for other things."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"dict": [[key, pack(item, f"{path}/{key}", arrays)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        items = [pack(item, f"{path}/{i}", arrays) for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.hasobject:
        kind = type(value).__name__
        raise TypeError(f"a checkpoint holds numbers, text, arrays, lists and dicts; {path} is a {kind}")
    name = path if path not in arrays else f"{path}#{len(arrays)}"
    brain = value.dtype.name == "bfloat16"  # a type that .npz does not know: keep its bits
    arrays[name] = np.asarray(value).view(np.uint16) if brain else np.asarray(value)
    return {"array": name, "bfloat16": brain}

# %%
#| export
def unpack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """What `pack` was given."""
    match value:
        case {"dict": pairs}:
            return {key: unpack(item, arrays) for key, item in pairs}
        case {"list": items}:
            return [unpack(item, arrays) for item in items]
        case {"tuple": items}:
            return tuple(unpack(item, arrays) for item in items)
        case {"array": name, "bfloat16": brain}:
            return arrays[name].view(as_dtype("bfloat16")) if brain else arrays[name]
    return value

# %% [markdown]
r"""
A file must not be half written when the power fails, least of all over the last good one. So the bytes go into a file
beside it, down to the disk, and only then does the new file take the old one's name, which the operating system does
in one move. Reading takes everything in before anything is believed: `.npz` is a zip archive, with a checksum for each
array.
"""

# %%
#| export
CHECKPOINT_FORMAT = "tinytorch checkpoint 1"
_DAMAGED = (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, zipfile.BadZipFile)  # as the readers say

# %%
#| export
def write_checkpoint(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write nested dicts, lists, numbers, text and arrays as one .npz file of this very name, whole or not at all.

    Raises FileNotFoundError where its folder is not there.
    """
    arrays, path = {}, Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into: make it first")
    text = json.dumps({"format": CHECKPOINT_FORMAT, "state": pack(state, "state", arrays)})
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, about=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

# %%
#| export
def read_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """The state that `write_checkpoint` wrote. ValueError where the file is damaged or something else."""
    contents = io.BytesIO(Path(path).read_bytes())
    try:
        file = np.load(contents, allow_pickle=False)
        arrays = {name: file[name] for name in file} if isinstance(file, Mapping) else {}
        about = json.loads(arrays["about"].tobytes())
        found, state = about["format"], unpack(about["state"], arrays)
    except _DAMAGED:  # what the readers say of it, to allow pickles for instance, is no help here
        raise ValueError(f"{path} is not a whole checkpoint: it was cut short or damaged, or save() did not write "
                         "it") from None
    if found != CHECKPOINT_FORMAT:
        raise ValueError(f"{path} is a checkpoint in the format {found!r}, wanted {CHECKPOINT_FORMAT!r}")
    return state

# %%
import tempfile

first = new_trainer(seed=0)
first.fit((x_train, y_train), epochs=3)
with tempfile.TemporaryDirectory() as folder:
    first.save(Path(folder) / "digits.npz")
    second = new_trainer(seed=12345)
    second.load(Path(folder) / "digits.npz")
second.fit((x_train, y_train), epochs=3)

# %%
show("in one go", straight.history)
show("checkpoint", second.history)
pairs = zip(straight.model.parameters(), second.model.parameters())
print("every weight the same, to the last bit:", all(np.array_equal(a.data, b.data) for a, b in pairs))

# %% [markdown]
r"""
For a run that survives its machine, train in pieces: `for _ in range(100): trainer.fit(data, 1); trainer.save(path)`.

## Questions

Assign each answer to the name behind its question.

1. 1,437 examples in batches of 32, 4 batches to an update, 10 epochs: how many updates does a schedule have to last?
   (`updates`)
2. Three parameters have gradients of length 2, 3 and 6. Clipped to `max_norm=1`, what length is left of the second?
   (`length_left`)
3. A schedule with peak 0.1, minimum 0.02, 100 warm-up steps of 1,100: what is the rate after 600 updates?
   (`rate_halfway`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-training"}
### BEGIN SOLUTION
updates = 10 * 12
length_left = 3 / 7
rate_halfway = 0.06
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-training", "points": 4}
def test_question_training():
    wanted = 10 * len(list(grouped(batch_indices(1437, 32), 4)))
    assert updates == wanted, f"updates is {updates}: how many groups of 4 batches has an epoch, short ones included?"
    gradients = with_gradients(np.array([2.0]), np.array([3.0]), np.array([6.0]))
    clip_grad_norm(gradients, 1.0)
    wanted = gradients[1].grad.item()
    assert abs(length_left - wanted) < 1e-3, f"length_left is {length_left}: how long are the three as one vector?"
    wanted = cosine_lr(600, 0.1, 1100, 100, 0.02)
    assert abs(rate_halfway - wanted) < 1e-6, f"rate_halfway is {rate_halfway}: how much of the way down is done?"

test_question_training()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-nan", "points": 2}
r"""
**In your own words:** after 200 updates the loss of your network is nan. In which order would you look at which of
this lesson's tools, and what would each tell you?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Batches, an honest evaluation, an update that can be larger than the memory and no longer than you allow, a learning
rate with a course, and a trainer that can be stopped at the end of any epoch. `tito module complete 07` puts them into
`tinytorch.core.training`. Lesson 14 measures where the time and the memory of such a training go, and lesson 18 makes
both smaller.
"""
