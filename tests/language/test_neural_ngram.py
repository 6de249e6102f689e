"""What lesson 11 says of its cells, asked of the cells themselves: they run here, one after another."""

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
    path = next(path for path in lesson_paths(Project(ROOT)) if path.parent.name.startswith("11_"))
    names: dict[str, Any] = {"__name__": "lesson_11"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        for cell in read_lesson(path).code:
            exec(compile(cell.source, f"{path.name}, line {cell.line}", "exec"), names)
    plt.close("all")
    return names


def test_the_neural_ngram_needs_fewer_bits_than_counted_bigrams_on_the_plays_that_it_never_saw(lesson):
    text = lesson["parts"]["test"]
    assert len(text) > 300_000
    assert lesson["bits"](lesson["model"], text) < lesson["counted"] - 0.5
    assert 3.5 < lesson["counted"] < 3.8


def test_characters_of_one_kind_lie_nearer_to_each_other_than_to_others(lesson):
    vectors, kinds = lesson["vectors"], np.array(lesson["kinds"])
    products = vectors @ vectors.T
    for kind in set(kinds):
        inside = products[np.ix_(kinds == kind, kinds == kind)]
        count = len(inside)
        within = (inside.sum() - count) / (count * (count - 1))
        assert within > products[np.ix_(kinds == kind, kinds != kind)].mean() + 0.05, kind


def test_positions_of_either_kind_tell_the_order_that_a_sum_forgets(lesson):
    reached = lesson["reached"]
    assert reached["learned"] < reached["sinusoidal"] < reached["no positions"] - 0.1
