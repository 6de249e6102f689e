"""What the checks of matrix products share."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinytorch.support.checks import close, outcome, raises, typed

Shape = tuple[int, ...]


def product_with_gradients(
    product: Callable[[Any, Any], Any], tensor: type, left: Shape, right: Shape, idea: str
) -> None:
    """Assert that `product` of random float64 tensors of these shapes is NumPy's, and that both gradients are right."""
    rng = np.random.default_rng(sum(left) + sum(right))
    a, b = (tensor(rng.normal(size=shape), requires_grad=True) for shape in (left, right))
    what, wanted = f"{left} @ {right}", a.data @ b.data
    got = outcome(what, lambda: product(a, b), idea)
    close(what, got, wanted, idea)
    typed(what, got, np.float64, "the type stays")
    assert got.requires_grad, f"{what} gave a result without a gradient: stay with Tensor operations"
    g = rng.normal(size=wanted.shape)
    got.backward(tensor(g))
    for side, leaf, to in zip(("left", "right"), (a, b), gradients(a.data, b.data, g), strict=True):
        lost = f"{what} gave the {side} side no gradient: does every way to it stay with Tensor operations?"
        assert leaf.grad is not None, lost
        close(f"the gradient of {what} to the {side}", leaf.grad, to, "is every way to it a Tensor operation?")


def types_follow(product: Callable[[Any, Any], Any], tensor: type) -> None:
    """Assert that a product is of the type that `@` gives, for all pairs of types, and that each side that may ask for
    a gradient gets one of its own type.
    """
    for kinds in itertools.product(("float32", "int64", "float64", "float16", "bfloat16"), repeat=2):
        a, b = (tensor(np.ones((2, 2)), kind, requires_grad=kind != "int64") for kind in kinds)
        what = " @ ".join(kinds)
        got = outcome(what, lambda a=a, b=b: product(a, b), "types follow @")
        typed(what, got, (a @ b).dtype, "types follow @")
        if got.requires_grad:
            got.sum().backward()
        for side, leaf in zip(("left", "right"), (a, b), strict=True):
            lost = f"{what} gave the {side} side no gradient: is its conversion a Tensor operation?"
            assert leaf.grad is not None or not leaf.requires_grad, lost
            if leaf.requires_grad:
                typed(f"the gradient of {what} to the {side}", leaf.grad, leaf.dtype, "a gradient has its leaf's type")


def refuses(product: Callable[[Any, Any], Any], tensor: type, left: Shape, right: Shape, word: str) -> None:
    """Assert that a product of tensors of these shapes is a ValueError that says `word` and names both shapes."""
    a, b = tensor(np.zeros(left)), tensor(np.zeros(right))
    idea = "look at the shapes before you use them, and name them"
    raises(f"{left} @ {right}", lambda: product(a, b), ValueError, word, str(left), str(right), idea=idea)


def gradients(a: np.ndarray, b: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of a @ b to both sides where that of the product is `g`: sums over what was broadcast."""
    lead = g.shape[:-2]
    whole = np.broadcast_to(a, (*lead, *a.shape[-2:]))
    to_a, to_b = g @ np.swapaxes(b, -1, -2), np.swapaxes(whole, -1, -2) @ g
    return added_up(to_a, a.shape), added_up(to_b, b.shape)


def added_up(gradient: np.ndarray, shape: Shape) -> np.ndarray:
    """The gradient of an array of `shape` that was broadcast to the gradient's own shape."""
    added = gradient.ndim - len(shape)
    repeated = tuple(i for i, n in enumerate(gradient.shape) if i < added or n != shape[i - added])
    return gradient.sum(axis=repeated, keepdims=True).reshape(shape)
