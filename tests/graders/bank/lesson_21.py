"""The bank for lesson 21: compilation."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("symbol", "made each time", "test-symbol", ("    if key not in pool:\n", "    if True:\n"),
        says=("add(input(0), input(1)) was made twice: look into the pool",)),
    wrong("symbol", "the operation left out", "test-symbol", ("key = (op, *[", "key = (0, *["),
        says=("compare op and every argument",)),
    wrong("symbol", "known by the operation alone", "test-symbol",
        ("key = (op, *[id(a) if isinstance(a, Symbol) else repr(a) for a in args])", "key = op"),
        says=("compare op and every argument",)),
    wrong("symbol", "arguments in any order", "test-symbol",
        ("*[id(a) if isinstance(a, Symbol) else repr(a) for a in args]",
         "*sorted(str(id(a)) if isinstance(a, Symbol) else repr(a) for a in args)"),
        says=("gave add(input(0), input(1))", "compare op and every argument")),
    wrong("symbol", "a zero is a zero", "test-symbol", ("repr(a) for a", "float(a) for a"),
        says=("('constant', -0.0)", "compare op and every argument")),
    wrong("symbol", "symbols known by their texts", "test-symbol", ("id(a) if isinstance(a, Symbol) else ", ""),
        says=("of two different sums are one", "compare by id")),
    wrong("symbol", "numbers known by their ids", "test-symbol", ("if isinstance(a, Symbol) else repr(a) for", "for"),
        says=("constant(0.0) was made twice: look into the pool",)),
    wrong("symbol", "no shape", "test-symbol", ("np.broadcast_shapes(shape, *shapes)", "shape"),
        says=("the shape of (4, 1) + (3,)", "wanted (4, 3)")),
    wrong("symbol", "the first argument's shape", "test-symbol",
        ("np.broadcast_shapes(shape, *shapes)", "shapes[0] if shapes else shape"), says=("wanted (4, 3)",)),
    wrong("symbol", "the shape of an input forgotten", "test-symbol",
        ("np.broadcast_shapes(shape, *shapes)", "np.broadcast_shapes((), *shapes)"), says=("(4, 1) + (3,)",)),
    wrong("symbol", "no arguments kept", "test-symbol", ("Symbol(pool, op, args, ", "Symbol(pool, op, (), "),
        says=("gave op 'add' and args ()",)),
    wrong("symbol", "a shape or the arguments'", "test-symbol",
        ("np.broadcast_shapes(shape, *shapes)", "shape or np.broadcast_shapes(*shapes)"),
        says=("exp of a (3,), with shape=(2, 1), gave (2, 1), wanted (2, 3)",)),
    wrong("symbol", "formatted to 6 digits", "test-symbol",
        ("repr(a) for",
         "f'{a:g}' if isinstance(a, float) else repr(a) for"),
        says=("('constant', 1.000000001) gave constant(1.0), which was made",
              "compare op and every argument")),
    wrong("symbol", "shape part of the key", "test-symbol",
        ("key = (op, *[",
         "key = (op, shape, *["),
        says=("input(1) was made twice: one for an op and its arguments",
              "one for an op and its arguments")),
    wrong("symbol", "commuted add", "test-symbol",
        ("    if key not in pool:\n",
         "    if op in ('mul',) and key not in pool:\n        other = (op, *key[:0:-1])\n"
         "        key = other if other in pool else key\n    if key not in pool:\n"),
        says=("('mul', input(1), input(0)) gave mul(input(0), input(1)), wh",
              "compare op and every argument")),
    wrong("symbol", "arguments hashed by ==", "test-symbol",
        ("    if key not in pool:\n",
         "    for k, s in pool.items():\n        if s.op == op and s.args == args:\n            return s\n"
         "    if key not in pool:\n"),
        says=("symbol failed: the function asks for a number (an `if`, floa",
              "compare by id, not ==")),
    right("symbol", "by get", solution="""
    parts = [op]
    for a in args:
        parts.append(a if isinstance(a, Symbol) else repr(a))
    found = pool.get(tuple(parts))
    if found is None:
        shapes = [a.shape for a in args if isinstance(a, Symbol)]
        found = pool[tuple(parts)] = Symbol(pool, op, args, np.broadcast_shapes(shape, *shapes))
    return found
    """),

    wrong("simplified", "nothing", "test-simplified", solution="return symbol(pool, op, *args)",
        says=("simplified of mul 2 3", "wanted 'constant(6.0)'", "which line of the table")),
    wrong("simplified", "0 x is 0", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "mul" and known[0] == 0:\n        return args[0]\n    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of mul 0 x", "gave 'constant(0.0)'", "not in the table")),
    wrong("simplified", "x + 0 is x", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "add" and known[1] == 0:\n        return args[0]\n    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of add x 0", "gave 'input(x)'", "not in the table")),
    wrong("simplified", "1 / x is x", "test-simplified",
        ('op == "mul" and known[0]', 'op in ("mul", "div") and known[0]'),
        says=("simplified of div 1 x", "gave 'input(x)'")),
    wrong("simplified", "x - 1 is x", "test-simplified", ('("mul", "div", "pow")', '("mul", "div", "pow", "sub")'),
        says=("simplified of sub x 1", "not in the table")),
    wrong("simplified", "the choice turned round", "test-simplified",
        ("args[1] if known[0] else args[2]", "args[2] if known[0] else args[1]"),
        says=("where 1 x y", "wanted 'input(x)'")),
    wrong("simplified", "a condition that is false is not known", "test-simplified",
        ('op == "where" and known[0] is not None', 'op == "where" and known[0]'),
        says=("where 0 x y", "wanted 'input(y)'")),
    wrong("simplified", "any constant will do", "test-simplified",
        ("if None not in known:", "if known[0] is not None:"),
        says=("simplified of",)),
    wrong("simplified", "a one on the right only", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n        return args[1]\n', ""), says=("mul 1 x",)),
    wrong("simplified", "x - x is 0", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n', '    if op == "sub" and args[0] is args[1]:\n        return symbol('
         'pool, "constant", 0.0)\n    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of sub x x", "gave 'constant(0.0)'", "not in the table")),
    wrong("simplified", "a pool of its own", "test-simplified",
        ("return symbol(pool, op, *args)", "return symbol({}, op, *args)"),
        says=("is in another pool than its arguments",)),
    wrong("simplified", "where of the same", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "where" and args[1] is args[2]:\n        return args[1]\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of where x y y gave 'input(y)', wanted 'where(inp",
              "it is not in the table")),
    wrong("simplified", "x - 0 is x", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "sub" and known[1] == 0:\n        return args[0]\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of sub x 0 gave 'input(x)', wanted 'sub(input(x),",
              "it is not in the table")),
    wrong("simplified", "x*-1 neg", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "mul" and known[1] == -1:\n        return symbol(pool, "neg", args[0])\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of mul x -1 gave 'neg(input(x))', wanted 'mul(inp",
              "it is not in the table")),
    wrong("simplified", "maximum of one", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "maximum" and args[0] is args[1]:\n        return args[0]\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of maximum x x gave 'input(x)', wanted 'maximum(i",
              "it is not in the table")),
    wrong("simplified", "the shape lost", "test-simplified",
        ("        return args[1] if known[0] else args[2]",
         "        return args[1] if known[0] == 1 else args[2]"),
        says=("simplified of where nan x y gave 'input(y)', wanted 'input(x",
              "which line of the table is it?")),
    wrong("simplified", "nan condition false", "test-simplified",
        ("return args[1] if known[0] else args[2]",
         "return args[1] if known[0] > 0 else args[2]"),
        says=("simplified of where nan x y gave 'input(y)', wanted 'input(x",
              "which line of the table is it?")),
    wrong("simplified", "rounds constants to float32", "test-simplified",
        ("value_of(CODE[op], known)",
         "float(np.float32(value_of(CODE[op], known)))"),
        says=("simplified of sub .1 1e-9 gave 'constant(0.10000000149011612",
              "which line of the table is it?")),
    wrong("simplified", "close to one", "test-simplified",
        ("known[1] == 1:",
         "known[1] is not None and abs(known[1] - 1) < 1e-6:"),
        says=("simplified of mul x 1.0000001 gave 'input(x)', wanted 'mul(i",
              "it is not in the table")),
    wrong("simplified", "-0.0 swallowed", "test-simplified",
        ("value_of(CODE[op], known)",
         "value_of(CODE[op], known) + 0.0"),
        says=("simplified of neg 0 gave 'constant(0.0)', wanted 'constant(-",
              "which line of the table is it?")),
    wrong("simplified", "-1 * x", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "mul" and known[0] == -1:\n        return symbol(pool, "neg", args[1])\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of mul -1 x gave 'neg(input(x))', wanted 'mul(con",
              "it is not in the table")),
    wrong("simplified", "x/2 as product", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "div" and known[1]:\n'
         '        return symbol(pool, "mul", args[0], symbol(pool, "constant", 1 / known[1]))\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of div x 2 gave 'mul(input(x), constant(0.5))', w",
              "it is not in the table")),
    wrong("simplified", "0 + x", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "add" and known[0] == 0:\n        return args[1]\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of add 0 x gave 'input(x)', wanted 'add(constant(",
              "it is not in the table")),
    wrong("simplified", "0 / x", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "div" and known[0] == 0:\n        return args[0]\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of div 0 x gave 'constant(0.0)', wanted 'div(cons",
              "it is not in the table")),
    wrong("simplified", "compares with itself", "test-simplified",
        ('    if op == "mul" and known[0] == 1:\n',
         '    if op == "equal" and args[0] is args[1]:\n        return symbol(pool, "constant", 1.0)\n'
         '    if op == "mul" and known[0] == 1:\n'),
        says=("simplified of equal x x gave 'constant(1.0)', wanted 'equal(",
              "it is not in the table")),
    right("simplified", "in another order", solution="""
    one = [value == 1 for value in known]
    if all(value is not None for value in known):
        return symbol(pool, "constant", value_of(CODE[op], known))
    if op == "mul" and True in one:
        return args[1 - one.index(True)]
    if op in ("div", "pow") and one[1]:
        return args[0]
    if op == "where" and args[0].op == "constant":
        return args[1 if args[0].args[0] else 2]
    return symbol(pool, op, *args)
    """),

    wrong("recorder", "all is emitted", "test-recorder", (
            "        if not any(isinstance(x, Symbol) for x in inputs):\n"
            "            return super().forward(primitive, inputs, options)\n", ""),
        says=("which operations are recorded",)),
    wrong("recorder", "only where all are symbols", "test-recorder", ("if not any(", "if not all("),
        says=("record of x / 3 + 0 * y failed", "which are done at once?")),
    wrong("recorder", "conditions as they are", "test-recorder",
        ('return emit("where", inputs[0], 1, 0)', "return inputs[0]"),
        says=("record of y + (x > 1)", "wanted 'add(input(1), where(...))'")),
    wrong("recorder", "conditions turned round", "test-recorder", ("inputs[0], 1, 0", "inputs[0], 0, 1"),
        says=("from y + (x > 1)", "gave 2, wanted 3", "which operations are recorded")),
    wrong("recorder", "any astype is no operation", "test-recorder", (
            '        if primitive.name == "astype" and inputs[0].dtype == bool:\n',
            '        if primitive.name == "astype" and inputs[0].dtype != bool:\n            return inputs[0]\n'
            '        if primitive.name == "astype":\n'),
        says=("record of x + y.astype('float16')", "was accepted", "FusionError")),
    wrong("recorder", "arguments turned round", "test-recorder",
        ("return emit(primitive.name, *inputs)", "return emit(primitive.name, *inputs[::-1])"),
        says=("sub(input(1), input(0)), from x - y", "gave -1, wanted 1")),
    wrong("recorder", "the function called outside of the recorder", "test-recorder",
        ("    with Recorder():\n        out = function(*inputs)\n", "    out = function(*inputs)\n"),
        says=("record of x - y failed",)),
    wrong("recorder", "inputs without shapes", "test-recorder", ('"input", i, shape=shape)', '"input", i)'),
        says=("record of x - y failed: the result has shape ()",)),
    wrong("recorder", "all inputs have one number", "test-recorder", ('"input", i, shape', '"input", 0, shape'),
        says=("sub(input(0), input(0)), from x - y", "gave 0, wanted 1")),
    wrong("recorder", "a pool for each input", "test-recorder", ("symbol(pool, ", "symbol({}, "),
        says=("record of x - y: one pool for all",)),
    wrong("recorder", "inputs counted from 1", "test-recorder", ('"input", i, shape', '"input", i + 1, shape'),
        says=("record of x - y failed: tuple index out of range",)),
    wrong("recorder", "execute", "test-recorder",
        ("return super().forward(primitive, inputs, options)",
         "return Tensor(primitive.forward(*[x.data for x in inputs], **options))"),
        says=("what an interceptor outside sees of 2 * 3 and a sum gave [],",
              "super().forward does them at once")),
    wrong("recorder", "options dropped at once", "test-recorder",
        ("super().forward(primitive, inputs, options)",
         "super().forward(primitive, inputs, {})"),
        says=("a sum over axis 1 while recording gave 15.0, wanted [3.0, 12",
              "which operations are recorded, with which inputs, and which")),
    wrong("recorder", "recorder left on", "test-recorder",
        ("    with Recorder():\n        out = function(*inputs)\n",
         "    recorder = Recorder()\n    recorder.__enter__()\n    out = function(*inputs)\n"
         "    recorder.__exit__(None, None, None)\n"),
        says=("the interceptors that are on after a function raised ZeroDiv",
              "use `with`")),
    wrong("recorder", "recorder left on after KeyboardInterrupt", "test-recorder",
        ("    with Recorder():\n        out = function(*inputs)\n",
         "    recorder = Recorder()\n    recorder.__enter__()\n    try:\n        out = function(*inputs)\n"
         "    except Exception:\n        recorder.__exit__(None, None, None)\n        raise\n"
         "    recorder.__exit__(None, None, None)\n"),
        says=("the interceptors that are on after a function raised Keyboar",
              "use `with`")),
    wrong("recorder", "function called twice", "test-recorder",
        ("        out = function(*inputs)\n",
         "        function(*inputs)\n        out = function(*inputs)\n"),
        says=("how often record called its function gave 2, wanted 1: the s",
              "the symbols tell all")),
    wrong("recorder", "the first or the second input", "test-recorder",
        ("if not any(isinstance(x, Symbol) for x in inputs):",
         "if not any(isinstance(x, Symbol) for x in inputs[:2]):"),
        says=("record of where(Tensor(0.0) > 1, 0.0, x) + y failed: the fun",
              "which operations are recorded, with which inputs, and which")),
    right("recorder", "by kinds", (
            "if not any(isinstance(x, Symbol) for x in inputs)",
            "if [x for x in inputs if isinstance(x, Symbol)] == []")),

    wrong("expression-gradients", "the last share only", "test-expression-gradients",
        ("collected[a] + share if a in collected else share", "share"),
        says=("wanted 1.5", "each use of a part adds its share")),
    wrong("expression-gradients", "the first share only", "test-expression-gradients",
        ("collected[a] + share if a in collected else share", "collected.get(a, share)"),
        says=("wanted", "each use of a part adds its share")),
    wrong("expression-gradients", "every part gets the gradient of the end", "test-expression-gradients",
        ("RULES[s.op][i](collected[s], ", "RULES[s.op][i](g, "), says=("the gradients of x * (y * y)",)),
    wrong("expression-gradients", "the first rule for every argument", "test-expression-gradients",
        ("RULES[s.op][i]", "RULES[s.op][0]"), says=("the gradients of x * y + x",)),
    wrong("expression-gradients", "shares multiplied", "test-expression-gradients",
        ("collected[a] + share", "collected[a] * share"), says=("each use of a part adds its share",)),
    wrong("expression-gradients", "nothing for an input that is not reached", "test-expression-gradients",
        ("collected.get(s, zero)", "collected[s]"),
        says=("failed: nothing is kept under input(1)", "is something collected")),
    wrong("expression-gradients", "from the inputs to the end", "test-expression-gradients",
        ("in reversed(parts)", "in parts"), says=("the gradients of x * y + x",)),
    wrong("expression-gradients", "parts for a condition only", "test-expression-gradients",
        ("if s in leads and s in collected and", "if s in leads and"),
        says=("where(x * y > 1, x, y)", "failed: nothing is kept under mul(input(0), input(1))", "for which parts")),
    wrong("expression-gradients", "without leads", "test-expression-gradients",
        ("                if a in leads:\n", "                if isinstance(a, Symbol):\n"),
        ("if s in leads and s in collected", "if s in collected and s.args"),
        says=("failed: None is not callable", "which lead to an input?")),
    wrong("expression-gradients", "the output made again", "test-expression-gradients",
        ("(collected[s], s, *s.args)", "(collected[s], Symbol(s.pool, s.op, s.args, s.shape), *s.args)"),
        says=("with respect to x alone computes tanh gave 0, wanted 1", "hand s itself")),
    wrong("expression-gradients", "a plain 0 for an input that is not reached", "test-expression-gradients",
        ("collected.get(s, zero)", "collected.get(s, 0.0)"), says=("failed: 'float' object has no", "is something")),
    wrong("expression-gradients", "gradients of all inputs", "test-expression-gradients",
        ("for s in inputs]", "for s in parts if s.op == 'input']"),
        says=("with respect to x alone failed: too many values to unpack",)),
    wrong("expression-gradients", "index of the argument", "test-expression-gradients",
        ("            for i, a in enumerate(s.args):\n                if a in leads:\n",
         "            for a in s.args:\n                i = s.args.index(a)\n"
         "                if a in leads:\n"),
        says=("the gradients of x * y + x at x = 3, y = 2, with 0.5 coming",
              "for which parts is something collected, and which lead to an")),
    right("expression-gradients", "zero to begin with", solution="""
    totals = {out: g}
    for s in parts[::-1]:
        if s.op == "input" or s not in leads or s not in totals:
            continue
        for rule, a in zip(RULES[s.op], s.args):
            if a in leads:
                more = rule(totals[s], s, *s.args)
                totals[a] = emit("add", totals.get(a, zero), more)
    return [totals.get(s, zero) for s in inputs]
    """),

    wrong("place-of", "no place is none", "test-place-of",
        ('return "column" if rows == whole[:split] and math.prod(columns) == 1 else None', 'return "column"'),
        says=("gave 'column', wanted None", "each alone")),
    wrong("place-of", "rows and columns exchanged", "test-place-of", ('return "row"', 'return "column"'),
        ('return "column" if', 'return "row" if'), says=("gave 'column', wanted 'row'", "each alone")),
    wrong("place-of", "a row that is not full", "test-place-of", (" and columns == whole[split:]", ""),
        says=("wanted None", "each alone")),
    wrong("place-of", "a column that is not full", "test-place-of", ("rows == whole[:split] and ", ""),
        says=("wanted None", "each alone")),
    wrong("place-of", "a column with many numbers in a row", "test-place-of",
        (" and math.prod(columns) == 1 else", " else"),
        says=("wanted None", "each alone")),
    wrong("place-of", "axes that are missing do not count", "test-place-of",
        ("rows, columns = padded[:split], padded[split:]", "rows, columns = shape[:split], shape[split:]"),
        says=("wanted 'row'", "each alone")),
    wrong("place-of", "one number is a row", "test-place-of", ('return "single"', 'return "row"'),
        says=("gave 'row', wanted 'single'", "each alone")),
    wrong("place-of", "one number before the whole", "test-place-of", (
            '    if padded == whole:\n        return "whole"\n'
            '    if math.prod(padded) == 1:\n        return "single"\n',
            '    if math.prod(padded) == 1:\n        return "single"\n    if math.prod(rows) == 1 and columns == '
            'whole[split:]:\n        return "row"\n    if padded == whole:\n        return "whole"\n'),
        says=("wanted 'whole'",)),
    wrong("place-of", "the visible answers typed in", "test-place-of", solution="""
    return {
        ((2, 3, 4), 1): "whole", ((3, 4), 1): "row", ((1, 3, 4), 1): "row", ((4,), 2): "row", ((2, 1, 1), 1): "column",
        ((2, 3, 1), 2): "column", ((1,), 1): "single", ((), 2): "single"}.get((shape, split))
    """, says=("place_of((5, 2), (5, 2), 1)", "wanted 'whole'")),
    wrong("place-of", "a single number first", "test-place-of",
        ("    if padded == whole:\n",
         "    if math.prod(padded) == 1:\n        return 'single'\n    if padded == whole:\n"),
        says=("gave 'single', wanted 'whole'",)),
    wrong("place-of", "zero sizes", "test-place-of",
        ("if math.prod(padded) == 1:",
         "if math.prod(padded) <= 1:"),
        says=("place_of((1, 0), (2, 0), 1) gave 'single', wanted 'row': row",
              "rows and columns, each alone")),
    wrong("place-of", "whole by size", "test-place-of",
        ("if padded == whole:",
         "if math.prod(padded) == math.prod(whole):"),
        says=("place_of((1, 0), (2, 0), 1) gave 'whole', wanted 'row': rows",
              "rows and columns, each alone")),
    wrong("place-of", "row by size", "test-place-of",
        ("columns == whole[split:]:",
         "math.prod(columns) == math.prod(whole[split:]):"),
        says=("place_of((1, 1, 0), (3, 2, 0), 1) gave 'row', wanted None: r",
              "rows and columns, each alone")),
    wrong("place-of", "column by size", "test-place-of",
        ("rows == whole[:split] and",
         "math.prod(rows) == math.prod(whole[:split]) and"),
        says=("place_of((1, 0, 1), (2, 0, 3), 2) gave 'column', wanted None",
              "rows and columns, each alone")),
    right("place-of", "asked from the other end", solution="""
    row, column = padded[:split], padded[split:]
    if padded == whole:
        return "whole"
    one_row, one_column = set(row) <= {1}, set(column) <= {1}
    if one_row and one_column:
        return "single"
    if one_row and column == whole[split:]:
        return "row"
    if one_column and row == whole[:split]:
        return "column"
    """),

    wrong("kernel-source", "each part where it is used", "test-kernel-source", solution="""
    def text(s):
        return "(" + code_of(s, {a: text(a) for a in s.args if isinstance(a, Symbol)}, reads, CODE) + ")"
    for i, (s, target, at) in enumerate(zip(results, targets, writes)):
        body.append(f"t{i} = {text(s)} * 1 + {text(s)} * 0")
        body.append(f"{at} += t{i}" if target == "sum" else f"{at} = store(t{i})")
    """, says=("lines in the loop of x + y", "each part once")),
    wrong("kernel-source", "a part for each result again", "test-kernel-source",
        ("    for s in in_order(*results):\n", "    for s in in_order(*results) + in_order(results[0]):\n"),
        says=("lines in the loop of x + y", "each part once")),
    wrong("kernel-source", "results before their parts", "test-kernel-source",
        ("for s in in_order(*results):", "for s in in_order(*results)[::-1]:"),
        says=("kernel_source of x + y failed: nothing is kept under add(", "needs its name before")),
    wrong("kernel-source", "nothing stored", "test-kernel-source",
        ('        body.append(f"{at} += {names[s]}" if target == "sum" else f"{at} = store({names[s]})")\n',
         '        body.append(f"{at} += {names[s]}" if target == "sum" else f"{names[s]} = store({names[s]})")\n'),
        says=("a result for which the target is 'whole' is not stored by store(...)",)),
    wrong("kernel-source", "whole results as they are", "test-kernel-source",
        ('f"{at} = store({names[s]})"', 'f"{at} = {names[s]}"'), says=("is not stored by store(...)",)),
    wrong("kernel-source", "sums of what was stored", "test-kernel-source",
        ('f"{at} += {names[s]}" if', 'f"{at} += store({names[s]})" if'),
        says=("what store(...) gave is added up, wanted the number itself",)),
    wrong("kernel-source", "sums stored", "test-kernel-source",
        ('f"{at} += {names[s]}" if target == "sum" else f"{at} = store({names[s]})"', 'f"{at} = store({names[s]})"'),
        says=("'sum' is stored, wanted its numbers added up by +=",)),
    wrong("kernel-source", "results added up", "test-kernel-source",
        ('f"{at} += {names[s]}" if target == "sum" else', 'f"{at} += 2 * {names[s]}" if target == "sum" else'),
        says=("x + y summed over rows", "a sum is added up by +=")),
    wrong("kernel-source", "one name for all", "test-kernel-source", ('f"t{len(names)}"', '"t"'),
        says=("parts in order, then results",)),
    wrong("kernel-source", "the first result in all places", "test-kernel-source",
        ("store({names[s]})", "store({names[results[0]]})"), says=("tanh of x + y", "parts in order, then results")),
    right("kernel-source", "names by number", solution="""
    parts = in_order(*results)
    names.update({s: f"value_{i}" for i, s in enumerate(parts)})
    body += [names[s] + " = " + code_of(s, names, reads, CODE) for s in parts]
    for number, s in enumerate(results):
        summed = targets[number] == "sum"
        body.append(writes[number] + (" += " + names[s] if summed else " = store(" + names[s] + ")"))
    """),

    wrong("make-kernel", "no gradients", "test-make-kernel", solution="""
    inputs, out = record(function, shapes if needs is None else shapes[:-1])
    results, targets, back = [out], ["whole"], [out.shape]
    """, says=("the gradients of", "for needs (False, True)")),
    wrong("make-kernel", "the gradient's shape counts as an input's", "test-make-kernel",
        ("shapes if needs is None else shapes[:-1]", "shapes"),
        says=("the gradients of", "takes 2 positional arguments but 3 were given", "what comes in")),
    wrong("make-kernel", "gradients of all inputs", "test-make-kernel",
        ("wanted = [i for i, need in enumerate(needs) if need]", "wanted = [*range(len(needs))]"),
        says=("for needs (False, True)", "one result for each input")),
    wrong("make-kernel", "the first inputs in place of the wanted", "test-make-kernel",
        ("[inputs[i] for i in wanted]", "inputs[:len(wanted)]"),
        says=("for needs (False, True)", "one result for each input")),
    wrong("make-kernel", "a row's gradient stored", "test-make-kernel",
        ('["sum" if places[i] == "row" else "whole" for i in wanted]', '["whole"] * len(wanted)'),
        says=("the targets of both gradients of x + y gave ['whole', 'whole']", "y is a row")),
    wrong("make-kernel", "every gradient a sum", "test-make-kernel",
        ('["sum" if places[i] == "row" else "whole" for i in wanted]', '["sum"] * len(wanted)'),
        says=("one result for each input",)),
    wrong("make-kernel", "not recorded", "test-make-kernel", ("        with Recorder():\n            g = symbol",
        "        if True:\n            g = symbol"), says=("one result for each input",)),
    wrong("make-kernel", "the gradient that comes in is the first input", "test-make-kernel",
        ('symbol(out.pool, "input", len(inputs))', 'symbol(out.pool, "input", 0)'),
        says=("one result for each input",)),
    wrong("make-kernel", "columns as sums", "test-make-kernel",
        ('"sum" if places[i] == "row" else',
         '"sum" if places[i] in ("row", "single") else'),
        says=("the targets of both gradients of x + y gave ['whole', 'sum']",
              "y is a single number")),
    right("make-kernel", "forward apart", solution="""
    if needs is None:
        inputs, out = record(function, shapes)
        results, targets, back = [out], ["whole"], [split and out.shape or out.shape]
    else:
        inputs, out = record(function, shapes[:-1])
        with Recorder():
            coming_in = symbol(out.pool, "input", len(shapes) - 1)
            slopes = expression_gradients(out, coming_in, inputs)
        results = [slope for slope, need in zip(slopes, needs) if need]
        targets = [{"row": "sum"}.get(place, "whole") for place, need in zip(places, needs) if need]
        back = [shape for shape, need in zip(shapes, needs) if need]
    """),

    wrong("fuse", "nothing kept", "test-fuse-keeps",
        ("return self._make(needs, arrays[0].dtype, shapes, *self._outside.keys())",
         "return make_kernel(self.function, needs, arrays[0].dtype, shapes)"),
        says=("a kernel was made anew", "self._make")),
    wrong("fuse", "one for all types", "test-fuse-keeps", ("arrays[0].dtype", "np.dtype(np.float32)"),
        says=("for another type another kernel is needed",)),
    wrong("fuse", "one for all shapes", "test-fuse-keeps", ("array.shape for array", "array.shape and (3,) for array"),
        says=("for another shape another kernel is needed",)),
    wrong("fuse", "one for values and gradients", "test-fuse-keeps", ("self._make(needs, ", "self._make(None, "),
        says=("kernel for gradients failed", "hand needs")),
    wrong("fuse", "what is outside is not looked at", "test-fuse-keeps", (", *self._outside.keys())", ")"),
        says=("for 1, 1.5 and 5.0, gave [(3.0, 'float16'), (3.0, 'float16')]", "what is outside may change")),
    wrong("fuse", "not part of another", "test-fuse-keeps", (
            "        if Symbol in map(type, inputs):\n"
            "            return self.function(*inputs)\n", ""),
        says=("for 1, 1.5 and 2.0, failed: fused cannot be part of a kernel", "symbols to function")),
    wrong("fuse", "never through apply", "test-fuse-keeps", (
            "return apply(FUSED, *of_one_type(inputs), program=self)", "return self.function(*of_one_type(inputs))"),
        says=("the operations of the two", "wanted ['fused', 'fused']")),
    wrong("fuse", "types as they come", "test-fuse-keeps", (
            "*of_one_type(inputs)", "*[x if isinstance(x, Tensor) else Tensor(x) for x in inputs]"),
        says=("for 1, 1.5 and 2.0, cannot be compiled", "tensors of a type to apply")),
    wrong("fuse", "only the first argument may be a symbol", "test-fuse-keeps",
        ("if Symbol in map(type, inputs):", "if isinstance(inputs[0], Symbol):"),
        says=("fused cannot be part of a kernel", "symbols to function")),
    wrong("fuse", "keys in a list", "test-fuse-keeps", ("*self._outside.keys()", "self._outside.keys()"),
        says=("a kernel failed: unhashable type: 'list'", "hand needs, type, shapes, keys to self._make")),
    wrong("fuse", "falls back silently", "test-fuse-keeps",
        ("        return apply(FUSED, *of_one_type(inputs), program=self)",
         "        try:\n            return apply(FUSED, *of_one_type(inputs), program=self)\n"
         "        except FusionError:\n            return self.function(*inputs)"),
        says=("fuse of x.sum() was accepted and gave Tensor(10., dtype=floa",
              "what cannot be fused is an error, not a slow way round")),
    wrong("fuse", "falls back for non-contiguous", "test-fuse-keeps",
        ("        return apply(FUSED, *of_one_type(inputs), program=self)",
         "        if any(isinstance(x, Tensor) and not x.data.flags.c_contiguous for x in inputs):\n"
         "            return self.function(*inputs)\n"
         "        return apply(FUSED, *of_one_type(inputs), program=self)"),
        says=("the last operation of a fused 2 x + 1 of an array in columns",
              "symbols to function, tensors of a type to apply")),
    wrong("fuse", "falls back for halves", "test-fuse-keeps",
        ("        return apply(FUSED, *of_one_type(inputs), program=self)",
         "        if any(isinstance(x, Tensor) and x.dtype.name == 'bfloat16' for x in inputs):\n"
         "            return self.function(*inputs)\n"
         "        return apply(FUSED, *of_one_type(inputs), program=self)"),
        says=("the last operation of a fused 2 x + 1 of bfloat16 gave ['add",
              "symbols to function, tensors of a type to apply")),
    wrong("fuse", "falls back for one number", "test-fuse-keeps",
        ("        return apply(FUSED, *of_one_type(inputs), program=self)",
         "        if all(isinstance(x, Tensor) and x.ndim == 0 for x in inputs):\n"
         "            return self.function(*inputs)\n"
         "        return apply(FUSED, *of_one_type(inputs), program=self)"),
        says=("the last operation of a fused 2 x + 1 of one number gave ['a",
              "symbols to function, tensors of a type to apply")),
    wrong("fuse", "detaches", "test-fuse-keeps",
        ("*of_one_type(inputs), program",
         "*[x.detach() if x.dtype.itemsize == 2 else x for x in of_one_type(inputs)], program"),
        says=("the backward pass of a fused function failed: backward() on",
              "apply FUSED")),
    wrong("fuse", "execute", "test-fuse-keeps",
        ("return apply(FUSED, *of_one_type(inputs), program=self)",
         "from tinytorch.core.tensor import execute\n"
         "        return execute(FUSED, tuple(of_one_type(inputs)), {'program': self})"),
        says=("the operations of the two gave [], wanted ['fused', 'fused']",
              "symbols to function, tensors of a type to apply")),
    right("fuse", "asked one by one", (
            "if Symbol in map(type, inputs):", "if any(isinstance(x, Symbol) for x in inputs):")),

    wrong("question-compilation", "each use counted", "test-question-compilation", ("lines = 6", "lines = 9"),
        says=("lines gave 9, wanted", "inputs, constants, operations")),
    wrong("question-compilation", "operations only", "test-question-compilation", ("lines = 6", "lines = 3"),
        says=("lines gave 3, wanted",)),
    wrong("question-compilation", "two whole arrays", "test-question-compilation",
        ("64 * 32 * 100 + 32 * 100", "2 * 64 * 32 * 100"), says=("numbers_read", "each number of an input once")),
    wrong("question-compilation", "a row for each row", "test-question-compilation",
        ("64 * 32 * 100 + 32 * 100", "64 * 32 * 100 + 100"), says=("numbers_read",)),
]
