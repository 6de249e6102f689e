"""Attention against PyTorch in value, shape, type and gradient; what is masked leaks nowhere; parts share gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinytorch
import tinytorch.nn.functional as F
from tests.operations.check import to_torch
from tinytorch import Tensor, check_gradients, chunk, no_grad, scaled_dot_product_attention
from tinytorch.core.attention import attend, join_heads, split_heads
from tinytorch.given.states import from_torch
from tinytorch.nn import Linear, Module, MultiheadAttention
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import Trace
from tinytorch.profiling.roofline import CountingTrace, count_flops
from tinytorch.support.memory import allocated_bytes

torch.set_num_threads(1)
TOLERANCE = {"float64": 1e-12, "float32": 3e-6, "float16": 3e-3, "bfloat16": 2e-2}
SHAPES = {  # query, key, value
    "plain": ((4, 3), (5, 3), (5, 6)), "batch": ((2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 4)),
    "more queries": ((2, 7, 2), (2, 3, 2), (2, 3, 2)), "broadcast": ((2, 1, 3, 4), (1, 5, 6, 4), (6, 7)),
    "several tiles": ((2, 2, 130, 8), (2, 2, 140, 8), (2, 2, 140, 8)), "one": ((1, 1), (1, 1), (1, 1)),
    "large": ((3, 2, 300, 4), (3, 2, 290, 4), (3, 2, 290, 4)), "no key": ((2, 3, 2), (2, 0, 2), (2, 0, 2)),
}  # fmt: skip
MASKS = ("none", "causal", "boolean", "floating", "empty rows", "one for all queries")


def mask_of(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray | None:
    if kind in ("none", "causal"):
        return None
    if kind == "floating":
        return rng.normal(size=shape[-2:])
    mask = rng.random(shape if kind == "boolean" else shape[-2:]) < 0.7
    if kind == "empty rows":
        mask[0] = False
    return mask[:1] if kind == "one for all queries" else mask


def relative(got: np.ndarray, wanted: np.ndarray) -> float:
    off = np.abs(got.astype(np.float64) - wanted).max(initial=0)
    return float(off / max(1.0, np.abs(wanted).max(initial=0)))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("name", SHAPES)
def test_it_gives_what_pytorch_gives(name, kind, dtype):
    """Numbers and gradients of PyTorch in float64, and the type and shape of PyTorch's own result."""
    rng, shapes = np.random.default_rng(0), SHAPES[name]
    scores = (*np.broadcast_shapes(*(shape[:-2] for shape in shapes)), shapes[0][-2], shapes[1][-2])
    mask, scale = mask_of(kind, scores, rng), (0.3 if name == "batch" else None)
    ours = [Tensor(rng.normal(size=shape), dtype, requires_grad=True) for shape in shapes]
    judges = [to_torch(x.data, "float64") for x in ours]
    options = {"is_causal": kind == "causal", "scale": scale}
    their_mask = None if mask is None else torch.tensor(mask)
    wanted = torch.nn.functional.scaled_dot_product_attention(*judges, attn_mask=their_mask, **options)
    got = F.scaled_dot_product_attention(*ours, attn_mask=mask, **options)
    assert (got.dtype.name, got.shape) == (dtype, tuple(wanted.shape))
    assert relative(got.data, wanted.detach().numpy()) <= TOLERANCE[dtype]
    start = Tensor(rng.normal(size=got.shape), dtype)
    got.backward(start)
    slopes = torch.autograd.grad(wanted, judges, torch.tensor(start.data.astype(np.float64)))
    for x, slope in zip(ours, slopes, strict=True):
        assert x.grad.dtype == x.dtype and relative(x.grad.data, slope.numpy()) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_its_type_is_pytorchs(dtype):
    x = np.ones((2, 3, 4))
    theirs = torch.nn.functional.scaled_dot_product_attention(*[torch.tensor(x).to(getattr(torch, dtype))] * 3)
    assert f"torch.{F.scaled_dot_product_attention(*[Tensor(x, dtype)] * 3).dtype}" == str(theirs.dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_of_16_bit_inputs_stay_in_float32(dtype):
    x = Tensor(np.random.default_rng(11).normal(size=(2, 4, 3)), dtype, requires_grad=True)
    out, weights = attend(x, x, x)
    assert (out.dtype, weights.dtype) == (x.dtype, np.float32)
    (out.sum() + weights.sum()).backward()
    assert x.grad.dtype == x.dtype


def test_a_floating_mask_gets_its_gradient():
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape) for shape in ((2, 4, 3), (2, 5, 3), (2, 5, 3), (4, 1))]
    ours, theirs = [Tensor(x, requires_grad=True) for x in arrays], [to_torch(x) for x in arrays]
    scaled_dot_product_attention(*ours).sum().backward()
    torch.nn.functional.scaled_dot_product_attention(*theirs).sum().backward()
    for x, leaf in zip(ours, theirs, strict=True):
        assert np.allclose(x.grad.data, leaf.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("length", [6, 150])
def test_nothing_leaks_from_the_future(length):
    """Other numbers later on change no bit before, and the gradient there is exactly 0."""
    rng, place = np.random.default_rng(2), length // 2
    layer = MultiheadAttention(8, 2)
    x = Tensor(rng.normal(size=(3, length, 8)), "float32", requires_grad=True)
    for bound in (1.0, 1e4):
        other = x.data.copy()
        other[:, place:] = rng.normal(size=other[:, place:].shape) * bound
        before, after = layer(x, is_causal=True)[0].data, layer(other, is_causal=True)[0].data
        assert np.array_equal(before[:, :place], after[:, :place]) and not np.array_equal(before, after)
    layer(x, is_causal=True)[0][:, place - 1].sum().backward()
    assert not x.grad.data[:, place:].any() and x.grad.data[:, :place].any()


def test_a_masked_key_changes_nothing_either():
    rng, mask = np.random.default_rng(3), np.ones((5, 5), bool)
    mask[:, 2] = False
    x = Tensor(rng.normal(size=(2, 5, 4)), requires_grad=True)
    value = Tensor(rng.normal(size=(2, 5, 4)), requires_grad=True)
    scaled_dot_product_attention(rng.normal(size=(2, 5, 4)), x, value, mask).sum().backward()
    assert not x.grad.data[:, 2].any() and not value.grad.data[:, 2].any() and x.grad.data.any()


def test_gradients_agree_with_differences():
    rng = np.random.default_rng(4)
    q, k, v, mask = (Tensor(rng.normal(size=shape)) for shape in ((2, 3, 2), (2, 4, 2), (2, 4, 3), (3, 4)))
    assert check_gradients(lambda q, k, v, m: scaled_dot_product_attention(q, k, v, m), q, k, v, mask) < 1e-6
    assert check_gradients(lambda q, k: attend(q, k, v)[1] * Tensor(np.arange(4.0)), q, k) < 1e-6


@pytest.mark.parametrize(("shapes", "options", "said"), [
    (((2, 3), (2, 4), (2, 3)), {}, "(2, 4)"), (((3,), (3,), (3,)), {}, "Tq, d"),
    (((2, 2, 3), (3, 2, 3), (2, 3)), {}, "do not broadcast"), (((2, 3), (4, 3), (5, 3)), {}, "(5, 3)"),
    (((2, 3), (2, 3), (2, 3)), {"attn_mask": np.ones((2, 2), bool), "is_causal": True}, "attn_mask and is_causal"),
    (((2, 3), (2, 3), (2, 3)), {"attn_mask": np.ones((3, 2), bool)}, "mask of shape (3, 2)"),
    (((2, 3), (2, 3), (2, 3)), {"dropout_p": 1.5}, "1.5"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(shapes, options, said):
    with pytest.raises(ValueError, match=".*") as error:
        scaled_dot_product_attention(*map(np.ones, shapes), **options)
    assert said in str(error.value)


def test_autocast_runs_the_layer_in_16_bits():
    x = Tensor(np.random.default_rng(5).normal(size=(2, 4, 8)), "float32", requires_grad=True)
    layer = MultiheadAttention(8, 2)
    with autocast("bfloat16"), Trace() as trace:
        out, weights = layer(x, is_causal=True, need_weights=True)
    wanted = layer(x, is_causal=True)[0]
    assert out.dtype == weights.dtype and out.dtype.name == "bfloat16" and relative(out.data, wanted.data) < 2e-2
    assert {o.dtype for o in trace.operations if o.name == "attention_weights"} == {"float32"}
    out.sum().backward()
    assert x.grad.dtype == np.float32


# ---- the layer


@pytest.mark.parametrize(("width", "heads", "bias"), [(8, 2, True), (6, 3, False), (5, 5, True), (4, 1, True)])
@pytest.mark.parametrize(
    "case", ["self", "cross", "key alone", "mask", "mask of heads", "floating", "causal", "no batch"]
)
def test_the_layer_gives_what_pytorchs_gives(width, heads, bias, case):
    rng, theirs = np.random.default_rng(6), torch.nn.MultiheadAttention(width, heads, bias=bias, batch_first=True)
    theirs = theirs.double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))
    ours = MultiheadAttention(width, heads, bias=bias).double()
    ours.load_state_dict(from_torch(ours, theirs.state_dict()))
    query, key, value = (rng.normal(size=(2, length, width)) for length in (5, 7, 7))
    query = query[0] if case == "no batch" else query
    x, y = Tensor(query, requires_grad=True), torch.tensor(query, requires_grad=True)
    inputs, given = {"cross": ((x, key, value), (y, key, value)), "key alone": ((x, key), (y, key, key))}.get(
        case, ((x,), (y, y, y))
    )
    mask = {"mask": (5, 5), "mask of heads": (2 * heads, 5, 5)}.get(case)
    mask = None if mask is None else rng.random(mask) < 0.4
    mask = rng.normal(size=(5, 5)) if case == "floating" else mask
    their_mask = np.triu(np.ones((5, 5), bool), 1) if case == "causal" else mask
    for average in (True, False):
        options = {"attn_mask": mask, "is_causal": case == "causal", "average_attn_weights": average}
        out, weights = ours(*inputs, need_weights=True, **options)
        wanted, right = theirs(
            *(torch.as_tensor(z) for z in given), average_attn_weights=average,
            attn_mask=None if their_mask is None else torch.tensor(their_mask),
        )  # fmt: skip
        assert np.allclose(out.data, wanted.detach().numpy(), atol=1e-12, equal_nan=True)
        assert weights.shape == tuple(right.shape) and np.allclose(weights.data, right.detach().numpy(), equal_nan=True)
    (out.sum() + (weights * weights).sum()).backward()
    (wanted.sum() + (right * right).sum()).backward()
    assert np.allclose(x.grad.data, y.grad.numpy(), atol=1e-10)
    assert np.allclose(ours.in_proj.weight.grad.data, theirs.in_proj_weight.grad.numpy().T, atol=1e-10)
    assert not bias or np.allclose(ours.in_proj.bias.grad.data, theirs.in_proj_bias.grad.numpy(), atol=1e-10)


def test_from_torch_finds_the_layer_in_a_network():
    class Net(Module):
        def __init__(self):
            self.attn, self.out = MultiheadAttention(4, 2), Linear(4, 4)

    theirs = torch.nn.Module()
    theirs.attn, theirs.out = torch.nn.MultiheadAttention(4, 2), torch.nn.Linear(4, 4)
    state = from_torch(Net(), theirs.state_dict())
    assert np.array_equal(state["attn.in_proj.weight"], theirs.attn.in_proj_weight.detach().numpy().T)
    assert np.array_equal(state["attn.out_proj.bias"], theirs.attn.out_proj.bias.detach().numpy())


def test_batch_first_may_be_written_as_for_pytorch():
    assert MultiheadAttention(4, 2, batch_first=True)(np.ones((3, 2, 4)))[0].shape == (3, 2, 4)
    with pytest.raises(ValueError, match="batch comes first"):
        MultiheadAttention(4, 2, batch_first=False)


@pytest.mark.parametrize("sizes", [(8, 3), (0, 1), (8, 0), (8, -2)])
def test_sizes_that_do_not_fit_are_refused(sizes):
    with pytest.raises(ValueError, match="num_heads|embed_dim"):
        MultiheadAttention(*sizes)


def test_heads_are_views_and_joined_without_a_copy():
    """After attention the numbers lie as they do before the heads were split, forward and backward."""
    x = Tensor(np.random.default_rng(7).normal(size=(2, 5, 12)), requires_grad=True)
    heads = [split_heads(part, 2) for part in chunk(x, 3, -1)]
    assert all(np.shares_memory(part.data, x.data) for part in heads)
    out = attend(*heads, is_causal=True)[0]
    assert np.shares_memory(join_heads(out).data, out.data)


# ---- chunk


def test_parts_of_a_chunk_used_in_every_way():
    """Twice, not at all, after other uses of the tensor, and in two backward passes."""
    x = Tensor(np.random.default_rng(8).normal(size=(3, 7)), requires_grad=True)
    y = x * 2
    a, b, c = y.chunk(3, 1)
    assert [part.shape for part in (a, b, c)] == [(3, 3), (3, 3), (3, 1)]
    loss = (a * a).sum() + (a * 3).sum() + c.sum() + y.sum()
    wanted = 2 * np.ones((3, 7))
    wanted[:, :3] += 2 * (2 * y.data[:, :3] + 3)
    wanted[:, 6:] += 2
    loss.backward(retain_graph=True)
    assert np.allclose(x.grad.data, wanted)
    loss.backward()
    assert np.allclose(x.grad.data, 2 * wanted)


def test_gradients_of_parts_are_nobodys_arrays():
    """Writing into a gradient changes no other one, and the start of a pass stays as it was."""
    x = Tensor(np.ones((2, 4)), requires_grad=True)
    first, _ = chunk(x, 2, 1)
    start = Tensor(np.full((2, 2), 5.0))
    first.backward(start, retain_graph=True)
    x.grad.data[...] = 0
    assert (start.data == 5).all()
    x.grad = None
    first.backward(start)
    assert np.array_equal(x.grad.data, [[5, 5, 0, 0]] * 2)


def test_a_chunk_inside_a_chunk():
    x = Tensor(np.arange(8.0), requires_grad=True)
    (chunk(chunk(x, 2)[1], 2)[0] * Tensor([3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 0, 3, 4, 0, 0]


def test_a_backward_pass_through_three_parts_makes_one_array():
    x = Tensor(np.ones((64, 3000)), requires_grad=True)
    total = sum((part * 2.0).sum() for part in chunk(x, 3, -1))
    assert allocated_bytes(total.backward) < 2.1 * x.data.nbytes  # the parts' own gradients, and the whole one


def test_a_part_of_whole_numbers_is_a_view():
    x = Tensor(np.arange(6))
    assert [part.tolist() for part in chunk(x, 4)] == [[0, 1], [2, 3], [4, 5]] and chunk(x, 2)[0].dtype == np.int64
    assert np.shares_memory(chunk(x, 2)[1].data, x.data)


@pytest.mark.parametrize("kind", [Trace, CountingTrace])
def test_profilers_see_chunk_and_attention(kind):
    x = Tensor(np.random.default_rng(9).normal(size=(2, 4, 12)), "float32", requires_grad=True)
    with kind() as trace:
        loss = attend(*chunk(x, 3, -1), is_causal=True)[0].sum()
        loss.backward()
    assert {"chunk", "part", "attention_weights", "attention"} <= {o.name for o in trace.operations}
    assert x.grad is not None
    plain = Tensor(x.data, requires_grad=True)
    attend(*chunk(plain, 3, -1), is_causal=True)[0].sum().backward()
    assert np.array_equal(plain.grad.data, x.grad.data)


def test_flops_of_attention_are_those_of_its_products_and_its_softmax():
    x = Tensor(np.ones((2, 3, 5, 4), np.float32))
    products = 2 * (2 * 3 * 5 * 5 * 4) * 2
    assert count_flops(lambda x: scaled_dot_product_attention(x, x, x), x) == products + 5 * 2 * 3 * 5 * 5


def test_bytes_of_a_chunk_are_those_of_the_parts_and_of_the_whole():
    x = Tensor(np.ones((2, 6), np.float32), requires_grad=True)
    with CountingTrace() as trace:
        sum(part.sum() for part in chunk(x, 3, 1)).backward()
    moved = {(o.name, o.phase): o.bytes for o in trace.operations}
    assert moved["part", "forward"] == moved["chunk", "forward"] == 0
    assert 48 <= moved["chunk", "backward"] <= 56


def test_attention_without_a_record_gives_the_same():
    x = np.random.default_rng(10).normal(size=(2, 6, 4)).astype(np.float32)
    recorded = Tensor(x, requires_grad=True)
    with no_grad():
        quiet = scaled_dot_product_attention(recorded, recorded, recorded)
    assert np.array_equal(quiet.data, scaled_dot_product_attention(recorded, recorded, recorded).data)
    assert not quiet.requires_grad and tinytorch.chunk is chunk
