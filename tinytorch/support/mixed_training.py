"""What a trainer in mixed precision has beside its step: settings, metrics, and what it asks of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinytorch.support.dtypes import as_dtype, is_half
from tinytorch.support.loss_scale import ScaleState
from tinytorch.support.models import parameters_of
from tinytorch.support.parameter_groups import ParameterGroups

NO_GRAPH = (
    "the loss carries no graph, so no step was taken: the model's output does not depend on its parameters through "
    "recorded operations. The usual cause is Tensor(x.data...) or detach() somewhere in the model; use Tensor "
    "operations all the way")


def _setting(name: str) -> property:
    return property(lambda self: getattr(self.scaler, name), lambda self, value: setattr(self.scaler, name, value))


class TrainerSettings:
    """The settings of the scaler in `self.scaler`, to be read and set on the trainer, and the metrics of a step."""

    model: Any
    optimizer: Any
    scaler: ScaleState
    loss_fn: Callable[[Any, Any], Any]
    loss_scale = _setting("loss_scale")
    max_loss_scale = _setting("max_scale")
    min_loss_scale = _setting("min_scale")
    scale_growth_factor = _setting("growth_factor")
    scale_backoff_factor = _setting("backoff_factor")
    growth_interval = _setting("growth_interval")
    steps_since_last_scale_update = _setting("growth_tracker")

    def _parameters(self) -> list[Any]:
        """The parameters that the optimizer steps; of an optimizer without groups of them, all of the model's."""
        if isinstance(self.optimizer, ParameterGroups):
            return [p for group in self.optimizer.param_groups for p in group["params"]]
        return parameters_of(self.model)

    def _compute_loss(self, outputs: Any, targets: Any) -> Any:
        """The loss; a trainer with another one may override it."""
        return self.loss_fn(outputs, targets)

    def _metrics(self, loss: Any, overflow: bool, valid: bool) -> dict[str, float | bool]:
        """What a step returns: the loss, the scale as it is now, whether it overflowed, whether it was taken."""
        value = float(loss.item())
        return {"loss": value, "loss_scale": self.loss_scale, "overflow": overflow, "gradients_valid": valid}


def half_dtype(dtype: Any) -> np.dtype:
    """The NumPy type of a name or a type; ValueError where it is not one of the 16-bit types."""
    half = as_dtype(dtype)
    if not is_half(half):
        raise ValueError(f"mixed precision runs in float16 or bfloat16, not in {half}")
    return half


def pair_of(batch: Any) -> tuple[Any, Any]:
    """`batch` itself where it is a tuple or list of two; a Tensor of two rows is not meant."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        what = f"{len(batch)} things" if isinstance(batch, (tuple, list)) else f"a {type(batch).__name__}"
        raise TypeError(f"train_step takes a batch of two, (inputs, targets), got {what}")
    return batch[0], batch[1]


def require_gradients(parameters: Iterable[Any]) -> None:
    """Ask all parameters for gradients where none of them requires one."""
    parameters = list(parameters)
    if not any(p.requires_grad for p in parameters):
        for p in parameters:
            p.requires_grad = True
