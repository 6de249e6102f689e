"""Operations of a lesson, or of a model in a file, under this machine's measured roof: rows and a picture.

The package is imported when it is needed: it is the one of the project that the user stands in.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.errors import TitoError, WorkFailed

if TYPE_CHECKING:
    from tinytorch.support.peaks import Peaks
    from tinytorch.support.roofline import RooflineRow

FORMATS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Roofline:
    """What was measured: the operations, the roof they stand under (FLOP/s, bytes/s, one thread), and the picture.

    `above` says what results above 100 % of the roof mean; it is empty where there are none.
    """

    what: str
    flops: float
    bandwidth: float
    rows: tuple[RooflineRow, ...]
    picture: Path
    above: str


@contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """In the block, imports look in `folder` first. A lesson that is not built raises WorkFailed with what to do."""
    sys.path.insert(0, str(folder))
    try:
        yield
    except ImportError as error:
        raise WorkFailed(f"{error}", "The roofline needs lesson 15, and the lesson that it shows.") from error
    finally:
        sys.path.remove(str(folder))


def roofline_of_lesson(module: str, picture: Path, progress: Callable[[str], None]) -> Roofline:
    """The functions of a lesson's module under the roof, or where it has none that compute by themselves, a step of the
    digits network; the picture is saved.
    """
    check_picture(picture)
    from tinytorch.profiling.roofline import measure_peaks, roofline_row
    from tinytorch.support.workloads import SIZE, work_of

    work, peaks = work_of(import_module(module)), measure_peaks(progress)
    if work is None:
        return drawn("a training step of a 64-128-10 network, batch 64", network_rows(peaks), peaks, picture)
    progress(f"operations of {module}")
    rows = [roofline_row(name, function, peaks) for name, function in work.items()]
    return drawn(f"{module}, {SIZE} x {SIZE} float32", rows, peaks, picture)


def roofline_of_model(
    file: Path, name: str, shape: Sequence[int], backward: bool, picture: Path, progress: Callable[[str], None]
) -> Roofline:
    """The operations of the model called `name` in a Python file, on an input of `shape`; the picture is saved.

    With `backward` also those of the backward pass from the mean of the result.
    """
    check_picture(picture)
    from tinytorch.profiling.profiler import parameters_of, sample_input
    from tinytorch.profiling.roofline import measure_peaks, model_rows

    model = load(file, name)
    try:
        parameters_of(model)
        peaks = measure_peaks(progress)
        progress(f"operations of {name}")
        rows = model_rows(model, sample_input(shape), peaks, (lambda y: y.mean()) if backward else None)
    except (TypeError, ValueError) as error:
        raise WorkFailed(f"{file.name}:{name} on an input of shape {tuple(shape)}: {error}") from error
    return drawn(f"{file.name}:{name} on {' x '.join(map(str, shape))}", rows, peaks, picture)


def load(file: Path, name: str) -> Any:
    """What is called `name` in the Python file. TitoError where either is missing."""
    if not file.is_file() or file.suffix != ".py":
        problem = f"{file} is not a Python file." if file.is_file() else f"There is no file {file}."
        raise TitoError(problem, "Name a Python file and the model in it: net.py:model")
    try:
        with importing_from(file.resolve().parent):
            found = runpy.run_path(str(file))
    except SyntaxError as error:
        raise WorkFailed(f"{file}, line {error.lineno}: {error.msg}.") from error
    if name not in found:
        close = get_close_matches(name, found, n=1)
        raise TitoError(f"{file} has no {name!r}.", f"Did you mean {close[0]}?" if close else "")
    return found[name]


def check_picture(picture: Path) -> None:
    """Raise TitoError, before anything is measured, where the picture's name says no format that we can write, or no
    file can be written there; its folder is made.
    """
    if picture.suffix.lower() not in FORMATS:
        raise TitoError(f"{picture} is not the name of a picture.", f"Its name ends in {', '.join(FORMATS)}.")
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"Cannot make the folder {picture.parent}: {error.strerror}."
        raise TitoError(problem, "Name another with -o.") from error
    if not os.access(picture.parent, os.W_OK):
        raise TitoError(f"The folder {picture.parent} cannot be written to.", "Name another with -o.")


def drawn(what: str, rows: Sequence[RooflineRow], peaks: Peaks, picture: Path) -> Roofline:
    """The result, with its picture saved whole or not at all."""
    if not rows:
        raise WorkFailed(f"{what} computes nothing: no operation with FLOPs ran.")
    import matplotlib

    from tinytorch.support.roofline import above_roof, write_roofline

    matplotlib.use("agg")
    write_roofline(rows, peaks, picture)
    return Roofline(what, peaks.flops, peaks.bandwidth, tuple(rows), picture, above_roof(rows, peaks))


def network_rows(peaks: Peaks) -> list[RooflineRow]:
    """A training step of a small network on numbers in the shape of the digits."""
    import numpy as np

    from tinytorch.core.activations import GELU
    from tinytorch.core.layers import Linear, Sequential
    from tinytorch.core.losses import CrossEntropyLoss
    from tinytorch.profiling.profiler import sample_input
    from tinytorch.profiling.roofline import model_rows

    network, loss_fn = Sequential(Linear(64, 128), GELU(), Linear(128, 10)), CrossEntropyLoss()
    return model_rows(network, sample_input((64, 64)), peaks, lambda logits: loss_fn(logits, np.arange(64) % 10))
