"""How many threads a kernel may use, and work shared out among them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numba import config
from threadpoolctl import threadpool_limits

from tinytorch.support.validation import check_sizes

__all__ = ["get_num_threads", "one_thread", "set_num_threads"]

MAX_THREADS: int = config.NUMBA_DEFAULT_NUM_THREADS  # the processors that this process may run on
_num_threads = MAX_THREADS


def get_num_threads() -> int:
    """How many threads a kernel may use on a large array."""
    return _num_threads


def set_num_threads(threads: int) -> None:
    """Set how many threads a kernel may use on a large array (BLAS has a setting of its own, see threadpoolctl).

    ValueError where that is not a whole number of at least 1.
    """
    global _num_threads
    check_sizes(threads=threads)
    _num_threads = int(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """In the block, BLAS and kernels use one thread."""
    before = _num_threads
    set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        set_num_threads(before)


def in_parts(run: Callable[[int], Any], parts: int) -> list:
    """The results of `run(0)` to `run(parts - 1)`, which run at the same time, the last of them in this thread."""
    others = [_pool_of(os.getpid()).submit(run, i) for i in range(parts - 1)]
    last = run(parts - 1)
    return [*[other.result() for other in others], last]


def in_slices(run: Callable, arrays: Sequence[np.ndarray], parts: int) -> list:
    """The results of `run` on `parts` slices of arrays of one length, cut along the first axis, at the same time."""
    if parts == 1:
        return [run(*arrays)]
    edges = [len(arrays[0]) * i // parts for i in range(parts + 1)]
    return in_parts(lambda i: run(*[array[edges[i] : edges[i + 1]] for array in arrays]), parts)


@cache
def _pool_of(process: int) -> ThreadPoolExecutor:
    """The threads of one process: they do not survive a fork, so a child has its own."""
    return ThreadPoolExecutor(max_workers=MAX_THREADS, thread_name_prefix="tinytorch")
