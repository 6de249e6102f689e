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
# Lesson 17: Precision

> Mixed precision: where 16 bits break, which operations may use them, and a loss scale that adapts.

Lesson 14 counted what a network keeps in memory for its backward pass. In a 16-bit type the same
activations take half the bytes. But 16 bits are few: small updates are lost in rounding, small
gradients become 0, and large numbers become infinite. In this lesson you find out where this
happens, and you build the two tools with which PyTorch deals with it: `autocast`, which chooses a
type for each operation, and `GradScaler`, which keeps the gradients within range.

About 4 hours: 8 exercises, some 40 lines to write, and an open question. Needs lessons 01 to 06 and
14. Makes `tinytorch.optimization.precision`: `autocast`, `GradScaler`, `unscale` and `next_scale`.
"""

# %%
#| default_exp optimization.precision

# %%
#| export
import threading
from collections.abc import Iterable
from contextlib import ContextDecorator
from typing import Any

import numpy as np

from tinytorch.core.tensor import Interceptor, Primitive, Tensor, apply, cast_array
from tinytorch.support.copies import Copies
from tinytorch.support.dtypes import as_dtype, is_floating, is_half

# %%
from tinytorch.support import checks_precision as precision
from tinytorch.support.checks import check, close, equal, outcome, raises, typed
from tinytorch.support.checks_scaler import CountedSteps

# %% [markdown]
r"""
## 1. Sixteen bits

A floating-point number has a sign, an exponent and a fraction. The bits of the exponent decide how
large and how small a number can be: the *range*. The bits of the fraction decide how far apart
neighbouring numbers lie: the *step*. `float16` has 5 bits of exponent and 10 of fraction,
`bfloat16` has 8 and 7, `float32` has 8 and 23.
"""

# %%
import ml_dtypes

for name in ("float16", "bfloat16", "float32"):
    info = ml_dtypes.finfo(as_dtype(name))
    print(f"{name:8s} largest {float(info.max):.5g}, smallest normal "
          f"{float(info.smallest_normal):.3g}, smallest {float(info.smallest_subnormal):.3g}")

# %% [markdown]
r"""
### Exercise: step_at

Between one power of two and the next, from $2^k$ to $2^{k+1}$, the numbers of a type are evenly
spaced: with $f$ bits of fraction they lie $2^{k-f}$ apart. Below the smallest *normal* number, down
to 0, the numbers are called *subnormal*, and lie as far apart as just above it. `math.frexp(x)`
gives `(m, e)` with `x == m * 2**e` and `m` from 0.5 up to but not including 1, so `e - 1` is the
$k$ of `x`.
"""

# %%
import math

FORMATS = {  # bits of fraction, and the exponent of the smallest normal number
    "float16": (10, -14), "bfloat16": (7, -126), "float32": (23, -126)}

# %% nbgrader={"solution": true, "grade_id": "step-at"}
def step_at(x: float, dtype: str) -> float:
    """How far apart the numbers of type `dtype` lie from |x| upwards; x may be negative or 0.

    >>> step_at(1.0, "float16"), step_at(-5.0, "float16"), step_at(0.0, "float16")
    (0.0009765625, 0.00390625, 5.960464477539063e-08)
    """
    fraction, lowest = FORMATS[dtype]
    ### BEGIN SOLUTION
    exponent = math.frexp(max(abs(x), 2.0**lowest))[1] - 1
    return 2.0 ** (exponent - fraction)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-step-at", "points": 4}
# Check of step_at: run it when your cell has run.
@check
def test_unit_step_at():
    rows = [("float16", 1.0, 2**-10), ("float16", 1.75, 2**-10), ("float16", 1000.0, 0.5),
            ("float16", -2048.0, 2.0), ("bfloat16", 256.0, 2.0), ("float32", 1.0, 2**-23)]
    small = [("float16", 2.0**-14, 2**-24), ("float16", 1e-6, 2**-24), ("float16", 0.0, 2**-24)]
    ### BEGIN HIDDEN TESTS
    rows += [("bfloat16", -0.3, 2**-9), ("float16", 65000.0, 32.0), ("float32", 3e38, 2.0**104),
             ("float16", 2048 - 2**-40, 1.0)]  # just below a power of two
    small += [("bfloat16", 0.0, 2.0**-133), ("float32", -1e-40, 2.0**-149)]
    ### END HIDDEN TESTS
    lowest = "below the smallest normal number the step does not shrink any further"
    idea = "how many bits of fraction, and which power of two is just below |x|?"
    for i, (dtype, x, wanted) in enumerate([*rows, *small]):
        what, idea = f"step_at({x}, {dtype!r})", lowest if i >= len(rows) else idea
        close(what, outcome(what, lambda: step_at(x, dtype), idea), wanted, idea)

test_unit_step_at()

# %% [markdown]
r"""
The result of an addition is rounded to the nearest number of the type. So adding less than half a
step changes nothing. Exactly half a step is a tie, which goes to the neighbour whose last bit is
even: in float16 2048 + 1 is 2048 again, but 2050 + 1 is 2052.
"""

# %%
def ones_one_by_one(dtype, count=5000):
    one = Tensor(1.0, dtype=dtype)
    total = one * 0
    for _ in range(count):
        total = total + one
    return total.item()

# %%
for dtype in FORMATS:
    total, one = ones_one_by_one(dtype), Tensor(1.0, dtype=dtype)
    print(f"{dtype:8s} 1 + 0.0001 = {(one + 0.0001).item():.7g}; 5000 ones, one by one: {total:g}, "
          f"where half a step is {step_at(total, dtype) / 2:g}")

# %% [markdown]
r"""
In 16 bits a long sum sticks, and a weight of 1 never notices an update of 0.0001. The range is the
other limit. Here are three gradients in float16:
"""

# %%
for gradient in (1e-5, 1e-7, 1e-8):
    scaled = np.float16(gradient * 1024)
    print(f"{gradient:g} in float16: {np.float16(gradient):.3g}; "
          f"times 1024 in float16, divided afterwards: {float(scaled) / 1024:.3g}")

# %% [markdown]
r"""
The smallest is gone, unless it was scaled up before it was rounded. The recipe that follows from
all this is *mixed precision* (Micikevicius et al. 2018, arXiv:1710.03740):

1. The weights stay in float32, so that small updates count. They are called the *master* weights.
2. The forward pass casts to a 16-bit type where that is safe, and keeps its activations in it.
3. The products of 16-bit numbers are added up in float32.
4. The loss is scaled up before the backward pass. The gradients are scaled down after it, in
   float32.

## 2. Which type for which operation?

A matrix product of 16-bit numbers that is added up in float32 loses little. Exponentials, powers,
long sums, norms and losses lose much, so they run in float32.
"""

# %%
#| exporti
HALF_OPERATIONS = frozenset({"matmul", "vectorized_matmul", "linear", "conv2d"})
FLOAT32_OPERATIONS = frozenset({
    "exp", "log", "pow", "reciprocal", "sum", "softmax", "log_softmax", "layer_norm", "batch_norm",
    "mse_loss", "bce_with_logits", "cross_entropy", "fused_cross_entropy"})

# %% [markdown]
r"""
### Exercise: autocast_type

The rules for an input of an operation, in order:

1. An input in `float64`, or of a type that is not floating, such as class indices, stays as it is.
2. An input of an operation in `HALF_OPERATIONS` is cast to the 16-bit type.
3. An input of an operation in `FLOAT32_OPERATIONS` is cast to float32.
4. All other operations take what comes.

These are the rules of `torch.autocast` on a CUDA device. On a CPU, PyTorch 2.13 leaves softmax,
layer norm, exp, pow, 1/x and sum in the type of the input.
"""

# %% nbgrader={"solution": true, "grade_id": "autocast-type"}
#| export
def autocast_type(operation: str, dtype: np.dtype, half: np.dtype) -> np.dtype:
    """The type in which `operation` takes an input of type `dtype`, by the four rules above.

    `operation` is the name of a primitive, and `half` the 16-bit type in which products run.

    >>> autocast_type("matmul", np.dtype("float32"), np.dtype("float16"))
    dtype('float16')
    >>> autocast_type("softmax", np.dtype("float16"), np.dtype("float16"))
    dtype('float32')
    """
    ### BEGIN SOLUTION
    if dtype == np.float64 or not is_floating(dtype):
        return dtype
    if operation in HALF_OPERATIONS:
        return half
    return np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-autocast", "points": 8}
# Check of autocast_type: run it when your cell has run.
@check
def test_unit_autocast_type():
    rules = {  # the rule, and rows of operation, type given, 16-bit type, type wanted
        1: "linear float64 float16 float64, sum float64 float16 float64, matmul bool bfloat16 bool,"
           "matmul int64 float16 int64, cross_entropy int64 float16 int64",
        2: "matmul float32 float16 float16, linear float32 bfloat16 bfloat16,"
           "linear float16 bfloat16 bfloat16",
        3: "cross_entropy float16 float16 float32, softmax bfloat16 bfloat16 float32,"
           "exp float32 float16 float32",
        4: "mul float16 float16 float16, mul float32 float16 float32, exp2 float16 float16 float16,"
           "relu bfloat16 bfloat16 bfloat16, linear_attention float32 float16 float32"}
    ### BEGIN HIDDEN TESTS
    rules[1] += ",linear int64 bfloat16 int64, mse_loss float64 bfloat16 float64"
    rules[2] += ",matmul bfloat16 float16 float16, vectorized_matmul float32 float16 float16"
    rules[3] += ",log float16 float16 float32, layer_norm bfloat16 float16 float32"
    rules[3] += "".join(f",{name} float16 float16 float32" for name in sorted(FLOAT32_OPERATIONS))
    rules[4] += ",tanh float32 bfloat16 float32, add bfloat16 float16 bfloat16"
    ### END HIDDEN TESTS
    for rule, rows in rules.items():
        for operation, *names in map(str.split, rows.split(",")):
            dtype, half, wanted = map(as_dtype, names)
            got = autocast_type(operation, dtype, half)
            equal(f"autocast_type({operation!r}, {dtype}, {half})", str(got), str(wanted),
                  f"read rule {rule} again")

test_unit_autocast_type()

# %% [markdown]
r"""
## 3. autocast

The rule now has to reach every operation that a network runs. All of them pass through lesson 01's
`apply`, and an `Interceptor` sees each of them there. So autocast is an interceptor: it casts the
inputs of an operation and lets the operation go on.

A cast is an operation, too. It is recorded, and its gradient rule casts the gradient back. So the
gradient of a float32 weight arrives in float32.

In an attention the same activations go into three products, for query, key and value, and all
three can use one 16-bit copy. `Copies` remembers the copies that are in use. It holds none of them
itself: a copy lives as long as a graph needs it.
"""

# %%
#| exporti
class _AutocastState(threading.local):
    def __init__(self):
        self.blocks: list[np.dtype | None] = [None]  # the 16-bit type of each block, innermost last
        self.copies = Copies()


_autocast = _AutocastState()

# %%
#| exporti
def half_copy(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` in a 16-bit type: the copy that is in use already, or else a new one."""
    return _autocast.copies.of(array, dtype, cast_array)


HALF_COPY = Primitive("astype", half_copy, "nothing")

# %% [markdown]
r"""
`cast` is what it will do with an input. An input that asks for a gradient is cast by
`HALF_COPY`, and so shares its copy. Any other, such as a batch in a buffer that you fill anew, is
cast each time.

One more array can be spared. A softmax runs in float32 and keeps its output for the backward pass.
In an attention that output goes into a product, which keeps a 16-bit copy of it. `keep_rounded`
lets the softmax keep that copy too. Its numbers lie between 0 and 1, so none of them overflows.
Norms keep their float32 inputs, for these may be larger than 65504.
"""

# %%
#| exporti
def keep_rounded(x: Tensor, copy: Tensor) -> None:
    """Where `x` is the output of a softmax, let that keep `copy` for its backward pass instead."""
    node = x._node
    if node is not None and node.primitive.name == "softmax" and node.output is not None:
        node.output = copy.data

# %%
#| exporti
def cast(x: Tensor, dtype: np.dtype) -> Tensor:
    """`x` in the type `dtype`, recorded; itself where it is of that type."""
    if not (is_half(dtype) and x.requires_grad) or x.dtype == dtype:
        return x.astype(dtype)
    copy = apply(HALF_COPY, x, dtype=dtype)
    keep_rounded(x, copy)
    return copy

# %% [markdown]
r"""
### Exercise: Casting

Now write the interceptor. `half` is the 16-bit type of the innermost block, or None where that
block has casting switched off; then the operation runs as it came. So does one with an input in
`float64`: a float32 number beside it is widened, and must not be rounded first.
"""

# %% nbgrader={"solution": true, "grade_id": "casting"}
#| exporti
class Casting(Interceptor):
    """Casts the inputs of every operation by `autocast_type`."""

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Cast each input, then go on: `apply(primitive, *inputs, **options)`.

        With `half` None, or where an input is float64, no input is cast.
        """
        half = _autocast.blocks[-1]
        ### BEGIN SOLUTION
        kinds = [x.dtype for x in inputs]
        if half is not None and np.float64 not in kinds:
            wanted = [autocast_type(primitive.name, kind, half) for kind in kinds]
            inputs = [cast(x, dtype) for x, dtype in zip(inputs, wanted)]
        return apply(primitive, *inputs, **options)
        ### END SOLUTION

# %% [markdown]
r"""
`autocast` puts your interceptor in place and keeps the list of blocks. Read it for two things. Only
the outermost block enters it. With one for each block, what an inner block had cast would be cast
again by the outer ones. And the copies are forgotten where the outermost block ends, for then the
weights may be changed in place.
"""

# %%
#| export
class autocast(ContextDecorator):
    """Within the block, on this thread, operations run in the types of `autocast_type`.

    Products run in `dtype` ("float16" or "bfloat16"). Blocks nest, and the innermost counts;
    `enabled=False` switches casting off inside another block. Put the forward pass and the loss
    inside, and the backward pass after it. One object serves for any number of blocks, and
    decorates functions. Raises ValueError where `dtype` is not a 16-bit type.
    """

    def __init__(self, dtype: Any = "float16", enabled: bool = True):
        half = as_dtype(dtype)
        if not is_half(half):
            raise ValueError(f"autocast works in float16 or bfloat16, not in {half}")
        self._half, self._casting = half if enabled else None, Casting()

    def __enter__(self) -> None:
        if len(_autocast.blocks) == 1:
            self._casting.__enter__()
        _autocast.blocks.append(self._half)

    def __exit__(self, *exception) -> None:
        _autocast.blocks.pop()
        if len(_autocast.blocks) == 1:
            self._casting.__exit__(*exception)
            _autocast.copies.clear()


def is_autocast_enabled() -> bool:
    """Whether an `autocast` block on this thread casts at this point."""
    return _autocast.blocks[-1] is not None

# %%
from tinytorch.profiling.profiler import Trace, saved_bytes

# %% nbgrader={"grade": true, "grade_id": "test-casting", "points": 6}
# Check of Casting: run it when your cell has run.
@check
def test_unit_casting():
    shapes = [(4, 3)]
    ### BEGIN HIDDEN TESTS
    shapes += [(2, 5, 3)]
    ### END HIDDEN TESTS
    for shape in shapes:
        w = Tensor(np.full((3, 2), 0.1, np.float32), requires_grad=True)
        x, wide = Tensor(np.ones(shape, np.float32)), Tensor(np.ones(shape))
        with Trace() as trace, autocast("float16"):
            typed("x @ w under autocast('float16')", x @ w, np.float16, "cast by autocast_type")
        equal("the operations of x @ w under autocast", [o.name for o in trace.operations],
              ["astype", "astype", "matmul"], "record each cast by cast, and go on with apply")
        with autocast("float16"):
            sums = (x @ w).sum(-1)
            typed("the sums of x @ w", sums, np.float32, "a long sum runs in float32")
            close("sums of x @ w", sums, np.full(shape[:-1], 0.6), "hand on the options", rtol=1e-3)
            for a, b in (wide, w), (w.transpose(), wide.transpose()):
                close("x @ w with one side in float64", a @ b, a.data @ b.data, "cast neither side")
            close("x.where(x < 0, 0.25)", x.where(x < 0, 0.25), x.data / 4, "each by its own type")
            with autocast("bfloat16"):
                typed("x @ w in a bfloat16 block inside", x @ w, as_dtype("bfloat16"), "its type")
            with autocast(enabled=False):
                typed("x @ w with casting off", x @ w, np.float32, "what if half is None?")
    precision.casts_like(autocast, Primitive, apply, Tensor)

test_unit_casting()

# %% [markdown]
r"""
## 4. What it saves, and what it costs

Two networks: linear layers with GELU, and an attention, in which every token mixes the values of
all others. The attention contains a norm and a softmax, which run in float32. For each, lesson 14's
`saved_bytes` counts the activations that wait for the backward pass, and the 16-bit copies of the
weights, which are the price.
"""

# %%
from tinytorch.core.activations import GELU, softmax
from tinytorch.core.layers import LayerNorm, Linear, Module, Sequential, manual_seed

# %%
class Attention(Module):
    def __init__(self, width):
        self.norm, self.scale = LayerNorm(width), width**-0.5
        self.query, self.key, self.value = (Linear(width, width) for _ in range(3))
    def forward(self, x):
        normed = self.norm(x)
        scores = self.query(normed) * self.scale @ self.key(normed).transpose()
        return x + softmax(scores) @ self.value(normed)

# %%
manual_seed(0)
gelu_layers = [part for _ in range(6) for part in (Linear(256, 256), GELU("tanh"))]
networks = {"linear and GELU": Sequential(*gelu_layers, Linear(256, 10)),
            "attention": Attention(256)}
tokens = Tensor(np.random.default_rng(0).normal(size=(8, 64, 256)).astype(np.float32))

# %%
from contextlib import nullcontext

def casting_to(dtype):
    return nullcontext() if dtype == "float32" else autocast(dtype)

# %%
for name, net in networks.items():
    full = saved_bytes(net(tokens), net.parameters()).activations
    for dtype in ("float32", "float16", "bfloat16"):
        with casting_to(dtype):
            saved = saved_bytes(net(tokens), net.parameters())
        print(f"{name:15s} in {dtype:8s} activations {saved.activations / 1024:5,.0f} KiB "
              f"({saved.activations / full:.0%}), copies {saved.weight_copies / 1024:3.0f} KiB")

# %% [markdown]
r"""
The attention keeps more than half, because its norm keeps a float32 input. And what does the
rounding cost? Take all gradients of the attention as one long vector. Its distance from the float32
gradient, divided by the length of that gradient, is of the order of half a step at 1:
"""

# %%
def gradient_of(net, dtype):
    net.zero_grad()
    with casting_to(dtype):
        loss = (net(tokens) ** 2).mean()
    (loss * 1024).backward()
    return np.concatenate([p.grad.data.ravel() for p in net.parameters()])

# %%
exact = gradient_of(networks["attention"], "float32")
for dtype in ("float16", "bfloat16"):
    distance = np.linalg.norm(gradient_of(networks["attention"], dtype) - exact)
    print(f"{dtype:8s} relative distance {distance / np.linalg.norm(exact):.1e}; "
          f"half a step at 1 is {step_at(1, dtype) / 2:.1e}")

# %% [markdown]
r"""
And the time? Processors with arithmetic units for 16-bit numbers, such as the tensor cores of a
GPU, multiply them faster than float32. But the BLAS library that NumPy comes with has no product of
16-bit numbers. So our products widen their inputs to float32, multiply there, and round the result.
They save memory and no time. Lesson 18 measures whole steps.

### Exercise: training_bytes

Activations are not all that training holds. Count the rest for a model that is trained with Adam.
In float32 a parameter costs its weight, its gradient, and Adam's two running means. In mixed
precision all of these stay in float32, and a 16-bit copy of each weight comes in addition. Only the
activations shrink.
"""

# %% nbgrader={"solution": true, "grade_id": "training-bytes"}
#| export
def training_bytes(parameters: int, activations: int, half: Any = None) -> dict[str, int]:
    """Bytes that training with Adam holds, for these numbers of parameters and of activations.

    The keys are "weights", "half copies", "gradients", "optimizer" and "activations". With `half`
    None all is float32, and there are no copies. Else activations and copies are of the type
    `half`. ValueError where that is not a 16-bit type.

    >>> training_bytes(10, 100)
    {'weights': 40, 'half copies': 0, 'gradients': 40, 'optimizer': 80, 'activations': 400}
    """
    if half is not None and not is_half(as_dtype(half)):
        raise ValueError(f"half is float16 or bfloat16 (None for float32), got {half}")
    single = np.dtype(np.float32).itemsize
    ### BEGIN SOLUTION
    small = single if half is None else as_dtype(half).itemsize
    return {
        "weights": parameters * single, "half copies": 0 if half is None else parameters * small,
        "gradients": parameters * single, "optimizer": 2 * parameters * single,
        "activations": activations * small}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-training-bytes", "points": 5}
# Check of training_bytes: run it when your cell has run.
@check
def test_unit_training_bytes():
    rows = [(100, 50, None, (400, 0, 400, 800, 200)), (7, 30, "float16", (28, 14, 28, 56, 60)),
            (3, 11, "bfloat16", (12, 6, 12, 24, 22)), (0, 5, "float16", (0, 0, 0, 0, 10))]
    ### BEGIN HIDDEN TESTS
    rows += [(13, 17, None, (52, 0, 52, 104, 68)), (250, 1, "bfloat16", (1000, 500, 1000, 2000, 2)),
             (1, 0, "float16", (4, 2, 4, 8, 0))]
    ### END HIDDEN TESTS
    names = ("weights", "half copies", "gradients", "optimizer", "activations")
    for parameters, activations, half, wanted in rows:
        what = f"training_bytes({parameters}, {activations}, {half})"
        got = training_bytes(parameters, activations, half)
        equal(f"the keys of {what}", sorted(got), sorted(names))
        equal(f"{what} for {', '.join(names)}", tuple(got[name] for name in names), wanted,
              "which parts shrink, which do not?" if half else "all is float32, without copies")
    precision.half_bytes(training_bytes)

test_unit_training_bytes()

# %% [markdown]
r"""
## 5. Loss scaling

Multiply the loss by S, and by the chain rule every gradient is S times as large: what would have
become 0 in float16 does not. Divide the gradients by S before the update, in float32, and the
update is the one that was wanted. How large should S be? As large as possible without an overflow,
and how large that is changes as training goes on. So the scale is found while training
(*dynamic* loss scaling): a step whose gradients overflow is skipped and the scale halved; after
2,000 good steps in a row it is doubled.

### Exercise: unscale

Divide every gradient by the scale, and report whether any number is inf or nan. Multiply by
`inverse`, as PyTorch does. Give `g.data` a new array, and leave the old one as it is: somebody may
still hold it. Two things are easy to get wrong:

- Look *after* the division. With a scale below 1 it makes numbers larger, and can itself overflow:
  in float32, 2e38 / 0.25 is inf. (PyTorch 2.13 looks before, and reports no overflow there.)
- Go on after a bad gradient. If some gradients were divided and others not, whoever looks at them
  next would be misled.
"""

# %% nbgrader={"solution": true, "grade_id": "unscale"}
#| export
def unscale(gradients: Iterable[Tensor], scale: float) -> bool:
    """Divide each gradient's `data` by `scale`, above 0; return whether one then has an inf or nan.

    Raises ValueError for a 16-bit gradient: master weights, and so their gradients, are float32.

    >>> g = Tensor([1024.0, 2048.0])
    >>> unscale([g], 1024.0), g
    (False, Tensor([1., 2.], dtype=float32))
    """
    gradients, scale = list(gradients), float(scale)
    inverse = 1 / scale
    half = next((g.dtype for g in gradients if is_half(g.dtype)), None)
    if half is not None:
        raise ValueError(f"cannot unscale {half} gradients: keep the model's parameters in float32 "
                         "(master weights), and let autocast make the 16-bit copies")
    ### BEGIN SOLUTION
    found_inf = False
    for g in gradients:
        with np.errstate(all="ignore"):
            g.data = g.data * inverse
        found_inf = found_inf or not np.isfinite(g.data).all()
    return found_inf
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-loss-scale", "points": 8}
# Check of unscale: run it when your cell has run.
@check
def test_unit_loss_scale():
    inf, nan = math.inf, math.nan
    rows = [([[512, -2048]], 512.0, [[1, -4]], False, "finite gradients are no overflow"),
            ([[1], [3e38, 3e38]], 1.0, [[1], [3e38, 3e38]], False, "look at each, not at a sum"),
            ([[inf, 1], [256]], 128.0, [[inf, 1 / 128], [2]], True, "one inf is enough"),
            ([[2e38, 1]], 0.25, [[inf, 4]], True, "the division overflows: look after it"),
            ([[1], [2], [nan]], 2.0, [[0.5], [1], [nan]], True, "a nan in the last one counts"),
            ([[1, -inf]], 2.0, [[0.5, -inf]], True, "-inf is an overflow too")]
    ### BEGIN HIDDEN TESTS
    rows += [([[3], [-9, 6]], 0.75, [[4], [-12, 8]], False, "finite gradients are no overflow"),
             ([[5], [nan, 2], [inf], [9]], 5.0, [[1], [nan, 0.4], [inf], [1.8]], True, "see all"),
             ([[1e-7], [4e-8]], 8.0, [[1.25e-8], [5e-9]], False, "small numbers are finite"),
             ([], 2.0, [], False, "where there is no gradient there is no overflow")]
    ### END HIDDEN TESTS
    for given, scale, wanted, bad, idea in rows:
        precision.unscales(unscale, Tensor, given, scale, wanted, bad, idea)
    precision.unscales_kinds(unscale, Tensor)

test_unit_loss_scale()

# %% [markdown]
r"""
### Exercise: next_scale

The rules of the scale, and of the count of good steps since it last changed:

- After a bad step the scale is multiplied by `backoff_factor`, but it does not go below
  `min_scale`. The count starts again at 0.
- After a good step the count goes up by 1. When it reaches `growth_interval`, the scale is
  multiplied by `growth_factor`, but is `max_scale` at most, and the count starts again at 0.
- A bad step never raises the scale, even where it is already below `min_scale`. A good step never
  makes it infinite in float32: the scale stays as it is then.

(`torch.amp.GradScaler` has no floor. Halved again and again, its scale reaches 0.)
"""

# %% nbgrader={"solution": true, "grade_id": "next-scale"}
#| export
def next_scale(
    scale: float, count: int, found_inf: bool, *, growth_factor: float = 2.0,
    backoff_factor: float = 0.5, growth_interval: int = 2000, min_scale: float = 1.0,
    max_scale: float = 65536.0,
) -> tuple[float, int]:
    """The scale and the count of good steps after a step that found an inf or nan, or did not.

    `float(np.finfo(np.float32).max)` is the largest finite float32.

    >>> next_scale(4.0, 1, True), next_scale(4.0, 1, False)
    ((2.0, 0), (4.0, 2))
    >>> next_scale(4.0, 1, False, growth_interval=2)
    (8.0, 0)
    """
    ### BEGIN SOLUTION
    if found_inf:
        return min(scale, max(min_scale, scale * backoff_factor)), 0
    if count + 1 < growth_interval:
        return scale, count + 1
    grown = min(max_scale, scale * growth_factor)
    return (grown if grown <= float(np.finfo(np.float32).max) else scale), 0
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-next-scale", "points": 6}
# Check of next_scale: run it when your cell has run.
@check
def test_unit_next_scale():
    bad = [(4.0, 7, 2.0, {}), (1.0, 3, 1.0, {}), (10.0, 0, 2.5, {"backoff_factor": 0.25}),
           (0.5, 3, 0.25, {"min_scale": 0.25}), (0.25, 1, 0.25, {})]
    good = [(4.0, 0, 4.0, 1, {"growth_interval": 2}), (4.0, 1, 8.0, 0, {"growth_interval": 2}),
            (8.0, 1, 8.0, 0, {"growth_interval": 2, "max_scale": 8.0}), (3.0, 8, 3.0, 9, {}),
            (64.0, 9, 128.0, 0, {"growth_interval": 5}), (30.0, 1999, 60.0, 0, {}),
            (10.0, 0, 30.0, 0, {"growth_factor": 3.0, "growth_interval": 1}),
            (99.0, 0, 16.0, 0, {"growth_interval": 1, "max_scale": 16.0}), (0.25, 0, 0.25, 1, {}),
            (2.0**127, 0, 2.0**127, 0, {"growth_interval": 1, "max_scale": math.inf})]
    ### BEGIN HIDDEN TESTS
    bad += [(100.0, 2, 10.0, {"backoff_factor": 0.1, "min_scale": 5.0}), (7.0, 0, 3.5, {}),
            (10.0, 1, 5.0, {"backoff_factor": 0.1, "min_scale": 5.0}), (1.5, 4, 1.0, {}),
            (0.125, 5, 0.125, {"min_scale": 2.0})]
    most = float(np.finfo(np.float32).max)
    good += [(3.0, 1998, 3.0, 1999, {}), (50000.0, 1999, 65536.0, 0, {}), (5.0, 0, 5.0, 1, {}),
             (7.0, 2, 28.0, 0, {"growth_factor": 4.0, "growth_interval": 3}), (1e5, 1, 1e5, 2, {}),
             (1.0, 0, 1.5, 0, {"growth_factor": 1.5, "growth_interval": 1, "max_scale": 2.0}),
             (most / 2, 1999, most, 0, {"max_scale": math.inf})]
    ### END HIDDEN TESTS
    rows = [(*row, True) for row in [(s, n, new, 0, rules) for s, n, new, rules in bad]]
    for scale, count, new, left, rules, found in rows + [(*row, False) for row in good]:
        got, tells = next_scale(scale, count, found, **rules), f"{scale}, {count}, {found}, {rules}"
        equal(f"the scale of next_scale({tells})", got[0], new, "which factor, and how far?")
        equal(f"the count of next_scale({tells})", got[1], left, "when does it start again?")
    precision.takes_numpys(next_scale)

test_unit_next_scale()

# %% [markdown]
r"""
### Exercise: GradScaler

A training loop with PyTorch's interface goes like this:

```python
scaler.scale(loss).backward()
scaler.unscale_(optimizer)  # where the gradients are needed before the step: to clip them, say
scaler.step(optimizer)
scaler.update()
```

The order matters: unscaling twice would divide twice, and clipping before unscaling would clip the
scaled gradients. So the scaler keeps what it has seen since the last `update()`: `found` maps each
optimizer whose gradients were unscaled to whether one of them was inf or nan, and `stepped` is the
set of optimizers for which `step` was called. `ScaleState` in `tinytorch/support/loss_scale.py`
holds these two, the scale and its settings, and can be saved and loaded.

The first part is given; you need all three of its methods here or in lesson 18. In `scale` note
the float32: a float16 loss of 100, times a scale of 1024, would be inf.
"""

# %%
#| exporti
from tinytorch.support.loss_scale import ScaleState, gradients_of

class ScaledLoss(ScaleState):
    """A loss scale, the gradients that it scaled, and how it adapts to them."""

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the current scale, in float32 at least, its graph attached."""
        if not isinstance(loss, Tensor):
            kind = type(loss).__name__
            raise TypeError(f"scale() wants the loss as a Tensor, for its graph; got a {kind}")
        if not self.enabled:
            return loss
        with np.errstate(over="ignore"):
            return (loss.astype(np.float32) if is_half(loss.dtype) else loss) * self.loss_scale

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, once between updates."""
        if self.enabled:
            if optimizer in self.found:
                raise RuntimeError("these gradients were unscaled before: call update() first")
            self.found[optimizer] = unscale(gradients_of(optimizer), self.loss_scale)

    def adapt(self, found_inf: bool) -> None:
        """Set the scale and the count of good steps after a step that was bad or good."""
        self.loss_scale, self.growth_tracker = next_scale(
            self.loss_scale, self.growth_tracker, found_inf, **self.rules)

# %% [markdown]
r"""
Write `step` and `update`. Unlike PyTorch's, your `step` tells whether the step was taken. Several
optimizers can share a scaler. An overflow in one of them does not keep the others from their steps,
but the scale falls, once.
"""

# %% nbgrader={"solution": true, "grade_id": "grad-scaler"}
#| export
class GradScaler(ScaledLoss):
    """Dynamic loss scaling with the interface of torch.amp.GradScaler, a floor and a ceiling."""

    def step(self, optimizer: Any) -> bool:
        """Call `optimizer.step()` unless a gradient is inf or nan; return whether it was called.

        Gradients that were not unscaled since the last update are unscaled first.
        """
        if not self.enabled:
            optimizer.step()
            return True
        if optimizer in self.stepped:
            raise RuntimeError("step() was called for this optimizer before: call update() first")
        ### BEGIN SOLUTION
        if optimizer not in self.found:
            self.unscale_(optimizer)
        self.stepped.add(optimizer)
        if not self.found[optimizer]:
            optimizer.step()
        return not self.found[optimizer]
        ### END SOLUTION

    def update(self) -> None:
        """Adapt the scale to what all optimizers found; empty `found` and `stepped`."""
        if self.enabled and not self.found:
            raise RuntimeError("update() before any unscale_() or step(): nothing to adapt to")
        if self.enabled:
            ### BEGIN SOLUTION
            self.adapt(any(self.found.values()))
            self.found.clear()
            self.stepped.clear()
            ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-grad-scaler", "points": 6}
# Check of GradScaler: run it when your cell has run.
@check
def test_unit_grad_scaler():
    gradients = {"good": [3.0, -4.0], "inf": [1.0, np.inf], "nan": [np.nan, 1.0]}
    windows = [("good good", 8.0), ("inf good", 4.0), ("good nan", 2.0), ("nan inf", 1.0)]
    ### BEGIN HIDDEN TESTS
    windows += [("good", 1.0), ("inf", 0.5), ("good good", 0.5), ("good good good", 1.0)]
    ### END HIDDEN TESTS
    optimizers = [CountedSteps(Tensor([0.0, 0.0])) for _ in range(3)]
    scaler = GradScaler(8.0, growth_interval=2, min_scale=0.5)
    for turn, (window, wanted) in enumerate(windows):
        used = list(zip(window.split(), optimizers))
        for kind, o in used:
            o.parameter.grad, o.steps = Tensor(gradients[kind]) * scaler.get_scale(), 0
        if turn % 2:
            scaler.unscale_(optimizers[0])
        for kind, o in used:
            what = f"step(optimizer) with {kind} gradients, in a window of {window},"
            taken = outcome(what, lambda: scaler.step(o), "unscale what is not unscaled yet")
            equal(f"{what} and calls of optimizer.step()", (taken, o.steps),
                  (kind == "good", int(kind == "good")), "what did it find for this optimizer?")
            close(f"gradients after {what}", o.parameter.grad, gradients[kind], "unscaled once?")
            raises("a second step(optimizer)", lambda: scaler.step(o), RuntimeError, "update")
        scaler.update()
        equal(f"the scale after {window}", scaler.get_scale(), wanted, "one update for all")
        equal("found and stepped after update()", (scaler.found, scaler.stepped), ({}, set()))
    precision.adapts_to_all(GradScaler, lambda: CountedSteps(Tensor([0.0, 0.0])), Tensor)

test_unit_grad_scaler()

# %% [markdown]
r"""
The loop of a training in mixed precision, with your scaler. An overflow is an ordinary event here,
so `errstate` keeps NumPy from warning of it.
"""

# %%
def steps_of(net, optimizer, scaler, dtype, loss_of, count=150):
    for _ in range(count):
        with casting_to(dtype):
            loss = loss_of(net)
        optimizer.zero_grad()
        with np.errstate(over="ignore", invalid="ignore"):
            scaler.scale(loss).backward()
        taken = scaler.step(optimizer)
        scaler.update()
        yield loss.item(), scaler.get_scale(), taken

# %% [markdown]
r"""
### Gradients that vanish

A network computes in millimetres, and its loss is in square metres. So the loss, and with it every
gradient, is a million times smaller. Adam divides gradients by their own size, so it does not mind,
if only its `eps` is small enough. float32 does not mind either, but float16 does. Here is the same
training four times, with a scale that stays as it is.
"""

# %%
from tinytorch.core.losses import MSELoss
from tinytorch.core.optimizers import SGD, Adam

inputs = Tensor(np.random.default_rng(0).uniform(-2, 2, size=(256, 2)).astype(np.float32))

def square_metres(net):
    return MSELoss()(net(inputs), np.sin(3 * inputs.data)) * 1e-6

# %%
for dtype, scale in [("float32", 1), ("float16", 1), ("float16", 65536), ("bfloat16", 1)]:
    manual_seed(0)
    net = Sequential(Linear(2, 64), GELU("tanh"), Linear(64, 2))
    optimizer = Adam(net.parameters(), lr=1e-2, eps=1e-16)
    scaler = GradScaler(scale, max_scale=scale, enabled=dtype != "float32")
    losses = [loss for loss, *_ in steps_of(net, optimizer, scaler, dtype, square_metres)]
    zeros = np.mean(np.concatenate([p.grad.data.ravel() for p in net.parameters()]) == 0)
    print(f"{dtype:8s} scale {scale:5d}: loss {losses[0]:.1e} -> {losses[-1]:.1e}; "
          f"{zeros:4.0%} of the last gradient is 0")

# %% [markdown]
r"""
With a scale of 1 the float16 network learns nothing: its gradients are rounded to 0 on the way.
With a scale of 65536 it learns as in float32. bfloat16 has the range of float32 and needs no scale.

### Gradients that overflow

Now the scale starts far too high, at $2^{30}$, and adapts. It falls until the gradients fit. From
then on it is doubled after every 20 good steps, and halved again where that was too much. Each
cross is a step that was skipped.
"""

# %%
manual_seed(1)
net = Sequential(Linear(10, 32), GELU("tanh"), Linear(32, 5))
optimizer, scaler = SGD(net.parameters(), lr=0.05), GradScaler(2.0**30, growth_interval=20)
x, y = (Tensor(np.random.default_rng(n).normal(size=(32, n)).astype(np.float32)) for n in (10, 5))
rows = list(steps_of(net, optimizer, scaler, "float16", lambda net: MSELoss()(net(x), y)))
scales = [scale for _, scale, _ in rows]
skipped = [step for step, (_, _, taken) in enumerate(rows) if not taken]

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.step(range(len(scales)), scales, where="post")
axes.plot(skipped, [scales[i] for i in skipped], "x", color="tab:red", label="skipped")
axes.set_yscale("log", base=2)
axes.set(xlabel="step", ylabel="scale after it")
axes.set_title(f"{len(skipped)} of {len(scales)} steps were skipped")
axes.legend()
plt.show()

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. From 0 on, 1/4 is added to a float16 number again and again. At which number does the sum stick?
   (`sticks_at`)
2. The largest number in the gradients of a network is 0.7, and it is computed in float16. How large
   may the scale be, if it is a power of two? (`largest_scale`)
3. A scale starts at $2^{30}$, and `next_scale` is called with its default settings. How many bad
   steps in a row bring it down to 1024? (`bad_steps`)
4. From how many activations for each parameter on does mixed precision hold fewer bytes than
   float32, by `training_bytes`? (`activations_per_parameter`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-precision"}
### BEGIN SOLUTION
sticks_at = 512
largest_scale = 65536
bad_steps = 20
activations_per_parameter = 1
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-precision", "points": 6}
# Check of the answers: run it when your cell has run.
@check
def test_question_precision():
    assert step_at(sticks_at, "float16") == 0.5 > step_at(sticks_at - 0.25, "float16"), (
        f"sticks_at is {sticks_at}: the sum sticks at the first number where 1/4 is half a step")
    largest = 0.7 * largest_scale
    assert largest <= 65504 < 2 * largest and math.frexp(largest_scale)[0] == 0.5, (
        f"largest_scale is {largest_scale}: 0.7 times that is {largest:g}; the largest float16 is "
        "65504, and the scale is a power of two")
    scale = 2.0**30
    for _ in range(int(bad_steps)):
        scale, _ = next_scale(scale, 0, True)
    assert scale == 1024, f"bad_steps is {bad_steps}: after these the scale is {scale:g}, not 1024"
    for n, fewer in ((0.99, False), (1.01, True)):
        counts = 10**6, round(n * activations_per_parameter * 10**6)
        mixed, full = (sum(training_bytes(*counts, half).values()) for half in ("float16", None))
        assert (mixed < full) == fewer, (
            f"activations_per_parameter is {activations_per_parameter}: with {n} times as many "
            f"training holds {mixed:,} bytes in mixed precision and {full:,} in float32")

test_question_precision()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-weights", "points": 2}
r"""
**In your own words:** the forward pass rounds every weight to 16 bits. Why is it still worth
keeping the weights themselves in float32?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

An interceptor that gives every operation its type, and a scaler that keeps gradients in the range
of float16 and skips the steps where that fails. Export them with `tito module complete 17`. Lesson
18 makes a trainer of them, for any model and any optimizer, and measures what it brings.
"""
