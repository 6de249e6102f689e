"""Numbers changed in place between forward and backward: the gradient of the old ones, or an error; never another."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from tests.operations.cases import OPERATIONS
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import SGD, Adam
from tinytorch.core.tensor import Tensor, no_grad
from tinytorch.optimization.acceleration import MixedPrecisionTrainer
from tinytorch.optimization.precision import autocast
from tinytorch.support import versions

REFUSED = "changed in place after the forward pass"
DTYPES = ["float32", "float16"]


def inputs_of(operation, dtype):
    """Inputs of the largest shapes, the same each time."""
    shapes = max(operation.shapes, key=lambda shapes: min(np.prod(shape) for shape in shapes))
    return [Tensor(array, requires_grad=True) for array in operation.inputs(shapes, dtype)]


def gradients(inputs, loss):
    loss.backward()
    return [None if x.grad is None else x.grad.data for x in inputs]


def overwrite(tensor):
    with no_grad():
        tensor[...] = np.full(tensor.shape, 0.25)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_an_operation_whose_numbers_change_refuses_or_is_right(operation, dtype):
    """Each of its inputs, and its output, is overwritten in turn."""
    inputs = inputs_of(operation, dtype)
    right = gradients(inputs, operation.run(*inputs).sum())
    for which in range(len(inputs) + 1):
        inputs = inputs_of(operation, dtype)
        out = operation.run(*inputs)
        loss = out.sum()
        overwrite([*inputs, out][which])
        try:
            found = gradients(inputs, loss)
        except RuntimeError as error:
            assert REFUSED in str(error) and out._node.primitive.name in str(error)
            continue
        for mine, theirs in zip(found, right, strict=True):
            np.testing.assert_array_equal(mine, theirs)


PAIRS = {
    "mul, the other factor": (lambda a, b: a * b, 1),
    "add": (lambda a, b: a + b, 0),
    "matmul": (lambda a, b: a @ b, 0),
    "exp, its input": (lambda a, b: a.exp() * b.sum(), 0),
    "tanh, its input": (lambda a, b: a.tanh() + b, 0),
    "log, its input": (lambda a, b: a.log() + b, 0),
    "a view of it": (lambda a, b: a.reshape(-1) * b.reshape(-1), 0),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_pytorch_refuses_is_refused_and_nothing_else(name):
    function, which = PAIRS[name]
    ours = [Tensor(np.full((2, 2), 0.5 + i), "float32", requires_grad=True) for i in range(2)]
    theirs = [torch.tensor(x.data.copy(), requires_grad=True) for x in ours]
    mine, right = function(*ours).sum(), function(*theirs).sum()
    with no_grad(), torch.no_grad():
        ours[which][0] = 9.0
        theirs[which][0] = 9.0
    outcomes = []
    for inputs, loss in [(ours, mine), (theirs, right)]:
        try:
            loss.backward()
            outcomes.append([np.asarray(x.grad.detach()) for x in inputs])
        except RuntimeError:
            outcomes.append("refused")
    assert str(outcomes[0]) == str(outcomes[1])


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@pytest.mark.parametrize("half", [False, True])
def test_a_step_between_two_losses_of_one_network_is_refused(optimizer, half):
    net, x = Sequential(Linear(3, 4), Linear(4, 1)), Tensor(np.ones((2, 3), np.float32))
    update = optimizer(net.parameters(), lr=0.1)
    with autocast("float16", enabled=half):
        first, second = net(x).mean(), (net(x) * 2.0).mean()
    first.backward()
    update.step()
    if half:  # the product holds a 16-bit copy of the weight, which no step changes
        second.backward()
        return
    with pytest.raises(RuntimeError, match=r"'linear' needs a float32 array of shape \(4, 1\) that was changed"):
        second.backward()


def test_a_weight_that_no_gradient_depends_on_may_change():
    """The gradient to a single layer's weight reads the layer's input alone, in PyTorch too."""
    layer, x = Linear(3, 1), Tensor(np.arange(6.0).reshape(2, 3), "float32")
    update = SGD(layer.parameters(), lr=0.1)
    first, second = layer(x).sum(), layer(x).sum()
    first.backward()
    once = layer.weight.grad.data.copy()
    update.step()
    second.backward()
    np.testing.assert_array_equal(layer.weight.grad.data, 2 * once)


def test_a_new_forward_pass_after_the_change_is_free():
    w = Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(3):
        (w * w).sum().backward()
        with no_grad():
            w[0] = 5.0
    assert w.grad.data.tolist() == [2.0 + 10.0 + 10.0, 12.0]


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.data.__imul__(2), lambda w: setattr(w, "data", w.data * 2), lambda w: w.__imul__(2.0),
    ],
    ids=["by NumPy, as through x.data in PyTorch", "new data", "*= inside no_grad"],
)  # fmt: skip
def test_what_is_not_a_noted_change_does_not_raise(change):
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    with no_grad():
        change(w)
    loss.backward()


def test_data_changed_by_an_operator_is_noted():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.data -= 0.5
    with pytest.raises(RuntimeError, match=REFUSED):
        loss.backward()


@pytest.mark.parametrize("view", [lambda x: x.reshape(4), lambda x: x[0], lambda x: x.T, Tensor.detach])
def test_a_change_through_a_view_counts(view):
    x, w = Tensor(np.ones((2, 2))), Tensor(np.ones((2, 2)), requires_grad=True)
    loss = (x * w).sum()
    view(x)[0] = 5.0
    with pytest.raises(RuntimeError, match=r"'mul' needs a float64 array of shape \(2, 2\)"):
        loss.backward()


def test_a_trainer_in_mixed_precision_is_not_disturbed():
    net = Sequential(Linear(3, 4), Linear(4, 2))
    trainer = MixedPrecisionTrainer(net, SGD(net.parameters(), lr=0.1), loss_fn=cross_entropy)
    batch = Tensor(np.ones((2, 3), np.float32)), np.array([0, 1])
    losses = [trainer.train_step(batch)["loss"] for _ in range(5)]
    assert losses[-1] < losses[0]


def test_what_was_changed_is_forgotten_with_its_array():
    gc.collect()
    before = len(versions._changed)
    tensors = [Tensor([1.0]) for _ in range(50)]
    for tensor in tensors:
        tensor[0] = 2.0
    assert len(versions._changed) == before + 50
    del tensor, tensors
    gc.collect()
    assert len(versions._changed) <= before


def test_a_graph_that_is_kept_gives_the_same_again():
    x, theirs = Tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0], requires_grad=True)
    mine, right = (x.exp() * x).sum(), (theirs.exp() * theirs).sum()
    for keep in (True, True, False):
        mine.backward(retain_graph=keep)
        right.backward(retain_graph=keep)
    np.testing.assert_allclose(x.grad.data, theirs.grad.numpy(), rtol=1e-6)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        mine.backward()
