"""The bank for lesson 18: acceleration."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

ROOF = [
    wrong(
        "attainable",
        "the larger limit",
        "test-roofline",
        ("min(peak,", "max(peak,"),
        says=(
            "wanted 3e+09",
            "which of the two limits binds here?",
        ),
    ),
    wrong(
        "attainable",
        "the peak at every intensity",
        "test-roofline",
        ("min(peak, bandwidth * intensity)", "peak"),
        says=(
            "wanted 3e+09",
            "which of the two limits binds here?",
        ),
    ),
    wrong(
        "attainable",
        "memory's limit only",
        "test-roofline",
        ("min(peak, bandwidth * intensity)", "bandwidth * intensity"),
        says=(
            "wanted 1.2e+11",
            "which of the two limits binds here?",
        ),
    ),
    wrong(
        "attainable",
        "bytes per FLOP",
        "test-roofline",
        ("bandwidth * intensity", "bandwidth / intensity"),
        says=(
            "wanted 3e+09",
            "which of the two limits binds here?",
        ),
    ),
    wrong(
        "attainable",
        "the array that is written is not counted",
        "test-roofline",
        ("(arrays_read + arrays_written)", "arrays_read"),
        says=(
            "wanted 0.0833",
            "every array that is read or written moves its bytes",
        ),
    ),
    wrong(
        "attainable",
        "FLOPs per number",
        "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "(arrays_read + arrays_written)"),
        says=(
            "wanted 0.0833",
            "every array that is read or written moves its bytes",
        ),
    ),
    wrong(
        "attainable",
        "four bytes whatever the type",
        "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "((arrays_read + arrays_written) * 4)"),
        says=(
            "wanted 2.2500",
            "every array that is read or written moves its bytes",
        ),
    ),
    wrong(
        "attainable",
        "a multiply-add counted once",
        "test-roofline",
        ("2 * m * k * n", "m * k * n"),
        says=(
            "wanted 10.6667",
            "each of three matrices moves once",
        ),
    ),
    wrong(
        "attainable",
        "all matrices as large as the first",
        "test-roofline",
        ("(m * k + k * n + m * n)", "(3 * m * k)"),
        says=(
            "wanted 0.4976",
            "each of three matrices moves once",
        ),
    ),
    wrong(
        "attainable",
        "the product is not written",
        "test-roofline",
        ("(m * k + k * n + m * n)", "(m * k + k * n)"),
        says=(
            "wanted 10.6667",
            "each of three matrices moves once",
        ),
    ),
    right(
        "attainable",
        "by the side of the corner",
        ("min(peak, bandwidth * intensity)", "peak if intensity * bandwidth >= peak else intensity * bandwidth"),
    ),
    right(
        "attainable",
        "as a quotient of quotients",
        ("2 * m * k * n / ((m * k + k * n + m * n) * itemsize)", "2 / (itemsize * (1 / m + 1 / k + 1 / n))"),
    ),
]

CHECK_SHAPES = """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"2D+ tensors are needed, got {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shape mismatch: {a.shape} @ {b.shape}")
"""
LOOPS = (
    CHECK_SHAPES
    + """
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(a.data, (*lead, *a.shape[-2:]))
    right = np.broadcast_to(b.data, (*lead, *b.shape[-2:]))
    out = np.zeros((*lead, a.shape[-2], b.shape[-1]), dtype=a.dtype)
    for index in np.ndindex(out.shape):
        *batch, i, j = index
        for k in range(a.shape[-1]):
            out[index] += left[(*batch, i, k)] * right[(*batch, k, j)]
    return Tensor(out)
"""
)
PRODUCT = [
    wrong(
        "vectorized-matmul",
        "three loops",
        "test-vectorized-matmul",
        solution=LOOPS,
        says=("False, wanted True", "stay with Tensor operations"),
    ),
    wrong(
        "vectorized-matmul",
        "a product for each example",
        "test-vectorized-matmul",
        ("if len(left) == 2 or len(right) > 2:", "if True:"),
        says=(
            "wanted one of 32 rows",
            "collapse the batch",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "accepts one axis",
        "test-vectorized-matmul",
        ("if len(left) < 2 or len(right) < 2:", "if not left or not right:"),
        says=("wanted a ValueError that says '2d+'",),
    ),
    wrong(
        "vectorized-matmul",
        "accepts one axis on the right",
        "test-vectorized-matmul",
        ("if len(left) < 2 or len(right) < 2:", "if len(left) < 2:"),
        says=(
            "wanted",
            "ask for the shapes before you use them",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "the batch is not put back",
        "test-vectorized-matmul",
        (".reshape(*left[:-1], right[-1])", ""),
        says=(
            "wanted (5, 2, 4)",
            "the leading axes broadcast and stay",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "the first example for all",
        "test-vectorized-matmul",
        solution=CHECK_SHAPES
        + """
    while a.ndim > 2:
        a = a[0]
    while b.ndim > 2:
        b = b[0]
    return a @ b
    """,
        says=(
            "wanted (5, 2, 4)",
            "the leading axes broadcast and stay",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "a result without a graph",
        "test-vectorized-matmul",
        solution=CHECK_SHAPES + "\n    return Tensor(np.matmul(a.data, b.data))\n",
        says=("False, wanted True", "stay with Tensor operations"),
    ),
    wrong(
        "vectorized-matmul",
        "no gradient to the left side",
        "test-vectorized-matmul",
        ("        return apply(VECTORIZED_MATMUL, a, b)", "        return apply(VECTORIZED_MATMUL, Tensor(a.data), b)"),
        says=(
            "wanted -1.1880",
            "this side stay on Tensor operations?",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "no gradient to the left side of a batch",
        "test-vectorized-matmul",
        ("rows = a.reshape(", "rows = Tensor(a.data).reshape("),
        says=(
            "wanted 1.4328",
            "this side stay on Tensor operations?",
        ),
    ),
    wrong(
        "vectorized-matmul",
        "NumPy's words for shapes that do not fit",
        "test-vectorized-matmul",
        solution="return as_tensor(np.matmul(as_tensor(a).data, as_tensor(b).data))",
        says=("False, wanted True", "stay with Tensor operations"),
    ),
    wrong(
        "vectorized-matmul",
        "a message without the shapes",
        "test-vectorized-matmul",
        (
            'f"vectorized_matmul needs 2D+ tensors, got shapes {left} and {right}: add an axis with reshape()"',
            '"vectorized_matmul needs 2D+ tensors"',
        ),
        says=(
            "wanted",
            "ask for the shapes before you use them",
        ),
    ),
    right(
        "vectorized-matmul",
        "a length of -1",
        ("a.reshape(math.prod(left[:-1]), left[-1])", "a.reshape(-1, left[-1])"),
    ),
    right(
        "vectorized-matmul",
        "the checks of the door's product",
        solution="""
    a, b = as_tensor(a), as_tensor(b)
    if min(a.ndim, b.ndim) < 2:
        raise ValueError(f"an operand is not 2D+: {a.shape} @ {b.shape}")
    if b.ndim == 2 and a.shape[-1] == b.shape[0]:
        return (a.reshape(-1, a.shape[-1]) @ b).reshape((*a.shape[:-1], b.shape[-1]))
    return a @ b
    """,
    ),
]

UNFUSED = "test-fusion-speedup"
GELU = [
    wrong(
        "unfused-gelu",
        "the exact form",
        UNFUSED,
        solution="return GELU()(as_tensor(x))",
        says=(
            "wanted 2.69199",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "a square for the cube",
        UNFUSED,
        ("cubed = x**3", "cubed = x**2"),
        says=(
            "wanted -0.03486",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "without the half",
        UNFUSED,
        ("return 0.5 * weighed", "return weighed"),
        says=(
            "wanted 4.61105",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "pi over two",
        UNFUSED,
        ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)"),
        says=(
            "wanted 0.95916",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "one minus tanh",
        UNFUSED,
        ("1 + squashed", "1 - squashed"),
        says=(
            "wanted 4.61105",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "NumPy's arrays, and no graph",
        UNFUSED,
        solution="""
    d = as_tensor(x).data
    return Tensor(0.5 * d * (1 + np.tanh(math.sqrt(2 / math.pi) * (d + 0.044715 * d**3))), dtype=d.dtype)
    """,
        says=(
            "wanted 8 at least",
            "own, and stay with Tensor operations",
        ),
    ),
    wrong(
        "unfused-gelu",
        "the fused function",
        UNFUSED,
        solution="return fused_gelu(x)",
        says=(
            "wanted 8 at least",
            "own, and stay with Tensor operations",
        ),
    ),
    wrong(
        "unfused-gelu",
        "the sigmoid's approximation",
        UNFUSED,
        solution="""
    x = as_tensor(x)
    scaled = 1.702 * x
    back = -scaled
    power = back.exp()
    below = power + 1
    weight = 1 / below
    again = 1 * weight
    return x * again * 1
    """,
        says=(
            "wanted 2.26384",
            "go through the tanh form step by step",
        ),
    ),
    wrong(
        "unfused-gelu",
        "no gradient through the tanh",
        UNFUSED,
        ("squashed = scaled.tanh()", "squashed = Tensor(scaled.tanh().data)"),
        says=(
            "wanted -0.08317",
            "one of its steps leaves the Tensor operations",
        ),
    ),
    right("unfused-gelu", "the cube as products", ("cubed = x**3", "cubed = x * x * x"), checks=(UNFUSED, "test-fuse")),
    right(
        "unfused-gelu",
        "in one expression",
        solution="""
    x = as_tensor(x)
    return x * (1 + ((x + x**3 * 0.044715) * math.sqrt(2 / math.pi)).tanh()) * 0.5
    """,
    ),
]

SCALAR = "test-gelu-scalar"
VALUE = """        t = tanh(c * x * (one + a * x * x))
        return half * max(x, low) * (one + t)
"""
NUMBER = [
    wrong(
        "gelu-scalar",
        "the exact form",
        SCALAR,
        (
            VALUE,
            """        v = low if x < low else x
        return real(half * v * (one + math.erf(v / math.sqrt(2.0))))
""",
        ),
        says=(
            "wanted -0.002627",
            "are all terms of u there, and the tanh form?",
        ),
    ),
    wrong(
        "gelu-scalar",
        "a square for the cube",
        SCALAR,
        ("t = tanh(c * x * (one + a * x * x))", "t = tanh(c * x * (one + a * x))"),
        says=(
            "wanted -0.000000",
            "are all terms of u there, and the tanh form?",
        ),
    ),
    wrong(
        "gelu-scalar",
        "a constant in float64",
        SCALAR,
        ("return half * max(x, low)", "return 0.5 * max(x, low)"),
        says=(
            "wanted float32",
            "some constant has another type",
        ),
    ),
    wrong(
        "gelu-scalar",
        "nothing held far out",
        SCALAR,
        ("half * max(x, low)", "half * x"),
        says=(
            "wanted (0, 0)",
            "what happens far out?",
        ),
    ),
    wrong(
        "gelu-scalar",
        "the slope of tanh only",
        SCALAR,
        ("return half + half * t + half * v", "return half * v"),
        says=(
            "wanted -0.008739",
            "derivative, and x^3 brings a 3",
        ),
    ),
    wrong(
        "gelu-scalar",
        "a slope without the product rule",
        SCALAR,
        (" + half * v * (one - t * t) * c * (one + three_a * v * v)", ""),
        says=(
            "wanted -0.008739",
            "derivative, and x^3 brings a 3",
        ),
    ),
    wrong(
        "gelu-scalar",
        "the cube's derivative without its three",
        SCALAR,
        ("(one + three_a * v * v)", "(one + a * v * v)"),
        says=(
            "wanted -0.008739",
            "derivative, and x^3 brings a 3",
        ),
    ),
    wrong(
        "gelu-scalar",
        "a slope that overflows far out",
        SCALAR,
        ("v = min(max(x, low), high)", "v = max(x, low)"),
        says=(
            "wanted (inf, 1)",
            "what happens far out?",
        ),
    ),
    wrong(
        "gelu-scalar",
        "without the half",
        SCALAR,
        ("return half * max(x, low)", "return max(x, low)"),
        says=(
            "wanted -0.002627",
            "are all terms of u there, and the tanh form?",
        ),
    ),
    right(
        "gelu-scalar",
        "the formula as it is printed",
        ("t = tanh(c * x * (one + a * x * x))", "t = tanh(c * (x + a * x * x * x))"),
        checks=(SCALAR, "test-fused-gelu"),
    ),
    right(
        "gelu-scalar",
        "a nan that comes back with tanh",
        ("half * max(x, low)", "half * (x if x > low else low)"),
        checks=SCALAR,
    ),
    right(
        "gelu-scalar",
        "ends told apart first",
        (
            VALUE,
            """        if x <= low:
            return real(0) * half
        return half * x * (one + tanh(c * x * (one + a * x * x)))
""",
        ),
        checks=(SCALAR, "test-fused-gelu"),
    ),
]

FUSED = "test-fused-gelu"
KERNEL = [
    wrong(
        "fused-gelu",
        "the exact form",
        FUSED,
        solution="return GELU()(floating(x))",
        says=(
            "wanted 2.99636",
            "compare your scalar formula with the tanh form",
        ),
    ),
    wrong(
        "fused-gelu",
        "float64 out",
        FUSED,
        solution='return apply(FUSED_GELU, as_tensor(x).astype("float64"))',
        says=(
            "wanted float16",
            "the type must be kept",
        ),
    ),
    wrong(
        "fused-gelu",
        "float32 out",
        FUSED,
        solution='return apply(FUSED_GELU, as_tensor(x).astype("float32"))',
        says=(
            "wanted float16",
            "the type must be kept",
        ),
    ),
    wrong(
        "fused-gelu",
        "whole numbers as they are",
        FUSED,
        solution="return apply(FUSED_GELU, as_tensor(x))",
        says=(
            "wanted",
            "there is no kernel for their type, so change it first",
        ),
    ),
    wrong(
        "fused-gelu",
        "a kernel that overwrites its input",
        FUSED,
        solution="""
    x = floating(x)
    x.data[...] = _gelu_forward(x.data)
    return x
    """,
        says=(
            "wanted as it was",
            "a kernel writes to an array of its own",
        ),
    ),
    wrong(
        "fused-gelu",
        "overwrites its input, and records",
        FUSED,
        solution="""
    x = floating(x)
    y = apply(FUSED_GELU, x)
    x.data[...] = y.data
    return y
    """,
        says=(
            "wanted as it was",
            "a kernel writes to an array of its own",
        ),
    ),
    wrong(
        "fused-gelu",
        "a result without a graph",
        FUSED,
        solution="return Tensor(_gelu_forward(floating(x).data))",
        says=("False, wanted True", "go through apply, so that the operation is recorded"),
    ),
    wrong(
        "fused-gelu",
        "one long row",
        FUSED,
        solution="return apply(FUSED_GELU, floating(x).reshape(-1))",
        says=(
            "wanted (33, 7)",
            "shape (33, 7) in gave (231,) out, wanted (33, 7)",
        ),
    ),
    wrong(
        "fused-gelu",
        "the unfused function",
        (FUSED, UNFUSED),
        solution="return unfused_gelu(x)",
        says=(
            "wanted [0, 0, 10.0, 1e+20, inf, 0, 0, 40.0, 2e+25]",
            "is it your kernel?",
        ),
    ),
    wrong(
        "fused-gelu",
        "a second pass",
        UNFUSED,
        solution="return apply(FUSED_GELU, floating(x)) * 1",
        says=(
            "wanted 1",
            "one pass for all",
        ),
    ),
    right(
        "fused-gelu",
        "the type decided here",
        solution="""
    x = as_tensor(x)
    if not is_floating(x.dtype):
        x = x.astype(np.float32)
    return apply(FUSED_GELU, x)
    """,
    ),
]

PARTS = "test-fusion-parts"
COMPILER = [
    wrong(
        "expression-gradients",
        "the last share only",
        PARTS,
        ("collected[a] + share if a in collected else share", "share"),
        says=(
            "wanted (1.5, 1.5)",
            "on what has come to it",
        ),
    ),
    wrong(
        "expression-gradients",
        "the first share only",
        PARTS,
        ("collected[a] + share if a in collected else share", "collected.get(a, share)"),
        says=(
            "wanted (1.5, 1.5)",
            "on what has come to it",
        ),
    ),
    wrong(
        "expression-gradients",
        "every part gets the gradient of the end",
        PARTS,
        ("RULES[s.op][i](collected[s], ", "RULES[s.op][i](g, "),
        says=(
            "wanted (2.0, 6.0)",
            "on what has come to it",
        ),
    ),
    wrong(
        "expression-gradients",
        "the first rule for every argument",
        PARTS,
        ("RULES[s.op][i]", "RULES[s.op][0]"),
        says=(
            "wanted (1.5, 1.5)",
            "on what has come to it",
        ),
    ),
    wrong(
        "expression-gradients",
        "shares multiplied",
        PARTS,
        ("collected[a] + share", "collected[a] * share"),
        says=(
            "wanted (1.5, 1.5)",
            "on what has come to it",
        ),
    ),
    wrong(
        "expression-gradients",
        "nothing for an input that is not used",
        PARTS,
        ("collected.get(s, zero)", "collected[s]"),
        says=(
            "wanted (1.0, 0.0)",
            "some inputs nothing leads to",
        ),
    ),
    wrong(
        "expression-gradients",
        "from the inputs to the end",
        PARTS,
        ("in reversed(parts)", "in parts"),
        says=(
            "wanted (1.5, 1.5)",
            "some inputs nothing leads to",
        ),
    ),
    wrong(
        "expression-gradients",
        "the output made again",
        PARTS,
        ("(collected[s], s, *s.args)", "(collected[s], Symbol(s.pool, s.op, s.args, s.shape), *s.args)"),
        says=(
            "wanted 1",
            "there is shared, not made again",
        ),
    ),
    right(
        "expression-gradients",
        "zero to begin with",
        solution="""
    totals = {out: g}
    for s in parts[::-1]:
        if s.op == "input" or s not in leads:
            continue
        for rule, a in zip(RULES[s.op], s.args):
            if a in leads:
                more = rule(totals[s], s, *s.args)
                totals[a] = emit("add", totals.get(a, zero), more)
    return [totals.get(s, zero) for s in inputs]
    """,
    ),
    wrong(
        "place-of",
        "no place is none",
        PARTS,
        (
            'return "column" if padded[:split] == whole[:split] and math.prod(padded[split:]) == 1 else None',
            'return "column"',
        ),
        says=(
            "wanted None",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "rows and columns exchanged",
        PARTS,
        ('return "row"', 'return "column"'),
        ('return "column" if', 'return "row" if'),
        says=(
            "wanted 'row'",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "a row that is not full",
        PARTS,
        (" and padded[split:] == whole[split:]", ""),
        says=(
            "wanted None",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "a column that is not full",
        PARTS,
        ("padded[:split] == whole[:split] and ", ""),
        says=(
            "wanted None",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "a column with many numbers in a row",
        PARTS,
        (" and math.prod(padded[split:]) == 1 else", " else"),
        says=(
            "wanted None",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "axes that are missing do not count",
        PARTS,
        ("    if padded == whole:\n", "    padded = tuple(shape)\n    if padded == whole:\n"),
        says=(
            "wanted 'row'",
            "the grid's, each on their own",
        ),
    ),
    wrong(
        "place-of",
        "one number is a row",
        PARTS,
        ('return "single"', 'return "row"'),
        says=(
            "wanted 'single'",
            "the grid's, each on their own",
        ),
    ),
    right(
        "place-of",
        "asked from the other end",
        solution="""
    row, column = padded[:split], padded[split:]
    if padded == whole:
        return "whole"
    one_row, one_column = set(row) <= {1}, set(column) <= {1}
    if one_row and one_column:
        return "single"
    if one_column and row == whole[:split]:
        return "column"
    if one_row and column == whole[split:]:
        return "row"
    """,
    ),
]

CAST = "test-autocast"
HALF = [
    wrong(
        "autocast-type",
        "float64 is cast too",
        CAST,
        ("if dtype == np.float64 or not is_floating(dtype):", "if not is_floating(dtype):"),
        says=(
            "wanted float64",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "class indices are cast too",
        CAST,
        ("if dtype == np.float64 or not is_floating(dtype):", "if dtype == np.float64:"),
        says=(
            "wanted int64",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "everything in half",
        CAST,
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "half"),
        says=(
            "wanted float32",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "everything but products in float32",
        CAST,
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "np.dtype(np.float32)"),
        says=(
            "wanted float16",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "sensitive operations take what comes",
        CAST,
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "dtype"),
        says=(
            "wanted float32",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "float16, whatever half is",
        CAST,
        ("        return half\n", "        return np.dtype(np.float16)\n"),
        says=(
            "wanted bfloat16",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "a half stays as it is",
        CAST,
        ("if operation in HALF_OPERATIONS:", "if operation in HALF_OPERATIONS and not is_half(dtype):"),
        says=(
            "wanted bfloat16",
            "read the three rules again",
        ),
    ),
    wrong(
        "autocast-type",
        "products take what comes",
        CAST,
        ("        return half\n", "        return dtype\n"),
        says=(
            "wanted float16",
            "read the three rules again",
        ),
    ),
    right(
        "autocast-type",
        "the exceptions last",
        solution="""
    if is_floating(dtype) and dtype != np.float64:
        if operation in FLOAT32_OPERATIONS:
            return as_dtype("float32")
        if operation in HALF_OPERATIONS:
            return half
    return dtype
    """,
    ),
]

LOSS_SCALE = "test-loss-scale"
CHECK_LATE = """        with np.errstate(all="ignore"):
            g.data = g.data * inverse
        found_inf = found_inf or not np.isfinite(g.data).all()
"""
UNSCALE = [
    wrong(
        "unscale",
        "checks before unscaling only",
        LOSS_SCALE,
        (
            CHECK_LATE,
            """        found_inf = found_inf or not np.isfinite(g.data).all()
        with np.errstate(all="ignore"):
            g.data = g.data * inverse
""",
        ),
        says=(
            "wanted True",
            "look after the division too",
        ),
    ),
    wrong(
        "unscale",
        "stops at the first that is bad",
        LOSS_SCALE,
        (
            "        found_inf = found_inf or not np.isfinite(g.data).all()\n",
            "        if not np.isfinite(g.data).all():\n            return True\n",
        ),
        says=(
            "wanted [2]",
            "divide every gradient by the scale, in float32",
        ),
    ),
    wrong(
        "unscale",
        "the first parameter only",
        LOSS_SCALE,
        ("for g in gradients:", "for g in gradients[:1]:"),
        says=(
            "wanted [2]",
            "divide every gradient by the scale, in float32",
        ),
    ),
    wrong(
        "unscale",
        "the first two parameters only",
        LOSS_SCALE,
        ("for g in gradients:", "for g in gradients[:2]:"),
        says=(
            "wanted True",
            "a nan in the last gradient counts",
        ),
    ),
    wrong(
        "unscale",
        "looks at the last gradient only",
        LOSS_SCALE,
        ("found_inf = found_inf or not", "found_inf = not"),
        says=(
            "wanted True",
            "one inf in the first of two gradients is enough",
        ),
    ),
    wrong(
        "unscale",
        "times the scale",
        LOSS_SCALE,
        ("g.data * inverse", "g.data * scale"),
        says=(
            "wanted [1, -4]",
            "divide every gradient by the scale, in float32",
        ),
    ),
    wrong(
        "unscale",
        "does not unscale",
        LOSS_SCALE,
        ("g.data = g.data * inverse", "pass"),
        says=(
            "wanted [1, -4]",
            "divide every gradient by the scale, in float32",
        ),
    ),
    wrong(
        "unscale",
        "looks for inf only",
        LOSS_SCALE,
        ("not np.isfinite(g.data).all()", "np.isinf(g.data).any()"),
        says=(
            "wanted True",
            "a nan in the last gradient counts",
        ),
    ),
    wrong(
        "unscale",
        "looks for nan only",
        LOSS_SCALE,
        ("not np.isfinite(g.data).all()", "np.isnan(g.data).any()"),
        says=(
            "wanted True",
            "one inf in the first of two gradients is enough",
        ),
    ),
    wrong(
        "unscale",
        "looks at the largest number",
        LOSS_SCALE,
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.max())"),
        says=(
            "wanted True",
            "-inf is an overflow too",
        ),
    ),
    wrong(
        "unscale",
        "looks at the sum",
        LOSS_SCALE,
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.sum())"),
        says=(
            "wanted False",
            "look at each",
        ),
    ),
    wrong(
        "unscale",
        "all numbers must be bad",
        LOSS_SCALE,
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data).any()"),
        says=(
            "wanted True",
            "one inf in the first of two gradients is enough",
        ),
    ),
    wrong(
        "unscale",
        "in half precision",
        LOSS_SCALE,
        ("g.data = g.data * inverse", "g.data = (g.data.astype(np.float16) * np.float16(inverse)).astype(np.float32)"),
        says=(
            "wanted False",
            "look at each",
        ),
    ),
    wrong(
        "unscale",
        "gradients become float64",
        LOSS_SCALE,
        ("g.data = g.data * inverse", "g.data = g.data * np.float64(inverse)"),
        says=(
            "wanted float32",
            "its type must not change",
        ),
    ),
    wrong(
        "unscale",
        "good news for bad",
        LOSS_SCALE,
        ("return found_inf", "return not found_inf"),
        says=(
            "wanted False",
            "finite gradients are no overflow",
        ),
    ),
    right(
        "unscale",
        "in place, then one look at all",
        solution="""
    with np.errstate(all="ignore"):
        for g in gradients:
            g.data *= inverse
    return any(bool((~np.isfinite(g.data)).any()) for g in gradients)
    """,
    ),
]

NEXT = "test-next-scale"
SCALE = [
    wrong(
        "next-scale",
        "grows every step",
        NEXT,
        ("if tracker + 1 < growth_interval:", "if False:"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "no floor",
        NEXT,
        ("min(scale, max(min_scale, scale * backoff_factor))", "scale * backoff_factor"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "no ceiling",
        NEXT,
        ("min(max_scale, scale * growth_factor)", "scale * growth_factor"),
        says=(
            "wanted (8.0, 0)",
            "the scale stays at the ceiling, and the count starts anew",
        ),
    ),
    wrong(
        "next-scale",
        "keeps its count after an overflow",
        NEXT,
        ("scale * backoff_factor)), 0", "scale * backoff_factor)), tracker"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "keeps its count after it grew",
        NEXT,
        ("else scale), 0", "else scale), tracker + 1"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "one step too late",
        NEXT,
        ("tracker + 1 < growth_interval", "tracker < growth_interval"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "exactly at the interval",
        NEXT,
        ("if tracker + 1 < growth_interval:", "if tracker + 1 != growth_interval:"),
        says=(
            "wanted (128.0, 0)",
            "grow now",
        ),
    ),
    wrong(
        "next-scale",
        "twice, whatever the factor",
        NEXT,
        ("scale * growth_factor", "scale * 2"),
        says=(
            "wanted (30.0, 0)",
            "by which factor does it grow?",
        ),
    ),
    wrong(
        "next-scale",
        "halved, whatever the factor",
        NEXT,
        ("scale * backoff_factor", "scale / 2"),
        says=(
            "wanted (2.5, 0)",
            "by which factor does it fall?",
        ),
    ),
    wrong(
        "next-scale",
        "a floor of 1, whatever it is",
        NEXT,
        ("max(min_scale,", "max(1.0,"),
        says=(
            "wanted (0.25, 0)",
            "the floor is what min_scale says",
        ),
    ),
    wrong(
        "next-scale",
        "a small scale is raised to the floor",
        NEXT,
        ("min(scale, max(min_scale, scale * backoff_factor))", "max(min_scale, scale * backoff_factor)"),
        says=(
            "wanted (0.25, 0)",
            "an overflow never raises it",
        ),
    ),
    wrong(
        "next-scale",
        "infinite in float32",
        NEXT,
        ("grown if grown <= float(np.finfo(np.float32).max) else scale", "grown"),
        says=(
            "wanted (1.7014118346046923e+38, 0)",
            "2^128 is infinite in float32, and such a scale is not taken",
        ),
    ),
    wrong(
        "next-scale",
        "grows after an overflow",
        NEXT,
        ("if found_inf:", "if not found_inf:"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    wrong(
        "next-scale",
        "the count is not kept",
        NEXT,
        ("return scale, tracker + 1", "return scale, tracker"),
        says=(
            "wanted",
            "are the floor and the ceiling?",
        ),
    ),
    right(
        "next-scale",
        "good steps first",
        solution="""
    good = 0 if found_inf else tracker + 1
    if found_inf:
        smaller = scale * backoff_factor
        scale = smaller if smaller > min_scale else min(scale, min_scale)
    elif good >= growth_interval:
        good, larger = 0, min(scale * growth_factor, max_scale)
        scale = larger if np.isfinite(np.float32(larger)) else scale
    return scale, good
    """,
    ),
]

MIXED, RUN, OVERFLOW, CUT = (
    "test-mixed-precision",
    "test-mixed-precision-run",
    "test-mixed-precision-overflow",
    "test-mixed-precision-detached",
)
TRAINER = [
    wrong(
        "mixed-precision-trainer",
        "detaches the loss",
        MIXED,
        ("return self.scaler.scale(loss)", "return Tensor(loss.data * self.loss_scale)"),
        says=("False, wanted True", "multiply the Tensor, not its data"),
    ),
    wrong(
        "mixed-precision-trainer",
        "the loss as it is",
        MIXED,
        ("return self.scaler.scale(loss)", "return loss"),
        says=(
            "wanted 1.024",
            "of 1024 gave 0.001, wanted 1.024",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "scales in half precision",
        OVERFLOW,
        ("return self.scaler.scale(loss)", "return loss * self.loss_scale"),
        says=(
            "wanted 307200",
            "scale in float32",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "forgets to unscale",
        MIXED,
        (
            "unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)",
            "unscale([p.grad for p in parameters if p.grad is not None], 1.0)",
        ),
        says=(
            "wanted 2",
            "divide by the scale",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "a scale of one's own",
        (MIXED, RUN),
        ("if p.grad is not None], self.loss_scale)", "if p.grad is not None], 1024.0)"),
        says=(
            "wanted",
            "was its gradient of this step alone, and unscaled once?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "stops at the first parameter",
        MIXED,
        (
            "[p.grad for p in parameters if p.grad is not None]",
            "[p.grad for p in parameters if p.grad is not None][:1]",
        ),
        says=(
            "wanted False and True",
            "look at all of them, each time anew",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "an overflow that is never forgotten",
        OVERFLOW,
        (
            "self.overflow_detected = unscale(",
            "self.overflow_detected = self.overflow_detected or unscale(",
        ),
        says=(
            "wanted one good step as soon as the scale fits",
            "each step is judged anew",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "good news for bad",
        MIXED,
        ("return not self.overflow_detected", "return self.overflow_detected"),
        says=(
            "wanted True and False",
            "look at all of them, each time anew",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "judges by the loss",
        OVERFLOW,
        (
            "        valid = self.unscale_gradients(parameters)\n",
            (
                "        self.unscale_gradients(parameters)\n"
                "        valid = bool(np.isfinite(loss.data).all())\n"
                "        self.overflow_detected = not valid\n"
            ),
        ),
        says=(
            "wanted overflow, 0",
            "judge by the gradients",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "steps on an overflow",
        MIXED,
        ("        if valid:\n            self.optimizer.step()", "        self.optimizer.step()"),
        says=(
            "wanted overflow, no valid gradients and 0",
            "skip the update",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "no step at all",
        MIXED,
        ("            self.optimizer.step()\n", "            pass\n"),
        says=(
            "wanted no overflow, valid gradients and 1",
            "no overflow, valid gradients and 1",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "reports the scaled loss",
        MIXED,
        (
            "return self._metrics(loss, overflow=self.overflow_detected",
            "return self._metrics(self.scale_loss(loss), overflow=self.overflow_detected",
        ),
        says=(
            "wanted 6.9135, the unscaled one",
            "7079.4624, wanted 6.9135, the unscaled one",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "another loss than the one given",
        RUN,
        ("self._compute_loss(self.model(inputs), targets)", "MSELoss()(self.model(inputs), targets)"),
        says=(
            "wanted 0.02",
            "whose loss, whose scale, and were the old gradients cleared?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "float16, whatever dtype is",
        RUN,
        ("with autocast(self.dtype)", "with autocast('float16')"),
        says=(
            "wanted bfloat16",
            "which type has the trainer been given?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "the forward pass in float32",
        MIXED,
        ("with autocast(self.dtype), np.errstate", "with np.errstate"),
        says=(
            "wanted float16",
            "use autocast",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "never grows",
        RUN,
        ("        self.update_loss_scale()\n", "        if not valid:\n            self.update_loss_scale()\n"),
        says=(
            "wanted",
            "it the scale after the step?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "the scale before the step",
        RUN,
        (
            (
                "        self.update_loss_scale()\n"
                "        return self._metrics(loss, overflow=self.overflow_detected, valid=valid)"
            ),
            (
                "        told = self._metrics(loss, overflow=self.overflow_detected, valid=valid)\n"
                "        self.update_loss_scale()\n"
                "        return told"
            ),
        ),
        says=(
            "wanted",
            "it the scale after the step?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "keeps its count after an overflow",
        MIXED,
        (
            "        self.scaler.adapt(self.overflow_detected)\n",
            "        count = self.steps_since_last_scale_update\n        self.scaler.adapt(self.overflow_detected)\n"
            "        if self.overflow_detected:\n            self.steps_since_last_scale_update = count\n",
        ),
        says=(
            "wanted (512.0, 0)",
            "steps, both start the count anew",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "grows every step",
        MIXED,
        ("self.scaler.adapt(self.overflow_detected)", "self.loss_scale *= 0.5 if self.overflow_detected else 2.0"),
        says=(
            "wanted (512.0, 0)",
            "steps, both start the count anew",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "has no floor",
        RUN,
        (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.min_scale = 0.0\n        self.scaler.adapt(self.overflow_detected)",
        ),
        says=(
            "wanted",
            "it the scale after the step?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "has no ceiling",
        RUN,
        (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.max_scale = math.inf\n        self.scaler.adapt(self.overflow_detected)",
        ),
        says=(
            "wanted",
            "it the scale after the step?",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "old gradients are not cleared",
        (RUN, MIXED),
        ("        self.optimizer.zero_grad()\n", ""),
        says=("wanted 0.02", "and were the old gradients cleared?"),
    ),
    wrong(
        "mixed-precision-trainer",
        "a graph that leads elsewhere will do",
        CUT,
        ("if not depends_on(loss, parameters):", "if not loss.requires_grad:"),
        says=(
            "wanted no overflow and no valid gradients",
            "no step was taken",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "silent about a cut trail",
        CUT,
        ("            warnings.warn(_NO_GRAPH, stacklevel=2)\n", ""),
        says=(
            "wanted a warning",
            "a step that is not taken must not look like one",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "clears before it asks",
        CUT,
        ("        if not depends_on(loss,", "        self.optimizer.zero_grad()\n        if not depends_on(loss,"),
        says=(
            "wanted 0 and 0",
            "ask before you touch them",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "counts a step without a graph",
        CUT,
        (
            "            return self._metrics(loss, overflow=False, valid=False)\n",
            (
                "            self.overflow_detected = False\n"
                "            self.update_loss_scale()\n"
                "            return self._metrics(loss, overflow=False, valid=False)\n"
            ),
        ),
        says=(
            "wanted (256.0, 3)",
            "there was nothing to adapt to",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "a cut trail reported as an overflow",
        CUT,
        ("self._metrics(loss, overflow=False, valid=False)", "self._metrics(loss, overflow=True, valid=False)"),
        says=(
            "wanted no overflow and no valid gradients",
            "no step was taken",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "master weights in half",
        MIXED,
        (
            "            self.optimizer.step()\n",
            (
                "            self.optimizer.step()\n"
                "            for p in self.model.parameters():\n"
                "                p.data = p.data.astype(self.dtype)\n"
            ),
        ),
        says=(
            "wanted float32 as it was",
            "the master weight is now float16, wanted float32 as it was",
        ),
    ),
    wrong(
        "mixed-precision-trainer",
        "thaws every layer",
        CUT,
        (
            "        with autocast(self.dtype), np.errstate",
            (
                "        for p in self.model.parameters():\n"
                "            p.requires_grad = True\n"
                "        with autocast(self.dtype), np.errstate"
            ),
        ),
        says=("wanted (False, False)", "leave it alone"),
    ),
    wrong(
        "mixed-precision-trainer",
        "a loss of many numbers is let in",
        OVERFLOW,
        ("        check_single(loss)\n", ""),
        says=("wanted a ValueError", "ask whether it is one number"),
    ),
    right(
        "mixed-precision-trainer",
        "scaled by hand in float32",
        ("return self.scaler.scale(loss)", "return loss.astype(np.float32) * self.loss_scale"),
    ),
    right(
        "mixed-precision-trainer",
        "the gradients listed by a loop",
        (
            "self.overflow_detected = unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)",
            (
                "gradients = []\n"
                "        for p in parameters:\n"
                "            if p.grad is not None:\n"
                "                gradients.append(p.grad)\n"
                "        self.overflow_detected = unscale(gradients, self.scaler.get_scale())"
            ),
        ),
    ),
    right(
        "mixed-precision-trainer",
        "the scaler's own step",
        (
            "        if valid:\n            self.optimizer.step()\n",
            "        if not self.overflow_detected:\n            self.optimizer.step()\n",
        ),
    ),
]

BYTES = "test-training-bytes"
MEMORY = [
    wrong(
        "training-bytes",
        "master weights in half",
        BYTES,
        ('"weights": parameters * single', '"weights": parameters * small'),
        says=(
            "wanted (28, 14, 28, 56, 60)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "no copies of the weights",
        BYTES,
        ("0 if half is None else parameters * small", "0"),
        says=(
            "wanted (28, 14, 28, 56, 60)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "copies in float32, too",
        BYTES,
        ("0 if half is None else parameters * small", "parameters * small"),
        says=(
            "wanted (4000, 0, 4000, 8000, 2000)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "one number for Adam",
        BYTES,
        ("2 * parameters * single", "parameters * single"),
        says=(
            "wanted (4000, 0, 4000, 8000, 2000)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "gradients in half",
        BYTES,
        ('"gradients": parameters * single', '"gradients": parameters * small'),
        says=(
            "wanted (28, 14, 28, 56, 60)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "activations in float32",
        BYTES,
        ("activations * small", "activations * single"),
        says=(
            "wanted (28, 14, 28, 56, 60)",
            "which parts shrink, which do not?",
        ),
    ),
    wrong(
        "training-bytes",
        "names of one's own",
        BYTES,
        ('"half copies":', '"half_copies":'),
        says=(
            "wanted",
            "('weights', 'half copies', 'gradients', 'optimizer', 'activations')",
        ),
    ),
    wrong(
        "training-bytes",
        "the optimizer in half",
        BYTES,
        ("2 * parameters * single", "2 * parameters * small"),
        says=(
            "wanted (28, 14, 28, 56, 60)",
            "which parts shrink, which do not?",
        ),
    ),
    right(
        "training-bytes",
        "two bytes for a half",
        ("small = single if half is None else as_dtype(half).itemsize", "small = 4 if half is None else 2"),
    ),
]

SCORE = "test-technique-score"
DECISION = [
    wrong(
        "technique-score",
        "memory counts once",
        SCORE,
        ('("medium", "high"):\n        score += 2', '("medium", "high"):\n        score += 1'),
        says=(
            "wanted 3",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "a very high pressure on memory is overlooked",
        SCORE,
        ("if workload.memory_pressure in high and", 'if workload.memory_pressure == "high" and'),
        says=(
            "wanted 6",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "a medium benefit is overlooked",
        SCORE,
        ('technique.memory_benefit in ("medium", "high")', 'technique.memory_benefit == "high"'),
        says=(
            "wanted 3",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "latency counts for all",
        SCORE,
        ("if workload.latency_sensitive and", "if"),
        says=(
            "wanted 2",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "a very high gain of latency is overlooked",
        SCORE,
        ('("medium", *high)', '("medium", "high")'),
        says=(
            "wanted 3",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "no point off for risk",
        SCORE,
        ('"medium": -1}', '"medium": 0}'),
        says=(
            "wanted 1",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "a low risk earns nothing",
        SCORE,
        ('"low": 1, ', ""),
        says=(
            "wanted 3",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "stability counts for all",
        SCORE,
        ("if workload.stability_critical:", "if True:"),
        says=(
            "wanted 2",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "one point off for hardware",
        SCORE,
        ("-2 if technique.hardware_dependency", "-1 if technique.hardware_dependency"),
        says=(
            "wanted -3",
            "go through the table line by line",
        ),
    ),
    wrong(
        "technique-score",
        "development speed is overlooked",
        SCORE,
        ('if workload.development_speed == "high":', "if False:"),
        says=(
            "wanted 2",
            "go through the table line by line",
        ),
    ),
    right(
        "technique-score",
        "a sum of truths",
        solution="""
    w, t = workload, technique
    score = 2 * (w.memory_pressure in high and t.memory_benefit in {"medium", "high"})
    score += 2 * (w.latency_sensitive and t.latency_benefit not in {"none", "low"})
    score += w.stability_critical * ({"none": 1, "low": 1, "medium": -1}[t.stability_risk])
    score += (w.development_speed == "high") * (1 if t.implementation_cost in {"low", "medium"} else -1)
    return score + (w.hardware_variety in high) * (1 if t.hardware_dependency in {"low", "medium"} else -2)
    """,
    ),
]

ASKED = "test-question-acceleration"
QUESTION = [
    wrong(
        "question-acceleration",
        "FLOPs over numbers",
        ASKED,
        ("product_intensity, times_addition = 1024 / 6,", "product_intensity, times_addition = 1024 / 1.5,"),
        says=("FLOPs over bytes, not over numbers",),
    ),
    wrong(
        "question-acceleration",
        "an addition that reads one array",
        ASKED,
        ("1024 / 6 * 12", "1024 / 6 * 8"),
        says=("reads two arrays and writes one",),
    ),
    wrong(
        "question-acceleration",
        "each step reads one array",
        ASKED,
        ("4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2)", "4 * 16"),
        says=("read and written, 4 bytes each",),
    ),
    wrong(
        "question-acceleration",
        "numbers for bytes",
        ASKED,
        (
            "unfused_bytes, fused_bytes = 4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2",
            "unfused_bytes, fused_bytes = 18, 2",
        ),
        says=("read and written, 4 bytes each",),
    ),
    wrong(
        "question-acceleration",
        "the part that is left",
        ASKED,
        ("100 * (1 - fused_bytes / unfused_bytes)", "100 * fused_bytes / unfused_bytes"),
        says=("is no longer moved, in percent",),
    ),
    wrong(
        "question-acceleration",
        "parameters of two bytes",
        ASKED,
        ("100 * 18 + 50 * 2", "100 * 2 + 50 * 2"),
        says=("gradients, two numbers for Adam, activations",),
    ),
    wrong(
        "question-acceleration",
        "one number for Adam",
        ASKED,
        ("100 * 16 + 50 * 4", "100 * 12 + 50 * 4"),
        says=("gradients, two numbers for Adam, activations",),
    ),
    wrong(
        "question-acceleration",
        "the smallest normal number",
        ASKED,
        ("smallest_half, smallest_gradient = 2**-24,", "smallest_half, smallest_gradient = 2**-14,"),
        says=("subnormals count",),
    ),
    wrong(
        "question-acceleration",
        "without the rounding",
        ASKED,
        ("2**-25 / 1024", "2**-24 / 1024"),
        says=("scaling, a little below does not",),
    ),
    wrong(
        "question-acceleration",
        "another technique",
        ASKED,
        ('"Kernel Fusion"', '"Mixed Precision"'),
        says=("read the table of recommendations",),
    ),
    right(
        "question-acceleration",
        "decimal numbers",
        (
            "product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12",
            "product_intensity, times_addition = 170.67, 2048.0",
        ),
    ),
]

TYPED = "the visible answers typed in"
TYPED_IN = [
    wrong(
        "attainable",
        TYPED,
        "test-roofline",
        ("min(peak, bandwidth * intensity)", "{0.1: 3e9, 2: 60e9}.get(intensity, 120e9)"),
        says=("at 0.3 FLOPs a byte", "wanted 3e+09"),
    ),
    wrong(
        "place-of",
        TYPED,
        PARTS,
        solution="""
    return {
        ((2, 3, 4), 1): "whole", ((3, 4), 1): "row", ((1, 3, 4), 1): "row", ((4,), 2): "row", ((2, 1, 1), 1): "column",
        ((2, 3, 1), 2): "column", ((1,), 1): "single", ((), 2): "single"}.get((shape, split))
    """,
        says=("(5, 2) on the grid (5, 2)", "wanted 'whole'"),
    ),
    wrong(
        "autocast-type",
        TYPED,
        CAST,
        solution="""
    table = {
        ("matmul", "float32"): half, ("linear", "float32"): half, ("linear", "float16"): half,
        ("cross_entropy", "float16"): as_dtype("float32"), ("softmax", "bfloat16"): as_dtype("float32")}
    return table.get((operation, dtype.name), dtype)
    """,
        says=("matmul takes bfloat16 as bfloat16 under autocast(float16)", "wanted float16"),
    ),
    wrong(
        "next-scale",
        TYPED,
        NEXT,
        solution="""
    bad = {8: 4, 4: 2, 2: 1, 1: 1, 10: 2.5, 0.5: 0.25, 0.25: 0.25}
    good = {
        (4, 0): (4, 1), (4, 1): (8, 0), (8, 0): (8, 1), (1, 0): (1, 1), (1, 1): (2, 0), (8, 1): (8, 0),
        (64, 9): (128, 0), (10, 0): (30, 0)}
    return (bad.get(scale, scale), 0) if found_inf else good.get((scale, tracker), (scale, 0))
    """,
        says=("from 100.0", "what resets the count"),
    ),
    wrong(
        "training-bytes",
        TYPED,
        BYTES,
        solution="""
    names = ("weights", "half copies", "gradients", "optimizer", "activations")
    table = {1000: (4000, 0, 4000, 8000, 2000), 7: (28, 14, 28, 56, 60), 3: (12, 6, 12, 24, 22), 0: (0, 0, 0, 0, 10)}
    return dict(zip(names, table.get(parameters, (0, 0, 0, 0, 0))))
    """,
        says=("training_bytes(13, 17, None)", "wanted (52, 0, 52, 104, 68)"),
    ),
    wrong(
        "technique-score",
        TYPED,
        SCORE,
        solution="""
    rows = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    if workload in WORKLOADS and technique in TECHNIQUES:
        return rows[WORKLOADS.index(workload)][TECHNIQUES.index(technique)]
    return 1
    """,
        says=("wanted 7", "go through the table line by line"),
    ),
]

CASES: list[Case] = [
    *ROOF, *PRODUCT, *GELU, *NUMBER, *KERNEL, *COMPILER, *HALF, *UNSCALE, *SCALE, *TRAINER, *MEMORY, *DECISION,
    *QUESTION, *TYPED_IN,
]  # fmt: skip
