"""What must hold where a lesson is written and released: the regions of solutions and hidden tests, and the blank cell.

A student's file is not asked for it.
"""

import ast
from collections.abc import Callable, Iterator

from tito.lesson import code, regions
from tito.lesson.cell import Cell
from tito.lesson.lesson import Lesson
from tito.project import LIBRARY

Problems = Iterator[tuple[str, str]]  # a code, and a sentence
Rule = Callable[[Cell, Lesson], Problems]


def _solutions_are_regions(cell: Cell, lesson: Lesson) -> Problems:
    try:
        blank = regions.strip_code(cell.source)
    except ValueError as error:
        yield "bad-region", f"In this cell {error}"
        return
    is_exercise = cell.is_exercise and cell.kind == "code"
    if blank is None and is_exercise:
        wanted = f"### {regions.BEGIN_SOLUTION} and ### {regions.END_SOLUTION}"
        yield "no-region", f"The exercise has no solution region; put {wanted} around its answer."
    elif blank is not None and not cell.solution:
        words = 'The cell has a solution region and is not a solution; add "solution": true and an id.'
        yield "region-elsewhere", words
    elif blank is not None and is_exercise:
        yield from _blank_is_sound(cell, blank)


def _blank_is_sound(cell: Cell, blank: str) -> Problems:
    """A stripped cell still parses, documents what it documented, and exports what it exported."""
    try:
        stripped = code.parse_cell(blank)
    except SyntaxError as error:
        words = f"Without its solution the cell is not Python: {error.msg}; narrow the solution region."
        yield "blank-not-python", words
        return
    lost = sorted(_documented(cell.tree) - _documented(stripped))
    if lost:
        words = f"Without its solution {', '.join(lost)} has no docstring; keep it outside the region."
        yield "blank-undocumented", words
    gone = sorted(cell.names - code.public_names(blank)) if cell.is_public else []
    if gone:
        yield "blank-lacks-name", f"Without its solution the cell does not export {', '.join(gone)}; keep it outside."


def _documented(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, code.DEFINITIONS) and ast.get_docstring(node)}


def _exercises_are_documented(cell: Cell, lesson: Lesson) -> Problems:
    for node in cell.tree.body if cell.is_exercise and cell.is_public else ():
        if isinstance(node, code.DEFINITIONS) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield "undocumented", f"{node.name} has no docstring; say what to build, with shapes and an example."


def _questions_say_where(cell: Cell, lesson: Lesson) -> Problems:
    """nbgrader replaces the whole of an open question's cell, unless the answer's place in it is known."""
    if cell.is_manual and cell.kind == "markdown" and regions.BEGIN_SOLUTION not in cell.marked().source:
        yield "no-answer-place", "The open question does not say where to answer; end it with `Your answer here.`"


def _imports_become_relative(cell: Cell, lesson: Lesson) -> Problems:
    """nbdev makes an import of the library relative only where it is one line at the top of the cell's code."""
    for node in code.library_imports(cell.tree) if cell.is_export else ():
        text = f"`{ast.unparse(node)}`"
        if node.module == LIBRARY and not node.level:
            yield "import-of-all", f"{text}: name the module, as in `from {LIBRARY}.core.tensor import Tensor`."
        elif node not in cell.tree.body:
            yield "import-inside", f"{text} is inside another statement, where nbdev overlooks it; move it out."
        elif node.lineno != node.end_lineno:
            words = f"{text} spans lines, which nbdev overlooks; write it on one line, or as several."
            yield "import-over-lines", words


def _hidden_tests_are_regions(cell: Cell, lesson: Lesson) -> Problems:
    """Hidden tests stand in checks, are run, and leave a sound check behind when they are taken out."""
    begin, end = regions.BEGIN_HIDDEN, regions.END_HIDDEN
    marks = [line.strip() for line in cell.source.split("\n") if begin in line or end in line]
    if len(marks) % 2 or not all((end if number % 2 else begin) in mark for number, mark in enumerate(marks)):
        yield "bad-hidden", f"Each ### {begin} needs its ### {end} after it, in the same cell."
    elif marks and not (cell.kind == "code" and cell.is_check):
        yield "hidden-elsewhere", "The cell has hidden tests and is not a graded check; move them to the check."
    elif not all(mark.startswith("#") for mark in marks):
        yield "hidden-in-line", f"A mark of hidden tests must be on a line of its own, as in ### {begin}."
    elif marks:
        yield from _visible_part_is_sound(cell, regions.strip_hidden(cell.source) or "")


def _visible_part_is_sound(cell: Cell, visible: str) -> Problems:
    try:
        tree = code.parse_cell(visible)
    except SyntaxError as error:
        yield "visible-not-python", f"Without its hidden tests the cell is not Python: {error.msg}; move their marks."
        return
    if code.tests_not_called(tree) or not code.checks_something(tree):
        words = "Without its hidden tests the cell checks nothing; call its visible test outside them."
        yield "visible-checks-nothing", words
    idle = sorted(_functions(cell.tree) - _functions(tree) - set(code.called(cell.tree)))
    if idle:
        yield "idle-hidden", f"The hidden tests {', '.join(idle)} are not called; call them inside the region."


def _functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


SOURCE_ONLY: tuple[Rule, ...] = (
    _solutions_are_regions,
    _hidden_tests_are_regions,
    _questions_say_where,
    _imports_become_relative,
    _exercises_are_documented,
)
