"""The checks of lesson 12 pass what the package has, and say of a wrong solution what came and what was wanted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tinytorch.core import attention
from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support import checks_attention as checks

RIGHT = [
    lambda: checks.softmax(attention.softmax_in_place, [[[0.0, 1.0], [-np.inf, -np.inf]]]),
    lambda: checks.masks(attention.added_mask, Tensor, ["float32"]),
    lambda: checks.filled(attention.fill_weights, [((2,), 3, 4, 2, 0.5, "some")]),
    lambda: checks.softmax_gradient(attention.scores_gradient, [((2, 3), "float64", 0)]),
    lambda: checks.rule_of_weights(attention.weights_rule, attention.weights_of, [((2,), 3, 4, 2, 0.5, "added")]),
    lambda: checks.attends(attention.attend, Tensor, Interceptor, [((2, 3), (4, 3), (4, 2), {})]),
    lambda: checks.heads(attention.split_heads, attention.join_heads, Tensor, [((2, 3, 4), 2)]),
    lambda: checks.joined(attention.PartialGradient, [((2, 3), [1])]),
    lambda: checks.chunks(attention.chunk, Tensor, Interceptor, [((5, 2), 3, 0)]),
    lambda: checks.multihead(attention.MultiheadAttention, Tensor, Interceptor, [(4, 2, (2, 3, 4), {})]),
]


@pytest.mark.parametrize("check", RIGHT)
def test_what_the_package_has_passes(check):
    check()


def of_all(scores):
    scores -= scores.max()
    np.exp(scores, out=scores)
    scores /= scores.sum()
    return scores


def unmasked(out, query, key, mask, scale):
    attention.fill_weights(out, query, key, None, scale)


def by_slices(x, count, dim=0):
    parts = np.array_split(np.arange(x.shape[dim]), count)
    return tuple(x[(slice(None),) * (dim % x.ndim) + (slice(p[0], p[-1] + 1),)] for p in parts)


WRONG = [
    (lambda: checks.softmax(of_all, [[[0.0, 1.0], [3.0, 1.0]]]), "softmax_in_place of .* gave .*each row by itself"),
    (lambda: checks.filled(unmasked, [((), 3, 3, 2, 1.0, "causal")]), "mask causal.* gave .*wanted 1"),
    (lambda: checks.softmax_gradient(lambda g, w: g * w, [((2, 3), "float64", 0)]), "scores_gradient of .*gave"),
    (lambda: checks.heads(lambda x, n: x, attention.join_heads, Tensor, [((2, 3, 4), 2)]), "split_heads of .*shape"),
    (lambda: checks.chunks(by_slices, Tensor, Interceptor, [((5, 2), 3, 0)]), "the operations of chunk"),
    (lambda: checks.chunks(by_slices, Tensor, Interceptor, [((4, 2), 3, 0)]), "the shapes of chunk"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "said"), WRONG)
def test_what_is_wrong_is_told(check, said):
    with pytest.raises(AssertionError) as failed:
        check()
    assert re.search(said, str(failed.value))


def test_the_softmax_in_float64_knows_rows_without_anything():
    assert checks.softmax_by_rows(np.array([[-np.inf, -np.inf], [0.0, -np.inf]])).tolist() == [[0, 0], [1, 0]]
