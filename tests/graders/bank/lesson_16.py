"""The bank for lesson 16: kernels."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
FORWARD, BACKWARD = "out[i] = store(value(load(x[i])))", "out[i] = store(load(gradient[i]) * slope(load(x[i])))"
ROUND = "return np.uint16(np.uint32(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)"
STORE = "return round_bfloat16(x) if x == x else np.uint16(0x7FC0)"
CASES: list[Case] = [
    wrong("horner", "the lowest power first", "test-horner",
        ("y = coefficients[0]", "y = coefficients[len(coefficients) - 1]"),
        ("coefficients[i]", "coefficients[len(coefficients) - 1 - i]"),
        says=("gave 532", "wanted 235", "the highest power comes first")),
    wrong("horner", "added before it is multiplied", "test-horner",
        ("y * x + coefficients[i]", "(y + coefficients[i]) * x"),
        says=("gave 550", "wanted 235")),
    wrong("horner", "the first coefficient twice", "test-horner", ("range(1, ", "range("), says=("wanted 235",)),
    wrong("horner", "powers of x", "test-horner", solution="""
    y, n = coefficients[0] * 0, len(coefficients)
    for i in range(n):
        y = y + coefficients[i] * x ** (n - 1 - i)
    return y
    """, says=("wanted",)),
    wrong("horner", "each power by products", "test-horner", solution="""
    y, power = coefficients[len(coefficients) - 1], x
    for i in range(1, len(coefficients)):
        y = y + coefficients[len(coefficients) - 1 - i] * power
        power = power * x
    return y
    """, says=("for 7 coefficients horner multiplies 12 times, wanted 6",)),
    wrong("horner", "a sum that begins in float64", "test-horner", ("y = coefficients[0]", "y = 1.0 * coefficients[0]"),
        says=("result of type float64, wanted float32", "another type")),
    wrong("horner", "the last coefficient left out", "test-horner", ("len(coefficients))", "len(coefficients) - 1)"),
        says=("gave 23", "wanted 235")),
    wrong("horner", "two coefficients at least", "test-horner",
        solution="y = coefficients[0] * x + coefficients[1]\nfor i in range(2, len(coefficients)):\n"
        "    y = y * x + coefficients[i]\nreturn y",
        says=("horner((7,), 3) in float64 cannot be compiled: tuple index o",
              "tuple index out of range")),
    wrong("horner", "seven at most", "test-horner",
        ("range(1, len(coefficients))",
         "range(1, min(7, len(coefficients)))"),
        says=("horner((1, 1, 1, 1, 1, 1, 1, 1, 1), 2) in float32 gave 127,",
              "the highest power comes first; multiply, then add the next")),
    wrong("horner", "stops at zero", "test-horner",
        ("y = y * x + coefficients[i]",
         "if coefficients[i] == 0 and i + 1 == len(coefficients):\n            break\n"
         "        y = y * x + coefficients[i]"),
        says=("horner((2, 0), 3) in float32 gave 2, wanted 6: the highest p",
              "the highest power comes first; multiply, then add the next")),
    right("horner", "from nothing", solution="""
    y = coefficients[0] - coefficients[0]
    for c in coefficients:
        y = y * x + c
    return y
    """),

    wrong("rational-tanh", "the C library's", "test-rational-tanh", solution="return np.float32(math.tanh(u))",
        says=("calls tanhf of the C library", "the ratio of the two polynomials")),
    wrong("rational-tanh", "no limits", "test-rational-tanh", ("v = min(max(u, -_LIMIT), _LIMIT)", "v = u"),
        says=("at 50.0", "wanted 1", "limit u before anything else")),
    wrong("rational-tanh", "one limit only", "test-rational-tanh", ("min(max(u, -_LIMIT), _LIMIT)", "min(u, _LIMIT)"),
        says=("at -50.0", "wanted -1")),
    wrong("rational-tanh", "a nan that max loses", "test-rational-tanh", ("max(u, -_LIMIT)", "max(-_LIMIT, u)"),
        says=("at nan gave -1", "wanted nan", "mind the order in min and max")),
    wrong("rational-tanh", "a nan that min loses", "test-rational-tanh",
        ("min(max(u, -_LIMIT), _LIMIT)", "min(_LIMIT, max(u, -_LIMIT))"), says=("at nan gave 1", "wanted nan")),
    wrong("rational-tanh", "not the square", "test-rational-tanh", ("s = v * v", "s = v"),
        says=("v times p of the square",)),
    wrong("rational-tanh", "without the factor in front", "test-rational-tanh", ("return v * horner", "return horner"),
        says=("at 0.0", "v times p of the square")),
    wrong("rational-tanh", "u in front, not its limit", "test-rational-tanh",
        ("return v * horner", "return u * horner"),
        says=("at 50.0", "limit u before anything else")),
    wrong("rational-tanh", "turned over", "test-rational-tanh",
        ("horner(_NUMERATOR, s) / horner(_DENOMINATOR, s)", "horner(_DENOMINATOR, s) / horner(_NUMERATOR, s)"),
        says=("v times p of the square",)),
    wrong("rational-tanh", "a limit in float64", "test-rational-tanh",
        ("min(max(u, -_LIMIT), _LIMIT)", "min(max(u, -8.0), 8.0)"),
        says=("result of type float64, wanted float32", "another type")),
    wrong("rational-tanh", "in float64, rounded at the end", "test-rational-tanh",
        ("v = min(max(u, -_LIMIT), _LIMIT)", "v = np.float64(min(max(u, -_LIMIT), _LIMIT))"),
        ("return v * horner(_NUMERATOR, s) / horner(_DENOMINATOR, s)",
         "return np.float32(v * horner(_NUMERATOR, s) / horner(_DENOMINATOR, s))"),
        says=("rational_tanh computes in float64 before it gives a float32", "which number")),
    right("rational-tanh", "ends told apart", solution="""
    v = u
    if u > _LIMIT:
        v = _LIMIT
    elif u < -_LIMIT:
        v = -_LIMIT
    return v * (horner(_NUMERATOR, v * v) / horner(_DENOMINATOR, v * v))
    """, checks=("test-rational-tanh", "test-gelu-value")),

    wrong("gelu-value", "the exact form", "test-gelu-value",
        solution="return half * max(x, low) * (one + real(math.erf(x / math.sqrt(2.0))))",
        says=("gelu_value in float32",)),
    wrong("gelu-value", "a square for the cube", "test-gelu-value", ("a * x * x", "a * x"),
        says=("wanted", "the tanh form, with all terms of u")),
    wrong("gelu-value", "a constant in float64", "test-gelu-value", ("return half *", "return 0.5 *"),
        says=("result of type float64, wanted float32", "which number in the formula")),
    wrong("gelu-value", "float64 rounded at the end", "test-gelu-value",
        solution="return real(0.5 * max(x, low) * (1.0 + tanh(c * x * (one + a * x * x))))",
        says=("gelu_value in float32 computes in float64", "which number in the formula")),
    wrong("gelu-value", "math.tanh", "test-gelu-value", ("tanh(c * x * (one + a * x * x))",
        "real(math.tanh(c * x * (one + a * x * x)))"),
        says=("calls tanhf of the C library", "that gelu_value is given")),
    wrong("gelu-value", "np.tanh", "test-gelu-value", ("tanh(c * x * (one + a * x * x))",
        "np.tanh(c * x * (one + a * x * x))"), says=("calls tanhf of the C library",)),
    wrong("gelu-value", "nothing held far out", "test-gelu-value", ("max(x, low)", "x"),
        says=("at -inf gave nan, wanted 0", "each factor")),
    wrong("gelu-value", "without the half", "test-gelu-value", ("half * max(x, low)", "max(x, low)"),
        says=("all terms",)),
    wrong("gelu-value", "without c", "test-gelu-value", ("c * x * (one", "x * (one"), says=("all terms of u",)),
    wrong("gelu-value", "an unknown name", "test-gelu-value", ("max(x, low)", "maximum(x, low)"),
        says=("gelu_value in float32", "cannot be compiled", "maximum")),
    right("gelu-value", "the formula as it is printed", ("c * x * (one + a * x * x)", "c * (x + a * x * x * x)"),
        checks=("test-gelu-value",)),
    right("gelu-value", "a nan that comes back with tanh", ("max(x, low)", "max(low, x)")),
    right("gelu-value", "ends told apart first", solution="""
    if x <= low:
        return real(0)
    return half * x * (one + tanh(c * x * (one + a * x * x)))
    """),

    wrong("gelu-slope", "the slope of tanh only", "test-gelu-slope", ("return half + half * t + half", "return half"),
        says=("a product has two terms",)),
    wrong("gelu-slope", "without the product rule", "test-gelu-slope",
        (" + half * v * (one - t * t) * c * (one + three_a * v * v)", ""), says=("a product has two terms",)),
    wrong("gelu-slope", "the cube's derivative without its three", "test-gelu-slope",
        ("(one + three_a * v * v)", "(one + a * v * v)"), says=("x^3 brings a 3",)),
    wrong("gelu-slope", "limited below only", "test-gelu-slope", ("min(max(x, low), high)", "max(x, low)"),
        says=("at inf", "wanted 1", "limit x")),
    wrong("gelu-slope", "the number as it came", "test-gelu-slope", ("(one + a * v * v)", "(one + a * x * x)"),
        ("(one + three_a * v * v)", "(one + three_a * x * x)"), says=("at inf gave nan, wanted 1", "throughout")),
    wrong("gelu-slope", "a nan that is lost", "test-gelu-slope", ("min(max(x, low), high)", "min(high, max(low, x))"),
        says=("at nan", "wanted nan", "limit x")),
    wrong("gelu-slope", "math.tanh", "test-gelu-slope", ("t = tanh(", "t = math.tanh("),
        says=("calls tanhf of the C library", "that gelu_slope is given")),
    wrong("gelu-slope", "1 - t in place of 1 - t^2", "test-gelu-slope", ("(one - t * t)", "(one - t)"),
        says=("a product has two terms",)),
    wrong("gelu-slope", "a constant in float64", "test-gelu-slope", ("(one - t * t)", "(1.0 - t * t)"),
        says=("result of type float64, wanted float32",)),
    right("gelu-slope", "ends told apart first", solution="""
    if x <= low:
        return real(0)
    if x >= high:
        return one
    t = tanh(c * x * (one + a * x * x))
    return half * (one + t + x * (one - t * t) * (c + c * three_a * x * x))
    """),

    wrong("elementwise-loops", "not loaded", "test-elementwise-loops", (FORWARD, "out[i] = store(value(x[i]))"),
        says=("forward_loop of", "wanted [15, 25, 35]", "load, compute, store")),
    wrong("elementwise-loops", "not stored", "test-elementwise-loops", (FORWARD, "out[i] = value(load(x[i]))"),
        says=("gave [20, 30, 40]", "wanted [15, 25, 35]")),
    wrong("elementwise-loops", "store and load exchanged", "test-elementwise-loops",
        (FORWARD, "out[i] = load(value(store(x[i])))"), says=("wanted [15, 25, 35]",)),
    wrong("elementwise-loops", "the gradient not loaded", "test-elementwise-loops",
        (BACKWARD, "out[i] = store(gradient[i] * slope(load(x[i])))"), says=("backward_loop", "load both")),
    wrong("elementwise-loops", "the slope at the gradient", "test-elementwise-loops",
        (BACKWARD, "out[i] = store(load(x[i]) * slope(load(gradient[i])) + 1)"), says=("backward_loop", "load both")),
    wrong("elementwise-loops", "stored before the product", "test-elementwise-loops",
        (BACKWARD, "out[i] = store(load(gradient[i])) * slope(load(x[i]))"), says=("store the product",)),
    wrong("elementwise-loops", "added, not multiplied", "test-elementwise-loops",
        (BACKWARD, "out[i] = store(load(gradient[i]) + slope(load(x[i])))"), says=("multiply by the slope",)),
    wrong("elementwise-loops", "into its input", "test-elementwise-loops", (FORWARD, "x[i] = store(value(load(x[i])))"),
        says=("forward_loop of 3 numbers changed x", "write into out, never into x")),
    wrong("elementwise-loops", "x changed on the way", "test-elementwise-loops",
        (FORWARD, "x[i] = load(x[i])\n            out[i] = store(value(x[i]))"),
        says=("write into out, never into x",)),
    wrong("elementwise-loops", "the first number left out", "test-elementwise-loops",
        ("in range(x.size):\n            " + FORWARD, "in range(1, x.size):\n            " + FORWARD),
        says=("gave [0, 25, 35]", "wanted [15, 25, 35]")),
    wrong("elementwise-loops", "into the gradient", "test-elementwise-loops",
        (BACKWARD, "gradient[i] = store(load(gradient[i]) * slope(load(x[i])))\n            out[i] = gradient[i]"),
        says=("backward_loop of 3 numbers changed", "write into out")),
    wrong("elementwise-loops", "into the input that was saved", "test-elementwise-loops",
        (BACKWARD, "x[i] = store(load(gradient[i]) * slope(load(x[i])))\n            out[i] = x[i]"),
        says=("backward_loop of 3 numbers changed", "write into out")),
    wrong("elementwise-loops", "through out, forward", "test-elementwise-loops",
        ("out[i] = store(value(load(x[i])))",
         "out[i] = load(x[i])\n            out[i] = store(value(out[i]))"),
        says=("forward_loop of [3, 0, -2], with x + 0.5 as load, 3 x as fun",
              "nothing that is loaded goes through memory before it is stor")),
    wrong("elementwise-loops", "value through out", "test-elementwise-loops",
        ("out[i] = store(value(load(x[i])))",
         "out[i] = value(load(x[i]))\n            out[i] = store(out[i])"),
        says=("forward_loop of [3, 0, -2], with x + 0.5 as load, 3 x as fun",
              "nothing that is loaded goes through memory before it is stor")),
    wrong("elementwise-loops", "through out, backward", "test-elementwise-loops",
        ("out[i] = store(load(gradient[i]) * slope(load(x[i])))",
         "out[i] = load(gradient[i])\n            out[i] = store(out[i] * slope(load(x[i])))"),
        says=("backward_loop of [1, 4, 2] and [3, 0, -2], with x + 0.5 as l",
              "nothing that is loaded goes through memory before it is stor")),
    wrong("elementwise-loops", "slope through out", "test-elementwise-loops",
        ("out[i] = store(load(gradient[i]) * slope(load(x[i])))",
         "out[i] = slope(load(x[i]))\n            out[i] = store(load(gradient[i]) * out[i])"),
        says=("backward_loop of [1, 4, 2] and [3, 0, -2], with x + 0.5 as l",
              "nothing that is loaded goes through memory before it is stor")),
    wrong("elementwise-loops", "one too many", "test-elementwise-loops",
        ("for i in range(x.size):\n            out[i] = store(value(load(x[i])))",
         "for i in range(x.size + 1):\n            out[i] = store(value(load(x[i])))"),
        says=("forward_loop of 3 numbers writes outside of the array that i",
              "to which indices does it go?")),
    wrong("elementwise-loops", "one too many backward", "test-elementwise-loops",
        ("for i in range(x.size):\n            out[i] = store(load(gradient[i]) * slope(load(x[i])))",
         "for i in range(x.size + 1):\n            out[i] = store(load(gradient[i]) * slope(load(x[i])))"),
        says=("backward_loop of 3 numbers writes outside of the array that",
              "to which indices does it go?")),
    wrong("elementwise-loops", "cannot be vectorised", "test-elementwise-loops",
        ("out[i] = store(value(load(x[i])))",
         "out[i] = store(value(load(x[i])))\n            if i and out[i - 1] != out[i - 1] + 0:\n"
         "                out[i] = out[i - 1]"),
        says=("forward_loop of [2, nan, 3], with their squares as function,",
              "a nan changes nothing else")),
    wrong("elementwise-loops", "an early end at nan", "test-elementwise-loops",
        ("out[i] = store(value(load(x[i])))",
         "y = value(load(x[i]))\n            if y != y:\n                break\n"
         "            out[i] = store(y)"),
        says=("forward_loop of [2, nan, 3], with their squares as function,",
              "a nan changes nothing else")),
    wrong("elementwise-loops", "pairs", "test-elementwise-loops",
        ("for i in range(x.size):\n            out[i] = store(value(load(x[i])))",
         "for i in range(0, x.size, 2):\n            out[i] = store(value(load(x[i])))\n"
         "            out[i + 1] = store(value(load(x[i + 1])))"),
        says=("forward_loop of 3 numbers writes outside of the array that i",
              "to which indices does it go?")),
    right("elementwise-loops", "by enumerate", (FORWARD, "y = value(load(x[i]))\n            out[i] = store(y)")),

    wrong("bfloat16-bits", "the lower half", "test-bfloat16-bits",
        ("return float_of_bits(np.uint32(bits) << 16)", "return float_of_bits(np.uint32(bits))"),
        says=("load_bfloat16(0x0001)", "upper half")),
    wrong("bfloat16-bits", "shifted in 16 bits", "test-bfloat16-bits",
        ("np.uint32(bits) << 16", "np.uint32(np.uint16(bits << 16))"), says=("load_bfloat16", "upper half")),
    wrong("bfloat16-bits", "cut off", "test-bfloat16-bits", (ROUND, "return np.uint16(bits >> 16)"),
        says=("to the nearest, and from the middle to the even one",)),
    wrong("bfloat16-bits", "half always up", "test-bfloat16-bits", (ROUND, "return np.uint16((bits + 0x8000) >> 16)"),
        says=("0x00008000", "to the even one")),
    wrong("bfloat16-bits", "half always down", "test-bfloat16-bits", (ROUND, "return np.uint16((bits + 0x7FFF) >> 16)"),
        says=("0x00018000", "to the even one")),
    wrong("bfloat16-bits", "the wrong bit asked", "test-bfloat16-bits", ("((bits >> 16) & 1)", "((bits >> 15) & 1)"),
        says=("to the even one",)),
    wrong("bfloat16-bits", "nan is not asked for", "test-bfloat16-bits", (STORE, "return round_bfloat16(x)"),
        says=("store_bfloat16 of the nan 0x7fffffff", "ask for nan first")),
    wrong("bfloat16-bits", "another nan", "test-bfloat16-bits", ("np.uint16(0x7FC0)", "np.uint16(0x7FFF)"),
        says=("'0x7fff'", "'0x7fc0'")),
    wrong("bfloat16-bits", "nan the wrong way round", "test-bfloat16-bits", ("if x == x", "if x != x"),
        says=("store_bfloat16 of the float32",)),
    wrong("bfloat16-bits", "32 bits come back", "test-bfloat16-bits", (ROUND, ROUND.replace("np.uint16(", "(")),
        says=("wanted uint16", "another type")),
    wrong("bfloat16-bits", "a nan of 64 bits", "test-bfloat16-bits", ("np.uint16(0x7FC0)", "0x7FC0"),
        says=("store_bfloat16 of the float32", "type int64, wanted uint16")),
    wrong("bfloat16-bits", "a float64", "test-bfloat16-bits",
        ("return float_of_bits(np.uint32(bits) << 16)", "return 1.0 * float_of_bits(np.uint32(bits) << 16)"),
        says=("load_bfloat16", "type float64, wanted float32")),
    wrong("bfloat16-bits", "load loses minus zero", "test-bfloat16-bits",
        ("return float_of_bits(np.uint32(bits) << 16)",
         "return float_of_bits(np.uint32(bits) << 16) + np.float32(0)"),
        says=("load_bfloat16(0x8000), in bits, gave '0x0', wanted '0x800000",
              "the upper half")),
    wrong("bfloat16-bits", "load: nan", "test-bfloat16-bits",
        ("return float_of_bits(np.uint32(bits) << 16)",
         "v = float_of_bits(np.uint32(bits) << 16)\n    return v if v == v else np.float32(0)"),
        says=("load_bfloat16(0x7fc0), in bits, gave '0x0', wanted '0x7fc000",
              "the upper half")),
    wrong("bfloat16-bits", "minus inf is nan", "test-bfloat16-bits",
        ("return round_bfloat16(x) if x == x else np.uint16(0x7FC0)",
         "return round_bfloat16(x) if x >= -np.float32(3.4028235e38) else np.uint16(0x7FC0)"),
        says=("store_bfloat16 of the float32 0xff800000 gave '0x7fc0', want",
              "to the nearest, and from the middle to the even one")),
    right("bfloat16-bits", "in two steps", (ROUND, """odd = np.uint32(bits >> 16) & np.uint32(1)
    return np.uint16(np.uint32(bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))""")),

    wrong("loss-of-rows", "not lowered", "test-loss-of-rows", ("lower(rows, work)", "work[:] = rows"),
        says=("wanted", "what is in work when each term is taken")),
    wrong("loss-of-rows", "the target's exponential", "test-loss-of-rows", solution="""
    lower(rows, work)
    exponentials(work)
    total = 0.0
    for i in range(len(rows)):
        total += log(sum_of(work, i)) - (1 - smoothing) * work[i, targets[i]]
        if smoothing > 0:
            total -= smoothing * sum_of(work, i) / rows.shape[1]
    return total
    """, says=("what is in work when each term is taken",)),
    wrong("loss-of-rows", "the target's share kept whole", "test-loss-of-rows", ("(1 - smoothing) * ", ""),
        says=("smoothing 0.1",)),
    wrong("loss-of-rows", "smoothing that is not spread", "test-loss-of-rows", (" / rows.shape[1]", ""),
        says=("smoothing 0.1",)),
    wrong("loss-of-rows", "smoothing without a question", "test-loss-of-rows", ("if smoothing > 0:", "if True:"),
        says=("gave nan", "smoothing 0.0")),
    wrong("loss-of-rows", "the first target for all", "test-loss-of-rows", ("targets[i]", "targets[0]"),
        says=("what is in work",)),
    wrong("loss-of-rows", "computed in the rows", "test-loss-of-rows",
        ("lower(rows, work)", "lower(rows, rows)\n        work[:] = rows"),
        says=("loss_of_rows changed rows", "compute in work")),
    wrong("loss-of-rows", "a mean", "test-loss-of-rows", ("return total", "return total / len(rows)"),
        says=("wanted",)),
    wrong("loss-of-rows", "no logarithm", "test-loss-of-rows", ("log(sum_of(work, i))", "sum_of(work, i)"),
        says=("wanted",)),
    wrong("loss-of-rows", "NumPy's exponential", "test-loss-of-rows", ("exponentials(work)", "work[:] = np.exp(work)"),
        says=("calls expf", "use the functions that it is given")),
    wrong("loss-of-rows", "the C library's logarithm", "test-loss-of-rows", ("log(sum_of", "math.log(sum_of"),
        says=("calls logf", "use the functions that it is given")),
    wrong("loss-of-rows", "targets changed", "test-loss-of-rows",
        ("        return total",
         "        targets[0] = 0\n        return total"),
        says=("loss_of_rows changed targets, from [1 2 1 0] to [0 2 1 0]: c",
              "compute in work")),
    wrong("loss-of-rows", "nan swallowed", "test-loss-of-rows",
        ("        return total",
         "        return total if total == total else 0.0"),
        says=("loss_of_rows of rows like [0.0, nan], targets [0], smoothing",
              "what is in work when each term is taken, and which terms are")),
    wrong("loss-of-rows", "the last row left out for many", "test-loss-of-rows",
        ("exponentials(work)\n        for i in range(len(rows)):",
         "exponentials(work)\n        for i in range(min(len(rows), 64)):"),
        says=("loss_of_rows of rows like [-5.2, -4.0, -4.1], targets [1 2 2",
              "what is in work when each term is taken, and which terms are")),
    wrong("loss-of-rows", "square tables", "test-loss-of-rows",
        ("for i in range(len(rows)):\n            total +=",
         "for i in range(min(len(rows), rows.shape[1] + 4)):\n            total +="),
        says=("loss_of_rows of rows like [-5.2, -4.0, -4.1], targets [1 2 2",
              "what is in work when each term is taken, and which terms are")),
    right("loss-of-rows", "terms in other places", solution="""
    lower(rows, work)
    classes = rows.shape[1]
    targeted = spread = 0.0
    for i in range(len(rows)):
        targeted += work[i, targets[i]]
        if smoothing > 0:
            spread += sum_of(work, i)
    exponentials(work)
    logs = 0.0
    for i in range(len(rows)):
        logs += log(sum_of(work, i))
    return logs - targeted + smoothing * targeted - smoothing * spread / classes
    """),

    wrong("gradient-of-rows", "the target left in", "test-gradient-of-rows",
        ("            out[i, targets[i]] -= share - share * smoothing\n", ""),
        says=("softmax less the smoothed target",)),
    wrong("gradient-of-rows", "the whole share taken from the target", "test-gradient-of-rows",
        ("-= share - share * smoothing", "-= share"), says=("smoothing 0.1", "softmax less the smoothed target")),
    wrong("gradient-of-rows", "nothing spread", "test-gradient-of-rows",
        ("out[i, j] * scale - less", "out[i, j] * scale"),
        says=("smoothing 0.1", "softmax less the smoothed target")),
    wrong("gradient-of-rows", "a sum that changes as it is used", "test-gradient-of-rows",
        ("out[i, j] * scale - less", "out[i, j] * (share / sum_of(out, i)) - less"), says=("softmax less",)),
    wrong("gradient-of-rows", "not lowered", "test-gradient-of-rows", ("lower(rows, out)", "out[:] = rows * real(1.2)"),
        says=("softmax less",)),
    wrong("gradient-of-rows", "a one in place of the share", "test-gradient-of-rows",
        ("-= share - share * smoothing", "-= real(1) - smoothing"), says=("share 0.25", "times share")),
    wrong("gradient-of-rows", "in float64", "test-gradient-of-rows", ("real(rows.shape[1])", "rows.shape[1]"),
        says=("computes in float64 for each number",)),
    wrong("gradient-of-rows", "computed in the rows", "test-gradient-of-rows",
        ("lower(rows, out)", "lower(rows, rows)\n        out[:] = rows"),
        says=("gradient_of_rows changed rows", "compute in out")),
    wrong("gradient-of-rows", "divided number by number", "test-gradient-of-rows",
        ("scale = share / sum_of(out, i)", "total = sum_of(out, i)"), ("* scale - less", "* share / total - less"),
        says=("divides for each number", "once for each row")),
    wrong("gradient-of-rows", "writes outside", "test-gradient-of-rows",
        ("for j in range(rows.shape[1]):\n                out[i, j] = out[i, j] * scale - less",
         "for j in range(rows.shape[1] + (i == len(rows) - 1)):\n"
         "                out[i, j] = out[i, j] * scale - less"),
        says=("gradient_of_rows writes outside of the array that it is give",
              "to which indices does it go?")),
    wrong("gradient-of-rows", "nan swallowed", "test-gradient-of-rows",
        ("out[i, j] = out[i, j] * scale - less",
         "out[i, j] = out[i, j] * scale - less\n                if out[i, j] != out[i, j]:\n"
         "                    out[i, j] = 0"),
        says=("gradient_of_rows of (1, 2), smoothing 0.0, share 1.0 gave -1",
              "softmax less the smoothed target, times share")),
    wrong("gradient-of-rows", "share of zero", "test-gradient-of-rows",
        ("        lower(rows, out)\n",
         "        if share == 0:\n            return\n        lower(rows, out)\n"),
        says=("gradient_of_rows of (2, 2), smoothing 0.0, share 0.0 gave na",
              "softmax less the smoothed target, times share")),
    right("gradient-of-rows", "the target's weight apart", solution="""
    lower(rows, out)
    exponentials(out)
    other = share * smoothing / real(rows.shape[1])
    for i in range(len(rows)):
        scale = share / sum_of(out, i)
        for j in range(rows.shape[1]):
            out[i, j] *= scale
        for j in range(rows.shape[1]):
            out[i, j] -= other
        out[i, targets[i]] += share * smoothing - share
    """),

    wrong("question-kernels", "the number of coefficients", "test-question-kernels",
        ("horner_products = 12", "horner_products = 13"),
        says=("horner_products", "for each coefficient after the first")),
    wrong("question-kernels", "every power by products", "test-question-kernels",
        ("horner_products = 12", "horner_products = 78"),
        says=("horner_products",)),
    wrong("question-kernels", "eight bits of fraction", "test-question-kernels", ("2**-7", "2**-8"),
        says=("next_above_one", "7 bits of fraction")),
    wrong("question-kernels", "float16's step", "test-question-kernels", ("2**-7", "2**-10"), says=("next_above_one",)),
]
