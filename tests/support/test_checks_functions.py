"""The checks that lesson 02 shares: right functions pass, and each kind of mistake is told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf, log_softmax, softmax

from tinytorch.core.activations import gelu_exact, gelu_tanh, log_normalized_exp, logistic, normalized_exp
from tinytorch.support.checks_functions import (
    DIGITS,
    check_each,
    check_gelu,
    check_rows,
    check_shapes,
    check_special,
    gelu_formula,
    log_softmax_formula,
    tanh_formula,
)

NUMBERS = np.random.default_rng(0).normal(size=(2, 3, 4))


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def exp_softmax(x, axis):
    return np.exp(log_softmax_formula(x, axis))


def test_the_formulas_are_scipys():
    x = np.linspace(-6, 6, 25)
    assert np.allclose(gelu_formula(x), x * (1 + erf(x / np.sqrt(2))) / 2, rtol=1e-13)
    assert np.allclose(tanh_formula(x), gelu_formula(x), atol=1e-3)
    for axis in (0, 1, 2):
        assert np.allclose(log_softmax_formula(NUMBERS, axis), log_softmax(NUMBERS, axis), rtol=1e-13)


def test_right_functions_pass():
    check_each(logistic, sigmoid, [-1e4, -20, 0, 3, np.nan], "look")
    check_gelu(gelu_exact, gelu_formula, [[-3, 0.5]], lambda got, x: "look")
    check_gelu(gelu_tanh, tanh_formula, [[-3, 0.5]], lambda got, x: "look")
    check_rows(normalized_exp, exp_softmax, NUMBERS, DIGITS, "look")
    check_rows(log_normalized_exp, log_softmax_formula, NUMBERS * 1000, {"float64": 1e-14}, "look")
    check_special(normalized_exp, [([1, -np.inf], [1, 0], "look"), ([np.inf, 0], [np.nan] * 2, "look")])


def test_a_number_that_is_off_is_named_with_its_type():
    def logistic(x):
        return (1 + np.tanh(x / 2)) / 2

    said = sentence(check_each, logistic, sigmoid, [3.0, -30.0], "compare the forms")
    assert said.startswith("logistic(-30.0) in float64 gave") and said.endswith("compare the forms")


def test_a_warning_is_told_where_the_numbers_are_right():
    assert "made NumPy warn: overflow" in sentence(check_each, sigmoid, sigmoid, [-1e4], "")


def test_another_type_a_changed_input_and_a_wrong_value_are_told():
    said = sentence(check_gelu, lambda x: gelu_exact(x).astype(float), gelu_formula, [1.0], lambda got, x: "")
    assert "is float64, wanted float32: some number in the formula is not weak" in said
    said = sentence(check_gelu, lambda x: np.tanh(x, out=x), gelu_formula, [1.0], lambda got, x: "")
    assert "changed x, from [1.] to [0.7616]: compute in an array of your own" in said
    said = sentence(check_gelu, gelu_tanh, gelu_formula, [2.7], lambda got, x: f"{got.size} of {x.size}")
    assert said.endswith("at [0]: 1 of 1") and "gelu_tanh([2.7]) in float64 gave" in said


def test_a_wrong_axis_and_an_axis_that_is_lost_are_told():
    said = sentence(check_rows, lambda x, axis: softmax(x, -1), exp_softmax, NUMBERS, DIGITS, "its own sum")
    assert "axis 0 of (2, 3, 4)" in said and said.endswith("its own sum")
    lost = sentence(check_rows, lambda x, axis: np.exp(x) / np.exp(x).sum(axis), exp_softmax, NUMBERS, DIGITS, "")
    assert "axis 1" in lost and "failed:" in lost and lost.endswith("do the axes still fit?")


def test_special_rows_and_empty_arrays_are_asked_for():
    assert "([1, 2]) gave" in sentence(check_special, normalized_exp, [([1, 2], [0.5, 0.5], "no")])
    said = sentence(check_special, lambda x, axis: x - x.max(axis=axis, keepdims=True), [])
    assert "of shape (3, 0), axis -1, failed:" in said and said.endswith("empty batches pass")


def test_a_small_probability_has_to_be_right_too():
    def clipped(x, axis):
        return np.exp(np.maximum(x - x.max(axis, keepdims=True, initial=-np.inf), -50))

    assert "wanted 1.3839e-87" in sentence(check_special, clipped, [([-200, 0], [np.exp(-200), 1], "small ones count")])


def test_every_shape_is_asked_for_and_a_result_that_is_no_array_of_its_own_is_told():
    check_shapes(logistic, sigmoid)
    check_shapes(normalized_exp, exp_softmax, True)
    assert "gave shape (1,), wanted ()" in sentence(check_shapes, lambda x: np.atleast_1d(x) + 0, np.positive)
    assert "gave the very array that came in" in sentence(check_shapes, np.asarray, np.positive)
    assert "gave a list, wanted an array" in sentence(check_shapes, lambda x: x.tolist(), np.positive)
