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

> Tensors: NumPy arrays that remember how they were made, and one door that every operation passes.

Everything in this course is arithmetic on grids of numbers: images, weights, gradients. In this lesson you build the
object that holds such a grid, and one door that every operation on it has to pass. The door looks like a detail today.
It is what lets lesson 05 differentiate your code, lesson 14 profile it and lesson 18 run it in half precision, without
one of them changing an operation that you write now.

You will build:

- the rules that turn numbers, lists and arrays into tensors of a known type;
- `execute` and `apply`, the door;
- arithmetic with broadcasting, matrix products, reductions and reshaping on top of it;
- `no_grad`, which tells the door to keep no record.
"""

# %%
#| default_exp core.tensor

# %%
#| export
import threading
from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any, NamedTuple

import numpy as np

# %% [markdown]
r"""
## Why not lists?

A list of lists can hold a matrix, but every element is a Python object of its own and every addition goes through the
interpreter. Here is the price of adding two grids of numbers, with lists and with NumPy arrays.
"""

# %%
import timeit

rows = [[float(i + j) for j in range(300)] for i in range(300)]
grid = np.array(rows, dtype=np.float32)

def add_lists(a, b):
    return [[x + y for x, y in zip(p, q)] for p, q in zip(a, b)]

lists = min(timeit.repeat(lambda: add_lists(rows, rows), number=5, repeat=3)) / 5
arrays = min(timeit.repeat(lambda: grid + grid, number=5, repeat=3)) / 5
print(f"lists {lists * 1e6:.0f} us, arrays {arrays * 1e6:.0f} us: {lists / arrays:.0f} times as long")

# %% [markdown]
r"""
So a tensor wraps a NumPy array. What NumPy does not do for us: remember how a result came about, hold a gradient, and
keep deep learning's conventions about types. The last is where we begin.

## What type is a number?

NumPy makes a list of Python floats `float64`. Deep learning works in `float32`: half the memory, twice the numbers in
each SIMD instruction, and more precision than training can use. So our rule is PyTorch's:

- Python numbers and lists become `float32` (a list of `True` and `False` stays `bool`);
- a NumPy array keeps its type, because whoever made it chose it;
- `dtype=` overrules both.

A tensor *owns* its numbers: it copies what it is given, so that nobody who still holds the original array can change a
weight behind its back.
"""

# %%
#| export
def as_dtype(dtype: Any) -> np.dtype:
    """The NumPy type for a name or a type, in this machine's byte order; TypeError for one that no Tensor has.

    `"bfloat16"` is looked up in ml_dtypes, which NumPy does not know by itself.
    """
    if isinstance(dtype, str) and dtype == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    dtype = np.dtype(dtype)
    if dtype.kind not in "biu" and not is_floating(dtype):
        raise TypeError(f"a Tensor holds whole numbers, booleans, float16, bfloat16, float32 or float64, not {dtype}")
    return dtype if dtype.isnative else dtype.newbyteorder("=")

# %%
#| export
def is_floating(dtype: np.dtype) -> bool:
    """Whether `dtype` can carry a gradient: float16, bfloat16, float32 or float64."""
    return dtype.char in "efd" or dtype.name == "bfloat16"


def is_half(dtype: np.dtype) -> bool:
    """Whether `dtype` is one of the two 16-bit floating types."""
    return dtype.itemsize == 2 and is_floating(dtype)

# %% nbgrader={"solution": true, "grade_id": "as-array"}
#| export
def as_array(data: Any, dtype: Any = None) -> np.ndarray:
    """Copy numbers, lists, arrays or a Tensor into a new array.

    Python numbers and lists become float32 (booleans stay bool), NumPy arrays and scalars keep their type, and `dtype`,
    where given, overrules both. All arrive in this machine's byte order (`as_dtype`). Raises TypeError for what are not
    real numbers of a type we know, ValueError for rows of different lengths.

    >>> as_array([[1, 2], [3, 4]]).dtype
    dtype('float32')
    >>> as_array(np.arange(3)).dtype
    dtype('int64')
    """
    ### BEGIN SOLUTION
    if isinstance(data, Tensor):
        data = data.data
    try:
        array = np.array(data, dtype=None if dtype is None else as_dtype(dtype))
    except ValueError as error:
        raise ValueError(f"{data!r:.60} makes no grid: rows of different lengths, or text for a number") from error
    if array.dtype.kind not in "biu" and not is_floating(array.dtype):
        raise TypeError(f"a Tensor holds real numbers, got {array.dtype} from {type(data).__name__}")
    chosen = dtype is not None or isinstance(data, (np.ndarray, np.generic)) or array.dtype == bool
    return array.astype(as_dtype(array.dtype) if chosen else np.float32, copy=False)
    ### END SOLUTION

# %% [markdown]
r"""
## What a tensor can do

The class itself is given, in five small groups of methods and a core. Read them once, quickly. Each method is one
line: it names a *primitive* (a basic operation such as `ADD`) and hands it on. You write what stands behind these
lines.

Arithmetic comes first. Python calls `__radd__` and its kin when the tensor is on the right, as in `1 + x`.
"""

# %%
#| export
class Arithmetic:
    """`+ - * / ** @` and negation, with Python numbers, arrays or tensors on either side."""

    def __add__(self, other): return binary(ADD, self, other)
    def __radd__(self, other): return binary(ADD, other, self)
    def __sub__(self, other): return binary(SUB, self, other)
    def __rsub__(self, other): return binary(SUB, other, self)
    def __mul__(self, other): return binary(MUL, self, other)
    def __rmul__(self, other): return binary(MUL, other, self)
    def __truediv__(self, other): return binary(DIV, self, other)
    def __rtruediv__(self, other): return binary(DIV, other, self)
    def __pow__(self, other): return binary(POW, self, other)
    def __rpow__(self, other): return binary(POW, other, self)
    def __matmul__(self, other): return binary(MATMUL, self, other)
    def __rmatmul__(self, other): return binary(MATMUL, other, self)
    def __neg__(self): return apply(NEG, self)
    def matmul(self, other: "Tensor") -> "Tensor": return self @ other

# %%
#| export
class Comparison:
    """`< <= > >= == !=`, element by element; the results are boolean tensors, and no gradient passes them."""

    def __lt__(self, other): return binary(LESS, self, other)
    def __le__(self, other): return binary(LESS_EQUAL, self, other)
    def __gt__(self, other): return binary(GREATER, self, other)
    def __ge__(self, other): return binary(GREATER_EQUAL, self, other)
    def __eq__(self, other): return binary(EQUAL, self, other)
    def __ne__(self, other): return binary(NOT_EQUAL, self, other)
    __hash__ = object.__hash__

# %%
#| export
class Elementwise:
    """Functions of one element at a time; whole-number tensors are made float32 first."""

    def exp(self) -> "Tensor": return apply(EXP, floating(self))
    def log(self) -> "Tensor": return apply(LOG, floating(self))
    def sqrt(self) -> "Tensor": return apply(SQRT, floating(self))
    def tanh(self) -> "Tensor": return apply(TANH, floating(self))
    def maximum(self, other) -> "Tensor": return maximum(self, other)

    def where(self, condition, other) -> "Tensor":
        """This tensor where `condition` holds, `other` elsewhere."""
        return where(condition, self, other)

    def astype(self, dtype: Any) -> "Tensor":
        """The same numbers in another type; the gradient comes back in this tensor's own."""
        dtype = as_dtype(dtype)
        return self if dtype == self.dtype else apply(ASTYPE, self, dtype=dtype)

# %%
#| export
class Reduction:
    """Sums, means and extremes over all elements, one axis or several."""

    def sum(self, axis=None, keepdims: bool = False) -> "Tensor": return reduce(SUM, self, axis, keepdims)
    def mean(self, axis=None, keepdims: bool = False) -> "Tensor": return reduce(MEAN, floating(self), axis, keepdims)
    def max(self, axis=None, keepdims: bool = False) -> "Tensor": return reduce(MAX, self, axis, keepdims)
    def min(self, axis=None, keepdims: bool = False) -> "Tensor": return reduce(MIN, self, axis, keepdims)

# %%
#| export
def _unpacked(arguments: tuple) -> tuple:
    return tuple(arguments[0]) if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)) else arguments

# %%
#| export
class Shaping:
    """New shapes and parts of the same numbers."""

    def reshape(self, *shape) -> "Tensor":
        """`x.reshape(2, 3)` or `x.reshape((2, 3))`; one length may be -1."""
        return apply(RESHAPE, self, shape=_unpacked(shape))

    def permute(self, *axes: int) -> "Tensor":
        """The axes in another order: `x.permute(0, 2, 1)`."""
        return apply(TRANSPOSE, self, axes=_unpacked(axes))

    def transpose(self, axis0: int = -2, axis1: int = -1) -> "Tensor":
        """Two axes swapped, as in PyTorch; the last two unless told otherwise."""
        return self.permute(*swapped_axes(self.ndim, axis0, axis1))

    @property
    def T(self) -> "Tensor": return self.permute(*range(self.ndim)[::-1])

    def __getitem__(self, index) -> "Tensor": return apply(GETITEM, self, index=plain_index(index))

# %% [markdown]
r"""
Now the tensor itself: an array, a wish for a gradient, the gradient once there is one, and `_node`, the record of how
the tensor was made (`None` where you made it yourself). `backward` belongs to lesson 05, which is why it imports its
work only when it is called: this lesson must stand alone.
"""

# %%
#| export
class Tensor(Arithmetic, Comparison, Elementwise, Reduction, Shaping):
    """A grid of numbers that can take part in differentiation.

    `data` is a NumPy array, `grad` a Tensor of the same shape or None. Types follow `as_array`. `requires_grad=True`
    asks for a gradient and needs a floating type.
    """

    __array_ufunc__ = None  # so that `array + tensor` asks the tensor instead of spreading over its elements

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False):
        self.data = as_array(data, dtype)
        if requires_grad and not is_floating(self.data.dtype):
            raise TypeError(f"only floating tensors can require a gradient, this one is {self.data.dtype}: pass dtype=")
        self.requires_grad = requires_grad
        self.grad = None
        self._node = None

    def backward(self, gradient: "Tensor | None" = None) -> None:
        """Fill `.grad` of every leaf that this tensor depends on (built in lesson 05)."""
        from tinytorch.core import autograd

        autograd.backward(self, gradient)

    def detach(self) -> "Tensor":
        """The same numbers, with no record of where they came from."""
        return wrap(self.data)

    @property
    def shape(self) -> tuple[int, ...]: return self.data.shape
    @property
    def size(self) -> int: return self.data.size
    @property
    def ndim(self) -> int: return self.data.ndim
    @property
    def dtype(self) -> np.dtype: return self.data.dtype

    def numpy(self) -> np.ndarray: return self.data
    def item(self) -> float | int | bool: return self.data.item()
    def __array__(self, dtype=None, copy=None): return np.array(self.data, dtype=dtype, copy=copy)
    def __len__(self) -> int: return len(self.data)
    def __iter__(self): return (self[i] for i in range(len(self)))
    def __bool__(self) -> bool: return bool(self.data)
    def __float__(self) -> float: return float(self.data.item())
    def __int__(self) -> int: return int(self.data.item())

    def __repr__(self) -> str:
        numbers = np.array2string(self.data, separator=", ", prefix="Tensor(", precision=4)
        return f"Tensor({numbers}, dtype={self.dtype}{', requires_grad=True' if self.requires_grad else ''})"

# %%
#| export
def wrap(array: np.ndarray) -> Tensor:
    """A Tensor round an array that nobody else will change: no copy, no checks."""
    tensor = object.__new__(Tensor)
    tensor.data = array if type(array) is np.ndarray else np.asarray(array)
    tensor.requires_grad = False
    tensor.grad = tensor._node = None
    return tensor


def as_tensor(value: Any) -> Tensor:
    """`value` itself where it is a Tensor, else a Tensor made from it."""
    return value if isinstance(value, Tensor) else Tensor(value)

# %% nbgrader={"grade": true, "grade_id": "test-as-array", "points": 3}
def check_as_array(data, dtype, wanted):
    got, asked = as_array(data, dtype), f"as_array({data!r}, dtype={dtype!r})"
    assert isinstance(got, np.ndarray), f"{asked} gave a {type(got).__name__}, wanted a NumPy array"
    assert got.dtype.name == wanted, f"{asked} gave {got.dtype}, wanted {wanted}: look again at who chooses the type"
    assert got.dtype.isnative, f"{asked} kept a foreign byte order: see as_dtype"
    assert np.array_equal(got.astype(np.float64), np.array(data, np.float64)), f"{asked} holds other numbers: {got}"

def test_unit_as_array():
    cases = [
        ([1, 2, 3], None, "float32"), (2.5, None, "float32"), ([[1.5], [2]], None, "float32"), ([], None, "float32"),
        ([True, False], None, "bool"), (np.arange(3), None, "int64"), (np.zeros(2), None, "float64"),
        (np.float16(1), None, "float16"), (np.arange(3), np.float32, "float32"), ([1, 2], "float16", "float16"),
        ([1, 2], "bfloat16", "bfloat16"), (np.ones(2, ">f4"), None, "float32"), (np.ones(2), ">i8", "int64"),
        (Tensor([1, 2], "float16"), None, "float16"), (Tensor([1, 2]), np.int64, "int64"),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [
        ([[4, 5], [6, 7]], None, "float32"), ([[False], [True]], None, "bool"), (np.int8([3, 4]), None, "int8"),
        (np.ones((2, 2), ">i2"), None, "int16"), (np.float64(2.5), "bfloat16", "bfloat16"), ((7, 0.5), None, "float32"),
    ]
    ### END HIDDEN TESTS
    for data, dtype, wanted in cases:
        check_as_array(data, dtype, wanted)
    array, tensor = np.arange(4), Tensor([0, 1])
    for source, numbers in [(array, array), (tensor, tensor.data)]:
        as_array(source)[0] = 9
        assert numbers[0] == 0, (
            f"changing as_array of a {type(source).__name__} changed the original: a tensor owns its numbers, so copy")

test_unit_as_array()

# %% nbgrader={"grade": true, "grade_id": "test-as-array-refuses", "points": 2}
def check_refusal(bad, kind, word):
    said = "no error: only grids of real numbers become tensors"
    try:
        as_array(bad)
    except (TypeError, ValueError) as error:
        if isinstance(error, kind) and word in str(error):
            return
        said = f"a {type(error).__name__}: {error}"
    say = f" that says what about their {word} is wrong" if word else ""
    raise AssertionError(f"as_array({bad!r}) gave {said}; wanted a {kind.__name__}{say}")

def test_unit_as_array_refuses():
    as_array([[1, 2], [3, 4]])
    bads, ragged = ["text", [1j], None, np.ones(2, np.longdouble)], [[[1, 2], [3]], [1, [2, 3]]]
    ### BEGIN HIDDEN TESTS
    bads += [["1", "2"], np.array([2 + 1j]), {"a": 1}, np.array(["x", "y"])]
    ragged += [[[1], [2, 3], []], [[[1, 2]], [[1], [2]]]]
    ### END HIDDEN TESTS
    for bad in bads:
        check_refusal(bad, TypeError, "")
    for grid in ragged:
        check_refusal(grid, ValueError, "length")

test_unit_as_array_refuses()

# %% [markdown]
r"""
## One door

Every operation does the same four things: take the arrays out of the tensors, compute, put the result in a tensor,
and, if somebody will want a gradient, remember what was done. So we write them once. An operation is then only a name,
a function on arrays, and a word about what its gradient will need to see again:

`saves` is `"inputs"`, `"output"`, `"both"` or `"nothing"`. The gradient of `a + b` needs neither number, so an
addition saves nothing and its inputs can be freed; the gradient of $e^x$ is $e^x$, the output. What is saved here is
the memory that training costs, as lesson 18 will measure.
"""

# %%
#| export
@dataclass(frozen=True, eq=False)
class Primitive:
    """A basic operation: its name, its forward on arrays, and what its gradient rule will want to see again."""

    name: str
    forward: Callable[..., np.ndarray]
    saves: str = "inputs"


class Spec(NamedTuple):
    """What is left of an array that was not saved: its shape and type."""

    shape: tuple[int, ...]
    dtype: np.dtype

# %% [markdown]
r"""
The record of one operation is a node. Its edges point back to where the inputs came from: to the node that made an
input, to the input itself where that is a leaf that wants a gradient, or to nothing. Follow the edges from a result
and you find everything that it depends on; lesson 05 walks them. `order` counts the nodes as they are made.
"""

# %%
#| export
_order = count()


class Node:
    """How one tensor was made: the primitive, where its inputs came from, and what was saved for the gradient."""

    __slots__ = ("primitive", "edges", "inputs", "output", "options", "order")

    def __init__(self, primitive: Primitive, inputs, arrays, options: dict, output: np.ndarray):
        saves = primitive.saves
        self.primitive, self.options, self.order = primitive, options, next(_order)
        self.edges = tuple([x._node or (x if x.requires_grad else None) for x in inputs])
        keep = saves == "inputs" or saves == "both"
        self.inputs = tuple(arrays) if keep else tuple([Spec(a.shape, a.dtype) for a in arrays])
        self.output = output if saves == "output" or saves == "both" else None

# %%
#| export
class _ThreadState(threading.local):
    recording = True
    layers = ()


_thread = _ThreadState()


def is_recording() -> bool:
    """Whether operations on this thread are remembered for a gradient: true outside `no_grad`."""
    return _thread.recording

# %% [markdown]
r"""
### Exercise: execute

Now the door's inner side. `_thread.recording` says whether this thread keeps records at all. A result is worth a
record only if an input wants a gradient, and if its own type can carry one: `x > 0` is boolean, and there the trail
ends.
"""

# %% nbgrader={"solution": true, "grade_id": "execute"}
#| export
def execute(primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
    """Run `primitive.forward` on the inputs' arrays, wrap the result, and record a Node where a gradient will be
    wanted.

    The result requires a gradient if recording is on, an input requires one, and the result's type is floating;
    then its `_node` is the Node of this operation.

    >>> double = Primitive("double", lambda a, times: a * times, saves="nothing")
    >>> execute(double, (Tensor([1, 2]),), {"times": 2})
    Tensor([2., 4.], dtype=float32)
    """
    ### BEGIN SOLUTION
    arrays = [x.data for x in inputs]
    out = wrap(primitive.forward(*arrays, **options))
    if _thread.recording and True in [x.requires_grad for x in inputs] and is_floating(out.data.dtype):
        out.requires_grad = True
        out._node = Node(primitive, inputs, arrays, options, out.data)
    return out
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-execute", "points": 10}
def test_unit_execute():
    seen = []
    execute(Primitive("look", lambda array: seen.append(type(array).__name__) or np.zeros(1)), (Tensor([1]),), {})
    assert seen == ["ndarray"], f"the forward was given a {seen[0]}, wanted what the tensor holds: it works on arrays"
    scaled = Primitive("scaled", lambda a, b, by=1.0: (a - b) * by, "both")
    a, b = Tensor([[1, 2], [3, 5]]), Tensor([1, 1], requires_grad=True)
    plain = execute(scaled, (a, a), {"by": 3.0})
    assert isinstance(plain, Tensor), (
        f"execute gave a {type(plain).__name__}, wanted a Tensor round the forward's result")
    assert not plain.requires_grad and plain._node is None, "no input wanted a gradient, so there is nothing to record"
    out = execute(scaled, (a, b), {"by": 3.0})
    assert np.array_equal(out.data, [[0, 3], [6, 12]]), (
        f"([[1, 2], [3, 5]] - [1, 1]) with by=3 gave {out.data}, wanted [[0, 3], [6, 12]]: are the options passed on?")
    assert out.requires_grad and isinstance(out._node, Node), (
        "b requires a gradient: the result must, with a Node to show how")
    node = out._node
    assert node.edges == (None, b), f"the edges are {node.edges}, wanted (None, b): a needs no gradient, b is a leaf"
    assert node.inputs[0] is a.data and node.options == {"by": 3.0}, "the node must hold this call's arrays and options"
    assert node.output is out.data, "the node's output must be the result's own array, not a copy and not the Tensor"
    again = execute(scaled, (out, b), {})
    assert again._node.edges == (out._node, b), "an input that was itself computed is reached through its node"
    truth = execute(Primitive("positive", lambda a: a > 0), (b,), {})
    assert not truth.requires_grad, "a boolean result carries no gradient: look at the result's type"
    ### BEGIN HIDDEN TESTS
    c, d = Tensor([2, 3], dtype="float16", requires_grad=True), Tensor([[4], [5]])
    mixed = execute(Primitive("mixed", lambda a, b, c, add, times: (a * b + c + add) * times), (c, d, c),
                    {"add": 1, "times": 10})
    assert mixed.data.tolist() == [[110, 160], [130, 190]], f"three inputs and two options gave {mixed.data}"
    assert mixed._node.edges == (c, None, c), f"the edges of three inputs are {mixed._node.edges}, one for each wanted"
    whole = execute(Primitive("whole", lambda a: a.astype(int)), (c,), {})
    assert whole._node is None and not whole.requires_grad, "a result of whole numbers carries no gradient"
    ### END HIDDEN TESTS

test_unit_execute()

# %% [markdown]
r"""
### Layers on the door

`execute` is the inner side. The outer side is `apply`, and between the two there is room for *layers*: objects that
see an operation before it runs and may time it, change its inputs, or note it down. Later lessons put there the
profiler, the half-precision rules and the fusion compiler; no operation knows of them.

While a layer is at work it steps out of the way, so what it calls in turn goes to the layer below it and, at the end,
to `execute`. With no layer on, `apply` is one test and a call. Layers belong to a thread, and `with` takes them off
again even when an exception flies past.
"""

# %%
#| export
class Layer:
    """Something that sees every operation on this thread inside its `with` block. Override `forward`, `backward` or
    both.
    """

    def forward(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict) -> Tensor:
        """Called in place of the operation; call `apply` to go on with it."""
        return apply(primitive, *inputs, **options)

    def backward(self, node: Node, gradient: np.ndarray) -> tuple:
        """Called in place of a node's gradient rules; call lesson 05's `pull_back` to go on with them."""
        from tinytorch.core.autograd import pull_back

        return pull_back(node, gradient)

    def __enter__(self):
        _thread.layers += (self,)
        return self

    def __exit__(self, *exception) -> None:
        _thread.layers = _thread.layers[:-1]

# %%
#| export
def active_layers() -> tuple[Layer, ...]:
    """The layers on this thread, the uppermost last."""
    return _thread.layers

# %%
#| export
@contextmanager
def top_layer():
    """The uppermost layer, stepped out of the way for as long as the block runs; None where there is none."""
    layers = _thread.layers
    _thread.layers = layers[:-1]
    try:
        yield layers[-1] if layers else None
    finally:
        _thread.layers = layers

# %%
#| export
def apply(primitive: Primitive, *inputs: Tensor, **options) -> Tensor:
    """Run an operation: through this thread's layers, if there are any, and then `execute`."""
    if not _thread.layers:
        return execute(primitive, inputs, options)
    with top_layer() as layer:
        return layer.forward(primitive, inputs, options)

# %% [markdown]
r"""
### Exercise: no_grad

Evaluation and weight updates must leave no record: it would cost memory and tie each update to all that came before.
`no_grad` switches recording off for this thread and puts back *what was there before*, also when it is nested and also
when the block raises. `contextmanager` turns a function with one `yield` into something for `with`.
"""

# %% nbgrader={"solution": true, "grade_id": "no-grad"}
#| export
@contextmanager
def no_grad():
    """Within `with no_grad():` operations on this thread are not recorded; the earlier state comes back at the end.

    >>> with no_grad():
    ...     y = execute(NEG, (Tensor([1.0], requires_grad=True),), {})
    >>> y.requires_grad
    False
    """
    ### BEGIN SOLUTION
    before = _thread.recording
    _thread.recording = False
    try:
        yield
    finally:
        _thread.recording = before
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-no-grad", "points": 5}
def check_no_grad():
    seen, negated = [], Primitive("negated", np.negative)
    with no_grad():
        result = execute(negated, (Tensor([1.0], requires_grad=True),), {})
        seen.append(is_recording())
        with no_grad():
            pass
        seen.append(is_recording())
        other = threading.Thread(target=lambda: seen.append(is_recording()))
        other.start()
        other.join()
    assert seen[0] is False, "inside no_grad() the thread still records"
    assert not result.requires_grad, "inside no_grad() an operation was recorded: does execute ask whether to record?"
    assert seen[1] is False, (
        "leaving an inner no_grad() switched recording on inside the outer one: put back what was there")
    assert seen[2] is True, "no_grad() in one thread reached another: the state belongs to the thread"
    assert is_recording(), "after no_grad() recording is still off"

def check_no_grad_after(crash):
    try:
        with no_grad():
            raise crash("inside the block")
    except crash:
        assert is_recording(), (
            f"a {crash.__name__} left recording off: the earlier state must come back whatever happens")

def test_unit_no_grad():
    try:
        check_no_grad()
        check_no_grad_after(RuntimeError)
        ### BEGIN HIDDEN TESTS
        for crash in [ValueError, StopIteration, KeyboardInterrupt]:
            check_no_grad_after(crash)
        with no_grad():
            try:
                with no_grad():
                    raise IndexError("inside the inner block")
            except IndexError:
                assert not is_recording(), "an IndexError in an inner no_grad() switched the outer one off"
        negated = execute(Primitive("negated", np.negative), (Tensor([1.0], requires_grad=True),), {})
        assert negated.requires_grad, "after no_grad() nothing records"
        ### END HIDDEN TESTS
    finally:
        _thread.recording = True  # what fails here must not fail the checks below

test_unit_no_grad()

# %% [markdown]
r"""
## Arithmetic

With the door in place, an operation is one line: a name and NumPy's function. NumPy *broadcasts*: shapes are compared
from the right, and a length of 1, or a missing axis, is stretched to fit.

| shapes | result |
|---|---|
| (3, 4) + (3, 4) | (3, 4) |
| (3, 4) + (4,) | (3, 4): the row is added to every row |
| (3, 1) + (1, 4) | (3, 4): every pair |
| (3, 4) + (3,) | an error: 4 is not 3 |

Half precision asks for one decision. NumPy rounds to 16 bits after every operation, and a sum of many halves loses its
way. Hardware does better: it computes in `float32` and rounds once, at the end. `in_float32` gives that to any
forward. NumPy converts halves one number at a time; lesson 18 compiles loops that are faster and puts them into
`CASTS`, where `cast_array` looks first. They change the time and not one bit of a number.
"""

# %%
#| export
_SINGLE = np.dtype(np.float32)
CASTS: dict[tuple[np.dtype, np.dtype], Callable[[np.ndarray], np.ndarray]] = {}  # (from, to): a faster way


def cast_array(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`array` in another type; a number too large for a half becomes inf without a word, as on all hardware."""
    faster = CASTS.get((array.dtype, dtype))
    if faster is not None:
        return faster(array)
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype)

# %%
#| export
def in_float32(forward: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let `forward` compute half-precision arrays in float32 and round its result once."""

    @wraps(forward)
    def widened(*arrays, **options):
        for array in arrays:
            if isinstance(array, np.ndarray) and array.itemsize == 2 and is_half(array.dtype):
                return _widened(forward, arrays, options)
        return forward(*arrays, **options)

    return widened

# %%
#| export
def _widened(forward: Callable[..., np.ndarray], arrays: tuple, options: dict) -> np.ndarray:
    kinds = [a.dtype for a in arrays if isinstance(a, (np.ndarray, np.generic)) and is_floating(a.dtype)]
    wide = [cast_array(a, _SINGLE) if isinstance(a, np.ndarray) and is_half(a.dtype) else a for a in arrays]
    made = forward(*wide, **options)
    return made if isinstance(made, list) else cast_array(made, np.result_type(*kinds))

# %%
#| export
def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    whole = not (is_floating(a.dtype) or is_floating(b.dtype))
    return np.divide(a, b, dtype=np.float32) if whole else np.divide(a, b)


ADD = Primitive("add", np.add, saves="nothing")
SUB = Primitive("sub", np.subtract, saves="nothing")
MUL = Primitive("mul", np.multiply)
DIV = Primitive("div", _divide)
POW = Primitive("pow", np.power, saves="both")
NEG = Primitive("neg", np.negative, saves="nothing")

# %%
#| export
LESS, LESS_EQUAL = Primitive("less", np.less, "nothing"), Primitive("less_equal", np.less_equal, "nothing")
GREATER = Primitive("greater", np.greater, "nothing")
GREATER_EQUAL = Primitive("greater_equal", np.greater_equal, "nothing")
EQUAL, NOT_EQUAL = Primitive("equal", np.equal, "nothing"), Primitive("not_equal", np.not_equal, "nothing")

# %% [markdown]
r"""
### Exercise: the types of two operands

`x * 0.5` should be of x's type, whatever that is: the number is *weak*. If it were not, one `0.5` would turn a
half-precision network into a `float32` one without a word. The rules, which are PyTorch's:

- a Python or NumPy number takes the tensor's type; only where a fraction meets whole numbers does it become `float32`,
  and a whole number beside a boolean tensor `int64`;
- a whole-number or boolean tensor beside a floating one takes the floating one's type;
- `float16` beside `bfloat16` becomes `float32`, for neither can hold all numbers of the other;
- otherwise NumPy decides (`float16` with `float32` gives `float32`).
"""

# %% nbgrader={"solution": true, "grade_id": "number-type"}
#| export
def number_type(number: Any, other: np.dtype) -> np.dtype:
    """The type that a number takes beside a tensor of type `other`.

    >>> number_type(0.5, np.dtype("float16")), number_type(0.5, np.dtype("int64")), number_type(2, np.dtype("int8"))
    (dtype('float16'), dtype('float32'), dtype('int8'))
    """
    ### BEGIN SOLUTION
    fraction = isinstance(number, (float, np.floating))
    if fraction and not is_floating(other):
        return np.dtype(np.float32)
    if other.kind == "b" and not isinstance(number, (bool, np.bool_)):
        return np.dtype(np.int64)
    return other
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "operands"}
#| export
_Number = (bool, int, float, np.bool_, np.integer, np.floating)


def operands(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Both operands of an operation as tensors, their types made to agree by the rules above; one of them is a Tensor.

    >>> a, b = operands(Tensor([1, 2], dtype="float16"), 0.5)
    >>> b.dtype
    dtype('float16')
    """
    ### BEGIN SOLUTION
    if not isinstance(a, Tensor):
        a = wrap(np.asarray(a, dtype=number_type(a, b.dtype))) if isinstance(a, _Number) else Tensor(a)
    elif not isinstance(b, Tensor):
        b = wrap(np.asarray(b, dtype=number_type(b, a.dtype))) if isinstance(b, _Number) else Tensor(b)
    if a.dtype == b.dtype:
        return a, b
    if is_floating(a.dtype) != is_floating(b.dtype):
        return (a, b.astype(a.dtype)) if is_floating(a.dtype) else (a.astype(b.dtype), b)
    if is_half(a.dtype) and is_half(b.dtype):
        return a.astype(np.float32), b.astype(np.float32)
    return a, b
    ### END SOLUTION

# %% [markdown]
r"""
`binary` puts the two together. Where an operand makes no sense at all it returns `NotImplemented`, as Python wants:
then Python itself raises the error that names both types.
"""

# %%
#| export
_Operand = (Tensor, np.ndarray, list, tuple, *_Number)


def binary(primitive: Primitive, a: Any, b: Any) -> Tensor:
    """`primitive` of two operands, of which at least one is a Tensor."""
    if not (isinstance(a, _Operand) and isinstance(b, _Operand)):
        return NotImplemented
    return apply(primitive, *operands(a, b))


def floating(x: Any) -> Tensor:
    """`x` as a tensor that holds fractions: itself if it does, else in float32."""
    x = as_tensor(x)
    return x if is_floating(x.dtype) else x.astype(np.float32)

# %%
#| export
@in_float32
def _where(condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(condition, a, b)


EXP, LOG = Primitive("exp", in_float32(np.exp), "output"), Primitive("log", in_float32(np.log))
SQRT, TANH = Primitive("sqrt", in_float32(np.sqrt), "output"), Primitive("tanh", in_float32(np.tanh), "output")
MAXIMUM, WHERE = Primitive("maximum", np.maximum), Primitive("where", _where)
ASTYPE = Primitive("astype", cast_array, "nothing")

# %%
#| export
def maximum(a: Any, b: Any) -> Tensor:
    """The larger of two, element by element, with broadcasting; one of them is a Tensor."""
    return apply(MAXIMUM, *operands(a, b))


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """`a` where `condition` (boolean, or nonzero) holds and `b` elsewhere, all three broadcast; one is a Tensor."""
    if not (isinstance(a, Tensor) or isinstance(b, Tensor)):
        a = as_tensor(a)
    condition = as_tensor(condition)
    return apply(WHERE, condition if condition.dtype == bool else condition != 0, *operands(a, b))

# %% nbgrader={"grade": true, "grade_id": "test-operands", "points": 10}
def check_types(text, wanted, sides):
    try:
        got = eval(text, {"np": np, **sides})
    except TypeError as error:
        raise AssertionError(f"{text} failed: {error}; wanted {wanted}: look again at the rules above") from error
    assert isinstance(got, Tensor), f"{text} gave a {type(got).__name__}, wanted a Tensor"
    assert got.dtype.name == wanted, (
        f"{text} gave {got.dtype}, wanted {wanted}: a number is weak; whole numbers yield to fractions")

def check_numbers(text, wanted, sides):
    got = eval(text, dict(sides)).data
    assert np.allclose(got, wanted), (
        f"{text}, where each tensor holds 1 and 2, gave {got}, wanted {wanted}: a fraction lost, or sides swapped?")

def test_unit_operands():
    pair = operands(Tensor([1.0]), Tensor([2.0]))
    assert isinstance(pair, tuple) and len(pair) == 2, (
        f"operands gave a {type(pair).__name__}, wanted two tensors: both operands, in their order")
    names = ["float16", "bfloat16", "float32", "float64", "int8", "int64"]
    sides = {name: Tensor([1, 2], dtype=name) for name in names}
    sides |= {"bool": Tensor([True, False]), "array": np.ones(2, np.float32)}
    types = {
        "int64 * float16": "float16", "float16 * 0.5": "float16", "2 - float16": "float16", "bfloat16 / 3": "bfloat16",
        "float16 * np.float64(0.1)": "float16", "int64 + 1": "int64", "int64 + 0.5": "float32", "int64 / 2": "float32",
        "bool + 1": "int64", "int64 + np.float32(0.5)": "float32", "bool + True": "bool", "array + float16": "float32",
        "float16 + float32": "float32", "float16 + bfloat16": "float32", "[1, 2] + float32": "float32",
        "float16 + [1, 2]": "float32",
    }
    numbers = {"2 - float16": [1, 0], "2 / float16": [2, 1], "int64 + 0.5": [1.5, 2.5], "float32 - int64": [0, 0],
               "int64 + [0.5, 2]": [1.5, 4]}
    ### BEGIN HIDDEN TESTS
    types |= {
        "int8 * 3": "int8", "0.25 - int8": "float32", "1 / float64": "float64", "float16 * int8": "float16",
        "bool + 0.25": "float32", "float64 - bool": "float64", "bool * np.int32(3)": "int64", "int8 + int64": "int64",
        "bfloat16 * np.float64(2)": "bfloat16", "float16 + float64": "float64", "float64 - bfloat16": "float64",
    }
    numbers |= {"0.25 - int8": [-0.75, -1.75], "float64 ** 3": [1, 8], "5 * float16 - bfloat16": [4, 8]}
    ### END HIDDEN TESTS
    for text, wanted in types.items():
        check_types(text, wanted, sides)
    for text, wanted in numbers.items():
        check_numbers(text, wanted, sides)
    half, brain = sides["float16"], Tensor([1, 2], dtype="bfloat16", requires_grad=True)
    agreed = [side.dtype.name for side in operands(half, brain)]
    assert agreed == ["float32"] * 2, f"operands(float16, bfloat16) are {agreed}: see the rule for these two"
    assert operands(half, brain)[1].requires_grad, (
        "operands(float16, bfloat16) lost the wish for a gradient: change a type through the door, with astype")
    grid = Tensor([[1], [2], [3]]) + Tensor([10, 20])
    assert grid.shape == (3, 2) and grid.data[2, 1] == 23, (
        f"(3, 1) + (2,) gave shape {grid.shape}: every pair was wanted")
    assert (Tensor([3, 1]) > 2).data.tolist() == [True, False], "a comparison goes element by element"

test_unit_operands()

# %% [markdown]
r"""
## Matrix products

`(m, k) @ (k, n)` gives `(m, n)`: every row on the left meets every column on the right, and the inner lengths must
agree. Axes before the last two are batches, and they broadcast.

NumPy has no fast product for halves: it would fall back to a plain loop. What a tensor core does is take halves in,
add up in `float32` and round the result, and that is what `in_float32` makes of NumPy's product. Whole numbers stay
exact.

### Exercise: a product that explains itself

NumPy's own message for a mismatch speaks of a "gufunc signature". Say instead which two lengths should have been equal.
`array_product` below is NumPy's product with one slow case mended; it knows nothing of messages.
"""

# %%
#| export
def array_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """np.matmul; two matrices by np.dot, which begins sooner, and columns times rows, slow in np.matmul, by `*`."""
    if a.ndim == 2 == b.ndim:
        return np.dot(a, b)
    columns_times_rows = a.ndim > 1 and b.ndim > 1 and a.shape[-1] == 1 == b.shape[-2]
    return a * b if columns_times_rows else np.matmul(a, b)

# %% nbgrader={"solution": true, "grade_id": "matmul"}
#| export
@in_float32
def multiply_matrices(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product of two arrays, (..., m, k) @ (..., k, n) -> (..., m, n), with NumPy's rules for one axis.

    Raises ValueError naming both shapes and the inner lengths where these differ, or where an operand has no axis.

    >>> multiply_matrices(np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]]))
    array([[19, 22],
           [43, 50]])
    """
    ### BEGIN SOLUTION
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul of {a.shape} @ {b.shape}: both need at least one axis; use * to scale by a number")
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(
            f"matmul shape mismatch: {a.shape} @ {b.shape}: the inner dimensions {a.shape[-1]} and {inner} must match")
    return array_product(a, b)
    ### END SOLUTION


MATMUL = Primitive("matmul", multiply_matrices)

# %% nbgrader={"grade": true, "grade_id": "test-matmul", "points": 8}
def farthest(got, wanted):
    """Where two arrays of one shape differ most, in words."""
    off = np.abs(np.asarray(got, np.float64) - wanted)
    at = tuple(map(int, np.unravel_index(np.argmax(off), off.shape)))
    return f"element {at} is {float(got[at]):.6g}, wanted {float(wanted[at]):.6g}, off by {off[at]:.2g}"

def check_product(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left).astype(np.float32), rng.normal(size=right).astype(np.float32)
    try:
        got = Tensor(a) @ Tensor(b)
    except (ValueError, IndexError) as error:
        raise AssertionError(f"{left} @ {right} is a product, and was refused: {error}") from error
    wanted = np.matmul(a.astype(np.float64), b.astype(np.float64))
    assert got.shape == wanted.shape, f"{left} @ {right} gave shape {got.shape}, wanted {wanted.shape}"
    assert np.allclose(got.data, wanted, atol=1e-5), f"{left} @ {right}: {farthest(got.data, wanted)}"

def check_no_product(left, right):
    try:
        Tensor(np.zeros(left)) @ Tensor(np.zeros(right))
    except (ValueError, IndexError) as error:
        assert isinstance(error, ValueError) and str(left) in str(error) and str(right) in str(error), (
            f"{left} @ {right} should be a ValueError that names both shapes, not: {error}")
    else:
        raise AssertionError(f"{left} @ {right} was accepted: there is no such product")

def test_unit_matmul():
    pairs = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((3,), (3, 2)), ((4, 3), (3,)),
             ((0, 3), (3, 2))]
    wrong, length = [((2, 3), (4, 5)), ((2, 3), (4,)), ((), (3, 2))], 5000
    ### BEGIN HIDDEN TESTS
    pairs += [((1, 7), (7, 1)), ((2, 1, 4, 2), (3, 2, 5)), ((4,), (4,)), ((6, 1), (1, 2)), ((4,), (2, 4, 3))]
    wrong, length = wrong + [((4,), (3,)), ((2, 5, 3), (2, 5, 3)), ((3, 2), ())], 3001
    ### END HIDDEN TESTS
    for left, right in pairs:
        check_product(left, right)
    ones = Tensor(np.ones((1, length), dtype=np.float16)), Tensor(np.ones((length, 1), dtype=np.float16))
    product, wanted = ones[0] @ ones[1], float(np.float16(length))
    assert product.dtype == np.float16 and product.item() == wanted, (
        f"{length} halves of 1 times 1 add up to {product.item()} ({product.dtype}), wanted {wanted} in float16: add "
        "in float32, round once")
    whole = Tensor(np.array([[2**53 + 1]])) @ Tensor(np.array([[1]]))
    assert whole.item() == 2**53 + 1 and whole.dtype == np.int64, (
        f"[[2**53 + 1]] @ [[1]] in int64 gave {whole.item()} ({whole.dtype}): whole numbers stay whole and exact")
    for left, right in wrong:
        check_no_product(left, right)

test_unit_matmul()

# %% [markdown]
r"""
## Sums, means and extremes

A reduction removes axes, or with `keepdims=True` leaves them there with length 1, so that the result still broadcasts
against its source. In half precision it adds in `float32`, for the reason you can see here.
"""

# %%
halves = np.ones(5000, dtype=np.float16)
running = np.float16(0)
for one in halves:
    running = np.float16(running + one)
print("one after another in float16:", running, "  added in float32:", halves.sum(dtype=np.float32))

# %% [markdown]
r"""
From 2048 on, the next half is 2050: adding 1 changes nothing. The forward functions below are given. Yours is the last
line of the chain: making one of `axis=None`, `axis=1`, `axis=-1` and `axis=[0, 2]` into what NumPy wants, and refusing
what is not an axis.
"""

# %% nbgrader={"solution": true, "grade_id": "reduce"}
#| export
def reduce(primitive: Primitive, x: Tensor, axis: int | tuple[int, ...] | list[int] | None, keepdims: bool) -> Tensor:
    """Reduce `x` over `axis`: None for all axes, an int, or several in a tuple or list; negative ones count from the
    end.

    The primitive gets `axis` as a tuple of ints from 0 to ndim - 1, or None, and `keepdims`. Raises ValueError naming
    the axis and the shape where there is no such axis or one comes twice.

    >>> reduce(SUM, Tensor([[1, 2], [3, 4]]), -1, False)
    Tensor([3., 7.], dtype=float32)
    """
    ### BEGIN SOLUTION
    if axis is not None:
        given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
        axis = tuple(a + x.ndim if a < 0 else a for a in given)
        if len(set(axis)) != len(axis) or not all(0 <= a < x.ndim for a in axis):
            raise ValueError(
                f"axis {given} does not fit shape {x.shape}: each axis once, from {-x.ndim} to {x.ndim - 1}")
    return apply(primitive, x, axis=axis, keepdims=keepdims)
    ### END SOLUTION

# %%
#| export
SUM = Primitive("sum", in_float32(np.sum), "nothing")
MEAN = Primitive("mean", in_float32(np.mean), "nothing")
MAX = Primitive("max", np.max, "both")
MIN = Primitive("min", np.min, "both")

# %% nbgrader={"grade": true, "grade_id": "test-reduce", "points": 6}
def check_reduction(x, name, axis, keepdims):
    asked = f"{name}(axis={axis}, keepdims={keepdims}) of shape {x.shape}"
    try:
        got = getattr(x, name)(axis=axis, keepdims=keepdims)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{asked} was refused: {error}") from error
    plain = tuple(axis) if isinstance(axis, list) else axis
    wanted = getattr(np, name)(x.data.astype(np.float64), axis=plain, keepdims=keepdims)
    assert got.shape == wanted.shape, f"{asked} gave shape {got.shape}, wanted {wanted.shape}"
    assert np.allclose(got.data, wanted, atol=1e-5), f"{asked} gave {got.data}, wanted {wanted}: which axes went in?"

def check_no_axis(x, axis):
    try:
        x.sum(axis=axis)
    except ValueError as error:
        assert str(x.shape) in str(error), f"axis={axis}: name the shape {x.shape} in the message: {error}"
    else:
        raise AssertionError(f"axis={axis} of shape {x.shape} was accepted: each axis once, and only those there are")

def test_unit_reduce(shape, axes, wrong):
    x = Tensor(np.random.default_rng(1).normal(size=shape).astype(np.float32), requires_grad=True)
    for axis in axes:
        for name in ["sum", "mean", "max", "min"]:
            check_reduction(x, name, axis, False)
            check_reduction(x, name, axis, True)
    for axis in wrong:
        check_no_axis(x, axis)
    total = x.sum(axis=[-1, 0])
    assert total.requires_grad, "a sum of what requires a gradient requires one too: call the primitive through apply"
    axis = total._node.options["axis"]
    assert sorted(axis) == [0, x.ndim - 1], (
        f"the primitive was told axis={axis} for [-1, 0] of {x.ndim} axes, wanted 0 and {x.ndim - 1}")
    assert Tensor(np.ones(5000, np.float16)).sum().item() == 5000, "a sum of halves must be added in float32"

test_unit_reduce((2, 3, 4), axes=[None, 0, 1, -1, (0, 2), [-1, 0], (0, 1, 2)], wrong=[3, -4, (0, 0), (1, -2)])
### BEGIN HIDDEN TESTS
test_unit_reduce((3, 5, 2, 4), axes=[None, 3, -3, (1, -1), [2, 0, 1], (-2,)], wrong=[4, -5, [2, -2], (0, 7)])
test_unit_reduce((2, 2), axes=[1, -2, (-1, 0), [1]], wrong=[2, [0, 1, 0]])
### END HIDDEN TESTS

# %% [markdown]
r"""
## Shapes

`reshape`, `permute` and indexing hand out other views of the same numbers; nothing is computed. `transpose` swaps two
axes, as PyTorch's does (NumPy's takes a whole order; that is `permute` here), and `.T` turns all axes round.
"""

# %% nbgrader={"solution": true, "grade_id": "swapped-axes"}
#| export
def swapped_axes(ndim: int, axis0: int, axis1: int) -> tuple[int, ...]:
    """The order of `ndim` axes in which `axis0` and `axis1` have changed places; negative axes count from the end.

    Raises ValueError naming the axes where there are none such.

    >>> swapped_axes(3, 0, -1)
    (2, 1, 0)
    """
    ### BEGIN SOLUTION
    if not (-ndim <= axis0 < ndim and -ndim <= axis1 < ndim):
        raise ValueError(f"cannot swap axes {axis0} and {axis1} of a tensor with {ndim} axes")
    order = list(range(ndim))
    order[axis0], order[axis1] = order[axis1], order[axis0]
    return tuple(order)
    ### END SOLUTION

# %%
#| export
def plain_index(index: Any) -> Any:
    """An index for NumPy, in which tensors have become arrays. Arrays and lists are copies: a gradient goes back to
    where the numbers came from, whatever becomes of the caller's index meanwhile.
    """
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    if isinstance(index, Tensor):
        return index.data.copy()
    return deepcopy(index) if isinstance(index, (np.ndarray, list)) else index


RESHAPE = Primitive("reshape", lambda array, shape: array.reshape(shape), "nothing")
TRANSPOSE = Primitive("transpose", lambda array, axes: array.transpose(axes), "nothing")
GETITEM = Primitive("getitem", lambda array, index: array[index], "nothing")

# %% nbgrader={"grade": true, "grade_id": "test-shapes", "points": 6}
def check_swap(ndim, axis0, axis1, wanted):
    try:
        got = swapped_axes(ndim, axis0, axis1)
    except (ValueError, IndexError) as error:
        raise AssertionError(f"swapped_axes({ndim}, {axis0}, {axis1}) was refused: {error}") from error
    assert got == wanted, f"swapped_axes({ndim}, {axis0}, {axis1}) gave {got}, wanted {wanted}"

def check_no_swap(*bad):
    try:
        got = swapped_axes(*bad)
    except (ValueError, IndexError) as error:
        assert isinstance(error, ValueError), (
            f"swapped_axes{bad} failed with {error!r}, wanted a ValueError that names the axes")
    else:
        raise AssertionError(f"swapped_axes{bad} was accepted and gave {got}: count the axes, from either end")

def test_unit_shapes():
    swaps = [(2, 0, 1, (1, 0)), (4, 1, 2, (0, 2, 1, 3)), (4, -1, 0, (3, 1, 2, 0)), (3, 1, 1, (0, 1, 2))]
    bads = [(2, 0, 2), (2, -3, 0), (3, 3, 0), (0, 0, 0)]
    ### BEGIN HIDDEN TESTS
    swaps += [(5, 3, -5, (3, 1, 2, 0, 4)), (1, 0, -1, (0,)), (3, -1, -2, (0, 2, 1)), (3, 2, 0, (2, 1, 0)),
              (3, -3, 1, (1, 0, 2))]
    bads += [(1, 1, 0), (4, 0, -5), (3, 1, 7)]
    ### END HIDDEN TESTS
    for swap in swaps:
        check_swap(*swap)
    x = Tensor(np.arange(24).reshape(2, 3, 4))
    assert x.transpose().shape == (2, 4, 3), (
        f"transpose() of (2, 3, 4) gave {x.transpose().shape}: the last two axes swap")
    assert x.transpose(0, 2).data[3, 1, 0] == x.data[0, 1, 3], (
        "transpose(0, 2): element [3, 1, 0] should be [0, 1, 3] of the source")
    assert x.T.shape == (4, 3, 2) and x.reshape(6, -1).shape == (6, 4) and x.permute(1, 0, 2).shape == (3, 2, 4)
    assert x[1, :, 2].data.tolist() == [14, 18, 22] and x[x > 20].data.tolist() == [21, 22, 23]
    for bad in bads:
        check_no_swap(*bad)

test_unit_shapes()

# %% [markdown]
r"""
## What it is good for: reading digits without training

Beside the lessons lie 1,797 handwritten digits, 8 by 8 pixels each. Average the training images of every class; call a
new image by the average that it lies nearest to. With broadcasting, all distances are one expression: `(n, 1, 64) -
(10, 64)` pairs every image with every average.
"""

# %%
from pathlib import Path

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
images, labels = Tensor(table[:, :64]) / 16, table[:, 64].astype(np.int64)
train, test = slice(0, 1400), slice(1400, None)

# %%
averages = Tensor(np.stack([images[train][labels[train] == digit].mean(axis=0).numpy() for digit in range(10)]))
distances = ((images[test].reshape(-1, 1, 64) - averages) ** 2).sum(axis=-1)
guesses = distances.numpy().argmin(axis=1)
print(f"distances {distances.shape}, right on {np.mean(guesses == labels[test]):.1%} of {len(guesses)} unseen digits")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 10, figsize=(8, 1.2))
for digit, axis in enumerate(axes):
    axis.imshow(averages[digit].reshape(8, 8).numpy(), cmap="gray_r")
    axis.set_axis_off()
plt.show()

# %% [markdown]
r"""
Subtracting, squaring and adding is all it took. A network that *learns* its averages, and more than one for each
class, does better; you will train one in lesson 07.

## Questions

Assign each answer to the name behind its question.

1. A batch of 32 images, each 8 by 8 with 3 colours, is stored as `float16`. How many bytes are that? (`batch_bytes`)
2. `Tensor(np.ones((7, 1, 5))) + Tensor(np.ones((4, 1)))`: how many elements has the result?
   (`broadcast_elements`)
3. What is the smallest whole number n for which `n + 1 == n` in float16? (`stuck_at`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-numbers"}
### BEGIN SOLUTION
batch_bytes = 32 * 8 * 8 * 3 * 2
broadcast_elements = 7 * 4 * 5
stuck_at = 2048
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-numbers", "points": 6}
def test_question_numbers():
    wanted = np.zeros((32, 8, 8, 3), dtype=np.float16).nbytes
    assert batch_bytes == wanted, f"batch_bytes is {batch_bytes}: count the numbers, and the bytes of one float16"
    wanted = np.broadcast_shapes((7, 1, 5), (4, 1))
    assert broadcast_elements == np.prod(wanted), (
        f"broadcast_elements is {broadcast_elements}: line the shapes up from the right")
    n = next(n for n in range(1, 70000) if np.float16(n) + np.float16(1) == np.float16(n))
    assert stuck_at == n, f"stuck_at is {stuck_at}: the sum of ones above stopped growing somewhere"

test_question_numbers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-one-door", "points": 2}
r"""
**In your own words:** what would have to change in the code of this lesson to print the name of every operation as it
runs, and what if there were no `apply`?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A tensor with arithmetic, products, reductions and shapes, all through one door; a record of every operation whose
gradient will be wanted; and a switch to keep none. `tito module complete 01` puts it into `tinytorch.core.tensor`,
where lesson 02 uses it to build activations.
"""
