"""PyTorch's names of arguments, where NumPy's are ours: `dim` for `axis`, `keepdim` for `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

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


def no_dim(function: Named) -> Named:
    """For a method whose namesake in PyTorch gives two results along a `dim`: TypeError that says what to write."""
    named = also_dim(function)

    @wraps(function)
    def refusing(*inputs: Any, **options: Any) -> Any:
        if "dim" in options:
            name = function.__name__
            raise TypeError(
                f"{name}(dim=...) gives values and indices in PyTorch: write {name}(axis=...) for the values and "
                f"numpy().arg{name}(axis=...) for the indices"
            )
        return named(*inputs, **options)

    return refusing
