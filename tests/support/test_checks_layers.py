"""The checks that lesson 03 shares: the lesson's own functions pass, and each kind of mistake is told."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core import layers as lesson
from tinytorch.core.layers import Dropout, Linear, Module, manual_seed
from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support import checks_layers as checks


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


def test_the_lessons_functions_pass():
    checks.has_parts(lesson.parts, checks.module_parts(Module))
    checks.walks(lesson.walk, [])
    checks.one_product(lesson.affine)
    checks.any_layout(lesson.affine)
    checks.starts_from_the_seed(Linear, manual_seed)
    checks.drops(Dropout, Tensor, manual_seed, 3.0, 0.5, [0, 6])
    checks.special_rows(lesson.normalized)
    checks.loads_each(lesson.load_arrays, Tensor)
    checks.fits_nothing(lesson.load_arrays, Tensor)


@pytest.mark.parametrize(
    ("affine", "word"),
    [
        (lambda x, w, b: np.matmul(x, w) + b, "a stack of shape (2, 5, 3) was multiplied"),
        (lambda x, w, b: (x.reshape(-1, len(w)) @ w + b).reshape(*x.shape[:-1], -1), "made a new array"),
        (lambda x, w, b: np.stack([row @ w for row in x.reshape(-1, len(w))]), "made 10 products"),
        (lambda x, w, b: x.reshape(-1, len(w)) @ w, "never added a bias"),
        (lambda x, w, b: np.add(y := x.reshape(-1, len(w)) @ w, b, out=y).copy(), "one array is enough"),
    ],
)
def test_each_way_to_take_more_than_one_product_and_one_array_is_told(affine, word):
    assert word in sentence(checks.one_product, affine)


def test_a_tensor_that_was_copied_on_its_way_is_told():
    x, w = Tensor([[1.0, 2.0]]), Tensor([[1.0], [2.0]], requires_grad=True)
    checks.takes_them_itself("the product", Interceptor, lambda: x @ w, x, w)
    said = sentence(checks.takes_them_itself, "the product", Interceptor, lambda: x @ w.detach(), x, w)
    assert "ran on a copy of its argument 2" in said


def test_numpys_own_generator_is_watched_and_left_where_it_was():
    before = np.random.get_state()[1].copy()
    with checks.numpy_untouched("nothing"):
        pass
    for touch in (np.random.random, lambda: np.random.seed(0)):
        with pytest.raises(AssertionError, match="global generator"), checks.numpy_untouched("it"):
            touch()
    assert np.array_equal(np.random.get_state()[1], before)


def test_a_mask_that_is_kept_and_one_that_drops_pairs_are_told():
    class Keeping(Dropout):
        def forward(self, x):
            self.mask = Tensor(np.ones(1), requires_grad=True)
            return super().forward(x)

    class Pairs(Dropout):
        def forward(self, x):
            kept = np.repeat(lesson.generator().random((200, 50)), 2, axis=1) >= self.p
            return Tensor(np.where(kept, x.data / (1 - self.p), 0), x.dtype)

    asked = Tensor, manual_seed, 3.0, 0.5, [0, 6]
    assert "a Parameter kept is trained: keep no mask" in sentence(checks.drops, Keeping, *asked)
    assert "of rows: each number by itself" in sentence(checks.drops, Pairs, *asked)
