"""What a key-value cache asks of its tokens and of its arrays."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tinytorch.support.decoding import TokenCount, check_entry, check_fits


def holding(length: int, block_size: int = 8) -> TokenCount:
    count = TokenCount()
    count.length, count.block_size = length, block_size
    return count


def test_room_is_the_places_behind_what_is_held():
    assert holding(0).room(3) == slice(0, 3) and holding(5).room(3) == slice(5, 8)
    assert TokenCount.length == 0


@pytest.mark.parametrize(("held", "new", "words"), [(6, 3, "holds 6 tokens of at most 8, so 3 more"), (8, 1, "1 more"),
                                                    (2, 0, "at least one token has to come, got 0")])
def test_there_is_no_room_for_too_many_tokens_or_none(held, new, words):
    with pytest.raises(ValueError, match=words):
        holding(held).room(new)


def test_truncate_keeps_the_first_tokens_and_takes_whole_numbers_of_any_kind():
    count = holding(6)
    count.truncate(np.int64(4))
    assert count.length == 4 and type(count.length) is int
    count.truncate(4)
    count.truncate(0)
    assert count.length == 0
    with pytest.raises(ValueError, match="holds 0 tokens"):
        count.truncate(1)
    with pytest.raises(TypeError):
        count.truncate(0.0)


HELD = np.zeros((2, 3, 4, 8, 5), np.float32)


@pytest.mark.parametrize("entry", [np.zeros((1, 4, 2, 5), np.float32), np.zeros((3, 4, 2, 5), np.float16),
                                   np.zeros((3, 4, 1, 5), np.float32), np.zeros((3, 4, 2, 1), np.float32)])
def test_an_entry_of_another_shape_or_type_is_refused_with_both(entry):
    check_entry("keys", np.zeros((3, 4, 2, 5), np.float32), HELD, 2)
    with pytest.raises(ValueError, match=r"takes float32 of shape \(3, 4, 2, 5\)") as caught:
        check_entry("keys", entry, HELD, 2)
    assert f"the keys are {entry.dtype} of shape {entry.shape}" in str(caught.value)


def test_a_cache_of_another_shape_or_type_is_refused_with_both():
    cache = SimpleNamespace(keys=HELD)
    check_fits(cache, HELD.shape, HELD.dtype)
    for shape, dtype in [((2, 1, 4, 8, 5), np.float32), (HELD.shape, np.float64)]:
        with pytest.raises(ValueError, match=r"is float32 of shape \(2, 3, 4, 8, 5\)"):
            check_fits(cache, shape, np.dtype(dtype))
