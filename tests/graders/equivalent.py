"""The mutants that are listed as no mistakes, each looked at by a person."""

from __future__ import annotations

import tomllib
from pathlib import Path

LISTED = Path(__file__).with_name("equivalent.toml")


def equivalent() -> dict[str, dict[tuple[str, str], str]]:
    """For each lesson's number: exercise and change of each listed mutant, and the reason."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for row in tomllib.loads(LISTED.read_text(encoding="utf-8"))["equivalent"]:
        found.setdefault(row["lesson"], {})[row["exercise"], row["change"]] = row["reason"]
    return found
