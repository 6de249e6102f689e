"""The graders, tested like code: every wrong solution of the bank loses points and is told why, every right one not."""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import pytest

from tests.graders.bank import cases
from tests.graders.case import handed_in, right, wrong
from tests.graders.judge import PATHS, lacking, problem, run_bank, run_cases, unfit
from tests.graders.walk import Judged
from tito.lesson.lesson import read_lesson

TANH = ("1 - y * y", "1 - y")
LOST = Judged("test-matmul", "AssertionError", "matmul of (2, 3) and (3, 4) gave 0.0, wanted 1.5: look at the axes")
JUDGES = [(list, [LOST], 30.0), (time.sleep, 60, 0.05), (max, itertools.count(), 0.5), (os._exit, 1, 30.0)]


@pytest.mark.parametrize("number", sorted(PATHS))
def test_no_case_of_a_lesson_survives(number):
    for _, outcomes in run_bank([number]):
        lesson = read_lesson(PATHS[number])
        survivors = [(o.case.exercise, o.case.title, why) for o in outcomes if (why := problem(lesson, o))]
        assert survivors == []


@pytest.mark.parametrize("number", sorted(PATHS))
def test_the_titles_of_a_lesson_tell_its_cases_apart(number):
    titles = [(case.exercise, case.title) for case in cases(number)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("number", sorted(PATHS))
def test_each_exercise_has_its_wrong_solutions_and_each_of_them_a_message_to_hold_to(number):
    assert lacking(number) == {}
    assert [case.title for case in cases(number) if not case.right and not case.says] == []


def outcomes_of(number, some, fork=True):
    """The survivors' reasons of these cases."""
    done = [outcome for _, outcomes in run_cases({number: some}, 2, fork) for outcome in outcomes]
    reasons = {outcome.case.title: problem(read_lesson(PATHS[number]), outcome) for outcome in done}
    return [reasons[case.title] for case in some]


def test_a_wrong_case_that_is_right_and_a_right_one_that_is_wrong_survive():
    survivors = outcomes_of(
        "05",
        [
            wrong("rules-arithmetic", "no change", "test-rules-arithmetic", ("return g * b\n", "return b * g\n")),
            right("rules-elementwise", "tanh without its square", TANH, checks="test-rules-elementwise"),
            right("rules-elementwise", "tanh without its square, all checks", TANH),
        ],
    )
    assert survivors[0] == "test-rules-arithmetic passed"
    assert all("test-rules-elementwise takes points from a right solution: " in why for why in survivors[1:])


def test_a_walk_that_cannot_fork_gives_the_same_verdicts():
    some = [
        wrong("rules-elementwise", "tanh without its square", "test-rules-elementwise", TANH, says=("tanh",)),
        right("rules-arithmetic", "turned round", ("return g * b\n", "return b * g\n"), checks="test-rules-arithmetic"),
    ]
    assert outcomes_of("05", some, fork=False) == outcomes_of("05", some)


def test_an_endless_solution_is_stopped_and_a_process_that_ends_is_noticed():
    from tests.graders.child import in_child  # of POSIX

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        done = [pool.submit(in_child, partial(*work), limit) for *work, limit in JUDGES]
    assert [each.result() for each in done] == [
        ([LOST], ""), ((), "took longer than 0.05 s"), ((), "took longer than 0.5 s"), ((), "the process died"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "judged, word",
    [
        (LOST, ""),
        (replace(LOST, error="KeyError"), "raw KeyError"),
        (replace(LOST, message="wrong"), "without a sentence"),
        (replace(LOST, message="the result was a NoneType and not the array wanted"), "without a sentence"),
        (replace(LOST, message="f(1.5) raised KeyError: 'a': wanted a ValueError that says so"), ""),
        (replace(LOST, message="it should return np.matmul(a, b), which stands in NumPy"), "gives the answer away"),
        (replace(LOST, message="the product of two matrices came out wrong"), "does not say '1.5'"),
    ],
)
def test_a_message_that_does_not_teach_is_found(judged, word):
    case = wrong("matmul", "zeros", "test-matmul", ("return array_product(a, b)", "return 0.0"), says=("1.5",))
    case = replace(case, changes=(("np.matmul(a, b)", "0.0"),))
    why = unfit(read_lesson(PATHS["01"]), case, judged)
    assert word in why and bool(word) == bool(why)


def test_a_case_whose_text_is_not_in_the_solution_is_refused():
    cell = next(cell for cell in read_lesson(PATHS["01"]).exercises if cell.grade_id == "matmul")
    with pytest.raises(ValueError, match="stands 0 times in the solution"):
        handed_in(cell, wrong("matmul", "no such text", "test-matmul", ("no such text", "")))
    with pytest.raises(ValueError, match="nothing is changed"):
        handed_in(cell, wrong("matmul", "no change", "test-matmul"))
    assert "\n    return None\n    ### END" in handed_in(cell, right("matmul", "none", solution="return None")).source
