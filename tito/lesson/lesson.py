"""A lesson: one percent-format file or notebook, read into cells and what follows from them.

Nothing about a lesson is typed anywhere else: its number and name come from its folder, its module from
`#| default_exp`, its prerequisites from its own imports, its exercises and points from its cells.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tito.errors import LessonError
from tito.lesson import formats
from tito.lesson.cell import Cell
from tito.lesson.code import imported_modules, public_names, tree_of
from tito.lesson.regions import BEGIN_HIDDEN
from tito.project import LIBRARY

FOLDER = re.compile(r"(?P<number>\d{2})_(?P<name>[a-z][a-z0-9_]*)")
HEADING = re.compile(r"^#\s+(.+?)\s*$", re.MULTILINE)
UNREADABLE = "In a student's folder `tito module reset {0}` brings the lesson back; this file is kept in .tito/backups."
DAMAGED = (
    "Mend that place in a text editor; or `tito module reset {0} --keep-answers` takes over the cells that can still be"
    " read. "
)


@dataclass(frozen=True)
class Lesson:
    """A lesson as its file is now. `module` is empty where the file names none; `digest` tells an edit.

    The digest is the SHA-256 of the cells. Running a notebook, which changes its outputs, is no edit.
    """

    number: str
    name: str
    path: Path
    module: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def number_name(self) -> str:
        """The name of the lesson's folder, such as 18_acceleration."""
        return f"{self.number}_{self.name}"

    @cached_property
    def requires(self) -> tuple[str, ...]:
        """The other lessons' modules that the lesson's code imports outside functions, in order of appearance."""
        found = [name for cell in self.code for name in imported_modules(cell.source)]
        return tuple(dict.fromkeys(name for name in found if name != self.module))

    @cached_property
    def exports(self) -> tuple[str, ...]:
        """The public names that the lesson's module gives, sorted."""
        cells = [cell for cell in self.code if cell.is_public]
        return tuple(sorted({name for cell in cells for name in public_names(tree_of(cell.source))}))

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
        rows = [[c.kind, c.source, c.grade_id, c.grade, c.solution, c.points] for c in self.cells]
        return hashlib.sha256(json.dumps(rows).encode("ascii")).hexdigest()

    def place(self, line: int) -> str:
        """Where `line` (a Cell's or a Problem's) is, for a message: the file, and the line or the cell."""
        return place(self.path, line)


def place(path: Path, line: int) -> str:
    """`modules/01_tensor/tensor_dev.py, line 12`; in a notebook, `cell 12`."""
    what = "cell" if path.suffix == ".ipynb" else "line"
    return f"{'/'.join(path.parts[-3:])}, {what} {line}"


def read_lesson(path: Path) -> Lesson:
    """Read a lesson from its percent-format .py file or its .ipynb notebook.

    Raises LessonError, naming file and line, where the file cannot be read, is not UTF-8, is not a notebook, or
    has cell options that are not what nbgrader takes. Whether the code in it is sound is the form's business.
    """
    number, name = split_folder(path)
    cells = tuple(_cell(raw, path) for raw in _raw_cells(path))
    title = next((m[1] for c in cells if c.kind == "markdown" and (m := HEADING.search(c.source))), name)
    return Lesson(number, name, path, _module(cells), title, cells)


def split_folder(path: Path) -> tuple[str, str]:
    """Number and name of the lesson at `path`, from the name of its folder."""
    match = FOLDER.fullmatch(path.parent.name)
    if match is None:
        raise LessonError(
            f"{path} does not lie in a lesson's folder.", "A lesson's folder is named like 01_tensor: number, name."
        )
    return match["number"], match["name"]


def _raw_cells(path: Path) -> tuple[formats.RawCell, ...]:
    text = read_text(path)
    try:
        return _parse(text, path.suffix)
    except formats.NotebookError as error:
        where = place(path, error.line) if error.line else "/".join(path.parts[-3:])
        hint = (DAMAGED if isinstance(error, formats.Damaged) else "") + UNREADABLE
        raise LessonError(f"{where}: {error.message}", error.hint or hint.format(path.parent.name[:2])) from error


@lru_cache(maxsize=64)
def _parse(text: str, suffix: str) -> tuple[formats.RawCell, ...]:
    """The cells of a file of this text. One command reads a lesson more than once, and jupytext takes its time."""
    return tuple(formats.read_ipynb(text) if suffix == ".ipynb" else formats.read_percent(text))


def read_text(path: Path) -> str:
    """The text of a lesson's file, with `\\n` at the ends of lines and no byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LessonError(f"Cannot read {path}: {error.strerror}.") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise LessonError(
            f"{'/'.join(path.parts[-3:])}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8.",
            "Save the file as UTF-8.",
        ) from error


def _module(cells: tuple[Cell, ...]) -> str:
    found = (cell.directives.get("default_exp") for cell in cells if cell.kind == "code")
    name = next(filter(None, found), "")
    return f"{LIBRARY}.{name}" if name else ""


def _cell(raw: formats.RawCell, path: Path) -> Cell:
    options = raw.metadata.get("nbgrader", {})
    problem = _wrong_option(options)
    if problem:
        raise LessonError(f"{place(path, raw.line)}: {problem}")
    return Cell(
        kind=raw.kind,
        source=raw.source,
        grade_id=options.get("grade_id") or None,
        grade=options.get("grade", False),
        solution=options.get("solution", False),
        points=float(options.get("points", 0)),
        line=raw.line,
        hidden=BEGIN_HIDDEN in raw.source or raw.metadata.get("tito") == formats.HIDDEN_MARK,
        id=raw.id,
    )


OPTIONS: dict[str, tuple[type, ...]] = {
    "grade_id": (str,),
    "grade": (bool,),
    "solution": (bool,),
    "locked": (bool,),
    "task": (bool,),
    "points": (int, float),
    "schema_version": (int,),
    "checksum": (str,),
    "cell_type": (str,),
}
_KIND = {str: "a string", bool: "true or false", int: "a number"}


def _wrong_option(options: object) -> str:
    if not isinstance(options, dict):
        return f"nbgrader={options!r} is not a set of options; write nbgrader={{...}}."
    for key, value in options.items():
        if key not in OPTIONS:
            return f"nbgrader has no option {key!r}; it has {', '.join(OPTIONS)}."
        wanted = OPTIONS[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            return f"nbgrader's {key} is {value!r}; it must be {_KIND[wanted[0]]}."
    return ""
