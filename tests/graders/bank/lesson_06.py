"""The bank for lesson 06: optimizers."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("descend", "uphill", "test-descend", ("data -= work", "data += work"), says=("left", "wanted", "downwards")),
    wrong("descend", "a new array under the old name", "test-descend", ("data -= work", "data = data - work"),
        says=("left", "wanted", "data itself")),
    wrong("descend", "no rate", "test-descend",
        ("np.multiply(direction, float(lr), out=work)", "work[...] = direction"), says=("left", "wanted")),
    wrong("descend", "the direction as a work array of one's own", "test-descend",
        (
                "np.multiply(direction, float(lr), out=work)\n    data -= work",
                "direction *= float(lr)\n    data -= direction",
            ),
        says=("the direction was changed",)),
    wrong("descend", "a work array cleared first", "test-descend",
        ("np.multiply(direction, float(lr), out=work)", "work[...] = 0\n    work += float(lr) * direction"),
        says=("as the work array too", "wanted")),
    wrong("descend", "a new array", "test-descend-in-place",
        ("np.multiply(direction, float(lr), out=work)\n    data -= work", "data -= float(lr) * direction"),
        says=("took", "write into work")),
    wrong("descend", "a result copied in", "test-descend-in-place",
        (
                "np.multiply(direction, float(lr), out=work)\n    data -= work",
                "data[...] = data - float(lr) * direction",
            ),
        says=("took", "write into work")),
    right("descend", "subtract with a place for its result",
        solution="""
    work[...] = direction
    work *= float(lr)
    np.subtract(data, work, out=data)
    """),

    wrong("gradient-for", "no cast", "test-gradient-for", ("gradient.astype(p.dtype, copy=False)", "gradient"),
        says=("came out as float16, wanted float32",)),
    wrong("gradient-for", "always a copy", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)", "gradient.astype(p.dtype)"), says=("nothing has to be copied",)),
    wrong("gradient-for", "always float32", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)", "gradient.astype(np.float32, copy=False)"),
        says=("float64", "came out as float32")),
    wrong("gradient-for", "the tensor for its array", "test-gradient-for",
        ("return gradient.astype(p.dtype, copy=False)", "return p.grad.astype(p.dtype)"),
        says=("came out as Tensor", "wanted an array")),
    wrong("gradient-for", "shapes not compared", "test-gradient-for-refuses",
        ("if gradient.shape != p.shape:", "if False:"), says=("was accepted", "(1,)", "(2,)")),
    wrong("gradient-for", "sizes compared", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "gradient.size != p.size"), says=("(3, 1)", "was accepted")),
    wrong("gradient-for", "axes counted", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "gradient.ndim != p.ndim"), says=("was accepted",)),
    wrong("gradient-for", "one shape in the message", "test-gradient-for-refuses",
        ("has a gradient of shape {gradient.shape}: they", "has another gradient: they"),
        says=("name (2,) and (1,)",)),
    wrong("gradient-for", "the weight for its gradient", "test-gradient-for", ("as_tensor(p.grad).data", "p.data"),
        says=("came out as", "wanted an array")),
    right("gradient-for", "asarray",
        solution="""
    numbers = p.grad.numpy()
    if numbers.shape == p.shape:
        return np.asarray(numbers, dtype=p.dtype)
    raise ValueError(f"gradient {numbers.shape}, parameter {p.shape}")
    """),

    wrong("with-decay", "added to the gradient itself", "test-with-decay",
        (
                (
                    "    np.multiply(data, weight_decay, out=out)\n"
                    "    out += gradient\n"
                    "    return out\n"
                ),
                (
                    "    gradient += weight_decay * data\n"
                    "    out[...] = gradient\n"
                    "    return out\n"
                ),
            ),
        says=("an input was changed",)),
    wrong("with-decay", "a new array", "test-with-decay",
        (
                (
                    "    np.multiply(data, weight_decay, out=out)\n"
                    "    out += gradient\n"
                    "    return out\n"
                ),
                "    return gradient + weight_decay * data\n",
            ),
        says=("should be in `out`",)),
    wrong("with-decay", "the gradient decays", "test-with-decay",
        (
                "np.multiply(data, weight_decay, out=out)\n    out += gradient",
                "np.multiply(gradient, weight_decay, out=out)\n    out += data",
            ),
        says=("decay 0.1", "which of the two")),
    wrong("with-decay", "taken away", "test-with-decay", ("out += gradient", "out -= gradient"),
        says=("decay 0.1", "wanted")),
    wrong("with-decay", "without the gradient", "test-with-decay", ("    out += gradient\n", ""),
        says=("decay 0.1", "wanted")),
    wrong("with-decay", "a detour where nothing decays", "test-with-decay",
        (
                (
                    "    if weight_decay == 0:\n"
                    "        return gradient\n"
                ),
                "",
            ),
        says=("without decay", "handed on")),
    wrong("with-decay", "the weights shrunk", "test-with-decay",
        (
                "np.multiply(data, weight_decay, out=out)\n    out += gradient",
                "data *= weight_decay\n    np.add(data, gradient, out=out)",
            ),
        says=("an input was changed",)),
    right("with-decay", "the gradient first",
        solution="""
    if not weight_decay:
        return gradient
    out[...] = data
    out *= weight_decay
    return np.add(gradient, out, out=out)
    """),

    wrong("with-momentum", "a velocity that is the gradient's own array", "test-with-momentum",
        ("gradient.copy()", "gradient"), says=("gradient's own array", "copy")),
    wrong("with-momentum", "an average for a velocity", "test-with-momentum",
        ("velocity += gradient", "velocity += (1 - momentum) * gradient"),
        says=("momentum 0.9", "at step 2", "wanted")),
    wrong("with-momentum", "nesterov overlooked", "test-with-momentum", ("if not nesterov:", "if True:"),
        says=("nesterov=True", "wanted")),
    wrong("with-momentum", "nesterov for all", "test-with-momentum", ("if not nesterov:", "if False:"),
        says=("nesterov=False", "wanted")),
    wrong("with-momentum", "a new velocity at each step", "test-with-momentum",
        (
                (
                    "        velocity *= momentum\n"
                    "        velocity += gradient\n"
                ),
                '        velocity = state["momentum_buffer"] = momentum * velocity + gradient\n',
            ),
        says=("change it in place",)),
    wrong("with-momentum", "a velocity that is not kept", "test-with-momentum",
        ('velocity = state["momentum_buffer"] = gradient.copy()', "velocity = gradient.copy()"),
        says=("state holds []", "momentum_buffer")),
    wrong("with-momentum", "friction forgotten", "test-with-momentum", ("        velocity *= momentum\n", ""),
        says=("at step 2", "wanted")),
    wrong("with-momentum", "a memory without momentum", "test-with-momentum",
        (
                (
                    "    if momentum == 0:\n"
                    "        return gradient\n"
                ),
                "",
            ),
        says=("momentum 0", "nothing is remembered")),
    wrong("with-momentum", "a look ahead without the gradient", "test-with-momentum", ("    out += gradient\n", ""),
        says=("nesterov=True", "wanted")),
    right("with-momentum", "a velocity in one line",
        (
                (
                    "        velocity *= momentum\n"
                    "        velocity += gradient\n"
                ),
                "        velocity[...] = velocity * momentum + gradient\n",
            )),
    right("with-momentum", "a velocity that starts from 0",
        (
                (
                    'velocity = state["momentum_buffer"] = gradient.copy()\n'
                    "    else:\n"
                    "        velocity *= momentum\n"
                    "        velocity += gradient\n"
                ),
                (
                    'velocity = state["momentum_buffer"] = np.zeros_like(gradient)\n'
                    "    np.multiply(velocity, momentum, out=velocity)\n"
                    "    np.add(velocity, gradient, out=velocity)\n"
                ),
            )),

    wrong("sgd", "a decay added to the gradient's own array", "test-sgd",
        (
                'gradient = with_decay(gradient, data, group["weight_decay"], work[0])',
                'gradient += group["weight_decay"] * data',
            ),
        says=("after the step p.grad is", "only read")),
    wrong("sgd", "the first group's lr in sgd", "test-sgd", ('group["lr"]', 'self.param_groups[0]["lr"]'),
        says=("SGD with two groups", "whose options")),
    wrong("sgd", "the first group's momentum in sgd", "test-sgd",
        ('group["momentum"]', 'self.param_groups[0]["momentum"]'), says=("SGD with two groups", "whose options")),
    wrong("sgd", "the first group's nesterov in sgd", "test-sgd",
        ('group["nesterov"]', 'self.param_groups[0]["nesterov"]'), says=("SGD with two groups", "whose options")),
    wrong("sgd", "the first group's weight_decay in sgd", "test-sgd",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
        says=("SGD with two groups", "whose options")),
    wrong("sgd", "one work array for two things", "test-sgd", ("work[1])", "work[0])"),
        says=("'nesterov': True, 'weight_decay': 0.2", "PyTorch's goes")),
    wrong("sgd", "decay after momentum", "test-sgd",
        solution="""
    direction = with_momentum(gradient, state, group["momentum"], group["nesterov"], work[1])
    direction = with_decay(direction, data, group["weight_decay"], work[0])
    descend(data, direction, group["lr"], work[0])
    """, says=("'weight_decay': 0.2", "PyTorch's goes")),
    wrong("sgd", "the gradient, not the direction", "test-sgd",
        ("descend(data, direction,", "descend(data, gradient,"), says=("'momentum': 0.9", "PyTorch's goes [1.95")),
    wrong("sgd", "the rate that it was made with", "test-sgd-data", ('group["lr"]', 'self.defaults["lr"]'),
        says=("lr changed to 2", "from `group`")),
    wrong("sgd", "a data that is replaced", "test-sgd-data",
        (
                'descend(data, direction, group["lr"], work[0])',
                (
                    'for p in group["params"]:\n'
                    "            if p.data is data:\n"
                    '                p.data = data - group["lr"] * direction'
                ),
            ),
        says=("in the array it was in",)),
    right("sgd", "written out",
        solution="""
    direction = with_decay(gradient, data, group["weight_decay"], work[0])
    direction = with_momentum(direction, state, group["momentum"], group["nesterov"], work[1])
    data -= np.asarray(float(group["lr"]) * direction, dtype=data.dtype)
    """),

    wrong("blend", "beta for the sample", "test-blend",
        (
                "np.multiply(sample, 1 - beta, out=work)\n    average *= beta",
                "np.multiply(sample, beta, out=work)\n    average *= 1 - beta",
            ),
        says=("beta 0.0", "who gets beta")),
    wrong("blend", "a sum for an average", "test-blend",
        ("np.multiply(sample, 1 - beta, out=work)", "work[...] = sample"), says=("beta 0.5", "wanted")),
    wrong("blend", "a new array under the old name", "test-blend",
        (
                (
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                "    average = average * beta + work\n",
            ),
        says=("gave", "wanted")),
    wrong("blend", "the sample used up", "test-blend",
        (
                (
                    "    np.multiply(sample, 1 - beta, out=work)\n"
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                (
                    "    sample *= 1 - beta\n"
                    "    average *= beta\n"
                    "    average += sample\n"
                ),
            ),
        says=("the sample was changed",)),
    wrong("blend", "the sample overwritten too early", "test-blend",
        (
                (
                    "np.multiply(sample, 1 - beta, out=work)\n"
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                (
                    "np.multiply(average, beta, out=work)\n"
                    "    work += (1 - beta) * sample\n"
                    "    average[...] = work\n"
                ),
            ),
        says=("as work array", "overwritten early")),
    wrong("blend", "no beta at all", "test-blend", ("    average *= beta\n", ""), says=("wanted",)),
    right("blend", "a step towards the sample",
        (
                (
                    "np.multiply(sample, 1 - beta, out=work)\n"
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                (
                    "np.subtract(sample, average, out=work)\n"
                    "    work *= 1 - beta\n"
                    "    average += work\n"
                ),
            )),

    wrong("adam-step", "no bias correction of the mean", "test-adam-step",
        ('lr / (1 - beta1 ** state["step"])', "lr"), says=("t=1", "wanted", "correct both averages")),
    wrong("adam-step", "no bias correction of the squares", "test-adam-step",
        ('    work /= math.sqrt(1 - beta2 ** state["step"])\n', ""), says=("t=1", "correct both averages")),
    wrong("adam-step", "a correction without its root", "test-adam-step",
        ('math.sqrt(1 - beta2 ** state["step"])', '(1 - beta2 ** state["step"])'), says=("t=1", "wanted")),
    wrong("adam-step", "eps inside the root", "test-adam-step",
        ('    np.sqrt(state["exp_avg_sq"], out=work)\n', '    np.sqrt(state["exp_avg_sq"] + eps, out=work)\n'),
        ("    work += eps\n", ""), says=("add eps to the root",)),
    wrong("adam-step", "eps before the correction", "test-adam-step",
        (
                (
                    '    work /= math.sqrt(1 - beta2 ** state["step"])\n'
                    "    work += eps\n"
                ),
                (
                    "    work += eps\n"
                    '    work /= math.sqrt(1 - beta2 ** state["step"])\n'
                ),
            ),
        says=("eps=0.1", "add eps to the root")),
    wrong("adam-step", "no eps", "test-adam-step", ("    work += eps\n", ""), says=("eps=0.1", "add eps")),
    wrong("adam-step", "no root", "test-adam-step",
        ('np.sqrt(state["exp_avg_sq"], out=work)', 'work[...] = state["exp_avg_sq"]'), says=("t=1", "wanted")),
    wrong("adam-step", "the betas swapped", "test-adam-step", ("beta1, beta2 = betas", "beta2, beta1 = betas"),
        says=("betas=(0.9, 0.999)", "wanted")),
    wrong("adam-step", "a state that is used up", "test-adam-step",
        (
                'np.divide(state["exp_avg"], work, out=work)',
                'state["exp_avg"] /= work\n    work[...] = state["exp_avg"]',
            ),
        says=("the state was changed",)),
    wrong("adam-step", "a step that is counted twice", "test-adam-step",
        ("beta1, beta2 = betas", 'beta1, beta2 = betas\n    state["step"] += 1'), says=("t=1", "wanted")),
    right("adam-step", "the paper's order",
        solution="""
    beta1, beta2 = betas
    mean = state["exp_avg"] / (1 - beta1 ** state["step"])
    square = state["exp_avg_sq"] / (1 - beta2 ** state["step"])
    data -= (lr * mean / (np.sqrt(square) + eps)).astype(data.dtype)
    """),

    wrong("adam", "the squares in the gradient's own array", "test-adam",
        (
                'np.multiply(gradient, gradient, out=work[1])\n        blend(state["exp_avg_sq"], work[1]',
                'np.multiply(gradient, gradient, out=gradient)\n        blend(state["exp_avg_sq"], gradient',
            ),
        says=("after the step p.grad is", "only read")),
    wrong("adam", "the first group's lr in adam", "test-adam-groups", ('group["lr"]', 'self.param_groups[0]["lr"]'),
        says=("groups with lr",)),
    wrong("adam", "the first group's eps in adam", "test-adam-groups",
        ('group["eps"]', 'self.param_groups[0]["eps"]'), says=("whose options",)),
    wrong("adam", "the first group's weight_decay in adam", "test-adam-groups",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'), says=("whose options",)),
    wrong("adam", "the first group's betas in adam", "test-adam-groups",
        ('beta2 = group["betas"]', 'beta2 = self.param_groups[0]["betas"]'), says=("whose options",)),
    wrong("adam", "the first group's betas in Adam's step", "test-adam-groups",
        ('group["lr"], group["betas"]', 'group["lr"], self.param_groups[0]["betas"]'), says=("whose options",)),
    wrong("adam", "a step that is not counted", "test-adam", ('        state["step"] += 1\n', ""),
        says=("Adam(", "in the state")),
    wrong("adam", "the gradient where its square belongs", "test-adam",
        ("np.multiply(gradient, gradient, out=work[1])", "work[1][...] = gradient"), says=("Adam(", "PyTorch's goes")),
    wrong("adam", "one beta for both", "test-adam",
        (
                'blend(state["exp_avg_sq"], work[1], beta2, work[1])',
                'blend(state["exp_avg_sq"], work[1], beta1, work[1])',
            ),
        says=("Adam(", "PyTorch's goes")),
    wrong("adam", "no decay", "test-adam",
        ('gradient = with_decay(gradient, data, group["weight_decay"], work[0])', "pass"),
        says=("'weight_decay': 0.3", "PyTorch's goes")),
    wrong("adam", "the mean written over", "test-adam",
        (
                'blend(state["exp_avg"], gradient, beta1, work[1])',
                'blend(state["exp_avg"], gradient, beta1, work[0])',
            ),
        says=("'weight_decay': 0.3", "PyTorch's goes")),
    right("adam", "the second average first",
        solution="""
    state["step"] = state["step"] + 1
    first, second = group["betas"]
    total = with_decay(gradient, data, group["weight_decay"], work[0])
    np.square(total, out=work[1])
    blend(state["exp_avg_sq"], work[1], second, work[1])
    blend(state["exp_avg"], total, first, work[1])
    adam_step(data, state, float(group["lr"]), (first, second), group["eps"], work[0])
    """),

    wrong("adamw", "AdamW's decay left in the gradient too", "test-adamw",
        ('{**group, "weight_decay": 0.0}', "group"), says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "the first group's lr in adamw", "test-adamw", ('group["lr"]', 'self.param_groups[0]["lr"]'),
        says=("AdamW with two groups", "whose options")),
    wrong("adamw", "the first group's weight_decay in adamw", "test-adamw",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
        says=("AdamW with two groups", "whose options")),
    wrong("adamw", "Adam's decay", "test-adamw",
        (
                (
                    'data *= 1 - float(group["lr"]) * group["weight_decay"]\n'
                    '        super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)'
                ),
                "super().update(data, gradient, state, group, work)",
            ),
        says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "decay without the rate", "test-adamw",
        ('float(group["lr"]) * group["weight_decay"]', 'group["weight_decay"]'), says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "a decay that grows", "test-adamw", ("data *= 1 - float", "data *= 1 + float"),
        says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "a decay of a copy", "test-adamw",
        (
                'data *= 1 - float(group["lr"]) * group["weight_decay"]',
                'data = data * (1 - float(group["lr"]) * group["weight_decay"])',
            ),
        says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "decay after the step", "test-adamw",
        solution="""
    super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)
    data *= 1 - float(group["lr"]) * group["weight_decay"]
    """, says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "a group that forgets its decay", "test-adamw",
        (
                'super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)',
                'group["weight_decay"] = 0.0\n        super().update(data, gradient, state, group, work)',
            ),
        says=("AdamW(", "PyTorch's goes")),
    right("adamw", "AdamW's decay as a difference",
        (
                'data *= 1 - float(group["lr"]) * group["weight_decay"]',
                'data -= data * (group["lr"] * group["weight_decay"])',
            )),

    wrong("question-optimizers", "half of it", "test-question-optimizers", ("2 / 25", "1 / 25"),
        says=("largest_lr is 0.04", "just above")),
    wrong("question-optimizers", "the other way's rate", "test-question-optimizers", ("2 / 25", "2.0"),
        says=("largest_lr is 2.0", "just below")),
    wrong("question-optimizers", "the momentum itself", "test-question-optimizers", ("1 / (1 - 0.9)", "0.9"),
        says=("final_factor is 0.9", "stop changing")),
    wrong("question-optimizers", "one step less", "test-question-optimizers", ("1 / (1 - 0.9)", "9"),
        says=("final_factor is 9", "stop changing")),
    wrong("question-optimizers", "one average", "test-question-optimizers",
        ("2 * 4 * (64 * 128 + 128 + 128 * 10 + 10)", "4 * (64 * 128 + 128 + 128 * 10 + 10)"),
        says=("adam_bytes is 38440", "the bytes for each")),
    wrong("question-optimizers", "weights without biases", "test-question-optimizers",
        ("64 * 128 + 128 + 128 * 10 + 10", "64 * 128 + 128 * 10"), says=("adam_bytes is 75776", "biases")),
    right("question-optimizers", "answers as results", ("2 / 25", "0.08")),
]
