"""What the checks of the lesson on compilation share: what a record, and a kernel's source, compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from tinytorch.support.checks import close, explained
from tinytorch.support.checks_kernels import compiles
from tinytorch.support.expressions import value_of
from tinytorch.support.symbols import Symbolic


def number_of(symbol: Symbolic, inputs: Sequence[float], code: Mapping[str, str]) -> float:
    """The number that `symbol` stands for where its inputs are these; `code` has a text for each operation."""
    if symbol.op in ("input", "constant"):
        return inputs[symbol.args[0]] if symbol.op == "input" else symbol.args[0]
    return value_of(code[symbol.op], [number_of(a, inputs, code) for a in symbol.args])


def run_source(
    source: str, arrays: Sequence[np.ndarray], places: Sequence[str], *shapes: tuple[int, ...]
) -> list[np.ndarray]:
    """The results, of these shapes, of a kernel's source over rows and columns, run as plain Python on float64 arrays
    at `places`. AssertionError where the source is not Python, or fails.
    """
    space: dict[str, Any] = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "tanh")}
    space |= {"real": float, "load": float, "store": float}
    outs = [np.zeros(shape) for shape in shapes]
    laid = [array if place == "whole" else array.ravel() for array, place in zip(arrays, places, strict=True)]
    try:
        exec(source, space)
        space["loop"](*laid, *outs)
    except (SyntaxError, NameError, TypeError, IndexError, ValueError) as error:
        raise AssertionError(f"the source of the kernel does not run: {error}:\n{source}") from None
    return outs


def agree(text: str, function: Callable, make_kernel: Callable, tensor: type, arrays: Sequence[np.ndarray]) -> None:
    """Assert that the kernels of a `function` of several tensors give its value and, for whichever inputs they are
    wanted, its gradients.
    """
    leaves = [tensor(array, requires_grad=True) for array in arrays]
    out = function(*leaves)
    out.sum().backward()
    compared = [("the value of " + text, None, arrays, [out.data])]
    for needs in list(product((False, True), repeat=len(leaves)))[1:]:
        slopes = [leaf.grad.data for leaf, need in zip(leaves, needs, strict=True) if need]
        compared.append((f"the gradients of {text} for needs {needs}", needs, [*arrays, np.ones(out.shape)], slopes))
    for what, needs, given, wanted in compared:
        with explained(what, "look at each step once more"), compiles(what):
            made = make_kernel(function, needs, out.dtype, tuple([a.shape for a in given]))(given)
            made = [summed_to(got, right.shape) for got, right in zip(made, wanted, strict=True)]
        for got, right in zip(made, wanted, strict=True):
            close(what, got, right, "look at each step once more", atol=1e-8)


def summed_to(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`array` summed over the axes along which an array of `shape` was broadcast."""
    padded = (1,) * (array.ndim - len(shape)) + shape
    axes = tuple(i for i, (n, m) in enumerate(zip(padded, array.shape, strict=True)) if n != m)
    return array.sum(axis=axes).reshape(shape)
