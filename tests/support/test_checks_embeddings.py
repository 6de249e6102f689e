"""The checks that lesson 11 shares: right functions pass, and each kind of mistake is told."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tinytorch.core import embeddings as lesson
from tinytorch.core.activations import tanh
from tinytorch.core.layers import Linear, Module, Parameter, manual_seed
from tinytorch.core.tensor import Interceptor, Tensor, wrap
from tinytorch.support import checks_embeddings as checks


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


class Right(Module):
    """The n-gram as the lesson wants it."""

    def __init__(self, count, n, dim, hidden):
        self.table, self.hidden = lesson.Embedding(count, dim), Linear(n * dim, hidden)
        self.out = Linear(hidden, count)

    def forward(self, ids):
        return self.out(tanh(self.hidden(self.table(ids).flatten(1))))


def plane(vectors):
    u, s, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    return u[:, :2] * s[:2]


def bigrams(training, test, count):
    counts = np.ones((count, count))
    np.add.at(counts, (training[:-1], training[1:]), 1)
    return np.mean(-np.log2(counts / counts.sum(axis=1, keepdims=True))[test[:-1], test[1:]])


def test_right_functions_pass():
    for case in (([[2, 0]], "int32", 3), ([], "uint8", 5), (4, "int64", 5)):
        checks.numbered(lesson.row_numbers, Tensor, *case, "")
    checks.no_numbers(lesson.row_numbers, Tensor, [0.5], "")
    checks.no_rows(lesson.row_numbers, Tensor, [-1, 7], 5, ["-1", "7", "5"], "")
    checks.sums(lesson.segment_sum, [1, 0, 1], 3, 4, "float32", "")
    checks.keeps_apart(lesson.segment_sum)
    checks.takes_little(lesson.segment_sum, 400, 20_000, "")
    checks.rounds_once(lesson.embedding_rule, Tensor)
    checks.looks_up(lesson.embedding, Tensor, Interceptor, np.array([[1], [0]]), (3, 2))
    checks.table(lesson.Embedding, manual_seed, 300, 50)
    checks.counted(bigrams, "abab", "ba", "abc", "")
    checks.scores(Right, 5, 2, 3, 4, "")
    checks.spreads(plane, 9, 4, 0, "")
    checks.waves(lesson.sinusoidal_positions, Tensor, 30, 4)


def row_numbers(change, ids, count):
    return change(lesson.row_numbers(ids, count), ids)


@pytest.mark.parametrize(("change", "word"), [
    (lambda rows, ids: rows.astype(np.int16), "is int16, wanted int64"),
    (lambda rows, ids: rows.ravel(), "gave shape (1,), wanted ()"),
    (lambda rows, ids: ids.data if isinstance(ids, Tensor) else np.asarray(ids), "gave the caller's own array"),
    (lambda rows, ids: rows.tolist(), "gave <class 'int'>, wanted <class 'numpy.ndarray'>"),
    (lambda rows, ids: np.add(rows, 1, out=rows), "gave 4, wanted 3"),
])  # fmt: skip
def test_rows_of_another_kind_are_told(change, word):
    assert word in sentence(checks.numbered, partial(row_numbers, change), Tensor, 3, "int64", 5, "")


def test_a_wrong_number_that_is_let_through_is_told():
    def any_rows(ids, count):
        return (ids.data if isinstance(ids, Tensor) else np.asarray(ids)).astype(np.intp)

    assert "was accepted" in sentence(checks.no_numbers, any_rows, Tensor, [0.5], "")
    assert "was accepted" in sentence(checks.no_rows, any_rows, Tensor, [7], 5, ["7"], "")

    def through_numpy(ids, count):
        return lesson.row_numbers(np.asarray(ids), count)

    assert "raised RuntimeError" in sentence(checks.no_numbers, through_numpy, Tensor, [0.5], "")


def last_of_each(rows, ids, count):
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    out[ids] += rows
    return out


def dense(rows, ids, count):
    return np.eye(count, dtype=rows.dtype)[ids].T @ rows


def in_half(rows, ids, count):
    return lesson.segment_sum(rows.astype(np.float16).astype(rows.dtype), ids, count)


def sorted_in_place(rows, ids, count):
    out = lesson.segment_sum(rows, ids, count)
    rows[:] = rows[::-1].copy()
    return out


def test_each_wrong_way_to_add_up_rows_is_told():
    assert "gave" in sentence(checks.sums, last_of_each, [1, 1], 2, 1, "float64", "")
    assert "gave" in sentence(checks.sums, in_half, [1, 1], 2, 1, "float64", "")
    assert "0 times inf is nan" in sentence(checks.keeps_apart, dense)
    assert "bytes of memory" in sentence(checks.takes_little, dense, 400, 20_000, "")
    assert "is float64, wanted float32" in sentence(
        checks.sums, lambda *given: lesson.segment_sum(*given).astype(float), [1], 2, 1, "float32", "")
    assert "changed rows" in sentence(checks.sums, sorted_in_place, [1, 0], 2, 1, "float32", "")


def test_sums_of_sixteen_bits_that_stop_growing_are_told():
    def stops(g, y, weight, ids):
        out = np.zeros(weight.shape, g.dtype)
        for i, row in zip(ids, g, strict=True):
            out[i] += row
        return out

    assert "gave 256" in sentence(checks.rounds_once, stops, Tensor)


@pytest.mark.parametrize(("embedding", "word"), [
    (lambda ids, weight: weight[np.asarray(ids)], "operations"),
    (lambda ids, weight: wrap(weight.data[np.asarray(ids)]), "requires no gradient"),
    (lambda ids, weight: lesson.embedding(ids, weight.detach() + 0 * Tensor([1.0], weight.dtype, True)), "never came"),
    (lambda ids, weight: lesson.embedding(ids, weight).data, "wanted a Tensor"),
    (lambda ids, weight: lesson.embedding(ids, weight) * 2, "row ids[i] of the weight"),
])  # fmt: skip
def test_each_wrong_lookup_is_told(embedding, word):
    assert word in sentence(checks.looks_up, embedding, Tensor, Interceptor, np.array([1, 1]), (3, 2))


def layer_with(start):
    class Table(lesson.Embedding):
        def __init__(self, count, dim):
            super().__init__(count, dim)
            self.weight = Parameter(start(self.weight.data))

    return Table


@pytest.mark.parametrize(("start", "word"), [
    (lambda w: w * np.float32(0.1), "the standard deviation"), (lambda w: w + np.float32(1), "the mean"),
    (lambda w: w.T, "the list of parameters"), (lambda w: w.astype(np.float64), "is float64, wanted float32"),
    (np.ones_like, "same numbers after the same seed"), (np.sign, "beyond 2"),
])  # fmt: skip
def test_each_wrong_start_is_told(start, word):
    assert word in sentence(checks.table, layer_with(start), manual_seed, 300, 50)


def test_wrong_models_are_told():
    class Other(Right):
        def forward(self, ids):
            return super().forward(ids[:, ::-1])

    class Detached(Right):
        def forward(self, ids):
            return self.out(tanh(self.hidden(self.table(ids).detach().flatten(1))))

    assert "gave" in sentence(checks.scores, Other, 5, 2, 3, 4, "")
    assert "no gradient came to table.weight" in sentence(checks.scores, Detached, 5, 2, 3, 4, "")
    assert "gave" in sentence(checks.counted, lambda *given: bigrams(*given) + 0.01, "abab", "ba", "abc", "")
    assert "gave" in sentence(checks.spreads, lambda vectors: plane(vectors)[:, ::-1], 9, 4, 0, "")
    assert "shape" in sentence(checks.spreads, lambda vectors: vectors, 9, 4, 0, "")


def test_wrong_positions_are_told():
    def halves(length, dim):
        if dim % 2:
            raise ValueError(f"{dim}")
        waves = lesson.sinusoidal_positions(length, dim).data
        return wrap(np.concatenate([waves[:, ::2], waves[:, 1::2]], axis=1))

    kept = {}

    def remembered(length, dim):
        return kept.setdefault((length, dim), lesson.sinusoidal_positions(length, dim))

    assert "side by side" in sentence(checks.waves, halves, Tensor, 5, 4)
    assert "make a new one" in sentence(checks.waves, remembered, Tensor, 5, 4)
    assert "was accepted" in sentence(
        checks.waves, lambda n, d: lesson.sinusoidal_positions(n, d - d % 2), Tensor, 5, 4)
