"""A newer release, brought into a student's folder: new text and checks come in, the student's answers come along."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.actions.choice import Wish
from tito.actions.plan import LessonUpdate, Plan
from tito.actions.release import release
from tito.errors import LessonError, TitoError
from tito.files import timestamp, unused
from tito.lesson.find import lesson_paths
from tito.moves import finish, make_moves
from tito.package.publish import publish
from tito.project import GET_RELEASE, NO_RELEASE, Project
from tito.record import lock

HERE = Path(__file__).resolve().parents[2]  # where the tito that runs now was installed from


@dataclass(frozen=True)
class Updated:
    """An update: where from, the lessons, the other files that were replaced or taken away, and the backup of all.

    `backup` is empty where nothing had to be written. `notes` are sentences about what else to know.
    """

    source: str
    version: str
    lessons: tuple[LessonUpdate, ...]
    files: tuple[str, ...]
    removed: tuple[str, ...]
    notes: tuple[str, ...]
    backup: str


def update(project: Project, source: Path | None = None) -> Updated:
    """Bring the release at `source` (an edition, or a checkout) into the student's folder `project`.

    Everything is worked out and laid ready first, and all that is replaced is kept; then the files change one by one.
    An update that was killed is finished by the next. Raises TitoError where `source` is no newer release, and
    WorkFailed or LessonError, with everything as it was, where it cannot be taken.
    """
    if not project.is_student:
        raise TitoError(f"{project.root} is the source tree; an update is for a student's folder.", "Git updates it.")
    with lock(project):
        before = finish(project)
        origin = _origin(project, source, before)
        stage = project.state / "update"
        shutil.rmtree(stage, ignore_errors=True)
        try:
            plan = Plan(project, _edition(project, origin, stage), stage)
            plan.notes += ["The update that was interrupted is finished."] if before else []
            return _carry_out(project, plan, str(origin.root))
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _origin(project: Project, source: Path | None, before: str) -> Project:
    """Where the release is: as named, as before where an update was interrupted, or this tito's own checkout."""
    named = source or (Path(before) if before else None)
    if named is None and HERE != project.root and (HERE / "modules").is_dir():
        named = HERE
    if named is None:
        raise TitoError(
            "Say where the newer release is.", "`tito update FOLDER`: one that `tito release` made, or a checkout."
        )
    origin = Project(named.resolve())
    if not (origin.root / "settings.ini").is_file() or not origin.modules.is_dir():
        raise TitoError(f"{named} holds no release.", "Name a folder that `tito release` made, or a checkout.")
    if origin.root == project.root:
        raise TitoError(f"{named} is this folder itself.", "Name the folder with the newer release.")
    if origin.lacks_release:
        raise TitoError(f"{origin.root}: {NO_RELEASE}", GET_RELEASE.partition(".")[0] + ".")
    return origin


def _edition(project: Project, origin: Project, stage: Path) -> Project:
    """The release as an edition; from a checkout one is made as this folder's was."""
    if origin.is_student:
        _check_same(project, origin)
        return origin
    release(origin, stage / "edition", "ipynb", Wish.of(project.settings))
    return Project(stage / "edition")


def _check_same(project: Project, edition: Project) -> None:
    """Refuse an edition made for another choice of lessons, unless it only adds some: this folder is to stay itself."""
    mine, other = Wish.of(project.settings), Wish.of(edition.settings)
    has, brings = ({path.parent.name for path in lesson_paths(p, p.release)} for p in (project, edition))
    if mine != other and (mine.start != other.start or not has <= brings):
        raise TitoError(
            f"{edition.root} is another edition: it was made with {other.words}, this folder with {mine.words}.",
            "Name a release that was made as this folder was, or a checkout, from which one is made so."
            " Nothing was changed.",
        )


def _carry_out(project: Project, plan: Plan, source: str) -> Updated:
    """Make the moves of a plan, and bring the package's stubs up to date."""
    plan.work_out()
    backup = unused(project.state / "backups" / "update" / timestamp())
    if plan.moves:
        make_moves(project, plan.moves, backup, source)
    if plan.moves or plan.notes:
        try:
            publish(project, [])
        except LessonError as error:
            words = "Complete the lesson that has it no more again; `tito module status` shows which are changed."
            plan.notes.append(f"{error.message} {words}")
    rows = tuple(sorted(plan.rows, key=lambda row: row.lesson))
    where = project.relative(backup) if backup.is_dir() else ""
    return Updated(source, plan.edition.version, rows, tuple(plan.files), tuple(plan.removed), tuple(plan.notes), where)
