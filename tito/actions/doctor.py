"""Is this machine, and the project's folder on it, ready for the course?"""

import os
import shutil
import sys
from importlib.machinery import PathFinder

from tito.actions.machine import Row, ask, examine_machine
from tito.errors import LessonError, TitoError
from tito.files import read_existing
from tito.lesson.find import lesson_paths, lessons, lost_lesson, lost_paths, readable_lessons
from tito.lesson.lesson import Lesson
from tito.package.module import module_path, render
from tito.package.notes import altered_given, altered_modules, is_built
from tito.program import typed
from tito.project import LIBRARY, Project
from tito.student.folder import NO_RELEASE

LEAST_SPACE = 200e6  # bytes
MAKE_WRITABLE = "attrib -R /S /D" if os.name == "nt" else "chmod -R u+w ."
NO_LESSONS = "To work on lessons: go to a folder with them, or make one with `tito release DIR` in a clone."
WHERE = f"""
import importlib.util, json
spec = importlib.util.find_spec({LIBRARY!r})
print(json.dumps(spec and spec.origin))
"""


def examine(project: Project | None) -> list[Row]:
    """Everything worth knowing before a lesson is started; without a project, what can be known without one."""
    rows = examine_machine(project.settings if project else {})
    if project is None:
        return [*rows, Row("lessons", "none in this folder or above it", True, NO_LESSONS)]
    return [*rows, *(look(project) for look in (_lessons, _modules, _names, writable_row, _space, _import_path))]


def _lessons(project: Project) -> Row:
    if project.lacks_release:
        return Row("lessons", NO_RELEASE.text, False, NO_RELEASE.fix)
    lost = lost_paths(project) if project.is_student else []
    if lost:
        gone = lost_lesson(project, lost[0])
        return Row("lessons", gone.text, False, gone.fix)
    kind = "student's folder" if project.is_student else "source tree"
    try:
        found = lessons(project)
    except TitoError as error:
        return Row("lessons", error.message, False, error.hint or "See `tito module status`.")
    built = sum(is_built(project, lesson.module) for lesson in found)
    words = f"{len(found)} in the {kind} {project.root}, {built} built"
    return Row("lessons", words, bool(found), "" if found else "Get modules/ back, for example with git.")


def _modules(project: Project) -> Row:
    """Whether the modules are what the lessons export: as noted in a student's folder, else by exporting in memory."""
    built = [lesson for lesson in readable_lessons(project) if lesson.module]
    if project.is_student:
        said = [*altered_modules(project, [lesson.module for lesson in built]), *altered_given(project)]
        words = " ".join(map(str, said)) or "as the lessons exported it"
        return Row(LIBRARY, words, not said, "To keep an edit, make it in the lesson." if said else "")
    others = [lesson for lesson in built if is_built(project, lesson.module) and not _is_export(project, lesson)]
    if not others:
        return Row(LIBRARY, "as the lessons export it", True)
    words = ", ".join(project.relative(module_path(project.package, lesson.module)) for lesson in others)
    numbers = " ".join(lesson.number for lesson in others)
    return Row(LIBRARY, f"{words}: not what the lessons export", True, f"tito export {numbers}")


def _is_export(project: Project, lesson: Lesson) -> bool:
    try:
        return read_existing(module_path(project.package, lesson.module)) == render(lesson)
    except LessonError:  # a lesson in the middle of being written
        return False


def _names(project: Project) -> Row:
    """Whether a file is named as a module, which it hides in a notebook; no run by tito imports it in its place."""
    homes = [project.root, *(path.parent for path in lesson_paths(project))]
    ours = {os.path.realpath(home) for home in (*homes, "")}
    elsewhere = [entry for entry in sys.path if os.path.realpath(entry) not in ours]
    files = sorted(path for home in homes for path in home.glob("*.py") if path.stem.isidentifier())
    specs = [(path, PathFinder.find_spec(path.stem, elsewhere)) for path in files]
    hiding = [project.relative(path) for path, spec in specs if spec and spec.loader]  # without a loader it is a folder
    if not hiding:
        return Row("file names", "none hides a module", True)
    return Row("file names", f"{', '.join(hiding)}: named as a module", True, f"Rename {', '.join(hiding)}.")


def writable_row(project: Project) -> Row:
    places = [project.root, project.modules, project.package, project.state]
    places += [path.parent for path in lesson_paths(project)]
    closed = [project.relative(path) for path in places if path.exists() and not os.access(path, os.W_OK)]
    if closed:
        return Row("write permission", f"missing for {', '.join(closed)}", False, f"Make them yours: {MAKE_WRITABLE}")
    return Row("write permission", "yes", True)


def _space(project: Project) -> Row:
    free = shutil.disk_usage(project.root).free
    ok = free >= LEAST_SPACE
    return Row("disk space", f"{free / 1e9:.1f} GB free", ok, "" if ok else "Free some space on this disk.")


def _import_path(project: Project) -> Row:
    """Where a program outside the folder, such as a notebook's kernel, finds tinytorch."""
    origin, problem = ask(WHERE)
    install, name = f"python -m pip install -e {typed(project.root)}", f"import {LIBRARY}"
    if problem or not origin:
        return Row(name, "works inside this folder only", True, f"To use it from anywhere: {install}")
    mine = os.path.realpath(origin) == os.path.realpath(project.package / "__init__.py")
    return Row(name, origin, True, "" if mine else f"Programs outside this folder use that one; {install}")
