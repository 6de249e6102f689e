"""Hidden tests ask what the visible ones did not, so that a solution with the visible results typed in loses points."""

from __future__ import annotations

import inspect
import os
import sys
import tracemalloc
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from types import FrameType
from typing import Any

import numpy as np
import pytest

from tests.graders.judge import PATHS, ROOT
from tests.graders.slices import needed
from tests.graders.walk import CAN_FORK, settle
from tinytorch.support.checks_kernels import run
from tito.lesson.lesson import Lesson, read_lesson
from tito.lesson.regions import strip_hidden
from tito.run.worker import Channel, Worker

DEPTH = 5  # how far to look into an argument: an array in a tensor in a list in a module
NOTHING_NEW = {
    "test-no-grad": "no_grad takes no argument, so its cases do not differ by one",
    "test-triad": "Numba compiles the exercise, and its check does not call it by `run`, which would be seen",
}
NONE_HIDDEN = {"test-module": "runs the parts of the lesson together, each of which has hidden tests of its own"}
REPEATED = "\n### BEGIN HIDDEN TESTS\ntest_unit_matmul()\n### END HIDDEN TESTS\n"


@pytest.mark.parametrize("number", sorted(PATHS))
def test_each_check_has_hidden_tests_but_that_of_a_question_with_one_answer(number):
    without = [cell.grade_id for cell in read_lesson(PATHS[number]).checks if not cell.holds_hidden]
    assert [name for name in without if "question" not in name and name not in NONE_HIDDEN] == []


@pytest.mark.parametrize("number", sorted(PATHS))
def test_hidden_tests_call_an_exercise_with_other_values_than_the_visible_ones(number):
    assert set(in_a_process(read_lesson(PATHS[number]))) - set(NOTHING_NEW) == set()


def test_hidden_tests_that_repeat_the_visible_ones_are_found():
    lesson = read_lesson(PATHS["01"])
    cells = [
        replace(cell, source=strip_hidden(cell.source) + REPEATED) if cell.grade_id == "test-matmul" else cell
        for cell in lesson.cells
    ]
    assert "test-matmul" in in_a_process(replace(lesson, cells=tuple(cells)))


def in_a_process(lesson: Lesson) -> list[str]:
    """`asking_nothing_new` of the lesson, in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(asking_nothing_new, lesson).result()


def asking_nothing_new(lesson: Lesson) -> list[str]:
    """The checks whose hidden tests call the exercises with the arguments of the visible tests and no others."""
    settle(ROOT, lesson.path)
    shell, found = Worker(Channel(open(os.devnull, "wb"))), []
    wanted = needed(lesson.code, [cell.grade_id for cell in lesson.checks])
    for index, cell in enumerate(lesson.code):
        if cell.holds_hidden:
            visible = calls(shell, lesson, index, strip_hidden(cell.source))
            found += [] if calls(shell, lesson, index, cell.source) - visible else [cell.grade_id]
        if index in wanted:
            assert shell.run_cell(index, cell.source) is None, f"{cell.grade_id or cell.line} fails"
    return found


def calls(shell: Worker, lesson: Lesson, index: int, source: str) -> set[int]:
    """A number for each way that the exercises are called by `source`, in a fork, so that all else stays as it was."""
    if not CAN_FORK:
        return watched(shell, lesson, index, source)
    from tests.graders.child import in_child

    found, stopped = in_child(lambda: watched(shell, lesson, index, source))
    assert not stopped, f"{lesson.code[index].grade_id}: {stopped}"
    return found


def watched(shell: Worker, lesson: Lesson, index: int, source: str) -> set[int]:
    """Run `source` as the cell `index` and note the arguments of each call of a function that an exercise defines."""
    cell_of, found = shell.shell.compile.cell_of, set()
    exercises = {i for i, cell in enumerate(lesson.code) if cell.is_exercise}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or tracemalloc.is_tracing():  # a check may count what is allocated: add nothing to it
            return
        code = frame.f_code
        if code is run.__code__:  # a compiled exercise, whose own call makes no frame
            code, given = frame.f_locals["kernel"].py_func.__code__, frame.f_locals["args"]
        if cell_of.get(code.co_filename) not in exercises:
            return
        if code is frame.f_code:
            values = inspect.getargvalues(frame)
            names = [*values.args, *filter(None, (values.varargs, values.keywords))]
            given = [values.locals.get(name) for name in names]
        found.add(hash((code.co_qualname, *(digest(value, DEPTH) for value in given))))

    sys.setprofile(watch)
    try:
        failed = shell.run_cell(index, source)
    finally:
        sys.setprofile(None)
    assert failed is None, failed["traceback"]
    return found


def digest(value: Any, depth: int) -> Any:
    """What tells one argument from another: numbers and text themselves, and of other objects what is in them."""
    if isinstance(value, np.ndarray):
        numbers = np.ascontiguousarray(value).reshape(-1)
        return value.shape, value.dtype.str, zlib.crc32(numbers.view(np.uint8))
    if isinstance(value, (bool, int, float, complex, str, bytes, np.generic)) or value is None:
        return type(value).__name__, repr(value)
    if depth == 0:
        return type(value).__name__
    if isinstance(value, dict):
        return tuple((digest(key, depth - 1), digest(part, depth - 1)) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(digest(part, depth - 1) for part in value)
    return type(value).__name__, digest(inside(value), depth - 1)


def inside(value: Any) -> dict[str, Any]:
    """The attributes of an object, by name; `order`, a number that no two nodes share, is none of what it holds."""
    slots = inspect.getattr_static(type(value), "__slots__", ())
    if slots:
        return {name: getattr(value, name) for name in slots if name != "order"}
    try:
        return vars(value)
    except TypeError:
        return {}
