"""The bank for lesson 15: the roofline."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
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

    wrong("attainable", "the larger limit", "test-roofline", ("min(peak,", "max(peak,"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the peak at every intensity", "test-roofline", ("min(peak, bandwidth * intensity)", "peak"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "memory's limit only", "test-roofline",
        ("min(peak, bandwidth * intensity)", "bandwidth * intensity"),
        says=("wanted 1.2e+11", "which of the two limits binds here?")),
    wrong("attainable", "bytes per FLOP", "test-roofline", ("bandwidth * intensity", "bandwidth / intensity"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the array that is written is not counted", "test-roofline",
        ("(arrays_read + arrays_written)", "arrays_read"),
        says=("wanted 0.0833", "every array that is read or written moves its bytes")),
    wrong("attainable", "FLOPs per number", "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "(arrays_read + arrays_written)"),
        says=("wanted 0.0833", "every array that is read or written moves its bytes")),
    wrong("attainable", "four bytes whatever the type", "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "((arrays_read + arrays_written) * 4)"),
        says=("wanted 2.2500", "every array that is read or written moves its bytes")),
    wrong("attainable", "a multiply-add counted once", "test-roofline", ("2 * m * k * n", "m * k * n"),
        says=("wanted 10.6667", "each of three matrices moves once")),
    wrong("attainable", "all matrices as large as the first", "test-roofline",
        ("(m * k + k * n + m * n)", "(3 * m * k)"), says=("wanted 0.4976", "each of three matrices moves once")),
    wrong("attainable", "the product is not written", "test-roofline", ("(m * k + k * n + m * n)", "(m * k + k * n)"),
        says=("wanted 10.6667", "each of three matrices moves once")),
    right("attainable", "by the side of the corner",
        ("min(peak, bandwidth * intensity)", "peak if intensity * bandwidth >= peak else intensity * bandwidth")),
    right("attainable", "as a quotient of quotients",
        ("2 * m * k * n / ((m * k + k * n + m * n) * itemsize)", "2 / (itemsize * (1 / m + 1 / k + 1 / n))")),
    wrong("attainable", "the visible answers typed in", "test-roofline",
        ("min(peak, bandwidth * intensity)", "{0.1: 3e9, 2: 60e9}.get(intensity, 120e9)"),
        says=("at 0.3 FLOPs a byte", "wanted 3e+09")),
]
