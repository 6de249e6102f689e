"""torch.nn.utils' names: clip_grad_norm_."""

from __future__ import annotations

from typing import Any

from tinytorch.support.by_name import offered


def clip_grad_norm_(parameters: Any, max_norm: float) -> float:
    """See `tinytorch.clip_grad_norm`: scale all gradients to a joint 2-norm of at most `max_norm`; the norm before."""
    return offered("clip_grad_norm")(parameters, max_norm)
