"""A wrapper of a function in a class: each instance has its own, and copies of it are made anew."""

from __future__ import annotations

import copy
import pickle

from tinytorch.support.bound import Bindable


class Wrapped(Bindable):
    def __init__(self, function):
        self.function = function

    def __call__(self, *inputs):
        return self.function(*inputs)


class Scale:
    def __init__(self, by):
        self.by = by

    @Wrapped
    def scaled(self, x):
        return self.by * x


def test_each_instance_has_a_wrapper_of_its_own_that_is_made_once():
    two, three = Scale(2), Scale(3)
    assert two.scaled(5) == 10 and three.scaled(5) == 15
    assert two.scaled is two.scaled and two.scaled is not three.scaled
    assert isinstance(Scale.scaled, Wrapped) and Scale.scaled(two, 5) == 10


def test_copies_are_bound_to_the_copy():
    two = Scale(2)
    two.scaled(1)
    for twin in (copy.deepcopy(two), pickle.loads(pickle.dumps(two))):
        twin.by = 7
        assert twin.scaled(1) == 7 and two.scaled(1) == 2
    assert pickle.loads(pickle.dumps(two.scaled))(3) == 6


def module_level(x):
    return x + 1


def test_a_wrapped_function_is_copied_as_a_wrapped_function():
    wrapped = Wrapped(module_level)
    assert isinstance(copy.deepcopy(wrapped), Wrapped) and pickle.loads(pickle.dumps(wrapped))(1) == 2
