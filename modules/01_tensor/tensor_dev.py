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
# Lesson 01: Tensor

> Tensors: NumPy arrays that remember how they were made, and apply, which runs every operation.

Everything in this course is arithmetic on grids of numbers: images, weights, gradients. In this
lesson you build the object that holds such a grid, and one function, `apply`, that every operation
on it goes through. Today `apply` looks like a detail. It is what lets lesson 05 differentiate your
code, lesson 14 profile it and lesson 17 run it in half precision, without any changes to it.

About 4 hours: 9 exercises, some 60 lines to write, and an open question. Needs Python and some
NumPy. Makes `tinytorch.core.tensor`: `Tensor`, `where`, `maximum`, `Primitive`, `no_grad`.

## How these notebooks work

Read from the top and run each cell. Under a heading "Exercise: name" there is a cell for you to
complete: replace the two lines `# YOUR CODE HERE` and `raise NotImplementedError()`. The docstring
says what to build. The next cell begins with `# Check of name` and calls your code on several
inputs. If all is right it prints nothing. Otherwise it says in one sentence what was called, what
came, what was wanted, and which idea to look at again. (Grading may use more inputs.)

`#| export` at the top of a cell puts it into the module that the lesson makes, from which later
lessons import. `#| exporti` does the same, but keeps the cell's names out of
`from tinytorch import *`. All other cells stay in the notebook, so whatever your answers use must
stand in an exported cell, imports included.

At the end, save the notebook and run two commands in a terminal. `tito module test 01` runs all
cells from the top in a fresh Python and lists the points. Its "cell 9" is the ninth cell of the
notebook, text included, as JupyterLab counts in the bar at the bottom; `In [5]` counts the cells
that you have run. `tito module complete 01` tests again and writes the module.
"""

# %%
#| default_exp core.tensor

# %%
#| export
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

# %%
#| export
from tinytorch.support.casts import cast_array, in_float32
from tinytorch.support.dtypes import Spec, as_dtype, is_floating, is_half
from tinytorch.support.arrays import array_product, average, power, quotient, total
from tinytorch.support.quiet import quiet
from tinytorch.support.state import Stacked, active_interceptors, state, top_interceptor
from tinytorch.support.tensor_attributes import record
from tinytorch.support.tensor_methods import TensorMethods
from tinytorch.support.versions import clock

# %%
from threading import Thread

from tinytorch.support import checks_tensor
from tinytorch.support.checks import check, close, equal, explained, raises

# %% [markdown]
r"""
## What an array does not know

NumPy computes fast. But how would the result below change if x changed a little?
"""

# %%
x = np.array([1.0, 2.0])
y = np.exp(x) * x
print(y, y.dtype)

# %% [markdown]
r"""
The result cannot tell: nothing is left of how it was computed. So a *tensor* wraps a NumPy array,
remembers where it came from, holds a gradient, and keeps deep learning's rules about types.

## Tensor

The class is given, since it shows what you are about to build. `data` is the array, `requires_grad`
says whether a gradient is wanted, `grad` holds it once it is there, and `_node` is the record of
how the tensor was computed (`None` if you made it yourself). The operators are inherited, one line
each, from `TensorMethods` in `tinytorch/support/tensor_methods.py`. Three of the lines:

```python
def __add__(self, other: Any) -> Self: return self._binary("add", self, other)
def __radd__(self, other: Any) -> Self: return self._binary("add", other, self)
def __neg__(self) -> Self: return self._apply("neg")
```

Python turns `x + y` into `x.__add__(y)`, and `1 + x` into `x.__radd__(1)`. The class below looks up
the operation of that name and passes it to `apply`. Most functions that it calls are defined
further down, many of them by you; `backward` is lesson 05's.
"""

# %%
#| export
class Tensor(TensorMethods):
    """A grid of numbers that can take part in differentiation.

    `data` is an array of the type that `as_array` gives, `grad` a Tensor of its shape, or None.
    """

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False):
        self.data = as_array(data, dtype)
        self.requires_grad = requires_grad  # TypeError where the type can carry no gradient

    def _binary(self, name: str, a: Any, b: Any) -> "Tensor":
        if not (isinstance(a, _Operand) and isinstance(b, _Operand)):
            return NotImplemented  # then Python raises the error that names both types
        return apply(PRIMITIVES[name], *operands(a, b))

    def _apply(self, name, **options): return apply(PRIMITIVES[name], self, **options)
    def _reduce(self, name, axis, keepdims): return reduce(PRIMITIVES[name], self, axis, keepdims)
    def maximum(self, other: Any) -> "Tensor": return maximum(self, other)
    def where(self, condition: Any, other: Any) -> "Tensor": return where(condition, self, other)
    def detach(self) -> "Tensor": return wrap(self.data)  # the same numbers, without a record

    def backward(self, gradient: "Tensor | None" = None, retain_graph: bool = False) -> None:
        """Fill `grad` of every leaf that this tensor was computed from."""
        from tinytorch.core import autograd
        autograd.backward(self, gradient, retain_graph)

# %% [markdown]
r"""
## What type is a number?

NumPy makes a list of Python floats `float64`. Deep learning works in `float32`: half the memory,
twice as many numbers in each SIMD instruction, and enough digits to train with. So these are our
rules (they are PyTorch's, except that it makes whole numbers, and lists of them, `int64`):

- Python numbers and lists become `float32` (`True`, `False` and lists of them become `bool`);
- a NumPy array or a NumPy number keeps its type, because whoever made it chose it;
- `dtype=` overrules both.

A tensor *owns* its numbers: it copies them, so that changing the original cannot change a weight.

### Exercise: as_array

`np.asarray(data)` raises ValueError where rows differ in length; with a dtype it would also make
numbers of text, and nan of None. `array.astype(dtype)` copies. `as_dtype` makes a NumPy type in
this machine's byte order, and `is_floating` is true of the four floating ones a tensor may have.
"""

# %% nbgrader={"solution": true, "grade_id": "as-array"}
#| exporti
def as_array(data: Any, dtype: Any = None) -> np.ndarray:
    """Numbers, lists, arrays or a Tensor as a new array, with a type by the rules above and in this
    machine's byte order.

    Raises TypeError for what is not real numbers, and for rows of different lengths a ValueError
    with the word `length` in its message.

    >>> as_array([[1, 2], [3, 4]]).dtype, as_array(np.arange(3)).dtype
    (dtype('float32'), dtype('int64'))
    """
    ### BEGIN SOLUTION
    data = data.data if isinstance(data, Tensor) else data
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"{data!r:.60} has rows of different lengths") from error
    if array.dtype.kind not in "biuf" and not is_floating(array.dtype):
        raise TypeError(f"a Tensor holds real numbers, got {array.dtype}: {data!r:.60}")
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)) and array.dtype != bool:
        dtype = np.float32
    return array.astype(as_dtype(array.dtype if dtype is None else dtype))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-as-array", "points": 3}
# Check of as_array: run it when your cell has run.
@check
def test_unit_as_array():
    first = as_array([1, 2, 3])
    assert isinstance(first, np.ndarray), f"as_array([1, 2, 3]) gave {first!r}, wanted an array"
    cases = [
        ([1, 2, 3], None, "float32"), (2.5, None, "float32"), ([True, False], None, "bool"),
        (np.arange(3), None, "int64"), (np.ones(2), None, "float64"), (np.int8(1), None, "int8"),
        (np.float64(2.5), None, "float64"), ([1, 2], "bfloat16", "bfloat16"),
        (np.arange(3), np.float32, "float32"), (Tensor([1, 2], "float16"), None, "float16"),
        (np.ones(2, ">f4"), None, "float32"), (np.ones(2), ">i8", "int64"), (True, None, "bool"),
        (np.arange(3), "int64", "int64"), ([2**24 + 1], "int64", "int64"),
        ([np.float64(1), np.int8(2)], None, "float32"), ([np.ones(2)] * 2, None, "float32"),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [([], None, "float32"), ((7, 0.5), None, "float32"), (np.float16(1), None, "float16"),
              ([[False], [True]], None, "bool"), (np.ones((2, 2), ">i2"), None, "int16"),
              ([0.1], "float64", "float64"), ([np.int64(3)], None, "float32"),
              ((np.arange(2),), None, "float32"), (np.matrix([[1, 2]]), None, "int64"),
              (Tensor([5, 6]), np.float32, "float32"), ([-np.inf, np.inf], None, "float32")]
    ### END HIDDEN TESTS
    checks_tensor.made(as_array, Tensor, cases)

test_unit_as_array()

# %% nbgrader={"grade": true, "grade_id": "test-as-array-refuses", "points": 2}
# Check of what as_array copies and refuses: run it when your cell has run.
@check
def test_unit_as_array_refuses():
    bad = ["text", [1j], None, np.ones(2, np.longdouble), b"12", np.array(["2026"], "M8[Y]")]
    typed = [("12", "int64"), ([1.0, None], "float32"), ([1, 2], np.complex64)]
    ragged = [[[1, 2], [3]], [1, [2, 3]], [[[1], [2, 3]]]]
    idea = "real numbers only: look at them before you give them a type"
    ### BEGIN HIDDEN TESTS
    bad += [["1", "2"], np.array([2 + 1j]), {"a": 1}, np.array(["x", "y"]), np.array([b"7"])]
    typed += [([1j], "float32"), (["1"], np.float64), (np.arange(2), "complex128"),
              (np.array(["2026"], "M8[Y]"), "float32")]
    ragged += [[[1], [2, 3], []], [[[1, 2]], [[1], [2]]]]
    ### END HIDDEN TESTS
    for x, dtype in [(np.arange(4), None), (np.arange(4), np.int64), (Tensor([0, 1]), None)]:
        as_array(x, dtype)[0] = 9
        equal(f"x[0] of the {type(x).__name__} x, after as_array(x, dtype={dtype})[0] = 9,",
              np.array(x).item(0), 0, "a tensor owns its numbers, so copy")
    for data, dtype in [(each, None) for each in bad] + typed:
        raises(f"as_array({data!r}, {dtype})", lambda: as_array(data, dtype), TypeError, idea=idea)
    for data in ragged:
        raises(f"as_array({data})", lambda: as_array(data), ValueError, "length")

test_unit_as_array_refuses()

# %%
#| exporti
def wrap(array: np.ndarray) -> Tensor:
    """A Tensor round a result of our own, which nobody else will change: no copy, no checks."""
    tensor = object.__new__(Tensor)
    array = array if type(array) is np.ndarray else np.asarray(array)
    object.__setattr__(tensor, "data", array)  # the other attributes are None or False at first
    return tensor

# %%
#| export
def as_tensor(value: Any) -> Tensor:
    """`value` itself if it is a Tensor, else a Tensor made from it."""
    return value if isinstance(value, Tensor) else Tensor(value)

# %%
#| exporti
def floating(value: Any) -> Tensor:
    """`value` as a Tensor that can hold fractions: whole numbers and booleans become float32."""
    return as_tensor(value)._floating()

# %% [markdown]
r"""
## Every operation goes through `apply`

Every operation does the same four things: it takes the arrays out of the tensors, computes, puts
the result into a tensor and, if somebody will want a gradient, remembers what was done. So we write
the four once. An operation is then only a name, a function on arrays (its *forward*), and a note of
what its gradient needs.

That note, `saves`, is `"inputs"`, `"output"`, `"both"` or `"nothing"`. The gradient of `a + b`
needs neither number, so an addition saves nothing, and its inputs can be freed. The gradient of
$e^x$ is $e^x$, the output. Lesson 14 measures how much memory is held in this way.
"""

# %%
#| export
@dataclass(frozen=True, eq=False)
class Primitive:
    """A basic operation: its name, its forward on arrays, and what its gradient will need."""

    name: str
    forward: Callable[..., np.ndarray]
    saves: str = "inputs"

# %% [markdown]
r"""
The record of one operation is a *node*. Its `edges` say where each input came from: the node that
made it; or the input itself, if it is a *leaf* (nobody computed it) that requires a gradient; or
None. The edges lead from a result to everything it depends on, and lesson 05 will follow them.
`inputs` and `output` hold what the primitive saves. An input that is not saved leaves only its
shape and type, in a `Spec`, so that its array can be freed. `order` counts the nodes.
"""

# %%
#| exporti
class Node:
    """How one tensor was made: by which primitive, from what, and what was saved."""

    __slots__ = ("primitive", "edges", "inputs", "output", "options", "order")

    def __init__(self, primitive: Primitive, inputs, arrays, options: dict, output: np.ndarray):
        saves = primitive.saves
        self.primitive, self.options, self.order = primitive, options, next(clock)
        self.edges = tuple([x._node or (x if x.requires_grad else None) for x in inputs])
        keep = saves == "inputs" or saves == "both"
        self.inputs = tuple(arrays if keep else [Spec(a.shape, a.dtype) for a in arrays])
        self.output = output if saves == "output" or saves == "both" else None

# %% [markdown]
r"""
### Exercise: execute

`execute` runs one operation. Whether it records a node depends on three things: this thread has to
be recording (`state.recording` says so), an input has to require a gradient, and the result has to
be of a type that can carry one. `x > 0` is boolean, so no gradient passes through it. `record(out,
node)` sets `out._node`, and `out.requires_grad` to True.
"""

# %% nbgrader={"solution": true, "grade_id": "execute"}
#| exporti
@quiet  # a tensor may hold inf and nan: NumPy need not warn of them
def execute(primitive: Primitive, inputs: tuple[Tensor, ...], options: dict[str, Any]) -> Tensor:
    """Run `primitive.forward` on the inputs' arrays, wrap the result, and record a Node if needed.

    The result requires a gradient if recording is on, an input requires one, and the result's type
    is floating; then its `_node` is the Node of this operation, and otherwise None.

    >>> double = Primitive("double", lambda a, times: a * times, saves="nothing")
    >>> execute(double, (Tensor([1, 2]),), {"times": 2})
    Tensor([2., 4.], dtype=float32)
    """
    ### BEGIN SOLUTION
    arrays = [x.data for x in inputs]
    out = wrap(primitive.forward(*arrays, **options))
    wanted = state.recording and True in [x.requires_grad for x in inputs]
    if wanted and is_floating(out.data.dtype):
        record(out, Node(primitive, inputs, arrays, options, out.data))
    return out
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-execute", "points": 10}
# Check of execute: run it when your cell has run.
@check
def test_unit_execute():
    scaled = Primitive("scaled", lambda a, b, by: np.subtract(a.copy(), b) * by, "both")
    a, b = Tensor([[1, 2], [3, 5]]), Tensor([1, 1], requires_grad=True)
    call = "execute(scaled, (a, b), {'by': 3.0})"
    with explained(call, "forward takes arrays and the options; see too what Node takes"):
        out = execute(scaled, (a, b), {"by": 3.0})
    assert isinstance(out, Tensor), f"{call} gave {out!r:.60}, wanted a Tensor"
    equal("([[1, 2], [3, 5]] - [1, 1]) * 3", out.data.tolist(), [[0, 3], [6, 12]])
    assert out.requires_grad and out._node, f"{call} should require a gradient, with a Node"
    node = out._node
    own = node.inputs[0] is a.data and node.options == {"by": 3.0} and node.output is out.data
    assert own, f"{call}: the Node should hold this call's arrays and options: no copy, no Tensor"
    assert node.edges[1] is b, f"{call}: the second edge should lead to b: hand on the inputs"
    cases = [("no input requires a gradient", np.negative, a), ("a boolean result", np.isnan, b)]
    ### BEGIN HIDDEN TESTS
    cases += [("a result of whole numbers", lambda x: x.astype(int), b)]
    ### END HIDDEN TESTS
    for what, forward, x in cases:
        out = execute(Primitive("quiet", forward), (x,), {})
        assert not out.requires_grad and out._node is None, f"execute, {what}: nothing to record"
    checks_tensor.recorded(execute, Primitive, Tensor)

test_unit_execute()

# %% [markdown]
r"""
### Exercise: no_grad

Evaluation and weight updates must leave no record: it would cost memory, and it would tie each
update to all that came before. `no_grad` switches recording off for this thread. At the end of its
block it puts back *what was there before*, even if blocks are nested or the block raises an
exception. `contextmanager` turns a function with one `yield` into something for `with`.
"""

# %% nbgrader={"solution": true, "grade_id": "no-grad"}
#| export
def is_recording() -> bool:
    """Whether operations on this thread are recorded for a gradient: true outside `no_grad`."""
    return state.recording

@contextmanager
def no_grad():
    """In the block `with no_grad():` operations on this thread are not recorded.

    >>> with no_grad():
    ...     print(is_recording())
    False
    """
    ### BEGIN SOLUTION
    before = state.recording
    state.recording = False
    try:
        yield
    finally:
        state.recording = before
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-no-grad", "points": 5}
# Check of no_grad: run it when your cell has run.
@check
def test_unit_no_grad():
    said, x = [], Tensor([1.0], requires_grad=True)
    with no_grad():
        said.append(is_recording())
        with no_grad():
            said.append(is_recording())
        said.append(is_recording())
        other = Thread(target=lambda: said.append(is_recording()))
        other.start(), other.join()
        quiet = execute(Primitive("neg", np.negative), (x,), {})
    equal("is_recording() in a block, in one inside it, after that, in another thread, at the end",
          [*said, is_recording()], [False, False, False, True, True], "put back what was there")
    assert not quiet.requires_grad, "recorded inside no_grad(): does execute use state.recording?"
    with Stacked() as top, no_grad():
        equal("the list of interceptors in a block", active_interceptors(), (top,), "leave them on")
    crashes = [RuntimeError, KeyboardInterrupt]
    ### BEGIN HIDDEN TESTS
    crashes += [ValueError, SystemExit]
    ### END HIDDEN TESTS
    for crash in crashes:
        checks_tensor.let_through(no_grad, crash("inside the block"))
        assert is_recording(), f"after a {crash.__name__} in its block recording is still off"

test_unit_no_grad()

# %% [markdown]
r"""
### Interceptors

Between an operation and its computation there is room for *interceptors*: objects that see each
operation before it runs, and may note it down, time it, change its inputs or replace it. A `with`
block puts one on, for this thread, and takes it off. The trace of lesson 14 is an interceptor, and
so is the half precision of lesson 17; no operation knows of them. `Names` notes the name of each
operation.
"""

# %%
#| export
class Interceptor(Stacked):
    """Sees every operation of this thread inside its `with` block. Override one or both methods."""

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Called in the place of the operation; call `apply` to go on with it."""
        return apply(primitive, *inputs, **options)

    def backward(self, node: Node, gradient: np.ndarray) -> list:
        """Called in the place of a node's gradient rules; lesson 05's `pull_back` goes on."""
        from tinytorch.core.autograd import pull_back
        return pull_back(node, gradient)

# %%
class Names(Interceptor):
    def __init__(self): self.names = []
    def forward(self, primitive, inputs, options):
        self.names.append(primitive.name)
        return apply(primitive, *inputs, **options)

# %% [markdown]
r"""
### Exercise: apply

The interceptor put on last comes first. While it works it must be out of the way: if it calls
`apply` itself, the operation goes to the interceptor below it and, below the last one, to
`execute`. Otherwise `Names` would call itself for ever. Afterwards all are back, even if the
operation failed. `top_interceptor` does that: inside `with top_interceptor() as top:` the variable
`top` is the one put on last, and `state.interceptors`, a tuple, holds only those below it.
"""

# %% nbgrader={"solution": true, "grade_id": "apply"}
#| exporti
def apply(primitive: Primitive, *inputs: Tensor, **options: Any) -> Tensor:
    """Run an operation: by the `forward` of the interceptor put on last, else by `execute`.

    >>> with Names() as watch:
    ...     y = apply(Primitive("double", lambda a, times: a * times), Tensor([1, 2]), times=2)
    >>> y, watch.names
    (Tensor([2., 4.], dtype=float32), ['double'])
    """
    ### BEGIN SOLUTION
    if not state.interceptors:
        return execute(primitive, inputs, options)
    with top_interceptor() as top:
        return top.forward(primitive, inputs, options)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-apply", "points": 4}
# Check of apply: run it when your cell has run.
@check
def test_unit_apply(number, by):
    class Seven(Interceptor):
        def forward(self, primitive, inputs, options):
            apply(primitive, *inputs, **options), apply(primitive, *inputs, **options)
            return Tensor([7.0])

    scale, x, call = Primitive("scale", lambda a, by: a * by), Tensor([number]), f"{number} by {by}"
    equal(call, apply(scale, x, by=by).item(), number * by, "without interceptors it is executed")
    with Names() as below, Seven(), Names() as above:
        with explained(f"{call}, intercepted,", "the one at work must be out of the way"):
            got = apply(scale, x, by=by)
        equal("how many are on after an operation", len(active_interceptors()), 3, "all come back")
    assert isinstance(got, Tensor), f"intercepted, apply gave {got!r:.60}, wanted a Tensor"
    equal(f"{call}, by an interceptor that runs it twice and gives 7,", got.item(), 7.0, "call it")
    equal("the pair of lists that those above and below that one noted",
          (above.names, below.names), (["scale"], ["scale", "scale"]), "the last one comes first")
    with Names():
        crash = Primitive("crash", lambda a: 1 / 0)
        raises("1 / 0, intercepted,", lambda: apply(crash, x), ZeroDivisionError)
        equal("how many are on after it", len(active_interceptors()), 1, "all come back")
    leaf = Tensor([1.0], requires_grad=True)
    checks_tensor.passed_on(apply, Primitive, Interceptor, leaf, x, no_grad)
    checks_tensor.put_back(apply, Primitive, Interceptor, x, active_interceptors)

test_unit_apply(2.0, 3)
### BEGIN HIDDEN TESTS
test_unit_apply(-1.5, 4)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Arithmetic

Now an operation is one line: a name, NumPy's function, and what to save. `define` puts it where the
methods find it.

NumPy *broadcasts*: it compares shapes from the right, and stretches lengths of 1 and missing axes.

| shapes | result |
|---|---|
| (3, 4) + (4,) | (3, 4): the row is added to every row |
| (3, 1) + (1, 4) | (3, 4): every pair |
| (3, 4) + (3,) | an error: 4 is not 3 |
"""

# %%
#| exporti
PRIMITIVES: dict[str, Primitive] = {}

def define(name: str, forward: Callable[..., np.ndarray], saves: str = "inputs") -> None:
    """Make the primitive `name` and put it into PRIMITIVES, where Tensor's methods find it."""
    PRIMITIVES[name] = Primitive(name, forward, saves)

# %%
#| exporti
define("add", np.add, "nothing")
define("sub", np.subtract, "nothing")
define("mul", np.multiply)
define("div", quotient)
define("pow", in_float32(power), "both")
define("neg", np.negative, "nothing")
define("maximum", np.maximum)

# %%
#| exporti
for _name in ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]:
    define(_name, getattr(np, _name), "nothing")

# %% [markdown]
r"""
### Half precision

A `float16` number has 11 binary digits, so above 2048 it cannot hold every whole number. Here is
what that does to a sum of 5000 ones, as NumPy adds them up in `float16`, and in `float32`:
"""

# %%
ones = np.ones((5000, 2), dtype=np.float16)
print("in float16:", ones.sum(axis=0).tolist())
print("in float32:", in_float32(np.sum)(ones, axis=0).tolist())

# %% [markdown]
r"""
NumPy adds these rows one after another and rounds to `float16` each time. At 2048 the sum stops
growing, because 2049 is rounded to 2048. So we compute with `float16` and `bfloat16` numbers in
`float32` and round once, at the end: `in_float32` gives that to any function on arrays.
"""

# %%
#| exporti
define("exp", in_float32(np.exp), "output")
define("log", in_float32(np.log))
define("sqrt", in_float32(np.sqrt), "output")
define("reciprocal", in_float32(np.reciprocal), "output")
define("tanh", in_float32(np.tanh), "output")
define("where", in_float32(np.where))
define("astype", cast_array, "nothing")

# %% [markdown]
r"""
### Exercise: number_type

`x * 0.5` should have x's type, whatever that is: the number is *weak*. Otherwise a single `0.5`
would silently turn a half-precision network into a `float32` one. So, as in PyTorch, a Python or
NumPy number takes the type of the tensor beside it, with two exceptions: a float (also `2.0`)
beside whole numbers or booleans becomes `float32`, and an int beside booleans becomes `int64`.
"""

# %% nbgrader={"solution": true, "grade_id": "number-type"}
#| exporti
def number_type(number: Any, other: np.dtype) -> np.dtype:
    """The type of a number (bool, int or float, Python's or NumPy's) beside a tensor of `other`.

    >>> number_type(0.5, np.dtype("float16")), number_type(0.5, np.dtype("int64"))
    (dtype('float16'), dtype('float32'))
    """
    ### BEGIN SOLUTION
    fraction = isinstance(number, (float, np.floating))
    if fraction and not is_floating(other):
        return np.dtype(np.float32)
    if other.kind == "b" and not isinstance(number, (bool, np.bool_)):
        return np.dtype(np.int64)
    return other
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-number-type", "points": 3}
# Check of number_type: run it when your cell has run.
@check
def test_unit_number_type():
    cases = [(0.5, "float16", "float16"), (2, "bfloat16", "bfloat16"), (2, "int8", "int8"),
             (0.5, "int64", "float32"), (0.5, "bool", "float32"), (2, "bool", "int64"),
             (0.5, "bfloat16", "bfloat16"), (True, "bool", "bool"), (np.int8(2), "bool", "int64"),
             (np.float64(0.5), "float16", "float16"), (np.float32(0.5), "int64", "float32")]
    ### BEGIN HIDDEN TESTS
    cases += [(True, "float64", "float64"), (np.float16(0.5), "uint8", "float32"),
              (np.bool_(True), "bool", "bool"), (True, "int8", "int8"), (2.0, "int64", "float32")]
    ### END HIDDEN TESTS
    checks_tensor.number_types(number_type, cases)

test_unit_number_type()

# %% [markdown]
r"""
### Exercise: operands

Two operands are given types that go together, by PyTorch's rules:

- a number takes the type that `number_type` says; a list or an array becomes a tensor as always;
- a whole-number or boolean tensor beside a floating one takes the floating one's type;
- of two floating types, or two of whole numbers, a tensor without axes takes that of one with axes;
- `float16` beside `bfloat16`: both become `float32`, since neither holds all numbers of the other;
- any other two types stay as they are: NumPy itself makes `float32` of `float16` and `float32`.

Convert with `astype`: it goes through `apply`, and a gradient finds its way back through it.
"""

# %% nbgrader={"solution": true, "grade_id": "operands"}
#| exporti
_Number = (bool, int, float, np.bool_, np.integer, np.floating)
_Operand = (Tensor, np.ndarray, list, tuple, *_Number)  # what may stand beside a tensor

def operands(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Both operands as tensors, in their order, with types by the rules above; one is a Tensor.

    >>> a, b = operands(Tensor([1, 2], dtype="float16"), 0.5)
    >>> b.dtype
    dtype('float16')
    """
    ### BEGIN SOLUTION
    if not isinstance(a, Tensor):
        a = wrap(np.asarray(a, number_type(a, b.dtype))) if isinstance(a, _Number) else Tensor(a)
    elif not isinstance(b, Tensor):
        b = wrap(np.asarray(b, number_type(b, a.dtype))) if isinstance(b, _Number) else Tensor(b)
    if a.dtype == b.dtype:
        return a, b
    if is_floating(a.dtype) != is_floating(b.dtype):
        return (a, b.astype(a.dtype)) if is_floating(a.dtype) else (a.astype(b.dtype), b)
    if (a.ndim == 0) != (b.ndim == 0) and (a.dtype == bool) == (b.dtype == bool):
        return (a.astype(b.dtype), b) if a.ndim == 0 else (a, b.astype(a.dtype))
    if is_half(a.dtype) and is_half(b.dtype):
        return a.astype(np.float32), b.astype(np.float32)
    return a, b
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-operands", "points": 10}
# Check of operands: run it when your cell has run.
@check
def test_unit_operands():
    cases = [("float16", 0.5, "float16 float16"), (2, "bfloat16", "bfloat16 bfloat16"),
             ("int64", 0.5, "float32 float32"), ("float32", "float32", "float32 float32"),
             ("int64", "float16", "float16 float16"), ("float32", "bool", "float32 float32"),
             ("float16", "bfloat16", "float32 float32"), ("float16", "float32", "float16 float32"),
             ([1, 2], "float16", "float32 float16"), ("int8", np.arange(2), "int8 int64"),
             (Tensor(2.0), "float16", "float16 float16"), ("int8", Tensor(3, "int64"), "int8 int8")]
    ### BEGIN HIDDEN TESTS
    cases += [(0.25, "int8", "float32 float32"), ("float16", "int8", "float16 float16"),
              ("float64", "bfloat16", "float64 bfloat16"), (np.int32(3), "bool", "int64 bool"),
              ("bool", 2, "bool int64"), ("int8", [1, 2], "float32 float32"),
              ("float16", Tensor(9), "float16 float16"), (Tensor(2, "int64"), "bool", "int64 bool")]
    ### END HIDDEN TESTS
    checks_tensor.together(operands, Interceptor, Tensor, cases)

test_unit_operands()

# %%
#| export
def maximum(a: Any, b: Any) -> Tensor:
    """The larger of two, element by element, with broadcasting; one of them is a Tensor."""
    return apply(PRIMITIVES["maximum"], *operands(a, b))

# %%
#| export
def where(condition: Any, a: Any, b: Any) -> Tensor:
    """`a` where `condition` holds (is true, or not 0) and `b` elsewhere, all three broadcast."""
    condition = as_tensor(condition)
    condition = condition if condition.dtype == bool else condition != 0
    sides = operands(a if isinstance(b, Tensor) else operands(condition, a)[1], b)
    return apply(PRIMITIVES["where"], condition, *sides)

# %% [markdown]
r"""
## Matrix products

`(m, k) @ (k, n)` gives `(m, n)`: every row on the left meets every column on the right, and the
inner lengths must agree. Axes before the last two are batches, and they broadcast.

### Exercise: multiply_matrices

Shapes that do not fit are a common mistake, and NumPy's message for them ends in
`gufunc signature (n?,k),(k,m?)->(n?,m?) (size 4 is different from 3)`. Write a product whose error
names both shapes. NumPy's rules for one axis hold: `(k,)` counts as a row on the left and as a
column on the right. `array_product(a, b)`, NumPy's product without its slow cases, does the work.
"""

# %% nbgrader={"solution": true, "grade_id": "matmul"}
#| exporti
@in_float32
def multiply_matrices(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product of two arrays, (..., m, k) @ (..., k, n) -> (..., m, n); either may have
    one axis. Raises ValueError naming both shapes where inner lengths differ or an axis is missing.

    >>> multiply_matrices(np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])).tolist()
    [[19, 22], [43, 50]]
    """
    ### BEGIN SOLUTION
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul of {a.shape} @ {b.shape}: both need at least one axis; use * to "
                         "scale by a number")
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(f"matmul shape mismatch: {a.shape} @ {b.shape}: the inner dimensions "
                         f"{a.shape[-1]} and {inner} must match")
    return array_product(a, b)
    ### END SOLUTION

define("matmul", multiply_matrices)

# %% nbgrader={"grade": true, "grade_id": "test-matmul", "points": 8}
# Check of multiply_matrices: run it when your cell has run.
@check
def test_unit_matmul():
    pairs = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((3,), (3, 2)),
             ((4, 3), (3,)), ((0, 3), (3, 2)), ((3, 3), (3, 3))]
    wrong = [((2, 3), (4, 5)), ((2, 3), (4,)), ((), (3, 2)), ((2, 1), (3, 2)), ((2, 3), (4, 3))]
    ### BEGIN HIDDEN TESTS
    pairs += [((1, 7), (7, 1)), ((2, 1, 4, 2), (3, 2, 5)), ((4,), (4,)), ((4,), (2, 4, 3)),
              ((2, 0), (0, 3)), ((2, 3), (2, 1, 3, 4))]
    wrong += [((4,), (3,)), ((2, 5, 3), (2, 6, 3)), ((3, 2), ()), ((), ()), ((2, 5), (1, 5))]
    ### END HIDDEN TESTS
    checks_tensor.products(multiply_matrices, pairs)
    whole = multiply_matrices(np.array([[2**53 + 1]]), np.array([[1]]))
    equal("[[2**53 + 1]] @ [[1]]", whole.tolist(), [[2**53 + 1]], "whole numbers stay exact")
    for left, right in wrong:
        raises(f"{left} @ {right}", lambda: multiply_matrices(np.ones(left), np.ones(right)),
               ValueError, str(left), str(right), idea="name both shapes")

test_unit_matmul()

# %% [markdown]
r"""
## Sums, means and extremes

A reduction removes axes or, with `keepdims=True`, leaves them there with length 1, so that the
result broadcasts against its source.
"""

# %%
#| exporti
define("sum", in_float32(total), "nothing")
define("mean", in_float32(average), "nothing")
define("max", np.max, "both")
define("min", np.min, "both")

# %% [markdown]
r"""
### Exercise: reduce

People write `axis=None`, `axis=1`, `axis=-1` or `axis=[0, 2]`. The primitives, their gradients and
the interceptors should see one form only: None for all axes, or a tuple that counts from the front.
"""

# %% nbgrader={"solution": true, "grade_id": "reduce"}
#| exporti
def reduce(primitive: Primitive, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Apply `primitive` to `x` with `keepdims` and `axis`, a tuple of numbers from 0 on, or None.

    Raises ValueError that names the axis and the shape where there is no such axis or one comes
    twice, and TypeError for an axis that is not an int, as a float is not.

    >>> reduce(PRIMITIVES["sum"], Tensor([[1, 2], [3, 4]]), -1, False)
    Tensor([3., 7.], dtype=float32)
    """
    ### BEGIN SOLUTION
    if axis is not None:
        given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
        axis = tuple(a + x.ndim if a < 0 else a for a in given)
        if len(set(axis)) != len(axis) or not all(0 <= a < x.ndim for a in axis):
            raise ValueError(f"axis {given} does not fit shape {x.shape}: each axis once, "
                             f"from {-x.ndim} to {x.ndim - 1}")
    return apply(primitive, x, axis=axis, keepdims=keepdims)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-reduce", "points": 6}
# Check of reduce: run it when your cell has run.
@check
def test_unit_reduce(shape, axes, wrong):
    last = len(shape) - 1
    x = Tensor(np.random.default_rng(1).normal(size=shape), requires_grad=True)
    checks_tensor.axes_told(reduce, Primitive, Interceptor, x, [
        (None, None), (-1, (last,)), ([0], (0,)), (0, (0,)), ((0, -1), (0, last)), ([-1], (last,))])
    for axis in axes:
        plain = tuple(axis) if isinstance(axis, list) else axis
        for name, keepdims in [("sum", False), ("max", True)]:
            call = f"{name}(axis={axis}, keepdims={keepdims}) of shape {shape}"
            with explained(call, "which axes went in?"):
                got = getattr(x, name)(axis=axis, keepdims=keepdims)
            wanted = getattr(np, name)(x.data, axis=plain, keepdims=keepdims)
            close(call, got, wanted, "which axes went in?")
    for axis in wrong:
        raises(f"sum(axis={axis}) of shape {shape}", lambda: x.sum(axis=axis), ValueError,
               str(shape), *map(str, np.ravel(axis)), idea="each axis once, and only real ones")
    for axis in [0.9, 1.0, [0, 0.9]]:
        raises(f"sum(axis={axis}) of shape {shape}", lambda: x.sum(axis=axis), TypeError,
               idea="an axis is an int")

test_unit_reduce((2, 3, 4), [None, 0, 1, -1, (0, 2), [-1, 0], (0, 1, 2)], [3, -4, (0, 0), (1, -2)])
### BEGIN HIDDEN TESTS
test_unit_reduce((3, 5, 2, 4), [None, 3, -3, (1, -1), [2, 0, 1], np.int64(1)], [4, [2, -2], (0, 7)])
### END HIDDEN TESTS

# %% [markdown]
r"""
## Shapes

`reshape` and `permute` (the axes in another order), `transpose` (two axes swapped, the last two
unless told otherwise), `.T` (all axes reversed) and indexing by slices give other views of the same
numbers: nothing is computed. Only some reshapes, after a transposition for example, have to copy.
Indexing follows NumPy. PyTorch differs in one case, an integer and an index array with a slice
between them: `x[1, :, [0, 1]]` of shape (2, 5, 6, 4) has (2, 5, 4) here, and (5, 2, 4) there.
"""

# %%
#| exporti
define("reshape", lambda array, shape: array.reshape(shape), "nothing")
define("transpose", lambda array, axes: array.transpose(axes), "nothing")
define("getitem", lambda array, index: array[index], "nothing")

# %% [markdown]
r"""
## What it is good for: reading digits without training

The course comes with 1,797 handwritten digits, 8 by 8 pixels each. Average the training images of
each class, and give a new image the class of the average that is nearest to it. With broadcasting,
all distances are one expression: `(n, 1, 64) - (10, 64)` pairs each image with each average.

"""

# %%
from tinytorch.support.data import load_digits

pixels, labels = load_digits()
images, train, test = Tensor(pixels), slice(0, 1400), slice(1400, None)
means = [images[train][labels[train] == digit].mean(axis=0).numpy() for digit in range(10)]
with Names() as watch:
    distances = ((images[test].reshape(-1, 1, 64) - np.stack(means)) ** 2).sum(axis=-1)
right = np.mean(distances.numpy().argmin(axis=1) == labels[test])
print(f"{watch.names}: right on {right:.1%} of {len(distances)} unseen digits")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 10, figsize=(8, 1.2))
for mean, axis in zip(means, axes):
    axis.imshow(mean.reshape(8, 8), cmap="gray_r")
    axis.set_axis_off()
plt.show()

# %% [markdown]
r"""
Subtracting, squaring and adding is all it took. A network that *learns* does better; lesson 07
trains one.

## Questions

Assign each answer to the name that follows its question.

1. How many bytes are 32 images of 8 by 8 pixels in 3 colours, in `float16`? (`batch_bytes`)
2. `Tensor(np.ones((7, 1, 5))) + Tensor(np.ones((4, 1)))`: how many elements? (`broadcast_elements`)
3. What is the smallest whole number n for which `n + 1 == n` in `float16`? (`stuck_at`)
4. The shape of `x.transpose(0, -1).permute(1, 0, 2)` for x of (2, 3, 4)? (`turned_shape`, a tuple)
"""

# %% nbgrader={"solution": true, "grade_id": "question-numbers"}
### BEGIN SOLUTION
batch_bytes = 32 * 8 * 8 * 3 * 2
broadcast_elements = 7 * 4 * 5
stuck_at = 2048
turned_shape = (3, 4, 2)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-numbers", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_numbers():
    images, x = np.zeros((32, 8, 8, 3), dtype=np.float16), Tensor(np.zeros((2, 3, 4)))
    elements = np.prod(np.broadcast_shapes((7, 1, 5), (4, 1)))
    stuck = next(n for n in range(1, 70000) if np.float16(n) + np.float16(1) == np.float16(n))
    turned = x.transpose(0, -1).permute(1, 0, 2).shape
    for answer, wanted, name, idea in [
        (batch_bytes, images.nbytes, "batch_bytes", "count the numbers, and each one's bytes"),
        (broadcast_elements, elements, "broadcast_elements", "line the shapes up from the right"),
        (stuck_at, stuck, "stuck_at", "the sum of ones above stopped growing somewhere"),
        (turned_shape, turned, "turned_shape", "first the first and the last axis change places"),
    ]:
        assert answer == wanted, f"{name} is {answer}: {idea}"

test_question_numbers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-apply", "points": 2}
r"""
**In your own words:** how would you print the name and the time of every operation of a network,
first with the code of this lesson, and then in a library without `apply`?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A tensor whose operations all go through `apply`, a record of every operation whose gradient will be
wanted, and `no_grad`, which keeps none. Lesson 02 builds activations with it.
"""
