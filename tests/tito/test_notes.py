"""A module in a student's package that is no longer as tito wrote it: it is seen, told, and kept before it goes."""

from __future__ import annotations

import pytest

from tests.tito.small_project import FIRST, SECOND, codes, printed, typed, write_lesson
from tito.actions.complete import complete
from tito.actions.doctor import examine
from tito.actions.machine import Row
from tito.actions.status import status
from tito.errors import WorkFailed
from tito.lesson.find import find_lesson, lessons
from tito.package.contents import export
from tito.package.notes import exports_path, is_built
from tito.project import Project

DIFFERS = "tinytorch/core/first.py differs from what lesson 01 exported; `tito export 01` restores it."


@pytest.fixture
def here(student: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The small student's folder with the first lesson complete, as the current folder."""
    monkeypatch.chdir(student.root)
    write_lesson(student.root, FIRST)
    assert complete(student, find_lesson(student, "1")).findings == ()
    return student


def edit(project: Project, old: str = "2 * x", new: str = "2.0 * x") -> str:
    """Edit the first lesson's module by hand; its text then."""
    path = project.package / "core/first.py"
    text = path.read_text(encoding="utf-8").replace(old, new)
    path.write_text(text, encoding="utf-8")
    return text


def module_row(project: Project) -> Row:
    [row] = [row for row in examine(project) if row.name == "tinytorch"]
    return row


def test_what_tito_wrote_is_no_edit(here):
    assert status(here)[0].problem == "" and module_row(here).ok
    write_lesson(here.root, FIRST.replace("2 * x", "x + x", 1))
    assert status(here)[0].problem == ""  # the lesson moved on, and the module is still tito's
    assert complete(here, find_lesson(here, "1")).findings == ()
    assert typed("export 1").stderr == ""
    assert not (here.state / "backups").exists()


def test_an_edit_by_hand_is_seen(here):
    edit(here)
    assert status(here)[0].problem == DIFFERS
    assert f"01_first: {DIFFERS}" in typed("module status").stdout
    row = module_row(here)
    assert not row.ok and row.found == DIFFERS


def test_a_module_that_was_deleted_is_seen(here):
    (here.package / "core/first.py").unlink()
    assert status(here)[0].problem == "tinytorch/core/first.py is gone; `tito export 01` restores it."


@pytest.mark.parametrize("command", ["module complete 1", "export 1"])
def test_an_edit_by_hand_is_kept_before_it_is_replaced(here, command):
    text = edit(here)
    result = typed(command)
    assert result.exit_code == 0
    assert (
        "tinytorch/core/first.py was not as tito had written it; what was there is kept: .tito/backups/tinytorch/"
        in (result.stdout + result.stderr)
    )
    [copy] = (here.state / "backups/tinytorch").rglob("first.py")
    assert copy.read_text(encoding="utf-8") == text
    assert status(here)[0].problem == ""
    assert "2.0 * x" not in (here.package / "core/first.py").read_text(encoding="utf-8")
    assert "is kept" not in typed(command).stdout


def test_what_was_kept_is_in_the_json(here):
    edit(here)
    found = printed("module complete 1")
    assert codes(found) == ["module-kept"] and "what was there is kept" in found["problems"][0]


def test_a_lesson_that_uses_a_damaged_module_is_told_so(here):
    edit(here, "return 2 * x", "return 2 *")
    write_lesson(here.root, SECOND, "02_second")
    assert codes(printed("module test 2", 1))[0] == "module-altered"
    assert DIFFERS in typed("module complete 2").stdout


def test_an_export_beside_a_damaged_module_is_one_sentence(here):
    edit(here, "return 2 * x", "return 2 *")
    write_lesson(here.root, FIRST.replace("2 * x", "x + x", 1))
    result = typed("export 5")
    assert result.exit_code == 1 and "tinytorch/core/first.py is damaged: invalid syntax" in result.stderr
    assert "`tito export NN` writes it anew" in result.stderr
    assert typed("export 1").exit_code == 0 and typed("export 5").exit_code == 0


def test_a_complete_that_fails_keeps_the_notes(here, monkeypatch):
    before = exports_path(here).read_bytes()
    write_lesson(here.root, FIRST.replace("2 * x", "x + x", 1))

    def full(*_: object) -> None:
        raise WorkFailed("The disk is full.")

    monkeypatch.setattr("tito.actions.complete.write_entry", full)
    with pytest.raises(WorkFailed):
        complete(here, find_lesson(here, "1"))
    assert exports_path(here).read_bytes() == before and status(here)[0].problem == ""


def test_in_the_source_tree_the_doctor_compares_with_an_export(project):
    complete(project, find_lesson(project, "1"))
    assert not exports_path(project).exists() and module_row(project).found == "as the lessons export it"
    edit(project)
    row = module_row(project)
    assert row.ok and row.mend == "tito export 01" and "tinytorch/core/first.py" in row.found
    assert complete(project, find_lesson(project, "1")).findings == ()


def test_a_module_that_another_program_exported_does_not_count_as_built(student, monkeypatch):
    """As nbdev-export does in a student's folder, blank exercises and all."""
    monkeypatch.chdir(student.root)
    export(student, lessons(student))
    assert not is_built(student, "tinytorch.core.first")
    row = status(student)[0]
    assert not row.built and row.problem == (
        "tinytorch/core/first.py was not exported by tito, so it does not count as built. `tito module complete 01`"
        " builds it."
    )
    assert printed("module complete 2", 1)["stopped_at"] == "prerequisites"
    write_lesson(student.root, FIRST)
    assert complete(student, find_lesson(student, "1")).done
    assert is_built(student, "tinytorch.core.first") and status(student)[0].problem == ""
