"""A file that hides a module is named where its harm shows, and by the doctor."""

from __future__ import annotations

import pytest

from tests.tito.small_project import FIRST, tito, write_lesson
from tito.actions.doctor import Finding, examine
from tito.lesson.find import find_lesson
from tito.project import Project
from tito.run.runner import run_lesson
from tito.run.shadow import hiding_files

SENTENCE = "The file numpy.py hides the module numpy, which lessons import; rename it."


def names_row(project: Project) -> Finding:
    [row] = [row for row in examine(project) if row.name == "file names"]
    return row


@pytest.mark.parametrize("use", ["numpy.dtype('float32')", "import ml_dtypes", "from numpy import array"])
def test_a_file_that_hides_a_package_is_named_in_the_message(student, use):
    (student.root / "numpy.py").write_text("x = 1\n", encoding="ascii")
    check = f"def test_unit_double():\n    import numpy\n    {use}"
    write_lesson(student.root, FIRST)
    write_lesson(student.release, FIRST.replace("def test_unit_double():", check), modules="")
    message = run_lesson(student, find_lesson(student, "1")).verdicts[0].message
    assert SENTENCE in message and "numpy" in message.removesuffix(SENTENCE)
    assert SENTENCE in tito(student.root, "module", "test", "1").stdout


def test_the_doctor_names_files_that_hide_a_module(project):
    assert names_row(project) == Finding("file names", "none hides a module", True)
    for place, name in ((project.modules / "01_first", "scipy"), (project.modules / "01_first", "random")):
        (place / f"{name}.py").write_text("", encoding="ascii")
    row = names_row(project)
    assert not row.ok and "modules/01_first/scipy.py hides the module scipy" in row.found
    (project.modules / "01_first/scipy.py").unlink()
    row = names_row(project)
    assert row.ok and row.mend == "Rename modules/01_first/random.py."


def test_a_file_that_hides_nothing_is_no_finding(project):
    for name in ("mine.py", "setup.py", "not-a-name.py"):
        (project.root / name).write_text("", encoding="ascii")
    (project.root / "datasets").mkdir()
    assert hiding_files(project, [project.modules / "01_first"]) == {}


def test_an_error_that_speaks_of_something_else_is_left_alone(project):
    (project.modules / "01_first/random.py").write_text("", encoding="ascii")
    write_lesson(project.root, FIRST.replace("return 2 * x", "raise KeyError('random')", 1))
    message = run_lesson(project, find_lesson(project, "1")).verdicts[0].message
    assert "KeyError: 'random'" in message and "hides" not in message


def test_a_process_that_does_not_start_is_told_with_the_file_that_may_be_why(project):
    (project.root / "random.py").write_text("", encoding="ascii")
    result = run_lesson(project, find_lesson(project, "1"))
    assert result.problems[0].startswith("The lesson's process did not start.")
    assert "The file random.py hides the module random, which lessons import; rename it." in result.problems[0]
