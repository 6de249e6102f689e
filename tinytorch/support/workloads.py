"""What `tito roofline NN` measures of a lesson: calls of its module's functions on arrays that no cache holds."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tinytorch.support.models import sample_array

SIZE = 2048  # rows and columns: 16 MiB of float32
Work = dict[str, Callable[[], Any]]


def work_of(module: ModuleType) -> Work | None:
    """Named calls of the functions of a lesson's `module`; None where it has none that compute by themselves."""
    part = module.__name__.rpartition(".")[2]
    return _OF[part](module, module.Tensor(sample_array((SIZE, SIZE)))) if part in _OF else None


def _tensor(m: ModuleType, x: Any) -> Work:
    y = m.Tensor(sample_array((SIZE, SIZE))) + 1
    return {
        "add": lambda: x + y,
        "mul": lambda: x * y,
        "div": lambda: x / y,
        "exp": lambda: x.exp(),
        "tanh": lambda: x.tanh(),
        "sum": lambda: x.sum(),
        "matmul": lambda: x @ y,
    }


def _activations(m: ModuleType, x: Any) -> Work:
    one = {"relu": m.relu, "sigmoid": m.sigmoid, "tanh": m.tanh, "softmax": m.softmax, "log_softmax": m.log_softmax}
    named = {name: lambda f=f: f(x) for name, f in one.items()}
    return named | {"gelu": lambda: m.gelu(x), "gelu tanh form": lambda: m.gelu(x, "tanh")}


def _layers(m: ModuleType, x: Any) -> Work:
    norm, dropout, linear = m.LayerNorm(SIZE), m.Dropout(0.5), m.Linear(SIZE, SIZE)
    return {
        "Linear": lambda: linear(x),
        "Linear, one row": lambda: linear(x[:1]),
        "LayerNorm": lambda: norm(x),
        "Dropout": lambda: dropout(x),
    }


def _losses(m: ModuleType, x: Any) -> Work:
    targets, classes = (x.data > 0).astype(np.float32), np.arange(SIZE)
    return {
        "mse_loss": lambda: m.mse_loss(x, targets),
        "bce_with_logits": lambda: m.bce_with_logits(x, targets),
        "cross_entropy": lambda: m.cross_entropy(x, classes),
    }


def _acceleration(m: ModuleType, x: Any) -> Work:
    return {
        "add": lambda: x + x.T,
        "unfused_gelu": lambda: m.unfused_gelu(x),
        "fused_gelu": lambda: m.fused_gelu(x),
        "vectorized_matmul": lambda: m.vectorized_matmul(x, x),
    }


def _compilation(m: ModuleType, x: Any) -> Work:
    def chain(x: Any, bias: Any) -> Any:
        return 0.5 * (x + bias).tanh() + x

    bias, fused = m.Tensor(sample_array((SIZE,))), m.fuse(chain)
    return {"0.5 tanh(x + bias) + x": lambda: chain(x, bias), "the same, fused": lambda: fused(x, bias)}


_OF: dict[str, Callable[[ModuleType, Any], Work]] = {
    "tensor": _tensor, "activations": _activations, "layers": _layers, "losses": _losses,
    "acceleration": _acceleration, "compilation": _compilation,
}  # fmt: skip
