"""Counting matrix products where they are done, in NumPy, for code that works on arrays and not through `apply`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

_PRODUCTS = (np.dot, np.matmul)


@dataclass
class ProductCount:
    """What matrix products computed and moved: 2 FLOPs for each multiplication and addition, and the bytes of the
    operands and results.
    """

    products: int = 0
    flops: int = 0
    bytes: int = 0

    def add(self, left: np.ndarray, right: np.ndarray, result: np.ndarray) -> None:
        """Count one product."""
        self.products += 1
        self.flops += 2 * math.prod(result.shape) * left.shape[-1]
        self.bytes += left.nbytes + right.nbytes + result.nbytes


class CountedArray(np.ndarray):
    """An array whose products by `@`, np.matmul and np.dot are counted, and those of its views."""

    count: ProductCount | None = None

    def __array_finalize__(self, source: Any) -> None:
        self.count = getattr(source, "count", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        places = {"out": tuple(map(_plain, out))} if out else {}
        made = getattr(ufunc, method)(*map(_plain, inputs), **places, **options)
        if ufunc in _PRODUCTS:
            self._note(inputs, made)
        return made

    def __array_function__(self, function: Callable, types: Any, inputs: Sequence, options: dict) -> Any:
        if function not in _PRODUCTS:
            return super().__array_function__(function, types, inputs, options)
        made = function(*map(_plain, inputs), **options)
        self._note(inputs, made)
        return made

    def _note(self, inputs: Sequence[np.ndarray], made: np.ndarray) -> None:
        if self.count is not None:
            self.count.add(*map(_plain, inputs[:2]), np.asarray(made))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, CountedArray) else value


@contextmanager
def counted_products(model: Any, cache: Any) -> Iterator[ProductCount]:
    """In the block the products with a parameter of `model`, or with the keys and values of `cache`, are counted.

    After it both hold their own arrays again.
    """
    count, places = ProductCount(), [(parameter, "data") for parameter in model.parameters()]
    places += [(cache, "keys"), (cache, "values")]
    arrays = [getattr(owner, name) for owner, name in places]
    for (owner, name), array in zip(places, arrays, strict=True):
        view = array.view(CountedArray)
        view.count = count
        object.__setattr__(owner, name, view)  # a Tensor would make a plain array of it
    try:
        yield count
    finally:
        for (owner, name), array in zip(places, arrays, strict=True):
            object.__setattr__(owner, name, array)
