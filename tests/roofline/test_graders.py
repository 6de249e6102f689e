"""The checks of lesson 14's roof and time line: wrong solutions lose, other right ones do not."""

from __future__ import annotations

from types import ModuleType

import pytest

from tito.registry import find_lesson

ROOF, EVENT = ("roof-fraction", "test-roof-fraction"), ("chrome-event", "test-chrome-event")
LEAST = "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)"
WHEN = "microseconds(operation.start, operation.start + operation.seconds)"
WRONG = {
    "the smaller limit": (ROOF, "max(o.flops", "min(o.flops"),
    "both limits added": (ROOF, LEAST, "sum(o.flops / roof.flops + o.bytes / roof.bandwidth for o in operations)"),
    "one limit for all": (
        ROOF,
        LEAST,
        "max(sum(o.flops for o in operations) / roof.flops, sum(o.bytes for o in operations) / roof.bandwidth)",
    ),
    "upside down": (ROOF, "least / taken if", "taken / least if"),
    "zero for a view": (ROOF, "if least and taken else None", "if taken else 0.0"),
    "milliseconds": (EVENT, WHEN, "microseconds(operation.start / 1e3, (operation.start + operation.seconds) / 1e3)"),
    "an end for a duration": (EVENT, WHEN, "microseconds(0.0, operation.start + operation.seconds)"),
    "a duration for an end": (EVENT, WHEN, "microseconds(operation.start, operation.seconds)"),
    "only a beginning": (EVENT, '"ph": "X"', '"ph": "B"'),
    "name and category exchanged": (
        EVENT,
        '"name": operation.name, "cat": operation.phase',
        '"cat": operation.name, "name": operation.phase',
    ),
    "no bytes": (EVENT, '"flops", "bytes")', '"flops")'),
}
RIGHT = {
    "the rate over the attainable rate": (
        ROOF,
        "max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
        "(o.bytes / roof.bandwidth if o.flops < roof.ridge * o.bytes else o.flops / roof.flops)",
    ),
    "microseconds by hand": (
        EVENT,
        WHEN,
        "{'ts': round(operation.start * 1e6, 3), 'dur': round(operation.seconds * 1e6, 3)}",
    ),
}


def execute(source: str, space: dict) -> None:
    """Run a cell without the `__future__` of this file."""
    exec(compile(source, "cell", "exec", dont_inherit=True), space)


@pytest.fixture(scope="module")
def lesson(real):
    return find_lesson(real, "14")


@pytest.fixture
def check(lesson, monkeypatch):
    """Run the lesson up to a check with a changed solution, without its other checks; a call runs the check."""
    monkeypatch.chdir(lesson.path.parent)

    def run(exercise, old, new):
        space = vars(ModuleType("lesson"))
        for cell in lesson.cells:
            if cell.kind == "code" and cell.grade_id == exercise[1]:
                return execute(cell.source, space)
            if cell.kind == "code" and not cell.is_check:
                if cell.grade_id == exercise[0]:
                    assert cell.source.count(old) == 1
                    execute(cell.source.replace(old, new), space)
                else:
                    execute(cell.source, space)
        raise LookupError(exercise[1])

    return run


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_wrong_solution_loses_points_with_a_sentence(check, case):
    with pytest.raises(AssertionError) as raised:
        check(*case)
    assert len(str(raised.value).split()) >= 6


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_another_right_solution_keeps_its_points(check, case):
    check(*case)
