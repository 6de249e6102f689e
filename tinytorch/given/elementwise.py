"""Functions of one element at a time: whole numbers and booleans become float32, 16-bit numbers are rounded once."""

from __future__ import annotations

import math

import numpy as np

from tinytorch.core.tensor import in_float32
from tinytorch.given.primitives import of_one

__all__ = [
    "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "log1p", "expm1", "log2", "log10", "exp2",
    "rsqrt", "erf",
]  # fmt: skip

LN2, LN10 = math.log(2), math.log(10)


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.asarray(erf(x), x.dtype)


def _rsqrt(x: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(x)


sin = of_one("sin", in_float32(np.sin), in_float32(lambda g, y, x: g * np.cos(x)))
cos = of_one("cos", in_float32(np.cos), in_float32(lambda g, y, x: -g * np.sin(x)))
tan = of_one("tan", in_float32(np.tan), in_float32(lambda g, y, x: g * (1 + y * y)), "both")
sinh = of_one("sinh", in_float32(np.sinh), in_float32(lambda g, y, x: g * np.cosh(x)))
cosh = of_one("cosh", in_float32(np.cosh), in_float32(lambda g, y, x: g * np.sinh(x)))
asin = of_one("asin", in_float32(np.arcsin), in_float32(lambda g, y, x: g / np.sqrt(1 - x * x)))
acos = of_one("acos", in_float32(np.arccos), in_float32(lambda g, y, x: -g / np.sqrt(1 - x * x)))
atan = of_one("atan", in_float32(np.arctan), in_float32(lambda g, y, x: g / (1 + x * x)))
log1p = of_one("log1p", in_float32(np.log1p), in_float32(lambda g, y, x: g / (1 + x)))
expm1 = of_one("expm1", in_float32(np.expm1), in_float32(lambda g, y, x: g * (y + 1)), "both")
log2 = of_one("log2", in_float32(np.log2), in_float32(lambda g, y, x: g / (x * LN2)))
log10 = of_one("log10", in_float32(np.log10), in_float32(lambda g, y, x: g / (x * LN10)))
exp2 = of_one("exp2", in_float32(np.exp2), in_float32(lambda g, y, x: g * y * LN2), "both")
rsqrt = of_one("rsqrt", in_float32(_rsqrt), in_float32(lambda g, y, x: -0.5 * g * y * y * y), "both")
erf = of_one("erf", in_float32(_erf), in_float32(lambda g, y, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x)))
