"""What the checks of the lesson on optimizers share: each asks one of the learner's functions or classes about a case.

Arrays are float32 where nothing else is said. `idea` is what the sentence of a failed comparison ends with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinytorch.support.checks import (
    close,
    equal,
    explained,
    makes_no_array,
    raises,
    typed,
    unchanged,
)

GRADIENTS = (0.5, 1.0, -0.3, 0.2)
MANY = 10_000


REAL = (np.float32, np.float64)


def arrays(dtype: type, *numbers: ArrayLike) -> list[np.ndarray]:
    """New arrays of a type, column by column in memory: a flat view of one is a copy."""
    return [np.array(each, dtype, order="F") for each in numbers]


def descend(function: Callable, before: ArrayLike, step: ArrayLike, lr: float, idea: str) -> None:
    """`descend(data, direction, lr, work)` changes data in its own type, also where the direction is the work array."""
    for dtype in REAL:
        asked = f"descend({before}, {step}, {lr!r}, work) in {dtype.__name__}"
        data, again, direction = arrays(dtype, before, before, step)
        wanted = data - dtype(lr) * direction
        with unchanged(asked, "only data and work may be written", direction=direction):
            with explained(asked, "an array may have no axes"):
                function(data, direction, lr, np.empty_like(data))
        close(asked, data, wanted, idea, rtol=0)
        function(again, direction, lr, direction)
        close(f"{asked} with the direction as work array", again, wanted, "what is overwritten too early?", rtol=0)


def gradient(function: Callable, tensor: Callable, numbers: ArrayLike, own: str, other: str, idea: str) -> None:
    """`gradient_for` gives the numbers of a gradient in the parameter's own type, and no copy where the types agree."""
    asked = f"gradient_for a {own} parameter with the {other} gradient {numbers}"
    p = tensor(np.ones(np.shape(numbers)), dtype=own)
    p.grad = kept = tensor(numbers, dtype=other)
    got = function(p)
    assert p.grad is kept and kept.data.flags.writeable, f"{asked} changed p.grad: what lies there is only read"
    assert isinstance(got, np.ndarray), f"{asked} gave a {type(got).__name__}, wanted an array: {idea}"
    close(asked, got, numbers, idea, rtol=0)
    typed(asked, got, own, idea)
    shared = own != other or np.shares_memory(got, p.grad.data)
    assert shared, f"{asked} made a copy: the types agree, so there is nothing to convert"


def refused(function: Callable, tensor: Callable, own: tuple[int, ...], other: tuple[int, ...], idea: str) -> None:
    """`gradient_for` refuses a gradient of another shape."""
    p = tensor(np.zeros(own, np.float32))
    p.grad = tensor(np.zeros(other, np.float32))
    asked = f"a gradient of shape {other} for a parameter of shape {own}"
    raises(asked, lambda: function(p), ValueError, str(own), str(other), idea=idea)


def decay(function: Callable, gradient: ArrayLike, data: ArrayLike, decay: float, idea: str) -> None:
    """`with_decay(gradient, data, decay, out)` writes the sum into out, or hands the gradient on where decay is 0."""
    for dtype, rtol in zip(REAL, (1e-5, 1e-12), strict=True):
        asked = f"with_decay({gradient}, {data}, {decay}, out) in {dtype.__name__}"
        g, weights, out = arrays(dtype, gradient, data, data)
        wanted = g + dtype(decay) * weights
        with unchanged(asked, "write into out", gradient=g, data=weights):
            got = function(g, weights, decay, out)
        close(asked, got, wanted, idea, rtol=rtol)
        assert got is out, f"{asked}: the result should be in `out`, and `out` should be returned"
        typed(asked, got, dtype)
    got = function(g, weights, 0.0, out)
    assert got is g, f"with_decay with a decay of 0 gave {got!r:.40}, another array: wanted the gradient itself"
    many, out = np.ones((2, MANY), np.float32)
    makes_no_array("with_decay", lambda: function(many, many, decay, out), "write every result into out")


def momentum(function: Callable, gradients: Sequence[ArrayLike], momentum: float, nesterov: bool, idea: str) -> None:
    """`with_momentum` gives the direction for each gradient in turn, and keeps the velocity in one array of its own;
    with momentum 0 the direction is the gradient, and nothing is remembered.
    """
    state: dict[str, Any] = {}
    g = np.ones(3)
    for look_ahead in (False, True):
        still = function(g, state, 0.0, look_ahead, np.empty(3)) is g and not state
        assert still, "with_momentum with momentum 0: wanted the gradient itself, with nothing remembered in state"
    later: dict[str, Any] = {"momentum_buffer": np.ones(3)}
    function(g, later, 0.0, nesterov, np.empty(3))
    equal(
        "with_momentum with momentum 0: what is in a state of one velocity", list(later), ["momentum_buffer"], "stays"
    )
    velocity: Any = 0.0
    out = np.empty(np.shape(gradients[0]))
    for step, g in enumerate(arrays(np.float64, *gradients), start=1):
        asked = f"step {step} of momentum {momentum}, nesterov={nesterov}, gradients {gradients}"
        velocity, before = momentum * velocity + g, state.get("momentum_buffer")
        with unchanged(asked, "write into out or into the velocity", gradient=g):
            got = function(g, state, momentum, nesterov, out)
        close(f"{asked}: the direction", got, g + momentum * velocity if nesterov else velocity, idea)
        assert "momentum_buffer" in state, f"{asked} left {list(state)} in state, wanted the momentum_buffer"
        buffer = state["momentum_buffer"]
        close(f"{asked}: the velocity in state", buffer, velocity, "is it the running sum of the formula?", rtol=1e-12)
        assert not np.shares_memory(buffer, g), f"{asked}: the velocity is the gradient's own array, wanted a copy"
        assert before is None or buffer is before, f"{asked} made a new velocity: change the one in state in place"
        where = "the array out" if nesterov else "the velocity itself"
        assert got is (out if nesterov else buffer), f"{asked} returned a copy, wanted {where}"
    many, out = np.ones((2, MANY), np.float32)
    later = {}
    call = partial(function, many, later, momentum, nesterov, out)
    call()
    what = "with_momentum of a float32 gradient: the velocity"
    typed(what, later["momentum_buffer"], np.float32, "it starts as a copy")
    makes_no_array("with_momentum after the first step", call, "write into out or into the velocity")


def blend(function: Callable, average: ArrayLike, sample: ArrayLike, beta: float, idea: str) -> None:
    """`blend(average, sample, beta, work)` changes the average, also where the sample is the work array."""
    for dtype, rtol in zip(REAL, (1e-5, 1e-12), strict=True):
        asked = f"blend({average}, {sample}, {beta}, work) in {dtype.__name__}"
        first, second, new = arrays(dtype, average, average, sample)
        wanted = beta * first + (1 - beta) * new
        with unchanged(asked, "only average and work may be written", sample=new):
            with explained(asked, "an array may have no axes"):
                function(first, new, beta, np.empty_like(new))
        close(asked, first, wanted, idea, rtol=rtol)
        function(second, new, beta, new)
        close(f"{asked} with the sample as work array", second, wanted, "what is overwritten too early?", rtol=rtol)
    many, other, work = np.ones((3, MANY), np.float32)
    makes_no_array("blend", lambda: function(many, other, beta, work), "write every product into one that is there")


def adam_step(function: Callable, t: int, lr: float, betas: tuple[float, float], eps: float, idea: str) -> None:
    """`adam_step` moves weights by given averages, which it reads alone; nan and what is divided by 0 show."""
    mean, square, data = arrays(np.float64, [[0.2, -0.1, 9.0], [0, np.nan, 1]], [[0.04, 0.01, 0.09], [0, 0.01, 0]],
                                [[1, 3, 5], [7, 9, 11]])  # fmt: skip
    given = f"exp_avg {mean.tolist()}, exp_avg_sq {square.tolist()}"
    asked = f"adam_step of {data.tolist()} at t={t}, lr={lr}, betas={betas}, eps={eps} with {given}"
    state, read = {"step": t, "exp_avg": mean, "exp_avg_sq": square}, "the state is only read here"
    with np.errstate(all="ignore"):
        corrected = mean / (1 - betas[0] ** t), square / (1 - betas[1] ** t)
        wanted = data - lr * corrected[0] / (np.sqrt(corrected[1]) + eps)
        with unchanged(asked, read, exp_avg=mean, exp_avg_sq=square):
            function(data, state, lr, betas, eps, np.empty_like(data))
    close(asked, data, wanted, idea, rtol=1e-9)
    equal(f"{asked}: the names in state", list(state), ["step", "exp_avg", "exp_avg_sq"], read)
    equal(f"{asked}: the step in state", state["step"], t, read)
    first, second, many, work = np.ones((4, MANY), np.float32)
    state = {"step": t, "exp_avg": first, "exp_avg_sq": second}
    makes_no_array("adam_step", lambda: function(many, state, lr, betas, eps, work), "write every result into work")


def trace(
    kind: Callable, tensor: Callable, options: dict[str, Any], gradients: Sequence[float] = GRADIENTS
) -> list[float]:
    """Where a weight of 2, the last of two, is after each step with these gradients."""
    p = tensor([2.0, 2.0])
    optimizer = kind([p], **options)
    return [steps(p, optimizer, [[g, g]])[-1].item() for g in gradients]


def path(
    kind: Callable,
    tensor: Callable,
    options: dict[str, Any],
    wanted: list[float],
    gradients: Sequence[float] = GRADIENTS,
) -> None:
    """A weight of 2 goes the way that PyTorch's optimizer of the same name takes it."""
    asked = f"a weight of 2 with {kind.__name__}({options}) and the gradients {list(gradients)}"
    with explained(asked, "the options are in group, and what is in the state by then?"):
        got = trace(kind, tensor, options, gradients)
    close(asked, got, wanted, "that is where PyTorch's goes", atol=2e-6)


def apart(kind: Callable, tensor: Callable, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Two weights in one optimizer, each in a group with options and gradients of its own, go as each does alone."""
    choices = [(first, GRADIENTS), (second, [-2 * g for g in GRADIENTS])]
    weights = [tensor([2.0]), tensor([2.0])]
    optimizer = kind([{"params": p, **own} for p, (own, _) in zip(weights, choices, strict=True)])
    for pair in zip(*(gradients for _, gradients in choices), strict=True):
        for p, g in zip(weights, pair, strict=True):
            p.grad = tensor([g])
        with explained(f"a step of {kind.__name__} with two weights", "what is in the state by then?"):
            optimizer.step()
    for p, (own, gradients) in zip(weights, choices, strict=True):
        asked = f"{kind.__name__} with two weights in groups of {first} and {second}: the weight with {own}"
        wanted = trace(kind, tensor, own, gradients)[-1]
        close(asked, p.data.item(), wanted, "does it go as it does alone? whose options, and whose state, were used?")


def step(kind: Callable, tensor: Callable, **options: Any) -> None:
    """A step, with and without weight decay, leaves the gradient as it is, changes the weights in the array they are
    in, and makes no array.
    """
    for decay in (0.1, 0.0):
        p = tensor(np.ones(MANY, np.float32))
        p.grad = tensor(np.linspace(-1, 1, MANY, dtype=np.float32))
        array, optimizer = p.data, kind([p], weight_decay=decay, **options)
        asked = f"a step of {kind.__name__} with {dict(options, weight_decay=decay)}"
        with unchanged(asked, "a gradient is only read", gradient=p.grad.data):
            optimizer.step()
        assert p.data is array, f"{asked} put another array into the parameter: change the one that is there"
        makes_no_array(asked, optimizer.step, "write every result into an array that is there already")


def passes_on(kind: Callable, tensor: Callable, **options: Any) -> None:
    """A gradient that is not finite makes such a weight, as in PyTorch, and no other; the group is only read."""
    p, name = tensor([2.0, 2.0, 2.0]), kind.__name__
    optimizer = kind([p], lr=0.1, **options)
    steps(p, optimizer, [[1.0, np.nan, np.inf]])
    lost = np.isfinite(p.data).tolist()
    equal(f"a step of {name} with the gradients 1, nan and inf: which weights are finite", lost, [True, False, False],
          "a run that is broken should show it")  # fmt: skip
    data, group = np.ones(4, np.float32), MappingProxyType(optimizer.param_groups[0])
    work = np.empty_like(data), np.empty_like(data)
    with explained(f"update of {name} with a group that can only be read", "leave the group as it is"):
        optimizer.update(data, np.ones_like(data), {}, group, work)


def single(kind: Callable, tensor: Callable, start: float, gradient: float, lr: float) -> None:
    """A parameter without axes moves, one without a gradient stays, and a changed rate holds from the next step on."""
    p, frozen = tensor(np.float32(start)), tensor([1.0])
    array, optimizer = p.data, kind([p, frozen], lr=lr)
    p.grad = tensor(gradient)
    asked = f"{kind.__name__} with lr {lr} on a parameter without axes, {start}, with the gradient {gradient}"
    with unchanged(asked, "a gradient is only read", gradient=p.grad.data):
        with explained(asked, "the options are in group"):
            optimizer.step()
    assert p.data is array, f"{asked} put another array into the parameter: change the one that is there"
    close(asked, p.data, start - lr * gradient, "its array has no axes, and can be changed in place all the same")
    equal("a parameter whose gradient is None", frozen.item(), 1.0, "it should stay as it is")
    p.data = np.float32(3.0) * np.float32(1.0)  # what arithmetic on arrays without axes leaves: a number
    optimizer.param_groups[0]["lr"] = 2.0
    optimizer.step()
    close(f"{asked}, now at 3 with lr changed to 2", p.data, 3 - 2 * gradient, "read the options from `group`")
    wide = tensor([1.0], dtype="float64")
    moved = steps(wide, kind([wide], lr=0.1), [[1.0]])
    close(
        f"{kind.__name__} with lr 0.1 on 1 with the gradient 1 in float64", moved, [0.9], "in its own type", rtol=1e-12
    )


def resumed(name: str, make: Callable, tensor: Callable, start: ArrayLike, seed: int, stop: int) -> float:
    """Ten steps, interrupted after `stop`, go on with the saved state to the last bit; returns how far off they would
    be without it.
    """
    gradients = np.random.default_rng(seed).normal(size=(10, np.size(start))).astype(np.float32)
    whole, first = tensor(start), tensor(start)
    wanted, optimizer = steps(whole, make([whole]), gradients), make([first])
    weights = steps(first, optimizer, gradients[:stop])
    later, afresh = tensor(weights), tensor(weights)
    resumed = make([later])
    resumed.load_state_dict(optimizer.state_dict())
    what = f"ten steps of {name}, interrupted after {stop}, with the state saved and loaded"
    close(what, steps(later, resumed, gradients[stop:]), wanted, "is all that it remembers in `state`?", rtol=0)
    return float(np.abs(steps(afresh, make([afresh]), gradients[stop:]) - wanted).max())


def steps(p: Any, optimizer: Any, gradients: Iterable[ArrayLike]) -> np.ndarray:
    """The numbers of the parameter `p` after a step with each of the gradients."""
    for g in gradients:
        p.grad = type(p)(g)
        optimizer.step()
    return p.data
