"""The bank for lesson 15: the roofline."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
FORWARD = """        out = super().forward(primitive, inputs, options)
        counts = forward_counts(primitive, inputs, options, out)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return out
"""
BACKWARD = """        results = super().backward(node, gradient)
        counts = backward_counts(node, gradient, results)
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return results
"""
PEAK = """    rng, seen = np.random.default_rng(0), []
    with threadpool_limits(threads):
        for n in sizes:
            a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))
            times = timed_runs(lambda: a @ b, 0.01, 2, clock)
            seen.append((2 * n**3 / min(times), spread_of(times)))
    return ComputePeak(dtype, threads, *max(seen))
"""

CASES: list[Case] = [
    wrong("matmul-flops", "multiplications alone", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]", "math.prod(output) * shapes[0][-1]"),
        says=("matmul_flops of (2, 3) @ (3, 4) gave 24, wanted 48", "a sum of products")),
    wrong("matmul-flops", "one addition less", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]", "(2 * shapes[0][-1] - 1) * math.prod(output)"),
        says=("(2, 3) @ (3, 4) gave 40, wanted 48",)),
    wrong("matmul-flops", "no batch", "test-matmul-flops",
        ("return 2 * math.prod(output) * shapes[0][-1]", """left = (1, *shapes[0])
    (m, k) = left[-2:]
    n = shapes[1][-1] if len(shapes[1]) > 1 else 1
    return 2 * m * k * n"""), says=("(5, 2, 3) @ (5, 3, 4) gave 48, wanted 240",)),
    wrong("matmul-flops", "the left batch alone", "test-matmul-flops", ("2 * math.prod(output) * shapes[0][-1]",
        "2 * math.prod(shapes[0]) * (shapes[1][-1] if len(shapes[1]) > 1 else 1)"),
        says=("(2, 1, 4, 6) @ (3, 6, 2) gave 192, wanted 576",)),
    wrong("matmul-flops", "the last length on the right", "test-matmul-flops", ("shapes[0][-1]", "shapes[1][-1]"),
        says=("(2, 3) @ (3, 4) gave 64, wanted 48",)),
    wrong("matmul-flops", "two axes on the right", "test-matmul-flops", ("shapes[0][-1]", "shapes[1][-2]"),
        says=("matmul_flops of (7,) @ (7,) failed", "a vector has one axis")),
    wrong("matmul-flops", "all lengths multiplied", "test-matmul-flops",
        ("math.prod(output) * shapes[0][-1]", "math.prod(shapes[0]) * math.prod(shapes[1])"),
        says=("gave 144, wanted 48",)),
    wrong("matmul-flops", "the visible answers typed in", "test-matmul-flops",
        ("return 2 * math.prod(output) * shapes[0][-1]", """known = {((2, 3), (3, 4)): 48,
             ((64, 64), (64, 64)): 524288, ((5, 2, 3), (5, 3, 4)): 240, ((5, 2, 3), (3, 4)): 240,
             ((7,), (7,)): 14, ((2, 7), (7,)): 28}
    return known.get(shapes, 0)"""), says=("(3, 8) @ (8, 5) gave 0, wanted 240",)),
    wrong("matmul-flops", "int32 overflow", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]",
         "int(np.int32(2) * np.prod(output, dtype=np.int32) * np.int32(shapes[0][-1]))"),
        says=("matmul_flops of n = 4096, as text, gave '0', wanted '1374389",
              "a whole number, any size")),
    wrong("matmul-flops", "float", "test-matmul-flops",
        ("2 * math.prod(output)",
         "2.0 * math.prod(output)"),
        says=("matmul_flops of n = 4096, as text, gave '137438953472.0', wa",
              "a whole number, any size")),
    wrong("matmul-flops", "empty inner counts one", "test-matmul-flops",
        ("shapes[0][-1]",
         "max(1, shapes[0][-1])"),
        says=("matmul_flops of (3, 0) @ (0, 4) gave 24, wanted 0: each resu",
              "each result is a sum of products")),
    wrong("matmul-flops", "sum of k - 1", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]",
         "math.prod(output) * (2 * shapes[0][-1] - (shapes[0][-1] > 64))"),
        says=("matmul_flops of n = 4096, as text, gave '137422176256', want",
              "a whole number, any size")),
    right("matmul-flops", "products and sums counted",
        ("return 2 * math.prod(output) * shapes[0][-1]", """inner = shapes[0][-1]
    products = sums = inner * math.prod(output)
    return products + sums""")),

    wrong("operation-flops", "names that must be known", "test-operation-flops",
        ("FLOPS.get(name, (per_output(1),))", "FLOPS[name]"),
        says=("operation_flops('tanh', ((3, 4),)", "failed", "one for each result")),
    wrong("operation-flops", "no gradients", "test-operation-flops",
        ("gradients[to] if gradients and to is not None else forward", "forward"),
        says=("to=0) gave 280, wanted 240", "the gradient's rule")),
    wrong("operation-flops", "0 taken for none", "test-operation-flops",
        ("gradients and to is not None", "gradients and to"),
        says=("operation_flops('linear'", "to=0) gave 280, wanted 240")),
    wrong("operation-flops", "gradients that must be there", "test-operation-flops",
        ("gradients and to is not None", "to is not None"),
        says=("to=0) failed", "else the forward's")),
    wrong("operation-flops", "one for each input", "test-operation-flops", ("per_output(1)", "per_input(1)"),
        says=("operation_flops('add', ((3, 1), (4,)), (3, 4)", "gave 3, wanted 12")),
    wrong("operation-flops", "options not passed on", "test-operation-flops",
        ("return rule(shapes, output, options)", "return rule(shapes, output, {})"),
        says=("operation_flops('gelu'", "failed")),
    wrong("operation-flops", "one input too far", "test-operation-flops",
        ("gradients[to]", "(forward, *gradients)[to]"),
        says=("to=0) gave 280, wanted 240",)),
    wrong("operation-flops", "0 for what is not in the table", "test-operation-flops",
        ("(per_output(1),)", "(per_output(0),)"),
        says=("operation_flops('tanh'", "gave 0, wanted 12")),
    wrong("operation-flops", "a rule registered", "test-operation-flops",
        ("FLOPS.get(name, (per_output(1),))",
         "FLOPS.setdefault(name, (per_output(1),))"),
        says=("operation_flops put exp into FLOPS: it is a table to look in",
              "it is a table to look into")),
    wrong("operation-flops", "by prefix", "test-operation-flops",
        ("FLOPS.get(name, (per_output(1),))",
         "next((rules for key, rules in FLOPS.items() if name == key or name.startswith(key + "
         "'_')), (per_output(1),))"),
        says=("operation_flops('sum_of_all', ((3, 4),), (), {}, to=None) ga",
              "the gradient's rule where there is one, else the forward's,")),
    right("operation-flops", "the cases one by one", solution="""
    if name not in FLOPS:
        return math.prod(output)
    rules = FLOPS[name]
    if to is None or len(rules) == 1:
        return rules[0](shapes, output, options)
    return rules[to + 1](shapes, output, options)
    """),

    wrong("traffic", "results not written", "test-traffic", ("(*read, *new)", "read"),
        says=("traffic of a + row gave 2460, wanted 4860",)),
    wrong("traffic", "an array counted twice", "test-traffic", ("distinct.values()", "(*read, *new)"),
        says=("traffic of a * a gave 7200, wanted 4800", "what is read once")),
    wrong("traffic", "views written", "test-traffic", ("not any(np.may_share_memory(w, r) for r in read)", "True"),
        says=("traffic of a.T", "wanted 0", "what is a view")),
    wrong("traffic", "read for nothing", "test-traffic",
        (" if new else 0", ""), says=("traffic of a.T, after row gave 2460, wanted 0",)),
    wrong("traffic", "only the very same array", "test-traffic",
        ("not any(np.may_share_memory(w, r) for r in read)", "not any(w is r for r in read)"),
        says=("traffic of a.T", "what is a view")),
    wrong("traffic", "equal numbers", "test-traffic",
        ("not any(np.may_share_memory(w, r) for r in read)", "not any(np.array_equal(w, r) for r in read)"),
        says=("traffic of", "wanted")),
    wrong("traffic", "the written alone", "test-traffic",
        ("(*read, *new)", "new"), says=("traffic of a + row gave 2400, wanted 4860",)),
    wrong("traffic", "elements", "test-traffic",
        ("footprint(array)", "array.size"), says=("traffic of a + row gave 1230, wanted 4860",)),
    wrong("traffic", "what repeats, again and again", "test-traffic", ("footprint(array)", "array.nbytes"),
        says=("traffic of a + wide, which repeats a row gave 6000, wanted 4860",)),
    wrong("traffic", "a set of arrays", "test-traffic",
        ("distinct = {id(array): array for array in (*read, *new)}",
         "distinct = {array: array for array in (*read, *new)}"),
        says=("traffic of a + row failed", "told apart")),
    wrong("traffic", "views of the first alone", "test-traffic",
        ("any(np.may_share_memory(w, r) for r in read)", "np.may_share_memory(w, read[0])"),
        says=("a.T, after row gave 4860, wanted 0",)),
    wrong("traffic", "by base", "test-traffic",
        ("np.may_share_memory(w, r)",
         "w is r or w.base is r"),
        says=("traffic of a view of a view gave 4780, wanted 0: what is new",
              "what is new, what is a view, what is read once?")),
    wrong("traffic", "empty read", "test-traffic",
        ("    new =",
         "    read[0]\n    new ="),
        says=("traffic of making a failed: list index out of range: told ap",
              "told apart how?")),
    wrong("traffic", "float", "test-traffic",
        ("return sum(",
         "return 1.0 * sum("),
        says=("traffic of a + row gave 4860.0, wanted a whole number",
              "+ row gave 4860.0, wanted a whole number")),
    right("traffic", "shares_memory, and a loop", solution="""
    fresh, moved, seen = [], 0, []
    for w in written:
        if all(not np.shares_memory(w, r) for r in read):
            fresh.append(w)
    for array in list(read) + fresh:
        if not any(array is other for other in seen):
            seen.append(array)
            moved += footprint(array)
    return moved if fresh else 0
    """),

    wrong("counting-trace", "nothing counted", "test-trace-counts",
        (FORWARD, "        return super().forward(primitive, inputs, options)\n"),
        says=("forward: (name, flops) gave [('matmul', None)",)),
    wrong("counting-trace", "backward not counted", "test-trace-counts",
        (BACKWARD, "        return super().backward(node, gradient)\n"),
        says=("backward: (name, flops) gave [('sum', None)", "backward_counts")),
    wrong("counting-trace", "recorded once more", "test-trace-counts",
        ("""        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)
        return out""", """        self.operations.append(CountedOperation(**vars(self.operations[-1]), **counts))
        return out"""), says=("forward: (name, flops) gave [('matmul', None), ('matmul',", "in its place")),
    wrong("counting-trace", "nothing handed on", "test-trace-counts", ("        return out\n", ""),
        says=("x @ w gave None", "return what super().forward() gave")),
    wrong("counting-trace", "the gradients kept back", "test-trace-counts", ("        return results\n", ""),
        says=("a backward pass in the trace failed", "return what super().backward() returned")),
    wrong("counting-trace", "the operation run twice", "test-trace-counts",
        ("        return out\n", "        return super().forward(primitive, inputs, options)\n"),
        says=("forward: (name, flops) gave", "in its place")),
    wrong("counting-trace", "counted before it has run", "test-trace-counts",
        (FORWARD, """        shapes = tuple(x.shape for x in inputs)
        flops = operation_flops(primitive.name, shapes, inputs[0].shape, options)
        out = super().forward(primitive, inputs, options)
        moved = forward_counts(primitive, inputs, options, out)["bytes"]
        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), flops=flops, bytes=moved)
        return out
"""), says=("forward: (name, flops) gave [('matmul', 144)", "wanted [('matmul', 240)")),
    wrong("counting-trace", "a gradient for its forward", "test-trace-counts",
        ("backward_counts(node, gradient, results)", "backward_counts(node, gradient, [gradient])"),
        says=("backward: (name, flops) gave", "backward_counts")),
    wrong("counting-trace", "a time of its own", "test-trace-counts", (FORWARD, """        start = self.clock()
        out = super().forward(primitive, inputs, options)
        counts = forward_counts(primitive, inputs, options, out)
        plain = vars(self.operations[-1]) | {"seconds": self.clock() - start}
        self.operations[-1] = CountedOperation(**plain, **counts)
        return out
"""), says=("(start, seconds) gave", "those of the Trace")),
    wrong("counting-trace", "counts in another order", "test-trace-counts",
        ("forward_counts(primitive, inputs, options, out)", "forward_counts(primitive, inputs, out, options)"),
        says=("x @ w in a CountingTrace failed", "forward_counts take")),
    wrong("counting-trace", "counts timed", "test-trace-counts",
        ("        out = super().forward(primitive, inputs, options)\n"
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        return out\n",
         "        start = self.clock()\n"
         "        out = Interceptor.forward(self, primitive, inputs, options)\n"
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n'
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        return out\n"),
        says=("(seconds, FLOPs) of an operation that is quick to run and sl",
              "count when super() has looked at the clock")),
    wrong("counting-trace", "keeps arrays", "test-trace-counts",
        ("        out = super().forward(primitive, inputs, options)\n"
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        return out\n",
         "        out = super().forward(primitive, inputs, options)\n"
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        self.__dict__.setdefault('kept', []).append(out)\n        return out\n"),
        says=("a CountingTrace holds an array that it saw, wanted counts al",
              "n array that it saw, wanted counts alone")),
    wrong("counting-trace", "failures counted", "test-trace-counts",
        ("        out = super().forward(primitive, inputs, options)\n"
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        return out\n",
         "        try:\n            out = super().forward(primitive, inputs, options)\n"
         '        except ValueError:\n            raise RuntimeError("it failed") from None\n'
         "        counts = forward_counts(primitive, inputs, options, out)\n"
         "        self.operations[-1] = CountedOperation(**vars(self.operations[-1]), **counts)\n"
         "        return out\n"),
        says=("x @ x[:1] in a CountingTrace raised RuntimeError: it failed:",
              "let the exception pass")),
    right("counting-trace", "with dataclasses.replace's cousin",
        (FORWARD, """        from dataclasses import astuple, fields

        out = super().forward(primitive, inputs, options)
        counts = forward_counts(primitive, inputs, options, out)
        done = self.operations.pop()
        values = [getattr(done, field.name) for field in fields(done)]
        self.operations.append(CountedOperation(*values, counts["flops"], counts["bytes"]))
        return out
""")),

    wrong("matmul-intensity", "a multiply-add counted once", "test-matmul-intensity",
        ("return 2 * m * k * n", "return m * k * n"),
        says=("matmul_intensity(64, 64, 64, 4) gave 5.3333, wanted 10.667", "a multiply-add is two FLOPs")),
    wrong("matmul-intensity", "all matrices as large as the first", "test-matmul-intensity",
        ("(m * k + k * n + m * n)", "(3 * m * k)"),
        says=("matmul_intensity(1, 256, 1024, 4)", "wanted 0.49757", "each of the three matrices")),
    wrong("matmul-intensity", "the product is not written", "test-matmul-intensity",
        ("(m * k + k * n + m * n)", "(m * k + k * n)"),
        says=("gave 16, wanted 10.667", "each of the three matrices moves once")),
    wrong("matmul-intensity", "four bytes whatever the type", "test-matmul-intensity",
        ("+ m * n) * itemsize)", "+ m * n) * 4)"),
        says=("matmul_intensity(8, 4, 2, 8)", "wanted 0.28571")),
    wrong("matmul-intensity", "FLOPs a number", "test-matmul-intensity", ("+ m * n) * itemsize)", "+ m * n))"),
        says=("gave 42.667, wanted 10.667",)),
    right("matmul-intensity", "as a quotient of quotients",
        ("2 * m * k * n / ((m * k + k * n + m * n) * itemsize)", "2 / (itemsize * (1 / m + 1 / k + 1 / n))")),

    wrong("attainable", "the larger limit", "test-attainable", ("min(peak,", "max(peak,"),
        says=("attainable(0.1, 1.2e+11, 3e+10) gave 1.2e+11, wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the peak at every intensity", "test-attainable", ("min(peak, bandwidth * intensity)", "peak"),
        says=("gave 1.2e+11, wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "memory's limit only", "test-attainable",
        ("min(peak, bandwidth * intensity)", "bandwidth * intensity"),
        says=("wanted 1.2e+11", "which of the two limits binds here?")),
    wrong("attainable", "bytes per FLOP", "test-attainable", ("bandwidth * intensity", "bandwidth / intensity"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the visible answers typed in", "test-attainable",
        ("min(peak, bandwidth * intensity)", "{0.1: 3e9, 2: 60e9}.get(intensity, 120e9)"),
        says=("attainable(0.3, 7e+09, 1e+10)", "wanted 3e+09")),
    wrong("attainable", "int", "test-attainable",
        ("min(peak, bandwidth * intensity)",
         "int(min(peak, bandwidth * intensity))"),
        says=("attainable(0.05, 7, 9) gave 0, wanted 0.45: which of the two",
              "which of the two limits binds here?")),
    wrong("attainable", "nan swallowed", "test-attainable",
        ("min(peak, bandwidth * intensity)",
         "min(peak, bandwidth * intensity) if intensity else peak"),
        says=("attainable(0, 7e+09, 1e+09) gave 7e+09, wanted 0: which of t",
              "which of the two limits binds here?")),
    right("attainable", "by the side of the corner",
        ("min(peak, bandwidth * intensity)", "peak if intensity * bandwidth >= peak else intensity * bandwidth")),

    wrong("roof-fraction", "the smaller limit", "test-roof-fraction", ("max(o.flops", "min(o.flops"),
        says=("bytes are the limit: roof_fraction gave", "wanted 0.5")),
    wrong("roof-fraction", "both limits added", "test-roof-fraction",
        ("max(o.flops / roof.flops, o.bytes / roof.bandwidth)", "o.flops / roof.flops + o.bytes / roof.bandwidth"),
        says=("roof_fraction gave", "wanted 0.5")),
    wrong("roof-fraction", "one limit for all", "test-roof-fraction",
        ("sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
        "max(sum(o.flops for o in operations) / roof.flops, sum(o.bytes for o in operations) / roof.bandwidth)"),
        says=("each has a limit of its own", "wanted 0.3125")),
    wrong("roof-fraction", "upside down", "test-roof-fraction",
        ("least / taken if", "taken / least if"), says=("roof_fraction gave 2.0, wanted 0.5",)),
    wrong("roof-fraction", "zero for a view", "test-roof-fraction",
        ("if least and taken else None", "if taken else 0.0"),
        says=("a view: roof_fraction gave 0.0, wanted None",)),
    wrong("roof-fraction", "a mean of fractions", "test-roof-fraction", solution="""
    parts = [max(o.flops / roof.flops, o.bytes / roof.bandwidth) / o.seconds for o in operations if o.seconds]
    return sum(parts) / len(parts) if any(parts) else None
    """, says=("each has a limit of its own", "gave 0.375, wanted 0.3125")),
    wrong("roof-fraction", "bytes alone", "test-roof-fraction",
        ("max(o.flops / roof.flops, o.bytes / roof.bandwidth)", "o.bytes / roof.bandwidth"),
        says=("FLOPs are the limit: roof_fraction gave", "wanted 0.25")),
    wrong("roof-fraction", "an iterator read once", "test-roof-fraction", ("    operations = list(operations)\n", ""),
        says=("both: each has a limit of its own: roof_fraction gave None",)),
    wrong("roof-fraction", "capped at 1", "test-roof-fraction",
        ("return least / taken if",
         "return min(1.0, least / taken) if"),
        says=("a copy, no FLOPs: roof_fraction gave 1.0, wanted 2.5: least",
              "least over taken time")),
    wrong("roof-fraction", "raises for no time", "test-roof-fraction",
        ("if least and taken else None",
         "if least else None"),
        says=("no time failed: float division by zero: was there time?",
              "was there time?")),
    wrong("roof-fraction", "bytes without flops are no work", "test-roof-fraction",
        ("max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
         "(max(o.flops / roof.flops, o.bytes / roof.bandwidth) if o.flops else 0)"),
        says=("a copy, no FLOPs: roof_fraction gave None, wanted 2.5: least",
              "least over taken time")),
    wrong("roof-fraction", "flops without bytes are no work", "test-roof-fraction",
        ("max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
         "(max(o.flops / roof.flops, o.bytes / roof.bandwidth) if o.bytes else 0)"),
        says=("FLOPs in a cache, no bytes: roof_fraction gave None, wanted",
              "least over taken time")),
    right("roof-fraction", "the rate over the attainable rate", ("max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
        "(o.bytes / roof.bandwidth if o.flops < roof.ridge * o.bytes else o.flops / roof.flops)")),

    wrong("compute-peak", "multiplications alone", "test-compute-peak",
        ("2 * n**3", "n**3"), says=("(FLOP/s, spread) gave", "2 n**3 over the best time")),
    wrong("compute-peak", "the median run", "test-compute-peak",
        ("n**3 / min(times)", "n**3 / sorted(times)[len(times) // 2]"),
        says=("(FLOP/s, spread) gave", "over the best time")),
    wrong("compute-peak", "the worst size", "test-compute-peak",
        ("*max(seen))", "*min(seen))"), says=("(FLOP/s, spread) gave", "of the best size")),
    wrong("compute-peak", "the last size", "test-compute-peak",
        ("*max(seen))", "*seen[-1])"), says=("(FLOP/s, spread) gave", "of the best size")),
    wrong("compute-peak", "all threads", "test-compute-peak",
        ("    with threadpool_limits(threads):\n", "    if threads:\n"),
        says=("threads of BLAS gave {2}, wanted {1}", "as many as asked")),
    wrong("compute-peak", "another clock", "test-compute-peak",
        ("0.01, 2, clock)", "0.0, 2)"), says=("(FLOP/s, spread) gave", "over the best time")),
    wrong("compute-peak", "float32 for all", "test-compute-peak",
        (", dtype=dtype) for", ") for"), says=("compute_peak('float16'", "two square matrices of the type")),
    wrong("compute-peak", "one product for all sizes", "test-compute-peak",
        ("rng.random((n, n)", "rng.random((sizes[0], sizes[0])"),
        says=("ran gave", "two square matrices")),
    wrong("compute-peak", "more runs than asked for", "test-compute-peak",
        ("0.01, 2, clock)", "0.01, 5, clock)"), says=("more often than asked for",)),
    wrong("compute-peak", "a number", "test-compute-peak",
        ("return ComputePeak(dtype, threads, *max(seen))", "return max(seen)[0]"), says=("wanted a ComputePeak",)),
    wrong("compute-peak", "numbers of NumPy", "test-compute-peak",
        ("lambda: a @ b", "lambda: a.data @ b.data"), says=("looked at 1000 times", "has not run")),
    wrong("compute-peak", "matrices made in every run", "test-compute-peak",
        ("lambda: a @ b", "lambda: Tensor(a.data.copy()) @ Tensor(b.data.copy())"),
        says=("its matrices gave 12, wanted 4", "untimed")),
    wrong("compute-peak", "a matrix times itself", "test-compute-peak",
        ("lambda: a @ b", "lambda: a @ a"), says=("its matrices gave 2, wanted 4", "make two")),
    wrong("compute-peak", "matrices of zeros", "test-compute-peak",
        ("rng.random((n, n), dtype=np.float32)", "np.zeros((n, n), dtype=np.float32)"),
        says=("matrices of one number gave 4, wanted 0", "random")),
    wrong("compute-peak", "one thread whatever is asked", "test-compute-peak",
        ("threadpool_limits(threads)", "threadpool_limits(1)"), says=("threads of BLAS gave {1}, wanted {2}",)),
    wrong("compute-peak", "the global generator", "test-compute-peak",
        ("rng, seen = np.random.default_rng(0), []",
         "rng, seen = np.random, []\n    rng.seed(0)"),
        ("rng.random((n, n), dtype=np.float32)",
         "rng.random((n, n)).astype(np.float32)"),
        says=("something in it seeded np.random", "use a generator of your own")),
    wrong("compute-peak", "the course's generator", "test-compute-peak",
        ("rng, seen = np.random.default_rng(0), []",
         "from tinytorch.core.layers import generator\n    rng, seen = generator(), []"),
        says=("compute_peak drew from lesson 03's generator",
              "ute_peak drew from lesson 03's generator")),
    wrong("compute-peak", "reseeds the course's generator", "test-compute-peak",
        ("rng, seen = np.random.default_rng(0), []",
         "from tinytorch.core.layers import generator, manual_seed\n    manual_seed(0)\n"
         "    rng, seen = np.random.default_rng(0), []"),
        says=("compute_peak drew from lesson 03's generator",
              "ute_peak drew from lesson 03's generator")),
    wrong("compute-peak", "limits left on", "test-compute-peak",
        ("    with threadpool_limits(threads):\n        for n",
         "    threadpool_limits(threads)\n    if True:\n        for n"),
        says=("compute_peak('float32', 1, (4, 8)), where the products take",
              "the limit is for a `with` block")),
    wrong("compute-peak", "limits left on after an error", "test-compute-peak",
        ("    with threadpool_limits(threads):\n        for n in sizes:\n"
         "            a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))\n"
         "            times = timed_runs(lambda: a @ b, 0.01, 2, clock)\n"
         "            seen.append((2 * n**3 / min(times), spread_of(times)))\n",
         "    limits = threadpool_limits(threads)\n    for n in sizes:\n"
         "        a, b = (Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in range(2))\n"
         "        times = timed_runs(lambda: a @ b, 0.01, 2, clock)\n"
         "        seen.append((2 * n**3 / min(times), spread_of(times)))\n"
         "    limits.restore_original_limits()\n"),
        says=("threads of BLAS after a run that failed gave {1}, wanted {2}",
              "the limit is for a `with` block")),
    wrong("compute-peak", "spread of all", "test-compute-peak",
        ("    return ComputePeak(dtype, threads, *max(seen))",
         "    return ComputePeak(dtype, threads, max(seen)[0], max(s for _, s in seen))"),
        says=("compute_peak('float16', 2, (6, 8)), where the products take",
              "2 n**3 over the best time, of the best size, and the spread")),
    right("compute-peak", "a rate for each size", (PEAK, """    best = ComputePeak(dtype, threads, 0.0, 0.0)
    rng = np.random.default_rng(7)
    for n in sizes:
        left, right = [Tensor(rng.random((n, n), dtype=np.float32), dtype=dtype) for _ in "ab"]
        with threadpool_limits(limits=threads):
            times = timed_runs(lambda: left @ right, 0.01, 2, clock)
        if 2 * n * n * n / min(times) > best.flops:
            best = ComputePeak(dtype, threads, 2 * n * n * n / min(times), spread_of(times))
    return best
""")),

    wrong("triad", "one pass", "test-triad",
        ("for _ in range(passes):", "for _ in range(1):"), says=("a = a + s c in 4 passes", "all elements, each time")),
    wrong("triad", "one element left out", "test-triad",
        ("range(a.size)", "range(1, a.size)"), says=("5 elements, s = 3.0: a gave", "every element has its sum")),
    wrong("triad", "the last left out", "test-triad",
        ("range(a.size)", "range(a.size - 1)"), says=("5 elements, s = 3.0: a gave", "every element has its sum")),
    wrong("triad", "s on the other side", "test-triad",
        ("            a[i] = b[i] + s * c[i]\n", "            a[i] = s * b[i] + c[i]\n"),
        says=("5 elements, s = 3.0: a gave",)),
    wrong("triad", "whole arrays", "test-triad", ("""        for i in range(a.size):
            a[i] = b[i] + s * c[i]
""", "        a[:] = b + s * c\n"), says=("a[i + 1] = a[i] + s c[i]: a gave", "store each sum before")),
    wrong("triad", "an array of sums", "test-triad", ("""        for i in range(a.size):
            a[i] = b[i] + s * c[i]
""", """        sums = b + s * c
        for i in range(a.size):
            a[i] = sums[i]
"""), says=("a[i + 1] = a[i] + s c[i]: a gave", "an array of all of them would travel too")),
    wrong("triad", "no product", "test-triad",
        ("            a[i] = b[i] + s * c[i]\n", "            a[i] = b[i] + c[i]\n"),
        says=("5 elements, s = 3.0: a gave",)),
    wrong("triad", "all passes over one element", "test-triad", ("""    for _ in range(passes):
        for i in range(a.size):
""", """    for i in range(a.size):
        for _ in range(passes):
"""), says=("a[i] = a[i + 1] + s c[i] in 2 passes: a gave", "before the next one begins")),
    wrong("triad", "a name from nowhere", "test-triad",
        ("range(a.size)", "range(n)"), says=("triad cannot be compiled", "'n' is not defined")),
    wrong("triad", "one too many", "test-triad",
        ("range(a.size)",
         "range(a.size + 1)"),
        says=("5 elements, s = 3.0: a gave 6, wanted 0 at [5]: every elemen",
              "every element has its sum, and once")),
    right("triad", "by c's size", ("range(a.size)", "range(len(c))")),

    wrong("under-roof", "bytes for FLOPs", "test-under-roof",
        ("rate, moved = counted.flops / seconds, counted.bytes / seconds",
         "rate, moved = counted.bytes / seconds, counted.flops / seconds"),
        says=("(intensity, ms, gflops, gigabytes, attainable, percent_of_roof) gave", "and billions a second")),
    wrong("under-roof", "of the peak", "test-under-roof",
        ("100 * rate / allowed)", "100 * rate / roof.flops)"), says=("percent_of_roof) gave", "wanted")),
    wrong("under-roof", "a fraction", "test-under-roof",
        ("100 * rate / allowed)", "rate / allowed)"), says=("percent_of_roof) gave 0.25, wanted 25 at [5]",)),
    wrong("under-roof", "seconds", "test-under-roof",
        ("seconds * 1e3", "seconds"), says=("gave 0.5, wanted 500 at [1]", "ms, and billions")),
    wrong("under-roof", "the bounds exchanged", "test-under-roof",
        ('"memory" if counted.intensity < roof.ridge else "compute"',
         '"compute" if counted.intensity < roof.ridge else "memory"'),
        says=("(operation, bound) gave ('work', 'compute'), wanted ('work', 'memory')",)),
    wrong("under-roof", "memory at the corner", "test-under-roof",
        ("counted.intensity < roof.ridge", "counted.intensity <= roof.ridge"),
        says=("(operation, bound) gave ('work', 'memory'), wanted ('work', 'compute')",)),
    wrong("under-roof", "the counted name", "test-under-roof",
        ("return RooflineRow(name,", "return RooflineRow(counted.name,"), says=("(operation, bound) gave ('x',",)),
    wrong("under-roof", "percent capped", "test-under-roof",
        ("100 * rate / allowed",
         "min(100.0, 100 * rate / allowed)"),
        says=("under_roof of 3e+09 FLOPs, 2e+09 bytes, 0.1 s, Roof(flops=70",
              "ms, and billions a second")),
    wrong("under-roof", "ridge by peak/bandwidth int", "test-under-roof",
        ("counted.intensity < roof.ridge",
         "counted.intensity < roof.flops // roof.bandwidth"),
        says=("under_roof of 3e+09 FLOPs, 2e+09 bytes, 0.1 s, Roof(flops=70",
              "what binds?")),
    right("under-roof", "keywords",
        ("    return RooflineRow(name, counted.intensity, seconds * 1e3, *rates, bound)", """\
    gflops, gigabytes, highest, percent = rates
    return RooflineRow(operation=name, intensity=counted.flops / counted.bytes, ms=1000 * seconds, gflops=gflops,
                       gigabytes=gigabytes, attainable=highest, percent_of_roof=percent, bound=bound)""")),

    wrong("question-roofline", "read and not written", "test-question-roofline",
        ("1 / (4 + 4)", "1 / 4"), says=("tanh_intensity is 0.25", "what moves?")),
    wrong("question-roofline", "bytes per FLOP", "test-question-roofline",
        ("1 / (4 + 4)", "8"), says=("tanh_intensity is 8", "what moves?")),
    wrong("question-roofline", "two arrays", "test-question-roofline",
        ("20 / 12", "20 / 8"), says=("addition_gflops is 2.5", "three arrays move")),
    wrong("question-roofline", "numbers for bytes", "test-question-roofline",
        ("20 / 12", "20 / 3"), says=("addition_gflops is 6.6", "three arrays move")),
    wrong("question-roofline", "multiplications alone", "test-question-roofline",
        ("120 / 20 * 4 / 2", "120 / 20 * 4"), says=("batch_at_corner is 24", "how many FLOPs does a row do")),
    wrong("question-roofline", "the corner itself", "test-question-roofline",
        ("120 / 20 * 4 / 2", "120 / 20"), says=("batch_at_corner is 6", "where is the corner")),
    right("question-roofline", "rounded answers", ("20 / 12", "1.67")),
    right("question-roofline", "answers as results", ("120 / 20 * 4 / 2", "12")),
]
