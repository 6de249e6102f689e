"""A student's work, put into the lesson as it is released now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tito.lesson.cell import Cell
from tito.student.graft import Grafted, graft

DOUBLE = "#| export\ndef double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
ROOT = DOUBLE.replace("double", "root")
MINE = DOUBLE.replace("raise NotImplementedError()", "return 2 * x")


def prose(source: str, **more) -> Cell:
    return Cell("markdown", source, id=f"id {source[:20]}", **more)


def code(source: str, name: str = "", **more) -> Cell:
    """A given cell, or with a name an exercise."""
    return Cell("code", source, grade_id=name, solution=bool(name), id=name or f"id {source[:20]}", **more)


def check(source: str, name: str, **more) -> Cell:
    return Cell("code", source, grade_id=name, grade=True, points=2.0, id=name, **more)


BASE = [
    prose("# Lesson"),
    code("import math"),
    code(DOUBLE, "double"),
    check("assert double(1) == 2", "test-double"),
    prose("Now the root, which is found by trying numbers one after the other."),
    code(ROOT, "root"),
    check("assert root(4) == 2", "test-root"),
]


def replaced(cells: list[Cell], old: str, new: str) -> list[Cell]:
    changed = [replace(cell, source=cell.source.replace(old, new)) for cell in cells]
    assert changed != cells
    return changed


ANSWERED = [replace(cell, source=MINE) if cell.id == "double" else cell for cell in BASE]


def sources(done: Grafted) -> list[str]:
    return [cell.source for cell in done.cells]


def source_of(done: Grafted, name: str) -> str:
    return next(cell.source for cell in done.cells if cell.id == name)


def codes(done: Grafted) -> list[str]:
    return [finding.code for finding in done.findings]


def test_answers_stay_and_prose_and_checks_are_new():
    new = replaced(replaced(BASE, "one after the other", "in halves"), "double(1) == 2", "double(3) == 6")
    done = graft(new, ANSWERED, BASE)
    assert done.carried == ("double",) and done.left == () and done.findings == ()
    assert sources(done) == [cell.source if cell.id != "double" else MINE for cell in new]


def test_an_answer_goes_into_the_new_text_of_its_exercise():
    new = replaced(BASE, "def double(x):", 'def double(x: float):\n    """Twice."""')
    done = graft(new, ANSWERED, BASE)
    assert source_of(done, "double") == MINE.replace("def double(x):", 'def double(x: float):\n    """Twice."""')


def test_an_answer_that_collides_comes_along_as_it_was_with_a_word():
    mine = replaced(ANSWERED, "def double(x)", "def double(x, y=2)")
    done = graft(replaced(BASE, "def double(x)", "def double(z)"), mine, BASE)
    assert source_of(done, "double") == mine[2].source
    assert codes(done) == ["both-changed"]
    assert done.findings[0].text.startswith("double was changed in the release where you changed it: your cell came")


def test_cells_of_the_students_own_stay_where_they_were():
    own = [code("print(double(4))"), prose("My notes")]
    mine = [prose("Mine, first"), *ANSWERED[:4], *own, *ANSWERED[4:]]
    done = graft([*BASE[:3], prose("New"), *BASE[3:]], mine, BASE)
    assert sources(done)[0] == "Mine, first"
    at = sources(done).index("assert double(1) == 2")
    assert sources(done)[at + 1 : at + 3] == ["print(double(4))", "My notes"]
    assert [cell.source for cell in done.cells if not cell.id] == []


def test_a_cell_of_the_students_own_stays_below_the_given_cell_that_the_release_changed():
    mine = [*ANSWERED[:2], code("print(math.pi)"), *ANSWERED[2:]]
    done = graft(replaced(BASE, "import math", "import math, time"), mine, BASE)
    assert sources(done)[1:3] == ["import math, time", "print(math.pi)"] and done.left == ()


def test_a_given_cell_that_only_the_student_changed_stays():
    mine = replaced(ANSWERED, "import math", "import math, time")
    assert "import math, time" in sources(graft(BASE, mine, BASE))
    assert "import math" in sources(graft(BASE, mine, BASE, keep_edits=False))


def test_a_given_cell_that_both_changed_is_new_and_the_students_is_handed_back():
    mine = replaced(ANSWERED, "one after the other", "one after another; a note of mine")
    done = graft(replaced(BASE, "one after the other", "in halves"), mine, BASE)
    assert [cell.source for cell in done.left] == [mine[4].source]


def test_an_answer_whose_exercise_is_gone_is_handed_back():
    done = graft([cell for cell in BASE if "double" not in cell.id], ANSWERED, BASE)
    assert [cell.source for cell in done.left] == [MINE] and done.carried == ()


def test_a_blank_exercise_that_is_gone_leaves_nothing():
    assert graft([cell for cell in BASE if "root" not in cell.id], ANSWERED, BASE).left == ()


def test_without_a_base_what_differs_is_handed_back():
    mine = replaced(ANSWERED, "one after the other", "one after another; a note of mine")
    done = graft(BASE, mine, None)
    assert done.carried == ("double",) and [cell.source for cell in done.left] == [mine[4].source]


# Damage


def bare(cell: Cell) -> Cell:
    """The cell as an editor saves it that keeps no metadata."""
    return cell.without_marks()


def test_cells_that_lost_their_marks_are_known_by_id_by_text_or_by_what_they_define():
    marks_gone = [bare(cell) for cell in ANSWERED]
    ids_gone = [replace(cell, id="") for cell in marks_gone]
    for mine in (marks_gone, ids_gone):
        done = graft(BASE, mine, BASE)
        assert done.carried == ("double",) and len(done.cells) == len(BASE)
        assert codes(done) == ["mark-lost"] * 4
        assert done.findings[0].text == "double (cell 0) had lost its mark; it was recognised."
        assert [cell.grade_id for cell in done.cells] == [cell.grade_id for cell in BASE]


@pytest.mark.parametrize("marked", [True, False])
def test_a_cell_that_was_split_is_one_again(marked):
    head, _, tail = MINE.partition("    return")
    second = code(f"    return{tail}", "double" if marked else "")
    mine = [*ANSWERED[:2], replace(ANSWERED[2], source=head.rstrip("\n")), second, *ANSWERED[3:]]
    done = graft(BASE, mine, BASE)
    assert source_of(done, "double") == MINE and len(done.cells) == len(BASE)
    assert codes(done) == ["split"]


def test_a_cell_that_was_split_twice_is_one_again():
    source = "#| export\ndef double(x):\n    y = 2 * x\n    return y"
    parts = source.split("\n    ")
    cells = [replace(ANSWERED[2], source=parts[0]), *(code(f"    {part}") for part in parts[1:])]
    done = graft(BASE, [*ANSWERED[:2], *cells, *ANSWERED[3:]], BASE)
    assert source_of(done, "double") == source and len(done.cells) == len(BASE) and set(codes(done)) == {"split"}


def test_of_two_answers_the_last_counts_and_the_other_is_handed_back():
    other = replace(ANSWERED[2], source=MINE.replace("2 * x", "x + x"))
    done = graft(BASE, [*BASE[:3], *ANSWERED[2:], other], BASE)
    assert source_of(done, "double") == other.source and [cell.source for cell in done.left] == [MINE]
    assert codes(done) == ["copied"]


def test_a_constant_and_its_function_in_two_cells_are_one_cell():
    constant = replace(ANSWERED[2], source="#| export\nTWO = 2")
    function = replace(ANSWERED[2], source="#| export\ndef double(x):\n    return TWO * x")
    done = graft(BASE, [*BASE[:2], constant, function, *BASE[3:]], BASE)
    assert source_of(done, "double") == "#| export\nTWO = 2\n\n\ndef double(x):\n    return TWO * x"
    assert done.left == () and len(done.cells) == len(BASE)


def test_a_copy_that_is_not_python_does_not_spoil_the_answer():
    broken = replace(ANSWERED[2], source="def double(x:\n    return")
    done = graft(BASE, [*ANSWERED, broken], BASE)
    assert source_of(done, "double") == MINE and broken.source in sources(done)


def test_a_copied_check_is_there_once():
    done = graft(BASE, [*ANSWERED, ANSWERED[3]], BASE)
    assert len(done.cells) == len(BASE) and done.left == ()


def test_an_answer_moved_to_a_cell_of_its_own_goes_back_and_is_exported():
    moved = code("def double(x):\n    return x + x")
    done = graft(BASE, [*BASE[:2], moved, *BASE[3:]], BASE)
    assert source_of(done, "double") == "#| export\ndef double(x):\n    return x + x" and len(done.cells) == len(BASE)


@pytest.mark.parametrize("at", [2, 3])
def test_an_answer_beside_its_blank_exercise_goes_into_it(at):
    done = graft(BASE, [*BASE[:at], code("def double(x):\n    return x + x"), *BASE[at:]], BASE)
    assert source_of(done, "double") == "#| export\ndef double(x):\n    return x + x" and len(done.cells) == len(BASE)
    assert codes(done) == ["answer-elsewhere"]


def test_an_exercise_that_is_gone_while_another_cell_defines_it_does_not_undo_that():
    both = replace(ANSWERED[2], source=f"{MINE}\n\n\ndef root(x):\n    return x**0.5")
    done = graft(BASE, [*BASE[:2], both, *BASE[3:5], BASE[6]], BASE)
    assert source_of(done, "root") == "#| export\n# root: defined in another cell"


def test_outputs_stay_with_a_cell_that_says_the_same():
    ran = {"outputs": [{"output_type": "stream", "text": "4"}], "execution_count": 7}
    mine = [replace(cell, extra=ran) if cell.kind == "code" else cell for cell in ANSWERED]
    done = graft(replaced(BASE, "root(4)", "root(9)"), mine, BASE)
    counts = {cell.id: cell.extra.get("execution_count") for cell in done.cells if cell.kind == "code"}
    assert counts["double"] == 7 and counts["test-root"] is None


def test_what_an_editor_noted_about_a_cell_stays():
    mine = [replace(cell, extra={"metadata": {"collapsed": True}}) for cell in ANSWERED]
    done = graft(BASE, mine, BASE)
    assert all(cell.extra["metadata"]["collapsed"] for cell in done.cells)
