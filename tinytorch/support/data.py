"""The data sets that stand beside the lessons."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

__all__ = ["dataset", "load_digits"]


def dataset(*parts: str) -> Path:
    """The path of a file in the folder `datasets`, looked for in the current folder, the folders above it, and beside
    the package. FileNotFoundError where it is in none of them.

    >>> dataset("digits", "digits.csv.gz").name
    'digits.csv.gz'
    """
    here, package = Path.cwd(), Path(__file__).resolve().parents[1]
    for folder in (here, *here.parents, package.parent):
        path = folder.joinpath("datasets", *parts)
        if path.exists():
            return path
    name = "/".join(("datasets", *parts))
    raise FileNotFoundError(
        f"{name} is not in {here}, in a folder above it, or beside {package}: start in the folder that holds your "
        "lessons, or copy datasets/ into it from where you got the course")


def load_digits(path: str | os.PathLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """1,797 handwritten digits: images (n, 64), float32 from 0 to 1, and labels (n,), int64 from 0 to 9.

    They are read from `path`, or else from `dataset("digits", "digits.csv.gz")`. Raises ValueError where a line does
    not hold 64 pixels and a label.
    """
    path = dataset("digits", "digits.csv.gz") if path is None else path
    table = np.loadtxt(path, delimiter=",", dtype=np.float32, ndmin=2)
    if table.shape[1] != 65:
        raise ValueError(f"{path}: a line should hold 64 pixels and a label, this file's hold {table.shape[1]} numbers")
    return table[:, :64] / 16, table[:, 64].astype(np.int64)
