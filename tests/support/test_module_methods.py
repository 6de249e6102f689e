"""What follows from a module's parameters and from the modules in it; lesson 03's own tests look at what it finds."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.layers import Linear, Module, Sequential
from tinytorch.support.module_methods import ModuleMethods


class Pair(ModuleMethods):
    """A module that knows its parts without looking for them."""

    def __init__(self, *parts, **parameters):
        self.parts, self.named = parts, parameters

    def named_modules(self):
        return [("", self), *((str(i), part) for i, part in enumerate(self.parts))]

    def named_parameters(self):
        return list(self.named.items())

    def forward(self, x, scale=1):
        return x * scale


class Weight:
    def __init__(self, *numbers):
        self.data, self.grad = np.array(numbers), "a gradient"


def test_a_call_is_forward_with_the_same_arguments():
    assert Pair()(3, scale=2) == 6


def test_parameters_come_in_order_and_forget_their_gradients():
    a, b = Weight(1.0), Weight(2.0)
    pair = Pair(b=b, a=a)
    assert pair.parameters() == [b, a]
    pair.zero_grad()
    assert a.grad is b.grad is None


def test_a_state_holds_copies():
    pair = Pair(a=Weight(1.0, 2.0))
    state = pair.state_dict()
    pair.named["a"].data[0] = 9
    assert state["a"].tolist() == [1, 2]


def test_the_mode_reaches_all_modules_and_belongs_to_each():
    inner, other = Pair(), Pair()
    outer = Pair(inner)
    assert outer.eval() is outer and not (outer.training or inner.training)
    assert other.training and ModuleMethods.training
    assert outer.train() is outer and inner.training and outer.training
    outer.train(False)
    assert not inner.training


def test_a_subclass_without_forward_is_named():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no method forward: it says what the layer computes"):
        Empty()(1)


def test_lesson_03s_module_inherits_them_and_hides_none():
    assert issubclass(Module, ModuleMethods)
    inherited = {name for kind in ModuleMethods.__mro__[:-1] for name in vars(kind)}
    assert [name for name in inherited if not name.startswith("__") and name in vars(Module)] == []
    assert Sequential(Linear(2, 3)).eval()[0].training is False
