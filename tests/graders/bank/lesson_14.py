"""The bank for lesson 14: profiling."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("latency-of", "a mean for a median", "test-latency-of", ("np.median(ms)", "ms.mean()"),
        says=("the median of", "half of the runs are faster")),
    wrong("latency-of", "seconds", "test-latency-of", (" * 1e3\n", "\n"),
        says=("the median of [1.0, 2.0, 9.0] ms came as 0.002", "half of the runs")),
    wrong("latency-of", "the slowest for the fastest", "test-latency-of", ("ms.min()", "ms.max()"),
        says=("the fastest of", "wanted 1.0")),
    wrong("latency-of", "the 90th run", "test-latency-of", ("np.percentile(ms, 90)", "np.percentile(ms, 0.9)"),
        says=("the 90th percentile of", "wanted")),
    wrong("latency-of", "the slowest for the 90th percentile", "test-latency-of",
        ("np.percentile(ms, 90)", "ms.max()"), says=("the 90th percentile of", "wanted")),
    wrong("latency-of", "the middle one as they came", "test-latency-of", ("np.median(ms)", "ms[len(ms) // 2]"),
        says=("the median of", "half of the runs are faster")),
    wrong("latency-of", "the upper of two in the middle", "test-latency-of",
        ("np.median(ms)", "np.sort(ms)[len(ms) // 2]"), says=("the median of", "wanted")),
    wrong("latency-of", "microseconds", "test-latency-of", ("* 1e3", "* 1e6"),
        says=("the median of", "came as 2000.0")),
    wrong("latency-of", "one run", "test-latency-of", ("len(ms))", "1)"), says=("3 runs were counted as 1",)),
    right("latency-of", "the statistics module",
        solution="""
    from statistics import median

    ms = sorted(1000 * s for s in seconds)
    at = 0.9 * (len(ms) - 1)
    low = int(at)
    high = min(low + 1, len(ms) - 1)
    return Latency(median(ms), ms[0], ms[low] + (at - low) * (ms[high] - ms[low]), len(ms))
    """),

    wrong("measure", "the warm-up timed too", "test-measure",
        solution="""
    seconds = []
    for _ in range(warmup + iterations):
        start = clock()
        function()
        seconds.append(clock() - start)
    return latency_of(seconds)
    """, says=("2 to warm up", "wanted", "time each run by itself")),
    wrong("measure", "one time for all", "test-measure",
        solution="""
    for _ in range(warmup):
        function()
    start = clock()
    for _ in range(iterations):
        function()
    return latency_of([(clock() - start) / iterations] * iterations)
    """, says=("runs of", "the fastest came as")),
    wrong("measure", "no warm-up", "test-measure",
        (
                (
                    "    for _ in range(warmup):\n"
                    "        function()\n"
                ),
                "",
            ),
        says=("2 to warm up", "too few calls")),
    wrong("measure", "the warm-up taken from the runs", "test-measure",
        ("for _ in range(iterations):", "for _ in range(iterations - warmup):"),
        says=("2 to warm up", "too few calls")),
    wrong("measure", "a clock that is never stopped", "test-measure",
        (
                "    seconds = []\n",
                (
                    "    seconds = []\n"
                    "    start = clock()\n"
                ),
            ),
        ("        start = clock()\n", ""), says=("runs of [1, 2, 3] s", "time each run by itself")),
    wrong("measure", "another clock", "test-measure",
        solution="""
    for _ in range(warmup):
        function()
    seconds = []
    for _ in range(iterations):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return latency_of(seconds)
    """, says=("runs of [1, 2, 3] s", "wanted 2000.0")),
    wrong("measure", "a list of seconds", "test-measure", ("return latency_of(seconds)", "return seconds"),
        says=("gave a list, wanted a Latency",)),
    wrong("measure", "once more for its result", "test-measure",
        (
                "        seconds.append(clock() - start)\n",
                (
                    "        seconds.append(clock() - start)\n"
                    "        result = function()\n"
                ),
            ),
        says=("more often than asked for",)),
    wrong("measure", "the time before the run", "test-measure",
        (
                (
                    "        start = clock()\n"
                    "        function()\n"
                    "        seconds.append(clock() - start)\n"
                ),
                (
                    "        start = clock()\n"
                    "        seconds.append(clock() - start)\n"
                    "        function()\n"
                ),
            ),
        says=("runs of [1, 2, 3] s", "gave 0.0 ms")),
    right("measure", "time stamps round each run",
        solution="""
    def timed():
        before = clock()
        function()
        return clock() - before

    runs = [timed() for _ in range(warmup + iterations)]
    return latency_of(runs[warmup:])
    """),

    wrong("trace", "the clock's own time", "test-trace",
        (
                "forward_operation(primitive, inputs, out, start - self.origin, seconds)",
                "forward_operation(primitive, inputs, out, start, seconds)",
            ),
        says=("the operations came with (start, seconds) [(100.0, 2.0)", "from the trace's beginning")),
    wrong("trace", "an end for a duration", "test-trace",
        (
                "forward_operation(primitive, inputs, out, start - self.origin, seconds)",
                (
                    "forward_operation(primitive, inputs, out, start - self.origin, seconds + start - "
                    "self.origin)"
                ),
            ),
        says=("the operations came with", "wanted")),
    wrong("trace", "the record handed on", "test-trace",
        ("        return out\n", "        return self.operations[-1]\n"),
        says=("gave a Operation", "hand on what the operation gave")),
    wrong("trace", "the clock stopped too early", "test-trace",
        (
                (
                    "        out = super().forward(primitive, inputs, options)\n"
                    "        seconds = self.clock() - start\n"
                    "        self.operations.append(forward"
                ),
                (
                    "        seconds = self.clock() - start\n"
                    "        out = super().forward(primitive, inputs, options)\n"
                    "        self.operations.append(forward"
                ),
            ),
        says=("the operations came with", "[(0.0, 0.0)")),
    wrong("trace", "a record before the others", "test-trace",
        ("self.operations.append(forward", "self.operations.insert(0, forward"),
        says=("the operations came with", "wanted")),
    wrong("trace", "backward not recorded", "test-trace-backward",
        (
                (
                    "        self.operations.append(backward_operation(node, gradient, start - "
                    "self.origin, seconds))\n"
                ),
                "",
            ),
        says=("the backward pass came as []", "wanted")),
    wrong("trace", "results not handed on", "test-trace-backward", ("        return results\n", ""),
        says=("return what super().backward() gave",)),
    wrong("trace", "backward in the forward's words", "test-trace-backward",
        (
                "backward_operation(node, gradient, start - self.origin, seconds)",
                (
                    "backward_operation(node, gradient, [gradient for _ in results], start - self.origin, seconds)"
                ),
            ),
        says=("the backward pass came as", "wanted")),
    right("trace", "a result put down in between",
        (
                (
                    "        out = super().forward(primitive, inputs, options)\n"
                    "        seconds = self.clock() - start\n"
                ),
                (
                    "        out = Layer.forward(self, primitive, inputs, options)\n"
                    "        end = self.clock()\n"
                    "        seconds = end - start\n"
                ),
            )),

    wrong("summarize", "by name alone", "test-summarize",
        (
                "groups.setdefault((operation.name, operation.phase), [])",
                "groups.setdefault((operation.name, 'forward'), [])",
            ),
        says=("the summary came as", "one row for each name and phase")),
    wrong("summarize", "the shortest first", "test-summarize", (", reverse=True", ""),
        says=("the summary came as", "took longest first")),
    wrong("summarize", "as they came", "test-summarize",
        ("sorted(rows, key=lambda row: row.seconds, reverse=True)", "rows"),
        says=("the summary came as", "took longest first")),
    wrong("summarize", "by FLOPs", "test-summarize", ("row.seconds", "row.flops"),
        says=("the summary came as", "took longest first")),
    wrong("summarize", "only neighbours", "test-summarize",
        solution="""
    from itertools import groupby

    stretches = groupby(operations, key=lambda o: (o.name, o.phase))
    rows = [total(name, phase, list(group)) for (name, phase), group in stretches]
    return sorted(rows, key=lambda row: row.seconds, reverse=True)
    """, says=("the summary came as", "one row for each name and phase")),
    wrong("summarize", "the last of each", "test-summarize",
        (
                "groups.setdefault((operation.name, operation.phase), []).append(operation)",
                "groups[operation.name, operation.phase] = [operation]",
            ),
        says=("the summary came as", "wanted")),
    right("summarize", "a set of keys",
        solution="""
    operations = list(operations)
    keys = dict.fromkeys((o.name, o.phase) for o in operations)
    rows = [total(*key, [o for o in operations if (o.name, o.phase) == key]) for key in keys]
    rows.sort(key=lambda row: -row.seconds)
    return rows
    """),

    wrong("saved-arrays", "inputs alone", "test-saved-arrays",
        ("[*zip(node.inputs or (), node.edges), (node.output, None)]", "[*zip(node.inputs or (), node.edges)]"),
        says=("that array came 2 times, not 3",)),
    wrong("saved-arrays", "outputs alone", "test-saved-arrays",
        ("[*zip(node.inputs or (), node.edges), (node.output, None)]", "[(node.output, None)]"),
        says=("that array came 1 times, not 3",)),
    wrong("saved-arrays", "everything that is there", "test-saved-arrays",
        ("for array, edge in pairs if isinstance(array, np.ndarray)]", "for array, edge in pairs]"),
        says=("a Spec is no array",)),
    wrong("saved-arrays", "each array once", "test-saved-arrays",
        (
                "    return [(array, edge) for array, edge in pairs if isinstance(array, np.ndarray)]\n",
                (
                    "    return list({id(array): (array, edge) for array, edge in pairs if isinstance(array, "
                    "np.ndarray)}.values())\n"
                ),
            ),
        says=("not 3",)),
    wrong("saved-arrays", "the last node alone", "test-saved-arrays",
        ("nodes_in_order(tensor._node) if tensor._node else ()", "[tensor._node] if tensor._node else ()"),
        says=("that array came 0 times, not 3",)),
    wrong("saved-arrays", "a tensor that must have a node", "test-saved-arrays",
        ("nodes_in_order(tensor._node) if tensor._node else ()", "nodes_in_order(tensor._node)"),
        says=("nobody computed", "there is no node")),
    right("saved-arrays", "a loop with two questions",
        solution="""
    found = []
    if tensor._node is None:
        return found
    for node in nodes_in_order(tensor._node):
        for i, edge in enumerate(node.edges):
            if type(node.inputs[i]) is np.ndarray:
                found.append((node.inputs[i], edge))
        if node.output is not None:
            found.append((node.output, None))
    return found
    """),

    wrong("distinct-bytes", "everything added up", "test-distinct-bytes",
        solution="""
    return sum(array.nbytes for array in arrays)
    """, says=("one array, three times: 144, wanted 48",)),
    wrong("distinct-bytes", "each object once", "test-distinct-bytes",
        solution="""
    return sum(a.nbytes for a in {id(a): a for a in arrays}.values())
    """, says=("distinct_bytes of", "wanted")),
    wrong("distinct-bytes", "equal numbers once", "test-distinct-bytes",
        solution="""
    return sum(a.nbytes for a in {a.tobytes(): a for a in arrays}.values())
    """, says=("two with equal numbers", "wanted 96")),
    wrong("profiler", "tensors for numbers", "test-profiler-counts",
        ("sum(p.size for p in parameters_of(model))", "len(parameters_of(model))"),
        says=("count_parameters gave 4", "count numbers")),
    wrong("profiler", "a weight that counts twice", "test-profiler-counts",
        ("for p in parameters_of(model))", "for p in model.parameters())"),
        says=("count_parameters gave 18", "used twice, holds 9 numbers")),
    wrong("profiler", "bytes for numbers", "test-profiler-counts", ("p.size for", "p.data.nbytes for"),
        says=("count_parameters gave", "count numbers")),
    wrong("profiler", "weights without biases", "test-profiler-counts",
        ("parameters_of(model))", "parameters_of(model) if p.ndim > 1)"),
        says=("count_parameters gave 9472", "count numbers")),
    right("profiler", "products of shapes",
        ("sum(p.size for p in parameters_of(model))", "sum(math.prod(p.shape) for p in parameters_of(model))")),

    wrong("question-numbers", "outputs for inputs", "test-question-numbers",
        ("4 * 32 * (64 + 128 + 128)", "4 * 32 * (128 + 128 + 10)"),
        says=("saved_for_backward is 34048", "save inputs")),
    right("question-numbers", "answers as results", ("4 * 32 * (64 + 128 + 128)", "40960")),
]
