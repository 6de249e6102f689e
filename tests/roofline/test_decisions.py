"""The decision framework with benefits that were measured in place of those that were judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import (
    TECHNIQUES,
    WORKLOADS,
    analyze_acceleration_decision_framework,
    fused_gelu,
    technique_score,
    unfused_gelu,
)
from tinytorch.optimization.compilation import compare, measure_benefits, measured_techniques
from tinytorch.support.benefits import benefit_row
from tinytorch.support.decisions import recommendation
from tinytorch.support.tables import table


@pytest.fixture(scope="module")
def benefits():
    return measure_benefits(size=64)


def test_each_technique_is_measured_on_this_machine(benefits):
    assert [row.technique for row in benefits] == [t.name for t in TECHNIQUES]
    assert all(row.times_as_fast > 0 for row in benefits)
    assert table(benefits).isascii()


def test_fusion_saves_most_of_the_memory_and_halves_less_than_half(benefits):
    """unfused_gelu saves a tensor a step, fused_gelu x alone; halves halve all, and copy the weight."""
    by_name = {row.technique: row for row in benefits}
    assert by_name["Vectorization"].percent_saved == 0
    assert by_name["Kernel Fusion"].percent_saved > 50 and by_name["Graph Optimization"].percent_saved > 50
    assert 0 < by_name["Mixed Precision"].percent_saved < 50


@pytest.mark.parametrize(
    ("times_as_fast", "word"),
    [(0.5, "none"), (1.0, "none"), (1.05, "low"), (1.24, "low"), (1.25, "medium"), (2, "high"), (10, "very_high")],
)
def test_a_ratio_of_times_becomes_a_word(times_as_fast, word):
    assert benefit_row("Kernel Fusion", "", times_as_fast, 0.0).latency_benefit == word


@pytest.mark.parametrize(("saved", "word"), [(-9, "none"), (4.9, "none"), (5, "low"), (20, "medium"), (40, "high")])
def test_a_saving_becomes_a_word(saved, word):
    assert benefit_row("Kernel Fusion", "", 1.0, saved).memory_benefit == word


def test_only_the_benefits_are_taken_from_the_measurements(benefits):
    for judged, measured, row in zip(TECHNIQUES, measured_techniques(benefits), benefits, strict=True):
        benefit = {"latency_benefit": row.latency_benefit, "memory_benefit": row.memory_benefit}
        assert measured == replace(judged, **benefit)


def test_what_was_not_measured_stays_as_judged(benefits):
    first, *others = measured_techniques(benefits[:1])
    assert first == measured_techniques(benefits)[0] and tuple(others) == TECHNIQUES[1:]


def test_a_small_network_can_be_measured_too():
    assert [row.technique for row in measure_benefits(size=8)] == [t.name for t in TECHNIQUES]


def test_the_framework_scores_what_it_is_given(capsys):
    useless = [benefit_row(t.name, "", 1.0, 0.0) for t in TECHNIQUES]
    techniques = measured_techniques(useless)
    rows = analyze_acceleration_decision_framework(techniques)
    assert table(rows) in capsys.readouterr().out
    for row, workload in zip(rows, WORKLOADS, strict=True):
        wanted = [recommendation(technique_score(workload, t)) for t in techniques]
        assert [row.vectorize, row.fuse, row.mixed, row.graph] == wanted
    assert rows != analyze_acceleration_decision_framework()


def test_two_ways_of_the_same_are_compared_by_what_they_hold():
    x = Tensor(np.ones((4, 8), np.float32), requires_grad=True)
    row = compare("Kernel Fusion", "GELU", lambda: fused_gelu(x * 1), lambda: fused_gelu(x * 1))
    assert row.percent_saved == 0 and row.memory_benefit == "none"
    assert compare("Kernel Fusion", "GELU", lambda: unfused_gelu(x), lambda: fused_gelu(x)).percent_saved > 0
