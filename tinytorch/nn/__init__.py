"""torch.nn's names: the layers and losses that the lessons build, as in `from tinytorch import nn`.

A Linear's weight is (in_features, out_features) here, PyTorch's the other way round: see `tinytorch.Linear`.
"""

from importlib import import_module
from typing import Any

from tinytorch.support.by_name import namespace

_HOMES = (
    "tinytorch.core.layers", "tinytorch.core.activations", "tinytorch.core.losses", "tinytorch.given.activations",
    "tinytorch.core.embeddings",
    "tinytorch.core.attention",
    "tinytorch.core.convolutions",
    "tinytorch.given.layers", "tinytorch.given.losses",
)  # fmt: skip
_PARTS = ("functional", "init", "utils")
_named, _names = namespace(__name__, _HOMES, lambda name: name[0].isupper())


def __getattr__(name: str) -> Any:
    return import_module(f"{__name__}.{name}") if name in _PARTS else _named(name)


def __dir__() -> list[str]:
    return [*_names(), *_PARTS]
