"""What a loss scaler keeps: its scale, the rules by which that changes, and what was found since the last update."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_TORCHS = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")


class ScaleState:
    """A loss scale with its settings, which can be saved and loaded.

    `found` tells for each optimizer whose gradients were unscaled since the last update whether one of them was inf or
    nan, and `stepped` holds the optimizers for which `step` was called.
    """

    def __init__(
        self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, min_scale: float = 1.0, max_scale: float = math.inf, enabled: bool = True,
    ):  # fmt: skip
        self._set(init_scale, 0, growth_factor, backoff_factor, growth_interval, min_scale, max_scale)
        self.enabled = enabled
        self.found: dict[Any, bool] = {}
        self.stepped: set[Any] = set()

    def _set(
        self, loss_scale: float, growth_tracker: int, growth_factor: float, backoff_factor: float,
        growth_interval: int, min_scale: float, max_scale: float,
    ) -> None:  # fmt: skip
        if not (growth_factor > 1 and 0 < backoff_factor < 1 and growth_interval >= 1 and min_scale <= max_scale):
            raise ValueError(
                "growth_factor > 1, 0 < backoff_factor < 1, growth_interval >= 1 and min_scale <= max_scale are "
                f"needed, got {growth_factor}, {backoff_factor}, {growth_interval}, {min_scale} and {max_scale}")
        if not 0 < loss_scale < math.inf:
            raise ValueError(f"a loss scale is a number above 0, got {loss_scale}")
        self.loss_scale, self.growth_tracker = loss_scale, growth_tracker
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.min_scale, self.max_scale = min_scale, max_scale

    @property
    def rules(self) -> dict[str, float]:
        """The settings by which the scale grows and falls."""
        return {
            "growth_factor": self.growth_factor, "backoff_factor": self.backoff_factor,
            "growth_interval": self.growth_interval, "min_scale": self.min_scale, "max_scale": self.max_scale,
        }  # fmt: skip

    def get_scale(self) -> float:
        """The current scale; 1 where scaling is off."""
        return self.loss_scale if self.enabled else 1.0

    def state_dict(self) -> dict[str, float | int]:
        """What must be kept to go on later, under torch.amp.GradScaler's names, and the floor and the ceiling."""
        return {"scale": self.loss_scale, "_growth_tracker": self.growth_tracker, **self.rules}

    def load_state_dict(self, state: Mapping[str, float | int]) -> None:
        """Go on from a `state_dict()`, this class's or torch's. Where a key is missing or a value makes no sense:
        ValueError, nothing changed.
        """
        missing = set(_TORCHS) - set(state)
        if missing:
            raise ValueError(f"this is not the state of an enabled GradScaler: it has no {', '.join(sorted(missing))}")
        self._set(
            float(state["scale"]), int(state["_growth_tracker"]), state["growth_factor"], state["backoff_factor"],
            int(state["growth_interval"]), state.get("min_scale", self.min_scale),
            state.get("max_scale", self.max_scale))


def gradients_of(optimizer: Any) -> list[Any]:
    """The gradients of an optimizer's parameters, of which there must be one; RuntimeError where there is none."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    recorded = [p.grad for p in parameters if p.grad is not None]
    if not recorded:
        raise RuntimeError(
            "no gradient was recorded for this optimizer: was scale(loss).backward() called, and does the loss "
            "depend on its parameters? An output made with Tensor(x.data) or detach() cuts the graph")
    return recorded
