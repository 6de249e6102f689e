"""The bank for lesson 02: activations."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("relu", "a nan that becomes 0", "test-relu",
        solution="""
    return np.where(x > 0, x, 0).astype(x.dtype)
    """, says=("rectified([nan])", "gave 0, wanted nan", "keeps a nan")),
    wrong("relu", "a maximum that passes over nan", "test-relu",
        solution="""
    return np.fmax(x, 0)
    """, says=("rectified([nan])", "gave 0, wanted nan", "keeps a nan")),
    wrong("relu", "times 0 or 1", "test-relu",
        solution="""
    return x * (x > 0)
    """, says=("rectified([-inf, inf])", "gave nan, wanted 0", "0 times infinity")),
    wrong("relu", "the input's own array", "test-relu",
        solution="""
    x[x < 0] = 0
    return x
    """, says=("changed x", "an array of your own")),
    wrong("relu", "the sign dropped", "test-relu",
        solution="""
    return np.abs(x)
    """, says=("gave 3, wanted 0 at [0, 0]", "max(x, 0)")),
    wrong("relu", "the smaller", "test-relu",
        solution="""
    return np.minimum(x, 0)
    """, says=("gave 0, wanted 1000 at [1, 2]",)),
    wrong("relu", "float64 out", "test-relu",
        solution="""
    return np.maximum(x, np.zeros(x.shape))
    """, says=("in float32 is float64, wanted float32",)),
    wrong("relu", "cut off above too", "test-relu",
        solution="""
    return np.clip(x, 0, 1)
    """, says=("gave 1, wanted 1000",)),
    wrong("relu", "a leak", "test-relu",
        solution="""
    return np.maximum(x, x * 0.01)
    """, says=("gave -0.03, wanted 0 at [0, 0]",)),
    right("relu", "one 0 for all",
        solution="""
    return np.maximum(x, 0)
    """),
    wrong("relu", "the visible answers typed in", "test-relu",
        solution="""
    known = np.array([[0, 0, 0], [0.25, 2, 1000]])
    small = {(2, 3): known, (2,): np.array([0, np.inf]), (1,): x}
    return np.asarray(small.get(x.shape, np.zeros(x.shape)), dtype=x.dtype)
    """, says=("rectified([[[7.5], [-0.125]]", "gave 0, wanted 7.5")),
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
        says=("gave nan, wanted", "compare the forms")),
    wrong("sigmoid", "by the hyperbolic tangent", "test-sigmoid",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                "    return (np.tanh(x / 2) + 1) / 2\n",
            ),
        says=("logistic(-", "wanted", "compare the forms")),
    wrong("sigmoid", "the wrong sign", "test-sigmoid", ("np.exp(-x)", "np.exp(x)"),
        says=("logistic(-inf) in float64 gave 1, wanted 0", "compare the forms")),
    wrong("sigmoid", "float64 out", "test-sigmoid", ("return 1 / y", "return np.float64(1) / y"),
        says=("logistic of float32 numbers is float64, wanted float32",)),
    wrong("sigmoid", "cut off at 20", "test-sigmoid",
        ("    y = np.exp(-x)\n", "    y = np.exp(-np.clip(x, -20, 20))\n"),
        says=("logistic(-inf) in float64 gave 2.0612e-09, wanted 0",)),
    wrong("sigmoid", "cut off where float32 ends", "test-sigmoid",
        solution="""
    return 1 / (1 + np.exp(-np.clip(x, -88, 88)))
    """, says=("logistic(-inf) in float64", "wanted 0", "compare the forms")),
    wrong("sigmoid", "the input's own array", "test-sigmoid",
        ("    y = np.exp(-x)\n", "    y = np.exp(np.negative(x, out=x))\n"),
        says=("changed x", "an array of your own")),
    wrong("sigmoid", "1 minus the rest", "test-sigmoid", ("return 1 / y", "return 1 - (y - 1) / y"),
        says=("logistic(-", "wanted", "compare the forms")),
    wrong("sigmoid", "two branches that are both computed", "test-sigmoid",
        (
                (
                    "    y = np.exp(-x)\n"
                    "    y += 1\n"
                    "    return 1 / y\n"
                ),
                "    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))\n",
            ),
        says=("logistic made NumPy warn", "invalid value")),
    wrong("sigmoid", "no 1", "test-sigmoid", ("    y += 1\n", ""), says=("logistic(-", "wanted", "compare the forms")),
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
    """, says=("in float32 is float64, wanted float32", "not weak")),
    wrong("gelu-exact", "no root of 2", "test-gelu-exact", ("x * math.sqrt(0.5)", "x * 1.0"),
        says=("gelu_exact([[-10", "wanted", "probability of a smaller number")),
    wrong("gelu-exact", "the tanh form", "test-gelu-exact",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))
    """, says=("gave -0.015084, wanted -0.015524 at [0, 2]", "probability of a smaller number")),
    wrong("gelu-exact", "the sigmoid form", "test-gelu-exact",
        solution="""
    return x / (1 + np.exp(-np.clip(1.702 * x, -80, 80)))
    """, says=("gave -0.034986, wanted -0.015524",)),
    wrong("gelu-exact", "x cut off at 3 inside erf", "test-gelu-exact",
        ("y = np.asarray(x * math.sqrt(0.5))", "y = np.asarray(np.clip(x, -3, 3) * math.sqrt(0.5))"),
        says=("gelu_exact(", "probability of a smaller number")),
    wrong("gelu-exact", "not halved", "test-gelu-exact", ("    y *= 0.5\n", ""), says=("gelu_exact(", "wanted")),
    wrong("gelu-exact", "the share alone", "test-gelu-exact", ("    y *= x\n", ""),
        says=("gelu_exact(", "x times the probability")),
    wrong("gelu-exact", "the input's own array", "test-gelu-exact",
        ("np.asarray(x * math.sqrt(0.5))", "np.multiply(x, 0.5**0.5, out=x)"),
        says=("changed x", "an array of your own")),
    wrong("gelu-exact", "the share on the right", "test-gelu-exact",
        ("    y += 1\n", "    np.subtract(1, y, out=y)\n"),
        says=("gave 0, wanted 10000 at [1, 3]", "probability of a smaller number")),
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
    """, says=("gave 2.6906, wanted 2.6911 at [1, 2]", "that is the exact form")),
    wrong("gelu-tanh", "the square for the cube", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**2)))
    """, says=("gave -0.059753, wanted -0.0088876", "from the inside out")),
    wrong("gelu-tanh", "a factor ten times as large", "test-gelu-tanh", ("0.044715 *", "0.44715 *"),
        says=("gave -0.14277, wanted -0.16943", "from the inside out")),
    wrong("gelu-tanh", "no root", "test-gelu-tanh", ("math.sqrt(2 / math.pi)", "2 / math.pi"),
        says=("gelu_tanh(", "wanted")),
    wrong("gelu-tanh", "NumPy's root", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    """, says=("in float32 is float64, wanted float32", "not weak")),
    wrong("gelu-tanh", "not halved", "test-gelu-tanh", ("    y *= 0.5\n", ""), says=("gelu_tanh(", "wanted")),
    wrong("gelu-tanh", "the input's own array", "test-gelu-tanh", ("np.asarray(x * x)", "np.multiply(x, x, out=x)"),
        says=("changed x", "an array of your own")),
    wrong("gelu-tanh", "the tanh of x alone", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * x))
    """, says=("gave -0.03584, wanted -0.0088876", "from the inside out")),
    wrong("gelu-tanh", "pi over 2", "test-gelu-tanh", ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)"),
        says=("from the inside out",)),
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
        says=("near 1e+04, float32", "gave nan", "its own largest")),
    wrong("softmax", "the largest of all", "test-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.max(initial=-np.inf)"),
        says=("[[1000.0, 1000.0], [-1000.0, -1000.0]]", "gave nan, wanted 0.5", "its own largest")),
    wrong("softmax", "always the last axis", "test-softmax",
        ("y /= y.sum(axis=axis, keepdims=True)", "y /= y.sum(axis=-1, keepdims=True)"),
        says=("normalized_exp, axis 0 of (2, 3, 4)", "its own sum")),
    wrong("softmax", "one sum for all", "test-softmax", ("y.sum(axis=axis, keepdims=True)", "y.sum()"),
        says=("normalized_exp, axis 0", "gave 0.073652, wanted 0.99911", "its own sum")),
    wrong("softmax", "an axis that gets lost", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "y.sum(axis=axis)"),
        says=("normalized_exp, axis 1", "failed", "do the axes still fit")),
    wrong("softmax", "a mean for a sum", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "y.mean(axis=axis, keepdims=True)"),
        says=("gave 1.9982, wanted 0.99911", "its own sum")),
    wrong("softmax", "an empty row that has no largest", "test-softmax", (", initial=-np.inf", ""),
        says=("of shape (3, 0) failed", "empty batches pass")),
    wrong("softmax", "0 for the largest of all rows below 0", "test-softmax", ("initial=-np.inf", "initial=0"),
        says=("near -1e+04", "gave nan", "its own largest")),
    wrong("softmax", "the input's own array", "test-softmax",
        (
                "y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))",
                "x -= x.max(axis=axis, keepdims=True, initial=-np.inf)\n    y = np.exp(x)",
            ),
        says=("changed x", "an array of your own")),
    wrong("softmax", "float64 out", "test-softmax", ("    return y\n", "    return y.astype(np.float64)\n"),
        says=("float32, is float64, wanted float32",)),
    wrong("softmax", "a little more below", "test-softmax",
        ("y.sum(axis=axis, keepdims=True)", "(y.sum(axis=axis, keepdims=True) + 1e-8)"),
        says=("float64, gave 0.99911302, wanted 0.99911303",)),
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
    """, says=("near -129.7", "gave -inf, wanted -5662.9", "stay with logarithms")),
    wrong("log-softmax", "no largest taken off", "test-log-softmax",
        ("x - x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.copy()"),
        says=("near -129.7", "gave -inf, wanted 0")),
    wrong("log-softmax", "a sum without its logarithm", "test-log-softmax",
        ("np.log(np.exp(y).sum(axis=axis, keepdims=True))", "np.exp(y).sum(axis=axis, keepdims=True)"),
        says=("log_normalized_exp, axis 0", "gave -1.9334, wanted -0.65931")),
    wrong("log-softmax", "always the last axis", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=-1, keepdims=True)"),
        says=("log_normalized_exp, axis 0", "row by row along the axis")),
    wrong("log-softmax", "added, not taken off", "test-log-softmax", ("y -= np.log", "y += np.log"),
        says=("gave 0.65931, wanted -0.65931",)),
    wrong("log-softmax", "a mean for a sum", "test-log-softmax", ("np.exp(y).sum(", "np.exp(y).mean("),
        says=("gave -2.1695, wanted -2.8626",)),
    wrong("log-softmax", "an axis that gets lost", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=axis)"),
        says=("log_normalized_exp, axis 1", "failed", "do the axes still fit")),
    wrong("log-softmax", "a little more inside", "test-log-softmax",
        ("np.exp(y).sum(axis=axis, keepdims=True)", "np.exp(y).sum(axis=axis, keepdims=True) + 1e-8"),
        says=("gave -8.93336643, wanted -8.93336642",)),
    wrong("log-softmax", "the input's own array", "test-log-softmax",
        (
                "y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)",
                "y = x\n    y -= x.max(axis=axis, keepdims=True, initial=-np.inf)",
            ),
        says=("changed x", "an array of your own")),
    wrong("log-softmax", "the wrong logarithm", "test-log-softmax", ("np.log(np.exp(y)", "np.log2(np.exp(y)"),
        says=("gave -0.95118, wanted -0.65931",)),
    right("log-softmax", "logaddexp",
        solution="""
    return x - np.logaddexp.reduce(x, axis=axis, keepdims=True) if x.ndim else x - x
    """),

    wrong("question-activations", "the quotient", "test-question-activations",
        ("b_for_three = 3", "b_for_three = 1.5"),
        says=("sigmoid of b_for_three = 1.5 gave 0.81757", "divide both parts")),
    wrong("question-activations", "the other side", "test-question-activations",
        ("b_for_three = 3", "b_for_three = -3"),
        says=("sigmoid of b_for_three = -3 gave 0.047426", "divide both parts")),
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
