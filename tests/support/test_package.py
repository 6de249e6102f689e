"""The modules written by hand know no lesson, and the package offers what an importer would type."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinytorch

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "tinytorch" / "support").rglob("*.py"))


def lessons_imported(source: str) -> Iterator[str]:
    """What a module of tinytorch.support imports of tinytorch outside of tinytorch.support, in functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = {0: "", 1: "tinytorch.support."}.get(node.level, "tinytorch.")
            names = [f"{home}{node.module}"] if node.module else [f"{home}{alias.name}" for alias in node.names]
            names = [f"tinytorch.{alias.name}" for alias in node.names] if names == ["tinytorch"] else names
        else:
            continue
        yield from (name for name in names if (name + ".").startswith("tinytorch.") and not is_support(name))


def is_support(name: str) -> bool:
    return name == "tinytorch.support" or name.startswith("tinytorch.support.")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_written_by_hand_imports_no_lesson(path):
    assert list(lessons_imported(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(("source", "wanted"), [
    ("import numpy\nfrom tinytorch.support.dtypes import is_half", []), ("from .dtypes import is_half", []),
    ("from . import dtypes", []), ("from tinytorch import support", []), ("import tinytorch.support.data", []),
    ("def f():\n    from tinytorch.core.tensor import Tensor", ["tinytorch.core.tensor"]),
    ("import tinytorch.core.layers as layers", ["tinytorch.core.layers"]), ("import tinytorch", ["tinytorch"]),
    ("from tinytorch import Tensor", ["tinytorch.Tensor"]), ("from ..core import tensor", ["tinytorch.core"]),
    ("from .. import core", ["tinytorch.core"]),
])  # fmt: skip
def test_an_import_of_a_lesson_is_found_wherever_it_is(source, wanted):
    assert list(lessons_imported(source)) == wanted


def test_the_package_offers_what_an_importer_would_type():
    given = [name for name, module in tinytorch._MODULE_OF.items() if module.startswith("tinytorch.given.")]
    assert 100 <= len(set(tinytorch.__all__) - set(given)) <= 200
    assert [name for name in tinytorch.__all__ if name in dir(builtins)] == []
    assert [name for name in tinytorch.__all__ if name.startswith("_")] == []
