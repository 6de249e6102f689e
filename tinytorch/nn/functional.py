"""torch.nn.functional's names, as in `import tinytorch.nn.functional as F`.

`linear` takes the weight of our Linear, (in_features, out_features), where PyTorch's has it the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinytorch.support.by_name import namespace, offered

_HOMES = (
    "tinytorch.core.layers", "tinytorch.core.activations", "tinytorch.core.losses", "tinytorch.given.activations",
    "tinytorch.core.embeddings",
    "tinytorch.core.attention",
    "tinytorch.core.convolutions",
    "tinytorch.given.padding", "tinytorch.given.losses",
)  # fmt: skip
_named, _names = namespace(
    __name__,
    _HOMES,
    lambda name: name.islower() and name not in ("generator", "manual_seed", "chunk"),
    {"binary_cross_entropy": "write binary_cross_entropy_with_logits(logits, targets), without a sigmoid before it"},
)


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, **options: Any) -> Any:
    """See `tinytorch.bce_with_logits`."""
    return offered("bce_with_logits")(input, target, weight, **options)


def dropout(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """`input` with each number zeroed with probability `p`, the others divided by 1 - p; itself if not `training`."""
    return offered("Dropout")(p).train(training)(input)


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Layer normalisation over the last axes, which have the shape `normalized_shape`, as have weight and bias.

    Without a weight it is 1, without a bias 0. ValueError where the shapes do not fit.
    """
    shape, x = tuple(normalized_shape), offered("as_tensor")(input)
    weight = offered("ones")(shape, dtype=x.dtype) if weight is None else weight
    bias = offered("zeros")(shape, dtype=x.dtype) if bias is None else bias
    if not weight.shape == bias.shape == shape:
        raise ValueError(f"layer_norm over {shape} has a weight of shape {weight.shape}, a bias of {bias.shape}")
    return offered("layer_norm")(x, weight, bias, eps)


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """`input` divided by its norm along `dim`, or by `eps` where that is larger."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def __getattr__(name: str) -> Any:
    return _named(name)


def __dir__() -> list[str]:
    mine = [name for name, value in globals().items() if getattr(value, "__module__", "") == __name__]
    return sorted({*_names(), *(name for name in mine if name[0] != "_")})
