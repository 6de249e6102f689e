"""MixedPrecisionTrainer: it trains, the specification's own models too, and claims no step that it did not take."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from tests.operations.check import HALVES, Seen
from tinytorch.core.activations import GELU, relu
from tinytorch.core.layers import LayerNorm, Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss, MSELoss, mse_loss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor, active_interceptors, is_recording
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu, vectorized_matmul
from tinytorch.profiling.profiler import saved_bytes

KEYS = {"loss", "loss_scale", "overflow", "gradients_valid"}


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# ---- the specification's mock models and optimizers, as they stand there


class MockModel:
    def __init__(self):
        self.weight = Tensor(random(10, 5))
        self.weight.grad = None

    def __call__(self, x):
        return x.matmul(self.weight)

    def parameters(self):
        return [self.weight]


class MockOptimizer:
    def __init__(self, params):
        self.params = params
        self.updates_applied = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - 0.01 * p.grad.data
        self.updates_applied += 1


class TransformerBlock:
    def __init__(self, hidden_dim):
        self.hidden_dim = hidden_dim
        self.weight1 = Tensor(random(hidden_dim, hidden_dim, seed=1))
        self.weight2 = Tensor(random(hidden_dim, hidden_dim, seed=2))
        self.weight1.grad = None
        self.weight2.grad = None

    def __call__(self, x):
        batch_size, seq_len, hidden_dim = x.shape
        x_flat = Tensor(x.data.reshape(-1, hidden_dim))
        h1 = vectorized_matmul(x_flat, self.weight1)
        h1_activated = fused_gelu(h1)
        h2 = vectorized_matmul(h1_activated, self.weight2)
        output = Tensor(h2.data.reshape(batch_size, seq_len, hidden_dim))
        return output

    def parameters(self):
        return [self.weight1, self.weight2]


class SimpleOptimizer:
    def __init__(self, params):
        self.params, self.calls = params, []

    def zero_grad(self):
        self.calls.append("zero_grad")
        for p in self.params:
            p.grad = None

    def step(self):
        self.calls.append("step")
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - 0.001 * p.grad.data


def mock_trainer(**settings):
    model = MockModel()
    return MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), **settings)


def batch(seed=0):
    return Tensor(random(8, 10, seed=seed)), Tensor(random(8, 5, seed=seed + 1))


def test_the_specifications_own_sequence_of_calls():
    """Scaling, unscaling and adapting by hand and in any order, then a step: call order belongs to the scaler alone."""
    model = MockModel()
    optimizer = MockOptimizer(model.parameters())
    trainer = MixedPrecisionTrainer(model, optimizer, loss_scale=1024.0)
    assert np.isclose(trainer.scale_loss(Tensor([0.001])).data[0], 0.001 * 1024)
    model.weight.grad = Tensor(np.full((10, 5), 1024.0))
    assert trainer.unscale_gradients([model.weight])
    assert np.allclose(model.weight.grad.data, 1.0)
    model.weight.grad = Tensor(np.full((10, 5), np.inf))
    assert not trainer.unscale_gradients([model.weight])
    assert trainer.overflow_detected
    initial_scale = trainer.loss_scale
    trainer.update_loss_scale()
    assert trainer.loss_scale < initial_scale
    trainer.overflow_detected = False
    trainer.steps_since_last_scale_update = 2000
    scale_before = trainer.loss_scale
    trainer.update_loss_scale()
    assert trainer.loss_scale > scale_before
    before = model.weight.data.copy()
    metrics = trainer.train_step(batch())
    assert set(metrics) == KEYS
    assert isinstance(metrics["loss"], float) and metrics["loss"] >= 0 and metrics["loss_scale"] > 0
    assert optimizer.updates_applied == 1 and not np.array_equal(model.weight.data, before)


def test_a_detached_output_is_noticed_and_no_step_is_claimed():
    """The specification's TransformerBlock rebuilds its output with Tensor(x.data); it has no gradient to give."""
    model = TransformerBlock(16)
    optimizer = SimpleOptimizer(model.parameters())
    trainer = MixedPrecisionTrainer(model, optimizer, loss_scale=512.0)
    trainer.steps_since_last_scale_update = 3
    before = [p.data.copy() for p in model.parameters()]
    x, targets = Tensor(random(2, 3, 16)), Tensor(random(2, 3, 16, seed=9))
    for _ in range(3):
        with pytest.warns(UserWarning, match=r"no step was taken.*Tensor\(x.data"):
            metrics = trainer.train_step((x, targets))
        assert metrics["overflow"] is False and metrics["gradients_valid"] is False
        assert math.isfinite(metrics["loss"]) and metrics["loss_scale"] == 512.0
    assert optimizer.calls == []
    assert (trainer.loss_scale, trainer.steps_since_last_scale_update) == (512.0, 3)
    assert all(np.array_equal(p.data, old) for p, old in zip(model.parameters(), before, strict=True))


def test_the_warning_points_at_the_caller():
    model = TransformerBlock(4)
    trainer = MixedPrecisionTrainer(model, SimpleOptimizer(model.parameters()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.train_step((Tensor(random(1, 2, 4)), Tensor(random(1, 2, 4))))
    assert [warning.filename for warning in caught] == [__file__]


def test_gradients_from_before_survive_a_detached_step():
    model = TransformerBlock(4)
    trainer = MixedPrecisionTrainer(model, SimpleOptimizer(model.parameters()))
    model.weight1.grad = kept = Tensor(np.ones((4, 4), np.float32))
    with pytest.warns(UserWarning):
        trainer.train_step((Tensor(random(1, 2, 4)), Tensor(random(1, 2, 4))))
    assert model.weight1.grad is kept


# ---- names, defaults, settings


def test_defaults_and_names_are_the_specifications():
    trainer = mock_trainer()
    assert (trainer.loss_scale, trainer.max_loss_scale, trainer.min_loss_scale) == (1024.0, 65536.0, 1.0)
    assert (trainer.scale_growth_factor, trainer.scale_backoff_factor, trainer.growth_interval) == (2.0, 0.5, 2000)
    assert (trainer.steps_since_last_scale_update, trainer.overflow_detected) == (0, False)
    assert isinstance(trainer.model, MockModel) and isinstance(trainer.optimizer, MockOptimizer)


@pytest.mark.parametrize(
    ("name", "value"),
    [("loss_scale", 32.0), ("max_loss_scale", 64.0), ("min_loss_scale", 8.0), ("scale_growth_factor", 4.0),
     ("scale_backoff_factor", 0.25), ("growth_interval", 3), ("steps_since_last_scale_update", 2),
     ("overflow_detected", True)],
)  # fmt: skip
def test_every_attribute_can_be_assigned(name, value):
    trainer, other = mock_trainer(), mock_trainer()
    setattr(trainer, name, value)
    assert getattr(trainer, name) == value
    assert getattr(other, name) != value


def test_assigned_settings_count():
    trainer = mock_trainer(loss_scale=16.0, max_loss_scale=100.0)
    trainer.growth_interval, trainer.scale_growth_factor, trainer.scale_backoff_factor = 2, 8.0, 0.25
    trainer.min_loss_scale = 10.0
    scales = []
    for overflow in [False, False, False, False, True, True, True]:
        trainer.overflow_detected = overflow
        trainer.update_loss_scale()
        scales.append(trainer.loss_scale)
    assert scales == [16, 100, 100, 100, 25, 10, 10]


def test_a_start_below_one_is_its_own_floor():
    trainer = mock_trainer(loss_scale=0.25)
    trainer.overflow_detected = True
    trainer.update_loss_scale()
    assert trainer.loss_scale == 0.25


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_precision_is_a_half(dtype):
    with pytest.raises(ValueError, match="float16 or bfloat16"):
        mock_trainer(dtype=dtype)


def test_a_loss_of_ones_own_goes_through_the_hook_of_the_specification():
    class Absolute(MixedPrecisionTrainer):
        def _compute_loss(self, outputs, targets):
            return mse_loss(outputs, targets) * 0 + 3.5

    model = MockModel()
    assert Absolute(model, MockOptimizer(model.parameters())).train_step(batch())["loss"] == 3.5
    assert isinstance(mock_trainer().loss_fn, MSELoss)


# ---- which parameters are trained


def test_where_no_parameter_requires_a_gradient_all_are_asked_to():
    model = MockModel()
    assert not model.weight.requires_grad
    MixedPrecisionTrainer(model, MockOptimizer(model.parameters()))
    assert model.weight.requires_grad


def test_a_frozen_layer_stays_frozen():
    manual_seed(0)
    net = Sequential(Linear(10, 4), relu, Linear(4, 5))
    for p in net[0].parameters():
        p.requires_grad = False
    before = net.state_dict()
    trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1))
    assert trainer.train_step(batch())["gradients_valid"]
    moved = {name: not np.array_equal(array, before[name]) for name, array in net.state_dict().items()}
    assert moved == {"layers.0.weight": False, "layers.0.bias": False, "layers.2.weight": True, "layers.2.bias": True}
    assert net[0].weight.grad is None and not net[0].weight.requires_grad


def test_weights_that_an_optimizer_replaced_are_found_again():
    """A stranger's model may make new Tensors for its weights between two steps."""
    trainer = mock_trainer()
    trainer.train_step(batch())
    trainer.model.weight = Tensor(trainer.model.weight.data)
    trainer.optimizer.params = trainer.model.parameters()
    before = trainer.model.weight.data.copy()
    assert trainer.train_step(batch())["gradients_valid"]
    assert not np.array_equal(trainer.model.weight.data, before)


# ---- a step


@pytest.mark.parametrize("half", HALVES)
def test_the_forward_pass_is_in_half_and_the_weights_stay_float32(half):
    seen = []

    class Watched(MockModel):
        def __call__(self, x):
            out = super().__call__(x)
            seen.append(out.dtype.name)
            return out

    model = Watched()
    trainer = MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), dtype=half)
    metrics = trainer.train_step(batch())
    assert seen == [half] and metrics["gradients_valid"]
    assert model.weight.dtype == model.weight.grad.dtype == np.float32


def rounded(array, half):
    return Tensor(array).astype(half).astype("float64").data


@pytest.mark.parametrize("half", HALVES)
def test_a_step_is_gradient_descent_on_the_rounded_network(half):
    """The loss and update that float64 gives for inputs and weights rounded to half and one rounding of the product."""
    trainer, (x, y) = mock_trainer(dtype=half), batch()
    weight = trainer.model.weight.data.copy()
    out = rounded(rounded(x.data, half) @ rounded(weight, half), half)
    metrics = trainer.train_step((x, y))
    assert np.isclose(metrics["loss"], ((out - y.data) ** 2).mean(), rtol=1e-3)
    gradient = rounded(x.data, half).T @ (2 * (out - y.data) / out.size)
    ulp = {"float16": 2**-9, "bfloat16": 2**-6}[half]
    moved = (weight - trainer.model.weight.data) / 0.01
    assert np.allclose(moved, gradient, atol=ulp * np.abs(gradient).max())


def test_the_loss_in_the_metrics_is_unscaled_and_the_scale_is_that_after_the_step():
    trainer = mock_trainer(loss_scale=256.0)
    trainer.growth_interval = 1
    first = trainer.train_step(batch())
    assert first["loss_scale"] == 512.0 and first["loss"] < 100
    assert {type(first[k]) for k in ("overflow", "gradients_valid")} == {bool}


def test_the_scale_does_not_change_what_is_learned():
    learned = []
    for scale in (1.0, 64.0, 4096.0):
        trainer = mock_trainer(loss_scale=scale)
        for i in range(5):
            assert trainer.train_step(batch(i))["gradients_valid"]
        learned.append(trainer.model.weight.data)
    assert np.allclose(learned[0], learned[1], atol=1e-4) and np.allclose(learned[1], learned[2], atol=1e-4)


def test_small_gradients_survive_because_of_the_scale():
    """A gradient of 1e-8 vanishes in float16; scaled by 1024 it does not."""
    def tiny_loss(outputs, targets):
        return (outputs.astype("float32") * 1e-8).sum()

    def gradient(scale):
        trainer = mock_trainer(loss_scale=scale, loss_fn=tiny_loss)
        trainer.train_step((Tensor(np.ones((1, 10), np.float32)), None))
        return trainer.model.weight.grad.data

    assert not gradient(1.0).any()
    assert np.allclose(gradient(1024.0), 1e-8, rtol=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_an_overflow_skips_the_step_halves_the_scale_and_is_told(seed):
    trainer = mock_trainer(loss_scale=1024.0)
    trainer.steps_since_last_scale_update = 5
    weight = trainer.model.weight.data.copy()
    x, y = batch(seed)
    metrics = trainer.train_step((x * 1e6, y))
    assert metrics["overflow"] is True and metrics["gradients_valid"] is False and metrics["loss_scale"] == 512
    assert trainer.optimizer.updates_applied == 0 and trainer.steps_since_last_scale_update == 0
    assert np.array_equal(trainer.model.weight.data, weight)
    assert trainer.train_step((x, y))["gradients_valid"]
    assert trainer.optimizer.updates_applied == 1 and trainer.steps_since_last_scale_update == 1


def test_a_nan_in_the_data_never_reaches_the_weights():
    trainer, (x, y) = mock_trainer(), batch()
    x.data[0, 0] = np.nan
    for _ in range(30):
        assert trainer.train_step((x, y))["overflow"]
    assert trainer.loss_scale == 1.0 and np.isfinite(trainer.model.weight.data).all()


def test_an_overflow_of_the_scale_alone_is_survived():
    """The loss is fine, the scaled gradients are not: the scale falls until they are."""
    trainer = mock_trainer(loss_scale=2.0**40, max_loss_scale=2.0**40)
    steps = [trainer.train_step(batch()) for _ in range(40)]
    skipped = [m["overflow"] for m in steps]
    assert skipped[0] and not skipped[-1]
    assert skipped == sorted(skipped, reverse=True)
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_bfloat16_needs_no_scale():
    trainer = mock_trainer(loss_scale=1.0, dtype="bfloat16")
    x, y = batch()
    assert not trainer.train_step((x * 1e4, y))["overflow"]


def test_the_optimizer_is_called_in_order_and_old_gradients_are_cleared():
    model = MockModel()
    optimizer = SimpleOptimizer(model.parameters())
    trainer = MixedPrecisionTrainer(model, optimizer)
    model.weight.grad = Tensor(np.full((10, 5), 1e30, np.float32))
    assert trainer.train_step(batch())["gradients_valid"]
    assert optimizer.calls == ["zero_grad", "step"]
    trainer.train_step((batch()[0] * 1e6, batch()[1]))
    assert optimizer.calls == ["zero_grad", "step", "zero_grad"]


def test_a_parameter_that_the_model_lists_twice_is_unscaled_once():
    class Twice(Linear):
        def parameters(self):
            return [*super().parameters(), *super().parameters()]

    x, y = (Tensor(np.random.default_rng(i).normal(size=(4, 2)).astype(np.float32)) for i in range(2))
    gradients = []
    for kind in (Linear, Twice):
        manual_seed(0)
        model = kind(2, 2)
        MixedPrecisionTrainer(model, SGD(Linear.parameters(model), lr=0.1)).train_step((x, y))
        gradients.append(model.weight.grad.data)
    assert np.array_equal(*gradients)


def test_an_error_in_the_model_leaves_no_layer_behind():
    class Broken(MockModel):
        def __call__(self, x):
            raise KeyError("inside the model")

    model = Broken()
    trainer = MixedPrecisionTrainer(model, MockOptimizer(model.parameters()))
    with pytest.raises(KeyError):
        trainer.train_step(batch())
    assert active_interceptors() == () and is_recording()
    assert trainer.loss_scale == 1024


def test_numpy_is_silent_on_an_overflow():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer = mock_trainer(loss_scale=2.0**16)
        assert trainer.train_step((batch()[0] * 1e30, batch()[1]))["overflow"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.2, momentum=0.9), lambda p: Adam(p, lr=0.02)])
def test_a_network_learns_in_half_as_it_does_in_float32(make, half):
    def network():
        manual_seed(7)
        return Sequential(Linear(10, 32), GELU("tanh"), LayerNorm(32), fused_gelu, Linear(32, 3))

    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(128, 10)).astype(np.float32))
    classes = (x.data[:, 0] > 0).astype(int) + (x.data[:, 1] > 0)
    plain, loss_fn = network(), CrossEntropyLoss()
    optimizer = make(plain.parameters())
    for _ in range(40):
        optimizer.zero_grad()
        loss_fn(plain(x), classes).backward()
        optimizer.step()
    mixed = network()
    trainer = MixedPrecisionTrainer(mixed, make(mixed.parameters()), loss_fn=loss_fn, dtype=half)
    metrics = [trainer.train_step((x, classes)) for _ in range(40)]
    assert sum(m["gradients_valid"] for m in metrics) >= 38
    full, final = loss_fn(plain(x), classes).item(), loss_fn(mixed(x), classes).item()
    assert metrics[0]["loss"] > 1 and full < 0.5 and final < 0.5
    assert all(p.dtype == np.float32 for p in mixed.parameters())


def test_activations_of_a_step_are_held_in_half():
    held = []

    class Weighing(MixedPrecisionTrainer):
        def _compute_loss(self, outputs, targets):
            held.append(saved_bytes(outputs, self.model.parameters()).activations)
            return super()._compute_loss(outputs, targets)

    net = Sequential(Linear(10, 64), fused_gelu, Linear(64, 5))
    Weighing(net, SGD(net.parameters(), lr=0.1)).train_step(batch())
    assert held == [2 * 8 * (10 + 64 + 64)]
    assert saved_bytes(net(batch()[0]), net.parameters()).activations == 4 * 8 * (10 + 64 + 64)


def test_the_products_of_a_step_run_on_rounded_inputs_and_the_backward_pass_outside_autocast():
    trainer = mock_trainer()
    with Seen() as seen:
        trainer.train_step(batch())
    assert seen.forwards[:3] == ["astype", "astype", "matmul"]
    assert "mse_loss" in seen.forwards and "matmul" in seen.backwards
