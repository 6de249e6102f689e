"""What the checks of the lesson on compilation share: what a record, and a kernel's source, compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, operations, outcome, raises
from tinytorch.support.checks_kernels import compiles
from tinytorch.support.expressions import value_of
from tinytorch.support.state import active_interceptors
from tinytorch.support.symbols import Symbolic


def number_of(symbol: Symbolic, inputs: Sequence[float], code: Mapping[str, str]) -> float:
    """The number that `symbol` stands for where its inputs are these; `code` has a text for each operation."""
    if symbol.op in ("input", "constant"):
        return inputs[symbol.args[0]] if symbol.op == "input" else symbol.args[0]
    return value_of(code[symbol.op], [number_of(a, inputs, code) for a in symbol.args])


def records_once(record: Callable, recorder: Callable, interceptor: type, tensor: type) -> None:
    """Assert that `record` calls its function once, and that its recorder is off afterwards, whatever was raised; that
    plain numbers are computed at once, with their options, and go on to the interceptors outside.
    """
    idea = "which operations are recorded, with which inputs, and which are done at once?"
    calls: list[int] = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return x * 2

    outcome("record of 2 x", lambda: record(counted, [(3,)]), idea)
    equal("how often record called its function", len(calls), 1, "the symbols tell all")
    for error in (ZeroDivisionError, KeyboardInterrupt):

        def failing(x: Any, error: type[BaseException] = error) -> Any:
            raise error

        try:
            record(failing, [(3,)])
        except (ZeroDivisionError, KeyboardInterrupt):
            pass
        left = [type(each).__name__ for each in active_interceptors()]
        equal(f"the interceptors that are on after a function raised {error.__name__}", left, [], "use `with`")

    def at_once() -> None:
        with recorder(), explained("2 * 3 while recording", idea):
            equal("2 * 3 while recording", (tensor(2.0) * 3).item(), 6.0, idea)
            total = tensor(np.arange(6.0).reshape(2, 3)).sum(axis=1)
            equal("a sum over axis 1 while recording", total.data.tolist(), [3.0, 12.0], idea)

    equal("what an interceptor outside sees of 2 * 3 and a sum", operations(interceptor, at_once), ["mul", "sum"],
          "super().forward does them at once")


def has_targets(make_kernel: Callable) -> None:
    """Assert that in gradients the target of a row is "sum", and that of any other input "whole"."""
    for shape, place, target in (((5,), "row", "sum"), ((70, 1), "column", "whole"), ((), "single number", "whole")):
        given = ((70, 5), shape, (70, 5))
        made = make_kernel(lambda x, y: x + y, (True, True), np.dtype(np.float64), given)
        equal("the targets of both gradients of x + y", made.targets, ["whole", target], f"y is a {place}")


def keeps_kernels(fused: Any) -> None:
    """Assert that a fused function of two arguments makes a kernel once, and others for gradients, shapes and types."""
    array, idea = np.ones(3, np.float32), "hand needs, type, shapes, keys to self._make"
    kept = outcome("a kernel", lambda: fused.kernel(None, [array, array]), idea)
    assert fused.kernel(None, [array, array]) is kept, "a kernel was made anew: ask self._make"
    others = {"gradients": ((True, True), [array] * 3), "another shape": (None, [array[1:]] * 2),
              "another type": (None, [array.astype(float)] * 2)}  # fmt: skip
    for what, given in others.items():
        with explained(f"kernel for {what}", idea):
            assert fused.kernel(*given) is not kept, f"for {what} another kernel is needed"


def never_falls_back(fuse: Callable, interceptor: type, tensor: type, error: type[Exception]) -> None:
    """Assert that a fused function runs as one operation for any layout, type and size of its arguments, and that a
    function that cannot be fused is an `error`.
    """
    double, idea = fuse(lambda x: x * 2 + 1), "symbols to function, tensors of a type to apply"
    whole = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    given = {
        "an array in columns": tensor(whole.T), "every other number": tensor(whole[:, ::2]),
        "one number": tensor(np.float32(3.0)), "no number": tensor(whole[:0]),
        "bfloat16": tensor(whole, dtype="bfloat16"), "float64": tensor(whole, dtype="float64"),
        "whole numbers": tensor(np.arange(4))}
    for name, x in given.items():
        what, got = f"a fused 2 x + 1 of {name}", []
        with explained(what, idea), compiles(what, idea):
            ran = operations(interceptor, lambda x=x, got=got: got.append(double(x)))
        equal(f"the last operation of {what}", ran[-1:], ["fused"], idea)
        close(what, got[0], np.asarray(x.data, np.float64) * 2 + 1, idea)
    for name, function in (("x.sum()", lambda x: x.sum()), ("x[0]", lambda x: x[0])):
        raises(f"fuse of {name}", lambda function=function: fuse(function)(given["every other number"]), error,
               idea="what cannot be fused is an error, not a slow way round")


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
