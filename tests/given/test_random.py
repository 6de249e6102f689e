"""Random tensors: shapes, types and ranges; one seed governs them, a generator of their own another."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch as torch

DRAWS = {
    "rand": lambda **more: torch.rand(4, 3, **more), "randn": lambda **more: torch.randn((4, 3), **more),
    "randint": lambda **more: torch.randint(2, 9, (4, 3), **more),
    "randperm": lambda **more: torch.randperm(12, **more),
    "normal": lambda **more: torch.normal(1.0, 2.0, (4, 3), **more),
    "bernoulli": lambda **more: torch.bernoulli(torch.full((4, 3), 0.5), **more),
    "multinomial": lambda **more: torch.multinomial(torch.ones(5, 8), 6, **more),
    "uniform_": lambda **more: torch.zeros(4, 3).uniform_(-1, 1, **more),
    "normal_": lambda **more: torch.zeros(4, 3).normal_(0, 2, **more),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_repeats_the_numbers(name):
    torch.manual_seed(3)
    first, second = DRAWS[name](), DRAWS[name]()
    torch.manual_seed(3)
    assert torch.equal(DRAWS[name](), first) and not torch.equal(first, second)


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_is_a_source_of_its_own(name):
    g = torch.Generator().manual_seed(7)
    first = DRAWS[name](generator=g)
    DRAWS[name]()
    assert torch.equal(DRAWS[name](generator=g.manual_seed(7)), first)


def test_what_is_drawn_has_the_right_type_shape_and_range():
    torch.manual_seed(0)
    u, n, i, p = torch.rand(1000), torch.randn(50, 40), torch.randint(10, (5, 100)), torch.randperm(20)
    assert u.dtype == n.dtype == torch.float32 and i.dtype == p.dtype == torch.int64
    assert 0 <= u.min().item() and u.max().item() < 1 and abs(u.mean().item() - 0.5) < 0.05
    assert n.shape == (50, 40) and abs(n.mean().item()) < 0.1 and abs(n.std().item() - 1) < 0.1
    assert i.shape == (5, 100) and set(i.data.ravel()) == set(range(10)) and sorted(p.tolist()) == list(range(20))
    assert torch.rand(2, dtype=torch.float64, requires_grad=True).requires_grad
    assert torch.randn_like(torch.zeros(3, 2, dtype=torch.float16)).dtype == torch.float16
    assert torch.rand(()).shape == torch.rand([]).shape == ()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_no_16_bit_number_is_rounded_up_to_1(dtype):
    torch.manual_seed(0)
    drawn = torch.rand(20000, dtype=dtype)
    assert drawn.max().item() < 1 and abs(drawn.float().mean().item() - 0.5) < 0.02


def test_multinomial_draws_by_weight():
    torch.manual_seed(0)
    drawn = torch.multinomial(torch.tensor([0.0, 1.0, 3.0]), 4000, replacement=True)
    counts = np.bincount(drawn.data, minlength=3) / 4000
    assert drawn.dtype == torch.int64 and counts[0] == 0 and abs(counts[2] - 0.75) < 0.03
    assert sorted(torch.multinomial(torch.ones(5), 5).tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("weights", [[-1.0, 2.0], [0.0, 0.0], [float("nan"), 1.0], [1.0, 0.0]])
def test_weights_that_cannot_be_drawn_from_are_refused(weights):
    with pytest.raises(ValueError, match="multinomial"):
        torch.multinomial(torch.tensor(weights), 2)
