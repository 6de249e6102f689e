"""The kernels where a machine gives them less than usual: no cache to write, one core, no threading layer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.compilation import FusionError, fuse
from tinytorch.optimization.kernels import cross_entropy_loops, gelu_loops
from tinytorch.support.threads import set_num_threads

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import numpy as np, os
{first}
from tinytorch.core.tensor import Tensor
from tinytorch import fuse, fused_gelu, unfused_gelu
x = Tensor(np.linspace(-4, 4, 1 << 21).astype(np.float32), requires_grad=True)
y, z = fused_gelu(x), fuse(unfused_gelu)(x)
assert np.abs(y.data - z.data).max() < 1e-6
(y + z).sum().backward()
print(float(y.data.astype(np.float64).sum()), float(x.grad.data.astype(np.float64).sum()))
"""


def run(first: str = "", **environment: str) -> list[float]:
    """The sums that PROGRAM prints, in a process of its own; it ends well and says nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [float(word) for word in done.stdout.split()]


@pytest.fixture(scope="module")
def usual() -> list[float]:
    return run()


def test_a_kernel_cache_that_cannot_be_written_is_not_needed(usual, tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    nowhere = str(tmp_path / "file" / "cache")
    assert run(NUMBA_CACHE_DIR=nowhere, XDG_CACHE_HOME=nowhere, HOME=nowhere) == usual


def test_numbas_threading_layer_is_not_needed(usual):
    assert run(NUMBA_THREADING_LAYER="none", NUMBA_THREADING_LAYER_PRIORITY="") == usual


def test_one_core_gives_the_same(usual):
    assert run(first="os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})") == usual


ENDS = """
import numpy as np
from tinytorch import Tensor, fused_gelu
x = Tensor(np.float32([-np.inf, -10, 10, np.inf]), requires_grad=True)
y = fused_gelu(x)
y.backward(Tensor(np.ones(4, np.float32)))
assert y.data.tolist() == [0, 0, 10, np.inf] and x.grad.data.tolist() == [0, 0, 1, 1], (y, x.grad)
"""


@pytest.mark.parametrize("processor", ["generic", "skylake"])
def test_far_out_gelu_is_exact_on_a_processor_with_and_without_multiply_add(processor):
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"NUMBA_CPU_NAME": processor})
    assert done.returncode == 0, done.stderr


FORKED = """
import numpy as np, os, signal
from tinytorch.core.tensor import Tensor
from tinytorch import fused_gelu
from tinytorch.support.threads import set_num_threads
set_num_threads(2)
x = Tensor(np.linspace(-4, 4, 1 << 21).astype(np.float32))
here = fused_gelu(x).data
if os.fork() == 0:
    signal.alarm(30)
    os._exit(0 if np.array_equal(fused_gelu(x).data, here) else 1)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
"""


def test_a_process_forked_after_the_kernels_ran_has_threads_of_its_own():
    done = subprocess.run([sys.executable, "-c", FORKED], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("loops", [gelu_loops, cross_entropy_loops])
@pytest.mark.parametrize("dtype", ["int64", "bool", "complex64"])
def test_loops_for_a_type_that_has_none_are_refused_by_name(loops, dtype):
    with pytest.raises(TypeError, match=f"no loops of .* for {dtype}: use astype to .*float32.* float64"):
        loops(np.dtype(dtype))


def test_the_loops_of_cross_entropy_take_no_halves():
    with pytest.raises(TypeError, match="for float16: use astype to float32 or float64"):
        cross_entropy_loops(np.dtype("float16"))


@pytest.mark.parametrize("count", [0, -3, 1.5, "2", None])
def test_a_number_of_threads_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match="whole number of at least 1"):
        set_num_threads(count)


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "uint16"])
def test_whole_numbers_become_float32_in_both_kernels(dtype):
    x = Tensor(np.array([0, 1], dtype=dtype))
    for out in (fused_gelu(x), fuse(lambda x: x * 0.5)(x)):
        assert out.dtype == np.float32


def test_a_fused_function_without_arguments_says_what_it_needs():
    with pytest.raises(FusionError, match="at least one argument"):
        fuse(lambda: 1.0)()


@pytest.mark.parametrize("bad", ["text", None, [1j]])
def test_what_is_no_number_is_refused(bad):
    for function in (fused_gelu, fuse(lambda x: x * 2)):
        with pytest.raises(TypeError, match="real numbers"):
            function(bad)
