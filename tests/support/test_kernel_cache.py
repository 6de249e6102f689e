"""Kernels on disk: found again by the next process, and never in the place of another kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tinytorch.support.kernel_cache import Kernel, fingerprint
from tinytorch.support.launch import compiled

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import numpy as np
from tinytorch.support.launch import compiled

FACTOR = np.float32({factor})

@compiled
def scaled(x):
    return FACTOR * x

def loop_of(function, shift):
    shift = np.float32(shift)
    @compiled
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i]) + shift
    return loop

def run(loop, n=3):
    x, out = np.arange(n, dtype=np.float32), np.empty(n, np.float32)
    loop(x, out)
    print(*out.tolist(), "found" if sum(loop.stats.cache_hits.values()) else "compiled")
"""


def start(cache: Path, body: str, factor: float = 2.0) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(cache)}
    program = PROGRAM.format(factor=factor) + textwrap.dedent(body)
    return subprocess.Popen([sys.executable, "-c", program], env=environment, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def printed(process: subprocess.Popen) -> list[str]:
    out, error = process.communicate()
    assert process.returncode == 0, error
    return out.splitlines()


def run(cache: Path, body: str, factor: float = 2.0) -> list[str]:
    return printed(start(cache, body, factor))


def test_the_next_process_finds_the_kernel(tmp_path):
    body = "run(loop_of(scaled, 1))"
    assert run(tmp_path, body) == ["1.0 3.0 5.0 compiled"]
    assert run(tmp_path, body) == ["1.0 3.0 5.0 found"]


def test_a_constant_that_a_called_function_uses_decides_too(tmp_path):
    body = "run(loop_of(scaled, 1))"
    assert run(tmp_path, body, factor=2.0) == ["1.0 3.0 5.0 compiled"]
    assert run(tmp_path, body, factor=4.0) == ["1.0 5.0 9.0 compiled"]
    assert run(tmp_path, body, factor=2.0) == ["1.0 3.0 5.0 found"]


def test_kernels_of_one_name_keep_their_own_code_whatever_order_they_come_in(tmp_path):
    assert run(tmp_path, "run(loop_of(scaled, 1))") == ["1.0 3.0 5.0 compiled"]
    both = run(tmp_path, "run(loop_of(scaled, 7))\nrun(loop_of(scaled, 1))\nrun(loop_of(scaled, 7))")
    assert both == ["7.0 9.0 11.0 compiled", "1.0 3.0 5.0 found", "7.0 9.0 11.0 found"]


def test_a_function_from_disk_can_be_part_of_a_new_kernel(tmp_path):
    assert run(tmp_path, "print(scaled(np.float32(3)))") == ["6.0"]
    assert run(tmp_path, "print(scaled(np.float32(3)))\nrun(loop_of(scaled, 1))") == ["6.0", "1.0 3.0 5.0 compiled"]


def test_a_kernel_that_allocates_runs_from_disk(tmp_path):
    body = """
        @compiled
        def total(x):
            work = np.empty(x.size, np.float32)
            for i in range(x.size):
                work[i] = 2 * x[i]
            return work.sum()

        print(total(np.ones(1000, np.float32)), sum(total.stats.cache_hits.values()))
    """
    assert run(tmp_path, body) == ["2000.0 0"]
    assert run(tmp_path, body) == ["2000.0 1"]


def test_several_processes_may_write_at_once(tmp_path):
    processes = [start(tmp_path, f"run(loop_of(scaled, {shift}))") for shift in (1, 1, 2, 3)]
    assert [printed(process)[0].rsplit(" ", 1)[0] for process in processes] == [
        "1.0 3.0 5.0", "1.0 3.0 5.0", "2.0 4.0 6.0", "3.0 5.0 7.0"]
    again = run(tmp_path, "for shift in (1, 2, 3):\n    run(loop_of(scaled, shift))")
    assert again == ["1.0 3.0 5.0 found", "2.0 4.0 6.0 found", "3.0 5.0 7.0 found"]


def test_a_damaged_file_is_compiled_again(tmp_path):
    body = "run(loop_of(scaled, 1))"
    run(tmp_path, body)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert run(tmp_path, body) == ["1.0 3.0 5.0 compiled"]
    assert run(tmp_path, body) == ["1.0 3.0 5.0 found"]


def test_where_nothing_can_be_written_kernels_run_all_the_same(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file", "run(loop_of(scaled, 1))") == ["1.0 3.0 5.0 compiled"]


def test_a_global_that_changed_after_the_function_was_made_is_not_mistaken(tmp_path):
    body = "loop = loop_of(scaled, 1)\nFACTOR = np.float32(5)\nrun(loop)"
    assert run(tmp_path, body) == ["1.0 6.0 11.0 compiled"]
    assert run(tmp_path, "run(loop_of(scaled, 1))") == ["1.0 3.0 5.0 compiled"]


def adding(number):
    def function(x):
        return x + number

    return function


def test_the_fingerprint_is_of_what_is_computed():
    assert fingerprint(adding(1)) == fingerprint(adding(1))
    different = [adding(1), adding(1.0), adding(np.float32(1)), adding(np.float64(1)), adding(True), adding(2),
                 adding(0.0), adding(-0.0), adding((1, 2)), adding(np.ones(2)), adding(np.ones(2, np.float32)),
                 adding(compiled(adding(1))), adding(compiled(adding(2))), adding(compiled(adding(1), any_order=True))]
    assert len({fingerprint(function) for function in different}) == len(different)


def test_a_recursive_function_has_a_fingerprint():
    def down(n):
        return n if n < 1 else down(n - 1)

    assert fingerprint(down) == fingerprint(down)


def test_what_has_no_fingerprint_is_compiled_and_not_kept():
    with pytest.raises(TypeError, match="cannot be kept on disk"):
        fingerprint(adding(object()))
    kernel = compiled(adding(adding))  # a plain Python function has one
    assert isinstance(kernel, Kernel)


def test_the_compiled_function_leaves_the_original_alone():
    original = adding(1)
    name = original.__qualname__
    assert compiled(original)(2) == 3
    assert original.__qualname__ == name and original.__module__ == __name__
