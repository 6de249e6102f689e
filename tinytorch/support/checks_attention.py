"""What the checks of lesson 12 share: attention written out in float64, and what came beside what was wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from .checks import close, equal, explained, operations, outcome, raises, typed, ufunc_calls, unchanged
from .dtypes import as_dtype
from .memory import allocated_bytes

DIGITS = {"float64": 1e-12, "float32": 2e-5, "float16": 2e-3, "bfloat16": 2e-2}
Shape = tuple[int, ...]


def weights_by_rows(query: np.ndarray, key: np.ndarray, mask: Any = None, scale: float | None = None) -> np.ndarray:
    """The weights in float64; `mask` is added, and a row of -inf alone gives 0."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = np.einsum("...qd,...kd->...qk", np.float64(query), np.float64(key)) * scale
    return softmax_by_rows(scores if mask is None else scores + mask)


def softmax_by_rows(scores: np.ndarray) -> np.ndarray:
    """The softmax in float64 of the last axis; a row of -inf alone gives 0."""
    with np.errstate(invalid="ignore"):
        powers = np.exp(scores - np.where(np.isneginf(scores).all(-1), 0, scores.max(-1, initial=-np.inf))[..., None])
        total = powers.sum(-1, keepdims=True)
        return powers / np.where(total == 0, 1, total)


def a_mask(kind: str, shape: Shape, seed: int = 0) -> np.ndarray | None:
    """What is added for a mask of a kind: "none", "causal", "some", with one row of -inf alone, or "added"."""
    rng = np.random.default_rng(seed)
    if kind == "none":
        return None
    if kind == "added":
        return rng.normal(size=shape)
    if kind == "causal":
        return np.broadcast_to(np.where(np.tri(*shape[-2:]) > 0, 0.0, -np.inf), shape)
    allowed = rng.random(shape) < 0.6
    allowed[..., 0, :] = False
    return np.where(allowed, 0.0, -np.inf)


def _leave_numbers_in_memory(shape: Shape, dtype: Any) -> None:
    """Free arrays of this shape that hold 9, so that np.empty is likely to be given them."""
    del [np.full(shape, 9.0, dtype) for _ in range(8)][:]


def _normal(*shapes: Shape, seed: int = 1, dtype: Any = np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


# ---- weights


def softmax(softmax_in_place: Callable, cases: list) -> None:
    """`softmax_in_place` of the scores in `cases`, and the memory that it takes."""
    for scores in [*cases, *_normal((2, 2, 3))]:
        _softmax(softmax_in_place, scores)
    _softmax_takes_no_memory(softmax_in_place)


def _softmax(softmax_in_place: Callable, scores: Any) -> None:
    """`softmax_in_place` of these scores in two types: the numbers, and in which array they are."""
    for dtype in ("float32", "float64"):
        array = np.array(scores, dtype)
        wanted, said = softmax_by_rows(array.astype(np.float64)), str(array.tolist() if array.size else array.shape)
        near = 1e-12 if dtype == "float64" else 1e-5
        wider = np.concatenate([array, array[..., -1:, :]], axis=-2)
        for given, which in ((array.copy(), ""), (wider[..., :-1, :], ", part of a larger array,")):
            call = f"softmax_in_place of {said} in {dtype}{which}"
            with np.errstate(all="ignore"):
                got = outcome(call, partial(softmax_in_place, given), "a row, its largest number, its sum")
            assert got is given, f"{call} gave another array than it was given: write into it, and return it"
            close(call, got, wanted, "each row by itself; -inf alone becomes 0", rtol=near, atol=near / 100)


def _softmax_takes_no_memory(softmax_in_place: Callable) -> None:
    """`softmax_in_place` makes no array as large as the scores."""
    scores = np.ones((60, 1000), np.float32)  # fewer than a kernel would be loaded for
    softmax_in_place(scores)
    taken = allocated_bytes(lambda: softmax_in_place(scores))
    assert taken < scores.nbytes / 4, f"softmax_in_place of {scores.nbytes:,} bytes took {taken:,} more: use out="


def masks(added_mask: Callable, tensor: type, dtypes: list[str]) -> None:
    """`added_mask` of masks of every kind, in `dtypes`."""
    for dtype in dtypes:
        _boolean_masks(added_mask, tensor, dtype)
        _floating_masks(added_mask, tensor, dtype)
    _other_masks(added_mask)


def _boolean_masks(added_mask: Callable, tensor: type, dtype: str) -> None:
    """`added_mask` of boolean masks, as an array, a list and a tensor, in a type."""
    for mask in ([[True, False], [False, False]], [True, True, False], [[[False]], [[True]]]):
        array = np.array(mask)
        for given in (array, mask, tensor(array)):
            call = f"added_mask of {type(given).__name__} {mask} in {dtype}"
            with unchanged(call, mask=array):
                got = outcome(call, partial(added_mask, given, as_dtype(dtype)), "0 where True, -inf where False")
            typed(call, got, as_dtype(dtype), "the type that was asked for")
            close(call, got, np.where(mask, 0.0, -np.inf), "0 where it may look, -inf elsewhere")
            assert not got.requires_grad, f"{call} requires a gradient: a boolean mask has none"


def _floating_masks(added_mask: Callable, tensor: type, dtype: str) -> None:
    """`added_mask` of a floating mask keeps its numbers and its record."""
    numbers = np.array([[0.0, -2.0], [-np.inf, 0.5]])
    for source in ("float32", "float64"):
        mask = tensor(numbers, source, requires_grad=True)
        call = f"added_mask of a {source} mask in {dtype}"
        got = outcome(call, partial(added_mask, mask, as_dtype(dtype)), "its own numbers")
        typed(call, got, as_dtype(dtype), "the type that was asked for")
        close(call, got, numbers, "a floating mask is added as it is")
        assert got is mask or got._node is not None, f"{call} lost the record: keep the tensor, and use astype"
        close(f"{call}: the mask itself", mask, numbers, "it is only read")


def _other_masks(added_mask: Callable) -> None:
    """`added_mask` refuses whole numbers."""
    for dtype in ("int64", "uint8", "int32"):
        mask = np.ones((2, 2), dtype)
        raises(f"a mask of {dtype}", partial(added_mask, mask, np.dtype("float32")), TypeError, dtype,
               idea="0 and 1 could be added, or mean no and yes")


def filled(fill_weights: Callable, cases: list[tuple]) -> None:
    """`fill_weights` of `cases`: batch, queries, keys, d, scale and kind of mask; and the memory that it takes."""
    for case in cases:
        _filled(fill_weights, *case)
    _filling_takes_no_memory(fill_weights)


def _filled(fill_weights: Callable, batch: Shape, queries: int, keys: int, d: int, scale: float, kind: str) -> None:
    """`fill_weights` writes what is wanted into an array of any layout, and nothing else."""
    for dtype in ("float64", "float32"):
        query, key = _normal((*batch, queries, d), (*batch, keys, d), dtype=dtype)
        mask, shape = a_mask(kind, (*batch, queries, keys)), (*batch, queries, keys)
        given = None if mask is None else mask.astype(dtype)
        wanted = weights_by_rows(query, key, mask, scale)
        call = f"fill_weights of query {query.shape}, key {key.shape}, mask {kind}, scale {scale} in {dtype}"
        for out in (np.full(shape, 7.0, dtype), np.full((*shape, 2), 7.0, dtype)[..., 0]):
            masked = nullcontext() if given is None else unchanged(call, mask=given)
            with unchanged(call, "they are only read", query=query, key=key), masked, np.errstate(all="ignore"):
                outcome(call, partial(fill_weights, out, query, key, given, scale), "what has which shape?")
            close(f"{call}: out", out, wanted, "scaled products, then the mask, then the softmax",
                  rtol=DIGITS[dtype], atol=DIGITS[dtype])


def _filling_takes_no_memory(fill_weights: Callable) -> None:
    """`fill_weights` makes no array as large as the scores."""
    query, key, mask = (np.ones(shape, np.float32) for shape in ((240, 4), (250, 4), (240, 250)))
    out = np.empty((240, 250), np.float32)
    fill_weights(out, query, key, mask, 0.5)
    taken = allocated_bytes(lambda: fill_weights(out, query, key, mask, 0.5))
    assert taken < out.nbytes / 2, f"fill_weights took {taken:,} bytes for {out.nbytes:,} of weights: write into out"


# ---- gradients


def softmax_gradient(scores_gradient: Callable, cases: list[tuple]) -> None:
    """`scores_gradient` of `cases`: shape, type and seed; and the memory that it takes."""
    for case in cases:
        _softmax_gradient(scores_gradient, *case)
    _gradient_takes_one_array(scores_gradient)


def _softmax_gradient(scores_gradient: Callable, shape: Shape, dtype: str, seed: int) -> None:
    """`scores_gradient` against the Jacobian matrix of each row's softmax."""
    g, scores = _normal(shape, shape, seed=seed)
    weights = softmax_by_rows(scores).astype(dtype)
    weights[..., -1:] *= 0 if shape[-1] > 2 else 1  # a weight of 0, as under a mask
    g, call = g.astype(dtype), f"scores_gradient of {dtype} rows {shape}"
    wide, slope = weights.astype(np.float64), g.astype(np.float64)
    jacobian = np.eye(shape[-1]) * wide[..., None] - wide[..., None] * wide[..., None, :]
    with unchanged(call, "compute in a new array", g=g, weights=weights):
        got = outcome(call, partial(scores_gradient, g, weights), "one number for each row is subtracted")
    typed(call, got, dtype, "the type that came in")
    assert not any(np.shares_memory(got, x) for x in (g, weights)), f"{call} shares memory with what it was given"
    near = 1e-12 if dtype == "float64" else 1e-6
    close(call, got, np.einsum("...ij,...j->...i", jacobian, slope), "p (g - the sum of g p in the row)",
          rtol=10 * near, atol=near)


def _gradient_takes_one_array(scores_gradient: Callable) -> None:
    """`scores_gradient` makes one array as large as the weights."""
    g = np.ones((120, 500), np.float32)
    pairs = [call for call in ufunc_calls(scores_gradient, g, g) if len(call.shapes) == 2 and not call.in_place]
    new = [call.name for call in pairs if call.name not in ("vecdot", "einsum", "matmul")]
    assert len(new) < 2, f"scores_gradient made {len(new)} new arrays, by {' and '.join(new)}: the first can be changed"
    taken = allocated_bytes(lambda: scores_gradient(g, g))
    assert taken < 1.5 * g.nbytes, f"scores_gradient took {taken:,} bytes for {g.nbytes:,} of weights: make one array"


def rule_of_weights(rule: Callable, forward: Callable, cases: list[tuple]) -> None:
    """`weights_rule` of `cases` as in `filled`, and of weights in several pieces."""
    for case in cases:
        _rule_of_weights(rule, *case)
    _rule_of_pieces(rule, forward)


def _rule_of_weights(
    rule: Callable, batch: Shape, queries: int, keys: int, d: int, scale: float, kind: str
) -> None:
    """`weights_rule` against products in float64, for what needs a gradient and what does not."""
    causal, shape = kind == "causal", (*batch, queries, keys)
    query, key, g = _normal((*batch, queries, d), (*batch, keys, d), shape)
    mask, g = a_mask(kind, shape), 50 * g
    weights = weights_by_rows(query, key, mask, scale)
    to_scores = weights * (g - (g * weights).sum(-1, keepdims=True))
    wanted = [scale * to_scores @ key, scale * to_scores.swapaxes(-1, -2) @ query, to_scores]
    more = [] if mask is None else [mask]
    for needs in ((True, True, False), (True, True, True), (False, False, True)) if more else ((True, True),):
        call = f"weights_rule of query {query.shape}, key {key.shape}, mask {kind}, scale {scale}, needs {needs}"
        with unchanged(call, "they are only read", g=g, weights=weights, query=query, key=key):
            _leave_numbers_in_memory(shape, g.dtype)
            asked = partial(rule, g, weights, query, key, *more, needs=needs, scale=scale, is_causal=causal)
            got = outcome(call, asked, "one tile after another")
        equal(f"the number of answers of {call}", len(got), len(needs), "one for each input")
        for name, share, right, need in zip(("query", "key", "mask"), got, wanted, needs, strict=False):
            if need:
                close(f"{call}: the gradient of {name}", share, right, "d S times K, d S turned times Q, the scale",
                      rtol=1e-9, atol=1e-9)
            elif name == "mask" and share is not None:
                raise AssertionError(f"{call} computed a gradient for the mask that nobody needs: None is enough")


def _rule_of_pieces(rule: Callable, forward: Callable) -> None:
    """`weights_rule` does not read `g` outside the tiles, and lays its answers out as the inputs are."""
    query, key = (x.swapaxes(-2, -3) for x in _normal((2, 150, 3, 4), (2, 150, 3, 4), seed=3))
    mask = a_mask("causal", (2, 3, 150, 150))
    weights = forward(query, key, mask, scale=0.5, is_causal=True)
    g = np.where(np.tri(150) > 0, np.random.default_rng(4).normal(size=weights.shape), 0)
    broken = g.copy()
    broken[0, 1, 149] = np.nan
    to_query = rule(broken, weights, query, key, mask, needs=(True, True, False), scale=0.5, is_causal=True)[0]
    close("weights_rule where g is nan in one row: that row of the gradient of query", to_query[0, 1, 149],
          np.full(4, np.nan), "a number that is not finite is passed on")
    noisy, call = g.copy(), "weights_rule under a causal mask of 150 places"
    noisy[..., 0, 100:] = np.nan  # in no tile
    answers = [rule(each, weights, query, key, mask, needs=(True, True, False), scale=0.5, is_causal=True)
               for each in (g, noisy)]
    for name, one, other in zip(("query", "key"), *answers, strict=False):
        close(f"{call}, with nan in g outside the tiles: the gradient of {name}", other, one,
              "use what the tiles hold alone", rtol=1e-9, atol=1e-12)


# ---- attention


def attends(attend: Callable, tensor: type, interceptor: type, cases: list[tuple]) -> None:
    """`attend` of `cases`: three shapes and options; `apply`, what is refused, and dropout."""
    for case in cases:
        _attends(attend, tensor, *case)
    _attends(attend, tensor, (2, 3), (4, 3), (4, 2), {"scale": 0})
    _masks_broadcast(attend, tensor)
    _mixes_types(attend, tensor)
    _through_apply(attend, tensor, interceptor)
    _refuses(attend)
    _drops_weights(attend, tensor)


def _attends(attend: Callable, tensor: type, query: Shape, key: Shape, value: Shape, options: dict) -> None:
    """`attend` of numbers in several types: output and weights, and the gradients of everything by differences."""
    arrays, given = _normal(query, key, value, seed=5), dict(options)
    shape = (*np.broadcast_shapes(query[:-2], key[:-2]), query[-2], key[-2])
    kind = "causal" if given.get("is_causal") else given.pop("mask", "none")
    mask = a_mask(kind, shape)
    if kind == "some":
        given["attn_mask"] = mask == 0
    elif kind == "added":
        given["attn_mask"] = mask
    weights = weights_by_rows(arrays[0], arrays[1], mask, given.get("scale"))
    said = f"attend of query {query}, key {key}, value {value}, {options}"
    for dtype in ("float64", "float32", "float16"):
        inputs = [tensor(array, dtype, requires_grad=True) for array in arrays]
        call = f"{said} in {dtype}"
        with explained(call, "scores, mask, softmax, mixture"):
            out, got = attend(*inputs, **given)
        for what, result, right in (("weights", got, weights), ("output", out, weights @ arrays[2])):
            kind = type(result).__name__
            assert isinstance(result, tensor), f"{call}: the {what} came as {kind}, wanted a Tensor with its record"
            wide = "float32" if dtype == "float16" and what == "weights" else dtype
            typed(f"{call}: the {what}", result, wide, "the type that came in; weights of 16-bit inputs stay float32")
            close(f"{call}: the {what}", result, right, "the scale, the mask, what is mixed with what",
                  rtol=DIGITS[dtype], atol=DIGITS[dtype])
        assert out.requires_grad, f"{call} has no record: hand on the tensors themselves"
    inputs = [tensor(array, requires_grad=True) for array in arrays]
    _slopes(said, lambda *x: attend(*x, **given)[0], inputs)


def _masks_broadcast(attend: Callable, tensor: type) -> None:
    """`attend` of masks with fewer or shorter axes than the weights, and the gradient of a mask that is trained."""
    query, key, value = (tensor(array) for array in _normal((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2), seed=8))
    for shape in ((6,), (1, 6), (4, 1), (2, 1, 1, 6), (3, 1, 6)):
        mask = a_mask("added", shape)
        call = f"attend of query {query.shape}, key {key.shape}, and a mask of shape {shape}"
        idea = "a mask broadcasts to the weights"
        weights = outcome(call, lambda mask=mask: attend(query, key, value, mask)[1], idea)
        close(call, weights, weights_by_rows(query.data, key.data, mask), idea)
    trained = tensor(a_mask("added", (4, 6)), requires_grad=True)
    assert attend(query, key, value, trained)[0].requires_grad, "attend lost the record of a floating mask: keep it"
    inputs = [tensor(x.data, requires_grad=True) for x in (query, key, value)]
    _slopes("attend with a floating mask that requires a gradient", lambda *x: attend(*x)[0], [*inputs, trained])


def _mixes_types(attend: Callable, tensor: type) -> None:
    """The output has the type of value, whatever the type of query and key."""
    for asked, held in (("float32", "float64"), ("float64", "float32"), ("float16", "float32")):
        x = tensor(np.eye(3), asked)
        out, weights = attend(x, x, tensor(np.eye(3), held))
        typed(f"the output of attend, query and key in {asked}, value in {held},", out, held, "the type of value")
        close("attend of an identity matrix as value", out, weights, "the weights themselves", rtol=1e-3)


def _slopes(what: str, function: Callable, inputs: Sequence[Any], step: float = 1e-6) -> None:
    """The gradients of a weighted sum of `function(*inputs)` beside differences, at a few numbers of each input."""
    out = function(*inputs)
    start = np.random.default_rng(6).normal(size=out.shape)
    out.backward(type(out)(start))
    for name, x in zip(("query", "key", "value", "mask"), inputs, strict=False):
        assert x.grad is not None, f"{what} gave {name} no gradient: is it recorded?"
        for i in list(np.ndindex(x.shape))[:: max(x.data.size // 5, 1)]:
            here, sides = x.data[i], []
            for moved in (here + step, here - step):
                x.data[i] = moved
                sides.append((function(*inputs).data * start).sum())
            x.data[i] = here
            slope = (sides[0] - sides[1]) / (2 * step)
            close(f"{what}: the gradient of {name} at {list(i)}", x.grad.data[i], slope,
                  "is all of it recorded, and the rule right?", rtol=1e-4, atol=1e-6)


def _through_apply(attend: Callable, tensor: type, interceptor: type) -> None:
    """`attend` sends both halves through `apply`, with the options that they need, and gives the weights as used."""
    x = tensor(np.ones((1, 3, 2)), requires_grad=True)
    for causal in (True, False):
        seen = _causal_operations(interceptor, partial(attend, x, x, x, is_causal=causal))
        equal(f"the operations of attend with is_causal={causal}, each with its own is_causal", seen,
              [("attention_weights", causal), ("attention", causal)], "both through apply, and tiles need to know")
    whole = attend([[1, 0]], [[1, 0], [0, 1]], [[2, 4], [6, 8]])[0]
    typed("attend of lists of whole numbers", whole, np.float32, "they become float32")
    close("attend with is_causal=np.True_", attend(x, x, x, is_causal=np.True_)[1], np.tri(3)[None] / [[1], [2], [3]])
    empty = attend(np.zeros((2, 3)), np.zeros((0, 3)), np.zeros((0, 4)))[0]
    close("attend with no key", empty, np.zeros((2, 4)), "who finds nothing brings nothing")


def _causal_operations(interceptor: type, call: Callable[[], Any]) -> list[tuple[str, bool]]:
    """The names of the operations of `call()`, each with whether it was told that the mask is causal."""
    seen: list[tuple[str, bool]] = []

    class Seen(interceptor):
        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            seen.append((primitive.name, bool(options.get("is_causal"))))
            return super().forward(primitive, inputs, options)

    with Seen():
        call()
    return seen


def _refuses(attend: Callable) -> None:
    """`attend` refuses shapes that do not fit and two masks."""
    x = np.ones((2, 3))
    for causal in (True, np.True_):
        raises("attend with attn_mask and is_causal",
               lambda causal=causal: attend(x, x, x, np.ones((2, 2), bool), is_causal=causal),
               ValueError, "attn_mask", "is_causal", idea="which of the two?")
    for shapes in (((2, 3), (2, 4), (2, 3)), ((2, 3), (4, 3), (5, 3)), ((3,), (3,), (3,)),
                   ((2, 2, 3), (3, 2, 3), (2, 3))):
        raises(f"attend of {shapes}", lambda shapes=shapes: attend(*map(np.ones, shapes)), ValueError,
               *map(str, shapes), idea="check_attention names the shapes")
    raises("attend with dropout_p=1.5", lambda: attend(x, x, x, dropout_p=1.5), ValueError, "1.5",
           idea="Dropout says so")


def _drops_weights(attend: Callable, tensor: type) -> None:
    """Dropout changes the weights, before they mix."""
    x, value = tensor(np.zeros((40, 2))), np.random.default_rng(7).normal(size=(40, 3))
    out, weights = attend(x, x, value, dropout_p=0.5)
    share = float((weights.data == 0).mean())
    assert 0.4 < share < 0.6, f"attend with dropout_p=0.5 dropped {share:.0%} of the weights, wanted half"
    close("the output of attend with dropout_p=0.5", out, weights.data @ value, "mix with what you give back")
    close("the weights that stayed", weights.data[weights.data > 0], np.full(int((weights.data > 0).sum()), 0.05),
          "Dropout divides by 1 - p")


# ---- heads and parts


def heads(split_heads: Callable, join_heads: Callable, tensor: type, cases: list[tuple]) -> None:
    """Both functions for `cases`: a shape and how many heads."""
    for case in cases:
        _splits(split_heads, tensor, *case)
        _joins(join_heads, tensor, *case)


def _splits(split_heads: Callable, tensor: type, shape: Shape, heads: int) -> None:
    """`split_heads`: which number is where, without a copy."""
    x = tensor(np.arange(math.prod(shape)).reshape(shape), "float32", requires_grad=True)
    call, width = f"split_heads of {shape} into {heads}", shape[-1] // heads
    got = outcome(call, partial(split_heads, x, heads), "cut the last axis, then move the heads forward")
    wanted = [x.data[..., i * width : (i + 1) * width] for i in range(heads)]
    close(call, got, np.stack(wanted, axis=-3), "head 0 has the first numbers of each position")
    assert not x.size or np.shares_memory(got.data, x.data), f"{call} copied: reshape and transpose do not"
    assert got.requires_grad, f"{call} lost the record"


def _joins(join_heads: Callable, tensor: type, shape: Shape, heads: int) -> None:
    """`join_heads` gives a tensor of this shape from its `heads` heads."""
    *batch, length, width = shape
    numbers = np.arange(math.prod(shape), dtype=np.float32).reshape(*batch, heads, length, width // heads)
    x, call = tensor(numbers, requires_grad=True), f"join_heads of {numbers.shape}"
    got = outcome(call, partial(join_heads, x), "the heads of a position come to stand side by side")
    wanted = np.concatenate([numbers[..., i, :, :] for i in range(heads)], axis=-1)
    close(call, got, wanted, "the heads of a position side by side")
    assert got.requires_grad, f"{call} lost the record"


def joined(partial_gradient: type, cases: list[tuple]) -> None:
    """`joined` of `cases`: a shape, and which columns of an array of that shape are known; and the memory."""
    for shape, places in cases:
        for dtype in ("float32", "float64", "float16"):
            _joined(partial_gradient, shape, places, dtype)
    _joined_makes_one_array(partial_gradient)


def _joined(partial_gradient: type, shape: Shape, places: list[int], dtype: str) -> None:
    numbers, wanted = np.random.default_rng(8).normal(size=shape).astype(dtype), np.zeros(shape, dtype)
    parts = [((..., slice(i, i + 1)), numbers[..., i : i + 1]) for i in places]
    for index, part in parts:
        wanted[index] = part
    call = f"joined of shape {shape} in {dtype}, known at {places} of the last axis,"
    whole = partial_gradient(shape, np.dtype(dtype))
    for part in parts[::-1]:  # backward comes to the last first
        whole = whole + partial_gradient(shape, np.dtype(dtype), part)
    with unchanged(call, "the parts stay", parts=numbers):
        _leave_numbers_in_memory(shape, dtype)
        got, again = outcome(call, lambda: (whole.joined(), whole.joined()), "0 where no part is")
    typed(call, got, dtype, "the gradient's own type")
    close(call, got, wanted, "each part at its index, and 0 elsewhere")
    assert not np.shares_memory(again, got), f"{call} gave the same array twice: make a new one"
    assert not np.shares_memory(got, numbers), f"{call} shares memory with a part: copy"


def _joined_makes_one_array(partial_gradient: type) -> None:
    """`joined` makes one array."""
    part = np.ones((100, 500), np.float32)
    whole = partial_gradient((100, 1000), part.dtype, ((..., slice(0, 500)), part), ((..., slice(500, 1000)), part))
    whole.joined()
    taken = allocated_bytes(whole.joined)
    assert taken < 2.5 * part.nbytes, f"joined took {taken:,} bytes for a gradient of {2 * part.nbytes:,}: one array"


def chunks(chunk: Callable, tensor: type, interceptor: type, cases: list[tuple]) -> None:
    """`chunk` of `cases`: a shape, how many parts, and an axis; its gradients, what it refuses, and `apply`."""
    for case in cases:
        _chunks(chunk, tensor, *case)
        _chunk_gradient(chunk, tensor, *case)
    _chunk_through_apply(chunk, tensor, interceptor)
    _chunk_refuses(chunk, tensor)


def _chunks(chunk: Callable, tensor: type, shape: Shape, count: int, dim: int) -> None:
    """The parts of `chunk`, which are views."""
    x = tensor(np.arange(math.prod(shape)).reshape(shape), "float32")
    size = math.ceil(shape[dim] / count)
    cuts = [min(i * size, shape[dim]) for i in range(1, count)]
    wanted = [part for part in np.split(x.data, cuts, axis=dim) if part.size or not size]
    call = f"chunk of {shape} into {count} along {dim}"
    got = outcome(call, partial(chunk, x, count, dim), "ceil(n / chunks) for all but the last")
    assert type(got) is tuple, f"{call} gave a {type(got).__name__}, wanted a tuple"
    equal(f"the shapes of {call}", [part.shape for part in got], [part.shape for part in wanted],
          "ceil(n / chunks) for all but the last")
    for i, (part, right) in enumerate(zip(got, wanted, strict=True)):
        close(f"part {i} of {call}", part, right, "one after another")
        assert not part.size or np.shares_memory(part.data, x.data), f"part {i} of {call} is a copy, wanted a view"


def _chunk_gradient(chunk: Callable, tensor: type, shape: Shape, count: int, dim: int) -> None:
    """Gradients where a part is used twice, another not at all, and backward runs twice."""
    x = tensor(np.random.default_rng(9).normal(size=shape), requires_grad=True)
    parts = chunk(x, count, dim)
    call, wanted = f"chunk of {shape} into {count} along {dim}", np.zeros(shape)
    last = parts[-1].shape[dim]
    index = (slice(None),) * (dim % len(shape)) + (slice(shape[dim] - last, None),)
    wanted[index] = 2 * x.data[index] + 3
    loss = (parts[-1] * parts[-1]).sum() + (parts[-1] * 3).sum()
    for times in (1, 2):
        with explained(f"backward through {call}", "each part is a record of its own"):
            loss.backward(retain_graph=True)
        close(f"the gradient of {call}, of the last part used twice, after {times} passes", x.grad, times * wanted,
              "what is not used has gradient 0")
    x.grad = None
    sum((part * (i + 1)).sum() for i, part in enumerate(chunk(x, count, dim))).backward()
    sizes = [part.shape[dim] for part in parts]
    numbers = np.repeat(np.arange(1.0, len(parts) + 1), sizes)
    close(f"the gradient of {call}, each part with a factor of its own", x.grad,
          np.ones(shape) * numbers.reshape([-1 if axis == dim % len(shape) else 1 for axis in range(len(shape))]))


def _chunk_refuses(chunk: Callable, tensor: type) -> None:
    x = tensor(np.ones((2, 3)))
    for call in (lambda: chunk(x, 0), lambda: chunk(x, -1), lambda: chunk(tensor(1.0), 2)):
        raises("chunk into 0 or -1 parts, or of a single number", call, ValueError, idea="at least 1, of an axis")
    raises("chunk along axis 2 of (2, 3)", lambda: chunk(x, 2, 2), ValueError, "2", idea="checked_axis")


def _chunk_through_apply(chunk: Callable, tensor: type, interceptor: type) -> None:
    x = tensor(np.ones((100, 900), np.float32), requires_grad=True)
    names = operations(interceptor, lambda: chunk(x, 3, 1))
    equal("the operations of chunk into 3", names, ["chunk", "part", "part", "part"], "apply CHUNK once, PART for each")
    plain = outcome("chunk of the list [1, 2, 3] into 2", lambda: chunk([1, 2, 3], 2), "make a tensor of it")
    equal("chunk of the list [1, 2, 3] into 2", [part.tolist() for part in plain], [[1, 2], [3]])
    total = sum((part * 2).sum() for part in chunk(x, 3, -1))
    taken = allocated_bytes(total.backward)
    assert taken < 2.9 * x.data.nbytes, (
        f"backward through chunk took {taken:,} bytes for an input of {x.data.nbytes:,}: no zeros for each part"
    )


# ---- the layer


def multihead(layer: type, tensor: type, interceptor: type, cases: list[tuple]) -> None:
    """MultiheadAttention of `cases`: width, heads, shape and options; its modes, its masks, and its products."""
    for case in cases:
        _multihead(layer, tensor, *case)
    _multihead_modes(layer, tensor)
    _multihead_masks(layer, tensor)
    _multihead_operations(layer, tensor, interceptor)


def _multihead(layer: type, tensor: type, width: int, heads: int, shape: Shape, options: dict) -> None:
    """MultiheadAttention head by head, by products of its weights."""
    bias, rng = options.get("bias", True), np.random.default_rng(10)
    made = layer(width, heads, bias=bias)
    call = f"MultiheadAttention({width}, {heads}) of {shape}, {options}"
    query = rng.normal(size=shape)
    key = rng.normal(size=(*shape[:-2], options["keys"], width)) if "keys" in options else None
    value = rng.normal(size=key.shape) if "values" in options else None
    seen = query if key is None else key
    given: dict[str, Any] = {"is_causal": True} if "is_causal" in options else {}
    mask = np.tri(shape[-2]) > 0 if given else None
    if "mask" in options:
        mask = rng.random((shape[-2], shape[-2])) < 0.7
        mask[:, 1] = True
        given["attn_mask"] = ~mask
    inputs = [None if x is None else tensor(x, requires_grad=True) for x in (query, key, value)]
    with explained(call, "project, split, attend, join, project"):
        results = [made(*inputs, need_weights=need, average_attn_weights=mean, **given)
                   for need, mean in ((False, True), (True, True), (True, False))]
    for result in results:
        assert type(result) is tuple, f"{call} gave a {type(result).__name__}, wanted a pair: output, weights or None"
    wanted, weights = _by_heads(made, heads, query, seen, seen if value is None else value, mask)
    for out, _ in results:
        close(f"{call}: the output", out, wanted, "each head by itself, then out_proj", rtol=1e-5, atol=1e-5)
    equal(f"{call}: the weights without need_weights", results[0][1], None, "None")
    close(f"{call}: the weights, averaged", results[1][1], weights.mean(axis=-3), "the mean over the heads", rtol=1e-5)
    close(f"{call}: the weights of each head", results[2][1], weights, "as they are", rtol=1e-5, atol=1e-7)
    for _, shown in results[1:]:
        assert shown.requires_grad, f"{call}: the weights have no record, wanted tensors as the output is"
    results[0][0].sum().backward()
    lost = [name for name, p in made.named_parameters() if p.grad is None]
    assert not lost, f"{call}: {', '.join(lost)} got no gradient"


def _by_heads(made: Any, heads: int, query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: Any,
              added: np.ndarray | None = None) -> tuple:
    width = query.shape[-1]
    weight, bias = made.in_proj.weight.data.astype(float), made.in_proj.bias
    bias = np.zeros(3 * width) if bias is None else bias.data.astype(float)
    q, k, v = (x @ weight[:, i * width : (i + 1) * width] + bias[i * width : (i + 1) * width]
               for i, x in enumerate((query, key, value)))
    added, each, found = added if mask is None else np.where(mask, 0, -np.inf), [], []
    for h in range(heads):
        part = (..., slice(h * width // heads, (h + 1) * width // heads))
        each.append(weights_by_rows(q[part], k[part], added))
        found.append(each[-1] @ v[part])
    out = np.concatenate(found, axis=-1) @ made.out_proj.weight.data
    return out if made.out_proj.bias is None else out + made.out_proj.bias.data, np.stack(each, axis=-3)


def _multihead_modes(layer: type, tensor: type) -> None:
    """Dropout in training alone, and a mask of each head."""
    x, made = tensor(np.random.default_rng(11).normal(size=(2, 6, 4))), layer(4, 2, dropout=0.5)
    dropped = made(x, need_weights=True, average_attn_weights=False)[1].data == 0
    assert 0 < dropped.mean() < 1, "MultiheadAttention(4, 2, dropout=0.5) in training: some weights should be dropped"
    kept = made.eval()(x, need_weights=True, average_attn_weights=False)[1].data
    assert (kept > 0).all(), "MultiheadAttention(4, 2, dropout=0.5).eval() dropped weights: dropout is for training"
    out = layer(4, 2, dropout=0.1)(tensor(np.random.default_rng(13).normal(size=(20, 6, 4))))[0]
    assert (out.data != 0).all(), "MultiheadAttention(4, 2, dropout=0.1) in training dropped outputs, not weights alone"
    out, shown = layer(4, 2).to("float16")(tensor(x.data, "float16"), need_weights=True)
    typed("the output of a MultiheadAttention in float16", out, np.float16)
    typed("the weights of a MultiheadAttention in float16", shown, np.float16, "they come in the output's type")
    forbidden = np.zeros((4, 6, 6), bool)
    forbidden[1, :, 3:] = True  # batch 0, head 1
    weights = made(x, attn_mask=forbidden, need_weights=True, average_attn_weights=False)[1].data
    equal("which head of which sequence has weights of 0 where one of (2 * 2, 6, 6) masks forbids",
          [tuple(map(int, where)) for where in np.argwhere((weights[..., 3:] == 0).all((-1, -2)))], [(0, 1)],
          "mask_of_heads")


def _multihead_masks(layer: type, tensor: type) -> None:
    """A floating mask is added, and a mask beside is_causal is refused."""
    x, made = tensor(np.random.default_rng(12).normal(size=(2, 5, 4))), layer(4, 2)
    mask = a_mask("added", (5, 5))
    weights = made(x, attn_mask=mask, need_weights=True, average_attn_weights=False)[1]
    close("the weights of MultiheadAttention(4, 2) under a floating mask", weights,
          _by_heads(made, 2, x.data, x.data, x.data, None, mask)[1], "it is added as it is", rtol=1e-5, atol=1e-6)
    trained = tensor(mask, requires_grad=True)
    (made(x, attn_mask=trained)[0] * x).sum().backward()
    assert trained.grad is not None, "MultiheadAttention(4, 2): a floating mask got no gradient: keep its record"
    both = {"attn_mask": mask, "is_causal": True}
    raises("MultiheadAttention(4, 2) with attn_mask and is_causal=True", lambda: made(x, **both), ValueError,
           "attn_mask", "is_causal", idea="to pass over one of them would let the future leak")


def _multihead_operations(layer: type, tensor: type, interceptor: type) -> None:
    """Self-attention takes one product for queries, keys and values, and one behind the heads."""
    x, made = tensor(np.ones((2, 3, 4))), layer(4, 2)
    names = operations(interceptor, lambda: made(x))
    equal("the number of linear layers that self-attention ran", names.count("linear"), 2,
          "one product for three where query is key and value, and out_proj")
