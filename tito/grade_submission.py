"""A submitted notebook, read whatever state it is in, and made fit to be graded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.errors import LessonError
from tito.grade_mending import RawCell, mend
from tito.lesson import read_lesson, read_text
from tito.notebook import KERNEL, Notebook, NotebookError, blank, read_ipynb, to_notebook

KINDS = ("code", "markdown", "raw")


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
    released = blank(to_notebook(read_lesson(master)))
    readable, sentences = True, ()
    try:
        notebook = _read(path)
    except LessonError as error:
        readable, sentences = False, (_unreadable(error),)
        notebook = {"cells": [], "metadata": {}}
    mended = mend(notebook["cells"], released["cells"])
    kept = mended.sentences if readable else ()
    whole = _notebook(_with_ids(mended.cells), notebook["metadata"])
    return Submission(whole, (*sentences, *kept), readable)


def _unreadable(error: LessonError) -> str:
    message = error.message
    said = message[0].upper() + message[1:] if isinstance(error, NotebookError) else message
    return f"{said} Nothing in it could be graded; hand in the notebook again."


def _read(path: Path) -> Notebook:
    """The notebook's cells without outputs, sources as strings. Raises LessonError where it is none."""
    text = read_text(path)
    cells = read_ipynb(text)
    found = json.loads(text)
    raw = [
        {**old, "cell_type": cell.kind, "source": cell.source, "metadata": cell.metadata}
        for old, cell in zip(found["cells"], cells, strict=True)
    ]
    metadata = found.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    return {"cells": [_without_outputs(cell) for cell in raw], "metadata": kept}


def _without_outputs(cell: RawCell) -> RawCell:
    kept = {key: cell[key] for key in ("id", "metadata", "source", "attachments") if key in cell}
    kind = cell["cell_type"] if cell["cell_type"] in KINDS else "raw"
    return kept | {"cell_type": kind} | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _with_ids(cells: list[RawCell]) -> list[RawCell]:
    """The cells, each with an id of its own, as nbformat 4.5 wants it."""
    taken: set[Any] = set()
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell.get("id"), str) or cell["id"] in taken:
            cell["id"] = f"cell-{number}"
        taken.add(cell["id"])
    return cells


def _notebook(cells: list[RawCell], metadata: dict[str, Any]) -> Notebook:
    return {"cells": cells, "metadata": {"kernelspec": dict(KERNEL)} | metadata, "nbformat": 4, "nbformat_minor": 5}
