"""What a damaged notebook's text still holds: where it goes wrong, and the cells that can be read."""

from __future__ import annotations

import json
import re
from typing import Any

# How a cell begins, in whatever order an editor writes its keys.
CELL = re.compile(r'\{\s*"(?:attachments|cell_type|execution_count|id|metadata|source)"')


def what_is_wrong(error: json.JSONDecodeError) -> str:
    """Where the parser stopped, in its own words; and that the text was cut off, if it ends there."""
    at = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"this notebook was cut off; it ends in the middle, at {at} of the file: {error.msg}."
    return f"this notebook is damaged at {at} of the file, before `{error.doc[error.pos]}`: {error.msg}."


def readable_cells(text: str) -> list[dict[str, Any]]:
    """The cells in the text that are whole, each as its JSON has it, in order."""
    decoder = json.JSONDecoder(strict=False)
    found, at = [], text.find('"cells"') + 1
    while match := CELL.search(text, at):
        try:
            value, at = decoder.raw_decode(text, match.start())
        except json.JSONDecodeError:
            at = match.end()
            continue
        if isinstance(value.get("cell_type"), str) and isinstance(value.get("source"), str | list):
            found.append(value)
    return found
