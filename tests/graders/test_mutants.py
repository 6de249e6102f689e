"""Mutants of the reference's solutions: none of a fixed sample survives its checks, unless it is listed as no mistake.

All of them take minutes: `python -m tests.graders.mutants`.
"""

from __future__ import annotations

import pytest

from tests.graders.equivalent import equivalent
from tests.graders.judge import PATHS
from tests.graders.mutants import stale, survivors
from tests.graders.mutate import change, mutated
from tito.lesson.cell import Cell

ONE_IN = 8
CELL = Cell(
    "code",
    "def larger(a, b):\n    x = a > b or True\n    ### BEGIN SOLUTION\n    if a > 1:\n        log(a, b)\n"
    "    if b:\n        raise ValueError(f'{a + b}' + 'b')\n    return a\n    ### END SOLUTION\n",
    "larger",
    solution=True,
)


@pytest.mark.parametrize("number", sorted(PATHS))
def test_no_unlisted_mutant_of_a_lesson_survives(number):
    found = [(case.exercise, case.title) for _, _, alive in survivors([number], every=ONE_IN) for case in alive]
    assert found == []


@pytest.mark.parametrize("number", sorted(PATHS))
def test_every_mutant_that_is_listed_is_still_made_and_has_a_reason(number):
    assert stale(number) == []
    assert all(len(reason.split()) > 3 for reason in equivalent().get(number, {}).values())


def test_mutants_change_what_a_solution_does_and_not_what_it_says():
    changes = [change(CELL.source, source) for source in mutated(CELL)]
    assert {
        "if a > 1: -> if a >= 1:", "if a > 1: -> if a > 2:", "if a > 1: -> if not (a > 1):", "log(a, b) -> log(b, a)",
        "log(a, b) -> pass", "log(a, b) -> log(b)", "if b: -> if not (b):",
    } <= set(changes)  # fmt: skip
    assert not [each for each in changes if "raise" in each or each.startswith("x =")]
