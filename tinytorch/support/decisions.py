"""Kinds of work, techniques of acceleration, and what is judged of both; the judgements are meant to be argued with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinytorch.support.tables import column

__all__ = ["TECHNIQUES", "WORKLOADS", "Technique", "Workload"]


@dataclass(frozen=True)
class Workload:
    """What a kind of work asks for."""

    name: str = column("workload")
    memory_pressure: str = column("memory pressure")
    latency_sensitive: bool = column("latency-sensitive")
    stability_critical: bool = column("stability-critical")
    development_speed: str = column("development speed")
    hardware_variety: str = column("hardware variety")


@dataclass(frozen=True)
class Technique:
    """What a technique costs and gives."""

    name: str = column("technique")
    implementation_cost: str = column("cost")
    memory_benefit: str = column("memory benefit")
    latency_benefit: str = column("latency benefit")
    stability_risk: str = column("stability risk")
    hardware_dependency: str = column("hardware dependency")


WORKLOADS = (
    Workload("Research Training", "medium", False, False, "high", "high"),
    Workload("Production Training", "high", False, True, "medium", "low"),
    Workload("Real-time Inference", "medium", True, True, "low", "medium"),
    Workload("Edge Deployment", "very_high", True, True, "low", "very_high"),
    Workload("Batch Inference", "low", False, True, "medium", "low"),
)
TECHNIQUES = (
    Technique("Vectorization", "low", "none", "high", "none", "low"),
    Technique("Kernel Fusion", "medium", "medium", "medium", "low", "medium"),
    Technique("Mixed Precision", "high", "high", "high", "medium", "high"),
    Technique("Graph Optimization", "very_high", "medium", "very_high", "low", "very_high"),
)


@dataclass(frozen=True)
class DecisionRow:
    """What to use for a kind of work: the recommendation for each technique, with its score."""

    workload: str
    vectorize: str = column("Vectorize")
    fuse: str = column("Fuse Kernels")
    mixed: str = column("Mixed Prec")
    graph: str = column("Graph Opt")


def recommendation(score: int) -> str:
    """A score in a word: 3 and more is High, 1 and 2 Medium, 0 Low, less Skip."""
    word = "High" if score >= 3 else "Medium" if score >= 1 else "Low" if score >= 0 else "Skip"
    return f"{word} ({score:+d})"


def decision_rows(
    score: Callable[[Workload, Technique], int], techniques: Sequence[Technique]
) -> list[DecisionRow]:
    """A row for each kind of work, by the `score` of each of the four `techniques`; ValueError for any others."""
    names, wanted = [t.name for t in techniques], [t.name for t in TECHNIQUES]
    if names != wanted:
        raise ValueError(f"wanted the four techniques, in order, {', '.join(wanted)}; got {', '.join(names) or 'none'}")
    return [DecisionRow(w.name, *[recommendation(score(w, t)) for t in techniques]) for w in WORKLOADS]
