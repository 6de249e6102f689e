"""Learning rates that change while a training runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any


class Schedule(ABC):
    """Sets every parameter group's `lr` for the next update, with the group's own rate at construction as its peak.

    Call `step()` once after each update of `optimizer`, which needs `param_groups` with an `"lr"` each. A subclass
    defines `rate`. Raises ValueError where 0 <= warmup_steps <= total_steps, total_steps >= 1 or
    0 <= minimum <= peak does not hold.
    """

    def __init__(self, optimizer: Any, total_steps: int, warmup_steps: int = 0, minimum: float = 0.0):
        if total_steps < 1 or not 0 <= warmup_steps <= total_steps:
            raise ValueError(f"{warmup_steps} warm-up steps of {total_steps}: warm-up is a part of the whole")
        self.peaks = [group["lr"] for group in optimizer.param_groups]
        if not 0 <= minimum <= min(self.peaks):
            raise ValueError(f"minimum is {minimum}, the rates are {self.peaks}: it lies between 0 and each of them")
        self.optimizer, self.total_steps = optimizer, total_steps
        self.warmup_steps, self.minimum, self.steps = warmup_steps, minimum, 0
        self.set_rates()

    @abstractmethod
    def rate(self, peak: float) -> float:
        """The rate, of a group with this peak, for the update that follows `steps` others."""

    def set_rates(self) -> None:
        """Write the rates for the next update into the optimizer."""
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=False):
            group["lr"] = self.rate(peak)

    def step(self) -> None:
        """Note that an update was made, and set the rates for the next."""
        self.steps += 1
        self.set_rates()

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on: the settings, the peaks and how many updates were made."""
        return deepcopy({name: value for name, value in vars(self).items() if name != "optimizer"})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken; ValueError where that was for another number of parameter groups."""
        if len(state["peaks"]) != len(self.peaks):
            raise ValueError(f"the state has {len(state['peaks'])} parameter groups, the optimizer {len(self.peaks)}")
        vars(self).update(state)
        self.set_rates()
