"""Compiled kernels, kept on disk between processes.

Numba keeps compiled functions in files too, but knows a function by the file it stands in. A kernel here is made of
functions from several lessons, some of them a learner's own in a notebook: when one of these changes, a file that was
kept for the old one must not be used. So a kernel is known by what it computes: a hash over its own code and over that
of everything it calls, with the constants that both use. The files are Numba's, one for each kernel and signature, and
each is written beside its place and then moved there, so several processes may write at the same time.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.caching import IndexDataCacheFile, NullCache
from numba.core.compiler import CompileResult
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys
from numba.misc.appdirs import AppDirs

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
_NAMED = (ModuleType, BuiltinFunctionType, type, np.ufunc)
_UNREADABLE = (OSError, EOFError, pickle.UnpicklingError)


def cache_folder() -> Path:
    """Where kernels are kept: under NUMBA_CACHE_DIR where that is set, else in the user's folder for Numba's cache."""
    return Path(numba.config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir) / "tinytorch"


def fingerprint(function: FunctionType) -> str:
    """A hash of all that decides what `function` computes; TypeError where it uses something that has no such hash."""
    digest = hashlib.sha256()
    _describe(function, digest, [])
    return digest.hexdigest()


def _describe(value: Any, digest: Any, seen: list) -> None:
    """Feed `digest` with what `value` is; functions in `seen` are named by their place there, so recursion ends."""
    digest.update(type(value).__name__.encode())
    if isinstance(value, CPUDispatcher):
        digest.update(repr(sorted(map(str, value.targetoptions.items()))).encode())
        _describe(value.py_func, digest, seen)
    elif isinstance(value, FunctionType):
        known = value in seen
        digest.update(str(seen.index(value) if known else len(seen)).encode())
        if not known:
            seen.append(value)
            _describe(value.__code__, digest, seen)
            for used in _used_by(value):
                _describe(used, digest, seen)
    elif isinstance(value, CodeType):
        digest.update(value.co_code)
        for part in (value.co_names, value.co_varnames, value.co_freevars, value.co_consts):
            _describe(part, digest, seen)
    elif isinstance(value, (tuple, list, frozenset)):
        for part in sorted(value, key=repr) if isinstance(value, frozenset) else value:
            _describe(part, digest, seen)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    elif isinstance(value, _PLAIN):
        digest.update(f"{value!r} {value.dtype if isinstance(value, np.generic) else ''};".encode())
    elif isinstance(value, _NAMED):
        digest.update(f"{value.__name__};".encode())
    else:
        raise TypeError(f"a kernel that uses {value!r:.60} cannot be kept on disk")


def _used_by(function: FunctionType) -> list[Any]:
    """The values that `function` finds in its globals and its closure."""
    names, spaces = function.__code__.co_names, function.__globals__
    return [*[spaces[name] for name in names if name in spaces],
            *[cell.cell_contents for cell in function.__closure__ or ()]]


class Kernel(CPUDispatcher):
    """A function compiled by Numba and kept on disk, where all that it uses has a fingerprint.

    It works on a copy of the function, whose qualified name holds the fingerprint and whose module is this one: so two
    functions that compute different things never share a symbol, and one that is loaded needs no other module.
    """

    def enable_caching(self) -> None:
        """Keep what is compiled from now on."""
        try:
            mark = fingerprint(self.py_func)
        except TypeError:
            return
        self.py_func.__qualname__ = f"{self.py_func.__qualname__}_{mark[:16]}"
        self._cache = KernelCache(self.py_func, mark)


def copy_of(function: FunctionType) -> FunctionType:
    """The same function as another object."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__,
                        function.__closure__)
    copy.__qualname__, copy.__doc__, copy.__module__ = function.__qualname__, function.__doc__, __name__
    return copy


class KernelCache(NullCache):
    """The compiled forms of one function, as Numba's dispatcher asks for them."""

    def __init__(self, function: FunctionType, mark: str):
        self._function, self._mark = function, mark

    @property
    def cache_path(self) -> str:
        return str(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The compiled form for the signature `sig`, or None where it is not there or cannot be read."""
        rtsys.initialize(target_context)  # enough for a finished kernel; what compiling needs takes a second to load
        if self._has_changed():
            return None
        key = self._key(sig, target_context.codegen())
        try:
            kept = self._file(key).load(key)
        except _UNREADABLE:
            return None
        return None if kept is None else CompileResult._rebuild(target_context, *kept)

    def save_overload(self, sig: Any, cres: CompileResult) -> None:
        """Keep a compiled form; where no file can be written, it is compiled again in the next process."""
        if self._has_changed() or cres.library.has_dynamic_globals:
            return
        key = self._key(sig, cres.codegen)
        try:
            os.makedirs(self.cache_path, exist_ok=True)
            file = self._file(key)
            file.flush()  # else one that is damaged would be read first
            file.save(key, cres._reduce())
        except OSError:
            return

    def _has_changed(self) -> bool:
        """Whether a global that the function uses was given another value since the function was made."""
        return fingerprint(self._function) != self._mark

    def _key(self, sig: Any, codegen: Any) -> tuple:
        """What a compiled form depends on: the arguments' types, the processor, and what the function computes."""
        return sig, codegen.magic_tuple(), self._mark

    def _file(self, key: tuple) -> IndexDataCacheFile:
        name = f"{self._function.__name__}-{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}"
        return IndexDataCacheFile(self.cache_path, name, self._mark)
