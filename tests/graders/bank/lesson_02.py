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
    wrong("relu", "by way of float32", "test-relu",
        solution="""
    return np.maximum(x.astype(np.float32), 0).astype(x.dtype)
""", says=("gave 1.0363636, wanted 1.03636364 at [3]", "the same shape comes out, right to the last digits")),
    wrong("relu", "the input itself where nothing is below 0", "test-relu",
        solution="""
    return x if not (x < 0).any() else np.maximum(x, 0)
""", says=("rectified of positive numbers of shape (12,)", "compute in an array of your own")),
    wrong("relu", "half the sum with the size", "test-relu",
        solution="""
    return ((x + np.abs(x)) / 2).astype(x.dtype)
""", says=("gave nan, wanted 0 at [0]", "there is no 0 times infinity in a maximum")),
    wrong("relu", "at least one axis", "test-relu",
        solution="""
    return np.maximum(np.atleast_1d(x), np.zeros(1, x.dtype))
""", says=("gave shape (1,), wanted ()", "max(x, 0)")),
    wrong("relu", "capped at the largest float16", "test-relu",
        solution="""
    return np.clip(x, 0, 65504).astype(x.dtype)
""", says=("gave 65504, wanted inf at [1]", "there is no 0 times infinity in a maximum")),
    wrong("relu", "rows of a matrix alone", "test-relu",
        solution="""
    return np.array([np.maximum(row, 0) for row in x]).astype(x.dtype).reshape(x.shape)
""", says=("rectified(3.0) in float32 failed", "any shape comes in")),
    wrong("relu", "a step at 1e-3", "test-relu",
        solution="""
    return np.where(x > 1e-3, x, np.where(np.isnan(x), x, 0)).astype(x.dtype)
""", says=("gave 0, wanted 9.5367e-07 at [0]", "max(x, 0)")),
    wrong("relu", "nan and inf tidied up", "test-relu",
        solution="""
    return np.maximum(np.nan_to_num(x), 0).astype(x.dtype)
""", says=("gave 3.4028e+38, wanted inf at [1]", "there is no 0 times infinity in a maximum")),
    wrong("relu", "a matrix for rows", "test-relu",
        solution="""
    return np.maximum(x, np.zeros(x.shape, x.dtype)).squeeze()
""", says=("gave shape (), wanted (1,)", "which NumPy function keeps a nan?")),
    wrong("relu", "rounded to four digits", "test-relu",
        solution="""
    return np.maximum(np.round(x, 4), x.dtype.type(0)).astype(x.dtype)
""", says=("gave inf, wanted 1000 at [1, 2]", "max(x, 0)")),
    wrong("relu", "a mask multiplied where finite", "test-relu",
        solution="""
    with np.errstate(invalid='ignore'):
        return np.where(np.isfinite(x), x * (x > 0), np.where(x > 0, x, x.dtype.type(0)))
""", says=("gave 0, wanted nan at [0]", "which NumPy function keeps a nan?")),
    wrong("relu", "a tensor for an array", "test-relu",
        solution="""
    return Tensor(np.maximum(x, 0))
""", says=("gave a Tensor, wanted an array", "it works on arrays")),
    wrong("relu", "zeros below, the sign of 0 kept from the left", "test-relu",
        solution="""
    return np.where(x > 0, x, x * 0)
""", says=("gave nan, wanted 0 at [0]", "there is no 0 times infinity in a maximum")),
    wrong("relu", "a running maximum", "test-relu",
        solution="""
    return np.maximum.accumulate(np.maximum(x, 0), axis=-1) if x.ndim else np.maximum(x, 0)
""", says=("gave 9.5367e-07, wanted 0 at [1]", "max(x, 0)")),
    wrong("relu", "nan becomes inf", "test-relu",
        solution="""
    y = np.maximum(x, 0)
    return np.where(np.isnan(y), np.inf, y).astype(x.dtype)
""", says=("gave inf, wanted nan at [0]", "which NumPy function keeps a nan?")),
    wrong("relu", "a masked copy that loses nan", "test-relu",
        solution="""
    y = np.zeros_like(x)
    np.copyto(y, x, where=x > 0)
    return y
""", says=("gave 0, wanted nan at [0]", "which NumPy function keeps a nan?")),
    right("relu", "zeros of its type, chosen",
        solution="""
    return np.where(np.less(x, 0), np.zeros_like(x), x)
    """),
    right("relu", "one 0 for all",
        solution="""
    return np.maximum(x, 0)
    """),
    wrong("relu", "the visible answers typed in", "test-relu",
        solution="""
    known = np.array([[0, 0, 0], [0.25, 2, 1000]])
    small = {(2, 3): known, (2,): np.array([0, np.inf]), (1,): x}
    return np.asarray(small.get(x.shape, np.zeros(x.shape)), dtype=x.dtype)
    """, says=("rectified([9.5367431640625e-07, -9.5367431640625e-07])", "gave inf, wanted 0")),
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
    wrong("sigmoid", "element by element of one axis", "test-sigmoid",
        solution="""
    return np.array([1 / (1 + np.exp(-v)) for v in x.ravel()], x.dtype) if x.size else x
""", says=("gave shape (12,), wanted (4, 3)", "the same shape comes out, right to the last digits")),
    wrong("sigmoid", "at least one axis, sigmoid", "test-sigmoid",
        solution="""
    return 1 / (1 + np.exp(-np.atleast_1d(x)))
""", says=("gave shape (1,), wanted ()", "the same shape comes out, right to the last digits")),
    wrong("sigmoid", "cut off at -100", "test-sigmoid",
        solution="""
    return 1 / (1 + np.exp(-np.clip(x, -100 if x.dtype == np.float32 else -500, None)))
""", says=("gave 7.1246e-218, wanted 0", "compare the forms in the table")),
    wrong("sigmoid", "masks that miss 0", "test-sigmoid",
        solution="""
    y = np.full(x.shape, 0.5, x.dtype)
    y[x > 0] = 1 / (1 + np.exp(-x[x > 0]))
    y[x < 0] = np.exp(x[x < 0]) / (1 + np.exp(x[x < 0]))
    return y
""", says=("gave 0.5, wanted nan", "compare the forms in the table")),
    wrong("sigmoid", "masks that lose nan", "test-sigmoid",
        solution="""
    y = np.zeros(x.shape, x.dtype)
    y[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))
    y[x < 0] = np.exp(x[x < 0]) / (1 + np.exp(x[x < 0]))
    return y
""", says=("gave 0, wanted nan", "compare the forms in the table")),
    wrong("sigmoid", "by float32 throughout", "test-sigmoid",
        solution="""
    return (1 / (1 + np.exp(-x.astype(np.float32)))).astype(x.dtype)
""", says=("gave 0, wanted 2.6504e-261", "compare the forms in the table")),
    wrong("sigmoid", "rows", "test-sigmoid",
        solution="""
    return np.array([1 / (1 + np.exp(-row)) for row in x], x.dtype).reshape(x.shape)
""", says=("logistic of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("sigmoid", "the input's own array for the result", "test-sigmoid",
        solution="""
    np.exp(-x, out=x)
    x += 1
    return np.divide(1, x, out=x)
""", says=("logistic of float64 numbers changed x, from", "compute in an array of your own")),
    wrong("sigmoid", "saturated below -40", "test-sigmoid",
        solution="""
    return np.where(x < -87, 0, 1 / (1 + np.exp(-x))).astype(x.dtype)
""", says=("gave 0, wanted 2.6504e-261", "compare the forms in the table")),
    wrong("sigmoid", "exp2", "test-sigmoid",
        solution="""
    return 1 / (1 + np.exp2(-x * 1.442695))
""", says=("gave 2.65044e-261, wanted 2.6504e-261", "compare the forms in the table")),
    wrong("sigmoid", "numbers without axes refused", "test-sigmoid",
        solution="""
    return 1 / (1 + np.exp(-x)) if x.ndim else NotImplemented
""", says=("gave a NotImplementedType, wanted an array", "it works on arrays")),
    wrong("sigmoid", "a hard sigmoid far out", "test-sigmoid",
        solution="""
    y = 1 / (1 + np.exp(-x))
    return np.where(x < -50, x.dtype.type(0), y)
""", says=("gave 0, wanted 2.6504e-261", "compare the forms in the table")),
    wrong("sigmoid", "complement for both sides", "test-sigmoid",
        solution="""
    e = np.exp(-np.abs(x))
    return np.where(x < 0, 1 - 1 / (1 + e), 1 / (1 + e)).astype(x.dtype)
""", says=("gave 0, wanted 2.6504e-261", "compare the forms in the table")),
    wrong("sigmoid", "zero for nan", "test-sigmoid",
        solution="""
    return np.nan_to_num(1 / (1 + np.exp(-x)), nan=0.5).astype(x.dtype)
""", says=("gave 0.5, wanted nan", "compare the forms in the table")),
    right("sigmoid", "one exponential, two fractions",
        solution="""
    y = np.array(x, copy=True)
    low = x < 0
    e = np.exp(-np.abs(x))
    return np.where(low, e / (1 + e), 1 / (1 + e)).astype(x.dtype)
    """),
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
    wrong("gelu-exact", "no scalars", "test-gelu-exact",
        solution="""
    y = x * math.sqrt(0.5)
    erf(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y
""", says=("gelu_exact of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("gelu-exact", "nan made 0", "test-gelu-exact",
        solution="""
    return np.nan_to_num(0.5 * x * (1 + erf(x / 2**0.5)))
""", says=("gave 0, wanted nan at [2, 0]", "x times the probability of a smaller number")),
    wrong("gelu-exact", "flattened", "test-gelu-exact",
        solution="""
    return (0.5 * x * (1 + erf(x / 2**0.5))).reshape(len(x), -1)
""", says=("gave shape (12, 1), wanted (12,)", "the same shape comes out, right to the last digits")),
    wrong("gelu-exact", "few digits of the root", "test-gelu-exact",
        solution="""
    return 0.5 * x * (1 + erf(x / 1.41421356))
""", says=("gave 0.8413447465, wanted 0.8413447461 at [2, 1]", "has sqrt(2) all digits?")),
    wrong("gelu-exact", "the probability of a larger number below 0", "test-gelu-exact",
        solution="""
    return np.where(x < 0, 0, 0.5 * x * (1 + erf(x / 2**0.5))).astype(x.dtype)
""", says=("gave 0, wanted -0.16937 at [0, 3]", "x times the probability of a smaller number")),
    wrong("gelu-exact", "float32 inside", "test-gelu-exact",
        solution="""
    return (0.5 * x * (1 + erf((x / 2**0.5).astype(np.float32)))).astype(x.dtype)
""", says=("gave 0.84134471, wanted 0.84134475 at [2, 1]", "has sqrt(2) all digits?")),
    wrong("gelu-exact", "gelu of both as a sum", "test-gelu-exact",
        solution="""
    return (x + x * erf(x / 2**0.5)).astype(x.dtype)
""", says=("gave 20000, wanted 10000 at [1, 3]", "x times the probability of a smaller number")),
    wrong("gelu-exact", "capped on the right", "test-gelu-exact",
        solution="""
    return 0.5 * np.minimum(x, 100) * (1 + erf(x / 2**0.5))
""", says=("gave 100, wanted 10000 at [1, 3]", "x times the probability of a smaller number")),
    wrong("gelu-exact", "erf written over x", "test-gelu-exact",
        solution="""
    y = 0.5 * x
    erf(x / 2**0.5, out=x)
    return y * (1 + x)
""", says=("gelu_exact([[-10, -6, -2.5, -0.7], [0, 0.3, 2.5,", "compute in an array of your own")),
    wrong("gelu-exact", "by the tail on the left", "test-gelu-exact",
        solution="""
    return np.where(x > -3, 0.5 * x * (1 + erf(x / 2**0.5)), 0).astype(x.dtype)
""", says=("gave 0, wanted nan at [2, 0]", "x times the probability of a smaller number")),
    wrong("gelu-exact", "halved at the end in the input", "test-gelu-exact",
        solution="""
    y = x * (1 + erf(x / 2**0.5))
    x /= 2
    return y / 2
""", says=("gelu_exact([[-10, -6, -2.5, -0.7], [0, 0.3, 2.5,", "compute in an array of your own")),
    wrong("gelu-exact", "relu from 5 on both sides", "test-gelu-exact",
        solution="""
    return np.where(np.abs(x) > 5, np.maximum(x, 0), 0.5 * x * (1 + erf(x / 2**0.5))).astype(x.dtype)
""", says=("gave 0, wanted -5.9195e-09 at [0, 1]", "has sqrt(2) all digits?")),
    wrong("gelu-exact", "float64 arrays rounded", "test-gelu-exact",
        solution="""
    return (0.5 * x * (1 + erf(x / 2**0.5))).astype(np.float32).astype(x.dtype)
""", says=("gave 0.8413448, wanted 0.8413447 at [2, 1]", "has sqrt(2) all digits?")),
    right("gelu-exact", "SciPy's distribution, then a product",
        solution="""
    from scipy.special import ndtr
    out = ndtr(x)
    out = out * x
    return out
    """),
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
        says=("gave 0.90965, wanted 0.84119", "from the inside out")),
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
    wrong("gelu-tanh", "no scalars, tanh", "test-gelu-tanh",
        solution="""
    y = x * x
    y *= 0.044715
    y += 1
    y *= x
    y *= (2 / math.pi) ** 0.5
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y
""", says=("gelu_tanh of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("gelu-tanh", "few digits of the root of 2 over pi", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh(0.79788456 * (x + 0.044715 * x**3)))
""", says=("gave 0.84119199, wanted 0.841191991 at [2, 1]", "are all constants given with enough digits?")),
    wrong("gelu-tanh", "0.0447 for 0.044715", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.0447 * x**3)))
""", says=("gave 2.691108, wanted 2.691112 at [1, 2]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "nan made 0 in tanh", "test-gelu-tanh",
        solution="""
    return np.nan_to_num(0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))))
""", says=("gave 0, wanted nan at [2, 0]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "the cube outside of the bracket", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * x + 0.044715 * x**3))
""", says=("gave -0.0062331, wanted -0.0088876 at [0, 2]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "float32 inside, tanh", "test-gelu-tanh",
        solution="""
    u = (x + 0.044715 * x**3).astype(np.float32)
    return (0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * u))).astype(x.dtype)
""", says=("gave 2.6911123, wanted 2.6911124 at [1, 2]", "are all constants given with enough digits?")),
    wrong("gelu-tanh", "flattened, tanh", "test-gelu-tanh",
        solution="""
    return (0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))).reshape(len(x), -1)
""", says=("gave shape (12, 1), wanted (12,)", "the same shape comes out, right to the last digits")),
    wrong("gelu-tanh", "x written over at the end", "test-gelu-tanh",
        solution="""
    y = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))
    y += 1
    x *= 0.5
    return y * x
""", says=("gelu_tanh([[-10, -6, -2.7, -0.7], [0, 0.3, 2.7,", "compute in an array of your own")),
    wrong("gelu-tanh", "times sigmoid of 1.702 x", "test-gelu-tanh",
        solution="""
    return x / (1 + np.exp(-np.maximum(1.702 * x, -80)))
""", says=("gave 2.673, wanted 2.6911 at [1, 2]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "the cube by the absolute value", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * np.abs(x)**3)))
""", says=("gave -10, wanted -0 at [0, 0]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "rows, each by itself", "test-gelu-tanh",
        solution="""
    return np.array([0.5 * r * (1 + np.tanh((2 / np.pi) ** 0.5 * (r + 0.044715 * r**3))) for r in x], x.dtype)
""", says=("gelu_tanh of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("gelu-tanh", "relu from 5 on both sides, tanh", "test-gelu-tanh",
        solution="""
    u = (2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)
    return np.where(np.abs(x) > 4, np.maximum(x, 0), 0.5 * x * (1 + np.tanh(u))).astype(x.dtype)
""", says=("gave 0, wanted -8.4396e-11 at [0, 1]", "are all constants given with enough digits?")),
    wrong("gelu-tanh", "the gate's argument cut off", "test-gelu-tanh",
        solution="""
    u = np.clip((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3), -4, 4)
    return 0.5 * x * (1 + np.tanh(u))
""", says=("gave 9996.6, wanted 10000 at [1, 3]", "compare with the formula from the inside out")),
    wrong("gelu-tanh", "pi of three digits", "test-gelu-tanh",
        solution="""
    return 0.5 * x * (1 + np.tanh((2 / 3.14) ** 0.5 * (x + 0.044715 * x**3)))
""", says=("gave 0.84125, wanted 0.84119 at [2, 1]", "compare with the formula from the inside out")),
    right("gelu-tanh", "the cube by two products",
        solution="""
    c = math.sqrt(2.0 / math.pi)
    inner = c * x * (1.0 + 0.044715 * x * x)
    return x * 0.5 * (np.tanh(inner) + 1.0)
    """),
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
        says=("of shape (3, 0), axis -1, failed", "empty batches pass")),
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
    wrong("softmax", "the mean for the largest", "test-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.mean(axis=axis, keepdims=True)"),
        says=("gave nan, wanted 0.5 at [0]", "-inf rules a class out")),
    wrong("softmax", "the smallest for the largest", "test-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.min(axis=axis, keepdims=True, initial=np.inf)"),
        says=("gave nan, wanted 0.5 at [0]", "-inf rules a class out")),
    wrong("softmax", "the first for the largest", "test-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)",
         "np.take(x, [0], axis=axis) if x.shape[axis] else np.zeros(())"), says=("gave shape (), wanted (3, 0)",)),
    wrong("softmax", "exponents clipped at -50", "test-softmax",
        ("np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))",
         "np.exp(np.clip(x - x.max(axis=axis, keepdims=True, initial=-np.inf), -50, 0))"),
        says=("gave 1.9287e-22, wanted 1.3839e-87 at [0]", "small ones count")),
    wrong("softmax", "exponents clipped at 700", "test-softmax",
        ("np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))", "np.exp(np.clip(x, -700, 700))"),
        says=("gave nan, wanted 0.82545 at [0, 0, 0]",
              "each row along the axis has its own largest score and its own sum")),
    wrong("softmax", "no numbers without axes", "test-softmax",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    shares = np.exp(x - top)
    np.divide(shares, shares.sum(axis=axis, keepdims=True), out=shares)
    return shares if x.ndim else shares[0]
""", says=("normalized_exp of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("softmax", "empty only along the last axis", "test-softmax",
        solution="""
    if not x.shape[-1:] or x.shape[-1] == 0:
        return x
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y
""", says=("normalized_exp of shape (0, 3), axis 0,", "empty batches pass")),
    wrong("softmax", "nan passed over", "test-softmax",
        solution="""
    y = np.exp(x - np.nanmax(x, axis=axis, keepdims=True, initial=-np.inf))
    return y / np.nansum(y, axis=axis, keepdims=True)
""", says=("gave 1, wanted nan at [1]", "so it is nan")),
    wrong("softmax", "nan made 0, softmax", "test-softmax",
        solution="""
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y /= y.sum(axis=axis, keepdims=True)
    return np.nan_to_num(y)
""", says=("gave 0, wanted nan at [0]", "so it is nan")),
    wrong("softmax", "infinity takes all", "test-softmax",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    y = np.where(np.isinf(top) & (top > 0), (x == top).astype(x.dtype), np.exp(x - top))
    return y / y.sum(axis=axis, keepdims=True)
""", says=("gave 1, wanted nan at [0]", "so it is nan")),
    wrong("softmax", "an even share where all is ruled out", "test-softmax",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    y = np.where(top == -np.inf, 1, np.exp(x - top)).astype(x.dtype)
    return y / y.sum(axis=axis, keepdims=True)
""", says=("gave 0.5, wanted nan at [0]", "so it is nan")),
    wrong("softmax", "by float32, softmax", "test-softmax",
        solution="""
    y = x.astype(np.float32)
    y = np.exp(y - y.max(axis=axis, keepdims=True, initial=-np.inf))
    return (y / y.sum(axis=axis, keepdims=True)).astype(x.dtype)
""",
        says=("gave 0.82543772, wanted 0.82543767 at [0, 0, 0]",
              "each row along the axis has its own largest score and its own sum")),
    wrong("softmax", "small ones dropped", "test-softmax",
        solution="""
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y /= y.sum(axis=axis, keepdims=True)
    return np.where(y < 1e-12, 0, y).astype(x.dtype)
""", says=("gave 0, wanted 1.3839e-87 at [0]", "small ones count")),
    wrong("softmax", "axis 1 for any but the last", "test-softmax",
        solution="""
    axis = axis if axis in (0, -1) else 1
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return y / y.sum(axis=axis, keepdims=True)
""",
        says=("gave 0.17523, wanted 0.99911 at [1, 0, 3]",
              "each row along the axis has its own largest score and its own sum")),
    wrong("softmax", "at most 1e3 from the largest, else an error", "test-softmax",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    y = np.exp(x - top)
    total = y.sum(axis=axis, keepdims=True)
    return y / np.where(np.isnan(total), 1, total)
""", says=("gave 0, wanted nan at [1]", "so it is nan")),
    wrong("softmax", "a list of rows", "test-softmax",
        solution="""
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return np.apply_along_axis(lambda row: row / row.sum(), axis, y) if y.size else y
""", says=("normalized_exp of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("softmax", "an order that ignores the axis for two axes", "test-softmax",
        solution="""
    axis = -1 if x.ndim == 2 else axis
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return y / y.sum(axis=axis, keepdims=True)
""", says=("gave 0.66008, wanted 0.16666 at [0, 2]", "the same shape comes out, right to the last digits")),
    wrong("softmax", "a list of axes from 0 to axis", "test-softmax",
        solution="""
    axes = tuple(range(axis % max(x.ndim, 1), x.ndim)) or None
    y = np.exp(x - x.max(axis=axes, keepdims=True, initial=-np.inf))
    return y / y.sum(axis=axes, keepdims=True)
""",
        says=("gave 0.0023279, wanted 0.99911 at [1, 0, 3]",
              "each row along the axis has its own largest score and its own sum")),
    wrong("softmax", "minus infinity replaced by a large number", "test-softmax",
        solution="""
    x = np.where(np.isneginf(x), np.finfo(x.dtype).min, x)
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return y / y.sum(axis=axis, keepdims=True)
""", says=("gave 0.5, wanted nan at [0]", "so it is nan")),
    wrong("softmax", "the largest at least 0", "test-softmax",
        solution="""
    y = np.exp(x - np.maximum(x.max(axis=axis, keepdims=True, initial=-np.inf), 0))
    return y / y.sum(axis=axis, keepdims=True)
""",
        says=("gave nan, wanted 0.82545 at [0, 0, 0]",
              "each row along the axis has its own largest score and its own sum")),
    wrong("softmax", "rounded to twelve digits", "test-softmax",
        solution="""
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    return np.round(y / y.sum(axis=axis, keepdims=True), 12)
""",
        says=("gave 0.204768686052, wanted 0.2047686860515 at [0, 1, 2]",
              "each row along the axis has its own largest score and its own sum")),
    right("softmax", "by the logarithm of the sum",
        solution="""
    with np.errstate(divide='ignore'):
        m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
        z = x - m
        return np.exp(z - np.log(np.exp(z).sum(axis=axis, keepdims=True)))
    """),
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
    wrong("log-softmax", "the mean for the largest, log", "test-log-softmax",
        ("x.max(axis=axis, keepdims=True, initial=-np.inf)", "x.mean(axis=axis, keepdims=True)"),
        says=("gave -inf, wanted 0 at [0, 0, 0]", "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "logarithms cut off at -700", "test-log-softmax",
        ("    return y\n", "    return np.maximum(y, -700)\n"),
        says=("gave -700, wanted -8933.2 at [0, 1, 2]", "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "logarithms cut off at -1e4", "test-log-softmax",
        ("    return y\n", "    return np.maximum(y, -1e4)\n"),
        says=("gave -10000, wanted -17636 at [0, 0, 1]", "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "nan passed over, log", "test-log-softmax",
        solution="""
    y = x - np.nanmax(x, axis=axis, keepdims=True, initial=-np.inf)
    return y - np.log(np.nansum(np.exp(y), axis=axis, keepdims=True))
""", says=("gave 0, wanted nan at [1]", "softmax is nan")),
    wrong("log-softmax", "no numbers without axes, log", "test-log-softmax",
        solution="""
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return y if x.ndim else y[0]
""", says=("log_normalized_exp of positive numbers of shape ()", "an array of any shape comes in")),
    wrong("log-softmax", "infinity takes all, log", "test-log-softmax",
        solution="""
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    y = np.where(top == np.inf, np.where(x == top, 0, -np.inf), x - top)
    return (y - np.log(np.exp(y).sum(axis=axis, keepdims=True))).astype(x.dtype)
""", says=("gave -0.69315, wanted nan at [0]", "softmax is nan")),
    wrong("log-softmax", "nan made 0, log", "test-log-softmax",
        solution="""
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return np.nan_to_num(y - np.log(np.exp(y).sum(axis=axis, keepdims=True)), nan=0.0, neginf=-np.inf)
""", says=("gave 0, wanted nan at [0]", "softmax is nan")),
    wrong("log-softmax", "minus infinity made nan", "test-log-softmax",
        solution="""
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    y -= np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return np.where(np.isinf(y), np.nan, y).astype(x.dtype)
""", says=("gave nan, wanted -inf at [1]", "probabilities 1 and 0")),
    wrong("log-softmax", "empty only along the last axis, log", "test-log-softmax",
        solution="""
    if not x.shape[-1:] or x.shape[-1] == 0:
        return x
    y = x - x.max(axis=axis, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))
""", says=("log_normalized_exp of shape (0, 3), axis 0,", "empty batches pass")),
    wrong("log-softmax", "log1p of all but one", "test-log-softmax",
        solution="""
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return y - np.log1p(np.exp(y).sum(axis=axis, keepdims=True) - 1 + 1e-12)
""",
        says=("gave -8.933366418225, wanted -8.933366418224 at [0, 1, 2]",
              "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "axis 1 for any but the last, log", "test-log-softmax",
        solution="""
    axis = axis if axis in (0, -1) else 1
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))
""", says=("gave -17.636, wanted -5.6663 at [0, 0, 1]", "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "even where all is ruled out", "test-log-softmax",
        solution="""
    top = np.maximum(x.max(axis=axis, keepdims=True, initial=-np.inf), -1e300)
    y = x - top
    out = y - np.log(np.exp(y).sum(axis=axis, keepdims=True))
    return np.where(top == -1e300, -np.log(x.shape[axis] if x.ndim else 1), out).astype(x.dtype)
""", says=("gave -0.69315, wanted nan at [0]", "it is nan")),
    wrong("log-softmax", "a probability that is kept from 0", "test-log-softmax",
        solution="""
    tiny = np.finfo(x.dtype).tiny
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    p = np.exp(y) / np.exp(y).sum(axis=axis, keepdims=True)
    return np.log(np.maximum(p, tiny))
""", says=("gave -87.337, wanted -8933.2 at [0, 1, 2]", "stay with logarithms, row by row along the axis")),
    wrong("log-softmax", "an order that ignores the axis for two axes, log", "test-log-softmax",
        solution="""
    axis = -1 if x.ndim == 2 else axis
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))
""", says=("gave -0.4154, wanted -1.7918 at [0, 2]", "the same shape comes out, right to the last digits")),
    wrong("log-softmax", "minus infinity replaced by a large number, log", "test-log-softmax",
        solution="""
    x = np.where(np.isneginf(x), np.finfo(x.dtype).min, x)
    y = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return y - np.log(np.exp(y).sum(axis=axis, keepdims=True))
""", says=("gave -1.7977e+308, wanted -inf at [1]", "probabilities 1 and 0")),
    wrong("log-softmax", "the largest subtracted once and added twice", "test-log-softmax",
        solution="""
    m = x.max(axis=axis, keepdims=True, initial=-np.inf)
    return x - np.log(np.exp(x - m).sum(axis=axis, keepdims=True)) - m.max(initial=-np.inf)
""", says=("gave -17.639, wanted -5.6663 at [0, 0, 1]", "stay with logarithms, row by row along the axis")),
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
