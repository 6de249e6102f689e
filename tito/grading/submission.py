"""A submitted notebook, read whatever state it is in, and made fit to be graded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.errors import LessonError
from tito.lesson.cell import Cell
from tito.lesson.formats import KERNEL, Notebook, NotebookError, blank, load_notebook, to_notebook, with_ids
from tito.lesson.lesson import read_lesson, read_text
from tito.student.align import Cells, name_of
from tito.student.judge import Row, mend
from tito.student.oddities import about_file

KINDS = ("code", "markdown", "raw")
SKIPPING = "skip-execution"  # a tag with which a cell is not run, and so does not fail
KEPT = ("id", "source", "attachments")  # of a student's cell: no outputs


@dataclass(frozen=True)
class Submission:
    """A submission as it is to be graded, and a sentence for each thing that was mended or noticed.

    `readable` is false where nothing could be read from the file; then the notebook holds the checks alone.
    """

    notebook: Notebook
    sentences: tuple[str, ...]
    readable: bool


def read_submission(path: Path, master: Path) -> Submission:
    """The notebook at `path`, with the checks of the master at `master`. The file itself is not changed.

    Raises LessonError where the master cannot be read; a submission that cannot has no cells of its own.
    """
    released = blank(to_notebook(read_lesson(master)))["cells"]
    try:
        notebook = load_notebook(read_text(path))
    except LessonError as error:
        cells, _ = mended([], released)
        return Submission(_whole(cells, {}), (_unreadable(error),), False)
    cells, sentences = mended(notebook["cells"], released)
    metadata = notebook.get("metadata")
    whole = _whole(cells, metadata if isinstance(metadata, dict) else {})
    return Submission(whole, (*about_file(path), *sentences), True)


def _unreadable(error: LessonError) -> str:
    message = error.message
    said = message[0].upper() + message[1:] if isinstance(error, NotebookError) else message
    return f"{said} Nothing in it could be graded; hand in the notebook again."


def mended(mine: Cells, released: Cells) -> tuple[Cells, tuple[str, ...]]:
    """The student's cells as they are to be graded, and what is to be said about them."""
    wanted = {name_of(cell): cell for cell in released if name_of(cell)}
    lesson = [_cell(cell, 0) for cell in released]
    found = mend([_cell(cell, number) for number, cell in enumerate(mine, 1)], lesson, lambda cell: f"cell {cell.line}")
    cells = [_dressed(row, mine, wanted) for row in found.rows]
    gone = [_gone_sentence(cell) for cell in found.gone]
    return cells, (*found.notes, *found.copied, *gone, *found.undefined)


def _gone_sentence(cell: Cell) -> str:
    return f"The {'check' if cell.is_check else 'open question'} {cell.grade_id} was gone; it was put back."


def _cell(cell: dict[str, Any], number: int) -> Cell:
    """A notebook's cell as a lesson's; what nbgrader's marks say but the grade_id is the release's business."""
    options = cell["metadata"].get("nbgrader")
    flags = {key: isinstance(options, dict) and options.get(key) is True for key in ("grade", "solution")}
    points = options.get("points", 0) if isinstance(options, dict) else 0
    points = float(points) if isinstance(points, int | float) else 0.0
    own = cell.get("id")
    id_ = own if isinstance(own, str) else ""
    return Cell(cell["cell_type"], cell["source"], name_of(cell) or None, **flags, points=points, line=number, id=id_)


def _dressed(row: Row, mine: Cells, wanted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A row as a notebook's cell: the student's own metadata where it does not count, else the release's."""
    own = {} if row.origin is None else mine[row.origin]
    given = wanted.get(row.cell.grade_id or "")
    kept = {key: own[key] for key in KEPT if key in own}
    metadata = _without_marks(own.get("metadata", {}))
    if given is not None:
        metadata = given["metadata"] if row.cell.is_check else metadata | given["metadata"]
    kind = row.cell.kind if row.cell.kind in KINDS else "raw"
    return kept | {"cell_type": kind, "source": row.cell.source, "metadata": dict(metadata)}


def _without_marks(metadata: dict[str, Any]) -> dict[str, Any]:
    """A student's metadata without nbgrader's marks and without the tag that keeps a cell from being run."""
    kept = {key: value for key, value in metadata.items() if key not in ("nbgrader", "tito", "tags")}
    tags = metadata.get("tags")
    return kept | ({"tags": [tag for tag in tags if tag != SKIPPING]} if isinstance(tags, list) else {})


def _whole(cells: Cells, metadata: dict[str, Any]) -> Notebook:
    """A notebook in nbformat 4.5."""
    return {
        "cells": with_ids([{key: value for key, value in cell.items() if key != "id" or value} for cell in cells]),
        "metadata": {"kernelspec": dict(KERNEL)} | metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
