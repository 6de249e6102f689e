"""Which cells of a lesson a check needs: what is exported or solved, and what defines a name that is used on the way.

Demonstrations that define nothing of this kind are left out, so that one more wrong solution costs milliseconds.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from tito.lesson import DEFINITIONS, Cell, outside_functions, tree_of


def needed(cells: Collection[Cell], checks: Collection[str]) -> set[int]:
    """The indices of the cells that must run for the graded cells named `checks`, themselves among them."""
    wanted: set[str] = set()
    found = set()
    for index, cell in reversed(list(enumerate(cells))):
        target = cell.is_check and cell.grade_id in checks
        if target or cell.is_export or cell.is_exercise or bound(cell.source) & wanted:
            found.add(index)
            wanted |= used(cell.source)
    return found


def bound(source: str) -> set[str]:
    """The names that a cell defines, or whose objects it changes, outside of functions."""
    nodes = list(outside_functions(tree_of(source)))
    names = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
    names |= {(alias.asname or alias.name).split(".")[0] for node in nodes if _imports(node) for alias in node.names}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    touched = [node for node in nodes if isinstance(node, ast.Subscript | ast.Attribute) and _stores(node)]
    called = [node.value.func for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return names | {_root(node) for node in [*touched, *called] if not isinstance(node, ast.Name)}


def used(source: str) -> set[str]:
    """The names that a cell reads, in functions too."""
    nodes = ast.walk(tree_of(source))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _stores(node: ast.Subscript | ast.Attribute) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _root(node: ast.AST) -> str:
    """`a` of `a.b[c].d`; empty for what begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
