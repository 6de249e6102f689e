"""The bank for lesson 17: precision."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("step-at", "the next power of two", "test-step-at", ("[1] - 1", "[1]"),
        says=("step_at(1.0, 'float16')", "which power of two is just below")),
    wrong("step-at", "a positive number only", "test-step-at", ("max(abs(x),", "max(x,"),
        says=("step_at(-2048.0, 'float16')", "wanted 2")),
    wrong("step-at", "no smallest step", "test-step-at", ("max(abs(x), 2.0**lowest)", "x"),
        says=("the step does not shrink any further",)),
    wrong("step-at", "float16, whatever the type", "test-step-at",
        ("    exponent = ", "    fraction, lowest = FORMATS['float16']\n    exponent = "),
        says=("step_at(256.0, 'bfloat16')", "wanted 2")),
    wrong("step-at", "relative to the number", "test-step-at", solution="""
    return max(abs(x), 2.0**lowest) * 2.0**-fraction
    """, says=("step_at(1.75, 'float16')", "how many bits of fraction")),
    wrong("step-at", "the same step everywhere", "test-step-at", solution="return 2.0**-fraction",
        says=("step_at(1000.0, 'float16')", "wanted 0.5")),
    wrong("step-at", "a logarithm of 0", "test-step-at", solution="""
    exponent = math.floor(math.log2(abs(x)))
    return 2.0 ** (max(exponent, lowest) - fraction)
    """, says=("step_at(0.0, 'float16') failed: math domain error", "does not shrink any further")),
    wrong("step-at", "half a step", "test-step-at", ("exponent - fraction", "exponent - fraction - 1"),
        says=("wanted 0.00097656", "how many bits of fraction")),
    right("step-at", "by NumPy and logarithms", solution="""
    if abs(x) < 2.0**lowest:
        return 2.0 ** (lowest - fraction)
    power = 1.0
    while power > abs(x):
        power /= 2
    while 2 * power <= abs(x):
        power *= 2
    return power / 2**fraction
    """),
    wrong("autocast-type", "float64 is cast too", "test-autocast",
        ("if dtype == np.float64 or not is_floating(dtype):", "if not is_floating(dtype):"),
        says=("wanted 'float64'", "read rule 1 again")),
    wrong("autocast-type", "class indices are cast too", "test-autocast",
        ("if dtype == np.float64 or not is_floating(dtype):", "if dtype == np.float64:"),
        says=("wanted 'bool'", "read rule 1 again")),
    wrong("autocast-type", "everything in half", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "half"),
        says=("wanted 'float32'", "read rule 3 again")),
    wrong("autocast-type", "everything but products in float32", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "np.dtype(np.float32)"),
        says=("wanted 'float16'", "read rule 4 again")),
    wrong("autocast-type", "sensitive operations take what comes", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "dtype"),
        says=("wanted 'float32'", "read rule 3 again")),
    wrong("autocast-type", "float16, whatever half is", "test-autocast",
        ("        return half\n", "        return np.dtype(np.float16)\n"),
        says=("wanted 'bfloat16'", "read rule 2 again")),
    wrong("autocast-type", "a half stays as it is", "test-autocast",
        ("if operation in HALF_OPERATIONS:", "if operation in HALF_OPERATIONS and not is_half(dtype):"),
        says=("wanted 'bfloat16'", "read rule 2 again")),
    wrong("autocast-type", "products take what comes", "test-autocast",
        ("        return half\n", "        return dtype\n"), says=("wanted 'float16'", "read rule 2 again")),
    wrong("autocast-type", "names of products as parts of names", "test-autocast",
        ("if operation in HALF_OPERATIONS:", "if any(name in operation for name in HALF_OPERATIONS):"),
        says=("linear_attention", "read rule 4 again")),
    wrong("autocast-type", "names of sensitive operations as parts of names", "test-autocast",
        ("if operation in FLOAT32_OPERATIONS else", "if any(name in operation for name in FLOAT32_OPERATIONS) else"),
        says=("exp2", "read rule 4 again")),
    wrong("autocast-type", "looks for the name in one text", "test-autocast",
        ("if operation in HALF_OPERATIONS:", "if operation in ' '.join(HALF_OPERATIONS):"),
        says=("'mul'", "read rule 4 again")),
    wrong("autocast-type", "the visible answers typed in", "test-autocast", solution="""
    table = {
        ("matmul", "float32"): half, ("linear", "float32"): half, ("linear", "float16"): half,
        ("cross_entropy", "float16"): as_dtype("float32"), ("softmax", "bfloat16"): as_dtype("float32"),
        ("exp", "float32"): as_dtype("float32")}
    return table.get((operation, dtype.name), dtype)
    """, says=("autocast_type('matmul', bfloat16, float16) gave 'bfloat16'", "wanted 'float16'")),
    right("autocast-type", "the exceptions last", solution="""
    if is_floating(dtype) and dtype != np.float64:
        if operation in FLOAT32_OPERATIONS:
            return as_dtype("float32")
        if operation in HALF_OPERATIONS:
            return half
    return dtype
    """),
    wrong("casting", "nothing is cast", "test-casting", solution="return apply(primitive, *inputs, **options)",
        says=("wanted float16", "cast by autocast_type")),
    wrong("casting", "everything to half", "test-casting",
        ("wanted = [autocast_type(primitive.name, kind, half) for kind in kinds]", "wanted = [half for kind in kinds]"),
        says=("the sums of x @ w is float16, wanted float32", "a long sum runs in float32")),
    wrong("casting", "float32 beside float64 is rounded", "test-casting",
        ("if half is not None and np.float64 not in kinds:", "if half is not None:"),
        says=("x @ w with one side in float64 gave 0.2999", "cast neither side")),
    wrong("casting", "only the first input may be float64", "test-casting",
        ("np.float64 not in kinds", "kinds[0] != np.float64"),
        says=("x @ w with one side in float64 gave 0.2999", "cast neither side")),
    wrong("casting", "a block that is off casts too", "test-casting",
        ("        if half is not None and np.float64 not in kinds:",
         "        half = half or np.dtype(np.float16)\n        if np.float64 not in kinds:"),
        says=("with casting off is float16", "what if half is None?")),
    wrong("casting", "float16, whatever the block says", "test-casting",
        ("autocast_type(primitive.name, kind, half)", "autocast_type(primitive.name, kind, np.dtype(np.float16))"),
        says=("in a bfloat16 block inside is float16, wanted bfloat16",)),
    wrong("casting", "the first input's type for all", "test-casting",
        ("for kind in kinds]\n", "for kind in kinds[:1]] * len(kinds)\n"),
        says=("x.where(x < 0, 0.25) gave 1, wanted 0.25", "each by its own type")),
    wrong("casting", "casts without a record", "test-casting",
        ("cast(x, dtype) for", "Tensor(cast_array(x.data, dtype)) for"),
        says=("wanted ['astype', 'astype', 'matmul']", "record each cast")),
    wrong("casting", "the options are lost", "test-casting",
        ("return apply(primitive, *inputs, **options)", "return apply(primitive, *inputs)"),
        says=("hand on the options",)),
    wrong("casting", "round the other layers", "test-casting",
        ("return apply(primitive, *inputs, **options)",
         "from tinytorch.core.tensor import execute\n        return execute(primitive, tuple(inputs), options)"),
        says=("wanted ['astype', 'astype', 'matmul']", "go on with apply")),
    right("casting", "an input at a time", solution="""
    if half is None or any(x.dtype == np.float64 for x in inputs):
        return super().forward(primitive, inputs, options)
    ready = []
    for x in inputs:
        ready.append(cast(x, autocast_type(primitive.name, x.dtype, half)))
    return apply(primitive, *ready, **options)
    """),
    right("casting", "astype in the place of cast", ("cast(x, dtype) for", "x.astype(dtype) for")),
    wrong("training-bytes", "master weights in half", "test-training-bytes",
        ('"weights": parameters * single', '"weights": parameters * small'),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "no copies of the weights", "test-training-bytes",
        ("0 if half is None else parameters * small", "0"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "copies in float32, too", "test-training-bytes",
        ("0 if half is None else parameters * small", "parameters * small"),
        says=("wanted (400, 0, 400, 800, 200)", "all is float32, without copies")),
    wrong("training-bytes", "one number for Adam", "test-training-bytes",
        ("2 * parameters * single", "parameters * single"),
        says=("wanted (400, 0, 400, 800, 200)", "all is float32, without copies")),
    wrong("training-bytes", "gradients in half", "test-training-bytes",
        ('"gradients": parameters * single', '"gradients": parameters * small'),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "activations in float32", "test-training-bytes",
        ("activations * small", "activations * single"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "names of one's own", "test-training-bytes", ('"half copies":', '"half_copies":'),
        says=("the keys of training_bytes(100, 50, None) gave", "'half copies'")),
    wrong("training-bytes", "the optimizer in half", "test-training-bytes",
        ("2 * parameters * single", "2 * parameters * small"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "the visible answers typed in", "test-training-bytes", solution="""
    names = ("weights", "half copies", "gradients", "optimizer", "activations")
    table = {100: (400, 0, 400, 800, 200), 7: (28, 14, 28, 56, 60), 3: (12, 6, 12, 24, 22), 0: (0, 0, 0, 0, 10)}
    return dict(zip(names, table.get(parameters, (0, 0, 0, 0, 0))))
    """, says=("training_bytes(13, 17, None)", "wanted (52, 0, 52, 104, 68)")),
    right("training-bytes", "two bytes for a half",
        ("small = single if half is None else as_dtype(half).itemsize", "small = 4 if half is None else 2")),
    wrong("unscale", "checks before unscaling only", "test-loss-scale", (
            ('        with np.errstate(all="ignore"):\n            g.data = g.data * inverse\n        '
             "found_inf = found_inf or not np.isfinite(g.data).all()\n"),
            ("        found_inf = found_inf or not np.isfinite(g.data).all()\n        with "
             'np.errstate(all="ignore"):\n            g.data = g.data * inverse\n'),
        ), says=("gave False, wanted True", "the division overflows")),
    wrong("unscale", "stops at the first that is bad", "test-loss-scale", (
            "        found_inf = found_inf or not np.isfinite(g.data).all()\n",
            "        if not np.isfinite(g.data).all():\n            return True\n",
        ), says=("what was [256] gave 256, wanted 2", "divide every gradient")),
    wrong("unscale", "the first parameter only", "test-loss-scale", ("for g in gradients:", "for g in gradients[:1]:"),
        says=("what was [256] gave 256, wanted 2", "divide every gradient")),
    wrong("unscale", "the first two parameters only", "test-loss-scale",
        ("for g in gradients:", "for g in gradients[:2]:"), says=("wanted True", "a nan in the last one counts")),
    wrong("unscale", "looks at the last gradient only", "test-loss-scale",
        ("found_inf = found_inf or not", "found_inf = not"), says=("wanted True", "one inf is enough")),
    wrong("unscale", "times the scale", "test-loss-scale", ("g.data * inverse", "g.data * scale"),
        says=("gave -1.0486e+06, wanted -4", "divide every gradient")),
    wrong("unscale", "does not unscale", "test-loss-scale", ("g.data = g.data * inverse", "pass"),
        says=("gave -2048, wanted -4", "divide every gradient")),
    wrong("unscale", "looks for inf only", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "np.isinf(g.data).any()"),
        says=("wanted True", "a nan in the last one counts")),
    wrong("unscale", "looks for nan only", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "np.isnan(g.data).any()"), says=("wanted True", "one inf is enough")),
    wrong("unscale", "looks at the largest number", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.max())"),
        says=("wanted True", "-inf is an overflow too")),
    wrong("unscale", "looks at the sum", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.sum())"), says=("wanted False", "look at each")),
    wrong("unscale", "all numbers must be bad", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data).any()"), says=("wanted True", "one inf is enough")),
    wrong("unscale", "in half precision", "test-loss-scale", (
            "g.data = g.data * inverse",
            "g.data = (g.data.astype(np.float16) * np.float16(inverse)).astype(np.float32)",
        ), says=("wanted False", "look at each")),
    wrong("unscale", "gradients become float64", "test-loss-scale",
        ("g.data = g.data * inverse", "g.data = g.data * np.float64(inverse)"),
        says=("wanted float32", "its type must not change")),
    wrong("unscale", "in place", "test-loss-scale", ("g.data = g.data * inverse", "g.data *= inverse"),
        says=("the array that held the scaled [512, -2048] gave", "give g.data a new array")),
    wrong("unscale", "good news for bad", "test-loss-scale", ("return found_inf", "return not found_inf"),
        says=("wanted False", "finite gradients are no overflow")),
    right("unscale", "divided, then one look at all", solution="""
    with np.errstate(all="ignore"):
        for g in gradients:
            g.data = g.data / scale
    return any(bool((~np.isfinite(g.data)).any()) for g in gradients)
    """),
    wrong("next-scale", "grows every step", "test-next-scale", ("if count + 1 < growth_interval:", "if False:"),
        says=("the scale of next_scale(4.0, 0, False", "how far?")),
    wrong("next-scale", "no floor", "test-next-scale",
        ("min(scale, max(min_scale, scale * backoff_factor))", "scale * backoff_factor"),
        says=("next_scale(1.0, 3, True, {}) gave 0.5, wanted 1.0", "how far?")),
    wrong("next-scale", "no ceiling", "test-next-scale",
        ("min(max_scale, scale * growth_factor)", "scale * growth_factor"),
        says=("the scale of next_scale(8.0, 1, False", "wanted 8.0")),
    wrong("next-scale", "a scale above the ceiling stays", "test-next-scale",
        ("min(max_scale, scale * growth_factor)", "max(scale, min(max_scale, scale * growth_factor))"),
        says=("the scale of next_scale(99.0, 0, False", "wanted 16.0")),
    wrong("next-scale", "keeps its count after an overflow", "test-next-scale",
        ("scale * backoff_factor)), 0", "scale * backoff_factor)), count"),
        says=("the count of next_scale(4.0, 7, True, {}) gave 7, wanted 0", "start again")),
    wrong("next-scale", "keeps its count after it grew", "test-next-scale",
        ("else scale), 0", "else scale), count + 1"),
        says=("the count of next_scale(4.0, 1, False", "gave 2, wanted 0")),
    wrong("next-scale", "one step too late", "test-next-scale",
        ("count + 1 < growth_interval", "count < growth_interval"),
        says=("the scale of next_scale(4.0, 1, False", "wanted 8.0")),
    wrong("next-scale", "exactly at the interval", "test-next-scale",
        ("if count + 1 < growth_interval:", "if count + 1 != growth_interval:"),
        says=("the scale of next_scale(64.0, 9, False", "wanted 128.0")),
    wrong("next-scale", "twice, whatever the factor", "test-next-scale", ("scale * growth_factor", "scale * 2"),
        says=("wanted 30.0", "which factor")),
    wrong("next-scale", "halved, whatever the factor", "test-next-scale", ("scale * backoff_factor", "scale / 2"),
        says=("wanted 2.5", "which factor")),
    wrong("next-scale", "a floor of 1, whatever it is", "test-next-scale", ("max(min_scale,", "max(1.0,"),
        says=("gave 0.5, wanted 0.25", "how far?")),
    wrong("next-scale", "a small scale is raised to the floor", "test-next-scale",
        ("min(scale, max(min_scale, scale * backoff_factor))", "max(min_scale, scale * backoff_factor)"),
        says=("next_scale(0.25, 1, True, {}) gave 1.0, wanted 0.25",)),
    wrong("next-scale", "a good step raises the scale to the floor", "test-next-scale",
        ("return scale, count + 1", "return max(min_scale, scale), count + 1"),
        says=("next_scale(0.25, 0, False, {}) gave 1.0, wanted 0.25",)),
    wrong("next-scale", "a good step lowers the scale to the ceiling", "test-next-scale",
        ("return scale, count + 1", "return min(max_scale, scale), count + 1"),
        says=("next_scale(100000.0, 1, False, {}) gave 65536.0, wanted 100000.0",)),
    wrong("next-scale", "infinite in float32", "test-next-scale",
        ("grown if grown <= float(np.finfo(np.float32).max) else scale", "grown"),
        says=("wanted 1.7014118346046923e+38", "how far?")),
    wrong("next-scale", "grows after an overflow", "test-next-scale", ("if found_inf:", "if not found_inf:"),
        says=("next_scale(4.0, 7, True, {}) gave 4.0, wanted 2.0",)),
    wrong("next-scale", "the count is not kept", "test-next-scale",
        ("return scale, count + 1", "return scale, count"), says=("gave 0, wanted 1", "start again")),
    wrong("next-scale", "the visible answers typed in", "test-next-scale", solution="""
    bad = {4: 2, 1: 1, 10: 2.5, 0.5: 0.25, 0.25: 0.25}
    good = {
        (4, 0): (4, 1), (4, 1): (8, 0), (8, 1): (8, 0), (3, 8): (3, 9), (64, 9): (128, 0), (30, 1999): (60, 0),
        (10, 0): (30, 0), (99, 0): (16, 0)}
    return (bad.get(scale, scale), 0) if found_inf else good.get((scale, count), (scale, 0))
    """, says=("next_scale(100.0, 2, True", "wanted 10.0")),
    right("next-scale", "good steps first", solution="""
    good = 0 if found_inf else count + 1
    if found_inf:
        smaller = scale * backoff_factor
        scale = smaller if smaller > min_scale else min(scale, min_scale)
    elif good >= growth_interval:
        good, larger = 0, min(scale * growth_factor, max_scale)
        scale = larger if np.isfinite(np.float32(larger)) else scale
    return scale, good
    """),
    wrong("grad-scaler", "gradients stay scaled", "test-grad-scaler",
        ("            self.unscale_(optimizer)\n",
         "            self.found[optimizer] = not all(np.isfinite(g.data).all() for g in gradients_of(optimizer))\n"),
        says=("gradients after step(optimizer) with", "unscaled once?")),
    wrong("grad-scaler", "does not look at the gradients", "test-grad-scaler",
        ("            self.unscale_(optimizer)\n", "            pass\n"),
        says=("failed: nothing is kept under the optimizer", "unscale what is not unscaled yet")),
    wrong("grad-scaler", "unscales again", "test-grad-scaler",
        ("        if optimizer not in self.found:\n            self.unscale_(optimizer)",
         "        self.unscale_(optimizer)"),
        says=("call update() first", "unscale what is not unscaled yet")),
    wrong("grad-scaler", "divides again", "test-grad-scaler",
        ("        if optimizer not in self.found:\n            self.unscale_(optimizer)",
         "        self.found[optimizer] = unscale(gradients_of(optimizer), self.loss_scale)"),
        says=("gradients after step(optimizer) with", "unscaled once?")),
    wrong("grad-scaler", "steps on an overflow", "test-grad-scaler",
        ("        if not self.found[optimizer]:\n            optimizer.step()", "        optimizer.step()"),
        says=("inf gradients", "what did it find for this optimizer?")),
    wrong("grad-scaler", "no step at all", "test-grad-scaler",
        ("        if not self.found[optimizer]:\n            optimizer.step()\n", ""),
        says=("wanted (True, 1)", "what did it find for this optimizer?")),
    wrong("grad-scaler", "returns whether it was skipped", "test-grad-scaler",
        ("return not self.found[optimizer]", "return self.found[optimizer]"),
        says=("gave (False, 1), wanted (True, 1)",)),
    wrong("grad-scaler", "returns nothing", "test-grad-scaler",
        ("        return not self.found[optimizer]\n", ""), says=("gave (None, 1), wanted (True, 1)",)),
    wrong("grad-scaler", "one overflow stops all", "test-grad-scaler",
        ("        if not self.found[optimizer]:", "        if not any(self.found.values()):"),
        says=("what did it find for this optimizer?",)),
    wrong("grad-scaler", "forgets that it stepped", "test-grad-scaler",
        ("        self.stepped.add(optimizer)\n", ""),
        says=("a second step(optimizer) was accepted", "wanted a RuntimeError")),
    wrong("grad-scaler", "all must overflow", "test-grad-scaler",
        ("any(self.found.values())", "all(self.found.values())"),
        says=("the scale after inf good gave 16.0, wanted 4.0", "one update for all")),
    wrong("grad-scaler", "adapts once for each optimizer", "test-grad-scaler",
        ("            self.adapt(any(self.found.values()))\n",
         "            for found in self.found.values():\n                self.adapt(found)\n"),
        says=("the scale after", "one update for all")),
    wrong("grad-scaler", "keeps what it found", "test-grad-scaler", ("            self.found.clear()\n", ""),
        says=("found and stepped after update() gave",)),
    wrong("grad-scaler", "keeps who stepped", "test-grad-scaler", ("            self.stepped.clear()\n", ""),
        says=("found and stepped after update() gave",)),
    right("grad-scaler", "new objects", (
            "            self.found.clear()\n            self.stepped.clear()\n",
            "            self.found, self.stepped = {}, set()\n",
        )),
    right("grad-scaler", "returns early", (
            "        if not self.found[optimizer]:\n            optimizer.step()\n        return not "
            "self.found[optimizer]\n",
            ("        if self.found[optimizer]:\n            return False\n        optimizer.step()\n        "
             "return True\n"),
        )),
    wrong("question-precision", "where the ones stick", "test-question-precision",
        ("sticks_at = 512", "sticks_at = 2048"), says=("sticks_at is 2048", "1/4 is half a step")),
    wrong("question-precision", "where a step is 1/4", "test-question-precision",
        ("sticks_at = 512", "sticks_at = 256"), says=("sticks_at is 256", "1/4 is half a step")),
    wrong("question-precision", "a scale that overflows", "test-question-precision",
        ("largest_scale = 65536", "largest_scale = 131072"), says=("largest_scale is 131072", "91750.4")),
    wrong("question-precision", "half of the largest scale", "test-question-precision",
        ("largest_scale = 65536", "largest_scale = 32768"), says=("largest_scale is 32768",)),
    wrong("question-precision", "no power of two", "test-question-precision",
        ("largest_scale = 65536", "largest_scale = 93577"), says=("is a power of two",)),
    wrong("question-precision", "one step too few", "test-question-precision", ("bad_steps = 20", "bad_steps = 19"),
        says=("after these the scale is 2048",)),
    wrong("question-precision", "without the copies", "test-question-precision",
        ("activations_per_parameter = 1", "activations_per_parameter = 0"), says=("activations_per_parameter is 0",)),
    wrong("question-precision", "twice as many", "test-question-precision",
        ("activations_per_parameter = 1", "activations_per_parameter = 2"), says=("activations_per_parameter is 2",)),
    right("question-precision", "as floats", ("sticks_at = 512\n", "sticks_at = 512.0\n")),
]
