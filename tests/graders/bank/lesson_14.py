"""The bank for lesson 14: profiling."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
FORWARD = """        start = self.clock()
        out = super().forward(primitive, inputs, options)
        self.record(primitive, "forward", inputs, out, start, self.clock())
        return out
"""
BACKWARD = """        start = self.clock()
        results = super().backward(node, gradient)
        self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())
        return results
"""

CASES: list[Case] = [
    wrong("latency-of", "a mean for a median", "test-latency-of", ("np.median(ms)", "ms.mean()"),
        says=("latency_of([0.002, 0.001, 0.009]).ms gave 4, wanted 2", "half of the runs are faster")),
    wrong("latency-of", "seconds", "test-latency-of", (" * 1e3\n", "\n"),
        says=("latency_of([0.002, 0.001, 0.009]).ms gave 0.002, wanted 2",)),
    wrong("latency-of", "the slowest for the fastest", "test-latency-of", ("ms.min()", "ms.max()"),
        says=(".min_ms gave 9, wanted 1", "the fastest run")),
    wrong("latency-of", "the 90th run", "test-latency-of", ("np.percentile(ms, 90)", "np.percentile(ms, 0.9)"),
        says=(".p90_ms gave", "wanted 7.6", "90% of the runs")),
    wrong("latency-of", "the slowest for the 90th percentile", "test-latency-of",
        ("np.percentile(ms, 90)", "ms.max()"), says=(".p90_ms gave 9, wanted 7.6", "90% of the runs")),
    wrong("latency-of", "the middle one as they came", "test-latency-of", ("np.median(ms)", "ms[len(ms) // 2]"),
        says=(".ms gave 1, wanted 2", "half of the runs are faster")),
    wrong("latency-of", "the upper of two in the middle", "test-latency-of",
        ("np.median(ms)", "np.sort(ms)[len(ms) // 2]"),
        says=("latency_of([0.005, 0.25, 0.001, 0.004]).ms", "wanted 4.5")),
    wrong("latency-of", "microseconds", "test-latency-of", ("* 1e3", "* 1e6"), says=(".ms gave 2000, wanted 2",)),
    wrong("latency-of", "one run", "test-latency-of", ("len(ms))", "1)"),
        says=(".iterations gave 1, wanted 3", "how many runs")),
    wrong("latency-of", "a tuple", "test-latency-of",
        ("return Latency(float(np.median(ms)), float(ms.min()), float(np.percentile(ms, 90)), len(ms))",
         "return np.median(ms), ms.min(), np.percentile(ms, 90), len(ms)"), says=("is a tuple, wanted a Latency",)),
    right("latency-of", "the statistics module", solution="""
    from statistics import median

    ms = sorted(1000 * s for s in seconds)
    at = 0.9 * (len(ms) - 1)
    low = int(at)
    high = min(low + 1, len(ms) - 1)
    return Latency(median(ms), ms[0], ms[low] + (at - low) * (ms[high] - ms[low]), len(ms))
    """),

    wrong("measure", "the warm-up timed too", "test-measure", solution="""
    seconds = []
    for _ in range(warmup + iterations):
        start = clock()
        function()
        seconds.append(clock() - start)
    return latency_of(seconds)
    """, says=("[50, 60, 1, 2, 3, 4, 100] s and 2 warm up", "for ms", "time each run")),
    wrong("measure", "one time for all", "test-measure", solution="""
    for _ in range(warmup):
        function()
    start = clock()
    for _ in range(iterations):
        function()
    return latency_of([(clock() - start) / iterations] * iterations)
    """, says=("measure, where the runs take [1, 2, 3] s", "for min_ms gave", "by itself")),
    wrong("measure", "no warm-up", "test-measure", ("""    for _ in range(warmup):
        function()
""", ""), says=("and 2 warm up, left out runs", "the warm-up, then")),
    wrong("measure", "the warm-up taken from the runs", "test-measure",
        ("for _ in range(iterations):", "for _ in range(iterations - warmup):"),
        says=("2 warm up, left out runs", "the warm-up, then")),
    wrong("measure", "a clock that is never stopped", "test-measure",
        ("    seconds = []\n", "    seconds, start = [], clock()\n"),
        ("        start = clock()\n", ""), says=("[1, 2, 3] s", "time each run, and only that")),
    wrong("measure", "another clock", "test-measure", solution="""
    for _ in range(warmup):
        function()
    seconds = []
    for _ in range(iterations):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return latency_of(seconds)
    """, says=("measure, where the runs take [1, 2, 3] s", "wanted 2000")),
    wrong("measure", "one look at the clock between two runs", "test-measure", solution="""
    for _ in range(warmup):
        function()
    looks = [clock()]
    for _ in range(iterations):
        function()
        looks.append(clock())
    return latency_of([after - before for before, after in zip(looks, looks[1:])])
    """, says=("looked at the clock 4 times, wanted 6", "between two runs")),
    wrong("measure", "a list of seconds", "test-measure", ("return latency_of(seconds)", "return seconds"),
        says=("gave a list, wanted a Latency",)),
    wrong("measure", "once more for its result", "test-measure",
        ("        seconds.append(clock() - start)\n",
         "        seconds.append(clock() - start)\n        result = function()\n"),
        says=("more often than asked for", "3 calls were wanted")),
    wrong("measure", "the time before the run", "test-measure",
        ("        function()\n        seconds.append(clock() - start)\n",
         "        seconds.append(clock() - start)\n        function()\n"),
        says=("[1, 2, 3] s", "for ms gave 0, wanted 2000")),
    right("measure", "time stamps round each run", solution="""
    def timed():
        before = clock()
        function()
        return clock() - before

    runs = [timed() for _ in range(warmup + iterations)]
    return latency_of(runs[warmup:])
    """),

    wrong("trace", "the clock stopped too early", "test-trace", (FORWARD, """        start = end = self.clock()
        out = super().forward(primitive, inputs, options)
        self.record(primitive, "forward", inputs, out, start, end)
        return out
"""), says=("(start, seconds) gave [(0.0, 0.0)", "three operations that take 2.0, 3.0 and 5.0 s")),
    wrong("trace", "a beginning after the work", "test-trace",
        (FORWARD, """        out = super().forward(primitive, inputs, options)
        self.record(primitive, "forward", inputs, out, self.clock(), self.clock())
        return out
"""), says=("(start, seconds) gave [(2.0, 0.0)", "wanted [(0, 2.0)")),
    wrong("trace", "the record handed on", "test-trace",
        ("        return out\n", "        return self.operations[-1]\n"),
        says=("apply in a trace gave Operation(", "return what super() gave")),
    wrong("trace", "nothing handed on", "test-trace", ("        return out\n", ""),
        says=("apply in a trace gave None: return what super() gave",)),
    wrong("trace", "the operation run twice", "test-trace",
        ("        return out\n", "        return super().forward(primitive, inputs, options)\n"),
        says=("called more often than asked for", "3 calls were wanted")),
    wrong("trace", "recorded before it has run", "test-trace", (FORWARD, """        start = self.clock()
        self.record(primitive, "forward", inputs, inputs[0], start, start)
        return super().forward(primitive, inputs, options)
"""), says=("the outer trace's (start, seconds) gave", "wanted")),
    wrong("trace", "a failure recorded, and kept", "test-trace", (FORWARD, """        start = self.clock()
        try:
            out = super().forward(primitive, inputs, options)
        except ValueError:
            out = inputs[0]
        self.record(primitive, "forward", inputs, out, start, self.clock())
        return out
"""), says=("2 x 3 times 2 x 3 in a trace was accepted", "wanted a ValueError")),
    wrong("trace", "execute in place of super", "test-trace",
        (FORWARD, """        from tinytorch.core.tensor import execute

        start = self.clock()
        out = execute(primitive, inputs, options)
        self.record(primitive, "forward", inputs, out, start, self.clock())
        return out
"""), says=("the outer trace's (start, seconds) gave", "wanted")),
    wrong("trace", "backward not recorded", "test-trace-backward",
        ("""        self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())\n""", ""),
        says=("backward gave []", "the opposite order")),
    wrong("trace", "results not handed on", "test-trace-backward", ("        return results\n", ""),
        says=("a traced backward pass failed", "return what super() does")),
    wrong("trace", "backward called forward", "test-trace-backward",
        ('"backward", node.inputs', '"forward", node.inputs'),
        says=("backward gave [('forward'", "wanted [('backward'")),
    wrong("trace", "gradients for inputs", "test-trace-backward", ("node.inputs, gradient", "(gradient,), gradient"),
        says=("backward gave", "with the shapes of the forward pass")),
    wrong("trace", "a third look at the clock", "test-trace-backward", (BACKWARD, """        start = self.clock()
        self.clock()
        results = super().backward(node, gradient)
        self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())
        return results
"""), says=("(start, seconds) gave", "once before and once after")),
    wrong("trace", "a name for its primitive", "test-trace",
        ("self.record(primitive, ", "self.record(primitive.name, "),
        says=("apply in a trace failed", "self.record")),
    wrong("trace", "a node for its primitive", "test-trace-backward",
        ("self.record(node.primitive, ", "self.record(node, "),
        says=("a traced backward pass failed", "what is recorded")),
    right("trace", "a result put down in between", (FORWARD, """        began = self.clock()
        result = Interceptor.forward(self, primitive, inputs, options)
        ended = self.clock()
        self.record(primitive, "forward", list(inputs), result, began, ended)
        return result
""")),
    right("trace", "operations made by hand", (BACKWARD, """        start = self.clock()
        results = super().backward(node, gradient)
        seconds = self.clock() - start
        shapes = tuple(tuple(x.shape) for x in node.inputs)
        dtype, start = str(gradient.dtype), start - self.origin
        what = (node.primitive.name, "backward", shapes, gradient.shape, dtype)
        self.operations.append(Operation(*what, start, seconds))
        return results
""")),

    wrong("summarize", "by name alone", "test-summarize",
        ("(operation.name, operation.phase), []", "(operation.name, 'forward'), []"),
        says=("the summary came as", "one row for each name and phase")),
    wrong("summarize", "the shortest first", "test-summarize", (", reverse=True", ""),
        says=("the summary came as", "the longest time first")),
    wrong("summarize", "as they came", "test-summarize",
        ("sorted(rows, key=lambda row: row.seconds, reverse=True)", "rows"),
        says=("the summary came as", "the longest time first")),
    wrong("summarize", "by calls", "test-summarize", ("row.seconds", "row.calls"),
        says=("the summary came as", "the longest time first")),
    wrong("summarize", "only neighbours", "test-summarize", solution="""
    from itertools import groupby

    stretches = groupby(operations, key=lambda o: (o.name, o.phase))
    rows = [make(name, phase, list(group)) for (name, phase), group in stretches]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)
    """, says=("the summary came as", "one row for each name and phase")),
    wrong("summarize", "the last of each", "test-summarize",
        ("groups.setdefault((operation.name, operation.phase), []).append(operation)",
         "groups[operation.name, operation.phase] = [operation]"), says=("the summary came as", "wanted")),
    wrong("summarize", "rows of its own making", "test-summarize", ("[make(name", "[total(name"),
        says=("rows by a `make` gave", "wanted [-1, -2, -2]")),
    wrong("summarize", "an iterator read twice", "test-summarize", solution="""
    keys = dict.fromkeys((o.name, o.phase) for o in operations)
    rows = [make(*key, [o for o in operations if (o.name, o.phase) == key]) for key in keys]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)
    """, says=("the summary came as", "wanted")),
    wrong("summarize", "a dict of groups", "test-summarize",
        ("return sorted(rows, key=lambda row: row.seconds, reverse=True)", "return groups"),
        says=("summarize gave {", "wanted a list of rows")),
    wrong("summarize", "a key for a name and a phase", "test-summarize",
        ("make(name, phase, group) for (name, phase), group", "make(key, group) for key, group"),
        says=("summarize failed", "what does `make` want")),
    right("summarize", "a set of keys", solution="""
    operations = list(operations)
    keys = dict.fromkeys((o.name, o.phase) for o in operations)
    rows = [make(*key, [o for o in operations if (o.name, o.phase) == key]) for key in keys]
    rows.sort(key=lambda row: -row.seconds)
    return rows
    """),

    wrong("saved-arrays", "inputs alone", "test-saved-arrays",
        ("(*(node.inputs or ()), node.output)", "node.inputs or ()"),
        says=("saved_arrays gave 2, wanted 3", "inputs and outputs")),
    wrong("saved-arrays", "outputs alone", "test-saved-arrays",
        ("(*(node.inputs or ()), node.output)", "(node.output,)"),
        says=("saved_arrays gave 1, wanted 3", "inputs and outputs")),
    wrong("saved-arrays", "everything that is there", "test-saved-arrays",
        ("[array for array in held if isinstance(array, np.ndarray)]", "held"), says=("wanted arrays only",)),
    wrong("saved-arrays", "a Spec for an array", "test-saved-arrays",
        ("isinstance(array, np.ndarray)", "array is not None"),
        says=("came a Spec, wanted arrays only",)),
    wrong("saved-arrays", "each array once", "test-saved-arrays",
        ("[array for array in held if isinstance(array, np.ndarray)]",
         "list({id(array): array for array in held if isinstance(array, np.ndarray)}.values())"),
        says=("saved_arrays gave 1, wanted 3", "as often as they are held")),
    wrong("saved-arrays", "the last node alone", "test-saved-arrays",
        ("nodes_behind(tensor)", "nodes_behind(tensor)[:1]"),
        says=("saved_arrays gave 0, wanted 3",)),
    wrong("saved-arrays", "inputs that must be there", "test-saved-arrays", ("*(node.inputs or ())", "*node.inputs"),
        says=("saved_arrays after the backward pass failed", "not None: then inputs and output are None")),
    wrong("saved-arrays", "copies", "test-saved-arrays", ("return [array for", "return [array.copy() for"),
        says=("saved_arrays gave 0, wanted 3",)),
    right("saved-arrays", "a loop with two questions", solution="""
    found = []
    for node in nodes_behind(tensor):
        if node.inputs is not None:
            found.extend(each for each in node.inputs if type(each) is np.ndarray)
        if node.output is not None:
            found.append(node.output)
    return found
    """),

    wrong("undisturbed", "the generator not put back", "test-undisturbed",
        ("        generator().bit_generator.state = state\n", ""),
        says=("after a block that ended", "the generator was not put back")),
    wrong("undisturbed", "gradients not put back", "test-undisturbed",
        ("            tensor.grad = gradient\n", "            pass\n"),
        says=("after a block that ended", "wanted the one of before")),
    wrong("undisturbed", "gradients not cleared", "test-undisturbed",
        ("    clear_gradients(tensor for tensor, _ in before)\n", ""),
        says=("gradients in the block: [Tensor(", "wanted None")),
    wrong("undisturbed", "cleared at the end", "test-undisturbed",
        ("            tensor.grad = gradient\n", "            tensor.grad = None\n"),
        says=("a gradient is None, wanted the one of before",)),
    wrong("undisturbed", "an iterator used up", "test-undisturbed",
        ("    clear_gradients(tensor for tensor, _ in before)\n", "    clear_gradients(tensors)\n"),
        says=("gradients in the block: [Tensor(", "wanted None")),
    wrong("undisturbed", "put back only after a good end", "test-undisturbed", solution="""
    before, state = [(tensor, tensor.grad) for tensor in tensors], generator().bit_generator.state
    clear_gradients(tensor for tensor, _ in before)
    yield
    generator().bit_generator.state = state
    for tensor, gradient in before:
        tensor.grad = gradient
    """, says=("after a block that raised ZeroDivisionError", "a gradient is")),
    wrong("undisturbed", "not put back after KeyboardInterrupt", "test-undisturbed", solution="""
    before, state = [(tensor, tensor.grad) for tensor in tensors], generator().bit_generator.state
    clear_gradients(tensor for tensor, _ in before)

    def put_back():
        generator().bit_generator.state = state
        for tensor, gradient in before:
            tensor.grad = gradient

    try:
        yield
    except Exception:
        put_back()
        raise
    else:
        put_back()
    """, says=("after a block that raised KeyboardInterrupt", "a gradient is")),
    wrong("undisturbed", "the exception swallowed", "test-undisturbed",
        ("    finally:\n", "    except BaseException:\n        pass\n    finally:\n"),
        says=("after a block that raised ZeroDivisionError", "let it pass")),
    wrong("undisturbed", "a copy of a gradient", "test-undisturbed",
        ("tensor.grad = gradient", "tensor.grad = gradient and Tensor(gradient.data)"),
        says=("wanted the one of before",)),
    wrong("undisturbed", "a new generator", "test-undisturbed",
        ("generator().bit_generator.state = state",
         "generator().bit_generator.state = np.random.default_rng(0).bit_generator.state"),
        says=("the generator was not put back",)),
    wrong("undisturbed", "nothing yielded", "test-undisturbed", solution="""
    clear_gradients(tensors)
    """, says=("with undisturbed()", "yield once")),
    right("undisturbed", "two lists", solution="""
    leaves = list(tensors)
    gradients = [leaf.grad for leaf in leaves]
    bits = generator().bit_generator
    state = bits.state
    for leaf in leaves:
        leaf.grad = None
    try:
        yield
    finally:
        bits.state = state
        for leaf, gradient in zip(leaves, gradients):
            leaf.grad = gradient
    """),

    wrong("profiler", "tensors for numbers", "test-profiler-counts",
        ("sum(p.size for p in parameters_of(model))", "len(parameters_of(model))"),
        says=("count_parameters of Linear(3, 5), Linear(5, 1) gave 4, wanted 26", "count numbers")),
    wrong("profiler", "a weight that counts twice", "test-profiler-counts",
        ("for p in parameters_of(model))", "for p in model.parameters())"),
        says=("used twice gave 18, wanted 9", "each parameter once")),
    wrong("profiler", "bytes for numbers", "test-profiler-counts", ("p.size for", "p.data.nbytes for"),
        says=("gave 104, wanted 26", "count numbers")),
    wrong("profiler", "weights without biases", "test-profiler-counts",
        ("parameters_of(model))", "parameters_of(model) if p.ndim > 1)"),
        says=("gave 20, wanted 26", "count numbers")),
    wrong("profiler", "a list handed to the model", "test-profiler-counts",
        ("            return measure(lambda: model(x), warmup, iterations)",
        "            return measure(lambda: model(x.data.tolist()) if False else model(x.data), warmup, iterations)"),
        says=("x in the model gave 'ndarray', wanted 'Tensor'",)),
    wrong("profiler", "a generator that moves on", "test-profiler-counts",
        ("        with undisturbed():\n            return", "        if True:\n            return"),
        says=("the generator was not put back",)),
    wrong("profiler", "measured without a graph", "test-profiler-counts",
        ("        with undisturbed():\n",
         "        from tinytorch.core.tensor import no_grad\n\n        with undisturbed(), no_grad():\n"),
        says=("ran without recording", "for the caller to say")),
    wrong("profiler", "the usual number of runs", "test-profiler-counts",
        ("measure(lambda: model(x), warmup, iterations)", "measure(lambda: model(x))"),
        says=("measure_latency: runs gave (20, 23), wanted (5, 7)",)),
    wrong("profiler", "warm-up and runs exchanged", "test-profiler-counts",
        ("model(x), warmup, iterations)", "model(x), iterations, warmup)"),
        says=("measure_latency: runs gave (2, 7), wanted (5, 7)",)),
    wrong("profiler", "one call more to see the result", "test-profiler-counts",
        ("        x = as_tensor(x)\n        with undisturbed():\n            return measure",
        "        x = as_tensor(x)\n        with undisturbed():\n            model(x)\n            return measure"),
        says=("measure_latency: runs gave (5, 8), wanted (5, 7)",)),
    wrong("profiler", "the result measured", "test-profiler-counts",
        ("measure(lambda: model(x), warmup", "measure(model(x), warmup"),
        says=("measure_latency of a list failed", "what does measure call")),
    wrong("profiler", "a model with parameters alone", "test-profiler-counts",
        ("with undisturbed():", "with undisturbed(parameters_of(model)):"),
        says=("measure_latency of a function failed", "has no parameters()")),
    right("profiler", "products of shapes",
        ("sum(p.size for p in parameters_of(model))", "sum(int(np.prod(p.shape)) for p in parameters_of(model))")),
    right("profiler", "a set of ids",
        ("sum(p.size for p in parameters_of(model))",
         "sum({id(p): p.data.size for p in model.parameters()}.values())")),

    wrong("question-numbers", "the median itself", "test-question-numbers", ("(2 + 2 + 3 + 2 + 41) / 5 - 2", "2"),
        says=("mean_over_median is 2, which is not it", "sort them")),
    wrong("question-numbers", "the middle as they came", "test-question-numbers", ("/ 5 - 2", "/ 5 - 3"),
        says=("mean_over_median is 7.0",)),
    wrong("question-numbers", "outputs for inputs", "test-question-numbers",
        ("4 * 32 * (64 + 128 + 128)", "4 * 32 * (128 + 128 + 10)"),
        says=("saved_for_backward is 34048", "save inputs")),
    wrong("question-numbers", "numbers for bytes", "test-question-numbers",
        ("4 * 32 * (64 + 128 + 128)", "32 * (64 + 128 + 128)"),
        says=("saved_for_backward is 10240",)),
    wrong("question-numbers", "all three times as fast", "test-question-numbers", ("0.7 + 0.3 / 3", "1 / 3"),
        says=("remaining_time is 0.33", "only the 30%")),
    wrong("question-numbers", "what is saved", "test-question-numbers", ("0.7 + 0.3 / 3", "0.3 - 0.3 / 3"),
        says=("remaining_time is 0.2", "only the 30%")),
    right("question-numbers", "answers as results", ("4 * 32 * (64 + 128 + 128)", "40960")),
]
