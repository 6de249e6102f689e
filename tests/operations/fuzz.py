"""Random programs of tensor operations, run by us and by PyTorch: values, types, shapes and gradients must agree.

`python -m tests.operations.fuzz 2000` runs that many seeds of each kind from 0 on; `--start N` begins elsewhere. A seed
whose results differ is printed with its program.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import tinytorch
from tinytorch.core.activations import gelu, log_softmax, relu, sigmoid, softmax
from tinytorch.core.layers import layer_norm
from tinytorch.core.tensor import Tensor, maximum, no_grad, where
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.precision import autocast

T, F = torch, torch.nn.functional
Pair = tuple[Tensor, torch.Tensor]
SHAPES = [(), (1,), (3,), (2, 3), (1, 3), (2, 1), (4, 2, 3), (4, 1, 3), (1, 2, 1), (0, 3)]

# Each operation as ours and as PyTorch's. The numbers stay of middling size, so that errors do not grow.
UNARY: dict[str, tuple[Callable, Callable]] = {
    "tanh": (Tensor.tanh, T.tanh), "exp of tanh": (lambda x: x.tanh().exp(), lambda x: x.tanh().exp()),
    "sigmoid": (sigmoid, T.sigmoid), "relu": (relu, T.relu), "neg": (lambda x: -x, lambda x: -x),
    "gelu": (lambda x: gelu(x, "tanh"), lambda x: F.gelu(x, approximate="tanh")),
    "root": (lambda x: (x * x + 1).sqrt(), lambda x: (x * x + 1).sqrt()),
    "log": (lambda x: (x * x + 1).log(), lambda x: (x * x + 1).log()), "cube": (lambda x: x**3, lambda x: x**3),
    "1 - x": (lambda x: 1 - x, lambda x: 1 - x), "x / 3": (lambda x: x / 3, lambda x: x / 3),
    "2 ** tanh x": (lambda x: 2 ** x.tanh(), lambda x: 2 ** x.tanh()), "detach": (Tensor.detach, T.Tensor.detach),
    "sum": (lambda x: x.sum(), lambda x: x.sum()),
    "T": (lambda x: x.T, lambda x: x.permute(tuple(range(x.ndim)[::-1]))),
    "flat": (lambda x: x.reshape(-1), lambda x: x.reshape(-1)), "x[None]": (lambda x: x[None], lambda x: x[None]),
    "x[..., None]": (lambda x: x[..., None], lambda x: x[..., None]),
}  # fmt: skip
WITH_AXES: dict[str, tuple[Callable, Callable]] = {
    "softmax": (lambda x: softmax(x, axis=-1), lambda x: T.softmax(x, -1)),
    "log_softmax": (lambda x: log_softmax(x, axis=0), lambda x: T.log_softmax(x, 0)),
    "mean(-1)": (lambda x: x.mean(-1), lambda x: x.mean(-1)), "x[::2]": (lambda x: x[::2], lambda x: x[::2]),
    "sum(0, keepdims)": (lambda x: x.sum(0, keepdims=True), lambda x: x.sum(0, keepdim=True)),
    "swapped": (lambda x: x.transpose(0, -1), lambda x: x.transpose(0, -1)),
    "x[..., :2]": (lambda x: x[..., :2], lambda x: x[..., :2]),
    "x[..., -1]": (lambda x: x[..., -1], lambda x: x[..., -1]),
    "max(-1)": (lambda x: x.max(-1), lambda x: x.amax(-1)), "x[[0, 0]]": (lambda x: x[[0, 0]], lambda x: x[[0, 0]]),
    "x[[-1], 0]": (lambda x: x[[-1, 0], ...], lambda x: x[[-1, 0], ...]),
}  # fmt: skip
BINARY: dict[str, tuple[Callable, Callable]] = {
    "add": (lambda a, b: a + b, lambda a, b: a + b), "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b.tanh(), lambda a, b: a * b.tanh()), "maximum": (maximum, T.maximum),
    "div": (lambda a, b: a / (1 + b * b), lambda a, b: a / (1 + b * b)),
    "where": (lambda a, b: where(a > b, a, b * 2), lambda a, b: T.where(a > b, a, b * 2)),
    "product": (lambda a, b: (a @ b.T).tanh(), lambda a, b: (a @ b.T).tanh()),
    "layer_norm": (lambda a, b: layer_norm(a, b[0], b[-1]), lambda a, b: F.layer_norm(a, b.shape[-1:], b[0], b[-1])),
}  # fmt: skip


def alike(function: Callable) -> tuple[Callable, Callable]:
    """What is written in one way for both."""
    return function, function


# What tinytorch.given adds.
UNARY |= {
    "abs": alike(lambda x: x.abs()), "clamp": alike(lambda x: x.clamp(-0.5, 0.5)), "sin": alike(lambda x: x.sin()),
    "masked_fill": alike(lambda x: x.masked_fill(x > 0, 0.3)), "repeat": alike(lambda x: x.flatten().repeat(2)[::2]),
    "silu": (tinytorch.silu, F.silu), "softplus": (tinytorch.softplus, F.softplus), "elu": (tinytorch.elu, F.elu),
    "leaky_relu": (tinytorch.leaky_relu, F.leaky_relu), "norm": alike(lambda x: x.norm()),
    "stack": (lambda x: tinytorch.stack([x, x * 2], -1)[..., 1], lambda x: T.stack([x, x * 2], -1)[..., 1]),
}  # fmt: skip
WITH_AXES |= {
    "std(-1)": alike(lambda x: x.std(-1, correction=0)), "var(0)": alike(lambda x: x.var(0, unbiased=False)),
    "cumsum(0)": alike(lambda x: x.cumsum(0)), "logsumexp(-1)": alike(lambda x: x.logsumexp(-1)),
    "sorted": alike(lambda x: x.sort(-1).values), "max(dim=0)": alike(lambda x: x.max(dim=0).values),
    "a chunk": alike(lambda x: x.chunk(2, -1)[0]), "prod(-1)": alike(lambda x: x.tanh().prod(-1)),
    "cat": (lambda x: tinytorch.cat([x[:1], x], 0), lambda x: T.cat([x[:1], x], 0)),
}  # fmt: skip
BINARY |= {
    "minimum": alike(lambda a, b: a.minimum(b)), "clamp(max=)": alike(lambda a, b: a.clamp(max=b)),
    "einsum": (lambda a, b: tinytorch.einsum("...i,ji->...j", a, b), lambda a, b: T.einsum("...i,ji->...j", a, b)),
}  # fmt: skip


@dataclass
class Program:
    """A pool of pairs of tensors, ours and PyTorch's, and the steps that made them."""

    rng: np.random.Generator
    leaves: list[Pair] = field(default_factory=list)
    pool: list[Pair] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def leaf(self, dtype: str) -> None:
        shape = SHAPES[self.rng.integers(len(SHAPES))]
        numbers = self.rng.normal(size=shape).astype(dtype)
        theirs = torch.tensor(numbers.astype(np.float64)).to(getattr(torch, dtype)).requires_grad_()
        self.leaves.append((Tensor(numbers, requires_grad=True), theirs))
        self.pool.append(self.leaves[-1])
        self.steps.append(f"[{len(self.pool) - 1}] = leaf {shape} {dtype}")

    def step(self) -> None:
        """Apply a random operation to random tensors that fit."""
        ours, theirs = self._any()
        tables = [UNARY, BINARY, *([WITH_AXES] if ours.ndim and 0 not in ours.shape else [])]
        table = tables[self.rng.integers(len(tables))]
        name = list(table)[self.rng.integers(len(table))]
        ours_of, theirs_of = table[name]
        others = [] if table is not BINARY else [self._fitting(name, ours)]
        if None in others:
            return
        quiet = self.rng.random() < 0.05  # an island in which nothing is recorded
        taken = [ours.shape, *(other[0].shape for other in others)]
        self.steps.append(f"[{len(self.pool)}] = {name} of {taken}{', nothing recorded' * quiet}")
        right = theirs_of(theirs, *(other[1] for other in others))
        with no_grad() if quiet else nullcontext(), np.errstate(all="ignore"):
            made = ours_of(ours, *(other[0] for other in others))
        self.pool.append((made, right.detach() if quiet else right))

    def _any(self) -> Pair:
        return self.pool[self.rng.integers(len(self.pool))]

    def _fitting(self, name: str, a: Tensor) -> Pair | None:
        fits = [pair for pair in self.pool if _fits(name, a, pair[0])]
        return fits[self.rng.integers(len(fits))] if fits else None


def _fits(name: str, a: Tensor, b: Tensor) -> bool:
    if name in ("product", "einsum"):
        return a.ndim >= 1 and b.ndim == 2 and a.shape[-1:] == b.shape[-1:] and a.dtype == b.dtype
    if name == "layer_norm":
        return a.ndim >= 1 and b.ndim == 2 and 0 not in b.shape and a.shape[-1:] == b.shape[-1:] and a.dtype == b.dtype
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return name != "maximum" or a.dtype == b.dtype


def differences(program: Program, off: float) -> list[str]:
    """What differs after a backward pass from the sum of all results."""
    found = []
    for number, (ours, theirs) in enumerate(program.pool):
        found += _compared(f"[{number}]", ours, theirs, off)
        if ours.requires_grad != theirs.requires_grad:
            found.append(f"[{number}]: requires_grad is {ours.requires_grad}, wanted {theirs.requires_grad}")
    if found:
        return found
    mine, right = Tensor(0.0, "float64"), torch.zeros((), dtype=torch.float64)
    for ours, theirs in program.pool:
        mine, right = mine + ours.astype("float64").sum(), right + theirs.double().sum()
    with np.errstate(all="ignore"):
        mine.backward()
    right.backward()
    for number, (ours, theirs) in enumerate(program.leaves):
        found += _compared(f"gradient of leaf {number}", ours.grad, theirs.grad, 8 * off)
    return found


def _compared(what: str, ours: Tensor, theirs: torch.Tensor, off: float) -> list[str]:
    dtype = str(theirs.dtype).removeprefix("torch.")
    if (ours.dtype.name, ours.shape) != (dtype, tuple(theirs.shape)):
        return [f"{what}: {ours.dtype.name} {ours.shape}, wanted {dtype} {tuple(theirs.shape)}"]
    mine, right = ours.data.astype(np.float64), theirs.detach().double().numpy()
    size = np.max(np.abs(right), initial=1.0, where=np.isfinite(right))
    same = np.allclose(mine, right, rtol=off, atol=off * size, equal_nan=True)
    return [] if same else [f"{what}: {mine.ravel()[:5]}, wanted {right.ravel()[:5]}"]


def run_exact(seed: int) -> list[str]:
    """A program in float64: broadcasting, views, repeated indices, sums of shares, quiet islands."""
    return _run(seed, ["float64"], 1e-8)


def run_mixed(seed: int) -> list[str]:
    """A program whose leaves have any of the four types: what types come out, and numbers as far as they are exact."""
    return _run(seed, ["float32", "float64", "float16", "bfloat16"], 0.1)


def _run(seed: int, dtypes: list[str], off: float) -> list[str]:
    program = Program(np.random.default_rng(seed))
    for _ in range(3):
        program.leaf(dtypes[program.rng.integers(len(dtypes))])
    for _ in range(program.rng.integers(4, 12)):
        program.step()
    found = differences(program, off)
    return [*program.steps, *found] if found else []


ELEMENTWISE = ["tanh", "sigmoid", "relu", "root", "log", "cube", "1 - x", "x / 3", "neg", "2 ** tanh x"]
PAIRWISE = ["add", "sub", "mul", "maximum", "div", "where"]


def formula(seed: int) -> Callable[..., Tensor]:
    """A random elementwise function of two tensors, the same each time that it is called."""

    def function(a: Tensor, b: Tensor) -> Tensor:
        rng, pool = np.random.default_rng(seed), [a, b]
        for _ in range(rng.integers(3, 8)):
            names = ELEMENTWISE if rng.random() < 0.5 else PAIRWISE
            name, x, y = names[rng.integers(len(names))], *(pool[rng.integers(len(pool))] for _ in range(2))
            pool.append(UNARY[name][0](x) if name in UNARY else BINARY[name][0](x, y))
        return pool[-1] + pool[-2] * a + b

    return function


def run_fused(seed: int) -> list[str]:
    """A random formula, fused and not, on shapes that broadcast: values and gradients."""
    rng, function = np.random.default_rng(seed), formula(seed)
    shapes = [((3, 4), (4,)), ((3, 1), (3, 4)), ((5,), ()), ((2, 3, 4), (3, 4)), ((3, 4), (3, 4))][seed % 5]
    arrays = [rng.normal(size=shape) for shape in shapes]
    results = []
    for run in (function, fuse(function)):
        leaves = [Tensor(array, requires_grad=True) for array in arrays]
        out = run(*leaves)
        (out * Tensor(np.linspace(0.5, 1.5, out.size).reshape(out.shape))).sum().backward()
        results.append([out.data, *(leaf.grad.data for leaf in leaves)])
    pairs = zip(("the value", "the gradient to a", "the gradient to b"), *results, strict=True)
    found = [what for what, plain, fused in pairs if not np.allclose(plain, fused, rtol=1e-9, atol=1e-11)]
    return [f"formula {seed} on {shapes}: {', '.join(found)} differ"] if found else []


def run_autocast(seed: int) -> list[str]:
    """A network under autocast, forward and backward, against itself in float64."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape) / 2 for shape in ((6, 8), (8, 7), (7,), (7, 5))]
    found = {}
    for dtype in ("float64", "float16", "bfloat16"):
        x, w, b, v = leaves = [Tensor(a, "float64" if dtype == "float64" else "float32", True) for a in arrays]
        with autocast("float16" if dtype == "float64" else dtype, enabled=dtype != "float64"):
            out = softmax(gelu(x @ w + b, "tanh") @ v)
            loss = (out * out).sum() if seed % 2 else out.log().mean()
        loss.backward()
        found[dtype] = [loss.data, *(leaf.grad.data for leaf in leaves)]
        if any(leaf.grad.dtype != leaf.dtype for leaf in leaves):
            return [f"seed {seed}, {dtype}: a gradient is not of its leaf's type"]
    off = {"float16": 0.02, "bfloat16": 0.15}
    return [
        f"seed {seed}, {dtype}: {got.ravel()[:4]}, wanted {right.ravel()[:4]}"
        for dtype, share in off.items()
        for got, right in zip(found[dtype], found["float64"], strict=True)
        if np.abs(got - right).max() > share * np.abs(right).max()
    ]


KINDS: dict[str, Callable[[int], list[str]]] = {
    "exact": run_exact, "mixed": run_mixed, "fused": run_fused, "autocast": run_autocast,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    asked: Any = parser.parse_args()
    for kind in asked.kinds:
        wrong = 0
        for seed in range(asked.start, asked.start + asked.seeds):
            if lines := KINDS[kind](seed):
                wrong += 1
                print(f"{kind}, seed {seed}:", *lines, sep="\n  ")
        print(f"{kind}: {asked.seeds} programs, {wrong} differ")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
