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

> Attention: a soft lookup among the positions of a sequence, with masks, heads and a gradient.

The networks so far give every input a fixed weight of its own. For language that is not enough:
to read "she" you have to know who was named before, and that name is two words back in one
sentence and twenty in the next. *Attention* lets every position decide, by what it holds, from
which other positions it takes what. In a GPT no other operation lets one token learn of another.

You will build the weights of attention, with masks and a gradient, and from them PyTorch's
`scaled_dot_product_attention`; `chunk`, which cuts a tensor into parts whose gradients meet in one
array; and `MultiheadAttention`. At the end a network of two such layers writes words backwards.

About 5 hours: 11 exercises, some 70 lines to write, and an open question. Needs lessons 01 to 06
and 11. Makes `tinytorch.core.attention`: `scaled_dot_product_attention`, `chunk` and
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
from tinytorch.support.arrays import row_maxima, row_sums
from tinytorch.support.attention_shapes import aligned, check_attention, fitting_mask
from tinytorch.support.attention_shapes import mask_of_heads
from tinytorch.support.casts import in_one_type, rounded_like_last, widened
from tinytorch.support.large import or_kernel
from tinytorch.support.parts import KnownInParts
from tinytorch.support.tiles import put_product, scores_like, tiles
from tinytorch.support.validation import check_sizes, checked_axis

# %%
from tinytorch.core.activations import softmax
from tinytorch.core.tensor import Interceptor, no_grad
from tinytorch.support import checks_attention as checks
from tinytorch.support.checks import check
from tinytorch.support.memory import allocated_bytes

# %% [markdown]
r"""
## A dictionary that is not sure

A Python dictionary compares what you ask for, the *query*, with its *keys*, and gives the *value*
of the one that is equal. Now let keys, values and the query be vectors. Equal they will hardly be,
so measure how alike they are by a dot product, the *score*. Give back a mixture of all values, in
which a softmax of the scores says how much each one counts.
"""

# %%
keys = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])  # right, up, left
values = np.array([[100.0], [20.0], [3.0]])

def look_up(query):
    scores = keys @ query
    weights = np.exp(scores) / np.exp(scores).sum()
    return weights, weights @ values

for query in [[0, 0], [1, 0], [10, 0], [5, 5]]:
    weights, found = look_up(np.array(query))
    print(f"query {query!s:8} weights {weights.round(3)!s:21} value {found[0]:.1f}")

# %% [markdown]
r"""
The query that is as near to one key as to the next gets the mean of the values. A long query that
points right gets the value of that key almost alone, as from a dictionary, and one between two
keys gets half of each. Unlike a dictionary, this lookup has a slope everywhere. So training can
move queries, keys and values until the right things are found.

In *self-attention* each position of a sequence asks, and each answers: from the vector at a
position three Linear layers make its query, its key and its value. With $T$ positions the queries
are the rows of a matrix $Q$ of shape $(T, d)$, and keys and values are those of $K$ and $V$:

$$\text{attention}(Q, K, V) = \text{softmax}\left(\frac{Q K^T}{\sqrt d}\right) V$$

The softmax works along each row, which holds the weights of one query for all keys.

## Why divide by the root of d?

Let queries and keys hold numbers of variance 1. What does a softmax make of ten of their scores?
"""

# %%
rng = np.random.default_rng(0)
print("   d   variance   largest of 10 weights, on average   after the division")
for d in [4, 64, 1024]:
    scores = np.vecdot(rng.normal(size=(400, 10, d)), rng.normal(size=(400, 1, d)))
    largest = [softmax(s).data.max(axis=1).mean() for s in (scores, scores / np.sqrt(d))]
    print(f"{d:4}   {scores.var():8.1f}   {largest[0]:34.2f}   {largest[1]:18.2f}")

# %% [markdown]
r"""
A score is a sum of $d$ products of variance 1, so its variance is about $d$. The scores of long
vectors are so large that one weight is near 1 and the others near 0 before anything is learned.
There the softmax has almost no slope. Scores divided by $\sqrt d$ have variance 1, whatever $d$ is.

## Weights

There is a score for each query and each key, in each sequence of a batch: for 32 sequences of 64
tokens with four lookups side by side, half a million numbers. Lesson 02's softmax makes two arrays
of this size. Here nothing else needs the scores, so the softmax can be written over them.

### Exercise: softmax_in_place

As in lesson 02, subtract the largest number of each row first. One case is new. A query that may
look at nothing has a row of -inf, of which a softmax is nan. Such a row becomes 0, as it does in
PyTorch 2.13: a query that finds nothing brings nothing. `row_maxima(scores)` and
`row_sums(scores)`, quick ways for short rows, give arrays of shape (..., 1).
"""

# %% nbgrader={"solution": true, "grade_id": "softmax-in-place"}
#| exporti
@or_kernel("softmax_kernels.softmax_in_place")  # of large arrays, as softmax in lesson 02
def softmax_in_place(scores: np.ndarray) -> np.ndarray:
    """The softmax of each row of floating `scores` (..., n), written over them and returned.

    A row of -inf alone becomes 0; nan stays visible in its row. No other array as large is made.

    >>> softmax_in_place(np.array([[0.0, 0.0], [1000.0, -np.inf], [-np.inf, -np.inf]]))
    array([[0.5, 0.5],
           [1. , 0. ],
           [0. , 0. ]])
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

# %% nbgrader={"grade": true, "grade_id": "test-softmax-in-place", "points": 4}
# Check of softmax_in_place: run it when your cell has run.
@check
def test_unit_softmax_in_place():
    none, gap = -np.inf, [[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -1e9]]
    cases = [[[0.0, 1.0]], gap, [[none, 2.0], [none, none]], [[np.nan, 1.0], [2.0, 1.0]]]
    ### BEGIN HIDDEN TESTS
    cases += [[[[3.0], [none]]], [[none, 88.0, 89.0]], [[np.inf, 0.0]], np.zeros((2, 0))]
    ### END HIDDEN TESTS
    checks.softmax(softmax_in_place, cases)

test_unit_softmax_in_place()

# %% [markdown]
r"""
## Masks

Not every position may look everywhere. Sequences that are shorter than others are filled up with
padding, which means nothing. And a model that has to guess the next token must not see it: under a
*causal* mask token $t$ looks at tokens up to $t$ alone. A mask is boolean, True where a query may
look. Add 0 to those scores and -inf to the others, whose weight is then exactly 0. The numbers of a
floating mask are added as they are.

### Exercise: added_mask

A floating mask may have been computed from parameters, so keep its record, as `astype` does.
`wrap(array)` makes a Tensor of an array of your own, without a copy.
"""

# %% nbgrader={"solution": true, "grade_id": "added-mask"}
#| exporti
def added_mask(mask: Any, dtype: np.dtype) -> Tensor:
    """What is added to the scores for a mask, as a Tensor of the floating type `dtype`.

    For a boolean mask that is 0 where it is True and -inf where it is False, for a floating mask
    its own numbers. Raises TypeError naming the type of any other mask: 0 and 1 could mean either.

    >>> added_mask(np.array([[True, False]]), np.dtype("float32"))
    Tensor([[  0., -inf]], dtype=float32)
    """
    ### BEGIN SOLUTION
    mask = as_tensor(mask)
    if mask.dtype.kind in "iu":
        raise TypeError(f"a mask is boolean, True: may look, or floating, not {mask.dtype}")
    if mask.dtype == bool:
        mask = wrap(np.where(mask.data, 0.0, -np.inf))
    return mask.astype(dtype)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-added-mask", "points": 3}
# Check of added_mask: run it when your cell has run.
@check
def test_unit_added_mask():
    kinds = ["float32", "float64"]
    ### BEGIN HIDDEN TESTS
    kinds += ["float16", "bfloat16"]
    ### END HIDDEN TESTS
    checks.masks(added_mask, Tensor, kinds)

test_unit_added_mask()

# %% [markdown]
r"""
### Exercise: fill_weights

Now scores, mask and softmax together, written into an array that is there. Multiply the query by
the scale: it is a smaller array than the scores. `np.matmul(a, b, out=out)` writes a product into
`out`, and `swapaxes(-1, -2)` transposes the matrices of a batch without a copy.
"""

# %% nbgrader={"solution": true, "grade_id": "fill-weights"}
#| exporti
def fill_weights(out: np.ndarray, query: np.ndarray, key: np.ndarray, mask: np.ndarray | None,
                 scale: float) -> None:
    """Write softmax(scale * query @ key^T + mask) into `out`, of shape (..., Tq, Tk).

    `query` is (..., Tq, d), `key` (..., Tk, d), and `mask`, which is added, is None or of the shape
    of `out`. All three are only read. No array as large as `out` is made.

    >>> fill_weights(out := np.empty((1, 2)), np.ones((1, 4)), np.ones((2, 4)), None, 0.5)
    >>> out
    array([[0.5, 0.5]])
    """
    ### BEGIN SOLUTION
    np.matmul(query * scale, key.swapaxes(-1, -2), out=out)
    if mask is not None:
        out += mask
    softmax_in_place(out)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-fill-weights", "points": 4}
# Check of fill_weights: run it when your cell has run.
@check
def test_unit_fill_weights():
    cases = [((2, 3), 4, 4, 3, 0.5, "none"), ((), 3, 5, 2, 1, "causal"), ((2,), 4, 2, 1, 3, "some")]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 2), 6, 3, 8, 0.25, "some"), ((3,), 2, 5, 4, -20.0, "added")]
    ### END HIDDEN TESTS
    checks.filled(fill_weights, cases)

test_unit_fill_weights()

# %% [markdown]
r"""
### In pieces

`fill_weights` passes over the scores several times. `tiles`, in `tinytorch.support`, cuts the
scores into pieces that fit into a near cache, so that all passes are done with one piece before the
next is begun. A tile holds three indices: of its scores, of its queries and of its keys. Under a
causal mask it has no keys that come after all its queries, and fewer scores are computed. Of
queries and keys in 16 bits `widened` makes weights in float32: the gradient below is a difference
of numbers that are nearly equal, and 16 bits hold too few of their digits.
"""

# %%
for length in [64, 512, 2048]:
    shape = (8, length, length)
    computed = sum(np.broadcast_to(0, shape)[tile.scores].size for tile in tiles(shape, True))
    print(f"{length:4} tokens: {computed / math.prod(shape):.0%} of the scores are computed")

# %%
#| exporti
@widened
def weights_of(query: np.ndarray, key: np.ndarray, mask: np.ndarray | None = None, *,
               scale: float, is_causal: bool) -> np.ndarray:
    """softmax(scale * query @ key^T + mask) of (..., Tq, d) and (..., Tk, d): (..., Tq, Tk), at
    least float32. `is_causal` says that the mask is -inf above the diagonal."""
    query, key = aligned(query, key)
    out = scores_like(query, (*query.shape[:-1], key.shape[-2]), is_causal)
    mask = fitting_mask(mask, out.shape)
    for tile in tiles(out.shape, is_causal):
        part = None if mask is None else mask[tile.scores]
        fill_weights(out[tile.scores], query[tile.queries], key[tile.keys], part, scale)
    return out


WEIGHTS = Primitive("attention_weights", in_one_type(weights_of), "both")

# %% [markdown]
r"""
## Mixing the values

The second half of attention is a product, weights times values. As a primitive of its own it
leaves out what a causal mask leaves out, and it lays its result out in memory as the values are,
which will save copies. Its gradient rule is that of a product: $\text{d}W = G V^T$ and
$\text{d}V = W^T G$. A key may belong to several tiles, and its shares add up:
`put_product(out, a, b, is_first)` writes `a @ b` into `out` the first time, and adds it afterwards.
"""

# %%
#| exporti
@rounded_like_last
def mixed(weights: np.ndarray, value: np.ndarray, is_causal: bool) -> np.ndarray:
    """weights @ value: (..., Tq, Tk) by (..., Tk, n) gives (..., Tq, n)."""
    weights, value = aligned(weights, value)
    out = np.empty_like(value, shape=(*weights.shape[:-1], value.shape[-1]))
    for tile in tiles(weights.shape, is_causal):
        np.matmul(weights[tile.scores], value[tile.keys], out=out[tile.queries])
    return out


ATTENTION = Primitive("attention", mixed)

# %%
#| exporti
def mixed_rule(g: np.ndarray, y: None, weights: np.ndarray, value: np.ndarray, *,
               needs: tuple[bool, ...], is_causal: bool) -> list:
    weights, value = aligned(weights, value)
    to_weights, to_value = scores_like(g, weights.shape, is_causal), np.empty_like(value)
    for tile in tiles(weights.shape, is_causal):
        part, turned = g[tile.queries], weights[tile.scores].swapaxes(-1, -2)
        np.matmul(part, value[tile.keys].swapaxes(-1, -2), out=to_weights[tile.scores])
        put_product(to_value[tile.keys], turned, part, tile.is_first)
    return [to_weights, to_value]


joint_rule("attention", in_float32(mixed_rule))

# %% [markdown]
r"""
## The gradient of the weights

A row of weights $p$ is the softmax of a row of scores $s$. With $g$ for the gradient of the loss
$L$ with respect to $p$, the slope of the softmax gives

$$\frac{\partial L}{\partial s_j} = p_j \left(g_j - \sum_k g_k p_k\right)$$

It takes the weights, and the scores need not be kept. Where a weight is 0, so is the gradient.

### Exercise: scores_gradient

`np.vecdot(g, weights)` multiplies and adds along each row without an array of the products.
"""

# %% nbgrader={"solution": true, "grade_id": "scores-gradient"}
#| exporti
@or_kernel("softmax_kernels.softmax_gradient")
def scores_gradient(g: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient with respect to the scores, of the shape of `weights`, (..., Tq, Tk), in a new
    array, the only one of this size that is made. `g`, with respect to the weights, is only read.

    >>> scores_gradient(np.array([[1.0, 0.0, 5.0]]), np.array([[0.5, 0.5, 0.0]]))
    array([[ 0.25, -0.25,  0.  ]])
    """
    ### BEGIN SOLUTION
    out = g - np.vecdot(g, weights)[..., np.newaxis]
    out *= weights
    return out
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-scores-gradient", "points": 4}
# Check of scores_gradient: run it when your cell has run.
@check
def test_unit_scores_gradient():
    cases = [((3, 4), "float64", 1), ((2, 2, 5, 3), "float32", 2), ((1, 1), "float32", 3)]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 1, 6), "float64", 4), ((4, 2, 1), "float32", 5), ((0, 3), "float32", 6)]
    ### END HIDDEN TESTS
    checks.softmax_gradient(scores_gradient, cases)

test_unit_scores_gradient()

# %% [markdown]
r"""
### Exercise: weights_rule

The scores are $S = c\, Q K^T + M$ with the scale $c$ and the mask $M$. From $\text{d}S$ follow
$\text{d}Q = c\, \text{d}S\, K$ and $\text{d}K = c\, \text{d}S^T Q$. A mask that wants a gradient
gets $\text{d}S$ itself, 0 where no tile is. Go through the tiles as `mixed_rule` does. Where an
input was broadcast, lesson 05's walk adds up what you answer.
"""

# %% nbgrader={"solution": true, "grade_id": "weights-rule"}
#| exporti
def weights_rule(g: np.ndarray, y: np.ndarray, query: np.ndarray, key: np.ndarray,
                 mask: np.ndarray | None = None, *, needs: tuple[bool, ...], scale: float,
                 is_causal: bool) -> list:
    """The gradients of `weights_of` with respect to query, key and, where there is one, mask.

    `y` holds the weights and `g` the gradient with respect to them, both (..., Tq, Tk); outside the
    tiles `g` is not read. A mask that needs no gradient gets None. Nothing given is changed.
    """
    query, key = aligned(query, key)
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

# %% nbgrader={"grade": true, "grade_id": "test-weights-rule", "points": 7}
# Check of weights_rule: run it when your cell has run.
@check
def test_unit_weights_rule():
    cases = [((2,), 3, 3, 2, 0.5, "none"), ((4,), 4, 5, 3, 1, "some"), ((), 90, 99, 4, 2, "causal")]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 3), 130, 130, 2, 2.0, "causal"), ((2,), 2, 6, 1, 0.3, "added")]
    ### END HIDDEN TESTS
    checks.rule_of_weights(weights_rule, weights_of, cases)

test_unit_weights_rule()

# %% [markdown]
r"""
## Attention

### Exercise: attend

`check_attention` takes the three shapes. Make the mask, and send both halves through `apply`, with
lesson 03's `Dropout` between them. The causal mask is `np.tri(Tq, Tk, dtype=bool)`.
"""

# %% nbgrader={"solution": true, "grade_id": "attend"}
#| exporti
def attend(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
           is_causal: bool = False, scale: float | None = None) -> tuple[Tensor, Tensor]:
    """Attention's output, (..., Tq, n), and the weights, (..., Tq, Tk), that mixed the values.

    query is (..., Tq, d), key (..., Tk, d), value (..., Tk, n), with leading axes that broadcast;
    whole numbers become float32. The output has the type of value; weights are float32 or float64.
    `attn_mask` is as in `added_mask` and broadcasts to the weights; with `is_causal` query i may
    look at keys 0 to i. Dropout with `dropout_p` changes the weights. Unless given, `scale` is
    1 / sqrt(d). Raises ValueError where shapes do not fit, and where both masks are given.

    >>> attend([[0.0]], [[1.0], [2.0]], [[10.0], [20.0]])
    (Tensor([[15.]], dtype=float32), Tensor([[0.5, 0.5]], dtype=float32))
    """
    ### BEGIN SOLUTION
    query, key, value = floating(query), floating(key), floating(value)
    check_attention(query.shape, key.shape, value.shape)
    if is_causal and attn_mask is not None:
        raise ValueError("attention with attn_mask and is_causal: give one; & joins two masks")
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    masks = [] if attn_mask is None else [added_mask(attn_mask, query.dtype)]
    scale = max(query.shape[-1], 1) ** -0.5 if scale is None else float(scale)
    weights = apply(WEIGHTS, query, key, *masks, scale=scale, is_causal=is_causal)
    weights = Dropout(dropout_p)(weights)
    return apply(ATTENTION, weights, value, is_causal=is_causal), weights
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-attend", "points": 7}
# Check of attend: run it when your cell has run.
@check
def test_unit_attend():
    cases = [((2, 3, 4), (2, 5, 4), (2, 5, 6), {}), ((3, 2), (3, 2), (3, 2), {"is_causal": True}),
             ((2, 1, 4, 3), (2, 2, 5, 3), (2, 2, 5, 1), {"mask": "some"})]
    ### BEGIN HIDDEN TESTS
    cases += [((4, 2), (3, 4, 2), (4, 2), {"scale": 2}), ((5, 2), (3, 2), (3, 2), {"is_causal": 1}),
              ((2, 2, 3), (2, 2, 3), (2, 2, 3), {"mask": "added", "scale": 2.0})]
    ### END HIDDEN TESTS
    checks.attends(attend, Tensor, Interceptor, cases)

test_unit_attend()

# %%
#| export
def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None,
) -> Tensor:
    """softmax(scale * query @ key^T + mask) @ value, with the arguments and results of
    `torch.nn.functional.scaled_dot_product_attention`; see `attend`.

    Vaswani and others, Attention is all you need (2017), arXiv:1706.03762.
    """
    return attend(query, key, value, attn_mask, dropout_p, is_causal, scale)[0]

# %% [markdown]
r"""
### Nothing leaks

A model whose mask lets a little of the future through looks splendid in training and is useless
afterwards. So test it: with numbers that differ from place 4 on, and by the gradient at place 3.
"""

# %%
x = Tensor(rng.normal(size=(3, 8, 16)), requires_grad=True)
changed = Tensor(np.concatenate([x.data[:, :4], rng.normal(size=(3, 4, 16))], axis=1))
before, after = (scaled_dot_product_attention(t, t, t, is_causal=True) for t in (x, changed))
print("the same up to place 3, bit for bit:", np.array_equal(before.data[:, :4], after.data[:, :4]))
before[:, 3].sum().backward()
print("largest gradient at each place:", np.abs(x.grad.data).max(axis=(0, 2)).round(3))

# %% [markdown]
r"""
Other numbers from place 4 on have changed nothing before them. The gradient there is exactly 0.

## Several heads

One softmax gives one mixture. But a word may want two things at once: who was named before, and
what stands beside it. So the vectors of width $E$ are cut into $H$ *heads* of width $E / H$, and
each head looks up by itself. In memory the numbers of a head are neighbours already, so a reshape
cuts them. Then the axis of heads goes before that of positions.

### Exercise: split_heads and join_heads
"""

# %% nbgrader={"solution": true, "grade_id": "heads"}
#| exporti
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(..., T, E) becomes (..., num_heads, T, E / num_heads), a view: head 0 has the first numbers
    of each position, head 1 the next ones.

    >>> split_heads(Tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]
    """
    ### BEGIN SOLUTION
    *batch, length, width = x.shape
    return x.reshape(*batch, length, num_heads, width // num_heads).transpose(-3, -2)
    ### END SOLUTION

def join_heads(x: Tensor) -> Tensor:
    """(..., H, T, n) becomes (..., T, H * n): the opposite of `split_heads`.

    >>> join_heads(Tensor([[[1, 2], [5, 6]], [[3, 4], [7, 8]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    """
    ### BEGIN SOLUTION
    *batch, heads, length, width = x.shape
    return x.transpose(-3, -2).reshape(*batch, length, heads * width)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-heads", "points": 5}
# Check of split_heads and join_heads: run it when your cell has run.
@check
def test_unit_heads():
    cases = [((2, 3, 8), 2), ((5, 6), 3), ((1, 4, 4), 4)]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 3, 2, 10), 5), ((3, 3, 3), 1), ((2, 1, 6), 2), ((0, 3, 4), 2)]
    ### END HIDDEN TESTS
    checks.heads(split_heads, join_heads, Tensor, cases)

test_unit_heads()

# %% [markdown]
r"""
## One product for three

Queries, keys and values come from the same vectors by three Linear layers. One Linear layer of
three times the width does it in one product, to be cut into three. What does a cut by slices cost?
"""

# %%
qkv = Tensor(rng.normal(size=(32, 64, 384)), "float32", requires_grad=True)

def by_slices(x):
    return [x[..., :128], x[..., 128:256], x[..., 256:]]

def backward_bytes(cut):
    total = sum((part * part).sum() for part in cut(qkv))
    qkv.grad = None
    return allocated_bytes(total.backward)

print(f"{backward_bytes(by_slices) / qkv.data.nbytes:.1f} arrays as large as the input")

# %% [markdown]
r"""
The gradient of a slice is an array as large as the whole, filled with zeros but for one part.
Three of them are made and then added, although no two of their parts overlap.

Lesson 05's walk adds what comes to a node with `+`, and it need not be arrays that it adds. Let a
part answer with an object that means "here is the gradient of this part, the rest is 0", and let
two such objects add up to one that holds both. Then nothing is filled and nothing is added until
the node that made the parts asks for the whole. One array is made there.

### Exercise: PartialGradient

Write `joined`. Parts that the loss does not use are missing. Where none is, `np.empty` is enough.
"""

# %% nbgrader={"solution": true, "grade_id": "partial-gradient"}
#| exporti
class PartialGradient(KnownInParts):
    """A gradient of this shape and type that is known in `parts`, pairs of an index and an array,
    and 0 elsewhere. No two parts overlap."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, *parts: tuple[Any, np.ndarray]):
        self.shape, self.dtype, self.parts = shape, dtype, parts

    def __add__(self, other: "PartialGradient") -> "PartialGradient":
        return PartialGradient(self.shape, self.dtype, *self.parts, *other.parts)

    def joined(self) -> np.ndarray:
        """The whole gradient, in a new array; the parts stay as they are.

        >>> PartialGradient((4,), np.dtype(float), (slice(1, 3), np.array([5.0, 7.0]))).joined()
        array([0., 5., 7., 0.])
        """
        ### BEGIN SOLUTION
        complete = sum(part.size for _, part in self.parts) == math.prod(self.shape)
        out = (np.empty if complete else np.zeros)(self.shape, self.dtype)
        for index, part in self.parts:
            out[index] = part
        return out
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-partial-gradient", "points": 4}
# Check of PartialGradient: run it when your cell has run.
@check
def test_unit_partial_gradient():
    cases = [((6,), [2, 3]), ((2, 4), [0, 1, 2, 3]), ((3, 5, 2), [1])]
    ### BEGIN HIDDEN TESTS
    cases += [((4, 3), []), ((1, 1), [0]), ((2, 3, 6), [0, 2, 5]), ((2, 0), [])]
    ### END HIDDEN TESTS
    checks.joined(PartialGradient, cases)

test_unit_partial_gradient()

# %% [markdown]
r"""
### Exercise: chunk

It takes two operations. `"chunk"` hands the input on as it is, and its gradient rule joins.
`"part"` takes one part of that, and its rule answers with a PartialGradient. A part may be used
twice or not at all, and `backward` may run again: no gradient is ever written to. As in lesson 02,
`checked_axis(dim, shape)` gives the axis counted from 0, or raises ValueError.
"""

# %%
#| exporti
CHUNK = Primitive("chunk", lambda x: x, "nothing")
PART = Primitive("part", lambda x, index: x[index], "nothing")
gradient_rule("chunk", lambda g, y, x: g.joined())
gradient_rule("part", lambda g, y, x, index: PartialGradient(x.shape, x.dtype, (index, g)))

# %% nbgrader={"solution": true, "grade_id": "chunk"}
#| export
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts along the axis `dim`, all of the length ceil(n / chunks) but the last,
    which may be shorter: views of an axis of length n. An axis of length 0 gives `chunks` parts.

    Raises ValueError for `chunks` below 1 and for an axis that is not there.

    >>> [part.tolist() for part in chunk(Tensor([1, 2, 3, 4, 5]), 3)]
    [[1.0, 2.0], [3.0, 4.0], [5.0]]
    """
    ### BEGIN SOLUTION
    x = as_tensor(input)
    if chunks < 1 or not x.ndim:
        raise ValueError(f"chunk of {x.shape} into {chunks}: at least 1 part, along an axis")
    along = checked_axis(dim, x.shape)
    size = -(-x.shape[along] // chunks)
    starts = range(0, x.shape[along], size) if size else [0] * chunks
    whole, before = apply(CHUNK, x), (slice(None),) * along
    return tuple(apply(PART, whole, index=(*before, slice(i, i + size))) for i in starts)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-chunk", "points": 5}
# Check of chunk: run it when your cell has run.
@check
def test_unit_chunk():
    cases = [((6,), 3, 0), ((2, 7), 3, 1), ((3, 4, 5), 2, -1), ((2, 3), 5, 0)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 2), 4, -2), ((1, 9, 2), 9, 1), ((0, 2), 3, 0), ((5,), 1, 0), ((2, 6), 4, -1)]
    ### END HIDDEN TESTS
    checks.chunks(chunk, Tensor, Interceptor, cases)

test_unit_chunk()

# %%
print(f"by slices {backward_bytes(by_slices) / qkv.data.nbytes:.1f} arrays, "
      f"by chunk {backward_bytes(lambda x: chunk(x, 3, -1)) / qkv.data.nbytes:.1f}")

# %% [markdown]
r"""
## The layer

`MultiheadAttention` has two Linear layers: `in_proj` makes the queries, keys and values of all
heads, and `out_proj` mixes what the heads bring. Where keys come from another sequence than
queries, as in translation, each third of `in_proj` gets its own input, and its weight is cut.
"""

# %%
#| exporti
class Projections(Module):
    """The parameters of MultiheadAttention, with PyTorch's names for them where they differ."""

    torch_names = {f"in_proj.{part}": f"in_proj_{part}" for part in ("weight", "bias")}

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, *,
                 batch_first: bool = True):
        check_sizes(embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads or not batch_first:
            raise ValueError("embed_dim is a multiple of num_heads, and the batch comes first: "
                             f"got {embed_dim} and {num_heads}, batch_first={batch_first}")
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.in_proj = Linear(embed_dim, 3 * embed_dim, bias)
        self.out_proj = Linear(embed_dim, embed_dim, bias)

# %%
#| exporti
def projected(layer: Projections, query: Any, key: Any = None, value: Any = None) -> list[Tensor]:
    """Queries, keys and values of all heads side by side, each (..., T, E)."""
    if key is None and value is None:
        return list(chunk(layer.in_proj(query), 3, -1))
    key = query if key is None else key
    value = key if value is None else value
    weights, bias = chunk(layer.in_proj.weight, 3, -1), layer.in_proj.bias
    biases = [None] * 3 if bias is None else chunk(bias, 3)
    return list(map(linear, (query, key, value), weights, biases))

# %% [markdown]
r"""
### Exercise: MultiheadAttention

Write `forward`: project, split, attend, join, project. There is a trap, which is PyTorch's and so
ours: in this layer's boolean mask True *forbids*, while in `scaled_dot_product_attention` it
allows. `mask_of_heads(tensor, num_heads)` turns the one into the other. Dropout is for training.
"""

# %% nbgrader={"solution": true, "grade_id": "multihead-attention"}
#| export
class MultiheadAttention(Projections):
    """Attention by `num_heads` heads, each of width embed_dim / num_heads; batch first, as
    `torch.nn.MultiheadAttention(..., batch_first=True)`, and its equal with equal weights."""

    def forward(self, query: Any, key: Any = None, value: Any = None, attn_mask: Any = None,
                need_weights: bool = False, is_causal: bool = False,
                average_attn_weights: bool = True) -> tuple[Tensor, Tensor | None]:
        """The output, (..., Tq, E), and with `need_weights` the weights, else None.

        query is (..., Tq, E), key and value (..., Tk, E); key is query unless given, value is key.
        True in `attn_mask` forbids; ValueError beside is_causal. The weights, in the output's type,
        are the mean of all heads, (..., Tq, Tk), or if not averaged (..., num_heads, Tq, Tk).
        """
        ### BEGIN SOLUTION
        heads = [split_heads(x, self.num_heads) for x in projected(self, query, key, value)]
        if attn_mask is not None:
            attn_mask = mask_of_heads(as_tensor(attn_mask), self.num_heads)
        out, weights = attend(*heads, attn_mask, self.dropout * self.training, is_causal)
        out = self.out_proj(join_heads(out))
        if not need_weights:
            return out, None
        weights = weights.mean(axis=-3) if average_attn_weights else weights
        return out, weights.astype(out.dtype)
        ### END SOLUTION

    def extra_repr(self) -> str: return f"{self.embed_dim}, {self.num_heads}"

# %% nbgrader={"grade": true, "grade_id": "test-multihead-attention", "points": 7}
# Check of MultiheadAttention: run it when your cell has run.
@check
def test_unit_multihead_attention():
    cases = [(8, 2, (2, 5, 8), {}), (6, 3, (4, 6), {"is_causal": 1}), (4, 1, (2, 4), {"keys": 5})]
    ### BEGIN HIDDEN TESTS
    cases += [(6, 2, (2, 4, 6), {"mask": 1}), (4, 2, (2, 3, 4), {"keys": 2, "values": 1}),
              (5, 5, (1, 3, 5), {"bias": False})]
    ### END HIDDEN TESTS
    checks.multihead(MultiheadAttention, Tensor, Interceptor, cases)

test_unit_multihead_attention()

# %% [markdown]
r"""
## Words backwards

A network is to read a word and write it backwards. What belongs at a place stands at the far end
of the word, and where that is depends on the word's length. The data are the words of 3 to 10
letters in Shakespeare's works, each once, filled up with 0 to ten places.
"""

# %%
import re
from tinytorch.support.data import load_shakespeare

text = " ".join(load_shakespeare()[0].values()).lower()
words = sorted({word for word in re.findall("[a-z]+", text) if 3 <= len(word) <= 10})
np.random.default_rng(0).shuffle(words)
test, validation, training = words[:1000], words[1000:2000], words[2000:]
print(len(training), "words to train on:", *training[:8])

# %%
LENGTH = 10

def numbers(words):
    """Letters as 1 to 26, (words, LENGTH), with 0 where a word has ended."""
    return np.array([[ord(c) - 96 for c in word] + [0] * (LENGTH - len(word)) for word in words])

def backwards(words): return numbers([word[::-1] for word in words])

# %% [markdown]
r"""
Attention by itself does not know places: its sum over keys is the same in any order. So the
network starts from the embedding of a letter plus that of its place. Each layer adds what it has
found to what was there, as lesson 03's residual network did.
"""

# %%
from threadpoolctl import threadpool_limits

from tinytorch.core.embeddings import Embedding
from tinytorch.core.layers import LayerNorm, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW

# %%
class Backwards(Module):
    def __init__(self, layers, width=32):
        self.letters, self.places = Embedding(27, width), Embedding(LENGTH, width)
        self.attention = [MultiheadAttention(width, 1) for _ in range(layers)]
        self.norms, self.out = [LayerNorm(width) for _ in range(layers)], Linear(width, 27)

    def forward(self, ids):
        x, self.maps = self.letters(ids) + self.places(np.arange(LENGTH)), []
        for attention, norm in zip(self.attention, self.norms):
            found, weights = attention(x, need_weights=True)
            self.maps.append(weights)
            x = norm(x + found)
        return self.out(x)

# %%
def letters_right(model, words):
    """The share of the words' letters that the model writes at their places."""
    wanted = backwards(words)
    with no_grad():
        written = model(numbers(words)).data.argmax(axis=-1)
    return np.mean((written == wanted)[wanted > 0])

# %%
@threadpool_limits.wrap(limits=1)  # for products as small as these one thread will do
def train(layers, steps=400, batch=64, lr=0.01):
    manual_seed(0)
    model, loss_fn, draw = Backwards(layers), CrossEntropyLoss(), np.random.default_rng(0)
    optimizer, ids, wanted = AdamW(model.parameters(), lr), numbers(training), backwards(training)
    for step in range(steps):
        rows = draw.integers(len(ids), size=batch)
        optimizer.param_groups[0]["lr"] = lr * min(1, 3 * (1 - step / steps))
        loss = loss_fn(model(ids[rows]), wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model

# %%
models = {layers: train(layers) for layers in (1, 2)}
for layers, model in models.items():
    print(f"layers {layers}: {letters_right(model, validation):.2%} of the validation letters")

# %% [markdown]
r"""
With one layer a place has to choose where to look before it knows how long the word is. With two
it can first look for the end of the word, and then for its letter. The network with two layers is
the better one on the validation words, so it is the one that is tried on the test words.
"""

# %%
model = models[2]
print(f"{letters_right(model, test):.2%} of the letters of the test words")
with no_grad():
    written = model(numbers(test[:6])).data.argmax(axis=-1)
for word, row in zip(test, written):
    print(f"{word:>10} -> {''.join(chr(96 + n) for n in row if n)}")

# %% [markdown]
r"""
Where does it look? A row is a place that is written, a column a place that is read, dark a weight.
"""

# %%
import matplotlib.pyplot as plt

word = "tempest"
with no_grad():
    model(numbers([word]))
figure, panels = plt.subplots(1, 2, figsize=(8, 3.6))
for number, (panel, weights) in enumerate(zip(panels, model.maps), 1):
    panel.imshow(weights.data[0], cmap="Greys", vmin=0, vmax=1)
    panel.set_xticks(range(LENGTH), word.ljust(LENGTH, "-"))
    panel.set_yticks(range(LENGTH), word[::-1].ljust(LENGTH, "-"))
    panel.set_title(f"layer {number}")
plt.show()

# %% [markdown]
r"""
In the second layer the dark squares run from the top right to the bottom left: the first place
reads the last letter, the second the one before it. In the first, many look at the word's end.

## Questions

Assign each answer to the name behind its question.

1. A sequence of 1,024 tokens passes through attention with 12 heads of width 64. How many bytes are
   its weights, in float32? (`weight_bytes`)
2. How many parameters has `MultiheadAttention(64, 4)`? (`parameter_count`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-attention"}
### BEGIN SOLUTION
weight_bytes = 12 * 1024 * 1024 * 4
parameter_count = 64 * 192 + 192 + 64 * 64 + 64
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-attention", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_attention():
    few = attend(*[np.zeros((1, 12, 8, 64), np.float32)] * 3)[1].data.nbytes
    assert weight_bytes == few * (1024 // 8) ** 2, (
        f"weight_bytes is {weight_bytes}: one for each head, query and key")
    wanted = sum(p.size for p in MultiheadAttention(64, 4).parameters())
    assert parameter_count == wanted, (
        f"parameter_count is {parameter_count}: what do in_proj and out_proj hold?")

test_question_attention()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-attention", "points": 2}
r"""
**In your own words:** take the embedding of places away from the network that writes words
backwards. What can it still learn, and what can it not, whatever its size?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

The lookup that a GPT is built around, with PyTorch's names and results, a gradient that makes few
arrays, and a test that nothing leaks from the future. `tito module complete 12` puts it into
`tinytorch.core.attention`. Lesson 13 builds a transformer from it.
"""
