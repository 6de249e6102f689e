"""What was handed in for an assignment: read whatever state the file is in, and made fit to be graded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tito.errors import Finding, LessonError, TitoError, in_sentences
from tito.lesson.cell import Cell
from tito.lesson.formats import Notebook, Unreadable, read_notebook, to_notebook
from tito.lesson.lesson import blank, read_lesson, read_text
from tito.student.folder import about_file
from tito.student.judge import judge_cells


@dataclass(frozen=True)
class Submission:
    """A submission as it is to be graded, and what was put right in it or noticed.

    `readable` is false where nothing could be read from the file; then the notebook holds the checks alone.
    """

    notebook: Notebook
    findings: tuple[Finding, ...]
    readable: bool


@dataclass(frozen=True)
class Checked:
    """A notebook that was handed in, and what is to be known of it; `gradable` is false where nothing can be read."""

    student: str
    file: str
    gradable: bool
    findings: tuple[Finding, ...]
    sentences = in_sentences


def read_submission(path: Path, master: Path) -> Submission:
    """The notebook at `path`, with the checks of the master at `master`. The file itself is not changed.

    Raises LessonError where the master cannot be read; a submission that cannot has no cells of its own.
    """
    released = blank(read_lesson(master)).cells
    try:
        mine, _ = read_notebook(read_text(path))
    except LessonError as error:
        text = error.message[0].upper() + error.message[1:] if isinstance(error, Unreadable) else error.message
        said = Finding("unreadable", text, fix="Nothing in it could be graded; hand in the notebook again.")
        return Submission(to_notebook(cell for cell in released if cell.grade), (said,), False)
    notebook, findings = made_gradable(mine, released)
    return Submission(notebook, (*about_file(path), *findings), True)


def made_gradable(mine: Sequence[Cell], released: Sequence[Cell]) -> tuple[Notebook, tuple[Finding, ...]]:
    """The notebook that is graded for a student's cells, and what was put right; what is not run is there as text."""
    cells, findings, left = judge_cells(mine, released)
    not_run = [replace(cell.without_marks(), kind="raw") for cell in left]
    return to_notebook(map(_without_notes, [*cells, *not_run])), findings


def _without_notes(cell: Cell) -> Cell:
    """The cell without what an editor noted of it, which may keep it from being run; pictures in answers stay."""
    found = cell.extra.get("attachments")
    is_picture = cell.kind == "markdown" and isinstance(found, dict)
    return replace(cell, extra={"attachments": found} if is_picture else {})


def check_submissions(course: Path, assignment: str) -> list[Checked]:
    """Every notebook of the assignment that each student handed in, in order of the students' names.

    Raises TitoError where `course` is not a course folder or has no such assignment.
    """
    masters = _masters(course, assignment)
    homes = sorted(path for path in (course / "submitted").glob(f"*/{assignment}") if path.is_dir())
    return [_checked(home, master) for home in homes for master in masters]


def _masters(course: Path, assignment: str) -> list[Path]:
    if not (course / "nbgrader_config.py").is_file() or not (course / "source").is_dir():
        hint = "`cd` into one; `tito grade init DIR` makes one."
        raise TitoError(f"{course.resolve()} is not a course folder.", hint)
    found = sorted((course / "source" / assignment).glob("*.ipynb"))
    if not found:
        names = ", ".join(sorted(path.name for path in (course / "source").iterdir() if path.is_dir()))
        raise TitoError(f"There is no assignment {assignment!r}.", f"There are: {names}.")
    return found


def _checked(home: Path, master: Path) -> Checked:
    path, student = home / master.name, home.parent.name
    if not path.is_file():
        there = ", ".join(sorted(file.name for file in home.glob("*.ipynb"))) or "no notebook"
        text = f"{master.name} was not handed in; there is {there}. nbgrader grades a file of that name only."
        return Checked(student, str(path), False, (Finding("not-handed-in", text),))
    found = read_submission(path, master)
    return Checked(student, str(path), found.readable, found.findings)
