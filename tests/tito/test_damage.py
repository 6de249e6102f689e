"""A student's folder that is damaged: what is missing is named, with what it means and the way back."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.tito.small_project import FIRST, codes, typed, write_lesson
from tito.actions.complete import complete
from tito.actions.doctor import examine
from tito.actions.release import release
from tito.actions.run import run_lesson
from tito.actions.status import status
from tito.errors import LessonError
from tito.lesson.find import find_lesson
from tito.package import publish
from tito.project import Project


@pytest.fixture
def here(student: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small student's folder, as the current folder."""
    monkeypatch.chdir(student.root)
    return student


@pytest.fixture
def copied(project: Project, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A student edition copied without its hidden files, as the current folder."""
    release(project, tmp_path / "edition", "py")
    shutil.copytree(tmp_path / "edition", tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    monkeypatch.chdir(tmp_path / "copy")
    return Project(tmp_path / "copy")


# A copy without hidden files


def test_an_edition_says_visibly_that_it_is_a_students_folder(copied):
    assert copied.is_student and copied.lacks_release
    assert copied.settings["edition"] == "student" and copied.version == "0.1.0"


@pytest.mark.parametrize("line", ["module status", "module reset 1", "module test 1", "doctor"])
def test_a_copy_without_hidden_files_is_told_what_is_missing_and_what_that_means(copied, line):
    result = typed(line)
    said = " ".join((result.stdout + result.stderr).replace("|", " ").split())
    assert "source tree" not in said
    if line != "doctor":
        assert "This is a student's folder, but its .tito/release is missing" in said
        assert "no lesson can be reset" in said
        assert "Copy the folder .tito from where this one came from." in said
    assert result.exit_code == (0 if line == "module status" else 1)


def test_the_doctor_sees_that_the_release_is_missing(copied):
    [row] = [row for row in examine(copied) if row.name == "lessons"]
    assert not row.ok and ".tito/release is missing" in row.found and "Copy the folder .tito" in row.mend


def test_work_goes_on_in_a_copy_without_hidden_files(copied):
    write_lesson(copied.root, FIRST.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", ""))
    done = complete(copied, find_lesson(copied, "1"))
    assert done.done and codes(done.findings) == ["release-missing"]


# A lesson's file that is gone or damaged


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_lesson_whose_file_is_gone_is_told_with_the_way_back(here, whole_folder):
    path = find_lesson(here, "2").path
    shutil.rmtree(path.parent) if whole_folder else path.unlink()
    for line in ("module test 2", "module complete second", "module start 02"):
        result = typed(line)
        assert result.exit_code == 1
        assert "The lesson's file modules/02_second/second_dev.py is gone." in result.stderr
        assert "`tito module reset 02` brings it back" in result.stderr
    row = status(here)[1]
    assert (row.lesson, row.state) == ("02_second", "gone") and "`tito module reset 02`" in row.problem
    assert typed("module reset 2").exit_code == 0 and path.exists()
    assert status(here)[1].state == "not started"


@pytest.mark.parametrize("damage", [None, b"\xff"])
def test_a_lesson_that_is_gone_or_damaged_still_makes_its_module(here, damage):
    path = find_lesson(here, "1").path
    path.unlink() if damage is None else path.write_bytes(damage)
    assert status(here)[1].missing == ("01",)
    assert "Run `tito module complete 01` first." in typed("module complete 2").stderr


def test_status_says_how_a_lesson_that_cannot_be_read_comes_back(here):
    path = find_lesson(here, "1").path
    path.write_bytes(b"# %%\nx = '\xff'\n")
    assert "is not UTF-8. Save the file as UTF-8." in status(here)[0].problem
    path.write_text("", encoding="ascii")
    assert "`tito module reset 01` brings the lesson back" in status(here)[0].problem


def test_the_doctor_sees_that_a_lessons_file_is_gone(here):
    find_lesson(here, "2").path.unlink()
    [row] = [row for row in examine(here) if row.name == "lessons"]
    assert not row.ok and "second_dev.py is gone" in row.found and "`tito module reset 02`" in row.mend


def test_in_the_source_tree_git_brings_a_file_back(project):
    find_lesson(project, "2").path.unlink()
    with pytest.raises(LessonError, match="second_dev.py is gone") as caught:
        find_lesson(project, "2")
    assert "git restore modules/02_second" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "modules/01_first/first_dev.ipynb: this notebook is empty."),
        (
            '{"cells": [\n {"source": "x',
            "modules/01_first/first_dev.ipynb: this notebook was cut off; it ends in the middle, at line 2, column 13",
        ),
    ],
)
def test_a_damaged_notebook_is_told_with_the_way_back(project, tmp_path, monkeypatch, text, words):
    release(project, tmp_path / "edition")
    monkeypatch.chdir(tmp_path / "edition")
    (tmp_path / "edition/modules/01_first/first_dev.ipynb").write_text(text, encoding="utf-8")
    result = typed("module test 1")
    assert result.exit_code == 1 and words in result.stderr and str(tmp_path) not in result.stderr
    assert "`tito module reset 01` brings the lesson back; this file is kept" in result.stderr


# Exports that do not let go


def test_a_thread_left_running_does_not_hold_up_complete(project, monkeypatch):
    monkeypatch.setattr(publish, "IMPORT_LIMIT", 20.0)
    thread = "import math\nimport threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"
    write_lesson(project.root, FIRST.replace("import math", thread, 1))
    done = complete(project, find_lesson(project, "1"))
    assert (done.stopped_at, done.findings) == ("", ())


def test_programs_that_an_import_leaves_running_do_not_hold_up_complete(project):
    left = "import math\nimport subprocess\n[subprocess.Popen(['sleep', '600']) for _ in range(20)]"
    write_lesson(project.root, FIRST.replace("import math", left, 1))
    started = time.monotonic()
    assert complete(project, find_lesson(project, "1")).done
    assert time.monotonic() - started < 60, "nothing waits for them"


def test_an_import_without_end_is_told_with_what_may_cause_it(project, monkeypatch):
    monkeypatch.setattr(publish, "IMPORT_LIMIT", 0.5)
    write_lesson(project.root, FIRST.replace("import math", "import math\nwhile __name__ != '__main__': pass", 1))
    done = complete(project, find_lesson(project, "1"))
    assert done.stopped_at == "import" and codes(done.findings) == ["import-endless"]
    for words in ("took longer than 0.5 s", "a loop that does not end", "waits for input, for a thread"):
        assert words in done.problems[0]


# What an exercise asks


def test_the_task_of_a_blank_exercise_is_its_whole_first_paragraph(project):
    doc = '"""Return the square root of `x`, which is the\n    number whose square is `x`.\n\n    More.\n    """'
    text = FIRST.replace('"""Return the square root of `x`."""', doc).replace(
        "return math.sqrt(x)", "raise NotImplementedError()"
    )
    write_lesson(project.root, text)
    message = run_lesson(project, find_lesson(project, "1")).verdicts[1].message
    assert message.endswith("root: Return the square root of `x`, which is the number whose square is `x`.")


def test_the_status_of_a_lesson_that_cannot_be_read_or_is_gone_shows_its_points(here):
    find_lesson(here, "1").path.write_text("", encoding="utf-8")
    find_lesson(here, "2").path.unlink()
    assert [(row.state, row.points) for row in status(here)][:2] == [("unreadable", 5.0), ("gone", 5.0)]
    shown = typed("module status").stdout
    assert shown.count("-/5") == 2
