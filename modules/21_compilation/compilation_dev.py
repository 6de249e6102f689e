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
# Lesson 21: Compilation

> Compilation: a program that records a function's operations, differentiates the record, and writes its kernel.
"""

# %%
#| default_exp optimization.compilation

# %%
#| export
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, partial
from numbers import Number
from operator import attrgetter
from types import FunctionType
from typing import Any

import numpy as np

from tinytorch.core.autograd import RULES, joint_rule
from tinytorch.core.tensor import Layer, Primitive, Tensor, apply, floating, is_floating, is_half, no_grad
from tinytorch.optimization.kernels import CONVERSIONS, rational_tanh
from tinytorch.optimization.acceleration import TECHNIQUES, Technique, fused_gelu, unfused_gelu, vectorized_matmul
from tinytorch.optimization.acceleration import analyze_acceleration_decision_framework
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.profiling.roofline import best_seconds, flop_rule
from tinytorch.support.launch import PART, compiled, flat
from tinytorch.support.series import double_exp, double_log, double_tanh, float_exp, float_log
from tinytorch.support.tables import column, table
from tinytorch.support.threads import get_num_threads, in_parts, one_thread
from tinytorch.support.validation import check_sizes

# %%
import time

from tinytorch.core.tensor import where
from tinytorch.profiling.roofline import CountingTrace

tokens = Tensor(np.random.default_rng(0).normal(size=(512, 256)).astype(np.float32))

# %% [markdown]
r"""
## A fusion compiler

You have fused one formula by hand. But every network has its own: a bias, an activation, a scale, a residual. *Graph
optimisation* is to let a program do what you did: look at the operations of a function, and write the kernel. You have
everything that it takes. Lesson 01's door shows the operations, lesson 05's table knows their gradients, and Numba
compiles what is written. The rest is below, and it is short:

1. **record**: call the function with symbols in place of tensors, and note what passes the door;
2. **differentiate**: walk the record backwards with the table of gradient rules, on symbols;
3. **write**: turn the record into the source of one loop, each shared part computed once, and compile it.

### Symbols

A symbol is a Tensor without numbers: an operation on other symbols, an input, or a constant. It has a Tensor's
operators, and it answers NumPy's functions, so that the gradient rules of lesson 05, written for arrays, run on it as
they are. Asked for a number, as by a Python `if`, it has to refuse: all that a Tensor knows of numbers it takes from
`data`.
"""

# %%
#| export
class FusionError(TypeError):
    """A function cannot be made into one kernel; the message says why."""

# %%
#| export
class Symbol(Tensor):
    """What a number inside a kernel is made of: `op` and its `args`, which are symbols, an input's name or a constant.
    """

    def __init__(self, pool: dict, op: str, args: tuple, shape: tuple[int, ...]):
        self.pool, self.op, self.args, self._shape = pool, op, args, shape
        self.requires_grad, self.grad, self._node = False, None, None

    shape = property(lambda self: self._shape)
    dtype = property(lambda self: np.dtype(bool if self.op in _TRUTHS else np.float64))
    ndim = property(lambda self: len(self._shape))
    size = property(lambda self: math.prod(self._shape))

    @property
    def data(self):
        raise FusionError("the function asks for a number (an `if`, float(), item() or .data), and while its kernel is "
                          "written there are none: use where(condition, a, b) to choose, and Tensor operations "
                          "throughout")

    def __array_ufunc__(self, ufunc, method, *args, **options):
        return emit(_FROM_NUMPY.get(ufunc.__name__, ufunc.__name__), *args)

    def __array_function__(self, function, types, args, options):
        return emit(function.__name__, *args)

# %% [markdown]
r"""
`CODE` lists what a kernel can do, and how that is written. `symbol` hands back the same object for the same operation
on the same arguments. This trick is called *hash consing*: a part that occurs twice exists once, and will be computed
once.
"""

# %%
#| export
CODE = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}", "pow": "{} ** {}",
    "exp": "exp({})", "log": "log({})", "sqrt": "sqrt({})", "tanh": "tanh({})", "where": "{1} if {0} else {2}",
    "sigmoid": "real(1) / (real(1) + exp(-{}))", "relu": "real(0) if {0} <= real(0) else {0}",
    "maximum": "{0} if {0} > {1} or {0} != {0} else {1}", "greater": "{} > {}", "greater_equal": "{} >= {}",
    "less": "{} < {}", "less_equal": "{} <= {}", "equal": "{} == {}", "not_equal": "{} != {}",
}
_TRUTHS = frozenset({"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"})
_FROM_NUMPY = {"multiply": "mul", "subtract": "sub", "divide": "div", "negative": "neg", "power": "pow"}

# %%
#| export
def symbol(pool: dict, op: str, *args: Any, shape: tuple[int, ...] = ()) -> Symbol:
    """The one symbol of `pool` for this operation on these arguments; what is made of symbols takes their shape."""
    key = (op, *[id(a) if isinstance(a, Symbol) else repr(a) for a in args])
    if key not in pool:
        shapes = [a.shape for a in args if isinstance(a, Symbol)]
        pool[key] = Symbol(pool, op, args, np.broadcast_shapes(shape, *shapes))
    return pool[key]

# %% [markdown]
r"""
`emit` turns an operation into a symbol. What is constant it computes at once, a power of a half becomes a root, and a
choice that is known is made.
"""

# %%
#| export
def emit(op: str, *args: Any) -> Symbol:
    """The symbol of `op` on symbols and numbers, simplified where that is free."""
    pool = next(a.pool for a in args if isinstance(a, Symbol))
    if op not in CODE:
        raise FusionError(f"{op} cannot be part of a fused kernel: a kernel sees one element of each input at a time, "
                          f"and can do {', '.join(CODE)}. Fuse what stands before it and after it")
    return simplified(op, *[a if isinstance(a, Symbol) else symbol(pool, "constant", captured(a)) for a in args])

# %%
#| export
def captured(x: Any) -> float:
    """A number that the function did not get as an argument."""
    if np.size(x) != 1 or isinstance(x, Tensor) and x.requires_grad:
        raise FusionError(f"the function uses a tensor of shape {np.shape(x)} that is not one of its arguments: pass "
                          "it in")
    return float(x)

# %%
#| export
def simplified(op: str, *args: Symbol) -> Symbol:
    """The symbol of `op` on `args`, or a cheaper one with the same value."""
    known = [a.args[0] if a.op == "constant" else None for a in args]
    a, b, n = args[0], args[-1], known[-1]
    if None not in known:
        return symbol(a.pool, "constant", computed(op, known))
    if op == "relu":
        return emit("where", emit("less_equal", a, 0), 0, a)  # nan is not <= 0, and stays
    if op == "where" and known[0] is not None:
        return args[1] if known[0] else b
    if op == "pow" and n in (-0.5, -1, -2, -3):
        return emit("div", 1, emit("pow", a, -n))
    if op == "pow" and n in (0.5, 1):
        return emit("sqrt", a) if n == 0.5 else a
    return symbol(a.pool, op, *args)

# %%
#| export
def computed(op: str, known: Sequence[float]) -> float:
    """The value of `op` on numbers."""
    space = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "real": np.float64}
    with np.errstate(all="ignore"):
        return float(eval(CODE[op].format(*"abc"), space | dict(zip("abc", map(np.float64, known)))))

# %% [markdown]
r"""
### Recording

The recorder is a layer on the door: for each operation on symbols it emits a symbol, and computes nothing. What has no
place in an elementwise kernel is refused with the reason: a product or a sum needs more than one element at a time.
"""

# %%
#| export
class Recorder(Layer):
    """Turns each operation on symbols into a symbol."""

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        if not any(isinstance(x, Symbol) for x in inputs):
            return super().forward(primitive, inputs, options)  # a number made of numbers
        if primitive.name == "astype" and inputs[0].dtype == bool:
            return emit("where", inputs[0], 1, 0)
        if primitive.name == "fused":
            with self:
                return options["program"].function(*inputs)
        return emit(primitive.name, *inputs)

# %%
#| export
def record(function: Callable, shapes: Sequence[tuple[int, ...]]) -> tuple[list[Symbol], Symbol]:
    """The symbols of `function`'s inputs, of these shapes, and of its result.

    Symbols say that they are float64, so that a number such as 0.044715 is not rounded before the kernel sees it.
    """
    pool: dict = {}
    inputs = [symbol(pool, "input", i, shape=shape) for i, shape in enumerate(shapes)]
    with Recorder():
        out = function(*inputs)
    if not isinstance(out, Symbol) or out.dtype == bool:
        raise FusionError(f"the function returned a {type(out).__name__}, and a kernel makes one tensor from "
                          "its arguments; of a truth make one with where(condition, 1.0, 0.0)")
    if out.shape != np.broadcast_shapes(*shapes):
        raise FusionError(f"the result has shape {out.shape}, the arguments together {np.broadcast_shapes(*shapes)}: "
                          "leave out the argument that is not used")
    return inputs, out

# %% [markdown]
r"""
Try it: the square is made twice and exists once, and the product of two constants is a constant.
"""

# %%
with Recorder():
    x = symbol({}, "input", 0)
    product = emit("mul", symbol(x.pool, "constant", 2.0), 3)
    print((x**2) is (x * x), product.op, product.args)

# %% [markdown]
r"""
### Exercise: differentiate a record

The same walk as in lesson 05, on symbols, and recorded like the function was. `in_order` lists the parts of a symbol,
each after what it is made of. Go through them backwards with what has been collected for each, ask
`RULES[s.op][i](g, s, *s.args)` for the share of argument number i, and add it up. Truths, constants and whatever leads
to no wanted input get no share: `leads` holds the parts that do lead to one.
"""

# %%
#| export
def in_order(*roots: Symbol) -> list[Symbol]:
    """Every part of symbols of one pool, each once, after the parts that it is made of: that is how they were made."""
    made, needed = roots[0].pool.values(), set(roots)
    for s in reversed(made):
        if s in needed:
            needed.update(a for a in s.args if isinstance(a, Symbol))
    return [s for s in made if s in needed]

# %% nbgrader={"solution": true, "grade_id": "expression-gradients"}
#| export
def expression_gradients(out: Symbol, g: Symbol, inputs: Sequence[Symbol]) -> list[Symbol]:
    """The gradients of `out` to `inputs`, as symbols, where that of `out` is `g`; by the table of gradient rules.

    An input that `out` does not depend on gets the constant 0.
    """
    zero = symbol(out.pool, "constant", 0.0)
    parts, collected, leads = in_order(out), {out: g}, set(inputs)
    for s in parts:
        if s.op not in _TRUTHS and any(a in leads for a in s.args):
            leads.add(s)
    ### BEGIN SOLUTION
    for s in reversed(parts):
        if s in leads and s.op != "input":
            for i, a in enumerate(s.args):
                if a in leads:
                    share = RULES[s.op][i](collected[s], s, *s.args)
                    collected[a] = collected[a] + share if a in collected else share
    return [collected.get(s, zero) for s in inputs]
    ### END SOLUTION

# %% [markdown]
r"""
### Broadcast inputs

A bias is one row for all rows. Every input is laid on a grid of rows and columns: it covers the *whole* grid, or is
one *row* of it, one *column*, or a *single* number. In the loop that is the difference between `x[i, j]`, `x[j]`,
`x[i]` and `x[0]`. The grid's columns are as many of the last axes as make this work for all inputs. Where every input
is whole or a single number no columns are needed: all lies in one line, and one index is enough.

A gradient to a row is summed over the rows as the loop goes: SIMD adds to many columns at once. The gradient to a
column or to a single number would have to be summed along the loop, one number at a time. It is handed to lesson 05
whole, which sums what was broadcast.

### Exercise: the place of an input on the grid
"""

# %% nbgrader={"solution": true, "grade_id": "place-of"}
#| export
def place_of(shape: tuple[int, ...], whole: tuple[int, ...], split: int) -> str | None:
    """Where an array of `shape` lies on the grid of shape `whole`, whose axes before `split` are rows and the rest
    columns.

    "whole", "single" (one number), "row" (the same for every row), "column", or None where it is none of these.

    >>> place_of((4,), (2, 3, 4), 2), place_of((2, 3, 1), (2, 3, 4), 2), place_of((3, 1), (2, 3, 4), 2)
    ('row', 'column', None)
    """
    padded = (1,) * (len(whole) - len(shape)) + tuple(shape)
    ### BEGIN SOLUTION
    if padded == whole:
        return "whole"
    if math.prod(padded) == 1:
        return "single"
    if math.prod(padded[:split]) == 1 and padded[split:] == whole[split:]:
        return "row"
    return "column" if padded[:split] == whole[:split] and math.prod(padded[split:]) == 1 else None
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fusion-parts", "points": 8}
_PYTHON = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "real": float}

def value_at(s, values):
    """The number that a symbol gives for these numbers of its inputs."""
    if s.op in ("input", "constant"):
        return values[s.args[0]] if s.op == "input" else s.args[0]
    return eval(CODE[s.op].format(*[f"({value_at(a, values)!r})" for a in s.args]), dict(_PYTHON))

def check_gradients(text, function, values, wanted):
    """The gradients of `function` of two inputs, at `values` and with 0.5 coming in, come out as `wanted`."""
    pool = {}
    x, y, g = (symbol(pool, "input", name) for name in ("x", "y", "g"))
    try:
        with Recorder():
            slopes = expression_gradients(function(x, y), g, [x, y])
    except KeyError as error:
        raise AssertionError(f"{text}: a part was looked up that no gradient has come to, wanted {wanted}: "
                             "begin at the end, where it is known; some inputs nothing leads to") from error
    got = tuple(round(value_at(slope, dict(zip("xyg", (*values, 0.5)))), 6) for slope in slopes)
    assert np.allclose(got, wanted), (
        f"{text} at x, y = {values}, with 0.5 coming in: the gradients are {got}, wanted {wanted}: each use of an "
        "input adds its share, and each part passes on what has come to it")
    return slopes[0]

def test_unit_fusion_parts():
    places = [((2, 3, 4), 1, "whole"), ((3, 4), 1, "row"), ((1, 3, 4), 1, "row"), ((4,), 2, "row"),
              ((2, 1, 1), 1, "column"), ((2, 3, 1), 2, "column"), ((1,), 1, "single"), ((), 2, "single"),
              ((3, 1), 1, None), ((3, 1), 2, None), ((2, 1, 4), 2, None), ((2, 1, 4), 1, None)]
    functions = [("x y + x", lambda x, y: x * y + x, (3.0, 2.0), (1.5, 1.5)),
                 ("2 x", lambda x, y: x * 2, (3.0, 2.0), (1.0, 0.0)),
                 ("x y^2", lambda x, y: x * (y * y), (3.0, 2.0), (2.0, 6.0))]
    grids = [((2, 3, 4), places)]
    ### BEGIN HIDDEN TESTS
    grids += [((5, 2), [((5, 2), 1, "whole"), ((2,), 1, "row"), ((5, 1), 1, "column"), ((1, 1), 1, "single")]),
              ((3, 1, 2), [((3, 1, 1), 1, "column"), ((1, 1, 2), 1, "row"), ((), 1, "single")])]
    functions += [("(x - y) / y", lambda x, y: (x - y) / y, (3.0, 2.0), (0.25, -0.375)),
                  ("(x y)^2 - y", lambda x, y: (x * y) ** 2 - y, (3.0, 2.0), (12.0, 17.5)),
                  ("-y", lambda x, y: -y, (3.0, 2.0), (0.0, -0.5))]
    ### END HIDDEN TESTS
    for whole, rows in grids:
        for shape, split, wanted in rows:
            got = place_of(shape, whole, split)
            assert got == wanted, (
                f"{shape} on the grid {whole} with {split} row axes: got {got!r}, wanted {wanted!r}: compare the row "
                "axes and the column axes with the grid's, each on their own")
    for text, function, values, wanted in functions:
        check_gradients(text, function, values, wanted)
    slope = check_gradients("tanh x", lambda x, y: x.tanh(), (0.0, 1.0), (0.5, 0.0))
    made = [s for s in in_order(slope) if s.op == "tanh"]
    assert len(made) == 1, (
        f"the gradient of tanh x holds {len(made)} of the tanh made so far, wanted 1: a rule takes the output of the "
        "forward pass, and a part that is there is shared, not made again")

test_unit_fusion_parts()

# %%
#| export
def grid_of(shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], int]:
    """The places of inputs of these shapes on their grid, and how many axes are rows: all of them, which makes one
    line, where that will do. Inputs without a common grid are to be broadcast, and are then whole.
    """
    whole = np.broadcast_shapes(*shapes)
    for split in (len(whole), *range(1, len(whole))):
        places = [place_of(shape, whole, split) for shape in shapes]
        if None not in places:
            return places, split
    return ["whole"] * len(shapes), len(whole)

# %% [markdown]
r"""
### Writing the loop

Every part gets a line, inputs are loaded at their place, results stored at theirs. `exp` and `log` need forms that
SIMD can do, as `tanh` did: split the exponent off by arithmetic on the bits, and a short series does the rest.
"""

# %%
#| export
_BLOCK = 64  # rows whose sum may be rounded after each addition
_INDEX = {"whole": "[i, j]", "row": "[j]", "column": "[i]", "single": "[0]", "sum": f"[i // {_BLOCK}, j]"}


def factors_in(s: Symbol) -> int:
    """2, 3 or 4 where `s` is such a power, which is written as a product; 0 for anything else."""
    if s.op != "pow" or s.args[1].op != "constant":
        return 0
    n = s.args[1].args[0]
    return int(n) if n in (2, 3, 4) else 0


def written(s: Symbol, names: dict[Symbol, str], index: Sequence[str]) -> str:
    """The code of a symbol whose arguments have `names`; `index` says where each input is read."""
    if s.op == "constant":
        return f"real({s.args[0]!r})"
    if s.op == "input":
        return f"load(in_{s.args[0]}{index[s.args[0]]})"
    factors = factors_in(s)
    return " * ".join([names[s.args[0]]] * factors) if factors else CODE[s.op].format(*[names[a] for a in s.args])

# %%
#| export
def kernel_source(results: Sequence[Symbol], targets: Sequence[str], places: Sequence[str], in_line: bool) -> str:
    """The source of the loop over a grid of rows and columns, or over a line, which has rows only.

    It computes `results` from the inputs at `places`, each shared part once. A result with target "whole" is stored,
    one with target "sum" added up over the rows, in a row for each _BLOCK of them.
    """
    index = _INDEX | ({"whole": "[i]"} if in_line else {})
    arrays = {f"in_{i}": place for i, place in enumerate(places)} | {f"out_{i}": t for i, t in enumerate(targets)}
    whole = next(name for name, place in arrays.items() if place == "whole")
    loops = [f"def loop({', '.join(arrays)}):", f"    for i in range({whole}.shape[0]):",
             f"        for j in range({whole}.shape[1]):"][:2 if in_line else 3]
    names = {s: f"t{i}" for i, s in enumerate(in_order(*results))}
    lines = [f"{name} = {written(s, names, [index[place] for place in places])}" for s, name in names.items()]
    lines += [f"out_{i}{index[target]} " + (f"+= {names[s]}" if target == "sum" else f"= store({names[s]})")
              for i, (s, target) in enumerate(zip(results, targets))]
    return "\n".join([*loops, *["    " * len(loops) + line for line in lines]])

# %%
#| export
@cache
def compile_kernel(source: str, dtype: str) -> Callable:
    """The compiled loop of `source` for one of the four floating types, by name; compiled once."""
    real, tanh, exp, log = (
        (np.float64, double_tanh, double_exp, double_log) if dtype == "float64" else
        (np.float32, rational_tanh, float_exp, float_log))
    load, store = CONVERSIONS[dtype]
    space = {"real": real, "tanh": tanh, "exp": exp, "log": log, "sqrt": np.sqrt, "load": load, "store": store,
             "inf": math.inf, "nan": math.nan}
    exec(source, space)
    return compiled(space["loop"])

# %% [markdown]
r"""
A kernel is a compiled loop with all that can be worked out about the arrays before they are there. A large grid is cut
into parts for the threads. What is to be added up over the rows each part adds up for itself; the sums of blocks and
parts are added in float64. For small arrays all this would take longer than the loop, so the most common kernel, with
lines in and one line out, goes a short way.
"""

# %%
#| export
class Kernel:
    """A compiled loop for arrays of certain shapes and one type: the forward of `function`, or with `needs`, and g as
    the last array, the gradients that are wanted.
    """

    def __init__(self, function: Callable, needs: tuple[bool, ...] | None, dtype: np.dtype, shapes: tuple):
        self.whole, self.dtype, self.half = np.broadcast_shapes(*shapes), dtype, is_half(dtype)
        self.places, split = grid_of(shapes)
        inputs, out = record(function, shapes if needs is None else shapes[:-1])
        results, self.targets, self.shapes = [out], ["whole"], [self.whole]
        if needs is not None:
            with Recorder():
                g = symbol(out.pool, "input", len(inputs))
                results = expression_gradients(out, g, [x for x, need in zip(inputs, needs) if need])
            self.targets = ["sum" if place == "row" else "whole" for place, need in zip(self.places, needs) if need]
            self.shapes = [shape for shape, need in zip(shapes, needs) if need]
        lengths = math.prod(self.whole[:split]), math.prod(self.whole[split:])
        self.matrix = lengths if split < len(self.whole) else lengths[:1]
        self.source = kernel_source(results, self.targets, self.places, in_line=len(self.matrix) == 1)
        self.loop = compile_kernel(self.source, dtype.name)
        self.parts = max(1, min(self.matrix[0], math.prod(self.matrix) // PART))
        fits = self.places.count("whole") == shapes.count(self.whole)  # nothing is to be broadcast
        self.short = fits and len(self.matrix) == len(results) == self.parts == 1

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """A new array for each result: in the kernel's type, or float64 where it is a sum."""
        if self.short:
            out = np.empty(self.whole, self.dtype)
            lines = [array.ravel() for array in (*arrays, out)]
            self.loop(*([line.view(np.uint16) for line in lines] if self.half else lines))
            return [out]
        rows, parts, places = self.matrix[0], min(get_num_threads(), self.parts), (*self.places, *self.targets)
        sums = (parts, rows // parts // _BLOCK + 2, self.matrix[-1]), np.result_type(self.dtype, np.float32)
        outs = [np.zeros(*sums) if target == "sum" else np.empty(self.whole, self.dtype) for target in self.targets]
        laid = [*map(self.laid, (*arrays, *outs), places)]

        def run(part):
            mine = slice(rows * part // parts, rows * (part + 1) // parts)
            share = {"whole": mine, "column": mine, "sum": part}
            self.loop(*[array[share.get(place, ...)] for array, place in zip(laid, places)])

        in_parts(run, parts)
        return [out.sum(axis=(0, 1), dtype=np.float64).reshape(shape) if target == "sum" else out
                for out, target, shape in zip(outs, self.targets, self.shapes)]

    def laid(self, array: np.ndarray, place: str) -> np.ndarray:
        """The numbers of `array` as the loop finds them at `place`."""
        if place == "whole":
            array = array if array.shape == self.whole else np.broadcast_to(array, self.whole)
            return flat(array).reshape(self.matrix)
        return array if place == "sum" else flat(array)

# %% [markdown]
r"""
### fuse

What is left is to keep the kernels: one for each type and each pattern of places, made when it is first needed. For
lesson 05 it is one more primitive with a gradient rule. One loop makes the gradients of all inputs together, so the
rule is a `joint_rule`: a single function, which is told which inputs want one.

A kernel holds the numbers that the function found outside when it was recorded. If such a number changes later, the
kernel would be wrong without a word. So at each call `fuse` looks at the numbers and functions that yours takes from
its globals and its closure, and records anew where one has changed.
"""

# %%
#| export
def of_one_type(inputs: Sequence[Any]) -> list[Tensor]:
    """The inputs as tensors of one floating type, by the rules of arithmetic: a number takes the tensors' type, and two
    different halves meet in float32.
    """
    if len(inputs) == 1:
        return [floating(inputs[0])]
    if not inputs:
        raise FusionError("a fused function needs at least one argument: the tensors that it computes with")
    inputs = [x if isinstance(x, (Tensor, Number)) else Tensor(x) for x in inputs]
    kinds = {x.dtype for x in inputs if isinstance(x, Tensor) and is_floating(x.dtype)}
    dtype = kinds.pop() if len(kinds) == 1 else max({np.dtype(np.float32), *kinds}, key=attrgetter("itemsize"))
    return [x.astype(dtype) if isinstance(x, Tensor) else Tensor(x, dtype) for x in inputs]

# %%
#| export
def outside(function: Any, seen: tuple = ()) -> list[Callable[[], Any]]:
    """Readers of the numbers, tensors and functions of its own file that a function finds in its globals and closure,
    and of what these functions find there.
    """
    if not isinstance(function, FunctionType) or function in seen:
        return []
    spaces, found = function.__globals__, []
    for read in [*[partial(spaces.get, name) for name in function.__code__.co_names],
                 *[partial(getattr, cell, "cell_contents") for cell in function.__closure__ or ()]]:
        value = read()
        inner = value.function if isinstance(value, fuse) else value
        if isinstance(value, (Number, Tensor)):
            found.append(read)
        elif isinstance(inner, FunctionType) and inner.__globals__ is spaces:
            found += [read, *outside(inner, (*seen, function))]
    return found

# %%
#| export
class fuse:
    """`fuse(function)` computes `function`, elementwise Tensor code, in one pass over memory, and its gradients in
    another.

    Arithmetic, powers, exp, log, tanh, sigmoid, sqrt, relu, maximum, where, comparisons and numbers can be fused;
    arguments broadcast. A kernel is written and compiled at the first call for a type and a pattern of shapes. Numbers
    in globals and closures may change, which makes a new kernel: pass what changes often as an argument. Numbers kept
    elsewhere, in an attribute or a list, are read when the kernel is made. Raises FusionError, which says why, where
    the function does anything else. May be used as a decorator.

    >>> fuse(lambda x, b: (x + b).tanh())(Tensor([[0.0, 1.0]]), Tensor([1.0]))
    Tensor([[0.7616, 0.964 ]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Tensor]):
        self.function = function
        self._kernel = lru_cache(maxsize=256)(lambda needs, dtype, shapes, *_: Kernel(function, needs, dtype, shapes))

    def __reduce__(self):  # a copy, or what is pickled, makes its kernels anew
        return fuse, (self.function,)

    def __call__(self, *inputs: Tensor) -> Tensor:
        return apply(FUSED, *of_one_type(inputs), program=self)

    def kernel(self, needs: tuple[bool, ...] | None, arrays: Sequence[np.ndarray]) -> Kernel:
        """The Kernel for such arrays of one type, made when it is first asked for."""
        values = [read() for read in self._outside] if self._outside else ()
        numbers = [x.data.tobytes() if isinstance(x, Tensor) else x for x in values]
        return self._kernel(needs, arrays[0].dtype, tuple([array.shape for array in arrays]), *numbers)

    @cached_property
    def _outside(self) -> list[Callable[[], Any]]:
        return outside(self.function)

# %%
#| export
def _fused_gradients(g: np.ndarray, y: None, *arrays: np.ndarray, program: fuse, needs: Sequence[bool]) -> list:
    arrays = (*arrays, g)
    made = iter(program.kernel(tuple(needs), arrays)(arrays))
    return [next(made) if need else None for need in needs]


FUSED = Primitive("fused", lambda *arrays, program: program.kernel(None, arrays)(arrays)[0])
joint_rule("fused", _fused_gradients)


def operations_in(shapes: Sequence[tuple[int, ...]], output: tuple[int, ...], options: dict) -> int:
    """What a call of a fused function counts for: the operations of its kernel, once for each element."""
    _, out = record(options["program"].function, shapes)
    return sum(max(1, factors_in(s) - 1) for s in in_order(out) if s.op in CODE) * math.prod(output)


flop_rule("fused", operations_in)

# %% [markdown]
r"""
This is what it writes for GELU. The power has become two products; `load` and `store` are the conversions of the type.
"""

# %%
print(fuse(unfused_gelu).kernel(None, [tokens.data]).source)

# %% nbgrader={"grade": true, "grade_id": "test-fuse", "points": 8}
def check_fuse(name, function, inputs):
    """Values and gradients of the fused function are those of the plain one."""
    plain, fused = ([Tensor(t.data, requires_grad=True) for t in inputs] for _ in range(2))
    wanted, got = function(*plain), fuse(function)(*fused)
    assert np.allclose(got.data, wanted.data), (
        f"{name}: the fused values are off by {np.abs(got.data - wanted.data).max():.2g}, wanted the plain ones")
    wanted.sum().backward()
    got.sum().backward()
    for i, (a, b) in enumerate(zip(plain, fused)):
        assert np.allclose(a.grad.data, b.grad.data), (
            f"{name}: the gradient to input {i} begins with {b.grad.data.flat[0]:.4f}, wanted "
            f"{a.grad.data.flat[0]:.4f}: look at expression_gradients, and at place_of for an input that is broadcast")

def test_unit_fuse():
    rng = np.random.default_rng(10)
    x, bias, column = (Tensor(rng.normal(size=shape)) for shape in ((6, 5), (5,), (6, 1)))
    fusable = [
        ("gelu", unfused_gelu, [x]), ("x**3 - 2/x", lambda x: x**3 - 2 / x, [x]),
        ("exp, log, sqrt", lambda x: (x.exp() + 1).log().sqrt(), [x]),
        ("a bias", lambda x, b: (x + b).tanh(), [x, bias]), ("a column", lambda x, c: x * c + c, [x, column]),
        ("where", lambda x, b: where(x > b, x * b, b), [x, bias]), ("maximum", lambda x: x.maximum(0.3) * x, [x]),
    ]
    refused = [("a sum", lambda x: x - x.sum()), ("a choice in Python", lambda x: x if x > 0 else -x),
               ("a product", lambda x: x @ x.T)]
    ### BEGIN HIDDEN TESTS
    fusable += [("a row and a column", lambda r, c: (r - c) * (r - c) * r, [bias, column])]
    refused += [("a mean", lambda x: x * x.mean())]
    ### END HIDDEN TESTS
    for name, function, inputs in fusable:
        check_fuse(name, function, inputs)
    for why, function in refused:
        try:
            fuse(function)(x)
        except FusionError:
            continue
        raise AssertionError(f"{why} was fused, wanted a FusionError: it cannot be computed from one element at a time")

test_unit_fuse()

# %% [markdown]
r"""
So GELU fuses itself. And a chain that nobody has written a kernel for, a bias, GELU, a scale and a residual, costs one
pass too. The first call writes and compiles its kernel; that time is shown as well. Both forms are timed on one thread:
a kernel could use more, NumPy's functions could not.
"""

# %%
def chain(x, bias, residual):
    return residual + 0.5 * unfused_gelu(x + bias)

rng = np.random.default_rng(0)
x, residual = (Tensor(rng.normal(size=(1024, 1024)).astype(np.float32)) for _ in range(2))
bias = Tensor(rng.normal(size=1024).astype(np.float32))

start = time.perf_counter()
fused_chain = fuse(chain)
fused_chain(x, bias, residual)
print(f"written and compiled in {time.perf_counter() - start:.2f} s")

# %%
for name, function in [("chain", chain), ("fused chain", fused_chain)]:
    with CountingTrace() as trace:
        function(x, bias, residual)
    with one_thread():
        seconds = best_seconds(lambda: function(x, bias, residual), 3)
    moved = sum(operation.bytes for operation in trace.operations)
    print(f"{name:12s} {len(trace.operations):2d} passes, {moved / 1e6:5.1f} MB moved, {seconds * 1e3:6.2f} ms")
print("and GELU, by hand and by the compiler:",
      *[f"{best_seconds(lambda: f(x)) * 1e3:.2f} ms" for f in (fused_gelu, fuse(unfused_gelu))])

# %% [markdown]
r"""
The square of a few hundred overflows in float16. A kernel that loads halves, computes in float32 and rounds once, at
the end, has no such limit in between:
"""

# %%
large, root_of_square = Tensor([300.0], dtype="float16"), lambda x: (x * x).sqrt()
with np.errstate(over="ignore"):
    print(f"float16, sqrt(x x) at 300: step by step {root_of_square(large).item()}, "
          f"in one kernel {fuse(root_of_square)(large).item()}")

# %% [markdown]
r"""
## The four techniques, measured
"""

# %% [markdown]
r"""
Some of these inputs need not be judged: what a technique gains *can* be measured. `measure_benefits` runs each
technique against plain code on this machine, forward and on one thread, and counts what both save for the backward
pass. `benefit_row` turns the numbers into the table's words, by thresholds.

| input | where it comes from |
|---|---|
| latency benefit, memory benefit | measured (only that vectorisation saves no memory is judged) |
| thresholds, cost, stability risk, hardware dependency | judged |
| all that a kind of work asks for | judged |
"""

# %%
#| export
@dataclass(frozen=True)
class BenefitRow:
    """What a technique gains over plain code: how many times as fast, and how much less is saved for backward."""

    technique: str = column("technique")
    work: str = column("measured on")
    times_as_fast: float = column("times as fast", ".2f")
    percent_saved: float | None = column("memory saved %", ".0f")
    latency_benefit: str = column("latency benefit")
    memory_benefit: str = column("memory benefit")

# %%
#| export
def in_a_word(value: float, least: dict[str, float]) -> str:
    """The first word whose least value `value` reaches, or "none".

    >>> in_a_word(1.3, {"high": 2, "medium": 1.25})
    'medium'
    """
    return next((word for word, needed in least.items() if value >= needed), "none")

# %%
#| export
def benefit_row(technique: str, work: str, times_as_fast: float, percent_saved: float | None) -> BenefitRow:
    """The row with both numbers in words; without a `percent_saved` the judged memory benefit stands."""
    latency = in_a_word(times_as_fast, {"very_high": 10, "high": 2, "medium": 1.25, "low": 1.05})
    judged = {t.name: t.memory_benefit for t in TECHNIQUES}
    memory = in_a_word(percent_saved or 0, {"high": 40, "medium": 20, "low": 5})
    return BenefitRow(technique, work, times_as_fast, percent_saved, latency,
                      judged[technique] if percent_saved is None else memory)

# %%
#| export
def compare(
    technique: str, work: str, plain: Callable[[], Tensor], fast: Callable[[], Tensor], weights: Sequence[Tensor] = ()
) -> BenefitRow:
    """The benefit of `fast` over `plain`, which give a Tensor with a graph; half copies of `weights` count."""
    held = [saved_bytes(function(), weights) for function in (plain, fast)]
    before, after = (kept.activations + kept.weight_copies for kept in held)
    with one_thread(), no_grad():
        ratio = best_seconds(plain, 3) / best_seconds(fast, 3)
    return benefit_row(technique, work, ratio, 100 * (1 - after / before))

# %%
#| export
def measure_benefits(size: int = 512, half: Any = "float16") -> list[BenefitRow]:
    """Each of the four techniques against plain code on this machine: `size` is the width, with twice as many rows."""
    check_sizes(size=size)
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(2 * size, size)).astype(np.float32), requires_grad=True)
    weight = Tensor(rng.normal(size=(size, size)).astype(np.float32) / math.sqrt(size), requires_grad=True)
    bias, (a, b) = weight[0].detach(), rng.normal(size=(2, 64, 64)).astype(np.float32)

    def layers() -> Tensor:
        return vectorized_matmul(fused_gelu(vectorized_matmul(x, weight)), weight)

    def mixed() -> Tensor:
        with autocast(half):
            return layers()

    def chain(x: Tensor, bias: Tensor) -> Tensor:
        return 0.5 * unfused_gelu(x + bias)

    fused_chain = fuse(chain)
    with one_thread():
        product = best_seconds(lambda: a @ b, 1) / best_seconds(lambda: vectorized_matmul(Tensor(a), Tensor(b)))
    return [
        benefit_row("Vectorization", "a product of 64 x 64", product, None),
        compare("Kernel Fusion", "GELU", lambda: unfused_gelu(x), lambda: fused_gelu(x)),
        compare("Mixed Precision", f"two layers, {half}", layers, mixed, [weight]),
        compare("Graph Optimization", "bias, GELU, scale", lambda: chain(x, bias), lambda: fused_chain(x, bias)),
    ]

# %%
#| export
def measured_techniques(benefits: Sequence[BenefitRow]) -> tuple[Technique, ...]:
    """TECHNIQUES with the benefits as measured, where they were; what a technique costs and risks stays as judged."""
    rows = {row.technique: row for row in benefits}
    return tuple(
        replace(t, latency_benefit=found.latency_benefit, memory_benefit=found.memory_benefit)
        for t in TECHNIQUES for found in [rows.get(t.name, t)])

# %%
benefits = measure_benefits()
print(table(benefits, "Measured on this machine"), "\n")
measured_decisions = analyze_acceleration_decision_framework(measured_techniques(benefits))

# %%
for judged, measured in zip(TECHNIQUES, measured_techniques(benefits)):
    for kind in ("latency_benefit", "memory_benefit"):
        if getattr(judged, kind) != getattr(measured, kind):
            print(f"{judged.name}: {kind} judged {getattr(judged, kind)}, measured {getattr(measured, kind)}")

# %% [markdown]
r"""
## What you have

fuse.
"""
