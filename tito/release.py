"""The student edition: a folder with blank lessons in which a learner builds the package."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tito import student_readme
from tito.errors import TitoError, WorkFailed
from tito.export import write_stubs
from tito.files import write_atomic
from tito.form import check_form
from tito.lesson import Lesson
from tito.notebook import blank, to_notebook, to_percent, write_notebook
from tito.project import EDITION, Project
from tito.registry import lessons

FORMATS = ("ipynb", "py")
COPIED = ("settings.ini", "setup.py", "pyproject.toml", "LICENSE", "tito", "datasets", "examples")


@dataclass(frozen=True)
class Released:
    """A student edition: its folder, the lessons in it, and the points that their checks give together."""

    folder: Path
    format: str
    lessons: tuple[str, ...]
    points: float


def release(project: Project, folder: Path, fmt: str = "ipynb") -> Released:
    """Write the student edition of the project to the new folder `folder`, its lessons as .ipynb or as .py.

    The edition appears as a whole or not at all. Raises TitoError where `folder` is not new or the format unknown,
    and LessonError where a lesson's form is unsound.
    """
    _check_wish(project, folder, fmt)
    found = lessons(project)
    _check_forms(found)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".release-", dir=folder.parent) as temporary:
            _write_edition(project, found, Path(temporary) / "edition", fmt)
            if folder.is_dir():
                folder.rmdir()  # it is empty, and Windows does not replace a folder
            os.replace(Path(temporary) / "edition", folder)
    except OSError as error:
        raise WorkFailed(f"Cannot write {folder}: {error.strerror or error}.", "Nothing was released.") from error
    names = tuple(lesson.number_name for lesson in found)
    return Released(folder, fmt, names, sum(lesson.points for lesson in found))


def _check_wish(project: Project, folder: Path, fmt: str) -> None:
    if fmt not in FORMATS:
        raise TitoError(f"There is no format {fmt!r}.", f"The formats are {' and '.join(FORMATS)}.")
    if project.is_student:
        raise TitoError(f"{project.root} is a student edition already.", "Release from the source tree.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TitoError(f"{folder} is there already and is not empty.", "Name a new folder; nothing is overwritten.")


def _check_forms(found: list[Lesson]) -> None:
    for lesson in found:
        for problem in check_form(lesson)[:1]:
            raise WorkFailed(f"{lesson.place(problem.line)}: {problem.message}", "Nothing was released.")


def _write_edition(project: Project, found: list[Lesson], folder: Path, fmt: str) -> None:
    edition = Project(folder)
    folder.mkdir()
    for name in COPIED:
        _copy(project.root / name, folder / name)
    _mark(folder / "settings.ini")
    write_atomic(folder / "README.md", student_readme.TEXT)
    for lesson in found:
        for home in (edition.modules, edition.release):
            _write_blank(lesson, home / lesson.number_name, fmt)
    write_stubs(edition, found, edition.package)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    elif source.is_file():
        shutil.copyfile(source, target)


def _mark(settings: Path) -> None:
    """Say in a file that is seen, and so copied, that this is a student's folder: .tito is hidden."""
    text = settings.read_text(encoding="utf-8")
    line = f"; a student's folder: .tito holds the lessons as they were released\nedition = {EDITION}\n"
    write_atomic(settings, text.replace("[DEFAULT]\n", f"[DEFAULT]\n{line}", 1))


def _write_blank(lesson: Lesson, folder: Path, fmt: str) -> None:
    notebook = blank(to_notebook(lesson))
    path = folder / f"{lesson.name}_dev.{fmt}"
    if fmt == "ipynb":
        write_notebook(notebook, path)
    else:
        write_atomic(path, to_percent(notebook))
