"""The house that tito is: its floors, and how large its files are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def linted(folder: Path, config: str) -> subprocess.CompletedProcess[str]:
    """Hold the package in a folder against a contract."""
    (folder / "contract.toml").write_text(config, encoding="utf-8")
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-cache", "--config", str(folder / "contract.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


def contract() -> str:
    """import-linter's part of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return text[text.index("[tool.importlinter]") :]


def copy(folder: Path) -> Path:
    """tito's modules in another folder, to be spoilt."""
    for path in (ROOT / "tito").rglob("*.py"):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def test_an_arrow_goes_down_only_and_siblings_do_not_know_each_other(tmp_path):
    done = linted(copy(tmp_path), contract())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "wrong"),
    [
        ("lesson/cell.py", "tito.student.align"),
        ("run/process.py", "tito.package.module"),
        ("errors.py", "tito.record"),
        ("grading/course.py", "tito.actions.release"),
    ],
)
def test_an_arrow_that_goes_up_or_sideways_is_found(tmp_path, module, wrong):
    path = copy(tmp_path) / "tito" / module
    path.write_text(path.read_text(encoding="utf-8") + f"\nimport {wrong}\n", encoding="utf-8")
    done = linted(tmp_path, contract())
    assert done.returncode == 1 and "not allowed to import" in done.stdout
