"""Submissions are repaired in a copy: the released checks each once, nothing of the student's lost, a word about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.grading.course import changed, without
from tests.notebooks import answered, grade_id, write
from tests.tito.small_project import FIRST, codes, lesson_of
from tito.errors import Finding, LessonError
from tito.grading.submission import made_gradable, read_submission
from tito.lesson.formats import cells_of, to_notebook, write_cells
from tito.lesson.lesson import blank, marked

RIGHT = {"double": "#| export\ndef double(x):\n    return 2 * x", "root": "#| export\ndef root(x):\n    return x**0.5"}


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The master notebook of a tiny lesson."""
    folder = tmp_path_factory.mktemp("master")
    path = folder / "source" / "01_first" / "first_dev.ipynb"
    write_cells(marked(lesson_of(folder, FIRST)[1]).cells, path)
    return path


@pytest.fixture(scope="module")
def released(master: Path) -> dict[str, Any]:
    return to_notebook(blank(lesson_of(master.parents[2], FIRST)[1]).cells)


@dataclass(frozen=True)
class Done:
    cells: list[dict[str, Any]]
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> list[str]:
        return codes(self.findings)


def repaired(cells: Iterable[dict[str, Any]], released: dict[str, Any]) -> Done:
    """The cells as they are to be graded, and what was found."""
    notebook, found = made_gradable(cells_of(cells), cells_of(released["cells"]))
    return Done(notebook["cells"], found)


def bare(cell: dict[str, Any]) -> dict[str, Any]:
    return {**cell, "metadata": {}}


def sources(cells: list[dict[str, Any]]) -> list[str]:
    return [cell["source"] for cell in cells]


def ids(cells: list[dict[str, Any]]) -> list[str]:
    return [name for cell in cells if (name := grade_id(cell))]


def split(notebook: dict[str, Any], name: str, at: str) -> dict[str, Any]:
    """The notebook with a cell split in two as JupyterLab does: both parts keep the metadata."""
    cells = []
    for cell in notebook["cells"]:
        first, found, rest = cell["source"].partition(at)
        whole = grade_id(cell) != name or not found
        cells += [cell] if whole else [{**cell, "source": first}, {**cell, "source": at + rest, "id": "new"}]
    return {**notebook, "cells": cells}


def test_a_sound_submission_is_left_as_it_is(released):
    notebook = answered(released, RIGHT)
    done = repaired(notebook["cells"], released)
    assert done.cells == notebook["cells"] and done.findings == ()


def test_a_cell_split_in_two_is_run_in_both_parts(released):
    both = {**RIGHT, "root": "#| export\nA = 1\ndef root(x):\n    return x"}
    notebook = split(answered(released, both), "root", "def root")
    done = repaired(notebook["cells"], released)
    assert "#| export\nA = 1\n\n\ndef root(x):\n    return x" in sources(done.cells)
    assert ids(done.cells) == ids(released["cells"]) and done.codes == ["copied"]


def test_of_an_exercise_there_twice_a_copy_left_blank_is_not_run(released):
    notebook = answered(released, RIGHT)
    blank_root = next(cell for cell in released["cells"] if grade_id(cell) == "root")
    notebook["cells"].append({**blank_root, "id": "copy"})
    done = repaired(notebook["cells"], released)
    assert sources(done.cells) == sources(answered(released, RIGHT)["cells"])
    place = f"cell {len(notebook['cells'])}"
    assert str(done.findings[0]) == (
        f"root is there twice, at cell 6 and {place}: cell 6, which was answered, counts, and what was left blank does"
        " not; delete that."
    )


@pytest.mark.parametrize("marked", [True, False])
def test_a_function_split_in_two_is_one_again(released, marked):
    notebook = answered(released, {**RIGHT, "root": "#| export\ndef root(x):\n    y = x\n    return y**0.5"})
    notebook = split(notebook, "root", "    return")
    if not marked:
        notebook["cells"][6] = bare(notebook["cells"][6])
    done = repaired(notebook["cells"], released)
    assert "#| export\ndef root(x):\n    y = x\n    return y**0.5" in sources(done.cells)
    assert len(done.cells) == len(released["cells"])
    assert done.codes == ["split"]


def test_an_exercise_that_lost_its_export_is_exported_with_a_word(released):
    notebook = answered(released, {**RIGHT, "double": RIGHT["double"].removeprefix("#| export\n")})
    done = repaired(notebook["cells"], released)
    assert sources(done.cells) == sources(answered(released, RIGHT)["cells"])
    assert done.codes == ["directive-lost"] and str(done.findings[0]) == (
        "double (cell 4) had lost its first line, `#| export`; it was put back."
    )


def test_tabs_among_spaces_are_read_as_four(released):
    notebook = answered(released, {**RIGHT, "root": "#| export\ndef root(x):\n    y = x\n\treturn y**0.5"})
    done = repaired(notebook["cells"], released)
    assert "#| export\ndef root(x):\n    y = x\n    return y**0.5" in sources(done.cells)
    assert done.codes == ["tabs"]


def test_tabs_alone_stay(released):
    notebook = answered(released, {**RIGHT, "root": "#| export\ndef root(x):\n\treturn x**0.5"})
    assert repaired(notebook["cells"], released) == Done(notebook["cells"], ())


def test_of_copied_answers_to_an_open_question_the_one_that_was_written_counts(released):
    question = next(cell for cell in released["cells"] if grade_id(cell) == "open-why")
    copy = {**question, "source": question["source"].replace("YOUR ANSWER HERE", "Because it doubles."), "id": "copy"}
    done = repaired([*released["cells"], copy], released)
    [answer] = [cell for cell in done.cells if grade_id(cell) == "open-why"]
    assert "Because it doubles." in answer["source"] and done.codes == ["copied"]


def test_cells_that_lost_their_metadata_are_recognised_by_their_ids(released):
    notebook = answered(released, RIGHT)
    done = repaired(map(bare, notebook["cells"]), released)
    assert [cell["metadata"] for cell in done.cells] == [cell["metadata"] for cell in notebook["cells"]]
    assert done.codes == ["mark-lost"] * 5
    assert [finding.where for finding in done.findings] == [f"cell {number}" for number in range(4, 9)]


def test_without_ids_they_are_recognised_by_what_they_say_and_define(released):
    notebook = answered(released, RIGHT)
    cells = [{key: value for key, value in bare(cell).items() if key != "id"} for cell in notebook["cells"]]
    done = repaired(cells, released)
    assert ids(done.cells) == ids(released["cells"])


def test_a_check_that_was_changed_is_the_released_one_again(released):
    notebook = changed(released, "test-root", lambda cell: cell.update(source="pass"))
    done = repaired(notebook["cells"], released)
    assert sources(done.cells) == sources(released["cells"])
    assert done.codes == ["check-changed"] and str(done.findings[0]) == (
        "test-root (cell 7) was changed; the released check was run, for its 2 points."
    )


@pytest.mark.parametrize("key", ["grade", "locked", "points", "schema_version"])
def test_metadata_that_was_changed_is_the_released_one_again(released, key):
    notebook = changed(released, "test-root", lambda cell: cell["metadata"]["nbgrader"].update({key: 0}))
    assert repaired(notebook["cells"], released).cells == released["cells"]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_check_that_was_made_text_is_code_again(released, kind):
    notebook = changed(released, "test-root", lambda cell: cell.update(cell_type=kind))
    assert repaired(notebook["cells"], released).cells == released["cells"]


@pytest.mark.parametrize(
    "gone", [["test-double"], ["test-root"], ["open-why"], ["test-double", "test-root"], ["test-root", "open-why"]]
)
def test_what_was_deleted_comes_back_to_its_place(released, gone):
    notebook = without(released, *gone)
    done = repaired(notebook["cells"], released)
    assert ids(done.cells) == ids(released["cells"])
    assert done.codes == ["question-gone" if name == "open-why" else "check-gone" for name in gone]
    for name, finding in zip(gone, done.findings, strict=True):
        what = "open question" if name == "open-why" else "check"
        assert str(finding) == f"The {what} {name} is gone; it counts as it was released."


def test_a_check_comes_back_after_the_given_cells_that_it_needs(released):
    helper = {"cell_type": "code", "id": "helper", "metadata": {}, "source": "WANTED = 3.0\nLIMIT = 1e-6"}
    at = ids(released["cells"]).index("test-root") + len(released["cells"]) - len(ids(released["cells"]))
    cells = [*released["cells"][:at], helper, *released["cells"][at:]]
    lesson = to_notebook(cells_of(cells))
    done = repaired(without(lesson, "test-root")["cells"], lesson)
    assert sources(done.cells) == sources(lesson["cells"])


def test_an_exercise_that_is_gone_is_named_and_its_stub_does_not_come_back(released):
    done = repaired(without(released, "root")["cells"], released)
    assert "root" not in ids(done.cells) and done.codes == ["exercise-gone"]


def test_an_answer_in_another_cell_is_named(released):
    notebook = answered(released, {"double": RIGHT["root"], "root": RIGHT["double"]})
    done = repaired(notebook["cells"], released)
    assert sources(done.cells) == sources(notebook["cells"])
    assert done.codes == ["defined-elsewhere"] * 2
    assert str(done.findings[0]) == "double belongs in the cell double (cell 4); it is defined in cell 6."


def test_graded_cells_of_another_release_are_plain_cells(released):
    def other(cell: dict[str, Any]) -> None:
        cell["metadata"]["nbgrader"].update(grade_id="test-cube")
        cell["source"] = "assert cube(2) == 8"
        cell["id"] = "test-cube"

    done = repaired(changed(released, "test-root", other)["cells"], released)
    assert ids(done.cells) == ids(released["cells"]) and "assert cube(2) == 8" in sources(done.cells)
    assert done.codes == ["not-in-lesson", "check-gone"]
    assert str(done.findings[0]) == "test-cube (cell 7) is not a check of this lesson; it earns no points."


WAYS = st.sampled_from(["delete", "copy", "bare", "rename", "move", "edit", "kind"])
ACTIONS = st.lists(st.tuples(WAYS, st.integers(0, 20)), max_size=8)


@given(ACTIONS)
@settings(max_examples=200, deadline=None)
@example([("copy", 7), ("edit", 7)])  # of an open question that is there twice, the one that was left blank goes
def test_whatever_was_done_to_it_each_check_is_there_once_and_no_work_is_lost(released, actions):
    cells = json.loads(json.dumps(answered(released, RIGHT)["cells"]))
    for action, place in actions:
        _spoil(cells, action, place % max(len(cells), 1))
    done = repaired(cells, released)
    wanted = [name for name in ids(released["cells"]) if name not in RIGHT]
    assert sorted(name for name in ids(done.cells) if name not in RIGHT) == sorted(wanted)
    assert len(set(ids(done.cells))) == len(ids(done.cells))
    kept = {cell["source"] for cell in done.cells}
    checks = {"test-double", "test-root"}
    typed = {cell["source"] for cell in cells if grade_id(cell) not in checks and cell.get("id") not in checks}
    assert typed - {cell["source"] for cell in released["cells"]} <= kept


def _spoil(cells: list[dict[str, Any]], action: str, place: int) -> None:
    if not cells:
        return
    if action == "delete":
        del cells[place]
    elif action == "copy":
        cells.insert(place, json.loads(json.dumps(cells[place])))
    elif action == "bare":
        cells[place]["metadata"] = {}
    elif action == "rename" and grade_id(cells[place]):
        cells[place]["metadata"]["nbgrader"]["grade_id"] = "other"
    elif action == "move":
        cells.append(cells.pop(place))
    elif action == "edit":
        cells[place]["source"] += "\n# edited"
    elif action == "kind":
        cells[place]["cell_type"] = "markdown"


# Files


def test_windows_line_ends_become_plain_ones(master, released, tmp_path):
    notebook = answered(released, {**RIGHT, "root": "#| export\ndef root(x):\r\n    return x\r\n"})
    found = read_submission(write(notebook, tmp_path / "01_first" / "first_dev.ipynb"), master)
    assert "#| export\ndef root(x):\n    return x\n" in sources(found.notebook["cells"]) and found.findings == ()


def test_a_file_is_read_with_its_repairs(master, released, tmp_path):
    path = write(without(released, "test-root"), tmp_path / "01_first" / "first_dev.ipynb")
    found = read_submission(path, master)
    assert found.readable and codes(found.findings) == ["check-gone"]
    assert len(found.notebook["cells"]) == len(released["cells"])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This notebook is empty. Nothing in it could be graded; hand in the notebook again."),
        (b'{"cells": [', "This notebook was cut off; it ends in the middle, at line 1, column 12 of the file"),
        (b"[]", "This is not a notebook in nbformat 4: it has no list of cells. Nothing in it could be graded;"),
        (b'{"cells": [{"source": 5}]}', "The cell has no text in it. Nothing in it could be graded;"),
        (b"\xff\xfe\x00", "ada/01_first/first_dev.ipynb, line 1: byte 0xff is not UTF-8. Nothing in it could be"),
    ],
)
def test_a_file_that_cannot_be_read_has_the_checks_alone_and_a_word(master, released, tmp_path, data, sentence):
    path = tmp_path / "ada" / "01_first" / "first_dev.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    found = read_submission(path, master)
    assert not found.readable and codes(found.findings) == ["unreadable"]
    assert str(found.findings[0]).startswith(sentence)
    assert ids(found.notebook["cells"]) == ["test-double", "test-root", "open-why"]


def test_a_byte_order_mark_long_outputs_and_odd_ids_are_no_matter(master, released, tmp_path):
    notebook = answered(released, RIGHT)
    for cell in notebook["cells"]:
        cell["id"] = "same"
    notebook["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 21_000_000}]
    path = tmp_path / "01_first" / "first_dev.ipynb"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(notebook).encode())
    found = read_submission(path, master)
    assert found.readable and codes(found.findings) == ["byte-order-mark", "large"]
    assert len({cell["id"] for cell in found.notebook["cells"]}) == len(notebook["cells"])
    assert all(cell["outputs"] == [] for cell in found.notebook["cells"] if cell["cell_type"] == "code")


def test_a_master_that_cannot_be_read_is_no_fault_of_the_students(released, tmp_path):
    path = write(released, tmp_path / "01_first" / "first_dev.ipynb")
    with pytest.raises(LessonError, match="Cannot read"):
        read_submission(path, tmp_path / "source" / "01_first" / "first_dev.ipynb")
