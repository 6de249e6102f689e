"""What a course's settings put in the places that nbgrader has for it; nbgrader itself stays as it comes.

`ClearSolutions` leaves tito's stubs; `Reader` reads a submission whatever state it is in; `Run` runs it by tito's own
runner; `HideTests` keeps hidden tests out of the feedback. Only nbgrader imports this module.
"""

import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.preprocessors import ClearSolutions as NbgradersClearSolutions
from nbgrader.preprocessors import Execute, NbGraderPreprocessor

from tito.grading.submission import read_submission
from tito.lesson.formats import cells_of
from tito.lesson.regions import strip_code, strip_hidden
from tito.run.runner import CellRun, run_cells

ABOUT = "about-the-file"  # the id of the cell that is put before the student's
HIDDEN_WORD = "# Hidden tests, with other values, were here; they count for this cell's points."
ANSI = re.compile(r"\x1b\[[0-9;]*m")
ENOUGH = 60  # characters of a hidden line by which it is known again; a message quotes 80


def course_of(part: Any) -> Any:
    """The CourseDirectory of nbgrader's converter that an exporter, or one of its preprocessors, belongs to."""
    return part.parent.coursedir if isinstance(part, NotebookExporter) else course_of(part.parent)


def source_folder(part: Any, resources: Any) -> Path:
    """Where the master of the assignment at hand is."""
    course = course_of(part)
    return Path(course.format_path(course.source_directory, ".", resources["nbgrader"]["assignment"])).resolve()


class ClearSolutions(NbgradersClearSolutions):
    """For GenerateAssignment.preprocessors: the stubs are those of tito's own editions, which say what is missing."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        """Replace the solution regions of a cell of code; nbgrader does the rest."""
        if cell.cell_type == "code" and utils.is_solution(cell):
            stubbed = strip_code(cell.source, cell.metadata.nbgrader.grade_id)
            if stubbed is not None:
                cell.source = stubbed
                return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


class Reader(NotebookExporter):
    """Autograde.exporter_class: every submission can be read, and has all checks, each once, to be run."""

    def from_file(self, file_stream: Any, resources: Any = None, **kw: Any) -> tuple[NotebookNode, Any]:
        """Read what nbgrader opened: a submission, or the copy of it that is to be run."""
        names, course = resources["nbgrader"], course_of(self)
        submitted = course.format_path(course.submitted_directory, names["student"], names["assignment"])
        if Path(file_stream.name).resolve().parent != Path(submitted).resolve():
            return super().from_file(file_stream, resources=resources, **kw)
        master = source_folder(self, resources) / f"{names['notebook']}.ipynb"
        found = read_submission(Path(file_stream.name), master)
        notebook = from_dict(found.notebook)
        for finding in found.findings:
            self.log.warning("%s: %s", names["student"], finding)
        if found.findings:
            said = "\n".join(f"- {finding}" for finding in found.findings)
            about = f"**About the file that was handed in**\n\n{said}"
            notebook.cells.insert(0, new_markdown_cell(about, id=ABOUT))
        return self.from_notebook_node(notebook, resources=resources, **kw)


class Run(Execute):
    """In the place of nbgrader's Execute, whose time limit it takes: tito's runner gives the verdicts.

    tinytorch is imported from beside the master: it holds the lessons before this one, and not this one.
    """

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run the notebook; a cell has an error among its outputs if, and only if, it raised one or was not run."""
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        for cell in code:
            cell.outputs = []

        def note(run: CellRun) -> None:
            cell = code[run.number - 1]
            cell.execution_count, cell.outputs = run.number, [_as_shown(output) for output in run.outputs]
            if run.why:
                name, lines = run.raised or "NotRun", [*run.traceback.splitlines(), run.why.text]
                cell.outputs.append(new_output("error", ename=name, evalue=run.why.text, traceback=lines))

        folder, master = Path(resources["metadata"]["path"]).resolve(), source_folder(self, resources)
        cells = cells_of(cell for cell in nb.cells if cell.get("id") != ABOUT)  # numbered as the student's are
        result = run_cells(cells, folder, master, cell_limit=self.timeout, on_cell=note, figures=True)
        for finding in result.findings:
            self.log.warning("%s", finding)
        return nb, resources


def _as_shown(output: dict[str, Any]) -> NotebookNode:
    """An output that nbgrader does not take for a verdict, as it takes text on stderr."""
    shown = from_dict(output)
    if shown.output_type == "stream":
        shown.name = "stdout"
    return shown


class HideTests(NbGraderPreprocessor):
    """For GenerateFeedback.preprocessors: no line of a hidden test, and of an error its message alone."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Take hidden tests out of the cells' sources and outputs; the messages stay."""
        hidden: set[str] = set()
        for cell in nb.cells:
            visible = strip_hidden(cell.source) if cell.cell_type == "code" and utils.is_grade(cell) else None
            if visible is not None:
                lines = (line.strip() for line in {*cell.source.split("\n")} - {*visible.split("\n")})
                hidden |= {line[:ENOUGH] for line in lines if len(line) > 8}  # a shorter one says too little
                cell.source = f"{visible.rstrip()}\n\n{HIDDEN_WORD}"
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                _hide(output, hidden)
        return nb, resources


def _hide(output: NotebookNode, hidden: set[str]) -> None:
    if output.output_type == "stream":
        output.text = _without(output.text, hidden)
    elif output.output_type == "error":
        output.evalue = _without(output.evalue, hidden) or "A hidden test failed."
        output.traceback = [output.evalue]
    else:
        for kind, text in output.data.items():
            output.data[kind] = _without(text, hidden) if isinstance(text, str) else text


def _without(text: str, hidden: set[str]) -> str:
    lines = text.split("\n")
    return "\n".join(line for line in lines if not any(secret in ANSI.sub("", line) for secret in hidden))
