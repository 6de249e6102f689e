"""Questions that functions ask of their arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.validation import check_callable, check_sizes, checked_axis


def test_whole_numbers_from_1_on_are_sizes():
    check_sizes(a=1, b=np.int64(3), c=10**6)
    check_sizes()


@pytest.mark.parametrize("bad", [0, -1, 2.0, "3", None, np.float64(2), (3,)])
def test_what_is_not_a_size_is_named_with_its_value(bad):
    with pytest.raises(ValueError) as caught:
        check_sizes(fine=1, width=bad)
    assert str(caught.value) == f"width must be a whole number of at least 1, got {bad!r}"


def test_the_first_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="^a must be"):
        check_sizes(a=0, b=0)


@pytest.mark.parametrize(("axis", "shape", "wanted"), [
    (0, (2, 3), 0), (1, (2, 3), 1), (-1, (2, 3), 1), (-2, (2, 3), 0), (0, (), 0), (-1, (), 0), (np.int64(1), (2, 3), 1),
])  # fmt: skip
def test_an_axis_is_counted_from_the_front(axis, shape, wanted):
    got = checked_axis(axis, shape)
    assert got == wanted and type(got) is int


@pytest.mark.parametrize(
    ("axis", "shape", "ends"), [(2, (2, 3), "-2 to 1"), (-3, (2, 3), "-2 to 1"), (1, (), "-1 to 0")]
)
def test_an_axis_that_is_not_there_is_refused_with_those_that_are(axis, shape, ends):
    with pytest.raises(ValueError) as caught:
        checked_axis(axis, shape)
    assert str(caught.value) == f"axis {axis} does not fit shape {shape}: there are axes {ends}"


@pytest.mark.parametrize("axis", [0.5, 1.0, "0", None, (0,)])
def test_what_is_not_a_whole_number_is_not_an_axis(axis):
    with pytest.raises(TypeError):
        checked_axis(axis, (2, 3))


def test_what_cannot_be_called_is_named_by_its_type():
    check_callable()
    check_callable(len, str, lambda x: x)
    with pytest.raises(TypeError) as caught:
        check_callable(len, [len])
    assert str(caught.value) == "write Sequential(a, b, c), each callable with a tensor; got a list"
