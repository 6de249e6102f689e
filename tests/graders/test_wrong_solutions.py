"""The graders, tested like code: wrong solutions that must lose points, with a message to learn from.

A case changes one place in the solution of one exercise. The lesson's cells then run in one namespace, in this process,
up to the check that must fail; other checks are passed over. Right solutions of another make must pass the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tito.lesson import Lesson, read_lesson
from tito.project import Project
from tito.registry import lesson_paths

ROOT = Path(__file__).resolve().parents[2]
PATHS = {path.parent.name[:2]: path for path in lesson_paths(Project(ROOT))}
RAW = ("NoneType", "KeyError", "AttributeError", "not subscriptable", "unsupported operand")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

pytestmark = pytest.mark.filterwarnings("ignore:.*non-interactive, and thus cannot be shown")


@dataclass(frozen=True)
class Case:
    """In the solution of `exercise`, `new` stands in the place of `old`; `check` is the graded cell that judges it."""

    lesson: str
    exercise: str
    check: str
    old: str
    new: str


WRONG = {
    "the type of a foreign byte order": Case("01", "as-array", "test-as-array", "as_dtype(array.dtype)", "array.dtype"),
    "rows of different lengths in NumPy's words": Case(
        "01", "as-array", "test-as-array-refuses",
        'raise ValueError(f"{data!r:.60} makes no grid: rows of different lengths, or text for a number") from error',
        "raise",
    ),
    "text let in": Case("01", "as-array", "test-as-array-refuses", 'not in "biu"', 'not in "biuU"'),
    "a record of everything, asked for or not": Case("01", "execute", "test-no-grad", "_thread.recording and ", ""),
    "numbers of NumPy's that are no fractions": Case(
        "01", "number-type", "test-operands", "isinstance(number, (float, np.floating))", "isinstance(number, float)"
    ),
    "a truth that counts": Case(
        "01", "number-type", "test-operands", "not isinstance(number, (bool, np.bool_))", "True"
    ),
    "two halves left as they are": Case(
        "01", "operands", "test-operands",
        "    if a.dtype != b.dtype and is_half(a.dtype) and is_half(b.dtype):\n"
        "        a, b = a.astype(np.float32), b.astype(np.float32)\n",
        "",
    ),
    "a product that does not look at its operands' axes": Case(
        "01", "matmul", "test-matmul", "if a.ndim == 0 or b.ndim == 0:", "if False:"
    ),
    "axes that are swapped unseen": Case(
        "01", "swapped-axes", "test-shapes", "if not (-ndim <= axis0 < ndim and -ndim <= axis1 < ndim):", "if False:"
    ),
    "a loss that broadcasts": Case(
        "04", "paired", "test-paired-refuses", "if prediction.shape != target.shape:", "if False:"
    ),
    "a sum for a mean": Case(
        "04", "mean-squared-error", "test-mean-squared-error", "np.mean(difference * difference)",
        "np.sum(difference * difference)",
    ),
    "an exponential of a positive number": Case(
        "04", "binary-cross-entropy", "test-binary-cross-entropy-far-out",
        "np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))",
        "np.log1p(np.exp(logits)) - logits * targets",
    ),
    "a class that is counted from the end": Case(
        "04", "class-indices", "test-class-indices-refuses", " | (indices < 0)", ""
    ),
    "smoothing that leaves out the right class": Case(
        "04", "cross-entropy-of-rows", "test-label-smoothing", "np.mean(-rows)",
        "(np.mean(-rows) - loss / rows.shape[1])",
    ),
    "a difference to one side": Case(
        "05", "numerical-gradient", "test-numerical-gradient-step",
        "(above - below) / (2 * step)", "(above - function(*copies).data.sum()) / step",
    ),
    "a step of one's own": Case(
        "05", "numerical-gradient", "test-numerical-gradient-step",
        "    copies = [", "    step = 1e-6\n    copies = [",
    ),
    "trying with a record": Case(
        "05", "numerical-gradient", "test-numerical-gradient-step", "with no_grad():", "if True:"
    ),
    "a quotient's rule that needs y": Case(
        "05", "rules-arithmetic", "test-rules-arithmetic", "-g * a / (b * b)", "-g * y / b"
    ),
    "a quotient's rule without the square": Case(
        "05", "rules-arithmetic", "test-rules-arithmetic", "-g * a / (b * b)", "-g * a / b"
    ),
    "a product's rule in float64": Case(
        "05", "rules-arithmetic", "test-rules-arithmetic", "return g * b\n", "return g * b * np.float64(1)\n"
    ),
    "a power's rule in float64": Case(
        "05", "rules-arithmetic", "test-rules-arithmetic", "g * y * np.log(", "np.float64(1) * g * y * np.log("
    ),
    "tanh's rule in float64": Case(
        "05", "rules-elementwise", "test-rules-elementwise", "1 - y * y", "1 - np.float64(1) * y * y"
    ),
    "a root's rule in float64": Case(
        "05", "rules-elementwise", "test-rules-elementwise", "g / (2 * y)", "g / (np.float64(2) * y)"
    ),
    "sigmoid's rule from x": Case(
        "05", "rules-elementwise", "test-rules-elementwise",
        "g * y * (1 - y)", "g * np.exp(-x) / (1 + np.exp(-x)) ** 2",
    ),
    "tanh's rule from x": Case(
        "05", "rules-elementwise", "test-rules-elementwise", "g * (1 - y * y)", "g * (1 - np.tanh(x) ** 2)"
    ),
    "a maximum's rule without ties": Case(
        "05", "rules-elementwise", "test-rules-elementwise", "np.where(a == b, g / 2, 0)", "0"
    ),
    "shares of a maximum in float64": Case(
        "05", "rules-reductions", "test-rules-reductions", ".sum(axis=axis, keepdims=True).astype(x.dtype)",
        ".sum(axis=axis, keepdims=True)",
    ),
    "a sum's rule that looks at x": Case(
        "05", "rules-reductions", "test-rules-reductions",
        "np.broadcast_to(with_axes(g, axis, keepdims, len(x.shape)), x.shape)",
        "with_axes(g, axis, keepdims, x.ndim) * np.ones_like(x)",
    ),
    "rows taken twice and not added up": Case(
        "05", "rules-reductions", "test-rules-reductions", "np.add.at(out, index, g)", "out[index] = g"
    ),
    "softmax's rule in float64": Case(
        "05", "rules-softmax", "test-rules-softmax", "return y * (g", "return np.float64(1) * y * (g"
    ),
    "log-softmax's rule from x": Case(
        "05", "rules-softmax", "test-rules-softmax", "np.exp(y)", "np.exp(x - np.log(np.exp(x).sum()))"
    ),
    "halves added as halves": Case(
        "05", "unbroadcast", "test-unbroadcast",
        "np.float32 if is_half(gradient.dtype) else gradient.dtype", "gradient.dtype",
    ),
    "nodes in the order they were made": Case(
        "05", "nodes-in-order", "test-nodes-in-order",
        ", reverse=True", "",
    ),
    "a leaf's gradient replaced": Case(
        "05", "backward", "test-backward",
        "accumulate(edge, own(share, g))", "edge.grad = wrap(own(share, g))",
    ),
    "one array for two leaves": Case(
        "05", "backward", "test-backward-graphs", "accumulate(edge, own(share, g))", "accumulate(edge, share)"
    ),
    "a second walk over what was released": Case(
        "05", "backward", "test-backward-edges", "    refuse_released(nodes)\n", ""
    ),
    "a leaf that is not expected": Case(
        "05", "backward", "test-backward-edges",
        "    if tensor._node is None:\n        return accumulate(tensor, start)\n", "",
    ),
    "nodes that are kept for a second walk": Case(
        "05", "backward", "test-backward-edges", "        release(node)\n", ""
    ),
    "a reduction over all axes that gets one back": Case(
        "05", "rules-reductions", "test-rules-reductions", "tuple(range(ndim)) if axis is None", "0 if axis is None"
    ),
    "a node that keeps its last share only": Case(
        "05", "backward", "test-backward-graphs",
        "collected[edge] + share if edge in collected else share", "share",
    ),
    "the squares in the gradient's own array": Case(
        "06", "adam", "test-adam",
        "np.multiply(gradient, gradient, out=work[1])\n        blend(state[\"exp_avg_sq\"], work[1]",
        "np.multiply(gradient, gradient, out=gradient)\n        blend(state[\"exp_avg_sq\"], gradient",
    ),
    "a decay added to the gradient's own array": Case(
        "06", "sgd", "test-sgd",
        "gradient = with_decay(gradient, data, group[\"weight_decay\"], work[0])",
        "gradient += group[\"weight_decay\"] * data",
    ),
    "a velocity that is the gradient's own array": Case(
        "06", "with-momentum", "test-with-momentum", "gradient.copy()", "gradient"
    ),
    "Adam without its bias correction": Case(
        "06", "adam-step", "test-adam-step", "lr / (1 - beta1 ** state[\"step\"])", "lr"
    ),
    "AdamW's decay left in the gradient too": Case(
        "06", "adamw", "test-adamw", '{**group, "weight_decay": 0.0}', "group"
    ),
}  # fmt: skip

WRONG |= {
    "a split that is the same for every seed": Case(
        "07", "stratified-split", "test-stratified-split", "np.random.default_rng(seed)", "np.random.default_rng(0)"
    ),
    "a share that is cut off, not rounded": Case(
        "07", "stratified-split", "test-stratified-split", "round(fraction", "int(fraction"
    ),
    "an order from somewhere else": Case(
        "07", "batch-indices", "test-shuffle", "generator().permutation", "np.random.default_rng().permutation"
    ),
    "an average of averages": Case(
        "07", "combine", "test-combine", "score.loss * count for score, count in zip(scores, counts)) / total",
        "score.loss for score in scores) / len(scores)",
    ),
    "a measurement in training mode": Case(
        "07", "evaluate", "test-evaluate", "evaluating(model), no_grad()", "no_grad()"
    ),
    "a measurement with a record": Case(
        "07", "evaluate", "test-evaluate", "evaluating(model), no_grad()", "evaluating(model)"
    ),
    "modes that are not put back": Case(
        "07", "evaluating", "test-evaluating", "module.training = mode", "module.training = True"
    ),
    "pieces that weigh the same": Case(
        "07", "accumulate-gradients", "test-accumulate-gradients", "count / sum(counts)", "1 / len(counts)"
    ),
    "a norm in the gradients' own type": Case(
        "07", "clip-grad-norm", "test-clip-extremes", "p.grad.data, dtype=np.float64", "p.grad.data"
    ),
    "a norm for each parameter": Case(
        "07", "clip-grad-norm", "test-clip-grad-norm", "wrap(p.grad.data * p.grad.dtype.type(factor))",
        "wrap(p.grad.data * p.grad.dtype.type(max_norm / (math.sqrt(np.square(p.grad.data).sum()) + 1e-6)))",
    ),
    "a cosine that begins with the warm-up": Case(
        "07", "cosine-lr", "test-cosine-lr",
        "(step - warmup_steps) / (total_steps - warmup_steps)", "step / total_steps",
    ),
    "old gradients that are still there": Case(
        "07", "train-step", "test-train-step-gradients", "self.optimizer.zero_grad()", "pass"
    ),
    "a clip that comes too late": Case(
        "07", "train-step", "test-train-step-gradients",
        "        if self.clip_norm is not None:\n            clip_grad_norm(self.model.parameters(), self.clip_norm)\n"
        "        self.optimizer.step()\n",
        "        self.optimizer.step()\n",
    ),
    "a state without the generator's": Case(
        "07", "training-state", "test-training-state", "generator().bit_generator.state",
        "np.random.default_rng(5).bit_generator.state",
    ),
}  # fmt: skip

# The options of the first group, read for all groups.
WRONG |= {
    f"the first group's {option} in {exercise}": Case(
        "06", exercise, check, f'group["{option}"]', f'self.param_groups[0]["{option}"]'
    )
    for exercise, check, options in [
        ("sgd", "test-sgd", ["lr", "momentum", "nesterov", "weight_decay"]),
        ("adam", "test-adam-groups", ["lr", "eps", "weight_decay"]),
        ("adamw", "test-adamw", ["lr", "weight_decay"]),
    ]
    for option in options
}
WRONG["the first group's betas in adam"] = Case(
    "06", "adam", "test-adam-groups", 'beta2 = group["betas"]', 'beta2 = self.param_groups[0]["betas"]'
)
WRONG["the first group's betas in Adam's step"] = Case(
    "06", "adam", "test-adam-groups", 'group["lr"], group["betas"]', 'group["lr"], self.param_groups[0]["betas"]'
)

RIGHT = {
    "a product with no slow case mended": Case(
        "01", "matmul", "test-matmul", "return array_product(a, b)", "return np.matmul(a, b)"
    ),
    "a product's rule the other way round": Case(
        "05", "rules-arithmetic", "test-rules-arithmetic", "return g * b\n", "return np.multiply(b, g)\n"
    ),
    "tanh's rule in factors": Case(
        "05", "rules-elementwise", "test-rules-elementwise", "g * (1 - y * y)", "g * (1 - y) * (1 + y)"
    ),
    "a mean's rule by its count": Case(
        "05", "rules-reductions", "test-rules-reductions", "sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y,",
        "sum_rule(g / max(math.prod(x.shape) // max(g.size, 1), 1), y,",
    ),
    "a velocity in one line": Case(
        "06", "with-momentum", "test-with-momentum",
        "        velocity *= momentum\n        velocity += gradient\n",
        "        velocity[...] = velocity * momentum + gradient\n",
    ),
    "AdamW's decay as a difference": Case(
        "06", "adamw", "test-adamw",
        'data *= 1 - float(group["lr"]) * group["weight_decay"]',
        'data -= data * (group["lr"] * group["weight_decay"])',
    ),
    "an order found by a loop": Case(
        "01", "swapped-axes", "test-shapes",
        "    order = list(range(ndim))\n    order[axis0], order[axis1] = order[axis1], order[axis0]\n"
        "    return tuple(order)\n",
        "    first, second = axis0 % ndim, axis1 % ndim\n"
        "    return tuple({first: second, second: first}.get(axis, axis) for axis in range(ndim))\n",
    ),
}  # fmt: skip


def changed(source: str, old: str, new: str) -> str:
    """`source` with the one `old` in its solution regions replaced."""
    regions = "".join(part.split(END)[0] for part in source.split(BEGIN)[1:])
    if not regions.count(old) == source.count(old) == 1:
        raise ValueError(f"{old!r} stands {regions.count(old)} times in the solution, wanted once")
    return source.replace(old, new)


def run_up_to(lesson: Lesson, case: Case, namespace: dict) -> str:
    """Run the cells before the case's check, with its solution put in; the source of the check."""
    ids = [cell.grade_id for cell in lesson.code]
    if not ids.index(case.exercise) < ids.index(case.check):
        raise ValueError(f"lesson {case.lesson}: the check {case.check} stands before the exercise {case.exercise}")
    for cell in lesson.code:
        if cell.grade_id == case.check and cell.is_check:
            return cell.source
        if not cell.is_check:
            source = changed(cell.source, case.old, case.new) if cell.grade_id == case.exercise else cell.source
            execute(source, f"{case.lesson}/{cell.grade_id or cell.line}", namespace)
    raise ValueError(f"lesson {case.lesson}: {case.check} is no check")


def execute(source: str, name: str, namespace: dict) -> None:
    """Run one cell, which knows nothing of the `__future__` of this file."""
    exec(compile(source, name, "exec", dont_inherit=True), namespace)


@pytest.fixture
def made_ready(monkeypatch):
    """Run a case up to its check; what is returned runs the check."""

    def run(case: Case) -> Callable[[], None]:
        lesson = read_lesson(PATHS[case.lesson])
        monkeypatch.chdir(lesson.path.parent)
        namespace = vars(ModuleType("a_lesson"))
        check = run_up_to(lesson, case, namespace)
        return lambda: execute(check, f"{case.lesson}/{case.check}", namespace)

    return run


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_solution_loses_points_and_is_told_why_in_a_sentence(made_ready, name):
    check = made_ready(WRONG[name])
    with pytest.raises(AssertionError) as raised:
        check()
    message = str(raised.value)
    assert len(message.split()) >= 6, message
    assert [word for word in RAW if word in message] == [], message
    assert WRONG[name].old.strip() not in message, "the message gives the answer away"


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_solution_keeps_its_points(made_ready, name):
    made_ready(RIGHT[name])()
