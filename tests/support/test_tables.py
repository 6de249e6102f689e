"""Rows of a dataclass as a text table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tinytorch.support.tables import column, table


@dataclass(frozen=True)
class Row:
    name: str
    size: int = column("KiB", ",.1f", 1 / 1024)
    left: float | None = column("left", ".2f")


ROWS = [Row("a", 2048, None), Row("long", 1024**2, 0.5)]


def test_a_table_shows_each_column_as_it_was_declared():
    assert table(ROWS, "Title") == (
        "Title\nname      KiB  left\n----  -------  ----\na         2.0     -\nlong  1,024.0  0.50"
    )
    assert table([]) == "(no rows)"


def test_rows_of_two_classes_are_refused():
    with pytest.raises(TypeError, match="of one class"):
        table([ROWS[0], 3])


def test_names_stand_before_the_rows():
    assert table(ROWS[:1], names=["first"]) == "       name  KiB  left\n-----  ----  ---  ----\nfirst  a     2.0     -"
    with pytest.raises(ValueError):
        table(ROWS, names=["first"])


@dataclass
class Single:
    anything: Any


@pytest.mark.parametrize(("value", "shown"), [
    (True, "    True"), (np.float32(0.5), "     0.5"), (None, "       -"), ((2, 3), "(2, 3)"), ("add", "add"),
])  # fmt: skip
def test_numbers_are_to_the_right_and_all_else_is_text(value, shown):
    assert table([Single(value)]).splitlines()[2] == shown


def test_without_rows_a_title_still_stands_above():
    assert table([], "title") == "title\n(no rows)"
