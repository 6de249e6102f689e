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

> Attention: a soft lookup among the positions of a sequence, with masks, several heads and a map.

The networks so far give every input its own fixed weight. A text does not stand still like that. To
read "she" you have to know who was named before, and that name is two words back in one sentence
and twenty in the next. *Attention* lets every position decide, by what it holds, from which other
positions it takes what. It is the one operation in a GPT by which tokens learn of each other.

You will build:

- attention weights: scores between queries and keys, a mask, and a softmax in place;
- their gradient, and `scaled_dot_product_attention` with PyTorch's arguments and results;
- `chunk`, which cuts a tensor into parts whose gradients meet in one array;
- `MultiheadAttention`: several lookups side by side;
- a network that learns to write words backwards, and a picture of where it looks.

About 5 hours: 10 exercises, some LINES lines to write, and an open question. Needs lessons 01 to 06
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
from tinytorch.support.batch_parts import by_batch
from tinytorch.support.casts import in_one_type
from tinytorch.support.large import or_kernel
from tinytorch.support.tiles import aligned, check_attention, put_product, scores_like, tiles
from tinytorch.support.validation import check_sizes, checked_axis

# %%
import timeit

from tinytorch.core.tensor import Interceptor, no_grad
from tinytorch.support import checks_attention as checks
from tinytorch.support.checks import check
from tinytorch.support.memory import allocated_bytes

# %% [markdown]
r"""
## A dictionary that is not sure

A Python dictionary compares what you ask for, the *query*, with its *keys*, and gives the *value*
of the one that is equal. Now let keys, values and the query be vectors. Equal they will hardly be,
so measure how alike they are by a dot product, the *score*. And give back not one value but a
mixture of all of them, where a softmax of the scores says how much each one counts.
"""

# %%
keys = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])  # right, up, left
values = np.array([[100.0], [20.0], [3.0]])

def look_up(query):
    scores = keys @ query
    weights = np.exp(scores) / np.exp(scores).sum()
    return weights, weights @ values

# %%
for query in [[0, 0], [1, 0], [10, 0], [5, 5]]:
    weights, found = look_up(np.array(query))
    print(f"query {query!s:8} weights {weights.round(3)!s:21} value {found[0]:.1f}")

# %% [markdown]
r"""
The query that is as near to one key as to the next gets the mean of the values. A long query that
points right gets the value of that key almost alone, as a dictionary would give it. And one between
two keys gets half of each. Unlike a dictionary, this lookup has a slope everywhere. So training can
move queries, keys and values until the right things are found.

In *self-attention* each position of a sequence asks, and each position answers: from the vector of
every position come one query, one key and one value, each by a Linear layer. With $T$ positions the
queries are the rows of a matrix $Q$ of shape $(T, d)$, and keys and values are those of $K$ and
$V$:

$$\text{attention}(Q, K, V) = \text{softmax}\left(\frac{Q K^T}{\sqrt d}\right) V$$

The softmax works along each row: the weights with which one query looks at all keys.

## Why divide by the root of d?

Let queries and keys hold numbers of variance 1. How large are their dot products, and what becomes
of the softmax of ten of them?
"""

# %%
rng = np.random.default_rng(0)
print("   d   variance of the scores   largest of 10 weights, on average: as they are, divided")
for d in [4, 64, 1024]:
    scores = np.vecdot(rng.normal(size=(2000, 10, d)), rng.normal(size=(2000, 1, d)))
    largest = []
    for s in (scores, scores / np.sqrt(d)):
        weights = np.exp(s - s.max(axis=1, keepdims=True))
        largest.append((weights / weights.sum(axis=1, keepdims=True)).max(axis=1).mean())
    print(f"{d:4}   {scores.var():22.1f}   {largest[0]:48.2f}, {largest[1]:.2f}")

# %% [markdown]
r"""
A score is a sum of $d$ products of variance 1, so its variance is about $d$. Undivided, the scores
of long vectors are so large that one weight is near 1 and the others near 0, before anything has
been learned. There the softmax has almost no slope, and training almost no gradient. Divided by
$\sqrt d$ the scores have variance 1, whatever $d$ is.

## Weights

Scores are many: one for each pair of a query and a key, in each sequence of a batch. For a batch of
32 sequences of 64 tokens and four lookups side by side they are half a million numbers. Lesson 02's
softmax makes an array of this size for the differences, and one for the result. Here
the scores are wanted for nothing else, so the softmax can be written over them.

### Exercise: softmax_in_place

As in lesson 02, subtract the largest number of each row first. One case is new. Where nothing may
be looked at, the whole row is -inf, and the softmax would be nan. Such a row shall become 0: who
finds nothing, brings nothing. (PyTorch decides so as well.)

On the short rows of attention two helpers of `tinytorch.support.arrays` are quicker than `max` and
`sum` along the last axis: `row_maxima(scores)` and `row_sums(scores)`, both of shape `(..., 1)`.
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
    cases += [[[[3.0], [none]], [[-5.0], [0.0]]], [[none, 88.0, 89.0]], [5.0, none, 5.0],
              [[np.inf, 0.0], [1.0, none]], np.zeros((2, 0)), np.zeros((0, 3))]
    ### END HIDDEN TESTS
    for scores in cases:
        checks.softmax(softmax_in_place, scores)
    checks.softmax_takes_no_memory(softmax_in_place)

test_unit_softmax_in_place()

# %% [markdown]
r"""
## Masks

Not every position may look everywhere. Sequences of different lengths are filled up with padding,
which means nothing. And a model that shall guess the next token must not see it: token $t$ may look
at tokens up to $t$ alone, a *causal* mask. A mask is boolean, True where a query may look. To use
it, add 0 to the scores that may stay and -inf to the others; their weight becomes $e^{-\infty} = 0$
exactly. A mask may also be floating: then its numbers are added as they are, and so it can say
"rather not".

### Exercise: added_mask

A floating mask may have been computed from parameters, so it must stay the tensor with its record.
`astype` keeps the record. `wrap(array)` makes a Tensor of an array that is yours, without a copy.
"""

# %% nbgrader={"solution": true, "grade_id": "added-mask"}
#| exporti
def added_mask(mask: Any, dtype: np.dtype) -> Tensor:
    """What is added to the scores for a mask, a Tensor of the floating type `dtype`.

    Of a boolean mask that is 0 where it is True and -inf where it is False; of a floating mask it is
    the mask itself, in the type. Raises TypeError that names the type for any other mask: whole
    numbers could mean either.

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
    for dtype in kinds:
        checks.boolean_masks(added_mask, dtype)
        checks.floating_masks(added_mask, Tensor, dtype)
    checks.other_masks(added_mask)

test_unit_added_mask()

# %% [markdown]
r"""
### Exercise: fill_weights

Now scores, mask and softmax together, for as many queries and keys as come, written into an array
that is there. The scale belongs to the query: (..., Tq, d) is a smaller array than the scores.
`np.matmul(a, b, out=out)` writes a product into `out`, and `swapaxes(-1, -2)` turns the matrices of
a batch without a copy.
"""

# %% nbgrader={"solution": true, "grade_id": "fill-weights"}
#| exporti
def fill_weights(out: np.ndarray, query: np.ndarray, key: np.ndarray, mask: np.ndarray | None,
                 scale: float) -> None:
    """Write softmax(scale * query @ key^T + mask) into `out`, of shape (..., Tq, Tk).

    `query` is (..., Tq, d), `key` (..., Tk, d), and `mask`, which is added, None or of the shape of
    `out`. These are only read. No array as large as `out` is made.

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
    cases = [((2, 3), 4, 4, 3, 0.5, "none"), ((), 3, 5, 2, 1.0, "causal"), ((2,), 4, 2, 1, 3.0, "some")]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 2), 6, 3, 8, 0.25, "some"), ((3,), 1, 1, 4, -1.0, "added"), ((), 2, 2, 5, 0.1, "none")]
    ### END HIDDEN TESTS
    for case in cases:
        checks.filled(fill_weights, *case)
    checks.filling_takes_no_memory(fill_weights)

test_unit_fill_weights()

# %% [markdown]
r"""
### In pieces

`fill_weights` passes over the scores five times: product, mask, difference, exponential, quotient.
Two megabytes of scores come from main memory, or from a far cache, each time. So it is better to
take a piece of the scores, do all five with it while it is near, and go on to the next one. `tiles`
of `tinytorch.support.tiles` cuts the scores into such pieces. Each tile holds three indices: of its
scores, of its queries, and of its keys. Under a causal mask a tile leaves out the keys that come
after all its queries, so there most of the upper triangle is not even computed.
"""

# %%
#| exporti
@in_float32
def weights_of(query: np.ndarray, key: np.ndarray, mask: np.ndarray | None = None, *,
               scale: float, is_causal: bool) -> np.ndarray:
    """softmax(scale * query @ key^T + mask) of (..., Tq, d) and (..., Tk, d), of shape (..., Tq,
    Tk); `is_causal` says that the mask is -inf above the diagonal."""
    query, key = aligned(query, key)
    out = scores_like(query, (*query.shape[:-1], key.shape[-2]), is_causal)
    mask = None if mask is None else np.broadcast_to(mask, out.shape)
    for tile in tiles(out.shape, is_causal):
        part = None if mask is None else mask[tile.scores]
        fill_weights(out[tile.scores], query[tile.queries], key[tile.keys], part, scale)
    return out


WEIGHTS = Primitive("attention_weights", in_one_type(by_batch(weights_of)), "both")

# %%
q, k = (rng.random((32, 4, 64, 32), dtype=np.float32) for _ in "qk")
whole = np.empty((32, 4, 64, 64), np.float32)
for name, compute in [("all at once", lambda: fill_weights(whole, q, k, None, 0.2)),
                      ("in pieces", lambda: weights_of(q, k, scale=0.2, is_causal=False))]:
    print(f"{name:12} {min(timeit.repeat(compute, number=3, repeat=5)) / 3 * 1e3:6.2f} ms")

# %% [markdown]
r"""
Whether pieces pay depends on the size of this machine's caches, and they pay more the longer the
sequences are. `in_float32` computes 16-bit numbers in float32, and `in_one_type` lets types meet as
in lesson 01.

## Mixing the values

The second half of attention is a matrix product, weights times values. It gets a primitive of its
own for two reasons. It can leave out what a causal mask has left out, and it can lay its result out
in memory as the values are, which will save copies when the heads are joined. Its gradient rule is
that of a product: $\text{d}W = G V^T$ and $\text{d}V = W^T G$. A key belongs to several tiles where
the queries are cut, so its shares add up. `put_product(out, a, b, is_first)` writes `a @ b` into
`out` the first time, and adds it afterwards.
"""

# %%
#| exporti
@in_float32
def mixed(weights: np.ndarray, value: np.ndarray, is_causal: bool) -> np.ndarray:
    """weights @ value: (..., Tq, Tk) by (..., Tk, n) gives (..., Tq, n)."""
    weights, value = aligned(weights, value)
    out = np.empty_like(value, shape=(*weights.shape[:-1], value.shape[-1]))
    for tile in tiles(weights.shape, is_causal):
        np.matmul(weights[tile.scores], value[tile.keys], out=out[tile.queries])
    return out


ATTENTION = Primitive("attention", in_one_type(by_batch(mixed)))

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


joint_rule("attention", in_float32(by_batch(mixed_rule)))

# %% [markdown]
r"""
## The gradient of the weights

A row of weights $p$ is the softmax of a row of scores $s$. With $g$ for the gradient with respect
to $p$, lesson 02's softmax has

$$\frac{\partial L}{\partial s_j} = p_j \left(g_j - \sum_k g_k p_k\right)$$

So all that has to be kept are the weights, and not the scores. Where a weight is 0, as under a
mask, the gradient is 0 too.

### Exercise: scores_gradient

The sum over a row is a dot product: `np.vecdot(g, weights)` multiplies and adds without an array of
products.
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
    for case in cases:
        checks.softmax_gradient(scores_gradient, *case)
    checks.gradient_takes_one_array(scores_gradient)

test_unit_scores_gradient()

# %% [markdown]
r"""
### Exercise: weights_rule

The scores are $S = c\, Q K^T + M$ with the scale $c$ and the mask $M$. From $\text{d}S$ follow
$\text{d}Q = c\, \text{d}S\, K$ and $\text{d}K = c\, \text{d}S^T Q$, and a mask that wants a gradient
gets $\text{d}S$ itself. Go through the tiles as `mixed_rule` does. The answers have the shape of
the scores' batch: where an input was broadcast, lesson 05's walk adds them up.
"""

# %% nbgrader={"solution": true, "grade_id": "weights-rule"}
#| exporti
def weights_rule(g: np.ndarray, y: np.ndarray, query: np.ndarray, key: np.ndarray,
                 mask: np.ndarray | None = None, *, needs: tuple[bool, ...], scale: float,
                 is_causal: bool) -> list:
    """The gradients of `weights_of` with respect to query, key and, where there is one, mask.

    `y` holds the weights and `g` the gradient with respect to them, both (..., Tq, Tk). What stands
    in `g` outside the tiles is not used. A mask that needs none gets None. Nothing given is changed.
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


joint_rule("attention_weights", in_float32(by_batch(weights_rule)))

# %% nbgrader={"grade": true, "grade_id": "test-weights-rule", "points": 7}
# Check of weights_rule: run it when your cell has run.
@check
def test_unit_weights_rule():
    cases = [((2,), 3, 3, 2, 0.5, "none"), ((2, 2), 4, 5, 3, 1.0, "some"), ((), 130, 150, 4, 0.5, "causal")]
    ### BEGIN HIDDEN TESTS
    cases += [((1, 3), 70, 70, 2, 2.0, "causal"), ((2,), 2, 6, 1, 0.3, "added"), ((3,), 5, 2, 2, 1.5, "none")]
    ### END HIDDEN TESTS
    for case in cases:
        checks.rule_of_weights(weights_rule, weights_of, *case)
    checks.rule_of_pieces(weights_rule, weights_of)

test_unit_weights_rule()

# %% [markdown]
r"""
## Attention

### Exercise: attend

All is there: check the shapes with `check_attention`, see what the mask is, and send both halves
through `apply`, with lesson 03's `Dropout` between them. The scale is $1/\sqrt d$ unless another is
given. The causal mask is `np.tri(Tq, Tk, dtype=bool)`.
"""

# %% nbgrader={"solution": true, "grade_id": "attend"}
#| exporti
def attend(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
           is_causal: bool = False, scale: float | None = None) -> tuple[Tensor, Tensor]:
    """Attention's output, (..., Tq, n), and the weights, (..., Tq, Tk), that mixed the values.

    query is (..., Tq, d), key (..., Tk, d), value (..., Tk, n), with leading axes that broadcast;
    whole numbers become float32. `attn_mask` is as in `added_mask` and broadcasts to the weights;
    with `is_causal` query i may look at keys 0 to i. Dropout with `dropout_p` changes the weights.
    Raises ValueError where shapes do not fit, and where both masks are given.

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
    cases += [((4, 2), (3, 4, 2), (4, 2), {"scale": 0.3}), ((5, 2), (3, 2), (3, 2), {"is_causal": True}),
              ((2, 2, 3), (2, 2, 3), (2, 2, 3), {"mask": "added", "scale": 2.0})]
    ### END HIDDEN TESTS
    for case in cases:
        checks.attends(attend, Tensor, *case)
    checks.attends_through_apply(attend, Tensor, Interceptor)
    checks.refuses(attend)
    checks.drops_weights(attend, Tensor)

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

A mask that lets a little of the future through gives a model that looks splendid in training and is
useless afterwards. So test it, with numbers that differ from place 4 on, and with the gradient of
the output at place 3.
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
The numbers from place 4 on are all different, and nothing before them has noticed. The gradient at
these places is 0 exactly, because their weights are.

## Several heads

One softmax gives one mixture. But a word may want two things at once: who was named before, and
what stands right beside it. So the vectors of width $E$ are cut into $H$ *heads* of width $E / H$,
and each head looks up by itself. That costs no more than one head of full width. In memory the
numbers of a head are neighbours already, so the cut is a reshape, and then the axis of heads goes
before that of positions.

### Exercise: split_heads and join_heads
"""

# %% nbgrader={"solution": true, "grade_id": "split-heads"}
#| exporti
def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(..., T, E) becomes (..., num_heads, T, E / num_heads): head 0 has the first numbers of each
    position, head 1 the next ones. No number is copied.

    >>> split_heads(Tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]
    """
    ### BEGIN SOLUTION
    *batch, length, width = x.shape
    return x.reshape(*batch, length, num_heads, width // num_heads).transpose(-3, -2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-split-heads", "points": 3}
# Check of split_heads: run it when your cell has run.
@check
def test_unit_split_heads():
    cases = [((2, 3, 8), 2), ((5, 6), 3), ((1, 4, 4), 4)]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 3, 2, 10), 5), ((3, 3, 3), 1), ((2, 1, 6), 2), ((0, 4, 4), 2)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.splits(split_heads, Tensor, *case)

test_unit_split_heads()

# %% nbgrader={"solution": true, "grade_id": "join-heads"}
#| exporti
def join_heads(x: Tensor) -> Tensor:
    """(..., H, T, n) becomes (..., T, H * n): the opposite of `split_heads`.

    >>> join_heads(Tensor([[[1, 2], [5, 6]], [[3, 4], [7, 8]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    """
    ### BEGIN SOLUTION
    *batch, heads, length, width = x.shape
    return x.transpose(-3, -2).reshape(*batch, length, heads * width)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-join-heads", "points": 3}
# Check of join_heads: run it when your cell has run.
@check
def test_unit_join_heads():
    cases = [(2, 2, 3, 4), (3, 5, 2), (1, 4, 4, 1)]
    ### BEGIN HIDDEN TESTS
    cases += [(2, 3, 5, 2, 2), (1, 3, 3), (2, 2, 1, 3), (2, 2, 0, 4)]
    ### END HIDDEN TESTS
    for shape in cases:
        checks.joins(join_heads, Tensor, shape)

test_unit_join_heads()

# %% [markdown]
r"""
## One product for three

Queries, keys and values come from the same vectors by three Linear layers. One Linear layer of three
times the width does it in one product, larger and therefore quicker. Then its result is cut into
three. Slices do that, but look at what the backward pass makes of them:
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
The gradient of a slice is an array as large as the whole, filled with zeros but for one part. Three
of them are made, and then added, although no two of their parts overlap.

Lesson 05's walk adds what comes to a node with `+`. It need not be arrays that it adds. Let a slice
answer with an object that says "here is the gradient of this part, the rest is 0", and let two such
objects add up to one that holds both parts. Then nothing is filled and nothing is added, until the
node that made the parts asks for the whole. Only there is one array made.

### Exercise: PartialGradient

Write `joined`. Some parts may be missing, where the loss does not depend on them. Where none is
missing there is nothing to fill with zeros: `np.empty` does.
"""

# %% nbgrader={"solution": true, "grade_id": "partial-gradient"}
#| exporti
class PartialGradient:
    """A gradient of this shape and type that is known in `parts`, pairs of an index and an array,
    and 0 elsewhere. No two parts overlap."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, *parts: tuple[Any, np.ndarray]):
        self.shape, self.dtype, self.parts = shape, dtype, parts

    def __add__(self, other: "PartialGradient") -> "PartialGradient":
        return PartialGradient(self.shape, self.dtype, *self.parts, *other.parts)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.joined(), dtype)  # so that NumPy can read one, as profilers do

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
    for shape, places in cases:
        for dtype in ["float32", "float64", "float16"]:
            checks.joined(PartialGradient, shape, places, dtype)
    checks.joined_makes_one_array(PartialGradient)

test_unit_partial_gradient()

# %% [markdown]
r"""
### Exercise: chunk

Two operations make a chunk. `"chunk"` hands the input on as it is; its gradient rule joins. `"part"`
takes one part of that; its rule answers with a PartialGradient. Both are views, nothing is copied.
Each part is a tensor of its own: whether it is used once, twice or not at all, and how often
`backward` runs, the sum comes out right, because nothing is ever written into a gradient.
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
        raise ValueError(f"chunk wants at least 1 part, of axes, got {chunks} of shape {x.shape}")
    dim = checked_axis(dim, x.shape)
    size = -(-x.shape[dim] // chunks)
    starts = range(0, x.shape[dim], size) if size else [0] * chunks
    whole, before = apply(CHUNK, x), (slice(None),) * dim
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
    for case in cases:
        checks.chunks(chunk, Tensor, *case)
        checks.chunk_gradient(chunk, Tensor, *case)
    checks.chunk_refuses(chunk, Tensor)
    checks.chunk_goes_through_apply(chunk, Tensor, Interceptor)

test_unit_chunk()

# %%
print(f"by slices {backward_bytes(by_slices) / qkv.data.nbytes:.1f} arrays, "
      f"by chunk {backward_bytes(lambda x: chunk(x, 3, -1)) / qkv.data.nbytes:.1f}")

# %% [markdown]
r"""
## The layer

`MultiheadAttention` has two Linear layers: `in_proj` makes queries, keys and values of all heads,
`out_proj` mixes what the heads bring. Where keys come from another sequence than queries, as in
translation, each third of `in_proj` gets its own input. Then it is the weight that is cut.
"""

# %%
#| exporti
class Projections(Module):
    """The parameters of MultiheadAttention, and the queries, keys and values that they make."""

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True):
        check_sizes(embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim {embed_dim} is not a multiple of num_heads {num_heads}")
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

# %%
#| exporti
def mask_of_heads(mask: Any, num_heads: int) -> Any:
    """A mask as PyTorch's layer has it, as one for `attend`: there True forbids, and three axes are
    (batch * num_heads, Tq, Tk)."""
    mask = None if mask is None else as_tensor(mask)
    if mask is not None and mask.ndim == 3:
        mask = mask.reshape(-1, num_heads, *mask.shape[-2:])
    return wrap(~mask.data) if mask is not None and mask.dtype == bool else mask

# %% [markdown]
r"""
### Exercise: MultiheadAttention

Write `forward`: project, split, attend, join, project. One trap is PyTorch's, and ours for the sake
of its users: in this layer's boolean mask True *forbids*, while in `scaled_dot_product_attention`
True allows. `mask_of_heads` turns the one into the other. `self.dropout` counts in training only.
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
        `attn_mask` as in `mask_of_heads`, or `is_causal`. The weights are the mean of all heads,
        (..., Tq, Tk), or with `average_attn_weights=False` each head's, (..., num_heads, Tq, Tk).
        """
        ### BEGIN SOLUTION
        heads = [split_heads(x, self.num_heads) for x in projected(self, query, key, value)]
        mask, dropout_p = mask_of_heads(attn_mask, self.num_heads), self.dropout * self.training
        out, weights = attend(*heads, mask, dropout_p, is_causal)
        out = self.out_proj(join_heads(out))
        if not need_weights:
            return out, None
        return out, weights.mean(axis=-3) if average_attn_weights else weights
        ### END SOLUTION

    def extra_repr(self) -> str: return f"{self.embed_dim}, {self.num_heads}"

# %% nbgrader={"grade": true, "grade_id": "test-multihead-attention", "points": 7}
# Check of MultiheadAttention: run it when your cell has run.
@check
def test_unit_multihead_attention():
    cases = [(8, 2, (2, 5, 8), {}), (6, 3, (4, 6), {"is_causal": True}), (4, 1, (3, 2, 4), {"keys": 5})]
    ### BEGIN HIDDEN TESTS
    cases += [(6, 2, (2, 4, 6), {"mask": True}), (5, 5, (1, 3, 5), {"bias": False}),
              (4, 2, (2, 3, 4), {"keys": 2, "values": True}), (6, 6, (1, 4, 6), {"is_causal": True})]
    ### END HIDDEN TESTS
    for case in cases:
        checks.multihead(MultiheadAttention, Tensor, *case)
    checks.multihead_modes(MultiheadAttention, Tensor)

test_unit_multihead_attention()

# %% [markdown]
r"""
## Words backwards

A network shall read a word and write it backwards. No letter can do that alone: what belongs at
place $t$ stands at the far end of the word, and where that is depends on the word's length. The data
are the words of Shakespeare's works of 3 to 10 letters, each once, filled up with 0 to ten places.
"""

# %%
import re

from tinytorch.core.embeddings import Embedding
from tinytorch.core.layers import LayerNorm, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW
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

def backwards(words):
    return numbers([word[::-1] for word in words])

print(numbers(["king"]), backwards(["king"]), sep="\n")

# %% [markdown]
r"""
The network adds up an embedding of the letter and one of the place, for attention by itself does
not know places: its sum over keys is the same in any order. Each attention layer adds what it has
found to what was there, as the residual network of lesson 03 did.
"""

# %%
class Backwards(Module):
    def __init__(self, layers, width=32):
        self.letters, self.places = Embedding(27, width), Embedding(LENGTH, width)
        self.attention = [MultiheadAttention(width, 1) for _ in range(layers)]
        self.norms = [LayerNorm(width) for _ in range(layers)]
        self.out = Linear(width, 27)

    def forward(self, ids):
        x, self.maps = self.letters(ids) + self.places(np.arange(LENGTH)), []
        for attention, norm in zip(self.attention, self.norms):
            found, weights = attention(x, need_weights=True)
            x = norm(x + found)
            self.maps.append(weights)
        return self.out(x)

# %%
def letters_right(model, words):
    """The share of the words' letters that the model writes at their places."""
    wanted = backwards(words)
    with no_grad():
        written = model(numbers(words)).data.argmax(axis=-1)
    return np.mean((written == wanted)[wanted > 0])

# %%
def train(layers, steps=400, batch=64, lr=0.01):
    manual_seed(0)
    model, loss_fn, draw = Backwards(layers), CrossEntropyLoss(), np.random.default_rng(0)
    optimizer = AdamW(model.parameters(), lr=lr)
    ids, wanted = numbers(training), backwards(training)
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
    print(f"{layers} layers: {letters_right(model, validation):.2%} of the validation words' letters")

# %% [markdown]
r"""
With one layer each place has to choose where to look before it knows how long the word is. With two
it can first look for the end of the word and then, knowing it, for its letter. On the validation
words the second network is clearly the better one, so it alone is tried on the test words.
"""

# %%
model = models[2]
print(f"{letters_right(model, test):.2%} of the test words' letters")
with no_grad():
    written = model(numbers(test[:6])).data.argmax(axis=-1)
for word, row in zip(test, written):
    print(f"{word:>10} -> {''.join(chr(96 + n) for n in row if n)}")

# %% [markdown]
r"""
Where does it look? A row of the picture is a place that is being written, a column a place of the
word, and the darker a square is, the larger is the weight.
"""

# %%
import matplotlib.pyplot as plt

def show_maps(model, word):
    with no_grad():
        model(numbers([word]))
    figure, panels = plt.subplots(1, len(model.maps), figsize=(8, 3.6))
    for number, (panel, weights) in enumerate(zip(panels, model.maps), 1):
        panel.imshow(weights.data[0], cmap="Greys", vmin=0, vmax=1)
        panel.set_xticks(range(LENGTH), word.ljust(LENGTH, "-"))
        panel.set_yticks(range(LENGTH), word[::-1].ljust(LENGTH, "-"))
        panel.set_title(f"layer {number}")
    plt.show()

show_maps(model, "tempest")

# %% [markdown]
r"""
LOOK

## Questions

Assign each answer to the name behind its question.

1. A sequence of 1,024 tokens passes through attention with 12 heads of width 64. How many bytes are
   its weights, in float32? (`weight_bytes`)
2. How many parameters has `MultiheadAttention(64, 4)`? (`parameter_count`)
3. Ten keys have the same score, under a causal mask. Which weight does the query at place 3, counted
   from 0, give to key 0? (`causal_weight`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-attention"}
### BEGIN SOLUTION
weight_bytes = 12 * 1024 * 1024 * 4
parameter_count = 64 * 192 + 192 + 64 * 64 + 64
causal_weight = 1 / 4
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
    wanted = attend(*[np.zeros((10, 2))] * 3, is_causal=True)[1].data[3, 0]
    assert abs(causal_weight - wanted) < 1e-3, (
        f"causal_weight is {causal_weight}: at how many keys may this query look?")

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

The lookup that a GPT is made of, with PyTorch's names and numbers, a gradient that makes few arrays,
and a test that nothing leaks from the future. `tito module complete 12` puts it into
`tinytorch.core.attention`. Lesson 13 stacks it to a transformer.
"""
