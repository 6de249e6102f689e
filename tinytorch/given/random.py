"""Random tensors, drawn from the one generator that `manual_seed` governs, or from `generator=`.

All take the options of `zeros`. The numbers are NumPy's: PyTorch draws others from the same seed.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tinytorch.core.layers import generator as shared_generator
from tinytorch.core.tensor import Tensor, as_tensor, wrap
from tinytorch.given.creation import like, made, shape_of
from tinytorch.support.dtypes import as_dtype, is_half

__all__ = [
    "Generator", "rand", "randn", "randint", "randperm", "normal", "rand_like", "randn_like", "bernoulli",
    "multinomial",
]  # fmt: skip


class Generator:
    """A source of random numbers of its own, for the `generator=` of the functions here."""

    def __init__(self, device: str = "cpu"):
        self.numpy = np.random.default_rng(0)

    def manual_seed(self, seed: int) -> Self:
        """Start again from `seed`; returns the generator."""
        self.numpy = np.random.default_rng(seed)
        return self


def _source(generator: Generator | None) -> np.random.Generator:
    return shared_generator() if generator is None else generator.numpy


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """Uniform from 0 to, without, 1."""
    dtype = as_dtype(dtype or np.float32)
    numbers = _source(generator).random(shape_of(size), np.float64 if dtype == np.float64 else np.float32)
    if is_half(dtype):  # as many steps as the type has below 1: the next number up would be rounded to 1
        steps = 2.0**11 if dtype == np.float16 else 2.0**8
        numbers = np.floor(numbers * steps) / steps
    return made(numbers, dtype, **options)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """Normal, with mean 0 and standard deviation 1."""
    return made(_source(generator).standard_normal(shape_of(size)), dtype or np.float32, **options)


rand_like, randn_like = map(like, (rand, randn))


def normal(mean: Any, std: Any, size: Any = None, generator: Generator | None = None, **options: Any) -> Tensor:
    """Normal numbers in the shape `size`, or in that of `mean` and `std` together."""
    mean, std = (part.data if isinstance(part, Tensor) else part for part in (mean, std))
    shape = np.broadcast(mean, std).shape if size is None else shape_of((size,))
    return randn(shape, generator=generator, **options) * std + mean


def randint(
    low: int, high: Any = None, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any
) -> Tensor:
    """Whole numbers from `low` (or 0) to, without, `high`: `randint(high, size)` or `randint(low, high, size)`."""
    if size is None or high is None:
        low, high, size = 0, low, high if size is None else size
    numbers = _source(generator).integers(low, high, shape_of((size,)))
    return made(numbers, dtype or np.int64, **options)


def randperm(n: int, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """The whole numbers below `n` in random order: int64."""
    return made(_source(generator).permutation(n), dtype or np.int64, **options)


def bernoulli(input: Any, p: float | None = None, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element is, or `p`, and else 0; in the type of `input`."""
    x = as_tensor(input)
    drawn = _source(generator).random(x.shape) < (x.data if p is None else p)
    return wrap(drawn.astype(x.dtype))


def multinomial(input: Any, num_samples: int, replacement: bool = False, generator: Generator | None = None) -> Tensor:
    """Indices of the last axis, each row's drawn with the weights in it: (..., n) gives (..., num_samples), int64.

    ValueError where the weights are not positive numbers, or too few to draw from without replacement.
    """
    weights = np.atleast_2d(as_tensor(input).data.astype(np.float64))
    if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(axis=-1) > 0).all()):
        raise ValueError("multinomial wants weights of at least 0, not inf or nan, with a positive sum in each row")
    if not replacement and num_samples > (weights > 0).sum(axis=-1).min():
        raise ValueError(f"multinomial has fewer than {num_samples} weights above 0 to draw without replacement")
    source = _source(generator)
    rows = [source.choice(len(row), num_samples, replacement, row / row.sum()) for row in weights]
    return wrap(np.array(rows, np.int64).reshape(*as_tensor(input).shape[:-1], num_samples))
