"""Whole processes: what it costs until the first line of a user's program, and until `tito --help` has answered."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.timing import Group, Row, Sides

ROOT = Path(__file__).resolve().parents[1]
STARTUP = Group("startup", "Whole processes", "import numpy", "bare Python")
PROGRAMS = {
    "import-tinytorch": ["-c", "import tinytorch"],
    "import-tensor": ["-c", "from tinytorch import Tensor"],
    "tito-help": ["-m", "tito", "--help"],
}


def startup_rows() -> list[Row]:
    """Each program in a process of its own, against a process that imports NumPy."""
    return [Row(name, STARTUP, 1, None, partial(startup_sides, arguments)) for name, arguments in PROGRAMS.items()]


def startup_sides(arguments: list[str]) -> Sides:
    """Three processes; they agree if all of them end well and say nothing on stderr."""
    ours, theirs, floor = (partial(python, *command) for command in (arguments, ["-c", "import numpy"], ["-c", "pass"]))

    def agree():
        for process in (ours(), theirs(), floor()):
            assert process.returncode == 0 and not process.stderr, f"{process.args} failed: {process.stderr}"

    return Sides(ours, theirs, agree, floor)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
