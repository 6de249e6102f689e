"""The bank for lesson 07: training."""

from __future__ import annotations

from tests.graders.case import Case, wrong

CASES: list[Case] = [
    wrong(
        "stratified-split",
        "a split that is the same for every seed",
        "test-stratified-split",
        ("np.random.default_rng(seed)", "np.random.default_rng(0)"),
    ),
    wrong(
        "stratified-split",
        "a share that is cut off, not rounded",
        "test-stratified-split",
        ("round(fraction", "int(fraction"),
    ),
    wrong(
        "batch-indices",
        "an order from somewhere else",
        "test-shuffle",
        ("generator().permutation", "np.random.default_rng().permutation"),
    ),
    wrong(
        "combine",
        "an average of averages",
        "test-combine",
        (
            "score.loss * count for score, count in zip(scores, counts)) / total",
            "score.loss for score in scores) / len(scores)",
        ),
    ),
    wrong("evaluate", "a measurement in training mode", "test-evaluate", ("evaluating(model), no_grad()", "no_grad()")),
    wrong(
        "evaluate",
        "a measurement with a record",
        "test-evaluate",
        ("evaluating(model), no_grad()", "evaluating(model)"),
    ),
    wrong(
        "evaluating",
        "modes that are not put back",
        "test-evaluating",
        ("module.training = mode", "module.training = True"),
    ),
    wrong(
        "accumulate-gradients",
        "pieces that weigh the same",
        "test-accumulate-gradients",
        ("count / sum(counts)", "1 / len(counts)"),
    ),
    wrong(
        "clip-grad-norm",
        "a norm in the gradients' own type",
        "test-clip-extremes",
        ("p.grad.data, dtype=np.float64", "p.grad.data"),
    ),
    wrong(
        "clip-grad-norm",
        "a norm for each parameter",
        "test-clip-grad-norm",
        (
            "wrap(p.grad.data * p.grad.dtype.type(factor))",
            "wrap(p.grad.data * p.grad.dtype.type(max_norm / (math.sqrt(np.square(p.grad.data).sum()) + 1e-6)))",
        ),
    ),
    wrong(
        "cosine-lr",
        "a cosine that begins with the warm-up",
        "test-cosine-lr",
        ("(step - warmup_steps) / (total_steps - warmup_steps)", "step / total_steps"),
    ),
    wrong(
        "train-step",
        "old gradients that are still there",
        "test-train-step-gradients",
        ("self.optimizer.zero_grad()", "pass"),
    ),
    wrong(
        "train-step",
        "a clip that comes too late",
        "test-train-step-gradients",
        (
            (
                "        if self.clip_norm is not None:\n"
                "            clip_grad_norm(self.model.parameters(), self.clip_norm)\n"
                "        self.optimizer.step()\n"
            ),
            "        self.optimizer.step()\n",
        ),
    ),
    wrong(
        "training-state",
        "a state without the generator's",
        "test-training-state",
        ("generator().bit_generator.state", "np.random.default_rng(5).bit_generator.state"),
    ),
]
