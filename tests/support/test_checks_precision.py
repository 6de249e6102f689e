"""What the checks of the lesson on precision say of wrong answers."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.core.tensor import Primitive, Tensor, apply
from tinytorch.optimization import precision
from tinytorch.support import checks_precision as checks
from tinytorch.support.checks_scaler import CountedSteps


def optimizer():
    return CountedSteps(Tensor([0.0, 0.0]))


def test_right_answers_pass():
    checks.casts_like(precision.autocast, Primitive, apply, Tensor)
    checks.unscales(precision.unscale, Tensor, [[2.0], [np.inf]], 2.0, [[1.0], [np.inf]], True, "idea")
    checks.unscales_kinds(precision.unscale, Tensor)
    checks.takes_numpys(precision.next_scale)
    checks.adapts_to_all(precision.GradScaler, optimizer, Tensor)
    checks.half_bytes(precision.training_bytes)


class Stepped(precision.GradScaler):
    def update(self):
        self.adapt(any(self.found[o] for o in self.stepped))


def to_float32(gradients, scale):
    gradients = list(gradients)
    for g in gradients:
        g.data = (g.data / scale).astype(np.float32)
    return False


def seterr(gradients, scale):
    np.seterr(all="ignore")
    return precision.unscale(gradients, scale)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: checks.unscales_kinds(to_float32, Tensor), "its type must not change"),
        (lambda: checks.unscales_kinds(seterr, Tensor), "np.errstate puts them back"),
        (lambda: checks.takes_numpys(lambda s, n, found: precision.next_scale(s, n, found is True)), "one, too"),
        (lambda: checks.takes_numpys(lambda *args: list(precision.next_scale(*args))), "one, too"),
        (lambda: checks.adapts_to_all(Stepped, optimizer, Tensor), "what was found counts"),
        (lambda: checks.half_bytes(lambda *args: {"weights": 14.0}), "whole numbers of bytes"),
    ],
)  # fmt: skip
def test_wrong_answers_are_told(asked, words):
    with np.errstate(), pytest.raises(AssertionError, match=words):
        asked()


def test_an_interceptor_that_keeps_its_inputs_is_seen():
    kept = []

    class Keeps(precision.Casting):
        def forward(self, primitive, inputs, options):
            kept.append(inputs)
            return super().forward(primitive, inputs, options)

    class Keeping(precision.autocast):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self._casting = Keeps()

    with pytest.raises(AssertionError, match="keep nothing"):
        checks.casts_like(Keeping, Primitive, apply, Tensor)
