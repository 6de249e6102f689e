"""Lesson 13's GPT beside PyTorch's with the same weights, what it starts with, its batches, figures and samples."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.gpt import TheirGPT, as_theirs, copy_by_name
from tinytorch.core.activations import GELU, relu
from tinytorch.core.layers import Dropout, Module, generator, manual_seed
from tinytorch.core.losses import CrossEntropyLoss, cross_entropy
from tinytorch.core.optimizers import AdamW
from tinytorch.core.tensor import Tensor
from tinytorch.core.training import CosineSchedule, Trainer
from tinytorch.core.transformers import (
    GPT,
    Block,
    GPTConfig,
    TextWindows,
    bits_per_character,
    consecutive_windows,
    decay_groups,
    draw,
    generate,
    get_batch,
    next_probabilities,
    text_loss,
)
from tinytorch.optimization.precision import autocast

CONFIG = GPTConfig(vocab_size=37, block_size=16, n_layer=3, n_head=4, n_embd=32, activation=GELU("tanh"))
RNG = np.random.default_rng(0)
IDS, TARGETS = RNG.integers(37, size=(2, 4, 16))


def stirred_model(config: GPTConfig = CONFIG, dtype: str = "float32") -> GPT:
    """A GPT whose weights are large enough that every part of it matters, biases and layer norms among them."""
    manual_seed(0)
    model, rng = GPT(config), np.random.default_rng(1)
    for p in model.parameters():
        p.data += rng.normal(0, 0.1, p.shape).astype(np.float32)
    return model.to(dtype)


def their_model(model: GPT) -> TheirGPT:
    config = model.config
    theirs = TheirGPT(config.vocab_size, config.block_size, config.n_layer, config.n_head, config.n_embd)
    theirs.to(torch.float64 if model.wte.weight.dtype == np.float64 else torch.float32)
    copy_by_name(theirs, model)
    return theirs


# ---- beside PyTorch


@pytest.mark.parametrize(("dtype", "near"), [("float64", 1e-10), ("float32", 2e-4)])
@pytest.mark.parametrize("length", [1, 7, 16])
def test_logits_loss_and_every_gradient_are_those_of_pytorch(dtype, near, length):
    model = stirred_model(dtype=dtype)
    theirs, ids, targets = their_model(model), IDS[:, :length], TARGETS[:, :length]
    logits, their_logits = model(ids), theirs(torch.from_numpy(ids))
    assert logits.shape == (4, length, 37) and logits.dtype == np.dtype(dtype)
    np.testing.assert_allclose(logits.data, their_logits.detach().numpy(), rtol=near, atol=near)

    loss = cross_entropy(logits, targets)
    their_loss = torch.nn.functional.cross_entropy(their_logits.reshape(-1, 37), torch.from_numpy(targets).reshape(-1))
    assert loss.item() == pytest.approx(their_loss.item(), rel=near)
    loss.backward()
    their_loss.backward()
    wanted = dict(theirs.named_parameters())
    for name, p in model.named_parameters():
        gradient = as_theirs(theirs, name, p.grad.data).numpy()
        np.testing.assert_allclose(gradient, wanted[name].grad.numpy(), rtol=10 * near, atol=near, err_msg=name)


def test_two_trainings_beside_each_other_have_the_same_losses():
    model = stirred_model()
    theirs = their_model(model)
    ours, other = AdamW(model.parameters(), 1e-3), torch.optim.AdamW(theirs.parameters(), 1e-3)
    for _ in range(5):
        ours.zero_grad(), other.zero_grad()
        loss = cross_entropy(model(IDS), TARGETS)
        logits = theirs(torch.from_numpy(IDS))
        their_loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 37), torch.from_numpy(TARGETS).reshape(-1))
        assert loss.item() == pytest.approx(their_loss.item(), rel=1e-4)
        loss.backward(), their_loss.backward()
        ours.step(), other.step()


@pytest.mark.parametrize(("half", "near"), [("float16", 0.02), ("bfloat16", 0.15)])
def test_autocast_gives_nearly_the_same_logits_in_half_precision(half, near):
    model = stirred_model()
    with autocast(half):
        logits = model(IDS)
    assert logits.dtype == half
    np.testing.assert_allclose(logits.data.astype(np.float32), model(IDS).data, atol=near)


# ---- the network


def test_no_place_is_told_of_a_token_after_it():
    model = stirred_model()
    before = model(IDS[:1]).data[0]
    for place in range(16):
        changed = IDS[:1].copy()
        changed[0, place] = (changed[0, place] + 1) % 37
        after = model(changed).data[0]
        assert np.array_equal(after[:place], before[:place]) and not np.allclose(after[place], before[place])


def test_the_gradient_of_the_tied_weight_is_that_of_both_its_uses():
    model = stirred_model(dtype="float64")
    rng, eps = np.random.default_rng(2), 1e-6
    direction = rng.normal(size=model.wte.weight.shape)
    cross_entropy(model(IDS), TARGETS).backward()
    slope = float((model.wte.weight.grad.data * direction).sum())
    losses = []
    for sign in (1, -1):
        model.wte.weight.data += sign * eps * direction
        losses.append(cross_entropy(model(IDS), TARGETS).item())
        model.wte.weight.data -= sign * eps * direction
    assert slope == pytest.approx((losses[0] - losses[1]) / (2 * eps), rel=1e-5)


def test_it_starts_near_the_logarithm_of_the_vocabulary_and_with_gpt_2s_spreads():
    manual_seed(0)
    model = GPT(replace(CONFIG, vocab_size=500, n_embd=64, n_layer=8))
    assert cross_entropy(model(IDS), TARGETS).item() == pytest.approx(math.log(500), abs=0.15)
    spread = {name: p.data.std() for name, p in model.named_parameters() if p.ndim == 2}
    for name, found in spread.items():
        last = name.endswith(("out_proj.weight", "mlp.proj.weight"))
        assert found == pytest.approx(0.02 / 4 if last else 0.02, rel=0.05), name
    assert all(not p.data.any() for name, p in model.named_parameters() if name.endswith("bias"))


def test_manual_seed_repeats_a_network_and_a_state_moves_into_another():
    manual_seed(3)
    one = GPT(CONFIG)
    manual_seed(3)
    np.testing.assert_equal(GPT(CONFIG).state_dict(), one.state_dict())
    other = GPT(CONFIG)
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(other(IDS).data, one(IDS).data)
    assert sum(name.startswith("wte") for name in one.state_dict()) == 1, "the tied weight is saved once"


def test_dropout_is_there_in_training_alone():
    model = stirred_model(replace(CONFIG, dropout=0.3))
    assert sum(isinstance(module, Dropout) for module in model.modules()) >= 1 + 2 * CONFIG.n_layer
    assert not np.array_equal(model(IDS).data, model(IDS).data)
    model.eval()
    np.testing.assert_array_equal(model(IDS).data, model(IDS).data)
    np.testing.assert_allclose(model(IDS).data, stirred_model()(IDS).data, rtol=1e-6)


@pytest.mark.parametrize(("change", "said"), [
    ({"vocab_size": 0}, "vocab_size"), ({"n_layer": 1.5}, "n_layer"), ({"n_head": 5}, "n_embd is 32 and n_head is 5"),
    ({"dropout": 1.5}, "dropout"), ({"block_size": -1}, "block_size"),
])  # fmt: skip
def test_sizes_that_cannot_be_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        replace(CONFIG, **change)


def test_an_activation_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="got a str"):
        replace(CONFIG, activation="gelu")


@pytest.mark.parametrize(("ids", "error", "said"), [
    (np.zeros((2, 17), int), ValueError, "17 tokens in a row, but the model's block_size is 16"),
    (np.zeros(3, int), ValueError, r"\(batch, time\)"), (np.zeros((2, 0), int), ValueError, r"\(2, 0\)"),
    (np.zeros((1, 2)), TypeError, "whole numbers"), (np.full((1, 2), 37), IndexError, "37"),
])  # fmt: skip
def test_tokens_that_cannot_be_are_refused(ids, error, said):
    with pytest.raises((error, ValueError) if error is IndexError else error, match=said):
        GPT(CONFIG)(ids)


def test_a_block_adds_to_its_input_and_gives_its_shape():
    block, x = Block(CONFIG), Tensor(RNG.normal(size=(2, 5, 32)).astype(np.float32))
    for p in block.parameters():
        p.data[...] = 0
    np.testing.assert_array_equal(block(x).data, x.data)


# ---- text


def test_batches_are_windows_with_the_next_tokens_as_targets_and_repeat_after_the_seed():
    text = RNG.permutation(500).astype(np.uint16)
    after = dict(zip(text[:-1].tolist(), text[1:].tolist(), strict=True))
    manual_seed(5)
    batches = list(TextWindows(text, 8, 12, updates=20))
    assert len(batches) == len(TextWindows(text, 8, 12, updates=20)) == 20
    for x, y in batches:
        assert x.shape == y.shape == (8, 12) and x.dtype == y.dtype == np.int64
        assert all(after[i] == j for i, j in zip(x.data.reshape(-1).tolist(), y.data.reshape(-1).tolist(), strict=True))
    manual_seed(5)
    again = list(TextWindows(text, 8, 12, updates=20))
    np.testing.assert_equal([(x.data, y.data) for x, y in again], [(x.data, y.data) for x, y in batches])
    with pytest.raises(ValueError, match="12 tokens has no window of 12"):
        get_batch(text[:12], 1, 12)


@pytest.mark.parametrize("length", [2, 3, 16, 17, 18, 33, 100])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_loss_of_a_text_is_the_mean_over_each_token_but_the_first(length, batch):
    model, text = stirred_model(dtype="float64"), np.random.default_rng(length).integers(37, size=length)
    wanted = []
    for start in range(0, length - 1, 16):
        window = text[start : start + 17]
        logits = model(window[None, :-1]).data[0]
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        wanted += [-logs[i, token] for i, token in enumerate(window[1:])]
    assert len(wanted) == length - 1
    assert text_loss(model, text, batch) == pytest.approx(np.mean(wanted), rel=1e-9)
    assert sum(y.size for _, y in consecutive_windows(text, 16, batch)) == length - 1


def test_measuring_and_sampling_leave_modes_gradients_and_the_generator_as_they_were():
    model = stirred_model(replace(CONFIG, dropout=0.2))
    model.blocks[1].eval()
    modes, before = [module.training for module in model.modules()], generator().bit_generator.state
    text_loss(model, RNG.integers(37, size=50))
    model.generate(IDS[:, :3], 4, seed=0)
    assert [module.training for module in model.modules()] == modes
    assert generator().bit_generator.state == before
    assert all(p.grad is None for p in model.parameters())


def test_bits_a_character_of_a_uniform_guess_are_those_of_a_fixed_code():
    assert bits_per_character(math.log(256), tokens=100, characters=100) == pytest.approx(8)
    assert bits_per_character(3.576, tokens=1000, characters=2296) == pytest.approx(2.247, abs=1e-3)


def test_decay_is_for_matrices_alone_and_each_parameter_is_in_one_group():
    model = GPT(CONFIG)
    with_decay, without = decay_groups(model, 0.1)
    assert (with_decay["weight_decay"], without["weight_decay"]) == (0.1, 0.0)
    assert all(p.ndim == 2 for p in with_decay["params"]) and all(p.ndim == 1 for p in without["params"])
    found = [id(p) for group in (with_decay, without) for p in group["params"]]
    assert sorted(found) == sorted(id(p) for p in model.parameters())


def test_a_training_resumes_bit_for_bit_from_a_file(tmp_path):
    text = RNG.integers(37, size=400)

    def trainer(seed: int) -> Trainer:
        manual_seed(seed)
        model = GPT(replace(CONFIG, n_layer=1, dropout=0.1, activation=relu))
        optimizer = AdamW(decay_groups(model, 0.1), lr=1e-2)
        return Trainer(model, optimizer, CrossEntropyLoss(), CosineSchedule(optimizer, 20, 4), clip_norm=1.0)

    whole, windows = trainer(0), TextWindows(text, 4, 8, updates=10)
    whole.fit(windows, 1)
    whole.save(tmp_path / "half.npz")
    whole.fit(windows, 1)
    other = trainer(1)
    other.load(tmp_path / "half.npz")
    other.fit(windows, 1)
    assert [row.loss for row in other.history] == [row.loss for row in whole.history]
    np.testing.assert_equal(other.model.state_dict(), whole.model.state_dict())


# ---- sampling


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [None, 1, 5, 37, 99])
def test_probabilities_are_those_of_pytorch_with_all_ties_kept(temperature, top_k):
    logits = np.random.default_rng(3).integers(-4, 5, size=(6, 37)) * 0.7  # with many ties
    wide = torch.from_numpy(logits) / temperature
    if top_k is not None:
        least = torch.topk(wide, min(top_k, 37)).values[:, -1:]
        wide = wide.masked_fill(wide < least, -torch.inf)
    wanted = torch.softmax(wide, dim=-1).numpy()
    np.testing.assert_allclose(next_probabilities(logits, temperature, top_k), wanted, rtol=1e-9, atol=1e-15)


def test_draws_come_as_often_as_their_probabilities_say():
    chances = np.array([0.5, 0.0, 0.2, 0.3])
    drawn = draw(np.tile(chances, (20000, 1)), np.random.default_rng(0))
    assert drawn.dtype == np.int64
    counts = np.bincount(drawn, minlength=4) / 20000
    assert counts[1] == 0 and np.abs(counts - chances).max() < 0.015


def test_a_seed_repeats_what_is_written_and_temperature_0_is_the_likeliest_token():
    model = stirred_model()
    first = generate(model, IDS[:, :2], 20, seed=4)
    np.testing.assert_array_equal(model.generate(IDS[:, :2], 20, seed=4).data, first.data)
    assert not np.array_equal(generate(model, IDS[:, :2], 20, seed=5).data, first.data)
    greedy = generate(model, IDS[:, :2], 20, temperature=0).data
    assert greedy.shape == (4, 22) and greedy.dtype == np.int64
    for end in range(2, 22):
        likeliest = model(greedy[:, max(0, end - 16) : end]).data[:, -1].argmax(axis=-1)
        np.testing.assert_array_equal(greedy[:, end], likeliest)
    np.testing.assert_array_equal(generate(model, IDS[:, :2], 20, top_k=1, seed=9).data, greedy)


def test_rows_of_a_batch_are_written_by_themselves():
    model = stirred_model()
    together = generate(model, IDS[:, :5], 12, temperature=0).data
    alone = np.concatenate([generate(model, row[None, :5], 12, temperature=0).data for row in IDS])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize(("options", "said"), [
    ({"temperature": -1.0}, "temperature is -1.0"), ({"temperature": math.nan}, "temperature is nan"),
    ({"top_k": 0}, "top_k"), ({"top_k": 2.5}, "top_k"),
])  # fmt: skip
def test_settings_of_sampling_that_make_no_sense_are_refused_and_the_mode_comes_back(options, said):
    model = stirred_model()
    with pytest.raises(ValueError, match=said):
        model.generate(IDS, 2, **options)
    assert model.training


def test_logits_of_nan_are_refused():
    with pytest.raises(ValueError, match="nan or inf"):
        next_probabilities(np.array([[0.0, np.nan]]))


def test_a_model_of_another_kind_can_be_measured_and_can_write():
    class Uniform(Module):
        config = replace(CONFIG, block_size=4)

        def forward(self, idx):
            return Tensor(np.zeros((*np.shape(idx), 37)))

    assert text_loss(Uniform(), IDS[0]) == pytest.approx(math.log(37))
    assert generate(Uniform(), IDS[:1], 3, seed=0).shape == (1, 19)
