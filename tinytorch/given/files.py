"""PyTorch's two functions for files, with the checkpoints of `tinytorch.write_checkpoint` underneath."""

from __future__ import annotations

import os
from typing import Any

from tinytorch.support.checkpoint import read_checkpoint, write_checkpoint

__all__ = ["save", "load"]


def save(obj: Any, f: str | os.PathLike) -> None:
    """Write a state, such as `model.state_dict()` or a dict of several, to the file `f`, whole or not at all.

    It may hold dicts, lists, tuples, numbers, text and arrays; TypeError for anything else, a model or a tensor too.
    """
    write_checkpoint(f, obj)


def load(f: str | os.PathLike) -> Any:
    """What `save` wrote to the file `f`; no code of the file's is run.

    ValueError for a file that is damaged, or PyTorch's: `from_torch` takes over a state that PyTorch has loaded.
    """
    return read_checkpoint(f)
