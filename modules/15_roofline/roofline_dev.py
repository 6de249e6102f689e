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
# Lesson 15: The roofline

> The roofline: how fast an operation could be on this machine, and how near to it it is.
"""

# %%
#| default_exp profiling.roofline

# %%
#| export
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tinytorch.core.tensor import Node, Primitive, Tensor, no_grad
from tinytorch.profiling.profiler import Model, Operation, Profiler, Shape, Total, Trace, sample_input, summarize
from tinytorch.profiling.profiler import total, undisturbed
from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.launch import compiled
from tinytorch.support.peaks import ComputePeak, Peaks, measured_peaks
from tinytorch.support.roof import Roof
from tinytorch.support.tables import column, table
from tinytorch.support.threads import one_thread
from tinytorch.support.timing import spread_of, timed_runs

# %%
import time

import matplotlib.pyplot as plt

from tinytorch.support.roofline import plot_bandwidth

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
## A trace that counts

In the backward phase what is read is the gradient that comes in and what the node saved, and what is written is the
gradients that are new: an addition only hands on the one it got. Picking elements out, `x[index]`, reads only these and
not all of x.
"""

# %%
#| export
@dataclass(frozen=True)
class CountedOperation(Operation):
    """An Operation with the FLOPs that it computed and the bytes that it moved."""

    flops: int = column("FLOPs", ",")
    bytes: int = column("bytes", ",")

# %%
#| export
def forward_counts(primitive: Primitive, inputs: Sequence[Tensor], options: dict, out: Tensor) -> dict[str, int]:
    """The FLOPs and bytes of a forward that gave `out`."""
    moved = traffic([x.data for x in inputs], [out.data])
    if primitive.name == "getitem":
        moved = min(moved, 2 * footprint(out.data))
    flops = operation_flops(primitive.name, tuple(x.shape for x in inputs), out.shape, options)
    return {"flops": flops, "bytes": moved}

# %%
#| export
def backward_counts(node: Node, gradient: np.ndarray, results: Sequence) -> dict[str, int]:
    """The FLOPs and bytes of pulling `gradient` back through `node`; `results` is an array or None for each input."""
    name, shapes = node.primitive.name, tuple(tuple(x.shape) for x in node.inputs)
    saved = [array for array in (*node.inputs, node.output) if isinstance(array, np.ndarray)]
    new = {i: r for i, r in enumerate(results) if r is not None and not np.may_share_memory(r, gradient)}
    flops = sum(operation_flops(name, shapes, gradient.shape, node.options, i) for i in new)
    return {"flops": flops, "bytes": traffic([gradient, *saved], list(new.values()))}

# %%
#| export
@dataclass(frozen=True)
class CountedTotal(Total):
    """A Total with the FLOPs and bytes of its operations; `intensity` is FLOPs per byte."""

    flops: int = column("MFLOP", ",.3f", 1e-6)
    bytes: int = column("KiB", ",.1f", 1 / 1024)
    intensity: float = column("FLOP/byte", ",.2f")


def counted_total(name: str, phase: str, operations: Sequence[CountedOperation]) -> CountedTotal:
    """All `operations` as one row of that name and phase; the intensity is 0 where they moved nothing."""
    flops, moved = sum(o.flops for o in operations), sum(o.bytes for o in operations)
    row = total(name, phase, operations)
    return CountedTotal(**vars(row), flops=flops, bytes=moved, intensity=flops / moved if moved else 0.0)

# %%
#| export
class CountingTrace(Trace):
    """A Trace whose operations and totals also have FLOPs and bytes."""

    operations: list[CountedOperation]

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Go on with an operation, record it and count it."""
        out = super().forward(primitive, inputs, options)
        counts = forward_counts(primitive, inputs, options, out)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return out

    def backward(self, node: Node, gradient: np.ndarray) -> Sequence:
        """Go on with a node's gradient rules, record and count them."""
        results = super().backward(node, gradient)
        counts = backward_counts(node, gradient, results)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return results

    def summary(self) -> list[CountedTotal]:
        """The operations added up by name and phase, the one that took longest first."""
        return summarize(self.operations, counted_total)


def count_flops(model: Callable[[Tensor], Tensor], input_shape: Sequence[int]) -> int:
    """FLOPs of a forward pass on an input of `input_shape`, batch included, by the rules in FLOPS.

    Raises ValueError where `input_shape` is not a tuple of positive whole numbers.
    """
    x = sample_input(input_shape)
    with undisturbed(), no_grad(), CountingTrace() as trace:
        model(x)
    return sum(operation.flops for operation in trace.operations)

# %% nbgrader={"grade": true, "grade_id": "test-trace-counts", "points": 3}
def test_unit_trace_counts():
    x = Tensor([[1, 2, 3], [4, 5, 6]])
    with CountingTrace() as trace:
        x.T.reshape(6)[np.array([0, 1])] + x[1, :2]
        try:
            x @ x
        except ValueError:
            pass
    seen = [(op.name, op.flops, op.bytes) for op in trace.operations]
    wanted = [("transpose", 0, 0), ("reshape", 0, 48), ("getitem", 0, 16), ("getitem", 0, 0), ("add", 2, 24)]
    assert seen == wanted, f"x.T.reshape(6)[[0, 1]] + x[1, :2], then an error, came as {seen}, wanted {wanted}"
    ### BEGIN HIDDEN TESTS
    with CountingTrace() as trace:
        (x[:, 1] * 3).exp().sum() - 1
    seen = [(op.name, op.flops, op.bytes) for op in trace.operations]
    wanted = [("getitem", 0, 0), ("mul", 2, 20), ("exp", 2, 16), ("sum", 2, 12), ("sub", 1, 12)]
    assert seen == wanted, f"(x[:, 1] * 3).exp().sum() - 1 came as {seen}, wanted {wanted}"
    ### END HIDDEN TESTS

test_unit_trace_counts()

# %% nbgrader={"grade": true, "grade_id": "test-counting-trace-backward", "points": 3}
def check_phase(what, seen, wanted):
    assert seen == wanted, f"the {what} pass came as {seen}, wanted {wanted}: which gradients are wanted, x's is not"

def test_unit_counting_trace_backward(n, k, m):
    x, w = Tensor(np.ones((n, k), np.float32)), Tensor(np.ones((k, m), np.float32), requires_grad=True)
    b = Tensor(np.zeros(m, np.float32), requires_grad=True)
    with CountingTrace() as trace:
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

test_unit_counting_trace_backward(8, 3, 5)
### BEGIN HIDDEN TESTS
test_unit_counting_trace_backward(2, 6, 4)
### END HIDDEN TESTS

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
def roof_fraction(operations: Iterable[CountedOperation], roof: Roof) -> float | None:
    """The least time that `operations` could take under `roof`, as a fraction of the time that they took.

    None where the least time is 0, as for views, or where no time was measured.

    >>> slow = CountedOperation("add", "forward", ((4,),), (4,), "float32", 0.0, 2.0, flops=4, bytes=48)
    >>> roof_fraction([slow], Roof(flops=8.0, bandwidth=48.0))
    0.5
    """
    ### BEGIN SOLUTION
    operations = list(operations)
    least = sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)
    taken = sum(o.seconds for o in operations)
    return least / taken if least and taken else None
    ### END SOLUTION

# %%
some_operations = [
    CountedOperation(name, phase, ((4,),), (4,), "float32", 0.0, seconds, flops, moved)
    for name, phase, flops, moved, seconds in [
        ("add", "forward", 10, 120, 0.25), ("matmul", "forward", 900, 100, 1.0), ("add", "forward", 2, 24, 0.5),
        ("add", "backward", 0, 0, 2.0), ("matmul", "forward", 100, 100, 0.125)]]

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

# %%
#| export
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinytorch.core.tensor import Tensor
from tinytorch.profiling.profiler import Total, Trace
from tinytorch.support.roof import Roof
from tinytorch.support.tables import column

# %% [markdown]
r"""
The products do nearly all the arithmetic. Yet GELU takes a share of the time that is out of all proportion to its
share of the work. Some of it goes into `tanh`, and some into what no count of FLOPs shows: numbers have to travel, and
new arrays need memory that the system has to hand out first.

## The roofline

A processor has two limits: how many operations a second its arithmetic units can do (the *peak*, FLOP/s), and how many
bytes a second its memory can deliver (the *bandwidth*). Which one binds depends on one number of the operation, its
**arithmetic intensity** $I$, the FLOPs it does for each byte it moves (Williams, Waterman and Patterson, 2009):

$$P(I) = \min(\text{peak},\ \text{bandwidth} \cdot I)$$

Drawn with both axes logarithmic this is a slope that ends in a flat roof. Under the slope an operation is
*memory-bound*: more arithmetic units would not help, fewer bytes would. Under the flat part it is *compute-bound*. The
corner lies at $I = \text{peak} / \text{bandwidth}$.

### Exercise: the roof
"""

# %% nbgrader={"solution": true, "grade_id": "attainable"}
#| export
def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """The FLOP/s that the roofline allows at `intensity` FLOPs per byte.

    `peak` is in FLOP/s, `bandwidth` in bytes/s. Source: S. Williams, A. Waterman, D. Patterson, Roofline, CACM 52(4),
    2009.

    >>> attainable(0.5, peak=100e9, bandwidth=20e9)
    10000000000.0
    """
    ### BEGIN SOLUTION
    return min(peak, bandwidth * intensity)
    ### END SOLUTION


def elementwise_intensity(flops: int, arrays_read: int, arrays_written: int, itemsize: int) -> float:
    """FLOPs per byte of an elementwise operation: `flops` for each element, so many arrays read and written.

    >>> elementwise_intensity(1, 1, 1, itemsize=8)
    0.0625
    """
    ### BEGIN SOLUTION
    return flops / ((arrays_read + arrays_written) * itemsize)
    ### END SOLUTION


def matmul_intensity(m: int, k: int, n: int, itemsize: int) -> float:
    """FLOPs per byte of (m, k) @ (k, n), each matrix moved once and a multiply-add counted as two FLOPs.

    >>> matmul_intensity(2, 2, 2, itemsize=4)
    0.3333333333333333
    """
    ### BEGIN SOLUTION
    return 2 * m * k * n / ((m * k + k * n + m * n) * itemsize)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-roofline", "points": 6}
def test_unit_roofline():
    roofs = [(intensity, 120e9, 30e9, wanted) for intensity, wanted in ((0.1, 3e9), (2, 60e9), (4, 120e9), (50, 120e9))]
    elementwise = [(1, 2, 1, 4, 0.083333), (9, 1, 1, 2, 2.25)]
    products = [(64, 64, 64, 4, 10.66667), (1, 256, 1024, 4, 0.497570)]
    ### BEGIN HIDDEN TESTS
    roofs += [(0.3, 7e9, 10e9, 3e9), (0.9, 7e9, 10e9, 7e9), (0.3, 1e9, 10e9, 1e9)]
    elementwise += [(5, 3, 2, 8, 0.125), (4, 1, 3, 2, 0.5)]
    products += [(8, 4, 2, 8, 0.285714), (3, 1, 5, 2, 0.652174), (512, 512, 512, 2, 170.6667)]
    ### END HIDDEN TESTS
    for intensity, peak, bandwidth, wanted in roofs:
        got = attainable(intensity, peak, bandwidth)
        assert math.isclose(got, wanted), (
            f"at {intensity} FLOPs a byte, peak {peak:g}, bandwidth {bandwidth:g}: got {got:g}, wanted {wanted:g}: "
            "which of the two limits binds here?")
    for *given, wanted in elementwise:
        got = elementwise_intensity(*given)
        assert math.isclose(got, wanted, rel_tol=1e-5), (
            "{} FLOPs an element, arrays read {}, written {}, bytes a number {}:".format(*given)
            + f" got {got:.4f}, wanted {wanted:.4f}: every array that is read or written moves its bytes")
    for *given, wanted in products:
        got = matmul_intensity(*given)
        assert math.isclose(got, wanted, rel_tol=1e-5), (
            "({0}, {1}) @ ({1}, {2}), bytes a number {3}:".format(*given)
            + f" got {got:.4f}, wanted {wanted:.4f}: a multiply-add is two FLOPs, each of three matrices moves once")

test_unit_roofline()

# %% [markdown]
r"""
### This machine's roof

Limits are measured, never looked up, and there is more than one of each. How fast the processor computes depends on
the type and on how many threads compute. How fast memory delivers depends on *which* memory: small arrays stay in a
cache close to the processor, larger ones in larger and slower caches, and only what is larger than all of them comes
from main memory each time.

A measurement is disturbed now and then, and only ever slowed down. So each is repeated for a few hundredths of a
second; the best run counts, and the *spread* tells how far below it the median run stayed. A spread of a few percent
is a quiet machine. One of fifty says that something else was running: measure again.
"""

# %%
#| export
def best_seconds(function: Callable[[], Any], repeats: int = 5) -> float:
    """The shortest of `repeats` runs after one that is not counted: what the machine does when nobody disturbs it."""
    return min(timed_runs(function, 0.0, repeats))

# %% [markdown]
r"""
For compute: matrix products of two sizes, of which the better counts. Nothing else gets more arithmetic out of a
processor. The halves are measured as *your framework* multiplies them: it widens both matrices to float32, multiplies
there, and rounds once. So no half can beat float32 here; a processor with units for bfloat16 could, if asked directly.
"""

# %%
#| export
def compute_peak(dtype: str, threads: int, sizes: Sequence[int] = (512, 1024)) -> ComputePeak:
    """Measure square products of a floating `dtype`; a half is widened, multiplied in float32 and rounded, as Tensor
    does it. ValueError for any other type and for fewer threads than one.
    """
    if not is_floating(as_dtype(dtype)) or threads < 1:
        raise ValueError(f"a peak is of a floating type on at least one thread, not of {dtype} on {threads}")
    rng, seen = np.random.default_rng(0), []
    with threadpool_limits(threads), no_grad():
        for n in sizes:
            a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))
            times = timed_runs(lambda: a @ b, 0.03, 2)
            seen.append((2 * n**3 / min(times), spread_of(times)))
    return ComputePeak(dtype, threads, *max(seen))

# %% [markdown]
r"""
For bandwidth: the *triad* `a = b + s c` over growing arrays, counted as STREAM counts it, three arrays of bytes for
each pass (J. McCalpin, STREAM, 1995). The hardware may move a fourth: before it writes a line of `a` it reads it. The
triad is compiled with Numba, which turns a plain loop over numbers into machine code; you will write such loops soon.
A small set is passed over many times in one call, so that the call costs little beside it, and with several threads
each has a part of every array.
"""

# %%
#| export
@compiled
def triad(a, b, s, c, passes):
    """a = b + s c for arrays of one size, `passes` times."""
    for _ in range(passes):
        for i in range(a.size):
            a[i] = b[i] + s * c[i]

# %%
#| export
_measured: list[Peaks] = []


def measure_peaks(progress: Callable[[str], Any] | None = None) -> Peaks:
    """Measure what this machine can do, on one thread and on all; a few seconds once, then kept for this process.

    `progress`, such as print, is told what is measured next.
    """
    if not _measured:
        _measured.append(measured_peaks(triad, compute_peak, progress or (lambda text: None)))
    return _measured[0]

# %%
start = time.perf_counter()
peaks = measure_peaks(progress=print)
print(f"measured in {time.perf_counter() - start:.1f} s")

# %%
print(table(peaks.compute, "Products"))
print(table(peaks.levels(1), "\nMemory, one thread, by STREAM's count of bytes"))
print(f"\nFloat32, one thread: the corner of the roof lies at {peaks.ridge:.1f} FLOPs a byte. Adding two arrays has "
      f"{elementwise_intensity(1, 2, 1, 4):.3f},\nso from main memory it may reach "
      f"{attainable(1 / 12, peaks.flops, peaks.bandwidth) / peaks.flops:.1%} of the peak.")

# %%
figure = plot_bandwidth(peaks)
plt.show()

# %% [markdown]
r"""
The tables below are on one thread: NumPy's functions use one, its products all, and a roof measured on all cores says
nothing about code that uses one.
"""

# %%
#| export
@dataclass(frozen=True)
class RooflineRow:
    """An operation under the roof: its counted FLOPs and bytes, its time, and what the roof would allow."""

    operation: str = column("operation")
    intensity: float = column("FLOP/byte", ".3f")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".2f")
    gigabytes: float = column("GB/s", ".1f")
    attainable: float = column("roof GFLOP/s", ".2f")
    percent_of_roof: float = column("% of roof", ".0f")
    bound: str = column("bound by")

# %%
#| export
def under_roof(counted: CountedTotal, name: str, seconds: float, roof: Roof) -> RooflineRow:
    """The row of what was `counted` and took `seconds`, under `roof`; it must have computed and moved something."""
    allowed, rate = attainable(counted.intensity, roof.flops, roof.bandwidth), counted.flops / seconds
    bound = "memory" if counted.intensity < roof.ridge else "compute"
    moved = counted.bytes / seconds / 1e9
    return RooflineRow(
        name, counted.intensity, seconds * 1e3, rate / 1e9, moved, allowed / 1e9, 100 * rate / allowed, bound)

# %%
#| export
def roofline_row(name: str, function: Callable[[], Any], peaks: Roof) -> RooflineRow:
    """Count `function`'s FLOPs and bytes, time it on one thread, and set it under the roof of `peaks`."""
    with one_thread(), no_grad():
        with CountingTrace() as trace:
            function()
        seconds = min(timed_runs(function, 0.1, 1))
    return under_roof(counted_total(name, "forward", trace.operations), name, seconds, peaks)

# %% [markdown]
r"""
A model of your own comes under the same roof, by lesson 14's `Profiler.trace`: one row for each kind of operation,
forward and backward. What only moves numbers has no FLOPs and no place in the picture, so it is left out.
"""

# %%
#| export
def model_rows(
    model: Model, x: Any, peaks: Roof, loss_fn: Callable[[Tensor], Tensor] | None = None
) -> list[RooflineRow]:
    """The operations of `model(x)` on one thread, and with `loss_fn` of the backward pass, under the roof of `peaks`;
    those that took longest first.
    """
    with one_thread():
        run = Profiler().trace(model, x, loss_fn, CountingTrace)
    return [under_roof(row, f"model: {row.name}{' backward' * (row.phase == 'backward')}", row.seconds, peaks)
            for row in run.rows if row.flops and row.bytes]

# %% [markdown]
r"""
## What you have

A measured roof, and a row under it for any operation or model.
"""
