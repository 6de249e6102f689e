"""A GPT with a key-value cache: the same numbers and tokens as without, for less work, and the model unchanged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tinytorch.core.activations import gelu, relu
from tinytorch.core.layers import generator, manual_seed
from tinytorch.core.tensor import Tensor, is_recording
from tinytorch.core.transformers import GPT, GPTConfig
from tinytorch.optimization.memoization import KVCache, cache_bytes, decode_step, generate_cached, prefill, token_flops
from tinytorch.support.product_counts import counted_products

torch.set_num_threads(1)

SIZES = {"vocab_size": 40, "block_size": 12, "n_layer": 3, "n_head": 4, "n_embd": 24}
NEAR = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-2, "bfloat16": 8e-2}
SAMPLED = [{"temperature": 0}, {}, {"top_k": 3}, {"temperature": 1.7, "top_k": 9}]


def gpt(dtype: str = "float32", **changes) -> GPT:
    """A small GPT whose weights are large enough for its tokens to differ in probability."""
    manual_seed(0)
    model = GPT(GPTConfig(**{**SIZES, **changes}))
    for p in model.parameters():
        p.data += generator().normal(0, 0.2, p.shape).astype(np.float32)
    return model.to(dtype).eval()


def text(batch: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(SIZES["vocab_size"], size=(batch, length))


def cache_for(model: GPT, batch: int) -> KVCache:
    return KVCache(model.config, batch, model.wte.weight.dtype)


# ---- the same numbers


@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("pieces", [(12,), (1,) * 12, (5, 1, 1, 3, 2)], ids=str)
def test_every_piece_ends_in_the_logits_of_the_whole_text(dtype, batch, pieces):
    model, idx, done = gpt(dtype), text(batch, 12), 0
    cache, whole = cache_for(model, batch), model(idx).data.astype(np.float64)
    for length in pieces:
        logits = prefill(model, idx[:, done:done + length], cache)
        done += length
        assert logits.shape == (batch, 40) and logits.dtype == dtype and not logits.requires_grad
        np.testing.assert_allclose(logits.data.astype(np.float64), whole[:, done - 1], rtol=0, atol=NEAR[dtype])
    assert cache.length == 12 and cache.keys.dtype == dtype


@pytest.mark.parametrize("activation", [relu, lambda x: gelu(x, "tanh")], ids=["relu", "tanh"])
def test_the_configs_activation_is_used(activation):
    model, idx = gpt(activation=activation), text(2, 7)
    got = prefill(model, idx, cache_for(model, 2)).data
    np.testing.assert_allclose(got, model(idx).data[:, -1], rtol=0, atol=1e-5)


def test_the_logits_are_pytorchs():
    model, idx = gpt(), text(2, 9)
    weights = {name: torch.from_numpy(p.data.copy()) for name, p in model.named_parameters()}
    cache = cache_for(model, 2)
    prefill(model, idx[:, :8], cache)
    got = decode_step(model, idx[:, 8], cache).data
    np.testing.assert_allclose(got, in_pytorch(weights, torch.from_numpy(idx), 3, 4)[:, -1], rtol=0, atol=1e-5)


def in_pytorch(w: dict, idx: torch.Tensor, layers: int, heads: int) -> torch.Tensor:
    """The logits of a GPT with these weights (in, out), by PyTorch's functions."""
    batch, length = idx.shape
    x = w["wte.weight"][idx] + w["wpe.weight"][:length]

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])

    def linear(x, name):
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    for i in range(layers):
        parts = linear(norm(x, f"blocks.{i}.ln_1"), f"blocks.{i}.attn.in_proj").chunk(3, -1)
        mixed = F.scaled_dot_product_attention(
            *(part.view(batch, length, heads, -1).transpose(1, 2) for part in parts), is_causal=True)
        x = x + linear(mixed.transpose(1, 2).reshape(x.shape), f"blocks.{i}.attn.out_proj")
        hidden = F.gelu(linear(norm(x, f"blocks.{i}.ln_2"), f"blocks.{i}.mlp.fc"))
        x = x + linear(hidden, f"blocks.{i}.mlp.proj")
    return norm(x, "ln_f") @ w["wte.weight"].T


# ---- the same tokens


@pytest.mark.parametrize("options", SAMPLED, ids=str)
@pytest.mark.parametrize(("batch", "prompt"), [(1, 1), (1, 11), (3, 12), (2, 30), (4, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_tokens_are_those_of_generate_through_the_end_of_the_context(dtype, batch, prompt, options):
    model, idx = gpt(dtype), text(batch, prompt)
    got = generate_cached(model, idx, 15, seed=5, **options)
    assert got.dtype == np.int64 and got.shape == (batch, prompt + 15)
    assert np.array_equal(got.data, model.generate(idx, 15, seed=5, **options).data)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_16_bit_model_writes_with_a_cache_of_its_type(dtype):
    model, idx = gpt(dtype), text(2, 4)
    assert generate_cached(model, idx, 12, seed=1).shape == (2, 16)


def test_without_a_seed_the_numbers_are_those_of_the_shared_generator():
    model, written = gpt(), []
    for write in (model.generate, lambda *args: generate_cached(model, *args)):
        manual_seed(3)
        written.append(write(text(2, 4), 6).data)
    assert np.array_equal(*written)


def test_with_a_seed_no_shared_generator_is_touched():
    before, shared = generator().bit_generator.state, np.random.get_state()[1].copy()
    model = gpt()
    before = generator().bit_generator.state
    generate_cached(model, text(1, 2), 14, seed=0)
    assert generator().bit_generator.state == before and np.array_equal(np.random.get_state()[1], shared)


# ---- less work


def flops_of_step(model: GPT, cache: KVCache, position: int) -> int:
    cache.truncate(position)
    with counted_products(model, cache) as count:
        decode_step(model, text(1, 12)[:, position], cache)
    return count.flops


def test_the_work_for_a_token_is_linear_in_its_position():
    model = gpt()
    cache = cache_for(model, 1)
    prefill(model, text(1, 12), cache)
    counted = [flops_of_step(model, cache, position) for position in range(1, 12)]
    assert counted == [token_flops(model.config, position + 1) for position in range(1, 12)]
    assert set(np.diff(counted, 2)) == {0} and counted[1] > counted[0]


def test_without_a_cache_the_work_for_a_token_is_that_of_all_tokens_before_it_too():
    model = gpt()
    for length in (2, 5, 12):
        cache = cache_for(model, 1)
        with counted_products(model, cache) as count:
            prefill(model, text(1, length), cache)
        unused = 2 * (length - 1) * SIZES["n_embd"] * SIZES["vocab_size"]  # logits that a prefill leaves out
        assert count.flops == length * token_flops(model.config, length) - unused


def test_each_token_is_run_once_while_there_is_room():
    seen = []

    def watching(x: Tensor) -> Tensor:
        seen.append(x.shape[1])
        return relu(x)

    model = gpt(n_layer=1, activation=watching)
    generate_cached(model, text(2, 9), 6, seed=0)
    assert seen == [9, 1, 1, 1, 12, 12]


def test_the_bytes_are_those_of_the_arrays_and_none_is_made_anew():
    model = gpt("bfloat16")
    cache = cache_for(model, 5)
    keys, values = cache.keys, cache.values
    assert keys.nbytes + values.nbytes == 5 * cache_bytes(model.config, 12, "bfloat16")
    prefill(model, text(5, 3), cache)
    decode_step(model, [1, 2, 3, 4, 5], cache)
    assert cache.keys is keys and cache.values is values


# ---- nothing is mixed up, and nothing changes


def test_what_stands_behind_the_length_is_never_read():
    model, idx = gpt(), text(2, 8)
    clean, dirty = cache_for(model, 2), cache_for(model, 2)
    dirty.keys[...], dirty.values[...] = np.nan, np.inf
    for cache in (clean, dirty):
        prefill(model, idx[:, :7], cache)
    got, wanted = (decode_step(model, idx[:, 7], cache).data for cache in (dirty, clean))
    assert np.array_equal(got, wanted)


def test_two_caches_do_not_see_each_other():
    model, ours, theirs = gpt(), text(1, 8, 1), text(1, 8, 2)
    first, second = cache_for(model, 1), cache_for(model, 1)
    for cache, idx in ((first, ours), (second, theirs)):
        prefill(model, idx[:, :4], cache)
    for place in range(4, 8):
        got = [decode_step(model, idx[:, place], cache).data for cache, idx in ((first, ours), (second, theirs))]
    for logits, idx in zip(got, (ours, theirs), strict=True):
        np.testing.assert_allclose(logits, model(idx).data[:, -1], rtol=0, atol=1e-5)


def test_a_text_of_a_batch_does_not_see_the_others():
    model, idx = gpt(), text(3, 6)
    alone = [prefill(model, idx[i:i + 1], cache_for(model, 1)).data[0] for i in range(3)]
    np.testing.assert_allclose(prefill(model, idx, cache_for(model, 3)).data, alone, rtol=0, atol=1e-5)


def test_a_truncated_cache_goes_on_with_another_text():
    model, idx = gpt(), text(1, 10)
    cache = cache_for(model, 1)
    prefill(model, idx, cache)
    cache.truncate(4)
    other = np.concatenate([idx[:, :4], text(1, 3, 9)], axis=1)
    got = prefill(model, other[:, 4:], cache).data
    np.testing.assert_allclose(got, model(other).data[:, -1], rtol=0, atol=1e-5)
    assert cache.length == 7


def test_the_model_is_left_as_it_was_and_dropout_has_no_part_in_it():
    model = gpt(dropout=0.9).train()
    model.blocks[1].eval()
    modes, before = [part.training for part in model.modules()], model.state_dict()
    arrays, state = [p.data for p in model.parameters()], generator().bit_generator.state
    cache = cache_for(model, 1)
    first = prefill(model, text(1, 5), cache).data
    generate_cached(model, text(1, 5), 9, seed=0)
    with pytest.raises(ValueError, match="do not fit"):
        prefill(model, text(1, 12), cache)
    assert [part.training for part in model.modules()] == modes and is_recording()
    assert generator().bit_generator.state == state
    for p, array, old in zip(model.parameters(), arrays, before.values(), strict=True):
        assert p.data is array and np.array_equal(array, old) and p.grad is None
    np.testing.assert_allclose(first, model.eval()(text(1, 5)).data[:, -1], rtol=0, atol=1e-5)


# ---- what is refused


def test_a_full_cache_is_refused_with_its_numbers():
    model, idx = gpt(), text(2, 12)
    cache = cache_for(model, 2)
    prefill(model, idx, cache)
    with pytest.raises(ValueError, match="holds 12 tokens of at most 12, so 1 more do not fit"):
        decode_step(model, idx[:, 0], cache)
    assert cache.length == 12


@pytest.mark.parametrize(("change", "batch", "dtype", "words"), [
    ({"n_layer": 2}, 2, "float32", r"\(2, 2, 4, 12, 6\)"), ({"n_head": 2}, 2, "float32", r"\(3, 2, 2, 12, 12\)"),
    ({"block_size": 20}, 2, "float32", r"\(3, 2, 4, 20, 6\)"), ({}, 1, "float32", r"\(3, 1, 4, 12, 6\)"),
    ({}, 2, "float16", "cache is float16 .* needs float32"),
])  # fmt: skip
def test_a_cache_that_does_not_fit_is_refused_with_both_shapes_and_types(change, batch, dtype, words):
    model = gpt()
    cache = KVCache(GPTConfig(**{**SIZES, **change}), batch, dtype)
    with pytest.raises(ValueError, match=words) as caught:
        prefill(model, text(2, 3), cache)
    assert "(3, 2, 4, 12, 6)" in str(caught.value) and cache.length == 0


@pytest.mark.parametrize(("token", "kind"), [([1], ValueError), ([[1, 2], [3, 4]], ValueError), (1, ValueError),
                                             ([1.0, 2.0], TypeError), ([40, 0], ValueError), ([-1, 0], ValueError)])
def test_a_step_takes_one_known_token_of_each_text(token, kind):
    model = gpt()
    cache = cache_for(model, 2)
    with pytest.raises(kind):
        decode_step(model, token, cache)
    assert cache.length == 0


def test_a_cache_keeps_only_what_it_holds():
    model = gpt()
    cache = cache_for(model, 1)
    prefill(model, text(1, 5), cache)
    for length in (-1, 6):
        with pytest.raises(ValueError, match=f"holds 5 tokens, so it can keep 0 to 5 of them, not {length}"):
            cache.truncate(length)
    with pytest.raises(TypeError):
        cache.truncate(1.5)
    assert cache.length == 5
