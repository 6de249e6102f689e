"""Rows of a dataclass as a text table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields
from numbers import Real
from typing import Any


def column(header: str, format: str = "", scale: float = 1) -> Any:
    """A dataclass field that tells `table` its header, its number format, and a factor to show it in another unit."""
    return field(metadata={"header": header, "format": format, "scale": scale})


def table(rows: Iterable[Any], title: str | None = None, names: Sequence[str] = ()) -> str:
    """Rows of one dataclass as a text table: a column for each field, as `column` declared it, numbers to the right.

    A field without `column` is shown under its own name. `names`, one for each row, make a first column without header.
    Raises TypeError where the rows are of different classes, ValueError where there are more or fewer names than rows.
    """
    rows = list(rows)
    if len({type(row) for row in rows}) > 1:
        raise TypeError(f"the rows of a table are of one class, got {sorted({type(row).__name__ for row in rows})}")
    shown = fields(rows[0]) if rows else ()
    columns = [_lines(f.metadata, f.name, [getattr(row, f.name) for row in rows]) for f in shown]
    columns = [_lines({"header": ""}, "", list(names)), *columns] if names else columns
    lines = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
    return "\n".join(([title] if title else []) + (lines or ["(no rows)"]))


def _lines(how: Mapping[str, Any], name: str, values: list[Any]) -> list[str]:
    """One column: its header, a rule, and a text for each value, all equally wide."""
    texts = [how.get("header", name), *(_text(value, how) for value in values)]
    width = max(map(len, texts))
    side = ">" if all(isinstance(value, (Real, type(None))) for value in values) else "<"
    return [f"{text:{side}{width}}" for text in [texts[0], "-" * width, *texts[1:]]]


def _text(value: Any, how: Mapping[str, Any]) -> str:
    if isinstance(value, Real) and not isinstance(value, bool):
        return f"{value * how.get('scale', 1):{how.get('format', '')}}"
    return "-" if value is None else str(value)
