"""What is odd about a student's file: what does no harm and is told, and answers that stand in the wrong cell."""

from __future__ import annotations

import os
from pathlib import Path

from tito.lesson.code import public_names, tree_of
from tito.lesson.lesson import Lesson

LARGE = 20_000_000  # bytes of a file that is nearly all output


def about_file(path: Path) -> list[str]:
    """What is odd about the file itself, and does no harm."""
    data = path.read_bytes()
    notes = []
    if data.startswith(b"\xef\xbb\xbf"):
        notes.append(f"{path.name} begins with a byte-order mark; it was passed over.")
    if b"\r\n" in data and os.linesep == "\n":
        notes.append(f"{path.name} has Windows line ends; they were read as any others.")
    if len(data) > LARGE:
        words = "clear its outputs (in JupyterLab: Edit, Clear Outputs of All Cells) and save it"
        notes.append(f"{path.name} is {len(data) / 1e6:.0f} MB large, nearly all of it output; {words}.")
    return notes


def blanks_with_answers(lesson: Lesson, released: Lesson) -> list[str]:
    """A sentence for each exercise that is blank while another cell of the student's defines what it asks for."""
    known = {cell.source.strip() for cell in released.cells}
    own = [cell for cell in lesson.code if cell.source.strip() not in known]
    said = []
    for cell in lesson.exercises:
        names = public_names(tree_of(cell.source)) if cell.source.strip() in known else set()
        other = next((c for c in own if names & public_names(tree_of(c.source)) and c.grade_id != cell.grade_id), None)
        if other is not None:
            said.append(
                f"{cell.grade_id} is blank ({_at(lesson, cell.line)}), and {', '.join(sorted(names))} stands at"
                f" {_at(lesson, other.line)}: move it into the exercise, which is what the package gets;"
                f" `tito module reset {lesson.number} --keep-answers` does so."
            )
    return said


def _at(lesson: Lesson, line: int) -> str:
    return lesson.place(line).rpartition(", ")[2]
