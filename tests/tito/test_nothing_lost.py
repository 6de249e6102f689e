"""Whatever a student did to a lesson's cells, an update or a mending keeps every line that they wrote."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tito.test_graft import BASE, DOUBLE, ROOT, code, prose
from tito.student.graft import graft

Cells = list[dict[str, Any]]

NEWER = [
    prose("# Lesson, anew"),
    code("import math\nimport time"),
    code(DOUBLE.replace("def double(x)", "def double(x: float)"), "double"),
    code("assert double(3) == 6", "test-double", "grade"),
    code("def third(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()", "third"),
    code(ROOT, "root"),
    code("assert root(9) == 3", "test-root", "grade"),
]
WITHOUT = [cell for cell in NEWER if cell["id"] not in ("double", "test-double")]

# What a student does: a step's name, the cell it is done to, and where or what.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "write", "rename", "delete", "copy", "split", "insert", "bare", "move", "tab"]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=7,
)


def done(steps: list[tuple[str, int, int]]) -> tuple[Cells, set[str]]:
    """The lesson after these steps, and the lines that the student wrote and did not delete.

    What is written into a check is left out: the released check takes its place, and the backup holds the student's.
    """
    cells = [{**cell, "of a check": is_check(cell)} for cell in BASE]
    for number, (step, first, second) in enumerate(steps):
        if cells:
            at = first % len(cells)
            cells[at : at + 1] = changed(step, cells[at], second, f"mine_{number} = {number}")
        if step == "move" and len(cells) > 1:
            cells.insert(second % len(cells), cells.pop(first % len(cells)))
    written = {line.strip() for cell in cells if not cell.get("of a check") for line in cell["source"].split("\n")}
    return cells, {line for line in written if "mine_" in line}


def changed(step: str, cell: dict[str, Any], where: int, text: str) -> Cells:
    """A cell after one step: none, one or two cells."""
    lines = cell["source"].split("\n")
    at = where % (len(lines) + 1)
    if step == "answer":
        return [{**cell, "source": cell["source"].replace("    raise NotImplementedError()", f"    {text}")}]
    if step in ("write", "tab"):
        indent = "\t" if step == "tab" else "    " * (at > 2)
        return [{**cell, "source": "\n".join([*lines[:at], f"{indent}{text}", *lines[at:]])}]
    if step == "rename":
        return [{**cell, "source": cell["source"].replace("double", "mine_double")}]
    if step == "delete":
        return []
    if step == "copy":
        return [cell, {**cell, "id": f"copy {text}"}]
    if step == "split":
        first = {**cell, "id": f"split {text}", "source": "\n".join(lines[:at])}
        return [first, {**cell, "source": "\n".join(lines[at:])}]
    if step == "insert":
        return [cell, code(text) if where % 2 else prose(text)]
    return [{**cell, "metadata": {}}] if step == "bare" else [cell]


def is_check(cell: dict[str, Any]) -> bool:
    return cell["metadata"].get("nbgrader", {}).get("grade", False)


def lines_of(cells: Cells) -> set[str]:
    return {line.strip() for cell in cells for line in cell["source"].split("\n")}


@settings(max_examples=300, deadline=None)
@given(STEPS, st.sampled_from([BASE, NEWER, WITHOUT]), st.booleans())
def test_every_line_of_the_students_is_in_the_lesson_or_handed_back(steps, new, has_base):
    mine, written = done(steps)
    result = graft(new, mine, BASE if has_base else None)
    assert written <= lines_of(result.cells) | lines_of(result.left), written - lines_of(result.cells)


@settings(max_examples=200, deadline=None)
@given(STEPS, st.sampled_from([BASE, NEWER, WITHOUT]))
@example([("copy", 0, 0), ("copy", 4, 0), ("bare", 4, 0)], BASE)  # the student's own cell has the id of a check
def test_the_lesson_is_whole_whatever_was_done_to_it(steps, new):
    mine, _ = done(steps)
    result = graft(new, mine, BASE)
    names = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in result.cells]
    wanted = [cell["id"] for cell in new if cell["metadata"]]
    assert [name for name in names if name] == wanted
    checks = {cell["id"]: cell["source"] for cell in result.cells if is_check(cell)}
    assert checks == {cell["id"]: cell["source"] for cell in new if is_check(cell)}
    assert len({cell["id"] for cell in result.cells}) == len(result.cells)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_doing_it_again_changes_nothing(steps):
    mine, _ = done(steps)
    once = graft(NEWER, mine, BASE)
    again = graft(NEWER, once.cells, NEWER)
    assert [cell["source"] for cell in again.cells] == [cell["source"] for cell in once.cells] and again.left == []
