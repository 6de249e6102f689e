"""Training: batches, honest numbers, one update, the schedule, and checkpoints from which a run goes on."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Module, Sequential, generator, manual_seed
from tinytorch.core.losses import CrossEntropyLoss, MSELoss
from tinytorch.core.optimizers import SGD, Adam, AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import (
    CosineSchedule,
    Score,
    Trainer,
    accumulate_gradients,
    accuracy,
    batch_indices,
    batches,
    clip_grad_norm,
    combine,
    cosine_lr,
    evaluate,
    load_digits,
    stratified_split,
    updates_per_epoch,
)
from tinytorch.support import data

RNG = np.random.default_rng(0)
X, CLASSES = RNG.normal(size=(50, 6)).astype(np.float32), RNG.integers(0, 3, 50)
LOSS = CrossEntropyLoss()


def network(dropout=0.3):
    return Sequential(Linear(6, 16), LayerNorm(16), GELU(), Dropout(dropout), Linear(16, 3))


def make(kind="adam", seed=0, schedule=True, **settings):
    """A trainer whose run depends on everything: dropout, shuffling, averages, a schedule."""
    manual_seed(seed)
    net = network()
    optimizer = {
        "sgd": lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True), "adam": lambda p: Adam(p, lr=0.02),
        "adamw": lambda p: AdamW(p, lr=0.02, weight_decay=0.1),
    }[kind](net.parameters())  # fmt: skip
    course = CosineSchedule(optimizer, 40, warmup_steps=5) if schedule else None
    return Trainer(net, optimizer, LOSS, course, **settings)


def weights(trainer):
    return [p.data.copy() for p in trainer.model.parameters()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


# ---- batches


@pytest.mark.parametrize(("count", "size"), [(10, 4), (8, 4), (3, 5), (7, 1), (1, 1)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_holds_each_example_once_the_last_batch_included(count, size, shuffle):
    pieces = batch_indices(count, size, shuffle)
    assert sorted(np.concatenate(pieces)) == list(range(count))
    assert [len(p) for p in pieces] == [size] * (count // size) + [count % size] * (count % size > 0)
    assert len(pieces) == updates_per_epoch(count, size)


def test_batches_pair_inputs_with_targets_and_keep_types():
    x, y = np.arange(20, dtype=np.float16).reshape(10, 2), np.arange(10)
    for inputs, targets in batches(x, y, 3):
        assert inputs.dtype == np.float16 and targets.dtype == np.int64
        assert np.array_equal(inputs.data[:, 0], 2 * targets.data)
    shuffled = list(batches(x, y, 10))[0][1].data
    assert sorted(shuffled) == list(range(10))


def test_a_seed_repeats_the_order_and_the_next_epoch_has_another():
    manual_seed(5)
    first, second = np.concatenate(batch_indices(40, 8)), np.concatenate(batch_indices(40, 8))
    manual_seed(5)
    assert np.array_equal(first, np.concatenate(batch_indices(40, 8)))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("inputs", "targets", "size", "words"),
    [(np.zeros((3, 2)), np.zeros(4), 2, "must be equally long"), (np.zeros((0, 2)), np.zeros(0), 2, "no examples"),
     (np.zeros((3, 2)), np.zeros(3), 0, "batch_size is 0"), (np.float32(1), np.zeros(1), 1, "first axes")],
)  # fmt: skip
def test_batches_of_nothing_are_refused(inputs, targets, size, words):
    with pytest.raises(ValueError, match=words):
        batches(inputs, targets, size)


def test_a_stratified_split_draws_within_each_class():
    labels = np.repeat([0, 1, 2], [40, 20, 10])
    train, test = stratified_split(labels, 0.2, seed=0)
    assert sorted([*train, *test]) == list(range(70))
    assert np.bincount(labels[test]).tolist() == [8, 4, 2]
    assert np.array_equal(test, stratified_split(labels, 0.2, seed=0)[1])
    assert not np.array_equal(test, stratified_split(labels, 0.2, seed=1)[1])


# ---- numbers


def test_scores_are_weighed_by_their_examples():
    assert combine([Score(1.0, 1.0), Score(4.0, 0.0)], [2, 1]) == (2.0, pytest.approx(2 / 3))
    assert combine([Score(1.0, None), Score(4.0, 0.5)], [1, 1]) == (2.5, None)


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_evaluate_does_not_depend_on_its_batches_nor_on_the_mode(size):
    manual_seed(0)
    net = network()
    whole = net.eval()(Tensor(X))
    wanted = LOSS(whole, CLASSES).item(), np.mean(whole.data.argmax(-1) == CLASSES)
    for mode in (True, False):
        net.train(mode)
        state = generator().bit_generator.state
        assert np.allclose(evaluate(net, LOSS, X, CLASSES, size), wanted, atol=1e-5)
        assert net.training is mode and generator().bit_generator.state == state


def test_accuracy_is_none_where_targets_are_no_classes():
    outputs = Tensor(np.eye(3))
    assert accuracy(outputs, Tensor(np.array([0, 1, 0]))) == pytest.approx(2 / 3)
    assert accuracy(outputs, outputs) is None
    assert accuracy(Tensor(1.0), Tensor(1.0)) is None


def test_the_lessons_example_of_a_mean_of_means():
    assert round(np.mean([1, 1, 5]), 2) == 2.33
    assert round(combine([Score(1.0, None), Score(1.0, None), Score(5.0, None)], [32, 32, 1]).loss, 2) == 1.06


# ---- one update


def test_squares_overflow_where_the_lesson_says_and_min_overlooks_nan():
    with np.errstate(over="ignore"):
        squares = [np.float16(x) ** 2 for x in (255.875, 256)] + [np.float32(x) ** 2 for x in (1.8e19, 1.9e19)]
    assert np.isfinite(squares).tolist() == [True, False, True, False]
    assert min(1, math.nan) == 1


@pytest.mark.parametrize("sizes", [[50], [25, 25], [20, 20, 10], [1, 49], [16, 16, 16, 2]])
@pytest.mark.parametrize("loss_fn", [LOSS, MSELoss()])
def test_accumulated_gradients_are_those_of_the_whole_batch(sizes, loss_fn):
    manual_seed(0)
    net = network(dropout=0.0)
    targets = Tensor(CLASSES) if loss_fn is LOSS else Tensor(np.eye(3, dtype=np.float32)[CLASSES])
    loss = loss_fn(net(Tensor(X)), targets)
    loss.backward()
    whole = [p.grad.data for p in net.parameters()]
    net.zero_grad()
    edges = np.cumsum([0, *sizes])
    group = [(Tensor(X[a:b]), targets[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    score = accumulate_gradients(net, loss_fn, group)
    assert np.isclose(score.loss, loss.item(), rtol=1e-5)
    for p, wanted in zip(net.parameters(), whole, strict=True):
        assert np.allclose(p.grad.data, wanted, rtol=1e-4, atol=1e-6)


def test_training_with_accumulation_is_training_on_larger_batches():
    large, small = (make("sgd", schedule=False, accumulate=n) for n in (1, 4))
    for trainer in (large, small):
        trainer.model = network(dropout=0.0)
        trainer.model.load_state_dict(large.model.state_dict())
        trainer.optimizer = SGD(trainer.model.parameters(), lr=0.1)
    for trainer, size in ((large, 20), (small, 5)):
        manual_seed(1)
        trainer.fit((X, CLASSES), epochs=3, batch_size=size)
    assert large.steps == small.steps == 9
    for a, b in zip(weights(large), weights(small), strict=True):
        assert np.allclose(a, b, atol=1e-5)
    assert np.allclose([r.loss for r in large.history], [r.loss for r in small.history], atol=1e-5)


@pytest.mark.parametrize("limit", [0.0, 0.1, 1.0, 1e3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping_is_pytorchs(limit, dtype):
    rng = np.random.default_rng(0)
    found = [rng.normal(size=shape).astype(dtype) for shape in [(3, 4), (5,), ()]]
    ours = [Tensor(np.zeros_like(g), requires_grad=True) for g in found] + [Tensor([1.0], requires_grad=True)]
    theirs = [torch.zeros(g.shape, dtype=getattr(torch, dtype), requires_grad=True) for g in found]
    for p, q, g in zip(ours, theirs, found, strict=False):
        p.grad, q.grad = Tensor(g), torch.tensor(g)
    norm, wanted = clip_grad_norm(iter(ours), limit), torch.nn.utils.clip_grad_norm_(theirs, limit).item()
    assert math.isclose(norm, wanted, rel_tol=1e-6)
    for p, q in zip(ours, theirs, strict=False):
        assert p.grad.dtype == dtype and np.allclose(p.grad.data, q.grad.numpy(), rtol=1e-6)
    assert ours[-1].grad is None


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_clipping_what_is_not_finite_is_pytorchs_too(bad):
    g = np.array([1.0, bad, -2.0])
    p, q = Tensor(np.zeros(3), requires_grad=True), torch.zeros(3, dtype=torch.float64, requires_grad=True)
    p.grad, q.grad = Tensor(g), torch.tensor(g)
    norm, wanted = clip_grad_norm(p, 1.0), torch.nn.utils.clip_grad_norm_([q], 1.0).item()
    assert norm == wanted or (math.isnan(norm) and math.isnan(wanted))
    assert np.array_equal(p.grad.data, q.grad.numpy(), equal_nan=True)


def test_clipping_leaves_the_unclipped_array_to_whoever_holds_it():
    p = Tensor([0.0, 0.0], requires_grad=True)
    p.grad = Tensor([3.0, 4.0])
    held = p.grad.data
    clip_grad_norm(p, 1.0)
    assert held.tolist() == [3, 4] and np.allclose(p.grad.data, [0.6, 0.8])


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="a length is not negative"):
        clip_grad_norm([], -1.0)


# ---- the schedule


@pytest.mark.parametrize("total", [1, 7, 50])
@pytest.mark.parametrize("minimum", [0.0, 0.01])
def test_the_cosine_is_pytorchs_until_its_end(total, minimum):
    peer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    course = torch.optim.lr_scheduler.CosineAnnealingLR(peer, total, eta_min=minimum)
    optimizer = SGD([Tensor([0.0], requires_grad=True)], lr=0.3)
    schedule = CosineSchedule(optimizer, total, minimum=minimum)
    for _ in range(total):
        assert math.isclose(optimizer.param_groups[0]["lr"], peer.param_groups[0]["lr"], rel_tol=1e-9, abs_tol=1e-12)
        peer.step()
        course.step()
        schedule.step()
    for _ in range(3):
        assert optimizer.param_groups[0]["lr"] == minimum
        schedule.step()


def test_warm_up_rises_to_the_peak_in_so_many_updates():
    rates = [cosine_lr(t, 0.4, 10, warmup_steps=4) for t in range(5)]
    assert np.allclose(rates, [0.1, 0.2, 0.3, 0.4, 0.4])
    assert cosine_lr(3, 1.0, 4, warmup_steps=4) == 1.0 and cosine_lr(4, 1.0, 4, warmup_steps=4) == 0.0


def test_each_group_has_its_own_peak():
    a, b = (Tensor([0.0], requires_grad=True) for _ in range(2))
    optimizer = SGD([{"params": [a], "lr": 1.0}, {"params": [b], "lr": 0.1}])
    schedule = CosineSchedule(optimizer, 10)
    for _ in range(5):
        schedule.step()
    assert np.allclose([g["lr"] for g in optimizer.param_groups], [0.5, 0.05])


@pytest.mark.parametrize("settings", [(0,), (5, 6), (5, -1), (5, 0, -0.1), (5, 0, 2.0)])
def test_schedules_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError):
        CosineSchedule(SGD([Tensor([0.0], requires_grad=True)], lr=1.0), *settings)


# ---- the trainer


def test_fit_learns_keeps_the_history_and_leaves_training_mode():
    trainer = make(schedule=False)
    history = trainer.fit((X, CLASSES), epochs=12, batch_size=8, validation=(X, CLASSES))
    assert history is trainer.history and [row.epoch for row in history] == list(range(1, 13))
    assert (trainer.epoch, trainer.steps) == (12, 12 * 7)
    assert history[-1].loss < 0.8 * history[0].loss and history[-1].validation_accuracy > history[0].validation_accuracy
    assert trainer.model.training
    assert trainer.fit((X, CLASSES), epochs=0) is history and len(history) == 12
    assert len(trainer.fit((X, CLASSES), epochs=1)) == 13


def test_validation_does_not_change_the_course_of_the_training():
    with_it, without = make(), make()
    manual_seed(3)
    with_it.fit((X, CLASSES), epochs=3, batch_size=8, validation=(X[:20], CLASSES[:20]))
    manual_seed(3)
    without.fit((X, CLASSES), epochs=3, batch_size=8)
    assert same(weights(with_it), weights(without))


def test_the_digits_can_be_taken_from_here_too():
    assert load_digits is data.load_digits


def test_the_same_seed_gives_the_same_training():
    runs = []
    for _ in range(2):
        trainer = make(seed=4)
        trainer.fit((X, CLASSES), epochs=2, batch_size=8)
        runs.append(weights(trainer))
    assert same(*runs)


def test_fit_takes_ready_batches_and_a_foreign_optimizer():
    class Plain:
        def __init__(self, params):
            self.params = params

        def zero_grad(self):
            for p in self.params:
                p.grad = None

        def step(self):
            for p in self.params:
                p.data = p.data - 0.1 * p.grad.data

    manual_seed(0)
    net = network()
    trainer = Trainer(net, Plain(net.parameters()), LOSS)
    ready = [(X[:25], CLASSES[:25]), (X[25:], CLASSES[25:])]
    history = trainer.fit(ready, epochs=5)
    assert trainer.steps == 10 and history[0].lr is None and history[-1].loss < history[0].loss


def test_an_epoch_without_batches_says_what_to_do():
    trainer = make()
    once = (pair for pair in [(X, CLASSES)])
    with pytest.raises(ValueError, match="no batches: a generator can be walked once only"):
        trainer.fit(once, epochs=2)


def test_settings_of_a_trainer_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="accumulate is 0"):
        make(accumulate=0)
    for limit in (0, -1, float("nan")):
        with pytest.raises(ValueError, match=f"clip_norm is {limit}: the length to clip to is above 0, or None"):
            make(clip_norm=limit)
    with pytest.raises(ValueError, match="epochs is -1"):
        make().fit((X, CLASSES), epochs=-1)
    with pytest.raises(ValueError, match="must be equally long"):
        make().fit((X, CLASSES), epochs=1, validation=(X, CLASSES[:3]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (X, "the training data should be a pair .inputs, targets., got one ndarray: write fit"),
        (Tensor(X), "the training data should be a pair .inputs, targets., got one Tensor"),
        ((X, CLASSES, CLASSES), "the training data should be a pair .inputs, targets., got 3 parts"),
        ([X, CLASSES], "a batch of the training data should be a pair .inputs, targets., got one ndarray"),
        ([(X,)], "a batch of the training data should be a pair .inputs, targets., got 1 parts"),
    ],
)  # fmt: skip
def test_data_that_is_no_pair_is_refused(data, words):
    with pytest.raises(TypeError, match=words):
        make().fit(data, 1)
    with pytest.raises(TypeError, match="validation should be a pair .inputs, targets., got one ndarray"):
        make().fit((X, CLASSES), 1, validation=X)


def test_progress_is_a_line_for_each_epoch_where_there_is_no_terminal(capsys):
    make().fit((X, CLASSES), epochs=2, progress=True, validation=(X, CLASSES))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("epoch   1: loss") and "validation loss" in lines[1]
    make().fit((X, CLASSES), epochs=1)
    assert capsys.readouterr().out == ""


# ---- checkpoints


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("schedule", [False, True])
def test_a_run_goes_on_from_its_checkpoint_bit_for_bit(kind, schedule, tmp_path):
    settings = {"schedule": schedule, "clip_norm": 1.0, "accumulate": 2}
    straight = make(kind, **settings)
    straight.fit((X, CLASSES), epochs=5, batch_size=8)
    first = make(kind, **settings)
    first.fit((X, CLASSES), epochs=2, batch_size=8)
    first.save(tmp_path / "run.npz")
    first.fit((X, CLASSES), epochs=1, batch_size=8)  # what is saved does not go on changing
    manual_seed(999)
    second = make(kind, seed=77, **settings)
    second.load(tmp_path / "run.npz")
    assert (second.epoch, second.steps) == (2, 8)
    second.fit((X, CLASSES), epochs=3, batch_size=8)
    assert same(weights(straight), weights(second))
    rows = [[(r.epoch, r.loss, r.accuracy, r.lr) for r in t.history] for t in (straight, second)]
    assert rows[0] == rows[1]


def saved(tmp_path):
    trainer = make()
    trainer.fit((X, CLASSES), epochs=1, batch_size=16)
    trainer.save(tmp_path / "run.npz")
    return tmp_path / "run.npz", (tmp_path / "run.npz").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_checkpoint_that_was_cut_short_is_refused_and_changes_nothing(share, tmp_path):
    path, content = saved(tmp_path)
    path.write_bytes(content[: int(share * len(content))])
    trainer = make(seed=5)
    before, state = weights(trainer), generator().bit_generator.state
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        trainer.load(path)
    assert same(before, weights(trainer)) and trainer.epoch == 0
    assert generator().bit_generator.state == state


def test_a_checkpoint_with_a_flipped_bit_is_refused(tmp_path):
    path, content = saved(tmp_path)
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda info: info.file_size)
    at = largest.header_offset + 200
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        make().load(path)


def test_a_checkpoint_of_another_model_or_without_a_schedule_is_refused_whole(tmp_path):
    path, _ = saved(tmp_path)
    manual_seed(1)
    other = Sequential(Linear(6, 8), Linear(8, 3))
    optimizer = Adam(other.parameters())
    foreign = Trainer(other, optimizer, LOSS, CosineSchedule(optimizer, 10))
    plain = make(schedule=False)
    for trainer, words in ((foreign, "the state does not fit"), (plain, "with a schedule, this trainer has none")):
        before, state = weights(trainer), generator().bit_generator.state
        with pytest.raises(ValueError, match=words):
            trainer.load(path)
        assert same(before, weights(trainer)) and generator().bit_generator.state == state


def test_another_optimizer_is_refused_after_the_model_was_restored_and_that_is_undone(tmp_path):
    path, _ = saved(tmp_path)
    trainer = make("sgd", seed=8)
    before = weights(trainer)
    with pytest.raises(ValueError, match="another kind of optimizer"):
        trainer.load(path)
    assert same(before, weights(trainer)) and (trainer.epoch, trainer.history) == (0, [])


def test_a_file_that_the_package_wrote_before_checkpoints_were_a_module_of_their_own_goes_on():
    """tests/training/data/checkpoint_1.npz holds two epochs of this run, and the losses are those of its next two."""
    rng = np.random.default_rng(0)
    examples = rng.normal(size=(20, 3)).astype(np.float32), rng.integers(0, 2, 20)
    net = Sequential(Linear(3, 4), LayerNorm(4), GELU(), Dropout(0.3), Linear(4, 2))
    optimizer = AdamW(net.parameters(), lr=0.05, weight_decay=0.1)
    trainer = Trainer(net, optimizer, LOSS, CosineSchedule(optimizer, 20, warmup_steps=3), clip_norm=1.0)
    trainer.load(Path(__file__).parent / "data" / "checkpoint_1.npz")
    assert (trainer.epoch, trainer.steps, trainer.lr) == (2, 6, pytest.approx(0.04625542839))
    history = trainer.fit(examples, epochs=2, batch_size=8)
    losses = [0.7020954966545105, 0.5918633460998535, 0.6393058776855469, 0.5933080315589905]
    assert np.allclose([row.loss for row in history], losses, rtol=1e-5)
    assert history[0].validation_loss == 0.6167987585067749 and history[3].lr == pytest.approx(0.03614345889)


def test_parameters_in_half_precision_are_saved_too(tmp_path):
    class Half(Module):
        def __init__(self):
            self.weight = Tensor([1.0, 2.0], dtype="bfloat16", requires_grad=True)

    net = Half()
    trainer = Trainer(net, SGD(net.parameters()), LOSS)
    trainer.save(tmp_path / "half.npz")
    net.weight.data[:] = 0
    trainer.load(tmp_path / "half.npz")
    assert net.weight.dtype.name == "bfloat16" and net.weight.data.tolist() == [1, 2]
