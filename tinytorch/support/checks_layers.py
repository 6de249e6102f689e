"""What the checks of the lesson on layers share: each asks one of the learner's functions about many cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from tinytorch.support.checks import close, equal, explained, outcome, raises, typed, ufunc_calls, unchanged
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.memory import peak_bytes

Parts = list[tuple[str, Any]]

PRODUCTS = ("matmul", "dot", "einsum", "tensordot", "vecmat", "matvec", "vecdot")


# ---- parts and walk


def has_parts(parts: Callable, cases: Sequence[tuple[Any, Parts]]) -> None:
    """`parts(owner)` gives the pairs wanted: equal names, and the very objects."""
    for owner, wanted in cases:
        call = f"parts of a {type(owner).__name__}"
        got = list(outcome(call, partial(parts, owner), "not everything has parts"))
        same = [name for name, _ in got] == [name for name, _ in wanted] and all(
            part is whole for (_, part), (_, whole) in zip(got, wanted, strict=True)
        )
        assert same, f"{call} gave {got}, wanted {wanted}: names are strings; see what has parts"


def module_parts(module: type) -> list[tuple[Any, Parts]]:
    """Cases for `has_parts`: a subclass whose attributes are of many kinds, and objects that have no parts."""

    class Block(module):
        """A layer as a learner might write it."""

    class Other:
        """No module: whatever it holds is its own."""

    block, other, shared = Block(), Other(), ["shared"]
    held = {"none": None, "act": np.tanh, "empty": [], "text": "t", "one": shared, "again": shared, "__own": {}, "a": 1}
    vars(block).update(held)
    other.held = shared
    nothing: list[Any] = [other, {1, 2}, frozenset((3,)), range(2), iter([1]), np.ones(2), 1.5, Block, np.tanh]
    twice = [("0", shared), ("1", shared), ("2", None)]
    return [
        (block, list(held.items())),
        ([shared, shared, None], twice),
        ((shared, shared, None), twice),
        ({np.int64(4): block, None: 0, (1, "k"): block}, [("4", block), ("None", 0), ("(1, 'k')", block)]),
        *((owner, []) for owner in nothing),
    ]


def walks(walk: Callable, cases: Sequence[tuple[Any, list[str], str]]) -> None:
    """`walk(owner)` meets the names wanted, and the same ones when it is called again."""
    deep: list[Any] = []
    for _ in range(30):
        deep = [deep]
    deep_names = [".".join(["0"] * level) for level in range(31)]
    shared, alike = np.ones(2), [["u"], ["u"]]
    known: list[tuple[Any, list[str], str]] = [
        ({"a": [shared, 2], "b": shared}, ["", "a", "a.0", "a.1"], "what is shared has the name where it is met first"),
        (alike, ["", "0", "0.0", "1"], "two objects that are equal are two"),
        ([tuple(alike[0]), tuple(alike[1])], ["", "0", "0.0", "1"], "two objects that are equal are two"),
        ([np.ones(2), np.ones(2)], ["", "0", "1"], "two objects that are equal are two"),
        ([None, ("w", None)], ["", "0", "1", "1.0"], "None is an object like any other"),
        (deep, deep_names, "go on, however deep it is"),
    ]
    for owner, wanted, idea in [*cases, *known]:
        for turn, hint in [("first", idea), ("second", "begin each walk with an empty memory")]:
            what = f"the list of names that the {turn} walk met"
            with explained(what, "remember what was met"):
                got = [name for name, _ in walk(owner)]
            equal(what, got, wanted, hint)


# ---- linear


def one_product(affine: Callable) -> None:
    """`affine` makes one product of two matrices, adds the bias to it in place, and takes no more memory than that."""
    calls = ufunc_calls(affine, np.ones((2, 5, 3)), np.ones((3, 4)), np.ones(4))
    products = [call for call in calls if call.name in PRODUCTS]
    stacks = [call.shapes[0] for call in products if len(call.shapes[0]) > 2 and call.name != "tensordot"]
    assert not stacks, f"a stack of shape {stacks[0]} was multiplied: make one tall matrix of it"
    assert len(products) < 2, (
        f"affine made {len(products)} products, of {products[0].shapes} first: make one of all rows"
    )
    new = [call.shapes for call in calls if call.name == "add" and not call.in_place]
    assert not new, f"the sum of {new[0]} made a new array: add in place, into the product"
    biased = [call for call in calls if call.name == "add" and (4,) in call.shapes]
    assert biased, "affine never added a bias of shape (4,) to what was there: add it in place, into the product"
    arrays = np.ones((40, 5, 64), np.float32), np.ones((64, 128), np.float32), np.ones(128, np.float32)
    affine(*arrays)
    wanted, taken = 40 * 5 * 128 * 4, peak_bytes(partial(affine, *arrays))[1]
    assert taken < 1.9 * wanted, f"affine took {taken:,} bytes for a result of {wanted:,}: one array is enough"


def any_layout(affine: Callable) -> None:
    """`affine` takes arrays in any order of memory, and passes nan and infinity on to the rows that they are in."""
    rng = np.random.default_rng(5)
    x, weight, bias = rng.normal(size=(3, 4, 2)).T, rng.normal(size=(5, 3)).T, rng.normal(size=10)[::2]
    call = "affine of a transposed x (2, 4, 3) and a transposed weight (3, 5)"
    with unchanged(call, x=x, weight=weight, bias=bias), explained(call, "read them as they are, whatever the memory"):
        got = affine(x, weight, bias)
    close(call, got, np.einsum("...i,io->...o", x, weight) + bias, "rows stay rows", rtol=1e-10)
    with np.errstate(all="ignore"):
        got = affine(np.array([[np.nan, 1.0], [1.0, 1.0], [np.inf, 1.0]]), np.ones((2, 1)), np.zeros(1))
    close("affine of rows [nan, 1], [1, 1] and [inf, 1]", got, [[np.nan], [2], [np.inf]], "nan and inf stay visible")


def inputs_seen(interceptor: type, call: Callable[[], Any]) -> list[Any]:
    """The inputs of all operations that `call()` runs, one after another."""
    seen: list[Any] = []

    class Seen(interceptor):
        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            seen.extend(inputs)
            return super().forward(primitive, inputs, options)

    with Seen():
        call()
    return seen


def takes_them_itself(what: str, interceptor: type, call: Callable[[], Any], *wanted: Any) -> None:
    """Assert that the operations of `call()` get the very tensors `wanted`, so that gradients reach them."""
    seen = inputs_seen(interceptor, call)
    lost = [i for i, tensor in enumerate(wanted) if not any(tensor is x for x in seen)]
    assert not lost, f"{what} ran on a copy of its argument {lost[0] + 1}: hand on the tensor itself, with its record"


@contextmanager
def numpy_untouched(what: str) -> Iterator[None]:
    """Assert that the block leaves NumPy's own global generator as it was."""
    kept = np.random.get_state()
    np.random.random()  # so that it is at no place where a seed would put it
    before = np.random.get_state()
    yield
    after = np.random.get_state()
    np.random.set_state(kept)
    same = np.array_equal(before[1], after[1]) and before[2:] == after[2:]
    assert same, f"{what} changed np.random's global generator, which belongs to others: draw with generator()"


def starts_from_the_seed(linear: type, seed: Callable[[int], None]) -> None:
    """`linear(3, 5)` starts with 20 different numbers, which repeat after the same seed and not after another."""
    starts = []
    for number in (5, 5, 6):
        seed(number)
        with numpy_untouched("Linear(3, 5)"):
            layer = linear(3, 5)
        starts.append(np.concatenate([parameter.data.ravel() for parameter in layer.parameters()]))
        equal("how many of the 20 numbers of Linear(3, 5) differ", len(set(starts[-1])), 20)
    found = np.array_equal(*starts[:2]), bool(np.isin(*starts[1:]).any())
    what = "whether all numbers of Linear(3, 5) repeat after the same seed, and any after another"
    equal(what, found, (True, False), "draw them with uniform_parameter")


# ---- dropout


def drops(dropout: type, tensor: type, seed: Callable[[int], None], number: float, p: float, wanted: list) -> None:
    """A layer made by `dropout(p)` in training: which numbers come, how many are 0, and how they are spread."""
    for dtype in ("float32", "float16", "bfloat16"):
        x, layer, call = tensor(np.full((200, 100), number), dtype), dropout(p), f"Dropout({p}) in {dtype}"
        seed(11)
        with numpy_untouched(call), unchanged(call, "the result is a new array", x=x.data):
            first, second = layer(x), layer(x)
        typed(call, first, x.dtype, "the type of x")
        found = np.unique(np.asarray(first.data, np.float64))
        assert len(found) == len(wanted) and np.allclose(found, wanted, rtol=1e-2), (
            f"the list of numbers in {call} of {number}, gave {found.tolist()[:4]}, wanted {wanted}: "
            "on average a number stays what it is"
        )
        _independent(call, first.data == 0, p)
        assert not np.array_equal(first.data, second.data), f"{call} dropped the same ones twice"
        totals = {int((layer(x).data == 0).sum()) for _ in range(3)}
        assert len(totals) > 1, f"{call} dropped {totals} numbers each time: each number by itself"
        seed(11)
        close(f"{call} after the same seed", layer(x), first.data, "draw with generator()")
        equal(
            f"the number of parameters of {call}",
            len(layer.parameters()),
            0,
            "a Parameter kept is trained: keep no mask",
        )


def _independent(call: str, zeros: np.ndarray, p: float) -> None:
    """Assert that a share `p` of a matrix is 0, and that rows and columns differ as independent numbers make them."""
    share = zeros.mean()
    assert abs(share - p) < 0.02, f"{call} dropped {share:.1%}: p is the share that goes"
    for axis, name in ((1, "rows"), (0, "columns")):
        dropped = zeros.mean(axis=axis)
        spread, doubt = (p * (1 - p) / zeros.shape[axis]) ** 0.5, 5 / (2 * len(dropped)) ** 0.5  # five deviations
        told = f"{call} dropped {dropped[:4]} of {name}: each number by itself"
        assert abs(dropped.std() / spread - 1) < doubt, told


# ---- layer norm


def special_rows(normalized: Callable) -> None:
    """`normalized` makes a row with nan or inf nan, and that row alone; weight and bias stay as they are."""
    x, weight, bias = np.array([[1.0, 3.0], [np.nan, 0], [np.inf, 0], [5, 5]]), np.array([2.0, 1]), np.array([0.0, 1])
    what = "normalized of rows [1, 3], [nan, 0], [inf, 0] and [5, 5]"
    with unchanged(what, "compute in an array of your own", x=x, weight=weight, bias=bias):
        got = normalized(x, weight, bias, eps=1e-12)
    none = [np.nan, np.nan]
    close(what, got, [[-2, 2], none, none, [0, 1]], "a row with nan or inf becomes nan, the others stay", rtol=1e-9)


# ---- loading


class ReadOnly(Mapping):
    """A state that is no dict, such as the file that np.load gives: names, and what is under a name."""

    def __init__(self, arrays: dict[str, Any]):
        self._arrays = arrays

    def __getitem__(self, name: str) -> Any:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def loads_each(load_arrays: Callable, tensor: type) -> None:
    """`load_arrays` gives parameters of several types and shapes arrays of their own, and changes nothing else."""
    shapes = {
        "half": ((2, 1), "float16"),
        "brain": ((2, 1), "bfloat16"),
        "wide": ((2, 1), "float64"),
        "one": ((), None),
    }
    parameters = {n: tensor(np.zeros(s), t or "float32", requires_grad=True) for n, (s, t) in shapes.items()}
    for parameter in parameters.values():
        parameter.grad = tensor(np.ones(parameter.shape), parameter.dtype)
    gradients = {name: parameter.grad for name, parameter in parameters.items()}
    same = np.array([[0.1], [7.0]])
    state, held = ReadOnly({"one": np.float64(0.5), "wide": same, "half": same, "brain": same}), dict(parameters)
    what = "loading one array under three names and a number, from a Mapping that is no dict,"
    outcome(what, partial(load_arrays, parameters, state))
    for name, parameter in held.items():
        assert parameters.get(name) is parameter, f"loading put another tensor in the place of {name}: change its data"
        typed(
            f"{name}, a {parameter.dtype} parameter, after loading", parameter, as_dtype(shapes[name][1] or "float32")
        )
        close(f"{name} after loading", parameter, state[name], "a copy of its numbers", rtol=1e-2)
        assert parameter.grad is gradients[name], f"loading changed the gradient of {name}: only data is new"
        assert parameter.requires_grad, f"loading changed requires_grad of {name}: only data is new"
    close("wide after loading", held["wide"], same, "in the parameter's own type", rtol=1e-15)
    shared = np.shares_memory(held["wide"].data, same)
    assert not shared, "wide and the state share an array: copy, also where the type is right"


def fits_nothing(load_arrays: Callable, tensor: type) -> None:
    """`load_arrays` names every misfit at once, and takes no array that could only be made to fit."""
    for given in ((), (1,), (3, 1), (1, 3), (6,), (1, 2, 3), (3, 2)):
        parameters = {"w": tensor(np.zeros((2, 3))), "b": tensor(np.zeros(3))}
        call = f"loading {{'w': {given}, 'c': (3,)}} into w (2, 3), b (3,)"
        raises(
            call,
            partial(load_arrays, parameters, {"w": np.ones(given), "c": np.ones(3)}),
            ValueError,
            *("w", str(given), "(2, 3)", "b", "c"),
            idea="list them all",
        )
        kept = not parameters["w"].data.any() and parameters["w"].shape == (2, 3)
        assert kept, f"{call} changed w: compare first"
