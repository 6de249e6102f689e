"""A student's way through the course: blank, a wrong turn, solved, completed, and a network trained at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.checkout import copy_checkout, run
from tito.lesson import Lesson
from tito.notebook import to_notebook
from tito.project import Project
from tito.registry import lessons


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(copy_checkout(tmp_path_factory.mktemp("course") / "tinytorch"))


@pytest.fixture(scope="module")
def course(source: Project) -> Path:
    folder = source.root.parent / "course"
    done = run(["tito", "release", str(folder)], source.root)
    assert done.returncode == 0, done.stderr
    return folder


def solve(lesson: Lesson, course: Path) -> None:
    """Type the reference's answers into the student's notebook."""
    path = course / "modules" / lesson.number_name / f"{lesson.name}_dev.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    answers = {cell["id"]: cell["source"] for cell in to_notebook(lesson)["cells"]}
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] = answers[cell["id"]]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def verdicts_of(command: list[str], course: Path) -> dict:
    done = run([*command, "--json"], course)
    return {"code": done.returncode, **json.loads(done.stdout)}



def test_a_lesson_out_of_order_is_refused_with_the_lesson_to_do_first(course: Path) -> None:
    done = run(["tito", "module", "complete", "05"], course)
    assert done.returncode == 1
    assert "tito module complete 01" in done.stdout + done.stderr


def test_the_course_from_the_first_lesson_to_the_last(source: Project, course: Path) -> None:
    for lesson in lessons(source):
        blank = verdicts_of(["tito", "module", "test", lesson.number], course)
        assert (blank["code"], blank["earned"]) == (1, 0), f"blank {lesson.number_name}: {blank}"
        assert all(verdict["message"] for verdict in blank["verdicts"]), f"{lesson.number_name} fails without a word"
        solve(lesson, course)
        done = run(["tito", "module", "complete", lesson.number], course)
        assert done.returncode == 0, f"{lesson.number_name}: {done.stdout}{done.stderr}"
    status = json.loads(run(["tito", "module", "status", "--json"], course).stdout)
    assert {row["state"] for row in status} == {"complete"}
    for lesson in lessons(source):
        relative = Path(*lesson.module.split(".")).with_suffix(".py")
        ours, theirs = ((root / relative).read_text(encoding="utf-8") for root in (course, source.root))
        assert ours.count("def ") == theirs.count("def "), f"{relative} is not what the lesson holds"
    trained = run(["python", "examples/digits.py"], course)
    assert trained.returncode == 0, trained.stdout + trained.stderr
