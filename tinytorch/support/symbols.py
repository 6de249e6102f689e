"""What a symbol is beside a Tensor: an operation and its arguments, which answers NumPy's functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_NAMES = {"multiply": "mul", "subtract": "sub", "divide": "div", "negative": "neg", "power": "pow"}


class Symbolic:
    """An operation `op` on `args`, which are other symbols or plain values; of `shape`, in the dict `pool`.

    NumPy's functions of symbols are asked of `emit(op, *args)`, by the names of Tensor's operations. The type is bool
    for an operation in `conditions`, else float64, so that a constant is not rounded before a kernel's type is known.
    """

    conditions: Any = ()

    def __init__(self, pool: dict, op: str, args: tuple, shape: tuple[int, ...]):
        self.pool, self.op, self.args, self._shape = pool, op, args, shape
        self.requires_grad, self.grad, self._node = False, None, None

    @staticmethod
    def emit(op: str, *args: Any) -> Any:
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        return math.prod(self._shape)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(bool if self.op in self.conditions else np.float64)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        return self.emit(_NAMES.get(ufunc.__name__, ufunc.__name__), *args)

    def __array_function__(self, function: Any, types: Any, args: tuple, options: dict) -> Any:
        return self.emit(function.__name__, *args)

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(_short, self.args))})"

    def __str__(self) -> str:
        return str(self.data)  # a function that makes text of its numbers asks for them


def _short(arg: Any) -> str:
    """An argument in a few characters; an operation's own arguments are left out."""
    if not isinstance(arg, Symbolic):
        return str(arg)
    return repr(arg) if not any(isinstance(a, Symbolic) for a in arg.args) else f"{arg.op}(...)"
