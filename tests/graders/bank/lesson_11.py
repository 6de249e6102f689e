"""The bank for lesson 11: embeddings."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

ROWS, REFUSED = "test-row-numbers", "test-row-numbers-refuses"
SUMS, MEMORY = "test-segment-sum", "test-segment-sum-memory"
PRODUCT = "one_hot = csc_array((np.ones(n, rows.dtype), ids, np.arange(n + 1)), shape=(count, n))"
DENSE = "one_hot = np.zeros((count, n), rows.dtype)\n    one_hot[ids, np.arange(n)] = 1"
IN_A_ROW = "vectors.reshape(vectors.shape[0], self.hidden.in_features)"
LAST = "apply(EMBEDDING, weight, ids=row_numbers(input, weight.shape[0]))"

# fmt: off
CASES: list[Case] = [
    wrong("row-numbers", "the caller's own array", ROWS, ("found.astype(np.intp)", "found.astype(np.intp, copy=False)"),
        says=("gave the caller's own array", "copy")),
    wrong("row-numbers", "the type that came", ROWS, ("found.astype(np.intp)", "found.copy()"),
        says=("is int32, wanted int64", "np.intp")),
    wrong("row-numbers", "32 bits", ROWS, ("found.astype(np.intp)", "found.astype(np.int32)"),
        says=("is int32, wanted int64",)),
    wrong("row-numbers", "one row of numbers", ROWS, ("found.astype(np.intp)", "found.astype(np.intp).reshape(-1)"),
        says=("gave shape", "wanted")),
    wrong("row-numbers", "no numbers refused", ROWS, ("if found.size and not (0", "if not (0"),
        says=("failed", "rows")),
    wrong("row-numbers", "int64 alone", ROWS, ('found.dtype.kind not in "iu"', "found.dtype != np.int64"),
        says=("failed", "all of these are rows")),
    wrong("row-numbers", "whole numbers with a sign alone", ROWS, ('not in "iu"', 'not in "i"'),
        says=("uint8", "failed")),
    wrong("row-numbers", "arrays alone", ROWS,
        ("ids.data if isinstance(ids, Tensor) else np.asarray(ids)", "ids.data"), says=("failed", "all of these")),
    wrong("row-numbers", "lists as tensors", ROWS,
        ("ids.data if isinstance(ids, Tensor) else np.asarray(ids)", "as_tensor(ids).data"),
        says=("row_numbers of list", "float32")),
    wrong("row-numbers",
     "a tensor of numbers", ROWS, ("return found.astype(np.intp)", "return wrap(found.astype(np.intp))"),
        says=("Tensor", "ndarray")),
    wrong("row-numbers", "sorted", ROWS,
        ("return found.astype(np.intp)", "return np.sort(found.astype(np.intp), axis=None).reshape(found.shape)"),
        says=("gave", "same numbers")),
    wrong("row-numbers", "each once", ROWS, ("return found.astype(np.intp)", "return np.unique(found).astype(np.intp)"),
        says=("shape", "wanted")),
    wrong("row-numbers", "counted from 0 in the caller's array", ROWS,
        ("    return found.astype(np.intp)", "    out = found.astype(np.intp)\n    found[...] = 0\n    return out"),
        says=("changed ids",)),
    wrong("row-numbers", "a list for a number", ROWS, ("found.astype(np.intp)", "np.atleast_1d(found.astype(np.intp))"),
        says=("gave shape (1,), wanted ()",)),
    wrong("row-numbers", "one row too many", REFUSED, ("found.max() < count", "found.max() <= count"),
        says=("was accepted", "0 to count - 1")),
    wrong("row-numbers", "negative numbers counted from the end", REFUSED,
        ("0 <= found.min()", "-count <= found.min()"), says=("was accepted", "-1")),
    wrong("row-numbers", "nothing refused from below", REFUSED, ("(0 <= found.min() and found.max() < count)",
        "found.max() < count"), says=("was accepted",)),
    wrong("row-numbers", "nothing refused from above", REFUSED, ("(0 <= found.min() and found.max() < count)",
        "0 <= found.min()"), says=("was accepted",)),
    wrong("row-numbers", "moved into the range", REFUSED,
        ("    if found.size and not (0", "    found = np.clip(found, 0, count - 1)\n    if found.size and not (0"),
        says=("was accepted",)),
    wrong("row-numbers", "taken modulo the count", REFUSED,
        ("    if found.size and not (0", "    found = found % max(count, 1)\n    if found.size and not (0"),
        says=("was accepted",)),
    wrong("row-numbers", "fractions cut off", REFUSED,
        ('if found.dtype.kind not in "iu":', 'found = found.astype(int)\n    if found.dtype.kind not in "iu":'),
        says=("float64", "was accepted", "ask the type")),
    wrong("row-numbers", "whole floats accepted", REFUSED,
        ('if found.dtype.kind not in "iu":', "if (found != found.astype(int)).any():"), says=("was accepted", "type")),
    wrong("row-numbers", "booleans as numbers", REFUSED, ('not in "iu"', 'not in "iub"'),
        says=("bool", "was accepted")),
    wrong("row-numbers", "a type without its name", REFUSED, ("got {found.dtype}: write", "got others: write"),
        says=("float64", "raised TypeError")),
    wrong("row-numbers", "no word on what to write", REFUSED,
        ('write "\n                        "ids.long() for a tensor, ids.astype(int) for an array")', 'no rows")'),
        says=("long()", "raised TypeError")),
    wrong("row-numbers", "a ValueError for a type", REFUSED, ("raise TypeError", "raise ValueError"),
        says=("raised ValueError", "wanted a TypeError")),
    wrong("row-numbers", "an IndexError for a row", REFUSED, ("raise ValueError", "raise IndexError"),
        says=("raised IndexError", "wanted a ValueError")),
    wrong("row-numbers", "an error without the rows", REFUSED,
        ('{count} "\n                         f"rows: wanted 0 to {count - 1}"', 'rows"'),
        says=("raised ValueError", "4")),
    wrong("row-numbers", "an error without the least", REFUSED, ("from {found.min()} to", "up to"),
        says=("raised ValueError", "-1")),
    wrong("row-numbers", "converted first", REFUSED,
        ("    if found.size and not (0", "    found = found.astype(np.intp)\n    if found.size and not (0"),
        says=("18446744073709551615",)),
    right("row-numbers", "any and all",
        solution="""
    array = np.array(ids.numpy() if isinstance(ids, Tensor) else ids)
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{array.dtype} ids: use long() or astype(int)")
    if array.size > 0 and (array.min() < 0 or array.max() >= count):
        raise ValueError(f"{array.min()} .. {array.max()} but {count} rows")
    return array.astype(np.int64)
    """),

    wrong("segment-sum", "the last of each id", SUMS,
        solution="""
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    out[ids] += rows
    return out
    """, says=("gave", "wanted", "which rows")),
    wrong("segment-sum", "the ones in float64", SUMS, ("np.ones(n, rows.dtype)", "np.ones(n)"),
        says=("is float64, wanted float32", "another")),
    wrong("segment-sum", "computed in float32", SUMS, ("one_hot @ rows", "(one_hot @ rows).astype(np.float32)"),
        says=("is float32, wanted float64",)),
    wrong("segment-sum", "the mean of each id", SUMS,
        ("return one_hot @ rows", "return (one_hot @ rows) / np.maximum(np.bincount(ids, minlength=count), 1)"
         "[:, None].astype(rows.dtype)"), says=("gave", "which rows")),
    wrong("segment-sum", "only the ids that come", SUMS,
        ("return one_hot @ rows", "return (one_hot @ rows)[np.unique(ids)]"), says=("shape", "wanted")),
    wrong("segment-sum", "as many rows as the largest id", SUMS,
        ("shape=(count, n)", "shape=(ids.max(initial=-1) + 1, n)"), says=("shape", "wanted")),
    wrong("segment-sum", "counts", SUMS,
        ("return one_hot @ rows", "return one_hot @ np.ones_like(rows)"), says=("gave", "wanted")),
    wrong("segment-sum", "a dense product", (SUMS, MEMORY), (PRODUCT, DENSE), says=("inf", "leave the zeros out")),
    wrong("segment-sum", "a sparse matrix made dense", (SUMS, MEMORY), ("one_hot @ rows", "one_hot.toarray() @ rows"),
        says=("inf", "0 times inf")),
    wrong("segment-sum", "from a dense matrix", MEMORY,
        solution="""
    n = len(ids)
    dense = np.zeros((count, n), rows.dtype)
    dense[ids, np.arange(n)] = 1
    return csc_array(dense) @ rows
    """, says=("bytes of memory", "count times n")),
    wrong("segment-sum", "differences of a running sum", SUMS,
        solution="""
    order = np.argsort(ids, kind="stable")
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows[order], axis=0, dtype=np.float64)])
    ends = np.searchsorted(ids[order], np.arange(count), side="right")
    starts = np.searchsorted(ids[order], np.arange(count), side="left")
    return (total[ends] - total[starts]).astype(rows.dtype)
    """, says=("inf", "leave the zeros out")),
    wrong("segment-sum", "the ids of the result instead of its rows", SUMS,
        ("one_hot @ rows", "one_hot.T @ rows"), says=("failed",)),
    wrong("segment-sum", "sums in the caller's rows", SUMS,
        ("    return one_hot @ rows", "    out = one_hot @ rows\n    rows *= 0\n    return out"),
        says=("changed rows",)),
    wrong("segment-sum", "sorted ids beside rows in their old order", SUMS,
        ("    n = len(ids)", "    n, ids = len(ids), np.sort(ids)"), says=("gave", "which rows")),
    wrong("segment-sum", "no rows an error", SUMS,
        solution="""
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    out[ids[order][starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return out[: len(starts) and count]
    """, says=("gave shape (0, 2), wanted (3, 2)",)),
    right("segment-sum", "row by row",
        solution="""
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    np.add.at(out, ids, rows)
    return out
    """),
    right("segment-sum", "sorted and reduced",
        solution="""
    out = np.zeros((count, rows.shape[1]), rows.dtype)
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    if len(ids):
        out[ids[order][starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return out
    """),
    right("segment-sum", "a matrix of coordinates",
        solution="""
    from scipy.sparse import coo_array
    ones = np.ones(ids.size, rows.dtype)
    return coo_array((ones, (ids, np.arange(ids.size))), shape=(count, ids.size)).tocsr() @ rows
    """),

    wrong("embedding-rule", "ids of one axis alone", "test-embedding-rule",
        ("g.reshape(ids.size, d), ids.ravel()", "g, ids"), says=("stops", "what goes with what")),
    wrong("embedding-rule", "as many rows as the largest id", "test-embedding-rule",
        ("ids.ravel(), count)", "ids.ravel(), ids.max(initial=0) + 1)"), says=("lookup", "rule")),
    wrong("embedding-rule", "the numbers of the weight", "test-embedding-rule",
        solution="""
    out = np.zeros_like(weight)
    np.add.at(out, ids, g)
    return out
    """, says=("saves neither its inputs",)),
    wrong("embedding-rule", "a repeated row counted once", "test-embedding-rule",
        solution="""
    out = np.zeros(weight.shape, g.dtype)
    out[ids] = g
    return out
    """, says=("gave", "add up the rows")),
    wrong("embedding-rule", "divided by the number of ids", "test-embedding-rule",
        ("    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count)",
         "    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count) / max(ids.size, 1)"),
        says=("gave", "add up")),
    wrong("embedding-rule", "limited", "test-embedding-rule",
        ("    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count)",
         "    return np.clip(segment_sum(g.reshape(ids.size, d), ids.ravel(), count), -1e4, 1e4)"),
        says=("a million times", "do not limit")),
    wrong("embedding-rule", "always float32", "test-embedding-rule",
        ("    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count)",
         "    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count).astype(np.float32)"),
        says=("answered with float32",)),
    wrong("embedding-rule", "g made 0 behind itself", "test-embedding-rule",
        ("    return segment_sum(g.reshape(ids.size, d), ids.ravel(), count)",
         "    out = segment_sum(g.reshape(ids.size, d), ids.ravel(), count)\n    g *= 0\n    return out"),
        says=("wrote into an array",)),
    wrong("embedding-rule", "another order of elements", "test-embedding-rule",
        ("g.reshape(ids.size, d)", 'g.reshape(ids.size, d, order="F")'), says=("gave", "add up")),
    wrong("embedding-rule", "one number at a time not foreseen", "test-embedding-rule",
        ("g.reshape(ids.size, d), ids.ravel()", "g.reshape(-1, d), ids.reshape(len(g), -1)[:, 0]"),
        says=("stops", "what goes with what")),
    right("embedding-rule", "np.add.at",
        solution="""
    out = np.zeros(weight.shape, g.dtype)
    np.add.at(out, ids, g)
    return out
    """),
    right("embedding-rule", "flattened",
        solution="""
    return segment_sum(np.ascontiguousarray(g).reshape(ids.size, -1) if g.size else np.zeros((ids.size,
        weight.shape[1]), g.dtype), np.ravel(ids), weight.shape[0])
    """),

    wrong("embedding", "by an index", "test-embedding", (LAST, "weight[row_numbers(input, weight.shape[0])]"),
        says=("operations", "getitem", "one primitive")),
    wrong("embedding", "without a record", "test-embedding",
        (LAST, "wrap(look_up(weight.data, row_numbers(input, weight.shape[0])))"),
        says=("requires no gradient", "tensor itself")),
    wrong("embedding", "on a copy", "test-embedding", (LAST, LAST.replace("weight, ids", "Tensor(weight), ids")),
        says=("requires no gradient", "tensor itself")),
    wrong("embedding", "a gradient for a copy", "test-embedding",
        (LAST, LAST.replace("weight, ids", "Tensor(weight.data, requires_grad=weight.requires_grad), ids")),
        says=("never came to the weight", "tensor itself")),
    wrong("embedding", "the caller's ids", "test-embedding",
        (LAST, "apply(EMBEDDING, weight, ids=np.asarray(input.data if isinstance(input, Tensor) else input))"),
        says=("the gradient of", "the caller may change its ids")),
    wrong("embedding",
     "the weight's width for its rows", "test-embedding", (LAST, LAST.replace("shape[0]", "shape[1]")),
        says=("failed", "ids from")),
    wrong("embedding", "any number of axes", "test-embedding", ("weight.ndim != 2", "weight.ndim == 0"),
        says=("(4,)", "two axes")),
    wrong("embedding", "more than two axes", "test-embedding", ("weight.ndim != 2", "weight.ndim < 2"),
        says=("(2, 3, 4)", "was accepted")),
    wrong("embedding", "an error without the shape", "test-embedding", (", got {weight.shape}", ""),
        says=("raised ValueError", "(4,)", "two axes")),
    wrong("embedding", "the weight first", "test-embedding",
        ("    weight = as_tensor(weight)", "    input, weight = weight, as_tensor(input)"),
        says=("failed", "ids come first")),
    wrong("embedding", "tensors alone", "test-embedding", ("    weight = as_tensor(weight)\n", ""),
        says=("embedding([1], [[1, 2], [3, 4]])", "make a tensor")),
    wrong("embedding", "a gradient asked of every weight", "test-embedding",
        ("    weight = as_tensor(weight)\n", "    weight = as_tensor(weight)\n    weight.requires_grad = True\n"),
        says=("requires no gradient", "gave a tensor that does")),
    wrong("embedding", "ids flattened", "test-embedding",
        (LAST, "apply(EMBEDDING, weight, ids=row_numbers(input, weight.shape[0]).reshape(-1))"),
        says=("shape", "wanted")),
    wrong("embedding",
     "float32 for all", "test-embedding", ("as_tensor(weight)", "as_tensor(weight).astype(np.float32)"),
        says=("is float32, wanted float64",)),
    wrong("embedding", "the first rows", "test-embedding",
        (LAST, "apply(EMBEDDING, weight, ids=np.arange(np.size(input)).reshape(np.shape(input)) * 0)"),
        says=("gave", "row ids[i]")),
    wrong("embedding", "ids never looked at", "test-embedding",
        (LAST, "apply(EMBEDDING, weight, ids=np.array(input).astype(int))"),
        says=("was accepted", "row_numbers sees to the ids")),
    right("embedding", "checked beforehand",
        solution="""
    table = weight if isinstance(weight, Tensor) else Tensor(weight)
    if len(table.shape) != 2:
        raise ValueError(f"two axes, not {table.shape}")
    ids = row_numbers(input, len(table.data))
    return apply(EMBEDDING, table, ids=ids)
    """),

    wrong("embedding-layer", "the other way round", "test-embedding-layer",
        ("(num_embeddings, embedding_dim), np.float32", "(embedding_dim, num_embeddings), np.float32"),
        says=("parameters", "(5, 3)")),
    wrong("embedding-layer", "uniform numbers", "test-embedding-layer",
        ("generator().standard_normal((num_embeddings, embedding_dim), np.float32)",
         "generator().uniform(-3**0.5, 3**0.5, (num_embeddings, embedding_dim)).astype(np.float32)"),
        says=("beyond 2", "standard_normal")),
    wrong("embedding-layer", "small numbers", "test-embedding-layer",
        ("self.weight = Parameter(start)", "self.weight = Parameter(start * np.float32(0.02))"),
        says=("standard deviation", "wanted 1")),
    wrong("embedding-layer", "positive numbers", "test-embedding-layer",
        ("self.weight = Parameter(start)", "self.weight = Parameter(np.abs(start))"), says=("the mean", "wanted 0")),
    wrong("embedding-layer", "float64", "test-embedding-layer", (", np.float32)", ")"),
        says=("is float64, wanted float32",)),
    wrong("embedding-layer", "a tensor for a parameter", "test-embedding-layer",
        ("Parameter(start)", "Tensor(start)"), says=("parameters", "one Parameter")),
    wrong("embedding-layer", "frozen", "test-embedding-layer", ("Parameter(start)", "Parameter(start, False)"),
        says=("parameters", "one Parameter")),
    wrong("embedding-layer", "a generator of its own", "test-embedding-layer",
        ("generator()", "np.random.default_rng(0)"), says=("same seed", "the generator of lesson 03")),
    wrong("embedding-layer", "a generator nobody can seed", "test-embedding-layer",
        ("generator()", "np.random.default_rng()"), says=("same seed", "the generator of lesson 03")),
    wrong("embedding-layer", "NumPy's own generator", "test-embedding-layer",
        ("generator().standard_normal((num_embeddings, embedding_dim), np.float32)",
         "np.random.randn(num_embeddings, embedding_dim).astype(np.float32)"), says=("global generator",)),
    wrong("embedding-layer",
     "another name", "test-embedding-layer", ("self.weight = Parameter(start)", "self.table = Parameter(start)"),
        says=("parameters", "weight")),
    wrong("embedding-layer", "a row of zeros first", "test-embedding-layer",
        ("self.weight = Parameter(start)", "start[0] = 0\n        self.weight = Parameter(start)"),
        says=("gave", "wanted")),
    wrong("embedding-layer", "one row more", "test-embedding-layer",
        ("((num_embeddings, embedding_dim)", "((num_embeddings + 1, embedding_dim)"), says=("parameters",)),
    wrong("embedding-layer", "a seed at each start", "test-embedding-layer",
        ("        start =", "        manual_seed(0)\n        start ="), says=("same seed",)),
    right("embedding-layer", "another way to draw",
        ("generator().standard_normal((num_embeddings, embedding_dim), np.float32)",
         "generator().normal(size=(num_embeddings, embedding_dim)).astype(np.float32)")),

    wrong("bigram-bits", "no smoothing", "test-bigram-bits", (".reshape(count, count) + 1", ".reshape(count, count)"),
        says=("gave", "wanted")),
    wrong("bigram-bits", "natural logarithms", "test-bigram-bits", ("np.log2", "np.log"), says=("gave", "wanted")),
    wrong("bigram-bits", "the pair's own probability", "test-bigram-bits",
        ("counts.sum(axis=1, keepdims=True)", "counts.sum()"), says=("gave", "what comes after a")),
    wrong("bigram-bits", "what came before", "test-bigram-bits", ("axis=1", "axis=0"),
        says=("gave", "what comes after a")),
    wrong("bigram-bits", "backwards", "test-bigram-bits", ("p[test[:-1], test[1:]]", "p[test[1:], test[:-1]]"),
        says=("gave",)),
    wrong("bigram-bits", "counted in the test", "test-bigram-bits",
        ("training[:-1].astype(np.intp) * count + training[1:]", "test[:-1] * count + test[1:]"), says=("gave",)),
    wrong("bigram-bits", "divided by the symbols", "test-bigram-bits",
        ("-np.log2(p[test[:-1], test[1:]]).mean()", "-np.log2(p[test[:-1], test[1:]]).sum() / len(test)"),
        says=("gave",)),
    wrong("bigram-bits", "the sum", "test-bigram-bits", (".mean()", ".sum()"), says=("gave",)),
    wrong("bigram-bits", "the logarithm of the mean", "test-bigram-bits",
        ("-np.log2(p[test[:-1], test[1:]]).mean()", "-np.log2(p[test[:-1], test[1:]].mean())"), says=("gave",)),
    wrong("bigram-bits", "each pair counted once", "test-bigram-bits",
        ("counts = np.bincount(pairs, minlength=count * count).reshape(count, count) + 1",
         "counts = np.ones((count, count))\n    counts[training[:-1], training[1:]] += 1"), says=("gave", "how often")),
    wrong("bigram-bits", "one added to each row", "test-bigram-bits",
        ("p = counts / counts.sum(axis=1, keepdims=True)",
         "p = counts / ((counts - 1).sum(axis=1, keepdims=True) + 1)"),
        says=("gave",)),
    wrong("bigram-bits", "every other pair", "test-bigram-bits",
        ("training[:-1].astype(np.intp) * count + training[1:]", "training[:-1:2] * count + training[1::2]"),
        says=("gave",)),
    wrong("bigram-bits", "counts of one byte", "test-bigram-bits",
        (".reshape(count, count) + 1", ".reshape(count, count).astype(np.uint8) + 1"), says=("gave",)),
    wrong("bigram-bits", "a sign", "test-bigram-bits", ("float(-np", "float(np"), says=("gave -",)),
    right("bigram-bits", "counted by add.at",
        solution="""
    table = np.ones((count, count))
    np.add.at(table, (training[:-1], training[1:]), 1)
    bits = np.log2(table.sum(axis=1))[:, None] - np.log2(table)
    return np.mean(bits[test[:-1], test[1:]])
    """),

    wrong("ngram", "the mean for the row", "test-ngram",
        ("        self.hidden = Linear(n * dim, hidden)", "        self.hidden = Linear(dim, hidden)"),
        says=("shapes of the parameters", "hidden.weight")),
    wrong("ngram", "no tanh", "test-ngram", ("tanh(self.hidden(in_a_row))", "self.hidden(in_a_row)"),
        says=("gave", "tanh")),
    wrong("ngram", "tanh of the scores", "test-ngram",
        ("return self.out(tanh(self.hidden(in_a_row)))", "return tanh(self.out(tanh(self.hidden(in_a_row))))"),
        says=("gave",)),
    wrong("ngram", "the newest first", "test-ngram", ("self.table(ids)", "self.table(ids[:, ::-1])"), says=("gave",)),
    wrong("ngram", "element by element", "test-ngram",
        (IN_A_ROW, "vectors.transpose(1, 2).reshape(vectors.shape[0], -1)"),
        says=("gave", "side by side")),
    wrong("ngram", "places of other rows", "test-ngram",
        (IN_A_ROW, "vectors.transpose(0, 1).reshape(vectors.shape[0], -1)"),
        says=("gave", "side by side")),
    wrong("ngram", "probabilities", "test-ngram",
        ("self.out(tanh(self.hidden(in_a_row)))", "self.out(tanh(self.hidden(in_a_row))).softmax(-1)"), says=("gave",)),
    wrong("ngram", "without a record", "test-ngram", ("self.table(ids)", "self.table(ids).detach()"),
        says=("no gradient came to table.weight",)),
    wrong("ngram", "no bias", "test-ngram", ("Linear(hidden, count)", "Linear(hidden, count, bias=False)"),
        says=("shapes of the parameters",)),
    wrong("ngram", "scores for a row of one", "test-ngram",
        (IN_A_ROW, "vectors.reshape(6, self.hidden.in_features)"), says=("failed",)),
    wrong("ngram", "tables for places", "test-ngram", ("Embedding(count, dim)", "Embedding(count, n * dim)"),
        says=("shapes of the parameters",)),
    right("ngram", "flattened", (IN_A_ROW, "vectors.flatten(1)")),

    wrong("principal-plane", "the mean left in", "test-principal-plane", ("vectors - vectors.mean(axis=0)", "vectors"),
        says=("gave", "subtract the mean")),
    wrong("principal-plane", "one mean for all numbers", "test-principal-plane", ("mean(axis=0)", "mean()"),
        says=("gave", "subtract the mean")),
    wrong("principal-plane", "the smallest spread", "test-principal-plane", ("directions[:2]", "directions[-2:]"),
        says=("gave", "largest")),
    wrong("principal-plane", "three directions", "test-principal-plane", ("directions[:2]", "directions[:3]"),
        says=("shape", "two numbers")),
    wrong("principal-plane", "the columns of V^T", "test-principal-plane", ("directions[:2].T", "directions[:, :2]"),
        says=("gave",)),
    wrong("principal-plane", "the first two numbers", "test-principal-plane",
        ("centred @ directions[:2].T", "centred[:, :2]"), says=("gave",)),
    wrong("principal-plane", "U without its lengths", "test-principal-plane",
        solution="""
    centred = vectors - vectors.mean(axis=0)
    return np.linalg.svd(centred, full_matrices=False)[0][:, :2]
    """, says=("gave",)),
    wrong("principal-plane", "the second direction first", "test-principal-plane",
        ("directions[:2].T", "directions[1::-1].T"), says=("gave", "largest spread first")),
    wrong("principal-plane", "each number with spread 1", "test-principal-plane",
        ("    _, _, directions", "    centred /= centred.std(axis=0)\n    _, _, directions"), says=("gave",)),
    wrong("principal-plane", "the mean taken from the caller's", "test-principal-plane",
        ("centred = vectors - vectors.mean(axis=0)", "centred = vectors\n    centred -= vectors.mean(axis=0)"),
        says=("changed vectors",)),
    wrong("principal-plane", "the mean put back", "test-principal-plane",
        ("return centred @", "return vectors @"), says=("gave",)),
    right("principal-plane", "U times S",
        solution="""
    u, s, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    return u[:, :2] * s[:2]
    """),
    right("principal-plane", "by the covariance",
        solution="""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return -centred @ directions[:, :-3:-1]
    """),

    wrong("sinusoidal-positions", "sines first, then cosines", "test-sinusoidal-positions",
        ("np.stack([np.sin(angles), np.cos(angles)], axis=-1)",
         "np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)"),
        says=("gave", "side by side")),
    wrong("sinusoidal-positions", "cosines first", "test-sinusoidal-positions",
        ("[np.sin(angles), np.cos(angles)]", "[np.cos(angles), np.sin(angles)]"), says=("gave",)),
    wrong("sinusoidal-positions", "sines alone", "test-sinusoidal-positions",
        ("[np.sin(angles), np.cos(angles)]", "[np.sin(angles), np.sin(angles)]"), says=("gave",)),
    wrong("sinusoidal-positions", "counted from 1", "test-sinusoidal-positions",
        ("np.arange(length)", "np.arange(1, length + 1)"), says=("gave",)),
    wrong("sinusoidal-positions", "half the exponent", "test-sinusoidal-positions",
        ("np.arange(0, dim, 2) / dim", "np.arange(dim // 2) / dim"), says=("gave",)),
    wrong("sinusoidal-positions", "to the last frequency", "test-sinusoidal-positions",
        ("np.arange(0, dim, 2) / dim", "np.arange(0, dim, 2) / max(dim - 2, 1)"), says=("gave",)),
    wrong("sinusoidal-positions", "1000 for 10000", "test-sinusoidal-positions", ("10000.0", "1000.0"), says=("gave",)),
    wrong("sinusoidal-positions", "growing frequencies", "test-sinusoidal-positions",
        ("(-np.arange(0, dim, 2) / dim)", "(np.arange(0, dim, 2) / dim)"), says=("gave",)),
    wrong("sinusoidal-positions", "angles in float32", "test-sinusoidal-positions",
        ("np.sin(angles), np.cos(angles)", "np.sin(angles.astype(np.float32)), np.cos(angles.astype(np.float32))"),
        says=("20000", "float64")),
    wrong("sinusoidal-positions", "float64", "test-sinusoidal-positions", (".astype(np.float32)", ""),
        says=("is float64, wanted float32",)),
    wrong("sinusoidal-positions", "an array", "test-sinusoidal-positions",
        ("wrap(pairs.reshape(length, dim).astype(np.float32))", "pairs.reshape(length, dim).astype(np.float32)"),
        says=("ndarray", "wanted a Tensor")),
    wrong("sinusoidal-positions", "trained", "test-sinusoidal-positions",
        ("wrap(pairs.reshape(length, dim).astype(np.float32))",
         "Parameter(pairs.reshape(length, dim).astype(np.float32))"), says=("requires a gradient",)),
    wrong("sinusoidal-positions", "kept for the next call", "test-sinusoidal-positions",
        ("    return wrap(pairs.reshape(length, dim).astype(np.float32))",
         "    kept = vars(sinusoidal_positions).setdefault('kept', {})\n"
         "    return kept.setdefault((length, dim), wrap(pairs.reshape(length, dim).astype(np.float32)))"),
        says=("overwritten", "make a new one")),
    wrong("sinusoidal-positions", "three axes", "test-sinusoidal-positions", ("pairs.reshape(length, dim)", "pairs"),
        says=("shape",)),
    right("sinusoidal-positions", "element by element",
        solution="""
    out = np.empty((length, dim))
    for i in range(0, dim, 2):
        out[:, i] = np.sin(np.arange(length) / 10000 ** (i / dim))
        out[:, i + 1] = np.cos(np.arange(length) / 10000 ** (i / dim))
    return Tensor(out, dtype=np.float32)
    """),

    wrong("question-embeddings", "sequences without what follows", "test-question-embeddings", ("84**5", "84**4"),
        says=("table_counts", "one after them")),
    wrong("question-embeddings", "a gradient of the batch", "test-question-embeddings",
        ("50000 * 128 * 4", "32 * 64 * 128 * 4"), says=("gradient_bytes", "shape of the weight")),
    wrong("question-embeddings", "numbers for bytes", "test-question-embeddings",
        ("50000 * 128 * 4", "50000 * 128"), says=("gradient_bytes",)),
    wrong("question-embeddings", "texts for symbols", "test-question-embeddings", ("32 * 64\n", "32\n"),
        says=("changed_rows",)),
    wrong("question-embeddings", "all rows", "test-question-embeddings", ("= 32 * 64\n", "= 50000\n"),
        says=("changed_rows", "all differ")),
    wrong(
        "row-numbers",
        "a table of no rows refused",
        "test-row-numbers",
        (
            "if found.size and not (",
            "if not count or found.size and not (",
        ),
        says=("in int32, 0 rows", "failed"),
    ),
    wrong(
        "row-numbers",
        "fractions and booleans by their letters",
        "test-row-numbers-refuses",
        (
            'found.dtype.kind not in "iu"',
            'found.dtype.kind in "fb"',
        ),
        says=("bfloat16", "was accepted"),
    ),
    wrong(
        "row-numbers",
        "types by a list",
        "test-row-numbers",
        (
            'found.dtype.kind not in "iu"',
            "found.dtype not in (np.int64, np.int32, np.int8, np.uint8, np.uint16, np.uint64)",
        ),
        says=("in int16", "failed"),
    ),
    wrong(
        "segment-sum",
        "one array for all calls",
        "test-segment-sum",
        solution="""
    held = segment_sum.__dict__.setdefault("held", {})
    out = held.setdefault((count, rows.shape[1], rows.dtype), np.zeros((count, rows.shape[1]), rows.dtype))
    out[...] = 0
    np.add.at(out, ids, rows)
    return out
        """,
        says=("the first result gave", "a new array"),
    ),
    wrong(
        "embedding",
        "an empty table refused",
        "test-embedding",
        (
            "if weight.ndim != 2:",
            "if weight.ndim != 2 or not weight.size:",
        ),
        says=("(0, 3)", "failed"),
    ),
    wrong(
        "embedding",
        "nothing looked up",
        "test-embedding",
        (
            "    return apply(",
            (
                "    if not np.size(input):\n"
                "        return wrap(np.zeros((0, weight.shape[1]), weight.dtype))\n"
                "    return apply("
            ),
        ),
        says=("gave (0, 3), wanted (0, 2, 3)",),
    ),
    wrong(
        "embedding-layer",
        "no number beyond 3",
        "test-embedding-layer",
        (
            "self.weight = Parameter(start)",
            "self.weight = Parameter(np.clip(start, -3, 3))",
        ),
        says=("beyond 3 gave 0, wanted 0.0027",),
    ),
    wrong(
        "bigram-bits",
        "pairs in the ids' own type",
        "test-bigram-bits",
        (
            "training[:-1].astype(np.intp) *",
            "training[:-1] *",
        ),
        says=("in uint8", "gave", "wanted"),
    ),
    right(
        "row-numbers",
        "by issubdtype",
        (
            'found.dtype.kind not in "iu"',
            "not np.issubdtype(found.dtype, np.integer)",
        ),
    ),
    right(
        "row-numbers",
        "np.array at the end",
        (
            "found.astype(np.intp)",
            "np.array(found, dtype=np.intp)",
        ),
    ),
    right(
        "segment-sum",
        "bincount for each column",
        solution="""
    out = np.empty((count, rows.shape[1]), rows.dtype)
    for j in range(rows.shape[1]):
        out[:, j] = np.bincount(ids, rows[:, j], count)
    return out
        """,
    ),
    right(
        "segment-sum",
        "ones of one byte",
        (
            "np.ones(n, rows.dtype)",
            "np.ones(n, np.int8)",
        ),
    ),
    right(
        "segment-sum",
        "a row matrix transposed",
        solution="""
    from scipy.sparse import csr_array
    n = len(ids)
    return csr_array((np.ones(n, rows.dtype), ids, np.arange(n + 1)), shape=(n, count)).T @ rows
        """,
    ),
    right(
        "embedding",
        "the ids first",
        solution="""
    weight = as_tensor(weight)
    if len(weight.shape) != 2:
        raise ValueError(f"a weight of shape {weight.shape} is no table: it takes two axes")
    count, _ = weight.shape
    ids = row_numbers(input, count)
    return apply(EMBEDDING, weight, ids=ids)
        """,
    ),
    right(
        "bigram-bits",
        "from logarithms",
        (
            "float(-np.log2(p[test[:-1], test[1:]]).mean())",
            "float(np.mean(-np.log(p)[test[:-1], test[1:]]) / np.log(2))",
        ),
    ),
    right(
        "sinusoidal-positions",
        "by slices",
        solution="""
    table = np.zeros((length, dim))
    position = np.arange(length, dtype=np.float64)[:, None]
    divisor = np.power(10000.0, np.arange(0, dim, 2) / dim)
    table[:, 0::2] = np.sin(position / divisor)
    table[:, 1::2] = np.cos(position / divisor)
    return Tensor(table.astype(np.float32))
        """,
    ),
    right(
        "sinusoidal-positions",
        "by logarithms",
        (
            "10000.0 ** (-np.arange(0, dim, 2) / dim)",
            "np.exp(np.arange(0, dim, 2) * (-np.log(10000.0) / dim))",
        ),
    ),
    wrong(
        "embedding-layer",
        "one half of the rows as the other",
        "test-embedding-layer",
        (
            "        self.weight",
            (
                "        start = np.vstack([start[: (num_embeddings + 1) // 2]] * "
                "2)[:num_embeddings]\n        self.weight"
            ),
        ),
        says=("gave 50, wanted 100", "by itself"),
    ),
    wrong(
        "ngram",
        "hidden sums limited",
        "test-ngram",
        (
            "self.hidden(in_a_row)",
            "self.hidden(in_a_row).clip(-2, 2)",
        ),
        says=("gave", "wanted"),
    ),
]
# fmt: on
