"""Whatever a student did to a lesson's cells, an update or a mending keeps every line that they wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tito.test_graft import BASE, DOUBLE, ROOT, check, code, prose
from tito.lesson.cell import Cell
from tito.lesson.formats import to_notebook
from tito.student.graft import graft

Cells = list[Cell]

NEWER = [
    prose("# Lesson, anew"),
    code("import math\nimport time"),
    code(DOUBLE.replace("def double(x)", "def double(x: float)"), "double"),
    check("assert double(3) == 6", "test-double"),
    code("def third(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()", "third"),
    code(ROOT, "root"),
    check("assert root(9) == 3", "test-root"),
]
WITHOUT = [cell for cell in NEWER if cell.id not in ("double", "test-double")]
OF_A_CHECK = {"of a check": True}  # what is written into a check goes: the released one takes its place

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
    cells = [replace(cell, extra=OF_A_CHECK if cell.is_check else {}) for cell in BASE]
    for number, (step, first, second) in enumerate(steps):
        if cells:
            at = first % len(cells)
            cells[at : at + 1] = changed(step, cells[at], second, f"mine_{number} = {number}")
        if step == "move" and len(cells) > 1:
            cells.insert(second % len(cells), cells.pop(first % len(cells)))
    written = {line.strip() for cell in cells if not cell.extra for line in cell.source.split("\n")}
    return [replace(cell, number=i) for i, cell in enumerate(cells, 1)], {line for line in written if "mine_" in line}


def changed(step: str, cell: Cell, where: int, text: str) -> Cells:
    """A cell after one step: none, one or two cells."""
    lines = cell.source.split("\n")
    at = where % (len(lines) + 1)
    if step == "answer":
        return [replace(cell, source=cell.source.replace("    raise NotImplementedError()", f"    {text}"))]
    if step in ("write", "tab"):
        indent = "\t" if step == "tab" else "    " * (at > 2)
        return [replace(cell, source="\n".join([*lines[:at], f"{indent}{text}", *lines[at:]]))]
    if step == "rename":
        return [replace(cell, source=cell.source.replace("double", "mine_double"))]
    if step == "delete":
        return []
    if step == "copy":
        return [cell, replace(cell, id=f"copy {text}")]
    if step == "split":
        return [replace(cell, id=f"split {text}", source="\n".join(lines[:at])),
                replace(cell, source="\n".join(lines[at:]))]  # fmt: skip
    if step == "insert":
        return [cell, code(text) if where % 2 else prose(text)]
    return [cell.without_marks()] if step == "bare" else [cell]


def lines_of(cells: Iterable[Cell]) -> set[str]:
    return {line.strip() for cell in cells for line in cell.source.split("\n")}


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
    assert [cell.grade_id for cell in result.cells if cell.grade_id] == [cell.grade_id for cell in new if cell.grade_id]
    checks = {cell.id: cell.source for cell in result.cells if cell.is_check}
    assert checks == {cell.id: cell.source for cell in new if cell.is_check}
    written = to_notebook(result.cells)["cells"]
    assert len({cell["id"] for cell in written}) == len(written)


@settings(max_examples=100, deadline=None)
@given(STEPS)
@example([("split", 2, 1), ("move", 3, 0)])  # the second part of the answer is its first line alone, `#| export`
def test_doing_it_again_changes_nothing(steps):
    mine, _ = done(steps)
    once = graft(NEWER, mine, BASE)
    again = graft(NEWER, once.cells, NEWER)
    assert [cell.source for cell in again.cells] == [cell.source for cell in once.cells] and again.left == ()
