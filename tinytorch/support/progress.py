"""What a training says while it runs: a moving bar on a terminal, a line for each epoch elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

FORMATS = {
    "loss": ".4f", "accuracy": ".1%", "validation_loss": ".4f", "validation_accuracy": ".1%", "lr": ".2g",
    "seconds": ".2f",
}  # fmt: skip


class Report(NamedTuple):
    """What to call after each update and, with its row, after each epoch."""

    on_update: Callable[[], None]
    on_epoch: Callable[[Any], None]


def line_of(row: Any) -> str:
    """An epoch's row in words: its number, and those of `FORMATS` that it has and that are not None.

    >>> from types import SimpleNamespace
    >>> line_of(SimpleNamespace(epoch=3, loss=0.25, accuracy=0.5, validation_loss=None, seconds=1.0))
    'epoch   3: loss 0.2500, accuracy 50.0%, seconds 1.00'
    """
    there = {name: value for name, value in vars(row).items() if name in FORMATS and value is not None}
    words = (f"{name.replace('_', ' ')} {value:{FORMATS[name]}}" for name, value in there.items())
    return f"epoch {row.epoch:3d}: " + ", ".join(words)


def progress_report(wanted: bool, updates: int | None) -> AbstractContextManager[Report]:
    """A block that yields a Report of a training of `updates` updates (None: unknown); a silent one if not `wanted`.

    Rows are printed as they print themselves.
    """
    if not wanted:
        return nullcontext(Report(lambda: None, lambda row: None))
    if not sys.stdout.isatty():
        return nullcontext(Report(lambda: None, lambda row: print(row, flush=True)))
    return bar(updates)


@contextmanager
def bar(updates: int | None, console: Any = None) -> Iterator[Report]:
    """A Report that moves a bar in ASCII, on a Rich console, and prints the rows above it."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("[{task.fields[bar]:<30}]", markup=False), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("training", total=updates, bar="")

        def on_update() -> None:
            done = progress.tasks[0].completed + 1
            progress.update(task, completed=done, bar="#" * int(30 * done / updates) if updates else "")

        yield Report(on_update, lambda row: progress.console.print(str(row), highlight=False))
