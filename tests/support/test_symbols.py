"""A symbol answers NumPy's functions by its operations, and shows itself in a few characters."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.symbols import Symbolic


class Recorded(Symbolic):
    conditions = {"less"}
    data = "no numbers"

    def emit(self, op, *args):
        return Recorded(self.pool, op, args, self.shape)


X = Recorded({}, "input", (0,), (2, 3))


@pytest.mark.parametrize(("made", "op", "args"), [
    (np.multiply(2.0, X), "mul", (2.0, X)), (np.subtract(X, 1), "sub", (X, 1)), (np.divide(1, X), "div", (1, X)),
    (np.negative(X), "neg", (X,)), (np.power(X, 2), "pow", (X, 2)), (np.exp(X), "exp", (X,)),
    (np.where(X, 1, 2), "where", (X, 1, 2)), (np.less(X, 1), "less", (X, 1)),
])  # fmt: skip
def test_numpys_functions_become_operations(made, op, args):
    assert made.op == op and made.args == args


def test_it_has_a_shape_and_a_type():
    assert (X.shape, X.ndim, X.size, X.dtype) == ((2, 3), 2, 6, np.float64)
    assert np.less(X, 1).dtype == bool


def test_it_shows_its_operation_and_what_that_is_made_of():
    two = Recorded({}, "constant", (2.0,), ())
    assert repr(X) == "input(0)" and repr(np.multiply(X, two)) == "mul(input(0), constant(2.0))"
    assert repr(np.exp(np.multiply(X, two))) == "exp(mul(...))"


def test_as_a_text_it_is_its_numbers():
    assert str(X) == "no numbers"


def test_without_a_way_to_make_operations_there_are_none():
    with pytest.raises(NotImplementedError):
        np.exp(Symbolic({}, "input", (0,), ()))
