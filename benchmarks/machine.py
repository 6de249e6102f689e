"""Which machine a benchmark ran on, and how many threads it may use."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks.timing import fastest
from tinytorch.support.threads import set_num_threads


@dataclass(frozen=True)
class Machine:
    """The processor, and the versions of what was compared on it."""

    cpu: str
    cores: int
    system: str
    python: str
    numpy: str
    blas: str
    numba: str
    torch: str


def this_machine() -> Machine:
    """The machine this runs on. Where there are several BLAS libraries in the process, NumPy's own is told."""
    libraries = sorted((lib for lib in threadpool_info() if lib["user_api"] == "blas"),
                       key=lambda lib: ("numpy" not in lib["filepath"], lib["filepath"]))
    blas = [f"{lib['internal_api']} {lib['version']} ({lib['architecture']})" for lib in libraries]
    return Machine(
        cpu=cpu_model(), cores=os.cpu_count() or 1, system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(), numpy=np.__version__, blas=next(iter(blas), "unknown"),
        numba=version("numba"), torch=torch.__version__)


def cpu_model() -> str:
    """The processor's name where Linux tells it, else what Python's platform module knows."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def thread_counts() -> list[int]:
    """The thread counts that rows are measured at: 1, and 2 where there are two cores."""
    return [n for n in (1, 2) if n <= (os.cpu_count() or 1)]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Both sides on `count` threads: BLAS, TinyTorch's kernels and PyTorch; afterwards on as many as before."""
    before = torch.get_num_threads()
    with threadpool_limits(count):
        torch.set_num_threads(count)
        set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            set_num_threads(os.cpu_count() or 1)


@cache
def gemm_peak(count: int) -> float:
    """FLOP/s of the fastest float32 matrix product, NumPy's or PyTorch's, on `count` threads."""
    rates = []
    with threads(count):
        for n in (384, 512, 768, 1024):
            a = np.random.default_rng(0).random((n, n), dtype=np.float32)
            t = torch.from_numpy(a)
            rates += [2 * n**3 / fastest(product, 15) for product in (lambda a=a: a @ a, lambda t=t: t @ t)]
    return max(rates)
