"""What the checks of the lesson on training share: each asks one of the learner's functions about a case.

`idea` is what the sentence of a failed comparison ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, unchanged, yields_once
from tinytorch.support.memory import allocated_bytes

CLASSES = (-2, 1, 4)
NAMES = ("model", "optimizer", "schedule", "generator", "epoch", "steps", "history")
NONE = "an accuracy of None is missing, one of 0 is not: what has the whole?"

# ---- data


def split(function: Callable, counts: Sequence[int], fraction: float, wanted: list[int], idea: str) -> None:
    """Of classes of `counts` members `function(labels, fraction, seed)` takes `wanted` for its second part."""
    labels = np.random.default_rng(0).permutation(np.repeat(CLASSES[: len(counts)], counts))
    asked = f"stratified_split of classes of {list(counts)} with fraction {fraction}"
    with unchanged(asked, "labels are only read", labels=labels), explained(asked, "a class may have any label"):
        first, second = (np.asarray(part) for part in function(labels, fraction, seed=1))
    together = sorted([*first.tolist(), *second.tolist()])
    assert together == list(range(len(labels))), (
        f"{asked} gave {len(first)} and {len(second)} indices of {len(labels)}: each belongs to exactly one part"
    )
    rising = all(np.all(np.diff(part) > 0) for part in (first, second))
    assert rising, f"{asked} gave parts that are not sorted: both are wanted in rising order"
    got = [int(np.sum(labels[second] == label)) for label in CLASSES[: len(counts)]]
    assert got == wanted, f"{asked} put {got} of the classes into the second part, wanted {wanted}: {idea}"
    words = [f"class {label}" for label in labels]
    with explained(f"{asked}, the labels being words", "a class may have any label"):
        got = len(function(words, fraction, seed=1)[1])
    equal(f"{asked}, the labels being words: the length of the second part", got, sum(wanted), idea)


def draw(function: Callable, generator: Callable[[], np.random.Generator]) -> None:
    """`function` draws with a generator of its own, made from the seed once, and touches no other source of chance."""
    labels = np.repeat([0, 1], 40)
    state, old = generator().bit_generator.state, np.random.get_state()[1].copy()
    first, again, other = (np.asarray(function(labels, 0.5, seed)[1]) for seed in (1, 1, 2))
    assert np.array_equal(first, again), "the same seed gave two different splits: make a generator from the seed"
    assert not np.array_equal(first, other), "seeds 1 and 2 gave the same split: draw which members go, at random"
    alike = np.array_equal(first[first < 40], first[first >= 40] - 40)
    assert not alike, "two classes of 40 gave the same members, by place: draw for all classes from one generator"
    runs = sum(np.diff(first[first < 40]) > 1) + 1
    assert runs > 3, f"20 of 40 members were neighbours, in {runs} run(s): draw each of them at random"
    untouched = generator().bit_generator.state == state and np.array_equal(np.random.get_state()[1], old)
    assert untouched, "the split changed a generator that others draw from: use one of its own, made from the seed"


def pieces(batch_indices: Callable, count: int, size: int, idea: str) -> None:
    """In order, `batch_indices(count, size, shuffle=False)` counts from 0 on, the last piece included."""
    wanted = [list(range(i, min(i + size, count))) for i in range(0, count, size)]
    asked = f"batch_indices({count}, {size}, shuffle=False)"
    got = outcome(asked, lambda: batch_indices(count, size, shuffle=False), idea)
    kinds = [type(got).__name__, *{f"{type(piece).__name__} of {np.asarray(piece).dtype.kind}" for piece in got}]
    equal(f"{asked}: its kind, and that of its pieces", kinds, ["list", "ndarray of i"], "arrays of whole numbers")
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
    beside = np.mean(np.diff(first) == 1)
    assert beside < 0.3, f"{beside:.0%} of a shuffled epoch came right after their neighbours: draw an order of all"
    moved = np.mean(np.abs(np.subtract(first, range(count))))
    assert moved > count / 6, f"a shuffled epoch moved its examples by {moved:.1f} places: draw an order of all"
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
    scores, given = [score(*part) for part in parts], list(counts)
    try:
        got = function(scores, given)
    except TypeError as error:
        raise AssertionError(f"{asked} failed: {NONE}") from error
    kept = (len(scores), given) == (len(parts), list(counts))
    assert kept, f"{asked} left {len(scores)} scores and the counts {given}: its arguments are only read"
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
    for *modes, ending in product(*[(True, False)] * len(parts), (None, ValueError, KeyboardInterrupt, SystemExit)):
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode
        inside = _modes_inside(function, model, ending)
        assert not any(inside), f"inside the block the parts have the modes {inside}: one of them is still training"
        after, end = [part.training for part in parts], f"in a {ending.__name__}" if ending else "well"
        assert after == modes, (
            f"the parts had the modes {modes} before, and {after} after a block that ended {end}: each should have its "
            "own mode back"
        )
    parts[-1].training = True
    before = [part.training for part in parts]
    with function(model):
        with function(model):
            pass
        inside = [part.training for part in parts]
        recorded = [(p * 1.0).requires_grad for p in model.parameters()]
    assert not any(inside), f"after a block inside the block the parts have the modes {inside}, wanted evaluation"
    after = [part.training for part in parts]
    equal("the modes after a block with another inside it", after, before, "each block keeps modes of its own")
    assert all(recorded), "in the block operations are not recorded: modes change there and nothing else"


def _modes_inside(function: Callable, model: Any, ending: type[BaseException] | None) -> list[bool]:
    try:
        with function(model):
            inside = [part.training for part in model.modules()]
            if ending is not None:
                raise ending("while the model is measured")
        assert ending is None, "an error in the block was swallowed: whoever measures should hear of it"
    except (ValueError, KeyboardInterrupt, SystemExit):
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
    sizes: list[int],
    generator: Callable,
) -> None:
    """`function` gives the score of the model in evaluation mode, with no trace left, in batches of each of `sizes`."""
    for size in sizes:
        _evaluate(function, model, loss_fn, accuracy, tensor, count, size, generator)


def _evaluate(
    function: Callable,
    model: Any,
    loss_fn: Callable,
    accuracy: Callable,
    tensor: Callable,
    count: int,
    size: int,
    generator: Callable,
) -> None:
    sizes, recorded, met = [], [], []

    def watched(outputs: Any, targets: Any) -> Any:
        sizes.append(len(outputs))
        recorded.append(outputs.requires_grad)
        met.extend(targets.data.tolist())
        return loss_fn(outputs, targets)

    x, y = small_data(tensor, count)
    outputs = model.eval()(x)
    wanted = loss_fn(outputs, y).item(), accuracy(outputs, y)
    modes = _frozen(model)
    for p in model.parameters():
        p.grad = p.detach()
    state = generator().bit_generator.state
    asked = f"evaluate on {count} examples with batch_size {size}"
    with runs_of(model) as runs:
        got = outcome(asked, lambda: function(model, watched, x, y, batch_size=size), "what does combine take?")
    assert isinstance(got, tuple), f"{asked} gave {got!r:.60}, wanted a Score"
    assert isinstance(got.loss, float), f"{asked} gave a loss that is a {type(got.loss).__name__}, wanted a plain float"
    idea = "is dropout off, and does every example count the same?"
    close(f"{asked}: the score (loss, accuracy)", got, wanted, idea, rtol=1e-4)
    after = [part.training for part in model.modules()]
    equal(f"{asked}: the modes of the parts after it", after, modes, "the network, or a part, had another before")
    assert all(p.grad is not None for p in model.parameters()), f"{asked} cleared the gradients: it only measures"
    same = generator().bit_generator.state == state
    assert same, f"{asked} drew random numbers: what shuffles here, or drops out?"
    assert not any(recorded), f"{asked} kept a record of the operations: nobody will ask for this gradient"
    full = [size] * (count // size) + [count % size] * (count % size > 0)
    assert sizes == full, f"{asked} took batches of {sizes}, wanted {full}: one batch at a time bounds the memory"
    once = len(runs) == len(full)
    assert once, f"{asked} ran the model {len(runs)} times, wanted {len(full)}: loss and accuracy of the same outputs"
    equal(f"{asked}: the targets that the loss met", met, y.data.tolist(), "in order, without shuffling")


def _frozen(model: Any) -> list[bool]:
    """Put all parts of a model into training mode but the first inside it, which is frozen; the modes."""
    model.train().modules()[1].eval()
    return [part.training for part in model.modules()]


@contextmanager
def runs_of(model: Any) -> Iterator[list[bool]]:
    """In the block, a list that gets an entry each time the model is run: whether it was in training mode."""
    runs: list[bool] = []

    class Counted(type(model)):
        def forward(self, x: Any) -> Any:
            runs.append(self.training)
            return super().forward(x)

    kind, model.__class__ = type(model), Counted
    try:
        yield runs
    finally:
        model.__class__ = kind


def _squares(outputs: Any, targets: Any) -> Any:
    return ((outputs - targets) * (outputs - targets)).mean()


def evaluate_ends(function: Callable, model: Any, loss_fn: Callable, tensor: Callable) -> None:
    """Targets that are no classes have no accuracy, a stop leaves all as it was, and outputs do not pile up."""
    x, y = small_data(tensor, 10_000)
    asked, few = "evaluate with targets that are not classes", x[:20]
    got = outcome(asked, lambda: function(model, _squares, few, model(few)), "accuracy says so with None")
    equal(f"{asked}: the accuracy", got.accuracy, None, "accuracy says so with None")
    got = outcome("evaluate of arrays", lambda: function(model, loss_fn, few.data, y.data[:20]), "arrays will do, too")
    close("evaluate of arrays: the score", got, function(model, loss_fn, few, y[:20]), "as of tensors")

    def stopped(outputs: Any, targets: Any) -> Any:
        raise KeyboardInterrupt

    modes = _frozen(model)
    try:
        function(model, stopped, few, y[:20])
    except KeyboardInterrupt:
        pass
    after = [part.training for part in model.modules()], (next(iter(model.parameters())) * 1.0).requires_grad
    equal(
        "modes, and whether operations are recorded, after a stopped evaluate", after, (modes, True), "both as before"
    )
    one, many = (allocated_bytes(lambda n=n: function(model, loss_fn, x[:n], y[:n], 1000)) for n in (1000, 10_000))
    assert many < 1.7 * one, (
        f"evaluate of 10 batches took {many:,} bytes at one time, of one {one:,}: are outputs kept that nobody needs?"
    )
    sizes: list[int] = []
    function(model, lambda outputs, targets: sizes.append(len(outputs)) or loss_fn(outputs, targets), x, y, 10_000)
    equal("evaluate with batch_size 10000: the batches", sizes, [10_000], "as many at a time as are asked for")


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
    asked, losses = f"{len(x)} examples as {sizes}", []

    def counted(outputs: Any, targets: Any) -> Any:
        losses.append(len(outputs))
        return loss_fn(outputs, targets)

    for times in (1, 2):
        with runs_of(model) as runs:
            score = outcome(
                asked, partial(function, model, counted, group), "whose is backward(), and what has a score?"
            )
        trained = runs and all(runs) and model.training
        assert trained, (
            f"{asked}: the model was not in training mode while it ran, or after: its mode is not changed here"
        )
        assert len(losses) == times * len(group), (
            f"{asked}: the loss was computed {len(losses)} times, wanted once for each of {times * len(group)} batches"
        )
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
    got = outcome(
        "a group of no classes", lambda: function(model, _squares, [(x, model(x).detach())]), "accuracy is None"
    )
    equal("a group whose targets are not classes: the accuracy", got.accuracy, None, "accuracy says so with None")
    broken = [*group, (x[:1] * np.nan, y[:1])]
    lost = function(model, loss_fn, broken).loss, float(model.parameters()[0].grad.data.sum())
    close(f"{asked} and one of nan: the loss and a gradient", lost, (np.nan, np.nan), "no batch is left out")


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
        wanted = np.array(gradient) * min(1, limit / (length + 1e-6))
        close(f"{asked}: the clipped gradient", weight.grad, wanted, idea)
        assert not weight.grad.requires_grad, (
            f"{asked}: a gradient that requires a gradient came out: numbers are enough"
        )
    assert weights[-1].grad is None, f"{asked}: a parameter without a gradient has got one"
    with explained("clip_grad_norm of parameters without gradients", "what is the length of nothing?"):
        equal("clip_grad_norm of parameters without gradients", function(weights[-1:], limit), 0.0)


def clip_extremes(
    function: Callable, tensor: Callable, gradient: list[float], dtype: str, length: float, wanted: list[float]
) -> None:
    """The same for one gradient of a type and size, or of numbers that are not finite, clipped to 1."""
    asked = f"clip_grad_norm of {gradient} in {dtype} to 1"
    weight, other = with_gradients(tensor, [gradient], dtype)
    with explained(asked, "what is divided by where all are 0, and what does the docstring say of nan?"):
        norm = function([weight, other], 1.0)
    close(asked, norm, length, "add up in float64, and let a nan show", rtol=1e-3)
    close(f"{asked}: the clipped gradient", weight.grad, wanted, "as PyTorch, see the docstring", rtol=1e-3)
    typed(f"{asked}: the clipped gradient", weight.grad, dtype, "gradients keep their type")
    assert other.grad is None, f"{asked}: a parameter without a gradient has got one"


def rate(
    function: Callable, step: int, peak: float, total: int, warmup: int, minimum: float, wanted: float, idea: str
) -> None:
    """The learning rate at this step is the wanted one."""
    asked = f"cosine_lr(step={step}, peak={peak}, total_steps={total}, warmup_steps={warmup}, minimum={minimum})"
    with explained(asked, "has the way down any steps?"):
        got = function(step, peak, total, warmup, minimum)
    close(asked, got, wanted, idea, rtol=1e-9)


def small_training(kind: Callable, model: Any, loss_fn: Callable, tensor: Callable, count: int) -> tuple[Any, tuple]:
    """A `kind` of training for a Linear(5, 3), with a watched optimizer, and examples for it."""
    return kind(model, WatchedDescent(model.parameters(), lr=0.1), loss_fn), small_data(tensor, count)


class WatchedDescent:
    """Plain gradient descent that notes, at each step, the length of the gradient and the rate that it meets."""

    def __init__(self, parameters: list[Any], lr: float):
        self.parameters = parameters
        self.param_groups = [{"params": parameters[:1], "lr": lr}]  # for the schedule, which sets rates there
        self.seen: list[tuple[float, float]] = []

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        lr, found = self.param_groups[0]["lr"], [p for p in self.parameters if p.grad is not None]
        self.seen.append((float(np.linalg.norm([np.linalg.norm(p.grad.data) for p in found])), lr))
        for p in found:
            p.data -= lr * p.grad.data


def train_step(training: Any, data: tuple, wanted: Any) -> None:
    """Two updates with a schedule of rates 0.025, then 0.05, and one without; the first returns `wanted`."""
    training.schedule = SimpleNamespace(step=training.schedule.step)
    with runs_of(training.model) as runs:
        score = _stepped(training, data)
    equal("the runs of the model in a train_step of 3 batches", len(runs), 3, "once for each batch")
    assert score is not None, f"train_step returned None, wanted the group's score, {tuple(wanted)}"
    close("train_step", score, wanted, "return the group's score from before the update", rtol=1e-4)
    _stepped(training, data)
    assert training.steps == 2, f"after two updates steps is {training.steps}, wanted 2: it counts updates"
    rates = [round(lr, 6) for _, lr in training.optimizer.seen]
    assert len(rates) == 2, f"in two updates the optimizer stepped {len(rates)} times, wanted once in each"
    in_turn = np.allclose(rates, [0.025, 0.05])
    assert in_turn, f"the updates ran at the rates {rates}, wanted 0.025 and 0.05: the schedule steps last, and once"
    training.schedule, watched = None, training.optimizer
    training.optimizer = SimpleNamespace(zero_grad=watched.zero_grad, step=watched.step)  # all that one has to have
    _stepped(training, data)
    assert training.steps == 3, f"after a third update, without a schedule, steps is {training.steps}, wanted 3"
    others = training.epoch, training.history
    equal("after three updates, epoch and history", others, (0, []), "an update is counted in steps alone")
    data[0].data[:] = np.nan
    _stepped(training, data)
    seen = len(watched.seen), training.steps
    equal(
        "after a fourth update whose loss is nan, the optimizer's steps and `steps`", seen, (4, 4), "it is no exception"
    )


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
        group = [(x[:20], y[:20]), (x[20:25], y[20:25]), (x[25:], y[25:])]
        score = training.train_step(group)
    equal("the batches that are left in the group after a train_step", len(group), 3, "the group is only read")
    return score


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
    trainer.schedule, trainer.epoch, trainer.steps = None, 3, 7
    with explained("training_state of a trainer without a schedule", "None belongs in its place"):
        state = saved(trainer)
        counts = state["epoch"], state["steps"]
        equal("without a schedule, the state's schedule", state["schedule"], None, "None belongs in its place")
    equal("without a schedule, the state's epoch and steps", counts, (3, 7), "the trainer's own counts")


def _copied(saved: Callable[[Any], dict], trainer: Any) -> dict:
    """The state of a trainer, after another one was emptied, which changes neither the trainer nor the next state."""
    modes = [part.training for part in trainer.model.modules()]
    first, second = saved(trainer), saved(trainer)
    equal("training_state: its names", sorted(first), sorted(NAMES), "the names that restore reads")
    kinds = {name: type(first[name]).__name__ for name in ("model", "optimizer", "schedule", "generator")}
    equal("training_state: what is under four of its names", kinds, dict.fromkeys(kinds, "dict"), "states, not objects")
    text = repr(second)
    assert repr(first) == text, "training_state asked twice gave two states: what it asks must change nothing"
    _emptied(first)
    assert repr(saved(trainer)) == text, (
        "the training changed when a state of it was emptied: something was kept as the object itself, not as a copy"
    )
    after = [part.training for part in trainer.model.modules()]
    assert after == modes, "training_state changed the modes of the model: it only reads"
    return second


def _emptied(value: Any) -> None:
    """Write 0 over the arrays in nested dicts and lists, and empty these."""
    if isinstance(value, np.ndarray):
        value[...] = 0
    elif isinstance(value, (dict, list)):
        for part in list(value.values() if isinstance(value, dict) else value):
            _emptied(part)
        value.clear()


def resumed(saved: Callable[[Any], dict], whole: Any, later: Any, data: tuple, manual_seed: Callable) -> None:
    """A training saved after two epochs, and taken over by another trainer, goes on as if it had never stopped."""
    whole.fit(data, epochs=2, batch_size=8)
    state, steps = _copied(saved, whole), whole.steps
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
    times = [[row.seconds for row in trainer.history[:2]] for trainer in (later, whole)]
    equal("after going on, the seconds of the first two epochs", *times, "keep all of the row of every epoch")
