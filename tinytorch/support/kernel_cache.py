"""Compiled kernels, kept on disk between processes.

Numba keeps compiled functions in files too, but knows a function by the file it stands in. A kernel here is made of
functions from several lessons, some of them a learner's own in a notebook: when one of these changes, what was kept for
the old one must not be used. So a kernel is known by its fingerprint, which covers all that it computes.

Each kernel and signature has a file of its own. It is written beside its place and then moved there, so several
processes may write at the same time, and it holds a checksum, so a damaged one is noticed before it runs. The folder
keeps the files that were used last.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from tinytorch.support.fingerprint import fingerprint
from tinytorch.support.forks import held_over_forks

MOST_FILES = 2000  # some 20 KB each
held_over_forks(global_compiler_lock)  # a child of a fork in the middle of a compilation may compile as well
_VERSIONS = numba.__version__, llvmlite.__version__, np.__version__, sys.implementation.cache_tag
_FLAGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "USING_SVML", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")


def cache_folder() -> Path:
    """Where kernels are kept: under NUMBA_CACHE_DIR where that is set, else in the user's folder for Numba's cache."""
    return Path(numba.config.CACHE_DIR or AppDirs(appname="numba", appauthor=False).user_cache_dir) / "tinytorch"


class Kernel(CPUDispatcher):
    """A function compiled by Numba and kept on disk, where all that it uses has a fingerprint.

    It works on a copy of the function, whose qualified name holds the fingerprint and whose module is this one: so two
    functions that compute different things never share a symbol, and one that is loaded needs no other module.
    """

    mark: str | None = None

    def enable_caching(self) -> None:
        """Keep what is compiled from now on."""
        try:
            self.mark = self._fingerprint()
        except TypeError:
            return
        self.py_func.__qualname__ = f"{self.py_func.__qualname__}_{self.mark[:16]}"
        self._cache = KernelCache(self)

    def fingerprint(self, above: tuple = ()) -> str:
        """Its fingerprint, also as part of another kernel.

        TypeError where it has none, or has another since it was made: machine code may be there for what it was.
        """
        if self in above:
            raise TypeError(f"{self.__name__} calls itself, and cannot be kept on disk")
        if self.mark is None or self.mark != self._fingerprint(above):
            self.mark = None
            raise TypeError(f"{self.__name__} uses what may change, or has changed, and cannot be kept on disk")
        return self.mark

    def _fingerprint(self, above: tuple = ()) -> str:
        return fingerprint(self.py_func, self.targetoptions, (*above, self))


def copy_of(function: FunctionType) -> FunctionType:
    """The same function as another object."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__,
                        function.__closure__)
    copy.__kwdefaults__, copy.__doc__, copy.__module__ = function.__kwdefaults__, function.__doc__, __name__
    copy.__qualname__ = function.__qualname__
    return copy


class KernelCache(NullCache):
    """The compiled forms of one kernel, as Numba's dispatcher asks for them."""

    def __init__(self, kernel: Kernel):
        self._kernel = kernel

    @property
    def cache_path(self) -> str:
        return str(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The compiled form for the signature `sig`, or None where it is not there or cannot be read."""
        rtsys.initialize(target_context)  # enough for a finished kernel; what compiling needs takes a second to load
        path = self._path(sig, target_context.codegen())
        kept = read(path) if path else None
        return None if kept is None else CompileResult._rebuild(target_context, *pickle.loads(kept))

    def save_overload(self, sig: Any, cres: CompileResult) -> None:
        """Keep a compiled form; where no file can be written, it is compiled again in the next process."""
        path = self._path(sig, cres.codegen)
        if path and not cres.library.has_dynamic_globals:
            write(path, dumps(cres._reduce()))

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        """The file for all that a compiled form depends on; None where the kernel cannot be kept."""
        try:
            mark = self._kernel.fingerprint()
        except TypeError:
            return None
        flags = [str(getattr(numba.config, flag)) for flag in _FLAGS]
        key = repr((sig, codegen.magic_tuple(), mark, _VERSIONS, flags))
        name = self._kernel.__name__.strip("<>")  # of a lambda
        return cache_folder() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.kernel"


def read(path: Path) -> bytes | None:
    """What was written to `path`, or None where that is not there, or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # a folder that may only be read
        os.utime(path)  # used just now
    digest, content = data[:32], data[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step, if that can be done, and make room where there are too many files."""
    part = path.with_suffix(f".{uuid4().hex}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(content).digest() + content)
        part.replace(path)
        make_room(path.parent)
    with suppress(OSError):
        part.unlink()  # where something went wrong


def make_room(folder: Path, most: int = MOST_FILES) -> None:
    """Remove the files that were not used for longest, where there are more than `most`, until half of that is left."""
    files = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder)]
    if len(files) > most:
        for _, path in sorted(files)[: len(files) - most // 2]:
            Path(path).unlink(missing_ok=True)
