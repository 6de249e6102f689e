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
    wrong("latency-of", "sorts the caller's list", "test-latency-of",
        ("    ms = np.asarray(seconds) * 1e3\n",
         "    if isinstance(seconds, list):\n        seconds.sort()\n    ms = np.asarray(seconds) * 1e3\n"),
        says=("latency_of((0.003, 0.001)), afterwards the list gave [0.001,",
              "work on an array of your own")),
    wrong("latency-of", "scales the caller's array in place", "test-latency-of",
        ("    ms = np.asarray(seconds) * 1e3\n",
         "    ms = np.asarray(seconds)\n    ms *= 1e3\n"),
        says=("latency_of([0.002, 0.001, 0.009]) changed seconds, from [0.0",
              "work on an array of your own")),
    wrong("latency-of", "float32", "test-latency-of",
        ("np.asarray(seconds) * 1e3",
         "np.asarray(seconds, np.float32) * 1e3"),
        says=("latency_of([0.002, 0.001, 0.009]).p90_ms gave 7.5999999, wan",
              "90% of the runs took no longer")),
    wrong("latency-of", "rounded", "test-latency-of",
        ("np.asarray(seconds) * 1e3",
         "np.round(np.asarray(seconds) * 1e3, 3)"),
        says=("latency_of(31 runs).ms gave 0, wanted 1.5e-05: half of the r",
              "half of the runs are faster than the median")),
    wrong("latency-of", "integer ms", "test-latency-of",
        ("np.asarray(seconds) * 1e3",
         "(np.asarray(seconds) * 1e3).astype(int)"),
        says=("latency_of(31 runs).ms gave 0, wanted 1.5e-05: half of the r",
              "half of the runs are faster than the median")),
    wrong("latency-of", "iterations as float", "test-latency-of",
        ("len(ms))",
         "float(len(ms)))"),
        says=("latency_of([0.002, 0.001, 0.009]).iterations is 3.0, wanted",
              "iterations is 3.0, wanted a whole number")),
    wrong("latency-of", "drops outliers", "test-latency-of",
        ("    ms = np.asarray(seconds) * 1e3\n",
         "    ms = np.sort(np.asarray(seconds)) * 1e3\n    ms = ms[:-1] if len(ms) > 10 else ms\n"),
        says=("latency_of(31 runs).ms gave 1.45e-05, wanted 1.5e-05: half o",
              "half of the runs are faster than the median")),
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
    wrong("measure", "keeps all results", "test-measure",
        ("    seconds = []\n",
         "    seconds, results = [], []\n"),
        ("        function()\n        seconds.append(clock() - start)\n",
         "        results.append(function())\n        seconds.append(clock() - start)\n"),
        says=("measure held the results of 6 runs at one time, wanted none:",
              "it is after their time alone")),
    wrong("measure", "no gc", "test-measure",
        ("    seconds = []\n",
         "    import gc\n    gc.disable()\n    seconds = []\n"),
        says=("after measure gc.isenabled() gave False, wanted True: leave",
              "leave Python's settings as they were")),
    wrong("measure", "swallows exceptions", "test-measure",
        ("        start = clock()\n        function()\n",
         "        start = clock()\n        try:\n            function()\n        except Exception:\n"
         "            pass\n"),
        says=("measure of a function that fails in run 3, with 2 to warm up",
              "let it pass")),
    wrong("measure", "warm-up swallows exceptions", "test-measure",
        ("    for _ in range(warmup):\n        function()\n",
         "    for _ in range(warmup):\n        try:\n            function()\n        except Exception:\n"
         "            pass\n"),
        says=("measure of a function that fails in run 1, with 2 to warm up",
              "let it pass")),
    wrong("measure", "record off", "test-profiler-counts",
        ("    seconds = []\n",
         "    from tinytorch.core.tensor import no_grad\n    seconds = []\n"),
        ("        function()\n        seconds.append",
         "        with no_grad():\n            function()\n        seconds.append"),
        says=("the model ran without recording: that is for the caller to s",
              "that is for the caller to say")),
    wrong("measure", "iterations overridden", "test-measure",
        ("range(iterations)",
         "range(min(iterations, 5))"),
        says=("measure, where the runs take [5, 4, 1, 1, 2, 9, 8, 7, 8, 9]",
              "the warm-up, then `iterations` runs")),
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
    wrong("trace", "options dropped", "test-trace",
        ("super().forward(primitive, inputs, options)",
         "super().forward(primitive, inputs, {})"),
        says=("apply(times, x, factor=3) in a trace failed: passes_on.<loca",
              "options go on as well")),
    wrong("trace", "keeps results", "test-trace",
        ("        start = self.clock()\n        out = super().forward(primitive, inputs, options)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n        return out\n',
         "        start = self.clock()\n        out = super().forward(primitive, inputs, options)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n'
         "        self.last = out\n        return out\n"),
        says=("a trace holds an array that it saw, wanted names, shapes and",
              "aw, wanted names, shapes and times alone")),
    wrong("trace", "keeps all tensors", "test-trace",
        ("        start = self.clock()\n        out = super().forward(primitive, inputs, options)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n        return out\n',
         "        start = self.clock()\n        out = super().forward(primitive, inputs, options)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n'
         "        self.__dict__.setdefault('kept', []).append((inputs, out))\n        return out\n"),
        says=("a trace holds an array that it saw, wanted names, shapes and",
              "aw, wanted names, shapes and times alone")),
    wrong("trace", "backward failure recorded", "test-trace",
        ("        start = self.clock()\n        results = super().backward(node, gradient)\n"
         '        self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())\n'
         "        return results\n",
         "        start = self.clock()\n        results = []\n        try:\n"
         "            results = super().backward(node, gradient)\n        finally:\n"
         '            self.record(node.primitive, "backward", node.inputs, gradient, start, self.clock())\n'
         "        return results\n"),
        says=("recorded of sum().backward(), which failed, gave [('sum', 'f",
              "what failed did not run")),
    wrong("trace", "dtype of the first input", "test-trace",
        ("inputs, out, start",
         "inputs, out if out.dtype == inputs[0].dtype else inputs[0], start"),
        says=("the type recorded of a result in float64 gave ['float32'], w",
              "pass inputs and result to self.record, in no_grad as well")),
    wrong("trace", "only in recording", "test-trace",
        ("        start = self.clock()\n        out = super().forward(primitive, inputs, options)\n"
         '        self.record(primitive, "forward", inputs, out, start, self.clock())\n        return out\n',
         "        from tinytorch.core.tensor import is_recording as is_on\n        start = self.clock()\n"
         "        out = super().forward(primitive, inputs, options)\n"
         "        if out.requires_grad or not out.requires_grad and is_on():\n"
         '            self.record(primitive, "forward", inputs, out, start, self.clock())\n'
         "        return out\n"),
        says=("the type recorded of a result in float64 gave [], wanted ['f",
              "pass inputs and result to self.record, in no_grad as well")),
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
        says=("the calls of `make` gave []", "one for each name and phase")),
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
    wrong("summarize", "phase order", "test-summarize",
        ("return sorted(rows, key=lambda row: row.seconds, reverse=True)",
         "return sorted(rows, key=lambda row: (row.phase, -row.seconds))"),
        says=("the summary came as\noperation  phase     calls         ms\n--",
              "h name and phase, the longest time first")),
    wrong("summarize", "mutates the list", "test-summarize",
        ("    groups: dict",
         "    operations = list(operations) if not isinstance(operations, list) else operations\n"
         "    operations.sort(key=lambda o: -o.seconds)\n    groups: dict"),
        says=("summarize: its list of operations, afterwards, gave [Operati",
              "leave it as it was")),
    wrong("summarize", "empties the caller's list", "test-summarize",
        ("    for operation in operations:\n",
         "    pending = operations if isinstance(operations, list) else list(operations)\n"
         "    while pending:\n        operation = pending.pop(0)\n"),
        says=("summarize: the calls of `make` gave [('add', 'backward', 'li",
              "one for each name and phase, with a list")),
    wrong("summarize", "sorted by sum of operations", "test-summarize",
        ("key=lambda row: row.seconds",
         "key=lambda row: sum(o.seconds for o in groups[row.name, row.phase])"),
        says=("seconds of rows by a `make` gave [-2.0, -1.0, -2.0], wanted",
              "the row says how long, the longest first")),
    wrong("summarize", "make given a generator", "test-summarize",
        ("make(name, phase, group)",
         "make(name, phase, tuple(group))"),
        says=("summarize: the calls of `make` gave [('add', 'backward', 'tu",
              "one for each name and phase, with a list")),
    wrong("summarize", "absolute", "test-summarize",
        ("key=lambda row: row.seconds",
         "key=lambda row: abs(row.seconds)"),
        says=("seconds of rows by a `make` gave [-2.0, -2.0, -1.0], wanted",
              "the row says how long, the longest first")),
    wrong("summarize", "one call per make twice", "test-summarize",
        ("    return sorted(rows",
         "    rows = [make(name, phase, group) for (name, phase), group in groups.items()]\n"
         "    return sorted(rows"),
        says=("summarize: the calls of `make` gave [('add', 'backward', 'li",
              "one for each name and phase, with a list")),
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
    wrong("saved-arrays", "each array's owner", "test-saved-arrays",
        ("return [array for array in held",
         "return [owner(array) for array in held"),
        says=("v * v, v = x.reshape(-1), float32 zeros of shape (2, 3), sav",
              "the arrays themselves, whatever they hold")),
    wrong("saved-arrays", "no small arrays", "test-saved-arrays",
        ("isinstance(array, np.ndarray)]",
         "isinstance(array, np.ndarray) and array.size > 1]"),
        says=("v * v, v = x.reshape(-1), float32 zeros of shape (1, 1), sav",
              "the arrays themselves, whatever they hold")),
    wrong("saved-arrays", "no empty arrays", "test-saved-arrays",
        ("isinstance(array, np.ndarray)]",
         "isinstance(array, np.ndarray) and array.size]"),
        says=("v * v, v = x.reshape(-1), float32 zeros of shape (0, 2), sav",
              "the arrays themselves, whatever they hold")),
    wrong("saved-arrays", "equal to zero", "test-saved-arrays",
        ("isinstance(array, np.ndarray)]",
         "isinstance(array, np.ndarray) and array.any()]"),
        says=("v * v, v = x.reshape(-1), float32 zeros of shape (2, 3), sav",
              "the arrays themselves, whatever they hold")),
    wrong("saved-arrays", "float arrays only", "test-saved-arrays",
        ("isinstance(array, np.ndarray)]",
         "isinstance(array, np.ndarray) and array.dtype == np.float32]"),
        says=("v * v, v = x.reshape(-1), float16 zeros of shape (2, 3), sav",
              "the arrays themselves, whatever they hold")),
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
    wrong("undisturbed", "reseed in the block", "test-undisturbed",
        ("    try:\n        yield",
         "    try:\n        generator().bit_generator.state = np.random.default_rng(0).bit_generator.state\n"
         "        yield"),
        says=("the number drawn in the block, and then gave 0.6369616873214",
              "as in the docstring's example")),
    wrong("undisturbed", "new generator object", "test-undisturbed",
        ("        generator().bit_generator.state = state\n",
         "        generator().bit_generator.state = state\n        np.random.seed(0)\n"),
        says=("something in it seeded np.random", "use a generator of your own or generator()")),
    wrong("undisturbed", "GeneratorExit lost", "test-undisturbed",
        ("    finally:\n",
         "    except (Exception, KeyboardInterrupt):\n        generator().bit_generator.state = state\n"
         "        for tensor, gradient in before:\n            tensor.grad = gradient\n        raise\n"
         "    else:\n"),
        says=("after a block that raised GeneratorExit: a gradient is Tenso",
              "a gradient is Tensor([0.5481], dtype=float32), wanted the on")),
    wrong("undisturbed", "state read late", "test-undisturbed",
        (", generator().bit_generator.state\n",
         ", generator().bit_generator.state\n    generator().random()\n"),
        says=("the number drawn in the block, and then gave 0.0448132357973",
              "as in the docstring's example")),
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
    wrong("profiler", "bytes/4", "test-profiler-counts",
        ("sum(p.size for p in parameters_of(model))",
         "sum(p.data.nbytes // 4 for p in parameters_of(model))"),
        says=("count_parameters of one 3 x 3 weight, used twice gave 18, wa",
              "count numbers, each parameter once")),
    wrong("profiler", "float of count", "test-profiler-counts",
        ("sum(p.size for p in parameters_of(model))",
         "float(sum(p.size for p in parameters_of(model)))"),
        says=("count_parameters gave 9.0, wanted a whole number",
              "rameters gave 9.0, wanted a whole number")),
    wrong("profiler", "no weights 1", "test-profiler-counts",
        ("sum(p.size for p in parameters_of(model))",
         "max(1, sum(p.size for p in parameters_of(model)))"),
        says=("count_parameters of GELU(), which has none gave 1, wanted 0:",
              "count numbers, each parameter once")),
    wrong("profiler", "gradients of x not kept", "test-profiler-counts",
        ("        with undisturbed():\n            return",
         "        x.grad = None\n        with undisturbed():\n            return"),
        says=("measure_latency changed the gradient of x: leave everything",
              "leave everything as it was")),
    wrong("profiler", "runs under a trace", "test-profiler-counts",
        ("        with undisturbed():\n            return",
         "        with undisturbed(), Trace():\n            return"),
        says=("the model ran under a trace, which takes time of its own: me",
              "measure it unwatched")),
    wrong("profiler", "forces recording", "test-profiler-counts",
        ("        with undisturbed():\n            return",
         "        from tinytorch.support.state import state\n        state.recording = True\n"
         "        with undisturbed():\n            return"),
        says=("inside no_grad the model recorded gave [True], wanted [False",
              "that is for the caller to say")),
    wrong("profiler", "a fresh tensor each", "test-profiler-counts",
        ("x = as_tensor(x)\n        with undisturbed():\n            return measure(lambda: model(x)",
         "with undisturbed():\n            return measure(lambda: model(as_tensor(x))"),
        says=("measure_latency of a list made x anew for each run: what mak",
              "what makes it is not to be timed")),
    wrong("profiler", "copy of a Tensor", "test-profiler-counts",
        ("x = as_tensor(x)\n        with undisturbed():",
         "x = Tensor(as_tensor(x).data)\n        with undisturbed():"),
        says=("measure_latency gave the model another Tensor than the one t",
              "other Tensor than the one that was given")),
    wrong("profiler", "float32 x", "test-profiler-counts",
        ("x = as_tensor(x)\n        with undisturbed():",
         "x = as_tensor(x).astype('float32')\n        with undisturbed():"),
        says=("measure_latency gave the model another Tensor than the one t",
              "other Tensor than the one that was given")),
    wrong("profiler", "each warm-up at least one", "test-profiler-counts",
        ("model(x), warmup, iterations)",
         "model(x), max(1, warmup), iterations)"),
        says=("with 0 to warm up, measure_latency: runs gave (5, 6), wanted",
              "timed, and all")),
    wrong("profiler", "defaults", "test-profiler-counts",
        ("model(x), warmup, iterations)",
         "model(x), warmup or 3, iterations)"),
        says=("with 0 to warm up, measure_latency: runs gave (5, 8), wanted",
              "timed, and all")),
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
