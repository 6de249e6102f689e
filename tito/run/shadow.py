"""Files that hide a module from the lessons: Python imports a numpy.py that lies beside them in place of NumPy."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path

from tito.project import Project


def hiding_files(project: Project, folders: Iterable[Path]) -> dict[str, Path]:
    """The .py files of the project's root and of `folders` that are named as a module elsewhere: name to file."""
    homes = [project.root, *folders]
    ours = {os.path.realpath(home) for home in (*homes, "")}
    elsewhere = [entry for entry in sys.path if os.path.realpath(entry) not in ours]
    found = sorted(path for home in homes for path in home.glob("*.py") if path.stem.isidentifier())
    return {path.stem: path for path in found if _is_module(path.stem, elsewhere)}


def _is_module(name: str, folders: list[str]) -> bool:
    """Whether a module `name` lies in `folders`; a folder without `__init__.py` is none."""
    spec = PathFinder.find_spec(name, folders)
    return spec is not None and spec.loader is not None


def hiding_sentence(project: Project, name: str, path: Path) -> str:
    """What a file hides, and what to do."""
    return f"The file {project.relative(path)} hides the module {name}, which lessons import; rename it."


def blamed(project: Project, hiding: dict[str, Path], error: str, text: str, traceback: str) -> str:
    """A sentence for the first of the hiding files that an error (its type, text, traceback) comes from; else empty."""
    for name, path in hiding.items():
        pattern = rf"\b{name}\b" if error in ("ImportError", "ModuleNotFoundError") else rf"module '{name}['.]"
        if str(path) in traceback or re.search(pattern, text):
            return hiding_sentence(project, name, path)
    return ""
