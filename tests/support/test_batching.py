"""Examples, pairs and batches: what can be trained on, and how many batches it is."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor, as_tensor
from tinytorch.support.batching import check_data, check_examples, epoch_of, examples, grouped, pair

X, Y = np.arange(10, dtype=np.float32).reshape(5, 2), np.arange(5)


def test_arrays_stay_themselves_and_other_things_become_arrays():
    inputs, targets = examples(X, [1, 2, 3, 4, 5], as_tensor)
    assert inputs is X and targets.dtype == np.float32
    assert examples(Tensor(X), Y, as_tensor)[0].tolist() == X.tolist()
    swapped = X.astype(">f4")
    assert examples(swapped, Y, as_tensor)[0].dtype == np.float32


@pytest.mark.parametrize(
    ("inputs", "targets", "words"),
    [(X, Y[:3], "must be equally long"), (np.float32(1), Y, "first axes"), (X[:0], Y[:0], "no examples")],
)
def test_what_are_not_as_many_examples_is_refused(inputs, targets, words):
    with pytest.raises(ValueError, match=words):
        check_examples(inputs, targets)


def test_a_pair_is_a_tuple_or_a_list_of_two():
    assert pair((1, 2), "it") == pair([1, 2], "it") == (1, 2)
    for value, found in (((1, 2, 3), "3 parts"), (X, "one ndarray"), (None, "one NoneType")):
        with pytest.raises(TypeError, match=f"it should be a pair .inputs, targets., got {found}"):
            pair(value, "it")


def test_the_batches_of_an_epoch_are_counted_where_that_can_be_told():
    assert check_data((X, Y), None, 1, 2, Tensor) == 3
    assert check_data([(X, Y)] * 4, (X, Y), 1, 2, Tensor) == 4
    assert check_data((batch for batch in [(X, Y)]), None, 1, 2, Tensor) == 0


def test_an_epoch_makes_batches_of_arrays_and_tensors_of_ready_ones():
    assert epoch_of((X, Y), 3, lambda *args: args, as_tensor) == (X, Y, 3)
    ready = list(epoch_of([[X, Y]], 3, None, as_tensor))
    assert [type(part) for part in ready[0]] == [Tensor, Tensor]


def test_groups_hold_so_many_batches_and_an_empty_epoch_is_refused():
    assert list(grouped("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    with pytest.raises(ValueError, match="there are no batches"):
        list(grouped([], 2))
