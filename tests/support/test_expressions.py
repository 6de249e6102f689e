"""Texts of formulas: what they compute, and how a power is written."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinytorch.support.expressions import code_of, power, value_of
from tinytorch.support.symbols import Symbolic


@pytest.mark.parametrize(("code", "numbers", "wanted"), [
    ("{} - {}", [2, 3], -1), ("{1} if {0} else {2}", [0.0, 5, 6], 6), ("{} < {}", [2, 3], 1),
    ("{} / {}", [1, 0], math.inf),
    ("{} / {}", [1, -0.0], -math.inf), ("real(1) / exp(-{})", [0], 1), ("{} ** {}", [2, 0.5], math.sqrt(2)),
])  # fmt: skip
def test_a_text_is_computed(code, numbers, wanted):
    assert value_of(code, numbers) == wanted


def test_what_has_no_value_is_nan():
    assert math.isnan(value_of("log({})", [-1])) and math.isnan(value_of("{0} - {0}", [math.inf]))


@pytest.mark.parametrize("exponent", [n / 2 for n in range(-9, 10)] + [0.3, -5.0, math.inf])
def test_a_power_by_products_is_the_power(exponent):
    code = power("{0}", exponent)
    assert ("**" in code) == (not 0 < abs(exponent) <= 4 or exponent % 0.5 != 0)
    if math.isfinite(exponent):
        for base in (0.3, 1.0, 2.7, 0.0, -0.0, math.inf, -math.inf):
            with np.errstate(all="ignore"):
                root = abs(exponent) == 0.5
                wanted = np.sqrt(base) ** (2 * exponent) if root else np.float64(base) ** exponent
            assert value_of(code, [base]) == pytest.approx(wanted, rel=1e-14, nan_ok=True)


def test_each_kind_of_symbol_has_its_code():
    x, two = Symbolic({}, "input", (1,), ()), Symbolic({}, "constant", (2.0,), ())
    names, reads, code = {x: "a", two: "b"}, ["in_0[i, j]", "in_1[j]"], {"sub": "{} - {}", "pow": "{} ** {}"}

    def written(op, *args):
        return code_of(Symbolic({}, op, args, ()), names, reads, code)

    assert code_of(x, {}, reads, code) == "load(in_1[j])" and code_of(two, {}, reads, code) == "real(2.0)"
    assert written("sub", two, x) == "b - a"
    assert written("pow", x, two) == "a * a" and written("pow", two, x) == "b ** a"
