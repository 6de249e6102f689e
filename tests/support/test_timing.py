"""Runs that are timed alone, in turns and in two stages, with a clock that moves as the test says."""

from __future__ import annotations

import pytest

from tinytorch.support.checks import FakeClock
from tinytorch.support.timing import check_runs, fastest_in_turns, timed_runs, timed_stages


def test_runs_go_on_until_the_budget_is_spent():
    clock = FakeClock(9.0, 1.0, 2.0, 3.0)
    assert timed_runs(clock.pass_time, budget=4.0, at_least=1, clock=clock) == [1.0, 2.0, 3.0]


def test_two_stages_are_timed_apart_and_what_prepares_them_is_not():
    clock, told = FakeClock(5.0, 1.0, 2.0, 7.0, 3.0, 4.0), []

    def first():
        clock.pass_time()
        return len(told)

    def second(value):
        told.append(value)
        clock.pass_time()

    assert timed_stages(first, second, 2, clock.pass_time, clock) == ([1.0, 3.0], [2.0, 4.0])
    assert told == [0, 1]


def test_functions_take_turns():
    order = []
    times = fastest_in_turns([lambda: order.append("a"), lambda: order.append("b")], rounds=2, runs=2)
    assert order == ["a"] * 3 + ["b"] * 3 + ["a"] * 3 + ["b"] * 3  # one more each, to warm up
    assert len(times) == 2 and min(times) > 0


@pytest.mark.parametrize(("warmup", "iterations"), [(0, 0), (3, -1), (-1, 5)])
def test_there_must_be_something_to_measure(warmup, iterations):
    with pytest.raises(ValueError, match=f"iterations >= 1 and warmup >= 0, got {iterations} and {warmup}"):
        check_runs(warmup, iterations)
    check_runs(0, 1)
