"""Locks and forks: a child has one thread, and what another thread of its parent held would stay locked for ever."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TypeVar


class Lock(Protocol):
    """What can be held by one thread at a time."""

    def acquire(self) -> object: ...
    def release(self) -> object: ...


Held = TypeVar("Held", bound=Lock)


def held_over_forks(lock: Held) -> Held:
    """`lock`, which from now on a fork waits for, so that nobody holds it in the child."""
    if sys.platform != "win32":  # where nothing forks
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
