"""What the checks of the lesson on the roofline share."""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from tinytorch.support.checks import FakeClock


def blas_threads() -> set[int]:
    """How many threads BLAS may use now; empty for a BLAS that threadpoolctl does not know."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def products_seen(interceptor: type, *costs: float) -> Any:
    """A context manager, as lesson 01's class `interceptor` is: in its block each operation moves a FakeClock,
    `clock`, by the next of `costs`.

    It notes what came: `ran` holds the names of operations with their inputs' shapes and types, `threads` those that
    BLAS had, `matrices` counts different inputs, and `constant` those of one number only.
    """

    class ProductsSeen(interceptor):
        def __init__(self) -> None:
            self.clock, self.ran, self.threads = FakeClock(*costs), set(), set()
            self._inputs: dict[int, np.ndarray] = {}  # by id; they are kept, so that no id is given twice

        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            self.ran.add((primitive.name, *(f"{x.shape} {x.dtype.name}" for x in inputs)))
            self.threads |= blas_threads()
            self._inputs |= {id(x.data): x.data for x in inputs}
            self.clock.pass_time()
            return super().forward(primitive, inputs, options)

        @property
        def matrices(self) -> int:
            return len(self._inputs)

        @property
        def constant(self) -> int:
            return sum(len(np.unique(array.astype(np.float64))) < 2 for array in self._inputs.values())

    return ProductsSeen()
