"""Reading lessons: what follows from a file, from either format, and what bad input is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tito.small_project import FIRST, HEADER, SETTINGS, write_lesson
from tito.errors import LessonError, NoProject, UnknownLesson
from tito.lesson.code import imported_modules, names_module, outside_functions, tree_of
from tito.lesson.find import find_lesson, lessons
from tito.lesson.formats import write_cells
from tito.lesson.lesson import read_lesson
from tito.lesson.rules import check_rules
from tito.project import Project

ROOT = Path(__file__).resolve().parents[2]


def lesson_file(folder: Path, cells: str) -> Path:
    return write_lesson(folder, cells)


def fails(path: Path) -> LessonError:
    with pytest.raises(LessonError) as caught:
        read_lesson(path)
    return caught.value


def as_notebook(path: Path) -> Path:
    """The same lesson as .ipynb; the .py file goes away."""
    write_cells(read_lesson(path).cells, path.with_suffix(".ipynb"))
    path.unlink()
    return path.with_suffix(".ipynb")


def test_everything_about_a_lesson_follows_from_its_folder_and_its_cells(tmp_path):
    lesson = read_lesson(lesson_file(tmp_path, FIRST))
    assert (lesson.number, lesson.name, lesson.number_name) == ("01", "first", "01_first")
    assert (lesson.module, lesson.title) == ("tinytorch.core.first", "First: doubling")
    assert [cell.grade_id for cell in lesson.exercises] == ["double", "root"]
    assert [(cell.grade_id, cell.points) for cell in lesson.checks] == [("test-double", 3.0), ("test-root", 2.0)]
    assert [cell.grade_id for cell in lesson.manual] == ["open-why"]
    assert lesson.points == 5.0
    assert lesson.exports == ("double", "root")


def test_a_cells_line_is_the_line_of_its_header(tmp_path):
    path = lesson_file(tmp_path, FIRST)
    lines = path.read_text(encoding="utf-8").split("\n")
    cells = read_lesson(path).cells
    assert [cell.line for cell in cells] == [n for n, line in enumerate(lines, 1) if line.startswith("# %%")]


def test_a_header_inside_a_string_is_no_cell_and_moves_no_line(tmp_path):
    path = lesson_file(tmp_path, '# %%\ntext = """\n# %% not a cell\n"""\n\n# %%\nlast = 1\n')
    cells = read_lesson(path).cells
    assert [cell.source for cell in cells] == ['text = """\n# %% not a cell\n"""', "last = 1"]
    first = HEADER.count("\n") + 1
    assert [cell.line for cell in cells] == [first, first + 5]


def test_a_notebook_reads_as_the_same_lesson_with_cells_counted(tmp_path):
    marked = FIRST.replace(" Your answer here.", "\n\n<!-- BEGIN SOLUTION -->\n<!-- END SOLUTION -->")
    path = lesson_file(tmp_path, marked)
    percent = read_lesson(path)
    notebook = read_lesson(as_notebook(path))
    assert notebook.digest == percent.digest
    assert (notebook.module, notebook.title, notebook.points) == (percent.module, percent.title, percent.points)
    assert {cell.line for cell in notebook.cells} == {0} and 0 not in {cell.line for cell in percent.cells}
    assert [cell.number for cell in notebook.cells] == list(range(1, len(percent.cells) + 1))
    assert notebook.place(notebook.cells[2]) == "modules/01_first/first_dev.ipynb, cell 3"
    assert notebook.cells[2].place(2) == "cell 3, line 2"


@pytest.mark.parametrize("suffix", [".py", ".ipynb"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path, suffix):
    path = lesson_file(tmp_path, FIRST)
    path = as_notebook(path) if suffix == ".ipynb" else path
    before = read_lesson(path)
    text = path.read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_lesson(path) == before


def test_running_a_notebook_is_no_edit_and_changing_a_cell_is(tmp_path):
    path = as_notebook(lesson_file(tmp_path, FIRST))
    before = read_lesson(path).digest
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hello\n"]}]
    notebook["cells"][2]["execution_count"] = 7
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert read_lesson(path).digest == before
    notebook["cells"][3]["source"] += ["\n# changed"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert read_lesson(path).digest != before


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("from tinytorch.core.tensor import Tensor", ["tinytorch.core.tensor"]),
        ("import tinytorch.core.layers as nn", ["tinytorch.core.layers"]),
        ("from tinytorch.core import tensor, losses", ["tinytorch.core.tensor", "tinytorch.core.losses"]),
        ("if True:\n    from tinytorch.core.tensor import Tensor", ["tinytorch.core.tensor"]),
        ("def f():\n    from tinytorch.core.autograd import backward", []),
        ("%matplotlib inline\nfrom tinytorch.core.tensor import Tensor", ["tinytorch.core.tensor"]),
        ("import numpy\nimport tinytorch\nimport tinytorchvision.core.x", []),
        ("from tinytorch.core.tensor import (", []),
    ],
)
def test_imports_outside_functions_are_prerequisites(source, modules):
    assert imported_modules(outside_functions(tree_of(source))) == modules


def test_a_lesson_requires_each_module_once_and_not_its_own(tmp_path):
    cells = (
        "# %%\n#| default_exp core.first\n\n# %%\nfrom tinytorch.core.zero import a\n\n"
        "# %%\nfrom tinytorch.core.first import c\nfrom tinytorch.core.zero import b\n"
    )
    assert read_lesson(lesson_file(tmp_path, cells)).requires == ("tinytorch.core.zero",)


@pytest.mark.parametrize("source", ["%%timeit\nx = (", "!ls", "?print", "print?", "x = [\n    1,  # why?\n]\n%pwd"])
def test_what_only_ipython_understands_is_read(tmp_path, source):
    lesson = read_lesson(lesson_file(tmp_path, f"# %%\nfrom tinytorch.core.zero import a\n\n# %%\n{source}\n"))
    assert lesson.requires == ("tinytorch.core.zero",)


def test_only_the_lines_above_the_code_are_directives(tmp_path):
    lesson = read_lesson(lesson_file(tmp_path, "# %%\n#| export\n#| eval: false\nx = 1\n#| hide\n"))
    assert lesson.cells[0].directives == {"export": "", "eval": "false"}


@pytest.mark.parametrize("name", ["tinytorch.core.tensor", "tinytorch.a.b.c_2"])
def test_a_module_lies_in_a_part_of_the_library(name):
    assert names_module(name)


@pytest.mark.parametrize("name", ["", "tinytorch", "tinytorch.x", "tinytorch.core.", "tinytorch...x", "tinytorch.a.if"])
def test_other_names_are_no_modules(name):
    assert not names_module(name)


# Bad input: one sentence, with the place.


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path):
    path = lesson_file(tmp_path, FIRST)
    path.write_bytes(path.read_bytes().replace(b"twice", b"tw\xefce"))
    error = fails(path)
    line = path.read_bytes().split(b"tw\xefce")[0].count(b"\n") + 1
    assert error.message == f"modules/01_first/first_dev.py, line {line}: byte 0xef is not UTF-8."
    assert "UTF-8" in error.hint
    assert error.exit_code == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ('nbgrader={"grade": tru, "grade_id": "a"}', "its options are not valid JSON: # %% nbgrader={"),
        ('nbgrader={"grade": "true", "grade_id": "a"}', "nbgrader's grade is 'true'; it must be true or false."),
        ('nbgrader={"grade": true, "points": "5"}', "nbgrader's points is '5'; it must be a number."),
        ('nbgrader={"grade": true, "points": true}', "nbgrader's points is True; it must be a number."),
        ('nbgrader={"grade": true, "point": 5}', "nbgrader has no option 'point'; it has grade_id"),
        ('nbgrader={"grade_id": 7}', "nbgrader's grade_id is 7; it must be a string."),
        ("nbgrader=true", "nbgrader=True is not a set of options"),
    ],
)
def test_options_that_nbgrader_does_not_take_are_noted_and_the_others_read(tmp_path, options, reason):
    lesson = read_lesson(lesson_file(tmp_path, f"# %%\nx = 1\n\n# %% {options}\ny = 1\n"))
    assert lesson.cells[1].fault.startswith(reason) and lesson.cells[0].fault == ""
    [finding] = [finding for finding in check_rules(lesson) if finding.code == "bad-options"]
    line = HEADER.count("\n") + 4
    assert finding.where == f"modules/01_first/first_dev.py, line {line}" and reason[1:] in finding.text
    assert lesson.cells[1].grade is ('"grade": true' in options)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"cells": [', "this notebook was cut off; it ends in the middle, at line 1, column 12 of the file"),
        ("", "this notebook is empty."),
        ("[]", "has no list of cells"),
        ('{"worksheets": []}', "has no list of cells"),
        ('{"cells": [{"cell_type": "code", "source": 3}]}', "cell 1: the cell has no text in it."),
        ('{"cells": [3]}', "cell 1: the cell has no text in it."),
    ],
)
def test_a_corrupt_notebook_is_told_in_one_sentence(tmp_path, text, reason):
    path = lesson_file(tmp_path, FIRST).with_suffix(".ipynb")
    path.write_text(text, encoding="utf-8")
    error = fails(path)
    assert reason in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize("header", ["", "# ---\n# jupyter: [\n# ---\n", "# ---\n# a:\n# ---\n\n", "# ---\n", "\n"])
def test_the_header_does_not_matter(tmp_path, header):
    path = lesson_file(tmp_path, "")
    path.write_text(f"{header}# %%\nx = 1\n", encoding="utf-8")
    cell = read_lesson(path).cells[-1]
    assert (cell.kind, cell.source, cell.line) == ("code", "x = 1", header.count("\n") + 1)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "01_first" / "first_dev.py"
    path.mkdir(parents=True)
    assert fails(path).message == f"Cannot read {path}: Is a directory."


def test_an_empty_file_is_told(tmp_path):
    path = lesson_file(tmp_path, "")
    path.write_bytes(b"")
    with pytest.raises(LessonError, match="modules/01_first/first_dev.py: this file is empty."):
        read_lesson(path)


def test_broken_code_does_not_stop_the_reading(tmp_path):
    path = lesson_file(tmp_path, FIRST.replace("return 2 * x", "return 2 * ("))
    assert read_lesson(path).points == 5.0


# The registry.


def test_lessons_come_in_order_and_only_from_folders_named_like_lessons(project):
    (project.modules / "notes").mkdir()
    (project.modules / "03_empty").mkdir()
    (project.modules / "README.md").write_text("x", encoding="utf-8")
    assert [lesson.number_name for lesson in lessons(project)] == ["01_first", "02_second", "05_third"]


@pytest.mark.parametrize("wanted", ["02", "2", "second", "02_second", "Second"])
def test_a_lesson_is_found_by_number_folder_or_name(project, wanted):
    assert find_lesson(project, wanted).number_name == "02_second"


def test_an_unknown_lesson_is_answered_with_the_nearest_names(project):
    with pytest.raises(UnknownLesson) as caught:
        find_lesson(project, "secnd")
    assert caught.value.message == "There is no lesson 'secnd'."
    assert caught.value.hint == "Did you mean 02_second?"
    assert caught.value.exit_code == 2


def test_where_nothing_is_near_all_lessons_are_named(project):
    with pytest.raises(UnknownLesson) as caught:
        find_lesson(project, "99")
    assert caught.value.hint == "There are: 01_first, 02_second, 05_third."


def test_a_lesson_in_two_formats_is_refused_with_what_to_do(project):
    path = project.modules / "02_second" / "second_dev.py"
    write_cells(read_lesson(path).cells, path.with_suffix(".ipynb"))
    with pytest.raises(LessonError) as caught:
        lessons(project)
    assert caught.value.message == (
        "The lesson 02_second exists twice: modules/02_second/second_dev.py and modules/02_second/second_dev.ipynb."
    )
    assert "move the other away" in caught.value.hint


def test_finding_one_lesson_does_not_need_the_others_to_be_sound(project):
    (project.modules / "05_third" / "third_dev.py").write_bytes(b"\xff")
    assert find_lesson(project, "1").number_name == "01_first"


# The project.


def test_the_project_is_found_from_any_folder_inside_it(project):
    assert Project.find(project.modules / "01_first") == project
    assert Project.find(project.root) == project


@pytest.mark.parametrize("settings", [None, "lib_name = tinytorch", "[DEFAULT]\nlib_name = other\n", b"\xff\xfe"])
def test_a_folder_without_the_right_settings_is_no_project(tmp_path, settings):
    (tmp_path / "modules").mkdir()
    if settings is not None:
        data = settings if isinstance(settings, bytes) else settings.encode()
        (tmp_path / "settings.ini").write_bytes(data)
    with pytest.raises(NoProject) as caught:
        Project.find(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "git clone" in caught.value.hint


def test_a_student_edition_is_told_by_its_pristine_lessons(project, student):
    assert not project.is_student
    assert student.is_student
    assert student.version == "0.1.0" and "0.1.0" in SETTINGS


# What reading costs.


def imported_by(code: str) -> set[str]:
    """The modules that are loaded after a fresh Python has run `code`."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_registry_loads_nothing_slow():
    slow = {"jupytext", "nbformat", "nbdev", "IPython", "numpy", "rich", "click"}
    assert not slow & imported_by("import tito.lesson.find, tito.package.module, tito.actions.release")


def test_reading_lessons_leaves_out_what_jupytext_does_not_need(project):
    code = f"from tito.lesson.find import *; lessons(Project(Path({str(project.root)!r})))"
    loaded = imported_by(code)
    assert "jupytext" in loaded
    assert not {"rfc3987_syntax", "jupyter_server", "numpy", "IPython"} & loaded


def test_a_notebook_is_read_without_jupytext(project):
    path = as_notebook(project.modules / "01_first" / "first_dev.py")
    code = f"from pathlib import Path; from tito.lesson.lesson import read_lesson; read_lesson(Path({str(path)!r}))"
    assert not {"jupytext", "nbformat"} & imported_by(code)


def test_a_package_left_out_can_be_imported_afterwards():
    code = "from tito.lesson.formats import quick_import; quick_import('jupytext')"
    code += "; import rfc3987_syntax, jupyter_server"
    assert {"rfc3987_syntax", "jupyter_server"} <= imported_by(code)
