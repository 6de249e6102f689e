"""What the checks of the lesson on training share: each asks one of the learner's functions about a case.

`idea` is what the sentence of a failed comparison ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, yields_once
from tinytorch.support.memory import allocated_bytes

CLASSES = (-2, 1, 4)
NONE = "an accuracy of None is missing, one of 0 is not: what has the whole?"

# ---- data


def split(function: Callable, counts: Sequence[int], fraction: float, wanted: list[int], idea: str) -> None:
    """Of classes of `counts` members `function(labels, fraction, seed)` takes `wanted` for its second part."""
    labels = np.random.default_rng(0).permutation(np.repeat(CLASSES[: len(counts)], counts))
    asked = f"stratified_split of classes of {list(counts)} with fraction {fraction}"
    first, second = (np.asarray(part) for part in function(labels, fraction, seed=1))
    together = sorted([*first.tolist(), *second.tolist()])
    assert together == list(range(len(labels))), (
        f"{asked} gave {len(first)} and {len(second)} indices of {len(labels)}: each belongs to exactly one part"
    )
    rising = all(np.all(np.diff(part) > 0) for part in (first, second))
    assert rising, f"{asked} gave parts that are not sorted: both are wanted in rising order"
    got = [int(np.sum(labels[second] == label)) for label in CLASSES[: len(counts)]]
    assert got == wanted, f"{asked} put {got} of the classes into the second part, wanted {wanted}: {idea}"


def draw(function: Callable, generator: Callable[[], np.random.Generator]) -> None:
    """`function` draws with a generator of its own, made from the seed once, and touches no other source of chance."""
    labels = np.repeat([0, 1], 40)
    state, old = generator().bit_generator.state, np.random.get_state()[1].copy()
    first, again, other = (np.asarray(function(labels, 0.5, seed)[1]) for seed in (1, 1, 2))
    assert np.array_equal(first, again), "the same seed gave two different splits: make a generator from the seed"
    assert not np.array_equal(first, other), "seeds 1 and 2 gave the same split: draw which members go, at random"
    alike = np.array_equal(first[first < 40], first[first >= 40] - 40)
    assert not alike, "two classes of 40 gave the same members, by place: draw for all classes from one generator"
    untouched = generator().bit_generator.state == state and np.array_equal(np.random.get_state()[1], old)
    assert untouched, "the split changed a generator that others draw from: use one of its own, made from the seed"


def pieces(batch_indices: Callable, count: int, size: int, idea: str) -> None:
    """In order, `batch_indices(count, size, shuffle=False)` counts from 0 on, the last piece included."""
    wanted = [list(range(i, min(i + size, count))) for i in range(0, count, size)]
    asked = f"batch_indices({count}, {size}, shuffle=False)"
    got = outcome(asked, lambda: batch_indices(count, size, shuffle=False), idea)
    equal(asked, [np.asarray(piece).tolist() for piece in got], wanted, idea)


def no_pieces(batch_indices: Callable, *sizes: int) -> None:
    """Sizes below 1 are refused."""
    for size in sizes:
        call, idea = partial(batch_indices, 10, size), "say what is wrong, with the value"
        raises(f"batch_size={size}", call, ValueError, "batch_size", str(size), idea=idea)


def shuffle(batch_indices: Callable, manual_seed: Callable, count: int, size: int, seed: int) -> None:
    """Shuffled pieces hold each number once, in an order that `manual_seed` repeats and that is new each time."""
    manual_seed(seed)
    pieces, second = batch_indices(count, size), np.concatenate(batch_indices(count, size)).tolist()
    first = np.concatenate(pieces).tolist()
    once = sorted(first) == list(range(count))
    assert once, f"a shuffled epoch should hold each of {count} examples once, this one held {first}"
    assert first != list(range(count)), "shuffle=True left the order as it was"
    mixed = any(np.any(np.diff(piece) < 0) for piece in pieces) and any(np.ptp(piece) >= size for piece in pieces)
    assert mixed, "batches were shuffled, but not the examples among them: draw an order of all the numbers"
    assert first != second, "two epochs came in the same order: draw a new one for each"
    manual_seed(seed)
    again = np.concatenate(batch_indices(count, size)).tolist()
    assert first == again, f"after manual_seed({seed}) the order was another one: draw it from generator()"
    manual_seed(seed)
    batch_indices(count, size, shuffle=False)
    again = np.concatenate(batch_indices(count, size)).tolist()
    assert first == again, "with shuffle=False it drew random numbers: draw only where the order is asked for"


# ---- numbers


def combine(
    function: Callable, score: Callable, parts: list[tuple], counts: list[int], wanted: tuple, idea: str
) -> None:
    """`function(scores, counts)` is the score of all examples."""
    asked = f"combine of parts with losses and accuracies {parts} and {counts} examples"
    try:
        got = function([score(*part) for part in parts], counts)
    except TypeError as error:
        raise AssertionError(f"{asked} failed: {NONE}") from error
    assert isinstance(got, score), f"{asked} gave {got!r:.60}, wanted a {score.__name__}"
    close(f"{asked}: the loss", got.loss, wanted[0], idea)
    if wanted[1] is None or got.accuracy is None:
        equal(f"{asked}: the accuracy", got.accuracy, wanted[1], NONE)
    else:
        close(f"{asked}: the accuracy", got.accuracy, wanted[1], idea)


def evaluating(function: Callable, model: Any) -> None:
    """In the block all parts of the model are in evaluation mode; after it, however it ends, in the modes before it."""
    yields_once("evaluating(model)", partial(function, model))
    parts = model.modules()
    for *modes, ending in product(*[(True, False)] * len(parts), (None, ValueError, KeyboardInterrupt)):
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode
        inside = _modes_inside(function, model, ending)
        assert not any(inside), f"inside the block the parts have the modes {inside}: one of them is still training"
        after, end = [part.training for part in parts], f"in a {ending.__name__}" if ending else "well"
        assert after == modes, (
            f"the parts had the modes {modes} before, and {after} after a block that ended {end}: each should have its "
            "own mode back"
        )


def _modes_inside(function: Callable, model: Any, ending: type[BaseException] | None) -> list[bool]:
    try:
        with function(model):
            inside = [part.training for part in model.modules()]
            if ending is not None:
                raise ending("while the model is measured")
        assert ending is None, "an error in the block was swallowed: whoever measures should hear of it"
    except (ValueError, KeyboardInterrupt):
        pass
    return inside


def small_data(tensor: Callable, count: int) -> tuple[Any, Any]:
    """Inputs (count, 5), and one of three classes for each."""
    rng = np.random.default_rng(count)
    return tensor(5 * rng.normal(size=(count, 5)).astype(np.float32)), tensor(rng.integers(0, 3, count))


def evaluate(
    function: Callable,
    model: Any,
    loss_fn: Callable,
    accuracy: Callable,
    tensor: Callable,
    count: int,
    size: int,
    generator: Callable,
) -> None:
    """`function` gives the score of the model in evaluation mode, with no trace left, in batches of `size`."""
    sizes, recorded = [], []

    def watched(outputs: Any, targets: Any) -> Any:
        sizes.append(len(outputs))
        recorded.append(outputs.requires_grad)
        return loss_fn(outputs, targets)

    x, y = small_data(tensor, count)
    outputs = model.eval()(x)
    wanted = loss_fn(outputs, y).item(), accuracy(outputs, y)
    model.train()
    state = generator().bit_generator.state
    asked = f"evaluate on {count} examples with batch_size {size}"
    got = outcome(asked, lambda: function(model, watched, x, y, batch_size=size), "what does combine take?")
    assert isinstance(got, tuple), f"{asked} gave {got!r:.60}, wanted a Score"
    assert isinstance(got.loss, float), f"{asked} gave a loss that is a {type(got.loss).__name__}, wanted a plain float"
    idea = "is dropout off, and does every example count the same?"
    close(f"{asked}: the score (loss, accuracy)", got, wanted, idea, rtol=1e-4)
    assert model.training, f"{asked} left the network in evaluation mode"
    same = generator().bit_generator.state == state
    assert same, f"{asked} drew random numbers: what shuffles here, or drops out?"
    assert not any(recorded), f"{asked} kept a record of the operations: nobody will ask for this gradient"
    full = [size] * (count // size) + [count % size] * (count % size > 0)
    assert sizes == full, f"{asked} took batches of {sizes}, wanted {full}: one batch at a time bounds the memory"


# ---- one update


def accumulated(
    function: Callable, model: Any, loss_fn: Callable, accuracy: Callable, tensor: Callable, sizes: list[int]
) -> None:
    """Examples in pieces of `sizes` give the gradients, and the score, of the whole batch."""
    x, y = small_data(tensor, sum(sizes))
    model.zero_grad()
    outputs = model(x)
    loss = loss_fn(outputs, y)
    loss.backward()
    whole = [p.grad.data for p in model.parameters()]
    model.zero_grad()
    edges = [0, *np.cumsum(sizes)]
    group = [(x[a:b], y[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    asked = f"{len(x)} examples as {sizes}"
    for times in (1, 2):
        score = outcome(asked, partial(function, model, loss_fn, group), "whose is backward(), and what has a score?")
        plain = isinstance(score.loss, float)
        assert plain, f"{asked}: the score has a loss that is a {type(score.loss).__name__}, wanted a plain float"
        for (name, p), gradient in zip(model.named_parameters(), whole, strict=True):
            assert p.grad is not None, f"{asked}: {name} has no gradient: call backward() once for each batch"
            off = np.abs(p.grad.data - times * gradient).max() / np.abs(times * gradient).max()
            ideas = {"once": "what does a piece weigh?", "twice": "is it added to what was there?"}
            often, idea = list(ideas.items())[times - 1]
            assert off < 1e-4, f"{asked}, accumulated {often}: the gradient of {name} is off by {off:.1%}: {idea}"
    wanted = loss.item(), accuracy(outputs, y)
    close(f"{asked}: the score (loss, accuracy)", score, wanted, "score the plain loss of the same outputs", rtol=1e-4)


def memory(accumulate: Callable, model: Any, loss_fn: Callable, batch: tuple, count: int) -> None:
    """`count` batches need hardly more memory at one time than one does, and the model runs once for each."""
    runs: list[int] = []

    def counted(inputs: Any) -> Any:
        runs.append(len(inputs))
        return model(inputs)

    accumulate(counted, loss_fn, [batch] * count)
    once = len(runs) == count
    assert once, f"for {count} batches the model ran {len(runs)} times, wanted once for each: score the same outputs"
    one, many = (allocated_bytes(partial(accumulate, model, loss_fn, [batch] * n)) for n in (1, count))
    assert many < 2 * one, (
        f"{count} batches took {many:,} bytes at one time, one of them {one:,}: is each one's graph used up before the "
        "next one is built?"
    )


def with_gradients(tensor: Callable, gradients: list[Any], dtype: str = "float32") -> list[Any]:
    """Parameters that have these gradients, and one that has none."""
    weights = [tensor(np.zeros(np.shape(g)), dtype=dtype, requires_grad=True) for g in gradients]
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = tensor(gradient, dtype=dtype)
    return [*weights, tensor([1.0], requires_grad=True)]


def clip(function: Callable, tensor: Callable, gradients: list[Any], length: float, limit: float, idea: str) -> None:
    """`function(parameters, limit)` returns the joint length, and scales all gradients alike where that is longer."""
    asked = f"clip_grad_norm of {gradients} to {limit}"
    weights = with_gradients(tensor, gradients)
    norm = function(iter(weights), limit)
    assert isinstance(norm, float), f"{asked} returned a {type(norm).__name__}, wanted a plain float"
    close(asked, norm, length, "it returns the joint length before clipping")
    for weight, gradient in zip(weights, gradients, strict=False):
        close(f"{asked}: the clipped gradient", weight.grad, np.array(gradient) * min(1, limit / length), idea)
    assert weights[-1].grad is None, f"{asked}: a parameter without a gradient has got one"


def clip_extremes(
    function: Callable, tensor: Callable, gradient: list[float], dtype: str, length: float, wanted: list[float]
) -> None:
    """The same for one gradient of a type and size, or of numbers that are not finite, clipped to 1."""
    asked = f"clip_grad_norm of {gradient} in {dtype} to 1"
    weight, other = with_gradients(tensor, [gradient], dtype)
    with explained(asked, "what is divided by where all are 0?"):
        norm = function([weight, other], 1.0)
    close(asked, norm, length, "add up in float64, and let a nan show", rtol=1e-3)
    close(f"{asked}: the clipped gradient", weight.grad, wanted, "as PyTorch, see the docstring", rtol=1e-3)
    typed(f"{asked}: the clipped gradient", weight.grad, dtype, "gradients keep their type")


def rate(
    function: Callable, step: int, peak: float, total: int, warmup: int, minimum: float, wanted: float, idea: str
) -> None:
    """The learning rate at this step is the wanted one."""
    asked = f"cosine_lr(step={step}, peak={peak}, total_steps={total}, warmup_steps={warmup}, minimum={minimum})"
    with explained(asked, "has the way down any steps?"):
        got = function(step, peak, total, warmup, minimum)
    close(asked, got, wanted, idea, atol=1e-6)


def small_training(kind: Callable, model: Any, loss_fn: Callable, tensor: Callable, count: int) -> tuple[Any, tuple]:
    """A `kind` of training for a Linear(5, 3), with a watched optimizer, and examples for it."""
    return kind(model, WatchedDescent(model.parameters(), lr=0.1), loss_fn), small_data(tensor, count)


class WatchedDescent:
    """Plain gradient descent that notes, at each step, the length of the gradient and the rate that it meets."""

    def __init__(self, parameters: list[Any], lr: float):
        self.param_groups = [{"params": parameters, "lr": lr}]
        self.seen: list[tuple[float, float]] = []

    def zero_grad(self) -> None:
        for p in self.param_groups[0]["params"]:
            p.grad = None

    def step(self) -> None:
        lr, found = self.param_groups[0]["lr"], [p for p in self.param_groups[0]["params"] if p.grad is not None]
        self.seen.append((float(np.linalg.norm([np.linalg.norm(p.grad.data) for p in found])), lr))
        for p in found:
            p.data -= lr * p.grad.data


def train_step(training: Any, data: tuple, wanted: Any) -> None:
    """Two updates with a schedule of rates 0.025, then 0.05, and one without; the first returns `wanted`."""
    score = _stepped(training, data)
    assert score is not None, f"train_step returned None, wanted the group's score, {tuple(wanted)}"
    close("train_step", score, wanted, "return the group's score from before the update", rtol=1e-4)
    _stepped(training, data)
    assert training.steps == 2, f"after two updates steps is {training.steps}, wanted 2: it counts updates"
    rates = [round(lr, 6) for _, lr in training.optimizer.seen]
    assert len(rates) == 2, f"in two updates the optimizer stepped {len(rates)} times, wanted once in each"
    in_turn = np.allclose(rates, [0.025, 0.05])
    assert in_turn, f"the updates ran at the rates {rates}, wanted 0.025 and 0.05: the schedule steps last, and once"
    training.schedule = None
    _stepped(training, data)
    assert training.steps == 3, f"after a third update, without a schedule, steps is {training.steps}, wanted 3"


def gradient_met(training: Any, data: tuple, limit: float | None) -> None:
    """The optimizer meets this group's gradient alone, as long as it is, or clipped to `limit`."""
    training.clip_norm = limit
    for p in training.model.parameters():
        p.grad = type(p)(np.full(p.shape, 1e6, np.float32))
    _stepped(training, data)
    length = training.optimizer.seen[0][0]
    if limit is None:
        assert length < 1e3, f"the optimizer met a gradient of length {length:.2g}: old gradients were still there"
        assert length > 0.1, (
            f"without a clip_norm the optimizer met a gradient of length {length:.2g}: the gradients must be there, "
            "unclipped, when it steps"
        )
    else:
        idea = "clip between the gradients and the update"
        close(f"clip_norm {limit}: the gradient that the optimizer met", length, limit, idea, rtol=1e-2)


def _stepped(training: Any, data: tuple) -> Any:
    x, y = data
    clip, schedule = training.clip_norm, "no" if training.schedule is None else "a"
    with explained(f"train_step with clip_norm={clip} and {schedule} schedule", "either of the two may be None"):
        return training.train_step([(x[:20], y[:20]), (x[20:], y[20:])])


def schedule(scheduled: Any, shares: list[float], idea: str) -> None:
    """After each of its steps the rates of the optimizer's groups are these shares of their peaks."""
    for step, share in enumerate(shares):
        rates = [group["lr"] for group in scheduled.optimizer.param_groups]
        wanted = [share * peak for peak in scheduled.peaks]
        close(f"after {step} steps the rates of peaks {scheduled.peaks}", rates, wanted, idea, atol=1e-12)
        scheduled.step()


# ---- going on


def no_schedule(saved: Callable[[Any], dict], trainer: Any) -> None:
    """The state of a trainer without a schedule has None in its place."""
    trainer.schedule = None
    with explained("training_state of a trainer without a schedule", "None belongs in its place"):
        got = saved(trainer)["schedule"]
    equal("without a schedule, the state's schedule", got, None, "None belongs in its place")


def resumed(saved: Callable[[Any], dict], whole: Any, later: Any, data: tuple, manual_seed: Callable) -> None:
    """A training saved after two epochs, and taken over by another trainer, goes on as if it had never stopped."""
    whole.fit(data, epochs=2, batch_size=8)
    state, steps = saved(whole), whole.steps
    whole.fit(data, epochs=2, batch_size=8)
    manual_seed(5)
    with explained("going on from the state", "what belongs under each name, and in which form?"):
        later.load_state_dict(state)
    counts = later.epoch, later.steps
    assert counts == (2, steps), f"after going on, epoch and steps are {counts}, wanted {(2, steps)}"
    later.fit(data, epochs=2, batch_size=8)
    idea = "was something that changes in training not kept, or kept as the object itself, not as a copy?"
    for (name, a), b in zip(whole.model.named_parameters(), later.model.parameters(), strict=True):
        close(f"two epochs after going on, {name}", b, a.data, idea, rtol=0)
    rows, wanted = ([(row.epoch, row.loss, row.lr) for row in trainer.history] for trainer in (later, whole))
    told = f"the history has {len(rows)} rows, {rows}, wanted {len(wanted)}, {wanted}"
    assert rows == wanted, f"{told}: keep the row of every epoch"
