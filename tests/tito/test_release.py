"""The student edition: blank lessons, stubs, pristine copies, and nothing that gives an answer away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import get_kernel_spec

from tests.tito.small_project import FIRST, typed, write_lesson
from tito.actions import release as release_module
from tito.actions.release import Released, release
from tito.actions.selection import Selection
from tito.actions.status import overview, status
from tito.errors import TitoError, WorkFailed
from tito.lesson.find import find_lesson, lessons
from tito.lesson.rules import check_rules
from tito.package.notes import altered_modules, is_built
from tito.project import Project


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_an_edition_holds_each_lesson_once_and_once_pristine(project, tmp_path, fmt):
    target = tmp_path / "class" / "edition"
    done = release(project, target, fmt)
    assert done == Released(target, fmt, ("01_first", "02_second", "05_third"), (), 11.0)
    assert names(target / "modules") == [
        f"01_first/first_dev.{fmt}",
        f"02_second/second_dev.{fmt}",
        f"05_third/third_dev.{fmt}",
    ]
    assert names(target / ".tito" / "release") == names(target / "modules")
    for name in names(target / "modules"):
        assert (target / "modules" / name).read_bytes() == (target / ".tito" / "release" / name).read_bytes()


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_an_edition_is_a_students_project_with_nothing_built(project, tmp_path, fmt):
    release(project, tmp_path / "edition", fmt)
    edition = Project.find(tmp_path / "edition")
    assert edition.is_student
    assert [check_rules(lesson, student=True) for lesson in lessons(edition)] == [[], [], []]
    assert [lesson.points for lesson in lessons(edition)] == [lesson.points for lesson in lessons(project)]
    assert not any(is_built(edition, lesson.module) for lesson in lessons(edition))
    command = [sys.executable, "-B", "-c", "import tinytorch; from tinytorch import double"]
    done = subprocess.run(command, cwd=edition.root, capture_output=True, text=True)
    assert "tinytorch.core.first is not built yet: finish lesson 01 (first)" in done.stderr


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_no_file_of_an_edition_holds_a_solution(project, tmp_path, fmt):
    release(project, tmp_path / "edition", fmt)
    answers = ("return 2 * x", "math.sqrt(x)", "double(double", "SOLUTION")
    for name in names(tmp_path / "edition"):
        text = (tmp_path / "edition" / name).read_text(encoding="utf-8")
        assert not [answer for answer in answers if answer in text]


def test_the_files_that_students_need_come_along_and_caches_do_not(project, tmp_path):
    for name in ("README.md", "setup.py", "datasets/digits/digits.csv", "examples/digits.py", "tito/cli.py"):
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text("text", encoding="utf-8")
    (project.root / "tito" / "__pycache__").mkdir()
    (project.root / "tito" / "__pycache__" / "cli.pyc").write_bytes(b"")
    release(project, tmp_path / "edition")
    found = names(tmp_path / "edition")
    assert {"README.md", "setup.py", "settings.ini", "datasets/digits/digits.csv", "tito/cli.py"} <= set(found)
    assert not [name for name in found if name.endswith(".pyc")]


def test_an_empty_folder_may_be_filled(project, tmp_path):
    (tmp_path / "edition").mkdir()
    release(project, tmp_path / "edition")
    assert Project.find(tmp_path / "edition").is_student


def test_nothing_is_written_over(project, tmp_path):
    target = tmp_path / "edition"
    target.mkdir()
    (target / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TitoError, match="is there already and is not empty") as caught:
        release(project, target)
    assert caught.value.exit_code == 2
    assert names(target) == ["mine.txt"]


def test_a_students_folder_in_use_is_sent_to_update(project, tmp_path):
    release(project, tmp_path / "edition", "py")
    mine = tmp_path / "edition/modules/01_first/first_dev.py"
    mine.write_text("mine", encoding="utf-8")
    before = {name: (tmp_path / "edition" / name).read_bytes() for name in names(tmp_path / "edition")}
    with pytest.raises(TitoError, match="is there already and is not empty") as caught:
        release(project, tmp_path / "edition", "py")
    assert f"`tito update {project.root}` in it brings what is new and keeps what was written" in caught.value.hint
    assert before == {name: (tmp_path / "edition" / name).read_bytes() for name in names(tmp_path / "edition")}


# Parts of a course


def test_an_edition_can_hold_some_of_the_lessons(project, tmp_path):
    done = release(project, tmp_path / "edition", selection=Selection("1-2"))
    assert (done.lessons, done.given, done.points) == (("01_first", "02_second"), (), 10.0)
    edition = Project(tmp_path / "edition")
    assert [lesson.number for lesson in lessons(edition)] == ["01", "02"]
    assert edition.settings["edition_lessons"] == "1-2"
    assert "third" not in (edition.package / "__init__.py").read_text(encoding="utf-8")


def test_an_edition_can_begin_anywhere_with_what_comes_before_finished(project, tmp_path):
    done = release(project, tmp_path / "edition", selection=Selection(start="2"))
    assert (done.lessons, done.given) == (("02_second", "05_third"), ("01_first",))
    edition = Project(tmp_path / "edition")
    command = [sys.executable, "-B", "-c", "from tinytorch import double; print(double(4))"]
    assert subprocess.run(command, cwd=edition.root, capture_output=True, text=True).stdout == "8\n"
    assert not (edition.modules / "01_first").exists()
    assert [row.missing for row in status(edition)] == [(), ()]
    assert [row.requires for row in overview(edition)] == [("01",), ()]
    assert "The lessons before 02 are not here" in (edition.root / "README.md").read_text(encoding="utf-8")


def test_a_finished_module_that_was_edited_is_told_with_the_way_back(project, tmp_path):
    release(project, tmp_path / "edition", selection=Selection(start="2"))
    edition = Project(tmp_path / "edition")
    (edition.package / "core" / "first.py").write_text("double = abs\n", encoding="utf-8")
    said = altered_modules(edition, find_lesson(edition, "2").requires)
    assert [str(finding) for finding in said] == [
        "tinytorch/core/first.py differs from what came with this folder; `tito update` restores it."
    ]


@pytest.mark.parametrize(
    ("selection", "words", "hint"),
    [
        (Selection("2,5"), "Lesson 02 needs 01, which this edition would not hold.", "--from 02"),
        (Selection("1,9"), "There is no lesson '9'.", "There are: 01, 02, 05. Write 01-07,14,18."),
        (Selection("5-1"), "5-1 counts down, so it names no lessons.", "Write 01-07,14,18."),
        (Selection("1", "2"), "No lesson of 1 is left from 02 on.", "Name lessons from there on."),
        (Selection("", "x"), "There is no lesson 'x'.", "There are: 01, 02, 05."),
    ],
)
def test_a_selection_that_cannot_be_met_is_refused(project, tmp_path, selection, words, hint):
    with pytest.raises(TitoError) as caught:
        release(project, tmp_path / "out" / "edition", selection=selection)
    assert caught.value.message == words and hint in caught.value.hint and caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_program_comes_along_where_the_edition_has_what_it_imports(project, tmp_path):
    (project.root / "examples").mkdir()
    program = project.root / "examples" / "digits.py"
    program.write_text("from tinytorch.core.second import quadruple\n", encoding="utf-8")
    release(project, tmp_path / "all")
    release(project, tmp_path / "part", selection=Selection("1"))
    assert (tmp_path / "all/examples/digits.py").exists() and not (tmp_path / "part/examples/digits.py").exists()
    readmes = [(tmp_path / name / "README.md").read_text(encoding="utf-8") for name in ("all", "part")]
    assert all('python -m pip install -e ".[jupyter]"' in readme for readme in readmes)
    assert ["python examples/digits.py" in readme for readme in readmes] == [True, False]


def test_an_unknown_format_is_named(project, tmp_path):
    with pytest.raises(TitoError, match="There is no format 'pdf'") as caught:
        release(project, tmp_path / "edition", "pdf")
    assert caught.value.hint == "The formats are ipynb and py."


def test_a_student_edition_is_no_source(student, tmp_path):
    with pytest.raises(TitoError, match="is a student edition already"):
        release(student, tmp_path / "edition")


def test_a_lesson_of_unsound_form_is_not_released(project, tmp_path):
    write_lesson(project.root, FIRST.replace("### END SOLUTION", "", 1))
    with pytest.raises(WorkFailed, match="modules/01_first/first_dev.py, line 25: In this cell a solution region"):
        release(project, tmp_path / "out" / "edition")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing(project, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(release_module, "export", full)
    with pytest.raises(WorkFailed, match="No space left on device"):
        release(project, tmp_path / "edition")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_released_lesson_is_found_by_name(project, tmp_path):
    release(project, tmp_path / "edition")
    lesson = find_lesson(Project(tmp_path / "edition"), "second")
    assert lesson.path.name == "second_dev.ipynb"
    assert lesson.exports == ("quadruple",)


def test_jupyterlab_is_installed_with_the_students_own_folder(real, tmp_path):
    """`python -m pip install -e ".[jupyter]"` in it, as its README says, leaves no other tinytorch installed."""
    release(real, tmp_path / "mine", selection=Selection("1"))
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path / "mine", check=True, capture_output=True)
    needed = (tmp_path / "tinytorch.egg-info/requires.txt").read_text(encoding="utf-8")
    assert "[jupyter]\njupyterlab\nipykernel\n" in needed
    readme = (tmp_path / "mine/README.md").read_text(encoding="utf-8")
    assert 'python -m pip install -e ".[jupyter]"' in readme


def test_a_path_with_spaces_is_quoted_in_what_is_to_be_typed(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project.root)
    folder = tmp_path / "my class"
    assert f"`cd '{folder}'`" in typed(f"release '{folder}'").stdout
    moved = project.root.rename(tmp_path / "a source")
    with pytest.raises(TitoError) as caught:
        release(Project(moved), folder)
    assert f"`tito update '{moved}'` in it" in caught.value.hint


def test_a_notebook_is_complete_so_that_jupyterlab_does_not_count_it_as_changed(project, tmp_path):
    """JupyterLab completes the metadata of a notebook that it opens, as its kernel describes the language."""
    release(project, tmp_path / "mine")
    notebook = json.loads((tmp_path / "mine/modules/01_first/first_dev.ipynb").read_text(encoding="utf-8"))
    assert notebook["metadata"]["language_info"] == IPythonKernel.language_info
    kernel = get_kernel_spec("python3")
    assert notebook["metadata"]["kernelspec"] == {
        "display_name": kernel.display_name, "language": kernel.language, "name": "python3",
    }  # fmt: skip
