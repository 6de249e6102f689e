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
# Lesson 18: Acceleration

> Products in few calls, a fused GELU and a fused loss, a fusion compiler, mixed precision, and the roofline.

Your framework trains networks. In this lesson you make it fast, and you learn to say *how* fast: not "faster than
before", but "at so much of what this machine can do". Four techniques do most of the work in practice, and you will
build all four:

- **vectorised products**: hand the multiplication to a library that fills the processor's arithmetic units, in as few
  and as large calls as possible;
- **kernel fusion**: do a whole formula, such as GELU or a loss, in one pass over memory instead of one pass for each
  operation;
- **graph optimisation**: let a program look at the operations and write such a kernel, and its gradient's;
- **mixed precision**: keep activations in 16 bits, scale the loss so that small gradients survive, and skip the steps
  in which they overflow.

The **roofline** is the measuring stick: it says which of them can help an operation at all.

Nothing here asserts a speed-up. Every number is measured, on your machine, when you run the cell.
"""

# %%
#| default_exp optimization.acceleration

# %% nbgrader={"grade_id": "tensor-import", "locked": true}
#| export
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tinytorch.core.autograd import gradient_rule, nodes_in_order
from tinytorch.core.layers import check_sizes
from tinytorch.core.losses import MSELoss
from tinytorch.core.tensor import Primitive, Tensor, apply, array_product, as_dtype, as_tensor, floating, in_float32
from tinytorch.core.tensor import is_floating, is_half, no_grad, operands
from tinytorch.optimization.kernels import gelu_loops
from tinytorch.optimization.precision import GradScaler, autocast, training_bytes, unscale
from tinytorch.profiling.profiler import Model, check_single, parameters_of, saved_bytes
from tinytorch.profiling.roofline import RooflineRow, best_seconds, elementwise_intensity, flop_rule, matmul_flops
from tinytorch.profiling.roofline import matmul_intensity, measure_peaks, model_rows, per_output, roofline_row
from tinytorch.support.launch import compiled, one_pass
from tinytorch.support.tables import column, table
from tinytorch.support.threads import get_num_threads, in_slices, one_thread

# %%
import matplotlib.pyplot as plt

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.profiling.profiler import Trace, peak_bytes
from tinytorch.profiling.roofline import CountingTrace
from tinytorch.support.roofline import plot_roofline
from tinytorch.support.timing import timed_runs

# %% [markdown]
r"""
## 1. Where does the time go?

Here is the feed-forward half of a small transformer block: 512 tokens of width 256, a hidden layer four times as wide,
and GELU in the middle. Lesson 15's `CountingTrace` watches one forward pass.
"""

# %%
manual_seed(0)
block = Sequential(Linear(256, 1024), GELU("tanh"), Linear(1024, 256))
tokens = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))

def trace_of(function):
    function()
    with CountingTrace() as trace, threadpool_limits(1):
        function()
    return trace

rows = trace_of(lambda: block(tokens)).summary()
print(table(rows, "One forward pass, one thread"))

# %%
by_name = {row.name: row for row in rows}
time_share = by_name["gelu"].seconds / sum(row.seconds for row in rows)
flop_share = by_name["gelu"].flops / sum(row.flops for row in rows)
print(f"GELU: {flop_share:.1%} of the arithmetic, {time_share:.0%} of the time")

# %% [markdown]
r"""
## 3. Vectorised products

The definition of the product is three nested loops. In Python every multiplication is an object to be made and a
dispatch to be done.
"""

# %%
def loop_matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.zeros((a.shape[0], b.shape[1]), dtype=a.dtype)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out

# %%
small = np.random.default_rng(1).random((48, 48), dtype=np.float32)
loops, blas = best_seconds(lambda: loop_matmul(small, small), 1), best_seconds(lambda: small @ small, 50)
flops = 2 * 48**3
print(f"48 x 48: loops {flops / loops / 1e6:.1f} MFLOP/s, BLAS {flops / blas / 1e9:.1f} GFLOP/s, {loops / blas:.0f} "
      "times the rate")

# %% [markdown]
r"""
NumPy hands products of float32 and float64 to a BLAS library. It cuts the matrices into blocks that fit the caches,
keeps a small tile of the result in registers, and multiplies whole vectors of numbers with one instruction (SIMD:
single instruction, multiple data). An n by n product does $2n^3$ FLOPs on $3n^2$ numbers, so each number that has been
fetched is used many times.

What is left for us is to *ask* well. For a batch `(B, T, D) @ (D, K)` NumPy calls the library B times, with T rows
each. But a weight does not care which example a row belongs to: as `(B T, D) @ (D, K)` it is one call with many rows,
the same numbers come out, and the gradient to the weight, too, becomes one product in place of B products and a sum.

Where both sides are batches, as in attention, B products they stay. A large product BLAS deals out to all cores by
itself; these come one by one, each too small to share, and one core does them all.
"""

# %%
heads = np.random.default_rng(2).random((256, 64, 64), dtype=np.float32)
large = np.random.default_rng(2).random((1024, 1024), dtype=np.float32)
for name, a in [("256 of 64 x 64", heads), ("one of 1024 x 1024", large)]:
    print(f"{name:18}  {2 * a.size * a.shape[-1] / best_seconds(lambda: a @ a, 5) / 1e9:5.0f} GFLOP/s")

# %% [markdown]
r"""
But NumPy lets go of Python's lock while it multiplies, so a second thread can take half of the batch. Waking a thread
has a price, and a batch that is done in less time than that is better left to one.
"""

# %%
#| export
_SMALL = 1 << 18  # multiplications; a larger product OpenBLAS shares among the cores itself
_SHARE = 6_000_000  # multiplications; a smaller part is done before another thread is awake

# %%
#| export
def common_batch(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The leading axes of the product of arrays of shapes `a` and `b`; ValueError where they do not fit together.

    >>> common_batch((5, 1, 2, 3), (4, 3, 2))
    (5, 4)
    """
    for m, n in zip(a[-3::-1], b[-3::-1]):
        if m != n and 1 not in (m, n):
            raise ValueError(f"matmul shape mismatch: {a} @ {b}: the leading axes {a[:-2]} and {b[:-2]} do not "
                             f"broadcast: {m} and {n} must be equal, or one of them 1")
    return np.broadcast_shapes(a[:-2], b[:-2])

# %% [markdown]
r"""
One product adds nothing up: a column times a row, which is the gradient to a weight where the batch is a single row.
Each number of the result is one multiplication, so there is nothing to keep in registers and use again, and the time is
that of writing the result. The blocks that BLAS makes of both sides are work for nothing; a plain loop does without.
"""

# %%
#| export
@compiled
def _column_times_row(column, row, out):
    for i in range(column.size):
        for j in range(row.size):
            out[i, j] = column[i] * row[j]


@in_float32
def column_times_row(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m, 1) @ (1, n) -> (m, n) of floating arrays, in one pass over the result."""
    out = np.empty((a.size, b.size), np.result_type(a, b))
    _column_times_row(np.ascontiguousarray(a).reshape(-1), np.ascontiguousarray(b).reshape(-1), out)
    return out

# %%
left, right = (np.random.default_rng(3).random(shape, dtype=np.float32) for shape in ((2048, 1), (1, 2048)))
with one_thread():
    for name, product in [("BLAS", np.dot), ("a plain loop", column_times_row)]:
        print(f"2048 x 1 by 1 x 2048, {name:12s}  {best_seconds(lambda: product(left, right)) * 1e3:.2f} ms")

# %% [markdown]
r"""
`matrix_product` chooses between them. With the operation comes its entry in the tables of lessons 05 and 14, so that it
is differentiated and counted like any other.
"""

# %%
#| export
@in_float32
def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.matmul; a large batch of small products is dealt out to the threads that set_num_threads allows.

    (..., m, k) @ (..., k, n) -> (..., m, n); leading axes broadcast. Halves are multiplied in float32.
    """
    if a.ndim == 2 == b.ndim:
        large = a.shape[1] == 1 and a.size * b.size > _SMALL and is_floating(np.result_type(a, b))
        return column_times_row(a, b) if large else np.dot(a, b)
    batch, one = common_batch(a.shape, b.shape), math.prod(a.shape[-2:]) * b.shape[-1]
    parts = min(get_num_threads(), batch[0], math.prod(batch) * one // _SHARE) if one <= _SMALL else 1
    if parts < 2:
        return array_product(a, b)
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    out = np.empty((*batch, a.shape[-2], b.shape[-1]), np.result_type(a, b))
    in_slices(np.matmul, (a, b, out), parts)
    return out

# %%
#| export
VECTORIZED_MATMUL = Primitive("vectorized_matmul", matrix_product)
gradient_rule("vectorized_matmul", lambda g, y, a, b: matrix_product(g, np.swapaxes(b, -1, -2)),
              lambda g, y, a, b: matrix_product(np.swapaxes(a, -1, -2), g))
flop_rule("vectorized_matmul", matmul_flops)

# %% [markdown]
r"""
### Exercise: vectorized_matmul

Check the shapes, so that a mistake gets a sentence that a learner can use. Make both sides `operands` of one type, as
lesson 01 does, and send them through the door as `VECTORIZED_MATMUL`; where the left side is a batch and the right side
one matrix, collapse the batch first. Built from operations with gradient rules it is differentiable for free.
"""

# %% nbgrader={"solution": true, "grade_id": "vectorized-matmul"}
#| export
def vectorized_matmul(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product of two tensors with two axes or more, in as few BLAS calls as will do; differentiable.

    (..., m, k) @ (..., k, n) -> (..., m, n); leading axes broadcast. Where `b` is one matrix, the leading axes of `a`
    are collapsed and a single product is done. Types follow `@`.

    Raises ValueError that says "2D+" where an operand has fewer than two axes, and "shape mismatch" with both shapes
    where the inner dimensions differ.

    >>> vectorized_matmul(Tensor([[1, 2], [3, 4]]), Tensor([[5, 6], [7, 8]]))
    Tensor([[19., 22.],
            [43., 50.]], dtype=float32)
    """
    ### BEGIN SOLUTION
    a, b = as_tensor(a), as_tensor(b)
    left, right = a.shape, b.shape
    if len(left) < 2 or len(right) < 2:
        raise ValueError(
            f"vectorized_matmul needs 2D+ tensors, got shapes {left} and {right}: add an axis with reshape()")
    if left[-1] != right[-2]:
        raise ValueError(
            f"matmul shape mismatch: {left} @ {right}: the inner dimensions {left[-1]} and {right[-2]} must match")
    a, b = operands(a, b)
    if len(left) == 2 or len(right) > 2:
        return apply(VECTORIZED_MATMUL, a, b)
    rows = a.reshape(math.prod(left[:-1]), left[-1])
    return apply(VECTORIZED_MATMUL, rows, b).reshape(*left[:-1], right[-1])
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-vectorized-matmul", "locked": true, "points": 10}
def product_and_gradients(left, right):
    """Shapes of two random tensors: the operands, a gradient, and what the product and both gradients should be."""
    rng = np.random.default_rng(sum(left) + sum(right))
    a, b = (Tensor(rng.normal(size=shape), requires_grad=True) for shape in (left, right))
    wanted = a.data @ b.data
    g = rng.normal(size=wanted.shape)
    lead = wanted.shape[:-2]
    to_a = (g @ np.swapaxes(b.data, -1, -2)).reshape(*lead, *left[-2:])
    to_b = np.swapaxes(np.broadcast_to(a.data, (*lead, *left[-2:])), -1, -2) @ g
    to_a, to_b = (to if to.shape == shape else to.reshape(-1, *shape).sum(axis=0)
                  for to, shape in ((to_a, left), (to_b, right)))
    return a, b, g, wanted, to_a, to_b

def check_product(left, right):
    a, b, g, wanted, to_a, to_b = product_and_gradients(left, right)
    got = vectorized_matmul(a, b)
    assert got.shape == wanted.shape, (
        f"{left} @ {right} gave shape {got.shape}, wanted {wanted.shape}: the leading axes broadcast and stay")
    assert np.allclose(got.data, wanted), (
        f"{left} @ {right}: the first number is {got.data.flat[0]:.4f}, wanted {wanted.flat[0]:.4f}; off by "
        f"{np.abs(got.data - wanted).max():.2g} at most: a row of the left times a column of the right")
    assert got.requires_grad, (
        f"{left} @ {right}: the result's requires_grad is False, wanted True: stay with Tensor operations")
    got.backward(Tensor(g))
    for side, leaf, to in (("left", a, to_a), ("right", b, to_b)):
        came = None if leaf.grad is None else leaf.grad.data
        assert came is not None and np.allclose(came, to), (
            f"{left} @ {right}: the gradient to the {side} begins with {None if came is None else came.flat[0]}, "
            f"wanted {to.flat[0]:.4f}: does every way from the result to this side stay on Tensor operations?")

def check_refused(left, right, word):
    try:
        vectorized_matmul(Tensor(np.zeros(left)), Tensor(np.zeros(right)))
    except (IndexError, TypeError, ValueError) as error:
        assert isinstance(error, ValueError) and word in str(error).lower() and str(left) in str(error), (
            f"{left} @ {right}: wanted a ValueError that says {word!r} and names the shapes, got "
            f"{type(error).__name__}: {error}: ask for the shapes before you use them")
    else:
        raise AssertionError(f"{left} @ {right} was accepted, wanted a ValueError that says {word!r}")

def test_unit_vectorized_matmul():
    """Values, shapes, gradients, the single product, and the error messages of vectorized_matmul."""
    got = vectorized_matmul(Tensor([[1, 2], [3, 4]]), Tensor([[5, 6], [7, 8]]))
    assert np.array_equal(got.data, [[19, 22], [43, 50]]), (
        f"[[1, 2], [3, 4]] @ [[5, 6], [7, 8]] gave {got.data.tolist()}, wanted [[19, 22], [43, 50]]: rows by columns")
    shapes = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)),
              ((2, 5, 2, 3), (5, 3, 4))]
    collapsed = [((8, 4, 3), (3, 2), 32)]
    refused = [((3,), (3, 2), "2d+"), ((2, 3), (3,), "2d+"), ((1, 2), (3, 1), "shape mismatch"),
               ((2, 3, 4), (3, 4), "shape mismatch")]
    ### BEGIN HIDDEN TESTS
    shapes += [((4, 1), (1, 6)), ((3, 2, 4, 2), (2, 5)), ((1, 5, 4), (6, 4, 3)), ((2, 4, 3, 2), (4, 2, 3)),
               ((1, 7), (7, 1))]
    collapsed += [((3, 5, 2, 7), (7, 4), 30)]
    refused += [((5,), (5,), "2d+"), ((), (2, 2), "2d+"), ((4, 2, 5), (4, 3, 5), "shape mismatch")]
    ### END HIDDEN TESTS
    for left, right in shapes:
        check_product(left, right)
    for left, right, rows in collapsed:
        with Trace() as trace:
            vectorized_matmul(Tensor(np.ones(left, np.float32)), Tensor(np.ones(right, np.float32)))
        ran = [operation.shapes for operation in trace.operations if "matmul" in operation.name]
        assert ran == [((rows, right[0]), right)], (
            f"{left} @ {right} ran products of shapes {ran}, wanted one of {rows} rows: collapse the batch")
    for left, right, word in refused:
        check_refused(left, right, word)

test_unit_vectorized_matmul()

# %% [markdown]
r"""
## 4. Kernel fusion

GELU weighs its input by the chance that a normal variable stays below it, $x\,\Phi(x)$; most networks use the form

$$\mathrm{gelu}(x) = \tfrac12 x \left(1 + \tanh\!\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)$$

Written with Tensor operations, each `*`, `+` and `tanh` reads whole arrays from memory and writes a whole array back.
None of them does more than one FLOP for each number that it moves. NumPy runs an expression one operation at a time:
writing the formula on one line changes nothing about that.

### Exercise: unfused_gelu

The honest opposite of fusion, to measure against: one Tensor operation for each step of the formula, with a temporary
for each result. It must be differentiable, which it is if you stay with tensors.
"""

# %% nbgrader={"solution": true, "grade_id": "unfused-gelu"}
#| export
def unfused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU, one Tensor operation for each step; for comparison with `fused_gelu`. Any shape, floating
    type.

    >>> unfused_gelu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.1588,  0.    ,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    x = as_tensor(x)
    cubed = x**3
    bent = 0.044715 * cubed
    inner = x + bent
    scaled = math.sqrt(2 / math.pi) * inner
    squashed = scaled.tanh()
    shifted = 1 + squashed
    weighed = x * shifted
    return 0.5 * weighed
    ### END SOLUTION

# %%
rows = trace_of(lambda: unfused_gelu(tokens)).summary()
print(table(rows, "unfused_gelu, operation by operation"))
moved, least = sum(row.bytes for row in rows), 2 * tokens.data.nbytes
print(f"moved {moved / 1e6:.1f} MB; reading x once and writing y once would be {least / 1e6:.1f} MB, "
      f"{least / moved:.0%} of it")

# %% [markdown]
r"""
The passes are one cost. A second hides in a single row, `pow` (if you wrote `x**3`): a general power counts as one
FLOP, and is far more work than two products.
"""

# %%
for name, cube in [("x**3", lambda: tokens**3), ("x * x * x", lambda: tokens * tokens * tokens)]:
    print(f"{name:9s} {best_seconds(cube) * 1e3:6.3f} ms")

# %% [markdown]
r"""
### Exercise: fused_gelu

Now make it an operation of your framework: the primitive and its gradient rule stand ready below, with how they are
counted. One line makes a `floating` Tensor of whatever comes and sends it through lesson 01's door; there is nothing to
record by hand, and autograd, the profiler and half precision all work at once.
"""

# %%
#| export
def _gelu_forward(x: np.ndarray) -> np.ndarray:
    return one_pass(gelu_loops(x.dtype)[0], x)


def _gelu_backward(g: np.ndarray, y: None, x: np.ndarray) -> np.ndarray:
    return one_pass(gelu_loops(x.dtype)[1], g, x)


FUSED_GELU = Primitive("fused_gelu", _gelu_forward, saves="inputs")
gradient_rule("fused_gelu", _gelu_backward)
flop_rule("fused_gelu", per_output(9), per_output(18))

# %% nbgrader={"solution": true, "grade_id": "fused-gelu"}
#| export
def fused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU in one pass over memory, its backward too.

    Any shape and memory layout; float16, bfloat16, float32 and float64 keep their type (halves are computed in float32
    and rounded once), whole numbers become float32. Hendrycks and Gimpel, Gaussian Error Linear Units, 2016,
    arXiv:1606.08415.

    >>> fused_gelu(Tensor([-2, -1, 0, 1, 2]))
    Tensor([-0.0454, -0.1588,  0.    ,  0.8412,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    return apply(FUSED_GELU, floating(x))
    ### END SOLUTION

# %%
def gelu64(x):
    """The reference: value and slope of the tanh form in float64."""
    x = np.asarray(x, dtype=np.float64)
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * (1 + t) / 2, (1 + t) / 2 + x / 2 * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)

def farthest(x, got, wanted):
    """Where `got` is farthest from `wanted`, in words."""
    x, got, wanted = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (x, got, wanted))
    at = np.argmax(np.abs(got - wanted))
    return f"at {x[at]:g} gave {got[at]:.5f}, wanted {wanted[at]:.5f}"

# %% nbgrader={"grade": true, "grade_id": "test-fused-gelu", "locked": true, "points": 10}
def check_fused_gelu(data, kind, tolerance):
    """Values, shape, type and an untouched input, for numbers of one of the four types."""
    x = Tensor(data, dtype=kind)
    before = x.data.copy()
    got = fused_gelu(x)
    assert got.dtype == before.dtype, f"{kind} in gave {got.dtype} out, wanted {kind}: the type must be kept"
    assert got.shape == before.shape, f"shape {before.shape} in gave {got.shape} out, wanted {before.shape}"
    assert np.array_equal(x.data, before), (
        f"the input in {kind} was {before.flat[0]} and is {x.data.flat[0]}, wanted as it was: a kernel writes to an "
        "array of its own")
    wanted = gelu64(before.astype(np.float64))[0]
    off = np.abs(got.data.astype(np.float64) - wanted).max(initial=0)
    assert off < tolerance * max(1, np.abs(wanted).max(initial=0)), (
        f"fused_gelu of {kind} {farthest(before, got.data, wanted)}: compare your scalar formula with the tanh form")

def check_gradient(x):
    leaf = Tensor(x, requires_grad=True)
    out = fused_gelu(leaf)
    assert out.requires_grad, (
        "the result's requires_grad is False, wanted True: go through apply, so that the operation is recorded")
    (out * Tensor(x)).sum().backward()
    wanted = x * gelu64(x)[1]
    assert np.allclose(leaf.grad.data, wanted, atol=1e-5), (
        f"the gradient of x gelu(x') to x' {farthest(x, leaf.grad.data, wanted)}: is it the slope times what comes in?")

def whole_numbers(numbers):
    try:
        return fused_gelu(Tensor(np.array(numbers)))
    except (KeyError, TypeError) as error:
        raise AssertionError(f"whole numbers {numbers} stopped at {error}, wanted {gelu64(numbers)[0].round(4)} in "
                             "float32: there is no kernel for their type, so change it first") from error

def test_unit_fused_gelu():
    """Values, types, layouts, extremes and gradients of fused_gelu, against float64."""
    x = np.array([-3.0, -2.0, -1.0, -0.752, 0.0, 1.0, 2.0, 3.0], dtype=np.float32)
    inputs, whole = [x, np.random.default_rng(2).normal(size=(33, 7)) * 3, np.zeros((0, 3)), np.float64(1)], [-1, 2]
    far = {-1e20: 0, -10.0: 0, 10.0: 10.0, 1e20: 1e20, np.inf: np.inf, -np.inf: 0}
    ### BEGIN HIDDEN TESTS
    inputs += [np.linspace(-5, 5, 37).reshape(37, 1), np.random.default_rng(12).normal(size=(2, 3, 4))]
    whole += [3, -4, 0]
    far |= {-3e30: 0, 40.0: 40.0, 2e25: 2e25}
    ### END HIDDEN TESTS
    for kind, tolerance in [("float16", 2e-3), ("bfloat16", 2e-2), ("float32", 2e-6), ("float64", 1e-12)]:
        for data in inputs:
            check_fused_gelu(data, kind, tolerance)
    source = Tensor(inputs[1].astype(np.float32))
    turned = fused_gelu(source.T)
    assert turned.shape == (7, 33) and np.allclose(turned.data, gelu64(source.data.T)[0], atol=2e-5), (
        f"a transposed input {farthest(source.data.T, turned.data, gelu64(source.data.T)[0])}: whose order is it?")
    got = whole_numbers(whole)
    assert got.dtype == np.float32 and np.allclose(got.data, gelu64(whole)[0], atol=1e-4), (
        f"whole numbers {whole} gave {got}, wanted {gelu64(whole)[0].round(4)} in float32")
    got = fused_gelu(Tensor(list(far))).data
    assert np.array_equal(got, np.float32(list(far.values()))), (
        f"far out, at {list(far)}, fused_gelu gave {got}, wanted {list(far.values())}: is it your kernel?")
    check_gradient(x)
    ### BEGIN HIDDEN TESTS
    check_gradient(np.linspace(-4, 4, 23).astype(np.float32))
    ### END HIDDEN TESTS

test_unit_fused_gelu()

# %% [markdown]
r"""
### What fusion changes

Three things can be *counted*, and are graded: the results are the same; the trace shows one pass over memory in place
of eight; and the fused form never holds more than its output. How long the two take is printed, for you to see; the
fused one also does without `pow`. Wall time is never graded: it would grade your neighbour's downloads too.
"""

# %% nbgrader={"grade": true, "grade_id": "test-fusion-speedup", "locked": true, "points": 10}
def check_both(x):
    """Fused and unfused agree with float64, in one pass and in eight, and the fused holds only its output."""
    passes, held = {}, {}
    for function in (fused_gelu, unfused_gelu):
        name = function.__name__
        with Trace() as trace:
            out = function(x)
        wanted, passes[name] = gelu64(x.data)[0], len(trace.operations)
        assert np.abs(out.data - wanted).max() < 5e-6, (
            f"{name} {farthest(x.data, out.data, wanted)}: go through the tanh form step by step")
        held[name] = peak_bytes(lambda: function(x))[1] / x.data.nbytes
    assert passes["fused_gelu"] == 1, f"fused_gelu ran {passes['fused_gelu']} primitives, wanted 1: one pass for all"
    assert passes["unfused_gelu"] >= 8, (
        f"unfused_gelu ran {passes['unfused_gelu']} primitives, wanted 8 at least: give each of the steps its own, and "
        "stay with Tensor operations")
    assert held["fused_gelu"] <= 1.1, (
        f"fused_gelu held {held['fused_gelu']:.2f} times its output, wanted 1: somewhere a temporary array is made")
    return passes, held

def check_unfused_gradient(x):
    leaf = Tensor(x, requires_grad=True)
    unfused_gelu(leaf).sum().backward()
    wanted = gelu64(x)[1]
    assert leaf.grad is not None and np.allclose(leaf.grad.data, wanted, atol=1e-5), (
        f"the gradient through unfused_gelu {farthest(x, 0 * x if leaf.grad is None else leaf.grad.data, wanted)}: one "
        "of its steps leaves the Tensor operations")

def test_unit_fusion_speedup():
    """Fused and unfused GELU agree; the fused one makes one pass and allocates only its output. Times are only
    printed.
    """
    x = Tensor(np.random.default_rng(4).normal(size=(1000, 1000)).astype(np.float32))
    passes, held = check_both(x)
    check_unfused_gradient(x.data[:3])
    ### BEGIN HIDDEN TESTS
    wide = Tensor(np.linspace(-6, 6, 90_000, dtype=np.float32).reshape(300, 300))
    check_both(wide)
    check_unfused_gradient(wide.data[::50])
    ### END HIDDEN TESTS
    seconds = {f.__name__: best_seconds(lambda: f(x), 3) for f in (fused_gelu, unfused_gelu)}
    for name in passes:
        print(f"{name:13s} {passes[name]} passes, peak {held[name]:.2f} x the output, {seconds[name] * 1e3:6.2f} ms")

test_unit_fusion_speedup()

# %% [markdown]
r"""
### Exercise: MixedPrecisionTrainer

The whole step in one method, for any model with `parameters()` and any optimizer with `step()` and `zero_grad()`,
yours or a stranger's. The constructor is given. `loss_scale`, `growth_interval` and the other settings live in the
scaler underneath; the properties let you read and set them here.

`train_step` goes: forward and loss under `autocast`; is the loss a single number (`check_single`), and does it depend
on the parameters at all (`depends_on`, below)? clear the old gradients; backward on the scaled loss; unscale; step only
if all is finite; update the scale. The second question matters: a model that rebuilds its output with `Tensor(x.data)`
has cut the trail, and a trainer that counted a step all the same would be lying. Then: warn with `_NO_GRAPH`, touch
neither the optimizer nor the scale, and report that no valid gradients were there.
"""

# %%
#| export
_NO_GRAPH = (
    "the loss carries no graph, so no step was taken: the model's output does not depend on its parameters through "
    "recorded operations. The usual cause is Tensor(x.data...) or detach() somewhere in the model; use Tensor "
    "operations all the way")


def depends_on(loss: Tensor, parameters: Iterable[Tensor]) -> bool:
    """Whether the graph behind `loss` leads to one of `parameters`."""
    if loss._node is None:
        return False
    leaves = {id(edge) for node in nodes_in_order(loss._node) for edge in node.edges}
    return any(id(p) in leaves for p in parameters)

# %%
#| export
def pair_of(batch: Any) -> tuple[Any, Any]:
    """`batch` itself where it is a tuple or list of two; a Tensor of two rows is not meant."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        what = f"{len(batch)} things" if isinstance(batch, (tuple, list)) else f"a {type(batch).__name__}"
        raise TypeError(f"train_step takes a batch of two, (inputs, targets), got {what}")
    return batch

# %%
#| export
def require_gradients(model: Any) -> None:
    """Ask all parameters of `model` for gradients where none of them requires one."""
    parameters = parameters_of(model)
    if not any(p.requires_grad for p in parameters):
        for p in parameters:
            p.requires_grad = True

# %%
#| export
def _scaler_setting(name: str) -> property:
    return property(lambda self: getattr(self.scaler, name), lambda self, value: setattr(self.scaler, name, value))

# %% nbgrader={"solution": true, "grade_id": "mixed-precision-trainer"}
#| export
class MixedPrecisionTrainer:
    """Training in mixed precision: float32 master weights, a half-precision forward pass, dynamic loss scaling.

    `model` is called with the inputs and has `parameters()`; `optimizer` has `step()` and `zero_grad()`;
    `loss_fn(outputs, targets)` gives one number; `dtype` is "float16" or "bfloat16". Where none of the parameters
    requires a gradient, all are asked to; a frozen one beside others stays frozen.
    """

    loss_scale = _scaler_setting("loss_scale")
    max_loss_scale = _scaler_setting("max_scale")
    min_loss_scale = _scaler_setting("min_scale")
    scale_growth_factor = _scaler_setting("growth_factor")
    scale_backoff_factor = _scaler_setting("backoff_factor")
    growth_interval = _scaler_setting("growth_interval")
    steps_since_last_scale_update = _scaler_setting("growth_tracker")

    def __init__(
        self, model: Any, optimizer: Any, loss_scale: float = 1024.0, max_loss_scale: float = 65536.0,
        loss_fn: Callable[[Tensor, Tensor], Tensor] = MSELoss(), dtype: Any = "float16",
    ):
        self.model, self.optimizer, self.loss_fn, self.dtype = model, optimizer, loss_fn, as_dtype(dtype)
        if not is_half(self.dtype):
            raise ValueError(f"mixed precision runs in float16 or bfloat16, not in {self.dtype}")
        self.scaler = GradScaler(loss_scale, min_scale=min(1.0, loss_scale), max_scale=max_loss_scale)
        self.overflow_detected = False
        require_gradients(model)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times the current scale, its graph attached.

        >>> MixedPrecisionTrainer(Linear(2, 1), None).scale_loss(Tensor([0.5]))
        Tensor([512.], dtype=float32)
        """
        ### BEGIN SOLUTION
        return self.scaler.scale(loss)
        ### END SOLUTION

    def unscale_gradients(self, parameters: Iterable[Tensor]) -> bool:
        """Divide the parameters' gradients by the scale, set `overflow_detected`, and return whether all are finite."""
        ### BEGIN SOLUTION
        self.overflow_detected = unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)
        return not self.overflow_detected
        ### END SOLUTION

    def update_loss_scale(self) -> None:
        """Adapt the scale to `overflow_detected`, as `next_scale` does."""
        ### BEGIN SOLUTION
        self.scaler.adapt(self.overflow_detected)
        ### END SOLUTION

    def _compute_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.loss_fn(outputs, targets)

    def train_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, float | bool]:
        """One step on `(inputs, targets)`: `{"loss", "loss_scale", "overflow", "gradients_valid"}`.

        "loss" is the unscaled loss, "loss_scale" the scale after the step, "gradients_valid" whether the optimizer
        stepped. Where the loss carries no graph, it warns, calls no optimizer, leaves the scale and its count alone
        and returns overflow False and gradients_valid False. ValueError where the loss is not a single number.
        """
        inputs, targets = pair_of(batch)
        require_gradients(self.model)
        ### BEGIN SOLUTION
        with autocast(self.dtype), np.errstate(all="ignore"):
            loss = self._compute_loss(self.model(inputs), targets)
        check_single(loss)
        parameters = parameters_of(self.model)
        if not depends_on(loss, parameters):
            warnings.warn(_NO_GRAPH, stacklevel=2)
            return self._metrics(loss, overflow=False, valid=False)
        self.optimizer.zero_grad()
        with np.errstate(all="ignore"):
            self.scale_loss(loss).backward()
        valid = self.unscale_gradients(parameters)
        if valid:
            self.optimizer.step()
        self.update_loss_scale()
        return self._metrics(loss, overflow=self.overflow_detected, valid=valid)
        ### END SOLUTION

    def _metrics(self, loss: Tensor, overflow: bool, valid: bool) -> dict[str, float | bool]:
        value = float(loss.item())
        return {"loss": value, "loss_scale": self.loss_scale, "overflow": overflow, "gradients_valid": valid}

# %%
manual_seed(0)
net = Sequential(Linear(10, 16), fused_gelu, Linear(16, 5))
trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1))
x, y = Tensor(np.random.default_rng(0).normal(size=(32, 10)).astype(np.float32)), Tensor(np.zeros((32, 5), np.float32))
for _ in range(2):
    print(trainer.train_step((x, y)))

# %% [markdown]
r"""
A trainer must get along with models and optimizers that it does not know. Here are a model and an optimizer as a
stranger might write them, for the checks that follow.
"""

# %% nbgrader={"grade_id": "strangers", "locked": true}
class MockModel:
    """A model as a stranger would write it: a weight made by Tensor(...), which asks for no gradient."""

    def __init__(self):
        self.weight = Tensor(np.random.default_rng(5).normal(size=(10, 5)).astype(np.float32))
        self.weight.grad = None
        self.seen = None

    def __call__(self, x):
        out = x.matmul(self.weight)
        self.seen = out.dtype
        return out

    def parameters(self):
        return [self.weight]


class MockOptimizer:
    """Rebinds p.data, and counts."""

    def __init__(self, params):
        self.params, self.updates_applied, self.zeroed = params, 0, 0

    def zero_grad(self):
        self.zeroed += 1
        for p in self.params:
            p.grad = None

    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.data = p.data - 0.01 * p.grad.data
        self.updates_applied += 1


def mock_trainer(scale, **settings):
    model = MockModel()
    return MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), loss_scale=scale, **settings)

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision", "locked": true, "points": 15}
def check_scaled(scale, loss):
    trainer = mock_trainer(scale)
    scaled = trainer.scale_loss(Tensor([loss]))
    assert np.isclose(scaled.data[0], loss * scale), (
        f"scale_loss of a loss of {loss} at a scale of {scale:g} gave {scaled.data[0]:g}, wanted {loss * scale:g}")
    assert trainer.scale_loss((trainer.model.weight * 1).mean()).requires_grad, (
        "the scaled loss's requires_grad is False, wanted True: multiply the Tensor, not its data")


def check_unscaled(scale):
    """`unscale_gradients` divides all gradients, says whether they are finite, and remembers what it found last."""
    trainer = mock_trainer(scale)
    first, second = trainer.model.weight, Tensor(np.zeros(2))
    for low, wanted in [(scale, True), (np.inf, False), (np.nan, False), (-scale, True)]:
        first.grad, second.grad = Tensor(np.full((10, 5), 2 * scale)), Tensor([1.0, low])
        valid = trainer.unscale_gradients([first, Tensor([1.0]), second])
        state = f"gradients [{2 * scale:g}, ...], none and [1, {low:g}] at a scale of {scale:g}"
        assert (valid, trainer.overflow_detected) == (wanted, not wanted), (
            f"{state}: unscale_gradients returned {valid} and left overflow_detected {trainer.overflow_detected}, "
            f"wanted {wanted} and {not wanted}: look at all of them, each time anew")
        assert np.allclose(first.grad.data, 2), (
            f"{state}: the first became {first.grad.data[0, 0]:g}, wanted 2: divide by the scale")


def check_adapts(scale):
    trainer = mock_trainer(scale)
    for count, overflow, wanted in [(7, True, (scale / 2, 0)), (1998, False, (scale / 2, 1999)),
                                    (2000, False, (scale, 0)), (0, False, (scale, 1))]:
        trainer.overflow_detected, trainer.steps_since_last_scale_update = overflow, count
        before = trainer.loss_scale
        trainer.update_loss_scale()
        got = trainer.loss_scale, trainer.steps_since_last_scale_update
        assert got == wanted, (
            f"a scale of {before:g} and a count of {count}, overflow {overflow}: update_loss_scale made scale and "
            f"count {got}, wanted {wanted}: it falls at once, grows once in 2000 steps, both start the count anew")


def half_gradient(weight, inputs, targets):
    """The mean squared error of a product of halves, and its gradient to the weight."""
    half = inputs.data.astype(np.float16).astype(np.float32) @ weight.astype(np.float16).astype(np.float32)
    difference = half.astype(np.float16).astype(np.float32) - targets.data
    return np.mean(difference**2), inputs.data.T @ difference * (2 / difference.size)


def check_good_step(trainer, inputs, targets):
    weight, steps = trainer.model.weight.data.copy(), trainer.optimizer.updates_applied
    loss, gradient = half_gradient(weight, inputs, targets)
    metrics = trainer.train_step((inputs, targets))
    assert set(metrics) == {"loss", "loss_scale", "overflow", "gradients_valid"}, (
        f"train_step returned the keys {sorted(metrics)}, wanted loss, loss_scale, overflow and gradients_valid")
    assert np.isclose(metrics["loss"], loss, rtol=1e-3), (
        f"the loss reported is {metrics['loss']:.4f}, wanted {loss:.4f}, the unscaled one")
    taken = trainer.optimizer.updates_applied - steps
    assert (metrics["overflow"], metrics["gradients_valid"], taken) == (False, True, 1), (
        f"a good step gave {metrics} and called the optimizer {taken} times, wanted no overflow, valid gradients and 1")
    model = trainer.model
    assert model.seen == np.float16, f"the forward pass ran in {model.seen}, wanted float16: use autocast"
    assert model.weight.dtype == np.float32, f"the master weight is now {model.weight.dtype}, wanted float32 as it was"
    moved = weight - model.weight.data
    assert np.allclose(moved, 0.01 * gradient, atol=1e-4), (
        f"the first weight moved by {moved[0, 0]:.3g}, wanted {0.01 * gradient[0, 0]:.3g}: was its gradient of this "
        "step alone, and unscaled once?")


def check_overflow(trainer, inputs, targets):
    weight, scale, steps = trainer.model.weight.data.copy(), trainer.loss_scale, trainer.optimizer.updates_applied
    metrics = trainer.train_step((inputs, targets))
    taken = trainer.optimizer.updates_applied - steps
    assert (metrics["overflow"], metrics["gradients_valid"], taken) == (True, False, 0), (
        f"an overflowing step gave {metrics} and called the optimizer {taken} times, wanted overflow, no valid "
        "gradients and 0: skip the update")
    assert np.array_equal(trainer.model.weight.data, weight), "the weights moved on an overflow, wanted as they were"
    assert trainer.loss_scale == scale / 2, (
        f"after the overflow the scale is {trainer.loss_scale:g}, wanted {scale / 2:g}: half of it, once")


def test_unit_mixed_precision():
    """Scaling, unscaling, skipping, adapting and training of MixedPrecisionTrainer, with a stranger's model and
    optimizer.
    """
    runs = [(1024.0, 0.001, 6)]
    ### BEGIN HIDDEN TESTS
    runs += [(96.0, 0.75, 16)]
    ### END HIDDEN TESTS
    for scale, loss, seed in runs:
        check_scaled(scale, loss)
        check_unscaled(scale)
        check_adapts(scale)
        rng, trainer = np.random.default_rng(seed), mock_trainer(scale)
        inputs, targets = (Tensor(rng.normal(size=(8, n)).astype(np.float32)) for n in (10, 5))
        check_good_step(trainer, inputs, targets)
        check_good_step(trainer, inputs, targets)
        check_overflow(trainer, Tensor(np.full((8, 10), 60000.0, np.float32)), targets)
        check_good_step(trainer, inputs, targets)

test_unit_mixed_precision()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-run", "points": 8}
def run_of(scale, sizes, settings, **more):
    """Train on a sum of x w over two rows of ones times each size; scale and overflow after each step."""
    trainer = mock_trainer(scale, loss_fn=lambda outputs, targets: (outputs - targets).sum(), **more)
    for name, value in settings.items():
        setattr(trainer, name, value)
    path = []
    for size in sizes:
        before = trainer.model.weight.data.copy()
        inputs = Tensor(np.full((2, 10), size, np.float32))
        metrics = trainer.train_step((inputs, Tensor(np.zeros((2, 5), np.float32))))
        path.append((metrics["loss_scale"], metrics["overflow"]))
        if np.isfinite(size):
            step = (before - trainer.model.weight.data)[0, 0]
            assert np.isclose(step, 0.02 * size, rtol=0.02), (
                f"the sum of x w over 2 rows of {size} moved w by {step:.4g}, wanted {0.02 * size:.4g}: whose loss, "
                "whose scale, and were the old gradients cleared?")
    return path, trainer

def test_unit_mixed_precision_run():
    fast = {"growth_interval": 2, "scale_growth_factor": 4.0, "scale_backoff_factor": 0.25}
    inf = np.inf
    path = [(64, False), (256, False), (64, True), (64, False), (256, False)]
    runs = [(64.0, [1, 1, inf, 1, 1], fast, {}, path),
            (2.0, [inf] * 3, {}, {}, [(1, True), (1, True), (1, True)]),
            (8.0, [1, 1], {"growth_interval": 1}, {"max_loss_scale": 16.0}, [(16, False), (16, False)])]
    ### BEGIN HIDDEN TESTS
    path = [(48, False), (24, True), (24, False), (48, False)]
    runs += [(48.0, [0.5, inf, 2, 0.5], {"growth_interval": 2}, {}, path),
             (0.5, [inf, 1], {}, {}, [(0.5, True), (0.5, False)])]
    ### END HIDDEN TESTS
    for scale, sizes, settings, more, wanted in runs:
        path, trainer = run_of(scale, sizes, settings, dtype="bfloat16", **more)
        assert trainer.model.seen == as_dtype("bfloat16"), (
            f"dtype is bfloat16 and the forward pass ran in {trainer.model.seen}, wanted bfloat16: which type has the "
            "trainer been given?")
        assert path == wanted, (
            f"a scale of {scale} with {settings | more}, inputs of {sizes}: scale and overflow went\n{path}, wanted\n"
            f"{wanted}: what is reset after an overflow, where are floor and ceiling, is it the scale after the step?")

test_unit_mixed_precision_run()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-overflow", "points": 5}
def check_finite_loss(size, target):
    """A loss that is finite, whose gradient times 65536 overflows float16; the scale falls until it fits."""
    trainer = mock_trainer(65536.0)
    trainer.model.weight.data *= 0
    batch = Tensor(np.full((8, 10), size, np.float32)), Tensor(np.full((8, 5), target, np.float32))
    metrics = trainer.train_step(batch)
    assert np.isclose(metrics["loss"], target**2), (
        f"the loss of this batch is {target**2}, train_step reports {metrics['loss']}")
    taken = trainer.optimizer.updates_applied
    assert metrics["overflow"] and not metrics["gradients_valid"] and taken == 0, (
        f"inputs of {size}, targets of {target}: the loss is finite, and its gradient times 65536 overflows float16; "
        f"train_step gave {metrics} and called the optimizer {taken} times, wanted overflow, 0: judge by the gradients")
    for _ in range(16):
        metrics = trainer.train_step(batch) if metrics["overflow"] else metrics
    assert metrics["gradients_valid"] and trainer.optimizer.updates_applied == 1, (
        f"inputs of {size}, targets of {target}: in 17 steps the scale fell to {metrics['loss_scale']:g} and the last "
        f"step gave {metrics}, wanted one good step as soon as the scale fits: each step is judged anew")

def check_half_loss(loss, scale):
    scaled = mock_trainer(scale).scale_loss(Tensor(loss, dtype="float16")).item()
    assert scaled == loss * scale, (
        f"a float16 loss of {loss} times {scale:g} gave {scaled}, wanted {loss * scale:g}: scale in float32")

def check_many(rows):
    """A loss of many numbers is refused in words, and the optimizer is not called."""
    trainer = mock_trainer(8.0, loss_fn=lambda outputs, targets: outputs)
    said = "no error"
    try:
        trainer.train_step((Tensor(np.ones((rows, 10), np.float32)), Tensor(np.zeros((rows, 5), np.float32))))
    except NotImplementedError:
        raise
    except (RuntimeError, TypeError, ValueError) as error:
        said = f"a {type(error).__name__}: {error}"
    calls = trainer.optimizer.updates_applied, trainer.optimizer.zeroed
    assert said.startswith("a ValueError") and calls == (0, 0), (
        f"a loss of shape {(rows, 5)} gave {said}, with {calls} calls of step() and zero_grad(), wanted a ValueError "
        "and (0, 0): ask whether it is one number before anything is changed")

def test_unit_mixed_precision_overflow():
    check_many(2)
    batches, losses = [(500.0, 100.0)], [(300.0, 1024.0)]
    ### BEGIN HIDDEN TESTS
    batches += [(300.0, 50.0)]
    losses += [(2048.0, 64.0)]
    ### END HIDDEN TESTS
    for size, target in batches:
        check_finite_loss(size, target)
    for loss, scale in losses:
        check_half_loss(loss, scale)

test_unit_mixed_precision_overflow()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-detached", "points": 5}
class Detached(MockModel):
    """Rebuilds its output, and so cuts the trail."""

    def __call__(self, x):
        return Tensor(super().__call__(x).data)

class ThroughTheInput(MockModel):
    """A trail to the input, and none to the weight."""

    def __call__(self, x):
        return x @ Tensor(self.weight.data)

def check_cut(kind, rows, scale, count):
    """A step without a way to the parameters: a warning, no call of the optimizer, and the scaler as it was."""
    model = kind()
    trainer = MixedPrecisionTrainer(model, MockOptimizer(model.parameters()), loss_scale=scale)
    trainer.steps_since_last_scale_update = count
    batch = Tensor(np.ones((rows, 10)), requires_grad=True), Tensor(np.ones((rows, 5)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metrics = trainer.train_step(batch)
    told = f"the loss leads to no parameter ({kind.__name__}), and train_step"
    got = metrics["overflow"], metrics["gradients_valid"]
    assert got == (False, False), f"{told} gave {metrics}, wanted no overflow and no valid gradients: no step was taken"
    said = [str(warning.message) for warning in caught]
    assert any(len(text) > 20 for text in said), (
        f"{told} said {said}, wanted a warning in words: a step that is not taken must not look like one")
    calls = trainer.optimizer.updates_applied, trainer.optimizer.zeroed
    assert calls == (0, 0), (
        f"{told} called step() {calls[0]} and zero_grad() {calls[1]} times, wanted 0 and 0: ask before you touch them")
    state = trainer.loss_scale, trainer.steps_since_last_scale_update
    assert state == (scale, count), (
        f"{told} left scale and count at {state}, wanted {(scale, count)}: there was nothing to adapt to")

def check_frozen(part):
    """A frozen layer beside another stays as it is."""
    net = Sequential(Linear(10, 4), Linear(4, 5))
    for p in (net[part].weight, net[part].bias):
        p.requires_grad = False
    before = net[part].weight.data.copy()
    pair = tuple(Tensor(np.ones((2, n), np.float32)) for n in (10, 5))
    MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1)).train_step(pair)
    got = net[part].weight.requires_grad, not np.array_equal(net[part].weight.data, before)
    assert got == (False, False), (
        f"layer {part} of two was frozen: asks for gradients, has moved: {got}, wanted (False, False): leave it alone")

def test_unit_mixed_precision_detached():
    cut, parts = [(Detached, 2, 256.0, 3), (ThroughTheInput, 2, 1024.0, 0)], [0]
    ### BEGIN HIDDEN TESTS
    cut += [(ThroughTheInput, 5, 32.0, 1999), (Detached, 1, 2.0, 11)]
    parts += [1]
    ### END HIDDEN TESTS
    for kind, rows, scale, count in cut:
        check_cut(kind, rows, scale, count)
    for part in parts:
        check_frozen(part)

test_unit_mixed_precision_detached()

# %% [markdown]
r"""
## 8. Measuring it all

Four analyses put the parts together. They are given; what they rest on, you have written, or write in the two small
exercises of this section. Each prints a table and returns the rows that it printed.

### How far do products get?
"""

# %%
#| export
@dataclass(frozen=True)
class ScalingRow:
    """A square product of one size, on one thread, and the naive loops where they end in time."""

    size: int = column("size")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".1f")
    percent_of_peak: float = column("% of peak", ".1f")
    intensity: float = column("FLOP/byte", ".1f")
    loops_ms: float | None = column("loops ms", ",.0f")

# %%
#| export
def _loops(a: np.ndarray, b: np.ndarray) -> list[list[float]]:
    columns = b.T.tolist()
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a.tolist()]

# %% nbgrader={"grade_id": "analyze-vectorization", "locked": true}
#| export
def analyze_vectorization_scaling(
    sizes: Sequence[int] = (64, 128, 256, 512, 1024, 2048), loops_up_to: int = 128
) -> list[ScalingRow]:
    """Time square float32 products with `vectorized_matmul` on one thread, against this machine's measured peak; print
    a table.
    """
    for size in sizes:
        check_sizes(size=size)
    peaks, rows, rng = measure_peaks(progress=print), [], np.random.default_rng(0)
    for size in sizes:
        a, b = (Tensor(rng.random((size, size), dtype=np.float32)) for _ in range(2))
        with threadpool_limits(1), no_grad():
            seconds = best_seconds(lambda: vectorized_matmul(a, b), repeats=3 if size > 1000 else 10)
        rate, intensity = 2 * size**3 / seconds, matmul_intensity(size, size, size, 4)
        loops = best_seconds(lambda: _loops(a.data, b.data), 1) * 1e3 if size <= loops_up_to else None
        rows.append(ScalingRow(size, seconds * 1e3, rate / 1e9, 100 * rate / peaks.flops, intensity, loops))
    print(table(rows, f"Square products, float32, one thread; measured peak {peaks.flops / 1e9:.1f} GFLOP/s"))
    return rows

# %%
scaling = analyze_vectorization_scaling()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
sizes, with_loops = [row.size for row in scaling], [row for row in scaling if row.loops_ms is not None]
left.plot(sizes, [row.percent_of_peak for row in scaling], "o-")
left.axhline(100, color="gray", linewidth=0.8, linestyle=":")
left.set(ylabel="% of measured peak", ylim=(0, 115))
right.plot([row.size for row in with_loops], [row.loops_ms for row in with_loops], "s-", color="tab:red", label="loops")
right.plot(sizes, [row.ms for row in scaling], "o-", label="vectorized")
right.set(yscale="log", ylabel="ms")
right.legend()
for axes in (left, right):
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("size of the square product")
plt.show()

# %% [markdown]
r"""
Small products do not fill the machine: the call costs the same for few numbers as for many. Large ones come close to
the peak, and they stay there, for their intensity grows with the size: a large product is *not* limited by bandwidth.
(A percent or two above 100 is the spread of the two measurements.)

### Where do operations stand under the roof?
"""

# %%
#| export
def check_together(model: Model | None, x: Any) -> None:
    """Raise ValueError where only one of the two is given."""
    if (model is None) != (x is None):
        raise ValueError("a model and its input x are given together, or neither")

# %% nbgrader={"grade_id": "analyze-arithmetic-intensity", "locked": true}
#| export
def analyze_arithmetic_intensity(
    size: int = 2048, model: Model | None = None, x: Any = None, loss_fn: Callable[[Tensor], Tensor] | None = None
) -> list[RooflineRow]:
    """Add, multiply, GELU unfused and fused, and a product of `size` by `size` float32 under the measured roof; print
    a table.

    With a `model` and its input `x` also the operations of the model, and with `loss_fn` of its backward pass.
    """
    check_together(model, x)
    check_sizes(size=size)
    peaks, rng = measure_peaks(progress=print), np.random.default_rng(0)
    a, b = (Tensor(rng.normal(size=(size, size)).astype(np.float32)) for _ in range(2))
    work = {"add": lambda: a + b, "multiply": lambda: a * b, "unfused_gelu": lambda: unfused_gelu(a),
            "fused_gelu": lambda: fused_gelu(a), "matmul": lambda: vectorized_matmul(a, b)}
    rows = [roofline_row(name, function, peaks) for name, function in work.items()]
    rows += [] if model is None else model_rows(model, x, peaks, loss_fn)
    print(table(rows, f"{size} x {size} float32, one thread; the corner of the roof is at {peaks.ridge:.1f} FLOP/byte"))
    return rows

# %%
intensities = analyze_arithmetic_intensity(model=block, x=tokens, loss_fn=lambda y: (y * y).mean())

# %% [markdown]
r"""
`block` is the feed-forward half from the first section; put a network and a batch of yours in its place. The picture
shows all rows. Names are put where they are free, so that neighbours stay readable.
"""

# %%
figure = plot_roofline(intensities, measure_peaks())
plt.show()

# %% [markdown]
r"""
The thick slope is that of main memory, the others those of the caches: an operation whose arrays fit a cache may stand
above memory's slope, and is to be held against the cache's. Far below the roof is where there is something to win. The
unfused GELU is down there because each of its steps pays the full fare for memory, and for its `pow`, if it has one.

### What does mixed precision save?

Count it by component, from the bytes of the types. A parameter in mixed precision costs its float32 master and a half
copy; its gradient arrives in float32; Adam keeps two float32 numbers. Only the activations shrink.

### Exercise: the bytes of a training state
"""

# %%
#| export
@dataclass(frozen=True)
class MemoryRow:
    """The memory of a training state by component; `saving` is against the row in float32, and negative where more is
    needed.
    """

    model: str = column("model")
    precision: str = column("precision")
    weights: int = column("weights", ",.1f", 1e-6)
    half_copies: int = column("half copies", ",.1f", 1e-6)
    gradients: int = column("gradients", ",.1f", 1e-6)
    optimizer: int = column("optimizer", ",.1f", 1e-6)
    activations: int = column("activations", ",.1f", 1e-6)
    total: int = column("total MB", ",.1f", 1e-6)
    saving: float | None = column("saved %", ".1f")

# %%
#| export
MODEL_SIZES = {  # numbers of parameters and of activations held for backward
    "Tiny CNN": (50_000, 100_000),
    "Small BERT": (10_000_000, 5_000_000),
    "Medium GPT": (100_000_000, 50_000_000),
    "Large Transformer": (1_000_000_000, 500_000_000),
}

# %%
#| export
def memory_rows(model: str, full: dict[str, int], mixed: dict[str, int], half: Any) -> list[MemoryRow]:
    """Two rows: `full` and `mixed` are the bytes in float32 and with `half`, named as training_bytes names them.

    Where nothing is held, nothing can be saved: `saving` is None.
    """
    rows = []
    for precision, held in (("float32", full), (as_dtype(half).name, mixed)):
        parts = [held[part] for part in ("weights", "half copies", "gradients", "optimizer", "activations")]
        saving = 100 * (1 - sum(parts) / rows[0].total) if rows and rows[0].total else None
        rows.append(MemoryRow(model, precision, *parts, sum(parts), saving))
    return rows

# %%
#| export
def measured_bytes(model: Model, x: Tensor, half: Any = None) -> dict[str, int]:
    """As `training_bytes`, for a model of your own: activations and half copies as the graph of `model(x)` holds them.
    """
    parameters = parameters_of(model)
    with autocast("float16" if half is None else half, enabled=half is not None):
        kept = saved_bytes(model(x), parameters)
    counted = training_bytes(sum(p.size for p in parameters), 0, half)
    return counted | {"half copies": kept.weight_copies, "activations": kept.activations}

# %% nbgrader={"grade_id": "analyze-mixed-precision-benefits", "locked": true}
#| export
def analyze_mixed_precision_benefits(
    half: Any = "float16", model: Model | None = None, x: Any = None
) -> list[MemoryRow]:
    """The memory of four model sizes in float32 and in mixed precision, by `training_bytes`; print a table.

    With a `model` and its input `x` also that of the model, measured. ValueError where `half` is no half.
    """
    check_together(model, x)
    half = as_dtype(half)
    rows = [row for name, sizes in MODEL_SIZES.items()
            for row in memory_rows(name, training_bytes(*sizes), training_bytes(*sizes, half), half)]
    if model is not None:
        x = as_tensor(x)
        rows += memory_rows("model, measured", measured_bytes(model, x), measured_bytes(model, x, half), half)
    print(table(rows, "What training with Adam holds, in MB"))
    return rows

# %%
memory = analyze_mixed_precision_benefits(model=block, x=tokens)

# %%
figure, axes = plt.subplots(figsize=(8, 3.8), layout="constrained")
whole = np.repeat([row.total for row in memory[::2]], 2)
names, left = [f"{row.model}, {row.precision}" for row in memory], np.zeros(len(memory))
for part in ("weights", "half_copies", "gradients", "optimizer", "activations"):
    width = 100 * np.array([getattr(row, part) for row in memory]) / whole
    axes.barh(names, width, left=left, label=part.replace("_", " "))
    left += width
axes.invert_yaxis()
axes.axvline(100, color="gray", linewidth=0.8, linestyle=":")
axes.set(xlabel="% of the bytes in float32", title="What training with Adam holds")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
plt.show()

# %% [markdown]
r"""
### Which technique, where?

Not every choice is a measurement. The framework below scores four techniques for five kinds of work from judgements:
how much memory matters, whether latency does, how much instability can be borne, how fast development must go, how
varied the hardware is. The judgements are ours and open to yours. The score only makes them explicit:

| if the work ... | and the technique ... | points |
|---|---|---|
| has high or very high memory pressure | has a medium or high memory benefit | +2 |
| is latency-sensitive | has a medium, high or very high latency benefit | +2 |
| is stability-critical | has a stability risk of none or low / medium | +1 / -1 |
| needs high development speed | has low or medium cost / high or very high cost | +1 / -1 |
| has high or very high hardware variety | has low or medium hardware dependency / high or very high | +1 / -2 |

### Exercise: the score of a technique
"""

# %%
#| export
@dataclass(frozen=True)
class Workload:
    """What a kind of work asks for."""

    name: str
    memory_pressure: str
    latency_sensitive: bool
    stability_critical: bool
    development_speed: str
    hardware_variety: str

# %%
#| export
@dataclass(frozen=True)
class Technique:
    """What a technique costs and gives."""

    name: str
    implementation_cost: str
    memory_benefit: str
    latency_benefit: str
    stability_risk: str
    hardware_dependency: str

# %%
#| export
WORKLOADS = (
    Workload("Research Training", "medium", False, False, "high", "high"),
    Workload("Production Training", "high", False, True, "medium", "low"),
    Workload("Real-time Inference", "medium", True, True, "low", "medium"),
    Workload("Edge Deployment", "very_high", True, True, "low", "very_high"),
    Workload("Batch Inference", "low", False, True, "medium", "low"),
)
TECHNIQUES = (
    Technique("Vectorization", "low", "none", "high", "none", "low"),
    Technique("Kernel Fusion", "medium", "medium", "medium", "low", "medium"),
    Technique("Mixed Precision", "high", "high", "high", "medium", "high"),
    Technique("Graph Optimization", "very_high", "medium", "very_high", "low", "very_high"),
)

# %% nbgrader={"solution": true, "grade_id": "technique-score"}
#| export
def technique_score(workload: Workload, technique: Technique) -> int:
    """The points of `technique` for `workload`, by the table above.

    >>> technique_score(WORKLOADS[2], TECHNIQUES[0])
    3
    """
    high = ("high", "very_high")
    ### BEGIN SOLUTION
    score = 0
    if workload.memory_pressure in high and technique.memory_benefit in ("medium", "high"):
        score += 2
    if workload.latency_sensitive and technique.latency_benefit in ("medium", *high):
        score += 2
    if workload.stability_critical:
        score += {"none": 1, "low": 1, "medium": -1}.get(technique.stability_risk, 0)
    if workload.development_speed == "high":
        score += -1 if technique.implementation_cost in high else 1
    if workload.hardware_variety in high:
        score += -2 if technique.hardware_dependency in high else 1
    return score
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-technique-score", "points": 5}
def check_score(workload, technique, wanted):
    got = technique_score(workload, technique)
    assert got == wanted, (
        f"{technique} for {workload} scored {got}, wanted {wanted}: go through the table line by line")

def test_unit_technique_score():
    wanted = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    for workload, row in zip(WORKLOADS, wanted):
        for technique, want in zip(TECHNIQUES, row):
            check_score(workload, technique, want)
    everything = Workload("asks for everything", "high", True, True, "high", "high")
    check_score(everything, Technique("medium in all", "medium", "low", "low", "medium", "medium"), 1)
    ### BEGIN HIDDEN TESTS
    check_score(everything, Technique("best", "low", "medium", "very_high", "none", "low"), 7)
    check_score(everything, Technique("worst", "very_high", "none", "none", "medium", "very_high"), -4)
    nothing = Workload("asks for nothing", "low", False, False, "low", "low")
    check_score(nothing, Technique("best", "low", "high", "very_high", "none", "low"), 0)
    memory = Workload("memory only", "very_high", False, False, "medium", "medium")
    check_score(memory, Technique("half", "high", "medium", "high", "medium", "high"), 2)
    check_score(memory, Technique("little", "low", "low", "low", "low", "low"), 0)
    latency = Workload("latency only", "medium", True, False, "medium", "medium")
    check_score(latency, Technique("quick", "high", "high", "medium", "medium", "high"), 2)
    ### END HIDDEN TESTS

test_unit_technique_score()

# %%
#| export
@dataclass(frozen=True)
class DecisionRow:
    """What to use for a kind of work: the recommendation for each technique, with its score."""

    workload: str
    vectorize: str = column("Vectorize")
    fuse: str = column("Fuse Kernels")
    mixed: str = column("Mixed Prec")
    graph: str = column("Graph Opt")

# %%
#| export
def recommendation(score: int) -> str:
    """A score in a word: 3 and more is High, 1 and 2 Medium, 0 Low, less Skip."""
    word = "High" if score >= 3 else "Medium" if score >= 1 else "Low" if score >= 0 else "Skip"
    return f"{word} ({score:+d})"

# %% nbgrader={"grade_id": "acceleration-decision-framework", "locked": true}
#| export
def analyze_acceleration_decision_framework(techniques: Sequence[Technique] = TECHNIQUES) -> list[DecisionRow]:
    """Recommendations for five kinds of work and four techniques, by `technique_score`; print a table.

    `techniques` holds the four with benefits as judged, or as `measured_techniques` gives them; ValueError for others.
    """
    names, wanted = [t.name for t in techniques], [t.name for t in TECHNIQUES]
    if names != wanted:
        raise ValueError(f"wanted the four techniques, in order, {', '.join(wanted)}; got {', '.join(names) or 'none'}")
    rows = [DecisionRow(w.name, *[recommendation(technique_score(w, t)) for t in techniques]) for w in WORKLOADS]
    print(table(rows, "Recommendations and their scores"))
    return rows

# %%
decisions = analyze_acceleration_decision_framework()

# %% [markdown]
r"""
## All together
"""

# %% nbgrader={"grade": true, "grade_id": "test-module", "locked": true, "points": 20}
class TransformerBlock:
    """Linear, GELU, linear on the last axis, made of this lesson's functions; the shape is kept."""

    def __init__(self, hidden_dim):
        rng = np.random.default_rng(8)
        self.weight1, self.weight2 = (
            Tensor(rng.normal(size=(hidden_dim, hidden_dim)) / math.sqrt(hidden_dim), dtype=np.float32)
            for _ in range(2))

    def __call__(self, x):
        return vectorized_matmul(fused_gelu(vectorized_matmul(x, self.weight1)), self.weight2)

    def parameters(self):
        return [self.weight1, self.weight2]


def test_module():
    """The unit tests, and training a block made of all the parts in mixed precision."""
    test_unit_vectorized_matmul()
    test_unit_fused_gelu()
    test_unit_fusion_speedup()
    test_unit_mixed_precision()

    rng = np.random.default_rng(9)
    x, targets = (Tensor(rng.normal(size=(16, 64, 256)).astype(np.float32)) for _ in range(2))
    block = TransformerBlock(256)
    weights = [p.data.copy() for p in block.parameters()]
    trainer = MixedPrecisionTrainer(block, SGD(block.parameters(), lr=20.0), loss_scale=512.0)
    metrics = [trainer.train_step((x, targets)) for _ in range(5)]
    losses = [m["loss"] for m in metrics]
    assert all(m["gradients_valid"] and not m["overflow"] for m in metrics), f"a step of five was not taken: {metrics}"
    assert losses[-1] < losses[0] and all(np.isfinite(losses)), (
        f"five steps took the loss along {losses}: it should fall")
    for p, before in zip(block.parameters(), weights):
        moved = not np.array_equal(p.data, before)
        assert p.dtype == np.float32 and moved, (
            f"a weight is {p.dtype}, moved: {moved}, wanted float32 and True: the master weights stay so, and move")

    with autocast("float16"):
        mixed = block(x)
    with no_grad():
        single = block(x)
    assert mixed.dtype == np.float16 and single.dtype == np.float32, (
        f"the block gave {mixed.dtype} under autocast and {single.dtype} outside, wanted float16 and float32: see "
        "autocast_type")
    off = np.abs(mixed.data.astype(np.float32) - single.data).max()
    assert off < 0.02, f"half and single precision are {off:.2g} apart, wanted below 0.02: that is more than rounding"
    held = saved_bytes(mixed, block.parameters()).activations / saved_bytes(block(x), block.parameters()).activations
    assert held <= 0.55, f"under autocast the block keeps {held:.0%} of float32's activations: were they kept in half?"
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f} in five steps; activations held: {held:.0%} of float32's")

test_module()

# %% [markdown]
r"""
## 10. On real data

The digits, from five seeds, which draw the weights, the batches, and what is kept for the test: in float32, and from
the same start in both halves with loss scaling.
"""

# %%
from pathlib import Path

from tinytorch.core.training import batches, load_digits, stratified_split

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
pixels, labels = load_digits(root / "datasets" / "digits" / "digits.csv.gz")

# %%
def stepper(net, optimizer, precision):
    if precision != "float32":
        return MixedPrecisionTrainer(net, optimizer, loss_fn=CrossEntropyLoss(), dtype=precision).train_step

    def step(batch):
        optimizer.zero_grad()
        CrossEntropyLoss()(net(batch[0]), batch[1]).backward()
        optimizer.step()

    return step

# %%
def digits_accuracy(precision, seed, epochs=8):
    manual_seed(seed)
    train, test = stratified_split(labels, 0.2, seed)
    net = Sequential(Linear(64, 128), fused_gelu, Linear(128, 10))
    step = stepper(net, Adam(net.parameters(), lr=3e-3), precision)
    for _ in range(epochs):
        for batch in batches(pixels[train], labels[train], 64):
            step(batch)
    with no_grad(), autocast("float16" if precision == "float32" else precision, enabled=precision != "float32"):
        guesses = net(Tensor(pixels[test])).numpy().argmax(axis=1)
    return 100 * float(np.mean(guesses == labels[test]))

@dataclass(frozen=True)
class DigitsRow:
    precision: str
    mean: float = column("mean accuracy %", ".2f")
    lowest: float = column("lowest", ".2f")
    highest: float = column("highest", ".2f")

# %%
rows = []
for precision in ("float32", "float16", "bfloat16"):
    with one_thread():  # these products are too small to share
        found = [digits_accuracy(precision, seed) for seed in range(5)]
    rows.append(DigitsRow(precision, float(np.mean(found)), min(found), max(found)))
print(table(rows, "64-128-10 with fused GELU, five seeds"))

# %% [markdown]
r"""
What another seed changes is more than what the precision does. And here is the price in time, for a small step, where
Python's own work counts, and for a larger one, where products do:
"""

# %%
@dataclass(frozen=True)
class StepRow:
    network: str
    precision: str
    ms: float = column("step ms", ".2f")
    ratio: float = column("x float32", ".2f")

def step_rows(widths, size):
    rng, rows = np.random.default_rng(0), []
    batch = Tensor(rng.random((size, widths[0]), dtype=np.float32)), Tensor(rng.integers(10, size=size))
    for precision in ("float32", "float16", "bfloat16"):
        net = Sequential(Linear(*widths), fused_gelu, Linear(widths[1], 10))
        step = stepper(net, SGD(net.parameters(), lr=1e-3), precision)
        ms = 1e3 * min(timed_runs(lambda: step(batch), 0.05))
        rows.append(StepRow("-".join(map(str, (*widths, 10))), precision, ms, ms / rows[0].ms if rows else 1.0))
    return rows

with one_thread():
    print(table(step_rows((64, 128), 64) + step_rows((784, 1024), 256), "A training step, one thread"))

# %% [markdown]
r"""
The activations are what was to be saved, and time is not: on a CPU the products run in float32 either way, and the
casts and the checks come on top. On hardware with half-precision units the products themselves are faster, and that
is why mixed precision is used there even where memory is plenty.

## Questions

Assign each answer to the name behind its question.

1. The product of two 1024 x 1024 float32 matrices: what is its arithmetic intensity, and how many times is that of an
   elementwise float32 addition? (`product_intensity`, `times_addition`)
2. Look at the primitives that your `unfused_gelu` runs on float32. Count each array read and each written (numbers
   such as 0.5 are free): how many bytes does it move for each element, and how many does `fused_gelu`? What percentage
   is saved? (`unfused_bytes`, `fused_bytes`, `percent_saved`)
3. A model with 100 million parameters and 50 million activations, trained with Adam: how many MB (10^6 bytes) in
   float32, and how many in mixed precision? (`full_mb`, `mixed_mb`)
4. What is the smallest positive float16? And with a loss scale of 1024, above what size does a gradient survive? (What
   is scaled to half of the smallest float16, or less, rounds to 0.) (`smallest_half`, `smallest_gradient`)
5. For edge deployment, which technique scores highest? (`edge_technique`, its name as in the table)
"""

# %% nbgrader={"solution": true, "grade_id": "question-acceleration"}
### BEGIN SOLUTION
product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12
unfused_bytes, fused_bytes = 4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2
percent_saved = 100 * (1 - fused_bytes / unfused_bytes)
full_mb, mixed_mb = 100 * 16 + 50 * 4, 100 * 18 + 50 * 2
smallest_half, smallest_gradient = 2**-24, 2**-25 / 1024
edge_technique = "Kernel Fusion"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-acceleration", "points": 8}
def check_number(name, got, wanted, idea, tolerance=0.01):
    assert math.isclose(got, wanted, rel_tol=tolerance), f"{name} is {got:.6g}, and that is not it: {idea}"

def test_question_acceleration():
    wanted = matmul_intensity(1024, 1024, 1024, 4)
    check_number("product_intensity", product_intensity, wanted, "FLOPs over bytes, not over numbers")
    check_number("times_addition", times_addition, wanted / elementwise_intensity(1, 2, 1, 4),
                 "the product's intensity over that of c = a + b, which reads two arrays and writes one")
    one = Tensor(np.ones(10000, np.float32))
    for name, function, got in [("unfused", unfused_gelu, unfused_bytes), ("fused", fused_gelu, fused_bytes)]:
        with CountingTrace() as trace:
            function(one)
        moved = sum(o.bytes for o in trace.operations) / one.size
        check_number(f"{name}_bytes", got, moved, "for each of your primitives, arrays read and written, 4 bytes each")
    check_number("percent_saved", percent_saved, 100 * (1 - fused_bytes / unfused_bytes),
                 "the part of unfused_bytes that is no longer moved, in percent")
    for name, half, got in [("full_mb", None, full_mb), ("mixed_mb", "float16", mixed_mb)]:
        wanted = sum(training_bytes(100_000_000, 50_000_000, half).values()) / 1e6
        check_number(name, got, wanted, "weights, copies, gradients, two numbers for Adam, activations", 0.001)
    check_number("smallest_half", smallest_half, float(np.finfo(np.float16).smallest_subnormal),
                 "below the smallest normal number there are more: subnormals count")
    above, below = (np.float16(smallest_gradient * 1024 * nudge) for nudge in (1.02, 0.98))
    assert above > 0 and below == 0, (
        f"smallest_gradient is {smallest_gradient:g}: a little above it survives the scaling, a little below does not")
    best = max(TECHNIQUES, key=lambda t: technique_score(WORKLOADS[3], t))
    assert edge_technique == best.name, f"edge_technique is {edge_technique!r}: read the table of recommendations"

test_question_acceleration()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-scaling", "points": 2}
r"""
**In your own words:** why does the loss scale fall at once after an overflow, but grow only after two thousand good
steps? And why do the skipped steps do no harm?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Products in as few calls as possible; a kernel that does GELU in one pass, forward and backward, in four types; a
compiler that writes such kernels, and their gradients, for any elementwise function; the loss in one kernel; training
in mixed precision that scales, skips and adapts; and a measured roof to hold it all against. Export it with
`tito module complete 18`, and import it like any other library:

```python
from tinytorch.optimization.acceleration import fuse, fused_gelu, MixedPrecisionTrainer
```
"""

# %% nbgrader={"grade_id": "main-execution", "locked": true}
if __name__ == "__main__":
    print("lesson 18 ran to its end")
