"""An answer carried into an exercise that the release changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.student.merge import merge_answer, merge_lines

BLANK = '''#| export
def double(x: float) -> float:
    """Return twice `x`."""
    # YOUR CODE HERE
    raise NotImplementedError()


def half(x):
    # YOUR CODE HERE
    raise NotImplementedError()'''
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
MINE = BLANK.replace(STUB, "    both = 2\n    return both * x", 1)
MINE = MINE.replace(STUB, "    # YOUR CODE HERE\n    return x / 2")


def test_answers_go_into_an_exercise_whose_text_is_new_all_round():
    changes = [("twice `x`.", "the double of `x`, as in double(2.0) == 4.0."), ("half(x)", "half(x: float)")]
    new, wanted = BLANK, MINE
    for old, text in changes:
        new, wanted = new.replace(old, text), wanted.replace(old, text)
    assert merge_answer(BLANK, MINE, new) == wanted


def test_an_answer_with_changes_elsewhere_is_merged_line_by_line():
    mine = MINE.replace("#| export\n", "#| export\nimport math\n")
    new = BLANK.replace("def half(x):", 'def half(x):\n    """Half."""')
    assert merge_answer(BLANK, mine, new) == mine.replace("def half(x):", 'def half(x):\n    """Half."""')


def test_changes_of_the_same_line_collide():
    mine, new = MINE.replace("x: float", "x: int"), BLANK.replace("x: float", "x: Tensor")
    assert merge_answer(BLANK, mine, new) is None


def test_an_exercise_with_another_number_of_stubs_is_merged_where_it_can_be():
    longer = BLANK + "\n\n\ndef third(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert merge_answer(BLANK, MINE, longer) is None or "return both * x" in merge_answer(BLANK, MINE, longer)


def test_a_line_that_one_side_changed_next_to_one_that_the_other_changed_collides():
    assert merge_lines(["a", "b", "c"], ["A", "b", "c"], ["a", "B", "c"]) is None
    assert merge_lines(["a", "b", "c"], ["A", "b", "c"], ["a", "b", "C"]) == ["A", "b", "C"]


def test_an_open_answer_goes_under_the_new_question():
    assert merge_answer("Why?\n\nYOUR ANSWER HERE", "Why?\n\nBecause.", "Why so?\n\nYOUR ANSWER HERE") == (
        "Why so?\n\nBecause."
    )


lines = st.lists(st.sampled_from("abcd"), max_size=8)


@given(lines, lines)
def test_what_one_side_left_alone_is_the_other_sides(base, other):
    assert merge_lines(base, base, other) == merge_lines(base, other, base) == merge_lines(base, other, other) == other


@given(lines, lines, lines)
def test_a_merge_does_not_depend_on_who_is_who_and_invents_no_line(base, mine, new):
    merged = merge_lines(base, mine, new)
    assert merged == merge_lines(base, new, mine)
    assert merged is None or set(merged) <= {*base, *mine, *new}


@pytest.mark.parametrize("stub", [STUB, ""])
def test_a_blank_exercise_becomes_the_new_one(stub):
    base = f"def f():\n{stub}\n    pass"
    assert merge_answer(base, base, base.replace("f()", "g()")) == base.replace("f()", "g()")


def test_stubs_right_under_each_other_take_no_time():
    """What is between the pieces is looked for once: a pattern that went back would try every way to share it out."""
    stub = '    # YOUR CODE HERE\n    raise NotImplementedError("x")'
    base = "\n".join(["a = 1", *[stub] * 12, "b = 2"])
    mine = "\n".join(["a = 1", *(f"    y{n} = 2" for n in range(200)), "b = 3"])
    assert merge_answer(base, mine, base.replace("a = 1", "a = 9")) is None
