"""Embeddings beside PyTorch's and float64: values, types, gradients, what is refused, and what hangs on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tinytorch.nn.functional as OurF
from tests.operations.check import DTYPES, EPS, HALVES, Seen, assert_close, laid_out, leaf, to_numpy, to_torch
from tinytorch import from_torch, manual_seed, nn
from tinytorch.core.autograd import check_gradients
from tinytorch.core.embeddings import Embedding, embedding, segment_sum, sinusoidal_positions
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import SGD
from tinytorch.core.tensor import Tensor, as_dtype, cast_array, no_grad
from tinytorch.optimization.precision import autocast
from tinytorch.profiling.profiler import Trace, saved_bytes
from tinytorch.profiling.roofline import CountingTrace, count_flops

IDS = {
    "repeats": [0, 2, 2, 4], "a number": 3, "three axes": [[[1, 1], [0, 4]], [[3, 3], [3, 0]]],
    "none": np.zeros((2, 0), np.int64), "one": [[4]],
}  # fmt: skip
WIDTH = 6


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def of_type(numbers: np.ndarray, dtype: str) -> np.ndarray:
    return cast_array(numbers, as_dtype(dtype))


def gradient_of(ids: np.ndarray, weight: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The gradient with respect to the weight, where `g` is that with respect to the rows."""
    tensor = Tensor(weight, requires_grad=True)
    embedding(ids, tensor).backward(Tensor(g))
    return tensor.grad.data


# ---- value, type and gradient


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_rows_and_gradient_are_pytorchs_and_float64s(ids, dtype):
    ids, numbers = np.asarray(ids), of_type(drawn(5, WIDTH), dtype)
    weight, peer = leaf(numbers), to_torch(numbers)
    got, wanted = embedding(ids, weight), F.embedding(torch.tensor(ids), peer)
    assert got.shape == tuple(wanted.shape) and got.dtype == as_dtype(dtype)
    assert np.array_equal(got.data.astype(np.float64), to_numpy(wanted).astype(np.float64))
    g = of_type(drawn(*got.shape, seed=1), dtype)
    got.backward(Tensor(g))
    wanted.backward(to_torch(g).detach())
    exact = np.zeros(numbers.shape)
    np.add.at(exact, ids, g.astype(np.float64))
    assert weight.grad.dtype == as_dtype(dtype) and weight.grad.shape == weight.shape
    assert_close(weight.grad.data, exact, 8 * EPS[dtype], "gradient against float64")
    assert_close(weight.grad.data, to_numpy(peer.grad), 8 * EPS[dtype], "gradient against PyTorch")


def test_finite_differences_agree():
    ids = np.array([[1, 1, 3], [0, 3, 1]])
    check_gradients(lambda w: embedding(ids, w) * Tensor(drawn(2, 3, 4, seed=2)), Tensor(drawn(5, 4)))


@pytest.mark.parametrize(("count", "width"), [(512, 128), (50_000, 128), (3, 1), (7, 1000)])
def test_thousands_of_repeated_ids_add_up_as_in_pytorch_and_repeat_to_the_last_bit(count, width):
    rng = np.random.default_rng(3)
    ids = np.minimum(rng.zipf(1.3, size=(32, 64)) - 1, count - 1)
    g, weight = drawn(32, 64, width).astype(np.float32), np.zeros((count, width), np.float32)
    first = gradient_of(ids, weight, g)
    assert np.array_equal(gradient_of(ids, weight, g), first)
    peer = torch.zeros(count, width, requires_grad=True)
    F.embedding(torch.tensor(ids), peer).backward(torch.tensor(g))
    rounding = 1e-6 * np.bincount(ids.ravel(), minlength=count)[:, None] ** 0.5 + 1e-6
    assert (np.abs(first - peer.grad.numpy()) <= 8 * rounding).all()
    in_place = np.zeros((count, width), np.float32)
    np.add.at(in_place, ids, g)
    assert np.array_equal(first, in_place)


@pytest.mark.parametrize("dtype", HALVES)
def test_sixteen_bit_rows_are_added_up_in_float32_and_rounded_once(dtype):
    g = of_type(drawn(4000, 3), dtype)
    ids = np.arange(4000) % 2
    found = gradient_of(ids, of_type(np.zeros((2, 3)), dtype), g)
    exact = np.array([g[ids == i].astype(np.float64).sum(axis=0) for i in range(2)])
    assert_close(found, exact, 1e-4, "sums of 2000", rounding=EPS[dtype] / 2)
    ones = gradient_of(np.zeros(3000, int), of_type(np.zeros((1, 1)), dtype), of_type(np.ones((3000, 1)), dtype))
    assert float(ones[0, 0]) == float(of_type(np.array(3000.0), dtype))


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed"])
def test_weights_and_gradients_of_any_layout(layout):
    numbers, g, ids = drawn(5, 4), drawn(6, 4, seed=1), np.array([4, 0, 0, 3, 4, 4])
    weight = leaf(numbers, layout)
    out = embedding(ids, weight)
    assert np.array_equal(out.data, numbers[ids])
    out.backward(Tensor(g))
    exact = np.zeros((5, 4))
    np.add.at(exact, ids, g)
    assert np.allclose(weight.grad.data, exact)
    assert np.allclose(segment_sum(laid_out(g, layout), laid_out(ids, layout), 5), exact)


def test_infinite_and_missing_numbers_stay_in_their_rows():
    found = gradient_of(np.array([1, 1, 0]), np.zeros((3, 1)), np.array([[np.inf], [1.0], [np.nan]]))
    assert np.array_equal(found, [[np.nan], [np.inf], [0]], equal_nan=True)


def test_a_small_vocabulary_and_a_table_without_columns():
    assert embedding([0, 0], np.zeros((1, 1))).shape == (2, 1)
    assert gradient_of(np.array([1, 0]), np.zeros((2, 0)), np.zeros((2, 0))).shape == (2, 0)


# ---- the graph


def test_the_ids_may_come_as_a_tensor_an_array_a_list_or_a_number_of_any_whole_type():
    weight = Tensor(drawn(5, 3))
    for ids in (Tensor(np.array([1, 4])), [1, 4], (1, 4), np.array([1, 4], np.uint8), np.array([1, 4], ">i2")):
        assert np.array_equal(embedding(ids, weight).data, weight.data[[1, 4]])
    assert embedding(np.int64(2), weight).shape == embedding(2, weight).shape == (3,)


def test_ids_that_change_after_the_lookup_change_nothing():
    for given in (np.array([1, 1, 0]), Tensor(np.array([1, 1, 0]))):
        weight = Tensor(drawn(3, 2), requires_grad=True)
        out = embedding(given, weight)
        given[...] = 2
        out.sum().backward()
        assert weight.grad.tolist() == [[1, 1], [2, 2], [0, 0]]


def test_a_frozen_weight_gets_no_gradient_and_no_record():
    assert embedding([1], Tensor(drawn(3, 2)))._node is None
    with no_grad():
        assert not embedding([1], Tensor(drawn(3, 2), requires_grad=True)).requires_grad
    layer = Embedding(3, 2)
    layer.weight.requires_grad = False
    assert not layer([0]).requires_grad and [*layer.state_dict()] == ["weight"]
    assert not embedding([1], Tensor(np.arange(6).reshape(3, 2))).requires_grad  # whole numbers, as in PyTorch


def test_a_weight_used_by_a_lookup_and_by_a_product_gets_both_gradients():
    """As in a language model whose last layer is its table, transposed."""
    ids, targets, numbers = np.array([[0, 3, 3], [1, 0, 2]]), np.array([[3, 3, 1], [0, 2, 0]]), drawn(5, 4)
    weight, peer = Tensor(numbers, requires_grad=True), to_torch(numbers)
    cross_entropy(embedding(ids, weight).tanh() @ weight.T, targets).backward()
    scores = F.embedding(torch.tensor(ids), peer).tanh() @ peer.T
    F.cross_entropy(scores.reshape(-1, 5), torch.tensor(targets).reshape(-1)).backward()
    assert np.allclose(weight.grad.data, peer.grad.numpy(), atol=1e-12)
    check_gradients(lambda w: cross_entropy(embedding(ids, w).tanh() @ w.T, targets), Tensor(numbers))


def test_a_weight_looked_up_twice_and_walked_twice_adds_its_gradients():
    weight = Tensor(drawn(3, 2), requires_grad=True)
    for _ in range(2):
        (embedding([0, 1], weight).sum() + embedding([1], weight).sum()).backward()
    assert weight.grad.tolist() == [[2, 2], [4, 4], [0, 0]]


def test_a_step_between_forward_and_backward_is_no_error_for_the_rule_reads_no_numbers():
    layer = Embedding(4, 2)
    loss = layer([1, 2]).sum()
    loss.backward(retain_graph=True)
    SGD(layer.parameters(), lr=0.1).step()
    loss.backward()
    assert layer.weight.grad.tolist() == [[0, 0], [2, 2], [2, 2], [0, 0]]


# ---- what is refused


@pytest.mark.parametrize(("ids", "error", "words"), [
    ([0.0, 1.0], TypeError, r"by whole numbers, got float64: write ids.long\(\) for a tensor, ids.astype\(int\)"),
    (Tensor([0, 1]), TypeError, "got float32"),
    (Tensor([0.5], requires_grad=True), TypeError, "got float32"),
    (np.array([True]), TypeError, "got bool"),
    ("ab", TypeError, "got <U2"),
    (None, TypeError, "got object"),
    (np.array([0, 4]), ValueError, "ids from 0 to 4, but the embedding has 4 rows: wanted 0 to 3"),
    (np.array([-1, 0]), ValueError, "ids from -1 to 0, but the embedding has 4 rows"),
    (np.array([2**63], np.uint64), ValueError, "ids from 9223372036854775808"),
])  # fmt: skip
def test_ids_without_a_row_are_refused(ids, error, words):
    with pytest.raises(error, match=words):
        embedding(ids, Tensor(drawn(4, 2)))


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)])
def test_a_weight_that_is_no_matrix_is_refused(shape):
    with pytest.raises(ValueError, match=r"weight of shape \(count, d\), got \("):
        embedding([0], Tensor(np.zeros(shape)))


# ---- the layer


def test_the_layer_loads_pytorchs_weights_and_trains_as_pytorchs_does():
    layer, peer = nn.Embedding(7, 5), torch.nn.Embedding(7, 5)
    layer.load_state_dict(from_torch(layer, peer.state_dict()))
    ours, theirs = SGD(layer.parameters(), 0.1, 0.9), torch.optim.SGD(peer.parameters(), 0.1, 0.9)
    for step in range(4):
        ids = np.random.default_rng(step).integers(7, size=(3, 4))
        for out, optimizer in ((layer(ids), ours), (peer(torch.tensor(ids)), theirs)):
            optimizer.zero_grad()
            (out * out).sum().backward()
            optimizer.step()
    assert np.allclose(layer.weight.data, peer.weight.detach().numpy(), atol=1e-6)


def test_the_layer_starts_normal_repeats_after_a_seed_and_says_what_it_is():
    manual_seed(1)
    first = Embedding(200, 50).weight.data
    manual_seed(1)
    assert np.array_equal(nn.Embedding(200, 50).weight.data, first) and first.dtype == np.float32
    assert abs(first.std() - 1) < 0.05 and abs(first.mean()) < 0.05
    assert repr(Embedding(2, 3)) == repr(torch.nn.Embedding(2, 3)) == "Embedding(2, 3)"
    for sizes in ((0, 2), (2, -1), (2.0, 2)):
        with pytest.raises(ValueError, match="must be a whole number of at least 1"):
            Embedding(*sizes)


def test_pytorchs_names_lead_here():
    assert nn.Embedding is Embedding and OurF.embedding is embedding
    assert "Embedding" in dir(nn) and "embedding" in dir(OurF)


# ---- what hangs on the operation


@pytest.mark.parametrize("half", HALVES)
def test_autocast_leaves_it_alone_as_pytorch_does(half):
    layer, peer, ids = Embedding(4, 3), torch.nn.Embedding(4, 3), [1, 1]
    with autocast(half), torch.autocast("cpu", getattr(torch, half)):
        assert layer(ids).dtype == np.float32 and peer(torch.tensor(ids)).dtype == torch.float32


def test_it_is_seen_by_its_name_counts_no_flops_and_reads_the_rows_alone():
    layer, ids = Embedding(1000, 8), np.array([[3, 3, 1], [0, 2, 0]])
    with Seen() as seen, CountingTrace() as trace, Trace() as plain:
        layer(ids).sum().backward()
    assert seen.forwards == ["embedding", "sum"] and seen.backwards == ["sum", "embedding"]
    assert [op.name for op in plain.operations] == ["embedding", "sum", "sum", "embedding"]
    forward, *_, backward = trace.operations
    assert (forward.flops, backward.flops) == (0, 0) and forward.shape == (2, 3, 8)
    assert forward.bytes == 2 * 6 * 8 * 4  # read and written
    assert backward.bytes >= 1000 * 8 * 4
    assert count_flops(layer, ids) == 0


def test_it_saves_no_numbers_for_the_backward_pass():
    layer = Embedding(1000, 8)
    assert saved_bytes(layer([1, 2, 3]), layer.parameters()).activations == 0


# ---- positions


@pytest.mark.parametrize(("length", "dim"), [(1, 2), (50, 16), (5000, 128)])
def test_sinusoidal_positions_follow_the_paper_and_repeat(length, dim):
    got = sinusoidal_positions(length, dim)
    p, i = torch.arange(length, dtype=torch.float64)[:, None], torch.arange(0, dim, 2, dtype=torch.float64)
    angles = p / 10000 ** (i / dim)
    wanted = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
    assert got.dtype == np.float32 and not got.requires_grad
    assert np.abs(got.data - wanted.numpy()).max() < 1e-7
    assert np.array_equal(sinusoidal_positions(length, dim).data, got.data)


def test_products_of_positions_depend_on_their_distance_alone():
    waves = sinusoidal_positions(60, 32).data
    products = waves @ waves.T
    for distance in (0, 1, 7, 31):
        assert np.ptp(products.diagonal(distance)) < 1e-4


@pytest.mark.parametrize(("sizes", "words"), [
    ((4, 3), "dim must be even, for pairs of a sine and a cosine, got 3"), ((0, 4), "length must be"),
    ((4, 0), "dim must be"), ((2.5, 4), "length must be a whole number"),
])  # fmt: skip
def test_sizes_of_no_positions_are_refused(sizes, words):
    with pytest.raises(ValueError, match=words):
        sinusoidal_positions(*sizes)
