"""What tinytorch.given adds, in the form in which PyTorch's samples call it: see opinfo.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import tinytorch
import tinytorch.nn.functional as F
from tests.operations.opinfo import TYPES, NotOffered
from tinytorch import Tensor

OF_MEMORY = ("layout", "pin_memory", "memory_format")


def translated(value: Any) -> Any:
    """A number type of PyTorch's as ours; NotOffered for one that is not here."""
    if isinstance(value, torch.dtype):
        if value not in TYPES:
            raise NotOffered(f"dtype={value}")
        return TYPES[value]
    return value


def same(function: Callable) -> Callable:
    """A function that takes what PyTorch's takes; where numbers are in memory changes no value."""

    def call(*inputs: Any, **options: Any) -> Any:
        options = {key: translated(value) for key, value in options.items() if key not in OF_MEMORY}
        return function(*map(translated, inputs), **options)

    return call


def method(name: str) -> Callable:
    return same(lambda x, *inputs, **options: getattr(x, name)(*inputs, **options))


def stable(function: Callable) -> Callable:
    """PyTorch's sort or argsort that keeps equal elements in their order, as ours do."""

    def call(x: torch.Tensor, *inputs: Any, **options: Any) -> Any:
        named = dict(zip(("dim", "descending"), inputs, strict=False))
        return function(x, **{**named, **options, "stable": True})

    return call


def first_of_sorted(x: torch.Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """PyTorch's topk, but of equal elements the first: the values are the same."""
    wanted = torch.topk(x, k, dim, largest, sorted)
    if x.ndim == 0:
        return wanted
    values, places = (part.narrow(dim, 0, k) for part in torch.sort(x, dim=dim, descending=largest, stable=True))
    assert torch.equal(wanted.values, values)
    return values, places


JUDGES = {"sort": stable(torch.sort), "argsort": stable(torch.argsort), "topk": first_of_sorted}


def embedding_of(weight: Tensor, index: Tensor, **options: Any) -> Tensor:
    if set(options) - {"padding_idx"} or options.get("padding_idx") is not None:
        raise NotOffered("padding_idx=, max_norm=, scale_grad_by_freq=")
    return tinytorch.nn.functional.embedding(index, weight)


def attention_of(query: Tensor, key: Tensor, value: Tensor, *, dropout_p: float = 0.0, **options: Any) -> Tensor:
    if dropout_p or options.pop("enable_gqa", False):
        raise NotOffered("dropout_p= would draw other numbers, enable_gqa=")
    return F.scaled_dot_product_attention(query, key, value, **options)


# Names of functions, as PyTorch's op_db has them: `name`, or `name.variant`.
FUNCTIONS = """
    cat stack hstack vstack split split.list_args chunk unbind tile broadcast_to
    argmax argmin amax amin max.reduction_with_dim max.reduction_no_dim max.binary min.reduction_with_dim
    min.reduction_no_dim min.binary sort argsort topk median
    var var.unbiased std std.unbiased var_mean var_mean.unbiased std_mean std_mean.unbiased norm norm.fro norm.inf
    logsumexp cumsum cumprod prod isclose all any equal allclose clamp minimum abs
    sign floor ceil trunc round round.decimals_0 round.decimals_3 round.decimals_neg_3 div.no_rounding_mode
    div.trunc_rounding div.floor_rounding floor_divide remainder
    sin cos tan sinh cosh asin acos atan log1p expm1 log2 log10 exp2 reciprocal rsqrt erf
    masked_fill masked_select tril triu gather scatter_add index_select take_along_dim nonzero
    nn.functional.pad.constant nn.functional.pad.reflect nn.functional.pad.replicate
    nn.functional.pad.replicate_negative nn.functional.pad.circular nn.functional.one_hot
    nn.functional.leaky_relu nn.functional.silu nn.functional.softplus nn.functional.elu
    flip roll movedim nn.functional.normalize
    eye arange linspace zeros ones full zeros_like ones_like full_like
    unsqueeze squeeze flatten mm bmm mv dot outer t clone square
    logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_not isnan isinf isfinite
""".split()
METHODS = """
    repeat expand expand_as view view_as reshape_as new_zeros new_ones new_full long int bool float double half bfloat16
    __rand__ __ror__ __rxor__ __rmod__
""".split()


def called(full_name: str) -> str:
    """The function's own name in a full one, such as `nn.functional.pad.circular`."""
    return full_name.removeprefix("nn.functional.").split(".")[0]


GIVEN: dict[str, Callable] = {
    **{name: same(getattr(F if "functional" in name else tinytorch, called(name))) for name in FUNCTIONS},
    **{name: method(name) for name in METHODS},
    "nn.functional.embedding": embedding_of,
    "nn.functional.scaled_dot_product_attention": attention_of,
    "einsum": lambda tensors, equation: tinytorch.einsum(equation, *tensors),
}
