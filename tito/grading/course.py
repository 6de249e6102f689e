"""A course for nbgrader, made from the lessons: a folder in nbgrader's own layout, on which its own commands work."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tito.errors import TitoError, WorkFailed
from tito.files import new_folder, write_atomic
from tito.lesson.find import file_in, lessons
from tito.lesson.formats import write_cells
from tito.lesson.lesson import Lesson, marked
from tito.lesson.rules import check_sound
from tito.package.contents import copy_handwritten, export
from tito.program import run_program, typed
from tito.project import LIBRARY, Project
from tito.run import CELL_LIMIT

TEMPLATES = Path(__file__).with_name("templates")
UNDONE = "No course was made."
INSTALL = 'Install it with `python -m pip install -e ".[grade]"` in the source tree.'
GRADEBOOK_LIMIT = 120.0  # seconds


@dataclass(frozen=True)
class Course:
    """A course folder: its id, its assignments (one for each lesson), and the points that checks and people give."""

    folder: Path
    course_id: str
    assignments: tuple[str, ...]
    points: float
    manual_points: float


def init_course(project: Project, folder: Path) -> Course:
    """Make the new folder `folder` a course for nbgrader: sources, configuration, gradebook, README.

    The folder appears as a whole or not at all. Raises TitoError where it is not new or nbgrader is not installed, and
    WorkFailed where a lesson's form is unsound or the folder cannot be written.
    """
    if project.is_student:
        raise TitoError(f"{project.root} is a student's folder.", "Make the course in the source tree.")
    found = lessons(project)
    if not found:
        raise WorkFailed(f"There are no lessons in {project.modules}.", UNDONE)
    check_sound(found, UNDONE)
    with new_folder(folder) as staged:
        _write_sources(project, found, staged)
        _write_texts(found, staged, folder)
        _write_gradebook(staged)
        (staged / "exchange").mkdir()
        (staged / "exchange").chmod(0o777)  # as nbgrader wants it where a machine has many users
    names = tuple(lesson.number_name for lesson in found)
    return Course(folder, LIBRARY, names, sum(lesson.points for lesson in found), sum(map(_by_hand, found)))


def _write_sources(project: Project, found: list[Lesson], course: Path) -> None:
    """For each lesson the master notebook, the reference of the lessons before it, and the data."""
    package, data = course / LIBRARY, project.root / "datasets"  # the package grows by one lesson at a time
    copy_handwritten(project.package, package)
    export(project, [], package)
    for lesson in found:
        source = course / "source" / lesson.number_name
        write_cells(marked(lesson).cells, file_in(course / "source", lesson.number_name, ".ipynb"))
        shutil.copytree(package, source / LIBRARY)
        if data.is_dir():
            shutil.copytree(data, source / "datasets", ignore=shutil.ignore_patterns(".*"))
        export(project, [lesson], package)
    shutil.rmtree(package)


def _write_texts(found: list[Lesson], course: Path, folder: Path) -> None:
    first = found[0].number_name
    facts = {
        "course_id": LIBRARY,
        "rows": "\n".join(f"| {x.number_name} | {x.points:g} | {_by_hand(x):g} |" for x in found),
        "first": first,
        "file": file_in(course, first, ".ipynb").name,
        "exchange": typed(folder.resolve() / "exchange").encode("utf-8", "backslashreplace").decode(),
        "timeout": CELL_LIMIT,
    }
    for name in ("README.md", "nbgrader_config.py"):
        write_atomic(course / name, (TEMPLATES / name).read_text(encoding="utf-8").format(**facts))


def _by_hand(lesson: Lesson) -> float:
    return sum(cell.points for cell in lesson.manual)


def _write_gradebook(course: Path) -> None:
    """Let nbgrader itself make its gradebook; `generate_assignment` enters the assignments, with their cells.

    nbgrader looks for its `alembic` on the PATH, so that of this environment is put first.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "nbgrader", "db", "assignment", "list"]
    done = run_program(command, limit=GRADEBOOK_LIMIT, cwd=course, env=os.environ | {"PATH": path})
    if done.status:
        raise WorkFailed(f"nbgrader could not make a gradebook: {done.last_words}", INSTALL)
