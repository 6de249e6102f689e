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

> Profiling: time, FLOPs, bytes and memory of any model, measured by watching the operations that it runs.

A network is too slow. What do you change first? Guessing is popular and usually wrong: the line that looks expensive
is cheap, and the time goes where nobody looked. In this lesson you build the tools that answer instead of guessing.
They take a model as it is, run it, and watch lesson 01's door, through which every operation passes.

You will build:

- a clock that can be trusted: a warm-up, many runs, the median and its spread;
- rules that count what an operation computes (FLOPs) and what it moves (bytes);
- `Trace`, a layer on the door that writes down each operation, forward and backward;
- a count of the memory that training holds on to;
- the least time that an operation could take, and a file that shows a run on a time line;
- `Profiler`, which puts all of these together for any model.
"""

# %%
#| default_exp profiling.profiler

# %%
#| export
import json
import math
import os
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import groupby
from numbers import Integral
from pathlib import Path

# %%
#| export
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinytorch.core.autograd import nodes_in_order
from tinytorch.core.layers import generator
from tinytorch.core.tensor import Layer, Node, Primitive, Tensor, as_tensor, no_grad, wrap
from tinytorch.support.roof import Roof
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

threadpool_limits(1)

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
## Work: counting FLOPs

Is that much time? It depends on how much there is to compute. The unit is the FLOP, one floating-point operation, and
since people count it in different ways, here is ours:

- elementwise operations count **one for each element of the result**, and `exp`, `tanh`, `sqrt` and a division count
  one like an addition. A processor takes far longer over a `tanh`; that is a matter of *how*, and the clock will show
  it;
- a sum, a mean or a maximum counts one for each element that goes in;
- a matrix product counts `2 m n k`: each of the `m n` results is a sum of `k` products, one multiplication and one
  addition each;
- moving and converting numbers (`reshape`, `transpose`, indexing, `astype`) counts nothing;
- an operation that stands for a whole formula, such as a softmax, counts the steps of the formula;
- a gradient rule counts as its operation does, once for each input that gets a gradient. For a matrix product that is
  exact: both gradients are products of the same three lengths.

So a rule is a function of the shapes that went in, the shape that came out, and the operation's options.

### Exercise: matrix products

`linear` is lesson 03's `x @ weight + bias`: a product and an addition to each result.
"""

# %% nbgrader={"solution": true, "grade_id": "matmul-flops"}
#| export
Shape = tuple[int, ...]

def matmul_flops(shapes: tuple[Shape, ...], output: Shape, options: dict) -> int:
    """FLOPs of a matrix product with operands of `shapes` and a result of shape `output`, batch axes included.

    >>> matmul_flops(((2, 3), (3, 4)), (2, 4), {})
    48
    """
    ### BEGIN SOLUTION
    return 2 * math.prod(output) * shapes[0][-1]
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "linear-flops"}
#| export
def linear_flops(shapes: tuple[Shape, ...], output: Shape, options: dict) -> int:
    """FLOPs of `x @ weight + bias` with operands of `shapes` and a result of shape `output`.

    >>> linear_flops(((2, 3), (3, 4), (4,)), (2, 4), {})
    56
    """
    ### BEGIN SOLUTION
    return matmul_flops(shapes, output, options) + math.prod(output)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-matmul-flops", "points": 3}
def check_product_flops(left, right, wanted):
    output = np.matmul(np.zeros(left), np.zeros(right)).shape
    try:
        got = matmul_flops((left, right), output, {})
    except IndexError as error:
        raise AssertionError(f"{left} @ {right} failed: {error}: a vector has one axis") from error
    assert got == wanted, f"{left} @ {right} counted {got} FLOPs, wanted {wanted}: each result is a sum of products"

def test_unit_matmul_flops():
    cases = [
        ((2, 3), (3, 4), 48), ((64, 64), (64, 64), 2 * 64**3), ((5, 2, 3), (5, 3, 4), 240), ((5, 2, 3), (3, 4), 240),
        ((7,), (7,), 14), ((2, 7), (7,), 28), ((0, 3), (3, 4), 0),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [((3, 8), (8, 5), 240), ((2, 1, 4, 6), (3, 6, 2), 576), ((9,), (9, 2), 36), ((4, 1), (1, 4), 32)]
    ### END HIDDEN TESTS
    for left, right, wanted in cases:
        check_product_flops(left, right, wanted)

test_unit_matmul_flops()

# %% nbgrader={"grade": true, "grade_id": "test-linear-flops", "points": 2}
def test_unit_linear_flops():
    cases = [((32, 64), 128), ((2, 3, 5), 4)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 11), 3), ((1, 2, 3, 4), 5), ((6,), 2)]
    ### END HIDDEN TESTS
    for x, n in cases:
        output = (*x[:-1], n)
        got, wanted = linear_flops((x, (x[-1], n), (n,)), output, {}), sum([2 * x[-1] + 1] * math.prod(output))
        assert got == wanted, f"linear {x} -> {output} counted {got}, wanted {wanted}: a product, one addition a result"

test_unit_linear_flops()

# %% [markdown]
r"""
The rules stand in a table like lesson 05's gradient rules, and later lessons add lines for the operations that they
invent. After the forward's rule may come one for the gradient of each input, where "as the forward" would be wrong:
the gradient of a bias is a sum over the rows, and a mean hands everyone the same share.
"""

# %%
#| export
FlopRule = Callable[[tuple[Shape, ...], Shape, dict], int]
FLOPS: dict[str, tuple[FlopRule, ...]] = {}


def flop_rule(name: str, forward: FlopRule, *gradients: FlopRule) -> None:
    """Set how the FLOPs of primitive `name` are counted: `rule(input shapes, output shape, options) -> int`.

    `gradients` holds one rule for each input's gradient; without any, each gradient counts as the forward does.
    """
    FLOPS[name] = (forward, *gradients)

# %%
#| export
def per_input(steps: int) -> FlopRule:
    """A rule that counts `steps` for each element of the first input."""
    return lambda shapes, output, options: steps * math.prod(shapes[0])


def per_output(steps: int) -> FlopRule:
    """A rule that counts `steps` for each element of the result."""
    return lambda shapes, output, options: steps * math.prod(output)

# %%
#| export
flop_rule("matmul", matmul_flops)
flop_rule("linear", linear_flops, matmul_flops, matmul_flops, per_output(1))
flop_rule("sum", per_input(1))
flop_rule("mean", per_input(1), per_output(1))
flop_rule("max", per_input(1))
flop_rule("min", per_input(1))
for _name in ("reshape", "transpose", "getitem", "astype"):
    flop_rule(_name, per_output(0))

# %% [markdown]
r"""
Formulas, by their steps: the largest, the difference, `exp`, the sum and the quotient make a softmax 5. GELU's tanh
form takes 9, its exact form 5, and a rule may look at the options to tell which.
"""

# %%
#| export
flop_rule("sigmoid", per_input(4))  # 1 / (1 + exp(-x))
flop_rule("softmax", per_input(5))
flop_rule("log_softmax", per_input(5))  # x - m - log sum exp(x - m), where m is the largest
flop_rule("layer_norm", per_input(7))  # mean, difference, square, mean, quotient, weight, bias
flop_rule("mse_loss", per_input(3))  # difference, square, mean
flop_rule("cross_entropy", per_input(5))  # a log-softmax
flop_rule("bce_with_logits", per_input(10))  # the mean of max(x, 0) - x t + log(1 + exp(-|x|))
flop_rule("gelu", lambda shapes, output, options: (9 if options["approximate"] == "tanh" else 5) * math.prod(output))

# %% [markdown]
r"""
### Exercise: look a rule up

An operation without a line counts one for each element of its result. `to` is None for the forward, or the number of
the input whose gradient is counted.
"""

# %% nbgrader={"solution": true, "grade_id": "operation-flops"}
#| export
def operation_flops(name: str, shapes: tuple[Shape, ...], output: Shape, options: dict, to: int | None = None) -> int:
    """FLOPs of primitive `name`'s forward, or with `to` of its gradient to input number `to`, by the table FLOPS.

    >>> operation_flops("tanh", ((3, 4),), (3, 4), {})
    12
    >>> operation_flops("linear", ((2, 3), (3, 4), (4,)), (2, 4), {}, to=2)
    8
    """
    ### BEGIN SOLUTION
    forward, *gradients = FLOPS.get(name, (per_output(1),))
    rule = gradients[to] if gradients and to is not None else forward
    return rule(shapes, output, options)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-operation-flops", "points": 5}
def check_flops(name, shapes, output, options, to, wanted):
    asked = f"{name} {shapes} -> {output}, options {options}, to={to}"
    idea = ("the gradient's rule where one is asked for and there, else the forward's, else one for each element of "
            "the result")
    try:
        got = operation_flops(name, shapes, output, options, to)
    except (KeyError, IndexError, TypeError) as error:
        raise AssertionError(f"{asked} was not counted, wanted {wanted}: {idea}") from error
    assert got == wanted, f"{asked}: counted {got}, wanted {wanted}: {idea}"

def test_unit_operation_flops():
    layer, grid = ((8, 3), (3, 5), (5,)), ((3, 4),)
    flop_rule("invented", lambda shapes, output, options: options["times"] * math.prod(output))
    cases = [
        ("tanh", grid, (3, 4), {}, None, 12), ("add", ((3, 1), (4,)), (3, 4), {}, None, 12),
        ("exp", ((),), (), {}, None, 1), ("reshape", ((6,),), (2, 3), {}, None, 0),
        ("sum", grid, (), {}, None, 12), ("max", grid, (3,), {}, None, 12),
        ("softmax", ((2, 10),), (2, 10), {}, None, 100), ("gelu", grid, (3, 4), {"approximate": "tanh"}, None, 108),
        ("linear", layer, (8, 5), {}, None, 280), ("linear", layer, (8, 5), {}, 0, 240),
        ("linear", layer, (8, 5), {}, 2, 40), ("matmul", layer[:2], (8, 5), {}, 1, 240),
        ("tanh", grid, (3, 4), {}, 0, 12), ("mean", grid, (3,), {}, 0, 3),
        ("invented", ((2,),), (2,), {"times": 7}, None, 14), ("invented", ((2,),), (2,), {"times": 3}, 0, 6),
    ]
    ### BEGIN HIDDEN TESTS
    wide = ((4, 2, 6), (6, 3), (3,))
    cases += [
        ("linear", wide, (4, 2, 3), {}, 1, 288), ("linear", wide, (4, 2, 3), {}, None, 312),
        ("mean", wide[:1], (4,), {}, 0, 4), ("mul", ((5, 1), (2,)), (5, 2), {}, 1, 10),
        ("astype", ((9,),), (9,), {}, 0, 0), ("mean", wide[:1], (), {}, None, 48),
        ("invented", ((4,),), (3,), {"times": 5}, 0, 15), ("unheard of", ((2, 2),), (7,), {}, None, 7),
    ]
    ### END HIDDEN TESTS
    for case in cases:
        check_flops(*case)
    del FLOPS["invented"]

test_unit_operation_flops()

# %% [markdown]
r"""
## Traffic: counting bytes

A processor can compute only with numbers that have arrived. An operation must at least read its inputs and write its
result, so we count the bytes of these arrays. It is a lower bound: temporaries inside an operation are not in it, and
caches may save a trip for a small array.

Three details make the count honest:

- a *view*, as `reshape` and `transpose` give, is the same memory under another shape: nothing is read or written, 0
  bytes;
- an array that goes in twice, as in `x * x`, is read once;
- a broadcast array repeats the same few numbers without storing them. NumPy's `strides` say how many bytes lie between
  neighbours along each axis, and along a repeated axis that is 0.
"""

# %%
row = np.arange(3, dtype=np.float32)
repeated = np.broadcast_to(row, (1000, 3))
print(f"shape {repeated.shape}, strides {repeated.strides}, nbytes {repeated.nbytes}, really there: {row.nbytes}")

# %% [markdown]
r"""
### Exercise: footprint
"""

# %% nbgrader={"solution": true, "grade_id": "footprint"}
#| export
def footprint(array: np.ndarray) -> int:
    """The bytes of the numbers that are really there: axes along which they repeat (stride 0) count once.

    >>> footprint(np.broadcast_to(np.zeros((2, 1)), (2, 500)))
    16
    """
    ### BEGIN SOLUTION
    return array.itemsize * math.prod(n if stride else min(n, 1) for n, stride in zip(array.shape, array.strides))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-footprint", "points": 2}
def check_footprint(name, array, wanted):
    got = footprint(array)
    assert got == wanted, (
        f"footprint of {name} ({array.shape}, strides {array.strides}) came as {got}, wanted {wanted} bytes: what "
        "repeats lies there once")

def test_unit_footprint():
    a, row = np.zeros((20, 30), np.float32), np.zeros(30, np.float16)
    for name, array, wanted in [
        ("(20, 30) float32", a, 2400), ("(30,) float16", row, 60), ("its transpose", a.T, 2400),
        ("every second row", a[::2], 1200), ("a row, 20 times", np.broadcast_to(row, (20, 30)), 60),
        ("a number, 25 times", np.broadcast_to(np.float64(1), (5, 5)), 8), ("no elements", np.zeros((0, 3)), 0),
        ("no elements, 9 times", np.broadcast_to(np.zeros((1, 0)), (9, 0)), 0),
    ]:
        check_footprint(name, array, wanted)

test_unit_footprint()
### BEGIN HIDDEN TESTS
grid = np.zeros((4, 1, 6), np.int16)
check_footprint("its middle, 5 times", np.broadcast_to(grid, (4, 5, 6)), 48)
check_footprint("three columns of six", grid[:, 0, ::2], 24), check_footprint("one number", np.zeros(()), 8)
check_footprint("no times", np.broadcast_to(grid, (0, 4, 1, 6)), 0)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: traffic

`np.may_share_memory(a, b)` tells at no cost whether two arrays lie in the same memory.
"""

# %% nbgrader={"solution": true, "grade_id": "traffic"}
#| export
def traffic(read: Sequence[np.ndarray], written: Sequence[np.ndarray]) -> int:
    """Bytes moved by an operation that had the arrays `read` and gave the arrays `written`.

    Results that share memory with an array in `read` were not written. If no other is left, nothing was moved: 0.
    Otherwise the footprints of all arrays read, each array once, and of the results that were written.

    >>> a = np.zeros(10, dtype=np.float32)
    >>> traffic([a, a], [a + a]), traffic([a], [a.reshape(2, 5)])
    (80, 0)
    """
    ### BEGIN SOLUTION
    new = [w for w in written if not any(np.may_share_memory(w, r) for r in read)]
    distinct = {id(array): array for array in (*read, *new)}
    return sum(footprint(array) for array in distinct.values()) if new else 0
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-traffic", "points": 3}
def check_traffic(name, read, written, wanted):
    got = traffic(read, written)
    assert got == wanted, f"traffic of {name} came as {got}, wanted {wanted} bytes: what is new, what a view?"

def test_unit_traffic():
    a, b, row = np.zeros((20, 30), np.float32), np.ones((20, 30), np.float32), np.zeros(30, np.float16)
    for name, read, written, wanted in [
        ("a + b", [a, b], [a + b], 7200), ("a + row", [a, row], [a + row], 4860), ("a * a", [a, a], [a * a], 4800),
        ("a.T", [a], [a.T], 0), ("a[3:5]", [a], [a[3:5]], 0), ("a.sum()", [a], [np.asarray(a.sum())], 2404),
        ("handing a on, twice", [a], [a, a], 0), ("a and -a", [a], [a, -a], 4800), ("nothing", [a, b], [], 0),
    ]:
        check_traffic(name, read, written, wanted)

test_unit_traffic()
### BEGIN HIDDEN TESTS
one, two = np.ones((3, 5)), np.ones(5, np.float32)
check_traffic("one * two", [one, two], [one * two], 260), check_traffic("two twice", [two, two, one], [two * 2], 160)
check_traffic("one[1] and a copy of it", [one], [one[1], one[1].copy()], 160)
check_traffic("two[::-1]", [two], [two[::-1]], 0), check_traffic("one, two and a part of two", [one, two], [two[1:]], 0)
### END HIDDEN TESTS

# %% [markdown]
r"""
FLOPs divided by bytes is the **arithmetic intensity**: how much there is to compute for each byte that has to be
fetched. An operation of low intensity waits for memory, however fast the processor computes. For an addition
it is the same at every size; for a product it grows.
"""

# %%
for n in (16, 64, 256):
    a, b = np.ones((n, n), np.float32), np.ones((n, n), np.float32)
    for name, out in [("add", a + b), ("matmul", a @ b)]:
        flops, moved = operation_flops(name, (a.shape, b.shape), out.shape, {}), traffic([a, b], [out])
        print(f"{name:6s} of two {n:3d} by {n:3d} arrays: {flops:10,} FLOPs / {moved:7,} bytes = {flops / moved:6.3f}")

# %% [markdown]
r"""
Keep the word; it explains the rest.

## The trace

Now the watcher. A layer on lesson 01's door is called in place of each operation of its thread inside a `with` block
and calls `apply` to go on; and lesson 05 sends each node of the backward pass the same way. So a layer that looks at
the clock before and after sees everything that a model does, whoever wrote the model. It writes one `Operation` each
time.
"""

# %%
#| export
@dataclass(frozen=True)
class Operation:
    """One operation that ran: what it was, what it computed and moved, when it began and how long it took.

    In the backward phase the operation is the pull-back through the one of that name: `shapes` and `shape` are those
    of its forward, `dtype` that of the gradient coming in.
    """

    name: str = column("operation")
    phase: str = column("phase")
    shapes: tuple[Shape, ...] = column("input shapes")
    shape: Shape = column("shape")
    dtype: str = column("dtype")
    flops: int = column("FLOPs", ",")
    bytes: int = column("bytes", ",")
    start: float = column("start us", ",.1f", 1e6)
    seconds: float = column("us", ",.1f", 1e6)

# %% [markdown]
r"""
Two given functions make it from what a layer sees. Picking elements out, `x[index]`, reads only these and not all of
x. In the backward phase what is read is the gradient that comes in and what the node saved, and what is written is
the gradients that are new: an addition only hands on the one it got.
"""

# %%
#| export
def forward_operation(
    primitive: Primitive, inputs: Sequence[Tensor], options: dict, out: Tensor, start: float, seconds: float
) -> Operation:
    """The Operation of a forward that gave `out`."""
    arrays, shapes = [x.data for x in inputs], tuple(x.shape for x in inputs)
    moved = traffic(arrays, [out.data])
    if primitive.name == "getitem":
        moved = min(moved, 2 * footprint(out.data))
    flops = operation_flops(primitive.name, shapes, out.shape, options)
    return Operation(primitive.name, "forward", shapes, out.shape, out.dtype.name, flops, moved, start, seconds)

# %%
#| export
def backward_operation(node: Node, gradient: np.ndarray, results: Sequence, start: float, seconds: float) -> Operation:
    """The Operation of pulling `gradient` back through `node`; `results` is an array or None for each input."""
    name, shapes = node.primitive.name, tuple(tuple(x.shape) for x in node.inputs)
    saved = [array for array in (*node.inputs, node.output) if isinstance(array, np.ndarray)]
    new = {i: r for i, r in enumerate(results) if r is not None and not np.may_share_memory(r, gradient)}
    flops = sum(operation_flops(name, shapes, gradient.shape, node.options, i) for i in new)
    moved = traffic([gradient, *saved], list(new.values()))
    return Operation(name, "backward", shapes, gradient.shape, gradient.dtype.name, flops, moved, start, seconds)

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
    >>> [(operation.name, operation.flops) for operation in trace.operations]
    [('mul', 2), ('sum', 2)]
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
        self.operations.append(forward_operation(primitive, inputs, options, out, start - self.origin, seconds))
        return out
        ### END SOLUTION

    def backward(self, node: Node, gradient: np.ndarray) -> Sequence:
        """Go on with a node's gradient rules and record them."""
        ### BEGIN SOLUTION
        start = self.clock()
        results = super().backward(node, gradient)
        seconds = self.clock() - start
        self.operations.append(backward_operation(node, gradient, results, start - self.origin, seconds))
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
    wanted = Operation("slow", "forward", (x.shape,), x.shape, "float32", x.size, 8 * x.size, 0.0, a)
    assert first == wanted, f"the first operation came as {first}, wanted {wanted}"

test_unit_trace((2.0, 3.0, 5.0), [[1, 2, 3], [4, 5, 6]])
### BEGIN HIDDEN TESTS
test_unit_trace((0.5, 0.25, 8.0), [7, -1])
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-trace-counts", "points": 3}
def test_unit_trace_counts():
    x = Tensor([[1, 2, 3], [4, 5, 6]])
    with Trace() as trace:
        x.T.reshape(6)[np.array([0, 1])] + x[1, :2]
        try:
            x @ x
        except ValueError:
            pass
    seen = [(op.name, op.flops, op.bytes) for op in trace.operations]
    wanted = [("transpose", 0, 0), ("reshape", 0, 48), ("getitem", 0, 16), ("getitem", 0, 0), ("add", 2, 24)]
    assert seen == wanted, f"x.T.reshape(6)[[0, 1]] + x[1, :2], then an error, came as {seen}, wanted {wanted}"
    ### BEGIN HIDDEN TESTS
    with Trace() as trace:
        (x[:, 1] * 3).exp().sum() - 1
    seen = [(op.name, op.flops, op.bytes) for op in trace.operations]
    wanted = [("getitem", 0, 0), ("mul", 2, 20), ("exp", 2, 16), ("sum", 2, 12), ("sub", 1, 12)]
    assert seen == wanted, f"(x[:, 1] * 3).exp().sum() - 1 came as {seen}, wanted {wanted}"
    ### END HIDDEN TESTS

test_unit_trace_counts()

# %% nbgrader={"grade": true, "grade_id": "test-trace-backward", "points": 5}
def check_phase(what, seen, wanted):
    assert seen == wanted, f"the {what} pass came as {seen}, wanted {wanted}: which gradients are wanted, x's is not"

def test_unit_trace_backward(n, k, m):
    x, w = Tensor(np.ones((n, k), np.float32)), Tensor(np.ones((k, m), np.float32), requires_grad=True)
    b = Tensor(np.zeros(m, np.float32), requires_grad=True)
    with Trace() as trace:
        y = (x @ w + b).tanh().sum()
        try:
            y.backward()
        except TypeError as error:
            raise AssertionError("a traced backward pass failed: return what super().backward() gave") from error
    assert w.grad is not None and w.grad.shape == (k, m), "w.grad was not filled: return what super().backward() gave"
    product, each = 2 * n * k * m, n * m
    seen = [(op.phase, op.name, op.flops) for op in trace.operations]
    check_phase("forward", seen[:4], [
        ("forward", "matmul", product), ("forward", "add", each), ("forward", "tanh", each), ("forward", "sum", each)])
    check_phase("backward", seen[4:], [
        ("backward", "sum", 0), ("backward", "tanh", each), ("backward", "add", each), ("backward", "matmul", product)])
    moved, wanted = trace.operations[-1].bytes, 4 * (n * m + n * k + 2 * k * m)
    assert moved == wanted, f"the product moves g, x, w and w's gradient, {wanted} bytes; {moved} were counted"

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
The trace can also check our table of rules: is a softmax, made of single operations, 5 FLOPs for each element?
"""

# %%
with Trace() as trace:
    powers = (many_images - many_images.max(axis=1, keepdims=True)).exp()
    powers / powers.sum(axis=1, keepdims=True)
counted = sum(operation.flops for operation in trace.operations)
print(f"{[operation.name for operation in trace.operations]}: {counted / many_images.size} FLOPs an element")

# %% [markdown]
r"""
## The sum of it

A training run has thousands of operations. Add them up by name and phase, the most expensive first, and you see where
to look.

### Exercise: a total

The intensity of a row is the FLOPs of all its operations over their bytes (not a mean of their intensities, in which
a tiny operation would weigh as much as a huge one). Where nothing was moved it is 0.
"""

# %%
#| export
@dataclass(frozen=True)
class Total:
    """Operations of one name and phase, added up; `intensity` is FLOPs per byte."""

    name: str = column("operation")
    phase: str = column("phase")
    calls: int = column("calls", ",")
    seconds: float = column("ms", ",.3f", 1e3)
    flops: int = column("MFLOP", ",.3f", 1e-6)
    bytes: int = column("KiB", ",.1f", 1 / 1024)
    intensity: float = column("FLOP/byte", ",.2f")

# %% nbgrader={"solution": true, "grade_id": "total"}
#| export
def total(name: str, phase: str, operations: Sequence[Operation]) -> Total:
    """All `operations` as one row of that name and phase; the intensity is 0 where they moved nothing.

    >>> total("none", "forward", [])
    Total(name='none', phase='forward', calls=0, seconds=0, flops=0, bytes=0, intensity=0.0)
    """
    ### BEGIN SOLUTION
    seconds, flops = sum(o.seconds for o in operations), sum(o.flops for o in operations)
    moved = sum(o.bytes for o in operations)
    return Total(name, phase, len(operations), seconds, flops, moved, flops / moved if moved else 0.0)
    ### END SOLUTION

# %%
some_operations = [
    Operation(name, phase, ((4,),), (4,), "float32", flops, moved, 0.0, seconds)
    for name, phase, flops, moved, seconds in [
        ("add", "forward", 10, 120, 0.25), ("matmul", "forward", 900, 100, 1.0), ("add", "forward", 2, 24, 0.5),
        ("add", "backward", 0, 0, 2.0), ("matmul", "forward", 100, 100, 0.125)]]

# %% nbgrader={"grade": true, "grade_id": "test-total", "points": 2}
def check_total(chosen, *numbers):
    wanted = Total("x", "both", *numbers)
    try:
        got = total("x", "both", chosen)
    except ZeroDivisionError as error:
        raise AssertionError(f"the total of\n{table(chosen)}\nwas a division by 0: what if nothing moved?") from error
    assert got == wanted, f"the total came as\n{table([got])}\nwanted\n{table([wanted])}\nof\n{table(chosen)}"

def test_unit_total():
    check_total(some_operations, 5, 3.875, 1012, 344, 1012 / 344)
    check_total(some_operations[:2], 2, 1.25, 910, 220, 910 / 220)
    check_total(some_operations[3:4], 1, 2.0, 0, 0, 0.0), check_total([], 0, 0, 0, 0, 0.0)

test_unit_total()
### BEGIN HIDDEN TESTS
check_total(some_operations[1:5:3], 2, 1.125, 1000, 200, 5.0)
check_total(some_operations[2:3] * 3, 3, 1.5, 6, 72, 1 / 12)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: summarize
"""

# %% nbgrader={"solution": true, "grade_id": "summarize"}
#| export
def summarize(operations: Iterable[Operation]) -> list[Total]:
    """The operations added up by name and phase: one Total each, the one that took longest first."""
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
    product, back = Total("matmul", "forward", 2, 1.125, 1000, 200, 5.0), Total("add", "backward", 1, 2.0, 0, 0, 0.0)
    check_summary(some_operations, [back, product, Total("add", "forward", 2, 0.75, 12, 144, 12 / 144)])
    check_summary([], [])

test_unit_summarize()
### BEGIN HIDDEN TESTS
check_summary(some_operations[:3] * 2, [
    Total("matmul", "forward", 2, 2.0, 1800, 200, 9.0), Total("add", "forward", 4, 1.5, 24, 288, 24 / 288)])
check_summary(iter(some_operations[3:4]), [Total("add", "backward", 1, 2.0, 0, 0, 0.0)])
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
was not saved; its `output` is an array or None; after a backward pass `inputs` is None, for all is let go. With each
input comes the edge that it came in by.
"""

# %% nbgrader={"solution": true, "grade_id": "saved-arrays"}
#| export
def saved_arrays(tensor: Tensor) -> list[tuple[np.ndarray, Any]]:
    """Every array that the nodes behind `tensor` hold, with the edge it came in by (None for a node's own output).

    >>> x = Tensor([0.0, 0.0], requires_grad=True)
    >>> saved_arrays(x.exp() + 1)
    [(array([1., 1.], dtype=float32), None)]
    """
    ### BEGIN SOLUTION
    pairs = []
    for node in nodes_in_order(tensor._node) if tensor._node else ():
        pairs += [*zip(node.inputs or (), node.edges), (node.output, None)]
    return [(array, edge) for array, edge in pairs if isinstance(array, np.ndarray)]
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
    assert all(isinstance(pair, tuple) and isinstance(pair[0], np.ndarray) for pair in saved), (
        "wanted pairs of an array and an edge: a Spec is no array, and neither is None")
    edges = [edge for a, edge in saved if a is h.data]
    assert len(edges) == 3, f"tanh saves its output, h * h its inputs: that array came {len(edges)} times, not 3"
    assert len(saved) == 4, f"besides, exp saves its output: 4 in all, {len(saved)} were found; a Spec is no array"
    assert edges.count(h._node) == 2 and edges.count(None) == 1, "an input comes with its own edge, an output with None"
    assert saved_of(Tensor([1.0])) == [], "a tensor that nobody computed has no nodes, so nothing is saved"
    y.backward()
    assert saved_of(y) == [], "after the backward pass all is let go"

test_unit_saved_arrays(4, 3)
### BEGIN HIDDEN TESTS
test_unit_saved_arrays(2, 7)
leaf = Tensor([1.0, 4.0], requires_grad=True)
kept = [edge for array, edge in saved_of(leaf.log() / leaf) if array is leaf.data]
assert len(kept) == 2 and all(edge is leaf for edge in kept), f"log x / x keeps x twice, with its edge, not with {kept}"
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: count each byte once

The same array may be saved twice, for the result of one operation is the input of the next; or different views of one
buffer may be saved. `owner` follows a view to the array that owns the memory. Two views are the same where they begin
at the same address and are equally large.
"""

# %%
#| export
def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory `array` is a view of; itself where it owns its memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def address(array: np.ndarray) -> int:
    """Where in memory the array's first element lies."""
    return array.__array_interface__["data"][0]

# %% nbgrader={"solution": true, "grade_id": "distinct-bytes"}
#| export
def distinct_bytes(arrays: Iterable[np.ndarray]) -> int:
    """Bytes of the arrays together: one with the same address and footprint as another counts once, and the views of a
    buffer count together no more than the buffer itself.

    >>> a = np.zeros(100)
    >>> distinct_bytes([a, a, a.reshape(10, 10), a[:50]]), distinct_bytes([a[:10], a[10:20]])
    (800, 160)
    """
    ### BEGIN SOLUTION
    buffers: dict[int, tuple[np.ndarray, dict]] = {}
    for array in arrays:
        whole = owner(array)
        _, views = buffers.setdefault(id(whole), (whole, {}))
        views[address(array), footprint(array)] = footprint(array)
    return sum(min(footprint(whole), sum(views.values())) for whole, views in buffers.values())
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-distinct-bytes", "points": 3}
def check_distinct(name, arrays, wanted):
    got = distinct_bytes(arrays)
    assert got == wanted, f"distinct_bytes of {name}: {got}, wanted {wanted}: same place and size, or one buffer"

def test_unit_distinct_bytes():
    x, other = np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32)
    for name, arrays, wanted in [
        ("one array, three times", [x, x, x], 48), ("no arrays", [], 0), ("two with equal numbers", [x, other], 96),
        ("all rows of an array", list(x), 48), ("two rows of four", [x[1:3]], 24),
        ("two rows, one by one", [x[1], x[2]], 24), ("a row, 9 times", [np.broadcast_to(x[0], (9, 3))], 12),
        ("a transpose, and three rows of four", [x.T, x[1:]], 48),
        ("a reshaped view and another array", [x.reshape(12), other[:1], x], 60),
        ("an array and its first row", [x, x[:1]], 48),
    ]:
        check_distinct(name, arrays, wanted)

test_unit_distinct_bytes()
### BEGIN HIDDEN TESTS
line = np.arange(10.0)
check_distinct("overlapping parts", [line[:7], line[3:]], 80)
check_distinct("a part twice", [line[2:5], line[2:5]], 24)
check_distinct("a part and its grid", [line[:6], line[:6].reshape(2, 3)], 48)
check_distinct("copies", iter([line.copy(), line.copy(), line[:1]]), 168)
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


def saved_bytes(tensor: Tensor, parameters: Iterable[Tensor] = ()) -> Saved:
    """What the graph behind `tensor` holds for the backward pass, the arrays of `parameters` themselves not counted.

    An array that was made from a parameter by `astype`, `transpose` or `reshape` alone is a weight copy.
    """
    parameters = list(parameters)
    weights, buffers = {id(p) for p in parameters}, {id(owner(p.data)) for p in parameters}
    saved = [pair for pair in saved_arrays(tensor) if id(owner(pair[0])) not in buffers]
    activations = [array for array, edge in saved if not _is_weight(edge, weights)]
    copies = [array for array, edge in saved if _is_weight(edge, weights)]
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
## The least time

A time says how long an operation took. The counts say how long it *must* take. A machine that does at most so many
FLOPs in a second and moves at most so many bytes needs, however clever the code is, at least

$$\max\left(\frac{\text{FLOPs}}{\text{peak}},\ \frac{\text{bytes}}{\text{bandwidth}}\right)$$

seconds: while it computes it may also fetch, so the larger of the two counts. That least time over the time taken
says how near to the machine's limits an operation came. A small fraction is where there is something to win.

### Exercise: the fraction

For several operations, add up the least time of each, and divide by the sum of their times.
"""

# %% nbgrader={"solution": true, "grade_id": "roof-fraction"}
#| export
def roof_fraction(operations: Iterable[Operation], roof: Roof) -> float | None:
    """The least time that `operations` could take under `roof`, as a fraction of the time that they took.

    None where the least time is 0, as for views, or where no time was measured.

    >>> slow = Operation("add", "forward", ((4,),), (4,), "float32", flops=4, bytes=48, start=0.0, seconds=2.0)
    >>> roof_fraction([slow], Roof(flops=8.0, bandwidth=48.0))
    0.5
    """
    ### BEGIN SOLUTION
    operations = list(operations)
    least = sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)
    taken = sum(o.seconds for o in operations)
    return least / taken if least and taken else None
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-roof-fraction", "points": 4}
def check_fraction(name, chosen, roof, wanted):
    got = roof_fraction(chosen, roof)
    assert got == wanted or (got and wanted and math.isclose(got, wanted)), (
        f"{name}: roof_fraction gave {got}, wanted {wanted}, with {roof.flops:g} FLOPs and {roof.bandwidth:g} bytes a "
        f"second, for\n{table(chosen)}")

def test_unit_roof_fraction():
    roof = Roof(flops=200.0, bandwidth=40.0)
    for name, chosen, wanted in [
        ("an addition: bytes are the limit", some_operations[:1], 120 / 40 / 0.25),
        ("a product: FLOPs are the limit", some_operations[1:2], 900 / 200 / 1.0),
        ("both: each has a limit of its own", some_operations[:2], (3 + 4.5) / 1.25),
        ("all five", some_operations, (3 + 4.5 + 0.6 + 0 + 2.5) / 3.875),
        ("nothing computed or moved", some_operations[3:4], None), ("no operations", [], None),
    ]:
        check_fraction(name, chosen, roof, wanted)

test_unit_roof_fraction()
### BEGIN HIDDEN TESTS
check_fraction("another roof", some_operations[:3], Roof(flops=1000.0, bandwidth=480.0), (0.25 + 0.9 + 0.05) / 1.75)
check_fraction("fewer FLOPs a second", some_operations[:1] * 2, Roof(flops=4.0, bandwidth=480.0), 5 / 0.5)
### END HIDDEN TESTS

# %% [markdown]
r"""
## A time line

A table adds up; it does not show when. Browsers have a viewer for that, and it takes any program's events: open
[Perfetto](https://ui.perfetto.dev), or `chrome://tracing` in Chrome, and drop a file in the Trace Event Format on it.
The format is JSON (Google, Trace Event Format, 2016). Each thing that began and ended is a *complete event*:

| key | what it holds |
|---|---|
| `name`, `cat` | what it is called, and of which category: it gives the colour |
| `ph` | `"X"`, the mark of a complete event |
| `ts`, `dur` | when it began and how long it lasted, in **microseconds** |
| `pid`, `tid` | the process and the thread, whole numbers |
| `args` | anything else worth seeing when it is clicked |

Events of one thread must lie one after the other or one inside the other. To make sure of it although numbers are
rounded, `microseconds`, which you get here, rounds both ends to whole nanoseconds.

### Exercise: one event
"""

# %%
#| export
def microseconds(start: float, end: float) -> dict[str, float]:
    """The keys `ts` and `dur` of an event from `start` to `end`, in seconds; both ends are whole nanoseconds."""
    first, last = round(start * 1e9), round(end * 1e9)
    return {"ts": first / 1e3, "dur": (last - first) / 1e3}

# %% nbgrader={"solution": true, "grade_id": "chrome-event"}
#| export
def chrome_event(operation: Operation) -> dict[str, Any]:
    """The operation as a complete event: its phase is the category, process and thread are 1.

    `args` holds "shapes" (of the inputs), "shape", "dtype", "flops" and "bytes".

    >>> event = chrome_event(Operation("add", "forward", ((4,), (4,)), (4,), "float32", 4, 48, 0.002, 0.0005))
    >>> event["ph"], event["ts"], event["dur"], event["args"]["bytes"]
    ('X', 2000.0, 500.0, 48)
    """
    ### BEGIN SOLUTION
    args = {key: getattr(operation, key) for key in ("shapes", "shape", "dtype", "flops", "bytes")}
    when = microseconds(operation.start, operation.start + operation.seconds)
    return {"name": operation.name, "cat": operation.phase, "ph": "X", **when, "pid": 1, "tid": 1, "args": args}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-chrome-event", "points": 4}
def check_event(name, phase, shape, start, seconds, ts, dur):
    operation = Operation(name, phase, (shape,), shape, "float16", 6, 24, start, seconds)
    args = {"shapes": (shape,), "shape": shape, "dtype": "float16", "flops": 6, "bytes": 24}
    wanted = {"name": name, "cat": phase, "ph": "X", "ts": ts, "dur": dur, "pid": 1, "tid": 1, "args": args}
    got = chrome_event(operation)
    for key in wanted:
        assert got.get(key) == wanted[key], (
            f"{key!r} of the event came as {got.get(key)!r}, wanted {wanted[key]!r}, for\n{table([operation])}")
    json.dumps(got)

def test_unit_chrome_event():
    check_event("tanh", "forward", (2, 3), 0.25, 0.5, 250_000.0, 500_000.0)
    check_event("sum", "backward", (2, 3), 0.0, 3e-6, 0.0, 3.0)

test_unit_chrome_event()
### BEGIN HIDDEN TESTS
check_event("matmul", "backward", (5,), 1.5, 0.125, 1_500_000.0, 125_000.0)
check_event("exp", "forward", (), 2e-6, 0.0625, 2.0, 62_500.0)
### END HIDDEN TESTS

# %% [markdown]
r"""
The file holds all events in the order in which they began, and round each phase one event more, so that the viewer
shows forward and backward as bars with their operations underneath. What is left of a bar between its operations is
Python's own time. The file is written beside its place and then moved there, so nobody ever reads half of it.
"""

# %%
#| export
def phase_event(phase: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """One event from the beginning of the first of `operations` to the end of the last."""
    when = microseconds(operations[0].start, max(o.start + o.seconds for o in operations))
    args = {"operations": len(operations), "flops": sum(o.flops for o in operations)}
    return {"name": phase, "cat": "phase", "ph": "X", **when, "pid": 1, "tid": 1, "args": args}

# %%
#| export
def chrome_trace(operations: Iterable[Operation]) -> dict[str, Any]:
    """The operations in the Trace Event Format, as they began, with an event round each stretch of one phase."""
    events = []
    for phase, group in groupby(sorted(operations, key=lambda o: o.start), key=lambda o: o.phase):
        stretch = list(group)
        events += [phase_event(phase, stretch), *map(chrome_event, stretch)]
    return {"traceEvents": events, "displayTimeUnit": "ms"}

# %%
#| export
def write_chrome_trace(operations: Iterable[Operation], path: str | os.PathLike) -> None:
    """Write the operations to `path`, whole or not at all, for Perfetto or chrome://tracing.

    Source: Google, Trace Event Format, 2016. OSError where the file cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_text(json.dumps(chrome_trace(operations)), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

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
    """A forward pass: time, FLOPs, GFLOP/s, bytes moved, FLOPs per byte, memory, and its operations by name."""

    latency: Latency
    flops: int
    gflops: float
    bytes: int
    intensity: float
    memory: Memory
    operations: tuple[Total, ...]

# %%
#| export
@dataclass(frozen=True)
class BackwardProfile:
    """A forward pass with its loss, and the backward pass: times, FLOPs, the gradients' bytes, operations by name."""

    forward: Latency
    backward: Latency
    forward_flops: int
    backward_flops: int
    gradient_bytes: int
    operations: tuple[Total, ...]

# %%
#| export
@dataclass(frozen=True)
class TraceRow(Total):
    """A Total with the least time under a roof as a fraction of the time taken; None where no roof was given."""

    fraction: float | None = column("% of roof", ".0f", 100)


@dataclass(frozen=True)
class TracedRun:
    """One run of a model: its operations, these added up by name and phase, and how long the whole took.

    The time of an operation is its own: no operation of a trace runs inside another. What is left of `seconds` is the
    model's Python and the trace's bookkeeping.
    """

    operations: tuple[Operation, ...]
    rows: tuple[TraceRow, ...]
    seconds: float

# %%
#| export
def trace_row(row: Total, operations: Iterable[Operation], roof: Roof | None) -> TraceRow:
    """`row` with the fraction of the roof of those `operations` that it adds up."""
    own = [o for o in operations if (o.name, o.phase) == (row.name, row.phase)]
    numbers = [getattr(row, f.name) for f in fields(Total)]
    return TraceRow(*numbers, None if roof is None else roof_fraction(own, roof))

# %%
#| export
def one_run(
    model: Callable[[Tensor], Tensor], x: Tensor, loss_fn: Callable[[Tensor], Tensor] | None, roof: Roof | None
) -> TracedRun:
    """A traced run of `model(x)`, and with `loss_fn` of the loss and its backward pass."""
    start = time.perf_counter()
    with Trace() as trace:
        out = output_of(model, x)
        if loss_fn is not None:
            loss = loss_fn(out)
            check_loss(loss)
            loss.backward()
    seconds = time.perf_counter() - start
    rows = [trace_row(row, trace.operations, roof) for row in trace.summary()]
    return TracedRun(tuple(trace.operations), tuple(rows), seconds)

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
    work = total("all", "forward", trace.operations)
    rate = work.flops / (latency.ms * 1e6)
    return ForwardProfile(latency, work.flops, rate, work.bytes, work.intensity, memory, tuple(trace.summary()))

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
    flops = [sum(o.flops for o in trace.operations if o.phase == phase) for phase in ("forward", "backward")]
    return BackwardProfile(forward, backward, *flops, gradients, tuple(trace.summary()))

# %% [markdown]
r"""
### Exercise: two counts

Fill in the first two methods; the others are given. `count_parameters` counts numbers, not tensors. `count_flops`
runs the model on the sample `x` and adds up what a `Trace` saw. Do it `undisturbed()`, so that dropout's draws are put
back, and under `no_grad`, for nobody will want a gradient.
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
        """FLOPs of a forward pass on an input of `input_shape`, batch included, by the rules in FLOPS.

        Raises ValueError where `input_shape` is not a tuple of positive whole numbers.
        """
        x = sample_input(input_shape)
        ### BEGIN SOLUTION
        with undisturbed(), no_grad(), Trace() as trace:
            model(x)
        return sum(operation.flops for operation in trace.operations)
        ### END SOLUTION

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
        """Time, work, traffic and memory of `model(x)`."""
        return forward_profile(model, as_tensor(x), warmup, iterations)

    def profile_backward_pass(
        self, model: Model, x: Any, loss_fn: Callable[[Tensor], Tensor], warmup: int = 3, iterations: int = 20
    ) -> BackwardProfile:
        """Time and work of `loss_fn(model(x))`, a single number, and of the backward pass from it."""
        return backward_profile(model, as_tensor(x), loss_fn, warmup, iterations)

    def trace(
        self, model: Callable[[Tensor], Tensor], x: Any, loss_fn: Callable[[Tensor], Tensor] | None = None,
        roof: Roof | None = None, warmup: int = 1, iterations: int = 5,
    ) -> TracedRun:
        """The operations of `model(x)`, and with `loss_fn` of a backward pass too: of several runs, the median one.

        With a `roof` each row says how near the operations came to it; hold the run to as many threads as the roof
        was measured on. `write_chrome_trace(run.operations, path)` shows the run on a time line.
        """
        x = as_tensor(x)
        check_runs(warmup, iterations)
        leaves, runs = [x, *(parameters_of(model) if loss_fn else ())], []
        with undisturbed(leaves):
            for _ in range(warmup + iterations):
                clear_gradients(leaves)
                runs.append(one_run(model, x, loss_fn, roof))
        return sorted(runs[warmup:], key=lambda run: run.seconds)[iterations // 2]

# %% nbgrader={"grade": true, "grade_id": "test-profiler-counts", "points": 5}
def check_counts(sizes, batches):
    profiler, model = Profiler(), Sequential(*[Linear(n, m) for n, m in pairwise(sizes)])
    got, wanted = profiler.count_parameters(model), sum(n * m + m for n, m in pairwise(sizes))
    assert got == wanted, f"a network {sizes} has {wanted} parameters, count_parameters gave {got}: count numbers"
    for batch in batches:
        got = profiler.count_flops(model, (batch, sizes[0]))
        wanted = sum(2 * batch * n * m + batch * m for n, m in pairwise(sizes))
        assert got == wanted, f"a network {sizes} on {batch} inputs takes {wanted} FLOPs, count_flops gave {got}"

class Twice:
    """A model that uses its weight, n by n, twice; its parameters can be read once."""
    def __init__(self, n): self.weight = Tensor(np.ones((n, n), np.float32))
    def parameters(self): return iter([self.weight, self.weight])
    def __call__(self, x): return ((x @ self.weight) @ self.weight).exp()

def check_twice(n, batch):
    parameters, flops = Profiler().count_parameters(Twice(n)), Profiler().count_flops(Twice(n), (batch, n))
    assert parameters == n * n, (
        f"one {n} by {n} weight, used twice, holds {n * n} numbers, count_parameters gave {parameters}")
    wanted = 4 * batch * n * n + batch * n
    assert flops == wanted, f"two products and an exp take {wanted} FLOPs, count_flops gave {flops}"

for sizes in [(64, 128, 10), (3, 5), (7, 2, 4)]:
    check_counts(sizes, batches=[1, 32])
check_twice(3, batch=4)
### BEGIN HIDDEN TESTS
check_counts((6, 6, 6, 2), batches=[5]), check_twice(5, batch=2)
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
    flops, memory = profiler.count_flops(model, (batch, n)), profiler.measure_memory(model, (batch, n))
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
    assert forward.flops == flops == both.forward_flops - 2 * batch * m, (
        f"{flops} FLOPs counted, {forward.flops} profiled, {both.forward_flops} with {batch * m} squares, their mean")
    assert both.gradient_bytes == 4 * size and both.backward_flops > flops, f"all gradients, and more work: {both}"
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

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
digits = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
batch, labels = Tensor(digits[:64, :64] / 16), digits[:64, 64].astype(np.int64)
loss_fn = CrossEntropyLoss()

# %%
profiler = Profiler()
forward = profiler.profile_forward_pass(network, batch)
step = profiler.profile_backward_pass(network, batch, lambda logits: loss_fn(logits, labels))
print(f"{profiler.count_parameters(network):,} parameters")
print(f"forward {forward.flops:,} FLOPs, {forward.gflops:.1f} GFLOP/s\n")
print(table([forward.memory], "Memory"))
print(table([step.forward, step.backward], "\nForward with loss, backward"))
print(table(step.operations, "\nOperations of one step"))

# %% [markdown]
r"""
Check the count by hand: two products with their biases, and 5 steps for each element of the GELU between them
(`GELU()` is the exact form; its tanh form has 9).
"""

# %%
n = 64
products = 2 * n * (64 * 128 + 128 * 10)
biases, gelu_steps = n * (128 + 10), 5 * n * 128
print(f"by hand {products + biases + gelu_steps:,}, by the trace {forward.flops:,}")
print(f"the products are {products / forward.flops:.1%} of it")

# %% [markdown]
r"""
One run is one run. For the picture, trace 51 training steps and take the one whose time is the median. Beside each
bar's time stands what the counts would lead you to expect: the operation's share of all FLOPs.
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
all_flops = sum(row.flops for row in rows)
axis.bar_label(bars, [f"{row.flops / all_flops:.1%} of FLOPs" for row in rows], padding=4)
axis.set(xlabel="microseconds", title="Where a training step's time goes", xlim=(0, max(us) * 1.3))
plt.show()

# %% [markdown]
r"""
Time does not follow FLOPs. The products do nearly all of the arithmetic, yet an operation with a hundredth of it may
take as long. What you would speed up first is the longest bar, and what you can hope for is its length: an operation
that takes a tenth of the time, made infinitely fast, saves a tenth.

The same step on a time line: drop this file on https://ui.perfetto.dev, and click on an operation.
"""

# %%
(root / "build").mkdir(exist_ok=True)
write_chrome_trace(run.operations, root / "build" / "digits_step.json")
print("build/digits_step.json:", (root / "build" / "digits_step.json").stat().st_size, "bytes")
print(json.dumps(chrome_trace(run.operations)["traceEvents"][1]))

# %% [markdown]
r"""
## Why one image is slow

Back to the number from the beginning. There are two answers. The first is the fixed price of an operation. The same
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
The second answer holds for networks so large that the fixed price is nothing. To multiply *one* row by the weights,
all weights must be fetched, and each is used once: 2 FLOPs for 4 bytes. With 256 rows the same weights come once and
are used 256 times. The batch raises the intensity:
"""

# %%
def forward_total(model, batch: int, width: int) -> Total:
    with no_grad(), Trace() as trace:
        model(sample_input((batch, width)))
    return total(f"batch {batch}", "forward", trace.operations)

sizes = (1, 4, 16, 64, 256)
layer = Linear(2048, 2048)
counts = [forward_total(layer, n, 2048) for n in sizes]
print(table(counts, "Linear(2048, 2048)"))

# %% [markdown]
r"""
Whatever you do, no more than so many FLOPs leave the processor in a second, and no more than so many bytes arrive. An
operation of intensity $I$ can run at no more than

$$P = \min(\text{peak},\ \text{bandwidth} \cdot I)$$

FLOPs a second: the **roofline** (Williams, Waterman and Patterson, 2009). It is the least time again, seen as a rate.
Here are rough values of both limits, from a large product and from a copy of an array as large as the layer's weight
(read and written, both counted), and the layer under that roof. Lesson 18 measures the roof with more care and uses it
to decide what is worth making faster.
"""

# %%
with no_grad():
    square, target = sample_input((1024, 1024)), np.empty_like(layer.weight.data)
    product = measure(lambda: square @ square, iterations=7)
    copy = measure(lambda: np.copyto(target, layer.weight.data), iterations=7)
    times = [profiler.measure_latency(layer, sample_input((n, 2048)), warmup=1, iterations=5) for n in sizes]
peak, bandwidth = 2 * 1024**3 / (product.min_ms * 1e6), 2 * target.nbytes / (copy.min_ms * 1e6)
print(f"one core: {peak:.0f} GFLOP/s, {bandwidth:.0f} GB/s; the roof bends at {peak / bandwidth:.1f} FLOPs a byte\n")
print(table(times, f"Linear(2048, 2048), batches of {', '.join(map(str, sizes))}"))

# %%
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
roof = np.geomspace(0.1, 400, 100)
axis.loglog(roof, np.minimum(peak, bandwidth * roof), color="gray", label="roof: min(peak, bandwidth x intensity)")
rates = [count.flops / (latency.min_ms * 1e6) for count, latency in zip(counts, times, strict=True)]
axis.loglog([count.intensity for count in counts], rates, "o-", color="tab:blue", label="Linear(2048, 2048)")
for count, rate in zip(counts, rates, strict=True):
    axis.annotate(count.name, (count.intensity, rate), (5, -12), textcoords="offset points")
axis.set(xlabel="intensity: FLOPs a byte", ylabel="GFLOP/s", title="The batch moves a layer along the roof")
axis.legend(loc="lower right")
plt.show()

# %% [markdown]
r"""
Left of the bend, bytes set the pace: a single image leaves most of the processor's arithmetic unused, for each weight
that was fetched is used once. Right of it FLOPs do: there four times the batch takes four times as long, while left of
it a larger batch costs less time than it brings work. The roof is what the two limits allow. A point well below it is
held back by something else; a product with few rows, for instance, may spend its time on laying out the weights.

The digits step under that roof, operation by operation. Its arrays are small enough for a cache, which delivers
faster than the memory the roof was measured on, and so a fraction may even exceed 100%; and the fixed price of an
operation keeps the small ones far below.
"""

# %%
roof = Roof(peak * 1e9, bandwidth * 1e9)
step = profiler.trace(network, batch, lambda logits: loss_fn(logits, labels), roof, iterations=51)
print(table(step.rows))

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. `Linear(64, 128)` with a bias on a batch of 32: how many FLOPs is its forward pass? (`linear_forward_flops`)
2. `tanh` of a large float32 tensor: what is its arithmetic intensity? (`tanh_intensity`)
3. The network `Linear(64, 128)`, `GELU()`, `Linear(128, 10)` on a batch of 32 images in float32: how many bytes are
   saved for the backward pass, the images included, the weights not? (`saved_for_backward`)
4. From which batch size on does `Linear(2048, 2048)`, with its bias, have an intensity of at least 10 FLOPs a byte?
   (`batch_for_intensity_10`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-numbers"}
### BEGIN SOLUTION
linear_forward_flops = 2 * 32 * 64 * 128 + 32 * 128
tanh_intensity = 1 / (4 + 4)
saved_for_backward = 4 * 32 * (64 + 128 + 128)
d = 2048
batch_for_intensity_10 = next(
    n for n in range(1, 100) if 2 * n * d * d + n * d >= 10 * 4 * (d * d + d + 2 * n * d))
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-numbers", "points": 6}
def test_question_numbers():
    profiler = Profiler()
    wanted = profiler.count_flops(Linear(64, 128), (32, 64))
    assert linear_forward_flops == wanted, f"linear_forward_flops is {linear_forward_flops}: 2 m n k, and then the bias"
    with Trace() as trace:
        Tensor(np.ones(1000, np.float32)).tanh()
    wanted = total("tanh", "forward", trace.operations).intensity
    assert math.isclose(tanh_intensity, wanted), f"tanh_intensity is {tanh_intensity}: one FLOP, and how many bytes?"
    wanted = profiler.measure_memory(network, (32, 64)).activations
    assert saved_for_backward == wanted, f"saved_for_backward is {saved_for_backward}: all three operations save inputs"
    wanted = next(n for n in range(1, 100) if forward_total(layer, n, 2048).intensity >= 10)
    assert batch_for_intensity_10 == wanted, (
        f"batch_for_intensity_10 is {batch_for_intensity_10}: what moves is weights, bias, input and result")

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
