"""A number of random programs of each kind; `python -m tests.operations.fuzz 2000` runs thousands."""

from __future__ import annotations

import numpy as np
import pytest

from tests.operations.fuzz import KINDS, UNARY, Program, differences, run_exact
from tinytorch.core.tensor import Tensor

SEEDS = {"exact": 200, "mixed": 150, "fused": 10, "autocast": 20}


@pytest.mark.parametrize("kind", SEEDS)
def test_random_programs_agree_with_pytorch(kind):
    found = {seed: lines for seed in range(SEEDS[kind]) if (lines := KINDS[kind](seed))}
    assert not found, "\n".join(f"{kind}, seed {seed}: {line}" for seed, lines in found.items() for line in lines)


def test_a_wrong_operation_is_found(monkeypatch):
    monkeypatch.setitem(UNARY, "tanh", (lambda x: (x * 1.0001).tanh(), UNARY["tanh"][1]))
    assert sum(bool(run_exact(seed)) for seed in range(60)) > 3


def test_a_gradient_that_is_lost_is_found():
    program = Program(np.random.default_rng(0))
    program.leaf("float64")
    ours, theirs = program.pool[0]
    program.pool.append((Tensor((ours * 2).data, requires_grad=True), theirs * 2))
    assert any("gradient of leaf 0" in line for line in differences(program, 1e-8))
