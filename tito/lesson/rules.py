"""The form of a lesson: what must hold before it is exported, released or graded.

A rule is a function from a cell, in its lesson, to pairs: a code, and a sentence that says what is wrong and what to
do. What matters only where a lesson is written and released is among the source rules.
"""

import ast
import math
import re
from collections.abc import Iterable, Iterator

from tito.errors import Finding, WorkFailed
from tito.lesson import code
from tito.lesson.cell import Cell
from tito.lesson.lesson import Lesson
from tito.lesson.source_rules import SOURCE_ONLY, Problems, Rule
from tito.project import LIBRARY

LATE = re.compile(r"\s*#\s*\|\s*(export[a-z]*|default_exp)\b.*")
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


def check_rules(lesson: Lesson, *, student: bool = False) -> list[Finding]:
    """What is wrong with the lesson's form, in order of the cells; empty where it is sound."""
    rules = COMMON if student else COMMON + SOURCE_ONLY
    found = list(_of_the_lesson(lesson))
    for cell in lesson.cells:
        place = lesson.place(cell)
        wrong = (pair for rule in rules for pair in rule(cell, lesson))
        found += [Finding(code, f"{place}: {text}", place, blocks=True) for code, text in wrong]
    return found


def check_sound(lessons: Iterable[Lesson], undone: str) -> None:
    """Raise WorkFailed, which says what is left `undone`, for the first lesson whose form is unsound."""
    for problem in (problem for lesson in lessons for problem in check_rules(lesson)):
        raise WorkFailed(problem.text, undone)


def _of_the_lesson(lesson: Lesson) -> Iterator[Finding]:
    if not any("default_exp" in cell.directives for cell in lesson.code):
        words = f"The lesson names no module; begin it with `#| default_exp core.{lesson.name}`."
        yield Finding("no-module", f"{lesson.file}: {words}", lesson.file, blocks=True)
    if not lesson.exports and all(code.parses(cell.source) for cell in lesson.code):
        words = "The lesson exports no name; mark the cells of the module with `#| export`."
        yield Finding("no-exports", f"{lesson.file}: {words}", lesson.file, blocks=True)


def _can_be_read(cell: Cell, lesson: Lesson) -> Problems:
    if cell.fault:
        yield "bad-options", cell.fault[0].upper() + cell.fault[1:]
    try:
        code.parse_cell(cell.source if cell.kind == "code" else "")
    except SyntaxError as error:
        where = f"line {error.lineno} of the cell: {(error.text or '').strip()}"
        yield "not-python", f"The cell is not Python: {error.msg}, at {where}"


def _names_one_module(cell: Cell, lesson: Lesson) -> Problems:
    for directive, target in cell.directives.items():
        line = f"`#| {directive} {target}`"
        if directive in code.EXPORTS and target:
            yield "export-elsewhere", f"{line}: a lesson makes one module; leave out {target}."
        elif directive != "default_exp":
            continue
        elif cell is not next(other for other in lesson.code if directive in other.directives):
            yield "two-modules", "A second `#| default_exp`; a lesson makes one module, so keep one."
        elif code.is_support(lesson.module):
            yield "support-module", f"{line}: the modules there are written by hand; name another part."
        elif not code.names_module(lesson.module):
            yield "bad-module", f"{line} is not a module in a part of {LIBRARY}, such as core.tensor."


def _directives_are_first(cell: Cell, lesson: Lesson) -> Problems:
    strings = [node.value for node in ast.walk(cell.tree) if isinstance(node, ast.Constant)]
    text = "\n".join(value for value in strings if isinstance(value, str))
    for line in code.split_directives(cell.source)[1] if cell.kind == "code" else ():
        if LATE.fullmatch(line) and line not in text:
            yield "late-directive", f"`{line.strip()}` must be at the top of its cell; nbdev overlooks it elsewhere."


def _has_an_id_of_its_own(cell: Cell, lesson: Lesson) -> Problems:
    first = next((other for other in lesson.cells if cell.grade_id and other.grade_id == cell.grade_id), cell)
    if (cell.grade or cell.solution) and not cell.grade_id:
        yield "no-grade-id", 'The cell has no grade_id; add one, as in "grade_id": "linear-forward".'
    elif cell.grade_id and not GRADE_ID.fullmatch(cell.grade_id):
        yield "bad-grade-id", f"grade_id {cell.grade_id!r} may hold 60 letters, digits, - and _ at most."
    elif first is not cell:
        words = f"grade_id {cell.grade_id} is used already, at {first.place()}; remove the copy or rename it."
        yield "grade-id-twice", words


def _imports_others_in_full(cell: Cell, lesson: Lesson) -> Problems:
    """nbdev refuses relative imports; it makes them itself."""
    for node in code.library_imports(cell.tree) if cell.is_export else ():
        if node.level:
            words = f"`{ast.unparse(node)}`: write the import from {LIBRARY}, in full; nbdev makes it relative."
            yield "relative-import", words
    if lesson.module in code.imported_modules(ast.walk(cell.tree)):
        words = f"The lesson imports {lesson.module}, which it makes; use the names defined here."
        yield "imports-itself", words


def _exports_run_no_test(cell: Cell, lesson: Lesson) -> Problems:
    body = cell.tree.body if cell.is_export else []
    for name in sorted({name for node in body if not isinstance(node, code.DEFINITIONS) for name in code.called(node)}):
        if name.startswith("test"):
            yield "exported-test", f"The exported call of {name} would run on import; move it to a check."
    if cell.is_export and cell.is_check:
        yield "exported-check", "A graded check does not belong in the module; remove `#| export`."


def _checks_check(cell: Cell, lesson: Lesson) -> Problems:
    idle = code.tests_not_called(cell.tree)
    if not cell.is_check or cell.kind != "code":
        return
    if idle:
        yield "idle-check", f"The check does not call {', '.join(idle)}, so a blank lesson would pass it."
    elif not code.checks_something(cell.tree):
        yield "empty-check", "The check calls nothing and asserts nothing, so a blank lesson would pass it."


def _graded_cells_count(cell: Cell, lesson: Lesson) -> Problems:
    """A graded cell has points, and an answer in words is a solution too."""
    if cell.grade and not 0 < cell.points < math.inf:
        yield "no-points", f'The graded cell is worth {cell.points:g} points; set its "points" above 0.'
    if cell.kind == "markdown" and cell.grade != cell.solution:
        yield "half-question", 'A graded markdown cell needs both "grade": true and "solution": true.'


COMMON: tuple[Rule, ...] = (
    _can_be_read,
    _names_one_module,
    _directives_are_first,
    _has_an_id_of_its_own,
    _imports_others_in_full,
    _exports_run_no_test,
    _checks_check,
    _graded_cells_count,
)
