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

> Compilation: a program that records a function, differentiates the record, and writes its kernel.

In lessons 16 and 18 you fused one formula by hand. But every network has formulas of its own: a
bias, an activation, a scale, a residual. *Graph optimization* leaves the work to a program. In this
lesson you write this program, `fuse`, which works in three steps: it *records* the operations of a
function, which it calls with symbols in place of tensors; it *differentiates* the record with
lesson 05's gradient rules; and it *writes* the source code of one loop, and compiles it.

About 5 hours: 9 exercises, some 60 lines to write, and an open question. Needs lessons 01 to 07 and
14 to 18. Makes `tinytorch.optimization.compilation`: `fuse`, and four measured benefits.
"""

# %%
#| default_exp optimization.compilation

# %%
#| export
import math
from collections.abc import Callable, Sequence
from functools import cache, cached_property, lru_cache, partial
from numbers import Number
from typing import Any

import numpy as np

from tinytorch.core.autograd import RULES, joint_rule
from tinytorch.core.tensor import Interceptor, Primitive, Tensor, apply, floating, no_grad
from tinytorch.profiling.roofline import best_seconds, flop_rule
from tinytorch.support.bound import Bindable
from tinytorch.support.threads import one_thread

# %% [markdown]
r"""
## A formula that nobody has fused

Here is a chain of operations as found in many networks. How often does NumPy go over memory for it?
"""

# %%
from tinytorch.optimization.acceleration import unfused_gelu
from tinytorch.profiling.roofline import CountingTrace

def chain(x, bias, residual):
    return residual + 0.5 * unfused_gelu(x + bias)

rng = np.random.default_rng(0)
x, residual = (Tensor(rng.normal(size=(1024, 1024)).astype(np.float32)) for _ in range(2))
bias = Tensor(rng.normal(size=1024).astype(np.float32))

# %%
with CountingTrace() as trace:
    y = chain(x, bias, residual)
moved = sum(operation.bytes for operation in trace.operations)
least = sum(tensor.data.nbytes for tensor in (x, bias, residual, y))
print(f"{len(trace.operations)} passes move {moved / 1e6:.1f} MB; "
      f"the arguments and the result have {least / 1e6:.1f} MB together")

# %% [markdown]
r"""
## Symbols

A *symbol* is a Tensor without numbers. It stands for an input, a constant, or an operation on
other symbols. Because it is a Tensor, a function takes it as it takes any tensor. It also answers
NumPy's functions (`Symbolic` has these answers), so the gradient rules of lesson 05, which were
written for arrays, take it too. Some functions ask a tensor for its numbers, as a Python `if` does.
A Tensor finds its numbers in `data`, so that is the place to refuse.
`CODE` lists what a kernel can do, with its Python code; the result of a condition is true or false.
"""

# %%
#| export
class FusionError(TypeError):
    """A function cannot be made into one kernel; the message says why."""

# %%
#| exporti
from tinytorch.support.captured import Captured
from tinytorch.support.dtypes import common_type
from tinytorch.support.expressions import code_of, value_of
from tinytorch.support.grid import GridKernel, indexed, loop_head
from tinytorch.support.symbols import Symbolic


class Symbol(Symbolic, Tensor):
    """What a number in a kernel comes from: `op` on `args`, of a `shape`; kept in a `pool`.

    `op` is "input", with its number in `args`, or "constant", with its value, or a key of CODE.
    """

    def emit(self, op, *args): return emit(op, *args)

    @property
    def data(self):
        raise FusionError("the function asks for a number (an `if`, float(), item() or .data), but "
                          "a kernel's source has none: use where(condition, a, b) to choose, and "
                          "Tensor operations throughout")

# %%
#| exporti
CONDITIONS = {"greater": "{} > {}", "greater_equal": "{} >= {}", "less": "{} < {}",
              "less_equal": "{} <= {}", "equal": "{} == {}", "not_equal": "{} != {}"}
CODE = CONDITIONS | {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "pow": "{} ** {}",
    "neg": "-{}", "reciprocal": "real(1) / {}", "exp": "exp({})", "log": "log({})",
    "sqrt": "sqrt({})", "tanh": "tanh({})", "sigmoid": "real(1) / (real(1) + exp(-{}))",
    "where": "{1} if {0} else {2}", "maximum": "{0} if {0} > {1} or {0} != {0} else {1}"}
Symbol.conditions = CONDITIONS

# %% [markdown]
r"""
### Exercise: symbol

A kernel should compute each part once, however often the function computes it. So `symbol` makes
one symbol for an operation on certain arguments, keeps it in a dict, the *pool*, and hands out the
same object the next time. This trick is called *hash consing*.

When are two arguments the same? A symbol is the same only as itself: go by its `id`, because `==`
between symbols makes a new symbol. For numbers `==` will not do either: 0.0 equals -0.0, though 1
divided by them is infinity and minus infinity, and nan does not equal itself. The texts that `repr`
makes of numbers tell all of them apart.
"""

# %% nbgrader={"solution": true, "grade_id": "symbol"}
#| exporti
def symbol(pool: dict, op: str, *args: Any, shape: tuple[int, ...] = ()) -> Symbol:
    """The one symbol of `pool` for the operation `op` on `args`, symbols or plain values.

    A new one has the shape to which `shape` and the shapes of its arguments broadcast.

    >>> x = symbol(pool := {}, "input", 0, shape=(3,))
    >>> symbol(pool, "neg", x) is symbol(pool, "neg", x), symbol(pool, "neg", x).shape
    (True, (3,))
    """
    ### BEGIN SOLUTION
    key = (op, *[id(a) if isinstance(a, Symbol) else repr(a) for a in args])
    if key not in pool:
        shapes = [a.shape for a in args if isinstance(a, Symbol)]
        pool[key] = Symbol(pool, op, args, np.broadcast_shapes(shape, *shapes))
    return pool[key]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-symbol", "points": 6}
# Check of symbol: run it when your cell has run.
from tinytorch.support.checks import check, close, equal, outcome

@check
def test_unit_symbol():
    pool = {}
    x, y = symbol(pool, "input", 0, shape=(4, 1)), symbol(pool, "input", 1, shape=(3,))
    keys = [("add", x, y), ("add", y, x), ("mul", x, y), ("add", x, x), ("neg", x),
            ("constant", 0.0), ("constant", -0.0), ("constant", 1.0), ("constant", math.nan)]
    ### BEGIN HIDDEN TESTS
    keys += [("sub", x, y), ("where", x, y, x), ("where", x, x, y), ("constant", math.inf),
             ("mul", y, x), ("constant", 1 + 1e-9)]
    ### END HIDDEN TESTS
    made = outcome("symbol", lambda: [symbol(pool, *key) for key in keys], "compare by id, not ==")
    for i, (key, s) in enumerate(zip(keys, made)):
        copies = [float(str(a)) if isinstance(a, float) else a for a in key[1:]]
        assert symbol(pool, op := key[0], *copies) is s, f"{s!r} was made twice: look into the pool"
        assert not any(other is s for other in made[:i]), (
            f"{key} gave {s!r}, which was made of another: compare op and every argument")
        assert s.op == op and s.args == key[1:], f"{key} gave op {s.op!r} and args {s.args}"
    deep = [symbol(pool, "neg", symbol(pool, "neg", s)) for s in made[:2]]
    assert deep[0] is not deep[1], f"{deep[0]!r} of two different sums are one: compare by id"
    equal("the shape of (4, 1) + (3,)", made[0].shape, (4, 3), "broadcast the arguments' shapes")
    wide = symbol(pool, "exp", y, shape=(2, 1)).shape
    equal("the shape of exp of a (3,), with shape=(2, 1),", wide, (2, 3), "broadcast shape too")
    assert symbol(pool, "input", 1) is y, "input(1) was made twice: one for an op and its arguments"

test_unit_symbol()

# %% [markdown]
r"""
### Exercise: simplified

Some operations need not be done in the kernel:

| operation | becomes |
|---|---|
| any, on constants only | the constant that comes out |
| `where` with a constant condition | the one of the two that it chooses |
| $1 \cdot x$, $x \cdot 1$, $x / 1$, $x^1$ | $x$ |

A simplification must keep the value for *every* number, and so the table is short. $0 \cdot x$ is
not always 0: for infinity it is nan. And $x + 0$ is not always $x$: $-0 + 0$ is $0$.

`value_of(text, numbers)` computes a text of `CODE`: `value_of(CODE["add"], [2.0, 3.0])` is 5.0.
"""

# %% nbgrader={"solution": true, "grade_id": "simplified"}
#| exporti
def simplified(op: str, *args: Symbol) -> Symbol:
    """The symbol of `op` on `args`, symbols of one pool, or what the table above makes of it.

    `known` holds the values of those arguments that are constants, and None for the others.

    >>> simplified("mul", symbol(pool := {}, "constant", 2.0), symbol(pool, "constant", 3.0))
    constant(6.0)
    """
    pool, known = args[0].pool, [a.args[0] if a.op == "constant" else None for a in args]
    ### BEGIN SOLUTION
    if None not in known:
        return symbol(pool, "constant", value_of(CODE[op], known))
    if op == "where" and known[0] is not None:
        return args[1] if known[0] else args[2]
    if op in ("mul", "div", "pow") and known[1] == 1:
        return args[0]
    if op == "mul" and known[0] == 1:
        return args[1]
    return symbol(pool, op, *args)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-simplified", "points": 6}
# Check of simplified: run it when your cell has run.
def simple_and_plain(text):
    """What simplified and symbol make of "op a b ...": x and y are inputs, all else is numbers."""
    pool, (op, *names) = {}, text.split()
    kinds = [("input", n) if n in "xy" else ("constant", float(n)) for n in names]
    args = [symbol(pool, *kind) for kind in kinds]
    made = simplified(op, *args)
    assert made.pool is pool, f"simplified of {text} is in another pool than its arguments"
    return repr(made), repr(symbol(pool, op, *args))

@check
def test_unit_simplified():
    cases = {"mul 2 3": "constant(6.0)", "less 2 3": "constant(1.0)", "tanh 0": "constant(0.0)",
             "where 1 x y": "input(x)", "where 0 x y": "input(y)", "pow x 1": "input(x)",
             "mul 1 x": "input(x)", "mul x 1": "input(x)", "div x 1": "input(x)"}
    stay = ["mul 0 x", "add x 0", "sub 1 x", "div 1 x", "pow 1 x", "where x 1 0", "sub x x",
            "sub x 0", "mul x -1", "equal x x"]
    ### BEGIN HIDDEN TESTS
    cases |= {"div 1 0": "constant(inf)", "where nan x y": "input(x)", "where 0 1 x": "input(x)",
              "neg 0": "constant(-0.0)", "sub .1 1e-9": "constant(0.099999999)"}
    stay += ["pow x 0", "pow x 2", "sub x 1", "add 0 x", "where x y 1", "mul x 0", "div x x",
             "div 0 x", "mul -1 x", "where x y y", "maximum x x", "mul x 1.0000001", "div x 2"]
    ### END HIDDEN TESTS
    for text, wanted in cases.items():
        got, _ = simple_and_plain(text)
        equal(f"simplified of {text}", got, wanted, "which line of the table is it?")
    for text in stay:
        equal(f"simplified of {text}", *simple_and_plain(text), "it is not in the table")

test_unit_simplified()

# %% [markdown]
r"""
All operations on symbols come to `emit`. It makes constants of plain numbers, refuses what a kernel
cannot do, and writes relu as a choice, because the gradient rule of `where` works on symbols.
"""

# %%
#| exporti
def emit(op: str, *args: Any) -> Symbol:
    """The symbol of `op` on symbols and numbers, of which one is a symbol, simplified."""
    if op == "relu":
        return emit("where", emit("less_equal", *args, 0), 0, *args)  # nan is not <= 0: it stays
    if op not in CODE:
        raise FusionError(f"{op} cannot be part of a kernel, which sees one element of each input "
                          f"at a time and can do {', '.join(CODE)}: fuse what is before and after")
    return simplified(op, *[a if isinstance(a, Symbol) else constant(a, args) for a in args])

# %%
#| exporti
def constant(x: Any, args: Sequence) -> Symbol:
    """The symbol of a number x that the function found outside, in the pool of args' symbols."""
    if np.size(x) != 1 or isinstance(x, Tensor) and x.requires_grad:
        raise FusionError(f"the function uses a tensor of shape {np.shape(x)} that is not one of "
                          "its arguments: pass it in")
    return symbol([a.pool for a in args if isinstance(a, Symbol)][0], "constant", float(x))

# %%
#| exporti
def check_result(out: Any, whole: tuple[int, ...]) -> None:
    """FusionError where `out` is not a symbol of numbers of the shape `whole`."""
    if not isinstance(out, Symbol) or out.dtype == bool:
        raise FusionError(f"the function returned a {type(out).__name__}, a kernel makes a tensor "
                          "of numbers: of a condition make one with where(condition, 1.0, 0.0)")
    if out.shape != whole:
        raise FusionError(f"the result has shape {out.shape}, the arguments together {whole}: "
                          "leave out the argument that is not used")

# %%
# For checks below: a function of x and y from its text.
from tinytorch.core.tensor import where
from tinytorch.support.checks_fusion import agree, has_targets, keeps_kernels, never_falls_back
from tinytorch.support.checks_fusion import number_of, records_once, run_source
from tinytorch.support.checks_kernels import compiles

def function_of(text):
    return eval(f"lambda x, y: {text}", {"where": where, "Tensor": Tensor, "gelu": unfused_gelu})

# %% [markdown]
r"""
## Recording

### Exercise: Recorder

The recorder is a layer of lesson 01. It sees each operation that passes through `apply`, and for
an operation on symbols it emits a symbol in place of computing. Two cases need care. An operation
with no symbol among its inputs is arithmetic on plain numbers, and `super().forward` does it at
once. And `astype` makes a number of a condition, as in `x * (x > 0)`: 1 where the condition holds
and 0 elsewhere, so emit a `where`. (Any other `astype` is for `emit`, which refuses it by name.)

Write `record` too. It makes a symbol for each input, "input" with its number and its shape, calls
the function within `with Recorder():`, and has the result checked.
"""

# %% nbgrader={"solution": true, "grade_id": "recorder"}
#| exporti
class Recorder(Interceptor):
    """Within `with Recorder():` an operation on symbols gives a symbol."""

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        ### BEGIN SOLUTION
        if not any(isinstance(x, Symbol) for x in inputs):
            return super().forward(primitive, inputs, options)
        if primitive.name == "astype" and inputs[0].dtype == bool:
            return emit("where", inputs[0], 1, 0)
        return emit(primitive.name, *inputs)
        ### END SOLUTION


def record(function: Callable, shapes: Sequence[tuple]) -> tuple[list[Symbol], Symbol]:
    """The symbols of `function`'s inputs, of these shapes, and that of its result, in one pool.

    >>> record(lambda x, y: x * y, [(2, 3), (3,)])
    ([input(0), input(1)], mul(input(0), input(1)))
    """
    ### BEGIN SOLUTION
    pool = {}
    inputs = [symbol(pool, "input", i, shape=shape) for i, shape in enumerate(shapes)]
    with Recorder():
        out = function(*inputs)
    ### END SOLUTION
    check_result(out, np.broadcast_shapes(*shapes))
    return inputs, out

# %% nbgrader={"grade": true, "grade_id": "test-recorder", "points": 6}
# Check of Recorder and record: run it when your cell has run.
from tinytorch.support.checks import explained, raises

@check
def test_unit_recorder():
    idea = "which operations are recorded, with which inputs, and which are done at once?"
    cases = {"x - y": "sub(input(0), input(1))", "x / 3 + 0 * y": "add(div(...), mul(...))",
             "y.exp() * x": "mul(exp(...), input(0))", "y + (x > 1)": "add(input(1), where(...))",
             "where(x > y, x, y)": "where(greater(...), input(0), input(1))"}
    refused = {"x.sum() + y": "sum", "x @ y": "matmul", "x + y.astype('float16')": "astype"}
    ### BEGIN HIDDEN TESTS
    cases |= {"(y * x).tanh() ** 2": "pow(tanh(...), constant(2.0))",
              "y + (x < y)": "add(input(1), where(...))",
              "where(Tensor(0.0) > 1, 0.0, x) + y": "add(input(0), input(1))"}
    refused |= {"x.reshape(-1) + y": "reshape", "x / y.max()": "max"}
    ### END HIDDEN TESTS
    for text, wanted in cases.items():
        right = function_of(text)(Tensor(3.0, float), Tensor(2.0, float)).item()
        with explained(f"record of {text}", idea):
            inputs, out = record(function_of(text), [(2, 2), (2,)])
            close(f"{out!r}, from {text}, at 3 and 2", number_of(out, (3, 2), CODE), right, idea)
        equal(f"record of {text}", repr(out), wanted, idea)
        assert all(s.pool is out.pool for s in inputs), f"record of {text}: one pool for all"
    for text, word in refused.items():
        call = partial(record, function_of(text), [(2, 2), (2,)])
        raises(f"record of {text}", call, FusionError, word)
    records_once(record, Recorder, Interceptor, Tensor)

test_unit_recorder()

# %% [markdown]
r"""
`in_order` lists the parts of a symbol, each after the parts that it is made of, which is the order
in which the pool got them. Below, the sum of `x` and 1 is written twice and exists once. `x**2` and
`x * x` are two operations, and so two symbols.
"""

# %%
#| exporti
def in_order(*roots: Symbol) -> list[Symbol]:
    """Every part of symbols of one pool, each once, after the parts that it is made of."""
    made, needed = roots[0].pool.values(), set(roots)
    for s in reversed(made):
        if s in needed:
            needed.update(a for a in s.args if isinstance(a, Symbol))
    return [s for s in made if s in needed]

# %%
_, out = record(lambda x: (x + 1).tanh() * (x + 1) + x**2 - x * x, [(3,)])
for s in in_order(out):
    print(repr(s))

# %% [markdown]
r"""
## Gradients of a record

### Exercise: expression_gradients

This is lesson 05's walk, on symbols, from the last part to the first. When a part's turn comes, all
parts that use it have had theirs, so what was collected for it is the gradient with respect to it.
`RULES[s.op][i](g, s, *s.args)`, where `g` is what was collected for `s`, is the share of its
argument number i. Add it to what was collected for that argument.

A share goes only to arguments in `leads`: they lead to a wanted input, and not through a condition.
And some parts pass nothing on. In `where(x * x > 1, x, 0)` the product `x * x` leads to an input,
but it is computed for a condition only, so nothing was collected for it.
"""

# %% nbgrader={"solution": true, "grade_id": "expression-gradients"}
#| exporti
def expression_gradients(out: Symbol, g: Symbol, inputs: Sequence[Symbol]) -> list[Symbol]:
    """The gradients with respect to `inputs`, if that with respect to `out` is `g`; all symbols.

    Called within `with Recorder():`. An input on which `out` does not depend gets `zero`.

    >>> (x,), out = record(lambda x: x * 3, [()])
    >>> with Recorder():
    ...     expression_gradients(out, symbol(out.pool, "input", 1), [x])
    [mul(input(1), constant(3.0))]
    """
    zero = symbol(out.pool, "constant", 0.0)
    parts, collected, leads = in_order(out), {out: g}, set(inputs)
    for s in parts:
        if s.op not in CONDITIONS and any(a in leads for a in s.args):
            leads.add(s)
    ### BEGIN SOLUTION
    for s in reversed(parts):
        if s in leads and s in collected and s.op != "input":
            for i, a in enumerate(s.args):
                if a in leads:
                    share = RULES[s.op][i](collected[s], s, *s.args)
                    collected[a] = collected[a] + share if a in collected else share
    return [collected.get(s, zero) for s in inputs]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-expression-gradients", "points": 8}
# Check of expression_gradients: run it when your cell has run.
@check
def test_unit_expression_gradients():
    cases = {"x * y + x": [1.5, 1.5], "x * (y * y)": [2, 6], "x * 2 + 0 * y": [1, 0],
             "where(x > y, x * y, y)": [1, 1.5], "where(x * y > 1, x, y)": [0.5, 0]}
    ### BEGIN HIDDEN TESTS
    cases |= {"(x - y) / y": [0.25, -0.375], "(x * y) ** 2 - y": [12, 17.5],
              "x + (y > 2)": [0.5, 0], "where(x.exp() < 1, x.exp(), x * y)": [1, 1.5]}
    ### END HIDDEN TESTS
    for text, wanted in cases.items():
        inputs, out = record(function_of(text), [(), ()])
        what = f"the gradients of {text} at x = 3, y = 2, with 0.5 coming in,"
        idea = "for which parts is something collected, and which lead to an input? by id, not =="
        with Recorder(), explained(what, idea):
            slopes = expression_gradients(out, symbol(out.pool, "input", 2), inputs)
            got = np.array([number_of(slope, (3.0, 2.0, 0.5), CODE) for slope in slopes])
        close(what, got, np.array(wanted, float), "each use of a part adds its share")
    (x, y), out = record(lambda x, y: x.tanh() * y, [(), ()])
    what, idea = "the gradient of tanh(x) y with respect to x alone", "hand s itself to the rule"
    with Recorder(), explained(what, idea):
        (slope,) = expression_gradients(out, symbol(out.pool, "input", 2), [x])
    made = [s.op for s in in_order(slope)].count("tanh")
    equal(f"how often {what} computes tanh", made, 1, idea)

test_unit_expression_gradients()

# %% [markdown]
r"""
## Places

A bias is the same row for all rows. In a loop over rows i and columns j it is read as `x[j]`, and
an array of full size as `x[i, j]`. So each input has a place on a grid of rows and columns: it is
the *whole* grid, or one *row* of it, or one *column* (`x[i]`), or a *single* number (`x[0]`).

### Exercise: place_of

The axes of the grid before `split` are its rows, the others its columns. Compare the input's row
axes with the grid's, and its column axes with the grid's, each on their own. An input with fewer
axes has axes of length 1 in front, as in broadcasting: `padded` is its shape with them.
"""

# %% nbgrader={"solution": true, "grade_id": "place-of"}
#| exporti
def place_of(shape: tuple[int, ...], whole: tuple[int, ...], split: int) -> str | None:
    """Where an array of `shape` is on a grid of shape `whole`; the axes before `split` are rows.

    The first that fits of "whole", "single" (one number), "row" (the same for all rows) and
    "column" (the same for all columns); None where none does.

    >>> [place_of(shape, (2, 3, 4), 2) for shape in [(4,), (2, 3, 1), (3, 1)]]
    ['row', 'column', None]
    """
    padded = (1,) * (len(whole) - len(shape)) + tuple(shape)
    ### BEGIN SOLUTION
    rows, columns = padded[:split], padded[split:]
    if padded == whole:
        return "whole"
    if math.prod(padded) == 1:
        return "single"
    if math.prod(rows) == 1 and columns == whole[split:]:
        return "row"
    return "column" if rows == whole[:split] and math.prod(columns) == 1 else None
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-place-of", "points": 4}
# Check of place_of: run it when your cell has run.
@check
def test_unit_place_of():
    cases = {(2, 3, 4): {
        ((2, 3, 4), 1): "whole", ((3, 4), 1): "row", ((1, 3, 4), 1): "row", ((4,), 2): "row",
        ((2, 1, 1), 1): "column", ((2, 3, 1), 2): "column", ((1,), 1): "single", ((), 2): "single",
        ((3, 1), 1): None, ((3, 1), 2): None, ((2, 1, 4), 2): None, ((2, 1, 4), 1): None}}
    ### BEGIN HIDDEN TESTS
    cases |= {(5, 2): {((5, 2), 1): "whole", ((2,), 1): "row", ((5, 1), 1): "column"},
              (3, 1, 2): {((3, 1, 1), 1): "column", ((1, 1, 2), 1): "row", ((), 1): "single"},
              (4, 1): {((1,), 1): "single"}, (1,): {((), 1): "whole"}, (1, 6): {((6,), 1): "whole"},
              (2, 0): {((1, 0), 1): "row"}, (3, 2, 0): {((1, 1, 0), 1): None},
              (2, 0, 3): {((1, 0, 1), 2): None}}
    ### END HIDDEN TESTS
    for whole, places in cases.items():
        for (shape, split), wanted in places.items():
            what = f"place_of({shape}, {whole}, {split})"
            equal(what, place_of(shape, whole, split), wanted, "rows and columns, each alone")

test_unit_place_of()

# %% [markdown]
r"""
`grid_of` finds the grid for several inputs. If all are whole or single numbers, all axes are rows,
and the grid is one line. Else as many of the last axes are columns as give every input a place.
Inputs that have no common grid will be broadcast, and are whole then.
"""

# %%
#| exporti
def grid_of(shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], int]:
    """The places of inputs of these shapes on their grid, and how many of its axes are rows."""
    whole = np.broadcast_shapes(*shapes)
    for split in (len(whole), *range(1, len(whole))):
        places = [place_of(shape, whole, split) for shape in shapes]
        if None not in places:
            return places, split
    return ["whole"] * len(shapes), len(whole)

# %% [markdown]
r"""
## Writing the kernel

### Exercise: kernel_source

A kernel's source is the text of a Python function. `loop_head` writes its first lines, with the
loops. Within them each part of the results, in order, becomes a line: `t0 = ...`, `t1 = ...` and so
on. `code_of(s, names, reads, CODE)` writes the right-hand side for a symbol `s`, if `names` has the
variables of its arguments: an input as `load(...)`, a constant as `real(...)`, a power as products,
all else by its text in `CODE`. After the parts each result is stored, by `store(...)`. (What
`load`, `real` and `store` are depends on the type; `compile_kernel`, below, chooses them.)

One kind of result is added up in the loop: the gradient with respect to a row, a sum over all rows.
Every block of 64 rows has a place of its own, and the sums of the blocks are added in float64.
(The gradient with respect to a column or a single number is stored whole. Lesson 05 adds it up, as
for any operation that broadcasts.)
"""

# %% nbgrader={"solution": true, "grade_id": "kernel-source"}
#| exporti
def kernel_source(results: list, targets: list[str], places: list[str], in_line: bool) -> str:
    """The source of the loop that computes `results` from inputs at `places`, each part once.

    A result whose target is "whole" is stored, one whose target is "sum" is added (+=) to what is
    there. `in_line` says that the grid is one line.

    >>> _, out = record(lambda x: -x, [(5,)])
    >>> print(kernel_source([out], ["whole"], ["whole"], in_line=True))
    def loop(in_0, out_0):
        for i in range(in_0.shape[0]):
            t0 = load(in_0[i])
            t1 = -t0
            out_0[i] = store(t1)
    """
    inputs = {f"in_{i}": place for i, place in enumerate(places)}
    outputs = {f"out_{i}": target for i, target in enumerate(targets)}
    reads, writes = indexed(inputs, in_line), indexed(outputs, in_line)
    names, body = {}, []
    ### BEGIN SOLUTION
    for s in in_order(*results):
        names[s] = f"t{len(names)}"
        body.append(f"{names[s]} = {code_of(s, names, reads, CODE)}")
    for s, target, at in zip(results, targets, writes):
        body.append(f"{at} += {names[s]}" if target == "sum" else f"{at} = store({names[s]})")
    ### END SOLUTION
    head = loop_head(inputs | outputs, in_line)
    return "\n".join([*head, *["    " * len(head) + line for line in body]])

# %% nbgrader={"grade": true, "grade_id": "test-kernel-source", "points": 6}
# Check of kernel_source: run it when your cell has run.
@check
def test_unit_kernel_source():
    grid, row, column = np.arange(6.0).reshape(3, 2), np.array([0.5, 2]), np.full((3, 1), 2.0)
    cases = {"x + y": (grid, row), "x / y - 1": (grid, column), "x * x * y": (grid, grid)}
    ### BEGIN HIDDEN TESTS
    cases |= {"where(x > y, x * x, y)": (grid, column), "x * y * 2": (column, row)}
    ### END HIDDEN TESTS
    for text, arrays in cases.items():
        function, shapes = function_of(text), [array.shape for array in arrays]
        (places, _), (_, out) = grid_of(shapes), record(lambda x, y: function(x, y).tanh(), shapes)
        with explained(f"kernel_source of {text}", "an argument needs its name before it is used"):
            source = kernel_source([*out.args, out], ["sum", "whole"], places, in_line=False)
        sums, whole = run_source(source, arrays, places, ("sum", (1, 2)), ("whole", (3, 2)))
        wanted, below = function(*map(Tensor, arrays)).data, f"; see:\n{source}"
        lines, parts = source.count("\n") - source.count(" for "), len(in_order(out))
        equal(f"lines in the loop of {text}", lines, parts + 2, f"each part once{below}")
        close(f"tanh of {text}", whole, np.tanh(wanted), f"parts in order, then results{below}")
        close(f"{text} summed over rows", sums, [wanted.sum(0)], f"a sum is added up by +={below}")

test_unit_kernel_source()

# %%
#| exporti
from tinytorch.optimization.kernels import CONVERSIONS, rational_tanh
from tinytorch.support.launch import compiled
from tinytorch.support.series import double_exp, double_log, double_tanh, float_exp, float_log

_FUNCTIONS = {"real": (np.float32, np.float64), "tanh": (rational_tanh, double_tanh),
              "exp": (float_exp, double_exp), "log": (float_log, double_log)}

# %%
#| exporti
@cache
def compile_kernel(source: str, dtype: str) -> Callable:
    """The compiled loop of `source`, where `real`, `load` and the others are those of a type."""
    space = {name: pair[dtype == "float64"] for name, pair in _FUNCTIONS.items()}
    space |= zip(("load", "store"), CONVERSIONS[dtype])
    exec(source, space | {"sqrt": np.sqrt, "inf": math.inf, "nan": math.nan}, made := {})
    return compiled(made["loop"])

# %% [markdown]
r"""
### Exercise: make_kernel

Put the three steps together. Without `needs`, the result is that of the function, and it is whole.
With `needs`, the last array is the gradient that comes in: it is one more input, and the function
has the shapes before it. The results are the gradients with respect to those inputs that need one,
made within `with Recorder():`. For an input whose place is "row" the target is "sum". `back` holds
the shapes in which `GridKernel` gives the results back. (It lays arrays on the grid, shares the
rows out among threads, and adds up the sums: `tinytorch/support/grid.py`.)
"""

# %% nbgrader={"solution": true, "grade_id": "make-kernel"}
#| exporti
def make_kernel(function: Callable, needs: tuple | None, dtype: np.dtype, shapes: tuple):
    """The GridKernel of `function` for arrays of these `shapes`; or with `needs` of its gradients.

    needs[i] says whether the gradient with respect to input i is wanted.

    >>> make_kernel(lambda x: x * x, (True,), np.dtype("float32"), ((2,), (2,)))([[1, 2], [1, 1]])
    [array([2., 4.], dtype=float32)]
    """
    places, split = grid_of(shapes)
    ### BEGIN SOLUTION
    inputs, out = record(function, shapes if needs is None else shapes[:-1])
    results, targets, back = [out], ["whole"], [out.shape]
    if needs is not None:
        wanted = [i for i, need in enumerate(needs) if need]
        with Recorder():
            g = symbol(out.pool, "input", len(inputs))
            results = expression_gradients(out, g, [inputs[i] for i in wanted])
        targets = ["sum" if places[i] == "row" else "whole" for i in wanted]
        back = [shapes[i] for i in wanted]
    ### END SOLUTION
    source = kernel_source(results, targets, places, in_line=split == out.ndim)
    loop = compile_kernel(source, dtype.name)
    return GridKernel(source, loop, dtype, shapes, places, split, targets, back)

# %% nbgrader={"grade": true, "grade_id": "test-make-kernel", "points": 8}
# Check of make_kernel, and of all parts together: run it when your cell has run.
@check
def test_unit_make_kernel():
    rng = np.random.default_rng(10)
    x, row, column = (rng.normal(size=shape) for shape in ((70, 5), (5,), (70, 1)))
    cases = {"gelu(x + y)": (x, row), "x**3 - 2 / y": (x, x), "x * y + y": (x, column),
             "(x.exp() + y * y + 1).log().sqrt()": (x, x), "where(x * x > y, x * y, y)": (x, row)}
    ### BEGIN HIDDEN TESTS
    cases["(x - y) * (x - y) * x"] = row, column
    ### END HIDDEN TESTS
    for text, arrays in cases.items():
        agree(text, function_of(text), make_kernel, Tensor, arrays)
    has_targets(make_kernel)

test_unit_make_kernel()

# %% [markdown]
r"""
## fuse

For lesson 05 a fused function is one more operation with a gradient rule. One loop makes all the
gradients, so it is a `joint_rule`, which is told which inputs want one. For lesson 15 it counts
each operation of its kernel once for every element.
"""

# %%
#| exporti
def _gradients(g: np.ndarray, y: None, *arrays: np.ndarray, program: "fuse", needs: Sequence[bool]):
    arrays = (*arrays, g)
    made = iter(program.kernel(tuple(needs), arrays)(arrays))
    return [next(made) if need else None for need in needs]


def _operations(shapes: tuple, output: tuple[int, ...], options: dict) -> int:
    _, out = record(options["program"].function, shapes)
    return sum(s.op in CODE for s in in_order(out)) * math.prod(output)


FUSED = Primitive("fused", lambda *arrays, program: program.kernel(None, arrays)(arrays)[0])
joint_rule("fused", _gradients)
flop_rule("fused", _operations)

# %%
#| exporti
def of_one_type(inputs: Sequence[Any]) -> list[Tensor]:
    """The inputs as tensors of one floating type; a number takes the type of the tensors."""
    if not inputs:
        raise FusionError("a fused function needs at least one argument: a tensor to compute with")
    if len(inputs) == 1:
        return [floating(inputs[0])]
    inputs = [x if isinstance(x, (Tensor, Number)) else Tensor(x) for x in inputs]
    dtype = common_type([x for x in inputs if isinstance(x, Tensor)])
    return [x.astype(dtype) if isinstance(x, Tensor) else Tensor(x, dtype) for x in inputs]

# %% [markdown]
r"""
### Exercise: fuse

`fuse` keeps kernels. `self._make(needs, dtype, shapes, *keys)` is `make_kernel` with a memory: for
arguments that it was called with before, it gives the kernel that it made then. Why `keys`? A
kernel holds the numbers that the function found outside when it was recorded. If such a number
changed later, the kernel would silently be wrong. `self._outside.keys()` looks at all of them anew,
so `_make` makes another kernel where one has changed.

A fused function may be called within another one that is being recorded. Then its inputs are
symbols: call the function itself, and it is recorded as a part of the other. Otherwise make the
inputs tensors `of_one_type`, and send them through `apply` as `FUSED`, with `program=self`.
"""

# %% nbgrader={"solution": true, "grade_id": "fuse"}
#| export
class fuse(Bindable):
    """`fuse(function)` computes elementwise Tensor code in one pass, its gradients in another.

    Arithmetic, powers, exp, log, tanh, sigmoid, sqrt, relu, maximum, where, comparisons and numbers
    can be fused; arguments broadcast. Numbers in globals, closures and a method's `self` may
    change, which makes a new kernel; others, as in a list, are read when a kernel is made.
    FusionError says why where the function does anything else. Also a decorator, of methods too.

    >>> fuse(lambda x, b: (x + b).tanh())(Tensor([[0.0, 1.0]]), Tensor([1.0]))
    Tensor([[0.7616, 0.964 ]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Tensor]):
        self.function = function
        self._make = lru_cache(256)(lambda *args: make_kernel(function, *args[:3]))

    @cached_property
    def _outside(self) -> Captured:
        return Captured(self.function, Tensor, lambda x: x.function if isinstance(x, fuse) else x)

    def kernel(self, needs: tuple | None, arrays: Sequence[np.ndarray]) -> GridKernel:
        ### BEGIN SOLUTION
        shapes = tuple([array.shape for array in arrays])
        return self._make(needs, arrays[0].dtype, shapes, *self._outside.keys())
        ### END SOLUTION

    def __call__(self, *inputs: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        if Symbol in map(type, inputs):
            return self.function(*inputs)
        return apply(FUSED, *of_one_type(inputs), program=self)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fuse-keeps", "points": 4}
# Check of fuse: run it when your cell has run.
@check
def test_unit_fuse_keeps():
    factor, factors = 2.0, [2.0, 5.0]
    ### BEGIN HIDDEN TESTS
    factors += [0.5]
    ### END HIDDEN TESTS
    scaled = fuse(lambda x, y: x * y * factor)
    outer = fuse(lambda x: scaled(1, x) + 1)
    keeps_kernels(scaled)
    for factor in factors:
        x, idea = Tensor([1.0], "float16", True), "symbols to function, tensors of a type to apply"
        what = f"fuse of x * y * factor, and of a function of it, for 1, 1.5 and {factor},"
        with CountingTrace() as trace, explained(what, idea), compiles(what, idea):
            got = scaled(x, 1.5), outer(x)
        wanted = [(1.5 * factor, "float16"), (factor + 1, "float16")]
        equal(what, [(y.item(), y.dtype.name) for y in got], wanted, "what is outside may change")
        equal("the operations of the two", [o.name for o in trace.operations], ["fused"] * 2, idea)
        with explained("the backward pass of a fused function", "apply FUSED"):
            got[0].backward()
        equal("the gradient with respect to x", x.grad.item(), 1.5 * factor, "apply FUSED")
    never_falls_back(fuse, Interceptor, Tensor, FusionError)

test_unit_fuse_keeps()

# %% [markdown]
r"""
## What it writes, and what it gains

Now fuse GELU, and the chain of the beginning. A first call writes the kernel, and compiles it or
finds it on disk. The last line is about float16, where the square of 300 overflows: a kernel
computes in float32 and rounds once.
"""

# %%
import time

from tinytorch.optimization.acceleration import fused_gelu

def describe(name, function, *inputs):
    with one_thread():
        start = time.perf_counter()
        function(*inputs)
        first, best = time.perf_counter() - start, best_seconds(lambda: function(*inputs), 3)
    print(f"{name:16s} first call {first * 1e3:7.1f} ms, best {best * 1e3:6.2f} ms")

# %%
print(fuse(unfused_gelu).kernel(None, [x.data]).source)
describe("the chain", chain, x, bias, residual)
describe("the chain, fused", fuse(chain), x, bias, residual)
describe("GELU, by hand", fused_gelu, x)
describe("GELU, by fuse", fuse(unfused_gelu), x)
large, root = Tensor([300.0], "float16"), lambda x: (x * x).sqrt()
with np.errstate(over="ignore"):
    print(f"root of x * x at 300: {root(large).item()}, fused {fuse(root)(large).item()}")

# %% [markdown]
r"""
## Four techniques, measured

Lesson 18 scored four techniques by judgements. Measure how many times as fast each is as plain
code, forward and on one thread, and how much less it holds for the backward pass.
"""

# %%
#| exporti
from tinytorch.optimization.acceleration import TECHNIQUES, Technique, fused_gelu
from tinytorch.optimization.acceleration import unfused_gelu, vectorized_matmul
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.support.benefits import BenefitRow, benefit_row, with_benefits
from tinytorch.support.validation import check_sizes

# %%
#| exporti
def compare(technique: str, work: str, plain: Callable, fast: Callable, weights=()) -> BenefitRow:
    """The benefit of `fast` over `plain`, which give a Tensor; 16-bit copies of `weights` count."""
    held = [saved_bytes(function(), weights) for function in (plain, fast)]
    before, after = (kept.activations + kept.weight_copies for kept in held)
    with one_thread(), no_grad():
        ratio = best_seconds(plain, 3) / best_seconds(fast, 3)
    return benefit_row(technique, work, ratio, 100 * (1 - after / before))

# %%
#| export
def measure_benefits(size: int = 512, half: Any = "float16") -> list[BenefitRow]:
    """Each of the four techniques against plain code on this machine, at a width of `size`."""
    check_sizes(size=size)
    rng = np.random.default_rng(0)
    x, weight = (Tensor(rng.normal(0, size**-0.5, shape).astype(np.float32), requires_grad=True)
                 for shape in ((2 * size, 1, size), (size, size)))
    product, layers = vectorized_matmul, lambda: product(fused_gelu(product(x, weight)), weight)
    bias, scaled = weight[0].detach(), lambda x, bias: 0.5 * unfused_gelu(x + bias)
    fused = fuse(scaled)
    return [
        compare("Vectorization", "matrix product", lambda: x @ weight, lambda: product(x, weight)),
        compare("Kernel Fusion", "GELU", lambda: unfused_gelu(x), lambda: fused_gelu(x)),
        compare("Mixed Precision", f"two layers, {half}", layers, autocast(half)(layers), [weight]),
        compare("Graph Optimization", "a chain", lambda: scaled(x, bias), lambda: fused(x, bias))]

# %%
#| exporti
def measured_techniques(benefits: Sequence[BenefitRow]) -> tuple[Technique, ...]:
    """TECHNIQUES with the benefits that were measured; costs and risks stay as they were judged."""
    return tuple(with_benefits(TECHNIQUES, benefits))

# %%
from tinytorch.optimization.acceleration import analyze_acceleration_decision_framework
from tinytorch.support.tables import table

benefits = measure_benefits()
print(table(benefits, "Measured on this machine"), "\n")
decisions = analyze_acceleration_decision_framework(measured_techniques(benefits))

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question. `f` is
`lambda x, y: (x + y) * (x + y) + 2 * 3`.

1. How many lines of the form `t... = ...` has the loop of its kernel? (`lines`)
2. `x` has shape (64, 32, 100) and `y` has shape (32, 100). How many numbers does the kernel read
   from memory at least? (`numbers_read`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-compilation"}
### BEGIN SOLUTION
lines = 6
numbers_read = 64 * 32 * 100 + 32 * 100
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-compilation", "points": 2}
# Check of the questions: run it when your cell has run.
@check
def test_question_compilation():
    (x, y), out = record(lambda x, y: (x + y) * (x + y) + 2 * 3, [(64, 32, 100), (32, 100)])
    equal("lines", lines, len(in_order(out)), "inputs, constants, operations: which are there?")
    equal("numbers_read", numbers_read, x.size + y.size, "each number of an input once")

test_question_compilation()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-fuse", "points": 2}
r"""
**In your own words:** why can `fuse` not record a function with a Python `if` on the numbers of a
tensor? A friend proposes to record the branch that the first call takes: when is that wrong?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A compiler, which `tito module complete 21` puts into `tinytorch.optimization.compilation`. That of
PyTorch, `torch.compile`, takes the same three steps for far more operations.
"""
