"""The bank for lesson 05: gradients."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

CASES: list[Case] = [
    wrong(
        "numerical-gradient",
        "a difference to one side",
        "test-numerical-gradient-step",
        ("(above - below) / (2 * step)", "(above - function(*copies).data.sum()) / step"),
    ),
    wrong(
        "numerical-gradient",
        "a step of one's own",
        "test-numerical-gradient-step",
        ("    copies = [", "    step = 1e-6\n    copies = ["),
    ),
    wrong(
        "numerical-gradient", "trying with a record", "test-numerical-gradient-step", ("with no_grad():", "if True:")
    ),
    wrong(
        "rules-arithmetic",
        "a quotient's rule that needs y",
        "test-rules-arithmetic",
        ("-g * a / (b * b)", "-g * y / b"),
    ),
    wrong(
        "rules-arithmetic",
        "a quotient's rule without the square",
        "test-rules-arithmetic",
        ("-g * a / (b * b)", "-g * a / b"),
    ),
    wrong(
        "rules-arithmetic",
        "a product's rule in float64",
        "test-rules-arithmetic",
        ("return g * b\n", "return g * b * np.float64(1)\n"),
    ),
    wrong(
        "rules-arithmetic",
        "a power's rule in float64",
        "test-rules-arithmetic",
        ("g * y * np.log(", "np.float64(1) * g * y * np.log("),
    ),
    wrong(
        "rules-elementwise",
        "tanh's rule in float64",
        "test-rules-elementwise",
        ("1 - y * y", "1 - np.float64(1) * y * y"),
    ),
    wrong(
        "rules-elementwise",
        "a root's rule in float64",
        "test-rules-elementwise",
        ("g / (2 * y)", "g / (np.float64(2) * y)"),
    ),
    wrong(
        "rules-elementwise",
        "sigmoid's rule from x",
        "test-rules-elementwise",
        ("g * y * (1 - y)", "g * np.exp(-x) / (1 + np.exp(-x)) ** 2"),
    ),
    wrong(
        "rules-elementwise",
        "tanh's rule from x",
        "test-rules-elementwise",
        ("g * (1 - y * y)", "g * (1 - np.tanh(x) ** 2)"),
    ),
    wrong(
        "rules-elementwise",
        "a maximum's rule without ties",
        "test-rules-elementwise",
        ("np.where(a == b, g / 2, 0)", "0"),
    ),
    wrong(
        "rules-reductions",
        "shares of a maximum in float64",
        "test-rules-reductions",
        (".sum(axis=axis, keepdims=True).astype(x.dtype)", ".sum(axis=axis, keepdims=True)"),
    ),
    wrong(
        "rules-reductions",
        "a sum's rule that looks at x",
        "test-rules-reductions",
        (
            "np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)",
            "with_axes(g, axis, keepdims, x.ndim) * np.ones_like(x)",
        ),
    ),
    wrong(
        "rules-reductions",
        "rows taken twice and not added up",
        "test-rules-reductions",
        ("np.add.at(out, index, g)", "out[index] = g"),
    ),
    wrong(
        "rules-softmax",
        "softmax's rule in float64",
        "test-rules-softmax",
        ("return y * (g", "return np.float64(1) * y * (g"),
    ),
    wrong(
        "rules-softmax",
        "log-softmax's rule from x",
        "test-rules-softmax",
        ("np.exp(y)", "np.exp(x - np.log(np.exp(x).sum()))"),
    ),
    wrong(
        "unbroadcast",
        "halves added as halves",
        "test-unbroadcast",
        ("np.float32 if is_half(gradient.dtype) else gradient.dtype", "gradient.dtype"),
    ),
    wrong("nodes-in-order", "nodes in the order they were made", "test-nodes-in-order", (", reverse=True", "")),
    wrong(
        "backward",
        "a leaf's gradient replaced",
        "test-backward",
        ("accumulate(edge, own(share, g))", "edge.grad = wrap(own(share, g))"),
    ),
    wrong(
        "backward",
        "one array for two leaves",
        "test-backward-graphs",
        ("accumulate(edge, own(share, g))", "accumulate(edge, share)"),
    ),
    wrong(
        "backward", "a second walk over what was released", "test-backward-edges", ("    refuse_released(nodes)\n", "")
    ),
    wrong(
        "backward",
        "a leaf that is not expected",
        "test-backward-edges",
        ("    if tensor._node is None:\n        return accumulate(tensor, start)\n", ""),
    ),
    wrong("backward", "nodes that are kept for a second walk", "test-backward-edges", ("        release(node)\n", "")),
    wrong(
        "rules-reductions",
        "a reduction over all axes that gets one back",
        "test-rules-reductions",
        ("tuple(range(ndim)) if axis is None", "0 if axis is None"),
    ),
    wrong(
        "backward",
        "a node that keeps its last share only",
        "test-backward-graphs",
        ("collected[edge] + share if edge in collected else share", "share"),
    ),
    right("rules-arithmetic", "a product's rule the other way round", ("return g * b\n", "return np.multiply(b, g)\n")),
    right("rules-elementwise", "tanh's rule in factors", ("g * (1 - y * y)", "g * (1 - y) * (1 + y)")),
    right(
        "rules-reductions",
        "a mean's rule by its count",
        (
            "sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y,",
            "sum_rule(g / max(math.prod(x.shape) // max(g.size, 1), 1), y,",
        ),
    ),
]
