"""What the checks of the lesson on compilation share: what a record, and a kernel's source, compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Stored:
    """A number that a kernel has made ready for memory; nothing is computed with it any more."""

    number: float

    def __radd__(self, other: Any) -> Any:
        raise TypeError("what store(...) gave is added up, wanted the number itself")


def run_source(
    source: str, arrays: Sequence[np.ndarray], places: Sequence[str], *results: tuple[str, tuple[int, ...]]
) -> list[np.ndarray]:
    """The `results`, each "whole" or "sum" and of a shape, of a kernel's source over rows and columns, run as plain
    Python on float64 arrays at `places`. AssertionError where the source is not Python, or fails, or does not store
    the numbers of a whole result.
    """
    space: dict[str, Any] = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "tanh")}
    space |= {"real": float, "load": float, "store": Stored}
    outs = [np.zeros(shape, object) for _, shape in results]
    laid = [array if place == "whole" else array.ravel() for array, place in zip(arrays, places, strict=True)]
    try:
        exec(source, space)
        space["loop"](*laid, *outs)
    except (SyntaxError, NameError, TypeError, IndexError, ValueError) as error:
        raise AssertionError(f"the source of the kernel does not run: {error}:\n{source}") from None
    return [_numbers(out, target, source) for out, (target, _) in zip(outs, results, strict=True)]


def _numbers(out: np.ndarray, target: str, source: str) -> np.ndarray:
    """The numbers of a result: those of a whole one are stored, and those of a sum are not."""
    stored = {isinstance(x, Stored) for x in out.flat}
    done = "is not stored by store(...)" if target == "whole" else "is stored, wanted its numbers added up by +="
    assert stored == {target == "whole"}, f"a result for which the target is {target!r} {done}:\n{source}"
    return np.array([x.number if isinstance(x, Stored) else x for x in out.flat], float).reshape(out.shape)


def agree(text: str, function: Callable, make_kernel: Callable, tensor: type, arrays: Sequence[np.ndarray]) -> None:
    """Assert that the kernels of a `function` of several tensors give its value and, for whichever inputs they are
    wanted, its gradients.
    """
    leaves = [tensor(array, requires_grad=True) for array in arrays]
    out = function(*leaves)
    out.sum().backward()
    idea = "one result, whole, of the function of all inputs"
    compared = [("the value of " + text, None, arrays, [out.data], idea)]
    for needs in list(product((False, True), repeat=len(leaves)))[1:]:
        slopes = [leaf.grad.data for leaf, need in zip(leaves, needs, strict=True) if need]
        idea = "one result for each input that needs one, in order; the last array is what comes in"
        given = [*arrays, np.ones(out.shape)]
        compared.append((f"the gradients of {text} for needs {needs}", needs, given, slopes, idea))
    for what, needs, given, wanted, idea in compared:
        with explained(what, idea), compiles(what, idea):
            made = make_kernel(function, needs, out.dtype, tuple([a.shape for a in given]))(given)
            made = [summed_to(got, right.shape) for got, right in zip(made, wanted, strict=True)]
        for got, right in zip(made, wanted, strict=True):
            close(what, got, right, idea, atol=1e-8)


def summed_to(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`array` summed over the axes along which an array of `shape` was broadcast."""
    padded = (1,) * (array.ndim - len(shape)) + shape
    axes = tuple(i for i, (n, m) in enumerate(zip(padded, array.shape, strict=True)) if n != m)
    return array.sum(axis=axes).reshape(shape)
