"""What the lesson on convolutions uses: pairs, borders, sizes, the order of images in memory, and single images."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch

from tinytorch.core.tensor import Tensor
from tinytorch.support import images, shifts
from tinytorch.support.images import (
    channel_rows,
    check_batch,
    check_convolution,
    checked_pair,
    from_rows,
    images_first,
    images_last,
    moments,
    one_or_many,
    output_length,
    output_size,
    padded,
    pooling_options,
    unless_empty,
    window_options,
)  # fmt: skip
from tinytorch.support.shifts import by_shift, moved, shift_accuracies


def test_examples_in_the_docstrings_are_so():
    for module in (images, shifts):
        found = doctest.testmod(module)
        assert found.attempted >= 1 and found.failed == 0


@pytest.mark.parametrize("given", [0, -1, 1.5, "same", (1, 2, 3), (), (1, 0), None])
def test_what_is_not_a_pair_is_refused_by_its_name(given):
    with pytest.raises(ValueError, match="stride must be a whole number of at least 1, or two of them"):
        checked_pair("stride", given)


def test_numpys_whole_numbers_and_one_in_brackets_are_pairs():
    assert checked_pair("k", np.int64(3)) == (3, 3) and type(checked_pair("k", np.int64(3))[0]) is int
    assert checked_pair("k", (2,)) == (2, 2) and checked_pair("k", [1, 4]) == (1, 4)
    assert checked_pair("padding", 0, least=0) == (0, 0)


@pytest.mark.parametrize("length", [1, 4, 7])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 9])
@pytest.mark.parametrize("padding", [0, 1, 3])
def test_a_length_is_pytorchs(length, kernel, stride, padding):
    if kernel > length + 2 * padding:
        with pytest.raises(ValueError, match=f"kernel of {kernel} does not fit into {length + 2 * padding}"):
            output_length(length, kernel, stride, padding)
        return
    peer = torch.nn.functional.conv1d(torch.zeros(1, 1, length), torch.zeros(1, 1, kernel), None, stride, padding)
    assert output_length(length, kernel, stride, padding) == peer.shape[2]
    assert output_size((2, 3, length, 9), (kernel, 2), (stride, 1), (padding, 0)) == (peer.shape[2], 8)


def test_options_are_pairs_and_pooling_has_its_kernels_stride():
    assert window_options(3, (1, 2), 0) == {"kernel": (3, 3), "stride": (1, 2), "padding": (0, 0)}
    assert pooling_options((2, 3), None, (1, 1)) == {"kernel": (2, 3), "stride": (2, 3), "padding": (1, 1)}
    with pytest.raises(ValueError, match=r"at most half of the kernel \(2, 3\), got \(1, 2\)"):
        pooling_options((2, 3), 1, (1, 2))


def test_orders_in_memory_go_there_and_back_without_a_copy_where_none_is_needed():
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    last = images_last(x)
    assert last.flags.c_contiguous and last[1, 2, 3, 1] == x[1, 1, 2, 3]
    assert np.array_equal(images_first(last), x) and np.shares_memory(images_first(last), last)
    assert images_last(images_first(last)).base is last or np.shares_memory(images_last(images_first(last)), last)
    rows = channel_rows(images_first(last))
    assert rows.shape == (3, 40) and np.shares_memory(rows, last) and rows[1, 0] == x[0, 1, 0, 0]
    assert np.array_equal(from_rows(channel_rows(x), x.shape), x)
    assert channel_rows(np.zeros((0, 3, 4))).shape == (3, 0)


def test_a_border_is_on_all_four_sides_and_no_border_is_no_copy():
    x = np.ones((2, 3, 4, 2), np.float16)
    out = padded(x, (1, 2), -np.inf)
    assert out.shape == (2, 5, 8, 2) and out.dtype == np.float16
    assert np.array_equal(out, np.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)), constant_values=-np.inf))
    assert padded(x, (0, 0)) is x


def test_moments_are_numpys_and_of_one_number_there_are_none():
    x = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float16)
    mean, variance = moments(x)
    assert mean.dtype == variance.dtype == np.float32
    assert np.allclose(mean, x.astype(float).mean(axis=(0, 2)), atol=1e-6)
    assert np.allclose(variance, x.astype(float).var(axis=(0, 2)), atol=1e-6)
    with pytest.raises(ValueError, match="one number has no variance"):
        moments(np.ones((1, 3, 1, 1)))


def test_shapes_that_do_not_fit_are_named():
    check_convolution((1, 3, 4, 4), (2, 3, 3, 3), (2,))
    with pytest.raises(ValueError, match=r"a weight of shape \(out, 3, rows, columns\), got \(2, 1, 3, 3\)"):
        check_convolution((1, 3, 4, 4), (2, 1, 3, 3), None)
    with pytest.raises(ValueError, match=r"wants a bias of shape \(2,\), got \(3,\)"):
        check_convolution((1, 3, 4, 4), (2, 3, 3, 3), (3,))
    with pytest.raises(ValueError, match=r"images \(N, 2, H, W\), got shape \(1, 3, 4, 4\)"):
        check_batch(Tensor(np.zeros((1, 3, 4, 4))), 2)


def test_a_function_of_many_takes_one_and_whole_numbers():
    @one_or_many
    def doubled(x):
        assert x.ndim == 4 and x.dtype == np.float32
        return x * 2

    one = np.ones((1, 2, 2), int)
    assert doubled(one).tolist() == [[[2, 2], [2, 2]]] and doubled(one[np.newaxis]).shape == (1, 1, 2, 2)
    with pytest.raises(ValueError, match=r"doubled wants images \(N, C, H, W\), or one \(C, H, W\), got shape \(2,\)"):
        doubled(np.ones(2))


def test_an_empty_batch_comes_back_and_is_floating():
    assert unless_empty(lambda x: None)(np.zeros((0, 2), int)).dtype == np.float32
    assert unless_empty(lambda x, y: (x.shape, y))(np.zeros((1, 2)), 3) == ((1, 2), 3)


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (-2, 0), (0, 3), (0, -1), (2, -1)])
def test_a_moved_image_is_the_same_with_zeros_from_outside(move):
    image = np.arange(1.0, 31.0).reshape(1, 5, 6)
    out = moved(image, *move)
    for r, c in np.ndindex(5, 6):
        from_r, from_c = r - move[0], c - move[1]
        inside = 0 <= from_r < 5 and 0 <= from_c < 6
        assert out[0, r, c] == (image[0, from_r, from_c] if inside else 0)


def test_accuracies_by_shift_are_means_over_four_directions():
    pictures = np.zeros((2, 1, 3, 3), np.float32)
    pictures[0, 0, 1, 1] = pictures[1, 0, 1, 2] = 1

    def by_middle(images):  # 0 where the middle is bright, else 1
        middle = images[:, 0, 1, 1]
        return Tensor(np.stack([middle, 1 - middle], axis=1))

    labels = np.array([0, 1])
    assert shift_accuracies(by_middle, pictures, labels, most=1) == [1.0, 0.375]
    assert by_shift(by_middle, pictures, labels, most=1) == "0 px: 100.0%  1 px: 37.5%"
