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

> Profiling: the time, the memory and the operations of any model, measured while it runs.

A network is too slow, or too large for the memory. What should you change first? It is tempting to
guess, and easy to guess wrong. In this lesson you build tools that measure instead. They take a
model as it is and watch lesson 01's `apply`, through which every operation goes. So they work for
any model, also for one that has not been written yet. You will build:

- `measure`, a stopwatch that you can trust: runs to warm up, many timed runs, their median;
- `Trace`, an interceptor that records every operation, forward and backward, with shapes and time;
- a count of the memory that a graph holds for its backward pass;
- `Profiler`, which puts these together for any model and leaves the model as it found it.

About 4 hours: 8 exercises, some 40 lines to write, and an open question. Needs lessons 01 to 05.
Makes `tinytorch.profiling.profiler`: `measure`, `Trace`, `saved_bytes` and `Profiler`.
"""

# %%
#| default_exp profiling.profiler

# %%
#| export
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.autograd import nodes_in_order
from tinytorch.core.layers import generator
from tinytorch.core.tensor import Interceptor, Node, Primitive, Tensor, as_tensor, wrap
from tinytorch.support.memory import distinct_bytes, owner, peak_bytes, weight_copies
from tinytorch.support.models import Model, check_graph, check_single, clear_gradients, output_of
from tinytorch.support.models import parameters_of, sample_array
from tinytorch.support.profiles import BackwardProfile, ForwardProfile, Memory, Saved, TracedRun
from tinytorch.support.tables import column, table
from tinytorch.support.timing import check_runs, timed_stages

# %% [markdown]
r"""
## A number to begin with

Here is a small network for images of digits: 64 pixels, 128 hidden units, 10 classes. How long does
it take for one image, and how long for 256? (NumPy's matrix products use all cores of a machine,
its other functions one. To compare like with like, this lesson allows one thread.)
"""

# %%
from threadpoolctl import threadpool_limits

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.tensor import apply, is_recording, no_grad
from tinytorch.support.checks import FakeClock, check, close, equal, explained, outcome, raises
from tinytorch.support import checks_profiling as profiling
from tinytorch.support.checks import yields_once

# %%
one_core = threadpool_limits(1)
manual_seed(14)
network = Sequential(Linear(64, 128), GELU(), Linear(128, 10))
rng = np.random.default_rng(14)
one_image, many_images = (Tensor(rng.normal(size=(n, 64)), dtype="float32") for n in (1, 256))

# %%
for images in (one_image, one_image, many_images, many_images):
    start = time.perf_counter()
    network(images)
    us = (time.perf_counter() - start) * 1e6
    print(f"{len(images):3d} images: {us:8.0f} us, {us / len(images):10.2f} us for each image")

# %% [markdown]
r"""
Two riddles. The first two lines are the same work, and yet their times are far apart: which of them
is *the* time? And even by the smaller one, an image takes many times longer alone than as one of
256. Why? The second question needs a clock that we can trust, so we begin with the first.

## Time

Two things disturb a measurement. The first runs are special: a library is loaded when it is first
needed (as `GELU` loads SciPy), memory is requested from the system, and nothing is in the caches
yet. And now and then another program takes the core, which makes a run longer.

So we first run the work a few times to *warm up*, without timing it. Then we time it many times and
take the *median*: half of the runs were faster. A few disturbed runs hardly move it, while they
would move the mean. The fastest run says what the machine can do when nothing disturbs it, and the
90th percentile, which 90% of the runs did not exceed, says how bad it gets.

Results are frozen dataclasses: `column` says how to print a field, `table` prints rows of a class.
"""

# %%
#| export
@dataclass(frozen=True)
class Latency:
    """How long something takes, in ms: the median of the runs, the fastest, the 90th percentile."""

    ms: float = column("median ms", ".4f")
    min_ms: float = column("min ms", ".4f")
    p90_ms: float = column("p90 ms", ".4f")
    iterations: int = column("runs")

# %% [markdown]
r"""
### Exercise: latency_of

Make a `Latency` of the seconds of each run, with `np.median` and `np.percentile`. Mind the unit.
"""

# %% nbgrader={"solution": true, "grade_id": "latency-of"}
#| exporti
def latency_of(seconds: Sequence[float]) -> Latency:
    """The Latency, in milliseconds, of runs that took `seconds` each; there is at least one.

    >>> latency_of([0.5, 0.25, 1.0])
    Latency(ms=500.0, min_ms=250.0, p90_ms=900.0, iterations=3)
    """
    ### BEGIN SOLUTION
    ms = np.asarray(seconds) * 1e3
    return Latency(float(np.median(ms)), float(ms.min()), float(np.percentile(ms, 90)), len(ms))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-latency-of", "points": 3}
# Check of latency_of: run it when its cell has run.
@check
def test_unit_latency_of():
    cases = [([0.002, 0.001, 0.009], 2, 1, 7.6), ([0.5], 500, 500, 500),
             ([0.005, 0.25, 0.001, 0.004], 4.5, 1, 176.5)]
    ### BEGIN HIDDEN TESTS
    cases += [([0.25, 4.0, 0.125, 1.0], 625, 125, 3100), ((0.003, 0.001), 2, 1, 2.8),
              ([0.49, 0.36, 0.25, 0.16, 0.09], 250, 90, 438),
              ([1e-9 * n for n in range(31)], 15e-6, 0, 27e-6)]
    ### END HIDDEN TESTS
    for seconds, ms, min_ms, p90_ms in cases:
        profiling.statistics_are(latency_of, Latency, seconds, ms, min_ms, p90_ms)

test_unit_latency_of()

# %% [markdown]
r"""
### Exercise: measure

Call the function `warmup` times; these runs are not counted. Then call it `iterations` times, and
look at the clock just before and just after each call, so that nothing else is in the time.

The clock is an argument. The check passes a `FakeClock`, which stands still but for the calls of
the function: each of them moves it by as much as the check says. That is how to test code about
time without depending on how busy the machine is.
"""

# %% nbgrader={"solution": true, "grade_id": "measure"}
#| export
def measure(
    function: Callable[[], Any], warmup: int = 3, iterations: int = 20,
    clock: Callable[[], float] = time.perf_counter,
) -> Latency:
    """Call `function()` `warmup` times untimed and then `iterations` times, timed one by one.

    `clock()` gives seconds. ValueError where iterations < 1 or warmup < 0.

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

# %% nbgrader={"grade": true, "grade_id": "test-measure", "points": 5}
# Check of measure: run it when its cell has run.
@check
def test_unit_measure():
    cases = [(0, [1, 2, 3]), (2, [50, 60, 1, 2, 3, 4, 100]), (1, [9, 0.5])]
    ### BEGIN HIDDEN TESTS
    cases += [(3, [8, 9, 7, 0.25, 0.75]), (0, [6]), (1, [5, 4, 1, 1, 2, 9, 8, 7, 8, 9])]
    ### END HIDDEN TESTS
    for warmup, costs in cases:
        clock, timed = FakeClock(*costs), costs[warmup:]
        got = measure(clock.pass_time, warmup, len(timed), clock)
        what = f"measure, where the runs take {costs} s and {warmup} warm up,"
        assert isinstance(got, Latency), f"{what} gave a {type(got).__name__}, wanted a Latency"
        equal(f"{what} left out runs and", clock.left, [], "the warm-up, then `iterations` runs")
        close(f"{what} for ms", got.ms, 1e3 * np.median(timed), "time each run, and only that")
        close(f"{what} for min_ms", got.min_ms, 1e3 * min(timed), "time each run by itself")
        assert clock.looks >= 2 * len(timed), (
            f"{what} looked at the clock {clock.looks} times, wanted {2 * len(timed)}: one look "
            "between two runs puts what is done between them into the time")
    profiling.lets_pass(measure)

test_unit_measure()

# %%
both = [measure(lambda: network(one_image)), measure(lambda: network(many_images))]
print(table(both, names=["1 image", "256 images"]))

# %% [markdown]
r"""
## Every operation

Now we know how long the network takes, but not what takes so long in it. For that we watch its
operations. Lesson 01's `apply` calls an `Interceptor`, inside its `with` block, in place of every
operation of the thread, and lesson 05 calls it in place of every node's gradient rules. One that
looks at the clock before and after sees all that a model does, whoever wrote the model. It records
one `Operation` each time.
"""

# %%
#| export
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """An operation that ran. In the backward phase, `name`, `shapes` and `shape` are those of the
    operation in the forward pass, and `dtype` is the type of the gradient that came in.
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
### Exercise: Trace

`super().forward(...)` runs the operation and returns its result; `super().backward(...)` runs the
gradient rules of a node and returns a list of gradients. Look at the clock just before and just
after, so that none of your own work is in the time. Then pass what you know to `self.record`, which
makes the `Operation`, and return what `super()` returned. If an operation raises, there is nothing
to record: let the exception pass.

`record` takes the shapes from `inputs` and `result`. In the backward phase that is `node.inputs`
(arrays, or a `Spec` with the shape of an array that was not saved) and the gradient coming in,
which has the shape of the operation's result. (A class cannot be cut in two: the cell is long.)
"""

# %% nbgrader={"solution": true, "grade_id": "trace"}
#| export
class Trace(Interceptor):
    """Inside `with Trace() as trace:` each operation of this thread is added to `trace.operations`.

    `clock` gives seconds, and an operation's `start` counts from the moment that the trace was
    made. Traces nest: each sees every operation inside its own block.

    >>> with Trace() as trace:
    ...     y = (Tensor([1.0, 2.0]) * 3).sum()
    >>> [(operation.name, operation.shape) for operation in trace.operations]
    [('mul', (2,)), ('sum', ())]
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self.clock, self.origin = clock, clock()
        self.operations: list[Operation] = []

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Run an operation and record it."""
        ### BEGIN SOLUTION
        start = self.clock()
        out = super().forward(primitive, inputs, options)
        self.record(primitive, "forward", inputs, out, start, self.clock())
        return out
        ### END SOLUTION

    def backward(self, node: Node, gradient: np.ndarray) -> Sequence:
        """Run a node's gradient rules and record them."""
        ### BEGIN SOLUTION
        start = self.clock()
        results = super().backward(node, gradient)
        self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())
        return results
        ### END SOLUTION

    def record(self, primitive: Primitive, phase: str, inputs, result, start, end) -> None:
        """Append the Operation that ran between two looks at the clock, `start` and `end`."""
        what = (primitive.name, phase, tuple(tuple(x.shape) for x in inputs), result.shape)
        when = (start - self.origin, end - start)
        self.operations.append(Operation(*what, result.dtype.name, *when))

    def summary(self) -> list["Total"]:
        """The operations added up by name and phase, the one that took longest first."""
        return summarize(self.operations)

# %% nbgrader={"grade": true, "grade_id": "test-trace", "points": 5}
# Check of Trace: run it when its cell has run.
@check
def test_unit_trace(a, b, c):
    clock, x = FakeClock(a, b, c), Tensor([[1, 2, 3], [4, 5, 6]])
    def work(array):
        clock.pass_time()
        return array * 2
    slow = Primitive("slow", work)
    with Trace(clock) as outer:
        y = outcome("apply in a trace", lambda: apply(slow, x), "what does self.record ask for?")
        assert isinstance(y, Tensor), f"apply in a trace gave {y!r:.40}: return what super() gave"
        with Trace(clock) as inner:
            z = apply(slow, y)
        apply(slow, z)
        raises("2 x 3 times 2 x 3 in a trace", lambda: x @ x, ValueError, "(2, 3)")
    close("x doubled twice", z, 4 * x.data, "return what super() returned")
    equal("the outer trace's (start, seconds)", [(op.start, op.seconds) for op in outer.operations],
          [(0, a), (a, b), (a + b, c)], f"three operations that take {a}, {b} and {c} s ran in it")
    equal("the inner trace's seconds", [op.seconds for op in inner.operations], [b], "it saw one")
    wanted = Operation("slow", "forward", ((2, 3),), (2, 3), "float32", 0, a)
    equal("the first operation", outer.operations[0], wanted, "pass what you know to self.record")
    profiling.passes_on(Trace, Interceptor, Primitive, apply, Tensor, no_grad)

test_unit_trace(2.0, 3.0, 5.0)
### BEGIN HIDDEN TESTS
test_unit_trace(0.5, 0.25, 8.0)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-trace-backward", "points": 5}
# Check of Trace, backward: run it when its cell has run.
@check
def test_unit_trace_backward(n, k, m, dtype):
    x, w = Tensor(np.ones((n, k)), dtype=dtype), Tensor(np.ones((k, m)), dtype=dtype)
    w.requires_grad, ticks = True, iter(range(10, 99))
    with Trace(lambda: next(ticks)) as trace:  # a clock that goes on by 1 at each look
        with explained("a traced backward pass", "return what super() does; what is recorded?"):
            (x @ w).tanh().sum().backward()
    assert w.grad is not None, "w.grad was not filled: return what super().backward(...) returned"
    ran = [("matmul", ((n, k), (k, m)), (n, m), dtype), ("tanh", ((n, m),), (n, m), dtype),
           ("sum", ((n, m),), (), dtype)]
    seen = [(op.phase, op.name, op.shapes, op.shape, op.dtype) for op in trace.operations]
    equal("forward", seen[:3], [("forward", *each) for each in ran], "as in sum(tanh(x @ w))")
    equal("backward", seen[3:], [("backward", *each) for each in ran[::-1]],
          "the same three in the opposite order, with the shapes of the forward pass")
    equal("(start, seconds)", [(op.start, op.seconds) for op in trace.operations],
          [(n, 1) for n in range(1, 12, 2)], "look at the clock once before and once after")

test_unit_trace_backward(8, 3, 5, "float32")
### BEGIN HIDDEN TESTS
test_unit_trace_backward(2, 6, 4, "float64")
### END HIDDEN TESTS

# %% [markdown]
r"""
Here is what the network does for 256 images, forward and backward. Nothing in it was changed.
"""

# %%
with Trace() as trace:
    network(many_images).sum().backward()
print(table(trace.operations))

# %% [markdown]
r"""
### Exercise: summarize

A training run has thousands of operations. Added up by name and phase, the most expensive first,
they fit on a screen. `make` makes the row of each group; without one it is `total`.
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

# %%
#| exporti
def total(name: str, phase: str, operations: Sequence[Operation]) -> Total:
    """The Total of `operations`, which all have this name and phase."""
    return Total(name, phase, len(operations), sum(o.seconds for o in operations))

# %% nbgrader={"solution": true, "grade_id": "summarize"}
#| exporti
def summarize(
    operations: Iterable[Operation], make: Callable[[str, str, list[Operation]], Total] = total
) -> list[Total]:
    """The operations added up by name and phase: one row each, the one that took longest first.

    `make(name, phase, operations)` makes a row of those that have this name and phase.

    >>> add = Operation("add", "forward", ((4,), (4,)), (4,), "float32", start=0.0, seconds=0.5)
    >>> summarize([add, add])
    [Total(name='add', phase='forward', calls=2, seconds=1.0)]
    """
    ### BEGIN SOLUTION
    groups: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        groups.setdefault((operation.name, operation.phase), []).append(operation)
    rows = [make(name, phase, group) for (name, phase), group in groups.items()]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-summarize", "points": 3}
# Check of summarize: run it when its cell has run.
@check
def test_unit_summarize():
    ran = [("add", "forward", 0.25), ("matmul", "forward", 1.0), ("add", "forward", 0.5),
           ("add", "backward", 2.0), ("matmul", "forward", 0.125)]
    some = [Operation(name, phase, ((4,),), (4,), "float32", 0.0, s) for name, phase, s in ran]
    back, product = Total("add", "backward", 1, 2.0), Total("matmul", "forward", 2, 1.125)
    cases = [(some, [back, product, Total("add", "forward", 2, 0.75)]), ([], []),
             (iter(some[3:4]), [back])]
    ### BEGIN HIDDEN TESTS
    more = [back, Total("matmul", "forward", 3, 1.25), Total("add", "forward", 1, 0.5)]
    cases += [(some[1:] + some[4:], more), (some[1:2] * 3 + some[3:4], [
        Total("matmul", "forward", 3, 3.0), back])]
    ### END HIDDEN TESTS
    for operations, wanted in cases:
        got = outcome("summarize", lambda: summarize(operations), "what does `make` want?")
        assert isinstance(got, list), f"summarize gave {got!r:.60}, wanted a list of rows"
        assert got == wanted, (f"the summary came as\n{table(got)}\nwanted\n{table(wanted)}\n"
                               "one row for each name and phase, the longest time first")
    profiling.groups_rows(summarize, Operation, Total)

test_unit_summarize()

# %%
print(table(trace.summary()))

# %% [markdown]
r"""
## What an operation costs before it computes

Back to the second riddle. The smallest network of the same form has one number wherever ours has
64, 128 or 10. How much faster is it? A processor changes its speed from second to second, so two
things should be timed *in turns*: some runs of each, several times over. We keep the fastest run.
"""

# %%
from tinytorch.support.timing import fastest_in_turns

tiny, one_number = Sequential(Linear(1, 1), GELU(), Linear(1, 1)), Tensor([[1.0]])
with no_grad():
    seconds = fastest_in_turns(
        [lambda: tiny(one_number), lambda: network(one_image), lambda: network(many_images)])
tiny_us, one_us, many_us = (1e6 * s for s in seconds)

# %%
print(f"tiny network, 1 number: {tiny_us:6.1f} us, {2:9,} multiplications")
print(f"network, 1 image:       {one_us:6.1f} us, {64 * 128 + 128 * 10:9,} multiplications")
print(f"network, 256 images:    {many_us:6.1f} us, {256 * 9_472:9,} multiplications")
print(f"the tiny network takes {tiny_us / one_us:.0%} of the time of one image")

# %% [markdown]
r"""
One number and one image take about the same time, though the image is thousands of times the work.
So hardly any of its time is arithmetic. It is a fixed price that every operation has: Python calls
`apply`, which looks for interceptors; NumPy checks types and shapes and allocates the result; a new
Tensor is made. One image pays for three operations, and so do 256 images together. That answers the
second riddle, and it is why networks are trained and served in batches. (Large networks have a
second reason, which needs a count of bytes: lesson 15.)

## What watching costs

A trace works too, to collect shapes and make each `Operation`. Here is a training step without a
trace and with one, and what the trace says of it:
"""

# %%
few_images, sums = Tensor(many_images.data[:64]), []

def step():
    network.zero_grad()
    network(few_images).sum().backward()

def watched():
    with Trace() as trace:
        step()
    sums.append(sum(operation.seconds for operation in trace.operations))

# %%
unwatched, with_trace = fastest_in_turns([step, watched])
print(f"the step takes {unwatched * 1e6:.0f} us unwatched, {with_trace * 1e6:.0f} us with a trace")
print(f"its operations take {min(sums) * 1e6:.0f} us, by the trace")

# %% [markdown]
r"""
The operations add up to about what the step takes when nobody watches. What it takes beyond them
with a trace is for the most part the trace's own time. So compare the operations of a trace with
each other; and to know how long the whole takes, call `measure`, without a trace.

## Memory: what training holds on to

Time is one cost, memory is the other. Run the network with and without the record that the backward
pass needs. `tracemalloc` counts what Python and NumPy allocate, and says how much of that is still
held after the run, when we have nothing in hand but the result.
"""

# %%
import tracemalloc

def held_after_run():
    tracemalloc.start()
    result = network(many_images)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return result.data.nbytes, held

# %%
with no_grad():
    _, without = held_after_run()
result_bytes, recorded = held_after_run()
print(f"the result has {result_bytes:,} bytes")
print(f"held without a record: {without:,} bytes, with one: {recorded:,} bytes")

# %% [markdown]
r"""
The difference is what lesson 01's nodes *save*: inputs and outputs for which the gradient rules
will ask. It grows with the batch and with the depth, and a walk over the nodes counts it exactly.

### Exercise: saved_arrays

`nodes_behind` gives the nodes. A node's `inputs` are arrays, or a `Spec` where an array was not
saved; its `output` is an array or None. After the backward pass `inputs` is None as well, because
then everything is let go.
"""

# %%
#| exporti
def nodes_behind(tensor: Tensor) -> list[Node]:
    """The nodes of the graph behind `tensor`, the latest first; none where nothing was recorded."""
    return nodes_in_order(tensor._node) if tensor._node else []

# %% nbgrader={"solution": true, "grade_id": "saved-arrays"}
#| exporti
def saved_arrays(tensor: Tensor) -> list[np.ndarray]:
    """Every array that the nodes behind `tensor` hold, as often as it is held.

    >>> x = Tensor([0.0, 0.0], requires_grad=True)
    >>> saved_arrays(x.exp() + 1)
    [array([1., 1.], dtype=float32)]
    """
    ### BEGIN SOLUTION
    held = [array for node in nodes_behind(tensor) for array in (*(node.inputs or ()), node.output)]
    return [array for array in held if isinstance(array, np.ndarray)]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-saved-arrays", "points": 4}
# Check of saved_arrays: run it when its cell has run.
@check
def test_unit_saved_arrays(n, m):
    x = Tensor(np.full((n, m), 0.5, np.float32), requires_grad=True)
    h = x.tanh()
    y = (h * h + h.exp().reshape(n * m)[:n].reshape(n, 1)).sum()
    saved = saved_arrays(y)
    odd = [type(array).__name__ for array in saved if not isinstance(array, np.ndarray)]
    assert not odd, f"of sum(h * h + exp(h)), h = tanh(x), came a {odd[0]}, wanted arrays only"
    equal("h = tanh(x) is saved by tanh and twice by h * h, but saved_arrays",
          sum(a is h.data for a in saved), 3, "inputs and outputs, as often as they are held")
    equal("sum(h * h + exp(h)): the number of arrays", len(saved), 4, "exp saves its output, too")
    equal("a tensor that was not computed", saved_arrays(x), [], "there are no nodes")
    y.backward()
    with explained("saved_arrays after the backward pass", "then inputs and output are None"):
        equal("after the backward pass saved_arrays", saved_arrays(y), [], "all is let go")
    profiling.saves_each(saved_arrays, Tensor)

test_unit_saved_arrays(4, 3)
### BEGIN HIDDEN TESTS
test_unit_saved_arrays(2, 7)
### END HIDDEN TESTS

# %% [markdown]
r"""
Their bytes are not simply added up. One array may be saved twice, because the result of an
operation is the input of the next. A *view*, such as `reshape` gives, has no memory of its own, but
keeps that of another array alive, its owner. `distinct_bytes` of `tinytorch.support` counts each
owner once. And the weights are there anyway, so `saved_bytes` leaves them out. A *copy* of a weight
(in half precision, see lesson 17) does not grow with the batch and is counted apart.
"""

# %%
#| export
def saved_bytes(tensor: Tensor, parameters: Iterable[Tensor] = ()) -> Saved:
    """What the graph behind `tensor` holds for the backward pass, without the `parameters`.

    An array made from a parameter by `astype`, `transpose` or `reshape` alone is a weight copy.
    """
    parameters = list(parameters)
    there = {id(owner(p.data)) for p in parameters}
    copied = weight_copies(nodes_behind(tensor), parameters)
    saved = [array for array in saved_arrays(tensor) if id(owner(array)) not in there]
    activations = [array for array in saved if id(array) not in copied]
    return Saved(distinct_bytes(activations), distinct_bytes(a for a in saved if id(a) in copied))

# %%
counted = saved_bytes(network(many_images), network.parameters()).activations
images_bytes = many_images.data.nbytes
print(f"saved: {counted:,} bytes, of which {images_bytes:,} are the images, there before")
print(f"the rest, and the result: {counted - images_bytes + result_bytes:,} bytes")
print(f"held, by tracemalloc:     {recorded:,} bytes")

# %% [markdown]
r"""
The two agree but for the nodes themselves, which are small Python objects.

### Exercise: undisturbed

A measurement should change nothing, and two things would change: dropout draws from the generator
that all of training shares, lesson 03's `generator()`, and a backward pass adds to gradients. The
state of the generator is `generator().bit_generator.state`, which can be read and set. Put
everything back at the end of the block, also when the block raises, and let the exception pass.
`clear_gradients(tensors)`, given, sets each `.grad` to None; `tensors` may be an iterator.
"""

# %% nbgrader={"solution": true, "grade_id": "undisturbed"}
#| exporti
@contextmanager
def undisturbed(tensors: Iterable[Tensor] = ()) -> Iterator[None]:
    """In the block the gradients of `tensors` are None; at its end all is as it was before.

    >>> with undisturbed():
    ...     inside = generator().random()
    >>> inside == generator().random()
    True
    """
    ### BEGIN SOLUTION
    before, state = [(tensor, tensor.grad) for tensor in tensors], generator().bit_generator.state
    clear_gradients(tensor for tensor, _ in before)
    try:
        yield
    finally:
        generator().bit_generator.state = state
        for tensor, gradient in before:
            tensor.grad = gradient
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-undisturbed", "points": 4}
# Check of undisturbed: run it when its cell has run.
@check
def test_unit_undisturbed(made, kept, *others):
    yields_once("undisturbed()", undisturbed), generator().random()
    for error in (None, ZeroDivisionError, KeyboardInterrupt, GeneratorExit):
        tensors, ended = [Tensor([1.0]), Tensor([2.0]), *others], None
        tensors[0].grad, state = kept, generator().bit_generator.state
        try:
            with undisturbed(made(tensors)):
                inside = [tensor.grad for tensor in tensors]
                for tensor in tensors:
                    tensor.grad = Tensor([generator().random()])
                if error:
                    raise error
        except (ZeroDivisionError, KeyboardInterrupt, GeneratorExit) as caught:
            ended = type(caught)
        how = f"after a block that {f'raised {error.__name__}' if error else 'ended'}"
        assert inside == [None] * len(tensors), f"gradients in the block: {inside}, wanted None"
        assert ended is error, f"{how}: the exception did not come out of it; let it pass"
        first, *rest = [tensor.grad for tensor in tensors]
        assert first is kept, f"{how}: a gradient is {first}, wanted the one of before, {kept}"
        assert rest == [None] * len(rest), f"{how}: gradients {rest}, wanted None, as before"
        assert generator().bit_generator.state == state, f"{how}: the generator was not put back"
    profiling.draws_on(undisturbed, generator)

test_unit_undisturbed(iter, Tensor([7.0]))
### BEGIN HIDDEN TESTS
test_unit_undisturbed(list, Tensor([0.0]), Tensor([3.0]))
### END HIDDEN TESTS

# %% [markdown]
r"""
## The profiler

A *model* is whatever can be called with a tensor and lists its weights in `parameters()`; nothing
else is asked of it. One function looks at the memory of a run, one traces a run. What a run *holds*
in the end is less than it *needs* on the way, when operations allocate arrays for their own use;
`peak_bytes` asks `tracemalloc` for that peak. (It is in `tinytorch.support`, as are the results,
such as `Memory`, and the errors for what is not a model or not a loss.)
"""

# %%
#| exporti
def memory_of(model: Model, x: Tensor) -> Memory:
    """The Memory of `model(x)`: the peak is that of a second run, after one to warm up."""
    parameters = parameters_of(model)
    with undisturbed([*parameters, x]):
        output_of(model, x)
        out, peak = peak_bytes(lambda: model(x))
    weights = distinct_bytes(p.data for p in parameters)
    gradients = sum(p.data.nbytes for p in parameters if p.requires_grad)
    saved = saved_bytes(out, parameters)
    return Memory(weights, gradients, saved.activations, saved.weight_copies, peak)


def sample_input(shape: Sequence[int] | Tensor) -> Tensor:
    """A float32 tensor of `shape`, batch included: normal numbers, the same ones each time. A
    tensor or an array in its place is the input itself, such as token numbers."""
    given = isinstance(shape, (Tensor, np.ndarray))
    return as_tensor(shape) if given else wrap(sample_array(shape))

# %%
#| exporti
Function = Callable[[Tensor], Tensor]

def traced_run(model: Function, x: Tensor, loss_fn: Function | None, trace: Trace) -> TracedRun:
    """A run of `model(x)` that `trace` watches, with `loss_fn` also of its backward pass."""
    start = time.perf_counter()
    with trace:
        out = output_of(model, x)
        if loss_fn is not None:
            loss = loss_fn(out)
            check_single(loss)
            check_graph(loss)
            loss.backward()
    seconds = time.perf_counter() - start
    return TracedRun(tuple(trace.operations), tuple(trace.summary()), seconds)

# %% [markdown]
r"""
### Exercise: Profiler

Write the first two methods; read the others, which call your functions. (A class again, so the cell
is long.) `count_parameters` counts numbers, not tensors; `parameters_of(model)` lists each
parameter once. `measure_latency` makes a tensor of `x` with lesson 01's `as_tensor` and measures
`model(x)` undisturbed; whether a graph is recorded is for the caller to say.
"""

# %% nbgrader={"solution": true, "grade_id": "profiler"}
#| export
class Profiler:
    """Measures any model by running it; leaves its gradients and the generator as they were.

    `warmup` runs are not counted, `iterations` are; ValueError where there are none to count.
    """

    def count_parameters(self, model: Model) -> int:
        """How many numbers the model's parameters hold; one that is used twice counts once."""
        ### BEGIN SOLUTION
        return sum(p.size for p in parameters_of(model))
        ### END SOLUTION

    def measure_latency(self, model: Function, x: Any, warmup=3, iterations=20) -> Latency:
        """How long `model(x)` takes, with a graph recorded or, inside `no_grad`, without one."""
        ### BEGIN SOLUTION
        x = as_tensor(x)
        with undisturbed():
            return measure(lambda: model(x), warmup, iterations)
        ### END SOLUTION

    def measure_memory(self, model: Model, input_shape: Sequence[int]) -> Memory:
        """Bytes of a forward pass with a graph, on an input of `input_shape`, batch included."""
        return memory_of(model, sample_input(input_shape))

    def count_flops(self, model: Function, input_shape: Sequence[int] | Tensor) -> int:
        """FLOPs of a forward pass, as lesson 15 counts them, on an input of `input_shape`, or on
        the input that is given in its place."""
        from tinytorch.profiling.roofline import count_flops

        return count_flops(model, input_shape)

    def trace(
        self, model: Function, x: Any, loss_fn: Function | None = None, kind: type[Trace] = Trace,
        warmup: int = 1, iterations: int = 5,
    ) -> TracedRun:
        """A run of `model(x)`, and with `loss_fn` of the backward pass: of several the median one.

        `kind` is the class of the trace; lesson 15's CountingTrace also counts FLOPs and bytes.
        """
        check_runs(warmup, iterations)
        x, runs = as_tensor(x), []
        for _ in range(warmup + iterations):
            with undisturbed([x, *(parameters_of(model) if loss_fn else ())]):
                runs.append(traced_run(model, x, loss_fn, kind()))
        return sorted(runs[warmup:], key=lambda run: run.seconds)[iterations // 2]

    def profile_forward_pass(self, model: Model, x: Any, warmup=3, iterations=20) -> ForwardProfile:
        """Time, memory and operations of `model(x)`."""
        latency = self.measure_latency(model, x, warmup, iterations)
        return ForwardProfile(latency, memory_of(model, as_tensor(x)), self.trace(model, x).rows)

    def profile_backward_pass(
        self, model: Model, x: Any, loss_fn: Function, warmup: int = 3, iterations: int = 20
    ) -> BackwardProfile:
        """Times and operations of `loss_fn(model(x))`, a single number, and of its backward()."""
        rows, x, parameters = self.trace(model, x, loss_fn).rows, as_tensor(x), parameters_of(model)
        check_runs(warmup, iterations)
        with undisturbed([*parameters, x]):
            times = timed_stages(lambda: loss_fn(model(x)), Tensor.backward, warmup + iterations,
                                 prepare=lambda: clear_gradients([*parameters, x]))
            size = sum(p.grad.data.nbytes for p in parameters if p.grad is not None)
        forward, backward = (latency_of(seconds[warmup:]) for seconds in times)
        return BackwardProfile(forward, backward, size, rows)

# %% nbgrader={"grade": true, "grade_id": "test-profiler-counts", "points": 5}
# Check of Profiler, the methods that you wrote: run it when its cell has run.
@check
def test_unit_profiler_counts(n, k):
    profiler, model = Profiler(), Sequential(Linear(n, k), Linear(k, 1))
    twice = profiling.Counting(Tensor, n, is_recording, generator)
    for what, counted, wanted in [(f"Linear({n}, {k}), Linear({k}, 1)", model, n * k + 2 * k + 1),
                                  (f"one {n} x {n} weight, used twice", twice, n * n),
                                  ("GELU(), which has none", GELU(), 0)]:
        got = profiler.count_parameters(counted)
        equal(f"count_parameters of {what}", got, wanted, "count numbers, each parameter once")
    state = generator().bit_generator.state
    profiling.measures(profiler, twice, Tensor, no_grad, n, runs=k)
    assert generator().bit_generator.state == state, "the generator was not put back: undisturbed()"
    outcome("measure_latency of a function", lambda: profiler.measure_latency(as_tensor, 1.0),
            "it can be called, and has no parameters()")

test_unit_profiler_counts(3, 5)
### BEGIN HIDDEN TESTS
test_unit_profiler_counts(4, 2)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The digits network, taken apart

Now real images: a batch of 64 digits with their labels, and lesson 04's loss.
"""

# %%
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.support.data import dataset, load_digits

images, labels = load_digits()
batch, classes, cross_entropy = Tensor(images[:64]), labels[:64], CrossEntropyLoss()

def loss_fn(logits):
    return cross_entropy(logits, classes)

# %%
profiler = Profiler()
both = profiler.profile_backward_pass(network, batch, loss_fn)
print(f"{profiler.count_parameters(network):,} parameters\n")
print(table([profiler.profile_forward_pass(network, batch).memory]), "\n")
print(table([both.forward, both.backward], names=["forward, with loss", "backward"]))

# %% [markdown]
r"""
With 64 images even this small network saves more bytes than its weights have, and twice the batch
saves twice as much. For the picture we trace 51 steps and take the one whose time is the median.
"""

# %%
import matplotlib.pyplot as plt

run = profiler.trace(network, batch, loss_fn, iterations=51)
rows, whole = run.rows[::-1], sum(row.seconds for row in run.rows)
figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
bars = axis.barh([f"{row.name}, {row.phase}" for row in rows], [row.seconds * 1e6 for row in rows],
                 color=["tab:blue" if row.phase == "forward" else "tab:orange" for row in rows])
axis.bar_label(bars, [f"{row.seconds / whole:.0%}" for row in rows], padding=4)
axis.margins(x=0.1)
axis.set(xlabel="microseconds", title="Where a training step's time goes")
plt.show()

# %% [markdown]
r"""
The longest bar is what to look at first, and its length is what you can hope for: an operation that
takes a tenth of the time saves a tenth, even if it were made infinitely fast.

To see *when* things ran, write the step to a file, open [Perfetto](https://ui.perfetto.dev) or
`chrome://tracing`, and drop the file on the page.
"""

# %%
from tinytorch.support.chrome_trace import write_chrome_trace

build = dataset("digits").parents[1] / "build"
write_chrome_trace(run.operations, build / "digits_step.json")
print(f"{len(run.operations)} operations are in build/digits_step.json")

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. Five runs took 2, 2, 3, 2 and 41 ms. By how many ms does their mean exceed their median?
   (`mean_over_median`)
2. `Linear(64, 128)`, `GELU()`, `Linear(128, 10)` on a batch of 32 images in float32: how many bytes
   are saved for the backward pass, with the images, without the weights? (`saved_for_backward`)
3. An operation takes 30% of a step. It is made three times as fast. What part of its former time
   does the step take? (`remaining_time`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-numbers"}
### BEGIN SOLUTION
mean_over_median = (2 + 2 + 3 + 2 + 41) / 5 - 2
saved_for_backward = 4 * 32 * (64 + 128 + 128)
remaining_time = 0.7 + 0.3 / 3
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-numbers", "points": 6}
# Check of your answers: run it when their cell has run.
@check
def test_question_numbers():
    times = [2.0, 2.0, 3.0, 2.0, 41.0]
    memory = profiler.measure_memory(network, (32, 64))
    for name, got, wanted, idea in [
        ("mean_over_median", mean_over_median, np.mean(times) - np.median(times), "sort them"),
        ("saved_for_backward", saved_for_backward, memory.activations, "all three save inputs"),
        ("remaining_time", remaining_time, 0.8, "only the 30% become shorter"),
    ]:
        assert np.isclose(got, wanted), f"{name} is {got}, which is not it: {idea}"

test_question_numbers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-profiling", "points": 2}
r"""
**In your own words:** a colleague timed a model once before a change and once after it, and reports
that it has become 8% faster. What would you want to know before you believe it, and how would you
measure it with the tools of this lesson?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A stopwatch, a record of every operation, a count of saved memory, and a `Profiler` for any model.
`tito module complete 14` puts them into `tinytorch.profiling.profiler`. They say what a run *did*
cost. What it *must* cost, and so how much there is to win, is the subject of lesson 15.
"""
