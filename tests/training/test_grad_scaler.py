"""GradScaler: PyTorch's trace over any sequence of good and bad steps, and where this one does better."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.operations.check import HALVES, properties
from tinytorch.core.layers import Linear, manual_seed
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import clip_grad_norm
from tinytorch.optimization.precision import GradScaler, autocast, unscale

OUT_OF_REACH = {"min_scale": 2.0**-120, "max_scale": math.inf}
KINDS = {
    "good": [1.0, -2.0], "zero": [0.0, 0.0], "inf": [1.0, math.inf], "-inf": [-math.inf, 0.0], "nan": [math.nan, 1.0],
}  # fmt: skip
kinds = st.sampled_from(sorted(KINDS))


def parameter(numbers=(0.5, -0.5), gradient=None):
    p = Tensor(np.array(numbers, dtype=np.float32), requires_grad=True)
    if gradient is not None:
        p.grad = Tensor(np.array(gradient, dtype=np.float32))
    return p


def with_gradient(gradient, **settings):
    """A parameter with that gradient, an optimizer of it and a scaler."""
    p = parameter(gradient=gradient)
    return p, SGD([p], lr=0.1), GradScaler(**settings)


class Pair:
    """The same two optimizers and scaler, here and in PyTorch."""

    def __init__(self, **settings):
        self.ours = [parameter(), parameter()]
        self.theirs = [torch.tensor([0.5, -0.5], requires_grad=True) for _ in self.ours]
        self.optimizers = [SGD([p], lr=0.25) for p in self.ours]
        self.peers = [torch.optim.SGD([p], lr=0.25) for p in self.theirs]
        self.scaler = GradScaler(**settings, **OUT_OF_REACH)
        self.peer = torch.amp.GradScaler(device="cpu", **settings)
        self.peer.scale(torch.tensor(1.0))  # PyTorch makes its scale when it is first used

    def step(self, kinds, unscale_first):
        """One window: gradients of these kinds on the two optimizers, and an update; whether each step was taken."""
        taken = []
        for i, kind in enumerate(kinds):
            gradient = np.float32(KINDS[kind]) * np.float32(self.scaler.get_scale())
            self.ours[i].grad, self.theirs[i].grad = Tensor(gradient), torch.tensor(gradient)
        for i, _ in enumerate(kinds):
            if unscale_first:
                self.scaler.unscale_(self.optimizers[i])
                self.peer.unscale_(self.peers[i])
            taken.append(self.scaler.step(self.optimizers[i]))
            self.peer.step(self.peers[i])
        self.scaler.update()
        self.peer.update()
        return taken

    def assert_same(self):
        state = self.peer.state_dict()
        assert (self.scaler.get_scale(), self.scaler.growth_tracker) == (state["scale"], state["_growth_tracker"])
        for p, q in zip(self.ours, self.theirs, strict=True):
            assert np.array_equal(p.data, q.detach().numpy())
            assert np.array_equal(p.grad.data, q.grad.numpy(), equal_nan=True)


@properties
@given(
    windows=st.lists(st.tuples(kinds, kinds, st.booleans()), max_size=25),
    init=st.sampled_from([2.0**n for n in range(-3, 17)]),
    growth=st.sampled_from([2.0, 4.0, 1.5]),
    backoff=st.sampled_from([0.5, 0.25]),
    interval=st.integers(1, 4),
)
def test_the_trace_over_any_sequence_is_pytorchs(windows, init, growth, backoff, interval):
    pair = Pair(init_scale=init, growth_factor=growth, backoff_factor=backoff, growth_interval=interval)
    for first, second, unscale_first in windows:
        taken = pair.step([first, second], unscale_first)
        assert taken == [kind in ("good", "zero") for kind in (first, second)]
        pair.assert_same()


def test_a_wrong_trace_is_found():
    pair = Pair(init_scale=4.0, growth_interval=2)
    pair.step(["good", "good"], False)
    pair.assert_same()
    pair.scaler.growth_tracker += 1
    with pytest.raises(AssertionError):
        pair.assert_same()
    pair = Pair(init_scale=4.0, backoff_factor=0.5)
    pair.scaler.backoff_factor = 0.25
    pair.step(["inf", "good"], False)
    with pytest.raises(AssertionError):
        pair.assert_same()


def test_five_clean_steps_with_interval_two():
    p, optimizer, scaler = with_gradient([1.0, 1.0], init_scale=4.0, growth_interval=2)
    trace = []
    for _ in range(5):
        p.grad = Tensor([1.0, 1.0])
        assert scaler.step(optimizer)
        scaler.update()
        trace.append((scaler.get_scale(), scaler.growth_tracker))
    assert trace == [(4, 1), (8, 0), (8, 1), (16, 0), (16, 1)]


def test_growth_stops_where_the_scale_would_be_infinite_as_in_pytorch():
    pair = Pair(init_scale=2.0**127, growth_interval=1)
    for _ in range(3):
        pair.step(["zero", "zero"], False)
        pair.assert_same()
    assert pair.scaler.get_scale() == 2.0**127


def test_growth_stops_at_the_ceiling_and_backing_off_at_the_floor():
    p, optimizer, scaler = with_gradient([1.0, 1.0], init_scale=4.0, growth_interval=1, max_scale=8.0, min_scale=2.0)
    scales = []
    for kind in ["good"] * 3 + ["inf"] * 4:
        p.grad = Tensor(KINDS[kind])
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [8, 8, 8, 4, 2, 2, 2]


def test_a_scale_that_was_driven_down_for_ever_stays_at_its_floor():
    """PyTorch's reaches 0 after 150 updates; 0 times inf is then nan, and goes into the weights (issue 99640)."""
    p, optimizer, scaler = with_gradient(None, init_scale=1.0)
    before = p.data.copy()
    for _ in range(200):
        p.grad = Tensor([math.inf, 1.0])
        assert not scaler.step(optimizer)
        scaler.update()
    assert scaler.get_scale() == 1.0 and np.array_equal(p.data, before)


def test_an_infinity_that_unscaling_makes_is_found():
    p = parameter(gradient=[0.0, math.inf])
    assert unscale([p.grad], math.inf) is True
    tiny = parameter(gradient=[3e38, 1.0])
    assert unscale([tiny.grad], 0.1) is True


def test_an_interval_lowered_below_the_tracker_grows_at_the_next_good_step():
    """PyTorch tests for equality and would never grow again."""
    p, optimizer, scaler = with_gradient([1.0, 1.0], init_scale=4.0, growth_interval=100)
    scaler.growth_tracker, scaler.growth_interval = 50, 10
    scaler.step(optimizer)
    scaler.update()
    assert (scaler.get_scale(), scaler.growth_tracker) == (8, 0)


def test_scale_keeps_the_graph_and_gives_float32():
    w = parameter([3.0])
    scaler = GradScaler(init_scale=1024.0)
    scaled = scaler.scale((w * w).sum())
    scaled.backward()
    assert scaled.item() == 9 * 1024 and w.grad.data.tolist() == [6 * 1024]
    for half in HALVES:
        loss = Tensor([100.0], dtype=half, requires_grad=True)
        scaled = scaler.scale(loss)
        assert scaled.dtype == np.float32 and scaled.item() == 102400
        scaled.backward()
        assert loss.grad.dtype.name == half
    assert scaler.scale(Tensor(np.array([1.0]))).dtype == np.float64


def test_a_loss_that_the_scale_makes_infinite_is_no_warning():
    assert GradScaler().scale(Tensor(1e37)).item() == math.inf


def test_unscale_divides_every_gradient_also_after_a_bad_one():
    a, b, c = parameter(gradient=[8.0, 16.0]), parameter(gradient=[math.nan, 8.0]), parameter()
    optimizer, scaler = SGD([a, b, c], lr=1.0), GradScaler(init_scale=8.0)
    scaler.unscale_(optimizer)
    assert a.grad.data.tolist() == [1, 2] and b.grad.data[1] == 1 and c.grad is None
    assert scaler.step(optimizer) is False


def test_unscaling_leaves_the_scaled_array_to_whoever_holds_it():
    p, optimizer, scaler = with_gradient([8.0, 16.0], init_scale=8.0)
    held = p.grad.data
    scaler.unscale_(optimizer)
    assert held.tolist() == [8, 16] and p.grad.data.tolist() == [1, 2]


def test_clipping_comes_after_unscaling_and_before_the_step():
    p, optimizer, scaler = with_gradient([3.0 * 1024, 4.0 * 1024], init_scale=1024.0)
    before = p.data.copy()
    scaler.unscale_(optimizer)
    assert math.isclose(clip_grad_norm([p], 1.0), 5.0)
    assert scaler.step(optimizer)
    assert np.allclose(p.data, before - 0.1 * np.array([0.6, 0.8]), atol=1e-6)
    q = torch.tensor([0.5, -0.5], requires_grad=True)
    q.grad = torch.tensor([3.0 * 1024, 4.0 * 1024])
    peer, peer_scaler = torch.optim.SGD([q], lr=0.1), torch.amp.GradScaler(device="cpu", init_scale=1024.0)
    peer_scaler.scale(torch.tensor(1.0))
    peer_scaler.unscale_(peer)
    torch.nn.utils.clip_grad_norm_([q], 1.0)
    peer_scaler.step(peer)
    assert np.allclose(p.data, q.detach().numpy(), atol=1e-7)


def test_a_window_of_accumulated_gradients_is_unscaled_once():
    manual_seed(0)
    layer, twin = Linear(3, 2), Linear(3, 2)
    twin.load_state_dict(layer.state_dict())
    rng = np.random.default_rng(0)
    x, y = Tensor(rng.normal(size=(8, 3)).astype(np.float32)), rng.normal(size=(8, 2)).astype(np.float32)
    optimizer, plain = SGD(layer.parameters(), lr=0.5), SGD(twin.parameters(), lr=0.5)
    scaler = GradScaler(init_scale=256.0)
    for part in (slice(0, 4), slice(4, 8)):
        scaler.scale(mse_loss(layer(x[part]), y[part]) / 2).backward()
    assert scaler.step(optimizer)
    scaler.update()
    mse_loss(twin(x), y).backward()
    plain.step()
    assert np.allclose(layer.weight.data, twin.weight.data, atol=1e-6)
    assert (scaler.get_scale(), scaler.growth_tracker) == (256, 1)


def test_one_of_two_optimizers_skips_and_the_scale_backs_off_once():
    pair = Pair(init_scale=1024.0)
    assert pair.step(["inf", "good"], False) == [False, True]
    pair.assert_same()
    assert pair.scaler.get_scale() == 512
    assert pair.step(["inf", "nan"], True) == [False, False]
    assert pair.scaler.get_scale() == 256
    pair.assert_same()


# ---- the order of the calls


def test_unscaling_twice_is_refused():
    p, optimizer, scaler = with_gradient([1.0, 1.0])
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"call update\(\) first"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    p.grad = Tensor([1.0, 1.0])
    scaler.unscale_(optimizer)


def test_unscaling_after_the_step_is_refused():
    _, optimizer, scaler = with_gradient([1.0, 1.0])
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="were unscaled before: call update"):
        scaler.unscale_(optimizer)


def test_stepping_twice_is_refused():
    for first in ([1.0, 1.0], [math.inf, 1.0]):
        _, optimizer, scaler = with_gradient(first)
        scaler.step(optimizer)
        with pytest.raises(RuntimeError, match=r"step\(\) was called for this optimizer before: call update"):
            scaler.step(optimizer)


def test_update_before_anything_is_refused():
    _, optimizer, scaler = with_gradient([1.0, 1.0])
    with pytest.raises(RuntimeError, match="nothing to adapt to"):
        scaler.update()
    scaler.step(optimizer)
    scaler.update()
    with pytest.raises(RuntimeError, match="nothing to adapt to"):
        scaler.update()


@pytest.mark.parametrize("call", ["unscale_", "step"])
def test_gradients_that_were_never_recorded_are_named_with_their_cause(call):
    p, optimizer, scaler = with_gradient(None)
    before = p.data.copy()
    with pytest.raises(RuntimeError, match=r"no gradient was recorded.*detach\(\) cuts the graph"):
        getattr(scaler, call)(optimizer)
    assert np.array_equal(p.data, before)


@pytest.mark.parametrize("half", HALVES)
def test_half_precision_gradients_are_refused(half):
    p = Tensor([1.0], dtype=half, requires_grad=True)
    p.grad = Tensor([1.0], dtype=half)
    with pytest.raises(ValueError, match=f"cannot unscale {half} gradients: keep the model's parameters"):
        GradScaler().unscale_(SGD([p], lr=0.1))
    assert p.grad.data.tolist() == [1]


@pytest.mark.parametrize(
    "settings",
    [{"growth_factor": 1.0}, {"backoff_factor": 1.0}, {"backoff_factor": 0.0}, {"growth_interval": 0},
     {"min_scale": 8.0, "max_scale": 4.0}],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match="are needed, got"):
        GradScaler(**settings)


def test_a_scaler_that_is_off_passes_everything_through():
    p, optimizer, scaler = with_gradient([1.0, 1.0], enabled=False)
    before, loss = p.data.copy(), Tensor([3.0])
    assert scaler.scale(loss) is loss and scaler.get_scale() == 1.0
    scaler.unscale_(optimizer)
    assert p.grad.data.tolist() == [1, 1]
    assert scaler.step(optimizer) and scaler.step(optimizer)
    scaler.update()
    assert np.allclose(p.data, before - 0.2)


# ---- its state


def test_the_state_round_trips():
    _, optimizer, scaler = with_gradient([1.0, 1.0], init_scale=64.0, growth_interval=7, max_scale=128.0)
    scaler.step(optimizer)
    scaler.update()
    fresh = GradScaler()
    fresh.load_state_dict(scaler.state_dict())
    assert fresh.state_dict() == scaler.state_dict()
    assert (fresh.get_scale(), fresh.growth_tracker, fresh.growth_interval, fresh.max_scale) == (64, 1, 7, 128)


def test_the_state_can_come_from_pytorch_and_go_there():
    pair = Pair(init_scale=64.0, growth_interval=3)
    for kind in ["good", "inf", "good"]:
        pair.step([kind, "good"], False)
    fresh = GradScaler()
    fresh.load_state_dict(pair.peer.state_dict())
    assert (fresh.get_scale(), fresh.growth_tracker, fresh.growth_interval) == (32, 1, 3)
    peer = torch.amp.GradScaler(device="cpu")
    peer.load_state_dict(pair.scaler.state_dict())
    assert (peer.get_scale(), peer.state_dict()["_growth_tracker"]) == (32, 1)


@pytest.mark.parametrize("half", HALVES)
def test_a_loop_of_ones_own_trains_in_half(half):
    manual_seed(0)
    layer, rng = Linear(4, 3), np.random.default_rng(0)
    x, y = Tensor(rng.normal(size=(32, 4)).astype(np.float32)), rng.normal(size=(32, 3)).astype(np.float32)
    optimizer, scaler, losses = Adam(layer.parameters(), lr=0.05), GradScaler(init_scale=1024.0), []
    for _ in range(20):
        optimizer.zero_grad()
        with autocast(half):
            loss = mse_loss(layer(x), y)
        scaler.scale(loss).backward()
        assert scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert all(p.dtype == np.float32 for p in layer.parameters())
