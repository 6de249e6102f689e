"""What lies in a student's folder beside the cells of a lesson: the file itself, and what was kept from it."""

import os
from collections.abc import Sequence
from pathlib import Path

from tito.errors import Finding
from tito.files import unused
from tito.lesson.cell import Cell

LARGE = 20_000_000  # bytes of a file that is nearly all output
NO_RELEASE = Finding(
    "release-missing",
    "This is a student's folder, but its .tito/release is missing, where the lessons are as they were released"
    " (was it copied without its hidden files?).",
    fix="Copy the folder .tito from where this one came from. Without it checks and points are taken as they are in the"
    " files, what was completed is not known, and no lesson can be reset.",
)


def about_file(path: Path) -> list[Finding]:
    """What is odd about the file itself, and does no harm."""
    data, said = path.read_bytes(), []
    if data.startswith(b"\xef\xbb\xbf"):
        said.append(Finding("byte-order-mark", f"{path.name} begins with a byte-order mark; it was passed over."))
    if b"\r\n" in data and os.linesep == "\n":
        said.append(Finding("windows-lines", f"{path.name} has Windows line ends; they were read as any others."))
    if len(data) > LARGE:
        fix = "Clear its outputs (in JupyterLab: Edit, Clear Outputs of All Cells) and save it."
        text = f"{path.name} has {len(data) / 1e6:.0f} MB, nearly all of it output."
        said.append(Finding("large", text, fix=fix))
    return said


def path_beside(target: Path) -> Path:
    """A new file beside the lesson at `target`, for what has no place in it any more."""
    return unused(target.with_name(f"{target.stem.removesuffix('_dev')}-kept{target.suffix}"))


def cells_beside(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of that file: those that were left, without their marks, under a cell that names them."""
    names = ", ".join(cell.grade_id for cell in cells if cell.grade_id)
    text = "Cells of yours that have no place in the lesson as it is now" + (f": {names}." if names else ".")
    return [Cell("markdown", text), *(cell.without_marks() for cell in cells)]
