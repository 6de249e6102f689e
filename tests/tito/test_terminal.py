"""What a terminal shows: lines that break between words, tables that fit, and what comes next."""

from __future__ import annotations

import re

import pytest

from tests.tito.small_project import FIRST, tito, typed, write_lesson
from tests.tito.terminal import on_a_terminal
from tito.actions.complete import complete
from tito.actions.release import release
from tito.cli.show import in_runs
from tito.lesson.find import find_lesson
from tito.project import Project

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> list[str]:
    """The lines without colours, and without the live line of a run."""
    return [COLOUR.sub("", line).rpartition("\r")[2] for line in text.split("\n")]


LONG = "double({x}) gave {double(x)}, wanted {2 * x}: " + "twice a number is the number added to itself, " * 4


def test_a_long_message_breaks_between_words_under_its_beginning(project):
    text = FIRST.replace("return 2 * x", "return 3 * x").replace("double({x}) gave {double(x)}, wanted {2 * x}", LONG)
    write_lesson(project.root, text)
    lines = plain(on_a_terminal(project.root, "module test 1", 60))
    start = next(number for number, line in enumerate(lines) if "double(0.5) gave" in line)
    message = lines[start : start + 4]
    assert all(line.startswith("        ") and len(line) < 60 for line in message)
    words = set(LONG.partition(": ")[2].split())
    assert {line.split()[-1] for line in message[1:]} <= words


def test_a_command_is_not_broken(student):
    (student.modules / "01_first/first_dev.py").write_text("", encoding="ascii")
    lines = plain(on_a_terminal(student.root, "module test 1", 60))
    assert any("`tito module reset 01`" in line for line in lines)


def test_elsewhere_a_line_is_a_line(project):
    text = FIRST.replace("return 2 * x", "return 3 * x").replace("double({x}) gave {double(x)}, wanted {2 * x}", LONG)
    write_lesson(project.root, text)
    printed = tito(project.root, "module", "test", "1", COLUMNS="60").stdout.splitlines()
    assert any(line.startswith("        double(0.5) gave") and len(line) > 200 for line in printed)


@pytest.mark.parametrize("line", ["module list", "module status"])
def test_a_table_fits_and_breaks_no_name(real, line):
    lines = plain(on_a_terminal(real.root, line))
    assert max(map(len, lines)) <= 80
    for name in ("18_acceleration", "14_profiling"):
        assert any(name in line for line in lines)
    assert line == "module status" or any("optimization.acceleration" in line for line in lines)


def test_a_blank_lesson_is_to_be_built_and_not_failed(project, tmp_path):
    release(project, tmp_path / "mine")
    text = on_a_terminal(tmp_path / "mine", "module test 1")
    assert "\x1b[33mtodo" in text and "FAIL" not in text and "\x1b[31m" not in text
    assert sum("is not built yet" in line for line in plain(text)) == 2, "once for each exercise"
    assert sum("Return " in line for line in plain(text)) == 1, "the task of the first alone"


def test_status_says_what_comes_next(project, tmp_path, monkeypatch):
    release(project, tmp_path / "mine", "py")
    mine = Project(tmp_path / "mine")
    monkeypatch.chdir(mine.root)

    def following() -> str:
        return typed("module status").stdout.splitlines()[-1]

    assert following() == "Next: `tito module start 01`."
    path = write_lesson(mine.root, FIRST)
    assert following() == "Next: `tito module test 01`."
    assert complete(mine, find_lesson(mine, "1")).done
    assert following() == "Next: `tito module start 02`."
    write_lesson(mine.root, FIRST.replace("2 * x", "x + x"))
    assert following() == "Next: `tito module complete 01`."
    path.unlink()
    assert following() == "Next: `tito module reset 01`."


def test_when_all_is_complete_status_says_so(project, monkeypatch):
    monkeypatch.chdir(project.root)
    for number in ("1", "2", "5"):
        complete(project, find_lesson(project, number))
    assert typed("module status").stdout.splitlines()[-1] == "All lessons are complete."


@pytest.mark.parametrize(("lessons", "short"), [
    ((), ""), (("01",), "01"), (("01", "02"), "01 02"), (("01", "02", "03", "07", "14", "15", "16"), "01-03 07 14-16"),
    (("02", "tinytorch.core.lost", "03", "04"), "02 tinytorch.core.lost 03 04"),
])  # fmt: skip
def test_lessons_in_a_row_are_told_in_short(lessons, short):
    assert in_runs(lessons) == short
