"""examples/digits.py, run as a user runs it: from another folder, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^(float32|float16) +([0-9.]+) +([0-9.]+) +([0-9]+) +([0-9.]+)$", re.MULTILINE)


def run_digits(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(ROOT / "examples" / "digits.py"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_both_precisions_reach_the_promised_accuracy_and_half_the_activations_remain(tmp_path):
    done = run_digits(tmp_path, "--plot", "curves.png")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii()

    rows = {name: [float(number) for number in numbers] for name, *numbers in ROW.findall(done.stdout)}
    assert set(rows) == {"float32", "float16"}
    assert all(accuracy >= 96.5 for accuracy, *_ in rows.values()), rows
    full, half = rows["float32"][3], rows["float16"][3]
    assert 0.45 * full < half < 0.6 * full, rows
    assert rows["float16"][2] >= 2 * rows["float32"][2], "casts there and back and the scaling, as the sentence says"
    assert "A float16 step takes longer: it runs casts and scaling too" in done.stdout

    epochs = re.findall(r"^epoch +(\d+): loss [0-9.]+", done.stdout, re.MULTILINE)
    assert epochs == [str(epoch) for epoch in range(1, 16)] * 2
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_another_seed_reaches_it_too_and_the_same_seed_gives_the_same_numbers(tmp_path):
    first, second = (run_digits(tmp_path, "--seed", "5") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr

    def without_times(text):
        return re.sub(r"seconds \d+\.\d+$", "", ROW.sub(r"\1 \2 \4 \5", text), flags=re.MULTILINE)

    assert without_times(first.stdout) == without_times(second.stdout)
    assert list(tmp_path.iterdir()) == []


def test_an_accuracy_that_falls_short_is_exit_code_1_and_a_sentence(tmp_path):
    done = run_digits(tmp_path, "--epochs", "1")
    assert done.returncode == 1
    assert re.search(r"float32 reached [0-9.]+%, at least 96.5% was wanted", done.stderr)
    assert "Traceback" not in done.stderr


NONSENSE = ["--epochs 0", "--epochs many", "--seed -1", "--plot curves.txt", "--plot missing/curves.png"]


@pytest.mark.parametrize("arguments", NONSENSE)
def test_arguments_that_make_no_sense_are_exit_code_2_before_anything_is_trained(tmp_path, arguments):
    done = run_digits(tmp_path, *arguments.split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr and arguments.split()[0] in done.stderr


def test_another_package_than_the_one_beside_it_is_told_in_one_line(tmp_path):
    for name in ("examples/digits.py", "tinytorch/__init__.py"):
        copy = tmp_path / name
        copy.parent.mkdir()
        copy.write_bytes((ROOT / name).read_bytes())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "examples/digits.py"), "--epochs", "1"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    [line] = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert line.startswith(f"note: this uses {ROOT / 'tinytorch'}, not {tmp_path / 'tinytorch'}; `python -m pip")
