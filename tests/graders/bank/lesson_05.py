"""The bank for lesson 05: gradients."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("numerical-gradient", "a difference to one side", "test-numerical-gradient-step",
        ("(above - below) / (2 * step)", "(above - function(*copies).data.sum()) / step"),
        says=("step=0.5", "wanted 54.5", "one step to either side")),
    wrong("numerical-gradient", "a step of one's own", "test-numerical-gradient-step",
        ("    copies = [", "    step = 1e-6\n    copies = ["), says=("step=0.5", "wanted 54.5")),
    wrong("numerical-gradient", "trying with a record", "test-numerical-gradient",
        ("with no_grad():", "if True:"), says=("recorded", "no_grad")),
    wrong("numerical-gradient", "twice the slope", "test-numerical-gradient",
        ("(above - below) / (2 * step)", "(above - below) / step"),
        says=("x=[[0.5, -1.0], [2.0, 3.0]]", "gave", "wanted")),
    wrong("numerical-gradient", "the sides swapped", "test-numerical-gradient",
        ("(above - below)", "(below - above)"), says=("gave", "wanted")),
    wrong("numerical-gradient", "a number that is not put back", "test-numerical-gradient-step",
        ("copy.data[i] = here\n", "pass\n"), says=("step=0.5", "gave 12.5, wanted 15 at [1]", "put each number back")),
    wrong("numerical-gradient", "the last number of a tensor that is not put back", "test-numerical-gradient-step",
        ("copy.data[i] = here\n", "copy.data[i] = here if i != (copy.size - 1,) else copy.data[i]\n"),
        says=("with respect to w", "put each number back")),
    wrong("numerical-gradient", "tensors that are moved and stay moved", "test-numerical-gradient",
        (
                "copies = [Tensor(t.data, dtype=np.float64) for t in tensors]",
                "copies = [wrap(t.data) for t in tensors]",
            ),
        says=("gave", "wanted")),
    wrong("numerical-gradient", "gradients in float32", "test-numerical-gradient",
        ("np.zeros(t.shape)", "np.zeros(t.shape, np.float32)"), says=("float32", "wanted float64")),
    wrong("numerical-gradient", "only the first tensor", "test-numerical-gradient",
        ("zip(copies, slopes)", "zip(copies[:1], slopes)"), says=("with respect to w gave 0, wanted 10",)),
    wrong("numerical-gradient", "means for sums", "test-numerical-gradient",
        ("above = function(*copies).data.sum()", "above = function(*copies).data.mean()"),
        ("below = function(*copies).data.sum()", "below = function(*copies).data.mean()"), says=("gave", "wanted")),
    wrong("numerical-gradient", "float64 tensors that are moved themselves", "test-numerical-gradient",
        (
                "copies = [Tensor(t.data, dtype=np.float64) for t in tensors]",
                "copies = [t if t.dtype == np.float64 else Tensor(t.data, dtype=np.float64) for t in tensors]",
            ),
        says=("axes swapped", "the caller's own", "move copies")),
    wrong("numerical-gradient", "float64 arrays that are moved themselves", "test-numerical-gradient",
        (
                "copies = [Tensor(t.data, dtype=np.float64) for t in tensors]",
                "copies = [wrap(np.asarray(t.data, np.float64)) for t in tensors]",
            ),
        says=("axes swapped", "the caller's own", "move copies")),
    wrong("numerical-gradient", "one more run for each number", "test-numerical-gradient",
        ("                above = f", "                function(*copies)\n                above = f"),
        says=("the number of its runs gave 24, wanted 16", "two for each number")),
    wrong("numerical-gradient", "a run where nothing is moved", "test-numerical-gradient",
        ("    with no_grad():\n", "    with no_grad():\n        function(*copies)\n"),
        says=("the number of its runs gave 17, wanted 16",)),
    wrong("numerical-gradient", "a record on one side", "test-numerical-gradient",
        ("    with no_grad():\n", "    if True:\n"),
        (
                "                above = function(*copies).data.sum()",
                "                with no_grad():\n                    above = function(*copies).data.sum()",
            ),
        says=("recorded", "no_grad")),
    wrong("numerical-gradient", "Tensors in the list", "test-numerical-gradient",
        ("return slopes", "return [Tensor(s) for s in slopes]"), says=("'Tensor'", "wanted ['ndarray', 'ndarray']")),
    wrong("numerical-gradient", "a function that is given arrays", "test-numerical-gradient",
        ("above = function(*copies).data.sum()", "above = np.sum(function(*[c.data for c in copies]))"),
        ("below = function(*copies).data.sum()", "below = np.sum(function(*[c.data for c in copies]))"),
        says=("'ndarray', 'float64'", "wanted {('Tensor'")),
    wrong("numerical-gradient", "rounded to four places", "test-numerical-gradient",
        ("return slopes", "return [s.round(4) for s in slopes]"), says=("w=0.00015", "gave 0.0002, wanted 0.00015")),
    wrong("numerical-gradient", "nan made 0", "test-numerical-gradient",
        ("slope[i] = (above - below) / (2 * step)", "slope[i] = np.nan_to_num((above - below) / (2 * step))"),
        says=("x * nan", "gave 0, wanted nan", "any number is a slope")),
    wrong("numerical-gradient", "only tensors that require a gradient", "test-numerical-gradient",
        (
                "for copy, slope in zip(copies, slopes):",
                "for copy, slope, t in zip(copies, slopes, tensors):\n"
                "            if not t.requires_grad and any(u.requires_grad for u in tensors):\n"
                "                continue",
            ),
        says=("number of its runs",)),
    wrong("numerical-gradient", "slopes in the tensors' types", "test-numerical-gradient",
        ("np.zeros(t.shape)", "np.zeros_like(t.data)"), ("for t in copies]", "for t in tensors]"),
        says=("is float32, wanted float64",)),
    wrong("numerical-gradient", "whole numbers left out", "test-numerical-gradient",
        ("dtype=np.float64) for t in tensors]", "dtype=np.float64) for t in tensors if t.data.dtype.kind == 'f']"),
        says=("of int64 failed", "argument")),
    wrong("numerical-gradient", "copies left in the caller's tensors", "test-numerical-gradient",
        ("    return slopes",
         "    for t, copy in zip(tensors, copies):\n        t.data = copy.data\n    return slopes"),
        says=("another array into a tensor of the caller",)),
    wrong("numerical-gradient", "one place for a tensor that comes twice", "test-numerical-gradient",
        ("    return slopes", "    found = {id(t): s for t, s in zip(tensors, slopes)}\n"
         "    return [found[id(t)] for t in tensors]"), says=("a and b one tensor", "one after another")),
    wrong("numerical-gradient", "slopes that are limited", "test-numerical-gradient",
        ("slope[i] = (above - below) / (2 * step)", "slope[i] = np.clip((above - below) / (2 * step), -1e3, 1e3)"),
        says=("x * 1000000.0", "gave 1000")),
    wrong("numerical-gradient", "number by number through a flat view", "test-numerical-gradient",
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
    """, says=("axes swapped", "gave 0, wanted 3", "the copy's own numbers")),
    right("numerical-gradient", "number by number through a flat view of a copy in rows",
        solution="""
    wide = [wrap(np.array(t.data, "float64", order="C")) for t in tensors]
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
    right("numerical-gradient", "new copies for each run",
        solution="""
    def run(k, i, by):
        moved = [Tensor(t.data, dtype=np.float64) for t in tensors]
        moved[k].data[i] += by
        return function(*moved).data.sum()

    def slope(k, i):
        with no_grad():
            return (run(k, i, step) - run(k, i, -step)) / (2 * step)

    return [np.array([slope(k, i) for i in np.ndindex(t.shape)], float).reshape(t.shape)
            for k, t in enumerate(tensors)]
    """),

    wrong("rules-arithmetic", "a product's rule in float64", "test-rules-arithmetic",
        ("return g * b\n", "return g * b * np.float64(1)\n"),
        says=("mul for input 0", "float32", "float64", "type of its own")),
    wrong("rules-arithmetic", "a product's rule with a for b", "test-rules-arithmetic",
        ("return g * b\n", "return g * a\n"), says=("a * b with inputs [0.5, -2.0, 3.0]", "input 0 gave", "wanted")),
    wrong("rules-arithmetic", "a product's rule that forgets g", "test-rules-arithmetic",
        ("return g * b\n", "return b\n"), says=("a * b", "g=[", "wanted", "g times")),
    wrong("rules-arithmetic", "a product's rule from y", "test-rules-arithmetic",
        ("return g * b\n", "return g * y / a\n"), says=("uses more of its output y than is left", "not y")),
    wrong("rules-arithmetic", "a product's rule in place", "test-rules-arithmetic",
        ("return g * b\n", "g *= b\n    return g\n"), says=("mul for input 0 wrote into an array", "a new one")),
    wrong("rules-arithmetic", "a product's rule that hides nan", "test-rules-arithmetic",
        ("return g * b\n", "return np.nan_to_num(g * b)\n"), says=("answered a g of nan with 0", "passed on")),
    wrong("rules-arithmetic", "a product made again and divided", "test-rules-arithmetic",
        ("return g * b\n", "return g * (a * b) / a\n"),
        says=("a * b with inputs [[4.0, 0.0]]", "gave nan, wanted -1", "slope of the product")),
    wrong("rules-arithmetic", "16-bit gradients in float32", "test-rules-arithmetic",
        ("return g * b\n", "return (g * b).astype(np.float32) if g.itemsize == 2 else g * b\n"),
        says=("got arrays of float16 and answered with float32",)),
    wrong("rules-arithmetic", "a clipped gradient", "test-rules-arithmetic",
        ("return g * b\n", "return np.clip(g * b, -1e3, 1e3)\n"), says=("a million times", "do not limit")),
    wrong("rules-arithmetic", "an array of a's shape to be filled", "test-rules-arithmetic",
        ("return g * b\n", "out = np.zeros_like(a)\n    out[...] = g * b\n    return out\n"),
        says=("mul for input 0 stops", "the inputs (1, 2) and (2, 1)")),
    wrong("rules-arithmetic", "a product's rule for one axis", "test-rules-arithmetic",
        ("return g * b\n", "return np.einsum('i,i->i', g, b)\n"), says=("mul for input 0 stops",)),
    wrong("rules-arithmetic", "the global generator seeded", "test-rules-arithmetic",
        ("return g * b\n", "np.random.seed(0)\n    return g * b\n"), says=("seeded np.random or random",)),
    right("rules-arithmetic", "a product's rule the other way round",
        ("return g * b\n", "return np.multiply(b, g)\n")),

    wrong("rules-elementwise", "tanh's rule in float64", "test-rules-elementwise",
        ("1 - y * y", "1 - np.float64(1) * y * y"), says=("tanh for input 0", "float64")),
    wrong("rules-elementwise", "tanh's rule from x", "test-rules-elementwise",
        ("g * (1 - y * y)", "g * (1 - np.tanh(x) ** 2)"),
        says=("tanh for input 0 uses more of input 0 than is left", "saves y and not its inputs")),
    wrong("rules-elementwise", "tanh's rule without the square", "test-rules-elementwise", ("1 - y * y", "1 - y"),
        says=("tanh with inputs [0.5, 2.0, 3.0] and g=", "wanted")),
    wrong("rules-elementwise", "tanh's rule without g", "test-rules-elementwise", ("g * (1 - y * y)", "1 - y * y"),
        says=("tanh with inputs [0.5, 2.0, 3.0] and g=", "wanted")),
    wrong("rules-elementwise", "tanh's rule in place", "test-rules-elementwise",
        ("return g * (1 - y * y)", "y *= -y\n    y += 1\n    return g * y"),
        says=("tanh for input 0 wrote into an array", "others need it")),
    wrong("rules-elementwise", "a maximum's rule without ties", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a > b, g, 0)"),
        says=("maximum of", "wanted 0.5", "who gets g")),
    wrong("rules-elementwise", "a tie that gives all to both", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a >= b, g, 0)"),
        says=("maximum of", "gave 1, wanted 0.5")),
    wrong("rules-elementwise", "the smaller gets all", "test-rules-elementwise",
        ("np.where(a < b, 0, np.where(a == b, g / 2, g))", "np.where(a > b, 0, np.where(a == b, g / 2, g))"),
        says=("maximum with inputs", "who gets g")),
    wrong("rules-elementwise", "a maximum's rule that forgets g", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.where(a > b, 1, np.where(a == b, 0.5, 0)).astype(g.dtype)",
            ),
        says=("maximum with inputs", "wanted")),
    wrong("rules-elementwise", "near ties taken for ties", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.where(np.isclose(a, b), g / 2, np.where(a < b, 0, g))",
            ),
        says=("maximum of [1.0, 0, 3] and [1.000001, -0.0, 0]", "gave 0.5, wanted 0")),
    wrong("rules-elementwise", "no tie at 0", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.where(a < b, 0, np.where((a == b) & (a != 0), g / 2, g))",
            ),
        says=("maximum of [1.0, 0, 3] and [1.000001, -0.0, 0]", "gave 3, wanted 1.5")),
    wrong("rules-elementwise", "a maximum's rule by places, in a's shape", "test-rules-elementwise",
        (
                "return np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "out = np.zeros_like(a)\n    out[a > b] = g[a > b]\n    out[a == b] = g[a == b] / 2\n    return out",
            ),
        says=("maximum for input 1 stops", "the inputs (1, 3) and (1,)")),
    wrong("rules-elementwise", "16-bit gradients in float32", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.where(a < b, 0, np.where(a == b, g / 2, g)).astype(np.promote_types(g.dtype, np.float32))",
            ),
        says=("maximum for input 0 got arrays of float16",)),
    wrong("rules-elementwise", "a maximum's rule that hides nan", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.nan_to_num(np.where(a < b, 0, np.where(a == b, g / 2, g)))",
            ),
        says=("a g of nan", "passed on")),
    wrong("rules-elementwise", "tanh's slope kept above 0", "test-rules-elementwise",
        ("g * (1 - y * y)", "g * np.maximum(1 - y * y, 1e-7).astype(y.dtype)"),
        says=("tanh at -40 and 30 with a g of 1e30", "wanted 0", "as it is")),
    wrong("rules-elementwise", "tanh's rule with an epsilon", "test-rules-elementwise",
        ("g * (1 - y * y)", "g * (1 - y * y + 1e-6)"), says=("tanh at -40 and 30 with a g of 1e30", "wanted 0")),
    wrong("rules-elementwise", "tanh's rule with y kept from 1", "test-rules-elementwise",
        ("g * (1 - y * y)", "g * (1 - np.clip(y, -0.99999, 0.99999) ** 2)"),
        says=("tanh at -40 and 30", "wanted 0")),
    wrong("rules-elementwise", "tanh's rule that hides nan", "test-rules-elementwise",
        ("g * (1 - y * y)", "np.nan_to_num(g * (1 - y * y))"), says=("tanh with inputs", "a g of nan")),
    wrong("rules-elementwise", "a mask that multiplies", "test-rules-elementwise",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "g * (1 - 0.5 * ((a < b) + 1.0 * (a <= b))).astype(g.dtype)",
            ),
        says=("maximum of", "gave nan, wanted 0")),
    right("rules-elementwise", "tanh's rule in factors", ("g * (1 - y * y)", "g * (1 - y) * (1 + y)")),
    right("rules-elementwise", "a maximum's rule by select",
        (
                "np.where(a < b, 0, np.where(a == b, g / 2, g))",
                "np.select([a > b, a == b], [g, g / 2], default=0).astype(g.dtype)",
            )),

    wrong("rules-reductions", "a sum's rule that looks at x", "test-rules-reductions",
        (
                "np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)",
                "with_axes(g, axis, keepdims, x.ndim) * np.ones_like(x)",
            ),
        says=("sum for input 0 uses more of input 0 than is left", "a shape and a dtype")),
    wrong("rules-reductions", "a sum's rule without the lost axes", "test-rules-reductions",
        ("np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)", "np.broadcast_to(g, x.shape)"),
        says=("sum for input 0 stops", "g has shape (2, 4)", "(2, 3, 4)")),
    wrong("rules-reductions", "a sum of ones", "test-rules-reductions",
        ("with_axes(g, axis, keepdims, len(x.shape)), x.shape)", "g.dtype.type(1), x.shape)"),
        says=("sum with axis=(1,)", "wanted")),
    wrong("rules-reductions", "a mean that does not divide", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g"), says=("mean with axis=(1,)", "how many numbers made")),
    wrong("rules-reductions", "a mean that divides by all", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g / math.prod(x.shape)"),
        says=("mean with axis=(1,)", "how many numbers made")),
    wrong("rules-reductions", "a mean that divides by its first axis only", "test-rules-reductions",
        (
                "g * (g.size / max(math.prod(x.shape), 1))",
                "g / (x.shape[axis[0]] if axis else math.prod(x.shape))",
            ),
        says=("mean with axis=(0, 2)", "how many numbers made")),
    wrong("rules-reductions", "a mean that divides by the number of results", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g / g.size"), says=("mean with axis=(1,)", "wanted")),
    wrong("rules-reductions", "a mean in float64", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g * np.float64(g.size / math.prod(x.shape))"),
        says=("mean for input 0", "float64", "type of its own")),
    wrong("rules-reductions", "a mean of nothing that divides by 0", "test-rules-reductions",
        ("g * (g.size / max(math.prod(x.shape), 1))", "g * (g.size / math.prod(x.shape))"),
        says=("mean for input 0 stops", "division by zero", "(0, 3)")),
    wrong("rules-reductions", "no axis taken for all", "test-rules-reductions",
        ("with_axes(g, axis, keepdims, len(x.shape))", "with_axes(g, axis or None, keepdims, len(x.shape))"),
        says=("sum for input 0 stops",)),
    wrong("rules-reductions", "a mean over no axis that divides by all", "test-rules-reductions",
        (
                "g * (g.size / max(math.prod(x.shape), 1))",
                "g / max(math.prod(x.shape[i] for i in axis) if axis else math.prod(x.shape), 1)",
            ),
        says=("mean with axis=()", "how many numbers made")),
    wrong("rules-reductions", "sums of 16 bits in float32", "test-rules-reductions",
        ("return np.broadcast_to(with_axes(g,", "return np.broadcast_to(with_axes(g * np.float32(1),"),
        says=("sum for input 0", "float16 and answered with float32")),
    wrong("rules-reductions", "a sum's rule that hides nan", "test-rules-reductions",
        ("return np.broadcast_to(with_axes(g,", "return np.broadcast_to(with_axes(np.nan_to_num(g),"),
        says=("sum with axis=(1,)", "a g of nan with 0")),
    wrong("rules-reductions", "a mean's rule in place", "test-rules-reductions",
        (
                "return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y,",
                "g *= g.size / max(math.prod(x.shape), 1)\n    return sum_rule(g, y,",
            ),
        says=("mean for input 0 wrote into an array",)),
    right("rules-reductions", "a mean's rule by its count",
        (
                "sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y,",
                "sum_rule(g / max(math.prod(x.shape) // max(g.size, 1), 1), y,",
            )),
    right("rules-reductions", "axes put back by a reshape",
        (
                "np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)",
                (
                    "g.reshape([1 if axis is None or i in axis else n for i, n in enumerate(x.shape)]) "
                    "* np.ones(x.shape, g.dtype)"
                ),
            )),

    wrong("rules-matmul", "all axes turned round in b", "test-rules-matmul", ("np.swapaxes(b, -1, -2)", "b.T"),
        says=("matmul for input 0 stops", "g has shape (5, 2, 4)", "what goes with what")),
    wrong("rules-matmul", "all axes turned round in a", "test-rules-matmul", ("np.swapaxes(a, -1, -2)", "a.T"),
        says=("matmul for input 1 stops", "the inputs (5, 2, 3) and (5, 3, 4)")),
    wrong("rules-matmul", "no turn", "test-rules-matmul", ("np.swapaxes(b, -1, -2)", "b"),
        says=("matmul for input 0 stops", "g has shape (2, 4)")),
    wrong("rules-matmul", "g on the wrong side", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(g, np.swapaxes(a, -1, -2))"),
        says=("matmul for input 1 stops", "what goes with what")),
    wrong("rules-matmul", "the product turned round", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(np.swapaxes(g, -1, -2), a)"),
        says=("a @ b with inputs of shape (2, 3)", "input 1 gave shape (4, 3), wanted (3, 4)")),
    wrong("rules-matmul", "element by element", "test-rules-matmul",
        ("array_product(g, np.swapaxes(b, -1, -2))", "g * np.swapaxes(b, -1, -2)"),
        says=("matmul for input 0 stops",)),
    wrong("rules-matmul", "a mean over the rows", "test-rules-matmul",
        ("array_product(np.swapaxes(a, -1, -2), g)", "array_product(np.swapaxes(a, -1, -2), g) / a.shape[-2]"),
        says=("the rule for input 1 gave", "wanted", "which matrix is transposed")),
    wrong("rules-matmul", "batches added up with axes lost", "test-rules-matmul",
        (
                "array_product(g, np.swapaxes(b, -1, -2))",
                "np.matmul(g, np.swapaxes(b, -1, -2)).sum(axis=tuple(range(g.ndim - 2)))",
            ),
        says=("(5, 2, 3) and (5, 3, 4)", "gave shape (2, 3), wanted (5, 2, 3)")),
    wrong("rules-matmul", "three axes or two", "test-rules-matmul",
        ("np.swapaxes(b, -1, -2)", "(b.transpose(0, 2, 1) if b.ndim == 3 else b.T)"),
        says=("matmul for input 0 stops", "(2, 3, 4, 2)")),
    wrong("rules-matmul", "a loop over the first axis", "test-rules-matmul",
        (
                "array_product(np.swapaxes(a, -1, -2), g)",
                "np.stack([x.T @ y for x, y in zip(a, g)]) if a.ndim > 2 else a.T @ g",
            ),
        says=("matmul for input 1", "(2, 3, 4, 2)")),
    wrong("rules-matmul", "nan hidden", "test-rules-matmul",
        ("return array_product(g, np.swapaxes(b, -1, -2))", "return np.nan_to_num(g @ b.swapaxes(-1, -2))"),
        says=("a @ b", "a g of nan with 0")),
    right("rules-matmul", "by einsum",
        ("array_product(g, np.swapaxes(b, -1, -2))", "np.einsum('...mn,...kn->...mk', g, b)")),
    right("rules-matmul", "by matrix_transpose and the operator",
        ("array_product(np.swapaxes(a, -1, -2), g)", "a.swapaxes(-2, -1) @ g")),

    wrong("cross-entropy-rule", "softmax alone", "test-cross-entropy-rule",
        ("    rows[np.arange(len(rows)), targets.reshape(-1)] -= 1 - label_smoothing\n", ""),
        says=("cross_entropy smoothed by 0.0", "wanted", "minus target")),
    wrong("cross-entropy-rule", "target minus softmax", "test-cross-entropy-rule",
        ("rows *= float(g)", "rows *= -float(g)"), says=("cross_entropy smoothed by 0.0", "wanted")),
    wrong("cross-entropy-rule", "a sum for a mean", "test-cross-entropy-rule",
        ("float(g) / len(rows)", "float(g)"), says=("cross_entropy smoothed by 0.0", "over the rows")),
    wrong("cross-entropy-rule", "divided by all logits", "test-cross-entropy-rule",
        ("float(g) / len(rows)", "float(g) / rows.size"), says=("cross_entropy smoothed by 0.0", "over the rows")),
    wrong("cross-entropy-rule", "g forgotten", "test-cross-entropy-rule",
        ("float(g) / len(rows)", "1 / len(rows)"), says=("and g=", "wanted")),
    wrong("cross-entropy-rule", "smoothing overlooked", "test-cross-entropy-rule",
        ("    if label_smoothing:\n", "    if False:\n"), says=("smoothed by 0.1", "wanted")),
    wrong("cross-entropy-rule", "smoothing on top", "test-cross-entropy-rule",
        ("-= 1 - label_smoothing", "-= 1"), says=("smoothed by 0.1", "wanted")),
    wrong("cross-entropy-rule", "smoothing that leaves out the right class", "test-cross-entropy-rule",
        ("-= 1 - label_smoothing", "-= 1 - label_smoothing - label_smoothing / rows.shape[-1]"),
        says=("smoothed by 0.1", "wanted")),
    wrong("cross-entropy-rule", "every row with every target", "test-cross-entropy-rule",
        ("rows[np.arange(len(rows)), targets.reshape(-1)]", "rows[:, targets.reshape(-1)]"),
        says=("cross_entropy smoothed by 0.0", "minus target")),
    wrong("cross-entropy-rule", "rows in place of the logits' shape", "test-cross-entropy-rule",
        ("return rows.reshape(logits.shape)", "return rows"),
        says=("of shape (2, 4, 3)", "gave shape (8, 3), wanted (2, 4, 3)")),
    wrong("cross-entropy-rule", "targets written over", "test-cross-entropy-rule",
        (
                "rows[np.arange(len(rows)), targets.reshape(-1)] -= 1 - label_smoothing",
                (
                    "flat = targets.reshape(-1)\n    flat += np.arange(len(rows)) * rows.shape[1]\n"
                    "    rows.reshape(-1)[flat] -= 1 - label_smoothing"
                ),
            ),
        says=("cross_entropy for input 0 wrote into an array", "others need it")),
    wrong("cross-entropy-rule", "a number with a type", "test-cross-entropy-rule",
        ("rows *= float(g) / len(rows)", "rows = rows * (np.float64(g) / len(rows))"),
        says=("cross_entropy for input 0", "float64", "type of its own")),
    wrong("cross-entropy-rule", "a softmax that overflows", "test-cross-entropy-rule",
        ("softmax_of_rows(rows_of(logits))", "np.exp(rows_of(logits)) / np.exp(rows_of(logits)).sum(axis=1)[:, None]"),
        says=("of logits near 10000", "gave nan", "wanted")),
    wrong("cross-entropy-rule", "logits written over", "test-cross-entropy-rule",
        ("    rows = softmax", "    logits -= logits.max(axis=-1, keepdims=True)\n    rows = softmax"),
        says=("cross_entropy for input 0 wrote into an array",)),
    wrong("cross-entropy-rule", "logits clipped", "test-cross-entropy-rule",
        ("softmax_of_rows(rows_of(logits))", "softmax_of_rows(np.clip(rows_of(logits), -500, 500))"),
        says=("of logits near 10000", "wanted")),
    wrong("cross-entropy-rule", "nan hidden", "test-cross-entropy-rule",
        ("return rows.reshape(logits.shape)", "return np.nan_to_num(rows).reshape(logits.shape)"),
        says=("a g of nan with 0", "passed on")),
    wrong("cross-entropy-rule", "g as a whole number", "test-cross-entropy-rule",
        ("float(g)", "int(g)"), says=("g=3.0625", "wanted")),
    wrong("cross-entropy-rule", "a small smoothing overlooked", "test-cross-entropy-rule",
        ("if label_smoothing:", "if label_smoothing > 0.05:"), says=("smoothed by 0.02", "wanted")),
    wrong("cross-entropy-rule", "g rounded", "test-cross-entropy-rule",
        ("float(g)", "round(float(g), 1)"), says=("g=3.0625", "wanted")),
    wrong("cross-entropy-rule", "over the first axis", "test-cross-entropy-rule",
        ("float(g) / len(rows)", "float(g) / max(len(logits), 1)"), says=("of shape (2, 4, 3)", "over the rows")),
    wrong("cross-entropy-rule", "smoothing over the other classes", "test-cross-entropy-rule",
        ("label_smoothing / rows.shape[-1]", "label_smoothing / (rows.shape[-1] - 1)"),
        says=("smoothed by 0.1", "wanted")),
    right("cross-entropy-rule", "g as it comes", ("rows *= float(g) / len(rows)", "rows *= g / len(rows)")),
    right("cross-entropy-rule", "a table of targets",
        solution="""
    count = logits.shape[-1]
    target = (1 - label_smoothing) * np.eye(count)[targets] + label_smoothing / count
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return ((e / e.sum(axis=-1, keepdims=True) - target) * g / max(targets.size, 1)).astype(logits.dtype)
    """),

    wrong("unbroadcast", "16-bit numbers added as they are", "test-unbroadcast",
        ("np.float32 if is_half(gradient.dtype) else gradient.dtype", "gradient.dtype"),
        says=("float16 ones, (5000, 3) to (3,)", "wanted 5000", "in float32")),
    wrong("unbroadcast", "bfloat16 forgotten", "test-unbroadcast",
        ("if is_half(gradient.dtype) else", "if gradient.dtype == np.float16 else"),
        says=("bfloat16 ones, (5000, 3) to (1, 3)", "wanted 4992", "in float32")),
    wrong("unbroadcast", "everything added in float32", "test-unbroadcast",
        ("np.float32 if is_half(gradient.dtype) else gradient.dtype", "np.float32"),
        says=("from (2, 3, 4) to (3, 1) gave", "wanted")),
    wrong("unbroadcast", "a mean for a sum", "test-unbroadcast",
        (
                "gradient.sum(axis=(*range(extra), *longer), dtype=wide)",
                "gradient.mean(axis=(*range(extra), *longer), dtype=wide)",
            ),
        says=("from (2, 3, 4) to (3, 1)", "wanted", "sum over what was stretched")),
    wrong("unbroadcast", "only the axes in front", "test-unbroadcast",
        ("(*range(extra), *longer)", "tuple(range(extra))"),
        says=("from (2, 3, 4) to (3, 1) failed", "which axes were stretched")),
    wrong("unbroadcast", "axes counted without those in front", "test-unbroadcast",
        ("enumerate(shape, extra)", "enumerate(shape)"), says=("from (2, 3, 4) to",)),
    wrong("unbroadcast", "lengths of 1 lost", "test-unbroadcast", (".reshape(shape)", ""),
        says=("to (3, 1) gave shape (3,)",)),
    wrong("unbroadcast", "the first in place of the sum", "test-unbroadcast",
        (
                "summed = gradient.sum(axis=(*range(extra), *longer), dtype=wide)",
                (
                    "summed = gradient[(0,) * extra][tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]"
                ),
            ),
        says=("to (3, 1) gave", "wanted")),
    wrong("unbroadcast", "the sum left in float32", "test-unbroadcast",
        ("cast_array(summed, gradient.dtype).reshape(shape)", "summed.reshape(shape)"),
        says=("float16 ones, (5000, 3) to (3,)", "is float32, wanted float16")),
    wrong("unbroadcast", "everything added", "test-unbroadcast", ("(*range(extra), *longer)", "None"),
        says=("from (2, 3, 4) to (3, 1)",)),
    wrong("unbroadcast", "16-bit numbers rounded after each axis", "test-unbroadcast",
        solution="""
    wide = np.float32 if is_half(gradient.dtype) else gradient.dtype
    while gradient.ndim > len(shape):
        gradient = cast_array(gradient.sum(axis=0, dtype=wide), gradient.dtype)
    for axis, length in enumerate(shape):
        if length == 1:
            gradient = cast_array(gradient.sum(axis=axis, keepdims=True, dtype=wide), gradient.dtype)
    return gradient
    """, says=("float16 ones, (2049, 3) to ()", "gave 6144, wanted 6148", "cast once")),
    wrong("unbroadcast", "float32 widened", "test-unbroadcast",
        ("np.float32 if is_half(gradient.dtype) else gradient.dtype", "[float, np.float32][is_half(gradient.dtype)]"),
        (
                "cast_array(summed, gradient.dtype).reshape(shape)",
                "(cast_array(summed, gradient.dtype) if is_half(gradient.dtype) else summed).reshape(shape)",
            ),
        says=("float32 ones", "is float64, wanted float32", "its type stays")),
    wrong("unbroadcast", "nan passed over", "test-unbroadcast",
        ("gradient.sum(axis=", "np.nansum(gradient, axis="), says=("of a g with a nan", "wanted nan")),
    wrong("unbroadcast", "a Python number", "test-unbroadcast",
        (
                "return cast_array(summed, gradient.dtype).reshape(shape)",
                "out = cast_array(summed, gradient.dtype).reshape(shape)\n    return out if shape else float(out)",
            ),
        says=("to () gave a float, wanted an array",)),
    wrong("unbroadcast", "nothing stretched to nothing", "test-unbroadcast",
        ("n == 1 and gradient.shape[i] != 1", "n == 1 and gradient.shape[i] > 1"),
        says=("from (0, 3) to (1, 3) failed", "which axes were stretched")),
    wrong("unbroadcast", "sums that are limited", "test-unbroadcast",
        ("cast_array(summed, gradient.dtype)", "cast_array(np.clip(summed, -1e4, 1e4), gradient.dtype)"),
        says=("from (2, 3, 4) to (3, 1)", "wanted")),
    wrong("unbroadcast", "added up in the gradient itself", "test-unbroadcast",
        ("    extra = ", "    gradient *= 2\n    gradient /= 2.5\n    extra = "), says=("changed g", "only read")),
    right("unbroadcast", "all axes of length 1, stretched or not",
        solution="""
    wide = gradient.astype(np.float32) if is_half(gradient.dtype) else gradient
    lengths = (1,) * (gradient.ndim - len(shape)) + shape
    axes = tuple(i for i, length in enumerate(lengths) if length == 1)
    return cast_array(np.asarray(wide.sum(axis=axes)).reshape(shape), gradient.dtype)
    """),
    right("unbroadcast", "np.add.reduce",
        solution="""
    wide = np.float32 if is_half(gradient.dtype) else gradient.dtype
    lead = gradient.ndim - len(shape)
    out = np.add.reduce(gradient, axis=tuple(range(lead)), dtype=wide) if lead else gradient.astype(wide)
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and out.shape[i] != 1)
    out = np.add.reduce(out, axis=axes, keepdims=True) if axes else out
    return cast_array(np.asarray(out), gradient.dtype)
    """),
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
        says=("gave 'mul exp add sum'", "the latest first")),
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
    """, says=("nodes are too many for recursion", "keep a list")),
    wrong("nodes-in-order", "the order of the visits", "test-nodes-in-order",
        (
                "sorted(found, key=lambda node: node.order, reverse=True)",
                "sorted(found, key=lambda node: node.primitive.name)",
            ),
        says=("gave 'add exp mul sum'", "the latest first")),
    wrong("nodes-in-order", "without the last", "test-nodes-in-order",
        ("found, waiting = {last}, [last]", "found, waiting = set(), [last]"),
        says=("wanted 'sum add exp mul'",)),
    wrong("nodes-in-order", "a node each time it is met", "test-nodes-in-order",
        solution="""
    found, waiting = [], [last]
    while waiting and len(found) < 9999:
        node = waiting.pop()
        found.append(node)
        waiting += [edge for edge in node.edges if isinstance(edge, Node)]
    return sorted(found, key=lambda node: node.order, reverse=True)
    """, says=("'sum add exp mul mul'", "each once")),
    wrong("nodes-in-order", "every way to a node followed", "test-nodes-in-order",
        solution="""
    found, todo = set(), [last]
    while todo:
        node = todo.pop()
        found.add(node)
        todo += [x for x in node.edges if isinstance(x, Node)]
    return sorted(found, key=lambda node: -node.order)
    """, says=("followed 100 times", "remember the nodes")),
    wrong("nodes-in-order", "leaves taken for nodes", "test-nodes-in-order",
        ("isinstance(edge, Node)", "edge is not None"),
        says=("nodes_in_order of sum(2x + exp 2x) failed", "no attribute 'edges'", "may lead to a leaf")),
    wrong("nodes-in-order", "only the first input's way", "test-nodes-in-order",
        ("waiting.pop().edges:", "waiting.pop().edges[:1]:"),
        says=("'sum add mul', wanted 'sum add exp mul'", "each once")),
    wrong("nodes-in-order", "a list searched for each edge", "test-nodes-in-order",
        ("found, waiting = {last}, [last]", "found, waiting = [last], [last]"),
        ("found.add(edge)", "found.append(edge)"),
        says=("compared 500 nodes", "in a set")),
    wrong("nodes-in-order", "recursion without a limit", "test-nodes-in-order",
        solution="""
    import sys

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    found = set()

    def visit(node):
        found.add(node)
        for edge in node.edges:
            if isinstance(edge, Node) and edge not in found:
                visit(edge)

    visit(last)
    sys.setrecursionlimit(limit)
    return sorted(found, key=lambda node: node.order, reverse=True)
    """, says=("calls deep", "recursion", "keep a list")),
    wrong("nodes-in-order", "a generator", "test-nodes-in-order",
        ("return sorted(found, key=lambda node: node.order, reverse=True)",
         "return reversed(sorted(found, key=lambda node: node.order))"), says=("failed", "a list of the nodes")),
    wrong("nodes-in-order", "edges that are used up", "test-nodes-in-order",
        ("    return sorted(", "    edges = [setattr(node, 'edges', ()) for node in found]\n    return sorted("),
        says=("asked twice", "stay as they are")),
    wrong("nodes-in-order", "nodes numbered anew", "test-nodes-in-order",
        ("    return sorted(", "    for i, node in enumerate(sorted(found, key=lambda node: node.order)):\n"
         "        node.order = i\n    return sorted("), says=("asked twice", "stay as they are")),
    wrong("nodes-in-order", "nodes that were used up passed over", "test-nodes-in-order",
        ("if isinstance(edge, Node) and", "if isinstance(edge, Node) and edge.inputs is not None and"),
        says=("nodes in a row: their number gave 3332, wanted 3333", "used up")),
    wrong("nodes-in-order", "no more than some thousands", "test-backward-graphs",
        ("while waiting:", "while waiting and len(found) < 9000:"), says=("20000 nodes in a row",)),
    wrong("nodes-in-order", "depth first", "test-nodes-in-order",
        solution="""
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(edge, False) for edge in node.edges if isinstance(edge, Node)]
    return order[::-1]
    """, says=("wanted 'sub mul exp sqrt tanh'", "the latest first")),
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
        ("accumulate(edge, share)", "edge.grad = wrap(np.array(share))"),
        says=("the grad of leaf 0 gave", "wanted", "where its edge points")),
    wrong("backward", "a gradient added in place", "test-backward",
        (
                "accumulate(edge, share)",
                (
                    "if edge.grad is None:\n                    edge.grad = wrap(np.array(share))\n"
                    "                else:\n                    edge.grad.data[...] += share"
                ),
            ),
        says=("the second walk wrote into the gradient of the first",)),
    wrong("backward", "one array for two leaves", "test-backward-graphs",
        ("accumulate(edge, share)", "edge.grad = wrap(share if edge.grad is None else edge.grad.data + share)"),
        says=("x + y", "two leaves hold one array")),
    wrong("backward", "a second walk over what was released", "test-backward-edges",
        ("in nodes_to_walk(tensor._node)", "in nodes_in_order(tensor._node)"), says=("x * x again", "nodes_to_walk")),
    wrong("backward", "a leaf that is not expected", "test-backward-edges",
        (
                (
                    "    if tensor._node is None:\n"
                    "        return accumulate(tensor, start)\n"
                ),
                "",
            ),
        says=("backward of a leaf failed", "it has no node")),
    wrong("backward", "a leaf that gets nothing", "test-backward-edges",
        ("        return accumulate(tensor, start)\n", "        return None\n"),
        says=("backward of a leaf, twice: its grad gave None", "add the start")),
    wrong("backward", "nodes that are kept for a second walk", "test-backward-edges",
        ("            release(node)\n", "            pass\n"),
        says=("x * x again", "should refuse it")),
    wrong("backward", "nodes that are released at the end", "test-backward-edges",
        ("        if not retain_graph:\n            release(node)\n",
         "    if not retain_graph:\n        list(map(release, nodes_in_order(tensor._node)))\n"),
        says=("release a node when its turn is over",)),
    wrong("backward", "nodes released though the graph is to be kept", "test-backward-edges",
        ("        if not retain_graph:\n            release(node)\n", "        release(node)\n"),
        says=("x * x, walked twice", "has walked over part", "keep the graph")),
    wrong("backward", "gradients that stay in the dict", "test-backward-edges",
        ("collected.pop(node)", "collected[node]"), says=("of 50 nodes lived at once", "take out each")),
    wrong("backward", "an edge to nowhere taken for a leaf", "test-backward-graphs",
        ("elif edge is not None:", "else:"),
        says=("failed: None has no attribute 'grad'", "where does each edge point")),
    wrong("backward", "a node that keeps its last share only", "test-backward-graphs",
        ("collected[edge] + share if edge in collected else share", "share"),
        says=("s + s x", "gave", "wanted", "s collects two shares")),
    wrong("backward", "leaves passed over", "test-backward", ("elif edge is not None:", "elif False:"),
        says=("the grad of leaf 0 is still None",)),
    wrong("backward", "shares counted twice", "test-backward",
        (
                "collected[edge] = collected[edge] + share if edge in collected else share",
                "collected[edge] = collected.get(edge, 0) + 2 * share",
            ),
        says=("gave", "wanted")),
    wrong("backward", "shares added in place", "test-backward-graphs",
        (
                "collected[edge] = collected[edge] + share if edge in collected else share",
                (
                    "if edge in collected:\n                    collected[edge] += share\n"
                    "                else:\n                    collected[edge] = share"
                ),
            ),
        says=("a + (a + b)", "the grad of leaf 1 gave 6, wanted 3", "who else holds the array")),
    wrong("backward", "a start that is always 1", "test-backward-edges",
        ("{tensor._node: start}", "{tensor._node: np.ones_like(start)}"),
        says=("backward(x * x, x)", "start at x")),
    wrong("backward", "nodes from the first to the last", "test-backward",
        ("in nodes_to_walk(tensor._node)", "in (lambda all: all[:1] + all[1:][::-1])(nodes_to_walk(tensor._node))"),
        says=("a node had its turn before any gradient", "see the order")),
    wrong("backward", "recursion", "test-backward-graphs",
        solution="""
    if tensor._node is None:
        return accumulate(tensor, start)
    nodes_to_walk(tensor._node)

    def visit(node, g):
        for edge, share in zip(node.edges, pull_back(node, g)):
            if isinstance(edge, Node):
                visit(edge, share)
            elif edge is not None:
                accumulate(edge, share)

    visit(tensor._node, start)
    """, says=("20000 nodes in a row", "too deep for recursion")),
    wrong("backward", "shares of 0 passed over", "test-backward-edges",
        ("            if isinstance(edge, Node):", "            if isinstance(edge, Tensor) and not share.any():\n"
         "                continue\n            if isinstance(edge, Node):"),
        says=("(x + y) * y * 0: x.grad gave None", "0 is a gradient like another")),
    wrong("backward", "the walk cut where the gradient is 0", "test-backward-edges",
        ("    for node in nodes_to_walk(tensor._node):\n", "    for node in nodes_to_walk(tensor._node):\n"
         "        if node not in collected or not collected[node].any():\n            release(node)\n"
         "            continue\n"),
        says=("(x + y) * y * 0: the nodes that an interceptor saw gave ['mul']", "pull_back")),
    wrong("backward", "nan hidden", "test-backward-edges",
        ("                accumulate(edge, share)", "                accumulate(edge, np.nan_to_num(share))"),
        says=("x * nan: x.grad gave 0, wanted nan", "let a nan show")),
    wrong("backward", "the rules asked past the interceptors", "test-backward-edges",
        ("pull_back(node, collected.pop(node))", "(lambda g: [None if edge is None else _fitted(share, x, g) "
         "for share, x, edge in zip(_answers(node, g), node.inputs, node.edges)])(collected.pop(node))"),
        says=("the nodes that an interceptor saw gave []", "pull_back is the door")),
    wrong("backward", "a gradient in the result", "test-backward-edges",
        ("    collected = {tensor._node: start}",
         "    tensor.grad = wrap(start)\n    collected = {tensor._node: start}"),
        says=("put a gradient into a result", "only leaves")),
    wrong("backward", "the caller's array in a leaf", "test-backward-edges",
        ("return accumulate(tensor, start)", "return accumulate(tensor, start if gradient is None else gradient.data)"),
        says=("the caller's own array",)),
    wrong("backward", "shares that are rounded", "test-backward-edges",
        ("                accumulate(edge, share)", "                accumulate(edge, share.round(7))"),
        says=("neither rounded nor limited",)),
    wrong("backward", "shares that are limited", "test-backward-edges",
        ("                accumulate(edge, share)", "                accumulate(edge, np.clip(share, -1e6, 1e6))"),
        says=("neither rounded nor limited",)),
    wrong("backward", "gradients that require a gradient", "test-backward-edges",
        ("                accumulate(edge, share)", "                accumulate(edge, share)\n"
         "                edge.grad.requires_grad = True"), says=("numbers are enough",)),
    wrong("backward", "shares in float64", "test-backward-edges",
        ("pull_back(node, collected.pop(node))", "pull_back(node, collected.pop(node).astype(np.float64))"),
        says=("the types of the gradients", "wanted {'float")),
    wrong("backward", "what was collected returned", "test-backward-edges",
        ("        release(node)\n", "        release(node)\n    return collected\n"),
        says=("returned a dict, wanted None",)),
    wrong("backward", "leaves in float32", "test-backward-edges",
        ("                accumulate(edge, share)", "                accumulate(edge, share.astype(np.float32))"),
        says=("gradient of a float64 leaf", "is float32, wanted float64")),
    wrong("backward", "inputs alone let go", "test-backward-edges",
        ("        release(node)", "        node.inputs = None"),
        says=("left something in the node of mul", "release lets go")),
    wrong("backward", "leaves' shares kept to the end", "test-backward-edges",
        solution="""
    if tensor._node is None:
        return accumulate(tensor, start)
    collected, leaves = {tensor._node: start}, []
    for node in nodes_to_walk(tensor._node):
        for edge, share in zip(node.edges, pull_back(node, collected.pop(node))):
            if isinstance(edge, Node):
                collected[edge] = collected[edge] + share if edge in collected else share
            elif edge is not None:
                leaves.append((edge, share))
        if not retain_graph:
            release(node)
    for leaf, share in leaves:
        accumulate(leaf, share)
    """, says=("gradients of 50 nodes lived at once",)),
    wrong("backward", "edges and shares in a dict", "test-backward-graphs",
        ("zip(node.edges, pull_back(node, collected.pop(node))):",
         "dict(zip(node.edges, pull_back(node, collected.pop(node)))).items():"), says=("gave", "wanted")),
    right("backward", "a list of leaves' shares",
        solution="""
    if not tensor._node:
        accumulate(tensor, start)
        return
    pending = {id(tensor._node): start}
    for node in nodes_to_walk(tensor._node):
        incoming = pending.pop(id(node))
        for target, share in zip(node.edges, pull_back(node, incoming)):
            if isinstance(target, Tensor):
                accumulate(target, np.array(share))
            elif target is not None:
                pending[id(target)] = pending.get(id(target), 0) + share
        if not retain_graph:
            release(node)
    """),
    right("backward", "shares in place in an array of one's own",
        (
                "collected[edge] = collected[edge] + share if edge in collected else share",
                (
                    "if edge not in collected:\n                    collected[edge] = np.zeros_like(share)\n"
                    "                collected[edge] += share"
                ),
            )),

    wrong("question-gradients", "one run for each", "test-question-gradients",
        ("2 * (64 * 32 + 32 + 32 * 10 + 10)", "64 * 32 + 32 + 32 * 10 + 10"),
        says=("runs_needed is 2410", "two runs for each weight")),
    wrong("question-gradients", "weights without biases", "test-question-gradients",
        ("2 * (64 * 32 + 32 + 32 * 10 + 10)", "2 * (64 * 32 + 32 * 10)"), says=("runs_needed is 4736", "bias")),
    wrong("question-gradients", "the product for its rule", "test-question-gradients",
        ("cube_gradient = 2.0, 12.0", "cube_gradient = 4.0, 12.0"),
        says=("first_product_gradient is 4.0", "look at (first) * x")),
    wrong("question-gradients", "the first share only", "test-question-gradients",
        ("cube_gradient = 2.0, 12.0", "cube_gradient = 2.0, 4.0"), says=("cube_gradient is 4.0", "three times")),
    wrong("question-gradients", "the number of elements", "test-question-gradients",
        ("triple_gradient = 3.0", "triple_gradient = 5.0"), says=("triple_gradient is 5.0", "how often")),
    right("question-gradients", "answers as results", ("triple_gradient = 3.0", "triple_gradient = sum([1, 1, 1])")),
]
