"""The losses: PyTorch's values and gradients, extreme logits, every type of class index, and what is refused."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.operations.check import HALVES, assert_close, to_numpy, to_torch
from tinytorch.core.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MSELoss,
    bce_with_logits,
    class_indices,
    cross_entropy,
    mse_loss,
)
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.kernels import fused_cross_entropy
from tinytorch.support.threads import set_num_threads

CROSS_ENTROPIES = pytest.mark.parametrize("loss", [cross_entropy, fused_cross_entropy])
EXTREME = [0.0, -0.0, 1e-30, 20.0, -20.0, 89.0, -104.0, 1e4, -1e4, 3e38, -3e38]


def both(loss, peer, numbers, *rest):
    """A loss and PyTorch's: values and gradients with respect to the first argument."""
    x, y = Tensor(numbers, requires_grad=True), to_torch(numbers)
    got, wanted = loss(x, *rest), peer(y, *map(torch.as_tensor, rest))
    got.backward()
    wanted.backward()
    return (got.item(), x.grad.data), (wanted.item(), to_numpy(y.grad))


@CROSS_ENTROPIES
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 2), (8, 5), (3, 1)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1000.0])
def test_cross_entropy_is_pytorchs(loss, shape, scale, smoothing):
    rng = np.random.default_rng(0)
    logits, targets = (rng.normal(size=shape) * scale).astype(np.float32), rng.integers(0, shape[1], shape[0])
    got, wanted = both(
        lambda x, t: loss(x, t, label_smoothing=smoothing),
        lambda x, t: F.cross_entropy(x, t, label_smoothing=smoothing), logits, targets,
    )  # fmt: skip
    assert np.isclose(got[0], wanted[0], rtol=1e-5, atol=1e-7)
    assert_close(got[1], wanted[1], 1e-6, "gradient")


@CROSS_ENTROPIES
def test_cross_entropy_keeps_the_classes_last_where_pytorch_has_them_second(loss):
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 5, (2, 3, 4))
    got, wanted = both(
        loss, lambda x, t: F.cross_entropy(x.movedim(-1, 1), t), logits, targets
    )
    assert np.isclose(got[0], wanted[0])
    assert_close(got[1], wanted[1], 1e-12, "gradient")


@CROSS_ENTROPIES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", [0, 1, 2])
@pytest.mark.parametrize(
    "row",
    [[1e4, 0, 0], [-1e4, -1e4, -1e4], [3e38, -3e38, 0], [1e-30, 0, -0.0], [0, -np.inf, 1], [-np.inf] * 3,
     [0, np.inf, 1], [0, np.nan, 1], [0, -np.nan, 1], [-3e38, -1.0, -2.0]],
)  # fmt: skip
def test_cross_entropy_of_extreme_logits_is_pytorchs(loss, row, target, dtype):
    """Among them logits so far apart that their difference is infinite in float32."""
    with np.errstate(all="ignore"):
        got, wanted = both(loss, F.cross_entropy, np.array([row], dtype), np.array([target]))
    assert np.allclose(got[0], wanted[0], rtol=1e-6, equal_nan=True)
    assert np.allclose(got[1], wanted[1], atol=1e-7, equal_nan=True)


@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("logit", EXTREME)
def test_binary_cross_entropy_of_extreme_logits_is_pytorchs(logit, target):
    got, wanted = both(
        bce_with_logits, F.binary_cross_entropy_with_logits, np.float32([logit, 1.0]), np.float32([target, 0.0])
    )
    assert np.isclose(got[0], wanted[0], rtol=1e-6)
    assert_close(got[1], wanted[1], 1e-7, "gradient")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 4)])
def test_mean_squares_are_pytorchs(shape, dtype):
    rng = np.random.default_rng(2)
    prediction, target = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    got, wanted = both(mse_loss, F.mse_loss, prediction, target)
    assert np.isclose(got[0], wanted[0], rtol=1e-5)
    assert_close(got[1], wanted[1], 1e-6, "gradient")


@pytest.mark.parametrize("loss", [mse_loss, bce_with_logits])
def test_the_gradient_goes_to_the_target_too(loss):
    peer = {mse_loss: F.mse_loss, bce_with_logits: F.binary_cross_entropy_with_logits}[loss]
    numbers = np.random.default_rng(3).uniform(size=(2, 5))
    x, t = (Tensor(n, requires_grad=True) for n in numbers)
    y, u = (to_torch(n) for n in numbers)
    loss(x, t).backward()
    peer(y, u).backward()
    assert_close(t.grad.data, to_numpy(u.grad), 1e-12, "gradient to the target")
    assert_close(x.grad.data, to_numpy(y.grad), 1e-12, "gradient to the prediction")


@pytest.mark.parametrize("half", HALVES)
def test_losses_of_halves_are_computed_in_float32(half):
    """1000 squared is beyond float16; the mean of a thousand of them is not."""
    off = np.zeros(1000)
    off[0] = 1000
    got = mse_loss(Tensor(off, dtype=half), Tensor(np.zeros(1000), dtype=half))
    assert got.dtype.name == half and got.item() == 1000
    for cross in (cross_entropy, fused_cross_entropy):
        x = Tensor(np.tile([30.0, 0.0], (2000, 1)), dtype=half, requires_grad=True)
        loss = cross(x, np.zeros(2000, int))
        loss.backward()
        assert loss.dtype.name == half and x.grad.dtype.name == half


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(1, 700_000), (40, 30_000), (120_001, 10), (9, 5000)])
def test_the_fused_loss_of_many_logits_is_pytorchs_on_any_number_of_threads(shape, threads):
    rng = np.random.default_rng(6)
    logits, targets = rng.normal(size=shape).astype(np.float32), rng.integers(0, shape[1], shape[0])
    set_num_threads(threads)
    try:
        got, wanted = both(fused_cross_entropy, F.cross_entropy, logits, targets)
    finally:
        set_num_threads(os.cpu_count() or 1)
    assert np.isclose(got[0], wanted[0], rtol=1e-6)
    assert np.allclose(got[1], wanted[1], rtol=1e-4, atol=1e-9)


@CROSS_ENTROPIES
@pytest.mark.parametrize("offset", [1234567.0, -3e38, 1e38])
def test_smoothed_labels_of_large_logits_lose_nothing_in_a_sum(loss, offset):
    """Every class has the same logit, so the loss is ln 1000; a mean of the logits as they are would round it away."""
    logits = Tensor(np.full((2, 1000), offset, np.float32))
    assert np.isclose(loss(logits, [0, 999], label_smoothing=0.5).item(), np.log(1000), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "uint64", "float16", "float32", "float64"])
def test_class_indices_come_in_any_type(dtype):
    logits = Tensor(np.random.default_rng(4).normal(size=(3, 4)))
    wanted = F.cross_entropy(torch.tensor(logits.data), torch.tensor([3, 0, 1])).item()
    for targets in (np.array([3, 0, 1], dtype), Tensor(np.array([3, 0, 1], dtype))):
        assert np.isclose(cross_entropy(logits, targets).item(), wanted)
    assert np.isclose(cross_entropy(logits, [3, 0, 1]).item(), wanted)


@pytest.mark.parametrize(
    ("targets", "error", "words"),
    [
        ([0, 1, 4], ValueError, r"target 4.0 at \[2\] is not a class: wanted a whole number from 0 to 3"),
        ([0, -1, 1], ValueError, r"target -1.0 at \[1\]"), ([0.5, 1, 2], ValueError, r"target 0.5 at \[0\]"),
        ([np.nan, 1, 2], ValueError, "target nan"), ([np.inf, 1, 2], ValueError, "target inf"),
        ([1, 2], ValueError, r"shape \(2,\)"), ([[1], [2], [3]], ValueError, r"shape \(3, 1\)"),
        ([True, False, True], TypeError, "booleans"),
        (np.array([2**63, 0, 0], np.uint64), ValueError, "9223372036854775808"),
        (np.array([2**32, 0, 0]), ValueError, "4294967296"),
    ],
)  # fmt: skip
def test_a_target_that_is_no_class_is_named(targets, error, words):
    for loss in (cross_entropy, fused_cross_entropy):
        with pytest.raises(error, match=words):
            loss(Tensor(np.zeros((3, 4))), targets)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, np.nan])
def test_a_share_that_is_none_is_refused(smoothing):
    for loss in (cross_entropy, fused_cross_entropy):
        with pytest.raises(ValueError, match="label_smoothing is a share"):
            loss(Tensor([[1.0, 2.0]]), [0], label_smoothing=smoothing)
    with pytest.raises(ValueError, match="label_smoothing is a share"):
        CrossEntropyLoss(label_smoothing=smoothing)


UNEQUAL = [((4, 1), (4,)), ((4,), (4, 1)), ((2, 3), (3,)), ((3,), ()), ((2, 3), (3, 2))]


@pytest.mark.parametrize("loss", [mse_loss, bce_with_logits])
@pytest.mark.parametrize(("left", "right"), UNEQUAL)
def test_shapes_that_differ_are_refused_though_pytorchs_mse_loss_broadcasts(loss, left, right):
    with pytest.raises(ValueError, match="broadcasts nothing"):
        loss(Tensor(np.zeros(left)), Tensor(np.zeros(right)))


@pytest.mark.parametrize("loss", [mse_loss, bce_with_logits])
def test_an_empty_batch_is_refused_where_pytorch_gives_nan(loss):
    with pytest.raises(ValueError, match="an empty batch has no mean"):
        loss(Tensor(np.zeros((0, 3))), Tensor(np.zeros((0, 3))))
    with pytest.raises(ValueError, match="an empty batch has no mean"):
        cross_entropy(Tensor(np.zeros((0, 3))), [])
    with pytest.raises(ValueError, match="an empty batch has no mean"):
        fused_cross_entropy(Tensor(np.zeros((0, 3))), [])


def test_targets_may_be_booleans_whole_numbers_or_lists():
    x = Tensor([0.5, -1.0])
    wanted = F.binary_cross_entropy_with_logits(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 0.0])).item()
    for targets in ([True, False], np.array([1, 0]), Tensor([1.0, 0.0]), np.array([True, False])):
        assert np.isclose(bce_with_logits(x, targets).item(), wanted, rtol=1e-6)
    assert mse_loss(x, [0, 0]).dtype == np.float32


def test_losses_as_objects_keep_their_settings():
    x = Tensor(np.random.default_rng(5).normal(size=(4, 3)))
    smoothed = CrossEntropyLoss(label_smoothing=0.2)
    assert smoothed(x, [0, 1, 2, 0]).item() == cross_entropy(x, [0, 1, 2, 0], label_smoothing=0.2).item()
    assert MSELoss()(x, x * 0).item() == mse_loss(x, x * 0).item()
    assert BCEWithLogitsLoss()(x, x * 0).item() == bce_with_logits(x, x * 0).item()
    assert smoothed == CrossEntropyLoss(label_smoothing=0.2) != CrossEntropyLoss()


@CROSS_ENTROPIES
def test_class_indices_do_not_depend_on_whoever_changes_the_targets_later(loss):
    x, targets = Tensor(np.zeros((2, 3)), requires_grad=True), np.array([0, 1])
    loss = loss(x, targets)
    targets[:] = 2
    loss.backward()
    assert (x.grad.data[:, 2] > 0).all() and (x.grad.data[[0, 1], [0, 1]] < 0).all()
    assert class_indices(targets, (2, 3)) is not targets
