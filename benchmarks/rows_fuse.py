"""fuse: its GELU against the one written by hand, a chain against PyTorch eager and compiled, and half storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.machine import thread_counts, threads
from benchmarks.rows_gelu import SIZES, TOLERANCE, bits, combine, copy, in_float32, shared
from benchmarks.timing import Group, Row, Sides, seconds_of
from tinytorch.core.autograd import RULES
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import fused_gelu, unfused_gelu
from tinytorch.optimization.compilation import compile_kernel, fuse
from tinytorch.support.launch import one_pass

FUSE = Group("fuse", "fuse(unfused_gelu)", "fused_gelu by hand", "one pass over the bytes", goal=1.2)
CHAIN = Group("chain", "residual + 0.5 gelu(x + bias)", "PyTorch eager", "one pass over the bytes")
COMPILED = Group("compiled", "residual + 0.5 gelu(x + bias)", "torch.compile", "one pass over the bytes")
HALF = Group("half", "Kernels in bfloat16", "TinyTorch float32", "one pass over the bytes")
CHAIN_SHAPE = (4096, 1024)


def fuse_rows() -> list[Row]:
    """GELU by the compiler in three sizes and two types; a chain alone and with its gradients; bfloat16 at 16M."""
    sizes = [(size, dtype, n) for n in thread_counts() for size, dtype in product(SIZES, ("float32", "bfloat16"))
             if n == 1 or size != "1k"]
    by_hand = [Row("-".join(["fuse", way, size, *([] if dtype == "float32" else [dtype]), f"{n}t"]), FUSE, n, 1.2,
                   partial(by_hand_sides, way, SIZES[size], dtype))
               for size, dtype, n in sizes for way in ("forward", "backward")]
    chains = [Row(f"{group.name}-{way}-{n}t", group, n, goal if way == "forward" else None,
                  partial(build, way, CHAIN_SHAPE, n))
              for group, goal, build in ((CHAIN, 0.35, chain_sides), (COMPILED, 0.6, compiled_sides))
              for way in ("forward", "gradients") for n in thread_counts()]
    halves = [Row(f"half-{name}-16M-{n}t", HALF, n, None, partial(half_sides, name, SIZES["16M"]))
              for name in HALF_CALLS for n in thread_counts()]
    return by_hand + chains + halves


def by_hand_sides(way: str, elements: int, dtype: str) -> Sides:
    """Our compiler and our hand on the same numbers; gradients by their rules, as the walk asks for them."""
    x, g = (Tensor(numbers(elements, seed), dtype=dtype) for seed in range(2))
    compiled = fuse(unfused_gelu)
    if way == "forward":
        ours, theirs = (lambda: compiled(x).data), (lambda: fused_gelu(x).data)
        floor = partial(one_pass, copy, bits(x.data))
    else:
        ours = partial(RULES["fused"], g.data, None, x.data, program=compiled, needs=[True])
        theirs = partial(RULES["fused_gelu"][0], g.data, None, x.data)
        floor = partial(one_pass, combine, bits(g.data), bits(x.data))

    def agree():
        found = ours()[0] if way == "backward" else ours()
        np.testing.assert_allclose(in_float32(shared(found)), in_float32(shared(theirs())), TOLERANCE[dtype], 1e-5)

    return Sides(ours, theirs, agree, floor)


def numbers(shape: int | tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def our_chain(x: Tensor, bias: Tensor, residual: Tensor) -> Tensor:
    return residual + 0.5 * unfused_gelu(x + bias)


def their_chain(x: torch.Tensor, bias: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
    return residual + 0.5 * F.gelu(x + bias, approximate="tanh")


def chain_sides(way: str, shape: tuple[int, int], count: int, theirs: Callable = their_chain) -> Sides:
    """The fused chain against `theirs`, alone or with the gradients to its three arguments."""
    x, bias, residual, g = numbers(shape, 0), numbers(shape[1], 1), numbers(shape, 2), numbers(shape, 3)
    ours = our_call(fuse(our_chain), way, (x, bias, residual), g)
    theirs = their_call(theirs, way, (x, bias, residual), g)

    def agree():
        for found, wanted in zip(ours(), theirs(), strict=True):
            np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-4, atol=1e-5 * shape[0] ** 0.5)

    def floor():
        one_pass(combine, bits(x), bits(residual))
        if way == "gradients":
            one_pass(combine, bits(g), bits(x))  # dx; the residual's gradient is g once more
            one_pass(copy, bits(g))

    return Sides(ours, theirs, agree, floor)


def our_call(function: Callable, way: str, arrays: Sequence[np.ndarray], g: np.ndarray) -> Callable:
    inputs, start = [Tensor(a, requires_grad=way == "gradients") for a in arrays], Tensor(g)

    def gradients():
        for x in inputs:
            x.grad = None
        function(*inputs).backward(start)
        return [x.grad.data for x in inputs]

    return gradients if way == "gradients" else lambda: [function(*inputs).data]


def their_call(function: Callable, way: str, arrays: Sequence[np.ndarray], g: np.ndarray) -> Callable:
    inputs, start = [torch.from_numpy(a).requires_grad_(way == "gradients") for a in arrays], torch.from_numpy(g)
    if way == "gradients":
        return lambda: torch.autograd.grad(function(*inputs), inputs, start)
    return lambda: [function(*inputs)]


def compiled_sides(
    way: str, shape: tuple[int, int], count: int, compiler: Callable[[Callable], Callable] = torch.compile
) -> Sides:
    """The fused chain against PyTorch's compiler; both compile now, on as many threads as they will run on.

    What each has compiled for other rows is forgotten, but not what it keeps for good: PyTorch's first compilation in a
    process takes many times as long as its next, ours a little longer.
    """
    from torch._inductor.utils import fresh_cache

    torch.compiler.reset()
    compile_kernel.cache_clear()
    with threads(count), fresh_cache():
        sides = chain_sides(way, shape, count, compiler(their_chain))
        return replace(sides, first_calls=(seconds_of(sides.ours), seconds_of(sides.theirs)))


scaled_add = fuse(lambda x, y: x + 0.5 * y)
HALF_CALLS = {
    "add": lambda x, y: scaled_add(x, y).data,
    "gelu-forward": lambda x, y: fused_gelu(x).data,
    "gelu-backward": lambda x, y: RULES["fused_gelu"][0](y.data, None, x.data),
}


def half_sides(name: str, elements: int) -> Sides:
    """One of HALF_CALLS on the same numbers in bfloat16 and in float32: half the bytes, and the conversions on top."""
    arrays = [numbers(elements, seed) for seed in range(2)]
    halves, singles = ([Tensor(a, dtype=dtype) for a in arrays] for dtype in ("bfloat16", "float32"))
    ours, theirs = partial(HALF_CALLS[name], *halves), partial(HALF_CALLS[name], *singles)
    read = [bits(x.data) for x in halves]
    floor = partial(one_pass, copy, read[0]) if name == "gelu-forward" else partial(one_pass, combine, *read)

    def agree():
        np.testing.assert_allclose(in_float32(shared(ours())), theirs(), rtol=0.02, atol=0.02)

    return Sides(ours, theirs, agree, floor)
