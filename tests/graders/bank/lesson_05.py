"""The bank for lesson 05: gradients."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("numerical-gradient", "a difference to one side", "test-numerical-gradient-step",
        ("(above - below) / (2 * step)", "(above - function(*copies).data.sum()) / step"),
        says=("step=0.5", "wanted 54.5", "from one step below to one step above")),
    wrong("numerical-gradient", "a step of one's own", "test-numerical-gradient-step",
        ("    copies = [", "    step = 1e-6\n    copies = ["), says=("step=0.5", "wanted 54.5")),
    wrong("numerical-gradient", "trying with a record", "test-numerical-gradient-step",
        ("with no_grad():", "if True:"), says=("recorded", "no_grad")),
    wrong("numerical-gradient", "twice the slope", "test-numerical-gradient",
        ("(above - below) / (2 * step)", "(above - below) / step"),
        says=("x=[[0.5, -1.0], [2.0, 3.0]]", "gave", "wanted")),
    wrong("numerical-gradient", "the sides swapped", "test-numerical-gradient",
        ("(above - below)", "(below - above)"), says=("gave", "wanted")),
    wrong("numerical-gradient", "a number that is not put back", "test-numerical-gradient-step",
        ("copy.data[i] = here\n", "pass\n"), says=("step=0.5", "wanted [2, 3]", "put a number back")),
    wrong("numerical-gradient", "tensors that are moved and stay moved", "test-numerical-gradient",
        (
                "copies = [Tensor(t.data, dtype=np.float64) for t in tensors]",
                "copies = [wrap(t.data) for t in tensors]",
            ),
        says=("gave", "wanted")),
    wrong("numerical-gradient", "gradients in float32", "test-numerical-gradient",
        ("np.zeros(t.shape)", "np.zeros(t.shape, np.float32)"), says=("float32", "use float64")),
    wrong("numerical-gradient", "only the first tensor", "test-numerical-gradient",
        ("zip(copies, gradients)", "zip(copies[:1], gradients)"), says=("x*x*w)/dw", "[0. 0.]", "wanted")),
    wrong("numerical-gradient", "means for sums", "test-numerical-gradient",
        ("above = function(*copies).data.sum()", "above = function(*copies).data.mean()"),
        ("below = function(*copies).data.sum()", "below = function(*copies).data.mean()"), says=("gave", "wanted")),
    right("numerical-gradient", "number by number through a flat view",
        solution="""
    wide = [Tensor(t.data, dtype="float64") for t in tensors]
    found = []
    with no_grad():
        for tensor in wide:
            numbers, slopes = tensor.data.reshape(-1), np.empty(tensor.size)
            for i in range(tensor.size):
                value, ends = numbers[i], []
                for end in (value + step, value - step):
                    numbers[i] = end
                    ends.append(np.sum(function(*wide).numpy()))
                numbers[i] = value
                slopes[i] = 0.5 * (ends[0] - ends[1]) / step
            found.append(slopes.reshape(tensor.shape))
    return found
    """),

    wrong("rules-arithmetic", "a quotient's rule that needs y", "test-rules-arithmetic",
        ("-g * a / (b * b)", "-g * y / b"), says=("div for input 1", "its inputs and no y")),
    wrong("rules-arithmetic", "a quotient's rule without the square", "test-rules-arithmetic",
        ("-g * a / (b * b)", "-g * a / b"), says=("div, input 1", "wanted", "b=[2.0, 3.0, -1.5]")),
    wrong("rules-arithmetic", "a quotient's rule without the sign", "test-rules-arithmetic",
        ("-g * a / (b * b)", "g * a / (b * b)"), says=("div, input 1", "wanted")),
    wrong("rules-arithmetic", "a product's rule in float64", "test-rules-arithmetic",
        ("return g * b\n", "return g * b * np.float64(1)\n"),
        says=("mul for input 0", "float32", "float64", "type of its own")),
    wrong("rules-arithmetic", "a product's rule with a for b", "test-rules-arithmetic",
        ("return g * b\n", "return g * a\n"), says=("mul, input 0", "wanted")),
    wrong("rules-arithmetic", "a product's rule that forgets g", "test-rules-arithmetic",
        ("return g * b\n", "return b\n"), says=("mul, input 0", "g=[1.0, -1.0, 0.5]", "wanted")),
    wrong("rules-arithmetic", "a power's rule in float64", "test-rules-arithmetic",
        ("g * y * np.log(", "np.float64(1) * g * y * np.log("), says=("pow for input 1", "float64")),
    wrong("rules-arithmetic", "a power's rule with the old exponent", "test-rules-arithmetic",
        ("np.where(b == 0, 1, b - 1)", "b"), says=("pow, input 0", "wanted")),
    wrong("rules-arithmetic", "a power of 0 that divides by 0", "test-rules-arithmetic",
        ("g * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))", "g * b * a ** (b - 1)"),
        says=("0 ** 0 to a", "nan", "wanted 0")),
    wrong("rules-arithmetic", "the logarithm of 0", "test-rules-arithmetic",
        ("np.log(np.where(a == 0, 1, a))", "np.log(a)"), says=("0 ** 2 to b", "nan", "wanted 0")),
    wrong("rules-arithmetic", "the exponent's logarithm", "test-rules-arithmetic",
        ("np.log(np.where(a == 0, 1, a))", "np.log(np.where(b == 0, 1, np.abs(b)))"), says=("pow, input 1", "wanted")),
    right("rules-arithmetic", "a product's rule the other way round",
        ("return g * b\n", "return np.multiply(b, g)\n")),
    right("rules-arithmetic", "a quotient in two steps", ("-g * a / (b * b)", "-(g / b) * (a / b)")),
    right("rules-arithmetic", "a power's rule by masks",
        (
                "    return g * y * np.log(np.where(a == 0, 1, a))\n",
                (
                    "    safe = np.where(a == 0, np.ones_like(a), a)\n"
                    "    return np.where(a == 0, np.zeros_like(y), np.log(safe) * y) * g\n"
                ),
            )),

    wrong("rules-elementwise", "tanh's rule in float64", "test-rules-elementwise",
        ("1 - y * y", "1 - np.float64(1) * y * y"), says=("tanh for input 0", "float64")),
    wrong("rules-elementwise", "a root's rule in float64", "test-rules-elementwise",
        ("g / (2 * y)", "g / (np.float64(2) * y)"), says=("sqrt for input 0", "float64")),
    wrong("rules-elementwise", "sigmoid's rule from x", "test-rules-elementwise",
        ("g * y * (1 - y)", "g * np.exp(-x) / (1 + np.exp(-x)) ** 2"), says=("sigmoid for input 0", "y and no input")),
    wrong("rules-elementwise", "tanh's rule from x", "test-rules-elementwise",
        ("g * (1 - y * y)", "g * (1 - np.tanh(x) ** 2)"), says=("tanh for input 0", "y and no input")),
    wrong("rules-elementwise", "tanh's rule without the square", "test-rules-elementwise", ("1 - y * y", "1 - y"),
        says=("tanh at", "g=[1.0, -2.0, 0.5, 3.0]", "wanted")),
    wrong("rules-elementwise", "a root's rule that multiplies", "test-rules-elementwise",
        ("g / (2 * y)", "g * y / 2"), says=("sqrt at", "wanted")),
    wrong("rules-elementwise", "sigmoid's rule without g", "test-rules-elementwise",
        ("g * y * (1 - y)", "y * (1 - y)"), says=("sigmoid at", "g=[1.0, -2.0, 0.5, 3.0]", "wanted")),
    wrong("rules-elementwise", "a maximum's rule without ties", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a > b, g, 0)"),
        says=("maximum of", "a tie is shared")),
    wrong("rules-elementwise", "a tie that gives all to both", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a >= b, g, 0)"),
        says=("maximum of", "a tie is shared")),
    wrong("rules-elementwise", "the smaller gets all", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a > b, 0, np.where(a == b, g / 2, g))"),
        says=("maximum of", "the larger gets all")),
    wrong("rules-elementwise", "a maximum's rule that forgets g", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "(np.where(a > b, 1, np.where(a == b, 0.5, 0)) + 0 * g).astype(g.dtype)",
            ),
        says=("maximum of", "wanted")),
    right("rules-elementwise", "tanh's rule in factors", ("g * (1 - y * y)", "g * (1 - y) * (1 + y)")),
    right("rules-elementwise", "a maximum's rule by masks",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "g * (1 - 0.5 * ((a < b) + 1.0 * (a <= b))).astype(g.dtype)",
            )),
    right("rules-elementwise", "sigmoid's rule by a square", ("g * y * (1 - y)", "g * (y - y**2)")),

    wrong("rules-reductions", "shares of a maximum in float64", "test-rules-reductions",
        (".sum(axis=axis, keepdims=True).astype(x.dtype)", ".sum(axis=axis, keepdims=True)"),
        says=("max for input 0", "float64")),
    wrong("rules-reductions", "a sum's rule that looks at x", "test-rules-reductions",
        (
                "np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)",
                "with_axes(g, axis, keepdims, x.ndim) * np.ones_like(x)",
            ),
        says=("sum for input 0", "only shape and dtype")),
    wrong("rules-reductions", "a sum's rule without the lost axes", "test-rules-reductions",
        ("np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)", "np.broadcast_to(g, x.shape)"),
        says=("sum for input 0",)),
    wrong("rules-reductions", "rows taken twice and not added up", "test-rules-reductions",
        ("np.add.at(out, index, g)", "out[index] = g"), says=("row 0 was taken twice", "wanted")),
    wrong("rules-reductions", "a reduction over all axes that gets one back", "test-rules-reductions",
        ("tuple(range(ndim)) if axis is None", "0 if axis is None"), says=("axis=None", "wanted (1, 1)")),
    wrong("rules-reductions", "axes put back where they were not", "test-rules-reductions",
        ("else axis)", "else -1)"), says=("axis=(0,)", "wanted (1, 3)")),
    wrong("rules-reductions", "a mean that does not divide", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g"), says=("column mean", "by how many")),
    wrong("rules-reductions", "a mean that divides by all", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g / math.prod(x.shape)"), says=("column mean", "by how many")),
    wrong("rules-reductions", "a tie that gives all to each", "test-rules-reductions",
        ("chosen / chosen.sum(axis=axis, keepdims=True).astype(x.dtype)", "chosen"), says=("a tie shares", "wanted")),
    wrong("rules-reductions", "a maximum of all shared by all rows", "test-rules-reductions",
        ("chosen.sum(axis=axis, keepdims=True)", "chosen.sum()"), says=("row maximum", "a tie shares")),
    wrong("rules-reductions", "an index that gives g as it is", "test-rules-reductions",
        ("    return out\n", "    return g\n"), says=("rows 0, 0, 1", "wanted")),
    wrong("rules-reductions", "an index's gradient in float64", "test-rules-reductions",
        ("np.zeros(x.shape, dtype=g.dtype)", "np.zeros(x.shape)"), says=("getitem for input 0", "float64")),
    wrong("rules-reductions", "a slice that is spread over all", "test-rules-reductions",
        ("out[index] = g  #", "out[...] = g.sum()  #"), says=("x[:, 1:]", "where it came from")),
    right("rules-reductions", "a mean's rule by its count",
        (
                "sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y,",
                "sum_rule(g / max(math.prod(x.shape) // max(g.size, 1), 1), y,",
            )),
    right("rules-reductions", "every index added",
        (
                (
                    "        np.add.at(out, index, g)\n"
                    "    else:\n"
                    "        out[index] = g  # a slice takes nothing twice\n"
                ),
                (
                    "        pass\n"
                    "    np.add.at(out, index, g)\n"
                ),
            )),
    right("rules-reductions", "axes put back by a reshape",
        (
                (
                    "    return array if keepdims else np.expand_dims(array, tuple(range(ndim)) if axis is "
                    "None else axis)\n"
                ),
                (
                    "    if keepdims:\n"
                    "        return array\n"
                    "    lost = range(ndim) if axis is None else axis\n"
                    "    left = iter(array.shape)\n"
                    "    return array.reshape([1 if i in lost else next(left) for i in range(ndim)])\n"
                ),
            )),

    wrong("rules-matmul", "all axes turned round in a", "test-rules-matmul", ("np.swapaxes(b, -1, -2)", "b.T"),
        says=("matmul for input 0 fails",)),
    wrong("rules-matmul", "all axes turned round in b", "test-rules-matmul", ("np.swapaxes(a, -1, -2)", "a.T"),
        says=("matmul for input 1 fails",)),
    wrong("rules-matmul", "no turn", "test-rules-matmul", ("np.swapaxes(b, -1, -2)", "b"),
        says=("matmul for input 0 fails",)),
    wrong("rules-matmul", "g on the wrong side", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(g, np.swapaxes(a, -1, -2))"),
        says=("matmul for input 1 fails",)),
    wrong("rules-matmul", "the product turned round", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(np.swapaxes(g, -1, -2), a)"),
        says=("(2, 3) @ (3, 4)", "gradient to b")),
    wrong("rules-matmul", "element by element", "test-rules-matmul",
        ("array_product(g, np.swapaxes(b, -1, -2))", "g * np.swapaxes(b, -1, -2)"),
        says=("matmul for input 0 fails",)),
    wrong("rules-matmul", "a mean over the rows", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(np.swapaxes(a, -1, -2), g) / a.shape[-2]"),
        says=("of the gradient to b element",)),
    wrong("rules-matmul", "batches added up with axes lost", "test-rules-matmul",
        (
                "array_product(g, np.swapaxes(b, -1, -2))",
                "np.matmul(g, np.swapaxes(b, -1, -2)).sum(axis=tuple(range(g.ndim - 2)))",
            ),
        says=("(5, 2, 3) @ (5, 3, 4)", "gradient to a has shape (2, 3), wanted (5, 2, 3)")),
    right("rules-matmul", "by einsum",
        ("array_product(g, np.swapaxes(b, -1, -2))", "np.einsum('...mn,...kn->...mk', g, b)")),
    right("rules-matmul", "by matrix_transpose and the operator",
        ("array_product(np.swapaxes(a, -1, -2), g)", "a.swapaxes(-2, -1) @ g")),

    wrong("rules-softmax", "softmax's rule in float64", "test-rules-softmax",
        ("return y * (g", "return np.float64(1) * y * (g"), says=("softmax for input 0", "float64")),
    wrong("rules-softmax", "log-softmax's rule from x", "test-rules-softmax",
        ("np.exp(y)", "np.exp(x - np.log(np.exp(x).sum()))"), says=("log_softmax for input 0", "y and no input")),
    wrong("rules-softmax", "softmax as if each number stood alone", "test-rules-softmax",
        ("y * (g - (g * y).sum(axis=axis, keepdims=True))", "g * y * (1 - y)"),
        says=("softmax of shape (3, 5)", "off by")),
    wrong("rules-softmax", "softmax without its sum", "test-rules-softmax",
        ("y * (g - (g * y).sum(axis=axis, keepdims=True))", "g * y"),
        says=("softmax of shape (3, 5)", "what is summed")),
    wrong("rules-softmax", "always the last axis", "test-rules-softmax",
        ("(g * y).sum(axis=axis,", "(g * y).sum(axis=-1,"), says=("along axis 0", "over which axis")),
    wrong("rules-softmax", "an axis that gets lost", "test-rules-softmax",
        ("(g * y).sum(axis=axis, keepdims=True)", "(g * y).sum(axis=axis)"), says=("softmax for input 0 fails",)),
    wrong("rules-softmax", "the logarithm for the exponential", "test-rules-softmax",
        ("np.exp(y) * g.sum", "y * g.sum"), says=("log_softmax of shape (3, 5)", "off by")),
    wrong("rules-softmax", "g for its sum", "test-rules-softmax",
        ("np.exp(y) * g.sum(axis=axis, keepdims=True)", "np.exp(y) * g"),
        says=("log_softmax of shape (3, 5)", "what is summed")),
    right("rules-softmax", "softmax's rule multiplied out",
        ("y * (g - (g * y).sum(axis=axis, keepdims=True))", "g * y - y * np.sum(y * g, axis, keepdims=True)")),
    right("rules-softmax", "a mean times its count",
        ("g.sum(axis=axis, keepdims=True)", "(g.mean(axis=axis, keepdims=True) * g.shape[axis])")),

    wrong("unbroadcast", "halves added as halves", "test-unbroadcast",
        ("np.float32 if is_half(gradient.dtype) else gradient.dtype", "gradient.dtype"),
        says=("5000 halves", "in which type to add")),
    wrong("unbroadcast", "a mean for a sum", "test-unbroadcast",
        (
                "gradient.sum(axis=(*range(extra), *stretched), dtype=wide)",
                "gradient.mean(axis=(*range(extra), *stretched), dtype=wide)",
            ),
        says=("back to (4,)", "wanted", "sum what was stretched")),
    wrong("unbroadcast", "only the axes in front", "test-unbroadcast",
        ("(*range(extra), *stretched)", "tuple(range(extra))"),
        says=("from (2, 3, 4) back to (3, 1)", "which axes were stretched")),
    wrong("unbroadcast", "axes counted without those in front", "test-unbroadcast",
        ("stretched = [i + extra for", "stretched = [i for"), says=("from (2, 3, 4) back to",)),
    wrong("unbroadcast", "lengths of 1 lost", "test-unbroadcast", (".reshape(shape)", ""),
        says=("back to (3, 1) gave shape (3,)",)),
    wrong("unbroadcast", "the first in place of the sum", "test-unbroadcast",
        (
                "summed = gradient.sum(axis=(*range(extra), *stretched), dtype=wide)",
                (
                    "summed = gradient[(0,) * extra][tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]"
                ),
            ),
        says=("back to (4,)", "wanted")),
    wrong("unbroadcast", "the sum left in float32", "test-unbroadcast",
        ("cast_array(summed, gradient.dtype).reshape(shape)", "summed.reshape(shape)"),
        says=("5000 halves", "float32", "wanted 5000.0 in float16")),
    wrong("unbroadcast", "everything added", "test-unbroadcast", ("(*range(extra), *stretched)", "None"),
        says=("from (2, 3, 4) back to (4,)",)),
    right("unbroadcast", "axis after axis",
        solution="""
    wide = gradient.astype(np.float32) if is_half(gradient.dtype) else gradient
    while wide.ndim > len(shape):
        wide = wide.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            wide = wide.sum(axis=axis, keepdims=True)
    return cast_array(np.asarray(wide), gradient.dtype)
    """),

    wrong("nodes-in-order", "nodes in the order they were made", "test-nodes-in-order", (", reverse=True", ""),
        says=("['mul', 'exp', 'add', 'sum']", "the latest first")),
    wrong("nodes-in-order", "recursion", "test-nodes-in-order",
        solution="""
    found = []

    def visit(node):
        if node not in found:
            found.append(node)
            for edge in node.edges:
                if isinstance(edge, Node):
                    visit(edge)

    visit(last)
    return sorted(found, key=lambda node: node.order, reverse=True)
    """, says=("5000", "too deep for recursion")),
    wrong("nodes-in-order", "the order of the visits", "test-nodes-in-order",
        (
                "sorted(found, key=lambda node: node.order, reverse=True)",
                "sorted(found, key=lambda node: node.primitive.name)",
            ),
        says=("came as", "the latest first")),
    wrong("nodes-in-order", "without the last", "test-nodes-in-order",
        ("found, waiting = {last}, [last]", "found, waiting = set(), [last]"),
        says=("wanted ['sum', 'add', 'exp', 'mul']",)),
    wrong("nodes-in-order", "a node each time it is met", "test-nodes-in-order",
        solution="""
    found, waiting = [], [last]
    while waiting and len(found) < 9999:
        node = waiting.pop()
        found.append(node)
        waiting += [edge for edge in node.edges if isinstance(edge, Node)]
    return sorted(found, key=lambda node: node.order, reverse=True)
    """, says=("['sum', 'add', 'exp', 'mul', 'mul']", "each once")),
    wrong("nodes-in-order", "only the first input's way", "test-nodes-in-order",
        ("waiting.pop().edges:", "waiting.pop().edges[:1]:"),
        says=("['sum', 'add', 'mul']", "wanted ['sum', 'add', 'exp', 'mul']")),
    right("nodes-in-order", "a heap of what waits",
        solution="""
    import heapq

    known, heap, result = {last.order: last}, [-last.order], []
    while heap:
        node = known[-heapq.heappop(heap)]
        result.append(node)
        for edge in node.edges:
            if isinstance(edge, Node) and edge.order not in known:
                known[edge.order] = edge
                heapq.heappush(heap, -edge.order)
    return result
    """),

    wrong("backward", "a leaf's gradient replaced", "test-backward",
        ("accumulate(edge, own(share, g))", "edge.grad = wrap(own(share, g))"), says=("x.grad is", "trying gave")),
    wrong("backward", "one array for two leaves", "test-backward-graphs",
        ("accumulate(edge, own(share, g))", "accumulate(edge, share)"), says=("parts of one array",)),
    wrong("backward", "a second walk over what was released", "test-backward-edges",
        ("    refuse_released(nodes)\n", ""), says=("a second time", "wanted a RuntimeError", "again")),
    wrong("backward", "a leaf that is not expected", "test-backward-edges",
        (
                (
                    "    if tensor._node is None:\n"
                    "        return accumulate(tensor, start)\n"
                ),
                "",
            ),
        says=("of a leaf", "wanted no error")),
    wrong("backward", "nodes that are kept for a second walk", "test-backward-edges", ("        release(node)\n", ""),
        says=("a second time", "no error")),
    wrong("backward", "a node that keeps its last share only", "test-backward-graphs",
        ("collected[edge] + share if edge in collected else share", "share"),
        says=("gave", "wanted", "collects both shares")),
    wrong("backward", "leaves passed over", "test-backward", ("elif edge is not None:", "elif False:"),
        says=("x.grad is still None",)),
    wrong("backward", "a sum in place that changes another's share", "test-backward",
        (
                "collected[edge] = collected[edge] + share if edge in collected else share",
                "collected[edge] = collected.get(edge, 0) + 2 * share",
            ),
        says=("trying gave",)),
    wrong("backward", "a start that is always 1", "test-backward-edges",
        ("{tensor._node: start}", "{tensor._node: np.ones_like(start)}"),
        says=("gradient=x", "the gradient that is given")),
    wrong("backward", "nodes from the first to the last", "test-backward",
        (
                "nodes, collected = nodes_in_order(tensor._node), {tensor._node: start}",
                (
                    "nodes, collected = nodes_in_order(tensor._node), {tensor._node: start}\n"
                    "    nodes = nodes[:1] + nodes[1:][::-1]"
                ),
            ),
        says=("from the last to the first",)),
    right("backward", "a list of leaves' shares",
        solution="""
    if not tensor._node:
        accumulate(tensor, start)
        return
    order = nodes_in_order(tensor._node)
    refuse_released(order)
    pending = {id(tensor._node): start}
    for node in order:
        incoming = pending.pop(id(node))
        for target, share in zip(node.edges, pull_back(node, incoming)):
            if isinstance(target, Tensor):
                accumulate(target, np.array(share))
            elif target is not None:
                pending[id(target)] = pending.get(id(target), 0) + share
        release(node)
    """),

    wrong("question-gradients", "one run for each", "test-question-gradients",
        ("2 * (64 * 32 + 32 + 32 * 10 + 10)", "64 * 32 + 32 + 32 * 10 + 10"),
        says=("runs_needed is 2410", "one run to either side")),
    wrong("question-gradients", "weights without biases", "test-question-gradients",
        ("2 * (64 * 32 + 32 + 32 * 10 + 10)", "2 * (64 * 32 + 32 * 10)"), says=("runs_needed is 4736", "bias")),
    wrong("question-gradients", "the product for its rule", "test-question-gradients",
        ("cube_gradient = 2.0, 12.0", "cube_gradient = 4.0, 12.0"),
        says=("first_product_gradient is 4.0", "its rule says")),
    wrong("question-gradients", "the first share only", "test-question-gradients",
        ("cube_gradient = 2.0, 12.0", "cube_gradient = 2.0, 4.0"), says=("cube_gradient is 4.0", "shares add up")),
    wrong("question-gradients", "the number of elements", "test-question-gradients",
        ("triple_gradient = 3.0", "triple_gradient = 5.0"), says=("triple_gradient is 5.0", "how often")),
    right("question-gradients", "answers as results", ("triple_gradient = 3.0", "triple_gradient = sum([1, 1, 1])")),
]
