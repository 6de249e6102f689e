"""A newer release, brought into a student's folder: new text and checks come in, the student's answers come along."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.actions.plan import LessonUpdate, Plan
from tito.actions.release import release
from tito.actions.selection import Selection
from tito.errors import Finding, LessonError, TitoError, in_sentences
from tito.files import finish, timestamp, unused
from tito.lesson.find import lesson_paths
from tito.package.publish import publish
from tito.project import Project
from tito.record import lock
from tito.student.folder import NO_RELEASE

HERE = Path(__file__).resolve().parents[2]  # where the tito that runs now was installed from


@dataclass(frozen=True)
class Updated:
    """An update: where from, the lessons, the other files that were replaced or taken away, and the backup of all.

    `backup` is empty where nothing had to be written. `findings`, and `notes` as sentences, are what else to know.
    """

    source: str
    version: str
    lessons: tuple[LessonUpdate, ...]
    files: tuple[str, ...]
    removed: tuple[str, ...]
    findings: tuple[Finding, ...]
    backup: str
    notes = in_sentences


def journal_path(project: Project) -> Path:
    """Where an update notes its changes while it makes them."""
    return project.state / "update" / "journal.json"


def update(project: Project, source: Path | None = None) -> Updated:
    """Bring the release at `source` (an edition, or a checkout) into the student's folder `project`.

    Everything is worked out and laid ready first, and all that is replaced is kept; then the files change one by one.
    An update that was killed is finished by the next. Raises TitoError where `source` is no newer release, and
    WorkFailed or LessonError, with everything as it was, where it cannot be taken.
    """
    if not project.is_student:
        raise TitoError(f"{project.root} is the source tree; an update is for a student's folder.", "Git updates it.")
    with lock(project):
        before = finish(project.root, journal_path(project))
        origin = _origin(project, source, before)
        stage = journal_path(project).parent
        shutil.rmtree(stage, ignore_errors=True)
        try:
            plan = Plan(project, _edition(project, origin, stage), stage)
            if before:
                plan.findings.append(Finding("finished", "The update that was interrupted is finished."))
            return _carry_out(project, plan, str(origin.root))
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _origin(project: Project, source: Path | None, before: str) -> Project:
    """Where the release is: as named, as before where an update was interrupted, or this tito's own checkout."""
    named = source or (Path(before) if before else None)
    if named is None and HERE != project.root and (HERE / "modules").is_dir():
        named = HERE
    wanted = "a folder that `tito release` made, or a checkout of the course"
    if named is None:
        raise TitoError("Say where the newer release is.", f"`tito update FOLDER`, with {wanted}.")
    origin = Project(named.resolve())
    if not (origin.root / "settings.ini").is_file() or not origin.modules.is_dir():
        raise TitoError(f"{named} holds no release.", f"Name {wanted}.")
    if origin.root == project.root:
        raise TitoError(f"{named} is this folder itself.", "Name the folder with the newer release.")
    if origin.lacks_release:
        raise TitoError(f"{origin.root}: {NO_RELEASE.text}", NO_RELEASE.fix.partition(".")[0] + ".")
    return origin


def _edition(project: Project, origin: Project, stage: Path) -> Project:
    """The release as an edition; from a checkout one is made as this folder's was."""
    if origin.is_student:
        _check_same(project, origin)
        return origin
    release(origin, stage / "edition", "ipynb", Selection.of(project.settings))
    return Project(stage / "edition")


def _check_same(project: Project, edition: Project) -> None:
    """Refuse an edition made for another selection of lessons, unless it only adds some."""
    mine, other = Selection.of(project.settings), Selection.of(edition.settings)
    has, brings = ({path.parent.name for path in lesson_paths(p, p.release)} for p in (project, edition))
    if mine != other and (mine.start != other.start or not has <= brings):
        text = f"{edition.root} is another edition: it was made with {other.words}, this folder with {mine.words}."
        raise TitoError(text, "Name a release that was made as this folder was, or a checkout. Nothing was changed.")


def _carry_out(project: Project, plan: Plan, source: str) -> Updated:
    plan.work_out()
    backup = unused(project.state / "backups" / "update" / timestamp())
    changes = plan.change.changes
    if changes:
        plan.change.commit(backup, journal=journal_path(project), note=source)
    if changes or plan.findings:
        try:
            publish(project, [])
        except LessonError as error:
            fix = "Complete the lesson that no longer has it once more; `tito module status` shows what is changed."
            plan.findings.append(Finding("two-homes", error.message, fix=fix))
    rows, where = sorted(plan.rows, key=lambda row: row.lesson), project.relative(backup) if backup.is_dir() else ""
    found = map(tuple, (rows, plan.files, plan.removed, plan.findings))
    return Updated(source, plan.edition.version, *found, where)
