"""`tito grade init` and `tito grade check`: a course folder as nbgrader wants it, and what was handed in to it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.grading.course import environment, nbgrader, points, without
from tests.notebooks import answered, read, write
from tests.tito.small_project import FIRST, small_project, tito_environment, typed, write_lesson
from tito.errors import TitoError, WorkFailed
from tito.grading.course import Course, init_course
from tito.package.module import STUB_MARK
from tito.project import Project

NAMES = ("01_first", "02_second", "05_third")
ANSWERS = {
    "double": "#| export\ndef double(x):\n    return 2 * x",
    "root": "#| export\ndef root(x):\n    return x**0.5",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_project(tmp_path_factory.mktemp("course") / "source")
    (project.root / "datasets").mkdir()
    (project.root / "datasets" / "numbers.csv").write_text("1,2\n", encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def made(source: Project) -> Course:
    return init_course(source, source.root.parent / "course")


@pytest.fixture
def course(made: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `grade check` needs of the course, as the current folder."""
    (tmp_path / "source").symlink_to(made.folder / "source")
    (tmp_path / "nbgrader_config.py").symlink_to(made.folder / "nbgrader_config.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_course_has_nbgraders_layout(made: Course) -> None:
    assert made == Course(made.folder, "tinytorch", NAMES, 11.0, 2.0)
    files = {"README.md", "gradebook.db", "nbgrader_config.py", "source", "exchange"}
    assert {path.name for path in made.folder.iterdir()} == files
    for name in NAMES:
        there = {path.name for path in (made.folder / "source" / name).iterdir()}
        assert there == {f"{name[3:]}_dev.ipynb", "tinytorch", "datasets"}


def test_nbgrader_made_the_gradebook(made: Course) -> None:
    with closing(sqlite3.connect(made.folder / "gradebook.db")) as gradebook:
        assert gradebook.execute("select count(*) from alembic_version").fetchone() == (1,)


def test_grading_before_the_assignment_is_generated_leaves_nothing_in_its_way(source: Project, tmp_path: Path) -> None:
    folder = init_course(source, tmp_path / "course").folder
    master = read(folder / "source/01_first/first_dev.ipynb")
    write(answered(master, ANSWERS), folder / "submitted/ada/01_first/first_dev.ipynb")
    early = nbgrader(folder, "autograde", "01_first")
    assert early.returncode == 1 and "No assignment with ID '01_first' exists" in early.stderr
    for command in ("generate_assignment", "autograde"):
        done = nbgrader(folder, command, "01_first")
        assert done.returncode == 0, done.stderr
    assert points(folder, "ada", "01_first") == {"test-double": 3.0, "test-root": 2.0, "open-why": None}


def test_the_masters_hold_solutions(made: Course) -> None:
    text = (made.folder / "source" / "01_first" / "first_dev.ipynb").read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" in text and "return 2 * x" in text and '"schema_version": 3' in text


def test_beside_a_lesson_lies_the_reference_of_those_before_it_and_of_no_other(made: Course) -> None:
    modules = ("core/first.py", "core/second.py", "words/third.py")
    for place, name in enumerate(NAMES):
        package = made.folder / "source" / name / "tinytorch"
        stubs = [(package / module).read_text(encoding="utf-8").startswith(STUB_MARK) for module in modules]
        assert stubs == [later >= place for later in range(3)]


def test_the_lessons_package_works_where_it_lies_and_names_what_is_not_built(made: Course, tmp_path: Path) -> None:
    code = "from tinytorch.core.first import double; print(double(2)); import tinytorch.core.second"
    folder = made.folder / "source" / "02_second"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout == "4\n" and "tinytorch.core.second is not built yet: finish lesson 02" in done.stderr


def test_the_readme_shows_commands_that_fit_the_course(made: Course) -> None:
    text = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "| 01_first | 5 | 2 |" in text and "nbgrader autograde 01_first" in text
    assert f"--Exchange.root={made.folder / 'exchange'}" in text
    assert "nbgrader release_feedback 01_first --CourseDirectory.student_id_exclude=ada,bo" in text
    assert f"nbgrader fetch_feedback 01_first --course {made.course_id}" in text
    assert text.isascii() and all(len(line) <= 160 for line in text.splitlines())


def test_the_configuration_names_places_in_its_own_folder(made: Course) -> None:
    text = (made.folder / "nbgrader_config.py").read_text(encoding="utf-8")
    assert str(made.folder) not in text, "the folder can be moved"
    compile(text, "nbgrader_config.py", "exec")


def test_nothing_is_written_over(source: Project, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TitoError, match="is there already and is not empty") as caught:
        init_course(source, tmp_path)
    assert caught.value.exit_code == 2 and os.listdir(tmp_path) == ["mine.txt"]


def test_a_students_folder_is_no_source(student: Project, tmp_path: Path) -> None:
    with pytest.raises(TitoError, match="is a student's folder"):
        init_course(student, tmp_path / "course")


def test_a_lesson_of_unsound_form_makes_no_course(project: Project, tmp_path: Path) -> None:
    write_lesson(project.root, FIRST.replace("### END SOLUTION", "", 1))
    with pytest.raises(WorkFailed, match="line 25: In this cell a solution region"):
        init_course(project, tmp_path / "out" / "course")
    assert not (tmp_path / "out").exists()


def test_a_tree_without_lessons_makes_no_course(tmp_path: Path) -> None:
    (tmp_path / "source" / "modules").mkdir(parents=True)
    with pytest.raises(WorkFailed, match="There are no lessons in"):
        init_course(Project(tmp_path / "source"), tmp_path / "course")


def test_where_nbgrader_is_missing_the_words_say_how_to_install_it(source: Project, tmp_path: Path) -> None:
    shadow = tmp_path / "path" / "nbgrader"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("", encoding="utf-8")  # a package that cannot be run
    more = {"PYTHONPATH": os.pathsep.join([str(shadow.parent), tito_environment()["PYTHONPATH"]])}
    command = [sys.executable, "-m", "tito", "grade", "init", str(tmp_path / "course")]
    done = subprocess.run(command, cwd=source.root, env=environment() | more, capture_output=True, text=True)
    assert done.returncode == 1 and "nbgrader could not make a gradebook: " in done.stderr
    assert '`python -m pip install -e ".[grade]"`' in done.stderr and not (tmp_path / "course").exists()


# What was handed in


def hand_in(course: Path, student: str, notebook: dict | bytes, name: str = "first_dev.ipynb") -> None:
    path = course / "submitted" / student / "01_first" / name
    if isinstance(notebook, dict):
        write(notebook, path)
    else:
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook)


def test_check_says_a_sentence_for_each_student_and_changes_nothing(course: Path) -> None:
    master = read(course / "source" / "01_first" / "first_dev.ipynb")
    hand_in(course, "ada", answered(master, ANSWERS))
    hand_in(course, "bo", without(master, "test-root"))
    hand_in(course, "cleo", b"")
    hand_in(course, "dan", master, "renamed.ipynb")
    before = {path: path.read_bytes() for path in (course / "submitted").rglob("*.ipynb")}
    result = typed("grade check 01_first")
    assert result.exit_code == 1 and result.stdout.splitlines() == [
        "ada: nothing to repair",
        "bo: The check test-root is gone; it counts as it was released.",
        "cleo cannot be graded: This notebook is empty. Nothing in it could be graded; hand in the notebook again.",
        "dan cannot be graded: first_dev.ipynb was not handed in; there is renamed.ipynb. nbgrader grades a file of"
        " that name only.",
    ]
    assert {path: path.read_bytes() for path in (course / "submitted").rglob("*.ipynb")} == before


def test_check_as_json_holds_the_same(course: Path) -> None:
    hand_in(course, "ada", answered(read(course / "source" / "01_first" / "first_dev.ipynb"), ANSWERS))
    result = typed("grade check 01_first --json")
    file = "submitted/ada/01_first/first_dev.ipynb"
    assert result.exit_code == 0
    found = {"student": "ada", "file": file, "gradable": True, "findings": [], "sentences": []}
    assert json.loads(result.stdout) == [found]


def test_check_without_submissions_says_so(course: Path) -> None:
    result = typed("grade check 05_third")
    assert result.exit_code == 0 and "Nothing was handed in for 05_third" in result.stderr


@pytest.mark.parametrize(
    ("folder", "words"), [(".", "There is no assignment '77_none'."), ("source", "is not a course folder.")]
)
def test_check_of_what_is_not_there_is_wrong_use(course: Path, monkeypatch, folder: str, words: str) -> None:
    monkeypatch.chdir(course / folder)
    result = typed("grade check 77_none")
    assert result.exit_code == 2 and words in result.stderr


def test_a_folder_whose_name_is_not_utf8_gets_a_course(source: Project, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    command = [sys.executable, "-m", "tito", "grade", "init", os.fsencode(folder)]
    done = subprocess.run(command, cwd=source.root, env=environment(), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr and rb"caf\udce9" in done.stdout
    assert r"caf\udce9" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_course_folder_with_spaces_is_quoted_in_what_is_to_be_typed(
    source: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.root)
    folder = tmp_path / "my course"
    assert f"`cd '{folder}'`" in typed(f"grade init '{folder}'").stdout
    assert f"--Exchange.root='{folder / 'exchange'}'" in (folder / "README.md").read_text(encoding="utf-8")
