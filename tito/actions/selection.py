"""Which lessons an edition holds: blank ones, and before them finished ones that a course does not begin with."""

from collections.abc import Sequence
from dataclasses import dataclass

from tito.errors import TitoError, UnknownLesson
from tito.lesson.lesson import Lesson

WRITE = "Write 01-07,14,18."


@dataclass(frozen=True)
class Selection:
    """What was asked for, as typed: `lessons` as in 01-07,14,18 (empty: all), and the lesson to `start` from."""

    lessons: str = ""
    start: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The selection as an edition's settings.ini holds it, so that an update can ask for the same."""
        named = {"edition_lessons": self.lessons, "edition_from": self.start}
        return {key: value for key, value in named.items() if value}

    @property
    def words(self) -> str:
        """The selection as it is typed for `tito release`."""
        named = {"--lessons": self.lessons, "--from": self.start}
        return " ".join(f"{option} {value}" for option, value in named.items() if value) or "all lessons"

    @classmethod
    def of(cls, settings: dict[str, str]) -> "Selection":
        """The selection that an edition was made with."""
        return cls(settings.get("edition_lessons", ""), settings.get("edition_from", ""))


@dataclass(frozen=True)
class Selected:
    """The lessons to be done, and the finished ones that they may build on."""

    blank: list[Lesson]
    given: list[Lesson]


def select(found: Sequence[Lesson], selection: Selection) -> Selected:
    """The lessons of a course that a selection is for.

    Raises UnknownLesson where it names one that is not there, and TitoError where a lesson is left without one that it
    builds on.
    """
    start = _number(found, selection.start) if selection.start else ""
    wanted = _numbers(found, selection.lessons) if selection.lessons else {lesson.number for lesson in found}
    blank = [lesson for lesson in found if lesson.number in wanted and lesson.number >= start]
    given = [lesson for lesson in found if lesson.number < start]
    if selection.lessons and not blank:
        raise TitoError(f"No lesson of {selection.lessons} is left from {start} on.", "Name lessons from there on.")
    _check_complete(found, blank, given)
    return Selected(blank, given)


def _numbers(found: Sequence[Lesson], text: str) -> set[str]:
    """The numbers of the lessons in `text`, such as 01-07,14,18."""
    wanted: set[str] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = _number(found, first), _number(found, last if dash else first)
        if ends[0] > ends[1]:
            raise TitoError(f"{part.strip()} counts down, so it names no lessons.", WRITE)
        wanted |= {lesson.number for lesson in found if ends[0] <= lesson.number <= ends[1]}
    return wanted


def _number(found: Sequence[Lesson], text: str) -> str:
    number = text.strip().zfill(2)
    if number not in {lesson.number for lesson in found}:
        there = ", ".join(lesson.number for lesson in found)
        raise UnknownLesson(f"There is no lesson {text.strip()!r}.", f"There are: {there}. {WRITE}")
    return number


def _check_complete(found: Sequence[Lesson], blank: Sequence[Lesson], given: Sequence[Lesson]) -> None:
    made = {lesson.module for lesson in (*blank, *given)}
    makers = {lesson.module: lesson.number for lesson in found}
    for lesson in blank:
        lacking = sorted(makers[module] for module in lesson.requires if module in makers and module not in made)
        if lacking:
            raise TitoError(
                f"Lesson {lesson.number} needs {', '.join(lacking)}, which this edition would not hold.",
                f"Name them with --lessons, too; or give what comes before {lesson.number} finished:"
                f" --from {lesson.number}.",
            )
