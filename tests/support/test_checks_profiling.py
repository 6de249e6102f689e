"""What the checks of the lesson on profiling say of code that changes what it measures."""

from __future__ import annotations

import gc

import pytest

from tinytorch.core.layers import generator
from tinytorch.core.tensor import Interceptor, Primitive, Tensor, apply, is_recording, no_grad
from tinytorch.profiling import profiler
from tinytorch.profiling.profiler import Latency, Operation, Profiler, Total, Trace
from tinytorch.support import checks_profiling as checks


def test_right_answers_pass():
    checks.statistics_are(profiler.latency_of, Latency, [0.002, 0.001, 0.009], 2, 1, 7.6)
    checks.lets_pass(profiler.measure)
    checks.passes_on(Trace, Interceptor, Primitive, apply, Tensor, no_grad)
    checks.groups_rows(profiler.summarize, Operation, Total)
    checks.saves_each(profiler.saved_arrays, Tensor)
    checks.draws_on(profiler.undisturbed, generator)
    checks.measures(Profiler(), checks.Counting(Tensor, 3, is_recording, generator), Tensor, no_grad, 3, runs=4)


def sorts(seconds):
    seconds.sort()
    return profiler.latency_of(seconds)


class KeepsAll(Trace):
    def forward(self, primitive, inputs, options):
        self.last = super().forward(primitive, inputs, options)
        return self.last


class DropsOptions(Trace):
    def forward(self, primitive, inputs, options):
        return super().forward(primitive, inputs, {})


def without_gc(*args):
    gc.disable()
    return profiler.measure(*args)


class Watches(Profiler):
    def measure_latency(self, model, x, warmup=3, iterations=20):
        with Trace():
            return super().measure_latency(model, x, warmup, iterations)


def measured(kind):
    checks.measures(kind(), checks.Counting(Tensor, 3, is_recording, generator), Tensor, no_grad, 3, runs=4)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: checks.statistics_are(sorts, Latency, [0.002, 0.001], 1.5, 1, 1.9), "an array of your own"),
        (lambda: checks.lets_pass(without_gc), "leave Python's settings"),
        (lambda: checks.passes_on(KeepsAll, Interceptor, Primitive, apply, Tensor, no_grad), "holds an array"),
        (lambda: checks.passes_on(DropsOptions, Interceptor, Primitive, apply, Tensor, no_grad), "options go on"),
        (lambda: checks.saves_each(lambda y: [a for a in profiler.saved_arrays(y) if a.any()], Tensor), "whatever"),
        (lambda: measured(Watches), "measure it unwatched"),
    ],
)  # fmt: skip
def test_wrong_answers_are_told(asked, words):
    try:
        with pytest.raises(AssertionError, match=words):
            asked()
    finally:
        gc.enable()


