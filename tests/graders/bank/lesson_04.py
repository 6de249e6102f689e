"""The bank for lesson 04: losses."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("paired", "a loss that broadcasts", "test-paired-refuses",
        ("if prediction.shape != target.shape:", "if False:"),
        says=("shapes (4, 1) and (4,) was accepted", "equal shapes only")),
    wrong("paired", "sizes compared", "test-paired-refuses",
        ("prediction.shape != target.shape", "prediction.size != target.size"),
        says=("shapes (4, 1) and (4,) was accepted",)),
    wrong("paired", "axes counted", "test-paired-refuses",
        ("prediction.shape != target.shape", "prediction.ndim != target.ndim"),
        says=("was accepted", "equal shapes only")),
    wrong("paired", "an empty batch", "test-paired-refuses", ("if prediction.size == 0:", "if False:"),
        says=("(0, 3) was accepted", "not empty")),
    wrong("paired", "one shape in the message", "test-paired-refuses",
        (" and target {target.shape}", ", another"),
        says=("(4, 1) and (4,) raised ValueError", "says '(4, 1)', '(4,)'")),
    wrong("paired", "the target in the prediction's type", "test-paired",
        (
                "operands(floating(prediction), target)",
                "floating(prediction), as_tensor(target).astype(floating(prediction).dtype)",
            ),
        says=("gave ['float16', 'float16'], wanted ['float16', 'float32']",)),
    wrong("paired", "the target as it came", "test-paired",
        ("operands(floating(prediction), target)", "floating(prediction), as_tensor(target)"),
        says=("wanted ['float32', 'float32']", "let operands settle the types")),
    wrong("paired", "arrays", "test-paired",
        ("    return prediction, target\n", "    return prediction.data, target.data\n"),
        says=("not Tensors",)),
    wrong("paired", "a record that is lost", "test-paired",
        ("    return prediction, target\n", "    return wrap(prediction.data), wrap(target.data)\n"),
        says=("off from its gradient",)),
    wrong("paired", "the sides swapped", "test-paired",
        ("    return prediction, target\n", "    return target, prediction\n"),
        says=("paired(", "hand on the numbers")),
    wrong("paired", "operands of lesson 01 that leaves a whole number as it is", "test-paired",
        solution="""
    global operands
    operands = lambda a, b: (as_tensor(a), as_tensor(b))
    return operands(floating(prediction), target)
    """, says=("['float32', 'int64'], wanted ['float32', 'float32']", "lesson 01", "correct it there")),
    right("paired", "two refusals first",
        solution="""
    prediction, target = floating(prediction), as_tensor(target)
    shapes = f"prediction {prediction.shape}, target {target.shape}"
    if not prediction.shape == target.shape:
        raise ValueError(f"{shapes}: they must be the same")
    if 0 in prediction.shape:
        raise ValueError(f"{shapes}: there is nothing to compare")
    return operands(prediction, target)
    """),

    wrong("mean-squared-error", "a sum for a mean", "test-mean-squared-error",
        solution="""
    return np.sum((prediction - target) ** 2)
    """, says=("mse_loss of shape (5,) gave", "wanted", "the mean of")),
    wrong("mean-squared-error", "absolute differences", "test-mean-squared-error",
        solution="""
    return np.mean(np.abs(prediction - target))
    """, says=("mse_loss of shape (5,) gave", "squared")),
    wrong("mean-squared-error", "a root", "test-mean-squared-error",
        solution="""
    return np.sqrt(np.mean((prediction - target) ** 2))
    """, says=("mse_loss of shape (5,) gave", "wanted")),
    wrong("mean-squared-error", "half of it", "test-mean-squared-error",
        solution="""
    return np.mean((prediction - target) ** 2) / 2
    """, says=("mse_loss of shape (5,) gave", "wanted")),
    wrong("mean-squared-error", "the last axis only", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    return np.mean(difference * difference, axis=-1) if difference.ndim else difference * difference
    """, says=("gave shape (3,), wanted ()", "over all axes")),
    wrong("mean-squared-error", "float64 out", "test-mean-squared-error",
        solution="""
    return np.mean((prediction.astype(np.float64) - target) ** 2)
    """, says=("is float64, wanted float32", "the type that came in")),
    wrong("mean-squared-error", "the input's own array", "test-mean-squared-error",
        solution="""
    if prediction.ndim:
        prediction -= target
        return np.mean(prediction * prediction)
    return (prediction - target) ** 2
    """, says=("changed an input",)),
    wrong("mean-squared-error", "the square of the mean", "test-mean-squared-error",
        solution="""
    return np.mean(prediction - target) ** 2
    """, says=("mse_loss of shape (5,) gave", "the mean of the squared")),
    wrong("mean-squared-error", "one row for the batch", "test-mean-squared-error",
        solution="""
    return np.sum((prediction - target) ** 2) / (len(prediction) if prediction.ndim else 1)
    """, says=("mse_loss of shape (3, 4) gave", "wanted")),
    wrong("mean-squared-error", "nan passed over", "test-mean-squared-error", ("np.mean(", "np.nanmean("),
        says=("mse_loss([nan, 1], [0, 0]) gave 1, wanted nan", "gone wrong")),
    wrong("mean-squared-error", "squares cut off", "test-mean-squared-error",
        ("difference * difference", "np.minimum(difference * difference, 1e30)"),
        says=("mse_loss([1e+30, 1], [0, 0]) gave", "wanted inf", "gone wrong")),
    right("mean-squared-error", "a square and a division",
        solution="""
    gap = np.square(target - prediction)
    return np.asarray(gap.sum() / gap.dtype.type(gap.size))
    """),

    wrong("binary-cross-entropy", "an exponential of a positive number", "test-binary-cross-entropy-far-out",
        solution="""
    return np.mean(np.log1p(np.exp(logits)) - logits * targets)
    """, says=("logit 200, target 0: gave inf", "which exp left the range")),
    wrong("binary-cross-entropy", "probabilities", "test-binary-cross-entropy-far-out",
        solution="""
    p = 1 / (1 + np.exp(-logits))
    with np.errstate(divide='ignore'):
        return np.mean(-targets * np.log(p) - (1 - targets) * np.log(1 - p))
    """, says=("logit 20, target 0", "wanted 20")),
    wrong("binary-cross-entropy", "probabilities that are cut off", "test-binary-cross-entropy-far-out",
        solution="""
    p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return np.mean(-targets * np.log(p) - (1 - targets) * np.log(1 - p))
    """, says=("logit 20, target 0", "wanted 20")),
    wrong("binary-cross-entropy", "log of 1 and a little", "test-binary-cross-entropy-far-out",
        solution="""
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log(1 + np.exp(-np.abs(logits))))
    """, says=("logit 30.0, target 1: gave 0.0", "log1p keeps it")),
    wrong("binary-cross-entropy", "a sum for a mean", "test-binary-cross-entropy",
        solution="""
    return np.sum(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))))
    """, says=("logits [[2.0, -1.0]]", "wanted", "the mean over all elements")),
    wrong("binary-cross-entropy", "the wrong sign", "test-binary-cross-entropy",
        solution="""
    return np.mean(np.maximum(logits, 0) + logits * targets + np.log1p(np.exp(-np.abs(logits))))
    """, says=("gave", "wanted", "log p")),
    wrong("binary-cross-entropy", "only where the answer is yes", "test-binary-cross-entropy",
        solution="""
    return np.mean(targets * (np.maximum(-logits, 0) + np.log1p(np.exp(-np.abs(logits)))))
    """, says=("gave 0, wanted 2.1269", "(1 - t)")),
    wrong("binary-cross-entropy", "the sides swapped", "test-binary-cross-entropy",
        solution="""
    targets, logits = logits, targets
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))))
    """, says=("gave", "wanted")),
    wrong("binary-cross-entropy", "no mean over the last axis", "test-binary-cross-entropy",
        solution="""
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))), axis=0)
    """, says=("gave shape (2,), wanted ()", "the mean over all elements")),
    wrong("binary-cross-entropy", "a logarithm to base 2", "test-binary-cross-entropy",
        solution="""
    return np.mean(np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))) / np.float32(np.log(2))
    """, says=("gave 1, wanted 0.69", "log p")),
    wrong("binary-cross-entropy", "nan passed over", "test-binary-cross-entropy", ("np.mean(", "np.nanmean("),
        says=("logits [nan, 0]: gave 0.69315, wanted nan",)),
    wrong("binary-cross-entropy", "products in the logits' own array", "test-binary-cross-entropy",
        solution="""
    far = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    logits *= targets
    return np.mean(far - logits)
    """, says=("logits [2.0], targets [0]: an input was changed", "arrays of your own")),
    wrong("binary-cross-entropy", "the visible answers typed in", "test-binary-cross-entropy",
        solution="""
    known = {(0.0, 1.0): 0.6931472, (2.0, 0.0): 2.126928, (-3.0, 1.0): 3.0485873, (1.5, 0.25): 1.3264133,
             (-0.5, 0.9): 0.92407695, (-2.0, 0.0): 0.126928}
    if logits.size == 2:
        return np.float32((0.126928 + 0.31326166) / 2)
    return np.float32(known.get((round(float(logits[0]), 4), round(float(targets[0]), 4)), 0.0))
    """, says=("logits [0.75]", "wanted 0.3868")),
    right("binary-cross-entropy", "logaddexp",
        solution="""
    far = np.logaddexp(logits.dtype.type(0), -np.abs(logits))
    return np.mean(far + np.where(logits > 0, logits * (1 - targets), -logits * targets))
    """),

    wrong("class-indices", "a class that is counted from the end", "test-class-indices-refuses",
        (" | (indices < 0)", ""), says=("class_indices([0, -1], (2, 5)) was accepted",)),
    wrong("class-indices", "fractions cut off", "test-class-indices-refuses", ("(indices != given) | ", ""),
        says=("[2.5, 9]", "target 2.5 at [1, 0]")),
    wrong("class-indices", "one class too many", "test-class-indices-refuses",
        ("(indices >= shape[-1])", "(indices > shape[-1])"), says=("class_indices([1, 2, 3], (3, 3)) was accepted",)),
    wrong("class-indices", "no upper end", "test-class-indices-refuses", (" | (indices >= shape[-1])", ""),
        says=("class_indices([1, 2, 3], (3, 3)) was accepted",)),
    wrong("class-indices", "booleans", "test-class-indices-refuses", ("if given.dtype == bool:", "if False:"),
        says=("class_indices([True, False], (2, 2)) was accepted", "wanted a TypeError")),
    wrong("class-indices", "shapes not compared", "test-class-indices-refuses",
        ("if not shape or given.shape != shape[:-1]:", "if not shape:"),
        says=("class_indices([[1], [2]], (2, 3)) was accepted", "(2, 1)")),
    wrong("class-indices", "an empty batch", "test-class-indices-refuses", ("if given.size == 0:", "if False:"),
        says=("class_indices([], (0, 3)) was accepted",)),
    wrong("class-indices", "logits without an axis", "test-class-indices-refuses",
        ("if not shape or given", "if given"), says=("class_indices(1, ())", "ValueError")),
    wrong("class-indices", "the last bad one", "test-class-indices-refuses",
        ("np.argwhere(bad)[0]", "np.argwhere(bad)[-1]"), says=("[2.5, 9]", "target 2.5 at [1, 0]")),
    wrong("class-indices", "int32 out", "test-class-indices",
        ("indices = given.astype(np.int64)", "indices = given.astype(np.int32)"),
        says=("is int32, wanted int64",)),
    wrong("class-indices", "the type that came", "test-class-indices", ("    return indices\n", "    return given\n"),
        says=("wanted int64",)),
    wrong("class-indices", "one class too many, of whole types", "test-class-indices-refuses",
        ("given.max() < shape[-1]", "given.max() <= shape[-1]"),
        says=("class_indices([0 4], (2, 4)) was accepted", "target 4 at [1]")),
    wrong("class-indices", "the caller's own array", "test-class-indices",
        ("return given.astype(np.int64)", "return given.astype(np.int64, copy=False)"),
        says=("int64 [[3, 0], [1, 2]]", "the caller's own array")),
    wrong("class-indices", "a message without the place", "test-class-indices-refuses", (" at {where}", ""),
        says=("target 3.0 is not a class", "says 'target 3.0 at [2]'")),
    wrong("class-indices", "the shape not named", "test-class-indices-refuses",
        ("not of shape {given.shape}", "not of another shape"),
        says=("class_indices([[1], [2]], (2, 3)) raised", "'(2, 1)'")),
    wrong("class-indices", "whole types only", "test-class-indices",
        (
                "    if given.dtype == bool:\n",
                (
                    "    if given.dtype.kind not in 'iu' and given.dtype != bool:\n"
                    "        raise ValueError(f'{given.dtype} is no whole type')\n"
                    "    if given.dtype == bool:\n"
                ),
            ),
        says=("class_indices(float16", "failed", "whole numbers do")),
    right("class-indices", "floor and a loop",
        solution="""
    numbers = as_tensor(targets).numpy()
    if len(shape) == 0 or numbers.shape != tuple(shape[:-1]) or numbers.size == 0:
        raise ValueError(f"targets {numbers.shape} for logits {shape}")
    if numbers.dtype.kind == "b":
        raise TypeError("False and True are no classes")
    for place in np.ndindex(numbers.shape):
        number = numbers[place].item()
        if not 0 <= number < shape[-1] or number % 1:
            raise ValueError(f"target {numbers[place]} at {list(place)} is none of {shape[-1]} classes")
    return numbers.astype("int64")
    """),

    wrong("cross-entropy-of-rows", "smoothing that leaves out the right class", "test-label-smoothing",
        ("np.mean(-rows)", "(np.mean(-rows) - loss / rows.shape[1])"),
        says=("label_smoothing=0.1", "all C classes share")),
    wrong("cross-entropy-of-rows", "smoothing overlooked", "test-label-smoothing",
        ("    if label_smoothing:\n", "    if False:\n"), says=("label_smoothing=0.1", "all C classes share")),
    wrong("cross-entropy-of-rows", "smoothing on top", "test-label-smoothing",
        ("(1 - label_smoothing) * loss + label_smoothing", "loss + label_smoothing"),
        says=("label_smoothing=0.1 with 4 classes: gave", "wanted")),
    wrong("cross-entropy-of-rows", "smoothing by sums", "test-label-smoothing",
        ("np.mean(-rows)", "np.sum(-rows) / len(rows)"), says=("label_smoothing=0.1", "all C classes share")),
    wrong("cross-entropy-of-rows", "the shares swapped", "test-label-smoothing",
        (
                "(1 - label_smoothing) * loss + label_smoothing * np.mean(-rows)",
                "label_smoothing * loss + (1 - label_smoothing) * np.mean(-rows)",
            ),
        says=("label_smoothing=0.1 with 4 classes: gave", "wanted")),
    wrong("cross-entropy-of-rows", "the wrong sign", "test-cross-entropy",
        (
                "-rows[np.arange(targets.size), targets.reshape(-1)]",
                "rows[np.arange(targets.size), targets.reshape(-1)]",
            ),
        says=("cross_entropy_of_rows of shape (4, 3) gave -", "of -log p")),
    wrong("cross-entropy-of-rows", "a sum for a mean", "test-cross-entropy", (".sum() / targets.size", ".sum()"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "mean over all rows")),
    wrong("cross-entropy-of-rows", "divided by all logits", "test-cross-entropy",
        (".sum() / targets.size", ".sum() / logits.size"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "mean over all rows")),
    wrong("cross-entropy-of-rows", "classes down the columns", "test-cross-entropy",
        ("LOG_SOFTMAX.forward(logits, axis=-1)", "LOG_SOFTMAX.forward(logits, axis=0)"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "wanted")),
    wrong("cross-entropy-of-rows", "a probability and its logarithm", "test-cross-entropy-far-out",
        ("LOG_SOFTMAX.forward(logits, axis=-1)", "np.log(np.exp(LOG_SOFTMAX.forward(logits, axis=-1)) + 1e-12)"),
        says=("[10000.0, 0, 0], class 1", "was a probability formed")),
    wrong("cross-entropy-of-rows", "logits as they are", "test-cross-entropy",
        ("LOG_SOFTMAX.forward(logits, axis=-1)", "logits"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "-log p")),
    wrong("cross-entropy-of-rows", "every row with every target", "test-cross-entropy",
        ("rows[np.arange(targets.size), targets.reshape(-1)]", "rows[:, targets.reshape(-1)]"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "right class")),
    wrong("cross-entropy-of-rows", "the largest for the right one", "test-cross-entropy",
        ("targets.reshape(-1)]", "rows.argmax(axis=1)]"),
        says=("cross_entropy_of_rows of shape (4, 3) gave", "right class")),
    wrong("cross-entropy-of-rows", "places counted in the targets' own array", "test-cross-entropy",
        ("rows[np.arange(targets.size), targets.reshape(-1)]", "rows.reshape(-1)[_flat(targets, rows)]"),
        ("    rows = LOG", (
            "    def _flat(targets, rows):\n        flat = targets.reshape(-1)\n"
            "        flat += np.arange(flat.size) * rows.shape[1]\n        return flat\n\n    rows = LOG")),
        says=("cross_entropy_of_rows of shape (4, 3) changed an input", "the gradient needs both")),
    wrong("cross-entropy-of-rows", "nan passed over", "test-cross-entropy-far-out",
        (".sum() / targets.size", "[~np.isnan(rows).any(axis=1)].sum() / targets.size"),
        says=("logits [nan, 0], class 1: gave", "wanted nan")),
    right("cross-entropy-of-rows", "take_along_axis",
        solution="""
    logs = LOG_SOFTMAX.forward(logits, axis=-1)
    right = np.take_along_axis(logs, targets[..., np.newaxis], axis=-1)
    loss = -np.mean(right)
    return loss if label_smoothing == 0 else (1 - label_smoothing) * loss - label_smoothing * np.mean(logs)
    """),

    wrong("question-losses", "the chance for its surprise", "test-question-losses", ("np.log(10)", "0.1"),
        says=("loss_of_ignorance is 0.1", "one tenth")),
    wrong("question-losses", "base 2", "test-question-losses", ("np.log(10)", "np.log2(10)"),
        says=("loss_of_ignorance is 3.32", "one tenth")),
    wrong("question-losses", "infinite", "test-question-losses",
        ("cost_of_certainty = 1000", "cost_of_certainty = float('inf')"),
        says=("cost_of_certainty is inf", "which terms are not 0")),
    wrong("question-losses", "nothing", "test-question-losses", ("cost_of_certainty = 1000", "cost_of_certainty = 0"),
        says=("cost_of_certainty is 0", "which terms")),
    wrong("question-losses", "zero", "test-question-losses",
        ("-(0.91 * np.log(0.91) + 9 * 0.01 * np.log(0.01))", "0.0"),
        says=("lowest_smoothed is 0.0", "smoothed targets")),
    wrong("question-losses", "nine tenths for the right class", "test-question-losses",
        ("-(0.91 * np.log(0.91) + 9 * 0.01 * np.log(0.01))", "-(0.9 * np.log(0.9) + 0.1 * np.log(0.1))"),
        says=("lowest_smoothed is 0.32", "what does each class have")),
    right("question-losses", "answers as results", ("np.log(10)", "-np.log(1 / 10)")),
]
