# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 20: Memoization

> Memoization: a key-value cache, with which a GPT runs each token of a text once.

Lesson 13's GPT writes one token at a time. For each of them it runs the whole text so far, although
it ran all of that text but one token for the token before. In this lesson you find out what of this
work gives the same result every time, keep that result, and leave the work out. You will build:

- a count of what a token costs, in FLOPs, and of what keeping it costs, in bytes;
- `KVCache`, which holds the keys and values of all tokens so far, and attention that uses it;
- `prefill`, which runs a prompt, and `decode_step`, which runs one token more;
- `generate_cached`, which writes the same tokens as `generate`, in a fraction of the time.

About 4 hours: 10 exercises, some 45 lines to write, and an open question. Needs lessons 01 to 07
and 10 to 15. Makes `tinytorch.optimization.memoization`: `KVCache`, `prefill`, `decode_step` and
`generate_cached`.
"""

# %%
#| default_exp optimization.memoization

# %%
#| export
from typing import Any

import numpy as np

# %%
#| export
from tinytorch.core.activations import normalized_exp
from tinytorch.core.attention import MultiheadAttention
from tinytorch.core.layers import LayerNorm, Linear, affine, generator
from tinytorch.core.tensor import Tensor, in_float32, multiply_matrices, no_grad, wrap
from tinytorch.core.transformers import GPT, Block, GPTConfig, draw, next_probabilities
from tinytorch.support.decoding import TokenCount, check_entry, check_fits
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.language import token_array
from tinytorch.support.norm_kernels import layer_norm

# %%
from threadpoolctl import threadpool_limits

from tinytorch.core.activations import gelu, relu
from tinytorch.core.layers import manual_seed
from tinytorch.support import checks_decoding as checks
from tinytorch.support.checks import check, equal
from tinytorch.support.checks_transformers import stirred

one_core = threadpool_limits(1)  # as in lesson 15: this notebook's products run on one thread

# %% [markdown]
r"""
## Keep what would be computed again

In how many ways can you climb n steps, one or two at a time? The last move began one step below
the top or two, so the answer for n is the sum of those for n - 1 and n - 2.
"""

# %%
from functools import cache as memoized

calls = []

def ways(n):
    calls.append(n)
    return 1 if n < 2 else ways(n - 1) + ways(n - 2)

print(ways(20), "ways, found in", len(calls), "calls")
calls, ways = [], memoized(ways)
print(ways(20), "ways, found in", len(calls), "calls")

# %% [markdown]
r"""
The second time each n was worked out once, and its answer was kept in a dict under n. This is
*memoization* (after D. Michie, "Memo" functions and machine learning, Nature, 1968). It asks two
questions of a computation. Is the result the same whenever the arguments are the same? And is there
room to keep it? Here are both for a GPT.

## What a GPT computes again

Attention asks each token for a query, a key and a value. A small GPT runs a text of six tokens, and
then the same text with a seventh. How far do the *keys* of the first six differ, in each layer? And
how far where the seventh comes first, so that it moves the others? (`stirred` gives a model other
weights, large enough for differences to show.)
"""

# %%
def keys_of(model, text):
    """The keys (B, T, E) of each layer for the tokens of a text."""
    found, width = [], model.config.n_embd
    x = model.wte(text) + model.wpe(np.arange(text.shape[1]))
    for block in model.blocks:
        found.append(block.attn.in_proj(block.ln_1(x)).data[..., width:2 * width])
        x = block(x)
    return found

# %%
small = stirred(GPT(GPTConfig(vocab_size=50, block_size=16, n_layer=3, n_head=4, n_embd=32)))
seven = np.random.default_rng(0).integers(50, size=(1, 7))
six = keys_of(small, seven[:, :6])
for name, longer, places in [("behind", seven, slice(0, 6)),
                             ("in front", np.roll(seven, 1), slice(1, 7))]:
    gaps = [np.abs(a - b[:, places]).max() for a, b in zip(six, keys_of(small, longer))]
    print(f"a token more {name:8}: keys differ by at most", *(f"{gap:.1e}" for gap in gaps))

# %% [markdown]
r"""
With a token behind them the keys stay what they were, up to float32's rounding. No token sees those
after it, so its keys and values follow from the tokens up to it and from its position, and from
nothing else. These are the arguments. The queries are another matter: a query is used once, by the
token that asks, and nobody asks for it again. So keep the keys and values of every layer, and run
only the new token.

With a token in front everything changes: every token has another position, and another token that
it sees. We come back to that when a text grows longer than `block_size`.

## What it saves

### Exercise: token_flops

What do the matrix products for one token cost? An (m, k) by (k, n) product takes `2 m k n` FLOPs
(lesson 15), so a row through a layer of (k, n) takes `2 k n`. A block of width E has four layers:
`in_proj` to 3 E, `out_proj` from E to E, `fc` to 4 E, and `proj` back. In attention the query
meets the keys of all tokens, and the weights all their values; the heads share the width E. In the
end come the logits, once, for each token of the vocabulary.
"""

# %% nbgrader={"solution": true, "grade_id": "token-flops"}
#| exporti
def token_flops(config: GPTConfig, total: int) -> int:
    """FLOPs of the matrix products for one token of a text of `total`, its logits included.

    Its attention is to `total` tokens. Biases, layer norms, softmax and GELU are left out.

    >>> token_flops(GPTConfig(vocab_size=10, block_size=8, n_layer=1, n_head=1, n_embd=2), 3)
    160
    """
    ### BEGIN SOLUTION
    width = config.n_embd
    layers = 2 * width * (3 + 1 + 4 + 4) * width
    attention = 2 * width * total * 2
    return config.n_layer * (layers + attention) + 2 * width * config.vocab_size
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-token-flops", "points": 4}
# Check of token_flops: run it when your cell has run.
@check
def test_unit_token_flops():
    cases = [((10, 8, 1, 1, 2), 3, 160), ((10, 8, 1, 1, 2), 4, 168), ((11, 8, 1, 1, 2), 3, 164),
             ((10, 8, 2, 1, 2), 3, 280), ((10, 8, 1, 2, 4), 3, 512), ((10, 99, 1, 1, 2), 3, 160),
             ((50257, 1024, 12, 12, 768), 1024, 284_812_800)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 4, 3, 2, 6), 1, 2748), ((500, 256, 4, 4, 128), 256, 2_225_152)]
    ### END HIDDEN TESTS
    for sizes, total, wanted in cases:
        what = f"token_flops(GPTConfig{sizes}, {total})"
        got = token_flops(GPTConfig(*sizes), total)
        equal(what, got, wanted, "four layers and attention in each block, and the logits once")
        assert isinstance(got, int), f"{what} gave {got!r}, wanted a whole number"

test_unit_token_flops()

# %% [markdown]
r"""
Without a cache all n tokens are run for the n-th: that costs `n * token_flops(config, n)`, where
attention is computed whole, and masked. With it, the token costs `token_flops(config, n)`. Here are
both, for the GPT that we shall measure.
"""

# %%
import matplotlib.pyplot as plt

config = GPTConfig(vocab_size=512, block_size=256, n_layer=4, n_head=4, n_embd=128)
lengths = np.arange(1, config.block_size + 1)
kept = np.array([token_flops(config, int(n)) for n in lengths]) / 1e6
again = lengths * kept
for n in (1, 2, 64, 128, 256):
    print(f"token {n:3}: {again[n - 1]:7.2f} MFLOP without, {kept[n - 1]:5.2f} with a cache")
print(f"all {len(lengths)}: {again.sum():7.0f} MFLOP without, {kept.sum():5.0f} with a cache")

# %%
figure, panels = plt.subplots(1, 2, figsize=(10, 3))
both = np.array([again, kept]).T
for panel, flops, of in zip(panels, (both, both.cumsum(axis=0)), ("n-th token", "first n tokens")):
    panel.loglog(lengths, flops, label=["run the whole text again", "keep keys and values"])
    panel.set(title=f"MFLOP for the {of}", xlabel="n")
panels[0].legend()
plt.show()

# %% [markdown]
r"""
Without a cache the cost of a token grows with the square of n in attention, and with n elsewhere.
With it, attention's part grows with n and the rest stays: here the line is almost flat.

## What it costs

### Exercise: cache_bytes

For each token every layer keeps a key and a value of width E, whatever the number of heads.
`as_dtype(dtype).itemsize` is the number of bytes of one number.
"""

# %% nbgrader={"solution": true, "grade_id": "cache-bytes"}
#| exporti
def cache_bytes(config: GPTConfig, tokens: int, dtype: Any = "float32") -> int:
    """Bytes of the keys and values of `tokens` tokens, in all layers.

    >>> cache_bytes(GPTConfig(vocab_size=10, block_size=8, n_layer=3, n_head=2, n_embd=4), 5)
    480
    """
    ### BEGIN SOLUTION
    return 2 * config.n_layer * config.n_embd * tokens * as_dtype(dtype).itemsize
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-cache-bytes", "points": 3}
# Check of cache_bytes: run it when your cell has run.
@check
def test_unit_cache_bytes():
    one = (10, 8, 3, 2, 4)
    cases = [(one, 5, "float32", 480), (one, 1, "float32", 96), (one, 5, "bfloat16", 240),
             (one, 0, "float32", 0), ((99, 16, 3, 4, 4), 5, "float32", 480), (one, 5, float, 960)]
    ### BEGIN HIDDEN TESTS
    cases += [((10, 8, 1, 1, 7), 3, np.float16, 84), (one, 100, "float16", 4800)]
    ### END HIDDEN TESTS
    for sizes, tokens, dtype, wanted in cases:
        what = f"cache_bytes(GPTConfig{sizes}, {tokens}, {dtype!r})"
        got = cache_bytes(GPTConfig(*sizes), tokens, dtype)
        equal(what, got, wanted, "a key and a value in each layer, for each token, of that type")
        assert isinstance(got, int), f"{what} gave {got!r}, wanted a whole number"

test_unit_cache_bytes()

# %% [markdown]
r"""
Is that much? Here is the GPT above, and one of the sizes of the smallest GPT-2 (12 layers of width
768, 1,024 tokens, 50,257 in the vocabulary), beside the bytes of the weights of its layers.
"""

# %%
for name, sizes in [("ours", config), ("GPT-2 small", GPTConfig(50257, 1024, 12, 12, 768))]:
    token, weights = cache_bytes(sizes, 1), 4 * sizes.n_layer * 12 * sizes.n_embd**2
    print(f"{name}: {token:,} bytes a token, {token * sizes.block_size / 1e6:.1f} MB for a text "
          f"of {sizes.block_size}, {weights / 1e6:.1f} MB of weights")

# %% [markdown]
r"""
One text takes a fraction of the weights' memory. But of many texts that are written at the same
time each has keys and values of its own, while they all share the weights.

## KVCache

How should the cache grow? `np.concatenate` would make a new array for each token and copy all that
was there. For a text of 256, one by one, that is this many bytes:
"""

# %%
copied = sum(cache_bytes(config, n) for n in range(1, config.block_size + 1))
print(f"{copied / 1e6:.0f} MB, to store {cache_bytes(config, config.block_size) / 1e6:.1f} MB")

# %% [markdown]
r"""
That would be quadratic again. Since no text is longer than `block_size`, we make the arrays once,
at full length: for each layer, text and head one matrix, whose first rows are the tokens so far.
"""

# %%
#| exporti
def cache_shape(config: GPTConfig, batch_size: int) -> tuple[int, ...]:
    """(layers, batch, heads, block_size, width of a head): of the keys, and of the values."""
    width = config.n_embd // config.n_head
    return config.n_layer, batch_size, config.n_head, config.block_size, width

# %% [markdown]
r"""
### Exercise: KVCache

`TokenCount`, in `tinytorch/support/decoding.py`, keeps the count: `length`, which is 0 at first;
`room(new)`, the slice `length:length + new` where the next tokens go, with an error where there is
no room for them; and `truncate(length)`, which forgets all but the first tokens. It relies on
`self.block_size`.

`append` is called once for each layer, with the same new tokens. So it must leave `length` alone:
whoever runs the last layer will move it. It returns *views*, which cost nothing, and attention
works on these. Assignment to a slice is generous: it converts types silently, and repeats one text
for a whole batch. `check_entry(name, keys, self.keys, new)` raises an error instead, where `keys`
of `new` tokens do not fit. Look at everything before you write anything.
"""

# %% nbgrader={"solution": true, "grade_id": "kv-cache"}
#| export
class KVCache(TokenCount):
    """The keys and values of the first `length` tokens of `batch_size` texts, in every layer.

    `keys` and `values` are arrays of `cache_shape(config, batch_size)` and of type `dtype`, made
    once. What they hold behind `length` means nothing.
    """

    def __init__(self, config: GPTConfig, batch_size: int = 1, dtype: Any = "float32"):
        ### BEGIN SOLUTION
        shape = cache_shape(config, batch_size)
        self.keys, self.values = np.zeros(shape, as_dtype(dtype)), np.zeros(shape, as_dtype(dtype))
        self.block_size = config.block_size
        ### END SOLUTION

    def append(self, layer: int, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Write keys and values (B, H, t, D) of the next t tokens into their places in one layer.

        Returns that layer's keys and values up to these, (B, H, length + t, D): views. `length`
        stays. ValueError where there is no room, or shape or type do not fit, and no change then.
        """
        ### BEGIN SOLUTION
        new = keys.shape[2]
        places = self.room(new)
        check_entry("keys", keys, self.keys, new)
        check_entry("values", values, self.values, new)
        self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values
        return self.keys[layer, :, :, :places.stop], self.values[layer, :, :, :places.stop]
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-kv-cache", "points": 6}
# Check of KVCache: run it when your cell has run.
@check
def test_unit_kv_cache():
    cases = [(GPTConfig(9, 8, 2, 2, 6), 1, "float32", (3, 1, 2)),
             (GPTConfig(9, 5, 3, 1, 4), 3, "bfloat16", (1, 4))]
    ### BEGIN HIDDEN TESTS
    cases += [(GPTConfig(9, 6, 1, 3, 3), 2, "float64", (2, 2, 1)),
              (GPTConfig(5, 4, 2, 4, 8), 4, np.float16, (1, 1, 1, 1))]
    ### END HIDDEN TESTS
    for config, batch, dtype, pieces in cases:
        checks.starts_empty(KVCache, config, batch, dtype, cache_shape(config, batch))
        checks.keeps(KVCache, config, batch, dtype, pieces, "each token in its place, none lost")

test_unit_kv_cache()

# %% nbgrader={"grade": true, "grade_id": "test-kv-cache-refuses", "points": 3}
# Check of what KVCache refuses: run it when your cell has run.
@check
def test_unit_kv_cache_refuses():
    checks.refuses(KVCache, GPTConfig(9, 8, 2, 2, 6), 3, "float32", held=6, layer=1)
    checks.refuses(KVCache, GPTConfig(9, 4, 2, 2, 6), 2, "float16", held=4, layer=0)
    ### BEGIN HIDDEN TESTS
    checks.refuses(KVCache, GPTConfig(9, 5, 2, 2, 8), 4, "float64", held=0, layer=1)
    ### END HIDDEN TESTS

test_unit_kv_cache_refuses()

# %% [markdown]
r"""
## Attention of the last tokens

Now there are t queries and n keys, and the queries belong to the *last* t of the n tokens. Lesson
12's causal mask counts from the other end: there, query 0 sees key 0 alone, and so it is in
PyTorch's `is_causal=True`. See what that does to a single new token, which should see all:
"""

# %%
from tinytorch.core.attention import scaled_dot_product_attention

query, keys, values = (Tensor(checks.numbers((1, 1, n, 4), seed=n)) for n in (1, 5, 5))
seen = scaled_dot_product_attention(query, keys, values, is_causal=True)
print("the first value:", values.numpy()[0, 0, 0], "\nthe result:     ", seen.numpy()[0, 0, 0])

# %% [markdown]
r"""
It saw the first token and nothing else, and no error comes.

### Exercise: last_weights

Compute attention's weights for the last t tokens of n: the products of queries and keys, divided by
$\sqrt{D}$, and their softmax, in which later tokens have no part. Query i is token n - t + i. A
single query sees everything: make no mask for it, for this is the case in which time counts.
`normalized_exp(scores, axis=-1)` is lesson 02's softmax of an array.
"""

# %% nbgrader={"solution": true, "grade_id": "last-weights"}
#| exporti
@in_float32
def last_weights(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """How much each of the last t of n tokens looks at each of the n, (B, H, t, n): softmax of
    query (B, H, t, D) times keys (B, H, n, D) over sqrt(D), with 0 for the tokens after its own.

    >>> last_weights(np.zeros((1, 1, 2, 4)), np.zeros((1, 1, 3, 4)))
    array([[[[0.5       , 0.5       , 0.        ],
             [0.33333333, 0.33333333, 0.33333333]]]])
    """
    ### BEGIN SOLUTION
    new, total = query.shape[-2], keys.shape[-2]
    scores = query * query.shape[-1]**-0.5 @ keys.swapaxes(-1, -2)
    if new > 1:
        later = np.arange(total) > np.arange(total - new, total)[:, np.newaxis]
        scores[..., later] = -np.inf
    return normalized_exp(scores, axis=-1)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-last-weights", "points": 4}
# Check of last_weights: run it when your cell has run.
@check
def test_unit_last_weights():
    cases = [(1, 1, 1, 5, 4), (2, 3, 1, 4, 2), (1, 2, 3, 5, 4), (2, 1, 4, 4, 3), (1, 1, 1, 1, 2)]
    ### BEGIN HIDDEN TESTS
    cases += [(3, 2, 2, 9, 5), (1, 4, 6, 7, 1), (2, 2, 5, 5, 8)]
    ### END HIDDEN TESTS
    checks.weights_follow(last_weights, cases, ("float32", "float64", "float16"))

test_unit_last_weights()

# %% [markdown]
r"""
## Arrays in place of tensors

What does a layer cost where only one row goes through it? Here is a layer, and lesson 03's
`affine`, which does the arithmetic in it.
"""

# %%
from tinytorch.support.timing import fastest_in_turns

layer, row = Linear(128, 128), Tensor(checks.numbers((1, 1, 128)))
with no_grad():
    taken = fastest_in_turns([lambda: layer(row), lambda: affine(
        row.data, layer.weight.data, layer.bias.data)], rounds=5, runs=50)
print(f"the layer {taken[0] * 1e6:.1f} us, its arithmetic {taken[1] * 1e6:.1f} us")

# %% [markdown]
r"""
The rest is what lesson 14 called the fixed price of an operation: tensors are made, types compared,
and `apply` asks whether somebody wants to see the operation or its gradient. A text of many tokens
pays it once, a text that is written token by token pays it for each. Nobody wants a gradient here,
so we run the same arithmetic on arrays. A layer norm takes NumPy several calls; for it we take the
compiled loop that lesson 03's layer keeps for large arrays. (What is not run by `apply` is not seen
by a `Trace` either: that is the price on the other side.)
"""

# %%
#| exporti
one_pass_norm = in_float32(layer_norm)  # so that 16-bit types are computed in float32, too

def dense(layer: Linear, x: np.ndarray) -> np.ndarray:
    return affine(x, layer.weight.data, layer.bias.data)

def norm(layer: LayerNorm, x: np.ndarray) -> np.ndarray:
    return one_pass_norm(x, layer.weight.data, layer.bias.data, eps=layer.eps)

# %% [markdown]
r"""
### Exercise: cached_attention

What lesson 12's `MultiheadAttention` does, for new tokens only. `attn.in_proj` gives (B, t, 3 E):
the queries of all heads, then their keys, then their values. So `reshape(B, t, 3, heads, -1)` and a
transposition give three arrays of (B, heads, t, D). Keys and values go into the cache, which gives
back all of them. Mix the values by `last_weights`, with `multiply_matrices`, lesson 01's `@` for
arrays (of 16-bit types, too). Then put the heads side by side again for `attn.out_proj`.
"""

# %% nbgrader={"solution": true, "grade_id": "cached-attention"}
#| exporti
def cached_attention(attn: MultiheadAttention, x: np.ndarray, cache: KVCache,
                     layer: int) -> np.ndarray:
    """Causal self-attention of new tokens, (B, t, E) -> (B, t, E), to those in the cache as well.

    Their keys and values go into the cache's layer number `layer`. Nothing is dropped out.
    """
    ### BEGIN SOLUTION
    batch, new, width = x.shape
    parts = dense(attn.in_proj, x).reshape(batch, new, 3, attn.num_heads, -1)
    query, key, value = parts.transpose(2, 0, 3, 1, 4)
    keys, values = cache.append(layer, key, value)
    mixed = multiply_matrices(last_weights(query, keys), values)
    return dense(attn.out_proj, mixed.swapaxes(1, 2).reshape(batch, new, width))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-cached-attention", "points": 6}
# Check of cached_attention: run it when your cell has run.
@check
def test_unit_cached_attention():
    cases = [(GPTConfig(9, 8, 2, 2, 6), 1, (3, 1, 1, 2), 1, "float32"),
             (GPTConfig(9, 6, 3, 4, 8), 2, (1, 1, 1), 0, "float32"),
             (GPTConfig(9, 6, 2, 1, 4), 3, (2, 4), 1, "bfloat16")]
    ### BEGIN HIDDEN TESTS
    cases += [(GPTConfig(9, 5, 2, 3, 3), 4, (4, 1), 0, "float64"),
              (GPTConfig(9, 7, 3, 2, 10), 1, (1, 2, 4), 2, "float16")]
    ### END HIDDEN TESTS
    for config, batch, pieces, layer, dtype in cases:
        attn = stirred(MultiheadAttention(config.n_embd, config.n_head, dropout=0.5)).to(dtype)
        cache = KVCache(config, batch, dtype)
        checks.attends(cached_attention, attn, cache, Tensor, pieces, layer)
        checks.attends(cached_attention, attn, cache, Tensor, pieces[::-1], layer)

test_unit_cached_attention()

# %% [markdown]
r"""
### Exercise: cached_block

A block adds attention of the normed input, and on that the MLP of the normed sum. All but attention
works on each token by itself. `block.mlp.activation` takes a Tensor, so `wrap` the array for it.
Dropout has no part in it: a model that writes is in evaluation mode.
"""

# %% nbgrader={"solution": true, "grade_id": "cached-block"}
#| exporti
def cached_block(block: Block, x: np.ndarray, cache: KVCache, layer: int) -> np.ndarray:
    """What a block makes of new tokens, (B, t, E) -> (B, t, E), without dropout. x stays as is."""
    ### BEGIN SOLUTION
    x = x + cached_attention(block.attn, norm(block.ln_1, x), cache, layer)
    hidden = block.mlp.activation(wrap(dense(block.mlp.fc, norm(block.ln_2, x))))
    return x + dense(block.mlp.proj, hidden.data)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-cached-block", "points": 4}
# Check of cached_block: run it when your cell has run.
@check
def test_unit_cached_block():
    cases = [(GPTConfig(9, 8, 2, 2, 6, dropout=0.5), 1, (3, 1, 2), 1, "float32"),
             (GPTConfig(9, 6, 1, 4, 8, activation=relu), 2, (1, 1, 3), 0, "float32"),
             (GPTConfig(9, 4, 2, 1, 4, dropout=0.9), 2, (4,), 0, "bfloat16")]
    ### BEGIN HIDDEN TESTS
    cases += [(GPTConfig(9, 5, 3, 3, 3, activation=lambda x: gelu(x, "tanh")), 3, (1, 4), 2,
               "float64"), (GPTConfig(9, 5, 2, 2, 4, dropout=0.2), 1, (2, 3), 1, "float16")]
    ### END HIDDEN TESTS
    for config, batch, pieces, layer, dtype in cases:
        block, cache = stirred(Block(config)).to(dtype), KVCache(config, batch, dtype)
        checks.passes_block(cached_block, block, cache, Tensor, pieces, layer)

test_unit_cached_block()

# %% [markdown]
r"""
## Prefill and decode

Writing has two phases. First the prompt is run, all of it at once, which fills the cache: that is
called *prefill*. Then one token after another is run: *decoding*. For the cache both are the same,
t new tokens behind those that it holds, with t = 1 for decoding.

### Exercise: prefill

Embed the tokens: `model.wte(tokens)`, and rows of `model.wpe.weight.data` for their *places*, which
do not begin at 0 where the cache holds something. Run the blocks; only when all have run are the
tokens in the cache, so only then move its `length`. Of the last layer norm and the logits, do only
the last token: nobody asks for the others. The logits' weight is that of `wte`, transposed.
"""

# %% nbgrader={"solution": true, "grade_id": "prefill"}
#| export
def prefill(model: GPT, idx: Any, cache: KVCache) -> Tensor:
    """Run the tokens idx, (B, T), behind those in the cache: the logits after the last, (B, vocab).

    A text may come in several pieces, one call after another. As in evaluation mode, whatever the
    model's mode is, and without a record. ValueError for tokens that are not in the vocabulary, a
    cache that does not fit the model or the batch, and where the tokens do not fit into it. After
    an error its `length` is as it was.
    """
    tokens = token_array(idx)
    check_fits(cache, cache_shape(model.config, len(tokens)), model.wte.weight.dtype)
    ### BEGIN SOLUTION
    places = cache.room(tokens.shape[1])
    with no_grad():
        x = model.wte(tokens).data + model.wpe.weight.data[places]
        for layer, block in enumerate(model.blocks):
            x = cached_block(block, x, cache, layer)
    cache.length = places.stop
    return wrap(multiply_matrices(norm(model.ln_f, x[:, -1]), model.wte.weight.data.T))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-prefill", "points": 6}
# Check of prefill: run it when your cell has run.
@check
def test_unit_prefill():
    cases = [((20, 8, 2, 2, 6), 1, (5,), "float32"), ((20, 8, 2, 2, 6), 3, (8,), "float32"),
             ((30, 9, 3, 4, 8), 2, (3, 1, 5), "float32"), ((9, 7, 2, 2, 4), 2, (2, 2), "float16")]
    ### BEGIN HIDDEN TESTS
    cases += [((9, 6, 1, 1, 3), 4, (1, 1, 4), "float64"), ((5, 4, 2, 1, 2), 1, (3,), "bfloat16")]
    ### END HIDDEN TESTS
    for sizes, batch, pieces, dtype in cases:
        model = stirred(GPT(GPTConfig(*sizes, dropout=0.5))).to(dtype)
        checks.prefills(prefill, KVCache, model, batch, pieces, "which tokens, at which places?")

test_unit_prefill()

# %% nbgrader={"grade": true, "grade_id": "test-prefill-refuses", "points": 3}
# Check of what prefill refuses: run it when your cell has run.
@check
def test_unit_prefill_refuses(sizes, held):
    model = stirred(GPT(GPTConfig(*sizes)))
    cache = KVCache(model.config, 2)
    cache.length = held
    text = checks.tokens(model.config, 2, model.config.block_size - held + 1)
    one, vocabulary = text[:, :1], model.config.vocab_size
    cases = [(text, ValueError, (str(held), str(model.config.block_size))),
             (one[:1], ValueError, ("batch",)), (text[0], ValueError, ("shape",)),
             (one[:, :0], ValueError, ("shape",)), (one / 2, TypeError, ("whole",)),
             (one + vocabulary, ValueError, (str(vocabulary),)), (one * 0 - 1, ValueError, ("-1",))]
    checks.refuses_tokens(lambda tokens: prefill(model, tokens, cache), cache, cases)

test_unit_prefill_refuses((20, 6, 2, 2, 6), held=4)
### BEGIN HIDDEN TESTS
test_unit_prefill_refuses((9, 4, 1, 1, 4), held=3)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: decode_step

What `draw` gives, a token for each text, is an array with one axis: they are texts of one token.
"""

# %% nbgrader={"solution": true, "grade_id": "decode-step"}
#| export
def decode_step(model: GPT, token: Any, cache: KVCache) -> Tensor:
    """Run the next token of each text, (B,), behind those in the cache: its logits, (B, vocab).

    Refuses what `prefill` refuses, a cache that is full among it.
    """
    ### BEGIN SOLUTION
    return prefill(model, np.asarray(token)[..., np.newaxis], cache)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-decode-step", "points": 4}
# Check of decode_step: run it when your cell has run.
@check
def test_unit_decode_step():
    cases = [((20, 8, 2, 2, 6), 1, 8, "float32"), ((30, 5, 3, 4, 8), 3, 5, "float32")]
    ### BEGIN HIDDEN TESTS
    cases += [((9, 4, 1, 1, 3), 2, 4, "float64"), ((9, 5, 2, 2, 4), 2, 3, "bfloat16")]
    ### END HIDDEN TESTS
    for sizes, batch, steps, dtype in cases:
        model = stirred(GPT(GPTConfig(*sizes, dropout=0.5))).to(dtype)
        checks.decodes(decode_step, KVCache, model, batch, steps, "one token more of each text")
        checks.decodes_one_each(decode_step, KVCache, model)

test_unit_decode_step()

# %% [markdown]
r"""
## When the context is full

A GPT with learned positions sees at most `block_size` tokens. Beyond that, `generate` gives it the
last ones, which moves each of them one place to the front. By the arguments above, every key and
value has changed. Would the old ones do? Here is a full cache whose first token is thrown out and
whose others move up by one place, and beside it a prefill of the same tokens in two pieces.
"""

# %%
text = checks.tokens(small.config, 1, 17)
caches = [KVCache(small.config) for _ in range(3)]
right, _, _ = [prefill(small, part, cache).data for part, cache in zip(
    [text[:, 1:], text[:, :16], text[:, 1:16]], caches)]
for array in (caches[1].keys, caches[1].values):
    array[:, :, :, :-1] = array[:, :, :, 1:].copy()
caches[1].truncate(15)
for name, cache in [("old keys and values, moved", caches[1]), ("new ones, in pieces", caches[2])]:
    gap = np.abs(decode_step(small, text[:, 16], cache).data - right).max()
    print(f"{name:26}: logits differ by at most {gap:.1e}")

# %% [markdown]
r"""
The old ones give other logits, and in the end another text. We want the tokens of `generate`, so
there is one thing to do: prefill the last `block_size` tokens anew, for each token. That is no
faster than before.

Large systems do something else. Some stop where the context ends. Models whose positions are
relative, or whose attention reaches back a fixed distance only (Mistral 7B, 2023), can drop their
oldest keys and go on; some keep the very first tokens besides, as attention leans on them (Xiao and
others, Efficient streaming language models with attention sinks, 2023). In all of these the kept
keys were computed from tokens that are gone by now: what they write is not what a fresh pass over
the last tokens would write, and is not meant to be.

### Exercise: generate_cached

While the cache holds something and is not full, run the last token by itself. Otherwise, at the
start or when it is full, truncate it to nothing and prefill what the model can see of the text.
Everything else is as in lesson 13: `next_probabilities(logits, temperature, top_k)` of an array,
and `draw(probabilities, rng)`, which takes one random number for each text.
"""

# %% nbgrader={"solution": true, "grade_id": "generate-cached"}
#| export
def generate_cached(model: GPT, idx: Any, max_new_tokens: int, temperature: float = 1.0,
                    top_k: int | None = None, seed: int | None = None) -> Tensor:
    """What `model.generate(...)` gives, with a cache: (B, T) -> (B, T + max_new_tokens), int64.

    A token is run once while the text fits into block_size. Beyond, the last block_size tokens are
    prefilled anew for each. The logits agree up to rounding; the random numbers are the same.
    """
    tokens, block_size = token_array(idx), model.config.block_size
    rng = generator() if seed is None else np.random.default_rng(seed)
    cache = KVCache(model.config, len(tokens), model.wte.weight.dtype)
    ### BEGIN SOLUTION
    for _ in range(max_new_tokens):
        if 0 < cache.length < block_size:
            logits = decode_step(model, tokens[:, -1], cache)
        else:
            cache.truncate(0)
            logits = prefill(model, tokens[:, -block_size:], cache)
        new = draw(next_probabilities(logits.data, temperature, top_k), rng)
        tokens = np.concatenate([tokens, new[:, np.newaxis]], axis=1)
    ### END SOLUTION
    return wrap(tokens)

# %% nbgrader={"grade": true, "grade_id": "test-generate-cached", "points": 6}
# Check of generate_cached: run it when your cell has run.
@check
def test_unit_generate_cached():
    cases = [(1, 3, 5, {"seed": 0, "temperature": 0}), (2, 1, 12, {"seed": 1}),
             (1, 8, 4, {"seed": 2}), (3, 11, 3, {"seed": 3, "top_k": 3}), (1, 2, 0, {"seed": 5}),
             (2, 7, 6, {"seed": 4, "temperature": 2.0})]
    ### BEGIN HIDDEN TESTS
    cases += [(4, 5, 9, {"seed": 6, "temperature": 0.5}), (2, 8, 1, {"seed": 7, "top_k": 1}),
              (1, 9, 2, {"seed": 8, "temperature": 0})]
    ### END HIDDEN TESTS
    model = stirred(GPT(GPTConfig(20, 8, 2, 2, 6, dropout=0.5)))
    for batch, prompt, new, options in cases:
        before = generator().bit_generator.state
        checks.generates(generate_cached, model, batch, prompt, new, "as generate does", **options)
        assert generator().bit_generator.state == before, "with a seed, leave generator() alone"
    checks.draws_alike(generate_cached, model, manual_seed)

test_unit_generate_cached()

# %% nbgrader={"grade": true, "grade_id": "test-generate-once", "points": 4}
# Check of what generate_cached runs: run it when your cell has run.
@check
def test_unit_generate_once(batch, prompt, new, wanted):
    model, seen = checks.spied(GPT, lambda activation: GPTConfig(9, 6, 1, 2, 4, 0.0, activation))
    generate_cached(model, checks.tokens(model.config, batch, prompt), new, seed=0)
    equal(f"the list of (texts, tokens) that {new} tokens after {prompt}, block_size 6, had run",
          seen, [(batch, count) for count in wanted], "each token once, as long as there is room")

test_unit_generate_once(2, prompt=3, new=4, wanted=[3, 1, 1, 1])
test_unit_generate_once(1, prompt=4, new=5, wanted=[4, 1, 1, 6, 6])
### BEGIN HIDDEN TESTS
test_unit_generate_once(3, prompt=9, new=3, wanted=[6, 6, 6])
test_unit_generate_once(1, prompt=1, new=5, wanted=[1, 1, 1, 1, 1])
### END HIDDEN TESTS

# %% [markdown]
r"""
"The same tokens" rests on logits that agree *up to rounding*: a product of one row may add its
numbers in another order than a product of many. Where two tokens are as good as equally likely, or
a draw falls on the very edge between two, the texts could part. How close are the logits?

## Counted and measured

Here is the GPT of the figures above. First the counts. Without a cache lesson 15's `CountingTrace`
sees every operation, elementwise ones too. With it, `counted_products` counts NumPy's products with
a weight or with the cache, while they are done, and the bytes that they read and write.
"""

# %%
from tinytorch.profiling.roofline import CountingTrace
from tinytorch.support.product_counts import counted_products

manual_seed(0)
model, text, cache = GPT(config), checks.tokens(config, 1, config.block_size), KVCache(config)
gap = np.abs(prefill(model, text, cache).data - model(text).data[0, -1]).max()
print(f"logits differ by at most {gap:.1e}")
for n in (256, 128, 2):
    with CountingTrace() as trace, no_grad():
        model(text[:, :n])
    flops, moved = (sum(getattr(operation, what) for operation in trace.operations)
                    for what in ("flops", "bytes"))
    print(f"token {n:3} without: {flops:11,} FLOPs, of them {n * token_flops(config, n):11,} in "
          f"products, and {moved / 1e6:5.1f} MB moved")

# %%
for n in (256, 128, 2):
    cache.truncate(n - 1)
    with counted_products(model, cache) as count:
        decode_step(model, text[:, n - 1], cache)
    print(f"token {n:3} with: {count.flops:,} FLOPs in products ({token_flops(config, n):,} by "
          f"token_flops), {count.bytes / 1e6:.1f} MB, {count.flops / count.bytes:.2f} FLOPs a byte")
with counted_products(model, fresh := KVCache(config)) as count:
    prefill(model, text, fresh)
print(f"a prefill of all: {count.flops / count.bytes:.0f} FLOPs a byte")

# %% [markdown]
r"""
The work for a token is linear in its position. The last column is lesson 15's arithmetic intensity.
A prefill uses each weight for many rows. Decoding fetches every weight for a single row: that is
far to the left under the roof, bound by memory. So the time for a token should fall by less than
the FLOPs do. Now the clock, for the n-th token, both ways in turns:
"""

# %%
def token_seconds(n):
    """Seconds for the token after n: without a cache, and with one."""
    cache.truncate(0)
    prefill(model, text[:, :n], cache)

    def step():
        cache.truncate(n - 1)
        decode_step(model, text[:, n - 1], cache)

    return fastest_in_turns([lambda: model(text[:, :n]), step], rounds=5, runs=3)

# %%
places = (16, 32, 64, 128, 256)
with no_grad():
    taken = np.array([token_seconds(n) for n in places])
for n, (again, once) in zip(places, taken):
    print(f"token {n:3}: {1 / again:5.0f} tokens/s without, {1 / once:5.0f} with a cache, "
          f"{again / once:4.1f} times as many")

# %% [markdown]
r"""
If one row leaves the arithmetic idle, several texts at once should cost far less than one by one.
Each has keys and values of its own, and all share the weights that were fetched:
"""

# %%
for batch in (1, 4, 16):
    many, texts = KVCache(config, batch), np.repeat(text, batch, axis=0)
    prefill(model, texts[:, :64], many)

    def step():
        many.truncate(64)
        decode_step(model, texts[:, 64], many)

    (seconds,) = fastest_in_turns([step], rounds=5, runs=5)
    print(f"{batch:2} texts: {seconds * 1e3:.2f} ms a step, {batch / seconds:6.0f} tokens/s in all")

# %% [markdown]
r"""
## Shakespeare, continued

Last, a model that has learned something. It reads *Hamlet* character by character for a few
seconds, which is enough for the look of words and not for their sense: lesson 13 trains longer.
"""

# %%
from tinytorch.core.optimizers import AdamW
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tokenization import CharTokenizer
from tinytorch.core.transformers import get_batch
from tinytorch.support.data import load_shakespeare

play = load_shakespeare()[0]["Hamlet"]
tokenizer = CharTokenizer.train(play)
letters = np.array(tokenizer.encode(play))
manual_seed(20)
writer = GPT(GPTConfig(tokenizer.vocab_size, block_size=128, n_layer=2, n_head=4, n_embd=64))

# %%
optimizer = AdamW(writer.parameters(), lr=3e-3)
for _ in range(120):
    x, y = get_batch(letters, batch_size=16, block_size=48)
    loss = cross_entropy(writer(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item() / np.log(2):.2f} bits a character in the last batch")

# %% [markdown]
r"""
One prompt, several continuations: the prompt is prefilled once, and `truncate` brings the cache
back to it.
"""

# %%
prompt = "HAMLET.\nTo be, or not to be, that is the question:\n"
start = np.array([tokenizer.encode(prompt)])
cache = KVCache(writer.config)
first = prefill(writer, start, cache)
for seed in range(3):
    cache.truncate(start.shape[1])
    logits, rng, written = first, np.random.default_rng(seed), []
    for _ in range(60):
        written += draw(next_probabilities(logits.data, temperature=0.8), rng).tolist()
        logits = decode_step(writer, written[-1:], cache)
    print(f"{seed}:", tokenizer.decode(written).replace("\n", " / "))

# %%
long = generate_cached(writer, start, 120, temperature=0.8, seed=0)
same = np.array_equal(long.data, writer.generate(start, 120, temperature=0.8, seed=0).data)
print(f"{long.shape[1]} tokens, block_size {writer.config.block_size}; the same without: {same}")

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. How many bytes of keys and values does one token of a GPT with 6 layers, 8 heads and width 512
   take in float16? (`bytes_a_token`)
2. A model writes 99 tokens after a prompt of one, all within its context. How many tokens are run
   for that without a cache, counted each time? (`tokens_run`)
3. In a block of width 128, at how many tokens do attention's products with keys and values take as
   many FLOPs for a token as the four layers do? (`equal_at`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-memoization"}
### BEGIN SOLUTION
bytes_a_token = 2 * 6 * 512 * 2
tokens_run = 99 * 100 // 2
equal_at = 6 * 128
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-memoization", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_memoization():
    cache = KVCache(GPTConfig(9, 1, 6, 8, 512), 1, "float16")
    model, seen = checks.spied(GPT, lambda activation: GPTConfig(9, 100, 1, 1, 2, 0.0, activation))
    model.generate(np.zeros((1, 1), np.int64), 99, seed=0)
    layers = token_flops(one := GPTConfig(1, 1, 1, 1, 128), 0) - 2 * 128
    for name, got, wanted, idea in [
        ("bytes_a_token", bytes_a_token, cache.keys.nbytes * 2, "a key and a value in each layer"),
        ("tokens_run", tokens_run, sum(count for _, count in seen), "1, then 2, then 3, ..."),
        ("equal_at", equal_at, layers // (token_flops(one, 1) - token_flops(one, 0)),
         "24 E squared against 4 n E")]:
        assert got == wanted, f"{name} is {got}, which is not it: {idea}"

test_question_memoization()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-memoization", "points": 2}
r"""
**In your own words:** somebody has prefilled a prompt of 100 tokens, and then changes its 40th
token. Which keys and values in the cache are still right, and why? What would the answer be for a
model whose attention has no causal mask?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A cache that turns writing a text from running all of it for each token into running each token
once, with the same text as the result; and a count of what that saves and costs. `tito module
complete 20` puts it into `tinytorch.optimization.memoization`.
"""
