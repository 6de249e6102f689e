"""What the checks of lesson 18 share can fail: right work passes, and each kind of wrong work is told in words."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.activations import gelu
from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.optimization.acceleration import MixedPrecisionTrainer, fused_gelu, vectorized_matmul
from tinytorch.optimization.precision import _autocast, autocast, is_autocast_enabled
from tinytorch.support import checks_mixed as mixed
from tinytorch.support.checks_gelu import gelu64, gelu_is_right, makes_one_array, weighed
from tinytorch.support.checks_products import product_with_gradients, refuses, types_follow
from tinytorch.support.state import state


def trainer(kind=MixedPrecisionTrainer, scale=64.0, **settings):
    return mixed.mock_trainer(kind, Tensor, scale, **settings)


def test_the_reference_of_gelu_is_the_tanh_form_and_has_its_limits():
    x = np.linspace(-5, 5, 101)
    assert np.allclose(gelu64(x)[0], gelu(Tensor(x), "tanh").data, atol=1e-12)
    assert np.allclose(gelu64(x)[1], np.gradient(gelu64(x)[0], x), atol=2e-2)
    value, slope = gelu64(np.array([-np.inf, -1e20, 1e20, np.inf]))
    assert value.tolist() == [0, 0, 1e20, np.inf] and slope.tolist() == [0, 0, 1, 1]


def leaf(kind="float32"):
    return Tensor([-1.0, 2.0], dtype=kind, requires_grad=True)


def test_a_right_gelu_passes():
    gelu_is_right(fused_gelu, leaf("float64"), 1e-12, "idea")


def in_place(x):
    y = fused_gelu(x)
    x.data[...] = 0
    return y


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: x * 1, "gave -1, wanted -0.15881 at"),
        (lambda x: Tensor(fused_gelu(x).data), "without a gradient"),
        (lambda x: fused_gelu(x).astype("float64"), "is float64, wanted float32"),
        (lambda x: fused_gelu(x.detach()) + 0 * x, "the gradient of 3"),
        (in_place, "write to a new array"),
    ],
)
def test_a_wrong_gelu_is_told(wrong, words):
    with pytest.raises(AssertionError, match=words):
        gelu_is_right(wrong, leaf(), 1e-5, "idea")


def into_g(g, y, x):
    g *= x
    return g


def test_a_backward_pass_makes_one_array_and_writes_to_no_other():
    x = np.linspace(1, 2, 10_000).astype(np.float32)
    makes_one_array(np.copy, lambda g, y, x: g * x, x)
    for wrong, words in [(lambda g, y, x: g * x * x, "held 2.0 x its input"), (into_g, "changed g"),
                         (lambda g, y, x: g * x[1:], "failed: operands could not be broadcast"),
                         (lambda g, y, x: (g * 1) * x if x.itemsize == 2 else g * x, "float16 held 2.0 x")]:
        with pytest.raises(AssertionError, match=f"{words}.*: one pass, into one new array"):
            makes_one_array(np.copy, wrong, x)
    with pytest.raises(AssertionError, match="<lambda> of float32 held 3.0 x"):
        makes_one_array(lambda x: x + 0 + (x + 0), lambda g, y, x: g * x, x)


def test_an_error_of_a_gelu_is_told():
    with pytest.raises(AssertionError, match="<lambda> of float32 numbers failed: division by zero: idea"):
        gelu_is_right(lambda x: 1 / 0, leaf(), 1e-5, "idea")


def test_what_a_form_did_in_one_line():
    line, held = weighed(fused_gelu, Tensor(np.ones(10_000, np.float32)), [], 40_000)
    assert line.startswith("fused_gelu   passes: 0; moved  0 x the input, held 1.0 x, saved for the backward pass 1 x")
    assert 1.0 <= held < 1.1


def test_products_and_refusals():
    product_with_gradients(vectorized_matmul, Tensor, (2, 1, 2, 3), (4, 3, 2), "idea")
    refuses(vectorized_matmul, Tensor, (3,), (3, 2), "2D+")
    with pytest.raises(AssertionError, match="the right side no gradient"):
        product_with_gradients(lambda a, b: a @ b.detach(), Tensor, (2, 3), (3, 2), "idea")
    with pytest.raises(AssertionError, match="gave shape"):
        product_with_gradients(lambda a, b: a @ b @ b.T, Tensor, (2, 3), (3, 5), "idea")
    with pytest.raises(AssertionError, match="was accepted"):
        refuses(lambda a, b: a * 1, Tensor, (3,), (3, 2), "2D+")


def test_types_of_a_product_are_followed_to_the_gradients():
    types_follow(vectorized_matmul, Tensor)
    with pytest.raises(AssertionError, match="float32 @ int64 is int64, wanted float32: types follow @"):
        types_follow(lambda a, b: a.astype(b.dtype) @ b, Tensor)
    with pytest.raises(AssertionError, match="float32 @ int64 gave the left side no gradient"):
        types_follow(lambda a, b: a @ b if a.dtype == b.dtype else a.detach() @ b, Tensor)


def test_a_product_that_fails_is_told():
    with pytest.raises(AssertionError, match=r"\(2, 3\) @ \(3, 2\) failed: cannot reshape"):
        product_with_gradients(lambda a, b: a.reshape(5), Tensor, (2, 3), (3, 2), "idea")


def test_right_steps_pass():
    x, y = mixed.mock_batch(Tensor, 4, 0)
    made = trainer()
    mixed.scales_and_unscales(made, Tensor, 0.5, "float32")
    mixed.scales_and_unscales(trainer(scale=0.5), Tensor, 0.5, "float64")
    mixed.steps_by_its_own_loss(MixedPrecisionTrainer, Tensor)
    mixed.good_step(made, x, y)
    mixed.overflowing_step(made, Tensor(np.full((4, 10), 6e4, np.float32)), y)
    mixed.casts_forward_alone(made, (x, y), Interceptor, is_autocast_enabled)
    mixed.adapts(made, True, (16.0, 0))
    mixed.cut_step(trainer(model=mixed.Detached), x, y)
    assert mixed.path_of(trainer(dtype="bfloat16"), Tensor, [1, np.inf]) == [(64.0, False), (32.0, True)]


class Step(MixedPrecisionTrainer):
    """A trainer whose parts can be exchanged one by one."""

    dtype_of_backward = None

    def train_step(self, batch):
        with autocast(self.dtype):
            loss = self._compute_loss(self.model(batch[0]), batch[1])
        self.optimizer.zero_grad()
        with autocast(self.dtype, enabled=self.dtype_of_backward is not None):
            self.scale_loss(loss).backward()
        valid = self.unscale_gradients(self.model.parameters())
        self.finish(valid)
        self.update_loss_scale()
        return self._metrics(loss, not valid, valid)

    def finish(self, valid):
        if valid:
            self.optimizer.step()


class BackUnderAutocast(Step):
    dtype_of_backward = "float16"


class AlwaysSteps(Step):
    def finish(self, valid):
        self.optimizer.step()


class NeverSteps(Step):
    def finish(self, valid):
        pass


class AsksForGroups(Step):
    def finish(self, valid):
        return self.optimizer.param_groups


class ReportsLess(Step):
    def _metrics(self, loss, overflow, valid):
        return {"loss": 0.0}


class NeverUnscales(Step):
    def unscale_gradients(self, parameters):
        self.overflow_detected = False
        return True


class LossFunction(Step):
    def train_step(self, batch):
        self._compute_loss = self.loss_fn
        return super().train_step(batch)


class KeepsTheLoss(Step):
    def _compute_loss(self, outputs, targets):
        self.last = super()._compute_loss(outputs, targets)
        return self.last


class SetsForGood(Step):
    def train_step(self, batch):
        np.seterr(over="ignore")
        return super().train_step(batch)


class StaysUnderAutocast(Step):
    def train_step(self, batch):
        context = autocast("float16")
        context.__enter__()
        inputs, targets = batch
        loss = self._compute_loss(self.model(inputs), targets)
        context.__exit__(None, None, None)
        self.scale_loss(loss).backward()


class OtherInputs(Step):
    def train_step(self, batch):
        return super().train_step((batch[0] * 1, batch[1]))


BATCH = mixed.mock_batch(Tensor, 4, 0)
HUGE = Tensor(np.full((4, 10), 6e4, np.float32)), BATCH[1]
WATCHED = Interceptor, is_autocast_enabled


@pytest.mark.parametrize(
    ("kind", "asked", "words"),
    [
        (BackUnderAutocast, lambda t: mixed.casts_forward_alone(t, BATCH, *WATCHED), "is step 3"),
        (KeepsTheLoss, lambda t: mixed.casts_forward_alone(t, BATCH, *WATCHED), "still held after the step"),
        (SetsForGood, lambda t: mixed.good_step(t, *BATCH), "np.errstate puts them back"),
        (StaysUnderAutocast, lambda t: mixed.casts_forward_alone(t, BATCH, *WATCHED), "autocast is still on"),
        (OtherInputs, lambda t: mixed.good_step(t, *BATCH), "autocast alone converts them"),
        (AlwaysSteps, lambda t: mixed.overflowing_step(t, *HUGE), "skip the step"),
        (AsksForGroups, lambda t: mixed.good_step(t, *BATCH), "asked the optimizer for param_groups"),
        (ReportsLess, lambda t: mixed.good_step(t, *BATCH), "wanted a dict with the keys"),
        (NeverUnscales, lambda t: mixed.good_step(t, *BATCH), "unscaled once"),
        (NeverUnscales, lambda t: mixed.scales_and_unscales(t, Tensor, 0.5, "float32"), "divide by the scale"),
        (Step, lambda t: mixed.adapts(t, True, (64.0, 0)), "it falls at once"),
        (NeverSteps, lambda t: mixed.learns(t, BATCH, 2), "wanted a fall of 0.1"),
    ],
)  # fmt: skip
def test_wrong_steps_are_told(kind, asked, words):
    try:
        with np.errstate(), pytest.raises(AssertionError, match=words):
            asked(trainer(kind))
    finally:
        state.interceptors, _autocast.blocks = (), [None]  # what a wrong step leaves on


def test_a_loss_that_is_not_the_trainers_own_is_told():
    with pytest.raises(AssertionError, match="the loss is self._compute_loss"):
        mixed.steps_by_its_own_loss(LossFunction, Tensor)


def test_a_cut_graph_that_is_not_noticed_is_told():
    with pytest.raises(AssertionError, match="train_step failed: backward"):
        mixed.cut_step(trainer(Step, model=mixed.Detached), *BATCH)


def test_a_block_of_ones_own_functions_learns():
    block = mixed.FeedForward(Tensor, vectorized_matmul, fused_gelu, 16)
    x, y = (Tensor(np.random.default_rng(n).normal(size=(4, 8, 16)).astype(np.float32)) for n in (0, 1))
    assert block(x).shape == x.shape
    mixed.learns(MixedPrecisionTrainer(block, Descent(block.parameters())), (x, y), 5)


class Descent(mixed.MockOptimizer):
    """Longer steps."""

    def step(self):
        for p in self.params:
            p.data = p.data - 2 * p.grad.data
