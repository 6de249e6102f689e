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
def test_unit_parts():
    module, inner, numbers = Module(), Module(), np.zeros(2)
    module.weight, module.blocks, module.size = Tensor([1.0]), [inner], 3
    for owner, wanted in [
        (module, {"weight": module.weight, "blocks": module.blocks, "size": 3}), ([inner, 5], {"0": inner, "1": 5}),
        ((inner,), {"0": inner}), ({"up": inner, 2: numbers}, {"up": inner, "2": numbers}), (inner, {}),
        ("text", {}), (module.weight, {}), (3, {}), (None, {}), (relu, {}),
    ]:
        got = list(parts(owner))
        same = [name for name, _ in got] == list(wanted) and all(wanted[name] is part for name, part in got)
        assert same, f"parts of a {type(owner).__name__} gave {got}, wanted {list(wanted.items())}"

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
def test_unit_walk():
    net, _ = tangled()
    got = [name for name, _ in net.named_parameters()]
    assert "blocks.2.again" not in got, f"{got}: a weight used twice is one parameter, so remember what was visited"
    wanted = ["first", "blocks.1.weight", "blocks.2.scale", "last.0"]
    assert got == wanted, f"the parameters are called {got}, wanted {wanted}, in the order of definition"
    assert net.parameters()[0] is net.first, "the parameters must be the tensors themselves"
    first = [name for name, _ in walk({"a": ["x", "y"], "b": ("z",)})]
    assert first == ["", "a", "a.0", "a.1", "b", "b.0"], f"the order was {first}: a part comes right after its owner"

test_unit_walk()

# %% nbgrader={"grade": true, "grade_id": "test-modes", "points": 3}
def test_unit_modes():
    net, block = tangled()
    names = [name for name, part in walk(net) if isinstance(part, Module)]
    assert names == ["", "blocks.1"], f"the modules found are {names}, wanted '' (the net itself) and 'blocks.1'"
    assert net.eval() is net and not block.training, "eval() must reach a module in a list"
    assert block.train().training and net.training, "the block points to its owner, so train() reaches that too"
    assert Module().training, "the mode of one module must not change another's"

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
def test_unit_manual_seed():
    held = generator()
    for seed in [0, 7, 12345]:
        manual_seed(seed)
        first = generator().normal(size=4)
        generator().permutation(9)
        manual_seed(seed)
        assert np.array_equal(first, generator().normal(size=4)), f"after manual_seed({seed}) twice the numbers differ"
    assert held is generator(), "manual_seed made another generator: those who hold the old one never hear of the seed"
    manual_seed(1)
    one = generator().random()
    manual_seed(2)
    assert one != generator().random(), "seeds 1 and 2 gave the same number: is the seed used?"

test_unit_manual_seed()

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
def test_unit_affine():
    draw = np.random.default_rng(4)
    for shape in [(5, 3), (3,), (2, 5, 3), (2, 1, 4, 3), (0, 3), (2, 0, 3), (1, 3)]:
        for dtype, digits in [(np.float64, 1e-12), (np.float32, 1e-5), (np.float16, 1e-2)]:
            x, weight, bias = (draw.normal(size=size).astype(dtype) for size in [shape, (3, 4), 4])
            copies = x.copy(), bias.copy()
            got, wanted = affine(x, weight, bias), x.astype(np.float64) @ weight + bias
            assert got.shape == wanted.shape, f"x of shape {shape} gave {got.shape}, wanted {wanted.shape}"
            assert got.dtype == dtype, f"{x.dtype} gave {got.dtype}"
            assert np.allclose(got, wanted, atol=digits), f"x of shape {shape}: off by {np.abs(got - wanted).max():.2g}"
            assert np.array_equal(x, copies[0]) and np.array_equal(bias, copies[1]), "an input was changed"
    turned, weight = draw.normal(size=(3, 5, 2)).T, draw.normal(size=(3, 4))
    assert np.allclose(affine(turned, weight, np.ones(4)), turned @ weight + 1), "a transposed x gave other numbers"

test_unit_affine()

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
def test_unit_uniform_parameter():
    for bound, shape in [(0.5, (100, 60)), (2.0, (3000,))]:
        manual_seed(3)
        p = uniform_parameter(bound, *shape)
        assert p.shape == shape and p.dtype == np.float32, f"got {p.dtype} of shape {p.shape}, wanted float32 {shape}"
        assert p.requires_grad, "a parameter requires a gradient, or training will pass it by"
        assert np.abs(p.data).max() <= bound, f"bound {bound}: found {np.abs(p.data).max():.3f}"
        wanted = bound / 3**0.5
        assert abs(p.data.std() / wanted - 1) < 0.05, f"bound {bound}: spread {p.data.std():.3f}, wanted {wanted:.3f}"
        assert abs(p.data.mean()) < bound / 20, f"bound {bound}: mean {p.data.mean():.3f}, wanted about 0"
        assert not np.array_equal(p.data, uniform_parameter(bound, *shape).data), "two draws gave the same weights"
        manual_seed(3)
        assert np.array_equal(p.data, uniform_parameter(bound, *shape).data), "one seed, two results: use generator()"

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
def test_unit_linear():
    draw = np.random.default_rng(5)
    for n, m in [(3, 5), (7, 1)]:
        x, w, b = (Tensor(draw.normal(size=size), requires_grad=True) for size in [(2, 3, n), (n, m), m])
        for bias, name, wanted in [(b, "linear", x.data @ w.data + b.data), (None, "matmul", x.data @ w.data)]:
            y = linear(x, w, bias)
            assert y.shape == wanted.shape and np.allclose(y.data, wanted), f"(2, 3, {n}) by ({n}, {m}), {name}: wrong"
            assert y._node and y._node.primitive.name == name, f"wanted the primitive {name} to be recorded"
        for shape in [(2, n + 1), (n + 1,), ()]:
            try:
                linear(np.zeros(shape), w, b)
            except ValueError as error:
                assert str(shape) in str(error) and str((n, m)) in str(error), f"name {shape} and {(n, m)}: {error}"
            else:
                raise AssertionError(f"x of shape {shape} was accepted by a weight of shape {(n, m)}")

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
def test_unit_linear_layer():
    for n, m, bias in [(3, 5, True), (7, 1, True), (4, 6, False)]:
        layer = Linear(n, m, bias=bias)
        got = [(name, p.shape, p.requires_grad) for name, p in layer.named_parameters()]
        wanted = [("weight", (n, m), True), ("bias", (m,), True)][:1 + bias]
        assert got == wanted, f"Linear({n}, {m}, bias={bias}) has the parameters {got}, wanted {wanted}"
        largest = max(np.abs(p.data).max() for p in layer.parameters())
        assert largest <= n**-0.5, f"Linear({n}, {m}) starts with {largest:.3f}, outside of +-1/sqrt({n})"
        shape = layer(np.ones((2, 4, n))).shape
        assert shape == (2, 4, m), f"Linear({n}, {m}) made (2, 4, {n}) into {shape}"
    spread = Linear(400, 100).weight.data.std() * 1200**0.5
    assert abs(spread - 1) < 0.05, f"the spread of Linear(400, 100)'s weights is {spread:.2f} times what it should be"
    bias = Linear(4, 1000).bias.data.std() * 12**0.5
    assert abs(bias - 1) < 0.1, f"the spread of Linear(4, 1000)'s bias is {bias:.2f} times what it should be"

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
def test_unit_dropout_mask():
    for p, kept, dtype in [(0.5, 2.0, np.float32), (0.2, 1.25, np.float16), (0.75, 4.0, np.float64)]:
        manual_seed(11)
        mask = dropout_mask((200, 100), p, dtype)
        assert mask.shape == (200, 100) and mask.dtype == dtype, f"got {mask.dtype} of shape {mask.shape}"
        values = np.unique(mask)
        assert values.tolist() == [0, kept], f"p = {p}: the mask holds {values}, wanted 0 and {kept}"
        share = np.mean(mask == 0)
        assert abs(share - p) < 0.02, f"p = {p} dropped {share:.1%}: p is the share that goes, not the one that stays"
        assert not np.array_equal(mask, dropout_mask((200, 100), p, dtype)), "the second mask is the same as the first"
        manual_seed(11)
        assert np.array_equal(mask, dropout_mask((200, 100), p, dtype)), "one seed, two masks: use generator()"

test_unit_dropout_mask()

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
def test_unit_dropout():
    for dtype in ["float32", "float16", "bfloat16"]:
        x, layer = Tensor(np.full((50, 80), 3.0), dtype=dtype), Dropout(0.5)
        y = layer(x)
        values = sorted(set(y.data.ravel().tolist()))
        assert y.dtype == x.dtype and values == [0, 6], f"{dtype}, p = 0.5: 3 became {values} in {y.dtype}, not 0 and 6"
        assert layer.eval()(x) is x, "in evaluation the input passes as it is"
        assert not np.array_equal(layer.train()(x).data, y.data), "the second call dropped the same numbers"
    state = generator().bit_generator.state
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
def test_unit_layer_norm():
    draw = np.random.default_rng(6)
    for shape, scale, shift in [((5,), 1, 0), ((4, 5), 3, 100), ((2, 3, 5), 1e-3, 0), ((0, 5), 1, 0), ((2, 5), 0, 7)]:
        for dtype, digits in [(np.float64, 1e-10), (np.float32, 1e-4)]:
            x, weight, bias = (draw.normal(size=size).astype(dtype) for size in [shape, 5, 5])
            x = x * dtype(scale) + dtype(shift)
            wide, before, got = x.astype(np.float64), x.copy(), normalized(x, weight, bias, eps=1e-5)
            deviation = np.sqrt(wide.var(axis=-1, keepdims=True) + 1e-5)
            wanted = (wide - wide.mean(axis=-1, keepdims=True)) / deviation * weight + bias
            assert got.shape == shape and got.dtype == dtype, f"{x.dtype} {shape} gave {got.dtype} {got.shape}"
            off = np.abs(got - wanted).max(initial=0)
            assert off < digits, f"rows near {shift}, spread {scale}, {x.dtype}: off by {off:.2g} (over n, eps in root)"
            assert np.array_equal(x, before), "the input was changed"
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
def test_unit_sequential():
    x = Tensor(np.random.default_rng(7).normal(size=(4, 6)))
    chain = Sequential(Linear(6, 5), relu, Sequential(Linear(5, 5), lambda x: x * 2))
    wanted = chain[2][0](relu(chain[0](x))) * 2
    assert np.allclose(chain(x).data, wanted.data), "each layer gets what the one before it gave"
    assert len(chain) == 3 and np.allclose(chain[:2](x).data, relu(chain[0](x)).data), "a slice is a chain too"
    assert Sequential()(x) is x, "a chain without layers gives back what it gets"

test_unit_sequential()

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
def test_unit_load_arrays():
    first, second = Linear(3, 2), Linear(3, 2)
    state, held, old = first.state_dict(), second.weight, second.weight.data
    before = old.copy()
    second.load_state_dict(state)
    assert second.weight is held, "load into the parameter that is there: an optimizer may hold it"
    assert np.array_equal(old, before), "the old array was written to, and others may hold it: give a new one"
    for name, p in second.named_parameters():
        assert np.array_equal(p.data, state[name]), f"{name} was not loaded"
    second.weight.data[0, 0] = 9
    assert state["weight"][0, 0] != 9, "network and state share an array: copy"
    second.load_state_dict({"weight": np.ones((3, 2)), "bias": np.arange(2)})
    types = [p.dtype.name for p in second.parameters()]
    assert types == ["float32", "float32"], f"loading float64 and int64 left the types {types}: keep the parameter's"

test_unit_load_arrays()

# %% nbgrader={"grade": true, "grade_id": "test-load-misfits", "points": 4}
def test_unit_load_misfits():
    layer, ones = Linear(3, 2), np.ones((3, 2))
    before = layer.state_dict()
    for state, words in [
        ({"weight": ones}, ["bias"]), ({"weight": ones, "bias": np.ones(2), "extra": ones}, ["extra"]),
        ({"weight": ones, "bias": np.ones(3)}, ["bias", "(3,)", "(2,)"]), ({"kernel": ones}, ["weight", "kernel"]),
    ]:
        shapes = {name: array.shape for name, array in state.items()}
        try:
            layer.load_state_dict(state)
        except ValueError as error:
            for word in words:
                assert word in str(error), f"{shapes} into weight (3, 2), bias (2,): no {word} in the message: {error}"
        else:
            raise AssertionError(f"{shapes} was loaded into weight (3, 2), bias (2,)")
        assert np.array_equal(layer.weight.data, before["weight"]), "it failed and yet changed a weight: compare first"

test_unit_load_misfits()

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

1. How many parameters has `Sequential(Linear(784, 256), LayerNorm(256), GELU(), Dropout(0.5), Linear(256, 10))`?
2. `Dropout(0.9)` in training: by what are the numbers that stay multiplied?
3. What is the standard deviation of the weights that `Linear(300, 10)` starts with, to three decimals?
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
