"""torch.utils' names: `data`, as in `from tinytorch.utils.data import DataLoader`."""

from importlib import import_module
from typing import Any

_PARTS = ("data",)


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no {name!r}: there is {', '.join(_PARTS)}")


def __dir__() -> list[str]:
    return [*_PARTS]
