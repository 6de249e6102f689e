"""What lesson 12 says of its cells, asked of the cells themselves: they run here, one after another."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tito.lesson.find import lesson_paths
from tito.lesson.lesson import read_lesson
from tito.project import Project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The names that the lesson's cells have defined when all have run."""
    path = next(path for path in lesson_paths(Project(ROOT)) if path.parent.name.startswith("12_"))
    names: dict[str, Any] = {"__name__": "lesson_12"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        for cell in read_lesson(path).code:
            exec(compile(cell.source, f"{path.name}, line {cell.line}", "exec"), names)
    plt.close("all")
    return names


def test_two_layers_write_words_backwards_that_they_have_never_seen(lesson):
    right, models = lesson["letters_right"], lesson["models"]
    assert right(models[2], lesson["test"]) >= 0.99
    assert right(models[2], lesson["validation"]) > right(models[1], lesson["validation"]) + 0.2
    assert not set(lesson["training"]) & set(lesson["test"])


def test_the_map_of_the_second_layer_runs_from_the_top_right_to_the_bottom_left(lesson):
    lesson["model"](lesson["numbers"](["tempest"]))
    first, second = (weights.data[0] for weights in lesson["model"].maps)
    assert second[:7].argmax(axis=1).tolist() == [6, 5, 4, 3, 2, 1, 0]
    assert np.isin(first[:7].argmax(axis=1), [5, 6, 7]).sum() >= 5


def test_nothing_leaks_in_the_lessons_own_cell(lesson):
    assert np.array_equal(lesson["before"].data[:, :4], lesson["after"].data[:, :4])
    slopes = np.abs(lesson["x"].grad.data).max(axis=(0, 2))
    assert (slopes[:4] > 0).all() and not slopes[4:].any()


def test_scores_of_long_vectors_leave_one_weight_until_they_are_divided(lesson):
    """The last row of the table, d = 1024."""
    assert 900 < lesson["scores"].var() < 1150
    whole, divided = lesson["largest"]
    assert whole > 0.9 and divided < 0.4


def test_a_chunk_makes_fewer_arrays_than_slices(lesson):
    by_chunk = lesson["backward_bytes"](lambda x: lesson["chunk"](x, 3, -1))
    assert lesson["backward_bytes"](lesson["by_slices"]) > 1.3 * by_chunk
