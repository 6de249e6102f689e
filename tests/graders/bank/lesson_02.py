"""The bank for lesson 02: activations."""

from __future__ import annotations

from tests.graders.case import Case

CASES: list[Case] = []
