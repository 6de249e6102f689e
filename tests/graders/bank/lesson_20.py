"""The bank for lesson 20: memoization."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

LATER = "later = np.arange(total) > np.arange(total - new, total)[:, np.newaxis]"
CONDITION = "if 0 < cache.length < block_size:"
EMBED = "x = model.wte(tokens).data + model.wpe.weight.data[places]"
LOGITS = "return wrap(multiply_matrices(norm(model.ln_f, x[:, -1]), model.wte.weight.data.T))"

# fmt: off
CASES: list[Case] = [
    wrong("token-flops", "one FLOP for a multiplication and an addition", "test-token-flops",
        ("layers = 2 * width", "layers = width"), says=("gave", "wanted 160", "four layers")),
    wrong("token-flops", "the keys alone", "test-token-flops", ("attention = 2 * width * total * 2",
        "attention = 2 * width * total"), says=("gave", "wanted 160", "attention")),
    wrong("token-flops", "logits in each block", "test-token-flops",
        ("return config.n_layer * (layers + attention) + 2 * width * config.vocab_size",
         "return config.n_layer * (layers + attention + 2 * width * config.vocab_size)"),
        says=("wanted 280", "the logits once")),
    wrong("token-flops", "no logits", "test-token-flops", (" + 2 * width * config.vocab_size", ""),
        says=("wanted 160", "the logits once")),
    wrong("token-flops", "attention to the whole context", "test-token-flops",
        ("attention = 2 * width * total * 2", "attention = 2 * width * config.block_size * 2"), says=("wanted 160",)),
    wrong("token-flops", "the width of a head", "test-token-flops",
        ("attention = 2 * width * total * 2", "attention = 2 * width // config.n_head * total * 2"),
        says=("wanted 512",)),
    wrong("token-flops", "a square of the text", "test-token-flops",
        ("attention = 2 * width * total * 2", "attention = 2 * width * total**2 * 2"), says=("wanted 160",)),
    wrong("token-flops", "a float", "test-token-flops", ("return config.n_layer", "return 1.0 * config.n_layer"),
        says=("160.0", "wanted a whole number")),
    right("token-flops", "by matrices", solution="""
    e = config.n_embd
    shapes = [(e, 3 * e), (e, e), (e, 4 * e), (4 * e, e), (e, total), (total, e)] * config.n_layer
    return sum(2 * k * n for k, n in [*shapes, (e, config.vocab_size)])
    """),

    wrong("cache-bytes", "keys alone", "test-cache-bytes", ("return 2 * config", "return config"),
        says=("gave 240, wanted 480", "a key and a value")),
    wrong("cache-bytes", "one layer", "test-cache-bytes", ("config.n_layer * ", ""), says=("wanted 480", "each layer")),
    wrong("cache-bytes", "for each head", "test-cache-bytes", ("config.n_layer *", "config.n_layer * config.n_head *"),
        says=("wanted 480",)),
    wrong("cache-bytes", "always four bytes", "test-cache-bytes", ("as_dtype(dtype).itemsize", "4"),
        says=("bfloat16", "wanted 240", "of that type")),
    wrong("cache-bytes", "the whole context", "test-cache-bytes", ("* tokens *", "* config.block_size *"),
        says=("wanted 480", "for each token")),
    wrong("cache-bytes", "numbers in place of bytes", "test-cache-bytes", (" * as_dtype(dtype).itemsize", ""),
        says=("gave 120, wanted 480",)),
    wrong("cache-bytes", "a float", "test-cache-bytes", ("return 2 *", "return 2.0 *"),
        says=("wanted a whole number",)),
    right("cache-bytes", "an array's own count", solution="""
    return np.empty((2, config.n_layer, tokens, config.n_embd), as_dtype(dtype)).nbytes
    """),

    wrong("kv-cache", "one array for both", "test-kv-cache",
        ("self.keys, self.values = np.zeros(shape, as_dtype(dtype)), np.zeros(shape, as_dtype(dtype))",
         "self.keys = self.values = np.zeros(shape, as_dtype(dtype))"), says=("are one array, wanted two",)),
    wrong("kv-cache", "always float32", "test-kv-cache",
        ("np.zeros(shape, as_dtype(dtype)), np.zeros(shape, as_dtype(dtype))",
         "np.zeros(shape, np.float32), np.zeros(shape, np.float32)"), says=("is float32, wanted bfloat16",)),
    wrong("kv-cache", "one text", "test-kv-cache", ("shape = cache_shape(config, batch_size)",
        "shape = cache_shape(config, 1)"), says=("the shape of keys", "wanted (3, 3,")),
    wrong("kv-cache", "the length moved in append", "test-kv-cache",
        ("        places = self.room(new)\n",
         "        places = self.room(new)\n        self.length = places.stop\n"), says=("length", "it stays")),
    wrong("kv-cache", "the new tokens alone come back", "test-kv-cache",
        ("return self.keys[layer, :, :, :places.stop], self.values[layer, :, :, :places.stop]",
         "return keys, values"), says=("the keys that came back",)),
    wrong("kv-cache", "copies come back", "test-kv-cache",
        ("return self.keys[layer, :, :, :places.stop], self.values[layer, :, :, :places.stop]",
         "return self.keys[layer, :, :, :places.stop].copy(), self.values[layer, :, :, :places.stop].copy()"),
        says=("are a copy: give a view",)),
    wrong("kv-cache", "all places come back", "test-kv-cache",
        ("return self.keys[layer, :, :, :places.stop], self.values[layer, :, :, :places.stop]",
         "return self.keys[layer], self.values[layer]"), says=("the keys that came back", "shape")),
    wrong("kv-cache", "the first layer always", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[0, :, :, places], self.values[0, :, :, places] = keys, values"), says=("that came back",)),
    wrong("kv-cache", "all layers at once", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[:, :, :, places], self.values[:, :, :, places] = keys, values"), says=("the keys that came back",)),
    wrong("kv-cache", "written from the start", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[layer, :, :, :new], self.values[layer, :, :, :new] = keys, values"), says=("that came back",)),
    wrong("kv-cache", "values for keys", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[layer, :, :, places], self.values[layer, :, :, places] = values, keys"),
        says=("the keys that came back",)),
    wrong("kv-cache", "concatenated", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys, self.values = self.keys.copy(), self.values.copy()\n"
         "        self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values"),
        says=("are a copy",)),
    wrong("kv-cache", "the rest cleared", "test-kv-cache",
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[layer, :, :, places.start:] = 0\n"
         "        self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values"),
        says=("wrote behind the new tokens",)),
    wrong("kv-cache", "values not looked at", "test-kv-cache-refuses",
        ('        check_entry("values", values, self.values, new)\n', ""),
        says=("was accepted", "wanted a ValueError")),
    wrong("kv-cache", "keys not looked at", "test-kv-cache-refuses",
        ('        check_entry("keys", keys, self.keys, new)\n', ""), says=("was accepted",)),
    wrong("kv-cache", "keys written before the values are looked at", "test-kv-cache-refuses",
        ('        check_entry("values", values, self.values, new)\n'
         "        self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values\n",
         "        self.keys[layer, :, :, places] = keys\n"
         '        check_entry("values", values, self.values, new)\n'
         "        self.values[layer, :, :, places] = values\n"),
        says=("has changed the cache", "look before you write")),
    wrong("kv-cache", "room not asked for", "test-kv-cache-refuses",
        ("places = self.room(new)", "places = slice(self.length, self.length + new)"), says=("wanted", "ValueError")),
    right("kv-cache", "empty arrays, one after another",
        ("self.keys, self.values = np.zeros(shape, as_dtype(dtype)), np.zeros(shape, as_dtype(dtype))",
         "self.keys, self.values = np.empty((2, *shape), as_dtype(dtype))"),
        ("self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
         "self.keys[layer][..., places, :] = keys\n        self.values[layer][..., places, :] = values")),

    wrong("last-weights", "no mask", "test-last-weights", ("scores[..., later] = -np.inf", "pass"),
        says=("gave", "wanted", "up to itself")),
    wrong("last-weights", "a mask that counts from the first key", "test-last-weights",
        (LATER, "later = np.arange(total) > np.arange(new)[:, np.newaxis]"),
        says=("3 queries, the last of 5", "query i")),
    wrong("last-weights", "its own token hidden", "test-last-weights",
        (LATER, LATER.replace(">", ">=")), says=("gave", "wanted", "up to itself")),
    wrong("last-weights", "not scaled", "test-last-weights", ("query * query.shape[-1]**-0.5 @", "query @"),
        says=("gave", "wanted")),
    wrong("last-weights", "scaled by the width", "test-last-weights", ("**-0.5", "**-1.0"), says=("gave", "wanted")),
    wrong("last-weights", "softmax over the queries", "test-last-weights", ("axis=-1)", "axis=-2)"),
        says=("gave", "wanted")),
    wrong("last-weights", "the mask for one query too, from the first key", "test-last-weights",
        ("if new > 1:\n        " + LATER,
         "if True:\n        later = np.arange(total) > np.arange(new)[:, np.newaxis]"),
        says=("1 queries, the last of 5",)),
    wrong("last-weights", "the query scaled in place", "test-last-weights",
        ("scores = query * query.shape[-1]**-0.5 @ keys.swapaxes(-1, -2)",
         "query *= query.shape[-1]**-0.5\n    scores = query @ keys.swapaxes(-1, -2)"),
        says=("changed query", "only read")),
    wrong("last-weights", "hidden by 0 before the softmax", "test-last-weights", ("= -np.inf", "= 0"),
        says=("gave", "wanted")),
    wrong("last-weights", "hidden after the softmax", "test-last-weights",
        solution="""
    new, total = query.shape[-2], keys.shape[-2]
    weights = normalized_exp(query * query.shape[-1]**-0.5 @ keys.swapaxes(-1, -2), axis=-1)
    return np.tril(weights, total - new)
    """, says=("gave", "wanted")),
    wrong("last-weights", "a number of another type", "test-last-weights",
        ("query.shape[-1]**-0.5", "np.float64(query.shape[-1]**-0.5)"), says=("is float64, wanted float32",)),
    right("last-weights", "a triangle", solution="""
    new, total = query.shape[-2], keys.shape[-2]
    scores = np.matmul(query, np.moveaxis(keys, -1, -2)) / np.sqrt(query.shape[-1], dtype=query.dtype)
    seen = np.tril(np.ones((new, total), bool), total - new)
    scores = np.where(seen, scores, np.full_like(scores, -np.inf))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)
    """),

    wrong("cached-attention", "keys of the new tokens alone", "test-cached-attention",
        ("keys, values = cache.append(layer, key, value)",
         "cache.append(layer, key, value)\n    keys, values = key, value"),
        says=("tokens 3 to 3", "does it see the tokens in the cache")),
    wrong("cached-attention", "heads and width in the other order", "test-cached-attention",
        ("reshape(batch, new, 3, attn.num_heads, -1)", "reshape(batch, new, 3, -1, attn.num_heads)"),
        says=("failed", "cache")),
    wrong("cached-attention", "heads not side by side", "test-cached-attention",
        ("mixed.swapaxes(1, 2).reshape", "mixed.reshape"),
        says=("gave", "wanted")),
    wrong("cached-attention", "keys and values exchanged", "test-cached-attention",
        ("query, key, value = parts", "query, value, key = parts"), says=("gave", "wanted")),
    wrong("cached-attention", "queries and keys exchanged", "test-cached-attention",
        ("query, key, value = parts", "key, query, value = parts"), says=("gave", "wanted")),
    wrong("cached-attention", "the first layer always", "test-cached-attention",
        ("cache.append(layer,", "cache.append(0,"),
        says=("into another layer",)),
    wrong("cached-attention", "no projection at the end", "test-cached-attention",
        ("return dense(attn.out_proj, mixed.swapaxes(1, 2).reshape(batch, new, width))",
         "return mixed.swapaxes(1, 2).reshape(batch, new, width)"), says=("gave", "wanted")),
    wrong("cached-attention", "the length moved", "test-cached-attention",
        ("    mixed =", "    cache.length += new\n    mixed ="), says=("length", "it stays until all layers have run")),
    wrong("cached-attention", "a Tensor", "test-cached-attention", ("return dense(", "return wrap(dense("),
        ("reshape(batch, new, width))", "reshape(batch, new, width)))"), says=("gave a Tensor, wanted an array",)),
    wrong("cached-attention", "NumPy's product, of 16-bit numbers too", "test-cached-attention",
        ("multiply_matrices(last_weights(query, keys), values)",
         "last_weights(query, keys).astype(np.float32) @ values.astype(np.float32)"),
        says=("is float32, wanted bfloat16",)),
    right("cached-attention", "by the three parts", solution="""
    width, shape = x.shape[-1], (*x.shape[:2], attn.num_heads, -1)
    together = dense(attn.in_proj, x)
    query, key, value = (together[..., i * width:(i + 1) * width].reshape(shape).swapaxes(1, 2) for i in range(3))
    keys, values = cache.append(layer, key, value)
    mixed = multiply_matrices(last_weights(query, keys), values).transpose(0, 2, 1, 3)
    return dense(attn.out_proj, mixed.reshape(x.shape))
    """),

    wrong("cached-block", "attention of what is not normed", "test-cached-block",
        ("cached_attention(block.attn, norm(block.ln_1, x), cache, layer)",
         "cached_attention(block.attn, x, cache, layer)"),
        says=("gave", "wanted")),
    wrong("cached-block", "the input not added", "test-cached-block",
        ("x = x + cached_attention", "x = cached_attention"), says=("gave", "wanted")),
    wrong("cached-block", "the input changed", "test-cached-block",
        ("x = x + cached_attention", "x += cached_attention"),
        says=("changed x", "only read")),
    wrong("cached-block", "the first norm twice", "test-cached-block", ("norm(block.ln_2, x)", "norm(block.ln_1, x)"),
        says=("gave", "wanted")),
    wrong("cached-block", "the MLP with its dropout", "test-cached-block",
        solution="""
    x = x + cached_attention(block.attn, norm(block.ln_1, x), cache, layer)
    return x + block.mlp(wrap(norm(block.ln_2, x))).data
    """, says=("gave", "wanted")),
    wrong("cached-block", "the block put into evaluation mode", "test-cached-block",
        solution="""
    block.eval()
    x = x + cached_attention(block.attn, norm(block.ln_1, x), cache, layer)
    return x + block.mlp(wrap(norm(block.ln_2, x))).data
    """, says=("evaluation mode", "leave its mode")),
    wrong("cached-block", "always GELU", "test-cached-block", ("block.mlp.activation(", "gelu("),
        says=("gave", "wanted")),
    wrong("cached-block", "the sum not kept", "test-cached-block",
        ("return x + dense(block.mlp.proj, hidden.data)", "return dense(block.mlp.proj, hidden.data)"),
        says=("gave", "wanted")),
    wrong("cached-block", "a Tensor", "test-cached-block",
        ("return x + dense(block.mlp.proj, hidden.data)", "return wrap(x + dense(block.mlp.proj, hidden.data))"),
        says=("gave a Tensor, wanted an array",)),
    wrong("cached-block", "layer 0 always", "test-cached-block", ("cache, layer)", "cache, 0)"),
        says=("into another layer",)),
    right("cached-block", "in steps", solution="""
    attended = cached_attention(block.attn, norm(block.ln_1, x), cache, layer)
    middle = np.add(x, attended)
    inner = dense(block.mlp.fc, norm(block.ln_2, middle))
    return dense(block.mlp.proj, block.mlp.activation(Tensor(inner)).numpy()) + middle
    """),

    wrong("prefill", "places from 0", "test-prefill", ("data[places]\n", "data[:tokens.shape[1]]\n"),
        says=("prefill of tokens 3 to 3", "at which places")),
    wrong("prefill", "no positions", "test-prefill", (" + model.wpe.weight.data[places]", ""), says=("gave", "wanted")),
    wrong("prefill", "all logits", "test-prefill", ("x[:, -1]", "x"), says=("shape",)),
    wrong("prefill", "the first token's logits", "test-prefill", ("x[:, -1]", "x[:, 0]"), says=("gave", "wanted")),
    wrong("prefill", "the last norm forgotten", "test-prefill", ("norm(model.ln_f, x[:, -1])", "x[:, -1]"),
        says=("gave", "wanted")),
    wrong("prefill", "the length not moved", "test-prefill", ("    cache.length = places.stop\n", ""),
        says=("the cache's length", "wanted 5")),
    wrong("prefill", "the length of the piece", "test-prefill",
        ("cache.length = places.stop", "cache.length = tokens.shape[1]"),
        says=("the cache's length",)),
    wrong("prefill", "one layer for all", "test-prefill", ("cache, layer)", "cache, 0)"), says=("gave", "wanted")),
    wrong("prefill", "the first block alone", "test-prefill",
        ("enumerate(model.blocks)", "enumerate(model.blocks[:1])"),
        says=("gave", "wanted")),
    wrong("prefill", "an array", "test-prefill", (LOGITS, LOGITS.replace("wrap(", "(")), says=("wanted a Tensor",)),
    wrong("prefill", "with a record", "test-prefill",
        (LOGITS, "return wrap(norm(model.ln_f, x[:, -1])) @ model.wte.weight.transpose()"),
        says=("require a gradient", "no_grad")),
    wrong("prefill", "evaluation mode for good", "test-prefill",
        ("    with no_grad():", "    model.eval()\n    with no_grad():"),
        says=("changed the mode of", "leave each as it was")),
    wrong("prefill", "training mode put back for all", "test-prefill",
        (LOGITS, "model.train()\n    " + LOGITS), says=("changed the mode of",)),
    wrong("prefill", "an embedding that is changed in place", "test-prefill",
        (EMBED, "model.wpe.weight.data[places] += 1\n        " + EMBED), says=("changed wpe.weight",)),
    wrong("prefill", "the length moved first", "test-prefill-refuses",
        ("    cache.length = places.stop\n", ""),
        ("    places = cache.room(tokens.shape[1])\n",
         "    places = cache.room(tokens.shape[1])\n    cache.length = places.stop\n"),
        says=("the cache's length after", "it stays as it was")),
    wrong("prefill", "a cache that begins anew when it is full", "test-prefill-refuses",
        ("    places = cache.room(tokens.shape[1])\n",
         "    if cache.length + tokens.shape[1] > cache.block_size:\n        cache.truncate(0)\n"
         "    places = cache.room(tokens.shape[1])\n"), says=("was accepted", "ValueError")),
    wrong("prefill", "tokens folded into the vocabulary", "test-prefill-refuses",
        (EMBED, EMBED.replace("(tokens)", "(tokens % model.config.vocab_size)")), says=("was accepted",)),
    right("prefill", "in tensors", solution="""
    places = cache.room(tokens.shape[1])
    with no_grad():
        x = (model.wte(tokens) + model.wpe(np.arange(places.start, places.stop))).numpy()
        for layer in range(len(model.blocks)):
            x = cached_block(model.blocks[layer], x, cache, layer)
        cache.length += tokens.shape[1]
        return model.ln_f(wrap(x[:, -1])) @ model.wte.weight.transpose()
    """),

    wrong("decode-step", "one token for all texts", "test-decode-step",
        ("np.asarray(token)[..., np.newaxis]", "np.full((cache.keys.shape[1], 1), np.asarray(token).reshape(-1)[0])"),
        says=("gave", "wanted")),
    wrong("decode-step", "all tokens in one text", "test-decode-step", ("[..., np.newaxis]", "[np.newaxis]"),
        says=("holds 8 tokens of at most 8",)),
    wrong("decode-step", "the cache forgotten", "test-decode-step",
        ("cache)", "type(cache)(model.config, len(token), cache.keys.dtype))"), says=("gave", "wanted")),
    wrong("decode-step", "any shape taken", "test-decode-step",
        ("np.asarray(token)[..., np.newaxis]", "np.asarray(token).reshape(cache.keys.shape[1], -1)"),
        says=("wanted one that says 'batch'",)),
    wrong("decode-step", "a full cache that loses its last token", "test-decode-step",
        solution="""
    cache.truncate(min(cache.length, cache.block_size - 1))
    return prefill(model, np.asarray(token)[..., np.newaxis], cache)
    """, says=("was accepted", "holds")),
    wrong("decode-step", "cut to whole numbers", "test-decode-step",
        ("np.asarray(token)", "np.asarray(token).astype(np.int64)"), says=("was accepted", "TypeError")),
    wrong("decode-step", "the length moved twice", "test-decode-step",
        solution="""
    logits = prefill(model, np.asarray(token)[..., np.newaxis], cache)
    cache.length += 1
    return logits
    """, says=("the cache's length", "one more than before")),
    right("decode-step", "a column", solution="""
    token = np.asarray(token)
    if token.ndim != 1:
        raise ValueError(f"one token for each text, got {token.shape}")
    return prefill(model, token.reshape(-1, 1), cache)
    """),

    wrong("generate-cached", "the whole text each time", "test-generate-once", (CONDITION, "if False:"),
        says=("each token once",)),
    wrong("generate-cached", "the prompt one token after another", "test-generate-once",
        solution="""
    for place in range(max(0, tokens.shape[1] - block_size), tokens.shape[1] - 1):
        decode_step(model, tokens[:, place], cache)
    for _ in range(max_new_tokens):
        if cache.length < block_size:
            logits = decode_step(model, tokens[:, -1], cache)
        else:
            cache.truncate(0)
            logits = prefill(model, tokens[:, -block_size:], cache)
        new = draw(next_probabilities(logits.data, temperature, top_k), rng)
        tokens = np.concatenate([tokens, new[:, np.newaxis]], axis=1)
    """, says=("each token once",)),
    wrong("generate-cached", "old keys kept when the context is full", "test-generate-cached",
        solution="""
    for _ in range(max_new_tokens):
        if cache.length == block_size:
            for array in (cache.keys, cache.values):
                array[:, :, :, :-1] = array[:, :, :, 1:].copy()
            cache.truncate(block_size - 1)
        if cache.length:
            logits = decode_step(model, tokens[:, -1], cache)
        else:
            logits = prefill(model, tokens[:, -block_size:], cache)
        new = draw(next_probabilities(logits.data, temperature, top_k), rng)
        tokens = np.concatenate([tokens, new[:, np.newaxis]], axis=1)
    """, says=("gave", "wanted", "as generate does")),
    wrong("generate-cached", "stops where the context ends", "test-generate-cached",
        ("        else:\n", "        elif cache.length:\n            break\n        else:\n"), says=("gave", "wanted")),
    wrong("generate-cached", "temperature overlooked", "test-generate-cached", ("temperature, top_k", "1.0, top_k"),
        says=("temperature=0", "wanted")),
    wrong("generate-cached", "top_k overlooked", "test-generate-cached", ("temperature, top_k", "temperature"),
        says=("top_k=3", "wanted")),
    wrong("generate-cached", "the shared generator", "test-generate-cached",
        (", rng)", ", generator())"), says=("leave generator() alone",)),
    wrong("generate-cached", "a generator of its own for each token", "test-generate-cached",
        (", rng)", ", np.random.default_rng(seed))"), says=("gave", "wanted")),
    wrong("generate-cached", "half of the context at a time", "test-generate-cached",
        ("tokens[:, -block_size:]", "tokens[:, -(block_size // 2):]"), says=("gave", "wanted")),
    wrong("generate-cached", "the new tokens alone", "test-generate-cached",
        ("    for _ in range(max_new_tokens):", "    prompt = tokens.shape[1]\n    for _ in range(max_new_tokens):"),
        ("[tokens, new[:, np.newaxis]], axis=1)\n",
         "[tokens, new[:, np.newaxis]], axis=1)\n    tokens = tokens[:, prompt:]\n"), says=("gave", "wanted")),
    wrong("generate-cached", "evaluation mode for good", "test-generate-cached",
        ("    for _ in range(max_new_tokens):", "    model.eval()\n    for _ in range(max_new_tokens):"),
        says=("changed the mode of",)),
    wrong("generate-cached", "one token too few", "test-generate-cached",
        ("range(max_new_tokens)", "range(max_new_tokens - 1)"),
        says=("gave", "wanted")),
    right("generate-cached", "a cache made anew", solution="""
    for _ in range(max_new_tokens):
        if cache.length and cache.length + 1 <= block_size:
            logits = decode_step(model, tokens[:, -1], cache)
        else:
            cache = KVCache(model.config, len(tokens), model.wte.weight.dtype)
            logits = prefill(model, tokens[:, -block_size:], cache)
        new = draw(next_probabilities(logits.numpy(), temperature, top_k), rng)
        tokens = np.hstack([tokens, new.reshape(-1, 1)])
    """),

    wrong("question-memoization", "bytes of float32", "test-question-memoization",
        ("2 * 6 * 512 * 2", "2 * 6 * 512 * 4"), says=("bytes_a_token is 24576", "each layer")),
    wrong("question-memoization", "bytes for each head", "test-question-memoization",
        ("2 * 6 * 512 * 2", "2 * 6 * 8 * 512 * 2"), says=("bytes_a_token is 98304",)),
    wrong("question-memoization", "tokens written", "test-question-memoization", ("99 * 100 // 2", "99"),
        says=("tokens_run is 99", "1, then 2")),
    wrong("question-memoization", "the last token run too", "test-question-memoization",
        ("99 * 100 // 2", "100 * 101 // 2"), says=("tokens_run is 5050",)),
    wrong("question-memoization", "the width", "test-question-memoization", ("6 * 128", "128"),
        says=("equal_at is 128", "squared")),
    right("question-memoization", "in numbers", solution="""
    bytes_a_token, tokens_run, equal_at = 12288, 4950, 768.0
    """),
    wrong(
        "last-weights",
        "a small number for later tokens",
        "test-last-weights",
        (
            "scores[..., later] = -np.inf",
            "scores[..., later] = -30.0",
        ),
        says=("a later token", "wanted 0.0"),
    ),
    wrong(
        "last-weights",
        "a softmax that overflows",
        "test-last-weights",
        (
            "return normalized_exp(scores, axis=-1)",
            (
                "powers = np.exp(scores)\n"
                "    return powers / powers.sum(axis=-1, keepdims=True)"
            ),
        ),
        says=("queries of 1000.0", "gave nan", "the largest score is subtracted"),
    ),
    wrong(
        "last-weights",
        "a large number for -inf",
        "test-last-weights",
        (
            "scores[..., later] = -np.inf",
            "scores[..., later] = -1e4",
        ),
        says=("queries of -1000.0", "gave", "later tokens get 0"),
    ),
    wrong(
        "last-weights",
        "nan made 0",
        "test-last-weights",
        (
            "return normalized_exp(scores, axis=-1)",
            "return np.nan_to_num(normalized_exp(scores, axis=-1))",
        ),
        says=("a first key of nan hid it",),
    ),
    wrong(
        "prefill",
        "all logits, and then the last",
        "test-prefill",
        (
            (
                "return wrap(multiply_matrices(norm(model.ln_f, x[:, -1]), "
                "model.wte.weight.data.T))"
            ),
            (
                "return wrap(multiply_matrices(norm(model.ln_f, x), model.wte.weight.data.T)[:, "
                "-1])"
            ),
        ),
        says=("bytes where the logits of one are 80,000", "the last token"),
    ),
    wrong(
        "prefill",
        "negative tokens from the end",
        "test-prefill-refuses",
        (
            "        x = model.wte(tokens).data + ",
            (
                "        if tokens.max() >= model.config.vocab_size:\n"
                "            raise ValueError(f'{tokens.max()} is not in "
                "{model.config.vocab_size}')\n        x = model.wte.weight.data[tokens] + "
            ),
        ),
        says=("was accepted", "'-1'"),
    ),
    wrong(
        "prefill",
        "blocks run twice",
        "test-prefill",
        (
            "            x = cached_block(block, x, cache, layer)",
            (
                "            cached_block(block, x, cache, layer)\n"
                "            x = cached_block(block, x, cache, layer)"
            ),
        ),
        says=("the blocks that ran gave [0, 0, 1, 1], wanted [0, 1]",),
    ),
    wrong(
        "decode-step",
        "run twice",
        "test-decode-step",
        (
            "    return prefill",
            (
                "    length = cache.length\n"
                "    prefill(model, np.asarray(token)[..., np.newaxis], cache)\n"
                "    cache.length = length\n    return prefill"
            ),
        ),
        says=("the blocks that ran gave", "each once"),
    ),
    wrong(
        "decode-step",
        "a number for one text",
        "test-decode-step",
        (
            "np.asarray(token)[..., np.newaxis]",
            "np.atleast_1d(token)[..., np.newaxis]",
        ),
        says=("() tokens", "was accepted"),
    ),
    wrong(
        "decode-step",
        "reshaped to one column",
        "test-decode-step",
        (
            "np.asarray(token)[..., np.newaxis]",
            "np.asarray(token).reshape(-1, 1)",
        ),
        says=("(2, 1) tokens", "was accepted"),
    ),
    wrong(
        "generate-cached",
        "the last token run too",
        "test-generate-once",
        (
            "        tokens = np.concatenate([tokens, new[:, np.newaxis]], axis=1)\n",
            (
                "        tokens = np.concatenate([tokens, new[:, np.newaxis]], axis=1)\n"
                "    if max_new_tokens and cache.length < block_size:\n"
                "        decode_step(model, tokens[:, -1], cache)\n"
            ),
        ),
        says=("had run gave", "each token once"),
    ),
    right(
        "kv-cache",
        "one array with two halves",
        (
            (
                "self.keys, self.values = np.zeros(shape, as_dtype(dtype)), np.zeros(shape, "
                "as_dtype(dtype))"
            ),
            "self.keys, self.values = np.zeros((2, *shape), as_dtype(dtype))",
        ),
    ),
    right(
        "kv-cache",
        "moved by hand",
        (
            "self.keys[layer, :, :, places], self.values[layer, :, :, places] = keys, values",
            (
                "for held, come in ((self.keys, keys), (self.values, values)):\n"
                "            np.copyto(held[layer][:, :, self.length:self.length + new], come)"
            ),
        ),
    ),
    right(
        "last-weights",
        "a mask that is added",
        (
            "        scores[..., later] = -np.inf",
            "        scores = scores + np.where(later, -np.inf, 0).astype(scores.dtype)",
        ),
    ),
    right(
        "last-weights",
        "tril",
        (
            "later = np.arange(total) > np.arange(total - new, total)[:, np.newaxis]",
            "later = ~np.tri(new, total, total - new, dtype=bool)",
        ),
    ),
    right(
        "decode-step",
        "expand_dims",
        (
            "np.asarray(token)[..., np.newaxis]",
            "np.expand_dims(token, -1)",
        ),
    ),
    right(
        "decode-step",
        "reshape",
        (
            "np.asarray(token)[..., np.newaxis]",
            "np.reshape(token, (*np.shape(token), 1))",
        ),
    ),
    right(
        "generate-cached",
        "prefilled before the loop",
        solution="""
    for step in range(max_new_tokens):
        if step and cache.length < block_size:
            logits = decode_step(model, new, cache)
        else:
            cache.truncate(0)
            logits = prefill(model, tokens[:, -block_size:], cache)
        new = draw(next_probabilities(logits.data, temperature, top_k), rng)
        tokens = np.hstack([tokens, new[:, None]])
        """,
    ),
    wrong(
        "generate-cached",
        "a cache that is kept by the model",
        "test-generate-cached",
        (
            "    for _ in range(max_new_tokens):",
            (
                "    cache = model.__dict__.setdefault('kept', cache) if len(tokens) == 1 else "
                "cache\n    for _ in range(max_new_tokens):"
            ),
        ),
        says=("the tokens of a second call", "its own cache"),
    ),
]
