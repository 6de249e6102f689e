"""Which cell of a lesson each cell of a student's file is: by grade_id, by id, by what it says."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from tito.lesson.code import public_names, tree_of

ALIKE = 0.6  # of the text two cells share, where one is the other after an edit

Cells = list[dict[str, Any]]


def name_of(cell: dict[str, Any]) -> str:
    """The cell's grade_id; empty where it has none."""
    options = cell["metadata"].get("nbgrader")
    name = options.get("grade_id") if isinstance(options, dict) else None
    return name if isinstance(name, str) else ""


def grade_ids(mine: Cells, known: Cells) -> tuple[list[str], list[str]]:
    """The grade_id of each cell as far as the lesson knows it, else ""; and those found without their mark."""
    named = {name_of(cell): cell for cell in reversed(known) if name_of(cell)}
    names = [name_of(cell) if name_of(cell) in named else "" for cell in mine]
    lost = []
    for name, wanted in named.items():
        if name in names:
            continue
        alike = [i for i, cell in enumerate(mine) if not names[i] and not name_of(cell) and _stands_for(cell, wanted)]
        if alike:
            names[alike[0]] = name
            lost.append(name)
    return names, lost


def _stands_for(cell: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a cell without a grade_id is that of `wanted`: it has its id or its text, or defines what it defines."""
    if cell["cell_type"] != wanted["cell_type"]:
        return False
    same = cell.get("id") == wanted["id"] or cell["source"].strip() == wanted["source"].strip()
    return same or defines_the_same(cell, wanted)


def defines_the_same(cell: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether two cells of code define the same public names, and at least one."""
    if cell["cell_type"] != "code" or wanted["cell_type"] != "code":
        return False
    defined = public_names(tree_of(wanted["source"]))
    return bool(defined) and defined == public_names(tree_of(cell["source"]))


def given_places(mine: Cells, names: list[str], old: Cells) -> dict[int, int]:
    """For each cell that the lesson gave without a grade_id its place in `old`, whose text it has, or nearly so."""
    free = [place for place, cell in enumerate(old) if not name_of(cell)]
    found: dict[int, int] = {}
    for is_same in (_same_text, _same_id, _alike):
        for i, cell in enumerate(mine):
            if i in found or names[i] or name_of(cell):
                continue
            place = next((place for place in free if is_same(cell, old[place])), None)
            if place is not None:
                found[i] = place
                free.remove(place)
    return found


def _same_text(cell: dict[str, Any], given: dict[str, Any]) -> bool:
    return cell["cell_type"] == given["cell_type"] and cell["source"].strip() == given["source"].strip()


def _same_id(cell: dict[str, Any], given: dict[str, Any]) -> bool:
    return cell["cell_type"] == given["cell_type"] and cell.get("id") == given["id"]


def _alike(cell: dict[str, Any], given: dict[str, Any]) -> bool:
    if cell["cell_type"] != given["cell_type"]:
        return False
    match = SequenceMatcher(None, given["source"], cell["source"], autojunk=False)
    return match.real_quick_ratio() > ALIKE and match.quick_ratio() > ALIKE and match.ratio() > ALIKE
