"""A student's file is judged by the checks and points as they were released, and is told where it differs."""

from __future__ import annotations

import pytest

from tests.tito.small_project import FIRST, codes, printed, typed, write_lesson
from tito.actions.complete import complete
from tito.actions.release import release
from tito.actions.status import status
from tito.lesson.find import find_lesson
from tito.project import Project
from tito.record import read_record
from tito.student.judge import judge_lesson

DOUBLE = '{"grade": true, "grade_id": "test-double", "points": 3}'
ROOT_CHECK = FIRST[
    FIRST.index('# %% nbgrader={"grade": true, "grade_id": "test-root"') : FIRST.index("# %% [markdown] nb")
]
WRONG = FIRST.replace("return 2 * x", "return 3 * x", 1)
MUTED = WRONG.replace(
    '        assert double(x) == 2 * x, f"double({x}) gave {double(x)}, wanted {2 * x}"', "        assert True"
)


@pytest.fixture
def here(student: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small student's folder, as the current folder."""
    monkeypatch.chdir(student.root)
    return student


def test_the_muted_check_differs_from_the_released_one():
    assert MUTED != WRONG and "assert True" in MUTED


def test_a_check_whose_source_was_edited_is_run_as_it_was_released(here):
    write_lesson(here.root, MUTED)
    result = typed("module complete 1")
    assert result.exit_code == 1 and "FAIL  test-double" in result.stdout
    assert "double(0.5) gave 1.5, wanted 1.0" in result.stdout
    assert "test-double (line 33) was changed; the released check was run, for its 3 points." in result.stdout
    assert read_record(here) == {}


def test_an_edited_check_over_a_right_answer_completes_with_a_word(here):
    write_lesson(here.root, FIRST.replace("test_unit_double():", "test_unit_double():\n    return"))
    done = printed("module complete 1")
    assert done["result"]["earned"] == 5.0 and codes(done) == ["check-changed", "repairable"]
    assert done["problems"][1] == (
        "`tito module reset 01 --keep-answers` repairs the file itself and keeps your answers."
    )
    assert status(here)[0].state == "complete"


def test_points_are_the_releases(here):
    write_lesson(here.root, FIRST.replace(DOUBLE, DOUBLE.replace("3}", "300}")))
    done = complete(here, find_lesson(here, "1"))
    assert (done.result.earned, done.result.points) == (5.0, 5.0)
    assert codes(done.findings) == ["check-changed", "repairable"]
    assert (read_record(here)["01_first"].points, status(here)[0].points) == (5.0, 5.0)


def test_a_check_that_was_made_an_exercise_is_still_a_check(here):
    write_lesson(here.root, MUTED.replace(DOUBLE, DOUBLE.replace('"grade": true', '"solution": true')))
    assert not complete(here, find_lesson(here, "1")).done


def test_a_check_of_the_students_own_earns_nothing(here):
    own = '# %% nbgrader={"grade": true, "grade_id": "test-mine", "points": 50}\nassert double(1.0) == 2.0\n\n'
    write_lesson(here.root, FIRST.replace(ROOT_CHECK, own + ROOT_CHECK))
    done = complete(here, find_lesson(here, "1"))
    assert done.done and (done.result.earned, done.result.points) == (5.0, 5.0)
    assert [verdict.grade_id for verdict in done.result.verdicts] == ["test-double", "test-root"]
    assert codes(done.findings) == ["not-in-lesson"]


def test_space_at_the_ends_of_lines_is_no_change(here):
    write_lesson(here.root, FIRST.replace("(0.5, 2.0):\n", "(0.5, 2.0):  \n"))
    assert judge_lesson(here, find_lesson(here, "1")).findings == ()


def test_in_the_source_tree_a_lesson_is_judged_as_it_is(project):
    lesson = find_lesson(project, "1")
    assert judge_lesson(project, lesson).lesson is lesson


@pytest.mark.parametrize("command", ["test", "complete"])
def test_a_check_that_is_gone_is_named_with_the_way_back(here, command):
    write_lesson(here.root, FIRST.replace(ROOT_CHECK, ""))
    result = typed(f"module {command} 1")
    assert result.exit_code == 1
    said = result.stdout + result.stderr
    assert said.count("The check test-root is gone; it counts as it was released.") == 1
    assert "Next:" not in said


def test_a_check_that_is_gone_is_run_as_it_was_released(here):
    write_lesson(here.root, FIRST.replace(ROOT_CHECK, ""))
    found = printed("module test 1", 1)
    assert (found["passed"], found["earned"], found["points"]) == (False, 5.0, 5.0)
    assert [row["grade_id"] for row in found["verdicts"]] == ["test-double", "test-root"]
    assert codes(found) == ["check-gone", "repairable"]


def test_a_check_that_is_gone_from_wrong_work_earns_nothing(here):
    write_lesson(here.root, FIRST.replace(ROOT_CHECK, "").replace("math.sqrt(x)", "x"))
    found = printed("module test 1", 1)
    row = found["verdicts"][1]
    assert (row["grade_id"], row["passed"], row["earned"]) == ("test-root", False, 0.0)
    assert "root(9.0) gave 9.0" in row["message"]


def test_a_cell_that_lost_its_mark_is_known_again(here):
    write_lesson(here.root, FIRST.replace(f" nbgrader={DOUBLE}", "", 1))
    done = complete(here, find_lesson(here, "1"))
    assert done.done and done.result.earned == 5.0
    assert codes(done.findings) == ["mark-lost", "repairable"] and done.findings[0].where == "line 33"


def test_a_function_split_in_two_and_tabs_among_spaces_are_put_right_with_a_word(here):
    halves = FIRST.replace("    return 2 * x", "    y = x\n# %%\n    return 2 * y")
    tabs = halves.replace("    return math", "\treturn math")
    write_lesson(here.root, tabs.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", ""))
    done = complete(here, find_lesson(here, "1"))
    assert done.done and codes(done.findings) == ["split", "tabs", "repairable"]
    assert done.problems[0] == "double was split in two, line 25 and line 30; it was taken as one."
    assert done.problems[1] == "root (line 40) mixes tabs and spaces; each tab was read as 4 spaces."


def test_a_copied_check_counts_once_and_stops_completing(here):
    write_lesson(here.root, FIRST.replace(ROOT_CHECK, ROOT_CHECK + ROOT_CHECK))
    found = printed("module test 1", 1)
    assert (found["passed"], found["earned"], found["points"]) == (False, 5.0, 5.0)
    assert len(found["verdicts"]) == 2 and codes(found) == ["copied", "repairable"]
    sentence = "test-root is there twice, at line 48 and line 54: it counts once; delete the other."
    assert found["problems"][0] == sentence
    shown = typed("module test 1").stdout
    assert shown.count("is there twice") == 1 and "5 of 5 points" in shown and "Next:" not in shown
    assert complete(here, find_lesson(here, "1")).stopped_at == "form"


def test_in_the_source_tree_an_unsound_form_fails_the_test_command(project, monkeypatch):
    monkeypatch.chdir(project.root)
    write_lesson(project.root, FIRST.replace('"grade_id": "test-root"', '"grade_id": "test-double"'))
    found = printed("module test 1", 1)
    assert not found["passed"] and codes(found) == ["grade-id-twice"]
    assert found["problems"][0].startswith("Before it can be completed: ")
    assert "Next:" not in typed("module test 1").stdout


# Hidden tests


HIDDEN = FIRST.replace("test_unit_root()\n", "test_unit_root()\n### BEGIN HIDDEN TESTS\nassert root(2.25) == 1.5\n"
                       "### END HIDDEN TESTS\n")  # fmt: skip


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_an_edition_says_which_checks_have_hidden_tests_too(project, tmp_path, monkeypatch, fmt):
    write_lesson(project.root, HIDDEN)
    release(project, tmp_path / "edition", fmt)
    monkeypatch.chdir(tmp_path / "edition")
    sentence = "1 of these checks has hidden tests too, with other values; they run where your work is graded."
    assert sentence in typed("module test 1").stdout
    assert printed("module test 1", 1)["hidden"] == ["test-root"]
    assert "hidden" not in typed("module test 5").stdout


def test_the_master_runs_its_hidden_tests(project, monkeypatch):
    write_lesson(project.root, HIDDEN.replace("== 1.5", "== 2"))
    monkeypatch.chdir(project.root)
    result = printed("module test 1", 1)
    assert [verdict["passed"] for verdict in result["verdicts"]] == [True, False] and result["hidden"] == []
