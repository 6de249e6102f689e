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

> Acceleration: products in few calls, a fused GELU, and training in mixed precision, all measured.

Your framework trains networks. Now you make it faster and smaller. *Vectorised products* give a
library the multiplications in as few and large calls as possible. *Kernel fusion* computes a
formula, such as GELU, in one pass over memory, not one for each operation. *Mixed precision* keeps
activations in 16 bits, and scales the loss so that small gradients are not lost. Every speed-up is
measured on your machine, and lesson 15's roofline says how near it comes to the possible.

About 5 hours: 7 exercises, some 55 lines to write, and an open question. Needs lessons 01 to 07 and
14 to 17. Makes `tinytorch.optimization.acceleration`: `vectorized_matmul`, `fused_gelu`,
`MixedPrecisionTrainer`, and four analyses.
"""

# %%
#| default_exp optimization.acceleration

# %% nbgrader={"grade_id": "tensor-import", "locked": true}
#| export
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tinytorch.core.autograd import gradient_rule, nodes_in_order
from tinytorch.core.tensor import Primitive, Tensor, apply, array_product, as_tensor, floating
from tinytorch.core.tensor import in_float32, no_grad, operands
from tinytorch.profiling.profiler import Model, check_single, parameters_of, saved_bytes
from tinytorch.profiling.roofline import attainable, best_seconds, flop_rule, matmul_flops
from tinytorch.support.gradients import matmul_rules
from tinytorch.support.products import quick_product
from tinytorch.support.tables import table
from tinytorch.support.threads import one_thread

# %% [markdown]
r"""
## 1. Where does the time go?

Two linear layers with a GELU between them are one half of a transformer block. Here it is, for 512
tokens of width 256, under lesson 15's `CountingTrace`:
"""

# %%
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.profiling.roofline import CountingTrace, elementwise_intensity, matmul_intensity

# %%
manual_seed(0)
block = Sequential(Linear(256, 1024), GELU("tanh"), Linear(1024, 256))
tokens = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))
block(tokens)
with one_thread(), CountingTrace() as trace:
    block(tokens)
print(table(trace.summary()))

# %% [markdown]
r"""
Compare the columns MFLOP and ms: GELU does under 1 % of the work and takes far more of the time.

## 2. Products in few calls

NumPy gives products of float32 and float64 to a BLAS library, which cuts the matrices into blocks
that fit the caches, keeps a small tile of the result in registers, and multiplies several numbers
with one instruction (SIMD). We only have to call it well. For `(B, T, D) @ (D, K)` NumPy calls it B
times, with T rows each. But a weight does not care which example a row belongs to. As
`(B * T, D) @ (D, K)` the batch is one call with many rows, and the result is the same up to
rounding. In the backward pass the gradient to the batch is such a product again. (The weight's
gradient sums over the batch: lesson 05's rule makes one product of it.) Where both sides are
batches, as in an attention, there are B products to do, often too small for BLAS to share among the
cores. So the primitive uses `quick_product`, which gives each core a part of a large batch:
"""

# %%
#| exporti
VECTORIZED_MATMUL = Primitive(
    "vectorized_matmul", in_float32(lambda a, b: quick_product(array_product, a, b)))
gradient_rule("vectorized_matmul", *map(in_float32, matmul_rules(
    lambda g, a, b: quick_product(array_product, g, np.swapaxes(b, -1, -2)),
    lambda g, a, b: quick_product(array_product, np.swapaxes(a, -1, -2), g))))
flop_rule("vectorized_matmul", matmul_flops)

# %% [markdown]
r"""
### Exercise: vectorized_matmul

Check the shapes, so that a mistake is explained. Make both sides `operands` of one type, as lesson
01's `@` does, and `apply` the primitive. Where `b` is one matrix and `a` a batch, collapse the
leading axes of `a` first, and put them back at the end. `reshape` has a gradient rule, so there is
nothing to write for the backward pass.
"""

# %% nbgrader={"solution": true, "grade_id": "vectorized-matmul"}
#| export
def vectorized_matmul(a: Tensor, b: Tensor) -> Tensor:
    """(..., m, k) @ (..., k, n) -> (..., m, n), in one product where `b` is one matrix.

    Leading axes broadcast, and types follow `@`. Raises ValueError that says "2D+" where an operand
    has fewer axes, and "shape mismatch" where the inner dimensions differ; both name the shapes.

    >>> vectorized_matmul(Tensor([[1, 2], [3, 4]]), Tensor([[5], [6]]))
    Tensor([[17.],
            [39.]], dtype=float32)
    """
    ### BEGIN SOLUTION
    a, b = as_tensor(a), as_tensor(b)
    what = f"{a.shape} @ {b.shape}"
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"{what}: vectorized_matmul needs 2D+ tensors: add an axis with reshape()")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul shape mismatch: {what}: the inner dimensions {a.shape[-1]} and "
                         f"{b.shape[-2]} must match")
    a, b = operands(a, b)
    if a.ndim == 2 or b.ndim > 2:
        return apply(VECTORIZED_MATMUL, a, b)
    rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
    return apply(VECTORIZED_MATMUL, rows, b).reshape(*a.shape[:-1], b.shape[-1])
    ### END SOLUTION

# %%
from tinytorch.core.tensor import Interceptor
from tinytorch.profiling.profiler import Trace
from tinytorch.support.checks import check, close, equal, explained, operations, raises, typed
from tinytorch.support.checks_gelu import gelu64, gelu_is_right, makes_one_array, weighed
from tinytorch.support.checks_products import product_with_gradients, refuses, types_follow

# %% nbgrader={"grade": true, "grade_id": "test-vectorized-matmul", "locked": true, "points": 10}
# Check of vectorized_matmul: run it when your cell has run.
@check
def test_unit_vectorized_matmul():
    shapes = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4))]
    ran_once = [((8, 4, 3), (3, 2), 32), ((4, 3), (3, 5), 4)]
    refused = [((3,), (3, 2), "2D+"), ((2, 3), (3,), "2D+"), ((1, 2), (3, 1), "shape mismatch")]
    ### BEGIN HIDDEN TESTS
    shapes += [((2, 3), (1, 3, 4)), ((3, 2, 4, 2), (2, 5)), ((1, 5, 4), (6, 4, 3)),
               ((0, 2, 3), (3, 4))]
    ran_once += [((3, 5, 2, 7), (7, 4), 30)]
    refused += [((5,), (5,), "2D+"), ((), (2, 2), "2D+"), ((2, 3, 4), (3, 4), "shape mismatch"),
                ((3,), (5, 3, 4), "2D+"), ((4, 1), (3, 2), "shape mismatch")]
    ### END HIDDEN TESTS
    for left, right in shapes:
        product_with_gradients(vectorized_matmul, Tensor, left, right, "rows times columns")
    types_follow(vectorized_matmul, Tensor)
    for left, right, rows in ran_once:
        with Trace() as trace:
            vectorized_matmul(Tensor(np.ones(left)), Tensor(np.ones(right)))
        ran = [o.shapes for o in trace.operations if "matmul" in o.name]
        equal(f"the products of {left} @ {right}", ran, [((rows, right[0]), right)], "one will do")
    for left, right, word in refused:
        refuses(vectorized_matmul, Tensor, left, right, word)

test_unit_vectorized_matmul()

# %% [markdown]
r"""
What does it bring? 128 examples of T rows each, times a weight of 256 by 256: the time of the
backward pass, which gives the gradients to both, after lesson 01's `@` and after yours.
"""

# %%
from tinytorch.support.timing import timed_stages

def backward_ms(product, *sides):
    loss_of, nothing = (lambda: product(*sides).sum()), (lambda: None)
    return 1e3 * min(timed_stages(loss_of, Tensor.backward, runs=3, prepare=nothing)[1])

# %%
weight = Tensor(np.ones((256, 256), np.float32), requires_grad=True)
for T in (1, 4, 16, 64):
    x = Tensor(np.ones((128, T, 256), np.float32), requires_grad=True)
    with one_thread():
        theirs, ours = (backward_ms(f, x, weight) for f in (Tensor.matmul, vectorized_matmul))
    print(f"T = {T:2d}: {theirs:6.2f} ms and {ours:6.2f} ms, {theirs / ours:5.1f} times as fast")

# %% [markdown]
r"""
## 3. Kernel fusion

GELU weighs its input by the probability that a standard normal variable is below it, $x\,\Phi(x)$.
GPT-2 and many networks after it use an approximation that needs only tanh:

$$\mathrm{gelu}(x) = \tfrac12\,x\,(1 + \tanh u) \qquad u = \sqrt{2/\pi}\,(x + 0.044715\,x^3)$$

### Exercise: unfused_gelu

Written with Tensor operations, each `*`, `+` and `tanh` reads whole arrays from memory and writes a
whole array back. None of them does more than one FLOP for each number that it moves. Writing the
formula on one line does not change that: NumPy runs an expression one operation at a time. Write
this form, one Tensor operation for each step: the fused form will be compared with it. The cube
is quicker as `x * x * x`; you will see why.
"""

# %% nbgrader={"solution": true, "grade_id": "unfused-gelu"}
#| export
def unfused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU, one Tensor operation for each step. Any shape; floating types stay.

    >>> unfused_gelu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([-0.1588,  0.    ,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    x = as_tensor(x)
    cubed = x * x * x
    inner = x + 0.044715 * cubed
    squashed = (math.sqrt(2 / math.pi) * inner).tanh()
    return 0.5 * (x * (1 + squashed))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-unfused-gelu", "points": 5}
# Check of unfused_gelu: run it when your cell has run.
@check
def test_unit_unfused_gelu():
    inputs = [np.array([-3.0, -1.0, -0.752, 0.0, 0.5, 2.0])]
    ### BEGIN HIDDEN TESTS
    inputs += [np.linspace(-4, 4, 24).reshape(2, 3, 4), np.zeros((0, 3))]
    ### END HIDDEN TESTS
    for kind, off in [("float32", 1e-5), ("float64", 1e-12), ("float16", 1e-2), ("bfloat16", 1e-1)]:
        for leaf in [Tensor(data, dtype=kind, requires_grad=True) for data in inputs]:
            gelu_is_right(unfused_gelu, leaf, off, "go through the tanh form step by step")
    gelu_is_right(unfused_gelu, Tensor(np.float64(1), requires_grad=True), 1e-12, "any shape")
    ran = operations(Interceptor, lambda: unfused_gelu(Tensor(inputs[0])))
    assert len(ran) >= 8, f"unfused_gelu ran {ran}, wanted 8 or more: an operation for each step"

test_unit_unfused_gelu()

# %% [markdown]
r"""
Why not `x**3`? This is how long it takes for each number, if that is positive or negative:
"""

# %%
positive = np.abs(tokens.numpy())
for name, x in [("positive", positive), ("negative", -positive)]:
    power, products = (best_seconds(f) / x.size * 1e9 for f in (lambda: x**3, lambda: x * x * x))
    print(f"{name} numbers: x**3 takes {power:6.2f} ns, x * x * x {products:5.2f} ns")

# %% [markdown]
r"""
NumPy's power is slower than two products, and on processors with AVX-512 very slow for negative
numbers. Measured against `x**3`, most of fusion's gain would have come from the missing power.

### Exercise: fused_gelu

In lesson 16 you wrote loops that compute GELU's value and slope in registers. `gelu_loops(dtype)`
gives the forward and the backward loop for a floating type, and `one_pass(loop, *arrays)` runs a
loop over arrays of one shape and type and returns its output, a new array. The forward loop takes
`x`; the backward loop takes the incoming gradient and `x`. Write both passes. The given lines make
an operation of them, which saves its input for the backward pass and nothing else. Then make the
input of `fused_gelu` `floating` and `apply` the primitive.
"""

# %% nbgrader={"solution": true, "grade_id": "fused-gelu"}
#| export
from tinytorch.optimization.kernels import gelu_loops
from tinytorch.profiling.roofline import per_output
from tinytorch.support.launch import one_pass

def _gelu_forward(x: np.ndarray) -> np.ndarray:
    """GELU of an array of a floating type; the type stays."""
    ### BEGIN SOLUTION
    return one_pass(gelu_loops(x.dtype)[0], x)
    ### END SOLUTION

def _gelu_backward(g: np.ndarray, y: None, x: np.ndarray) -> np.ndarray:
    """The gradient to `x` where `g` comes in; the result `y` was not saved."""
    ### BEGIN SOLUTION
    return one_pass(gelu_loops(x.dtype)[1], g, x)
    ### END SOLUTION

_FUSED_GELU = Primitive("fused_gelu", _gelu_forward, saves="inputs")
gradient_rule("fused_gelu", _gelu_backward)
flop_rule("fused_gelu", per_output(9), per_output(18))

def fused_gelu(x: Tensor) -> Tensor:
    """The tanh form of GELU (Hendrycks and Gimpel, arXiv:1606.08415) in one pass over memory.

    Any shape and memory layout. Floating types stay, whole numbers become float32.

    >>> fused_gelu(Tensor([-2, -1, 0, 1, 2]))
    Tensor([-0.0454, -0.1588,  0.    ,  0.8412,  1.9546], dtype=float32)
    """
    ### BEGIN SOLUTION
    return apply(_FUSED_GELU, floating(x))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fused-gelu", "locked": true, "points": 10}
# Check of fused_gelu: run it when your cell has run.
@check
def test_unit_fused_gelu():
    x, whole = np.array([-3.0, -2.0, -1.0, -0.752, 0.0, 1.0, 2.0, 3.0]), [-1, 2]
    inputs = [x, np.random.default_rng(2).normal(size=(33, 7)).T * 3, np.float64(1)]
    far = [-1e20, -10.0, 10.0, 1e20, np.inf, -np.inf, np.nan]
    ### BEGIN HIDDEN TESTS
    inputs += [np.linspace(-5, 5, 37).reshape(37, 1), np.zeros((0, 3))]
    whole, far = whole + [3, -4, 0], far + [-3e30, 40.0, 2e25]
    ### END HIDDEN TESTS
    for kind, off in [("float16", 2e-3), ("bfloat16", 2e-2), ("float32", 1e-5), ("float64", 1e-12)]:
        for leaf in [Tensor(data, dtype=kind, requires_grad=True) for data in inputs]:
            gelu_is_right(fused_gelu, leaf, off, "the forward loop, for this type?")
            ran = operations(Interceptor, lambda: fused_gelu(leaf))
            equal(f"the operations that ran for {kind}", ran, ["fused_gelu"], "one pass")
    close("fused_gelu far out", fused_gelu(Tensor(far)), gelu64(np.float32(far))[0], "your kernel?")
    with explained(f"fused_gelu of whole numbers {whole}", "make them floating"):
        typed(f"fused_gelu of {whole}", fused_gelu(Tensor(np.array(whole))), np.float32, "floating")

test_unit_fused_gelu()

# %% [markdown]
r"""
### What fusion changes

Three things are graded: the results are equal up to rounding, the fused form makes one pass over
memory, and each of its passes allocates its output alone. The times are printed only: they depend
on what else the machine is doing.
"""

# %% nbgrader={"grade": true, "grade_id": "test-fusion-speedup", "locked": true, "points": 10}
# Check of both forms of GELU: run it when your cells have run.
@check
def test_unit_fusion_speedup():
    inputs = [np.random.default_rng(4).normal(size=(1000, 500)).astype(np.float32)]
    ### BEGIN HIDDEN TESTS
    inputs += [np.linspace(-6, 6, 90_000, dtype=np.float32).reshape(300, 300)]
    ### END HIDDEN TESTS
    for data in inputs:
        for function, passes, most in ((fused_gelu, [1], 1.1), (unfused_gelu, range(8, 20), 20)):
            with CountingTrace() as trace:
                y = function(Tensor(data, requires_grad=True))
            close(function.__name__, y, gelu64(data)[0], "the tanh form", rtol=0, atol=5e-6)
            ran, kept = trace.operations, saved_bytes(y).activations
            line, held = weighed(function, Tensor(data), ran, kept)
            assert len(ran) in passes, f"{line}: one pass fused, one for each step unfused"
            assert held <= most, f"{line}: wanted the fused form to hold 1 x, its output"
            print(line)
        makes_one_array(_gelu_forward, _gelu_backward, data)

test_unit_fusion_speedup()

# %% [markdown]
r"""
## 4. Training in mixed precision

Lesson 17 built the parts. Now put them into one step, for any model with `parameters()` and any
optimizer with `step()` and `zero_grad()`. A model that rebuilds its output with `Tensor(x.data)`
has cut the graph: no gradient reaches its parameters, and to report a step all the same would
mislead. So `depends_on` looks for the parameters among the edges of the graph.
"""

# %%
#| exporti
import warnings
from typing import Any

from tinytorch.core.losses import MSELoss
from tinytorch.optimization.precision import GradScaler, autocast, training_bytes, unscale
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.mixed_training import NO_GRAPH, TrainerSettings, half_dtype, pair_of
from tinytorch.support.mixed_training import require_gradients

# %%
#| exporti
def depends_on(loss: Tensor, parameters: Iterable[Tensor]) -> bool:
    """Whether the graph behind `loss` leads to one of `parameters`."""
    nodes = nodes_in_order(loss._node) if loss._node else []
    leaves = {id(edge) for node in nodes for edge in node.edges}
    return any(id(p) in leaves for p in parameters)

# %% [markdown]
r"""
### Exercise: LossScaling

The constructor is given; the settings of the `GradScaler` in `self.scaler`, such as `loss_scale`,
can be read and set on the trainer too. Write the three methods that deal with the scale. You have
their parts: `self.scaler.scale(loss)`, `unscale(gradients, scale)`, `self.scaler.adapt(found_inf)`.
"""

# %% nbgrader={"solution": true, "grade_id": "loss-scaling"}
#| exporti
class LossScaling(TrainerSettings):
    """A model, an optimizer and a loss_fn(outputs, targets), and a scale that adapts itself."""
    def __init__(
        self, model: Any, optimizer: Any, loss_scale: float = 1024.0,
        max_loss_scale: float = 65536.0, loss_fn: Callable = MSELoss(), dtype: Any = "float16",
    ):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.dtype, self.overflow_detected = half_dtype(dtype), False
        self.scaler = GradScaler(
            loss_scale, min_scale=min(1.0, loss_scale), max_scale=max_loss_scale)
        require_gradients(parameters_of(model))

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times the scale, its graph attached, in float32 at least: 0.5 becomes 512."""
        ### BEGIN SOLUTION
        return self.scaler.scale(loss)
        ### END SOLUTION

    def unscale_gradients(self, parameters: Iterable[Tensor]) -> bool:
        """Divide the gradients, where there are any, by the scale; return whether all are finite.
        Sets `overflow_detected` to whether they are not."""
        ### BEGIN SOLUTION
        gradients = [p.grad for p in parameters if p.grad is not None]
        self.overflow_detected = unscale(gradients, self.loss_scale)
        return not self.overflow_detected
        ### END SOLUTION

    def update_loss_scale(self) -> None:
        """Adapt the scale and its count of good steps to `overflow_detected`."""
        ### BEGIN SOLUTION
        self.scaler.adapt(self.overflow_detected)
        ### END SOLUTION

# %%
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.optimization.precision import is_autocast_enabled, next_scale
from tinytorch.support import checks_mixed as mixed
from tinytorch.support.checks_mixed import mock_batch, mock_trainer

# %% nbgrader={"grade": true, "grade_id": "test-loss-scaling", "points": 5}
# Check of LossScaling: run it when your cell has run.
@check
def test_unit_loss_scaling():
    losses = [(1024.0, 0.001, "float32"), (1024.0, 300.0, "float16"), (0.25, 5.0, "bfloat16")]
    updates = [(7, True), (1998, False), (2000, False)]
    ### BEGIN HIDDEN TESTS
    losses, updates = losses + [(1.0, 0.75, "float64")], updates + [(0, False)]
    ### END HIDDEN TESTS
    for scale, loss, kind in losses:
        mixed.scales_and_unscales(mock_trainer(LossScaling, Tensor, scale), Tensor, loss, kind)
    for count, overflow in updates:
        trainer = mock_trainer(LossScaling, Tensor, 16.0, steps_since_last_scale_update=count)
        mixed.adapts(trainer, overflow, next_scale(16.0, count, overflow))

test_unit_loss_scaling()

# %% [markdown]
r"""
### Exercise: MixedPrecisionTrainer

One step is `train_step`:

1. Under `autocast(self.dtype)`: the model's outputs for the inputs, and the loss, by
   `self._compute_loss(outputs, targets)`.
2. `check_single(loss)` refuses a loss that is not one number. `self._parameters()` lists what the
   optimizer steps. If the loss depends on none of it, `warnings.warn(NO_GRAPH, stacklevel=2)` and
   return `self._metrics(loss, overflow=False, valid=False)`, with optimizer and scale untouched.
3. Clear the old gradients. Then go back from the scaled loss, outside of autocast.
4. Unscale the gradients. Let the optimizer step only where all of them are finite.
5. Update the scale, and return the metrics. The loss in them is the unscaled one.

NumPy may warn of infinities in both passes: `with np.errstate(all="ignore"):` silences it. Leave
the scaler's own `step` alone: it asks the optimizer for `param_groups`.
"""

# %% nbgrader={"solution": true, "grade_id": "mixed-precision-trainer"}
#| export
class MixedPrecisionTrainer(LossScaling):
    """Training in mixed precision: float32 weights, a 16-bit forward pass, dynamic loss scaling."""
    def train_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, float | bool]:
        """One step on `(inputs, targets)`: `{"loss", "loss_scale", "overflow", "gradients_valid"}`.

        "loss" is the unscaled loss, "loss_scale" the scale after the step, "gradients_valid"
        whether the optimizer stepped. ValueError where the loss is not a single number.
        """
        inputs, targets = pair_of(batch)
        require_gradients(parameters_of(self.model))
        ### BEGIN SOLUTION
        with autocast(self.dtype), np.errstate(all="ignore"):
            loss = self._compute_loss(self.model(inputs), targets)
        check_single(loss)
        parameters = self._parameters()
        if not depends_on(loss, parameters):
            warnings.warn(NO_GRAPH, stacklevel=2)
            return self._metrics(loss, overflow=False, valid=False)
        self.optimizer.zero_grad()
        with np.errstate(all="ignore"):
            self.scale_loss(loss).backward()
        valid = self.unscale_gradients(parameters)
        if valid:
            self.optimizer.step()
        self.update_loss_scale()
        return self._metrics(loss, overflow=not valid, valid=valid)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision", "locked": true, "points": 15}
# Check of MixedPrecisionTrainer, good steps and overflows: run it when your cell has run.
@check
def test_unit_mixed_precision():
    runs = [(1024.0, 0.001, 6)]
    ### BEGIN HIDDEN TESTS
    runs += [(96.0, 0.75, 16)]
    ### END HIDDEN TESTS
    for scale, loss, seed in runs:
        x, y = mock_batch(Tensor, 8, seed)
        trainer = mock_trainer(MixedPrecisionTrainer, Tensor, scale)
        mixed.scales_and_unscales(trainer, Tensor, loss, "float32")
        trainer.model.weight.grad = Tensor(np.full((10, 5), 7.0))  # an old one, to be cleared
        mixed.good_step(trainer, x, y)
        mixed.good_step(trainer, x, y)
        mixed.overflowing_step(trainer, Tensor(np.full((8, 10), 60000.0, np.float32)), y)
        mixed.good_step(trainer, x, y)

test_unit_mixed_precision()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-run", "points": 8}
# Check of MixedPrecisionTrainer, the path of the scale: run it when your cell has run.
@check
def test_unit_mixed_precision_run():
    fast = {"growth_interval": 2, "scale_growth_factor": 4.0, "scale_backoff_factor": 0.25}
    inf, often = np.inf, {"growth_interval": 1, "max_loss_scale": 16.0}
    runs = [(64.0, [1, 1, inf, 1, 1], fast, [64, 256, 64, 64, 256]), (8.0, [1, 1], often, [16, 16]),
            (2.0, [inf] * 3, {}, [1, 1, 1])]
    ### BEGIN HIDDEN TESTS
    runs += [(48.0, [0.5, inf, 2, 0.5], {"growth_interval": 2}, [48, 24, 24, 48]),
             (0.5, [inf, 1], {}, [0.5, 0.5])]
    ### END HIDDEN TESTS
    for scale, sizes, settings, scales in runs:
        trainer = mock_trainer(MixedPrecisionTrainer, Tensor, scale, dtype="bfloat16", **settings)
        path, wanted = mixed.path_of(trainer, Tensor, sizes), [size == inf for size in sizes]
        equal(f"scale and overflow after steps from {scale} with {settings}, inputs of {sizes},",
              path, list(zip(scales, wanted)), "the scale after the step; count, floor, ceiling?")
    mixed.steps_by_its_own_loss(MixedPrecisionTrainer, Tensor)

test_unit_mixed_precision_run()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-overflow", "points": 5}
# Check of MixedPrecisionTrainer, scaled gradients and autocast: run it when your cell has run.
@check
def test_unit_mixed_precision_overflow():
    batches, rows = [(500.0, 100.0)], [2]
    ### BEGIN HIDDEN TESTS
    batches, rows = batches + [(300.0, 50.0)], rows + [3]
    ### END HIDDEN TESTS
    for size, target in batches:  # the loss is finite, and its gradient times 65536 is not
        trainer = mock_trainer(MixedPrecisionTrainer, Tensor, 65536.0)
        trainer.model.weight.data *= 0
        x, y = (Tensor(np.full((8, n), v, np.float32)) for n, v in ((10, size), (5, target)))
        close("the loss", mixed.overflowing_step(trainer, x, y).metrics["loss"], target**2)
        good = [mixed.take_step(trainer, x, y).told for _ in range(16)].count((False, True))
        assert good, f"in 16 steps the scale fell to {trainer.loss_scale:g}: judge each step anew"
    for n in rows:
        trainer, batch = mock_trainer(MixedPrecisionTrainer, Tensor, 8.0), mock_batch(Tensor, n, n)
        mixed.casts_forward_alone(trainer, batch, Interceptor, is_autocast_enabled)
        trainer.loss_fn, trainer.optimizer.calls = (lambda outputs, targets: outputs), []
        raises("a loss of many numbers", lambda: trainer.train_step(batch), ValueError, "single")
        equal("the optimizer's calls with such a loss", trainer.optimizer.calls, [], "step 2 first")

test_unit_mixed_precision_overflow()

# %% nbgrader={"grade": true, "grade_id": "test-mixed-precision-detached", "points": 5}
# Check of MixedPrecisionTrainer, cut graphs and frozen layers: run it when your cell has run.
@check
def test_unit_mixed_precision_detached():
    cut, frozen = [(mixed.Detached, 2, 256.0, 3), (mixed.ThroughTheInput, 2, 1024.0, 0)], [0]
    ### BEGIN HIDDEN TESTS
    cut += [(mixed.ThroughTheInput, 5, 32.0, 1999), (mixed.Detached, 1, 2.0, 11)]
    frozen += [1]
    ### END HIDDEN TESTS
    for kind, rows, scale, count in cut:
        trainer = mock_trainer(MixedPrecisionTrainer, Tensor, scale, kind)
        trainer.steps_since_last_scale_update = count
        mixed.cut_step(trainer, *mock_batch(Tensor, rows, seed=0))
    for part in frozen:
        net = Sequential(Linear(10, 4), Linear(4, 5))
        net[part].weight.requires_grad = False
        before = [layer.weight.data.copy() for layer in net]
        trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1))
        trainer.train_step(mock_batch(Tensor, 2, seed=part))
        moved = [not np.array_equal(layer.weight.data, old) for layer, old in zip(net, before)]
        equal(f"which of two weights moved, number {part} frozen,", moved, [part == 1, part == 0])
    mixed.steps_a_part(MixedPrecisionTrainer, SGD, net, Tensor)

test_unit_mixed_precision_detached()

# %% [markdown]
r"""
## 5. What does it bring?

Four given analyses put the parts together. Each prints a table and returns its rows. Lesson 15's
`measure_peaks` measures this machine once, which takes a few seconds.

### How far do products get?
"""

# %%
#| exporti
from tinytorch.profiling.roofline import RooflineRow, measure_peaks, model_rows, roofline_row
from tinytorch.support.analyses import MODEL_SIZES, MemoryRow, ScalingRow, check_together, loops
from tinytorch.support.analyses import memory_rows
from tinytorch.support.decisions import TECHNIQUES, WORKLOADS, DecisionRow, Technique, Workload
from tinytorch.support.decisions import decision_rows
from tinytorch.support.validation import check_sizes

# %% nbgrader={"grade_id": "analyze-vectorization", "locked": true}
#| export
def analyze_vectorization_scaling(
    sizes: Sequence[int] = (64, 128, 256, 512, 1024, 2048), loops_up_to: int = 128
) -> list[ScalingRow]:
    """Time square float32 products on one thread, against this machine's peak; print a table."""
    for size in sizes:
        check_sizes(size=size)
    peaks, rows, rng = measure_peaks(progress=print), [], np.random.default_rng(0)
    for size in sizes:
        a, b = (Tensor(rng.random((size, size), dtype=np.float32)) for _ in range(2))
        with one_thread(), no_grad():
            seconds = best_seconds(lambda: vectorized_matmul(a, b), 3 if size > 1000 else 10)
        slow = best_seconds(lambda: loops(a.data, b.data), 1) if size <= loops_up_to else None
        rows.append(ScalingRow.of(size, seconds, peaks.flops, slow))
    print(table(rows, f"Square products, one thread; peak {peaks.flops / 1e9:.1f} GFLOP/s"))
    return rows

# %%
scaling = analyze_vectorization_scaling(sizes=(16, 64, 128, 256, 512), loops_up_to=64)

# %% [markdown]
r"""
For the smallest products the call itself takes most of the time. The others do so many FLOPs for
each byte that arithmetic is their limit, and not memory. (The peak is the rate of a product, too:
more than 100 % is the spread of two measurements, and other programs bring the percentage down.)

### Where do operations stand under the roof?
"""

# %% nbgrader={"grade_id": "analyze-arithmetic-intensity", "locked": true}
#| export
def analyze_arithmetic_intensity(
    size: int = 2048, model: Model | None = None, x: Any = None,
    loss_fn: Callable[[Tensor], Tensor] | None = None,
) -> list[RooflineRow]:
    """Five operations on `size` by `size` float32 arrays under the measured roof; print a table.
    With a `model` and its input `x` also its operations, and with `loss_fn` its backward pass.
    """
    check_together(model, x)
    check_sizes(size=size)
    peaks, rng = measure_peaks(progress=print), np.random.default_rng(0)
    a, b = (Tensor(rng.normal(size=(size, size)).astype(np.float32)) for _ in range(2))
    work = {"add": lambda: a + b, "multiply": lambda: a * b,
            "unfused_gelu": lambda: unfused_gelu(a), "fused_gelu": lambda: fused_gelu(a),
            "matmul": lambda: vectorized_matmul(a, b)}
    rows = [roofline_row(name, function, peaks) for name, function in work.items()]
    rows += [] if model is None else model_rows(model, x, peaks, loss_fn)
    corner = attainable(peaks.ridge, peaks.flops, peaks.bandwidth) / 1e9
    print(table(rows, f"The roof's corner: {peaks.ridge:.1f} FLOP/byte, {corner:.1f} GFLOP/s"))
    return rows

# %%
import matplotlib.pyplot as plt
from tinytorch.support.roofline import plot_roofline

figure = plot_roofline(analyze_arithmetic_intensity(), measure_peaks())
plt.show()

# %% [markdown]
r"""
Both forms of GELU compute the same FLOPs, and the unfused form moves about ten times the bytes.
That puts its point further left, where the roof is lower. How far it is below the roof has other
reasons, such as a tanh that counts as one FLOP. (Arrays in a cache may be above memory's slope.)

### What does mixed precision save?

What mixed precision saves depends on the balance of parameters and activations, and so on how many
tokens a batch holds. `MODEL_SIZES` in `tinytorch/support/analyses.py` counts both for GPT-2, and
lesson 17's `training_bytes` the bytes. A model of yours is measured.
"""

# %%
#| exporti
def measured_bytes(model: Model, x: Tensor, half: Any = None) -> dict[str, int]:
    """As `training_bytes`, with the activations and copies that the graph of `model(x)` holds."""
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
    """The memory of training states in float32 and in mixed precision; print a table.
    With a `model` and its input `x` also those of the model, measured.
    """
    check_together(model, x)
    half, rows = as_dtype(half), []
    for name, sizes in MODEL_SIZES.items():
        rows += memory_rows(name, training_bytes(*sizes), training_bytes(*sizes, half), half)
    if model is not None:
        x = as_tensor(x)
        both = measured_bytes(model, x), measured_bytes(model, x, half)
        rows += memory_rows("model, measured", *both, half)
    print(table(rows, "What training with Adam holds, in MB"))
    return rows

# %%
memory = analyze_mixed_precision_benefits(model=block, x=tokens)

# %% [markdown]
r"""
With few tokens the copies of the weights cost more than the activations save. (Counted as if all
activations took 16 bits; norms and the loss keep float32 inputs, so GPT-2 saves less.)

### Which technique, where?

Not every choice is a measurement. The last analysis scores four techniques for five kinds of work,
from judgements in `tinytorch/support/decisions.py`. A score only makes them explicit.

### Exercise: technique_score

The points of a technique for a kind of work (what is not in the table gives none):

| if the work ... | and the technique ... | points |
|---|---|---|
| has high or very high memory pressure | has a medium or high memory benefit | +2 |
| is latency-sensitive | has a medium, high or very high latency benefit | +2 |
| is stability-critical | has a stability risk of none or low; of medium | +1; -1 |
| needs high development speed | has a low or medium cost; a high or very high one | +1; -1 |
| has high or very high hardware variety | has a low or medium dependency; a higher one | +1; -2 |
"""

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

# %% nbgrader={"grade": true, "grade_id": "test-technique-score", "points": 3}
# Check of technique_score: run it when your cell has run.
@check
def test_unit_technique_score():
    wanted = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    rows = [(workload, technique, points) for workload, row in zip(WORKLOADS, wanted)
            for technique, points in zip(TECHNIQUES, row)]
    every = Workload("asks for everything", "high", True, True, "high", "high")
    rows += [(every, Technique("medium in all", "medium", "low", "low", "medium", "medium"), 1)]
    ### BEGIN HIDDEN TESTS
    memory = Workload("memory only", "very_high", False, False, "medium", "medium")
    best = Technique("best", "low", "medium", "very_high", "none", "low")
    rows += [(every, best, 7), (Workload("nothing", "low", False, False, "low", "low"), best, 0),
             (Workload("latency only", "medium", True, False, "medium", "medium"), best, 2),
             (every, Technique("worst", "very_high", "none", "none", "high", "very_high"), -3),
             (memory, Technique("much", "high", "high", "high", "medium", "high"), 2),
             (Workload("words not in the table", "high", False, True, "very_high", "medium"),
              Technique("very much of all", "low", "very_high", "low", "high", "low"), 0)]
    ### END HIDDEN TESTS
    for workload, technique, points in rows:
        equal(f"the score of {technique.name} for {workload.name}",
              technique_score(workload, technique), points, "go through the table line by line")

test_unit_technique_score()

# %% nbgrader={"grade_id": "acceleration-decision-framework", "locked": true}
#| export
def analyze_acceleration_decision_framework(
    techniques: Sequence[Technique] = TECHNIQUES
) -> list[DecisionRow]:
    """Recommendations for five kinds of work; print a table. ValueError unless `techniques` are
    the four, in order, with benefits as judged or as measured.
    """
    rows = decision_rows(technique_score, techniques)
    print(table(rows, "Recommendations and their scores"))
    return rows

# %%
decisions = analyze_acceleration_decision_framework()

# %% [markdown]
r"""
## 6. All together
"""

# %% nbgrader={"grade": true, "grade_id": "test-module", "locked": true, "points": 20}
# Check of everything together: run it when all cells above have run.
@check
def test_module():
    test_unit_vectorized_matmul(), test_unit_fused_gelu()
    test_unit_fusion_speedup(), test_unit_mixed_precision()
    block = mixed.FeedForward(Tensor, vectorized_matmul, fused_gelu, width=128)
    x, y = (Tensor(np.random.default_rng(n).normal(size=(16, 32, 128)), "float32") for n in (8, 9))
    optimizer = SGD(block.parameters(), lr=20.0)
    mixed.learns(MixedPrecisionTrainer(block, optimizer, loss_scale=512.0), (x, y), steps=5)
    held, full = (measured_bytes(block, x, half)["activations"] for half in ("float16", None))
    equal("twice the bytes of activations under autocast", 2 * held, full, "half of float32's")
    with autocast("float16"):
        rounded = block(x)
    typed("the block's output under autocast", rounded, np.float16, "see autocast_type")
    close("its numbers", rounded, block(x).data, "they are only rounded", rtol=0, atol=0.02)

test_module()

# %% [markdown]
r"""
## 7. On real data

The digits, in float32 and, from the same weights and on the same batches, in both 16-bit types.
"""

# %%
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.training import Trainer, batches, stratified_split
from tinytorch.support.data import load_digits
pixels, labels = load_digits()

# %%
def stepper(net, precision):
    optimizer, loss_fn = Adam(net.parameters(), lr=3e-3), CrossEntropyLoss()
    if precision == "float32":
        trainer = Trainer(net, optimizer, loss_fn)
        return lambda batch: trainer.train_step([batch])
    return MixedPrecisionTrainer(net, optimizer, loss_fn=loss_fn, dtype=precision).train_step

# %%
def trained(hidden, precision, seed, epochs=4):
    manual_seed(seed)
    net = Sequential(Linear(64, hidden), fused_gelu, Linear(hidden, 10))
    step, (train, test) = stepper(net, precision), stratified_split(labels, 0.2, seed)
    for batch in [b for _ in range(epochs) for b in batches(pixels[train], labels[train], 64)]:
        step(batch)
    guesses = net(Tensor(pixels[test])).numpy().argmax(axis=1)
    return step, batch, 100 * np.mean(guesses == labels[test])

# %%
def show(hidden, precision, seeds):
    runs = [trained(hidden, precision, seed) for seed in range(seeds)]
    step, batch, _ = runs[0]
    ms = best_seconds(lambda: step(batch), 20) * 1e3
    with Trace() as trace:
        step(batch)
    print(f"64-{hidden}-10 in {precision:8s}: test accuracy {np.mean([r[2] for r in runs]):.1f} %, "
          f"a step of {len(trace.operations)} operations takes {ms:5.2f} ms")

# %%
with one_thread():  # these products are too small to share
    for hidden, seeds in ((128, 2), (2048, 1)):
        for precision in ("float32", "float16", "bfloat16"):
            show(hidden, precision, seeds)

# %% [markdown]
r"""
A step takes longer in mixed precision, for two reasons. It runs more operations, casts and the
scaling, and each costs some microseconds of Python however small its arrays are. And a product of
16-bit numbers widens both sides to float32 and rounds the result. The larger the products, the less
both matter. What mixed precision saves here is memory. On processors with arithmetic units for
16-bit numbers it can save time as well.

## Questions

Assign each answer to the name behind its question.

1. What is the arithmetic intensity of the product of two 1024 x 1024 float32 matrices, and how many
   times as large is it as that of an elementwise addition? (`product_intensity`, `times_addition`)
2. How many bytes do the primitives of your `unfused_gelu` move for each float32 element, how many
   does `fused_gelu`, and what percentage is saved? Count the array that a primitive writes, and
   each that it reads, once. (`unfused_bytes`, `fused_bytes`, `percent_saved`)
3. A model of 100 million parameters and 50 million activations is trained with Adam. How many MB
   (10^6 bytes) are held in float32, and how many in mixed precision? (`full_mb`, `mixed_mb`)
4. What is the smallest positive float16? Half of it, and less, rounds to 0: above what size does a
   gradient survive with a loss scale of 1024? (`smallest_half`, `smallest_gradient`)
5. For edge deployment, which technique scores highest? (`edge_technique`, its name as in the table)
"""

# %% nbgrader={"solution": true, "grade_id": "question-acceleration"}
### BEGIN SOLUTION
product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12
unfused_bytes, fused_bytes = 4 * (2 + 3 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2
percent_saved = 100 * (1 - fused_bytes / unfused_bytes)
full_mb, mixed_mb = 100 * 16 + 50 * 4, 100 * 18 + 50 * 2
smallest_half, smallest_gradient = 2**-24, 2**-25 / 1024
edge_technique = "Kernel Fusion"
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-acceleration", "points": 8}
# Check of the answers: run it when your cell has run.
@check
def test_question_acceleration():
    def right(name, got, wanted, idea, off=0.01):
        assert math.isclose(got, wanted, rel_tol=off), f"{name} is {got:.6g}, not right: {idea}"
    product, one = matmul_intensity(1024, 1024, 1024, 4), Tensor(np.ones(10000, np.float32))
    right("product_intensity", product_intensity, product, "FLOPs over bytes, not over numbers")
    right("times_addition", times_addition, product / elementwise_intensity(1, 2, 1, 4),
          "an addition reads two arrays and writes one")
    for function, got in ((unfused_gelu, unfused_bytes), (fused_gelu, fused_bytes)):
        with CountingTrace() as trace:
            function(one)
        moved = sum(operation.bytes for operation in trace.operations) / one.size
        right(f"the number of bytes of {function.__name__}", got, moved,
              "for each of its primitives, arrays read and written, 4 bytes for each number")
    saved = 100 * (1 - fused_bytes / unfused_bytes)
    right("percent_saved", percent_saved, saved, "what is not moved, in percent")
    for name, half, got in (("full_mb", None, full_mb), ("mixed_mb", "float16", mixed_mb)):
        right(name, got, sum(training_bytes(100, 50, half).values()), "which parts shrink?", 1e-3)
    right("smallest_half", smallest_half, 2.0**-24, "subnormals count")
    right("smallest_gradient", smallest_gradient, 2.0**-35, "what survives the scaling?")
    best = max(TECHNIQUES, key=lambda t: technique_score(WORKLOADS[3], t)).name
    assert edge_technique == best, f"edge_technique is {edge_technique!r}: read the recommendations"

test_question_acceleration()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-scaling", "points": 2}
r"""
**In your own words:** why does the loss scale fall at once after an overflow, but grow only after
two thousand good steps? And why do the skipped steps do no harm?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Products in few calls, a GELU in one pass, training in mixed precision, and measures of all three.
Export them with `tito module complete 18`. In lesson 21 a program writes such fused kernels.
"""

# %% nbgrader={"grade_id": "main-execution", "locked": true}
if __name__ == "__main__":
    print("lesson 18 ran to its end")
