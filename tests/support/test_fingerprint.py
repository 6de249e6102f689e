"""The fingerprint of a function: equal for what computes the same, different for all else, refused where unknown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType

import ml_dtypes
import numba
import numpy as np
import pytest

from tinytorch.support.fingerprint import fingerprint
from tinytorch.support.launch import compiled

ROOT = Path(__file__).resolve().parents[2]
settings = ModuleType("settings")
FACTOR = 2.0


def adding(number):
    def function(x):
        return x + number

    return function


def without_default(x, y):
    return x + y


def with_default(default):
    return FunctionType(without_default.__code__, globals(), "f", (default,))


def with_keyword(default):
    def function(x, *, y=default):
        return x + y

    return function


def scaled(x):
    return FACTOR * x


def scaled_inside(x):
    def inner(y):
        return FACTOR * y

    return inner(x)


def by_settings(x):
    return settings.factor * x


def by_inner_settings(x):
    return settings.inner.factor * x


def test_it_is_of_what_is_computed():
    assert fingerprint(adding(1)) == fingerprint(adding(1))
    assert fingerprint(compiled(adding(1)).py_func) == fingerprint(adding(1))


PAIRS = {
    "numbers": [1, 1.0, 2, True, "1", None, np.float32(1), np.float64(1), np.float16(1), ml_dtypes.bfloat16(1), 1j],
    "zeros": [0.0, -0.0, np.float32(0.0), np.float32(-0.0)],
    "tuples": [(1, 2), [1, 2], ((1, 2),), ((1,), 2), (1, (2,)), (1, 2, ()), frozenset((1, 2)), {1: 2}],
    "arrays": [np.ones(2), np.ones(2, np.float32), np.ones((1, 2)), np.zeros(2), np.ones(2, ">f8")],
    "slices": [slice(1, 3), slice(1, 4), slice(1, 3, 2), slice(None), (1, 3, None)],
    "types": [np.float32, np.float64, float, int, np.dtype("f4"), np.dtype("f8")],
    "functions": [np.exp, np.log, max, min, adding(1), adding(2)],
    "kernels": [compiled(adding(1)), compiled(adding(2)), compiled(adding(1), any_order=True)],
}


@pytest.mark.parametrize("name", PAIRS)
def test_different_values_make_different_fingerprints(name):
    found = [fingerprint(adding(value)) for value in PAIRS[name]]
    assert len(set(found)) == len(found)
    assert found == [fingerprint(adding(value)) for value in PAIRS[name]]


@pytest.mark.parametrize("made", [with_default, with_keyword])
def test_a_default_is_part_of_it(made):
    assert fingerprint(made(1)) == fingerprint(made(1)) != fingerprint(made(2))


def at_line(text, line):
    space: dict = {}
    exec(compile("\n" * line + text, "cell 4", "exec"), space)
    return space["f"]


def test_the_place_is_part_of_what_raises_and_of_nothing_else():
    calm, blank = "def f(x):\n    return x", "def f(x):\n    raise NotImplementedError()"
    assert fingerprint(at_line(calm, 1)) == fingerprint(at_line(calm, 2))
    assert fingerprint(at_line(blank, 1)) == fingerprint(at_line(blank, 1)) != fingerprint(at_line(blank, 2))


def test_what_is_an_argument_is_part_of_it():
    space: dict = {}
    exec("def f(x, y=1): return x\ndef g(x): return x; y = 1", space)
    assert fingerprint(space["f"]) != fingerprint(space["g"])


def test_the_way_of_compiling_is_part_of_it():
    assert fingerprint(adding(1), {"fastmath": {"contract"}}) != fingerprint(adding(1), {"fastmath": set()})


@pytest.mark.parametrize("function", [scaled, scaled_inside])
def test_a_global_is_part_of_it_also_inside_an_inner_function(function, monkeypatch):
    before = fingerprint(function)
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert fingerprint(function) != before


def test_a_value_in_a_module_is_part_of_it(monkeypatch):
    inner = ModuleType("inner")
    for module, function in [(settings, by_settings), (inner, by_inner_settings)]:
        monkeypatch.setattr(settings, "inner", inner, raising=False)
        monkeypatch.setattr(module, "factor", 2.0, raising=False)
        before = fingerprint(function)
        monkeypatch.setattr(module, "factor", 3.0)
        assert fingerprint(function) != before


def test_a_recursive_function_has_one():
    def down(n):
        return n if n < 1 else down(n - 1)

    assert fingerprint(down) == fingerprint(down)


REFUSED = {
    "an object": object(), "a method of a list": [].append, "objects in an array": np.array([None]),
    "a class": namedtuple("Pair", "a b"), "Numba's own": numba.njit(adding(1)), "a partial": partial(adding, 1),
    "a kernel of an object": compiled(adding(object())), "an object in a tuple": (1, object()),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_change_its_state_has_none(name):
    with pytest.raises(TypeError, match="cannot be kept on disk"):
        fingerprint(adding(REFUSED[name]))


SEEDED = """
from tinytorch.support.fingerprint import fingerprint
from tinytorch.support.launch import compiled
def f(x):
    return x in {"a", "b", "c", "d"}
print(fingerprint(f), compiled(f, any_order=True).mark)
"""


def test_it_is_the_same_in_every_process():
    seeded = [os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)} for seed in "123"]
    found = {subprocess.run([sys.executable, "-c", SEEDED], env=environment, capture_output=True, text=True,
                            check=True).stdout for environment in seeded}
    assert len(found) == 1
