"""The checks of lesson 13 accept what the library does and say what is wrong with what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.layers import Module, generator, manual_seed
from tinytorch.core.tensor import Tensor
from tinytorch.core.transformers import (
    GPT,
    GPTConfig,
    consecutive_windows,
    draw,
    generate,
    get_batch,
    next_probabilities,
    text_loss,
)
from tinytorch.support import checks_transformers as checks


def test_what_the_library_does_passes():
    config = GPTConfig(11, 8, 2, 2, 8)
    checks.gpt_follows(GPT, config, np.array([[1, 2, 3]]), Tensor, "")
    checks.gpt_refuses(GPT(config), np.array([[1, 2]]))
    checks.windows_of(get_batch, 12, 4, 8, manual_seed)
    checks.draws_windows(get_batch, manual_seed, generator)
    checks.covers(consecutive_windows, 21, 4, 3, "")
    checks.loss_of_text(text_loss, Module, Tensor, 20, 4, 3, generator)
    checks.drawn(draw, [[0.5, 0.5]], [0.7], [1], "")
    checks.probabilities(next_probabilities, [[0, 0]], {}, [[0.5, 0.5]], "")
    checks.writes(generate, Module, Tensor, generator, [[1, 2]], 3, {"seed": 0})
    checks.after_an_error("generate", lambda model: generate(model, [[1]], 2), Module, Tensor, [ValueError])


def test_numbers_that_are_handed_out_are_counted():
    rng = checks.Uniform(0.1, 0.2)
    assert rng.random((2, 1)).tolist() == [[0.1], [0.2]] and rng.random() == 0.5
    assert rng.asked == 3
    with pytest.raises(AssertionError, match="called integers"):
        rng.integers(3)


def test_a_table_model_notes_how_it_was_called():
    model = checks.table_model(Module, Tensor, np.eye(3), block=2)
    assert model([[0, 2]]).data.tolist() == [[[1, 0, 0], [0, 0, 1]]]
    [(ids, training, recording)] = model.seen
    assert ids.tolist() == [[0, 2]] and training and recording
    with pytest.raises(AssertionError, match="block_size 2, was given 3"):
        model([[0, 1, 2]])


def test_other_multiples_than_those_of_dropout_are_said_in_a_short_sentence():
    with pytest.raises(AssertionError, match=r"were \[0.0, 1.0, 3.0\] times those without dropout, wanted \[0.0, "):
        checks._multiples("its numbers", [0, 1, 3, 4, 5], [0.0, 2.0], "dropout comes last")


def test_a_generator_that_was_drawn_from_is_noticed():
    with pytest.raises(AssertionError, match="drew from the shared generator"), checks.keeps_generator("it", generator):
        generator().random()
