"""The worker process of one run, seen from outside: started, listened to, and ended whatever happens."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.program import kill_group

WORKER = Path(__file__).with_name("worker.py")
START_LIMIT = 60.0  # seconds until the process reports its first cell
GRACE = 5.0  # seconds to end properly after the last cell
TICK = 0.2  # seconds between looks at a process that says nothing
FIRST_EXCEPTION = 0xC0000000  # the exit status of a process that Windows ended, such as 0xc0000005 for a bad address

Event = dict[str, Any]  # "event" is start, end, done or where; see tito.run.worker


@dataclass(frozen=True)
class Ending:
    """How the process ended: "done", "limit" (a cell took too long) or "died"; and where it was then."""

    kind: str
    status: int | None = None
    place: dict[str, Any] | None = None
    stderr: str = ""

    @property
    def words(self) -> str:
        """How it ended, where it should have gone on."""
        if self.kind == "limit" or self.status is None:
            return "it did not answer"
        if os.name == "posix" and self.status in (-signal.SIGKILL, -signal.SIGTERM):
            return "it was killed, most often because memory ran out"
        said = f" ({self.stderr})" if self.stderr else ""
        if crash := crash_name(self.status):
            return f"it crashed with {crash}{said}"
        return f"it left with exit status {self.status}; look for os._exit{said}"


def crash_name(status: int) -> str:
    """What ended a process: a signal on POSIX, an exception's code on Windows; empty where it left by itself."""
    if status < 0:
        known = -status in set(signal.Signals)
        return signal.Signals(-status).name if known else f"signal {-status}"
    return f"exception {status:#x}" if status >= FIRST_EXCEPTION else ""


class Process:
    """The worker: started with a job, read event by event, and gone at the end with everything it started."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.lines: queue.Queue[Event | None] = queue.Queue()
        self.ending = Ending("died")

    def __enter__(self) -> "Process":
        # what a process left behind holds open, Windows does not remove
        self.folder = tempfile.TemporaryDirectory(prefix="tito-", ignore_cleanup_errors=True)
        self.stderr = (Path(self.folder.name) / "stderr").open("w+b")
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.stderr}
        command, environment = [sys.executable, "-P", str(WORKER)], _environment(self.folder.name)
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, **streams)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._ask(self.job)
        return self

    def __exit__(self, *_: object) -> None:
        kill_group(self.process)
        self.reader.join(GRACE)
        with suppress(OSError):  # unsent bytes to a process that has ended
            self.process.stdin.close()
        if not self.reader.is_alive():  # alive only where an escaped grandchild still holds the pipe
            self.process.stdout.close()
        self.stderr.close()
        self.folder.cleanup()

    def events(self, cell_limit: float) -> Iterator[Event]:
        """The worker's events, until it is done, has died, or has been stopped at a cell that took too long."""
        deadline = time.monotonic() + START_LIMIT
        while (event := self._next(deadline)) is not None and event["event"] != "done":
            if event["event"] == "start":
                deadline = time.monotonic() + cell_limit
            yield event
        if event is not None:
            self.ending = Ending("done")
            self._wait()
        elif time.monotonic() < deadline:
            self._wait()
            self.ending = Ending("died", self.process.poll(), stderr=self._last_words())
        else:
            self.ending = Ending("limit", place=self._where())

    def _next(self, deadline: float) -> Event | None:
        """The next event; None where the process has ended or the deadline has passed."""
        while (left := deadline - time.monotonic()) > 0:
            ended = self.process.poll() is not None  # asked first: what it wrote before it ended is then all there
            try:
                return self.lines.get(timeout=min(left, TICK))
            except queue.Empty:
                if ended:
                    return None
        return None

    def _read(self) -> None:
        for line in self.process.stdout:
            try:
                self.lines.put(json.loads(line))
            except ValueError:  # the lesson's own code wrote here, or died in the middle of a line
                break
        self.lines.put(None)

    def _ask(self, what: object) -> None:
        with suppress(OSError):  # it has ended already, and that is found out by reading
            self.process.stdin.write(json.dumps(what).encode() + b"\n")
            self.process.stdin.flush()

    def _where(self) -> dict[str, Any] | None:
        """Ask the process which line of the lesson it is at. Code that never returns to Python does not answer."""
        self._ask("where")
        event = self._next(time.monotonic() + 1.0)
        return event["place"] if event is not None and event["event"] == "where" else None

    def _wait(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)

    def _last_words(self) -> str:
        self.stderr.seek(0)
        lines = self.stderr.read()[-4000:].decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _environment(folder: str) -> dict[str, str]:
    """The worker's environment: figures drawn in memory, IPython's own files away from home, asserts on."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONOPTIMIZE", "PYTHONINSPECT", "PYTHONSTARTUP")}
    return kept | {"MPLBACKEND": "agg", "IPYTHONDIR": folder, "PYTHONUTF8": "1"}
