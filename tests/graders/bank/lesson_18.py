"""The bank for lesson 18: acceleration."""

from __future__ import annotations

from tests.graders.case import Case

CASES: list[Case] = []
