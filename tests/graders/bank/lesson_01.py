"""The bank for lesson 01: the tensor."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("as-array", "the type of a foreign byte order", "test-as-array",
        ("as_dtype(array.dtype if dtype is None else dtype)", "array.dtype if dtype is None else as_dtype(dtype)"),
        says=("is >f4, wanted float32", "byte order", "as_dtype")),
    wrong("as-array", "float64 for Python's numbers", "test-as-array", ("dtype = np.float32", "dtype = np.float64"),
        says=("as_array([1, 2, 3], dtype=None) is float64, wanted float32", "who chooses the type")),
    wrong("as-array", "everything in float32", "test-as-array",
        ("array.dtype if dtype is None else dtype", "np.float32"), says=("[True, False]", "wanted bool")),
    wrong("as-array", "truths made fractions", "test-as-array", (" and array.dtype != bool", ""),
        says=("[True, False]", "is float32, wanted bool")),
    wrong("as-array", "dtype not looked at", "test-as-array",
        ("array.dtype if dtype is None else dtype", "array.dtype if dtype != np.float32 else dtype"),
        says=("dtype=", "wanted bfloat16")),
    wrong("as-array", "no copy of an array", "test-as-array-refuses",
        ("if dtype is None else dtype)", "if dtype is None else dtype), copy=False"),
        says=("of the ndarray x", "gave 9, wanted 0", "copy")),
    wrong("as-array", "no copy where the type is the one asked for", "test-as-array-refuses",
        ("    try:\n", "    if isinstance(data, np.ndarray) and dtype == data.dtype:\n        return data\n    try:\n"),
        says=("dtype=<class 'numpy.int64'>", "gave 9, wanted 0", "copy")),
    wrong("as-array", "a tensor's own array", "test-as-array-refuses",
        ("    data = data.data if isinstance(data, Tensor) else data\n",
         "    if isinstance(data, Tensor):\n"
         "        return data.data if dtype is None else data.data.astype(as_dtype(dtype))\n"),
        says=("of the Tensor x", "gave 9.0, wanted 0", "copy")),
    wrong("as-array", "a NumPy scalar for a Python number", "test-as-array", ("(np.ndarray, np.generic)", "np.ndarray"),
        says=("int8(1)", "is float32, wanted int8")),
    wrong("as-array", "a float64 scalar for a Python float", "test-as-array",
        ("not isinstance(data, (np.ndarray, np.generic))",
         "(isinstance(data, (int, float)) or not isinstance(data, (np.ndarray, np.generic)))"),
        says=("float64(2.5)", "is float32, wanted float64", "who chooses the type")),
    wrong("as-array", "a list for an array", "test-as-array",
        ("if dtype is None else dtype))", "if dtype is None else dtype)).tolist()"),
        says=("as_array([1, 2, 3]) gave [1.0, 2.0, 3.0], wanted an array",)),
    wrong("as-array", "rows of different lengths in NumPy's words", "test-as-array-refuses",
        ('raise ValueError(f"{data!r:.60} has rows of different lengths") from error', "raise"),
        says=("[[1, 2], [3]]", "length", "ValueError")),
    wrong("as-array", "text let in", "test-as-array-refuses", ('not in "biuf"', 'not in "biufU"'),
        says=("'text'", "could not convert string")),
    wrong("as-array", "complex numbers let in", "test-as-array-refuses", ('not in "biuf"', 'not in "biufc"'),
        says=("[1j]", "real numbers")),
    wrong("as-array", "text and None made numbers by a dtype", "test-as-array-refuses",
        ("np.asarray(data)\n", "np.asarray(data, dtype)\n"),
        says=("as_array('12', int64) was accepted", "before you give them a type")),
    wrong("as-array", "a ValueError for the wrong type", "test-as-array-refuses",
        ('raise TypeError(f"a Tensor', 'raise ValueError(f"a Tensor'), says=("'text'", "wanted a TypeError")),
    wrong("as-array", "a list made float32 before it gets its type", "test-as-array",
        ("        array = np.asarray(data)\n",
         "        array = np.asarray(data)\n"
         "        array = array.astype(np.float32) if isinstance(data, (list, tuple)) and "
         "array.dtype.kind in 'if' else array\n"),
        says=("gave ((1,), [16777216]), wanted ((1,), [16777217])", "the numbers stay what they are")),
    wrong("as-array", "a list of NumPy's numbers that keeps their type", "test-as-array",
        ("dtype is None and not isinstance(data, (np.ndarray, np.generic))",
         "dtype is None and not isinstance(data, (np.ndarray, np.generic)) and not (isinstance(data, "
         "list) and data and isinstance(data[0], np.generic))"),
        says=("is float64, wanted float32", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "a list of arrays that keeps their type", "test-as-array",
        ("dtype is None and not isinstance(data, (np.ndarray, np.generic))",
         "dtype is None and not isinstance(data, (np.ndarray, np.generic)) and not (isinstance(data, "
         "list) and data and isinstance(data[0], np.ndarray))"),
        says=("is float64, wanted float32", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "dates made numbers by a dtype", "test-as-array-refuses",
        ('array.dtype.kind not in "biuf" and not is_floating(array.dtype)',
         'array.dtype.kind in "UScO" or array.dtype.itemsize > 8'),
        says=("gave array([56.], dtype=float32), wanted a TypeError", "look at them before you give them a type")),
    wrong("as-array", "bytes let in", "test-as-array-refuses",
        ('not in "biuf"', 'not in "biufS"'),
        says=("gave array(12., dtype=float32), wanted a TypeError", "look at them before you give them a type")),
    wrong("as-array", "a matrix that stays a matrix", "test-as-array",
        ("array = np.asarray(data)", "array = np.asanyarray(data)"),
        says=("gave matrix([[1, 2]]), wanted an array",)),
    wrong("as-array", "a tensor's own array where the type is the one asked for", "test-as-array",
        ("    data = data.data if isinstance(data, Tensor) else data\n",
         "    if isinstance(data, Tensor):\n"
         "        return data.data.copy() if dtype is None else data.data.astype(as_dtype(dtype), "
         "copy=False)\n"),
        says=("as_array(Tensor([5., 6.], dtype=float32), dtype=<class 'numpy.float32'>) gave an",
              "a tensor owns them, so copy")),
    wrong("as-array", "a complex type asked for", "test-as-array-refuses",
        ("as_dtype(array.dtype if dtype is None else dtype)",
         "as_dtype(array.dtype if dtype is None else dtype) if dtype is None or isinstance(dtype, "
         "str) else np.dtype(dtype).newbyteorder('=')"),
        says=("gave array([1.+0.j, 2.+0.j], dtype=complex64), wanted a TypeError",
              "look at them before you give them a type")),
    wrong("as-array", "True alone made a fraction", "test-as-array",
        ("and array.dtype != bool", "and (array.dtype != bool or isinstance(data, bool))"),
        says=("is float32, wanted bool", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "only the outer rows compared", "test-as-array-refuses",
        solution="""
    data = data.data if isinstance(data, Tensor) else data
    if isinstance(data, (list, tuple)) and len({len(x) if isinstance(x, (list, tuple)) else -1 for x in data}) > 1:
        raise ValueError("rows of different lengths")
    array = np.asarray(data)
    if array.dtype.kind not in "biuf" and not is_floating(array.dtype):
        raise TypeError(f"a Tensor holds real numbers, got {array.dtype}: {data!r:.60}")
    if dtype is None and not isinstance(data, (np.ndarray, np.generic)) and array.dtype != bool:
        dtype = np.float32
    return array.astype(as_dtype(dtype or array.dtype))
""", says=("as_array([[[1], [2, 3]]]) raised ValueError", "wanted one that says 'length'")),
    wrong("as-array", "no copy of a float64 array", "test-as-array",
        ("if dtype is None else dtype))",
         "if dtype is None else dtype), copy=not (isinstance(data, np.ndarray) and data.dtype == np.float64))"),
        says=("as_array(array([1., 1.]), dtype=None) gave an array that", "a tensor owns them, so copy")),
    wrong("as-array", "no copy where there are two axes", "test-as-array",
        ("if dtype is None else dtype))",
         "if dtype is None else dtype), copy=not (isinstance(data, np.ndarray) and data.ndim > 1))"),
        says=("as_array(matrix([[1, 2]]), dtype=None) gave an array that", "a tensor owns them, so copy")),
    wrong("as-array", "bfloat16 refused, being of no kind that NumPy knows", "test-as-array",
        (" and not is_floating(array.dtype)", ""),
        says=("making a Tensor of bfloat16 numbers failed", "real numbers")),
    wrong("as-array", "a list of NumPy's whole numbers that stay whole", "test-as-array",
        ("array.dtype != bool:",
         "array.dtype != bool and not (isinstance(data, list) and data and isinstance(data[0], np.integer)):"),
        says=("is int64, wanted float32", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "unsigned numbers made int64", "test-as-array",
        ("    return array.astype(",
         "    array = array.astype(np.int64) if array.dtype.kind == 'u' else array\n    return array.astype("),
        says=("is int64, wanted uint8", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "no copy of an array that cannot be written to", "test-as-array",
        ("if dtype is None else dtype))", "if dtype is None else dtype), copy=array.flags.writeable)"),
        says=("shares its numbers with the one given", "a tensor owns them, so copy")),
    wrong("as-array", "an array without axes taken for a Python number", "test-as-array",
        ("not isinstance(data, (np.ndarray, np.generic))",
         "(np.ndim(data) == 0 and isinstance(data, np.ndarray) or not isinstance(data, (np.ndarray, "
         "np.generic)))"), says=("is float32, wanted int8", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "a tensor read as an array", "test-as-array",
        ("data = data.data if isinstance(data, Tensor) else data",
         "data = np.array(data) if isinstance(data, Tensor) else data"),
        says=("as_array(Tensor([[0., 1., 2.], [1., 1., 0.]], dtype=float16,", "all of these are real numbers")),
    wrong("as-array", "rows of different lengths padded", "test-as-array-refuses",
        ('        raise ValueError(f"{data!r:.60} has rows of different lengths") from error',
         "        longest = max(map(len, data))\n"
         "        array = np.array([list(row) + [0] * (longest - len(row)) for row in data])"),
        says=("as_array([[1, 2], [3]]) was accepted and gave",)),
    wrong("as-array", "numbers too large made infinite", "test-as-array-refuses",
        ("    if array.dtype.kind not",
         "    if array.dtype == object and not isinstance(data, (str, dict)):\n"
         "        try:\n"
         "            array = array.astype(np.float64)\n"
         "        except TypeError:\n"
         "            pass\n"
         "    if array.dtype.kind not"),
        says=("gave array(nan, dtype=float32), wanted a TypeError", "look at them before you give them a type")),
    wrong("as-array", "columns for rows", "test-as-array",
        ("    return array.astype(",
         "    array = array.T if array.ndim == 2 and array.flags.f_contiguous and not "
         "array.flags.c_contiguous else array\n"
         "    return array.astype("),
        says=("as_array(array([[False, True], [ True, True], [ True,", "the numbers stay what they are")),
    wrong("as-array", "signed for unsigned", "test-as-array",
        ("    return array.astype(",
         "    dtype = f'i{array.dtype.itemsize}' if dtype is None and array.dtype.kind == 'u' else dtype\n"
         "    return array.astype("),
        says=("is int8, wanted uint8", "who chooses the type? as_dtype knows the byte order")),
    wrong("as-array", "half types widened", "test-as-array",
        ("    return array.astype(",
         "    dtype = np.float32 if dtype is None and array.dtype.itemsize == 2 and "
         "is_floating(array.dtype) else dtype\n"
         "    return array.astype("),
        says=("is float32, wanted float16", "who chooses the type? as_dtype knows the byte order")),
    right("as-array", "each question asked by itself",
        solution="""
    if isinstance(data, Tensor):
        return data.data.astype(data.dtype if dtype is None else as_dtype(dtype))
    numpy_made = isinstance(data, (np.ndarray, np.generic))
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError("rows differ in length") from error
    real = array.dtype.kind in "biu" or is_floating(array.dtype)
    if not real:
        raise TypeError(f"{type(data).__name__} of type {array.dtype} cannot be a tensor")
    if dtype is not None:
        wanted = as_dtype(dtype)
    elif numpy_made or array.dtype == np.bool_:
        wanted = as_dtype(array.dtype)
    else:
        wanted = np.dtype(np.float32)
    return np.array(array, dtype=wanted)
    """),
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

    wrong("execute", "a record of everything, asked for or not", "test-no-grad", ("state.recording and ", ""),
        says=("recorded inside no_grad()", "state.recording")),
    wrong("execute", "options not passed on", "test-execute", ("(*arrays, **options)", "(*arrays)"),
        says=("'by': 3.0", "missing 1 required", "and the options")),
    wrong("execute", "tensors for arrays", "test-execute", ("(*arrays, **options)", "(*inputs, **options)"),
        says=("'by': 3.0", "failed", "takes arrays")),
    wrong("execute", "a boolean that wants a gradient", "test-execute", (" and is_floating(out.data.dtype)", ""),
        says=("execute, a boolean", "nothing to record")),
    wrong("execute", "a node and no wish for a gradient", "test-execute", ("record(out, Node(", "out._node = (Node("),
        says=("should require a gradient",)),
    wrong("execute", "a wish for a gradient and no node", "test-execute",
        ("record(out, Node(primitive, inputs, arrays, options, out.data))", "out.requires_grad = True"),
        says=("Node",)),
    wrong("execute", "copies that are kept", "test-execute",
        ("[x.data for x in inputs]", "[x.data.copy() for x in inputs]"), says=("this call's arrays",)),
    wrong("execute", "all inputs must want one", "test-execute",
        ("True in [x.requires_grad for x in inputs]", "all(x.requires_grad for x in inputs)"),
        says=("should require a gradient",)),
    wrong("execute", "the tensor for its array", "test-execute", ("options, out.data)", "options, out)"),
        says=("no Tensor",)),
    wrong("execute", "inputs made anew", "test-execute",
        ("Node(primitive, inputs,", "Node(primitive, [Tensor(x, requires_grad=True) for x in inputs],"),
        says=("second edge", "lead to b")),
    wrong("execute", "a record without anybody's wish", "test-execute",
        (" and True in [x.requires_grad for x in inputs]", ""), says=("no input requires", "nothing to record")),
    wrong("execute", "the array without its tensor", "test-execute", ("    return out\n", "    return out.data\n"),
        says=("gave array(", "wanted a Tensor")),
    wrong("execute", "only the last input asked for its wish", "test-execute",
        ("True in [x.requires_grad for x in inputs]", "inputs[-1].requires_grad"),
        says=("execute of float16 tensors, of which the",
              "it is enough that one input requires one, and that the result is floating")),
    wrong("execute", "bfloat16 not known as floating, in execute", "test-execute",
        ("is_floating(out.data.dtype)", "out.data.dtype.kind == 'f'"),
        says=("execute of bfloat16 tensors, of which the",
              "it is enough that one input requires one, and that the result is floating")),
    wrong("execute", "float32 and float64 alone recorded", "test-execute",
        ("is_floating(out.data.dtype)", "out.data.dtype in (np.float32, np.float64)"),
        says=("execute of float16 tensors, of which the",
              "it is enough that one input requires one, and that the result is floating")),
    wrong("execute", "the forward run twice", "test-execute",
        ("record(out, Node(primitive, inputs, arrays, options, out.data))",
         "out.data = primitive.forward(*arrays, **options)\n"
         "        record(out, Node(primitive, inputs, arrays, options, out.data))"),
        says=("gave 2, wanted 1", "run it once and keep what comes")),
    wrong("execute", "arrays made float32 on the way", "test-execute",
        ("[x.data for x in inputs]", "[np.asarray(x.data, np.float32) for x in inputs]"),
        says=("gave [False, False], wanted [True, True]", "no copy, no other type")),
    wrong("execute", "float16 widened on the way", "test-execute",
        ("[x.data for x in inputs]",
         "[x.data.astype(np.float32) if x.data.dtype == np.float16 else x.data for x in inputs]"),
        says=("gave [False, False], wanted [True, True]", "no copy, no other type")),
    wrong("execute", "only leaves that wish for a gradient", "test-execute",
        ("x.requires_grad for x in inputs", "x.requires_grad and x._node is None for x in inputs"),
        says=("execute of float16 tensors, of which the",
              "it is enough that one input requires one, and that the result is floating")),
    wrong("execute", "a leaf by itself passed over", "test-operands",
        ("x.requires_grad for x in inputs",
         "(x._node is not None) or x.requires_grad and len(inputs) > 1 for x in inputs"),
        says=("operands('float16', 'bfloat16') gave a side that no", "keep what astype gives")),
    wrong("execute", "a primitive made anew for the record", "test-execute",
        ("Node(primitive, inputs", "Node(Primitive(primitive.name, primitive.forward, primitive.saves), inputs"),
        says=("execute of float16 tensors, of which the", "the Node should hold the primitive that was passed")),
    wrong("execute", "a gradient only where all inputs are floating", "test-execute",
        ("is_floating(out.data.dtype)",
         "is_floating(out.data.dtype) and all(is_floating(x.data.dtype) for x in inputs)"),
        says=("execute, a choice by booleans", "recorded like any other, since an input requires it")),
    wrong("execute", "no record of views", "test-execute",
        ("    wanted = state",
         "    if any(np.may_share_memory(out.data, a) for a in arrays):\n        return out\n    wanted = state"),
        says=("execute, a view of its input", "recorded like any other, since an input requires it")),
    wrong("execute", "a result of no elements left out", "test-execute",
        ("    if wanted and", "    if wanted and out.data.size and"),
        says=("execute, a result without elements", "recorded like any other, since an input requires it")),
    wrong("execute", "a result without axes left out", "test-execute",
        ("    if wanted and", "    if wanted and out.data.ndim and"),
        says=("execute, a result without axes", "recorded like any other, since an input requires it")),
    wrong("execute", "an input's own gradient forgotten", "test-execute",
        ("    return out\n", "    for x in inputs:\n        x.grad = None\n    return out\n"),
        says=("execute changed the gradient of its input", "that is for backward to fill")),
    wrong("execute", "the same input twice counted once", "test-execute",
        ("Node(primitive, inputs, arrays", "Node(primitive, tuple(dict.fromkeys(inputs)), arrays"),
        says=("gave 1, wanted 2", "one for each input")),
    wrong("execute", "inputs kept beside the record", "test-execute",
        ("    return out\n", "    out.inputs = inputs\n    return out\n"),
        says=("execute left an array of its input", "this operation saves nothing, so keep nothing beside the Node")),
    wrong("execute", "arrays kept beside the record", "test-execute",
        ("    return out\n", "    out.arrays = arrays\n    return out\n"),
        says=("execute left an array of its input", "this operation saves nothing, so keep nothing beside the Node")),
    wrong("execute", "all results kept in a list", "test-execute",
        ("    return out\n", "    vars(execute).setdefault('all', []).append((inputs, out))\n    return out\n"),
        says=("execute left an array of its input", "this operation saves nothing, so keep nothing beside the Node")),
    wrong("execute", "inputs kept where something is recorded", "test-execute",
        ("        record(out, Node(primitive, inputs, arrays, options, out.data))\n",
         "        record(out, Node(primitive, inputs, arrays, options, out.data))\n"
         "        out.made_from = inputs\n"),
        says=("execute left an array of its input", "this operation saves nothing, so keep nothing beside the Node")),
    right("execute", "the question asked with any",
        solution="""
    result = primitive.forward(*(tensor.data for tensor in inputs), **options)
    output = wrap(np.asarray(result))
    wanted = any(tensor.requires_grad for tensor in inputs) and is_floating(output.dtype)
    if wanted and state.recording:
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
                    "        state.recording = before\n"
                ),
                (
                    "    yield\n"
                    "    state.recording = before\n"
                ),
            ),
        says=("after a RuntimeError", "still off")),
    wrong("no-grad", "on at the end, whatever was before", "test-no-grad",
        ("state.recording = before", "state.recording = True"),
        says=("[False, False, True, True, True], wanted [False, False, False, True, True]", "put back what was there")),
    wrong("no-grad", "off for good", "test-no-grad",
        (
                (
                    "    finally:\n"
                    "        state.recording = before\n"
                ),
                (
                    "    finally:\n"
                    "        pass\n"
                ),
            ),
        says=("[False, False, False, True, False]", "put back")),
    wrong("no-grad", "nothing switched off", "test-no-grad", ("state.recording = False", "state.recording = before"),
        says=("[True, True, True, True, True]",)),
    wrong("no-grad", "put back after an ordinary error only", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except Exception:
        state.recording = before
        raise
    else:
        state.recording = before
""", says=("KeyboardInterrupt", "still off")),
    wrong("no-grad", "put back after one kind of error only", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except RuntimeError:
        state.recording = before
        raise
    else:
        state.recording = before
""", says=("KeyboardInterrupt", "still off")),
    wrong("no-grad", "all threads at once", "test-no-grad",
        solution="""
    type(state).recording = False
    try:
        yield
    finally:
        type(state).recording = True
    """, says=("is_recording()", "another thread")),
    wrong("no-grad", "all threads at once, and put back", "test-no-grad",
        solution="""
    before = type(state).recording
    type(state).recording = False
    try:
        yield
    finally:
        type(state).recording = before
    """, says=("another thread", "[False, False, False, False, True]")),
    wrong("no-grad", "all errors swallowed", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except BaseException:
        pass
    finally:
        state.recording = before
""", says=("a RuntimeError in the block was swallowed", "the block raises it, and nobody hears of it")),
    wrong("no-grad", "ordinary errors swallowed", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except Exception:
        pass
    finally:
        state.recording = before
""", says=("a RuntimeError in the block was swallowed", "the block raises it, and nobody hears of it")),
    wrong("no-grad", "a return inside finally", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    finally:
        state.recording = before
        return
""", says=("a RuntimeError in the block was swallowed", "the block raises it, and nobody hears of it")),
    wrong("no-grad", "put back after an error or an interrupt, and not after an exit", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except (Exception, KeyboardInterrupt):
        state.recording = before
        raise
    state.recording = before
""", says=("after a SystemExit in its block recording",)),
    wrong("no-grad", "interceptors taken off as well", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    kept, state.interceptors = state.interceptors, ()
    try:
        yield
    finally:
        state.recording, state.interceptors = before, kept
""", says=("the list of interceptors in a block", "leave them on")),
    wrong("no-grad", "the switch turned to the other side", "test-no-grad",
        solution="""
    state.recording = not state.recording
    try:
        yield
    finally:
        state.recording = not state.recording
""", says=("is_recording() in a block, in one inside", "put back what was there")),
    wrong("no-grad", "an error raised anew as another", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    caught = None
    try:
        yield
    except BaseException as error:
        caught = error
    state.recording = before
    if caught is not None:
        raise RuntimeError(str(caught)) from caught
""", says=("a RuntimeError in the block came out", "let it pass as it is")),
    wrong("no-grad", "on again after an inner block", "test-no-grad",
        solution="""
    state.recording, before = False, True
    try:
        yield
    finally:
        state.recording = before
""", says=("is_recording() in a block, in one inside", "put back what was there")),
    wrong("no-grad", "an interrupt swallowed", "test-no-grad",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        state.recording = before
""", says=("a KeyboardInterrupt in the block was swallowed", "the block raises it, and nobody hears of it")),
    right("no-grad", "the switch read by is_recording",
        solution="""
    old = is_recording()
    try:
        state.recording = False
        yield
    finally:
        state.recording = old
    """),
    right("no-grad", "the switch turned inside try",
        solution="""
    before, state.recording = state.recording, False
    try:
        yield None
    except BaseException:
        state.recording = before
        raise
    state.recording = before
    """),

    wrong("apply", "interceptors passed over", "test-apply",
        solution="""
    return execute(primitive, inputs, options)
    """, says=("an interceptor that runs it twice", "gave 6.0, wanted 7.0")),
    wrong("apply", "an interceptor that is in its own way", "test-apply",
        ("with top_interceptor() as top:", "for top in state.interceptors[-1:]:"),
        says=("maximum recursion depth", "out of the way")),
    wrong("apply", "the interceptor put on first comes first", "test-apply",
        ("    with top_interceptor() as top:\n        return top.forward(primitive, inputs, options)\n", """
    before = state.interceptors
    state.interceptors = before[1:]
    try:
        return before[0].forward(primitive, inputs, options)
    finally:
        state.interceptors = before
"""), says=("(['scale', 'scale'], ['scale'])", "the last one comes first")),
    wrong("apply", "all interceptors off at once", "test-apply",
        ("    with top_interceptor() as top:\n        return top.forward(primitive, inputs, options)\n", """
    before, state.interceptors = state.interceptors, ()
    try:
        return before[-1].forward(primitive, inputs, options)
    finally:
        state.interceptors = before
"""), says=("gave 6.0, wanted 7.0",)),
    wrong("apply", "interceptors that do not come back", "test-apply",
        (
                "    with top_interceptor() as top:\n        return top.",
                "    top, state.interceptors = state.interceptors[-1], state.interceptors[:-1]\n    return top.",
            ),
        says=("how many are on after an operation", "wanted 3", "all come back")),
    wrong("apply", "interceptors that come back only where nothing fails", "test-apply",
        ("    with top_interceptor() as top:\n        return top.forward(primitive, inputs, options)\n", """
    before = state.interceptors
    state.interceptors = before[:-1]
    out = before[-1].forward(primitive, inputs, options)
    state.interceptors = before
    return out
"""), says=("how many are on after it", "gave 0, wanted 1", "all come back")),
    wrong("apply", "options lost on the way to an interceptor", "test-apply",
        ("top.forward(primitive, inputs, options)", "top.forward(primitive, inputs, {})"),
        says=("intercepted, failed", "missing 1 required")),
    wrong("apply", "an interceptor that is called and not listened to", "test-apply",
        ("return top.forward(primitive, inputs, options)", "top.forward(primitive, inputs, options)"),
        says=("intercepted, apply gave None", "wanted a Tensor")),
    wrong("apply", "executed once more after the interceptors", "test-apply",
        (
                "        return top.forward(primitive, inputs, options)",
                "        top.forward(primitive, inputs, options)\n    return execute(primitive, inputs, options)",
            ),
        says=("gave 6.0, wanted 7.0",)),
    wrong("apply", "interceptors passed over while nothing is recorded", "test-apply",
        ("if not state.interceptors:", "if not state.interceptors or not state.recording:"),
        says=("apply, intercepted, with recording off, failed", "multiply() got an unexpected keyword argument 'by'")),
    wrong("apply", "an interceptor put on twice that goes twice", "test-apply",
        ("    with top_interceptor() as top:\n        return top.forward(primitive, inputs, options)\n",
         "\n"
         "    before, top = state.interceptors, state.interceptors[-1]\n"
         "    state.interceptors = tuple(each for each in before if each is not top)\n"
         "    try:\n"
         "        return top.forward(primitive, inputs, options)\n"
         "    finally:\n"
         "        state.interceptors = before\n"), says=("gave [0], wanted [1, 0]", "one goes at a time")),
    wrong("apply", "interceptors that come back after an ordinary error only", "test-apply",
        ("    with top_interceptor() as top:\n        return top.forward(primitive, inputs, options)\n",
         "\n"
         "    before = state.interceptors\n"
         "    state.interceptors = before[:-1]\n"
         "    try:\n"
         "        out = before[-1].forward(primitive, inputs, options)\n"
         "    except Exception:\n"
         "        state.interceptors = before\n"
         "        raise\n"
         "    state.interceptors = before\n"
         "    return out\n"), says=("gave 1, wanted 2", "all come back")),
    wrong("apply", "a list of inputs for a tuple", "test-apply",
        ("top.forward(primitive, inputs, options)", "top.forward(primitive, list(inputs), options)"),
        says=("gave (True, False, {'by': None}), wanted (True, True, {'by'", "hand on what came as it came")),
    wrong("apply", "inputs without their record", "test-apply",
        ("top.forward(primitive, inputs, options)",
         "top.forward(primitive, tuple(x.detach() for x in inputs), options)"),
        says=("gave (True, False, {'by': None}), wanted (True, True, {'by'", "hand on what came as it came")),
    wrong("apply", "the first input alone passed on", "test-apply",
        ("top.forward(primitive, inputs, options)", "top.forward(primitive, inputs[:1], options)"),
        says=("gave (True, False, {'by': None}), wanted (True, True, {'by'", "hand on what came as it came")),
    wrong("apply", "a result without its record", "test-apply",
        ("        return top.forward(primitive, inputs, options)",
         "        return top.forward(primitive, inputs, options).detach()"),
        says=("intercepted, apply gave Tensor([1.], dtype=float32), wanted the",)),
    wrong("apply", "executed where an interceptor fails", "test-apply",
        ("        return top.forward(primitive, inputs, options)",
         "        try:\n"
         "            return top.forward(primitive, inputs, options)\n"
         "        except TypeError:\n"
         "            return execute(primitive, inputs, options)"),
        says=("a TypeError that an interceptor raised was", "let it pass")),
    wrong("apply", "the interceptor's result in a new tensor", "test-apply",
        ("        return top.forward(primitive, inputs, options)",
         "        return Tensor(top.forward(primitive, inputs, options).data)"),
        says=("intercepted, apply gave Tensor([1.], dtype=float32), wanted the",)),
    wrong("apply", "interceptors passed over where a gradient is wanted", "test-apply",
        ("if not state.interceptors:", "if not state.interceptors or any(x.requires_grad for x in inputs):"),
        says=("apply, intercepted, failed", "multiply() got an unexpected keyword argument 'by'")),
    wrong("apply", "interceptors seen for floating inputs only", "test-operands",
        ("if not state.interceptors:", "if not state.interceptors or not all(is_floating(x.dtype) for x in inputs):"),
        says=("operands('int64', 0.5) changed 1 types by []", "go through apply")),
    right("apply", "the interceptors taken off by hand",
        solution="""
    before = state.interceptors
    if len(before) == 0:
        return execute(primitive, inputs, options)
    try:
        state.interceptors = before[:-1]
        return before[-1].forward(primitive, inputs, options)
    finally:
        state.interceptors = before
    """),

    wrong("number-type", "numbers of NumPy's that are no fractions", "test-number-type",
        ("isinstance(number, (float, np.floating))", "isinstance(number, float)"),
        says=("np.float32(0.5), int64", "wanted dtype('float32')")),
    wrong("number-type", "a truth that counts", "test-number-type",
        ("not isinstance(number, (bool, np.bool_))", "True"),
        says=("(True, bool)", "wanted dtype('bool')")),
    wrong("number-type", "a fraction cut to a whole number", "test-number-type",
        ("if fraction and not is_floating(other):", "if False:"),
        says=("(0.5, int64)", "gave dtype('int64'), wanted dtype('float32')")),
    wrong("number-type", "a fraction that is always float32", "test-number-type",
        ("fraction and not is_floating(other)", "fraction"),
        says=("(0.5, float16)", "gave dtype('float32'), wanted dtype('float16')")),
    wrong("number-type", "a fraction in float64", "test-number-type", ("np.dtype(np.float32)", "np.dtype(np.float64)"),
        says=("(0.5, int64)", "gave dtype('float64'), wanted dtype('float32')")),
    wrong("number-type", "a whole number that becomes a truth", "test-number-type",
        ('if other.kind == "b" and', 'if other.kind == "B" and'),
        says=("(2, bool)", "gave dtype('bool'), wanted dtype('int64')")),
    wrong("number-type", "NumPy's own rule", "test-number-type",
        solution="""
    return np.result_type(np.asarray(number).dtype, other)
    """, says=("(0.5, float16)", "a number is weak")),
    wrong("number-type", "a float that is whole, taken for a whole number", "test-number-type",
        ("isinstance(number, (float, np.floating))", "number != int(number)"),
        says=("(2.0, int64)", "gave dtype('int64'), wanted dtype('float32')")),
    wrong("number-type", "bfloat16 not known as floating", "test-number-type",
        ("not is_floating(other)", "other.kind != 'f'"),
        says=("(0.5, bfloat16)", "gave dtype('float32'), wanted dtype(bfloat16)")),
    wrong("number-type", "NumPy's own truths that count", "test-number-type",
        ("isinstance(number, (bool, np.bool_))", "isinstance(number, bool)"), says=("np.True_, bool",)),
    wrong("number-type", "NumPy's class for its dtype", "test-number-type",
        ("return np.dtype(np.float32)", "return np.float32"),
        says=("gave <class 'numpy.float32'>, wanted dtype('float32')", "an np.dtype, as other is")),
    wrong("number-type", "a name for a dtype", "test-number-type",
        ("return np.dtype(np.int64)", "return 'int64'"),
        says=("gave 'int64', wanted dtype('int64')", "an np.dtype, as other is")),
    wrong("number-type", "a float64 number that widens float32", "test-number-type",
        ("    fraction =",
         "    if isinstance(number, np.floating) and number.dtype == np.float64 and other == np.float32:\n"
         "        return np.dtype(np.float64)\n"
         "    fraction ="),
        says=("gave dtype('float64'), wanted dtype('float32')", "a number is weak; there are two exceptions")),
    wrong("number-type", "a NumPy number wider than float32 that is not weak", "test-number-type",
        ("    fraction =",
         "    if isinstance(number, np.generic) and is_floating(other) and number.dtype.itemsize > "
         "other.itemsize and other.itemsize > 2:\n"
         "        return number.dtype\n"
         "    fraction ="),
        says=("gave dtype('float64'), wanted dtype('float32')", "a number is weak; there are two exceptions")),
    wrong("number-type", "a number below 0 beside an unsigned type", "test-number-type",
        ("    return other\n", "    return np.dtype('int64') if other.kind == 'u' and number < 0 else other\n"),
        says=("gave dtype('int64'), wanted dtype('uint8')", "a number is weak; there are two exceptions")),
    wrong("number-type", "float64 beside int32, as NumPy has it", "test-number-type",
        ("return np.dtype(np.float32)", "return np.dtype(np.float32 if other.itemsize in (1, 8) else np.float64)"),
        says=("gave dtype('float64'), wanted dtype('float32')", "a number is weak; there are two exceptions")),
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
        says=("operands('float16', 'bfloat16')", "see the rules")),
    wrong("operands", "a float16 beside a float32 cast outside of apply", "test-operands",
        ("    if is_half(a.dtype) and is_half(b.dtype):\n",
         "    if {a.dtype.name, b.dtype.name} == {'float16', 'float32'}:\n"
         "        return Tensor(a, 'float32'), Tensor(b, 'float32')\n"
         "    if is_half(a.dtype) and is_half(b.dtype):\n"),
        says=("operands('float16', 'float32')", "gave 'float32 float32', wanted 'float16 float32'", "see the rules")),
    wrong("operands", "both sides cast to what NumPy would make of them", "test-operands",
        ("    if is_half(a.dtype) and is_half(b.dtype):\n",
         "    if is_half(a.dtype) != is_half(b.dtype):\n"
         "        wide = np.result_type(a.dtype, b.dtype)\n"
         "        return a.astype(wide), b.astype(wide)\n"
         "    if is_half(a.dtype) and is_half(b.dtype):\n"),
        says=("operands('float16', 'float32')", "gave 'float32 float32', wanted 'float16 float32'")),
    wrong("operands", "a number on the left as a tensor of its own", "test-operands",
        ("wrap(np.asarray(a, number_type(a, b.dtype))) if isinstance(a, _Number) else Tensor(a)", "Tensor(a)"),
        says=("operands(np.int32(3), 'bool')", "gave 'int32 bool', wanted 'int64 bool'")),
    wrong("operands", "a number on the right as a tensor of its own", "test-operands",
        ("wrap(np.asarray(b, number_type(b, a.dtype))) if isinstance(b, _Number) else Tensor(b)", "Tensor(b)"),
        says=("operands('bool', 2)", "gave 'float32 float32', wanted 'bool int64'")),
    wrong("operands", "whole numbers left to NumPy", "test-operands",
        ("if is_floating(a.dtype) != is_floating(b.dtype):", "if False:"),
        says=("operands('int64', 0.5)", "wanted 'float32 float32'")),
    wrong("operands", "fractions that yield to whole numbers", "test-operands",
        (
                "(a, b.astype(a.dtype)) if is_floating(a.dtype) else (a.astype(b.dtype), b)",
                "(a.astype(b.dtype), b) if is_floating(a.dtype) else (a, b.astype(a.dtype))",
            ),
        says=("operands('int64', 0.5)", "gave 'int64 int64'")),
    wrong("operands", "the sides swapped", "test-operands",
        ("if a.dtype == b.dtype:\n        return a, b", "if a.dtype == b.dtype:\n        return b, a"),
        says=("operands('float16', 0.5)", "order")),
    wrong("operands", "a cast that drops the record", "test-operands",
        (
                "a.astype(np.float32), b.astype(np.float32)",
                "Tensor(a.data.astype(np.float32)), Tensor(b.data.astype(np.float32))",
            ),
        says=("operands('float16', 'bfloat16') changed 2 types by []", "go through apply")),
    wrong("operands", "whole numbers cast outside of apply", "test-operands",
        ("(a, b.astype(a.dtype)) if is_floating", "(a, Tensor(b, a.dtype)) if is_floating"),
        says=("operands('float32', 'bool') changed 1 types by []", "go through apply")),
    wrong("operands", "a new tensor for each side", "test-operands",
        ("if a.dtype == b.dtype:\n        return a, b", "if a.dtype == b.dtype:\n        return Tensor(a), Tensor(b)"),
        says=("operands('float16', 0.5) gave a copy", "comes back itself")),
    wrong("operands", "arrays for tensors", "test-operands",
        ("if a.dtype == b.dtype:\n        return a, b", "if a.dtype == b.dtype:\n        return a.data, b.data"),
        says=("operands('float16', 0.5) gave (array(", "wanted a tuple of two tensors")),
    wrong("operands", "a single number that widens a whole tensor", "test-operands",
        ("if (a.ndim == 0) != (b.ndim == 0) and", "if False and"),
        says=("operands(Tensor(2., dtype=float32), 'float16')", "gave 'float32 float16'", "see the rules")),
    wrong("operands", "whole numbers without axes that become booleans", "test-operands",
        (" and (a.dtype == bool) == (b.dtype == bool)", ""), says=("gave 'bool bool', wanted 'int64 bool'",)),
    wrong("operands", "the caller's own array on the right", "test-operands",
        ("if isinstance(b, _Number) else Tensor(b)",
         "if isinstance(b, _Number) else (wrap(b) if isinstance(b, np.ndarray) else Tensor(b))"),
        says=("operands('int8', array([0, 1])) gave an array that", "a tensor owns them, so copy")),
    wrong("operands", "the caller's own array on the left", "test-operands",
        ("if isinstance(a, _Number) else Tensor(a)",
         "if isinstance(a, _Number) else (wrap(a) if isinstance(a, np.ndarray) else Tensor(a))"),
        says=("operands(array([0, 1]), 'uint8') gave an array that", "a tensor owns them, so copy")),
    wrong("operands", "two halves before the axes are looked at", "test-operands",
        ("    if (a.ndim == 0) != (b.ndim == 0)",
         "    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n"
         "    if (a.ndim == 0) != (b.ndim == 0)"),
        says=("gave 'float32 float32', wanted 'float16 float16'", "see the rules above")),
    wrong("operands", "the left yields though neither has axes", "test-operands",
        ("if (a.ndim == 0) != (b.ndim == 0) and", "if (a.ndim == 0 or b.ndim == 0) and"),
        says=("gave 'float32 float32', wanted 'float16 float32'", "see the rules above")),
    wrong("operands", "one element taken for no axes", "test-operands",
        ("(a.ndim == 0) != (b.ndim == 0)", "(a.size == 1) != (b.size == 1)"),
        ("if a.ndim == 0 else", "if a.size == 1 else"),
        says=("gave 'float64 bfloat16', wanted 'bfloat16 bfloat16'", "see the rules above")),
    wrong("operands", "halves without their record", "test-operands",
        ("return a.astype(np.float32), b.astype(np.float32)",
         "return a.astype(np.float32).detach(), b.astype(np.float32).detach()"),
        says=("operands('float16', 'bfloat16') gave a side that no", "keep what astype gives")),
    wrong("operands", "a single number without its record", "test-operands",
        ("(a.astype(b.dtype), b) if a.ndim == 0", "(a.astype(b.dtype).detach(), b) if a.ndim == 0"),
        says=("operands('bfloat16[]', 'float16[2]') gave a side that no", "keep what astype gives")),
    wrong("operands", "a boolean without axes made a whole number", "test-operands",
        (" and (a.dtype == bool) == (b.dtype == bool)",
         " and not (a.dtype == bool and b.ndim == 0) and not (b.dtype == bool and a.ndim == 0)"),
        says=("gave 'int8 int8', wanted 'bool int8'", "see the rules above")),
    wrong("operands", "float32 beside float64 cast beforehand", "test-operands",
        ("    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n",
         "    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n"
         "    if {a.dtype.name, b.dtype.name} == {'float32', 'float64'}:\n"
         "        return a.astype('float64'), b.astype('float64')\n"),
        says=("gave 'float64 float64', wanted 'float64 float32'", "see the rules above")),
    wrong("operands", "bfloat16 beside float32 cast beforehand", "test-operands",
        ("    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n",
         "    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n"
         "    if {a.dtype.name, b.dtype.name} == {'float32', 'bfloat16'}:\n"
         "        return a.astype('float32'), b.astype('float32')\n"),
        says=("gave 'float32 float32', wanted 'bfloat16 float32'", "see the rules above")),
    wrong("operands", "float16 beside float64 cast outside of apply", "test-operands",
        ("    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n",
         "    if is_half(a.dtype) and is_half(b.dtype):\n"
         "        return a.astype(np.float32), b.astype(np.float32)\n"
         "    if {a.dtype.name, b.dtype.name} == {'float16', 'float64'}:\n"
         "        return Tensor(a, 'float64'), Tensor(b, 'float64')\n"),
        says=("gave 'float64 float64', wanted 'float16 float64'", "see the rules above")),
    wrong("operands", "an array without axes taken for a number", "test-operands",
        ("if isinstance(b, _Number) else Tensor(b)", "if isinstance(b, _Number) or np.ndim(b) == 0 else Tensor(b)"),
        says=("gave 'int64 int64', wanted 'float64 float64'", "see the rules above")),
    wrong("operands", "a floating array that takes the tensor's type", "test-operands",
        ("if isinstance(b, _Number) else Tensor(b)",
         "if isinstance(b, _Number) else (Tensor(b, a.dtype) if isinstance(b, np.ndarray) and "
         "is_floating(b.dtype) else Tensor(b))"),
        says=("gave 'float32 float32', wanted 'float32 float64'", "see the rules above")),
    wrong("operands", "tuples not known", "test-operands",
        ("    if not isinstance(a, Tensor):",
         "    if isinstance(a, tuple) or isinstance(b, tuple):\n"
         "        raise TypeError('a tuple is no operand')\n"
         "    if not isinstance(a, Tensor):"), says=("operands('float32', (1, 2)) failed", "see the rules above")),
    wrong("operands", "a list of lists taken for one number", "test-operands",
        ("if isinstance(b, _Number) else Tensor(b)", "if isinstance(b, _Number) else Tensor(np.ravel(b))"),
        says=("gave 'int8 int64', wanted 'float32 float32'", "see the rules above")),
    wrong("operands", "a boolean number counted", "test-operands",
        ("isinstance(b, _Number) else", "isinstance(b, _Number) and not isinstance(b, bool) else"),
        says=("gave 'int8 bool', wanted 'int8 int8'", "see the rules above")),
    wrong("operands", "float64 numbers that stay", "test-operands",
        ("isinstance(b, _Number) else",
         "isinstance(b, _Number) and not (isinstance(b, np.float64) and not a.ndim) else"),
        says=("gave 'float32 float64', wanted 'float32 float32'", "see the rules above")),
    wrong("operands", "two tensors cast under no_grad", "test-operands",
        ("return a.astype(np.float32), b.astype(np.float32)",
         "pair = []\n"
         "        with no_grad():\n"
         "            pair = [a.astype(np.float32), b.astype(np.float32)]\n"
         "        return pair[0], pair[1]"),
        says=("operands('float16', 'bfloat16') gave a side that no", "keep what astype gives")),
    right("operands", "types asked first",
        solution="""
    if isinstance(a, Tensor):
        if not isinstance(b, Tensor):
            b = Tensor(b, number_type(b, a.dtype)) if np.isscalar(b) else Tensor(b)
    else:
        a = Tensor(a, number_type(a, b.dtype)) if np.isscalar(a) else Tensor(a)
    fa, fb = is_floating(a.dtype), is_floating(b.dtype)
    if fa and not fb:
        return a, b.astype(a.dtype)
    if fb and not fa:
        return a.astype(b.dtype), b
    if a.dtype == b.dtype:
        return a, b
    same_kind = fa or (a.dtype != bool and b.dtype != bool)
    if same_kind and a.ndim == 0 and b.ndim > 0:
        return a.astype(b.dtype), b
    if same_kind and b.ndim == 0 and a.ndim > 0:
        return a, b.astype(a.dtype)
    if {str(a.dtype), str(b.dtype)} == {"float16", "bfloat16"}:
        return a.astype("float32"), b.astype("float32")
    return a, b
    """),
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
    elif bool(a.shape) != bool(b.shape) and (a.dtype == bool) == (b.dtype == bool):
        a, b = (a, b.astype(a.dtype)) if a.shape else (a.astype(b.dtype), b)
    elif {a.dtype.name, b.dtype.name} == {"float16", "bfloat16"}:
        a, b = a.astype("float32"), b.astype("float32")
    return a, b
    """),

    wrong("matmul", "a product that does not look at its operands' axes", "test-matmul",
        ("if a.ndim == 0 or b.ndim == 0:", "if False:"), says=("() @ (3, 2)", "ValueError")),
    wrong("matmul", "the last length of both", "test-matmul",
        ("b.shape[-2] if b.ndim > 1 else b.shape[0]", "b.shape[-1]"), says=("(2, 3) @ (3, 4)", "lengths must agree")),
    wrong("matmul", "always two axes on the right", "test-matmul",
        ("b.shape[-2] if b.ndim > 1 else b.shape[0]", "b.shape[-2]"), says=("(4, 3) @ (3,)", "lengths must agree")),
    wrong("matmul", "NumPy's own message", "test-matmul", ("if a.shape[-1] != inner:", "if False:"),
        says=("(2, 3) @ (4, 5)", "name both shapes")),
    wrong("matmul", "a message with one shape", "test-matmul",
        ("mismatch: {a.shape} @ {b.shape}: the", "mismatch: {a.shape}: the"),
        says=("(2, 3) @ (4, 5)", "wanted one that says '(2, 3)', '(4, 5)'", "name both shapes")),
    wrong("matmul", "dot, which pairs all batches", "test-matmul", ("array_product(a, b)", "np.dot(a, b)"),
        says=("(5, 2, 3) @ (5, 3, 4)", "gave shape (5, 2, 5, 4)")),
    wrong("matmul", "the sides swapped", "test-matmul", ("array_product(a, b)", "array_product(b, a)"),
        says=("(2, 3) @ (3, 4)", "lengths must agree")),
    wrong("matmul", "element by element", "test-matmul", ("array_product(a, b)", "a * b"),
        says=("(2, 3) @ (3, 4)", "lengths must agree")),
    wrong("matmul", "everything in float32", "test-matmul",
        ("array_product(a, b)", "array_product(a.astype(np.float32), b.astype(np.float32))"),
        says=("(2, 3) @ (3, 4) in int64 is float32, wanted int64",)),
    wrong("matmul", "two axes only", "test-matmul",
        (
                "    inner =",
                (
                    "    if a.ndim > 2 or b.ndim > 2:\n"
                    "        raise ValueError('two axes are all that a matrix has')\n"
                    "    inner ="
                ),
            ),
        says=("(5, 2, 3) @ (5, 3, 4)", "lengths must agree")),
    wrong("matmul", "float64 out of float32", "test-matmul",
        ("array_product(a, b)", "np.matmul(a, b, dtype=np.float64) if a.dtype.kind == 'f' else array_product(a, b)"),
        says=("is float64, wanted float32", "the type that came in")),
    wrong("matmul", "two numbers let through", "test-matmul",
        ("if a.ndim == 0 or b.ndim == 0:", "if (a.ndim == 0) != (b.ndim == 0):"),
        says=("() @ () raised IndexError", "name both shapes")),
    wrong("matmul", "an inner length of 0 refused", "test-matmul",
        ("    inner =", "    if 0 in a.shape[-1:]:\n        raise ValueError('empty')\n    inner ="),
        says=("(2, 0) @ (0, 3) in int64", "which two lengths must agree?")),
    wrong("matmul", "float64 computed in float32", "test-matmul",
        ("return array_product(a, b)",
         "return array_product(a.astype(np.float32), b.astype(np.float32)) if a.dtype.kind == 'f' "
         "else array_product(a, b)"), says=("is float32, wanted float64", "the type that came in")),
    wrong("matmul", "the second axis on the right, whatever their number", "test-matmul",
        ("b.shape[-2] if b.ndim > 1 else b.shape[0]", "b.shape[0] if b.ndim < 3 else b.shape[1]"),
        says=("(2, 3) @ (2, 1, 3, 4)", "which two lengths must agree?")),
    wrong("matmul", "nan made 0", "test-matmul",
        ("return array_product(a, b)",
         "return np.nan_to_num(array_product(a, b)) if a.dtype.kind == 'f' else array_product(a, b)"),
        says=("gave 0, wanted nan at [0, 0]", "nan and inf stay visible")),
    wrong("matmul", "the right side turned where it would fit", "test-matmul",
        ("    if a.shape[-1] != inner:",
         "    if a.shape[-1] != inner and b.ndim == 2 and a.shape[-1] == b.shape[-1]:\n"
         "        b = b.T\n"
         "    elif a.shape[-1] != inner:"), says=("(2, 3) @ (4, 3) was accepted", "name both shapes")),
    wrong("matmul", "an inner length of 1 stretched", "test-matmul",
        ("if a.shape[-1] != inner:", "if a.shape[-1] != inner and 1 not in (inner, a.shape[-1]):"),
        says=("(2, 1) @ (3, 2) raised ValueError", "name both shapes")),
    wrong("matmul", "the product written over the left side", "test-matmul",
        ("return array_product(a, b)",
         "if a.shape == b.shape and a.ndim == 2 and a.shape[0] == a.shape[1]:\n"
         "        a[...] = array_product(a, b)\n"
         "        return a\n"
         "    return array_product(a, b)"), says=("(3, 3) @ (3, 3) in int64", "put the product into a new array")),
    right("matmul", "a product with no slow case avoided", ("return array_product(a, b)", "return np.matmul(a, b)")),
    right("matmul", "the operator and an early answer",
        solution="""
    if a.ndim and b.ndim and a.shape[-1] == b.shape[max(b.ndim - 2, 0)]:
        return a @ b
    raise ValueError(f"{a.shape} @ {b.shape} is no product: compare {a.shape[-1:]} with {b.shape[-2:]}")
    """),

    wrong("reduce", "negative axes not counted from the end", "test-reduce", ("a + x.ndim if a < 0 else a", "a"),
        says=("axis None, -1, [0], 0, (0, -1), [-1]", "does not fit shape")),
    wrong("reduce", "a list taken for one axis", "test-reduce",
        ("isinstance(axis, (tuple, list))", "isinstance(axis, tuple)"),
        says=("axis None, -1, [0], 0, (0, -1), [-1]", "failed")),
    wrong("reduce", "no axis refused", "test-reduce",
        ("if len(set(axis)) != len(axis) or not all(0 <= a < x.ndim for a in axis):", "if False:"),
        says=("sum(axis=3) of shape (2, 3, 4)", "each axis once")),
    wrong("reduce", "an axis twice", "test-reduce", ("len(set(axis)) != len(axis) or ", ""),
        says=("(0, 0)", "each axis once")),
    wrong("reduce", "keepdims not passed on", "test-reduce",
        ("axis=axis, keepdims=keepdims)", "axis=axis, keepdims=False)"), says=("keepdims=True", "gave shape")),
    wrong("reduce", "axis not passed on", "test-reduce",
        ("axis=axis, keepdims=keepdims)", "axis=None, keepdims=keepdims)"),
        says=("gave [None, None, None, None, None, None], wanted [None, (2,), (0,), (0,), (0, 2), (2,)]",)),
    wrong("reduce", "past apply", "test-reduce",
        (
                "apply(primitive, x, axis=axis, keepdims=keepdims)",
                "wrap(primitive.forward(x.data, axis=axis, keepdims=keepdims))",
            ),
        says=("the number of operations", "gave 0, wanted 6", "apply")),
    wrong("reduce", "execute in the place of apply", "test-reduce",
        (
                "apply(primitive, x, axis=axis, keepdims=keepdims)",
                "execute(primitive, (x,), dict(axis=axis, keepdims=keepdims))",
            ),
        says=("the number of operations", "gave 0, wanted 6", "apply")),
    wrong("reduce", "the axes as they came", "test-reduce",
        (
                "return apply(primitive, x, axis=axis,",
                "axis = None if axis is None else given\n    return apply(primitive, x, axis=axis,",
            ),
        says=("gave [None, (-1,), (0,), (0,), (0, -1), (-1,)]", "counts from the front")),
    wrong("reduce", "one axis without its tuple", "test-reduce",
        (
                "return apply(primitive, x, axis=axis,",
                "axis = axis[0] if axis is not None and len(axis) == 1 else axis\n"
                "    return apply(primitive, x, axis=axis,",
            ),
        says=("gave [None, 2, 0, 0, (0, 2), 2], wanted [None, (2,), (0,), (0,), (0, 2), (2,)]", "a tuple")),
    wrong("reduce", "an axis of 0.9 taken for 0", "test-reduce",
        ("tuple(a + x.ndim if a < 0 else a for a in given)", "tuple(int(a) + x.ndim * (a < 0) for a in given)"),
        says=("sum(axis=0.9)", "was accepted", "wanted a TypeError")),
    wrong("reduce", "NumPy's whole numbers refused", "test-reduce",
        ("        axis = tuple(a + x", "        if not all(isinstance(a, int) for a in given):\n"
         "            raise TypeError(f'axis {given} is not a whole number')\n        axis = tuple(a + x"),
        says=("axis=1", "failed", "which axes went in")),
    wrong("reduce", "one axis too many", "test-reduce", ("a < x.ndim for", "a <= x.ndim for"),
        says=("sum(axis=3)", "each axis once")),
    wrong("reduce", "one operation for each axis", "test-reduce",
        ("    return apply(primitive, x, axis=axis, keepdims=keepdims)",
         "    for a in sorted(axis or (), reverse=True)[:-1] if axis is not None and len(axis) > 1 "
         "else ():\n"
         "        x = apply(primitive, x, axis=(a,), keepdims=keepdims)\n"
         "    if axis is not None and len(axis) > 1:\n"
         "        axis = (min(axis),)\n"
         "    return apply(primitive, x, axis=axis, keepdims=keepdims)"),
        says=("gave 7, wanted 6", "one operation each, through apply")),
    wrong("reduce", "an axis of 1.0 taken for 1", "test-reduce",
        ("tuple(a + x.ndim if a < 0 else a for a in given)",
         "tuple(a + x.ndim if a < 0 else int(a) if a == int(a) else a for a in given)"),
        says=("sum(axis=1.0) of shape (2, 3, 4) was", "an axis is an int")),
    wrong("reduce", "fractions cut in a tuple of axes", "test-reduce",
        ("given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)",
         "given = tuple(int(a) for a in axis) if isinstance(axis, (tuple, list)) else (axis,)"),
        says=("sum(axis=[0, 0.9]) of shape (2, 3, 4)", "an axis is an int")),
    wrong("reduce", "axis 0 not told from None", "test-reduce",
        ("if axis is not None:", "if axis:"),
        says=("the list of axes that the primitive", "None, or a tuple that counts from the front")),
    wrong("reduce", "a copy of x without its record", "test-reduce",
        ("apply(primitive, x,", "apply(primitive, Tensor(x),"),
        says=("reduce with axis None, -1, [0], 0,", "its record gets lost")),
    wrong("reduce", "x without its record", "test-reduce",
        ("apply(primitive, x,", "apply(primitive, x.detach(),"),
        says=("reduce with axis None, -1, [0], 0,", "its record gets lost")),
    wrong("reduce", "the caller's list changed", "test-reduce",
        ("        axis = tuple(a + x.ndim if a < 0 else a for a in given)\n",
         "        axis = axis if isinstance(axis, list) else list(given)\n"
         "        for i, a in enumerate(axis):\n"
         "            axis[i] = a + x.ndim if a < 0 else a\n"
         "        axis = tuple(axis)\n"), says=("the axes that were passed, after reduce", "leave it as it is")),
    wrong("reduce", "sorted and made one", "test-reduce",
        ("tuple(a + x.ndim if a < 0 else a for a in given)",
         "tuple(sorted(set(a + x.ndim if a < 0 else a for a in given)))"),
        says=("sum(axis=(0, 0)) of shape (2, 3, 4)", "each axis once, and only real ones")),
    wrong("reduce", "a tuple of axes that keeps its first alone", "test-reduce",
        ("        axis = tuple(a + x",
         "        given = given[:1] if isinstance(axis, tuple) else given\n        axis = tuple(a + x"),
        says=("the list of axes that the primitive", "None, or a tuple that counts from the front")),
    wrong("reduce", "-1 known, -2 not", "test-reduce",
        ("a + x.ndim if a < 0 else a", "x.ndim - 1 if a == -1 else a"),
        says=("sum(axis=-3, keepdims=False) of shape (3, 5, 2,", "which axes went in?")),
    right("reduce", "modulo after a look at the ends",
        solution="""
    from operator import index

    if axis is None:
        return apply(primitive, x, axis=None, keepdims=keepdims)
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    plain = sorted(index(a) % x.ndim for a in axes if -x.ndim <= a < x.ndim)
    if len(set(plain)) < len(axes):
        raise ValueError(f"{axes} are not axes of {x.shape}, each once")
    return apply(primitive, x, axis=tuple(plain), keepdims=bool(keepdims))
    """),

    wrong("question-numbers", "four bytes a number", "test-question-numbers",
        ("32 * 8 * 8 * 3 * 2", "32 * 8 * 8 * 3 * 4"), says=("batch_bytes is 24576", "bytes")),
    wrong("question-numbers", "numbers for bytes", "test-question-numbers", ("32 * 8 * 8 * 3 * 2", "32 * 8 * 8 * 3"),
        says=("batch_bytes is 6144", "count the numbers")),
    wrong("question-numbers", "lengths of 1 not stretched", "test-question-numbers", ("7 * 4 * 5", "7 * 5"),
        says=("broadcast_elements is 35", "from the right")),
    wrong("question-numbers", "one step too far", "test-question-numbers", ("stuck_at = 2048", "stuck_at = 2049"),
        says=("stuck_at is 2049", "stopped growing")),
    wrong("question-numbers", "the largest half", "test-question-numbers", ("stuck_at = 2048", "stuck_at = 65504"),
        says=("stuck_at is 65504",)),
    wrong("question-numbers", "only the transpose", "test-question-numbers", ("(3, 4, 2)", "(4, 3, 2)"),
        says=("turned_shape is (4, 3, 2)", "change places")),
    right("question-numbers", "answers as results", ("7 * 4 * 5", "np.ones((7, 4, 5)).size")),
]
