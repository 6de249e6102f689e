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
# Lesson 16: Kernels

> Kernels: compiled loops that SIMD can run, for four number types, and a whole loss in one pass.

NumPy computes a formula one operation at a time. Each operation reads whole arrays from memory and
writes a whole array back, and lesson 15 showed how little arithmetic such a pass does for the
bytes that it moves. In this lesson you write a formula as one loop over the numbers, a *kernel*,
and you write it so that the processor can run it on many numbers at once.

You will build a tanh made of products and sums; GELU and its slope as kernels for four number
types; and the cross-entropy and its gradient as kernels that stay in the cache.

About 4 hours: 9 exercises, some 40 lines to write, and an open question. Needs lessons 01 to 05, 14
and 15. Makes `tinytorch.optimization.kernels`: `fused_cross_entropy`, faster casts for the whole
framework, and the loops on which lesson 18 builds its fused GELU.
"""

# %%
#| default_exp optimization.kernels

# %%
#| export
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule
from tinytorch.core.losses import check_share, class_indices
from tinytorch.core.tensor import Primitive, Tensor, apply, floating, in_float32, wrap
from tinytorch.profiling.roofline import flop_rule, per_input
from tinytorch.support.casts import CASTS
from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.launch import compiled, converted, rounds_once

# %% [markdown]
r"""
## One loop for a whole formula

Lesson 15 compiled a loop over numbers with Numba: `@compiled` turns the function below into
machine code when it is first called. The loop is the tanh form of GELU from lesson 02,

$$\mathrm{gelu}(x) = \tfrac12 x\,(1 + \tanh u) \qquad u = c\,x\,(1 + a x^2) \qquad
c = \sqrt{2/\pi},\ a = 0.044715$$

It reads each number once, computes in the processor's registers, and writes each result once.
"""

# %%
from tinytorch.core.activations import gelu
from tinytorch.profiling.roofline import best_seconds

@compiled
def library_loop(x, out):
    half, one, c, a = np.float32(0.5), np.float32(1), np.float32(0.797885), np.float32(0.044715)
    for i in range(x.size):
        out[i] = half * x[i] * (one + math.tanh(c * x[i] * (one + a * x[i] * x[i])))

# %%
numbers = np.random.default_rng(0).normal(size=1 << 20).astype(np.float32)
tensor, result = Tensor(numbers), np.empty_like(numbers)

def nanoseconds(function):
    """How long `function()` takes for each of `numbers`, in its fastest run."""
    return best_seconds(function) * 1e9 / numbers.size

print(f"lesson 02 {nanoseconds(lambda: gelu(tensor, 'tanh')):6.2f} ns a number")
print(f"the loop  {nanoseconds(lambda: library_loop(numbers, result)):6.2f}")
print(f"copying   {nanoseconds(lambda: np.copyto(result, numbers)):6.2f}")

# %% [markdown]
r"""
Copying an array reads and writes as many bytes, so it is not memory that the loop waits for. Its
machine code says what it is:
"""

# %%
from tinytorch.support.machine_code import machine_code

calls = machine_code(library_loop).calls
print("functions of the C library that the loop calls:", ", ".join(calls) or "none")

# %% [markdown]
r"""
The processor has no instruction for tanh. LLVM, the compiler behind Numba, leaves a call of the C
library's `tanhf` in the loop, and this function takes one number at a time.

Products and sums are another matter. A processor's core has wide registers, of 128, 256 or 512
bits, and instructions that work on all numbers in such a register at once: on four, eight or
sixteen float32 numbers. This is called *SIMD*: single instruction, multiple data. There are SIMD
instructions for sums, products, quotients, square roots, the smaller and the larger of two
numbers, and arithmetic on bits. LLVM can use them for a loop that consists of these, if no
iteration needs the result of the one before.

(Intel's SVML is a library with a tanh for whole registers. A Numba that was built for it uses it
where it is installed, and there the loop above is faster. `numba -s` says whether yours does. This
lesson does without it, to be fast everywhere.)

## tanh from products and sums

A ratio of two polynomials comes very close to tanh:

$$\tanh v \approx \frac{v\,p(v^2)}{q(v^2)}$$

with $p$ of degree 6 and $q$ of degree 3. The coefficients below, that of the highest power first,
are those of the Eigen library's tanh for float32. Coefficients like these come from a *minimax*
fit, which makes the largest error over a whole interval as small as possible.
"""

# %%
#| exporti
_NUMERATOR = tuple(np.float32(c) for c in (
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
    1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03))
_DENOMINATOR = tuple(np.float32(c) for c in (
    1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03))
_LIMIT = np.float32(7.99881172180175781 if rounds_once() else 7.90531110763549805)

# %% [markdown]
r"""
### Exercise: horner

The powers in $c_0 x^3 + c_1 x^2 + c_2 x + c_3$ need not be computed. *Horner's scheme* writes the
same polynomial as

$$((c_0 x + c_1)\,x + c_2)\,x + c_3$$

which is one product and one sum for each coefficient after the first. Most processors do the two
with one instruction, a fused multiply-add.
"""

# %% nbgrader={"solution": true, "grade_id": "horner"}
#| exporti
@compiled
def horner(coefficients, x):
    """The polynomial with these `coefficients`, a tuple with the highest power's first, at `x`.

    It multiplies once for each coefficient after the first, and stays in the arguments' type.

    >>> horner((2.0, 3.0, 5.0), 10.0)
    235.0
    """
    ### BEGIN SOLUTION
    y = coefficients[0]
    for i in range(1, len(coefficients)):
        y = y * x + coefficients[i]
    return y
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-horner", "points": 4}
# Check of horner: run it when your cell has run.
from tinytorch.support.checks import check, close, equal, unchanged
from tinytorch.support.checks_kernels import Counted, calls_nothing, computes, inside, loops_convert
from tinytorch.support.checks_kernels import result_is, run, stays_inside

@check
def test_unit_horner():
    cases = [(np.float32, (2, 3, 5), 10, 235), (np.float32, (1, 0, -1), 0.5, -0.75)]
    ### BEGIN HIDDEN TESTS
    cases += [(np.float32, (-4, 1, 0.5), -3, -38.5), (np.float64, (0.5, -1, 0, 4), -2, -4),
              (np.float64, (7,), 3, 7), (np.float32, (2, 0), 3, 6), (np.float32, (1,) * 9, 2, 511)]
    ### END HIDDEN TESTS
    for real, coefficients, x, wanted in cases:
        what = f"horner({coefficients}, {x}) in {real.__name__}"
        got = run(what, horner, tuple(map(real, coefficients)), real(x))
        close(what, got, wanted, "the highest power comes first; multiply, then add the next")
        result_is(what, horner, real)
    counted = Counted()
    horner.py_func((1.0,) * 7, counted)
    assert counted.products <= 7, (
        f"for 7 coefficients horner multiplies {counted.products} times, wanted 6: no powers of x")

test_unit_horner()

# %% [markdown]
r"""
### Exercise: rational_tanh

From about 9 on, tanh is 1 to the last bit of a float32, while the ratio of the polynomials would
grow without bound. So limit `u` to the interval from `-_LIMIT` to `_LIMIT` before anything else:
at its ends the ratio is exactly -1 and 1. (Where that is depends on whether the processor rounds a
product and a sum once or twice.)

Use `min` and `max`, for which there are SIMD instructions, and mind the order of their arguments.
`max(a, b)` is `a` unless `b` is larger, and a nan is neither larger nor smaller than any number.
So where `u` is nan, `max(u, low)` is nan, but `max(low, u)` is `low`: the nan is lost.
"""

# %% nbgrader={"solution": true, "grade_id": "rational-tanh"}
#| exporti
@compiled
def rational_tanh(u):
    """tanh of a float32 as v p(v^2) / q(v^2), with v the number within the limits nearest to u.

    p has the coefficients _NUMERATOR, q has _DENOMINATOR. All arithmetic is in float32, and the
    result for nan is nan. Source of coefficients and limits: the Eigen library, ptanh_float.

    >>> rational_tanh(np.float32(50.0))
    1.0
    """
    ### BEGIN SOLUTION
    v = min(max(u, -_LIMIT), _LIMIT)
    s = v * v
    return v * horner(_NUMERATOR, s) / horner(_DENOMINATOR, s)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-rational-tanh", "points": 6}
# Check of rational_tanh: run it when your cell has run.
@check
def test_unit_rational_tanh():
    inputs = [0.0, 0.001, -0.3, 0.7, -1.5, 2.5, -4.0, 7.0]
    ends = {50.0: 1, -50.0: -1, math.inf: 1, -math.inf: -1, math.nan: math.nan}
    ### BEGIN HIDDEN TESTS
    inputs += [0.05, -0.9, 1.1, -3.3, 5.2]
    ends |= {8.5: 1, -8.5: -1, 1e30: 1, -3e38: -1}
    ### END HIDDEN TESTS
    computes("rational_tanh", rational_tanh, np.float32, {u: np.tanh(u) for u in inputs},
             "v times p of the square of v, divided by q of the square of v", near=3e-7)
    calls_nothing("rational_tanh", rational_tanh, "compute the ratio of the two polynomials")
    computes("rational_tanh", rational_tanh, np.float32, ends,
             "limit u before anything else, and mind the order in min and max", near=1e-7)

test_unit_rational_tanh()

# %% [markdown]
r"""
How close does it come? The error below is counted in units of the last place, the distance from
one float32 to the next. Each operation rounds, and that adds up to a few units. Just beyond the
limits the error is no noise: there the ratio is 1 already, and tanh is not quite.
"""

# %%
u = np.linspace(-10, 10, 4001).astype(np.float32)
exact = np.tanh(u.astype(np.float64))
found = np.array([rational_tanh(v) for v in u])
errors = (found - exact) / np.spacing(np.abs(exact).astype(np.float32))
print(f"largest error: {np.abs(errors).max():.1f} units in the last place")

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(7, 2.2))
plt.plot(u, errors, linewidth=0.7)
plt.xlabel("u"), plt.ylabel("units in the last place")
plt.title("error of rational_tanh", fontsize=10)
plt.tight_layout()
plt.show()

# %% [markdown]
r"""
## GELU of one number

### Exercise: gelu_value

`gelu_value` makes the function for a type and a tanh: for float32 with your `rational_tanh`, and
for float64 with the C library's, because the coefficients above are good for the precision of
float32 only. Call `tanh`, the argument: `math.tanh` would bring back what you have just avoided.

All constants are of the type `real`. One float64 number among float32 numbers makes float64 of the
whole formula, and a register holds only half as many of those.

At $-\infty$ GELU is 0, but the formula says $-\infty \cdot 0$, which is nan. Far below 0 nothing
changes any more, so the factor $x$ in front need not be less than `low`.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-value"}
#| exporti
def gelu_value(real: type, tanh: Callable) -> Callable:
    """Compiled `value(x)`: the tanh form of GELU of one number of type `real`, float32 or float64.

    It calls no tanh but the one that it is given, and computes in the type `real` throughout. The
    value is 0 at minus infinity, infinity at infinity, and nan for nan.

    >>> round(gelu_value(np.float64, double_tanh)(1.0), 5)
    0.84119
    """
    half, one, low = real(0.5), real(1), real(-30)
    c, a = real(math.sqrt(2 / math.pi)), real(0.044715)

    @compiled
    def value(x):
        ### BEGIN SOLUTION
        return half * max(x, low) * (one + tanh(c * x * (one + a * x * x)))
        ### END SOLUTION

    return value

# %% nbgrader={"grade": true, "grade_id": "test-gelu-value", "points": 6}
# Check of gelu_value: run it when your cell has run.
from tinytorch.support.series import double_tanh

KINDS = [(np.float32, rational_tanh, 5e-6), (np.float64, double_tanh, 1e-12)]

@check
def test_unit_gelu_value():
    inputs = [-6.0, -3.1, -1.0, -0.2, 0.0, 0.4, 1.7, 5.5]
    ends = {math.inf: math.inf, -math.inf: 0, 1e20: 1e20, -1e20: 0, math.nan: math.nan}
    ### BEGIN HIDDEN TESTS
    inputs += [-4.4, -2.2, -0.752, 0.05, 0.9, 2.6, 8.0]
    ends |= {3e30: 3e30, -3e30: 0, 50.0: 50, -50.0: 0}
    ### END HIDDEN TESTS
    values = {x: gelu(Tensor(x, np.float64), "tanh").item() for x in inputs}
    for real, tanh, near in KINDS:
        value, name = gelu_value(real, tanh), f"gelu_value in {real.__name__}"
        computes(name, value, real, values, "the tanh form, with all terms of u", near=near)
        if real is np.float32:
            calls_nothing(name, value, "use the tanh that gelu_value is given")
        computes(name, value, real, ends, "what becomes of each factor there?", near=1e-6)

test_unit_gelu_value()

# %% [markdown]
r"""
### Exercise: gelu_slope

The backward pass needs the derivative. With $u = c\,x\,(1 + a x^2)$ and $t = \tanh u$ as before,

$$\frac{dy}{dx} = \tfrac12 (1 + t) + \tfrac12 x\,(1 - t^2)\, c\,(1 + 3 a x^2)$$

Far out the slope is 0 or 1, but in float32 the formula cannot say so: at $10^{20}$ the square of
$x$ is infinite, and infinity times 0 is nan. Beyond `low` and `high` nothing changes any more, so
limit $x$ to them first, and compute with the limited number throughout. Here the order of the
arguments of `min` and `max` matters again: if it loses a nan, the result does not show one.
"""

# %% nbgrader={"solution": true, "grade_id": "gelu-slope"}
#| exporti
def gelu_slope(real: type, tanh: Callable) -> Callable:
    """Compiled `slope(x)`: the derivative of the tanh form of GELU at a number of type `real`.

    It calls no tanh but the one that it is given, and computes in the type `real` throughout. The
    slope is right for any x: 0 and 1 at the infinities, nan for nan.

    >>> gelu_slope(np.float64, double_tanh)(0.0)
    0.5
    """
    half, one, low, high = real(0.5), real(1), real(-30), real(30)
    c, a, three_a = real(math.sqrt(2 / math.pi)), real(0.044715), real(0.134145)

    @compiled
    def slope(x):
        ### BEGIN SOLUTION
        v = min(max(x, low), high)
        t = tanh(c * v * (one + a * v * v))
        return half + half * t + half * v * (one - t * t) * c * (one + three_a * v * v)
        ### END SOLUTION

    return slope

# %% nbgrader={"grade": true, "grade_id": "test-gelu-slope", "points": 6}
# Check of gelu_slope: run it when your cell has run.
@check
def test_unit_gelu_slope():
    inputs = [-6.0, -3.1, -1.0, -0.2, 0.0, 0.4, 1.7, 5.5]
    ends = {math.inf: 1, -math.inf: 0, 1e20: 1, -1e20: 0, math.nan: math.nan}
    ### BEGIN HIDDEN TESTS
    inputs += [-4.4, -2.2, -0.752, 0.05, 0.9, 2.6, 8.0]
    ends |= {3e30: 1, -3e30: 0, 50.0: 1, -50.0: 0}
    ### END HIDDEN TESTS
    leaf = Tensor(inputs, np.float64, requires_grad=True)
    gelu(leaf, "tanh").sum().backward()
    slopes = dict(zip(inputs, leaf.grad.data))
    for real, tanh, near in KINDS:
        slope, name = gelu_slope(real, tanh), f"gelu_slope in {real.__name__}"
        idea = "a product has two terms in its derivative, and x^3 brings a 3"
        computes(name, slope, real, slopes, idea, near=near)
        if real is np.float32:
            calls_nothing(name, slope, "use the tanh that gelu_slope is given")
        idea = "limit x, and compute with the limited number throughout"
        computes(name, slope, real, ends, idea, near=1e-6)

test_unit_gelu_slope()

# %% [markdown]
r"""
## From one number to all of them

### Exercise: forward_loop

The loop is the same for every function and every type: load a number, compute, store the result.
`load` and `store` convert between the type in memory and the type to compute in. For float32 and
float64 there is nothing to convert, and both are the function `as_it_is`.

The loop of the backward pass, `backward_loop`, reads two arrays. By the chain rule it multiplies
each number of the gradient that comes in by the slope at its `x`.
"""

# %% nbgrader={"solution": true, "grade_id": "elementwise-loops"}
#| exporti
def forward_loop(value: Callable, load: Callable, store: Callable) -> Callable:
    """Compiled `loop(x, out)` over two arrays (n,): out[i] is the value at x[i].

    `value`, `load` and `store` are compiled functions of one number; a number is loaded before it
    is computed with, and stored after it. x stays as it is.

    >>> loop = forward_loop(gelu_value(np.float64, double_tanh), as_it_is, as_it_is)
    >>> loop(np.array([0.0, 50.0]), out := np.empty(2))
    >>> out
    array([ 0., 50.])
    """
    @compiled
    def loop(x, out):
        ### BEGIN SOLUTION
        for i in range(x.size):
            out[i] = store(value(load(x[i])))
        ### END SOLUTION

    return loop


def backward_loop(slope: Callable, load: Callable, store: Callable) -> Callable:
    """Compiled `loop(gradient, x, out)` over arrays (n,): out[i] is gradient[i] times a slope.

    The slope is that at x[i], and the product is computed between load and store. gradient and x
    stay as they are.
    """
    @compiled
    def loop(gradient, x, out):
        ### BEGIN SOLUTION
        for i in range(x.size):
            out[i] = store(load(gradient[i]) * slope(load(x[i])))
        ### END SOLUTION

    return loop

# %% nbgrader={"grade": true, "grade_id": "test-elementwise-loops", "points": 6}
# Check of forward_loop and backward_loop: run it when your cell has run.
@check
def test_unit_elementwise_loops():
    lines = [([1, 2, 3], [4, 5, 6]), ([-7], [2]), ([], [])]
    ### BEGIN HIDDEN TESTS
    lines += [([0, 4, 0, 9, -2], [5, 0, 2, -8, 1])]
    ### END HIDDEN TESTS
    parts = [compiled(f) for f in (lambda x: x * 10, lambda x: x + 1, lambda x: x - 5)]
    forward, backward = forward_loop(*parts), backward_loop(*parts)
    stays_inside(forward, backward)
    for line in lines:
        x, gradient = np.array(line, np.int64)
        out, how = np.zeros_like(x), "with x + 1 as load, 10 x as function, x - 5 as store"
        values, gradients = (x + 1) * 10 - 5, (gradient + 1) * (x + 1) * 10 - 5
        run("forward_loop", forward, x, out)
        what, got = f"forward_loop of {line[0]}, {how},", out.tolist()
        equal(what, got, values.tolist(), "load, compute, store")
        run("backward_loop", backward, gradient, x, out)
        what, got = f"backward_loop of gradient {line[1]}, x {line[0]}, {how},", out.tolist()
        equal(what, got, gradients.tolist(), "load both, multiply by the slope, store the product")
    loops_convert(forward_loop, backward_loop)

test_unit_elementwise_loops()

# %% [markdown]
r"""
The measurement of the beginning again, now with your tanh, and what the compiler made of it:
"""

# %%
from tinytorch.support.conversions import as_it_is

gelu_loop = forward_loop(gelu_value(np.float32, rational_tanh), as_it_is, as_it_is)
for name, loop in [("the C library's tanh", library_loop), ("rational_tanh", gelu_loop)]:
    print(f"{name:20s} {nanoseconds(lambda: loop(numbers, result)):6.2f} ns a number")

# %%
code = machine_code(gelu_loop)
print("it calls", ", ".join(code.calls) or "nothing", "of the C library, and works on",
      code.bits // 32, "numbers at once")
print("one of its instructions:", code.example)

# %% [markdown]
r"""
The names in the instruction say how wide the registers are: `xmm` has 128 bits, `ymm` 256 and
`zmm` 512; on an ARM processor `v0.4s` holds four float32 numbers. LLVM decides by the processor:
on some that have registers of 512 bits it prefers those of 256.

## Sixteen bits

A bfloat16 number is the upper half of a float32: the sign, the same 8 bits of exponent, and the
first 7 of the 23 bits of fraction. On a CPU Numba knows neither bfloat16 nor float16. So a kernel
sees 16 bits as a whole number, widens them to a float32, computes, and rounds on the way out: all
arithmetic on bits, which SIMD does well. (`tinytorch/support/conversions.py` does it for float16.)

### Exercise: load_bfloat16

You write three functions. `float_of_bits` gives the float32 with certain bits, and `bits_of_float`
gives a float32's bits.

`load_bfloat16` appends 16 zeros. `round_bfloat16` rounds by an addition: add `0x7FFF`, which is
just less than half of the last place, and 1 more where the last bit that stays is set; then drop
the lower 16 bits. More than half carries over. Exactly half carries over only where the last bit is
set, so of two neighbours that are equally near the even one is taken.

For a nan the sum may carry into the exponent and on into the sign. `store_bfloat16` asks for nan
first and gives the bits `0x7FC0`. Kernels use `round_bfloat16`, which does not ask: a nan that
arithmetic made, or that was loaded from a bfloat16, has zeros in its lower half and stays a nan.
"""

# %%
#| exporti
from tinytorch.support.conversions import as_it_is, bits_of_float, float_of_bits
from tinytorch.support.conversions import load_float16, store_float16
from tinytorch.support.rows import done_in_blocks, on_rows, row_steps, sum_in_blocks
from tinytorch.support.series import double_log, double_tanh, float_log

# %% nbgrader={"solution": true, "grade_id": "bfloat16-bits"}
#| exporti
@compiled
def load_bfloat16(bits):
    """The float32 equal to the bfloat16 with these `bits`, an np.uint16.

    >>> load_bfloat16(np.uint16(0x3FC0))
    1.5
    """
    ### BEGIN SOLUTION
    return float_of_bits(np.uint32(bits) << 16)
    ### END SOLUTION


@compiled
def round_bfloat16(x):
    """The bits, np.uint16, of the bfloat16 nearest to a float32, of two the even; not for nan."""
    ### BEGIN SOLUTION
    bits = bits_of_float(x)
    return np.uint16(np.uint32(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)
    ### END SOLUTION


@compiled
def store_bfloat16(x):
    """The bits, np.uint16, of the bfloat16 nearest to a float32; 0x7FC0 for every nan."""
    ### BEGIN SOLUTION
    return round_bfloat16(x) if x == x else np.uint16(0x7FC0)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-bfloat16-bits", "points": 8}
# Check of load_bfloat16, round_bfloat16 and store_bfloat16: run it when your cell has run.
BFLOAT16, INFINITIES = as_dtype("bfloat16"), [0x7F800000, 0xFF800000]

@check
def test_unit_bfloat16():
    uppers, lowers = [0, 1, 0x8000, 0x3F80, 0x3F81, 0xFF7F], [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
    ### BEGIN HIDDEN TESTS
    uppers, lowers = uppers + [0xBFC0, 0x4049, 0x7F7F], lowers + [2, 0x4000, 0xC000, 0xFFFE]
    ### END HIDDEN TESTS
    for bits in [*uppers, 0x7F80, 0xFF80, 0x7FC0]:
        what = f"load_bfloat16({bits:#06x})"
        got = np.float32(run(what, load_bfloat16, np.uint16(bits)))
        equal(f"{what}, in bits,", hex(got.view(np.uint32)), hex(bits << 16), "the upper half")
        result_is(what, load_bfloat16, np.float32)
    for bits in [upper << 16 | lower for upper in uppers for lower in lowers] + INFINITIES:
        x = np.uint32(bits).view(np.float32)
        with np.errstate(over="ignore"):
            wanted = hex(x.astype(BFLOAT16).view(np.uint16))
        for function in (round_bfloat16, store_bfloat16):
            what = f"{function.__name__} of the float32 {bits:#010x}"
            got = run(what, function, x)
            equal(what, hex(got), wanted, "to the nearest, and from the middle to the even one")
            result_is(what, function, np.uint16)
    for bits in [0x7FC00000, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001]:
        got = store_bfloat16(np.uint32(bits).view(np.float32))
        equal(f"store_bfloat16 of the nan {bits:#010x}", hex(got), "0x7fc0", "ask for nan first")

test_unit_bfloat16()

# %%
#| exporti
CONVERSIONS = {
    "float16": (load_float16, store_float16),
    "bfloat16": (load_bfloat16, round_bfloat16),
    "float32": (as_it_is, as_it_is),
    "float64": (as_it_is, as_it_is),
}

# %% [markdown]
r"""
The loop with nothing between `load` and `store` is a *cast*. Lesson 01's `cast_array` looks into
the table `CASTS` for a faster way than NumPy's, and here your framework gets four. They give the
numbers that NumPy gives, and a nan stays a nan. `converted` runs a loop over an array of any
layout.
"""

# %%
#| exporti
def _cast(source: str, target: str) -> Callable[[np.ndarray], np.ndarray]:
    (load, _), (_, store) = CONVERSIONS[source], CONVERSIONS[target]
    loop = forward_loop(as_it_is, load, store_bfloat16 if target == "bfloat16" else store)
    return partial(converted, loop, dtype=as_dtype(target))


for _half in ("float16", "bfloat16"):
    for _pair in (("float32", _half), (_half, "float32")):
        CASTS[as_dtype(_pair[0]), as_dtype(_pair[1])] = _cast(*_pair)

# %%
single = as_dtype("float32")
for half in map(as_dtype, ("float16", "bfloat16")):
    for array, dtype in [(numbers, half), (numbers.astype(half), single)]:
        ours = nanoseconds(lambda: CASTS[array.dtype, dtype](array))
        theirs = nanoseconds(lambda: array.astype(dtype))
        print(f"{array.dtype} to {dtype}: NumPy {theirs:.2f} ns a number, compiled {ours:.2f}")

# %% [markdown]
r"""
`gelu_loops` puts the parts together for one of the four types. `cache` keeps what it has made.
`one_pass` makes an array for the output, runs a loop, and shares a large one out among threads.
"""

# %%
#| exporti
@cache
def gelu_loops(dtype: np.dtype) -> tuple[Callable, Callable]:
    """The compiled loops of GELU, forward and backward, for a floating type; else TypeError."""
    if not is_floating(dtype):
        raise TypeError(f"no loops of GELU for {dtype}: use astype to {', '.join(CONVERSIONS)}")
    real = (np.float64, double_tanh) if dtype == np.float64 else (np.float32, rational_tanh)
    to, back = CONVERSIONS[dtype.name]
    return forward_loop(gelu_value(*real), to, back), backward_loop(gelu_slope(*real), to, back)

# %%
from tinytorch.support.launch import one_pass
from tinytorch.support.threads import one_thread

# %%
for name in CONVERSIONS:
    array = numbers.astype(as_dtype(name))
    forward, backward = gelu_loops(array.dtype)
    with one_thread():
        there = nanoseconds(lambda: one_pass(forward, array))
        back = nanoseconds(lambda: one_pass(backward, array, array))
    print(f"{name:9s} forward {there:6.2f} ns a number, backward {back:6.2f}")

# %% [markdown]
r"""
float64 takes the C library's tanh and its time. A 16-bit type moves half the bytes of float32, but
its numbers have to be converted.

## A sum

So far no number had to wait for another. In a sum, each addition needs the result of the one
before. The compiler could add up several parts at once. But a sum of floats depends on the order,
because each addition rounds, so the compiler keeps the order that you wrote unless you free it.
"""

# %%
def total(x):
    sum_of = np.float32(0)
    for i in range(x.size):
        sum_of += x[i]
    return sum_of

# %%
for name, function in [("as written", compiled(total)),
                       ("in any order", compiled(total, any_order=True))]:
    took = nanoseconds(lambda: function(numbers))
    at_once = max(1, machine_code(function).bits // 32)
    print(f"{name:12s} {took:.3f} ns a number, {at_once} at once, sum {function(numbers):.4f}")

# %% [markdown]
r"""
## A loss in one pass

Every classifier computes a cross-entropy. Lesson 04 goes over the logits again and again (largest
number, difference, exponential, sum), and if there are many of them, each time through memory. A
kernel can take as many rows as fit in the processor's first cache, or one long row, and do
everything while they are there.

`row_steps` gives three functions to build on. `lower(rows, out)` subtracts from each row its
largest number, `exponentials(rows)` replaces each number by its exponential, and `sum_of(rows, i)`
is the sum of row i, in any order. They are written for SIMD, with polynomials in Horner's scheme
and arithmetic on bits (`rows.py` and `series.py` in `tinytorch/support`).

### Exercise: loss_of_rows

The loss of a row of logits $x$ with the target $t$ is

$$\log \sum_j e^{x_j - m} \;-\; (1 - s)\,(x_t - m) \;-\; \frac{s}{C} \sum_j (x_j - m)$$

where $m$ is the largest logit and $s$ the label smoothing over $C$ classes (lesson 04). First
lower the rows into `work`. The last two terms need the differences, so take them before the
exponentials replace them. Without smoothing leave out the last term: a difference may be
$-\infty$, and $0 \cdot \infty$ is nan.
"""

# %% nbgrader={"solution": true, "grade_id": "loss-of-rows"}
#| exporti
def loss_of_rows(lower: Callable, exponentials: Callable, sum_of: Callable, log: Callable):
    """Compiled `loss(rows, targets, smoothing, work)`: the sum of the losses of all rows.

    `rows` is (n, C), `targets` (n,) holds class indices, `smoothing` is a number from 0 to 1, and
    `work` is an array like `rows` to compute in. `rows` and `targets` stay as they are. All
    exponentials and logarithms are computed by the functions that are given.

    >>> loss, row = loss_of_rows(*row_steps(np.float64), double_log), np.zeros((1, 2))
    >>> round(loss(row, np.array([1]), 0.0, np.empty_like(row)), 4)
    0.6931
    """
    @compiled
    def loss(rows, targets, smoothing, work):
        ### BEGIN SOLUTION
        lower(rows, work)
        total = 0.0
        for i in range(len(rows)):
            total -= (1 - smoothing) * work[i, targets[i]]
            if smoothing > 0:
                total -= smoothing * sum_of(work, i) / rows.shape[1]
        exponentials(work)
        for i in range(len(rows)):
            total += log(sum_of(work, i))
        return total
        ### END SOLUTION

    return loss

# %% nbgrader={"grade": true, "grade_id": "test-loss-of-rows", "points": 6}
# Check of loss_of_rows: run it when your cell has run.
from tinytorch.core.losses import cross_entropy

def table_of(rows, classes, seed):
    """Logits in float32, and a target for each row."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(rows, classes)).astype(np.float32)
    return logits, rng.integers(classes, size=rows)

@check
def test_unit_loss_of_rows():
    far = np.float32([[1e4, 0, -np.inf], [-1e4, -1e4, -1e4]]), np.array([0, 1])
    tables = [(*table_of(4, 3, 0), 0.0), (*table_of(4, 3, 0), 0.1), (*far, 0.0)]
    ### BEGIN HIDDEN TESTS
    tables += [(*table_of(7, 20, 1), 0.3), (*table_of(1, 2, 2), 1.0), (*table_of(300, 3, 8), 0.1)]
    tables += [(np.float32([[0, np.nan]]), np.array([0]), 0.0)]
    ### END HIDDEN TESTS
    loss = loss_of_rows(*row_steps(np.float32), float_log)
    for rows, targets, smoothing in tables:
        first = rows[0, :3].astype(float).round(1).tolist()
        what = f"loss_of_rows of rows like {first}, targets {targets}, smoothing {smoothing}"
        with unchanged("loss_of_rows", "compute in work", rows=rows, targets=targets):
            got = run(what, loss, rows, targets, smoothing, np.empty_like(rows))
        mean = cross_entropy(Tensor(rows, float), targets, label_smoothing=smoothing).item()
        idea = "what is in work when each term is taken, and which terms are there?"
        close(what, got, len(rows) * mean, idea, atol=1e-5)
    calls_nothing("loss_of_rows", loss, "use the functions that it is given")

test_unit_loss_of_rows()

# %% [markdown]
r"""
### Exercise: gradient_of_rows

The gradient with respect to the logits is the softmax less the smoothed target (lesson 05):

$$\frac{\partial L}{\partial x_j} = g\left(\frac{e^{x_j - m}}{\sum_k e^{x_k - m}} - \frac{s}{C}
- (1 - s)\,[j = t]\right)$$

where $g$, here called `share`, is the gradient that comes in for the loss of one row, and
$[j = t]$ is 1 for the target and 0 for all other classes. The exponentials are computed anew, in
`out`, so nothing but the logits has to be saved for the backward pass.

Divide once for each row, and multiply for each number: a quotient takes longer than a product. And
`rows.shape[1]` is a whole number of 64 bits. A float32 divided by it is a float64, so make it a
`real` first.
"""

# %% nbgrader={"solution": true, "grade_id": "gradient-of-rows"}
#| exporti
def gradient_of_rows(real: type, lower: Callable, exponentials: Callable, sum_of: Callable):
    """Compiled `gradient(rows, targets, smoothing, share, out)`: the gradient goes into `out`.

    Shapes as in `loss_of_rows`. `rows`, `out`, `smoothing` and `share` are of the type `real`, and
    what is done for each number is done in that type, without a division. `rows` and `targets`
    stay as they are.

    >>> gradient = gradient_of_rows(np.float64, *row_steps(np.float64))
    >>> gradient(np.zeros((1, 2)), np.array([1]), 0.0, 1.0, out := np.empty((1, 2)))
    >>> out
    array([[ 0.5, -0.5]])
    """
    @compiled
    def gradient(rows, targets, smoothing, share, out):
        ### BEGIN SOLUTION
        lower(rows, out)
        exponentials(out)
        less = share * smoothing / real(rows.shape[1])
        for i in range(len(rows)):
            scale = share / sum_of(out, i)
            for j in range(rows.shape[1]):
                out[i, j] = out[i, j] * scale - less
            out[i, targets[i]] -= share - share * smoothing
        ### END SOLUTION

    return gradient

# %% nbgrader={"grade": true, "grade_id": "test-gradient-of-rows", "points": 6}
# Check of gradient_of_rows: run it when your cell has run.
from tinytorch.core.autograd import RULES

@check
def test_unit_gradient_of_rows():
    tables = [(*table_of(4, 3, 3), 0.0, 1.0), (*table_of(4, 3, 3), 0.1, 0.25)]
    ### BEGIN HIDDEN TESTS
    tables += [(*table_of(5, 17, 4), 0.3, -2.0), (*table_of(1, 2, 5), 1.0, 0.5),
               (*table_of(2, 2, 7), 0.0, 0.0), (np.float32([[0, np.nan]]), np.array([0]), 0.0, 1.0)]
    ### END HIDDEN TESTS
    gradient = gradient_of_rows(np.float32, *row_steps(np.float32))
    for rows, targets, smoothing, share in tables:
        what = f"gradient_of_rows of {rows.shape}, smoothing {smoothing}, share {share}"
        with inside("gradient_of_rows", "compute in out", rows=rows, targets=targets) as out:
            run(what, gradient, rows, targets, np.float32(smoothing), np.float32(share), out)
        g = share * len(rows)
        wanted = RULES["cross_entropy"][0](g, None, rows.astype(float), targets, smoothing)
        close(what, out, wanted, "softmax less the smoothed target, times share", atol=1e-6)
    code = machine_code(gradient)
    assert not code.doubles, (
        "gradient_of_rows in float32 computes in float64 for each number: which one divides what?")
    assert not code.quotients, "gradient_of_rows divides for each number: divide once for each row"

test_unit_gradient_of_rows()

# %% [markdown]
r"""
The rest is as for GELU: the loops for a type, and an operation with its gradient rule.
`sum_in_blocks` and `done_in_blocks` call your functions with one block at a time, rows of 4096
numbers together or one longer row, and `on_rows` gives each thread a part of the table.
"""

# %%
#| exporti
@cache
def cross_entropy_loops(dtype: np.dtype) -> tuple[Callable, Callable]:
    """The compiled loops, loss and gradient, for float32 or float64; else TypeError."""
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"no loops of cross-entropy for {dtype}: use astype to float32 or float64")
    real, log = (np.float64, double_log) if dtype == np.float64 else (np.float32, float_log)
    loss, gradient = loss_of_rows(*row_steps(real), log), gradient_of_rows(real, *row_steps(real))
    return sum_in_blocks(loss, real), done_in_blocks(gradient)

# %%
#| exporti
@np.errstate(over="ignore")
@in_float32
def _loss_forward(logits: np.ndarray, targets: np.ndarray, label_smoothing: float) -> np.ndarray:
    loop = partial(cross_entropy_loops(logits.dtype)[0], float(label_smoothing))
    return logits.dtype.type(sum(on_rows(loop, logits, targets)) / targets.size)


@in_float32
def _loss_backward(g, y, logits: np.ndarray, targets: np.ndarray, label_smoothing: float):
    real, out = logits.dtype.type, np.empty((targets.size, logits.shape[-1]), logits.dtype)
    loop = cross_entropy_loops(g.dtype)[1]
    on_rows(partial(loop, real(label_smoothing), real(g / targets.size)), logits, targets, out)
    return out.reshape(logits.shape)


FUSED_CROSS_ENTROPY = Primitive("fused_cross_entropy", _loss_forward)
gradient_rule("fused_cross_entropy", _loss_backward)
flop_rule("fused_cross_entropy", per_input(5))

# %%
#| export
def fused_cross_entropy(logits: Tensor, targets: Any, label_smoothing: float = 0.0) -> Tensor:
    """`cross_entropy` of lesson 04, its arguments, rules and errors, in one compiled pass.

    >>> fused_cross_entropy(Tensor([[0.0, 0.0], [0.0, 0.0]]), [0, 1])
    Tensor(0.6931, dtype=float32)
    """
    check_share(label_smoothing)
    logits = floating(logits)
    targets = wrap(class_indices(targets, logits.shape))
    return apply(FUSED_CROSS_ENTROPY, logits, targets, label_smoothing=label_smoothing)

# %% [markdown]
r"""
What do the loss and gradient of lessons 04 and 05 take together, and what do yours, on one thread?
"""

# %%
def gradient_by(loss_of, logits, targets):
    leaf = Tensor(logits, requires_grad=True)
    loss_of(leaf, targets).backward()
    return leaf.grad.data

# %%
for classes in (10, 1000, 32000):
    before, after = (partial(gradient_by, f, *table_of(64, classes, seed=6))
                     for f in (cross_entropy, fused_cross_entropy))
    with one_thread():
        micros = [best_seconds(run_it) * 1e6 for run_it in (before, after)]
    print(f"64 rows of {classes:5d}: {micros[0]:6.0f} us before, {micros[1]:6.0f} us fused; "
          f"the gradients differ by at most {np.abs(before() - after()).max():.0e}")

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. How many products does Horner's scheme need for a polynomial of degree 12? (`horner_products`)
2. Which is the smallest bfloat16 number above 1? (`next_above_one`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-kernels"}
### BEGIN SOLUTION
horner_products = 12
next_above_one = 1 + 2**-7
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-kernels", "points": 2}
# Check of the questions: run it when your cell has run.
@check
def test_question_kernels():
    equal("horner_products", horner_products, 12, "one for each coefficient after the first")
    wanted = load_bfloat16(np.uint16(round_bfloat16(np.float32(1)) + 1))
    equal("next_above_one", float(next_above_one), wanted, "the last of the 7 bits of fraction")

test_question_kernels()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-kernels", "points": 2}
r"""
**In your own words:** the compiler used SIMD for the elementwise loop unasked, but for the sum
only with `any_order=True`. What is the difference between the two loops? A user complains that the
last digits of a sum differ between two computers: explain why, and say whether one of them is
wrong.

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Kernels for GELU in four types, casts for the whole framework, and a loss and its gradient in one
pass each. `tito module complete 16` puts them into `tinytorch.optimization.kernels`. A kernel is
compiled once and kept on disk: the next process finds it there, until you change what it computes.
Lesson 17 computes in 16 bits, and lesson 18 makes an operation of GELU's loops.
"""
