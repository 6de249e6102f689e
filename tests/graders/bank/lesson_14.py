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

    wrong("matmul-flops", "multiplications alone", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]", "math.prod(output) * shapes[0][-1]"),
        says=("(2, 3) @ (3, 4) counted 24 FLOPs, wanted 48",)),
    wrong("matmul-flops", "one addition less", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]", "(2 * shapes[0][-1] - 1) * math.prod(output)"),
        says=("(2, 3) @ (3, 4) counted 40 FLOPs, wanted 48",)),
    wrong("matmul-flops", "no batch", "test-matmul-flops",
        solution="""
    (m, k) = shapes[0][-2:] if len(shapes[0]) > 1 else (1, shapes[0][0])
    n = shapes[1][-1] if len(shapes[1]) > 1 else 1
    return 2 * m * k * n
    """, says=("(5, 2, 3) @ (5, 3, 4) counted 48 FLOPs, wanted 240",)),
    wrong("matmul-flops", "the left batch alone", "test-matmul-flops",
        solution="""
    return 2 * math.prod(shapes[0]) * (shapes[1][-1] if len(shapes[1]) > 1 else 1)
    """, says=("@", "wanted")),
    wrong("matmul-flops", "the last length on the right", "test-matmul-flops", ("shapes[0][-1]", "shapes[1][-1]"),
        says=("(2, 3) @ (3, 4) counted 64 FLOPs, wanted 48",)),
    wrong("matmul-flops", "two axes on the right", "test-matmul-flops", ("shapes[0][-1]", "shapes[1][-2]"),
        says=("(7,) @ (7,) failed", "a vector has one axis")),
    wrong("matmul-flops", "all lengths multiplied", "test-matmul-flops",
        ("math.prod(output) * shapes[0][-1]", "math.prod(shapes[0]) * math.prod(shapes[1])"),
        says=("(2, 3) @ (3, 4) counted 144 FLOPs, wanted 48",)),
    wrong("matmul-flops", "the results alone", "test-matmul-flops",
        ("2 * math.prod(output) * shapes[0][-1]", "2 * math.prod(output)"), says=("counted 16 FLOPs, wanted 48",)),
    wrong("matmul-flops", "the visible answers typed in", "test-matmul-flops",
        solution="""
    known = {((2, 3), (3, 4)): 48, ((64, 64), (64, 64)): 2 * 64**3, ((5, 2, 3), (5, 3, 4)): 240,
             ((5, 2, 3), (3, 4)): 240, ((7,), (7,)): 14, ((2, 7), (7,)): 28}
    return known.get(shapes, 0)
    """, says=("(3, 8) @ (8, 5) counted 0 FLOPs, wanted 240",)),
    right("matmul-flops", "both halves counted",
        solution="""
    inner = shapes[0][-1]
    products = sums = inner * math.prod(output)
    return products + sums
    """),

    wrong("linear-flops", "no bias", "test-linear-flops",
        ("matmul_flops(shapes, output, options) + math.prod(output)", "matmul_flops(shapes, output, options)"),
        says=("(32, 64) -> (32, 128)", "one addition a result")),
    wrong("linear-flops", "one bias for all rows", "test-linear-flops", ("+ math.prod(output)", "+ output[-1]"),
        says=("(32, 64) -> (32, 128)", "one addition a result")),
    wrong("linear-flops", "two for each bias", "test-linear-flops",
        ("+ math.prod(output)", "+ 2 * math.prod(output)"), says=("wanted", "one addition a result")),
    wrong("linear-flops", "the inputs for the results", "test-linear-flops",
        ("+ math.prod(output)", "+ math.prod(shapes[0])"), says=("wanted", "one addition a result")),
    wrong("linear-flops", "rows of the first axis", "test-linear-flops",
        ("+ math.prod(output)", "+ output[0] * output[-1]"), says=("(2, 3, 5) -> (2, 3, 4)", "wanted 264")),
    wrong("linear-flops", "the weight's numbers", "test-linear-flops",
        ("matmul_flops(shapes, output, options)", "2 * math.prod(shapes[1])"), says=("wanted", "a product")),
    right("linear-flops", "in one line",
        solution="""
    return (2 * shapes[1][0] + 1) * math.prod(output)
    """),

    wrong("operation-flops", "names that must be known", "test-operation-flops",
        ("FLOPS.get(name, (per_output(1),))", "FLOPS[name]"),
        says=("tanh ((3, 4),)", "was not counted, wanted 12", "one for each element of the result")),
    wrong("operation-flops", "no gradients", "test-operation-flops",
        ("gradients[to] if gradients and to is not None else forward", "forward"),
        says=("linear", "to=0", "wanted 240")),
    wrong("operation-flops", "0 taken for none", "test-operation-flops",
        ("gradients and to is not None", "gradients and to"), says=("linear", "to=0: counted 280, wanted 240")),
    wrong("operation-flops", "gradients that must be there", "test-operation-flops",
        ("gradients and to is not None", "to is not None"), says=("to=1", "was not counted", "else the forward's")),
    wrong("operation-flops", "one for each input", "test-operation-flops", ("per_output(1)", "per_input(1)"),
        says=("add ((3, 1), (4,)) -> (3, 4)", "counted 3, wanted 12")),
    wrong("operation-flops", "options not passed on", "test-operation-flops",
        ("return rule(shapes, output, options)", "return rule(shapes, output, {})"), says=("was not counted", "gelu")),
    wrong("operation-flops", "one input too far", "test-operation-flops",
        ("gradients[to]", "(forward, *gradients)[to]"), says=("to=0: counted 280, wanted 240",)),
    wrong("operation-flops", "0 for what is not in the table", "test-operation-flops",
        ("(per_output(1),)", "(per_output(0),)"), says=("tanh", "counted 0, wanted 12")),
    right("operation-flops", "the cases one by one",
        solution="""
    if name not in FLOPS:
        return math.prod(output)
    rules = FLOPS[name]
    if to is None or len(rules) == 1:
        return rules[0](shapes, output, options)
    return rules[to + 1](shapes, output, options)
    """),

    wrong("footprint", "what it would take if it were whole", "test-footprint",
        solution="""
    return array.nbytes
    """, says=("a row, 20 times", "came as 1200, wanted 60", "lies there once")),
    wrong("footprint", "elements for bytes", "test-footprint", ("array.itemsize * ", ""),
        says=("(20, 30) float32", "came as 600, wanted 2400")),
    wrong("footprint", "nothing where it repeats", "test-footprint", ("min(n, 1)", "0"),
        says=("a row, 20 times", "came as 0, wanted 60")),
    wrong("footprint", "one where there is none", "test-footprint", ("min(n, 1)", "1"),
        says=("no ", "wanted 0 bytes")),
    wrong("footprint", "the array that it is a view of", "test-footprint",
        solution="""
    return (array if array.base is None else array.base).nbytes
    """, says=("wanted", "lies there once")),
    wrong("footprint", "from the first to the last", "test-footprint",
        solution="""
    steps = sum((n - 1) * s for n, s in zip(array.shape, array.strides))
    return array.itemsize + steps if array.size else 0
    """, says=("every second row", "wanted 1200")),
    wrong("footprint", "four bytes each", "test-footprint", ("array.itemsize", "4"),
        says=("(30,) float16", "came as 120, wanted 60")),
    right("footprint", "one of everything that repeats",
        solution="""
    once = tuple(slice(None) if stride else slice(0, 1) for stride in array.strides)
    return array[once].nbytes
    """),

    wrong("traffic", "results not written", "test-traffic", ("(*read, *new)", "read"),
        says=("traffic of a + b came as 4800, wanted 7200",)),
    wrong("traffic", "an array counted twice", "test-traffic", ("distinct.values()", "(*read, *new)"),
        says=("traffic of a * a came as 7200, wanted 4800",)),
    wrong("traffic", "views written", "test-traffic", ("not any(np.may_share_memory(w, r) for r in read)", "True"),
        says=("traffic of a.T", "wanted 0", "what a view")),
    wrong("traffic", "read for nothing", "test-traffic", (" if new else 0", ""),
        says=("traffic of a.T came as 2400, wanted 0",)),
    wrong("traffic", "only the very same array", "test-traffic",
        ("not any(np.may_share_memory(w, r) for r in read)", "not any(w is r for r in read)"),
        says=("traffic of a.T", "what a view")),
    wrong("traffic", "equal numbers", "test-traffic",
        ("not any(np.may_share_memory(w, r) for r in read)", "not any(np.array_equal(w, r) for r in read)"),
        says=("traffic of", "wanted")),
    wrong("traffic", "the written alone", "test-traffic", ("(*read, *new)", "new"),
        says=("traffic of a + b came as 2400, wanted 7200",)),
    wrong("traffic", "bytes of what repeats too", "test-traffic", ("footprint(array)", "array.size"),
        says=("traffic of a + b came as 1800, wanted 7200",)),
    wrong("traffic", "elements", "test-traffic", ("sum(footprint(array) for", "sum(array.nbytes // 2 for"),
        says=("traffic of a + b came as 3600, wanted 7200",)),
    right("traffic", "shares_memory, and a loop",
        solution="""
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

    wrong("trace", "the clock's own time", "test-trace",
        (
                "forward_operation(primitive, inputs, options, out, start - self.origin, seconds)",
                "forward_operation(primitive, inputs, options, out, start, seconds)",
            ),
        says=("the operations came with (start, seconds) [(100.0, 2.0)", "from the trace's beginning")),
    wrong("trace", "an end for a duration", "test-trace",
        (
                "forward_operation(primitive, inputs, options, out, start - self.origin, seconds)",
                (
                    "forward_operation(primitive, inputs, options, out, start - self.origin, seconds + start - "
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
                    "        self.operations.append(backward_operation(node, gradient, results, start - "
                    "self.origin, seconds))\n"
                ),
                "",
            ),
        says=("the backward pass came as []", "wanted")),
    wrong("trace", "results not handed on", "test-trace-backward", ("        return results\n", ""),
        says=("return what super().backward() gave",)),
    wrong("trace", "backward in the forward's words", "test-trace-backward",
        (
                "backward_operation(node, gradient, results, start - self.origin, seconds)",
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

    wrong("total", "a division by 0", "test-total", (" if moved else 0.0", ""),
        says=("was a division by 0", "what if nothing moved")),
    wrong("total", "bytes per FLOP", "test-total", ("flops / moved if moved", "moved / flops if flops"),
        says=("the total came as", "wanted")),
    wrong("total", "a mean for a sum", "test-total",
        (
                "seconds, flops = sum(o.seconds for o in operations),",
                "seconds, flops = sum(o.seconds for o in operations) / max(len(operations), 1),",
            ),
        says=("the total came as", "wanted")),
    wrong("total", "a mean of intensities", "test-total",
        (
                "flops / moved if moved else 0.0",
                "sum(o.flops / o.bytes for o in operations if o.bytes) / max(len(operations), 1)",
            ),
        says=("the total came as", "wanted")),
    wrong("total", "the longest for all", "test-total",
        ("sum(o.seconds for o in operations)", "max([o.seconds for o in operations], default=0)"),
        says=("the total came as", "wanted")),
    wrong("total", "calls that moved something", "test-total",
        ("len(operations)", "sum(o.bytes > 0 for o in operations)"), says=("the total came as", "wanted")),
    wrong("total", "None where nothing moved", "test-total", ("if moved else 0.0", "if moved else None"),
        says=("the total came as", "wanted")),
    right("total", "a loop",
        solution="""
    seconds = flops = moved = 0
    for o in operations:
        seconds, flops, moved = seconds + o.seconds, flops + o.flops, moved + o.bytes
    return Total(name, phase, len(operations), seconds, flops, moved, flops / max(moved, 1))
    """),

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
    wrong("saved-arrays", "no edges", "test-saved-arrays",
        ("zip(node.inputs or (), node.edges)", "((a, None) for a in node.inputs or ())"),
        says=("an input comes with its own edge",)),
    wrong("saved-arrays", "the last node alone", "test-saved-arrays",
        ("nodes_in_order(tensor._node) if tensor._node else ()", "[tensor._node] if tensor._node else ()"),
        says=("that array came 0 times, not 3",)),
    wrong("saved-arrays", "a tensor that must have a node", "test-saved-arrays",
        ("nodes_in_order(tensor._node) if tensor._node else ()", "nodes_in_order(tensor._node)"),
        says=("nobody computed", "there is no node")),
    wrong("saved-arrays", "the node itself for its output's edge", "test-saved-arrays",
        ("(node.output, None)", "(node.output, node)"), says=("an output with None",)),
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
    wrong("distinct-bytes", "the buffers behind", "test-distinct-bytes",
        solution="""
    return sum(footprint(a) for a in {id(owner(a)): owner(a) for a in arrays}.values())
    """, says=("two rows of four: 48, wanted 24",)),
    wrong("distinct-bytes", "views that exceed their buffer", "test-distinct-bytes",
        ("min(footprint(whole), sum(views.values()))", "sum(views.values())"),
        says=("a transpose, and three rows of four", "wanted 48")),
    wrong("distinct-bytes", "the largest view", "test-distinct-bytes",
        ("min(footprint(whole), sum(views.values()))", "max(views.values())"),
        says=("all rows of an array: 12, wanted 48",)),
    wrong("distinct-bytes", "the address alone", "test-distinct-bytes",
        ("views[address(array), footprint(array)]", "views[address(array)]"),
        says=("an array and its first row: 12, wanted 48",)),
    wrong("distinct-bytes", "repeats counted", "test-distinct-bytes",
        (
                "views[address(array), footprint(array)] = footprint(array)",
                "views[address(array), footprint(array)] = array.nbytes",
            ),
        says=("a row, 9 times", "wanted 12")),
    wrong("distinct-bytes", "equal numbers once", "test-distinct-bytes",
        solution="""
    return sum(a.nbytes for a in {a.tobytes(): a for a in arrays}.values())
    """, says=("two with equal numbers", "wanted 96")),
    right("distinct-bytes", "buffer after buffer",
        solution="""
    wholes, sizes = {}, {}
    for array in arrays:
        base = owner(array)
        wholes[id(base)] = base
        sizes.setdefault(id(base), set()).add((address(array), footprint(array)))
    return sum(min(wholes[key].nbytes, sum(size for _, size in parts)) for key, parts in sizes.items())
    """),

    wrong("roof-fraction", "the smaller limit", "test-roof-fraction", ("max(o.flops", "min(o.flops"),
        says=("bytes are the limit", "wanted 12.0")),
    wrong("roof-fraction", "both limits added", "test-roof-fraction",
        (
                "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
                "sum(o.flops / roof.flops + o.bytes / roof.bandwidth for o in operations)",
            ),
        says=("roof_fraction gave", "wanted")),
    wrong("roof-fraction", "one limit for all", "test-roof-fraction",
        (
                "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
                (
                    "max(sum(o.flops for o in operations) / roof.flops, sum(o.bytes for o in operations) / "
                    "roof.bandwidth)"
                ),
            ),
        says=("each has a limit of its own", "wanted 6.0")),
    wrong("roof-fraction", "upside down", "test-roof-fraction", ("least / taken if", "taken / least if"),
        says=("roof_fraction gave", "wanted 12.0")),
    wrong("roof-fraction", "zero for a view", "test-roof-fraction",
        ("if least and taken else None", "if taken else 0.0"), says=("nothing computed or moved", "wanted None")),
    wrong("roof-fraction", "a mean of fractions", "test-roof-fraction",
        solution="""
    parts = [max(o.flops / roof.flops, o.bytes / roof.bandwidth) / o.seconds for o in operations]
    return sum(parts) / len(parts) if any(parts) else None
    """, says=("each has a limit of its own", "wanted 6.0")),
    wrong("roof-fraction", "bytes alone", "test-roof-fraction",
        (
                "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
                "sum(o.bytes / roof.bandwidth for o in operations)",
            ),
        says=("FLOPs are the limit", "wanted 4.5")),
    right("roof-fraction", "the rate over the attainable rate",
        (
                "max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
                "(o.bytes / roof.bandwidth if o.flops < roof.ridge * o.bytes else o.flops / roof.flops)",
            )),

    wrong("chrome-event", "milliseconds", "test-chrome-event",
        (
                "microseconds(operation.start, operation.start + operation.seconds)",
                "microseconds(operation.start / 1e3, (operation.start + operation.seconds) / 1e3)",
            ),
        says=("'ts' of the event came as 250.0, wanted 250000.0",)),
    wrong("chrome-event", "an end for a duration", "test-chrome-event",
        (
                "microseconds(operation.start, operation.start + operation.seconds)",
                "microseconds(0.0, operation.start + operation.seconds)",
            ),
        says=("of the event came as", "wanted")),
    wrong("chrome-event", "a duration for an end", "test-chrome-event",
        (
                "microseconds(operation.start, operation.start + operation.seconds)",
                "microseconds(operation.start, operation.seconds)",
            ),
        says=("'dur' of the event came as", "wanted 500000.0")),
    wrong("chrome-event", "only a beginning", "test-chrome-event", ('"ph": "X"', '"ph": "B"'),
        says=("'ph' of the event came as 'B'",)),
    wrong("chrome-event", "name and category exchanged", "test-chrome-event",
        ('"name": operation.name, "cat": operation.phase', '"cat": operation.name, "name": operation.phase'),
        says=("'name' of the event came as 'forward', wanted 'tanh'",)),
    wrong("chrome-event", "no bytes", "test-chrome-event", ('"flops", "bytes")', '"flops")'),
        says=("'args' of the event came as", "wanted")),
    right("chrome-event", "microseconds by hand",
        (
                "microseconds(operation.start, operation.start + operation.seconds)",
                "{'ts': round(operation.start * 1e6, 3), 'dur': round(operation.seconds * 1e6, 3)}",
            )),

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
    wrong("profiler", "operations for their FLOPs", "test-profiler-counts",
        ("sum(operation.flops for operation in trace.operations)", "len(trace.operations)"),
        says=("count_flops gave 2", "takes")),
    wrong("profiler", "products alone", "test-profiler-counts",
        (
                "for operation in trace.operations)",
                "for operation in trace.operations if operation.name in ('matmul', 'linear'))",
            ),
        says=("two products and an exp", "count_flops gave 144")),
    wrong("profiler", "one example", "test-profiler-counts", ("            model(x)\n", "            model(x[:1])\n"),
        says=("on 32 inputs takes", "count_flops gave")),
    wrong("profiler", "bytes for FLOPs", "test-profiler-counts", ("operation.flops for", "operation.bytes for"),
        says=("count_flops gave", "takes")),
    wrong("profiler", "a generator that moves on", "test-profiler-measurements",
        ("with undisturbed(), no_grad(), Trace() as trace:", "with no_grad(), Trace() as trace:"),
        says=("generator", "put back")),
    right("profiler", "the summary's FLOPs",
        ("sum(operation.flops for operation in trace.operations)", "sum(row.flops for row in trace.summary())")),
    right("profiler", "products of shapes",
        ("sum(p.size for p in parameters_of(model))", "sum(math.prod(p.shape) for p in parameters_of(model))")),

    wrong("question-numbers", "no bias", "test-question-numbers",
        ("2 * 32 * 64 * 128 + 32 * 128", "2 * 32 * 64 * 128"),
        says=("linear_forward_flops is 524288", "then the bias")),
    wrong("question-numbers", "multiplications alone", "test-question-numbers",
        ("2 * 32 * 64 * 128 + 32 * 128", "32 * 64 * 128 + 32 * 128"),
        says=("linear_forward_flops is 266240", "2 m n k")),
    wrong("question-numbers", "read and not written", "test-question-numbers", ("1 / (4 + 4)", "1 / 4"),
        says=("tanh_intensity is 0.25", "how many bytes")),
    wrong("question-numbers", "bytes per FLOP", "test-question-numbers", ("1 / (4 + 4)", "8"),
        says=("tanh_intensity is 8", "how many bytes")),
    wrong("question-numbers", "outputs for inputs", "test-question-numbers",
        ("4 * 32 * (64 + 128 + 128)", "4 * 32 * (128 + 128 + 10)"),
        says=("saved_for_backward is 34048", "save inputs")),
    wrong("question-numbers", "the weights alone", "test-question-numbers",
        ("4 * (d * d + d + 2 * n * d))", "4 * d * d)"), says=("batch_for_intensity_10 is", "what moves")),
    right("question-numbers", "answers as results", ("4 * 32 * (64 + 128 + 128)", "40960")),
]
