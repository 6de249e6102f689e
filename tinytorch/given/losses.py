"""More losses, and their forms as objects; classes are on the last axis, as in lesson 04."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinytorch.core.losses import class_indices, paired
from tinytorch.core.tensor import Tensor, as_tensor, floating, where
from tinytorch.support.loss_options import CheckedOptions, compared, cross_entropies

__all__ = ["nll_loss", "l1_loss", "smooth_l1_loss", "NLLLoss", "L1Loss", "SmoothL1Loss"]


def nll_loss(
    log_probabilities: Any, targets: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Minus the log-probability, (..., C), of the class that is the target, (...); options of `cross_entropy`."""
    log_p, targets = floating(log_probabilities), as_tensor(targets)
    if targets.shape == log_p.shape and targets.ndim:
        raise ValueError(f"nll_loss wants class indices of shape {log_p.shape[:-1]}, got targets of {targets.shape}")
    return cross_entropies(log_p, targets, class_indices, weight, ignore_index, reduction, 0.0)


def l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """The mean of |prediction - target|; errors and reductions as in `mse_loss`."""
    return compared(lambda p, t: (p - t).abs(), *paired(prediction, target), reduction)


def smooth_l1_loss(prediction: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """|d| - beta / 2 of the differences d beyond beta, and d^2 / (2 beta) of the others. Source: arXiv:1504.08083."""
    if not beta >= 0:
        raise ValueError(f"beta must be 0 or more, got {beta}")
    if beta == 0:
        return l1_loss(prediction, target, reduction=reduction)

    def losses(p: Tensor, t: Tensor) -> Tensor:
        far = (p - t).abs()
        near = where(far < beta, far, 0.0)  # so that no square overflows
        return where(far < beta, near * near / (2 * beta), far - beta / 2)

    return compared(losses, *paired(prediction, target), reduction)


@dataclass(frozen=True)
class NLLLoss(CheckedOptions):
    """`nll_loss` as an object: `NLLLoss()(log_softmax(logits), targets)`."""

    weight: Any = None
    ignore_index: int = -100
    reduction: str = "mean"
    def __call__(self, x: Any, y: Any) -> Tensor: return nll_loss(x, y, **vars(self))


@dataclass(frozen=True)
class L1Loss(CheckedOptions):
    """`l1_loss` as an object: `L1Loss()(prediction, target)`."""

    reduction: str = "mean"
    def __call__(self, x: Any, y: Any) -> Tensor: return l1_loss(x, y, **vars(self))


@dataclass(frozen=True)
class SmoothL1Loss(CheckedOptions):
    """`smooth_l1_loss` as an object: `SmoothL1Loss()(prediction, target)`."""

    reduction: str = "mean"
    beta: float = 1.0
    def __call__(self, x: Any, y: Any) -> Tensor: return smooth_l1_loss(x, y, **vars(self))
