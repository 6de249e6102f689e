"""An automated student: a fresh environment, answers typed into a lesson's file, and wrong turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.notebooks import filled, grade_id, read, solutions, type_answers
from tito.lesson.lesson import Lesson
from tito.lesson.regions import STUB
from tito.project import Project

# What somebody may type in the place of `raise NotImplementedError()`, and what the check says then.
WRONG_TURNS = [("pass", ""), ("return 2 *", "SyntaxError"), ("return undefned", "undefned"), ("return None", "")]


@dataclass(frozen=True)
class Student:
    """A student's folder with a virtual environment of its own, in which the folder is installed."""

    folder: Path

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.folder / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def run(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run `tito ...` or `python ...` of the environment, in the student's folder unless another is named."""
        program = self.python.with_name(command[0])
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment = kept | {"PYTHONUTF8": "1", "MPLBACKEND": "agg", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [str(program), *command[1:]],
            cwd=folder or self.folder, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip

    def json(self, *command: str) -> dict[str, Any]:
        """What a tito command prints as JSON, with its exit code as `code`."""
        done = self.run("tito", *command, "--json")
        assert done.stdout, done.stderr
        return {"code": done.returncode, **json.loads(done.stdout)}


def new_student(folder: Path) -> Student:
    """Make the environment and install the folder in it, as `pip install -e .` does where nothing has to be fetched.

    The packages that it needs are those of the environment that runs this test.
    """
    student = Student(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(student.run("python", "-c", script).stdout.strip())
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--ignore-installed", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", str(student.python), "install", *options, "-e", str(folder)]
    done = subprocess.run(pip, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return student


def lesson_file(project: Project, lesson: Lesson) -> Path:
    """The student's file of a lesson, whatever its format."""
    return next((project.modules / lesson.number_name).glob(f"{lesson.name}_dev.*"))


def solve(student: Student, lesson: Lesson) -> None:
    """Type the reference's answers into the student's file."""
    type_answers(lesson_file(Project(student.folder), lesson), solutions(lesson))


def take_wrong_turn(student: Student, lesson: Lesson, wrong: str) -> str:
    """Solve the lesson but for its last function, which gets `wrong` for an answer; that exercise's grade_id."""
    path = lesson_file(Project(student.folder), lesson)
    blank = {grade_id(cell): cell["source"] for cell in read(path)["cells"] if STUB.search(cell["source"])}
    inside = [name for name, source in blank.items() if STUB.search(source)["indent"]]
    solve(student, lesson)
    type_answers(path, {inside[-1]: filled(blank[inside[-1]], wrong)})
    return inside[-1]
