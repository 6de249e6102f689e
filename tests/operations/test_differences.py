"""Where the library differs from PyTorch on purpose: what README lists, each with what PyTorch does beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinytorch
from tinytorch.core.layers import Linear
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.optimization.compilation import fuse
from tinytorch.optimization.precision import autocast


def test_a_linear_weight_is_in_by_out():
    assert Linear(2, 3).weight.shape == (2, 3) and torch.nn.Linear(2, 3).weight.shape == (3, 2)


def test_classes_come_last_in_a_loss():
    logits = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)  # 2 x 5 places of 3 classes
    targets = np.arange(10).reshape(2, 5) % 3
    theirs = torch.nn.functional.cross_entropy(torch.tensor(logits).movedim(-1, 1), torch.tensor(targets))
    assert np.isclose(cross_entropy(Tensor(logits), targets).item(), theirs.item())


def test_an_integer_beside_an_index_array_is_taken_as_numpy_does():
    numbers = np.arange(240.0).reshape(2, 5, 6, 4)
    assert torch.tensor(numbers)[1, :, [0, 1]].shape == (5, 2, 4)
    ours = Tensor(numbers)[1, :, [0, 1]]
    assert ours.shape == (2, 5, 4) and np.array_equal(ours.data, numbers[1, :, [0, 1]])


def test_whole_numbers_in_a_list_are_float32_for_the_class_and_int64_for_the_function():
    assert Tensor([1, 2]).dtype == "float32" and torch.Tensor([1, 2]).dtype == torch.float32
    assert tinytorch.tensor([1, 2]).dtype == "int64" and torch.tensor([1, 2]).dtype == torch.int64


def test_an_update_of_a_leaf_makes_a_new_array_that_its_graph_does_not_see():
    ours, theirs = Tensor([3.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    mine, right = ours * ours, theirs * theirs
    with no_grad(), torch.no_grad():
        ours -= 1.0
        theirs -= 1.0
    mine.backward()
    assert ours.grad.item() == 6.0, "the gradient at the numbers that the graph was made of"
    try:
        right.backward()
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error)


def test_data_is_numpys_array_and_writing_to_its_elements_is_not_seen():
    """As PyTorch does not see what is written through its `data`; an operator such as `w.data -= 1` is seen here."""
    ours, theirs = Tensor([3.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    mine, right = ours * ours, theirs * theirs
    ours.data[0] = theirs.data[0] = 5.0
    mine.backward()
    right.backward()
    assert ours.grad.item() == theirs.grad.item() == 10.0


def test_autocast_has_the_rules_of_pytorchs_graphics_cards():
    x = Tensor(np.ones(3, np.float16))
    with autocast("float16"):
        assert x.exp().dtype == (1 / x).dtype == np.float32


def test_a_fused_tanh_is_1_from_8_on():
    x = Tensor([8.0], requires_grad=True)
    y = fuse(lambda x: x.tanh())(x)
    y.backward()
    assert y.item() == 1.0 and x.grad.item() == 0.0
    assert 0 < 1 - torch.tanh(torch.tensor(8.0)).item() < 3e-7


def test_activations_and_layers_make_whole_numbers_float32():
    assert tinytorch.relu([-1, 2]).dtype == np.float32 and torch.relu(torch.tensor([-1, 2])).dtype == torch.int64


def test_parameters_are_a_list():
    layer = Linear(2, 3)
    assert isinstance(layer.parameters(), list) and next(iter(layer.parameters())) is layer.weight


def test_a_maximum_by_axis_is_the_values_alone_and_by_dim_has_indices():
    x = np.array([[1.0, 3.0], [5.0, 2.0]], np.float32)
    assert Tensor(x).max(1).tolist() == Tensor(x).max(axis=1).tolist() == [3.0, 5.0]
    mine, right = Tensor(x).max(dim=1), torch.tensor(x).max(dim=1)
    assert mine.values.tolist() == right.values.tolist() and mine.indices.tolist() == right.indices.tolist()


def test_a_root_as_a_power_has_one_rule_for_all_types():
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        theirs = torch.tensor(-torch.inf, dtype=getattr(torch, dtype)) ** 0.5
        assert np.isnan((Tensor(-np.inf, dtype) ** 0.5).item())
        assert theirs.isnan() == (dtype != "float16")


def test_attention_of_float32_stays_float32_in_autocast_as_its_weights_do():
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype(np.float32)
    ours, theirs = Tensor(x), torch.tensor(x)
    with autocast("bfloat16"), torch.autocast("cpu", torch.bfloat16):
        mine = tinytorch.nn.functional.scaled_dot_product_attention(ours, ours, ours)
        right = torch.nn.functional.scaled_dot_product_attention(theirs, theirs, theirs)
    assert (mine.dtype, right.dtype) == (np.float32, torch.bfloat16)


def test_a_mask_beside_is_causal_is_refused():
    x, mask = np.ones((1, 2, 3), np.float32), np.ones((2, 2), bool)
    theirs = torch.tensor(x)[None]
    torch.nn.functional.scaled_dot_product_attention(theirs, theirs, theirs, torch.tensor(mask), is_causal=True)
    with pytest.raises(ValueError, match="is_causal"):
        tinytorch.nn.functional.scaled_dot_product_attention(Tensor(x), Tensor(x), Tensor(x), mask, is_causal=True)
