"""The methods of a Tensor: all there, each with an operation behind it, and quoted rightly by lesson 01."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from tinytorch.core.tensor import PRIMITIVES, Tensor
from tinytorch.support import tensor_methods
from tinytorch.support.tensor_methods import TensorMethods

ROOT = Path(__file__).resolve().parents[2]
SOURCE = inspect.getsource(tensor_methods)
NAMES = re.findall(r'\._(?:binary|apply|reduce)\("(\w+)"', SOURCE)


def test_each_method_names_an_operation_that_there_is():
    assert len(NAMES) > 25 and set(NAMES) <= set(PRIMITIVES)


def test_each_operation_of_lesson_01_but_two_functions_is_reached_by_a_method():
    assert set(PRIMITIVES) - set(NAMES) == {"maximum", "where"}


def test_lesson_01_quotes_lines_of_the_file():
    lesson = (ROOT / "modules" / "01_tensor" / "tensor_dev.py").read_text(encoding="utf-8")
    quoted = re.search(r"```python\n(.*?)```", lesson, re.DOTALL)[1].splitlines()
    lines = [line.strip() for line in SOURCE.splitlines()]
    assert len(quoted) == 3 and [line for line in quoted if line not in lines] == []


def test_the_methods_are_those_of_their_class_and_of_no_other():
    """A method defined in two groups would hide the first."""
    groups = TensorMethods.__bases__
    own = [name for group in groups for name in vars(group) if inspect.isroutine(vars(group)[name])]
    assert len(own) == len(set(own))


def test_another_class_can_have_them_too():
    class Told(TensorMethods):
        def __init__(self, data):
            self.data, self.requires_grad = np.asarray(data), False

        def _binary(self, name, a, b): return name, a, b
        def _apply(self, name, **options): return name, options
        def _reduce(self, name, axis, keepdims): return name, axis, keepdims

    x = Told([[1.0, 2.0]])
    assert x + 1 == ("add", x, 1) and 2 - x == ("sub", 2, x)
    assert x.sum(axis=0) == ("sum", 0, False)
    assert x.reshape(2, 1) == ("reshape", {"shape": (2, 1)}) and x.T == ("transpose", {"axes": (1, 0)})
    assert (x.shape, x.ndim, x.size, len(x)) == ((1, 2), 2, 2, 1)


SWAPS = [((), (0, 2, 1)), ((0, 2), (2, 1, 0)), ((-1, 0), (2, 1, 0)), ((1, 1), (0, 1, 2))]


@pytest.mark.parametrize(("axes", "order"), SWAPS)
def test_transpose_swaps_two_axes(axes, order):
    x = Tensor(np.arange(24).reshape(2, 3, 4))
    assert np.array_equal(x.transpose(*axes).data, x.data.transpose(order))


@pytest.mark.parametrize("axes", [(0, 3), (-4, 0), (0.5, 1)])
def test_transpose_refuses_what_is_not_an_axis(axes):
    with pytest.raises(ValueError, match=f"cannot swap axes {axes[0]} and {axes[1]} of a tensor with 3 axes"):
        Tensor(np.zeros((2, 3, 4))).transpose(*axes)
