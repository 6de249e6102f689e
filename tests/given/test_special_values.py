"""nan, inf, zeros, equal elements and elements at a bound: numbers and gradients as PyTorch has them, in four types."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinytorch
from tests.given.test_first_hour import array_of
from tinytorch import Tensor

TYPES = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1e-5, "float64": 1e-10}
ARRAYS = {
    "nan and inf": [np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0, -1.0, 2.5],
    "ties": [[1.0, 3.0, 3.0, 2.0], [0.0, 0.0, -1.0, 0.0], [5.0, 5.0, 5.0, 5.0]],
    "bounds": [-0.5, 0.5, 0.0, -0.25, 0.25, 1.5, -1.5],
    "a nan in a row": [[1.0, np.nan, 2.0], [0.0, -1.0, -np.inf], [-np.inf, -np.inf, -np.inf]],
    "large": [1e4, -1e4, 250.0, -250.0, 20.0, -20.0, 21.0],
    "halves": [0.5, 1.5, 2.5, -0.5, -1.5, 0.25, -0.75],
    "several nans": [[np.nan, 2.0, np.nan], [1.0, np.nan, 0.0]], "zeros": [[0.0, 0.0], [0.0, 3.0]],
    "one": 2.5, "one element": [[4.0]], "none": np.zeros((2, 0)),
}  # fmt: skip
CALLS = """
x.clamp(-0.5, 0.5)
x.clamp(min=0.0)
x.clamp(max=0.0)
x.clamp(2.0, -2.0)
torch.clamp(x, min=-x)
torch.minimum(x, -x)
torch.maximum(x, -x)
x.abs()
x.sign()
x.floor()
x.ceil()
x.round()
x.trunc()
torch.div(x, 0.5, rounding_mode="floor")
torch.div(x, 0.5, rounding_mode="trunc")
torch.remainder(x, 1.5)
torch.remainder(x, -1.5)
x.sin()
x.cos()
x.log1p()
x.expm1()
x.log2()
x.reciprocal()
x.rsqrt()
x.erf()
torch.exp2(x)
torch.atan(x)
F.leaky_relu(x)
F.silu(x)
F.softplus(x)
F.softplus(x, beta=3.0, threshold=5.0)
F.elu(x)
F.elu(x, alpha=2.0)
x.amax(-1)
x.amin(-1)
x.max(dim=-1)
x.min(dim=-1)
x.argmax(dim=-1)
x.argmin()
x.median()
torch.median(x, dim=-1)
torch.sort(x, dim=-1, stable=True)
torch.sort(x, dim=-1, descending=True, stable=True)
torch.topk(x, 1, dim=-1).values.detach()
x.var()
x.var(-1)
x.std()
x.std(-1, unbiased=False)
x.var(-1, correction=2)
x.norm()
x.norm(dim=-1)
x.norm(p=1)
x.norm(p=0)
x.norm(p=float("inf"), dim=-1)
x.norm(p=-float("inf"))
x.logsumexp(-1)
x.cumsum(-1)
x.cumprod(-1)
x.prod()
x.prod(-1)
x.isnan()
x.isinf()
x.isfinite()
x.logical_not()
torch.isclose(x, x)
torch.isclose(x, x, equal_nan=True)
x.all()
x.any(-1)
x.masked_fill(x > 0, 7.0)
torch.where(x > 0, x, 0.0)
torch.where(x > 0, 1.0, x)
torch.cat([x.reshape(-1), x.reshape(-1)])
torch.stack([x, x])
x.reshape(-1).gather(0, torch.zeros(3, dtype=torch.int64))
torch.gather(torch.stack([x, x]).reshape(2, -1), 0, torch.zeros(1, x.numel(), dtype=torch.int64))
torch.einsum("i,i->i", x.reshape(-1), x.reshape(-1))
torch.tril(x.reshape(-1, 1))
torch.triu(x.reshape(1, -1), 1)
F.pad(x.reshape(-1), (1, 1), value=float("nan"))
""".strip().splitlines()

# PyTorch divides by the elements where none is 0, so what nan and inf give depends on where they are.
BY_DIVISION = ("x.prod()", "x.prod(-1)", "x.cumprod(-1)")


def run(call: str, library, array: np.ndarray, dtype: str):
    """The call's results as a list, the tensor that it was given, and what was raised in their place."""
    x = library.tensor(array.tolist(), dtype=getattr(library, dtype)).reshape(array.shape).detach().requires_grad_()
    names = {"torch": library, "F": tinytorch.nn.functional if library is tinytorch else torch.nn.functional, "x": x}
    try:
        found = eval(call, names)
        results = list(found) if isinstance(found, tuple) else [found]
        parts = [(part.double() * part.double()).sum() for part in results if part.requires_grad]
        if parts:
            sum(parts[1:], start=parts[0]).backward()
    except (RuntimeError, ValueError, IndexError) as error:
        return None, x, error
    return results, x, None


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", TYPES)
def test_special_values(call, dtype):
    for name, numbers in ARRAYS.items():
        mine, x, refused = run(call, tinytorch, np.array(numbers), dtype)
        theirs, peer, error = run(call, torch, np.array(numbers), dtype)
        assert (refused is None) == (error is None), (name, refused, error)
        if refused is None:
            for got, wanted in zip(mine, theirs, strict=True):
                close(got, wanted, name, dtype)
            if not (call in BY_DIVISION and np.isnan(numbers).any()):
                wanted = torch.zeros_like(peer) if peer.grad is None else peer.grad
                close(Tensor(np.zeros_like(x.data)) if x.grad is None else x.grad, wanted, f"{name}: gradient", dtype)


def close(got: Tensor, wanted: torch.Tensor, name: str, dtype: str) -> None:
    mine, right = got.data, array_of(wanted)
    assert (mine.dtype, mine.shape) == (right.dtype, right.shape), name
    off, wide = TYPES[dtype], right.astype(np.float64)
    assert np.allclose(mine.astype(np.float64), wide, rtol=4 * off, atol=off, equal_nan=True), (name, got, wanted)


@pytest.mark.parametrize("name", ["std", "var"])
def test_equal_numbers_have_no_spread_and_no_gradient(name):
    """A mean that is off by rounding would leave a spread of 1e-18, and a gradient of any size."""
    numbers = np.full((2, 3), 0.024638865)
    ours, theirs = Tensor(numbers, requires_grad=True), torch.tensor(numbers, requires_grad=True)
    mine, right = getattr(ours, name)(-1, correction=0), getattr(theirs, name)(-1, correction=0)
    mine.sum().backward()
    right.sum().backward()
    assert mine.tolist() == right.tolist() == [0.0, 0.0]
    assert ours.grad.tolist() == theirs.grad.tolist() == [[0.0] * 3] * 2
