"""A student edition: the project without its answers. Blank lessons, stubs in place of the package, all else as it is.

`.tito/release` in it holds the blank lessons again: a lesson can be put back from there, and the folder's `is_student`
tells that its lessons are the student's own.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tito.actions import readme
from tito.actions.choice import Choice, Wish, choose
from tito.errors import TitoError, WorkFailed
from tito.files import write_atomic
from tito.lesson.code import is_support
from tito.lesson.find import lessons
from tito.lesson.formats import Notebook, blank, to_notebook, to_percent, write_notebook
from tito.lesson.lesson import Lesson
from tito.lesson.rules import check_form
from tito.package.module import copy_handwritten, write_package
from tito.package.written import notes_path, write_notes
from tito.project import EDITION, LIBRARY, Project

FORMATS = ("ipynb", "py")
COPIED = ("settings.ini", "setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "tito", "datasets", "examples")


@dataclass(frozen=True)
class Released:
    """A student edition: its folder, the lessons in it, and the points that their checks give together.

    `given` are the lessons before its first whose modules it holds, finished.
    """

    folder: Path
    format: str
    lessons: tuple[str, ...]
    given: tuple[str, ...]
    points: float


def release(project: Project, folder: Path, fmt: str = "ipynb", wish: Wish | None = None) -> Released:
    """Write the student edition of the project to the new folder `folder`, its lessons as .ipynb or as .py.

    The edition appears as a whole or not at all. Raises TitoError where `folder` is not new, the format unknown or the
    wish is for lessons that cannot be done, and LessonError where a lesson's form is unsound.
    """
    wish = wish or Wish()
    _check_target(project, folder, fmt)
    chosen = choose(lessons(project), wish)
    _check_forms([*chosen.given, *chosen.blank])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".release-", dir=folder.parent) as temporary:
            _write_edition(project, chosen, wish, Path(temporary) / "edition", fmt)
            if folder.is_dir():
                folder.rmdir()  # it is empty, and Windows does not replace a folder
            os.replace(Path(temporary) / "edition", folder)
    except OSError as error:
        raise WorkFailed(f"Cannot write {folder}: {error.strerror or error}.", "Nothing was released.") from error
    names = tuple(lesson.number_name for lesson in chosen.blank)
    given = tuple(lesson.number_name for lesson in chosen.given)
    return Released(folder, fmt, names, given, sum(lesson.points for lesson in chosen.blank))


def _check_target(project: Project, folder: Path, fmt: str) -> None:
    """Refuse a folder in use: what a student wrote in one is for `tito update` to carry over."""
    if fmt not in FORMATS:
        raise TitoError(f"There is no format {fmt!r}.", f"The formats are {' and '.join(FORMATS)}.")
    if project.is_student:
        raise TitoError(f"{project.root} is a student edition already.", "Release from the source tree.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TitoError(f"{folder} is there already and is not empty.", _instead(project, folder))


def _instead(project: Project, folder: Path) -> str:
    if not Project(folder).is_student:
        return "Name a new folder; nothing is overwritten."
    return (
        f"It is a student's folder: `tito update {project.root}` in it brings what is new and keeps what was written."
        " Or name a new folder; nothing is overwritten."
    )


def _check_forms(found: list[Lesson]) -> None:
    for lesson in found:
        for problem in check_form(lesson)[:1]:
            raise WorkFailed(f"{lesson.place(problem.line)}: {problem.message}", "Nothing was released.")


def _write_edition(project: Project, chosen: Choice, wish: Wish, folder: Path, fmt: str) -> None:
    edition = Project(folder)
    folder.mkdir()
    for name in COPIED:
        _copy(project.root / name, folder / name)
    _mark(folder / "settings.ini", wish)
    examples = _keep_usable(folder / "examples", [*chosen.given, *chosen.blank])
    write_atomic(folder / "README.md", readme.text(chosen, examples))
    copy_handwritten(project.package, edition.package)
    write_files_note(edition)
    for lesson in chosen.blank:
        for home in (edition.modules, edition.release):
            write_lesson(blank(to_notebook(lesson)), home / lesson.number_name / f"{lesson.name}_dev.{fmt}")
    edition.modules.mkdir(exist_ok=True)
    given = write_package(project, chosen.given, chosen.blank, edition.package)
    if given:
        write_notes(edition, given, notes_path(edition))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    elif source.is_file():
        shutil.copyfile(source, target)


def _mark(settings: Path, wish: Wish) -> None:
    """Say in a file that is seen, and so copied, that this is a student's folder: .tito is hidden."""
    text = settings.read_text(encoding="utf-8")
    line = f"; a student's folder: .tito holds the lessons as they were released\nedition = {EDITION}\n"
    line += "".join(f"{key} = {value}\n" for key, value in wish.settings.items())
    write_atomic(settings, text.replace("[DEFAULT]\n", f"[DEFAULT]\n{line}", 1))


def _keep_usable(folder: Path, found: list[Lesson]) -> list[str]:
    """The names of the programs that import no other lesson's module than these lessons'; the others are deleted."""
    modules = {lesson.module for lesson in found}
    kept = []
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        if {name for name in wanted if name.startswith(f"{LIBRARY}.") and not is_support(name)} <= modules:
            kept.append(path.name)
        else:
            path.unlink()
    return kept


def write_lesson(notebook: Notebook, path: Path) -> None:
    """Write a lesson's notebook to `path`, as .ipynb or as percent-format .py."""
    if path.suffix == ".ipynb":
        write_notebook(notebook, path)
    else:
        write_atomic(path, to_percent(notebook))


def write_files_note(edition: Project) -> None:
    """Note the files that are given with an edition, and their SHA-256, so that an update knows which were edited."""
    paths = sorted(path for path in edition.root.rglob("*") if path.is_file())
    note = {edition.relative(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    write_atomic(edition.state / "files.json", json.dumps(note, indent=1) + "\n")
