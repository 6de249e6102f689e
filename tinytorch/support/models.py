"""What a profiler asks of a model, of its input and of its loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import numpy as np

__all__ = ["Model", "parameters_of"]


@runtime_checkable
class TensorLike(Protocol):
    """What a lesson's Tensor offers here; this module knows no lesson."""

    shape: tuple[int, ...]
    size: int
    requires_grad: bool
    grad: Any


@runtime_checkable
class Model(Protocol):
    """What can be profiled: called with a Tensor it gives a Tensor, and `parameters()` lists its weights."""

    def __call__(self, x: Any) -> Any: ...
    def parameters(self) -> Iterable[Any]: ...


def parameters_of(model: Model) -> list[Any]:
    """The model's parameters, each once; TypeError for what has no `parameters()`."""
    if not isinstance(model, Model):
        raise TypeError(f"{type(model).__name__} object is not a model: a model can be called, and has parameters()")
    return list({id(p): p for p in model.parameters()}.values())


def clear_gradients(tensors: Iterable[TensorLike]) -> None:
    """Set `.grad` of each tensor to None."""
    for tensor in tensors:
        tensor.grad = None


def sample_array(shape: Sequence[int]) -> np.ndarray:
    """A float32 array of `shape`, of normal numbers that are the same each time.

    ValueError where `shape` is not a tuple or a list of positive whole numbers.
    """
    if not isinstance(shape, (tuple, list)) or not shape or not all(isinstance(n, Integral) and n > 0 for n in shape):
        raise ValueError(f"input_shape is positive whole numbers, the batch included, as (32, 64); got {shape!r}")
    return np.random.default_rng(0).standard_normal(tuple(shape), dtype=np.float32)


def output_of(model: Any, x: TensorLike) -> Any:
    """`model(x)`; TypeError where that is not a Tensor."""
    out = model(x)
    if not isinstance(out, TensorLike):
        raise TypeError(f"the model gave a {type(out).__name__} for an input of shape {x.shape}, wanted a Tensor")
    return out


def check_single(loss: Any) -> None:
    """Raise ValueError where `loss` is not a Tensor with one number."""
    if not isinstance(loss, TensorLike) or loss.size != 1:
        what = f"a Tensor of shape {loss.shape}" if isinstance(loss, TensorLike) else f"a {type(loss).__name__}"
        raise ValueError(f"loss_fn gave {what}, wanted a Tensor with a single number: reduce it with mean() or sum()")


def check_graph(loss: TensorLike) -> None:
    """Raise ValueError where there is no graph behind `loss` to go back through."""
    if not loss.requires_grad:
        raise ValueError("the loss carries no graph, so there is no backward pass: no parameter requires a gradient, "
                         "or detach(), no_grad() or a new Tensor(...) left no record")
