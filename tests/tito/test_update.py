"""A newer release comes into a student's folder: new text and checks, the student's answers, and nothing lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.notebooks import fill_in
from tests.tito.small_project import FIRST, LESSONS, SECOND, codes, printed, typed, write_lesson
from tito import files as files_module
from tito.actions import update as update_module
from tito.actions.complete import complete
from tito.actions.release import release
from tito.actions.run import run_lesson
from tito.actions.selection import Selection
from tito.actions.status import status
from tito.actions.update import Updated, journal_path, update
from tito.errors import TitoError, WorkFailed
from tito.lesson.find import find_lesson
from tito.project import Project

ANSWER = "both = 2\nreturn both * x"
WRITTEN = "    both = 2\n    return both * x"
NEWER = (
    FIRST.replace("# First: doubling", "# First: doubling, anew")
    .replace('"""Return twice `x`."""', '"""Return twice `x`, as in double(2.0) == 4.0."""')
    .replace("in (0.5, 2.0)", "in (0.5, 2.0, -3.0)")
)

both_formats = pytest.mark.parametrize("fmt", ["ipynb", "py"])


def edition(project: Project, folder: Path, fmt: str = "ipynb", selection: Selection | None = None) -> Project:
    for name in ("README.md", "LICENSE", "examples/show.py", "datasets/numbers.csv"):
        path = project.root / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text(f"{name}\n".replace("examples/show.py", "print('show')"), encoding="utf-8")
    release(project, folder, fmt, selection)
    return Project(folder)


def type_in(project: Project, name: str, answer: str, number: str = "1") -> Path:
    """Type an answer into the file of a lesson, as a student does."""
    return fill_in(find_lesson(project, number).path, {name: answer})


def everything(root: Path) -> dict[str, bytes]:
    """All files but tito's lock."""
    paths = [path for path in root.rglob("*") if path.is_file() and path.name not in ("lock", "holder")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def source_of(project: Project, name: str, number: str = "1") -> str:
    return next(cell.source for cell in find_lesson(project, number).cells if cell.grade_id == name)


def row(done: Updated, name: str):
    return next(row for row in done.lessons if row.lesson == name)


@both_formats
@pytest.mark.parametrize("from_edition", [True, False])
def test_new_text_and_checks_come_in_and_answers_stay(project, tmp_path, fmt, from_edition):
    mine = edition(project, tmp_path / "mine", fmt)
    type_in(mine, "double", ANSWER)
    write_lesson(project.root, NEWER)
    other = "py" if fmt == "ipynb" else "ipynb"
    source = edition(project, tmp_path / "newer", other).root if from_edition else project.root
    done = update(mine, source)
    found = row(done, "01_first")
    assert (found.state, found.carried, found.kept) == ("updated", ("double",), "")
    assert found.news == (
        "Changed exercise: double.", "Changed check: test-double.", "New or changed cells: 1 of text.",
    )  # fmt: skip
    assert find_lesson(mine, "1").path.suffix == f".{fmt}"
    assert find_lesson(mine, "1").title == "First: doubling, anew"
    assert source_of(mine, "double").endswith(f'"""Return twice `x`, as in double(2.0) == 4.0."""\n{WRITTEN}')
    assert [verdict.passed for verdict in run_lesson(mine, find_lesson(mine, "1")).verdicts] == [True, False]
    assert row(done, "02_second").state == "as it was"
    assert update(mine, source).backup == ""


@both_formats
def test_an_update_to_the_same_release_writes_nothing(project, tmp_path, fmt):
    mine = edition(project, tmp_path / "mine", fmt)
    type_in(mine, "double", ANSWER)
    before = everything(mine.root)
    assert update(mine, project.root).backup == ""
    assert everything(mine.root) == before


@both_formats
def test_everything_replaced_is_kept(project, tmp_path, fmt):
    mine = edition(project, tmp_path / "mine", fmt)
    path = type_in(mine, "double", ANSWER)
    (mine.root / "examples/show.py").write_text("print('mine')\n", encoding="utf-8")
    before = everything(mine.root)
    write_lesson(project.root, NEWER.replace(", anew", ""))
    (project.root / "examples/show.py").write_text("print('new')\n", encoding="utf-8")
    done = update(mine, project.root)
    after, kept = everything(mine.root), everything(mine.root / done.backup)
    for name, data in before.items():
        assert after.get(name) == data or kept[name] == data, name
    assert mine.relative(path) in kept and done.files == ("examples/show.py",)
    assert codes(done.findings) == ["file-replaced"]
    assert done.notes == ("You had changed examples/show.py; the release's is in its place, yours is in the backup.",)


@both_formats
def test_an_answer_whose_exercise_is_gone_is_kept_beside_the_lesson(project, tmp_path, fmt):
    mine = edition(project, tmp_path / "mine", fmt)
    type_in(mine, "double", ANSWER)
    start, end = (
        FIRST.index('# %% nbgrader={"solution": true, "grade_id": "double"'),
        FIRST.index('# %% nbgrader={"solution": true, "grade_id": "root"'),
    )
    write_lesson(project.root, FIRST[:start] + FIRST[end:])
    found = row(update(mine, project.root), "01_first")
    assert found.kept == f"modules/01_first/first-kept.{fmt}" and found.carried == ()
    assert "Gone exercise: double." in found.news and "Gone check: test-double." in found.news
    kept = (mine.root / found.kept).read_text(encoding="utf-8")
    assert "return both * x" in kept and "double" in kept and "nbgrader" not in kept
    assert "return both * x" not in find_lesson(mine, "1").path.read_text(encoding="utf-8")


def test_new_lessons_come_with_their_stubs_and_lessons_left_out_stay(project, tmp_path):
    shutil.move(project.modules / "02_second", tmp_path / "02_second")
    mine = edition(project, tmp_path / "mine")
    shutil.rmtree(project.modules / "05_third")
    shutil.move(tmp_path / "02_second", project.modules / "02_second")
    done = update(mine, edition(project, tmp_path / "newer").root)
    assert {row.lesson: row.state for row in done.lessons} == {
        "01_first": "as it was", "02_second": "new", "05_third": "not in the release",
    }  # fmt: skip
    assert (mine.package / "core/second.py").read_text(encoding="utf-8").startswith("# NOT BUILT YET")
    assert [entry.state for entry in status(mine)] == ["not started"] * 3


def test_an_edition_of_a_part_stays_one(project, tmp_path):
    mine = edition(project, tmp_path / "mine", selection=Selection(start="2"))
    (project.package / "core").mkdir(parents=True, exist_ok=True)
    write_lesson(project.root, FIRST.replace("return 2 * x", "return x + x"))
    done = update(mine, project.root)
    assert [row.lesson for row in done.lessons] == ["02_second", "05_third"]
    assert "return x + x" in (mine.package / "core/first.py").read_text(encoding="utf-8")
    assert update(mine, project.root).backup == ""


def test_a_finished_module_that_was_edited_is_put_right(project, tmp_path):
    mine = edition(project, tmp_path / "mine", selection=Selection(start="2"))
    (mine.package / "core/first.py").write_text("double = abs\n", encoding="utf-8")
    done = update(mine, project.root)
    assert "return 2 * x" in (mine.package / "core/first.py").read_text(encoding="utf-8")
    assert (mine.root / done.backup / "tinytorch/core/first.py").read_text(encoding="utf-8") == "double = abs\n"


def test_a_students_own_modules_outlive_finished_ones(project, tmp_path):
    mine = edition(project, tmp_path / "mine", selection=Selection(start="2"))
    type_in(mine, "greet", 'return "Hello, " + name', "5")
    assert complete(mine, find_lesson(mine, "5")).done
    shutil.move(project.modules / "05_third", project.modules / "00_third")  # so it comes before lesson 02: finished
    update(mine, edition(project, tmp_path / "newer", selection=Selection(start="2")).root)
    assert '"Hello, " + name' in (mine.package / "words/third.py").read_text(encoding="utf-8")


def test_a_lesson_that_moved_takes_its_answers_along(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    type_in(mine, "double", ANSWER)
    shutil.rmtree(project.modules / "01_first")
    write_lesson(project.root, FIRST, "03_first")
    write_lesson(project.root, SECOND, "04_second")
    shutil.rmtree(project.modules / "02_second")
    done = update(mine, project.root)
    assert {row.lesson: row.state for row in done.lessons} == {
        "03_first": "updated", "04_second": "updated", "05_third": "as it was",
    }  # fmt: skip
    assert "return both * x" in source_of(mine, "double", "3")
    assert not list((mine.modules / "01_first").glob("*"))


def test_a_complete_lesson_stays_complete_where_only_text_is_new(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    type_in(mine, "double", ANSWER)
    type_in(mine, "root", "return x ** 0.5")
    assert complete(mine, find_lesson(mine, "1")).done
    write_lesson(project.root, FIRST.replace("# First: doubling", "# First: twice"))
    update(mine, project.root)
    assert status(mine)[0].state == "complete"
    write_lesson(project.root, NEWER)
    update(mine, project.root)
    assert status(mine)[0].state == "changed"


def test_a_lesson_that_cannot_be_read_is_left_alone(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    path = find_lesson(mine, "1").path
    path.write_text('{"cells": [', encoding="utf-8")
    write_lesson(project.root, NEWER)
    found = row(update(mine, project.root), "01_first")
    assert found.state == "left alone" and codes(found.findings) == ["unreadable"]
    assert "`tito module reset 01` brings the new lesson" in found.notes[0]
    assert path.read_text(encoding="utf-8") == '{"cells": ['


def test_a_lesson_whose_file_is_gone_comes_back(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    shutil.rmtree(mine.modules / "01_first")
    assert row(update(mine, project.root), "01_first").state == "new"
    assert find_lesson(mine, "1").title == "First: doubling"


@both_formats
def test_a_folder_without_its_release_gets_one(project, tmp_path, fmt):
    mine = edition(project, tmp_path / "mine", fmt)
    type_in(mine, "double", ANSWER)
    shutil.rmtree(mine.state)
    assert mine.lacks_release
    done = update(mine, project.root)
    assert not mine.lacks_release and row(done, "01_first").carried == ("double",)
    assert WRITTEN in source_of(mine, "double")


def test_files_that_the_release_dropped_go_unless_they_were_edited(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    (project.root / "examples/show.py").unlink()
    (project.root / "datasets/numbers.csv").unlink()
    (mine.root / "datasets/numbers.csv").write_text("mine\n", encoding="utf-8")
    done = update(mine, project.root)
    assert done.removed == ("examples/show.py",) and not (mine.root / "examples/show.py").exists()
    assert (mine.root / done.backup / "examples/show.py").exists()
    assert (mine.root / "datasets/numbers.csv").read_text(encoding="utf-8") == "mine\n"


def test_another_students_folder_gives_its_release_and_no_answer(project, tmp_path):
    mine, theirs = edition(project, tmp_path / "mine"), edition(project, tmp_path / "theirs")
    type_in(theirs, "double", ANSWER)
    update(mine, theirs.root)
    assert "# YOUR CODE HERE" in source_of(mine, "double")


# Interrupted


def newer(project: Project, tmp_path: Path) -> Project:
    """A folder in use, for which there is a newer release."""
    mine = edition(project, tmp_path / "mine")
    type_in(mine, "double", ANSWER)
    write_lesson(project.root, NEWER)
    write_lesson(project.root, LESSONS["05_third"].replace("greeting", "hello"), "05_third")
    return mine


@pytest.mark.parametrize("error", [OSError(28, os.strerror(28), "modules"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", range(5))
def test_an_update_that_fails_puts_everything_back(project, tmp_path, monkeypatch, error, at):
    mine = newer(project, tmp_path)
    before = everything(mine.root)
    make, count = files_module._change, iter(range(100))

    def fails(target: Path, staged: Path | None) -> None:
        if next(count) == at:
            raise error
        make(target, staged)

    monkeypatch.setattr(files_module, "_change", fails)
    with pytest.raises(WorkFailed if isinstance(error, OSError) else KeyboardInterrupt):
        update(mine, project.root)
    after = everything(mine.root)
    assert {name: data for name, data in after.items() if "backups" not in name} == before


@pytest.mark.parametrize("at", range(5))
def test_an_update_that_was_killed_is_finished_by_the_next(project, tmp_path, monkeypatch, at):
    mine, other = newer(project, tmp_path), tmp_path / "other"
    shutil.copytree(mine.root, other)
    update(Project(other), project.root)
    kill(mine, project, monkeypatch, at)
    assert journal_path(mine).exists() and WRITTEN in source_of(mine, "double")
    said = typed("update")
    assert said.exit_code == 0 and "The update that was interrupted is finished." in said.stdout
    assert not journal_path(mine).exists()
    ours, theirs = everything(mine.root), everything(other)
    assert {n: d for n, d in ours.items() if "backups" not in n} == {
        n: d for n, d in theirs.items() if "backups" not in n
    }


def kill(mine: Project, project: Project, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Leave the folder as an update leaves it that is killed before its move number `at`."""
    saved = {}
    make, count = files_module._change, iter(range(100))

    def stops(target: Path, staged: Path | None) -> None:
        if next(count) == at:
            shutil.copytree(mine.root, mine.root.with_name("killed"))
            saved["there"] = True
        make(target, staged)

    with monkeypatch.context() as patch:
        patch.setattr(files_module, "_change", stops)
        update(mine, project.root)
    assert saved
    shutil.rmtree(mine.root)
    mine.root.with_name("killed").rename(mine.root)
    monkeypatch.chdir(mine.root)


def test_status_says_that_an_update_was_interrupted(project, tmp_path, monkeypatch):
    mine = newer(project, tmp_path)
    kill(mine, project, monkeypatch, 1)
    said = typed("module status")
    assert "An update was interrupted; `tito update` finishes it." in said.stderr


# The command


def test_the_command_lists_what_changed(project, tmp_path, monkeypatch):
    mine = newer(project, tmp_path)
    monkeypatch.chdir(mine.root)
    said = typed(f"update {project.root}").stdout
    for words in (
        f"Updated from {project.root} (version 0.1.0).", "01_first: updated", "Changed check: test-double.",
        "Your answers came along: double.", "02_second: as it was", "All that was replaced is kept in .tito/backups/",
    ):  # fmt: skip
        assert words in said
    again = typed(f"update {project.root}").stdout
    assert again == f"Everything is as in {project.root} already.\n"


def test_the_command_prints_what_it_did_as_json(project, tmp_path, monkeypatch):
    mine = newer(project, tmp_path)
    monkeypatch.chdir(mine.root)
    found = printed(f"update {project.root}")
    assert found["lessons"][0]["carried"] == ["double"] and found["backup"].startswith(".tito/backups/update/")


@pytest.mark.parametrize(
    ("where", "words"),
    [("mine", "is this folder itself"), ("nothing", "holds no release"), ("copy", ".tito/release is missing")],
)
def test_a_source_that_is_none_is_refused(project, tmp_path, where, words):
    mine = edition(project, tmp_path / "mine")
    shutil.copytree(mine.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    with pytest.raises(TitoError, match=words):
        update(mine, tmp_path / where)


def test_without_a_folder_the_release_is_the_checkout_that_tito_comes_from(project, tmp_path, monkeypatch):
    mine = newer(project, tmp_path)
    monkeypatch.setattr(update_module, "HERE", project.root)
    done = update(mine)
    assert done.source == str(project.root) and row(done, "01_first").carried == ("double",)
    monkeypatch.setattr(update_module, "HERE", mine.root)
    with pytest.raises(TitoError, match="Say where the newer release is") as caught:
        update(mine)
    assert "`tito update FOLDER`" in caught.value.hint


def test_names_that_moved_between_lessons_wait_for_the_student_with_a_word(project, tmp_path):
    mine = edition(project, tmp_path / "mine")
    type_in(mine, "double", ANSWER)
    type_in(mine, "root", "return x ** 0.5")
    assert complete(mine, find_lesson(mine, "1")).done
    start, end = FIRST.index('# %% nbgrader={"solution": true, "grade_id": "root"'), FIRST.index("# %% [markdown] nb")
    write_lesson(project.root, FIRST[:start] + FIRST[end:])
    third = LESSONS["05_third"] + "\n# %%\n#| export\nimport math\n\n" + FIRST[start:end]
    write_lesson(project.root, third, "05_third")
    done = update(mine, project.root)
    assert codes(done.findings)[-1] == "two-homes" and row(done, "01_first").kept
    assert done.notes[-1] == (
        "tinytorch.core.first and tinytorch.words.third both export root. Complete the lesson that no longer has it"
        " once more; `tito module status` shows what is changed."
    )
    assert "x ** 0.5" in (mine.root / row(done, "01_first").kept).read_text(encoding="utf-8")
    assert complete(mine, find_lesson(mine, "1")).done


def test_the_source_tree_is_no_students_folder(project, tmp_path):
    with pytest.raises(TitoError, match="is the source tree; an update is for a student's folder"):
        update(project, tmp_path)


@pytest.mark.parametrize("mine, other", [("", "2"), ("2", "")])
def test_an_edition_that_begins_elsewhere_is_refused_and_the_folder_goes_on(project, tmp_path, mine, other):
    folder = edition(project, tmp_path / "mine", selection=Selection(start=mine))
    before = everything(folder.root)
    with pytest.raises(TitoError) as error:
        update(folder, edition(project, tmp_path / "other", selection=Selection(start=other)).root)
    names = {"": "all lessons", "2": "--from 2"}
    assert f"it was made with {names[other]}, this folder with {names[mine]}." in error.value.message
    assert "Name a release that was made as this folder was, or a checkout" in error.value.hint
    assert everything(folder.root) == before
    write_lesson(project.root, SECOND.replace("# Second: four times", "# Second, anew"), "02_second")
    assert row(update(folder, project.root), "02_second").state == "updated"
    assert folder.settings.get("edition_from", "") == mine


def test_an_edition_with_fewer_lessons_is_refused_and_one_with_more_is_taken(project, tmp_path):
    few = edition(project, tmp_path / "few", selection=Selection("01"))
    more = edition(project, tmp_path / "more", selection=Selection("01-02"))
    with pytest.raises(TitoError, match="it was made with --lessons 01, this folder with --lessons 01-02."):
        update(more, few.root)
    assert row(update(few, more.root), "02_second").state == "new"
    assert Selection.of(few.settings) == Selection("01-02")
