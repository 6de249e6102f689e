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

> Half precision: where it breaks, which operations may use it, and a loss scale that finds itself.
"""

# %%
#| default_exp optimization.precision

# %%
#| export
import math
import threading
from collections.abc import Iterable
from contextlib import ContextDecorator, nullcontext
from typing import Any
from weakref import ref

import numpy as np

from tinytorch.core.tensor import Layer, Primitive, Tensor, apply, as_dtype, cast_array, is_floating, is_half

# %%
import tracemalloc
from dataclasses import dataclass

import matplotlib.pyplot as plt
import ml_dtypes

from tinytorch.core.activations import GELU, softmax
from tinytorch.core.layers import LayerNorm, Linear, Module, Sequential, manual_seed
from tinytorch.core.losses import MSELoss
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.profiling.roofline import best_seconds
from tinytorch.support.tables import column, table
from tinytorch.support.threads import one_thread

# %% [markdown]
r"""
## Half precision

A 16-bit float takes half the memory of a 32-bit one, and half the time to travel. It has its price in range and in
steps: float16 has 5 bits of exponent and 10 of fraction, bfloat16 keeps float32's 8 bits of exponent and is left with
7 of fraction.
"""

# %%
@dataclass(frozen=True)
class Range:
    type: str
    largest: float = column("largest", ".5g")
    normal: float = column("smallest normal", ".3g")
    subnormal: float = column("smallest", ".3g")
    step: float = column("step at 1", ".3g")

def range_of(dtype):
    info = ml_dtypes.finfo(as_dtype(dtype))
    return Range(dtype, float(info.max), float(info.smallest_normal), float(info.smallest_subnormal), float(info.eps))

print(table([range_of(name) for name in ("float16", "bfloat16", "float32")]))

# %% [markdown]
r"""
Steps are the other half of the price: what is smaller than half a step is lost.
"""

# %%
def ones_one_by_one(kind, count=5000):
    total, one = kind(0), kind(1)
    for _ in range(count):
        total = kind(total + one)
    return total

for kind in (np.float16, ml_dtypes.bfloat16, np.float32):
    print(f"{kind.__name__:8s} 1 + 0.0001 = {float(kind(kind(1) + kind(1e-4))):.7g}; "
          f"5000 ones, added one by one: {float(ones_one_by_one(kind)):g}")

# %%
for gradient in (1e-5, 1e-7, 1e-8):
    print(f"a gradient of {gradient:g} in float16: {float(np.float16(gradient)):.3g}; "
          f"scaled by 1024 first and divided after: {float(np.float16(gradient * 1024)) / 1024:.3g}")

# %% [markdown]
r"""
So a weight of 1 never notices an update of 0.0001. A sum sticks where the next number is less than half a step: at
2048 the halves lie 2 apart, and 2048 + 1 is 2048 again. And a gradient of $10^{-8}$ is gone, unless it was scaled up
before it was rounded. Mixed precision is the recipe that follows (Micikevicius et al. 2018, arXiv:1710.03740):

1. the *master* weights stay in float32, so that small updates count;
2. the forward pass casts to half where that is safe, and keeps its activations in half;
3. products and sums of halves are added up in float32;
4. the loss is scaled up before the backward pass, and the gradients are scaled down after it, in float32.

### Where is half safe?

A product of halves, added up in float32, loses little: products and linear layers take halves. Exponentials, powers,
long sums, norms and losses run in float32. Everything else takes what comes. These are the rules of `torch.autocast`
on a GPU; on a CPU PyTorch leaves softmax, layer norm, exp, pow and sum in the input's type, which saves memory and
costs precision. Ours are the same everywhere.
"""

# %%
#| export
HALF_OPERATIONS = frozenset({"matmul", "vectorized_matmul", "linear"})
FLOAT32_OPERATIONS = frozenset({
    "exp", "log", "pow", "sum", "softmax", "log_softmax", "layer_norm", "mse_loss", "bce_with_logits", "cross_entropy",
    "fused_cross_entropy"})

# %% [markdown]
r"""
### Exercise: the casting rule

`float64` is left alone: whoever asked for it wants it. So is everything that is not a floating type, such as class
indices.
"""

# %% nbgrader={"solution": true, "grade_id": "autocast-type"}
#| export
def autocast_type(operation: str, dtype: np.dtype, half: np.dtype) -> np.dtype:
    """The type in which `operation` takes an input of type `dtype`, where products run in `half`.

    >>> autocast_type("matmul", np.dtype("float32"), np.dtype("float16"))
    dtype('float16')
    >>> autocast_type("softmax", np.dtype("float16"), np.dtype("float16"))
    dtype('float32')
    >>> autocast_type("add", np.dtype("float16"), np.dtype("float16"))
    dtype('float16')
    """
    ### BEGIN SOLUTION
    if dtype == np.float64 or not is_floating(dtype):
        return dtype
    if operation in HALF_OPERATIONS:
        return half
    return np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype
    ### END SOLUTION

# %% [markdown]
r"""
`autocast` puts the rule on the door: a layer casts the inputs and lets the operation go on. The cast is an operation
too, so it is recorded, and its gradient rule casts back: a weight's gradient arrives in the weight's own type,
`float32`.

Query, key and value of an attention are three products of the same activations, and a weight may be used twice. One
half copy will do for all of them. So the copy of an array is remembered, weakly: it lives as long as a graph holds it,
and it is forgotten where the array goes or the outermost autocast ends. (PyTorch remembers copies of weights only, and
holds them to the end of the block.) What asks for no gradient, such as a batch in a buffer that you fill anew, is
rounded each time.
"""

# %%
#| export
class _AutocastState(threading.local):
    def __init__(self):
        self.blocks: list[np.dtype | None] = [None]  # the half outside, and of each block, the innermost last
        self.copies: dict[tuple[int, np.dtype], tuple[ref, ref]] = {}


_autocast = _AutocastState()


def half_copy(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` in a half type: the copy that was made before, where that is still alive and autocast went on."""
    copies, key = _autocast.copies, (id(array), dtype)
    copy = copies[key][1]() if key in copies else None
    if copy is None:
        copy = cast_array(array, dtype)
        copies[key] = ref(array, lambda gone: copies.pop(key, None)), ref(copy)
    return copy


HALF_COPY = Primitive("astype", half_copy, "nothing")

# %% [markdown]
r"""
One more thing can be saved. A softmax runs in float32 and keeps its result for the backward pass. In an attention that
result goes into a product, so it is rounded to half, and the product keeps the rounded one. Two copies of one array:
let the softmax keep the rounded one too. Its numbers lie between 0 and 1, so none overflows, and its gradient comes
through the product, which has seen only the rounded ones. Norms keep their float32 inputs: a residual stream may grow
beyond 65504.
"""

# %%
#| export
KEPT_IN_HALF = frozenset({"softmax"})


def _cast(x: Tensor, dtype: np.dtype) -> Tensor:
    if x.dtype == dtype:
        return x
    if not (is_half(dtype) and x.requires_grad):
        return x.astype(dtype)
    copy, node = apply(HALF_COPY, x, dtype=dtype), x._node
    if node is not None and node.primitive.name in KEPT_IN_HALF and node.output is not None:
        node.output = copy.data
    return copy

# %%
#| export
class _Casting(Layer):
    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        half, kinds = _autocast.blocks[-1], [x.dtype for x in inputs]
        if half is not None and np.float64 not in kinds:
            inputs = [_cast(x, autocast_type(primitive.name, kind, half)) for x, kind in zip(inputs, kinds)]
        return apply(primitive, *inputs, **options)

# %%
#| export
class autocast(ContextDecorator):
    """Within the block, on this thread, products run in `dtype` ("float16" or "bfloat16") and sensitive operations in
    float32.

    Blocks nest, the innermost counts; `enabled=False` switches casting off inside another block. Put the forward pass
    and the loss inside, and the backward pass after it. One object serves for any number of blocks, and decorates
    functions. The rules are those of torch.autocast on CUDA.
    """

    def __init__(self, dtype: Any = "float16", enabled: bool = True):
        half = as_dtype(dtype)
        if not is_half(half):
            raise ValueError(f"autocast works in float16 or bfloat16, not in {half}")
        self._half, self._casting = half if enabled else None, _Casting()

    def __enter__(self) -> None:
        if len(_autocast.blocks) == 1:
            self._casting.__enter__()
        _autocast.blocks.append(self._half)

    def __exit__(self, *exception) -> None:
        _autocast.blocks.pop()
        if len(_autocast.blocks) == 1:
            self._casting.__exit__(*exception)
            _autocast.copies.clear()

# %% nbgrader={"grade": true, "grade_id": "test-autocast", "points": 8}
def test_unit_autocast():
    f16, bf16, f32, f64, i64 = (as_dtype(k) for k in ("float16", "bfloat16", "float32", "float64", "int64"))
    rows = [
        ("matmul", f32, f16, f16), ("linear", f32, bf16, bf16), ("linear", f16, bf16, bf16), ("linear", f64, f16, f64),
        ("cross_entropy", f16, f16, f32), ("cross_entropy", i64, f16, i64), ("softmax", bf16, bf16, f32),
        ("exp", f32, f16, f32), ("mul", f16, f16, f16), ("mul", f32, f16, f32), ("relu", bf16, bf16, bf16),
        ("sum", f64, f16, f64), ("matmul", i64, f16, i64),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [
        ("matmul", bf16, f16, f16), ("linear", i64, bf16, i64), ("matmul", f64, bf16, f64), ("log", f16, f16, f32),
        ("layer_norm", bf16, f16, f32), ("pow", i64, f16, i64), ("tanh", f32, bf16, f32), ("add", bf16, f16, bf16),
        ("mse_loss", f64, bf16, f64), ("relu", f64, f16, f64),
    ]
    ### END HIDDEN TESTS
    for operation, dtype, half, wanted in rows:
        got = autocast_type(operation, dtype, half)
        assert got == wanted, (
            f"{operation} takes {dtype} as {got} under autocast({half}), wanted {wanted}: read the three rules again")
    w = Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    x = Tensor(np.ones((4, 3), np.float32))
    with autocast("float16"):
        y = (x @ w).tanh()
        with autocast("bfloat16"):
            inner = x @ w
        with autocast(enabled=False):
            off = x @ w
        total = y.sum()
    assert (y.dtype, inner.dtype, off.dtype, total.dtype) == (f16, bf16, f32, f32), (
        f"gelu of a product, one inside bfloat16, one with casting off, a sum: {y.dtype}, {inner.dtype}, {off.dtype}, "
        f"{total.dtype}, wanted float16, bfloat16, float32, float32")
    total.backward()
    assert w.grad.dtype == f32, f"the weight's gradient came back in {w.grad.dtype}, wanted float32, the weight's type"
    assert (x @ w).dtype == f32, f"after the block a product gave {(x @ w).dtype}, wanted float32: autocast went on"

test_unit_autocast()

# %% [markdown]
r"""
What does it save? The activations that wait for the backward pass, counted by lesson 14's `saved_bytes`. The half
copies of the weights are told apart: they are the price. Beside the count stands what `tracemalloc` says is held. Two
networks: a deep one of linear layers and GELU, which can keep everything in half, and a block of a transformer, whose
norms and softmax run in float32.
"""

# %%
class Attention(Module):
    def __init__(self, width, heads):
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.key, self.value, self.out = (Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, x):
        q, k, v = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        mixed = softmax(q * self.scale @ k.transpose()) @ v
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

# %%
class PreNormBlock(Module):
    def __init__(self, width, heads, hidden):
        self.norm1, self.attention = LayerNorm(width), Attention(width, heads)
        self.norm2, self.mlp = LayerNorm(width), Sequential(Linear(width, hidden), GELU("tanh"), Linear(hidden, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))

# %%
@dataclass(frozen=True)
class HeldRow:
    network: str
    precision: str
    activations: int = column("activations KiB", ",.0f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.0f", 1 / 1024)
    seen: int = column("tracemalloc KiB", ",.0f", 1 / 1024)
    percent: float = column("activations, % of float32", ".1f")

def running_in(precision):
    return nullcontext() if precision == "float32" else autocast(precision)

# %%
def held(net, numbers, precision):
    net(Tensor(numbers))
    with running_in(precision):
        tracemalloc.start()
        out = net(Tensor(numbers.copy()))
        seen = tracemalloc.get_traced_memory()[0] - out.data.nbytes
        tracemalloc.stop()
    return saved_bytes(out, net.parameters()), seen

def held_rows(name, net, numbers):
    found = {kind: held(net, numbers, kind) for kind in ("float32", "float16", "bfloat16")}
    full = found["float32"][0].activations
    return [HeldRow(name, kind, saved.activations, saved.weight_copies, seen, 100 * saved.activations / full)
            for kind, (saved, seen) in found.items()]

# %%
manual_seed(0)
deep = Sequential(*[part for _ in range(6) for part in (Linear(256, 256), GELU("tanh"))], Linear(256, 10))
attending = PreNormBlock(256, heads=4, hidden=1024)
batch = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))
rows = held_rows("deep", deep, batch.data) + held_rows("block", attending, batch.data.reshape(8, 64, 256))
print(table(rows, "Saved for the backward pass"))

# %% [markdown]
r"""
The block keeps more than half, because both norms save their float32 inputs. And what does it cost in precision? Here
are all gradients of the block as one long vector: how far the one of mixed precision is from that of float32, against
its length. The loss is scaled, as the next section explains.
"""

# %%
def gradient_of(net, numbers, precision):
    net.zero_grad()
    with running_in(precision):
        y = net(Tensor(numbers))
        loss = (y * y).mean()
    (loss * 1024).backward()
    return np.concatenate([p.grad.data.ravel() for p in net.parameters()])

wanted = gradient_of(attending, batch.data.reshape(8, 64, 256), "float32")
for kind in ("float16", "bfloat16"):
    error = np.linalg.norm(gradient_of(attending, batch.data.reshape(8, 64, 256), kind) - wanted)
    print(f"{kind:9s} off by {error / np.linalg.norm(wanted):.1e}; "
          f"the step at 1 is {float(ml_dtypes.finfo(as_dtype(kind)).eps):.1e}")

# %% [markdown]
r"""
And the time? A GPU's tensor cores multiply halves several times as fast as floats. BLAS knows no halves, and NumPy
multiplies them one number at a time. So our product widens the halves and multiplies in float32: that is what a tensor
core computes, up to the order of the sums, and it costs what float32 costs, with the casts on top. What can gain is
what memory limits, for it moves half the bytes: below, a kernel that reads a number, scales and shifts it, and writes
it. GELU stands between the two: half the bytes as well, but more to compute for each, the conversions among it.
"""

# %%
halves = Tensor(np.random.default_rng(0).random((192, 192)), dtype="float16")
for name, function in [("NumPy", lambda: halves.data @ halves.data), ("Tensor", lambda: halves @ halves)]:
    with one_thread():
        rate = 2 * 192**3 / best_seconds(function, 2)
    print(f"float16 product of 192 x 192 by {name}: {rate / 1e9:.2f} GFLOP/s")

# %% [markdown]
r"""
## Loss scaling

Scale the loss by S and, by the chain rule, every gradient is S times as large: what would have vanished in float16
does not. Divide by S in float32 before the update, and nothing else has changed. How large should S be? As large as it
can be without overflow, and that changes as training goes on. So let it find out (*dynamic* loss scaling):

- a gradient that is inf or nan: skip this step, halve S, start counting anew;
- 2,000 good steps in a row: double S, start counting anew;
- never below a floor: halved again and again the scale would end at 0, and 0 times inf is nan; never above a ceiling.

### Exercise: unscale

The check comes *after* the division. Then it sees an overflow, and it also sees the nan of an inf times a 0. Go
through all gradients even when the first is bad: half of them scaled and half not would be a trap for whoever looks at
them next.
"""

# %% nbgrader={"solution": true, "grade_id": "unscale"}
#| export
def unscale(gradients: Iterable[Tensor], scale: float) -> bool:
    """Divide every gradient by `scale`; return whether any number in any of them is then inf or nan.

    Raises ValueError for a half-precision gradient: master weights, and so their gradients, are float32.

    >>> g = Tensor([1024.0, 2048.0])
    >>> unscale([g], 1024.0), g
    (False, Tensor([1., 2.], dtype=float32))
    """
    gradients = list(gradients)
    half = next((g.dtype for g in gradients if is_half(g.dtype)), None)
    if half is not None:
        raise ValueError(
            f"cannot unscale {half} gradients: keep the model's parameters (the master weights) in float32 and let "
            "autocast make the half copies")
    inverse = 1 / scale if scale else math.inf
    ### BEGIN SOLUTION
    found_inf = False
    for g in gradients:
        with np.errstate(all="ignore"):
            g.data = g.data * inverse
        found_inf = found_inf or not np.isfinite(g.data).all()
    return found_inf
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: the next scale
"""

# %% nbgrader={"solution": true, "grade_id": "next-scale"}
#| export
def next_scale(
    scale: float, tracker: int, found_inf: bool, *, growth_factor: float = 2.0, backoff_factor: float = 0.5,
    growth_interval: int = 2000, min_scale: float = 1.0, max_scale: float = 65536.0,
) -> tuple[float, int]:
    """The scale and the count of good steps after a step that did, or did not, find an inf or nan.

    After a bad step the scale is multiplied by `backoff_factor`, not below `min_scale` (a smaller one stays), and the
    count is 0. After a good one the count goes up; where it reaches `growth_interval` the scale is multiplied by
    `growth_factor`, not above `max_scale`, and the count is 0. A scale that would be infinite in float32 is kept. As
    torch.amp.GradScaler, with a floor and a ceiling.

    >>> next_scale(4.0, 1, False, growth_interval=2), next_scale(4.0, 1, True)
    ((8.0, 0), (2.0, 0))
    """
    ### BEGIN SOLUTION
    if found_inf:
        return min(scale, max(min_scale, scale * backoff_factor)), 0
    if tracker + 1 < growth_interval:
        return scale, tracker + 1
    grown = min(max_scale, scale * growth_factor)
    return (grown if grown <= float(np.finfo(np.float32).max) else scale), 0
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-loss-scale", "points": 8}
def check_unscale(given, scale, wanted, bad, idea):
    """Unscale gradients of these numbers: what they become (where they stay finite), and whether one was bad."""
    gradients = [Tensor(numbers) for numbers in given]
    found = unscale(gradients, scale)
    what = f"unscale({given}, {scale})"
    assert found == bad, f"{what} returned {found}, wanted {bad}: {idea}"
    for g, row in zip(gradients, wanted):
        assert g.dtype == np.float32, f"{what} left a gradient in {g.dtype}, wanted float32: its type must not change"
        assert np.allclose(g.data, row, rtol=1e-5, atol=0, equal_nan=True), (
            f"{what} left {g.data} in one of them, wanted {row}: divide every gradient by the scale, in float32")

def test_unit_loss_scale():
    inf, nan = math.inf, math.nan
    rows = [
        ([[512, -2048]], 512.0, [[1, -4]], False, "finite gradients are no overflow"),
        ([[1.0], [3e38, 3e38]], 1.0, [[1], [3e38, 3e38]], False, "each is finite, though not their sum: look at each"),
        ([[1e-7]], 8.0, [[1.25e-8]], False, "finite gradients are no overflow"),
        ([[inf, 1.0], [256.0]], 128.0, [[inf, 1 / 128], [2]], True, "one inf in the first of two gradients is enough"),
        ([[0.0, 1.0]], 0.0, [[nan, inf]], True, "a scale of 0 makes 0 * inf of a 0: look after the division too"),
        ([[1.0], [2.0], [nan]], 2.0, [[0.5], [1], [nan]], True, "a nan in the last gradient counts"),
        ([[1.0, -inf]], 2.0, [[0.5, -inf]], True, "-inf is an overflow too"),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [
        ([[3.0], [-9.0, 6.0]], 0.75, [[4], [-12, 8]], False, "finite gradients are no overflow"),
        ([[5.0], [nan, 2.0], [inf], [10.0]], 5.0, [[1], [nan, 0.4], [inf], [2]], True, "bad ones in the middle count"),
        ([[-3e38, -3e38], [4e-8]], 4.0, [[-7.5e37, -7.5e37], [1e-8]], False, "each of the numbers is finite"),
        ([[0.0]], 0.0, [[nan]], True, "a scale of 0 makes 0 * inf of a 0"),
        ([], 2.0, [], False, "where there is no gradient there is no overflow"),
    ]
    ### END HIDDEN TESTS
    for row in rows:
        check_unscale(*row)

test_unit_loss_scale()

# %% nbgrader={"grade": true, "grade_id": "test-next-scale", "points": 6}
def check_path(scale, found, wanted, **settings):
    """The states that `next_scale` goes through from a scale, for steps that were bad (True) or good."""
    path, state = [], (scale, 0)
    for found_inf in found:
        state = next_scale(*state, found_inf, **settings)
        path.append(state)
    assert path == wanted, (
        f"from {scale} with {settings}, steps {' '.join('bad' if bad else 'good' for bad in found)}: scale and count "
        f"went\n{path}, wanted\n{wanted}: what resets the count, and where are the floor and the ceiling?")

def check_one(scale, tracker, found_inf, wanted, idea, **settings):
    got = next_scale(scale, tracker, found_inf, **settings)
    assert got == wanted, (
        f"next_scale({scale}, {tracker}, {found_inf}) with {settings} gave {got}, wanted {wanted}: {idea}")

def test_unit_next_scale():
    check_path(4.0, [False] * 3 + [True] * 4 + [False] * 2,
               [(4, 1), (8, 0), (8, 1), (4, 0), (2, 0), (1, 0), (1, 0), (1, 1), (2, 0)],
               growth_interval=2, max_scale=8.0)
    check_one(8.0, 1, False, (8.0, 0), "the scale stays at the ceiling, and the count starts anew",
              growth_interval=2, max_scale=8.0)
    check_one(64.0, 9, False, (128.0, 0), "the interval was lowered below the count: grow now", growth_interval=5)
    factors = {"growth_factor": 3.0, "backoff_factor": 0.25, "growth_interval": 1, "min_scale": 0.5}
    check_one(10.0, 0, True, (2.5, 0), "by which factor does it fall?", **factors)
    check_one(10.0, 0, False, (30.0, 0), "by which factor does it grow?", **factors)
    check_one(0.5, 3, True, (0.25, 0), "the floor is what min_scale says", min_scale=0.25)
    check_one(0.25, 1, True, (0.25, 0), "a scale below the floor stays where it is: an overflow never raises it")
    check_one(2.0**127, 0, False, (2.0**127, 0), "2^128 is infinite in float32, and such a scale is not taken",
              growth_interval=1, max_scale=math.inf)
    ### BEGIN HIDDEN TESTS
    check_path(100.0, [True, False, False, False, True, False],
               [(10, 0), (10, 1), (10, 2), (40, 0), (5, 0), (5, 1)],
               growth_factor=4.0, backoff_factor=0.1, growth_interval=3, min_scale=5.0)
    check_one(3.0, 1999, False, (6.0, 0), "the interval is 2000 where nothing is said")
    check_one(3.0, 1998, False, (3.0, 1999), "the interval is 2000 where nothing is said")
    check_one(50000.0, 0, False, (65536.0, 0), "the ceiling is 65536 where nothing is said", growth_interval=1)
    check_one(0.125, 5, True, (0.125, 0), "a scale below the floor stays where it is", min_scale=2.0)
    half = float(np.finfo(np.float32).max) / 2
    check_one(half, 0, False, (2 * half, 0), "the largest float32 is finite", growth_interval=1, max_scale=math.inf)
    ### END HIDDEN TESTS

test_unit_next_scale()

# %% [markdown]
r"""
### GradScaler: the parts, for your own loop

PyTorch's interface, for loops that clip gradients, accumulate them or drive several optimizers. It keeps what the two
functions need and guards the order of the calls: unscaling twice would divide twice, and stepping twice would use the
same gradients again. `step` says whether the step was taken, which PyTorch's does not.
"""

# %%
#| export
class GradScaler:
    """Dynamic loss scaling with the interface of torch.amp.GradScaler, a floor, a ceiling, and a `step` that tells.

    Call `scale(loss).backward()`, then for each optimizer, if the gradients are needed in between,
    `unscale_(optimizer)`, then `step(optimizer)`, and `update()` once at the end. Optimizers have `param_groups`, as
    in lesson 06. An overflow in the backward pass is an ordinary event, of which NumPy warns:
    `np.errstate(over="ignore", invalid="ignore")` round it keeps NumPy silent.
    """

    def __init__(
        self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, min_scale: float = 1.0, max_scale: float = math.inf, enabled: bool = True,
    ):
        self._set(init_scale, 0, growth_factor, backoff_factor, growth_interval, min_scale, max_scale)
        self.enabled = enabled
        self._found: dict[Any, bool] = {}
        self._stepped: set[Any] = set()

    def _set(
        self, loss_scale: float, growth_tracker: int, growth_factor: float, backoff_factor: float,
        growth_interval: int, min_scale: float, max_scale: float,
    ) -> None:
        if not (growth_factor > 1 and 0 < backoff_factor < 1 and growth_interval >= 1 and min_scale <= max_scale):
            raise ValueError(
                "growth_factor > 1, 0 < backoff_factor < 1, growth_interval >= 1 and min_scale <= max_scale are "
                f"needed, got {growth_factor}, {backoff_factor}, {growth_interval}, {min_scale} and {max_scale}")
        if not 0 < loss_scale < math.inf:
            raise ValueError(f"a loss scale is a number above 0, got {loss_scale}")
        self.loss_scale, self.growth_tracker = loss_scale, growth_tracker
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.min_scale, self.max_scale = min_scale, max_scale

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the current scale, in float32 at least, its graph attached."""
        if not isinstance(loss, Tensor):
            raise TypeError(f"scale() wants the loss as a Tensor, for its graph; got a {type(loss).__name__}")
        if not self.enabled:
            return loss
        with np.errstate(over="ignore"):
            return (loss.astype(np.float32) if is_half(loss.dtype) else loss) * self.loss_scale

    def adapt(self, found_inf: bool) -> None:
        """Set the scale and the tracker for what was found, whatever was called before."""
        self.loss_scale, self.growth_tracker = next_scale(
            self.loss_scale, self.growth_tracker, found_inf,
            growth_factor=self.growth_factor, backoff_factor=self.backoff_factor, growth_interval=self.growth_interval,
            min_scale=self.min_scale, max_scale=self.max_scale)

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, once between two updates."""
        if not self.enabled:
            return
        if optimizer in self._found:
            raise RuntimeError("unscale_() was called on this optimizer before, or step() was: call update() first")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            raise RuntimeError(
                "no gradient was recorded for this optimizer: was scale(loss).backward() called, and does the loss "
                "depend on its parameters? An output made with Tensor(x.data) or detach() cuts the trail")
        self._found[optimizer] = unscale(gradients, self.loss_scale)

    def step(self, optimizer: Any) -> bool:
        """Unscale, if that was not done, and call `optimizer.step()` unless a gradient was inf or nan; whether it was
        called.
        """
        if self.enabled:
            if optimizer in self._stepped:
                raise RuntimeError("step() was called on this optimizer before: call update() between two steps")
            if optimizer not in self._found:
                self.unscale_(optimizer)
            self._stepped.add(optimizer)
        if self._found.get(optimizer, False):
            return False
        optimizer.step()
        return True

    def update(self) -> None:
        """Adapt the scale to what all optimizers found since the last update."""
        if not self.enabled:
            return
        if not self._found:
            raise RuntimeError("update() before any unscale_() or step(): there is nothing to adapt to")
        self.adapt(any(self._found.values()))
        self._found, self._stepped = {}, set()

    def get_scale(self) -> float:
        """The current scale; 1 where scaling is off."""
        return self.loss_scale if self.enabled else 1.0

    def state_dict(self) -> dict[str, float | int]:
        """What must be kept to go on later, under torch.amp.GradScaler's names, and the floor and the ceiling."""
        return {
            "scale": self.loss_scale, "growth_factor": self.growth_factor, "backoff_factor": self.backoff_factor,
            "growth_interval": self.growth_interval, "_growth_tracker": self.growth_tracker,
            "min_scale": self.min_scale, "max_scale": self.max_scale}

    def load_state_dict(self, state: dict[str, float | int]) -> None:
        """Go on from a `state_dict()`, this class's or torch's. Where a key is missing or a value makes no sense:
        ValueError, nothing changed.
        """
        missing = {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"} - set(state)
        if missing:
            raise ValueError(f"no state of a GradScaler that is enabled: it has no {', '.join(sorted(missing))}")
        self._set(
            float(state["scale"]), int(state["_growth_tracker"]), state["growth_factor"], state["backoff_factor"],
            int(state["growth_interval"]), state.get("min_scale", self.min_scale),
            state.get("max_scale", self.max_scale))

# %% [markdown]
r"""
### Is the scale needed?

A network that computes in millimetres, with a loss in square metres: the loss, and with it every gradient, is a million
times smaller. Adam does not mind (where `eps` is small enough, it divides gradients by their own size), and float32
does not either. float16 does. The same network, four times from the same start: in float32, in float16 with the scale
held at 1 and at 65536, and in bfloat16, also at 1.
"""

# %%
def square_metres(prediction, target):
    return MSELoss()(prediction, target) * 1e-6

rng = np.random.default_rng(0)
x = Tensor(rng.uniform(-2, 2, size=(256, 2)).astype(np.float32))
millimetres = Tensor(np.sin(3 * x.data))

def fresh_network():
    manual_seed(0)
    net = Sequential(Linear(2, 64), GELU("tanh"), Linear(64, 2))
    return net, Adam(net.parameters(), lr=1e-2, eps=1e-16)

# %%
def losses_in_half(dtype, scale, steps=150):
    net, optimizer = fresh_network()
    scaler = GradScaler(scale, max_scale=scale)
    losses = []
    for _ in range(steps):
        with autocast(dtype):
            loss = square_metres(net(x), millimetres)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    gradient = np.concatenate([p.grad.data.ravel() for p in net.parameters()])
    print(f"{dtype}, scale {scale}: {np.mean(gradient == 0):.0%} of the gradient's numbers are 0")
    return losses

# %%
def losses_in_float32(steps=150):
    net, optimizer = fresh_network()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = square_metres(net(x), millimetres)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

# %%
curves = {"float32": losses_in_float32()}
for dtype, scale in [("float16", 1), ("float16", 65536), ("bfloat16", 1)]:
    curves[f"{dtype}, scale {scale}"] = losses_in_half(dtype, scale)

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
looks = [("gray", "-", 6), ("C1", "-", 2), ("C2", "--", 2), ("C3", ":", 3)]
for (name, losses), (color, style, width) in zip(curves.items(), looks):
    axes.plot(losses, style, color=color, linewidth=width, label=name)
axes.set(yscale="log", xlabel="step", ylabel="loss (square metres)", title="The same training, four times")
axes.legend(loc="lower left", fontsize=9)
plt.show()

# %% [markdown]
r"""
Without a scale the float16 network learns nothing: its gradients are rounded to 0 on the way. With it the curve lies on
that of float32. bfloat16 has float32's range, so it needs no scale.

### The scale finds itself

The scale over time, on purpose started far too high: it falls until gradients fit, then probes upwards once an
interval, of 20 steps here. Each cross is a step that was skipped.
"""

# %%
manual_seed(1)
net = Sequential(Linear(10, 32), GELU("tanh"), Linear(32, 5))
optimizer, scaler = SGD(net.parameters(), lr=0.05), GradScaler(2.0**30, growth_interval=20)
x, y = (Tensor(np.random.default_rng(s).normal(size=(32, n)).astype(np.float32)) for s, n in ((0, 10), (1, 5)))
scales, skipped = [], []
for step in range(150):
    with autocast("float16"):
        loss = MSELoss()(net(x), y)
    optimizer.zero_grad()
    with np.errstate(over="ignore", invalid="ignore"):
        scaler.scale(loss).backward()
    if not scaler.step(optimizer):
        skipped.append(step)
    scaler.update()
    scales.append(scaler.get_scale())

# %%
figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.step(range(len(scales)), scales, where="post")
axes.plot(skipped, [scales[i] for i in skipped], "x", color="tab:red", label=f"{len(skipped)} steps skipped")
axes.set_yscale("log", base=2)
axes.set(xlabel="step", ylabel="scale after the step")
axes.legend(fontsize=9)
plt.show()

# %% nbgrader={"solution": true, "grade_id": "training-bytes"}
#| export
def training_bytes(parameters: int, activations: int, half: Any = None) -> dict[str, int]:
    """Bytes held while a model trains with Adam: "weights", "half copies", "gradients", "optimizer" and "activations".

    With `half` None all is float32 and there are no half copies; else activations and weight copies are in that type,
    and weights, gradients and the optimizer's two numbers for each parameter stay float32.

    >>> training_bytes(10, 100)
    {'weights': 40, 'half copies': 0, 'gradients': 40, 'optimizer': 80, 'activations': 400}
    """
    if half is not None and not is_half(as_dtype(half)):
        raise ValueError(f"half is float16 or bfloat16 (None for float32 throughout), got {half}")
    single = np.dtype(np.float32).itemsize
    ### BEGIN SOLUTION
    small = single if half is None else as_dtype(half).itemsize
    return {
        "weights": parameters * single, "half copies": 0 if half is None else parameters * small,
        "gradients": parameters * single, "optimizer": 2 * parameters * single, "activations": activations * small}
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-training-bytes", "points": 5}
def test_unit_training_bytes():
    rows = [
        (1000, 500, None, (4000, 0, 4000, 8000, 2000)), (7, 30, "float16", (28, 14, 28, 56, 60)),
        (3, 11, "bfloat16", (12, 6, 12, 24, 22)), (0, 5, "float16", (0, 0, 0, 0, 10)),
    ]
    ### BEGIN HIDDEN TESTS
    rows += [(13, 17, None, (52, 0, 52, 104, 68)), (250, 1, "bfloat16", (1000, 500, 1000, 2000, 2)),
             (1, 0, "float16", (4, 2, 4, 8, 0))]
    ### END HIDDEN TESTS
    for parameters, activations, half, wanted in rows:
        named = training_bytes(parameters, activations, half)
        parts = ("weights", "half copies", "gradients", "optimizer", "activations")
        assert set(named) == set(parts), f"training_bytes names {list(named)}, wanted {parts}"
        got = tuple(named[part] for part in parts)
        assert got == wanted, (
            f"training_bytes({parameters}, {activations}, {half}) gave {got}, wanted {wanted}: which parts shrink, "
            "which do not?")

test_unit_training_bytes()

# %% [markdown]
r"""
## What you have

autocast, and a GradScaler.
"""
