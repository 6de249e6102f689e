"""leaky ReLU, SiLU, softplus and ELU, and their layers; 16-bit numbers are rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinytorch.core.activations import sigmoid
from tinytorch.core.tensor import Tensor, where
from tinytorch.given.elementwise import expm1, log1p
from tinytorch.given.primitives import rounded_once
from tinytorch.support.module_methods import Activation

__all__ = ["leaky_relu", "silu", "softplus", "elu", "LeakyReLU", "SiLU", "Softplus", "ELU"]


@rounded_once
def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """x where it is above 0, and negative_slope * x elsewhere."""
    x = input._floating()
    return where(x > 0, x, x * negative_slope)


@rounded_once
def silu(input: Any) -> Tensor:
    """x * sigmoid(x). Source: arXiv:1702.03118."""
    x = input._floating()
    return x * sigmoid(x)


@rounded_once
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold`."""
    x = input._floating()
    straight = x * beta > threshold
    return where(straight, x, log1p((where(straight, 0.0, x) * beta).exp()) / beta)


@rounded_once
def elu(input: Any, alpha: float = 1.0) -> Tensor:
    """x where it is above 0, and alpha * (exp(x) - 1) elsewhere. Source: arXiv:1511.07289."""
    x = input._floating()
    return where(x > 0, x, expm1(where(x > 0, 0.0, x)) * alpha)


@dataclass(eq=False)
class LeakyReLU(Activation):
    """x where it is above 0, and negative_slope * x elsewhere."""

    negative_slope: float = 0.01
    def forward(self, x: Any) -> Tensor: return leaky_relu(x, self.negative_slope)


class SiLU(Activation):
    """x * sigmoid(x)."""

    def forward(self, x: Any) -> Tensor: return silu(x)


@dataclass(eq=False)
class Softplus(Activation):
    """log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold`."""

    beta: float = 1.0
    threshold: float = 20.0
    def forward(self, x: Any) -> Tensor: return softplus(x, self.beta, self.threshold)


@dataclass(eq=False)
class ELU(Activation):
    """x where it is above 0, and alpha * (exp(x) - 1) elsewhere."""

    alpha: float = 1.0
    def forward(self, x: Any) -> Tensor: return elu(x, self.alpha)
