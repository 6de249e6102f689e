"""The checks that lesson 20 shares: the lesson's own functions pass, and mistakes the bank cannot make are told."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.attention import MultiheadAttention
from tinytorch.core.layers import manual_seed
from tinytorch.core.tensor import Tensor, wrap
from tinytorch.core.transformers import GPT, Block, GPTConfig
from tinytorch.optimization import memoization as lesson
from tinytorch.support import checks_decoding as checks
from tinytorch.support.checks_transformers import stirred

CONFIG = GPTConfig(9, 6, 2, 2, 4)


def sentence(function, *args, **options) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_the_lessons_functions_pass():
    model, cache = stirred(GPT(CONFIG)), lesson.KVCache(CONFIG, 2)
    checks.starts_empty(lesson.KVCache, CONFIG, 2, "float16", (2, 2, 2, 6, 2))
    checks.keeps(lesson.KVCache, CONFIG, 2, "bfloat16", (1, 3), "idea")
    checks.refuses(lesson.KVCache, CONFIG, 2, "float32", 3, 1)
    checks.weights_follow(lesson.last_weights, [(1, 2, 3, 5, 4)], ["float16"])
    checks.attends(lesson.cached_attention, stirred(MultiheadAttention(4, 2)), cache, Tensor, (2, 1), 1)
    checks.passes_block(lesson.cached_block, stirred(Block(CONFIG)), cache, Tensor, (1, 2), 0)
    checks.prefills(lesson.prefill, lesson.KVCache, model, 2, (2, 3), "idea")
    checks.decodes(lesson.decode_step, lesson.KVCache, model, 2, 3, "idea")
    checks.decodes_one_each(lesson.decode_step, lesson.KVCache, model)
    checks.generates(lesson.generate_cached, model, 2, 4, 5, "idea", seed=0)
    checks.draws_alike(lesson.generate_cached, model, manual_seed)


def test_a_spied_model_tells_how_many_texts_and_tokens_its_blocks_run():
    model, seen = checks.spied(GPT, lambda activation: GPTConfig(9, 6, 2, 2, 4, 0.0, activation))
    model(np.zeros((3, 5), np.int64))
    assert seen == [(3, 5), (3, 5)]


def test_a_cache_that_hands_out_a_view_of_another_is_told():
    shared = lesson.KVCache(CONFIG, 2)

    def again(*args):
        cache = lesson.KVCache(*args)
        cache.keys = shared.keys
        return cache

    assert "two caches share their keys" in sentence(checks.starts_empty, again, CONFIG, 2, "float32", (2, 2, 2, 6, 2))


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda model: model.eval(), "changed the mode of .* parts, GPT from training=True"),
    (lambda model: np.add(model.ln_f.bias.data, 1, out=model.ln_f.bias.data), "changed ln_f.bias"),
    (lambda model: setattr(model.ln_f.bias, "data", model.ln_f.bias.data.copy()), "changed ln_f.bias"),
    (lambda model: setattr(model.ln_f.bias, "grad", wrap(np.zeros(4, np.float32))), "changed ln_f.bias"),
])  # fmt: skip
def test_what_is_changed_in_a_model_is_told(spoil, words):
    model = stirred(GPT(CONFIG))
    with pytest.raises(AssertionError, match=words), checks.left_alone("it", model):
        spoil(model)


def test_a_number_of_another_type_or_far_off_is_told():
    assert "is float64, wanted float16" in sentence(checks.like, "x", np.ones(2), np.ones(2), "float16", "idea")
    assert "idea" in sentence(checks.like, "x", np.ones(2, np.float16), np.full(2, 1.1), "float16", "idea")
    checks.like("x", Tensor([1.0]), np.ones(1), "float32", "idea")
