"""Lessons as editors save them: JupyterLab, VS Code, Colab, a text editor. Each is read, tested, completed, updated.

What JupyterLab saves was taken from a real server that a browser worked in; CI has no browser, so the same file is made
here by the parts that write it there, a kernel that runs every cell and nbformat.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import fill, fill_in
from tests.tito.small_project import FIRST, printed, write_lesson
from tito.actions.complete import complete
from tito.actions.release import release
from tito.actions.status import status
from tito.actions.update import update
from tito.lesson.find import find_lesson
from tito.lesson.quick_import import quick_import
from tito.project import Project

ANSWERS = {"double": "return 2 * x", "root": "return math.sqrt(x)"}
HIDDEN = "test_unit_root()\n### BEGIN HIDDEN TESTS\nassert root(2.25) == 1.5\n### END HIDDEN TESTS\n"
Notebook = dict[str, Any]


@pytest.fixture
def mine(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A student's folder with notebooks, as the current folder."""
    write_lesson(project.root, FIRST.replace("test_unit_root()\n", HIDDEN))
    release(project, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    return Project(tmp_path / "mine")


def solved(notebook: Notebook) -> Notebook:
    """The notebook with the answers typed in, sources as single strings."""
    cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    fill(cells, ANSWERS)
    return {**notebook, "cells": cells}


def by_jupyterlab(notebook: Notebook, folder: Path) -> str:
    """All cells run by a kernel, then written as Jupyter's server does; signs of trust and of runs stay in it."""
    node = quick_import("nbformat").from_dict(notebook)
    run = quick_import("nbclient").NotebookClient(node, kernel_name="python3", resources={"metadata": {"path": folder}})
    run.execute()
    for cell in node.cells:
        cell.metadata["trusted"] = True
        if cell.cell_type == "code":
            cell.metadata["editable"], cell.metadata["slideshow"] = True, {"slide_type": ""}
            cell.metadata["execution"] = {"iopub.status.busy": "2026-11-22T11:14:01.000Z"}
    return quick_import("nbformat").writes(node, version=quick_import("nbformat").NO_CONVERT)


def by_vs_code(notebook: Notebook, folder: Path) -> str:
    """Ids kept, sources as lists, one space of indentation, the kernel of a virtual environment."""
    found = copy.deepcopy(notebook)
    for number, cell in enumerate(found["cells"]):
        cell["source"] = cell["source"].splitlines(keepends=True)
        cell["metadata"]["vscode"] = {"languageId": "python"}
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
    kernel = {"display_name": ".venv (3.11.7)", "language": "python", "name": "python3"}
    found["metadata"] = {"kernelspec": kernel, "language_info": {"name": "python", "version": "3.11.7"}}
    return json.dumps({**found, "nbformat_minor": 5}, indent=1)


def by_colab(notebook: Notebook, folder: Path) -> str:
    """nbformat_minor 0: no ids but in the metadata, sources as lists, Colab's own metadata, no final line end."""
    found = copy.deepcopy(notebook)
    for number, cell in enumerate(found["cells"]):
        del cell["id"]
        cell["source"] = cell["source"].splitlines(keepends=True)
        cell["metadata"] |= {"id": f"xY{number}zAb_"}
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"colab": {"base_uri": "https://localhost:8080/"}, "outputId": f"out-{number}"}
    metadata = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({**found, "metadata": metadata | {"language_info": {"name": "python"}}, "nbformat_minor": 0})


def by_an_old_notebook(notebook: Notebook, folder: Path) -> str:
    """nbformat 4.4: no ids, sources as strings, the cell toolbar's setting in the metadata."""
    cells = [{key: value for key, value in cell.items() if key != "id"} for cell in notebook["cells"]]
    metadata = {"celltoolbar": "Create Assignment"}
    return json.dumps({**notebook, "cells": cells, "metadata": metadata, "nbformat_minor": 4})


editors = pytest.mark.parametrize("save", [by_jupyterlab, by_vs_code, by_colab, by_an_old_notebook])


def saved(mine: Project, save: Callable[[Notebook, Path], str]) -> Path:
    """The first lesson solved, and saved by an editor."""
    path = mine.modules / "01_first/first_dev.ipynb"
    path.write_text(save(solved(json.loads(path.read_text(encoding="utf-8"))), path.parent), encoding="utf-8")
    return path


@editors
def test_a_notebook_as_an_editor_saves_it_is_tested_and_completed(mine, save):
    path = saved(mine, save)
    before = path.read_bytes()
    result = printed("module test 1")
    assert (result["earned"], result["findings"], result["hidden"]) == (5.0, [], ["test-root"])
    done = complete(mine, find_lesson(mine, "1"))
    assert done.done and done.findings == ()
    assert status(mine)[0].state == "complete" and path.read_bytes() == before


@editors
def test_a_notebook_as_an_editor_saves_it_takes_an_update(mine, project, save):
    path = saved(mine, save)
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    write_lesson(project.root, FIRST.replace("# First: doubling", "# First: twice").replace("(0.5, 2.0)", "(0.5, 3.0)"))
    row = update(mine, project.root).lessons[0]
    assert (row.state, row.carried, row.kept, row.notes) == ("updated", ("double", "root"), "", ())
    notebook = json.loads(path.read_text(encoding="utf-8"))
    quick_import("nbformat").validate(quick_import("nbformat").from_dict(notebook))
    assert {key: notebook["metadata"][key] for key in metadata} == metadata
    assert complete(mine, find_lesson(mine, "1")).done


def test_running_a_notebook_is_no_edit(mine):
    saved(mine, lambda notebook, folder: json.dumps(notebook))
    assert complete(mine, find_lesson(mine, "1")).done
    path = mine.modules / "01_first/first_dev.ipynb"
    path.write_text(by_jupyterlab(json.loads(path.read_text(encoding="utf-8")), path.parent), encoding="utf-8")
    assert '"execution_count": 1' in path.read_text(encoding="utf-8")
    assert status(mine)[0].state == "complete"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_lesson_is_solved_in_a_text_editor(project, tmp_path, monkeypatch, ends):
    release(project, tmp_path / "mine", "py")
    monkeypatch.chdir(tmp_path / "mine")
    path = tmp_path / "mine/modules/01_first/first_dev.py"
    text = fill_in(path, ANSWERS).read_text(encoding="utf-8")
    path.write_bytes(text.rstrip("\n").replace("\n", ends).encode() + b"   ")
    assert printed("module complete 1")["result"]["earned"] == 5.0
