"""The lessons at a glance: what each needs, makes and is worth, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tito.errors import Finding, LessonError
from tito.lesson import find
from tito.lesson.lesson import Lesson, read_lesson
from tito.package.contents import maker_of
from tito.package.notes import altered, is_built
from tito.project import Project
from tito.record import Entry, read_record
from tito.student.judge import judge_lesson

# What to do next about a lesson in this state.
NEXT = {"changed": "complete", "not completed": "complete", "not started": "start", "started": "test"}


@dataclass(frozen=True)
class Row:
    """A lesson, as `tito module list` shows it. `requires` are the numbers of lessons, or modules that none makes."""

    lesson: str
    title: str
    module: str
    requires: tuple[str, ...]
    exercises: int
    checks: int
    points: float


@dataclass(frozen=True)
class Status:
    """How far a lesson is.

    `state` is "complete" (the file as it is passed), "changed" (it has been edited since), "started", "not started"
    (a student's file as it was released), "not completed" (in the source tree), "unreadable" or "gone" (see `problem`,
    which also tells of a module that was edited by hand).
    `earned` is what the completed file earned, `missing` the lessons (or modules that none makes) to complete first.
    """

    lesson: str
    file: str
    state: str
    earned: float | None
    points: float
    built: bool
    missing: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Missing:
    """A prerequisite that is not built, and the command that builds it."""

    module: str
    lesson: str
    command: str

    def finding(self, number_name: str) -> Finding:
        """That the lesson in the folder `number_name` needs it."""
        text = f"{number_name} needs {self.module}, which is not built."
        fix = f"Run `{self.command}` first." if self.command else "No lesson makes it."
        return Finding("not-built", text, fix=fix, blocks=True)


def overview(project: Project) -> list[Row]:
    """All lessons, with what each needs and gives. A module that was given finished counts for its lesson."""
    found = find.lessons(project)
    numbers = {module: maker_of(project, module)[:2] or module for lesson in found for module in lesson.requires}
    numbers |= {lesson.module: lesson.number for lesson in found}
    rows = []
    for lesson in found:
        needs = tuple(sorted(numbers.get(module, module) for module in lesson.requires))
        counts = len(lesson.exercises), len(lesson.checks)
        rows.append(Row(lesson.number_name, lesson.title, lesson.module, needs, *counts, lesson.points))
    return rows


def status(project: Project) -> list[Status]:
    """How far each lesson is. A lesson that cannot be read has a row that says so."""
    record = read_record(project)
    numbers = {lesson.module: lesson.number for lesson in _known(project)}
    rows = [_status(project, path, numbers, record.get(path.parent.name)) for path in find.lesson_paths(project)]
    for path in find.lost_paths(project) if project.is_student else ():
        rows.append(_unread(project, path, "gone", str(find.lost_lesson(project, path))))
    return sorted(rows, key=lambda row: row.lesson)


def _unread(project: Project, path: Path, state: str, words: str) -> Status:
    """The row of a lesson whose file cannot be read, with the points that it was released with."""
    pristine = find.pristine_lesson(project, path.parent.name)
    points = pristine.points if pristine else 0.0
    return Status(path.parent.name, project.relative(path), state, None, points, False, (), words)


def _status(project: Project, path: Path, numbers: dict[str, str], entry: Entry | None) -> Status:
    try:
        lesson = read_lesson(path)
    except LessonError as error:
        return _unread(project, path, "unreadable", f"{error.message} {error.hint}".strip())
    missing = [numbers.get(module, module) for module in lesson.requires if not is_built(project, module)]
    return Status(
        lesson=lesson.number_name,
        file=project.relative(path),
        state=_state(project, lesson, entry),
        earned=entry.earned if entry else None,
        points=judge_lesson(project, lesson).lesson.points,
        built=is_built(project, lesson.module),
        missing=tuple(sorted(missing)),
        problem=str(altered(project, lesson.module) or ""),
    )


def _state(project: Project, lesson: Lesson, entry: Entry | None) -> str:
    if entry:
        return "complete" if entry.digest == lesson.digest else "changed"
    if not project.is_student:
        return "not completed"
    pristine = find.pristine_lesson(project, lesson.number_name)
    return "not started" if pristine and pristine.digest == lesson.digest else "started"


def next_step(rows: Sequence[Status]) -> str:
    """The command for what comes next: for the first lesson that is not complete and has what it needs."""
    left = [row for row in rows if row.state != "complete"]
    row = next((row for row in left if not row.missing), left[0] if left else None)
    return f"tito module {NEXT.get(row.state, 'reset')} {row.lesson[:2]}" if row else ""


def missing_prerequisites(project: Project, lesson: Lesson) -> tuple[Missing, ...]:
    """The modules that the lesson imports and that are not built, in the order of the lessons."""
    wanted = [module for module in lesson.requires if not is_built(project, module)]
    makers = {other.module: other for other in _known(project)} if wanted else {}
    pairs = [(module, makers.get(module)) for module in wanted]
    found = [
        Missing(m, x.number_name, f"tito module complete {x.number}") if x else Missing(m, "", "") for m, x in pairs
    ]
    return tuple(sorted(found, key=lambda missing: missing.lesson or "~"))


def _known(project: Project) -> list[Lesson]:
    """The lessons that can be read, and as it was released each that cannot, or that is gone."""
    found = find.readable_lessons(project)
    names = {lesson.number_name for lesson in found}
    released = find.lesson_paths(project, project.release)
    return found + [read_lesson(path) for path in released if path.parent.name not in names]
