"""A dict that forgets, so that it cannot grow for ever."""

from __future__ import annotations

from typing import Any

WORDS = 65_536  # more than there are different pieces in all of Shakespeare's works


class WordCache(dict):
    """What has been worked out for words. When it is full, it is emptied before the next one is kept."""

    def __setitem__(self, word: bytes, found: Any) -> None:
        if len(self) >= WORDS:
            self.clear()
        super().__setitem__(word, found)
