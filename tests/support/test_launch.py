"""Compiled loops over arrays of any layout, and what the processor compiled for can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tinytorch.support import launch
from tinytorch.support.launch import compiled, converted, flat, one_pass, rounds_once
from tinytorch.support.threads import get_num_threads, set_num_threads

ROOT = Path(__file__).resolve().parents[2]


@compiled
def halve(x, out):
    for i in range(x.size):
        out[i] = x[i] / 2


LAYOUTS = {
    "in order": lambda a: a, "turned": lambda a: a.T, "every second": lambda a: a[:, ::2], "empty": lambda a: a[:0],
    "one number": lambda a: a[0, 0], "backwards": lambda a: a[::-1],
    "repeated": lambda a: np.broadcast_to(a[:1], a.shape),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_loop_runs_over_any_layout(layout):
    array = np.asarray(LAYOUTS[layout](np.arange(12.0).reshape(3, 4)))
    assert np.array_equal(one_pass(halve, array), array / 2)
    out = converted(halve, array, np.dtype(np.float32))
    assert np.array_equal(out, array / 2) and out.dtype == np.float32
    assert out.strides == np.empty_like(array, dtype=np.float32).strides


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_share_a_large_array(monkeypatch, threads):
    monkeypatch.setattr(launch, "PART", 10)
    before = get_num_threads()
    set_num_threads(threads)
    array = np.arange(101.0)
    assert np.array_equal(one_pass(halve, array), array / 2)
    set_num_threads(before)


def test_numbers_of_16_bits_are_laid_out_as_their_bits():
    for dtype in (np.float16, ml_dtypes.bfloat16):
        assert flat(np.ones((2, 3), dtype)).dtype == np.uint16
    assert flat(np.ones((2, 3), np.int16)).dtype == np.int16


def test_in_any_order_a_sum_stays_a_sum():
    def total(x):
        sum_of = np.float32(0)
        for i in range(x.size):
            sum_of += x[i]
        return sum_of

    numbers = np.arange(1000, dtype=np.float32)
    assert compiled(total)(numbers) == compiled(total, any_order=True)(numbers) == numbers.sum()


def test_a_processor_without_the_instruction_is_known():
    program = "from tinytorch.support.launch import rounds_once; print(rounds_once())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True,
                          env={"NUMBA_CPU_NAME": "generic", "PATH": ""})
    assert done.stdout.strip() == "False" or sys.platform != "linux"
    assert isinstance(rounds_once(), bool)
