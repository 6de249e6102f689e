"""Which cells of a lesson a check needs: what is exported or solved, and what defines a name that is used on the way.

Demonstrations that define nothing of this kind are left out, so that one more wrong solution costs milliseconds.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Callable, Collection, Sequence
from functools import cache
from types import CodeType

from tito.lesson.cell import Cell
from tito.lesson.code import DEFINITIONS, outside_functions, tree_of


def needed(cells: Sequence[Cell], checks: Collection[str]) -> set[int]:
    """The indices of the cells that must run for the graded cells named `checks`, themselves among them."""
    return _led_to(cells, checks, lambda cell: cell.is_export or cell.is_exercise)


def judges(cells: Sequence[Cell], exercise: int) -> tuple[str, ...]:
    """The checks after the cell `exercise` that use what it defines, through whatever stands between."""
    later = [cell.grade_id for cell in cells[exercise:] if cell.is_check]
    return tuple(check for check in later if exercise in _led_to(cells, [check], registers))


def _led_to(cells: Sequence[Cell], checks: Collection[str], always: Callable[[Cell], bool]) -> set[int]:
    """The checks, what defines a name that they use, what defines a name that this uses ..., and `always` these.

    A function may use what a later cell defines, so the order of the cells does not matter here.
    """
    targets = [index for index, cell in enumerate(cells) if cell.is_check and cell.grade_id in checks]
    before = range(max(targets, default=-1) + 1)
    found = {index for index in before if index in targets or always(cells[index])}
    wanted, size = set(), -1
    while size != len(found):
        size = len(found)
        wanted |= {name for index in found for name in used(cells[index].source)}
        found |= {index for index in before if bound(cells[index].source) & wanted}
    return found


@cache
def registers(cell: Cell) -> bool:
    """Whether the cell may put something into a table that others read, so that no name leads to it."""
    body = tree_of(cell.source).body
    decorators = [d for node in body if isinstance(node, DEFINITIONS) for d in node.decorator_list]
    calls = [node.value for node in body if isinstance(node, ast.Expr)] + decorators
    made = [call for call in calls if isinstance(call, ast.Call) and _root(call) != "dataclass"]
    return cell.is_export and bool(made or any(isinstance(node, ast.For) for node in body))


@cache
def bound(source: str) -> set[str]:
    """The names that a cell defines, or whose objects it changes, outside of functions."""
    nodes = list(outside_functions(tree_of(source)))
    names = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
    names |= {(alias.asname or alias.name).split(".")[0] for node in nodes if _imports(node) for alias in node.names}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    touched = [node for node in nodes if isinstance(node, ast.Subscript | ast.Attribute) and _stores(node)]
    called = [node.value.func for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return names | {_root(node) for node in [*touched, *called] if not isinstance(node, ast.Name)}


@cache
def used(source: str) -> set[str]:
    """The names that a cell needs from before it: read before they are stored, or in functions and never stored."""
    code = compile(tree_of(source), "cell", "exec")
    return _read(code) | (_read_inside(code) - _stored(code))


def _read(code: CodeType) -> set[str]:
    """The global names that this piece of code itself reads and has not stored before."""
    names, stored = set(), set()
    for step in dis.get_instructions(code):
        kind, _, where = step.opname.partition("_")
        if kind == "STORE" and where in ("NAME", "GLOBAL"):
            stored.add(step.argval)
        elif kind == "LOAD" and where in ("NAME", "GLOBAL") and step.argval not in stored:
            names.add(step.argval)
    return names


def _read_inside(code: CodeType) -> set[str]:
    """The global names that the functions and classes in a piece of code read."""
    parts = [part for part in code.co_consts if isinstance(part, CodeType)]
    return {name for part in parts for name in _read(part) | _read_inside(part)}


def _stored(code: CodeType) -> set[str]:
    return {step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_NAME", "STORE_GLOBAL")}


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _stores(node: ast.Subscript | ast.Attribute) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _root(node: ast.AST) -> str:
    """`a` of `a.b[c].d`; empty for what begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
