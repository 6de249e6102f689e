"""What the checks of the lesson on profiling share."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, outcome, raises, unchanged
from tinytorch.support.state import active_interceptors


def statistics_are(
    latency_of: Callable, kind: type, seconds: Sequence[float], ms: float, low: float, p90: float
) -> None:
    """Assert that `latency_of(seconds)`, of a list, a tuple or an array, is a `kind` of these numbers, in ms."""
    what = f"latency_of({seconds if len(seconds) < 10 else f'{len(seconds)} runs'})"
    given = np.array(seconds)
    for each in (seconds, list(seconds), given):
        with unchanged(what, "work on an array of your own", seconds=given):
            got = outcome(what, lambda each=each: latency_of(each), "which unit, which statistics?")
        assert isinstance(got, kind), f"{what} is a {type(got).__name__}, wanted a Latency"
        close(f"{what}.ms", got.ms, ms, "half of the runs are faster than the median", rtol=1e-9)
        close(f"{what}.min_ms", got.min_ms, low, "the fastest run, in milliseconds", rtol=1e-9)
        close(f"{what}.p90_ms", got.p90_ms, p90, "90% of the runs took no longer", rtol=1e-9)
        equal(f"{what}.iterations", got.iterations, len(seconds), "how many runs there were")
        assert isinstance(got.iterations, int), f"{what}.iterations is {got.iterations!r}, wanted a whole number"
    kept = list(seconds)
    latency_of(kept)
    equal(f"{what}, afterwards the list", kept, list(seconds), "work on an array of your own")


def lets_pass(measure: Callable) -> None:
    """Assert that `measure` lets out what the function raises, in the warm-up and after it, and keeps no result."""
    for bad in (1, 3):
        runs = iter(range(1, 9))

        def failing(bad: int = bad, runs: Iterator[int] = runs) -> None:
            if next(runs) == bad:
                raise ZeroDivisionError("one of the runs failed")

        what = f"measure of a function that fails in run {bad}, with 2 to warm up,"
        raises(what, lambda failing=failing: measure(failing, 2, 3), ZeroDivisionError, idea="let it pass")
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def made() -> np.ndarray:
        nonlocal most
        result = Kept()
        alive.add(result)
        most = max(most, len(alive))
        return result

    gc.enable()
    measure(made, 2, 6)
    assert most <= 2, f"measure held the results of {most} runs at one time, wanted none: it is after their time alone"
    equal("after measure gc.isenabled()", gc.isenabled(), True, "leave Python's settings as they were")


class Kept:
    """Something that a function may give."""


def passes_on(
    trace: type, interceptor: type, primitive: type, apply: Callable, tensor: type, no_grad: Callable
) -> None:
    """Assert that a `trace` hands options on, records an operation of a result of another type, holds none of the
    arrays that it saw, and records nothing that failed, forward or backward.
    """
    times, x = primitive("times", lambda array, factor: (array * factor).astype(np.float64)), tensor([1.0, 2.0])
    with no_grad(), trace() as seen:
        y = outcome("apply(times, x, factor=3) in a trace", lambda: apply(times, x, factor=3), "options go on as well")
    close("apply(times, x, factor=3) in a trace", y, np.array([3.0, 6.0]), "options go on as well")
    equal("the type recorded of a result in float64", [op.dtype for op in seen.operations], ["float64"],
          "pass inputs and result to self.record, in no_grad as well")
    array = weakref.ref(y.data)
    del y
    gc.collect()
    assert array() is None, "a trace holds an array that it saw, wanted names, shapes and times alone"

    class Broken(interceptor):
        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            if primitive.name == "exp":
                raise ZeroDivisionError("this operation failed")
            return super().forward(primitive, inputs, options)

        def backward(self, node: Any, gradient: np.ndarray) -> Any:
            raise ZeroDivisionError("this rule failed")

    leaf = tensor([1.0], requires_grad=True)
    for name, call in (("exp", lambda: leaf.exp()), ("sum().backward()", lambda: leaf.sum().backward())):
        with Broken(), trace() as seen:
            raises(f"{name} in a trace, where it fails,", call, ZeroDivisionError, idea="let the exception pass")
        ran = [(op.name, op.phase) for op in seen.operations]
        wanted = [("sum", "forward")][: name != "exp"]
        equal(f"recorded of {name}, which failed,", ran, wanted, "what failed did not run")


def groups_rows(summarize: Callable, operation: Callable, row: Callable) -> None:
    """Assert that `summarize(operations, make)` calls `make` once for each group, with a list, goes by the seconds of
    what it makes, and leaves `operations` as they were. Both classes are the lesson's, Operation and Total.
    """
    ran = [("add", "forward", 1.0), ("add", "backward", 9.0), ("matmul", "forward", 2.0), ("add", "forward", 3.0)]
    operations = [operation(name, phase, ((4,),), (4,), "float32", 0.0, seconds) for name, phase, seconds in ran]
    calls, before = [], list(operations)

    def make(name: str, phase: str, group: list) -> Any:
        calls.append((name, phase, type(group).__name__))
        return row(name, phase, 0, len(group) - 3.0)

    rows = outcome("summarize with a `make`", lambda: summarize(operations, make), "make(name, phase, operations)")
    names = sorted({(op.name, op.phase, "list") for op in operations})
    equal("summarize: the calls of `make`", sorted(calls), names, "one for each name and phase, with a list")
    equal("seconds of rows by a `make`", [each.seconds for each in rows], sorted((each.seconds for each in rows),
          reverse=True), "the row says how long, the longest first")
    equal("summarize: its list of operations, afterwards,", operations, before, "leave it as it was")


def saves_each(saved_arrays: Callable, tensor: type) -> None:
    """Assert that `saved_arrays` finds an array of any size and type, of zeros, and a view, and changes no graph."""
    for kind in ("float32", "float16", "float64"):
        for shape in ((2, 3), (1, 1), (0, 2)):
            x = tensor(np.zeros(shape, kind), requires_grad=True)
            h = x.reshape(-1) if x.size else x.reshape(0)
            y = (h * h).sum()
            for _ in range(2):
                found = sum(array is h.data for array in saved_arrays(y))
                what = f"v * v, v = x.reshape(-1), {kind} zeros of shape {shape}, saves v twice, but saved_arrays"
                equal(what, found, 2, "the arrays themselves, whatever they hold")
            y.backward()


def draws_on(undisturbed: Callable, generator: Callable) -> None:
    """Assert that in the block the generator goes on from where it was."""
    with undisturbed():
        inside = generator().random()
    equal("the number drawn in the block, and then", inside, generator().random(), "as in the docstring's example")


class Counting:
    """A model that uses its weight, n by n, twice, and notes its inputs and how it was called."""

    def __init__(self, tensor: type, n: int, is_recording: Callable[[], bool], generator: Callable):
        self.weight = tensor(np.ones((n, n)), dtype="float64")
        self.given: list[Any] = []
        self.recorded: list[bool] = []
        self.watched: list[int] = []
        self._is_recording, self._generator = is_recording, generator

    def parameters(self) -> Any:
        """The weight, twice."""
        return iter([self.weight, self.weight])

    def __call__(self, x: Any) -> Any:
        self.given.append(x)
        self.recorded.append(self._is_recording())
        self.watched.append(len(active_interceptors()))
        self._generator().random()
        return x @ self.weight @ self.weight


def measures(profiler: Any, model: Counting, tensor: type, no_grad: Callable, n: int, runs: int) -> None:
    """Assert that measure_latency runs a model as it would run by itself, as often as it was asked to, on the tensor
    that is given, or on one that is made of a list, once; without a trace, with a graph but for `no_grad`.
    """
    count = profiler.count_parameters(model)
    assert isinstance(count, int | np.integer), f"count_parameters gave {count!r}, wanted a whole number"
    own = tensor(np.ones((1, n)))
    own.grad = gradient = tensor(np.ones((1, n)))
    for what, x, warmup in (("a list", [[1.0] * n], 2), ("a Tensor", own, 0)):
        model.given, model.recorded, model.watched = [], [], []
        got = outcome(f"measure_latency of {what}", lambda x=x, warmup=warmup: profiler.measure_latency(
            model, x, warmup=warmup, iterations=runs), "what does measure call?")
        counted = (got.iterations, len(model.given))
        equal(f"with {warmup} to warm up, measure_latency: runs", counted, (runs, warmup + runs), "timed, and all")
        kind = type(model.given[0]).__name__
        equal(f"measure_latency of {what}: x in the model", kind, "Tensor", "make it one")
        once = all(each is model.given[0] for each in model.given)
        assert once, f"measure_latency of {what} made x anew for each run: what makes it is not to be timed"
        assert all(model.recorded), "the model ran without recording: that is for the caller to say"
        assert not any(model.watched), "the model ran under a trace, which takes time of its own: measure it unwatched"
    assert model.given[0] is own, "measure_latency gave the model another Tensor than the one that was given"
    assert own.grad is gradient, "measure_latency changed the gradient of x: leave everything as it was"
    model.recorded = []
    with no_grad():
        profiler.measure_latency(model, own, warmup=0, iterations=1)
    equal("inside no_grad the model recorded", model.recorded, [False], "that is for the caller to say")
