"""What the checks of the lesson on losses share: each asks one of the learner's functions about many cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, operations, outcome, raises, typed, unchanged

Indices = Callable[[Any, tuple[int, ...]], np.ndarray]


# ---- two sides


def hands_on(paired: Callable, tensor: type, interceptor: type) -> None:
    """`paired` copies arrays, hands tensors that fit on as they are, and converts others with their record."""
    arrays = np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)
    got = outcome("paired of two float32 arrays", partial(paired, *arrays))
    for name, given, made in zip(("prediction", "target"), arrays, got, strict=True):
        shared = np.shares_memory(made.data, given)
        assert not shared, f"paired gave a {name} that shares the caller's array, which may be filled anew: copy it"
    leaf = tensor([1.0], requires_grad=True)
    computed = leaf * 2
    for left, right in ((leaf, computed), (computed, leaf), (tensor([1.0], "float16", requires_grad=True), computed)):
        call = f"paired of a {left.dtype} and a {right.dtype} tensor, which go together,"
        got = outcome(call, partial(paired, left, right))
        same = got[0] is left, got[1] is right
        equal(f"{call} whether each came back itself", same, (True, True), "hand on what fits as it is")
    whole = tensor(np.array([3]))
    ran = operations(interceptor, partial(paired, leaf, whole))
    equal("the operations of paired with whole numbers as targets", ran, ["astype"], "let operands convert, once")
    halves = [tensor([1.0], name, requires_grad=True) for name in ("float16", "bfloat16")]
    got = outcome("paired of float16 and bfloat16", partial(paired, *halves))
    kept = [(side.dtype.name, side.requires_grad) for side in got]
    idea = "let operands convert, and keep the record"
    equal(
        "paired of float16 and bfloat16, types and whether they require a gradient,",
        kept,
        [("float32", True)] * 2,
        idea,
    )


# ---- a loss of two arrays


def one_number(loss: Callable, formula: Callable, first: np.ndarray, second: np.ndarray, **options: Any) -> None:
    """`loss` of two arrays is one number, exact in float64, whatever their order in memory, and leaves them alone."""
    turned = first.T.copy().T, second.T.copy().T
    for left, right, how in (
        (first, second, "both in order"),
        (turned[0], second, "the first with its columns together in memory"),
        (first, turned[1], "the second with its columns together in memory"),
    ):
        given = "".join(f", {name}={value}" for name, value in options.items())
        what = f"{loss.__name__} of float64 arrays of shapes {first.shape} and {second.shape}{given}, {how},"
        with unchanged(what, "work in arrays of your own", first=left, second=right):
            with explained(what, "arrays come in, whatever their order in memory"):
                got = loss(left, right, **options)
        is_array = isinstance(got, np.ndarray | np.floating)
        assert is_array, f"{what} gave a {type(got).__name__}, wanted a number of NumPy's: it works on arrays"
        close(what, got, formula(first, second, **options), "exact to float64's last digits", rtol=1e-12)
        typed(what, got, np.float64, "the type that came in")


def squares(prediction: np.ndarray, target: np.ndarray) -> np.floating:
    """The mean squared error, as its formula is written."""
    return ((prediction - target) ** 2).mean()


def surprises(logits: np.ndarray, targets: np.ndarray) -> np.floating:
    """The mean binary cross-entropy, as its formula is written: for small logits."""
    p = 1 / (1 + np.exp(-logits))
    return (-targets * np.log(p) - (1 - targets) * np.log(1 - p)).mean()


def surprises_of_rows(logits: np.ndarray, targets: np.ndarray, label_smoothing: float = 0.0) -> np.floating:
    """The mean cross-entropy, as its formula is written: the surprise at each class, weighted."""
    e = np.exp(logits)
    weights = np.eye(logits.shape[-1])[targets] * (1 - label_smoothing) + label_smoothing / logits.shape[-1]
    return -(weights * np.log(e / e.sum(axis=-1, keepdims=True))).sum(axis=-1).mean()


# ---- class indices


def takes_indices(class_indices: Indices) -> None:
    """`class_indices` copies an array of the caller's, keeps large numbers exact, and gives an array."""
    cases = [([1, 0], (2, 3)), ([2**24 + 1], (1, 2**24 + 2)), (1, (2,)), ([2.0, 0.0], (2, 3))]
    for given, shape in [(np.array(numbers), shape) for numbers, shape in cases]:
        what = f"class_indices({given!r}, {shape})"
        got = outcome(what, partial(class_indices, given, shape), "whole numbers do, in any type")
        assert type(got) is np.ndarray, f"{what} gave a {type(got).__name__}, wanted an array"
        equal(what, got.tolist(), given.tolist(), "the numbers stay")
        shared = np.shares_memory(got, given)
        assert not shared, f"{what} gave the caller's own array, which the next batch may fill: copy it"


def refuses_indices(class_indices: Indices, tensor: type) -> None:
    """`class_indices` names the first target that is none, and takes no shape but the one wanted, and no booleans."""
    for targets, shape, words in (
        ([0.5, 9.0], (2, 4), "target 0.5 at [0]"),
        ([9.0, 0.5], (2, 4), "target 9.0 at [0]"),
        ([1.00048828125], (1, 4), "target 1.00048828125 at [0]"),
        (np.array(5), (3,), "target 5 at []"),
        (np.zeros((2, 3)), (2, 4, 3), "(2, 3)"),
        (np.array(1), (2, 3), "()"),
        ([0, 1, 0, 1], (2, 2, 3), "(4,)"),
        ([0, 1, 0], (2, 3), "(3,)"),
        ([[0]], (1, 3), "(1, 1)"),
    ):
        idea = "name the first value that is not a class, or the shape"
        call = partial(class_indices, targets, shape)
        raises(f"class_indices({' '.join(repr(targets).split())}, {shape})", call, ValueError, words, idea=idea)
    for truths in (np.array([True, False]), tensor([True, False])):
        call = partial(class_indices, truths, (2, 2))
        raises(f"class_indices({truths!r}, (2, 2))", call, TypeError, idea="which class is True? Only the caller knows")
