"""The doctor finds what is wrong with a machine, and says how to mend it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.tito.small_project import SETTINGS, tito, tito_environment
from tito.actions import machine
from tito.actions.doctor import examine
from tito.actions.machine import Row
from tito.project import Project


def rows(project) -> dict[str, Row]:
    return {row.name: row for row in examine(project)}


def test_this_machine_is_ready(project):
    found = examine(project)
    assert [row for row in found if not row.ok] == []
    names = [row.name for row in found]
    for name in ("Python", "click", "BLAS", "Numba's loops", "Jupyter", "lessons", "write permission", "disk space"):
        assert name in names


def test_a_package_that_is_missing_is_named_with_its_command(project):
    wanted = SETTINGS.replace("requirements = click", "requirements = click no-such-package>=3.1")
    (project.root / "settings.ini").write_text(wanted, encoding="utf-8")
    row = rows(project)["no-such-package"]
    assert row == Row("no-such-package", "not installed", False, 'python -m pip install "no-such-package>=3.1"')


@pytest.mark.parametrize(
    ("requirement", "ok"),
    [("click", True), ("click>=7.1", True), ("click>=99.0", False), ("click==0.1", False), ("rich>=13", True)],
)
def test_versions_are_compared_as_numbers(requirement, ok):
    row = machine.package_row(requirement)
    assert row.ok is ok
    assert ok or requirement in row.found


def test_an_old_python_is_a_problem(project):
    text = SETTINGS.replace("min_python = 3.11", "min_python = 3.99")
    (project.root / "settings.ini").write_text(text, encoding="utf-8")
    row = rows(project)["Python"]
    assert not row.ok and "Install Python 3.99" in row.mend


def test_a_broken_numpy_is_a_row_and_not_a_crash(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ImportError('this numpy is broken')\n", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    row = machine.blas_row()
    assert not row.ok and row.found == "ImportError: this numpy is broken"


def test_threads_that_the_environment_limits_are_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    row = machine.blas_row()
    assert row.ok and "OMP_NUM_THREADS=1 limits it" in row.mend and "with 1 thread;" in row.found


def test_numba_is_well_without_a_threading_layer_which_no_kernel_uses(monkeypatch):
    monkeypatch.setenv("NUMBA_THREADING_LAYER", "tbb")
    assert machine.numba_row().ok


def test_a_setting_that_stops_numba_is_named(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "0")
    row = machine.numba_row()
    assert not row.ok and "must be > 0" in row.found and row.mend == "Take NUMBA_NUM_THREADS out of the environment."


@pytest.mark.parametrize(
    ("architecture", "has_avx512", "advised"),
    [("Haswell", True, True), ("Zen", True, True), ("Haswell", False, False), ("SkylakeX", True, False),
     (None, True, False)],
)  # fmt: skip
@pytest.mark.parametrize(("chosen", "words"), [
    ("", "Set OPENBLAS_CORETYPE=SkylakeX in"), ("Haswell", "Take OPENBLAS_CORETYPE=Haswell out of")])  # fmt: skip
def test_kernels_older_than_the_processor_are_told(monkeypatch, architecture, has_avx512, advised, chosen, words):
    monkeypatch.setenv("OPENBLAS_CORETYPE", chosen)
    monkeypatch.setattr(machine, "ask", lambda code: ([[["openblas", "0.3", 2, architecture]], has_avx512], ""))
    row = machine.blas_row()
    assert row.ok and row.found.startswith("openblas 0.3 with 2 threads")
    assert (f"{words} the environment" in row.mend) is advised


def test_without_lessons_the_doctor_says_how_to_get_them(tmp_path):
    done = tito(tmp_path, "doctor", "--json")
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert (done.returncode == 0) == all(row["ok"] for row in found.values())
    assert found["lessons"]["ok"] and "clone" in found["lessons"]["mend"]


def test_a_lesson_that_cannot_be_read_is_a_problem(project):
    (project.modules / "01_first/first_dev.py").write_bytes(b"\xff")
    row = rows(project)["lessons"]
    assert not row.ok and "not UTF-8" in row.found


def test_where_the_lessons_are_is_told(project, student):
    assert "source tree" in rows(project)["lessons"].found
    assert "student's folder" in rows(student)["lessons"].found


def test_another_tinytorch_in_the_way_is_told(project, tmp_path, monkeypatch):
    other = tmp_path / "other/tinytorch"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(other.parent))
    row = rows(project)["import tinytorch"]
    assert row.found == str(other / "__init__.py") and "Programs outside this folder use that one" in row.mend


def test_the_table_is_ascii_and_the_exit_code_tells(project):
    done = tito(project.root, "doctor")
    assert done.returncode == 0 and done.stdout.isascii() and "| ok" in done.stdout
    (project.root / "settings.ini").write_text(SETTINGS.replace("= click", "= no-such-package"), encoding="utf-8")
    done = tito(project.root, "doctor")
    assert done.returncode == 1 and "PROBLEM" in done.stdout


def test_a_folder_that_may_not_be_written_is_named(project):
    code = (
        "from tito.actions.doctor import writable_row; from tito.project import Project\n"
        "from pathlib import Path; import os\n"
        f"project = Project(Path({str(project.root)!r}))\n"
        "os.access = lambda path, mode: Path(path).name != 'modules'\n"
        "print(writable_row(project))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=tito_environment(), capture_output=True, text=True)
    assert "missing for modules" in done.stdout and "ok=False" in done.stdout
    assert os.access(project.modules, os.W_OK)


def test_a_program_that_does_not_write_utf8_is_no_crash(project, monkeypatch):
    assert machine.ask("import sys; sys.stderr.buffer.write(b'caf\\xe9'); sys.exit(1)") == ([], "caf\ufffd")


def test_the_command_that_installs_a_folder_with_spaces_can_be_typed(project, tmp_path):
    moved = Project(project.root.rename(tmp_path / "a source"))
    assert f"python -m pip install -e '{moved.root}'" in rows(moved)["import tinytorch"].mend
