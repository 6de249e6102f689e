"""What a new release of a lesson changed, in sentences."""

from collections.abc import Sequence
from typing import Any

from tito.lesson.cell import Cell

# What a cell with a grade_id is, by nbgrader's flags grade and solution.
KINDS = {"exercise": (False, True), "check": (True, False), "question": (True, True), "cell": (False, False)}


def changes(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[str, ...]:
    """What is different in `new`, for a student who has `old`; empty where nothing is."""
    was = {cell.grade_id: cell for cell in old if cell.grade_id}
    now = {cell.grade_id: cell for cell in new if cell.grade_id}
    rows = {
        "New": [cell for name, cell in now.items() if name not in was],
        "Changed": [cell for name, cell in now.items() if name in was and _says(cell) != _says(was[name])],
        "Gone": [cell for name, cell in was.items() if name not in now],
    }
    said = []
    for kind, flags in KINDS.items():
        for words, cells in rows.items():
            names = [cell.grade_id for cell in cells if (cell.grade, cell.solution) == flags]
            said += [f"{words} {kind}: {', '.join(names)}."] if names else []
    return (*said, *_given(old, new))


def _given(old: Sequence[Cell], new: Sequence[Cell]) -> list[str]:
    known = [_says(cell) for cell in old if not cell.grade_id]
    fresh = [cell for cell in new if not cell.grade_id and _says(cell) not in known]
    counts = {"text": sum(cell.kind == "markdown" for cell in fresh)}
    counts["given code"] = len(fresh) - counts["text"]
    shown = [f"{count} of {what}" for what, count in counts.items() if count]
    if not shown and [_says(cell) for cell in new if not cell.grade_id] != known:
        return ["Cells of text or given code were left out or moved."]
    return [f"New or changed cells: {', '.join(shown)}."] if shown else []


def _says(cell: Cell) -> tuple[Any, ...]:
    return cell.kind, cell.source.strip(), cell.points if cell.grade else None, cell.hidden
