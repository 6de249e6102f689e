"""What an acceleration technique gains, measured and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinytorch.support.tables import column


@dataclass(frozen=True)
class BenefitRow:
    """What a technique gains over plain code: how many times as fast, and how much less is saved for backward."""

    technique: str = column("technique")
    work: str = column("measured on")
    times_as_fast: float = column("times as fast", ".2f")
    percent_saved: float = column("memory saved %", ".0f")
    latency_benefit: str = column("latency benefit")
    memory_benefit: str = column("memory benefit")


def benefit_row(technique: str, work: str, times_as_fast: float, percent_saved: float) -> BenefitRow:
    """The row with both numbers in words."""
    latency = in_a_word(times_as_fast, {"very_high": 10, "high": 2, "medium": 1.25, "low": 1.05})
    memory = in_a_word(percent_saved, {"high": 40, "medium": 20, "low": 5})
    return BenefitRow(technique, work, times_as_fast, percent_saved, latency, memory)


def in_a_word(value: float, least: dict[str, float]) -> str:
    """The first word whose least value `value` reaches, or "none".

    >>> in_a_word(1.3, {"high": 2, "medium": 1.25})
    'medium'
    """
    return next((word for word, needed in least.items() if value >= needed), "none")


def with_benefits(techniques: Iterable[Any], rows: Sequence[BenefitRow]) -> Iterator[Any]:
    """Each of `techniques`, a dataclass, with its two benefits as in the row of its name, or as it is without one."""
    by_name = {row.technique: row for row in rows}
    for technique in techniques:
        found = by_name.get(technique.name, technique)
        yield replace(technique, latency_benefit=found.latency_benefit, memory_benefit=found.memory_benefit)
