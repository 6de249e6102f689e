"""What a lesson says at its head is so: how much there is to do, which lessons it needs, and what it makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tito.lesson.find import lessons
from tito.lesson.lesson import Lesson
from tito.lesson.regions import BEGIN_SOLUTION, END_SOLUTION
from tito.project import Project

LESSONS = {lesson.number: lesson for lesson in lessons(Project(Path(__file__).resolve().parents[2]))}
MAKER = {lesson.module: lesson.number for lesson in LESSONS.values()}
HEAD = re.compile(
    r"About (?P<hours>\d) hours: (?P<exercises>\d+) exercises, some (?P<lines>\d+) lines to write,"
    r" and an open question\. Needs (?P<needs>[^.]+)\. Makes `(?P<module>[\w.]+)`: (?P<names>.+)"
)
NAME = re.compile(r"`(\w+)`")
LESSON_RANGE = re.compile(r"(\d\d)(?: to (\d\d))?")


def head(lesson: Lesson) -> re.Match[str]:
    text = " ".join(lesson.cells[0].source.split())
    found = HEAD.search(text)
    assert found, f"{lesson.number_name} does not say at its head how long it takes: {text[-200:]}"
    return found


def lines_to_write(lesson: Lesson) -> int:
    """The lines that are neither blank nor a comment in the regions of solutions."""
    count, inside = 0, False
    for line in "\n".join(cell.source for cell in lesson.exercises).splitlines():
        if BEGIN_SOLUTION in line or END_SOLUTION in line:
            inside = BEGIN_SOLUTION in line
        elif inside and line.strip() and not line.lstrip().startswith("#"):
            count += 1
    return count


def needed(lesson: Lesson) -> set[str]:
    """The lessons that it builds on, and those that they build on."""
    direct = {MAKER[module] for module in lesson.requires}
    return direct.union(*(needed(LESSONS[number]) for number in direct))


def named(text: str) -> set[str]:
    """The lessons in words such as 01 to 05 and 14."""
    ranges = LESSON_RANGE.findall(text)
    return {n for first, last in ranges for n in LESSONS if first <= n <= (last or first)}


@pytest.mark.parametrize("number", LESSONS)
def test_there_is_as_much_to_do_as_it_says(number):
    said, lesson = head(LESSONS[number]), LESSONS[number]
    assert int(said["exercises"]) == len(lesson.exercises) and len(lesson.manual) == 1
    assert int(said["lines"]) == pytest.approx(lines_to_write(lesson), rel=0.15)


@pytest.mark.parametrize("number", LESSONS)
def test_it_names_every_lesson_that_it_needs(number):
    names = named(head(LESSONS[number])["needs"])
    assert needed(LESSONS[number]) <= names and all(name < number for name in names)


@pytest.mark.parametrize("number", LESSONS)
def test_it_makes_what_it_says(number):
    said, lesson = head(LESSONS[number]), LESSONS[number]
    assert said["module"] == lesson.module
    assert set(NAME.findall(said["names"])) <= set(lesson.exports)
