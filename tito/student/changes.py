"""What a new release of a lesson changed, in sentences."""

from __future__ import annotations

from typing import Any

from tito.student.align import name_of

Cells = list[dict[str, Any]]

# What a cell with a grade_id is, by nbgrader's flags grade and solution.
KINDS = {"exercise": (False, True), "check": (True, False), "question": (True, True), "cell": (False, False)}


def news(old: Cells, new: Cells) -> tuple[str, ...]:
    """What is different in `new`, for a student who has `old`; empty where nothing is."""
    was = {name_of(cell): cell for cell in old if name_of(cell)}
    now = {name_of(cell): cell for cell in new if name_of(cell)}
    said = []
    for kind, flags in KINDS.items():
        rows = {
            "New": [name for name in now if name not in was],
            "Changed": [name for name in now if name in was and _says(now[name]) != _says(was[name])],
            "Gone": [name for name in was if name not in now],
        }
        for words, names in rows.items():
            found = [name for name in names if _flags(now.get(name, was.get(name))) == flags]
            said += [f"{words} {kind}: {', '.join(found)}."] if found else []
    return (*said, *_prose(old, new))


def _prose(old: Cells, new: Cells) -> list[str]:
    """How many cells of text and of given code are new."""
    known = [_says(cell) for cell in old if not name_of(cell)]
    fresh = [cell for cell in new if not name_of(cell) and _says(cell) not in known]
    counts = {"text": sum(cell["cell_type"] == "markdown" for cell in fresh)}
    counts["given code"] = len(fresh) - counts["text"]
    shown = [f"{count} of {what}" for what, count in counts.items() if count]
    if not shown and [_says(cell) for cell in new if not name_of(cell)] != known:
        return ["Cells of text or given code were left out or moved."]
    return [f"New or changed cells: {', '.join(shown)}."] if shown else []


def _says(cell: dict[str, Any]) -> tuple[Any, ...]:
    options = cell["metadata"].get("nbgrader", {})
    return cell["cell_type"], cell["source"].strip(), options.get("points"), "tito" in cell["metadata"]


def _flags(cell: dict[str, Any]) -> tuple[bool, bool]:
    options = cell["metadata"].get("nbgrader", {})
    return bool(options.get("grade")), bool(options.get("solution"))
