"""The form of a lesson: what must hold before it is exported, released or graded.

Each check is a function from a lesson to problems. A problem is one sentence that says what is wrong and what to do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from tito.lesson.cell import Cell
from tito.lesson.check_rules import Problem, called, checks_check, graded_cells_count, hidden_regions_are_sound, wrong
from tito.lesson.code import (
    DEFINITIONS,
    EXPORTS,
    is_support,
    names_module,
    outside_functions,
    parse_cell,
    public_names,
    split_directives,
    tree_of,
)
from tito.lesson.lesson import Lesson
from tito.lesson.regions import BEGIN_SOLUTION, END_SOLUTION, mark_answer, strip_solutions
from tito.project import LIBRARY

LATE = re.compile(r"\s*#\s*\|\s*(export[a-z]*|default_exp)\b.*")
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


def check_form(lesson: Lesson, *, student: bool = False) -> list[Problem]:
    """What is wrong with the lesson's form, in order of lines; empty where it is sound.

    What matters only where a lesson is written and released, such as the regions of solutions, is not asked of a
    student's file.
    """
    checks = COMMON if student else COMMON + SOURCE_ONLY
    found = [problem for check in checks for problem in check(lesson)]
    return sorted(found, key=lambda problem: problem.line)


def _exports(lesson: Lesson) -> list[tuple[Cell, ast.Module]]:
    return [(cell, tree_of(cell.source)) for cell in lesson.code if cell.is_export]


def _parses(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.code:
        try:
            parse_cell(cell.source)
        except SyntaxError as error:
            where = f"line {error.lineno} of the cell: {(error.text or '').strip()}"
            yield wrong(cell, f"The cell is not Python: {error.msg}, at {where}")


def _names_its_module(lesson: Lesson) -> Iterator[Problem]:
    named = [cell for cell in lesson.code if "default_exp" in cell.directives]
    if not named:
        yield Problem(1, None, f"The lesson names no module; begin it with `#| default_exp core.{lesson.name}`.")
    for cell in named[1:]:
        yield wrong(cell, "A second `#| default_exp`; a lesson makes one module, so keep one.")
    for cell in named[:1]:
        name = cell.directives["default_exp"]
        if is_support(lesson.module):
            yield wrong(cell, f"`#| default_exp {name}`: the modules there are written by hand; name another part.")
        elif not names_module(lesson.module):
            yield wrong(cell, f"`#| default_exp {name}` is no module in a part of {LIBRARY}, such as core.tensor.")


def _directives_first(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.code:
        strings = [node.value for node in ast.walk(tree_of(cell.source)) if isinstance(node, ast.Constant)]
        text = "\n".join(value for value in strings if isinstance(value, str))
        for line in split_directives(cell.source)[1]:
            if LATE.fullmatch(line) and line not in text:
                yield wrong(cell, f"`{line.strip()}` must be at the top of its cell; nbdev overlooks it elsewhere.")


def _exports_to_its_module(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.code:
        for directive, target in cell.directives.items():
            if directive in EXPORTS and target:
                yield wrong(cell, f"`#| {directive} {target}`: a lesson makes one module; leave out {target}.")


def _exports_something(lesson: Lesson) -> Iterator[Problem]:
    if not lesson.exports:
        yield Problem(1, None, "The lesson exports no name; mark the cells of the module with `#| export`.")


def _has_ids(lesson: Lesson) -> Iterator[Problem]:
    seen: dict[str, Cell] = {}
    for cell in lesson.cells:
        if (cell.grade or cell.solution) and cell.grade_id is None:
            yield wrong(cell, 'The cell has no grade_id; add one, as in "grade_id": "linear-forward".')
        elif cell.grade_id is not None and not GRADE_ID.fullmatch(cell.grade_id):
            yield wrong(cell, f"grade_id {cell.grade_id!r} may hold 60 letters, digits, - and _ at most.")
        elif cell.grade_id in seen:
            first = lesson.place(seen[cell.grade_id].line).rpartition(", ")[2]
            yield wrong(cell, f"grade_id {cell.grade_id} is used already, at {first}; remove the copy or rename it.")
        elif cell.grade_id is not None:
            seen[cell.grade_id] = cell


def _regions_are_sound(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.cells:
        try:
            blank = strip_solutions(cell.source)
        except ValueError as error:
            yield wrong(cell, f"In this cell {error}")
            continue
        if blank is None and cell.is_exercise and cell.kind == "code":
            wanted = f"### {BEGIN_SOLUTION} and ### {END_SOLUTION}"
            yield wrong(cell, f"The exercise has no solution region; put {wanted} around its answer.")
        if blank is not None and not cell.solution:
            yield wrong(cell, 'The cell has a solution region and is no solution; add "solution": true and an id.')


def _questions_say_where(lesson: Lesson) -> Iterator[Problem]:
    """nbgrader replaces the whole of an open question's cell, unless the answer's place in it is known."""
    for cell in lesson.manual:
        if cell.kind == "markdown" and BEGIN_SOLUTION not in mark_answer(cell.source):
            yield wrong(cell, "The open question does not say where to answer; end it with `Your answer here.`")


def _blank_is_sound(lesson: Lesson) -> Iterator[Problem]:
    """A stripped cell still parses, documents what it documented, and exports what it exported."""
    for cell in lesson.exercises:
        try:
            blank = strip_solutions(cell.source)
        except ValueError:
            continue
        if blank is not None:
            yield from _blank_cell_is_sound(cell, blank)


def _blank_cell_is_sound(cell: Cell, blank: str) -> Iterator[Problem]:
    try:
        stripped = parse_cell(blank)
    except SyntaxError as error:
        yield wrong(cell, f"Without its solution the cell is not Python: {error.msg}; narrow the solution region.")
        return
    full = tree_of(cell.source)
    lost = sorted(_documented(full) - _documented(stripped))
    if lost:
        yield wrong(cell, f"Without its solution {', '.join(lost)} has no docstring; keep it outside the region.")
    gone = sorted(public_names(full) - public_names(stripped)) if cell.is_public else []
    if gone:
        yield wrong(cell, f"Without its solution the cell does not export {', '.join(gone)}; keep it outside.")


def _documented(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, DEFINITIONS) and ast.get_docstring(node)}


def _exercises_are_documented(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.exercises:
        for node in tree_of(cell.source).body:
            is_public = isinstance(node, DEFINITIONS) and not node.name.startswith("_")
            if cell.is_public and is_public and not ast.get_docstring(node):
                yield wrong(cell, f"{node.name} has no docstring; say what to build, with shapes and an example.")


def _imports_are_absolute(lesson: Lesson) -> Iterator[Problem]:
    """nbdev refuses relative imports; it makes them itself."""
    for cell, tree in _exports(lesson):
        for node in _library_imports(tree):
            if node.level:
                text = f"`{ast.unparse(node)}`"
                yield wrong(cell, f"{text}: write the import from {LIBRARY}, in full; nbdev makes it relative.")


def _imports_become_relative(lesson: Lesson) -> Iterator[Problem]:
    """nbdev makes an import of the library relative only where it is one line at the top of the cell's code."""
    for cell, tree in _exports(lesson):
        for node in _library_imports(tree):
            text = f"`{ast.unparse(node)}`"
            if node.module == LIBRARY and not node.level:
                yield wrong(cell, f"{text}: name the module, as in `from {LIBRARY}.core.tensor import Tensor`.")
            elif node not in tree.body:
                yield wrong(cell, f"{text} is inside another statement, where nbdev overlooks it; move it out.")
            elif node.lineno != node.end_lineno:
                yield wrong(cell, f"{text} spans lines, which nbdev overlooks; write it on one line, or as several.")


def _library_imports(tree: ast.Module) -> list[ast.ImportFrom]:
    found = [node for node in outside_functions(tree) if isinstance(node, ast.ImportFrom)]
    return [node for node in found if node.level or (node.module or "").split(".")[0] == LIBRARY]


def _does_not_import_itself(lesson: Lesson) -> Iterator[Problem]:
    for cell in lesson.code:
        for node in ast.walk(tree_of(cell.source)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else names
            if lesson.module and lesson.module in names:
                yield wrong(cell, f"The lesson imports {lesson.module}, which it makes; use the names defined here.")


def _exports_run_no_test(lesson: Lesson) -> Iterator[Problem]:
    for cell, tree in _exports(lesson):
        run = {name for node in tree.body if not isinstance(node, DEFINITIONS) for name in called(node)}
        for name in sorted(run):
            if name.startswith("test"):
                yield wrong(cell, f"The exported call of {name} would run on import; move it to a check.")
        if cell.is_check:
            yield wrong(cell, "A graded check does not belong in the module; remove `#| export`.")


Check = Callable[[Lesson], Iterator[Problem]]
COMMON: tuple[Check, ...] = (
    _parses,
    _names_its_module,
    _directives_first,
    _exports_to_its_module,
    _exports_something,
    _has_ids,
    _imports_are_absolute,
    _does_not_import_itself,
    _exports_run_no_test,
    checks_check,
    graded_cells_count,
)
SOURCE_ONLY: tuple[Check, ...] = (
    _regions_are_sound,
    hidden_regions_are_sound,
    _questions_say_where,
    _blank_is_sound,
    _imports_become_relative,
    _exercises_are_documented,
)
