"""What the measurements and their pictures answer to input that is wrong, and that a machine of one core is enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from tinytorch.core.layers import Linear
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import (
    TECHNIQUES,
    analyze_acceleration_decision_framework,
    analyze_arithmetic_intensity,
    analyze_mixed_precision_benefits,
    analyze_vectorization_scaling,
)
from tinytorch.optimization.compilation import measure_benefits
from tinytorch.optimization.precision import training_bytes
from tinytorch.profiling.profiler import Profiler
from tinytorch.profiling.roofline import compute_peak, model_rows, triad
from tinytorch.support import peaks as peaks_module
from tinytorch.support.peaks import Peaks, measured_peaks, plateaus
from tinytorch.support.roofline import plot_bandwidth, plot_roofline
from tinytorch.support.tables import table
from tinytorch.support.threads import get_num_threads, set_num_threads

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[2]
PEAKS = Peaks(100e9, 20e9)
X = Tensor(np.ones((4, 3), np.float32))


class Doubling:
    def __call__(self, x):
        return x * 2

    def parameters(self):
        return []


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: compute_peak("int32", 1), ValueError, "a floating type on at least one thread, not of int32 on 1"),
        (lambda: compute_peak("float32", 0), ValueError, "not of float32 on 0"),
        (lambda: compute_peak("flaot32", 1), TypeError, "flaot32"),
        (lambda: set_num_threads(0), ValueError, "at least 1, got 0"),
        (lambda: set_num_threads(1.5), ValueError, "a whole number of at least 1, got 1.5"),
        (lambda: plateaus([]), ValueError, "no bandwidth was measured"),
        (lambda: plot_bandwidth(PEAKS), ValueError, "no bandwidths to draw"),
        (lambda: plot_roofline([], PEAKS), ValueError, "no rows to draw"),
        (lambda: analyze_vectorization_scaling((64, 0)), ValueError, "size must be a whole number .* got 0"),
        (lambda: analyze_vectorization_scaling((2.5,)), ValueError, "size must be a whole number .* got 2.5"),
        (lambda: analyze_arithmetic_intensity(0), ValueError, "size must be a whole number .* got 0"),
        (lambda: training_bytes(1, 1, "float32"), ValueError, "half is float16 or bfloat16 .*, got float32"),
        (lambda: training_bytes(1, 1, "int8"), ValueError, "half is float16 or bfloat16 .*, got int8"),
        (lambda: analyze_mixed_precision_benefits(None), ValueError, "half is float16 or bfloat16"),
        (lambda: measure_benefits(0), ValueError, "size must be a whole number of at least 1, got 0"),
        (lambda: analyze_acceleration_decision_framework([]), ValueError, "in order, Vectorization, .*; got none"),
        (lambda: analyze_acceleration_decision_framework(TECHNIQUES[::-1]), ValueError, "; got Graph Optimization, "),
        (lambda: model_rows(Linear(3, 2), np.ones((4, 5)), PEAKS), ValueError, r"linear wants x of shape \(..., 3\)"),
        (lambda: model_rows(Linear(3, 2), X, PEAKS, lambda y: y), ValueError, r"shape \(4, 2\)"),
        (lambda: model_rows(Doubling(), X, PEAKS, lambda y: y.sum()), ValueError, "no parameter requires a gradient"),
        (lambda: Profiler().profile_backward_pass(Doubling(), X, lambda y: y.sum()), ValueError, "carries no graph"),
    ],
)  # fmt: skip
def test_wrong_input_is_answered_in_words(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


def test_a_model_without_parameters_can_be_profiled_and_set_under_the_roof():
    profiler = Profiler()
    assert (profiler.count_parameters(Doubling()), profiler.measure_memory(Doubling(), (4, 3)).parameters) == (0, 0)
    assert profiler.count_flops(Doubling(), (4, 3)) == 12
    assert [row.operation for row in model_rows(Doubling(), X, PEAKS)] == ["model: mul"]
    full, mixed = analyze_mixed_precision_benefits("float16", Doubling(), X)[-2:]
    assert (full.total, mixed.total, mixed.saving) == (0, 0, None)


def test_a_number_of_threads_may_be_numpys():
    set_num_threads(np.int64(1))
    assert type(get_num_threads()) is int
    set_num_threads(os.cpu_count() or 1)


def test_one_core_is_measured_and_drawn(monkeypatch):
    monkeypatch.setattr(peaks_module, "MAX_THREADS", 1)
    monkeypatch.setattr(peaks_module, "triad_sweep", lambda triad, counts: sweep(triad, counts, (1 << 14, 1 << 16)))
    told = []
    peaks = measured_peaks(triad, lambda dtype, threads: compute_peak(dtype, threads, (16,)), told.append)
    assert len(told) == 4 and {p.threads for p in peaks.compute} == {row.threads for row in peaks.memory} == {1}
    assert peaks.roof("float16", 1).flops > 0 and table(peaks.levels()).isascii()
    (legend,) = plot_bandwidth(peaks).axes[0].get_legend().get_texts()
    assert legend.get_text() == "1 thread"
    matplotlib.pyplot.close("all")


sweep = peaks_module.triad_sweep
ON_ONE_CORE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
from tinytorch.core.tensor import Tensor
from tinytorch import fuse, fused_gelu, vectorized_matmul
from tinytorch.support.threads import get_num_threads
x = Tensor(np.ones((1 << 10, 1 << 11), np.float32), requires_grad=True)
y = fuse(lambda x: x * 2 + 1)(fused_gelu(x))
y.backward(Tensor(np.ones(y.shape, np.float32)))
products = vectorized_matmul(Tensor(np.ones((8, 64, 64), np.float32)), Tensor(np.ones((8, 64, 64), np.float32)))
print(get_num_threads(), round(float(x.grad.data[0, 0]), 3), products.data.max())
"""


def test_the_kernels_run_on_one_core():
    """In a process that finds one; the arrays are large enough to be shared where there are more."""
    done = subprocess.run([sys.executable, "-c", ON_ONE_CORE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["1", "2.166", "64.0"], "")
