"""Programs for PyTorch that run here with other import lines: both libraries take them the same way, step by step."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tinytorch import from_torch

ROOT = Path(__file__).resolve().parents[2]
PORTS = ROOT / "examples" / "ports"
NAMES = ["mlp_digits", "char_mlp", "autoencoder"]
LINES = {
    "import tinytorch as torch": "import torch",
    "import tinytorch.nn as nn": "import torch.nn as nn",
    "import tinytorch.nn.functional as F": "import torch.nn.functional as F",
}


def source(name: str) -> str:
    return (PORTS / f"{name}.py").read_text(encoding="utf-8")


def with_torch(text: str) -> str:
    return "\n".join(LINES.get(line, line) for line in text.split("\n"))


def loaded(text: str) -> dict:
    """The names that the program defines; `main` is not run."""
    names = {"__name__": "port", "__doc__": "a port"}
    exec(compile(text, "port", "exec"), names)
    return names


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For matrices as small as these PyTorch's threads wait for each other longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def port(request):
    """The program with both libraries."""
    return loaded(source(request.param)), loaded(with_torch(source(request.param)))


def of_port(name):
    return pytest.mark.parametrize("port", [name], indirect=True)


def twins(port, make):
    """A model of each library with the same numbers."""
    ours, theirs = (make(program) for program in port)
    ours.load_state_dict(from_torch(ours, theirs.state_dict()))
    return ours, theirs


def assert_same_run(losses, allowed=1e-4):
    """The losses of both runs, of which the first are equal to within rounding, and fall."""
    ours, theirs = map(np.array, losses)
    assert len(ours) == len(theirs) and np.allclose(ours[:5], theirs[:5], rtol=1e-5)
    assert np.allclose(ours, theirs, rtol=allowed), np.abs(ours / theirs - 1).max()
    assert ours[-5:].mean() < 0.8 * ours[:5].mean()


@pytest.mark.parametrize("name", NAMES)
def test_only_the_import_lines_name_this_library(name):
    text, other = source(name), with_torch(source(name))
    changed = [line for line, new in zip(text.split("\n"), other.split("\n"), strict=True) if line != new]
    assert 2 <= len(changed) <= 3 and set(changed) <= set(LINES)
    rest = [line for line in other.split("\n") if re.search(r"\btinytorch\b", line)]
    assert set(rest) <= {"from tinytorch.support.data import load_digits"}


@of_port("mlp_digits")
def test_the_network_for_digits_trains_as_in_pytorch(port):
    models = twins(port, lambda program: program["MLP"](dropout=0.0))
    data = [program["load_data"]() for program in port]
    optimizers = [
        program["torch"].optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
        for program, model in zip(port, models, strict=True)
    ]
    losses = [[], []]
    for which, program in enumerate(port):
        rng = np.random.default_rng(1)
        for _ in range(3):
            found = program["train_epoch"](models[which], optimizers[which], *data[which][:2], rng)
            losses[which] += found
    assert_same_run(losses)
    ours, theirs = (model.eval()(images[:, :]) for model, (_, _, images, _) in zip(models, data, strict=True))
    assert np.allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-3)
    scores = [program["accuracy"](model, *held[2:]) for program, model, held in zip(port, models, data, strict=True)]
    assert scores[0] == pytest.approx(scores[1], abs=0.003) and scores[0] > 0.85
    state, wanted = models[0].state_dict(), from_torch(models[0], models[1].state_dict())
    assert all(np.allclose(state[name], wanted[name], atol=1e-3) for name in wanted)


@of_port("char_mlp")
def test_the_language_model_trains_as_in_pytorch(port):
    ours, theirs = port
    peers = theirs["make_parameters"]()
    mine = [ours["torch"].tensor(p.detach().numpy(), requires_grad=True) for p in peers]
    runs = []
    for program, parameters in [(ours, mine), (theirs, peers)]:
        X, Y = program["build_dataset"](program["ELEMENTS"])
        assert str(X.dtype).endswith("int64") and tuple(X.shape) == (len(Y), 3)
        runs.append(program["train"](parameters, X, Y, 300, np.random.default_rng(2)))
        runs.append(program["mean_loss"](parameters, X, Y))
    assert_same_run(runs[::2], 1e-3)
    assert runs[1] == pytest.approx(runs[3], rel=1e-4)
    assert all(np.allclose(p.data, q.detach().numpy(), atol=1e-3) for p, q in zip(mine, peers, strict=True))
    words = [program["sample"](parameters) for program, parameters in [(ours, mine), (theirs, peers)]]
    assert all(set(word) <= set(ours["chars"][1:]) for word in words)


@of_port("autoencoder")
def test_the_autoencoder_trains_as_in_pytorch(port):
    ours, theirs = twins(port, lambda program: program["Autoencoder"]().apply(program["init_weights"]))
    losses = []
    for program, model in zip(port, (ours, theirs), strict=True):
        images = program["torch"].tensor(program["load_digits"]()[0]).reshape(-1, 8, 8)
        losses.append(program["train"](model, images[:1400], 9, np.random.default_rng(3)))
        losses.append(program["error_of"](model, images[1400:]))
    assert_same_run(losses[::2], 1e-3)
    assert losses[1] == pytest.approx(losses[3], rel=1e-3)


@of_port("autoencoder")
def test_weights_start_in_pytorchs_range(port):
    ours, theirs = (program["Autoencoder"]().apply(program["init_weights"]) for program in port)
    for mine, peer in zip(ours.decoder, theirs.decoder, strict=True):
        if type(mine).__name__ == "Linear":
            assert mine.weight.data.std() == pytest.approx(peer.weight.std().item(), rel=0.15)
            assert not mine.bias.data.any()


@pytest.mark.parametrize("name", NAMES)
def test_the_program_runs_to_its_end_with_pytorch_too(name, capsys):
    loaded(with_torch(source(name)))["main"](1)
    assert capsys.readouterr().out.count("\n") >= 4


def run(folder: Path, name: str) -> str:
    """What the program prints that a user starts in `folder`; warnings are errors."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(PORTS / f"{name}.py")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.isascii() and list(folder.iterdir()) == []
    return done.stdout


def test_a_user_sees_digits_read(tmp_path):
    text = run(tmp_path, "mlp_digits")
    assert "(fc1): Linear(64, 64)" in text and "8,970 parameters" in text
    scores = re.findall(r"^epoch +\d+: loss \d\.\d{4}, accuracy (\d\.\d{3})$", text, re.MULTILINE)
    assert len(scores) == 10 and float(scores[-1]) > 0.94
    assert text.endswith(f"from the saved weights: accuracy {scores[-1]}\n")


def test_a_user_sees_new_elements(tmp_path):
    text = run(tmp_path, "char_mlp")
    before, after, held_back = map(float, re.findall(r"(?:loss before|loss after|held back) +(\d\.\d+)", text))
    assert after < 1.6 and held_back < 2.6 and before > 3
    names = text.split("new elements: ")[1].strip().split(", ")
    assert len(names) == 8 and any(name.endswith("ium") for name in names)


def test_a_user_sees_digits_and_their_copies(tmp_path):
    text = run(tmp_path, "autoencoder")
    mean, last = (float(re.search(rf"{words} (\S+)", text)[1]) for words in ("mean image", "held back"))
    assert last < mean / 2
    digits, copies = text.rstrip("\n").split("\n\n")
    assert len(digits.split("\n")[-8:]) == len(copies.split("\n")) == 8
