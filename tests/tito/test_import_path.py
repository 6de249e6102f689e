"""What a lesson's imports find: the project's own tinytorch before any other, and no file in the place of a package."""

from __future__ import annotations

import pytest

from tests.tito.small_project import FIRST, SECOND, write_lesson
from tito.actions.complete import complete
from tito.actions.doctor import examine
from tito.actions.machine import Row
from tito.actions.run import run_lesson
from tito.lesson.find import find_lesson
from tito.project import Project


def names_row(project: Project) -> Row:
    [row] = [row for row in examine(project) if row.name == "file names"]
    return row


@pytest.mark.parametrize("place", [".", "modules/01_first"])
@pytest.mark.parametrize("name", ["numpy", "random", "IPython", "click"])
def test_a_file_named_as_a_module_hides_it_from_no_run(project, place, name):
    (project.root / place / f"{name}.py").write_text("raise ImportError('the wrong file')\n", encoding="ascii")
    check = f"def test_unit_double():\n    import {name}"
    write_lesson(project.root, FIRST.replace("def test_unit_double():", check))
    result = run_lesson(project, find_lesson(project, "1"))
    assert result.passed and result.findings == ()


def test_a_file_of_ones_own_beside_the_lesson_is_found(project):
    (project.modules / "01_first/my_helper.py").write_text("TWO = 2\n", encoding="ascii")
    write_lesson(project.root, FIRST.replace("return 2 * x", "import my_helper\n    return my_helper.TWO * x"))
    assert run_lesson(project, find_lesson(project, "1")).passed


def test_the_projects_own_package_is_found_before_an_installed_one(project, tmp_path, monkeypatch):
    other = tmp_path / "other/tinytorch/core"
    other.mkdir(parents=True)
    for folder in (other, other.parent):
        (folder / "__init__.py").write_text("", encoding="ascii")
    (other / "first.py").write_text("def double(x): return 0\n", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    complete(project, find_lesson(project, "1"))
    write_lesson(project.root, SECOND, "02_second")
    assert run_lesson(project, find_lesson(project, "2")).passed


def test_the_doctor_names_files_that_hide_a_module_in_a_notebook(project):
    assert names_row(project) == Row("file names", "none hides a module", True)
    for name in ("scipy", "random"):
        (project.modules / f"01_first/{name}.py").write_text("", encoding="ascii")
    row = names_row(project)
    files = "modules/01_first/random.py, modules/01_first/scipy.py"
    assert row.ok and row.found == f"{files}: named as a module" and row.mend == f"Rename {files}."


def test_a_file_that_hides_nothing_is_not_named(project):
    for name in ("mine.py", "setup.py", "not-a-name.py"):
        (project.root / name).write_text("", encoding="ascii")
    (project.root / "datasets").mkdir()
    assert names_row(project).found == "none hides a module"
