"""fused_gelu, forward and backward, against PyTorch's gelu(approximate="tanh"). The output's allocation counts."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.machine import thread_counts
from benchmarks.timing import Group, Row, Sides
from tinytorch.core.autograd import RULES
from tinytorch.core.tensor import Tensor, is_half
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.support.launch import compiled, one_pass

GELU = Group("gelu", "GELU (tanh form), forward and backward", "PyTorch", "one pass over the bytes")
SIZES = {"1k": 1000, "1M": 1 << 20, "16M": 1 << 24}
TOLERANCE = {"float32": 4e-6, "float16": 2**-10, "bfloat16": 2**-7}


def gelu_rows() -> list[Row]:
    """Rows for three sizes in float32, two in the half types, both directions, one and two threads."""
    kinds = [(size, "float32") for size in SIZES]
    kinds += [(size, dtype) for dtype in ("bfloat16", "float16") for size in ("1M", "16M")]
    return [
        Row(name_of(direction, size, dtype, threads), GELU, threads, goal_of(size, dtype, threads),
            partial(gelu_sides, direction, SIZES[size], dtype))
        for (size, dtype), direction, threads in product(kinds, ("forward", "backward"), thread_counts())]


def name_of(direction: str, size: str, dtype: str, threads: int) -> str:
    """gelu-forward-1M-1t; a type other than float32 is named: gelu-forward-1M-bfloat16-1t."""
    return "-".join(["gelu", direction, size, *([] if dtype == "float32" else [dtype]), f"{threads}t"])


def goal_of(size: str, dtype: str, threads: int) -> float | None:
    """The ratio aimed at; none is set for float16, nor for bfloat16 at 1M."""
    goals = {("1k", "float32"): 1.5, ("1M", "float32"): 0.40 if threads == 1 else 0.35, ("16M", "float32"): 0.35,
             ("16M", "bfloat16"): 0.20}
    return goals.get((size, dtype))


def gelu_sides(direction: str, elements: int, dtype: str) -> Sides:
    """Both sides on the same normally distributed numbers; the floor reads and writes as many bytes as we do."""
    rng = np.random.default_rng(0)
    x, g = (Tensor(rng.standard_normal(elements, dtype=np.float32), dtype=dtype) for _ in range(2))
    their_x, their_g = shared(x.data), shared(g.data)
    if direction == "forward":
        ours, theirs = partial(fused_gelu, x), partial(F.gelu, their_x, approximate="tanh")
        floor = partial(one_pass, copy, bits(x.data))
    else:
        (rule,) = RULES["fused_gelu"]
        ours = partial(rule, g.data, None, x.data)
        theirs = partial(torch.ops.aten.gelu_backward, their_g, their_x, approximate="tanh")
        floor = partial(one_pass, combine, bits(g.data), bits(x.data))

    def agree():
        ours_found = ours() if direction == "backward" else ours().data
        np.testing.assert_allclose(in_float32(shared(ours_found)), in_float32(theirs()), TOLERANCE[dtype], 1e-5)

    return Sides(ours, theirs, agree, floor)


def shared(array: np.ndarray) -> torch.Tensor:
    """A torch tensor on the same memory; PyTorch knows no ml_dtypes, so bfloat16 goes as bits."""
    if is_half(array.dtype):
        return torch.from_numpy(array.view(np.int16)).view(getattr(torch, array.dtype.name))
    return torch.from_numpy(array)


def bits(array: np.ndarray) -> np.ndarray:
    """The same memory as whole numbers."""
    return array.view(f"uint{8 * array.itemsize}")


@compiled
def copy(x, out):
    """The least that a forward pass can do: read and write each number."""
    for i in range(x.size):
        out[i] = x[i]


@compiled
def combine(g, x, out):
    """The least that a backward pass can do: read two numbers and write one."""
    for i in range(x.size):
        out[i] = g[i] ^ x[i]


def in_float32(tensor: torch.Tensor) -> np.ndarray:
    return tensor.float().numpy()
