"""What a language model asks of its tokens and of its sampling; the model's own tests ask after its settings."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.language import check_sampling, token_array


@pytest.mark.parametrize("idx", [[[1, 2]], np.array([[1, 2]], np.uint16), np.array([[1, 2]], np.int32)])
def test_tokens_of_any_whole_type_become_a_new_int64_array(idx):
    made = token_array(idx, longest=2)
    assert made.dtype == np.int64 and made.tolist() == [[1, 2]] and not np.shares_memory(made, idx)


@pytest.mark.parametrize(("idx", "error"), [
    ([1, 2], ValueError), ([[]], ValueError), ([[[1]]], ValueError), ([[1.0]], TypeError), ([[True]], TypeError),
    ([[1, 2, 3]], ValueError),
])  # fmt: skip
def test_what_is_not_tokens_is_refused(idx, error):
    with pytest.raises(error, match="token"):
        token_array(idx, longest=2)


def test_a_token_without_a_number_may_be_minus_infinity_and_nothing_else():
    check_sampling(np.array([[-np.inf, 0.0]]), 1.0, None)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="nan or inf"):
            check_sampling(np.array([[bad, 0.0]]), 1.0, None)
