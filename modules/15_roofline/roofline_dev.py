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

> The roofline: what an operation must cost on this machine, and how near it comes to that.

Lesson 14's trace says how long an operation took. Is that long? It depends on how much the
operation has to do, and on what the machine can do in a second. In this lesson you count the first,
measure the second, and divide: what comes out is the least time that the operation could take. If
it takes ten times as long, it can be made faster; if hardly longer, only given less to do. You will
build:

- rules that count what an operation computes (FLOPs) and what it moves (bytes), and
  `CountingTrace`, which counts both for everything that runs;
- the roof, the rate that a machine allows, with the two measurements behind it: a matrix product
  and your first compiled loop;
- rows and a picture of operations under the roof.

About 4 hours: 11 exercises, some 40 lines to write, and an open question. Needs lessons 01 to 05
and 14. Makes `tinytorch.profiling.roofline`: `attainable`, `measure_peaks`, `model_rows`.
"""

# %%
#| default_exp profiling.roofline

# %%
#| export
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

# %%
#| export
from tinytorch.core.tensor import Node, Primitive, Tensor, no_grad
from tinytorch.profiling.profiler import Model, Operation, Profiler, Shape, Total, Trace
from tinytorch.profiling.profiler import sample_input, summarize, total, undisturbed
from tinytorch.support.convolution_flops import CONVOLUTION_FLOPS
from tinytorch.support.launch import compiled
from tinytorch.support.memory import footprint
from tinytorch.support.peaks import ComputePeak, Peaks, check_peak, measured_peaks
from tinytorch.support.roof import Roof
from tinytorch.support.roofline import RooflineRow
from tinytorch.support.tables import column, table
from tinytorch.support.threads import one_thread
from tinytorch.support.timing import spread_of, timed_runs

# %% [markdown]
r"""
## Work: counting FLOPs

The unit of work is the FLOP, one floating-point operation. There are several ways to count; ours:

- elementwise operations count **one for each element of the result**. `exp`, `tanh`, `sqrt` and a
  division count one, like an addition, although a processor takes longer over them: that is a
  matter of *how*, and the clock will show it;
- a sum, a mean or a maximum counts one for each element that goes in;
- a matrix product counts `2 m n k`: each of the `m n` results is a sum of `k` products, with one
  multiplication and one addition each;
- moving and converting numbers (`reshape`, `transpose`, indexing, `astype`) counts nothing;
- an operation that stands for a formula, such as a softmax, counts the steps of the formula;
- a gradient rule counts as its operation does, once for each input that gets a gradient: exact for
  a matrix product, whose gradients are products of the same lengths, and rough for GELU's formula.

So a rule is a function of the shapes that went in, the shape of the result, and the options.

### Exercise: matmul_flops

Mind the batch axes, and that a vector has only one axis.
"""

# %%
from dataclasses import replace

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, generator, manual_seed
from tinytorch.core.tensor import Interceptor, apply
from tinytorch.support import checks_roofline as roofline
from tinytorch.support.checks import check, close, equal, explained, outcome
from tinytorch.support.checks_kernels import compiles

# %% nbgrader={"solution": true, "grade_id": "matmul-flops"}
#| export
def matmul_flops(shapes: tuple[Shape, ...], output: Shape, options: dict) -> int:
    """FLOPs of a matrix product of operands of `shapes`, with a result of shape `output`.

    >>> matmul_flops(((2, 3), (3, 4)), (2, 4), {})
    48
    """
    ### BEGIN SOLUTION
    return 2 * math.prod(output) * shapes[0][-1]
    ### END SOLUTION

def linear_flops(shapes: tuple[Shape, ...], output: Shape, options: dict) -> int:
    """FLOPs of `x @ weight + bias`: those of the product, and one addition for each result."""
    return matmul_flops(shapes, output, options) + math.prod(output)

# %% nbgrader={"grade": true, "grade_id": "test-matmul-flops", "points": 3}
# Check of matmul_flops: run it when its cell has run.
@check
def test_unit_matmul_flops():
    cases = [((2, 3), (3, 4), 48), ((64, 64), (64, 64), 524_288), ((5, 2, 3), (5, 3, 4), 240),
             ((5, 2, 3), (3, 4), 240), ((7,), (7,), 14), ((2, 7), (7,), 28), ((0, 3), (3, 4), 0)]
    ### BEGIN HIDDEN TESTS
    cases += [((3, 8), (8, 5), 240), ((2, 1, 4, 6), (3, 6, 2), 576), ((9,), (9, 2), 36),
              ((4, 1), (1, 4), 32), ((3, 0), (0, 4), 0)]
    ### END HIDDEN TESTS
    for left, right, wanted in cases:
        output = np.matmul(np.zeros(left), np.zeros(right)).shape
        with explained(f"matmul_flops of {left} @ {right}", "a vector has one axis"):
            got = matmul_flops((left, right), output, {})
        equal(f"matmul_flops of {left} @ {right}", got, wanted, "each result is a sum of products")
    large = matmul_flops(((4096, 4096), (4096, 4096)), (4096, 4096), {})
    equal("matmul_flops of n = 4096, as text,", str(large), str(2**37), "a whole number, any size")

test_unit_matmul_flops()

# %% [markdown]
r"""
The rules are kept in a table, like lesson 05's gradient rules, and later lessons add to it. Behind
the forward's rule there may be one for the gradient of each input, where "as the forward" would be
wrong: the gradient of a bias is a sum over the rows.
"""

# %%
#| export
FlopRule = Callable[[tuple[Shape, ...], Shape, dict], int]
FLOPS: dict[str, tuple[FlopRule, ...]] = dict(CONVOLUTION_FLOPS)  # lesson 09's, given

def flop_rule(name: str, forward: FlopRule, *gradients: FlopRule) -> None:
    """Set how primitive `name` is counted: `rule(input shapes, output shape, options) -> FLOPs`.

    `gradients` are rules for each input's gradient; without any, each counts as the forward does.
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

# %% [markdown]
r"""
Formulas count by their steps: the largest, the difference, `exp`, the sum and the quotient make 5
for a softmax. GELU's rule looks at the options, because its two forms have different steps.
"""

# %%
#| exporti
flop_rule("matmul", matmul_flops), flop_rule("attention", matmul_flops)
flop_rule("attention_weights", lambda *given: matmul_flops(*given) + per_output(5)(*given))
flop_rule("linear", linear_flops, matmul_flops, matmul_flops, per_output(1))
flop_rule("mean", per_input(1), per_output(1))
flop_rule("gelu", lambda _, y, form: math.prod(y) * (9 if form["approximate"] == "tanh" else 5))
for _name in ("reshape", "transpose", "expand", "getitem", "embedding", "astype", "chunk", "part"):
    flop_rule(_name, per_output(0))
for _name, _steps in {
    "sum": 1, "max": 1, "min": 1, "softmax": 5, "log_softmax": 5, "cross_entropy": 5,
    "sigmoid": 4,  # 1 / (1 + exp(-x))
    "layer_norm": 7,  # mean, difference, square, mean, quotient, weight, bias
    "mse_loss": 3,  # difference, square, mean
    "bce_with_logits": 10,  # the mean of max(x, 0) - x t + log(1 + exp(-|x|))
}.items():
    flop_rule(_name, per_input(_steps))

# %% [markdown]
r"""
### Exercise: operation_flops

Look the rule up. `to` is None for the forward, or else the number of the input whose gradient is
counted. An operation without a line in the table counts one for each element of its result.
"""

# %% nbgrader={"solution": true, "grade_id": "operation-flops"}
#| exporti
def operation_flops(
    name: str, shapes: tuple[Shape, ...], output: Shape, options: dict, to: int | None = None
) -> int:
    """FLOPs of primitive `name`, or with `to` of its gradient to input number `to`, by FLOPS.

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
# Check of operation_flops: run it when its cell has run.
@check
def test_unit_operation_flops():
    layer, grid, tanh = ((8, 3), (3, 5), (5,)), ((3, 4),), {"approximate": "tanh"}
    cases = [
        ("tanh", grid, (3, 4), {}, None, 12), ("add", ((3, 1), (4,)), (3, 4), {}, None, 12),
        ("exp", ((),), (), {}, None, 1), ("sum", grid, (), {}, None, 12),
        ("gelu", grid, (3, 4), tanh, None, 108), ("gelu", grid, (3, 4), tanh, 0, 108),
        ("linear", layer, (8, 5), {}, None, 280), ("linear", layer, (8, 5), {}, 0, 240),
        ("linear", layer, (8, 5), {}, 2, 40), ("tanh", grid, (3, 4), {}, 0, 12)]
    ### BEGIN HIDDEN TESTS
    cases += [("linear", ((4, 2, 6), (6, 3), (3,)), (4, 2, 3), {}, 1, 288),
              ("mean", grid, (3,), {}, 0, 3), ("mul", ((5, 1), (2,)), (5, 2), {}, 1, 10),
              ("unknown", ((2, 2),), (7,), {}, None, 7), ("sum_of_all", grid, (), {}, None, 1)]
    ### END HIDDEN TESTS
    idea = "the gradient's rule where there is one, else the forward's, else one for each result"
    for name, shapes, output, options, to, wanted in cases:
        what = f"operation_flops({name!r}, {shapes}, {output}, {options}, to={to})"
        with explained(what, idea):
            got = operation_flops(name, shapes, output, options, to)
        equal(what, got, wanted, idea)
    assert "exp" not in FLOPS, "operation_flops put exp into FLOPS: it is a table to look into"

test_unit_operation_flops()

# %% [markdown]
r"""
## Traffic: counting bytes

A processor computes with numbers that have arrived. An operation must at least read its inputs and
write its result, so we count the bytes of these arrays. For arrays that are larger than the caches
this is a lower bound, because an operation may also move arrays of its own.

Three details make the count honest:

- a *view*, such as `reshape` and `transpose` give, is the same memory under another shape: nothing
  is read or written, 0 bytes;
- an array that goes in twice, as in `x * x`, is read once;
- a broadcast array shows the same few numbers again and again without storing them. NumPy's
  `strides` say how many bytes lie between neighbours along each axis, and along an axis of
  repetitions that is 0. `footprint(array)`, given, counts such an axis once.

### Exercise: traffic

`np.may_share_memory(a, b)` tells at no cost whether the address ranges of two arrays overlap. That
is enough to recognise a result that is a view of an input.
"""

# %% nbgrader={"solution": true, "grade_id": "traffic"}
#| exporti
def traffic(read: Sequence[np.ndarray], written: Sequence[np.ndarray]) -> int:
    """Bytes moved by an operation that read the arrays `read` and gave the arrays `written`.

    Results that share memory with an array in `read` were not written; if there are no others,
    nothing was moved: 0. Else the footprints of all arrays read, each once, and of those written.

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
# Check of traffic: run it when its cell has run.
@check
def test_unit_traffic():
    a, row, one = np.zeros((20, 30), np.float32), np.zeros(30, np.float16), np.ones((3, 5))
    wide = np.broadcast_to(row, (20, 30))
    cases = [("a + row", [a, row], [a + row], 4860), ("a * a", [a, a], [a * a], 4800),
             ("a.T, after row", [row, a], [a.T], 0), ("a.sum()", [a], [np.asarray(a.sum())], 2404),
             ("a + wide, which repeats a row", [a, wide], [a + wide], 4860),
             ("handing a on, twice", [a], [a, a], 0), ("a and -a", [a], [a, -a], 4800)]
    ### BEGIN HIDDEN TESTS
    cases += [("one * row[:5]", [one, row[:5]], [one * row[:5]], 250), ("nothing", [a, row], [], 0),
              ("a[::-1]", [a], [a[::-1]], 0), ("one[1], a copy", [one], [one[1], one[1] + 0], 160),
              ("a view of a view", [wide, a.T], [a.T[1:]], 0), ("making a", [], [a], 2400)]
    ### END HIDDEN TESTS
    for what, read, written, wanted in cases:
        got = outcome(f"traffic of {what}", lambda: traffic(read, written), "told apart how?")
        equal(f"traffic of {what}", got, wanted, "what is new, what is a view, what is read once?")
        assert isinstance(got, int), f"traffic of {what} gave {got!r}, wanted a whole number"

test_unit_traffic()

# %% [markdown]
r"""
## A trace that counts

The counts of an operation that ran are given. `x[index]` reads only the elements that it picks, and
a lookup in a table only the rows. A node's gradient rules read the gradient coming in and what the
node saved, and write the gradients that are new: an addition only hands on the one it got.
"""

# %%
#| exporti
def forward_counts(op: Primitive, inputs: Sequence[Tensor], options: dict, out: Tensor) -> dict:
    """The "flops" and "bytes" of a forward that gave `out`."""
    moved = traffic([x.data for x in inputs], [out.data])
    if op.name in ("getitem", "embedding"):
        moved = min(moved, 2 * footprint(out.data))
    flops = operation_flops(op.name, tuple(x.shape for x in inputs), out.shape, options)
    return {"flops": flops, "bytes": moved}

# %%
#| exporti
def backward_counts(node: Node, gradient: np.ndarray, results: Sequence) -> dict:
    """The "flops" and "bytes" of a node's gradient rules that gave `results`, arrays or None."""
    name, shapes = node.primitive.name, tuple(tuple(x.shape) for x in node.inputs)
    saved = [array for array in (*node.inputs, node.output) if isinstance(array, np.ndarray)]
    new = {i: r for i, r in enumerate(results)
           if r is not None and not np.may_share_memory(r, gradient)}
    flops = sum(operation_flops(name, shapes, gradient.shape, node.options, i) for i in new)
    return {"flops": flops, "bytes": traffic([gradient, *saved], list(new.values()))}

# %%
#| exporti
@dataclass(frozen=True)
class CountedOperation(Operation):
    """An Operation with the FLOPs that it computed and the bytes that it moved."""

    flops: int = column("FLOPs", ",")
    bytes: int = column("bytes", ",")

@dataclass(frozen=True)
class CountedTotal(Total):
    """A Total with the FLOPs and bytes of its operations; `intensity` is FLOPs per byte."""

    flops: int = column("MFLOP", ",.3f", 1e-6)
    bytes: int = column("KiB", ",.1f", 1 / 1024)
    intensity: float = column("FLOP/byte", ",.2f")

# %%
#| exporti
def counted_total(name: str, phase: str, operations: Sequence[CountedOperation]) -> CountedTotal:
    """All `operations` as one row of that name and phase; intensity 0 where nothing was moved."""
    flops, moved = sum(o.flops for o in operations), sum(o.bytes for o in operations)
    intensity, plain = flops / moved if moved else 0.0, total(name, phase, operations)
    return CountedTotal(**vars(plain), flops=flops, bytes=moved, intensity=intensity)

# %% [markdown]
r"""
### Exercise: CountingTrace

A `Trace` times an operation and appends an `Operation`. A `CountingTrace` lets it do so, and then
replaces the last of `self.operations` by a `CountedOperation`. `vars(operation)` is a dictionary of
its fields, so `CountedOperation(**vars(operation), **counts)` has these and the counts. You count
after `super()` has looked at the clock, so counting is not in the time.
"""

# %% nbgrader={"solution": true, "grade_id": "counting-trace"}
#| export
class CountingTrace(Trace):
    """A Trace whose operations are CountedOperations, and whose summary has CountedTotals.

    >>> with CountingTrace() as trace:
    ...     y = (Tensor([1.0, 2.0]) * 3).sum()
    >>> [(operation.name, operation.flops, operation.bytes) for operation in trace.operations]
    [('mul', 2, 20), ('sum', 2, 12)]
    """

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Run an operation, record it and count it."""
        ### BEGIN SOLUTION
        out = super().forward(primitive, inputs, options)
        counts = forward_counts(primitive, inputs, options, out)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return out
        ### END SOLUTION

    def backward(self, node: Node, gradient: np.ndarray) -> Sequence:
        """Run a node's gradient rules, record them and count them."""
        ### BEGIN SOLUTION
        results = super().backward(node, gradient)
        counts = backward_counts(node, gradient, results)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return results
        ### END SOLUTION

    def summary(self) -> list[CountedTotal]:
        """The operations added up by name and phase, the one that took longest first."""
        return summarize(self.operations, counted_total)

# %% nbgrader={"grade": true, "grade_id": "test-trace-counts", "points": 6}
# Check of CountingTrace: run it when its cell has run.
@check
def test_unit_trace_counts(n, k, m):
    x, w, b = (Tensor(np.ones(shape, np.float32)) for shape in [(n, k), (k, m), m])
    w.requires_grad, b.requires_grad, ticks = True, True, iter(range(99))
    with CountingTrace(lambda: next(ticks)) as trace:  # a clock that goes on by 1 at each look
        y = outcome("x @ w in a CountingTrace", lambda: x @ w, "what does forward_counts take?")
        assert isinstance(y, Tensor), f"x @ w gave {y!r:.40}: return what super().forward() gave"
        with explained("a backward pass in the trace", "return what super().backward() returned"):
            GELU("tanh")(y + b).reshape(-1)[np.array([0, 1])].sum().backward()
    seen = [(op.name, getattr(op, "flops", None)) for op in trace.operations]
    product, add, gelu = ("matmul", 2 * n * k * m), ("add", n * m), ("gelu", 9 * n * m)
    ran = [product, add, gelu, ("reshape", 0), ("getitem", 0), ("sum", 2)]
    equal("forward: (name, flops)", seen[:6], ran, "each with its counts, in its place")
    ran[5] = ("sum", 0)  # its gradient is repeated, not computed
    equal("backward: (name, flops)", seen[6:], ran[::-1], "the counts of backward_counts")
    moved = [trace.operations[i].bytes for i in (0, 3, 4, -1)]
    equal("bytes of x @ w, reshape, getitem, and backward of x @ w", moved,
          [4 * (n * k + k * m + n * m), 0, 16, 4 * (n * m + n * k + 2 * k * m)], "as counted")
    when = [(op.start, op.seconds) for op in trace.operations]
    equal("(start, seconds)", when, [(t, 1) for t in range(1, 24, 2)], "those of the Trace")
    roofline.counts_untimed(CountingTrace, FLOPS, Primitive, apply, Tensor)

test_unit_trace_counts(8, 3, 5)
### BEGIN HIDDEN TESTS
test_unit_trace_counts(2, 6, 4)
### END HIDDEN TESTS

# %%
#| export
def count_flops(model: Callable[[Tensor], Tensor], input_shape: Sequence[int] | Tensor) -> int:
    """FLOPs of a forward pass on an input of `input_shape`, batch included, or on an input."""
    x = sample_input(input_shape)
    with undisturbed(), no_grad(), CountingTrace() as trace:
        model(x)
    return sum(operation.flops for operation in trace.operations)

# %% [markdown]
r"""
Now lesson 14's network again, in a training step on 64 images:
"""

# %%
one_core = threadpool_limits(1)
manual_seed(14)
network, batch = Sequential(Linear(64, 128), GELU(), Linear(128, 10)), sample_input((64, 64))
run = Profiler().trace(network, batch, lambda y: (y * y).mean(), CountingTrace, iterations=21)
print(table(run.rows))

# %% [markdown]
r"""
Time does not follow FLOPs: the products (`linear`) do nearly all of the arithmetic, and yet GELU
takes a large part of the time. What is there to pay for besides arithmetic?

## Arithmetic intensity

FLOPs divided by bytes is an operation's **arithmetic intensity**: how much there is to compute for
each byte that has to travel. An elementwise operation has the same low intensity at every size. A
matrix product uses each number that it reads many times.

### Exercise: matmul_intensity

Take it that each of the three matrices travels once. (`elementwise_intensity` is given.)
"""

# %% nbgrader={"solution": true, "grade_id": "matmul-intensity"}
#| export
def elementwise_intensity(
    flops: int, arrays_read: int, arrays_written: int, itemsize: int
) -> float:
    """FLOPs per byte of an elementwise operation that takes `flops` for each element."""
    return flops / ((arrays_read + arrays_written) * itemsize)

def matmul_intensity(m: int, k: int, n: int, itemsize: int) -> float:
    """FLOPs per byte of (m, k) @ (k, n), with `itemsize` bytes a number.

    >>> matmul_intensity(2, 2, 2, itemsize=4)
    0.3333333333333333
    """
    ### BEGIN SOLUTION
    return 2 * m * k * n / ((m * k + k * n + m * n) * itemsize)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-matmul-intensity", "points": 2}
# Check of matmul_intensity: run it when its cell has run.
@check
def test_unit_matmul_intensity():
    cases = [(64, 64, 64, 4, 10.66667), (1, 256, 1024, 4, 0.4975705)]
    ### BEGIN HIDDEN TESTS
    cases += [(8, 4, 2, 8, 0.2857143), (3, 1, 5, 2, 0.6521739), (512, 512, 512, 2, 170.6667)]
    ### END HIDDEN TESTS
    for m, k, n, itemsize, wanted in cases:
        close(f"matmul_intensity({m}, {k}, {n}, {itemsize})", matmul_intensity(m, k, n, itemsize),
              wanted, "a multiply-add is two FLOPs, and each of the three matrices moves once")

test_unit_matmul_intensity()

# %% [markdown]
r"""
For square float32 matrices that is n / 6, for the addition of two arrays 1 / 12. (A product that is
too large for the caches reads parts of its matrices again, and the real intensity stops growing.)

## The roof

A machine has two limits: the FLOPs that its arithmetic units do in a second, the *peak*, and the
bytes that its memory delivers in a second, the *bandwidth*. An operation of intensity $I$ can
therefore run at no more than

$$P(I) = \min(\text{peak},\ \text{bandwidth} \cdot I)$$

FLOPs a second: the **roofline** (Williams, Waterman and Patterson, 2009). On logarithmic axes it is
a slope that ends in a flat roof. Left of the corner, at peak / bandwidth, an operation is
*memory-bound*: it waits for bytes, not for arithmetic. Right of it, it is *compute-bound*.

### Exercise: attainable
"""

# %% nbgrader={"solution": true, "grade_id": "attainable"}
#| export
def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """The FLOP/s that the roofline allows at `intensity` FLOPs per byte.

    `peak` is in FLOP/s, `bandwidth` in bytes/s. Source: S. Williams, A. Waterman, D. Patterson,
    Roofline: an insightful visual performance model, CACM 52(4), 2009.

    >>> attainable(0.5, peak=100e9, bandwidth=20e9)
    10000000000.0
    """
    ### BEGIN SOLUTION
    return min(peak, bandwidth * intensity)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-attainable", "points": 3}
# Check of attainable: run it when its cell has run.
@check
def test_unit_attainable():
    cases = [(0.1, 120e9, 30e9, 3e9), (2, 120e9, 30e9, 60e9), (4, 120e9, 30e9, 120e9),
             (50, 120e9, 30e9, 120e9)]
    ### BEGIN HIDDEN TESTS
    cases += [(0.3, 7e9, 10e9, 3e9), (0.9, 7e9, 10e9, 7e9), (0.05, 7, 9, 0.45), (0, 7e9, 1e9, 0)]
    ### END HIDDEN TESTS
    for intensity, peak, bandwidth, wanted in cases:
        got = attainable(intensity, peak, bandwidth)
        what = f"attainable({intensity}, {peak:g}, {bandwidth:g})"
        close(what, got, wanted, "which of the two limits binds here?")

test_unit_attainable()

# %% [markdown]
r"""
### Exercise: roof_fraction

Seen as time, the roof says that an operation takes at least

$$\max\left(\frac{\text{FLOPs}}{\text{peak}},\ \frac{\text{bytes}}{\text{bandwidth}}\right)$$

seconds: computing and fetching can overlap, so it is the larger of the two. For several operations
add up the least times, for each has a limit of its own, and divide by the sum of the times taken.
"""

# %% nbgrader={"solution": true, "grade_id": "roof-fraction"}
#| exporti
def roof_fraction(operations: Iterable[CountedOperation], roof: Roof) -> float | None:
    """The least time of `operations` under `roof`, as a fraction of the time that they took.

    None where the least time is 0, as for views, or where no time was measured.

    >>> add = CountedOperation("add", "forward", ((4,),), (4,), "float32", 0.0, 2.0, 4, 48)
    >>> roof_fraction([add], Roof(flops=8.0, bandwidth=48.0))
    0.5
    """
    ### BEGIN SOLUTION
    operations = list(operations)
    least = sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)
    taken = sum(o.seconds for o in operations)
    return least / taken if least and taken else None
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-roof-fraction", "points": 4}
# Check of roof_fraction: run it when its cell has run.
@check
def test_unit_roof_fraction():
    add, product, view, untimed = (
        CountedOperation("x", "forward", ((4,),), (4,), "float32", 0.0, seconds, flops, moved)
        for seconds, flops, moved in [(6.0, 10, 120), (18.0, 900, 100), (2.0, 0, 0), (0.0, 4, 4)])
    copy, sums = (replace(view, bytes=200), replace(view, flops=1000))
    roof = Roof(flops=200.0, bandwidth=40.0)
    cases = [("an addition: bytes are the limit", [add], roof, 0.5),
             ("a product: FLOPs are the limit", [product], roof, 0.25),
             ("both: each has a limit of its own", iter([add, product]), roof, 0.3125),
             ("a view", [view], roof, None), ("no operations", [], roof, None),
             ("no time", [untimed], roof, None)]
    ### BEGIN HIDDEN TESTS
    cases += [("another roof", [product, add, add], Roof(flops=100.0, bandwidth=480.0), 9.5 / 30),
              ("with a view", [add, view], roof, 0.375), ("a copy, no FLOPs", [copy], roof, 2.5),
              ("FLOPs in a cache, no bytes", [sums], roof, 2.5)]
    ### END HIDDEN TESTS
    for what, operations, limits, wanted in cases:
        got = outcome(what, lambda: roof_fraction(operations, limits), "was there time?")
        fits = got is wanted if None in (got, wanted) else math.isclose(got, wanted)
        assert fits, f"{what}: roof_fraction gave {got}, wanted {wanted}: least over taken time"

test_unit_roof_fraction()

# %% [markdown]
r"""
## This machine's roof

Limits are measured, not looked up, and there is more than one of each. How fast a processor
computes depends on the type and on the number of threads. How fast memory delivers depends on
*which* memory: small arrays stay in a cache close to the processor, and only what is larger than
all caches comes from main memory each time. What disturbs a run nearly always makes it slower. So
the best of several runs counts, and the *spread* says how far below its rate the median run stayed.
"""

# %%
#| export
def best_seconds(function: Callable[[], Any], repeats: int = 5) -> float:
    """The shortest of `repeats` runs of `function()`, after one that is not counted."""
    return min(timed_runs(function, 0.0, repeats))

# %% [markdown]
r"""
### Exercise: compute_peak

Of all that a network computes, a large matrix product comes closest to the processor's peak. So
measure square products; the best size counts. `timed_runs(function, 0.01, 2, clock)` gives the
seconds of at least 2 runs after one to warm up, `spread_of(times)` their spread, and inside
`with threadpool_limits(n)` BLAS uses n threads. Before the runs, make both matrices of random
float32 numbers, and convert them with `Tensor(array, dtype=dtype)`. (This framework multiplies
float16 and bfloat16 in float32 and rounds once. So they should be no faster than float32 here.)
"""

# %% nbgrader={"solution": true, "grade_id": "compute-peak"}
#| export
def compute_peak(
    dtype: str, threads: int, sizes: Sequence[int] = (256, 768),
    clock: Callable[[], float] = time.perf_counter,
) -> ComputePeak:
    """The ComputePeak of n x n products: the FLOP/s and the spread of the best n in `sizes`.

    ValueError for a type that is not floating and for fewer threads than one.
    """
    check_peak(dtype, threads)
    ### BEGIN SOLUTION
    rng, seen = np.random.default_rng(0), []
    with threadpool_limits(threads):
        for n in sizes:
            a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))
            times = timed_runs(lambda: a @ b, 0.01, 2, clock)
            seen.append((2 * n**3 / min(times), spread_of(times)))
    return ComputePeak(dtype, threads, *max(seen))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-compute-peak", "points": 4}
# Check of compute_peak: run it when its cell has run.
@check
def test_unit_compute_peak(dtype, threads, sizes, costs, flops, spread):
    state = generator().bit_generator.state
    roofline.peak_is(compute_peak, Interceptor, dtype, threads, sizes, costs, flops, spread)
    assert generator().bit_generator.state == state, "compute_peak drew from lesson 03's generator"
    roofline.leaves_threads(compute_peak)

test_unit_compute_peak("float32", 1, (4, 8), (9, 1, 0.5, 9, 0.25, 0.5), 4096.0, 100 / 3)
### BEGIN HIDDEN TESTS
test_unit_compute_peak("float16", 2, (6, 8), (9, 0.25, 0.25, 9, 2, 1), 1728.0, 0.0)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: triad

For bandwidth one runs the *triad*, `a = b + s c`, over arrays of growing size, and counts the bytes
of three arrays for each pass, as J. McCalpin's STREAM does. (The hardware may move a fourth, when
it reads a line of `a` before it writes it.) In NumPy, `b + s * c` makes an array for the product,
which travels too. So write your first *compiled loop*: `compiled` uses Numba, which makes machine
code of plain loops over numbers when the function is first called. Go over the elements by index,
from first to last, and store each sum at once. Many passes in one call make the call cost little.
"""

# %% nbgrader={"solution": true, "grade_id": "triad"}
#| export
@compiled
def triad(a, b, s, c, passes):
    """a[i] = b[i] + s * c[i] for every i, in each of `passes` passes over arrays of one size."""
    ### BEGIN SOLUTION
    for _ in range(passes):
        for i in range(a.size):
            a[i] = b[i] + s * c[i]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-triad", "points": 3}
# Check of triad: run it when its cell has run.
@check
def test_unit_triad(n, s, passes):
    b, c = np.arange(n, dtype=np.float32), np.full(n + 1, 2, np.float32)[:n]
    a, sums, stored, moved = (np.zeros(size, np.float32) for size in (n + 1, n, n + 1, n + 1))
    with compiles("triad"):
        triad(a[:n], b, np.float32(s), c, passes)
    close(f"{n} elements, s = {s}: a", a, [*(b + s * c), 0], "every element has its sum, and once")
    triad(sums, sums, np.float32(s), c, passes)
    close(f"a = a + s c in {passes} passes: a", sums, passes * s * c, "all elements, each time")
    triad(stored[1:], stored[:-1], np.float32(s), c, 1)
    close("a[i + 1] = a[i] + s c[i]: a", stored, np.cumsum([0, *(s * c)]),
          "store each sum before the next is computed; an array of all of them would travel too")
    triad(moved[:-1], moved[1:], np.float32(s), c, 2)
    close("a[i] = a[i + 1] + s c[i] in 2 passes: a", moved, [*[4 * s] * (n - 1), 2 * s, 0],
          "a pass goes over all elements before the next one begins")

test_unit_triad(5, 3.0, 4)
### BEGIN HIDDEN TESTS
test_unit_triad(9, 0.5, 2)
### END HIDDEN TESTS

# %% [markdown]
r"""
`measured_peaks` runs both for several types, sizes and numbers of threads, twice over and in turns,
so that a disturbance does not hit one of them alone. (Where other programs run, the rates of
several threads suffer most: a product waits for its slowest thread.) Then it finds the levels of
memory. The last one is called `memory` where its set of arrays is four times as large as the
largest cache that the system tells of. Otherwise it may still be a cache.
"""

# %%
#| export
_measured: list[Peaks] = []

def measure_peaks(progress: Callable[[str], Any] | None = None) -> Peaks:
    """What this machine can do, measured once in a process; `progress` is told what comes next."""
    if not _measured:
        _measured.append(measured_peaks(triad, compute_peak, progress or (lambda text: None)))
    return _measured[0]

# %%
peaks = measure_peaks()
print(table(peaks.compute, "Products"))
print(table(peaks.levels(1), "\nMemory, one thread, by STREAM's count of bytes"))
print(f"\nfloat32, one thread: the corner of the roof is at {peaks.ridge:.1f} FLOPs a byte")

# %%
import matplotlib.pyplot as plt

from tinytorch.support.roofline import plot_bandwidth, plot_roofline

figure = plot_bandwidth(peaks)
plt.show()

# %% [markdown]
r"""
## Under the roof

### Exercise: under_roof

A `RooflineRow` holds an operation's name, its intensity, its time in ms, its rates in GFLOP/s and
GB/s (a billion each), the GFLOP/s that the roof allows, the percentage of these that it reached,
and what binds: "memory" left of the corner, `roof.ridge`, and else "compute". Make one of what was
counted and the seconds that it took.
"""

# %% nbgrader={"solution": true, "grade_id": "under-roof"}
#| exporti
def under_roof(counted: CountedTotal, name: str, seconds: float, roof: Roof) -> RooflineRow:
    """The row of what was `counted` and took `seconds`; it must have computed and moved something.

    >>> counted = CountedTotal("add", "forward", 1, 0.5, 10**9, 4 * 10**9, intensity=0.25)
    >>> row = under_roof(counted, "add", 0.5, Roof(flops=64e9, bandwidth=16e9))
    >>> row.gflops, row.gigabytes, row.attainable, row.percent_of_roof, row.bound
    (2.0, 8.0, 4.0, 50.0, 'memory')
    """
    ### BEGIN SOLUTION
    allowed = attainable(counted.intensity, roof.flops, roof.bandwidth)
    rate, moved = counted.flops / seconds, counted.bytes / seconds
    rates = (rate / 1e9, moved / 1e9, allowed / 1e9, 100 * rate / allowed)
    bound = "memory" if counted.intensity < roof.ridge else "compute"
    return RooflineRow(name, counted.intensity, seconds * 1e3, *rates, bound)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-under-roof", "points": 4}
# Check of under_roof: run it when its cell has run.
@check
def test_unit_under_roof():
    slow, roof = Roof(flops=8e9, bandwidth=4e9), Roof(flops=64e9, bandwidth=16e9)
    cases = [(6e9, 2e9, 0.5, roof, (3.0, 500.0, 12.0, 4.0, 48.0, 25.0, "memory")),
             (6e9, 2e9, 1.5, slow, (3.0, 1500.0, 4.0, 4 / 3, 8.0, 50.0, "compute")),
             (8e9, 4e9, 4.0, slow, (2.0, 4000.0, 2.0, 1.0, 8.0, 25.0, "compute"))]
    ### BEGIN HIDDEN TESTS
    cases += [(3e9, 12e9, 3.0, slow, (0.25, 3000.0, 1.0, 4.0, 1.0, 100.0, "memory")),
              (3e9, 2e9, 0.1, Roof(7e9, 4e9), (1.5, 100.0, 30.0, 20.0, 6.0, 500.0, "memory"))]
    ### END HIDDEN TESTS
    names = "(intensity, ms, gflops, gigabytes, attainable, percent_of_roof)"
    for flops, moved, seconds, limits, wanted in cases:
        counted = CountedTotal("x", "forward", 3, 99.0, int(flops), int(moved), flops / moved)
        operation, *got, bound = vars(under_roof(counted, "work", seconds, limits)).values()
        what = f"under_roof of {flops:g} FLOPs, {moved:g} bytes, {seconds} s, {limits}:"
        close(f"{what} {names}", got, wanted[:-1], "ms, and billions a second", rtol=1e-12)
        equal(f"{what} (operation, bound)", (operation, bound), ("work", wanted[-1]), "what binds?")

test_unit_under_roof()

# %% [markdown]
r"""
Two given functions make rows, of a function and of each kind of operation in a model, on one
thread, because NumPy's own functions use one. What only moves numbers has no FLOPs: no row.
"""

# %%
#| export
def roofline_row(name: str, function: Callable[[], Any], peaks: Roof) -> RooflineRow:
    """`function()` on one thread under the roof of `peaks`: counted in one run, timed in others."""
    with one_thread(), no_grad():
        with CountingTrace() as trace:
            function()
        seconds = min(timed_runs(function, 0.05, 1))
    return under_roof(counted_total(name, "forward", trace.operations), name, seconds, peaks)

# %%
#| export
def model_rows(
    model: Model, x: Any, peaks: Roof, loss_fn: Callable[[Tensor], Tensor] | None = None
) -> list[RooflineRow]:
    """The operations of `model(x)`, with `loss_fn` also backward, on one thread under `peaks`."""
    with one_thread():
        run = Profiler().trace(model, x, loss_fn, CountingTrace)
    rows = [row for row in run.rows if row.flops and row.bytes]
    names = [f"model: {row.name}" + " backward" * (row.phase == "backward") for row in rows]
    return [under_roof(row, name, row.seconds, peaks) for row, name in zip(rows, names)]

# %%
x, square = sample_input((2048, 4096)), sample_input((768, 768))
y = x + 1

def gelu_in_steps():
    return x * 0.5 * (1 + ((x + x * x * x * 0.044715) * 0.7978845608).tanh())

# %%
rows = [roofline_row(name, function, peaks) for name, function in [
    ("add", lambda: x + y), ("exp", lambda: x.exp()), ("gelu", lambda: GELU("tanh")(x)),
    ("gelu in steps", gelu_in_steps), ("matmul", lambda: square @ square)]]
print(table(rows))
figure = plot_roofline(rows, peaks)
plt.show()

# %% [markdown]
r"""
Look at the two GELUs. They compute the same, but one is a single operation, counted by what it must
read and write, and the other is written in steps, each of which reads and writes whole arrays. That
traffic moves its point to the *left*, where the roof is lower. It comes nearer to its own roof, and
is still not the faster one. The single operation is far below its roof, because NumPy goes through
such steps inside it. That distance is what one pass over the array could win; lesson 16 writes one.
So there are two ways to make an operation faster: to the right, by moving fewer bytes, and up.

A result above 100% can have three causes. Small arrays may have stayed in a cache, whose slopes are
thin in the picture. Reading alone may be faster than the triad, which writes too. Or the roof was
disturbed when it was measured: measure again.

One cost the roof does not know: the addition makes a new array each time, and the system has to
supply that memory, page by page. With `out=`, as in lesson 06, it does not. (The table below is of
the small network's training step: how much of it is its least time?)
"""

# %%
out = np.empty_like(x.data)
ms = [1e3 * best_seconds(add) for add in (
    lambda: x.data + y.data, lambda: np.add(x.data, y.data, out=out))]
print(f"x + y takes {ms[0]:.1f} ms, and {ms[1]:.1f} ms with out=")

# %%
print(table(model_rows(network, batch, peaks, lambda y: (y * y).mean())))
print(f"\nthe least time is {roof_fraction(run.operations, peaks):.0%} of the time taken")

# %% [markdown]
r"""
Two things keep this step from the roof: `erf`, in the exact GELU, counts as one FLOP and takes many
instructions; and the small operations pay lesson 14's fixed price.

## Why one image is slow, again

For networks so large that the fixed price is nothing, a batch has a second advantage. To multiply
*one* row by the weights, all weights must be fetched, and each is used once: 2 FLOPs for 4 bytes.
With 64 rows each is fetched once and used 64 times. The batch moves a layer along the axis:
"""

# %%
layer, sizes = Linear(4096, 4096), (1, 4, 16, 64)
inputs = {f"batch {n}": sample_input((n, 4096)) for n in sizes}
rows = [roofline_row(name, lambda: layer(sample), peaks) for name, sample in inputs.items()]
print(table(rows, f"Linear(4096, 4096), with {layer.weight.data.nbytes >> 20} MiB of weights"))
print("ms for each image:", [round(row.ms / n, 2) for row, n in zip(rows, sizes)])
figure = plot_roofline(rows, peaks)
plt.show()

# %% [markdown]
r"""
By the roof, time should hardly grow with the batch left of the corner, and grow like the batch to
the right of it. One row is a special case: NumPy multiplies it without preparation, while for
several rows BLAS first copies the weights into another layout. We do not count that copying, so
small batches are far below the roof; but in the largest one an image costs a fraction of one alone.

## Questions

Assign each answer to the name behind its question.

1. `tanh` of a large float32 tensor: what is its arithmetic intensity? (`tanh_intensity`)
2. A machine does 120 GFLOP/s and moves 20 GB/s. How many GFLOP/s can the addition of two large
   float32 arrays reach on it? (`addition_gflops`)
3. From which batch size on is a float32 `Linear(2048, 2048)` compute-bound on that machine, if its
   weights' bytes are the only ones that matter? (`batch_at_corner`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-roofline"}
### BEGIN SOLUTION
tanh_intensity = 1 / (4 + 4)
addition_gflops = 20 / 12
batch_at_corner = 120 / 20 * 4 / 2
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-roofline", "points": 6}
# Check of your answers: run it when their cell has run.
@check
def test_question_roofline():
    corner = Roof(120e9, 20e9).ridge
    for name, got, wanted, idea in [
        ("tanh_intensity", tanh_intensity, elementwise_intensity(1, 1, 1, 4), "what moves?"),
        ("addition_gflops", addition_gflops, attainable(1 / 12, 120, 20), "three arrays move"),
        ("batch_at_corner", batch_at_corner, corner * 2048**2 * 4 / (2 * 2048**2),
         "where is the corner, and how many FLOPs does a row do with 4 bytes of weights?"),
    ]:
        near = math.isclose(got, wanted, rel_tol=0.005)
        assert near, f"{name} is {got:.6g}, which is not it: {idea}"

test_question_roofline()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-roofline", "points": 2}
r"""
**In your own words:** a colleague has halved the FLOPs of a model and finds that it takes as long
as before. Name two reasons that the tools of lessons 14 and 15 would show, and say which numbers
tell them apart.

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A count of work and traffic, the limits of your machine, and a row under the roof for any function
or model. Lessons 16 to 18 make operations faster, and this says how much there is to win.
"""
