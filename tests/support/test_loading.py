"""Questions about items and batches: what is an index, what is alike, and in which type numbers meet."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from tinytorch import Tensor
from tinytorch.support.loading import (
    check_alike,
    check_equally_long,
    checked_images,
    checked_indices,
    is_namedtuple,
    no_others,
    stacked,
)

Point = namedtuple("Point", "x y")


def test_indices_become_an_array_of_their_own():
    given = np.array([2, -1], np.int8)
    found = checked_indices(given, 3)
    assert found.tolist() == [2, -1] and found.dtype == np.int64
    given[:] = 0
    assert found.tolist() == [2, -1]
    for empty in ([], (), np.array([], np.int32)):
        assert checked_indices(empty, 0).dtype == np.int64
    assert checked_indices(range(3), 3).tolist() == checked_indices(Tensor([0, 1, 2], dtype="int64"), 3).tolist()


@pytest.mark.parametrize(("indices", "kind", "words"), [
    ([[1]], TypeError, r"got int64 of shape \(1, 1\)"), (3, TypeError, r"of shape \(\)"),
    (["a"], TypeError, "got <U1"), ([0, 3, 7], IndexError, "index 3 is out of range: the dataset has 3 items"),
    (np.array([True]), TypeError, r"np.flatnonzero\(mask\) gives the indices"),
])  # fmt: skip
def test_what_are_no_indices_is_refused(indices, kind, words):
    with pytest.raises(kind, match=words):
        checked_indices(indices, 3)


def test_a_named_tuple_is_told_from_other_tuples():
    assert is_namedtuple(Point(1, 2))
    assert not any(map(is_namedtuple, [(1, 2), [1, 2], "ab", 3]))


def test_values_that_are_alike_pass():
    for values in ([1, 2.5, np.float32(3), True], [np.zeros(2), Tensor([1.0, 2.0])], ["a", b"b"], [(1,), [2]],
                   [{"a": 1}, {"a": 2, "b": 3}], [Point(1, 2), (1, 2)]):  # fmt: skip
        check_alike(values, "item", Tensor)


def test_numbers_are_stacked_in_the_type_in_which_tensors_meet():
    for values, dtype in (([1, 2], "int64"), ([1, 2.5], "float64"), ([True, 2], "int64"), ([np.int8(1)] * 2, "int8"),
                          ([np.int8([1]), np.int32([2])], "int32"), ([Tensor([1.0]), np.int64([2])], "float32"),
                          ([np.float16([1]), np.float32([2])], "float32")):  # fmt: skip
        assert stacked(values, "item", Tensor).dtype == dtype
    with pytest.raises(ValueError, match=r"number 2 of the batch: item\[1\] has shape \(2,\), in number 0 \(\)"):
        stacked([1, 2, [3, 4]], "item[1]", Tensor)


def test_arguments_of_pytorch_that_are_missing_say_what_to_do():
    no_others("DataLoader", {})
    for name, words in (("generator", "call manual_seed"), ("timeout", "leave it out"), ("batchsize", "its docstring")):
        with pytest.raises(TypeError, match=f"DataLoader takes no {name}=: .*{words}"):
            no_others("DataLoader", {name: 1})


def test_lengths_and_images_that_fit_pass():
    check_equally_long([np.zeros((3, 2)), Tensor([1.0, 2.0, 3.0])])
    images = Tensor(np.zeros((2, 3, 3)))
    assert checked_images(images, np.int64(2)) is images
