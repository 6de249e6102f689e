"""What the commands print with --json: the fields that others read, and what is in them.

More fields may be added; one that is gone, or of another kind, breaks somebody's program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.notebooks import answered, filled, place, read, type_answers, write
from tests.tito.small_project import FIRST, write_lesson
from tito.actions.release import release
from tito.cli import cli
from tito.grading.course import init_course
from tito.project import Project

TEXTS = [str]
VERDICT = {
    "grade_id": str, "passed": bool, "points": float, "earned": float, "message": str, "seconds": float, "stderr": str,
}  # fmt: skip
RESULT = {
    "lesson": str, "verdicts": [VERDICT], "earned": float, "points": float, "seconds": float, "passed": bool,
    "problems": TEXTS, "manual": TEXTS, "hidden": TEXTS, "unbuilt": {str: str},
}  # fmt: skip
MISSING = {"module": str, "lesson": str, "command": str}
COMPLETED = {
    "lesson": str, "module": str, "file": str, "stopped_at": str, "problems": TEXTS, "missing": [MISSING],
    "result": RESULT, "changed": bool,
}  # fmt: skip
ROW = {
    "lesson": str, "title": str, "module": str, "requires": TEXTS, "exercises": int, "checks": int, "points": float,
}  # fmt: skip
STATUS = {
    "lesson": str, "file": str, "state": str, "earned": (float, None), "points": float, "built": bool,
    "missing": TEXTS, "problem": str,
}  # fmt: skip
LESSON_UPDATE = {
    "lesson": str, "file": str, "state": str, "carried": TEXTS, "news": TEXTS, "notes": TEXTS, "kept": str,
}  # fmt: skip
UPDATED = {
    "source": str, "version": str, "lessons": [LESSON_UPDATE], "files": TEXTS, "removed": TEXTS, "notes": TEXTS,
    "backup": str,
}  # fmt: skip
RESET = {"lesson": str, "file": str, "backup": str, "carried": TEXTS, "notes": TEXTS, "kept": str}
EXPORTED = {"lesson": str, "module": str, "path": str, "changed": bool}
BUILT = {"lesson": str, "path": str, "changed": bool, "backup": str}
LOOK = {"name": str, "found": str, "ok": bool, "mend": str}
RELEASED = {"folder": str, "format": str, "lessons": TEXTS, "given": TEXTS, "points": float}
COURSE = {"folder": str, "course_id": str, "assignments": TEXTS, "points": float, "manual_points": float}
CHECKED = {"student": str, "file": str, "gradable": bool, "sentences": TEXTS}


def holds(found: Any, wanted: Any, at: str = "$") -> None:
    """Assert that a value has the promised form."""
    if isinstance(wanted, list):
        assert isinstance(found, list) and found or wanted == TEXTS, f"{at} holds nothing to look at"
        for number, item in enumerate(found):
            holds(item, wanted[0], f"{at}[{number}]")
    elif isinstance(wanted, dict) and str in wanted:
        assert all(isinstance(value, wanted[str]) for value in found.values()), at
    elif isinstance(wanted, dict):
        assert wanted.keys() <= found.keys(), f"{at} lacks {wanted.keys() - found.keys()}"
        for key, kind in wanted.items():
            holds(found[key], kind, f"{at}.{key}")
    elif isinstance(wanted, tuple):
        assert found is None or isinstance(found, wanted[0]), at
    else:
        assert type(found) is wanted, f"{at} is {found!r}"


def printed(line: str, code: int = 0) -> Any:
    result = CliRunner().invoke(cli, [*line.split(), "--json"], prog_name="tito")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small source tree, as the current folder."""
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def mine(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A student's folder, as the current folder."""
    release(project, tmp_path / "mine", "py")
    monkeypatch.chdir(tmp_path / "mine")
    return Project(tmp_path / "mine")


def test_of_a_run(here):
    write_lesson(here.root, FIRST.replace("return 2 * x", "return 3 * x"))
    found = printed("module test 1", 1)
    holds(found, RESULT)
    assert [(row["grade_id"], row["earned"]) for row in found["verdicts"]] == [("test-double", 0.0), ("test-root", 2.0)]


def test_of_a_blank_lesson(mine):
    found = printed("module test 1", 1)
    holds(found, RESULT)
    assert list(found["unbuilt"]) == ["double", "root"] and found["manual"] == ["open-why"]


def test_of_completing(here):
    stopped = printed("module complete 2", 1)
    holds(stopped, {**COMPLETED, "result": (dict, None)})
    assert stopped["stopped_at"] == "prerequisites" and stopped["result"] is None
    done = printed("module complete 1")
    holds(done, {**COMPLETED, "missing": TEXTS})
    assert (done["stopped_at"], done["changed"], done["module"]) == ("", True, "tinytorch.core.first")


def test_of_the_lessons(here):
    holds(printed("module list"), [ROW])
    printed("module complete 1")
    rows = printed("module status")
    holds(rows, [STATUS])
    assert [row["state"] for row in rows] == ["complete", "not completed", "not completed"]
    assert [row["earned"] for row in rows] == [5.0, None, None] and rows[1]["missing"] == []


def test_of_exports_notebooks_and_editions(here, tmp_path):
    holds(printed("export"), [EXPORTED])
    holds(printed("notebook 1"), [BUILT])
    holds(printed(f"release {tmp_path / 'edition'}"), RELEASED)
    holds(printed("doctor"), [LOOK])


def test_of_going_back(mine):
    holds(printed("module reset 1"), RESET)
    found = printed("module reset 1 --keep-answers")
    holds(found, RESET)
    assert found["lesson"] == "01_first" and found["file"] == "modules/01_first/first_dev.py"


def test_of_an_update(mine, project):
    path = mine.modules / "01_first/first_dev.py"
    cells = read(path)["cells"]
    type_answers(path, {"double": filled(cells[place(cells, "double")]["source"], "return x + x")})
    write_lesson(project.root, FIRST.replace("# First: doubling", "# First: twice"))
    found = printed(f"update {project.root}")
    holds(found, UPDATED)
    states = {row["lesson"]: row["state"] for row in found["lessons"]}
    assert states == {"01_first": "updated", "02_second": "as it was", "05_third": "as it was"}
    assert found["lessons"][0]["carried"] == ["double"] and found["backup"].startswith(".tito/backups/update/")


def test_of_a_course_and_what_was_handed_in(here, tmp_path, monkeypatch):
    holds(printed(f"grade init {tmp_path / 'course'}"), COURSE)
    course = init_course(here, tmp_path / "other").folder
    monkeypatch.chdir(course)
    master = read(course / "source/01_first/first_dev.ipynb")
    write(answered(master, {}), course / "submitted/ada/01_first/first_dev.ipynb")
    (course / "submitted/bo/01_first").mkdir(parents=True)
    found = printed("grade check 01_first", 1)
    holds(found, [CHECKED])
    assert [(row["student"], row["gradable"]) for row in found] == [("ada", True), ("bo", False)]
