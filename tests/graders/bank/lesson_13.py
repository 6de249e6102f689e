"""The bank for lesson 13: transformers."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("mlp", "GELU whatever the config says", "test-mlp",
        ("self.activation(self.fc(x))", "gelu(self.fc(x))"), says=("the MLP of width", "fc, activation, proj, drop")),
    wrong("mlp", "no activation", "test-mlp",
        ("self.activation(self.fc(x))", "self.fc(x)"), says=("fc, activation, proj, drop",)),
    wrong("mlp", "twice as many", "test-mlp",
        ("self.fc = Linear(config.n_embd, 4 * config.n_embd)", "self.fc = Linear(config.n_embd, 2 * config.n_embd)"),
        ("self.proj = Linear(4 * config.n_embd", "self.proj = Linear(2 * config.n_embd"),
        says=("names and shapes", "(8, 32)")),
    wrong("mlp", "names of one's own", "test-mlp",
        ("self.fc = Linear", "self.up = Linear"),
        ("self.fc(x)", "self.up(x)"), says=("names and shapes", "'fc.weight'")),
    wrong("mlp", "no dropout", "test-mlp",
        ("self.drop(self.proj(self.activation(self.fc(x))))", "self.proj(self.activation(self.fc(x)))"),
        says=("dropout comes last",)),
    wrong("mlp", "dropout in the middle", "test-mlp",
        ("self.drop(self.proj(self.activation(self.fc(x))))", "self.proj(self.drop(self.activation(self.fc(x))))"),
        says=("dropout comes last",)),
    wrong("mlp", "dropout of a tenth", "test-mlp",
        ("Dropout(config.dropout)", "Dropout(0.1)"), says=("dropout comes last",)),
    wrong("mlp", "the input added here", "test-mlp",
        ("return self.drop(", "return x + self.drop("), says=("the MLP of width",)),
    wrong("mlp", "an activation at the end too", "test-mlp",
        ("self.drop(self.proj(self.activation(self.fc(x))))",
         "self.drop(self.activation(self.proj(self.activation(self.fc(x)))))"),
        says=("fc, activation, proj, drop",)),
    wrong("mlp", "layers that are made in each call", "test-mlp",
        ("        return self.drop(",
         "        self.proj = Linear(self.fc.bias.size, x.shape[-1])\n        return self.drop("),
        says=("the MLP of width",)),
    wrong("mlp", "no bias", "test-mlp",
        ("self.proj = Linear(4 * config.n_embd, config.n_embd)",
         "self.proj = Linear(4 * config.n_embd, config.n_embd, bias=False)"),
        says=("names and shapes",)),
    wrong("mlp", "the mean of a row taken off", "test-mlp",
        ("return self.drop(", "x = x - x.mean(axis=-1, keepdims=True)\n        return self.drop("),
        says=("fc, activation",)),
    wrong("mlp", "a graph that is cut", "test-mlp",
        ("self.proj(self.activation(self.fc(x)))", "self.proj(wrap(self.activation(self.fc(x)).data))"),
        says=("no gradient reached fc.weight",)),
    right("mlp", "a chain of its parts",
        ("return self.drop(self.proj(self.activation(self.fc(x))))",
         "for part in (self.fc, self.activation, self.proj, self.drop):\n            x = part(x)\n        return x")),

    wrong("block", "the norm after the sum", "test-block",
        ("attended, _ = self.attn(self.ln_1(x), is_causal=True)\n"
         "        x = x + self.drop(attended)\n"
         "        return x + self.mlp(self.ln_2(x))",
         "attended, _ = self.attn(x, is_causal=True)\n"
         "        x = self.ln_1(x + self.drop(attended))\n"
         "        return self.ln_2(x + self.mlp(x))"),
        says=("norm, part, sum",)),
    wrong("block", "both parts beside each other", "test-block",
        ("        x = x + self.drop(attended)\n        return x + self.mlp(self.ln_2(x))",
         "        return x + self.drop(attended) + self.mlp(self.ln_2(x))"),
        says=("norm, part, sum",)),
    wrong("block", "the same norm twice", "test-block",
        ("self.mlp(self.ln_2(x))", "self.mlp(self.ln_1(x))"), says=("norm, part, sum",)),
    wrong("block", "one norm shared by both", "test-block",
        ("self.ln_2 = LayerNorm(config.n_embd)", "self.ln_2 = self.ln_1"), says=("names and shapes",)),
    wrong("block", "no mask", "test-block", (", is_causal=True", ""), says=("no token is told of those after it",)),
    wrong("block", "attention without a sum", "test-block",
        ("x = x + self.drop(attended)", "x = self.drop(attended)"), says=("norm, part, sum",)),
    wrong("block", "the MLP without a sum", "test-block",
        ("return x + self.mlp", "return self.mlp"), says=("norm, part, sum",)),
    wrong("block", "the sum dropped", "test-block",
        ("x + self.drop(attended)", "self.drop(x + attended)"), says=("a Block in training, dropout 0.5",)),
    wrong("block", "nothing dropped of attention", "test-block",
        ("self.drop(attended)", "attended"), says=("drop what attention gives",)),
    wrong("block", "attention that is not told of the dropout", "test-block",
        ("MultiheadAttention(config.n_embd, config.n_head, config.dropout)",
         "MultiheadAttention(config.n_embd, config.n_head)"),
        says=("its attention dropped nothing",)),
    wrong("block", "one head", "test-block",
        ("MultiheadAttention(config.n_embd, config.n_head,", "MultiheadAttention(config.n_embd, 1,"), says=("heads",)),
    wrong("block", "a sum in the caller's array", "test-block",
        ("x = x + self.drop(attended)", "x.data += self.drop(attended).data"), says=("leave x as it is",)),
    wrong("block", "attention to what is not normed", "test-block",
        ("self.attn(self.ln_1(x)", "self.attn(x"), says=("norm, part, sum",)),
    wrong("block", "keys and values not normed", "test-block",
        ("self.attn(self.ln_1(x), is", "self.attn(self.ln_1(x), x, x, is"), says=("norm, part, sum",)),
    wrong("block", "attention without a gradient", "test-block",
        ("self.drop(attended)", "self.drop(wrap(attended.data))"), says=("no gradient reached ln_1.weight",)),
    right("block", "one sum of three",
        ("        x = x + self.drop(attended)\n        return x + self.mlp(self.ln_2(x))",
         "        middle = self.drop(attended) + x\n        return self.mlp(self.ln_2(middle)) + middle")),

    wrong("initialize", "0.02 everywhere", "test-initialize",
        ("last.weight.data /= math.sqrt(2 * len(model.blocks))", "pass"),
        says=("out_proj.weight", "standard deviation")),
    wrong("initialize", "the root of the blocks", "test-initialize",
        ("2 * len(model.blocks)", "len(model.blocks)"), says=("standard deviation",)),
    wrong("initialize", "not the root", "test-initialize",
        ("math.sqrt(2 * len(model.blocks))", "(2 * len(model.blocks))"), says=("standard deviation",)),
    wrong("initialize", "the way into attention", "test-initialize",
        ("block.attn.out_proj", "block.attn.in_proj"), says=("standard deviation",)),
    wrong("initialize", "the MLP forgotten", "test-initialize",
        ("(block.attn.out_proj, block.mlp.proj)", "(block.attn.out_proj,)"), says=("mlp.proj.weight",)),
    wrong("initialize", "embeddings forgotten", "test-initialize",
        ("isinstance(module, (Linear, Embedding))", "isinstance(module, Linear)"),
        says=("wte.weight", "standard deviation")),
    wrong("initialize", "biases forgotten", "test-initialize",
        ("module.bias.data[...] = 0", "pass"), says=("bias", "biases start at 0")),
    wrong("initialize", "layer norms made 0", "test-initialize",
        ("if isinstance(module, Linear):\n            module.bias",
         "if isinstance(module, (Linear, LayerNorm)):\n"
         "            module.weight.data[...] *= isinstance(module, Linear)\n"
         "            module.bias"),
        says=("layer norms stay",)),
    wrong("initialize", "a new array", "test-initialize",
        ("module.weight.data[...] = generator()", "module.weight.data = generator()"),
        says=("is float64, wanted float32",)),
    wrong("initialize", "a new parameter", "test-initialize",
        ("module.weight.data[...] = generator().normal(0.0, 0.02, module.weight.shape)",
         "module.weight = type(module.weight)(generator().normal(0.0, 0.02, "
         "module.weight.shape).astype(np.float32))"),
        says=("a new object",)),
    wrong("initialize", "a generator of its own", "test-initialize",
        ("generator().normal", "np.random.default_rng().normal"), says=("after the same manual_seed",)),
    wrong("initialize", "a generator that starts anew", "test-initialize",
        ("generator().normal", "np.random.default_rng(0).normal"), says=("the same numbers twice",)),
    wrong("initialize", "numbers that are evenly spread", "test-initialize",
        ("generator().normal(0.0, 0.02, module.weight.shape)",
         "generator().uniform(-0.0346, 0.0346, module.weight.shape)"),
        says=("are they normal",)),
    wrong("initialize", "a spread by the width", "test-initialize",
        ("0.02, module.weight.shape", "len(module.weight) ** -0.5, module.weight.shape"), says=("standard deviation",)),
    right("initialize", "smaller from the start",
        solution="""
    small = [part for block in model.blocks for part in (block.attn.out_proj, block.mlp.proj)]
    for module in model.modules():
        if isinstance(module, (Linear, Embedding)):
            scale = 0.02 / math.sqrt(2 * len(model.blocks)) if module in small else 0.02
            module.weight.data[...] = scale * generator().standard_normal(module.weight.shape)
        if isinstance(module, Linear):
            module.bias.data.fill(0)
    """),

    wrong("tied-logits", "the embedding as it is", "test-tied-logits",
        ("rows @ weight.transpose()", "rows @ weight.reshape(-1, len(weight))"), says=("x @ weight transposed",)),
    wrong("tied-logits", "no gradient to the weight", "test-tied-logits",
        ("weight.transpose()", "weight.detach().transpose()"), says=("no gradient reached weight",)),
    wrong("tied-logits", "no gradient to x", "test-tied-logits",
        ("x.reshape(-1, x.shape[-1])", "x.detach().reshape(-1, x.shape[-1])"), says=("no gradient reached x",)),
    wrong("tied-logits", "a product for each text", "test-tied-logits",
        solution="""
    return x @ weight.transpose()
    """, says=("the shapes of its products", "one product does it")),
    wrong("tied-logits", "a product for each token", "test-tied-logits",
        solution="""
    rows = x.reshape(-1, 1, x.shape[-1])
    return (rows @ weight.transpose()).reshape(*x.shape[:-1], len(weight))
    """, says=("the shapes of its products",)),
    wrong("tied-logits", "rows that stay rows", "test-tied-logits",
        (".reshape(*x.shape[:-1], len(weight))", ""), says=("gave shape",)),
    wrong("tied-logits", "the axes of the texts exchanged", "test-tied-logits",
        (".reshape(*x.shape[:-1], len(weight))",
         ".reshape(*x.shape[:-1][::-1], len(weight)).reshape(*x.shape[:-1], len(weight))"),
        ("x.reshape(-1, x.shape[-1])", "(x.transpose(0, 1) if x.ndim > 2 else x).reshape(-1, x.shape[-1])"),
        says=("x @ weight transposed",)),
    wrong("tied-logits", "scaled by the width", "test-tied-logits",
        ("rows @ weight.transpose()", "rows * x.shape[-1] ** -0.5 @ weight.transpose()"),
        says=("x @ weight transposed",)),
    right("tied-logits", "the count of rows by hand",
        ("x.reshape(-1, x.shape[-1])", "x.reshape(x.size // x.shape[-1], x.shape[-1])")),

    wrong("gpt", "no positions", "test-gpt",
        (" + self.wpe(np.arange(tokens.shape[1]))", ""), says=("embeddings, drop",)),
    wrong("gpt", "positions of the whole block", "test-gpt",
        ("np.arange(tokens.shape[1])", "np.arange(self.config.block_size)"), says=("embeddings, drop",)),
    wrong("gpt", "positions from 1", "test-gpt",
        ("np.arange(tokens.shape[1])", "np.arange(1, tokens.shape[1] + 1)"), says=("embeddings, drop",)),
    wrong("gpt", "positions from the end", "test-gpt",
        ("np.arange(tokens.shape[1])", "np.arange(tokens.shape[1])[::-1]"), says=("embeddings, drop",)),
    wrong("gpt", "the first place everywhere", "test-gpt",
        ("np.arange(tokens.shape[1])", "np.zeros(tokens.shape[1], int)"), says=("embeddings, drop",)),
    wrong("gpt", "no last norm", "test-gpt", ("tied_logits(self.ln_f(x)", "tied_logits(x"), says=("embeddings, drop",)),
    wrong("gpt", "the norm in front", "test-gpt",
        ("tied_logits(self.ln_f(x)", "tied_logits(x"),
        ("self.drop(self.wte", "self.ln_f(self.wte"), says=("embeddings, drop",)),
    wrong("gpt", "no dropout", "test-gpt",
        ("self.drop(self.wte(tokens) + self.wpe(np.arange(tokens.shape[1])))",
         "self.wte(tokens) + self.wpe(np.arange(tokens.shape[1]))"),
        says=("its own drop",)),
    wrong("gpt", "dropout of the tokens alone", "test-gpt",
        ("self.drop(self.wte(tokens) + self.wpe(np.arange(tokens.shape[1])))",
         "self.drop(self.wte(tokens)) + self.wpe(np.arange(tokens.shape[1]))"),
        says=("the sum of both embeddings",)),
    wrong("gpt", "one block left out", "test-gpt",
        ("for block in self.blocks:", "for block in self.blocks[1:]:"), says=("embeddings, drop",)),
    wrong("gpt", "the blocks from the last", "test-gpt",
        ("for block in self.blocks:", "for block in self.blocks[::-1]:"), says=("embeddings, drop",)),
    wrong("gpt", "the last place alone", "test-gpt",
        ("tied_logits(self.ln_f(x)", "tied_logits(self.ln_f(x)[:, -1:]"), says=("gave shape",)),
    wrong("gpt", "probabilities", "test-gpt",
        ("return tied_logits(self.ln_f(x), self.wte.weight)",
         "from tinytorch import softmax\n        return softmax(tied_logits(self.ln_f(x), self.wte.weight))"),
        says=("embeddings, drop",)),
    wrong("gpt", "ids that are written to", "test-gpt",
        ("x = self.drop(", "np.asarray(idx)[...] = 0\n        x = self.drop("), says=("leave idx as it is",)),
    wrong("gpt", "embeddings that are not trained", "test-gpt",
        ("self.wpe(np.arange(tokens.shape[1]))", "wrap(self.wpe.weight.data[:tokens.shape[1]])"),
        says=("no gradient reached wpe.weight",)),
    wrong("gpt", "a stream that is cut", "test-gpt",
        ("tied_logits(self.ln_f(x)", "tied_logits(self.ln_f(wrap(x.data))"), says=("no gradient reached",)),
    right("gpt", "the positions first",
        ("self.wte(tokens) + self.wpe(np.arange(tokens.shape[1]))",
         "self.wpe(np.arange(self.config.block_size)[:tokens.shape[1]]) + self.wte(tokens)")),

    wrong("get-batch", "targets that are the inputs", "test-get-batch",
        ("tokens[places + 1]", "tokens[places]"), says=("the targets of", "the token after each input")),
    wrong("get-batch", "two tokens later", "test-get-batch",
        ("tokens[places + 1]", "tokens[(places + 2) % len(tokens)]"), says=("the targets of",)),
    wrong("get-batch", "the last window never", "test-get-batch",
        ("integers(len(tokens) - block_size,", "integers(max(len(tokens) - block_size - 1, 1),"),
        says=("each is as likely",)),
    wrong("get-batch", "a window beyond the end", "test-get-batch",
        ("integers(len(tokens) - block_size,", "integers(len(tokens) - block_size + 1,"),
        says=("no window goes beyond the end",)),
    wrong("get-batch", "the first window never", "test-get-batch",
        ("integers(len(tokens) - block_size,",
         "integers(min(1, len(tokens) - block_size - 1), len(tokens) - block_size,"),
        says=("each is as likely",)),
    wrong("get-batch", "one start for all", "test-get-batch",
        ("size=(batch_size, 1))", "size=(1, 1)).repeat(batch_size, axis=0)"), says=("draw each by itself",)),
    wrong("get-batch", "starts one after another", "test-get-batch",
        ("size=(batch_size, 1))",
         "size=(1, 1))\n    starts = (starts + np.arange(batch_size)[:, None]) % (len(tokens) - block_size)"),
        says=("draw each by itself",)),
    wrong("get-batch", "windows that never overlap", "test-get-batch",
        ("    places =", "    starts = starts // block_size * block_size\n    places ="), says=("each is as likely",)),
    wrong("get-batch", "tokens drawn by themselves", "test-get-batch",
        ("size=(batch_size, 1))", "size=(batch_size, block_size))"), says=("each row is one window",)),
    wrong("get-batch", "a generator of its own", "test-get-batch",
        ("generator().integers", "np.random.default_rng().integers"), says=("after the same manual_seed",)),
    wrong("get-batch", "NumPy's shared generator", "test-get-batch",
        ("generator().integers(len(tokens) - block_size,", "np.random.randint(0, len(tokens) - block_size,"),
        says=("after the same manual_seed",)),
    wrong("get-batch", "the text's own type", "test-get-batch",
        ("tokens[places].astype(np.int64)", "tokens[places]"), says=("is uint16, wanted int64",)),
    wrong("get-batch", "targets in the text's own type", "test-get-batch",
        ("tokens[places + 1].astype(np.int64)", "tokens[places + 1]"), says=("is uint16, wanted int64",)),
    wrong("get-batch", "inputs and targets in one array", "test-get-batch",
        solution="""
    if len(tokens) <= block_size:
        raise ValueError(f"{len(tokens)} tokens, block_size {block_size}")
    starts = generator().integers(len(tokens) - block_size, size=(batch_size, 1))
    windows = tokens[starts + np.arange(block_size + 1)].astype(np.int64)
    return wrap(windows[:, :-1]), wrap(windows[:, 1:])
    """, says=("shares its numbers",)),
    wrong("get-batch", "short texts taken", "test-get-batch",
        ("if len(tokens) <= block_size:", "if len(tokens) < block_size:"), says=("block_size", "one more token")),
    wrong("get-batch", "an error without the numbers", "test-get-batch",
        ("f\"a text of {len(tokens)} tokens has no window of {block_size} and the \"\n"
         "                         \"token after it\"",
         '"the text is too short"'),
        says=("one more token",)),
    wrong("get-batch", "windows that wrap round", "test-get-batch",
        ("integers(len(tokens) - block_size,", "integers(len(tokens),"),
        ("tokens[places]", "tokens[places % len(tokens)]"),
        ("tokens[places + 1]", "tokens[(places + 1) % len(tokens)]"), says=("each row is one window",)),
    right("get-batch", "window by window",
        solution="""
    last = len(tokens) - block_size - 1
    if last < 0:
        raise ValueError(f"no window of {block_size} and one more in {len(tokens)} tokens")
    starts = [int(generator().integers(0, last, endpoint=True)) for _ in range(batch_size)]
    rows = np.array([tokens[i:i + block_size + 1] for i in starts]).astype(np.int64)
    return Tensor(rows[:, :-1].copy()), Tensor(rows[:, 1:].copy())
    """),

    wrong("consecutive-windows", "the rest left out", "test-consecutive-windows",
        ("if whole < len(tokens) - 1:", "if False:"), says=("how many (input, target)",)),
    wrong("consecutive-windows", "an empty rest", "test-consecutive-windows",
        ("if whole < len(tokens) - 1:", "if True:"), says=("the shapes of the inputs",)),
    wrong("consecutive-windows", "windows that count the first token", "test-consecutive-windows",
        ("whole = (len(tokens) - 1) //", "whole = len(tokens) //"), says=("consecutive_windows of",)),
    wrong("consecutive-windows", "targets that are the inputs", "test-consecutive-windows",
        ("for shift in (0, 1))", "for shift in (0, 0))"), says=("all (input, target)",)),
    wrong("consecutive-windows", "the rest's own tokens", "test-consecutive-windows",
        ("tokens[None, whole + 1:]", "tokens[None, whole:-1]"), says=("all (input, target)",)),
    wrong("consecutive-windows", "all windows at once", "test-consecutive-windows",
        ("range(0, len(x), batch_size)", "range(0, len(x), max(len(x), 1))"),
        ("yield x[start:start + batch_size], y[start:start + batch_size]", "yield x[start:], y[start:]"),
        says=("the shapes of the inputs",)),
    wrong("consecutive-windows", "one window at a time", "test-consecutive-windows",
        ("for start in range(0, len(x), batch_size):\n"
         "        yield x[start:start + batch_size], y[start:start + batch_size]",
         "for start in range(len(x)):\n        yield x[start:start + 1], y[start:start + 1]"),
        says=("the shapes of the inputs",)),
    wrong("consecutive-windows", "only full batches", "test-consecutive-windows",
        ("range(0, len(x), batch_size)", "range(0, len(x) - batch_size + 1, batch_size)"),
        says=("how many (input, target)",)),
    wrong("consecutive-windows", "windows that overlap", "test-consecutive-windows",
        solution="""
    for start in range(0, len(tokens) - block_size, max(block_size // 2, 1)):
        yield tokens[None, start:start + block_size], tokens[None, start + 1:start + block_size + 1]
    """, says=("how many (input, target)",)),
    wrong("consecutive-windows", "windows side by side", "test-consecutive-windows",
        ("reshape(-1, block_size) for", "reshape(block_size, -1).T for"), says=("all (input, target)",)),
    wrong("consecutive-windows", "the rest first", "test-consecutive-windows",
        solution="""
    rest = (len(tokens) - 1) % block_size
    if rest:
        yield tokens[None, :rest], tokens[None, 1:rest + 1]
    x, y = tokens[rest:-1].reshape(-1, block_size), tokens[rest + 1:].reshape(-1, block_size)
    for start in range(0, len(x), batch_size):
        yield x[start:start + batch_size], y[start:start + batch_size]
    """, says=("the shapes of the inputs",)),
    wrong("consecutive-windows", "the rest stretched to a window", "test-consecutive-windows",
        ("yield tokens[None, whole:-1], tokens[None, whole + 1:]",
         "yield tokens[None, max(len(tokens) - 1 - block_size, 0):-1], tokens[None, max(len(tokens) - "
         "block_size, 1):]"),
        says=("how many (input, target)",)),
    right("consecutive-windows", "a list of pairs",
        solution="""
    last, pairs = len(tokens) - 1, []
    step = block_size * batch_size
    for start in range(0, last // block_size * block_size, step):
        stop = min(start + step, last // block_size * block_size)
        pairs.append((tokens[start:stop].reshape(-1, block_size), tokens[start + 1:stop + 1].reshape(-1, block_size)))
    if last % block_size:
        pairs.append((tokens[last - last % block_size:last][None], tokens[last - last % block_size + 1:][None]))
    return iter(pairs)
    """),

    wrong("text-loss", "a mean of means", "test-text-loss",
        ("nats += cross_entropy(model(x), y).item() * y.size",
         "nats += cross_entropy(model(x), y).item() * len(tokens) / (len(tokens) // x.size + 1)"),
        says=("each token but the first counts once",)),
    wrong("text-loss", "windows weighed, not tokens", "test-text-loss",
        ("* y.size", "* len(y) * model.config.block_size"), says=("each token but the first counts once",)),
    wrong("text-loss", "all tokens in the mean", "test-text-loss",
        ("nats / (len(tokens) - 1)", "nats / len(tokens)"), says=("each token but the first counts once",)),
    wrong("text-loss", "in training mode", "test-text-loss",
        ("with evaluating(model), no_grad():", "with no_grad():"), says=("ran in training mode",)),
    wrong("text-loss", "the mode not put back", "test-text-loss",
        ("with evaluating(model), no_grad():", "model.eval()\n    with no_grad():"),
        says=("each part gets its own mode back",)),
    wrong("text-loss", "all parts in training mode after it", "test-text-loss",
        ("    return nats /", "    model.train()\n    return nats /"), says=("each part gets its own mode back",)),
    wrong("text-loss", "with a record", "test-text-loss",
        ("with evaluating(model), no_grad():", "with evaluating(model):"), says=("operations were recorded",)),
    wrong("text-loss", "a tensor", "test-text-loss",
        ("cross_entropy(model(x), y).item()", "cross_entropy(model(x), y)"), says=("a plain float",)),
    wrong("text-loss", "the sum", "test-text-loss",
        ("return nats / (len(tokens) - 1)", "return nats"), says=("each token but the first counts once",)),
    wrong("text-loss", "bits", "test-text-loss",
        ("nats / (len(tokens) - 1)", "nats / (len(tokens) - 1) / math.log(2)"),
        says=("each token but the first counts once",)),
    wrong("text-loss", "the first batch alone", "test-text-loss",
        ("    return nats / (len(tokens) - 1)", "    return cross_entropy(model(x), y).item()"),
        says=("text_loss of",)),
    wrong("text-loss", "the model run twice", "test-text-loss",
        ("nats += cross_entropy(model(x), y).item()",
         "model(x)\n            nats += cross_entropy(model(x), y).item()"),
        says=("each window once",)),
    wrong("text-loss", "a number drawn", "test-text-loss",
        ("    nats = 0.0\n", "    nats = 0.0 * generator().random()\n"), says=("drew from the shared generator",)),
    wrong("text-loss", "characters for each token", "test-bits-per-character",
        ("tokens / characters", "characters / tokens"), says=("bits_per_character(", "for each character")),
    wrong("text-loss", "nats", "test-bits-per-character",
        ("loss / math.log(2)", "loss"), says=("nats of all tokens, in bits",)),
    wrong("text-loss", "times the logarithm", "test-bits-per-character",
        ("loss / math.log(2)", "loss * math.log(2)"), says=("nats of all tokens, in bits",)),
    wrong("text-loss", "whole tokens a character", "test-bits-per-character",
        ("* tokens / characters", "* (tokens // characters)"), says=("nats of all tokens, in bits",)),
    wrong("text-loss", "rounded", "test-bits-per-character",
        ("return loss / math.log(2) * tokens / characters",
         "return round(loss / math.log(2) * tokens / characters, 2)"),
        says=("2.247",)),
    wrong("text-loss", "bits a token", "test-bits-per-character",
        (" * tokens / characters", ""), says=("for each character",)),
    wrong("text-loss", "a batch size of its own", "test-text-loss",
        ("model.config.block_size, batch_size)", "model.config.block_size, 32)"),
        says=("batch_size of them together",)),
    wrong("text-loss", "modes put back where nothing failed", "test-text-loss",
        ("    with evaluating(model), no_grad():",
         "    modes = [(m, m.training) for m in model.modules()]\n    model.eval()\n    with no_grad():"),
        ("    return nats /",
         "    for m, mode in modes:\n        m.training = mode\n    return nats /"),
        says=("text_loss was stopped by ValueError",)),
    right("text-loss", "lists of losses, and base 2",
        ("    nats = 0.0\n", "    nats = []\n"),
        ("nats += cross_entropy(model(x), y).item() * y.size",
         "nats.append(float(cross_entropy(model(x), y).data) * y.size)"),
        ("nats / (len(tokens) - 1)", "math.fsum(nats) / (len(tokens) - 1)"),
        ("loss / math.log(2) * tokens / characters", "loss * math.log2(math.e) * (tokens / characters)")),

    right("next-probabilities", "divided before the largest is taken off",
        ("np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)",
         "np.exp(logits / temperature - (logits / temperature).max(axis=-1, keepdims=True))")),
    wrong("next-probabilities", "no largest taken off", "test-next-probabilities",
        ("np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)", "np.exp(logits / temperature)"),
        says=("which trap?",)),
    wrong("next-probabilities", "times the temperature", "test-next-probabilities",
        ("keepdims=True)) / temperature)", "keepdims=True)) * temperature)"), says=("row by row",)),
    wrong("next-probabilities", "ties by their order", "test-next-probabilities",
        ("        least = np.sort(logits, axis=-1)[:, -top_k, None]\n"
         "        logits = np.where(logits < least, -np.inf, logits)",
         "        keep = np.argsort(logits, axis=-1)[:, -top_k:]\n"
         "        mask = np.full(logits.shape, -np.inf)\n"
         "        np.put_along_axis(mask, keep, 0.0, axis=-1)\n"
         "        logits = logits + mask"),
        says=("row by row",)),
    wrong("next-probabilities", "a limit for all rows", "test-next-probabilities",
        ("np.sort(logits, axis=-1)[:, -top_k, None]", "np.sort(logits, axis=None)[-top_k]"), says=("row by row",)),
    wrong("next-probabilities", "one more than top_k", "test-next-probabilities",
        ("[:, -top_k, None]", "[:, -top_k - 1, None]"), says=("row by row",)),
    wrong("next-probabilities", "the k-th left out", "test-next-probabilities",
        ("logits < least", "logits <= least"), says=("next_probabilities(",)),
    wrong("next-probabilities", "top_k beyond the vocabulary", "test-next-probabilities",
        (" and top_k < logits.shape[-1]", ""), says=("'top_k': 9",)),
    wrong("next-probabilities", "top_k after the softmax", "test-next-probabilities",
        ("        logits = np.where(logits < least, -np.inf, logits)\n", "        unlikely = logits < least\n"),
        ("    return likely / likely.sum(axis=-1, keepdims=True)",
         "    likely /= likely.sum(axis=-1, keepdims=True)\n"
         "    if top_k is not None and top_k < logits.shape[-1]:\n"
         "        likely[unlikely] = 0\n"
         "    return likely"),
        says=("row by row",)),
    wrong("next-probabilities", "0 as a small temperature", "test-next-probabilities",
        ("    if temperature == 0:\n        return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]\n",
         "    temperature = max(temperature, 1e-6)\n"),
        says=("which trap?",)),
    wrong("next-probabilities", "the last of equals", "test-next-probabilities",
        ("np.eye(logits.shape[-1])[logits.argmax(axis=-1)]",
         "np.eye(logits.shape[-1])[:, ::-1][logits[:, ::-1].argmax(axis=-1)]"),
        says=("row by row",)),
    wrong("next-probabilities", "division by 0", "test-next-probabilities",
        ("    if temperature == 0:\n        return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]\n", ""),
        says=("next_probabilities(",)),
    wrong("next-probabilities", "in the logits' own type", "test-next-probabilities",
        ("logits = logits.astype(np.float64)", "logits = logits + 0"), says=("small probabilities need float64",)),
    wrong("next-probabilities", "logits that are written to", "test-next-probabilities",
        ("logits = logits.astype(np.float64)", "logits = logits.astype(np.float64, copy=False)"),
        ("logits = np.where(logits < least, -np.inf, logits)", "logits[logits < least] = -np.inf"),
        says=("the logits are only read",)),
    wrong("next-probabilities", "sums over the batch", "test-next-probabilities",
        ("likely / likely.sum(axis=-1, keepdims=True)", "likely / likely.sum()"), says=("row by row",)),
    wrong("next-probabilities", "logits of -inf made finite", "test-next-probabilities",
        ("logits = logits.astype(np.float64)", "logits = np.maximum(logits.astype(np.float64), -1.0)"),
        says=("row by row",)),
    right("next-probabilities", "a mask for unlikely tokens",
        ("        least = np.sort(logits, axis=-1)[:, -top_k, None]\n"
         "        logits = np.where(logits < least, -np.inf, logits)",
         "        least = -np.partition(-logits, top_k - 1, axis=-1)[:, [top_k - 1]]\n"
         "        logits[logits < least] = -np.inf")),

    wrong("draw", "edges not below the number", "test-draw",
        ("(edges <= places)", "(edges < places)"), says=("count the edges at or below",)),
    wrong("draw", "one number for all rows", "test-draw",
        ("rng.random((len(edges), 1))", "rng.random((1, 1))"), says=("draw(",)),
    wrong("draw", "a sum of 1", "test-draw", (" * edges[:, -1:]", ""), says=("draw(",)),
    wrong("draw", "edges down the rows", "test-draw",
        ("probabilities.cumsum(axis=-1)", "probabilities.cumsum(axis=0)"), says=("draw(",)),
    wrong("draw", "the generator's choice", "test-draw",
        solution="""
    return np.array([rng.choice(len(row), p=row / row.sum()) for row in probabilities])
    """, says=("called choice", "one number of random()")),
    wrong("draw", "a column for each row", "test-draw",
        ("return (edges <= places).sum(axis=-1)", "return (edges <= places).sum(axis=-1, keepdims=True)"),
        says=("draw(",)),
    wrong("draw", "32 bits", "test-draw",
        ("return (edges <= places).sum(axis=-1)", "return (edges <= places).sum(axis=-1, dtype=np.int32)"),
        says=("is int32, wanted int64",)),
    wrong("draw", "the likeliest", "test-draw",
        ("return (edges <= places).sum(axis=-1)", "return probabilities.argmax(axis=-1)"), says=("draw(",)),
    wrong("draw", "one number too many", "test-draw",
        ("    places =", "    rng.random()\n    places ="), says=("draw",)),
    wrong("draw", "numbers from the shared generator", "test-draw",
        ("rng.random((len", "generator().random((len"), says=("draw(",)),
    wrong("draw", "edges from the other end", "test-draw",
        ("return (edges <= places).sum(axis=-1)", "return (edges[:, -1:] - edges >= places).sum(axis=-1)"),
        says=("draw(",)),
    wrong("draw", "edges in the caller's array", "test-draw",
        ("edges = probabilities.cumsum(axis=-1)", "edges = probabilities.cumsum(axis=-1, out=probabilities)"),
        says=("the probabilities are only read",)),
    wrong("draw", "edges in 32 bits", "test-draw",
        ("probabilities.cumsum(axis=-1)", "probabilities.astype(np.float32).cumsum(axis=-1)"), says=("draw(",)),
    right("draw", "row by row, by bisection",
        solution="""
    drawn = []
    for row in probabilities:
        edges = np.cumsum(row)
        drawn.append(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return np.array(drawn, np.int64)
    """),

    wrong("generate", "nothing cropped", "test-generate",
        ("tokens[:, -model.config.block_size:]", "tokens"), says=("block_size 4",)),
    wrong("generate", "the first tokens", "test-generate",
        ("tokens[:, -model.config.block_size:]", "tokens[:, :model.config.block_size]"), says=("generate from",)),
    wrong("generate", "one token at a time", "test-generate",
        ("tokens[:, -model.config.block_size:]", "tokens[:, -1:]"), says=("how many tokens the model saw",)),
    wrong("generate", "the first place's logits", "test-generate",
        (".data[:, -1]", ".data[:, 0]"), says=("each new one after the last",)),
    wrong("generate", "the new tokens alone", "test-generate",
        ("return wrap(tokens)", "return wrap(tokens[:, -max_new_tokens:])"), says=("generate from",)),
    wrong("generate", "an array", "test-generate", ("return wrap(tokens)", "return tokens"), says=("a Tensor",)),
    wrong("generate", "one too many", "test-generate",
        ("range(max_new_tokens)", "range(max_new_tokens + 1)"), says=("generate from",)),
    wrong("generate", "in training mode", "test-generate",
        ("with evaluating(model), no_grad():", "with no_grad():"), says=("ran in training mode",)),
    wrong("generate", "with a record", "test-generate",
        ("with evaluating(model), no_grad():", "with evaluating(model):"), says=("operations were recorded",)),
    wrong("generate", "modes not put back", "test-generate",
        ("with evaluating(model), no_grad():", "model.eval()\n    with no_grad():"),
        says=("each part gets its own mode back",)),
    wrong("generate", "all parts in training mode after it", "test-generate",
        ("    return wrap(tokens)", "    model.train()\n    return wrap(tokens)"),
        says=("each part gets its own mode back",)),
    wrong("generate", "modes put back where nothing failed", "test-generate",
        ("    with evaluating(model), no_grad():",
         "    modes = [(m, m.training) for m in model.modules()]\n    model.eval()\n    with no_grad():"),
        ("    return wrap(tokens)", "    for m, mode in modes:\n        m.training = mode\n    return wrap(tokens)"),
        says=("stopped by ValueError",)),
    wrong("generate", "modes put back after an Exception", "test-generate",
        solution="""
    rng = generator() if seed is None else np.random.default_rng(seed)
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    def put_back():
        for m, mode in modes:
            m.training = mode
    try:
        with no_grad():
            for _ in range(max_new_tokens):
                logits = model(tokens[:, -model.config.block_size:]).data[:, -1]
                new = draw(next_probabilities(logits, temperature, top_k), rng)
                tokens = np.concatenate([tokens, new[:, None]], axis=1)
    except Exception:
        put_back()
        raise
    put_back()
    return wrap(tokens)
    """, says=("stopped by KeyboardInterrupt",)),
    wrong("generate", "the seed for each token", "test-generate-chance",
        ("    rng = generator() if seed is None else np.random.default_rng(seed)\n", ""),
        ("            new = draw(",
         "            rng = generator() if seed is None else np.random.default_rng(seed)\n            new = draw("),
        says=("one generator, made once",)),
    wrong("generate", "the shared generator seeded", "test-generate",
        ("rng = generator() if seed is None else np.random.default_rng(seed)",
         "rng = generator()\n"
         "    if seed is not None:\n"
         "        rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state"),
        says=("drew from the shared generator",)),
    wrong("generate", "no seed", "test-generate-chance",
        ("generator() if seed is None else np.random.default_rng(seed)", "generator()"),
        says=("one generator, made once",)),
    wrong("generate", "a seed of 0 overlooked", "test-generate",
        ("generator() if seed is None else np.random.default_rng(seed)",
         "np.random.default_rng(seed) if seed else generator()"),
        says=("drew from the shared generator",)),
    wrong("generate", "a new generator without a seed", "test-generate-chance",
        ("generator() if seed is None else np.random.default_rng(seed)", "np.random.default_rng(seed)"),
        says=("without a seed, draw from generator()",)),
    wrong("generate", "a temperature of 1", "test-generate-chance",
        ("next_probabilities(logits, temperature, top_k)", "next_probabilities(logits, 1.0, top_k)"),
        says=("temperature",)),
    wrong("generate", "no top_k", "test-generate-chance",
        ("next_probabilities(logits, temperature, top_k)", "next_probabilities(logits, temperature)"), says=("top_k",)),
    wrong("generate", "idx that is written to", "test-generate",
        ("    return wrap(tokens)", "    np.asarray(idx)[...] = 0\n    return wrap(tokens)"),
        says=("idx is only read",)),
    right("generate", "new tokens in a list",
        ("tokens = np.concatenate([tokens, new[:, None]], axis=1)",
         "tokens = np.array([[*row, i] for row, i in zip(tokens.tolist(), new.tolist())])")),

    wrong("question-transformers", "the last layer counted too", "test-question-transformers",
        ("1000 * 32 + 64", "2 * 1000 * 32 + 64"), says=("the last layer is tied",)),
    wrong("question-transformers", "no last norm", "test-question-transformers",
        (" + 2 * 32\n", "\n"), says=("one layer norm more",)),
    wrong("question-transformers", "nats a character", "test-question-transformers",
        ("3.6 / math.log(2) / 2.4", "3.6 / 2.4"), says=("bits of nats",)),
    wrong("question-transformers", "tokens times characters", "test-question-transformers",
        ("/ math.log(2) / 2.4", "/ math.log(2) * 2.4"), says=("a token's share",)),
    wrong("question-transformers", "half the difference", "test-question-transformers",
        ("math.exp(-4)", "math.exp(-1)"), says=("after the division",)),
    wrong("question-transformers", "the difference itself", "test-question-transformers",
        ("math.exp(-4)", "math.exp(-2)"), says=("after the division",)),
    right("question-transformers", "answers as results",
        ("3.6 / math.log(2) / 2.4", "2.16"),
        ("1 / (1 + math.exp(-4))", "0.982")),
    wrong(
        "mlp",
        "dropout of whole tokens",
        "test-mlp",
        (
            "return self.drop(self.proj(self.activation(self.fc(x))))",
            (
                "y = self.proj(self.activation(self.fc(x)))\n"
                "        return y * self.drop(Tensor(np.ones((*x.shape[:-1], 1), np.float32)))"
            ),
        ),
        says=("each is dropped by itself",),
    ),
    wrong(
        "block",
        "the MLP dropped out once more",
        "test-block",
        (
            "return x + self.mlp(self.ln_2(x))",
            "return x + self.drop(self.mlp(self.ln_2(x)))",
        ),
        says=("what comes out of the MLP", "wanted [1.0]"),
    ),
    wrong(
        "block",
        "the MLP's dropout left to the block",
        "test-block",
        (
            "self.mlp = MLP(config)",
            "self.mlp = MLP(config)\n        self.mlp.drop = Dropout(0.0)",
        ),
        says=("its MLP dropped nothing",),
    ),
    wrong(
        "block",
        "no gradient through the norm",
        "test-block",
        (
            "self.mlp(self.ln_2(x))",
            "self.mlp(self.ln_2(x.detach()))",
        ),
        says=("the gradient of", "gave", "wanted"),
    ),
    wrong(
        "initialize",
        "layer norms put to 1 and 0",
        "test-initialize",
        (
            "    for block in model.blocks:\n",
            (
                "        if isinstance(module, LayerNorm):\n"
                "            module.weight.data[...] = 1\n"
                "            module.bias.data[...] = 0\n    for block in model.blocks:\n"
            ),
        ),
        says=("of a layer norm", "stay as they are"),
    ),
    wrong(
        "initialize",
        "three standard deviations at most",
        "test-initialize",
        (
            "generator().normal(0.0, 0.02, module.weight.shape)",
            "generator().normal(0.0, 0.02, module.weight.shape).clip(-0.06, 0.06)",
        ),
        says=("beyond 3.2 standard deviations",),
    ),
    wrong(
        "tied-logits",
        "the logits limited",
        "test-tied-logits",
        (
            "(rows @ weight.transpose())",
            "(rows @ weight.transpose()).clip(-30, 30)",
        ),
        says=("gave", "wanted"),
    ),
    wrong(
        "gpt",
        "the last layer on a copy of the table",
        "test-gpt",
        (
            "return tied_logits(self.ln_f(x), self.wte.weight)",
            "return tied_logits(self.ln_f(x), Tensor(self.wte.weight.data))",
        ),
        says=("the gradient of wte.weight gave", "every way"),
    ),
    wrong(
        "gpt",
        "tokens looked up without a record",
        "test-gpt",
        (
            "self.drop(self.wte(tokens)",
            "self.drop(self.wte(tokens).detach()",
        ),
        says=("the gradient of wte.weight gave",),
    ),
    wrong(
        "gpt",
        "the blocks twice",
        "test-gpt",
        (
            "            x = block(x)\n",
            "            block(x)\n            x = block(x)\n",
        ),
        says=("the blocks that ran gave", "each once"),
    ),
    wrong(
        "gpt",
        "the last tokens that fit",
        "test-gpt",
        (
            "        x = self.drop(",
            "        tokens = np.maximum(tokens, 0)\n        x = self.drop(",
        ),
        says=("token -1 was accepted",),
    ),
    wrong(
        "get-batch",
        "no window twice in a batch",
        "test-get-batch",
        (
            "generator().integers(len(tokens) - block_size, size=(batch_size, 1))",
            "generator().choice(len(tokens) - block_size, (batch_size, 1), replace=False)",
        ),
        says=("batch_size=5", "failed"),
    ),
    wrong(
        "consecutive-windows",
        "tensors",
        "test-consecutive-windows",
        (
            "yield x[start:start + batch_size], y[start:start + batch_size]",
            "yield wrap(x[start:start + batch_size]), wrap(y[start:start + batch_size])",
        ),
        says=("gave a Tensor, wanted arrays",),
    ),
    wrong(
        "consecutive-windows",
        "floats",
        "test-consecutive-windows",
        (
            "yield tokens[None, whole:-1], tokens[None, whole + 1:]",
            "yield tokens[None, whole:-1] * 1.0, tokens[None, whole + 1:] * 1.0",
        ),
        says=("is float64, wanted int64",),
    ),
    wrong(
        "text-loss",
        "modes put back after an Exception",
        "test-text-loss",
        (
            (
                "    with evaluating(model), no_grad():\n"
                "        for x, y in consecutive_windows(tokens, model.config.block_size, "
                "batch_size):\n            nats += cross_entropy(model(x), y).item() * y.size\n"
            ),
            (
                "    modes = [(part, part.training) for part in model.modules()]\n"
                "    model.eval()\n    try:\n        with no_grad():\n"
                "            for x, y in consecutive_windows(tokens, model.config.block_size, "
                "batch_size):\n"
                "                nats += cross_entropy(model(x), y).item() * y.size\n"
                "    except Exception:\n        for part, mode in modes:\n"
                "            part.training = mode\n        raise\n    for part, mode in modes:\n"
                "        part.training = mode\n"
            ),
        ),
        says=("KeyboardInterrupt", "evaluating"),
    ),
    wrong(
        "text-loss",
        "nan left out",
        "test-text-loss",
        (
            "nats += cross_entropy(model(x), y).item() * y.size",
            "nats += np.nan_to_num(cross_entropy(model(x), y).item()) * y.size",
        ),
        says=("whose logits are nan", "gave 0, wanted nan"),
    ),
    wrong(
        "next-probabilities",
        "small temperatures as 0",
        "test-next-probabilities",
        (
            "if temperature == 0:",
            "if temperature < 1e-3:",
        ),
        says=("1e-300", "gave", "wanted"),
    ),
    wrong(
        "next-probabilities",
        "top_k of the first row",
        "test-next-probabilities",
        (
            "np.sort(logits, axis=-1)[:, -top_k, None]",
            "np.sort(logits[:1], axis=-1)[:, -top_k, None]",
        ),
        says=("'top_k': 1", "gave", "wanted"),
    ),
    wrong(
        "draw",
        "a Python list",
        "test-draw",
        (
            "return (edges <= places).sum(axis=-1)",
            "return (edges <= places).sum(axis=-1).tolist()",
        ),
        says=("gave a list, wanted an array",),
    ),
    right(
        "block",
        "a mask",
        (
            "self.attn(self.ln_1(x), is_causal=True)",
            "self.attn(self.ln_1(x), attn_mask=~np.tri(x.shape[1], dtype=bool))",
        ),
    ),
    right(
        "block",
        "three names",
        (
            "attended, _ = self.attn(self.ln_1(x), is_causal=True)",
            "h = self.ln_1(x)\n        attended, _ = self.attn(h, h, h, is_causal=True)",
        ),
    ),
    right(
        "initialize",
        "a spread for each",
        solution="""
    small = 0.02 / math.sqrt(2 * len(model.blocks))
    lasts = [layer for block in model.blocks for layer in (block.attn.out_proj, block.mlp.proj)]
    for module in model.modules():
        if isinstance(module, Linear | Embedding):
            spread = small if any(module is last for last in lasts) else 0.02
            module.weight.data[:] = generator().standard_normal(module.weight.shape) * spread
        if isinstance(module, Linear) and module.bias is not None:
            module.bias.data.fill(0)
        """,
    ),
    right(
        "tied-logits",
        "turned round",
        (
            "return (rows @ weight.transpose()).reshape(*x.shape[:-1], len(weight))",
            (
                "return (weight @ rows.transpose()).transpose().reshape(*x.shape[:-1], "
                "len(weight))"
            ),
        ),
    ),
    right(
        "text-loss",
        "from the windows of inputs",
        (
            "y.size",
            "np.prod(x.shape)",
        ),
    ),
    right(
        "text-loss",
        "log2 of e",
        (
            "loss / math.log(2) * tokens / characters",
            "loss * tokens * math.log2(math.e) / characters",
        ),
    ),
    right(
        "next-probabilities",
        "by partition",
        (
            "np.sort(logits, axis=-1)[:, -top_k, None]",
            "np.partition(logits, -top_k, axis=-1)[:, [-top_k]]",
        ),
    ),
    right(
        "draw",
        "normed edges",
        (
            (
                "edges = probabilities.cumsum(axis=-1)\n"
                "    places = rng.random((len(edges), 1)) * edges[:, -1:]\n"
                "    return (edges <= places).sum(axis=-1)"
            ),
            (
                "edges = probabilities.cumsum(axis=-1)\n    edges = edges / edges[:, -1:]\n"
                "    return (edges <= rng.random(len(edges))[:, None]).sum(axis=-1)"
            ),
        ),
    ),
    right(
        "draw",
        "the first edge above",
        (
            "return (edges <= places).sum(axis=-1)",
            "return np.argmax(edges > places, axis=-1)",
        ),
    ),
    right(
        "generate",
        "a window kept",
        (
            "logits = model(tokens[:, -model.config.block_size:]).data[:, -1]",
            (
                "window = tokens[:, max(0, tokens.shape[1] - model.config.block_size):]\n"
                "            logits = model(window)[:, -1].data"
            ),
        ),
    ),
    wrong(
        "mlp",
        "dropout of a half",
        "test-mlp",
        (
            "self.drop = Dropout(config.dropout)",
            "self.drop = Dropout(0.5 if config.dropout else 0.0)",
        ),
        says=("dropout 0.75", "wanted [0.0, 4.0]"),
    ),
    wrong(
        "block",
        "a mask for training alone",
        "test-block",
        (
            "self.attn(self.ln_1(x), is_causal=True)",
            "self.attn(self.ln_1(x), is_causal=self.training)",
        ),
        says=("the last token changed", "is_causal"),
    ),
    wrong(
        "gpt",
        "no last norm in training",
        "test-gpt",
        (
            "self.ln_f(x)",
            "(self.ln_f(x) if not self.training else x)",
        ),
        says=("in training without dropout", "gave", "wanted"),
    ),
    wrong(
        "get-batch",
        "starts by rounding",
        "test-get-batch",
        (
            "generator().integers(len(tokens) - block_size, size=(batch_size, 1))",
            (
                "np.round(generator().random((batch_size, 1)) * (len(tokens) - block_size - "
                "1)).astype(int)"
            ),
        ),
        says=("of 25 places", "the first and the last too"),
    ),
]
