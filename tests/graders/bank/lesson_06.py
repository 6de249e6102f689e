"""The bank for lesson 06: optimizers."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

NOT_FINITE = "        if not np.isfinite(gradient).all():\n            return\n"
NO_GRADIENT = "        if not gradient.any():\n            return\n"

# fmt: off
CASES: list[Case] = [
    wrong("descend", "uphill", "test-descend", ("data -= work", "data += work"), says=("gave", "wanted", "downwards")),
    wrong("descend", "a new array under the old name", "test-descend", ("data -= work", "data = data - work"),
        says=("gave", "wanted", "data itself")),
    wrong("descend", "a NumPy number for the rate", "test-descend", ("float(lr)", "lr"),
        says=("np.float64(0.1)", "gave", "in its own type")),
    wrong("descend", "no rate", "test-descend",
        ("np.multiply(direction, float(lr), out=work)", "work[...] = direction"), says=("gave", "wanted")),
    wrong("descend", "the direction as a work array of one's own", "test-descend",
        (
                "np.multiply(direction, float(lr), out=work)\n    data -= work",
                "direction *= float(lr)\n    data -= direction",
            ),
        says=("changed direction", "only data and work")),
    wrong("descend", "a work array cleared first", "test-descend",
        ("np.multiply(direction, float(lr), out=work)", "work[...] = 0\n    work += float(lr) * direction"),
        says=("with the direction as work array", "wanted")),
    wrong("descend", "a new array", "test-descend-in-place",
        ("np.multiply(direction, float(lr), out=work)\n    data -= work", "data -= float(lr) * direction"),
        says=("of new memory", "write into work")),
    wrong("descend", "a result copied in", "test-descend-in-place",
        (
                "np.multiply(direction, float(lr), out=work)\n    data -= work",
                "data[...] = data - float(lr) * direction",
            ),
        says=("of new memory", "write into work")),
    wrong("descend", "a rate rounded to float32", "test-descend", ("float(lr)", "np.float32(lr)"),
        says=("in float64 gave", "in its own type")),
    wrong("descend", "all elements by a slice", "test-descend",
        ("data -= work", "data[:] = data - work"), says=("no axes",)),
    wrong("descend", "through flat views", "test-descend",
        solution="""
    np.multiply(direction, float(lr), out=work)
    flat = data.reshape(-1)
    flat -= work.reshape(-1)
    """, says=("descend([[6, 1], [0, 8]]", "wanted -inf", "change data itself")),
    wrong("descend", "steps that are not finite left out", "test-descend",
        ("data -= work", "np.subtract(data, work, out=data, where=np.isfinite(work))"),
        says=("gave 1, wanted -inf", "downwards")),
    wrong("descend", "long steps shortened", "test-descend",
        ("data -= work", "np.clip(work, -1e3, 1e3, out=work)\n    data -= work"), says=("gave -999, wanted -inf",)),
    wrong("descend", "row by row", "test-descend",
        solution="""
    for row, step, product in zip(data, direction, work):
        np.multiply(step, float(lr), out=product)
        row -= product
    """, says=("failed", "an array may have no axes")),
    wrong("descend", "NumPy told to be silent, for good", "test-descend",
        ("data -= work", "np.seterr(all='ignore')\n    data -= work"), says=("called np.seterr", "np.errstate")),
    wrong("descend", "a direction that is put back", "test-descend",
        solution="""
    direction *= float(lr)
    data -= direction
    if direction is not work:
        direction /= float(lr)
    """, says=("changed direction, from", "only data and work")),
    right("descend", "upwards by the opposite",
        solution="""
    np.multiply(direction, -float(lr), out=work)
    np.add(data, work, out=data)
    """),
    right("descend", "subtract with a place for its result",
        solution="""
    work[...] = direction
    work *= float(lr)
    np.subtract(data, work, out=data)
    """),

    wrong("gradient-for", "no cast", "test-gradient-for", ("gradient.astype(p.dtype, copy=False)", "gradient"),
        says=("is float16, wanted float32",)),
    wrong("gradient-for", "always a copy", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)", "gradient.astype(p.dtype)"),
        says=("made a copy", "nothing to convert")),
    wrong("gradient-for", "always float32", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)", "gradient.astype(np.float32, copy=False)"),
        says=("is float32, wanted float64",)),
    wrong("gradient-for", "the tensor for its array", "test-gradient-for",
        ("return gradient.astype(p.dtype, copy=False)", "return p.grad.astype(p.dtype)"),
        says=("gave a Tensor", "wanted an array")),
    wrong("gradient-for", "shapes not compared", "test-gradient-for-refuses",
        ("if gradient.shape != p.shape:", "if False:"), says=("was accepted", "(1,)", "(2,)")),
    wrong("gradient-for", "sizes compared", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "gradient.size != p.size"), says=("(3, 1)", "was accepted")),
    wrong("gradient-for", "axes counted", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "gradient.ndim != p.ndim"), says=("was accepted",)),
    wrong("gradient-for", "one shape in the message", "test-gradient-for-refuses",
        ("has a gradient of shape {gradient.shape}", "has another gradient"),
        says=("(1,)", "name both shapes")),
    wrong("gradient-for", "the weight for its gradient", "test-gradient-for", ("as_tensor(p.grad).data", "p.data"),
        says=("gave 1, wanted",)),
    wrong("gradient-for", "nan made 0", "test-gradient-for",
        (
                "gradient.astype(p.dtype, copy=False)",
                "np.nan_to_num(gradient.astype(p.dtype, copy=False), copy=False)",
            ),
        says=("nan", "all of them")),
    wrong("gradient-for", "infinities made large numbers", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)", "np.maximum(gradient.astype(p.dtype, copy=False), -1e30)"),
        says=("wanted -inf", "all of them")),
    wrong("gradient-for", "an assertion", "test-gradient-for-refuses",
        (
                'raise ValueError(f"{shapes}: they must be equal")',
                'assert False, f"{shapes}: they must be equal"',
            ),
        says=("raised AssertionError", "wanted a ValueError")),
    wrong("gradient-for", "a conversion that is left in p.grad", "test-gradient-for",
        (
                "    return gradient.astype(p.dtype, copy=False)",
                "    if gradient.dtype != p.dtype:\n        p.grad = Tensor(gradient, dtype=p.dtype)\n"
                "    return p.grad.data",
            ),
        says=("changed p.grad", "only read")),
    wrong("gradient-for", "sizes of types compared", "test-gradient-for",
        ("gradient.astype(p.dtype, copy=False)",
         "gradient if gradient.itemsize == p.data.itemsize else gradient.astype(p.dtype)"),
        says=("is float16, wanted bfloat16",)),
    wrong("gradient-for", "a gradient that is used up", "test-gradient-for",
        ("    return gradient.astype", "    p.grad = None\n    return gradient.astype"), says=("changed p.grad",)),
    wrong("gradient-for", "a gradient that is locked", "test-gradient-for",
        ("    return gradient.astype(p.dtype, copy=False)",
         "    found = gradient.astype(p.dtype, copy=False)\n    found.flags.writeable = False\n    return found"),
        says=("changed p.grad",)),
    wrong("gradient-for", "reshaped where the sizes agree", "test-gradient-for-refuses",
        ("    if gradient.shape != p.shape:", "    gradient = gradient.reshape(p.shape) if gradient.size == p.size "
         "else gradient\n    if gradient.shape != p.shape:"), says=("(3, 1)", "was accepted")),
    wrong("gradient-for", "lengths of 1 overlooked", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "np.squeeze(gradient).shape != np.squeeze(p.data).shape"),
        says=("was accepted", "name both shapes")),
    wrong("gradient-for", "one number for all", "test-gradient-for-refuses",
        ("gradient.shape != p.shape", "gradient.shape != p.shape and gradient.size != 1"),
        says=("(1,)", "was accepted")),
    wrong("gradient-for", "a number where there are no axes", "test-gradient-for",
        ("return gradient.astype(p.dtype, copy=False)",
         "return gradient.astype(p.dtype, copy=False) if p.shape else p.dtype.type(gradient)"),
        says=("gave a float16, wanted an array",)),
    wrong("gradient-for", "large numbers limited", "test-gradient-for",
        ("return gradient.astype(p.dtype, copy=False)",
         "top = np.finfo(gradient.dtype).max\n    found = gradient.astype(p.dtype, copy=False)\n"
         "    return np.maximum(found, -top) if np.isinf(found).any() else found"),
        says=("wanted -inf", "all of them")),
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
        says=("changed gradient", "write into out")),
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
        says=("with_decay([1, 1]", "which of the two")),
    wrong("with-decay", "taken away", "test-with-decay", ("out += gradient", "out -= gradient"),
        says=("gave", "wanted")),
    wrong("with-decay", "without the gradient", "test-with-decay", ("    out += gradient\n", ""),
        says=("gave", "wanted")),
    wrong("with-decay", "a detour where nothing decays", "test-with-decay",
        (
                (
                    "    if weight_decay == 0:\n"
                    "        return gradient\n"
                ),
                "",
            ),
        says=("decay of 0", "the gradient itself")),
    wrong("with-decay", "the weights shrunk", "test-with-decay",
        (
                "np.multiply(data, weight_decay, out=out)\n    out += gradient",
                "data *= weight_decay\n    np.add(data, gradient, out=out)",
            ),
        says=("changed data", "write into out")),
    wrong("with-decay", "a sum that is copied in", "test-with-decay",
        ("np.multiply(data, weight_decay, out=out)\n    out += gradient", "out[...] = gradient + weight_decay * data"),
        says=("of new memory", "write every result into out")),
    wrong("with-decay", "through flat views", "test-with-decay",
        solution="""
    if weight_decay == 0:
        return gradient
    flat = out.reshape(-1)
    np.multiply(data.reshape(-1), weight_decay, out=flat)
    flat += gradient.reshape(-1)
    return out
    """, says=("with_decay([[3, 0], [5, 1]]", "wanted")),
    wrong("with-decay", "a weight of nan that does not decay", "test-with-decay",
        ("out += gradient", "np.copyto(out, 0, where=np.isnan(out))\n    out += gradient"), says=("wanted nan",)),
    wrong("with-decay", "a small decay taken for none", "test-with-decay",
        ("weight_decay == 0", "weight_decay < 0.01"), says=("0.001, out)", "wanted")),
    wrong("with-decay", "a decay in float32", "test-with-decay",
        ("np.multiply(data, weight_decay, out=out)", "np.multiply(data, np.float32(weight_decay), out=out)"),
        says=("in float64 gave", "wanted 2")),
    wrong("with-decay", "the sign alone", "test-with-decay",
        ("np.multiply(data, weight_decay, out=out)", "np.multiply(np.sign(data), weight_decay, out=out)"),
        says=("gave 1.1, wanted 2",)),
    wrong("with-decay", "a view of out", "test-with-decay", ("    return out", "    return out[...]"),
        says=("should be in `out`",)),
    right("with-decay", "the gradient first",
        solution="""
    if not weight_decay:
        return gradient
    out[...] = data
    out *= weight_decay
    return np.add(gradient, out, out=out)
    """),

    wrong("with-momentum", "a velocity that is the gradient's own array", "test-with-momentum",
        ("gradient.copy()", "gradient"), says=("gradient's own array", "wanted a copy")),
    wrong("with-momentum", "an average for a velocity", "test-with-momentum",
        ("velocity += gradient", "velocity += (1 - momentum) * gradient"),
        says=("step 2 of momentum 0.5", "wanted")),
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
        says=("made a new velocity", "in place")),
    wrong("with-momentum", "a velocity that is not kept", "test-with-momentum",
        ('velocity = state["momentum_buffer"] = gradient.copy()', "velocity = gradient.copy()"),
        says=("left [] in state", "momentum_buffer")),
    wrong("with-momentum", "friction forgotten", "test-with-momentum", ("        velocity *= momentum\n", ""),
        says=("step 2 of", "wanted")),
    wrong("with-momentum", "a memory without momentum", "test-with-momentum",
        (
                (
                    "    if momentum == 0:\n"
                    "        return gradient\n"
                ),
                "",
            ),
        says=("momentum 0", "nothing remembered")),
    wrong("with-momentum", "a look ahead without the gradient", "test-with-momentum", ("    out += gradient\n", ""),
        says=("nesterov=True", "wanted")),
    wrong("with-momentum", "a velocity in one line", "test-with-momentum",
        (
                (
                    "        velocity *= momentum\n"
                    "        velocity += gradient\n"
                ),
                "        velocity[...] = velocity * momentum + gradient\n",
            ),
        says=("of new memory", "write into out or into the velocity")),
    wrong("with-momentum", "a copy of the velocity", "test-with-momentum",
        ("        return velocity\n", "        return velocity.copy()\n"),
        says=("returned a copy", "the velocity itself")),
    wrong("with-momentum", "the gradient used up", "test-with-momentum",
        ("    out += gradient\n    return out\n", "    gradient += out\n    return gradient\n"),
        says=("changed gradient", "write into out")),
    wrong("with-momentum", "a velocity in float64", "test-with-momentum",
        ("gradient.copy()", "gradient.astype(np.float64)"), says=("is float64, wanted float32",)),
    wrong("with-momentum", "nesterov without momentum", "test-with-momentum",
        ("if momentum == 0:", "if momentum == 0 and not nesterov:"), says=("momentum 0", "the gradient itself")),
    wrong("with-momentum", "a velocity that is dropped without momentum", "test-with-momentum",
        ("    if momentum == 0:\n", "    if momentum == 0:\n        state.clear()\n"),
        says=("momentum 0", "gave [], wanted ['momentum_buffer']")),
    wrong("with-momentum", "a velocity of 0 taken for none", "test-with-momentum",
        ("if velocity is None:", "if velocity is None or not velocity.any():"),
        says=("step 3", "made a new velocity")),
    wrong("with-momentum", "a look ahead by the old velocity", "test-with-momentum",
        solution="""
    if momentum == 0:
        return gradient
    if "momentum_buffer" not in state:
        state["momentum_buffer"] = np.zeros_like(gradient)
    velocity = state["momentum_buffer"]
    np.multiply(velocity, momentum, out=out)
    out += gradient
    velocity *= momentum
    velocity += gradient
    return out if nesterov else velocity
    """, says=("nesterov=True", "wanted 6")),
    wrong("with-momentum", "the array out kept as the velocity", "test-with-momentum",
        ('velocity = state["momentum_buffer"] = gradient.copy()',
         'out[...] = gradient\n        velocity = state["momentum_buffer"] = out'),
        says=("the velocity in state gave", "running sum")),
    wrong("with-momentum", "a first step without a look ahead", "test-with-momentum",
        ('state["momentum_buffer"] = gradient.copy()',
         'state["momentum_buffer"] = gradient.copy()\n        return velocity'),
        says=("step 1", "gave 4, wanted 6")),
    wrong("with-momentum", "a velocity in float32", "test-with-momentum",
        ("gradient.copy()", "gradient.astype(np.float32)"), says=("the velocity in state gave", "wanted")),
    wrong("with-momentum", "a first velocity that is damped", "test-with-momentum",
        ("gradient.copy()", "(1 - momentum) * gradient"), says=("step 1", "gave 2, wanted 4")),
    right("with-momentum", "the velocity where it is kept",
        solution="""
    if not momentum:
        return gradient
    if "momentum_buffer" in state:
        state["momentum_buffer"] *= momentum
        state["momentum_buffer"] += gradient
    else:
        state["momentum_buffer"] = np.array(gradient)
    if not nesterov:
        return state["momentum_buffer"]
    np.multiply(state["momentum_buffer"], momentum, out=out)
    return np.add(out, gradient, out=out)
    """),
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
        says=("changed gradient", "only read")),
    wrong("sgd", "the first group's lr in sgd", "test-sgd", ('group["lr"]', 'self.param_groups[0]["lr"]'),
        says=("SGD with two weights", "whose options")),
    wrong("sgd", "the first group's momentum in sgd", "test-sgd",
        ('group["momentum"]', 'self.param_groups[0]["momentum"]'), says=("SGD with two weights", "whose options")),
    wrong("sgd", "the first group's nesterov in sgd", "test-sgd",
        ('group["nesterov"]', 'self.param_groups[0]["nesterov"]'), says=("SGD with two weights", "whose options")),
    wrong("sgd", "the first group's weight_decay in sgd", "test-sgd",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
        says=("SGD with two weights", "whose options")),
    wrong("sgd", "one work array for two things", "test-sgd", ("work[1])", "work[0])"),
        says=("'nesterov': True, 'weight_decay': 0.2", "PyTorch's goes")),
    wrong("sgd", "decay after momentum", "test-sgd",
        solution="""
    direction = with_momentum(gradient, state, group["momentum"], group["nesterov"], work[1])
    direction = with_decay(direction, data, group["weight_decay"], work[0])
    descend(data, direction, group["lr"], work[0])
    """, says=("'weight_decay': 0.2", "PyTorch's goes")),
    wrong("sgd", "the gradient, not the direction", "test-sgd",
        ("descend(data, direction,", "descend(data, gradient,"), says=("'momentum': 0.9", "wanted 1.594")),
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
        says=("another array into the parameter",)),
    wrong("sgd", "a plain gradient as work array", "test-sgd-data",
        (
                'descend(data, direction, group["lr"], work[0])',
                'descend(data, direction, group["lr"], work[0] if group["momentum"] else direction)',
            ),
        says=("changed gradient", "only read")),
    right("sgd", "written out",
        solution="""
    direction = with_decay(gradient, data, group["weight_decay"], work[0])
    direction = with_momentum(direction, state, group["momentum"], group["nesterov"], work[1])
    np.multiply(direction, float(group["lr"]), out=work[0])
    np.subtract(data, work[0], out=data)
    """),
    wrong("sgd", "a step left out where the gradient is not finite", "test-sgd",
        ("        gradient = with_decay", NOT_FINITE + "        gradient = with_decay"),
        says=("gradients 1, nan and inf", "should show it")),
    wrong("sgd", "a step left out where the gradient is 0", "test-sgd",
        ("        gradient = with_decay", NO_GRADIENT + "        gradient = with_decay"),
        says=("[1.0, 0.0, 0.0, 0.5]", "gave 1.9, wanted 1.729")),
    wrong("sgd", "something noted in the group", "test-sgd",
        ("        descend(", '        group["steps"] = group.get("steps", 0) + 1\n        descend('),
        says=("a group that can only be read", "leave the group as it is")),
    wrong("sgd", "a gradient that is used up", "test-sgd-data",
        ('group["lr"], work[0])',
         'group["lr"], work[0])\n        for p in group["params"]:\n            p.grad = None'),
        says=("now at 3 with lr changed to 2 gave 3",)),
    wrong("sgd", "the decay beside the gradient", "test-sgd",
        ('gradient = with_decay(gradient, data, group["weight_decay"], work[0])',
         'data *= 1 - group["lr"] * group["weight_decay"]'), says=("'weight_decay': ", "PyTorch's goes")),
    wrong("sgd", "both in the second work array", "test-sgd",
        ('group["weight_decay"], work[0])', 'group["weight_decay"], work[1])'), says=("'weight_decay': 0.2",)),
    wrong("sgd", "a rate in float32", "test-sgd-data",
        ('group["lr"]', 'np.float32(group["lr"])'), says=("in float64", "wanted 0.9")),
    wrong("sgd", "a new array at each step", "test-sgd",
        (
                'descend(data, direction, group["lr"], work[0])',
                'data -= np.asarray(float(group["lr"]) * direction, dtype=data.dtype)',
            ),
        says=("a step of SGD", "of new memory")),
    wrong("sgd", "one velocity for all weights", "test-sgd",
        ("with_momentum(gradient, state,", 'with_momentum(gradient, vars(self).setdefault("shared", {}),'),
        says=("SGD with two weights", "whose state")),

    wrong("blend", "beta for the sample", "test-blend",
        (
                "np.multiply(sample, 1 - beta, out=work)\n    average *= beta",
                "np.multiply(sample, beta, out=work)\n    average *= 1 - beta",
            ),
        says=("blend([8, 0]", "who gets beta")),
    wrong("blend", "a sum for an average", "test-blend",
        ("np.multiply(sample, 1 - beta, out=work)", "work[...] = sample"), says=("blend([8, 0]", "wanted")),
    wrong("blend", "a new array under the old name", "test-blend",
        (
                (
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                "    average = average * beta + work\n",
            ),
        says=("gave", "wanted")),
    wrong("blend", "an average that is copied in", "test-blend",
        (
                (
                    "    np.multiply(sample, 1 - beta, out=work)\n"
                    "    average *= beta\n"
                    "    average += work\n"
                ),
                "    average[...] = beta * average + (1 - beta) * sample\n",
            ),
        says=("of new memory", "every product")),
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
        says=("changed sample", "only average and work")),
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
        says=("with the sample as work array", "overwritten too early")),
    wrong("blend", "no beta at all", "test-blend", ("    average *= beta\n", ""), says=("wanted",)),
    wrong("blend", "shares rounded to float32", "test-blend",
        ("average *= beta", "average *= np.float32(beta)"), says=("in float64 gave",)),
    wrong("blend", "through flat views", "test-blend",
        ("    average *= beta\n    average += work\n",
         "    flat = average.reshape(-1)\n    flat *= beta\n    flat += work.reshape(-1)\n"),
        says=("blend([[1, 2], [3, 4]]", "average itself")),
    wrong("blend", "a sample of 0 passed over", "test-blend",
        ("    np.multiply(sample", "    if not sample.any():\n        return\n    np.multiply(sample"),
        says=("blend([4, 2], [0, 0], 0.5, work)", "gave 4, wanted 2")),
    wrong("blend", "samples that are not finite passed over", "test-blend",
        ("average += work", "np.add(average, work, out=average, where=np.isfinite(work))"), says=("wanted inf",)),
    wrong("blend", "large samples limited", "test-blend",
        ("average += work", "average += np.clip(work, -1e4, 1e4, out=work)"), says=("gave 10001, wanted inf",)),
    wrong("blend", "beta of 0 taken for none", "test-blend",
        ("    np.multiply(sample", "    beta = beta or 0.9\n    np.multiply(sample"), says=("0.0, work)", "wanted 3")),
    wrong("blend", "the first sample whole", "test-adam",
        ("    np.multiply(sample", "    if not average.any():\n        beta = 0.0\n    np.multiply(sample"),
        says=("Adam(", "PyTorch's goes")),
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
        (
                '    np.sqrt(state["exp_avg_sq"], out=work)\n',
                '    np.add(state["exp_avg_sq"], eps, out=work)\n    np.sqrt(work, out=work)\n',
            ),
        ("    work += eps\n", ""), says=("then add eps to the root",)),
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
        says=("eps=2.0", "add eps to the root")),
    wrong("adam-step", "no eps", "test-adam-step", ("    work += eps\n", ""), says=("eps=2.0", "add eps")),
    wrong("adam-step", "no root", "test-adam-step",
        ('np.sqrt(state["exp_avg_sq"], out=work)', 'work[...] = state["exp_avg_sq"]'), says=("t=1", "wanted")),
    wrong("adam-step", "the betas swapped", "test-adam-step", ("beta1, beta2 = betas", "beta2, beta1 = betas"),
        says=("betas=(0.9, 0.99)", "wanted")),
    wrong("adam-step", "a state that is used up", "test-adam-step",
        (
                'np.divide(state["exp_avg"], work, out=work)',
                'state["exp_avg"] /= work\n    work[...] = state["exp_avg"]',
            ),
        says=("changed exp_avg", "only read here")),
    wrong("adam-step", "a step that is counted twice", "test-adam-step",
        ("beta1, beta2 = betas", 'beta1, beta2 = betas\n    state["step"] += 1'), says=("t=1", "wanted")),
    wrong("adam-step", "the paper's formula, with new arrays", "test-adam-step",
        solution="""
    beta1, beta2 = betas
    mean = state["exp_avg"] / (1 - beta1 ** state["step"])
    square = state["exp_avg_sq"] / (1 - beta2 ** state["step"])
    data -= (lr * mean / (np.sqrt(square) + eps)).astype(data.dtype)
    """, says=("of new memory", "write every result into work")),
    wrong("adam-step", "a root in an array of its own", "test-adam-step",
        ('np.sqrt(state["exp_avg_sq"], out=work)', 'work[...] = np.sqrt(state["exp_avg_sq"])'),
        says=("of new memory", "into work")),
    wrong("adam-step", "the larger of the root and eps", "test-adam-step",
        ("work += eps", "np.maximum(work, eps, out=work)"), says=("eps=2.0", "add eps to the root")),
    wrong("adam-step", "corrections at the beginning alone", "test-adam-step",
        ('math.sqrt(1 - beta2 ** state["step"])',
         'math.sqrt(1 - beta2 ** state["step"] if state["step"] < 100 else 1)'),
        says=("t=500", "correct both averages")),
    wrong("adam-step", "one correction for both", "test-adam-step",
        ('1 - beta1 ** state["step"]', '1 - beta2 ** state["step"]'), says=("wanted", "correct both averages")),
    wrong("adam-step", "steps counted from 0", "test-adam-step",
        ('1 - beta1 ** state["step"]', '1 - beta1 ** (state["step"] + 1)'), says=("wanted -10", "both averages")),
    wrong("adam-step", "nan hidden", "test-adam-step",
        ("    descend(data", "    np.nan_to_num(work, copy=False)\n    descend(data"), says=("gave 7, wanted nan",)),
    wrong("adam-step", "an eps of one's own", "test-adam-step", ("work += eps", "work += max(eps, 1e-8)"),
        says=("eps=0.0", "gave 7, wanted nan")),
    wrong("adam-step", "nothing divided by 0", "test-adam-step",
        ('np.divide(state["exp_avg"], work, out=work)', 'np.divide(state["exp_avg"], work, out=work, where=work > 0)'),
        says=("eps=0.0", "gave 7, wanted nan")),
    wrong("adam-step", "steps no longer than lr", "test-adam-step",
        ("    descend(data", "    np.clip(work, -1, 1, out=work)\n    descend(data"), says=("gave", "wanted")),
    wrong("adam-step", "something noted in the state", "test-adam-step",
        ("    beta1, beta2 = betas\n", '    beta1, beta2 = betas\n    state["betas"] = betas\n'),
        says=("the names in state", "only read here")),
    right("adam-step", "the squares corrected before the root",
        solution="""
    beta1, beta2 = betas
    np.divide(state["exp_avg_sq"], 1 - beta2 ** state["step"], out=work)
    np.sqrt(work, out=work)
    np.add(work, eps, out=work)
    np.divide(state["exp_avg"], work, out=work)
    work *= float(lr) / (1 - beta1 ** state["step"])
    np.subtract(data, work, out=data)
    """),

    wrong("adam", "the squares in the gradient's own array", "test-adam",
        (
                'np.multiply(gradient, gradient, out=work[1])\n        blend(state["exp_avg_sq"], work[1]',
                'np.multiply(gradient, gradient, out=gradient)\n        blend(state["exp_avg_sq"], gradient',
            ),
        says=("changed gradient", "only read")),
    wrong("adam", "the first group's lr in adam", "test-adam-groups", ('group["lr"]', 'self.param_groups[0]["lr"]'),
        says=("Adam with two weights", "whose options")),
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
    wrong("adam", "a square in a new array", "test-adam",
        (
                'np.multiply(gradient, gradient, out=work[1])\n        blend(state["exp_avg_sq"], work[1]',
                'blend(state["exp_avg_sq"], gradient * gradient',
            ),
        says=("a step of Adam", "of new memory")),
    wrong("adam", "one state for all weights", "test-adam-groups",
        (
                '        state["step"] += 1\n',
                '        state = vars(self).setdefault("shared", state)\n        state["step"] += 1\n',
            ),
        says=("Adam with two weights", "whose state")),
    wrong("adam", "a step left out where the gradient is not finite", "test-adam",
        ('        state["step"] += 1\n', NOT_FINITE + "        state['step'] += 1\n"),
        says=("gradients 1, nan and inf", "should show it")),
    wrong("adam", "a step left out where the gradient is 0", "test-adam",
        ('        state["step"] += 1\n', NO_GRADIENT + "        state['step'] += 1\n"),
        says=("[1.0, 0.0, 0.0]", "gave 1.9, wanted 1.78")),
    wrong("adam", "steps counted for all weights together", "test-adam-groups",
        ('        state["step"] += 1\n',
         '        self.t = getattr(self, "t", 0) + 1\n        state["step"] = self.t\n'),
        says=("Adam with two weights", "whose state")),
    wrong("adam", "the count in the group", "test-adam",
        ('        state["step"] += 1\n', '        group["step"] = state["step"] = state["step"] + 1\n'),
        says=("a group that can only be read", "leave the group as it is")),
    wrong("adam", "the decay beside the gradient", "test-adam",
        ('gradient = with_decay(gradient, data, group["weight_decay"], work[0])',
         'data *= 1 - group["lr"] * group["weight_decay"]'), says=("'weight_decay': 0.3", "PyTorch's goes")),
    wrong("adam", "the rate that it was made with", "test-adam-groups", ('group["lr"]', 'self.defaults["lr"]'),
        says=("whose options",)),
    wrong("adam", "new averages at each step", "test-adam",
        ('blend(state["exp_avg"], gradient, beta1, work[1])',
         'state["exp_avg"] = beta1 * state["exp_avg"] + (1 - beta1) * gradient'), says=("of new memory",)),
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
        says=("AdamW with two weights", "whose options")),
    wrong("adamw", "the first group's weight_decay in adamw", "test-adamw",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
        says=("AdamW with two weights", "whose options")),
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
    wrong("adamw", "AdamW's decay in a new array", "test-adamw",
        (
                'data *= 1 - float(group["lr"]) * group["weight_decay"]',
                'data -= data * (group["lr"] * group["weight_decay"])',
            ),
        says=("a step of AdamW", "of new memory")),
    wrong("adamw", "a decay that is put back into the group", "test-adamw",
        ('super().update(data, gradient, state, {**group, "weight_decay": 0.0}, work)',
         'kept = group["weight_decay"]\n        group["weight_decay"] = 0.0\n'
         '        super().update(data, gradient, state, group, work)\n        group["weight_decay"] = kept'),
        says=("a group that can only be read", "leave the group as it is")),
    wrong("adamw", "a step left out where the gradient is not finite", "test-adamw",
        ("        data *=", NOT_FINITE + "        data *="), says=("gradients 1, nan and inf",)),
    wrong("adamw", "no decay where the gradient is 0", "test-adamw",
        ("        data *=", NO_GRADIENT + "        data *="), says=("[0.0, 0.0]", "gave 2, wanted 1.805")),
    wrong("adamw", "no decay of vectors", "test-adamw",
        ("        data *=", "        if data.ndim > 1:\n            data *="), says=("AdamW(", "PyTorch's goes")),
    wrong("adamw", "the decay of a constant time", "test-adamw",
        ('data *= 1 - float(group["lr"]) * group["weight_decay"]',
         'data *= math.exp(-float(group["lr"]) * group["weight_decay"])'), says=("'weight_decay': 0.5",)),
    wrong("adamw", "betas of the defaults", "test-adamw",
        ('{**group, "weight_decay": 0.0}', '{**group, "weight_decay": 0.0, "betas": (0.9, 0.999)}'),
        says=("'betas': (0.7, 0.95)", "PyTorch's goes")),
    right("adamw", "Adam's update by its name",
        ("super().update(data, gradient, state, {**group, \"weight_decay\": 0.0}, work)",
         "Adam.update(self, data, gradient, state, dict(group, weight_decay=0), work)")),
    right("adamw", "AdamW's decay as a difference",
        (
                'data *= 1 - float(group["lr"]) * group["weight_decay"]',
                'np.multiply(data, group["lr"] * group["weight_decay"], out=work[0])\n        data -= work[0]',
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
