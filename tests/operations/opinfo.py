"""PyTorch's own sample inputs (OpInfo), each run by an operation of ours and by PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import torch

from tinytorch.core.activations import gelu, log_softmax, relu, sigmoid, softmax
from tinytorch.core.layers import linear
from tinytorch.core.losses import bce_with_logits, cross_entropy, mse_loss
from tinytorch.core.tensor import Tensor, maximum, where
from tinytorch.given.losses import l1_loss, nll_loss, smooth_l1_loss
from tinytorch.nn import functional

TYPES = {
    torch.float16: "float16", torch.bfloat16: "bfloat16", torch.float32: "float32", torch.float64: "float64",
    torch.bool: "bool", torch.uint8: "uint8", torch.int8: "int8", torch.int16: "int16", torch.int32: "int32",
    torch.int64: "int64",
}  # fmt: skip
# Of the largest number of an array, and of each number: shares that are added up were rounded one by one.
TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-5, "float64": 1e-9}


class NotOffered(Exception):
    """The sample uses an argument that the operation does not have here; the text is its name."""


def only(given: dict[str, Any], **allowed: Any) -> None:
    """Raise NotOffered for an argument that is not at the only value there is here."""
    for name, value in given.items():
        if name not in allowed or value != allowed[name]:
            raise NotOffered(f"{name}=")


def plain(function: Callable) -> Callable:
    """An operation without options."""

    def call(*tensors: Any, **given: Any) -> Tensor:
        only(given)
        return function(*tensors)

    return call


def reduction(method: str) -> Callable:
    def call(x: Tensor, *dims: Any, dim: Any = None, keepdim: bool = False, **given: Any) -> Tensor:
        only(given)
        axis = dims[0] if dims else dim
        return getattr(x, method)(axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdim)

    return call


def along(function: Callable) -> Callable:
    def call(x: Tensor, *dims: Any, dim: Any = None, **given: Any) -> Tensor:
        only(given)
        return function(x, axis=dims[0] if dims else dim)

    return call


def linear_of(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """PyTorch's weight is (out, in), ours (in, out)."""
    return linear(x, weight.T, *([] if bias is None else [bias]))


def loss(function: Callable) -> Callable:
    def call(prediction: Tensor, target: Tensor, **given: Any) -> Tensor:
        if prediction.shape != target.shape:
            raise NotOffered("a loss that broadcasts")
        return function(prediction, target, **given)

    return call


def classes_last(function: Callable) -> Callable:
    """PyTorch has the classes on the second axis."""

    def moved(x: Tensor) -> Tensor:
        return x.permute(0, *range(2, x.ndim), 1) if x.ndim > 2 else x

    def call(x: Tensor, target: Tensor, **given: Any) -> Tensor:
        probabilities = target.shape == x.shape
        return function(moved(x), moved(target) if probabilities else target, **given)

    return call


def convolution_of(x: Tensor, *inputs: Any, stride: Any = 1, padding: Any = 0, **given: Any) -> Tensor:
    only({name: np.max(value) for name, value in given.items()}, dilation=1, groups=1)
    if isinstance(padding, str):
        raise NotOffered("padding as a word")
    return functional.conv2d(x, *inputs, stride=stride, padding=padding)


def avg_pool_of(x: Tensor, kernel: Any, stride: Any = None, padding: Any = 0, *others: Any, **given: Any) -> Tensor:
    named = dict(zip(("ceil_mode", "count_include_pad", "divisor_override"), others, strict=False))
    only({**named, **given}, ceil_mode=False, count_include_pad=True, divisor_override=None)
    return functional.avg_pool2d(x, kernel, None if stride == () else stride, padding)


def getitem_of(x: Tensor, index: Any) -> Tensor:
    return x[index]


OURS: dict[str, Callable] = {
    "add": plain(lambda a, b: a + b), "sub": plain(lambda a, b: a - b), "mul": plain(lambda a, b: a * b),
    "true_divide": plain(lambda a, b: a / b), "pow": plain(lambda a, b: a**b), "__radd__": plain(lambda a, b: b + a),
    "__rsub__": plain(lambda a, b: b - a), "__rmul__": plain(lambda a, b: b * a),
    "__rdiv__": plain(lambda a, b: b / a), "__rpow__": plain(lambda a, b: b**a), "neg": plain(lambda x: -x),
    "exp": plain(Tensor.exp), "log": plain(Tensor.log), "sqrt": plain(Tensor.sqrt), "tanh": plain(Tensor.tanh),
    "sigmoid": plain(sigmoid), "nn.functional.relu": plain(relu), "nn.functional.gelu": gelu,
    "maximum": plain(maximum), "where": lambda a, condition, b: where(condition, a, b),
    "lt": plain(lambda a, b: a < b), "le": plain(lambda a, b: a <= b), "gt": plain(lambda a, b: a > b),
    "ge": plain(lambda a, b: a >= b), "eq": plain(lambda a, b: a == b), "ne": plain(lambda a, b: a != b),
    "sum": reduction("sum"), "mean": reduction("mean"), "amax": reduction("max"), "amin": reduction("min"),
    "reshape": lambda x, shape: x.reshape(tuple(shape)), "permute": lambda x, *dims: x.permute(*dims),
    "transpose": lambda x, a, b: x.transpose(a, b), "__getitem__": getitem_of, "matmul": plain(lambda a, b: a @ b),
    "__rmatmul__": plain(lambda a, b: b @ a), "softmax": along(softmax), "log_softmax": along(log_softmax),
    "nn.functional.linear": linear_of, "nn.functional.layer_norm": functional.layer_norm,
    "nn.functional.conv2d": convolution_of, "nn.functional.avg_pool2d": avg_pool_of,
    "nn.functional.batch_norm": functional.batch_norm,
    "nn.functional.mse_loss": loss(mse_loss), "nn.functional.binary_cross_entropy_with_logits": loss(bce_with_logits),
    "nn.functional.l1_loss": loss(l1_loss), "nn.functional.smooth_l1_loss": loss(smooth_l1_loss),
    "nn.functional.cross_entropy": classes_last(cross_entropy), "nn.functional.nll_loss": classes_last(nll_loss),
}  # fmt: skip


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """The numbers of a tensor of PyTorch's in the same type."""
    plain = tensor.detach()
    return plain.float().numpy().astype(ml_dtypes.bfloat16) if plain.dtype == torch.bfloat16 else plain.numpy()


class Arguments:
    """A sample's arguments for the judge of its numbers and as ours.

    The judge is PyTorch in the sample's own type; of 16-bit types, which PyTorch rounds in places of its own, PyTorch
    in float64.
    """

    def __init__(self) -> None:
        self.pairs: dict[int, tuple[torch.Tensor, Tensor]] = {}

    def ours(self, value: Any) -> Any:
        return self._each(value, lambda pair: pair[1])

    def judges(self, value: Any) -> Any:
        return self._each(value, lambda pair: pair[0])

    def _each(self, value: Any, chosen: Callable[[tuple[torch.Tensor, Tensor]], Any]) -> Any:
        if isinstance(value, torch.Tensor):
            return chosen(self.pairs.setdefault(id(value), self._pair(value)))
        if isinstance(value, (tuple, list)):
            parts = [self._each(part, chosen) for part in value]
            return tuple(parts) if isinstance(value, tuple) else parts
        return value

    @property
    def asked(self) -> list[tuple[torch.Tensor, Tensor]]:
        """The pairs that require gradients."""
        return [pair for pair in self.pairs.values() if pair[1].requires_grad]

    def _pair(self, value: torch.Tensor) -> tuple[torch.Tensor, Tensor]:
        half, needs = value.dtype in (torch.float16, torch.bfloat16), value.requires_grad
        judge = value.detach().double().requires_grad_(needs) if half else value
        return judge, Tensor(to_array(value), requires_grad=needs)


@dataclass(frozen=True)
class Outcome:
    """What became of one sample: "same", "differs", "refused" by both or "not offered"; and in words."""

    kind: str
    words: str = ""


def difference(wanted: torch.Tensor, got: np.ndarray, dtype: str) -> str:
    """How `got` differs from the numbers of the judge in `dtype`; empty where it does not."""
    if (got.dtype.name, got.shape) != (dtype, tuple(wanted.shape)):
        return f"{got.dtype.name} {got.shape}, wanted {dtype} {tuple(wanted.shape)}"
    off, right = TOLERANCE.get(dtype, 0.0), wanted.detach()
    right = right.numpy().astype(got.dtype) if right.dtype != torch.bfloat16 else to_array(right)
    wide, mine = right.astype(np.float64), got.astype(np.float64)
    size = np.max(np.abs(wide), initial=1.0, where=np.isfinite(wide))
    if np.allclose(mine, wide, rtol=off, atol=off * size, equal_nan=True):
        return ""
    return f"{mine.ravel()[:6]}, wanted {wide.ravel()[:6]}"


def outcome(op: Any, function: Callable, sample: Any) -> Outcome:
    """Run one sample by PyTorch's operation and by our function, and compare values and gradients."""
    given, args, options = Arguments(), (sample.input, *sample.args), sample.kwargs
    try:
        theirs = op(*args, **options)
        judge = op(*given.judges(args), **{name: given.judges(value) for name, value in options.items()})
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        theirs = error
    try:
        with np.errstate(all="ignore"):
            got = function(*given.ours(args), **{name: given.ours(value) for name, value in options.items()})
    except NotOffered as reason:
        return Outcome("not offered", str(reason))
    except (TypeError, ValueError, IndexError) as error:
        return Outcome("refused" if isinstance(theirs, Exception) else "differs", f"{type(error).__name__}: {error}")
    if isinstance(theirs, Exception):
        return Outcome("differs", f"accepted, PyTorch raises {type(theirs).__name__}: {theirs}")
    words = different_results(theirs, judge, got) or gradients(listed(judge), listed(got), given.asked)
    return Outcome("differs" if words else "same", words)


def listed(result: Any) -> list[Any]:
    """The results of an operation that gives one or several."""
    return list(result) if isinstance(result, (tuple, list)) else [result]


def different_results(theirs: Any, judge: Any, got: Any) -> str:
    """How values, shapes or types differ; empty where they do not."""
    if isinstance(theirs, (bool, int)):
        return "" if (type(got), got) == (type(theirs), theirs) else f"{got!r}, wanted {theirs!r}"
    if len(listed(got)) != len(listed(theirs)):
        return f"{len(listed(got))} results, wanted {len(listed(theirs))}"
    triples = zip(listed(theirs), listed(judge), listed(got), strict=True)
    return next((words for t, j, g in triples if (words := difference(j, g.data, TYPES[t.dtype]))), "")


def gradients(judges: list[torch.Tensor], results: list[Tensor], leaves: list[tuple[torch.Tensor, Tensor]]) -> str:
    """How the gradients of all results together differ; empty where they do not, or there is none."""
    pairs = [(judge, got) for judge, got in zip(judges, results, strict=True) if isinstance(got, Tensor)]
    if words := next((words for judge, got in pairs if (words := asked_alike(judge, got))), ""):
        return words
    pairs = [(judge, got) for judge, got in pairs if got.requires_grad]
    if not pairs:
        return ""
    weights = [np.linspace(0.5, 1.5, max(got.numel(), 1))[: got.numel()].reshape(got.shape) for _, got in pairs]
    starts = [torch.tensor(w.astype(got.dtype).astype(np.float64)) for w, (_, got) in zip(weights, pairs, strict=True)]
    starts = [start.to(judge.dtype) for start, (judge, _) in zip(starts, pairs, strict=True)]
    chosen = [leaf for leaf, _ in leaves]
    wanted = torch.autograd.grad([judge for judge, _ in pairs], chosen, starts, allow_unused=True)
    with np.errstate(all="ignore"):
        joint([got for _, got in pairs], weights)
    for (leaf, ours), right in zip(leaves, wanted, strict=True):
        right = torch.zeros_like(leaf) if right is None else right
        mine = np.zeros(ours.shape, ours.dtype) if ours.grad is None else ours.grad.data
        if words := difference(right, mine, ours.dtype.name):
            return f"gradient: {words}"
    return ""


def asked_alike(judge: torch.Tensor, got: Tensor) -> str:
    """Whether both or neither give a gradient, in words."""
    same = judge.requires_grad == got.requires_grad
    return "" if same else f"requires_grad is {got.requires_grad}, wanted {judge.requires_grad}"


def joint(results: list[Tensor], weights: list[np.ndarray]) -> None:
    """One backward pass from all results, each with its own weights as the gradient."""
    if len(results) == 1:
        return results[0].backward(Tensor(weights[0], results[0].dtype))
    total = sum(((got * Tensor(w, got.dtype)).sum() for got, w in zip(results, weights, strict=True)), start=0.0)
    total.backward()


def samples(op: Any, dtype: torch.dtype) -> Iterator[Any]:
    """The sample inputs that PyTorch has for an operation in a type."""
    if dtype not in op.supported_dtypes("cpu"):
        return
    wanted = dtype.is_floating_point and dtype in op.supported_backward_dtypes("cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from op.sample_inputs("cpu", dtype, requires_grad=wanted)
