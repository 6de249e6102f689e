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

> Memoization: a key-value cache, so that each new token of a GPT costs the work of one token.

A GPT writes one token at a time, and for each of them lesson 13 runs the whole text again.

About 4 hours: 9 exercises, some 45 lines to write, and an open question. Needs lessons 01 to 07 and
10 to 15. Makes `tinytorch.optimization.memoization`: `KVCache`, `prefill`, `decode_step` and
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
from tinytorch.core.layers import LayerNorm, Linear, affine, generator, normalized
from tinytorch.core.tensor import Tensor, in_float32, multiply_matrices, no_grad, wrap
from tinytorch.core.transformers import GPT, Block, GPTConfig, draw, next_probabilities
from tinytorch.support.decoding import TokenCount, check_entry, check_fits
from tinytorch.support.dtypes import as_dtype
from tinytorch.support.language import token_array

# %% nbgrader={"solution": true, "grade_id": "token-flops"}
#| export
def token_flops(config: GPTConfig, total: int) -> int:
    """FLOPs of the matrix products for one token of a text of `total`, its logits among them.

    Attention is to all `total` tokens. Biases, layer norms, softmax and GELU are left out.
    """
    ### BEGIN SOLUTION
    width = config.n_embd
    block = 2 * (3 + 1 + 4 + 4) * width**2 + 2 * 2 * total * width
    return config.n_layer * block + 2 * width * config.vocab_size
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "cache-bytes"}
#| export
def cache_bytes(config: GPTConfig, tokens: int, dtype: Any = "float32") -> int:
    """Bytes of the keys and values of `tokens` tokens, in all layers."""
    ### BEGIN SOLUTION
    return 2 * config.n_layer * config.n_embd * tokens * as_dtype(dtype).itemsize
    ### END SOLUTION

# %%
#| exporti
def cache_shape(config: GPTConfig, batch_size: int) -> tuple[int, ...]:
    """(layers, batch, heads, block_size, width of a head)"""
    width = config.n_embd // config.n_head
    return config.n_layer, batch_size, config.n_head, config.block_size, width

# %% nbgrader={"solution": true, "grade_id": "kv-cache"}
#| export
class KVCache(TokenCount):
    """The keys and values of the first `length` tokens of `batch_size` texts, in every layer.

    `keys` and `values` are arrays of shape `cache_shape(config, batch_size)`, made once. What they
    hold behind `length` means nothing. `room` and `truncate` are those of TokenCount.
    """

    def __init__(self, config: GPTConfig, batch_size: int = 1, dtype: Any = "float32"):
        ### BEGIN SOLUTION
        shape = cache_shape(config, batch_size)
        self.keys, self.values = (np.zeros(shape, as_dtype(dtype)) for _ in range(2))
        self.block_size = config.block_size
        ### END SOLUTION

    def append(self, layer: int, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Put keys and values (B, H, t, D) of the next t tokens into one layer.

        Returns the layer's keys and values up to these, (B, H, length + t, D), as views. `length`
        stays, since the other layers follow. ValueError, before anything is changed, where there is
        no room or where shape or type do not fit.
        """
        ### BEGIN SOLUTION
        places = self.room(keys.shape[2])
        check_entry("keys", keys, self.keys, keys.shape[2])
        check_entry("values", values, self.values, keys.shape[2])
        self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values
        return self.keys[layer, :, :, :places.stop], self.values[layer, :, :, :places.stop]
        ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "last-weights"}
#| exporti
@in_float32
def last_weights(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """How much each of the last t of n tokens looks at each of all n: each row has the sum 1, and
    is 0 for the tokens after its own. (B, H, t, D) and (B, H, n, D) give (B, H, t, n)."""
    ### BEGIN SOLUTION
    new, total = query.shape[-2], keys.shape[-2]
    scores = query * query.shape[-1]**-0.5 @ keys.swapaxes(-1, -2)
    if new > 1:
        later = np.arange(total) > np.arange(total - new, total)[:, np.newaxis]
        scores[..., later] = -np.inf
    return normalized_exp(scores, axis=-1)
    ### END SOLUTION

# %%
#| exporti
def dense(layer: Linear, x: np.ndarray) -> np.ndarray:
    return affine(x, layer.weight.data, layer.bias.data)

def norm(layer: LayerNorm, x: np.ndarray) -> np.ndarray:
    return normalized(x, layer.weight.data, layer.bias.data, layer.eps)

# %% nbgrader={"solution": true, "grade_id": "cached-attention"}
#| exporti
def cached_attention(attn: MultiheadAttention, x: np.ndarray, cache: KVCache,
                     layer: int) -> np.ndarray:
    """Attention of new tokens, (B, t, E) -> (B, t, E), to those in the cache and to themselves.

    Their keys and values go into the cache.
    """
    ### BEGIN SOLUTION
    batch, new, width = x.shape
    parts = dense(attn.in_proj, x).reshape(batch, new, 3, attn.num_heads, -1)
    query, key, value = parts.transpose(2, 0, 3, 1, 4)
    keys, values = cache.append(layer, key, value)
    mixed = multiply_matrices(last_weights(query, keys), values)
    return dense(attn.out_proj, mixed.swapaxes(1, 2).reshape(batch, new, width))
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "cached-block"}
#| exporti
def cached_block(block: Block, x: np.ndarray, cache: KVCache, layer: int) -> np.ndarray:
    """What a block makes of new tokens, (B, t, E) -> (B, t, E), in evaluation mode."""
    ### BEGIN SOLUTION
    x = x + cached_attention(block.attn, norm(block.ln_1, x), cache, layer)
    hidden = block.mlp.activation(wrap(dense(block.mlp.fc, norm(block.ln_2, x))))
    return x + dense(block.mlp.proj, hidden.data)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "prefill"}
#| export
def prefill(model: GPT, idx: Any, cache: KVCache) -> Tensor:
    """Run the tokens idx, (B, T), behind those in the cache: the logits after the last, (B, vocab).

    A text may come in several pieces, one call after another. As in evaluation mode, without a
    record. ValueError for a cache of another shape or type, and where the tokens do not fit into
    it; its length is then as it was.
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

# %% nbgrader={"solution": true, "grade_id": "decode-step"}
#| export
def decode_step(model: GPT, token: Any, cache: KVCache) -> Tensor:
    """Run the next token of each text, (B,), behind those in the cache: its logits, (B, vocab)."""
    ### BEGIN SOLUTION
    return prefill(model, np.asarray(token)[..., np.newaxis], cache)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "generate-cached"}
#| export
def generate_cached(model: GPT, idx: Any, max_new_tokens: int, temperature: float = 1.0,
                    top_k: int | None = None, seed: int | None = None) -> Tensor:
    """What `model.generate(...)` gives, with a cache: (B, T) -> (B, T + max_new_tokens), int64.

    Once the cache is full, the last block_size tokens are prefilled anew for each new one: they
    have other positions, and with these all keys and values are others.
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
