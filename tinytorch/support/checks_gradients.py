"""What checks of gradients share: rules asked as the backward pass asks them, and slopes by finite differences.

A rule gets the arrays that its operation saved, and of any other input its shape and type alone. This module knows no
lesson: the table of rules, the operations and the tensors come as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .checks import FAULTS, close, explained
from .memory import allocated_bytes

Rules = Mapping[str, Callable | tuple[Callable | None, ...]]
SAVED = {
    "inputs": "saves its inputs and not y",
    "output": "saves y and not its inputs",
    "both": "saves its inputs and y",
    "nothing": "saves neither its inputs nor y",
}


class NotSaved(NDArrayOperatorsMixin):
    """Stands for an array that was not saved: to use its numbers is an AssertionError with `sentence`.

    What is left of it are `shape` and `dtype` where `array` is given, and nothing where it is not.
    """

    def __init__(self, sentence: str, array: Any = None):
        self._sentence = sentence
        if array is not None:
            self.shape, self.dtype = array.shape, array.dtype

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError(self._sentence)

    __array_ufunc__ = __array_function__ = __array__ = _refuse
    __len__ = __iter__ = __getitem__ = __float__ = __bool__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a protocol that NumPy asks for, and that an array need not have
            raise AttributeError(name)
        return self._refuse()


def owed(rules: Rules, result: Any, i: int, g: np.ndarray) -> np.ndarray:
    """What the rule for input `i` of the operation that made the tensor `result` answers to the gradient `g`.

    `rules` has for each operation's name a tuple with a rule for each input, or one rule for all. Raises AssertionError
    with a sentence where the rule uses what was not saved, where shapes do not go together in it, where it writes into
    an array that it was given, and where its answer is not of g's type.
    """
    node = result._node
    name = node.primitive.name
    rule = f"the rule of {name} for input {i}"
    y, inputs = _held(node, f"{rule} uses more of {{}} than is left: {name} {SAVED[node.primitive.saves]}")
    given = [x for x in (g, y, *inputs) if isinstance(x, np.ndarray)]
    before = [x.copy() for x in given]
    try:
        share = _asked(rules[name], i, g, y, inputs, node)
    except NotImplementedError:
        raise
    except FAULTS as error:
        shapes = " and ".join(str(x.shape) for x in inputs)
        raise AssertionError(
            f"{rule} stops: {error}. Its g has shape {g.shape}, the inputs {shapes}: what goes with what?"
        ) from error
    unchanged = all(np.array_equal(x, old, equal_nan=True) for x, old in zip(given, before, strict=True))
    assert unchanged, f"{rule} wrote into an array that it was given, and others need it: compute in a new one"
    kind = getattr(share, "dtype", type(share).__name__)
    assert kind == g.dtype, (
        f"{rule} got arrays of {g.dtype} and answered with {kind}: which number in it has a type of its own?"
    )
    return share


def _held(node: Any, sentence: str) -> tuple[Any, list]:
    """The output and the inputs of a node; where one was not saved, something that refuses with the sentence."""
    y = NotSaved(sentence.format("its output y")) if node.output is None else node.output
    inputs = [
        x if isinstance(x, np.ndarray) else NotSaved(f"{sentence.format(f'input {k}')}; it has a shape and a dtype", x)
        for k, x in enumerate(node.inputs)
    ]
    return y, inputs


def _asked(rule: Callable | tuple, i: int, g: np.ndarray, y: Any, inputs: list, node: Any) -> Any:
    if isinstance(rule, tuple):
        return rule[i](g, y, *inputs, **node.options)
    needs = tuple(edge is not None for edge in node.edges)
    return rule(g, y, *inputs, needs=needs, **node.options)[i]


def slopes(loss: Callable[..., float], arrays: Sequence[np.ndarray], step: float = 1e-6) -> list[np.ndarray]:
    """The gradient of `loss(*arrays)`, a number, by central differences: an array for each of the float64 arrays."""
    found = []
    for k, array in enumerate(arrays):
        moved = [array + side * step * np.eye(array.size).reshape(array.size, *array.shape) for side in (1, -1)]
        ends = [[loss(*arrays[:k], x, *arrays[k + 1 :]) for x in side] for side in moved]
        found.append(np.subtract(*ends).reshape(array.shape) / (2 * step))
    return found


def drawn(*shape: int) -> np.ndarray:
    """Normally distributed numbers of that shape, the same ones each time."""
    return np.random.default_rng(0).normal(size=shape)


def chain_of(x: Any, count: int) -> Any:
    """The tensor x after `count` products by 1: a graph of as many nodes, one behind the other."""
    for _ in range(count):
        x = x * 1.0
    return x


class WatchedEdges(tuple):
    """The edges of a node, with an AssertionError where they are followed for the hundredth time."""

    times = 0

    def __iter__(self) -> Iterator:
        self.times += 1
        assert self.times < 100, "the edges of one node were followed 100 times: remember the nodes that were found"
        return super().__iter__()


def doubled(x: Any, times: int) -> Any:
    """The tensor x added to itself, `times` times over: a graph of as many nodes, and 2**times ways through it.

    A walk that takes every way would not end; here it is stopped by WatchedEdges.
    """
    for _ in range(times):
        x = x + x
        if x._node is not None:
            x._node.edges = WatchedEdges(x._node.edges)
    return x


def gradients_held(backward: Callable, kind: type, count: int = 50) -> float:
    """How many gradients a walk along `count` nodes in a row holds at one time; `kind` is the class Tensor."""
    leaf, start = kind(np.ones(10_000), requires_grad=True), kind(np.ones(10_000))
    row = leaf
    for _ in range(count):
        row = row * leaf  # each node has a share for the leaf too
    return allocated_bytes(lambda: backward(row, start)) / start.data.nbytes


def rules_agree(rules: Rules, what: str, function: Callable, *tensors: Any, idea: str, seed: int = 0) -> None:
    """Assert that the rules of one operation agree with finite differences, keep the type, and pass on any number.

    `function(*tensors)` applies the operation; each tensor wants a gradient. A rule may answer in the shape of a whole
    batch where its input was broadcast over it.
    """
    kind, arrays = type(tensors[0]), [np.array(tensor.numpy(), np.float64) for tensor in tensors]
    shape = function(*map(kind, arrays)).shape
    g = np.random.default_rng(seed).choice([-2.125, -1.0, 0.5, 3.0625], size=shape)
    wanted = slopes(lambda *moved: (function(*map(kind, moved)).numpy() * g).sum(), arrays)
    told = f"{what} with {_text(*arrays)}" + (f" and g={g.tolist()}" if g.size < 5 else "")
    for dtype in ("float64", "float32"):
        leaves = [kind(array, dtype, True) for array in arrays]
        result = function(*leaves)
        for i, edge in enumerate(result._node.edges):
            if edge is not None:
                k = next(k for k, leaf in enumerate(leaves) if leaf is edge)
                what = f"{told}: the rule for input {i}"
                share = _over_batch(owed(rules, result, i, np.array(g, dtype)), arrays[k].shape)
                close(what, share, wanted[k], idea, rtol=1e-4, atol=1e-5)
                _passes_on(what, partial(owed, rules, result, i), np.array(g, dtype), share)
    for dtype in ("float16", "bfloat16"):
        result = function(*[kind(array, dtype, True) for array in arrays])
        for i, edge in enumerate(result._node.edges):
            if edge is not None:
                owed(rules, result, i, np.array(g, dtype))


def _passes_on(what: str, rule: Callable[[np.ndarray], np.ndarray], g: np.ndarray, share: np.ndarray) -> None:
    """Assert that a million times g gives a million times the share, and a g of nan a nan wherever that is not 0."""
    many = _over_batch(rule(g * g.dtype.type(1e6)), share.shape)
    close(
        f"{what}, for a g a million times as large,",
        many,
        share * 1e6,
        "do not limit or round a gradient",
        rtol=1e-4,
        atol=10,
    )
    broken = _over_batch(rule(np.full_like(g, np.nan)), share.shape)
    hidden = np.isfinite(broken) & (share != 0)
    assert not hidden.any(), (
        f"{what} answered a g of nan with {broken[hidden][0]:.4g}, wanted nan: a number that is not finite is passed "
        "on, for it shows that a run is broken"
    )


def backward_agrees(backward: Callable, what: str, function: Callable, *tensors: Any, idea: str) -> None:
    """Assert that `backward(function(*leaves), gradient)` adds the right gradients to the leaves' `.grad`, twice over.

    The leaves are float64 copies of the tensors. Every one of them must be reached, and no two may hold one array.
    """
    kind = type(tensors[0])
    leaves = [kind(tensor.numpy(), np.float64, True) for tensor in tensors]
    wanted = slopes(lambda *moved: function(*map(kind, moved)).numpy().sum(), [leaf.numpy() for leaf in leaves])
    first: list[tuple[np.ndarray, np.ndarray]] = []
    for times in (1, 2):
        result = function(*leaves)
        with explained(what, "what is a share, and where does each edge point?"):
            try:
                backward(result, kind(np.ones(result.shape)))
            except KeyError:
                said = f"{what}: a node had its turn before any gradient came to it: see the order"
                raise AssertionError(said) from None
            except RecursionError:
                raise AssertionError(f"{what}: the graph is too deep for recursion: go through the list") from None
        for i, (leaf, slope) in enumerate(zip(leaves, wanted, strict=True)):
            told = f"{what}, walked {'once' if times == 1 else 'twice'}: the grad of leaf {i}"
            assert leaf.grad is not None, f"{told} is still None: every leaf must be reached"
            close(told, leaf.grad, times * slope, idea, rtol=1e-4, atol=1e-5)
        held = [leaf.grad.numpy() for leaf in leaves]
        kept = all(np.array_equal(before, copy) for before, copy in first)
        assert kept, f"{what}: the second walk wrote into the gradient of the first, which others may hold"
        first = [(array, array.copy()) for array in held]
        shared = any(np.shares_memory(one, other) for k, one in enumerate(held) for other in held[:k])
        assert not shared, f"{what}: two leaves hold one array, and to change one gradient would change the other"


def _over_batch(share: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`share` summed over the axes along which an array of `shape` was stretched to it; else itself."""
    extra = share.ndim - len(shape)
    pairs = list(zip(share.shape[max(extra, 0) :], shape, strict=False))
    if extra < 0 or share.shape == shape or any(n not in (1, longer) for longer, n in pairs):
        return share
    axes = [extra + i for i, (longer, n) in enumerate(pairs) if longer != n]
    return share.sum(axis=(*range(extra), *axes)).reshape(shape)


def _text(*arrays: np.ndarray) -> str:
    if any(array.size > 4 for array in arrays):
        return f"inputs of shape {' and '.join(str(array.shape) for array in arrays)}"
    return f"inputs {' and '.join(str(array.tolist()) for array in arrays)}"


def worst_error(found: Sequence[np.ndarray], wanted: Sequence[np.ndarray], tolerance: float) -> float:
    """The largest |found - wanted| / max(1, |wanted|) of two lists of gradients, one for each tensor.

    Raises AssertionError that names the tensor and the place where it is above `tolerance`, or nan.
    """
    worst = 0.0
    for k, (mine, right) in enumerate(zip(found, wanted, strict=True)):
        errors = np.abs(mine - right) / np.maximum(1, np.abs(right))
        if errors.size == 0:
            continue
        at = tuple(map(int, np.unravel_index(errors.argmax(), errors.shape)))  # argmax takes nan for the largest
        if not errors[at] <= tolerance:
            raise AssertionError(
                f"tensor {k} at {at}: backward gives {mine[at]:.6g}, finite differences give {right[at]:.6g}"
            )
        worst = max(worst, float(errors[at]))
    return worst
