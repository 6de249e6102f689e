"""examples/digits_conv.py, run as a user runs it: from another folder, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^digit (\d) (.+)$", re.MULTILINE)


def run_digits(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(ROOT / "examples" / "digits_conv.py"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_a_short_run_shows_progress_confusions_and_what_a_move_costs_and_says_what_is_missing(tmp_path):
    done = run_digits(tmp_path, "--epochs", "1", "--save", "net.npz")
    assert done.stdout.isascii() and "Traceback" not in done.stderr
    accuracy = float(re.search(r"test accuracy ([0-9.]+)%", done.stdout)[1])
    assert accuracy > 80
    assert done.returncode == (0 if accuracy >= 97 else 1)
    assert ("at least 97% was wanted" in done.stderr) == (accuracy < 97)
    assert len(re.findall(r"^epoch +\d+: loss", done.stdout, re.MULTILINE)) == 1
    assert len(done.stdout.splitlines()) < 40, "it should fit one screen"

    rows = {digit: [int(n) for n in counts.replace(".", "0").split()] for digit, counts in ROW.findall(done.stdout)}
    counts = np.array([rows[str(digit)] for digit in range(10)])
    assert counts.sum() == 1000 and (counts.sum(axis=1) == 100).all()
    assert np.trace(counts) / 10 == pytest.approx(accuracy)

    moves = {name: [float(a) for a in re.findall(r"px: ([0-9.]+)%", line)] for name in ("Linear", "convolutions")
             for line in done.stdout.splitlines() if line.startswith(name)}
    assert moves["convolutions"][0] == pytest.approx(accuracy)
    assert moves["convolutions"][2] > moves["Linear"][2] + 20, "two pixels cost a network of Linear layers far more"
    with np.load(tmp_path / "net.npz") as saved:
        assert any("running_var" in name for name in saved)
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


NONSENSE = ["--epochs 0", "--epochs many", "--seed -1", "--save net.txt", "--save missing/net.npz"]


@pytest.mark.parametrize("arguments", NONSENSE)
def test_arguments_that_make_no_sense_are_exit_code_2_before_anything_is_trained(tmp_path, arguments):
    done = run_digits(tmp_path, *arguments.split())
    assert done.returncode == 2 and done.stdout == ""
    assert "Traceback" not in done.stderr and arguments.split()[0] in done.stderr
