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
# Lesson 05: Autograd

> Reverse-mode differentiation: a table of gradient rules, and the walk that uses it.

Training asks one question of every weight: if this number grew a little, how much would the loss
grow? The answers together are the gradient. You could find it by trial: move one weight to either
side, run the network, and compare. With n weights that takes 2n runs. This lesson finds all n
answers in the time of a few runs, for any program that you write with tensors. The method is
reverse-mode automatic differentiation; for neural networks it is called backpropagation.

You will build `numerical_gradient`, which works by trial and checks everything else; `backward`, a
walk over the graph of operations that lesson 01 recorded; and the table of gradient rules that
the walk uses. The first gradient flows after four short exercises.

About 5 hours: 10 exercises, some 50 lines to write, and an open question. Needs lessons 01 to 04.
Makes `tinytorch.core.autograd`: `backward`, `gradient_rule`, `joint_rule` and `check_gradients`.
"""

# %%
#| default_exp core.autograd

# %%
#| export
import math
from collections.abc import Callable

import numpy as np

from tinytorch.core.tensor import Node, Spec, Tensor, active_interceptors, array_product, cast_array
from tinytorch.core.tensor import in_float32, no_grad, quiet, top_interceptor, wrap
from tinytorch.support.arrays import masked, rows_of, softmax_of_rows, with_axes
from tinytorch.support.checks_gradients import worst_error
from tinytorch.support.dtypes import is_half
from tinytorch.support.gradients import given_rules, layer_norm_rule, linear_rule, matmul_rules
from tinytorch.support.gradients import accumulating, starting_gradient
from tinytorch.support.versions import saved

# %%
from itertools import product

from tinytorch.support.checks import check, close, complaint, equal, outcome, typed
from tinytorch.support.checks_gradients import backward_agrees, chain_of, drawn, owed
from tinytorch.support.checks_gradients import gradients_held, rules_agree
from tinytorch.support.checks_walks import asked_in_turn, manners, nodes_found, ones_summed, summed

# %% [markdown]
r"""
## Finite differences

Trial is slow, but it needs no theory, so it can check one. Move one number by a small step h to
either side. The slope between the two results is nearly the derivative:

$$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}$$

### Exercise: numerical_gradient

Copy the tensors to `float64`: in `float32` the difference of two nearly equal numbers is mostly
rounding, and the tensors you were given have to stay as they are. Then move one number after
another, and put each back before the next moves. `np.ndindex(shape)` runs through all positions
of an array. Nobody will ask for the gradients of these runs, so keep no record (`no_grad`).
"""

# %% nbgrader={"solution": true, "grade_id": "numerical-gradient"}
#| exporti
def numerical_gradient(function: Callable, *tensors: Tensor, step: float = 1e-6) -> list:
    """The gradient of `function(*tensors)` by central differences, a float64 array for each tensor.

    Where the function gives more than one number, their sum is differentiated. It is called twice
    for each number, with float64 copies of the tensors, which stay as they are, and not recorded.

    >>> numerical_gradient(lambda x: x * x, Tensor([3.0]))[0].round(4)
    array([6.])
    """
    ### BEGIN SOLUTION
    copies = [Tensor(t.data, dtype=np.float64) for t in tensors]
    slopes = [np.zeros(t.shape) for t in copies]
    with no_grad():
        for copy, slope in zip(copies, slopes):
            for i in np.ndindex(copy.shape):
                here = copy.data[i]
                copy.data[i] = here + step
                above = function(*copies).data.sum()
                copy.data[i] = here - step
                below = function(*copies).data.sum()
                copy.data[i] = here
                slope[i] = (above - below) / (2 * step)
    return slopes
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-numerical-gradient", "points": 4}
# Check of numerical_gradient: run it when your cell has run.
@check
def test_unit_numerical_gradient():
    cases = [([[0.5, -1.0], [2.0, 3.0]], [1.5, -2.0], [4.25, 10.0]), (3.0, -2.0, 9.0),
             (0.5, 0.00015, 0.25)]
    ### BEGIN HIDDEN TESTS
    cases += [([[1.0, 2.0, -1.5]], [0.5, 0.0, 4.0], [1.0, 4.0, 2.25])]
    ### END HIDDEN TESTS
    for x, w, to_w in cases:
        what, tensors = f"the gradient of x * x * w at x={x}, w={w}", (Tensor(x), Tensor(w))
        found = outcome(what, lambda: numerical_gradient(lambda x, w: x * x * w, *tensors))
        for name, got, wanted in zip("xw", found, (2 * np.multiply(x, w), to_w)):
            close(f"{what} with respect to {name}", got, wanted, "one number at a time", atol=1e-6)
            typed(f"{what} with respect to {name}", got, np.float64)
        close(f"{what}, after which x", tensors[0], np.array(x), "move a copy")
    asked_in_turn(numerical_gradient, Tensor)

test_unit_numerical_gradient()

# %% nbgrader={"grade": true, "grade_id": "test-numerical-gradient-step", "points": 2}
# Check of numerical_gradient, its step: run it when your cell has run.
@check
def test_unit_numerical_gradient_step():
    cases = [([3.0], 0.5, [54.5]), ([3.0], 1.0, [56.0])]
    ### BEGIN HIDDEN TESTS
    cases += [([2.0], 0.25, [24.125]), ([-1.0], 2.0, [14.0]), ([0.0], 0.5, [0.5])]
    ### END HIDDEN TESTS
    for at, step, wanted in cases:
        got = numerical_gradient(lambda x: x * x * x * 2.0, Tensor(at), step=step)[0]
        close(f"the slope of 2 x^3 at {at}, step={step},", got, wanted, "one step to either side")
    got = numerical_gradient(lambda x, w: x[:1] * x[1:] * w, Tensor([3, 2]), Tensor([5]), step=0.5)
    for name, slopes, wanted in zip("xw", got, ([10, 15], [6])):
        close(f"the gradient of x0 x1 w at [3, 2], 5, step=0.5, with respect to {name}", slopes,
              wanted, "put each number back")

test_unit_numerical_gradient_step()

# %% [markdown]
r"""
How small should h be? The formula is wrong by a term that shrinks with $h^2$. But the rounding of
the results is divided by h. Here is the error of the derivative of $x^3$ at 2, which is 12:
"""

# %%
for power in range(1, 11):
    found = numerical_gradient(lambda x: x * x * x, Tensor(2.0), step=10.0**-power)[0]
    print(f"step 1e-{power}: error {abs(found - 12):.0e}")

# %% [markdown]
r"""
The best step here is 1e-5. The default of 1e-6 costs less than a digit, and is less likely to
step across a kink, such as ReLU's at 0.

## One rule for each operation

Now the theory. Let the loss be $L$, and let an operation in the middle of the network compute
$y = f(a, b)$. Suppose that $g = \partial L / \partial y$ is known, an array of y's shape. The
chain rule then gives the gradients with respect to the inputs, from this operation alone:

$$\frac{\partial L}{\partial a} = g \cdot \frac{\partial f}{\partial a}
\qquad \frac{\partial L}{\partial b} = g \cdot \frac{\partial f}{\partial b}$$

So each operation gets a line in a table, with a rule for each input: a function of `g`, the
output `y` and the inputs. What the operation did not save (lesson 01's `saves`) is not there when
its rule is called: such an input arrives as a `Spec`, which has only a shape and a dtype, and
such a `y` as `None`. The simplest need g alone: in $a + b$ both get g; in $a - b$, g and -g.
"""

# %%
#| export
def gradient_rule(name: str, *rules: Callable[..., np.ndarray] | None) -> None:
    """Set the rules of operation `name`, one for each input: `rule(g, y, *inputs, **options)`.

    `g` is the gradient with respect to the output `y`. What was not saved is a Spec, or None for y.
    The answer is an array of the input's shape, or of one that the input was broadcast to.
    """
    RULES[name] = rules

# %%
#| exporti
RULES: dict[str, tuple[Callable | None, ...] | Callable[..., list]] = {}
gradient_rule("add", lambda g, y, a, b: g, lambda g, y, a, b: g)
gradient_rule("sub", lambda g, y, a, b: g, lambda g, y, a, b: -g)
gradient_rule("neg", lambda g, y, a: -g)

# %% [markdown]
r"""
### Exercise: mul_to_a

A product saves its inputs and not `y`. If a grows a little, how much does $a b$ grow? Stay in the
type that comes in: a rule makes `float32` of `float32` arrays, or the backward pass takes twice
the memory. Python's numbers do no harm, since 2 or 0.5 takes the array's type; `np.float64(2)`
does not. The check calls your rule as the backward pass will, with what was saved and no more.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-arithmetic"}
#| exporti
def mul_to_a(g, y, a, b):
    """The gradient with respect to a, where y = a * b and g is the gradient with respect to y.

    >>> mul_to_a(np.array([10.0]), None, np.array([2.0]), np.array([3.0]))
    array([30.])
    """
    ### BEGIN SOLUTION
    return g * b
    ### END SOLUTION


gradient_rule("mul", mul_to_a, lambda g, y, a, b: mul_to_a(g, y, b, a))

# %% nbgrader={"grade": true, "grade_id": "test-rules-arithmetic", "points": 4}
# Check of mul_to_a: run it when your cell has run.
@check
def test_unit_rules_arithmetic():
    cases = [([0.5, -2.0, 3.0], [2.0, 3.0, -1.5]), ([[4.0, 0.0]], [[-2.0], [0.0]]), (3.0, 2.0)]
    ### BEGIN HIDDEN TESTS
    cases += [([4.0, -0.25, 0.0], [-1.25, 2.5, 0.0]), ([[1.5], [0.0]], [-3.0, 5.0])]
    ### END HIDDEN TESTS
    for a, b in cases:
        rules_agree(RULES, "a * b", lambda a, b: a * b, Tensor(a), Tensor(b),
                    idea="g times the slope of the product")

test_unit_rules_arithmetic()

# %% [markdown]
r"""
## The walk

These four operations are enough for any polynomial. What is missing is the order of their rules.

A result that requires a gradient has a `_node`, the record of its operation. The node's `edges`
lead to its inputs: for each of them the node that made it, or the leaf tensor itself, or `None`
where no gradient is wanted. Start at the loss, with g = 1, and go backwards. At each node the
rules turn its g into a *share* for each input, and the share goes where the edge points. A number
that was used twice gets two shares, and its gradient is their sum.

A node's turn may come only when everything that used its output has had its turn; before that its
g is not complete. Lesson 01 numbers the nodes in `order` as they are made, and a node is made
after the nodes that it uses. So it is enough to go from the highest order down.

### Exercise: nodes_in_order

Follow the edges from the last node, without recursion: Python allows some 1,000 calls inside each
other, and a graph may be deeper. Keep a list of nodes whose edges are yet to be followed, and a
set of those found, since many ways may lead to one node.
"""

# %% nbgrader={"solution": true, "grade_id": "nodes-in-order"}
#| exporti
def nodes_in_order(last: Node) -> list[Node]:
    """Every node that `last` depends on, itself included, each once, from the highest order down.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> [node.primitive.name for node in nodes_in_order((x * x + x)._node)]
    ['add', 'mul']
    """
    ### BEGIN SOLUTION
    found, waiting = {last}, [last]
    while waiting:
        for edge in waiting.pop().edges:
            if isinstance(edge, Node) and edge not in found:
                found.add(edge)
                waiting.append(edge)
    return sorted(found, key=lambda node: node.order, reverse=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-nodes-in-order", "points": 6}
# Check of nodes_in_order: run it when your cell has run.
@check
def test_unit_nodes_in_order():
    x, count = Tensor([1.0, 2.0], requires_grad=True), 5000
    y = x * 2
    cases = [("nodes_in_order of sum(2x + exp 2x)", (y + y.exp()).sum(), "sum add exp mul")]
    ### BEGIN HIDDEN TESTS
    y, z, count = x.tanh(), x.sqrt(), 3333
    cases += [("nodes_in_order of exp y - z y", y.exp() - z * y, "sub mul exp sqrt tanh")]
    ### END HIDDEN TESTS
    for what, result, wanted in cases:
        nodes = outcome(what, lambda: nodes_in_order(result._node), "an edge may lead to a leaf")
        got = " ".join(node.primitive.name for node in nodes)
        equal(what, got, wanted, "each once, the latest first")
    nodes_found(nodes_in_order, x, count)

test_unit_nodes_in_order()

# %% [markdown]
r"""
### One step

`pull_back` makes one step of the walk, and is given. It asks a node's rules, skips the inputs that
want no gradient, and fits each answer to its input: `unbroadcast`, the exercise after the next,
restores a shape that was stretched. An operation without a rule is an error, and so is a rule that
reads an array changed since the forward pass (`saved` looks): a wrong gradient would be worse.

A rule may answer with `g` itself, as addition's does for both inputs. Two leaves must not hold one
array, so `pull_back` then hands on a view of g, and `accumulate`, below, copies what is a view.
"""

# %%
#| exporti
def _answers(node: Node, g: np.ndarray) -> list[np.ndarray | None]:
    name, edges, given = node.primitive.name, node.edges, (g, *saved(node))
    if name not in RULES:
        raise NotImplementedError(
            f"{name!r} has no gradient rule: add gradient_rule({name!r}, ...) beside its forward")
    line = RULES[name]
    if callable(line):  # one rule for all inputs: see joint_rule
        return line(*given, needs=tuple([edge is not None for edge in edges]), **node.options)
    return [None if edge is None else rule(*given, **node.options)
            for rule, edge in zip(line, edges)]

# %%
#| exporti
def _fitted(share: np.ndarray, x: np.ndarray | Spec, g: np.ndarray) -> np.ndarray:
    if share.shape != x.shape:
        share = unbroadcast(share, x.shape)
    if share.dtype != x.dtype:
        share = cast_array(share, x.dtype)
    return share.view() if share is g else share

# %%
#| exporti
def pull_back(node: Node, g: np.ndarray) -> list[np.ndarray | None]:
    """The share of each input of a node, `g` being the gradient with respect to its output.

    None for an input that wants no gradient. Goes through the interceptors, as `apply` does, so
    that a profiler sees the backward pass too.
    """
    if active_interceptors():
        with top_interceptor() as top:
            return top.backward(node, g)
    shares = zip(_answers(node, g), node.inputs, node.edges)
    return [None if edge is None else _fitted(share, x, g) for share, x, edge in shares]

# %% [markdown]
r"""
### Exercise: backward

The rest of the walk is given. `starting_gradient(tensor, gradient)` is the g of the last node, 1
unless the caller gave another. `nodes_to_walk(last)` is your `nodes_in_order`, with an error if a
node was released. `accumulate(leaf, share)` adds to `leaf.grad`, where gradients add up until
somebody clears them. `release(node)` lets go of what the node saved.

Keep a dict from node to the gradient that it has collected so far, with the last node in it. For
each node in order: take its gradient out of the dict, pull it back, and hand each share to where
its edge points. At a node, add it to what that has collected; at a leaf, accumulate it; at `None`
do nothing. Then release the node, unless `retain_graph` keeps it for another walk.

Add shares with `+`: `+=` would write into an array that may be another node's gradient too. And a
tensor without a node is a leaf: it gets the starting gradient, and there is nothing to walk.
"""

# %%
#| exporti
def nodes_to_walk(last: Node) -> list[Node]:
    """`nodes_in_order(last)`; RuntimeError where an earlier walk has released one of them."""
    nodes = nodes_in_order(last)
    if any([node.inputs is None for node in nodes]):
        raise RuntimeError(
            "backward() has walked over part of this graph before, and what was saved there is "
            "gone: run the forward pass again, or keep it with backward(retain_graph=True)")
    return nodes

# %%
#| exporti
def release(node: Node) -> None:
    """Let go of what a node saved."""
    node.edges, node.inputs, node.output = (), None, None

def accumulate(leaf: Tensor, share: np.ndarray) -> None:
    """Add `share` to `leaf.grad`, in an array that nobody else holds."""
    with accumulating:  # a lock: walks on other threads may end at this leaf too
        share = share if leaf.grad is None else leaf.grad.data + share
        leaf.grad = wrap(share if share.base is None else share.copy())

# %% nbgrader={"solution": true, "grade_id": "backward"}
#| export
@quiet
def backward(tensor: Tensor, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
    """Add d(tensor)/d(leaf) to `.grad` of every leaf that requires a gradient.

    `gradient`, of the tensor's shape, is needed unless the tensor is a single number. Each
    node and its gradient are let go when its turn is over; with `retain_graph` the nodes stay.
    Baydin and others, Automatic Differentiation in Machine Learning: a Survey (2018), reverse mode.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> backward(x * x + x)
    >>> x.grad
    Tensor(7., dtype=float32)
    """
    start = starting_gradient(tensor, gradient)
    ### BEGIN SOLUTION
    if tensor._node is None:
        return accumulate(tensor, start)
    collected = {tensor._node: start}
    for node in nodes_to_walk(tensor._node):
        for edge, share in zip(node.edges, pull_back(node, collected.pop(node))):
            if isinstance(edge, Node):
                collected[edge] = collected[edge] + share if edge in collected else share
            elif edge is not None:
                accumulate(edge, share)
        if not retain_graph:
            release(node)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-backward", "points": 12}
# Check of backward: run it when your cell has run.
@check
def test_unit_backward():
    cases = [(1.5, -2.0, 0.5), (2.0, 3.0, -1.0)]
    ### BEGIN HIDDEN TESTS
    cases += [([-0.75, 1.0], [4.0, 3.0], [2.5, -1.0])]
    ### END HIDDEN TESTS
    for case in cases:
        backward_agrees(backward, f"(x w + b)(x - w) at x, w, b = {case}", lambda x, w, b: (
            x * w + b) * (x - w), *map(Tensor, case), idea="a share goes where its edge points")

test_unit_backward()

# %% nbgrader={"grade": true, "grade_id": "test-backward-graphs", "points": 5}
# Check of backward, its sums: run it when your cell has run.
@check
def test_unit_backward_graphs():
    cases = [([1.0, 2.0, 3.0], 20000)]
    ### BEGIN HIDDEN TESTS
    cases += [([-0.5, 4.0], 3000)]
    ### END HIDDEN TESTS
    graphs = [
        ("s + s x, s = x x", lambda x: (lambda s: s + s * x)(x * x), 1, "s collects two shares"),
        ("x + y", lambda x, y: x + y, 2, "each leaf gets a share, in an array of its own"),
        ("a + (a + b), a = 2x", lambda x, y: (lambda a: a + (a + y * 3.0))(x * 2.0), 2,
         "who else holds the array that you add to?")]
    for values, length in cases:
        for what, function, count, idea in graphs:
            backward_agrees(backward, what, function, *[Tensor(values)] * count, idea=idea)
        backward_agrees(backward, f"{length} nodes in a row", lambda x: chain_of(x, length),
                        Tensor(values), idea="take each node once")

test_unit_backward_graphs()

# %% nbgrader={"grade": true, "grade_id": "test-backward-edges", "points": 3}
# Check of backward, its ends: run it when your cell has run.
from tinytorch.core.tensor import Interceptor, Primitive, apply

@check
def test_unit_backward_edges():
    cases = [[1.0, 2.0]]
    ### BEGIN HIDDEN TESTS
    cases += [[0.5, -3.0, 1.5]]
    ### END HIDDEN TESTS
    for values in cases:
        x, y = (Tensor(values, requires_grad=True) for _ in range(2))
        square, strange = x * x, apply(Primitive("new", np.positive), x) * 2.0
        for keep in (True, False):
            outcome("x * x, walked twice", lambda: backward(square, y, keep), "keep the graph")
        close(f"backward(x * x, x) at {values}, twice: x.grad", x.grad, 4 * x.data**2, "start at x")
        outcome("backward of a leaf", lambda: (backward(y, x), backward(y, x)), "it has no node")
        close("backward of a leaf, twice: its grad", y.grad, 2 * y.data, "add the start to it")
        for what, result, word in [("x * x again", square, "again"), ("new(x)", strange, "rule")]:
            assert word in complaint(lambda: backward(result, y)), (
                f"backward of {what}: nodes_to_walk or pull_back should refuse it")
        assert strange._node.inputs is None, "release a node when its turn is over, not at the end"
        manners(backward, pull_back, Tensor, Interceptor, values)
    held = gradients_held(backward, Tensor)
    assert held < 10, f"{held:.0f} gradients of 50 nodes lived at once: take out each in its turn"

test_unit_backward_edges()

# %% [markdown]
r"""
### The first gradient

Now watch it work. An interceptor (lesson 01) sees the backward pass too, so it can print each turn.
"""

# %%
class Narrator(Interceptor):
    def backward(self, node, g):
        shares = pull_back(node, g)
        print(f"{node.primitive.name}: g is {g}, its shares are {[float(s) for s in shares]}")
        return shares

x, w = Tensor(2.0, requires_grad=True), Tensor(5.0, requires_grad=True)
with Narrator():
    backward(x * x * w + w)
print("backward:", x.grad.item(), w.grad.item(), " finite differences:",
      *numerical_gradient(lambda x, w: x * x * w + w, x, w))

# %% [markdown]
r"""
Read it from the top. The addition hands its g to both sides. The product of $x^2$ and w sends
5, which is w, to $x^2$, and it sends 4, which is $x^2$, to w, where that joins the 1 from the
addition. The product of x and x sends x two shares of 10. That is all of backpropagation; the rest
of the lesson adds rules. (Once it is complete, `loss.backward()` does what `backward(loss)` does.)

## Broadcasting

Where an input was stretched to fit the other, each of its numbers was used several times, and
gets a share from each use. `pull_back` leaves their sum to one function.

### Exercise: unbroadcast

Sum over the axes in front that the input does not have, and over those where it has length 1 and
the gradient has more. Add 16-bit numbers in `float32`, since in `float16` 2048 + 1 is 2048:
`is_half(dtype)` says whether a type has 16 bits, and `cast_array(array, dtype)` casts back.
"""

# %% nbgrader={"solution": true, "grade_id": "unbroadcast"}
#| exporti
def unbroadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `gradient` over the axes along which an array of `shape` was stretched; its type stays.

    >>> unbroadcast(np.ones((4, 3)), (3,))
    array([4., 4., 4.])
    """
    ### BEGIN SOLUTION
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    longer = [i for i, n in enumerate(shape, extra) if n == 1 and gradient.shape[i] != 1]
    wide = np.float32 if is_half(gradient.dtype) else gradient.dtype
    summed = gradient.sum(axis=(*range(extra), *longer), dtype=wide)
    return cast_array(summed, gradient.dtype).reshape(shape)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-unbroadcast", "points": 6}
# Check of unbroadcast: run it when your cell has run.
@check
def test_unit_unbroadcast():
    cases = [((2, 3, 4), shape) for shape in [(2, 3, 4), (3, 1), (4,), (1, 1, 4), (), (2, 1, 1)]]
    cases += [((0, 3), (1, 3)), ((3, 1, 2), (1, 2))]
    narrow = [("float16", (5000, 3), (3,)), ("bfloat16", (5000, 3), (1, 3)),
              ("float16", (2049, 3), ()), ("float32", (20, 3), (3,))]
    ### BEGIN HIDDEN TESTS
    cases += [((5, 2, 2), (2, 1)), ((0, 3), (3,)), ((5, 4, 1), (1, 1)), ((1, 2, 4), (1, 4))]
    narrow += [("float16", (3000, 2), (1, 2)), ("bfloat16", (4000, 2), (2,)),
               ("float16", (3, 2051), (1, 1)), ("float32", (7, 2), ())]
    ### END HIDDEN TESTS
    for wide, shape in cases:
        summed(unbroadcast, wide, shape, "sum over what was stretched")
    for dtype, wide, shape in narrow:
        ones = Tensor(np.ones(wide), dtype).data
        ones_summed(unbroadcast, ones, shape, "add 16-bit numbers in float32, and cast once")

test_unit_unbroadcast()

# %% [markdown]
r"""
## Rules: one element at a time

Some rules are cheapest in terms of the output: the derivative of $e^x$ is $e^x$ itself. That is
why lessons 01 and 02 let such operations save their output and not their input.

### Exercise: tanh_rule, maximum_rule

The derivative of $\tanh x$ is $1 - \tanh^2 x$, and tanh saves its output. The larger of two
numbers gets all of g, the other gets 0, and at a tie, as in PyTorch, each gets half; maximum
saves its inputs. Choose with `np.where`, and do not multiply g by 0 and 1: a g that has
overflowed is `inf`, and `inf * 0` is `nan`. (`in_float32` serves rules as it serves forwards.)
"""

# %% nbgrader={"solution": true, "grade_id": "rules-elementwise"}
#| exporti
def tanh_rule(g, y, x):
    """The gradient with respect to x, where y = tanh(x); x was not saved."""
    ### BEGIN SOLUTION
    return g * (1 - y * y)
    ### END SOLUTION


def maximum_rule(g, y, a, b):
    """The gradient with respect to a, where y = maximum(a, b); y was not saved.

    >>> maximum_rule(np.array([1.0, 1.0]), None, np.array([3.0, 3.0]), np.array([2.0, 3.0]))
    array([1. , 0.5])
    """
    ### BEGIN SOLUTION
    return np.where(a < b, 0, np.where(a == b, g / 2, g))
    ### END SOLUTION


gradient_rule("tanh", in_float32(tanh_rule))
gradient_rule("maximum", maximum_rule, lambda g, y, a, b: maximum_rule(g, y, b, a))

# %% nbgrader={"grade": true, "grade_id": "test-rules-elementwise", "points": 8}
# Check of tanh_rule and maximum_rule: run it when your cell has run.
@check
def test_unit_rules_elementwise():
    nan, inf, idea = np.nan, np.inf, "who gets g, and who 0?"
    cases = [([0.5, 2, 3], [3.0, 2, 1], [1, 1, inf], [0, 0.5, inf], [1, 0.5, 0]),
             ([1.0, 0, 3], [1.000001, -0.0, 0], [1, 3, nan], [0, 1.5, nan], [1, 1.5, 0])]
    ### BEGIN HIDDEN TESTS
    cases += [([-1.0, 0, 4], [-1.0, -2, 6], [4, 3, -inf], [2, 3, 0], [2, 0, -inf])]
    ### END HIDDEN TESTS
    for a, b, g, *wanted in cases:
        rules_agree(RULES, "tanh", Tensor.tanh, Tensor(a), idea="g times the slope, by y alone")
        rules_agree(RULES, "maximum", Tensor.maximum, Tensor([a]), Tensor([2.5]), idea=idea)
        y = Tensor(a, requires_grad=True).maximum(Tensor(b, requires_grad=True))
        for i in range(2):
            close(f"maximum of {a} and {b} with g={g}: the rule for input {i}", owed(
                RULES, y, i, np.float32(g)), np.float32(wanted[i]), idea)
    far = owed(RULES, Tensor([-40.0, 30.0], requires_grad=True).tanh(), 0, np.float32([1e30, 1e30]))
    close("tanh at -40 and 30 with a g of 1e30: the rule", far, [0, 0], "the slope alone, as it is")

test_unit_rules_elementwise()

# %% [markdown]
r"""
## Rules: sums and means

The sum of a row grows as fast as each of its elements, so each gets the row's g. The rule of
`sum` puts the lost axes back, with length 1, and lets broadcasting do the rest. A mean also
divides by the number of elements that went into it.

### Exercise: sum_rule, mean_rule

`axis` is a tuple of axes, or None for all of them. `with_axes(array, axis, keepdims, ndim)` puts
them back into a result that was reduced from `ndim` axes, and `np.broadcast_to(array, shape)`
stretches it. Neither operation saves anything, so `x` is a `Spec`.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-reductions"}
#| exporti
def sum_rule(g, y, x, axis, keepdims):
    """The gradient of a sum, in the shape of x.

    >>> sum_rule(np.array(5.0), None, Spec((3,), np.dtype(float)), None, False)
    array([5., 5., 5.])
    """
    ### BEGIN SOLUTION
    return np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)
    ### END SOLUTION


def mean_rule(g, y, x, axis, keepdims):
    """The gradient of a mean, in the shape of x."""
    ### BEGIN SOLUTION
    return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y, x, axis, keepdims)
    ### END SOLUTION


gradient_rule("sum", sum_rule)
gradient_rule("mean", in_float32(mean_rule))

# %% nbgrader={"grade": true, "grade_id": "test-rules-reductions", "points": 6}
# Check of sum_rule and mean_rule: run it when your cell has run.
@check
def test_unit_rules_reductions():
    cases = [((2, 3, 4), (1,)), ((2, 3, 4), (0, 2)), ((2, 3), None), ((2,), ()), ((0, 3), (0,))]
    ### BEGIN HIDDEN TESTS
    cases += [((2, 3, 4), (0,)), ((4, 1, 2), (1, 2)), ((1, 1), (0,)), ((2, 0), None)]
    ### END HIDDEN TESTS
    for (shape, axis), keep, f in product(cases, (False, True), (Tensor.sum, Tensor.mean)):
        rules_agree(RULES, f"{f.__name__} with axis={axis}, keepdims={keep}", lambda x: f(
            x, axis, keep), Tensor(drawn(*shape)), idea="how many numbers made each result?")

test_unit_rules_reductions()

# %% [markdown]
r"""
## Rules: matrix products

For $C = A B$ the two rules are products again, $G B^\top$ and $A^\top G$. The shapes alone allow no
other product. The axes before the last two count a batch of such products and stay where they
are: swap the last two only, by `np.swapaxes(b, -1, -2)`; `b.T` would reverse them all.

### Exercise: product_to_a, product_to_b

`array_product(a, b)` is lesson 01's product of arrays. Your rules see matrices and batches of
them only, for a vector arrives as one row (on the left) or one column (on the right). Where an
operand was stretched over a batch, leave the sum to `pull_back`.
"""

# %% nbgrader={"solution": true, "grade_id": "rules-matmul"}
#| exporti
def product_to_a(g, a, b):
    """The gradient of a @ b with respect to a, of shape (..., m, k); b is (..., k, n).

    >>> product_to_a(np.ones((2, 4)), np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 3)
    """
    ### BEGIN SOLUTION
    return array_product(g, np.swapaxes(b, -1, -2))
    ### END SOLUTION


def product_to_b(g, a, b):
    """The gradient of a @ b with respect to b, of shape (..., k, n); a is (..., m, k)."""
    ### BEGIN SOLUTION
    return array_product(np.swapaxes(a, -1, -2), g)
    ### END SOLUTION


gradient_rule("matmul", *map(in_float32, matmul_rules(product_to_a, product_to_b)))

# %% nbgrader={"grade": true, "grade_id": "test-rules-matmul", "points": 8}
# Check of product_to_a and product_to_b: run it when your cell has run.
@check
def test_unit_rules_matmul():
    pairs = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3, 4, 2), (2, 3, 2, 5)), ((3,), (3, 2))]
    ### BEGIN HIDDEN TESTS
    pairs += [((2, 3), (3,)), ((3,), (5, 3, 2)), ((3,), (3,)), ((4, 3, 3), (3, 3))]
    ### END HIDDEN TESTS
    for left, right in pairs:
        rules_agree(RULES, "a @ b", lambda a, b: a @ b, Tensor(drawn(*left)), Tensor(drawn(*right)),
                    idea="which matrix is transposed, and on which side of G does it stand?")

test_unit_rules_matmul()

# %% [markdown]
r"""
## Rules: cross-entropy

This rule is worth deriving on paper once. With respect to a row of logits, the gradient of the
row's loss is softmax(logits) - target, where the target is 1 at the right class and 0 elsewhere:
how far is each probability off? With label smoothing $\varepsilon$ the target is
$1 - \varepsilon$ at the right class, and $\varepsilon / C$ more at each of the C classes. The
loss is the mean over all rows, so divide by their number.

### Exercise: cross_entropy_rule

`rows_of(array)` makes a matrix (n, C) of an array (..., C), and `softmax_of_rows(rows)` is its
softmax, in a new matrix. The g of a loss is a single number.
"""

# %% nbgrader={"solution": true, "grade_id": "cross-entropy-rule"}
#| exporti
def cross_entropy_rule(g, y, logits, targets, label_smoothing):
    """The gradient of the mean cross-entropy with respect to logits (..., C); targets are (...).

    >>> cross_entropy_rule(np.array(1.0), None, np.zeros((1, 2)), np.array([0]), 0.0)
    array([[-0.5,  0.5]])
    """
    ### BEGIN SOLUTION
    rows = softmax_of_rows(rows_of(logits))
    if label_smoothing:
        rows -= label_smoothing / rows.shape[-1]
    rows[np.arange(len(rows)), targets.reshape(-1)] -= 1 - label_smoothing
    rows *= float(g) / len(rows)
    return rows.reshape(logits.shape)
    ### END SOLUTION


gradient_rule("cross_entropy", in_float32(cross_entropy_rule))

# %% nbgrader={"grade": true, "grade_id": "test-cross-entropy-rule", "points": 8}
# Check of cross_entropy_rule: run it when your cell has run.
from tinytorch.core.losses import cross_entropy

@check
def test_unit_cross_entropy_rule():
    cases = [((3, 5), 0.0, 1), ((2, 4, 3), 0.1, 1), ((3, 2), 0.0, 10000)]
    ### BEGIN HIDDEN TESTS
    cases += [((7, 2), 0.02, 1), ((2, 2, 1, 3), 1.0, 1), ((4,), 0.25, 5000)]
    ### END HIDDEN TESTS
    for shape, share, scale in cases:
        targets = np.random.default_rng(0).integers(shape[-1], size=shape[:-1])
        rules_agree(RULES, f"cross_entropy smoothed by {share} of logits near {scale}",
                    lambda x: cross_entropy(x, targets, label_smoothing=share),
                    Tensor(scale * drawn(*shape)), idea="softmax minus target, over the rows")

test_unit_cross_entropy_rule()

# %% [markdown]
r"""
## The rest of the table

The other rules are given. Those of more than one line are in `tinytorch/support/gradients.py`;
`masked(g, mask)` is a fast `np.where(mask, g, 0)`. Where all gradients come out of one piece of
work, one function makes them all. In a linear layer, for example, all examples are rows of one
tall matrix X: the gradient with respect to the weight is one product, $X^\top G$, and that with
respect to the bias is the sum of the rows of G.
"""

# %%
#| export
def joint_rule(name: str, rule: Callable[..., list]) -> None:
    """Set one rule for all inputs of operation `name`: `rule(g, y, *inputs, needs, **options)`.

    `needs` says of each input whether it wants a gradient; the list has an array or None for each.
    """
    RULES[name] = rule

# %%
#| exporti
gradient_rule("exp", lambda g, y, x: g * y)
gradient_rule("log", lambda g, y, x: g / x)
gradient_rule("sqrt", in_float32(lambda g, y, x: g / (2 * y)))
gradient_rule("sigmoid", in_float32(lambda g, y, x: g * y * (1 - y)))
gradient_rule("relu", lambda g, y, x: masked(g, y != 0))
gradient_rule("astype", lambda g, y, x, dtype: g)
gradient_rule("reshape", lambda g, y, x, shape: g.reshape(x.shape))

# %%
#| exporti
RULES.update(given_rules(wide=in_float32))
joint_rule("linear", in_float32(linear_rule))
joint_rule("layer_norm", in_float32(layer_norm_rule))

# %% [markdown]
r"""
`check_gradients` compares the walk with finite differences. Call it for every rule that you add.
"""

# %%
#| export
def check_gradients(function: Callable, *tensors: Tensor, tolerance: float = 1e-5) -> float:
    """The largest error of `backward` for the sum of `function(*tensors)`, computed in float64.

    It is |found - numerical| / max(1, |numerical|); AssertionError where it is above `tolerance`.
    """
    copies = [Tensor(t.data, np.float64, requires_grad=True) for t in tensors]
    backward(function(*copies).sum())
    found = [np.zeros(x.shape) if x.grad is None else x.grad.data for x in copies]
    return worst_error(found, numerical_gradient(function, *tensors), tolerance)

# %%
from tinytorch.core.activations import GELU, gelu, log_softmax

for name, f in [("gelu", gelu), ("log-softmax", log_softmax), ("x exp(x)", lambda x: x * x.exp())]:
    print(f"{name:11s} largest error {check_gradients(f, Tensor(drawn(3, 4))):.1e}")

# %% [markdown]
r"""
## All weights at once

Here is a small network that reads digits, and the time that all its gradients take:
"""

# %%
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.support.data import load_digits
from tinytorch.support.threads import one_thread
from tinytorch.support.timing import timed_runs

# %%
manual_seed(0)
network, loss_fn = Sequential(Linear(64, 32), GELU(), Linear(32, 10)), CrossEntropyLoss()
images, labels = (array[:500] for array in load_digits())
weights = sum(p.size for p in network.parameters())

def loss_of_all():
    return loss_fn(network(Tensor(images)), labels)

# %%
with one_thread():
    both = min(timed_runs(lambda: backward(loss_of_all()), budget=0.3))
    with no_grad():
        run = min(timed_runs(loss_of_all, budget=0.3))
print(f"{weights} weights: forward and backward take {both * 1e3:.1f} ms, {both / run:.1f} runs; "
      f"finite differences take {2 * weights} runs, {2 * weights * run:.1f} s")

# %% [markdown]
r"""
## What does the network look at?

A gradient can go to the input as well: how would the loss change if this pixel had more ink?
First train the network a little, by hand. Lesson 06 will refine the update.
"""

# %%
for _ in range(50):
    network.zero_grad()
    loss = loss_of_all()
    backward(loss)
    for p in network.parameters():
        p.data -= 0.5 * p.grad.data

right = network(Tensor(images)).numpy().argmax(axis=1) == labels
print(f"loss {loss.item():.3f}, right on {right.mean():.1%} of the images it was trained on")

# %%
import matplotlib.pyplot as plt

pixels = Tensor(images, requires_grad=True)
backward(loss_fn(network(pixels), labels))
figure, axes = plt.subplots(2, 10, figsize=(8, 1.9), subplot_kw={"xticks": [], "yticks": []})
for digit, (above, below) in enumerate(axes.T):
    image, slope = (x[labels == digit].mean(axis=0) for x in (images, pixels.grad.data))
    above.imshow(image.reshape(8, 8), cmap="gray_r")
    below.imshow(-slope.reshape(8, 8) / abs(slope).max(), cmap="bwr", vmin=-1, vmax=1)
plt.show()

# %% [markdown]
r"""
Above are the average images of the ten digits, below the average gradients with respect to their
pixels. Red is where more ink would lower the loss, blue where it would raise it, and white where
it would change nothing; each picture has a scale of its own. The network has learned that the
middle of a 0 is empty, and so are the two sides of a 1.

## Questions

Assign each answer to the name that follows its question.

1. How many runs does `numerical_gradient` need for all weights above? (`runs_needed`)
2. Let $y = (x \cdot x) \cdot x$ at $x = 2$, written with two multiplications. What gradient does
   the output of the *first* multiplication receive, and what is $dy/dx$?
   (`first_product_gradient`, `cube_gradient`)
3. `loss = (x + x + x).sum()`, x having 5 elements: what is each of `x.grad`? (`triple_gradient`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-gradients"}
### BEGIN SOLUTION
runs_needed = 2 * (64 * 32 + 32 + 32 * 10 + 10)
first_product_gradient, cube_gradient = 2.0, 12.0
triple_gradient = 3.0
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-gradients", "points": 6}
# Check of your answers: run it when your cell has run.
@check
def test_question_gradients():
    x, y = Tensor(2.0, requires_grad=True), Tensor(np.ones(5), requires_grad=True)
    backward(x * x * x), backward((y + y + y).sum())
    for name, answer, wanted, idea in [
        ("runs_needed", runs_needed, 2 * weights, "two runs for each weight and bias"),
        ("first_product_gradient", first_product_gradient, x.item(), "look at (first) * x"),
        ("cube_gradient", cube_gradient, x.grad.item(), "x is used three times"),
        ("triple_gradient", triple_gradient, y.grad.data[0], "how often is each element used?"),
    ]:
        assert answer == wanted, f"{name} is {answer}: {idea}"

test_question_gradients()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-rules", "points": 2}
r"""
**In your own words:** `max_pool` is a new primitive that keeps the largest of every four
neighbours. What must it save, and what is its gradient rule?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A table with a line for each operation, a walk that uses it, and a function that checks both.
`tito module complete 05` puts them into `tinytorch.core.autograd`; from then on `loss.backward()`
works on every tensor. Lesson 06 turns gradients into learning.
"""
