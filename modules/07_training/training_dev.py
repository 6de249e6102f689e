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

> Batches, honest evaluation, and a Trainer whose runs can be stopped and resumed exactly.

You have a network, a loss, its gradient and an optimizer. Training is a loop around the four, and
most of its mistakes are silent: dropout left on while you measure, an average of averages, a
learning rate that ruins the weights in the first ten updates, a run that cannot go on where it
stopped. None of them raises an error.

You will build a fair split, batches, an honest evaluation, an update that is accumulated, clipped
and scheduled, and the state from which a training goes on as if it had never stopped.

About 5 hours: 11 exercises, some 60 lines to write, and an open question. Needs lessons 01 to 06.
Makes `tinytorch.core.training`: `Trainer`, `evaluate`, `CosineSchedule`, `clip_grad_norm`.
"""

# %%
#| default_exp core.training

# %%
#| export
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tinytorch.core.layers import Module, generator
from tinytorch.core.optimizers import Optimizer
from tinytorch.core.tensor import Tensor, as_tensor, no_grad, wrap
from tinytorch.support.batching import check_data, check_settings, epoch_of, examples, grouped
from tinytorch.support.checkpoint import Checkpoints, restore_training
from tinytorch.support.data import load_digits
from tinytorch.support.progress import line_of, progress_report
from tinytorch.support.schedule import Schedule

# %% [markdown]
r"""
## The data, split fairly

To know how well a method does on images that it has not seen, keep some images back, say a fifth.
But which? Not the end of the file: images that are near each other in it look alike.
"""

# %%
from tinytorch.core.layers import manual_seed
from tinytorch.support import checks_training as checks
from tinytorch.support.checks import check

images, labels = load_digits()
similarity = 2 * images @ images.T - (images**2).sum(axis=1)  # the larger, the nearer
np.fill_diagonal(similarity, -np.inf)
near = np.abs(similarity.argmax(axis=1) - np.arange(len(labels))) < 100
print(f"for {near.mean():.0%} of {len(labels)} images the most similar one is within 100 lines")

# %% [markdown]
r"""
A random fifth is better. But by chance it holds more of some digits than of others, and then a
method that is good at sevens looks good. So draw *within* each class: a *stratified* split.

### Exercise: stratified_split

Make one generator from the seed and use it for all classes. Then the split does not depend on what
else the program draws, and what else it draws does not depend on the split.
"""

# %% nbgrader={"solution": true, "grade_id": "stratified-split"}
#| export
def stratified_split(labels: Any, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two parts, both in rising order; each example is in one of them.

    Of a class with n members, `round(fraction * n)` go to the second part, drawn by a generator
    made from `seed`. `labels` is (n,). Raises ValueError where `fraction` is not between 0 and 1.

    >>> first, second = stratified_split([0, 0, 0, 0, 1, 1, 1, 1], fraction=0.25, seed=0)
    >>> len(first), len(second), np.array([0, 0, 0, 0, 1, 1, 1, 1])[second]
    (6, 2, array([0, 1]))
    """
    labels = np.asarray(labels)
    if not 0 < fraction < 1 or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"want labels (n,) and 0 < fraction < 1, got {labels.shape}, {fraction}")
    ### BEGIN SOLUTION
    rng, chosen = np.random.default_rng(seed), np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[:round(fraction * len(members))]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-stratified-split", "points": 4}
# Check of stratified_split: run it when your cell has run.
@check
def test_unit_stratified_split():
    cases = [([40, 20], 0.2, [8, 4]), ([40, 20, 10], 0.19, [8, 4, 2]), ([8, 13], 0.5, [4, 6])]
    ### BEGIN HIDDEN TESTS
    cases += [([30, 9, 3], 0.3, [9, 3, 1]), ([30, 9], 0.9, [27, 8]), ([25, 5], 0.1, [2, 0])]
    ### END HIDDEN TESTS
    for counts, fraction, wanted in cases:
        checks.split(stratified_split, counts, fraction, wanted, "of n members round(fraction * n)")
    checks.draw(stratified_split, generator)

test_unit_stratified_split()

# %% [markdown]
r"""
### Three parts

Whenever you look at a result and then change something, the learning rate, say, the images behind
that result have taken part in the choice. They no longer stand for images that the network has
never met. So split twice: the *training* part trains the weights, the *validation* part decides
everything else, and the *test* part decides nothing. It is measured once, at the end.
"""

# %%
rest, test = stratified_split(labels, fraction=0.2, seed=0)
train, held = (rest[part] for part in stratified_split(labels[rest], fraction=0.25, seed=0))
x_train, y_train, validation = images[train], labels[train], (images[held], labels[held])
print(f"{len(train)} for training, {len(held)} for validation, {len(test)} for the test")

# %% [markdown]
r"""
## Batches

The gradient of 32 images, drawn at random, is an estimate of the gradient of all: right on average,
rough, and much cheaper. Many rough steps get farther than a few exact ones, as you will see below.
In one walk over the data, an *epoch*, each example comes exactly once, the last, shorter batch
included, and each epoch has an order of its own.

### Exercise: batch_indices

`generator()` is lesson 03's: the one source of randomness of the library. If shuffling drew from
anywhere else, `manual_seed` would not make a run repeatable.
"""

# %% nbgrader={"solution": true, "grade_id": "batch-indices"}
#| exporti
def batch_indices(count: int, batch_size: int, shuffle: bool = True) -> list[np.ndarray]:
    """The numbers 0 to count - 1 in pieces of `batch_size`, of which the last may be shorter.

    With `shuffle` they are in an order drawn from `generator()`, else in rising order. Raises
    ValueError, with the value, for a batch_size below 1.

    >>> batch_indices(5, 2, shuffle=False)
    [array([0, 1]), array([2, 3]), array([4])]
    """
    ### BEGIN SOLUTION
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: a batch holds at least one example")
    order = generator().permutation(count) if shuffle else np.arange(count)
    return [order[start:start + batch_size] for start in range(0, count, batch_size)]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-batch-indices", "points": 3}
# Check of batch_indices: run it when your cell has run.
@check
def test_unit_batch_indices():
    cases = [(10, 4), (8, 4), (3, 5), (7, 1)]
    ### BEGIN HIDDEN TESTS
    cases += [(11, 3), (1, 1), (12, 12)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.pieces(batch_indices, *case, "every example once, in order, the last few too")
    checks.no_pieces(batch_indices, 0, -1)

test_unit_batch_indices()

# %% nbgrader={"grade": true, "grade_id": "test-shuffle", "points": 2}
# Check of batch_indices: run it when your cell has run.
@check
def test_unit_shuffle():
    checks.shuffle(batch_indices, manual_seed, count=50, size=8, seed=1)
    ### BEGIN HIDDEN TESTS
    checks.shuffle(batch_indices, manual_seed, count=33, size=5, seed=4)
    ### END HIDDEN TESTS

test_unit_shuffle()

# %%
#| export
def batches(inputs: Any, targets: Any, batch_size: int, shuffle: bool = True) -> Iterator[tuple]:
    """One epoch: every example once, in pairs of Tensors of `batch_size` examples or, last, fewer.

    `inputs` (n, ...) and `targets` (n, ...) are arrays, lists or Tensors. The order comes from
    `generator()`. Raises ValueError for batch_size < 1, no examples, or lengths that differ.
    """
    inputs, targets = examples(inputs, targets, as_tensor)
    pieces = batch_indices(len(inputs), batch_size, shuffle)
    return ((wrap(inputs[piece]), wrap(targets[piece])) for piece in pieces)

# %%
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Sequential
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import SGD, Adam

loss_fn = CrossEntropyLoss()

def train_plainly(model, optimizer, pieces):
    losses = []
    for x, y in pieces:
        optimizer.zero_grad()
        losses.append(loss_fn(model(x), y))
        losses[-1].backward()
        optimizer.step()
    print(f"{len(losses)} updates: loss {losses[-1].item():.2f}")

# %%
ten_epochs = (batch for _ in range(10) for batch in batches(x_train, y_train, batch_size=32))
for pieces in ([(Tensor(x_train), Tensor(y_train))] * 10, ten_epochs):
    manual_seed(0)
    model = Sequential(Linear(64, 64), GELU(), Linear(64, 10))
    train_plainly(model, SGD(model.parameters(), lr=0.5), pieces)

# %% [markdown]
r"""
The same network, the same ten walks over the data, the same optimizer.

## An honest number

A loss is what the optimizer sees; what we want to know is how many images are named correctly. The
network's answer is the class with the largest output. There may be more axes before that of the
classes: a text, for instance, has a class for each of its letters. Where the targets are not class
indices, as in a regression, there is no accuracy, and `None` says so.
"""

# %%
#| export
class Score(NamedTuple):
    """What was measured on some examples: the mean loss, and the accuracy or None."""

    loss: float
    accuracy: float | None

def accuracy(outputs: Tensor, targets: Tensor) -> float | None:
    """The share of targets that the largest output names: outputs (..., classes), targets (...).

    None where the targets are not one class for each row of outputs: where outputs have no axis, or
    their shape without its last axis is not that of the targets.
    """
    if outputs.ndim == 0 or outputs.shape[:-1] != targets.shape:
        return None
    return float(np.mean(outputs.data.argmax(axis=-1) == targets.data))

# %% [markdown]
r"""
### Exercise: combine

Every loss of lesson 04 is the mean over its batch, and the last batch of an epoch may be short. Say
that batches of 32, 32 and 1 have the losses 1, 1 and 5. The mean of these is $(1 + 1 + 5) / 3 =
2.33$, but the mean over the 65 examples is $(32 \cdot 1 + 32 \cdot 1 + 1 \cdot 5) / 65 = 1.06$.
"""

# %% nbgrader={"solution": true, "grade_id": "combine"}
#| exporti
def combine(scores: list[Score], counts: list[int]) -> Score:
    """The score of all examples together, from the scores of parts that hold `counts` examples.

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
# Check of combine: run it when your cell has run.
@check
def test_unit_combine():
    cases = [([(1, 1.0), (5, 0.0)], [3, 1], (2, 0.75)), ([(3, None), (0, 1)], [1, 2], (1, None))]
    ### BEGIN HIDDEN TESTS
    cases += [([(3, 0.0), (0, 1.0), (6, 0.5)], [2, 6, 4], (2.5, 2 / 3)),
              ([(1, 1), (math.nan, None)], [2, 1], (math.nan, None)), ([(4e-5, 0)], [7], (4e-5, 0))]
    ### END HIDDEN TESTS
    for case in cases:
        checks.combine(combine, Score, *case, "weigh each part by its examples")

test_unit_combine()

# %% [markdown]
r"""
### Exercise: evaluating

Dropout switches off a random part of the network, in training only. Measured in training mode, a
network usually looks worse than it is, and no two measurements agree. Write a context manager that
puts it into evaluation mode and gives each part its own mode back at the end, *also when something
fails in between* or somebody presses stop. Its own mode, because some part, a frozen one for
instance, may be in evaluation mode on purpose, and `model.train()` would undo that.
"""

# %% nbgrader={"solution": true, "grade_id": "evaluating"}
#| exporti
@contextmanager
def evaluating(model: Module):
    """In `with evaluating(model):` all its parts are in evaluation mode; after it, as before.

    `model.modules()` lists the parts, itself among them. Nothing but their `training` is changed.

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

# %% nbgrader={"grade": true, "grade_id": "test-evaluating", "points": 3}
# Check of evaluating: run it when your cell has run.
@check
def test_unit_evaluating():
    checks.evaluating(evaluating, Sequential(Linear(5, 16), Sequential(Dropout(0.2))))
    ### BEGIN HIDDEN TESTS
    checks.evaluating(evaluating, Sequential(Sequential(Dropout(0.1), Dropout(0.2))))
    ### END HIDDEN TESTS

test_unit_evaluating()

# %% [markdown]
r"""
### Exercise: evaluate

Three things belong to a measurement: evaluation mode; no record of the operations (`no_grad` is
lesson 01's); and no shuffling, because random numbers that are drawn here would change those of the
training that goes on afterwards.
"""

# %% nbgrader={"solution": true, "grade_id": "evaluate"}
#| export
def evaluate(model: Module, loss_fn: Callable, inputs: Any, targets: Any,
             batch_size: int = 1024) -> Score:
    """The score of `model` on all examples: a plain float for the loss, and the accuracy or None.

    In evaluation mode, without a record or a random number. The model runs once for `batch_size`
    of `inputs` and `targets` (n, ...), so that memory stays bounded, and is left as it was.
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

# %% nbgrader={"grade": true, "grade_id": "test-evaluate", "points": 3}
# Check of evaluate: run it when your cell has run.
@check
def test_unit_evaluate(count, sizes):
    net = Sequential(Linear(5, 16), Dropout(0.5), Linear(16, 3))
    checks.evaluate(evaluate, net, loss_fn, accuracy, Tensor, count, sizes, generator)
    checks.evaluate_ends(evaluate, net, loss_fn, Tensor)

test_unit_evaluate(50, sizes=[1024, 16])
### BEGIN HIDDEN TESTS
test_unit_evaluate(21, sizes=[20, 7, 1])
### END HIDDEN TESTS

# %%
manual_seed(0)
model = Sequential(Linear(64, 128), GELU(), Dropout(0.5), Linear(128, 10))
one_epoch = batches(x_train, y_train, batch_size=32)
train_plainly(model, Adam(model.parameters(), lr=3e-3), one_epoch)
x, y = map(Tensor, validation)
print("in training mode:", *(f"{accuracy(model(x), y):.1%}" for _ in range(3)))
print("evaluate:        ", *(f"{evaluate(model, loss_fn, x, y).accuracy:.1%}" for _ in range(3)))

# %% [markdown]
r"""
## One update

What lesson 05 keeps for the backward pass grows with the batch. If the batch that you want does not
fit into memory, cut it into pieces: gradients add up in `.grad` until they are cleared, so the
pieces' gradients make the gradient of the whole. But each piece's loss is a mean over *that piece*.
With $n_i$ examples in piece $i$ of $N$ in all,

$$L = \sum_i \frac{n_i}{N} L_i \qquad\text{so}\qquad \nabla L = \sum_i \frac{n_i}{N} \nabla L_i$$

Dividing by the number of pieces instead is right only if all are equally long. And memory is saved
only if each piece's graph is used up before the next is built: a sum of all losses keeps them all.

### Exercise: accumulate_gradients
"""

# %% nbgrader={"solution": true, "grade_id": "accumulate-gradients"}
#| exporti
def accumulate_gradients(model: Callable, loss_fn: Callable,
                         group: list[tuple[Tensor, Tensor]]) -> Score:
    """Add to each `.grad` the gradient of the mean loss over all examples of `group`.

    `loss_fn` gives the mean over the examples of a batch. One batch's graph is alive at a time.
    Returns the score of the group, taken from the same outputs.

    >>> pieces = [(x[:20], y[:20]), (x[20:], y[20:])]
    >>> accumulate_gradients(model, loss_fn, pieces)  # as loss_fn(model(x), y).backward()
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
# Check of accumulate_gradients: run it when your cell has run.
@check
def test_unit_accumulate_gradients():
    net, cases = Sequential(Linear(5, 8), GELU(), Linear(8, 3)), [[33], [11, 11, 11], [16, 16, 1]]
    ### BEGIN HIDDEN TESTS
    cases += [[20, 13], [5, 1, 1, 26]]
    ### END HIDDEN TESTS
    for sizes in cases:
        checks.accumulated(accumulate_gradients, net, loss_fn, accuracy, Tensor, sizes)
    checks.memory(accumulate_gradients, net, loss_fn, checks.small_data(Tensor, 200), count=6)

test_unit_accumulate_gradients()

# %% [markdown]
r"""
### Exercise: clip_grad_norm

A single broken example can spoil more than its own update: its gradient may be many times as long
as the others. So limit the length. Take the gradients of *all* parameters as one long vector, of
length $\lVert g \rVert = \sqrt{\sum g_i^2}$, and shorten it where it is too long: its direction
stays. Shortening each parameter's gradient by itself would turn it. The factor is PyTorch's,
$\min(1, \text{max} / (\lVert g \rVert + 10^{-6}))$.

Two traps: squares overflow early, from 256 on in float16 and beyond $1.8 \cdot 10^{19}$ in float32,
so add up in float64. And `nan < 1` is false, so that Python's `min(1, nan)` is 1.
"""

# %% nbgrader={"solution": true, "grade_id": "clip-grad-norm"}
#| export
def clip_grad_norm(parameters: Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor to a joint 2-norm of at most `max_norm`; the norm before.

    Parameters without a gradient are passed over. Sums are taken in float64, gradients keep their
    type. As in PyTorch's `clip_grad_norm_`, an infinite norm makes finite gradients 0 and infinite
    ones nan, and a nan makes all of them nan: look at what is returned. Raises ValueError where
    `max_norm` is negative.

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

# %% nbgrader={"grade": true, "grade_id": "test-clip-grad-norm", "points": 4}
# Check of clip_grad_norm: run it when your cell has run.
@check
def test_unit_clip_grad_norm():
    gradients = [[[3, 0], [0, 4]], [12]]
    cases = [(gradients, 13, 1), (gradients, 13, 20), (gradients, 13, 0), ([-5e-6], 5e-6, 1e-6)]
    ### BEGIN HIDDEN TESTS
    cases += [([[2], [[-3]], [6]], 7, 3.5), ([[0.5], [0.5, 0.5, 0.5]], 1, 2), ([2e-6], 2e-6, 1e-6)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.clip(clip_grad_norm, Tensor, *case, "one factor for all, from the joint length")

test_unit_clip_grad_norm()

# %% nbgrader={"grade": true, "grade_id": "test-clip-extremes", "points": 3}
# Check of clip_grad_norm: run it when your cell has run.
@check
def test_unit_clip_extremes():
    nan, inf = np.nan, np.inf
    cases = [([300] * 4, "float16", 600, [0.5] * 4), ([1e25] * 4, "float32", 2e25, [0.5] * 4),
             ([0, 0], "float32", 0, [0, 0]), ([1, nan], "float32", nan, [nan, nan]),
             ([1, inf], "float64", inf, [0, nan]), ([2] * 4, "bfloat16", 4, [0.5] * 4)]
    ### BEGIN HIDDEN TESTS
    cases += [([nan, 2], "float16", nan, [nan, nan]), ([5e-30] * 4, "float32", 1e-29, [5e-30] * 4)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.clip_extremes(clip_grad_norm, Tensor, *case)

test_unit_clip_extremes()

# %%
for limit in (math.inf, 1.0):
    manual_seed(0)
    net, lengths = Sequential(Linear(64, 64), GELU(), Linear(64, 10)), []
    optimizer = SGD(net.parameters(), lr=0.5)
    for i, (x, y) in zip(range(8), batches(x_train, y_train, batch_size=32)):
        x.data[0] *= 100 if i == 0 else 1
        optimizer.zero_grad()
        loss_fn(net(x), y).backward()
        lengths.append(clip_grad_norm(net.parameters(), limit))
        optimizer.step()
    print(f"limit {limit}: ", *(f"{length:5.2f}" for length in lengths))

# %% [markdown]
r"""
One image of the first batch is a hundred times too bright. These are the lengths before clipping,
so the first is the same in both lines; look at the others.

### Exercise: cosine_lr

A good rate for the beginning is too high for the end, where it makes the weights jump around their
goal. Half a cosine lowers it smoothly. The very beginning is special too: the weights are random,
and the averages that Adam divides by have seen almost nothing. So let the rate grow to its peak
over the first updates, the *warm-up*. With $t$ updates done, $w$ of warm-up, and $T$ in all, it is

$$\eta(t) = \begin{cases} \eta_\text{peak} \, (t + 1) / w & t < w \\
\eta_\text{min} + \tfrac12 (\eta_\text{peak} - \eta_\text{min})
(1 + \cos \pi \frac{t - w}{T - w}) & w \le t < T \\ \eta_\text{min} & t \ge T \end{cases}$$

Without warm-up that is PyTorch's `CosineAnnealingLR` (Loshchilov and Hutter, arXiv:1608.03983),
except that PyTorch's rate goes up again after $T$.
"""

# %% nbgrader={"solution": true, "grade_id": "cosine-lr"}
#| export
def cosine_lr(step: int, peak: float, total_steps: int, warmup_steps: int = 0,
              minimum: float = 0.0) -> float:
    """The rate for the update after `step` others: up to `peak`, then half a cosine to `minimum`.

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

# %% nbgrader={"grade": true, "grade_id": "test-cosine-lr", "points": 4}
# Check of cosine_lr: run it when your cell has run.
@check
def test_unit_cosine_lr():
    cases = [(0, 1, 100, 10, 0.3, 0.1), (10, 1, 100, 10, 0, 1), (25, 1, 100, 0, 0, 0.85355339059),
             (55, 3, 100, 10, 1, 2), (500, 1, 100, 10, 0.2, 0.2), (5, 1, 5, 5, 0.1, 0.1),
             (1, 2, 100, 4, 0.5, 1)]
    ### BEGIN HIDDEN TESTS
    cases += [(1, 0.6, 12, 3, 0, 0.4), (9, 0.6, 12, 3, 0.2, 0.3), (7, 4, 7, 7, 0.5, 0.5),
              (0, 0.9, 12, 3, 0.3, 0.3), (999, 1, 1000, 0, 0, math.sin(math.pi / 2000) ** 2)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.rate(cosine_lr, *case, "which case of the formula is it, and what is each term?")

test_unit_cosine_lr()

# %%
import matplotlib.pyplot as plt

for warmup_steps, minimum in [(0, 0.0), (20, 0.0), (20, 0.1)]:
    rates = [cosine_lr(t, 1.0, 100, warmup_steps, minimum) for t in range(120)]
    plt.plot(rates, label=f"warmup_steps={warmup_steps}, minimum={minimum}")
plt.gca().set(xlabel="updates done", ylabel="rate", title="cosine_lr, peak 1, total_steps=100")
plt.legend()
plt.show()

# %%
#| export
class CosineSchedule(Schedule):
    """Sets every parameter group's `lr` by `cosine_lr`; the group's rate at the start is its peak.

    `CosineSchedule(optimizer, total_steps, warmup_steps=0, minimum=0.0)`. Call `step()` once after
    each update: it counts, and writes the next rates into the optimizer.
    """

    def rate(self, peak: float) -> float:
        return cosine_lr(self.steps, peak, self.total_steps, self.warmup_steps, self.minimum)

# %% nbgrader={"grade": true, "grade_id": "test-cosine-schedule", "points": 2}
# Check of cosine_lr: run it when your cell has run.
@check
def test_unit_cosine_schedule(total, warmup, shares, factor):
    groups = [{"params": Tensor([1.0]), "lr": lr} for lr in (1.0, factor)]
    schedule = CosineSchedule(SGD(groups), total_steps=total, warmup_steps=warmup)
    checks.schedule(schedule, shares, "each group has its own peak")

test_unit_cosine_schedule(4, warmup=2, shares=[0.5, 1, 1, 0.5, 0, 0], factor=0.1)
### BEGIN HIDDEN TESTS
test_unit_cosine_schedule(6, warmup=3, shares=[1 / 3, 2 / 3, 1, 1, 0.75, 0.25, 0], factor=4.0)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: train_step

One update of the weights, from a group of batches, in this order: clear the old gradients,
accumulate the new ones, clip them where a length was given, let the optimizer step, and let the
schedule step. Any optimizer will do that has `zero_grad()` and `step()`.
"""

# %% nbgrader={"solution": true, "grade_id": "train-step"}
#| exporti
class TrainingStep:
    """A model, its optimizer and its loss, and one update of the first by the second."""

    def __init__(self, model: Module, optimizer: Any, loss_fn: Callable, schedule: Any = None,
                 clip_norm: float | None = None, accumulate: int = 1):
        check_settings(clip_norm, accumulate)
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.schedule, self.clip_norm, self.accumulate = schedule, clip_norm, accumulate
        self.steps, self.epoch, self.history = 0, 0, []

    def train_step(self, group: list[tuple[Tensor, Tensor]]) -> Score:
        """One update from all examples of `group`, a list of (inputs, targets); counts in `steps`.

        Returns the group's score from before the update. `schedule` and `clip_norm` may be None.
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

# %% nbgrader={"grade": true, "grade_id": "test-train-step", "points": 4}
# Check of train_step: run it when your cell has run.
@check
def test_unit_train_step(count):
    step, data = checks.small_training(TrainingStep, Linear(5, 3), loss_fn, Tensor, count)
    step.schedule = CosineSchedule(step.optimizer, 8, warmup_steps=4)
    checks.train_step(step, data, evaluate(step.model, loss_fn, *data))

test_unit_train_step(30)
### BEGIN HIDDEN TESTS
test_unit_train_step(50)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-train-step-gradients", "points": 3}
# Check of train_step: run it when your cell has run.
@check
def test_unit_train_step_gradients(count):
    for limit in (None, 0.01, 1.25):
        step, data = checks.small_training(TrainingStep, Linear(5, 3), loss_fn, Tensor, count)
        checks.gradient_met(step, data, limit)

test_unit_train_step_gradients(30)
### BEGIN HIDDEN TESTS
test_unit_train_step_gradients(50)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The trainer

The update is repeated over batches and epochs, and each epoch leaves a row in the history. Read the
two classes below: this is the loop that will train your networks. The data may be arrays, which are
shuffled anew for each epoch, or batches that were prepared elsewhere.
"""

# %%
#| export
def updates_per_epoch(count: int, batch_size: int, accumulate: int = 1) -> int:
    """The updates in an epoch of `count` examples; times the epochs, a schedule's `total_steps`."""
    return math.ceil(math.ceil(count / batch_size) / accumulate)

@dataclass(frozen=True)
class Epoch:
    """A row of the history. `loss` and `accuracy` are of the training examples as they came by, in
    training mode; `lr` is the first rate, `seconds` the time without the validation."""

    epoch: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    lr: float | None
    seconds: float

    def __str__(self) -> str: return line_of(self)

# %%
#| exporti
class TrainingEpoch(TrainingStep):
    """One epoch: an update from every `accumulate` batches, and a measurement."""

    @property
    def lr(self) -> float | None:
        """The first parameter group's rate; None for an optimizer that is not of lesson 06."""
        ours = isinstance(self.optimizer, Optimizer)
        return self.optimizer.param_groups[0]["lr"] if ours else None

    def evaluate(self, inputs: Any, targets: Any) -> Score:
        """The score in evaluation mode; the model comes back in the mode it was in."""
        return evaluate(self.model, self.loss_fn, inputs, targets)

    def train_epoch(self, pieces: Iterable, validation: tuple | None, on_update: Callable) -> Epoch:
        """Train on the batches `pieces`, measure, and add a row to the history."""
        start, lr, scores, counts = time.perf_counter(), self.lr, [], []
        self.model.train()
        for group in grouped(pieces, self.accumulate):
            scores.append(self.train_step(group))
            counts.append(sum(len(inputs) for inputs, _ in group))
            on_update()
        seconds = time.perf_counter() - start
        held = (None, None) if validation is None else self.evaluate(*validation)
        self.epoch += 1
        self.history.append(Epoch(self.epoch, *combine(scores, counts), *held, lr, seconds))
        return self.history[-1]

# %%
#| export
class Trainer(TrainingEpoch, Checkpoints):
    """Trains a model, keeps the history, and stops and goes on at will.

    `Trainer(model, optimizer, loss_fn, schedule=None, clip_norm=None, accumulate=1)`: an update
    takes the gradient of `accumulate` batches, clipped to `clip_norm`. `optimizer` needs `step()`
    and `zero_grad()`, `schedule` needs `step()`; to be saved, both need their `state_dict()` and
    `load_state_dict()`. `epoch` and `steps` count, `history` holds a row for each epoch.
    """

    def fit(self, data: Any, epochs: int, batch_size: int = 32, validation: tuple | None = None,
            progress: bool = False) -> list[Epoch]:
        """Train for `epochs` more epochs, and return the whole history.

        `data` is a tuple (inputs, targets), or an iterable of batches that can be walked once for
        each epoch; `validation` is a tuple. The model is left in training mode. ValueError for no
        examples, lengths that differ, batch_size < 1, epochs < 0; TypeError for what is not a pair.
        """
        count = check_data(data, validation, epochs, batch_size, Tensor)
        updates = epochs * updates_per_epoch(count, 1, self.accumulate)
        with progress_report(progress, updates or None) as (on_update, on_epoch):
            for _ in range(epochs):
                pieces = epoch_of(data, batch_size, batches, as_tensor)
                on_epoch(self.train_epoch(pieces, validation, on_update))
        return self.history

    def state_dict(self) -> dict[str, Any]: return training_state(self)
    def restore(self, state: dict) -> None: restore_training(self, state, generator(), Epoch)

# %% [markdown]
r"""
### Three trainings

Six layers with LayerNorm, Adam, and a high learning rate: at its peak from the first update on, the
same with clipping, and with one epoch of warm-up. The validation part decides among the three.
"""

# %%
def deep_trainer(warmup_steps=17, clip_norm=None, seed=0):
    manual_seed(seed)
    hidden = [layer for _ in range(6) for layer in (Linear(64, 64), LayerNorm(64), GELU())]
    model = Sequential(*hidden, Linear(64, 10))
    optimizer = Adam(model.parameters(), lr=0.05)
    schedule = CosineSchedule(optimizer, 10 * updates_per_epoch(len(x_train), 64), warmup_steps)
    return Trainer(model, optimizer, loss_fn, schedule, clip_norm)

# %%
digits, finished = (x_train, y_train), {}
for name, *choice in [("neither", 0, None), ("clipping", 0, 1.0), ("warm-up", 17, None)]:
    finished[name] = deep_trainer(*choice)
    history = finished[name].fit(digits, 10, batch_size=64, validation=validation)
    line, = plt.semilogy(range(1, 11), [row.loss for row in history], label=f"{name}: training")
    losses = [row.validation_loss for row in history]
    plt.semilogy(range(1, 11), losses, "--", color=line.get_color(), label=f"{name}: validation")
    print(f"{name:8}", history[-1])
plt.gca().set(xlabel="epoch", ylabel="loss")
plt.legend()
plt.show()
best = max(finished, key=lambda name: finished[name].history[-1].validation_accuracy)
score = finished[best].evaluate(images[test], labels[test])
print(f"best on the validation part: {best}; on the test part, measured once: {score.accuracy:.1%}")

# %% [markdown]
r"""
Adam divides by the root of an average of squared gradients. So its first steps are as long as the
learning rate says, for every weight at once, however long the gradient is, and a limit on the
gradient does not do what warm-up does. With warm-up, the training loss ends well below the
validation loss: the network has begun to learn its examples by heart.

## Stopping and going on

A long run will be interrupted one day. The first idea is to save the weights. But then Adam's
averages are lost, and the rate starts over with its warm-up: that is another training, as you will
see below. And one thing more is lost, which belongs to no optimizer.

### Exercise: training_state

Gather all that the rest of a training depends on. Ask of everything that changes while it runs: if
this were lost, would the next update come out differently? Models, optimizers and schedules have a
`state_dict()`; a NumPy generator has its state in `generator().bit_generator.state`.
"""

# %% nbgrader={"solution": true, "grade_id": "training-state"}
#| exporti
def training_state(trainer: Trainer) -> dict[str, Any]:
    """The state of a training, under the names that a trainer's `restore` reads, as copies.

    "model", "optimizer" and "schedule" (None where there is none) are their state_dicts,
    "generator" is the state of the shared random generator, "epoch" and "steps" are counts,
    "history" is a list with a dict for each Epoch.
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

# %% nbgrader={"grade": true, "grade_id": "test-training-state", "points": 7}
# Check of training_state: run it when your cell has run.
@check
def test_unit_training_state(count, seed):
    checks.no_schedule(training_state, deep_trainer())
    later, whole = (deep_trainer(seed=each) for each in (99, seed))
    checks.resumed(training_state, whole, later, (x_train[:count], y_train[:count]), manual_seed)

test_unit_training_state(40, seed=0)
### BEGIN HIDDEN TESTS
test_unit_training_state(30, seed=7)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Into a file

`pickle` could write that dict as it is. But reading a pickle runs whatever code its writer put
there, and checkpoints are files that people pass on. So `save` puts the arrays into NumPy's `.npz`
and the rest beside them, as JSON text: numbers and words, nothing that runs. The new file takes the
old one's name only when it is complete, so that a power failure cannot leave half a file there.
"""

# %%
import tempfile

first = deep_trainer()
first.fit(digits, epochs=5, batch_size=64)
with tempfile.TemporaryDirectory() as folder:
    first.save(f"{folder}/digits.npz")
    resumed = deep_trainer(seed=1)
    resumed.load(f"{folder}/digits.npz")
resumed.fit(digits, epochs=5, batch_size=64)
copied = deep_trainer(seed=2)
copied.model.load_state_dict(first.model.state_dict())
copied.fit(digits, epochs=5, batch_size=64)

# %%
whole = finished["warm-up"]
for name, rows in [("in one go   ", whole.history), ("checkpoint  ", resumed.history),
                   ("weights only", first.history + copied.history)]:
    print(name, "training loss:", *(f"{row.loss:.2f}" for row in rows))
pairs = zip(whole.model.parameters(), resumed.model.parameters())
same = all(np.array_equal(a.data, b.data) for a, b in pairs)
print("from the checkpoint, every weight is the same as in one go:", same)

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. 1,437 examples in batches of 32, 4 batches to an update, 10 epochs: how many updates does a
   schedule have to last? (`updates`)
2. Three parameters have gradients of length 2, 3 and 6. Clipped to `max_norm=1`, what length is
   left of the second? (`length_left`)
3. A schedule with peak 0.1, minimum 0.02, 100 warm-up steps of 1,100: what is the rate after 600
   updates? (`rate_halfway`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-training"}
### BEGIN SOLUTION
updates = 10 * 12
length_left = 3 / 7
rate_halfway = 0.06
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-training", "points": 4}
# Check of the questions: run it when your cell has run.
@check
def test_question_training():
    assert updates == 10 * updates_per_epoch(1437, 32, 4), (
        f"updates is {updates}: how many groups of 4 batches has an epoch, short ones included?")
    weights = checks.with_gradients(Tensor, [[2.0], [3.0], [6.0]])
    clip_grad_norm(weights, 1.0)
    assert abs(length_left - weights[1].grad.item()) < 5e-3, (
        f"length_left is {length_left}: how long are the three as one vector?")
    assert abs(rate_halfway - cosine_lr(600, 0.1, 1100, 100, 0.02)) < 1e-6, (
        f"rate_halfway is {rate_halfway}: how much of the way down is done?")

test_question_training()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-nan", "points": 2}
r"""
**In your own words:** after 200 updates the loss of your network is nan. In which order would you
look at which of this lesson's tools, and what would each tell you?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Batches, an honest evaluation, an update that is clipped and scheduled, and a trainer that can stop
after any epoch. `tito module complete 07` puts them into `tinytorch.core.training`.
"""
