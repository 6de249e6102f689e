"""Questions that many functions ask of their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from operator import index


def check_sizes(**sizes: int) -> None:
    """Raise ValueError naming the first of `sizes` that is not a whole number of at least 1."""
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")


def checked_axis(axis: int, shape: tuple[int, ...]) -> int:
    """`axis` of an array of this shape, counted from the front; a single number counts as one axis.

    Raises ValueError where there is no such axis, and TypeError for what is not a whole number.

    >>> checked_axis(-1, (2, 3)), checked_axis(0, ())
    (1, 0)
    """
    ndim = max(len(shape), 1)
    if not -ndim <= index(axis) < ndim:
        raise ValueError(f"axis {axis} does not fit shape {shape}: there are axes {-ndim} to {ndim - 1}")
    return index(axis) % ndim


def checked_axes(axes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Axes of an array of this shape, each counted from the front; ValueError where one comes twice.

    >>> checked_axes((0, -1), (2, 3, 4))
    (0, 2)
    """
    found = tuple(checked_axis(axis, shape) for axis in axes)
    if len(set(found)) < len(found):
        raise ValueError(f"axes {axes} of shape {shape}: each comes once")
    return found


def check_callable(*layers: object) -> None:
    """Raise TypeError naming the type of the first of `layers` that cannot be called."""
    for layer in layers:
        if not callable(layer):
            raise TypeError(f"write Sequential(a, b, c), each callable with a tensor; got a {type(layer).__name__}")


def checked_lengths(**lengths: int | Sequence[int]) -> tuple[int, ...]:
    """One argument, a length or several of them, as a tuple; ValueError where one is not a whole number from 1 on.

    >>> checked_lengths(shape=3), checked_lengths(shape=(2, 3))
    ((3,), (2, 3))
    """
    ((name, given),) = lengths.items()
    found = tuple(given) if isinstance(given, (tuple, list)) and given else (given,)
    for length in found:
        check_sizes(**{name: length})
    return found
