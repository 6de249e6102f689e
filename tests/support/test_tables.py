"""Rows of a dataclass as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tinytorch.support.tables import column, table


@dataclass
class Row:
    name: str = column("operation")
    seconds: float | None = column("ms", ".1f", 1e3)
    shape: tuple[int, ...] = column("shape")
    calls: int = 1


@dataclass
class Other:
    anything: Any


def test_a_table_has_headers_rules_and_numbers_to_the_right():
    text = table([Row("matmul", 0.0125, (2, 3)), Row("add", 0.1, (), 12)])
    assert text == (
        "operation     ms  shape   calls\n"
        "---------  -----  ------  -----\n"
        "matmul      12.5  (2, 3)      1\n"
        "add        100.0  ()         12"
    )


def test_a_title_stands_above():
    assert table([Row("add", 0.1, ())], title="one step").splitlines()[0] == "one step"


def test_a_value_that_is_missing_is_a_dash():
    assert table([Row("add", None, ())]).splitlines()[2].split() == ["add", "-", "()", "1"]


def test_booleans_and_numpys_numbers_are_shown_as_they_are():
    assert table([Other(True)]).splitlines()[2] == "    True"
    assert table([Other(np.float32(0.5))]).splitlines()[2] == "     0.5"


def test_no_rows_are_said_so():
    assert table([]) == "(no rows)"
    assert table([], "title") == "title\n(no rows)"


def test_rows_of_different_classes_are_refused():
    with pytest.raises(TypeError, match=r"the rows of a table are of one class, got \['Other', 'Row'\]"):
        table([Row("add", 0.1, ()), Other(1)])
