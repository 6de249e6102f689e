"""Notebooks: what a lesson becomes, judged by nbgrader and nbformat themselves."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.tito.small_project import FIRST, HEADER, SECOND, write_lesson
from tito.lesson.formats import NotebookError, blank, quick_import, to_notebook, to_percent, write_notebook
from tito.lesson.lesson import Lesson, read_lesson
from tito.lesson.regions import mark_answer, strip_hidden, strip_solutions, without_markers

CLASS = '''
# %% nbgrader={"solution": true, "grade_id": "pair"}
#| export
class Pair:
    """Two numbers."""

    def total(self) -> float:
        """Their sum."""
        ### BEGIN SOLUTION
        both = 2
        return both
        ### END SOLUTION

    def product(self) -> float:
        # BEGIN SOLUTION

        return 1
        # END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "question"}
### BEGIN SOLUTION
answer = 42
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question", "points": 1.5}
assert answer == 42

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-how", "points": 2}
r"""
How?

Your answer here.
"""

# %% nbgrader={"locked": true, "grade_id": "given"}
pairs = []
'''

HIDDEN = '''
# %% nbgrader={"grade": true, "grade_id": "test-hidden", "points": 4}
def test_unit_hidden():
    assert double(3.0) == 6.0
    ### BEGIN HIDDEN TESTS
    assert double(-7.5) == -15.0
    ### END HIDDEN TESTS

test_unit_hidden()
### BEGIN HIDDEN TESTS
def test_unit_elsewhere():
    assert double(1e300) == 2e300
test_unit_elsewhere()
### END HIDDEN TESTS
'''


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return read_lesson(write_lesson(tmp_path, FIRST + CLASS + HIDDEN))


def node(notebook: dict[str, Any]) -> Any:
    return quick_import("nbformat").from_dict(notebook)


def cell_of(notebook: dict[str, Any], grade_id: str) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def test_nbformat_accepts_the_notebook(lesson):
    quick_import("nbformat").validate(node(to_notebook(lesson)))
    quick_import("nbformat").validate(node(blank(to_notebook(lesson))))


def test_nbgrader_accepts_its_metadata(lesson):
    validator = nbgrader("nbgraderformat").MetadataValidator()
    validator.validate_nb(node(to_notebook(lesson)))
    validator.validate_nb(node(blank(to_notebook(lesson))))


def test_metadata_is_complete_for_each_kind_of_cell(lesson):
    notebook = to_notebook(lesson)
    rest = {"schema_version": 3, "task": False}
    expected = {
        "pair": {"grade": False, "solution": True, "locked": False, "grade_id": "pair"},
        "test-question": {
            "grade": True, "solution": False, "locked": True, "grade_id": "test-question", "points": 1.5,
        },
        "test-double": {"grade": True, "solution": False, "locked": True, "grade_id": "test-double", "points": 3},
        "open-how": {"grade": True, "solution": True, "locked": False, "grade_id": "open-how", "points": 2},
        "given": {"grade": False, "solution": False, "locked": True, "grade_id": "given"},
    }  # fmt: skip
    for grade_id, options in expected.items():
        assert cell_of(notebook, grade_id)["metadata"] == {"nbgrader": options | rest}
    assert notebook["cells"][0]["metadata"] == {}


def test_blank_is_what_stock_nbgrader_makes(lesson):
    notebook = to_notebook(lesson)
    theirs, _ = nbgrader("preprocessors").ClearSolutions().preprocess(node(notebook), {})
    theirs, _ = nbgrader("preprocessors").ClearHiddenTests().preprocess(theirs, {})
    assert [cell["source"] for cell in blank(notebook)["cells"]] == [cell.source for cell in theirs.cells]


def test_hidden_tests_are_taken_out_and_the_cell_says_that_there_were_some(lesson):
    cell = cell_of(blank(to_notebook(lesson)), "test-hidden")
    assert cell["source"] == "def test_unit_hidden():\n    assert double(3.0) == 6.0\n\ntest_unit_hidden()"
    assert cell["metadata"]["tito"] == {"hidden_tests": True}
    marked = [cell["id"] for cell in to_notebook(lesson)["cells"] if "tito" in cell["metadata"]]
    assert marked == ["test-hidden"]


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_the_mark_of_hidden_tests_survives_both_formats(lesson, tmp_path, fmt):
    path = tmp_path / "edition" / "01_first" / f"first_dev.{fmt}"
    path.parent.mkdir(parents=True)
    notebook = blank(to_notebook(lesson))
    write_notebook(notebook, path) if fmt == "ipynb" else path.write_text(to_percent(notebook), encoding="utf-8")
    cells = {cell.grade_id: cell for cell in read_lesson(path).cells if cell.grade_id}
    assert [name for name, cell in cells.items() if cell.hidden] == ["test-hidden"]
    assert not cells["test-hidden"].holds_hidden
    assert cell_of(to_notebook(read_lesson(path)), "test-hidden")["metadata"]["tito"] == {"hidden_tests": True}


def test_the_stub_stands_where_the_solution_stood(lesson):
    source = cell_of(blank(to_notebook(lesson)), "pair")["source"]
    assert source == (
        '#| export\nclass Pair:\n    """Two numbers."""\n\n'
        '    def total(self) -> float:\n        """Their sum."""\n'
        "        # YOUR CODE HERE\n        raise NotImplementedError()\n\n"
        "    def product(self) -> float:\n        # YOUR CODE HERE\n        raise NotImplementedError()"
    )


def test_an_open_question_outlives_its_answer(lesson):
    assert cell_of(blank(to_notebook(lesson)), "open-how")["source"] == "How?\n\nYOUR ANSWER HERE"
    assert cell_of(blank(to_notebook(lesson)), "open-why")["source"] == "Why is it called doubling?\n\nYOUR ANSWER HERE"


def test_a_question_that_marks_its_answer_stays_as_it_is():
    marked = "Why?\n<!-- BEGIN SOLUTION -->\nBecause. Your answer here.\n<!-- END SOLUTION -->"
    assert mark_answer(marked) == marked


def test_a_solution_cell_without_a_region_is_emptied_as_nbgrader_does():
    cell = {"cell_type": "code", "metadata": {"nbgrader": {"solution": True}}, "source": "x = 1", "outputs": []}
    emptied = blank({"cells": [cell]})["cells"][0]
    assert emptied["source"] == "# YOUR CODE HERE\nraise NotImplementedError()"


def test_blank_clears_outputs_and_leaves_its_argument_alone(lesson):
    notebook = to_notebook(lesson)
    ran = cell_of(notebook, "test-double")
    ran |= {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": "hello"}]}
    before = json.dumps(notebook)
    cleared = cell_of(blank(notebook), "test-double")
    assert (cleared["execution_count"], cleared["outputs"]) == (None, [])
    assert json.dumps(notebook) == before


@pytest.mark.parametrize(
    ("source", "kind", "reason"),
    [
        ("### BEGIN SOLUTION\nx", "solution", "a solution region has no END SOLUTION."),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "solution", "begins inside another"),
        ("### BEGIN SOLUTION\nx\n### END SOLUTION", "locked", "a solution region in a cell that is no solution"),
        ("### BEGIN HIDDEN TESTS\nx", "grade", "a region of hidden tests has no END HIDDEN TESTS"),
        ("### BEGIN HIDDEN TESTS\n### BEGIN HIDDEN TESTS", "grade", "a region of hidden tests begins inside another"),
        ("### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS", "locked", "hidden tests in a cell that is not graded"),
    ],
)
def test_regions_that_nbgrader_refuses_are_refused(source, kind, reason):
    metadata = {"nbgrader": {kind: True}}
    cell = {"cell_type": "code", "metadata": metadata, "source": source}
    with pytest.raises(NotebookError, match=reason) as caught:
        blank({"cells": [cell]})
    assert caught.value.message.startswith("cell 1")


def test_text_without_a_region_is_not_stripped():
    assert strip_solutions("x = 1") is None and strip_hidden("x = 1") is None


def test_the_markers_alone_can_be_taken_out():
    assert without_markers("a\n    ### BEGIN SOLUTION\n    b\n    ### END SOLUTION") == "a\n    b"


def test_ids_are_grade_ids_or_hashes_and_the_same_each_time(lesson):
    cells = to_notebook(lesson)["cells"]
    ids = [cell["id"] for cell in cells]
    assert ids == [cell["id"] for cell in to_notebook(read_lesson(lesson.path))["cells"]]
    assert len(set(ids)) == len(ids)
    assert {"double", "test-double", "open-why", "pair"} <= set(ids)


def test_cells_that_say_the_same_get_different_ids(tmp_path):
    same = "# %%\nx = 1\n\n" * 3
    twice = '# %% nbgrader={"solution": true, "grade_id": "a"}\ny\n\n' * 2
    ids = [cell["id"] for cell in to_notebook(read_lesson(write_lesson(tmp_path, same + twice)))["cells"]]
    assert ids[1:3] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert ids[3:] == ["a", "a-2"]


@pytest.mark.parametrize("blanked", [False, True])
def test_a_percent_file_made_from_a_notebook_reads_as_the_same_lesson(lesson, tmp_path, blanked):
    notebook = blank(to_notebook(lesson)) if blanked else to_notebook(lesson)
    write_notebook(notebook, tmp_path / "a" / "01_first" / "first_dev.ipynb")
    percent = tmp_path / "b" / "01_first" / "first_dev.py"
    percent.parent.mkdir(parents=True)
    percent.write_text(to_percent(notebook), encoding="utf-8")
    assert read_lesson(percent).digest == read_lesson(tmp_path / "a" / "01_first" / "first_dev.ipynb").digest


def test_a_percent_file_keeps_the_form_that_lessons_are_written_in(tmp_path):
    path = write_lesson(tmp_path, SECOND)
    assert to_percent(to_notebook(read_lesson(path))) == path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_quotes_backslashes_and_magics_survive_the_percent_format(tmp_path):
    sources = ['Say """no""" to $\\alpha$', "# Heading\n\n\\beta", "%matplotlib inline\nx = 1", "!ls", ""]
    kinds = ["markdown", "markdown", "code", "code", "code"]
    rest = {"metadata": {}, "outputs": [], "execution_count": None}
    cells = [{"cell_type": kind, "source": source, **rest} for kind, source in zip(kinds, sources, strict=True)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = write_lesson(tmp_path, "")
    path.write_text(to_percent(notebook), encoding="utf-8")
    assert [cell.source for cell in read_lesson(path).cells] == sources


def test_a_notebook_is_written_once(lesson, tmp_path):
    path = tmp_path / "out" / "first_dev.ipynb"
    assert write_notebook(to_notebook(lesson), path) is True
    before = path.stat().st_mtime_ns
    assert write_notebook(to_notebook(lesson), path) is False
    assert path.stat().st_mtime_ns == before
    assert path.read_bytes().endswith(b"}\n") and b"\r" not in path.read_bytes()


def test_a_notebook_keeps_letters_of_all_alphabets(tmp_path):
    path = write_lesson(tmp_path, '# %%\ntext = "\u03b1 \u4f60 \u00e9"\n')
    write_notebook(to_notebook(read_lesson(path)), tmp_path / "a.ipynb")
    assert "\u03b1 \u4f60 \u00e9".encode() in (tmp_path / "a.ipynb").read_bytes()


def nbgrader(part: str) -> Any:
    """A part of nbgrader, whose own imports warn about what others will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_import(f"nbgrader.{part}")
