"""The bank for lesson 18: acceleration."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("vectorized-matmul", "three loops", "test-vectorized-matmul", solution="""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"2D+ tensors are needed, got {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shape mismatch: {a.shape} @ {b.shape}")

    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    left = np.broadcast_to(a.data, (*lead, *a.shape[-2:]))
    right = np.broadcast_to(b.data, (*lead, *b.shape[-2:]))
    out = np.zeros((*lead, a.shape[-2], b.shape[-1]), dtype=a.dtype)
    for index in np.ndindex(out.shape):
        *batch, i, j = index
        for k in range(a.shape[-1]):
            out[index] += left[(*batch, i, k)] * right[(*batch, k, j)]
    return Tensor(out)
""", says=("False, wanted True", "stay with Tensor operations")),
    wrong("vectorized-matmul", "a product for each example", "test-vectorized-matmul",
        ("if len(left) == 2 or len(right) > 2:", "if True:"), says=("wanted one of 32 rows", "collapse the batch")),
    wrong("vectorized-matmul", "accepts one axis", "test-vectorized-matmul",
        ("if len(left) < 2 or len(right) < 2:", "if not left or not right:"),
        says=("wanted a ValueError that says '2d+'",)),
    wrong("vectorized-matmul", "accepts one axis on the right", "test-vectorized-matmul",
        ("if len(left) < 2 or len(right) < 2:", "if len(left) < 2:"),
        says=("wanted", "ask for the shapes before you use them")),
    wrong("vectorized-matmul", "the batch is not put back", "test-vectorized-matmul",
        (".reshape(*left[:-1], right[-1])", ""), says=("wanted (5, 2, 4)", "the leading axes broadcast and stay")),
    wrong("vectorized-matmul", "the first example for all", "test-vectorized-matmul", solution="""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"2D+ tensors are needed, got {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shape mismatch: {a.shape} @ {b.shape}")

    while a.ndim > 2:
        a = a[0]
    while b.ndim > 2:
        b = b[0]
    return a @ b
    """, says=("wanted (5, 2, 4)", "the leading axes broadcast and stay")),
    wrong("vectorized-matmul", "a result without a graph", "test-vectorized-matmul", solution="""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"2D+ tensors are needed, got {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shape mismatch: {a.shape} @ {b.shape}")

    return Tensor(np.matmul(a.data, b.data))
""", says=("False, wanted True", "stay with Tensor operations")),
    wrong("vectorized-matmul", "no gradient to the left side", "test-vectorized-matmul", (
            "        return apply(VECTORIZED_MATMUL, a, b)",
            "        return apply(VECTORIZED_MATMUL, Tensor(a.data), b)",
        ), says=("wanted -1.1880", "this side stay on Tensor operations?")),
    wrong("vectorized-matmul", "no gradient to the left side of a batch", "test-vectorized-matmul",
        ("rows = a.reshape(", "rows = Tensor(a.data).reshape("),
        says=("wanted 1.4328", "this side stay on Tensor operations?")),
    wrong("vectorized-matmul", "NumPy's words for shapes that do not fit", "test-vectorized-matmul",
        solution="""return as_tensor(np.matmul(as_tensor(a).data, as_tensor(b).data))""",
        says=("False, wanted True", "stay with Tensor operations")),
    wrong("vectorized-matmul", "a message without the shapes", "test-vectorized-matmul", (
            'f"vectorized_matmul needs 2D+ tensors, got shapes {left} and {right}: add an axis with reshape()"',
            '"vectorized_matmul needs 2D+ tensors"',
        ), says=("wanted", "ask for the shapes before you use them")),
    right("vectorized-matmul", "a length of -1",
        ("a.reshape(math.prod(left[:-1]), left[-1])", "a.reshape(-1, left[-1])")),
    right("vectorized-matmul", "the checks of the door's product", solution="""
    a, b = as_tensor(a), as_tensor(b)
    if min(a.ndim, b.ndim) < 2:
        raise ValueError(f"an operand is not 2D+: {a.shape} @ {b.shape}")
    if b.ndim == 2 and a.shape[-1] == b.shape[0]:
        return (a.reshape(-1, a.shape[-1]) @ b).reshape((*a.shape[:-1], b.shape[-1]))
    return a @ b
    """),
    wrong("unfused-gelu", "the exact form", "test-fusion-speedup", solution="""return GELU()(as_tensor(x))""",
        says=("wanted 2.69199", "go through the tanh form step by step")),
    wrong("unfused-gelu", "a square for the cube", "test-fusion-speedup", ("cubed = x**3", "cubed = x**2"),
        says=("wanted -0.03486", "go through the tanh form step by step")),
    wrong("unfused-gelu", "without the half", "test-fusion-speedup", ("return 0.5 * weighed", "return weighed"),
        says=("wanted 4.61105", "go through the tanh form step by step")),
    wrong("unfused-gelu", "pi over two", "test-fusion-speedup", ("math.sqrt(2 / math.pi)", "math.sqrt(math.pi / 2)"),
        says=("wanted 0.95916", "go through the tanh form step by step")),
    wrong("unfused-gelu", "one minus tanh", "test-fusion-speedup", ("1 + squashed", "1 - squashed"),
        says=("wanted 4.61105", "go through the tanh form step by step")),
    wrong("unfused-gelu", "NumPy's arrays, and no graph", "test-fusion-speedup", solution="""
    d = as_tensor(x).data
    return Tensor(0.5 * d * (1 + np.tanh(math.sqrt(2 / math.pi) * (d + 0.044715 * d**3))), dtype=d.dtype)
    """, says=("wanted 8 at least", "own, and stay with Tensor operations")),
    wrong("unfused-gelu", "the fused function", "test-fusion-speedup", solution="""return fused_gelu(x)""",
        says=("wanted 8 at least", "own, and stay with Tensor operations")),
    wrong("unfused-gelu", "the sigmoid's approximation", "test-fusion-speedup", solution="""
    x = as_tensor(x)
    scaled = 1.702 * x
    back = -scaled
    power = back.exp()
    below = power + 1
    weight = 1 / below
    again = 1 * weight
    return x * again * 1
    """, says=("wanted 2.26384", "go through the tanh form step by step")),
    wrong("unfused-gelu", "no gradient through the tanh", "test-fusion-speedup",
        ("squashed = scaled.tanh()", "squashed = Tensor(scaled.tanh().data)"),
        says=("wanted -0.08317", "one of its steps leaves the Tensor operations")),
    right("unfused-gelu", "the cube as products", ("cubed = x**3", "cubed = x * x * x"),
        checks=("test-fusion-speedup", "test-fuse")),
    right("unfused-gelu", "in one expression", solution="""
    x = as_tensor(x)
    return x * (1 + ((x + x**3 * 0.044715) * math.sqrt(2 / math.pi)).tanh()) * 0.5
    """),
    wrong("fused-gelu", "the exact form", "test-fused-gelu", solution="""return GELU()(floating(x))""",
        says=("wanted 2.99636", "compare your scalar formula with the tanh form")),
    wrong("fused-gelu", "float64 out", "test-fused-gelu",
        solution="""return apply(FUSED_GELU, as_tensor(x).astype("float64"))""",
        says=("wanted float16", "the type must be kept")),
    wrong("fused-gelu", "float32 out", "test-fused-gelu",
        solution="""return apply(FUSED_GELU, as_tensor(x).astype("float32"))""",
        says=("wanted float16", "the type must be kept")),
    wrong("fused-gelu", "whole numbers as they are", "test-fused-gelu",
        solution="""return apply(FUSED_GELU, as_tensor(x))""",
        says=("wanted", "there is no kernel for their type, so change it first")),
    wrong("fused-gelu", "a kernel that overwrites its input", "test-fused-gelu", solution="""
    x = floating(x)
    x.data[...] = _gelu_forward(x.data)
    return x
    """, says=("wanted as it was", "a kernel writes to an array of its own")),
    wrong("fused-gelu", "overwrites its input, and records", "test-fused-gelu", solution="""
    x = floating(x)
    y = apply(FUSED_GELU, x)
    x.data[...] = y.data
    return y
    """, says=("wanted as it was", "a kernel writes to an array of its own")),
    wrong("fused-gelu", "a result without a graph", "test-fused-gelu",
        solution="""return Tensor(_gelu_forward(floating(x).data))""",
        says=("False, wanted True", "go through apply, so that the operation is recorded")),
    wrong("fused-gelu", "one long row", "test-fused-gelu",
        solution="""return apply(FUSED_GELU, floating(x).reshape(-1))""",
        says=("wanted (33, 7)", "shape (33, 7) in gave (231,) out, wanted (33, 7)")),
    wrong("fused-gelu", "the unfused function", ("test-fused-gelu", "test-fusion-speedup"),
        solution="""return unfused_gelu(x)""",
        says=("wanted [0, 0, 10.0, 1e+20, inf, 0, 0, 40.0, 2e+25]", "is it your kernel?")),
    wrong("fused-gelu", "a second pass", "test-fusion-speedup",
        solution="""return apply(FUSED_GELU, floating(x)) * 1""", says=("wanted 1", "one pass for all")),
    right("fused-gelu", "the type decided here", solution="""
    x = as_tensor(x)
    if not is_floating(x.dtype):
        x = x.astype(np.float32)
    return apply(FUSED_GELU, x)
    """),
    wrong("mixed-precision-trainer", "detaches the loss", "test-mixed-precision",
        ("return self.scaler.scale(loss)", "return Tensor(loss.data * self.loss_scale)"),
        says=("False, wanted True", "multiply the Tensor, not its data")),
    wrong("mixed-precision-trainer", "the loss as it is", "test-mixed-precision",
        ("return self.scaler.scale(loss)", "return loss"), says=("wanted 1.024", "of 1024 gave 0.001, wanted 1.024")),
    wrong("mixed-precision-trainer", "scales in half precision", "test-mixed-precision-overflow",
        ("return self.scaler.scale(loss)", "return loss * self.loss_scale"),
        says=("wanted 307200", "scale in float32")),
    wrong("mixed-precision-trainer", "forgets to unscale", "test-mixed-precision", (
            "unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)",
            "unscale([p.grad for p in parameters if p.grad is not None], 1.0)",
        ), says=("wanted 2", "divide by the scale")),
    wrong("mixed-precision-trainer", "a scale of one's own", ("test-mixed-precision", "test-mixed-precision-run"),
        ("if p.grad is not None], self.loss_scale)", "if p.grad is not None], 1024.0)"),
        says=("wanted", "was its gradient of this step alone, and unscaled once?")),
    wrong("mixed-precision-trainer", "stops at the first parameter", "test-mixed-precision", (
            "[p.grad for p in parameters if p.grad is not None]",
            "[p.grad for p in parameters if p.grad is not None][:1]",
        ), says=("wanted False and True", "look at all of them, each time anew")),
    wrong("mixed-precision-trainer", "an overflow that is never forgotten", "test-mixed-precision-overflow",
        ("self.overflow_detected = unscale(", "self.overflow_detected = self.overflow_detected or unscale("),
        says=("wanted one good step as soon as the scale fits", "each step is judged anew")),
    wrong("mixed-precision-trainer", "good news for bad", "test-mixed-precision",
        ("return not self.overflow_detected", "return self.overflow_detected"),
        says=("wanted True and False", "look at all of them, each time anew")),
    wrong("mixed-precision-trainer", "judges by the loss", "test-mixed-precision-overflow", (
            "        valid = self.unscale_gradients(parameters)\n",
            ("        self.unscale_gradients(parameters)\n        valid = "
             "bool(np.isfinite(loss.data).all())\n        self.overflow_detected = not valid\n"),
        ), says=("wanted overflow, 0", "judge by the gradients")),
    wrong("mixed-precision-trainer", "steps on an overflow", "test-mixed-precision",
        ("        if valid:\n            self.optimizer.step()", "        self.optimizer.step()"),
        says=("wanted overflow, no valid gradients and 0", "skip the update")),
    wrong("mixed-precision-trainer", "no step at all", "test-mixed-precision",
        ("            self.optimizer.step()\n", "            pass\n"),
        says=("wanted no overflow, valid gradients and 1", "no overflow, valid gradients and 1")),
    wrong("mixed-precision-trainer", "reports the scaled loss", "test-mixed-precision", (
            "return self._metrics(loss, overflow=self.overflow_detected",
            "return self._metrics(self.scale_loss(loss), overflow=self.overflow_detected",
        ), says=("wanted 6.9135, the unscaled one", "7079.4624, wanted 6.9135, the unscaled one")),
    wrong("mixed-precision-trainer", "another loss than the one given", "test-mixed-precision-run",
        ("self._compute_loss(self.model(inputs), targets)", "MSELoss()(self.model(inputs), targets)"),
        says=("wanted 0.02", "whose loss, whose scale, and were the old gradients cleared?")),
    wrong("mixed-precision-trainer", "float16, whatever dtype is", "test-mixed-precision-run",
        ("with autocast(self.dtype)", "with autocast('float16')"),
        says=("wanted bfloat16", "which type has the trainer been given?")),
    wrong("mixed-precision-trainer", "the forward pass in float32", "test-mixed-precision",
        ("with autocast(self.dtype), np.errstate", "with np.errstate"), says=("wanted float16", "use autocast")),
    wrong("mixed-precision-trainer", "never grows", "test-mixed-precision-run",
        ("        self.update_loss_scale()\n", "        if not valid:\n            self.update_loss_scale()\n"),
        says=("wanted", "it the scale after the step?")),
    wrong("mixed-precision-trainer", "the scale before the step", "test-mixed-precision-run", (
            ("        self.update_loss_scale()\n        return self._metrics(loss, "
             "overflow=self.overflow_detected, valid=valid)"),
            ("        told = self._metrics(loss, overflow=self.overflow_detected, valid=valid)\n        "
             "self.update_loss_scale()\n        return told"),
        ), says=("wanted", "it the scale after the step?")),
    wrong("mixed-precision-trainer", "keeps its count after an overflow", "test-mixed-precision", (
            "        self.scaler.adapt(self.overflow_detected)\n",
            ("        count = self.steps_since_last_scale_update\n        "
             "self.scaler.adapt(self.overflow_detected)\n        if self.overflow_detected:\n            "
             "self.steps_since_last_scale_update = count\n"),
        ), says=("wanted (512.0, 0)", "steps, both start the count anew")),
    wrong("mixed-precision-trainer", "grows every step", "test-mixed-precision",
        ("self.scaler.adapt(self.overflow_detected)", "self.loss_scale *= 0.5 if self.overflow_detected else 2.0"),
        says=("wanted (512.0, 0)", "steps, both start the count anew")),
    wrong("mixed-precision-trainer", "has no floor", "test-mixed-precision-run", (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.min_scale = 0.0\n        self.scaler.adapt(self.overflow_detected)",
        ), says=("wanted", "it the scale after the step?")),
    wrong("mixed-precision-trainer", "has no ceiling", "test-mixed-precision-run", (
            "self.scaler.adapt(self.overflow_detected)",
            "self.scaler.max_scale = math.inf\n        self.scaler.adapt(self.overflow_detected)",
        ), says=("wanted", "it the scale after the step?")),
    wrong("mixed-precision-trainer", "old gradients are not cleared",
        ("test-mixed-precision-run", "test-mixed-precision"), ("        self.optimizer.zero_grad()\n", ""),
        says=("wanted 0.02", "and were the old gradients cleared?")),
    wrong("mixed-precision-trainer", "a graph that leads elsewhere will do", "test-mixed-precision-detached",
        ("if not depends_on(loss, parameters):", "if not loss.requires_grad:"),
        says=("wanted no overflow and no valid gradients", "no step was taken")),
    wrong("mixed-precision-trainer", "silent about a cut trail", "test-mixed-precision-detached",
        ("            warnings.warn(_NO_GRAPH, stacklevel=2)\n", ""),
        says=("wanted a warning", "a step that is not taken must not look like one")),
    wrong("mixed-precision-trainer", "clears before it asks", "test-mixed-precision-detached",
        ("        if not depends_on(loss,", "        self.optimizer.zero_grad()\n        if not depends_on(loss,"),
        says=("wanted 0 and 0", "ask before you touch them")),
    wrong("mixed-precision-trainer", "counts a step without a graph", "test-mixed-precision-detached", (
            "            return self._metrics(loss, overflow=False, valid=False)\n",
            ("            self.overflow_detected = False\n            self.update_loss_scale()\n            "
             "return self._metrics(loss, overflow=False, valid=False)\n"),
        ), says=("wanted (256.0, 3)", "there was nothing to adapt to")),
    wrong("mixed-precision-trainer", "a cut trail reported as an overflow", "test-mixed-precision-detached",
        ("self._metrics(loss, overflow=False, valid=False)", "self._metrics(loss, overflow=True, valid=False)"),
        says=("wanted no overflow and no valid gradients", "no step was taken")),
    wrong("mixed-precision-trainer", "master weights in half", "test-mixed-precision", (
            "            self.optimizer.step()\n",
            ("            self.optimizer.step()\n            for p in self.model.parameters():\n            "
             "    p.data = p.data.astype(self.dtype)\n"),
        ), says=("wanted float32 as it was", "the master weight is now float16, wanted float32 as it was")),
    wrong("mixed-precision-trainer", "thaws every layer", "test-mixed-precision-detached", (
            "        with autocast(self.dtype), np.errstate",
            ("        for p in self.model.parameters():\n            p.requires_grad = True\n        with "
             "autocast(self.dtype), np.errstate"),
        ), says=("wanted (False, False)", "leave it alone")),
    wrong("mixed-precision-trainer", "a loss of many numbers is let in", "test-mixed-precision-overflow",
        ("        check_single(loss)\n", ""), says=("wanted a ValueError", "ask whether it is one number")),
    right("mixed-precision-trainer", "scaled by hand in float32",
        ("return self.scaler.scale(loss)", "return loss.astype(np.float32) * self.loss_scale")),
    right("mixed-precision-trainer", "the gradients listed by a loop", (
            "self.overflow_detected = unscale([p.grad for p in parameters if p.grad is not None], self.loss_scale)",
            ("gradients = []\n        for p in parameters:\n            if p.grad is not None:\n             "
             "   gradients.append(p.grad)\n        self.overflow_detected = unscale(gradients, "
             "self.scaler.get_scale())"),
        )),
    right("mixed-precision-trainer", "the scaler's own step", (
            "        if valid:\n            self.optimizer.step()\n",
            "        if not self.overflow_detected:\n            self.optimizer.step()\n",
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
    wrong("technique-score", "stability counts for all", "test-technique-score",
        ("if workload.stability_critical:", "if True:"), says=("wanted 2", "go through the table line by line")),
    wrong("technique-score", "one point off for hardware", "test-technique-score",
        ("-2 if technique.hardware_dependency", "-1 if technique.hardware_dependency"),
        says=("wanted -3", "go through the table line by line")),
    wrong("technique-score", "development speed is overlooked", "test-technique-score",
        ('if workload.development_speed == "high":', "if False:"),
        says=("wanted 2", "go through the table line by line")),
    right("technique-score", "a sum of truths", solution="""
    w, t = workload, technique
    score = 2 * (w.memory_pressure in high and t.memory_benefit in {"medium", "high"})
    score += 2 * (w.latency_sensitive and t.latency_benefit not in {"none", "low"})
    score += w.stability_critical * ({"none": 1, "low": 1, "medium": -1}[t.stability_risk])
    score += (w.development_speed == "high") * (1 if t.implementation_cost in {"low", "medium"} else -1)
    return score + (w.hardware_variety in high) * (1 if t.hardware_dependency in {"low", "medium"} else -2)
    """),
    wrong("question-acceleration", "FLOPs over numbers", "test-question-acceleration",
        ("product_intensity, times_addition = 1024 / 6,", "product_intensity, times_addition = 1024 / 1.5,"),
        says=("FLOPs over bytes, not over numbers",)),
    wrong("question-acceleration", "an addition that reads one array", "test-question-acceleration",
        ("1024 / 6 * 12", "1024 / 6 * 8"), says=("reads two arrays and writes one",)),
    wrong("question-acceleration", "each step reads one array", "test-question-acceleration",
        ("4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2)", "4 * 16"), says=("read and written, 4 bytes each",)),
    wrong("question-acceleration", "numbers for bytes", "test-question-acceleration", (
            "unfused_bytes, fused_bytes = 4 * (2 + 2 + 3 + 2 + 2 + 2 + 3 + 2), 4 * 2",
            "unfused_bytes, fused_bytes = 18, 2",
        ), says=("read and written, 4 bytes each",)),
    wrong("question-acceleration", "the part that is left", "test-question-acceleration",
        ("100 * (1 - fused_bytes / unfused_bytes)", "100 * fused_bytes / unfused_bytes"),
        says=("is no longer moved, in percent",)),
    wrong("question-acceleration", "parameters of two bytes", "test-question-acceleration",
        ("100 * 18 + 50 * 2", "100 * 2 + 50 * 2"), says=("gradients, two numbers for Adam, activations",)),
    wrong("question-acceleration", "one number for Adam", "test-question-acceleration",
        ("100 * 16 + 50 * 4", "100 * 12 + 50 * 4"), says=("gradients, two numbers for Adam, activations",)),
    wrong("question-acceleration", "the smallest normal number", "test-question-acceleration",
        ("smallest_half, smallest_gradient = 2**-24,", "smallest_half, smallest_gradient = 2**-14,"),
        says=("subnormals count",)),
    wrong("question-acceleration", "without the rounding", "test-question-acceleration",
        ("2**-25 / 1024", "2**-24 / 1024"), says=("scaling, a little below does not",)),
    wrong("question-acceleration", "another technique", "test-question-acceleration",
        ('"Kernel Fusion"', '"Mixed Precision"'), says=("read the table of recommendations",)),
    right("question-acceleration", "decimal numbers", (
            "product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12",
            "product_intensity, times_addition = 170.67, 2048.0",
        )),
    wrong("technique-score", "the visible answers typed in", "test-technique-score", solution="""
    rows = [[2, 2, -3, -3], [1, 3, 1, 3], [3, 3, 1, 3], [4, 6, 1, 3], [1, 1, -1, 1]]
    if workload in WORKLOADS and technique in TECHNIQUES:
        return rows[WORKLOADS.index(workload)][TECHNIQUES.index(technique)]
    return 1
    """, says=("wanted 7", "go through the table line by line")),
]
