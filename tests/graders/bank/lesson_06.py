"""The bank for lesson 06: optimizers."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

CASES: list[Case] = [
    wrong(
        "adam",
        "the squares in the gradient's own array",
        "test-adam",
        (
            'np.multiply(gradient, gradient, out=work[1])\n        blend(state["exp_avg_sq"], work[1]',
            'np.multiply(gradient, gradient, out=gradient)\n        blend(state["exp_avg_sq"], gradient',
        ),
    ),
    wrong(
        "sgd",
        "a decay added to the gradient's own array",
        "test-sgd",
        (
            'gradient = with_decay(gradient, data, group["weight_decay"], work[0])',
            'gradient += group["weight_decay"] * data',
        ),
    ),
    wrong(
        "with-momentum",
        "a velocity that is the gradient's own array",
        "test-with-momentum",
        ("gradient.copy()", "gradient"),
    ),
    wrong(
        "adam-step", "Adam without its bias correction", "test-adam-step", ('lr / (1 - beta1 ** state["step"])', "lr")
    ),
    wrong("adamw", "AdamW's decay left in the gradient too", "test-adamw", ('{**group, "weight_decay": 0.0}', "group")),
    wrong("sgd", "the first group's lr in sgd", "test-sgd", ('group["lr"]', 'self.param_groups[0]["lr"]')),
    wrong(
        "sgd",
        "the first group's momentum in sgd",
        "test-sgd",
        ('group["momentum"]', 'self.param_groups[0]["momentum"]'),
    ),
    wrong(
        "sgd",
        "the first group's nesterov in sgd",
        "test-sgd",
        ('group["nesterov"]', 'self.param_groups[0]["nesterov"]'),
    ),
    wrong(
        "sgd",
        "the first group's weight_decay in sgd",
        "test-sgd",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
    ),
    wrong("adam", "the first group's lr in adam", "test-adam-groups", ('group["lr"]', 'self.param_groups[0]["lr"]')),
    wrong("adam", "the first group's eps in adam", "test-adam-groups", ('group["eps"]', 'self.param_groups[0]["eps"]')),
    wrong(
        "adam",
        "the first group's weight_decay in adam",
        "test-adam-groups",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
    ),
    wrong("adamw", "the first group's lr in adamw", "test-adamw", ('group["lr"]', 'self.param_groups[0]["lr"]')),
    wrong(
        "adamw",
        "the first group's weight_decay in adamw",
        "test-adamw",
        ('group["weight_decay"]', 'self.param_groups[0]["weight_decay"]'),
    ),
    wrong(
        "adam",
        "the first group's betas in adam",
        "test-adam-groups",
        ('beta2 = group["betas"]', 'beta2 = self.param_groups[0]["betas"]'),
    ),
    wrong(
        "adam",
        "the first group's betas in Adam's step",
        "test-adam-groups",
        ('group["lr"], group["betas"]', 'group["lr"], self.param_groups[0]["betas"]'),
    ),
    right(
        "with-momentum",
        "a velocity in one line",
        (
            "        velocity *= momentum\n        velocity += gradient\n",
            "        velocity[...] = velocity * momentum + gradient\n",
        ),
    ),
    right(
        "adamw",
        "AdamW's decay as a difference",
        (
            'data *= 1 - float(group["lr"]) * group["weight_decay"]',
            'data -= data * (group["lr"] * group["weight_decay"])',
        ),
    ),
]
