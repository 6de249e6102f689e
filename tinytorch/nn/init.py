"""torch.nn.init's names: fill a parameter with new numbers, in place; each returns the parameter.

A weight is (in, out) here, as Linear's is; PyTorch's is (out, in). A convolution's is (out, in, rows, columns) in both.
"""

from __future__ import annotations

import math
from typing import Any

from tinytorch.support.by_name import offered


def constant_(tensor: Any, val: float) -> Any:
    """Every element `val`."""
    with offered("no_grad")():
        return tensor.fill_(val)


def zeros_(tensor: Any) -> Any:
    """Every element 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    """Every element 1."""
    return constant_(tensor, 1.0)


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Uniform from `a` to `b`."""
    with offered("no_grad")():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Normal, with this mean and standard deviation."""
    with offered("no_grad")():
        return tensor.normal_(mean, std, generator=generator)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Uniform with variance 2 gain^2 / (in + out). Source: Glorot and Bengio (2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Normal with variance 2 gain^2 / (in + out)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Any, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """Uniform with variance gain^2 / in, or / out with mode="fan_out". Source: He and others, arXiv:1502.01852."""
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    """Normal with variance gain^2 / in, or / out with mode="fan_out"."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much larger the weights are before a non-linearity, so that what comes after it has the same variance."""
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope**2)), "selu": 0.75,
    }  # fmt: skip
    if nonlinearity not in gains:
        raise ValueError(f"there is no gain for {nonlinearity!r}: there are {', '.join(gains)}")
    return gains[nonlinearity]


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode must be "fan_in" or "fan_out", got {mode!r}')
    fan = dict(zip(("fan_in", "fan_out"), _fans(tensor), strict=True))[mode]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _fans(tensor: Any) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError(f"a weight of shape (in, out) is wanted, got {tensor.shape}")
    if tensor.ndim == 2:
        return tensor.shape
    to, of, *window = tensor.shape
    return of * math.prod(window), to * math.prod(window)
