"""The bank for lesson 01: the tensor."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("as-array", "the type of a foreign byte order", "test-as-array", ("as_dtype(array.dtype)", "array.dtype"),
        says=("byte order", "as_dtype")),
    wrong("as-array", "float64 for Python's numbers", "test-as-array",
        ("else np.float32, copy", "else np.float64, copy"), says=("[1, 2, 3]", "gave float64, wanted float32")),
    wrong("as-array", "everything in float32", "test-as-array",
        ("as_dtype(array.dtype) if chosen else np.float32", "np.float32"), says=("[True, False]", "wanted bool")),
    wrong("as-array", "truths made fractions", "test-as-array", (" or array.dtype == bool", ""),
        says=("[True, False]", "gave float32, wanted bool")),
    wrong("as-array", "dtype not looked at", "test-as-array",
        ("dtype=None if dtype is None else as_dtype(dtype)", "dtype=None"), says=("dtype=", "wanted float32")),
    wrong("as-array", "no copy of an array", "test-as-array", ("np.array(data, dtype", "np.asarray(data, dtype"),
        says=("changed the original", "ndarray", "copy")),
    wrong("as-array", "a tensor's own array", "test-as-array",
        (
                "        data = data.data\n",
                "        return data.data if dtype is None else data.data.astype(as_dtype(dtype))\n",
            ),
        says=("changed the original", "Tensor", "copy")),
    wrong("as-array", "a NumPy scalar for a Python number", "test-as-array",
        ("(np.ndarray, np.generic)", "np.ndarray"), says=("float16(1.0)", "wanted float16")),
    wrong("as-array", "rows of different lengths in NumPy's words", "test-as-array-refuses",
        (
                (
                    'raise ValueError(f"{data!r:.60} makes no grid: rows of different lengths, or text for a '
                    'number") from error'
                ),
                "raise",
            ),
        says=("[[1, 2], [3]]", "length", "ValueError")),
    wrong("as-array", "text let in", "test-as-array-refuses", ('not in "biu"', 'not in "biuU"'),
        says=("'text'", "could not convert string")),
    wrong("as-array", "complex numbers let in", "test-as-array-refuses", ('not in "biu"', 'not in "biuc"'),
        says=("[1j]", "real numbers")),
    wrong("as-array", "a ValueError for the wrong type", "test-as-array-refuses",
        ('raise TypeError(f"a Tensor', 'raise ValueError(f"a Tensor'), says=("'text'", "wanted a TypeError")),
    right("as-array", "the type found first",
        solution="""
    if isinstance(data, Tensor):
        data = data.data
    keeps = isinstance(data, (np.ndarray, np.generic))
    try:
        array = np.array(data)
    except ValueError:
        raise ValueError("rows of different lengths make no grid") from None
    if array.dtype.kind not in "biu" and not is_floating(array.dtype):
        raise TypeError(f"{array.dtype} is no type of real numbers")
    if dtype is None:
        dtype = array.dtype if keeps or array.dtype == np.bool_ else "float32"
    return array.astype(as_dtype(dtype))
    """),

    wrong("execute", "a record of everything, asked for or not", "test-no-grad", ("_thread.recording and ", ""),
        says=("inside no_grad()", "recorded")),
    wrong("execute", "options not passed on", "test-execute", ("(*arrays, **options)", "(*arrays)"),
        says=("by=3", "[[0, 3], [6, 12]]", "options")),
    wrong("execute", "a boolean that wants a gradient", "test-execute", (" and is_floating(out.data.dtype)", ""),
        says=("boolean",)),
    wrong("execute", "a node and no wish for a gradient", "test-execute", ("        out.requires_grad = True\n", ""),
        says=("b requires a gradient",)),
    wrong("execute", "a wish for a gradient and no node", "test-execute",
        ("        out._node = Node(primitive, inputs, arrays, options, out.data)\n", ""), says=("Node",)),
    wrong("execute", "copies that are kept", "test-execute",
        ("[x.data for x in inputs]", "[x.data.copy() for x in inputs]"), says=("this call's arrays",)),
    wrong("execute", "all inputs must want one", "test-execute",
        ("True in [x.requires_grad for x in inputs]", "all(x.requires_grad for x in inputs)"),
        says=("b requires a gradient",)),
    wrong("execute", "the tensor for its array", "test-execute", ("options, out.data)", "options, out)"),
        says=("own array",)),
    wrong("execute", "a record without anybody's wish", "test-execute",
        ("True in [x.requires_grad for x in inputs] and ", ""), says=("nothing to record",)),
    wrong("execute", "the array without its tensor", "test-execute", ("    return out\n", "    return out.data\n"),
        says=("ndarray", "wanted a Tensor")),
    right("execute", "the question asked with any",
        solution="""
    result = primitive.forward(*(tensor.data for tensor in inputs), **options)
    output = wrap(np.asarray(result))
    wanted = any(tensor.requires_grad for tensor in inputs) and is_floating(output.dtype)
    if wanted and is_recording():
        output._node = Node(primitive, inputs, [tensor.data for tensor in inputs], options, output.data)
        output.requires_grad = True
    return output
    """),
    right("execute", "a result that is copied once more",
        ("wrap(primitive.forward(*arrays, **options))", "Tensor(primitive.forward(*arrays, **options))")),

    wrong("no-grad", "an exception that leaves it off", "test-no-grad",
        (
                (
                    "    try:\n"
                    "        yield\n"
                    "    finally:\n"
                    "        _thread.recording = before\n"
                ),
                (
                    "    yield\n"
                    "    _thread.recording = before\n"
                ),
            ),
        says=("RuntimeError left recording off",)),
    wrong("no-grad", "on at the end, whatever was before", "test-no-grad",
        ("_thread.recording = before", "_thread.recording = True"), says=("put back what was there",)),
    wrong("no-grad", "off for good", "test-no-grad",
        (
                (
                    "    finally:\n"
                    "        _thread.recording = before\n"
                ),
                (
                    "    finally:\n"
                    "        pass\n"
                ),
            ),
        says=("still off",)),
    wrong("no-grad", "nothing switched off", "test-no-grad",
        ("_thread.recording = False", "_thread.recording = before"), says=("still records",)),
    wrong("no-grad", "put back after an ordinary error only", "test-no-grad",
        solution="""
    before, _thread.recording = _thread.recording, False
    try:
        yield
    except Exception:
        _thread.recording = before
        raise
    else:
        _thread.recording = before
""", says=("KeyboardInterrupt", "whatever happens")),
    wrong("no-grad", "put back after one kind of error only", "test-no-grad",
        solution="""
    before, _thread.recording = _thread.recording, False
    try:
        yield
    except RuntimeError:
        _thread.recording = before
        raise
    else:
        _thread.recording = before
""", says=("ValueError", "whatever happens")),
    wrong("no-grad", "all threads at once", "test-no-grad",
        solution="""
    _ThreadState.recording = False
    try:
        yield
    finally:
        _ThreadState.recording = True
    """, says=("recording",)),
    wrong("no-grad", "all threads at once, and put back", "test-no-grad",
        solution="""
    before = _ThreadState.recording
    _ThreadState.recording = False
    try:
        yield
    finally:
        _ThreadState.recording = before
    """, says=("in one thread reached another",)),
    right("no-grad", "the switch turned inside try",
        solution="""
    before, _thread.recording = _thread.recording, False
    try:
        yield None
    except BaseException:
        _thread.recording = before
        raise
    _thread.recording = before
    """),

    wrong("number-type", "numbers of NumPy's that are no fractions", "test-operands",
        ("isinstance(number, (float, np.floating))", "isinstance(number, float)"),
        says=("np.float32(0.5)", "wanted float32")),
    wrong("number-type", "a truth that counts", "test-operands", ("not isinstance(number, (bool, np.bool_))", "True"),
        says=("bool + True", "wanted bool")),
    wrong("number-type", "a fraction cut to a whole number", "test-operands",
        ("if fraction and not is_floating(other):", "if False:"), says=("int64 + 0.5", "gave int64, wanted float32")),
    wrong("number-type", "a fraction that is always float32", "test-operands",
        ("fraction and not is_floating(other)", "fraction"), says=("float16 * 0.5", "gave float32, wanted float16")),
    wrong("number-type", "a fraction in float64", "test-operands", ("np.dtype(np.float32)", "np.dtype(np.float64)"),
        says=("int64 + 0.5", "gave float64, wanted float32")),
    wrong("number-type", "a whole number that becomes a truth", "test-operands",
        ('if other.kind == "b" and', 'if other.kind == "B" and'), says=("bool + 1", "gave bool, wanted int64")),
    wrong("number-type", "NumPy's own rule", "test-operands",
        solution="""
    return np.result_type(np.asarray(number).dtype, other)
    """, says=("float16 * 0.5", "number is weak")),
    right("number-type", "the cases in another order",
        solution="""
    if is_floating(other):
        return other
    if isinstance(number, (float, np.floating)):
        return np.dtype("float32")
    truth = isinstance(number, (bool, np.bool_))
    return np.dtype("int64") if other == np.bool_ and not truth else other
    """),

    wrong("operands", "two halves left as they are", "test-operands",
        (
                (
                    "    if is_half(a.dtype) and is_half(b.dtype):\n"
                    "        return a.astype(np.float32), b.astype(np.float32)\n"
                ),
                "",
            ),
        says=("float16", "bfloat16", "see the rule")),
    wrong("operands", "a number on the left as a tensor of its own", "test-operands",
        (
                (
                    "wrap(np.asarray(a, dtype=number_type(a, b.dtype))) if isinstance(a, _Number) else Tensor(a)"
                ),
                "Tensor(a)",
            ),
        says=("2 - float16", "gave float32, wanted float16")),
    wrong("operands", "a number on the right as a tensor of its own", "test-operands",
        (
                (
                    "wrap(np.asarray(b, dtype=number_type(b, a.dtype))) if isinstance(b, _Number) else Tensor(b)"
                ),
                "Tensor(b)",
            ),
        says=("float16 * 0.5", "gave float32, wanted float16")),
    wrong("operands", "whole numbers left to NumPy", "test-operands",
        ("if is_floating(a.dtype) != is_floating(b.dtype):", "if False:"),
        says=("int64 * float16", "whole numbers yield")),
    wrong("operands", "fractions that yield to whole numbers", "test-operands",
        (
                "(a, b.astype(a.dtype)) if is_floating(a.dtype) else (a.astype(b.dtype), b)",
                "(a.astype(b.dtype), b) if is_floating(a.dtype) else (a, b.astype(a.dtype))",
            ),
        says=("int64 * float16", "gave int64, wanted float16")),
    wrong("operands", "the sides swapped", "test-operands",
        ("if a.dtype == b.dtype:\n        return a, b", "if a.dtype == b.dtype:\n        return b, a"),
        says=("sides swapped",)),
    wrong("operands", "a cast that drops the record", "test-operands",
        (
                "a.astype(np.float32), b.astype(np.float32)",
                "Tensor(a.data.astype(np.float32)), Tensor(b.data.astype(np.float32))",
            ),
        says=("lost the wish for a gradient", "astype")),
    right("operands", "both sides by one helper",
        solution="""
    def made(side, other):
        if isinstance(side, Tensor):
            return side
        return Tensor(side, dtype=number_type(side, other.dtype)) if isinstance(side, _Number) else Tensor(side)

    a, b = made(a, b), made(b, a)
    if is_floating(a.dtype) and not is_floating(b.dtype):
        b = b.astype(a.dtype)
    elif is_floating(b.dtype) and not is_floating(a.dtype):
        a = a.astype(b.dtype)
    elif {a.dtype.name, b.dtype.name} == {"float16", "bfloat16"}:
        a, b = a.astype("float32"), b.astype("float32")
    return a, b
    """),

    wrong("matmul", "a product that does not look at its operands' axes", "test-matmul",
        ("if a.ndim == 0 or b.ndim == 0:", "if False:"), says=("()", "(3, 2)", "ValueError")),
    wrong("matmul", "the last length of both", "test-matmul",
        ("b.shape[-2] if b.ndim > 1 else b.shape[0]", "b.shape[-1]"), says=("(2, 3) @ (3, 4)", "was refused")),
    wrong("matmul", "always two axes on the right", "test-matmul",
        ("b.shape[-2] if b.ndim > 1 else b.shape[0]", "b.shape[-2]"), says=("(4, 3) @ (3,)", "was refused")),
    wrong("matmul", "NumPy's own message", "test-matmul", ("if a.shape[-1] != inner:", "if False:"),
        says=("(2, 3) @ (4, 5)", "names both shapes")),
    wrong("matmul", "dot, which pairs all batches", "test-matmul", ("array_product(a, b)", "np.dot(a, b)"),
        says=("(5, 2, 3) @ (5, 3, 4)", "gave shape (5, 2, 5, 4)")),
    wrong("matmul", "the sides swapped", "test-matmul", ("array_product(a, b)", "array_product(b, a)"),
        says=("(2, 3) @ (3, 4)", "was refused")),
    wrong("matmul", "element by element", "test-matmul", ("array_product(a, b)", "a * b"),
        says=("(2, 3) @ (3, 4)", "was refused")),
    wrong("matmul", "everything in float32", "test-matmul",
        ("array_product(a, b)", "array_product(a.astype(np.float32), b.astype(np.float32))"),
        says=("2**53 + 1", "exact")),
    wrong("matmul", "two axes only", "test-matmul",
        (
                "    inner =",
                (
                    "    if a.ndim > 2 or b.ndim > 2:\n"
                    "        raise ValueError('two axes are all that a matrix has')\n"
                    "    inner ="
                ),
            ),
        says=("(5, 2, 3) @ (5, 3, 4)", "was refused")),
    right("matmul", "a product with no slow case mended", ("return array_product(a, b)", "return np.matmul(a, b)")),
    right("matmul", "the operator and an early answer",
        solution="""
    if a.ndim and b.ndim and a.shape[-1] == b.shape[max(b.ndim - 2, 0)]:
        return a @ b
    raise ValueError(f"{a.shape} @ {b.shape} is no product: compare {a.shape[-1:]} with {b.shape[-2:]}")
    """),

    wrong("reduce", "negative axes not counted from the end", "test-reduce", ("a + x.ndim if a < 0 else a", "a"),
        says=("axis=-1", "was refused")),
    wrong("reduce", "a list taken for one axis", "test-reduce",
        ("isinstance(axis, (tuple, list))", "isinstance(axis, tuple)"), says=("axis=[-1, 0]", "was refused")),
    wrong("reduce", "no axis refused", "test-reduce",
        ("if len(set(axis)) != len(axis) or not all(0 <= a < x.ndim for a in axis):", "if False:"),
        says=("name the shape",)),
    wrong("reduce", "an axis twice", "test-reduce", ("len(set(axis)) != len(axis) or ", ""), says=("(0, 0)", "shape")),
    wrong("reduce", "keepdims not passed on", "test-reduce",
        ("axis=axis, keepdims=keepdims)", "axis=axis, keepdims=False)"), says=("keepdims=True", "gave shape")),
    wrong("reduce", "axis not passed on", "test-reduce",
        ("axis=axis, keepdims=keepdims)", "axis=None, keepdims=keepdims)"), says=("axis=0", "gave shape")),
    wrong("reduce", "past the door", "test-reduce",
        (
                "apply(primitive, x, axis=axis, keepdims=keepdims)",
                "wrap(primitive.forward(x.data, axis=axis, keepdims=keepdims))",
            ),
        says=("through apply",)),
    wrong("reduce", "the axes as they came", "test-reduce",
        (
                "return apply(primitive, x, axis=axis,",
                "axis = None if axis is None else given\n    return apply(primitive, x, axis=axis,",
            ),
        says=("the primitive was told",)),
    wrong("reduce", "one axis too many", "test-reduce", ("a < x.ndim for", "a <= x.ndim for"),
        says=("name the shape",)),
    right("reduce", "modulo after a look at the ends",
        solution="""
    if axis is None:
        return apply(primitive, x, axis=None, keepdims=keepdims)
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    plain = sorted(a % x.ndim for a in axes if -x.ndim <= a < x.ndim)
    if len(set(plain)) < len(axes):
        raise ValueError(f"{axes} are not axes of {x.shape}, each once")
    return apply(primitive, x, axis=tuple(plain), keepdims=bool(keepdims))
    """),

    wrong("swapped-axes", "axes that are swapped unseen", "test-shapes",
        ("if not (-ndim <= axis0 < ndim and -ndim <= axis1 < ndim):", "if False:"), says=("wanted a ValueError",)),
    wrong("swapped-axes", "negative axes refused", "test-shapes", ("-ndim <= axis0 < ndim", "0 <= axis0 < ndim"),
        says=("swapped_axes(4, -1, 0)", "was refused")),
    wrong("swapped-axes", "one axis moved, not two", "test-shapes",
        ("order[axis0], order[axis1] = order[axis1], order[axis0]", "order[axis0] = order[axis1]"),
        says=("swapped_axes(2, 0, 1) gave (1, 1), wanted (1, 0)",)),
    wrong("swapped-axes", "a list for a tuple", "test-shapes", ("return tuple(order)", "return order"),
        says=("gave [1, 0], wanted (1, 0)",)),
    wrong("swapped-axes", "all axes turned round", "test-shapes",
        ("return tuple(order)", "return tuple(range(ndim))[::-1]"),
        says=("swapped_axes(4, 1, 2)", "wanted (0, 2, 1, 3)")),
    wrong("swapped-axes", "an axis that is one too many", "test-shapes", ("axis0 < ndim", "axis0 <= ndim"),
        says=("(3, 3, 0)", "ValueError")),
    wrong("swapped-axes", "the visible answers typed in", "test-shapes",
        solution="""
    known = {(2, 0, 1): (1, 0), (4, 1, 2): (0, 2, 1, 3), (4, -1, 0): (3, 1, 2, 0), (3, 1, 1): (0, 1, 2),
             (3, -2, -1): (0, 2, 1), (3, 0, 2): (2, 1, 0)}
    if (ndim, axis0, axis1) not in known:
        raise ValueError(f"no axes {axis0} and {axis1} of {ndim}")
    return known[ndim, axis0, axis1]
    """, says=("was refused",)),
    right("swapped-axes", "an order found by a loop",
        (
                (
                    "    order = list(range(ndim))\n"
                    "    order[axis0], order[axis1] = order[axis1], order[axis0]\n"
                    "    return tuple(order)\n"
                ),
                (
                    "    first, second = axis0 % ndim, axis1 % ndim\n"
                    "    return tuple({first: second, second: first}.get(axis, axis) for axis in range(ndim))\n"
                ),
            )),

    wrong("question-numbers", "four bytes a number", "test-question-numbers",
        ("32 * 8 * 8 * 3 * 2", "32 * 8 * 8 * 3 * 4"), says=("batch_bytes is 24576", "bytes of one float16")),
    wrong("question-numbers", "numbers for bytes", "test-question-numbers", ("32 * 8 * 8 * 3 * 2", "32 * 8 * 8 * 3"),
        says=("batch_bytes is 6144", "count the numbers")),
    wrong("question-numbers", "lengths of 1 not stretched", "test-question-numbers", ("7 * 4 * 5", "7 * 5"),
        says=("broadcast_elements is 35", "from the right")),
    wrong("question-numbers", "one step too far", "test-question-numbers", ("stuck_at = 2048", "stuck_at = 2049"),
        says=("stuck_at is 2049", "stopped growing")),
    wrong("question-numbers", "the largest half", "test-question-numbers", ("stuck_at = 2048", "stuck_at = 65504"),
        says=("stuck_at is 65504",)),
    right("question-numbers", "answers as results", ("7 * 4 * 5", "np.ones((7, 4, 5)).size")),
]
