"""Large arrays are computed by compiled kernels, in one pass over memory, where NumPy goes over them several times.

To load Numba takes half a second, and to compile a kernel for the first time on a machine a few seconds. Small arrays
are done sooner by the lessons' own functions. Tests hold both to the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from typing import Any

import numpy as np

LARGE = 1 << 16  # elements
WIDEST = 1 << 12  # elements of a row, which then stays in a processor's first cache


def is_large(*arrays: np.ndarray) -> bool:
    """Whether a kernel should run: the first array is large, its rows are not wide, and all are float32 or float64."""
    first = arrays[0]
    return (first.size >= LARGE and first.shape[-1] <= WIDEST and first.dtype.char in "fd"
            and all(array.dtype == first.dtype for array in arrays))


@cache
def kernel(name: str) -> Callable[..., Any]:
    """The function `name`, such as "norm_kernels.layer_norm", of tinytorch.support, loaded when it is first wanted."""
    module, function = name.split(".")
    return getattr(import_module(f"tinytorch.support.{module}"), function)


def or_kernel(name: str) -> Callable[[Callable], Callable]:
    """Let a function of arrays be computed by the kernel `name`, which takes and gives the same, where they are large.

    >>> or_kernel("softmax_kernels.softmax")(lambda x, axis: "computed by the function")(np.zeros(2), axis=-1)
    'computed by the function'
    """

    def decorated(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        @wraps(function)
        def chosen(*arrays: np.ndarray, **options: Any) -> np.ndarray:
            run = kernel(name) if is_large(*arrays) else function
            return run(*arrays, **options)

        return chosen

    return decorated
