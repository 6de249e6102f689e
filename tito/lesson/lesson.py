"""A lesson: one percent-format file or notebook, read into cells and what follows from them.

Nothing about a lesson is typed anywhere else: its number and name come from its folder, its module from
`#| default_exp`, its prerequisites from its own imports, its exercises and points from its cells.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tito.errors import LessonError
from tito.lesson.cell import Cell
from tito.lesson.code import imported_modules, outside_functions
from tito.lesson.formats import Unreadable, read_notebook, read_percent
from tito.project import LIBRARY

FOLDER = re.compile(r"(?P<number>\d{2})_(?P<name>[a-z][a-z0-9_]*)")
HEADING = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
UNREADABLE = "In a student's folder `tito module reset {0}` brings the lesson back; this file is kept in .tito/backups."
DAMAGED = (
    "Repair that place in a text editor; or `tito module reset {0} --keep-answers` takes over the cells that can still"
    " be read. "
)


@dataclass(frozen=True)
class Lesson:
    """A lesson as its file is now. `module` is empty where the file names none; `digest` tells an edit.

    The digest is the SHA-256 of the cells. Running a notebook, which changes its outputs, is no edit. `metadata` is the
    notebook's own.
    """

    number: str
    name: str
    path: Path
    module: str
    title: str
    cells: tuple[Cell, ...]
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def number_name(self) -> str:
        """The name of the lesson's folder, such as 18_acceleration."""
        return f"{self.number}_{self.name}"

    @cached_property
    def requires(self) -> tuple[str, ...]:
        """The other lessons' modules that the lesson's code imports outside functions, in order of appearance."""
        found = [name for cell in self.code for name in imported_modules(outside_functions(cell.tree))]
        return tuple(dict.fromkeys(name for name in found if name != self.module))

    @cached_property
    def exports(self) -> tuple[str, ...]:
        """The public names that the lesson's module gives, sorted."""
        return tuple(sorted({name for cell in self.cells if cell.is_public for name in cell.names}))

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def exercises(self) -> tuple[Cell, ...]:
        """The cells that the learner fills in."""
        return tuple(cell for cell in self.code if cell.is_exercise)

    @property
    def checks(self) -> tuple[Cell, ...]:
        """The graded cells."""
        return tuple(cell for cell in self.code if cell.is_check)

    @property
    def manual(self) -> tuple[Cell, ...]:
        """The open questions."""
        return tuple(cell for cell in self.cells if cell.is_manual)

    @property
    def points(self) -> float:
        """What the checks are worth together. Points that a person gives are not counted."""
        return sum(cell.points for cell in self.checks)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of what the cells say and are worth."""
        rows = [[c.kind, c.source, c.grade_id or None, c.grade, c.solution, c.points] for c in self.cells]
        return hashlib.sha256(json.dumps(rows).encode("ascii")).hexdigest()

    @property
    def file(self) -> str:
        """The lesson's file for a message: `modules/01_tensor/tensor_dev.py`."""
        return short(self.path)

    def place(self, cell: Cell) -> str:
        """Where a cell is, for a message: `modules/01_tensor/tensor_dev.py, line 12`; in a notebook, `cell 12`."""
        return f"{self.file}, {cell.place()}"


def short(path: Path) -> str:
    """The last three parts of a path, which name a lesson's file."""
    return "/".join(path.parts[-3:])


def read_lesson(path: Path) -> Lesson:
    """Read a lesson from its percent-format .py file or its .ipynb notebook.

    Raises LessonError, naming file and line, where the file cannot be read, is not UTF-8 or is not a notebook. Whether
    its cells are sound is the business of the rules.
    """
    match = FOLDER.fullmatch(path.parent.name)
    if match is None:
        hint = "A lesson's folder is named like 01_tensor: number, name."
        raise LessonError(f"{path} is not in a lesson's folder.", hint)
    number, name = match["number"], match["name"]
    try:
        cells, metadata = _parse(read_text(path), path.suffix)
    except Unreadable as error:
        where = ", ".join(filter(None, (short(path), error.where)))
        hint = error.hint or ((DAMAGED if error.damaged else "") + UNREADABLE).format(number)
        raise LessonError(f"{where}: {error.message}", hint) from error
    title = next((m[1] for c in cells if c.kind == "markdown" and (m := HEADING.search(c.source))), name)
    found = next(filter(None, (cell.directives.get("default_exp") for cell in cells)), "")
    return Lesson(number, name, path, f"{LIBRARY}.{found}" if found else "", title, cells, metadata)


@lru_cache(maxsize=64)
def _parse(text: str, suffix: str) -> tuple[tuple[Cell, ...], dict[str, Any]]:
    """The cells of a file of this text. One command reads a lesson more than once, and jupytext takes its time."""
    cells, metadata = read_notebook(text) if suffix == ".ipynb" else (read_percent(text), {})
    return tuple(cells), metadata


def read_text(path: Path) -> str:
    """The text of a lesson's file, with `\\n` at the ends of lines and no byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LessonError(f"Cannot read {path}: {error.strerror}.") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        place = f"{short(path)}, line {data[: error.start].count(bytes([10])) + 1}"
        text = f"{place}: byte 0x{data[error.start]:02x} is not UTF-8."
        raise LessonError(text, "Save the file as UTF-8.") from error


def blank(lesson: Lesson) -> Lesson:
    """The lesson as a learner gets it. Raises LessonError where a region is not closed, or where it does not belong."""
    cells = []
    for cell in lesson.cells:
        try:
            cells.append(cell.blank())
        except ValueError as error:
            raise LessonError(f"{lesson.place(cell)}: {error}") from error
    return replace(lesson, cells=tuple(cells))


def marked(lesson: Lesson) -> Lesson:
    """The lesson with the places of the answers to its open questions marked, as nbgrader wants its masters."""
    return replace(lesson, cells=tuple(cell.marked() for cell in lesson.cells))
