"""The bank for lesson 18: acceleration."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

ALL = ("test-mixed-precision", "test-mixed-precision-run")
AUTOCAST = "        with autocast(self.dtype), np.errstate(all=\"ignore\"):\n"
FORWARD = f"{AUTOCAST}            loss = self._compute_loss(self.model(inputs), targets)\n"
CHECKS = """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"2D+ tensors are needed, got {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shape mismatch: {a.shape} @ {b.shape}")
"""

# fmt: off
CASES: list[Case] = [
    wrong("vectorized-matmul", "three loops", "test-vectorized-matmul", solution=CHECKS + """
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(a.data, (*lead, *a.shape[-2:]))
    right = np.broadcast_to(b.data, (*lead, *b.shape[-2:]))
    out = np.zeros((*lead, a.shape[-2], b.shape[-1]), dtype=a.dtype)
    for index in np.ndindex(out.shape):
        *batch, i, j = index
        for k in range(a.shape[-1]):
            out[index] += left[(*batch, i, k)] * right[(*batch, k, j)]
    return Tensor(out)
""", says=("without a gradient", "stay with Tensor operations")),
    wrong("vectorized-matmul", "a product for each example", "test-vectorized-matmul",
        ("if a.ndim == 2 or b.ndim > 2:", "if True:"),
        says=("the products of (8, 4, 3) @ (3, 2)", "wanted [((32, 3), (3, 2))]", "one will do")),
    wrong("vectorized-matmul", "accepts one axis", "test-vectorized-matmul",
        ("if a.ndim < 2 or b.ndim < 2:", "if not a.ndim or not b.ndim:"),
        says=("(3,) @ (3, 2)", "wanted a ValueError that says '2D+'")),
    wrong("vectorized-matmul", "accepts one axis on the right", "test-vectorized-matmul",
        ("if a.ndim < 2 or b.ndim < 2:", "if a.ndim < 2:"),
        says=("(2, 3) @ (3,)", "look at the shapes before you use them")),
    wrong("vectorized-matmul", "the batch is not put back", "test-vectorized-matmul",
        (".reshape(*a.shape[:-1], b.shape[-1])", ""), says=("gave shape (10, 4), wanted (5, 2, 4)",)),
    wrong("vectorized-matmul", "the first example for all", "test-vectorized-matmul", solution=CHECKS + """
    while a.ndim > 2:
        a = a[0]
    while b.ndim > 2:
        b = b[0]
    return a @ b
    """, says=("gave shape (2, 4), wanted (5, 2, 4)",)),
    wrong("vectorized-matmul", "a result without a graph", "test-vectorized-matmul", solution=CHECKS + """
    return Tensor(np.matmul(a.data, b.data))
""", says=("without a gradient", "stay with Tensor operations")),
    wrong("vectorized-matmul", "no gradient to the left side", "test-vectorized-matmul", (
            "        return apply(VECTORIZED_MATMUL, a, b)",
            "        return apply(VECTORIZED_MATMUL, Tensor(a.data), b)",
        ), says=("gave the left side no gradient", "stay with Tensor operations")),
    wrong("vectorized-matmul", "no gradient to the left side of a batch", "test-vectorized-matmul",
        ("rows = a.reshape(", "rows = Tensor(a.data).reshape("),
        says=("(5, 2, 3) @ (3, 4) gave the left side no gradient",)),
    wrong("vectorized-matmul", "NumPy's words for shapes that do not fit", "test-vectorized-matmul",
        solution="""return as_tensor(np.matmul(as_tensor(a).data, as_tensor(b).data))""",
        says=("without a gradient", "stay with Tensor operations")),
    wrong("vectorized-matmul", "a message without the shapes", "test-vectorized-matmul", (
            'f"{what}: vectorized_matmul needs 2D+ tensors: add an axis with reshape()"',
            '"vectorized_matmul needs 2D+ tensors"',
        ), says=("(3,) @ (3, 2)", "and name them")),
    wrong("vectorized-matmul", "types are left to NumPy", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n", ""), says=("float32 @ int64 is float64, wanted float32", "types follow @")),
    wrong("vectorized-matmul", "all in float32", "test-vectorized-matmul",
        ("a, b = operands(a, b)", 'a, b = a.astype("float32"), b.astype("float32")'),
        says=("(2, 3) @ (3, 4) is float32, wanted float64", "the type stays")),
    wrong("vectorized-matmul", "16 bits are widened", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n", '    a, b = operands(a, b)\n    if a.dtype.itemsize == 2:\n'
         '        a, b = a.astype("float32"), b.astype("float32")\n'),
        says=("int64 @ float16 is float32, wanted float16", "types follow @")),
    wrong("vectorized-matmul", "put back to another shape", "test-vectorized-matmul",
        (".reshape(*a.shape[:-1], b.shape[-1])", ".reshape(*a.shape[:-1], b.shape[0])"),
        says=("(5, 2, 3) @ (3, 4) failed: cannot reshape",)),
    wrong("vectorized-matmul", "b in a's type", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n",
         "    b = b.astype(a.dtype)\n"),
        says=("float32 @ float64 is float32, wanted float64: types follow @",
              "types follow @")),
    wrong("vectorized-matmul", "the wider type outside the door", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n",
         "    if a.dtype != b.dtype:\n"
         "        k = np.result_type(a.dtype, b.dtype) if 'int64' not in (a.dtype, b.dtype) el"
         "se np.dtype('float32')\n"
         "        a, b = (t if t.dtype == k else Tensor(t.data.astype(k)) for t in (a, b))\n"),
        says=("float32 @ float64 gave the left side no gradient: is its con",
              "is its conversion a Tensor operation?")),
    wrong("vectorized-matmul", "empty batch refused", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n",
         "    a, b = operands(a, b)\n    if not a.size or not b.size:\n"
         "        raise ValueError('shape mismatch')\n"),
        says=("(0, 2, 3) @ (3, 4) failed: shape mismatch: rows times column",
              "rows times columns")),
    wrong("vectorized-matmul", "half beside float32 stays half", "test-vectorized-matmul",
        ("    a, b = operands(a, b)\n",
         "    if a.dtype.itemsize == 2 and b.dtype == np.float32:\n        b = b.astype(a.dtype)\n"
         "    a, b = operands(a, b)\n"),
        says=("float16 @ float32 is float16, wanted float32: types follow @",
              "types follow @")),
    wrong("vectorized-matmul", "execute where nothing is collapsed", "test-vectorized-matmul",
        ("        return apply(VECTORIZED_MATMUL, a, b)",
         "        from tinytorch.core.tensor import execute\n"
         "        return execute(VECTORIZED_MATMUL, (a, b), {})"),
        says=("the products of (4, 3) @ (3, 5) gave [], wanted [((4, 3), (3",
              "one will do")),
    wrong("vectorized-matmul", "a vector allowed on the left in a batch", "test-vectorized-matmul",
        ("if a.ndim < 2 or b.ndim < 2:",
         "if b.ndim < 2 or (a.ndim < 2 and b.ndim == 2):"),
        says=("(3,) @ (5, 3, 4) was accepted and gave Tensor([[0., 0., 0.,",
              "look at the shapes before you use them, and name them")),
    wrong("vectorized-matmul", "collapses b's batch of one", "test-vectorized-matmul",
        ("    if a.ndim == 2 or b.ndim > 2:",
         "    if b.ndim > 2 and b.shape[0] == 1:\n        b = b[0]\n    if a.ndim == 2 or b.ndim > 2:"),
        says=("(2, 3) @ (1, 3, 4) gave shape (2, 4), wanted (1, 2, 4): rows",
              "rows times columns")),
    wrong("vectorized-matmul", "the inner dimensions compared the wrong way", "test-vectorized-matmul",
        ("a.shape[-1] != b.shape[-2]",
         "a.shape[-1] != b.shape[-2] and a.shape[-1] != 1"),
        says=("(4, 1) @ (3, 2) raised ValueError: shapes (4,1) and (3,2) no",
              "look at the shapes before you use them, and name them")),
    right("vectorized-matmul", "a length of -1",
        ("a.reshape(math.prod(a.shape[:-1]), a.shape[-1])", "a.reshape(-1, a.shape[-1])")),
    right("vectorized-matmul", "by lesson 01's product", solution="""
    a, b = as_tensor(a), as_tensor(b)
    if min(a.ndim, b.ndim) < 2:
        raise ValueError(f"an operand is not 2D+: {a.shape} @ {b.shape}")
    if b.ndim == 2 and a.shape[-1] == b.shape[0]:
        return (a.reshape(-1, a.shape[-1]) @ b).reshape((*a.shape[:-1], b.shape[-1]))
    return a @ b
    """),
    wrong("unfused-gelu", "the exact form", ("test-unfused-gelu", "test-fusion-speedup"),
        solution="""return GELU()(as_tensor(x))""",
        says=("unfused_gelu of float32 numbers gave", "go through the tanh form step by step")),
    wrong("unfused-gelu", "a square for the cube", ("test-unfused-gelu", "test-fusion-speedup"),
        ("cubed = x * x * x", "cubed = x * x"), says=("go through the tanh form step by step",)),
    wrong("unfused-gelu", "without the half", "test-unfused-gelu",
        ("return 0.5 * (x * (1 + squashed))", "return x * (1 + squashed)"),
        says=("go through the tanh form step by step",)),
    wrong("unfused-gelu", "pi over two", "test-unfused-gelu", ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)"),
        says=("go through the tanh form step by step",)),
    wrong("unfused-gelu", "one minus tanh", "test-unfused-gelu", ("1 + squashed", "1 - squashed"),
        says=("go through the tanh form step by step",)),
    wrong("unfused-gelu", "NumPy's arrays, and no graph", "test-unfused-gelu", solution="""
    d = as_tensor(x).data
    return Tensor(0.5 * d * (1 + np.tanh(math.sqrt(2 / math.pi) * (d + 0.044715 * d**3))), dtype=d.dtype)
    """, says=("without a gradient", "stay with Tensor operations")),
    wrong("unfused-gelu", "NumPy's constants make float64", "test-unfused-gelu",
        ("math.sqrt(2 / math.pi) * inner", "Tensor(np.full(1, 2 / np.pi)).sqrt() * inner"),
        says=("is float64, wanted float32", "the type stays")),
    wrong("unfused-gelu", "widens bfloat16", "test-unfused-gelu",
        ("    x = as_tensor(x)\n",
         "    x = as_tensor(x)\n    x = x.astype('float32') if x.dtype.name == 'bfloat16' else x\n"),
        says=("unfused_gelu of bfloat16 numbers is float32, wanted bfloat16",
              "the type stays")),
    wrong("unfused-gelu", "at least one axis", "test-unfused-gelu",
        ("    x = as_tensor(x)\n",
         "    x = as_tensor(x)\n    x = x if x.ndim else x.reshape(1)\n"),
        says=("unfused_gelu of float64 numbers gave shape (1,), wanted ():",
              "any shape")),
    right("unfused-gelu", "a constant of NumPy's as a tensor without axes",
        ("math.sqrt(2 / math.pi) * inner", "Tensor(np.sqrt(2 / np.pi)) * inner")),
    wrong("unfused-gelu", "lesson 02's tanh form", ("test-unfused-gelu", "test-fusion-speedup"),
        solution="""return GELU("tanh")(as_tensor(x))""",
        says=("unfused_gelu ran ['gelu']", "an operation for each step")),
    wrong("unfused-gelu", "the sigmoid's approximation", "test-unfused-gelu", solution="""
    x = as_tensor(x)
    return x / (1 + (-1.702 * x).exp()) * 1 * 1 * 1
    """, says=("go through the tanh form step by step",)),
    wrong("unfused-gelu", "no gradient through the tanh", "test-unfused-gelu",
        ("squashed = (math.sqrt(2 / math.pi) * inner).tanh()",
         "squashed = Tensor((math.sqrt(2 / math.pi) * inner).tanh().data, dtype=x.dtype)"),
        says=("the gradient of 3 unfused_gelu", "go back through every step")),
    right("unfused-gelu", "the cube as a power", ("cubed = x * x * x", "cubed = x**3"),
        checks=("test-unfused-gelu", "test-fusion-speedup")),
    right("unfused-gelu", "in one expression", solution="""
    x = as_tensor(x)
    return x * (1 + ((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)).tanh()) * 0.5
    """),
    wrong("fused-gelu", "the backward loop forward", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[0], x)", "return one_pass(gelu_loops(x.dtype)[1], x, x)"),
        says=("fused_gelu of float16 numbers gave", "the forward loop, for this type?")),
    wrong("fused-gelu", "the loop of float32 for all", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[0], x)",
         "return one_pass(gelu_loops(np.dtype(np.float32))[0], x.astype(np.float32)).astype(x.dtype)"),
        says=("fused_gelu of float64 numbers gave", "the forward loop, for this type?")),
    wrong("fused-gelu", "the slope alone", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)",
         "return one_pass(gelu_loops(x.dtype)[1], np.ones_like(g), x)"),
        says=("the gradient of 3 fused_gelu", "go back through every step")),
    wrong("fused-gelu", "gradient and input exchanged", "test-fused-gelu", (", g, x)", ", x, g)"),
        says=("the gradient of 3 fused_gelu", "go back through every step")),
    wrong("fused-gelu", "what comes in goes on", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)", "return g"),
        says=("the gradient of 3 fused_gelu", "go back through every step")),
    wrong("fused-gelu", "in place", "test-fused-gelu", ("return one_pass(gelu_loops(x.dtype)[0], x)",
            "x[...] = one_pass(gelu_loops(x.dtype)[0], x)\n    return x"),
        says=("the input of fused_gelu", "write to a new array")),
    wrong("fused-gelu", "the exact form", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))", "return GELU()(floating(x))"),
        says=("the operations that ran for float16 gave ['gelu']", "wanted ['fused_gelu']")),
    wrong("fused-gelu", "float64 out", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))", 'return apply(_FUSED_GELU, as_tensor(x).astype("float64"))'),
        says=("is float64, wanted float16", "the type stays")),
    wrong("fused-gelu", "16-bit types are widened", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))",
         'return apply(_FUSED_GELU, x.astype("float32") if x.dtype.itemsize == 2 else floating(x))'),
        says=("is float32, wanted float16", "the type stays")),
    wrong("fused-gelu", "whole numbers as they are", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))", "return apply(_FUSED_GELU, as_tensor(x))"),
        says=("fused_gelu of whole numbers [-1, 2", "make them floating")),
    wrong("fused-gelu", "a result without a graph", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))", "return Tensor(_gelu_forward(floating(x).data))"),
        says=("without a gradient", "stay with Tensor operations")),
    wrong("fused-gelu", "one long row", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))", "return apply(_FUSED_GELU, floating(x).reshape(-1))"),
        says=("the operations that ran for float16 gave ['reshape', 'fused_gelu']",)),
    wrong("fused-gelu", "the unfused function", ("test-fused-gelu", "test-fusion-speedup"),
        ("return apply(_FUSED_GELU, floating(x))", "return unfused_gelu(x)"),
        says=("wanted ['fused_gelu']", "one pass")),
    wrong("fused-gelu", "a second pass", ("test-fused-gelu", "test-fusion-speedup"),
        ("return apply(_FUSED_GELU, floating(x))", "return apply(_FUSED_GELU, floating(x)) * 1"),
        says=("gave ['fused_gelu', 'mul'], wanted ['fused_gelu']",)),
    wrong("fused-gelu", "a temporary array", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[0], x)", "return one_pass(gelu_loops(x.dtype)[0], x + 0)"),
        says=("held 2.0 x", "wanted the fused form to hold 1 x")),
    wrong("fused-gelu", "a gradient of another type", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)",
         "return one_pass(gelu_loops(x.dtype)[1], g.astype(np.float32), x.astype(np.float32))"),
        says=("the backward pass of fused_gelu of float16 numbers cannot be compiled",)),
    wrong("fused-gelu", "the slope by NumPy", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)",
         "leaf = Tensor(x, requires_grad=True)\n    unfused_gelu(leaf).backward(Tensor(g))\n    return leaf.grad.data"),
        says=("_gelu_backward of float32 held", "one pass, into one new array")),
    wrong("fused-gelu", "the gradient written over", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)",
         "np.copyto(g, one_pass(gelu_loops(x.dtype)[1], g, x))\n    return g"),
        says=("_gelu_backward of float32 changed g", "one pass, into one new array")),
    wrong("fused-gelu", "numpy for all but float32 forward", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[0], x)",
         "if x.dtype != np.float32:\n        w = np.clip(x.astype(np.float64), -30, 30)\n"
         "        return (w / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (w + 0.044715 * w**3))"
         ")).astype(x.dtype)\n    return one_pass(gelu_loops(x.dtype)[0], x)"),
        says=("_gelu_forward of float64 held 4.0 x its input in new arrays,",
              "one pass, into one new array")),
    wrong("fused-gelu", "widens halves and narrows forward", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[0], x)",
         "if x.dtype.itemsize == 2:\n"
         "        return one_pass(gelu_loops(np.dtype('float32'))[0], x.astype(np.float32)).as"
         "type(x.dtype)\n    return one_pass(gelu_loops(x.dtype)[0], x)"),
        says=("_gelu_forward of float16 held 4.0 x its input in new arrays,",
              "one pass, into one new array")),
    wrong("fused-gelu", "widens halves and narrows backward", "test-fusion-speedup",
        ("return one_pass(gelu_loops(x.dtype)[1], g, x)",
         "if x.dtype.itemsize == 2:\n"
         "        return one_pass(gelu_loops(np.dtype('float32'))[1], g.astype(np.float32), x."
         "astype(np.float32)).astype(x.dtype)\n    return one_pass(gelu_loops(x.dtype)[1], g, x)"),
        says=("_gelu_backward of float16 held 6.0 x its input in new arrays",
              "one pass, into one new array")),
    wrong("fused-gelu", "nan swallowed", "test-fused-gelu",
        ("return one_pass(gelu_loops(x.dtype)[0], x)",
         "out = one_pass(gelu_loops(x.dtype)[0], x)\n    out[np.isnan(out)] = 0\n    return out"),
        says=("fused_gelu far out gave 0, wanted nan at [6]: your kernel?",
              "your kernel?")),
    wrong("fused-gelu", "floating outside for non contiguous: unfused", "test-fused-gelu",
        ("return apply(_FUSED_GELU, floating(x))",
         "x = floating(x)\n"
         "    return apply(_FUSED_GELU, x) if x.data.flags.c_contiguous else unfused_gelu(x)"),
        says=("the operations that ran for float16 gave ['mul', 'mul', 'mul",
              "one pass")),
    right("fused-gelu", "the loops by name", ("return one_pass(gelu_loops(x.dtype)[0], x)",
        "forward, _ = gelu_loops(x.dtype)\n    return one_pass(forward, x)")),
    wrong("loss-scaling", "detaches the loss", ("test-loss-scaling", *ALL),
        ("return self.scaler.scale(loss)", "return Tensor(loss.data * self.loss_scale)"),
        says=("the scaled loss has no graph", "multiply the Tensor, not its data")),
    wrong("loss-scaling", "the loss as it is", ("test-loss-scaling", *ALL),
        ("return self.scaler.scale(loss)", "return loss"), says=("gave 0.001, wanted 1.024",)),
    wrong("loss-scaling", "scales in half precision", "test-loss-scaling",
        ("return self.scaler.scale(loss)", "return loss * self.loss_scale"),
        says=("scale_loss of a float16 loss of 300.0 at a scale of 1024 gave inf", "in float32 at least")),
    wrong("loss-scaling", "divides the loss", ("test-loss-scaling", *ALL),
        ("return self.scaler.scale(loss)", "return loss / self.loss_scale"), says=("wanted 1.024", "multiply it")),
    wrong("loss-scaling", "forgets to unscale", ("test-loss-scaling", *ALL),
        ("unscale(gradients, self.loss_scale)", "unscale(gradients, 1.0)"),
        says=("a gradient of twice the scale, unscaled, gave 2048, wanted 2", "divide by the scale")),
    wrong("loss-scaling", "a scale of one's own", ALL[1:],
        ("unscale(gradients, self.loss_scale)", "unscale(gradients, 1024.0)"),
        says=("a step of 0.01 times the gradient of loss_fn",)),
    wrong("loss-scaling", "every loss in float32", "test-loss-scaling",
        ("return self.scaler.scale(loss)", 'return loss.astype("float32") * self.loss_scale'),
        says=("is float32, wanted float64", "in float32 at least")),
    wrong("loss-scaling", "looks before the division", "test-loss-scaling",
        ("        self.overflow_detected = unscale(gradients, self.loss_scale)\n",
         "        self.overflow_detected = not all(np.isfinite(g.data).all() for g in gradients)\n"
         "        unscale(gradients, self.loss_scale)\n"),
        says=("at a scale of 0.25, and overflow_detected gave (True, False), wanted (False, True)", "divided")),
    wrong("loss-scaling", "gradients taken for truths", "test-loss-scaling",
        ("if p.grad is not None", "if p.grad"), says=("unscale_gradients", "is neither true nor false")),
    wrong("loss-scaling", "the scaler's own update", "test-loss-scaling",
        ("self.scaler.adapt(self.overflow_detected)", "self.scaler.update()"),
        says=("update_loss_scale failed: update() before any unscale_()", "adapts to overflow_detected")),
    wrong("loss-scaling", "stops at the first parameter", ("test-loss-scaling", "test-mixed-precision"),
        ("unscale(gradients, self.loss_scale)", "unscale(gradients[:1], self.loss_scale)"),
        says=("the last gradient, unscaled, gave 1024, wanted 1", "divide all of them")),
    wrong("loss-scaling", "an overflow that is never forgotten", ("test-loss-scaling", "test-mixed-precision"),
        ("unscale(gradients, self.loss_scale)", "unscale(gradients, self.loss_scale) or self.overflow_detected"),
        says=("wanted (True, False)", "each time anew")),
    wrong("loss-scaling", "good news for bad", ("test-loss-scaling", *ALL),
        ("return not self.overflow_detected", "return self.overflow_detected"),
        says=("gave (False, False), wanted (True, False)", "look at all, divided")),
    wrong("loss-scaling", "does not remember", ("test-loss-scaling", "test-mixed-precision"), (
            "        self.overflow_detected = unscale(gradients, self.loss_scale)\n"
            "        return not self.overflow_detected\n",
            "        return not unscale(gradients, self.loss_scale)\n",
        ), says=("gave (False, False), wanted (False, True)",)),
    wrong("loss-scaling", "parameters without a gradient", "test-loss-scaling",
        ("[p.grad for p in parameters if p.grad is not None]",
         "[p if p.grad is None else p.grad for p in parameters]"),
        says=("a parameter without a gradient gave", "leave it alone")),
    wrong("loss-scaling", "keeps its count after an overflow", ("test-loss-scaling", *ALL[1:]), (
            "        self.scaler.adapt(self.overflow_detected)\n",
            ("        count = self.steps_since_last_scale_update\n        "
             "self.scaler.adapt(self.overflow_detected)\n        if self.overflow_detected:\n            "
             "self.steps_since_last_scale_update = count\n"),
        ), says=("wanted (8.0, 0)", "it falls at once, and grows after 2000 good steps")),
    wrong("loss-scaling", "grows every step", ("test-loss-scaling", *ALL[1:]),
        ("self.scaler.adapt(self.overflow_detected)", "self.loss_scale *= 0.5 if self.overflow_detected else 2.0"),
        says=("wanted (8.0, 0)", "it falls at once, and grows after 2000 good steps")),
    wrong("loss-scaling", "adapts the other way round", ("test-loss-scaling", *ALL),
        ("self.scaler.adapt(self.overflow_detected)", "self.scaler.adapt(not self.overflow_detected)"),
        says=("wanted (8.0, 0)",)),
    wrong("loss-scaling", "has no floor", ALL[1:], (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.min_scale = 0.0\n        self.scaler.adapt(self.overflow_detected)",
        ), says=("the scale after the step; count, floor, ceiling?",)),
    wrong("loss-scaling", "has no ceiling", ALL[1:], (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.max_scale = math.inf\n        self.scaler.adapt(self.overflow_detected)",
        ), says=("the scale after the step; count, floor, ceiling?",)),
    wrong("loss-scaling", "only float16 widened", "test-loss-scaling",
        ("return self.scaler.scale(loss)",
         "wide = loss.astype('float32') if loss.dtype == np.float16 else loss\n"
         "        return wide * self.loss_scale"),
        says=("scale_loss of a bfloat16 loss of 5.0 at a scale of 0.25 is b",
              "multiply it, in float32 at least")),
    wrong("loss-scaling", "a new leaf", "test-loss-scaling",
        ("return self.scaler.scale(loss)",
         "return Tensor(loss.data * self.loss_scale, requires_grad=True)"),
        says=("no graph leads from the scaled loss to the weight: multiply",
              "multiply the Tensor itself")),
    wrong("loss-scaling", "parameters iterated twice", "test-loss-scaling",
        ("        gradients = [p.grad for p in parameters if p.grad is not None]\n"
         "        self.overflow_detected = unscale(gradients, self.loss_scale)\n",
         "        for p in parameters:\n            if p.grad is not None:\n"
         "                p.grad.data /= self.loss_scale\n"
         "        self.overflow_detected = not all(np.isfinite(p.grad.data).all() for p in par"
         "ameters if p.grad is not None)\n"),
        says=("the array that held a scaled gradient gave 2, wanted 2048", "unscale gives new arrays")),
    wrong("loss-scaling", "the largest is looked at", "test-loss-scaling",
        ("        self.overflow_detected = unscale(gradients, self.loss_scale)\n",
         "        unscale(gradients, self.loss_scale)\n"
         "        self.overflow_detected = any(not np.isfinite(g.data.max()) for g in gradients)\n"),
        says=("unscale_gradients, with -inf in the last of them, at a scale",
              "look at all, divided, each time anew")),
    wrong("loss-scaling", "nothing is not valid", "test-loss-scaling",
        ("        return not self.overflow_detected",
         "        return bool(gradients) and not self.overflow_detected"),
        says=("unscale_gradients without any gradient gave False, wanted Tr",
              "none of them is infinite")),
    wrong("loss-scaling", "overflow forgotten after update", "test-loss-scaling",
        ("self.scaler.adapt(self.overflow_detected)",
         "self.scaler.adapt(self.overflow_detected)\n        self.overflow_detected = False"),
        says=("overflow_detected after an update gave False, wanted True: i",
              "it is read, not set")),
    wrong("loss-scaling", "the sum is looked at", "test-loss-scaling",
        ("        self.overflow_detected = unscale(gradients, self.loss_scale)\n",
         "        unscale(gradients, self.loss_scale)\n"
         "        self.overflow_detected = not np.isfinite(sum(float(g.data.sum()) for g in gradients))\n"),
        says=("unscale_gradients, with 3e+38 in the last of them, at a scal",
              "look at all, divided, each time anew")),
    wrong("loss-scaling", "in place on the shared array", "test-loss-scaling",
        ("        self.overflow_detected = unscale(gradients, self.loss_scale)\n",
         "        for g in gradients:\n            g.data /= np.float32(self.loss_scale)\n"
         "        self.overflow_detected = any(not np.isfinite(g.data).all() for g in gradients)\n"),
        says=("the array that held a scaled gradient gave 2, wanted 2048 at",
              "unscale gives new arrays")),
    wrong("loss-scaling", "clears bad gradients", "test-loss-scaling",
        ("        return not self.overflow_detected",
         "        if self.overflow_detected:\n            for g in gradients:\n"
         "                g.data = np.nan_to_num(g.data)\n        return not self.overflow_detected"),
        says=("the last gradient, unscaled, gave 3.4028e+38, wanted inf at",
              "divide all")),
    right("loss-scaling", "scaled by hand",
        ("return self.scaler.scale(loss)",
         "wide = loss if loss.dtype == np.float64 else loss.astype(np.float32)\n        "
         "return wide * self.loss_scale")),
    right("loss-scaling", "the gradients listed by a loop", (
            "gradients = [p.grad for p in parameters if p.grad is not None]",
            ("gradients = []\n        for p in parameters:\n            if p.grad is not None:\n             "
             "   gradients.append(p.grad)"),
        )),
    wrong("mixed-precision-trainer", "judges by the loss", "test-mixed-precision-overflow", (
            "        valid = self.unscale_gradients(parameters)\n",
            ("        self.unscale_gradients(parameters)\n        valid = "
             "bool(np.isfinite(loss.data).all())\n        self.overflow_detected = not valid\n"),
        ), says=("gave (False, True), wanted (True, False)", "judge by the gradients, not by the loss")),
    wrong("mixed-precision-trainer", "steps on an overflow", ("test-mixed-precision", "test-mixed-precision-overflow"),
        ("        if valid:\n            self.optimizer.step()", "        self.optimizer.step()"),
        says=("the optimizer's calls on an overflow gave ['zero_grad', 'step']", "skip the step")),
    wrong("mixed-precision-trainer", "no step at all", ALL,
        ("        if valid:\n            self.optimizer.step()\n", ""),
        says=("a good step's calls of the optimizer gave ['zero_grad']",)),
    wrong("mixed-precision-trainer", "the scaler's own step", ALL,
        ("            self.optimizer.step()\n", "            self.scaler.step(self.optimizer)\n"),
        says=("train_step asked the optimizer for param_groups", "use the trainer's own methods")),
    wrong("mixed-precision-trainer", "reports the scaled loss", "test-mixed-precision", (
            "return self._metrics(loss, overflow=not valid",
            "return self._metrics(self.scale_loss(loss), overflow=not valid",
        ), says=("the loss reported gave 7079.5, wanted 6.9135", "report the unscaled loss")),
    wrong("mixed-precision-trainer", "another loss than the one given", ALL[1:],
        ("self._compute_loss(self.model(inputs), targets)", "MSELoss()(self.model(inputs), targets)"),
        says=("a step of 0.01 times the gradient of loss_fn",)),
    wrong("mixed-precision-trainer", "loss_fn, whatever _compute_loss says", ALL[1:],
        ("self._compute_loss(self.model(inputs), targets)", "self.loss_fn(self.model(inputs), targets)"),
        says=("where _compute_loss gives 3 times the outputs' sum", "the loss is self._compute_loss")),
    wrong("mixed-precision-trainer", "float16, whatever dtype is", ALL[1:],
        ("with autocast(self.dtype)", "with autocast('float16')"),
        says=("gave ['float16'], wanted ['bfloat16']", "whose dtype?")),
    wrong("mixed-precision-trainer", "the forward pass in float32", ALL,
        ("with autocast(self.dtype), np.errstate", "with np.errstate"),
        says=("gave ['float32'], wanted ['float16']", "run it once, under autocast")),
    wrong("mixed-precision-trainer", "the loss outside autocast", "test-mixed-precision-overflow", (FORWARD, f"""\
{AUTOCAST}            outputs = self.model(inputs)
        with np.errstate(all="ignore"):
            loss = self._compute_loss(outputs, targets)
"""), says=("the loss ran outside of autocast", "part of step 1")),
    wrong("mixed-precision-trainer", "the backward pass under autocast", "test-mixed-precision-overflow", (
            '        with np.errstate(all="ignore"):\n            self.scale_loss',
            '        with autocast(self.dtype), np.errstate(all="ignore"):\n            self.scale_loss',
        ), says=("under autocast ran mul backward", "that is step 3")),
    wrong("mixed-precision-trainer", "the model run twice", "test-mixed-precision",
        (FORWARD, f"{FORWARD}            loss = self._compute_loss(self.model(inputs), targets)\n"),
        says=("gave ['float16', 'float16'], wanted ['float16']", "run it once")),
    wrong("mixed-precision-trainer", "never grows", ALL[1:],
        ("        self.update_loss_scale()\n", "        if not valid:\n            self.update_loss_scale()\n"),
        says=("the scale after the step; count, floor, ceiling?",)),
    wrong("mixed-precision-trainer", "the scale before the step", ALL[1:], (
            ("        self.update_loss_scale()\n        return self._metrics(loss, overflow=not valid, valid=valid)"),
            ("        told = self._metrics(loss, overflow=not valid, valid=valid)\n        "
             "self.update_loss_scale()\n        return told"),
        ), says=("the scale after the step; count, floor, ceiling?",)),
    wrong("mixed-precision-trainer", "old gradients are not cleared", ALL, ("        self.optimizer.zero_grad()\n", ""),
        says=("a good step's calls of the optimizer gave ['step']", "clear, go back, step")),
    wrong("mixed-precision-trainer", "old gradients are cleared at the end", ALL[:1], (
            "        self.optimizer.zero_grad()\n", ""), (
            "        self.update_loss_scale()\n",
            "        self.update_loss_scale()\n        self.optimizer.zero_grad()\n",
        ), says=("gave ['step', 'zero_grad'], wanted ['zero_grad', 'step']", "clear, go back, step")),
    wrong("mixed-precision-trainer", "clears the parameters' own gradients", ALL[:1], (
            "        self.optimizer.zero_grad()\n", "        for p in parameters:\n            p.grad = None\n",
        ), says=("gave ['step'], wanted ['zero_grad', 'step']",)),
    wrong("mixed-precision-trainer", "a graph that leads elsewhere will do", "test-mixed-precision-detached",
        ("if not depends_on(loss, parameters):", "if not loss.requires_grad:"),
        says=("overflow and gradients_valid with ThroughTheInput", "no step was taken")),
    wrong("mixed-precision-trainer", "silent about a cut graph", "test-mixed-precision-detached",
        ("            warnings.warn(NO_GRAPH, stacklevel=2)\n", ""),
        says=("warned its caller of nothing", "a step that is not taken must not look like one")),
    wrong("mixed-precision-trainer", "clears before it asks", "test-mixed-precision-detached",
        ("        if not depends_on(loss,", "        self.optimizer.zero_grad()\n        if not depends_on(loss,"),
        says=("gave ['zero_grad'], wanted []", "ask before you touch it")),
    wrong("mixed-precision-trainer", "counts a step without a graph", "test-mixed-precision-detached", (
            "            return self._metrics(loss, overflow=False, valid=False)\n",
            ("            self.overflow_detected = False\n            self.update_loss_scale()\n            "
             "return self._metrics(loss, overflow=False, valid=False)\n"),
        ), says=("wanted (256.0, 3)", "there was nothing to adapt to")),
    wrong("mixed-precision-trainer", "a cut graph reported as an overflow", "test-mixed-precision-detached",
        ("self._metrics(loss, overflow=False, valid=False)", "self._metrics(loss, overflow=True, valid=False)"),
        says=("wanted (False, False)", "no step was taken")),
    wrong("mixed-precision-trainer", "master weights in half", "test-mixed-precision", (
            "            self.optimizer.step()\n",
            ("            self.optimizer.step()\n            for p in self.model.parameters():\n            "
             "    p.data = p.data.astype(self.dtype)\n"),
        ), says=("the master weight after a step is float16, wanted float32", "it stays as it is")),
    wrong("mixed-precision-trainer", "thaws every layer", "test-mixed-precision-detached", (
            "        with autocast(self.dtype), np.errstate",
            ("        for p in self.model.parameters():\n            p.requires_grad = True\n        with "
             "autocast(self.dtype), np.errstate"),
        ), says=("which of two weights moved, number 0 frozen", "wanted [False, True]")),
    wrong("mixed-precision-trainer", "judged by every gradient of the model", "test-mixed-precision-detached",
        ("self._parameters()", "parameters_of(self.model)"),
        says=("an infinite gradient of the first layer kept the second from its step", "whose gradients")),
    wrong("mixed-precision-trainer", "a loss of many numbers is let in", "test-mixed-precision-overflow",
        ("        check_single(loss)\n", ""),
        says=("a loss of many numbers", "wanted a ValueError that says 'single'")),
    wrong("mixed-precision-trainer", "asks about the loss too late", "test-mixed-precision-overflow", (
            "        check_single(loss)\n", ""), (
            "        self.optimizer.zero_grad()\n", "        self.optimizer.zero_grad()\n        check_single(loss)\n",
        ), says=("gave ['zero_grad'], wanted []", "step 2 first")),
    wrong("mixed-precision-trainer", "loss twice", "test-mixed-precision-overflow",
        ('        with autocast(self.dtype), np.errstate(all="ignore"):\n'
         "            loss = self._compute_loss(self.model(inputs), targets)\n",
         '        with autocast(self.dtype), np.errstate(all="ignore"):\n'
         "            outputs = self.model(inputs)\n            self._compute_loss(outputs, targets)\n"
         "            loss = self._compute_loss(outputs, targets)\n"),
        says=("the loss was computed 2 times in a step, wanted once: keep i",
              "keep it, and report that one")),
    wrong("mixed-precision-trainer", "autocast by hand", "test-mixed-precision-overflow",
        ('        with autocast(self.dtype), np.errstate(all="ignore"):\n'
         "            loss = self._compute_loss(self.model(inputs), targets)\n",
         "        context = autocast(self.dtype)\n        context.__enter__()\n"
         "        with np.errstate(all='ignore'):\n"
         "            loss = self._compute_loss(self.model(inputs), targets)\n"
         "        context.__exit__(None, None, None)\n"),
        says=("autocast is still on after a model raised ZeroDivisionError:",
              "`with` ends it in any case")),
    wrong("mixed-precision-trainer", "autocast by hand after Exception", "test-mixed-precision-overflow",
        ('        with autocast(self.dtype), np.errstate(all="ignore"):\n'
         "            loss = self._compute_loss(self.model(inputs), targets)\n",
         "        context = autocast(self.dtype)\n        context.__enter__()\n        try:\n"
         "            with np.errstate(all='ignore'):\n"
         "                loss = self._compute_loss(self.model(inputs), targets)\n"
         "        except Exception:\n            context.__exit__(None, None, None)\n            raise\n"
         "        context.__exit__(None, None, None)\n"),
        says=("autocast is still on after a model raised KeyboardInterrupt:",
              "`with` ends it in any case")),
    wrong("mixed-precision-trainer", "seterr for good", "test-mixed-precision",
        ('        with autocast(self.dtype), np.errstate(all="ignore"):\n'
         "            loss = self._compute_loss(self.model(inputs), targets)\n",
         "        np.seterr(all='ignore')\n        with autocast(self.dtype):\n"
         "            loss = self._compute_loss(self.model(inputs), targets)\n"),
        ('        with np.errstate(all="ignore"):\n            self.scale_loss(loss).backward()\n',
         "        self.scale_loss(loss).backward()\n"),
        says=("after a step NumPy's own settings, np.geterr(), gave {'divid",
              "np.errstate puts them back")),
    wrong("mixed-precision-trainer", "depends on any of the model", "test-mixed-precision-detached",
        ("depends_on(loss, parameters)",
         "depends_on(loss, parameters_of(self.model))"),
        says=("gradients_valid where the optimizer steps what the loss does",
              "see step 2")),
    wrong("mixed-precision-trainer", "stacklevel", "test-mixed-precision-detached",
        ("warnings.warn(NO_GRAPH, stacklevel=2)",
         "warnings.warn(NO_GRAPH)"),
        says=("a step with Detached warned its caller of nothing: a step th",
              "a step that is not taken must not look like one (stacklevel=")),
    wrong("mixed-precision-trainer", "keeps the loss", "test-mixed-precision-overflow",
        ("        check_single(loss)\n",
         "        check_single(loss)\n        self.last_loss = loss\n"),
        says=("the loss, and its graph, is still held after the step: only",
              "only its number is needed")),
    wrong("mixed-precision-trainer", "judges nan as good", "test-mixed-precision-run",
        ("        valid = self.unscale_gradients(parameters)\n",
         "        valid = self.unscale_gradients(parameters) or any(p.grad is not None and np."
         "isnan(p.grad.data).any() for p in parameters)\n        self.overflow_detected = not valid\n"),
        says=("overflow and gradients_valid of a step with gradients of nan",
              "judge by the gradients alone")),
    wrong("mixed-precision-trainer", "loss must be finite too", "test-mixed-precision-run",
        ("        valid = self.unscale_gradients(parameters)\n",
         "        valid = self.unscale_gradients(parameters) and np.isfinite(loss.data).all()\n"),
        says=("overflow and gradients_valid of a step with an infinite loss",
              "judge by the gradients alone")),
    wrong("mixed-precision-trainer", "a loss of one number with axes refused", "test-mixed-precision-run",
        ("        check_single(loss)\n",
         "        if loss.ndim:\n            raise ValueError('single')\n"),
        says=("train_step failed: single: go through its five steps",
              "go through its five steps")),
    wrong("mixed-precision-trainer", "inputs cast by hand", "test-mixed-precision",
        ("self.model(inputs), targets)",
         "self.model(as_tensor(inputs).astype(self.dtype)), targets)"),
        says=("the model was given other inputs: autocast alone converts th",
              "autocast alone converts them")),
    wrong("mixed-precision-trainer", "targets under autocast cast", "test-mixed-precision-overflow",
        ("self.model(inputs), targets)",
         "self.model(inputs), as_tensor(targets).astype(self.dtype))"),
        says=("the loss was given other targets: autocast alone converts th",
              "`loss = self._compute_loss(self.model(inputs), as_tensor(tar")),
    wrong("mixed-precision-trainer", "the model's output widened before the loss", "test-mixed-precision-overflow",
        ("self._compute_loss(self.model(inputs), targets)",
         "self._compute_loss(self.model(inputs).astype('float32'), targets)"),
        says=("the outputs that the loss is given is float32, wanted float1",
              "`loss = self._compute_loss(self.model(inputs).astype('float3")),
    right("mixed-precision-trainer", "cleared before the forward pass of a graph that is there", (
            "        check_single(loss)\n        parameters = self._parameters()\n",
            "        parameters = self._parameters()\n        check_single(loss)\n",
        )),
    right("mixed-precision-trainer", "asked of the flag", (
            "        valid = self.unscale_gradients(parameters)\n        if valid:\n",
            "        valid = self.unscale_gradients(parameters)\n        if not self.overflow_detected:\n",
        )),
    right("mixed-precision-trainer", "without a word to NumPy", (
            "        with np.errstate(all=\"ignore\"):\n            self.scale_loss(loss).backward()\n",
            "        self.scale_loss(loss).backward()\n",
        )),
    wrong("technique-score", "memory counts once", "test-technique-score",
        ('("medium", "high"):\n        score += 2', '("medium", "high"):\n        score += 1'),
        says=("wanted 3", "go through the table line by line")),
    wrong("technique-score", "a very high pressure on memory is overlooked", "test-technique-score",
        ("if workload.memory_pressure in high and", 'if workload.memory_pressure == "high" and'),
        says=("wanted 6", "go through the table line by line")),
    wrong("technique-score", "a medium benefit is overlooked", "test-technique-score",
        ('technique.memory_benefit in ("medium", "high")', 'technique.memory_benefit == "high"'),
        says=("wanted 3", "go through the table line by line")),
    wrong("technique-score", "latency counts for all", "test-technique-score",
        ("if workload.latency_sensitive and", "if"), says=("wanted 2", "go through the table line by line")),
    wrong("technique-score", "a very high gain of latency is overlooked", "test-technique-score",
        ('("medium", *high)', '("medium", "high")'), says=("wanted 3", "go through the table line by line")),
    wrong("technique-score", "no point off for risk", "test-technique-score", ('"medium": -1}', '"medium": 0}'),
        says=("wanted 1", "go through the table line by line")),
    wrong("technique-score", "a low risk earns nothing", "test-technique-score", ('"low": 1, ', ""),
        says=("wanted 3", "go through the table line by line")),
    wrong("technique-score", "a high risk costs a point, too", "test-technique-score",
        ("technique.stability_risk, 0)", "technique.stability_risk, -1)"),
        says=("wanted -3", "go through the table line by line")),
    wrong("technique-score", "stability counts for all", "test-technique-score",
        ("if workload.stability_critical:", "if True:"), says=("wanted 2", "go through the table line by line")),
    wrong("technique-score", "one point off for hardware", "test-technique-score",
        ("-2 if technique.hardware_dependency", "-1 if technique.hardware_dependency"),
        says=("wanted -3", "go through the table line by line")),
    wrong("technique-score", "development speed is overlooked", "test-technique-score",
        ('if workload.development_speed == "high":', "if False:"),
        says=("wanted 2", "go through the table line by line")),
    wrong("technique-score", "the visible answers typed in", "test-technique-score", solution="""
    rows = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    if workload in WORKLOADS and technique in TECHNIQUES:
        return rows[WORKLOADS.index(workload)][TECHNIQUES.index(technique)]
    return 1
    """, says=("wanted 7", "go through the table line by line")),
    wrong("technique-score", "very high memory benefit counts", "test-technique-score",
        ('technique.memory_benefit in ("medium", "high")',
         'technique.memory_benefit in ("medium", *high)'),
        says=("the score of very much of all for words not in the table gav",
              "go through the table line by line")),
    wrong("technique-score", "very high speed", "test-technique-score",
        ('if workload.development_speed == "high":',
         "if workload.development_speed in high:"),
        says=("the score of very much of all for words not in the table gav",
              "go through the table line by line")),
    right("technique-score", "a sum of truths", solution="""
    w, t = workload, technique
    score = 2 * (w.memory_pressure in high and t.memory_benefit in {"medium", "high"})
    score += 2 * (w.latency_sensitive and t.latency_benefit not in {"none", "low"})
    score += w.stability_critical * ({"none": 1, "low": 1, "medium": -1, "high": 0}[t.stability_risk])
    score += (w.development_speed == "high") * (1 if t.implementation_cost in {"low", "medium"} else -1)
    return score + (w.hardware_variety in high) * (1 if t.hardware_dependency in {"low", "medium"} else -2)
    """),
    wrong("question-acceleration", "FLOPs over numbers", "test-question-acceleration",
        ("product_intensity, times_addition = 1024 / 6,", "product_intensity, times_addition = 1024 / 1.5,"),
        says=("FLOPs over bytes, not over numbers",)),
    wrong("question-acceleration", "an addition that reads one array", "test-question-acceleration",
        ("1024 / 6 * 12", "1024 / 6 * 8"), says=("reads two arrays and writes one",)),
    wrong("question-acceleration", "each step reads one array", "test-question-acceleration",
        ("4 * (2 + 3 + 2 + 3 + 2 + 2 + 2 + 3 + 2)", "4 * 18"), says=("read and written, 4 bytes for each number",)),
    wrong("question-acceleration", "numbers for bytes", "test-question-acceleration", (
            "unfused_bytes, fused_bytes = 4 * (2 + 3 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2",
            "unfused_bytes, fused_bytes = 21, 2",
        ), says=("read and written, 4 bytes for each number",)),
    wrong("question-acceleration", "the part that is left", "test-question-acceleration",
        ("100 * (1 - fused_bytes / unfused_bytes)", "100 * fused_bytes / unfused_bytes"),
        says=("percent_saved is 9.52381", "what is not moved")),
    wrong("question-acceleration", "parameters of two bytes", "test-question-acceleration",
        ("100 * 18 + 50 * 2", "100 * 2 + 50 * 2"), says=("mixed_mb is 300", "which parts shrink?")),
    wrong("question-acceleration", "one number for Adam", "test-question-acceleration",
        ("100 * 16 + 50 * 4", "100 * 12 + 50 * 4"), says=("full_mb is 1400", "which parts shrink?")),
    wrong("question-acceleration", "the smallest normal number", "test-question-acceleration",
        ("smallest_half, smallest_gradient = 2**-24,", "smallest_half, smallest_gradient = 2**-14,"),
        says=("subnormals count",)),
    wrong("question-acceleration", "without the rounding", "test-question-acceleration",
        ("2**-25 / 1024", "2**-24 / 1024"), says=("what survives the scaling?",)),
    wrong("question-acceleration", "another technique", "test-question-acceleration",
        ('"Kernel Fusion"', '"Mixed Precision"'), says=("read the recommendations",)),
    right("question-acceleration", "decimal numbers", (
            "product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12",
            "product_intensity, times_addition = 170.67, 2048.0",
        )),
]
