"""The bank for lesson 03: layers."""

from __future__ import annotations

from tests.graders.case import Case

CASES: list[Case] = []
