"""A PyTorch model's numbers in a model of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinytorch.core.layers import Linear, Module
from tinytorch.support.chains import LayerList

__all__ = ["from_torch"]


def from_torch(model: Module, state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The state of PyTorch's twin of `model` as one of ours: `model.load_state_dict(from_torch(model, state))`.

    A Linear's weight is (out, in) there and (in, out) here: it is transposed, which nothing else would notice where it
    is square. A layer of a Sequential or ModuleList is `0` there and `layers.0` here, and a layer's `torch_names` say
    what else has another name. All the rest keeps its name and its axes. `state` is what PyTorch's `state_dict()`
    gives, or arrays by the same names, and is left as it is.

    Raises ValueError that lists the names that are missing or not expected, and shapes that differ, by PyTorch's names.
    """
    ours = model.saved_tensors()
    theirs = {name: _their_name(model, name) for name in ours}
    turned = {f"{name}.weight".lstrip(".") for name, part in model.named_modules() if isinstance(part, Linear)}
    problems = [f"missing {name}" for name in theirs.values() if name not in state]
    problems += [f"unexpected {name}" for name in state if name not in theirs.values()]
    given = {name: np.asarray(state[theirs[name]]) for name in ours if theirs[name] in state}
    for name, array in given.items():
        wanted = ours[name].shape[::-1] if name in turned else ours[name].shape
        if array.shape != wanted:
            problems.append(f"{theirs[name]} has shape {array.shape}, wanted {wanted}")
    if problems:
        kind = type(model).__name__
        raise ValueError(f"this is not the state of PyTorch's twin of the {kind}: {'; '.join(problems)}")
    return {name: np.array(array.T if name in turned else array, order="C") for name, array in given.items()}


def _their_name(model: Module, name: str) -> str:
    """PyTorch's name of what is `name` here: that of its module's `torch_names`, if there is one, and without the
    `layers` of each Sequential or ModuleList on the way.
    """
    for outer, part in model.named_modules():
        for ours, theirs in part.torch_names.items():
            if name == f"{outer}.{ours}".lstrip("."):
                name = f"{outer}.{theirs}".lstrip(".")
    chains = [outer for outer, part in model.named_modules() if isinstance(part, LayerList)]
    for outer in sorted(chains, key=len, reverse=True):  # the inner ones first, as their names hold those of the outer
        inside = f"{outer}.layers.".lstrip(".")
        if name.startswith(inside):
            name = f"{outer}.".lstrip(".") + name.removeprefix(inside)
    return name
