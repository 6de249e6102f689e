"""What the checks of loss scaling share."""

from __future__ import annotations

from typing import Any


class CountedSteps:
    """An optimizer of one parameter that counts its steps and changes nothing."""

    def __init__(self, parameter: Any):
        self.parameter, self.steps = parameter, 0
        self.param_groups = [{"params": [parameter]}]

    def __repr__(self) -> str:
        return "the optimizer"

    def step(self) -> None:
        """Count a step."""
        self.steps += 1
