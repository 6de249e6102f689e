# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 14: Profiling

> Profiling: the time, the operations and the memory of any model, measured by watching what it runs.

A network is too slow. What do you change first? Guessing is popular and usually wrong: the line that looks expensive
is cheap, and the time goes where nobody looked. In this lesson you build the tools that answer instead of guessing.
They take a model as it is, run it, and watch lesson 01's door, through which every operation passes.

You will build:

- a clock that can be trusted: a warm-up, many runs, the median and its spread;
- `Trace`, a layer on the door that writes down each operation, forward and backward;
- a count of the memory that training holds on to;
- `Profiler`, which puts all of these together for any model.
"""

# %%
#| default_exp profiling.profiler

# %%
#| export
import math
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinytorch.core.autograd import nodes_in_order
from tinytorch.core.layers import generator
from tinytorch.core.tensor import Layer, Node, Primitive, Tensor, as_tensor, no_grad, wrap
from tinytorch.support.tables import column, table

# %% [markdown]
r"""
## A number to begin with

Here is a small network for the digits: 64 pixels, 128 hidden units, 10 classes. How long does it take for one image,
and how long for 256? (NumPy's products would spread over all cores, its other functions use one. So that times can be
compared, this lesson holds everything to one.)
"""

# %%
from itertools import pairwise

from threadpoolctl import threadpool_limits

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Dropout, Linear, Sequential, manual_seed
from tinytorch.core.tensor import apply

one_core = threadpool_limits(1)

# %%
manual_seed(14)
network = Sequential(Linear(64, 128), GELU(), Linear(128, 10))
rng = np.random.default_rng(14)
one_image, many_images = [Tensor(rng.normal(size=(n, 64)).astype(np.float32)) for n in (1, 256)]

# %%
for images in (one_image, one_image, many_images, many_images):
    start = time.perf_counter()
    network(images)
    us = (time.perf_counter() - start) * 1e6
    print(f"{len(images):3d} images in {us:8.0f} us: {us / len(images):10.2f} us each")

# %% [markdown]
r"""
Two riddles. The first two lines are the same work, and yet far apart: which of them is the time that it takes? And
even by the smaller one, an image costs many times more alone than in company. Why? To answer the second we need a
clock that we can believe, so we begin with the first.

## Time

The same work, eight times over, in microseconds:
"""

# %%
def once():
    start = time.perf_counter()
    network(many_images)
    return time.perf_counter() - start

print([round(once() * 1e6) for _ in range(8)])

# %% [markdown]
r"""
Two things disturb a measurement. The first runs are special: libraries are still to be loaded (the exact GELU brings
SciPy in when it is first used), memory is fetched from the system, caches are cold. And now and then another program
takes the core, which makes a run longer and never shorter.

So: some runs to *warm up*, which are not counted; then many; then their *median*, which a few disturbed runs cannot
move, as they would move the mean. The smallest time says what the machine can do undisturbed. The 90th percentile
(90% of the runs took no longer) says how bad it gets. A median alone hides whether it may be trusted: always look at
the three together.

Results are small frozen dataclasses, and each field says how it wants to be printed. `table` prints rows of any such
class.
"""

# %%
#| export
@dataclass(frozen=True)
class Latency:
    """How long something takes, in ms: the median of `iterations` runs, the fastest, and what 90% stayed below."""

    ms: float = column("median ms", ".4f")
    min_ms: float = column("min ms", ".4f")
    p90_ms: float = column("p90 ms", ".4f")
    iterations: int = column("runs")

# %% [markdown]
r"""
### Exercise: from times to a latency

`np.median` and `np.percentile` do the arithmetic. Mind the unit.
"""

# %% nbgrader={"solution": true, "grade_id": "latency-of"}
#| export
def latency_of(seconds: Sequence[float]) -> Latency:
    """The Latency, in milliseconds, of runs that took `seconds` each; at least one run.

    >>> latency_of([0.5, 0.25, 1.0])
    Latency(ms=500.0, min_ms=250.0, p90_ms=900.0, iterations=3)
    """
    ### BEGIN SOLUTION
    ms = np.asarray(seconds, dtype=np.float64) * 1e3
    return Latency(float(np.median(ms)), float(ms.min()), float(np.percentile(ms, 90)), len(ms))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-latency-of", "points": 3}
def check_latency(seconds):
    got, ms = latency_of(seconds), sorted(s * 1000 for s in seconds)
    assert isinstance(got, Latency), f"latency_of gave a {type(got).__name__}, wanted a Latency"
    middle = (ms[len(ms) // 2] + ms[(len(ms) - 1) // 2]) / 2
    assert math.isclose(got.ms, middle), (
        f"the median of {ms} ms came as {got.ms}, wanted {middle}: half of the runs are faster")
    assert math.isclose(got.min_ms, ms[0]), f"the fastest of {ms} ms came as {got.min_ms} ms, wanted {ms[0]}"
    wanted = float(np.quantile(ms, 0.9))
    assert math.isclose(got.p90_ms, wanted), f"the 90th percentile of {ms} ms came as {got.p90_ms}, wanted {wanted}"
    assert got.iterations == len(ms), f"{len(ms)} runs were counted as {got.iterations}"

def test_unit_latency_of():
    cases = [[0.002, 0.001, 0.009], [0.5], [0.004] * 9 + [3.0], [0.001 * n for n in range(1, 12)]]
    ### BEGIN HIDDEN TESTS
    cases += [[0.25, 4.0, 0.125, 1.0], (0.003, 0.001), [0.01 * n * n for n in range(7, 1, -1)]]
    ### END HIDDEN TESTS
    for seconds in cases:
        check_latency(seconds)

test_unit_latency_of()

# %% [markdown]
r"""
### Exercise: measure

Call the function `warmup` times without looking at the clock, then `iterations` times with a look before and after
each. The clock is an argument, so that a test can bring one that it controls.
"""

# %%
#| export
def check_runs(warmup: int, iterations: int) -> None:
    """Raise ValueError unless there is something to measure."""
    if iterations < 1 or warmup < 0:
        raise ValueError(f"measuring takes iterations >= 1 and warmup >= 0, got {iterations} and {warmup}")

# %% nbgrader={"solution": true, "grade_id": "measure"}
#| export
def measure(
    function: Callable[[], Any], warmup: int = 3, iterations: int = 20, clock: Callable[[], float] = time.perf_counter
) -> Latency:
    """Call `function()` `warmup` times untimed, then `iterations` times timed one by one; `clock()` gives seconds.

    Raises ValueError where iterations < 1 or warmup < 0.

    >>> measure(lambda: sum(range(1000)), warmup=1, iterations=5).iterations
    5
    """
    check_runs(warmup, iterations)
    ### BEGIN SOLUTION
    for _ in range(warmup):
        function()
    seconds = []
    for _ in range(iterations):
        start = clock()
        function()
        seconds.append(clock() - start)
    return latency_of(seconds)
    ### END SOLUTION

# %% [markdown]
r"""
The check brings its own clock: one that stands still except while the function "works", and then jumps by as much as
the check says. That is how to test code about time without depending on how fast this machine is today.
"""

# %%
class FakeClock:
    """A clock that moves only when `pass_time` is called: each call takes the next of `costs`, in seconds."""

    def __init__(self, *costs: float):
        self.now, self.costs = 100.0, iter(costs)

    def __call__(self) -> float:
        return self.now

    def pass_time(self) -> None:
        self.now += next(self.costs)

# %% nbgrader={"grade": true, "grade_id": "test-measure", "points": 5}
def check_measured(warmup, costs):
    clock, asked = FakeClock(*costs), f"runs of {costs} s, {warmup} to warm up"
    try:
        got = measure(clock.pass_time, warmup, len(costs) - warmup, clock)
    except StopIteration as error:
        raise AssertionError(f"{asked}: the function was called more often than asked for") from error
    assert isinstance(got, Latency), f"measure gave a {type(got).__name__}, wanted a Latency"
    assert next(clock.costs, None) is None, f"{asked}: too few calls: the warm-up untimed, then the timed ones"
    wanted, fastest = float(np.median(costs[warmup:])) * 1000, min(costs[warmup:]) * 1000
    assert math.isclose(got.ms, wanted), f"{asked}, gave {got.ms} ms, wanted {wanted}: time each run by itself"
    assert math.isclose(got.min_ms, fastest), f"{asked}: the fastest came as {got.min_ms} ms, wanted {fastest}"

def test_unit_measure():
    for warmup, costs in [(0, [1, 2, 3]), (2, [50, 60, 1, 2, 3, 4, 100]), (1, [9, 0.5])]:
        check_measured(warmup, costs)
    for bad in [{"iterations": 0}, {"iterations": -1}, {"warmup": -1}]:
        try:
            measure(FakeClock(1, 1, 1).pass_time, **bad)
        except ValueError:
            continue
        raise AssertionError(f"measure({bad}) was accepted: there is nothing to take a median of")

test_unit_measure()
### BEGIN HIDDEN TESTS
check_measured(3, [8, 9, 7, 0.25, 0.75]), check_measured(0, [6]), check_measured(1, [5, 4, 1, 1, 2])
### END HIDDEN TESTS

# %%
print(table([measure(lambda: network(one_image)), measure(lambda: network(many_images))], "1 image, 256 images"))

# %% [markdown]
r"""
## The trace

Now the watcher. A layer on lesson 01's door is called in place of each operation of its thread inside a `with` block
and calls `apply` to go on; and lesson 05 sends each node of the backward pass the same way. So a layer that looks at
the clock before and after sees everything that a model does, whoever wrote the model. It writes one `Operation` each
time.
"""

# %%
#| export
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One operation that ran: what it was, on which shapes, in which type, when it began and how long it took.

    In the backward phase the operation is the pull-back through the one of that name: `shapes` and `shape` are those
    of its forward, `dtype` that of the gradient coming in.
    """

    name: str = column("operation")
    phase: str = column("phase")
    shapes: tuple[Shape, ...] = column("input shapes")
    shape: Shape = column("shape")
    dtype: str = column("dtype")
    start: float = column("start us", ",.1f", 1e6)
    seconds: float = column("us", ",.1f", 1e6)

# %% [markdown]
r"""
Two given functions make it from what a layer sees.
"""

# %%
#| export
def forward_operation(
    primitive: Primitive, inputs: Sequence[Tensor], out: Tensor, start: float, seconds: float
) -> Operation:
    """The Operation of a forward that gave `out`."""
    shapes = tuple(x.shape for x in inputs)
    return Operation(primitive.name, "forward", shapes, out.shape, out.dtype.name, start, seconds)

# %%
#| export
def backward_operation(node: Node, gradient: np.ndarray, start: float, seconds: float) -> Operation:
    """The Operation of pulling `gradient` back through `node`."""
    shapes = tuple(tuple(x.shape) for x in node.inputs)
    return Operation(node.primitive.name, "backward", shapes, gradient.shape, gradient.dtype.name, start, seconds)

# %% [markdown]
r"""
### Exercise: Trace

`super().forward(...)` and `super().backward(...)` go on with the work. Read the clock just before and just after, so
that your bookkeeping is not in the time; then append the operation and return what came. `start` counts from the
moment the trace was made. If the operation raises, there is nothing to write down: let the exception pass.
"""

# %% nbgrader={"solution": true, "grade_id": "trace"}
#| export
class Trace(Layer):
    """Inside `with Trace() as trace:` every operation of this thread is recorded in `trace.operations`, in order.

    `clock` gives seconds. Traces nest: each sees every operation inside its own block.

    >>> with Trace() as trace:
    ...     y = (Tensor([1.0, 2.0]) * 3).sum()
    >>> [(operation.name, operation.shape) for operation in trace.operations]
    [('mul', (2,)), ('sum', ())]
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self.clock, self.origin = clock, clock()
        self.operations: list[Operation] = []

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Go on with an operation and record it."""
        ### BEGIN SOLUTION
        start = self.clock()
        out = super().forward(primitive, inputs, options)
        seconds = self.clock() - start
        self.operations.append(forward_operation(primitive, inputs, out, start - self.origin, seconds))
        return out
        ### END SOLUTION

    def backward(self, node: Node, gradient: np.ndarray) -> Sequence:
        """Go on with a node's gradient rules and record them."""
        ### BEGIN SOLUTION
        start = self.clock()
        results = super().backward(node, gradient)
        seconds = self.clock() - start
        self.operations.append(backward_operation(node, gradient, start - self.origin, seconds))
        return results
        ### END SOLUTION

    def summary(self) -> list["Total"]:
        """The operations added up by name and phase, the one that took longest first."""
        return summarize(self.operations)

# %% nbgrader={"grade": true, "grade_id": "test-trace", "points": 5}
def check_seen(trace, wanted):
    seen = [(op.start, op.seconds) for op in trace.operations]
    assert seen == wanted, (
        f"the operations came with (start, seconds) {seen}, wanted {wanted}: start counts from the trace's beginning")

def test_unit_trace(costs, numbers):
    clock = FakeClock(*costs)
    def work(array):
        clock.pass_time()
        return array * 2
    slow, x = Primitive("slow", work), Tensor(numbers)
    with Trace(clock) as outer:
        y = apply(slow, x)
        assert isinstance(y, Tensor), f"a traced operation gave a {type(y).__name__}: hand on what the operation gave"
        with Trace(clock) as inner:
            z = apply(slow, y)
        apply(slow, z)
    apply(Primitive("unseen", lambda array: array), x)
    assert np.array_equal(z.data, 4 * x.data), f"{numbers} doubled twice gave {z}: hand on what the operation gave"
    a, b, c = costs
    check_seen(outer, [(0, a), (a, b), (a + b, c)])
    assert [op.seconds for op in inner.operations] == [b], f"the inner trace saw {inner.operations}: the second alone"
    ticks = iter(range(10, 20))  # a clock that goes on by 1 each time it is read
    with Trace(lambda: next(ticks)) as counted:
        Tensor(numbers, requires_grad=True).sum().backward()
    check_seen(counted, [(1, 1), (3, 1)])
    first = outer.operations[0]
    wanted = Operation("slow", "forward", (x.shape,), x.shape, "float32", 0.0, a)
    assert first == wanted, f"the first operation came as {first}, wanted {wanted}"

test_unit_trace((2.0, 3.0, 5.0), [[1, 2, 3], [4, 5, 6]])
### BEGIN HIDDEN TESTS
test_unit_trace((0.5, 0.25, 8.0), [7, -1])
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-trace-backward", "points": 5}
def check_phase(what, seen, wanted):
    assert seen == wanted, f"the {what} pass came as {seen}, wanted {wanted}: the shapes that went in, and the result's"

def test_unit_trace_backward(n, k, m):
    x, w = Tensor(np.ones((n, k), np.float32)), Tensor(np.ones((k, m), np.float32), requires_grad=True)
    with Trace() as trace:
        y = (x @ w).tanh().sum()
        try:
            y.backward()
        except TypeError as error:
            raise AssertionError("a traced backward pass failed: return what super().backward() gave") from error
    assert w.grad is not None and w.grad.shape == (k, m), "w.grad was not filled: return what super().backward() gave"
    seen = [(op.phase, op.name, op.shapes, op.shape) for op in trace.operations]
    product, tanh, total = ("matmul", ((n, k), (k, m)), (n, m)), ("tanh", ((n, m),), (n, m)), ("sum", ((n, m),), ())
    check_phase("forward", seen[:3], [("forward", *o) for o in (product, tanh, total)])
    check_phase("backward", seen[3:], [("backward", *o) for o in (total, tanh, product)])

test_unit_trace_backward(8, 3, 5)
### BEGIN HIDDEN TESTS
test_unit_trace_backward(2, 6, 4)
### END HIDDEN TESTS

# %% [markdown]
r"""
Here is what the digits network does for 256 images, operation by operation. Nothing in the network was changed for it.
"""

# %%
with Trace() as trace:
    network(many_images)
print(table(trace.operations))

# %% [markdown]
r"""
## The sum of it

A training run has thousands of operations. Add them up by name and phase, the most expensive first, and you see where
to look.
"""

# %%
#| export
@dataclass(frozen=True)
class Total:
    """Operations of one name and phase, added up."""

    name: str = column("operation")
    phase: str = column("phase")
    calls: int = column("calls", ",")
    seconds: float = column("ms", ",.3f", 1e3)


def total(name: str, phase: str, operations: Sequence[Operation]) -> Total:
    """All `operations` as one row of that name and phase."""
    return Total(name, phase, len(operations), sum(o.seconds for o in operations))

# %%
some_operations = [
    Operation(name, phase, ((4,),), (4,), "float32", 0.0, seconds)
    for name, phase, seconds in [
        ("add", "forward", 0.25), ("matmul", "forward", 1.0), ("add", "forward", 0.5), ("add", "backward", 2.0),
        ("matmul", "forward", 0.125)]]

# %% [markdown]
r"""
### Exercise: summarize
"""

# %% nbgrader={"solution": true, "grade_id": "summarize"}
#| export
def summarize(operations: Iterable[Operation], total: Callable[..., Total] = total) -> list[Total]:
    """The operations added up by name and phase: one Total each, the one that took longest first.

    `total(name, phase, operations)` makes the row of those that have this name and phase.
    """
    ### BEGIN SOLUTION
    groups: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        groups.setdefault((operation.name, operation.phase), []).append(operation)
    rows = [total(name, phase, group) for (name, phase), group in groups.items()]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-summarize", "points": 3}
def check_summary(operations, wanted):
    got = summarize(operations)
    assert got == wanted, (
        f"the summary came as\n{table(got)}\nwanted\n{table(wanted)}\n"
        "one row for each name and phase, the one that took longest first")

def test_unit_summarize():
    product, back = Total("matmul", "forward", 2, 1.125), Total("add", "backward", 1, 2.0)
    check_summary(some_operations, [back, product, Total("add", "forward", 2, 0.75)])
    check_summary([], [])

test_unit_summarize()
### BEGIN HIDDEN TESTS
check_summary(some_operations[:3] * 2, [
    Total("matmul", "forward", 2, 2.0), Total("add", "forward", 4, 1.5)])
check_summary(iter(some_operations[3:4]), [Total("add", "backward", 1, 2.0)])
### END HIDDEN TESTS

# %% [markdown]
r"""
## Memory: what training holds on to

Time is one price, memory the other. Run the network with and without the record that the gradient needs, and ask
`tracemalloc`, which knows of every array, how many bytes are still held when only the result is left to us.
"""

# %%
def bytes_held() -> tuple[int, int]:
    network(many_images)
    tracemalloc.start()
    result = network(many_images)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return result.data.nbytes, held

with no_grad():
    _, without = bytes_held()
result, recorded = bytes_held()
print(f"the result has {result:,} bytes; held without a record {without:,}, with one {recorded:,}")

# %% [markdown]
r"""
The difference is what lesson 01's nodes *saved*: inputs and outputs that the gradient rules will ask for. It grows
with the batch and with the depth, and it can be counted exactly, by a walk over the nodes.

### Exercise: what was saved

`nodes_in_order` is lesson 05's: every node behind a result. A node's `inputs` are arrays, or a `Spec` where an input
was not saved; its `output` is an array or None; after a backward pass `inputs` is None, for all is let go.
"""

# %% nbgrader={"solution": true, "grade_id": "saved-arrays"}
#| export
def saved_arrays(tensor: Tensor) -> list[np.ndarray]:
    """Every array that the nodes behind `tensor` hold, as often as it is held.

    >>> x = Tensor([0.0, 0.0], requires_grad=True)
    >>> saved_arrays(x.exp() + 1)
    [array([1., 1.], dtype=float32)]
    """
    ### BEGIN SOLUTION
    nodes = nodes_in_order(tensor._node) if tensor._node else ()
    held = [array for node in nodes for array in (*(node.inputs or ()), node.output)]
    return [array for array in held if isinstance(array, np.ndarray)]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-saved-arrays", "points": 4}
def saved_of(tensor):
    try:
        return saved_arrays(tensor)
    except AttributeError as error:
        raise AssertionError("a tensor that nobody computed, or a graph that was let go, failed: there is no node, or "
                             "it holds nothing") from error

def test_unit_saved_arrays(n, m):
    x = Tensor(np.full((n, m), 0.5, np.float32), requires_grad=True)
    h = x.tanh()
    y = (h * h + h.exp().reshape(n * m)[:n].reshape(n, 1)).sum()
    saved = saved_of(y)
    assert all(isinstance(array, np.ndarray) for array in saved), "wanted arrays: a Spec is no array, nor is None"
    times = sum(array is h.data for array in saved)
    assert times == 3, f"tanh saves its output, h * h its inputs: that array came {times} times, not 3"
    assert len(saved) == 4, f"besides, exp saves its output: 4 in all, {len(saved)} were found; a Spec is no array"
    assert saved_of(Tensor([1.0])) == [], "a tensor that nobody computed has no nodes, so nothing is saved"
    y.backward()
    assert saved_of(y) == [], "after the backward pass all is let go"

test_unit_saved_arrays(4, 3)
### BEGIN HIDDEN TESTS
test_unit_saved_arrays(2, 7)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: count each byte once

The same array may be saved twice, for the result of one operation is the input of the next; and a view holds the whole
buffer that it is a view of. `owner` follows a view to the array that owns the memory.
"""

# %%
#| export
def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory `array` is a view of; itself where it owns its memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array

# %% nbgrader={"solution": true, "grade_id": "distinct-bytes"}
#| export
def distinct_bytes(arrays: Iterable[np.ndarray]) -> int:
    """Bytes of the memory that `arrays` hold together: each buffer in full, and once.

    >>> a, b = np.zeros(100), np.zeros(10)
    >>> distinct_bytes([a, a, a.reshape(10, 10), a[:50], b])
    880
    """
    ### BEGIN SOLUTION
    return sum({id(buffer): buffer.nbytes for buffer in map(owner, arrays)}.values())
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-distinct-bytes", "points": 3}
def check_distinct(name, arrays, wanted):
    got = distinct_bytes(arrays)
    assert got == wanted, f"distinct_bytes of {name}: {got}, wanted {wanted}: which buffers are held?"

def test_unit_distinct_bytes():
    x, other = np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32)
    for name, arrays, wanted in [
        ("one array, three times", [x, x, x], 48), ("no arrays", [], 0), ("two with equal numbers", [x, other], 96),
        ("all rows of an array", list(x), 48), ("two rows of four", [x[1:3]], 48),
        ("a row, 9 times", [np.broadcast_to(x[0].copy(), (9, 3))], 12),
        ("a transpose, and three rows of four", [x.T, x[1:]], 48),
        ("a reshaped view and another array", [x.reshape(12), other[:1], x], 96),
    ]:
        check_distinct(name, arrays, wanted)

test_unit_distinct_bytes()
### BEGIN HIDDEN TESTS
line = np.arange(10.0)
check_distinct("overlapping parts", [line[:7], line[3:]], 80)
check_distinct("a part and its grid", [line[:6], line[:6].reshape(2, 3)], 80)
check_distinct("copies", iter([line.copy(), line.copy(), line[:1]]), 240)
### END HIDDEN TESTS

# %% [markdown]
r"""
The weights are among the arrays that a graph refers to, but they are there anyway. `saved_bytes` leaves them out. A
*copy* of a weight, in half precision say, is memory of its own, though none that grows with the batch; it is counted
apart.
"""

# %%
#| export
@dataclass(frozen=True)
class Saved:
    """Bytes that a graph holds for its backward pass: activations, and converted copies of the weights."""

    activations: int = column("activations KiB", ",.1f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.1f", 1 / 1024)

# %%
#| export
def _is_weight(edge: Any, weights: set[int]) -> bool:
    while isinstance(edge, Node) and edge.primitive.name in ("astype", "transpose", "reshape"):
        edge = edge.edges[0]
    return id(edge) in weights


def weight_copies(tensor: Tensor, weights: set[int]) -> set[int]:
    """The ids of the saved arrays that were made from one of `weights` (ids too) by a cast or a new shape alone."""
    nodes = nodes_in_order(tensor._node) if tensor._node else ()
    pairs = [pair for node in nodes for pair in zip(node.inputs or (), node.edges, strict=False)]
    return {id(array) for array, edge in pairs if _is_weight(edge, weights)}


def saved_bytes(tensor: Tensor, parameters: Iterable[Tensor] = ()) -> Saved:
    """What the graph behind `tensor` holds for the backward pass, the arrays of `parameters` themselves not counted.

    An array that was made from a parameter by `astype`, `transpose` or `reshape` alone is a weight copy.
    """
    parameters = list(parameters)
    buffers = {id(owner(p.data)) for p in parameters}
    copied = weight_copies(tensor, {id(p) for p in parameters})
    saved = [array for array in saved_arrays(tensor) if id(owner(array)) not in buffers]
    activations = [array for array in saved if id(array) not in copied]
    copies = [array for array in saved if id(array) in copied]
    return Saved(distinct_bytes(activations), distinct_bytes(copies))

# %%
counted = saved_bytes(network(many_images), network.parameters()).activations
inputs = many_images.data.nbytes
print(f"saved: {counted:,} bytes, of which {inputs:,} are the images")
print(f"without the images, with the result: {counted - inputs + result:,}; tracemalloc said {recorded:,}")

# %% [markdown]
r"""
The walk and `tracemalloc` agree but for the Python objects that the nodes themselves are. (The images were there
before, so `tracemalloc` did not see them arrive.)

What is *held* is not yet what is *needed*: an operation's temporaries come and go. `peak_bytes` catches the highest
water.
"""

# %%
#| export
def peak_bytes(function: Callable[[], Any]) -> tuple[Any, int]:
    """The result of `function()`, and the most bytes that its allocations held at one time while it ran."""
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        result = function()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        if started:
            tracemalloc.stop()

# %% [markdown]
r"""
## The profiler

All parts are there. What is left is to treat the model well. It is whatever can be called with a tensor and lists its
weights in `parameters()`; nothing here asks of what layers it is made. And a measurement must leave no trace of its
own: dropout draws from the generator that all of training shares, and a backward pass fills gradients, so both are
put back.
"""

# %%
#| export
@runtime_checkable
class Model(Protocol):
    """What can be profiled: called with a Tensor it gives a Tensor, and `parameters()` lists its weights."""

    def __call__(self, x: Tensor) -> Tensor: ...
    def parameters(self) -> Iterable[Tensor]: ...

# %%
#| export
def parameters_of(model: Model) -> list[Tensor]:
    """The model's parameters, each once; TypeError for what has no `parameters()`."""
    if not isinstance(model, Model):
        raise TypeError(f"{type(model).__name__} object is no model: a model can be called, and has parameters()")
    return list({id(p): p for p in model.parameters()}.values())

# %%
#| export
def output_of(model: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`model(x)`; TypeError where that is not a Tensor."""
    out = model(x)
    if not isinstance(out, Tensor):
        raise TypeError(f"the model gave a {type(out).__name__} for an input of shape {x.shape}, wanted a Tensor")
    return out

# %%
#| export
def sample_input(shape: Sequence[int]) -> Tensor:
    """A float32 tensor of `shape`, batch included, of normal numbers that are the same each time."""
    if not isinstance(shape, (tuple, list)) or not shape or not all(isinstance(n, Integral) and n > 0 for n in shape):
        raise ValueError(f"input_shape is positive whole numbers, the batch included, as (32, 64); got {shape!r}")
    return wrap(np.random.default_rng(0).standard_normal(tuple(shape), dtype=np.float32))

# %%
#| export
def clear_gradients(tensors: Iterable[Tensor]) -> None:
    """Set `.grad` of each tensor to None."""
    for tensor in tensors:
        tensor.grad = None

# %%
#| export
@contextmanager
def undisturbed(tensors: Iterable[Tensor] = ()):
    """In the block the gradients of `tensors` are None; at its end they, and lesson 03's generator, are as before."""
    before = [(tensor, tensor.grad) for tensor in tensors]
    bits = generator().bit_generator
    state = bits.state
    clear_gradients(tensor for tensor, _ in before)
    try:
        yield
    finally:
        bits.state = state
        for tensor, gradient in before:
            tensor.grad = gradient

# %% [markdown]
r"""
The results, each typed. A profile of a forward pass holds its latency, its work and rate, its memory and the rows of
the trace; one of a backward pass splits a training step in its two halves.
"""

# %%
#| export
@dataclass(frozen=True)
class Memory:
    """Bytes of one forward pass: weights, their gradients, what is saved for the backward pass, the peak allocated."""

    parameters: int = column("parameters KiB", ",.1f", 1 / 1024)
    gradients: int = column("gradients KiB", ",.1f", 1 / 1024)
    activations: int = column("activations KiB", ",.1f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.1f", 1 / 1024)
    peak: int = column("peak KiB", ",.1f", 1 / 1024)

# %%
#| export
@dataclass(frozen=True)
class ForwardProfile:
    """A forward pass: its time, its memory, and its operations added up by name."""

    latency: Latency
    memory: Memory
    operations: tuple[Total, ...]

# %%
#| export
@dataclass(frozen=True)
class BackwardProfile:
    """A forward pass with its loss, and the backward pass: times, the gradients' bytes, operations by name."""

    forward: Latency
    backward: Latency
    gradient_bytes: int
    operations: tuple[Total, ...]

# %%
#| export
@dataclass(frozen=True)
class TracedRun:
    """One run of a model: its operations, these added up by name and phase, and how long the whole took.

    The time of an operation is its own: no operation of a trace runs inside another. What is left of `seconds` is the
    model's Python and the trace's bookkeeping.
    """

    operations: tuple[Operation, ...]
    rows: tuple[Total, ...]
    seconds: float

# %%
#| export
def one_run(
    model: Callable[[Tensor], Tensor], x: Tensor, loss_fn: Callable[[Tensor], Tensor] | None, kind: type[Trace]
) -> TracedRun:
    """A run of `model(x)` under a trace of this kind, and with `loss_fn` of the loss and its backward pass."""
    start = time.perf_counter()
    with kind() as trace:
        out = output_of(model, x)
        if loss_fn is not None:
            loss = loss_fn(out)
            check_loss(loss)
            loss.backward()
    seconds = time.perf_counter() - start
    return TracedRun(tuple(trace.operations), tuple(trace.summary()), seconds)

# %%
#| export
def memory_of(model: Model, x: Tensor) -> Memory:
    """The Memory of `model(x)`: the peak is that of a second run, the first one warms up."""
    parameters = parameters_of(model)
    with undisturbed([*parameters, x]):
        output_of(model, x)
        out, peak = peak_bytes(lambda: model(x))
    saved = saved_bytes(out, parameters)
    gradients = sum(p.data.nbytes for p in parameters if p.requires_grad)
    return Memory(distinct_bytes(p.data for p in parameters), gradients, saved.activations, saved.weight_copies, peak)

# %%
#| export
def step_times(model: Model, x: Tensor, loss_fn: Callable[[Tensor], Tensor], warmup: int, iterations: int):
    """The Latency of `loss_fn(model(x))` and that of the loss's `backward()`."""
    check_runs(warmup, iterations)
    stamps, parameters = [], parameters_of(model)
    for _ in range(warmup + iterations):
        clear_gradients([*parameters, x])
        start = time.perf_counter()
        loss = loss_fn(model(x))
        middle = time.perf_counter()
        loss.backward()
        stamps.append((middle - start, time.perf_counter() - middle))
    forward, backward = zip(*stamps[warmup:])
    return latency_of(forward), latency_of(backward)

# %%
#| export
def check_single(loss: Any) -> None:
    """Raise ValueError where `loss` is not a Tensor with one number."""
    if not isinstance(loss, Tensor) or loss.size != 1:
        what = f"a Tensor of shape {loss.shape}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
        raise ValueError(f"loss_fn gave {what}, wanted a Tensor with a single number: reduce it with mean() or sum()")


def check_loss(loss: Any) -> None:
    """Raise ValueError where `loss` is not a Tensor with one number and a graph to go back through."""
    check_single(loss)
    if not loss.requires_grad:
        raise ValueError("the loss carries no graph, so there is no backward pass: no parameter requires a gradient, "
                         "or detach(), no_grad() or a new Tensor(...) cut the trail")

# %%
#| export
def forward_profile(model: Model, x: Tensor, warmup: int, iterations: int) -> ForwardProfile:
    """The ForwardProfile of `model(x)`."""
    memory = memory_of(model, x)
    with undisturbed():
        latency = measure(lambda: model(x), warmup, iterations)
        with Trace() as trace:
            model(x)
    return ForwardProfile(latency, memory, tuple(trace.summary()))

# %%
#| export
def backward_profile(
    model: Model, x: Tensor, loss_fn: Callable[[Tensor], Tensor], warmup: int, iterations: int
) -> BackwardProfile:
    """The BackwardProfile of `loss_fn(model(x))`."""
    parameters = parameters_of(model)
    with undisturbed([*parameters, x]):
        check_loss(loss_fn(output_of(model, x)))
        forward, backward = step_times(model, x, loss_fn, warmup, iterations)
        clear_gradients([*parameters, x])
        with Trace() as trace:
            loss_fn(model(x)).backward()
        gradients = sum(p.grad.data.nbytes for p in parameters if p.grad is not None)
    return BackwardProfile(forward, backward, gradients, tuple(trace.summary()))

# %% [markdown]
r"""
### Exercise: count_parameters

Fill in the first method; the others are given. `count_parameters` counts numbers, not tensors.
"""

# %% nbgrader={"solution": true, "grade_id": "profiler"}
#| export
class Profiler:
    """Counts and measures any model by running it; leaves gradients, mode and generator as they were."""

    def count_parameters(self, model: Model) -> int:
        """How many numbers the model's parameters hold; a parameter that is used twice counts once."""
        ### BEGIN SOLUTION
        return sum(p.size for p in parameters_of(model))
        ### END SOLUTION

    def count_flops(self, model: Callable[[Tensor], Tensor], input_shape: Sequence[int]) -> int:
        """FLOPs of a forward pass on an input of `input_shape`, batch included, as lesson 15 counts them."""
        from tinytorch.profiling.roofline import count_flops

        return count_flops(model, input_shape)

    def measure_memory(self, model: Model, input_shape: Sequence[int]) -> Memory:
        """Bytes that a forward pass with a record takes on an input of `input_shape`, batch included."""
        return memory_of(model, sample_input(input_shape))

    def measure_latency(
        self, model: Callable[[Tensor], Tensor], x: Any, warmup: int = 3, iterations: int = 20
    ) -> Latency:
        """Time of `model(x)` in ms, recording as the caller does: put it in `no_grad` to measure inference."""
        x = as_tensor(x)
        with undisturbed():
            return measure(lambda: model(x), warmup, iterations)

    def profile_forward_pass(self, model: Model, x: Any, warmup: int = 3, iterations: int = 20) -> ForwardProfile:
        """Time, memory and operations of `model(x)`."""
        return forward_profile(model, as_tensor(x), warmup, iterations)

    def profile_backward_pass(
        self, model: Model, x: Any, loss_fn: Callable[[Tensor], Tensor], warmup: int = 3, iterations: int = 20
    ) -> BackwardProfile:
        """Times and operations of `loss_fn(model(x))`, a single number, and of the backward pass from it."""
        return backward_profile(model, as_tensor(x), loss_fn, warmup, iterations)

    def trace(
        self, model: Callable[[Tensor], Tensor], x: Any, loss_fn: Callable[[Tensor], Tensor] | None = None,
        kind: type[Trace] = Trace, warmup: int = 1, iterations: int = 5,
    ) -> TracedRun:
        """The operations of `model(x)`, and with `loss_fn` of a backward pass too: of several runs, the median one.

        `kind` is the class that watches: lesson 15's CountingTrace also counts FLOPs and bytes.
        """
        x = as_tensor(x)
        check_runs(warmup, iterations)
        leaves, runs = [x, *(parameters_of(model) if loss_fn else ())], []
        with undisturbed(leaves):
            for _ in range(warmup + iterations):
                clear_gradients(leaves)
                runs.append(one_run(model, x, loss_fn, kind))
        return sorted(runs[warmup:], key=lambda run: run.seconds)[iterations // 2]

# %% nbgrader={"grade": true, "grade_id": "test-profiler-counts", "points": 2}
def check_counts(sizes):
    model = Sequential(*[Linear(n, m) for n, m in pairwise(sizes)])
    got, wanted = Profiler().count_parameters(model), sum(n * m + m for n, m in pairwise(sizes))
    assert got == wanted, f"a network {sizes} has {wanted} parameters, count_parameters gave {got}: count numbers"

class Twice:
    """A model that uses its weight, n by n, twice; its parameters can be read once."""
    def __init__(self, n): self.weight = Tensor(np.ones((n, n), np.float32))
    def parameters(self): return iter([self.weight, self.weight])
    def __call__(self, x): return ((x @ self.weight) @ self.weight).exp()

def check_twice(n):
    parameters = Profiler().count_parameters(Twice(n))
    assert parameters == n * n, (
        f"one {n} by {n} weight, used twice, holds {n * n} numbers, count_parameters gave {parameters}")

for sizes in [(64, 128, 10), (3, 5), (7, 2, 4)]:
    check_counts(sizes)
check_twice(3)
### BEGIN HIDDEN TESTS
check_counts((6, 6, 6, 2)), check_twice(5)
### END HIDDEN TESTS

# %% [markdown]
r"""
The measurements lean on everything you wrote; this check tries them together, and tries whether the model notices.
"""

# %% nbgrader={"grade": true, "grade_id": "test-profiler-measurements", "points": 4}
def test_unit_profiler_measurements(n, k, m, batch):
    profiler, model = Profiler(), Sequential(Linear(n, k), Dropout(0.5), GELU(), Linear(k, m))
    x, weight = Tensor(np.ones((batch, n), np.float32)), model.parameters()[0]
    weight.grad, state = Tensor(np.ones((n, k))), generator().bit_generator.state
    memory = profiler.measure_memory(model, (batch, n))
    latency = profiler.measure_latency(model, x, warmup=1, iterations=5)
    forward = profiler.profile_forward_pass(model, x, iterations=2)
    both = profiler.profile_backward_pass(model, x, lambda y: (y * y).mean(), iterations=2)
    assert generator().bit_generator.state == state, "the generator that training draws from was not put back"
    assert weight.grad.data.sum() == n * k, f"measuring changed a gradient to {weight.grad}"
    size = n * k + k + k * m + m
    assert memory.parameters == memory.gradients == 4 * size, f"{size} float32 weights have {4 * size} bytes: {memory}"
    assert memory.peak > memory.activations > batch * k * 4, (
        f"GELU's input at least is saved, the peak is above: {memory}")
    assert latency.iterations == 5 and 0 < latency.min_ms <= latency.ms, f"five runs: {latency}"
    assert forward.memory.activations == memory.activations, f"{forward.memory} against {memory}"
    assert both.gradient_bytes == 4 * size, f"all weights have gradients: {both}"
    assert {row.phase for row in both.operations} == {"forward", "backward"}, "both phases have their rows"

test_unit_profiler_measurements(6, 4, 2, batch=8)
### BEGIN HIDDEN TESTS
test_unit_profiler_measurements(3, 9, 4, batch=5)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The digits network, taken apart

Now real images: a batch of 64 digits, with their labels and the loss of lesson 04.
"""

# %%
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.support.data import load_digits

images, classes = load_digits()
batch, labels = Tensor(images[:64]), classes[:64]
loss_fn = CrossEntropyLoss()

# %%
profiler = Profiler()
forward = profiler.profile_forward_pass(network, batch)
step = profiler.profile_backward_pass(network, batch, lambda logits: loss_fn(logits, labels))
print(f"{profiler.count_parameters(network):,} parameters")
print(table([forward.memory], "Memory"))
print(table([step.forward, step.backward], "\nForward with loss, backward"))
print(table(step.operations, "\nOperations of one step"))

# %% [markdown]
r"""
One run is one run. For the picture, trace 51 training steps and take the one whose time is the median.
"""

# %%
run = profiler.trace(network, batch, lambda logits: loss_fn(logits, labels), iterations=51)
rows = run.rows[::-1]
between = 1 - sum(o.seconds for o in run.operations) / run.seconds
print(f"{len(run.operations)} operations in {run.seconds * 1e3:.3f} ms; {between:.0%} of that lies between them")

# %%
import matplotlib.pyplot as plt

figure, axis = plt.subplots(figsize=(7, 0.42 * len(rows) + 1), layout="constrained")
colors = {"forward": "tab:blue", "backward": "tab:orange"}
labels_of_rows, us = [f"{row.name}, {row.phase}" for row in rows], [row.seconds * 1e6 for row in rows]
bars = axis.barh(labels_of_rows, us, color=[colors[row.phase] for row in rows])
axis.bar_label(bars, [f"{row.calls} calls" for row in rows], padding=4)
axis.set(xlabel="microseconds", title="Where a training step's time goes", xlim=(0, max(us) * 1.3))
plt.show()

# %% [markdown]
r"""
What you would speed up first is the longest bar, and what you can hope for is its length: an operation that takes a
tenth of the time, made infinitely fast, saves a tenth.

The same step on a time line: drop this file on https://ui.perfetto.dev, and click on an operation.
"""

# %%
from tinytorch.support.chrome_trace import write_chrome_trace

write_chrome_trace(run.operations, "digits_step.json")

# %% [markdown]
r"""
## Why one image is slow

Back to the number from the beginning. It is the fixed price of an operation. The same
work, done by Python, NumPy and your door, whether the array is large or holds one number:
"""

# %%
single = Tensor([[1.0]])
with no_grad():
    fixed, for_one, for_many = [
        profiler.measure_latency(work, x, iterations=200)
        for work, x in [(lambda x: x + x, single), (network, one_image), (network, many_images)]]
print(table([fixed, for_one, for_many], "an addition of one number; the network on 1 image, on 256"))
for n, latency in [(1, for_one), (256, for_many)]:
    print(f"batch of {n:3d}: 3 operations at that price are {3 * fixed.ms / latency.ms:.1%} of the time")

# %% [markdown]
r"""
## Questions

Assign the answer to the name behind its question.

1. The network `Linear(64, 128)`, `GELU()`, `Linear(128, 10)` on a batch of 32 images in float32: how many bytes are
   saved for the backward pass, the images included, the weights not? (`saved_for_backward`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-numbers"}
### BEGIN SOLUTION
saved_for_backward = 4 * 32 * (64 + 128 + 128)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-numbers", "points": 2}
def test_question_numbers():
    wanted = Profiler().measure_memory(network, (32, 64)).activations
    assert saved_for_backward == wanted, f"saved_for_backward is {saved_for_backward}: all three operations save inputs"

test_question_numbers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-profiling", "points": 2}
r"""
**In your own words:** a colleague has halved the FLOPs of a model and finds that it takes as long as before. Name two
reasons that the tools of this lesson would show, and say which numbers you would look at to tell them apart.

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A clock with a spread, a count of work and of traffic for each operation, forward and backward, a count of saved
memory, the least time that the counts allow, a time line, and a `Profiler` for whatever model you bring.
`tito module complete 14` puts them into `tinytorch.profiling.profiler`. Lesson 18 adds counting rules beside the
operations that it invents, measures the roof with care, and draws its conclusions with `table`.
"""
