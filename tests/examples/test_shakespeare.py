"""examples/shakespeare.py on a small text: short runs, breaks that change nothing, and options that make no sense."""

from __future__ import annotations

import importlib.util
import json
import lzma
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch.core.tokenization import BPETokenizer
from tinytorch.core.training import Trainer
from tinytorch.support import threads
from tinytorch.support.checkpoint import read_checkpoint
from tinytorch.support.data import load_shakespeare

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "examples" / "shakespeare.py"
SMALL = "--layers 1 --heads 2 --width 16 --context 16 --batch 4 --vocabulary 280 --threads 1".split()
LINE = re.compile(r"^ *(\d+) updates: +[\d,]+ tokens/s, loss ([\d.]+), validation ([\d.]+) bits a character", re.M)
FIGURE = re.compile(r"^(Macbeth|The Tempest|Twelfth Night|the three plays together): ([\d.]+) bits a character$", re.M)


@pytest.fixture(scope="module")
def program():
    """The program as a module, so that it can be called in this process."""
    spec = importlib.util.spec_from_file_location("shakespeare", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, below one with a data set of a few thousand characters of each play."""
    training, plays = load_shakespeare()
    titles = ("As You Like It", "Julius Caesar", "Hamlet")
    works = {title: training[title][:5000] for title in titles} | {title: play[:3000] for title, play in plays.items()}
    data = tmp_path / "datasets" / "shakespeare"
    data.mkdir(parents=True)
    (data / "shakespeare.json.xz").write_bytes(lzma.compress(json.dumps(works).encode()))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(threads, "_num_threads", threads.get_num_threads())  # put back what --threads changes
    return tmp_path / "here"


def run(program, capsys, *arguments: str) -> str:
    """What the program prints; it has to succeed."""
    assert program.main([*arguments]) == 0
    told = capsys.readouterr()
    assert told.err == "" and told.out.isascii()
    return told.out


def test_a_training_prints_its_progress_a_sample_and_the_figures_of_the_three_plays(program, folder, capsys):
    told = run(program, capsys, *SMALL, "--steps", "90", "--every", "30", "--plot", "curves.png")
    steps, losses, bits = zip(*((int(n), float(loss), float(b)) for n, loss, b in LINE.findall(told)), strict=True)
    assert steps == (30, 60, 90) and losses[-1] < losses[0] and bits[-1] < bits[0]
    assert told.count("-" * 60) == 2, "a sample between two rules"
    figures = {title: float(bits) for title, bits in FIGURE.findall(told)}
    assert len(figures) == 4 and all(3 < figure < 8 for figure in figures.values())
    assert min(figures.values()) < figures["the three plays together"] < max(figures.values())
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    made = sorted(path.name for path in folder.iterdir())
    assert made == ["curves.png", "shakespeare.npz", "shakespeare.tokens.json"]
    assert BPETokenizer.load("shakespeare.tokens.json").vocab_size == 280


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_training_that_is_interrupted_and_resumed_ends_at_the_same_losses_and_weights(
    program, folder, capsys, dtype
):
    options = [*SMALL, "--steps", "60", "--every", "10", "--dtype", dtype]
    whole = run(program, capsys, *options, "--out", "whole.npz")

    told, code = interrupted([*options, "--out", "broken.npz"])
    assert code == 130 and "--resume broken.npz` goes on" in told
    steps = read_checkpoint("broken.npz")["training"]["steps"]
    assert 10 <= steps < 60
    resumed = run(program, capsys, "--resume", "broken.npz", "--threads", "1")

    one, other = (read_checkpoint(path)["training"] for path in ("whole.npz", "broken.npz"))
    for part in ("model", "optimizer", "schedule", "generator", "scaler", "steps"):
        np.testing.assert_equal(other[part], one[part])
    assert FIGURE.findall(resumed) == FIGURE.findall(whole) != []
    later = {n: losses for n, *losses in LINE.findall(resumed) if steps % 10 == 0}
    assert later.items() <= {n: losses for n, *losses in LINE.findall(whole)}.items()


def interrupted(arguments: list[str]) -> tuple[str, int]:
    """What the program prints, in a process of its own, where it gets Ctrl-C after its first line; its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    process = subprocess.Popen([sys.executable, str(PROGRAM), *arguments], env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    told = ""
    while not LINE.search(told) and process.poll() is None:
        told += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=300)
    assert errors == ""
    return told + rest, process.returncode


def test_ctrl_c_in_the_middle_of_updates_finishes_the_one_that_runs(program, folder, capsys, monkeypatch):
    step = program.TextTrainer.train_step

    def pressing(trainer: Trainer, group: list) -> object:
        if trainer.steps == 6:
            signal.raise_signal(signal.SIGINT)
        return step(trainer, group)

    monkeypatch.setattr(program.TextTrainer, "train_step", pressing)
    assert program.main([*SMALL, "--steps", "20", "--every", "10"]) == 130
    assert LINE.findall(capsys.readouterr().out)[-1][0] == "7"
    monkeypatch.setattr(program.TextTrainer, "train_step", step)
    run(program, capsys, "--resume", "shakespeare.npz", "--threads", "1")
    run(program, capsys, *SMALL, "--steps", "20", "--every", "20", "--out", "whole.npz")
    one, other = (read_checkpoint(path)["training"]["model"] for path in ("whole.npz", "shakespeare.npz"))
    np.testing.assert_equal(other, one)


def test_more_updates_can_be_asked_for_later(program, folder, capsys):
    run(program, capsys, *SMALL, "--steps", "10", "--every", "10")
    told = run(program, capsys, "--resume", "shakespeare.npz", "--steps", "15", "--threads", "1")
    assert [n for n, *_ in LINE.findall(told)] == ["15"]


def test_a_training_that_came_to_its_end_goes_on_where_more_minutes_are_given(program, folder, capsys):
    run(program, capsys, *SMALL, "--steps", "10", "--every", "5")
    before = read_checkpoint("shakespeare.npz")
    minutes = 2 * before["seconds"] / 60
    run(program, capsys, "--resume", "shakespeare.npz", "--minutes", str(minutes), "--threads", "1")
    after = read_checkpoint("shakespeare.npz")
    assert after["training"]["steps"] > 10 and after["seconds"] >= 60 * minutes * 0.9
    assert after["settings"]["steps"] == 0


def test_a_number_of_minutes_sets_the_length_of_the_schedule(program, folder, capsys):
    run(program, capsys, *SMALL, "--minutes", "0.01", "--every", "5", "--dtype", "bfloat16")
    training = read_checkpoint("shakespeare.npz")["training"]
    assert training["steps"] == training["schedule"]["total_steps"] >= 5


NONSENSE = [
    "--minutes 0", "--steps -1", "--vocabulary 255",
    "--width many", "--width 0", "--width 10 --heads 3", "--dtype float8", "--threads 0",
    "--plot curves.txt", "--plot missing/curves.png", "--out missing/file.npz", "--out run.txt", "--resume none.npz",
    "--resume there.npz", "--resume there.npz --width 64", "--out there.npz", "--lr nan",
]  # fmt: skip


@pytest.mark.parametrize("arguments", NONSENSE)
def test_options_that_make_no_sense_are_exit_code_2_before_anything_is_trained(program, folder, capsys, arguments):
    (folder / "there.npz").write_bytes(b"not a checkpoint")
    with pytest.raises(SystemExit) as stopped:
        program.main(arguments.split())
    told = capsys.readouterr()
    assert stopped.value.code == 2 and told.out == "" and "error: " in told.err
    assert [path.name for path in folder.iterdir()] == ["there.npz"]
