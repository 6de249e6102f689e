"""What students and their editors do to a lesson's cells costs no point, and costs the same everywhere.

Each damage is done to a solved lesson of 5 points. The lesson is then judged by `tito module test`, again after `tito
module reset --keep-answers`, again after `tito update` to a newer release, and by nbgrader.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.grading.course import nbgrader, points
from tests.notebooks import Cells, edit, fill_in, options, place, read, write
from tests.tito.small_project import FIRST, small_project, write_lesson
from tito.actions.release import release
from tito.cli import cli
from tito.grading.course import init_course
from tito.project import Project

LESSON, FILE = "01_first", "first_dev.ipynb"
STUB = "# YOUR CODE HERE\n    raise NotImplementedError()"
BODIES = {"double": "both = 2\nreturn both * x", "root": "return math.sqrt(x)"}


def code(source: str, name: str = "own") -> dict[str, Any]:
    """A cell of the student's own."""
    return {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def replace(cells: Cells, name: str, old: str, new: str) -> None:
    cell = cells[place(cells, name)]
    assert old in cell["source"]
    cell["source"] = cell["source"].replace(old, new)


def split(cells: Cells, name: str, at: str, marked: bool = True) -> None:
    """As JupyterLab splits a cell: the second part keeps the id, and both the metadata."""
    number = place(cells, name)
    head, found, tail = cells[number]["source"].partition(at)
    assert found
    second = {**cells[number], "source": found + tail, "metadata": cells[number]["metadata"] if marked else {}}
    cells[number : number + 1] = [{**cells[number], "id": "first-part", "source": head.rstrip("\n")}, second]


def constant_in_a_cell_of_its_own(cells: Cells) -> None:
    replace(cells, "double", "#| export\n", "#| export\nTWO = 2\n")
    replace(cells, "double", "both = 2\n", "both = TWO\n")
    split(cells, "double", "def double")


def helper_in_a_cell_of_its_own(cells: Cells) -> None:
    replace(cells, "root", "#| export\n", "#| export\ndef half_power(x):\n    return x**0.5\n\n")
    replace(cells, "root", "return math.sqrt(x)", "return half_power(x)")
    split(cells, "root", "def root")


def function_cut_in_the_middle(cells: Cells) -> None:
    split(cells, "double", "    return")


def function_cut_with_its_mark_lost(cells: Cells) -> None:
    split(cells, "double", "    return", marked=False)


def tabs_among_spaces(cells: Cells) -> None:
    replace(cells, "double", "    both = 2", "\tboth = 2")


def exercise_moved_below_its_check(cells: Cells) -> None:
    cells.append(cells.pop(place(cells, "double")))


def copied_at_the_end(cells: Cells) -> None:
    """The copy is the better one: what stands last is what the student means."""
    copy = json.loads(json.dumps(cells[place(cells, "root")])) | {"id": "copy"}
    replace(cells, "root", "return math.sqrt(x)", "return x")
    cells.append(copy)


def copied_and_left_blank(cells: Cells) -> None:
    copy = json.loads(json.dumps(cells[place(cells, "root")])) | {"id": "copy"}
    copy["source"] = copy["source"].replace("return math.sqrt(x)", STUB)
    cells.append(copy)


def answer_beside_a_blank_exercise(cells: Cells) -> None:
    answer = cells[place(cells, "double")]["source"].replace("#| export\n", "")
    replace(cells, "double", "both = 2\n    return both * x", STUB)
    cells.insert(place(cells, "double") + 1, code(answer))


def answer_above_a_blank_exercise(cells: Cells) -> None:
    answer_beside_a_blank_exercise(cells)
    at = place(cells, "double")
    cells[at], cells[at + 1] = cells[at + 1], cells[at]


def marks_lost(cells: Cells) -> None:
    for cell in cells:
        cell["metadata"] = {}


def marks_and_ids_lost(cells: Cells) -> None:
    marks_lost(cells)
    for number, cell in enumerate(cells):
        cell["id"] = f"new-{number}"


def formatted_on_save(cells: Cells) -> None:
    """Another editor: marks and ids are gone, and its formatter went over every cell."""
    marks_and_ids_lost(cells)
    for cell in cells:
        cell["source"] = cell["source"].replace("(0.5, 2.0)", "(\n        0.5,\n        2.0,\n    )").replace("'", '"')
        cell["source"] = cell["source"].replace("return both * x", "return (both*x)") + "\n"


def checks_deleted_doubled_and_edited(cells: Cells) -> None:
    cells.pop(place(cells, "test-double"))
    cells.append(json.loads(json.dumps(cells[place(cells, "test-root")])))
    replace(cells, "test-root", "== 3.0", "== 3")


def exercise_turned_into_text(cells: Cells) -> None:
    cells[place(cells, "double")]["cell_type"] = "markdown"


def given_import_deleted(cells: Cells) -> None:
    cells.remove(next(cell for cell in cells if cell["source"].endswith("import math")))


def exercise_deleted_and_defined_elsewhere(cells: Cells) -> None:
    root = cells.pop(place(cells, "root"))["source"].replace("#| export\n", "")
    replace(cells, "double", "return both * x", f"return both * x\n\n\n{root}")


def exercise_deleted(cells: Cells) -> None:
    cells.pop(place(cells, "root"))


def options_damaged(cells: Cells) -> None:
    cells[place(cells, "double")]["metadata"]["nbgrader"] = 3
    options(cells[place(cells, "root")])["points"] = "two"


def metadata_that_no_schema_allows(cells: Cells) -> None:
    for name in BODIES:
        cell = cells[place(cells, name)]
        cell["id"] = "x" * 70
        cell["metadata"] |= {"tags": ["mine", "mine"], "collapsed": "no", "jupyter": 3}


Damage = Callable[[Cells], None]
TABLE: dict[Damage, float] = {
    constant_in_a_cell_of_its_own: 5,
    helper_in_a_cell_of_its_own: 5,
    function_cut_in_the_middle: 5,
    function_cut_with_its_mark_lost: 5,
    tabs_among_spaces: 5,
    exercise_moved_below_its_check: 5,
    copied_at_the_end: 5,
    copied_and_left_blank: 5,
    answer_beside_a_blank_exercise: 5,
    answer_above_a_blank_exercise: 5,
    marks_lost: 5,
    marks_and_ids_lost: 5,
    formatted_on_save: 5,
    checks_deleted_doubled_and_edited: 5,
    exercise_turned_into_text: 5,
    given_import_deleted: 5,
    exercise_deleted_and_defined_elsewhere: 5,
    exercise_deleted: 3,
    options_damaged: 5,
    metadata_that_no_schema_allows: 5,
}
every_damage = pytest.mark.parametrize("damage", TABLE, ids=lambda damage: damage.__name__)


def damaged(path: Path, damage: Damage) -> None:
    """Solve the lesson in the notebook at `path`, and damage it."""
    fill_in(path, BODIES)
    edit(path, damage)


def earned(*command: str) -> float:
    """What `tito module test 1` gives after a command."""
    if command:
        done = CliRunner().invoke(cli, command, prog_name="tito")
        assert done.exit_code == 0, done.output
    result = CliRunner().invoke(cli, ["module", "test", "1", "--json"], prog_name="tito")
    return json.loads(result.stdout)["earned"]


@pytest.fixture
def mine(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first lesson's notebook in a student's folder, which is the current one."""
    release(project, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine/modules" / LESSON / FILE


@every_damage
def test_by_the_test_command(mine: Path, damage: Damage) -> None:
    damaged(mine, damage)
    assert earned() == TABLE[damage]


@every_damage
def test_after_a_reset_that_keeps_the_answers(mine: Path, damage: Damage) -> None:
    damaged(mine, damage)
    assert earned("module", "reset", "1", "--keep-answers") == TABLE[damage]


@every_damage
def test_after_an_update(mine: Path, project: Project, damage: Damage) -> None:
    damaged(mine, damage)
    write_lesson(project.root, FIRST.replace("# First: doubling", "# First: twice").replace("(0.5, 2.0)", "(0.5, 3.0)"))
    assert earned("update", str(project.root)) == TABLE[damage]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which each damage was handed in by a student of that name, graded."""
    project = small_project(tmp_path_factory.mktemp("damage") / "source")
    folder = project.root.parent / "course"
    init_course(project, folder)
    assert nbgrader(folder, "generate_assignment", LESSON).returncode == 0
    for damage in TABLE:
        path = folder / "submitted" / damage.__name__ / LESSON / FILE
        damaged(write(read(folder / "release" / LESSON / FILE), path), damage)
    for command in ("autograde", "generate_feedback"):
        done = nbgrader(folder, command, LESSON)
        assert done.returncode == 0, done.stderr
    return folder


@every_damage
def test_by_nbgrader(course: Path, damage: Damage) -> None:
    graded = points(course, damage.__name__, LESSON)
    assert graded is not None and sum(graded.values()) == TABLE[damage]
    assert (course / "feedback" / damage.__name__ / LESSON / FILE.replace("ipynb", "html")).is_file()
