"""Exponential and logarithm of one number, as arithmetic that SIMD does, and as the C library computes them.

The float32 forms split the exponent off by arithmetic on the bits (Cody and Waite, Software Manual for the Elementary
Functions, 1980); a short series does the rest.
"""

from __future__ import annotations

import math

import numpy as np

from tinytorch.support.conversions import bits_of_float, float_of_bits
from tinytorch.support.launch import compiled

_LOG2_E, _LN2 = np.float32(1 / math.log(2)), np.float32(math.log(2))
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)
_EXP_SERIES = tuple(np.float32(1 / math.factorial(n)) for n in range(7, -1, -1))
_LOG_SERIES = tuple(np.float32(2 / (2 * n + 1)) for n in range(4, -1, -1))
_ROUNDS = np.float32(1.5 * 2**23)  # adding it leaves no room for a fraction
_TOO_LOW, _TOO_HIGH, _NORMAL = np.float32(-103.97208), np.float32(88.7228), np.float32(2.0**-126)
_SMALL, _LIFT_BITS, _LOWER = np.float32(-87.33654), np.uint32(24 << 23), np.float32(2.0**-24)
_ZERO, _ONE, _LIFT = np.float32(0), np.float32(1), np.float32(2.0**23)
_INF, _NAN = np.float32(np.inf), np.float32(np.nan)


@compiled
def float_exp(x):
    """exp of a float32: 2^n e^r with |r| <= ln(2) / 2, and e^r by its series.

    A result below 2^-126, whose bits have no exponent to put n into, is computed 2^24 times as large and scaled down.
    """
    v = min(max(x, _TOO_LOW), _TOO_HIGH)
    small = x < _SMALL
    shifted = v * _LOG2_E + _ROUNDS
    n = shifted - _ROUNDS
    r = (v - n * _LN2_HIGH) - n * _LN2_LOW
    p = _EXP_SERIES[0]
    for i in range(1, 8):
        p = p * r + _EXP_SERIES[i]
    lift = _LIFT_BITS if small else np.uint32(0)
    y = float_of_bits(bits_of_float(p) + (bits_of_float(shifted) << np.uint32(23)) + lift)  # n: shifted's last bits
    y = y * _LOWER if small else y
    y = _INF if x > _TOO_HIGH else y
    y = _ZERO if x < _TOO_LOW else y
    return y if x == x else x


@compiled
def float_log(x):
    """ln of a float32: e ln 2 + ln m with m near 1, and ln m = 2 artanh((m - 1) / (m + 1)) by its series."""
    v = x * _LIFT if x < _NORMAL else x
    bits = np.uint32(bits_of_float(v) - np.uint32(0x3F3504F3))  # the bits of sqrt(1/2)
    e = np.float32(np.int32(np.int32(bits) >> np.int32(23)))
    e = e - np.float32(23) if x < _NORMAL else e
    m = float_of_bits((bits & np.uint32(0x7FFFFF)) + np.uint32(0x3F3504F3))
    s = (m - _ONE) / (m + _ONE)
    p = _LOG_SERIES[0]
    for i in range(1, 5):
        p = p * (s * s) + _LOG_SERIES[i]
    y = e * _LN2 + s * p
    y = x if x == _INF else y
    y = -_INF if x == _ZERO else y
    return y if x >= _ZERO else _NAN


@compiled
def double_exp(x):
    """exp of a float64."""
    return np.exp(x)


@compiled
def double_log(x):
    """ln of a float64."""
    return np.log(x)


@compiled
def double_tanh(u):
    """tanh of a float64, from the C library: exact to the last bits, and one number at a time."""
    return math.tanh(u)
