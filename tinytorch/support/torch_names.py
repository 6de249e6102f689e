"""PyTorch's names of arguments, where NumPy's are ours: `dim` for `axis`, `keepdim` for `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from tinytorch.support.by_name import offered

OURS = {"dim": "axis", "keepdim": "keepdims"}
Named = TypeVar("Named", bound=Callable[..., Any])


def also_dim(function: Named) -> Named:
    """Let a function, or the class of a layer, that takes `axis` and perhaps `keepdims` take PyTorch's names too.

    TypeError where one argument is given by both names.
    """
    if isinstance(function, type):
        function.__init__ = also_dim(function.__init__)
        return function

    @wraps(function)
    def renamed(*inputs: Any, **options: Any) -> Any:
        for theirs, ours in OURS.items() if options else ():
            if theirs in options:
                if ours in options:
                    name = function.__name__
                    raise TypeError(f"{name}() got {theirs}= and {ours}=, which are one: leave out {theirs}=")
                options[ours] = options.pop(theirs)
        return function(*inputs, **options)

    return renamed


def pair_along_dim(function: Named) -> Named:
    """For a method whose namesake in PyTorch gives two results along a `dim`: values and indices, as there.

    Along an `axis` it gives the values alone, as NumPy does. TypeError where both names are given.
    """
    named = also_dim(function)

    @wraps(function)
    def along(x: Any, *inputs: Any, **options: Any) -> Any:
        if options.get("dim") is None or inputs or "axis" in options:
            return named(x, *inputs, **options)
        return offered(function.__name__)(x, **options)

    return along
