"""Formulas of one number as texts of Python code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinytorch.support.symbols import Symbolic


def value_of(code: str, numbers: Sequence[float]) -> float:
    """What `code`, with a pair of braces for each number as in "{} + {}", computes in float64; inf or nan at worst.

    >>> value_of("{} + {}", [2.0, 3.0])
    5.0
    """
    names = [f"x{i}" for i in range(len(numbers))]
    space = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "real": np.float64, "inf": np.inf}
    with np.errstate(all="ignore"):
        return float(eval(code.format(*names), space | dict(zip(names, map(np.float64, numbers), strict=True))))


def power(base: str, exponent: float) -> str:
    """The code of a power: by products and a root where the exponent is a multiple of 0.5, up to 4 either way.

    A root of -inf is nan, and of -0.0 is -0.0; beyond 0.5, powers are inf and 0 there, as C's pow and PyTorch give.

    >>> power("x", 3), power("x", -0.5), power("x", 5)
    ('x * x * x', 'real(1) / (sqrt(x))', 'x ** real(5)')
    >>> power("x", 1.5)
    '(x * sqrt(x) + real(0) if x != -inf else real(inf))'
    """
    if not 0 < abs(exponent) <= 4 or exponent % 0.5:
        return f"{base} ** real({exponent!r})"
    root = [f"sqrt({base})"] if exponent % 1 else []
    product = " * ".join([base] * int(abs(exponent)) + root)
    if root and abs(exponent) > 1:
        product = f"({product} + real(0) if {base} != -inf else real(inf))"
    return product if exponent > 0 else f"real(1) / ({product})"


def code_of(symbol: Symbolic, names: Mapping[Symbolic, str], reads: Sequence[str], code: Mapping[str, str]) -> str:
    """The right-hand side of the line that computes `symbol`, of which the arguments have `names`.

    A constant is of the type `real`. Input i is loaded from reads[i]. A power with a constant exponent is written by
    `power`, and any other operation by its text in `code`.
    """
    if symbol.op == "constant":
        return f"real({symbol.args[0]!r})"
    if symbol.op == "input":
        return f"load({reads[symbol.args[0]]})"
    if symbol.op == "pow" and symbol.args[1].op == "constant":
        return power(names[symbol.args[0]], symbol.args[1].args[0])
    return code[symbol.op].format(*[names[a] for a in symbol.args])
