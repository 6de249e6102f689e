"""The bank for lesson 02: activations."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("relu", "a nan that becomes 0", "test-relu",
        solution="""
    return np.where(x > 0, x, 0).astype(x.dtype)
    """, says=("relu(nan) gave 0.0", "keeps a nan")),
    wrong("relu", "a maximum that passes over nan", "test-relu",
        solution="""
    return np.fmax(x, 0)
    """, says=("relu(nan) gave 0.0", "keeps a nan")),
    wrong("relu", "times 0 or 1", "test-relu",
        solution="""
    return x * (x > 0)
    """, says=("relu([-inf, inf]) gave [nan, inf]", "wanted [0, inf]")),
    wrong("relu", "the input's own array", "test-relu",
        solution="""
    x[x < 0] = 0
    return x
    """, says=("relu changed its input",)),
    wrong("relu", "the sign dropped", "test-relu",
        solution="""
    return np.abs(x)
    """, says=("gave [[3.0, 0.5, 0.0]", "wanted [[0, 0, 0]")),
    wrong("relu", "the smaller", "test-relu",
        solution="""
    return np.minimum(x, 0)
    """, says=("gave [[-3.0", "wanted [[0, 0, 0]")),
    wrong("relu", "float64 out", "test-relu",
        solution="""
    return np.maximum(x, np.zeros(x.shape))
    """, says=("relu of float32 (2, 3) gave float64",)),
    wrong("relu", "cut off above too", "test-relu",
        solution="""
    return np.clip(x, 0, 1)
    """, says=("[0.25, 1.0, 1.0]", "wanted")),
    wrong("relu", "a leak", "test-relu",
        solution="""
    return np.maximum(x, x * 0.01)
    """, says=("gave [[-0.0", "wanted [[0, 0, 0]")),
    right("relu", "one 0 for all",
        solution="""
    return np.maximum(x, 0)
    """),
    wrong("relu", "the visible answers typed in", "test-relu",
        solution="""
    known = np.array([[0, 0, 0], [0.25, 2, 1000]])
    small = {(2, 3): known, (2,): np.array([0, np.inf]), (1,): x}
    return np.asarray(small.get(x.shape, np.zeros(x.shape)), dtype=x.dtype)
    """, says=("relu([[[7.5], [-0.125]]", "wanted [[[7.5], [0]]")),
    right("relu", "clip with one end",
        solution="""
    return np.asarray(x).clip(0, None)
    """),
    right("relu", "where it is below",
        solution="""
    return np.where(x < 0, x.dtype.type(0), x)
    """),

    wrong("sigmoid", "by exp(x) above and below", "test-sigmoid",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                (
                    "    with np.errstate(invalid='ignore'):\n"
                    "        return np.exp(x) / (1 + np.exp(x))\n"
                ),
            ),
        says=("gave nan", "compare the forms")),
    wrong("sigmoid", "by the hyperbolic tangent", "test-sigmoid",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                "    return (np.tanh(x / 2) + 1) / 2\n",
            ),
        says=("gave", "wanted", "compare the forms")),
    wrong("sigmoid", "the wrong sign", "test-sigmoid", ("np.exp(-x)", "np.exp(x)"),
        says=("sigmoid(-inf) in float64 gave 1, wanted", "compare the forms")),
    wrong("sigmoid", "float64 out", "test-sigmoid", ("return 1 / y", "return np.float64(1) / y"),
        says=("sigmoid of float32 gave float64",)),
    wrong("sigmoid", "cut off at 20", "test-sigmoid",
        ("    y = np.exp(-x)\n", "    y = np.exp(-np.clip(x, -20, 20))\n"), says=("sigmoid(-inf)", "wanted")),
    wrong("sigmoid", "the input's own array", "test-sigmoid",
        ("    y = np.exp(-x)\n", "    y = np.exp(np.negative(x, out=x))\n"), says=("changed its input",)),
    wrong("sigmoid", "1 minus the rest", "test-sigmoid", ("return 1 / y", "return 1 - (y - 1) / y"),
        says=("sigmoid(-", "wanted", "compare the forms")),
    wrong("sigmoid", "two branches that are both computed", "test-sigmoid",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                "    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))\n",
            ),
        says=("NumPy warned",)),
    wrong("sigmoid", "no 1", "test-sigmoid", ("    y += 1\n", ""), says=("sigmoid(", "wanted")),
    right("sigmoid", "an exponential that is never above 1",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                (
                    "    small = np.exp(-np.abs(x))\n"
                    "    return np.where(x >= 0, 1, small) / (1 + small)\n"
                ),
            )),
    right("sigmoid", "SciPy's",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                (
                    "    from scipy.special import expit\n"
                    "\n"
                    "    return expit(x)\n"
                ),
            )),

    wrong("gelu-exact", "NumPy's root of 2", "test-gelu-exact",
        solution="""
    return x * (1 + erf(x / np.sqrt(2))) / 2
    """, says=("gelu_exact of float32 gave float64", "not weak")),
    wrong("gelu-exact", "no root of 2", "test-gelu-exact", ("x * 0.5**0.5", "x * 1.0"),
        says=("gelu_exact(", "share of the bell")),
    wrong("gelu-exact", "the tanh form", "test-gelu-exact",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))
    """, says=("gelu_exact(-", "wanted", "share of the bell")),
    wrong("gelu-exact", "the sigmoid form", "test-gelu-exact",
        solution="""
    return x / (1 + np.exp(-np.clip(1.702 * x, -80, 80)))
    """, says=("gelu_exact(-", "wanted")),
    wrong("gelu-exact", "not halved", "test-gelu-exact", ("    y *= 0.5\n", ""), says=("gelu_exact(", "wanted")),
    wrong("gelu-exact", "the share alone", "test-gelu-exact", ("    y *= x\n", ""),
        says=("gelu_exact(", "x times the share")),
    wrong("gelu-exact", "the input's own array", "test-gelu-exact",
        ("np.asarray(x * 0.5**0.5)", "np.multiply(x, 0.5**0.5, out=x)"), says=("changed its input",)),
    wrong("gelu-exact", "the share on the right", "test-gelu-exact",
        ("    y += 1\n", "    np.subtract(1, y, out=y)\n"), says=("gelu_exact(-10.0) gave -10", "share of the bell")),
    right("gelu-exact", "SciPy's normal distribution",
        solution="""
    from scipy.special import ndtr

    return x * ndtr(x)
    """),
    right("gelu-exact", "in one line",
        solution="""
    return 0.5 * x * (1 + erf(x / 2**0.5))
    """),

    wrong("gelu-tanh", "the exact form", "test-gelu-tanh",
        solution="""
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / 2**0.5))
    """, says=("gelu_tanh(-", "that is the exact form")),
    wrong("gelu-tanh", "the square for the cube", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**2)))
    """, says=("gelu_tanh(-", "start inside")),
    wrong("gelu-tanh", "a factor ten times as large", "test-gelu-tanh", ("0.044715 *", "0.44715 *"),
        says=("gelu_tanh(", "start inside")),
    wrong("gelu-tanh", "no root", "test-gelu-tanh", ("(2 / np.pi) ** 0.5", "(2 / np.pi)"),
        says=("gelu_tanh(", "wanted")),
    wrong("gelu-tanh", "NumPy's root", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    """, says=("gelu_tanh of float32 gave float64", "not weak")),
    wrong("gelu-tanh", "not halved", "test-gelu-tanh", ("    y *= 0.5\n", ""), says=("gelu_tanh(", "wanted")),
    wrong("gelu-tanh", "the input's own array", "test-gelu-tanh", ("np.asarray(x * x)", "np.multiply(x, x, out=x)"),
        says=("changed its input",)),
    wrong("gelu-tanh", "the tanh of x alone", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * x))
    """, says=("gelu_tanh(-", "start inside")),
    wrong("gelu-tanh", "pi over 2", "test-gelu-tanh", ("(2 / np.pi) ** 0.5", "(np.pi / 2) ** 0.5"),
        says=("gelu_tanh(", "start inside")),
    right("gelu-tanh", "in one line",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))
    """),
    right("gelu-tanh", "by the sigmoid of twice as much",
        solution="""
    u = (2 / np.pi) ** 0.5 * (x + 0.044715 * x * x * x)
    return x / (1 + np.exp(-2 * np.maximum(u, -40)))
    """),

    wrong("softmax", "no largest taken off", "test-softmax",
        ("np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))", "np.exp(x)"),
        says=("scores near 10000", "off by nan")),
    wrong("softmax", "the largest of all", "test-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.max(initial=-np.inf)"),
        says=("near 1000 and -1000", "its own largest")),
    wrong("softmax", "always the last axis", "test-softmax",
        ("y /= y.sum(axis=axis, keepdims=True)", "y /= y.sum(axis=-1, keepdims=True)"),
        says=("softmax over axis 0", "off by")),
    wrong("softmax", "one sum for all", "test-softmax", ("y.sum(axis=axis, keepdims=True)", "y.sum()"),
        says=("softmax over axis 0", "its own sum")),
    wrong("softmax", "an axis that gets lost", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "y.sum(axis=axis)"),
        says=("softmax over axis 1", "do the axes still fit")),
    wrong("softmax", "a mean for a sum", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "y.mean(axis=axis, keepdims=True)"), says=("off by", "its own sum")),
    wrong("softmax", "an empty row that has no largest", "test-softmax", (", initial=-np.inf", ""),
        says=("(3, 0) failed", "empty batches pass")),
    wrong("softmax", "0 for the largest of all rows below 0", "test-softmax", ("initial=-np.inf", "initial=0"),
        says=("scores near -10000", "off by nan")),
    wrong("softmax", "the input's own array", "test-softmax",
        (
                "y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))",
                "x -= x.max(axis=axis, keepdims=True, initial=-np.inf)\n    y = np.exp(x)",
            ),
        says=("the input was changed",)),
    wrong("softmax", "float64 out", "test-softmax", ("    return y\n", "    return y.astype(np.float64)\n"),
        says=("float32 became float64",)),
    wrong("softmax", "a little more below", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "(y.sum(axis=axis, keepdims=True) + 1e-8)"), says=("float64: element",)),
    right("softmax", "by logarithms",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    shares = np.exp(x - top)
    return shares / np.sum(shares, axis, keepdims=True)
    """),
    right("softmax", "the axis moved to the end",
        solution="""
    rows = np.moveaxis(x, axis, -1) if x.ndim else x.reshape(1)
    rows = rows - np.max(rows, axis=-1, keepdims=True, initial=-np.inf)
    rows = np.exp(rows) / np.exp(rows).sum(axis=-1)[..., np.newaxis]
    return np.moveaxis(rows, -1, axis) if x.ndim else rows.reshape(())
    """),

    wrong("log-softmax", "the logarithm of softmax", "test-log-softmax",
        solution="""
    return np.log(normalized_exp(x, axis))
    """, says=("scores x 1000", "off by", "stay with logarithms")),
    wrong("log-softmax", "no largest taken off", "test-log-softmax",
        ("x - x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.copy()"), says=("scores x 1000", "off by")),
    wrong("log-softmax", "a sum without its logarithm", "test-log-softmax",
        ("np.log(np.exp(y).sum(axis=axis, keepdims=True))", "np.exp(y).sum(axis=axis, keepdims=True)"),
        says=("log_softmax over axis 0", "off by")),
    wrong("log-softmax", "always the last axis", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=-1, keepdims=True)"),
        says=("log_softmax over axis 0", "off by")),
    wrong("log-softmax", "added, not taken off", "test-log-softmax", ("y -= np.log", "y += np.log"),
        says=("log_softmax over axis 0", "off by")),
    wrong("log-softmax", "a mean for a sum", "test-log-softmax", ("np.exp(y).sum(", "np.exp(y).mean("),
        says=("log_softmax over axis 0", "off by")),
    wrong("log-softmax", "an axis that gets lost", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=axis)"),
        says=("log_softmax over axis 1", "do the axes still fit")),
    wrong("log-softmax", "a little more inside", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=axis, keepdims=True) + 1e-8"),
        says=("float64: element",)),
    wrong("log-softmax", "the input's own array", "test-log-softmax",
        (
                "y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)",
                "y = x\n    y -= x.max(axis=axis, keepdims=True, initial=-np.inf)",
            ),
        says=("the input was changed",)),
    wrong("log-softmax", "the wrong logarithm", "test-log-softmax", ("np.log(np.exp(y)", "np.log2(np.exp(y)"),
        says=("log_softmax over axis 0", "off by")),
    right("log-softmax", "logaddexp",
        solution="""
    return x - np.logaddexp.reduce(x, axis=axis, keepdims=True) if x.ndim else x - x
    """),

    wrong("question-activations", "the quotient", "test-question-activations",
        ("b_for_three = 3", "b_for_three = 1.5"), says=("sigmoid(1.5) is", "divide both parts")),
    wrong("question-activations", "the other side", "test-question-activations",
        ("b_for_three = 3", "b_for_three = -3"), says=("sigmoid(-3) is", "divide both parts")),
    wrong("question-activations", "the last finite", "test-question-activations",
        ("first_infinite = 89", "first_infinite = 88"), says=("first_infinite is 88", "where does exp pass it")),
    wrong("question-activations", "float64's", "test-question-activations",
        ("first_infinite = 89", "first_infinite = 710"), says=("first_infinite is 710", "float32 ends")),
    wrong("question-activations", "the wrong sign", "test-question-activations",
        ("knows_nothing = -2.303", "knows_nothing = 2.303"), says=("knows_nothing is 2.303", "one chance in ten")),
    wrong("question-activations", "a chance for its logarithm", "test-question-activations",
        ("knows_nothing = -2.303", "knows_nothing = 0.1"), says=("knows_nothing is 0.1", "one chance in ten")),
    right("question-activations", "answers as results", ("knows_nothing = -2.303", "knows_nothing = -math.log(10)")),
]
