"""One way to check an operation: value, shape, type and gradient, against float64 NumPy and against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import settings

from tinytorch.core.autograd import pull_back
from tinytorch.core.tensor import Interceptor, Tensor, as_dtype, cast_array, is_half, wrap

torch.set_num_threads(1)

DTYPES = ("float16", "bfloat16", "float32", "float64")
HALVES = ("float16", "bfloat16")
LAYOUTS = ("transposed", "strided", "reversed")
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
STEP, STEP_ERROR = 1e-6, 1e-8  # of central differences in float64, and what they are off by for numbers near 1

properties = settings(max_examples=60, deadline=None, derandomize=True, database=None)

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]


def normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Numbers round 0, of both signs."""
    return rng.normal(size=shape)


def positive(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Numbers from 0.5 to 2.5."""
    return rng.uniform(0.5, 2.5, size=shape)


def apart(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Numbers that differ by 1/4 or more, and by 1/8 from 0, so that no step of a difference crosses a kink."""
    numbers = rng.permutation(np.arange(int(np.prod(shape)))) - np.prod(shape) // 2
    return (numbers.reshape(shape) + 0.5) / 4


def away_from_zero(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Numbers of both signs and of a size from 0.5 to 2.5."""
    return positive(rng, shape) * rng.choice([-1.0, 1.0], size=shape)


@dataclass(frozen=True)
class Operation:
    """How one operation is computed three times: by tinytorch, in float64 by NumPy, and by PyTorch.

    `shapes` holds tuples with a shape for each input; `draw` makes an input's numbers (the last one serves for the
    inputs that are left); `ulps` is how many units in the last place the float32 and float64 results may be off.
    """

    name: str
    primitive: str
    run: Callable[..., Tensor]
    reference: Callable[..., np.ndarray]
    torch: Callable[..., torch.Tensor]
    shapes: tuple[tuple[Shape, ...], ...]
    draw: tuple[Draw, ...] = (normal,)
    ulps: float = 8

    def inputs(self, shapes: tuple[Shape, ...], dtype: str, seed: int = 0) -> list[np.ndarray]:
        """Arrays of these shapes whose numbers `dtype` holds exactly."""
        rng = np.random.default_rng(seed)
        draws = [self.draw[min(i, len(self.draw) - 1)] for i in range(len(shapes))]
        numbers = [draw(rng, shape) for draw, shape in zip(draws, shapes, strict=True)]
        return [cast_array(np.asarray(number), as_dtype(dtype)) for number in numbers]


class Seen(Interceptor):
    """Which primitives ran, and through which a gradient was pulled back."""

    def __init__(self) -> None:
        self.forwards: list[str] = []
        self.backwards: list[str] = []

    def forward(self, primitive, inputs, options):
        self.forwards.append(primitive.name)
        return super().forward(primitive, inputs, options)

    def backward(self, node, gradient):
        self.backwards.append(node.primitive.name)
        before = np.array(gradient)  # a chunk's is known in parts
        shares = pull_back(node, gradient)
        assert np.array_equal(gradient, before), f"the rule of {node.primitive.name} wrote into the incoming gradient"
        return shares


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers in another order in memory: "contiguous", "transposed", "strided" or "reversed"."""
    if layout == "contiguous" or array.ndim == 0:
        return array.copy()
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    if layout == "reversed":
        return np.ascontiguousarray(np.flip(array))[(slice(None, None, -1),) * array.ndim]
    view = np.zeros([2 * n for n in array.shape], dtype=array.dtype)[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def leaf(array: np.ndarray, layout: str = "contiguous") -> Tensor:
    """A tensor that requires a gradient, round an array of that layout."""
    tensor = wrap(laid_out(array, layout))
    tensor.requires_grad = True
    return tensor


def to_torch(array: np.ndarray, dtype: str | None = None) -> torch.Tensor:
    """A PyTorch leaf with the array's numbers, of its type or of `dtype`, that requires a gradient if it can."""
    name = dtype or array.dtype.name
    known = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    made = torch.tensor(np.array(known, order="C")).to(getattr(torch, name))
    return made.requires_grad_() if made.is_floating_point() else made


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A PyTorch tensor's numbers as a NumPy array; bfloat16 as float32."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def assert_close(got: np.ndarray, wanted: np.ndarray, allowed: float, what: str, rounding: float = 0.0) -> None:
    """Raise AssertionError where the shapes differ or `got` is off by more than it may be.

    It may be off by `allowed` times 1 + |wanted|, and by `rounding` times |wanted|.
    """
    got, wanted = np.asarray(got).astype(np.float64), np.asarray(wanted).astype(np.float64)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, wanted {wanted.shape}"
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        off = np.where(same, 0, (np.abs(got - wanted) - rounding * np.abs(wanted)) / (1 + np.abs(wanted)))
    far = f"{what}: off by {np.nanmax(off, initial=0):.3g} (allowed {allowed:.3g})"
    assert (off <= allowed).all(), f"{far}\n{got}\nwanted\n{wanted}"


def central_differences(function: Callable[..., np.ndarray], arrays: list[np.ndarray], weights: np.ndarray):
    """The gradient of the sum of `weights` times `function(*arrays)`, one array for each of the float64 `arrays`."""
    gradients = []
    for array in arrays:
        gradient = np.zeros(array.shape)
        for i in np.ndindex(array.shape):
            here = array[i]
            array[i] = here + STEP
            above = np.array(function(*arrays))
            array[i] = here - STEP
            below = np.array(function(*arrays))
            array[i] = here
            gradient[i] = ((above - below) * weights).sum() / (2 * STEP)
        gradients.append(gradient)
    return gradients


def check(operation: Operation, shapes: tuple[Shape, ...], dtype: str, layout: str = "contiguous") -> None:
    """Raise AssertionError unless the operation agrees with both judges on inputs of these shapes, type and layout."""
    arrays = operation.inputs(shapes, dtype)
    tensors = [leaf(array, layout) for array in arrays]
    with Seen() as seen:
        out = operation.run(*tensors)
        weights = cast_array(np.random.default_rng(1).normal(size=out.shape), out.dtype)
        out.backward(wrap(weights))
    assert operation.primitive in seen.forwards, f"ran {seen.forwards}, wanted {operation.primitive} among them"
    assert operation.primitive in seen.backwards, f"pulled back through {seen.backwards} only"
    for tensor, array in zip(tensors, arrays, strict=True):
        assert np.array_equal(tensor.data, array), "an input has changed"
    eps = max(EPS[dtype], EPS[out.dtype.name])
    _check_value(operation, out, arrays, eps)
    _check_gradients(operation, tensors, arrays, weights, eps)


def _check_value(operation: Operation, out: Tensor, arrays: list[np.ndarray], eps: float) -> None:
    wide = [array.astype(np.float64) for array in arrays]
    within, rounding = (EPS["float32"], eps / 2) if is_half(out.dtype) else (eps, 0.0)  # in float32, rounded once
    assert_close(out.data, operation.reference(*wide), operation.ulps * within, "value against float64", rounding)
    peer = operation.torch(*map(to_torch, arrays))
    assert out.dtype.name == str(peer.dtype).removeprefix("torch."), f"type {out.dtype}, PyTorch's is {peer.dtype}"
    assert_close(out.data, to_numpy(peer), 2 * operation.ulps * eps, "value against PyTorch")


def _check_gradients(operation: Operation, tensors, arrays: list[np.ndarray], weights: np.ndarray, eps: float) -> None:
    peers = [to_torch(array, "float64") for array in arrays]
    peer = operation.torch(*peers)
    peer.backward(to_torch(weights).detach().to(peer.dtype))
    wide = [array.astype(np.float64) for array in arrays]
    differences = central_differences(operation.reference, wide, weights.astype(np.float64))
    for i, (tensor, peer, difference) in enumerate(zip(tensors, peers, differences, strict=True)):
        if peer.grad is None:
            assert tensor.grad is None, f"input {i} has a gradient, PyTorch's has none"
            continue
        assert isinstance(tensor.grad, Tensor), f"input {i} has no gradient"
        assert tensor.grad.dtype == tensor.dtype, f"gradient {i} is {tensor.grad.dtype}, its tensor {tensor.dtype}"
        allowed = 2 * operation.ulps * eps
        assert_close(tensor.grad.data, to_numpy(peer.grad), allowed, f"gradient {i} against PyTorch")
        assert_close(tensor.grad.data, difference, allowed + STEP_ERROR, f"gradient {i} against differences")
