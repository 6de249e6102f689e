"""Arrays that were changed in place after a graph had saved them: its gradients would be wrong, so they are refused.

Nodes and changes draw their numbers from one counter, `clock`: the larger number is the later. A change is noted for
the array that owns the memory, so it counts for every view of it. NumPy's own writes, such as `x.data[0] = 1`, are not
seen; nor does PyTorch see those through `x.data`.
"""

from __future__ import annotations

import weakref
from itertools import count
from typing import Any

import numpy as np

clock = count()
_changed: dict[int, tuple[int, weakref.ref]] = {}  # by the id of an array: when it was changed last
_latest = -1


def note_change(array: np.ndarray) -> None:
    """Note that the numbers of `array` are being changed in place."""
    global _latest
    owner = _owner(array)
    key = id(owner)
    known = _changed.get(key)
    alive = known[1] if known else weakref.ref(owner, lambda _: _changed.pop(key, None))
    _latest = next(clock)
    _changed[key] = _latest, alive


def saved(node: Any) -> tuple[Any, ...]:
    """What a node saved, its output first and then its inputs; an array that changed since is a Changed instead."""
    arrays = (node.output, *node.inputs)
    if _latest < node.order:  # the usual case, at no cost
        return arrays
    return tuple([_as_it_was(array, node) for array in arrays])


def _as_it_was(array: Any, node: Any) -> Any:
    if not isinstance(array, np.ndarray):
        return array
    when, _ = _changed.get(id(_owner(array)), (-1, None))
    return Changed(array, node.primitive.name) if when > node.order else array


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Changed:
    """In the place of an array that was changed after its operation: it has a shape and a dtype, and whatever else is
    asked of it raises RuntimeError. So a gradient rule that does not read the numbers still gives its answer.
    """

    def __init__(self, array: np.ndarray, operation: str):
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size
        self._operation = operation

    def _refuse(self, *inputs: Any, **options: Any) -> Any:
        raise RuntimeError(
            f"backward() of {self._operation!r} needs a {self.dtype} array of shape {self.shape} that was changed in "
            "place after the forward pass, by an optimizer's step or an assignment such as x[i] = ...: call backward() "
            "before the change, or run the forward pass again after it"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    __array__ = __array_ufunc__ = __array_function__ = __getitem__ = __iter__ = __len__ = __bool__ = __float__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __abs__ = __invert__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _refuse
    __hash__ = object.__hash__
