"""PyTorch's options of losses: values, types, shapes and gradients are PyTorch's, with the classes on the last axis."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.operations.check import assert_close, to_numpy, to_torch
from tinytorch.core.activations import log_softmax
from tinytorch.core.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MSELoss,
    bce_with_logits,
    cross_entropy,
    mse_loss,
)
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.given.losses import L1Loss, NLLLoss, SmoothL1Loss, l1_loss, nll_loss, smooth_l1_loss
from tinytorch.nn import functional as ours_F
from tinytorch.optimization.precision import autocast

REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
SHAPES = pytest.mark.parametrize("shape", [(6, 4), (2, 3, 5), (4,)])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def drawn(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def as_theirs(logits):
    """Classes second, where PyTorch has them."""
    return logits.movedim(-1, 1) if logits.ndim > 1 else logits


def assert_same(ours, theirs, numbers, allowed=2e-6):
    """A loss and PyTorch's: value, shape, type, and the gradient of a weighted sum with respect to the first input."""
    x, y = Tensor(numbers, requires_grad=True), to_torch(numbers)
    got, wanted = ours(x), theirs(y)
    assert got.shape == tuple(wanted.shape) and got.dtype == to_numpy(wanted).dtype
    assert_close(got.data, to_numpy(wanted), allowed, "value")
    factors = drawn(*got.shape, seed=9, dtype=str(got.dtype))
    (got * factors).sum().backward()
    (wanted * torch.tensor(factors)).sum().backward()
    assert_close(x.grad.data, to_numpy(y.grad), allowed, "gradient")


# ---- the cross-entropy of class indices


@DTYPES
@SHAPES
@REDUCTIONS
@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, -100, 1])
def test_cross_entropy_with_options_is_pytorchs(shape, reduction, smoothing, weighted, ignored, dtype):
    classes, rng = shape[-1], np.random.default_rng(1)
    targets = np.asarray(rng.integers(0, classes, shape[:-1]))
    options = {"reduction": reduction, "label_smoothing": smoothing}
    if ignored is not None:
        options["ignore_index"] = ignored
        if targets.ndim:
            targets.reshape(-1)[::2], targets.reshape(-1)[1] = ignored, 0
        elif targets == ignored:
            targets = np.array(0)
    weight = drawn(classes, seed=3, dtype=dtype) ** 2 if weighted else None
    theirs = {**options, "weight": None if weight is None else torch.tensor(weight)}
    assert_same(
        lambda x: cross_entropy(x, targets, weight, **options),
        lambda y: F.cross_entropy(as_theirs(y), torch.tensor(targets), **theirs), drawn(*shape, dtype=dtype),
    )  # fmt: skip


@DTYPES
@SHAPES
@REDUCTIONS
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_as_targets_are_pytorchs(shape, reduction, smoothing, weighted, dtype):
    p = np.random.default_rng(2).dirichlet(np.ones(shape[-1]), shape[:-1]).astype(dtype)
    weight = drawn(shape[-1], seed=3, dtype=dtype) ** 2 if weighted else None
    options = {"reduction": reduction, "label_smoothing": smoothing}
    theirs = {**options, "weight": None if weight is None else torch.tensor(weight)}
    numbers = drawn(*shape, dtype=dtype)
    assert_same(
        lambda x: cross_entropy(x, Tensor(p), weight, **options),
        lambda y: F.cross_entropy(as_theirs(y), as_theirs(torch.tensor(p)), **theirs), numbers,
    )  # fmt: skip
    assert_same(
        lambda t: cross_entropy(Tensor(numbers), t, weight, **options),
        lambda u: F.cross_entropy(as_theirs(torch.tensor(numbers)), as_theirs(u), **theirs), p,
    )  # fmt: skip


def test_one_hot_targets_are_class_indices_in_another_form():
    x, indices = drawn(5, 3), [0, 2, 1, 1, 0]
    one_hot = np.eye(3, dtype=np.float32)[indices]
    assert np.isclose(cross_entropy(Tensor(x), one_hot).item(), cross_entropy(Tensor(x), indices).item(), rtol=1e-6)
    whole = one_hot.astype(np.int64)
    with pytest.raises(ValueError, match=r"targets \(5,\), not of shape \(5, 3\)"):
        cross_entropy(Tensor(x), whole)


def test_a_row_that_is_ignored_counts_nowhere_not_even_with_infinite_logits():
    x = Tensor(np.float32([[1, 2, 3], [np.inf, 0, -np.inf], [0, 0, 0]]))
    targets = np.array([2, -100, 0])
    wanted = cross_entropy(Tensor(x.data[[0, 2]]), [2, 0]).item()
    for kind in (targets, targets.astype(np.float32), Tensor(targets)):
        assert np.isclose(cross_entropy(x, kind).item(), wanted)
    assert cross_entropy(x, targets, reduction="none").data[1] == 0


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_options_of_16_bit_logits_are_summed_in_float32(half):
    """40,000 losses of ln 2 are beyond float16; their mean, and its weights' sum, are not."""
    x = Tensor(np.zeros((40_000, 2)), dtype=half, requires_grad=True)
    targets = np.zeros(40_000, int)
    targets[0] = -100
    loss = cross_entropy(x, targets, [2.0, 1.0])
    loss.backward()
    assert loss.dtype.name == x.grad.dtype.name == half and abs(loss.item() - np.log(2)) < 0.01
    far = Tensor(np.full(40_000, 3.0), dtype=half)
    assert mse_loss(far, far * 2, reduction="sum").dtype.name == half
    with autocast(half):
        for distance in (mse_loss, l1_loss, smooth_l1_loss, bce_with_logits):
            assert distance(far, far * 2, reduction="sum").dtype == np.float32
        assert mse_loss(far, far * 2, reduction="sum").item() == 360_000
        assert cross_entropy(x, targets, reduction="sum").dtype == np.float32
        assert cross_entropy(x, targets).dtype == np.float32


@pytest.mark.parametrize(("options", "error", "words"), [
    ({"weight": [1.0, 2.0]}, ValueError, r"weight has shape \(2,\), wanted \(3,\), a number for each class"),
    ({"weight": 0.1}, ValueError, r"weight has shape \(\).* write label_smoothing=..., if that was meant"),
    ({"weight": Tensor([1.0, 1.0, 1.0], requires_grad=True)}, RuntimeError, "requires a gradient is no array"),
    ({"reduction": "average"}, ValueError, "reduction is one of 'mean', 'sum', 'none', got 'average'"),
    ({"ignore_index": 1, "weight": [1.0, 1.0, 0.0]}, ValueError, "no target counts: each is ignore_index=1"),
    ({"label_smoothing": 2.0, "reduction": "sum"}, ValueError, "label_smoothing is a share"),
])  # fmt: skip
def test_options_of_a_cross_entropy_that_make_no_sense(options, error, words):
    with pytest.raises(error, match=words):
        cross_entropy(Tensor(np.zeros((2, 3))), [1, 2], **options)


def test_a_class_that_there_is_not_is_named_with_options_too():
    with pytest.raises(ValueError, match=r"target 7 at \[1\] is not a class"):
        cross_entropy(Tensor(np.zeros((3, 3))), np.array([-100, 7, 0]))
    with pytest.raises(ValueError, match="ignore_index=2 names a class, but the targets are probabilities"):
        cross_entropy(Tensor(np.zeros((1, 3))), [[0.0, 0.5, 0.5]], ignore_index=2)
    with pytest.raises(TypeError, match="positional"):
        cross_entropy(Tensor(np.zeros((1, 3))), [0], None, 0.1)


# ---- negative log-likelihood


@SHAPES
@REDUCTIONS
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_loss_is_pytorchs(shape, reduction, weighted):
    targets = np.asarray(np.random.default_rng(4).integers(0, shape[-1], shape[:-1]))
    weight = drawn(shape[-1], seed=3) ** 2 if weighted else None
    options = {"reduction": reduction, "ignore_index": 2}
    if targets.ndim == 0:
        targets = np.array(1)
    elif (targets == 2).all():
        targets.reshape(-1)[0] = 0
    theirs = None if weight is None else torch.tensor(weight)
    assert_same(
        lambda x: nll_loss(log_softmax(x), targets, weight, **options),
        lambda y: F.nll_loss(as_theirs(torch.log_softmax(y, -1)), torch.tensor(targets), theirs, **options),
        drawn(*shape),
    )  # fmt: skip


def test_nll_loss_of_probabilities_is_refused_and_equals_cross_entropy_of_indices():
    x = Tensor(drawn(4, 3))
    assert np.isclose(nll_loss(log_softmax(x), [0, 1, 2, 0]).item(), cross_entropy(x, [0, 1, 2, 0]).item())
    with pytest.raises(ValueError, match="nll_loss wants class indices"):
        nll_loss(log_softmax(x), np.ones((4, 3), np.float32))


# ---- yes or no


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("weight", [None, (5, 3), (3,), (5, 1)])
@pytest.mark.parametrize("pos_weight", [None, (3,), (1,), ()])
def test_binary_cross_entropy_with_weights_is_pytorchs(reduction, weight, pos_weight, dtype):
    logits, targets = 5 * drawn(5, 3, dtype=dtype), np.random.default_rng(1).uniform(size=(5, 3)).astype(dtype)
    weights = [None if shape is None else np.asarray(drawn(*shape, seed=i, dtype=dtype) ** 2)
               for i, shape in enumerate((weight, pos_weight))]
    theirs = [None if w is None else torch.tensor(w) for w in weights]
    assert_same(
        lambda x: bce_with_logits(x, targets, weights[0], reduction=reduction, pos_weight=weights[1]),
        lambda y: F.binary_cross_entropy_with_logits(
            y, torch.tensor(targets), theirs[0], reduction=reduction, pos_weight=theirs[1]
        ), logits,
    )  # fmt: skip


@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("logit", [0.0, -0.0, 30.0, -30.0, 89.0, -104.0, 1e4, -1e4, 1e-30])
def test_binary_cross_entropy_of_extreme_logits_with_options_is_pytorchs(logit, target):
    numbers, targets = np.float32([logit, 1.0]), np.float32([target, 0.0])
    assert_same(
        lambda x: bce_with_logits(x, targets, reduction="none", pos_weight=[3.0]),
        lambda y: F.binary_cross_entropy_with_logits(
            y, torch.tensor(targets), reduction="none", pos_weight=torch.tensor([3.0])
        ), numbers,
    )  # fmt: skip


def test_a_certain_answer_keeps_the_digits_of_its_small_loss():
    got = bce_with_logits(Tensor([30.0, 60.0]), [1, 1], reduction="none").data
    assert np.allclose(got, np.exp([-30.0, -60.0]), rtol=1e-6)


@pytest.mark.parametrize("name", ["weight", "pos_weight"])
@pytest.mark.parametrize("shape", [(2,), (5, 3, 1), (4, 3), (2, 5, 3)])
def test_a_weight_that_does_not_broadcast_is_refused(name, shape):
    with pytest.raises(ValueError, match=rf"^{name} of shape .* does not broadcast to the logits' shape \(5, 3\)"):
        bce_with_logits(Tensor(drawn(5, 3)), np.ones((5, 3)), **{name: np.ones(shape)})


# ---- distances


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize(("ours", "theirs"), [
    (mse_loss, F.mse_loss), (l1_loss, F.l1_loss), (smooth_l1_loss, F.smooth_l1_loss),
    (partial(smooth_l1_loss, beta=0.25), partial(F.smooth_l1_loss, beta=0.25)),
])  # fmt: skip
@pytest.mark.parametrize("shape", [(), (7,), (3, 4)])
def test_distances_are_pytorchs(ours, theirs, reduction, shape, dtype):
    numbers, target = np.asarray(2 * drawn(*shape, dtype=dtype)), np.asarray(drawn(*shape, seed=5, dtype=dtype))
    if shape:
        numbers.reshape(-1)[0] = target.reshape(-1)[0]
    assert_same(
        lambda x: ours(x, target, reduction=reduction),
        lambda y: theirs(y, torch.tensor(target), reduction=reduction), numbers,
    )  # fmt: skip


def test_distances_refuse_what_a_loss_refuses():
    for loss in (mse_loss, l1_loss, smooth_l1_loss):
        with pytest.raises(ValueError, match="broadcasts nothing"):
            loss(Tensor([1.0, 2.0]), [[1.0], [2.0]], reduction="sum")
        with pytest.raises(ValueError, match="reduction is one of"):
            loss(Tensor([1.0]), [1.0], reduction="median")
    with pytest.raises(ValueError, match="beta must be 0 or more"):
        smooth_l1_loss(Tensor([1.0]), [1.0], beta=-1)


# ---- as objects, and by PyTorch's names


@pytest.mark.parametrize(("made", "function", "options", "target"), [
    (CrossEntropyLoss, cross_entropy, {"weight": [1.0, 2.0, 3.0], "ignore_index": 1, "reduction": "sum"}, [0, 1, 2, 0]),
    (CrossEntropyLoss, cross_entropy, {"label_smoothing": 0.1, "reduction": "none"}, [0, 1, 2, 0]),
    (NLLLoss, nll_loss, {"weight": [1.0, 2.0, 3.0], "ignore_index": 1, "reduction": "mean"}, [0, 1, 2, 0]),
    (BCEWithLogitsLoss, bce_with_logits, {"pos_weight": [2.0], "reduction": "sum"}, np.ones((4, 3))),
    (BCEWithLogitsLoss, bce_with_logits, {"weight": [1.0, 2.0, 3.0]}, np.ones((4, 3))),
    (MSELoss, mse_loss, {"reduction": "none"}, np.ones((4, 3))), (L1Loss, l1_loss, {}, np.ones((4, 3))),
    (SmoothL1Loss, smooth_l1_loss, {"beta": 0.5, "reduction": "sum"}, np.ones((4, 3))),
])  # fmt: skip
def test_an_object_takes_the_options_of_its_function(made, function, options, target):
    x, loss = Tensor(drawn(4, 3)), made(**options)
    assert np.array_equal(loss(x, target).data, function(x, target, **options).data)
    for name, value in options.items():
        assert getattr(loss, name) is value
    with pytest.raises(ValueError, match="reduction is one of"):
        made(reduction="mode")


def test_functional_has_pytorchs_names():
    x = Tensor(drawn(4, 3))
    ones, weight = np.ones((4, 3)), [1.0, 2.0, 3.0]
    got = ours_F.binary_cross_entropy_with_logits(x, ones, weight, reduction="sum")
    assert got.item() == bce_with_logits(x, ones, weight, reduction="sum").item()
    assert {"nll_loss", "l1_loss", "smooth_l1_loss", "mse_loss", "cross_entropy"} <= set(dir(ours_F))


def test_the_plain_mean_is_the_taught_primitive_and_options_are_the_same_number():
    x, t, targets = Tensor(drawn(6, 4)), np.abs(drawn(6, 4)), [0, 1, 2, 3, 0, 1]
    pairs = [
        (cross_entropy(x, targets), cross_entropy(x, targets, np.ones(4))),
        (bce_with_logits(x, t), bce_with_logits(x, t, pos_weight=[1.0])),
        (mse_loss(x, t), mse_loss(x, t, reduction="none").mean()),
    ]
    assert all(np.isclose(a.item(), b.item(), rtol=1e-6) for a, b in pairs)
    y = Tensor(x.data, requires_grad=True)
    names = [loss._node.primitive.name for loss in (cross_entropy(y, targets), bce_with_logits(y, t), mse_loss(y, t))]
    assert names == ["cross_entropy", "bce_with_logits", "mse_loss"]
    with no_grad():
        assert not cross_entropy(y, targets, reduction="sum").requires_grad
