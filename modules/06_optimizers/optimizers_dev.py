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

> SGD with momentum, Adam and AdamW, by PyTorch's formulas, updating weights in place.

Lesson 05 tells every weight which way is down. It does not say how far to go, and the answer
decides whether a network learns in seconds or not at all. An *optimizer* turns gradients into
steps.

You will build:

- one step of gradient descent that changes the weights in place, without a new array;
- momentum, in its plain form and in Nesterov's, and weight decay: together they are `SGD`;
- `Adam`, which gives every weight a step length of its own, and `AdamW`, which keeps weight decay
  apart from it.

About 4 hours: 10 exercises, some 45 lines to write, and an open question. Needs lessons 01 to 05.
Makes `tinytorch.core.optimizers`: `Optimizer`, `SGD`, `Adam` and `AdamW`.
"""

# %%
#| default_exp core.optimizers

# %%
#| export
import math
from typing import Any

import numpy as np

from tinytorch.core.tensor import Tensor, as_tensor
from tinytorch.support.optimizer_options import advance_adam, as_told
from tinytorch.support.parameter_groups import ParameterGroups
from tinytorch.support.versions import note_change

# %%
from tinytorch.support import checks_optimizers as checks
from tinytorch.support.checks import check, makes_no_array

# %% [markdown]
r"""
## How far?

Take a valley with two directions: its floor rises gently along $x$, its walls steeply along $y$.
The height is $\frac{1}{2}(x^2 + 25 y^2)$ and the gradient $(x, 25 y)$. Gradient descent starts at
$(-4, 1)$ and takes 40 steps of `lr`, the *learning rate*, times the gradient. The lowest point is
$(0, 0)$.
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
The steep direction sets the limit: above 0.08 every step along $y$ ends farther from the floor than
it began. At any rate below that limit the walk along the floor is slow. A real loss has as many
directions as it has weights, and they too differ in steepness. Momentum and Adam are two ways out.

## One step, in place

`weight = weight - lr * gradient` makes two new arrays, the product and then the difference. What
does that cost for a million weights?
"""

# %%
from tinytorch.support.memory import allocated_bytes

weight, gradient = np.ones((2, 1000000), dtype=np.float32)
taken = allocated_bytes(lambda: weight - 0.1 * gradient)
print(f"{taken:,} bytes of new memory for weights of {weight.nbytes:,}")

# %% [markdown]
r"""
An update happens thousands of times, always on the same shapes. So an optimizer keeps *work arrays*
that it writes again at every step, and it changes the weights in place. NumPy's functions take the
array for their result as `out=`, and `a -= b` changes `a` itself:

    np.multiply(gradient, 0.1, out=work)      # work = 0.1 * gradient, no new array
    weight -= work                            # the same array, new numbers

### Exercise: descend

One trap: a NumPy number as the rate, such as `np.float64(0.1)`, pulls float32 arithmetic up to
float64. A Python number does not, so take `float(lr)`.
"""

# %% nbgrader={"solution": true, "grade_id": "descend"}
#| exporti
def descend(data: np.ndarray, direction: np.ndarray, lr: float, work: np.ndarray) -> None:
    """data -= lr * direction, in place, in the arrays' own type, without a new array.

    All three arrays have one shape and type. `direction` is only read. `work` is overwritten; it
    may be `direction` itself, which is then overwritten too.

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
# Check of descend: run it when your cell has run.
@check
def test_unit_descend():
    cases = [([1, 2], [10, -10], 0.5), ([[6, 1], [0, 8]], [[1, np.inf], [4, 1e6]], 2), (5, 2, 1)]
    cases += [([0, 3], [9, 13], np.float64(0.1))]
    ### BEGIN HIDDEN TESTS
    cases += [([[0, 3], [2, 1]], [[6, 11], [np.nan, 1e7]], np.float64(0.3)), ([1], [3], 3)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.descend(descend, *case, "change data itself, downwards, in its own type")

test_unit_descend()

# %% nbgrader={"grade": true, "grade_id": "test-descend-in-place", "points": 2}
# Check of descend: run it when your cell has run.
@check
def test_unit_descend_in_place(size):
    data, direction, work = np.ones((3, size), dtype=np.float32)
    makes_no_array("descend", lambda: descend(data, direction, 0.1, work), "write into work")

test_unit_descend_in_place(100000)
### BEGIN HIDDEN TESTS
test_unit_descend_in_place(33333)
### END HIDDEN TESTS

# %% [markdown]
r"""
## The gradient that a parameter gets

Lesson 05 leaves the gradient in `p.grad`, a Tensor, or `None` where the loss did not depend on `p`.
Other code may put a gradient there too, a float16 one for a float32 weight for instance. What the
optimizer needs is an array in the parameter's own type. A shape that does not fit must be an error
here, before broadcasting makes something of it. Numbers that are not finite pass through: hiding
them would hide a broken run.

### Exercise: gradient_for

`array.astype(dtype, copy=False)` converts only where there is something to convert.
"""

# %% nbgrader={"solution": true, "grade_id": "gradient-for"}
#| exporti
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
        shapes = f"a parameter of shape {p.shape} has a gradient of shape {gradient.shape}"
        raise ValueError(f"{shapes}: they must be equal")
    return gradient.astype(p.dtype, copy=False)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-gradient-for", "points": 2}
# Check of gradient_for: run it when your cell has run.
@check
def test_unit_gradient_for():
    cases = [([[3, -4]], "float32", "float16"), ([4, np.nan, -np.inf], "float64", "float32"),
             ([1], "float32", "float32"), (2, "float16", "float32"), ([3], "bfloat16", "float16")]
    ### BEGIN HIDDEN TESTS
    cases += [([4, 0.25], "float64", "float16"), (np.nan, "float16", "float16")]
    ### END HIDDEN TESTS
    for case in cases:
        checks.gradient(gradient_for, Tensor, *case, "its numbers, all of them, in p's type")

test_unit_gradient_for()

# %% nbgrader={"grade": true, "grade_id": "test-gradient-for-refuses", "points": 2}
# Check of gradient_for: run it when your cell has run.
@check
def test_unit_gradient_for_refuses():
    cases = [((2,), (1,)), ((2, 3), (3,)), ((3, 1), (3,)), ((), (1,))]
    ### BEGIN HIDDEN TESTS
    cases += [((4,), (2, 2)), ((1, 5), (5, 1)), ((3,), ())]
    ### END HIDDEN TESTS
    for own, other in cases:
        checks.refused(gradient_for, Tensor, own, other, "name both shapes")

test_unit_gradient_for_refuses()

# %% [markdown]
r"""
## The object around it

All optimizers need the same bookkeeping. `ParameterGroups`, in `tinytorch.support`, holds the
parameters in *groups*: dicts with the key `"params"` and with options that hold for these
parameters only, such as a smaller `lr` for layers that were trained before. A plain list of
parameters is one group. What cannot be right is refused: a parameter that is listed twice, for
instance, would be updated twice in every step. In `state` an optimizer keeps what it remembers, a
dict for each parameter; `state_dict` and `load_state_dict` copy everything out and back.

Importing it changes one thing in the process. On Linux the C library glibc returns free memory to
the system early, and a training step, which asks for the same arrays as the last one, would pay for
every page again. `tinytorch.support.heap` has glibc keep up to 64 MiB of what was freed.

What is left is worth reading. `step` reads all gradients before it changes anything, so that an
error leaves the weights as they were. Then it hands each parameter to `update`, the one method that
every kind of optimizer writes for itself. The work arrays are shared by all parameters of the same
shape and type: two for each shape, kept as long as the optimizer lives. A gradient of `inf` or
`nan` makes weights of `inf` or `nan`, as in PyTorch; `np.errstate` keeps NumPy from warning. A
graph that saved the old weights cannot give their gradient any more, since its array holds the new
ones. `note_change` tells it so, and then `backward()` raises an error and not a wrong gradient.
"""

# %%
#| export
class Optimizer(ParameterGroups):
    """Updates, in place, the parameters that have a gradient; subclasses define `update`.

    `params` is an iterable of floating Tensors, or of groups: dicts with the key "params" and
    options that differ from `defaults`. The options may be changed between steps.
    """

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")
    def step(self) -> None:
        """Update each parameter whose gradient is not None; ValueError for one of a wrong shape."""
        ready = [(p, gradient_for(p), group)
                 for group in self.param_groups for p in group["params"] if p.grad is not None]
        for p, gradient, group in ready:
            data, state = p.data, self.state.setdefault(p, {})
            gradient, group = as_told(gradient, state, group)  # to maximize, and to dampen
            self.advance(data, gradient, state, group, self.work_for(data))  # calls `update`
            note_change(data)  # a graph that saved these numbers must not use the new ones

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict,
               work: tuple[np.ndarray, np.ndarray]) -> None:
        """Change `data` in place. `gradient` is only read, `state` is this parameter's memory,
        empty at first, `group` holds the options, `work` two arrays like `data` to write into."""
        raise NotImplementedError(f"{type(self).__name__} has no method update")

# %% [markdown]
r"""
## Weight decay

Of the weights that fit the data equally well, weight decay prefers small ones. Adding
$\frac{\lambda}{2} w^2$ for each weight to the loss adds $\lambda w$ to its gradient, so every step
also pulls the weight a little towards 0.

### Exercise: with_decay
"""

# %% nbgrader={"solution": true, "grade_id": "with-decay"}
#| exporti
def with_decay(gradient: np.ndarray, data: np.ndarray, weight_decay: float,
               out: np.ndarray) -> np.ndarray:
    """gradient + weight_decay * data, written into `out` and returned.

    Where `weight_decay` is 0 it is `gradient` itself. Neither `gradient` nor `data` is changed, and
    no array is made.

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
# Check of with_decay: run it when your cell has run.
@check
def test_unit_with_decay():
    cases = [([1, 1], [10, -10], 0.1), (1, 6, 2), ([[3, 0], [5, 1]], [[2, np.nan], [1, 4]], 0.001)]
    ### BEGIN HIDDEN TESTS
    cases += [([4, -2], [10, 0], 0.3), ([[0, np.inf], [2, 6]], [[-3, 8], [np.inf, 0]], 0.02)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.decay(with_decay, *case, "which of the two does the decay multiply?")

test_unit_with_decay()

# %% [markdown]
r"""
## Momentum

At a rate above 0.04 plain descent crosses the valley's floor at every step: the gradient along $y$
changes its sign each time, the gradient along $x$ never does. So keep a running sum of the
gradients, in which what alternates cancels and what agrees adds up. It is called the *velocity*,
after the ball that rolls down the valley:

$$v_1 = g_1, \qquad v_t = \mu\, v_{t-1} + g_t, \qquad w \leftarrow w - \text{lr} \cdot v_t$$

With a momentum of $\mu = 0.9$ the ball keeps nine tenths of its velocity at each step.
**Nesterov's** variant uses the velocity one step ahead, $g_t + \mu v_t$ in place of $v_t$: what the
next velocity will be if the next gradient is like this one.

### Exercise: with_momentum

The velocity is kept in `state["momentum_buffer"]` (PyTorch's name) and is changed in place. The
first one is a *copy* of the gradient: the gradient's own array belongs to other code, which may
write into it.
"""

# %% nbgrader={"solution": true, "grade_id": "with-momentum"}
#| exporti
def with_momentum(gradient: np.ndarray, state: dict, momentum: float, nesterov: bool,
                  out: np.ndarray) -> np.ndarray:
    """The direction: the new velocity or, with `nesterov`, gradient + momentum * velocity in `out`.

    The velocity is `state["momentum_buffer"]`, at first a copy of the gradient. Where `momentum` is
    0 the direction is `gradient` itself, and `state` stays as it is. No other array is made.
    Sutskever and others, On the importance of initialization and momentum in deep learning (2013),
    in PyTorch's form.

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
# Check of with_momentum: run it when your cell has run.
@check
def test_unit_with_momentum():
    gradients = [[[4, 0], [1, 1]], [[-2, 0], [-0.5, -0.5]], [[4, 8], [0, 2]], [[8, np.nan], [9, 1]]]
    cases = [(gradients, 0.5, False), (gradients, 0.5, True)]
    ### BEGIN HIDDEN TESTS
    cases += [([[[2]], [[-7]]], 0.75, True), ([[1, -2], [0.5, 4], [-3, 1], [0, 2]], 0.9, False)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.momentum(with_momentum, *case, "which of the formulas is this?")

test_unit_with_momentum()

# %% [markdown]
r"""
## SGD

### Exercise: SGD

*Stochastic gradient descent* is called stochastic because its gradient is that of a random batch.
Put the three functions together: first the decay, then the momentum, then the step. There are two
work arrays; take care that no function writes over what a later one still needs. The checks of all
three optimizers let a weight of 2 meet the gradients 0.5, 1, -0.3 and 0.2, one after another. After
each step it should be where `torch.optim` put it.
"""

# %% nbgrader={"solution": true, "grade_id": "sgd"}
#| export
class SGD(Optimizer):
    """Gradient descent with momentum, Nesterov's variant of it, and weight decay in the gradient.

    Formulas and defaults are those of `torch.optim.SGD`.
    """

    def __init__(self, params: Any, lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False, *, maximize: bool = False):
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, maximize=maximize,
                         weight_decay=weight_decay, nesterov=nesterov)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict,
               work: tuple[np.ndarray, np.ndarray]) -> None:
        """One step for one parameter, see `Optimizer.update`. The options are in `group`."""
        ### BEGIN SOLUTION
        gradient = with_decay(gradient, data, group["weight_decay"], work[0])
        direction = with_momentum(gradient, state, group["momentum"], group["nesterov"], work[1])
        descend(data, direction, group["lr"], work[0])
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-sgd", "points": 5}
# Check of SGD: run it when your cell has run.
@check
def test_unit_sgd():
    rolling, mixed = {"lr": 0.1, "momentum": 0.9}, {"momentum": 0.5, "nesterov": True}
    cases = [
        ({"lr": 0.1}, [1.95, 1.85, 1.88, 1.86]),
        (rolling, [1.95, 1.805, 1.7045, 1.59405]),
        ({**rolling, "nesterov": True}, [1.905, 1.6745, 1.61405, 1.494645]),
        ({"lr": 0.1, "weight_decay": 0.5}, [1.85, 1.6575, 1.604625, 1.5043937]),
        ({"lr": 0.1, **mixed, "weight_decay": 0.2}, [1.865, 1.63655, 1.5868785, 1.4858019]),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [({"lr": 0.05, "momentum": 0.7}, [1.975, 1.9075, 1.87525, 1.842675]),
              ({"lr": 0.3, "momentum": 0.25, "weight_decay": 0.1, "nesterov": True},
               [1.7375, 1.2842187, 1.3232714, 1.1955435])]
    ### END HIDDEN TESTS
    for options, wanted in cases:
        checks.path(SGD, Tensor, options, wanted)
    for second in [{"lr": 0.1}, rolling, mixed, {"weight_decay": 5.0}]:
        checks.apart(SGD, Tensor, rolling, second)
    checks.path(SGD, Tensor, rolling, [1.9, 1.81, 1.729, 1.6061], gradients=(1.0, 0.0, 0.0, 0.5))
    checks.step(SGD, Tensor, **mixed), checks.passes_on(SGD, Tensor, **mixed)

test_unit_sgd()

# %% nbgrader={"grade": true, "grade_id": "test-sgd-data", "points": 3}
# Check of SGD: run it when your cell has run.
@check
def test_unit_sgd_data():
    checks.single(SGD, Tensor, start=1.0, gradient=1.0, lr=0.5)
    ### BEGIN HIDDEN TESTS
    checks.single(SGD, Tensor, start=-2.0, gradient=0.25, lr=4.0)
    ### END HIDDEN TESTS

test_unit_sgd_data()

# %% [markdown]
r"""
## A step length for every weight

The valley's real trouble is that one `lr` has to serve two directions. Adam gives each weight its
own: it divides the gradient by the gradient's usual size. That takes two running averages for each
weight, $m$ of the gradient and $v$ of its square:

$$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$

### Exercise: blend

Both are the same operation: keep a share `beta` of the average, and mix in the new sample. With
$\beta_1 = 0.9$ the average looks back over about ten steps, with $\beta_2 = 0.999$ over about a
thousand.
"""

# %% nbgrader={"solution": true, "grade_id": "blend"}
#| exporti
def blend(average: np.ndarray, sample: np.ndarray, beta: float, work: np.ndarray) -> None:
    """average = beta * average + (1 - beta) * sample, in place, without a new array.

    `sample` is only read. `work` is overwritten; it may be `sample` itself.

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
# Check of blend: run it when your cell has run.
@check
def test_unit_blend():
    cases = [([8, 0], [0, 4], 0.75), ([4, 2], [0, 0], 0.5), (5, 3, 0.0), ([1], [11], 0.9),
             ([[1, 2], [3, 4]], [[5, np.inf], [np.nan, 1e8]], 0.5)]
    ### BEGIN HIDDEN TESTS
    cases += [([4, -8], [0, 2], 0.25), ([[1, 0], [0, 3]], [[11, np.nan], [-1e7, 5]], 0.7)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.blend(blend, *case, "change average itself: who gets beta, who the rest?")

test_unit_blend()

# %% [markdown]
r"""
### The first steps

Both averages start at 0, so at first they are too small. After one step $m$ is $(1 - \beta_1) g$,
after $t$ steps of the same gradient $(1 - \beta_1^t) g$. Dividing by that factor makes the start
right, and the correction fades by itself:

$$w \leftarrow w - \frac{\text{lr}}{1 - \beta_1^t} \cdot
\frac{m}{\sqrt{v} \,/ \sqrt{1 - \beta_2^t} + \varepsilon}$$

Without it, Adam's first step would be this many times too long, whatever the gradient:
"""

# %%
print((1 - 0.9) / math.sqrt(1 - 0.999))

# %% [markdown]
r"""
### Exercise: adam_step

As in PyTorch, $\varepsilon$ is added *after* the root and its correction. `state` holds `"step"`
($t$, counted from 1), `"exp_avg"` ($m$) and `"exp_avg_sq"` ($v$). One work array is enough, and
`descend` can do the end.
"""

# %% nbgrader={"solution": true, "grade_id": "adam-step"}
#| exporti
def adam_step(data: np.ndarray, state: dict, lr: float, betas: tuple[float, float], eps: float,
              work: np.ndarray) -> None:
    """Move `data` by Adam's step from the averages in `state`, in place, without a new array.

    `state` is only read. Kingma and Ba, Adam: a method for stochastic optimization (2015),
    algorithm 1, with PyTorch's place for eps.

    >>> state = {"step": 1, "exp_avg": np.array([0.2]), "exp_avg_sq": np.array([0.004])}
    >>> data = np.array([1.0])
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
# Check of adam_step: run it when your cell has run.
@check
def test_unit_adam_step():
    cases = [(1, 0.5, (0.9, 0.99), 0.0), (1, 0.5, (0.9, 0.99), 2.0), (500, 0.25, (0.0, 0.999), 0.1)]
    ### BEGIN HIDDEN TESTS
    cases += [(2, 0.3, (0.8, 0.95), 1e-3), (10, 2.0, (0.99, 0.5), 1e-8), (1, 0.5, (0.2, 0.1), 1.0)]
    ### END HIDDEN TESTS
    for case in cases:
        checks.adam_step(adam_step, *case, "correct both averages, then add eps to the root")

test_unit_adam_step()

# %% [markdown]
r"""
### Exercise: Adam

Weight decay here is that of SGD, part of the gradient. Then count the step, blend both averages,
and move. The second work array can hold the square of the gradient.
"""

# %% nbgrader={"solution": true, "grade_id": "adam"}
#| export
class Adam(Optimizer):
    """Adam, with weight decay in the gradient; formulas and defaults of `torch.optim.Adam`."""

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0, amsgrad: bool = False, *,
                 maximize: bool = False):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay,
                         amsgrad=amsgrad, maximize=maximize)

    def advance(self, *given: Any) -> None: advance_adam(self.update, adam_step, *given)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict,
               work: tuple[np.ndarray, np.ndarray]) -> None:
        """One step for one parameter, see `Optimizer.update`. The options are in `group`."""
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
# Check of Adam: run it when your cell has run.
@check
def test_unit_adam():
    cases = [
        ({"lr": 0.1}, [1.9, 1.8034818, 1.7479897, 1.693295]),
        ({"lr": 0.1, "betas": (0.5, 0.9)}, [1.9, 1.7962167, 1.7682204, 1.7342401]),
        ({"lr": 0.1, "eps": 0.5}, [1.95, 1.890872, 1.8591292, 1.8295883]),
        ({"lr": 0.1, "weight_decay": 0.3}, [1.9, 1.8006103, 1.7164317, 1.6315839]),
    ]
    ### BEGIN HIDDEN TESTS
    mixed = {"betas": (0.3, 0.9), "eps": 0.01, "weight_decay": 0.2}
    cases += [({"lr": 0.1, "betas": (0.6, 0.8)}, [1.9, 1.8004894, 1.7631571, 1.7220821]),
              ({"lr": 0.05, **mixed}, [1.9505495, 1.8970523, 1.8752193, 1.8445626])]
    ### END HIDDEN TESTS
    for options, wanted in cases:
        checks.path(Adam, Tensor, options, wanted)
    checks.path(Adam, Tensor, {"lr": 0.1}, [1.9, 1.8329941, 1.7811984], gradients=(1.0, 0.0, 0.0))
    checks.step(Adam, Tensor), checks.passes_on(Adam, Tensor)

test_unit_adam()

# %% nbgrader={"grade": true, "grade_id": "test-adam-groups", "points": 3}
# Check of Adam: run it when your cell has run.
@check
def test_unit_adam_groups(lr):
    for second in [{"lr": lr}, {"betas": (0.5, 0.9)}, {"eps": 0.5}, {"weight_decay": 5.0}]:
        checks.apart(Adam, Tensor, {"lr": lr / 2}, {"lr": lr / 2, **second})

test_unit_adam_groups(0.5)
### BEGIN HIDDEN TESTS
test_unit_adam_groups(0.125)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Decay beside the gradient

Adam divides everything in its gradient by the gradient's usual size, the decay too. What does that
do to the decay? Take two weights of 1 whose gradients are pure noise, one a hundred times as strong
as the other. Nothing but the decay has a direction.
"""

# %%
def noisy_walk(kind):
    weight, rng = Tensor([1.0, 1.0]), np.random.default_rng(0)
    optimizer = kind([weight], lr=0.001, weight_decay=0.1)
    for _ in range(5000):
        weight.grad = Tensor(rng.choice([-1.0, 1.0], size=2) * [0.05, 5.0])
        optimizer.step()
    return weight.data

print("Adam: small gradients, large gradients:", noisy_walk(Adam))

# %% [markdown]
r"""
The two weights have the same decay of 0.1. It took the one with the small gradients all the way to
0, and hardly touched the other. AdamW takes the decay out of the gradient and applies it to the
weight itself before Adam's step, as $w \leftarrow w - \text{lr} \cdot \lambda \cdot w$. Now every
weight shrinks by the same share.

### Exercise: AdamW

`super().update(...)` is Adam's update; give it a group whose decay is 0. The group that you were
given belongs to the optimizer: leave it as it is.
"""

# %% nbgrader={"solution": true, "grade_id": "adamw"}
#| export
class AdamW(Adam):
    """Adam with weight decay applied to the weights directly, as in `torch.optim.AdamW`.

    Loshchilov and Hutter, Decoupled weight decay regularization (2019).
    """

    def __init__(self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *,
                 maximize: bool = False):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(self, data: np.ndarray, gradient: np.ndarray, state: dict, group: dict,
               work: tuple[np.ndarray, np.ndarray]) -> None:
        """One step for one parameter, see `Optimizer.update`. The options are in `group`."""
        ### BEGIN SOLUTION
        data *= 1 - float(group["lr"]) * group["weight_decay"]
        super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-adamw", "points": 5}
# Check of AdamW: run it when your cell has run.
@check
def test_unit_adamw():
    cases = [
        ({"lr": 0.1}, [1.898, 1.7995838, 1.7422921, 1.6858551]),
        ({"lr": 0.1, "weight_decay": 0.5}, [1.8, 1.6134818, 1.4773156, 1.3487551]),
        ({"lr": 0.02, "betas": (0.7, 0.95), "eps": 0.001, "weight_decay": 2.0},
         [1.9000399, 1.8041263, 1.7231314, 1.6453322]),
    ]
    ### BEGIN HIDDEN TESTS
    mixed = {"betas": (0.3, 0.9), "eps": 0.01, "weight_decay": 0.2}
    cases += [({"lr": 0.1, "weight_decay": 0.7}, [1.76, 1.5402819, 1.3769702, 1.2258877]),
              ({"lr": 0.05, **mixed}, [1.9309804, 1.8572633, 1.8362868, 1.8049117])]
    ### END HIDDEN TESTS
    for options, wanted in cases:
        checks.path(AdamW, Tensor, options, wanted)
    checks.path(AdamW, Tensor, {"lr": 0.1, "weight_decay": 0.5}, [1.9, 1.805], gradients=(0.0, 0.0))
    for second in [{"lr": 0.5}, {"betas": (0.5, 0.9)}, {"eps": 0.5}, {"weight_decay": 2.0}]:
        checks.apart(AdamW, Tensor, {"lr": 0.1}, {"lr": 0.1, **second})
    checks.step(AdamW, Tensor), checks.passes_on(AdamW, Tensor)

test_unit_adamw()

# %%
print("AdamW: small gradients, large gradients:", noisy_walk(AdamW))
print("the decay alone:", (1 - 0.001 * 0.1) ** 5000)

# %% [markdown]
r"""
Both weights still tremble with their noise, around the place where the decay took them.

## Down the valley

Now the three optimizers in the valley of the beginning.
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

# %%
walks = {
    "SGD, lr 0.07": walk(lambda p: SGD(p, lr=0.07)),
    "momentum 0.5, lr 0.07": walk(lambda p: SGD(p, lr=0.07, momentum=0.5)),
    "Adam, lr 0.4": walk(lambda p: Adam(p, lr=0.4, betas=(0.7, 0.99))),
}
for name, points in walks.items():
    print(f"{name:21}  y:", *(f"{y:5.2f}" for y in points[:8, 1]))

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
Plain descent jumps from wall to wall, a quarter less far each time, and is slow along the floor.
With momentum the swings die out somewhat sooner, while the steps along the floor, which agree, add
up. Adam's first step is equally long in both directions, because it divides each gradient by its
own size. (Its averages have shorter memories than usual here, for so short a walk.)

## Digits, by hand

A small network on the handwritten digits, with the loop written out: forward, loss, forget the old
gradients, backward, step. Lesson 07 makes an object of these five lines. Each optimizer gets the
same network, the same five walks over 1,000 images, and eight rates to try.

The best rate is chosen by its results. The images behind these results have taken part in the
choice, and no longer tell how well the network does on new ones. That takes a third part of the
data: the *validation* images choose, and the *test* images are used for the chosen rate alone.
"""

# %%
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.tensor import no_grad
from tinytorch.support.data import load_digits

images, labels = load_digits()
order = np.random.default_rng(0).permutation(len(labels))
images, labels = images[order], labels[order]
validation, test = slice(1000, 1400), slice(1400, None)

# %%
def train(make, epochs=5, batch=50):
    """The accuracy, on validation and on test images, of a network trained on the first 1,000."""
    manual_seed(0)
    model, loss_fn = Sequential(Linear(64, 32), GELU(), Linear(32, 10)), CrossEntropyLoss()
    optimizer = make(model.parameters())
    for start in [*range(0, 1000, batch)] * epochs:
        rows = slice(start, start + batch)
        loss = loss_fn(model(Tensor(images[rows])), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with no_grad():
        right = model(Tensor(images)).numpy().argmax(axis=1) == labels
    return np.mean(right[validation]), np.mean(right[test])

# %%
rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
kinds = {"SGD": SGD, "SGD momentum 0.9": lambda p, lr: SGD(p, lr, momentum=0.9), "AdamW": AdamW}
print("lr              ", *(f"{lr:6}" for lr in rates))
for name, make in kinds.items():
    scores, tested = zip(*(train(lambda params: make(params, lr)) for lr in rates))
    best, good = int(np.argmax(scores)), sum(score > 0.85 for score in scores)
    print(f"{name:16}", *(f"{score:6.1%}" for score in scores))
    print(f"  best rate {rates[best]}: test accuracy {tested[best]:.1%}; {good} rates above 85 %")
    plt.semilogx(rates, scores, ".-", label=name)
plt.gca().set(xlabel="lr", ylabel="validation accuracy")
plt.legend()
plt.show()

# %% [markdown]
r"""
At its own best rate each of the three does about as well. They differ in how closely that rate has
to be hit: of the eight, plain descent has the fewest above 85 % and AdamW the most. One small
network proves no rule, but this is the usual reason to try AdamW first on a network that is new.

## Stop and go on

A training run that was interrupted should go on as if nothing had happened. The weights alone are
not enough: an optimizer without its velocities and averages starts anew. Here a run of ten steps is
interrupted in the middle, once with each optimizer, and goes on with what was saved.
"""

# %% nbgrader={"grade": true, "grade_id": "test-resume", "points": 4}
# Check of SGD, Adam and AdamW: run it when their cells have run.
@check
def test_resume(start, seed, stop):
    kinds = {"SGD": lambda p: SGD(p, 0.1, 0.9, nesterov=True), "Adam": Adam, "AdamW": AdamW}
    for name, make in kinds.items():
        off = checks.resumed(name, make, Tensor, start, seed, stop)
        print(f"{name} with its state: the same to the last bit; without: off by {off:.2g}")

test_resume([1.0, 2.0, 3.0, 4.0], seed=3, stop=5)
### BEGIN HIDDEN TESTS
test_resume([-7.0, 0.5, 0.0, 0.125], seed=4, stop=3)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. What is the largest `lr`, to two decimal places, at which plain descent in the valley does not
   climb its walls? (`largest_lr`)
2. With momentum 0.9 and the same gradient at every step, how many times the plain step does a step
   become in the end? (`final_factor`)
3. A 64-128-10 network (two Linear layers with bias) is trained with Adam, all in float32. How many
   bytes of state does the optimizer keep in its two averages? (`adam_bytes`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-optimizers"}
### BEGIN SOLUTION
largest_lr = 2 / 25
final_factor = 1 / (1 - 0.9)
adam_bytes = 2 * 4 * (64 * 128 + 128 + 128 * 10 + 10)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-optimizers", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_optimizers():
    around = (largest_lr - 0.005, largest_lr + 0.005)
    lower, higher = (abs(walk(lambda p: SGD(p, lr=lr), 100)[-1, 1]) for lr in around)
    assert lower < 1 < higher, (
        f"largest_lr is {largest_lr}: y went from 1 to {lower:.2g} just below that rate, to "
        f"{higher:.2g} just above, and only above should it grow")
    far, end = checks.trace(SGD, Tensor, {"lr": 1.0, "momentum": 0.9}, [1.0] * 200)[-2:]
    assert abs(final_factor - (far - end)) < 0.01, (
        f"final_factor is {final_factor}: when does v = 0.9 v + g stop changing?")
    optimizer = Adam(Sequential(Linear(64, 128), Linear(128, 10)).parameters())
    for p in optimizer.param_groups[0]["params"]:
        p.grad = Tensor(np.zeros(p.shape, np.float32))
    optimizer.step()
    wanted = sum(s["exp_avg"].nbytes + s["exp_avg_sq"].nbytes for s in optimizer.state.values())
    assert adam_bytes == wanted, (
        f"adam_bytes is {adam_bytes}: count the weights and biases, then the bytes for each")

test_question_optimizers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-optimizers", "points": 2}
r"""
**In your own words:** multiply a loss by 1000. Which of plain SGD, SGD with momentum and Adam will
take other steps than before, and why not the remaining one?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Three optimizers that follow PyTorch's to within rounding, make no new arrays after their first
step, and resume to the last bit. `tito module complete 06` puts them into
`tinytorch.core.optimizers`. Lesson 07 writes the loop around them once and for all.
"""
