"""A compiled loop over a grid of rows and columns, on which arrays of several shapes are laid.

An array covers the whole grid, or is one row of it (the same for all rows), one column, or a single number. A result is
the whole grid, or a sum over the rows: then the loop adds up blocks of rows, each in a row of its own, so that few
additions follow one another in the kernel's type; the blocks are added in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinytorch.support.dtypes import is_half
from tinytorch.support.launch import PART, flat
from tinytorch.support.threads import get_num_threads, in_parts

BLOCK = 64  # rows whose sum is rounded after each addition
_INDEX = {"whole": "[i, j]", "row": "[j]", "column": "[i]", "single": "[0]", "sum": f"[i // {BLOCK}, j]"}


def indexed(arrays: dict[str, str], in_line: bool) -> list[str]:
    """How the element of each of `arrays`, name and place, is written in the loops of `loop_head`.

    >>> indexed({"x": "whole", "b": "row"}, in_line=False)
    ['x[i, j]', 'b[j]']
    """
    index = _INDEX | ({"whole": "[i]"} if in_line else {})
    return [name + index[place] for name, place in arrays.items()]


def loop_head(arrays: dict[str, str], in_line: bool) -> list[str]:
    """The lines that begin a function of `arrays`, name and place, and its loops over the grid: one where that is one
    line, else two.
    """
    whole = next(name for name, place in arrays.items() if place == "whole")
    lines = [f"def loop({', '.join(arrays)}):", f"    for i in range({whole}.shape[0]):"]
    return lines if in_line else [*lines, f"        for j in range({whole}.shape[1]):"]


@dataclass(frozen=True, eq=False)
class GridKernel:
    """A compiled `loop(*inputs, *results)` with the text it was made of, for inputs of one type and these `shapes`.

    `places` says where each input is: "whole", "row", "column" or "single". The grid has the shape to which the inputs
    broadcast; its axes before `split` are rows, the others columns, and where there are no columns it is one line.
    `targets` says whether a result is "whole" or a "sum", and `back` what shape that is given back in.
    """

    source: str
    loop: Callable
    dtype: np.dtype
    shapes: Sequence[tuple[int, ...]]
    places: Sequence[str]
    split: int
    targets: Sequence[str]
    back: Sequence[tuple[int, ...]]

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The shape of the grid."""
        return np.broadcast_shapes(*self.shapes)

    @cached_property
    def half(self) -> bool:
        """Whether the numbers have 16 bits, which the loop sees as whole numbers."""
        return is_half(self.dtype)

    @cached_property
    def matrix(self) -> tuple[int, ...]:
        """How many rows and columns; of a line its length alone."""
        lengths = math.prod(self.whole[: self.split]), math.prod(self.whole[self.split :])
        return lengths if self.split < len(self.whole) else lengths[:1]

    @cached_property
    def parts(self) -> int:
        """The most parts that the rows are worth being shared out in."""
        return max(1, min(self.matrix[0], math.prod(self.matrix) // PART))

    @cached_property
    def plain(self) -> bool:
        """Whether one line in one part is made into one result and nothing is broadcast: the way is shorter then."""
        placed = zip(self.shapes, self.places, strict=True)
        fit = all(shape == self.whole for shape, place in placed if place == "whole")
        return fit and len(self.matrix) == self.parts == len(self.targets) == 1

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """A new array for each result: in the kernel's type, or float64 where it is a sum."""
        if self.plain:
            out = np.empty(self.whole, self.dtype)
            lines = [array.ravel() for array in (*arrays, out)]
            self.loop(*([line.view(np.uint16) for line in lines] if self.half else lines))
            return [out]
        parts = min(get_num_threads(), self.parts)
        outs = [self._room(target, parts) for target in self.targets]
        self._run([*arrays, *outs], [*self.places, *self.targets], parts)
        return [out.sum(axis=(0, 1), dtype=np.float64).reshape(shape) if target == "sum" else out
                for out, target, shape in zip(outs, self.targets, self.back, strict=True)]

    def _room(self, target: str, parts: int) -> np.ndarray:
        """An array for a result; for a sum, a row for each block of each part."""
        if target == "whole":
            return np.empty(self.whole, self.dtype)
        blocks = self.matrix[0] // parts // BLOCK + 2
        return np.zeros((parts, blocks, self.matrix[-1]), np.result_type(self.dtype, np.float32))

    def _run(self, arrays: Sequence[np.ndarray], places: Sequence[str], parts: int) -> None:
        laid, rows = [*map(self._laid, arrays, places)], self.matrix[0]

        def run(part: int) -> None:
            mine = slice(rows * part // parts, rows * (part + 1) // parts)
            share = {"whole": mine, "column": mine, "sum": part}
            self.loop(*[array[share.get(place, ...)] for array, place in zip(laid, places, strict=True)])

        in_parts(run, parts)

    def _laid(self, array: np.ndarray, place: str) -> np.ndarray:
        """The numbers of `array` as the loop finds them at `place`."""
        if place == "whole":
            array = array if array.shape == self.whole else np.broadcast_to(array, self.whole)
            return flat(array).reshape(self.matrix)
        return array if place == "sum" else flat(array)
