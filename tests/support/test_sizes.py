"""What lesson 18 counts of models and products is what networks hold and what formulas say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.block import Block
from tinytorch.core.layers import LayerNorm, Linear, Sequential, manual_seed
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.profiling.roofline import matmul_intensity
from tinytorch.support.analyses import ScalingRow, gpt2_sizes, loops, memory_rows


def test_the_parameters_of_gpt2_are_those_of_its_authors_code():
    """124,439,808 and 1,557,611,200 are what openai/gpt2 and openai/gpt2-xl hold."""
    assert gpt2_sizes(1, 1)[0] == 124_439_808
    assert gpt2_sizes(1, 1, layers=48, width=1600, heads=25)[0] == 1_557_611_200


@pytest.mark.parametrize(("texts", "tokens"), [(1, 8), (3, 16)])
def test_the_activations_of_gpt2_are_those_that_such_a_network_keeps(texts, tokens):
    """Two blocks, the last norm, the logits and their loss, weighed; the vocabulary counts for little here."""
    layers, width, heads, vocabulary = 2, 32, 4, 50257
    manual_seed(0)
    net = Sequential(*[Block(width, heads, 4 * width) for _ in range(layers)], LayerNorm(width))
    head = Linear(width, vocabulary, bias=False)
    x = Tensor(np.random.default_rng(0).normal(size=(texts, tokens, width)).astype(np.float32), requires_grad=True)
    targets = np.zeros(texts * tokens, int)
    loss = cross_entropy(head(net(x)).reshape(-1, vocabulary), targets)
    held = saved_bytes(loss, [*net.parameters(), *head.parameters()]).activations
    _, activations = gpt2_sizes(texts, tokens, layers, width, heads)
    extra = held - 4 * activations  # the targets, and a number or two for each row that a norm keeps
    assert 0 <= extra <= targets.nbytes + 4 * texts * tokens * 4 * (2 * layers + 1)


def test_the_formula_finds_a_wrong_count():
    assert gpt2_sizes(1, 64)[1] != gpt2_sizes(1, 64, heads=11)[1] != gpt2_sizes(2, 64)[1] / 2 + 1


def test_a_row_of_the_scaling_analysis():
    row = ScalingRow.of(100, 0.001, 4e9, 0.5)
    assert (row.size, row.ms, row.gflops, row.percent_of_peak, row.loops_ms) == (100, 1.0, 2.0, 50.0, 500.0)
    assert math.isclose(row.intensity, matmul_intensity(100, 100, 100, 4))
    assert ScalingRow.of(100, 0.001, 4e9, None).loops_ms is None


def test_the_loops_are_a_product():
    a, b = (np.arange(n * m, dtype=np.float32).reshape(n, m) for n, m in ((2, 3), (3, 4)))
    assert loops(a, b) == (a @ b).tolist()


def test_two_rows_of_memory_and_what_is_saved():
    full = {"weights": 40, "half copies": 0, "gradients": 40, "optimizer": 80, "activations": 40}
    first, second = memory_rows("net", full, full | {"half copies": 20, "activations": 0}, "bfloat16")
    assert (first.total, first.saving, second.precision, second.total) == (200, None, "bfloat16", 180)
    assert math.isclose(second.saving, 10)
