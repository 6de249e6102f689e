"""A run on a time line: operations in the Trace Event Format, for Perfetto (https://ui.perfetto.dev) and for
chrome://tracing. Source: Google, Trace Event Format, 2016.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

__all__ = ["write_chrome_trace"]


class Timed(Protocol):
    """An operation that ran, a dataclass; `start` and `seconds` are in seconds."""

    name: str
    phase: str
    start: float
    seconds: float


def write_chrome_trace(operations: Iterable[Timed], path: str | os.PathLike) -> None:
    """Write the operations to the file `path`, whole or not at all; its folder is made where there is none.

    OSError where it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_text(json.dumps(chrome_trace(operations)), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def chrome_trace(operations: Iterable[Timed]) -> dict[str, Any]:
    """The operations as events in the order in which they began, with one event more round each stretch of a phase."""
    events = []
    for phase, group in groupby(sorted(operations, key=lambda o: o.start), key=lambda o: o.phase):
        stretch = list(group)
        end = max(o.start + o.seconds for o in stretch)
        events.append(_event(phase, "phase", stretch[0].start, end, {"operations": len(stretch)}))
        events += [_event(o.name, phase, o.start, o.start + o.seconds, _others(o)) for o in stretch]
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _event(name: str, category: str, start: float, end: float, args: dict[str, Any]) -> dict[str, Any]:
    """A complete event ("X"): both ends are rounded to whole nanoseconds, so that events that touch do not overlap."""
    first, last = round(start * 1e9), round(end * 1e9)
    when = {"ts": first / 1e3, "dur": (last - first) / 1e3}  # microseconds
    return {"name": name, "cat": category, "ph": "X", **when, "pid": 1, "tid": 1, "args": args}


def _others(operation: Timed) -> dict[str, Any]:
    """The fields of the operation that the event itself does not show."""
    shown = {"name", "phase", "start", "seconds"}
    return {f.name: getattr(operation, f.name) for f in fields(operation) if f.name not in shown}  # type: ignore[arg-type]
