"""Mutants of the reference that are no mistakes: lesson, exercise, change, and the reason why no check need see it."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, dict[str, str]]] = {}
