"""Random shifts: what moves where, what is lost, and what a shift is drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, random_shift
from tinytorch.core.dataloader import seeded_batch, shifted

IMAGES = np.random.default_rng(0).random((50, 3, 6, 5))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "uint8", "int64", "bool"])
def test_each_image_is_moved_with_its_channels_and_keeps_its_type(dtype):
    images = Tensor(IMAGES * 200, dtype=dtype).data
    manual_seed(1)
    moved = random_shift(images, 2)
    assert moved.shape == images.shape and moved.dtype == images.dtype
    padded = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)])
    for image, around in zip(moved.data, padded, strict=True):
        windows = [around[:, r : r + 6, c : c + 5] for r in range(5) for c in range(5)]
        assert any(np.array_equal(image, window) for window in windows)


def test_every_shift_up_to_the_limit_comes_about_as_often():
    images = np.zeros((5000, 5, 5), np.uint8)
    images[:, 2, 2] = 7
    manual_seed(1)
    places = random_shift(images, 2).data.reshape(5000, 25)
    assert (places.max(axis=1) == 7).all()
    often = np.bincount(places.argmax(axis=1), minlength=25)
    assert often.min() > 130 and often.max() < 270  # 200 expected, 5 standard deviations


def test_shifts_are_of_each_image_and_repeat_with_the_seed():
    one = np.repeat(IMAGES[:1], 200, axis=0)
    manual_seed(2)
    first, second = random_shift(one, 1).data, random_shift(one, 1).data
    assert len({image.tobytes() for image in first}) == 9
    manual_seed(2)
    assert np.array_equal(random_shift(Tensor(one), 1).data, first.astype(np.float64))
    assert not np.array_equal(first, second)
    assert np.array_equal(random_shift(one, 0).data, one)


@pytest.mark.parametrize("shift", [(0, 0), (2, -1), (-6, 0), (0, 5), (9, 9)])
def test_what_leaves_is_lost_and_zeros_come_in(shift):
    down, right = shift
    moved = shifted(IMAGES[:1], np.array([shift]))[0]
    for r in range(6):
        for c in range(5):
            inside = 0 <= r - down < 6 and 0 <= c - right < 5
            assert np.array_equal(moved[:, r, c], IMAGES[0, :, r - down, c - right] if inside else np.zeros(3))


def test_a_batch_draws_its_shifts_from_a_generator_of_its_own():
    def moved(seed: int, number: int) -> np.ndarray:
        return seeded_batch(IMAGES, lambda items: random_shift(np.stack(items), 2), seed, (number, np.arange(20))).data

    assert np.array_equal(moved(5, 3), moved(5, 3))
    assert not np.array_equal(moved(5, 3), moved(5, 4)) and not np.array_equal(moved(5, 3), moved(3, 5))


@pytest.mark.parametrize(("images", "limit", "words"), [
    (IMAGES[0, 0], 1, r"images are \(n, ..., height, width\), got \(6, 5\): one image is images\[None\]"),
    (IMAGES, -1, "limit must be a whole number of at least 0, got -1"), (IMAGES, 1.5, "got 1.5"),
    (Tensor(IMAGES, requires_grad=True), 1, "require a gradient"),
])  # fmt: skip
def test_what_cannot_be_shifted_is_refused(images, limit, words):
    with pytest.raises(ValueError, match=words):
        random_shift(images, limit)
