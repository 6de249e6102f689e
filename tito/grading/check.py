"""What was handed in for an assignment of a course, looked at before nbgrader grades it. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tito.errors import TitoError
from tito.grading.submission import read_submission


@dataclass(frozen=True)
class Checked:
    """A notebook that was handed in, and what is to be known of it; `gradable` is false where nothing can be read."""

    student: str
    file: str
    gradable: bool
    sentences: tuple[str, ...]


def check_submissions(course: Path, assignment: str) -> list[Checked]:
    """Every notebook of the assignment that each student handed in, in order of the students' names.

    Raises TitoError where `course` is no course folder or has no such assignment.
    """
    masters = _masters(course, assignment)
    homes = sorted(path for path in (course / "submitted").glob(f"*/{assignment}") if path.is_dir())
    return [_checked(home, master) for home in homes for master in masters]


def _masters(course: Path, assignment: str) -> list[Path]:
    if not (course / "nbgrader_config.py").is_file() or not (course / "source").is_dir():
        raise TitoError(f"{course.resolve()} is no course folder.", "`cd` into one; `tito grade init DIR` makes one.")
    found = sorted((course / "source" / assignment).glob("*.ipynb"))
    if not found:
        names = ", ".join(sorted(path.name for path in (course / "source").iterdir() if path.is_dir()))
        raise TitoError(f"There is no assignment {assignment!r}.", f"There are: {names}.")
    return found


def _checked(home: Path, master: Path) -> Checked:
    path, student = home / master.name, home.parent.name
    if not path.is_file():
        there = ", ".join(sorted(file.name for file in home.glob("*.ipynb"))) or "no notebook"
        said = f"{master.name} was not handed in; there is {there}. nbgrader grades a file of that name only."
        return Checked(student, str(path), False, (said,))
    found = read_submission(path, master)
    return Checked(student, str(path), found.readable, found.sentences)
