"""A course for nbgrader, made from the lessons: a folder in nbgrader's own layout, on which its own commands work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tito.cli.show import number
from tito.errors import TitoError, WorkFailed
from tito.files import write_atomic
from tito.grading import texts
from tito.lesson.find import lessons
from tito.lesson.formats import to_notebook, write_notebook
from tito.lesson.lesson import Lesson
from tito.lesson.rules import check_form
from tito.package.module import copy_handwritten, export, write_package
from tito.project import LIBRARY, Project
from tito.run.runner import CELL_LIMIT

INSTALL = 'Install it with `python -m pip install -e ".[grade]"` in the source tree.'


@dataclass(frozen=True)
class Course:
    """A course folder: its id, its assignments (one for each lesson), and the points that checks and people give."""

    folder: Path
    course_id: str
    assignments: tuple[str, ...]
    points: float
    manual_points: float


def init_course(project: Project, folder: Path, course_id: str = LIBRARY) -> Course:
    """Make the new folder `folder` a course for nbgrader: sources, configuration, gradebook, README.

    The folder appears as a whole or not at all. Raises TitoError where it is not new or nbgrader is not installed, and
    WorkFailed where a lesson's form is unsound or the folder cannot be written.
    """
    _check_wish(project, folder)
    found = lessons(project)
    if not found:
        raise WorkFailed(f"There are no lessons in {project.modules}.", "No course was made.")
    for lesson in found:
        for problem in check_form(lesson)[:1]:
            raise WorkFailed(f"{lesson.place(problem.line)}: {problem.message}", "No course was made.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".course-", dir=folder.parent) as temporary:
            staged = Path(temporary) / "course"
            _write_sources(project, found, staged)
            _write_texts(found, staged, folder, course_id)
            _write_gradebook(found, staged)
            _make_exchange(staged / "exchange")
            if folder.is_dir():
                folder.rmdir()  # it is empty, and Windows does not replace a folder
            os.replace(staged, folder)
    except OSError as error:
        raise WorkFailed(f"Cannot write {folder}: {error.strerror or error}.", "No course was made.") from error
    names = tuple(lesson.number_name for lesson in found)
    return Course(folder, course_id, names, sum(lesson.points for lesson in found), sum(map(_by_hand, found)))


def notebook_name(lesson: Lesson) -> str:
    """The name of a lesson's notebook: the same in a course and in a student's folder."""
    return f"{lesson.name}_dev.ipynb"


def _check_wish(project: Project, folder: Path) -> None:
    if project.is_student:
        raise TitoError(f"{project.root} is a student's folder.", "Make the course in the source tree.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TitoError(f"{folder} is there already and is not empty.", "Name a new folder; nothing is overwritten.")


def _write_sources(project: Project, found: list[Lesson], course: Path) -> None:
    """For each lesson the master notebook, the reference of the lessons before it, and the data."""
    package = course / LIBRARY  # grows by one lesson at a time
    copy_handwritten(project.package, package)
    write_package(project, [], found, package)
    for lesson in found:
        source = course / "source" / lesson.number_name
        write_notebook(to_notebook(lesson), source / notebook_name(lesson))
        shutil.copytree(package, source / LIBRARY)
        _copy_data(project.root / "datasets", source / "datasets")
        export(project, [lesson], into=package)
    shutil.rmtree(package)


def _copy_data(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))


def _write_texts(found: list[Lesson], course: Path, folder: Path, course_id: str) -> None:
    config = texts.CONFIG.format(course_id=course_id, timeout=int(CELL_LIMIT))
    write_atomic(course / "nbgrader_config.py", config)
    facts = {
        "course_id": course_id,
        "rows": "\n".join(f"| {x.number_name} | {number(x.points)} | {number(_by_hand(x))} |" for x in found),
        "first": found[0].number_name,
        "file": notebook_name(found[0]),
        "exchange": folder.resolve() / "exchange",
        "timeout": int(CELL_LIMIT),
    }
    write_atomic(course / "README.md", texts.README.format(**facts))


def _by_hand(lesson: Lesson) -> float:
    return sum(cell.points for cell in lesson.manual)


def _make_exchange(folder: Path) -> None:
    """The folder through which notebooks go; everybody may write in it, as nbgrader wants it on a machine of many."""
    folder.mkdir()
    folder.chmod(0o777)


def _write_gradebook(found: Iterable[Lesson], course: Path) -> None:
    """Let nbgrader itself make its gradebook, with an assignment for each lesson.

    nbgrader looks for its `alembic` on the PATH, so that of this environment is put first.
    """
    listing = course / "assignments.csv"
    write_atomic(listing, "\n".join(["name", *(lesson.number_name for lesson in found)]) + "\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "nbgrader", "db", "assignment", "import", listing.name]
    done = subprocess.run(
        command, cwd=course, env=os.environ | {"PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    listing.unlink()
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        raise WorkFailed(f"nbgrader could not make a gradebook: {last}", INSTALL)
