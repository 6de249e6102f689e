"""Arrays on a grid: the text of the loops, and what a kernel does with arrays of any layout, in any number of parts."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.grid import GridKernel, indexed, loop_head
from tinytorch.support.threads import get_num_threads, set_num_threads


def test_each_place_has_its_index():
    arrays = {"a": "whole", "b": "row", "c": "column", "d": "single", "e": "sum"}
    assert indexed(arrays, in_line=False) == ["a[i, j]", "b[j]", "c[i]", "d[0]", "e[i // 64, j]"]
    assert indexed({"a": "whole", "d": "single"}, in_line=True) == ["a[i]", "d[0]"]


def test_the_loops_go_over_the_first_array_that_is_whole():
    arrays = {"in_0": "row", "out_0": "whole"}
    assert loop_head(arrays, in_line=True) == ["def loop(in_0, out_0):", "    for i in range(out_0.shape[0]):"]
    assert loop_head(arrays, in_line=False)[2:] == ["        for j in range(out_0.shape[1]):"]


def python_loop(text: str):
    space: dict = {}
    exec(text, space)
    return space["loop"]


ADDING = "def loop(a, b, out):\n    for i in range(a.shape[0]):\n        for j in range(a.shape[1]):\n" + " " * 12
SHAPES = [(2, 70, 3), (3,)]


def adding(target: str) -> GridKernel:
    """out = a + b, whole, or summed over the rows."""
    whole, summed = "out[i, j] = a[i, j] + b[j]", "out[i // 64, j] += a[i, j] + b[j]"
    loop = python_loop(ADDING + (whole if target == "whole" else summed))
    back = SHAPES[0] if target == "whole" else SHAPES[1]
    return GridKernel("", loop, np.dtype("float32"), SHAPES, ["whole", "row"], 2, [target], [back])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a[:, ::-1], lambda a: np.asfortranarray(a)])
def test_results_have_their_shape_whatever_the_layout_and_the_threads(monkeypatch, threads, layout):
    monkeypatch.setattr("tinytorch.support.grid.PART", 100)
    before = get_num_threads()
    set_num_threads(threads)
    a, b = np.arange(420, dtype=np.float32).reshape(SHAPES[0]), np.array([1, 2, 3], np.float32)
    (whole,), (summed,) = adding("whole")([layout(a), b]), adding("sum")([layout(a), b])
    set_num_threads(before)
    assert np.array_equal(whole, layout(a) + b) and whole.dtype == np.float32
    assert np.array_equal(summed, (layout(a) + b).sum(axis=(0, 1))) and summed.dtype == np.float64


def test_one_line_takes_the_short_way_only_where_nothing_is_broadcast():
    double = python_loop("def loop(a, out):\n    for i in range(a.size):\n        out[i] = 2 * a[i]")
    kernel = GridKernel("", double, np.dtype("float64"), [(2, 3)], ["whole"], 2, ["whole"], [(2, 3)])
    assert kernel.plain and np.array_equal(kernel([np.ones((2, 3))])[0], np.full((2, 3), 2.0))
    spread = GridKernel("", double, np.dtype("float64"), [(3,), (2, 3)], ["whole", "whole"], 2, ["whole"], [(2, 3)])
    assert not spread.plain
