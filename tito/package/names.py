"""The names that an exported module uses and does not define, and where in the lesson they come from."""

import ast
import builtins
import symtable

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import bound_names, tree_of
from tito.lesson.lesson import Lesson

MODULE_NAMES = {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__loader__", "__path__", "__builtins__"}
BY_COMPILER = {"__conditional_annotations__"}  # what Python 3.14 itself reads and binds where a variable is annotated


def undefined_names(text: str) -> set[str]:
    """The global names that a module's code reads and nothing in it binds; empty where a `*` is imported."""
    tables = list(_scopes(symtable.symtable(text, "module", "exec")))
    symbols = [(table.get_type() == "module", symbol) for table in tables for symbol in table.get_symbols()]
    if any(isinstance(node, ast.alias) and node.name == "*" for node in ast.walk(ast.parse(text))):
        return set()
    at_top = [symbol for top, symbol in symbols if top or symbol.is_declared_global()]
    bound = {symbol.get_name() for symbol in at_top if symbol.is_assigned() or symbol.is_imported()}
    used = {s.get_name() for top, s in symbols if s.is_referenced() and (top or s.is_global())}
    return used - bound - set(dir(builtins)) - MODULE_NAMES - BY_COMPILER


def _scopes(table: symtable.SymbolTable):
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def undefined_findings(lesson: Lesson, text: str) -> list[Finding]:
    """For each name that the lesson's module lacks, the cell that uses it, and what to do.

    A name that a cell defines without exporting it blocks: the module would end in a NameError.
    """
    said = []
    for name in sorted(undefined_names(text)):
        user = next((cell for cell in lesson.code if cell.is_export and _uses(cell, name)), None)
        home = next((cell for cell in lesson.code if not cell.is_export and name in bound_names(cell.source)), None)
        said += [_finding(lesson, name, user, home)] if user else []
    return said


def _uses(cell: Cell, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree_of(cell.source)))


def _finding(lesson: Lesson, name: str, user: Cell, home: Cell | None) -> Finding:
    of_cell = f"{user.grade_id} ({user.place()})" if user.grade_id else f"the cell at {user.place()}"
    if home is None:
        text = f"In {lesson.module}, {of_cell} uses {name}, which nothing in the lesson defines."
        return Finding("undefined", text, user.place())
    text = f"{lesson.module} lacks {name}: {of_cell} uses it, and {home.place()}, which defines it, is not exported."
    fix = f"Put `#| export` at the top of {home.place()}; or define {name} in the cell that uses it."
    return Finding("not-exported", text, home.place(), fix, blocks=True)
