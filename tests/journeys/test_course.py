"""A student's way through the course: blank, a wrong turn, solved, completed, and a network trained at the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.checkout import copy_checkout, run
from tests.journeys.student import WRONG_TURNS, Student, lesson_file, new_student, solve, take_wrong_turn
from tito.lesson.find import lessons
from tito.lesson.lesson import Lesson
from tito.project import Project

AGREEMENT = Path(__file__).with_name("agreement.py")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(copy_checkout(tmp_path_factory.mktemp("course") / "tinytorch"))


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """BLAS on one thread, so that two walks side by side do not wait for each other's threads."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    yield


def released(source: Project, folder: Path, *options: str) -> Student:
    """A new student with an edition of the course."""
    done = run(["tito", "release", str(folder), *options], source.root)
    assert done.returncode == 0, done.stderr
    return new_student(folder)


def walk(student: Student, lesson: Lesson, turn: int) -> None:
    """Do one lesson: see it blank, go wrong, get it right, complete it."""
    name, number = lesson.number_name, lesson.number
    see_blank(student, lesson)
    wrong, words = WRONG_TURNS[turn % len(WRONG_TURNS)]
    exercise = take_wrong_turn(student, lesson, wrong)
    tried = student.json("module", "test", number)
    failed = [verdict["message"] for verdict in tried["verdicts"] if not verdict["passed"]]
    assert tried["code"] == 1 and failed and tried["earned"] < tried["points"], f"{name}: {exercise} may be {wrong!r}"
    assert all(failed) and any(words in message for message in failed), (name, exercise, failed)
    before = built(student)
    assert student.run("tito", "module", "complete", number).returncode == 1 and built(student) == before
    solve(student, lesson)
    done = student.json("module", "complete", number)
    assert done["code"] == 0, (name, done)
    assert done["result"]["earned"] == done["result"]["points"] == lesson.points


def see_blank(student: Student, lesson: Lesson) -> None:
    """A blank lesson gives no point, exit code 1, and for each exercise what is to be built."""
    blank = student.json("module", "test", lesson.number)
    assert (blank["code"], blank["earned"], blank["passed"]) == (1, 0, False), (lesson.number_name, blank)
    assert all(len(verdict["message"]) > 20 for verdict in blank["verdicts"])
    assert list(blank["unbuilt"]) == [cell.grade_id for cell in lesson.exercises]
    for name, sentence in blank["unbuilt"].items():
        task = sentence.partition("). ")[2]
        assert sentence.startswith(f"{name} is not answered yet") or len(task.partition(": ")[2]) > 15, sentence


def built(student: Student) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (student.folder / "tinytorch").rglob("*.py")}


def is_trained_and_agreed(student: Student, tmp_path: Path) -> None:
    """The student's own package trains the example's network, and PyTorch agrees with its numbers."""
    agreed = student.run("python", str(AGREEMENT), str(student.folder), folder=tmp_path)
    assert agreed.stdout == "PyTorch agrees\n", agreed.stdout + agreed.stderr
    trained = student.run("python", "examples/digits.py")
    assert trained.returncode == 0, trained.stdout + trained.stderr


def test_the_course_from_the_first_lesson_to_the_last(source: Project, tmp_path: Path, one_thread: None) -> None:
    student = released(source, tmp_path / "course")
    early = student.run("tito", "module", "complete", "05")
    assert early.returncode == 1 and "Run `tito module complete 01` first." in early.stderr
    for turn, lesson in enumerate(lessons(source)):
        walk(student, lesson, turn)
        left = [row["missing"] for row in json.loads(student.run("tito", "module", "status", "--json").stdout)]
        assert not any(lesson.number in missing for missing in left)
    status = json.loads(student.run("tito", "module", "status", "--json").stdout)
    assert {row["state"] for row in status} == {"complete"}
    is_trained_and_agreed(student, tmp_path)
    takes_an_update(student, source, tmp_path)


def takes_an_update(student: Student, source: Project, tmp_path: Path) -> None:
    """A newer release comes in over the finished course, and it is finished still."""
    newer = shutil.copytree(source.root, tmp_path / "newer", ignore=shutil.ignore_patterns("__pycache__"))
    first = lessons(Project(newer))[0]
    first.path.write_text(first.path.read_text(encoding="utf-8").replace(first.title, "Tensors, anew", 1), "utf-8")
    refused = run(["tito", "release", str(student.folder)], newer)
    assert refused.returncode == 2 and "`tito update " in refused.stderr
    before = built(student)
    done = student.json("update", str(newer))
    assert done["code"] == 0 and done["lessons"][0]["state"] == "updated"
    assert set(done["lessons"][0]["carried"]) >= {cell.grade_id for cell in first.exercises}
    assert {row["state"] for row in done["lessons"][1:]} == {"as it was"}
    assert "Tensors, anew" in lesson_file(Project(student.folder), first).read_text(encoding="utf-8")
    status = json.loads(student.run("tito", "module", "status", "--json").stdout)
    assert {row["state"] for row in status} == {"complete"} and built(student) == before


def test_the_course_begun_at_its_last_lesson(source: Project, tmp_path: Path, one_thread: None) -> None:
    last = lessons(source)[-1]
    student = released(source, tmp_path / "course", "--from", last.number, "--format", "py")
    [row] = json.loads(student.run("tito", "module", "list", "--json").stdout)
    assert row["lesson"] == last.number_name and row["requires"][0] == "01"
    walk(student, last, 3)
    is_trained_and_agreed(student, tmp_path)
