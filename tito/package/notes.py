"""What tito last wrote into a student's folder, noted so that an edit by hand is seen and kept.

`.tito/exports.json` maps a module to the lesson that made it and to the SHA-256 of its file; `.tito/files.json` maps
each other file that came with the folder to its SHA-256. In the source tree, where git watches, nothing is noted.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from tito.errors import Finding
from tito.files import file_digest, keep, read_existing, write_atomic
from tito.package.contents import Exported, is_stub, maker_of
from tito.package.module import module_name, module_path
from tito.project import LIBRARY, Project

Notes = dict[str, dict[str, str]]


def exports_path(project: Project) -> Path:
    """Where the exports are noted."""
    return project.state / "exports.json"


def read_exports(project: Project) -> Notes:
    """The modules that tito exported; empty where that cannot be read, for then nothing is known to differ."""
    try:
        found = json.loads(read_existing(exports_path(project)) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def notes_of(rows: Iterable[Exported]) -> Notes:
    """The notes of these exports."""
    return {row.module: {"lesson": row.lesson, "digest": file_digest(row.path)} for row in rows}


def note_exports(project: Project, new: Notes, path: Path) -> None:
    """Write to `path` the notes as they are when the `new` exports are in the package."""
    write_atomic(path, json.dumps(read_exports(project) | new, indent=1, sort_keys=True) + "\n")


def files_path(project: Project) -> Path:
    """Where the files that came with an edition are noted."""
    return project.state / "files.json"


def given_files(project: Project) -> dict[str, str]:
    """The files that came with an edition, and their SHA-256; empty where it does not say."""
    return json.loads(read_existing(files_path(project)) or "{}")


def note_given_files(edition: Project) -> None:
    """Note the files that an edition holds now, so that an update knows which were edited."""
    paths = sorted(path for path in edition.root.rglob("*") if path.is_file())
    found = {path.relative_to(edition.root).as_posix(): file_digest(path) for path in paths}
    write_atomic(files_path(edition), json.dumps(found, indent=1) + "\n")


def is_built(project: Project, module: str) -> bool:
    """Whether `module` (as in tinytorch.core.tensor) was exported: its file is there and is not a stub.

    In a student's folder it must have been exported by tito, which does so where its checks pass.
    """
    path = module_path(project.package, module)
    noted = not project.is_student or project.lacks_release or module in read_exports(project)
    return noted and path.is_file() and not is_stub(path)


def altered(project: Project, module: str) -> Finding | None:
    """Where the module's file is not the one that tito wrote, a finding that says so."""
    note, path = read_exports(project).get(module), module_path(project.package, module)
    if not project.is_student or (note and file_digest(path) == note["digest"]):
        return None
    file = project.relative(path)
    if note is None:
        fix = f"`tito module complete {maker_of(project, module)[:2] or 'NN'}` builds it."
        foreign = Finding("module-foreign", f"{file} was not exported by tito, so it does not count as built.", fix=fix)
        return None if project.lacks_release or not path.is_file() or is_stub(path) else foreign
    if not (project.modules / note["lesson"]).is_dir():
        return _altered(file, path, "came with this folder", "tito update")
    number = note["lesson"][:2]
    return _altered(file, path, f"lesson {number} exported", f"tito export {number}")


def altered_modules(project: Project, modules: Iterable[str]) -> tuple[Finding, ...]:
    """A finding for each of these modules that is not as tito wrote it."""
    return tuple(filter(None, (altered(project, module) for module in modules)))


def altered_given(project: Project) -> tuple[Finding, ...]:
    """A finding for each file of the package that came with this folder and is no longer as it came."""
    given = {name: digest for name, digest in given_files(project).items() if name.startswith(f"{LIBRARY}/")}
    others = [name for name, digest in given.items() if file_digest(project.root / name) != digest]
    return tuple(_altered(name, project.root / name, "came with this folder", "tito update") for name in others)


def _altered(file: str, path: Path, what: str, command: str) -> Finding:
    words = f"differs from what {what}" if path.is_file() else "is gone"
    return Finding("module-altered", f"{file} {words}; `{command}` restores it.", file)


def keep_edited(project: Project, targets: Iterable[Path], home: Path) -> tuple[Finding, ...]:
    """Copy to the folder `home` those of the package's files that somebody edited; a finding for each.

    Call before `targets` are replaced. Stubs and `__init__` files hold nobody's work.
    """
    notes, said = read_exports(project), []
    for path in targets:
        is_own = file_digest(path) in ("", notes.get(module_name(project.package, path), {}).get("digest"))
        if not is_own and path.name != "__init__.py" and not is_stub(path):
            copy = project.relative(keep(path, project.package, home))
            text = f"{project.relative(path)} was not as tito had written it; what was there is kept: {copy}"
            said.append(Finding("module-kept", text, copy))
    return tuple(said)
