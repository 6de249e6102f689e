"""Stopping long work by Ctrl-C between two steps of it, and not within one."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeVar

Item = TypeVar("Item")


class Interrupt:
    """In the block `with Interrupt() as interrupt:` Ctrl-C sets `interrupt.wanted` and does nothing else.

    A second Ctrl-C does what the first would have done before. Only the main thread may enter the block.
    """

    wanted: bool = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: Any) -> None:
        self.wanted = True
        signal.signal(signal.SIGINT, self._before)

    def until(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, of which the first always comes, until a stop is wanted: none is taken that is not handed on."""
        for item in items:
            yield item
            if self.wanted:
                return
