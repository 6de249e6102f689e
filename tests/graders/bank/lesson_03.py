"""The bank for lesson 03: layers."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("parts", "tuples overlooked", "test-parts", ("(list, tuple)", "list"),
        says=("parts of a tuple gave []", "wanted")),
    wrong("parts", "dicts overlooked", "test-parts", ("elif isinstance(owner, dict):", "elif False:"),
        says=("parts of a dict gave []", "wanted")),
    wrong("parts", "names as they are", "test-parts", ("(str(name), part)", "(name, part)"),
        says=("gave [(0,", "names are strings")),
    wrong("parts", "a text taken apart", "test-parts", ("(list, tuple)", "(list, tuple, str)"),
        says=("parts of a str", "('0', 't')", "wanted []")),
    wrong("parts", "the attributes of everything", "test-parts",
        ("vars(owner).items() if isinstance(owner, Module) else ()", 'getattr(owner, "__dict__", {}).items()'),
        says=("parts of a Tensor", "wanted []")),
    wrong("parts", "attributes of what has none", "test-parts",
        ("vars(owner).items() if isinstance(owner, Module) else ()", "vars(owner).items()"),
        says=("parts of a str failed", "not everything has parts")),
    wrong("parts", "a dict's values counted", "test-parts",
        ("named = owner.items()", "named = enumerate(owner.values())"), says=("parts of a dict", "'up'")),
    wrong("parts", "everything that can be walked", "test-parts",
        (
                (
                    "elif isinstance(owner, dict):\n"
                    "        named = owner.items()\n"
                ),
                (
                    "elif isinstance(owner, dict):\n"
                    "        named = owner.items()\n"
                    "    elif isinstance(owner, (str, Tensor)) and getattr(owner, 'ndim', 1):\n"
                    "        named = enumerate(owner)\n"
                ),
            ),
        says=("parts of a str", "wanted []")),
    wrong("parts", "the visible names typed in", "test-parts",
        solution="""
    if isinstance(owner, Module):
        return [(name, vars(owner)[name]) for name in ("weight", "blocks", "size") if name in vars(owner)]
    if isinstance(owner, dict):
        return [(str(key), owner[key]) for key in ("up", 2) if key in owner]
    return [(str(i), part) for i, part in enumerate(owner)] if type(owner) in (list, tuple) else []
    """, says=("parts of a Module gave []", "'down'")),
    right("parts", "three early answers",
        solution="""
    if isinstance(owner, Module):
        return [(name, value) for name, value in owner.__dict__.items()]
    if isinstance(owner, dict):
        return [(f"{key}", owner[key]) for key in owner]
    if type(owner) in (list, tuple):
        return [(str(i), owner[i]) for i in range(len(owner))]
    return []
    """),

    wrong("walk", "a walk that remembers nothing", "test-walk",
        ("        if id(part) not in seen:\n", "        if True:\n"),
        says=("each object is met once", "['', '0', '1', '1.again', '2']")),
    wrong("walk", "recursion that remembers nothing", "test-walk",
        solution="""
    found = [("", owner)]
    for key, part in parts(owner):
        found += [(f"{key}.{name}" if name else key, inner) for name, inner in walk(part)]
    return found
    """, says=("each object is met once", "'1.again'")),
    wrong("walk", "a memory of equal values", "test-walk", ("id(part) not in seen", "repr(part) not in seen"),
        ("seen.add(id(part))", "seen.add(repr(part))"), says=("each object is met once",)),
    wrong("walk", "level by level", "test-walk", ("waiting.pop()", "waiting.pop(0)"),
        ("reversed(parts(part))", "parts(part)"), says=("a part comes right after its owner",)),
    wrong("walk", "the last part first", "test-walk", ("reversed(parts(part))", "parts(part)"),
        says=("wanted ['', 'a', 'a.0', 'a.1', 'b', 'b.0']",)),
    wrong("walk", "names without their owner's", "test-walk", ("(prefix + key, inner)", "(key, inner)"),
        says=("['', 'a', '0', '1'", "wanted ['', 'a', 'a.0'")),
    wrong("walk", "a dot in front", "test-walk", ('prefix = f"{name}." if name else ""', 'prefix = f"{name}."'),
        says=("'.a'", "wanted ['', 'a'")),
    wrong("walk", "without the owner itself", "test-walk",
        ("            found.append((name, part))\n", "            found += [(name, part)] if name else []\n"),
        says=("['a', 'a.0'", "wanted [''")),
    wrong("walk", "one level only", "test-walk",
        ("for key, inner in reversed(parts(part))]", "for key, inner in reversed(parts(part)) if not name]"),
        says=("['', 'a', 'b']", "wanted")),
    right("walk", "recursion that remembers",
        solution="""
    found, seen = [], []

    def visit(name, part):
        if any(part is other for other in seen):
            return
        seen.append(part)
        found.append((name, part))
        for key, inner in parts(part):
            visit(key if name == "" else name + "." + key, inner)

    visit("", owner)
    return found
    """),

    wrong("manual-seed", "another generator", "test-manual-seed",
        solution="""
    global _generator
    _generator = np.random.default_rng(seed)
    """, says=("made another generator",)),
    wrong("manual-seed", "NumPy's old generator", "test-manual-seed",
        solution="""
    np.random.seed(seed % 2**32)
    """, says=("after manual_seed(0) twice the numbers differ",)),
    wrong("manual-seed", "a seed that is not used", "test-manual-seed", ("default_rng(seed)", "default_rng(0)"),
        says=("seeds 1 and 2", "is the seed used")),
    wrong("manual-seed", "a seed from nowhere", "test-manual-seed", ("default_rng(seed)", "default_rng()"),
        says=("after manual_seed(0) twice", "differ")),
    wrong("manual-seed", "nothing but a draw", "test-manual-seed",
        solution="""
    np.random.default_rng(seed).random()
    """, says=("twice the numbers differ",)),
    right("manual-seed", "the state of another bit generator",
        solution="""
    fresh = type(_generator.bit_generator)(seed)
    _generator.bit_generator.state = fresh.state
    """),

    wrong("affine", "leading axes that stay one", "test-affine",
        ("return out.reshape(*x.shape[:-1], len(bias))", "return out"),
        says=("x of shape (3,)", "gave (1, 4), wanted (4,)")),
    wrong("affine", "no bias", "test-affine", ("    out += bias\n", ""), says=("x of shape (5, 3)", "off by")),
    wrong("affine", "the weight turned round", "test-affine", ("@ weight\n", "@ weight.T\n"),
        says=("x of shape (5, 3) by (3, 4)", "failed")),
    wrong("affine", "the batch kept and the rest made flat", "test-affine",
        ("x.reshape(-1, len(weight))", "x.reshape(len(x), -1)"), says=("x of shape (3,)", "failed")),
    wrong("affine", "float64 out", "test-affine", ("out += bias", "out = out.astype(np.float64) + bias"),
        says=("gave float64", "float32")),
    wrong("affine", "a bias for each row", "test-affine", ("out += bias\n", "out += bias.mean()\n"), says=("off by",)),
    wrong("affine", "the bias taken away", "test-affine", ("out += bias", "out -= bias"), says=("off by",)),
    wrong("affine", "a result in the bias", "test-affine",
        (
                (
                    "out = x.reshape(-1, len(weight)) @ weight\n"
                    "    out += bias\n"
                ),
                (
                    "rows = x.reshape(-1, len(weight)) @ weight\n"
                    "    out = rows + bias\n"
                    "    bias += 1\n"
                ),
            ),
        says=("changed an input",)),
    wrong("affine", "two axes only", "test-affine",
        ("out.reshape(*x.shape[:-1], len(bias))", "out.reshape(len(x), len(bias))"),
        says=("x of shape (3,)", "failed")),
    right("affine", "the operator on all axes",
        solution="""
    return x @ weight + bias
    """),
    right("affine", "tensordot",
        solution="""
    out = np.tensordot(x, weight, axes=1)
    return np.add(out, bias)
    """),

    wrong("uniform-parameter", "float64", "test-uniform-parameter", ("dtype=np.float32, ", ""),
        says=("float64", "wanted float32 (100, 60)")),
    wrong("uniform-parameter", "no gradient wanted", "test-uniform-parameter", (", requires_grad=True", ""),
        says=("requires a gradient",)),
    wrong("uniform-parameter", "from 0 on", "test-uniform-parameter",
        ("uniform(-bound, bound, shape)", "uniform(0, bound, shape)"), says=("mean 0.2", "wanted about 0")),
    wrong("uniform-parameter", "a bell", "test-uniform-parameter",
        ("uniform(-bound, bound, shape)", "normal(0, bound / 6, shape)"), says=("spread", "uniformly")),
    wrong("uniform-parameter", "half as wide", "test-uniform-parameter",
        ("uniform(-bound, bound, shape)", "uniform(-bound / 2, bound / 2, shape)"),
        says=("spread 0.14", "wanted 0.289")),
    wrong("uniform-parameter", "a generator of its own", "test-uniform-parameter",
        ("generator().uniform", "np.random.default_rng().uniform"), says=("one seed, two results",)),
    wrong("uniform-parameter", "a generator that begins anew", "test-uniform-parameter",
        ("generator().uniform", "np.random.default_rng(0).uniform"), says=("twice gave the same weights",)),
    wrong("uniform-parameter", "a bound of 1", "test-uniform-parameter",
        ("uniform(-bound, bound, shape)", "uniform(-1, 1, shape)"), says=("outside of +-0.5",)),
    right("uniform-parameter", "stretched from 0 to 1",
        solution="""
    numbers = (2 * generator().random(shape) - 1) * bound
    parameter = Tensor(numbers.astype("float32"))
    parameter.requires_grad = True
    return parameter
    """),

    wrong("linear", "shapes not looked at", "test-linear", ("if x.shape[-1:] != weight.shape[:1]:", "if False:"),
        says=("x of shape (2, 4)", "(3, 5)", "ValueError")),
    wrong("linear", "a last axis that must be there", "test-linear",
        ("x.shape[-1:] != weight.shape[:1]", "x.shape[-1] != weight.shape[0]"), says=("x of shape ()", "ValueError")),
    wrong("linear", "compared with the outputs", "test-linear", ("weight.shape[:1]", "weight.shape[1:]"),
        says=("(2, 3, 3) by (3, 5)", "was refused")),
    wrong("linear", "the first axis of x", "test-linear", ("x.shape[-1:]", "x.shape[:1]"),
        says=("(2, 3, 3) by (3, 5)", "was refused")),
    wrong("linear", "a bias passed over", "test-linear",
        ("return x @ weight if bias is None else apply(LINEAR, x, weight, bias)", "return x @ weight"),
        says=("with a bias", "x @ weight + bias")),
    wrong("linear", "two operations", "test-linear", ("apply(LINEAR, x, weight, bias)", "x @ weight + bias"),
        says=("wanted the primitive linear",)),
    wrong("linear", "past the door", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "wrap(affine(x.data, weight.data, bias.data))"),
        says=("wanted the primitive linear to be recorded",)),
    wrong("linear", "a message without the weight", "test-linear", ("for weight {weight.shape}, got", ", got"),
        says=("names (2, 4) and (3, 5)",)),
    right("linear", "the good case first",
        solution="""
    if x.ndim > 0 and x.shape[-1] == len(weight.data):
        if bias is not None:
            return apply(LINEAR, x, weight, bias)
        return x.matmul(weight)
    raise ValueError(f"shapes {x.shape} and {weight.shape} do not go together")
    """),

    wrong("linear-layer", "as wide as the outputs say", "test-linear-layer",
        ("in_features**-0.5", "out_features**-0.5"), says=("Linear(7, 1)", "outside of +-1/sqrt(7)")),
    wrong("linear-layer", "PyTorch's order of the axes", "test-linear-layer",
        (
                "uniform_parameter(bound, in_features, out_features)",
                "uniform_parameter(bound, out_features, in_features)",
            ),
        says=("(5, 3)", "wanted [('weight', (3, 5), True)")),
    wrong("linear-layer", "no root", "test-linear-layer", ("in_features**-0.5", "in_features**-1.0"),
        says=("times what it should be", "uniform")),
    wrong("linear-layer", "a bias that is always there", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if bias else None", "uniform_parameter(bound, out_features)"),
        says=("bias=False", "wanted [('weight', (4, 6), True)]")),
    wrong("linear-layer", "a bias of zeros", "test-linear-layer",
        (
                "uniform_parameter(bound, out_features) if bias",
                "Tensor(np.zeros(out_features, np.float32), requires_grad=True) if bias",
            ),
        says=("bias is 0.00 times",)),
    wrong("linear-layer", "a bias for each input", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if bias", "uniform_parameter(bound, in_features) if bias"),
        says=("wanted [('weight', (3, 5), True), ('bias', (5,), True)]",)),
    wrong("linear-layer", "a weight without a wish", "test-linear-layer",
        (
                "self.weight = uniform_parameter(bound, in_features, out_features)",
                "self.weight = Tensor(uniform_parameter(bound, in_features, out_features).data)",
            ),
        says=("(3, 5), False",)),
    wrong("linear-layer", "a bound of 1", "test-linear-layer", ("bound = in_features**-0.5", "bound = 1.0"),
        says=("outside of +-1/sqrt(3)",)),
    right("linear-layer", "a bias that comes in a branch",
        solution="""
    width = 1 / np.sqrt(in_features)
    self.weight = uniform_parameter(width, in_features, out_features)
    self.bias = None
    if bias:
        self.bias = uniform_parameter(width, out_features)
    """),

    wrong("dropout-mask", "the share that stays", "test-dropout-mask", (">= p)", "< p)"),
        says=("p is the share that goes",)),
    wrong("dropout-mask", "no scale", "test-dropout-mask", ("    mask /= 1 - p\n", ""),
        says=("holds [0. 1.]", "wanted 0 and 2.0", "on average")),
    wrong("dropout-mask", "divided by p", "test-dropout-mask", ("mask /= 1 - p", "mask /= p"),
        says=("dropout_mask((200, 100), 0.2, float16)", "wanted 0 and 1.25")),
    wrong("dropout-mask", "multiplied, not divided", "test-dropout-mask", ("mask /= 1 - p", "mask *= 1 - p"),
        says=("holds [0.  0.5]", "wanted 0 and 2.0")),
    wrong("dropout-mask", "always float32", "test-dropout-mask", (".astype(dtype)", ".astype(np.float32)"),
        says=("gave float32", "float16")),
    wrong("dropout-mask", "a mask for a row", "test-dropout-mask",
        ("random(shape, dtype=np.float32) >= p)", "random(shape[-1:], dtype=np.float32) >= p) * np.ones(shape)"),
        says=("dropped 4",)),
    wrong("dropout-mask", "a generator that begins anew", "test-dropout-mask",
        ("generator().random", "np.random.default_rng(0).random"), says=("same as the first",)),
    wrong("dropout-mask", "a generator of its own", "test-dropout-mask",
        ("generator().random", "np.random.default_rng().random"), says=("one seed, two masks", "generator()")),
    right("dropout-mask", "where",
        solution="""
    kept = generator().uniform(size=shape) >= p
    return np.where(kept, 1 / (1 - p), 0).astype(dtype)
    """),

    wrong("dropout", "evaluation drops too", "test-dropout",
        ("if not self.training or self.p == 0:", "if self.p == 0:"), says=("in evaluation",)),
    wrong("dropout", "training drops nothing", "test-dropout",
        ("if not self.training or self.p == 0:", "if self.training or self.p == 0:"),
        says=("3.0 became [3.0]", "wanted [0, 6]")),
    wrong("dropout", "scaled once more", "test-dropout",
        (
                "x * wrap(dropout_mask(x.shape, self.p, x.dtype))",
                "x * wrap(dropout_mask(x.shape, self.p, x.dtype)) / (1 - self.p)",
            ),
        says=("3.0 became [0.0, 12.0]", "wanted [0, 6]")),
    wrong("dropout", "detached", "test-dropout",
        (
                "x * wrap(dropout_mask(x.shape, self.p, x.dtype))",
                "wrap(x.data * dropout_mask(x.shape, self.p, x.dtype))",
            ),
        says=("the gradient must pass dropout",)),
    wrong("dropout", "a mask in float32", "test-dropout",
        ("dropout_mask(x.shape, self.p, x.dtype)", "dropout_mask(x.shape, self.p, np.float32)"),
        says=("float16", "in float32")),
    wrong("dropout", "scaled in evaluation, as it once was", "test-dropout",
        ("            return x\n", "            return x * (1 - self.p)\n"), says=("in evaluation",)),
    wrong("dropout", "drawn for nothing", "test-dropout", (" or self.p == 0", ""), says=("p = 0", "draws nothing")),
    wrong("dropout", "one half whatever p", "test-dropout",
        ("dropout_mask(x.shape, self.p, x.dtype)", "dropout_mask(x.shape, 0.5, x.dtype)"),
        says=("-1.5 became", "wanted [-6, 0]")),
    right("dropout", "the condition turned round",
        solution="""
    if self.training and self.p:
        mask = Tensor(dropout_mask(x.shape, self.p, x.dtype))
        return mask * x
    return x
    """),

    wrong("layer-norm", "means down the columns", "test-layer-norm",
        ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=0, keepdims=True)"), says=("off by", "of each row")),
    wrong("layer-norm", "one mean for all", "test-layer-norm", ("x.mean(axis=-1, keepdims=True)", "x.mean()"),
        says=("(4, 5)", "off by")),
    wrong("layer-norm", "n - 1", "test-layer-norm", ("/ x.shape[-1]", "/ (x.shape[-1] - 1)"),
        says=("off by", "over n")),
    wrong("layer-norm", "eps outside the root", "test-layer-norm",
        ("np.sqrt(variance + eps)", "(np.sqrt(variance) + eps)"), says=("off by", "inside the root")),
    wrong("layer-norm", "eps forgotten", "test-layer-norm", ("np.sqrt(variance + eps)", "np.sqrt(variance)"),
        says=("off by", "eps inside the root")),
    wrong("layer-norm", "the variance without its root", "test-layer-norm",
        ("np.sqrt(variance + eps)", "(variance + eps)"), says=("off by", "inside the root")),
    wrong("layer-norm", "the input's own array", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)", "out = x\n    out -= x.mean(axis=-1, keepdims=True)"),
        says=("input was changed",)),
    wrong("layer-norm", "an axis that gets lost", "test-layer-norm",
        ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=-1)"), says=("(4, 5)", "failed", "its own mean")),
    wrong("layer-norm", "no weight", "test-layer-norm", ("    out *= weight\n", ""),
        says=("off by", "weight and bias")),
    wrong("layer-norm", "no bias", "test-layer-norm", ("    out += bias\n", ""), says=("off by", "weight and bias")),
    wrong("layer-norm", "an eps of one's own", "test-layer-norm",
        ("np.sqrt(variance + eps)", "np.sqrt(variance + 1e-5)"), says=("eps=0.1", "off by")),
    wrong("layer-norm", "a difference of squares", "test-layer-norm",
        (
                "variance = np.vecdot(out, out)[..., np.newaxis] / x.shape[-1]",
                "variance = (x * x).mean(axis=-1, keepdims=True) - x.mean(axis=-1, keepdims=True) ** 2",
            ),
        says=("near", "off by")),
    right("layer-norm", "NumPy's own variance",
        solution="""
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * weight + bias
    """),

    wrong("sequential", "each gets what the first got", "test-sequential",
        (
                (
                    "            x = layer(x)\n"
                    "        return x\n"
                ),
                (
                    "            y = layer(x)\n"
                    "        return y if self.layers else x\n"
                ),
            ),
        says=("failed", "each layer gets what the one before it gave")),
    wrong("sequential", "from the last to the first", "test-sequential", ("in self.layers:", "in self.layers[::-1]:"),
        says=("each layer gets what the one before it gave",)),
    wrong("sequential", "back after the first", "test-sequential",
        (
                "        return x\n",
                (
                    "            return x\n"
                    "        return x\n"
                ),
            ),
        says=("each layer gets what the one before it gave",)),
    wrong("sequential", "without the last", "test-sequential", ("in self.layers:", "in self.layers[:-1]:"),
        says=("became", "wanted")),
    wrong("sequential", "only modules", "test-sequential",
        ("            x = layer(x)\n", "            x = layer(x) if isinstance(layer, Module) else x\n"),
        says=("became", "wanted")),
    wrong("sequential", "results added up", "test-sequential",
        (
                "            x = layer(x)\n",
                "            x = layer(x) + (x if isinstance(layer, Sequential) else 0)\n",
            ),
        says=("became", "wanted")),
    right("sequential", "reduce",
        solution="""
    from functools import reduce

    return reduce(lambda value, layer: layer(value), self.layers, x)
    """),

    wrong("load-arrays", "an array that is shared", "test-load-arrays",
        ("as_array(state[name], p.dtype)", "np.asarray(state[name], p.dtype)"), says=("share an array",)),
    wrong("load-arrays", "the old array written to", "test-load-arrays",
        ("parameters[name].data = array", "parameters[name].data[...] = array"),
        says=("the old array was written to",)),
    wrong("load-arrays", "types from the state", "test-load-arrays",
        ("as_array(state[name], p.dtype)", "as_array(state[name])"), says=("left the types", "keep the parameter's")),
    wrong("load-arrays", "new tensors in the dict", "test-load-arrays",
        ("parameters[name].data = array", "parameters[name] = Tensor(array)"), says=("weight was not loaded",)),
    wrong("load-arrays", "the first only", "test-load-arrays",
        (
                (
                    "    for name, array in arrays.items():\n"
                    "        parameters[name].data = array\n"
                ),
                (
                    "    for name, array in list(arrays.items())[:1]:\n"
                    "        parameters[name].data = array\n"
                ),
            ),
        says=("bias was not loaded",)),
    wrong("load-arrays", "names that are missing", "test-load-misfits",
        ("for name in parameters if name not in state]", "for name in parameters if False]"),
        says=("bias", "was loaded")),
    wrong("load-arrays", "names that are too many", "test-load-misfits",
        ("for name in state if name not in parameters]", "for name in state if False]"), says=("extra", "was loaded")),
    wrong("load-arrays", "shapes not compared", "test-load-misfits",
        ("if array.shape != parameters[name].shape:", "if False:"), says=("was loaded", "which shape differs")),
    wrong("load-arrays", "sizes for shapes", "test-load-misfits",
        ("array.shape != parameters[name].shape", "array.ndim != parameters[name].ndim"),
        says=("was loaded", "which shape differs")),
    wrong("load-arrays", "loaded up to the first misfit", "test-load-misfits",
        solution="""
    for name, parameter in parameters.items():
        if name not in state:
            raise ValueError(f"missing {name} in {list(state)}")
        array = as_array(state[name], parameter.dtype)
        if array.shape != parameter.shape:
            raise ValueError(f"{name}: {array.shape} for {parameter.shape}")
        parameter.data = array
    if len(state) > len(parameters):
        raise ValueError(f"unexpected: {set(state) - set(parameters)}")
    """, says=("failed and yet changed weight", "compare first")),
    wrong("load-arrays", "a name looked up that is not there", "test-load-misfits",
        ('problems = [f"missing {name}" for name in parameters if name not in state]', "problems = []"),
        ("for name, p in parameters.items() if name in state}", "for name, p in parameters.items()}"),
        says=("failed at 'bias'", "wanted a ValueError")),
    right("load-arrays", "sets of names",
        solution="""
    missing, extra = set(parameters) - set(state), set(state) - set(parameters)
    shared = set(parameters) & set(state)
    differ = [f"{n}: {np.shape(state[n])} for {parameters[n].shape}" for n in shared
              if np.shape(state[n]) != parameters[n].shape]
    if missing or extra or differ:
        raise ValueError(f"missing {sorted(missing)}, unexpected {sorted(extra)}, other shapes {differ}")
    for name, parameter in parameters.items():
        parameter.data = np.array(state[name], dtype=parameter.dtype)
    """),

    wrong("question-layers", "weights without biases", "test-question-layers",
        ("784 * 256 + 256 + 2 * 256 + 256 * 10 + 10", "784 * 256 + 256 * 10"),
        says=("parameter_count is 203264", "weight and bias")),
    wrong("question-layers", "no normalisation", "test-question-layers", (" + 2 * 256", ""),
        says=("parameter_count is 203530", "LayerNorm")),
    wrong("question-layers", "the share for its factor", "test-question-layers",
        ("stay_factor = 10", "stay_factor = 0.9"), says=("stay_factor is 0.9", "on average")),
    wrong("question-layers", "divided by p", "test-question-layers", ("stay_factor = 10", "stay_factor = 1 / 0.9"),
        says=("stay_factor is 1.1", "on average")),
    wrong("question-layers", "the bound for the spread", "test-question-layers",
        ("start_spread = 0.033", "start_spread = 0.058"), says=("start_spread is 0.058", "how large to start")),
    right("question-layers", "answers as results", ("start_spread = 0.033", "start_spread = 1 / 900**0.5")),
]
