"""What tito last wrote into a student's package, noted so that an edit by hand is seen and kept.

`.tito/exports.json` maps a module to the lesson that made it and to the SHA-256 of its file. In the source tree, where
git watches the package, nothing is noted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from tito.files import read_existing, write_atomic
from tito.lesson.lesson import Lesson
from tito.package.module import STUB_MARK, Exported, module_path
from tito.project import LIBRARY, Project

Notes = dict[str, dict[str, str]]


def notes_path(project: Project) -> Path:
    """Where the notes lie."""
    return project.state / "exports.json"


def read_notes(project: Project) -> Notes:
    """The notes; empty where there are none that can be read, for then nothing is known to differ."""
    try:
        found = json.loads(read_existing(notes_path(project)) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def write_notes(project: Project, rows: Iterable[Exported], path: Path) -> None:
    """Write to `path` the notes as they are when these exports are in the package."""
    new = {row.module: {"lesson": row.lesson, "digest": file_digest(row.path)} for row in rows}
    write_atomic(path, json.dumps(read_notes(project) | new, indent=1, sort_keys=True) + "\n")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def altered(project: Project, module: str) -> str:
    """A sentence where the module's file is not the one that tito wrote; else empty."""
    note, path = read_notes(project).get(module), module_path(project.package, module)
    if not project.is_student or note is None or file_digest(path) == note["digest"]:
        return ""
    number, file = note["lesson"][:2], project.relative(path)
    if not (project.modules / note["lesson"]).is_dir():
        return f"{file} {_differs(path)}; `tito update` restores it."
    words = f"differs from what lesson {number} exported" if path.is_file() else "is gone"
    return f"{file} {words}; `tito export {number}` restores it."


def altered_prerequisites(project: Project, lesson: Lesson) -> tuple[str, ...]:
    """A sentence for each module that the lesson imports and that is not as tito wrote it."""
    return tuple(filter(None, (altered(project, module) for module in lesson.requires)))


def given_files(project: Project) -> dict[str, str]:
    """The files that came with an edition, and their SHA-256; empty where it does not say."""
    return json.loads(read_existing(project.state / "files.json") or "{}")


def altered_given(project: Project) -> tuple[str, ...]:
    """A sentence for each file of the package that came with this folder, and is no longer as it came."""
    given = {name: digest for name, digest in given_files(project).items() if name.startswith(f"{LIBRARY}/")}
    others = [name for name, digest in given.items() if file_digest(project.root / name) != digest]
    return tuple(f"{name} {_differs(project.root / name)}; `tito update` restores it." for name in others)


def _differs(path: Path) -> str:
    return "differs from what came with this folder" if path.is_file() else "is gone"


def keep_edited(project: Project, targets: Iterable[Path], home: Path) -> tuple[str, ...]:
    """Copy to the folder `home` those of the package's files that somebody edited; a sentence for each.

    To be called before `targets` are replaced. Stubs and `__init__` files hold nobody's work.
    """
    notes = read_notes(project)
    said = []
    for path in targets:
        module = ".".join((LIBRARY, *path.relative_to(project.package).with_suffix("").parts))
        is_own = file_digest(path) in ("", notes.get(module, {}).get("digest"))
        if is_own or path.name == "__init__.py" or (read_existing(path) or "").startswith(STUB_MARK):
            continue
        copy = home / path.relative_to(project.package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        said.append(
            f"{project.relative(path)} was not as tito had written it; what was there is kept: {project.relative(copy)}"
        )
    return tuple(said)
