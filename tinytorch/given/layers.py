"""Layers that PyTorch's users put into a network and no lesson builds yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tinytorch.core.layers import Module
from tinytorch.support.chains import LayerList
from tinytorch.support.module_methods import Activation

__all__ = ["Identity", "ModuleList"]


class Identity(Activation):
    """What comes in."""

    def forward(self, x: Any) -> Any: return x


class ModuleList(LayerList, Module):
    """A list of layers for a module's attribute, as in PyTorch; a plain list, whose layers are found too, will do."""

    def __init__(self, modules: Iterable[Callable[[Any], Any]] = ()):
        self.layers: list[Callable[[Any], Any]] = []
        self.extend(modules)
