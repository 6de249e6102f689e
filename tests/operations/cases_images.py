"""The operations of the lesson on convolutions, each computed in float64 by NumPy in another way, and by PyTorch."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F

from tests.operations.check import Operation, apart, normal
from tinytorch.core.convolutions import batch_norm, conv2d, max_pool2d, unfold
from tinytorch.core.tensor import Tensor

STRIDE, PADDING = (1, 2), (1, 0)


def windows64(x, kernel, stride=STRIDE, padding=PADDING, value=0.0):
    """(N, C, rows, columns, kh, kw)."""
    wide = np.pad(x, ((0, 0), (0, 0), *((more, more) for more in padding)), constant_values=value)
    return np.lib.stride_tricks.sliding_window_view(wide, kernel, (2, 3))[:, :, :: stride[0], :: stride[1]]


def unfold64(x):
    parts = windows64(x, (2, 3))
    n, c, rows, columns, *_ = parts.shape
    return parts.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * 6, rows * columns)


def conv64(x, weight, bias=None):
    out = np.einsum("ncrskl,ockl->nors", windows64(x, weight.shape[2:]), weight)
    return out if bias is None else out + bias[:, None, None]


def max64(x):
    return windows64(x, (2, 3), value=-np.inf).max(axis=(4, 5))


def batch_norm64(x, weight, bias):
    axes = (0, *range(2, x.ndim))
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    shape = (-1, *[1] * (x.ndim - 2))
    return (x - mean) / np.sqrt(variance + 1e-5) * weight.reshape(shape) + bias.reshape(shape)


def trained(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return batch_norm(x, None, None, weight, bias, training=True)


IMAGES = ((2, 3, 4, 5), (1, 1, 1, 3), (0, 2, 3, 4))
CONVOLUTIONS = (
    Operation(
        "unfold", "unfold", lambda x: unfold(x, (2, 3), padding=PADDING, stride=STRIDE), unfold64,
        lambda x: F.unfold(x, (2, 3), padding=PADDING, stride=STRIDE), tuple((shape,) for shape in IMAGES),
    ),
    Operation(
        "conv2d", "conv2d", lambda x, w, b: conv2d(x, w, b, STRIDE, PADDING), conv64,
        lambda x, w, b: F.conv2d(x, w, b, STRIDE, PADDING),
        tuple((shape, (2, shape[1], 2, 3), (2,)) for shape in IMAGES), (normal,), ulps=16,
    ),
    Operation(
        "conv2d without bias", "conv2d", lambda x, w: conv2d(x, w, None, STRIDE, PADDING), conv64,
        lambda x, w: F.conv2d(x, w, None, STRIDE, PADDING), (((2, 3, 4, 5), (2, 3, 3, 2)),), (normal,), ulps=16,
    ),
    Operation(
        "max_pool2d", "max_pool2d", lambda x: max_pool2d(x, (2, 3), STRIDE, PADDING), max64,
        lambda x: F.max_pool2d(x, (2, 3), STRIDE, PADDING), tuple((shape,) for shape in IMAGES), (apart,),
    ),
    Operation(
        "batch_norm", "batch_norm", trained, batch_norm64,
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        (((4, 3, 2, 2), (3,), (3,)), ((5, 2), (2,), (2,)), ((3, 2, 4), (2,), (2,))), ulps=32,
    ),
)  # fmt: skip
