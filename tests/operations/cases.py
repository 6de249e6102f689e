"""Every operation that has a gradient rule, each with its float64 reference and its counterpart in PyTorch."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import erf

from tests.operations.cases_attention import ATTENTION
from tests.operations.cases_images import CONVOLUTIONS
from tests.operations.check import Operation, apart, away_from_zero, normal, positive
from tinytorch.core.activations import gelu, log_softmax, relu, sigmoid, softmax
from tinytorch.core.embeddings import embedding
from tinytorch.core.layers import LayerNorm, Linear
from tinytorch.core.losses import bce_with_logits, cross_entropy, mse_loss
from tinytorch.core.tensor import Tensor, maximum, where
from tinytorch.optimization.acceleration import fused_gelu, unfused_gelu, vectorized_matmul
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.kernels import fused_cross_entropy

UNARY = tuple((shape,) for shape in [(), (5,), (0,), (3, 4), (2, 0, 3), (2, 3, 4)])
BINARY = (
    ((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((3, 1), (1, 4)), ((), (3,)), ((2, 3), ()), ((), ()),
    ((0, 3), (1, 3)), ((2, 1, 3), (4, 1)), ((1,), (2, 2)),
)  # fmt: skip
ROWS = tuple((shape,) for shape in [(5,), (0, 4), (3, 4), (2, 3, 4), (3, 1)])
PAIRS = tuple((shape, shape) for shape in [(), (5,), (3, 4), (2, 3, 2)])
RESHAPES = (((3, 4), (2, 6)), ((3, 4), (-1,)), ((), (1, 1)), ((1,), ()), ((0, 3), (3, 0)), ((2, 3, 4), (6, -1)))
MATRICES = (
    ((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((3,), (3, 2)), ((4, 3), (3,)),
    ((3,), (3,)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)),
    ((4, 1, 2, 3), (5, 3, 2)), ((1, 1), (1, 1)),
)  # fmt: skip


def elementwise(name, run, reference, peer, draw=normal, shapes=UNARY, ulps=8.0, primitive=None):
    return Operation(name, primitive or name, run, reference, peer, shapes, (draw,), ulps)


def reduction(name, axis, keepdims, shapes, draw=normal):
    """A sum, mean, maximum or minimum over `axis`, as PyTorch writes it (its amax and amin share ties)."""
    peer = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin}[name]
    every = () if name in ("max", "min") else None
    dim = every if axis is None else tuple(axis) if isinstance(axis, list) else axis
    plain = tuple(axis) if isinstance(axis, list) else axis
    return Operation(
        f"{name}, axis={axis}, keepdims={keepdims}", name,
        lambda x: getattr(x, name)(axis=axis, keepdims=keepdims),
        lambda x: np.asarray(getattr(np, name)(x, axis=plain, keepdims=keepdims)),
        lambda x: peer(x, dim=dim, keepdim=keepdims),
        tuple((shape,) for shape in shapes), (draw,), 16,
    )  # fmt: skip


def indexing(name, index, shape):
    """x[index], where the index is made of what both NumPy and PyTorch take."""
    return Operation(
        f"getitem, {name}", "getitem", lambda x: x[index], lambda x: np.asarray(x[index]),
        lambda x: x[_for_torch(index)], ((shape,),),
    )  # fmt: skip


def _for_torch(index):
    if isinstance(index, tuple):
        return tuple(map(_for_torch, index))
    return torch.tensor(index) if isinstance(index, (np.ndarray, list)) else index


def classes(shape):
    """A class index for each row of logits of `shape`."""
    return np.arange(math.prod(shape[:-1])).reshape(shape[:-1]) * 7 % shape[-1]


def cross_entropy64(x, smoothing):
    logs = (x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)))
    rows = logs.reshape(-1, x.shape[-1])
    picked = rows[np.arange(len(rows)), classes(x.shape).reshape(-1)]
    return np.asarray(-(1 - smoothing) * picked.mean() - smoothing * rows.mean())


def lookup(name, ids, shape):
    """The rows of a weight of that shape whose numbers are in `ids`."""
    return Operation(
        f"embedding, {name}", "embedding", lambda w: embedding(ids, w), lambda w: w[ids],
        lambda w: F.embedding(torch.from_numpy(ids), w), ((shape,),),
    )  # fmt: skip


def cross_entropy_of(loss, smoothing):
    return Operation(
        f"{loss.__name__}, label_smoothing={smoothing}", loss.__name__,
        lambda x: loss(x, classes(x.shape), label_smoothing=smoothing),
        lambda x: cross_entropy64(x, smoothing),
        lambda x: F.cross_entropy(
            x.reshape(-1, x.shape[-1]), torch.tensor(classes(tuple(x.shape)).reshape(-1)), label_smoothing=smoothing
        ),
        tuple((shape,) for shape in [(4, 3), (1, 5), (2, 3, 4), (6,), (3, 1)]),
    )  # fmt: skip


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Lesson 03's Linear with these weights."""
    layer = Linear(*weight.shape, bias=bias is not None)
    layer.weight = weight
    if bias is not None:
        layer.bias = bias
    return layer(x)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Lesson 03's LayerNorm with these weights."""
    layer = LayerNorm(weight.shape[0])
    layer.weight, layer.bias = weight, bias
    return layer(x)


def layer_norm64(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def tanh_gelu64(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softmax64(x, axis):
    powers = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=axis, keepdims=True)


ARITHMETIC = (
    elementwise("add", lambda a, b: a + b, np.add, torch.add, shapes=BINARY),
    elementwise("sub", lambda a, b: a - b, np.subtract, torch.sub, shapes=BINARY),
    elementwise("mul", lambda a, b: a * b, np.multiply, torch.mul, shapes=BINARY),
    elementwise("div", lambda a, b: a / b, np.divide, torch.div, away_from_zero, BINARY),
    elementwise("pow", lambda a, b: a**b, np.power, torch.pow, positive, BINARY),
    elementwise("pow, by 3", lambda a: a**3, lambda a: a**3, lambda a: a**3, primitive="pow"),
    elementwise("pow, of 2", lambda a: 2**a, lambda a: 2**a, lambda a: 2**a, primitive="pow"),
    elementwise("maximum", maximum, np.maximum, torch.maximum, shapes=BINARY),
    Operation(
        "where", "where", lambda c, a, b: where(c > 0, a, b), lambda c, a, b: np.where(c > 0, a, b),
        lambda c, a, b: torch.where(c > 0, a, b),
        (((3, 4),) * 3, ((3, 1), (4,), ()), ((), (2,), (2,)), ((2,), (3, 1), (1, 2)), ((0,), (1,), ())),
        (apart, normal),
    ),
    elementwise("neg", lambda x: -x, np.negative, torch.neg),
    elementwise("reciprocal", lambda x: 1 / x, np.reciprocal, lambda x: 1 / x, away_from_zero),
    elementwise("reciprocal, of 4", lambda x: 4 / x, lambda x: 4 / x, lambda x: 4 / x, away_from_zero,
                primitive="reciprocal"),
    elementwise("exp", Tensor.exp, np.exp, torch.exp, ulps=16),
    elementwise("log", Tensor.log, np.log, torch.log, positive),
    elementwise("sqrt", Tensor.sqrt, np.sqrt, torch.sqrt, positive),
    elementwise("tanh", Tensor.tanh, np.tanh, torch.tanh),
)  # fmt: skip

ACTIVATIONS = (
    elementwise("relu", relu, lambda x: np.maximum(x, 0), torch.relu, apart),
    elementwise("sigmoid", sigmoid, lambda x: 1 / (1 + np.exp(-x)), torch.sigmoid),
    elementwise("gelu, exact", gelu, lambda x: x * (1 + erf(x / math.sqrt(2))) / 2, F.gelu, primitive="gelu"),
    elementwise(
        "gelu, tanh", lambda x: gelu(x, "tanh"), tanh_gelu64, lambda x: F.gelu(x, approximate="tanh"), primitive="gelu"
    ),
    elementwise("fused_gelu", fused_gelu, tanh_gelu64, lambda x: F.gelu(x, approximate="tanh"), ulps=12),
    elementwise(
        "fuse, gelu", fuse(unfused_gelu), tanh_gelu64, lambda x: F.gelu(x, approximate="tanh"), ulps=12,
        primitive="fused",
    ),
    elementwise(
        "fuse, two arguments", fuse(lambda a, b: (a + b).tanh() * b), lambda a, b: np.tanh(a + b) * b,
        lambda a, b: torch.tanh(a + b) * b, shapes=BINARY, ulps=16, primitive="fused",
    ),
    elementwise(
        "fuse, exp, log and sqrt", fuse(lambda x: (x.exp() + 1).log() / x.sqrt()),
        lambda x: np.log(np.exp(x) + 1) / np.sqrt(x), lambda x: torch.log(torch.exp(x) + 1) / torch.sqrt(x),
        positive, ulps=16, primitive="fused",
    ),
    *(
        Operation(
            f"{name}, axis={axis}", name, lambda x, f=function, a=axis: f(x, a),
            lambda x, r=reference, a=axis: r(x, a), lambda x, p=peer, a=axis: p(x, dim=a), shapes,
        )
        for name, function, reference, peer in [
            ("softmax", softmax, softmax64, torch.softmax),
            ("log_softmax", log_softmax, lambda x, a: np.log(softmax64(x, a)), torch.log_softmax),
        ]
        for axis, shapes in [(-1, (((),), *ROWS)), (0, (((3, 4),), ((2, 3, 4),))), (1, (((2, 3, 4),),))]
    ),
)  # fmt: skip

REDUCTIONS = (
    *(
        reduction(name, axis, keepdims, [(3, 4), (2, 3, 4)] if axis != [0, -1] else [(2, 3, 4)], draw)
        for name, draw in [("sum", normal), ("mean", normal), ("max", apart), ("min", apart)]
        for axis in [None, 0, -1, [0, -1]]
        for keepdims in [False, True]
    ),
    reduction("sum", None, False, [(), (0,), (0, 3)]),
    reduction("sum", 1, False, [(0, 3), (3, 0)]),
    reduction("mean", None, False, [()]),
    reduction("mean", 1, False, [(0, 3)]),
    reduction("max", None, False, [()]),
    reduction("min", 1, True, [(0, 3)]),
)

SHAPING = (
    *(
        Operation(
            f"reshape to {shape}", "reshape", lambda x, s=shape: x.reshape(*s), lambda x, s=shape: x.reshape(s),
            lambda x, s=shape: x.reshape(s), ((source,),),
        )
        for source, shape in RESHAPES
    ),
    Operation(
        "T", "transpose", lambda x: x.T, np.transpose, lambda x: x.permute(tuple(range(x.ndim))[::-1]), UNARY,
    ),
    Operation(
        "transpose, last two", "transpose", lambda x: x.transpose(), lambda x: np.swapaxes(x, -1, -2),
        lambda x: x.transpose(-1, -2), (((3, 4),), ((2, 3, 4),), ((0, 3),)),
    ),
    Operation(
        "transpose, 0 and 2", "transpose", lambda x: x.transpose(0, 2), lambda x: np.swapaxes(x, 0, 2),
        lambda x: x.transpose(0, 2), (((2, 3, 4),), ((2, 3, 4, 2),)),
    ),
    Operation(
        "permute", "transpose", lambda x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1),
        lambda x: x.permute(2, 0, 1), (((2, 3, 4),), ((2, 0, 4),)),
    ),
    Operation(
        "permute, negative axes", "transpose", lambda x: x.permute(-1, 0, -2), lambda x: x.transpose(-1, 0, -2),
        lambda x: x.permute(-1, 0, -2), (((2, 3, 4),),),
    ),
    indexing("an int", 1, (3, 4)),
    indexing("a negative int", -1, (5,)),
    indexing("a slice", slice(1, 3), (4, 3)),
    indexing("a step", slice(None, None, 2), (5, 2)),
    indexing("ints and slices", (1, slice(None), 2), (2, 3, 4)),
    indexing("None and Ellipsis", (None, ..., 0), (2, 3)),
    indexing("Ellipsis alone", ..., (2, 3)),
    indexing("nothing", slice(0, 0), (4, 3)),
    indexing("an int array with repeats", np.array([0, 2, 0, 0]), (3, 2)),
    indexing("a list", [1, 1], (3, 2)),
    indexing("two int arrays", (np.array([0, 1, 0]), np.array([2, 2, 2])), (2, 3)),
    indexing("an int array and a slice", (slice(None), np.array([0, 0, 2])), (2, 3)),
    indexing("an int array of two axes", np.array([[0, 1], [1, 1]]), (3, 2)),
    indexing("a negative index twice", np.array([-1, 2]), (3,)),
    indexing("a mask", np.array([True, False, True]), (3, 2)),
    indexing("a mask of all axes", np.eye(3, dtype=bool), (3, 3)),
    indexing("an empty mask", np.zeros(3, dtype=bool), (3, 2)),
    indexing("a mask and an int", (np.array([True, False, True]), 1), (3, 2)),
    lookup("repeats", np.array([0, 2, 0, 0]), (3, 2)),
    lookup("two axes", np.array([[0, 1], [1, 1]]), (4, 3)),
    lookup("three axes, 32 bits", np.array([[[3], [0]]], np.int32), (4, 1)),
    lookup("a single number", np.array(2), (3, 4)),
    lookup("no numbers", np.zeros((0, 2), np.int64), (3, 2)),
)  # fmt: skip

PRODUCTS = (
    Operation("matmul", "matmul", lambda a, b: a @ b, np.matmul, torch.matmul, MATRICES, ulps=16),
    Operation(
        "linear without bias", "matmul", linear, np.matmul, lambda x, w: F.linear(x, w.T),
        (((5, 3), (3, 4)), ((2, 5, 3), (3, 4))), ulps=16,
    ),
    Operation(
        "vectorized_matmul", "vectorized_matmul", vectorized_matmul, np.matmul, torch.matmul,
        tuple(pair for pair in MATRICES if min(map(len, pair)) > 1), ulps=16,
    ),
    Operation(
        "linear", "linear", linear, lambda x, w, b: x @ w + b, lambda x, w, b: F.linear(x, w.T, b),
        tuple((x, (x[-1], 4), (4,)) for x in [(5, 3), (2, 5, 3), (3,), (0, 3), (5, 1)]), ulps=16,
    ),
    Operation(
        "layer_norm", "layer_norm", layer_norm, layer_norm64, lambda x, w, b: F.layer_norm(x, w.shape, w, b),
        (((5, 4), (4,), (4,)), ((2, 3, 4), (4,), (4,)), ((4,), (4,), (4,)), ((0, 4), (4,), (4,))), ulps=32,
    ),
)  # fmt: skip

LOSSES = (
    Operation(
        "mse_loss", "mse_loss", mse_loss, lambda p, t: np.asarray(((p - t) ** 2).mean()), F.mse_loss, PAIRS,
    ),
    Operation(
        "bce_with_logits", "bce_with_logits", bce_with_logits,
        lambda x, t: np.asarray((np.logaddexp(0, x) - x * t).mean()), F.binary_cross_entropy_with_logits, PAIRS,
        (normal, lambda rng, shape: rng.uniform(size=shape)),
    ),
    *[cross_entropy_of(loss, smoothing) for loss in (cross_entropy, fused_cross_entropy)
      for smoothing in (0.0, 0.1, 1.0)],
)  # fmt: skip

CASTS = tuple(
    Operation(
        f"astype, {dtype}", "astype", lambda x, d=dtype: x.astype(d), lambda x: x,
        lambda x, d=dtype: x.to(getattr(torch, d)), (((3, 4),), ((),), ((0,),)),
    )
    for dtype in ("float16", "bfloat16", "float32", "float64")
)  # fmt: skip

OPERATIONS = (*ARITHMETIC, *ACTIVATIONS, *REDUCTIONS, *SHAPING, *PRODUCTS, *LOSSES, *CONVOLUTIONS, *ATTENTION)
