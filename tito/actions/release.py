"""A student edition: the project without its answers. Blank lessons, stubs in place of the package, all else as it is.

`.tito/release` in it holds the blank lessons again: a lesson can be put back from there, and the folder's `is_student`
tells that its lessons are the student's own.
"""

import ast
import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.actions.selection import Selected, Selection, select
from tito.errors import TitoError
from tito.files import new_folder, write_atomic
from tito.lesson.code import is_support
from tito.lesson.find import file_in, lessons
from tito.lesson.formats import write_cells
from tito.lesson.lesson import Lesson, blank
from tito.lesson.rules import check_sound
from tito.package.contents import copy_handwritten, export
from tito.package.notes import exports_path, note_exports, note_given_files, notes_of
from tito.program import typed
from tito.project import EDITION, LIBRARY, Project

FORMATS = ("ipynb", "py")
COPIED = (
    ".gitattributes",
    "settings.ini",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "LICENSE",
    "tito",
    "datasets",
    "examples",
)
README = Path(__file__).with_name("templates") / "README.md"
GIVEN = """

The lessons before {first} are not here: their modules are in `tinytorch/`, finished, to be read and used."""
PROGRAMS = """
When lesson {last} is complete, these programs run with nothing but the package in this folder:

{programs}
"""


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


def release(project: Project, folder: Path, fmt: str = "ipynb", selection: Selection | None = None) -> Released:
    """Write the student edition of the project to the new folder `folder`, its lessons as .ipynb or as .py.

    The edition appears as a whole or not at all. Raises TitoError where `folder` is not new, the format unknown or the
    selection is of lessons that cannot be done, and LessonError where a lesson's form is unsound.
    """
    selection = selection or Selection()
    if fmt not in FORMATS:
        raise TitoError(f"There is no format {fmt!r}.", f"The formats are {' and '.join(FORMATS)}.")
    if project.is_student:
        raise TitoError(f"{project.root} is a student edition already.", "Release from the source tree.")
    chosen = select(lessons(project), selection)
    check_sound([*chosen.given, *chosen.blank], "Nothing was released.")
    with new_folder(folder, _instead(project, folder)) as staged:
        _write_edition(project, chosen, selection, staged, fmt)
    names = tuple(lesson.number_name for lesson in chosen.blank)
    given = tuple(lesson.number_name for lesson in chosen.given)
    return Released(folder, fmt, names, given, sum(lesson.points for lesson in chosen.blank))


def _instead(project: Project, folder: Path) -> str:
    """What to do where the folder is in use; what a student wrote in one is for `tito update` to carry over."""
    if not Project(folder).is_student:
        return "Name a new folder; nothing is overwritten."
    return (
        f"It is a student's folder: `tito update {typed(project.root)}` in it brings what is new and keeps what was"
        " written. Or name a new folder; nothing is overwritten."
    )


def _write_edition(project: Project, chosen: Selected, selection: Selection, folder: Path, fmt: str) -> None:
    edition = Project(folder)
    for name in COPIED:
        _copy(project.root / name, folder / name)
    _mark(folder / "settings.ini", selection)
    examples = _keep_usable(folder / "examples", [*chosen.given, *chosen.blank])
    write_atomic(folder / "README.md", _readme(chosen, examples))
    copy_handwritten(project.package, edition.package)
    note_given_files(edition)
    for lesson in chosen.blank:
        for home in (edition.modules, edition.release):
            write_cells(blank(lesson).cells, file_in(home, lesson.number_name, f".{fmt}"))
    edition.modules.mkdir(exist_ok=True)
    given = export(project, chosen.given, edition.package, chosen.blank)
    note_exports(edition, notes_of(given), exports_path(edition))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    elif source.is_file():
        shutil.copyfile(source, target)


def _mark(settings: Path, selection: Selection) -> None:
    """Say in a file that is seen, and so copied, that this is a student's folder: .tito is hidden."""
    text = settings.read_text(encoding="utf-8")
    line = f"; a student's folder: .tito holds the lessons as they were released\nedition = {EDITION}\n"
    line += "".join(f"{key} = {value}\n" for key, value in selection.settings.items())
    write_atomic(settings, text.replace("[DEFAULT]\n", f"[DEFAULT]\n{line}", 1))


def _keep_usable(folder: Path, found: list[Lesson]) -> list[str]:
    """A line for each program that imports no other lesson's module than these lessons'; the others are deleted."""
    modules = {lesson.module for lesson in found}
    kept = []
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        if {name for name in wanted if name.startswith(f"{LIBRARY}.") and not is_support(name)} <= modules:
            kept.append(f"- `python examples/{path.name}`: {(ast.get_docstring(tree) or path.stem).splitlines()[0]}")
        else:
            path.unlink()
    return kept


def _readme(chosen: Selected, examples: list[str]) -> str:
    first, last = chosen.blank[0].number, chosen.blank[-1].number
    return README.read_text(encoding="utf-8").format(
        given=GIVEN.format(first=first) if chosen.given else "",
        lessons="\n".join(f"- {lesson.title}, {lesson.points:g} points" for lesson in chosen.blank),
        first=first,
        last=last,
        examples=PROGRAMS.format(last=last, programs="\n".join(examples)) if examples else "",
    )
