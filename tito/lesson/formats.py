"""Notebooks: read from percent-format and .ipynb text, built from a lesson, stripped of solutions, written.

A notebook is here a plain dictionary in nbformat 4.5. jupytext is imported when percent-format text is first read
or written, and nothing else of Jupyter's is needed.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tito.errors import LessonError
from tito.files import write_if_changed
from tito.lesson.regions import CODE_STUB, TEXT_STUB, mark_answer, strip_hidden, strip_solutions
from tito.lesson.salvage import what_is_wrong

if TYPE_CHECKING:
    from tito.lesson.cell import Cell
    from tito.lesson.lesson import Lesson

Notebook = dict[str, Any]

HIDDEN_MARK = {"hidden_tests": True}  # a cell's "tito" metadata, which stays when the hidden tests are taken out
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
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


class NotebookError(LessonError):
    """Text that cannot be read as cells. `line` is a line, or a cell's number in a notebook; 0 where unknown."""

    def __init__(self, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message, hint)
        self.line = line


class Damaged(NotebookError):
    """A notebook's text that is not JSON; some of its cells may be whole (see tito.lesson.salvage)."""


@dataclass(frozen=True)
class RawCell:
    """A cell as its file has it: `code`, `markdown` or `raw`, with all its metadata."""

    kind: str
    source: str
    metadata: dict[str, Any]
    line: int
    id: str = ""


# jsonschema, which nbformat imports, builds a grammar of international addresses where it finds rfc3987_syntax: a
# second and more, for a check that no notebook needs; isoduration and rfc3986_validator cost it less, and as
# needlessly. jupytext, where it finds a Jupyter server, makes itself ready to serve files to it. All are optional to
# their importers, which catch the ImportError that a None in sys.modules gives.
NOT_NEEDED = (
    "rfc3987_syntax",
    "rfc3986_validator",
    "isoduration",
    "jupytext.sync_contentsmanager",
    "jupytext.async_contentsmanager",
)


@contextmanager
def not_importing(*names: str) -> Iterator[None]:
    """Within the block, an import of a module in `names` fails, unless it was imported before."""
    blocked = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]


def quick_import(name: str) -> ModuleType:
    """Import a module that itself imports nbformat, without the slow packages that it does not need."""
    with not_importing(*NOT_NEEDED):
        return import_module(name)


QUOTES = ('r"""', '"""')
HEADER = re.compile(r"\s*#\s*%%(%*\s.*)?$")


def read_percent(text: str) -> list[RawCell]:
    """The cells of a percent-format Python file, as jupytext reads them, with their lines.

    The header between the `# ---` lines, which says nothing that matters here, is left out.
    """
    if not text.strip():
        raise NotebookError("this file is empty.")
    lines = text.splitlines()
    skipped = _header_size(lines)
    headers = [number for number, line in enumerate(lines, 1) if number > skipped and HEADER.match(line)]
    if any(line.strip() for line in lines[skipped : headers[0] - 1 if headers else None]):
        headers = [skipped, *headers]  # text above the first header is a cell, too
    cells = []
    for cell in quick_import("jupytext").reads("\n".join(lines[skipped:]), fmt="py:percent").cells:
        headers = _from_own_header(headers, lines, cell.source)
        line = max(headers[0], 1) if headers else 1
        if "incorrectly_encoded_metadata" in cell.metadata:
            raise NotebookError(f"the cell's options are not valid JSON: {lines[line - 1].strip()}", line)
        _check_quotes(cell, lines, line)
        cells.append(RawCell(cell.cell_type, cell.source, dict(cell.metadata), line))
        headers = headers[1:]
    return cells


def _check_quotes(cell: Any, lines: list[str], line: int) -> None:
    """A text cell that lost one of its marks holds others, and what follows: jupytext reads on to the next mark."""
    text = cell.source.split("\n")
    below = lines[line : line + len(text) + 1]
    marks = [mark for mark in text if mark in QUOTES and mark in below] if cell.cell_type == "markdown" else []
    if marks:
        is_open = marks[0] == 'r"""' or text[0] in QUOTES
        mends = ['begin it with a line `r"""`, under its `# %% [markdown]`', 'end its text with a line `"""`']
        words = f"this text cell has lost its quotes: {mends[is_open]}."
        raise NotebookError(words, line, "Nothing was run or changed.")


def _header_size(lines: list[str]) -> int:
    """How many lines the header at the top takes, if there is one, with the blank lines after it."""
    ends = [number for number, line in enumerate(lines) if line.rstrip() == "# ---"]
    has_header = len(ends) >= 2 and all(line.startswith("#") for line in lines[: ends[1]])
    below = range(ends[1] + 1 if has_header else 0, len(lines))
    return next((number for number in below if lines[number].strip()), len(lines))


def _from_own_header(headers: list[int], lines: list[str], source: str) -> list[int]:
    """`headers` (line numbers) from the first that `source` follows: a line in a string can look like a header."""
    first = source.split("\n")[0].strip()
    own = (i for i, number in enumerate(headers) if any(first in line for line in lines[number : number + 3]))
    return headers[next(own, 0) :]


def read_ipynb(text: str) -> list[RawCell]:
    """The cells of a notebook in nbformat 4. Their lines are their numbers, from 1."""
    cells = load_notebook(text)["cells"]
    return [_raw_cell(cell, number) for number, cell in enumerate(cells, 1)]


def _raw_cell(cell: dict[str, Any], number: int) -> RawCell:
    own = cell.get("id")
    return RawCell(cell["cell_type"], cell["source"], cell["metadata"], number, own if isinstance(own, str) else "")


def load_notebook(text: str) -> Notebook:
    """A notebook in nbformat 4 as its file has it, whoever saved it; each cell's source as one string.

    Sources may be lists of lines, and ids or metadata missing, as in notebooks of nbformat_minor 0 to 4.
    """
    if not text.strip():
        raise NotebookError("this notebook is empty.")
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise Damaged(what_is_wrong(error)) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError("this is not a notebook in nbformat 4: it has no list of cells.")
    cells = [plain_cell(cell, number) for number, cell in enumerate(notebook["cells"], 1)]
    return {**notebook, "cells": cells}


def plain_cell(cell: Any, number: int) -> dict[str, Any]:
    """The cell `number` of a notebook with one string for its source; all else as its file has it."""
    source = cell.get("source") if isinstance(cell, dict) else None
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise NotebookError("the cell has no text in it.", number)
    metadata = cell.get("metadata", {})
    plain = {
        "cell_type": cell.get("cell_type", "raw"),
        "metadata": metadata if isinstance(metadata, dict) else {},
        "source": "".join(lines).replace("\r\n", "\n").replace("\r", "\n"),
    }
    return {**cell, **plain}


def to_notebook(lesson: Lesson, *, released: bool = False) -> Notebook:
    """The lesson as a notebook: its cells without outputs, nbgrader's metadata complete, ids that never change.

    A cell's id is its grade_id, else a hash of what it says, so the same lesson always gives the same bytes. Where the
    lesson is one of an edition (`released`), its open questions stay as they are.
    """
    taken: set[str] = set()
    cells = [_notebook_cell(cell, _unique(_cell_id(cell), taken), released) for cell in lesson.cells]
    metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell_id(cell: Cell) -> str:
    if cell.grade_id is not None and re.fullmatch(r"[A-Za-z0-9_-]{1,60}", cell.grade_id):
        return cell.grade_id
    return _hash(cell.kind, cell.source)


def _hash(kind: str, source: str) -> str:
    return hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:12]


def _unique(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name}-{count}" for count in range(2, len(taken) + 3)))
    found = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(found)
    return found


def with_ids(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells of an nbformat 4.5 notebook: each with an id of its own, code with outputs, even if there are none."""
    taken: set[str] = set()
    rest = {"execution_count": None, "outputs": []}
    whole = [(rest if cell["cell_type"] == "code" else {}) | cell for cell in cells]
    ids = [cell.get("id") or _hash(cell["cell_type"], cell["source"]) for cell in whole]
    return [{**cell, "id": _unique(name, taken)} for cell, name in zip(whole, ids, strict=True)]


def _notebook_cell(cell: Cell, cell_id: str, released: bool) -> dict[str, Any]:
    outputs = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    is_open = cell.is_manual and cell.kind == "markdown" and not released
    source = mark_answer(cell.source) if is_open else cell.source
    return {"cell_type": cell.kind, "id": cell_id, "metadata": _metadata(cell), "source": source, **outputs}


def _metadata(cell: Cell) -> dict[str, Any]:
    mark = {"tito": dict(HIDDEN_MARK)} if cell.hidden else {}
    return _nbgrader_metadata(cell) | mark


def _nbgrader_metadata(cell: Cell) -> dict[str, Any]:
    if cell.grade_id is None and not (cell.grade or cell.solution):
        return {}
    options = {
        "grade": cell.grade,
        "grade_id": cell.grade_id or "",
        "locked": not cell.solution,
        "schema_version": 3,
        "solution": cell.solution,
        "task": False,
    }
    return {"nbgrader": options | ({"points": _number(cell.points)} if cell.grade else {})}


def _number(points: float) -> float | int:
    return int(points) if points.is_integer() else points


def blank(notebook: Notebook) -> Notebook:
    """The notebook as a learner gets it: nbgrader's own stubs for solutions, no hidden tests, outputs cleared.

    A cell that had hidden tests keeps its mark. Raises NotebookError where a region is not closed, or stands in a cell
    where it does not belong.
    """
    cells = [_blank_cell(cell, number) for number, cell in enumerate(notebook["cells"], 1)]
    return {**notebook, "cells": cells}


def _blank_cell(cell: dict[str, Any], number: int) -> dict[str, Any]:
    try:
        source = _blank_source(cell)
    except ValueError as error:
        raise NotebookError(f"cell {number}: {error}") from error
    cleared = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
    return {**cell, "source": source, **cleared}


def _blank_source(cell: dict[str, Any]) -> str:
    options = cell["metadata"].get("nbgrader", {})
    stub = CODE_STUB if cell["cell_type"] == "code" else TEXT_STUB
    source = strip_solutions(cell["source"], stub)
    if source is None:
        source = stub if options.get("solution") else cell["source"]
    elif not options.get("solution"):
        raise ValueError("a solution region in a cell that is no solution.")
    visible = strip_hidden(source)
    if visible is not None and not options.get("grade"):
        raise ValueError("hidden tests in a cell that is not graded.")
    return source if visible is None else visible


def write_notebook(notebook: Notebook, path: Path) -> bool:
    """Write the notebook as Jupyter does; tell whether the file changed."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, sort_keys=True, ensure_ascii=False)
    return write_if_changed(path, text + "\n")


def to_percent(notebook: Notebook) -> str:
    """The notebook as a percent-format Python file, with the header and the compact options that lessons have."""
    jupytext = quick_import("jupytext")
    node = quick_import("nbformat").from_dict(
        {
            **notebook,
            "metadata": {"jupytext": {"notebook_metadata_filter": "-all"}},
            "cells": [_percent_cell(cell) for cell in notebook["cells"]],
        }
    )
    return PERCENT_HEADER + jupytext.writes(node, fmt="py:percent").lstrip("\n").rstrip("\n") + "\n"


def _percent_cell(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {**cell["metadata"], "lines_to_next_cell": 1}
    if "nbgrader" in metadata:
        kept = ("grade", "solution", "grade_id", "points")
        metadata["nbgrader"] = {key: metadata["nbgrader"][key] for key in kept if metadata["nbgrader"].get(key)}
    if cell["cell_type"] == "markdown" and '"""' not in cell["source"]:
        metadata["cell_marker"] = 'r"""'
    return {**cell, "metadata": metadata}
