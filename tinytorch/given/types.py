"""PyTorch's names of number types, such as `tinytorch.float32`, of the device, and of a few numbers.

`bfloat16` is looked up when it is asked for, as ml_dtypes takes a while to load.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.support.devices import Device
from tinytorch.support.dtypes import as_dtype

__all__ = [
    "float16", "half", "bfloat16", "float32", "float", "float64", "double", "uint8", "int8", "int16", "short", "int32",
    "int", "int64", "long", "bool", "device", "inf", "nan", "pi",
]  # fmt: skip

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8, int8 = np.dtype(np.uint8), np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)
bfloat16: np.dtype
device = Device
inf, nan, pi = math.inf, math.nan, math.pi


def __getattr__(name: str) -> Any:
    if name == "bfloat16":
        return as_dtype("bfloat16")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
