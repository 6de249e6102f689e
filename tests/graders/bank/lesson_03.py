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
    wrong("parts", "names with an underscore passed over", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if str(name)[0] != '_']"),
        says=("parts of a Module", "('_blocks'", "see what has parts")),
    wrong("parts", "the visible names typed in", "test-parts",
        solution="""
    if isinstance(owner, Module):
        return [(name, vars(owner)[name]) for name in ("weight", "blocks", "size") if name in vars(owner)]
    if isinstance(owner, dict):
        return [(str(key), owner[key]) for key in ("up", 2) if key in owner]
    return [(str(i), part) for i, part in enumerate(owner)] if type(owner) in (list, tuple) else []
    """, says=("parts of a Module gave", "('_blocks'")),
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
        says=("['', '0', '1', '1.again', '2']", "each object once")),
    wrong("walk", "recursion that remembers nothing", "test-walk",
        solution="""
    found = [("", owner)]
    for key, part in parts(owner):
        found += [(f"{key}.{name}" if name else key, inner) for name, inner in walk(part)]
    return found
    """, says=("'1.again'", "each object once")),
    wrong("walk", "a memory of equal values", "test-walk", ("id(part) not in seen", "repr(part) not in seen"),
        ("seen.add(id(part))", "seen.add(repr(part))"), says=("gave ['', '0', '1'], wanted", "each object once")),
    wrong("walk", "level by level", "test-walk", ("waiting.pop()", "waiting.pop(0)"),
        ("reversed(parts(part))", "parts(part)"), says=("'b', 'a.0'", "depth first")),
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
    wrong("walk", "a memory that lasts", "test-walk", ("found, seen, waiting = [], set(), [", "found, waiting = [], ["),
        ("    while waiting:\n", "    seen = vars(walk).setdefault('seen', set())\n    while waiting:\n"),
        says=("that the second walk met gave []", "empty memory")),
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

    wrong("affine", "leading axes that stay one", "test-affine",
        ("return out.reshape(*x.shape[:-1], len(bias))", "return out"),
        says=("affine of (3,)", "gave shape (1, 4), wanted (4,)")),
    wrong("affine", "no bias", "test-affine", ("    out += bias\n", ""),
        says=("affine of (5, 3)", "x @ weight + bias")),
    wrong("affine", "the weight turned round", "test-affine", ("@ weight\n", "@ weight.T\n"),
        says=("affine of (5, 3) by (3, 4)", "failed")),
    wrong("affine", "the batch kept and the rest made flat", "test-affine",
        ("x.reshape(-1, len(weight))", "x.reshape(len(x), -1)"), says=("affine of (3,)", "failed", "leading axes")),
    wrong("affine", "float64 out", "test-affine", ("out += bias", "out = out.astype(np.float64) + bias"),
        says=("float32 is float64, wanted float32",)),
    wrong("affine", "a bias for each row", "test-affine", ("out += bias\n", "out += bias.mean()\n"),
        says=("x @ weight + bias",)),
    wrong("affine", "the bias taken away", "test-affine", ("out += bias", "out -= bias"), says=("x @ weight + bias",)),
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
        says=("changed bias", "in float64")),
    wrong("affine", "np.dot of a whole stack, which is no product of two matrices", "test-affine",
        solution="""
    y = np.dot(x, weight)
    y += bias
    return y
    """, says=("a stack of shape (2, 5, 3)", "one tall matrix")),
    wrong("affine", "einsum of a whole stack", "test-affine",
        solution="""
    y = np.einsum("...i,io->...o", x, weight)
    y += bias
    return y
    """, says=("a stack of shape (2, 5, 3)", "one tall matrix")),
    right("affine", "np.dot of the tall matrix",
        solution="""
    y = np.dot(x.reshape(-1, x.shape[-1]), weight)
    np.add(y, bias, out=y)
    return y.reshape(x.shape[:-1] + bias.shape)
    """),
    wrong("affine", "two axes only", "test-affine",
        ("out.reshape(*x.shape[:-1], len(bias))", "out.reshape(len(x), len(bias))"),
        says=("affine of (3,)", "failed", "leading axes")),
    wrong("affine", "the operator on all axes", "test-affine",
        solution="""
    return x @ weight + bias
    """, says=("a stack of shape (2, 5, 3)", "one tall matrix")),
    wrong("affine", "a stack of products, bias in place", "test-affine",
        solution="""
    out = np.matmul(x, weight)
    out += bias
    return out
    """, says=("a stack of shape (2, 5, 3)", "one tall matrix")),
    wrong("affine", "a sum that makes a new array", "test-affine",
        ("    out += bias\n", "    out = out + bias\n"),
        says=("the sum of ((10, 4), (4,)) made a new array", "in place")),
    right("affine", "tensordot",
        solution="""
    out = np.tensordot(x, weight, axes=1)
    return np.add(out, bias, out=out)
    """),
    right("affine", "dot, and the bias before the shape",
        solution="""
    rows = np.dot(np.reshape(x, (-1, x.shape[-1])) if x.ndim != 2 else x, weight)
    np.add(rows, bias, out=rows)
    return rows.reshape(x.shape[:-1] + bias.shape)
    """),

    wrong("linear", "shapes not looked at", "test-linear", ("if x.shape[-1:] != weight.shape[:1]:", "if False:"),
        says=("linear of (2, 4) by (3, 5)", "ValueError", "name both shapes")),
    wrong("linear", "a last axis that must be there", "test-linear",
        ("x.shape[-1:] != weight.shape[:1]", "x.shape[-1] != weight.shape[0]"),
        says=("linear of () by (3, 5)", "wanted a ValueError")),
    wrong("linear", "compared with the outputs", "test-linear", ("weight.shape[:1]", "weight.shape[1:]"),
        says=("(2, 3, 3) by (3, 5)", "failed")),
    wrong("linear", "the first axis of x", "test-linear", ("x.shape[-1:]", "x.shape[:1]"),
        says=("(2, 3, 3) by (3, 5)", "failed")),
    wrong("linear", "a bias passed over", "test-linear",
        ("return x @ weight if bias is None else apply(LINEAR, x, weight, bias)", "return x @ weight"),
        says=("with bias", "x @ weight + bias")),
    wrong("linear", "two operations", "test-linear", ("apply(LINEAR, x, weight, bias)", "x @ weight + bias"),
        says=("gave ['matmul', 'add'], wanted ['linear']", "one primitive")),
    wrong("linear", "past apply", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "wrap(affine(x.data, weight.data, bias.data))"),
        says=("gave [], wanted ['linear']", "through apply")),
    wrong("linear", "execute in the place of apply", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "execute(LINEAR, (x, weight, bias), {})"),
        ("    if x.shape[-1:]", "    from tinytorch.core.tensor import execute\n\n    if x.shape[-1:]"),
        says=("gave [], wanted ['linear']", "through apply")),
    wrong("linear", "a message without the weight", "test-linear", ("{weight.shape}, got", "got"),
        says=("'(2, 4)', '(3, 5)'", "name both shapes")),
    right("linear", "the good case first",
        solution="""
    if x.ndim > 0 and x.shape[-1] == len(weight.data):
        if bias is not None:
            return apply(LINEAR, x, weight, bias)
        return x.matmul(weight)
    raise ValueError(f"shapes {x.shape} and {weight.shape} do not go together")
    """),

    wrong("linear-layer", "as wide as the outputs say", "test-linear-layer",
        ("in_features**-0.5", "out_features**-0.5"), says=("Linear(7, 1", "/sqrt(7), wanted at most 1")),
    wrong("linear-layer", "PyTorch's order of the axes", "test-linear-layer",
        (
                "uniform_parameter(bound, in_features, out_features)",
                "uniform_parameter(bound, out_features, in_features)",
            ),
        says=("(5, 3)", "wanted [('weight', (3, 5), True)")),
    wrong("linear-layer", "no root", "test-linear-layer", ("in_features**-0.5", "in_features**-1.0"),
        says=("the spread of weight is 0.05 of the right one",)),
    wrong("linear-layer", "a bias that is always there", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if bias else None", "uniform_parameter(bound, out_features)"),
        says=("bias=False", "wanted [('weight', (4, 6), True)]")),
    wrong("linear-layer", "a bias of zeros", "test-linear-layer",
        (
                "uniform_parameter(bound, out_features) if bias",
                "Tensor(np.zeros(out_features, np.float32), requires_grad=True) if bias",
            ),
        says=("the spread of bias is 0.00",)),
    wrong("linear-layer", "a bias for each input", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if bias", "uniform_parameter(bound, in_features) if bias"),
        says=("wanted [('weight', (3, 5), True), ('bias', (5,), True)]",)),
    wrong("linear-layer", "a weight without a wish", "test-linear-layer",
        (
                "self.weight = uniform_parameter(bound, in_features, out_features)",
                "self.weight = Tensor(uniform_parameter(bound, in_features, out_features).data)",
            ),
        says=("of Linear(3, 5, bias=True) gave [('bias', (5,), True)]",)),
    wrong("linear-layer", "a generator of its own, seeded", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(np.random.default_rng(0).uniform(-bound, bound, (in_features, out_features)),\n"
         "            np.float32, requires_grad=True)"),
        says=("repeat after the same seed", "(True, True), wanted (True, False)", "draw")),
    wrong("linear-layer", "a generator of its own, for the bias", "test-linear-layer",
        ("uniform_parameter(bound, out_features)",
         "Tensor(np.random.default_rng().uniform(-bound, bound, out_features), np.float32,\n"
         "            requires_grad=True)"),
        says=("repeat after the same seed", "(False, False), wanted (True, False)", "draw")),
    wrong("linear-layer", "no bias at all where there is none", "test-linear-layer",
        ("        self.bias = uniform_parameter(bound, out_features) if bias else None\n",
         "        if bias:\n            self.bias = uniform_parameter(bound, out_features)\n"),
        says=("Linear(4, 6, bias=False)", "no attribute 'bias'", "bias is a parameter or None")),
    wrong("linear-layer", "a bound of 1", "test-linear-layer", ("bound = in_features**-0.5", "bound = 1.0"),
        says=("/sqrt(3), wanted at most 1",)),
    right("linear-layer", "a bias that comes in a branch",
        solution="""
    width = 1 / np.sqrt(in_features)
    self.weight = uniform_parameter(width, in_features, out_features)
    self.bias = None
    if bias:
        self.bias = uniform_parameter(width, out_features)
    """),

    wrong("dropout", "evaluation drops too", "test-dropout",
        ("if not self.training or self.p == 0:", "if self.p == 0:"),
        says=("in evaluation x itself",)),
    wrong("dropout", "training drops nothing", "test-dropout",
        ("if not self.training or self.p == 0:", "if self.training or self.p == 0:"),
        says=("of 3.0, gave [3.0], wanted [0, 6]", "on average")),
    wrong("dropout", "the share that stays", "test-dropout", (">= self.p)", "< self.p)"),
        says=("Dropout(0.75) in float32 dropped 25", "p is the share that goes")),
    wrong("dropout", "no scale", "test-dropout", ("        mask /= 1 - self.p\n", ""),
        says=("gave [0.0, 3.0], wanted [0, 6]", "on average")),
    wrong("dropout", "divided by p", "test-dropout", ("mask /= 1 - self.p", "mask /= self.p"),
        says=("gave [-2.0, -0.0], wanted [-6, 0]",)),
    wrong("dropout", "multiplied, not divided", "test-dropout", ("mask /= 1 - self.p", "mask *= 1 - self.p"),
        says=("gave [0.0, 1.5], wanted [0, 6]",)),
    wrong("dropout", "scaled once more", "test-dropout",
        ("return x * wrap(mask)", "return x * wrap(mask) / (1 - self.p)"),
        says=("gave [0.0, 12.0], wanted [0, 6]",)),
    wrong("dropout", "scaled in evaluation, as it once was", "test-dropout",
        ("            return x\n", "            return x * (1 - self.p)\n"), says=("in evaluation x itself",)),
    wrong("dropout", "a mask for a row", "test-dropout",
        (
            "generator().random(x.shape, dtype=np.float32) >= self.p)",
            "generator().random(x.shape[-1:], dtype=np.float32) >= self.p) * np.ones(x.shape)",
        ),
        says=("Dropout(0.5) in float32 dropped",)),
    wrong("dropout", "exactly a share of each row", "test-dropout",
        (
            "(generator().random(x.shape, dtype=np.float32) >= self.p)",
            "(generator().random(x.shape).argsort(axis=-1) >= self.p * x.shape[-1])",
        ),
        says=("dropped [0.5 0.5 0.5 0.5] of rows", "each number by itself")),
    wrong("dropout", "exactly a share of all numbers", "test-dropout",
        (
            "(generator().random(x.shape, dtype=np.float32) >= self.p)",
            "(generator().random(x.size).argsort().reshape(x.shape) >= self.p * x.size)",
        ),
        says=("each time", "each number by itself")),
    wrong("dropout", "a generator that begins anew", "test-dropout",
        ("generator().random", "np.random.default_rng(0).random"),
        says=("dropped the same ones twice",)),
    wrong("dropout", "a generator of its own", "test-dropout", ("generator().random", "np.random.default_rng().random"),
        says=("after the same seed", "generator()")),
    wrong("dropout", "one mask kept", "test-dropout",
        ("return x * wrap(mask)", "self.mask = vars(self).get('mask', mask)\n        return x * wrap(self.mask)"),
        says=("dropped the same ones twice",)),
    wrong("dropout", "detached", "test-dropout", ("return x * wrap(mask)", "return wrap(x.data * mask)"),
        says=("gave [], wanted ['mul']")),
    wrong("dropout", "a mask in float32", "test-dropout", (".astype(x.dtype)", ".astype(np.float32)"),
        says=("Dropout(0.5) in float16 is float32, wanted float16",)),
    wrong("dropout", "drawn for nothing", "test-dropout", (" or self.p == 0", ""), says=("for p = 0 x itself",)),
    wrong("dropout", "drawn before it is asked for", "test-dropout",
        (
            "        if not self.training or self.p == 0:\n            return x\n",
            "        draw = generator().random(x.shape)\n"
            "        if not self.training or self.p == 0:\n            return x\n",
        ),
        says=("in evaluation nothing should be drawn",)),
    wrong("dropout", "one half whatever p", "test-dropout", (">= self.p)", ">= 0.5)"),
        says=("Dropout(0.75) in float32 dropped 49", "share that goes")),
    right("dropout", "the condition turned round",
        solution="""
    if self.training and self.p:
        kept = generator().uniform(size=x.shape) >= self.p
        return wrap(np.where(kept, 1 / (1 - self.p), 0).astype(x.dtype)) * x
    return x
    """),

    wrong("layer-norm", "means down the columns", "test-layer-norm",
        ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=0, keepdims=True)"),
        says=("rows of (4, 5)", "wanted", "each row")),
    wrong("layer-norm", "one mean for all", "test-layer-norm", ("x.mean(axis=-1, keepdims=True)", "x.mean()"),
        says=("rows of (4, 5)", "wanted", "each row")),
    wrong("layer-norm", "n - 1", "test-layer-norm", ("/ x.shape[-1]", "/ (x.shape[-1] - 1)"),
        says=("wanted 1.4721", "over n")),
    wrong("layer-norm", "eps outside the root", "test-layer-norm",
        ("np.sqrt(variance + eps)", "(np.sqrt(variance) + eps)"), says=("eps inside the root",)),
    wrong("layer-norm", "eps forgotten", "test-layer-norm", ("np.sqrt(variance + eps)", "np.sqrt(variance)"),
        says=("wanted 1.472077", "eps inside the root")),
    wrong("layer-norm", "the variance without its root", "test-layer-norm",
        ("np.sqrt(variance + eps)", "(variance + eps)"), says=("wanted", "inside the root")),
    wrong("layer-norm", "the input's own array", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)", "out = x\n    out -= x.mean(axis=-1, keepdims=True)"),
        says=("changed x",)),
    wrong("layer-norm", "an axis that gets lost", "test-layer-norm",
        ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=-1)"), says=("(4, 5)", "failed", "its own mean")),
    wrong("layer-norm", "no weight", "test-layer-norm", ("    out *= weight\n", ""),
        says=("wanted", "weight, bias")),
    wrong("layer-norm", "no bias", "test-layer-norm", ("    out += bias\n", ""), says=("wanted", "weight, bias")),
    wrong("layer-norm", "an eps of one's own", "test-layer-norm",
        ("np.sqrt(variance + eps)", "np.sqrt(variance + 1e-5)"), says=("eps=0.1", "wanted")),
    wrong("layer-norm", "a difference of squares", "test-layer-norm",
        (
                "variance = np.vecdot(out, out)[..., np.newaxis] / x.shape[-1]",
                "variance = (x * x).mean(axis=-1, keepdims=True) - x.mean(axis=-1, keepdims=True) ** 2",
            ),
        says=("rows of (5,) near 3000", "wanted")),
    right("layer-norm", "NumPy's own variance",
        solution="""
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * weight + bias
    """),

    wrong("load-arrays", "an array that is shared", "test-load-arrays",
        ("as_array(state[name], parameters[name].dtype)", "np.asarray(state[name], parameters[name].dtype)"),
        says=("share an array",)),
    wrong("load-arrays", "the old array written to", "test-load-arrays",
        ("parameters[name].data = arrays[name]", "parameters[name].data[...] = arrays[name]"),
        says=("the old array was written to",)),
    wrong("load-arrays", "types from the state", "test-load-arrays",
        ("as_array(state[name], parameters[name].dtype)", "as_array(state[name])"),
        says=("is int64, wanted float32", "its own type")),
    wrong("load-arrays", "new tensors in the dict", "test-load-arrays",
        ("parameters[name].data = arrays[name]", "parameters[name] = Tensor(arrays[name])"),
        says=("weight after loading gave", "wanted")),
    wrong("load-arrays", "a frozen parameter set free", "test-load-arrays",
        ("        parameters[name].data = arrays[name]\n",
         "        parameters[name].data = arrays[name]\n        parameters[name].requires_grad = True\n"),
        says=("requires_grad of bias", "frozen")),
    wrong("load-arrays", "lists not taken", "test-load-arrays",
        ("        if arrays[name].shape", "        if state[name].shape"),
        says=("a list of 2 numbers for bias", "failed", "no attribute 'shape'")),
    wrong("load-arrays", "the first only", "test-load-arrays",
        ("for name in known:\n        parameters[name].data", "for name in known[:1]:\n        parameters[name].data"),
        says=("bias after loading gave", "wanted 0.5")),
    wrong("load-arrays", "names that are missing", "test-load-misfits",
        ("for name in parameters if name not in state]", "for name in parameters if False]"),
        says=("was accepted", "'bias'", "list them all")),
    wrong("load-arrays", "names that are too many", "test-load-misfits",
        ("for name in state if name not in parameters]", "for name in state if False]"),
        says=("was accepted", "'extra'")),
    wrong("load-arrays", "shapes not compared", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape:", "if False:"), says=("was accepted", "'(3,)', '(2,)'")),
    wrong("load-arrays", "numbers of axes for shapes", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape", "if arrays[name].ndim != parameters[name].ndim"),
        says=("was accepted", "'bias', '(3,)', '(2,)'", "list them all")),
    wrong("load-arrays", "sizes for shapes: a transposed weight", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape", "if arrays[name].size != parameters[name].size"),
        says=("loading {'weight': (2, 3), 'bias': (1,)}", "(2, 3)", "list them all")),
    wrong("load-arrays", "the first misfit only", "test-load-misfits",
        ("{'; '.join(problems)}", "{problems[0]}"), says=("'weight', 'kernel', 'bias'", "list them all")),
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
    """, says=("changed weight", "compare first")),
    wrong("load-arrays", "a name looked up that is not there", "test-load-misfits",
        ('problems = [f"missing {name}" for name in parameters if name not in state]', "problems = []"),
        ("known = [name for name in parameters if name in state]", "known = list(parameters)"),
        says=("raised KeyError", "wanted a ValueError")),
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
