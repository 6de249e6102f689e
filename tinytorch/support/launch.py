"""Compiling loops over numbers, and running them over arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba.core.registry import cpu_target

from tinytorch.support.dtypes import is_half
from tinytorch.support.kernel_cache import Kernel, copy_of
from tinytorch.support.threads import get_num_threads, in_slices

PART = 1 << 19  # elements: of the machines measured, on none was a smaller part done sooner by waking a thread for it


def compiled(function: Callable, *, any_order: bool = False) -> Kernel:
    """`function` compiled by Numba when it is first called with arguments of certain types, and kept on disk.

    It must consist of arithmetic on numbers and arrays and of calls of other compiled functions. It runs without
    Python's lock; division by 0 gives inf or nan; a product and a sum may become one instruction, which rounds once.
    With `any_order`, additions of floats may change their order, so that a sum can use SIMD.
    """
    freedom = {"contract", "reassoc", "nsz"} if any_order else {"contract"}
    kernel = Kernel(copy_of(function), targetoptions={
        "nopython": True, "nogil": True, "error_model": "numpy", "fastmath": freedom, "boundscheck": None})
    kernel.enable_caching()
    return kernel


def rounds_once() -> bool:
    """Whether the processor that kernels are compiled for has one instruction for a product and a sum."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return not triple.startswith(("x86_64", "i386", "i686")) or "+fma" in features.split(",")


def flat(array: np.ndarray) -> np.ndarray:
    """The numbers in one line, a copy where they are not laid out in order; 16-bit floats as their bits, in uint16,
    for Numba knows neither of their types.
    """
    array = np.ascontiguousarray(array).reshape(-1)
    return array.view(np.uint16) if is_half(array.dtype) else array


def parts_of(size: int) -> int:
    """Among how many threads a loop over `size` elements is shared out."""
    return min(get_num_threads(), max(1, size // PART))


def one_pass(loop: Callable, *arrays: np.ndarray) -> np.ndarray:
    """Run `loop(*inputs, output)` once over arrays of one shape and type, and return the output, a new array.

    `loop` is compiled; it is given lines as `flat` makes them, large ones in parts, one for each thread.
    """
    out = np.empty(arrays[0].shape, dtype=arrays[0].dtype)
    in_slices(loop, [flat(array) for array in (*arrays, out)], parts_of(out.size))
    return out


def converted(loop: Callable, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`loop(numbers, output)` once over the numbers of `array`: a new array of type `dtype`, laid out as `array` is."""
    out = written = np.empty_like(array, dtype=dtype)
    if not array.flags.c_contiguous:
        axes = sorted(range(out.ndim), key=lambda axis: -out.strides[axis])  # as they are in memory
        array, written = np.ascontiguousarray(array.transpose(axes)), out.transpose(axes)
    loop(flat(array), flat(written))
    return out
