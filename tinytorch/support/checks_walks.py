"""What the checks of lesson 05 ask of its walks: of finite differences, of the order of nodes, and of backward's ends.

This module knows no lesson: the functions, the class Tensor and the interceptors come as arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .checks import close, complaint, equal, explained, outcome, typed, unchanged
from .checks_gradients import chain_of, doubled, drawn

DEEP = 500  # calls inside each other that no loop needs


def asked_in_turn(numerical: Callable, kind: type) -> None:
    """`numerical(function, *tensors)` calls it twice for each number, with float64 copies and without a record.

    Its tensors, one of them float64 with its axes in another order, stay as they are. `kind` is the class Tensor.
    """
    x, w = kind(np.arange(6.0).reshape(3, 2).T, requires_grad=True), kind(np.array([[3], [-2]]))
    what, runs, met = "numerical_gradient of x * w, x (2, 3) with its axes swapped, w (2, 1) of int64", [], set()
    arrays = x.data, w.data

    def product(*given: Any) -> Any:
        for copy, tensor in zip(given, (x, w), strict=True):
            own = np.shares_memory(np.asarray(copy.data), tensor.data)
            met.add((type(copy).__name__, str(copy.dtype), "the caller's own" if own else "a copy"))
        runs.append((x * given[0]).requires_grad)
        return given[0] * given[1]

    found = outcome(what, lambda: numerical(product, x, w))
    equal(f"{what}: what it called its function with", met, {("Tensor", "float64", "a copy")}, "move copies")
    equal(f"{what}: the number of its runs", len(runs), 2 * (x.size + w.size), "two for each number")
    assert not any(runs), f"{what}: the runs were recorded, and nobody needs the record: no_grad"
    kinds = [type(slopes).__name__ for slopes in found]
    equal(f"{what}: what is in its list", kinds, ["ndarray"] * 2, "an array for each tensor")
    for name, got, wanted in zip("xw", found, ([[3.0] * 3, [-2.0] * 3], [[6.0], [9.0]]), strict=True):
        close(f"{what} with respect to {name}", got, wanted, "move the copy's own numbers", atol=1e-6)
        typed(f"{what} with respect to {name}", got, np.float64)
    assert (x.data is arrays[0], w.data is arrays[1]) == (True, True), (
        f"{what} put another array into a tensor of the caller"
    )
    for factor in (np.nan, 1e6):
        got = numerical(lambda x, factor=factor: x * factor, w)[0]
        close(f"numerical_gradient of x * {factor}", got, np.full((2, 1), factor), "any number is a slope")
    first, second = numerical(lambda a, b: a * b * b, w, w)
    close("numerical_gradient of a * b * b, a and b one tensor: to a", first, w.data**2, "one after another", atol=1e-4)
    close(
        "numerical_gradient of a * b * b, a and b one tensor: to b",
        second,
        2 * w.data**2,
        "one after another",
        atol=1e-4,
    )


def nodes_found(in_order: Callable, leaf: Any, count: int) -> None:
    """`in_order(last)` finds each node once, without recursion, a search of a list, or a change to a node."""
    twice, what = doubled(leaf, 60), "nodes_in_order of y + y, 60 times over"
    nodes = outcome(what, lambda: list(in_order(twice._node)), "a list of the nodes")
    equal(f"{what}: the number of nodes", len(nodes), 60, "each once")
    row, what = chain_of(leaf, count), f"nodes_in_order of {count} nodes in a row"
    first = _first_node(row._node)
    first.edges = _DeepEdges(first.edges)
    first.inputs = None  # as an earlier walk would have left it
    edges, orders = row._node.edges, (row._node.order, first.order)
    with explained(what, "a list of the nodes"):
        try:
            nodes = in_order(row._node)
            equal(f"{what}: their number", len(nodes), count, "an edge may lead to a node that was used up")
        except RecursionError:
            raise AssertionError(f"{count} nodes are too many for recursion: keep a list") from None
    again = row._node.edges is edges and len(in_order(row._node)) == count
    again = again and (row._node.order, first.order) == orders
    assert again, f"{what}, asked twice, gave another answer: nodes and edges stay as they are"
    few = chain_of(leaf, DEEP)
    compared = _comparisons(few._node, in_order)
    assert compared < 10 * DEEP, (
        f"nodes_in_order compared {DEEP} nodes {compared:,} times with each other: keep those that were found in a set"
    )


class _DeepEdges(tuple):
    """The edges of a node, with an AssertionError where they are followed from many calls inside each other."""

    def __iter__(self) -> Iterator:
        frame, deep = sys._getframe(), 0
        while frame is not None:
            frame, deep = frame.f_back, deep + 1
        assert deep < DEEP, f"an edge was followed {deep} calls deep, which is recursion: keep a list of nodes"
        return super().__iter__()


def _first_node(node: Any) -> Any:
    while isinstance(node.edges[0], type(node)):
        node = node.edges[0]
    return node


def _comparisons(node: Any, in_order: Callable) -> int:
    """How often the nodes of a row, which ends in `node`, are compared with each other in `in_order(node)`."""
    times = 0

    class Compared(type(node)):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal times
            times += 1
            return self is other

        __hash__ = object.__hash__

    for each in in_order(node):
        each.__class__ = Compared
    in_order(node)
    return times


def manners(backward: Callable, pull_back: Callable, kind: type, interceptor: type, values: list[float]) -> None:
    """`backward` asks every node through the interceptors, once, empties it, and hands on 0 and nan like any number.

    It returns nothing and leaves gradients in leaves alone, of their own type.
    """
    seen: list[Any] = []
    types: set[str] = set()

    class Seen(interceptor):
        def backward(self, node: Any, g: np.ndarray) -> list:
            seen.append(node)
            types.add(str(g.dtype))
            return pull_back(node, g)  # the lesson's own: its module may not be built yet

    x, y = (kind(values, "float64", True) for _ in range(2))
    part = x + y
    result = part * y * 0.0
    nodes = [result._node, result._node.edges[0], part._node]
    with Seen():
        given = backward(result, x)
    assert given is None, f"backward returned a {type(given).__name__}, wanted None: its results are in .grad"
    names = [node.primitive.name for node in seen]
    equal("backward of (x + y) * y * 0: the nodes that an interceptor saw", names, ["mul", "mul", "add"],
          "pull_back is the door: ask it once for each node")  # fmt: skip
    for node in nodes:
        left = node.inputs is None and node.output is None and not node.edges
        assert left, f"backward left something in the node of {node.primitive.name}: release lets go of all it saved"
    close("backward of (x + y) * y * 0: x.grad", x.grad, np.zeros(len(values)), "0 is a gradient like another")
    typed("the gradient of a float64 leaf", x.grad, np.float64)
    assert not x.grad.requires_grad, "backward left gradients that require a gradient themselves: numbers are enough"
    with Seen():
        backward(kind(values, requires_grad=True) * 2.0 + 1.0, kind(values))
    equal(
        "the types of the gradients in a walk in float64, and one in float32", types, {"float64", "float32"}, "theirs"
    )
    _exact(backward, kind, values)
    inner = [tensor.grad for tensor in (part, result)]
    assert inner == [None, None], "backward put a gradient into a result: only leaves, which have no node, keep one"
    z, start = kind(values, "float64", True), kind(values, "float64")
    backward(z, start)
    own = z.grad is not None and not np.shares_memory(z.grad.data, start.data)
    assert own, "backward of a leaf gave it the caller's own array for a gradient: nobody else may hold that"
    backward(x * np.nan, y)
    close("backward of x * nan: x.grad", x.grad, np.full(len(values), np.nan), "let a nan show")
    said = complaint(lambda: backward(part * 2.0, y))
    assert "again" in said, "backward of 2 (x + y), after x + y was walked over: nodes_to_walk should refuse it"


def _exact(backward: Callable, kind: type, values: list[float]) -> None:
    for factor in (1.2345678e12, 1.2345678e-12):
        x = kind(values, "float64", True)
        backward(x * factor, kind(np.ones(len(values))))
        what = f"backward of {factor} x from 1: x.grad"
        close(what, x.grad, np.full(len(values), factor), "neither rounded nor limited", rtol=1e-12)


def summed(unbroadcast: Callable, wide: tuple[int, ...], shape: tuple[int, ...], idea: str) -> None:
    """`unbroadcast(g, shape)` adds up the numbers of g, of shape `wide`, that were made from one number."""
    g, what = 1e6 * drawn(*wide), f"unbroadcast from {wide} to {shape}"
    places = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), wide)
    for broken in (False, True):
        if broken and g.size:
            g.flat[0], what = np.nan, f"{what} of a g with a nan"
        wanted = np.bincount(places.ravel(), g.ravel(), np.prod(shape, dtype=int)).reshape(shape)
        with unchanged(what, "a gradient is only read", g=g):
            got = outcome(what, lambda g=g, what=what: unbroadcast(g, shape), "which axes were stretched?")
        is_array = isinstance(got, (np.ndarray, np.generic))
        assert is_array, f"{what} gave a {type(got).__name__}, wanted an array of shape {shape}"
        close(what, got, wanted, idea, rtol=1e-9)


def ones_summed(unbroadcast: Callable, ones: np.ndarray, shape: tuple[int, ...], idea: str) -> None:
    """`unbroadcast(ones, shape)` counts its ones, in their type and rounded to it once."""
    what = f"{ones.dtype} ones, {ones.shape} to {shape}: the sum"
    got, count = unbroadcast(ones, shape), ones.size // np.prod(shape, dtype=int)
    typed(what, got, ones.dtype, "its type stays")
    close(what, got, np.full(shape, count).astype(ones.dtype), idea)
