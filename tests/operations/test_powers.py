"""Powers at the ends of their range and at signed zeros, plain and fused, against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinytorch.core.tensor import Tensor
from tinytorch.optimization.compilation import fuse

NUMBERS = [-np.inf, -2.0, -0.0, 0.0, 1e-10, 0.5, 3.0, np.inf, np.nan]
EXPONENTS = [0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.5, 0.3, -0.3]
CLOSE = {"float32": 1e-5, "float64": 1e-12, "bfloat16": 0.1}  # PyTorch's float16 takes no root: nan and inf differ


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_power_and_its_gradient_are_pytorchs(exponent, dtype, compiled):
    theirs = torch.tensor(NUMBERS, dtype=getattr(torch, dtype), requires_grad=True)
    right = theirs**exponent
    right.sum().backward()
    ours = Tensor(np.array(NUMBERS), dtype, requires_grad=True)
    power = fuse(lambda x: x**exponent) if compiled and exponent else lambda x: x**exponent
    found = power(ours)
    found.backward(Tensor(np.ones(len(NUMBERS))))
    for mine, wanted in [(found, right), (ours.grad, theirs.grad)]:
        mine, wanted = mine.data.astype(float), wanted.detach().double().numpy()
        np.testing.assert_allclose(mine, wanted, CLOSE[dtype])
        same_sign = np.signbit(mine) == np.signbit(wanted)
        assert (same_sign | np.isnan(wanted)).all(), f"{mine} has other signs than {wanted}"
