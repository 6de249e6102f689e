"""A student edition of the real course gives no answer away: every file of it is searched for every solution."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tito.small_project import FIRST, write_lesson
from tito.actions.release import release
from tito.actions.selection import Selection
from tito.lesson.find import lessons
from tito.lesson.lesson import Lesson, blank
from tito.lesson.regions import BEGIN_HIDDEN, BEGIN_SOLUTION, END_HIDDEN, END_SOLUTION
from tito.project import Project

SUPPORT = Path(__file__).resolve().parents[2] / "tinytorch" / "support"
LONG = 25  # characters of a line that is an answer by itself
SOLUTIONS, HIDDEN = (BEGIN_SOLUTION, END_SOLUTION), (BEGIN_HIDDEN, END_HIDDEN)
EDITIONS = {
    "notebooks": ("ipynb", Selection()),
    "percent files": ("py", Selection()),
    "from 18": ("ipynb", Selection(start="18")),
    "a part": ("py", Selection("01-04,6")),
}


def blocks(source: str, marks: tuple[str, str]) -> list[list[str]]:
    """The lines of each region between the two marks, without indentation and blank lines."""
    found = re.findall(rf"^.*{marks[0]}.*\n((?:.*\n)*?).*{marks[1]}", source, re.MULTILINE)
    return [plain(block) for block in found]


def plain(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def secrets(found: list[Lesson], given: list[str]) -> set[str]:
    """What must not be in an edition of these lessons: solutions and hidden tests, whole and line by line.

    A line like `for i in range(len(rows)):` may be in tinytorch.support, too; two lines of a solution may not.
    """
    sources = [cell.source for lesson in found for cell in lesson.cells]
    regions = [block for source in sources for marks in (SOLUTIONS, HIDDEN) for block in blocks(source, marks)]
    known = "\n".join(given)
    support = {line for path in sorted(SUPPORT.rglob("*.py")) for line in plain(path.read_text(encoding="utf-8"))}
    whole = {"\n".join(block) for block in regions if len("".join(block)) > LONG}
    lines = {line for block in regions for line in block if len(line) > LONG}
    return {secret for secret in whole | lines if secret not in known and secret not in support}


def given_code(found: list[Lesson]) -> list[str]:
    """What the lessons give: their cells as a student gets them."""
    return ["\n".join(plain(cell.source)) for lesson in found for cell in blank(lesson).cells]


def texts(name: str, data: bytes) -> Iterator[str]:
    """All text in a file: in an archive of each of its members, in a notebook of each of its strings."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from texts(member, archive.read(member))
    elif name.endswith((".ipynb", ".json")):
        yield from strings(json.loads(data))
    else:
        yield "\n".join(plain(data.decode("utf-8", "replace")))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield "\n".join(plain(value))
    elif isinstance(value, list):
        yield "\n".join(line for text in value for line in strings(text))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings([key])
            yield from strings(item)


def leaks(folder: Path, wanted: set[str]) -> list[tuple[str, str]]:
    """The secrets that the files of an edition hold, each with its file."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = "\n".join(texts(path.name, path.read_bytes()))
        found += [(str(path.relative_to(folder)), secret) for secret in wanted if secret in text]
    return found


@pytest.mark.parametrize("name", EDITIONS)
def test_no_file_of_an_edition_holds_an_answer_or_a_hidden_test(real, tmp_path, name):
    fmt, selection = EDITIONS[name]
    done = release(real, tmp_path / "edition", fmt, selection)
    blank_ones = [lesson for lesson in lessons(real) if lesson.number_name not in done.given]
    references = [cell.source for lesson in lessons(real) if lesson.number_name in done.given for cell in lesson.code]
    wanted = secrets(blank_ones, given_code(lessons(real)) + ["\n".join(plain(source)) for source in references])
    assert len(wanted) > 50
    assert leaks(tmp_path / "edition", wanted) == []


@pytest.mark.parametrize("name", EDITIONS)
def test_no_lesson_of_an_edition_holds_a_mark_of_a_region(real, tmp_path, name):
    fmt, selection = EDITIONS[name]
    release(real, tmp_path / "edition", fmt, selection)
    lesson_files = [*(tmp_path / "edition/modules").rglob("*_dev.*"), *(tmp_path / "edition/.tito").rglob("*_dev.*")]
    texts = [path.read_text(encoding="utf-8") for path in lesson_files]
    assert texts and not [mark for mark in (*SOLUTIONS, *HIDDEN) for text in texts if mark in text]


# The search can find


LEAK = "    answer = sum(x for _ in range(2)) + 0 * x"
HIDDEN_CELL = (
    "test_unit_double()\n### BEGIN HIDDEN TESTS\nassert double(123.5) == 247.0, 'hidden'\n### END HIDDEN TESTS\n"
)


@pytest.fixture
def leaky(project: Project) -> Project:
    text = FIRST.replace("    return 2 * x", f"{LEAK}\n    return answer").replace("test_unit_double()\n", HIDDEN_CELL)
    write_lesson(project.root, text.replace(HIDDEN_CELL, "test_unit_double()\n", text.count(HIDDEN_CELL) - 1))
    return project


@pytest.mark.parametrize("secret", [LEAK.strip(), "assert double(123.5) == 247.0, 'hidden'"])
@pytest.mark.parametrize("place", ["README.md", "notes.ipynb", "old.whl", "tito/deep.zip"])
def test_the_search_finds_a_line_wherever_it_is(leaky, tmp_path, secret, place):
    wanted = secrets(lessons(leaky), given_code(lessons(leaky)))
    assert secret in wanted
    release(leaky, tmp_path / "edition")
    assert leaks(tmp_path / "edition", wanted) == []
    path = tmp_path / "edition" / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(packed(place, secret))
    assert [name for name, _ in leaks(tmp_path / "edition", wanted)] == [place]


def packed(place: str, secret: str) -> bytes:
    """A file of the kind that `place` names, with the secret in it."""
    text = f"# notes\n    {secret}\n"
    if place.endswith(".ipynb"):
        return json.dumps({"cells": [{"outputs": [{"text": text.splitlines(keepends=True)}]}]}).encode()
    if not place.endswith((".whl", ".zip")):
        return text.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.py", text)
    return buffer.getvalue()


def test_an_edition_that_holds_a_solved_lesson_is_found_out(real, tmp_path):
    first = lessons(real)[:1]
    shutil.copyfile(first[0].path, tmp_path / "tensor.py")
    assert len(leaks(tmp_path, secrets(first, given_code(lessons(real))))) > 30
