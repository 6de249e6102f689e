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

> Embeddings: a vector for each symbol, looked up and trained, and vectors for positions.

A network computes with numbers, and text is made of symbols.

About 4 hours: 6 exercises, some 25 lines to write, and an open question. Needs lessons 01 to 06.
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

# %% nbgrader={"solution": true, "grade_id": "row-numbers"}
#| exporti
def row_numbers(ids: Any, count: int) -> np.ndarray:
    """`ids`, numbers of rows of a table of `count` rows, as a new array of type np.intp.

    They come as a Tensor, an array, a list or a number, and keep their shape. Raises TypeError
    naming their type where it is not one of whole numbers, and ValueError naming the least and the
    largest of them, and `count`, where one is not from 0 to count - 1.

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

# %% nbgrader={"solution": true, "grade_id": "segment-sum"}
#| exporti
def segment_sum(rows: np.ndarray, ids: np.ndarray, count: int) -> np.ndarray:
    """The sums of the rows that have the same id: (n, d) and n ids from 0 to count - 1 give
    (count, d); where no row has an id, its sum is 0.

    >>> segment_sum(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 4)
    array([[2.],
           [0.],
           [5.],
           [0.]])
    """
    from scipy.sparse import csc_array
    ### BEGIN SOLUTION
    n = len(ids)
    ones, starts = np.ones(n, rows.dtype), np.arange(n + 1, dtype=np.int32)
    one_hot = csc_array((ones, ids.astype(np.int32), starts), shape=(count, n))
    return one_hot @ rows
    ### END SOLUTION

# %%
#| exporti
def look_up(weight: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The rows of weight, (count, d), whose numbers are in ids, (...): shape (..., d)."""
    return weight.take(ids, axis=0, mode="clip")

# %% nbgrader={"solution": true, "grade_id": "embedding-rule"}
#| exporti
@in_float32
def embedding_rule(g, y, weight, ids):
    """The gradient with respect to weight, (count, d), where g is (..., d) and ids are (...)."""
    ### BEGIN SOLUTION
    count, d = weight.shape
    return segment_sum(g.reshape(ids.size, d), ids.reshape(-1), count)
    ### END SOLUTION


EMBEDDING = Primitive("embedding", look_up, "nothing")
gradient_rule("embedding", embedding_rule)

# %% nbgrader={"solution": true, "grade_id": "embedding"}
#| export
def embedding(input: Any, weight: Any) -> Tensor:
    """The rows of `weight` whose numbers are in `input`: (...) and (count, d) give (..., d).

    `input` is a Tensor, an array or a list of whole numbers from 0 to count - 1, else TypeError or
    ValueError; ValueError, too, where weight has not two axes.

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

# %% nbgrader={"solution": true, "grade_id": "embedding-layer"}
#| export
class Embedding(Module):
    """A row of `weight`, (num_embeddings, embedding_dim), for each number: (...) -> (..., d).

    The weights start normally distributed, with standard deviation 1, as PyTorch's.
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

# %% nbgrader={"solution": true, "grade_id": "sinusoidal-positions"}
#| export
def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """A float32 vector for each position from 0 to length - 1: shape (length, dim), dim even.

    Elements 2i and 2i + 1 of row p are the sine and the cosine of p / 10000**(2i / dim).
    Vaswani and others, Attention is all you need (2017), section 3.5. Raises ValueError where a
    size is not a whole number of at least 1, or dim is odd.
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
