"""Einstein's summation, by permute, reshape and matmul."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensor
from tinytorch.given.joining import broadcast_to

__all__ = ["einsum"]

Labelled = tuple[str, Tensor]  # a tensor, and a letter for each of its axes


def einsum(equation: str, *operands: Any) -> Tensor:
    """Products summed over the letters that are not in the result: `einsum("ij,jk->ik", a, b)` is `a @ b`.

    Without an arrow the result has the letters that occur once, in alphabetical order; `...` stands for any axes.
    Operands are combined from the left. ValueError where the equation does not fit the operands.
    """
    given = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else list(operands)
    parts, result = _parsed(equation, [as_tensor(x) for x in given])
    parts = _stretched([_diagonal(*part) for part in parts])
    while len(parts) > 1:
        left, right, *others = parts
        wanted = set(result).union(*(letters for letters, _ in others))
        parts = [_product(left, right, wanted), *others]
    letters, x = _summed(parts[0], set(result))
    return x.permute(*(letters.index(letter) for letter in result)) if result else x


def _parsed(equation: str, tensors: list[Tensor]) -> tuple[list[Labelled], str]:
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    pattern = r"[A-Za-z]*(\.\.\.)?[A-Za-z]*"
    if len(terms) != len(tensors) or not all(re.fullmatch(pattern, term) for term in [*terms, result]):
        raise ValueError(f"einsum of {len(tensors)} tensors wants letters for each, as 'ij,jk->ik', got {equation!r}")
    more = [x.ndim - len(term.replace("...", "")) for term, x in zip(terms, tensors, strict=True)]
    if any(n < 0 or n > 0 and "..." not in term for term, n in zip(terms, more, strict=True)):
        shapes = [x.shape for x in tensors]
        raise ValueError(f"einsum {equation!r} wants a letter for each axis, the operands have the shapes {shapes}")
    dots = "".join(chr(0x3B1 + i) for i in range(max(more)))  # Greek letters stand for the axes of `...`
    named = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, more, strict=True)]
    if not arrow:
        once = sorted(letter for letter in set(left) - set(".,") if left.count(letter) == 1)
        result = ("..." if "..." in left else "") + "".join(once)
    result = result.replace("...", dots)
    if len(set(result)) < len(result) or not set(result) <= set("".join(named)):
        raise ValueError(f"einsum {equation!r}: each letter of the result stands there once, and in an operand")
    return list(zip(named, tensors, strict=True)), result


def _diagonal(letters: str, x: Tensor) -> Labelled:
    """Only the elements whose places along the axes of one letter are equal."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            others = [axis for axis in range(len(letters)) if axis not in (first, second)]
            if x.shape[first] != x.shape[second]:
                raise ValueError(f"einsum: the axes of {letter!r} have the lengths {x.shape[first]}, {x.shape[second]}")
            places = np.arange(x.shape[first])
            x = x.permute(first, second, *others)[places, places]
            letters = letter + "".join(letters[axis] for axis in others)
    return letters, x


def _stretched(parts: list[Labelled]) -> list[Labelled]:
    """The axes of each letter in one length: those of length 1 are repeated."""
    lengths: dict[str, int] = {}
    for letter, n in ((letter, n) for letters, x in parts for letter, n in zip(letters, x.shape, strict=True)):
        if lengths.setdefault(letter, n) == 1:
            lengths[letter] = n
        if n not in (1, lengths[letter]):
            raise ValueError(f"einsum: the axes of {letter!r} have the lengths {lengths[letter]} and {n}")
    return [(letters, _in_shape(x, tuple(lengths[letter] for letter in letters))) for letters, x in parts]


def _in_shape(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == shape else broadcast_to(x, shape)


def _summed(part: Labelled, wanted: set[str]) -> Labelled:
    """Summed over the letters that nobody else wants."""
    letters, x = part
    gone = tuple(axis for axis, letter in enumerate(letters) if letter not in wanted)
    kept = "".join(letter for letter in letters if letter in wanted)
    return (kept, x.sum(axis=gone)) if gone else part


def _product(left: Labelled, right: Labelled, wanted: set[str]) -> Labelled:
    """Two tensors multiplied, and summed over the letters that they share and nobody else wants: one matrix product."""
    a, x = _summed(left, wanted | set(right[0]))
    b, y = _summed(right, wanted | set(left[0]))
    batch = [letter for letter in a if letter in b and letter in wanted]
    inner = [letter for letter in a if letter in b and letter not in wanted]
    rows, columns = [letter for letter in a if letter not in b], [letter for letter in b if letter not in a]
    length = {**dict(zip(a, x.shape, strict=True)), **dict(zip(b, y.shape, strict=True))}
    x, y = _grouped(a, x, [batch, rows, inner]), _grouped(b, y, [batch, inner, columns])
    out = [*batch, *rows, *columns]
    return "".join(out), (x @ y).reshape(tuple(length[letter] for letter in out))


def _grouped(letters: str, x: Tensor, groups: list[list[str]]) -> Tensor:
    """The axes of `x` in three groups, each as one axis."""
    lengths = dict(zip(letters, x.shape, strict=True))
    order = [letters.index(letter) for group in groups for letter in group]
    shape = tuple(math.prod(lengths[letter] for letter in group) for group in groups)
    return (x.permute(*order) if order else x).reshape(shape)
