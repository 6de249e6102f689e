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

> Layers: a base class that finds its own parameters, Linear, Dropout, LayerNorm and Sequential.

A layer is a function with memory: numbers that training will change, kept together with the code
that uses them. In this lesson you build the base class that finds these numbers, the layers that
most networks are made of, and a way to load what a network has learned.

About 3 hours: 9 exercises, some 50 lines to write, and an open question. Needs lessons 01 and 02.
Makes `tinytorch.core.layers`: `Module`, `Parameter`, `Linear`, `Dropout`, `LayerNorm`,
`Sequential`, `linear`, `layer_norm`, `manual_seed`, `generator`.
"""

# %%
#| default_exp core.layers

# %%
#| export
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

# %%
#| export
from tinytorch.core.tensor import Primitive, Tensor, apply, as_array, floating, in_float32, wrap
from tinytorch.support.axes import with_axes_joined
from tinytorch.support.casts import in_one_type
from tinytorch.support.chains import LayerList
from tinytorch.support.drawing import own_or
from tinytorch.support.large import or_kernel
from tinytorch.support.module_methods import ModuleMethods, naming_from_torch
from tinytorch.support.validation import check_callable, check_sizes, checked_lengths

# %%
from tinytorch.core.activations import relu
from tinytorch.core.tensor import Interceptor
from tinytorch.support import checks_layers
from tinytorch.support.checks import check, close, equal, explained, operations, raises, typed
from tinytorch.support.checks import unchanged

# %% [markdown]
r"""
## A network by hand

Here are three matrix products with a ReLU between them, and a list of what has to be trained. The
second layer was added later.
"""

# %%
rng = np.random.default_rng(0)
w1, b1 = Tensor(rng.normal(size=(64, 32))), Tensor(np.zeros(32))
w2, b2 = Tensor(rng.normal(size=(32, 32))), Tensor(np.zeros(32))
w3, b3 = Tensor(rng.normal(size=(32, 10))), Tensor(np.zeros(10))
to_train = [w1, b1, w3, b3]

def by_hand(x):
    return relu(relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3

# %%
used = [w1, b1, w2, b2, w3, b3]
print("output", by_hand(Tensor(rng.normal(size=(5, 64)))).shape)
print(sum(p.size for p in used), "numbers used,", sum(p.size for p in to_train), "in the list")

# %% [markdown]
r"""
Nothing fails. The network runs, its loss will even fall, and almost a third of the numbers never
change. A list that is kept by hand will one day be wrong. So no such list is written: a layer is an
object, its parameters are its attributes, and whoever needs them looks there.

## Module

The class is short, because everything a module knows of itself comes from one function, `walk`,
which visits all that the module holds. You will write that function in two steps.
"""

# %%
#| export
class Module(ModuleMethods):
    """Something with parameters or a mode: a layer, or a network. Subclasses define `forward`.

    Its parameters are its attributes, and in the lists, tuples, dicts and modules among them.
    """

    def named_modules(self) -> list[tuple[str, ModuleMethods]]:
        """This module, named "", and all modules in it, each once, with dotted names."""
        return [found for found in walk(self) if isinstance(found[1], ModuleMethods)]

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Every parameter once, with its dotted name, such as `layers.0.weight`."""
        return [found for found in walk(self) if is_parameter(found[1])]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give parameters and buffers copies of their numbers in `state`; ValueError if these do
        not fit. `from_torch` turns PyTorch's Linear weights, also square ones, that seem to fit."""
        with naming_from_torch(tensors := self.saved_tensors(), state):
            load_arrays(tensors, state)

# %%
#| export
class Parameter(Tensor):
    """A Tensor that a module trains, unless `requires_grad=False`, and saves."""

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None):
        super().__init__(data, dtype, requires_grad)

# %%
#| exporti
def is_parameter(part: Any) -> bool:
    """Whether `part` is a Parameter, or a Tensor nobody computed that requires a gradient."""
    leaf = isinstance(part, Tensor) and part._node is None
    return leaf and (isinstance(part, Parameter) or part.requires_grad)

# %% [markdown]
r"""
### Exercise: parts

What are the parts of one object? Those of a module are its attributes (`vars(module)` is a dict of
them), including those whose names begin with an underscore. Those of a dict, a list or a tuple are
its elements. Everything else (a tensor, a number, a function) has no parts.
"""

# %% nbgrader={"solution": true, "grade_id": "parts"}
#| exporti
def parts(owner: Any) -> list[tuple[str, Any]]:
    """The parts of a module, dict, list or tuple, in order, each with its name as a string: the
    attribute's, the key or the index. Anything else has none.

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
# Check of parts: run it when your cell has run.
@check
def test_unit_parts():
    module, inner, numbers = Module(), Module(), np.zeros(2)
    module.weight, module._blocks, module.size = Tensor([1.0]), [inner], 3
    cases = [(module, [("weight", module.weight), ("_blocks", module._blocks), ("size", 3)]),
             ([inner, 5], [("0", inner), ("1", 5)]), ((inner,), [("0", inner)]), (inner, []),
             ({"up": inner, 2: numbers}, [("up", inner), ("2", numbers)]), ("text", []), (3, []),
             (module.weight, []), (None, []), (relu, [])]
    ### BEGIN HIDDEN TESTS
    other = Module()
    other.down = {"x": module, 4.5: "y"}
    cases += [(other, [("down", other.down)]), (other.down, [("x", module), ("4.5", "y")]),
              ((1, inner), [("0", 1), ("1", inner)]), ([], []), (b"ab", []), (numbers, [])]
    ### END HIDDEN TESTS
    checks_layers.has_parts(parts, cases + checks_layers.module_parts(Module))

test_unit_parts()

# %% [markdown]
r"""
### Exercise: walk

Now visit the owner, then its parts, their parts, and so on. An object can be met twice. Two layers
may share a weight, which is still one parameter: counted twice, it would also be updated twice. Or
a part may point back to its owner, and a walk that does not remember where it has been would never
end. `id(part)` tells objects apart, while `==` would compare their contents.
"""

# %% nbgrader={"solution": true, "grade_id": "walk"}
#| exporti
def walk(owner: Any) -> list[tuple[str, Any]]:
    """`owner`, named "", and everything in it, each object once, with dotted names. What is in a
    part comes right after the part.

    >>> shared = [1]
    >>> [name for name, _ in walk({"a": [shared, 2], "b": shared})]
    ['', 'a', 'a.0', 'a.0.0', 'a.1']
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

# %% nbgrader={"grade": true, "grade_id": "test-walk", "points": 5}
# Check of walk: run it when your cell has run.
@check
def test_unit_walk():
    shared, ring = np.ones(2), ["u"]
    ring.append({"v": ("w", ring)})
    cases = [({"a": ["x", "y"], "b": ("z",)}, ["", "a", "a.0", "a.1", "b", "b.0"], "depth first"),
             ([shared, {"again": shared}, np.ones(2)], ["", "0", "1", "2"], "each object once"),
             (ring, ["", "0", "1", "1.v", "1.v.0"], "each object once"),
             ([Tensor([1.0]), 2], ["", "0", "1"], "a tensor has no parts")]
    ### BEGIN HIDDEN TESTS
    cases += [(("p", [["q", "r"], "s"], "t"), ["", "0", "1", "1.0", "1.0.0", "1.0.1", "1.1", "2"],
               "depth first"), ([{"k": shared}, [shared]], ["", "0", "0.k", "1"], "each once")]
    ### END HIDDEN TESTS
    checks_layers.walks(walk, cases)

test_unit_walk()

# %% nbgrader={"grade": true, "grade_id": "test-modes", "points": 3}
# Check of what walk finds in a module: run it when your cells have run.
@check
def test_unit_modes():
    net, block, shared, computed = Module(), Module(), Parameter([1.0, 2.0]), Parameter([1.0])
    computed._node = "the operation that made it"
    block.weight, block.owner, block.seen = Parameter([[3.0]], False), net, Tensor(np.zeros(4))
    net.first, net.blocks = shared, [relu, block, {"scale": Parameter(2.0), "again": shared}]
    net.last, net.computed = (Tensor([5.0], requires_grad=True), "text"), computed
    equal("the list of names of parameters", [name for name, _ in net.named_parameters()],
          ["first", "blocks.1.weight", "blocks.2.scale", "last.0"], "a weight used twice is one")
    got = [name for name, part in walk(net) if isinstance(part, Module)]
    equal("the list of names of modules", got, ["", "blocks.1"], "the net itself is one, named ''")
    net.eval()
    equal("training of the net, of a block in it and of another module, after net.eval()",
          (net.training, block.training, Module().training), (False, False, True))
    ### BEGIN HIDDEN TESTS
    net.stages = {"a": (Module(), [Module()])}
    assert not any(part.training for part in net.eval().modules()), "a module in a dict in a tuple"
    ### END HIDDEN TESTS

test_unit_modes()

# %% [markdown]
r"""
Two decisions deserve a note. A `Parameter` is a parameter even when it is frozen, with no gradient
required, because it has to be saved with the others. Any other Tensor may be an input that a module
remembers, so it counts only while it requires a gradient; `register_buffer(name, tensor)` saves one
that is not trained. And there is no `__init__`, so a subclass that forgets `super().__init__()`
loses nothing. The rest of Module is in `tinytorch/support/module_methods.py`, and uses `walk`.

## One random generator

Weights start at random, dropout drops at random, batches are shuffled. If each of these had a
generator of its own, each would have to be seeded to repeat a run. So there is one generator.
`manual_seed` does not make another, because somebody may hold the old one; it gives the old one a
new state.
"""

# %%
#| export
_generator = np.random.default_rng()

def generator() -> np.random.Generator:
    """The one generator from which initialisation, dropout and shuffling draw.

    Code that makes a batch for a DataLoader (lesson 08) gets one of the batch's own.
    """
    return own_or(_generator)

def manual_seed(seed: int) -> None:
    """Restart the generator from `seed`, a whole number of at least 0: it then repeats itself."""
    _generator.bit_generator.state = np.random.default_rng(seed).bit_generator.state

# %% [markdown]
r"""
## Linear

The layer that does most of the work is `x @ weight + bias`, with weight (in, out) and bias (out,).
(PyTorch stores the weight the other way round, (out, in), and multiplies by its transpose.) We make
it a primitive of its own, for two reasons. One record is kept instead of two, and the sum needs no
array of its own:
"""

# %%
import timeit

x, w, b = (rng.random(shape, dtype=np.float32) for shape in [(4096, 64), (64, 128), (128,)])

def in_place():
    y = x @ w
    y += b
    return y

for name, compute in [("x @ w + b", lambda: x @ w + b), ("y = x @ w; y += b", in_place)]:
    print(f"{name:18} {min(timeit.repeat(compute, number=5, repeat=3)) / 5 * 1e3:6.2f} ms")

# %% [markdown]
r"""
### Exercise: affine

x may have any number of axes; only the last one meets the weight. NumPy multiplies a stack of
matrices one by one. But all rows of all matrices meet the same weight, so they are rows of one tall
matrix: reshape x to two axes, multiply once, add the bias in place, and give the result its leading
axes back.
"""

# %% nbgrader={"solution": true, "grade_id": "affine"}
#| exporti
@in_float32
def affine(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x @ weight + bias: (..., in) by (in, out) plus (out,) gives (..., out), in one product of two
    matrices and with the bias added in place.

    >>> affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2), np.array([0.0, 10.0]))
    array([[ 1., 12.],
           [ 3., 14.]])
    """
    ### BEGIN SOLUTION
    out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
    ### END SOLUTION


LINEAR = Primitive("linear", in_one_type(affine))  # types meet as they do in lesson 01

# %% nbgrader={"grade": true, "grade_id": "test-affine", "points": 7}
# Check of affine: run it when your cell has run.
@check
def test_unit_affine():
    shapes = [(5, 3), (3,), (2, 5, 3), (2, 1, 4, 3), (0, 3), (2, 0, 3), (4, 3)]
    ### BEGIN HIDDEN TESTS
    shapes += [(3, 3), (6, 2, 7), (1, 1), (2, 2, 2, 2)]
    ### END HIDDEN TESTS
    for shape in shapes:
        for dtype, digits in [("float64", 1e-12), ("float32", 1e-5), ("float16", 1e-2)]:
            x, w, bias = (rng.normal(size=n).astype(dtype) for n in [shape, (shape[-1], 4), 4])
            call, wide = f"affine of {shape} by {w.shape} in {dtype}", np.float64
            with unchanged(call, x=x, weight=w, bias=bias):
                with explained(call, "leading axes stay, also those of length 0"):
                    got = affine(x, w, bias)
            typed(call, got, dtype, "the type that came in")
            close(call, got, x.astype(wide) @ w.astype(wide) + bias.astype(wide),
                  "x @ weight + bias", rtol=digits, atol=digits)
    checks_layers.one_product(affine)
    checks_layers.any_layout(affine)

test_unit_affine()

# %% [markdown]
r"""
### How large to start

Weights have to start different from each other: if all were equal, all columns of a layer would get
the same gradient and stay equal. How large they start matters too. Here, normally distributed
numbers pass through 20 layers of 64 by 64, once through the products alone and once with a ReLU
after each.
"""

# %%
def after_20_layers(spread, function):
    y = rng.normal(size=(100, 64))
    for _ in range(20):
        y = function(y @ rng.normal(scale=spread, size=(64, 64)))
    return y.std()

# %%
for name, spread in [("1", 1), ("1 / sqrt(64)", 1 / 8), ("sqrt(2 / 64)", 2**0.5 / 8),
                     ("1 / sqrt(3 * 64)", 1 / 8 / 3**0.5)]:
    alone, with_relu = (after_20_layers(spread, f) for f in (lambda y: y, lambda y: y.clip(0)))
    print(f"weights of {name:16}: after 20 layers {alone:7.1e}, with ReLU {with_relu:7.1e}")

# %% [markdown]
r"""
Each output is a sum of 64 products, so its standard deviation is that of the inputs times
$\sqrt{64}$ times that of the weights. Through products alone, $1/\sqrt{n}$ keeps the size of the
numbers for any number n of inputs; with ReLU, which drops half of them, $\sqrt{2/n}$ does. The last
line is PyTorch's default, and ours: uniform between $-1/\sqrt{n}$ and $1/\sqrt{n}$, which has the
standard deviation $1/\sqrt{3n}$. That is small. In a few layers it matters little, and in many the
LayerNorm below makes up for it.
"""

# %%
#| exporti
def uniform_parameter(bound: float, *shape: int) -> Parameter:
    """A float32 parameter that requires a gradient, drawn uniformly from -bound to bound."""
    return Parameter(generator().uniform(-bound, bound, shape), dtype=np.float32)

# %% [markdown]
r"""
### Exercise: linear

This is the function that the layer calls. Without a bias it is a plain product, `x @ weight`; with
one it is the primitive. A wrong last axis is a common mistake, and deserves a message with both
shapes in it.
"""

# %% nbgrader={"solution": true, "grade_id": "linear"}
#| export
def linear(x: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight + bias: (..., in) by (in, out), plus (out,) if there is a bias, gives (..., out).

    Raises ValueError naming the shapes of x and weight where the last axis of x is not `in` long.

    >>> linear([[1, 2]], Tensor([[1, 0, 2], [0, 1, 2]]))
    Tensor([[1., 2., 6.]], dtype=float32)
    """
    x = floating(x)
    ### BEGIN SOLUTION
    if x.shape[-1:] != weight.shape[:1]:
        raise ValueError(f"linear wants x of shape (..., {weight.shape[0]}) for weight "
                         f"{weight.shape}, got {x.shape}")
    return x @ weight if bias is None else apply(LINEAR, x, weight, bias)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-linear", "points": 5}
# Check of linear: run it when your cell has run.
@check
def test_unit_linear():
    sizes = [(3, 5), (7, 1)]
    ### BEGIN HIDDEN TESTS
    sizes += [(4, 4), (1, 6), (2, 3)]
    ### END HIDDEN TESTS
    for n, m in sizes:
        x, w, b = (Tensor(rng.normal(size=shape)) for shape in [(2, 3, n), (n, m), m])
        for bias, name in [([b], "linear"), ([], "matmul"), ([Tensor(np.zeros(m))], "linear")]:
            call = f"linear of {x.shape} by {w.shape} with{'' if bias else 'out'} bias"
            with explained(call, "these shapes fit"):
                got = linear(x, w, *bias)
            close(call, got, x.data @ w.data + sum(each.data for each in bias), "x @ weight + bias")
            ran = operations(Interceptor, lambda: linear(x, w, *bias))
            equal(f"the operations of {call}", ran, [name], "one primitive, through apply")
            checks_layers.takes_them_itself(
                call, Interceptor, lambda: linear(x, w, *bias), x, w, *bias)
        for shape in [(2, n + 1), (n + 1,), ()]:
            raises(f"linear of {shape} by {w.shape}", lambda: linear(np.zeros(shape), w, b),
                   ValueError, str(shape), str(w.shape), idea="name both shapes")

test_unit_linear()

# %% [markdown]
r"""
### Exercise: Linear

The layer holds the two parameters and gives them their first values. `uniform_parameter` draws one.
"""

# %% nbgrader={"solution": true, "grade_id": "linear-layer"}
#| export
class Linear(Module):
    """x @ weight + bias: (..., in_features) -> (..., out_features).

    `weight` is (in_features, out_features), `bias` (out_features,) or None, both drawn uniformly
    between -1/sqrt(in_features) and 1/sqrt(in_features).

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

    def forward(self, x: Any) -> Tensor: return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        bias = ", bias=False" if self.bias is None else ""
        return f"{self.in_features}, {self.out_features}{bias}"

# %% nbgrader={"grade": true, "grade_id": "test-linear-layer", "points": 5}
# Check of Linear: run it when your cell has run.
@check
def test_unit_linear_layer():
    cases = [(3, 5, True), (7, 1, True), (4, 6, False), (400, 1000, True), (4, 1000, True)]
    ### BEGIN HIDDEN TESTS
    cases += [(6, 2, True), (5, 5, False), (1, 3, True), (9, 2000, True)]
    ### END HIDDEN TESTS
    manual_seed(3)
    for n, m, bias in cases:
        layer, call = Linear(n, m, bias=bias), f"Linear({n}, {m}, bias={bias})"
        got = [(name, p.shape, p.requires_grad) for name, p in layer.named_parameters()]
        wanted = [("weight", (n, m), True), ("bias", (m,), True)][:1 + bias]
        equal(f"the list of parameters of {call}", got, wanted, "weight is (in, out), bias (out,)")
        for name, p in layer.named_parameters():
            typed(f"{call}: {name}", p, np.float32, "uniform_parameter draws one")
            largest, spread = np.abs(p.data).max() * n**0.5, p.data.std() * (3 * n)**0.5
            assert largest <= 1, f"{call}: {name} reaches {largest:.2f}/sqrt({n}), wanted at most 1"
            assert m < 1000 or abs(spread - 1) < 0.1, (
                f"{call}: the spread of {name} is {spread:.2f} of the right one: see the docstring")
        with explained(f"{call} of (2, 4, {n})", "bias is a parameter or None"):
            got = layer(np.ones((2, 4, n)))
        equal(f"the shape of {call} of (2, 4, {n})", got.shape, (2, 4, m))
    checks_layers.starts_from_the_seed(Linear, manual_seed)

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

A network can come to rely on a few of its numbers, which happen to be right for the examples that
it has seen. Dropout (Srivastava and others, 2014, JMLR 15) works against that: in training each
number is replaced by 0 with probability p, independently of the others and anew each time. In
evaluation nothing is dropped.

A sum over many numbers would then be larger in evaluation than it was in training. So in training
those that stay are divided by $1 - p$, and on average every number remains what it was.

### Exercise: Dropout

Make a mask of zeros and of $1/(1-p)$, of the type of x, and multiply x by it; `wrap` makes a tensor
of an array. `generator().random(shape, dtype=np.float32)` draws numbers from 0 to 1.
"""

# %% nbgrader={"solution": true, "grade_id": "dropout"}
#| export
class Dropout(Module):
    """In training, zero each number with probability `p` and divide the others by 1 - p.

    The result has the shape and type of x. In evaluation, and for p = 0, x itself is the result and
    nothing is drawn.
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
        mask = (generator().random(x.shape, dtype=np.float32) >= self.p).astype(x.dtype)
        mask /= 1 - self.p
        return x * wrap(mask)
        ### END SOLUTION

    def extra_repr(self) -> str: return str(self.p)

# %% nbgrader={"grade": true, "grade_id": "test-dropout", "points": 9}
# Check of Dropout: run it when your cell has run.
@check
def test_unit_dropout(number, p, wanted):
    checks_layers.drops(Dropout, Tensor, manual_seed, number, p, wanted)
    x, layer = Tensor([[number] * 4] * 2, requires_grad=True), Dropout(p)
    call, ran = f"Dropout({p}) in training", operations(Interceptor, lambda: layer(x))
    equal(f"the operations of {call}", ran, ["mul"], "one mask")
    checks_layers.takes_them_itself(call, Interceptor, lambda: layer(x), x)
    state = generator().bit_generator.state
    for what, quiet in [("in evaluation", layer.eval()), ("for p = 0", Dropout(0))]:
        assert quiet(x) is x, f"{what} x itself should be the result"
        assert generator().bit_generator.state == state, f"{what} nothing should be drawn"

test_unit_dropout(3.0, 0.5, [0, 6])
### BEGIN HIDDEN TESTS
test_unit_dropout(-1.5, 0.75, [-6, 0])
test_unit_dropout(3.0, 0.25, [0, 4])
### END HIDDEN TESTS

# %%
ones, layer = Tensor(np.ones(10_000)), Dropout(0.2)
print(f"training: mean {layer(ones).mean().item():.3f}, zeros {np.mean(layer(ones).data == 0):.1%}")
print(f"evaluation: mean {layer.eval()(ones).mean().item():.3f}")

# %% [markdown]
r"""
## LayerNorm

Above, numbers grew or shrank from layer to layer, and a good start was the only remedy. Layer
normalisation (Ba, Kiros and Hinton, 2016, arXiv:1607.06450) corrects them on the way: along the
last axis it subtracts the mean $\mu$ and divides by the standard deviation. A weight and a bias for
each feature then let training choose another size where it wants one.

$$y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \cdot w + b$$

The variance $\sigma^2$ is the mean of the squared distances from $\mu$ (over n, not n - 1), and
$\epsilon$ keeps a constant row from being divided by 0.

### Exercise: normalized

On paper the variance is also the mean of the squares minus $\mu^2$. For rows far from 0 that is the
difference of two large and nearly equal numbers, and few of its digits are right.
"""

# %% nbgrader={"solution": true, "grade_id": "layer-norm"}
#| exporti
@or_kernel("norm_kernels.layer_norm")  # of large arrays, as softmax in lesson 02
@np.errstate(over="ignore", invalid="ignore")  # a row that holds inf has no mean: it becomes nan
@in_float32
def normalized(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps) * weight + bias along the last axis.

    x is (..., n), weight and bias are (n,), and so the result is (..., n).

    >>> normalized(np.array([[1.0, 3.0], [5.0, 5.0]]), np.ones(2), np.zeros(2), 0.0001).round(3)
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


LAYER_NORM = Primitive("layer_norm", in_one_type(normalized))

# %% nbgrader={"grade": true, "grade_id": "test-layer-norm", "points": 7}
# Check of normalized: run it when your cell has run.
@check
def test_unit_layer_norm():
    cases = [((4, 5), 3, 100, 1e-5), ((2, 3, 5), 1e-3, 0, 1e-5), ((5,), 1, 3000, 1e-5),
             ((0, 5), 1, 0, 1e-5), ((2, 5), 0, 7, 1e-5), ((4, 5), 1, 0, 0.1)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 3), 0.5, -20, 1e-5), ((3, 2, 1, 8), 10, 4, 1e-5), ((1, 2), 1e-2, 1, 1e-5)]
    ### END HIDDEN TESTS
    draw = np.random.default_rng(6)
    for shape, scale, shift, eps in cases:
        for dtype, digits in [("float64", 1e-9), ("float32", 1e-3)]:
            x = (draw.normal(size=shape) * scale + shift).astype(dtype)
            weight, bias = draw.normal(size=(2, shape[-1])).astype(dtype)
            call = f"rows of {shape} near {shift}, spread {scale}, in {dtype}, eps={eps},"
            with unchanged(call, x=x, weight=weight, bias=bias):
                with explained(call, "each row has its own mean and variance"):
                    got = normalized(x, weight, bias, eps=eps)
            wide = x.astype(np.float64)
            root = np.sqrt(wide.var(axis=-1, keepdims=True) + eps)
            wanted = (wide - wide.mean(axis=-1, keepdims=True)) / root * weight + bias
            typed(call, got, dtype, "the type that came in")
            close(call, got, wanted, "each row: over n, eps inside the root, weight, bias",
                  rtol=digits, atol=digits)
    checks_layers.special_rows(normalized)

test_unit_layer_norm()

# %%
#| export
def layer_norm(x: Any, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Layer normalisation over the last axes of x: those of weight and bias (else ValueError)."""
    x = floating(x)
    if not weight.shape or x.shape[-weight.ndim:] != weight.shape:
        raise ValueError(f"layer_norm wants x of shape (..., {', '.join(map(str, weight.shape))}) "
                         f"for weight {weight.shape}, got {x.shape}")
    return with_axes_joined(lambda *rows: apply(LAYER_NORM, *rows, eps=eps), x, weight, bias)

# %%
#| export
class LayerNorm(Module):
    """The last axis, or axes, with mean 0 and variance 1, times `weight` plus `bias`, both of
    `normalized_shape`: a length or several."""

    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        lengths = checked_lengths(normalized_shape=normalized_shape)
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight = Parameter(np.ones(lengths, np.float32))
        self.bias = Parameter(np.zeros(lengths, np.float32))

    def forward(self, x: Any) -> Tensor: return layer_norm(x, self.weight, self.bias, self.eps)
    def extra_repr(self) -> str: return str(self.normalized_shape)

# %% [markdown]
r"""
Now the 20 layers again, with PyTorch's start and ReLU, and a LayerNorm after each product:
"""

# %%
y = Tensor(rng.normal(size=(100, 64)))
for _ in range(20):
    y = relu(LayerNorm(64)(Linear(64, 64)(y)))
print(f"standard deviation {y.numpy().std():.2f} after 20 layers")

# %% [markdown]
r"""
## Sequential

Most networks are chains: what comes out of one layer goes into the next. Anything that can be
called with a tensor can be a link: a module, an activation of lesson 02, a plain function.
"""

# %%
#| export
class Sequential(LayerList, Module):
    """Layers, or any callables, applied one after another; otherwise like a list of them."""

    def __init__(self, *layers: Callable[[Any], Any]):
        check_callable(*layers)
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

# %% [markdown]
r"""
A chain is not the only form. Any class with a `forward` will do, and `Module` finds what is in it.
This one adds its input to its output, which is the idea of a residual network:
"""

# %%
class Residual(Module):
    def __init__(self, *layers):
        self.inner = Sequential(*layers)

    def forward(self, x):
        return x + self.inner(x)

# %%
for name, parameter in Residual(LayerNorm(8), Linear(8, 8), relu, Dropout(0.1)).named_parameters():
    print(f"{name:22} {parameter.shape}")

# %% [markdown]
r"""
## Loading

What a network has learned is its parameters, and `state_dict` gives them as plain arrays by name.
Loading is where things go wrong: a file from another network, a layer that was renamed, an array of
another shape. A loader that takes what fits and leaves the rest gives a network that runs and is
wrong. Shapes do not show everything: a square weight of PyTorch's Linear fits as it is, and is the
transpose of ours. So what PyTorch has saved goes through `from_torch(model, state)` first.

### Exercise: load_arrays

First compare everything, and raise one error that lists all that does not fit. Only then change
anything. Each parameter gets a new array of its own, in its own type, since the state may be used
again. `as_array(data, dtype)` from lesson 01 copies.
"""

# %% nbgrader={"solution": true, "grade_id": "load-arrays"}
#| exporti
def load_arrays(parameters: dict[str, Tensor], state: Mapping[str, Any]) -> None:
    """Give each parameter a copy of `state[name]`, in the parameter's own type, as its new `data`.

    The state holds arrays, or lists of numbers. Nothing else of a parameter changes.
    Raises ValueError that lists missing names, unexpected names and shapes that differ; then no
    parameter has changed.

    >>> load_arrays({"a": Tensor([1.0])}, {"b": np.zeros(1)})
    Traceback (most recent call last):
    ValueError: the state does not fit: missing a; unexpected b
    """
    ### BEGIN SOLUTION
    problems = [f"missing {name}" for name in parameters if name not in state]
    problems += [f"unexpected {name}" for name in state if name not in parameters]
    known = [name for name in parameters if name in state]
    arrays = {name: as_array(state[name], parameters[name].dtype) for name in known}
    for name in known:
        if arrays[name].shape != parameters[name].shape:
            shapes = arrays[name].shape, parameters[name].shape
            problems.append(f"{name} has shape {shapes[0]}, wanted {shapes[1]}")
    if problems:
        raise ValueError(f"the state does not fit: {'; '.join(problems)}")
    for name in known:
        parameters[name].data = arrays[name]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-load-arrays", "points": 4}
# Check of load_arrays, where the state fits: run it when your cell has run.
@check
def test_unit_load_arrays(n, m):
    layer, state = Linear(n, m), {"weight": np.arange(n * m).reshape(n, m), "bias": [0.5] * m}
    held, old, layer.bias.requires_grad = layer.weight, layer.weight.data, False
    before = old.copy()
    with explained(f"loading a weight {(n, m)} and a list of {m} numbers for bias", "both fit"):
        layer.load_state_dict(state)
    assert layer.weight is held, "load into the parameter that is there: an optimizer may hold it"
    assert not layer.bias.requires_grad, "loading changed requires_grad of bias, which was frozen"
    assert np.array_equal(old, before), "the old array was written to, and others may hold it"
    equal("the list of names in the state after loading", [*state], ["weight", "bias"], "keep it")
    for name, p in layer.named_parameters():
        typed(f"{name}, loaded from {type(state[name]).__name__},", p, np.float32, "its own type")
        close(f"{name} after loading", p, state[name])
    state = layer.state_dict()
    layer.load_state_dict(state)
    with explained("writing to a loaded weight", "training changes it: it is the parameter's own"):
        layer.weight.data[0, 0] = 9
    assert state["weight"][0, 0] != 9, "network and state share an array: copy"
    checks_layers.loads_each(load_arrays, Tensor)

test_unit_load_arrays(3, 2)
### BEGIN HIDDEN TESTS
test_unit_load_arrays(4, 7)
### END HIDDEN TESTS

# %% nbgrader={"grade": true, "grade_id": "test-load-misfits", "points": 4}
# Check of load_arrays, where the state does not fit: run it when your cell has run.
@check
def test_unit_load_misfits(n, m):
    layer, w, b = Linear(n, m), np.ones((n, m)), np.ones(m)
    for state, words in [
        ({"weight": w}, ["bias"]), ({"weight": w, "bias": b, "extra": w}, ["extra"]),
        ({"weight": w, "bias": np.ones(m + 1)}, ["bias", f"({m + 1},)", f"({m},)"]),
        ({"kernel": w}, ["weight", "kernel", "bias"]),
        ({"weight": w.T, "bias": b[:1]}, ["weight", f"({m}, {n})", "bias", "(1,)"]),
    ]:
        before, shapes = layer.state_dict(), {name: array.shape for name, array in state.items()}
        call = f"loading {shapes} into weight {w.shape}, bias {b.shape}"
        raises(call, lambda: layer.load_state_dict(state), ValueError, *words, idea="list them all")
        for name, p in layer.named_parameters():
            assert np.array_equal(p.data, before[name]), f"{call} changed {name}: compare first"
    checks_layers.fits_nothing(load_arrays, Tensor)

test_unit_load_misfits(3, 2)
### BEGIN HIDDEN TESTS
test_unit_load_misfits(2, 5)
### END HIDDEN TESTS

# %% [markdown]
r"""
## What it is good for: a network for digits

Here is a network of the kind that lesson 07 will train, and what has to be saved of it.
"""

# %%
from tinytorch.core.activations import ReLU
from tinytorch.support.data import load_digits

images, labels = load_digits()

def build():
    return Sequential(Linear(64, 32), LayerNorm(32), ReLU(), Dropout(0.1), Linear(32, 10)).eval()

# %%
manual_seed(0)
model = build()
print(model, *[f"{name:16} {p.shape}" for name, p in model.named_parameters()], sep="\n")

# %% [markdown]
r"""
It has learned nothing yet, so it should be right about once in ten. About: the weights are random,
and so is the accuracy that comes with them. Here are 100 networks, each with other weights.
"""

# %%
import matplotlib.pyplot as plt

def accuracy(network):
    return np.mean(network(images).numpy().argmax(axis=1) == labels)

measured = np.array([accuracy(build()) for _ in range(100)])
print(f"this one {accuracy(model):.1%}, 100 others {measured.mean():.1%} on average, "
      f"{measured.max():.1%} at best")

# %%
plt.figure(figsize=(6, 2.5))
plt.hist(measured * 100, bins=range(0, 26, 2), color="0.6")
plt.axvline(10, color="C1", label="guessing")
plt.xlabel("accuracy of an untrained network, %")
plt.ylabel("networks")
plt.legend()
plt.show()

# %% [markdown]
r"""
Remember this picture when a network reaches 20 %: that may be luck. Last, the state goes to a file,
and from there into a network that started with other weights.
"""

# %%
from tempfile import TemporaryFile

other = build()
print("the other network:", f"{accuracy(other):.1%}", end="")
with TemporaryFile() as file:
    np.savez(file, **model.state_dict())
    file.seek(0)
    other.load_state_dict(np.load(file))
print(f", after loading {accuracy(other):.1%}")

# %% [markdown]
r"""
## Questions

Assign each answer to the name that follows its question.

1. How many parameters has
   `Sequential(Linear(784, 256), LayerNorm(256), ReLU(), Dropout(0.5), Linear(256, 10))`?
   (`parameter_count`)
2. `Dropout(0.9)` in training: by what are the numbers that stay multiplied? (`stay_factor`)
3. What is the standard deviation of the weights that `Linear(300, 10)` starts with, to three
   decimals? (`start_spread`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-layers"}
### BEGIN SOLUTION
parameter_count = 784 * 256 + 256 + 2 * 256 + 256 * 10 + 10
stay_factor = 10
start_spread = 0.033
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-layers", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_layers():
    layers = Sequential(Linear(784, 256), LayerNorm(256), ReLU(), Dropout(0.5), Linear(256, 10))
    spread = np.mean([Linear(300, 10).weight.data.std() for _ in range(50)])
    for name, answer, wanted, within, idea in [
        ("parameter_count", parameter_count, sum(p.size for p in layers.parameters()), 0,
         "Linear and LayerNorm have weight and bias"),
        ("stay_factor", stay_factor, Dropout(0.9)(np.ones(1000)).data.max(), 1e-6,
         "on average a number must stay what it is"),
        ("start_spread", start_spread, spread, 1e-3, "look again at how large to start"),
    ]:
        assert abs(answer - wanted) <= within, f"{name} is {answer}: {idea}"

test_question_layers()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-forgotten-eval", "points": 2}
r"""
**In your own words:** somebody measures the accuracy of the network above and forgets `eval()`.
Which of its layers behave differently, what will they see when they measure twice, and is the
accuracy more likely too high or too low?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Networks as objects that know their parameters and their mode, one generator for everything random,
and states that load as a whole or not at all. Lesson 04 measures how good a network's answers are.
"""
