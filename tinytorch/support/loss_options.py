"""What a loss can be told beyond its data: a reduction, weights, targets to leave out, probabilities as targets.

Everything is made of the tensors' own operations, which bring the gradients. The plain means are lesson 04's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.by_name import offered
from tinytorch.support.dtypes import is_floating, is_half

Indices = Callable[[Any, tuple[int, ...]], np.ndarray]  # lesson 04's class_indices

_REDUCTIONS = {"mean": lambda losses: losses.mean(), "sum": lambda losses: losses.sum(), "none": lambda losses: losses}


def reduced(losses: Any, reduction: str) -> Any:
    """Their mean, their sum, or with "none" the losses themselves; ValueError for another reduction."""
    check_reduction(reduction)
    return _REDUCTIONS[reduction](losses)


def check_reduction(reduction: str) -> None:
    """Raise ValueError for what is not a reduction."""
    if reduction not in _REDUCTIONS:
        raise ValueError(f"reduction is one of {', '.join(map(repr, _REDUCTIONS))}, got {reduction!r}")


class CheckedOptions:
    """For a frozen dataclass of a loss's options: they are looked at when it is made. Raises ValueError."""

    def __post_init__(self) -> None:
        options = vars(self)
        check_reduction(options["reduction"])
        check_share(options.get("label_smoothing", 0.0))


def check_share(label_smoothing: float) -> None:
    """Raise ValueError where `label_smoothing` is not a share from 0 to 1."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is a share from 0 to 1, got {label_smoothing}")


def compared(losses: Callable[[Any, Any], Any], prediction: Any, target: Any, reduction: str) -> Any:
    """`losses(prediction, target)` of two tensors of one shape and type, reduced.

    16-bit types are computed in float32 and rounded once, or under autocast, where a sum is float32, not at all.
    """
    wide = (x.astype("float32") if is_half(x.dtype) else x for x in (prediction, target))
    return reduced(losses(*wide), reduction).astype(prediction.reshape(-1)[:0].sum().dtype)


def squared_errors(prediction: Any, target: Any, reduction: str) -> Any:
    """(prediction - target)^2 of two tensors of one shape, reduced."""
    return compared(lambda p, t: (p - t) * (p - t), prediction, target, reduction)


def binary_cross_entropies(logits: Any, targets: Any, weight: Any, reduction: str, pos_weight: Any) -> Any:
    """-weight (pos_weight t log p + (1 - t) log(1 - p)), p = sigmoid(logits), reduced; a weight of None is 1.

    The weights broadcast to the shape of the logits and the targets, or ValueError says that they do not.
    """

    def losses(x: Any, t: Any) -> Any:
        more = 1 if pos_weight is None else _weight("pos_weight", pos_weight, x)
        surprises = (1 - t) * x + (1 + (more - 1) * t) * _softplus(-x)
        return surprises if weight is None else surprises * _weight("weight", weight, x)

    return compared(losses, logits, targets, reduction)


def is_plain(logits: Any, targets: Any, weight: Any, ignore_index: int, reduction: str) -> bool:
    """Whether a cross-entropy is the mean over all rows of the surprise at a class."""
    usual = weight is None and reduction == "mean" and not are_probabilities(targets, logits.shape)
    return usual and not (targets.data == ignore_index).any()


def are_probabilities(targets: Any, shape: tuple[int, ...]) -> bool:
    """Whether targets for logits of this shape are a probability for each class, and not class indices."""
    return targets.shape == shape and is_floating(targets.dtype)


def cross_entropies(
    log_p: Any, targets: Any, class_indices: Indices, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """The cross-entropy of log-probabilities (..., C) and class indices (...) or probabilities (..., C), reduced.

    `weight` has a number for each class. Rows whose class index is `ignore_index` count nowhere; the mean of the others
    is weighted. Labels are smoothed as in lesson 04. 16-bit types are computed in float32. Raises ValueError for a
    weight of another shape, and where nothing is left for a mean.
    """
    check_reduction(reduction)
    classes, wide = log_p.shape[-1] if log_p.ndim else 0, log_p.astype("float32") if is_half(log_p.dtype) else log_p
    weights = np.ones(classes) if weight is None else _class_weights(weight, classes)
    if are_probabilities(targets, log_p.shape):
        if ignore_index >= 0:
            raise ValueError(f"ignore_index={ignore_index} names a class, but the targets are probabilities")
        losses = -(wide * _numbers(weights, wide) * ((1 - smoothing) * targets + smoothing / classes)).sum(axis=-1)
        total = losses.size
    else:
        losses, total = _surprises(wide, targets, class_indices, weights, ignore_index, smoothing)
    if reduction == "mean":
        return (_sum_over(losses, total, ignore_index)).astype(log_p.dtype)
    return reduced(losses, reduction).astype(log_p.dtype)


def _surprises(
    log_p: Any, targets: Any, class_indices: Indices, weights: np.ndarray, ignore_index: int, smoothing: float
) -> tuple[Any, float]:
    """The loss of each row, 0 where it is left out, and the sum of the weights of the others."""
    kept = targets.data != ignore_index
    indices = class_indices(np.where(kept, targets.data, 0), log_p.shape).reshape(-1)
    table = log_p.reshape(indices.size, -1)
    counted = weights[indices] * kept.reshape(-1)
    losses = -table[np.arange(indices.size), indices] * _numbers(weights[indices], table)
    if smoothing:
        evenly = -(table * _numbers(weights, table)).mean(axis=-1)
        losses = (1 - smoothing) * losses + smoothing * evenly
    return losses.where(kept.reshape(-1), 0.0).reshape(kept.shape), float(counted.sum())


def _sum_over(losses: Any, total: float, ignore_index: int) -> Any:
    if total == 0:
        raise ValueError(f"no target counts: each is ignore_index={ignore_index} or of a class of weight 0")
    return losses.sum() / total


def _class_weights(weight: Any, classes: int) -> np.ndarray:
    weights = np.asarray(weight, np.float64)
    if weights.shape != (classes,):
        words = "; write label_smoothing=..., if that was meant" if weights.ndim == 0 else ""
        raise ValueError(f"weight has shape {weights.shape}, wanted ({classes},), a number for each class{words}")
    return weights


def _weight(name: str, weight: Any, logits: Any) -> Any:
    """`weight` as a tensor of the logits' type, with a shape that broadcasts to theirs."""
    weight = offered("as_tensor")(weight).astype(logits.dtype)
    lengths = zip(weight.shape[::-1], logits.shape[::-1], strict=False)
    if weight.ndim > logits.ndim or any(n not in (1, m) for n, m in lengths):
        raise ValueError(f"{name} of shape {weight.shape} does not broadcast to the logits' shape {logits.shape}")
    return weight


def _numbers(array: np.ndarray, like: Any) -> np.ndarray:
    return array.astype(like.dtype)


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)) without overflow, and with the digits of a small exp(x)."""
    return x.maximum(0.0) + (-x.abs()).exp().log1p()
