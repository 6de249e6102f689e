"""Ctrl-C noted between two steps, and put back as it was."""

from __future__ import annotations

import signal

import pytest

from tinytorch.support.interrupt import Interrupt


@pytest.fixture(autouse=True)
def as_in_a_terminal():
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressed_at(number: int, interrupt: Interrupt) -> list[int]:
    """The items of 0, 1, 2, ... that come where Ctrl-C is pressed while this one is worked on, and those taken."""
    taken, seen = [], []

    def items():
        for item in range(10):
            taken.append(item)
            yield item

    for item in interrupt.until(items()):
        seen.append(item)
        if item == number:
            signal.raise_signal(signal.SIGINT)
    assert seen == taken, "no item is taken that is not worked on"
    return seen


@pytest.mark.parametrize("number", [0, 3])
def test_the_step_that_runs_is_finished_and_no_other_begun(number):
    with Interrupt() as interrupt:
        assert not interrupt.wanted
        assert pressed_at(number, interrupt) == list(range(number + 1))
        assert interrupt.wanted


def test_without_ctrl_c_all_items_come():
    with Interrupt() as interrupt:
        assert list(interrupt.until("abc")) == ["a", "b", "c"] and not interrupt.wanted


def test_a_second_ctrl_c_does_what_the_first_would_have_done_before():
    with Interrupt() as interrupt, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        assert interrupt.wanted
        signal.raise_signal(signal.SIGINT)


def test_after_the_block_ctrl_c_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError), Interrupt():
        assert signal.getsignal(signal.SIGINT) is not before
        raise ValueError
    assert signal.getsignal(signal.SIGINT) is before
