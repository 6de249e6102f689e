"""Questions that functions ask of their arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.validation import check_sizes


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
