"""Lesson files in tests, .ipynb or .py: read, with answers typed in, and written back.

A notebook is here a dictionary as in its JSON, each cell's source one string.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tito.student.folder import read_file, write_file

Notebook = dict[str, Any]
Cell = dict[str, Any]
Cells = list[Cell]
Answers = Mapping[str, str]
STUB_LINES = ("# YOUR CODE HERE", "raise NotImplementedError(")  # how the two lines of a stub begin


def read(path: Path) -> Notebook:
    """The notebook in a file."""
    if path.suffix == ".py":
        return read_file(path)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def write(notebook: Notebook, path: Path) -> Path:
    """Write a notebook, in a folder that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".py":
        write_file(notebook, path)
    else:
        path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def edit(path: Path, change: Callable[[Cells], object]) -> Path:
    """Change the cells of a file's notebook in place; its path."""
    notebook = read(path)
    change(notebook["cells"])
    return write(notebook, path)


def type_answers(path: Path, answers: Answers) -> Path:
    """Type answers, whole cells by their grade_ids, into a file."""
    return write(answered(read(path), answers), path)


def answered(notebook: Notebook, answers: Answers) -> Notebook:
    """A copy of the notebook with these answers, whole cells by their grade_ids."""
    cells = [{**cell, "source": answers.get(grade_id(cell), cell["source"])} for cell in notebook["cells"]]
    return json.loads(json.dumps({**notebook, "cells": cells}))


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
