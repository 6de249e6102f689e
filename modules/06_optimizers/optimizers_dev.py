# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 06: Optimizers

> SGD with momentum, Adam and AdamW, with PyTorch's formulas, updating weights in place.

Lesson 05 tells every weight which way is down. It does not tell how far to go, and the answer makes the difference
between a network that learns in seconds and one that never does. An *optimizer* turns gradients into steps.

You will build:

- one step of gradient descent that changes the weights where they lie and needs no new memory;
- momentum, in its plain form and in Nesterov's, and weight decay: together they are `SGD`;
- `Adam`, which gives every weight a step length of its own, and `AdamW`, which keeps decay out of that.

The object around them is given: it holds the parameters in groups, and can be saved and restored.
"""

# %%
#| default_exp core.optimizers

# %%
#| export
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensor, is_floating

# %% [markdown]
r"""
## How far?

A valley with two directions: its floor rises gently along $x$, its walls steeply along $y$. The height is
$\frac{1}{2}(x^2 + 25 y^2)$ and the gradient $(x, 25 y)$. Gradient descent starts at $(-4, 1)$ and takes 40 steps of
length `lr` times the gradient; the lowest point is $(0, 0)$.
"""

# %%
def height(x, y):
    return (x**2 + 25 * y**2) / 2

for lr in [0.005, 0.02, 0.04, 0.07, 0.079, 0.081]:
    x, y = -4.0, 1.0
    for _ in range(40):
        x, y = x - lr * x, y - lr * 25 * y
    print(f"lr {lr}: arrived at ({x:.4f}, {y:.4f}), height {height(x, y):.5f}")

# %% [markdown]
r"""
The steep direction sets the limit: above 0.08 every step overshoots by more than it had to go. And at any rate that the
walls allow, the walk along the floor is slow. The surface of a real loss has thousands of directions, and its walls are
steeper than its floor by far more than 25. Momentum and Adam are two ways out of this.

## One step, in place

`weight = weight - lr * gradient` makes two new arrays: the product, then the difference. For a million weights:
"""

# %%
import tracemalloc

def peak_bytes(step):
    """The memory that `step()` asks for while it runs, at most, in bytes."""
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak

weight, gradient = np.ones((2, 1000000), dtype=np.float32)
print(f"{peak_bytes(lambda: weight - 0.1 * gradient):,} bytes for weights of {weight.nbytes:,}")

# %% [markdown]
r"""
An update happens thousands of times, always on the same shapes. So we keep *work arrays* that are written again at
every step, and change the weights where they lie. NumPy's functions take the place for their result as `out=`, and `a
-= b` changes `a` itself:

    np.multiply(gradient, 0.1, out=work)      # work = 0.1 * gradient, no new array
    weight -= work                            # the same array, new numbers

### Exercise: descend
"""

# %% nbgrader={"solution": true, "grade_id": "descend"}
#| export
def descend(data: np.ndarray, direction: np.ndarray, lr: float, work: np.ndarray) -> None:
    """data -= lr * direction, in place, without a new array.

    All three arrays have one shape. `work` is overwritten; it may be `direction` itself. Use `float(lr)`: a NumPy
    number as the rate would pull float32 arithmetic up to float64.

    >>> weight = np.array([1.0, 2.0])
    >>> descend(weight, np.array([10.0, -10.0]), 0.1, np.empty(2))
    >>> weight
    array([0., 3.])
    """
    ### BEGIN SOLUTION
    np.multiply(direction, float(lr), out=work)
    data -= work
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-descend", "points": 3}
def check_descend(before, direction, lr):
    before, direction = np.array(before, np.float32), np.array(direction, np.float32)
    data, kept, wanted = before.copy(), direction.copy(), before - float(lr) * direction
    descend(data, direction, lr, np.empty_like(data))
    assert np.allclose(data, wanted, atol=1e-6), (
        f"{before} - {lr} * {direction} left {data} in data, wanted {wanted}: change data itself, downwards")
    assert np.array_equal(direction, kept), "the direction was changed: only data and work may be"
    data = before.copy()
    descend(data, direction, lr, direction)
    assert np.allclose(data, wanted, atol=1e-6), (
        f"with the direction {kept} as the work array too, {before} with lr={lr} gave {data}, wanted {wanted}")

def test_unit_descend():
    rng = np.random.default_rng(0)
    for shape, lr in [((3,), 0.1), ((2, 3), 1.5), ((), 0.5), ((4, 1, 2), np.float64(0.01))]:
        check_descend(rng.normal(size=shape), rng.normal(size=shape), lr)

test_unit_descend()
### BEGIN HIDDEN TESTS
check_descend([2.0, -1.0], [0.5, 4.0], 0.25), check_descend([[7.0]], [[-2.0]], np.float64(3)), check_descend(5, 2, 1)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-descend-in-place", "points": 2}
def test_unit_descend_in_place(size):
    data, direction, work = np.ones((3, size), dtype=np.float32)
    descend(data, direction, 0.1, work)  # once before, so that nothing is counted that is made on first use
    peak = peak_bytes(lambda: descend(data, direction, 0.1, work))
    assert peak < data.nbytes / 4, f"a step on {data.nbytes:,} bytes of weights took {peak:,} more: write into work"

test_unit_descend_in_place(100000)
### BEGIN HIDDEN TESTS
test_unit_descend_in_place(33333)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The gradient that a parameter gets

Lesson 05 leaves the gradient in `p.grad`, a Tensor, or `None` where the loss did not depend on `p`. Some training loops
put gradients there by hand, and a half-precision one may bring a `float16` gradient for a `float32` weight. What the
optimizer needs is an array in the parameter's own type; and a shape that does not fit has to be an error here, before
broadcasting makes something of it.

### Exercise: gradient_for

`array.astype(dtype, copy=False)` converts only where there is something to convert.
"""

# %% nbgrader={"solution": true, "grade_id": "gradient-for"}
#| export
def gradient_for(p: Tensor) -> np.ndarray:
    """The array of `p.grad` in the type of `p`; without a copy where the types agree.

    Raises ValueError naming both shapes where they differ.

    >>> p = Tensor([1.0, 2.0])
    >>> p.grad = Tensor([3, 4], dtype="float16")
    >>> gradient_for(p)
    array([3., 4.], dtype=float32)
    """
    ### BEGIN SOLUTION
    gradient = as_tensor(p.grad).data
    if gradient.shape != p.shape:
        raise ValueError(f"a parameter of shape {p.shape} has a gradient of shape {gradient.shape}: they must be equal")
    return gradient.astype(p.dtype, copy=False)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient-for", "points": 2}
def check_gradient_for(numbers, own, other):
    p = Tensor(np.ones(np.shape(numbers)), dtype=own)
    p.grad = Tensor(numbers, dtype=other)
    got = gradient_for(p)
    assert isinstance(got, np.ndarray) and got.tolist() == numbers, f"{numbers} came out as {got!r}, wanted an array"
    assert got.dtype == p.dtype, f"a {other} gradient of a {own} parameter came out as {got.dtype}, wanted {own}"

def test_unit_gradient_for():
    for own, other in [("float32", "float16"), ("float32", "float32"), ("float64", "float32"), ("float16", "float32")]:
        check_gradient_for([[0.5, -3.0]], own, other)
    p = Tensor([1.0, 2.0])
    p.grad = Tensor([3.0, 4.0])
    assert np.shares_memory(gradient_for(p), p.grad.data), "the types agree, so nothing has to be copied"

test_unit_gradient_for()
### BEGIN HIDDEN TESTS
check_gradient_for([4.0, 0.25, -1.0], "float64", "float16"), check_gradient_for(2.5, "float32", "float64")
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-gradient-for-refuses", "points": 2}
def test_unit_gradient_for_refuses():
    cases = [((2,), (1,)), ((2, 3), (3,)), ((3, 1), (3,)), ((), (1,))]
    ### BEGIN HIDDEN TESTS
    cases += [((4,), (2, 2)), ((1, 5), (5, 1)), ((3,), ())]
    ### END HIDDEN TESTS
    for shape, other in cases:
        p = Tensor(np.zeros(shape, np.float32))
        p.grad = Tensor(np.zeros(other, np.float32))
        try:
            gradient_for(p)
        except ValueError as error:
            assert str(shape) in str(error) and str(other) in str(error), f"name {shape} and {other}, not: {error}"
        else:
            raise AssertionError(f"a gradient of shape {other} for a parameter of shape {shape} was accepted")

test_unit_gradient_for_refuses()

# %% [markdown]
r"""
## The object around it

What all optimizers share is given. It is mostly care about what can go wrong, so read it for that.

Parameters come in *groups*: dicts with the key `"params"` and options that hold for these parameters only, for instance
a smaller `lr` for layers that were trained before. A plain list of parameters is one group.
"""

# %%
#| export
def as_groups(params: Any) -> list[dict[str, Any]]:
    """`params` as a list of groups: it is an iterable of Tensors, or of dicts with the key "params" and options."""
    if isinstance(params, Tensor):
        raise TypeError("an optimizer wants a list of parameters, got a single Tensor: put it into a list")
    given = list(params)
    if not any(isinstance(entry, dict) for entry in given):
        return [{"params": given}]
    for i, group in enumerate(given):
        if not (isinstance(group, dict) and "params" in group):
            raise TypeError(f"group {i} is no dict with the key 'params': give either parameters or groups of them")
    return given

# %% [markdown]
r"""
A parameter that is listed twice would be updated twice in every step. One that was computed from others is not a
weight: changing it changes nothing at its source.
"""

# %%
#| export
def checked_parameters(params: Iterable[Tensor] | Tensor, taken: set[int]) -> list[Tensor]:
    """`params` as a list of floating leaf Tensors whose ids are not among `taken`; the ids are added to it."""
    params = [params] if isinstance(params, Tensor) else list(params)
    for i, p in enumerate(params):
        if not isinstance(p, Tensor) or not is_floating(p.dtype):
            kind = f"Tensor of {p.dtype}" if isinstance(p, Tensor) else type(p).__name__
            raise TypeError(f"parameter {i} is a {kind}, wanted a floating Tensor: pass model.parameters()")
        if p._node is not None:
            raise ValueError(f"parameter {i}, of shape {p.shape}, was computed from other tensors: optimize those")
        if id(p) in taken:
            raise ValueError(f"parameter {i}, of shape {p.shape}, is listed twice: it would be updated twice a step")
        taken.add(id(p))
    return params

# %%
#| export
def check_options(group: dict[str, Any], known: Iterable[str]) -> None:
    """Raise ValueError where an option of `group` is not `known` or has a value that makes no sense."""
    unknown = group.keys() - set(known) - {"params"}
    if unknown:
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}: this optimizer knows {', '.join(known)}")
    for name in ["lr", "momentum", "weight_decay", "eps"]:
        if not group.get(name, 0) >= 0:
            raise ValueError(f"{name} must be 0 or more, got {group[name]}")
    betas = group.get("betas", (0, 0))
    if not (isinstance(betas, (tuple, list)) and len(betas) == 2 and all(0 <= beta < 1 for beta in betas)):
        raise ValueError(f"betas must be two numbers from 0 to below 1, got {betas}")
    if group.get("nesterov") and group["momentum"] == 0:
        raise ValueError("nesterov=True looks ahead along the momentum: momentum must be above 0")

# %% [markdown]
r"""
What an optimizer remembers about a parameter is its *state*, a dict of its own for each. `state_dict` numbers the
parameters in order and copies all arrays, so that what you saved does not go on changing with the next step;
`load_state_dict` copies once more on the way back, after a look at whether the two fit.
"""

# %%
#| export
class Resumable:
    """`state_dict` and `load_state_dict` for an optimizer with `param_groups` and `state`."""

    def state_dict(self) -> dict[str, Any]:
        """Options and state, all arrays copied; parameters are numbered from 0 in the order of the groups."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        number = {p: i for i, p in enumerate(parameters)}
        groups = [{**group, "params": [number[p] for p in group["params"]],
                   "shapes": [p.shape for p in group["params"]]} for group in self.param_groups]
        return {"state": {number[p]: copied(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Go on where `saved` was taken, bit for bit. Raises ValueError where it is no state of an optimizer's, or
        parameters or options do not fit.
        """
        _check_form(saved)
        check_fit(self.param_groups, saved["param_groups"])
        parameter = {}
        for mine, theirs in zip(self.param_groups, saved["param_groups"]):
            parameter.update(zip(theirs["params"], mine["params"]))
            mine.update({name: value for name, value in theirs.items() if name not in ("params", "shapes")})
        self.state = {parameter[i]: copied(state) for i, state in saved["state"].items()}

# %%
#| export
def copied(state: dict[str, Any]) -> dict[str, Any]:
    """The state of one parameter with its arrays copied."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def _check_form(saved: Any) -> None:
    """Raise ValueError where `saved` is not what an optimizer's `state_dict` gives."""
    groups = saved.get("param_groups") if isinstance(saved, dict) and isinstance(saved.get("state"), dict) else None
    if not isinstance(groups, list) or not all(isinstance(g, dict) and {"params", "shapes"} <= set(g) for g in groups):
        found = f"a dict with the keys {list(saved)}" if isinstance(saved, dict) else f"a {type(saved).__name__}"
        raise ValueError(f"this is not the state of one of our optimizers: wanted a dict with 'state' and "
                         f"'param_groups', each group with 'params' and 'shapes', got {found:.200}")

# %%
#| export
def check_fit(groups: list[dict], saved: list[dict]) -> None:
    """Raise ValueError where saved groups were those of other parameters or of another kind of optimizer."""
    mine = [[p.shape for p in group["params"]] for group in groups]
    theirs = [[tuple(shape) for shape in group["shapes"]] for group in saved]
    if mine != theirs:
        raise ValueError(f"the state was saved for parameters of shapes {theirs}, this optimizer has {mine}")
    missing = {name for group, other in zip(groups, saved) for name in group.keys() - other.keys()}
    if missing:
        raise ValueError(f"the state lacks {', '.join(sorted(missing))}: another kind of optimizer saved it")

# %% [markdown]
r"""
Now the groups themselves.
"""

# %%
#| export
class Groups:
    """Parameters in groups, each a dict with the key "params" and every option, its own or from `defaults`."""

    def __init__(self, params: Any, **defaults: Any):
        self.defaults, self.param_groups = defaults, []
        for group in as_groups(params):
            self.add_param_group(group)
        if not any(group["params"] for group in self.param_groups):
            raise ValueError("the list of parameters is empty: a generator can be read only once")

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add a group; TypeError or ValueError where a parameter or an option is not fit."""
        taken = {id(p) for other in self.param_groups for p in other["params"]}
        group = {**self.defaults, **group, "params": checked_parameters(group["params"], taken)}
        check_options(group, self.defaults)
        self.param_groups.append(group)

    def zero_grad(self) -> None:
        """Forget all gradients: `p.grad = None`."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

# %% [markdown]
r"""
And the optimizer. `step` looks at all gradients before it changes anything, so that an error leaves the weights as they
were. It asks for `p.data` anew each time: somebody may have put another array there since the last step. Gradients of
`inf` or `nan` make weights of `inf` or `nan`; `np.errstate` leaves it to the numbers to say so, without a warning.
"""

# %%
#| export
class Optimizer(Groups, Resumable):
    """Updates, in place, the parameters that have a gradient. Subclasses define `update`.

    `params` is an iterable of floating Tensors, or of groups: dicts with the key "params" and options that differ from
    the `defaults`. A schedule may change `param_groups[i]["lr"]` between steps.
    """

    def __init__(self, params: Any, **defaults: Any):
        super().__init__(params, **defaults)
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._work: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def step(self) -> None:
        """Update every parameter whose gradient is not None. ValueError where a gradient's shape is wrong."""
        ready = [(p, gradient_for(p), group)
                 for group in self.param_groups for p in group["params"] if p.grad is not None]
        for p, gradient, group in ready:
            p.data = np.asarray(p.data)  # arithmetic on 0-d arrays gives NumPy numbers: these cannot change in place
            self.update(p.data, gradient, self.state.setdefault(p, {}), group, self.work_for(p.data))

    def work_for(self, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays like `data`, the same ones at each step, shared by all parameters of this shape and type."""
        key = data.shape, data.strides, data.dtype
        if key not in self._work:
            self._work[key] = np.empty_like(data), np.empty_like(data)
        return self._work[key]

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict, work: tuple) -> None:
        """Change `data` in place. `gradient` is not to be changed; `state` is this parameter's memory, empty at first;
        `group` holds the options; `work` is two arrays like `data` whose contents are free to use."""
        raise NotImplementedError(f"{type(self).__name__} has no method update: it says how weights are changed")

# %% [markdown]
r"""
## Weight decay

Large weights let a network memorise its training data. Adding $\frac{\lambda}{2} w^2$ for each weight to the loss makes
largeness cost something, and it adds $\lambda w$ to each gradient: every step pulls the weight a little towards 0.

### Exercise: with_decay
"""

# %% nbgrader={"solution": true, "grade_id": "with-decay"}
#| export
def with_decay(gradient: np.ndarray, data: np.ndarray, weight_decay: float, out: np.ndarray) -> np.ndarray:
    """gradient + weight_decay * data, written into `out` and returned; `gradient` itself where weight_decay is 0.

    Neither `gradient` nor `data` is changed, and no array is made.

    >>> with_decay(np.array([1.0, 1.0]), np.array([5.0, -5.0]), 0.1, np.empty(2))
    array([1.5, 0.5])
    """
    ### BEGIN SOLUTION
    if weight_decay == 0:
        return gradient
    np.multiply(data, weight_decay, out=out)
    out += gradient
    return out
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-with-decay", "points": 4}
def check_decay(gradient, data, decay):
    gradient, data = np.array(gradient, np.float32), np.array(data, np.float32)
    before, out = (gradient.copy(), data.copy()), np.empty_like(data)
    got, wanted = with_decay(gradient, data, decay, out), before[0] + decay * before[1]
    asked = f"gradient {before[0]}, weight {before[1]}, decay {decay}"
    assert np.allclose(got, wanted), f"{asked}: {got}, wanted {wanted}: which of the two does the decay multiply?"
    assert np.array_equal(gradient, before[0]) and np.array_equal(data, before[1]), f"{asked}: an input was changed"
    assert got is out, f"{asked}: the result should be in `out`, and `out` should be returned"
    assert with_decay(gradient, data, 0.0, out) is gradient, "without decay the gradient is handed on as it is"

def test_unit_with_decay():
    rng = np.random.default_rng(0)
    for shape, decay in [((3,), 0.1), ((2, 3), 0.01), ((), 2.0)]:
        check_decay(*rng.normal(size=(2, *shape)), decay)

test_unit_with_decay()
### BEGIN HIDDEN TESTS
check_decay([4.0, -2.0], [10.0, 0.0], 0.5), check_decay([[0.0, 1.0]], [[-3.0, 8.0]], 1.25)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Momentum

In the valley the gradients along $y$ change their sign at every step, those along $x$ never do. So average over steps:
what alternates cancels, what agrees adds up. The sum is called the velocity, after the ball that rolls down the valley:

$$v_1 = g_1, \qquad v_t = \mu\, v_{t-1} + g_t, \qquad w \leftarrow w - \text{lr} \cdot v_t$$

With $\mu = 0.9$ the ball keeps nine tenths of its velocity at each step. **Nesterov's** variant goes where the
velocity will be after one more such step, $g_t + \mu v_t$ in place of $v_t$: it brakes a little earlier on the way
up.

### Exercise: with_momentum

The velocity lives in `state["momentum_buffer"]` (PyTorch's name) and is changed in place. The first one is a *copy*
of the gradient: the array that holds the gradient belongs to somebody else, who may write into it.
"""

# %% nbgrader={"solution": true, "grade_id": "with-momentum"}
#| export
def with_momentum(gradient: np.ndarray, state: dict, momentum: float, nesterov: bool, out: np.ndarray) -> np.ndarray:
    """The direction to go: the new velocity or, with `nesterov`, gradient + momentum * velocity written into `out`.

    The velocity is kept in `state["momentum_buffer"]`; it starts as the first gradient. Where momentum is 0 the
    direction is `gradient` itself, and `state` stays as it is. Sutskever and others, On the importance of
    initialization and momentum in deep learning (2013), in PyTorch's form.

    >>> state = {"momentum_buffer": np.array([10.0])}
    >>> with_momentum(np.array([1.0]), state, 0.9, False, np.empty(1))
    array([10.])
    """
    ### BEGIN SOLUTION
    if momentum == 0:
        return gradient
    velocity = state.get("momentum_buffer")
    if velocity is None:
        velocity = state["momentum_buffer"] = gradient.copy()
    else:
        velocity *= momentum
        velocity += gradient
    if not nesterov:
        return velocity
    np.multiply(velocity, momentum, out=out)
    out += gradient
    return out
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-with-momentum", "points": 8}
def check_momentum(gradients, momentum, nesterov):
    state, out, velocity, buffers = {}, np.empty(np.shape(gradients[0])), 0.0, []
    for step, g in enumerate(map(np.array, gradients), start=1):
        velocity = momentum * velocity + g
        kept, wanted = g.copy(), g + momentum * velocity if nesterov else velocity
        got = with_momentum(g, state, momentum, nesterov, out)
        assert np.allclose(got, wanted), (
            f"momentum {momentum}, nesterov={nesterov}, gradients {gradients}: direction {got} at step {step}, wanted "
            f"{wanted}")
        assert np.array_equal(g, kept), "the gradient was changed: write into out or into the velocity"
        assert "momentum_buffer" in state, f"after step {step} state holds {list(state)}, wanted the momentum_buffer"
        assert np.allclose(state["momentum_buffer"], velocity), (
            f"after step {step} momentum_buffer is {state['momentum_buffer']}, wanted the velocity {velocity}")
        assert state["momentum_buffer"] is not g, "the velocity is the gradient's own array: it must be a copy"
        buffers.append(state["momentum_buffer"])
    assert buffers[-1] is buffers[0], "the velocity is a new array at each step: change it in place"

def test_unit_with_momentum(gradients):
    for momentum in [0.9, 0.5]:
        check_momentum(gradients, momentum, False), check_momentum(gradients, momentum, True)
    state, gradient = {}, np.array(gradients[0])
    got = with_momentum(gradient, state, 0.0, False, np.empty(2))
    assert got is gradient and not state, "with momentum 0 the direction is the gradient and nothing is remembered"

test_unit_with_momentum([[1.0, -2.0], [0.5, 4.0], [-3.0, 0.25]])
### BEGIN HIDDEN TESTS
test_unit_with_momentum([[0.0, 8.0], [-1.0, 1.0], [2.0, 3.0], [5.0, -5.0]])
check_momentum([[[2.0]], [[-7.0]]], 0.75, True)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: SGD

*Stochastic gradient descent*: stochastic, because the gradient is that of a random batch. Put the three functions
together: decay first, then momentum, then the step. There are two work arrays; take care that no function writes over
what a later one still needs.
"""

# %% nbgrader={"solution": true, "grade_id": "sgd"}
#| export
class SGD(Optimizer):
    """Gradient descent with momentum, Nesterov's variant of it, and weight decay added to the gradient.

    Formulas and defaults are PyTorch's (`torch.optim.SGD`, with dampening 0).
    """

    def __init__(self, params: Any, lr: float = 1e-3, momentum: float = 0.0, nesterov: bool = False,
                 weight_decay: float = 0.0):
        super().__init__(params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict, work: tuple) -> None:
        """One step for one parameter; see `Optimizer.update`. The options are in `group`, by name."""
        ### BEGIN SOLUTION
        gradient = with_decay(gradient, data, group["weight_decay"], work[0])
        direction = with_momentum(gradient, state, group["momentum"], group["nesterov"], work[1])
        descend(data, direction, group["lr"], work[0])
        ### END SOLUTION

# %% [markdown]
r"""
The check compares with PyTorch: a weight of 2 gets the gradients 0.5, 1, -0.3 and 0.2 one after another, and after
each step it should be where `torch.optim` put it.
"""

# %%
def trace(make, start=2.0, gradients=(0.5, 1.0, -0.3, 0.2)):
    """The value of one weight after each step with the given gradients; `make` builds the optimizer."""
    p, values = Tensor([start]), []
    optimizer = make([p])
    for g in gradients:
        p.grad = Tensor([g])
        optimizer.step()
        values.append(p.data.item())
        left = p.grad.data.item()
        assert left == np.float32(g), f"after the step p.grad is {left}, it was {g}: a gradient is only read"
    return np.round(values, 7)

def check_trace(kind, options, wanted, **given):
    """The weight must go the way that PyTorch's optimizer of the same name and options took."""
    try:
        got = trace(lambda params: kind(params, **options), **given)
    except (ZeroDivisionError, KeyError) as error:
        raise AssertionError(f"{kind.__name__}({options}) failed: {error}: what is in the state by then?") from error
    assert np.allclose(got, wanted, atol=2e-6), f"{kind.__name__}({options}) went {got}, PyTorch's goes {wanted}"

# %%
def check_groups(kind, **options):
    """Two weights, in one optimizer: a group with the default options and one with `options`."""
    weights = [Tensor([2.0]), Tensor([2.0])]
    optimizer = kind([{"params": weights[0]}, {"params": weights[1], **options}])
    for g in (0.5, 1.0, -0.3, 0.2):
        for p in weights:
            p.grad = Tensor([g])
        optimizer.step()
    for p, own in zip(weights, [{}, options]):
        got, wanted = p.data.item(), trace(lambda params: kind(params, **own))[-1]
        assert np.isclose(got, wanted, atol=1e-6), (
            f"{kind.__name__} with two groups: the weight in the group with {own or 'the defaults'} went to {got:.6f}, "
            f"wanted {wanted:.6f} as when it is alone: whose options were used?")

# %% nbgrader={"grade": true, "grade_id": "test-sgd", "points": 5}
def test_unit_sgd():
    for options, wanted in [
        ({"lr": 0.1}, [1.95, 1.85, 1.88, 1.86]),
        ({"lr": 0.1, "momentum": 0.9}, [1.95, 1.805, 1.7045, 1.59405]),
        ({"lr": 0.1, "momentum": 0.9, "nesterov": True}, [1.905, 1.6745, 1.61405, 1.494645]),
        ({"lr": 0.1, "weight_decay": 0.5}, [1.85, 1.6575, 1.604625, 1.5043937]),
        ({"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.2}, [1.865, 1.63655, 1.5868785, 1.4858019]),
        ({"lr": 0.01, "momentum": 0.8, "weight_decay": 1.0}, [1.975, 1.92525, 1.8691975, 1.8036635]),
    ]:
        check_trace(SGD, options, wanted)
    for own in [{"lr": 0.1}, {"momentum": 0.5}, {"momentum": 0.5, "nesterov": True}, {"weight_decay": 0.5}]:
        check_groups(SGD, **own)
    ### BEGIN HIDDEN TESTS
    for options, wanted in [
        ({"lr": 0.2}, [-1.9, -1.8, -1.85]), ({"lr": 0.05, "momentum": 0.7}, [-1.6, -1.645, -1.689]),
        ({"lr": 0.1, "weight_decay": 0.4}, [-1.64, -1.5244, -1.4884239]),
        ({"lr": 0.3, "momentum": 0.25, "weight_decay": 0.1, "nesterov": True}, [-2.1937501, -1.958672, -1.9741554]),
    ]:
        check_trace(SGD, options, wanted, start=-1.5, gradients=(2.0, -0.5, 0.25))
    ### END HIDDEN TESTS

test_unit_sgd()

# %% nbgrader={"grade": true, "grade_id": "test-sgd-data", "points": 3}
def test_unit_sgd_data(start, gradient, lr):
    p, frozen = Tensor(np.array(start, np.float32)), Tensor([1.0])
    array, optimizer = p.data, SGD([p, frozen], lr=lr)
    p.grad = Tensor(gradient)
    optimizer.step()
    wanted = start - lr * gradient
    assert array == wanted and p.data is array, (
        f"a parameter without axes went from {start} to {p.data}, wanted {wanted}, in the array it was in")
    assert frozen.data.item() == 1.0, "a parameter whose gradient is None was changed"
    p.data = np.float32(3.0) * np.float32(1.0)  # what NumPy gives for arithmetic on 0-d arrays: a number, no array
    optimizer.step()
    wanted = 3 - lr * gradient
    assert p.data == wanted, f"after somebody put 3 into p.data a step of -{lr * gradient} gave {p.data}"
    optimizer.param_groups[0]["lr"] = 2.0
    optimizer.step()
    assert p.data == wanted - 2 * gradient, (
        f"with the group's lr changed to 2, {wanted} - 2 * {gradient} gave {p.data}: read the options from `group`")

test_unit_sgd_data(1.0, gradient=1.0, lr=0.5)
### BEGIN HIDDEN TESTS
test_unit_sgd_data(-2.0, gradient=0.25, lr=4.0)
### END HIDDEN TESTS

# %% [markdown]
r"""
## A step length for every weight

The valley's real trouble is that one `lr` has to serve two directions. Adam gives each weight its own: it divides the
gradient by the gradient's usual size. That takes two running averages for each weight, $m$ of the gradient and $v$ of
its square:

$$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$

### Exercise: blend

Both are the same operation: keep a share `beta` of the average, and mix in the new sample. With $\beta_1 = 0.9$ the
average looks back over about ten steps, with $\beta_2 = 0.999$ over about a thousand.
"""

# %% nbgrader={"solution": true, "grade_id": "blend"}
#| export
def blend(average: np.ndarray, sample: np.ndarray, beta: float, work: np.ndarray) -> None:
    """average = beta * average + (1 - beta) * sample, in place, without a new array; `work` may be `sample` itself.

    >>> average = np.array([10.0, 0.0])
    >>> blend(average, np.array([0.0, 10.0]), 0.75, np.empty(2))
    >>> average
    array([7.5, 2.5])
    """
    ### BEGIN SOLUTION
    np.multiply(sample, 1 - beta, out=work)
    average *= beta
    average += work
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-blend", "points": 4}
def check_blend(average, sample, beta):
    average, sample = np.array(average), np.array(sample)
    before, kept, wanted = average.copy(), sample.copy(), beta * average + (1 - beta) * sample
    blend(average, sample, beta, np.empty_like(sample))
    assert np.allclose(average, wanted, atol=1e-12), (
        f"beta {beta}: {before} and the sample {kept} gave {average}, wanted {wanted}: who gets beta, who the rest?")
    assert np.array_equal(sample, kept), "the sample was changed: work is there for that"
    average = before.copy()
    blend(average, sample, beta, sample)
    assert np.allclose(average, wanted, atol=1e-12), (
        f"beta {beta}, with the sample {kept} as work array: {average}, wanted {wanted}: what is overwritten early?")

def test_unit_blend():
    rng = np.random.default_rng(0)
    for beta in [0.0, 0.5, 0.9, 0.999]:
        check_blend(*rng.normal(size=(2, 3)), beta)

test_unit_blend()
### BEGIN HIDDEN TESTS
check_blend([4.0, -8.0], [0.0, 2.0], 0.25), check_blend([[1.0]], [[11.0]], 0.7)
### END HIDDEN TESTS

# %% [markdown]
r"""
### The first steps

Both averages start at 0, so at first they are too small. After one step $m$ is $(1 - \beta_1) g$, after $t$ steps of
the same gradient $(1 - \beta_1^t) g$. Divide by that factor and the start is right; the correction fades by itself:

$$w \leftarrow w - \frac{\text{lr}}{1 - \beta_1^t} \cdot \frac{m}{\sqrt{v} \,/ \sqrt{1 - \beta_2^t} + \varepsilon}$$

Without it, Adam's first step would be this many times too long, whatever the gradient:
"""

# %%
print((1 - 0.9) / math.sqrt(1 - 0.999))

# %% [markdown]
r"""
### Exercise: adam_step

The order of the operations is PyTorch's: $\varepsilon$ is added *after* the root and its correction. `state` holds
`"step"` (t, counted from 1), `"exp_avg"` (m) and `"exp_avg_sq"` (v). One work array is enough, and `descend` can do
the end.
"""

# %% nbgrader={"solution": true, "grade_id": "adam-step"}
#| export
def adam_step(data: np.ndarray, state: dict, lr: float, betas: tuple, eps: float, work: np.ndarray) -> None:
    """Move `data` by Adam's step from the averages in `state`, in place; `state` is not changed.

    Kingma and Ba, Adam: a method for stochastic optimization (2015), algorithm 1, with PyTorch's rounding order.

    >>> data, state = np.array([1.0]), {"step": 1, "exp_avg": np.array([0.2]), "exp_avg_sq": np.array([0.004])}
    >>> adam_step(data, state, 0.5, (0.9, 0.999), 0.0, np.empty(1))
    >>> data
    array([0.5])
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    np.sqrt(state["exp_avg_sq"], out=work)
    work /= math.sqrt(1 - beta2 ** state["step"])
    work += eps
    np.divide(state["exp_avg"], work, out=work)
    descend(data, work, lr / (1 - beta1 ** state["step"]), work)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adam-step", "points": 6}
def check_adam_step(mean, square, data, t, lr, betas, eps):
    state, got = {"step": t, "exp_avg": mean.copy(), "exp_avg_sq": square.copy()}, data.copy()
    adam_step(got, state, lr, betas, eps, np.empty(data.shape))
    wanted = data - lr * (mean / (1 - betas[0] ** t)) / (np.sqrt(square / (1 - betas[1] ** t)) + eps)
    assert np.allclose(got, wanted, rtol=1e-9), (
        f"t={t}, lr={lr}, betas={betas}, eps={eps}: {data} went to {got}, wanted {wanted}: correct both averages, and "
        "add eps to the root")
    unchanged = np.array_equal(state["exp_avg"], mean) and np.array_equal(state["exp_avg_sq"], square)
    assert unchanged and state["step"] == t, "the state was changed: here it is only read"

def test_unit_adam_step(cases, seed):
    rng = np.random.default_rng(seed)
    for t, lr, betas, eps in cases:
        mean, square, data = rng.normal(size=3), rng.uniform(0.5, 2, size=3), rng.normal(size=3)
        check_adam_step(mean, square, data, t, lr, betas, eps)

test_unit_adam_step([
    (1, 0.1, (0.9, 0.999), 1e-8), (7, 0.01, (0.9, 0.99), 1e-8), (3, 1.0, (0.5, 0.9), 0.1), (500, 0.2, (0, 0.95), 0),
], seed=0)
### BEGIN HIDDEN TESTS
test_unit_adam_step([(2, 0.3, (0.8, 0.95), 1e-3), (10, 2.0, (0.99, 0.5), 1e-8), (1, 0.5, (0.2, 0.1), 1.0)], seed=8)
### END HIDDEN TESTS

# %% [markdown]
r"""
### Exercise: Adam

Weight decay here is that of SGD, part of the gradient. Then count the step, blend both averages, and move. The second
work array can hold the square of the gradient.
"""

# %% nbgrader={"solution": true, "grade_id": "adam"}
#| export
class Adam(Optimizer):
    """Adam, with weight decay as part of the gradient. Formulas and defaults are PyTorch's (`torch.optim.Adam`)."""

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0.0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict, work: tuple) -> None:
        """One step for one parameter; see `Optimizer.update`."""
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(data), exp_avg_sq=np.zeros_like(data))
        ### BEGIN SOLUTION
        state["step"] += 1
        gradient = with_decay(gradient, data, group["weight_decay"], work[0])
        beta1, beta2 = group["betas"]
        blend(state["exp_avg"], gradient, beta1, work[1])
        np.multiply(gradient, gradient, out=work[1])
        blend(state["exp_avg_sq"], work[1], beta2, work[1])
        adam_step(data, state, group["lr"], group["betas"], group["eps"], work[1])
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adam", "points": 5}
def test_unit_adam():
    for options, wanted in [
        ({"lr": 0.1}, [1.9, 1.8034818, 1.7479897, 1.693295]),
        ({"lr": 0.1, "betas": (0.5, 0.9)}, [1.9, 1.7962167, 1.7682204, 1.7342401]),
        ({"lr": 0.1, "eps": 0.5}, [1.95, 1.890872, 1.8591292, 1.8295883]),
        ({"lr": 0.1, "weight_decay": 0.3}, [1.9, 1.8006103, 1.7164317, 1.6315839]),
        ({"lr": 0.02, "betas": (0.0, 0.99), "eps": 0.001, "weight_decay": 0.1},
         [1.9800285, 1.9556624, 1.9582624, 1.9473008]),
    ]:
        check_trace(Adam, options, wanted)
    ### BEGIN HIDDEN TESTS
    for options, wanted in [
        ({"lr": 0.2}, [-1.7, -1.7938936, -1.8813403]),
        ({"lr": 0.1, "betas": (0.6, 0.8)}, [-1.6, -1.6316013, -1.6633844]),
        ({"lr": 0.1, "weight_decay": 0.7}, [-1.6, -1.5696839, -1.5220084]),
        ({"lr": 0.05, "betas": (0.3, 0.9), "eps": 0.01, "weight_decay": 0.2}, [-1.5497077, -1.5409633, -1.5358901]),
    ]:
        check_trace(Adam, options, wanted, start=-1.5, gradients=(2.0, -0.5, 0.25))
    ### END HIDDEN TESTS

test_unit_adam()

# %% nbgrader={"grade": true, "grade_id": "test-adam-groups", "points": 3}
def test_unit_adam_groups(lr, other):
    first, second = Tensor([1.0]), Tensor(5.0)
    optimizer = Adam([{"params": first, "lr": lr}, {"params": [second]}], lr=other)
    first.grad, second.grad = Tensor([10.0]), Tensor(-0.001)
    optimizer.step()
    got, wanted = [first.data.item(), second.data.item()], [1 - lr, 5 + other]
    assert np.allclose(got, wanted, atol=1e-4), f"groups with lr {lr} and {other} went to {got}, wanted {wanted}"
    for own in [{"lr": 0.1}, {"betas": (0.5, 0.9)}, {"eps": 0.5}, {"weight_decay": 5.0}]:
        check_groups(Adam, **own)

test_unit_adam_groups(0.5, other=0.25)
### BEGIN HIDDEN TESTS
test_unit_adam_groups(0.125, other=0.75)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Decay beside the gradient

Something is wrong with that decay, and it took the field some years to see it. Adam divides everything in its gradient
by the gradient's usual size, the decay too. Take two weights of 1 whose gradients are pure noise, one a hundred times
as strong as the other's: nothing but the decay has a direction.
"""

# %%
def noisy_walk(optimizer_class):
    weight, rng = Tensor([1.0, 1.0]), np.random.default_rng(0)
    optimizer = optimizer_class([weight], lr=0.001, weight_decay=0.1)
    for _ in range(5000):
        weight.grad = Tensor(rng.choice([-1.0, 1.0], size=2) * [0.05, 5.0])
        optimizer.step()
    return weight.data

print("Adam: small gradients, large gradients:", noisy_walk(Adam))

# %% [markdown]
r"""
Both were to be decayed alike. The one with small gradients is gone, the one with large gradients hardly touched.
AdamW takes the decay out of the gradient and applies it to the weight itself before Adam's step, as
$w \leftarrow w - \text{lr} \cdot \lambda \cdot w$. Now every weight shrinks by the same share.

### Exercise: AdamW

`super().update(...)` is Adam's update; hand it a group in which the decay is 0.
"""

# %% nbgrader={"solution": true, "grade_id": "adamw"}
#| export
class AdamW(Adam):
    """Adam with weight decay applied to the weights directly, as in PyTorch's `torch.optim.AdamW`.

    Loshchilov and Hutter, Decoupled weight decay regularization (2019).
    """

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict, work: tuple) -> None:
        """One step for one parameter; see `Optimizer.update`."""
        ### BEGIN SOLUTION
        data *= 1 - float(group["lr"]) * group["weight_decay"]
        super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adamw", "points": 5}
def test_unit_adamw():
    for options, wanted in [
        ({"lr": 0.1}, [1.898, 1.7995838, 1.7422921, 1.6858551]),
        ({"lr": 0.1, "weight_decay": 0.5}, [1.8, 1.6134818, 1.4773156, 1.3487551]),
        ({"lr": 0.02, "betas": (0.7, 0.95), "eps": 0.001, "weight_decay": 2.0},
         [1.9000399, 1.8041263, 1.7231314, 1.6453322]),
    ]:
        check_trace(AdamW, options, wanted)
    still = trace(lambda params: AdamW(params, lr=0.1, weight_decay=0.5), gradients=(0.0, 0.0))
    assert np.allclose(still, [1.9, 1.805]), f"no gradient, lr 0.1, decay 0.5: {still}, not 5 % less each time"
    for own in [{"lr": 0.1}, {"betas": (0.5, 0.9)}, {"eps": 0.5}, {"weight_decay": 5.0}]:
        check_groups(AdamW, **own)
    ### BEGIN HIDDEN TESTS
    for options, wanted in [
        ({"lr": 0.2}, [-1.6969999, -1.7874995, -1.8713713]),
        ({"lr": 0.1, "weight_decay": 0.7}, [-1.495, -1.4372967, -1.3804094]),
        ({"lr": 0.05, "betas": (0.3, 0.9), "eps": 0.01, "weight_decay": 0.2}, [-1.5347513, -1.5220869, -1.5156174]),
    ]:
        check_trace(AdamW, options, wanted, start=-1.5, gradients=(2.0, -0.5, 0.25))
    ### END HIDDEN TESTS

test_unit_adamw()

# %%
print("AdamW: small gradients, large gradients:", noisy_walk(AdamW), "  decay alone:", (1 - 0.001 * 0.1) ** 5000)

# %% [markdown]
r"""
Both walks still tremble with their noise, but they tremble round the place where the decay sent them.

## Down the valley

Now the three in the valley of the beginning.
"""

# %%
import matplotlib.pyplot as plt

def walk(make, steps=40):
    """The points that an optimizer visits in the valley, from (-4, 1)."""
    p = Tensor([-4.0, 1.0])
    optimizer, points = make([p]), [p.data.copy()]
    for _ in range(steps):
        p.grad = Tensor(p.data * np.float32([1, 25]))
        optimizer.step()
        points.append(p.data.copy())
    return np.array(points)

walks = {
    "SGD, lr 0.07": walk(lambda p: SGD(p, lr=0.07)),
    "momentum 0.7, lr 0.04": walk(lambda p: SGD(p, lr=0.04, momentum=0.7)),
    "Adam, lr 0.4": walk(lambda p: Adam(p, lr=0.4, betas=(0.7, 0.99))),
}

# %%
x, y = np.meshgrid(np.linspace(-4.5, 1.5, 120), np.linspace(-1.3, 1.3, 80))
figure, panels = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True)
for panel, (name, points) in zip(panels, walks.items()):
    panel.contour(x, y, height(x, y), levels=np.geomspace(0.05, 25, 9), colors="lightgray")
    panel.plot(*points.T, ".-", linewidth=1, markersize=4)
    panel.set_title(f"{name}: height {height(*points[-1]):.5f}", fontsize=9)
plt.show()

# %% [markdown]
r"""
Plain descent jumps from wall to wall. Momentum lets the jumps cancel while the way along the floor adds up. Adam
hardly sees the difference between the two directions: dividing by the size of the gradients makes the valley round.
(Its averages got shorter memories than usual here, for so short a walk.)

## Digits, by hand

A small network on the handwritten digits, with the loop written out: forward, loss, forget the old gradients, backward,
step. Lesson 07 makes an object of these five lines. Which optimizer is best? Each gets the same network, the same five
walks over the data, and eight rates to try.
"""

# %%
from pathlib import Path

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.tensor import no_grad

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
table = table[np.random.default_rng(0).permutation(len(table))]
images, labels = table[:, :64] / 16, table[:, 64].astype(np.int64)

# %%
def train(make, epochs=5, batch=50):
    """The accuracy on 397 unseen digits of a 64-32-10 network that was trained on 1,400 others."""
    manual_seed(0)
    model, loss_fn = Sequential(Linear(64, 32), GELU(), Linear(32, 10)), CrossEntropyLoss()
    optimizer = make(model.parameters())
    for start in [*range(0, 1400, batch)] * epochs:
        rows = slice(start, start + batch)
        loss = loss_fn(model(Tensor(images[rows])), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        guesses = model(Tensor(images[1400:])).numpy().argmax(axis=1)
    return np.mean(guesses == labels[1400:])

# %%
rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
print("lr              ", *(f"{lr:6}" for lr in rates))
for name, make in {"SGD": SGD, "SGD momentum 0.9": lambda p, lr: SGD(p, lr, momentum=0.9), "AdamW": AdamW}.items():
    accuracies = [train(lambda params, lr=lr: make(params, lr)) for lr in rates]
    print(f"{name:16}", *(f"{accuracy:6.1%}" for accuracy in accuracies))
    plt.semilogx(rates, accuracies, ".-", label=name)
plt.xlabel("lr")
plt.ylabel("accuracy on unseen digits")
plt.legend()
plt.show()

# %% [markdown]
r"""
At its own best rate each of the three does about as well: this network is small, and its valley round enough. What they
differ in is how well that rate has to be hit. Plain descent wants a rate near the last one that does not throw it out,
and who does not know that one has to search. Adam's hill is the broadest, because its steps do not depend on how
large the gradients happen to be; that is why it is the usual first choice for a network nobody has trained before.

## Stop and go on

A training run that was interrupted should go on as if nothing had happened. The weights alone do not do it: an
optimizer without its velocities and averages starts anew. Here a run of ten steps is cut in the middle three times, and
goes on with what was saved.
"""

# %%
def steps(p, optimizer, gradients):
    for g in gradients:
        p.grad = Tensor(g)
        optimizer.step()
    return p.data

gradients = np.random.default_rng(3).normal(size=(10, 4)).astype(np.float32)

# %% nbgrader={"grade": true, "grade_id": "test-resume", "points": 4}
def test_resume(start, gradients, stop):
    for name, make in {"SGD": lambda p: SGD(p, 0.1, 0.9, nesterov=True), "Adam": Adam, "AdamW": AdamW}.items():
        p = Tensor(start)
        optimizer = make([p])
        steps(p, optimizer, gradients[:stop])
        weights, saved = p.data.copy(), optimizer.state_dict()
        wanted = steps(p, optimizer, gradients[stop:]).copy()
        resumed, afresh = Tensor(weights), Tensor(weights)
        later = make([resumed])
        later.load_state_dict(saved)
        got = steps(resumed, later, gradients[stop:])
        assert np.array_equal(got, wanted), f"{name} went on to {got}, without a break it reached {wanted}"
        off = np.abs(steps(afresh, make([afresh]), gradients[stop:]) - wanted).max()
        print(f"{name} with its state: the same to the last bit; without: off by {off:.2g}")

test_resume([1.0, 2.0, 3.0, 4.0], gradients, stop=5)
### BEGIN HIDDEN TESTS
test_resume([-7.0, 0.5, 0.0, 0.125], gradients[::-1] * 2, stop=3)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. What is the largest `lr`, to two decimal places, at which plain descent in the valley does not climb its walls?
   (`largest_lr`)
2. With momentum 0.9 and the same gradient at every step, how many times the plain step does a step become in the end?
   (`final_factor`)
3. A 64-128-10 network (two Linear layers with bias) is trained with Adam, all in float32. How many bytes of state does
   the optimizer keep in its two averages? (`adam_bytes`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-optimizers"}
### BEGIN SOLUTION
largest_lr = 2 / 25
final_factor = 1 / (1 - 0.9)
adam_bytes = 2 * 4 * (64 * 128 + 128 + 128 * 10 + 10)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-optimizers", "points": 6}
def test_question_optimizers():
    rates = [largest_lr - 0.005, largest_lr + 0.005]
    lower, higher = (abs(walk(lambda p, lr=lr: SGD(p, lr=lr), 100)[-1, 1]) for lr in rates)
    assert lower < 1 < higher, (
        f"largest_lr is {largest_lr}: y went from 1 to {lower:.2g} just below that rate, {higher:.2g} just above, and "
        "only above should it grow")
    final = -np.diff(trace(lambda p: SGD(p, lr=1.0, momentum=0.9), gradients=[1.0] * 200))[-1]
    assert abs(final_factor - final) < 0.01, f"final_factor is {final_factor}: when does v = 0.9 v + g stop changing?"
    model = Sequential(Linear(64, 128), Linear(128, 10))
    optimizer = Adam(model.parameters())
    for p in model.parameters():
        p.grad = Tensor(np.zeros(p.shape, np.float32))
    optimizer.step()
    wanted = sum(state["exp_avg"].nbytes + state["exp_avg_sq"].nbytes for state in optimizer.state.values())
    assert adam_bytes == wanted, f"adam_bytes is {adam_bytes}: count the weights and biases, then the bytes for each"

test_question_optimizers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-optimizers", "points": 2}
r"""
**In your own words:** multiply a loss by 1000. Which of plain SGD, SGD with momentum and Adam will take other steps
than before, and why not the remaining one?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Three optimizers that take the same steps as PyTorch's, change weights where they lie, and resume to the last bit.
`tito module complete 06` puts them into `tinytorch.core.optimizers`. Lesson 07 writes the loop round them once and
for all.
"""
