"""A run's results: as text, and as JSON that can be read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from benchmarks.machine import Machine
from benchmarks.timing import FirstCalls, Group, Result, Summary, summarize
from tinytorch.support.tables import table

WIDE = 1.5  # from this p90 / p10 on a row's spread is reported


@dataclass(frozen=True)
class Report:
    """What was measured, where."""

    machine: Machine
    results: tuple[Result, ...]
    summaries: tuple[Summary, ...]
    first_calls: tuple[FirstCalls, ...] = ()


def report_of(
    machine: Machine, groups: Sequence[Group], results: Sequence[Result], first_calls: Sequence[FirstCalls] = ()
) -> Report:
    """The report of a run, its groups summarized."""
    summaries = [summary for group in groups
                 for summary in summarize(group, [result for result in results if result.group == group.name])]
    return Report(machine, tuple(results), tuple(summaries), tuple(first_calls))


def as_text(report: Report) -> str:
    """The machine, a table of rows and a table of groups."""
    machine = [f"{field.name:8}{getattr(report.machine, field.name)}" for field in fields(Machine)]
    note = "Medians of interleaved runs in one process; ratio is ours / theirs, p10 and p90 its spread over the rounds."
    return "\n".join([
        *machine, "", table(report.results, note), "", table(report.summaries, "By group"),
        *compiling(report.first_calls),
        *unrest(report.results)])


def compiling(first_calls: Sequence[FirstCalls]) -> list[str]:
    """A table of the calls that had to compile, if there were any."""
    return ["", table(first_calls, "Compilation and first call")] if first_calls else []


def unrest(results: Sequence[Result]) -> list[str]:
    """A line of warning where the rounds of some rows differ so much that something else was running."""
    wide = [result.name for result in results if result.high > WIDE * result.low]
    if not wide:
        return []
    return ["", f"In {len(wide)} of {len(results)} rows p90 is more than {WIDE:g} times p10: the machine was not quiet "
                "or threads got in each other's way. Run those again before you quote them."]


def to_json(report: Report) -> str:
    """The report as JSON, with one result a line, so that a row measured again changes one; each row says its unit."""
    parts = []
    for key, value in asdict(report).items():
        rows = ",\n".join(f"  {json.dumps(row)}" for row in value) if isinstance(value, (list, tuple)) else ""
        parts.append(f"{json.dumps(key)}: [\n{rows}\n]" if rows else f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote."""
    found = json.loads(text)
    return Report(
        Machine(**found["machine"]), tuple(Result(**row) for row in found["results"]),
        tuple(Summary(**row) for row in found["summaries"]), tuple(FirstCalls(**row) for row in found["first_calls"]))
