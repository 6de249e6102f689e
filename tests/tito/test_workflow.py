"""What a learner does with lessons: see how far they are, complete them, go back; and what a failure leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tito.small_project import (
    FIRST,
    HEADER,
    SECOND,
    THIRD,
    blank,
    codes,
    tito_command,
    tito_environment,
    write_lesson,
)
from tito.actions.complete import Completed, complete
from tito.actions.notebook import build_notebook, plan_start
from tito.actions.reset import reset
from tito.actions.run import form_findings
from tito.actions.status import missing_prerequisites, overview, status
from tito.errors import LessonError, TitoError, UnknownLesson, WorkFailed
from tito.lesson.find import find_lesson, lessons
from tito.lesson.lesson import read_lesson
from tito.package.contents import export
from tito.project import Project
from tito.record import read_record, record_path
from tito.run.runner import CellRun
from tito.student.judge import judge_lesson


def completed(project: Project, wanted: str) -> Completed:
    return complete(project, find_lesson(project, wanted))


def states(project: Project) -> dict[str, str]:
    return {row.lesson: row.state for row in status(project)}


def snapshot(project: Project) -> dict[str, bytes]:
    """The package and the record, byte by byte."""
    files = [*project.package.rglob("*.py"), *project.state.glob("record.json")]
    return {project.relative(path): path.read_bytes() for path in files}


# The lessons at a glance


def test_the_overview_is_derived_from_the_lessons(project):
    rows = overview(project)
    assert [row.lesson for row in rows] == ["01_first", "02_second", "05_third"]
    second = rows[1]
    assert (second.title, second.module) == ("Second: four times", "tinytorch.core.second")
    assert (second.requires, second.exercises, second.checks, second.points) == (("01",), 1, 1, 5.0)


def test_a_lesson_is_complete_until_it_is_edited(project):
    assert states(project) == dict.fromkeys(("01_first", "02_second", "05_third"), "not completed")
    completed(project, "1")
    assert states(project)["01_first"] == "complete"
    write_lesson(project.root, FIRST.replace("2 * x", "x + x", 1))
    row = status(project)[0]
    assert (row.state, row.earned, row.points, row.built) == ("changed", 5.0, 5.0, True)


def test_status_names_the_lessons_to_build_first(project):
    assert status(project)[1].missing == ("01",)
    completed(project, "1")
    assert status(project)[1].missing == ()


def test_a_students_lesson_is_started_when_its_file_changes(student):
    assert set(states(student).values()) == {"not started"}
    write_lesson(student.root, FIRST)
    assert states(student)["01_first"] == "started"


def test_a_lesson_that_cannot_be_read_has_a_row(project):
    find_lesson(project, "1").path.write_bytes(b"# %%\nx = '\xff'\n")
    rows = status(project)
    assert rows[0].state == "unreadable" and "not UTF-8" in rows[0].problem
    assert rows[2].state == "not completed"


# Completing


def test_completing_exports_and_records(project):
    done = completed(project, "first")
    assert done.done and done.result.passed
    assert done.changed
    entry = read_record(project)["01_first"]
    assert (entry.digest, entry.earned, entry.points) == (find_lesson(project, "1").digest, 5.0, 5.0)
    code = "from tinytorch.core.first import double; print(double(21))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True)
    assert shown.stdout == "42\n"
    assert not (project.state / "staging").exists()


def test_completing_again_changes_nothing_in_the_package(project):
    completed(project, "1")
    before = {path: path.stat().st_mtime_ns for path in project.package.rglob("*.py")}
    assert completed(project, "1").changed is False
    assert {path: path.stat().st_mtime_ns for path in project.package.rglob("*.py")} == before


def test_an_export_through_complete_equals_a_plain_export(project):
    completed(project, "1")
    before = snapshot(project)
    export(project, [find_lesson(project, "1")])
    assert snapshot(project) == before


def test_what_a_lesson_needs_is_named_with_its_command(project):
    done = completed(project, "2")
    assert (done.stopped_at, done.result) == ("prerequisites", None)
    assert [row.command for row in done.missing] == ["tito module complete 01"]
    assert snapshot(project) == {}


def test_a_module_that_no_lesson_makes_is_named_without_a_command(project):
    write_lesson(project.root, SECOND.replace("core.first", "core.nothing"), "02_second")
    [missing] = missing_prerequisites(project, find_lesson(project, "2"))
    assert (missing.module, missing.lesson, missing.command) == ("tinytorch.core.nothing", "", "")


def test_prerequisites_are_found_beside_a_broken_lesson(project):
    find_lesson(project, "5").path.write_bytes(b"\xff")
    assert missing_prerequisites(project, find_lesson(project, "2"))[0].lesson == "01_first"


@pytest.mark.parametrize(
    ("old", "new", "stopped_at", "words"),
    [
        ("return 2 * x", "return 3 * x", "run", ""),
        ("return 2 * x", "return 2 *", "form", "is not Python"),
        ('"grade_id": "root"', '"grade_id": "double"', "form", "is used already"),
        ('"grade_id": "root"', '"points": 0', "form", "no grade_id"),
        ("#| export\nimport math", "import math", "import", "name 'math' is not defined"),
        ("# %%\n#| default_exp core.first\n", "", "form", "names no module"),
    ],
)
def test_a_lesson_that_is_not_right_changes_nothing(project, old, new, stopped_at, words):
    completed(project, "1")
    before = snapshot(project)
    assert FIRST.count(old) >= 1
    text = FIRST.replace(old, new, 1)
    if stopped_at == "import":
        text = text.replace("#| export\ndef double", "#| export\nbase = math.pi\ndef double")
    write_lesson(project.root, text)
    done = completed(project, "1")
    assert done.stopped_at == stopped_at and not done.done
    assert words in " ".join(done.problems)
    assert snapshot(project) == before


def test_a_student_who_removes_a_check_cannot_complete(student):
    start = FIRST.index('# %% nbgrader={"grade": true, "grade_id": "test-root"')
    write_lesson(student.root, FIRST[:start])
    done = completed(student, "1")
    assert done.stopped_at == "form"
    assert codes(done.findings) == ["check-gone"]


def test_a_student_completes_without_solution_regions(student):
    solved = FIRST.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "")
    write_lesson(student.root, solved)
    assert completed(student, "1").done


def test_an_endless_cell_stops_completing(project):
    write_lesson(project.root, FIRST + "\n# %%\nwhile True: pass\n")
    done = complete(project, find_lesson(project, "1"), cell_limit=1.0)
    assert done.stopped_at == "run" and "took longer than 1 s" in done.problems[0]
    assert snapshot(project) == {}


def test_two_lessons_that_export_one_name_are_told_and_nothing_changes(project):
    completed(project, "1")
    before = snapshot(project)
    write_lesson(project.root, THIRD.replace("greet", "double"), "05_third")
    with pytest.raises(LessonError, match="both export double"):
        completed(project, "5")
    assert snapshot(project) == before


def test_a_package_that_cannot_be_written_leaves_all_as_it_was(project):
    completed(project, "1")
    part = project.package / "words"
    shutil.rmtree(part)
    part.write_text("a file where a folder must be", encoding="ascii")
    before = snapshot(project)
    with pytest.raises(WorkFailed, match="Cannot write"):
        completed(project, "5")
    assert snapshot(project) == before


def test_a_record_that_cannot_be_written_puts_the_package_back(project):
    completed(project, "1")
    before = snapshot(project)
    write_lesson(project.root, FIRST.replace("2 * x", "x + x", 1))
    in_the_way = project.state / f".record.json.{os.getpid()}.tmp"
    in_the_way.mkdir()
    with pytest.raises(WorkFailed, match="record.json"):
        completed(project, "1")
    assert snapshot(project) == before
    in_the_way.rmdir()
    assert completed(project, "1").done


def test_stopping_in_the_middle_of_the_run_changes_nothing(project):
    completed(project, "1")
    before = snapshot(project)
    write_lesson(project.root, FIRST.replace("2 * x", "x + x", 1))

    def interrupt(cell: CellRun) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        complete(project, find_lesson(project, "1"), on_cell=interrupt)
    assert snapshot(project) == before
    assert completed(project, "1").done


def wait_for(process: subprocess.Popen, seen: Callable[[], bool]) -> None:
    while process.poll() is None and not seen():
        time.sleep(0.002)


POINTS = {
    "the run": lambda project: (project.root / "modules/01_first/running").exists(),
    "the staging folder": lambda project: (project.state / "staging").exists(),
    "the staged package": lambda project: (project.state / "staging/tinytorch/__init__.py").exists(),
    "the staged module": lambda project: b"x + x" in staged(project),
    "the saved module": lambda project: (project.state / "staging/kept/tinytorch/core/first.py").exists(),
    "the module": lambda project: b"x + x" in (project.package / "core/first.py").read_bytes(),
}


def staged(project: Project) -> bytes:
    path = project.state / "staging/tinytorch/core/first.py"
    return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_complete_leaves_package_and_record_whole(project, point):
    completed(project, "1")
    package, record = snapshot(project)["tinytorch/core/first.py"], record_path(project).read_bytes()
    marked = FIRST.replace("2 * x", "x + x", 1) + '\n# %%\nopen("running", "w").close()\n'
    write_lesson(project.root, marked)
    command = tito_command("module", "complete", "1")
    with subprocess.Popen(command, cwd=project.root, env=tito_environment(), stdout=subprocess.DEVNULL) as process:
        wait_for(process, lambda: POINTS[point](project))
        process.kill()
    module = (project.package / "core/first.py").read_bytes()
    assert module in (package, package.replace(b"2 * x", b"x + x", 1))
    changed = record_path(project).read_bytes() != record
    assert not changed or (module != package and states(project)["01_first"] == "complete")
    code = "from tinytorch.core.first import double; import tinytorch; assert tinytorch.double(4) == 8"
    subprocess.run([sys.executable, "-c", code], cwd=project.root, check=True)
    assert completed(project, "1").done
    assert not (project.state / "staging").exists()


def test_ctrl_c_is_one_sentence_and_changes_nothing(project):
    write_lesson(project.root, FIRST + '\n# %%\nopen("running", "w").close()\nwhile True: pass\n')
    command = tito_command("module", "complete", "1")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=project.root, env=tito_environment(), stdout=pipe, stderr=pipe) as process:
        wait_for(process, lambda: POINTS["the run"](project))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    said = "tito: Stopped by Ctrl-C; the lessons, the package and the record are whole."
    assert (process.returncode, stderr.decode().strip()) == (130, said)
    assert snapshot(project) == {}


def test_two_completes_at_once_both_end_well(project):
    commands = [tito_command("module", "complete", number) for number in ("1", "5")]
    running = [
        subprocess.Popen(command, cwd=project.root, env=tito_environment(), stdout=subprocess.DEVNULL)
        for command in commands
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert states(project) == {"01_first": "complete", "02_second": "not completed", "05_third": "complete"}


# Going back


def test_reset_keeps_a_copy_of_the_students_file(student):
    path = write_lesson(student.root, FIRST + "\n# mine\n")
    mine = path.read_bytes()
    done = reset(student, "first")
    assert done.file == "modules/01_first/first_dev.py"
    assert path.read_text(encoding="utf-8") == HEADER + blank(FIRST)
    assert (student.root / done.backup).read_bytes() == mine
    assert states(student)["01_first"] == "not started"


def test_reset_twice_keeps_both_copies(student):
    backups = set()
    for text in ("# one\n", "# two\n"):
        find_lesson(student, "1").path.write_text(text, encoding="utf-8")
        backups.add(reset(student, "1").backup)
    assert {(student.root / backup).read_text(encoding="utf-8") for backup in backups} == {"# one\n", "# two\n"}


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"# %% nbgrader={broken\n", b""])
def test_reset_replaces_a_file_that_cannot_be_read(student, damage):
    path = find_lesson(student, "1").path
    path.write_bytes(damage)
    assert (student.root / reset(student, "1").backup).read_bytes() == damage
    assert read_lesson(path).points == 5.0


def test_reset_brings_back_a_lesson_that_was_deleted(student):
    path = find_lesson(student, "1").path
    path.unlink()
    assert reset(student, "1").backup == ""
    assert path.exists()


def test_reset_leaves_the_lesson_once(student):
    path = find_lesson(student, "1").path
    path.rename(path.with_suffix(".ipynb"))
    done = reset(student, "1")
    assert path.exists() and not path.with_suffix(".ipynb").exists()
    assert done.backup.endswith("first_dev.ipynb")


def test_reset_refuses_in_the_source_tree(project):
    before = find_lesson(project, "1").path.read_bytes()
    with pytest.raises(TitoError, match="This is the source tree"):
        reset(project, "1")
    assert find_lesson(project, "1").path.read_bytes() == before


def test_reset_without_room_for_a_copy_leaves_the_file(student):
    path = write_lesson(student.root, FIRST)
    (student.state / "backups").write_text("in the way", encoding="ascii")
    with pytest.raises(WorkFailed, match="Cannot keep a copy"):
        reset(student, "1")
    assert path.read_text(encoding="utf-8") == HEADER + FIRST


def test_reset_of_an_unknown_lesson_names_the_nearest(student):
    with pytest.raises(UnknownLesson) as caught:
        reset(student, "frist")
    assert "01_first" in caught.value.hint


# Notebooks


def test_a_notebook_is_built_outside_the_lessons_and_says_the_same(project):
    lesson = find_lesson(project, "1")
    built = build_notebook(project, lesson)
    assert (built.path, built.changed, built.backup) == ("build/notebooks/01_first/first_dev.ipynb", True, "")
    assert [cell.source for cell in read_lesson(project.root / built.path).code] == [c.source for c in lesson.code]
    assert build_notebook(project, lesson).changed is False


def test_an_edited_notebook_is_kept_and_an_outdated_one_is_not(project):
    path = project.root / build_notebook(project, find_lesson(project, "1")).path
    write_lesson(project.root, FIRST.replace("2 * x", "x + x", 1))
    assert build_notebook(project, find_lesson(project, "1")).backup == ""
    path.write_text(path.read_text(encoding="utf-8").replace("x + x", "mine(x)", 1), encoding="utf-8")
    edited = path.read_bytes()
    built = build_notebook(project, find_lesson(project, "1"))
    assert (project.root / built.backup).read_bytes() == edited
    assert "x + x" in path.read_text(encoding="utf-8")


def test_start_in_the_source_tree_opens_a_built_notebook_and_says_so(project):
    plan = plan_start(project, find_lesson(project, "2"))
    assert plan.path == "build/notebooks/02_second/second_dev.ipynb" and (project.root / plan.path).exists()
    assert plan.command[:3] == (sys.executable, "-m", "jupyterlab") and plan.command[-1] == plan.path
    assert f"--ServerApp.root_dir={project.root}" in plan.command
    assert "--LabApp.default_url=/lab/tree/build/notebooks/02_second/second_dev.ipynb" in plan.command
    assert plan.notes[0].endswith("edits in it do not reach the lesson.")
    assert [row.lesson for row in plan.missing] == ["01_first"]
    assert dict(plan.environment)["PYTHONPATH"].split(os.pathsep)[0] == str(project.root)


@pytest.mark.parametrize("user", [0, 1000])
def test_start_as_root_allows_it(project, monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--allow-root" in plan_start(project, find_lesson(project, "1")).command) is (user == 0)


def test_start_in_a_students_folder_opens_the_students_own_file(student):
    plan = plan_start(student, find_lesson(student, "1"))
    assert plan.path == "modules/01_first/first_dev.py"
    assert not student.build.exists()


def test_start_without_jupyter_says_how_to_get_it(project, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TitoError, match="JupyterLab is not installed") as caught:
        plan_start(project, find_lesson(project, "1"))
    assert "python -m pip install jupyterlab" in caught.value.hint


def test_the_form_of_every_small_lesson_is_sound(project):
    for lesson in lessons(project):
        assert form_findings(project, judge_lesson(project, lesson)) == ()


def test_writing_under_a_lesson_that_is_read_uses_one_version(project, tmp_path: Path):
    lesson = find_lesson(project, "1")
    write_lesson(project.root, FIRST.replace("2 * x", "x + x", 1))
    complete(project, lesson)
    assert b"2 * x" in (project.package / "core/first.py").read_bytes()
    assert states(project)["01_first"] == "changed"
