"""Turn what the worker saw into a sentence that leads a learner to the cause."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tito.lesson.cell import Cell
from tito.lesson.code import tree_of
from tito.lesson.regions import function_of_stub

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
    """One step of a traceback that is in the lesson: the code cell's index, the line in it, the function."""

    cell: int
    line: int
    function: str


@dataclass(frozen=True)
class Failure:
    """What a cell raised: type, its base classes, text, the lesson's frames (outermost first), the traceback to read.

    `here` tells that the lesson's own code raised it, and `before` are the errors that were being handled then.
    """

    type: str
    bases: list[str]
    text: str
    frames: list[Frame]
    here: bool
    traceback: str = ""
    before: "tuple[Failure, ...]" = ()

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Failure":
        """From the worker's report."""
        frames, before = [Frame(**frame) for frame in facts["frames"]], tuple(map(cls.of, facts.get("before", ())))
        return cls(**facts | {"frames": frames, "before": before})

    @property
    def is_check(self) -> bool:
        """Whether it is what a check says: an AssertionError, or an error built on it."""
        return "AssertionError" in self.bases

    @property
    def origin(self) -> "Failure":
        """The check that failed, where another error was raised in its place with its words."""
        told = [earlier for earlier in self.before if self.is_check and earlier.is_check and earlier.frames]
        return told[-1] if told else self


@dataclass(frozen=True)
class Explanation:
    """Why a cell failed: what leads to the cause, if anything does, and the cause.

    `code` is "not-built" where an exercise is still blank, else "failed"; the runner adds others. `key` is the same for
    all cells that failed because of one cell.
    """

    lead: str
    cause: str
    code: str
    key: str

    @property
    def text(self) -> str:
        """The whole of it."""
        return f"{self.lead} {self.cause}".strip()


def explain(code: Sequence[Cell], failures: Mapping[int, Failure], index: int) -> Explanation:
    """Why the code cell `index` failed. `failures` holds the failures of the cells so far, by index."""
    root, lead = _root(code, failures, index), ""
    if root != index:
        name = UNDEFINED.search(failures[index].text)[1]
        lead = f"{name} is not defined, because {cell_name(code[root])} did not run to its end."
    for raised in (failures[root], *failures[root].before):
        at = raised.frames[-1] if raised.frames else None
        if "NotImplementedError" in raised.bases and at and raised.here and code[at.cell].is_exercise:
            task, cell = _to_build(code[at.cell], at.function), code[at.cell].grade_id
            return Explanation(lead, shorten(task), "not-built", f"exercise {cell}")
    return Explanation(lead, shorten(_plain(code, failures[root], root)), "failed", f"cell {root}")


def unbuilt(code: Sequence[Cell]) -> dict[str, str]:
    """The exercises that are still blank, in part or whole, by their grade_ids: what each is to be."""
    blank = [cell for cell in code if cell.is_exercise and cell.is_blank]
    return {cell.grade_id: _to_build(cell, function_of_stub(cell.source)) for cell in blank}


def cell_name(cell: Cell) -> str:
    """How to speak of a cell: its grade_id and its place."""
    if cell.grade_id:
        return f"the cell {cell.grade_id} ({cell.place()})"
    return f"the cell at {cell.place()}" if cell.line else cell.place()


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


def _root(code: Sequence[Cell], failures: Mapping[int, Failure], index: int) -> int:
    """The failed cell at the start of the chain of undefined names that ends at `index`, or `index` itself."""
    while failures[index].type == "NameError" and (match := UNDEFINED.search(failures[index].text)):
        earlier = [i for i in sorted(failures) if i < index]
        defining = [i for i in earlier if _defines(code[i].source, match[1])]
        if not defining:  # a blank question defines nothing: then it is the exercise before the check, if that failed
            before = [i for i in range(index) if code[i].is_exercise][-1:] if code[index].is_check else []
            return before[0] if before and before[0] in earlier else index
        index = defining[-1]
    return index


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


def _to_build(cell: Cell, function: str) -> str:
    if function in ("", "<module>"):
        return f"{cell.grade_id} is not answered yet ({cell.place()})."
    task = _task(cell.source, function)
    return f"Exercise {cell.grade_id} is not built yet ({cell.place()}). {function}: {task}"


def _task(source: str, function: str) -> str:
    """The first paragraph of the docstring of `function` (as in Linear.forward), or else of its class, on one line."""
    found, node = "", tree_of(source)
    for name in function.replace("<locals>.", "").split("."):
        node = next((n for n in _children(node) if n.name == name), node)
        found = ast.get_docstring(node) or found
    return " ".join(found.partition("\n\n")[0].split())


def _children(node: ast.AST) -> list[ast.ClassDef | ast.FunctionDef]:
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.ClassDef | ast.FunctionDef)]


def _plain(code: Sequence[Cell], failure: Failure, index: int) -> str:
    """The error's own text, and the line of the lesson it came from where the text does not say enough."""
    if failure.type == "ImportError" and NOT_BUILT in failure.text:
        return failure.text
    said, origin = failure.is_check and failure.text, failure.origin
    text = failure.text if said else ": ".join(filter(None, (origin.type, origin.text)))
    more = f"; {MORE[origin.type]}" if origin.type in MORE else ""
    frame = origin.frames[-1] if origin.frames else None
    if frame is None:
        return text + more
    cell = code[frame.cell]
    if said and (frame.cell == index or not cell.is_exercise):  # what a check, or a helper of checks, says
        return text + more
    inside = f"in {cell.grade_id}, " if frame.cell != index and cell.grade_id else ""
    return f"{text}{more} ({inside}{cell.place(frame.line)}{quote(cell, frame.line)})"
