"""The lessons of a project, found by looking: a folder modules/NN_name that holds name_dev.py or name_dev.ipynb.

A student's folder holds them once more as they were released: the pristine ones, from which they can be put back.
"""

from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from tito.errors import Finding, LessonError, UnknownLesson
from tito.lesson.lesson import FOLDER, Lesson, read_lesson
from tito.project import Project


def file_in(home: Path, number_name: str, suffix: str) -> Path:
    """Where the file of a lesson lies, in the folder `home` of all lessons."""
    return home / number_name / f"{number_name[3:]}_dev{suffix}"


def lesson_paths(project: Project, folder: Path | None = None) -> list[Path]:
    """The file of each lesson, in order; of those in modules/, or in `folder`, such as the pristine ones.

    Raises LessonError where a lesson exists twice.
    """
    home = project.modules if folder is None else folder
    paths = [_lesson_file(project, folder) for folder in _folders(home)]
    return [path for path in paths if path is not None]


def lessons(project: Project) -> list[Lesson]:
    """All lessons, read, in order of their numbers."""
    return [read_lesson(path) for path in lesson_paths(project)]


def readable_lessons(project: Project) -> list[Lesson]:
    """The lessons that can be read, for work that a broken lesson elsewhere must not stop."""
    found = []
    for path in lesson_paths(project):
        with suppress(LessonError):
            found.append(read_lesson(path))
    return found


def find_lesson(project: Project, wanted: str) -> Lesson:
    """The lesson with this number (18, 1), folder (18_acceleration) or name (acceleration).

    Raises UnknownLesson with the nearest names where there is none, and LessonError where its file is gone. Only the
    lesson found is read.
    """
    lost = lost_paths(project)
    path = find_path(sorted([*lesson_paths(project), *lost]), wanted)
    if path in lost:
        gone = lost_lesson(project, path)
        raise LessonError(gone.text, gone.fix)
    return read_lesson(path)


def pristine_lesson(project: Project, number_name: str) -> Lesson | None:
    """The lesson as it was released; None where that is not known."""
    paths = lesson_paths(project, project.release)
    return next((read_lesson(path) for path in paths if path.parent.name == number_name), None)


def lost_paths(project: Project) -> list[Path]:
    """Where the files of lessons should be that are gone: those released, and those whose folder is still there."""
    known = {path.parent.name for path in lesson_paths(project)}
    released = lesson_paths(project, project.release)
    lost = {path.parent.name: project.modules / path.relative_to(project.release) for path in released}
    for folder in _folders(project.modules):
        lost.setdefault(folder.name, file_in(project.modules, folder.name, ".py"))
    return [path for name, path in sorted(lost.items()) if name not in known]


def lost_lesson(project: Project, path: Path) -> Finding:
    """That a lesson's file is gone, and how to get it back."""
    released = (project.release / path.relative_to(project.modules)).is_file()
    reset = f"`tito module reset {path.parent.name[:2]}` brings it back as it was released."
    git = f"If git knows it, `git restore {project.relative(path.parent)}` brings it back."
    text = f"The lesson's file {project.relative(path)} is gone."
    return Finding("lesson-gone", text, fix=reset if released else git)


def find_path(paths: list[Path], wanted: str) -> Path:
    """The one of `paths` whose lesson has this number, folder or name. Raises UnknownLesson where there is none."""
    for path in paths:
        if wanted.lower() in _names(path):
            return path
    raise UnknownLesson(f"There is no lesson {wanted!r}.", _nearest(wanted.lower(), paths))


def _folders(home: Path) -> list[Path]:
    """The folders in `home` that are named as lessons are, in order; none where there is no such folder."""
    return sorted(f for f in home.iterdir() if f.is_dir() and FOLDER.fullmatch(f.name)) if home.is_dir() else []


def _lesson_file(project: Project, folder: Path) -> Path | None:
    files = (file_in(folder.parent, folder.name, suffix) for suffix in (".py", ".ipynb"))
    found = [path for path in files if path.is_file()]
    if len(found) > 1:
        percent, notebook = (project.relative(path) for path in found)
        raise LessonError(
            f"The lesson {folder.name} exists twice: {percent} and {notebook}.",
            f"Keep the one you work in and move the other away, for example {notebook} if you write .py files.",
        )
    return found[0] if found else None


def _names(path: Path) -> set[str]:
    number, name = path.parent.name[:2], path.parent.name[3:]
    return {number, number.lstrip("0"), name, path.parent.name}


def _nearest(wanted: str, paths: list[Path]) -> str:
    if not paths:
        return "There are no lessons in modules/."
    by_name = {name: path.parent.name for path in paths for name in _names(path)}
    close = dict.fromkeys(by_name[name] for name in get_close_matches(wanted, by_name, n=3, cutoff=0.5))
    listing = ", ".join(close or [path.parent.name for path in paths])
    return f"Did you mean {listing}?" if close else f"There are: {listing}."
