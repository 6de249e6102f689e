"""The settings of nbgrader in a course: where its folders are, and which of its steps are tito's."""

from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, Execute, InstantiateTests

from tito.run import CELL_LIMIT

OURS = {ClearSolutions: "tito.grading.plugin.ClearSolutions", Execute: "tito.grading.plugin.Run"}


def configure(c: Any, here: Path, course_id: str) -> None:
    """Set nbgrader's configuration `c` for the course in the folder `here`.

    A cell may take as long as in `tito module test`. A submission is read whatever state its file is in, and run by
    tito's own runner. Feedback shows the student's work, the points and the messages, and no hidden test. The steps are
    nbgrader's own, but for tito's in the places of `ClearSolutions` and `Execute`, and one before the page is made.
    """
    c.CourseDirectory.course_id = course_id
    c.CourseDirectory.root = str(here)
    c.Exchange.root = str(here / "exchange")
    c.Execute.timeout = CELL_LIMIT
    c.GenerateAssignment.preprocessors = _steps(GenerateAssignment.preprocessors.default())
    c.Autograde.exporter_class = "tito.grading.plugin.Reader"
    c.Autograde.autograde_preprocessors = _steps(Autograde.autograde_preprocessors.default())
    c.GenerateFeedback.preprocessors.insert(1, "tito.grading.plugin.HideTests")


def _steps(steps: list[type]) -> list[type | str]:
    """A converter's steps, with tito's in their places. No check is instantiated: the lessons' are written out."""
    return [OURS.get(step, step) for step in steps if step is not InstantiateTests]
