"""The roofline, the bytes of a training state, the decision framework, and the analyses that print what they return."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
import pytest

from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import mse_loss
from tinytorch.core.optimizers import Adam
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import (
    MODEL_SIZES,
    TECHNIQUES,
    WORKLOADS,
    Technique,
    Workload,
    analyze_acceleration_decision_framework,
    analyze_arithmetic_intensity,
    analyze_mixed_precision_benefits,
    analyze_vectorization_scaling,
    fused_gelu,
    technique_score,
    unfused_gelu,
    vectorized_matmul,
)
from tinytorch.optimization.precision import autocast, training_bytes
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.profiling.roofline import (
    CountingTrace,
    RooflineRow,
    attainable,
    counted_total,
    elementwise_intensity,
    matmul_intensity,
    measure_peaks,
)
from tinytorch.support.analyses import memory_rows
from tinytorch.support.decisions import recommendation
from tinytorch.support.peaks import Peaks
from tinytorch.support.roofline import plot_roofline
from tinytorch.support.tables import table

PEAKS = Peaks(flops=100e9, bandwidth=20e9)


@pytest.mark.parametrize(("intensity", "wanted"), [(0.1, 2e9), (1.0, 20e9), (5.0, 100e9), (500.0, 100e9), (0.0, 0.0)])
def test_the_roof_is_a_slope_and_then_flat(intensity, wanted):
    assert math.isclose(attainable(intensity, PEAKS.flops, PEAKS.bandwidth), wanted)
    assert PEAKS.ridge == 5.0


def test_the_formulas_of_intensity_are_what_a_trace_counts():
    x, y = (Tensor(np.random.default_rng(i).normal(size=(64, 64)).astype(np.float32)) for i in range(2))

    def counted(function):
        with CountingTrace() as trace:
            function()
        return counted_total("", "forward", trace.operations).intensity

    assert math.isclose(counted(lambda: x + y), elementwise_intensity(1, 2, 1, 4))
    assert math.isclose(counted(lambda: fused_gelu(x)), elementwise_intensity(9, 1, 1, 4))
    assert math.isclose(counted(lambda: vectorized_matmul(x, y)), matmul_intensity(64, 64, 64, 4))
    assert counted(lambda: unfused_gelu(x)) < counted(lambda: fused_gelu(x)) < counted(lambda: x @ y)


def test_the_bytes_of_a_training_state_are_those_that_a_training_holds():
    """Weights, half copies, gradients, Adam's two numbers and activations, weighed after a step of a real network."""
    manual_seed(0)
    net = Sequential(Linear(32, 64, bias=False), fused_gelu, Linear(64, 16, bias=False))
    x, optimizer = Tensor(np.ones((8, 32), np.float32)), Adam(net.parameters())
    parameters, activations = 32 * 64 + 64 * 16, 8 * (32 + 64 + 64)
    for half in (None, "float16", "bfloat16"):
        with autocast(half or "float16", enabled=half is not None):
            out = net(x)
            saved = saved_bytes(out, net.parameters())
            loss = mse_loss(out, np.zeros((8, 16)))
        loss.backward()
        optimizer.step()
        held = {
            "weights": sum(p.data.nbytes for p in net.parameters()), "half copies": saved.weight_copies,
            "gradients": sum(p.grad.data.nbytes for p in net.parameters()),
            "optimizer": sum(s["exp_avg"].nbytes + s["exp_avg_sq"].nbytes for s in optimizer.state.values()),
            "activations": saved.activations,
        }  # fmt: skip
        assert held == training_bytes(parameters, activations, half)
        optimizer.zero_grad()


def test_mixed_precision_loses_memory_where_parameters_outweigh_activations():
    """A GPT-2 loses memory on one short text and saves it on long ones; all halve their activations."""
    rows = analyze_mixed_precision_benefits()
    for full, mixed in zip(rows[::2], rows[1::2], strict=True):
        assert (full.model, full.precision, mixed.precision) == (mixed.model, "float32", "float16")
        assert (full.activations, full.half_copies, full.saving) == (2 * mixed.activations, 0, None)
        assert mixed.half_copies == mixed.weights / 2 and mixed.saving == 100 * (1 - mixed.total / full.total)
        for row in (full, mixed):
            parts = row.weights + row.half_copies + row.gradients + row.optimizer + row.activations
            assert row.total == parts and row.weights == row.gradients == row.optimizer / 2
    saved = {row.model: row.saving for row in rows[1::2]}
    assert list(saved) == list(MODEL_SIZES)
    assert -12 < saved["GPT-2, 1 x 64 tokens"] < -9
    assert 0 < saved["GPT-2, 1 x 1024 tokens"] < 20 < saved["GPT-2, 8 x 1024 tokens"] < 50
    for name, (parameters, activations) in MODEL_SIZES.items():
        assert (saved[name] > 0) == (activations > parameters), "a copy costs what an activation saves"


# ---- the decision framework, scored as the specification's code scores it


def specified_score(workload: Workload, technique: Technique) -> int:
    score = 0
    if workload.memory_pressure in ["high", "very_high"]:
        if technique.memory_benefit in ["medium", "high"]:
            score += 2
    if workload.latency_sensitive:
        if technique.latency_benefit in ["medium", "high", "very_high"]:
            score += 2
    if workload.stability_critical:
        if technique.stability_risk in ["none", "low"]:
            score += 1
        elif technique.stability_risk == "medium":
            score -= 1
    if workload.development_speed == "high":
        if technique.implementation_cost in ["low", "medium"]:
            score += 1
        elif technique.implementation_cost in ["high", "very_high"]:
            score -= 1
    if workload.hardware_variety in ["high", "very_high"]:
        if technique.hardware_dependency in ["low", "medium"]:
            score += 1
        elif technique.hardware_dependency in ["high", "very_high"]:
            score -= 2
    return score


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_scores_are_the_specifications(workload):
    for technique in TECHNIQUES:
        assert technique_score(workload, technique) == specified_score(workload, technique)


LEVELS = ("low", "medium", "high", "very_high")


@pytest.mark.parametrize("level", LEVELS)
def test_scores_are_the_specifications_for_any_judgement(level):
    for other in LEVELS:
        for sensitive, benefit in [(True, other), (False, other), (True, "none"), (False, "none")]:
            workload = Workload("w", level, sensitive, not sensitive, level, other)
            technique = Technique("t", other, benefit, benefit, benefit, other)
            assert technique_score(workload, technique) == specified_score(workload, technique)


def test_a_score_becomes_a_word():
    words = {5: "High", 3: "High", 2: "Medium", 1: "Medium", 0: "Low", -1: "Skip", -3: "Skip"}
    assert {score: recommendation(score) for score in words} == {n: f"{word} ({n:+d})" for n, word in words.items()}


# ---- the analyses


def shown(capsys, rows) -> str:
    """What was printed; it must be the table of the rows that were returned."""
    text = capsys.readouterr().out
    assert rows and table(rows) in text
    assert text.isascii()
    return text


def test_the_decision_framework_prints_what_it_returns(capsys):
    rows = analyze_acceleration_decision_framework()
    text = shown(capsys, rows)
    assert [row.workload for row in rows] == [w.name for w in WORKLOADS]
    assert "Edge Deployment" in text and "High (+6)" in text


def test_the_memory_analysis_prints_what_it_returns(capsys):
    rows = analyze_mixed_precision_benefits("bfloat16")
    assert [row.model for row in rows[::2]] == [row.model for row in rows[1::2]] == list(MODEL_SIZES)
    assert "half copies" in shown(capsys, rows)


def test_a_model_of_ones_own_is_measured_in_the_memory_analysis(capsys):
    manual_seed(0)
    net = Sequential(Linear(32, 64, bias=False), fused_gelu, Linear(64, 16, bias=False))
    x = np.ones((8, 32), np.float32)
    rows = analyze_mixed_precision_benefits("float16", net, x)
    shown(capsys, rows)
    parameters, activations = 32 * 64 + 64 * 16, 8 * (32 + 64 + 64)
    held = [training_bytes(parameters, activations, half) for half in (None, "float16")]
    assert rows[-2:] == memory_rows("model, measured", *held, "float16")
    with pytest.raises(ValueError, match="together"):
        analyze_mixed_precision_benefits(model=net)


def test_peaks_are_measured_once_and_make_sense():
    peaks = measure_peaks()
    assert measure_peaks() is peaks
    assert peaks.flops > peaks.bandwidth / 4 > 0


def test_the_scaling_analysis_prints_what_it_returns(capsys):
    rows = analyze_vectorization_scaling(sizes=(16, 64), loops_up_to=16)
    shown(capsys, rows)
    assert [row.size for row in rows] == [16, 64]
    assert rows[0].loops_ms > 0 and rows[1].loops_ms is None
    for row in rows:
        assert math.isclose(row.intensity, row.size / 6) and row.ms > 0
        assert math.isclose(row.gflops, 2 * row.size**3 / (row.ms * 1e6))
        assert math.isclose(row.percent_of_peak, 100 * row.gflops * 1e9 / measure_peaks().flops)


def test_the_intensity_analysis_prints_what_it_returns(capsys):
    rows = analyze_arithmetic_intensity(size=128)
    shown(capsys, rows)
    peaks = measure_peaks()
    by_name = {row.operation: row for row in rows}
    assert list(by_name)[:5] == ["add", "multiply", "unfused_gelu", "fused_gelu", "matmul"]
    assert math.isclose(by_name["add"].intensity, 1 / 12) and math.isclose(by_name["matmul"].intensity, 128 / 6)
    for row in rows:
        assert math.isclose(row.attainable, attainable(row.intensity, peaks.flops, peaks.bandwidth) / 1e9)
        assert math.isclose(row.percent_of_roof, 100 * row.gflops / row.attainable)
        assert row.bound == ("memory" if row.intensity < peaks.ridge else "compute")


def test_the_roofline_is_a_picture_of_every_row():
    matplotlib.use("agg")
    slow = RooflineRow("slow", 0.5, 1.0, 1.0, 1.0, 10.0, 10.0, "memory")
    rows = [slow, RooflineRow("fast", 50.0, 1.0, 90.0, 1.0, 100.0, 90.0, "compute")]
    figure = plot_roofline(rows, PEAKS)
    axes = figure.axes[0]
    assert {text.get_text() for text in axes.texts} == {"slow", "fast"}
    roof = axes.lines[0].get_ydata()
    assert max(roof) == 100 and axes.get_xscale() == axes.get_yscale() == "log"
    matplotlib.pyplot.close(figure)
