"""Parameters in groups that have options of their own, and a state that can be saved: what all optimizers share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinytorch.support.dtypes import is_floating
from tinytorch.support.heap import keep_freed_memory
from tinytorch.support.optimizer_options import OFF

keep_freed_memory()  # whoever optimizes asks for the same arrays step after step


@runtime_checkable
class TensorLike(Protocol):
    """What a lesson's Tensor offers here; this module knows no lesson. `_node` is None where nothing computed it."""

    data: np.ndarray
    grad: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    _node: Any


class ParameterGroups:
    """Parameters in groups: dicts with the key "params" and every option, the group's own or that of `defaults`.

    `params` is an iterable of floating Tensors, which become one group, or of groups. What an optimizer remembers
    about a parameter is in `state`, a dict for each. Raises TypeError or ValueError for a parameter or an option that
    does not make sense.
    """

    def __init__(self, params: Any, **defaults: Any):
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Any, dict[str, Any]] = {}
        self._work: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
        for group in _as_groups(params):
            self.add_param_group(group)
        if not any(group["params"] for group in self.param_groups):
            raise ValueError("the list of parameters is empty: a generator can be read only once")

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add a group, as `params` of the constructor may hold them."""
        taken = {id(p) for other in self.param_groups for p in other["params"]}
        group = {**self.defaults, **group, "params": _checked(group["params"], taken)}
        _check_options(group, self.defaults)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients: `p.grad = None`, or 0 where there is one and not `set_to_none`."""
        forget_gradients((p for group in self.param_groups for p in group["params"]), set_to_none)

    def advance(
        self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict, work: tuple[np.ndarray, np.ndarray]
    ) -> None:
        """One step for one parameter: `update`, unless a kind of optimizer does more."""
        self.update(data, gradient, state, group, work)

    def work_for(self, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays like `data` to write into, shared by all parameters of its shape and type."""
        if (key := (data.shape, data.strides, data.dtype)) not in self._work:
            self._work[key] = np.empty_like(data), np.empty_like(data)
        return self._work[key]

    def state_dict(self) -> dict[str, Any]:
        """Options and state, all arrays copied; parameters are numbered from 0 in the order of the groups."""
        number = {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**group, "params": [number[p] for p in group["params"]], "shapes": [p.shape for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": {number[p]: _copied(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on where `saved` was taken, bit for bit. Raises ValueError, and changes nothing, where it is not the state
        of such an optimizer, or its parameters or options do not fit.
        """
        _check_form(saved)
        _check_fit(self.param_groups, saved["param_groups"])
        parameter: dict[int, Any] = {}
        for mine, theirs in zip(self.param_groups, saved["param_groups"], strict=True):
            parameter.update(zip(theirs["params"], mine["params"], strict=True))
            options = {name: value for name, value in theirs.items() if name not in ("params", "shapes")}
            mine.update({name: value for name, value in OFF.items() if name in mine} | options)
        self.state = {parameter[i]: _copied(state) for i, state in saved["state"].items()}


def forget_gradients(parameters: Iterable[Any], set_to_none: bool = True) -> None:
    """Set each `grad` to None, or its numbers to 0."""
    for p in parameters:
        if set_to_none:
            p.grad = None
        elif p.grad is not None:
            p.grad.zero_()


def _as_groups(params: Any) -> list[dict[str, Any]]:
    if isinstance(params, TensorLike):
        raise TypeError("an optimizer wants a list of parameters, got a single Tensor: put it into a list")
    if not isinstance(params, Iterable):
        kind = type(params).__name__
        raise TypeError(f"an optimizer wants a list of parameters, got a {kind}: pass its parameters()")
    given = list(params)
    if not any(isinstance(entry, dict) for entry in given):
        return [{"params": given}]
    for i, group in enumerate(given):
        if not (isinstance(group, dict) and "params" in group):
            raise TypeError(f"group {i} is not a dict with the key 'params': give either parameters or groups of them")
    return given


def _checked(params: Iterable[Any] | Any, taken: set[int]) -> list[Any]:
    """`params` as a list of floating leaf Tensors whose ids are not among `taken`; the ids are added to it."""
    params = [params] if isinstance(params, TensorLike) else list(params)
    for i, p in enumerate(params):
        if not isinstance(p, TensorLike) or not is_floating(p.dtype):
            kind = f"Tensor of {p.dtype}" if isinstance(p, TensorLike) else type(p).__name__
            advice = "pass model.parameters(); whole numbers are a model's buffers, by register_buffer"
            raise TypeError(f"parameter {i} is a {kind}, wanted a floating Tensor: {advice}")
        if p._node is not None:
            raise ValueError(f"parameter {i}, of shape {p.shape}, was computed from other tensors: optimize those")
        if id(p) in taken:
            raise ValueError(f"parameter {i}, of shape {p.shape}, is listed twice: it would be updated twice a step")
        taken.add(id(p))
    return params


def _check_options(group: dict[str, Any], known: Iterable[str]) -> None:
    unknown = group.keys() - set(known) - {"params"}
    if unknown:
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}: this optimizer knows {', '.join(known)}")
    for name in ("lr", "momentum", "weight_decay", "eps"):
        if not group.get(name, 0) >= 0:
            raise ValueError(f"{name} must be 0 or more, got {group[name]}")
    betas = group.get("betas", (0, 0))
    if not (isinstance(betas, (tuple, list)) and len(betas) == 2 and all(0 <= beta < 1 for beta in betas)):
        raise ValueError(f"betas must be two numbers from 0 to below 1, got {betas}")
    if group.get("nesterov") and (group["momentum"] == 0 or group.get("dampening", 0) != 0):
        raise ValueError("nesterov=True looks ahead along the momentum: momentum must be above 0, dampening 0")


def _check_form(saved: Any) -> None:
    groups = saved.get("param_groups") if isinstance(saved, dict) and isinstance(saved.get("state"), dict) else None
    if not isinstance(groups, list) or not all(isinstance(g, dict) and {"params", "shapes"} <= set(g) for g in groups):
        found = f"a dict with the keys {list(saved)}" if isinstance(saved, dict) else f"a {type(saved).__name__}"
        raise ValueError(
            "this is not the state of one of our optimizers: wanted a dict with 'state' and 'param_groups', each group "
            f"with 'params' and 'shapes', got {found:.200}"
        )


def _check_fit(groups: list[dict], saved: list[dict]) -> None:
    mine = [[p.shape for p in group["params"]] for group in groups]
    theirs = [[tuple(shape) for shape in group["shapes"]] for group in saved]
    if mine != theirs:
        raise ValueError(f"the state was saved for parameters of shapes {theirs}, this optimizer has {mine}")
    pairs = zip(groups, saved, strict=True)
    missing = {name for group, other in pairs for name in group.keys() - other.keys() - OFF.keys()}
    if missing:
        raise ValueError(f"the state lacks {', '.join(sorted(missing))}: another kind of optimizer saved it")


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    """The state of one parameter with its arrays copied."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}
