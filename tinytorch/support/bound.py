"""An object that wraps a function and stands in a class: what a method of each instance is."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any


class Bindable:
    """A wrapper of `function`, made by `type(self)(function)`, which may be a method too.

    An instance gets a wrapper of its own, of the method bound to it, when it is first asked for; it is kept among the
    instance's attributes. Copies and pickles make the wrapper anew.
    """

    function: Callable[..., Any]
    instance: Any = None

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        own = type(self)(MethodType(self.function, instance))
        own.instance, vars(instance)[self.function.__name__] = instance, own
        return own

    def __reduce__(self) -> tuple[Any, ...]:
        if self.instance is None:
            return type(self), (self.function,)
        return getattr, (self.instance, self.function.__name__)
