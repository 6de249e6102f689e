"""Lesson files in tests, .ipynb or .py: read, with answers typed in, and written back.

A notebook is here a dictionary as in its JSON, each cell's source one string. This is the one place that types answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tito.lesson.formats import cells_of, read_percent, to_notebook, to_percent
from tito.lesson.lesson import Lesson
from tito.lesson.regions import without_markers

Notebook = dict[str, Any]
Cell = dict[str, Any]
Cells = list[Cell]
Answers = Mapping[str, str]
STUB_LINES = ("# YOUR CODE HERE", "raise NotImplementedError(")  # how the two lines of a stub begin


def read(path: Path) -> Notebook:
    """The notebook in a file."""
    text = path.read_text(encoding="utf-8")
    notebook = to_notebook(read_percent(text)) if path.suffix == ".py" else json.loads(text)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def write(notebook: Notebook, path: Path) -> Path:
    """Write a notebook, in a folder that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = to_percent(cells_of(notebook["cells"])) if path.suffix == ".py" else json.dumps(notebook)
    path.write_text(text, encoding="utf-8")
    return path


def edit(path: Path, change: Callable[[Cells], object]) -> Path:
    """Change the cells of a file's notebook in place; its path."""
    notebook = read(path)
    change(notebook["cells"])
    return write(notebook, path)


def type_answers(path: Path, answers: Answers) -> Path:
    """Type answers, whole cells by their grade_ids, into a file."""
    return write(answered(read(path), answers), path)


def fill_in(path: Path, bodies: Mapping[str, str]) -> Path:
    """Type lines, by grade_ids, in the places of the stubs in a file's exercises."""
    return edit(path, lambda cells: fill(cells, bodies))


def fill(cells: Cells, bodies: Mapping[str, str]) -> None:
    """Type lines, by grade_ids, in the places of the stubs of cells."""
    for cell in cells:
        if grade_id(cell) in bodies:
            cell["source"] = filled(cell["source"], bodies[grade_id(cell)])


def answered(notebook: Notebook, answers: Answers) -> Notebook:
    """A copy of the notebook with these answers, whole cells by their grade_ids."""
    cells = [{**cell, "source": answers.get(grade_id(cell), cell["source"])} for cell in notebook["cells"]]
    return json.loads(json.dumps({**notebook, "cells": cells}))


def solutions(lesson: Lesson) -> dict[str, str]:
    """The answers of a solved lesson, whole cells by their grade_ids."""
    return {cell.grade_id: without_markers(cell.source) for cell in lesson.code if cell.solution}


def filled(blank: str, *bodies: str) -> str:
    """A blank exercise's source with these lines in the places of its stubs, one after the other, indented as they are.

    The last of them goes into all the stubs that are left.
    """
    lines, found = iter(blank.split("\n")), []
    left = list(bodies)
    for line in lines:
        if line.strip() != STUB_LINES[0]:
            found.append(line)
            continue
        assert next(lines).strip().startswith(STUB_LINES[1]), blank
        indent = line[: len(line) - len(line.lstrip())]
        found += [indent + part for part in left[0].split("\n")]
        left = left[1:] or left
    return "\n".join(found)


def options(cell: Cell) -> dict[str, Any]:
    """A cell's nbgrader metadata."""
    return cell["metadata"].get("nbgrader", {})


def grade_id(cell: Cell) -> str:
    """A cell's grade_id; empty where it has none."""
    found = options(cell)
    return found.get("grade_id", "") if isinstance(found, dict) else ""


def place(cells: Cells, name: str) -> int:
    """Where the first cell of this grade_id is."""
    return next(number for number, cell in enumerate(cells) if grade_id(cell) == name)


def sources(cells: Iterable[Cell]) -> list[str]:
    """What the cells say."""
    return [cell["source"] for cell in cells]
