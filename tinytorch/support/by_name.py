"""What the package offers, looked up by name when it is used: what stands here imports no lesson.

In a student's folder a name whose lesson is not complete raises the ImportError that says which lesson to complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def offered(name: str) -> Any:
    """What `tinytorch` calls `name`; AttributeError for nothing, ImportError before its lesson is complete."""
    return getattr(import_module("tinytorch"), name)


def method(name: str) -> Callable[..., Any]:
    """A method that calls the function `name` of the package with the tensor as its first argument."""

    def forwarded(self: Any, *inputs: Any, **options: Any) -> Any:
        return offered(name)(self, *inputs, **options)

    forwarded.__name__ = name
    forwarded.__doc__ = f"See `tinytorch.{name}`, whose first argument is this tensor."
    return forwarded


def namespace(
    module: str, homes: tuple[str, ...], wanted: Callable[[str], bool], instead: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module with PyTorch's name that gives names of ours.

    They are the names that are `wanted` of the modules `homes`. Any other name raises AttributeError, with what
    `instead` says of it or else with the names that there are.
    """

    def names() -> list[str]:
        exports = offered("_EXPORTS")
        return sorted(name for home in homes for name in exports.get(home, ()) if wanted(name))

    def get(name: str) -> Any:
        if name in names():
            return offered(name)
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        words = (instead or {}).get(name, f"there are {', '.join(names())}")
        raise AttributeError(f"module {module!r} has no {name!r}: {words}")

    return get, names
