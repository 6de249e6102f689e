"""What a forward pass holds for the backward pass under autocast: how much less than in float32, and at what price."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from benchmarks.block import Block
from tests.operations.check import HALVES
from tinytorch.core.activations import softmax
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import mse_loss
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.optimization.acceleration import fused_gelu
from tinytorch.optimization.precision import _autocast, autocast
from tinytorch.profiling.profiler import Saved, saved_arrays, saved_bytes

TOKENS, WIDTH = (8, 64), 256
TOLERANCE = {"float16": 2.0**-9, "bfloat16": 2.0**-6}


def deep_mlp():
    manual_seed(0)
    return Sequential(*[part for _ in range(6) for part in (Linear(WIDTH, WIDTH), fused_gelu)], Linear(WIDTH, 10))


def block():
    manual_seed(0)
    return Block(WIDTH, heads=4, hidden=1024)


def random(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def counted(net, x, half) -> Saved:
    with autocast(half or "float16", enabled=half is not None):
        return saved_bytes(net(x), net.parameters())


def allocated(net, x, half) -> int:
    """What is still held when the result is all that is left, by tracemalloc; the input was there before."""
    gc.collect()
    tracemalloc.start()
    try:
        with autocast(half or "float16", enabled=half is not None):
            out = net(x)
        return tracemalloc.get_traced_memory()[0] - out.data.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    ("make", "shape", "limit"), [(deep_mlp, (512, WIDTH), 0.55), (block, (*TOKENS, WIDTH), 0.60)], ids=["mlp", "block"]
)
def test_what_is_saved_for_backward_under_autocast_against_float32(make, shape, limit, half):
    net, x = make(), random(*shape)
    full, mixed = counted(net, x, None), counted(net, x, half)
    assert mixed.activations <= limit * full.activations
    assert full.weight_copies == 0
    biggest = sum(2 * p.size for p in net.parameters())
    assert 0.98 * biggest <= mixed.weight_copies <= biggest, "half copies of the matrices, not of the norms' weights"


@pytest.mark.parametrize(("make", "shape"), [(deep_mlp, (512, WIDTH)), (block, (*TOKENS, WIDTH))], ids=["mlp", "block"])
@pytest.mark.parametrize("half", [None, *HALVES])
def test_tracemalloc_sees_what_is_counted(make, shape, half):
    """But for the Python objects of the graph, and the input, which was there before where it is saved as it is."""
    net, x = make(), random(*shape)
    saved = counted(net, x, half)
    there = x.data.nbytes if make is block or half is None else 0
    wanted = saved.activations + saved.weight_copies - there
    assert 0 <= allocated(net, x, half) - wanted < 100_000


@pytest.mark.parametrize("half", HALVES)
def test_the_blocks_gradients_are_float32s_within_halfs_rounding(half):
    """Softmax kept in half included; the error is that of a vector, against its length."""
    net, x, y = block(), random(*TOKENS, WIDTH), random(*TOKENS, WIDTH, seed=1)
    gradients = {}
    for kind in (None, half):
        with autocast(half, enabled=kind is not None):
            loss = mse_loss(net(x), y)
        (loss * 1024).backward()
        gradients[kind] = {name: p.grad.data for name, p in net.named_parameters()}
        net.zero_grad()
    for name, wanted in gradients[None].items():
        got = gradients[half][name]
        assert got.dtype == np.float32
        if name == "attention.key.bias":  # the same for every key, so softmax does not see it
            assert np.linalg.norm(got) < TOLERANCE[half] * np.linalg.norm(gradients[None]["attention.query.bias"])
        else:
            assert np.linalg.norm(got - wanted) < 4 * TOLERANCE[half] * np.linalg.norm(wanted), name


# ---- one half copy of an array


def tensors(*shape):
    leaf = random(*shape)
    leaf.requires_grad = True
    return leaf * 1.0, Tensor(np.eye(shape[-1], dtype=np.float32), requires_grad=True)


def halves_saved(*results: Tensor) -> list[int]:
    """How often each half array is saved by the nodes of the results, the most frequent first."""
    counts: dict[int, int] = {}
    nodes = {id(result._node): result for result in results}
    for result in nodes.values():
        for array in result._node.inputs:
            counts[id(array)] = counts.get(id(array), 0) + 1
    return sorted(counts.values(), reverse=True)


def test_three_products_of_one_activation_save_one_half_copy_of_it_and_of_the_weight():
    x, w = tensors(4, 3)
    with autocast("float16"):
        assert halves_saved(x @ w, x @ w, x @ w) == [3, 3]


def test_a_copy_goes_with_the_graph_that_held_it_and_with_the_array_that_it_was_made_from():
    x, w = tensors(4, 3)
    with autocast("float16"):
        y = x @ w
        copies = _autocast.copies
        assert {copy.shape for copy in copies.alive()} == {(4, 3), (3, 3)}
        del y
        assert copies.alive() == []
        x @ w
        del x
        assert len(copies) == 1
    assert len(copies) == 0


def test_a_weight_that_was_changed_in_place_after_the_block_is_rounded_anew():
    x, w = tensors(4, 3)
    with autocast("float16"):
        before = x @ w
    w.data *= 3
    with autocast("float16"):
        after = x @ w
    assert np.allclose(after.data, 3 * before.data.astype(np.float32), rtol=2**-9)


def test_a_buffer_without_a_gradient_may_be_filled_anew_inside_the_block():
    buffer, w = random(4, 3), Tensor(np.eye(3, dtype=np.float32), requires_grad=True)
    with autocast("float16"):
        first = buffer @ w
        buffer.data[:] = 7
        second = buffer @ w
    assert (second.data == 7).all() and not (first.data == 7).any()


def test_a_new_array_at_an_old_address_is_never_taken_for_the_old_one():
    """Half copies that live on while their float32 arrays die, and others come to lie where these were."""
    w, kept = Tensor(np.eye(8, dtype=np.float32), requires_grad=True), []
    with autocast("float16"):
        for i in range(200):
            leaf = Tensor(np.full((8, 8), i, np.float32), requires_grad=True)
            kept.append((leaf * 1.0) @ w)
    assert [int(y.data[0, 0]) for y in kept] == list(range(200))


def test_two_half_types_have_a_copy_each():
    x, w = tensors(4, 3)
    with autocast("float16"):
        y = x @ w
        with autocast("bfloat16"):
            z = x @ w
    assert (y.dtype.name, z.dtype.name) == ("float16", "bfloat16")


def test_without_recording_nothing_is_remembered():
    x, w = tensors(4, 3)
    with autocast("float16"), no_grad():
        x @ w
        assert _autocast.copies.alive() == []


# ---- a softmax that goes into a product


def test_a_softmax_that_goes_into_a_product_is_kept_in_half_and_one_that_does_not_in_float32():
    scores, values = random(4, 4), random(4, 3, seed=1)
    scores.requires_grad = True
    with autocast("float16"):
        p = softmax(scores)
        assert p.dtype == p._node.output.dtype == np.float32
        y = p @ values
    assert p._node.output.dtype == np.float16 and p._node.output is y._node.inputs[0]
    assert [a.dtype.name for a in saved_arrays(y)].count("float32") == 0


def test_backward_through_a_softmax_that_was_let_go_is_refused_as_ever():
    scores, values = random(4, 4), random(4, 3, seed=1)
    scores.requires_grad = True
    with autocast("float16"):
        p = softmax(scores)
        (p @ values).sum().backward()
        y = p @ values
    with pytest.raises(RuntimeError, match="walked over part of this graph before"):
        y.sum().backward()
    assert scores.grad is not None
