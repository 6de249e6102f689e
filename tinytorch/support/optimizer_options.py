"""PyTorch's options of optimizers that lesson 06 does not teach: `maximize`, `dampening` and `amsgrad`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

OFF = {"maximize": False, "dampening": 0.0, "amsgrad": False}  # what a state that was saved before them means


def as_told(gradient: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """The gradient and the group with which an `update` that knows neither option will maximize and dampen.

    Dampening multiplies what is added to a velocity by 1 - dampening: the gradient, and the decay in it. The first
    velocity is the whole gradient, as in PyTorch.
    """
    if group.get("maximize"):
        gradient = -gradient
    if group.get("dampening") and group["momentum"] and "momentum_buffer" in state:
        share = 1 - float(group["dampening"])
        gradient, group = gradient * share, {**group, "weight_decay": share * group["weight_decay"]}
    return gradient, group


def advance_adam(
    update: Callable[..., None], adam_step: Callable[..., None], data: np.ndarray, gradient: np.ndarray,
    state: dict[str, Any], group: dict[str, Any], work: tuple[np.ndarray, np.ndarray],
) -> None:  # fmt: skip
    """Adam's `update`; with amsgrad the step divides by the largest average of squares that there has been.

    The update then gets an eps of infinity: its averages move, and a decay beside the gradient, but its step is 0.
    Reddi and others, On the convergence of Adam and beyond (2018).
    """
    if not group["amsgrad"]:
        return update(data, gradient, state, group, work)
    update(data, gradient, state, {**group, "eps": math.inf}, work)
    if "max_exp_avg_sq" not in state:
        state["max_exp_avg_sq"] = np.zeros_like(data)
    largest = np.maximum(state["max_exp_avg_sq"], state["exp_avg_sq"], out=state["max_exp_avg_sq"])
    adam_step(data, {**state, "exp_avg_sq": largest}, group["lr"], group["betas"], group["eps"], work[1])
