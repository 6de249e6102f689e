"""A student's lesson file as a notebook, whoever saved it, and written back in the format it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tito.files import unused, write_atomic
from tito.lesson.formats import KERNEL, Notebook, load_notebook, read_percent, to_percent, with_ids, write_notebook
from tito.lesson.lesson import Lesson, read_text
from tito.student.align import name_of


def read_file(path: Path) -> Notebook:
    """The file's notebook, with all that an editor put there; a .py file gives cells without ids or outputs.

    Raises LessonError where the file cannot be read.
    """
    text = read_text(path)
    if path.suffix == ".ipynb":
        return load_notebook(text)
    cells = [{"cell_type": raw.kind, "source": raw.source, "metadata": raw.metadata} for raw in read_percent(text)]
    return {"cells": cells, "metadata": {}}


def write_file(notebook: Notebook, path: Path) -> None:
    """Write a notebook as .ipynb, in nbformat 4.5 and with a kernel to open it with, or as percent-format .py."""
    metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}} | notebook["metadata"]
    whole = {**notebook, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    if path.suffix == ".ipynb":
        write_notebook(whole, path)
    else:
        write_atomic(path, to_percent(whole))


def file_of(lesson: Lesson, folder: Path, suffix: str) -> Path:
    """Where a lesson's file of this format lies, in modules/ or where the lessons lie as they were released."""
    return folder / lesson.number_name / f"{lesson.name}_dev{suffix}"


def path_beside(target: Path) -> Path:
    """A new file beside the lesson at `target`, for what has no place in it any more."""
    return unused(target.with_name(f"{target.stem.removesuffix('_dev')}-kept{target.suffix}"))


def notebook_beside(cells: list[dict[str, Any]]) -> Notebook:
    """The notebook for that file: the cells without their marks, under a word about them."""
    names = ", ".join(filter(None, map(name_of, cells)))
    text = "Cells of yours that have no place in the lesson as it is now" + (f": {names}." if names else ".")
    first = {"cell_type": "markdown", "metadata": {}, "source": text}
    return {"cells": with_ids([first, *({**cell, "metadata": {}} for cell in cells)]), "metadata": {}}
