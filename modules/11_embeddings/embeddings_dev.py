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
# Lesson 11: Embeddings

> Embeddings: a trained vector for each symbol, looked up by its number, and vectors for positions.

A network computes with numbers, and text is made of symbols: characters here, pieces of words in a
larger model. The numbers by which a computer stores characters are mere names. That "e" is 101 and
"f" is 102 does not make "f" a little more of anything than "e". So every symbol gets a vector of
its own, a row of a table, and training finds the numbers in it. The table is called an *embedding*.

You will build the lookup, its gradient, and the layer around them; a language model of 2003, which
guesses the next character of Shakespeare from the last five, and the table of counts that it has to
beat; a picture of what it has learned of the letters; and vectors that say where a symbol stands.

About 4 hours: 10 exercises, some 40 lines to write, and an open question. Needs lessons 01 to 06.
Makes `tinytorch.core.embeddings`: `embedding`, `Embedding` and `sinusoidal_positions`.
"""

# %%
#| default_exp core.embeddings

# %%
#| export
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule
from tinytorch.core.layers import Module, Parameter, generator
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, in_float32, wrap
from tinytorch.support.validation import check_sizes

# %%
import timeit

from tinytorch.core.activations import tanh
from tinytorch.core.autograd import RULES
from tinytorch.core.layers import Linear, manual_seed
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Interceptor, no_grad
from tinytorch.support import checks_embeddings as checks
from tinytorch.support.checks import check, raises
from tinytorch.support.checks_gradients import rules_agree
from tinytorch.support.threads import one_thread

# %% [markdown]
r"""
## Characters

The text is all of Shakespeare. Three plays are kept for the final test. The last two of the other
works are kept as well, for whatever has to be chosen on the way: the *validation* part. The
alphabet is every character that occurs in the rest, and a character's number is its place in it.
(Lesson 10 makes an object of such an alphabet; here a dict will do.)
"""

# %%
from tinytorch.support.data import load_shakespeare

works, plays = load_shakespeare()
*rest, one, two = works.values()
texts = {"training": "".join(rest), "validation": one + two, "test": "".join(plays.values())}
alphabet = sorted(set(texts["training"]))
number = {character: i for i, character in enumerate(alphabet)}

# %%
parts = {name: np.array([number[c] for c in text]) for name, text in texts.items()}
for name, ids in parts.items():
    print(f"{name:10} {len(ids):9,} characters")
print(len(alphabet), "symbols:", "".join(alphabet[1:]))
print([*"To be"], "->", [number[c] for c in "To be"])

# %% [markdown]
r"""
## A product that picks rows

How can a network take a symbol, if not by its number? One way is a *one-hot* row: for symbol number
r a row of zeros with a single 1 at place r. Any two such rows are equally far apart. The product of
a one-hot row with a weight matrix is one row of the matrix:
"""

# %%
rng = np.random.default_rng(0)
table = rng.normal(size=(5, 3)).astype(np.float32)
some = np.array([2, 0, 2])
one_hot = np.eye(5, dtype=np.float32)[some]
print(one_hot)
print("the product is the lookup:", np.array_equal(one_hot @ table, table[some]))

# %% [markdown]
r"""
So the first layer of a network for symbols need not multiply. It looks up rows. Here is what that
saves for 32 texts of 64 symbols, a vocabulary of 2,000 symbols and vectors of length 128. (With
50,000 symbols the one-hot matrix would be 25 times as large.)
"""

# %%
@one_thread()  # of BLAS, here and in the training below
def best_ms(function, runs=3):
    return min(timeit.repeat(function, number=runs, repeat=5)) / runs * 1e3

# %%
large = rng.standard_normal((2000, 128), dtype=np.float32)
batch = rng.integers(2000, size=(32, 64))
one_hot = np.eye(2000, dtype=np.float32)[batch]
print(f"one-hot matrix {one_hot.nbytes:,} bytes, the numbers of the symbols {batch.nbytes:,} bytes")
for name, function in [("one_hot @ weight", lambda: one_hot @ large),
                       ("weight[ids]", lambda: large[batch]),
                       ("weight.take(ids)", lambda: large.take(batch, axis=0, mode="clip"))]:
    print(f"{name:16} {best_ms(function):8.3f} ms")

# %% [markdown]
r"""
The lookup by `take` is given. By default `take` raises an error for a number that has no row, and
looks at every number for that. With `mode="clip"` it moves such a number into the range instead. We
can afford that, because the next function lets no wrong number through, with a better message.
"""

# %%
#| exporti
def look_up(weight: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The rows of weight, (count, d), whose numbers are in ids, (...): shape (..., d)."""
    return weight.take(ids, axis=0, mode="clip")

# %% [markdown]
r"""
### Exercise: row_numbers

What can go wrong with a number of a row? It may be too large. It may be negative: NumPy then counts
from the end, so that a -1 that once meant "unknown" silently becomes the last symbol. It may come
from an array of fractions, such as `Tensor([1, 2])`, whose type is float32. All of these are
errors. But many things are right: a Tensor, an array of any type of whole numbers, also one that
holds no number, a list, a single number.

The result is a new array. The backward pass will need the numbers once more, and by then the caller
may have filled the old array with the next batch. An array's type has a `kind`, a letter: "i" for
whole numbers with a sign, "u" for those without.
"""

# %% nbgrader={"solution": true, "grade_id": "row-numbers"}
#| exporti
def row_numbers(ids: Any, count: int) -> np.ndarray:
    """`ids`, numbers of rows of a table of `count` rows, as a new array of type np.intp.

    They come as a Tensor, an array, a list or a number, and keep their shape. Raises TypeError
    that names their type, and says to write `long()` or `astype(int)`, where that is not a type of
    whole numbers, as bool is not. Raises ValueError that names the least and the largest of them,
    and `count`, where one is not from 0 to count - 1.

    >>> row_numbers([[2, 0]], 3)
    array([[2, 0]])
    """
    ### BEGIN SOLUTION
    found = ids.data if isinstance(ids, Tensor) else np.asarray(ids)
    if found.dtype.kind not in "iu":
        raise TypeError(f"an embedding is looked up by whole numbers, got {found.dtype}: write "
                        "ids.long() for a tensor, ids.astype(int) for an array")
    if found.size and not (0 <= found.min() and found.max() < count):
        raise ValueError(f"ids from {found.min()} to {found.max()}, but the embedding has {count} "
                         f"rows: wanted 0 to {count - 1}")
    return found.astype(np.intp)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-row-numbers", "points": 4}
# Check of row_numbers: run it when your cell has run.
@check
def test_unit_row_numbers():
    cases = [([2, 0, 2], "int64", 3), ([[1], [0]], "int32", 2), (4, "uint8", 300), ([], "int8", 5)]
    ### BEGIN HIDDEN TESTS
    cases += [([[[199, 7]], [[0, 3]]], "uint8", 200), ([[], []], "uint16", 1), (0, "int64", 1),
              ([255, 0], "uint8", 256), ([5, 5], "uint64", 50000), ([], "int32", 0),
              ([1, 0], "int16", 2), ([3], "uint32", 4)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.numbered(row_numbers, Tensor, *case, "the same numbers, in a new array of np.intp")

test_unit_row_numbers()

# %% nbgrader={"grade": true, "grade_id": "test-row-numbers-refuses", "points": 4}
# Check of row_numbers, what it refuses: run it when your cell has run.
@check
def test_unit_row_numbers_refuses():
    typeless = [[0.0, 1.0], [True, False], np.zeros(3, np.float16), 1.0]
    absent = [([0, 4, 1], 4, ["0", "4"]), ([[-1, 0]], 4, ["-1", "4"]), (7, 5, ["7", "5"])]
    ### BEGIN HIDDEN TESTS
    typeless += [np.ones((2, 2)), np.array([False]), np.zeros(0, np.float32)]
    absent += [([[0], [-9], [2]], 3, ["-9", "2", "3"]), ([-2, 13], 12, ["-2", "13", "12"]),
               (np.array([2**64 - 1], np.uint64), 9, [str(2**64 - 1)]), (0, 0, ["0"])]
    ### END HIDDEN TESTS
    for ids in typeless:
        checks.no_numbers(row_numbers, Tensor, ids, "ask the type, not the numbers")
    for ids, count, words in absent:
        checks.no_rows(row_numbers, Tensor, ids, count, words, "rows are 0 to count - 1")

test_unit_row_numbers_refuses()

# %% [markdown]
r"""
## The gradient adds up rows

The lookup is the product $Y = H W$, with a one-hot row of $H$ for each id. Lesson 05 has the
gradient of a product with respect to its second factor: $H^T G$, where $G$ is the gradient with
respect to $Y$. $H^T$ has its ones where $H$ has them, so row r of the result is the sum of those
rows of $G$ whose id is r. The rows with one id are called a *segment*, and this a *segment sum*.

A symbol that occurs three times in a batch gets three rows added up. NumPy's indexing has a trap
here: `out[ids] += rows` reads, adds and writes all rows at once, and of the rows with one id the
last is the only one that stays. `np.add.at` does it row by row.
"""

# %%
ids, rows = np.array([1, 0, 1, 1]), np.array([[1.0], [10.0], [2.0], [4.0]])
indexed, added = np.zeros((2, 2, 1))
indexed[ids] += rows
np.add.at(added, ids, rows)
print("out[ids] += rows:", indexed.ravel(), "  np.add.at:", added.ravel())

# %% [markdown]
r"""
`np.add.at` is right, and slow, as you will see below. One way out is to sort: bring the rows of
each id together, find where the runs begin, and let `np.add.reduceat` add up each run.
"""

# %%
def sum_by_sorting(rows, ids, count):
    order = np.argsort(ids, kind="stable")
    in_order = ids[order]
    starts = np.flatnonzero(np.diff(in_order, prepend=-1))
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    out[in_order[starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return out

print("by sorting:", sum_by_sorting(rows, ids, 2).ravel())

# %% [markdown]
r"""
The other way is to take the product at its word, but without its zeros. A *sparse* matrix stores
its non-zero numbers only. In the form called *compressed sparse columns*, `csc_array` in SciPy,
three arrays say everything: the numbers, column after column; the row that each of them is in; and
where each column begins, with the end of the last column after them. Here is a small one:
"""

# %%
from scipy.sparse import csc_array

matrix = csc_array(np.array([[0, 7, 0], [5, 0, 0], [6, 8, 9]]))
print(matrix.toarray())
print("numbers", matrix.data, " rows", matrix.indices, " column starts", matrix.indptr)

# %% [markdown]
r"""
### Exercise: segment_sum

Now look at $H^T$: it has a column for each id, and each column holds a single 1. In which row is
it, and where does each column begin? `csc_array((numbers, rows, starts), shape=(m, n))` makes a
sparse matrix of the three arrays, and `@` a product. Mind the type of the ones.

The import stands inside the function, so that a program that trains no embedding does not wait for
SciPy.
"""

# %% nbgrader={"solution": true, "grade_id": "segment-sum"}
#| exporti
def segment_sum(rows: np.ndarray, ids: np.ndarray, count: int) -> np.ndarray:
    """The sum of the rows of each id: rows (n, d) and ids (n,) from 0 to count - 1 give (count, d).

    The result is a new array of the rows' type, float32 or float64, with 0 for an id that no row
    has. It takes memory for the result and for some numbers for each id, not for count times n.

    >>> segment_sum(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 4)
    array([[2.],
           [0.],
           [5.],
           [0.]])
    """
    from scipy.sparse import csc_array
    ### BEGIN SOLUTION
    n = len(ids)
    one_hot = csc_array((np.ones(n, rows.dtype), ids, np.arange(n + 1)), shape=(count, n))
    return one_hot @ rows
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-segment-sum", "points": 6}
# Check of segment_sum: run it when your cell has run.
@check
def test_unit_segment_sum():
    cases = [([1, 0, 1, 1], 2, 1), ([3, 3, 0], 6, 4), ([0], 1, 3), ([], 3, 2), ([2, 1], 3, 0)]
    ### BEGIN HIDDEN TESTS
    cases += [([4, 0, 4, 2, 4, 0, 1], 5, 3), ([6], 9, 1), ([1] * 40, 2, 5), ([], 0, 3)]
    ### END HIDDEN TESTS
    for ids, count, d in cases:
        for dtype in ("float32", "float64"):
            checks.sums(segment_sum, ids, count, d, dtype, "which rows have this id?")
    checks.keeps_apart(segment_sum)

test_unit_segment_sum()

# %% nbgrader={"grade": true, "grade_id": "test-segment-sum-memory", "points": 2}
# Check of segment_sum, its memory: run it when your cell has run.
@check
def test_unit_segment_sum_memory(n, count):
    checks.takes_little(segment_sum, n, count, "a matrix of count times n numbers is too much")

test_unit_segment_sum_memory(400, 20000)
### BEGIN HIDDEN TESTS
test_unit_segment_sum_memory(3000, 4000)
### END HIDDEN TESTS

# %% [markdown]
r"""
Here are the three ways, with the vocabularies of a small model and of a large one.
"""

# %%
def add_at(rows, ids, count):
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    np.add.at(out, ids, rows)
    return out

# %%
rows = rng.standard_normal((32 * 64, 128), dtype=np.float32)
for count in (512, 50000):
    ids = rng.integers(count, size=len(rows))
    ways = [add_at, sum_by_sorting, segment_sum]
    times = [best_ms(lambda: way(rows, ids, count), runs=5) for way in ways]
    for way, ms in zip(ways, times):
        print(f"{count:6} rows: {way.__name__:14} {ms:6.2f} ms, {times[0] / ms:5.1f} x add_at")
    print("        the same bits as add_at:", np.array_equal(segment_sum(rows, ids, count),
                                                             add_at(rows, ids, count)))

# %% [markdown]
r"""
Sorting has to move every row before it can add. The sparse product takes the rows as they come,
adds each to its place, and is done. It adds in the order of the batch, so it repeats itself to the
last bit, and the numbers are those of `np.add.at`.

With 50,000 rows less is gained. The gradient has a row for each symbol of the vocabulary, although
most symbols are not in the batch, and no way of adding saves the making of all those zeros.

### Exercise: embedding_rule

Now the operation. Its input is the weight. The ids are no input: nobody can ask for a gradient with
respect to them, just as with the index of `x[index]`. They are an option, like the `shape` of
`reshape`. The operation saves nothing, so your rule gets the weight's shape and type, and no
numbers. The ids may have any shape, and g has one axis more. (`in_float32` lets 16-bit numbers be
added up in float32 and rounded once, at the end.)
"""

# %% nbgrader={"solution": true, "grade_id": "embedding-rule"}
#| exporti
@in_float32
def embedding_rule(g, y, weight, ids):
    """The gradient with respect to weight, (count, d), where g is (..., d) and ids are (...)."""
    ### BEGIN SOLUTION
    count, d = weight.shape
    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count)
    ### END SOLUTION


EMBEDDING = Primitive("embedding", look_up, "nothing")
gradient_rule("embedding", embedding_rule)

# %% nbgrader={"grade": true, "grade_id": "test-embedding-rule", "points": 5}
# Check of embedding_rule: run it when your cell has run.
@check
def test_unit_embedding_rule():
    cases = [([2, 0, 2], (4, 3)), ([[1, 1], [0, 1]], (2, 2)), (1, (3, 2)), ([[]], (2, 3))]
    ### BEGIN HIDDEN TESTS
    cases += [([[[3], [0]], [[3], [3]]], (5, 1)), (0, (1, 4)), ([4, 4, 4, 1], (5, 2))]
    ### END HIDDEN TESTS
    for numbers, shape in cases:
        ids = np.array(numbers, np.intp)
        rules_agree(RULES, f"the lookup of {numbers}", lambda w: apply(EMBEDDING, w, ids=ids),
                    Tensor(rng.normal(size=shape)), idea="add up the rows of g for each id")
    checks.rounds_once(embedding_rule, Tensor)

test_unit_embedding_rule()

# %% [markdown]
r"""
### Exercise: embedding

The function that others call, with PyTorch's name and order of arguments. A weight that has not two
axes is an error, and `row_numbers` sees to the ids. Then the operation goes through `apply`, on the
weight itself.
"""

# %% nbgrader={"solution": true, "grade_id": "embedding"}
#| export
def embedding(input: Any, weight: Any) -> Tensor:
    """The rows of `weight` whose numbers are in `input`: (...) and (count, d) give (..., d).

    `input` is what `row_numbers` takes, whose errors it raises; ValueError naming the shape where
    `weight`, a Tensor or what makes one, has not two axes.

    >>> embedding([2, 0], Tensor([[1, 2], [3, 4], [5, 6]]))
    Tensor([[5., 6.],
            [1., 2.]], dtype=float32)
    """
    ### BEGIN SOLUTION
    weight = as_tensor(weight)
    if weight.ndim != 2:
        raise ValueError(f"embedding wants weight of shape (count, d), got {weight.shape}")
    return apply(EMBEDDING, weight, ids=row_numbers(input, weight.shape[0]))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-embedding", "points": 6}
# Check of embedding: run it when your cell has run.
@check
def test_unit_embedding():
    cases = [([2, 0, 2], (4, 3)), ([[1, 1], [0, 1]], (2, 5)), (1, (3, 2))]
    shapes = [(4,), (2, 3, 4)]
    ### BEGIN HIDDEN TESTS
    cases += [([[[6], [0]]], (7, 1)), ([0], (1, 4)), ([4, 3, 4], (5, 2))]
    shapes += [(), (1, 1, 1), (0,)]
    ### END HIDDEN TESTS
    for ids, shape in cases:
        checks.looks_up(embedding, Tensor, Interceptor, np.array(ids), shape)
    for shape in shapes:
        raises(f"embedding([0], a weight of shape {shape})", lambda: embedding(
            [0], Tensor(np.ones(shape))), ValueError, str(shape), idea="a table has two axes")
    for ids, kind in [([0.5], TypeError), ([3], ValueError), ([-1], ValueError)]:
        raises(f"embedding({ids}, 3 rows of 5)", lambda: embedding(ids, Tensor(np.ones((3, 5)))),
               kind, "float64" if kind is TypeError else "3", idea="row_numbers sees to the ids")

test_unit_embedding()

# %% [markdown]
r"""
### Exercise: Embedding

The layer is the table. Its numbers start normally distributed with mean 0 and standard deviation 1,
as PyTorch's do: `generator().standard_normal(shape, np.float32)` draws them.
"""

# %% nbgrader={"solution": true, "grade_id": "embedding-layer"}
#| export
class Embedding(Module):
    """A row of `weight`, (num_embeddings, embedding_dim), for each id: (...) gives (..., dim).

    `weight` is a float32 Parameter, at first of normally distributed numbers.

    >>> Embedding(10, 4)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int):
        check_sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        ### BEGIN SOLUTION
        start = generator().standard_normal((num_embeddings, embedding_dim), np.float32)
        self.weight = Parameter(start)
        ### END SOLUTION

    def forward(self, input: Any) -> Tensor: return embedding(input, self.weight)
    def extra_repr(self) -> str: return f"{self.num_embeddings}, {self.embedding_dim}"

# %% nbgrader={"grade": true, "grade_id": "test-embedding-layer", "points": 4}
# Check of Embedding: run it when your cell has run.
@check
def test_unit_embedding_layer():
    sizes = [(5, 3), (1, 7), (300, 50)]
    ### BEGIN HIDDEN TESTS
    sizes += [(4, 1), (80, 200), (2, 2)]
    ### END HIDDEN TESTS
    for count, dim in sizes:
        checks.table(Embedding, manual_seed, count, dim)

test_unit_embedding_layer()

# %% [markdown]
r"""
## The model to beat: counting

A *language model* gives each symbol a probability of coming next. If the symbol that then comes had
the probability p, a good code spends $-\log_2 p$ bits on it, so the average of these is a measure
of the model: *bits a character*.

The simplest language model counts pairs of neighbours, called *bigrams*. How often does "u" come
after "q"? Let $c_{ab}$ be how often b comes after a in the training text. A pair that never
occurred there would get the probability 0, and cost infinitely many bits on the day it comes. So 1
is added to each count, which is *add-one smoothing*:

$$p(b \mid a) = \frac{c_{ab} + 1}{\sum_{b'} (c_{ab'} + 1)}$$

### Exercise: bigram_bits

`np.bincount(numbers, minlength=n)` counts how often each of the numbers from 0 to n - 1 comes, and
a pair (a, b) of symbols can be written as one number, `a * count + b`.
"""

# %% nbgrader={"solution": true, "grade_id": "bigram-bits"}
def bigram_bits(training: np.ndarray, test: np.ndarray, count: int) -> float:
    """The average of -log2 p(b | a) over all neighbours a, b in `test`.

    The probabilities are those of neighbours in `training`, with 1 added to each count. Both
    arrays hold at least two ids from 0 to count - 1, in any type of whole numbers, also one in
    which `count * count` finds no room.

    >>> bigram_bits(np.array([0, 1, 0, 1, 0]), np.array([0, 1]), 2)   # p(1 | 0) = 3 / 4
    0.4150374992788438
    """
    ### BEGIN SOLUTION
    pairs = training[:-1].astype(np.intp) * count + training[1:]
    counts = np.bincount(pairs, minlength=count * count).reshape(count, count) + 1
    p = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log2(p[test[:-1], test[1:]]).mean())
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-bigram-bits", "points": 5}
# Check of bigram_bits: run it when your cell has run.
@check
def test_unit_bigram_bits():
    cases = [("aabab", "ab", "ab"), ("abcabcabd", "abcd", "abcd"), ("aaaa", "aa", "a"),
             ("ab" * 500, "ba" * 5, "ab"), ("cab", "bb", "abc"),
             ("tstrtssa", "tsta", "abcdefghijklmnopqrst")]
    ### BEGIN HIDDEN TESTS
    cases += [("abacabad", "dacbd", "abcd"), ("bbbbbbba", "abba", "abxyz"), ("ba", "ab", "ab")]
    ### END HIDDEN TESTS
    for training, test, letters in cases:
        checks.counted(bigram_bits, training, test, letters,
                       "what comes after a, and how often? then 1 is added")

test_unit_bigram_bits()

# %%
counted = bigram_bits(parts["training"], parts["test"], len(alphabet))
print(f"all equally probable: {np.log2(len(alphabet)):.3f} bits a character")
print(f"counted bigrams:      {counted:.3f} bits a character, on the three plays")

# %% [markdown]
r"""
To look at more than the last character would help. But a table for the last n characters has
$84^{n+1}$ counts, and most of them stay 0, because most sequences never occur. And to a table no
sequence is like another. What it has counted after "and the k" tells it nothing of "And the k".

## A neural n-gram

Bengio and others (2003) put the last n symbols through an embedding, laid the n vectors side by
side, and let a network with one hidden layer say what comes next. Symbols that are used alike can
get similar vectors, and then what is learned of the one holds for the other.

Every place in the text is an example: the n symbols before it, and the symbol there.
`sliding_window_view(ids, n + 1)` has all n + 1 neighbours as its rows, and copies none of them: row
i begins one number later in the same memory than row i - 1.
"""

# %%
from numpy.lib.stride_tricks import sliding_window_view

def windows(ids, n):
    """The n symbols before each place, (m, n), and the symbols there, (m,), as views of ids."""
    rows = sliding_window_view(ids, n + 1)
    return rows[:, :n], rows[:, n]

print(*windows(np.array([5, 6, 7, 8]), 2))

# %% [markdown]
r"""
### Exercise: NGram

The network of the paper: look up, concatenate, hidden layer with tanh, scores. The lookup of (m, n)
ids has the shape (m, n, dim), and a reshape lays the n vectors side by side.
"""

# %% nbgrader={"solution": true, "grade_id": "ngram"}
class NGram(Module):
    """Scores for the next symbol, (m, count), from the last n symbols, (m, n), oldest first.

    `table` is an Embedding with vectors of length dim; `hidden`, a Linear layer of that many
    outputs with tanh after it, takes the n vectors in one row; `out`, a Linear layer, gives the
    scores. Bengio and others, A neural probabilistic language model (2003), without its direct
    connections from the vectors to the scores.
    """

    def __init__(self, count: int, n: int, dim: int, hidden: int):
        ### BEGIN SOLUTION
        self.table = Embedding(count, dim)
        self.hidden = Linear(n * dim, hidden)
        self.out = Linear(hidden, count)
        ### END SOLUTION

    def forward(self, ids: Any) -> Tensor:
        ### BEGIN SOLUTION
        vectors = self.table(ids)
        in_a_row = vectors.reshape(vectors.shape[0], self.hidden.in_features)
        return self.out(tanh(self.hidden(in_a_row)))
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-ngram", "points": 6}
# Check of NGram: run it when your cell has run.
@check
def test_unit_ngram():
    sizes = [(5, 2, 3, 4), (7, 1, 2, 6)]
    ### BEGIN HIDDEN TESTS
    sizes += [(4, 3, 1, 5), (9, 5, 4, 2)]
    ### END HIDDEN TESTS
    for count, n, dim, hidden in sizes:
        checks.scores(NGram, count, n, dim, hidden, "look up, side by side, hidden, tanh, scores")

test_unit_ngram()

# %% [markdown]
r"""
Now train it on the last five characters. Each step draws 512 places of the text, and the rate of
AdamW falls in a straight line to 0. The vectors start at a tenth of their usual size: so most of
what is in them at the end is what training put there, and the picture below is a clearer one. The
sizes and the rate were chosen by the validation part. The test plays have chosen nothing.
"""

# %%
from tinytorch.core.optimizers import AdamW

@one_thread()
def train(model, steps, rate=0.02):
    optimizer, draw = AdamW(model.parameters(), lr=rate), np.random.default_rng(1)
    before, after = windows(parts["training"], 5)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        at = draw.integers(len(after), size=512)
        loss = cross_entropy(model(before[at]), after[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

# %%
@one_thread()
def bits(model, ids):
    """The average of -log2 p of the ids after the first five, by the model's scores."""
    before, after = windows(ids, 5)
    slices = [slice(start, start + 8192) for start in range(0, len(after), 8192)]
    with no_grad():
        nats = sum(len(after[s]) * cross_entropy(model(before[s]), after[s]).item() for s in slices)
    return nats / len(after) / np.log(2)

# %%
manual_seed(0)
model = NGram(len(alphabet), n=5, dim=32, hidden=128)
model.table.weight.data *= np.float32(0.1)
train(model, steps=800)
print(f"validation: {bits(model, parts['validation']):.3f} bits a character")

# %%
print(f"the three plays: {bits(model, parts['test']):.3f} bits a character, where counted "
      f"bigrams take {counted:.3f}")
print(f"{sum(p.size for p in model.parameters()):,} trained numbers; a table for five characters "
      f"would have {len(alphabet) ** 6:,}")

# %% [markdown]
r"""
And what does it write? Draw each next character with its probability.
"""

# %%
def written(model, start, length):
    ids, draw = [number[c] for c in start], np.random.default_rng(5)
    with no_grad():
        for _ in range(length):
            scores = model(np.array([ids[-5:]])).data[0].astype(float)
            p = np.exp(scores - scores.max())
            ids.append(draw.choice(len(p), p=p / p.sum()))
    return "".join(alphabet[i] for i in ids)

print(written(model, "ROMEO", 300))

# %% [markdown]
r"""
## What has it learned of the letters?

Each character is a vector of 32 numbers now. To look at them, we need the two directions in which
they differ most: *principal component analysis*. Subtract the mean vector. The singular value
decomposition of the matrix, $X = U S V^T$, has in the rows of $V^T$ directions at right angles to
each other, sorted by how far the vectors spread along them.

### Exercise: principal_plane

`np.linalg.svd(matrix, full_matrices=False)` gives $U$, $S$ and $V^T$.
"""

# %% nbgrader={"solution": true, "grade_id": "principal-plane"}
def principal_plane(vectors: np.ndarray) -> np.ndarray:
    """The vectors, (m, d), less their mean, along the two directions of largest spread: (m, 2).

    The direction of largest spread is the first; m and d are at least 2. Which end of a direction
    is positive is left open. `vectors` stays as it is.

    >>> np.abs(principal_plane(np.array([[1.0, 9.0], [5.0, 9.0]])))
    array([[2., 0.],
           [2., 0.]])
    """
    ### BEGIN SOLUTION
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-principal-plane", "points": 5}
# Check of principal_plane: run it when your cell has run.
@check
def test_unit_principal_plane():
    cases = [(6, 3, 0), (40, 5, 1), (4, 2, 2)]
    ### BEGIN HIDDEN TESTS
    cases += [(9, 8, 3), (30, 4, 4), (5, 12, 5)]
    ### END HIDDEN TESTS
    for m, d, seed in cases:
        checks.spreads(principal_plane, m, d, seed, "subtract the mean; largest spread first")

test_unit_principal_plane()

# %% [markdown]
r"""
The picture shows the forty most frequent characters. Rare ones are left out, since few examples
have shaped their vectors. Each vector is divided by its length: directions are compared, not sizes.
"""

# %%
frequent = np.argsort(-np.bincount(parts["training"]))[:40]
vectors = model.table.weight.data[frequent]
vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
symbols = [alphabet[i] for i in frequent]
kinds = ["vowel" if c in "aeiou" else "consonant" if c.islower() else "other" if not c.isalpha()
         else "capital vowel" if c in "AEIOU" else "capital consonant" for c in symbols]

# %%
import matplotlib.pyplot as plt

plane = principal_plane(vectors)
plt.figure(figsize=(7, 6))
for k, kind in enumerate(sorted(set(kinds))):
    plt.scatter([], [], color=f"C{k}", label=kind)
    for c, point in [(c, p) for c, p, own in zip(symbols, plane, kinds) if own == kind]:
        plt.text(*point, c if c.isalpha() else repr(c), color=f"C{k}", fontsize=13)
plt.xlim(plane[:, 0].min() - 0.1, plane[:, 0].max() + 0.1)
plt.ylim(plane[:, 1].min() - 0.1, plane[:, 1].max() + 0.1)
plt.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
products = vectors @ vectors.T - np.eye(40)
for kind in sorted(set(kinds)):
    rows = [i for i, own in enumerate(kinds) if own == kind]
    inside, outside = len(rows) * (len(rows) - 1), len(rows) * (40 - len(rows))
    within = products[rows][:, rows].sum()
    print(f"{kind:17} with each other {within / inside:5.2f},"
          f" with all others {(products[rows].sum() - within) / outside:5.2f}")

# %% [markdown]
r"""
The picture shows two of 32 directions, and yet the kinds lie together: vowels, consonants, the
capitals of either, and what is no letter. The table says the same of all 32 directions. The mean
product of two vectors, which is the cosine of the angle between them, is larger within a kind than
across kinds. And the network was given nothing but the numbers of characters.

## Where a symbol stands

In `NGram` each of the five places has weights of its own, a block of the hidden layer's matrix: so
it knows which character came last. With a thousand places it would take a thousand blocks, and what
was learned of one place would have to be learned again for every other. The models of the next
lessons have the same weights for all places, and mix the places by sums. But a sum does not know
the order of its terms:
"""

# %%
for word in ["stop", "pots", "spot"]:
    mean = model.table(np.array([number[c] for c in word])).mean(axis=0)
    print(word, mean.data[:4])

# %% [markdown]
r"""
The remedy is to add to each symbol's vector another one that says where it stands. It may be
learned, like the symbols': `Embedding(length, dim)` has a row for each position, looked up by
0, 1, 2 and so on. Such a table knows no position beyond its last:
"""

# %%
where = Embedding(8, 4)
print(where(np.arange(8)).shape)
try:
    where(np.arange(9))
except ValueError as error:
    print(error)

# %% [markdown]
r"""
The other way is a formula. Vaswani and others (2017) took sines and cosines of many frequencies, as
a clock has hands of several speeds. With $i = 0, 1, 2, \dots$ for the pairs, position p has

$$\mathrm{PE}_{p,\,2i} = \sin\frac{p}{10000^{2i/d}} \qquad
\mathrm{PE}_{p,\,2i+1} = \cos\frac{p}{10000^{2i/d}}$$

### Exercise: sinusoidal_positions

Compute in float64, and round at the end. In float32 the angles of late positions would be wrong:
near 20,000, neighbouring float32 numbers lie 0.002 apart.
"""

# %% nbgrader={"solution": true, "grade_id": "sinusoidal-positions"}
#| export
def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """A float32 vector for each position from 0 to length - 1: shape (length, dim).

    Elements 2i and 2i + 1 of row p are the sine and the cosine of p / 10000**(2i / dim). Vaswani
    and others, Attention is all you need (2017), section 3.5. Raises ValueError where a size is not
    a whole number of at least 1, or dim is odd.

    >>> sinusoidal_positions(2, 4)
    Tensor([[0.    , 1.    , 0.    , 1.    ],
            [0.8415, 0.5403, 0.01  , 0.9999]], dtype=float32)
    """
    check_sizes(length=length, dim=dim)
    if dim % 2:
        raise ValueError(f"dim must be even, for pairs of a sine and a cosine, got {dim}")
    ### BEGIN SOLUTION
    rates = 10000.0 ** (-np.arange(0, dim, 2) / dim)
    angles = np.arange(length)[:, np.newaxis] * rates
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return wrap(pairs.reshape(length, dim).astype(np.float32))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sinusoidal-positions", "points": 6}
# Check of sinusoidal_positions: run it when your cell has run.
@check
def test_unit_sinusoidal_positions():
    sizes = [(2, 4), (10, 6), (1, 2), (20000, 8)]
    ### BEGIN HIDDEN TESTS
    sizes += [(7, 10), (3, 2), (50000, 4), (64, 128)]
    ### END HIDDEN TESTS
    for length, dim in sizes:
        checks.waves(sinusoidal_positions, Tensor, length, dim)

test_unit_sinusoidal_positions()

# %%
waves = sinusoidal_positions(64, 32).data
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
left.imshow(waves.T, aspect="auto", cmap="RdBu")
left.set(xlabel="position", ylabel="element")
right.imshow(waves @ waves.T)
right.set(xlabel="position", ylabel="position", title="products of the vectors")
plt.show()
print("products of positions 10 apart:", (waves @ waves.T).diagonal(10)[[0, 20, 50]])

# %% [markdown]
r"""
The product of two of these vectors depends on how far apart the positions are, and not on where
they are, because $\sin a \sin b + \cos a \cos b = \cos(a - b)$.

Does it help? Here is a model that treats all places alike: the vectors of the last five characters
go through one layer, each by itself, and the mean of what comes out gives the scores. It is trained
three times, for a short time: without positions, with these, and with a table that is learned.
"""

# %%
class Averaged(Module):
    def __init__(self, positions=None):
        self.table, self.positions = Embedding(len(alphabet), 32), positions
        self.hidden, self.out = Linear(32, 128), Linear(128, len(alphabet))

    def forward(self, ids):
        x = self.table(ids)  # (m, 5, 32)
        x = x if self.positions is None else x + self.positions
        return self.out(tanh(self.hidden(x)).mean(axis=1))

# %%
manual_seed(0)
reached = {}
for name, positions in [("no positions", None), ("sinusoidal", sinusoidal_positions(5, 32)),
                        ("learned", Embedding(5, 32).weight)]:
    averaged = Averaged(positions)
    train(averaged, steps=120)
    reached[name] = bits(averaged, parts["validation"][:50000])
    print(f"{name:12} {reached[name]:.3f} bits a character")

# %% [markdown]
r"""
Without positions the model knows which five characters came, and not even which of them came last.
Positions of either kind tell it. The learned ones did better in this short training. The formula
has nothing to train, and goes on for any length.

## Questions

Assign each answer to the name behind its question.

1. A table of counts gives each of 84 characters a count after every sequence of four characters.
   How many counts has it? (`table_counts`)
2. How many bytes has the gradient of the weight of `Embedding(50000, 128)`, in float32?
   (`gradient_bytes`)
3. In a batch of 32 texts of 64 symbols each, how many rows of that gradient differ from 0 at most?
   (`changed_rows`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-embeddings"}
### BEGIN SOLUTION
table_counts = 84**5
gradient_bytes = 50000 * 128 * 4
changed_rows = 32 * 64
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-embeddings", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_embeddings():
    ids = np.arange(32 * 64).reshape(32, 64)  # no symbol twice
    weight = Tensor(np.ones((50000, 128), np.float32), requires_grad=True)
    embedding(ids, weight).sum().backward()
    gradient = weight.grad.data
    for name, answer, wanted, idea in [
        ("table_counts", table_counts, np.prod([84] * 5), "four characters, and one after them"),
        ("gradient_bytes", gradient_bytes, gradient.nbytes, "it has the shape of the weight"),
        ("changed_rows", changed_rows, np.any(gradient != 0, axis=1).sum(), "what if all differ?"),
    ]:
        assert answer == wanted, f"{name} is {answer}: {idea}"

test_question_embeddings()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-alike", "points": 2}
r"""
**In your own words:** nobody told the network which letters are vowels, and yet their vectors came
to lie near each other. What in the task makes the training move the vectors of two letters in the
same direction? And why are the vectors of rare characters a bad guide?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A table that turns symbols into vectors, whose gradient costs a small part of what `np.add.at`
takes, and two ways to say where a symbol stands. `tito module complete 11` puts them into
`tinytorch.core.embeddings`. Lesson 12 lets the vectors of a text look at each other.
"""
