"""The process that runs one lesson's cells, as a notebook would, and reports each of them.

It is started by tito.run.process as a script of its own, needs nothing of tito, and runs student code, so it is trusted
with nothing: it reports facts (what was raised, where, what was printed and shown), and the parent makes verdicts.

The job arrives as one JSON line on standard input: {"cells": [{"source", "graded"}, ...], "folder": where they run,
"library": [a package's name, the folder to import it from], "figures": whether figures are shown}. Each event leaves as
one JSON line on the pipe that was standard output when the process began. Both are moved to descriptors of their own
before a cell runs, so that nothing a cell prints or reads touches them.
"""

import io
import json
import os
import sys
import threading
import time
import traceback
import warnings
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

TEXT_LIMIT = 10_000  # characters kept of an error or of a traceback
CHAIN_LIMIT = 10  # errors told of those that were being handled when another was raised
CANARY = "assert False, 'this check must fail'"
CHANNEL_CLOSED = 3  # exit status: the parent went away


def beside(name: str) -> ModuleType:
    """A module that lies beside this one, loaded by its place: the process need not find tito."""
    spec = spec_from_file_location(f"_tito_{name}", Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


outputs = beside("outputs")


class Compiler(CachingCompiler):
    """IPython's compiler, which also remembers the cell that each compiled piece of code came from."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = -1
        self.cell_of: dict[str, int] = {}

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        name = super().get_code_name(raw_code, transformed_code, number)
        self.cell_of[name] = self.cell
        return name


class Shell(InteractiveShell):
    """IPython without a terminal, a history or printed tracebacks."""

    compiler_class = Type(Compiler)
    displayhook_class = Type(outputs.Hook)
    display_pub_class = Type(outputs.Publisher)

    def __init__(self, **kwargs: Any) -> None:
        self.outputs = outputs.Outputs()
        super().__init__(**kwargs)

    def do_nothing(self, *args: Any, **kwargs: Any) -> None:
        """Errors travel in the report, and figures are drawn in memory."""

    showtraceback = showsyntaxerror = enable_gui = do_nothing

    def ask_exit(self) -> None:
        """What `exit()` does in a cell."""
        raise SystemExit("exit() was called")


class Channel:
    """The pipe to the parent. A line is written whole, by the worker's own process only."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.process = os.getpid()
        self.lock = threading.Lock()

    def send(self, **event: Any) -> None:
        if os.getpid() != self.process:  # a cell forked, and the child returned: it must not run the rest again
            os._exit(0)
        with self.lock:
            self.stream.write(json.dumps(event).encode() + b"\n")
            self.stream.flush()


class Worker:
    """Runs the cells of one job in one shell."""

    def __init__(self, channel: Channel, figures: bool = False) -> None:
        self.channel, self.figures = channel, figures
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        self.shell = Shell.instance(config=config)
        self.outputs = self.shell.outputs
        sys.stdout = outputs.Capture(self.outputs, "stdout", 1)
        sys.stderr = outputs.Capture(self.outputs, "stderr", 2)
        self.thread = threading.get_ident()

    def run(self, cells: list[dict[str, Any]]) -> None:
        """Run every cell in order: one that fails does not stop the ones after it, as in a notebook."""
        for index, cell in enumerate(cells):
            self.channel.send(event="start", cell=index)
            canary = not cell["graded"] or self.canary_fails()
            started = time.perf_counter()
            error = self.run_cell(index, cell["source"])
            seconds = time.perf_counter() - started
            shown = self.outputs.take()
            self.channel.send(event="end", cell=index, seconds=seconds, error=error, canary=canary, outputs=shown)
        self.channel.send(event="done")

    def run_cell(self, index: int, source: str) -> dict[str, Any] | None:
        """Run one cell; what it raised, or None."""
        self.shell.compile.cell = index
        result = self.shell.run_cell(source)
        self.shell.execution_count += 1
        self.end_figures()
        error = result.error_before_exec or result.error_in_exec
        return None if error is None else self.describe(error)

    def end_figures(self) -> None:
        """Close the figures of a cell, as a notebook does; show them before, where that is wanted."""
        if "matplotlib.pyplot" in sys.modules:
            pyplot = sys.modules["matplotlib.pyplot"]
            for number in pyplot.get_fignums() if self.figures else ():
                picture = io.BytesIO()
                pyplot.figure(number).savefig(picture, format="png", bbox_inches="tight")
                self.outputs.show({"image/png": picture.getvalue(), "text/plain": "a figure"})
            pyplot.close("all")

    def canary_fails(self) -> bool:
        """Whether a check that must fail does: a cell can rewrite the code of later ones, and so switch checks off."""
        return isinstance(self.shell.run_cell(CANARY, silent=True).error_in_exec, AssertionError)

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The facts about an error, of each in its chain, and its traceback from the first line of the lesson on."""
        chain, tb = [self.facts(link) for link in chain_of(error)], error.__traceback__
        while tb is not None and self.place(tb.tb_frame.f_code, 0) is None:
            tb = tb.tb_next
        text = "".join(traceback.format_exception(type(error), error, tb))
        return {**chain[0], "before": chain[1:], "traceback": text[-TEXT_LIMIT:]}

    def facts(self, error: BaseException) -> dict[str, Any]:
        """An error's type and its bases, its text, and the frames that are in cells of the lesson, outermost first."""
        places = [self.place(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        cell = self.shell.compile.cell_of.get(error.filename or "") if isinstance(error, SyntaxError) else None
        if cell is not None:
            places.append({"cell": cell, "line": error.lineno or 1, "function": ""})
        bases, text = [base.__name__ for base in type(error).__mro__], error_text(error)[:TEXT_LIMIT]
        here = bool(places and places[-1])
        return {"type": bases[0], "bases": bases, "text": text, "frames": list(filter(None, places)), "here": here}

    def place(self, code: Any, line: int) -> dict[str, Any] | None:
        """The cell, line and function of a piece of code; None where it is not the lesson's."""
        cell = self.shell.compile.cell_of.get(code.co_filename)
        return None if cell is None else {"cell": cell, "line": line, "function": code.co_qualname}

    def where(self) -> dict[str, Any] | None:
        """The line of the lesson that the main thread is at now."""
        stack = traceback.walk_stack(sys._current_frames()[self.thread])
        return next((place for frame, line in stack if (place := self.place(frame.f_code, line))), None)

    def listen(self, stream: IO[bytes]) -> None:
        """Answer the parent's question where the run is; end when the parent has ended."""
        for _ in stream:
            self.channel.send(event="where", place=self.where())
        os._exit(CHANNEL_CLOSED)


def chain_of(error: BaseException) -> list[BaseException]:
    """The error, the one that it was raised from or while handling it, the one before that, and so on."""
    found = [error]
    while (before := found[-1].__cause__ or found[-1].__context__) and before not in found:
        found.append(before)
    return found[:CHAIN_LIMIT]


def error_text(error: BaseException) -> str:
    """The error in words, without its type; safe for an error whose own `__str__` raises."""
    lines = traceback.format_exception_only(type(error), error)
    text = lines[-1] if isinstance(error, SyntaxError) else "".join(lines)
    name, _, rest = text.strip().partition(": ")
    return rest if name.endswith(type(error).__name__) else ""


class Finder:
    """Finds one package in its folder before any other: no file beside a lesson hides a module from it."""

    def __init__(self, name: str, folder: str) -> None:
        self.name, self.folder = name, folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """What the import system asks."""
        return PathFinder.find_spec(name, [self.folder]) if name == self.name else None


def settle(folder: str, library: tuple[str, str]) -> None:
    """Make the process one in which a lesson's cells run: its folder, and the package that it imports."""
    sys.meta_path.insert(0, Finder(*library))
    sys.path += [folder, library[1]]
    os.chdir(folder)
    warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown")


def main() -> None:
    """Take the standard streams away from the cells, which get others, read the job, run it."""
    requests, channel = os.fdopen(os.dup(0), "rb"), Channel(os.fdopen(os.dup(1), "wb"))  # children inherit neither
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    job = json.loads(requests.readline())
    settle(job["folder"], job["library"])
    worker = Worker(channel, job["figures"])
    threading.Thread(target=worker.listen, args=(requests,), daemon=True).start()
    worker.run(job["cells"])


if __name__ == "__main__":
    main()
