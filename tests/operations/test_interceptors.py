"""no_grad, interceptors and autocast: they nest, survive exceptions and belong to a thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from tests.operations.cases import layer_norm, linear
from tests.operations.check import HALVES, Seen
from tests.operations.test_operations import primitives_of_the_package
from tinytorch.core.activations import gelu, log_softmax, relu, sigmoid, softmax
from tinytorch.core.attention import attend, chunk
from tinytorch.core.autograd import RULES
from tinytorch.core.convolutions import batch_norm, conv2d, max_pool2d, unfold
from tinytorch.core.embeddings import embedding
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import bce_with_logits, cross_entropy, mse_loss
from tinytorch.core.tensor import Interceptor, Tensor, active_interceptors, apply, is_recording, maximum, no_grad, where
from tinytorch.optimization.acceleration import fused_gelu, vectorized_matmul
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.kernels import fused_cross_entropy
from tinytorch.optimization.precision import FLOAT32_OPERATIONS, HALF_OPERATIONS, autocast, autocast_type
from tinytorch.profiling.profiler import saved_bytes


def in_a_thread(function):
    """What `function()` gives on a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def halves():
    """A product of float32, the type of which tells whether autocast is at work."""
    return (Tensor([[1.0]]) @ Tensor([[1.0]])).dtype.name


# ---- no_grad


def test_no_grad_stops_the_record_and_puts_back_what_was_there():
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        assert not is_recording() and not (x * 2).requires_grad
        with no_grad():
            pass
        assert not is_recording()
    assert is_recording() and (x * 2).requires_grad


def test_no_grad_ends_with_an_exception():
    for _ in range(2):
        with pytest.raises(KeyError), no_grad(), no_grad():
            raise KeyError("inside")
        assert is_recording()


def test_no_grad_decorates_a_function():
    @no_grad()
    def silent(x):
        return x * 2

    x = Tensor([1.0], requires_grad=True)
    assert not silent(x).requires_grad and not silent(x).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_belongs_to_a_thread():
    with no_grad():
        assert in_a_thread(is_recording) is True
    seen, leave, entered = [], threading.Event(), threading.Event()

    def inside():
        with no_grad():
            entered.set()
            leave.wait(10)
            seen.append(is_recording())

    thread = threading.Thread(target=inside)
    thread.start()
    entered.wait(10)
    assert is_recording()
    leave.set()
    thread.join()
    assert seen == [False]


def test_a_leaf_made_under_no_grad_may_still_ask_for_a_gradient():
    with no_grad():
        x = Tensor([3.0], requires_grad=True)
    (x * x).backward()
    assert x.grad.data.tolist() == [6]


# ---- interceptors


class Log(Interceptor):
    def __init__(self, name, log):
        self.name, self.log = name, log

    def forward(self, primitive, inputs, options):
        self.log.append(f"{self.name} {primitive.name}")
        out = super().forward(primitive, inputs, options)
        self.log.append(f"{self.name} done")
        return out

    def backward(self, node, gradient):
        self.log.append(f"{self.name} back {node.primitive.name}")
        return super().backward(node, gradient)


def test_interceptors_nest_and_the_uppermost_comes_first():
    log, x = [], Tensor([1.0], requires_grad=True)
    with Log("outer", log), Log("inner", log):
        y = x * 2
        y.backward()
    assert log == ["inner mul", "outer mul", "outer done", "inner done", "inner back mul", "outer back mul"]
    x * 2
    assert len(log) == 6 and active_interceptors() == ()


def test_what_an_interceptor_does_itself_is_seen_by_those_below_only():
    class Doubles(Interceptor):
        def forward(self, primitive, inputs, options):
            return apply(primitive, *inputs, **options) * 2

    log = []
    with Log("outer", log), Doubles():
        assert (Tensor([1.0]) + 1).data.tolist() == [4]
    assert [line for line in log if "done" not in line] == ["outer add", "outer mul"]


def test_interceptors_come_off_and_back_on_with_exceptions():
    class Fails(Interceptor):
        def forward(self, primitive, inputs, options):
            raise KeyError(primitive.name)

    log = []
    with Log("outer", log):
        with pytest.raises(KeyError, match="add"), Fails():
            Tensor([1.0]) + 1
        assert [type(one) for one in active_interceptors()] == [Log]
        with pytest.raises(ValueError):
            Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
        assert [type(one) for one in active_interceptors()] == [Log]
        Tensor([1.0]) + 1
    assert active_interceptors() == () and log[-2:] == ["outer add", "outer done"]


def test_interceptors_belong_to_a_thread():
    with Seen() as seen:
        assert in_a_thread(active_interceptors) == ()
        in_a_thread(lambda: Tensor([1.0]) + 1)
    assert seen.forwards == []


def test_every_operation_goes_through_apply():
    """With an interceptor that runs nothing, nothing runs."""
    class Wall(Interceptor):
        def forward(self, primitive, inputs, options):
            raise InterruptedError

    x = Tensor(np.ones((2, 2)))
    operations = [
        lambda: x + 1, lambda: 1 - x, lambda: x * x, lambda: x / 2, lambda: x**2, lambda: x @ x, lambda: -x,
        lambda: x < 1, lambda: x == 1, lambda: x.exp(), lambda: x.log(), lambda: x.sqrt(), lambda: x.tanh(),
        lambda: maximum(x, 0),
        lambda: where(x > 0, x, 0), lambda: x.astype("float16"), lambda: x.sum(), lambda: x.mean(0), lambda: x.max(),
        lambda: x.min(), lambda: x.reshape(4), lambda: x.T, lambda: x[0], lambda: relu(x), lambda: sigmoid(x),
        lambda: gelu(x), lambda: softmax(x), lambda: log_softmax(x), lambda: mse_loss(x, x),
        lambda: bce_with_logits(x, x), lambda: cross_entropy(x, [0, 1]), lambda: fused_gelu(x),
        lambda: vectorized_matmul(x, x), lambda: Linear(2, 2)(x),
    ]  # fmt: skip
    for operation in operations:
        with pytest.raises(InterruptedError), Wall():
            operation()


# ---- autocast


def test_autocast_nests_and_the_innermost_counts():
    with autocast("float16"):
        assert halves() == "float16"
        with autocast("bfloat16"):
            assert halves() == "bfloat16"
            with autocast(enabled=False):
                assert halves() == "float32"
            with autocast("float16"):
                assert halves() == "float16"
            assert halves() == "bfloat16"
        assert halves() == "float16"
    assert halves() == "float32"


def test_autocast_switched_off_from_the_start_does_nothing():
    with autocast("float16", enabled=False):
        assert halves() == "float32"
        with autocast("float16"):
            assert halves() == "float16"
        assert halves() == "float32"
    assert active_interceptors() == ()


def test_autocast_ends_with_an_exception():
    with pytest.raises(KeyError), autocast("bfloat16"), autocast("float16"):
        raise KeyError("inside")
    assert halves() == "float32" and active_interceptors() == ()
    with autocast("float16"):
        with pytest.raises(KeyError), autocast("bfloat16"):
            raise KeyError("inside")
        assert halves() == "float16"


def test_one_autocast_serves_for_many_blocks_within_each_other_too_and_for_a_function():
    casting, x = autocast("bfloat16"), Tensor(np.ones((2, 2), np.float32))

    @casting
    def product():
        return (x @ x).dtype.name

    kinds = [product()]
    for _ in range(2):
        with casting:
            with casting:
                kinds.append(product())
            kinds.append((x @ x).dtype.name)
    assert kinds == ["bfloat16"] * 5
    assert (x @ x).dtype == np.float32 and active_interceptors() == ()


def test_autocast_belongs_to_a_thread():
    with autocast("float16"):
        assert in_a_thread(halves) == "float32"
    assert in_a_thread(lambda: halves_under("bfloat16")) == "bfloat16"
    assert halves() == "float32"


def halves_under(dtype):
    with autocast(dtype):
        return halves()


def test_autocast_and_other_interceptors_nest_either_way():
    with Seen() as outside, autocast("float16"), Seen() as inside:
        halves()
    assert inside.forwards == ["matmul"]
    assert outside.forwards == ["astype", "astype", "matmul"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_autocast_takes_halves_only(dtype):
    with pytest.raises(ValueError, match=f"float16 or bfloat16, not in {dtype}"), autocast(dtype):
        raise AssertionError("entered")
    assert halves() == "float32" and active_interceptors() == ()


X = np.random.default_rng(0).uniform(0.5, 2, size=(4, 4))
TO_HALF = {
    "matmul": lambda x: x @ x,
    "vectorized_matmul": lambda x: vectorized_matmul(x, x.reshape(1, *x.shape)),
    "linear": lambda x: linear(x, Tensor(np.ones((4, 2), np.float32)), Tensor(np.ones(2, np.float32))),
    "conv2d": lambda x: conv2d(x.reshape(1, 1, 4, 4), Tensor(np.ones((2, 1, 2, 2), np.float32))),
}
TO_FLOAT32 = {
    "exp": Tensor.exp, "log": Tensor.log, "pow": lambda x: x**2, "reciprocal": lambda x: 1 / x,
    "sum": lambda x: x.sum(axis=0), "softmax": softmax, "log_softmax": log_softmax,
    "layer_norm": lambda x: layer_norm(x, Tensor([1.0] * 4), Tensor([0.0] * 4)),
    "batch_norm": lambda x: batch_norm(x, None, None, training=True),
    "mse_loss": lambda x: mse_loss(x, x * 0), "bce_with_logits": lambda x: bce_with_logits(x, x * 0),
    "cross_entropy": lambda x: cross_entropy(x, np.arange(4)),
    "fused_cross_entropy": lambda x: fused_cross_entropy(x, np.arange(4)),
}  # fmt: skip
AS_IT_COMES = {
    "add": lambda x: x + x, "sub": lambda x: x - x, "mul": lambda x: x * 0.5, "div": lambda x: x / x,
    "neg": lambda x: -x, "sqrt": Tensor.sqrt, "tanh": Tensor.tanh, "relu": relu, "sigmoid": sigmoid, "gelu": gelu,
    "fused_gelu": fused_gelu, "fused": fuse(lambda x: x * x.tanh()),
    "mean": lambda x: x.mean(axis=0), "max": lambda x: x.max(axis=0),
    "min": lambda x: x.min(axis=0),
    "maximum": lambda x: maximum(x, 0.5), "where": lambda x: where(x > 1, x, 0), "reshape": lambda x: x.reshape(-1),
    "transpose": lambda x: x.T, "getitem": lambda x: x[1:], "embedding": lambda x: embedding([1, 0, 1], x),
    "chunk": lambda x: chunk(x, 2)[0], "part": lambda x: chunk(x, 2)[1], "attention": lambda x: attend(x, x, x)[0],
    "unfold": lambda x: unfold(x.reshape(1, 1, 4, 4), 2), "max_pool2d": lambda x: max_pool2d(x.reshape(1, 1, 4, 4), 2),
}  # fmt: skip
FROM_16_BITS_TO_FLOAT32 = {"attention_weights": lambda x: attend(x, x, x)[1]}  # with autocast and without


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("given", [*HALVES, "float32"])
@pytest.mark.parametrize("name", TO_HALF | TO_FLOAT32 | AS_IT_COMES)
def test_autocasts_rule_for_each_operation(name, given, half):
    operation = (TO_HALF | TO_FLOAT32 | AS_IT_COMES)[name]
    wanted = half if name in TO_HALF else "float32" if name in TO_FLOAT32 else given
    with autocast(half):
        assert operation(Tensor(X, dtype=given)).dtype.name == wanted


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("given", [*HALVES, "float32"])
@pytest.mark.parametrize("name", FROM_16_BITS_TO_FLOAT32)
def test_what_widens_by_itself_does_so_under_autocast(name, given, half):
    operation, x = FROM_16_BITS_TO_FLOAT32[name], Tensor(X, dtype=given)
    with autocast(half):
        assert operation(x).dtype == operation(Tensor(X, dtype=given)).dtype == np.float32


@pytest.mark.parametrize("name", TO_HALF | TO_FLOAT32 | AS_IT_COMES)
def test_autocast_leaves_float64_alone(name):
    operation, x = (TO_HALF | TO_FLOAT32 | AS_IT_COMES)[name], Tensor(X)
    with autocast("float16"), Seen() as seen:
        out = operation(x)
    assert out.dtype == np.float64
    assert np.array_equal(out.data, operation(x).data)
    assert "float16" not in seen.forwards


def test_autocasts_rules_cover_every_primitive_of_a_lesson(real):
    covered = set(TO_HALF) | set(TO_FLOAT32) | set(AS_IT_COMES) | set(FROM_16_BITS_TO_FLOAT32) | {"astype"}
    assert covered == set(RULES) & set(primitives_of_the_package(real))
    assert set(TO_HALF) == HALF_OPERATIONS and set(TO_FLOAT32) == FLOAT32_OPERATIONS


def test_autocast_type_leaves_whole_numbers_alone():
    for kind in ("int64", "uint8", "bool", "float64"):
        for operation in ("matmul", "softmax", "add"):
            assert autocast_type(operation, np.dtype(kind), np.dtype("float16")) == kind


def test_the_products_of_autocast_are_pytorchs():
    """PyTorch's rule for products is the same on a CPU; inputs are rounded, and the sum is not."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(8, 16)).astype(np.float32), rng.normal(size=(16, 4)).astype(np.float32)
    for half in HALVES:
        with autocast(half):
            got = Tensor(a) @ Tensor(b)
        with torch.autocast("cpu", dtype=getattr(torch, half)):
            wanted = torch.tensor(a) @ torch.tensor(b)
        assert f"torch.{got.dtype}" == str(wanted.dtype)
        ulp = {"float16": 2**-10, "bfloat16": 2**-7}[half]
        assert np.allclose(got.data.astype(float), wanted.double().numpy(), rtol=ulp, atol=ulp)


@pytest.mark.parametrize("half", HALVES)
def test_a_weights_gradient_comes_back_in_float32(half):
    rng = np.random.default_rng(2)
    weight = Tensor(rng.normal(size=(3, 2)).astype(np.float32), requires_grad=True)
    bias = Tensor(np.zeros(2, np.float32), requires_grad=True)
    x = Tensor(rng.normal(size=(4, 3)).astype(np.float32))
    with autocast(half):
        loss = mse_loss(linear(x, weight, bias).tanh(), np.zeros((4, 2)))
    loss.backward()
    assert weight.grad.dtype == bias.grad.dtype == weight.dtype == np.float32
    plain = weight.grad.data
    weight.grad = bias.grad = None
    mse_loss(linear(x, weight, bias).tanh(), np.zeros((4, 2))).backward()
    assert np.allclose(plain, weight.grad.data, atol={"float16": 2e-3, "bfloat16": 2e-2}[half])
    assert not np.array_equal(plain, weight.grad.data)


def test_no_cast_copy_of_a_weight_outlives_a_rebinding():
    weight, x = Tensor([[2.0]], requires_grad=True), Tensor([[1.0]])
    with autocast("float16"):
        assert (x @ weight).item() == 2
        weight.data = weight.data + 1
        assert (x @ weight).item() == 3
        weight.data += 1
        assert (x @ weight).item() == 4


@pytest.mark.parametrize("half", HALVES)
def test_activations_are_saved_in_half_under_autocast(half):
    """The input too: what the first product keeps of it is a half copy."""
    model = Sequential(*[part for _ in range(4) for part in (Linear(32, 32), fused_gelu)])
    x = Tensor(np.random.default_rng(3).normal(size=(64, 32)).astype(np.float32))
    full = saved_bytes(model(x), model.parameters())
    with autocast(half):
        out = model(x)
    mixed = saved_bytes(out, model.parameters())
    assert out.dtype.name == half
    assert (full.activations, full.weight_copies) == (8 * 64 * 32 * 4, 0)
    assert mixed.activations == full.activations // 2
    assert mixed.weight_copies == sum(2 * p.size for p in model.parameters())


def test_the_loss_is_float32_and_its_gradient_reaches_the_weights_under_autocast():
    model = Sequential(Linear(3, 4), relu, Linear(4, 2))
    with autocast("float16"):
        logits = model(Tensor(np.ones((5, 3), np.float32)))
        loss = cross_entropy(logits, np.zeros(5, int))
    assert (logits.dtype.name, loss.dtype.name) == ("float16", "float32")
    loss.backward()
    assert all(p.grad is not None and p.grad.dtype == np.float32 for p in model.parameters())


def test_the_forward_pass_of_halves_overflows_to_infinity_as_hardware_does():
    with autocast("float16"), np.errstate(all="raise"):
        assert (Tensor([[300.0]]) @ Tensor([[300.0]])).item() == np.inf
