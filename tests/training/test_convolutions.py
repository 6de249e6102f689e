"""Convolutions, pooling and batch normalisation against PyTorch: values, types, gradients, states and errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import ml_dtypes
import numpy as np
import pytest
import torch
import torch.nn.functional as peers

from tests.operations.check import LAYOUTS, laid_out
from tinytorch import from_torch, manual_seed, nn
from tinytorch.core.autograd import check_gradients
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor, no_grad, wrap
from tinytorch.core.training import Trainer
from tinytorch.nn import functional
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import saved_bytes
from tinytorch.profiling.roofline import CountingTrace

TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "float16": 2e-3, "bfloat16": 2e-2}
KERNELS, STRIDES, PADDINGS = (1, 2, 3, (2, 3), (5, 1)), (1, 2, (1, 3)), (0, 1, (2, 1))
GRID = list(product(KERNELS, STRIDES, PADDINGS))
NAN = float("nan")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def pair(given):
    return given if isinstance(given, tuple) else (given, given)


def leaf(numbers: np.ndarray, dtype: str, layout: str = "contiguous") -> Tensor:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    tensor = wrap(laid_out(numbers.astype(kind), layout))
    tensor.requires_grad = True
    return tensor


def agree(ours: Callable, theirs: Callable, *arrays: np.ndarray, dtype: str = "float64", layout: str = "contiguous"):
    """Run both on the same numbers, PyTorch in float64, and compare value, shape, type and all gradients."""
    mine = [leaf(array, dtype, layout) for array in arrays]
    peer = [torch.tensor(x.data.astype(np.float64)).requires_grad_() for x in mine]
    got, wanted = ours(*mine), theirs(*peer)
    assert got.shape == tuple(wanted.shape) and got.dtype.name == dtype
    near(got.data, wanted.detach().numpy(), dtype)
    g = normal(*got.shape, seed=9).astype(got.dtype)
    got.backward(wrap(g))
    wanted.backward(torch.tensor(g.astype(np.float64)))
    for x, y in zip(mine, peer, strict=True):
        assert x.grad.dtype == x.dtype
        near(x.grad.data, y.grad.numpy(), dtype)


def near(got: np.ndarray, wanted: np.ndarray, dtype: str) -> None:
    size = np.max(np.abs(wanted), initial=1.0, where=np.isfinite(wanted))
    off = TOLERANCE[dtype]
    np.testing.assert_allclose(got.astype(np.float64), wanted, rtol=off, atol=off * size)


# ---- functions


@pytest.mark.parametrize(("kernel", "stride", "padding"), GRID)
def test_conv2d_is_pytorchs(kernel, stride, padding):
    x, w, b = normal(2, 3, 7, 6), normal(4, 3, *pair(kernel), seed=1), normal(4, seed=2)
    for dtype in ("float64", "float32"):
        agree(lambda x, w, b: functional.conv2d(x, w, b, stride, padding),
              lambda x, w, b: peers.conv2d(x, w, b, stride, padding), x, w, b, dtype=dtype)
    agree(lambda x, w: functional.conv2d(x, w, stride=stride, padding=padding),
          lambda x, w: peers.conv2d(x, w, stride=stride, padding=padding), x, w)


@pytest.mark.parametrize(("kernel", "stride", "padding"), GRID)
def test_unfold_is_pytorchs(kernel, stride, padding):
    options = {"padding": padding, "stride": stride}
    agree(lambda x: functional.unfold(x, kernel, **options), lambda x: peers.unfold(x, kernel, **options),
          normal(2, 3, 7, 6))


POOLS = [(k, s, p) for k, s, p in product(KERNELS, (None, *STRIDES), PADDINGS)
         if all(2 * more <= length for more, length in zip(pair(p), pair(k), strict=True))]


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
def test_pooling_is_pytorchs_also_where_numbers_are_equal_or_nan(kernel, stride, padding):
    few = np.random.default_rng(0).integers(-1, 2, (2, 3, 7, 6)).astype(float)  # many windows hold several equal ones
    some = few.copy()
    some[0, :, :3, 1:4] = NAN
    some[1, 1, 2, 2], some[1, 0, 5, 5] = np.inf, NAN
    for numbers in (normal(2, 3, 7, 6), few, some):
        agree(lambda x: functional.max_pool2d(x, kernel, stride, padding),
              lambda x: peers.max_pool2d(x, kernel, stride, padding), numbers)
    agree(lambda x: functional.avg_pool2d(x, kernel, stride, padding),
          lambda x: peers.avg_pool2d(x, kernel, stride, padding), normal(2, 3, 7, 6))


CALLS = {
    "conv2d": (lambda x, w: functional.conv2d(x, w, padding=1), lambda x, w: peers.conv2d(x, w, padding=1)),
    "unfold": (lambda x, w: functional.unfold(x, 2) * w.sum(), lambda x, w: peers.unfold(x, 2) * w.sum()),
    "max_pool2d": (lambda x, w: functional.max_pool2d(x, 2) * w.sum(), lambda x, w: peers.max_pool2d(x, 2) * w.sum()),
    "avg_pool2d": (lambda x, w: functional.avg_pool2d(x, 2) * w.sum(), lambda x, w: peers.avg_pool2d(x, 2) * w.sum()),
    "batch_norm": (lambda x, w: functional.batch_norm(x, None, None, training=True) * w.sum(),
                   lambda x, w: peers.batch_norm(x, None, None, training=True) * w.sum()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CALLS)
def test_any_order_in_memory_is_the_same(name, layout):
    agree(*CALLS[name], normal(3, 2, 4, 5), normal(2, 2, 3, 3, seed=1), layout=layout)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bits_are_computed_in_float32_and_rounded(name, dtype):
    w = normal(2, 2, 3, 3, seed=1)
    if name != "conv2d":
        w[...] = np.eye(36)[0].reshape(w.shape)  # so that its sum is 1
    agree(*CALLS[name], normal(3, 2, 4, 5), w, dtype=dtype)


@pytest.mark.parametrize("name", CALLS)
def test_an_empty_batch_is_pytorchs(name):
    agree(*CALLS[name], np.zeros((0, 2, 4, 5)), normal(2, 2, 3, 3, seed=1))


@pytest.mark.parametrize("name", ["conv2d", "unfold", "max_pool2d", "avg_pool2d"])
def test_a_single_image_is_taken_as_in_pytorch(name):
    agree(*CALLS[name], normal(2, 4, 5), normal(2, 2, 3, 3, seed=1))


def test_whole_numbers_become_float32_and_types_meet_as_everywhere():
    image = np.arange(16).reshape(1, 1, 4, 4)
    assert functional.conv2d(image, Tensor(np.ones((1, 1, 2, 2), np.float32))).dtype == np.float32
    assert functional.max_pool2d(image, 2).tolist() == [[[[5, 7], [13, 15]]]]
    assert functional.conv2d(image, Tensor(np.ones((1, 1, 2, 2)))).dtype == np.float64


@pytest.mark.parametrize(("call", "words"), [
    (lambda: functional.conv2d(normal(2, 3), Tensor(normal(1, 3, 1, 1))), r"wants images \(N, C, H, W\), .* \(2, 3\)"),
    (lambda: functional.conv2d(normal(1, 3, 4, 4), Tensor(normal(2, 4, 3, 3))), r"shape \(out, 3, rows, columns\)"),
    (lambda: functional.conv2d(normal(1, 3, 4, 4), Tensor(normal(2, 3, 3))), r"got \(2, 3, 3\)"),
    (lambda: functional.conv2d(normal(1, 3, 4, 4), Tensor(normal(2, 3, 3, 3)), Tensor(normal(3))), r"a bias of shape"),
    (lambda: functional.conv2d(normal(1, 3, 4, 2), Tensor(normal(2, 3, 3, 3))), "kernel of 3 does not fit into 2"),
    (lambda: functional.conv2d(normal(1, 3, 4, 4), Tensor(normal(2, 3, 3, 3)), stride=0), "stride must be a whole"),
    (lambda: functional.conv2d(normal(1, 3, 4, 4), Tensor(normal(2, 3, 3, 3)), padding="same"), "got 'same'"),
    (lambda: functional.max_pool2d(normal(1, 3, 4, 4), 2, padding=2), "at most half of the kernel"),
    (lambda: functional.max_pool2d(normal(1, 3, 4, 4), (2, 2, 2)), r"kernel_size must be .* got \(2, 2, 2\)"),
    (lambda: functional.batch_norm(normal(2, 3), None, None), "needs running_mean and running_var"),
    (lambda: functional.batch_norm(normal(1, 3), None, None, training=True), "one number has no variance"),
    (lambda: nn.BatchNorm2d(3)(normal(2, 3, 4)), r"BatchNorm2d wants images \(N, 3, H, W\), got shape \(2, 3, 4\)"),
    (lambda: nn.Conv2d(0, 3, 2), "in_channels must be"),
    (lambda: nn.MaxPool2d(2, padding=2), "at most half of the kernel"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_numbers(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ---- batch normalisation


@pytest.mark.parametrize("shape", [(4, 3, 5, 4), (5, 3), (2, 3, 6), (3, 1, 2, 2)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_batch_norm_is_pytorchs_and_so_are_its_running_moments(shape, training, momentum):
    mean, variance = normal(shape[1], seed=3), normal(shape[1], seed=4) ** 2
    mine, theirs = [Tensor(mean), Tensor(variance)], [torch.tensor(mean), torch.tensor(variance)]
    weight, bias = normal(2, shape[1], seed=1)
    agree(lambda x, w, b: functional.batch_norm(x, *mine, w, b, training, momentum, 1e-3),
          lambda x, w, b: peers.batch_norm(x, *theirs, w, b, training, momentum, 1e-3),
          normal(*shape) + 2, weight, bias)
    for got, wanted in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(got.data, wanted.numpy(), rtol=1e-12)


def test_a_backward_pass_after_more_training_uses_the_moments_of_its_own_forward_pass():
    layer, x = nn.BatchNorm2d(2).eval(), Tensor(normal(3, 2, 2, 2), requires_grad=True)
    y = layer(x)
    layer.train()(normal(3, 2, 2, 2, seed=1) * 5)
    y.sum().backward()
    assert np.allclose(x.grad.data, 1 / np.sqrt(1 + 1e-5))


def test_gradients_of_a_whole_network_agree_with_finite_differences():
    manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(),
                            nn.Linear(3 * 2 * 2, 2)).double()
    check_gradients(lambda x: network(x).tanh(), Tensor(normal(3, 2, 4, 5)))


# ---- layers


PAIRS = {
    "conv": lambda m: m.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=1),
    "no bias": lambda m: m.Conv2d(2, 4, 3, bias=False),
    "norm": lambda m: m.BatchNorm2d(2, eps=1e-3, momentum=0.3),
    "net": lambda m: m.Sequential(m.Conv2d(2, 4, 3, padding=1), m.BatchNorm2d(4), m.ReLU(), m.MaxPool2d(2),
                                  m.Conv2d(4, 3, 2), m.ReLU(), m.AvgPool2d(2, 1), m.Flatten(), m.Linear(3, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_layer_with_pytorchs_state_computes_what_pytorchs_does_and_keeps_the_same_buffers(name):
    ours, theirs = PAIRS[name](nn), PAIRS[name](torch.nn)
    ours.load_state_dict(from_torch(ours, theirs.state_dict()))
    x = normal(3, 2, 6, 7).astype(np.float32)
    for mode in (True, True, False):
        got, wanted = ours.train(mode)(x), theirs.train(mode)(torch.tensor(x))
        np.testing.assert_allclose(got.data, wanted.detach().numpy(), rtol=1e-4, atol=1e-5)
    state, peer = ours.state_dict(), from_torch(ours, theirs.state_dict())
    assert state.keys() == peer.keys()
    for key, array in state.items():
        assert array.dtype == peer[key].dtype and array.shape == peer[key].shape
        np.testing.assert_allclose(array, peer[key], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [lambda m: m.MaxPool2d(3, 1, 1), lambda m: m.MaxPool2d(2),
                                  lambda m: m.AvgPool2d((2, 3)), lambda m: m.AvgPool2d(3, (1, 2), (1, 0))])
def test_a_layer_that_pools_is_pytorchs(make):
    agree(make(nn), make(torch.nn), normal(2, 3, 7, 6))
    assert make(nn).train().eval()(normal(2, 3, 7, 6)).shape == make(torch.nn)(torch.zeros(2, 3, 7, 6)).shape


def test_running_moments_become_inf_and_nan_without_a_warning():
    layer = nn.BatchNorm2d(1)
    for _ in range(3):
        layer(np.full((1, 1, 2, 2), [[np.inf, 1], [2, 3]], np.float32))
    assert np.isnan(layer.running_var.data).all() and not np.isfinite(layer.running_mean.data).any()


def test_an_empty_batch_leaves_the_running_moments_as_they_are():
    layer = nn.BatchNorm2d(2)
    assert layer(np.zeros((0, 2, 3, 3), np.float32)).shape == (0, 2, 3, 3)
    assert layer.running_mean.tolist() == [0, 0] and layer.running_var.tolist() == [1, 1]


def test_training_steps_give_pytorchs_losses():
    ours, theirs = PAIRS["net"](nn), PAIRS["net"](torch.nn)
    ours.load_state_dict(from_torch(ours, theirs.state_dict()))
    x, labels = normal(16, 2, 6, 7).astype(np.float32), np.random.default_rng(0).integers(5, size=16)
    trainer = Trainer(ours, SGD(ours.parameters(), lr=0.1, momentum=0.9), nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for _ in range(5):
        optimizer.zero_grad()
        loss = peers.cross_entropy(theirs(torch.tensor(x)), torch.tensor(labels))
        loss.backward()
        optimizer.step()
        assert trainer.train_step([(Tensor(x), Tensor(labels))]).loss == pytest.approx(loss.item(), rel=1e-4)


def test_a_layer_shows_its_sizes():
    for make in (lambda m: m.Conv2d(1, 2, 3), lambda m: m.Conv2d(1, 2, (3, 5), 2, 1, bias=False)):
        assert repr(make(nn)) == repr(make(torch.nn))
    assert repr(nn.Flatten()) == repr(torch.nn.Flatten())
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=None, padding=0)"
    assert repr(nn.BatchNorm2d(3)) == "BatchNorm2d(3, eps=1e-05)"


def test_a_convolution_starts_within_pytorchs_bound_and_repeats_after_a_seed():
    manual_seed(3)
    first = nn.Conv2d(8, 64, (5, 4))
    bound = 1 / np.sqrt(8 * 20)
    for p in first.parameters():
        assert np.abs(p.data).max() <= bound and p.dtype == np.float32
    assert first.weight.data.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    manual_seed(3)
    assert np.array_equal(nn.Conv2d(8, 64, (5, 4)).weight.data, first.weight.data)


def test_nn_init_counts_a_convolutions_inputs_and_outputs_as_pytorch_does():
    ours, theirs = nn.Conv2d(8, 32, (3, 5)).weight, torch.nn.Conv2d(8, 32, (3, 5)).weight
    for name, options in (("kaiming_uniform_", {}), ("kaiming_normal_", {"mode": "fan_out"}), ("xavier_uniform_", {})):
        getattr(nn.init, name)(ours, **options), getattr(torch.nn.init, name)(theirs, **options)
        assert ours.data.std() == pytest.approx(theirs.std().item(), rel=0.05)


@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 1), (2, 0, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("options", [{}, {"start_dim": 0}, {"start_dim": -2}, {"end_dim": 1}])
def test_flatten_is_pytorchs(shape, options):
    agree(nn.Flatten(**options), torch.nn.Flatten(**options), normal(*shape))


# ---- with the other lessons


def test_autocast_runs_convolutions_in_half_precision_and_batch_norm_in_float32():
    layer, norm, x = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), normal(2, 2, 5, 5).astype(np.float32)
    with autocast("float16"), no_grad():
        y = layer(x)
        assert y.dtype == np.float16 and norm(y).dtype == np.float32
        assert functional.max_pool2d(y, 2).dtype == np.float16 and functional.unfold(x, 2).dtype == np.float32


def test_the_flops_of_a_convolution_are_those_of_its_product():
    layer, x = nn.Conv2d(3, 4, (2, 3), padding=1), Tensor(normal(5, 3, 6, 7).astype(np.float32), requires_grad=True)
    with CountingTrace() as trace:
        layer(x).sum().backward()
    count = 5 * 4 * 7 * 7  # numbers that come out
    flops = {(o.name, o.phase): o.flops for o in trace.operations}
    assert flops["conv2d", "forward"] == (2 * 3 * 2 * 3 + 1) * count
    assert flops["conv2d", "backward"] == (2 * 2 * 3 * 2 * 3 + 1) * count
    assert flops["unfold", "forward"] == 0
    assert flops["unfold", "backward"] == 3 * 2 * 3 * 5 * 7 * 7  # an addition for each number of the columns


def test_the_columns_are_kept_once_and_for_the_backward_pass_only():
    layer, x = nn.Conv2d(4, 2, 3, padding=1), Tensor(normal(8, 4, 6, 6).astype(np.float32), requires_grad=True)
    columns = 9 * x.data.nbytes
    assert columns <= saved_bytes(layer(x).sum(), layer.parameters()).activations <= columns + 2 * x.data.nbytes
