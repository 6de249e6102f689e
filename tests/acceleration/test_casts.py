"""The compiled casts of halves: NumPy's numbers to the bit, in any layout, and used wherever the framework casts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from tests.operations.check import HALVES
from tinytorch.core.tensor import Tensor, as_dtype, cast_array
from tinytorch.optimization.precision import autocast
from tinytorch.support.casts import CASTS

SINGLE = as_dtype("float32")
PAIRS = [pair for half in HALVES for pair in ((SINGLE, as_dtype(half)), (as_dtype(half), SINGLE))]
PATTERNS = np.arange(1 << 16, dtype=np.uint16)
LAYOUTS = {
    "in order": lambda a: a, "transposed": lambda a: a.transpose(2, 0, 1), "every second": lambda a: a[:, ::2],
    "reversed": lambda a: a[::-1, :, ::-1], "repeated": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "repeated and turned": lambda a: np.broadcast_to(a[:, :1], a.shape).transpose(1, 2, 0),
    "a part": lambda a: a[1:, 1], "empty": lambda a: a[:0], "one number": lambda a: a[0, 0, 0, None].reshape(()),
    "overlapping": lambda a: as_strided(a, (3, 4), (a.itemsize, a.itemsize)),
}  # fmt: skip


def same(got: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal in type, shape and every number, the sign of 0 too; nan is nan."""
    signs = np.array_equal(np.signbit(got) & ~np.isnan(got), np.signbit(wanted) & ~np.isnan(wanted))
    return got.dtype == wanted.dtype and signs and np.array_equal(got, wanted, equal_nan=True)


def numpys(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(all="ignore"):
        return array.astype(dtype)


@pytest.mark.parametrize("half", HALVES)
def test_every_half_widens_to_the_number_that_it_is(half):
    halves = PATTERNS.view(as_dtype(half))
    assert same(cast_array(halves, SINGLE), numpys(halves, SINGLE))


@pytest.mark.parametrize("half", HALVES)
def test_every_half_its_neighbours_and_every_middle_between_two_round_as_numpy_rounds(half):
    halves = np.sort(PATTERNS.view(as_dtype(half)).astype(np.float32))
    halves = halves[np.isfinite(halves)]
    middles = ((halves[1:].astype(np.float64) + halves[:-1]) / 2).astype(np.float32)
    largest = np.float32([65519.996, 65520, 1e30, 3.4e38, np.inf, np.nan, 1e-45])
    numbers = np.concatenate([halves, middles, largest, -largest])
    for near in (numbers, np.nextafter(numbers, np.float32(np.inf)), np.nextafter(numbers, np.float32(-np.inf))):
        assert same(cast_array(near, as_dtype(half)), numpys(near, as_dtype(half)))


@pytest.mark.parametrize("half", HALVES)
def test_any_bits_round_as_numpy_rounds(half):
    numbers = np.random.default_rng(0).integers(0, 1 << 32, 1 << 20, dtype=np.uint32).view(np.float32)
    assert same(cast_array(numbers, as_dtype(half)), numpys(numbers, as_dtype(half)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]} to {pair[1]}")
def test_the_layout_is_kept(pair, layout):
    source, target = pair
    array = LAYOUTS[layout](np.random.default_rng(0).normal(size=(4, 5, 6)).astype(source))
    before = array.copy()
    got, wanted = cast_array(array, target), numpys(array, target)
    assert same(got, wanted) and got.strides == wanted.strides
    assert np.array_equal(array, before) and got.base is None and got.flags.writeable


def test_the_framework_casts_by_them(monkeypatch):
    """Whether autocast rounds a tensor, a half is widened for an operation, or its result is rounded."""
    used = []
    for pair in PAIRS:
        monkeypatch.setitem(CASTS, pair, lambda a, cast=CASTS[pair], pair=pair: used.append(pair) or cast(a))
    half = as_dtype("float16")
    with autocast("float16"):
        Tensor(np.ones((2, 2), np.float32)) @ Tensor(np.ones((2, 2), half))
    assert used == [(SINGLE, half)] + [(half, SINGLE)] * 2 + [(SINGLE, half)]
