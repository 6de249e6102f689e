"""The checks of the lesson on convolutions: the reference passes each, and what is wrong is told with its idea."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core import convolutions as right
from tinytorch.core.layers import generator, manual_seed
from tinytorch.core.tensor import Tensor
from tinytorch.support import checks_convolutions as checks

IDEA = "look at this again"
SHAPE, PAIRS = (2, 5, 4, 3), ((3, 2), (1, 2))
CASES = {
    "windows": (checks.a_view, (SHAPE, *PAIRS)),
    "unfolded": (checks.columns, (SHAPE, *PAIRS, (1, 1))),
    "folded": (checks.put_back, (SHAPE, *PAIRS, (1, 0))),
    "convolved": (checks.convolution, (2, (3, 4), (2, 3), (3, 2), "float32")),
    "conv2d_rule": (checks.convolution_gradients, (2, (3, 4), (2, 3), (3, 2))),
    "max_pooled": (checks.largest, ((2, 3, 5, 4), (3, 2), (2, 1), (1, 1))),
    "winners": (checks.first_of_them, ((3, 2),)),
    "batch_normalized": (checks.batch_norm, ((4, 3, 2, 2), 1.0, 1e-3)),
}


def doubled(function):
    """The same but twice as much, or as much again for whole numbers."""

    def wrong(*inputs, **options):
        got = function(*inputs, **options)
        return [None if each is None else 2 * each for each in got] if isinstance(got, list) else got + got

    return wrong


@pytest.mark.parametrize("name", CASES)
def test_the_reference_passes_and_twice_as_much_is_told_with_the_idea(name):
    asked, case = CASES[name]
    asked(getattr(right, name), *case, IDEA)
    with pytest.raises(AssertionError, match=f"{name}.*"):
        asked(doubled(getattr(right, name)), *case, IDEA)


def test_windows_that_are_cut_out_are_those_of_the_definition():
    x = np.random.default_rng(0).normal(size=SHAPE)
    cut = checks.cut_out(x, *PAIRS)
    for c, i, j, r, s, n in np.ndindex(cut.shape):
        assert cut[c, i, j, r, s, n] == x[c, r * 1 + i, s * 2 + j, n]


def test_a_layer_that_draws_as_pytorch_does_passes_and_leaves_the_generator_as_it_was():
    before = generator().bit_generator.state
    checks.starts(right.Conv2d, generator, manual_seed, (2, 3, (2, 5)), {"bias": False}, IDEA)
    assert generator().bit_generator.state == before
    with pytest.raises(AssertionError, match="what is n"):
        checks.starts(Halved, generator, manual_seed, (2, 2, 3), {}, IDEA)
    assert generator().bit_generator.state == before


class Halved(right.Conv2d):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.weight.data = self.weight.data / 2


@pytest.mark.parametrize("case", [((4, 3, 2), "float32", 0.1), ((3, 2), "float16", 0.5)])
def test_batch_norm_passes_and_one_that_never_trains_does_not(case):
    checks.trained_moments(right.batch_norm, Tensor, *case, IDEA)
    checks.kept_moments(right.batch_norm, Tensor, *case, IDEA)

    def evaluated(x, mean, variance, *others, training=False, **options):
        return right.batch_norm(x, mean, variance, *others[:2], eps=1e-3)

    with pytest.raises(AssertionError, match="needs running_mean|by the batch's own moments"):
        checks.trained_moments(evaluated, Tensor, *case, IDEA)
    with pytest.raises(AssertionError, match="in evaluation"):
        checks.kept_moments(lambda x, *moments, momentum=0.1: right.batch_norm(x, *moments, training=True), Tensor,
                            *case, IDEA)


def test_a_loop_over_windows_is_told_and_one_over_places_is_not():
    def looped(rows):
        for _ in range(rows * rows):
            pass

    checks.no_loop_over_windows("flat", lambda rows: np.ones((rows, rows)).sum())
    with pytest.raises(AssertionError, match="looped ran .* loop over the places in the kernel"):
        checks.no_loop_over_windows("looped", looped)
