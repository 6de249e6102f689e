"""The first call of a kernel in a second process finds it on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import numpy as np
from tinytorch.core.tensor import Tensor
from tinytorch.optimization import acceleration, kernels
from tinytorch.optimization.compilation import fuse

x = Tensor(np.linspace(-4, 4, 1000).astype(np.float32), requires_grad=True)
by_hand, by_fuse = kernels.gelu_loops(x.dtype), fuse(acceleration.unfused_gelu)
y, z = acceleration.fused_gelu(x), by_fuse(x)
assert np.abs(y.data - z.data).max() < 1e-6
(y + z).sum().backward()
loops = [*by_hand, by_fuse.kernel(None, [x.data]).loop, by_fuse.kernel((True,), [x.data, x.data]).loop]
print(*[f"{sum(loop.stats.cache_hits.values())}/{sum(loop.stats.cache_misses.values())}" for loop in loops])
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs PROGRAM in a process of its own, on kernels kept for this test: the hits and misses of the four loops."""
    kept = str(tmp_path_factory.mktemp("kernels"))

    def run() -> list[str]:
        done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True,
                              env=os.environ | {"NUMBA_CACHE_DIR": kept})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


def test_fused_gelu_and_a_fused_function_are_compiled_once_for_all_processes(run):
    assert run() == ["0/1"] * 4
    assert run() == ["1/0"] * 4
