"""The settings of nbgrader in a course: where its folders are, and which of its steps are tito's."""

from pathlib import Path
from typing import Any

from tito.run import CELL_LIMIT


def configure(c: Any, here: Path, course_id: str) -> None:
    """Set nbgrader's configuration `c` for the course in the folder `here`.

    A cell may take as long as in `tito module test`. A submission is read whatever state its file is in, and run by
    tito's own runner. Feedback shows the student's work, the points and the messages, and no hidden test. The lists are
    nbgrader's own, with tito's steps in the places of `ClearSolutions` and `Execute`, and before the page is made.
    """
    c.CourseDirectory.course_id = course_id
    c.CourseDirectory.root = str(here)
    c.Exchange.root = str(here / "exchange")
    c.Execute.timeout = CELL_LIMIT
    c.GenerateAssignment.preprocessors = [
        "nbgrader.preprocessors.IncludeHeaderFooter",
        "tito.grading.plugin.ClearSolutions",
        "nbgrader.preprocessors.LockCells",
        "nbgrader.preprocessors.ComputeChecksums",
        "nbgrader.preprocessors.SaveCells",
        "nbgrader.preprocessors.CheckCellMetadata",
        "nbgrader.preprocessors.ClearOutput",
        "nbgrader.preprocessors.ClearHiddenTests",
        "nbgrader.preprocessors.ClearMarkScheme",
        "nbgrader.preprocessors.ComputeChecksums",
    ]
    c.Autograde.exporter_class = "tito.grading.plugin.Reader"
    c.Autograde.autograde_preprocessors = [
        "tito.grading.plugin.Run",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.preprocessors.insert(1, "tito.grading.plugin.HideTests")
