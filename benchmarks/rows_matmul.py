"""vectorized_matmul against torch.matmul over a grid of shapes, alone and with the two products of its gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from benchmarks.machine import gemm_peak, thread_counts
from benchmarks.timing import Group, Row, Sides
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import vectorized_matmul

MATMUL = Group("matmul", "Matrix products", "PyTorch", "GEMM peak", goal=1.0)
GRADIENTS = Group("matmul-gradients", "Matrix products with both gradients", "PyTorch", "GEMM peak", goal=1.0)
WORST = 1.1  # no row of the grid may be above


@dataclass(frozen=True)
class Product:
    """The shapes of `a @ b`. Where `left` or `right` holds an order of axes, that side is a view permuted so."""

    name: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    left: tuple[int, ...] | None = None
    right: tuple[int, ...] | None = None


GRID = (
    *(Product(f"square-{n}", (n, n), (n, n)) for n in (64, 128, 256, 512, 1024, 2048)),
    Product("tall-4096x64", (4096, 64), (64, 64)),
    Product("tall-16384x32", (16384, 32), (32, 32)),
    Product("wide-64x4096", (64, 64), (64, 4096)),
    Product("inner-4096", (64, 4096), (4096, 64)),
    Product("turned-512", (512, 512), (512, 512), left=(1, 0)),
    Product("btd-8x64x256", (8, 64, 256), (256, 1024)),
    Product("btd-64x16x64", (64, 16, 64), (64, 64)),
    Product("btd-512x1x256", (512, 1, 256), (256, 256)),
    Product("batch-64x32", (64, 32, 32), (64, 32, 32)),
    Product("batch-32x64", (32, 64, 64), (32, 64, 64)),
    Product("batch-256x64", (256, 64, 64), (256, 64, 64)),
    Product("batch-8x256", (8, 256, 256), (8, 256, 256)),
    Product("scores-8x4x64", (8, 4, 64, 64), (8, 4, 64, 64), right=(0, 1, 3, 2)),
    Product("heads-8x64x4", (8, 64, 4, 64), (8, 64, 4, 64), left=(0, 2, 1, 3), right=(0, 2, 3, 1)),
    Product("broadcast-left", (64, 64), (32, 64, 64)),
    Product("broadcast-both", (8, 1, 64, 64), (1, 4, 64, 64)),
    Product("row-1024", (1, 1024), (1024, 1024)),
    Product("column-1024", (1024, 1024), (1024, 1)),
)


def matmul_rows() -> list[Row]:
    """The grid on one and two threads; with gradients on one, without the largest."""
    alone = [Row(f"matmul-{p.name}-{threads}t", MATMUL, threads, WORST, partial(matmul_sides, p, threads))
             for threads in thread_counts() for p in GRID]
    gradients = [Row(f"matmul-gradients-{p.name}-1t", GRADIENTS, 1, WORST, partial(gradient_sides, p, 1))
                 for p in GRID if p.name != "square-2048"]
    return alone + gradients


def operands(p: Product) -> list[np.ndarray]:
    """The two arrays, permuted views where the product asks for them."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape, dtype=np.float32) for shape in (p.a, p.b)]
    return [x if axes is None else x.transpose(axes) for x, axes in zip(arrays, (p.left, p.right), strict=True)]


def both(p: Product, requires_grad: bool) -> tuple[list[Tensor], list[torch.Tensor]]:
    """The operands as tensors of both libraries, of one memory layout."""
    arrays = operands(p)
    theirs = [torch.from_numpy(x).requires_grad_(requires_grad) for x in arrays]
    ours = [Tensor(x, requires_grad=requires_grad) for x in arrays]
    for tensor, x in zip(ours, arrays, strict=True):
        tensor.data = x  # a Tensor made of a view may be laid out anew
    return ours, theirs


def flops(p: Product) -> int:
    a, b = operands(p)
    return 2 * math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2])) * a.shape[-2] * a.shape[-1] * b.shape[-1]


def matmul_sides(p: Product, threads: int) -> Sides:
    """Both sides on the same arrays, nothing recorded."""
    (a, b), (their_a, their_b) = both(p, requires_grad=False)
    ours, theirs = partial(vectorized_matmul, a, b), partial(torch.matmul, their_a, their_b)

    def agree():
        assert_near(ours().data, theirs())

    return Sides(ours, theirs, agree, flops(p) / gemm_peak(threads))


def gradient_sides(p: Product, threads: int) -> Sides:
    """Product and gradients to both sides, of the same arrays and the same gradient of the result."""
    (a, b), (their_a, their_b) = both(p, requires_grad=True)
    their_g = torch.from_numpy(np.random.default_rng(1).standard_normal((their_a @ their_b).shape, dtype=np.float32))
    g = Tensor(their_g.numpy())

    def ours():
        a.grad = b.grad = None
        vectorized_matmul(a, b).backward(g)
        return a.grad, b.grad

    def theirs():
        return torch.autograd.grad(torch.matmul(their_a, their_b), (their_a, their_b), their_g)

    def agree():
        for found, wanted in zip(ours(), theirs(), strict=True):
            assert_near(found.data, wanted)

    return Sides(ours, theirs, agree, 3 * flops(p) / gemm_peak(threads))


def assert_near(found: np.ndarray, wanted: torch.Tensor) -> None:
    """Equal within float32's rounding of long sums: relative to the largest number there is."""
    wanted = wanted.detach().numpy()
    assert found.shape == wanted.shape, f"shape {found.shape} on our side, {wanted.shape} on theirs"
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * max(1.0, float(np.abs(wanted).max())))
