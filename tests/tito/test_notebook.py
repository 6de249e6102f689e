"""Notebooks: what a lesson becomes, judged by nbgrader and nbformat themselves."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tito.small_project import FIRST, HEADER, SECOND, write_lesson
from tito.errors import LessonError
from tito.lesson.cell import Cell
from tito.lesson.formats import cells_of, to_notebook, to_percent, write_cells, write_notebook
from tito.lesson.lesson import Lesson, blank, marked, read_lesson
from tito.lesson.quick_import import quick_import
from tito.lesson.regions import mark_answer, strip_code, strip_hidden, without_markers

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

HIDDEN = """
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
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return read_lesson(write_lesson(tmp_path, FIRST + CLASS + HIDDEN))


def notebook_of(lesson: Lesson) -> dict[str, Any]:
    """The master notebook of a lesson, as a course has it."""
    return to_notebook(marked(lesson).cells)


def blank_of(lesson: Lesson) -> dict[str, Any]:
    """The notebook that a learner gets."""
    return to_notebook(blank(lesson).cells)


def node(notebook: dict[str, Any]) -> Any:
    return quick_import("nbformat").from_dict(notebook)


def cell_of(notebook: dict[str, Any], grade_id: str) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def test_nbformat_accepts_the_notebook(lesson):
    quick_import("nbformat").validate(node(notebook_of(lesson)))
    quick_import("nbformat").validate(node(blank_of(lesson)))


def test_nbgrader_accepts_its_metadata(lesson):
    validator = nbgrader("nbgraderformat").MetadataValidator()
    validator.validate_nb(node(notebook_of(lesson)))
    validator.validate_nb(node(blank_of(lesson)))


def test_metadata_is_complete_for_each_kind_of_cell(lesson):
    notebook = notebook_of(lesson)
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


def test_blank_is_what_stock_nbgrader_makes_but_for_the_words_of_the_stubs(lesson):
    notebook = notebook_of(lesson)
    theirs, _ = nbgrader("preprocessors").ClearSolutions().preprocess(node(notebook), {})
    theirs, _ = nbgrader("preprocessors").ClearHiddenTests().preprocess(theirs, {})
    sources = [cell["source"] for cell in blank_of(lesson)["cells"]]
    ours = [re.sub(r"NotImplementedError\(.*\)", "NotImplementedError()", source) for source in sources]
    assert ours == [cell.source for cell in theirs.cells]


def test_hidden_tests_are_taken_out_and_the_cell_says_that_there_were_some(lesson):
    cell = cell_of(blank_of(lesson), "test-hidden")
    assert cell["source"] == "def test_unit_hidden():\n    assert double(3.0) == 6.0\n\ntest_unit_hidden()"
    assert cell["metadata"]["tito"] == {"hidden_tests": True}
    marked = [cell["id"] for cell in notebook_of(lesson)["cells"] if "tito" in cell["metadata"]]
    assert marked == ["test-hidden"]


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_the_mark_of_hidden_tests_survives_both_formats(lesson, tmp_path, fmt):
    path = tmp_path / "edition" / "01_first" / f"first_dev.{fmt}"
    path.parent.mkdir(parents=True)
    write_cells(blank(lesson).cells, path)
    cells = {cell.grade_id: cell for cell in read_lesson(path).cells if cell.grade_id}
    assert [name for name, cell in cells.items() if cell.hidden] == ["test-hidden"]
    assert not cells["test-hidden"].holds_hidden
    assert cell_of(notebook_of(read_lesson(path)), "test-hidden")["metadata"]["tito"] == {"hidden_tests": True}


def test_the_stub_stands_where_the_solution_stood(lesson):
    source = cell_of(blank_of(lesson), "pair")["source"]
    assert source == (
        '#| export\nclass Pair:\n    """Two numbers."""\n\n'
        '    def total(self) -> float:\n        """Their sum."""\n'
        '        # YOUR CODE HERE\n        raise NotImplementedError("Pair.total is not built yet")\n\n'
        "    def product(self) -> float:\n        # YOUR CODE HERE\n"
        '        raise NotImplementedError("Pair.product is not built yet")'
    )


def test_an_open_question_outlives_its_answer(lesson):
    assert cell_of(blank_of(lesson), "open-how")["source"] == "How?\n\nYOUR ANSWER HERE"
    assert cell_of(blank_of(lesson), "open-why")["source"] == "Why is it called doubling?\n\nYOUR ANSWER HERE"


def test_a_question_that_marks_its_answer_stays_as_it_is():
    marked = "Why?\n<!-- BEGIN SOLUTION -->\nBecause. Your answer here.\n<!-- END SOLUTION -->"
    assert mark_answer(marked) == marked


def test_the_stub_of_a_question_names_the_question(lesson):
    source = cell_of(blank_of(lesson), "question")["source"]
    assert source == '# YOUR CODE HERE\nraise NotImplementedError("question is not answered yet")'


def test_a_solution_cell_without_a_region_is_emptied_as_nbgrader_does():
    emptied = Cell("code", "x = 1", grade_id="it", solution=True).blank()
    assert emptied.source == '# YOUR CODE HERE\nraise NotImplementedError("it is not answered yet")'
    assert emptied.is_blank


def test_blank_clears_outputs_and_leaves_its_argument_alone(lesson):
    ran = {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": "hello"}]}
    check = replace(next(cell for cell in lesson.cells if cell.grade_id == "test-double"), extra=ran)
    [cleared] = to_notebook([check.blank()])["cells"]
    assert (cleared["execution_count"], cleared["outputs"]) == (None, [])
    assert check.extra == ran and to_notebook([check])["cells"][0]["outputs"] == ran["outputs"]


@pytest.mark.parametrize(
    ("source", "kind", "reason"),
    [
        ("### BEGIN SOLUTION\nx", "solution", "a solution region has no END SOLUTION."),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "solution", "begins inside another"),
        ("### BEGIN SOLUTION\nx\n### END SOLUTION", "locked", "a solution region in a cell that is not a solution"),
        ("### BEGIN HIDDEN TESTS\nx", "grade", "a region of hidden tests has no END HIDDEN TESTS"),
        ("### BEGIN HIDDEN TESTS\n### BEGIN HIDDEN TESTS", "grade", "a region of hidden tests begins inside another"),
        ("### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS", "locked", "hidden tests in a cell that is not graded"),
    ],
)
def test_regions_that_nbgrader_refuses_are_refused(lesson, source, kind, reason):
    flags = {kind: True} if kind in ("solution", "grade") else {}
    wrong = replace(lesson, cells=(Cell("code", source, number=1, **flags),))
    with pytest.raises(LessonError, match=reason) as caught:
        blank(wrong)
    assert caught.value.message.startswith("modules/01_first/first_dev.py, cell 1: ")


def test_text_without_a_region_is_not_stripped():
    assert strip_code("x = 1") is None and strip_hidden("x = 1") is None


def test_the_markers_alone_can_be_taken_out():
    assert without_markers("a\n    ### BEGIN SOLUTION\n    b\n    ### END SOLUTION") == "a\n    b"


def test_ids_are_grade_ids_or_hashes_and_the_same_each_time(lesson):
    cells = notebook_of(lesson)["cells"]
    ids = [cell["id"] for cell in cells]
    assert ids == [cell["id"] for cell in notebook_of(read_lesson(lesson.path))["cells"]]
    assert len(set(ids)) == len(ids)
    assert {"double", "test-double", "open-why", "pair"} <= set(ids)


def test_cells_that_say_the_same_get_different_ids(tmp_path):
    same = "# %%\nx = 1\n\n" * 3
    twice = '# %% nbgrader={"solution": true, "grade_id": "a"}\ny\n\n' * 2
    ids = [cell["id"] for cell in notebook_of(read_lesson(write_lesson(tmp_path, same + twice)))["cells"]]
    assert ids[1:3] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert ids[3:] == ["a", "a-2"]


@pytest.mark.parametrize("blanked", [False, True])
def test_a_percent_file_made_from_a_notebook_reads_as_the_same_lesson(lesson, tmp_path, blanked):
    cells = (blank(lesson) if blanked else marked(lesson)).cells
    paths = [tmp_path / fmt / "01_first" / f"first_dev.{fmt}" for fmt in ("ipynb", "py")]
    for path in paths:
        write_cells(cells, path)
    assert read_lesson(paths[0]).digest == read_lesson(paths[1]).digest


def test_a_percent_file_keeps_the_form_that_lessons_are_written_in(tmp_path):
    path = write_lesson(tmp_path, SECOND)
    assert to_percent(read_lesson(path).cells) == path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_quotes_backslashes_and_magics_survive_the_percent_format(tmp_path):
    sources = ['Say """no""" to $\\alpha$', "# Heading\n\n\\beta", "%matplotlib inline\nx = 1", "!ls", "%%bash\nls", ""]
    kinds = ["markdown", "markdown", "code", "code", "code", "code"]
    path = write_lesson(tmp_path, "")
    cells = [Cell(kind, source) for kind, source in zip(kinds, sources, strict=True)]
    path.write_text(to_percent(cells), encoding="utf-8")
    assert [cell.source for cell in read_lesson(path).cells] == sources


def test_what_an_editor_noted_stays_where_the_format_is_the_same(tmp_path):
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["4\n"]}]
    cell = {"cell_type": "code", "source": "2 + 2", "metadata": {"collapsed": True}, "outputs": outputs, "id": "abc"}
    [back] = to_notebook(cells_of([cell]))["cells"]
    assert back == cell | {"execution_count": None}


@pytest.mark.parametrize(
    ("spoilt", "sound"),
    [
        ({"id": "x" * 70}, {}),
        ({"id": "a b"}, {}),
        ({"metadata": {"tags": ["a", "a", "b,c", 3]}}, {"metadata": {"tags": ["a"]}}),
        ({"metadata": {"collapsed": "no", "jupyter": 3, "mine": [1]}}, {"metadata": {"mine": [1]}}),
        ({"metadata": None}, {}),
        ({"cell_type": "heading"}, {"cell_type": "raw"}),
    ],
)
def test_what_no_schema_allows_is_put_right_on_reading(spoilt, sound):
    cell = {"cell_type": "code", "source": "x", "metadata": {}}
    read = cells_of([cell | spoilt])
    [wanted] = to_notebook(cells_of([cell | sound]))["cells"]
    assert to_notebook(read)["cells"] == [wanted]
    quick_import("nbformat").validate(node(to_notebook(read)))


@pytest.mark.parametrize(
    "metadata", [{"widgets": {"application/vnd.jupyter.widget-state+json": {}}}, {"kernelspec": 3}, 5]
)
def test_a_notebook_whose_own_metadata_no_program_takes_is_put_right(tmp_path, metadata):
    text = json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 0})
    path = write_lesson(tmp_path, "").with_suffix(".ipynb")
    path.write_text(text, encoding="utf-8")
    found = read_lesson(path)
    assert found.metadata == {} and to_notebook(found.cells, found.metadata)["metadata"]["language_info"]["version"]


def test_a_notebook_is_written_once(lesson, tmp_path):
    path = tmp_path / "out" / "first_dev.ipynb"
    assert write_notebook(notebook_of(lesson), path) is True
    before = path.stat().st_mtime_ns
    assert write_notebook(notebook_of(lesson), path) is False
    assert path.stat().st_mtime_ns == before
    assert path.read_bytes().endswith(b"}\n") and b"\r" not in path.read_bytes()


def test_a_notebook_keeps_letters_of_all_alphabets(tmp_path):
    path = write_lesson(tmp_path, '# %%\ntext = "\u03b1 \u4f60 \u00e9"\n')
    write_cells(read_lesson(path).cells, tmp_path / "a.ipynb")
    assert "\u03b1 \u4f60 \u00e9".encode() in (tmp_path / "a.ipynb").read_bytes()


def nbgrader(part: str) -> Any:
    """A part of nbgrader, whose own imports warn about what others will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return quick_import(f"nbgrader.{part}")
