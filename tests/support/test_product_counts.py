"""Products that are counted where they are done."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tinytorch.core.layers import Linear
from tinytorch.core.tensor import Tensor
from tinytorch.support.product_counts import counted_products


def a_cache() -> SimpleNamespace:
    return SimpleNamespace(keys=np.ones((2, 3, 4), np.float32), values=np.ones((2, 3, 4), np.float32))


def test_products_with_a_weight_and_with_views_of_a_cache_are_counted():
    layer, cache, row = Linear(4, 5), a_cache(), np.ones((1, 4), np.float32)
    with counted_products(layer, cache) as count:
        layer(Tensor(row))
        np.dot(row, layer.weight.data)
        row @ cache.keys[0, :2].T
        np.matmul(row, cache.values.swapaxes(-1, -2))
    assert count.products == 4
    assert count.flops == 2 * (5 * 4 + 5 * 4 + 2 * 4 + 2 * 3 * 4)
    assert count.bytes == 4 * (2 * (4 + 20 + 5) + (4 + 8 + 2) + (4 + 24 + 6))


def test_what_is_no_product_and_what_has_no_part_in_it_is_not_counted():
    layer, cache = Linear(4, 5), a_cache()
    with counted_products(layer, cache) as count:
        assert type(layer.weight.data + 1) is np.ndarray
        np.concatenate([layer.weight.data, layer.weight.data])
        np.ones((2, 2)) @ np.ones((2, 2))
        np.add(cache.keys, 1, out=cache.values)
    assert count.products == count.flops == count.bytes == 0
    assert (cache.values == 2).all()


def test_the_arrays_come_back_also_after_an_error():
    layer, cache = Linear(4, 5), a_cache()
    before = layer.weight.data, layer.bias.data, cache.keys, cache.values
    with pytest.raises(KeyError), counted_products(layer, cache):
        raise KeyError
    after = layer.weight.data, layer.bias.data, cache.keys, cache.values
    assert all(a is b for a, b in zip(after, before, strict=True))
