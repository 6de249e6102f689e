# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 09: Convolutions

> Convolution as one matrix product over the windows of an image, pooling and batch normalisation.

About 5 hours: 12 exercises, some 95 lines to write, and an open question. Needs lessons 01 to 05.
Makes `tinytorch.core.convolutions`: `unfold`, `conv2d`, `Conv2d`, `max_pool2d`, `MaxPool2d`,
`avg_pool2d`, `AvgPool2d`, `batch_norm`, `BatchNorm2d`, `Flatten`.
"""

# %%
#| default_exp core.convolutions

# %%
#| export
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinytorch.core.autograd import gradient_rule, joint_rule
from tinytorch.core.layers import Module, Parameter, uniform_parameter
from tinytorch.core.tensor import Primitive, Tensor, apply, as_tensor, floating, in_float32
from tinytorch.support.arrays import masked
from tinytorch.support.casts import in_one_type
from tinytorch.support.dtypes import is_half
from tinytorch.support.images import checked_pair, one_or_many, padded
from tinytorch.support.module_methods import Activation
from tinytorch.support.validation import check_sizes

# %% [markdown]
r"""
### Exercise: output_length
"""

# %% nbgrader={"solution": true, "grade_id": "output-length"}
#| exporti
def output_length(length: int, kernel: int, stride: int, padding: int) -> int:
    """How many windows of `kernel` numbers, `stride` apart, fit into `length` numbers with `padding`
    more on either side.

    Raises ValueError naming the kernel and the padded length where not one fits.

    >>> output_length(20, 3, 1, 0), output_length(20, 3, 2, 1)
    (18, 10)
    """
    ### BEGIN SOLUTION
    room = length + 2 * padding - kernel
    if room < 0:
        raise ValueError(f"a kernel of {kernel} does not fit into {length + 2 * padding}, which is "
                         f"{length} with a padding of {padding} on either side")
    return room // stride + 1
    ### END SOLUTION

# %%
#| exporti
def images_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) as (C, H, W, N) with its numbers in that order in memory; a copy only where
    they are in another."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0))

def images_first(x: np.ndarray) -> np.ndarray:
    """(C, H, W, N) as (N, C, H, W), a view."""
    return x.transpose(3, 0, 1, 2)

# %% [markdown]
r"""
### Exercise: windows
"""

# %% nbgrader={"solution": true, "grade_id": "windows"}
#| exporti
def windows(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """A view of x, (C, H, W, N), with all its windows: (C, kh, kw, rows, columns, N).

    `view[c, i, j, r, s, n]` is the number at (i, j) in the window at row r and column s, which is
    `x[c, r * stride[0] + i, s * stride[1] + j, n]`.

    >>> windows(np.arange(4.0).reshape(1, 1, 4, 1), (1, 2), (1, 1))[0, 0, :, 0, :, 0]
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    ### BEGIN SOLUTION
    c, h, w, n = x.shape
    size = [output_length(*lengths, 0) for lengths in zip((h, w), kernel, stride)]
    of_c, of_h, of_w, of_n = x.strides
    strides = (of_c, of_h, of_w, of_h * stride[0], of_w * stride[1], of_n)
    return np.lib.stride_tricks.as_strided(x, (c, *kernel, *size, n), strides)
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: unfolded
"""

# %% nbgrader={"solution": true, "grade_id": "unfolded"}
#| exporti
def unfolded(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int],
             padding: tuple[int, int]) -> np.ndarray:
    """(N, C, H, W) as (N, C * kh * kw, rows * columns): a column for each window, in a new array.

    >>> unfolded(np.arange(4.0).reshape(1, 1, 2, 2), (1, 2), (1, 1), (0, 0))
    array([[[0., 2.],
            [1., 3.]]])
    """
    ### BEGIN SOLUTION
    parts = windows(padded(images_last(x), padding), kernel, stride)
    c, kh, kw, rows, columns, n = parts.shape
    return parts.copy().reshape(c * kh * kw, rows * columns, n).transpose(2, 0, 1)
    ### END SOLUTION


UNFOLD = Primitive("unfold", unfolded, "nothing")

# %% [markdown]
r"""
### Exercise: folded
"""

# %% nbgrader={"solution": true, "grade_id": "folded"}
#| exporti
def folded(parts: np.ndarray, size: tuple[int, int], stride: tuple[int, int],
           padding: tuple[int, int]) -> np.ndarray:
    """The numbers of all windows, (C, kh, kw, rows, columns, N), added up where they came from:
    (C, *size, N).

    >>> folded(np.ones((1, 1, 2, 1, 3, 1)), (1, 4), (1, 1), (0, 0)).ravel()
    array([1., 2., 2., 1.])
    """
    ### BEGIN SOLUTION
    c, kh, kw, *_, n = parts.shape
    (h, w), (ph, pw) = size, padding
    out = np.zeros((c, h + 2 * ph, w + 2 * pw, n), parts.dtype)
    places = windows(out, (kh, kw), stride)
    for i, j in np.ndindex(kh, kw):
        places[:, i, j] += parts[:, i, j]
    return out[:, ph:ph + h, pw:pw + w]
    ### END SOLUTION

# %%
#| exporti
@in_float32
def unfold_rule(g, y, x, kernel, stride, padding):
    """The gradient with respect to x, (N, C, H, W), from that of its columns."""
    n, c, h, w = x.shape
    size = [output_length(*one) for one in zip((h, w), kernel, stride, padding)]
    parts = g.transpose(1, 2, 0).reshape(c, *kernel, *size, n)
    return images_first(folded(parts, (h, w), stride, padding))


gradient_rule("unfold", unfold_rule)

# %%
#| exporti
def columns_of(x: Tensor, kernel: Any, stride: Any, padding: Any) -> tuple[Tensor, tuple]:
    """The columns of images (N, C, H, W), and how many rows and columns of windows there are."""
    stride, padding = checked_pair("stride", stride), checked_pair("padding", padding, least=0)
    size = tuple(output_length(*one) for one in zip(x.shape[2:], kernel, stride, padding))
    return apply(UNFOLD, x, kernel=kernel, stride=stride, padding=padding), size

# %%
#| export
@one_or_many
def unfold(input: Any, kernel_size: Any, *, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of images (N, C, H, W) as the columns of a matrix each: (N, C * kh * kw, L).

    A size, a padding and a stride are each a number, or one for rows and one for columns. A single
    image (C, H, W) gives (C * kh * kw, L).
    """
    kernel = checked_pair("kernel_size", kernel_size)
    return columns_of(input, kernel, stride, padding)[0]

# %%
#| exporti
def channel_rows(x: np.ndarray) -> np.ndarray:
    """(N, C, ...) as a matrix with a row for each channel, images last: (C, ... * N)."""
    return np.moveaxis(x, 0, -1).reshape(x.shape[1], x[:, 0].size)

def from_rows(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `channel_rows`: a matrix as (N, C, ...), a view."""
    n, *others = shape
    return np.moveaxis(rows.reshape(*others, n), -1, 0)

# %% [markdown]
r"""
### Exercise: convolved
"""

# %% nbgrader={"solution": true, "grade_id": "convolved"}
#| exporti
@in_float32
def convolved(columns: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *,
              size: tuple[int, int]) -> np.ndarray:
    """weight times columns, plus bias, in one product: (N, O, *size).

    columns is (N, C * kh * kw, L), with L the product of `size`; weight (O, C, kh, kw); bias (O,).

    >>> convolved(np.array([[[1.0, 2.0]]]), np.full((1, 1, 1, 1), 3.0), np.ones(1), size=(1, 2))
    array([[[[4., 7.]]]])
    """
    ### BEGIN SOLUTION
    out = weight.reshape(len(weight), weight[0].size) @ channel_rows(columns)
    if bias is not None:
        out += bias[:, np.newaxis]
    return from_rows(out, (len(columns), len(weight), *size))
    ### END SOLUTION


CONV2D = Primitive("conv2d", in_one_type(convolved))

# %% [markdown]
r"""
### Exercise: conv2d_rule
"""

# %% nbgrader={"solution": true, "grade_id": "conv2d-rule"}
#| exporti
@in_float32
def conv2d_rule(g, y, columns, weight, bias=None, *, size, needs):
    """The gradients with respect to columns, weight and, where there is one, bias: a list, with
    None for what `needs` does not ask for."""
    ### BEGIN SOLUTION
    rows, flat = channel_rows(g), weight.reshape(len(weight), weight[0].size)
    shares = [from_rows(flat.T @ rows, columns.shape) if needs[0] else None,
              (rows @ channel_rows(columns).T).reshape(weight.shape) if needs[1] else None]
    return shares if bias is None else [*shares, rows.sum(axis=1) if needs[2] else None]
    ### END SOLUTION


joint_rule("conv2d", conv2d_rule)

# %%
#| export
@one_or_many
def conv2d(input: Any, weight: Tensor, bias: Tensor | None = None, stride: Any = 1,
           padding: Any = 0) -> Tensor:
    """Images (N, C, H, W), or one (C, H, W), with `weight` (O, C, kh, kw) applied to each window,
    plus `bias` (O,): (N, O, rows, columns).

    Raises ValueError where the shapes do not fit together.
    """
    if weight.ndim != 4 or weight.shape[1] != input.shape[1]:
        raise ValueError(f"conv2d wants a weight of shape (out, {input.shape[1]}, rows, columns) "
                         f"for images of shape {input.shape}, got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"conv2d wants a bias of shape {weight.shape[:1]}, got {bias.shape}")
    columns, size = columns_of(input, weight.shape[2:], stride, padding)
    return apply(CONV2D, columns, weight, *([] if bias is None else [bias]), size=size)

# %% [markdown]
r"""
### Exercise: Conv2d
"""

# %% nbgrader={"solution": true, "grade_id": "conv2d-layer"}
#| export
class Conv2d(Module):
    """A convolution of images (N, in_channels, H, W) with a bias for each of its out_channels.

    `weight` is (out_channels, in_channels, kh, kw) and `bias` (out_channels,) or None. Both are
    drawn uniformly between -1/sqrt(n) and 1/sqrt(n), weight first, where n is how many numbers of
    the image each number of the output depends on.

    >>> Conv2d(1, 4, 3, padding=1)(np.zeros((2, 1, 20, 20))).shape
    (2, 4, 20, 20)
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, bias: bool = True):
        check_sizes(in_channels=in_channels, out_channels=out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = checked_pair("kernel_size", kernel_size)
        self.stride, self.padding = checked_pair("stride", stride), checked_pair("padding", padding, 0)
        ### BEGIN SOLUTION
        bound = (in_channels * self.kernel_size[0] * self.kernel_size[1]) ** -0.5
        self.weight = uniform_parameter(bound, out_channels, in_channels, *self.kernel_size)
        self.bias = uniform_parameter(bound, out_channels) if bias else None
        ### END SOLUTION

    def forward(self, x: Any) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

# %% [markdown]
r"""
### Exercise: max_pooled
"""

# %% nbgrader={"solution": true, "grade_id": "max-pooled"}
#| exporti
def max_pooled(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int],
               padding: tuple[int, int]) -> np.ndarray:
    """The largest number of each window of each channel: (N, C, H, W) to (N, C, rows, columns)."""
    ### BEGIN SOLUTION
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    out = parts[:, 0, 0].copy()
    for i, j in np.ndindex(kernel):
        np.maximum(out, parts[:, i, j], out=out)
    return images_first(out)
    ### END SOLUTION


MAX_POOL = Primitive("max_pool2d", max_pooled, "both")

# %% [markdown]
r"""
### Exercise: winners
"""

# %% nbgrader={"solution": true, "grade_id": "winners"}
#| exporti
def winners(parts: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Which number of each window is the largest: (C, rows, columns, N), counted from 0 row by row.

    parts is (C, kh, kw, rows, columns, N), largest (C, rows, columns, N). Of several that are equal
    it is the first, of several nan the last.
    """
    ### BEGIN SOLUTION
    places = [parts[:, i, j] for i, j in np.ndindex(parts.shape[1:3])]
    number = np.zeros(largest.shape, np.min_scalar_type(len(places)))
    missed = np.ones(largest.shape, bool)
    for place in places[:-1]:
        missed &= place != largest
        number += missed
    if np.isnan(largest).any():
        for k, place in enumerate(places):
            number[np.isnan(place)] = k
    return number
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: max_pool_rule
"""

# %% nbgrader={"solution": true, "grade_id": "max-pool-rule"}
#| exporti
@in_float32
def max_pool_rule(g, y, x, kernel, stride, padding):
    """The gradient with respect to x, (N, C, H, W): g where each window's winner came from."""
    ### BEGIN SOLUTION
    parts = windows(padded(images_last(x), padding, -np.inf), kernel, stride)
    number = winners(parts, images_last(y))
    each = np.arange(parts[0, :, :, 0, 0, 0].size, dtype=number.dtype)
    chosen = number[:, np.newaxis, np.newaxis] == each.reshape(*kernel, 1, 1, 1)
    shares = masked(images_last(g)[:, np.newaxis, np.newaxis], chosen)
    return images_first(folded(shares, x.shape[2:], stride, padding))
    ### END SOLUTION


gradient_rule("max_pool2d", max_pool_rule)

# %%
#| exporti
@in_float32
def avg_pooled(x, kernel, stride, padding):
    """The mean of each window of each channel, padding included."""
    return images_first(windows(padded(images_last(x), padding), kernel, stride).mean(axis=(1, 2)))

@in_float32
def avg_pool_rule(g, y, x, kernel, stride, padding):
    """The gradient with respect to x: an equal share for each number of a window."""
    share = images_last(g)[:, np.newaxis, np.newaxis] / (kernel[0] * kernel[1])
    parts = np.broadcast_to(share, (len(share), *kernel, *share.shape[3:]))
    return images_first(folded(parts, x.shape[2:], stride, padding))


AVG_POOL = Primitive("avg_pool2d", avg_pooled, "nothing")
gradient_rule("avg_pool2d", avg_pool_rule)

# %%
#| exporti
def pooling_options(kernel_size: Any, stride: Any, padding: Any) -> dict[str, tuple[int, int]]:
    """The options of a pooling, as pairs; without a stride the windows stand side by side."""
    kernel, padding = checked_pair("kernel_size", kernel_size), checked_pair("padding", padding, 0)
    if any(2 * more > length for more, length in zip(padding, kernel)):
        raise ValueError(f"padding {padding} is more than half of the kernel, {kernel}")
    stride = checked_pair("stride", kernel if stride is None else stride)
    return {"kernel": kernel, "stride": stride, "padding": padding}

# %%
#| export
@one_or_many
def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The largest number in each window: (N, C, H, W) to (N, C, rows, columns), or without N."""
    return apply(MAX_POOL, input, **pooling_options(kernel_size, stride, padding))

@one_or_many
def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    """The mean of each window, in which padding counts as 0: (N, C, H, W) to (N, C, rows,
    columns), or without N."""
    return apply(AVG_POOL, input, **pooling_options(kernel_size, stride, padding))

# %%
#| export
@dataclass(eq=False)
class MaxPool2d(Activation):
    """The largest number in each window: see `max_pool2d`."""

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    def __post_init__(self): pooling_options(self.kernel_size, self.stride, self.padding)
    def forward(self, x: Any) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding)

# %%
#| export
class AvgPool2d(MaxPool2d):
    """The mean of each window: see `avg_pool2d`."""

    def forward(self, x: Any) -> Tensor:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding)

# %%
#| export
@dataclass(eq=False)
class Flatten(Activation):
    """The axes from `start_dim` to `end_dim` as one: (N, ...) becomes (N, n)."""

    start_dim: int = 1
    end_dim: int = -1
    def forward(self, x: Any) -> Tensor: return as_tensor(x).flatten(self.start_dim, self.end_dim)

# %% [markdown]
r"""
### Exercise: batch_normalized
"""

# %% nbgrader={"solution": true, "grade_id": "batch-normalized"}
#| exporti
@in_float32
def batch_normalized(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, mean: np.ndarray,
                     variance: np.ndarray, eps: float, training: bool) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps) * weight + bias, by channel.

    x is (N, C, ...), and so the result; the others are (C,).
    """
    ### BEGIN SOLUTION
    out = channel_rows(x) - mean[:, np.newaxis]
    out *= (weight / np.sqrt(variance + eps))[:, np.newaxis]
    out += bias[:, np.newaxis]
    return from_rows(out, x.shape)
    ### END SOLUTION


BATCH_NORM = Primitive("batch_norm", in_one_type(batch_normalized))

# %% [markdown]
r"""
### Exercise: batch_norm_rule
"""

# %% nbgrader={"solution": true, "grade_id": "batch-norm-rule"}
#| exporti
@in_float32
def batch_norm_rule(g, y, x, weight, bias, *, mean, variance, eps, training, needs):
    """The gradients with respect to x, weight and bias."""
    ### BEGIN SOLUTION
    scale = 1 / np.sqrt(variance + eps)
    rows, unit = channel_rows(g), channel_rows(x) - mean[:, np.newaxis]
    unit *= scale[:, np.newaxis]
    to_weight, to_bias = np.vecdot(rows, unit), rows.sum(axis=1)
    if training:
        unit *= (to_weight / unit.shape[1])[:, np.newaxis]
        rows = rows - unit
        rows -= (to_bias / unit.shape[1])[:, np.newaxis]
    return [from_rows(rows * (weight * scale)[:, np.newaxis], x.shape), to_weight, to_bias]
    ### END SOLUTION


joint_rule("batch_norm", batch_norm_rule)

# %%
#| exporti
def batch_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of each channel of (N, C, ...): (C,) each; of 16 bits in float32."""
    rows = channel_rows(x.astype(np.float32) if is_half(x.dtype) else x)
    if rows.shape[1] == 1:
        raise ValueError(f"batch_norm in training got one number for each channel, x is {x.shape}: "
                         "a single number has no variance")
    return rows.mean(axis=1), rows.var(axis=1)

# %% [markdown]
r"""
### Exercise: tracked
"""

# %% nbgrader={"solution": true, "grade_id": "tracked"}
#| exporti
def tracked(running: Tensor, value: np.ndarray, momentum: float) -> None:
    """Move `running` towards `value`, both (C,): it becomes (1 - momentum) * running + momentum *
    value, in a new array of its own type. The old array stays as it is.

    >>> mean = Tensor([1.0, 2.0])
    >>> tracked(mean, np.array([11.0, 2.0]), 0.1)
    >>> mean
    Tensor([2., 2.], dtype=float32)
    """
    ### BEGIN SOLUTION
    moved = running.data + momentum * (value - running.data)
    running.data = moved.astype(running.dtype)
    ### END SOLUTION

# %%
#| export
def batch_norm(input: Any, running_mean: Tensor | None, running_var: Tensor | None,
               weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
               momentum: float = 0.1, eps: float = 1e-5) -> Tensor:
    """x, (N, C, ...), with mean 0 and variance 1 in each channel, times weight plus bias, (C,).

    In training by the batch's own mean and variance, towards which the running ones are moved, if
    there are any; else by the running ones. Raises ValueError where they are missing.
    """
    x = floating(input)
    if training:
        mean, variance = batch_moments(x.data)
    elif running_mean is None or running_var is None:
        raise ValueError("batch_norm in evaluation needs running_mean and running_var")
    else:
        mean, variance = running_mean.data, running_var.data
    if training and running_mean is not None:
        n = x.size // x.shape[1]
        tracked(running_mean, mean, momentum), tracked(running_var, variance * (n / (n - 1)), momentum)
    weight = Tensor(np.ones(x.shape[1], x.dtype)) if weight is None else weight
    bias = Tensor(np.zeros(x.shape[1], x.dtype)) if bias is None else bias
    return apply(BATCH_NORM, x, weight, bias, mean=mean, variance=variance, eps=eps,
                 training=training)

# %%
#| export
class BatchNorm2d(Module):
    """Batch normalisation of images (N, num_features, H, W): see `batch_norm`."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        check_sizes(num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, np.float32))
        self.bias = Parameter(np.zeros(num_features, np.float32))
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))
        self.register_buffer("num_batches_tracked", Tensor(np.array(0)))

    def forward(self, x: Any) -> Tensor:
        x = floating(x)
        if x.ndim != 4 or x.shape[1] != self.num_features:
            raise ValueError(f"BatchNorm2d wants images (N, {self.num_features}, H, W), got {x.shape}")
        if self.training:
            self.num_batches_tracked.data = self.num_batches_tracked.data + 1
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias,
                          self.training, self.momentum, self.eps)
