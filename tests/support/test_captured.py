"""What a function uses from outside is found, and a change of it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.support.captured import Captured

FACTOR = 2.0


class Wrapped:
    def __init__(self, function):
        self.function = function


def unwrapped(value):
    return value.function if isinstance(value, Wrapped) else value


def direct(x):
    return x * FACTOR


def helped(x):
    return direct(x) + 1


def endless(x):
    return endless(x) * FACTOR


wrapped = Wrapped(direct)


class Model:
    def method(self, x):
        return x * FACTOR

    def helped(self, x):
        return wrapped.function(x)


@pytest.mark.parametrize("function", [direct, helped, endless, Model().method, Model().helped])
def test_a_number_in_the_globals_is_seen_also_through_other_functions(function, monkeypatch):
    captured = Captured(function, Tensor, unwrapped)
    before = captured.keys()
    assert captured.keys() == before
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert captured.keys() != before


def test_another_helper_is_seen(monkeypatch):
    captured = Captured(helped, Tensor, unwrapped)
    before = captured.keys()
    monkeypatch.setitem(globals(), "direct", lambda x: x)
    assert captured.keys() != before


def keys_with(value):
    box = value
    return Captured(lambda x: x + box, Tensor, unwrapped).keys()


def test_values_in_a_closure_are_told_apart():
    values = [1.0, 2.0, 0.0, -0.0, float("nan"), Tensor([1.0]), Tensor([2.0]), Tensor([1.0], requires_grad=True)]
    found = [keys_with(value) for value in values]
    assert all(len(keys) == 1 for keys in found)
    assert len({str(keys) for keys in found}) == len(values)
    assert keys_with(float("nan")) == keys_with(float("nan"))


def test_other_values_and_functions_of_other_files_do_not_count():
    assert keys_with("text") == keys_with([1]) == keys_with(np.mean) == []
    assert Captured(len, Tensor, unwrapped).keys() == []
