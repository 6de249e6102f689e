"""Optimizers: PyTorch's traces, groups, changes in place, and a state from which a run goes on bit for bit."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.operations.check import properties
from tinytorch.core.layers import Dropout
from tinytorch.core.optimizers import SGD, Adam, AdamW, Optimizer
from tinytorch.core.tensor import Tensor

PEERS = {SGD: torch.optim.SGD, Adam: torch.optim.Adam, AdamW: torch.optim.AdamW}
SETTINGS = [
    (SGD, {"lr": 0.05}),
    (SGD, {"lr": 0.05, "weight_decay": 0.1}),
    (SGD, {"lr": 0.01, "momentum": 0.9}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    (SGD, {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "dampening": 0.4}),
    (SGD, {"lr": 0.01, "momentum": 0.9, "dampening": 0.9, "weight_decay": 0.1, "maximize": True}),
    (SGD, {"lr": 0.05, "dampening": 0.5, "maximize": True}),
    (Adam, {}),
    (Adam, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-3}),
    (Adam, {"lr": 0.01, "weight_decay": 0.1}),
    (Adam, {"lr": 0.01, "betas": (0.0, 0.99)}),
    (AdamW, {}),
    (AdamW, {"lr": 0.02, "weight_decay": 0.5}),
    (AdamW, {"lr": 0.02, "weight_decay": 0.0}),
    (Adam, {"lr": 0.02, "betas": (0.5, 0.6), "weight_decay": 0.1, "amsgrad": True}),
    (Adam, {"lr": 0.02, "maximize": True}),
    (AdamW, {"lr": 0.02, "betas": (0.8, 0.7), "weight_decay": 0.5, "amsgrad": True, "maximize": True}),
]
NAMES = [f"{kind.__name__}({', '.join(f'{k}={v}' for k, v in options.items())})" for kind, options in SETTINGS]
SHAPES = [(3, 4), (5,), ()]
settings = pytest.mark.parametrize(("kind", "options"), SETTINGS, ids=NAMES)


def gradients(step, dtype="float32", seed=0):
    """Gradients of three parameters at one step; now and then one is missing, tiny, huge or zero."""
    rng = np.random.default_rng([seed, step])
    found = [np.asarray(rng.normal(size=shape) * 10.0 ** rng.integers(-3, 2)).astype(dtype) for shape in SHAPES]
    if step % 5 == 2:
        found[1] = None
    if step % 7 == 3:
        found[0] = np.zeros(SHAPES[0], dtype)
    return found


def parameters(dtype="float32", seed=1):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=shape), dtype=dtype, requires_grad=True) for shape in SHAPES]


def twins(ours):
    return [torch.tensor(p.data.copy(), requires_grad=True) for p in ours]


def hand_out(ours, theirs, found):
    for p, q, g in zip(ours, theirs, found, strict=True):
        p.grad = None if g is None else Tensor(g)
        q.grad = None if g is None else torch.tensor(g)


def assert_same(ours, theirs, allowed):
    for p, q in zip(ours, theirs, strict=True):
        wanted = q.detach().numpy()
        assert p.dtype == wanted.dtype
        assert np.allclose(p.data, wanted, rtol=allowed, atol=allowed), np.abs(p.data - wanted).max()


@settings
@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 2e-6), ("float64", 1e-13)])
def test_sixty_steps_go_where_pytorchs_go(kind, options, dtype, allowed):
    ours = parameters(dtype)
    theirs = twins(ours)
    optimizer, peer = kind(ours, **options), PEERS[kind](theirs, **options)
    for step in range(60):
        hand_out(ours, theirs, gradients(step, dtype))
        optimizer.step()
        peer.step()
        assert_same(ours, theirs, allowed)


def test_a_wrong_trace_is_found():
    class Slightly(Adam):
        def update(self, data, gradient, state, group, work):
            super().update(data, gradient, state, {**group, "eps": group["eps"] + 1e-6}, work)

    ours = parameters("float64")
    theirs = twins(ours)
    optimizer, peer = Slightly(ours), torch.optim.Adam(theirs)
    hand_out(ours, theirs, gradients(0, "float64"))
    optimizer.step()
    peer.step()
    with pytest.raises(AssertionError):
        assert_same(ours, theirs, 1e-13)


@settings
def test_rates_that_change_and_groups_that_differ_follow_pytorch(kind, options):
    ours = parameters("float64")
    theirs = twins(ours)

    def groups(params):
        return [{"params": params[:1], "lr": 0.3}, {"params": params[1:], "weight_decay": 0.2}]

    optimizer, peer = kind(groups(ours), **options), PEERS[kind](groups(theirs), **options)
    for step in range(50):
        for group in (*optimizer.param_groups, *peer.param_groups):
            group["lr"] = 0.1 / (1 + step)
        if step == 20:
            optimizer.param_groups[0]["weight_decay"] = peer.param_groups[0]["weight_decay"] = 0.5
        hand_out(ours, theirs, gradients(step, "float64"))
        optimizer.step()
        peer.step()
    assert_same(ours, theirs, 1e-12)


@properties
@given(
    setting=st.sampled_from(SETTINGS), seed=st.integers(0, 99), missing=st.lists(st.sets(st.integers(0, 2)), max_size=8)
)
def test_any_pattern_of_missing_gradients_follows_pytorch(setting, seed, missing):
    kind, options = setting
    ours = parameters("float64", seed)
    theirs = twins(ours)
    optimizer, peer = kind(ours, **options), PEERS[kind](theirs, **options)
    for step, without in enumerate(missing):
        found = [None if i in without else g for i, g in enumerate(gradients(step, "float64", seed))]
        hand_out(ours, theirs, found)
        optimizer.step()
        peer.step()
    assert_same(ours, theirs, 1e-12)


# ---- where the numbers lie


@settings
def test_weights_are_changed_where_they_lie(kind, options):
    ours = parameters()
    arrays = [p.data for p in ours]
    optimizer = kind(ours, **options)
    for step in range(3):
        hand_out(ours, twins(ours), gradients(step))
        optimizer.step()
    assert all(p.data is array for p, array in zip(ours, arrays, strict=True))


@settings
def test_gradients_are_left_as_they_are_and_are_not_kept(kind, options):
    p = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = kind([p], **options)
    buffer = np.float32([0.5, -1.0])
    for _ in range(3):
        p.grad = Tensor([0.0, 0.0])
        p.grad.data = buffer
        kept = buffer.copy()
        optimizer.step()
        assert np.array_equal(buffer, kept)
        moved = p.data.copy()
        buffer[:] = 1e6  # somebody uses the array again
        optimizer.state_dict()
        assert np.array_equal(p.data, moved)
        buffer[:] = kept
    twin = Tensor([1.0, 2.0], requires_grad=True)
    other = kind([twin], **options)
    for _ in range(3):
        twin.grad = Tensor([0.5, -1.0])
        other.step()
    assert np.array_equal(p.data, twin.data)


@settings
def test_an_array_that_was_put_in_place_of_the_weights_is_updated(kind, options):
    p, twin = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    optimizer, other = kind([p], **options), kind([twin], **options)
    for _ in range(4):
        p.data = p.data.copy()
        p.grad, twin.grad = Tensor([0.5, -1.0]), Tensor([0.5, -1.0])
        optimizer.step()
        other.step()
    assert np.array_equal(p.data, twin.data)


@settings
def test_parameters_of_one_shape_share_no_state(kind, options):
    together, alone = parameters()[:1] * 1, parameters()[:1]
    second = Tensor(np.ones((3, 4)), dtype=np.float32, requires_grad=True)
    optimizer, other = kind([together[0], second], **options), kind(alone, **options)
    for step in range(5):
        together[0].grad = Tensor(gradients(step)[0])
        alone[0].grad = Tensor(gradients(step)[0])
        second.grad = Tensor(np.full((3, 4), 100.0 * step, np.float32))
        optimizer.step()
        other.step()
    assert np.array_equal(together[0].data, alone[0].data)


@settings
def test_a_weight_in_another_memory_order_is_updated_the_same(kind, options):
    numbers = np.arange(12, dtype=np.float32).reshape(3, 4)
    p, twin = Tensor(numbers, requires_grad=True), Tensor(numbers, requires_grad=True)
    p.data = np.asfortranarray(p.data)
    optimizer, other = kind([p], **options), kind([twin], **options)
    for step in range(4):
        p.grad = twin.grad = Tensor(gradients(step)[0])
        optimizer.step()
        other.step()
    assert np.array_equal(p.data, twin.data)


@pytest.mark.parametrize("kind", PEERS)
def test_a_step_takes_no_new_memory_after_the_first(kind):
    p = Tensor(np.ones(200_000, np.float32), requires_grad=True)
    p.grad = Tensor(np.ones(200_000, np.float32))
    options = {"momentum": 0.9, "nesterov": True} if kind is SGD else {}
    optimizer = kind([p], weight_decay=0.1, **options)
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < p.data.nbytes / 10


@settings
def test_a_half_precision_gradient_moves_a_float32_weight(kind, options):
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([0.5, -1.0], dtype="float16")
    optimizer = kind([p], **options)
    optimizer.step()
    assert p.dtype == np.float32 and (p.data[0] > 1 if options.get("maximize") else p.data[0] < 1)
    assert all(v.dtype == np.float32 for s in optimizer.state.values() for v in s.values() if isinstance(v, np.ndarray))


# ---- state


@settings
def test_a_run_goes_on_from_its_state_bit_for_bit(kind, options):
    ours = parameters()
    optimizer = kind(ours, **options)
    for step in range(17):
        hand_out(ours, twins(ours), gradients(step))
        optimizer.step()
    state, numbers = optimizer.state_dict(), [p.data.copy() for p in ours]
    later = parameters(seed=99)
    for p, array in zip(later, numbers, strict=True):
        p.data = array
    resumed = kind(later, lr=123.0)
    resumed.load_state_dict(state)
    for step in range(17, 40):
        found = gradients(step)
        hand_out(ours, later_twins := twins(ours), found)
        hand_out(later, later_twins, found)
        optimizer.step()
        resumed.step()
    assert all(np.array_equal(p.data, q.data) for p, q in zip(ours, later, strict=True))


@settings
def test_a_saved_state_does_not_change_when_the_training_goes_on(kind, options):
    ours = parameters()
    optimizer = kind(ours, **options)
    hand_out(ours, twins(ours), gradients(0))
    optimizer.step()
    state = optimizer.state_dict()
    frozen = [{k: np.copy(v) for k, v in s.items()} for s in state["state"].values()]
    resumed = kind(parameters(), **options)
    resumed.load_state_dict(state)
    for step in (1, 3):
        for one in (optimizer, resumed):
            params = [p for group in one.param_groups for p in group["params"]]
            hand_out(params, twins(params), gradients(step))
            one.step()
    after = [{k: np.copy(v) for k, v in s.items()} for s in state["state"].values()]
    assert all(np.array_equal(a[k], b[k]) for a, b in zip(frozen, after, strict=True) for k in a)


def test_a_state_of_other_parameters_or_of_another_optimizer_is_refused():
    state = SGD(parameters(), lr=0.1, momentum=0.9).state_dict()
    for other in (SGD(parameters()[:2]), SGD([Tensor(np.ones((4, 3)), requires_grad=True), *parameters()[1:]])):
        with pytest.raises(ValueError, match="saved for parameters of shapes"):
            other.load_state_dict(state)
    adam = Adam(parameters())
    with pytest.raises(ValueError, match="the state lacks betas, eps"):
        adam.load_state_dict(state)
    assert adam.param_groups[0]["lr"] == 1e-3


@pytest.mark.parametrize(
    "saved",
    [{"a": 1}, {}, None, [], {"state": {}, "param_groups": [{"params": [0]}]}, {"state": 1, "param_groups": []}],
)
def test_what_is_no_state_of_an_optimizer_is_refused(saved):
    with pytest.raises(ValueError, match="this is not the state of one of our optimizers: wanted a dict with 'state'"):
        Adam(parameters()).load_state_dict(saved)


# ---- what is refused


def test_zero_grad_forgets():
    ours = parameters()
    hand_out(ours, twins(ours), gradients(0))
    SGD(ours).zero_grad()
    assert [p.grad for p in ours] == [None] * 3


def test_zero_grad_can_leave_zeros_which_move_a_weight_that_decays():
    ours = parameters()
    hand_out(ours, twins(ours), gradients(2))
    SGD(ours).zero_grad(set_to_none=False)
    assert [p.grad if p.grad is None else p.grad.data.any() for p in ours] == [False, None, False]


def test_amsgrad_saves_pytorchs_third_average_and_only_where_it_is_asked_for():
    a, b = parameters()[:2]
    optimizer = Adam([{"params": [a], "amsgrad": True}, {"params": [b]}])
    for p in (a, b):
        p.grad = Tensor(np.ones(p.shape, np.float32))
    optimizer.step()
    held = [set(state) for state in optimizer.state_dict()["state"].values()]
    peer = torch.optim.Adam([q := twins([a])[0]], amsgrad=True)
    q.grad = torch.ones(a.shape)
    peer.step()
    assert held == [set(peer.state_dict()["state"][0]), {"step", "exp_avg", "exp_avg_sq"}]


def test_options_stand_where_pytorchs_do():
    """Positional arguments of a program for PyTorch mean the same here."""
    ours = parameters()
    theirs = twins(ours)
    for kind, values in [(SGD, (0.1, 0.9, 0.0, 1e-3, True)), (Adam, (0.1, (0.8, 0.9), 1e-6, 1e-3, True)),
                         (AdamW, (0.1, (0.8, 0.9), 1e-6, 1e-3, True))]:
        mine, peer = kind(ours, *values).param_groups[0], PEERS[kind](theirs, *values).param_groups[0]
        assert {name: mine[name] for name in mine if name != "params"}.items() <= peer.items()


def test_a_gradient_of_another_shape_is_refused_before_anything_moves():
    ours = parameters()
    before = [p.data.copy() for p in ours]
    hand_out(ours, twins(ours), gradients(0))
    ours[1].grad = Tensor(np.ones(1, np.float32))
    with pytest.raises(ValueError, match=r"shape \(5,\) has a gradient of shape \(1,\)"):
        SGD(ours).step()
    assert all(np.array_equal(p.data, array) for p, array in zip(ours, before, strict=True))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda p: SGD(p[0]), TypeError, "put it into a list"),
        (lambda p: SGD([]), ValueError, "list of parameters is empty"),
        (lambda p: SGD([p[0], p[0]]), ValueError, "listed twice"),
        (lambda p: SGD([1.0]), TypeError, "wanted a floating Tensor"),
        (lambda p: SGD([{"params": p[:1]}, {"params": p[:1]}]), ValueError, "listed twice"),
        (lambda p: SGD([p[0] * 2]), ValueError, "was computed from other tensors"),
        (lambda p: SGD([Tensor(np.arange(3))]), TypeError, "Tensor of int64, wanted .* by register_buffer"),
        (lambda p: SGD(Dropout(0.5)), TypeError, r"got a Dropout: pass its parameters\(\)"),
        (lambda p: SGD(p, momentum=0.9, dampening=0.1, nesterov=True), ValueError, "dampening 0"),
        (lambda p: SGD([{"params": p, "rate": 1}]), ValueError, "unknown option rate"),
        (lambda p: SGD([{"lr": 1}]), TypeError, "not a dict with the key 'params'"),
        (lambda p: SGD(p, lr=-1), ValueError, "lr must"),
        (lambda p: SGD(p, nesterov=True), ValueError, "momentum must be above 0"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), ValueError, "betas"),
        (lambda p: Adam(p, eps=-1e-8), ValueError, "eps must"),
        (lambda p: AdamW(p, weight_decay=-1), ValueError, "weight_decay must"),
    ],
)  # fmt: skip
def test_settings_and_parameters_that_make_no_sense_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make(parameters())


def test_an_optimizer_of_ones_own_defines_update_alone():
    class Signs(Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, lr=lr)

        def update(self, data, gradient, state, group, work):
            data -= group["lr"] * np.sign(gradient)

    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([5.0, -0.1])
    Signs([p]).step()
    assert np.allclose(p.data, [0.9, 2.1])
    with pytest.raises(NotImplementedError, match="Optimizer has no method update"):
        plain = Optimizer([p], lr=0.1)
        plain.step()


@settings
def test_gradients_that_are_not_finite_go_into_the_weights_without_a_warning(kind, options):
    """As in PyTorch; whoever wants to know looks at the numbers, or uses a GradScaler."""
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = Tensor([np.nan, 1e30])
    kind([p], **options).step()
    assert np.isnan(p.data[0])
