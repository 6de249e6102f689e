"""A hash over all that decides what a compiled function computes: its code, and the values it takes from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dis import opmap
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Protocol, runtime_checkable

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
_LIBRARIES = {"builtins", "math", "cmath", "numpy", "numba"}  # what their members are, their versions say


@runtime_checkable
class Marked(Protocol):
    """Something that knows its own fingerprint, as part of the functions `above`; TypeError where it has none."""

    def fingerprint(self, above: tuple) -> str: ...


def fingerprint(function: FunctionType, options: dict[str, Any] | None = None, above: tuple = ()) -> str:
    """A hash that two functions share only if they compute the same, compiled with the same `options`.

    `above` are the functions that this one is a part of. TypeError where the function uses a value of which nobody can
    say that it stays as it is: an object with a state of its own.
    """
    return hashlib.sha256(repr((_described(function, above), _described(options, above))).encode()).hexdigest()


def _described(value: Any, above: tuple) -> Any:
    """`value` as nested tuples of plain values, equal for equal values only."""
    if isinstance(value, (np.generic, np.ndarray)) and not value.dtype.hasobject:
        return type(value).__name__, repr(value.dtype), value.shape, value.tobytes()
    if isinstance(value, (*_PLAIN, np.dtype)):
        return type(value).__name__, repr(value)
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [_described(part, above) for part in value]
    if isinstance(value, slice):  # a constant of the code since Python 3.14
        return "slice", _described((value.start, value.stop, value.step), above)
    if isinstance(value, (set, frozenset)):
        return "set", sorted(repr(_described(part, above)) for part in value)
    if isinstance(value, dict):
        return "dict", sorted((repr(key), _described(part, above)) for key, part in value.items())
    if isinstance(value, np.ufunc) or _of_library(value):
        return "name", type(value).__name__, value.__name__
    if isinstance(value, FunctionType):
        known = value in above
        return ("above", len(above) - above.index(value)) if known else _of_function(value, (*above, value))
    if isinstance(value, Marked):
        return "marked", value.fingerprint(above)
    raise TypeError(f"a kernel that uses {value!r:.60} cannot be kept on disk")


def _of_library(value: Any) -> bool:
    """Whether `value` is a type, a function or a module of Python's own, or of a library whose version is known."""
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0] in _LIBRARIES
    if isinstance(value, BuiltinFunctionType):
        return isinstance(value.__self__, ModuleType) and _of_library(value.__self__)
    return isinstance(value, type) and value.__module__.partition(".")[0] in _LIBRARIES


def _of_function(function: FunctionType, above: tuple) -> Any:
    used = [(name, _described(value, above)) for name, value in _used_by(function)]
    closed = [_described(cell.cell_contents, above) for cell in function.__closure__ or ()]
    defaults = _described((function.__defaults__, function.__kwdefaults__), above)
    return "function", _of_code(function.__code__, above), used, closed, defaults


def _of_code(code: CodeType, above: tuple) -> Any:
    constants = [_of_code(c, above) if isinstance(c, CodeType) else _described(c, above) for c in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    raises = opmap["RAISE_VARARGS"] in code.co_code[::2]  # then the machine code holds the place, for the traceback
    place = (code.co_filename, code.co_firstlineno, code.co_linetable) if raises else ()
    return code.co_code, code.co_exceptiontable, names, counts, constants, *place


def _used_by(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Name and value of each global that the function, or one inside it, uses; a module by its members that it uses."""
    names = sorted(_names_in(function.__code__))
    yield from _members("", function.__globals__, names)


def _members(path: str, space: dict[str, Any], names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Code holds the names of globals and of members in one list: each is looked for in `space` and in its modules."""
    for name in names:
        value = space.get(name)
        if isinstance(value, ModuleType) and not _of_library(value):
            yield from _members(f"{path}{name}.", vars(value), [other for other in names if other != name])
        elif name in space:
            yield path + name, value


def _names_in(code: CodeType) -> set[str]:
    return set(code.co_names).union(*[_names_in(c) for c in code.co_consts if isinstance(c, CodeType)])
