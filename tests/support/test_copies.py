"""Copies: made once, alive as long as somebody holds them, forgotten with their array."""

from __future__ import annotations

import gc

import numpy as np

from tinytorch.support.copies import Copies

HALF = np.dtype(np.float16)


class Counted:
    """A conversion that counts how often it was asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, array, dtype):
        self.calls += 1
        return array.astype(dtype)


def test_a_copy_that_is_held_is_given_out_again():
    copies, convert, array = Copies(), Counted(), np.ones(3, np.float32)
    held = copies.of(array, HALF, convert)
    assert copies.of(array, HALF, convert) is held and convert.calls == 1
    assert held.dtype == HALF and copies.alive() == [held]


def test_a_copy_that_nobody_holds_is_made_anew():
    copies, convert, array = Copies(), Counted(), np.ones(3, np.float32)
    for _ in range(3):
        copies.of(array, HALF, convert)
        gc.collect()
        assert copies.alive() == []
    assert convert.calls == 3


def test_each_type_and_each_array_has_its_own():
    copies, convert = Copies(), Counted()
    arrays = [np.full(3, i, np.float32) for i in range(2)]
    held = [copies.of(a, np.dtype(kind), convert) for a in arrays for kind in (np.float16, np.float64)]
    assert [(c[0], c.dtype.name) for c in held] == [(0, "float16"), (0, "float64"), (1, "float16"), (1, "float64")]
    assert len(copies) == 4


def test_an_array_that_has_gone_is_forgotten_even_where_its_copy_lives():
    copies, array = Copies(), np.ones(3, np.float32)
    held = copies.of(array, HALF, Counted())
    del array
    gc.collect()
    assert len(copies) == 0 and held.shape == (3,)


def test_clear_forgets_what_is_in_use_too():
    copies, convert, array = Copies(), Counted(), np.ones(3, np.float32)
    held = copies.of(array, HALF, convert)
    copies.clear()
    assert len(copies) == 0 and copies.of(array, HALF, convert) is not held
