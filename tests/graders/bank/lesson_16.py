"""The bank for lesson 16: kernels."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("gelu-scalar", "the exact form", "test-gelu-scalar", (
            "        t = tanh(c * x * (one + a * x * x))\n        return half * max(x, low) * (one + t)\n",
            ("        v = low if x < low else x\n        return real(half * v * (one + math.erf(v / "
             "math.sqrt(2.0))))\n"),
        ), says=("wanted -0.002627", "are all terms of u there, and the tanh form?")),
    wrong("gelu-scalar", "a square for the cube", "test-gelu-scalar",
        ("t = tanh(c * x * (one + a * x * x))", "t = tanh(c * x * (one + a * x))"),
        says=("wanted -0.000000", "are all terms of u there, and the tanh form?")),
    wrong("gelu-scalar", "a constant in float64", "test-gelu-scalar",
        ("return half * max(x, low)", "return 0.5 * max(x, low)"),
        says=("wanted float32", "some constant has another type")),
    wrong("gelu-scalar", "nothing held far out", "test-gelu-scalar", ("half * max(x, low)", "half * x"),
        says=("wanted (0, 0)", "what happens far out?")),
    wrong("gelu-scalar", "the slope of tanh only", "test-gelu-scalar",
        ("return half + half * t + half * v", "return half * v"),
        says=("wanted -0.008739", "derivative, and x^3 brings a 3")),
    wrong("gelu-scalar", "a slope without the product rule", "test-gelu-scalar",
        (" + half * v * (one - t * t) * c * (one + three_a * v * v)", ""),
        says=("wanted -0.008739", "derivative, and x^3 brings a 3")),
    wrong("gelu-scalar", "the cube's derivative without its three", "test-gelu-scalar",
        ("(one + three_a * v * v)", "(one + a * v * v)"), says=("wanted -0.008739", "derivative, and x^3 brings a 3")),
    wrong("gelu-scalar", "a slope that overflows far out", "test-gelu-scalar",
        ("v = min(max(x, low), high)", "v = max(x, low)"), says=("wanted (inf, 1)", "what happens far out?")),
    wrong("gelu-scalar", "without the half", "test-gelu-scalar", ("return half * max(x, low)", "return max(x, low)"),
        says=("wanted -0.002627", "are all terms of u there, and the tanh form?")),
    right("gelu-scalar", "the formula as it is printed",
        ("t = tanh(c * x * (one + a * x * x))", "t = tanh(c * (x + a * x * x * x))"),
        checks=("test-gelu-scalar", "test-fused-gelu")),
    right("gelu-scalar", "a nan that comes back with tanh", ("half * max(x, low)", "half * (x if x > low else low)"),
        checks="test-gelu-scalar"),
    right("gelu-scalar", "ends told apart first", (
            "        t = tanh(c * x * (one + a * x * x))\n        return half * max(x, low) * (one + t)\n",
            ("        if x <= low:\n            return real(0) * half\n        return half * x * (one + "
             "tanh(c * x * (one + a * x * x)))\n"),
        ), checks=("test-gelu-scalar", "test-fused-gelu")),
]
