"""What lesson 09's convolutions use and do not teach: arguments that come in pairs, borders, and single images."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any

import numpy as np

from tinytorch.support.by_name import offered
from tinytorch.support.dtypes import is_half
from tinytorch.support.quiet import quiet

Pair = tuple[int, int]


def checked_pair(name: str, given: Any, least: int = 1) -> Pair:
    """One number for rows and columns, or one for each, as two; ValueError naming the argument for anything else.

    >>> checked_pair("stride", 2), checked_pair("padding", (0, 1), least=0)
    ((2, 2), (0, 1))
    """
    found = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    found = found * 2 if len(found) == 1 else found
    if len(found) != 2 or not all(isinstance(n, Integral) and n >= least for n in found):
        wanted = f"a whole number of at least {least}, or two of them, for rows and for columns"
        raise ValueError(f"{name} must be {wanted}, got {given!r}")
    return int(found[0]), int(found[1])


def padded(x: np.ndarray, padding: Pair, value: float = 0.0) -> np.ndarray:
    """(C, H, W, N) with `padding` more rows, and columns, of `value` on either side; itself where there are none.

    >>> padded(np.ones((1, 1, 1, 1)), (0, 1)).ravel()
    array([0., 1., 0.])
    """
    rows, columns = padding
    if rows == columns == 0:
        return x
    c, h, w, n = x.shape
    out = np.full((c, h + 2 * rows, w + 2 * columns, n), value, x.dtype)
    out[:, rows : rows + h, columns : columns + w] = x
    return out


def one_or_many(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of images (N, C, H, W) take a single one, (C, H, W), and give its result without N.

    Its first argument becomes a floating tensor. ValueError for any other number of axes.
    """

    @wraps(function)
    def either(input: Any, *inputs: Any, **options: Any) -> Any:
        x = offered("as_tensor")(input)._floating()
        if x.ndim not in (3, 4):
            words = "wants images (N, C, H, W), or one (C, H, W)"
            raise ValueError(f"{function.__name__} {words}, got shape {x.shape}")
        if x.ndim == 4:
            return function(x, *inputs, **options)
        out = function(x.reshape(1, *x.shape), *inputs, **options)
        return out.reshape(*out.shape[1:])

    return either


def unless_empty(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of a batch give an empty batch back as it is: there is nothing to compute a mean of.

    The others it computes without NumPy's warnings of inf and nan, as every operation is.
    """
    computed = quiet(function)

    @wraps(function)
    def either(input: Any, *inputs: Any, **options: Any) -> Any:
        x = offered("as_tensor")(input)
        return computed(x, *inputs, **options) if x.size else x._floating()

    return either


def output_length(length: int, kernel: int, stride: int, padding: int) -> int:
    """How many windows of `kernel`, each `stride` after the one before it, fit into `length` with a border.

    The border is `padding` wide on either side. Raises ValueError where not even one window fits.

    >>> output_length(20, 3, 1, 0), output_length(20, 3, 2, 1)
    (18, 10)
    """
    room = length + 2 * padding
    if kernel > room:
        raise ValueError(f"a kernel of {kernel} does not fit into {room}, the length {length} with a padding of "
                         f"{padding} on either side")
    return (room - kernel) // stride + 1


def output_size(shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """How many rows, and columns, of windows there are in images of `shape`, (N, C, H, W)."""
    rows, columns = map(output_length, shape[2:], kernel, stride, padding)
    return rows, columns


def window_options(kernel_size: Any, stride: Any, padding: Any) -> dict[str, Pair]:
    """The options of an unfolding, as pairs."""
    return {"kernel": checked_pair("kernel_size", kernel_size), "stride": checked_pair("stride", stride),
            "padding": checked_pair("padding", padding, least=0)}


def pooling_options(kernel_size: Any, stride: Any, padding: Any) -> dict[str, Pair]:
    """The options of a pooling as pairs; without a stride the windows stand side by side.

    Raises ValueError for a padding of more than half the kernel, whose windows might hold no number at all.
    """
    options = window_options(kernel_size, kernel_size if stride is None else stride, padding)
    if any(2 * more > length for more, length in zip(options["padding"], options["kernel"], strict=True)):
        raise ValueError(f"padding must be at most half of the kernel {options['kernel']}, got {padding!r}")
    return options


def check_convolution(images: tuple[int, ...], weight: tuple[int, ...], bias: tuple[int, ...] | None) -> None:
    """Raise ValueError where the shapes of images, kernels and bias do not fit each other."""
    if len(weight) != 4 or weight[1] != images[1]:
        raise ValueError(f"conv2d of images {images} wants a weight of shape (out, {images[1]}, rows, columns), "
                         f"got {weight}")
    if bias is not None and bias != weight[:1]:
        raise ValueError(f"conv2d with weight {weight} wants a bias of shape {weight[:1]}, got {bias}")


def images_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (C, H, W, N), in that order in memory: a copy only where it was in another.

    >>> images_last(np.zeros((5, 1, 2, 3))).shape
    (1, 2, 3, 5)
    """
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0))


def images_first(x: np.ndarray) -> np.ndarray:
    """(C, H, W, N) as (N, C, H, W), a view.

    >>> images_first(np.zeros((1, 2, 3, 5))).shape
    (5, 1, 2, 3)
    """
    return x.transpose(3, 0, 1, 2)


def channel_rows(x: np.ndarray) -> np.ndarray:
    """(N, C, ...) as a matrix with a row for each channel, the images last: (C, ... * N).

    >>> channel_rows(np.arange(4).reshape(2, 2, 1))
    array([[0, 2],
           [1, 3]])
    """
    return np.moveaxis(x, 0, -1).reshape(x.shape[1], x[:, 0].size)


def from_rows(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The matrix `channel_rows(x)` as x, of `shape` (N, C, ...): a view.

    >>> from_rows(np.arange(4).reshape(2, 2), (2, 2, 1))[:, :, 0]
    array([[0, 2],
           [1, 3]])
    """
    n, *others = shape
    return np.moveaxis(rows.reshape(*others, n), -1, 0)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance (over n) of each channel of (N, C, ...): two arrays (C,), float32 for 16-bit numbers.

    Raises ValueError where a channel has only one number.
    """
    rows = channel_rows(x.astype(np.float32) if is_half(x.dtype) else x)
    if rows.shape[1] == 1:
        raise ValueError(f"a batch of shape {x.shape} has one number for each channel, and one number has no variance")
    return rows.mean(axis=1), rows.var(axis=1)


def convolution_text(layer: Any) -> str:
    """What stands between the brackets of a Conv2d's `repr`, as in PyTorch."""
    padding = "" if layer.padding == (0, 0) else f", padding={layer.padding}"
    bias = ", bias=False" if layer.bias is None else ""
    sizes = f"{layer.in_channels}, {layer.out_channels}, kernel_size={layer.kernel_size}, stride={layer.stride}"
    return f"{sizes}{padding}{bias}"


def check_batch(x: Any, channels: int) -> None:
    """Raise ValueError for a batch that is not (N, channels, H, W)."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"BatchNorm2d wants images (N, {channels}, H, W), got shape {x.shape}")
