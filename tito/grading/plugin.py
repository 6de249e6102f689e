"""What a course's nbgrader_config.py puts in the places that nbgrader has for it; nbgrader itself stays as it comes.

`Reader` reads a submission whatever state it is in, and `Run` gives verdicts as tito's runner does; `HideTests` keeps
hidden tests out of the feedback. Only nbgrader imports this module.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, List

from tito.grading.submission import read_submission
from tito.lesson.regions import BEGIN_HIDDEN, END_HIDDEN, strip_hidden
from tito.run.runner import NO_POINTS

PRINT_LIMIT = 100_000  # characters kept of what a cell prints, as in tito's runner
CANARY = "assert False, 'this check must fail'"
HIDDEN_WORD = "# Hidden tests, with other values, stood here; they count for this cell's points."
ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"Cell In\[(\d+)\]")


def course_of(part: Any) -> Any:
    """The CourseDirectory of nbgrader's converter that an exporter, or one of its preprocessors, belongs to."""
    return part.parent.coursedir if isinstance(part, NotebookExporter) else course_of(part.parent)


def source_folder(part: Any, resources: Any) -> Path:
    """Where the master of the assignment at hand lies."""
    course = course_of(part)
    return Path(course.format_path(course.source_directory, ".", resources["nbgrader"]["assignment"])).resolve()


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
        if found.sentences:
            for sentence in found.sentences:
                self.log.warning("%s: %s", names["student"], sentence)
            notebook.cells.insert(0, _word(found.sentences))
        return self.from_notebook_node(notebook, resources=resources, **kw)


def _word(sentences: tuple[str, ...]) -> NotebookNode:
    listing = "\n".join(f"- {sentence}" for sentence in sentences)
    return new_markdown_cell(f"**About the file that was handed in**\n\n{listing}", id="about-the-file")


class Run(Execute):
    """nbgrader's Execute, with the rules of tito's runner.

    A verdict comes from what a cell raised, and from nothing that it printed or showed. A check that must fail runs
    before each check. Where the kernel dies or a cell takes too long, the cells after it earn nothing, and say why. The
    kernel imports the tinytorch that lies beside the master: the lessons before this one, and not this one.
    """

    interrupt_on_timeout = Bool(False)
    extra_arguments = List(["--IPKernelApp.kernel_class=tito.grading.kernel.Kernel"])

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run the notebook."""
        self.ended = ""
        self.master = source_folder(self, resources)
        return super().preprocess(nb, resources, km)

    def start_new_kernel(self, **kwargs: Any) -> None:
        """Start the kernel with the master's folder before everything else on its path."""
        path = os.pathsep.join(filter(None, [str(self.master), os.environ.get("PYTHONPATH")]))
        super().start_new_kernel(env=os.environ | {"PYTHONPATH": path}, **kwargs)

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        """Run a cell and leave an error among its outputs if, and only if, it raised one."""
        if cell.cell_type != "code":
            return cell, resources
        if self.ended:
            cell.outputs = [_error("NotRun", f"Not run. {self.ended}")] if utils.is_grade(cell) else []
            return cell, resources
        try:
            alert = not utils.is_grade(cell) or self._canary_fails(index)
            super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._end(cell, "ended the process that runs the notebook: look for os._exit and for memory")
        except CellTimeoutError:
            self._end(cell, f"took longer than {self.timeout} s: look for a loop that does not end")
        else:
            cell.outputs = _as_shown(cell.outputs) + ([] if alert else [_error("ChecksSwitchedOff", NO_POINTS)])
        return cell, resources

    def _canary_fails(self, index: int) -> bool:
        canary = new_code_cell(CANARY)
        self.execute_cell(canary, index, store_history=False)
        return any(output.get("ename") == "AssertionError" for output in canary.outputs)

    def _end(self, cell: NotebookNode, what: str) -> None:
        first = cell.source.strip().partition("\n")[0]
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or f"that begins with `{first}`"
        self.ended = f"The cell {name} {what}."
        self.log.warning("%s The checks from there on earn nothing.", self.ended)
        cell.outputs = [*_as_shown(cell.outputs), _error("NotFinished", self.ended)]


def _error(name: str, message: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def _as_shown(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs, none of which nbgrader takes for a verdict but an error: no text on stderr, no last value."""
    for output in outputs:
        if output.output_type == "stream":
            output.name, output.text = "stdout", _shortened(output.text)
        elif output.output_type == "execute_result":
            output.output_type = "display_data"
            del output["execution_count"]
    return outputs


def _shortened(text: str) -> str:
    more = len(text) - PRINT_LIMIT
    return f"{text[:PRINT_LIMIT]}\n... ({more} more characters)\n" if more > 0 else text


class HideTests(NbGraderPreprocessor):
    """For GenerateFeedback.preprocessors: no line of a hidden test, and no traceback through a check."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Take hidden tests out of the cells' sources and outputs; the messages stay."""
        checks = [cell for cell in nb.cells if cell.cell_type == "code" and utils.is_grade(cell)]
        numbers = {str(cell.execution_count) for cell in checks}
        hidden = {line for cell in checks for line in _hidden_lines(cell.source)}
        for cell in checks:
            visible = strip_hidden(cell.source)
            cell.source = cell.source if visible is None else f"{visible.rstrip()}\n\n{HIDDEN_WORD}"
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                _hide(output, hidden, numbers)
        return nb, resources


def _hidden_lines(source: str) -> list[str]:
    """The lines of the hidden regions that say enough to be known again."""
    found, inside = [], False
    for line in source.split("\n"):
        if BEGIN_HIDDEN in line or END_HIDDEN in line:
            inside = BEGIN_HIDDEN in line
        elif inside and len(line.strip()) > 8:
            found.append(line.strip())
    return found


def _hide(output: NotebookNode, hidden: set[str], checks: set[str]) -> None:
    if output.output_type == "stream":
        output.text = _without(output.text, hidden)
    elif output.output_type == "error":
        said = _without(f"{output.ename}: {output.evalue}".removesuffix(": "), hidden)
        output.traceback = [*_own_frames(output.traceback, hidden, checks), said]
    else:
        for kind, text in output.data.items():
            output.data[kind] = _without(text, hidden) if isinstance(text, str) else text


def _without(text: str, hidden: set[str]) -> str:
    lines = text.split("\n")
    return "\n".join(line for line in lines if not any(secret in ANSI.sub("", line) for secret in hidden))


def _own_frames(traceback: list[str], hidden: set[str], checks: set[str]) -> list[str]:
    """Of IPython's traceback, a string for each step, the steps in cells that are no checks."""
    steps = [(step, FRAME.search(ANSI.sub("", step))) for step in traceback]
    return [_without(step, hidden) for step, match in steps if match and match[1] not in checks]
