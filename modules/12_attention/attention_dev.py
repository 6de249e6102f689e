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
# Lesson 12: Attention

> Attention: a soft lookup among the tokens of a sequence, with masks, several heads and a gradient.

About 5 hours: 10 exercises, some 60 lines to write, and an open question. Needs lessons 01 to 05.
Makes `tinytorch.core.attention`: `chunk`, `attention_weights`, `scaled_dot_product_attention` and
`MultiheadAttention`.
"""

# %%
#| default_exp core.attention

# %%
#| export
import math
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule, joint_rule
from tinytorch.core.layers import Dropout, Linear, Module, linear
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, in_float32, wrap
from tinytorch.given.joining import broadcast_to
from tinytorch.support.arrays import row_maxima, row_sums
from tinytorch.support.casts import in_one_type
from tinytorch.support.tiles import put_product, scores_like, tiles
from tinytorch.support.validation import check_sizes, checked_axis

# %% nbgrader={"solution": true, "grade_id": "causal-mask"}
#| exporti
def causal_mask(queries: int, keys: int) -> np.ndarray:
    """Which keys each query may look at, (queries, keys): True where the key is not after the query.
    """
    ### BEGIN SOLUTION
    return np.arange(keys) <= np.arange(queries)[:, np.newaxis]
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "softmax-in-place"}
#| exporti
def softmax_in_place(scores: np.ndarray) -> np.ndarray:
    """The softmax of each row of floating `scores` (..., n), written over them and returned.

    A row of -inf alone becomes 0.
    """
    ### BEGIN SOLUTION
    highest = row_maxima(scores)
    highest[highest == -np.inf] = 0
    scores -= highest
    np.exp(scores, out=scores)
    total = row_sums(scores)
    total[total == 0] = 1
    scores /= total
    return scores
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "weights-of"}
#| exporti
@in_float32
def weights_of(query: np.ndarray, key: np.ndarray, mask: np.ndarray | None = None, *,
               scale: float, is_causal: bool) -> np.ndarray:
    """softmax(scale * query @ key^T + mask): (..., Tq, d) and (..., Tk, d) give (..., Tq, Tk)."""
    ### BEGIN SOLUTION
    out = scores_like(query, (*query.shape[:-1], key.shape[-2]), is_causal)
    for tile in tiles(out.shape, is_causal):
        scores, part = out[tile.scores], query[tile.queries] * scale
        np.matmul(part, key[tile.keys].swapaxes(-1, -2), out=scores)
        if mask is not None:
            scores += mask[tile.scores]
        softmax_in_place(scores)
    return out
    ### END SOLUTION


WEIGHTS = Primitive("attention_weights", in_one_type(weights_of), "both")

# %% nbgrader={"solution": true, "grade_id": "scores-gradient"}
#| exporti
def scores_gradient(g: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient with respect to the scores; a new array."""
    ### BEGIN SOLUTION
    out = g - np.vecdot(g, weights)[..., np.newaxis]
    out *= weights
    return out
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "weights-rule"}
#| exporti
def weights_rule(g: np.ndarray, y: np.ndarray, query: np.ndarray, key: np.ndarray,
                 mask: np.ndarray | None = None, *, needs: tuple[bool, ...], scale: float,
                 is_causal: bool) -> list:
    """The gradients of `weights_of` with respect to query, key and, where there is one, mask."""
    ### BEGIN SOLUTION
    to_query, to_key = np.empty_like(query), np.empty_like(key)
    to_mask = np.zeros_like(y) if needs[2:] == (True,) else None
    for tile in tiles(y.shape, is_causal):
        to_scores = scores_gradient(g[tile.scores], y[tile.scores])
        np.matmul(to_scores, key[tile.keys], out=to_query[tile.queries])
        turned = to_scores.swapaxes(-1, -2)
        put_product(to_key[tile.keys], turned, query[tile.queries], tile.is_first)
        if to_mask is not None:
            to_mask[tile.scores] = to_scores
    to_query *= scale
    to_key *= scale
    return [to_query, to_key, to_mask][: len(needs)]
    ### END SOLUTION


joint_rule("attention_weights", in_float32(weights_rule))

# %% nbgrader={"solution": true, "grade_id": "mixed"}
#| exporti
@in_float32
def mixed(weights: np.ndarray, value: np.ndarray, is_causal: bool) -> np.ndarray:
    """weights @ value: (..., Tq, Tk) and (..., Tk, n) give (..., Tq, n), laid out as `value` is."""
    ### BEGIN SOLUTION
    out = np.empty_like(value, shape=(*weights.shape[:-1], value.shape[-1]))
    for tile in tiles(weights.shape, is_causal):
        np.matmul(weights[tile.scores], value[tile.keys], out=out[tile.queries])
    return out
    ### END SOLUTION


ATTENTION = Primitive("attention", in_one_type(mixed))

# %% nbgrader={"solution": true, "grade_id": "mixed-rule"}
#| exporti
def mixed_rule(g: np.ndarray, y: None, weights: np.ndarray, value: np.ndarray, *,
               needs: tuple[bool, ...], is_causal: bool) -> list:
    """The gradients of `mixed` with respect to weights and value."""
    ### BEGIN SOLUTION
    to_weights, to_value = scores_like(g, weights.shape, is_causal), np.empty_like(value)
    for tile in tiles(weights.shape, is_causal):
        part, mixing = g[tile.queries], weights[tile.scores]
        np.matmul(part, value[tile.keys].swapaxes(-1, -2), out=to_weights[tile.scores])
        put_product(to_value[tile.keys], mixing.swapaxes(-1, -2), part, tile.is_first)
    return [to_weights, to_value]
    ### END SOLUTION


joint_rule("attention", in_float32(mixed_rule))

# %%
#| exporti
def added_mask(mask: Any, shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    """A mask as what is added to scores of this shape and type: 0 for True and -inf for False; a
    floating mask itself. ValueError for another type of mask, or one that does not fit the shape.
    """
    mask = as_tensor(mask)
    if mask.dtype == bool:
        mask = wrap(np.where(mask.data, 0, -np.inf).astype(dtype))
    elif mask.dtype.kind in "iu":
        raise ValueError(f"attn_mask is boolean (True: may look) or floating, got {mask.dtype}")
    return broadcast_to(mask.astype(dtype), shape)

# %%
#| exporti
def attention_inputs(query: Any, key: Any, value: Any) -> list[Tensor]:
    """Query, key and value, floating, with the same leading axes; ValueError where they do not fit."""
    given = [floating(x) for x in (query, key, value)]
    shapes = [x.shape for x in given]
    if min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        raise ValueError(f"attention wants query (..., Tq, d), key (..., Tk, d), value (..., Tk, n), "
                         f"got {shapes[0]}, {shapes[1]} and {shapes[2]}")
    batch = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
    return [x if x.shape[:-2] == batch else broadcast_to(x, (*batch, *x.shape[-2:])) for x in given]

# %%
#| exporti
def attention_weights(query: Tensor, key: Tensor, attn_mask: Any = None, is_causal: bool = False,
                      scale: float | None = None) -> Tensor:
    """How much each query looks at each key, (..., Tq, Tk): see `scaled_dot_product_attention`."""
    if is_causal and attn_mask is not None:
        raise ValueError("give attn_mask or is_causal=True, not both: & puts two masks together")
    shape = (*query.shape[:-1], key.shape[-2])
    mask = causal_mask(*shape[-2:]) if is_causal else attn_mask
    masks = [] if mask is None else [added_mask(mask, shape, query.dtype)]
    scale = query.shape[-1] ** -0.5 if scale is None else float(scale)
    return apply(WEIGHTS, query, key, *masks, scale=scale, is_causal=is_causal)

# %% nbgrader={"solution": true, "grade_id": "attend"}
#| exporti
def attend(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
           is_causal: bool = False, scale: float | None = None) -> tuple[Tensor, Tensor]:
    """Attention's output, and the weights that it mixed the values with."""
    ### BEGIN SOLUTION
    query, key, value = attention_inputs(query, key, value)
    weights = attention_weights(query, key, attn_mask, is_causal, scale)
    weights = Dropout(dropout_p)(weights)
    return apply(ATTENTION, weights, value, is_causal=is_causal), weights
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "scaled-dot-product-attention"}
#| export
def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None,
) -> Tensor:
    """softmax(scale * query @ key^T + mask) @ value: (..., Tq, d), (..., Tk, d), (..., Tk, n) give
    (..., Tq, n), as `torch.nn.functional.scaled_dot_product_attention` does."""
    ### BEGIN SOLUTION
    return attend(query, key, value, attn_mask, dropout_p, is_causal, scale)[0]
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "split-heads"}
#| exporti
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(..., T, E) -> (..., num_heads, T, E / num_heads)."""
    ### BEGIN SOLUTION
    *batch, length, width = x.shape
    return x.reshape(*batch, length, num_heads, width // num_heads).transpose(-3, -2)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "join-heads"}
#| exporti
def join_heads(x: Tensor) -> Tensor:
    """(..., H, T, n) -> (..., T, H * n), the inverse of `split_heads`."""
    ### BEGIN SOLUTION
    *batch, heads, length, width = x.shape
    return x.transpose(-3, -2).reshape(*batch, length, heads * width)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "partial-gradient"}
#| exporti
class PartialGradient:
    """A gradient of which some parts are known, and that is 0 elsewhere: pairs of index and array.

    The walk of lesson 05 adds such gradients as it adds arrays; `joined` makes one array of them.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, *parts: tuple[Any, np.ndarray]):
        self.shape, self.dtype, self.parts = shape, dtype, parts

    def __add__(self, other: "PartialGradient") -> "PartialGradient":
        """Both gradients together; no part of theirs overlaps."""
        ### BEGIN SOLUTION
        return PartialGradient(self.shape, self.dtype, *self.parts, *other.parts)
        ### END SOLUTION

    def joined(self) -> np.ndarray:
        """The whole gradient, in a new array."""
        ### BEGIN SOLUTION
        covered = sum(array.size for _, array in self.parts) == math.prod(self.shape)
        out = (np.empty if covered else np.zeros)(self.shape, self.dtype)
        for index, array in self.parts:
            out[index] = array
        return out
        ### END SOLUTION

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.joined() if dtype is None else self.joined().astype(dtype)

# %%
#| exporti
CHUNK = Primitive("chunk", lambda x: x, "nothing")
PART = Primitive("part", lambda x, index: x[index], "nothing")
gradient_rule("chunk", lambda g, y, x: g.joined())
gradient_rule("part", lambda g, y, x, index: PartialGradient(x.shape, x.dtype, (index, g)))

# %% nbgrader={"solution": true, "grade_id": "chunk"}
#| export
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of one length along `dim`, the last perhaps shorter."""
    ### BEGIN SOLUTION
    x = as_tensor(input)
    if chunks < 1 or not x.ndim:
        raise ValueError(f"chunk wants at least 1 part of a tensor with axes, got {chunks} of {x.shape}")
    dim = checked_axis(dim, x.shape)
    length = x.shape[dim]
    size = -(-length // chunks)
    starts = range(0, length, size) if length else [0] * chunks
    whole = apply(CHUNK, x)
    return tuple(apply(PART, whole, index=(slice(None),) * dim + (slice(start, start + size),)) for start in starts)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "multihead-attention"}
#| export
class MultiheadAttention(Module):
    """Attention by `num_heads` heads, each with its own share of `embed_dim`: (..., T, E) -> (..., T, E)."""

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True):
        check_sizes(embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} cannot be shared among num_heads {num_heads}")
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.in_proj, self.out_proj = Linear(embed_dim, 3 * embed_dim, bias), Linear(embed_dim, embed_dim, bias)

    def projected(self, query: Any, key: Any = None, value: Any = None) -> tuple[Tensor, ...]:
        """Query, key and value of all heads side by side, each (..., T, E)."""
        if key is None and value is None:
            return chunk(self.in_proj(query), 3, -1)
        key = query if key is None else key
        value = key if value is None else value
        weights, bias = chunk(self.in_proj.weight, 3, -1), self.in_proj.bias
        biases = (None, None, None) if bias is None else chunk(bias, 3)
        return tuple(map(linear, (query, key, value), weights, biases))

    def forward(self, query: Any, key: Any = None, value: Any = None, attn_mask: Any = None,
                need_weights: bool = False, is_causal: bool = False,
                average_attn_weights: bool = True) -> tuple[Tensor, Tensor | None]:
        """The output (..., Tq, E), and with `need_weights` the weights."""
        ### BEGIN SOLUTION
        heads = [split_heads(x, self.num_heads) for x in self.projected(query, key, value)]
        dropped = self.dropout if self.training else 0.0
        out, weights = attend(*heads, attn_mask, dropped, is_causal)
        out = self.out_proj(join_heads(out))
        if not need_weights:
            return out, None
        return out, weights.mean(axis=-3) if average_attn_weights else weights
        ### END SOLUTION
