"""The bank for lesson 17: precision."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("autocast-type", "float64 is cast too", "test-autocast",
        ("if dtype == np.float64 or not is_floating(dtype):", "if not is_floating(dtype):"),
        says=("wanted float64", "read the three rules again")),
    wrong("autocast-type", "class indices are cast too", "test-autocast",
        ("if dtype == np.float64 or not is_floating(dtype):", "if dtype == np.float64:"),
        says=("wanted int64", "read the three rules again")),
    wrong("autocast-type", "everything in half", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "half"),
        says=("wanted float32", "read the three rules again")),
    wrong("autocast-type", "everything but products in float32", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "np.dtype(np.float32)"),
        says=("wanted float16", "read the three rules again")),
    wrong("autocast-type", "sensitive operations take what comes", "test-autocast",
        ("np.dtype(np.float32) if operation in FLOAT32_OPERATIONS else dtype", "dtype"),
        says=("wanted float32", "read the three rules again")),
    wrong("autocast-type", "float16, whatever half is", "test-autocast",
        ("        return half\n", "        return np.dtype(np.float16)\n"),
        says=("wanted bfloat16", "read the three rules again")),
    wrong("autocast-type", "a half stays as it is", "test-autocast",
        ("if operation in HALF_OPERATIONS:", "if operation in HALF_OPERATIONS and not is_half(dtype):"),
        says=("wanted bfloat16", "read the three rules again")),
    wrong("autocast-type", "products take what comes", "test-autocast",
        ("        return half\n", "        return dtype\n"), says=("wanted float16", "read the three rules again")),
    right("autocast-type", "the exceptions last", solution="""
    if is_floating(dtype) and dtype != np.float64:
        if operation in FLOAT32_OPERATIONS:
            return as_dtype("float32")
        if operation in HALF_OPERATIONS:
            return half
    return dtype
    """),
    wrong("unscale", "checks before unscaling only", "test-loss-scale", (
            ('        with np.errstate(all="ignore"):\n            g.data = g.data * inverse\n        '
             "found_inf = found_inf or not np.isfinite(g.data).all()\n"),
            ("        found_inf = found_inf or not np.isfinite(g.data).all()\n        with "
             'np.errstate(all="ignore"):\n            g.data = g.data * inverse\n'),
        ), says=("wanted True", "look after the division too")),
    wrong("unscale", "stops at the first that is bad", "test-loss-scale", (
            "        found_inf = found_inf or not np.isfinite(g.data).all()\n",
            "        if not np.isfinite(g.data).all():\n            return True\n",
        ), says=("wanted [2]", "divide every gradient by the scale, in float32")),
    wrong("unscale", "the first parameter only", "test-loss-scale", ("for g in gradients:", "for g in gradients[:1]:"),
        says=("wanted [2]", "divide every gradient by the scale, in float32")),
    wrong("unscale", "the first two parameters only", "test-loss-scale",
        ("for g in gradients:", "for g in gradients[:2]:"), says=("wanted True", "a nan in the last gradient counts")),
    wrong("unscale", "looks at the last gradient only", "test-loss-scale",
        ("found_inf = found_inf or not", "found_inf = not"),
        says=("wanted True", "one inf in the first of two gradients is enough")),
    wrong("unscale", "times the scale", "test-loss-scale", ("g.data * inverse", "g.data * scale"),
        says=("wanted [1, -4]", "divide every gradient by the scale, in float32")),
    wrong("unscale", "does not unscale", "test-loss-scale", ("g.data = g.data * inverse", "pass"),
        says=("wanted [1, -4]", "divide every gradient by the scale, in float32")),
    wrong("unscale", "looks for inf only", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "np.isinf(g.data).any()"),
        says=("wanted True", "a nan in the last gradient counts")),
    wrong("unscale", "looks for nan only", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "np.isnan(g.data).any()"),
        says=("wanted True", "one inf in the first of two gradients is enough")),
    wrong("unscale", "looks at the largest number", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.max())"),
        says=("wanted True", "-inf is an overflow too")),
    wrong("unscale", "looks at the sum", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data.sum())"), says=("wanted False", "look at each")),
    wrong("unscale", "all numbers must be bad", "test-loss-scale",
        ("not np.isfinite(g.data).all()", "not np.isfinite(g.data).any()"),
        says=("wanted True", "one inf in the first of two gradients is enough")),
    wrong("unscale", "in half precision", "test-loss-scale", (
            "g.data = g.data * inverse",
            "g.data = (g.data.astype(np.float16) * np.float16(inverse)).astype(np.float32)",
        ), says=("wanted False", "look at each")),
    wrong("unscale", "gradients become float64", "test-loss-scale",
        ("g.data = g.data * inverse", "g.data = g.data * np.float64(inverse)"),
        says=("wanted float32", "its type must not change")),
    wrong("unscale", "good news for bad", "test-loss-scale", ("return found_inf", "return not found_inf"),
        says=("wanted False", "finite gradients are no overflow")),
    right("unscale", "in place, then one look at all", solution="""
    with np.errstate(all="ignore"):
        for g in gradients:
            g.data *= inverse
    return any(bool((~np.isfinite(g.data)).any()) for g in gradients)
    """),
    wrong("next-scale", "grows every step", "test-next-scale", ("if tracker + 1 < growth_interval:", "if False:"),
        says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "no floor", "test-next-scale",
        ("min(scale, max(min_scale, scale * backoff_factor))", "scale * backoff_factor"),
        says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "no ceiling", "test-next-scale",
        ("min(max_scale, scale * growth_factor)", "scale * growth_factor"),
        says=("wanted (8.0, 0)", "the scale stays at the ceiling, and the count starts anew")),
    wrong("next-scale", "keeps its count after an overflow", "test-next-scale",
        ("scale * backoff_factor)), 0", "scale * backoff_factor)), tracker"),
        says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "keeps its count after it grew", "test-next-scale",
        ("else scale), 0", "else scale), tracker + 1"), says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "one step too late", "test-next-scale",
        ("tracker + 1 < growth_interval", "tracker < growth_interval"),
        says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "exactly at the interval", "test-next-scale",
        ("if tracker + 1 < growth_interval:", "if tracker + 1 != growth_interval:"),
        says=("wanted (128.0, 0)", "grow now")),
    wrong("next-scale", "twice, whatever the factor", "test-next-scale", ("scale * growth_factor", "scale * 2"),
        says=("wanted (30.0, 0)", "by which factor does it grow?")),
    wrong("next-scale", "halved, whatever the factor", "test-next-scale", ("scale * backoff_factor", "scale / 2"),
        says=("wanted (2.5, 0)", "by which factor does it fall?")),
    wrong("next-scale", "a floor of 1, whatever it is", "test-next-scale", ("max(min_scale,", "max(1.0,"),
        says=("wanted (0.25, 0)", "the floor is what min_scale says")),
    wrong("next-scale", "a small scale is raised to the floor", "test-next-scale",
        ("min(scale, max(min_scale, scale * backoff_factor))", "max(min_scale, scale * backoff_factor)"),
        says=("wanted (0.25, 0)", "an overflow never raises it")),
    wrong("next-scale", "infinite in float32", "test-next-scale",
        ("grown if grown <= float(np.finfo(np.float32).max) else scale", "grown"),
        says=("wanted (1.7014118346046923e+38, 0)", "2^128 is infinite in float32, and such a scale is not taken")),
    wrong("next-scale", "grows after an overflow", "test-next-scale", ("if found_inf:", "if not found_inf:"),
        says=("wanted", "are the floor and the ceiling?")),
    wrong("next-scale", "the count is not kept", "test-next-scale",
        ("return scale, tracker + 1", "return scale, tracker"), says=("wanted", "are the floor and the ceiling?")),
    right("next-scale", "good steps first", solution="""
    good = 0 if found_inf else tracker + 1
    if found_inf:
        smaller = scale * backoff_factor
        scale = smaller if smaller > min_scale else min(scale, min_scale)
    elif good >= growth_interval:
        good, larger = 0, min(scale * growth_factor, max_scale)
        scale = larger if np.isfinite(np.float32(larger)) else scale
    return scale, good
    """),
    wrong("training-bytes", "master weights in half", "test-training-bytes",
        ('"weights": parameters * single', '"weights": parameters * small'),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "no copies of the weights", "test-training-bytes",
        ("0 if half is None else parameters * small", "0"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "copies in float32, too", "test-training-bytes",
        ("0 if half is None else parameters * small", "parameters * small"),
        says=("wanted (4000, 0, 4000, 8000, 2000)", "which parts shrink, which do not?")),
    wrong("training-bytes", "one number for Adam", "test-training-bytes",
        ("2 * parameters * single", "parameters * single"),
        says=("wanted (4000, 0, 4000, 8000, 2000)", "which parts shrink, which do not?")),
    wrong("training-bytes", "gradients in half", "test-training-bytes",
        ('"gradients": parameters * single', '"gradients": parameters * small'),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "activations in float32", "test-training-bytes",
        ("activations * small", "activations * single"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    wrong("training-bytes", "names of one's own", "test-training-bytes", ('"half copies":', '"half_copies":'),
        says=("wanted", "('weights', 'half copies', 'gradients', 'optimizer', 'activations')")),
    wrong("training-bytes", "the optimizer in half", "test-training-bytes",
        ("2 * parameters * single", "2 * parameters * small"),
        says=("wanted (28, 14, 28, 56, 60)", "which parts shrink, which do not?")),
    right("training-bytes", "two bytes for a half",
        ("small = single if half is None else as_dtype(half).itemsize", "small = 4 if half is None else 2")),
    wrong("autocast-type", "the visible answers typed in", "test-autocast", solution="""
    table = {
        ("matmul", "float32"): half, ("linear", "float32"): half, ("linear", "float16"): half,
        ("cross_entropy", "float16"): as_dtype("float32"), ("softmax", "bfloat16"): as_dtype("float32")}
    return table.get((operation, dtype.name), dtype)
    """, says=("matmul takes bfloat16 as bfloat16 under autocast(float16)", "wanted float16")),
    wrong("next-scale", "the visible answers typed in", "test-next-scale", solution="""
    bad = {8: 4, 4: 2, 2: 1, 1: 1, 10: 2.5, 0.5: 0.25, 0.25: 0.25}
    good = {
        (4, 0): (4, 1), (4, 1): (8, 0), (8, 0): (8, 1), (1, 0): (1, 1), (1, 1): (2, 0), (8, 1): (8, 0),
        (64, 9): (128, 0), (10, 0): (30, 0)}
    return (bad.get(scale, scale), 0) if found_inf else good.get((scale, tracker), (scale, 0))
    """, says=("from 100.0", "what resets the count")),
    wrong("training-bytes", "the visible answers typed in", "test-training-bytes", solution="""
    names = ("weights", "half copies", "gradients", "optimizer", "activations")
    table = {1000: (4000, 0, 4000, 8000, 2000), 7: (28, 14, 28, 56, 60), 3: (12, 6, 12, 24, 22), 0: (0, 0, 0, 0, 10)}
    return dict(zip(names, table.get(parameters, (0, 0, 0, 0, 0))))
    """, says=("training_bytes(13, 17, None)", "wanted (52, 0, 52, 104, 68)")),
]
