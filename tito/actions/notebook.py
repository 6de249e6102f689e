"""Lessons as notebooks: built from the lesson's file, and opened in JupyterLab."""

import importlib.util
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tito.actions.status import Missing, missing_prerequisites
from tito.errors import LessonError, TitoError
from tito.files import read_existing, timestamp, unused, write_if_changed
from tito.lesson.find import file_in
from tito.lesson.formats import write_cells
from tito.lesson.lesson import Lesson, marked, read_lesson
from tito.project import Project


@dataclass(frozen=True)
class Built:
    """A notebook made from a lesson; `backup` is where an edited one went that was in its place."""

    lesson: str
    path: str
    changed: bool
    backup: str


@dataclass(frozen=True)
class StartPlan:
    """How to open a lesson: the file, the command, what to set in its environment, and what to know first."""

    lesson: str
    path: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    missing: tuple[Missing, ...]


def build_notebook(project: Project, lesson: Lesson) -> Built:
    """Make the lesson's notebook in the build folder. One that was edited there is kept under another name."""
    path, backup = file_in(project.build / "notebooks", lesson.number_name, ".ipynb"), None
    mark = path.with_name(f".{path.stem}.digest")
    if path.exists() and _is_edited(path, read_existing(mark)):
        backup = unused(path.with_name(f"{path.stem}-{timestamp()}.ipynb"))
        os.replace(path, backup)
    changed = write_cells(marked(lesson).cells, path)
    write_if_changed(mark, read_lesson(path).digest)
    return Built(lesson.number_name, project.relative(path), changed, project.relative(backup) if backup else "")


def _is_edited(path: Path, built: str | None) -> bool:
    """Whether the notebook's cells are others than those that were built, whose digest was noted."""
    try:
        return read_lesson(path).digest != built
    except LessonError:
        return True


def plan_start(project: Project, lesson: Lesson) -> StartPlan:
    """How to open the lesson in JupyterLab: a student's own file, or in the source tree a notebook built from it.

    Raises TitoError where JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise TitoError(
            f"JupyterLab is not installed for {sys.executable}.",
            "Install it with `python -m pip install jupyterlab ipykernel`; or edit "
            f"{project.relative(lesson.path)} in any editor and run `tito module test {lesson.number}`.",
        )
    path, notes = project.relative(lesson.path), ()
    if not project.is_student:
        path, notes = _built_for_reading(project, lesson)
    elif lesson.path.suffix == ".py":
        notes = ("In JupyterLab, right-click the file and choose Open With, Notebook.",)
    command = (sys.executable, "-m", "jupyterlab", *_options(project, path), path)
    folders = os.pathsep.join(filter(None, (str(project.root), os.environ.get("PYTHONPATH"))))
    kernel = (("PYTHONPATH", folders),)  # a kernel imports this project's tinytorch
    return StartPlan(lesson.number_name, path, command, kernel, notes, missing_prerequisites(project, lesson))


def _options(project: Project, path: str) -> list[str]:
    """JupyterLab's options: the address that it prints is the lesson's, and as root (in a container) it starts, too."""
    is_root = os.name == "posix" and os.geteuid() == 0
    options = [f"--ServerApp.root_dir={project.root}", f"--LabApp.default_url=/lab/tree/{quote(path)}"]
    return [*options, *(["--allow-root"] if is_root else [])]


def _built_for_reading(project: Project, lesson: Lesson) -> tuple[str, tuple[str, ...]]:
    built = build_notebook(project, lesson)
    note = f"This notebook is built from {project.relative(lesson.path)}: edits in it do not reach the lesson."
    kept = (f"The notebook that was there had been edited; it is kept as {built.backup}.",) if built.backup else ()
    return built.path, (note, *kept)


def start(project: Project, plan: StartPlan) -> int:
    """Open the lesson and wait until Jupyter ends; its exit status. Ctrl-C is for Jupyter, which asks first."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(plan.command, cwd=project.root, env=os.environ | dict(plan.environment)).returncode
    finally:
        signal.signal(signal.SIGINT, before)
