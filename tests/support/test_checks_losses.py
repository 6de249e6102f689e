"""The checks that lesson 04 shares: the lesson's own functions pass, and each kind of mistake is told."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core import losses as lesson
from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support import checks_losses as checks

LEFT, RIGHT = np.random.default_rng(0).normal(size=(2, 3, 4))


def sentence(function, *args, **options) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_the_lessons_functions_pass():
    targets = np.array([[0, 3], [1, 1], [2, 0]])
    logits = np.random.default_rng(1).normal(size=(3, 2, 4))
    checks.hands_on(lesson.paired, Tensor, Interceptor)
    checks.one_number(lesson.mean_squared_error, checks.squares, LEFT, RIGHT)
    checks.one_number(lesson.binary_cross_entropy, checks.surprises, LEFT, abs(np.sin(RIGHT)))
    for share in (0.0, 0.2):
        rows = lesson.cross_entropy_of_rows, checks.surprises_of_rows
        checks.one_number(*rows, logits, targets, label_smoothing=share)
    checks.takes_indices(lesson.class_indices)
    checks.refuses_indices(lesson.class_indices, Tensor)


def test_float32_inside_the_order_of_memory_and_a_tensor_are_told():
    def narrow(p, t):
        return np.mean((p.astype(np.float32) - t.astype(np.float32)) ** 2).astype(np.float64)

    def by_memory(p, t):
        return np.mean((p.ravel("K") - t.ravel("K")) ** 2)

    assert "exact to float64's last digits" in sentence(checks.one_number, narrow, checks.squares, LEFT, RIGHT)
    said = sentence(checks.one_number, by_memory, checks.squares, LEFT, RIGHT)
    assert "the first with its columns together in memory" in said
    said = sentence(checks.one_number, lambda p, t: Tensor(narrow(p, t)), checks.squares, LEFT, RIGHT)
    assert "gave a Tensor, wanted a number of NumPy's" in said


def test_a_shared_array_and_a_lost_record_are_told():
    def sharing(targets, shape):
        return np.asarray(targets, np.int64)

    def detaching(prediction, target):
        return tuple(Tensor(side.data) for side in lesson.paired(prediction, target))

    assert "the caller's own array" in sentence(checks.takes_indices, sharing)
    assert "whether each came back itself" in sentence(checks.hands_on, detaching, Tensor, Interceptor)
    assert "was accepted" in sentence(checks.refuses_indices, sharing, Tensor)
