"""A student's work, put into the lesson as it is released now."""

from __future__ import annotations

import pytest

from tito.student.graft import Grafted, graft

DOUBLE = "#| export\ndef double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
ROOT = DOUBLE.replace("double", "root")
MINE = DOUBLE.replace("raise NotImplementedError()", "return 2 * x")


def prose(source: str, **more) -> dict:
    return {"cell_type": "markdown", "source": source, "metadata": {}, "id": f"id {source[:20]}"} | more


def code(source: str, name: str = "", kind: str = "solution", **more) -> dict:
    options = {"grade_id": name, kind: True, "points": 2} if name else {}
    metadata = {"nbgrader": options} if name else {}
    rest = {"id": name or f"id {source[:20]}", "outputs": [], "execution_count": None}
    return {"cell_type": "code", "source": source, "metadata": metadata} | rest | more


def check(source: str, name: str, **more) -> dict:
    return code(source, name, "grade", **more)


BASE = [
    prose("# Lesson"),
    code("import math"),
    code(DOUBLE, "double"),
    check("assert double(1) == 2", "test-double"),
    prose("Now the root, which is found by trying numbers one after the other."),
    code(ROOT, "root"),
    check("assert root(4) == 2", "test-root"),
]


def replaced(cells: list[dict], old: str, new: str) -> list[dict]:
    changed = [{**cell, "source": cell["source"].replace(old, new)} for cell in cells]
    assert changed != cells
    return changed


ANSWERED = [{**cell, "source": MINE} if cell["id"] == "double" else cell for cell in BASE]


def sources(done: Grafted) -> list[str]:
    return [cell["source"] for cell in done.cells]


def source_of(done: Grafted, name: str) -> str:
    return next(cell["source"] for cell in done.cells if cell["id"] == name)


def test_answers_stay_and_prose_and_checks_are_new():
    new = replaced(replaced(BASE, "one after the other", "in halves"), "double(1) == 2", "double(3) == 6")
    done = graft(new, ANSWERED, BASE)
    assert done.carried == ("double",) and done.left == [] and done.notes == ()
    assert sources(done) == [cell["source"] if cell["id"] != "double" else MINE for cell in new]


def test_an_answer_goes_into_the_new_text_of_its_exercise():
    new = replaced(BASE, "def double(x):", 'def double(x: float):\n    """Twice."""')
    done = graft(new, ANSWERED, BASE)
    assert source_of(done, "double") == MINE.replace("def double(x):", 'def double(x: float):\n    """Twice."""')


def test_an_answer_that_collides_comes_along_as_it_was_with_a_word():
    mine = replaced(ANSWERED, "def double(x)", "def double(x, y=2)")
    done = graft(replaced(BASE, "def double(x)", "def double(z)"), mine, BASE)
    assert source_of(done, "double") == mine[2]["source"]
    assert done.notes[0].startswith("double was changed in the release where you changed it, too")


def test_cells_of_the_students_own_stay_where_they_were():
    own = [code("print(double(4))"), prose("My notes")]
    mine = [prose("Mine, first"), *ANSWERED[:4], *own, *ANSWERED[4:]]
    done = graft([*BASE[:3], prose("New"), *BASE[3:]], mine, BASE)
    assert sources(done)[0] == "Mine, first"
    at = sources(done).index("assert double(1) == 2")
    assert sources(done)[at + 1 : at + 3] == ["print(double(4))", "My notes"]
    assert len({cell["id"] for cell in done.cells}) == len(done.cells)


def test_a_given_cell_that_only_the_student_changed_stays():
    mine = replaced(ANSWERED, "import math", "import math, time")
    assert "import math, time" in sources(graft(BASE, mine, BASE))
    assert "import math" in sources(graft(BASE, mine, BASE, keep_edits=False))


def test_a_given_cell_that_both_changed_is_new_and_the_students_is_handed_back():
    mine = replaced(ANSWERED, "one after the other", "one after another; a note of mine")
    done = graft(replaced(BASE, "one after the other", "in halves"), mine, BASE)
    assert [cell["source"] for cell in done.left] == [mine[4]["source"]]


def test_an_answer_whose_exercise_is_gone_is_handed_back():
    done = graft([cell for cell in BASE if "double" not in cell["id"]], ANSWERED, BASE)
    assert [cell["source"] for cell in done.left] == [MINE] and done.carried == ()


def test_a_blank_exercise_that_is_gone_leaves_nothing():
    assert graft([cell for cell in BASE if "root" not in cell["id"]], ANSWERED, BASE).left == []


def test_without_a_base_what_differs_is_handed_back():
    mine = replaced(ANSWERED, "one after the other", "one after another; a note of mine")
    done = graft(BASE, mine, None)
    assert done.carried == ("double",) and [cell["source"] for cell in done.left] == [mine[4]["source"]]


# Damage


def test_cells_that_lost_their_marks_are_known_by_id_by_text_or_by_what_they_define():
    bare = [{**cell, "metadata": {}} for cell in ANSWERED]
    no_ids = [{key: value for key, value in cell.items() if key != "id"} for cell in bare]
    for mine in (bare, no_ids):
        done = graft(BASE, mine, BASE)
        assert done.carried == ("double",) and len(done.cells) == len(BASE)
        assert "double had lost its mark, its grade_id; it has it again." in done.notes
        assert [cell["metadata"] for cell in done.cells] == [cell["metadata"] for cell in BASE]


@pytest.mark.parametrize("marked", [True, False])
def test_a_cell_that_was_split_is_one_again(marked):
    head, _, tail = MINE.partition("    return")
    second = code(f"    return{tail}", "double" if marked else "")
    mine = [*ANSWERED[:2], {**ANSWERED[2], "source": head.rstrip("\n")}, second, *ANSWERED[3:]]
    done = graft(BASE, mine, BASE)
    assert source_of(done, "double") == MINE and len(done.cells) == len(BASE)
    assert done.notes == ("double was split in two cells; it is one again.",)


def test_of_two_answers_the_last_counts_and_the_other_is_handed_back():
    other = {**ANSWERED[2], "source": MINE.replace("2 * x", "x + x")}
    done = graft(BASE, [*BASE[:3], *ANSWERED[2:], other], BASE)
    assert source_of(done, "double") == other["source"] and [cell["source"] for cell in done.left] == [MINE]
    assert done.notes == ("double is there more than once; the last answer came along.",)


def test_a_copied_check_is_there_once():
    done = graft(BASE, [*ANSWERED, ANSWERED[3]], BASE)
    assert len(done.cells) == len(BASE) and done.left == []


def test_an_answer_moved_to_a_cell_of_its_own_goes_back_and_is_exported():
    moved = code("def double(x):\n    return x + x")
    done = graft(BASE, [*BASE[:2], moved, *BASE[3:]], BASE)
    assert source_of(done, "double") == "#| export\ndef double(x):\n    return x + x" and len(done.cells) == len(BASE)


def test_an_answer_beside_its_blank_exercise_goes_into_it():
    done = graft(BASE, [*BASE[:3], code("def double(x):\n    return x + x"), *BASE[3:]], BASE)
    assert source_of(done, "double") == "#| export\ndef double(x):\n    return x + x" and len(done.cells) == len(BASE)
    assert done.notes == ("The answer to double stood in a cell of its own; it is in the exercise now.",)


def test_outputs_stay_with_a_cell_that_says_the_same():
    ran = {"outputs": [{"output_type": "stream", "text": "4"}], "execution_count": 7}
    mine = [cell | ran if cell["cell_type"] == "code" else cell for cell in ANSWERED]
    done = graft(replaced(BASE, "root(4)", "root(9)"), mine, BASE)
    counts = {cell["id"]: cell["execution_count"] for cell in done.cells if cell["cell_type"] == "code"}
    assert counts["double"] == 7 and counts["test-root"] is None


def test_what_an_editor_noted_about_a_cell_stays():
    mine = [cell | {"metadata": cell["metadata"] | {"collapsed": True}} for cell in ANSWERED]
    done = graft(BASE, mine, BASE)
    assert all(cell["metadata"]["collapsed"] for cell in done.cells)
