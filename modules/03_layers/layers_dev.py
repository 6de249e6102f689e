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
# Lesson 03: Layers

> Layers: a base class that finds its own parameters, Linear, Dropout, LayerNorm and Sequential, one source of
chance.

A layer is a function with memory: numbers that training will change, kept together with the code that uses them. In
this lesson you build the base class that knows which numbers those are, the layers that most networks are made of,
and a way to save what a network has learned.

You will build:

- `Module`, which finds its parameters wherever they lie: in attributes, lists, dicts and other modules;
- one generator from which everything random in the library is drawn;
- `Linear`, `Dropout` and `LayerNorm`;
- `Sequential`, which chains them, and the loading of saved parameters.
"""

# %%
#| default_exp core.layers

# %%
#| export
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tinytorch.core.tensor import Primitive, Tensor, apply, as_array, floating, in_float32, wrap

# %% [markdown]
r"""
## A network by hand

Three matrix products with a bend between them, and a list of what has to be trained. The second layer was added
later.
"""

# %%
from tinytorch.core.activations import relu

rng = np.random.default_rng(0)
w1, b1 = Tensor(rng.normal(size=(64, 32))), Tensor(np.zeros(32))
w2, b2 = Tensor(rng.normal(size=(32, 32))), Tensor(np.zeros(32))
w3, b3 = Tensor(rng.normal(size=(32, 10))), Tensor(np.zeros(10))

def by_hand(x):
    return relu(relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3

# %%
to_train = [w1, b1, w3, b3]
in_use = [w1, b1, w2, b2, w3, b3]
print("output", by_hand(Tensor(rng.normal(size=(5, 64)))).shape)
print(f"{sum(p.size for p in in_use)} numbers in use, {sum(p.size for p in to_train)} of them in the list")

# %% [markdown]
r"""
Nothing fails. The network runs, the loss will even fall, and almost a third of the numbers never change. A list
that has to be kept in step by hand will one day be out of step. So no such list is written: a layer is an object,
its parameters are its attributes, and whoever needs them looks there.

## Module

The base class is given, and all its methods rest on one function that you will write: `walk`, which visits
everything that a module holds. Some decisions are worth a look:

- A parameter is a Tensor that nobody computed (a *leaf*: it has no `_node`). A frozen one, which requires no
  gradient, is a parameter too: it must be saved with the others. State that is not learned is kept as a NumPy
  array.
- There is no `__init__`, and `training` belongs to the class until `train` or `eval` sets it. So a subclass that
  forgets `super().__init__()` loses nothing.
- `state_dict` copies. A saved state does not change when the training goes on.
"""

# %%
#| export
class Parameters:
    """The part of a Module that finds what it holds."""

    def modules(self) -> list["Module"]:
        """This module and all modules in it, each once."""
        return [part for _, part in walk(self) if isinstance(part, Module)]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Every parameter once, with its dotted name, such as `layers.0.weight`."""
        return [(name, part) for name, part in walk(self) if isinstance(part, Tensor) and part._node is None]

    def parameters(self) -> list[Tensor]:
        """Every parameter once, in the order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            parameter.grad = None

# %%
#| export
class State:
    """The part of a Module that saves and loads."""

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters' numbers, by name."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give each parameter a copy of its saved numbers, in its own type.

        Raises ValueError, and changes nothing, where names or shapes do not agree.
        """
        load_arrays(dict(self.named_parameters()), state)

# %%
#| export
class Module(Parameters, State):
    """Something with parameters or a mode: a layer, or a network of layers. Subclasses define `forward`.

    Every leaf Tensor among its attributes, in lists, tuples and dicts of them, and in the modules found there, is a
    parameter.
    """

    training = True

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method forward: it says what the layer computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def train(self, mode: bool = True) -> "Module":
        """Set the mode of this module and of all modules in it; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Leave training mode: from now on dropout drops nothing."""
        return self.train(False)

# %% [markdown]
r"""
### Exercise: parts

One step of the walk. What has parts is a module (its attributes: `vars(module)` is a dict of them), a dict, a list
and a tuple. Everything else, a tensor, a number, a function, has none.
"""

# %% nbgrader={"solution": true, "grade_id": "parts"}
#| export
def parts(owner: Any) -> list[tuple[str, Any]]:
    """The parts of a module or of a container, in order, each with its name: attribute, key or index, as a string.

    >>> parts(["a", "b"]), parts({7: "c"}), parts("de")
    ([('0', 'a'), ('1', 'b')], [('7', 'c')], [])
    """
    ### BEGIN SOLUTION
    if isinstance(owner, (list, tuple)):
        named = enumerate(owner)
    elif isinstance(owner, dict):
        named = owner.items()
    else:
        named = vars(owner).items() if isinstance(owner, Module) else ()
    return [(str(name), part) for name, part in named]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-parts", "points": 4}
def check_parts(owner, wanted):
    try:
        got = list(parts(owner))
    except TypeError as error:
        raise AssertionError(f"parts of a {type(owner).__name__} failed: {error}; not everything has parts") from error
    same = [name for name, _ in got] == list(wanted) and all(wanted[name] is part for name, part in got)
    assert same, (
        f"parts of a {type(owner).__name__} gave {got}, wanted {list(wanted.items())}: names are strings, and only "
        "modules, lists, tuples and dicts have parts")

def test_unit_parts():
    module, inner, numbers = Module(), Module(), np.zeros(2)
    module.weight, module.blocks, module.size = Tensor([1.0]), [inner], 3
    for owner, wanted in [
        (module, {"weight": module.weight, "blocks": module.blocks, "size": 3}), ([inner, 5], {"0": inner, "1": 5}),
        ((inner,), {"0": inner}), ({"up": inner, 2: numbers}, {"up": inner, "2": numbers}), (inner, {}),
        ("text", {}), (module.weight, {}), (3, {}), (None, {}), (relu, {}),
    ]:
        check_parts(owner, wanted)
    ### BEGIN HIDDEN TESTS
    inner.down = {"x": module, 4.5: "y"}
    for owner, wanted in [
        (inner, {"down": inner.down}), (inner.down, {"x": module, "4.5": "y"}), ((1, inner), {"0": 1, "1": inner}),
        ([], {}), (b"ab", {}), (Module, {}), (numbers, {}), ({1, 2}, {}), (range(3), {}),
    ]:
        check_parts(owner, wanted)
    ### END HIDDEN TESTS

test_unit_parts()

# %% [markdown]
r"""
### Exercise: walk

Visit the owner, then its parts, their parts, and so on. Two things can be met twice. Two layers may share one
weight, which is still one parameter: counted twice it would also be updated twice. And a part may point back to its
owner; a walk that does not remember where it has been never returns from there. `id(part)` tells objects apart also
where `==` would compare their contents.
"""

# %% nbgrader={"solution": true, "grade_id": "walk"}
#| export
def walk(owner: Any) -> list[tuple[str, Any]]:
    """`owner` (named "") and everything in it, each object once, with dotted names; a part comes right after its owner.

    >>> walk({"a": ["x", "y"], "b": "x"})
    [('', {'a': ['x', 'y'], 'b': 'x'}), ('a', ['x', 'y']), ('a.0', 'x'), ('a.1', 'y')]
    """
    ### BEGIN SOLUTION
    found, seen, waiting = [], set(), [("", owner)]
    while waiting:
        name, part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            found.append((name, part))
            prefix = f"{name}." if name else ""
            waiting += [(prefix + key, inner) for key, inner in reversed(parts(part))]
    return found
    ### END SOLUTION

# %%
def tangled():
    """A net with a weight used twice, a block that points to its owner, a list, a dict, a tuple and other things."""
    net, block, shared = Module(), Module(), Tensor([1.0, 2.0])
    block.weight, block.owner, block.seen = Tensor([[3.0]]), net, np.zeros(4)
    net.first, net.blocks = shared, [relu, block, {"scale": Tensor(2.0), "again": shared}]
    net.last, net.computed = (Tensor([5.0], requires_grad=True), "text"), Tensor([1.0], requires_grad=True) * 2
    return net, block

# %% nbgrader={"grade": true, "grade_id": "test-walk", "points": 5}
def check_walk(owner, wanted, idea):
    try:
        got = [name for name, _ in walk(owner)]
    except RecursionError as error:
        raise AssertionError(f"the walk to {wanted} does not come back: remember what was visited") from error
    assert got == wanted, f"the names met were {got}, wanted {wanted}: {idea}"

def test_unit_walk():
    wanted, shared = ["", "a", "a.0", "a.1", "b", "b.0"], np.ones(2)
    check_walk({"a": ["x", "y"], "b": ("z",)}, wanted, "a part comes right after its owner")
    check_walk([shared, {"again": shared}, np.ones(2)], ["", "0", "1", "2"], "each object is met once")
    net, _ = tangled()
    got = [name for name, _ in net.named_parameters()]
    assert "blocks.2.again" not in got, f"{got}: a weight used twice is one parameter, so remember what was visited"
    wanted = ["first", "blocks.1.weight", "blocks.2.scale", "last.0"]
    assert got == wanted, f"the parameters are called {got}, wanted {wanted}, in the order of definition"
    assert net.parameters()[0] is net.first, "the parameters must be the tensors themselves"
    ### BEGIN HIDDEN TESTS
    ring = [["u"], {"v": ("w", "u")}]
    ring[1]["ring"] = ring
    check_walk(ring, ["", "0", "0.0", "1", "1.v", "1.v.0"], "a part that points back to its owner is not walked again")
    check_walk(("p", [["q", "r"], "s"], "t"), ["", "0", "1", "1.0", "1.0.0", "1.0.1", "1.1", "2"], "depth first")
    ### END HIDDEN TESTS

test_unit_walk()

# %% nbgrader={"grade": true, "grade_id": "test-modes", "points": 3}
def test_unit_modes():
    net, block = tangled()
    names = [name for name, part in walk(net) if isinstance(part, Module)]
    assert names == ["", "blocks.1"], f"the modules found are {names}, wanted '' (the net itself) and 'blocks.1'"
    assert net.eval() is net and not block.training, "eval() must reach a module in a list"
    assert block.train().training and net.training, "the block points to its owner, so train() reaches that too"
    assert Module().training, "the mode of one module must not change another's"
    ### BEGIN HIDDEN TESTS
    outer, inner = Module(), Module()
    outer.stages = {"a": (inner, [net])}
    outer.eval()
    reached = not (outer.training or inner.training or block.training)
    assert reached, "eval() must reach a module in a list in a tuple in a dict"
    ### END HIDDEN TESTS

test_unit_modes()

# %% [markdown]
r"""
## One source of chance

Weights start at random, dropout drops at random, batches are shuffled. If each of these made its own generator, no
run could ever be repeated. So there is one, and a seed starts it again.

### Exercise: manual_seed

Somebody may have asked for `generator()` before the seed was set and still hold it. So do not make a new generator:
give the old one a new state. `generator.bit_generator.state` can be read and assigned, and
`np.random.default_rng(seed)` makes the state that you want.
"""

# %% nbgrader={"solution": true, "grade_id": "manual-seed"}
#| export
_generator = np.random.default_rng()


def generator() -> np.random.Generator:
    """The one generator from which initialisation, dropout and shuffling draw."""
    return _generator


def manual_seed(seed: int) -> None:
    """Start the one generator from `seed`, a whole number of at least 0: what follows can be repeated.

    >>> manual_seed(5); first = generator().random()
    >>> manual_seed(5); first == generator().random()
    True
    """
    ### BEGIN SOLUTION
    _generator.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-manual-seed", "points": 3}
def test_unit_manual_seed(seeds, one, other):
    held = generator()
    for seed in seeds:
        manual_seed(seed)
        first = generator().normal(size=4)
        generator().permutation(9)
        manual_seed(seed)
        assert np.array_equal(first, generator().normal(size=4)), f"after manual_seed({seed}) twice the numbers differ"
    assert held is generator(), "manual_seed made another generator: those who hold the old one never hear of the seed"
    manual_seed(one)
    drawn = generator().random()
    manual_seed(other)
    assert drawn != generator().random(), f"seeds {one} and {other} gave the same number: is the seed used?"

test_unit_manual_seed([0, 7, 12345], one=1, other=2)
### BEGIN HIDDEN TESTS
test_unit_manual_seed([3, 99, 2**40], one=0, other=256)
### END HIDDEN TESTS

# %% [markdown]
r"""
## Linear

The layer that does the work: `x @ weight + bias`, with weight (in, out) and bias (out,). (PyTorch stores the weight
the other way round, (out, in), and multiplies by its transpose.) It is a primitive of its own, which pays twice.
The sum needs no array of its own, as below; and one record is kept instead of two.
"""

# %%
import timeit

x, w, b = (rng.random(shape, dtype=np.float32) for shape in [(4096, 64), (64, 128), (128,)])

def in_place():
    y = x @ w
    y += b
    return y

for name, compute in [("x @ w + b", lambda: x @ w + b), ("y = x @ w; y += b", in_place)]:
    print(f"{name:18} {min(timeit.repeat(compute, number=5, repeat=10)) / 5 * 1e3:6.2f} ms")

# %% [markdown]
r"""
### Exercise: affine

x may have any number of axes; only the last one meets the weight. NumPy multiplies a stack of matrices one by one.
But all rows of all matrices meet the same weight, so they are in truth the rows of one tall matrix: reshape x to
two axes, multiply once, add the bias in place, and give the result its leading axes back.
"""

# %% nbgrader={"solution": true, "grade_id": "affine"}
#| export
@in_float32
def affine(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x @ weight + bias: (..., in) by (in, out) plus (out,) gives (..., out), in one matrix product.

    >>> affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([0.0, 10.0]))
    array([[ 1., 14.],
           [ 3., 20.]])
    """
    ### BEGIN SOLUTION
    out = x.reshape(-1, len(weight)) @ weight
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
    ### END SOLUTION


LINEAR = Primitive("linear", affine)

# %% nbgrader={"grade": true, "grade_id": "test-affine", "points": 7}
def farthest(got, wanted):
    """Where two arrays of one shape differ most, in words."""
    off = np.abs(np.asarray(got, np.float64) - wanted)
    at = tuple(map(int, np.unravel_index(np.argmax(off), off.shape)))
    return f"element {at} is {float(got[at]):.6g}, wanted {float(wanted[at]):.6g}, off by {off[at]:.2g}"

def check_affine(shape, out, dtype, digits):
    draw, asked = np.random.default_rng(4), f"x of shape {shape} by ({shape[-1]}, {out}) in {np.dtype(dtype)}"
    x, weight, bias = (draw.normal(size=size).astype(dtype) for size in [shape, (shape[-1], out), out])
    copies = [array.copy() for array in (x, weight, bias)]
    try:
        got, wanted = affine(x, weight, bias), copies[0].astype(np.float64) @ copies[1] + copies[2]
    except (ValueError, TypeError) as error:
        raise AssertionError(f"{asked} failed: {error}: make the leading axes one, and give them back") from error
    assert got.shape == wanted.shape, f"{asked} gave {got.shape}, wanted {wanted.shape}: the leading axes stay"
    assert got.dtype == dtype, f"{asked} gave {got.dtype}, wanted the type that came in"
    assert np.allclose(got, wanted, atol=digits), f"{asked}: {farthest(got, wanted)}: rows times weight, plus the bias"
    same = [np.array_equal(array, copy) for array, copy in zip((x, weight, bias), copies)]
    assert all(same), f"{asked} changed an input: work on an array of your own"

def test_unit_affine():
    shapes, out = [(5, 3), (3,), (2, 5, 3), (2, 1, 4, 3), (0, 3), (2, 0, 3), (1, 3)], 4
    ### BEGIN HIDDEN TESTS
    shapes += [(3, 3), (6, 2, 7), (1, 1), (2, 2, 2, 2)]
    ### END HIDDEN TESTS
    for shape in shapes:
        for dtype, digits in [(np.float64, 1e-12), (np.float32, 1e-5), (np.float16, 1e-2)]:
            check_affine(shape, out, dtype, digits)
    draw = np.random.default_rng(4)
    turned, weight = draw.normal(size=(3, 5, 2)).T, draw.normal(size=(3, 4))
    off = np.abs(affine(turned, weight, np.ones(4)) - (turned @ weight + 1)).max()
    assert off < 1e-9, f"a transposed x of shape {turned.shape} gave other numbers, off by {off:.2g}"

test_unit_affine()
### BEGIN HIDDEN TESTS
check_affine((4, 6), 1, np.float32, 1e-5), check_affine((2, 3, 1), 5, np.float64, 1e-12)
### END HIDDEN TESTS

# %% [markdown]
r"""
### How large to start

Weights have to start different from each other, or all columns of a layer would learn the same. How large they
start matters more than one would think. Here, normally distributed numbers pass through 20 layers of 64 by 64, and
the question is how large they are at the end.
"""

# %%
for name, spread in [("1", 1), ("0.01", 0.01), ("1 / sqrt(64)", 1 / 8), ("1 / sqrt(3 * 64)", 1 / 8 / 3**0.5)]:
    y = rng.normal(size=(100, 64))
    for _ in range(20):
        y = y @ rng.normal(scale=spread, size=(64, 64))
    print(f"weights with standard deviation {name:16}: {y.std():.1e} after 20 layers")

# %% [markdown]
r"""
Each output is a sum of 64 products, so its standard deviation is that of the inputs times $\sqrt{64}$ times that of
the weights. $1/\sqrt{n}$ keeps it level, whatever the number n of inputs. The last line is PyTorch's default, and
ours: uniform between $-1/\sqrt{n}$ and $1/\sqrt{n}$, which has the standard deviation $1/\sqrt{3n}$. It is on the
small side, which does no harm in a few layers; LayerNorm, further down, mends it for many.

### Exercise: uniform_parameter
"""

# %% nbgrader={"solution": true, "grade_id": "uniform-parameter"}
#| export
def uniform_parameter(bound: float, *shape: int) -> Tensor:
    """A float32 parameter that requires a gradient, drawn uniformly from -bound to bound with `generator()`.

    >>> uniform_parameter(0.5, 3, 2).shape
    (3, 2)
    """
    ### BEGIN SOLUTION
    return Tensor(generator().uniform(-bound, bound, shape), dtype=np.float32, requires_grad=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-uniform-parameter", "points": 4}
def check_uniform(bound, shape, seed):
    manual_seed(seed)
    p, asked = uniform_parameter(bound, *shape), f"uniform_parameter({bound}, {', '.join(map(str, shape))})"
    assert p.shape == shape and p.dtype == np.float32, f"{asked} gave {p.dtype} {p.shape}, wanted float32 {shape}"
    assert p.requires_grad, f"{asked}: a parameter requires a gradient, or training will pass it by"
    assert np.abs(p.data).max() <= bound, f"{asked}: found {np.abs(p.data).max():.3f}, outside of +-{bound}"
    assert abs(p.data.mean()) < bound / 20, f"{asked}: mean {p.data.mean():.3f}, wanted about 0: from -bound to bound"
    wanted = bound / 3**0.5
    assert abs(p.data.std() / wanted - 1) < 0.05, f"{asked}: spread {p.data.std():.3f}, wanted {wanted:.3f}: uniformly"
    assert not np.array_equal(p.data, uniform_parameter(bound, *shape).data), f"{asked} twice gave the same weights"
    manual_seed(seed)
    assert np.array_equal(p.data, uniform_parameter(bound, *shape).data), "one seed, two results: use generator()"

def test_unit_uniform_parameter():
    cases = [(0.5, (100, 60), 3), (2.0, (3000,), 3)]
    ### BEGIN HIDDEN TESTS
    cases += [(0.125, (10, 20, 15), 8), (7.0, (1, 4000), 21)]
    ### END HIDDEN TESTS
    for bound, shape, seed in cases:
        check_uniform(bound, shape, seed)

test_unit_uniform_parameter()

# %% [markdown]
r"""
### Exercise: linear

The function that the layer calls. Without a bias it is a plain product, `x @ weight`; with one it is the primitive.
A wrong last axis is the commonest mistake of all, and it deserves a message with both shapes in it.
"""

# %% nbgrader={"solution": true, "grade_id": "linear"}
#| export
def linear(x: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight + bias: (..., in) by (in, out), plus (out,) where there is a bias, gives (..., out).

    Raises ValueError naming the shapes of x and weight where the last axis of x is not `in` long.

    >>> linear([[1, 2]], Tensor([[1, 0, 2], [0, 1, 2]]))
    Tensor([[1., 2., 6.]], dtype=float32)
    """
    x = floating(x)
    ### BEGIN SOLUTION
    if x.shape[-1:] != weight.shape[:1]:
        raise ValueError(f"linear wants x of shape (..., {weight.shape[0]}) for weight {weight.shape}, got {x.shape}")
    return x @ weight if bias is None else apply(LINEAR, x, weight, bias)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-linear", "points": 5}
def check_linear(x, w, bias, name):
    asked = f"linear of {x.shape} by {w.shape}, {'with a' if bias else 'without'} bias"
    try:
        y = linear(x, w, *bias)
    except (ValueError, IndexError) as error:
        raise AssertionError(f"{asked} was refused: {error}") from error
    wanted = x.data @ w.data + sum(b.data for b in bias)
    assert y.shape == wanted.shape and np.allclose(y.data, wanted), (
        f"{asked} gave {y.data} of shape {y.shape}, wanted {wanted} of shape {wanted.shape}: x @ weight + bias")
    assert y._node and y._node.primitive.name == name, (
        f"{asked}: wanted the primitive {name} to be recorded, and nothing after it")

def check_no_linear(shape, w, b):
    try:
        linear(np.zeros(shape), w, b)
    except (ValueError, IndexError) as error:
        assert isinstance(error, ValueError) and str(shape) in str(error) and str(w.shape) in str(error), (
            f"x of shape {shape}: wanted a ValueError that names {shape} and {w.shape}, not: {error}")
    else:
        raise AssertionError(f"x of shape {shape} was accepted by a weight of shape {w.shape}")

def test_unit_linear():
    draw, sizes = np.random.default_rng(5), [(3, 5), (7, 1)]
    ### BEGIN HIDDEN TESTS
    sizes += [(4, 4), (1, 6), (2, 3)]
    ### END HIDDEN TESTS
    for n, m in sizes:
        x, w, b = (Tensor(draw.normal(size=size), requires_grad=True) for size in [(2, 3, n), (n, m), m])
        check_linear(x, w, [b], "linear"), check_linear(x, w, [], "matmul")
        for shape in [(2, n + 1), (n + 1,), ()]:
            check_no_linear(shape, w, b)

test_unit_linear()

# %%
#| export
def check_sizes(**sizes: int) -> None:
    """ValueError naming the first of the sizes that is not a whole number of at least 1."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {size!r}")

# %% [markdown]
r"""
### Exercise: the layer

What is left for the layer is to hold the two parameters, and to start them.
"""

# %% nbgrader={"solution": true, "grade_id": "linear-layer"}
#| export
class Linear(Module):
    """x @ weight + bias: (..., in_features) -> (..., out_features).

    `weight` is (in_features, out_features), `bias` (out_features,) or None; both are float32 and start uniformly
    between -1/sqrt(in_features) and 1/sqrt(in_features), as in PyTorch. Raises ValueError for sizes below 1.

    >>> Linear(3, 2)([[1, 2, 3]]).shape
    (1, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        check_sizes(in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        ### BEGIN SOLUTION
        bound = in_features**-0.5
        self.weight = uniform_parameter(bound, in_features, out_features)
        self.bias = uniform_parameter(bound, out_features) if bias else None
        ### END SOLUTION

    def forward(self, x: Any) -> Tensor:
        return linear(x, self.weight, self.bias)

    def __repr__(self) -> str:
        return f"Linear({self.in_features}, {self.out_features}{', bias=False' if self.bias is None else ''})"

# %% nbgrader={"grade": true, "grade_id": "test-linear-layer", "points": 5}
def check_layer(n, m, bias):
    layer = Linear(n, m, bias=bias)
    got = [(name, p.shape, p.requires_grad) for name, p in layer.named_parameters()]
    wanted = [("weight", (n, m), True), ("bias", (m,), True)][:1 + bias]
    assert got == wanted, f"Linear({n}, {m}, bias={bias}) has the parameters {got}, wanted {wanted}"
    largest = max(np.abs(p.data).max() for p in layer.parameters())
    assert largest <= n**-0.5, f"Linear({n}, {m}) starts with {largest:.3f}, outside of +-1/sqrt({n})"
    shape = layer(np.ones((2, 4, n))).shape
    assert shape == (2, 4, m), f"Linear({n}, {m}) made (2, 4, {n}) into {shape}"

def check_start(n, m):
    layer = Linear(n, m)
    for name, p in layer.named_parameters():
        spread = p.data.std() * (3 * n)**0.5
        assert abs(spread - 1) < 0.1, (
            f"the spread of Linear({n}, {m})'s {name} is {spread:.2f} times what it should be: uniform, as wide as the "
            "docstring says")

def test_unit_linear_layer():
    for n, m, bias in [(3, 5, True), (7, 1, True), (4, 6, False)]:
        check_layer(n, m, bias)
    check_start(400, 1000), check_start(4, 1000)
    ### BEGIN HIDDEN TESTS
    check_layer(6, 2, True), check_layer(5, 5, False), check_layer(1, 3, True)
    check_start(9, 2000)
    ### END HIDDEN TESTS

test_unit_linear_layer()

# %%
for mistake in [lambda: Linear(64, 10)(np.zeros((8, 8))), lambda: Linear(64, -10)]:
    try:
        mistake()
    except ValueError as error:
        print(error)

# %% [markdown]
r"""
## Dropout

A network can lean too much on a few of its numbers, which happen to be right for the examples that it has seen.
Dropout (Srivastava and others, 2014, JMLR 15) takes that ground away: in training each number is replaced by 0 with
probability p, each time anew. In evaluation nothing is dropped.

Then a sum over many numbers would be larger in evaluation than it was in training. So those that stay are divided
by $1 - p$ already in training, and on average every number is what it was.

### Exercise: dropout_mask and Dropout

A mask of zeros and of $1/(1-p)$, to multiply by. `generator().random(shape, dtype=np.float32)` draws numbers from 0
to 1.
"""

# %% nbgrader={"solution": true, "grade_id": "dropout-mask"}
#| export
def dropout_mask(shape: tuple[int, ...], p: float, dtype: Any) -> np.ndarray:
    """An array of `dtype`: 0 with probability p, else 1 / (1 - p), drawn with `generator()`; 0 <= p < 1.

    >>> sorted(set(dropout_mask((1000,), 0.75, np.float32).tolist()))
    [0.0, 4.0]
    """
    ### BEGIN SOLUTION
    mask = (generator().random(shape, dtype=np.float32) >= p).astype(dtype)
    mask /= 1 - p
    return mask
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-dropout-mask", "points": 5}
def check_mask(p, kept, dtype, shape, seed):
    manual_seed(seed)
    mask, asked = dropout_mask(shape, p, dtype), f"dropout_mask({shape}, {p}, {np.dtype(dtype)})"
    assert mask.shape == shape and mask.dtype == dtype, f"{asked} gave {mask.dtype} of shape {mask.shape}"
    values = np.unique(mask)
    assert values.tolist() == [0, dtype(kept)], (
        f"{asked} holds {values}, wanted 0 and {kept}: on average a number stays what it is")
    share = np.mean(mask == 0)
    assert abs(share - p) < 0.02, f"{asked} dropped {share:.1%}: p is the share that goes, not the one that stays"
    assert not np.array_equal(mask[0], mask[1]), f"{asked}: two rows are alike: draw for every number"
    assert not np.array_equal(mask, dropout_mask(shape, p, dtype)), f"{asked}: the second mask is the same as the first"
    manual_seed(seed)
    assert np.array_equal(mask, dropout_mask(shape, p, dtype)), f"{asked}: one seed, two masks: use generator()"

def test_unit_dropout_mask():
    cases = [(0.5, 2.0, np.float32), (0.2, 1.25, np.float16), (0.75, 4.0, np.float64)]
    ### BEGIN HIDDEN TESTS
    cases += [(0.9375, 16.0, np.float32), (0.375, 1.6, np.float64)]
    ### END HIDDEN TESTS
    for p, kept, dtype in cases:
        check_mask(p, kept, dtype, (200, 100), seed=11)

test_unit_dropout_mask()
### BEGIN HIDDEN TESTS
check_mask(0.6, 2.5, np.float32, (10, 30, 40), seed=4)
### END HIDDEN TESTS

# %% nbgrader={"solution": true, "grade_id": "dropout"}
#| export
class Dropout(Module):
    """In training, zero each number with probability `p` and divide the others by 1 - p; in evaluation, change nothing.

    The result has the shape and type of the input. Raises ValueError where p is not at least 0 and below 1.
    """

    def __init__(self, p: float = 0.5):
        if not 0 <= p < 1:
            raise ValueError(f"p is the share to drop, at least 0 and below 1, got {p}")
        self.p = p

    def forward(self, x: Any) -> Tensor:
        x = floating(x)
        ### BEGIN SOLUTION
        if not self.training or self.p == 0:
            return x
        return x * wrap(dropout_mask(x.shape, self.p, x.dtype))
        ### END SOLUTION

    def __repr__(self) -> str:
        return f"Dropout({self.p})"

# %% nbgrader={"grade": true, "grade_id": "test-dropout", "points": 4}
def check_dropout(number, p, wanted, dtype):
    x, layer = Tensor(np.full((50, 80), number), dtype=dtype), Dropout(p)
    y = layer(x)
    values = sorted(set(y.data.ravel().tolist()))
    assert y.dtype == x.dtype and values == wanted, (
        f"{dtype}, p = {p}: {number} became {values} in {y.dtype}, wanted {wanted}")
    assert layer.eval()(x) is x, "in evaluation the input passes as it is"
    assert not np.array_equal(layer.train()(x).data, y.data), "the second call dropped the same numbers"

def test_unit_dropout():
    for dtype in ["float32", "float16", "bfloat16"]:
        check_dropout(3.0, 0.5, [0, 6], dtype)
        ### BEGIN HIDDEN TESTS
        check_dropout(-1.5, 0.75, [-6, 0], dtype)
        ### END HIDDEN TESTS
    x, state = Tensor(np.ones(3)), generator().bit_generator.state
    assert Dropout(0)(x) is x and generator().bit_generator.state == state, "p = 0 drops nothing and draws nothing"
    weight = Tensor([[1.0, 2.0]], requires_grad=True)
    assert Dropout(0.5)(weight).requires_grad, "the gradient must pass dropout: stay with tensors"

test_unit_dropout()

# %%
ones, layer = Tensor(np.ones(10_000)), Dropout(0.2)
print(f"training:   mean {layer(ones).mean().item():.3f}, zeros {np.mean(layer(ones).numpy() == 0):.1%}")
print(f"evaluation: mean {layer.eval()(ones).mean().item():.3f}")

# %% [markdown]
r"""
## LayerNorm

Above, numbers grew or shrank from layer to layer, and a good start was the only remedy. Layer normalisation (Ba,
Kiros and Hinton, 2016, arXiv:1607.06450) sets them right on the way: along the last axis it subtracts the mean and
divides by the standard deviation. Then a weight and a bias for each feature let training choose another size where
it wants one.

$$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \cdot w + b$$

The variance is the mean of the squares (over n, not n - 1), and $\epsilon$ keeps a constant row from being divided
by 0.

### Exercise: normalized
"""

# %% nbgrader={"solution": true, "grade_id": "layer-norm"}
#| export
@np.errstate(over="ignore", invalid="ignore")  # a row that holds inf has no mean: it becomes nan
@in_float32
def normalized(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps) * weight + bias along the last axis: (..., n), (n,), (n,) -> (..., n).

    >>> normalized(np.array([[1.0, 3.0], [5.0, 5.0]]), np.ones(2), np.zeros(2), eps=0.0001).round(3)
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    ### BEGIN SOLUTION
    out = x - x.mean(axis=-1, keepdims=True)
    variance = np.vecdot(out, out)[..., np.newaxis] / x.shape[-1]
    out /= np.sqrt(variance + eps)
    out *= weight
    out += bias
    return out
    ### END SOLUTION


LAYER_NORM = Primitive("layer_norm", normalized)

# %% nbgrader={"grade": true, "grade_id": "test-layer-norm", "points": 7}
def check_norm(shape, scale, shift, dtype, digits, eps=1e-5):
    draw, n = np.random.default_rng(6), shape[-1]
    x, weight, bias = (draw.normal(size=size).astype(dtype) for size in [shape, n, n])
    x = x * dtype(scale) + dtype(shift)
    wide, before = x.astype(np.float64), x.copy()
    asked = f"rows of {shape} near {shift}, spread {scale}, in {x.dtype}, eps={eps}"
    try:
        got = normalized(x, weight, bias, eps=eps)
    except ValueError as error:
        raise AssertionError(f"{asked} failed: {error}: does each row keep its own mean and variance?") from error
    deviation = np.sqrt(wide.var(axis=-1, keepdims=True) + eps)
    wanted = (wide - wide.mean(axis=-1, keepdims=True)) / deviation * weight + bias
    assert got.shape == shape and got.dtype == dtype, f"{asked} gave {got.dtype} {got.shape}"
    assert np.array_equal(x, before), f"{asked}: the input was changed"
    off = np.abs(got - wanted).max(initial=0)
    assert off < digits, (
        f"{asked}: {farthest(got, wanted)}: mean and variance of each row, over n, eps inside the root, then weight "
        "and bias")

def test_unit_layer_norm():
    cases = [((5,), 1, 0), ((4, 5), 3, 100), ((2, 3, 5), 1e-3, 0), ((0, 5), 1, 0), ((2, 5), 0, 7)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 3), 0.5, -20), ((3, 2, 1, 8), 10, 4), ((1, 2), 1e-2, 1)]
    ### END HIDDEN TESTS
    for shape, scale, shift in cases:
        check_norm(shape, scale, shift, np.float64, 1e-10)
        check_norm(shape, scale, shift, np.float32, 1e-4)
    check_norm((4, 5), 1, 0, np.float64, 1e-10, eps=0.1)
    halves = normalized(np.float16([[-1000, 1000]]), np.ones(2, np.float16), np.zeros(2, np.float16), eps=1e-5)
    assert halves.dtype == np.float16 and halves.tolist() == [[-1, 1]], f"halves of -1000 and 1000 became {halves}"

test_unit_layer_norm()

# %%
#| export
def layer_norm(x: Any, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Layer normalisation along the last axis. Raises ValueError where that is not as long as weight and bias."""
    x = floating(x)
    if x.shape[-1:] != weight.shape:
        raise ValueError(f"layer_norm wants x of shape (..., {weight.size}) for weight {weight.shape}, got {x.shape}")
    return apply(LAYER_NORM, x, weight, bias, eps=eps)

# %%
#| export
class LayerNorm(Module):
    """Rows of the last axis with mean 0 and variance 1, scaled by `weight` and shifted by `bias`, both (n,) float32.

    `normalized_shape` is n, a whole number. Raises ValueError for n below 1.
    """

    def __init__(self, normalized_shape: int, eps: float = 1e-5):
        check_sizes(normalized_shape=normalized_shape)
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight = Tensor(np.ones(normalized_shape), dtype=np.float32, requires_grad=True)
        self.bias = Tensor(np.zeros(normalized_shape), dtype=np.float32, requires_grad=True)

    def forward(self, x: Any) -> Tensor:
        return layer_norm(x, self.weight, self.bias, self.eps)

    def __repr__(self) -> str:
        return f"LayerNorm({self.normalized_shape})"

# %% [markdown]
r"""
Now the 20 layers again, with the start that shrank the numbers, and a LayerNorm after each:
"""

# %%
y = Tensor(rng.normal(size=(100, 64)))
for _ in range(20):
    y = LayerNorm(64)(Linear(64, 64)(y))
print(f"standard deviation {y.numpy().std():.2f} after 20 layers")

# %% [markdown]
r"""
## Sequential

Most networks are chains: what comes out of one layer goes into the next. Anything that can be called with a tensor
can be a link: a module, an activation of lesson 02, a plain function.

### Exercise: Sequential
"""

# %% nbgrader={"solution": true, "grade_id": "sequential"}
#| export
class Sequential(Module):
    """Layers applied one after another; anything callable is a layer. Has a length, can be walked, indexed, sliced.

    >>> Sequential(Linear(3, 4), Linear(4, 2))([[1, 2, 3]]).shape
    (1, 2)
    """

    def __init__(self, *layers: Callable[[Any], Any]):
        for layer in layers:
            if not callable(layer):
                raise TypeError(f"write Sequential(a, b, c), each callable with a tensor; got a {type(layer).__name__}")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        ### BEGIN SOLUTION
        for layer in self.layers:
            x = layer(x)
        return x
        ### END SOLUTION

    def __len__(self) -> int: return len(self.layers)
    def __iter__(self) -> Iterator: return iter(self.layers)
    def __getitem__(self, i): return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]
    def __repr__(self) -> str: return f"Sequential({', '.join(map(repr, self.layers))})"

# %% nbgrader={"grade": true, "grade_id": "test-sequential", "points": 3}
def test_unit_sequential(rows, n, m, factor):
    x = Tensor(np.random.default_rng(7).normal(size=(rows, n)))
    chain = Sequential(Linear(n, m), relu, Sequential(Linear(m, m), lambda x: x * factor))
    wanted = chain[2][0](relu(chain[0](x))) * factor
    try:
        got = chain(x)
    except ValueError as error:
        raise AssertionError(f"a chain failed: {error}: each layer gets what the one before it gave") from error
    assert got.shape == wanted.shape and np.allclose(got.data, wanted.data), (
        f"{x.shape} became {got.data}, wanted {wanted.data}: each layer gets what the one before it gave")
    assert len(chain) == 3 and np.allclose(chain[:2](x).data, relu(chain[0](x)).data), "a slice is a chain too"
    assert Sequential()(x) is x, "a chain without layers gives back what it gets"

test_unit_sequential(4, 6, 5, factor=2)
### BEGIN HIDDEN TESTS
test_unit_sequential(3, 2, 7, factor=-0.5)
test_unit_sequential(1, 5, 5, factor=3)
### END HIDDEN TESTS

# %% [markdown]
r"""
A chain is not the only form. Any class with a `forward` will do, and `Module` finds what is in it. This one adds
its input to its output, which is the heart of a residual network:
"""

# %%
class Residual(Module):
    def __init__(self, *layers):
        self.inner = Sequential(*layers)

    def forward(self, x):
        return x + self.inner(x)

for name, parameter in Residual(LayerNorm(8), Linear(8, 8), relu, Dropout(0.1)).named_parameters():
    print(f"{name:22} {parameter.shape}")

# %% [markdown]
r"""
## Saving and loading

What a network has learned is its parameters, and `state_dict` gives them as plain arrays by name. Loading is where
things go wrong: a file from another network, a layer that was renamed, one array of another size. A loader that
takes what fits and leaves the rest gives a network that runs and is wrong.

### Exercise: load_arrays

Compare everything first, and raise one error that lists all that does not fit. Only then change anything. Each
parameter gets a new array of its own, in its own type: the state may be used again, and must not become part of the
network. `as_array(data, dtype)` from lesson 01 copies.
"""

# %% nbgrader={"solution": true, "grade_id": "load-arrays"}
#| export
def load_arrays(parameters: dict[str, Tensor], state: Mapping[str, Any]) -> None:
    """Give each parameter a copy of `state[name]`, in the parameter's own type, as its new `data`.

    Raises ValueError listing missing names, unexpected names and shapes that differ; then no parameter has changed.

    >>> load_arrays({"a": Tensor([1.0])}, {"b": np.zeros(1)})
    Traceback (most recent call last):
    ValueError: the state does not fit: missing a; unexpected b
    """
    ### BEGIN SOLUTION
    problems = [f"missing {name}" for name in parameters if name not in state]
    problems += [f"unexpected {name}" for name in state if name not in parameters]
    arrays = {name: as_array(state[name], p.dtype) for name, p in parameters.items() if name in state}
    for name, array in arrays.items():
        if array.shape != parameters[name].shape:
            problems.append(f"{name} has shape {array.shape}, wanted {parameters[name].shape}")
    if problems:
        raise ValueError(f"the state does not fit: {'; '.join(problems)}")
    for name, array in arrays.items():
        parameters[name].data = array
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-load-arrays", "points": 4}
def test_unit_load_arrays(n, m):
    first, second = Linear(n, m), Linear(n, m)
    state, held, old = first.state_dict(), second.weight, second.weight.data
    before = old.copy()
    second.load_state_dict(state)
    assert second.weight is held, "load into the parameter that is there: an optimizer may hold it"
    assert np.array_equal(old, before), "the old array was written to, and others may hold it: give a new one"
    for name, p in second.named_parameters():
        assert np.array_equal(p.data, state[name]), f"{name} was not loaded: it is {p.data}, wanted {state[name]}"
    second.weight.data[0, 0] = 9
    assert state["weight"][0, 0] != 9, "network and state share an array: copy"
    second.load_state_dict({"weight": np.ones((n, m)), "bias": np.arange(m)})
    types = [p.dtype.name for p in second.parameters()]
    assert types == ["float32", "float32"], f"loading float64 and int64 left the types {types}: keep the parameter's"
    assert np.array_equal(second.bias.data, np.arange(m)), f"the bias became {second.bias.data}, wanted {np.arange(m)}"

test_unit_load_arrays(3, 2)
### BEGIN HIDDEN TESTS
test_unit_load_arrays(4, 7)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-load-misfits", "points": 4}
def check_misfit(layer, state, words):
    before = layer.state_dict()
    shapes = {name: array.shape for name, array in state.items()}
    into = f"{shapes} into weight {layer.weight.shape}, bias {layer.bias.shape}"
    try:
        layer.load_state_dict(state)
    except (ValueError, KeyError) as error:
        assert isinstance(error, ValueError), f"{into} failed at {error}, wanted a ValueError that lists what is wrong"
        for word in words:
            assert word in str(error), f"{into}: no {word} in the message: {error}"
    else:
        raise AssertionError(f"{into} was loaded: which name is missing or too many, or which shape differs?")
    for name, p in layer.named_parameters():
        assert np.array_equal(p.data, before[name]), f"{into} failed and yet changed {name}: compare first"

def test_unit_load_misfits(n, m):
    layer, ones = Linear(n, m), np.ones((n, m))
    for state, words in [
        ({"weight": ones}, ["bias"]), ({"weight": ones, "bias": np.ones(m), "extra": ones}, ["extra"]),
        ({"weight": ones, "bias": np.ones(m + 1)}, ["bias", f"({m + 1},)", f"({m},)"]),
        ({"kernel": ones}, ["weight", "kernel"]), ({"weight": ones.T[:1], "bias": np.ones(1)}, [f"(1, {n})", "(1,)"]),
    ]:
        check_misfit(layer, state, words)

test_unit_load_misfits(3, 2)
### BEGIN HIDDEN TESTS
test_unit_load_misfits(2, 5)
### END HIDDEN TESTS

# %% [markdown]
r"""
## What it is good for: a network for digits

Here is a network of the kind that lesson 07 will train, with everything that has to be saved of it.
"""

# %%
from pathlib import Path

from tinytorch.core.activations import GELU

root = next(folder for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "datasets").is_dir())
table = np.loadtxt(root / "datasets" / "digits" / "digits.csv.gz", delimiter=",", dtype=np.float32)
images, labels = Tensor(table[:, :64]) / 16, table[:, 64].astype(np.int64)

def build():
    return Sequential(Linear(64, 32), LayerNorm(32), GELU(), Dropout(0.1), Linear(32, 10))

# %%
manual_seed(0)
model = build().eval()
print(model)
for name, parameter in model.named_parameters():
    print(f"{name:16} {parameter.shape!s:9} {parameter.size:5}")
print("parameters:", sum(parameter.size for parameter in model.parameters()))

# %% [markdown]
r"""
It has learned nothing yet, so it should be right about once in ten. About: the weights are chance, and so is the
accuracy that comes with them. Here are 200 networks, each with other weights.
"""

# %%
import matplotlib.pyplot as plt

def accuracy(network):
    return np.mean(network(images).numpy().argmax(axis=1) == labels)

measured = [accuracy(build().eval()) for _ in range(200)]
print(f"this network {accuracy(model):.1%}, 200 others {np.mean(measured):.1%} on average, {max(measured):.1%} at best")

# %%
plt.figure(figsize=(6, 2.5))
plt.hist(np.array(measured) * 100, bins=20, color="0.6")
plt.axvline(10, color="C1", label="guessing")
plt.xlabel("accuracy of an untrained network, %")
plt.ylabel("networks")
plt.legend()
plt.show()

# %% [markdown]
r"""
Remember this picture when a network reaches 20 %: that may be luck. Last, the state goes to a file and into a
network that started elsewhere.
"""

# %%
import tempfile

other = build().eval()

def differ():
    return np.sum(model(images).numpy().argmax(axis=1) != other(images).numpy().argmax(axis=1))

print("answers that differ before:", differ())
with tempfile.TemporaryDirectory() as folder:
    np.savez(Path(folder) / "model.npz", **model.state_dict())
    with np.load(Path(folder) / "model.npz") as saved:
        other.load_state_dict(saved)
print("and after loading:", differ())

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. How many parameters has `Sequential(Linear(784, 256), LayerNorm(256), GELU(), Dropout(0.5), Linear(256, 10))`?
   (`parameter_count`)
2. `Dropout(0.9)` in training: by what are the numbers that stay multiplied? (`stay_factor`)
3. What is the standard deviation of the weights that `Linear(300, 10)` starts with, to three decimals?
   (`start_spread`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-layers"}
### BEGIN SOLUTION
parameter_count = 784 * 256 + 256 + 2 * 256 + 256 * 10 + 10
stay_factor = 10
start_spread = 0.033
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-layers", "points": 6}
def test_question_layers():
    layers = Sequential(Linear(784, 256), LayerNorm(256), GELU(), Dropout(0.5), Linear(256, 10))
    wanted = sum(p.size for p in layers.parameters())
    assert parameter_count == wanted, f"parameter_count is {parameter_count}: Linear and LayerNorm have weight and bias"
    wanted = dropout_mask((1000,), 0.9, np.float64).max()
    assert abs(stay_factor - wanted) < 1e-6, f"stay_factor is {stay_factor}: on average a number must stay what it is"
    wanted = np.mean([Linear(300, 10).weight.data.std() for _ in range(50)])
    assert abs(start_spread - wanted) < 1e-3, f"start_spread is {start_spread}: look again at how large to start"

test_question_layers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-forgotten-eval", "points": 2}
r"""
**In your own words:** somebody measures the accuracy of the network above and forgets `eval()`. Which of its layers
behave differently, what will they see when they measure twice, and is the accuracy more likely too high or too low?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Networks as objects that know their parameters and their mode, one generator behind everything random, and states
that load whole or not at all. `tito module complete 03` puts it into `tinytorch.core.layers`. Lesson 04 says what
makes a network's answer good or bad.
"""
