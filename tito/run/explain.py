"""Turn what the worker saw into a sentence that leads a learner to the cause."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tito.lesson.cell import Cell
from tito.lesson.code import parse_cell, tree_of
from tito.lesson.lesson import Lesson
from tito.lesson.regions import CODE_STUB

UNDEFINED = re.compile(r"name '(\w+)' is not defined")
MESSAGE_LIMIT = 2000
QUOTE_LIMIT = 80
NOT_BUILT = "is not built yet: "  # what a stub in the package says, with the command
MORE = {
    "SystemExit": "a cell must not end the program",
    "EOFError": "a cell cannot ask for input here: give the value in the code",
    "MemoryError": "memory ran out: look for an array far larger than the exercise needs",
    "RecursionError": "a function calls itself without end",
}


@dataclass(frozen=True)
class Frame:
    """One step of a traceback that lies in the lesson: the code cell's index, the line in it, the function."""

    cell: int
    line: int
    function: str
    innermost: bool = False


@dataclass(frozen=True)
class Failure:
    """What a cell raised: type, text, the lesson's frames (outermost first), and the traceback to read.

    `bases` are the classes of the error, `before` the errors that were being handled when this one was raised.
    """

    type: str
    text: str
    frames: tuple[Frame, ...]
    traceback: str
    bases: tuple[str, ...] = ()
    before: tuple[Failure, ...] = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Failure:
        """From the worker's report."""
        frames = tuple(Frame(**frame) for frame in facts["frames"])
        before = tuple(cls.of(earlier) for earlier in facts.get("before", ()))
        return cls(facts["type"], facts["text"], frames, facts.get("traceback", ""), tuple(facts["bases"]), before)

    @property
    def is_check(self) -> bool:
        """Whether it is what a check says: an AssertionError, or an error built on it."""
        return "AssertionError" in self.bases

    @property
    def origin(self) -> Failure:
        """The check that failed, where another error was raised in its place with its words."""
        told = [earlier for earlier in self.before if self.is_check and earlier.is_check and earlier.frames]
        return told[-1] if told else self


@dataclass(frozen=True)
class Explanation:
    """Why a cell failed. `cause` is the end of `text`, and the same for all cells that failed because of one cell."""

    text: str
    cause: str


def explain(lesson: Lesson, failures: Mapping[int, Failure], index: int) -> Explanation:
    """Why the code cell `index` failed. `failures` holds the failures of the cells so far, by index."""
    root = _root(lesson, failures, index)
    cause = shorten(_not_built(lesson, failures[root]) or _plain(lesson, failures[root], root))
    if root == index:
        return Explanation(cause, cause)
    name = UNDEFINED.search(failures[index].text)[1]
    first = f"{name} is not defined, because {cell_name(lesson, lesson.code[root])} did not run to its end."
    return Explanation(f"{first} {cause}", cause)


def unbuilt(lesson: Lesson) -> dict[str, str]:
    """The exercises that are still blank, in part or whole, by their grade_ids: what each is to be."""
    blank = [cell for cell in lesson.exercises if all(line in cell.source for line in CODE_STUB.split("\n"))]
    return {cell.grade_id or "": _to_build(lesson, cell, _first_blank(cell.source)) for cell in blank}


def _first_blank(source: str) -> str:
    """The function with the first stub, as in Linear.forward; empty where the stub stands outside functions."""
    line = source[: source.index(CODE_STUB.split("\n")[0])].count("\n") + 1
    node: ast.AST = tree_of(source)
    names: list[str] = []
    while inner := [n for n in _children(node) if n.lineno <= line <= (n.end_lineno or 0)]:
        node = inner[0]
        names.append(inner[0].name)
    return ".".join(names)


def cell_name(lesson: Lesson, cell: Cell) -> str:
    """How to speak of a cell: its grade_id and its place."""
    where = place(lesson, cell)
    if cell.grade_id:
        return f"the cell {cell.grade_id} ({where})"
    return f"the cell at {where}" if where.startswith("line") else where


def place(lesson: Lesson, cell: Cell, line: int = 0) -> str:
    """Where a line of a cell is, from 1; 0 is the cell itself. A notebook has cells, a file has lines."""
    if lesson.path.suffix == ".ipynb":
        return f"cell {cell.line}, line {line}" if line else f"cell {cell.line}"
    return f"line {cell.line + line}"


def quote(cell: Cell, line: int) -> str:
    """The text of a line of a cell, in backquotes; empty where there is no such line."""
    lines = cell.source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    shown = text if len(text) <= QUOTE_LIMIT else f"{text[:QUOTE_LIMIT]} ..."
    return f": `{shown}`" if text else ""


def shorten(text: str) -> str:
    """`text` without its tail where it is too long to read."""
    text = text.strip()
    return text if len(text) <= MESSAGE_LIMIT else f"{text[:MESSAGE_LIMIT]} ... ({len(text)} characters)"


def _root(lesson: Lesson, failures: Mapping[int, Failure], index: int) -> int:
    """The failed cell at the start of the chain of undefined names that ends at `index`, or `index` itself."""
    while failures[index].type == "NameError" and (match := UNDEFINED.search(failures[index].text)):
        earlier = [i for i in sorted(failures) if i < index]
        defining = [i for i in earlier if _defines(lesson.code[i].source, match[1])]
        if not defining:
            return _blank_question(lesson, earlier, index)
        index = defining[-1]
    return index


def _blank_question(lesson: Lesson, earlier: Sequence[int], index: int) -> int:
    """The exercise before the check `index`, if it failed: a blank question defines nothing to be found by name."""
    before = [i for i in range(index) if lesson.code[i].is_exercise]
    asked = lesson.code[index].is_check and before and before[-1] in earlier
    return before[-1] if asked else index


def _defines(source: str, name: str) -> bool:
    """Whether the code binds `name`. Read as text: code with a syntax error has no tree."""
    patterns = (
        rf"^\s*(?:async\s+)?(?:def|class)\s+{name}\b",
        rf"^\s*(?:\w+\s*,\s*)*{name}\s*(?:,[\w\s,]*)?(?::[^=\n]+)?=(?!=)",
        rf"^\s*(?:from\s.+)?import\s(?:.*\W)?{name}\b",
        rf"\b(?:for|as)\s+(?:\w+\s*,\s*)*{name}\b",
        rf"^\s+{name},?\s*$",  # a line of an import in parentheses
    )
    return any(re.search(pattern, source, re.MULTILINE) for pattern in patterns)


def _not_built(lesson: Lesson, failure: Failure) -> str:
    """The sentence for an exercise that is still blank; empty for every other failure."""
    for raised in (failure, *failure.before):
        frame = raised.frames[-1] if raised.frames else None
        if "NotImplementedError" in raised.bases and frame is not None and frame.innermost:
            cell = lesson.code[frame.cell]
            if cell.is_exercise:
                return _to_build(lesson, cell, frame.function)
    return ""


def _to_build(lesson: Lesson, cell: Cell, function: str) -> str:
    """That an exercise is blank, and what its function is to do."""
    where = place(lesson, cell)
    if function in ("", "<module>"):
        return f"{cell.grade_id} is not answered yet ({where})."
    return f"Exercise {cell.grade_id} is not built yet ({where}). {function}: {_task(cell.source, function)}"


def _task(source: str, function: str) -> str:
    """The first paragraph of the docstring of `function` (as in Linear.forward), or else of its class, on one line."""
    try:
        node: ast.AST = parse_cell(source)
    except SyntaxError:
        return ""
    found = ""
    for name in function.replace("<locals>.", "").split("."):
        node = next((n for n in _children(node) if n.name == name), node)
        doc = ast.get_docstring(node) if isinstance(node, ast.ClassDef | ast.FunctionDef) else None
        found = doc or found
    return " ".join(found.partition("\n\n")[0].split())


def _children(node: ast.AST) -> Sequence[ast.ClassDef | ast.FunctionDef]:
    body = node.body if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) else []
    return [child for child in body if isinstance(child, ast.ClassDef | ast.FunctionDef)]


def _plain(lesson: Lesson, failure: Failure, index: int) -> str:
    """The error's own text, and the line of the lesson it came from where the text does not say enough."""
    if failure.type == "ImportError" and NOT_BUILT in failure.text:
        return failure.text
    said, origin = failure.is_check and failure.text, failure.origin
    text = failure.text if said else ": ".join(filter(None, (origin.type, origin.text)))
    more = f"; {MORE[origin.type]}" if origin.type in MORE else ""
    frame = origin.frames[-1] if origin.frames else None
    if frame is None:
        return text + more
    cell = lesson.code[frame.cell]
    if said and (frame.cell == index or not cell.is_exercise):  # what a check, or a helper of checks, says
        return text + more
    inside = f"in {cell.grade_id}, " if frame.cell != index and cell.grade_id else ""
    return f"{text}{more} ({inside}{place(lesson, cell, frame.line)}{quote(cell, frame.line)})"
