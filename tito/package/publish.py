"""Putting lessons' modules into the package: made and tried beside it first, then moved in, all of it or nothing."""

import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tito.errors import Finding, WorkFailed
from tito.files import AS_IT_WAS, Transaction, copy_file, read_existing, timestamp, unused
from tito.lesson.lesson import Lesson
from tito.package.contents import Exported, export, package_files
from tito.package.module import module_path
from tito.package.names import undefined_findings
from tito.package.notes import exports_path, keep_edited, note_exports, notes_of
from tito.program import run_program
from tito.project import LIBRARY, Project

IMPORT_LIMIT = 120.0  # seconds for importing a module that was just exported
ENDLESS = (
    "An import should only define names: look in the exported cells for a loop that does not end, for training or"
    " measuring, and for code that waits for input, for a thread or for a process."
)


@dataclass(frozen=True)
class Published:
    """The modules that were exported, and what is to be known of them, such as a file edited by hand that was kept."""

    rows: tuple[Exported, ...]
    findings: tuple[Finding, ...]


class BadExport(WorkFailed):
    """The exported module cannot be imported, or would end in a NameError."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text, finding.fix)
        self.finding = finding


def publish(
    project: Project, chosen: Iterable[Lesson], *, tried: bool = False, then: Callable[[], None] | None = None
) -> Published:
    """Export lessons, import the exports if they are to be `tried`, move what is new into the package, and call `then`.

    Call under the lock. The export is made in a staging folder. A file of the package is the old one or the new one at
    every moment; where something fails, `then` included, the old ones are put back. In a student's folder a file that
    was edited by hand is copied away first. Raises BadExport, LessonError or WorkFailed.
    """
    staging, chosen = project.state / "staging", list(chosen)
    try:
        shutil.rmtree(staging, ignore_errors=True)  # a killed command may have left one
        for path in package_files(project.package):
            copy_file(path, staging / LIBRARY / path.relative_to(project.package))
        exported = export(project, chosen, into=staging / LIBRARY)
        said = _tried(staging, chosen, exported) if tried else []
        change = Transaction(project.root, staging)
        new, top = [row.path for row in exported], staging / LIBRARY / "__init__.py"
        others = sorted(path for path in top.parent.rglob("*.py") if path not in (*new, top))
        for path in (*new, *others, top):  # the lessons' modules first, and last what leads to them all
            change.replace(project.package / path.relative_to(staging / LIBRARY), path)
        if project.is_student:
            home = unused(project.state / "backups" / LIBRARY / timestamp())
            said += keep_edited(project, change.changes, home)
            note_exports(project, notes_of(exported), change.ready(exports_path(project)))
            change.replace(exports_path(project), change.ready(exports_path(project)))
        change.commit(staging / "kept", then=then)
    except OSError as error:
        raise WorkFailed(f"Cannot write in {project.root}: {error.strerror}.", AS_IT_WAS) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    rows = tuple(replace(row, path=module_path(project.package, row.module)) for row in exported)
    return Published(rows, tuple(said))


def _tried(staging: Path, lessons: Iterable[Lesson], exported: Iterable[Exported]) -> list[Finding]:
    """What is to be known of the exported modules. Raises BadExport where one cannot be used."""
    said = []
    for lesson, row in zip(lessons, exported, strict=True):
        _try_import(staging, row.module)
        said += undefined_findings(lesson, read_existing(row.path) or "")
    for finding in said:
        if finding.blocks:
            raise BadExport(finding)
    return said


def _try_import(folder: Path, module: str) -> None:
    """Import `module` in a process of its own with `folder` first on its path. Raises BadExport where that fails.

    The process ends as soon as the import does: a thread that the module started is not waited for.
    """
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from {module} import *; __import__('os')._exit(0)"
    command = [sys.executable, "-P", "-B", "-X", "utf8", "-c", code]
    done = run_program(command, limit=IMPORT_LIMIT, cwd=folder)
    if done.status is None:
        text = f"Importing the exported {module} took longer than {IMPORT_LIMIT:g} s."
        raise BadExport(Finding("import-endless", text, fix=ENDLESS, blocks=True))
    if done.status:
        text = f"The exported {module} cannot be imported: {done.last_words}"
        raise BadExport(Finding("import-failed", text, blocks=True))
