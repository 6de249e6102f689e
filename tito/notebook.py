"""Notebooks: read from percent-format and .ipynb text, built from a lesson, stripped of solutions, written.

A notebook is here a plain dictionary in nbformat 4.5. jupytext is imported when a percent-format file is first
read, and nothing else of Jupyter's is needed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any


class NotebookError(Exception):
    """Text that cannot be read as cells. `line` is a line, or a cell's number in a notebook; 0 where unknown."""

    def __init__(self, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


@dataclass(frozen=True)
class RawCell:
    """A cell as its file has it: `code`, `markdown` or `raw`, with all its metadata."""

    kind: str
    source: str
    metadata: dict[str, Any]
    line: int


# jsonschema, which nbformat imports, builds a grammar of internationalised addresses when it finds rfc3987_syntax:
# a second and more, for a check that no notebook needs. jupytext imports jupyter_server to plug into it: a tenth of
# a second. Both are optional to their importers, which catch the ImportError that a None in sys.modules gives.
NOT_NEEDED = ("rfc3987_syntax", "jupyter_server")


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


HEADER = re.compile(r"\s*#\s*%%(%*\s.*)?$")


def read_percent(text: str) -> list[RawCell]:
    """The cells of a percent-format Python file, as jupytext reads them, with their lines."""
    jupytext = quick_import("jupytext")
    found = jupytext.reads(text, fmt="py:percent").cells
    lines = text.splitlines()
    line = 0
    cells = []
    for cell in found:
        line = _header_line(lines, line, cell.source)
        if "incorrectly_encoded_metadata" in cell.metadata:
            raise NotebookError(f"the cell's options are not valid JSON: {lines[line - 1].strip()}", line)
        cells.append(RawCell(cell.cell_type, cell.source, dict(cell.metadata), line))
    return cells


def _header_line(lines: list[str], after: int, source: str) -> int:
    """The line, from 1, of the first header below line `after` that `source` follows."""
    first = source.splitlines()[0].strip() if source.strip() else ""
    headers = [number for number, line in enumerate(lines[after:], after + 1) if HEADER.match(line)]
    for number in headers:
        if any(first in line for line in lines[number : number + 3]):
            return number
    return headers[0] if headers else after + 1


def read_ipynb(text: str) -> list[RawCell]:
    """The cells of a notebook in nbformat 4. Their lines are their numbers, from 1."""
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotebookError(f"this is not a notebook: {error.msg} at line {error.lineno}.") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError("this is not a notebook in nbformat 4: it has no list of cells.")
    return [_raw_cell(cell, number) for number, cell in enumerate(notebook["cells"], 1)]


def _raw_cell(cell: Any, number: int) -> RawCell:
    source = cell.get("source") if isinstance(cell, dict) else None
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise NotebookError("the cell has no text in it.", number)
    metadata = cell.get("metadata", {})
    text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n")
    return RawCell(cell.get("cell_type", "raw"), text, metadata if isinstance(metadata, dict) else {}, number)
