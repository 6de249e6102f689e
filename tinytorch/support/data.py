"""The data sets that stand beside the lessons."""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path

import numpy as np

__all__ = ["dataset", "load_digits", "load_digits20", "load_shakespeare"]

HELD_OUT = ("Macbeth", "The Tempest", "Twelfth Night")


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


def load_digits20(path: str | os.PathLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """5,000 handwritten digits: images (5000, 20, 20), float32 from 0 to 1, and labels (5000,), int64 from 0 to 9.

    They are cut out of the picture at `path`, or else of `dataset("digits20", "digits.png")`, where they are in order:
    500 images of 0 first, 500 of 9 last. Raises ValueError where the picture is not 50 rows of 100 digits.
    """
    from PIL.Image import open as open_picture

    path = dataset("digits20", "digits.png") if path is None else path
    with open_picture(path) as picture:
        pixels = np.asarray(picture)
    if pixels.shape != (1000, 2000):
        raise ValueError(f"{path}: the picture should be of 1000 x 2000 grey pixels, this one is of {pixels.shape}")
    images = pixels.reshape(50, 20, 100, 20).swapaxes(1, 2).reshape(5000, 20, 20)
    return images.astype(np.float32) / 255, np.repeat(np.arange(10), 500)


def load_shakespeare(path: str | os.PathLike | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """The works of Shakespeare, title to text: 39 to train on, and the three plays of HELD_OUT to test on.

    They are read from `path`, or else from `dataset("shakespeare", "shakespeare.json.xz")`; all characters are ASCII.
    Raises ValueError where one of the three plays is missing.

    >>> training, test = load_shakespeare()
    >>> list(test), test["Macbeth"].count("Macbeth")
    (['Macbeth', 'The Tempest', 'Twelfth Night'], 78)
    """
    path = dataset("shakespeare", "shakespeare.json.xz") if path is None else path
    with lzma.open(path, "rt", encoding="utf-8") as file:
        works = json.load(file)
    missing = [title for title in HELD_OUT if title not in works]
    if missing:
        raise ValueError(f"{path}: the plays to test on are missing: {', '.join(missing)}")
    test = {title: works.pop(title) for title in HELD_OUT}
    return works, test
