"""Run the bank in parallel, and say which cases survive it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.graders.bank import cases
from tests.graders.case import Case, regions
from tests.graders.walk import CAN_FORK, Judged, Outcome, walk
from tito.lesson.find import lesson_paths
from tito.lesson.lesson import Lesson, read_lesson
from tito.project import Project

ROOT = Path(__file__).resolve().parents[2]
PATHS = {path.parent.name[:2]: path for path in lesson_paths(Project(ROOT))}
RAW = re.compile(r"NoneType|KeyError|AttributeError|not subscriptable|unsupported operand")
WANTED = re.compile(r"[,:] wanted ")  # a sentence that names an error says what was wanted in its place
LEAST_WRONG = 4  # wrong cases that each exercise has
PIECE = 60  # cases that one process tries
LEAST_WORDS = 6  # of a message
SECRET = 20  # characters of code that a message must not share with the solution


def run_bank(numbers: Sequence[str], jobs: int = 1) -> Iterator[tuple[str, list[Outcome]]]:
    """Number and outcomes of each lesson, as it ends; `jobs` processes walk at a time."""
    return run_cases({number: cases(number) for number in numbers}, jobs)


def run_cases(
    wanted: dict[str, Sequence[Case]], jobs: int, fork: bool = CAN_FORK
) -> Iterator[tuple[str, list[Outcome]]]:
    """Number and outcomes of each piece of work: a lesson with its cases, or one case where nothing can fork."""
    pieces = [(number, part) for number, some in wanted.items() for part in _parts(some, fork)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        futures = {pool.submit(walk, ROOT, PATHS[number], part, fork): number for number, part in pieces}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _parts(some: Sequence[Case], fork: bool) -> list[Sequence[Case]]:
    size = PIECE if fork else 1
    return [some[start : start + size] for start in range(0, len(some), size)]


def problem(lesson: Lesson, outcome: Outcome) -> str:
    """Why the case survives its graders; empty where they judge it well."""
    case = outcome.case
    if outcome.stopped:
        return outcome.stopped
    failed = [judged for judged in outcome.judged if judged.error]
    if case.right:
        return "".join(f"{judged.check} takes points from a right solution: {judged.message}" for judged in failed)
    passed = [judged.check for judged in outcome.judged if not judged.error]
    if passed:
        return f"{', '.join(passed)} passed"
    return next(filter(None, (unfit(lesson, case, judged) for judged in outcome.judged)), "")


def unfit(lesson: Lesson, case: Case, judged: Judged) -> str:
    """What is wrong with the message of a check that failed as it should; empty where it is fit to learn from."""
    message = judged.message
    if judged.error not in ("AssertionError", "CheckFailed"):
        return f"{judged.check} fails with a raw {judged.error}: {message}"
    if len(message.split()) < LEAST_WORDS or RAW.search(message) and not WANTED.search(message):
        return f"{judged.check} fails without a sentence: {message}"
    if given := _given_away(lesson, case, message):
        return f"{judged.check} gives the answer away ({given}): {message}"
    lacking = [word for word in case.says if word not in message] if judged.check == case.checks[0] else []
    return f"{judged.check} does not say {', '.join(map(repr, lacking))}: {message}" if lacking else ""


def _given_away(lesson: Lesson, case: Case, message: str) -> str:
    """A piece of the solution's code that stands in the message."""
    exercise = next(cell for cell in lesson.code if cell.grade_id == case.exercise)
    lines = [line.strip() for region in regions(exercise.source) for line in region.splitlines()]
    pieces = [piece for piece in lines if len(piece) >= SECRET] + [old.strip() for old, _ in case.changes if "(" in old]
    return next((piece for piece in pieces if piece in message), "")


def lacking(number: str) -> dict[str, int]:
    """How many wrong cases the exercises have that have too few."""
    counts = Counter(case.exercise for case in cases(number) if not case.right)
    exercises = [cell.grade_id for cell in read_lesson(PATHS[number]).exercises]
    return {exercise: counts[exercise] for exercise in exercises if counts[exercise] < LEAST_WRONG}
