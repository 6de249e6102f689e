"""What lesson 05 uses and does not teach: the gradient rules that are left, and where a backward pass starts.

A rule is a function `rule(g, y, *inputs, **options)` on arrays: `g` is the gradient with respect to the output `y`. An
input that its operation did not save has a shape and a dtype and no more, such a y is None. tests/operations compares
every rule with finite differences and with PyTorch's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import as_matrices, column_sums, power, rows_of, side_by_side, with_axes
from .forks import held_over_forks
from .images import channel_rows, from_rows
from .large import is_large, kernel
from .tensor_methods import TensorMethods

accumulating = held_over_forks(threading.Lock())  # held while a gradient is added to a leaf's

Array = np.ndarray
Axis = tuple[int, ...] | None


def starting_gradient(tensor: Any, gradient: Any = None) -> np.ndarray:
    """The gradient that a backward pass from `tensor` starts with, in a new array of its shape and type.

    It is `gradient`, or 1 for a single number. Raises RuntimeError where the tensor has no gradient to give or is not a
    single number and there is no `gradient`, ValueError where that has another shape.
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "backward() on a tensor that has no gradient to give: no input with requires_grad=True took part in it, or "
            "detach(), no_grad() or a new Tensor(...) left no record"
        )
    if gradient is None and tensor.size != 1:
        raise RuntimeError(
            f"backward() needs a single number to start from, this tensor has shape {tensor.shape}: reduce it with "
            "mean() or sum(), or pass gradient="
        )
    if gradient is None:
        return np.array(1, tensor.dtype, ndmin=tensor.ndim)
    given = gradient.detach() if isinstance(gradient, TensorMethods) else gradient
    start = np.array(given, dtype=tensor.dtype)
    if start.shape != tensor.shape:
        raise ValueError(f"gradient has shape {start.shape}, the tensor {tensor.shape}: they must be the same")
    return start


def div_to_b(g: Array, y: Array | None, a: Array, b: Array) -> Array:
    """Of a / b, to b; b * b, which might leave the range of the type, is not computed."""
    return -g * (a / b / b)


def pow_to_a(g: Array, y: Array | None, a: Array, b: Array) -> Array:
    """Of a ** b, to a; where b is 0 it is 0, whatever a is."""
    return g * np.where(b == 0, 0, b * power(a, np.where(b == 0, 1, b - 1)))


def pow_to_b(g: Array, y: Array, a: Array, b: Array) -> Array:
    """Of a ** b, to b; where a is 0 it is 0, and -inf times g for a negative b."""
    return g * (y * np.log(np.where(a == 0, np.where(b < 0, 0, 1), a)))


def transpose(g: Array, y: Array | None, x: Any, axes: tuple[int, ...]) -> Array:
    """Of axes in another order: the opposite order."""
    return g.transpose(np.argsort([axis % len(axes) for axis in axes]))


def getitem(g: Array, y: Array | None, x: Any, index: Any) -> Array:
    """Of x[index]: g where the elements came from, added up where one was taken more than once."""
    out = np.zeros(x.shape, dtype=g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, (np.ndarray, list, tuple)) for part in parts):
        np.add.at(out, index, g)
    else:
        out[index] = g  # a slice or a whole number takes nothing twice
    return out


def extreme(g: Array, y: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """Of a maximum or minimum over `axis`: to the elements that equal it, in equal shares where several do."""
    chosen = (x == with_axes(y, axis, keepdims, x.ndim)) | (x != x)  # a nan is the extreme where there is one
    shares = chosen / chosen.sum(axis=axis, keepdims=True).astype(x.dtype)
    return with_axes(g, axis, keepdims, x.ndim) * shares


def linear_rule(g: Array, y: Array | None, x: Array, weight: Array, bias: Array, needs: tuple[bool, ...]) -> list:
    """Of x @ weight + bias: a list of three, in products of two tall matrices, for x of any number of axes."""
    rows = rows_of(g)
    return [
        (rows @ weight.T).reshape(x.shape) if needs[0] else None,
        rows_of(x).T @ rows if needs[1] else None,
        column_sums(rows) if needs[2] else None,
    ]


def softmax(g: Array, y: Array, x: Array, axis: int) -> Array:
    """Of a softmax along `axis`."""
    if is_large(y, g):
        return kernel("softmax_kernels.softmax_gradient")(g, y, axis)
    return y * (g - (g * y).sum(axis=axis, keepdims=True))


def log_softmax(g: Array, y: Array, x: Array, axis: int) -> Array:
    """Of the logarithm of a softmax along `axis`."""
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


def gelu(g: Array, y: Array | None, x: Array, approximate: str) -> Array:
    """Of GELU: Phi(x) + x phi(x), or the derivative of its tanh form."""
    x = np.clip(x, -1e3, 1e3)  # beyond it the derivative is 0 or 1, and x * x might overflow
    if approximate == "tanh":
        squared = x * x
        t = np.tanh(0.7978845608028654 * x * (1 + 0.044715 * squared))
        return g * (0.5 * (1 + t) + 0.3989422804014327 * x * (1 - t * t) * (1 + 0.134145 * squared))
    from scipy.special import ndtr

    return g * (ndtr(x) + x * np.exp(-0.5 * x * x) * 0.3989422804014327)


def layer_norm_rule(
    g: Array, y: Array | None, x: Array, weight: Array, bias: Array, eps: float, needs: tuple[bool, ...]
) -> list:
    """Of layer normalisation along the last axis: a list of three."""
    if is_large(x, g, weight):
        return kernel("norm_kernels.layer_norm_gradients")(g, x, weight, eps)
    unit = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.vecdot(unit, unit)[..., np.newaxis] / x.shape[-1] + eps)
    unit *= inverse
    to_x = _layer_norm_to_x(g * weight, unit, inverse) if needs[0] else None
    return [to_x, column_sums(rows_of(g * unit)), column_sums(rows_of(g))]


def _layer_norm_to_x(g: Array, unit: Array, inverse: Array) -> Array:
    out = g - unit * (np.vecdot(g, unit)[..., np.newaxis] / g.shape[-1])
    out -= g.mean(axis=-1, keepdims=True)
    out *= inverse
    return out


def batch_norm_rule(
    g: Array, y: Array | None, x: Array, weight: Array, bias: Array, *, mean: Array, variance: Array, eps: float,
    training: bool, needs: tuple[bool, ...],
) -> list:  # fmt: skip
    """Of batch normalisation of (N, C, ...): a list of three. In training the moments (C,) are those of x."""
    scale = 1 / np.sqrt(variance + eps)
    rows, unit = channel_rows(g), channel_rows(x) - mean[:, np.newaxis]
    unit *= scale[:, np.newaxis]
    to_weight, to_bias = np.vecdot(rows, unit), rows.sum(axis=1)
    if training:
        unit *= (to_weight / max(unit.shape[1], 1))[:, np.newaxis]
        rows = rows - unit
        rows -= (to_bias / max(unit.shape[1], 1))[:, np.newaxis]
    return [from_rows(rows * (weight * scale)[:, np.newaxis], x.shape), to_weight, to_bias]


def mse_to_prediction(g: Array, y: Array | None, prediction: Array, target: Array) -> Array:
    """Of the mean squared error, to the prediction."""
    return (2 * g / max(prediction.size, 1)) * (prediction - target)


def mse_to_target(g: Array, y: Array | None, prediction: Array, target: Array) -> Array:
    """Of the mean squared error, to the target."""
    return -mse_to_prediction(g, y, prediction, target)


def bce_to_logits(g: Array, y: Array | None, logits: Array, targets: Array) -> Array:
    """Of the binary cross-entropy, to the logits: sigmoid minus target, over the count."""
    small = np.exp(-np.abs(logits))
    return (np.where(logits >= 0, 1, small) / (1 + small) - targets) * (g / max(logits.size, 1))


def bce_to_targets(g: Array, y: Array | None, logits: Array, targets: Array) -> Array:
    """Of the binary cross-entropy, to the targets."""
    return -logits * (g / max(logits.size, 1))


def matmul_rules(to_a: Callable, to_b: Callable) -> tuple[Callable, Callable]:
    """The two rules of a @ b where either may be a vector, from `to_a(g, a, b)` and `to_b(g, a, b)` of matrices.

    A matrix shared by a batch gets its gradient in one product of long matrices: there is no array for each of the
    batch, and within `in_float32` numbers of 16 bits are rounded once.
    """

    def for_a(g: Array, y: Array | None, a: Array, b: Array) -> Array:
        g, a, b = as_matrices(g, a, b)
        return to_a(side_by_side(g), a, side_by_side(b)) if a.ndim == 2 < g.ndim == b.ndim else to_a(g, a, b)

    def for_b(g: Array, y: Array | None, a: Array, b: Array) -> Array:
        g, a, matrix = as_matrices(g, a, b)
        if matrix.ndim == 2 < g.ndim == a.ndim:
            g, a = rows_of(g), rows_of(a)
        gradient = to_b(g, a, matrix)
        return gradient[..., 0] if b.ndim == 1 else gradient

    return for_a, for_b


def given_rules(wide: Callable[[Callable], Callable]) -> dict[str, tuple[Callable | None, ...]]:
    """The rules that lesson 05 does not write out, one for each input, by the name of their operation.

    `wide` is the decorator that lets a rule compute 16-bit numbers in float32.
    """
    return {
        "div": (lambda g, y, a, b: g / b, wide(div_to_b)),
        "reciprocal": (wide(lambda g, y, x: -g * y * y),),
        "pow": (wide(pow_to_a), wide(pow_to_b)),
        "where": (None, lambda g, y, c, a, b: np.where(c, g, 0), lambda g, y, c, a, b: np.where(c, 0, g)),
        "transpose": (transpose,),
        "getitem": (getitem,),
        "max": (wide(extreme),),
        "min": (wide(extreme),),
        "gelu": (wide(gelu),),
        "softmax": (wide(softmax),),
        "log_softmax": (wide(log_softmax),),
        "mse_loss": (wide(mse_to_prediction), wide(mse_to_target)),
        "bce_with_logits": (wide(bce_to_logits), wide(bce_to_targets)),
    }
