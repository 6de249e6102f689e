"""The methods of a Module that follow from what it finds in itself, and those of a layer with nothing in it.

Lesson 03's Module inherits them; it adds `modules()` and `named_parameters()`, and its subclasses `forward(*inputs)`. A
method that PyTorch has and that is missing here is added as a few lines of this kind.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np


class ModuleMethods:
    """Calls, parameters, modes and states, for a class with `modules` and `named_parameters`."""

    training: bool = True  # of the class, until `train` or `eval` sets it: no __init__ has to be called

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; each subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no method forward: it says what the layer computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def parameters(self) -> list[Any]:
        """Every parameter once, in the order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters' numbers, by name: they do not change when training goes on."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def train(self, mode: bool = True) -> Self:
        """Set the mode of this module and of all modules in it; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave training mode: from now on dropout drops nothing."""
        return self.train(False)


class Activation:
    """A layer without parameters, the same in training and in evaluation: a subclass has only `forward(x)`."""

    def __call__(self, x: Any) -> Any: return self.forward(x)
    def parameters(self) -> list[Any]: return []
    def train(self, mode: bool = True) -> Self: return self
    def eval(self) -> Self: return self
    def __repr__(self) -> str: return f"{type(self).__name__}()"
