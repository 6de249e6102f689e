"""What makes stock nbgrader stop, or give points for nothing, is graded as tito's runner grades it.

One class hands in notebooks of a tiny lesson: 3 points for `double`, whose check has hidden tests, 2 for `root`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.grading.course import nbgrader, points, seen, without
from tests.notebooks import Notebook, answered, grade_id, read
from tests.tito.small_project import FIRST, SECOND, small_project, write_lesson
from tito.actions.release import release
from tito.actions.run import run_lesson
from tito.grading.course import init_course
from tito.lesson.formats import to_notebook
from tito.lesson.lesson import blank, read_lesson
from tito.project import Project

LESSON, FILE = "01_first", "first_dev.ipynb"
HIDDEN_LINE = 'assert double(3.5) == 7.0, f"double(3.5) gave {double(3.5)}, wanted 7.0"'
HIDDEN = f"""
### BEGIN HIDDEN TESTS
def test_hidden_double():
    secret = [3.5, -1.25, 1000.0]
    {HIDDEN_LINE}

test_hidden_double()
### END HIDDEN TESTS
"""
MASTER = FIRST.replace("test_unit_double()\n\n", f"test_unit_double()\n{HIDDEN}\n", 1)

Change = Callable[[Notebook], Notebook | str]
RIGHT = {
    "double": "#| export\ndef double(x):\n    return 2 * x",
    "root": "#| export\nimport math\ndef root(x):\n    return math.sqrt(x)",
}


def gives(**given: str) -> Change:
    """Right answers but for these."""
    return lambda notebook: answered(notebook, RIGHT | given)


def tagged(notebook: Notebook) -> Notebook:
    """Nothing answered; the checks are told not to run."""
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    return notebook


def copied(notebook: Notebook) -> Notebook:
    """Each exercise and check is there twice."""
    cells = answered(notebook, RIGHT)["cells"]
    twice = [copy for cell in cells for copy in ((cell, cell) if grade_id(cell) else (cell,))]
    return {**notebook, "cells": json.loads(json.dumps(twice))}


def unmarked(notebook: Notebook) -> Notebook:
    """The marks are gone, as from an editor that keeps no metadata."""
    cells = [{**cell, "metadata": {}} for cell in answered(notebook, RIGHT)["cells"]]
    return {**notebook, "cells": cells}


def halved(notebook: Notebook) -> Notebook:
    """A function is split in two cells, in the middle of it."""
    cells = answered(notebook, RIGHT)["cells"]
    (cell,) = [cell for cell in cells if grade_id(cell) == "root"]
    head, found, tail = cell["source"].partition("    return")
    at = cells.index(cell)
    halves = [{**cell, "source": head}, {**cell, "source": found + tail, "id": "second-half"}]
    return {**notebook, "cells": [*cells[:at], *halves, *cells[at + 1 :]]}


def own_cell_that_exits(notebook: Notebook) -> Notebook:
    """All answered, after a cell of the student's own that ends the process."""
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": "import os\nos._exit(0)", "outputs": []}
    return {**notebook, "cells": [own | {"execution_count": None}, *answered(notebook, RIGHT)["cells"]]}


def with_widgets_without_state(notebook: Notebook) -> Notebook:
    """As Colab saves a notebook whose progress bars were not saved."""
    done = answered(notebook, RIGHT)
    done["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"version_major": 2}}
    return done


def from_another_course(notebook: Notebook) -> str:
    with TemporaryDirectory() as folder:
        return json.dumps(to_notebook(blank(read_lesson(write_lesson(Path(folder), SECOND, "02_second"))).cells))


MUTE = """import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(NoAsserts())
"""
CASES: dict[str, tuple[Change, float]] = {
    "right": (gives(), 5),
    "typed_in": (gives(double="def double(x):\n    return {0.5: 1.0, 2.0: 4.0}[x]"), 2),
    "warns": (gives(root='import sys\ndef root(x):\n    print("x", file=sys.stderr)\n    return math.sqrt(x)'), 5),
    "warns_of_its_caller": (
        gives(double="import warnings\ndef double(x):\n    warnings.warn('slow', stacklevel=2)\n    return 2 * x"), 5,
    ),
    "shows_a_number": (gives(root="def root(x):\n    get_ipython().displayhook(1.5)\n    return 0"), 3),
    "mutes_asserts": (gives(double=MUTE, root=""), 0),
    "skips_the_checks": (tagged, 0),
    "copies_cells": (copied, 5),
    "deletes_a_check": (lambda notebook: without(answered(notebook, RIGHT), "test-double"), 5),
    "deletes_a_check_that_fails": (lambda notebook: without(answered(notebook, {}), "test-root"), 0),
    "loses_its_marks": (unmarked, 5),
    "splits_a_function": (halved, 5),
    "mixes_tabs_and_spaces": (gives(root="def root(x):\n    y = x\n\treturn y**0.5"), 5),
    "imports_the_reference": (gives(double="from tinytorch.core.first import double"), 2),
    "calls_exit": (gives(root=RIGHT["root"] + "\nexit()"), 5),
    "is_killed_in_its_own_cell": (own_cell_that_exits, 0),
    "is_killed": (gives(root="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"), 3),
    "loops": (gives(root="while True:\n    pass"), 3),
    "prints_50_MB": (gives(root=RIGHT["root"] + "\nprint('x' * 50_000_000)"), 5),
    "has_widgets_without_state": (with_widgets_without_state, 5),
    "is_from_another_course": (from_another_course, 0),
    "is_cut_off": (lambda notebook: json.dumps(answered(notebook, RIGHT))[:2000], 0),
    "is_empty": (lambda notebook: "", 0),
    "has_a_byte_order_mark": (lambda notebook: "\ufeff" + json.dumps(answered(notebook, RIGHT)), 5),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_project(tmp_path_factory.mktemp("hard") / "source")
    write_lesson(project.root, MASTER)
    return project


@pytest.fixture(scope="module")
def course(source: Project) -> Path:
    """The course after one `autograde` of all cases and one `generate_feedback`."""
    folder = source.root.parent / "course"
    init_course(source, folder)
    assert nbgrader(folder, "generate_assignment", LESSON).returncode == 0
    for name, (change, _) in CASES.items():
        path = folder / "submitted" / name / LESSON / FILE
        path.parent.mkdir(parents=True)
        path.write_bytes(handed_in(folder / "release", change))
    done = nbgrader(folder, "autograde", LESSON, "--Execute.timeout=10")
    assert done.returncode == 0, done.stderr
    (folder / "autograde.log").write_text(done.stderr, encoding="utf-8")
    assert nbgrader(folder, "generate_feedback", LESSON).returncode == 0
    return folder


def handed_in(released: Path, change: Change) -> bytes:
    """The bytes of the file that a student hands in who changed the released notebook so."""
    made = change(read(released / LESSON / FILE))
    return (made if isinstance(made, str) else json.dumps(made)).encode("utf-8")


def earned(course: Path, student: str) -> float:
    return sum(points(course, student, LESSON).values())


def page(course: Path, student: str) -> str:
    return seen(course / "feedback" / student / LESSON / FILE.replace("ipynb", "html"))


@pytest.mark.parametrize("name", CASES)
def test_a_case_earns_what_its_work_is_worth(course: Path, name: str) -> None:
    assert earned(course, name) == CASES[name][1]


def test_the_file_that_was_handed_in_is_never_changed(course: Path) -> None:
    for name, (change, _) in CASES.items():
        assert (course / "submitted" / name / LESSON / FILE).read_bytes() == handed_in(course / "release", change)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("copies_cells", "test-double is there twice, at cell 6 and cell 7: it counts once; delete the other."),
        ("is_cut_off", "This notebook was cut off; it ends in the middle, at line"),
        ("is_empty", "This notebook is empty. Nothing in it could be graded; hand in the notebook again."),
        ("is_from_another_course", "No cell of this lesson is in this file; is it another lesson's?"),
        ("shows_a_number", "root(9.0) gave 0, wanted 3.0"),
        ("is_killed", "Not run. The lesson's process ended in the cell root (cell 6): it was killed"),
        ("is_killed_in_its_own_cell", "Not run. The lesson's process ended in cell 1: it left with exit status 0;"),
        ("loops", "Not run. The cell root (cell 6) took longer than 10 s and was stopped at cell 6, line "),
        ("mutes_asserts", "A check that must fail passed just before this one"),
        ("imports_the_reference", "tinytorch.core.first is not built yet: finish lesson 01"),
    ],
)
def test_the_student_is_told(course: Path, name: str, sentence: str) -> None:
    assert sentence in page(course, name)


@pytest.mark.parametrize("name", CASES)
def test_no_feedback_shows_a_hidden_test(course: Path, name: str) -> None:
    shown = page(course, name)
    assert HIDDEN_LINE not in shown and "secret = [" not in shown and "test_hidden_double()" not in shown
    assert "Hidden tests, with other values, were here" in shown


def test_the_instructors_copy_holds_the_hidden_test_and_what_it_said(course: Path) -> None:
    graded = (course / "autograded" / "typed_in" / LESSON / FILE).read_text(encoding="utf-8")
    assert "secret = [" in graded and "KeyError" in graded


def test_a_long_output_is_kept_short(course: Path) -> None:
    assert (course / "autograded" / "prints_50_MB" / LESSON / FILE).stat().st_size < 300_000


def test_the_students_own_test_differs_only_where_it_says_that_there_are_hidden_tests(
    course: Path, source: Project
) -> None:
    edition = Project(source.root.parent / "edition")
    release(source, edition.root)
    path = edition.modules / LESSON / FILE
    unread = {"is_cut_off", "is_empty", "is_from_another_course"}  # refused before anything is run
    for name in CASES.keys() - unread - {"loops"}:  # and one takes its time
        path.write_bytes(handed_in(edition.release, CASES[name][0]))
        result = run_lesson(edition, read_lesson(path))
        graded = points(course, name, LESSON)
        differ = {verdict.grade_id for verdict in result.verdicts if verdict.earned != graded[verdict.grade_id]}
        assert differ == ({"test-double"} if name == "typed_in" else set())
        assert result.hidden == ("test-double",)
