"""The runner: every graded cell gets a verdict, whatever the code does, and a message that leads to the cause."""

from __future__ import annotations

import base64
import os
import re
import textwrap
from pathlib import Path

import pytest

from tests.tito.small_project import FIRST, HEADER, blank, codes, lesson_of
from tito.actions.run import run_judged, run_lesson
from tito.lesson.cell import Cell
from tito.run.runner import CellRun, Result, run_cells
from tito.student.judge import judge_lesson

CHECK = (
    '# %% nbgrader={"grade": true, "grade_id": "test-last", "points": 4}\nassert answer() == 42, "answer() is not 42"\n'
)
LINE = re.compile(r"line \d+")
ANSWER = "# %%\ndef answer():\n    return 42\n\n"


def run(folder: Path, text: str, cell_limit: float = 60.0) -> tuple[Result, list[CellRun]]:
    """Run a lesson of these cells; its result, and what was told of each cell."""
    project, lesson = lesson_of(folder, textwrap.dedent(text))
    told: list[CellRun] = []
    return run_judged(project, judge_lesson(project, lesson), cell_limit, told.append), told


def last_message(result: Result) -> str:
    return result.verdicts[-1].message


def test_a_solved_lesson_earns_all_its_points_and_names_its_open_questions(tmp_path):
    result, told = run(tmp_path, FIRST)
    assert (result.passed, result.earned, result.points) == (True, 5.0, 5.0)
    assert [v.grade_id for v in result.verdicts] == ["test-double", "test-root"]
    assert (result.problems, result.manual) == ((), ("open-why",))
    assert [cell.number for cell in told] == [1, 2, 3, 4, 5, 6] and told[0].total == 6


def test_a_blank_lesson_earns_nothing_and_names_the_exercises(tmp_path):
    result, _ = run(tmp_path, blank(FIRST))
    assert (result.passed, result.earned) == (False, 0.0)
    first = result.verdicts[0]
    assert first.message == "Exercise double is not built yet (line 25). double: Return twice `x`."
    lines = (tmp_path / "modules/01_first/first_dev.py").read_text(encoding="utf-8").splitlines()
    assert '"grade_id": "double"' in lines[25 - 1]


def test_a_failed_check_shows_its_own_words(tmp_path):
    result, _ = run(tmp_path, ANSWER.replace("42", "41") + CHECK)
    assert last_message(result) == "answer() is not 42"
    assert result.verdicts[-1].earned == 0.0


def test_a_failed_check_shows_the_words_of_the_helper_that_it_called(tmp_path):
    helper = '# %%\ndef look(x):\n    assert x == 42, f"{x} is not 42"\n\n'
    check = CHECK.replace('assert answer() == 42, "answer() is not 42"', "look(answer())")
    result, _ = run(tmp_path, helper + ANSWER.replace("42", "41") + check)
    assert last_message(result) == "41 is not 42"


def test_a_check_without_words_shows_its_line(tmp_path):
    result, _ = run(tmp_path, '# %% nbgrader={"grade": true, "grade_id": "t", "points": 1}\nx = 1\nassert x == 2\n')
    assert last_message(result) == f"AssertionError (line {HEADER.count(chr(10)) + 3}: `assert x == 2`)"


# A check as tinytorch.support has it: one sentence in the place of what was raised.
ONE_SENTENCE = """
# %%
class CheckFailed(AssertionError):
    pass


class NotBuilt(CheckFailed, NotImplementedError):
    pass


def check(function):
    def run():
        try:
            function()
        except AssertionError as error:
            raise CheckFailed(str(error)){ending}
        except NotImplementedError as error:
            raise {blank}("not built yet"){ending}
    return run

"""
CHECKED = (
    '# %% nbgrader={"grade": true, "grade_id": "test-last", "points": 4}\n'
    '@check\ndef test_last():\n    assert answer() == 42, "answer() is not 42"\n\ntest_last()\n'
)
EXERCISE = '# %% nbgrader={"solution": true, "grade_id": "answer"}\ndef answer():\n    """Six by nine."""\n    pass\n\n'
one_sentence = pytest.mark.parametrize("ending", ["", " from None", " from error"])


@one_sentence
@pytest.mark.parametrize("blank", ["CheckFailed", "NotBuilt", "NotImplementedError"])
def test_a_check_that_says_one_sentence_has_the_same_cause(tmp_path, ending, blank):
    given = ONE_SENTENCE.replace("{ending}", ending).replace("{blank}", blank)
    for answer in ("return 41", "raise NotImplementedError()", "assert 1 == 2", "raise KeyError(3)"):
        cells = EXERCISE.replace("pass", answer) + CHECKED
        plain, _ = run(tmp_path, cells.replace("@check\n", ""))
        result, _ = run(tmp_path, cells.replace(EXERCISE[:4], given.lstrip("\n") + EXERCISE[:4], 1))
        assert LINE.sub("line N", last_message(result)) == LINE.sub("line N", last_message(plain))
        assert result.unbuilt.keys() == plain.unbuilt.keys() and result.earned == 0


def test_an_exercise_that_is_blank_below_helpers_and_other_errors_is_not_built_yet(tmp_path):
    below = CHECKED.replace("@check\n", "").replace("assert answer() == 42", "assert asked() == 42")
    asked = "# %%\ndef asked():\n    try:\n        return answer()\n    except Exception as error:\n"
    asked += "        raise ValueError('asked() failed') from error\n\n"
    result, _ = run(tmp_path, EXERCISE.replace("pass", "raise NotImplementedError()") + asked + below)
    assert last_message(result).startswith("Exercise answer is not built yet (line ")


def test_an_error_below_a_check_names_the_exercise_and_the_line(tmp_path):
    exercise = '# %% nbgrader={"solution": true, "grade_id": "answer"}\ndef answer():\n    return 1 / 0\n\n'
    result, _ = run(tmp_path, exercise + CHECK)
    assert last_message(result).startswith("ZeroDivisionError: division by zero (in answer, line ")
    assert last_message(result).endswith(": `return 1 / 0`)")


def test_an_undefined_name_leads_to_the_cell_that_broke(tmp_path):
    broken = '# %% nbgrader={"solution": true, "grade_id": "answer"}\ndef answer(:\n    return 42\n\n'
    result, _ = run(tmp_path, broken + CHECK)
    message = last_message(result)
    assert message.startswith("answer is not defined, because the cell answer (line ")
    assert "did not run to its end. SyntaxError: " in message and "`def answer(:`" in message


def test_a_chain_of_undefined_names_leads_to_its_start(tmp_path):
    chain = "# %%\nimport no_such_module as base\n\n# %%\nmiddle = base.x\n\n# %%\ndef answer(): return middle\n\n"
    result, _ = run(tmp_path, chain + CHECK)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in last_message(result)
    assert "middle is not defined" in last_message(result)
    assert len(result.problems) == 1  # the second has the same cause


def test_the_runner_needs_cells_and_folders_and_no_project(tmp_path):
    cells = [Cell("code", "def answer():\n    return 41", number=1), Cell("code", "assert answer() == 42, 'no'",
             grade_id="test-last", grade=True, points=4.0, number=2)]  # fmt: skip
    result = run_cells(cells, tmp_path, tmp_path, name="mine")
    [verdict] = result.verdicts
    assert (result.lesson, result.earned, result.points, result.schema) == ("mine", 0, 4.0, 1)
    assert (verdict.code, verdict.message, verdict.cause) == ("failed", "no", "cell 1")


def test_verdicts_of_one_cause_say_so(tmp_path):
    result, _ = run(tmp_path, blank(FIRST).replace("assert root(9.0)", "assert double(root(9.0))"))
    assert [verdict.code for verdict in result.verdicts] == ["not-built", "not-built"]
    assert [verdict.cause for verdict in result.verdicts] == ["exercise double", "exercise root"]
    result, _ = run(tmp_path, "# %%\n1 / 0\nanswer = abs\n\n" + CHECK + CHECK)
    assert len({verdict.cause for verdict in result.verdicts}) == 1


def test_what_a_cell_shows_is_kept_in_the_form_of_a_notebook(tmp_path):
    shows = "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\nprint('a')\nprint('b')\n{1: 2}"
    _, told = run(tmp_path, f"# %%\n{shows}\n")
    first, stream, last = told[0].outputs
    assert first["data"]["text/html"] == "<b>x</b>" and stream["text"] == "a\nb\n" and stream["name"] == "stdout"
    assert last == {"output_type": "display_data", "data": {"text/plain": "{1: 2}"}, "metadata": {}}


def test_figures_are_shown_where_they_are_wanted(tmp_path):
    cell = Cell("code", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone", number=1)
    told: list[CellRun] = []
    for figures in (True, False):
        run_cells([cell], tmp_path, tmp_path, on_cell=told.append, figures=figures)
    [picture] = told[0].outputs
    assert base64.b64decode(picture["data"]["image/png"]).startswith(b"\x89PNG") and told[1].outputs == ()


def test_more_than_a_page_can_show_is_left_out(tmp_path):
    much = "from IPython.display import HTML, display\ndisplay(HTML('x' * 9_000_000))"
    _, told = run(tmp_path, f"# %%\n{much}\n")
    assert told[0].outputs[0]["data"].keys() == {"text/plain"} and "more characters" in told[0].printed("stdout")


def test_a_question_without_an_answer_is_named(tmp_path):
    question = (
        '# %% nbgrader={"solution": true, "grade_id": "question-size"}\n# Bytes?\nraise NotImplementedError()\n\n'
    )
    check = '# %% nbgrader={"grade": true, "grade_id": "test-size", "points": 1}\nassert size_in_bytes == 8\n'
    result, _ = run(tmp_path, question + check)
    assert "size_in_bytes is not defined" in last_message(result)
    assert last_message(result).endswith("question-size is not answered yet (line 12).")


def test_a_module_that_is_not_built_yet_is_said_in_its_own_words(tmp_path):
    stub = "# %%\nraise ImportError('tinytorch.core.x is not built yet: run `tito module complete 01`.')\n\n"
    result, _ = run(tmp_path, stub)
    assert result.problems[0].endswith("failed. tinytorch.core.x is not built yet: run `tito module complete 01`.")


def test_a_name_that_nothing_defines_stays_a_plain_message(tmp_path):
    result, _ = run(tmp_path, "# %%\n1 / 0\n\n" + CHECK)
    assert last_message(result).startswith("NameError: name 'answer' is not defined (line ")


def test_a_cell_that_fails_does_not_stop_the_ones_after_it(tmp_path):
    result, _ = run(tmp_path, "# %%\n1 / 0\n\n" + ANSWER + CHECK)
    assert result.passed and result.earned == 4.0
    assert len(result.problems) == 1 and "ZeroDivisionError" in result.problems[0]


@pytest.mark.parametrize("loop", ["while True:\n    pass", "import time\ntime.sleep(1000)"])
def test_a_cell_that_never_ends_is_stopped_and_named(tmp_path, loop):
    result, told = run(tmp_path, f"# %%\nx = 1\n{loop}\n\n" + ANSWER + CHECK, cell_limit=0.5)
    assert not result.passed
    reason = result.problems[0]
    assert "took longer than 0.5 s and was stopped at line" in reason and "--cell-limit" in reason
    assert last_message(result) == f"Not run. {reason}"
    assert told[0].why.text == reason and told[0].seconds >= 0.5
    assert codes(result.findings) == ["over-limit"] and result.verdicts[-1].code == "not-run"


def test_what_passed_before_an_endless_cell_keeps_its_points(tmp_path):
    result, _ = run(tmp_path, FIRST + "\n# %%\nwhile True: pass\n", cell_limit=1.0)
    assert (result.earned, result.passed) == (5.0, False)


def test_an_endless_graded_cell_has_one_verdict(tmp_path):
    result, _ = run(tmp_path, ANSWER.replace("return 42", "while True: pass") + CHECK, cell_limit=0.5)
    assert len(result.verdicts) == 1 and "took longer than 0.5 s" in last_message(result)
    assert "`while True: pass`" not in last_message(result).split("at line")[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(0)", "exit status 0; look for os._exit"),
        ("import os; os._exit(7)", "exit status 7"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "memory ran out", marks=[]),
        ("import os; os.kill(os.getpid(), 11)", "crashed with SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)", "crashed with signal "),
        ("import os; os.closerange(3, 100)", "ended"),
    ],
)
def test_a_process_that_ends_early_leaves_a_row_for_every_check(tmp_path, code, words):
    result, _ = run(tmp_path, FIRST + f"\n# %%\n{code}\n\n" + CHECK)
    assert [v.earned for v in result.verdicts] == [3.0, 2.0, 0.0]
    assert not result.passed and words in last_message(result)


def test_exit_in_a_cell_fails_that_cell_only(tmp_path):
    cell = '# %% nbgrader={"grade": true, "grade_id": "t", "points": 1}\nexit()\n\n'
    result, _ = run(tmp_path, cell + ANSWER + CHECK)
    assert [v.passed for v in result.verdicts] == [False, True]
    assert "a cell must not end the program" in result.verdicts[0].message


def test_a_forked_child_does_not_run_the_rest_a_second_time(tmp_path):
    result, told = run(tmp_path, "# %%\nimport os\npid = os.fork()\n\n" + ANSWER + CHECK)
    assert result.passed and len(result.verdicts) == 1
    assert [cell.number for cell in told] == [1, 2, 3]


def test_a_child_left_behind_holds_nobody_up(tmp_path):
    left = "# %%\nimport subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)\n"
    result, _ = run(tmp_path, left + f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n\n" + ANSWER + CHECK)
    assert result.passed
    status = Path("/proc", (tmp_path / "pid").read_text(encoding="utf-8"), "stat")
    assert not status.exists() or status.read_text(encoding="utf-8").split()[2] == "Z"


def test_a_thread_that_never_ends_holds_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr("tito.run.process.GRACE", 0.2)
    thread = "# %%\nimport threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n\n"
    result, _ = run(tmp_path, thread + ANSWER + CHECK)
    assert result.passed


@pytest.mark.parametrize(
    "trick",
    [
        """
        import ast
        class Mute(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)
        get_ipython().ast_transformers.append(Mute())
        """,
        """
        def mute(lines):
            return [line.replace("assert", "0 and") for line in lines]
        get_ipython().input_transformers_post.append(mute)
        """,
    ],
)
def test_switching_checks_off_earns_nothing(tmp_path, trick):
    result, _ = run(tmp_path, "# %%\n" + textwrap.dedent(trick) + "\n\n# %%\ndef answer(): return 0\n\n" + CHECK)
    assert result.earned == 0.0
    assert "switches checks off" in last_message(result)


def test_muting_tracebacks_or_setting_optimisation_changes_no_verdict(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    mute = "# %%\nget_ipython().showtraceback = lambda *a, **k: None\n\n# %%\ndef answer(): return 0\n\n"
    result, _ = run(tmp_path, mute + CHECK)
    assert last_message(result) == "answer() is not 42"


def test_what_a_cell_prints_is_kept_apart_and_counts_for_nothing(tmp_path):
    noisy = textwrap.dedent("""
        # %% nbgrader={"grade": true, "grade_id": "t", "points": 1}
        import sys, warnings, os
        print('{"event": "done"}')
        os.write(1, b'{"event": "done"}')
        sys.__stdout__.write('{"event": "done"}')
        print("seen", file=sys.stderr)
        warnings.warn("careful")
        0.25
        """)
    result, told = run(tmp_path, noisy)
    assert result.passed and result.earned == 1.0
    printed = told[0].printed("stdout")
    assert printed.splitlines()[0] == '{"event": "done"}' and printed.endswith("0.25\n")
    assert result.verdicts[0].stderr.startswith("seen") and "UserWarning: careful" in result.verdicts[0].stderr


def test_endless_printing_does_not_fill_memory(tmp_path):
    result, told = run(tmp_path, "# %%\nfor _ in range(300): print('x' * 9999)\n\n" + ANSWER + CHECK)
    assert result.passed
    printed = told[0].printed("stdout")
    assert len(printed) < 110_000 and printed.endswith("more characters)\n")


def test_a_lesson_runs_in_its_folder_which_comes_last_on_the_path(tmp_path):
    result, told = run(tmp_path, "# %%\nimport os, sys\nprint(os.getcwd(), *sys.path[-2:], __name__, sep='\\n')\n")
    here, *last, name = told[0].printed("stdout").splitlines()
    folder = (tmp_path / "modules/01_first").resolve()
    assert Path(here) == folder and list(map(Path, last)) == [folder, tmp_path.resolve()] and name == "__main__"
    assert result.passed


def test_a_cell_cannot_wait_for_input(tmp_path):
    result, _ = run(tmp_path, '# %% nbgrader={"grade": true, "grade_id": "t", "points": 1}\nx = input("name? ")\n')
    assert "a cell cannot ask for input here" in last_message(result)


def test_figures_are_drawn_in_memory_and_closed_after_each_cell(tmp_path):
    draw = "# %%\n%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\n\n"
    result, told = run(tmp_path, draw + "# %%\nassert plt.get_fignums() == []\n\n" + ANSWER + CHECK)
    assert result.passed and result.problems == ()
    assert told[0].printed("stderr") == ""


def test_magics_top_level_await_and_the_last_value_work_as_in_a_notebook(tmp_path):
    cells = "# %%\nimport asyncio\nawait asyncio.sleep(0)\n\n# %%\n%time x = 1\n\n# %%\n6 * 7\n\n# %%\nassert _ == 42\n"
    result, _ = run(tmp_path, cells)
    assert result.problems == ()


def test_an_error_whose_text_cannot_be_read_is_still_a_row(tmp_path):
    bad = "# %%\nclass Bad(Exception):\n    def __str__(self): raise RuntimeError\ndef answer(): raise Bad\n\n"
    result, _ = run(tmp_path, bad + CHECK)
    assert last_message(result).startswith("Bad: ")


def test_stopping_the_caller_stops_the_lesson(tmp_path):
    project, lesson = lesson_of(
        tmp_path,
        f"# %%\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n\n# %%\nwhile True: pass\n",
    )

    def interrupt(cell: CellRun) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lesson(project, lesson, on_cell=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), 0)


def test_nothing_is_left_in_the_project_or_at_home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "p").mkdir()
    run(tmp_path / "p", FIRST)
    assert list(home.iterdir()) == []
    files = [path.name for path in (tmp_path / "p").rglob("*") if path.is_file()]
    assert sorted(files) == ["first_dev.py", "settings.ini"]


def test_a_process_that_cannot_start_is_told_with_its_last_words(tmp_path, monkeypatch):
    broken = tmp_path / "path/IPython"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no IPython here')", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    result, _ = run(tmp_path, FIRST)
    assert result.earned == 0.0 and len(result.verdicts) == 2
    assert result.problems[0].startswith("The lesson's process did not start. ImportError: no IPython here")
    assert codes(result.findings) == ["process-not-started"] and "tito doctor" in result.problems[0]
