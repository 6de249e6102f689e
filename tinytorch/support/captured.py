"""What a function takes from outside: the values and functions that it finds in its globals and its closure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from numbers import Number
from types import FunctionType, MethodType
from typing import Any

Reader = Callable[[], Any]


class Captured:
    """The numbers, tensors and functions that `function` uses from outside, and what these functions use in turn.

    `tensor` is the class of tensors. `inner(value)` is the function in a wrapper, or `value` itself. Only functions of
    the same file count: what stands in another does not change while a program runs. Of a method,
    the numbers and tensors among its instance's attributes count as well.
    """

    def __init__(self, function: Callable, tensor: type, inner: Callable[[Any], Any]):
        self._tensor, self._inner = tensor, inner
        self._readers = self._of(function, ())
        if isinstance(function, MethodType):
            self._readers += [partial(_attribute, function.__self__, name) for name in self._numbers(function.__self__)]

    def keys(self) -> list[Any]:
        """For each of them something hashable, which changes where it changes."""
        return [self._key(read()) for read in self._readers]

    def _numbers(self, instance: Any) -> list[str]:
        return [name for name, value in vars(instance).items() if isinstance(value, (Number, self._tensor))]

    def _of(self, function: Any, seen: tuple) -> list[Reader]:
        function = function.__func__ if isinstance(function, MethodType) else function
        if not isinstance(function, FunctionType) or function in seen:
            return []
        found = []
        for read in _outside(function):
            value = self._inner(read())
            if isinstance(value, (Number, self._tensor)):
                found.append(read)
            elif isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
                found += [read, *self._of(value, (*seen, function))]
        return found

    def _key(self, value: Any) -> Any:
        if isinstance(value, self._tensor):
            return value.data.tobytes(), value.requires_grad
        return repr(value) if isinstance(value, Number) else value


def _attribute(instance: Any, name: str) -> Any:
    return vars(instance).get(name)


def _outside(function: FunctionType) -> Iterator[Reader]:
    for name in function.__code__.co_names:
        yield partial(function.__globals__.get, name)
    for cell in function.__closure__ or ():
        yield partial(getattr, cell, "cell_contents")
