"""Courses for nbgrader, its commands, and students who hand in notebooks."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from tests.notebooks import Answers, Notebook, grade_id, options
from tests.tito.small_project import REPOSITORY
from tito.project import Project


def part_of_the_lessons(root: Path, names: Iterable[str]) -> Project:
    """A source tree with some of this repository's lessons."""
    for name in ("settings.ini", "datasets", "tinytorch/support", *(f"modules/{name}" for name in names)):
        source, target = REPOSITORY / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    return Project(root)


def nbgrader(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of nbgrader in a folder, as an instructor or a student types it."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=folder, env=environment(), capture_output=True, text=True
    )


def together(folder: Path, *commands: list[str]) -> None:
    """Run commands of nbgrader side by side; each must succeed."""
    start = [sys.executable, "-m", "nbgrader"]
    how = {"cwd": folder, "env": environment(), "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*start, *command], **how) for command in commands]
    for command, process in zip(commands, running, strict=True):
        said = process.communicate()[1]
        assert process.returncode == 0, f"nbgrader {' '.join(command)}: {said}"


def environment() -> dict[str, str]:
    """An environment in which nbgrader's kernels find this repository, and no settings of whoever runs the tests."""
    nowhere = str(Path(gettempdir()) / "no-jupyter-config")
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "JUPYTER_CONFIG_DIR": nowhere}


def is_answer(cell: dict[str, Any]) -> bool:
    """Whether a learner fills in this cell."""
    return options(cell).get("solution", False)


def is_exercise(cell: dict[str, Any]) -> bool:
    """Whether a learner fills in this cell, and a check tests it."""
    return is_answer(cell) and not options(cell)["grade"]


def is_question(cell: dict[str, Any]) -> bool:
    """Whether a learner fills in this cell, and a person grades it."""
    return is_answer(cell) and options(cell)["grade"]


def checks(notebook: Notebook) -> list[str]:
    """The grade_ids of the notebook's checks."""
    return [grade_id(cell) for cell in notebook["cells"] if options(cell).get("grade") and not is_answer(cell)]


def answers(notebook: Notebook) -> Answers:
    """What stands in the notebook's exercises, by grade_id."""
    return {grade_id(cell): cell["source"] for cell in notebook["cells"] if is_exercise(cell)}


def changed(notebook: Notebook, name: str, change: Callable[[dict[str, Any]], object]) -> Notebook:
    """A copy of the notebook in which the cell `name` was changed in place."""
    copy = json.loads(json.dumps(notebook))
    change(next(cell for cell in copy["cells"] if grade_id(cell) == name))
    return copy


def without(notebook: Notebook, *names: str) -> Notebook:
    """A copy of the notebook that lacks some cells."""
    return {**notebook, "cells": [cell for cell in notebook["cells"] if grade_id(cell) not in names]}


def points(course: Path, student: str, assignment: str) -> dict[str, float | None] | None:
    """What the gradebook holds for each graded cell of a submission; None where it holds no submission."""
    with closing(sqlite3.connect(course / "gradebook.db")) as gradebook:
        rows = gradebook.execute(GRADES, (student, assignment)).fetchall()
    return dict(rows) or None


GRADES = """
select base_cell.name, grade.auto_score from grade
join base_cell on base_cell.id = grade.cell_id
join submitted_notebook on submitted_notebook.id = grade.notebook_id
join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
join assignment on assignment.id = submitted_assignment.assignment_id
where submitted_assignment.student_id = ? and assignment.name = ?
"""


def seen(page: Path) -> str:
    """What a reader of an HTML page sees, without the pictures and the styles."""
    text = re.sub(r"<(style|script).*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", text))
