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
    wrong("parts", "a Module itself and no subclass", "test-parts",
        ("isinstance(owner, Module)", "type(owner) is Module"),
        says=("parts of a Block gave [], wanted", "names are strings; see what has parts")),
    wrong("parts", "what is None left out", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if part is not None]"),
        says=("parts of a Block gave [('act', <ufunc", "names are strings; see what has parts")),
    wrong("parts", "functions left out", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if not callable(part) or isinstance(part, Module)]"),
        says=("parts of a Block gave [('none', None),", "names are strings; see what has parts")),
    wrong("parts", "sets taken apart", "test-parts",
        ("(list, tuple)", "(list, tuple, set, frozenset)"),
        says=("gave [('0', 1), ('1', 2)], wanted []", "names are strings; see what has parts")),
    wrong("parts", "ranges taken apart", "test-parts",
        ("(list, tuple)", "(list, tuple, range)"),
        says=("gave [('0', 0), ('1', 1)], wanted []", "names are strings; see what has parts")),
    wrong("parts", "arrays taken apart", "test-parts",
        ("(list, tuple)", "(list, tuple, np.ndarray)"),
        says=("gave [('0', np.float64(0.0)), ('1', np.float64(0.0))], wanted []",
              "names are strings; see what has parts")),
    wrong("parts", "dict in sorted order", "test-parts",
        ("named = owner.items()", "named = sorted(owner.items(), key=lambda item: str(item[0]))"),
        says=("parts of a dict gave [('2', array([0.,", "names are strings; see what has parts")),
    wrong("parts", "attributes in sorted order", "test-parts",
        ("vars(owner).items() if", "sorted(vars(owner).items()) if"),
        says=("parts of a Module gave [('_blocks', [Module()", "names are strings; see what has parts")),
    wrong("parts", "attributes with two underscores left out", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if not str(name).startswith('__')]"),
        says=("parts of a Block gave [('none', None),", "names are strings; see what has parts")),
    wrong("parts", "empty parts left out", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if not (isinstance(part, (list, dict, "
         "tuple)) and not part)]"),
        says=("parts of a Block gave [('none', None),", "names are strings; see what has parts")),
    wrong("parts", "names by repr", "test-parts",
        ("(str(name), part)", "(name if isinstance(name, str) else repr(name), part)"),
        says=("parts of a dict gave [('np.int64(4)', Block()",
              "names are strings; see what has parts")),
    wrong("parts", "counted from 1", "test-parts",
        ("enumerate(owner)", "enumerate(owner, 1)"),
        says=("parts of a list gave [('1', Module()", "names are strings; see what has parts")),
    wrong("parts", "the mode as a part", "test-parts",
        ("vars(owner).items() if isinstance(owner, Module)",
         "{'training': owner.training, **vars(owner)}.items() if isinstance(owner, Module)"),
        says=("parts of a Module gave [('training', True),", "names are strings; see what has parts")),
    wrong("parts", "anything with attributes but tensors", "test-parts",
        ("vars(owner).items() if isinstance(owner, Module) else ()",
         "vars(owner).items() if hasattr(owner, '__dict__') and not isinstance(owner, Tensor) else ()"),
        says=("gave [('held', ['shared'])], wanted []", "names are strings; see what has parts")),
    wrong("parts", "attributes of the class as well", "test-parts",
        ("vars(owner).items() if isinstance(owner, Module) else ()",
         "{**{k: v for k, v in vars(type(owner)).items() if not k.startswith('__')}, "
         "**vars(owner)}.items() if isinstance(owner, Module) else ()"),
        says=("parts of a Module gave [('named_modules', <function", "names are strings; see what has parts")),
    wrong("parts", "a copy of each list", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), list(part) if isinstance(part, list) else part) for name, part in named]"),
        says=("parts of a Module gave [('weight', Tensor([1.],", "names are strings; see what has parts")),
    wrong("parts", "names turned round", "test-parts",
        ("return [(str(name), part) for name, part in named]", "return [(part, str(name)) for name, part in named]"),
        says=("parts of a Module gave [(Tensor([1.], dtype=float32),", "names are strings; see what has parts")),
    wrong("parts", "tensors as arrays", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part.data if isinstance(part, Tensor) else part) for name, part in named]"),
        says=("parts of a Module gave [('weight', array([1.],", "names are strings; see what has parts")),
    wrong("parts", "only what can hold a parameter", "test-parts",
        ("return [(str(name), part) for name, part in named]",
         "return [(str(name), part) for name, part in named if isinstance(part, (Tensor, Module, "
         "list, tuple, dict))]"),
        says=("parts of a Module gave [('weight', Tensor([1.],", "names are strings; see what has parts")),
    wrong("parts", "a dict's first level of texts only", "test-parts",
        ("named = owner.items()", "named = [(k, v) for k, v in owner.items() if isinstance(k, str)]"),
        says=("parts of a dict gave [('up', Module()", "names are strings; see what has parts")),
    wrong("parts", "names without their underscores", "test-parts",
        ("(str(name), part)", "(str(name).strip('_'), part)"),
        says=("parts of a Module gave [('weight', Tensor([1.],", "names are strings; see what has parts")),
    wrong("parts", "a generator's elements", "test-parts",
        ("(list, tuple)):\n        named = enumerate(owner)",
         "(list, tuple)) or hasattr(owner, '__next__'):\n        named = enumerate(owner)"),
        says=("gave [('0', 1)], wanted []", "names are strings; see what has parts")),
    right("parts", "by match",
        solution="""
    match owner:
        case Module():
            pairs = owner.__dict__.items()
        case dict():
            pairs = owner.items()
        case list() | tuple():
            pairs = zip(range(len(owner)), owner)
        case _:
            return []
    return [(str(key), value) for key, value in pairs]
    """),
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
    wrong("walk", "only tensors and modules remembered", "test-walk",
        ("        if id(part) not in seen:\n            seen.add(id(part))\n",
         "        if id(part) not in seen:\n"
         "            if isinstance(part, (Module, Tensor, np.ndarray)) or len(found) > 50:\n"
         "                seen.add(id(part))\n"), says=("the list of names that the first",)),
    wrong("walk", "the owner not remembered", "test-walk",
        ("seen.add(id(part))", "seen.add(id(part)) if name else None"),
        says=("the list of names that the first", "each object once")),
    wrong("walk", "texts and numbers left out", "test-walk",
        ("            found.append((name, part))\n",
         "            if not isinstance(part, (str, int, float)):\n                found.append((name, part))\n"),
        says=("gave ['', 'a', 'b'], wanted ['', 'a', 'a.0', 'a.1', 'b', 'b.0']", "depth first")),
    wrong("walk", "dots in place of the first name", "test-walk",
        ('prefix = f"{name}." if name else ""', 'prefix = f"{name.split(chr(46))[-1]}." if name else ""'),
        says=("gave ['', '0', '1', '1.v', 'v.0'], wanted ['', '0', '1', '1.v', '1.v.0']", "each object once")),
    wrong("walk", "equal arrays are one", "test-walk",
        ("if id(part) not in seen:",
         "if id(part) not in seen and not any(isinstance(o, np.ndarray) and isinstance(part, "
         "np.ndarray) and np.array_equal(o, part) for _, o in found):"),
        says=("gave ['', '0', '1'], wanted ['', '0', '1', '2']", "each object once")),
    wrong("walk", "equal lists are one", "test-walk",
        ("if id(part) not in seen:",
         "if id(part) not in seen and not any(isinstance(o, tuple) and isinstance(part, tuple) and o "
         "== part for _, o in found):"),
        says=("gave ['', '0', '0.0'], wanted ['', '0', '0.0', '1']", "two objects that are equal are two")),
    wrong("walk", "five levels at most", "test-walk",
        ("for key, inner in reversed(parts(part))]",
         "for key, inner in reversed(parts(part)) if name.count('.') < 3]"),
        says=("the list of names that the first", "go on, however deep it is")),
    wrong("walk", "the last of several names for what is shared", "test-walk",
        ("reversed(parts(part))]", "reversed(parts(part)) if id(inner) not in {id(x) for _, x in waiting}]"),
        says=("gave ['', 'a', 'a.1', 'b'], wanted ['', 'a', 'a.0', 'a.1']",
              "what is shared has the name where it is met first")),
    wrong("walk", "parts named by their class", "test-modes",
        solution="""
    found, seen, waiting = [], set(), [('', owner)]
    while waiting:
        name, part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            found.append((name, part))
            for key, inner in reversed(parts(part)):
                whole = name and not isinstance(part, Module)
                waiting.append((f'{name}.{key}' if whole else key, inner))
    return found
""", says=("the list of names of parameters gave", "a weight used twice is one")),
    wrong("walk", "a tuple of names", "test-walk",
        ("found.append((name, part))", "found.append((tuple(name.split('.')), part))"),
        says=("the list of names that the first", "depth first")),
    wrong("walk", "Tensors counted as often as they are met", "test-modes",
        ("if id(part) not in seen:", "if id(part) not in seen or isinstance(part, Tensor):"),
        says=("the list of names of parameters gave", "a weight used twice is one")),
    wrong("walk", "arrays counted as often as they are met", "test-walk",
        ("if id(part) not in seen:", "if id(part) not in seen or isinstance(part, np.ndarray):"),
        says=("gave ['', '0', '1', '1.again', '2'], wanted ['', '0', '1', '2']", "each object once")),
    wrong("walk", "None left out", "test-walk",
        ("if id(part) not in seen:", "if part is not None and id(part) not in seen:"),
        says=("gave ['', '1', '1.0'], wanted ['', '0', '1', '1.0']", "None is an object like any other")),
    wrong("walk", "parts of tensors' arrays", "test-walk",
        ("reversed(parts(part))]",
         "reversed(parts(part) + ([('data', part.data)] if isinstance(part, Tensor) else []))]"),
        says=("gave ['', '0', '0.data', '1'], wanted ['', '0', '1']", "a tensor has no parts")),
    wrong("walk", "names joined by a slash", "test-walk",
        ('f"{name}."', 'f"{name}/"'), says=("the list of names that the first", "depth first")),
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
        ("x.reshape(prod(x.shape[:-1]), len(weight))", "x.reshape(len(x), -1)"),
        says=("affine of (3,)", "failed", "leading axes")),
    wrong("affine", "float64 out", "test-affine", ("out += bias", "out = out.astype(np.float64) + bias"),
        says=("float32 is float64, wanted float32",)),
    wrong("affine", "a bias for each row", "test-affine", ("out += bias\n", "out += bias.mean()\n"),
        says=("x @ weight + bias",)),
    wrong("affine", "the bias taken away", "test-affine", ("out += bias", "out -= bias"), says=("x @ weight + bias",)),
    wrong("affine", "a result in the bias", "test-affine",
        (
                (
                    "out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight\n"
                    "    out += bias\n"
                ),
                (
                    "rows = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight\n"
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
    wrong("affine", "row by row", "test-affine",
        solution="""
    rows = x.reshape(prod(x.shape[:-1]), len(weight))
    out = np.empty((len(rows), len(bias)), np.result_type(x, weight))
    for i, row in enumerate(rows):
        out[i] = row @ weight
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine made 10 products, of ((3,), (3,", "make one of all rows")),
    wrong("affine", "by multiplying and adding up", "test-affine",
        solution="""
    out = (x.reshape(-1, len(weight), 1) * weight).sum(axis=1)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("the sum of ((10, 3, 4),) made", "add in place, into the product")),
    wrong("affine", "a column of ones for the bias", "test-affine",
        solution="""
    rows = x.reshape(prod(x.shape[:-1]), len(weight))
    rows = np.concatenate([rows, np.ones((len(rows), 1), x.dtype)], axis=1)
    out = rows @ np.concatenate([weight, bias[None]])
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine never added a bias of shape", "add it in place, into the product")),
    wrong("affine", "nan made 0", "test-affine",
        solution="""
    out = np.nan_to_num(x.reshape(prod(x.shape[:-1]), len(weight))) @ weight
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("gave 1, wanted nan at [0, 0]", "nan and inf stay visible")),
    wrong("affine", "the shape of the input itself changed", "test-affine",
        solution="""
    shape = x.shape
    x.shape = (-1, len(weight))
    out = x @ weight
    x.shape = shape
    out += bias
    return out.reshape(*shape[:-1], len(bias))
""", says=("affine of a transposed x (2, 4,", "read them as they are, whatever the memory")),
    wrong("affine", "by float32", "test-affine",
        solution="""
    out = x.reshape(prod(x.shape[:-1]), len(weight)).astype(np.float32) @ weight.astype(np.float32)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias)).astype(x.dtype)
""", says=("gave 5.2263365, wanted 5.2263361 at [2, 2]", "x @ weight + bias")),
    wrong("affine", "the product made twice", "test-affine",
        solution="""
    out = np.empty_like(x.reshape(prod(x.shape[:-1]), len(weight)) @ weight)
    np.matmul(x.reshape(prod(x.shape[:-1]), len(weight)), weight, out=out)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine made 2 products, of ((10, 3),", "make one of all rows")),
    wrong("affine", "halves of the batch", "test-affine",
        solution="""
    rows = x.reshape(prod(x.shape[:-1]), len(weight))
    out = np.concatenate([rows[:1] @ weight, rows[1:] @ weight])
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine made 2 products, of ((1, 3),", "make one of all rows")),
    wrong("affine", "the bias added to a copy in place", "test-affine",
        solution="""
    out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    out = np.array(out)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine took 204,992 bytes for a result", "one array is enough")),
    wrong("affine", "the bias spread out over all rows first", "test-affine",
        solution="""
    out = np.tile(bias, (x.size // len(weight), 1))
    out += x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine never added a bias of shape", "add it in place, into the product")),
    wrong("affine", "the rows of an array in the order of memory", "test-affine",
        solution="""
    out = x.reshape(-1, len(weight), order='A') @ weight
    out += bias
    return out.reshape(*x.shape[:-1], len(bias), order='C')
""", says=("gave -1.8963, wanted 1.3909 at [1, 1, 3]", "rows stay rows")),
    wrong("affine", "the weight made contiguous by a copy of twice its size", "test-affine",
        solution="""
    out = np.dot(x.reshape(prod(x.shape[:-1]), len(weight)), weight.astype(np.float64)).astype(x.dtype)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("affine took 373,120 bytes for a result", "one array is enough")),
    wrong("affine", "einsum over the tall matrix, in float64", "test-affine",
        solution="""
    out = np.einsum('ni,io->no', x.reshape(prod(x.shape[:-1]), len(weight)), weight, dtype=np.float64)
    out += bias
    return out.reshape(*x.shape[:-1], len(bias)).astype(x.dtype)
""", says=("affine took 337,562 bytes for a result", "one array is enough")),
    wrong("affine", "the bias added to the first row", "test-affine",
        solution="""
    out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    out[:1] += bias
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("gave 0.019504, wanted 2.1834 at [1, 2]", "x @ weight + bias")),
    wrong("affine", "a leading axis dropped where it is 1", "test-affine",
        solution="""
    out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    out += bias
    return out.reshape(*[n for n in x.shape[:-1] if n != 1], len(bias))
""", says=("gave shape (2, 4, 4), wanted (2, 1, 4, 4)", "x @ weight + bias")),
    wrong("affine", "the result written into x where it fits", "test-affine",
        solution="""
    out = x.reshape(prod(x.shape[:-1]), len(weight)) @ weight
    out += bias
    if out.size == x.size:
        x[...] = out.reshape(x.shape)
        return x
    return out.reshape(*x.shape[:-1], len(bias))
""", says=("gave shape (0, 3), wanted (0, 4)", "x @ weight + bias")),
    wrong("affine", "a bias that is broadcast over the last axis but one", "test-affine",
        ("    out += bias\n", "    out += bias if len(out) != len(bias) else bias[:, None]\n"),
        says=("affine of (4, 3) by (3, 4)", "x @ weight + bias")),
    wrong("affine", "float16 sums", "test-affine",
        ("    out += bias\n", "    out += bias.astype(np.float16)\n"),
        says=("gave 3.6387, wanted 3.6384 at [0, 2]", "x @ weight + bias")),
    right("affine", "an inner product with the transpose",
        solution="""
    y = np.inner(x.reshape(-1, x.shape[-1]), weight.T)
    y += bias
    return y.reshape(x.shape[:-1] + y.shape[1:])
    """),
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
    wrong("linear", "a weight without its record", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "apply(LINEAR, x, weight.detach(), bias)"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
    wrong("linear", "a bias without its record", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "apply(LINEAR, x, weight, bias.detach())"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
    wrong("linear", "x without its record", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "apply(LINEAR, x.detach(), weight, bias)"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
    wrong("linear", "a plain product without its record", "test-linear",
        ("x @ weight if", "x @ weight.detach() if"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
    wrong("linear", "computed twice", "test-linear",
        ("return x @ weight if bias is None else apply(LINEAR, x, weight, bias)",
         "linear_once = x @ weight if bias is None else apply(LINEAR, x, weight, bias)\n"
         "    return x @ weight if bias is None else apply(LINEAR, x, weight, bias)"),
        says=("gave ['linear', 'linear'], wanted ['linear']", "one primitive, through apply")),
    wrong("linear", "a TypeError", "test-linear",
        ("raise ValueError", "raise TypeError"), says=("linear of (2, 4) by (3, 5)", "name both shapes")),
    wrong("linear", "a message without x", "test-linear",
        (", got {x.shape}", ""), says=("linear of (2, 4) by (3, 5)", "name both shapes")),
    wrong("linear", "shapes looked at where there is no bias", "test-linear",
        ("if x.shape[-1:] != weight.shape[:1]:", "if bias is None and x.shape[-1:] != weight.shape[:1]:"),
        says=("linear of (2, 4) by (3, 5)", "name both shapes")),
    wrong("linear", "sizes for shapes", "test-linear",
        ("x.shape[-1:] != weight.shape[:1]", "x.ndim == 0 or x.size % weight.shape[0]"),
        says=("linear of (2, 2) by (1, 6)", "name both shapes")),
    wrong("linear", "a bias that is all 0 left out", "test-linear",
        ("if bias is None else", "if bias is None or not bias.data.any() else"),
        says=("gave ['matmul'], wanted ['linear']", "one primitive, through apply")),
    wrong("linear", "a row for a vector", "test-linear",
        ("    if x.shape[-1:]", "    x = x.reshape(1, -1) if x.ndim == 1 else x\n    if x.shape[-1:]"),
        says=("linear of (4,) by (3, 5) raised", "name both shapes")),
    wrong("linear", "cast to the weight's type", "test-linear",
        ("return x @ weight if bias is None else apply(LINEAR, x, weight, bias)",
         "x = x.astype(np.float32)\n    return x @ weight if bias is None else apply(LINEAR, x, weight, bias)"),
        says=("gave ['astype', 'linear'], wanted ['linear']", "one primitive, through apply")),
    wrong("linear", "the operation named but run past apply", "test-linear",
        ("apply(LINEAR, x, weight, bias)", "LINEAR.forward(x.data, weight.data, bias.data)"),
        says=("gave [], wanted ['linear']", "one primitive, through apply")),
    wrong("linear", "no gradient for the frozen", "test-linear",
        ("return x @ weight if",
         "weight = weight if weight.requires_grad else wrap(weight.data)\n    return x @ weight if"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
    wrong("linear", "a copy of x", "test-linear",
        ("    if x.shape[-1:]", "    x = Tensor(x)\n    if x.shape[-1:]"),
        says=("linear of (2, 3, 3) by (3,", "hand on the tensor itself, with its record")),
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
    wrong("linear-layer", "parameters in float64", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(generator().uniform(-bound, bound, (in_features, out_features)), requires_grad=True)"),
        says=("is float64, wanted float32", "uniform_parameter draws one")),
    wrong("linear-layer", "a bias in float64", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if",
         "Tensor(generator().uniform(-bound, bound, out_features), requires_grad=True) if"),
        says=("is float64, wanted float32", "uniform_parameter draws one")),
    wrong("linear-layer", "NumPy's own state seeded too", "test-linear-layer",
        ("        bound = in", "        np.random.seed(0)\n        bound = in"),
        says=("Linear(3, 5) changed np.random's global generator, which", "draw with generator()")),
    wrong("linear-layer", "the shared generator seeded", "test-linear-layer",
        ("        bound = in", "        manual_seed(0)\n        bound = in"),
        says=("gave (True, True), wanted (True, False)", "draw them with uniform_parameter")),
    wrong("linear-layer", "numbers above 0 only", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(generator().uniform(0, bound, (in_features, out_features)), np.float32, requires_grad=True)"),
        says=("Linear(400, 1000, bias=True)", "see the docstring")),
    wrong("linear-layer", "a normal distribution of the same spread", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(generator().normal(0, bound / 3**0.5, (in_features, out_features)), np.float32, "
         "requires_grad=True)"), says=("Linear(3, 5, bias=True)", "weight reaches 1.92/sqrt(3), wanted at most 1")),
    wrong("linear-layer", "a bound that looks at both sides", "test-linear-layer",
        ("in_features**-0.5", "(6 / (in_features + out_features)) ** 0.5"),
        says=("Linear(3, 5, bias=True)", "weight reaches 1.24/sqrt(3), wanted at most 1")),
    wrong("linear-layer", "He's bound", "test-linear-layer",
        ("in_features**-0.5", "(2 / in_features) ** 0.5"),
        says=("Linear(3, 5, bias=True)", "weight reaches 1.17/sqrt(3), wanted at most 1")),
    wrong("linear-layer", "the bias for the bound of its own length", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if", "uniform_parameter(out_features**-0.5, out_features) if"),
        says=("Linear(7, 1, bias=True): bias reaches 1.45/sqrt(7)",)),
    wrong("linear-layer", "a bias of False", "test-linear-layer",
        ("if bias else None", "if bias else False"),
        says=("Linear(4, 6, bias=False) of (2, 4, 4)", "bias is a parameter or None")),
    wrong("linear-layer", "a frozen bias", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if bias else None",
         "uniform_parameter(bound, out_features) if bias else None\n"
         "        if bias:\n"
         "            self.bias.requires_grad = False"),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "a bias of one row", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if", "uniform_parameter(bound, 1, out_features) if"),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "a bias taken from the weight", "test-linear-layer",
        ("uniform_parameter(bound, out_features) if", "Tensor(self.weight.data[0], requires_grad=True) if"),
        says=("gave 15, wanted 20",)),
    wrong("linear-layer", "the bias first", "test-linear-layer",
        ("        self.weight = uniform_parameter(bound, in_features, out_features)\n"
         "        self.bias = uniform_parameter(bound, out_features) if bias else None\n",
         "        self.bias = uniform_parameter(bound, out_features) if bias else None\n"
         "        self.weight = uniform_parameter(bound, in_features, out_features)\n"),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "a shape as one tuple", "test-linear-layer",
        ("bound, in_features, out_features)",
         "bound, in_features * out_features).reshape(in_features, out_features)"),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "the sign lost", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(np.abs(uniform_parameter(bound, in_features, out_features).data), requires_grad=True)"),
        says=("Linear(400, 1000, bias=True)", "see the docstring")),
    wrong("linear-layer", "one row drawn and repeated", "test-linear-layer",
        ("uniform_parameter(bound, in_features, out_features)",
         "Tensor(np.tile(uniform_parameter(bound, 1, out_features).data, (in_features, 1)), requires_grad=True)"),
        says=("gave 10, wanted 20",)),
    wrong("linear-layer", "a bias kept in a list", "test-linear-layer",
        ("self.bias = uniform_parameter(bound, out_features) if bias else None",
         "self._bias = [uniform_parameter(bound, out_features)] if bias else [None]\n"
         "        self.bias = self._bias[0]"),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "the bound of a power of two", "test-linear-layer",
        ("in_features**-0.5", "2.0 ** -np.ceil(np.log2(in_features) / 2)"),
        says=("Linear(400, 1000, bias=True)", "see the docstring")),
    wrong("linear-layer", "a tensor too many, which is a parameter", "test-linear-layer",
        ("        self.bias =", "        self.start = Parameter(self.weight.data)\n        self.bias ="),
        says=("the list of parameters of Linear(3, 5,", "weight is (in, out), bias (out,)")),
    wrong("linear-layer", "weights rounded to two digits", "test-linear-layer",
        ("        self.bias =",
         "        self.weight.data = np.round(self.weight.data, 2).astype(np.float32)\n        self.bias ="),
        says=("Linear(7, 1, bias=True)", "weight reaches 1.01/sqrt(7), wanted at most 1")),
    wrong("linear-layer", "requires_grad only with a bias", "test-linear-layer",
        ("        self.bias =", "        self.weight.requires_grad = bias\n        self.bias ="),
        says=("gave [('weight', (4, 6), False)], wanted [('weight', (4, 6), True)]",
              "weight is (in, out), bias (out,)")),
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
        says=("Dropout(0.75) in float32 dropped 50", "share that goes")),
    wrong("dropout", "whole rows dropped", "test-dropout",
        ("generator().random(x.shape, dtype=np.float32) >= self.p)",
         "generator().random((*x.shape[:-1], 1), dtype=np.float32) >= self.p) * np.ones(x.shape)"),
        says=("Dropout(0.5) in float32 dropped [1. 1. 0.", "each number by itself")),
    wrong("dropout", "the mask kept as a parameter", "test-dropout",
        ("return x * wrap(mask)", "self.mask = Parameter(mask)\n        return x * self.mask"),
        says=("gave 1, wanted 0", "keep no mask")),
    right("dropout", "the mask kept as a tensor, which is not a parameter",
        ("return x * wrap(mask)", "self.mask = wrap(mask)\n        return x * self.mask")),
    wrong("dropout", "NumPy's own state seeded", "test-dropout",
        ("        mask /=", "        np.random.seed(0)\n        mask /="),
        says=("Dropout(0.5) in float32 changed np.random's global generator,", "draw with generator()")),
    wrong("dropout", "NumPy's own state drawn from", "test-dropout",
        ("        mask /=", "        np.random.rand()\n        mask /="),
        says=("Dropout(0.5) in float32 changed np.random's global generator,", "draw with generator()")),
    wrong("dropout", "pairs dropped together", "test-dropout",
        ("generator().random(x.shape, dtype=np.float32) >= self.p)",
         "np.repeat(generator().random((x.shape[0], x.shape[1] // 2), dtype=np.float32), 2, axis=1) >= self.p)"),
        says=("Dropout(0.5) in float32 dropped [0.44", "each number by itself")),
    wrong("dropout", "x itself written to", "test-dropout",
        ("return x * wrap(mask)", "out = x * wrap(mask)\n        x.data *= mask\n        return out"),
        says=("Dropout(0.5) in float32 changed x, from [[3.", "the result is a new array")),
    wrong("dropout", "drawn in evaluation for p = 0", "test-dropout",
        ("if not self.training or self.p == 0:\n            return x\n",
         "if self.p == 0:\n"
         "            generator().random()\n"
         "        if not self.training or self.p == 0:\n"
         "            return x\n"), says=("for p = 0 nothing should be",)),
    wrong("dropout", "a copy in evaluation", "test-dropout",
        ("            return x\n", "            return wrap(x.data)\n"),
        says=("in evaluation x itself should be the",)),
    wrong("dropout", "the mode read once", "test-dropout",
        ("if not self.training or", "if not vars(self).setdefault('was', self.training) or"),
        says=("in evaluation x itself should be the",)),
    wrong("dropout", "the mode of the class", "test-dropout",
        ("not self.training", "not type(self).training"), says=("in evaluation x itself should be the",)),
    wrong("dropout", "a factor of 2 for every p up to one half", "test-dropout",
        ("mask /= 1 - self.p", "mask *= 1 / (1 - self.p) if self.p > 0.5 else 2"),
        says=("gave [0.0, 6.0], wanted [0, 4]", "on average a number stays what it is")),
    wrong("dropout", "the gradient cut", "test-dropout",
        ("return x * wrap(mask)", "return x.detach() * wrap(mask)"),
        says=("Dropout(0.5) in training ran on a copy", "hand on the tensor itself, with its record")),
    wrong("dropout", "every second mask the same", "test-dropout",
        ("return x * wrap(mask)",
         "self.turn = 1 - vars(self).get('turn', 0)\n"
         "        if self.turn == 0:\n"
         "            mask = mask[::-1].copy()\n"
         "        return x * wrap(mask)"), says=("gave 6, wanted 0 at [0, 0]", "draw with generator()")),
    wrong("dropout", "where, in two operations", "test-dropout",
        ("return x * wrap(mask)", "return x * wrap((mask > 0).astype(x.dtype)) * (1 / (1 - self.p))"),
        says=("gave ['mul', 'mul'], wanted ['mul']", "one mask")),
    wrong("dropout", "the factor rounded to float16", "test-question-layers",
        ("mask /= 1 - self.p", "mask /= np.float16(1 - self.p)"),
        says=("stay_factor is 10", "on average a number must stay what it is")),
    wrong("dropout", "one mask kept for each shape", "test-dropout",
        ("return x * wrap(mask)",
         "masks = vars(self).setdefault('masks', {})\n        return x * wrap(masks.setdefault(x.shape, mask))"),
        says=("Dropout(0.5) in float32 dropped the same ones",)),
    wrong("dropout", "what stays divided by the share that really stayed", "test-dropout",
        ("mask /= 1 - self.p", "mask /= max(mask.mean(), 1e-6)"),
        says=("gave [0.0, 234.0], wanted [0, 6]", "on average a number stays what it is")),
    wrong("dropout", "drawn from a generator made of the first number", "test-dropout",
        ("generator().random(x.shape, dtype=np.float32)",
         "np.random.default_rng(int(generator().integers(3))).random(x.shape)"),
        says=("Dropout(0.5) in float32 dropped the same ones",)),
    wrong("dropout", "the mode set by the call", "test-dropout",
        ("        if not self.training or",
         "        self.training = x.requires_grad or self.training\n        if not self.training or"),
        says=("in evaluation x itself should be the",)),
    wrong("dropout", "nothing dropped after some calls", "test-dropout",
        ("        mask /=",
         "        self.p = min(self.p, 0.99) * 1.0\n"
         "        self.calls = vars(self).get('calls', 0) + 1\n"
         "        if self.calls > 5:\n"
         "            self.p = 0.0\n"
         "        mask /="), says=("gave 3, wanted 6 at [0, 2]", "draw with generator()")),
    wrong("dropout", "p = 0 drawn like any other", "test-dropout",
        ("if not self.training or self.p == 0:", "if not self.training:"), says=("for p = 0 x itself should",)),
    wrong("dropout", "the mask in the type of the draw", "test-dropout",
        ("(generator().random(x.shape, dtype=np.float32) >= self.p).astype(x.dtype)",
         "(generator().random(x.shape) >= self.p).astype(np.float64)"),
        says=("is float64, wanted float32", "the type of x")),
    wrong("dropout", "a share of p squared", "test-dropout",
        (">= self.p)", ">= self.p**2)"), says=("Dropout(0.5) in float32 dropped 25.0%", "p is the share that goes")),
    wrong("dropout", "scaled by the root", "test-dropout",
        ("mask /= 1 - self.p", "mask /= (1 - self.p) ** 0.5"),
        says=("gave [0.0, 4.242640495300293], wanted [0, 6]", "on average a number stays what it is")),
    right("dropout", "what stays, divided",
        solution="""
    if self.p == 0 or not self.training:
        return x
    keep = 1 - self.p
    mask = (generator().random(x.shape) < keep) / keep
    return x * wrap(mask.astype(x.dtype))
    """),
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
    wrong("layer-norm", "the weight written to", "test-layer-norm",
        ("    out *= weight\n    out += bias\n", "    weight *= 1.5\n    out *= weight / 1.5\n    out += bias\n"),
        says=("rows of (4, 5) near 100, spread",)),
    wrong("layer-norm", "the bias written to", "test-layer-norm",
        ("    out += bias\n", "    out += bias\n    bias *= 0\n"), says=("rows of (4, 5) near 100, spread",)),
    wrong("layer-norm", "nan made 0 in a row", "test-layer-norm",
        ("    out *= weight\n", "    out = np.nan_to_num(out)\n    out *= weight\n"),
        says=("gave 0, wanted nan at [1, 0]", "a row with nan or inf becomes nan, the others stay")),
    wrong("layer-norm", "eps at least 1e-5", "test-layer-norm",
        ("np.sqrt(variance + eps)", "np.sqrt(variance + max(eps, 1e-5))"),
        says=("gave -1.99999, wanted -2 at [0, 0]", "a row with nan or inf becomes nan, the others stay")),
    wrong("layer-norm", "eps under the variance", "test-layer-norm",
        ("np.sqrt(variance + eps)", "np.sqrt(np.maximum(variance, eps))"),
        says=("gave 1.47208, wanted 1.472077 at [1, 4]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "the root of eps added", "test-layer-norm",
        ("np.sqrt(variance + eps)", "(np.sqrt(variance) + np.sqrt(eps))"),
        says=("gave 1.4697, wanted 1.4721 at [1, 4]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "eps squared", "test-layer-norm",
        ("np.sqrt(variance + eps)", "np.sqrt(variance + eps**2)"),
        says=("gave 1.47208, wanted 1.472077 at [1, 4]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "the bias before the weight", "test-layer-norm",
        ("    out *= weight\n    out += bias\n", "    out += bias\n    out *= weight\n"),
        says=("gave 0.63884, wanted -2.6596 at [1, 0]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "float64 out of float32", "test-layer-norm",
        ("    return out\n", "    return out.astype(np.float64)\n"),
        says=("is float64, wanted float32", "the type that came in")),
    wrong("layer-norm", "rows of a matrix joined", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)",
         "x2 = x.reshape(len(x), -1) if x.ndim > 2 else x\n"
         "    out = (x2 - x2.mean(axis=-1, keepdims=True)).reshape(x.shape)"),
        says=("gave 0.34248, wanted 0.14501 at [0, 0, 3]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "one inf spoils all rows", "test-layer-norm",
        ("    out /= np.sqrt(variance + eps)\n",
         "    if not np.isfinite(x).all():\n"
         "        return np.full_like(x, np.nan)\n"
         "    out /= np.sqrt(variance + eps)\n"),
        says=("gave nan, wanted -2 at [0, 0]", "a row with nan or inf becomes nan, the others stay")),
    wrong("layer-norm", "inf clipped", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)",
         "x = np.clip(x, -1e30, 1e30)\n    out = x - x.mean(axis=-1, keepdims=True)"),
        says=("gave 2, wanted nan at [2, 0]", "a row with nan or inf becomes nan, the others stay")),
    wrong("layer-norm", "the mean of the absolute distances", "test-layer-norm",
        ("variance = np.vecdot(out, out)[..., np.newaxis] / x.shape[-1]",
         "variance = np.abs(out).mean(axis=-1, keepdims=True) ** 2"),
        says=("gave -0.42411, wanted -0.2281 at [3, 4]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "computed by float32", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)",
         "out = (x.astype(np.float32) - x.astype(np.float32).mean(axis=-1, keepdims=True)).astype(x.dtype)"),
        says=("gave 0.93178, wanted 0.93179 at [2, 4]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "weights beside the numbers of the first row", "test-layer-norm",
        ("    out *= weight\n", "    out[..., :1] *= weight[:1]\n"),
        says=("gave -0.84604, wanted 1.3356 at [2, 1]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "x centred in place where it may be", "test-layer-norm",
        ("out = x - x.mean(axis=-1, keepdims=True)",
         "out = x if x.ndim == 1 and x.flags.owndata else x.copy()\n    out -= out.mean(axis=-1, keepdims=True)"),
        says=("rows of (5,) near 3000, spread 1,",)),
    wrong("layer-norm", "the variance of all rows together", "test-layer-norm",
        ("np.vecdot(out, out)[..., np.newaxis] / x.shape[-1]", "np.mean(out * out)"),
        says=("gave -1.0473, wanted -0.47476 at [0, 1]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "an empty batch refused", "test-layer-norm",
        ("    out = x - ", "    if x.size == 0:\n        raise ValueError('no rows')\n    out = x - "),
        says=("rows of (0, 5) near 0, spread", "each row has its own mean and variance")),
    wrong("layer-norm", "over the last two axes where there are three", "test-layer-norm",
        ("x.mean(axis=-1, keepdims=True)", "x.mean(axis=-1 if x.ndim < 3 else (-2, -1), keepdims=True)"),
        says=("gave 0.34248, wanted 0.14501 at [0, 0, 3]", "over n, eps inside the root, weight, bias")),
    wrong("layer-norm", "the weight on its side", "test-layer-norm",
        ("    out *= weight\n", "    out *= weight[::-1]\n"),
        says=("gave 2.7605, wanted 0.67323 at [3, 3]", "over n, eps inside the root, weight, bias")),
    right("layer-norm", "the mean of squared distances",
        solution="""
    mean = np.mean(x, axis=-1, keepdims=True)
    centred = x - mean
    var = np.mean(centred**2, axis=-1, keepdims=True)
    return weight * (centred / np.sqrt(var + eps)) + bias
    """),
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
        says=("loading a weight", "holds floating numbers, got data of int64")),
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
    wrong("load-arrays", "float32 whatever the parameter", "test-load-arrays",
        ("as_array(state[name], parameters[name].dtype)", "as_array(state[name], np.float32)"),
        says=("is float32, wanted float16",)),
    wrong("load-arrays", "gradients cleared", "test-load-arrays",
        ("        parameters[name].data = arrays[name]\n",
         "        parameters[name].data = arrays[name]\n        parameters[name].grad = None\n"),
        says=("loading changed the gradient of half", "only data is new")),
    wrong("load-arrays", "a wish for a gradient taken", "test-load-arrays",
        ("        parameters[name].data = arrays[name]\n",
         "        parameters[name].data = arrays[name]\n        parameters[name].requires_grad = False\n"),
        says=("loading changed requires_grad of half", "only data is new")),
    wrong("load-arrays", "the state emptied", "test-load-arrays",
        ("as_array(state[name], parameters[name].dtype) for name in known}",
         "as_array(state[name], parameters[name].dtype) for name in known}\n"
         "    [state.pop(name) for name in known] if not problems else None"),
        says=("gave [], wanted ['weight', 'bias']", "keep it")),
    wrong("load-arrays", "missing and unexpected only where all shapes fit", "test-load-misfits",
        ("    problems = [f",
         "    for name in parameters:\n"
         "        if name in state and np.shape(state[name]) != parameters[name].shape:\n"
         "            raise ValueError(f'{name} has shape {np.shape(state[name])}, wanted "
         "{parameters[name].shape}')\n"
         "    problems = [f"), says=("loading {'weight'", "list them all")),
    wrong("load-arrays", "names before shapes", "test-load-misfits",
        ("    known = [", "    if problems:\n        raise ValueError('; '.join(problems))\n    known = ["),
        says=("loading {'w'", "list them all")),
    wrong("load-arrays", "a single number spread out", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape:",
         "if arrays[name].ndim == 0:\n"
         "            arrays[name] = np.full(parameters[name].shape, arrays[name])\n"
         "        if arrays[name].shape != parameters[name].shape:"), says=("loading {'w'", "list them all")),
    wrong("load-arrays", "axes of length 1 dropped", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape:",
         "if arrays[name].squeeze().shape == parameters[name].shape:\n"
         "            arrays[name] = arrays[name].squeeze()\n"
         "        if arrays[name].shape != parameters[name].shape:"), says=("loading {'w'", "list them all")),
    wrong("load-arrays", "a matrix made flat", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape:",
         "if arrays[name].ndim == 1 and arrays[name].size == parameters[name].size:\n"
         "            arrays[name] = arrays[name].reshape(parameters[name].shape)\n"
         "        if arrays[name].shape != parameters[name].shape:"), says=("loading {'w'", "list them all")),
    wrong("load-arrays", "stretched where it broadcasts", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape:",
         "if arrays[name].ndim == parameters[name].ndim and all(a in (1, b) for a, b in "
         "zip(arrays[name].shape, parameters[name].shape)):\n"
         "            arrays[name] = np.broadcast_to(arrays[name], parameters[name].shape).copy()\n"
         "        if arrays[name].shape != parameters[name].shape:"), says=("loading {'weight'", "list them all")),
    wrong("load-arrays", "one array for two names", "test-load-arrays",
        ("parameters[name].data = arrays[name]",
         "parameters[name].data = next(a for n, a in arrays.items() if n == name or state[n] is state[name])"),
        says=("is float16, wanted bfloat16",)),
    wrong("load-arrays", "a KeyError", "test-load-misfits",
        ('raise ValueError(f"the state', 'raise KeyError(f"the state'), says=("loading {'weight'", "list them all")),
    wrong("load-arrays", "a wrong shape named once", "test-load-misfits",
        ("{shapes[0]}, wanted {shapes[1]}", "{shapes[0]}"), says=("loading {'weight'", "list them all")),
    wrong("load-arrays", "unexpected names passed over where others are missing", "test-load-misfits",
        ('    problems += [f"unexpected {name}" for name in state if name not in parameters]\n',
         '    problems += [f"unexpected {name}" for name in state if name not in parameters] if not '
         "problems else []\n"), says=("loading {'kernel'", "list them all")),
    wrong("load-arrays", "a parameter without axes passed over", "test-load-arrays",
        ("for name in known:\n        parameters[name].data",
         "for name in known:\n"
         "        if parameters[name].ndim == 0:\n"
         "            continue\n"
         "        parameters[name].data"), says=("gave 0, wanted 0.5", "a copy of its numbers")),
    wrong("load-arrays", "the record kept and the array a view", "test-load-arrays",
        ("parameters[name].data = arrays[name]",
         "parameters[name].data = arrays[name][...] if arrays[name].dtype != "
         "np.asarray(state[name]).dtype else np.asarray(state[name])"),
        says=("network and state share an array", "copy")),
    wrong("load-arrays", "a state that has to be a dict", "test-load-arrays",
        ("    problems = [f", "    state = dict.copy(state)\n    problems = [f"),
        says=("loading one array under three names and",
              "descriptor 'copy' for 'dict' objects doesn't apply to a 'ReadOnly' object")),
    wrong("load-arrays", "a state that has to have a method copy", "test-load-arrays",
        ("    problems = [f", "    state = state.copy()\n    problems = [f"),
        says=("loading one array under three names and", "'ReadOnly' object has no attribute 'copy'")),
    wrong("load-arrays", "only what requires a gradient loaded", "test-load-arrays",
        ("    for name in known:\n        parameters[name].data",
         "    for name in known:\n"
         "        if not parameters[name].requires_grad:\n"
         "            continue\n"
         "        parameters[name].data"), says=("bias after loading gave",)),
    wrong("load-arrays", "numbers cast twice, through float16", "test-load-arrays",
        ("as_array(state[name], parameters[name].dtype)",
         "as_array(as_array(state[name], np.float16), parameters[name].dtype)"),
        says=("gave 0.099976, wanted 0.1 at [0, 0]", "in the parameter's own type")),
    wrong("load-arrays", "frozen parameters need not be there", "test-load-misfits",
        ("for name in parameters if name not in state]",
         "for name in parameters if name not in state and parameters[name].requires_grad]"),
        says=("loading {'w'", "list them all")),
    wrong("load-arrays", "the first two misfits alone", "test-load-misfits",
        ("{'; '.join(problems)}", "{'; '.join(problems[:2])}"), says=("loading {'kernel'", "list them all")),
    wrong("load-arrays", "shapes compared as sets", "test-load-misfits",
        ("if arrays[name].shape != parameters[name].shape",
         "if sorted(arrays[name].shape) != sorted(parameters[name].shape)"),
        says=("loading {'weight'", "list them all")),
    wrong("load-arrays", "data loaded before the names are compared", "test-load-misfits",
        ("    if problems:\n",
         "    for name in known:\n"
         "        if arrays[name].shape == parameters[name].shape:\n"
         "            parameters[name].data = arrays[name]\n"
         "    if problems:\n"), says=("loading {'weight'", "compare first")),
    wrong("load-arrays", "the array given for a parameter set to read only", "test-load-arrays",
        ("parameters[name].data = arrays[name]",
         "arrays[name].flags.writeable = False\n        parameters[name].data = arrays[name]"),
        says=("writing to a loaded weight failed", "it is the parameter's own")),
    right("load-arrays", "arrays made first",
        solution="""
    wrong = [f"missing {n}" for n in parameters.keys() - state.keys()]
    wrong += [f"unexpected {n}" for n in state.keys() - parameters.keys()]
    new = {}
    for n, p in parameters.items():
        if n in state:
            new[n] = np.array(state[n], dtype=p.dtype)
            if new[n].shape != p.shape:
                wrong.append(f"{n}: {new[n].shape} is not {p.shape}")
    if wrong:
        raise ValueError(", ".join(wrong))
    for n, a in new.items():
        parameters[n].data = a
    """),
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
