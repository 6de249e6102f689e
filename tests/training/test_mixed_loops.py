"""The trainer's parts in a loop of one's own: clipping, accumulation, several optimizers, a saved state, the trace."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.operations.check import HALVES, properties
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import clip_grad_norm
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu
from tinytorch.optimization.precision import GradScaler, autocast

RNG = np.random.default_rng(0)
X, Y = (Tensor(RNG.normal(size=(16, n)).astype(np.float32)) for n in (6, 3))
ULP = {"float16": 2.0**-9, "bfloat16": 2.0**-6}


def network():
    manual_seed(0)
    return Sequential(Linear(6, 8), fused_gelu, Linear(8, 3))


def numbers(net):
    return np.concatenate([p.data.ravel() for p in net.parameters()])


def scaled_backward(trainer, x, y, share=1.0):
    with autocast(trainer.dtype):
        loss = mse_loss(trainer.model(x), y) * share
    trainer.scale_loss(loss).backward()


def float32_gradients(net):
    mse_loss(net(X), Y).backward()
    return [p.grad.data for p in net.parameters()]


@pytest.mark.parametrize("half", HALVES)
def test_clipping_between_unscaling_and_the_step_clips_the_gradients_themselves(half):
    net = network()
    trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=1.0), loss_scale=4096.0, dtype=half)
    before = numbers(net)
    scaled_backward(trainer, X, Y)
    assert trainer.unscale_gradients(net.parameters())
    norm = clip_grad_norm(net.parameters(), 0.01)
    trainer.optimizer.step()
    trainer.update_loss_scale()
    whole = np.concatenate([g.ravel() for g in float32_gradients(network())])
    assert math.isclose(norm, np.linalg.norm(whole), rel_tol=4 * ULP[half])
    assert math.isclose(np.linalg.norm(before - numbers(net)), 0.01, rel_tol=1e-3)
    assert (trainer.loss_scale, trainer.steps_since_last_scale_update) == (4096.0, 1)


@pytest.mark.parametrize("half", HALVES)
def test_gradients_accumulated_over_two_halves_of_a_batch_are_unscaled_once(half):
    net = network()
    trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=1.0), dtype=half)
    for part in (slice(0, 8), slice(8, 16)):
        scaled_backward(trainer, X[part], Y[part], 0.5)
    assert trainer.unscale_gradients(net.parameters())
    for p, wanted in zip(net.parameters(), float32_gradients(network()), strict=True):
        assert np.linalg.norm(p.grad.data - wanted) < 4 * ULP[half] * np.linalg.norm(wanted)


@pytest.mark.parametrize("bad", [0, 1])
def test_of_two_networks_with_an_optimizer_each_only_the_one_that_overflowed_skips(bad):
    nets = [network(), network()]
    optimizers = [Adam(net.parameters(), lr=0.01) for net in nets]
    scaler = GradScaler(init_scale=1024.0)
    before = [numbers(net) for net in nets]
    with autocast("float16"), np.errstate(over="ignore", invalid="ignore"):
        losses = [mse_loss(net(X * (1e5 if i == bad else 1.0)), Y) for i, net in enumerate(nets)]
    with np.errstate(over="ignore", invalid="ignore"):
        scaler.scale(losses[0] + losses[1]).backward()
    assert [scaler.step(optimizer) for optimizer in optimizers] == [i != bad for i in range(2)]
    scaler.update()
    assert [not np.array_equal(numbers(net), old) for net, old in zip(nets, before, strict=True)] == [
        i != bad for i in range(2)]
    assert scaler.get_scale() == 512.0


def test_a_training_that_is_saved_and_gone_on_with_takes_the_same_course():
    def fresh():
        net = network()
        trainer = MixedPrecisionTrainer(net, Adam(net.parameters(), lr=0.02), 2.0**22, max_loss_scale=2.0**30)
        trainer.growth_interval = 3
        return trainer

    through = fresh()
    course = [through.train_step((X, Y)) for _ in range(20)]
    first = fresh()
    begun = [first.train_step((X, Y)) for _ in range(9)]
    saved = first.model.state_dict(), first.optimizer.state_dict(), first.scaler.state_dict()
    second = fresh()
    for part, state in zip((second.model, second.optimizer, second.scaler), saved, strict=True):
        part.load_state_dict(state)
    assert begun + [second.train_step((X, Y)) for _ in range(11)] == course
    assert {m["overflow"] for m in course} == {True, False}, "the scale was at work"
    assert np.array_equal(numbers(through.model), numbers(second.model))


KINDS = {"good": [1.0, -2.0], "zero": [0.0, 0.0], "inf": [1.0, math.inf], "nan": [math.nan, 1.0]}


class OneParameter:
    def __init__(self):
        self.weight = Tensor(np.float32([0.5, -0.5]), requires_grad=True)

    def __call__(self, x):
        return x * self.weight

    def parameters(self):
        return [self.weight]


@properties
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=40),
    init=st.sampled_from([2.0**n for n in range(-3, 17)]),
    interval=st.integers(1, 4),
)
def test_the_trainers_trace_over_any_sequence_is_pytorchs(kinds, init, interval):
    model = OneParameter()
    trainer = MixedPrecisionTrainer(model, SGD([model.weight], lr=0.25), loss_scale=init, max_loss_scale=math.inf)
    trainer.min_loss_scale, trainer.growth_interval = 2.0**-120, interval
    theirs = torch.tensor([0.5, -0.5], requires_grad=True)
    optimizer = torch.optim.SGD([theirs], lr=0.25)
    peer = torch.amp.GradScaler(device="cpu", init_scale=init, growth_interval=interval)
    peer.scale(torch.tensor(1.0))
    for kind in kinds:
        gradient = np.float32(KINDS[kind]) * np.float32(trainer.loss_scale)
        model.weight.grad, theirs.grad = Tensor(gradient), torch.tensor(gradient)
        if trainer.unscale_gradients([model.weight]):
            trainer.optimizer.step()
        trainer.update_loss_scale()
        peer.step(optimizer)
        peer.update()
        assert trainer.loss_scale == peer.get_scale()
        assert trainer.steps_since_last_scale_update == peer.state_dict()["_growth_tracker"]
        assert np.array_equal(model.weight.data, theirs.detach().numpy())


def test_only_what_the_optimizer_steps_decides_whether_it_does():
    """A head is trained on a body whose gradients overflow: no step is lost, and none of them is added up for ever."""
    manual_seed(0)
    body, head = Linear(4, 4), Linear(4, 2)
    x, y = Tensor(np.full((8, 4), 0.1, np.float32)), Tensor(np.ones((8, 2), np.float32))
    trainer = MixedPrecisionTrainer(Sequential(body, head), SGD(head.parameters(), lr=0.1), loss_scale=1024.0)
    body.weight.grad = Tensor(np.full((4, 4), np.inf, np.float32))
    told = [trainer.train_step((x, y)) for _ in range(5)]
    assert all(step["gradients_valid"] and not step["overflow"] for step in told)
    assert told[-1]["loss"] < told[0]["loss"] and trainer.loss_scale == 1024
