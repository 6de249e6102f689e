"""What the checks of the lesson on convolutions share: each asks one of the learner's functions about a case.

What is wanted is computed here in another way: windows are cut out one by one, products are sums over named axes in
float64, and gradients come from definitions. `idea` is what the sentence of a failed comparison ends with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import ml_dtypes
import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, ufunc_calls, unchanged

PRODUCTS = ("matmul", "dot", "einsum", "tensordot", "vecdot")

Pair = tuple[int, int]
Shape = tuple[int, ...]

DIGITS = {"float64": 1e-10, "float32": 1e-4, "float16": 2e-3, "bfloat16": 2e-2}
TYPES = {"bfloat16": ml_dtypes.bfloat16}


def drawn(shape: Shape, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    """Normally distributed numbers that the type holds exactly."""
    return np.random.default_rng(seed).normal(size=shape).astype(TYPES.get(dtype, dtype))


def layouts(x: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The same numbers in three orders in memory, each with its name."""
    spread = np.zeros([2 * n for n in x.shape], x.dtype)[(slice(None, None, 2),) * x.ndim]
    spread[...] = x
    backwards = np.ascontiguousarray(np.flip(x))[(slice(None, None, -1),) * x.ndim]
    return [("", x), (" that is a slice of a larger array", spread), (" that runs backwards in memory", backwards)]


def image_layouts(x: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The same images (N, C, H, W) as in `layouts`, and with the images last in memory."""
    last = np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)
    return [*layouts(x), (" with the images last in memory", last)]


def cut_out(x: np.ndarray, kernel: Pair, stride: Pair) -> np.ndarray:
    """The windows of x, (C, H, W, N), cut out one by one: (C, kh, kw, rows, columns, N), a new array."""
    starts = [range(0, length - k + 1, step) for length, k, step in zip(x.shape[1:3], kernel, stride, strict=True)]
    rows = [[x[:, r : r + kernel[0], s : s + kernel[1]] for s in starts[1]] for r in starts[0]]
    return np.array(rows).transpose(2, 3, 4, 0, 1, 5)


def bordered(x: np.ndarray, padding: Pair, value: float = 0.0) -> np.ndarray:
    """Images (N, C, H, W) as (C, H, W, N) with a border."""
    more = ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0))
    return np.pad(x.transpose(1, 2, 3, 0), more, constant_values=value)


def asked_of(name: str, shape: Shape, kernel: Pair, stride: Pair, padding: Pair | None = None) -> str:
    more = "" if padding is None else f" and padding {padding}"
    return f"{name} of an array {shape} with kernel {kernel}, stride {stride}{more}"


def lines_run(call: Callable[[], Any]) -> int:
    """How many lines of Python `call()` runs, in all functions together."""
    count, before = 0, sys.gettrace()

    def seen(frame: FrameType, event: str, argument: Any) -> Callable:
        nonlocal count
        count += event == "line"
        return seen

    sys.settrace(seen)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def no_loop_over_windows(name: str, call: Callable[[int], Any]) -> None:
    """Assert that `call(rows)`, which makes what has rows * rows windows, runs no more lines for more of them."""
    few, many = (min(lines_run(lambda: call(rows)) for _ in range(2)) for rows in (4, 24))  # noqa: B023
    told = f"{name} ran {few} lines of Python for 4 by 4 windows and {many} for 24 by 24"
    assert many <= few + 10, f"{told}, wanted as many: loop over the places in the kernel, never over windows"


def a_view(function: Callable, shape: Shape, kernel: Pair, stride: Pair, idea: str) -> None:
    """`windows(x, kernel, stride)` shows the numbers of x, in whatever order they are in memory, without a copy."""
    for dtype in ("float64", "float16"):
        for words, x in layouts(np.arange(np.prod(shape)).reshape(shape).astype(dtype)):
            asked = asked_of("windows", shape, kernel, stride) + words
            with unchanged(asked, x=x), explained(asked, "one stride for each axis of the view"):
                got = function(x, kernel, stride)
            typed(asked, got, dtype)
            close(asked, got, cut_out(x, kernel, stride), idea, rtol=0)
            assert not x.size or np.shares_memory(got, x), f"{asked} gave a copy: a view shows the numbers of x itself"
            if x.size:
                with explained(asked, "the view should let itself be written to"):
                    got[0, 0, 0, 0, 0, 0] = 7
                assert x[0, 0, 0, 0] == 7, f"{asked}: what is written into the view should be in x"


def refuses_to_fit(function: Callable, idea: str) -> None:
    """`windows` raises ValueError where no window fits."""
    for shape, kernel in (((1, 3, 5, 1), (4, 2)), ((1, 5, 3, 2), (2, 4))):
        raises(asked_of("windows", shape, kernel, (1, 1)), lambda: function(np.zeros(shape), kernel, (1, 1)),  # noqa: B023
               ValueError, "4", "3", idea=idea)


def columns(function: Callable, shape: Shape, kernel: Pair, stride: Pair, padding: Pair, idea: str) -> None:
    """`unfolded(x, ...)`: a column for each window, images last in memory, in an array of its own."""
    for dtype in ("float32", "float16", "bfloat16"):
        for words, x in image_layouts(drawn(shape, dtype)):
            asked = asked_of("unfolded", shape, kernel, stride, padding) + f" in {dtype}{words}"
            with unchanged(asked, x=x), explained(asked, "channels and places in the kernel are rows"):
                got = function(x, kernel, stride, padding)
            cut = cut_out(bordered(x, padding), kernel, stride)
            c, kh, kw, rows, places, n = cut.shape
            typed(asked, got, x.dtype, "nothing is computed, so the type stays")
            wanted = cut.reshape(c * kh * kw, rows * places, n).transpose(2, 0, 1)
            close(asked, got, wanted.astype(np.float64), idea, rtol=0)
            last = np.transpose(got, (1, 2, 0)).flags.c_contiguous
            assert last, f"{asked}: images are not last in memory: copy the windows, then reorder by transpose alone"
            assert not np.shares_memory(got, x), f"{asked} shares memory with x: the columns are a new array"


def put_back(function: Callable, shape: Shape, kernel: Pair, stride: Pair, padding: Pair, idea: str) -> None:
    """`folded(parts, size, stride, padding)` adds up each part where it came from; shape is that of (C, H, W, N)."""
    c, h, w, n = shape
    places = np.arange(c * (h + 2 * padding[0]) * (w + 2 * padding[1]) * n)
    places = places.reshape(c, h + 2 * padding[0], w + 2 * padding[1], n)
    came_from = cut_out(places, kernel, stride)
    for dtype in ("float64", "float32"):
        parts = drawn(came_from.shape, dtype)
        asked = asked_of("folded", parts.shape, kernel, stride, padding) + f" and size {(h, w)} in {dtype}"
        with unchanged(asked, parts=parts), explained(asked, "the border is there while you add, and cut off after"):
            got = function(parts, (h, w), stride, padding)
        wanted = np.bincount(came_from.ravel(), parts.ravel().astype(np.float64), places.size).reshape(places.shape)
        wanted = wanted[:, padding[0] : padding[0] + h, padding[1] : padding[1] + w]
        typed(asked, got, dtype)
        close(asked, got, wanted, idea, rtol=0, atol=DIGITS[dtype])
    _, first = layouts(drawn(came_from.shape))[1]
    close("folded of parts that are a slice of a larger array", function(first, (h, w), stride, padding),
          function(first.copy(), (h, w), stride, padding), rtol=0)
    no_loop_over_windows("folded", lambda rows: function(
        np.ones((1, 2, 2, rows, rows, 1)), (rows + 1,) * 2, (1, 1), (0, 0)))


def one_product(function: Callable, name: str, *arrays: np.ndarray, **options: Any) -> None:
    """Assert that the function multiplies two matrices once, and matrices only."""
    calls = ufunc_calls(lambda *each: function(*each, **options), *arrays)
    products = [call.shapes for call in calls if call.name in PRODUCTS]
    assert len(products) == 1 and all(len(shape) == 2 for shape in products[0]), (
        f"{name} multiplies arrays of shapes {products}: wanted one product of two matrices, for all images at once")
    if len(arrays) == 3:
        added = [call.in_place for call in calls if call.name == "add"]
        assert added == [True], f"{name} added in {len(added)} places, {sum(added)} of them in place, wanted the bias "\
            "added once, in place: the product is a new array, and nothing else is as large"


def convolution(function: Callable, n: int, channels: Pair, kernel: Pair, size: Pair, dtype: str, idea: str) -> None:
    """`convolved(columns, weight, bias, size=...)` against a sum over named axes, with a bias and without."""
    c, o = channels
    rows = c * kernel[0] * kernel[1]
    columns = drawn((n, rows, size[0] * size[1]), dtype)
    weight, bias = drawn((o, c, *kernel), dtype, 1), drawn((o,), dtype, 2)
    wide = [x.astype(np.float64) for x in (columns, weight, bias)]
    product = np.einsum("nkl,ok->nol", wide[0], wide[1].reshape(o, rows)).reshape(n, o, *size)
    idea_of_none = "wanted is the product alone where there is no bias, and an empty result for an empty batch"
    for more, wanted in (((bias,), product + wide[2][:, None, None]), ((), product)):
        asked = f"convolved of columns {columns.shape} by weight {weight.shape}, {len(more)} bias, in {dtype}"
        with unchanged(asked, columns=columns, weight=weight, bias=bias), explained(asked, idea_of_none):
            got = function(columns, weight, *more, size=size)
        typed(asked, got, columns.dtype, "the type that came in")
        close(asked, got, wanted, idea, rtol=DIGITS[dtype], atol=DIGITS[dtype])
        if dtype == "float64" and n:
            one_product(function, "convolved", columns, weight, *more, size=size)
            last = np.transpose(got, (1, 2, 3, 0)).flags.c_contiguous
            assert last, f"{asked}: images are not last in memory any more: from_rows only changes the view"


def convolution_gradients(function: Callable, n: int, channels: Pair, kernel: Pair, size: Pair, idea: str) -> None:
    """`conv2d_rule(g, y, columns, weight, bias, size=..., needs=...)` for all that `needs` can ask for.

    Of 16-bit inputs the gradients are float32, and the walk rounds them.
    """
    c, o = channels
    rows, count = c * kernel[0] * kernel[1], size[0] * size[1]
    for dtype in ("float64", "float32", "float16"):
        columns, weight, bias = drawn((n, rows, count), dtype), drawn((o, c, *kernel), dtype, 1), drawn((o,), dtype, 2)
        g = np.ascontiguousarray(drawn((*size, n, o), dtype, 3)).transpose(2, 3, 0, 1)
        wide, flat = g.astype(np.float64).reshape(n, o, count), weight.astype(np.float64).reshape(o, rows)
        wanted = [np.einsum("nol,ok->nkl", wide, flat),
                  np.einsum("nol,nkl->ok", wide, columns.astype(np.float64)).reshape(weight.shape),
                  wide.sum(axis=(0, 2))]
        for needs in ((True, True, True), (False, True, True), (True, False, False), (True, True), (False, True)):
            inputs = (columns, weight, bias)[: len(needs)]
            asked = f"conv2d_rule for columns {columns.shape}, weight {weight.shape}, needs {needs}, in {dtype}"
            with unchanged(asked, g=g, columns=columns, weight=weight, bias=bias), explained(asked, "None stays None"):
                got = function(g, None, *inputs, size=size, needs=needs)
            equal(f"the length of {asked}", len(got), len(needs), "one entry for each input")
            for name, share, right, need in zip(("columns", "weight", "bias"), got, wanted, needs, strict=False):
                came, right_kind = ("None" if none else "an array" for none in (share is None, not need))
                assert came == right_kind, f"{asked} gave {came} for {name}, wanted {right_kind}: see needs"
                if need:
                    typed(f"{asked}: the gradient of {name}", share, np.promote_types(dtype, np.float32))
                    close(f"{asked}: the gradient of {name}", share, right, idea, rtol=2 * DIGITS[dtype],
                          atol=DIGITS[dtype] * (1 + count))


def products_of_rule(function: Callable, idea: str) -> None:
    """`conv2d_rule` multiplies matrices once for each gradient that is a product and is asked for."""
    arrays = drawn((3, 5, 2, 3)), drawn((3, 8, 6)), drawn((5, 2, 2, 2)), drawn((5,))
    for needs, count in (((True, True, True), 2), ((False, True, True), 1), ((True, False, False), 1)):
        calls = ufunc_calls(lambda g, *inputs: function(g, None, *inputs, size=(2, 3), needs=needs), *arrays)  # noqa: B023
        shapes = [call.shapes for call in calls if call.name in PRODUCTS]
        whole = [each for each in shapes if all(len(shape) == 2 for shape in each)]
        stacks = [each for each in shapes if any(len(shape) > 2 for shape in each)]
        assert len(whole) == count and not stacks, (
            f"conv2d_rule with needs={needs} multiplies arrays {shapes}, wanted {count} of two matrices: {idea}")


def starts(layer: type, generator: Callable, seed: Callable, sizes: tuple, options: dict[str, Any], idea: str) -> None:
    """A new layer's weight and bias are the numbers that the shared generator draws, the weight's first."""
    asked = f"Conv2d({', '.join(map(str, sizes))}{''.join(f', {key}={value}' for key, value in options.items())})"
    before = generator().bit_generator.state
    try:
        seed(5)
        made = layer(*sizes, **options)
        after = generator().bit_generator.state
        seed(5)
        inputs, outputs, given = sizes
        kernel = given if isinstance(given, tuple) else (given, given)
        bound = 1 / np.sqrt(inputs * kernel[0] * kernel[1])
        weight = generator().uniform(-bound, bound, (outputs, inputs, *kernel))
        equal(f"the shape of weight of {asked}", made.weight.shape, weight.shape, idea)
        typed(f"weight of {asked}", made.weight, np.float32)
        close(f"weight of {asked}", made.weight, weight, "between -1/sqrt(n) and 1/sqrt(n): what is n?", rtol=1e-5)
        bias = outcome(f"bias of {asked}", lambda: made.bias, "it is None where there is none")
        if options.get("bias", True):
            close(f"bias of {asked}", bias, generator().uniform(-bound, bound, outputs), "drawn after the weight",
                  rtol=1e-5)
        else:
            assert bias is None, f"{asked} has a bias {bias!r:.60}, wanted None"
        assert after == generator().bit_generator.state, f"{asked} drew more numbers than it has, or fewer"
        names = [name for name, _ in made.named_parameters()]
        equal(f"the list of parameters of {asked}", names, ["weight", "bias"][: len(names)], "both are trained")
        assert all(p.requires_grad for p in made.parameters()), f"a parameter of {asked} requires no gradient"
    finally:
        generator().bit_generator.state = before


def largest(function: Callable, shape: Shape, kernel: Pair, stride: Pair, padding: Pair, idea: str) -> None:
    """`max_pooled` of numbers below 0, so that a border of zeros would win, of ties and of nan."""
    for dtype in ("float32", "float16", "bfloat16"):
        numbers = -np.abs(drawn(shape, "float64")) - 1
        numbers[:, 1:2] = -np.inf
        numbers.flat[:: max(numbers.size // 3, 1)] = np.nan
        for words, x in image_layouts(numbers.astype(TYPES.get(dtype, dtype))):
            asked = asked_of("max_pooled", shape, kernel, stride, padding) + f" in {dtype}{words}"
            idea_of_border = "the border holds what is smaller than any number"
            with unchanged(asked, x=x), explained(asked, idea_of_border), np.errstate(invalid="ignore"):
                got = function(x, kernel, stride, padding)
            typed(asked, got, x.dtype)
            cut = cut_out(bordered(x.astype(np.float64), padding, -np.inf), kernel, stride)
            close(asked, got, cut.max(axis=(1, 2)).transpose(3, 0, 1, 2), idea, rtol=0)
            assert not np.shares_memory(got, x), f"{asked} shares memory with x: who writes into one changes the other"
    no_loop_over_windows("max_pooled", lambda rows: function(drawn((1, 1, rows + 1, rows + 1)), (2, 2), (1, 1), (0, 0)))


def first_of_them(function: Callable, kernel: Pair, idea: str, levels: int = 3, nans: bool = False) -> None:
    """`winners(parts, largest)` of windows in which numbers come several times, from `levels` different ones."""
    drawn_levels = np.random.default_rng(levels).integers(0, levels, (2, *kernel, 3, 4, 5)).astype(np.float32)
    infinite = np.where(drawn_levels == levels - 1, np.inf, np.where(drawn_levels == 0, -np.inf, drawn_levels))
    near = 1 + drawn_levels * np.float32(1e-6)
    for words, parts in (("", drawn_levels), (" close to 1", near), (" and inf", infinite)):
        _first_of(function, kernel, parts, f"{levels} different numbers{words}{' and nan' if nans else ''}", idea, nans)
    no_loop_over_windows("winners", lambda rows: function(
        np.ones((1, 2, 2, rows, rows, 1)), np.ones((1, rows, rows, 1))))


def _first_of(function: Callable, kernel: Pair, parts: np.ndarray, words: str, idea: str, nans: bool) -> None:
    if nans:
        parts[np.random.default_rng(0).random(parts.shape) < 0.2] = np.nan
    best = parts.max(axis=(1, 2))
    rows = parts.reshape(2, kernel[0] * kernel[1], 3, 4, 5)
    backwards = np.isnan(rows)[:, ::-1]
    wanted = np.where(np.isnan(best), rows.shape[1] - 1 - backwards.argmax(axis=1), rows.argmax(axis=1))
    asked = f"winners of windows {kernel}, {words},"
    with unchanged(asked, parts=parts, largest=best), explained(asked, "one number for each window"):
        got = function(parts, best)
    equal(f"the kind of numbers of {asked}", np.asarray(got).dtype.kind in "iu", True, "they are whole")
    close(asked, got, wanted, idea, rtol=0)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel of (N, C, ...)."""
    axes = (0, *range(2, x.ndim))
    return x.mean(axis=axes), x.var(axis=axes)


def in_channels(values: np.ndarray, ndim: int) -> np.ndarray:
    return values.reshape(-1, *[1] * (ndim - 2))


def normalization(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, mean: np.ndarray, variance: np.ndarray,
                  eps: float) -> np.ndarray:
    """Batch normalisation by these moments, in the type of x."""
    mean, variance, weight, bias = (in_channels(each, x.ndim) for each in (mean, variance, weight, bias))
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


def batch_norm(function: Callable, shape: Shape, shift: float, eps: float, idea: str) -> None:
    """`batch_normalized` by moments that are given, of numbers round `shift`."""
    for dtype, digits in (("float64", 1e-9), ("float32", 1e-4), ("float16", 2e-2)):
        x = (drawn(shape) + shift).astype(dtype)
        weight, bias = drawn((2, shape[1]), dtype, 1)
        given = drawn((shape[1],), "float64", 2), drawn((shape[1],), "float64", 3) ** 2
        mean, variance = (each.astype(np.promote_types(dtype, np.float32)) for each in (given[0] + shift, given[1]))
        asked = f"batch_normalized of {shape} near {shift:g} with eps={eps:g} in {dtype}"
        options = {"mean": mean, "variance": variance, "eps": eps}
        for training in (True, False):
            with unchanged(asked, x=x, weight=weight, bias=bias, mean=mean, variance=variance):
                with explained(asked, "one number for each channel: give it the axes to broadcast along a row"):
                    got = function(x, weight, bias, **options, training=training)
            typed(asked, got, dtype, "the type of x")
            wanted = normalization(*(each.astype(np.float64) for each in (x, weight, bias, mean, variance)), eps)
            close(asked, got, wanted, idea, rtol=digits, atol=digits)


def far_from_zero(function: Callable) -> None:
    """`batch_normalized` of float32 numbers far from 0: each is near 1e5, and they are near each other."""
    x = (1e5 + np.arange(6.0)).reshape(6, 1).astype(np.float32)
    one = np.ones(1, np.float32)
    got = function(x, one * 1.1, one, mean=one * 1e5, variance=one * 3, eps=0.0, training=False)
    wanted = np.arange(6.0).reshape(6, 1) * 1.1 / np.sqrt(3) + 1
    close("batch_normalized of 100000 to 100005 with mean 100000", got, wanted, "subtract first", rtol=1e-5)


def running_pair(tensor: Callable, channels: int, dtype: str) -> list[Any]:
    """A running mean and a running variance."""
    return [tensor(drawn((channels,), dtype, 4)), tensor(np.abs(drawn((channels,), dtype, 5)) + 1)]


def trained_moments(function: Callable, tensor: Callable, shape: Shape, dtype: str, momentum: float, idea: str) -> None:
    """`batch_norm` in training: by the batch's moments, towards which the running ones are moved, in new arrays."""
    x, (weight, bias) = drawn(shape, dtype) + 1, drawn((2, shape[1]), dtype, 1)
    pair = running_pair(tensor, shape[1], dtype)
    old = [each.data for each in pair]
    before = [each.astype(np.float64) for each in old]
    asked = f"batch_norm of {shape} in {dtype} in training with momentum {momentum}"
    with unchanged(asked, "a graph may have saved the old array", x=x, mean=old[0], variance=old[1]):
        with explained(asked, "moments(x.data) gives arrays (C,)"):
            got = function(tensor(x), *pair, tensor(weight), tensor(bias), True, momentum, 1e-3)
            alone = function(tensor(x), None, None, tensor(weight), tensor(bias), training=True, eps=1e-3)
    mean, variance = moments(x.astype(np.float64))
    wide = [each.astype(np.float64) for each in (x, weight, bias)]
    wanted, close_to = normalization(*wide, mean, variance, 1e-3), {"rtol": DIGITS[dtype], "atol": 4 * DIGITS[dtype]}
    close(asked, got, wanted, "by the batch's own moments", **close_to)
    close(f"{asked}, without running moments,", alone, wanted, "they are not needed in training", **close_to)
    count = x.size // shape[1]
    values = mean, variance * (count / (count - 1))
    for name, each, first, value in zip(("running_mean", "running_var"), pair, before, values, strict=True):
        typed(f"{name} after {asked}", each, dtype, "it keeps its type")
        close(f"{name} after {asked}", each, (1 - momentum) * first + momentum * value, idea, **close_to)
    assert all(each.data is not first for each, first in zip(pair, old, strict=True)), (
        f"{asked} kept an old array: running.data is a new one")
    _moments_move_along(function, tensor, shape)
    raises("batch_norm in training of a channel with one number", lambda: function(
        tensor(drawn((1, 2), dtype)), *running_pair(tensor, 2, dtype), training=True), ValueError, "one",
        idea="moments refuses it")


def _moments_move_along(function: Callable, tensor: Callable, shape: Shape) -> None:
    """The gradient with respect to x in training, where the moments depend on x; the formula is the usual one."""
    given, g = drawn(shape), drawn(shape, seed=7)
    x, channels = tensor(given, requires_grad=True), (0, *range(2, len(shape)))
    with explained(f"backward() through batch_norm of {shape} in training", "x itself goes through the operation"):
        (function(x, None, None, training=True, eps=0.0) * tensor(g)).sum().backward()
    mean, deviation = (f(given, axis=channels, keepdims=True) for f in (np.mean, np.std))
    normal = (given - mean) / deviation
    wanted = (g - g.mean(channels, keepdims=True) - normal * (g * normal).mean(channels, keepdims=True)) / deviation
    asked = f"the gradient with respect to x of batch_norm of {shape} in training"
    assert x.grad is not None, f"{asked} is None, wanted an array: x itself goes through the operation"
    close(asked, x.grad, wanted, "the moments move along with x", rtol=1e-7, atol=1e-7)


def kept_moments(function: Callable, tensor: Callable, shape: Shape, dtype: str, momentum: float, idea: str) -> None:
    """`batch_norm` in evaluation: by the running moments, which stay as they are, also for a single example."""
    pair = running_pair(tensor, shape[1], dtype)
    old = [each.data for each in pair]
    asked = f"batch_norm of {(1, *shape[1:])} in {dtype} in evaluation"
    x = drawn((1, *shape[1:]), dtype)
    with unchanged(asked, idea, x=x, mean=old[0], variance=old[1]), explained(asked, idea):
        got = function(tensor(x), *pair, momentum=momentum)
    ones, wide = np.ones(shape[1]), [each.astype(np.float64) for each in (x, *old)]
    close(asked, got, normalization(wide[0], ones, 0 * ones, *wide[1:], 1e-5), idea, rtol=DIGITS[dtype],
          atol=4 * DIGITS[dtype])
    assert all(each.data is first for each, first in zip(pair, old, strict=True)), f"{asked} moved them: {idea}"
    for missing in ((None, None), (pair[0], None), (None, pair[1])):
        raises("batch_norm in evaluation without running moments", lambda given=missing: function(tensor(x), *given),
               ValueError, "running", idea="there is nothing to go by")
