"""What lesson 09's operations compute, for lesson 15's table: FLOPs from the shapes that go in and that come out.

A rule is `rule(input shapes, output shape, options)`; behind the forward's there is one for the gradient of each input.
"""

from __future__ import annotations

import math
from typing import Any

Shape = tuple[int, ...]


def product(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """Of weight times columns, (N, C * kh * kw, L): two for each number of a kernel and each number of the result.

    The gradients of both are products of the same three lengths.
    """
    return 2 * shapes[0][1] * math.prod(output)


def convolution(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """Of the product, and of a bias, the third input, where there is one."""
    return product(shapes, output, options) + (len(shapes) - 2) * math.prod(output)


def per_output(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """One for each number of the result."""
    return math.prod(output)


def window(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """One for each number of each window."""
    return math.prod(options["kernel"]) * math.prod(output)


def nothing(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """What is only copied."""
    return 0


def normalization(shapes: tuple[Shape, ...], output: Shape, options: dict[str, Any]) -> int:
    """Difference, quotient, weight and bias of each number, and in training mean, square and mean for the moments."""
    return (7 if options["training"] else 4) * math.prod(output)


CONVOLUTION_FLOPS = {
    "conv2d": (convolution, product, product, per_output),
    "unfold": (nothing, per_output),  # backwards, each number of the columns is added to its pixel
    "max_pool2d": (window, window),
    "batch_norm": (normalization,),
}
