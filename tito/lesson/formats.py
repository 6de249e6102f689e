"""The formats of a lesson's file: percent-format Python and .ipynb, read into cells and written from them.

jupytext is imported when percent-format text is first read or written, and nothing else of Jupyter's is needed.
"""

import hashlib
import json
import platform
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tito.errors import LessonError
from tito.files import write_if_changed
from tito.lesson.cell import Cell
from tito.lesson.metadata import cell_of, metadata_of, valid_id, valid_metadata
from tito.lesson.quick_import import quick_import

Notebook = dict[str, Any]  # as its JSON, in nbformat 4.5

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {  # as JupyterLab completes it when a notebook is opened
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}
PERCENT_HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""
QUOTES = ('r"""', '"""')
# How a cell begins in the text of a notebook, in whatever order an editor writes its keys.
CELL = re.compile(r'\{\s*"(?:attachments|cell_type|execution_count|id|metadata|source)"')


class Unreadable(LessonError):
    """Text that cannot be read as cells. `where` is the line or the cell, empty where that is not known.

    `damaged` tells a notebook that is not JSON, in which some cells may be whole.
    """

    def __init__(self, message: str, where: str = "", hint: str = "", damaged: bool = False) -> None:
        super().__init__(message, hint)
        self.where = where
        self.damaged = damaged


# Percent-format Python


def read_percent(text: str) -> list[Cell]:
    """The cells of a percent-format Python file, as jupytext reads them, with their lines.

    The header between the `# ---` lines, which says nothing that matters here, is left out.
    """
    if not text.strip():
        raise Unreadable("this file is empty.")
    reader = quick_import("jupytext.cell_reader").DoublePercentScriptCellReader
    lines = text.splitlines()
    at, nodes, places = _header_size(lines), [], []
    while at < len(lines):
        node, taken = reader({"extension": ".py"}).read(lines[at:])
        _check_quotes(node, lines, at + 1)
        nodes.append(node)
        places.append(at + 1)
        at += taken
    quick_import("jupytext.languages").set_main_and_cell_language({}, nodes, ".py", [])
    pairs = enumerate(zip(nodes, places, strict=True), 1)
    return [_percent_cell(node, number, line, lines[line - 1]) for number, (node, line) in pairs]


def _percent_cell(node: Any, number: int, line: int, header: str) -> Cell:
    options = node.metadata.pop("incorrectly_encoded_metadata", None)
    cell = cell_of(node.cell_type, node.source, dict(node.metadata), number=number, line=line)
    return cell if options is None else replace(cell, fault=f"its options are not valid JSON: {header.strip()}")


def _check_quotes(node: Any, lines: list[str], line: int) -> None:
    """A text cell that lost one of its marks holds others, and what follows: jupytext reads on to the next mark."""
    text = node.source.split("\n")
    below = lines[line : line + len(text) + 1]
    marks = [mark for mark in text if mark in QUOTES and mark in below] if node.cell_type == "markdown" else []
    if marks:
        is_open = marks[0] == 'r"""' or text[0] in QUOTES
        fixes = ['begin it with a line `r"""`, under its `# %% [markdown]`', 'end its text with a line `"""`']
        message, where = f"this text cell has lost its quotes: {fixes[is_open]}.", f"line {line}"
        raise Unreadable(message, where, "Nothing was run or changed.")


def _header_size(lines: list[str]) -> int:
    """How many lines the header at the top takes, if there is one, with the blank lines after it."""
    ends = [number for number, line in enumerate(lines) if line.rstrip() == "# ---"]
    has_header = len(ends) >= 2 and all(line.startswith("#") for line in lines[: ends[1]])
    below = range(ends[1] + 1 if has_header else 0, len(lines))
    return next((number for number in below if lines[number].strip()), len(lines))


def to_percent(cells: Iterable[Cell]) -> str:
    """The cells as a percent-format Python file, with the header and the compact options that lessons have."""
    jupytext = quick_import("jupytext")
    metadata = {"jupytext": {"notebook_metadata_filter": "-all"}}
    notebook = to_notebook(cells) | {"metadata": metadata}
    notebook["cells"] = [_compact(cell) for cell in notebook["cells"]]
    text = jupytext.writes(quick_import("nbformat").from_dict(notebook), fmt="py:percent")
    return PERCENT_HEADER + text.strip("\n") + "\n"


def _compact(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {**cell["metadata"], "lines_to_next_cell": 1}
    if "nbgrader" in metadata:
        kept = ("grade", "solution", "grade_id", "points")
        metadata["nbgrader"] = {key: metadata["nbgrader"][key] for key in kept if metadata["nbgrader"].get(key)}
    if cell["cell_type"] == "markdown" and '"""' not in cell["source"]:
        metadata["cell_marker"] = 'r"""'
    return {**cell, "metadata": metadata}


# Notebooks


def read_notebook(text: str) -> tuple[list[Cell], dict[str, Any]]:
    """The cells of a notebook in nbformat 4, whoever saved it, and the notebook's own metadata.

    Sources may be lists of lines, and ids or metadata missing, as in notebooks of nbformat_minor 0 to 4. What no schema
    allows is put right: an id that is too long, a tag that is there twice, the state of widgets without the state.
    """
    if not text.strip():
        raise Unreadable("this notebook is empty.")
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(_what_is_wrong(error), damaged=True) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Unreadable("this is not a notebook in nbformat 4: it has no list of cells.")
    return cells_of(notebook["cells"]), valid_metadata(notebook.get("metadata"))


def cells_of(found: Iterable[Any]) -> list[Cell]:
    """The cells that a notebook's JSON has in its list `cells`."""
    return [_notebook_cell(cell, number) for number, cell in enumerate(found, 1)]


def _notebook_cell(found: Any, number: int) -> Cell:
    source = found.get("source") if isinstance(found, dict) else None
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise Unreadable("the cell has no text in it.", f"cell {number}")
    kept = {key: found[key] for key in ("outputs", "execution_count", "attachments") if key in found}
    text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n")
    own = valid_id(found.get("id"))
    return cell_of(found.get("cell_type"), text, found.get("metadata"), kept, number=number, id=own)


def _what_is_wrong(error: json.JSONDecodeError) -> str:
    """Where the parser stopped, in its own words; and that the text was cut off, if it ends there."""
    at = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"this notebook was cut off; it ends in the middle, at {at} of the file: {error.msg}."
    return f"this notebook is damaged at {at} of the file, before `{error.doc[error.pos]}`: {error.msg}."


def readable_cells(text: str) -> list[Cell]:
    """The cells that are whole in the text of a damaged notebook, in order."""
    decoder = json.JSONDecoder(strict=False)
    found, at = [], text.find('"cells"') + 1
    while match := CELL.search(text, at):
        try:
            value, at = decoder.raw_decode(text, match.start())
            found += [_notebook_cell(value, len(found) + 1)] if "cell_type" in value else []
        except (json.JSONDecodeError, Unreadable):
            at = match.end()
    return found


def to_notebook(cells: Iterable[Cell], metadata: dict[str, Any] | None = None) -> Notebook:
    """The cells as a notebook, nbgrader's metadata complete, each with an id of its own that never changes.

    A cell's id is its own, else its grade_id, else a hash of what it says: the same cells always give the same bytes.
    """
    taken: set[str] = set()
    whole = {"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)} | (metadata or {})
    found = [_as_json(cell, taken) for cell in cells]
    return {"cells": found, "metadata": whole, "nbformat": 4, "nbformat_minor": 5}


def _as_json(cell: Cell, taken: set[str]) -> dict[str, Any]:
    """The cell as a notebook has it; its id is one that is not `taken`, and is so from now on."""
    said = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:12]
    name = cell.id or valid_id(cell.grade_id) or said
    candidates = (name, *(f"{name}-{count}" for count in range(2, len(taken) + 3)))
    cell_id = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(cell_id)
    kept = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    kept |= {key: value for key, value in cell.extra.items() if key == "attachments" or key in kept}
    return {"cell_type": cell.kind, "id": cell_id, "metadata": metadata_of(cell), "source": cell.source, **kept}


def write_notebook(notebook: Notebook, path: Path) -> bool:
    """Write the notebook as Jupyter does; tell whether the file changed."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False)
    return write_if_changed(path, text + "\n")


def write_cells(cells: Iterable[Cell], path: Path, metadata: dict[str, Any] | None = None) -> bool:
    """Write a lesson's file as .ipynb or as percent-format .py, as its name says; tell whether it changed."""
    if path.suffix == ".ipynb":
        return write_notebook(to_notebook(cells, metadata), path)
    return write_if_changed(path, to_percent(cells))
