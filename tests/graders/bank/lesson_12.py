"""The bank for lesson 12: attention."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

SOFTMAX, MASK, FILL, SLOPE = "test-softmax-in-place", "test-added-mask", "test-fill-weights", "test-scores-gradient"
RULE, ATTEND, HEADS, PARTIAL = "test-weights-rule", "test-attend", "test-heads", "test-partial-gradient"
CHUNK, LAYER = "test-chunk", "test-multihead-attention"
EMPTY = "    highest[highest == -np.inf] = 0\n"
LOWER = "    scores -= highest\n    np.exp(scores, out=scores)\n"
PART = "        put_product(to_key[tile.keys], turned, query[tile.queries], tile.is_first)\n"
DROPPED = (
    "    weights = Dropout(dropout_p)(weights)\n"
    "    return apply(ATTENTION, weights, value, is_causal=is_causal), weights"
)
WHOLE = "return tuple(apply(PART, whole, index=(*before, slice(i, i + size))) for i in starts)"
SPLIT = "x.reshape(*batch, length, num_heads, width // num_heads).transpose(-3, -2)"
JOIN = "x.transpose(-3, -2).reshape(*batch, length, heads * width)"

CASES: list[Case] = [
    wrong("softmax-in-place", "rows of -inf are nan", SOFTMAX, (EMPTY, ""), says=("gave nan, wanted 0", "becomes 0")),
    wrong(
        "softmax-in-place",
        "no largest number subtracted",
        SOFTMAX,
        ("    scores -= highest\n", ""),
        says=("gave nan", "wanted"),
    ),
    wrong(
        "softmax-in-place",
        "the largest of all rows",
        SOFTMAX,
        ("    highest = row_maxima(scores)", "    highest = np.max(scores, keepdims=True, initial=-np.inf)"),
        says=("gave", "each row by itself"),
    ),
    wrong(
        "softmax-in-place",
        "a new array",
        SOFTMAX,
        ("    np.exp(scores, out=scores)\n", "    scores = np.exp(scores)\n"),
        says=("gave another array", "write into it"),
    ),
    wrong("softmax-in-place", "nothing returned", SOFTMAX, ("    return scores\n", ""), says=("gave another array",)),
    wrong(
        "softmax-in-place",
        "sums of 0 divided by",
        SOFTMAX,
        ("    total[total == 0] = 1\n", ""),
        says=("gave nan, wanted 0",),
    ),
    wrong(
        "softmax-in-place",
        "nan made 0",
        SOFTMAX,
        ("    return scores\n", "    scores[np.isnan(scores)] = 0\n    return scores\n"),
        says=("wanted nan",),
    ),
    wrong(
        "softmax-in-place", "the exponentials alone", SOFTMAX, ("    scores /= total\n", ""), says=("gave", "wanted")
    ),
    wrong(
        "softmax-in-place",
        "the first axis",
        SOFTMAX,
        ("    total = row_sums(scores)", "    total = scores.sum(axis=0, keepdims=True)"),
        says=("gave", "wanted"),
    ),
    wrong(
        "softmax-in-place",
        "copied in at the end",
        SOFTMAX,
        (LOWER, "    scores[...] = np.exp(scores - highest)\n"),
        says=("more", "use out="),
    ),
    wrong(
        "softmax-in-place",
        "empty rows share alike",
        SOFTMAX,
        (
            "    return scores\n",
            "    scores[(scores == 0).all(axis=-1)] = 1 / max(scores.shape[-1], 1)\n    return scores\n",
        ),
        says=("wanted 0",),
    ),
    wrong(
        "softmax-in-place",
        "NumPy told to be silent, for good",
        SOFTMAX,
        ("    scores -= highest\n", "    np.seterr(all='ignore')\n    scores -= highest\n"),
        says=("np.seterr",),
    ),
    right(
        "softmax-in-place",
        "max and sum",
        solution="""
    highest = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    scores -= np.where(np.isneginf(highest), 0, highest)
    np.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    scores /= np.where(total == 0, 1, total)
    return scores
    """,
    ),
    wrong(
        "added-mask",
        "True forbids",
        MASK,
        ("np.where(mask.data, 0.0, -np.inf)", "np.where(mask.data, -np.inf, 0.0)"),
        says=("gave -inf, wanted 0",),
    ),
    wrong("added-mask", "a large number for -inf", MASK, ("-np.inf)", "-1e9)"), says=("wanted -inf",)),
    wrong(
        "added-mask",
        "always float32",
        MASK,
        ("mask.astype(dtype)", "mask.astype(np.float32)"),
        says=("is float32, wanted float64",),
    ),
    wrong("added-mask", "left in its type", MASK, ("return mask.astype(dtype)", "return mask"), says=("wanted",)),
    wrong(
        "added-mask",
        "without its record",
        MASK,
        ("return mask.astype(dtype)", "return wrap(mask.data.astype(dtype))"),
        says=("lost the record",),
    ),
    wrong(
        "added-mask", "whole numbers taken", MASK, ('if mask.dtype.kind in "iu":', "if False:"), says=("was accepted",)
    ),
    wrong("added-mask", "unsigned numbers taken", MASK, ('in "iu"', 'in "i"'), says=("uint8", "was accepted")),
    wrong("added-mask", "ValueError", MASK, ("raise TypeError", "raise ValueError"), says=("wanted a TypeError",)),
    wrong("added-mask", "no type named", MASK, ("not {mask.dtype}", "not this"), says=("int64",)),
    wrong("added-mask", "floating masks made boolean", MASK, ("if mask.dtype == bool:", "if True:"), says=("wanted",)),
    wrong("added-mask", "tensors alone", MASK, ("mask = as_tensor(mask)\n", "pass\n"), says=("failed",)),
    right(
        "added-mask",
        "by a choice",
        solution="""
    mask = as_tensor(mask)
    if mask.dtype == bool:
        return Tensor(np.where(mask.data, 0.0, -np.inf), dtype)
    if mask.dtype.kind != "f" and mask.dtype.name != "bfloat16":
        raise TypeError(f"{mask.dtype} is no mask")
    return mask.astype(dtype)
    """,
    ),
    wrong("fill-weights", "no scale", FILL, ("query * scale", "query"), says=("gave", "wanted")),
    wrong("fill-weights", "divided by the scale", FILL, ("query * scale", "query / scale"), says=("gave", "wanted")),
    wrong("fill-weights", "no mask", FILL, ("        out += mask\n", "        pass\n"), says=("causal", "wanted 1")),
    wrong(
        "fill-weights",
        "the mask after the softmax",
        FILL,
        (
            "    if mask is not None:\n        out += mask\n    softmax_in_place(out)\n",
            "    softmax_in_place(out)\n    if mask is not None:\n        out += mask\n",
        ),
        says=("causal", "wanted"),
    ),
    wrong(
        "fill-weights",
        "query scaled in place",
        FILL,
        ("np.matmul(query * scale, key", "query *= scale\n    np.matmul(query, key"),
        says=("changed query", "only read"),
    ),
    wrong(
        "fill-weights",
        "a name for another array",
        FILL,
        ("np.matmul(query * scale, key.swapaxes(-1, -2), out=out)", "out = (query * scale) @ key.swapaxes(-1, -2)"),
        says=("gave 7",),
    ),
    wrong(
        "fill-weights",
        "a product that is copied in",
        FILL,
        (
            "np.matmul(query * scale, key.swapaxes(-1, -2), out=out)",
            "out[...] = (query * scale) @ key.swapaxes(-1, -2)",
        ),
        says=("bytes", "write into out"),
    ),
    wrong(
        "fill-weights",
        "the keys ask",
        FILL,
        (
            "np.matmul(query * scale, key.swapaxes(-1, -2), out=out)",
            "turned = out if key.shape == query.shape else out.swapaxes(-1, -2)\n"
            "    np.matmul(key * scale, query.swapaxes(-1, -2), out=turned)",
        ),
        says=("gave", "wanted"),
    ),
    wrong("fill-weights", "all axes turned", FILL, ("key.swapaxes(-1, -2)", "key.T"), says=("what has which shape",)),
    wrong("fill-weights", "a mask that is multiplied", FILL, ("out += mask", "out *= np.exp(mask)"), says=("wanted",)),
    wrong("fill-weights", "no softmax", FILL, ("    softmax_in_place(out)\n", ""), says=("gave", "wanted")),
    right(
        "fill-weights",
        "the key scaled",
        solution="""
    np.matmul(query, np.swapaxes(key * scale, -2, -1), out=out)
    if mask is not None:
        np.add(out, mask, out=out)
    softmax_in_place(out)
    """,
    ),
    wrong(
        "scores-gradient",
        "nothing subtracted",
        SLOPE,
        ("g - np.vecdot(g, weights)[..., np.newaxis]", "g.copy()"),
        says=("gave", "wanted"),
    ),
    wrong(
        "scores-gradient",
        "the sum of g alone",
        SLOPE,
        ("np.vecdot(g, weights)[..., np.newaxis]", "g.sum(axis=-1, keepdims=True)"),
        says=("gave", "wanted"),
    ),
    wrong("scores-gradient", "not multiplied", SLOPE, ("    out *= weights\n", ""), says=("gave", "wanted")),
    wrong(
        "scores-gradient",
        "written into g",
        SLOPE,
        (
            "out = g - np.vecdot(g, weights)[..., np.newaxis]",
            "out = g\n    out -= np.vecdot(g, weights)[..., np.newaxis]",
        ),
        says=("changed g",),
    ),
    wrong(
        "scores-gradient",
        "written into the weights",
        SLOPE,
        ("    out *= weights\n    return out", "    weights *= out\n    return weights"),
        says=("changed weights",),
    ),
    wrong(
        "scores-gradient",
        "an array of products",
        SLOPE,
        ("np.vecdot(g, weights)[..., np.newaxis]", "(g * weights).sum(axis=-1, keepdims=True)"),
        says=("2 new arrays", "multiply"),
    ),
    wrong(
        "scores-gradient",
        "the sum of all rows",
        SLOPE,
        ("np.vecdot(g, weights)[..., np.newaxis]", "(g * weights).sum()"),
        says=("gave", "wanted"),
    ),
    wrong(
        "scores-gradient",
        "always float64",
        SLOPE,
        ("    return out\n", "    return out.astype(np.float64)\n"),
        says=("is float64, wanted float32",),
    ),
    wrong(
        "scores-gradient",
        "the sum along the queries",
        SLOPE,
        ("np.vecdot(g, weights)[..., np.newaxis]", "np.vecdot(g, weights, axis=-2)[..., np.newaxis, :]"),
        says=("gave", "wanted"),
    ),
    wrong(
        "scores-gradient",
        "a slope of p (1 - p)",
        SLOPE,
        solution="""
    out = g * weights
    out *= 1 - weights
    return out
    """,
        says=("gave", "wanted"),
    ),
    right(
        "scores-gradient",
        "einsum",
        solution="""
    out = np.einsum("...k,...k->...", g, weights)[..., None] - g
    out *= weights
    return np.negative(out, out=out)
    """,
    ),
    wrong(
        "weights-rule",
        "no scale for the query",
        RULE,
        ("    to_query *= scale\n", ""),
        says=("the gradient of query", "the scale"),
    ),
    wrong(
        "weights-rule",
        "no scale for the key",
        RULE,
        ("    to_key *= scale\n", ""),
        says=("the gradient of key", "the scale"),
    ),
    wrong(
        "weights-rule",
        "the last tile alone",
        RULE,
        (PART, "        np.matmul(turned, query[tile.queries], out=to_key[tile.keys])\n"),
        says=("the gradient of key", "causal"),
    ),
    wrong(
        "weights-rule",
        "keys added to what was there",
        RULE,
        ("query[tile.queries], tile.is_first)", "query[tile.queries], False)"),
        says=("the gradient of key",),
    ),
    wrong(
        "weights-rule",
        "the weights for the scores",
        RULE,
        ("scores_gradient(g[tile.scores], y[tile.scores])", "g[tile.scores] * 1"),
        says=("the gradient of query",),
    ),
    wrong(
        "weights-rule",
        "all tiles at once",
        RULE,
        (
            "        to_scores = scores_gradient(g[tile.scores], y[tile.scores])\n",
            "        to_scores = scores_gradient(g, y)[tile.scores]\n",
        ),
        says=("nan in g outside the tiles",),
    ),
    wrong(
        "weights-rule",
        "a mask without a gradient",
        RULE,
        ("            to_mask[tile.scores] = to_scores\n", "            pass\n"),
        says=("the gradient of mask",),
    ),
    wrong(
        "weights-rule",
        "a scaled gradient of the mask",
        RULE,
        ("to_mask[tile.scores] = to_scores", "to_mask[tile.scores] = to_scores * scale"),
        says=("the gradient of mask",),
    ),
    wrong(
        "weights-rule",
        "always a gradient of the mask",
        RULE,
        ("needs[2:] == (True,)", "len(needs) == 3"),
        says=("nobody needs",),
    ),
    wrong(
        "weights-rule",
        "three answers always",
        RULE,
        ("[to_query, to_key, to_mask][: len(needs)]", "[to_query, to_key, to_mask]"),
        says=("the number of answers", "one for each input"),
    ),
    wrong(
        "weights-rule",
        "the gradient overwritten",
        RULE,
        (
            "        to_scores = scores_gradient(g[tile.scores], y[tile.scores])\n",
            "        g[tile.scores] = to_scores = scores_gradient(g[tile.scores], y[tile.scores])\n",
        ),
        says=("changed g",),
    ),
    wrong(
        "weights-rule",
        "query and key exchanged",
        RULE,
        ("return [to_query, to_key, to_mask]", "return [to_key, to_query, to_mask]"),
        says=("the gradient of query",),
    ),
    wrong(
        "weights-rule",
        "memory that nobody wrote for a mask",
        RULE,
        ("np.zeros_like(y)", "np.full_like(y, 5)"),
        says=("the gradient of mask",),
    ),
    right(
        "weights-rule",
        "without tiles",
        solution="""
    to_scores = scores_gradient(np.where(y == 0, 0, g), y)
    to_query, to_key = scale * (to_scores @ key), scale * (to_scores.swapaxes(-1, -2) @ query)
    return [to_query, to_key, to_scores if needs[-1] and len(needs) == 3 else None][: len(needs)]
    """,
    ),
    wrong(
        "attend",
        "no causal mask",
        ATTEND,
        ("np.tri(query.shape[-2], key.shape[-2], dtype=bool)", "None"),
        says=("is_causal", "gave"),
    ),
    wrong(
        "attend",
        "the diagonal is forbidden",
        ATTEND,
        ("key.shape[-2], dtype=bool)", "key.shape[-2], k=-1, dtype=bool)"),
        says=("is_causal", "gave 0, wanted 1"),
    ),
    wrong(
        "attend",
        "the past is forbidden",
        ATTEND,
        ("np.tri(query.shape[-2], key.shape[-2], dtype=bool)", "np.tri(key.shape[-2], query.shape[-2], dtype=bool).T"),
        says=("is_causal",),
    ),
    wrong(
        "attend",
        "aligned at the last key",
        ATTEND,
        ("key.shape[-2], dtype=bool)", "key.shape[-2], k=key.shape[-2] - query.shape[-2], dtype=bool)"),
        says=("is_causal",),
    ),
    wrong(
        "attend",
        "both masks taken",
        ATTEND,
        ("if is_causal and attn_mask is not None:", "if False:"),
        says=("was accepted",),
    ),
    wrong(
        "attend",
        "shapes not looked at",
        ATTEND,
        ("    check_attention(query.shape, key.shape, value.shape)\n", ""),
        says=("attend of",),
    ),
    wrong("attend", "divided by d", ATTEND, ("** -0.5", "** -1.0"), says=("the weights", "gave")),
    wrong("attend", "the scale is 1", ATTEND, ("max(query.shape[-1], 1) ** -0.5", "1.0"), says=("the weights", "gave")),
    wrong("attend", "another scale overlooked", ATTEND, ("if scale is None else float(scale)", ""), says=("scale",)),
    wrong("attend", "no dropout", ATTEND, ("    weights = Dropout(dropout_p)(weights)\n", ""), says=("1.5",)),
    wrong(
        "attend",
        "dropout of the output",
        ATTEND,
        (
            DROPPED,
            "    return Dropout(dropout_p)(apply(ATTENTION, weights, value, is_causal=is_causal)), weights",
        ),
        says=("dropped 0%",),
    ),
    wrong(
        "attend",
        "dropout after the mixing",
        ATTEND,
        (
            DROPPED,
            "    out = apply(ATTENTION, weights, value, is_causal=is_causal)\n"
            "    return out, Dropout(dropout_p)(weights)",
        ),
        says=("mix with what you give back",),
    ),
    wrong(
        "attend",
        "forwards called past apply",
        ATTEND,
        (
            "apply(WEIGHTS, query, key, *masks, scale=scale, is_causal=is_causal)",
            "wrap(weights_of(*[x.data for x in (query, key, *masks)], scale=scale, is_causal=is_causal))",
        ),
        says=("gradient",),
    ),
    wrong(
        "attend",
        "a plain product for the mixture",
        ATTEND,
        ("return apply(ATTENTION, weights, value, is_causal=is_causal), weights", "return weights @ value, weights"),
        says=("the output is float32", "wanted float16"),
    ),
    wrong(
        "attend",
        "the weights as an array",
        ATTEND,
        ("is_causal=is_causal), weights", "is_causal=is_causal), weights.data"),
        says=("ndarray", "wanted a Tensor"),
    ),
    wrong(
        "attend",
        "tiles not told",
        ATTEND,
        ("*masks, scale=scale, is_causal=is_causal)", "*masks, scale=scale, is_causal=False)"),
        says=("the operations of attend", "tiles need to know"),
    ),
    wrong(
        "attend",
        "a mask in float32",
        ATTEND,
        ("added_mask(attn_mask, query.dtype)", "added_mask(attn_mask, np.dtype(np.float32))"),
        says=("the weights", "in float64"),
    ),
    wrong(
        "attend",
        "detached inputs",
        ATTEND,
        ("floating(query), floating(key), floating(value)", "floating(query).detach(), floating(key), floating(value)"),
        says=("gradient",),
    ),
    right(
        "attend",
        "an early causal mask",
        solution="""
    query, key, value = map(floating, (query, key, value))
    check_attention(query.shape, key.shape, value.shape)
    Tq, Tk, d = query.shape[-2], key.shape[-2], query.shape[-1]
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attn_mask beside is_causal")
        attn_mask = np.arange(Tk) <= np.arange(Tq)[:, None]
    inputs = [query, key] + ([] if attn_mask is None else [added_mask(attn_mask, query.dtype)])
    scale = 1 / math.sqrt(d) if scale is None else scale
    weights = Dropout(dropout_p)(apply(WEIGHTS, *inputs, scale=float(scale), is_causal=bool(is_causal)))
    return apply(ATTENTION, weights, value, is_causal=bool(is_causal)), weights
    """,
    ),
    wrong(
        "heads",
        "heads from a reshape alone",
        HEADS,
        (SPLIT, "x.reshape(*batch, num_heads, length, width // num_heads)"),
        says=("split_heads", "head 0 has the first numbers"),
    ),
    wrong(
        "heads",
        "every second number",
        HEADS,
        (SPLIT, "x.reshape(*batch, length, width // num_heads, num_heads).transpose(-1, -2).transpose(-3, -2)"),
        says=("split_heads", "gave"),
    ),
    wrong(
        "heads",
        "heads after positions",
        HEADS,
        (SPLIT, "x.reshape(*batch, length, num_heads, width // num_heads)"),
        says=("split_heads", "gave shape"),
    ),
    wrong(
        "heads",
        "joined by a reshape alone",
        HEADS,
        (JOIN, "x.reshape(*batch, length, heads * width)"),
        says=("join_heads", "side by side"),
    ),
    wrong(
        "heads",
        "joined number by number",
        HEADS,
        (JOIN, "x.transpose(-3, -2).transpose(-2, -1).reshape(*batch, length, heads * width)"),
        says=("join_heads", "gave"),
    ),
    wrong("heads", "copied", HEADS, (SPLIT, SPLIT + " * 1"), says=("split_heads", "copied")),
    wrong(
        "heads",
        "three axes alone",
        HEADS,
        (
            "    *batch, length, width = x.shape\n    return x.reshape",
            "    *batch, length, width = x.shape[:3]\n    return x.reshape",
        ),
        says=("split_heads",),
    ),
    wrong(
        "heads",
        "without a record",
        HEADS,
        (JOIN, "wrap(x.data.swapaxes(-3, -2).reshape(*batch, length, heads * width))"),
        says=("join_heads", "lost the record"),
    ),
    wrong(
        "heads",
        "a length that is guessed",
        HEADS,
        ("length, heads * width)", "-1, heads * width)"),
        says=("join_heads",),
    ),
    right(
        "heads",
        "by permute and swapaxes",
        (SPLIT, "x.reshape(*batch, length, num_heads, width // num_heads).swapaxes(-2, -3)"),
    ),
    wrong(
        "partial-gradient",
        "nothing filled with zeros",
        PARTIAL,
        ("(np.empty if complete else np.zeros)", "np.empty"),
        says=("0 elsewhere",),
    ),
    wrong(
        "partial-gradient",
        "ones where nothing is",
        PARTIAL,
        ("(np.empty if complete else np.zeros)", "np.ones"),
        says=("0 elsewhere", "wanted 0"),
    ),
    wrong(
        "partial-gradient",
        "always float64",
        PARTIAL,
        ("(self.shape, self.dtype)", "(self.shape)"),
        says=("is float64, wanted float32",),
    ),
    wrong(
        "partial-gradient",
        "the last part alone",
        PARTIAL,
        ("    for index, part in self.parts:", "    for index, part in self.parts[-1:]:"),
        says=("each part at its index",),
    ),
    wrong(
        "partial-gradient",
        "the part itself where it is the whole",
        PARTIAL,
        (
            "        for index, part in self.parts:",
            "        if len(self.parts) == 1 and complete:\n            return self.parts[0][1]\n"
            "        for index, part in self.parts:",
        ),
        says=("the same array twice",),
    ),
    wrong(
        "partial-gradient",
        "an array for each part",
        PARTIAL,
        (
            "        for index, part in self.parts:\n            out[index] = part\n",
            "        for index, part in self.parts:\n"
            "            more = np.zeros_like(out)\n            more[index] = part\n"
            "            out = out * 0 + more if part is self.parts[0][1] else out + more\n",
        ),
        says=("bytes", "one array"),
    ),
    wrong(
        "partial-gradient",
        "kept for the next time",
        PARTIAL,
        ("        return out\n", "        self.joined = lambda: out\n        return out\n"),
        says=("the same array twice",),
    ),
    wrong(
        "partial-gradient",
        "one number too few",
        PARTIAL,
        ("== math.prod(self.shape)", ">= math.prod(self.shape) // 2"),
        says=("0 elsewhere",),
    ),
    right(
        "partial-gradient",
        "always zeros",
        solution="""
        out = np.zeros(self.shape, self.dtype)
        for index, part in self.parts:
            out[index] += part
        return out
        """,
    ),
    wrong(
        "chunk",
        "parts of the length n // chunks",
        CHUNK,
        ("size = -(-x.shape[along] // chunks)", "size = max(x.shape[along] // chunks, 1)"),
        says=("the shapes of chunk", "ceil(n / chunks)"),
    ),
    wrong(
        "chunk",
        "always so many parts",
        CHUNK,
        (
            "starts = range(0, x.shape[along], size) if size else [0] * chunks",
            "starts = range(0, size * chunks, max(size, 1)) if size else [0] * chunks",
        ),
        says=("the shapes of chunk",),
    ),
    wrong("chunk", "one part of nothing", CHUNK, ("[0] * chunks", "[0]"), says=("the shapes of chunk", "(0, 2)")),
    wrong(
        "chunk", "negative axes overlooked", CHUNK, ("checked_axis(dim, x.shape)", "dim"), says=("chunk of",)
    ),
    wrong("chunk", "by slices", CHUNK, ("apply(CHUNK, x)", "x"), says=("",)),
    wrong("chunk", "a list", CHUNK, (WHOLE, WHOLE.replace("tuple(", "list(")), says=("gave a list", "tuple")),
    wrong(
        "chunk",
        "copies",
        CHUNK,
        (WHOLE, WHOLE.replace("for i in starts)", "* 1 for i in starts)")),
        says=("is a copy",),
    ),
    wrong(
        "chunk",
        "a whole for each part",
        CHUNK,
        ("apply(PART, whole,", "apply(PART, apply(CHUNK, x),"),
        says=("the operations of chunk",),
    ),
    wrong(
        "chunk",
        "a part on its own",
        CHUNK,
        (WHOLE, "return tuple(whole[(*before, slice(i, i + size))] for i in starts)"),
        says=("",),
    ),
    wrong(
        "chunk", "no parts given", CHUNK, ("if chunks < 1 or not x.ndim:", "if not x.ndim:"), says=("0 or -1 parts",)
    ),
    wrong(
        "chunk",
        "a single number taken",
        CHUNK,
        ("if chunks < 1 or not x.ndim:", "if chunks < 1:"),
        says=("single number",),
    ),
    wrong(
        "chunk",
        "without a record",
        CHUNK,
        ("x = as_tensor(input)", "x = as_tensor(input).detach()"),
        says=("backward",),
    ),
    right(
        "chunk",
        "one part after another",
        solution="""
    x = as_tensor(input)
    if chunks < 1 or x.ndim == 0:
        raise ValueError(f"{chunks} chunks of shape {x.shape}")
    dim = checked_axis(dim, x.shape)
    n, whole, parts = x.shape[dim], apply(CHUNK, x), []
    size = math.ceil(n / chunks)
    for i in range(chunks):
        if i * size < n or n == 0:
            index = [slice(None)] * x.ndim
            index[dim] = slice(i * size, (i + 1) * size)
            parts.append(apply(PART, whole, index=tuple(index)))
    return tuple(parts)
    """,
    ),
    wrong(
        "multihead-attention",
        "one head",
        LAYER,
        ("split_heads(x, self.num_heads)", "split_heads(x, 1)"),
        says=("MultiheadAttention(8, 2)", "the output"),
    ),
    wrong(
        "multihead-attention",
        "no last projection",
        LAYER,
        ("out = self.out_proj(join_heads(out))", "out = join_heads(out)"),
        says=("the output", "out_proj"),
    ),
    wrong(
        "multihead-attention",
        "True allows",
        LAYER,
        (
            "            attn_mask = mask_of_heads(as_tensor(attn_mask), self.num_heads)\n",
            "            attn_mask = as_tensor(attn_mask)\n",
        ),
        says=("the output",),
    ),
    wrong(
        "multihead-attention",
        "dropout at all times",
        LAYER,
        ("self.dropout * self.training", "self.dropout"),
        says=("eval()", "dropout is for training"),
    ),
    wrong(
        "multihead-attention",
        "no dropout",
        LAYER,
        ("self.dropout * self.training", "0.0"),
        says=("in training", "dropped"),
    ),
    wrong(
        "multihead-attention",
        "weights at all times",
        LAYER,
        ("        if not need_weights:\n            return out, None\n", ""),
        says=("without need_weights", "None"),
    ),
    wrong(
        "multihead-attention",
        "no mean",
        LAYER,
        ("weights.mean(axis=-3) if average_attn_weights else weights", "weights"),
        says=("averaged",),
    ),
    wrong(
        "multihead-attention",
        "always the mean",
        LAYER,
        ("weights.mean(axis=-3) if average_attn_weights else weights", "weights.mean(axis=-3)"),
        says=("of each head",),
    ),
    wrong(
        "multihead-attention",
        "the mean of the queries",
        LAYER,
        ("weights.mean(axis=-3)", "weights.mean(axis=-2)"),
        says=("averaged",),
    ),
    wrong(
        "multihead-attention",
        "no causal mask",
        LAYER,
        ("self.dropout * self.training, is_causal)", "self.dropout * self.training)"),
        says=("is_causal",),
    ),
    wrong(
        "multihead-attention",
        "always to itself",
        LAYER,
        ("projected(self, query, key, value)", "projected(self, query)"),
        says=("'keys': 5",),
    ),
    wrong(
        "multihead-attention",
        "keys for values",
        LAYER,
        ("projected(self, query, key, value)", "projected(self, query, key)"),
        says=("'values': 1",),
    ),
    wrong(
        "multihead-attention",
        "the output alone",
        LAYER,
        ("            return out, None\n", "            return out\n"),
        says=("gave a Tensor", "pair"),
    ),
    wrong(
        "multihead-attention",
        "weights in float32 always",
        LAYER,
        ("weights.astype(out.dtype)", "weights"),
        says=("the weights", "wanted float16"),
    ),
    wrong(
        "multihead-attention",
        "heads that are not joined",
        LAYER,
        ("join_heads(out)", "out.reshape(*out.shape[:-3], out.shape[-2], -1)"),
        says=("the output",),
    ),
    right(
        "multihead-attention",
        "step by step",
        solution="""
        queries, keys, values = projected(self, query, key, value)
        mask = None if attn_mask is None else mask_of_heads(as_tensor(attn_mask), self.num_heads)
        out, weights = attend(
            split_heads(queries, self.num_heads), split_heads(keys, self.num_heads),
            split_heads(values, self.num_heads),
            attn_mask=mask, dropout_p=self.dropout if self.training else 0.0, is_causal=is_causal)
        output, shown = self.out_proj(join_heads(out)), None
        if need_weights:
            shown = (weights.mean(axis=-3) if average_attn_weights else weights).astype(output.dtype)
        return output, shown
        """,
    ),
    wrong(
        "question-attention",
        "one head",
        "test-question-attention",
        ("12 * 1024 * 1024 * 4", "1024 * 1024 * 4"),
        says=("weight_bytes", "for each head"),
    ),
    wrong(
        "question-attention",
        "numbers for bytes",
        "test-question-attention",
        ("12 * 1024 * 1024 * 4", "12 * 1024 * 1024"),
        says=("weight_bytes",),
    ),
    wrong(
        "question-attention",
        "no bias",
        "test-question-attention",
        ("64 * 192 + 192 + 64 * 64 + 64", "64 * 192 + 64 * 64"),
        says=("parameter_count", "in_proj and out_proj"),
    ),
    wrong(
        "question-attention",
        "for each head",
        "test-question-attention",
        ("64 * 192 + 192", "4 * (64 * 192 + 192)"),
        says=("parameter_count",),
    ),
    wrong(
        "question-attention",
        "three projections and no last one",
        "test-question-attention",
        ("192 + 64 * 64 + 64", "192"),
        says=("parameter_count",),
    ),
    wrong(
        "softmax-in-place",
        "a little added to the sum",
        "test-softmax-in-place",
        (
            "    total[total == 0] = 1\n",
            "    total += 1e-9\n",
        ),
        says=("in float64", "gave 0.731058578", "each row by itself"),
    ),
    wrong(
        "softmax-in-place",
        "rows of a reshaped array",
        "test-softmax-in-place",
        solution="""
    rows = scores.reshape(-1, scores.shape[-1]) if scores.size else scores
    for row in rows if scores.size else []:
        highest = row.max()
        row -= 0 if highest == -np.inf else highest
        np.exp(row, out=row)
        row /= row.sum() or 1
    return scores
        """,
        says=("part of a larger array", "gave", "wanted"),
    ),
    wrong(
        "added-mask",
        "a boolean tensor as numbers",
        "test-added-mask",
        (
            "    mask = as_tensor(mask)\n",
            (
                "    if isinstance(mask, Tensor):\n        return mask.astype(dtype)\n"
                "    mask = as_tensor(mask)\n"
            ),
        ),
        says=("added_mask of Tensor", "gave 0, wanted -inf"),
    ),
    wrong(
        "fill-weights",
        "scores limited",
        "test-fill-weights",
        (
            "    if mask is not None:",
            "    np.clip(out, -20, 20, out=out)\n    if mask is not None:",
        ),
        says=("scale -20.0", "gave", "wanted"),
    ),
    wrong(
        "fill-weights",
        "scaled behind the mask",
        "test-fill-weights",
        (
            "np.matmul(query * scale, key",
            "np.matmul(query, key",
        ),
        (
            "    softmax_in_place(out)",
            "    out *= scale\n    softmax_in_place(out)",
        ),
        says=("scale -20.0", "then the mask"),
    ),
    wrong(
        "weights-rule",
        "a mask's gradient left as it was",
        "test-weights-rule",
        (
            "np.zeros_like(y) if",
            "np.empty_like(y) if",
        ),
        says=("the gradient of mask gave", "wanted"),
    ),
    wrong(
        "weights-rule",
        "no gradient for a mask where the query has none",
        "test-weights-rule",
        (
            "if needs[2:] == (True,) else None",
            "if all(needs) and mask is not None else None",
        ),
        says=("needs (False, False, True)", "the gradient of mask"),
    ),
    wrong(
        "attend",
        "a scale of 0 taken for none",
        "test-attend",
        (
            "if scale is None else float(scale)",
            "if not scale else float(scale)",
        ),
        says=("'scale': 0", "wanted 0.25"),
    ),
    wrong(
        "attend",
        "masks of the weights' shape alone",
        "test-attend",
        (
            "    masks = []",
            (
                "    if attn_mask is not None and as_tensor(attn_mask).shape[-2:] != "
                "(query.shape[-2], key.shape[-2]):\n"
                "        raise ValueError('a mask has a row for each query')\n    masks = []"
            ),
        ),
        says=("a mask of shape (6,)", "broadcasts to the weights"),
    ),
    wrong(
        "attend",
        "the output in the query's type",
        "test-attend",
        (
            "return apply(ATTENTION, weights, value, is_causal=is_causal), weights",
            (
                "return apply(ATTENTION, weights, value, "
                "is_causal=is_causal).astype(query.dtype), weights"
            ),
        ),
        says=("value in float64", "is float32, wanted float64"),
    ),
    wrong(
        "attend",
        "a mask without its record",
        "test-attend",
        (
            "added_mask(attn_mask, query.dtype)",
            "added_mask(as_tensor(attn_mask).data, query.dtype)",
        ),
        says=("lost the record of a floating mask",),
    ),
    wrong(
        "partial-gradient",
        "side by side as they came",
        "test-partial-gradient",
        (
            "    out = (np.empty",
            (
                "    if complete and len(self.parts) > 1:\n"
                "            return np.concatenate([part for _, part in self.parts], axis=-1)\n"
                "        out = (np.empty"
            ),
        ),
        says=("gave", "each part at its index"),
    ),
    wrong(
        "chunk",
        "tensors alone",
        "test-chunk",
        (
            "x = as_tensor(input)",
            "x = input",
        ),
        says=("the list [1, 2, 3]", "make a tensor"),
    ),
    wrong(
        "multihead-attention",
        "a floating mask made boolean",
        "test-multihead-attention",
        (
            "as_tensor(attn_mask)",
            "as_tensor(np.asarray(attn_mask, bool))",
        ),
        says=("under a floating mask gave 0", "it is added"),
    ),
    wrong(
        "multihead-attention",
        "a mask in place of the causal one",
        "test-multihead-attention",
        (
            "self.dropout * self.training, is_causal)",
            "self.dropout * self.training, is_causal and attn_mask is None)",
        ),
        says=("was accepted", "attn_mask", "is_causal"),
    ),
    wrong(
        "multihead-attention",
        "three products of one input",
        "test-multihead-attention",
        (
            "projected(self, query, key, value)",
            "projected(self, query, query if key is None else key, value)",
        ),
        says=("gave 4, wanted 2", "one product for three"),
    ),
    wrong(
        "multihead-attention",
        "weights without a record",
        "test-multihead-attention",
        (
            "return out, weights.astype(out.dtype)",
            "return out, weights.astype(out.dtype).detach()",
        ),
        says=("the weights have no record",),
    ),
    right(
        "softmax-in-place",
        "NumPy's own",
        solution="""
    highest = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    np.copyto(highest, 0, where=np.isneginf(highest))
    np.subtract(scores, highest, out=scores)
    np.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    np.divide(scores, np.where(total == 0, 1, total), out=scores)
    return scores
        """,
    ),
    right(
        "fill-weights",
        "scaled in place",
        (
            "np.matmul(query * scale, key.swapaxes(-1, -2), out=out)",
            "np.matmul(query, key.swapaxes(-1, -2), out=out)\n    out *= scale",
        ),
    ),
    right(
        "scores-gradient",
        "by einsum",
        (
            "np.vecdot(g, weights)[..., np.newaxis]",
            "np.einsum('...i,...i->...', g, weights)[..., None]",
        ),
    ),
    right(
        "scores-gradient",
        "by a product of matrices",
        (
            "g - np.vecdot(g, weights)[..., np.newaxis]",
            "g - (g[..., None, :] @ weights[..., :, None])[..., 0]",
        ),
    ),
    right(
        "partial-gradient",
        "zeros always",
        solution="""
        out = np.zeros(self.shape, self.dtype)
        for index, part in self.parts:
            out[index] += part
        return out
        """,
    ),
    right(
        "multihead-attention",
        "a condition",
        (
            "self.dropout * self.training",
            "self.dropout if self.training else 0.0",
        ),
    ),
    wrong(
        "scores-gradient",
        "the sum in float32",
        "test-scores-gradient",
        (
            "np.vecdot(g, weights)",
            "np.vecdot(g, weights, dtype=np.float32)",
        ),
        says=("float64 rows", "gave", "wanted"),
    ),
    wrong(
        "weights-rule",
        "shares limited",
        "test-weights-rule",
        (
            "to_scores = scores_gradient(g[tile.scores], y[tile.scores])",
            "to_scores = scores_gradient(g[tile.scores], y[tile.scores]).clip(-3, 3)",
        ),
        says=("the gradient of query gave", "wanted"),
    ),
    wrong(
        "weights-rule",
        "nan made 0 on the way",
        "test-weights-rule",
        (
            "to_scores = scores_gradient(g[tile.scores], y[tile.scores])",
            "to_scores = np.nan_to_num(scores_gradient(g[tile.scores], y[tile.scores]))",
        ),
        says=("gave 0, wanted nan", "passed on"),
    ),
    wrong(
        "attend",
        "is_causal compared with True",
        "test-attend",
        (
            "if is_causal and attn_mask is not None:",
            "if is_causal is True and attn_mask is not None:",
        ),
        says=("was accepted", "which of the two"),
    ),
    wrong(
        "multihead-attention",
        "dropout on the output as well",
        "test-multihead-attention",
        (
            "out = self.out_proj(join_heads(out))",
            "out = Dropout(self.dropout * self.training)(self.out_proj(join_heads(out)))",
        ),
        says=("dropped outputs",),
    ),
    wrong(
        "multihead-attention",
        "a mask whose record is lost",
        "test-multihead-attention",
        (
            "as_tensor(attn_mask)",
            "as_tensor(attn_mask).detach()",
        ),
        says=("a floating mask got no gradient",),
    ),
]
