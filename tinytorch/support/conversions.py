"""float16 numbers inside a compiled loop, which sees them as their 16 bits.

Numba knows no 16-bit floating type, so the conversions are integer arithmetic on the bits, which SIMD does well. For
every number they give the bits that NumPy gives, and every nan becomes the same nan. Those of bfloat16 are in lesson
16.
"""

from __future__ import annotations

import numpy as np

from tinytorch.support.launch import compiled

_MOVE_EXPONENT = np.float32(2.0**112)  # the exponents' offsets differ by 127 - 15


@compiled
def as_it_is(x):
    """x: the conversion of a type that a loop computes in."""
    return x


@compiled
def float_of_bits(bits):
    """The float32 with these 32 bits."""
    return np.uint32(bits).view(np.float32)


@compiled
def bits_of_float(x):
    """The 32 bits of a float32."""
    return np.float32(x).view(np.uint32)


@compiled
def load_float16(bits):
    """The float32 equal to the float16 with these 16 bits."""
    shifted = np.uint32(np.uint32(bits & 0x7FFF) << 13)
    wide = bits_of_float(float_of_bits(shifted) * _MOVE_EXPONENT)
    wide = np.uint32(shifted | 0x7F800000) if shifted >= np.uint32(0x0F800000) else wide  # inf and nan
    return float_of_bits(wide | (np.uint32(bits & 0x8000) << 16))


@compiled
def store_float16(x):
    """The 16 bits of the float16 nearest to a float32; of two equally near, the one with an even last bit."""
    bits = bits_of_float(x)
    size = np.uint32(bits & 0x7FFFFFFF)
    normal = np.uint32(np.uint32(size + 0xC8000FFF + ((size >> 13) & 1)) >> 13)
    small = np.uint32(bits_of_float(float_of_bits(size) + np.float32(0.5)) - 0x3F000000)  # the addition rounds
    out = small if size < np.uint32(0x38800000) else normal
    out = np.uint32(0x7C00) if size >= np.uint32(0x47800000) else out
    out = np.uint32(0x7E00) if size > np.uint32(0x7F800000) else out
    return np.uint16(out | ((bits >> 16) & 0x8000))
