"""What mixed precision answers to input that is wrong or odd: an error in words with nothing changed, or a result."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.operations.check import HALVES
from tinytorch.core.layers import Linear, manual_seed
from tinytorch.core.losses import BCEWithLogitsLoss, CrossEntropyLoss
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import MixedPrecisionTrainer
from tinytorch.optimization.precision import GradScaler, autocast

X, Y = (Tensor(np.random.default_rng(i).normal(size=(4, n)).astype(np.float32)) for i, n in enumerate((3, 2)))


def ones(*shape, dtype="float32"):
    return Tensor(np.ones(shape), dtype=dtype)


@pytest.fixture
def trainer():
    manual_seed(0)
    net = Linear(3, 2)
    return MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1))


def state(trainer):
    """All that a step may change."""
    weights = [p.data.tobytes() for p in trainer.model.parameters()]
    return weights, [p.grad for p in trainer.model.parameters()], trainer.loss_scale, trainer.scaler.growth_tracker


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        ((ones(4, 5), Y), ValueError, r"linear wants x of shape \(..., 3\).*got \(4, 5\)"),
        ((ones(), Y), ValueError, r"linear wants x of shape \(..., 3\).*got \(\)"),
        ((X, ones(4, 5)), ValueError, r"prediction has shape \(4, 2\) and target \(4, 5\)"),
        ((X, ones(2)), ValueError, r"prediction has shape \(4, 2\) and target \(2,\)"),
        ((np.ones((4, 3), complex), Y), TypeError, "a Tensor holds real numbers, got complex128"),
        ((X, np.array([["a", "b"]])), TypeError, "a Tensor holds real numbers, got <U1"),
        (X, TypeError, r"a batch of two, \(inputs, targets\), got a Tensor"),
        (ones(2, 3), TypeError, "got a Tensor"),
        ((X, Y, Y), TypeError, "got 3 things"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_nothing_has_changed(trainer, batch, error, words):
    before = state(trainer)
    with pytest.raises(error, match=words):
        trainer.train_step(batch)
    assert state(trainer) == before


@pytest.mark.parametrize(
    ("x", "y"),
    [(ones(3), ones(2)), (X, ones(4, 2, dtype="int64")), (ones(4, 3, dtype="int64"), Y), (X, ones(4, 2, dtype="bool")),
     (X.data, Y.data), (ones(4, 3, dtype="float64"), Y), (ones(4, 3, dtype="float16"), ones(4, 2, dtype="bfloat16"))],
    ids=["one example", "whole targets", "whole inputs", "truths", "arrays", "float64", "halves"],
)  # fmt: skip
def test_odd_batches_train(trainer, x, y):
    metrics = trainer.train_step((x, y))
    assert metrics["gradients_valid"] and math.isfinite(metrics["loss"])
    assert all(p.dtype == p.grad.dtype == np.float32 for p in trainer.model.parameters())


def test_an_empty_batch_is_refused(trainer):
    with pytest.raises(ValueError, match="an empty batch has no mean"):
        trainer.train_step((ones(0, 3), ones(0, 2)))


@pytest.mark.parametrize(
    ("loss_fn", "targets", "words"),
    [
        (CrossEntropyLoss(), np.array([0.5, 0, 1, 1]), r"target 0.5 at \[0\] is not a class"),
        (CrossEntropyLoss(), np.array([0, 1, 2, 1]), r"target 2 at \[2\] is not a class: wanted a whole number"),
        (CrossEntropyLoss(), Y[:, :1], r"need targets \(4,\)"),
        (lambda out, y: out - y, Y, r"a Tensor of shape \(4, 2\), wanted a Tensor with a single number: reduce it"),
        (lambda out, y: 3.0, Y, "gave a float, wanted a Tensor"),
        (lambda out, y: None, Y, "gave a NoneType, wanted a Tensor"),
    ],
)
def test_a_loss_that_cannot_be_had_or_is_not_one_number_is_refused_and_nothing_has_changed(
    trainer, loss_fn, targets, words
):
    trainer.loss_fn = loss_fn
    trainer.model.weight.grad = kept = ones(3, 2)
    before = state(trainer)
    with pytest.raises(ValueError, match=words):
        trainer.train_step((X, targets))
    assert state(trainer) == before and trainer.model.weight.grad is kept


def test_whole_targets_serve_where_they_belong(trainer):
    for loss_fn, targets in [(CrossEntropyLoss(), np.array([0, 1, 1, 0])), (BCEWithLogitsLoss(), np.ones((4, 2), int))]:
        trainer.loss_fn = loss_fn
        assert trainer.train_step((X, targets))["gradients_valid"]


class Frozen:
    def __call__(self, x):
        return x * 2

    def parameters(self):
        return []


def test_a_model_without_parameters_takes_no_step_and_says_so():
    trainer = MixedPrecisionTrainer(Frozen(), SGD([ones(1)], lr=0.1))
    with pytest.warns(UserWarning, match="no step was taken: the model's output does not depend on its parameters"):
        metrics = trainer.train_step((Y, Y))
    assert (metrics["gradients_valid"], metrics["overflow"], metrics["loss_scale"]) == (False, False, 1024.0)


@pytest.mark.parametrize("model", [lambda x: x, 3, None])
def test_what_lists_no_parameters_is_no_model(model):
    with pytest.raises(TypeError, match=f"{type(model).__name__} object is not a model: a model can be called"):
        MixedPrecisionTrainer(model, None)


@pytest.mark.parametrize("half", HALVES)
def test_half_precision_parameters_are_refused_before_they_move(half):
    net = Linear(3, 2)
    for p in net.parameters():
        p.data = Tensor(p.data).astype(half).data
    trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1), dtype=half)
    before = [p.data.tobytes() for p in net.parameters()]
    with pytest.raises(ValueError, match=rf"cannot unscale {half} gradients: keep the model's parameters in float32"):
        trainer.train_step((X, Y))
    assert [p.data.tobytes() for p in net.parameters()] == before
    assert (trainer.loss_scale, trainer.scaler.growth_tracker) == (1024.0, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
def test_what_is_no_half_is_refused(dtype):
    net = Linear(3, 2)
    with pytest.raises(ValueError, match="float16 or bfloat16"):
        MixedPrecisionTrainer(net, None, dtype=dtype)
    with pytest.raises(ValueError, match="float16 or bfloat16"), autocast(dtype):
        raise AssertionError("entered")


@pytest.mark.parametrize("dtype", ["complex64", "halff", "M8[s]"])
def test_what_no_tensor_holds_is_refused(dtype):
    with pytest.raises(TypeError, match=dtype.partition("[")[0].replace("M8", "datetime64")):
        MixedPrecisionTrainer(Linear(3, 2), None, dtype=dtype)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_a_scale_that_makes_no_sense_is_refused(scale):
    for make in (GradScaler, lambda scale: MixedPrecisionTrainer(Linear(3, 2), None, loss_scale=scale)):
        with pytest.raises(ValueError, match="a loss scale is a number above 0"):
            make(scale)


@pytest.mark.parametrize("loss", [3.0, np.float32(3), np.ones(2), None])
def test_only_a_tensor_can_be_scaled(loss):
    with pytest.raises(TypeError, match=f"wants the loss as a Tensor, for its graph; got a {type(loss).__name__}"):
        GradScaler().scale(loss)


def test_a_state_of_something_else_is_refused_and_changes_nothing():
    scaler = GradScaler(init_scale=8.0)
    before = scaler.state_dict()
    for name, value in [("scale", 0.0), ("scale", math.nan), ("growth_interval", 0), ("backoff_factor", 2.0)]:
        with pytest.raises(ValueError, match=f"needed, got .*{value}|above 0, got {value}"):
            scaler.load_state_dict({**before, name: value})
    for wrong in ({}, {"scale": 4.0, "_growth_tracker": 1}):
        with pytest.raises(ValueError, match="not the state of an enabled GradScaler: it has no .*growth_interval"):
            scaler.load_state_dict(wrong)
    assert scaler.state_dict() == before
