"""The profiler's counts for models whose counts are known, and that measuring leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

from tests.operations.cases import CASTS, OPERATIONS
from tinytorch.core.activations import GELU, relu, softmax
from tinytorch.core.autograd import RULES
from tinytorch.core.embeddings import Embedding
from tinytorch.core.layers import Dropout, LayerNorm, Linear, Sequential, generator, manual_seed
from tinytorch.core.losses import mse_loss
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import Profiler, Trace, distinct_bytes, measure, peak_bytes, saved_bytes, total
from tinytorch.profiling.roofline import FLOPS, CountingTrace, count_flops

PROFILER = Profiler()


def mlp(*sizes, between=relu):
    parts = []
    for n, m in zip(sizes, sizes[1:], strict=False):
        parts += [Linear(n, m), between]
    return Sequential(*parts[:-1])


@pytest.mark.parametrize("sizes", [(64, 128, 10), (3, 1), (7, 5, 5, 2)])
def test_parameters_are_numbers_and_counted_once(sizes):
    net = mlp(*sizes)
    wanted = sum(n * m + m for n, m in zip(sizes, sizes[1:], strict=False))
    assert PROFILER.count_parameters(net) == wanted
    net.layers.append(net.layers[0])
    assert PROFILER.count_parameters(net) == wanted


@pytest.mark.parametrize("batch", [1, 5, 32])
@pytest.mark.parametrize("sizes", [(64, 128, 10), (3, 1), (7, 5, 5, 2)])
def test_flops_of_a_network_of_linear_layers_include_the_batch(sizes, batch):
    hidden = sum(sizes[1:-1])
    wanted = sum(2 * n * m + m for n, m in zip(sizes, sizes[1:], strict=False)) + hidden
    assert PROFILER.count_flops(mlp(*sizes), (batch, sizes[0])) == batch * wanted


@pytest.mark.parametrize(
    ("function", "shape", "wanted"),
    [
        (lambda x: x + 1, (3, 4), 12), (lambda x: x @ x.T, (3, 4), 2 * 3 * 3 * 4),
        (lambda x: x.exp().sum(), (3, 4), 24), (lambda x: x.T.reshape(-1)[2:], (3, 4), 0),
        (lambda x: x.mean(axis=0), (3, 4), 12), (fused_gelu, (3, 4), 9 * 12),
        (GELU(), (3, 4), 5 * 12), (GELU("tanh"), (3, 4), 9 * 12), (LayerNorm(4), (3, 4), 7 * 12),
        (Linear(4, 2, bias=False), (5, 3, 4), 2 * 15 * 4 * 2), (lambda x: mse_loss(x, x.data), (3, 4), 36),
    ],
)  # fmt: skip
def test_flops_of_single_operations(function, shape, wanted):
    with CountingTrace() as trace:
        function(Tensor(np.ones(shape, np.float32)))
    assert sum(operation.flops for operation in trace.operations) == wanted


def test_a_model_of_any_kind_is_counted_by_what_it_runs():
    class Attention:
        def __init__(self):
            self.query, self.key, self.value = (Linear(8, 8, bias=False) for _ in range(3))

        def __call__(self, x):
            scores = self.query(x) @ self.key(x).transpose()
            return scores @ self.value(x)

        def parameters(self):
            return [layer.weight for layer in (self.query, self.key, self.value)]

    batch, length, width = 4, 6, 8
    wanted = batch * (3 * 2 * length * width * width + 2 * 2 * length * length * width)
    assert PROFILER.count_flops(Attention(), (batch, length, width)) == wanted
    assert PROFILER.count_parameters(Attention()) == 3 * 64


def test_counting_does_not_depend_on_a_record():
    net = mlp(6, 5, 2)
    flops = PROFILER.count_flops(net, (3, 6))
    with no_grad():
        assert PROFILER.count_flops(net, (3, 6)) == flops


@pytest.mark.parametrize("batch", [1, 8, 64])
def test_memory_counts_weights_gradients_and_what_is_saved(batch):
    net = mlp(64, 128, 10, between=GELU())
    memory = PROFILER.measure_memory(net, (batch, 64))
    parameters = 4 * (64 * 128 + 128 + 128 * 10 + 10)
    assert memory.parameters == memory.gradients == parameters
    assert memory.activations == 4 * batch * (64 + 128 + 128)
    assert memory.weight_copies == 0
    assert memory.peak >= 4 * batch * (128 + 128 + 10)


def test_frozen_parameters_have_no_gradient_to_count():
    net = mlp(4, 3, 2)
    net[0].weight.requires_grad = False
    memory = PROFILER.measure_memory(net, (1, 4))
    assert memory.parameters - memory.gradients == 4 * 12


def test_half_copies_of_weights_are_told_apart():
    net = mlp(32, 32, 32, between=fused_gelu)
    x = Tensor(np.ones((16, 32), np.float32))
    full = saved_bytes(net(x), net.parameters())
    with autocast("bfloat16"):
        half = saved_bytes(net(x), net.parameters())
    assert full.activations == 2 * half.activations == 4 * 16 * 32 * 3
    assert (full.weight_copies, half.weight_copies) == (0, 2 * PROFILER.count_parameters(net))


def test_saved_memory_is_let_go_by_the_backward_pass():
    net = mlp(4, 3, 2)
    out = net(Tensor(np.ones((5, 4), np.float32)))
    assert saved_bytes(out, net.parameters()).activations > 0
    out.sum().backward()
    assert saved_bytes(out, net.parameters()).activations == 0


def test_measuring_leaves_gradients_and_chance_as_they_were():
    manual_seed(0)
    net = Sequential(Linear(6, 4), Dropout(0.5), Linear(4, 2))
    kept = [Tensor(np.full(p.shape, 7.0, np.float32)) for p in net.parameters()]
    for p, gradient in zip(net.parameters(), kept, strict=True):
        p.grad = gradient
    state, mode = generator().bit_generator.state, net.training
    x = Tensor(np.ones((3, 6), np.float32))
    PROFILER.count_flops(net, (3, 6))
    PROFILER.measure_memory(net, (3, 6))
    PROFILER.measure_latency(net, x, warmup=0, iterations=2)
    PROFILER.profile_forward_pass(net, x, warmup=0, iterations=2)
    PROFILER.profile_backward_pass(net, x, lambda y: y.sum(), warmup=0, iterations=2)
    assert generator().bit_generator.state == state and net.training is mode
    assert all(p.grad is g and (g.data == 7).all() for p, g in zip(net.parameters(), kept, strict=True))


def test_a_latency_is_made_of_the_times_of_each_run():
    times = iter([0.0, 3.0, 0.0, 1.0, 0.0, 2.0])
    got = measure(lambda: None, warmup=4, iterations=3, clock=lambda: next(times))
    assert (got.ms, got.min_ms, got.iterations) == (2000, 1000, 3)
    assert 2000 < got.p90_ms < 3000


@pytest.mark.parametrize("settings", [{"iterations": 0}, {"iterations": -1}, {"warmup": -1}])
def test_a_measurement_of_nothing_is_refused(settings):
    with pytest.raises(ValueError, match="iterations >= 1 and warmup >= 0"):
        PROFILER.measure_latency(mlp(2, 1), Tensor([[1.0, 2.0]]), **settings)


def test_a_profile_of_a_forward_pass_agrees_with_its_parts():
    net, x = mlp(6, 5, 2), Tensor(np.ones((3, 6), np.float32))
    profile = PROFILER.profile_forward_pass(net, x, warmup=0, iterations=3)
    assert profile.memory == PROFILER.measure_memory(net, (3, 6))
    assert profile.latency.iterations == 3 and profile.latency.min_ms > 0
    assert {row.name for row in profile.operations} == {"linear", "relu"}


def test_a_profile_of_a_backward_pass_splits_the_step():
    net, x = mlp(6, 5, 2), Tensor(np.ones((3, 6), np.float32))
    profile = PROFILER.profile_backward_pass(net, x, lambda y: y.sum(), warmup=0, iterations=2)
    assert profile.gradient_bytes == 4 * PROFILER.count_parameters(net)
    assert {row.phase for row in profile.operations} == {"forward", "backward"}


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: PROFILER.count_parameters(relu), TypeError, "is not a model"),
        (lambda: PROFILER.count_flops(mlp(2, 1), (0, 2)), ValueError, "positive whole numbers"),
        (lambda: PROFILER.count_flops(mlp(2, 1), 2), ValueError, "positive whole numbers"),
        (lambda: PROFILER.profile_backward_pass(mlp(2, 1), [[1, 2]], lambda y: y.detach()), ValueError, "no graph"),
        (lambda: PROFILER.profile_backward_pass(mlp(2, 2), [[1, 2]], lambda y: y), ValueError, "single number"),
        (lambda: PROFILER.measure_memory(Silent(), (1, 2)), TypeError, "wanted a Tensor"),
    ],
)
def test_wrong_questions_are_answered_plainly(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


class Silent:
    def __call__(self, x):
        return None

    def parameters(self):
        return []


def test_a_trace_sees_both_passes_and_adds_up():
    net, x = mlp(6, 5, 2), Tensor(np.ones((3, 6), np.float32))
    with CountingTrace() as trace:
        net(x).sum().backward()
    assert [o.name for o in trace.operations if o.phase == "forward"] == ["linear", "relu", "linear", "sum"]
    assert [o.name for o in trace.operations if o.phase == "backward"] == ["sum", "linear", "relu", "linear"]
    rows = trace.summary()
    assert sum(row.calls for row in rows) == len(trace.operations)
    forward, backward = (sum(row.flops for row in rows if row.phase == phase) for phase in ("forward", "backward"))
    assert forward == count_flops(net, (3, 6)) + 6
    last = 2 * (2 * 3 * 5 * 2) + 6  # both products of the last layer's gradients, and the bias
    first = 2 * 3 * 6 * 5 + 15  # the input wants no gradient
    assert backward == last + first + 15
    assert [row.seconds for row in rows] == sorted((row.seconds for row in rows), reverse=True)
    assert total("all", "both", trace.operations).calls == 8


def test_an_operation_that_fails_is_not_traced_and_the_trace_goes_on():
    with Trace() as trace:
        with pytest.raises(ValueError):
            Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
        Tensor([1.0]) + 1
    assert [o.name for o in trace.operations] == ["add"]


def test_every_operation_can_be_counted_forward_and_backward():
    """A trace works out FLOPs and bytes for whatever runs, and counts nothing negative."""
    for operation in (*OPERATIONS, *CASTS[1:]):
        tensors = [Tensor(a, requires_grad=True) for a in operation.inputs(operation.shapes[0], "float16")]
        with CountingTrace() as trace:
            out = operation.run(*tensors)
            out.backward(Tensor(np.ones(out.shape), dtype=out.dtype))
        assert {o.phase for o in trace.operations} == {"forward", "backward"}
        assert all(o.flops >= 0 and o.bytes >= 0 and o.seconds >= 0 for o in trace.operations)
    assert set(FLOPS) <= set(RULES)


def test_a_softmax_of_single_operations_counts_as_its_rule_does():
    x = Tensor(np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32))
    with CountingTrace() as trace:
        powers = (x - x.max(axis=1, keepdims=True)).exp()
        softmax(x), powers / powers.sum(axis=1, keepdims=True)
    flops = {o.name: o.flops for o in trace.operations}
    assert sum(flops.values()) == 2 * flops["softmax"] == 2 * 5 * x.size


def test_a_traced_run_may_be_of_any_kind_of_trace():
    net, x = mlp(6, 5, 2), Tensor(np.ones((3, 6), np.float32))
    plain, counted = (PROFILER.trace(net, x, lambda y: y.sum(), kind) for kind in (Trace, CountingTrace))
    assert [o.name for o in plain.operations] == [o.name for o in counted.operations]
    assert [type(run.rows[0]).__name__ for run in (plain, counted)] == ["Total", "CountedTotal"]


def test_a_view_keeps_its_whole_buffer_alive():
    buffer = Tensor(np.ones((100, 4), np.float32), requires_grad=True)
    assert saved_bytes(buffer[:2].exp() * buffer[2:4]).activations == buffer.data.nbytes + 2 * 4 * 4


def test_peak_and_distinct_bytes():
    _, peak = peak_bytes(lambda: [np.ones(100_000), np.ones(100_000)])
    assert 1_600_000 <= peak < 1_700_000
    array = np.zeros(100)
    assert distinct_bytes([array[:50], array, array.reshape(10, 10), np.zeros(10)]) == 880


def test_a_model_of_token_numbers_is_given_some():
    """An embedding takes no random numbers: the input itself stands in the place of its shape."""
    net = Sequential(Embedding(11, 4), Linear(4, 3))
    tokens = np.array([[1, 2, 10], [0, 0, 5]])
    wanted = 2 * 6 * 4 * 3 + 6 * 3
    assert PROFILER.count_flops(net, tokens) == PROFILER.count_flops(net, Tensor(tokens)) == wanted
    assert PROFILER.measure_memory(net, tokens).parameters == 4 * (11 * 4 + 4 * 3 + 3)
