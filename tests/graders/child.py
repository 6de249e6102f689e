"""A forked child that judges a case: what it found comes back through a pipe, and it ends whatever the case did."""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

LIMIT = 30.0  # seconds of work one case may take
PATIENCE = 10  # times as long it may take by the clock, on a machine that others use


def in_child(judge: Callable[[], Any], limit: float = LIMIT) -> tuple[Any, str]:
    """What `judge` gives in a forked process, or () and why that process ended before it could."""
    if threading.active_count() > 1:
        raise RuntimeError(f"a fork would lose the threads {threading.enumerate()}: run less before it")
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        _report(writable, judge, limit)
    os.close(writable)
    data, ended = _read(readable, time.monotonic() + PATIENCE * limit)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if data:
        return pickle.loads(data), ""
    worked_on = not ended or os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
    return (), f"took longer than {limit:g} s" if worked_on else "the process died"


def _report(writable: int, judge: Callable[[], Any], limit: float) -> None:
    """In the child: judge, write, end."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit + 1), int(limit + 1) + 5))
    try:
        with os.fdopen(writable, "wb") as pipe:
            pipe.write(pickle.dumps(judge()))
    finally:
        os._exit(0)


def _read(readable: int, deadline: float) -> tuple[bytes, bool]:
    """All that is written up to the deadline, and whether that was the end."""
    data = b""
    with os.fdopen(readable, "rb", buffering=0) as pipe:
        while (left := deadline - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
            if not (part := pipe.read(65536)):
                return data, True
            data += part
    return data, False
