"""What a loss scaler keeps, by itself; GradScaler's own behaviour is in tests/training."""

from __future__ import annotations

import math

import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.support.checks_scaler import CountedSteps
from tinytorch.support.loss_scale import ScaleState, gradients_of


def test_the_defaults_are_pytorchs_with_a_floor_and_no_ceiling():
    state = ScaleState()
    assert state.state_dict() == {
        "scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 0,
        "min_scale": 1.0, "max_scale": math.inf}  # fmt: skip
    assert (state.get_scale(), ScaleState(8.0, enabled=False).get_scale()) == (65536.0, 1.0)
    assert (state.found, state.stepped) == ({}, set())


def test_the_rules_follow_the_settings():
    state = ScaleState(growth_interval=3, max_scale=8.0)
    state.growth_factor = 4.0
    assert state.rules == {
        "growth_factor": 4.0, "backoff_factor": 0.5, "growth_interval": 3, "min_scale": 1.0, "max_scale": 8.0}


def test_a_state_without_a_floor_and_a_ceiling_keeps_those_that_were_there():
    state = ScaleState(min_scale=4.0, max_scale=64.0)
    torchs = {"scale": 32, "growth_factor": 2, "backoff_factor": 0.5, "growth_interval": 5, "_growth_tracker": 3}
    state.load_state_dict(torchs)
    assert (state.loss_scale, state.growth_tracker, state.min_scale, state.max_scale) == (32, 3, 4, 64)


def test_gradients_are_those_that_are_there():
    parameter = Tensor([1.0])
    optimizer = CountedSteps(parameter)
    with pytest.raises(RuntimeError, match="no gradient was recorded"):
        gradients_of(optimizer)
    parameter.grad = Tensor([2.0])
    assert gradients_of(optimizer) == [parameter.grad]
