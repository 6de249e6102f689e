"""What a learner does with lessons, as typed functions: see how far each is, and complete one.

The commands print what these return. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tito.errors import LessonError
from tito.lesson.find import lesson_paths, lessons, lost_paths, lost_words, readable_lessons
from tito.lesson.lesson import Lesson, read_lesson
from tito.lesson.rules import check_form
from tito.package.module import is_built, maker_of
from tito.package.publish import BadExport, publish
from tito.package.written import altered
from tito.project import Project
from tito.record import Entry, lock, now, read_record, write_entry
from tito.run.runner import CELL_LIMIT, OnCell, Result, run_lesson
from tito.student.released import judged, pristine_path

OnStep = Callable[[str], None]


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
    `earned` is what the completed file earned, `missing` the lessons (or modules that none makes) to build first.
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


@dataclass(frozen=True)
class Completed:
    """What `complete` did. `stopped_at` is "" when all is done, or the step that failed; then nothing was changed.

    The steps are "prerequisites", "form", "run" and "import". `problems` are sentences about the step that failed, or
    of a lesson that is done what the run noticed, such as a check that was changed; `changed` tells whether the module
    in the package was another one before.
    """

    lesson: str
    module: str
    file: str
    stopped_at: str
    problems: tuple[str, ...]
    missing: tuple[Missing, ...]
    result: Result | None
    changed: bool

    @property
    def done(self) -> bool:
        """Whether the lesson is exported and recorded."""
        return not self.stopped_at


def overview(project: Project) -> list[Row]:
    """All lessons, with what each needs and gives. A module that was given finished counts for its lesson."""
    found = lessons(project)
    numbers = {module: maker_of(project, module)[:2] or module for lesson in found for module in lesson.requires}
    numbers |= {lesson.module: lesson.number for lesson in found}
    return [
        Row(
            lesson=lesson.number_name,
            title=lesson.title,
            module=lesson.module,
            requires=tuple(sorted(numbers.get(module, module) for module in lesson.requires)),
            exercises=len(lesson.exercises),
            checks=len(lesson.checks),
            points=lesson.points,
        )
        for lesson in found
    ]


def status(project: Project) -> list[Status]:
    """How far each lesson is. A lesson that cannot be read has a row that says so."""
    record = read_record(project)
    numbers = {lesson.module: lesson.number for lesson in _known(project)}
    rows = [_status(project, path, numbers, record.get(path.parent.name)) for path in lesson_paths(project)]
    rows += [_lost(project, path) for path in lost_paths(project)] if project.is_student else []
    return sorted(rows, key=lambda row: row.lesson)


def _lost(project: Project, path: Path) -> Status:
    """The row of a lesson whose file is gone."""
    words = " ".join(lost_words(project, path))
    name, points = path.parent.name, _released_points(project, path.parent.name)
    return Status(name, project.relative(path), "gone", None, points, False, (), words)


def _released_points(project: Project, number_name: str) -> float:
    """What a lesson was worth when it was released; 0 where that is not known."""
    pristine = pristine_path(project, number_name)
    return read_lesson(pristine).points if pristine else 0.0


def _status(project: Project, path: Path, numbers: dict[str, str], entry: Entry | None) -> Status:
    number_name, file = path.parent.name, project.relative(path)
    try:
        lesson = read_lesson(path)
    except LessonError as error:
        words, points = f"{error.message} {error.hint}".strip(), _released_points(project, number_name)
        return Status(number_name, file, "unreadable", None, points, False, (), words)
    missing = [numbers.get(module, module) for module in lesson.requires if not is_built(project, module)]
    return Status(
        lesson=number_name,
        file=file,
        state=_state(project, lesson, entry),
        earned=entry.earned if entry else None,
        points=judged(project, lesson).lesson.points,
        built=is_built(project, lesson.module),
        missing=tuple(sorted(missing)),
        problem=altered(project, lesson.module),
    )


def _state(project: Project, lesson: Lesson, entry: Entry | None) -> str:
    if entry:
        return "complete" if entry.digest == lesson.digest else "changed"
    if not project.is_student:
        return "not completed"
    pristine = pristine_path(project, lesson.number_name)
    return "not started" if pristine and read_lesson(pristine).digest == lesson.digest else "started"


def missing_prerequisites(project: Project, lesson: Lesson) -> tuple[Missing, ...]:
    """The modules that the lesson imports and that are not built, in the order of the lessons."""
    wanted = [module for module in lesson.requires if not is_built(project, module)]
    makers = {other.module: other for other in _known(project)} if wanted else {}
    found = [_missing(module, makers.get(module)) for module in wanted]
    return tuple(sorted(found, key=lambda missing: missing.lesson or "~"))


def _missing(module: str, maker: Lesson | None) -> Missing:
    if maker is None:
        return Missing(module, "", "")
    return Missing(module, maker.number_name, f"tito module complete {maker.number}")


def _known(project: Project) -> list[Lesson]:
    """The lessons that can be read, and as it was released each that cannot, or that is gone."""
    found = readable_lessons(project)
    names = {lesson.number_name for lesson in found}
    released = lesson_paths(project, project.release)
    return found + [read_lesson(path) for path in released if path.parent.name not in names]


def form_problems(project: Project, lesson: Lesson) -> tuple[str, ...]:
    """What is wrong with the lesson's form; in a student's folder, also released checks that are gone or doubled."""
    wanted = judged(project, lesson)
    problems = check_form(wanted.lesson, student=project.is_student)
    return (*(f"{lesson.place(problem.line)}: {problem.message}" for problem in problems), *wanted.problems)


def try_lesson(
    project: Project, lesson: Lesson, *, cell_limit: float = CELL_LIMIT, on_cell: OnCell | None = None
) -> Result:
    """Run the lesson and look at its form: `problems` also hold what must be mended before it can be completed."""
    result = run_lesson(project, lesson, cell_limit=cell_limit, on_cell=on_cell)
    form = [problem for problem in form_problems(project, lesson) if problem not in result.problems]
    problems = (*result.problems, *(f"Before it can be completed: {problem}" for problem in form))
    return replace(result, problems=problems, passed=result.passed and not form)


def complete(
    project: Project,
    lesson: Lesson,
    *,
    cell_limit: float = CELL_LIMIT,
    on_cell: OnCell | None = None,
    on_step: OnStep | None = None,
) -> Completed:
    """Check the lesson, run it, export it and record it: all of it, or nothing.

    The module is exported to a staging folder and imported there; only then do files in the package change, each at
    once, and the record is written last. Raises WorkFailed where another tito command is at work, or a file cannot
    be written.
    """
    say = on_step or (lambda text: None)
    with lock(project):
        stopped = _check(project, lesson)
        if stopped:
            return stopped
        say(f"Running {lesson.number_name}")
        result = run_lesson(project, lesson, cell_limit=cell_limit, on_cell=on_cell)
        if not result.passed:
            return _completed(project, lesson, "run", result.problems, result=result)
        say(f"Exporting {lesson.module}")
        wanted = judged(project, lesson).lesson
        entry = Entry(lesson.digest, result.earned, result.points, now())
        try:
            done = publish(
                project, [wanted], try_import=True, record=lambda: write_entry(project, lesson.number_name, entry)
            )
        except BadExport as error:
            return _completed(project, lesson, "import", (error.message,), result=result)
        problems = (*result.problems, *done.kept)
        return _completed(project, lesson, problems=problems, result=result, changed=done.rows[0].changed)


def next_lesson(project: Project, number_name: str) -> str:
    """The lesson after this one that was not completed yet, as 02_activations; empty where there is none."""
    record = read_record(project)
    after = (path.parent.name for path in lesson_paths(project) if path.parent.name > number_name)
    return next((name for name in after if name not in record), "")


def _completed(
    project: Project,
    lesson: Lesson,
    stopped_at: str = "",
    problems: tuple[str, ...] = (),
    missing: tuple[Missing, ...] = (),
    result: Result | None = None,
    changed: bool = False,
) -> Completed:
    file = project.relative(lesson.path)
    return Completed(lesson.number_name, lesson.module, file, stopped_at, problems, missing, result, changed)


def _check(project: Project, lesson: Lesson) -> Completed | None:
    """What stands in the way before the lesson is run."""
    wanted = judged(project, lesson)
    if wanted.foreign:
        return _completed(project, lesson, "form", wanted.problems)
    missing = missing_prerequisites(project, lesson)
    if missing:
        needed = tuple(f"{lesson.number_name} needs {row.module}, which is not built." for row in missing)
        return _completed(project, lesson, "prerequisites", needed, missing)
    problems = form_problems(project, lesson)
    return _completed(project, lesson, "form", problems) if problems else None
