"""Operations of a lesson, or of a model in a file, under this machine's measured roof: rows and a picture.

The package is imported when it is needed: it is the one of the project that the user stands in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.errors import TitoError, WorkFailed

if TYPE_CHECKING:
    from tinytorch.support.peaks import Peaks
    from tinytorch.support.roofline import RooflineRow

FORMATS = (".png", ".svg", ".pdf")
SIZE = 2048
Work = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Roofline:
    """What was measured: the operations, the roof they stand under (FLOP/s, bytes/s, one thread), and the picture."""

    what: str
    flops: float
    bandwidth: float
    rows: tuple[RooflineRow, ...]
    picture: Path


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


def roofline_of_lesson(number: str, picture: Path, progress: Callable[[str], None]) -> Roofline:
    """The functions of lesson `number` under the roof, or where it has none that compute by themselves, a step of the
    digits network; the picture is saved.
    """
    check_picture(picture)
    from tinytorch.profiling.roofline import measure_peaks, roofline_row

    peaks = measure_peaks(progress)
    if number not in LESSONS:
        return drawn("a training step of a 64-128-10 network, batch 64", network_rows(peaks), peaks, picture)
    progress(f"operations of lesson {number}")
    rows = [roofline_row(name, function, peaks) for name, function in LESSONS[number]().items()]
    return drawn(f"lesson {number}, {SIZE} x {SIZE} float32", rows, peaks, picture)


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
    if not file.is_file():
        raise TitoError(f"There is no file {file}.", "Name a Python file and the model in it: net.py:model")
    spec = spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise TitoError(f"{file} is no Python file.", "Name a Python file and the model in it: net.py:model")
    module = module_from_spec(spec)
    try:
        with importing_from(file.resolve().parent):
            spec.loader.exec_module(module)
    except SyntaxError as error:
        raise WorkFailed(f"{file}, line {error.lineno}: {error.msg}.") from error
    if name not in vars(module):
        close = get_close_matches(name, vars(module), n=1)
        raise TitoError(f"{file} has no {name!r}.", f"Did you mean {close[0]}?" if close else "")
    return vars(module)[name]


def check_picture(picture: Path) -> None:
    """Raise TitoError, before anything is measured, where the picture's name says no format that we can write, or no
    file can be written there; its folder is made.
    """
    if picture.suffix.lower() not in FORMATS:
        raise TitoError(f"{picture} is not the name of a picture.", f"Its name ends in {', '.join(FORMATS)}.")
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"There can be no folder {picture.parent}: {error.strerror}."
        raise TitoError(problem, "Name another with -o.") from error
    if not os.access(picture.parent, os.W_OK):
        raise TitoError(f"The folder {picture.parent} cannot be written to.", "Name another with -o.")


def drawn(what: str, rows: Sequence[RooflineRow], peaks: Peaks, picture: Path) -> Roofline:
    """The result, with its picture saved whole or not at all."""
    if not rows:
        raise WorkFailed(f"{what} computes nothing: no operation with FLOPs ran.")
    import matplotlib

    from tinytorch.support.roofline import write_roofline

    matplotlib.use("agg")
    write_roofline(rows, peaks, picture)
    return Roofline(what, peaks.flops, peaks.bandwidth, tuple(rows), picture)


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


def tensor_work() -> Work:
    """Lesson 01: elementwise operations, a sum, and a product."""
    from tinytorch.profiling.profiler import sample_input

    x, y = sample_input((SIZE, SIZE)), sample_input((SIZE, SIZE)) + 1
    return {
        "add": lambda: x + y,
        "mul": lambda: x * y,
        "div": lambda: x / y,
        "exp": lambda: x.exp(),
        "tanh": lambda: x.tanh(),
        "sum": lambda: x.sum(),
        "matmul": lambda: x @ y,
    }


def activation_work() -> Work:
    """Lesson 02: each activation."""
    from tinytorch.core.activations import gelu, log_softmax, relu, sigmoid, softmax, tanh
    from tinytorch.profiling.profiler import sample_input

    x = sample_input((SIZE, SIZE))
    one = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh, "softmax": softmax, "log_softmax": log_softmax}
    named = {name: lambda f=f: f(x) for name, f in one.items()}
    return named | {"gelu": lambda: gelu(x), "gelu tanh form": lambda: gelu(x, "tanh")}


def layer_work() -> Work:
    """Lesson 03: each layer."""
    from tinytorch.core.layers import Dropout, LayerNorm, Linear
    from tinytorch.profiling.profiler import sample_input

    x, norm, dropout = sample_input((SIZE, SIZE)), LayerNorm(SIZE), Dropout(0.5)
    linear = Linear(SIZE, SIZE)
    one_row = sample_input((1, SIZE))
    return {
        "Linear": lambda: linear(x),
        "Linear, one row": lambda: linear(one_row),
        "LayerNorm": lambda: norm(x),
        "Dropout": lambda: dropout(x),
    }


def loss_work() -> Work:
    """Lesson 04: each loss."""
    import numpy as np

    from tinytorch.core.losses import bce_with_logits, cross_entropy, mse_loss
    from tinytorch.profiling.profiler import sample_input

    x, classes = sample_input((SIZE, SIZE)), np.arange(SIZE)
    targets = (x.data > 0).astype(np.float32)
    return {
        "mse_loss": lambda: mse_loss(x, targets),
        "bce_with_logits": lambda: bce_with_logits(x, targets),
        "cross_entropy": lambda: cross_entropy(x, classes),
    }


def acceleration_work() -> Work:
    """Lesson 18: an addition, GELU unfused, fused by hand and by the compiler, and a product."""
    from tinytorch.optimization.acceleration import fused_gelu, unfused_gelu, vectorized_matmul
    from tinytorch.optimization.compilation import fuse
    from tinytorch.profiling.profiler import sample_input

    x, y = sample_input((SIZE, SIZE)), sample_input((SIZE, SIZE))
    compiled = fuse(unfused_gelu)
    return {
        "add": lambda: x + y,
        "unfused_gelu": lambda: unfused_gelu(x),
        "fused_gelu": lambda: fused_gelu(x),
        "fuse(unfused_gelu)": lambda: compiled(x),
        "vectorized_matmul": lambda: vectorized_matmul(x, y),
    }


LESSONS = {"01": tensor_work, "02": activation_work, "03": layer_work, "04": loss_work, "18": acceleration_work}
