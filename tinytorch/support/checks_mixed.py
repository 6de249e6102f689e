"""What the checks of training in mixed precision share: models and optimizers that know nothing of this course, and
steps that are checked from outside.
"""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, typed
from tinytorch.support.models import clear_gradients


class MockModel:
    """Multiplies by a weight made by Tensor(...), which asks for no gradient; `seen` holds the types it gave, and
    `given` the inputs that came.
    """

    def __init__(self, tensor: type):
        self.tensor, self.given = tensor, []
        self.weight = tensor(np.random.default_rng(5).normal(size=(10, 5)).astype(np.float32))
        self.seen: list[str] = []

    def __call__(self, x: Any) -> Any:
        self.given.append(x)
        out = x @ self.weight
        self.seen.append(out.dtype.name)
        return out

    def parameters(self) -> list[Any]:
        """The weight."""
        return [self.weight]


class Detached(MockModel):
    """Rebuilds its output from the numbers, so that no graph leads to the weight."""

    def __call__(self, x: Any) -> Any:
        return self.tensor(super().__call__(x).data)


class ThroughTheInput(MockModel):
    """Its graph leads to the input, and not to the weight."""

    def __call__(self, x: Any) -> Any:
        return x @ self.tensor(self.weight.data)


class MockOptimizer:
    """Rebinds p.data, and notes in `calls` what was called. It has `step` and `zero_grad`, and nothing more."""

    def __init__(self, params: list[Any]):
        self.params: list[Any] = params
        self.calls: list[str] = []

    def zero_grad(self) -> None:
        """Drop the gradients."""
        self.calls.append("zero_grad")
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Descend by 0.01 times the gradients."""
        self.calls.append("step")
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - 0.01 * p.grad.data


def mock_trainer(trainer: type, tensor: type, scale: float, model: type = MockModel, **settings: Any) -> Any:
    """A `trainer` of a mock model and a mock optimizer; settings that its constructor takes, or attributes of it."""
    net = model(tensor)
    taken = {name: settings.pop(name) for name in ("max_loss_scale", "loss_fn", "dtype") if name in settings}
    made = trainer(net, MockOptimizer(net.parameters()), loss_scale=scale, **taken)
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def mock_batch(tensor: type, rows: int, seed: int) -> tuple[Any, Any]:
    """Inputs and targets for a MockModel, `rows` examples of normal numbers."""
    rng = np.random.default_rng(seed)
    x, y = (tensor(rng.normal(size=(rows, n)).astype(np.float32)) for n in (10, 5))
    return x, y


@dataclass(frozen=True)
class Step:
    """What one train_step did: its metrics, the optimizer's calls, the types of the model's outputs, how far the weight
    moved, and what it warned of, at the line of its caller.
    """

    metrics: dict[str, Any]
    calls: list[str]
    seen: list[str]
    moved: np.ndarray
    warned: list[str]

    @property
    def told(self) -> tuple[Any, Any]:
        """The metrics "overflow" and "gradients_valid"."""
        return self.metrics["overflow"], self.metrics["gradients_valid"]


def take_step(trainer: Any, inputs: Any, targets: Any) -> Step:
    """One train_step of a mock trainer. AssertionError in words where it asks the optimizer for more than it has, or
    its metrics are not the four.
    """
    model, optimizer = trainer.model, trainer.optimizer
    before, model.seen, model.given, optimizer.calls = model.weight.data.copy(), [], [], []
    errors = np.geterr()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with explained("train_step", "go through its five steps"):
                metrics = trainer.train_step((inputs, targets))
        except AssertionError as failed:
            error = failed.__cause__
            if isinstance(error, AttributeError) and error.obj is optimizer:
                asked = f"train_step asked the optimizer for {error.name}; it has step() and zero_grad() alone"
                raise AssertionError(f"{asked}: use the trainer's own methods, not the scaler's step") from error
            raise
    wanted = ["gradients_valid", "loss", "loss_scale", "overflow"]
    assert isinstance(metrics, dict) and sorted(metrics) == wanted, (
        f"train_step returned {metrics!r:.200}, wanted a dict with the keys {', '.join(wanted)}")
    assert all(x is inputs for x in model.given), "the model was given other inputs: autocast alone converts them"
    equal("after a step NumPy's own settings, np.geterr(),", np.geterr(), errors, "np.errstate puts them back")
    said = [str(warning.message) for warning in caught if warning.filename == __file__]
    return Step(metrics, optimizer.calls, model.seen, before - model.weight.data, said)


def half_gradient(weight: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean squared error of a product of float16 numbers, and its gradient to the weight."""
    half = inputs.astype(np.float16).astype(np.float32) @ weight.astype(np.float16).astype(np.float32)
    difference = half.astype(np.float16).astype(np.float32) - targets
    return float(np.mean(difference**2)), inputs.T @ difference * (2 / difference.size)


def good_step(trainer: Any, x: Any, y: Any) -> None:
    """Assert that a float16 step of a mock trainer is gradient descent on the rounded network, and was told so."""
    weight = trainer.model.weight
    loss, gradient = half_gradient(weight.data, x.data, y.data)
    step = take_step(trainer, x, y)
    equal("the types of the model's outputs in a step", step.seen, ["float16"], "run it once, under autocast")
    close("the loss reported", step.metrics["loss"], loss, "report the unscaled loss", rtol=1e-3)
    equal("a good step's calls of the optimizer", step.calls, ["zero_grad", "step"], "clear, go back, step")
    equal("overflow and gradients_valid of a good step", step.told, (False, True), "all gradients are finite")
    typed("the master weight after a step", weight, np.float32, "it stays as it is")
    idea = "by the gradient of this step alone, unscaled once"
    close("how far the weight moved", step.moved, 0.01 * gradient, idea, atol=1e-4)


def overflowing_step(trainer: Any, x: Any, y: Any) -> Step:
    """Assert that a mock trainer's step whose gradient overflows is skipped, told, and halves the scale; the step."""
    scale, step = trainer.loss_scale, take_step(trainer, x, y)
    equal("overflow and gradients_valid where the scaled gradient overflows", step.told, (True, False),
          "judge by the gradients, not by the loss")
    equal("the optimizer's calls on an overflow", step.calls, ["zero_grad"], "skip the step")
    close("how far the weight moved on an overflow", step.moved, np.zeros((10, 5)), "skip the step")
    equal("the scale after an overflow", trainer.loss_scale, scale / 2, "half of it, once")
    return step


def path_of(trainer: Any, tensor: type, sizes: Sequence[float]) -> list[tuple[float, bool]]:
    """Scale and overflow after steps on the sum of x w, in bfloat16, for two rows of inputs of each of these sizes."""
    trainer.loss_fn = lambda outputs, targets: (outputs - targets).sum()
    path, targets = [], tensor(np.zeros((2, 5), np.float32))
    for size in sizes:
        step = take_step(trainer, tensor(np.full((2, 10), size, np.float32)), targets)
        path.append((step.metrics["loss_scale"], step.metrics["overflow"]))
        equal("the types of the model's outputs for dtype bfloat16", step.seen, ["bfloat16"], "whose dtype?")
        if np.isfinite(size):
            what = f"how far a step on the sum of x w, with two rows of {size} as x, moved w"
            close(what, step.moved[0, 0], 0.02 * size, "a step of 0.01 times the gradient of loss_fn", rtol=0.02)
    return path


def scales_and_unscales(trainer: Any, tensor: type, loss: float, dtype: str) -> None:
    """Assert that a mock trainer scales a loss, and divides gradients by the scale and judges them."""
    scale, given = trainer.loss_scale, tensor([loss], dtype=dtype)
    what, idea = f"scale_loss of a {dtype} loss of {loss} at a scale of {scale:g}", "multiply it, in float32 at least"
    scaled = outcome(what, lambda: trainer.scale_loss(given), idea)
    close(what, scaled, given.data.astype(np.float64) * scale, idea, rtol=1e-6)
    typed(what, scaled, np.float64 if dtype == "float64" else np.float32, idea)
    first, bare, other = trainer.model.weight, tensor([1.0]), tensor([0.0, 0.0, 0.0])
    graph, first.grad = trainer.scale_loss((first * 1).sum()), None
    assert graph.requires_grad, "the scaled loss has no graph: multiply the Tensor, not its data"
    graph.backward()
    assert first.grad is not None, "no graph leads from the scaled loss to the weight: multiply the Tensor itself"
    close("the gradient of a scaled sum of weights", first.grad, np.full((10, 5), scale), "multiply the loss, once")
    for low in (scale, np.inf, np.nan, -scale, -np.inf, 3e38):
        first.grad, other.grad = tensor(np.full((10, 5), 2 * scale)), tensor([1.0, low, low])
        held = first.grad.data
        wanted = abs(low) < 3.4e38 * min(scale, 1)
        what, idea = f"unscale_gradients, with {low:g} in the last of them,", "look at all, divided, each time anew"
        told = outcome(what, lambda: trainer.unscale_gradients(iter([first, bare, other])), idea)
        got = told, trainer.overflow_detected
        equal(f"{what} at a scale of {scale:g}, and overflow_detected", got, (wanted, not wanted), idea)
        close("a gradient of twice the scale, unscaled,", first.grad, np.full((10, 5), 2.0), "divide by the scale")
        with np.errstate(over="ignore"):
            divided = np.float32([1, low, low]) / np.float32(scale)
        close("the last gradient, unscaled,", other.grad, divided, "divide all of them")
        close("the array that held a scaled gradient", held, np.full((10, 5), 2 * scale), "unscale gives new arrays")
    close("a parameter without a gradient", bare, np.ones(1), "leave it alone")
    equal("unscale_gradients without any gradient", trainer.unscale_gradients([bare]), True, "none of them is infinite")


def adapts(trainer: Any, overflow: bool, wanted: tuple[float, int]) -> None:
    """Assert that an update after an overflow, or after none, leaves the `wanted` scale and count."""
    before = trainer.loss_scale, trainer.steps_since_last_scale_update
    trainer.overflow_detected = overflow
    with explained("update_loss_scale", "the scaler adapts to overflow_detected"):
        trainer.update_loss_scale()
    after = trainer.loss_scale, trainer.steps_since_last_scale_update
    what = f"scale and count after an update from {before} with overflow_detected {overflow}"
    equal(what, after, wanted, "it falls at once, and grows after 2000 good steps")
    equal("overflow_detected after an update", trainer.overflow_detected, overflow, "it is read, not set")


def cut_step(trainer: Any, x: Any, y: Any) -> None:
    """Assert that a step whose loss does not lead to the parameters is told as none, warns, and touches nothing."""
    before, why = (trainer.loss_scale, trainer.steps_since_last_scale_update), f"with {type(trainer.model).__name__}"
    x.requires_grad = True
    step = take_step(trainer, x, y)
    equal(f"overflow and gradients_valid {why}", step.told, (False, False), "no step was taken")
    in_words = [text for text in step.warned if len(text) > 20]
    said = f"a step {why} warned its caller of {step.warned or 'nothing'}"
    assert in_words, f"{said}: a step that is not taken must not look like one (stacklevel=2 names the caller's line)"
    equal(f"the optimizer's calls {why}", step.calls, [], "ask before you touch it")
    after = trainer.loss_scale, trainer.steps_since_last_scale_update
    equal(f"scale and count after a step {why}", after, before, "there was nothing to adapt to")


def steps_by_its_own_loss(trainer: type, tensor: type) -> None:
    """Assert that a `trainer` that computes its loss in another way steps by that one, and judges the step by the
    gradients, whatever the loss.
    """
    x, y = mock_batch(tensor, 2, seed=3)
    idea = "the loss is self._compute_loss(outputs, targets)"
    step = take_step(_with_loss(trainer, tensor, lambda outputs: outputs.sum() * 3), x, y)
    close("how far a step moved w, where _compute_loss gives 3 times the outputs' sum,", step.moved[:, 0],
          0.03 * x.data.sum(axis=0), idea, rtol=1e-2, atol=1e-4)
    losses = {
        "a loss of shape (1,)": (lambda outputs: outputs.sum().reshape(1), (False, True)),
        "an infinite loss and finite gradients": (lambda outputs: outputs.sum() + np.inf, (False, True)),
        "gradients of nan": (lambda outputs: outputs.sum() * np.nan, (True, False))}
    for what, (loss, told) in losses.items():
        step = take_step(_with_loss(trainer, tensor, loss), x, y)
        equal(f"overflow and gradients_valid of a step with {what}", step.told, told, "judge by the gradients alone")


def _with_loss(trainer: type, tensor: type, loss: Callable[[Any], Any]) -> Any:
    """A mock trainer that computes `loss(outputs)`."""

    class Own(trainer):
        def _compute_loss(self, outputs: Any, targets: Any) -> Any:
            return loss(outputs)

    return mock_trainer(Own, tensor, 8.0)


def steps_a_part(trainer: type, optimizer: type, net: Any, tensor: type) -> None:
    """Assert that a `trainer` whose optimizer has the second layer of `net` steps, whatever the first's gradients."""
    training = trainer(net, optimizer(net[1].parameters(), lr=0.1))
    for p in net[0].parameters():
        p.grad = tensor(np.full(p.shape, np.inf), p.dtype)
    idea = "whose gradients are unscaled and judged? see step 2"
    batch = mock_batch(tensor, 2, seed=9)
    told = outcome("a step of the second layer alone", lambda: training.train_step(batch), idea)
    assert told["gradients_valid"], f"an infinite gradient of the first layer kept the second from its step: {idea}"
    clear_gradients(net[0].parameters())
    elsewhere = trainer(net, optimizer([tensor([1.0], requires_grad=True)], lr=0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = elsewhere.train_step(batch)["gradients_valid"]
    equal("gradients_valid where the optimizer steps what the loss does not depend on", told, False, "see step 2")


def casts_forward_alone(trainer: Any, batch: tuple[Any, Any], interceptor: type, is_on: Callable[[], bool]) -> None:
    """Assert that the loss of a step runs where `is_on()`, once, and nothing of the backward pass; and that this is
    over after the step, even where the model fails.
    """
    with _watch(interceptor, is_on) as watched:
        trainer.train_step(batch)
    inside = [name for name, on in watched.seen if on]
    losses = [name for name, _ in watched.seen].count("mse_loss")
    assert "mse_loss" in inside, "the loss ran outside of autocast, wanted inside: it is part of step 1"
    assert losses == 1, f"the loss was computed {losses} times in a step, wanted once: keep it, and report that one"
    back = [name for name in inside if name.endswith("backward")]
    assert not back, f"under autocast ran {', '.join(back)}, wanted outside of it: that is step 3"
    _keeps_no_loss(trainer, batch)
    for error in (ZeroDivisionError, KeyboardInterrupt):
        _fails_as_the_model(trainer, batch, error)
        assert not is_on(), f"autocast is still on after a model raised {error.__name__}: `with` ends it in any case"


def _keeps_no_loss(trainer: Any, batch: tuple[Any, Any]) -> None:
    """Assert that nothing holds the loss, and with it the graph, when a step is over."""
    made, loss_fn = [], trainer.loss_fn

    def noted(outputs: Any, targets: Any) -> Any:
        typed("the outputs that the loss is given", outputs, trainer.dtype, "those of the model, as they are")
        assert targets is batch[1], "the loss was given other targets: autocast alone converts them"
        loss = loss_fn(outputs, targets)
        made.append(weakref.ref(loss.data))
        return loss

    trainer.loss_fn = noted
    trainer.train_step(batch)
    trainer.loss_fn = loss_fn
    gc.collect()
    assert made[0]() is None, "the loss, and its graph, is still held after the step: only its number is needed"


def _fails_as_the_model(trainer: Any, batch: tuple[Any, Any], error: type[BaseException]) -> None:
    """Assert that the `error` that a model raises comes out of the step."""
    model = trainer.model

    class Broken(type(model)):
        def __call__(self, x: Any) -> Any:
            raise error

    trainer.model, came = Broken(model.tensor), None
    try:
        trainer.train_step(batch)
    except (ZeroDivisionError, KeyboardInterrupt) as caught:
        came = type(caught)
    trainer.model = model
    equal(f"a step of a model that raises {error.__name__}", came, error, "let it pass")


def learns(trainer: Any, batch: tuple[Any, Any], steps: int) -> None:
    """Assert that a trainer takes these steps, that the loss falls by 0.1, and that the float32 weights move."""
    parameters = trainer.model.parameters()
    before = [p.data.copy() for p in parameters]
    metrics = [trainer.train_step(batch) for _ in range(steps)]
    losses, taken = [m["loss"] for m in metrics], [m["gradients_valid"] for m in metrics]
    equal(f"gradients_valid in {steps} steps", taken, [True] * steps, "nothing overflows here")
    assert losses[-1] < losses[0] - 0.1, f"in {steps} steps the loss went {losses}, wanted a fall of 0.1 and more"
    for p, old in zip(parameters, before, strict=True):
        typed("a master weight", p, np.float32, "autocast makes the copies, the weights stay")
        assert not np.array_equal(p.data, old), "a weight did not move in these steps"


class FeedForward:
    """Two products with a GELU between them, made of the functions that are given; the shape of the input is kept."""

    def __init__(self, tensor: type, product: Callable[[Any, Any], Any], gelu: Callable[[Any], Any], width: int):
        rng, scale = np.random.default_rng(8), width**-0.5
        self.product, self.gelu = product, gelu
        self.weights = [tensor((rng.normal(size=(width, width)) * scale).astype(np.float32)) for _ in range(2)]

    def __call__(self, x: Any) -> Any:
        return self.product(self.gelu(self.product(x, self.weights[0])), self.weights[1])

    def parameters(self) -> list[Any]:
        """Both weights."""
        return self.weights


def _watch(interceptor: type, is_on: Callable[[], bool]) -> Any:
    """An interceptor, made from lesson 01's class, that notes in `seen` each operation, with " backward" behind the
    name of one in the backward pass, and whether `is_on()` was true.
    """

    class Watch(interceptor):
        def __init__(self):
            self.seen: list[tuple[str, bool]] = []

        def forward(self, primitive: Any, inputs: Any, options: dict) -> Any:
            self.seen.append((primitive.name, is_on()))
            return super().forward(primitive, inputs, options)

        def backward(self, node: Any, gradient: np.ndarray) -> Any:
            self.seen.append((f"{node.primitive.name} backward", is_on()))
            return super().backward(node, gradient)

    return Watch()
