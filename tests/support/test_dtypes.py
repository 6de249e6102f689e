"""The number types of a Tensor."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tinytorch.support.dtypes import Spec, as_dtype, is_floating, is_half

FLOATING = ("float16", "bfloat16", "float32", "float64")
WHOLE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@pytest.mark.parametrize("name", [*FLOATING, *WHOLE])
def test_a_type_has_a_name(name):
    assert as_dtype(name).name == name
    assert as_dtype(as_dtype(name)) == as_dtype(name)


def test_types_may_be_given_in_any_form_that_numpy_takes():
    assert as_dtype(np.float32) == as_dtype("f4") == as_dtype(np.dtype("float32")) == np.float32
    assert (as_dtype(float), as_dtype(int), as_dtype(bool)) == (np.float64, np.int64, np.bool_)
    assert as_dtype(ml_dtypes.bfloat16).name == "bfloat16"


@pytest.mark.parametrize("name", ["f2", "f4", "f8", "i2", "i8", "u4"])
def test_a_foreign_byte_order_becomes_the_machines_own(name):
    for order in "<>":
        assert as_dtype(order + name).isnative and as_dtype(order + name) == np.dtype(name)


@pytest.mark.parametrize("bad", ["complex64", "U4", object, "datetime64[s]", ml_dtypes.float8_e5m2])
def test_other_types_are_refused(bad):
    with pytest.raises(TypeError, match="a Tensor holds whole numbers, booleans, float16, bfloat16"):
        as_dtype(bad)


def test_a_long_double_is_refused_where_it_is_a_type_of_its_own():
    if np.dtype(np.longdouble) != np.dtype(np.float64):
        with pytest.raises(TypeError, match="not float|not longdouble"):
            as_dtype(np.longdouble)


def test_a_name_that_nobody_knows_is_numpys_error():
    with pytest.raises(TypeError, match="not understood"):
        as_dtype("float33")


@pytest.mark.parametrize("name", [*FLOATING, *WHOLE])
def test_the_floating_types_and_the_16_bit_ones_among_them_are_told_apart(name):
    assert is_floating(as_dtype(name)) == (name in FLOATING)
    assert is_half(as_dtype(name)) == (name in ("float16", "bfloat16"))


def test_a_spec_is_a_shape_and_a_type():
    spec = Spec((2, 3), np.dtype(np.float16))
    assert (spec.shape, spec.dtype) == ((2, 3), np.float16) == tuple(spec)
