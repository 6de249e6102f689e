"""nbgrader's own commands over a real lesson, from the source to the exported points, with five students.

The points in its gradebook are those of tito's runner over the same master with the same answers, cell by cell.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from tests.grading.course import (
    answers,
    checks,
    is_question,
    nbgrader,
    part_of_the_lessons,
    points,
    seen,
    together,
    without,
)
from tests.notebooks import Notebook, answered, grade_id, read, write
from tito.actions.run import run_lesson
from tito.grading.course import init_course
from tito.lesson.find import find_lesson
from tito.lesson.formats import to_notebook
from tito.lesson.lesson import blank, read_lesson
from tito.lesson.regions import BEGIN_HIDDEN
from tito.project import Project

LESSON, FILE = "04_losses", "losses_dev.ipynb"
ANSWER = "The squared error would still move the scores of the nine wrong classes."
STUDENTS = ("ada", "bo", "cleo", "dan", "eve")  # perfect, blank, half right, a check deleted, a crash


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    names = ("01_tensor", "02_activations", LESSON)
    return part_of_the_lessons(tmp_path_factory.mktemp("chain") / "source", names)


@pytest.fixture(scope="module")
def course(source: Project) -> Path:
    """The course with the lesson released, handed in five times, collected, graded, and the feedback released."""
    folder = source.root.parent / "course"
    init_course(source, folder)
    for command in ("generate_assignment", "release_assignment"):
        done = nbgrader(folder, command, LESSON)
        assert done.returncode == 0, f"nbgrader {command}: {done.stderr}"
    hand_in(folder)
    for command in ("collect", "autograde", "generate_feedback", "release_feedback"):
        done = nbgrader(folder, command, LESSON)
        assert done.returncode == 0, f"nbgrader {command}: {done.stderr}"
    assert nbgrader(folder, "export").returncode == 0
    return folder


def hand_in(course: Path) -> None:
    """Each student fetches the lesson into a folder of her own, works there, and submits it."""
    exchange = ["--course", "tinytorch", f"--Exchange.root={course / 'exchange'}"]
    homes = {name: course.parent / "students" / name for name in STUDENTS}
    for home in homes.values():
        home.mkdir(parents=True)
    fetched = nbgrader(homes["ada"], "fetch_assignment", LESSON, *exchange)
    assert fetched.returncode == 0, fetched.stderr
    for name in STUDENTS[1:]:
        shutil.copytree(homes["ada"] / LESSON, homes[name] / LESSON)
    master = read(course / "source" / LESSON / FILE)
    for name, home in homes.items():
        write(worked(name, read(home / LESSON / FILE), master), home / LESSON / FILE)
    more = [*exchange, f"--Exchange.cache={course.parent / 'cache'}"]
    together(course.parent, *(["submit", str(home / LESSON), "--student", who, *more] for who, home in homes.items()))


def worked(student: str, notebook: Notebook, master: Notebook) -> Notebook:
    """What the student makes of the released notebook."""
    right = answers(master)
    half = dict(list(right.items())[: len(right) // 2])
    given = {
        "ada": right | {question(master): ANSWER},
        "bo": {},
        "cleo": half,
        "dan": right,
        "eve": right | {list(right)[len(right) // 2]: "import os\nos._exit(1)"},
    }[student]
    done = answered(notebook, given)
    return without(done, checks(master)[1]) if student == "dan" else done


def question(notebook: Notebook) -> str:
    """The grade_id of the notebook's open question."""
    return next(grade_id(cell) for cell in notebook["cells"] if is_question(cell))


def earned_by_the_runner(course: Path, student: str, folder: Path) -> dict[str, float]:
    """What the runner gives for the master with the student's answers in it; the lesson's own module is a stub."""
    home = course / "source" / LESSON
    submitted = read(course / "submitted" / student / LESSON / FILE)
    shutil.copytree(home / "tinytorch", folder / "tinytorch")
    shutil.copytree(home / "datasets", folder / "datasets")
    path = write(answered(read(home / FILE), answers(submitted)), folder / "modules" / LESSON / FILE)
    result = run_lesson(Project(folder), read_lesson(path))
    return {verdict.grade_id: verdict.earned for verdict in result.verdicts}


def test_the_master_passes_nbgraders_validation_and_the_released_lesson_fails_it(course: Path) -> None:
    done = nbgrader(course, "validate", f"source/{LESSON}/{FILE}", f"release/{LESSON}/{FILE}")
    assert done.stdout.startswith("Success! Your notebook passes all the tests."), done.stdout
    assert done.stdout.count("VALIDATION FAILED ON") == 1


@pytest.mark.parametrize("student", STUDENTS)
def test_points_are_those_of_the_runner_cell_by_cell(course: Path, tmp_path: Path, student: str) -> None:
    graded = points(course, student, LESSON)
    by_hand = graded.pop(question(read(course / "source" / LESSON / FILE)))
    assert graded == earned_by_the_runner(course, student, tmp_path)
    assert by_hand == (None if student == "ada" else 0), "an answer waits for a person, and no answer earns nothing"


def test_the_five_students_earn_what_they_should(course: Path, source: Project) -> None:
    lesson = find_lesson(source, LESSON)
    sums = {student: earned(course, student) for student in STUDENTS}
    assert sums["ada"] == sums["dan"] == lesson.points
    assert sums["bo"] == 0
    assert 0 < sums["cleo"] < lesson.points
    assert 0 < sums["eve"] < lesson.points


def test_the_exported_points_are_the_gradebooks(course: Path) -> None:
    with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == LESSON}
    assert {name: float(row["score"]) for name, row in rows.items()} == {
        student: earned(course, student) for student in STUDENTS
    }


def earned(course: Path, student: str) -> float:
    return float(sum(score or 0.0 for score in points(course, student, LESSON).values()))


def test_what_is_released_is_our_own_edition_cell_by_cell(course: Path, source: Project) -> None:
    released = read(course / "release" / LESSON / FILE)
    ours = to_notebook(blank(find_lesson(source, LESSON)).cells)
    assert [plain(cell) for cell in released["cells"]] == [plain(cell) for cell in ours["cells"]]


def plain(cell: dict) -> dict:
    """The cell without what nbgrader adds: its checksum, the kind of cell it was, and the locks."""
    metadata = {key: value for key, value in cell["metadata"].items() if key not in ("deletable", "editable")}
    if "nbgrader" in metadata:
        kept = {key: value for key, value in metadata["nbgrader"].items() if key not in ("checksum", "cell_type")}
        metadata["nbgrader"] = kept
    return {**cell, "metadata": metadata}


def test_feedback_shows_work_points_and_messages_and_no_hidden_test(course: Path) -> None:
    master = read(course / "source" / LESSON / FILE)
    hidden = {line for cell in master["cells"] for line in hidden_lines(cell["source"])}
    right = answers(master)
    for student in STUDENTS:
        page = seen(course / "feedback" / student / LESSON / FILE.replace("ipynb", "html"))
        assert not [line for line in hidden if line in page]
        assert f"Score: {earned(course, student)} / " in page
        assert all(f"Grade cell: {name}" in page for name in checks(master))
        for given in (*right.values(), ANSWER) if student == "ada" else ():
            assert all(line in page for line in given.split("\n"))
    half = seen(course / "feedback" / "cleo" / LESSON / FILE.replace("ipynb", "html"))
    assert "is not built yet" in half and "# YOUR CODE HERE" in half


def hidden_lines(source: str) -> list[str]:
    regions = source.split(f"### {BEGIN_HIDDEN}")[1:]
    lines = [line.strip() for region in regions for line in region.split("###")[0].split("\n")]
    return [line for line in lines if len(line) > 8]


def test_feedback_says_what_was_wrong_with_the_file(course: Path) -> None:
    pages = {name: seen(course / "feedback" / name / LESSON / FILE.replace("ipynb", "html")) for name in ("dan", "eve")}
    master = read(course / "source" / LESSON / FILE)
    assert f"The check {checks(master)[1]} is gone; it counts as it was released." in pages["dan"]
    crashed = list(answers(master))[len(answers(master)) // 2]
    assert f"Not run. The lesson's process ended in the cell {crashed} (cell " in pages["eve"]
    assert "it left with exit status 1; look for os._exit" in pages["eve"]


def test_a_student_finds_the_feedback_in_the_exchange(course: Path) -> None:
    pages = list((course / "exchange" / "tinytorch" / "feedback").glob("*.html"))
    assert len(pages) == len(STUDENTS)
    assert all(os.path.getsize(page) > 10_000 for page in pages)
