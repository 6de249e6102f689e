"""The form of checks: what must hold of the cells that are graded, and of the hidden tests in them."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass

from tito.lesson.cell import Cell
from tito.lesson.code import DEFINITIONS, parse_cell, tree_of
from tito.lesson.lesson import Lesson
from tito.lesson.regions import BEGIN_HIDDEN, END_HIDDEN, strip_hidden


@dataclass(frozen=True)
class Problem:
    """Something wrong with a lesson. `line` is to be shown with `Lesson.place`."""

    line: int
    grade_id: str | None
    message: str


def wrong(cell: Cell, message: str) -> Problem:
    """A problem with one cell."""
    return Problem(cell.line, cell.grade_id, message)


def checks_check(lesson: Lesson) -> Iterator[Problem]:
    """A check calls its tests, or asserts something."""
    for cell in lesson.checks:
        tree = tree_of(cell.source)
        idle = _not_called(tree)
        if idle:
            yield wrong(cell, f"The check does not call {', '.join(idle)}, so a blank lesson would pass it.")
        elif not _checks_something(tree):
            yield wrong(cell, "The check calls nothing and asserts nothing, so a blank lesson would pass it.")


def _not_called(tree: ast.Module) -> list[str]:
    """The tests that a cell defines and does not call."""
    tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    run = {name for node in _run(tree) for name in called(node)}
    return [name for name in tests if name not in run]


def _checks_something(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assert | ast.Call) for part in _run(tree) for node in ast.walk(part))


def _run(tree: ast.Module) -> list[ast.stmt]:
    """What a cell does at its top level, apart from defining and importing."""
    return [node for node in tree.body if not isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom))]


def hidden_regions_are_sound(lesson: Lesson) -> Iterator[Problem]:
    """Hidden tests stand in checks, are run, and leave a sound check behind when they are taken out."""
    for cell in lesson.cells:
        marks = [line.strip() for line in cell.source.split("\n") if BEGIN_HIDDEN in line or END_HIDDEN in line]
        if marks:
            yield from _hidden_region_is_sound(cell, marks)


def _hidden_region_is_sound(cell: Cell, marks: list[str]) -> Iterator[Problem]:
    in_turn = all((BEGIN_HIDDEN if i % 2 == 0 else END_HIDDEN) in mark for i, mark in enumerate(marks))
    if not in_turn or len(marks) % 2:
        yield wrong(cell, f"Each ### {BEGIN_HIDDEN} needs its ### {END_HIDDEN} after it, in the same cell.")
    elif not (cell.kind == "code" and cell.is_check):
        yield wrong(cell, "The cell has hidden tests and is no graded check; move them to the check.")
    elif not all(mark.startswith("#") for mark in marks):
        yield wrong(cell, f"A mark of hidden tests stands on a line of its own, as in ### {BEGIN_HIDDEN}.")
    else:
        yield from _visible_part_is_sound(cell, strip_hidden(cell.source) or "")


def _visible_part_is_sound(cell: Cell, visible: str) -> Iterator[Problem]:
    try:
        tree = parse_cell(visible)
    except SyntaxError as error:
        yield wrong(cell, f"Without its hidden tests the cell is not Python: {error.msg}; move their marks.")
        return
    if _not_called(tree) or not _checks_something(tree):
        yield wrong(cell, "Without its hidden tests the cell checks nothing; call its visible test outside them.")
    full = tree_of(cell.source)
    idle = sorted(_functions(full) - _functions(tree) - set(called(full)))
    if idle:
        yield wrong(cell, f"The hidden tests {', '.join(idle)} are not called; call them inside the region.")


def _functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def called(node: ast.AST) -> list[str]:
    """The names of the functions that are called in `node`."""
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return [func.id for func in calls if isinstance(func, ast.Name)]


def graded_cells_count(lesson: Lesson) -> Iterator[Problem]:
    """A graded cell has points, and an answer in words is a solution too."""
    for cell in lesson.cells:
        if cell.grade and not 0 < cell.points < math.inf:
            yield wrong(cell, f"The graded cell is worth {cell.points:g} points; set its \"points\" above 0.")
        if cell.kind == "markdown" and cell.grade != cell.solution:
            yield wrong(cell, 'A graded markdown cell needs both "grade": true and "solution": true.')
