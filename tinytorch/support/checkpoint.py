"""Checkpoints: the state of a training as one .npz file that is written whole or not at all.

The arrays of the state are arrays of the file. The rest is JSON text, in the array "about", with the arrays' names in
their places. Reading it runs no code of the file's, as unpickling would.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.support.dtypes import as_dtype
from tinytorch.support.whole_files import whole_file

__all__ = ["read_checkpoint", "write_checkpoint"]

FORMAT = "tinytorch checkpoint 1"
PARTS = {"model", "optimizer", "schedule", "generator", "epoch", "steps", "history"}  # of a training's state
_DAMAGED = (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, zipfile.BadZipFile)  # as the readers say


class Checkpoints(ABC):
    """Saving to a file and going on from one, for a class that defines `state_dict` and `restore`."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on, as copies."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Take over `state`; ValueError where it does not fit, perhaps halfway."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken.

        Where `state` does not fit, everything is put back as it was, and the error is the one that `restore` raised.
        """
        with ExitStack() as undo:
            undo.callback(self.restore, self.state_dict())
            self.restore(state)
            undo.pop_all()

    def save(self, path: str | os.PathLike) -> None:
        """Write a checkpoint, from which `load` goes on."""
        write_checkpoint(path, self.state_dict())

    def load(self, path: str | os.PathLike) -> None:
        """Go on from a checkpoint; ValueError, and nothing changed, for a damaged one or that of something else."""
        self.load_state_dict(read_checkpoint(path))


def restore_training(trainer: Any, state: dict[str, Any], generator: np.random.Generator, row: Callable) -> None:
    """Put the state of a training into `trainer` and `generator`; `row` makes a row of the history from its dict.

    Raises ValueError where it does not fit, perhaps halfway.
    """
    missing = PARTS - set(state)
    if missing:
        raise ValueError(f"this is not the state of a training: it lacks {', '.join(sorted(missing))}")
    if (state["schedule"] is None) != (trainer.schedule is None):
        held, has = ("no schedule", "one") if state["schedule"] is None else ("a schedule", "none")
        raise ValueError(f"the checkpoint was written with {held}, this trainer has {has}")
    trainer.model.load_state_dict(state["model"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    if trainer.schedule is not None:
        trainer.schedule.load_state_dict(state["schedule"])
    generator.bit_generator.state = state["generator"]
    trainer.epoch, trainer.steps = state["epoch"], state["steps"]
    trainer.history = [row(**values) for values in state["history"]]


def write_checkpoint(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write nested dicts, lists, tuples, numbers, text and arrays as one .npz file of this very name, whole or not at
    all: the bytes go to the disk in a file beside it, which then takes its name.

    Raises FileNotFoundError where its folder is not there, TypeError for what a checkpoint does not hold.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps({"format": FORMAT, "state": _pack(state, "state", arrays)})
    with whole_file(path) as file:
        np.savez(file, about=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)


def read_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """The state that `write_checkpoint` wrote. ValueError where the file is damaged or something else."""
    contents = io.BytesIO(Path(path).read_bytes())
    try:
        file = np.load(contents, allow_pickle=False)
        arrays = {name: file[name] for name in file} if isinstance(file, Mapping) else {}
        about = json.loads(arrays["about"].tobytes())
        found, state = about["format"], _unpack(about["state"], arrays)
    except _DAMAGED:  # what the readers say of it, to allow pickles for instance, is no help here
        sentence = "is not a whole checkpoint: it was cut short or damaged, or save() did not write it"
        raise ValueError(f"{path} {sentence}") from None
    if found != FORMAT:
        raise ValueError(f"{path} is a checkpoint in the format {found!r}, wanted {FORMAT!r}")
    return state


def _pack(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """`value` as JSON can hold it; arrays go into `arrays`, named after `path`."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"dict": [[key, _pack(item, f"{path}/{key}", arrays)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{path}/{i}", arrays) for i, item in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": items}
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.hasobject:
        kind = type(value).__name__
        raise TypeError(f"a checkpoint holds numbers, text, arrays, lists and dicts; {path} is a {kind}")
    name = path if path not in arrays else f"{path}#{len(arrays)}"
    brain = value.dtype.name == "bfloat16"  # a type that .npz does not know: keep its bits
    arrays[name] = np.asarray(value).view(np.uint16) if brain else np.asarray(value)
    return {"array": name, "bfloat16": brain}


def _unpack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """What `_pack` was given."""
    match value:
        case {"dict": pairs}:
            return {key: _unpack(item, arrays) for key, item in pairs}
        case {"list": items}:
            return [_unpack(item, arrays) for item in items]
        case {"tuple": items}:
            return tuple(_unpack(item, arrays) for item in items)
        case {"array": name, "bfloat16": brain}:
            return arrays[name].view(as_dtype("bfloat16")) if brain else arrays[name]
    return value
