"""A small project with three tiny lessons, for tests of tito's commands."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tito.cli import cli
from tito.errors import Finding
from tito.lesson.lesson import Lesson, read_lesson
from tito.project import Project

REPOSITORY = Path(__file__).resolve().parents[2]
HEADER = """# ---
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
SETTINGS = """[DEFAULT]
lib_name = tinytorch
version = 0.1.0
min_python = 3.11
requirements = click
console_scripts = tito=tito.cli:main

[extras]
jupyter = jupyterlab ipykernel
"""
FIRST = '''
# %% [markdown]
r"""
# First: doubling
"""

# %%
#| default_exp core.first

# %%
#| export
import math

# %% nbgrader={"solution": true, "grade_id": "double"}
#| export
def double(x: float) -> float:
    """Return twice `x`."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-double", "points": 3}
def test_unit_double():
    for x in (0.5, 2.0):
        assert double(x) == 2 * x, f"double({x}) gave {double(x)}, wanted {2 * x}"

test_unit_double()

# %% nbgrader={"solution": true, "grade_id": "root"}
#| export
def root(x: float) -> float:
    """Return the square root of `x`."""
    ### BEGIN SOLUTION
    return math.sqrt(x)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-root", "points": 2}
def test_unit_root():
    assert root(9.0) == 3.0, f"root(9.0) gave {root(9.0)}, wanted 3.0"

test_unit_root()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-why", "points": 2}
r"""
Why is it called doubling? Your answer here.
"""
'''
SECOND = '''
# %% [markdown]
r"""
# Second: four times
"""

# %%
#| default_exp core.second

# %%
#| export
from tinytorch.core.first import double

# %% nbgrader={"solution": true, "grade_id": "quadruple"}
#| export
def quadruple(x: float) -> float:
    """Return four times `x`."""
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-quadruple", "points": 5}
def test_unit_quadruple():
    for x in (0.5, 2.0):
        assert quadruple(x) == 4 * x, f"quadruple({x}) gave {quadruple(x)}, wanted {4 * x}"

test_unit_quadruple()
'''
THIRD = '''
# %% [markdown]
r"""
# Third: greeting
"""

# %%
#| default_exp words.third

# %% nbgrader={"solution": true, "grade_id": "greet"}
#| export
def greet(name: str) -> str:
    """Greet `name`."""
    ### BEGIN SOLUTION
    return f"Hello, {name}"
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-greet", "points": 1}
def test_unit_greet():
    for name in ("Ada", "Bo"):
        assert greet(name) == f"Hello, {name}", f"greet({name!r}) gave {greet(name)!r}"

test_unit_greet()
'''
LESSONS = {"01_first": FIRST, "02_second": SECOND, "05_third": THIRD}


def small_project(root: Path) -> Project:
    """A source tree with three solved lessons; the second needs the first."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "settings.ini").write_text(SETTINGS, encoding="utf-8")
    for folder, text in LESSONS.items():
        write_lesson(root, text, folder)
    return Project(root.resolve())


def student_project(root: Path) -> Project:
    """A student's folder: the same lessons blank, and their pristine copies under .tito/release."""
    project = small_project(root)
    for folder, text in LESSONS.items():
        write_lesson(root, blank(text), folder)
        write_lesson(project.release, blank(text), folder, modules="")
    return project


def write_lesson(root: Path, text: str, folder: str = "01_first", modules: str = "modules") -> Path:
    """Write a lesson's cells, after the usual header, where its folder says."""
    path = root / modules / folder / f"{folder[3:]}_dev.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + text, encoding="utf-8")
    return path


def lesson_of(root: Path, text: str) -> tuple[Project, Lesson]:
    """A project with one lesson of these cells."""
    (root / "settings.ini").write_text(SETTINGS, encoding="utf-8")
    return Project(root.resolve()), read_lesson(write_lesson(root.resolve(), text))


def blank(text: str) -> str:
    """The lesson with its solutions replaced by stubs."""
    lines, kept = iter(text.splitlines()), []
    for line in lines:
        if line.strip() == "### BEGIN SOLUTION":
            indent = line[: -len(line.lstrip())]
            kept += [f"{indent}# YOUR CODE HERE", f"{indent}raise NotImplementedError()"]
            while next(lines).strip() != "### END SOLUTION":
                pass
        else:
            kept.append(line)
    return "\n".join(kept) + "\n"


def typed(line: str) -> Result:
    """What the user who types `tito line` gets, in this process."""
    result = CliRunner().invoke(cli, shlex.split(line), prog_name="tito")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def said(line: str, code: int = 0) -> str:
    """What a command says, on one line; it ends with `code`."""
    result = typed(line)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def printed(line: str, code: int = 0) -> Any:
    """What `tito line --json` prints; it ends with `code`."""
    result = typed(f"{line} --json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def codes(found: dict[str, Any] | Iterable[Finding]) -> list[str]:
    """The codes of findings, in a command's JSON or as they are."""
    rows = found["findings"] if isinstance(found, dict) else [{"code": finding.code} for finding in found]
    return [row["code"] for row in rows]


def tito_command(*arguments: str) -> list[str]:
    """The command line of `tito arguments`."""
    return [sys.executable, "-m", "tito", *arguments]


def tito_environment(**more: str) -> dict[str, str]:
    """An environment in which a process finds this repository's tito, wherever it runs."""
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "120"} | more


def tito(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `tito arguments` in a folder, as a user types it."""
    return subprocess.run(
        tito_command(*arguments), cwd=folder, env=tito_environment(**more), capture_output=True, text=True
    )
