"""How much memory a piece of work asks for, and what a graph keeps alive."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["peak_bytes"]


def peak_bytes(function: Callable[[], Any]) -> tuple[Any, int]:
    """`function()`, and the most bytes that its allocations held at one time while it ran, NumPy's arrays among them.

    What was allocated before the call does not count. tracemalloc may be running already.
    """
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        result = function()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        if started:
            tracemalloc.stop()


def allocated_bytes(function: Callable[[], Any]) -> int:
    """The most bytes that the allocations of `function()` held at one time, as `peak_bytes` says."""
    return peak_bytes(function)[1]


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory `array` is a view of; itself where it owns its memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def distinct_bytes(arrays: Iterable[np.ndarray]) -> int:
    """Bytes of the memory that `arrays` keep alive: a view keeps that of its owner, and each owner counts once.

    >>> a, b = np.zeros(100), np.zeros(10)
    >>> distinct_bytes([a[:50], a, a.reshape(10, 10), b])
    880
    """
    owners = {id(whole): whole for whole in map(owner, arrays)}
    return sum(whole.nbytes for whole in owners.values())


def footprint(array: np.ndarray) -> int:
    """The bytes of the numbers that are really there: axes along which they repeat (stride 0) count once.

    >>> footprint(np.broadcast_to(np.zeros((2, 1)), (2, 500)))
    16
    """
    sizes = [n if stride else min(n, 1) for n, stride in zip(array.shape, array.strides, strict=True)]
    return array.itemsize * math.prod(sizes)


def weight_copies(nodes: Sequence[Any], parameters: Iterable[Any]) -> set[int]:
    """The ids of the arrays among the inputs of `nodes` that were made from a parameter by casts and new shapes alone.

    A node is lesson 01's: `inputs`, each with its edge, which is a node, a leaf or None.
    """
    weights, kinds = {id(p) for p in parameters}, {type(node) for node in nodes}

    def is_copy(edge: Any) -> bool:
        while type(edge) in kinds and edge.primitive.name in ("astype", "transpose", "reshape"):
            edge = edge.edges[0]
        return id(edge) in weights

    pairs = [pair for node in nodes for pair in zip(node.inputs or (), node.edges, strict=False)]
    return {id(array) for array, edge in pairs if is_copy(edge)}
