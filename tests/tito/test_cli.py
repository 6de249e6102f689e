"""Every command as a user types it: what it prints, its exit code, and what bad input meets."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tito.small_project import (
    FIRST,
    REPOSITORY,
    blank,
    tito,
    tito_command,
    tito_environment,
    typed,
    write_lesson,
)
from tests.tito.terminal import on_a_terminal
from tito.actions.release import release
from tito.cli import cli, show
from tito.project import Project


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small source tree, as the current folder."""
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def student_here(student: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small student's folder, as the current folder."""
    monkeypatch.chdir(student.root)
    return student


# Help, and how little it imports


@pytest.mark.parametrize("line", ["--help", "-h", "module --help", "module test --help", "release -h"])
def test_help_is_there(line):
    result = typed(line)
    assert result.exit_code == 0 and "Usage: tito" in result.stdout


def test_every_command_of_the_table_exists_and_helps(here):
    for line in [
        "export",
        "notebook",
        "doctor",
        "release",
        "grade",
        "grade init",
        "grade check",
        *(f"module {name}" for name in cli.commands["module"].commands),
    ]:
        result = typed(f"{line} --help")
        assert result.exit_code == 0 and "--help" in result.stdout, line


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from tito.cli import cli\ntry: cli.main(['--help'], prog_name='tito')\nexcept SystemExit: pass\n"
    )
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=tito_environment(), capture_output=True, text=True)
    imported = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "click" in imported
    assert not imported & {"numpy", "rich", "jupytext", "nbformat", "IPython", "filelock", "asyncio", "tinytorch"}
    assert "tito.actions" not in done.stdout


def test_the_words_of_a_help_page_are_ascii():
    for line in ("--help", "module --help", "module complete --help", "doctor --help"):
        assert typed(line).stdout.isascii()


# Wrong use: exit 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("modul", "Did you mean module?"),
        ("module tset 1", "Did you mean test?"),
        ("module xyz", "There are: list, status, start, test, complete, reset."),
        ("module test", "Missing argument 'NN'"),
        ("module test 1 2", "unexpected extra argument"),
        ("module test 1 --cell-limit 0", "0 is not in the range"),
        ("module test 1 --cell-limit never", "not a valid integer"),
        ("module list --colour", "No such option"),
        ("release", "Missing argument 'DIR'"),
        ("release out --format pdf", "'pdf' is not one of 'ipynb', 'py'"),
        ("notebook", "Missing argument"),
        ("grade init", "Missing argument 'DIR'"),
        ("grade check", "Missing argument 'ASSIGNMENT'"),
    ],
)
def test_wrong_use_is_told(here, line, words):
    result = typed(line)
    assert result.exit_code == 2 and words in result.stderr and result.stdout == ""


@pytest.mark.parametrize(
    "line", ["module test 77", "module complete frist", "module start 77", "export 77", "notebook 77"]
)
def test_an_unknown_lesson_is_told_with_the_nearest(here, line):
    result = typed(line)
    assert result.exit_code == 2
    assert "There is no lesson" in result.stderr and "01_first" in result.stderr
    assert not here.package.exists() and not here.build.exists()


@pytest.mark.parametrize("line", ["module list", "module status", "module test 1", "export", "notebook 1", "release x"])
def test_a_folder_without_lessons_says_how_to_get_them(tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    result = typed(line)
    assert result.exit_code == 2
    assert "No TinyTorch lessons in" in result.stderr and "git clone" in result.stderr


def test_tito_works_from_a_folder_inside_the_project(here, monkeypatch):
    monkeypatch.chdir(here.modules / "02_second")
    assert "02_second" in typed("module list").stdout


# Listing


def test_list_shows_each_lesson(here):
    result = typed("module list")
    assert result.exit_code == 0 and result.stdout.isascii()
    for words in ("01_first", "tinytorch.core.second", "tinytorch.words.third"):
        assert words in result.stdout


def test_list_as_json_holds_the_same_rows(here):
    rows = json.loads(typed("module list --json").stdout)
    assert [row["lesson"] for row in rows] == ["01_first", "02_second", "05_third"]
    assert rows[1]["requires"] == ["01"] and rows[1]["points"] == 5.0


def test_status_shows_what_is_complete(here):
    typed("module complete 1")
    rows = {row["lesson"]: row for row in json.loads(typed("module status --json").stdout)}
    assert rows["01_first"]["state"] == "complete" and rows["01_first"]["earned"] == 5.0
    assert rows["02_second"]["state"] == "not completed"
    shown = typed("module status").stdout
    assert "complete" in shown and "5/5" in shown and "-/5" in shown and shown.isascii()


def test_status_shows_a_lesson_that_cannot_be_read(here):
    (here.modules / "01_first/first_dev.py").write_bytes(b"# %%\n\xff")
    result = typed("module status")
    assert result.exit_code == 0 and "unreadable" in result.stdout and "not UTF-8" in result.stdout


# Testing


def test_a_passing_test_shows_each_check_and_the_next_command(here):
    result = typed("module test 01")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "01_first (modules/01_first/first_dev.py)"
    assert lines[1].split() == ["ok", "test-double", "3/3"]
    assert "01_first: 5 of 5 points, 2 of 2 checks passed" in result.stdout
    assert "Graded by hand: open-why" in result.stdout and "`tito module complete 01`" in result.stdout


def test_a_failing_test_exits_1_with_the_checks_words(here):
    write_lesson(here.root, FIRST.replace("return 2 * x", "return 3 * x", 1))
    result = typed("module test first")
    assert result.exit_code == 1
    assert "FAIL  test-double" in result.stdout and "double(0.5) gave 1.5, wanted 1.0" in result.stdout
    assert "ok    test-root" in result.stdout and "2 of 5 points" in result.stdout


def test_a_failing_test_as_json_is_the_result(here):
    write_lesson(here.root, blank(FIRST))
    result = typed("module test 1 --json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["earned"], found["points"], found["passed"], found["manual"]) == (0.0, 5.0, False, ["open-why"])
    assert [verdict["grade_id"] for verdict in found["verdicts"]] == ["test-double", "test-root"]


def test_what_cells_print_is_shown_on_request_only(here):
    write_lesson(here.root, FIRST + "\n# %%\nprint('hello there')\n1 / 0\n")
    assert "hello there" not in typed("module test 1").stdout
    shown = typed("module test 1 -v").stdout
    assert "| hello there" in shown and "| ZeroDivisionError: division by zero" in shown


def test_an_endless_cell_is_named_with_its_limit(here):
    write_lesson(here.root, FIRST.replace("return 2 * x", "while True: pass", 1))
    result = typed("module test 1 --cell-limit 1")
    assert result.exit_code == 1
    assert "The cell test-double (line " in result.stdout and "took longer than 1 s" in result.stdout
    assert "`while True: pass`" in result.stdout
    assert result.stdout.count("took longer than") == 1
    assert "        Not run, for the same reason.\n" in result.stdout
    assert "Begin with the first FAIL: others may follow from it." in result.stdout


def test_broken_syntax_is_shown_with_its_line(here):
    write_lesson(here.root, FIRST.replace("return 2 * x", "return 2 *", 1))
    result = typed("module test 1")
    assert result.exit_code == 1
    assert "double is not defined, because the cell double (line 25) did not run to its end" in result.stdout
    assert "SyntaxError" in result.stdout and "`return 2 *`" in result.stdout


def test_the_form_is_told_before_a_lesson_is_completed(here):
    write_lesson(here.root, FIRST.replace('"grade_id": "test-root"', '"grade_id": "test-double"'))
    result = typed("module test 1")
    assert "Before it can be completed: 01_first/first_dev.py, line " in result.stdout.replace("modules/", "")
    assert "is used already" in result.stdout


def test_no_colour_and_no_cursor_moves_where_nobody_looks(here):
    done = tito(here.root, "module", "test", "1", FORCE_COLOR="1")
    assert done.returncode == 0 and "\x1b" not in done.stdout + done.stderr and "\r" not in done.stdout + done.stderr


def test_on_a_terminal_the_run_shows_how_far_it_is(here):
    shown = on_a_terminal(here.root, "module test 1")
    assert "cell 2/6, " in shown and "cell 6/6, " in shown and "slowest: " in shown
    assert "\x1b[32mok" in shown
    assert "cell 6/6" not in shown.splitlines()[-3:]


@pytest.mark.parametrize("line", ["module test 1", "module list", "module status"])
def test_no_color_is_obeyed_on_a_terminal(here, line):
    assert "\x1b[3" not in on_a_terminal(here.root, line, NO_COLOR="1")


# Completing


def test_complete_says_what_it_did(here):
    result = typed("module complete 1")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "01_first is complete: tinytorch.core.first is exported.",
        "Next: `tito module start 02`, the lesson 02_second.",
    ]
    assert typed("module complete 1").stdout.splitlines()[-2].endswith("is up to date.")


def test_complete_names_no_next_lesson_where_all_after_it_are_complete(here):
    for number in "125":
        assert typed(f"module complete {number}").exit_code == 0
    assert "Next:" not in typed("module complete 5").stdout and "Next:" not in typed("module complete 1").stdout


def test_complete_without_its_prerequisites_names_the_command(here):
    result = typed("module complete second")
    assert result.exit_code == 1
    assert "02_second needs tinytorch.core.first, which is not built." in result.stderr
    assert "Run `tito module complete 01` first." in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("return 2 * x", "return 3 * x", "nothing was exported or recorded"),
        ("return 2 * x", "return 2 *", "is not Python"),
        (', "grade_id": "root"', "", "The cell has no grade_id"),
        ('"grade_id": "root"', '"grade_id": "double"', "grade_id double is used already"),
        ('"points": 2', '"points": "two"', "points"),
        ("import math\n", "import math\nimport no_such_module\n", "No module named 'no_such_module'"),
    ],
)
def test_complete_with_a_lesson_that_is_not_right_says_what_to_do(here, old, new, words):
    write_lesson(here.root, FIRST.replace(old, new, 1))
    result = typed("module complete 1")
    assert result.exit_code == 1
    assert words in result.stderr + result.stdout
    assert not here.package.exists() and not (here.state / "record.json").exists()


def test_complete_as_json_says_where_it_stopped(here):
    write_lesson(here.root, blank(FIRST))
    result = typed("module complete 1 --json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and found["stopped_at"] == "form"
    found = json.loads(typed("module complete 5 --json").stdout)
    assert found["stopped_at"] == "" and found["result"]["passed"] is True


def test_a_second_command_waits_and_then_says_who_is_at_work(here, monkeypatch):
    write_lesson(here.root, FIRST + '\n# %%\nopen("running", "w").close()\nwhile True: pass\n')
    command = tito_command("module", "complete", "1")
    with subprocess.Popen(command, cwd=here.root, env=tito_environment(), stdout=subprocess.PIPE) as first:
        while not (here.modules / "01_first/running").exists():
            assert first.poll() is None
        result = typed("module complete 5")
        first.kill()
    assert result.exit_code == 1
    assert f"Another tito command is at work here (process {first.pid}); nothing was done." in result.stderr
    assert not here.package.exists()


# Files that cannot be read or written


@pytest.mark.parametrize("line", ["module test 1", "module complete 1", "export 1", "notebook 1", "module list"])
def test_a_file_that_is_not_utf8_is_named(here, line):
    path = here.modules / "01_first/first_dev.py"
    path.write_bytes(path.read_bytes() + b"\n# %%\ntext = '\xe9'\n")
    result = typed(line)
    assert result.exit_code == 1
    assert "01_first/first_dev.py, line " in result.stderr and "not UTF-8" in result.stderr
    assert not here.package.exists() and not here.build.exists()


def test_a_lesson_that_exists_twice_is_told(here):
    (here.modules / "01_first/first_dev.ipynb").write_text("{}", encoding="ascii")
    result = typed("module test 1")
    assert result.exit_code == 1 and "exists twice" in result.stderr


@pytest.mark.parametrize("line", ["export", "module complete 1"])
def test_where_nothing_can_be_written_one_sentence_says_so(here, line):
    here.state.write_text("a file where a folder must be", encoding="ascii")
    result = typed(line)
    assert result.exit_code == 1 and "Cannot write in" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not here.package.exists()


def disk_of(size: int):
    """What a child does before it becomes tito: no file of it may grow past `size` bytes, as on a full disk."""
    import resource  # of POSIX

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def without_root_powers() -> None:
    """What a child does so that permissions hold for it even where the tests run as root (Linux)."""
    if os.getuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1
        ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


@pytest.mark.parametrize(
    ("line", "closed"),
    [("export", "tinytorch/core"), ("module complete 5", "tinytorch"), ("module complete 1", "."), ("notebook 1", ".")],
)
def test_without_write_permission_one_sentence_says_so_and_all_is_as_it_was(here, line, closed):
    if closed != ".":
        typed("module complete 1")
    write_lesson(here.root, FIRST.replace("2 * x", "x + x", 1))
    before = {path: path.read_bytes() for path in here.root.rglob("*.*") if path.is_file()}
    (here.root / closed).chmod(0o555)
    done = subprocess.run(
        tito_command(*line.split()),
        cwd=here.root,
        env=tito_environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        preexec_fn=without_root_powers,
    )
    (here.root / closed).chmod(0o755)
    assert done.returncode == 1 and "Permission denied" in done.stderr and "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in here.root.rglob("*.*") if path.is_file()} == before


@pytest.mark.parametrize("line", ["export", "module complete 1", "notebook 1"])
@pytest.mark.parametrize("size", [0, 100, 600])
def test_a_full_disk_is_one_clear_sentence_and_leaves_no_part_of_a_file(here, line, size):
    done = subprocess.run(
        tito_command(*line.split()),
        cwd=here.root,
        env=tito_environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        preexec_fn=disk_of(size),
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr or "did not start" in done.stdout
    assert not [path for path in here.root.rglob("*") if path.suffix == ".tmp"]
    assert not here.package.exists() or not list(here.package.rglob("*.py"))
    assert not (here.state / "record.json").exists()


def test_the_reader_of_the_output_may_go_away(here):
    command = f"{' '.join(tito_command('module', 'list', '--json'))} | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=here.root, env=tito_environment(), capture_output=True, text=True)
    assert done.stdout == "[\n" and done.stderr == ""


# The other commands


def test_export_writes_every_lesson_and_then_nothing(here):
    first = typed("export")
    assert first.exit_code == 0 and "01_first -> tinytorch/core/first.py\n" in first.stdout
    second = typed("export")
    assert second.stdout.count("(unchanged)") == 3
    rows = json.loads(typed("export 2 --json").stdout)
    assert [(row["lesson"], row["changed"]) for row in rows] == [("02_second", False)]


def test_a_lesson_named_twice_is_exported_once(here):
    assert len(json.loads(typed("export 1 first 01_first --json").stdout)) == 1


def test_notebook_writes_to_the_build_folder(here):
    result = typed("notebook 1 05")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "01_first -> build/notebooks/01_first/first_dev.ipynb"
    assert json.loads((here.build / "notebooks/05_third/third_dev.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4
    assert sorted(path.name for path in here.modules.rglob("*.ipynb")) == []


def test_reset_says_where_the_copy_is(student_here):
    write_lesson(student_here.root, FIRST)
    result = typed("module reset 1")
    assert result.exit_code == 0
    assert "modules/01_first/first_dev.py is as it was released." in result.stdout
    backup = json.loads(typed("module reset 1 --json").stdout)["backup"]
    assert (student_here.root / backup).is_file()


def test_reset_in_the_source_tree_is_refused_with_the_reason(here):
    result = typed("module reset 1")
    assert result.exit_code == 2 and "This is the source tree" in result.stderr


def test_start_without_jupyter_is_told_plainly(here, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = typed("module start 1")
    assert result.exit_code == 2
    assert "JupyterLab is not installed" in result.stderr and "pip install jupyterlab" in result.stderr


def test_start_runs_jupyter_on_the_lesson_and_warns_of_what_is_missing(here, monkeypatch):
    called = []
    ran = "tito.actions.notebook.subprocess.run"
    monkeypatch.setattr(ran, lambda command, **more: called.append(command) or Ended())
    result = typed("module start 2")
    assert result.exit_code == 0
    assert called[0][1:3] == ("-m", "jupyterlab")
    assert called[0][-1] == "build/notebooks/02_second/second_dev.ipynb"
    assert "Run `tito module complete 01` first" in result.stderr and "do not reach the lesson" in result.stderr


class Ended:
    """A process that ended well."""

    returncode = 0


def test_release_makes_a_folder_in_which_tito_works(here, monkeypatch, tmp_path):
    out = tmp_path / "class"
    result = typed(f"release {out} --format py")
    assert result.exit_code == 0 and "3 lessons with 11 points" in result.stdout
    assert "`python -m pip install -e .`, so that programs use the package there" in result.stdout
    assert typed(f"release {out}").exit_code == 2
    monkeypatch.chdir(out)
    rows = json.loads(typed("module status --json").stdout)
    assert {row["state"] for row in rows} == {"not started"}


def test_two_lessons_in_order_as_typed_by_a_user(project):
    for number in ("1", "2"):
        done = tito(project.root, "module", "complete", number)
        assert done.returncode == 0, done.stderr
    code = "from tinytorch import quadruple; print(quadruple(2.5))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True)
    assert shown.stdout == "10.0\n"


# Rendering


def test_dataclasses_and_paths_become_json(here, capsys):
    show.as_json([Path("a"), (1, None), here])
    path, pair, shown = json.loads(capsys.readouterr().out)
    assert (path, pair, shown["root"]) == ("a", [1, None], str(here.root))


def test_a_character_that_the_terminal_lacks_is_escaped(project):
    write_lesson(project.root, FIRST.replace("return 2 * x", "raise ValueError('\u2713')", 1))
    done = tito(project.root, "module", "test", "1", PYTHONIOENCODING="cp1252")
    assert done.returncode == 1 and r"\u2713" in done.stdout


def test_release_of_one_lesson_says_one(here, tmp_path):
    assert "1 lesson with 5 points is in " in typed(f"release {tmp_path / 'class'} --lessons 01").stdout


def test_the_version_says_which_tito_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = typed("--version")
    assert result.exit_code == 0
    assert result.stdout == f"tito {Project(REPOSITORY).version} ({REPOSITORY / 'tito'})\n"


def test_a_blank_lesson_names_every_exercise_and_asks_for_the_file(project, tmp_path, monkeypatch):
    write_lesson(project.root, FIRST.replace("return math.sqrt(x)", "return double(math.sqrt(x)) / 2").replace(
        "assert root(9.0) == 3.0", "assert root(double(4.5)) == 3.0"))  # fmt: skip
    release(project, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    shown = typed("module test 1").stdout
    assert "Every exercise in the file is blank. Did you save it?" in shown
    assert "Still to build: double, root" in shown
    assert shown.count("Exercise double is not built yet (cell 4). double: Return twice `x`.") == 1
    assert "FAIL" not in shown and shown.count("todo") == 2 and len(shown.splitlines()) == 8
