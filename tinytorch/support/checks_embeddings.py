"""What the checks of the lesson on embeddings share: each asks one of the learner's functions about one case."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log2
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, operations, outcome, raises, typed, unchanged
from tinytorch.support.checks_layers import numpy_untouched, takes_them_itself
from tinytorch.support.memory import allocated_bytes


def _drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape)


# ---- numbers of rows


def numbered(row_numbers: Callable, tensor: type, numbers: Any, dtype: str, count: int, idea: str) -> None:
    """`row_numbers` of ids in `dtype` as an array, a tensor and, where there are any, as lists or a number."""
    array = np.array(numbers, dtype)
    for given in (array, tensor(array), *([numbers] if array.size else [])):
        call = f"row_numbers of {type(given).__name__} {numbers} in {dtype}, {count} rows,"
        with unchanged(call, ids=array):
            got = outcome(call, partial(row_numbers, given, count), "all of these are rows")
        equal(f"the type of {call}", type(got), np.ndarray, idea)
        typed(call, got, np.intp, idea)
        close(call, got, array, idea)
        held = given.data if isinstance(given, tensor) else array
        assert not np.shares_memory(got, held), f"{call} gave the caller's own array: copy"


def no_numbers(row_numbers: Callable, tensor: type, ids: Any, idea: str) -> None:
    """`row_numbers` of what is no type of whole numbers, as it is and as a tensor: TypeError that names the type."""
    array = np.asarray(ids)
    others = [tensor(array, requires_grad=True), tensor(array, "bfloat16")] if array.dtype.kind == "f" else []
    for given in (ids, tensor(array), *others):
        kind = given.dtype if isinstance(given, tensor) else array.dtype
        call = f"row_numbers of {type(given).__name__} {array.tolist()} in {kind}"
        raises(call, partial(row_numbers, given, 5), TypeError, str(kind), "long()", "astype(int)", idea=idea)


def no_rows(row_numbers: Callable, tensor: type, ids: Any, count: int, words: list[str], idea: str) -> None:
    """`row_numbers` of ids one of which is no row, as they are and as a tensor: ValueError that says `words`."""
    array = np.asarray(ids)
    for given in (ids, tensor(array)):
        call = f"row_numbers of {type(given).__name__} {array.tolist()}, {count} rows,"
        raises(call, partial(row_numbers, given, count), ValueError, *words, idea=idea)


# ---- the gradient


def sums(segment_sum: Callable, numbers: list[int], count: int, d: int, dtype: str, idea: str) -> None:
    """`segment_sum` of drawn rows in `dtype`, also where the rows are a transposed array, by a loop in float64."""
    ids, rows = np.array(numbers, np.intp), _drawn(len(numbers), d).astype(dtype)
    wanted = np.zeros((count, d))
    for i, row in zip(numbers, rows, strict=True):
        wanted[i] += row
    for what, given in (("", rows), (", transposed in memory", np.ascontiguousarray(rows.T).T)):
        call = f"segment_sum of {rows.shape} rows in {dtype}{what}, ids {numbers}, {count},"
        with unchanged(call, "make a new array", rows=given, ids=ids):
            got = outcome(call, partial(segment_sum, given, ids, count), idea)
        equal(f"the type of {call}", type(got), np.ndarray)
        typed(call, got, dtype, "the type of the rows: which of the numbers has another?")
        close(call, got, wanted, idea, rtol=1e-5, atol=1e-6)
        assert not np.shares_memory(got, given), f"{call} gave the rows themselves: make a new array"
        segment_sum(given + 1, ids, count)
        close(f"{call} and again with other rows: the first result", got, wanted, "make a new array", rtol=1e-5,
              atol=1e-6)  # fmt: skip


def keeps_apart(segment_sum: Callable) -> None:
    """What is not finite stays in the sum of its own id, and many small numbers are not lost."""
    rows = np.array([[np.inf, 1.0], [2.0, np.nan], [3.0, 4.0]], np.float32)
    with np.errstate(invalid="ignore"):
        got = segment_sum(rows, np.array([2, 0, 1]), 4)
    wanted = [[2, np.nan], [3, 4], [np.inf, 1], [0, 0]]
    close("segment_sum of rows with inf and nan", got, wanted, "0 times inf is nan: leave the zeros out")
    many = np.full((3000, 1), 0.1, np.float32)
    got = segment_sum(many, np.arange(3000) % 2, 2)
    close("segment_sum of 1500 rows of 0.1 for each of two ids", got, [[150], [150]], "all rows count", rtol=1e-4)


def takes_little(segment_sum: Callable, n: int, count: int, idea: str) -> None:
    """`segment_sum` of n rows takes memory for its result, and up to 100 bytes for each row beside it."""
    rows, ids = np.ones((n, 2), np.float32), np.arange(n) * 7 % count
    segment_sum(rows, ids, count)
    taken, result = allocated_bytes(partial(segment_sum, rows, ids, count)), 4 * 2 * count
    allowed = 2 * result + 100 * n + 50_000
    call = f"segment_sum of {n} rows, {count} sums of {result:,} bytes,"
    assert taken <= allowed, f"{call} took {taken:,} bytes of memory, wanted at most {allowed:,}: {idea}"


def rounds_once(rule: Callable, tensor: type) -> None:
    """The gradient of a 16-bit weight is added up in float32: many ones for one row do not stop at 256 or 2048."""
    for dtype, count in (("bfloat16", 300), ("float16", 3000)):
        g = tensor(np.ones((count, 1)), dtype).data
        weight = tensor(np.zeros((2, 1)), dtype).data
        call = f"embedding_rule of {count} ones in {dtype} for row 1"
        got = outcome(call, partial(rule, g, None, weight, np.ones(count, np.intp)))
        typed(call, got, g.dtype, "in_float32 gives the type back")
        close(call, got, [[0], [count]], "keep in_float32 above the rule", rtol=0.01)


# ---- the lookup


def looks_up(embedding: Callable, tensor: type, interceptor: type, ids: np.ndarray, shape: tuple[int, int]) -> None:
    """`embedding` of ids as a tensor, an array and a list: value, type, operation, and the gradient of its sum."""
    for dtype in ("float32", "float64", "float16"):
        numbers = _drawn(*shape).astype(dtype)
        wanted = np.zeros(shape)
        np.add.at(wanted, ids, 1.0)
        for given in (ids.copy(), tensor(ids), ids.tolist()):
            call = f"embedding of {type(given).__name__} {ids.tolist()} with {dtype} weight {shape}"
            weight = tensor(numbers, dtype, requires_grad=True)
            got = outcome(call, partial(embedding, given, weight), "the ids come first, then the weight")
            assert isinstance(got, tensor), f"{call} gave {got!r:.40}, wanted a Tensor"
            typed(call, got, dtype, "the type of the weight")
            close(call, got, numbers[ids], "row ids[i] of the weight at place i")
            if isinstance(given, np.ndarray):
                given[...] = 0
            _gives(f"the gradient of {call}, summed", got, weight, wanted)
    _through_apply(embedding, tensor, interceptor)
    _looks_up_nothing(embedding, tensor)


def _looks_up_nothing(embedding: Callable, tensor: type) -> None:
    """No ids, no rows, or rows of no numbers: the result holds nothing, and keeps its shape and its record."""
    for shape, rows in (((0, 2), (4, 3)), ((0,), (0, 3)), ((2,), (4, 0))):
        call = f"embedding of ids of shape {shape} with a weight of shape {rows}"
        weight = tensor(np.zeros(rows), requires_grad=True)
        got = outcome(call, partial(embedding, np.zeros(shape, np.int64), weight), "nothing is wrong with it")
        equal(f"the shape of {call}", got.shape, (*shape, rows[1]), "the shape of the ids, and d")
        _gives(f"the gradient of {call}, summed", got, weight, np.zeros(rows))


def _gives(what: str, result: Any, weight: Any, wanted: np.ndarray) -> None:
    assert result.requires_grad, f"{what}: the result requires no gradient: run the operation on the tensor itself"
    with explained(what, "see embedding_rule"):
        result.sum().backward()
    assert weight.grad is not None, f"{what} never came to the weight: run the operation on the tensor itself"
    close(what, weight.grad, wanted, "one for each time that the row was looked up; the caller may change its ids")


def _through_apply(embedding: Callable, tensor: type, interceptor: type) -> None:
    weight = tensor(_drawn(4, 2), requires_grad=True)
    call = "embedding([1, 1], a weight (4, 2))"
    ran = operations(interceptor, lambda: embedding([1, 1], weight))
    equal(f"the operations of {call}", ran, ["embedding"], "one primitive, through apply")
    takes_them_itself(call, interceptor, lambda: embedding([1, 1], weight), weight)
    plain = outcome("embedding([1], [[1, 2], [3, 4]])", lambda: embedding([1], [[1, 2], [3, 4]]), "make a tensor of it")
    close("embedding([1], [[1, 2], [3, 4]])", plain, [[3, 4]], "make a tensor of the weight")
    assert not plain.requires_grad, "embedding with a weight that requires no gradient gave a tensor that does"


def table(layer: type, seed: Callable[[int], None], count: int, dim: int) -> None:
    """`layer(count, dim)` holds one float32 Parameter of normal numbers that the seed repeats, and looks rows up."""
    call, starts = f"Embedding({count}, {dim})", []
    for number in (3, 3, 4):
        seed(number)
        with numpy_untouched(call):
            made = outcome(call, partial(layer, count, dim))
        found = [(name, p.shape, p.requires_grad) for name, p in made.named_parameters()]
        equal(f"the list of parameters of {call}", found, [("weight", (count, dim), True)], "one Parameter, weight")
        typed(f"the weight of {call}", made.weight, np.float32, "a float32 Parameter")
        starts.append(made.weight.data)
    repeats = np.array_equal(*starts[:2]), np.array_equal(*starts[1:])
    told = f"whether {call} starts with the same numbers after the same seed, and after another"
    equal(told, repeats, (True, False), "draw them from the generator of lesson 03")
    _is_normal(call, starts[2])
    ids = np.array([[count - 1, 0]])
    got = outcome(f"{call} of {ids.tolist()}", lambda: made(ids))
    close(f"{call} of {ids.tolist()}", got, made.weight.data[ids], "the rows of its own weight")


def _is_normal(call: str, numbers: np.ndarray) -> None:
    if numbers.size < 10_000:
        return
    idea = "mean 0 and standard deviation 1, as standard_normal draws them"
    close(f"the mean of the weight of {call}", numbers.mean(), 0, idea, atol=0.05)
    close(f"the standard deviation of the weight of {call}", numbers.std(), 1, idea, rtol=0.05)
    beyond = np.mean(np.abs(numbers) > 2)  # 4.6 % of normal numbers; none of uniform ones
    close(f"the share of the weight of {call} beyond 2", beyond, 0.0455, idea, rtol=0.3)
    equal(f"the different numbers among those of {call}, to the nearest percent", round(
        100 * len(np.unique(numbers)) / numbers.size), 100, "each is drawn by itself")
    far = np.mean(np.abs(numbers) > 3)
    close(f"the share of the weight of {call} beyond 3", far, 0.0027, idea, rtol=0.6)


# ---- the models


def counted(bigram_bits: Callable, training: str, test: str, letters: str, idea: str) -> None:
    """`bigram_bits` of two texts whose symbols are numbered as in `letters`, by counting pair after pair."""
    ids = [np.array([letters.index(c) for c in text]) for text in (training, test)]
    cost = []
    for a, b in zip(test, test[1:], strict=False):
        pairs = list(zip(training, training[1:], strict=False))
        after_a = sum(first == a for first, _ in pairs)
        cost.append(-log2((pairs.count((a, b)) + 1) / (after_a + len(letters))))
    for dtype in (np.int64, np.uint8):
        given = [array.astype(dtype) for array in ids]
        call = f"bigram_bits of {training:.12} and {test}, {len(letters)} symbols, in {np.dtype(dtype)},"
        with unchanged(call, training=given[0], test=given[1]):
            got = outcome(call, partial(bigram_bits, *given, len(letters)), idea)
        close(call, got, sum(cost) / len(cost), idea, rtol=1e-6)


def scores(model: type, count: int, n: int, dim: int, hidden: int, idea: str) -> None:
    """A model `NGram(count, n, dim, hidden)`: its parameters, and its scores by the formula in NumPy."""
    call = f"NGram({count}, {n}, {dim}, {hidden})"
    made = outcome(call, partial(model, count, n, dim, hidden), "see which layers it has")
    shapes = {name: p.shape for name, p in made.named_parameters()}
    wanted = {
        "table.weight": (count, dim),
        "hidden.weight": (n * dim, hidden),
        "hidden.bias": (hidden,),
        "out.weight": (hidden, count),
        "out.bias": (count,),
    }
    equal(f"the shapes of the parameters of {call}", shapes, wanted, "three layers, with the docstring's names")
    made.table.weight.data *= np.float32(5)  # large enough to reach the flat ends of tanh
    for m in (6, 1):
        ids = np.random.default_rng(m).integers(count, size=(m, n))
        state = made.state_dict()
        row = np.tanh(state["table.weight"][ids].reshape(m, -1) @ state["hidden.weight"] + state["hidden.bias"])
        got = outcome(f"{call} of {m} rows", partial(made, ids), idea)
        close(f"{call} of {m} rows", got, row @ state["out.weight"] + state["out.bias"], idea, rtol=1e-4, atol=1e-5)
    got.sum().backward()
    missing = [name for name, p in made.named_parameters() if p.grad is None]
    assert not missing, f"{call}: no gradient came to {missing[0]}: stay with operations on tensors"


def spreads(principal_plane: Callable, m: int, d: int, seed: int, idea: str) -> None:
    """`principal_plane` of m drawn vectors, far from 0 and longer in some directions, by their covariance."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(m, d)) @ rng.normal(size=(d, d)) + 20.0
    centred = vectors - vectors.sum(axis=0) / m
    values, directions = np.linalg.eigh(centred.T @ centred)
    wanted = centred @ directions[:, np.argsort(-values)[:2]]
    call = f"principal_plane of {m} vectors of {d} numbers"
    with unchanged(call, vectors=vectors):
        got = outcome(call, partial(principal_plane, vectors), idea)
    equal(f"the shape of {call}", np.shape(got), (m, 2), "two numbers for each vector")
    sign = np.where((np.asarray(got) * wanted).sum(axis=0) < 0, -1, 1)
    close(call, got, wanted * sign, idea, rtol=1e-6, atol=1e-6)


# ---- positions


def waves(sinusoidal_positions: Callable, tensor: type, length: int, dim: int) -> None:
    """`sinusoidal_positions(length, dim)`: a float32 tensor that wants no gradient, by the formula, and new each time.

    An odd dim and a length of 0 are ValueErrors.
    """
    call = f"sinusoidal_positions({length}, {dim})"
    got = outcome(call, partial(sinusoidal_positions, length, dim))
    assert isinstance(got, tensor), f"{call} gave a {type(got).__name__}, wanted a Tensor"
    typed(call, got, np.float32, "compute in float64, round at the end")
    assert not got.requires_grad, f"{call} requires a gradient: the formula has nothing to train"
    wanted = np.empty((length, dim))
    for i in range(dim // 2):
        angle = np.arange(length) / 10000 ** (2 * i / dim)
        wanted[:, 2 * i], wanted[:, 2 * i + 1] = np.sin(angle), np.cos(angle)
    idea = "sine and cosine side by side, one pair for each frequency, angles in float64"
    close(call, got, wanted, idea, rtol=0, atol=1e-6)
    got.data[...] = 0
    close(f"{call}, after the last one was overwritten,", sinusoidal_positions(length, dim), wanted, "make a new one",
          rtol=0, atol=1e-6)  # fmt: skip
    raises(f"sinusoidal_positions({length}, {dim + 1})", lambda: sinusoidal_positions(length, dim + 1), ValueError,
           str(dim + 1), idea="sines and cosines come in pairs")  # fmt: skip
