"""What the checks of the lesson on tensors share: each asks one of the learner's functions about many cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import product as pairs_of
from typing import Any
from weakref import ref

import numpy as np

from tinytorch.support.checks import close, converted, equal, explained, operations, outcome, typed, unchanged
from tinytorch.support.dtypes import as_dtype, is_floating

Shape = tuple[int, ...]
Case = tuple[Any, Any, str]  # data, dtype, the type wanted

HALVES = ("float16", "bfloat16")
FLOATING = (*HALVES, "float32", "float64")
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FRACTIONS = (-0.5, 2.0, float("inf"), np.float16(0.5), np.float32(0.5), np.float64(1e300))
COUNTS = (2, -3, np.int8(-2), np.int64(7), np.uint8(1))
TRUTHS = (True, np.bool_(False))

# Two sides, of which one is a tensor, and their types when they go together: a type and its shape, or what stands
# beside a tensor.
TOGETHER = """
float32[2] float32[2] : float32 float32
bfloat16[] float16[2] : float16 float16
float16[2] bfloat16[] : float16 float16
float64[] bfloat16[1] : bfloat16 bfloat16
float64[] float32[2,2] : float32 float32
float32[2] float64[] : float32 float32
int64[] uint8[2] : uint8 uint8
int16[3] int64[] : int16 int16
float16[] float32[] : float16 float32
float64[] float32[] : float64 float32
float16[] bfloat16[] : float32 float32
int64[] int8[] : int64 int8
float32[1] float16[2] : float32 float16
float16[2] float32[1,1] : float16 float32
float16[2] float64[2] : float16 float64
bfloat16[2] float32[2] : bfloat16 float32
float32[2] float64[2] : float32 float64
bfloat16[1] float16[1] : float32 float32
int64[1] int8[2] : int64 int8
int32[2] int64[2] : int32 int64
int64[2] float32[] : float32 float32
float64[] int8[2] : float64 float64
float16[] int64[2] : float16 float16
uint8[2] bfloat16[2] : bfloat16 bfloat16
bool[2] float16[] : float16 float16
float64[2] bool[] : float64 float64
bool[] int8[2] : bool int8
int64[] bool[2] : int64 bool
bool[2] int16[2] : bool int16
"""

ARRAYS = [
    (np.arange(2), "uint8", "int64 uint8"),
    (np.ones(2), "float32", "float64 float32"),
    ("float32", np.ones(2), "float32 float64"),
    ("int64", np.array(0.5), "float64 float64"),
    (np.array(2), "float16", "float16 float16"),
    ("float32", (1, 2), "float32 float32"),
    ([[1, 2], [3, 4]], "int64", "float32 float32"),
    ("int8", True, "int8 int8"),
    (False, "bool", "bool bool"),
    ("float32[]", np.float64(0.5), "float32 float32"),
    (np.int64(3), "int8[]", "int8 int8"),
]


# ---- as_array


def made(as_array: Callable, tensor: type, cases: Sequence[Case]) -> None:
    """`as_array(data, dtype)` is a new array of the type wanted, with the same numbers; each NumPy type stays."""
    for case in cases:
        _made_one(as_array, tensor, *case)
    for name in ("bool", *WHOLE, *FLOATING):
        with explained(f"making a Tensor of {name} numbers", "these are real numbers"):
            forms = _forms(as_dtype(name), tensor)
        for form in forms:
            _made_one(as_array, tensor, form, None, name)


def _made_one(as_array: Callable, tensor: type, data: Any, dtype: Any, wanted: str) -> None:
    call = f"as_array({' '.join(repr(data).split())}, dtype={dtype!r})"
    got = outcome(call, partial(as_array, data, dtype), "all of these are real numbers")
    assert type(got) is np.ndarray, f"{call} gave {got!r:.60}, wanted an array"
    typed(call, got, as_dtype(wanted), "who chooses the type? as_dtype knows the byte order")
    source = data.data if isinstance(data, tensor) else np.array(data)
    equal(call, (got.shape, got.tolist()), (source.shape, source.tolist()), "the numbers stay what they are")
    owned(call, got, data.data if isinstance(data, tensor) else data)


def owned(call: str, got: np.ndarray, source: Any) -> None:
    """Assert that an array shares nothing with the `source` that it was made from."""
    shared = isinstance(source, np.ndarray) and np.shares_memory(got, source)
    assert not shared, f"{call} gave an array that shares its numbers with the one given: a tensor owns them, so copy"


def _forms(dtype: np.dtype, tensor: type) -> list[Any]:
    """A number, arrays and tensors of a NumPy type."""
    whole = np.array([[0, 1, 2], [1, 1, 0]]).astype(dtype)
    unwritable, wish = np.broadcast_to(whole[:, :1], (2, 3)), is_floating(dtype)
    tensors = [tensor(whole), tensor(whole, requires_grad=wish)]
    return [dtype.type(1), whole, np.array(whole[0, 1]), unwritable, whole.T, np.zeros((0, 2), dtype), *tensors]


# ---- execute and apply


class Noting:
    """A forward on arrays that notes what it was called with; `calls` holds the arrays and the options."""

    def __init__(self, forward: Callable[..., np.ndarray]):
        self.forward, self.calls = forward, []

    def __call__(self, *arrays: Any, **options: Any) -> np.ndarray:
        self.calls.append((arrays, options))
        return self.forward(*arrays, **options)


def recorded(execute: Callable, primitive: type, tensor: type) -> None:
    """`execute` runs a forward once on the tensors' own arrays, and records results in every floating type."""
    for dtype, saves in pairs_of(FLOATING, ("inputs", "output", "both", "nothing")):
        forward = Noting(np.multiply)
        times = primitive("times", forward, saves)
        x, y = tensor([[1.0], [3.0]], dtype, requires_grad=True), tensor([2.0, 4.0], dtype)
        call = f"execute of {dtype} tensors, of which the first requires a gradient, saving {saves},"
        out = outcome(call, partial(execute, times, (x, y), {}), "the arrays go to forward as they are")
        equal(f"{call}: how often forward ran", len(forward.calls), 1, "run it once and keep what comes")
        same = [given is side.data for given, side in zip(forward.calls[0][0], (x, y), strict=True)]
        equal(f"{call}: whether each array is the tensor's own", same, [True, True], "no copy, no other type")
        typed(call, out, x.dtype, "the result of forward as it is")
        equal(call, out.data.tolist(), [[2, 4], [6, 12]], "the result of forward as it is")
        why = "it is enough that one input requires one, and that the result is floating"
        assert out.requires_grad and out._node, f"{call} gave a result without a gradient: {why}"
        assert out._node.primitive is times, f"{call}: the Node should hold the primitive that was passed"
        further = execute(times, (y, out), {})
        call = f"{call} and of its result, which is no leaf,"
        assert further.requires_grad and further._node, f"{call} gave a result without a gradient: {why}"
        equal(f"{call}: whether its second edge leads to the first Node", further._node.edges[1] is out._node, True)
    _recorded_too(execute, primitive, tensor)
    for wish in (True, False):
        _lets_go(execute, primitive, tensor, wish)


def _recorded_too(execute: Callable, primitive: type, tensor: type) -> None:
    """Results that are recorded like any other, with an edge for each input: views, no elements, no axes."""
    x, empty, mask = (tensor(data, requires_grad=True) for data in ([[1.0, 2.0]], [[]], [[0.0, 1.0]]))
    truths, x.grad = tensor([[True, False]]), mask
    cases: list[tuple[str, Callable, tuple, int]] = [
        ("a view of its input", np.transpose, (x,), 0),
        ("a result without elements", np.negative, (empty,), 0),
        ("a result without axes", np.sum, (x,), 0),
        ("a choice by booleans", lambda chosen, array: np.where(chosen, array, 0), (truths, x), 1),
        ("one input that comes twice", np.add, (x, x), 1),
    ]
    for name, forward, inputs, place in cases:
        out = outcome(f"execute, {name},", partial(execute, primitive("one", forward), inputs, {}))
        assert out.requires_grad and out._node, f"execute, {name}: recorded like any other, since an input requires it"
        edges = out._node.edges
        equal(f"execute, {name}: the number of edges", len(edges), len(inputs), "one for each input")
        assert edges[place] is inputs[place], f"execute, {name}: edge {place} should lead to the input"
    assert x.grad is mask, "execute changed the gradient of its input: that is for backward to fill"


def _lets_go(execute: Callable, primitive: type, tensor: type, wish: bool) -> None:
    """Of an addition, which saves nothing, the result holds no array of an input that requires no gradient."""
    x, y = tensor([1.0], requires_grad=wish), tensor([2.0])
    out = execute(primitive("plus", np.add, "nothing"), (x, y), {})
    held = ref(y.data)
    del y
    told = f"execute left an array of its input alive with the result {out!r:.60}: this operation saves nothing"
    assert held() is None, f"{told}, so keep nothing beside the Node"


def passed_on(apply: Callable, primitive: type, interceptor: type, x: Any, y: Any, off: Callable) -> None:
    """`apply` gives an interceptor what it was given, and gives back what that gives; also in a block `with off():`."""
    forward, noted = Noting(np.multiply), []

    class Watching(interceptor):
        def forward(self, *given: Any) -> Any:
            noted.append(given)
            return given[1][0]

    times = primitive("times", forward)
    for where, block in (("intercepted", nullcontext), ("intercepted, with recording off", off)):
        noted.clear()
        with block(), Watching():
            got = outcome(f"apply, {where},", partial(apply, times, x, y, by=None))
        assert len(noted) == 1, f"{where}, apply called the interceptor {len(noted)} times, wanted once"
        op, inputs, options = noted[0]
        same = op is times, isinstance(inputs, tuple) and [id(each) for each in inputs] == [id(x), id(y)], options
        what = f"whether the interceptor got the primitive, the tuple of both tensors, and which options, {where}"
        equal(what, same, (True, True, {"by": None}), "hand on what came as it came")
        assert got is x, f"{where}, apply gave {got!r:.60}, wanted the very tensor that the interceptor gave"
    equal("how often the operation itself ran, though the interceptor left it out,", len(forward.calls), 0)


def put_back(apply: Callable, primitive: type, interceptor: type, x: Any, on: Callable[[], tuple]) -> None:
    """All interceptors are back after one that raises an error, and one that is put on twice is called twice.

    `on()` gives the interceptors that are on.
    """
    same, called = primitive("same", lambda array: array), []

    class Counting(interceptor):
        def forward(self, *given: Any) -> Any:
            called.append(len(on()))
            return super().forward(*given)

    with Counting() as twice, twice:
        outcome("apply, with one interceptor put on twice,", partial(apply, same, x))
    equal("how many were on below an interceptor put on twice, at each call,", called, [1, 0], "one goes at a time")
    for error in (TypeError("from an interceptor"), KeyboardInterrupt()):
        _after_an_error(partial(apply, same, x), interceptor, error, on)


def _after_an_error(call: Callable[[], Any], interceptor: type, error: BaseException, on: Callable) -> None:
    """`call()` lets an interceptor's error pass, and both interceptors that were on are on afterwards."""

    class Failing(interceptor):
        def forward(self, *given: Any) -> Any:
            raise error

    with interceptor(), Failing():
        try:
            call()
        except type(error):
            kind = type(error).__name__
            equal(f"how many are on after an interceptor raised a {kind}", len(on()), 2, "all come back")
        else:
            raise AssertionError(f"a {type(error).__name__} that an interceptor raised was swallowed: let it pass")


def let_through(block: Callable, error: BaseException) -> None:
    """An error that is raised in `with block():` leaves it as it is."""
    kind = type(error).__name__
    try:
        with block():
            raise error
    except BaseException as came:
        wanted = f"a {kind} in the block came out as a {type(came).__name__}: {came}: let it pass as it is"
        assert came is error, wanted
    else:
        raise AssertionError(f"a {kind} in the block was swallowed: the block raises it, and nobody hears of it")


# ---- types


def number_types(number_type: Callable, cases: Sequence[Case]) -> None:
    """`number_type` of a number beside a type, for the cases and for many numbers beside every type."""
    kinds = []
    for other in ("bool", *WHOLE, *FLOATING):
        fraction = other if other in FLOATING else "float32"
        count = "int64" if other == "bool" else other
        kinds += [(number, other, fraction) for number in FRACTIONS]
        kinds += [(number, other, count) for number in COUNTS] + [(number, other, other) for number in TRUTHS]
    for number, other, wanted in [*cases, *kinds]:
        call, idea = f"number_type({number!r}, {other})", "a number is weak; there are two exceptions"
        got = outcome(call, partial(number_type, number, as_dtype(other)), idea)
        equal(call, got, as_dtype(wanted), idea)
        assert isinstance(got, np.dtype), f"{call} gave {got!r}, wanted {as_dtype(wanted)!r}: an np.dtype, as other is"


def together(operands: Callable, interceptor: type, tensor: type, cases: Sequence[Case]) -> None:
    """`operands` of two sides gives tensors of the types wanted, converted by operations where they change.

    A side that is a text is a tensor of that type, such as `int8[2,1]`, or `int8` for two numbers.
    """
    listed = [tuple(line.replace(" :", "").split(maxsplit=2)) for line in TOGETHER.strip().splitlines()]
    for left, right, wanted in [*cases, *listed, *ARRAYS]:
        sides = [_side(tensor, x) if isinstance(x, str) else x for x in (left, right)]
        call = f"operands({left!r}, {right!r})"
        got = outcome(call, partial(operands, *sides), "see the rules above")
        tensors = isinstance(got, tuple) and len(got) == 2 and all(isinstance(x, tensor) for x in got)
        assert tensors, f"{call} gave {got!r:.60}, wanted a tuple of two tensors"
        equal(f"{call}, asked for types,", " ".join(x.dtype.name for x in got), wanted, "see the rules above")
        converted(call, sides, got)
        changed = sum(isinstance(x, tensor) and x.dtype != y.dtype for x, y in zip(sides, got, strict=True))
        ran = operations(interceptor, partial(operands, *sides))
        assert len(ran) >= changed, f"{call} changed {changed} types by {ran}: go through apply"
        for before, after in zip(sides, got, strict=True):
            owned(call, after.data, before)
            kept = not isinstance(before, tensor) or after.requires_grad == before.requires_grad
            assert kept, f"{call} gave a side that no longer requires a gradient: keep what astype gives"


def _side(tensor: type, text: str) -> Any:
    """A tensor of the type and the shape that a text names; a floating one requires a gradient."""
    name, _, shape = text.removesuffix("]").partition("[")
    lengths = [int(length) for length in shape.split(",") if length] if "[" in text else [2]
    numbers = np.arange(1, 1 + np.prod(lengths, dtype=int)).reshape(lengths)
    return tensor(numbers, name, requires_grad=is_floating(as_dtype(name)))


# ---- products and reductions


def products(product: Callable, pairs: Sequence[tuple[Shape, Shape]]) -> None:
    """`product` of arrays of these shapes is NumPy's in value and type, and leaves its arrays alone."""
    for left, right in pairs:
        for dtype in ("int64", "float64", "float32"):
            a, b = (np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype) for shape in (left, right))
            call = f"{left} @ {right} in {dtype}"
            with unchanged(call, "put the product into a new array", left=a, right=b):
                got = outcome(call, partial(product, a, b), "these shapes fit: which two lengths must agree?")
            close(call, got, np.matmul(a, b), "each row meets each column", rtol=1e-14 if dtype == "float64" else 1e-6)
            typed(call, got, dtype, "the type that came in")
    got = product(np.array([[np.nan, 1], [np.inf, 0]]), np.ones((2, 1)))
    close("[[nan, 1], [inf, 0]] @ [[1], [1]]", got, [[np.nan], [np.inf]], "nan and inf stay visible")


def axes_told(reduce: Callable, primitive: type, interceptor: type, x: Any, forms: Sequence[tuple[Any, Any]]) -> None:
    """For each pair of an axis and a wanted one, `reduce` runs one operation, on `x` itself, with the wanted axis."""
    forward, given = Noting(lambda array, axis, keepdims: array), []
    note = primitive("note", forward)

    class Watching(interceptor):
        def forward(self, op: Any, inputs: tuple, options: dict) -> Any:
            given.append(inputs)
            return super().forward(op, inputs, options)

    axes, written = [axis for axis, _ in forms], repr(forms)
    what = f"reduce with axis {', '.join(map(str, axes))}"
    with explained(what, "all of them are allowed"), Watching():
        for axis in axes:
            reduce(note, x, axis, False)
    equal(f"the number of operations of {what}", len(given), len(axes), "one operation each, through apply")
    told = [options["axis"] for _, options in forward.calls]
    equal(
        f"the list of axes that the primitive got for {axes}",
        told,
        [wanted for _, wanted in forms],
        "None, or a tuple that counts from the front",
    )
    equal(
        f"the axes that were passed, after {what},", repr(forms), written, "a list is the caller's: leave it as it is"
    )
    assert all(inputs[0] is x for inputs in given), f"{what} reduced another tensor than x: its record gets lost"
