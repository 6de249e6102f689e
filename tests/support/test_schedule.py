"""A schedule counts updates and writes rates, whatever its formula."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tinytorch.support.schedule import Schedule


class Halving(Schedule):
    def rate(self, peak):
        return peak / 2**self.steps


def optimizer(*rates):
    return SimpleNamespace(param_groups=[{"lr": lr} for lr in rates])


def rates(schedule):
    return [group["lr"] for group in schedule.optimizer.param_groups]


def test_each_group_follows_the_formula_from_its_own_peak():
    schedule = Halving(optimizer(8.0, 1.0), total_steps=10)
    assert rates(schedule) == [8, 1]
    schedule.step()
    schedule.step()
    assert (schedule.steps, rates(schedule)) == (2, [2, 0.25])


def test_a_group_that_was_added_later_keeps_its_rate():
    schedule = Halving(optimizer(8.0), total_steps=10)
    schedule.optimizer.param_groups.append({"lr": 3.0})
    schedule.step()
    assert rates(schedule) == [4, 3]


def test_a_schedule_goes_on_from_its_state():
    first = Halving(optimizer(8.0), total_steps=10, warmup_steps=2)
    first.step()
    assert first.state_dict() == {"peaks": [8.0], "total_steps": 10, "warmup_steps": 2, "minimum": 0.0, "steps": 1}
    first.state_dict()["peaks"].clear()
    assert first.peaks == [8.0]
    later = Halving(optimizer(100.0), total_steps=1)
    later.load_state_dict(first.state_dict())
    assert rates(later) == [4]
    with pytest.raises(ValueError, match="the state has 1 parameter groups, the optimizer 2"):
        Halving(optimizer(1.0, 1.0), total_steps=1).load_state_dict(first.state_dict())
