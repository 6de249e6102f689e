"""Methods that a lesson's or another module's function of the same name does: `x.relu()` is `tinytorch.relu(x)`.

Each is looked up when it is called. Before its lesson is complete it raises the ImportError that names the lesson.
"""

from __future__ import annotations

from typing import Any, Self

from tinytorch.support.by_name import method, offered


class ForwardedActivations:
    """Of lesson 02, and of tinytorch.given.activations."""

    relu, sigmoid, gelu, softmax, log_softmax = map(method, ("relu", "sigmoid", "gelu", "softmax", "log_softmax"))


class ForwardedElementwise:
    """Functions of one element, bounds, rounding and division; `//`, `%`, `&`, `|`, `^` and `~` among them."""

    sin, cos, tan, sinh, cosh = map(method, ("sin", "cos", "tan", "sinh", "cosh"))
    asin, acos, atan, erf = map(method, ("asin", "acos", "atan", "erf"))
    log1p, expm1, log2, log10, exp2 = map(method, ("log1p", "expm1", "log2", "log10", "exp2"))
    rsqrt, clamp, clip, minimum = map(method, ("rsqrt", "clamp", "clip", "minimum"))
    sign, floor, ceil, trunc, round = map(method, ("sign", "floor", "ceil", "trunc", "round"))
    div, floor_divide, remainder = map(method, ("div", "floor_divide", "remainder"))
    add, sub, mul = map(method, ("add", "sub", "mul"))
    __floordiv__, __mod__ = method("floor_divide"), method("remainder")
    __and__, __or__, __xor__, __invert__ = map(method, ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"))
    __rand__, __ror__, __rxor__ = map(method, ("bitwise_and", "bitwise_or", "bitwise_xor"))

    def __rfloordiv__(self, other: Any) -> Self: return offered("floor_divide")(other, self)
    def __rmod__(self, other: Any) -> Self: return offered("remainder")(other, self)
    def neg(self) -> Self: return -self
    def __abs__(self) -> Self: return self.abs()
    def __pos__(self) -> Self: return self


class ForwardedQuestions:
    """Comparisons by name, and what is true of the elements."""

    lt, le, gt, ge, eq, ne = map(method, ("lt", "le", "gt", "ge", "eq", "ne"))
    isnan, isinf, isfinite, isclose = map(method, ("isnan", "isinf", "isfinite", "isclose"))
    allclose, equal, all, any = map(method, ("allclose", "equal", "all", "any"))
    logical_and, logical_or, logical_xor, logical_not = map(
        method, ("logical_and", "logical_or", "logical_xor", "logical_not")
    )


class ForwardedReductions:
    """Spreads, lengths, products, and what is in which order."""

    var, std, norm, logsumexp = map(method, ("var", "std", "norm", "logsumexp"))
    cumsum, cumprod, prod = map(method, ("cumsum", "cumprod", "prod"))
    amax, amin, topk, sort, argsort, median = map(method, ("amax", "amin", "topk", "sort", "argsort", "median"))


class ForwardedShaping:
    """Parts, repetitions and elements by mask or index."""

    split, chunk, unbind, tile, broadcast_to = map(method, ("split", "chunk", "unbind", "tile", "broadcast_to"))
    masked_fill, masked_select, tril, triu = map(method, ("masked_fill", "masked_select", "tril", "triu"))
    gather, scatter_add, index_select, nonzero = map(method, ("gather", "scatter_add", "index_select", "nonzero"))
    roll, movedim, swapaxes = map(method, ("roll", "movedim", "swapaxes"))
    repeat_interleave, unique, bincount = map(method, ("repeat_interleave", "unique", "bincount"))
    mm, bmm, mv, dot, outer = map(method, ("mm", "bmm", "mv", "dot", "outer"))

    def expand(self, *sizes: Any) -> Self:
        """`x.expand(2, 3)` or `x.expand((2, 3))`: see `tinytorch.broadcast_to`."""
        return offered("broadcast_to")(self, _listed(sizes))

    def expand_as(self, other: Any) -> Self: return self.expand(other.shape)

    def repeat(self, *sizes: Any) -> Self:
        """`x.repeat(2, 3)` or `x.repeat((2, 3))`: so many times along each axis. ValueError for fewer than the axes."""
        if len(_listed(sizes)) < self.ndim:
            raise ValueError(f"repeat wants a number for each axis of shape {self.shape}, got {_listed(sizes)}")
        return offered("tile")(self, _listed(sizes))

    def flip(self, *dims: Any) -> Self: return offered("flip")(self, _listed(dims))
    def view_as(self, other: Any) -> Self: return self.reshape(other.shape)
    def reshape_as(self, other: Any) -> Self: return self.reshape(other.shape)

    def t(self) -> Self:
        """The two axes of a matrix swapped; fewer axes as they are. ValueError for more than two axes."""
        if self.ndim > 2:
            raise ValueError(f"t() is for at most 2 axes, got shape {self.shape}: write transpose(dim0, dim1)")
        return self.T


class ForwardedCreation:
    """New tensors of this one's type."""

    def new_zeros(self, *size: Any, **options: Any) -> Self: return self._new("zeros", *size, **options)
    def new_ones(self, *size: Any, **options: Any) -> Self: return self._new("ones", *size, **options)
    def new_empty(self, *size: Any, **options: Any) -> Self: return self._new("empty", *size, **options)
    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Self:
        return self._new("full", size, fill_value, **options)
    def new_tensor(self, data: Any, **options: Any) -> Self: return self._new("tensor", data, **options)

    def _new(self, name: str, *inputs: Any, dtype: Any = None, **options: Any) -> Self:
        return offered(name)(*inputs, dtype=self.dtype if dtype is None else dtype, **options)


class ForwardedMethods(
    ForwardedActivations, ForwardedElementwise, ForwardedQuestions, ForwardedReductions, ForwardedShaping,
    ForwardedCreation,
):  # fmt: skip
    """All of them."""


def _listed(sizes: tuple) -> tuple:
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
