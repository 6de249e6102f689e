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
        says=("gave new tensors",)),
    wrong("paired", "the sides swapped", "test-paired",
        ("    return prediction, target\n", "    return target, prediction\n"),
        says=("paired(", "hand on the numbers")),
    wrong("paired", "operands of lesson 01 that leaves a whole number as it is", "test-paired",
        solution="""
    global operands
    operands = lambda a, b: (as_tensor(a), as_tensor(b))
    return operands(floating(prediction), target)
    """, says=("['float32', 'int64'], wanted ['float32', 'float32']", "lesson 01", "correct it there")),
    wrong("paired", "an array of targets that is not copied", "test-paired",
        ("prediction, target = operands(floating(prediction), target)",
         "target = wrap(target) if isinstance(target, np.ndarray) else target\n"
         "    prediction, target = operands(floating(prediction), target)"),
        says=("paired gave a target that shares the", "copy it")),
    wrong("paired", "an array of predictions that is not copied", "test-paired",
        ("prediction, target = operands(floating(prediction), target)",
         "prediction = wrap(prediction) if isinstance(prediction, np.ndarray) else prediction\n"
         "    prediction, target = operands(floating(prediction), target)"),
        says=("paired gave a prediction that shares the", "copy it")),
    wrong("paired", "no record where the types differ", "test-paired",
        ("    return prediction, target\n",
         "    if prediction.dtype != target.dtype:\n"
         "        return wrap(prediction.data), target\n"
         "    return prediction, target\n"),
        says=("gave (False, True), wanted (True, True)", "hand on what fits as it is")),
    wrong("paired", "targets without their record", "test-paired",
        ("    return prediction, target\n",
         "    return prediction, target if not target._node else target.detach()\n"),
        says=("gave (True, False), wanted (True, True)", "hand on what fits as it is")),
    wrong("paired", "targets are never trained", "test-paired",
        ("    return prediction, target\n", "    return prediction, target.detach()\n"),
        says=("paired(p, t) gave new tensors, though p",)),
    wrong("paired", "a TypeError for shapes", "test-paired-refuses",
        ('raise ValueError(f"prediction has', 'raise TypeError(f"prediction has'),
        says=("paired of shapes (4, 1) and (4,)", "equal shapes only, and not empty")),
    wrong("paired", "an IndexError for an empty batch", "test-paired-refuses",
        ('raise ValueError(f"prediction and', 'raise IndexError(f"prediction and'),
        says=("paired of shapes (0, 3) and (0,", "equal shapes only, and not empty")),
    wrong("paired", "empty along the first axis only", "test-paired-refuses",
        ("prediction.size == 0", "prediction.ndim and len(prediction.data) == 0"),
        says=("paired of shapes (2, 0) and (2,", "equal shapes only, and not empty")),
    wrong("paired", "everything in float32", "test-paired",
        ("prediction, target = operands(floating(prediction), target)",
         "prediction, target = floating(prediction).astype(np.float32), as_tensor(target).astype(np.float32)"),
        says=("gave ['float32', 'float32'], wanted ['float16', 'float32']", "let operands settle the types")),
    wrong("paired", "both in the wider type", "test-paired",
        ("    return prediction, target\n",
         "    wide = np.result_type(prediction.dtype, target.dtype)\n"
         "    return prediction.astype(wide), target.astype(wide)\n"),
        says=("gave ['float32', 'float32'], wanted ['float16', 'float32']", "let operands settle the types")),
    wrong("paired", "axes of length 1 dropped", "test-paired-refuses",
        ("prediction.shape != target.shape",
         "[n for n in prediction.shape if n != 1] != [n for n in target.shape if n != 1]"),
        says=("paired of shapes (4, 1) and (4,)", "equal shapes only, and not empty")),
    wrong("paired", "a column beside a row let through", "test-paired-refuses",
        ("prediction.shape != target.shape",
         "prediction.shape != target.shape and prediction.shape != (*target.shape, 1)"),
        says=("paired of shapes (4, 1) and (4,)", "equal shapes only, and not empty")),
    wrong("paired", "a target turned where it fits", "test-paired",
        ("    if prediction.shape != target.shape:",
         "    if prediction.shape == target.shape[::-1]:\n"
         "        target = target.T\n"
         "    if prediction.shape != target.shape:"), says=("paired(p, t) gave new tensors, though p",)),
    wrong("paired", "a single target for all", "test-paired-refuses",
        ("prediction.shape != target.shape", "target.ndim and prediction.shape != target.shape"),
        says=("paired of shapes (2,) and () was", "equal shapes only, and not empty")),
    wrong("paired", "no size, no error for a number", "test-paired",
        ("prediction.size == 0", "prediction.size == 0 or prediction.ndim == 0"),
        says=("paired(2.0, 3) failed", "make both floating tensors")),
    wrong("paired", "whole targets made float32 beside a half", "test-paired",
        ("prediction, target = operands(floating(prediction), target)",
         "prediction, target = operands(floating(prediction), floating(target))"),
        says=("gave ['float16', 'float32'], wanted ['float16', 'float16']", "let operands settle the types")),
    wrong("paired", "a message with the target's shape twice", "test-paired-refuses",
        ("prediction has shape {prediction.shape}", "prediction has shape {target.shape}"),
        says=("paired of shapes (4, 1) and (4,)", "equal shapes only, and not empty")),
    wrong("paired", "whole targets cast outside of apply", "test-paired",
        ("prediction, target = operands(floating(prediction), target)",
         "prediction, target = floating(prediction), as_tensor(target)\n"
         "    if target.dtype != prediction.dtype and target.dtype.kind in 'iub':\n"
         "        target = wrap(target.data.astype(prediction.dtype))\n"
         "    prediction, target = operands(prediction, target)"),
        says=("gave [], wanted ['astype']", "let operands convert, once")),
    wrong("paired", "targets without a gradient by force", "test-paired",
        ("    return prediction, target\n", "    target.requires_grad = False\n    return prediction, target\n"),
        says=("that was computed has a record", "use detach()")),
    wrong("paired", "empty batches given a zero", "test-paired-refuses",
        ("    if prediction.size == 0:\n"
         '        raise ValueError(f"prediction and target have shape {target.shape}: "\n'
         '                         "an empty batch has no mean")\n',
         "    if prediction.size == 0:\n        prediction = target = Tensor(np.zeros(prediction.shape))\n"),
        says=("paired of shapes (0, 3) and (0,", "equal shapes only, and not empty")),
    right("paired", "one refusal for both",
        solution="""
    a, b = operands(floating(prediction), target)
    if a.shape == b.shape and a.size:
        return a, b
    raise ValueError(f"shapes {a.shape} and {b.shape} do not fit, or are empty")
    """),
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
    wrong("mean-squared-error", "squared first and subtracted then", "test-mean-squared-error",
        solution="""
    return np.mean(prediction**2 - 2 * prediction * target + target**2)
    """, says=("mse_loss([10000.5, 1], [10000, 1])", "wanted 0.125", "subtract before you square")),
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
    """, says=("mse_loss of shape (5,) changed prediction", "a new array")),
    wrong("mean-squared-error", "the square of the mean", "test-mean-squared-error",
        solution="""
    return np.mean(prediction - target) ** 2
    """, says=("mse_loss of shape (5,) gave", "the mean of the squared")),
    wrong("mean-squared-error", "one row for the batch", "test-mean-squared-error",
        solution="""
    return np.sum((prediction - target) ** 2) / (len(prediction) if prediction.ndim else 1)
    """, says=("mse_loss of shape (3, 4) gave", "wanted")),
    wrong("mean-squared-error", "nan passed over", "test-mean-squared-error", ("np.mean(", "np.nanmean("),
        says=("mse_loss([nan, 1], [0, 1]) gave 0, wanted nan", "gone wrong")),
    wrong("mean-squared-error", "squares cut off", "test-mean-squared-error",
        ("difference * difference", "np.minimum(difference * difference, 1e30)"),
        says=("mse_loss([1e+30, 1], [0, 1]) gave", "wanted inf", "gone wrong")),
    wrong("mean-squared-error", "computed in float32", "test-mean-squared-error",
        solution="""
    difference = prediction.astype(np.float32) - target
    return np.mean(difference * difference).astype(prediction.dtype)
""", says=("gave 1.75213572, wanted 1.75213574", "exact to float64's last digits")),
    wrong("mean-squared-error", "arrays taken in the order of memory", "test-mean-squared-error",
        solution="""
    difference = prediction.ravel(order='K') - target.ravel(order='K')
    return np.mean(difference * difference)
""", says=("gave 1.7219, wanted 1.7521", "exact to float64's last digits")),
    wrong("mean-squared-error", "divided by one less", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    return np.sum(difference * difference) / max(difference.size - 1, 1)
""", says=("gave 0.84962, wanted 0.6797", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "the difference written to the target", "test-mean-squared-error",
        solution="""
    if target.ndim:
        np.subtract(prediction, target, out=target)
        return np.mean(target * target)
    return (prediction - target) ** 2
""", says=("mse_loss of shape (5,) changed target", "the differences go into a new array")),
    wrong("mean-squared-error", "written to and put back", "test-mean-squared-error",
        solution="""
    if prediction.ndim == 1:
        prediction -= target
        loss = np.mean(prediction * prediction)
        prediction += target
        return loss
    return np.mean((prediction - target) ** 2)
""", says=("mse_loss of shape (5,) changed prediction", "the differences go into a new array")),
    wrong("mean-squared-error", "nan where something is not finite", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    return np.mean(np.where(np.isfinite(difference), difference * difference, np.nan)).astype(prediction.dtype)
""", says=("gave nan, wanted inf", "a loss that has gone wrong says so")),
    wrong("mean-squared-error", "differences cut off at 1e4", "test-mean-squared-error",
        solution="""
    difference = np.clip(prediction - target, -1e4, 1e4)
    return np.mean(difference * difference)
""", says=("gave 5e+07, wanted inf", "a loss that has gone wrong says so")),
    wrong("mean-squared-error", "the variance of the difference", "test-mean-squared-error",
        solution="""
    return np.var(prediction - target)
""", says=("gave 0.67195, wanted 0.6797", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "one axis kept", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    return np.mean(difference * difference, keepdims=True)
""", says=("gave shape (1,), wanted ()", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "Huber's loss", "test-mean-squared-error",
        solution="""
    difference = np.abs(prediction - target)
    return np.mean(np.where(difference < 1e3, difference**2, 2e3 * difference - 1e6)).astype(prediction.dtype)
""", says=("gave 1e+33, wanted inf", "a loss that has gone wrong says so")),
    wrong("mean-squared-error", "a tensor for a number", "test-mean-squared-error",
        solution="""
    return wrap(np.mean((prediction - target) ** 2))
""", says=("gave a Tensor, wanted a number of NumPy's", "it works on arrays")),
    wrong("mean-squared-error", "a Python float", "test-mean-squared-error",
        solution="""
    return float(np.mean((prediction - target) ** 2))
""", says=("is float64, wanted float32", "the type that came in")),
    wrong("mean-squared-error", "nan made 0 in a difference", "test-mean-squared-error",
        solution="""
    difference = np.nan_to_num(prediction - target)
    return np.mean(difference * difference)
""", says=("gave 0, wanted nan", "a loss that has gone wrong says so")),
    wrong("mean-squared-error", "an L2 norm squared by dot of what is flat", "test-mean-squared-error",
        solution="""
    difference = (prediction - target).ravel()
    return np.dot(difference, difference) / np.float64(difference.size)
""", says=("is float64, wanted float32", "the type that came in")),
    wrong("mean-squared-error", "the median", "test-mean-squared-error",
        solution="""
    return np.median((prediction - target) ** 2)
""", says=("gave 0.53254, wanted 0.6797", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "the power by np.power with an array", "test-mean-squared-error",
        solution="""
    return np.mean(np.power(prediction - target, np.float64(2)))
""", says=("is float64, wanted float32", "the type that came in")),
    wrong("mean-squared-error", "over all but the first axis", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    axes = tuple(range(1, difference.ndim)) if difference.ndim > 1 else None
    return (difference * difference).mean(axis=axes)
""", says=("gave shape (3,), wanted ()", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "signs of the differences kept", "test-mean-squared-error",
        solution="""
    difference = prediction - target
    return np.mean(difference * np.abs(difference))
""", says=("gave -0.20513, wanted 0.6797", "the mean of the squared differences, over all axes")),
    wrong("mean-squared-error", "zero where both are nan", "test-mean-squared-error",
        solution="""
    difference = np.where(np.isnan(prediction), 0, prediction - target)
    return np.mean(difference * difference).astype(prediction.dtype)
""", says=("gave 0, wanted nan", "a loss that has gone wrong says so")),
    wrong("mean-squared-error", "prediction less than target not counted", "test-mean-squared-error",
        solution="""
    difference = np.maximum(prediction - target, 0)
    return np.mean(difference * difference)
""", says=("gave 0.23729, wanted 0.6797", "the mean of the squared differences, over all axes")),
    right("mean-squared-error", "an inner product",
        solution="""
    gap = prediction - target
    return np.vdot(gap, gap) / gap.dtype.type(gap.size)
    """),
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
    """, says=("logit 30.0, target 1: gave 0, wanted 9.3576e-14", "log1p keeps it")),
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
        says=("logits [nan, 0], targets [1, 1]: gave 0.69315, wanted nan",)),
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
    wrong("binary-cross-entropy", "computed in float32, yes or no", "test-binary-cross-entropy",
        solution="""
    x, t = logits.astype(np.float32), targets.astype(np.float32)
    return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))).astype(logits.dtype)
""", says=("gave 0.8394092, wanted 0.8394091", "exact to float64's last digits")),
    wrong("binary-cross-entropy", "targets rounded", "test-binary-cross-entropy",
        solution="""
    t = np.round(targets)
    return np.mean(np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-np.abs(logits))))
""", says=("gave 1.7014, wanted 1.3264", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "a nan target taken for no", "test-binary-cross-entropy",
        solution="""
    t = np.nan_to_num(targets)
    return np.mean(np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-np.abs(logits))))
""", says=("gave 1.7201, wanted nan", "nan shows")),
    wrong("binary-cross-entropy", "logits cut off at 1e6", "test-binary-cross-entropy-far-out",
        solution="""
    x = np.clip(logits, -1e6, 1e6)
    return np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x))))
""", says=("gave 1000000.0, wanted 1.2676506002282294e+30", "which exp left the range?")),
    wrong("binary-cross-entropy", "the small term dropped far out", "test-binary-cross-entropy-far-out",
        solution="""
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.where(np.abs(logits) > 29, 1e-30, np.log1p(np.exp(-np.abs(logits))))).astype(logits.dtype)
""", says=("gave 1.0000000031710769e-30, wanted 0", "which exp left the range?")),
    wrong("binary-cross-entropy", "log of 1 and a little, in float64", "test-binary-cross-entropy-far-out",
        solution="""
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.log(1 + np.exp(-np.abs(logits.astype(np.float64))))).astype(logits.dtype)
""", says=("gave 9.3481e-14, wanted 9.3576e-14", "1 + y loses a small y, log1p keeps it")),
    wrong("binary-cross-entropy", "arrays in the order of memory", "test-binary-cross-entropy",
        solution="""
    x, t = logits.ravel(order='K'), targets.ravel(order='K')
    return np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))
""", says=("gave 0.91153, wanted 0.83941", "exact to float64's last digits")),
    wrong("binary-cross-entropy", "targets cut off to 0 and 1 as a guard", "test-binary-cross-entropy",
        solution="""
    t = np.clip(targets, 0.05, 0.95)
    return np.mean(np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-np.abs(logits))))
""", says=("gave 2.0269, wanted 2.1269", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "a sum over the last axis", "test-binary-cross-entropy",
        solution="""
    loss = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return np.mean(loss.sum(axis=-1)) if loss.ndim > 1 else np.mean(loss)
""", says=("gave 0.44019, wanted 0.22009", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "float64 out of float32, yes or no", "test-binary-cross-entropy",
        solution="""
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.log1p(np.exp(-np.abs(logits))), dtype=np.float64)
""", says=("is float64, wanted float32", "the type that came in")),
    wrong("binary-cross-entropy", "one logit at a time", "test-binary-cross-entropy",
        solution="""
    pairs = zip(logits.ravel().tolist(), targets.ravel().tolist())
    return np.float32(np.mean([max(x, 0) - x * t + np.log1p(np.exp(-abs(x))) for x, t in pairs]))
""", says=("gave 0.83940911, wanted 0.83940912", "exact to float64's last digits")),
    wrong("binary-cross-entropy", "a step at 0 that is lost", "test-binary-cross-entropy",
        solution="""
    above = logits * (1 - targets) + np.log1p(np.exp(-np.abs(logits)))
    below = -logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return np.mean(np.where(logits > 0, above, np.where(logits < 0, below, 0)))
""", says=("gave 0, wanted 0.69315", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "labels of -1 and 1", "test-binary-cross-entropy",
        solution="""
    t = 2 * targets - 1
    return np.mean(np.maximum(-logits * t, 0) + np.log1p(np.exp(-np.abs(logits * t))))
""", says=("gave 1.1369, wanted 1.3264", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "exp of x kept below", "test-binary-cross-entropy-far-out",
        solution="""
    x = np.clip(logits, -80, 80)
    return np.mean(np.log1p(np.exp(x)) - x * targets + (np.maximum(logits, 0) - np.maximum(x, 0)) * (1 - targets))
""", says=("gave 80.0, wanted 200", "which exp left the range?")),
    wrong("binary-cross-entropy", "the small term by exp alone", "test-binary-cross-entropy",
        solution="""
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.exp(-np.abs(logits)))
""", says=("gave 1, wanted 0.69315", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "nan where the logit is nan, 0 where the target is", "test-binary-cross-entropy",
        solution="""
    far = np.maximum(logits, 0) - np.nan_to_num(logits * targets)
    return np.mean(far + np.log1p(np.exp(-np.abs(logits))))
""", says=("gave 1.7201, wanted nan", "nan shows")),
    wrong("binary-cross-entropy", "abs forgotten", "test-binary-cross-entropy",
        solution="""
    far = np.maximum(logits, 0) - logits * targets
    return np.mean(far + np.log1p(np.exp(-logits)))
""", says=("gave 6.0486, wanted 3.0486", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    wrong("binary-cross-entropy", "minimum for maximum", "test-binary-cross-entropy",
        solution="""
    far = logits * targets - np.minimum(logits, 0)
    return np.mean(np.log1p(np.exp(-np.abs(logits))) - far)
""", says=("gave 0.12693, wanted 2.1269", "-t log p - (1 - t) log(1 - p), the mean over all elements")),
    right("binary-cross-entropy", "the method mean",
        solution="""
    z = np.abs(logits)
    return (np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-z))).mean()
    """),
    right("binary-cross-entropy", "logaddexp",
        solution="""
    far = np.logaddexp(logits.dtype.type(0), -np.abs(logits))
    return np.mean(far + np.where(logits > 0, logits * (1 - targets), -logits * targets))
    """),

    wrong("class-indices", "a class that is counted from the end", "test-class-indices-refuses",
        (" | (indices < 0)", ""), says=("class_indices([0.0, -1.0], (2, 5)) was accepted",)),
    wrong("class-indices", "fractions cut off", "test-class-indices-refuses", ("(indices != given) | ", ""),
        says=("[2.5, 9]", "target 2.5 at [1, 0]")),
    wrong("class-indices", "one class too many", "test-class-indices-refuses",
        ("(indices >= shape[-1])", "(indices > shape[-1])"), says=("class_indices([1.0, 3.0], (2, 3)) was accepted",)),
    wrong("class-indices", "no upper end", "test-class-indices-refuses", (" | (indices >= shape[-1])", ""),
        says=("class_indices([1.0, 3.0], (2, 3)) was accepted",)),
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
        says=("target 3.0 is not a class", "says 'target 3.0 at [1]'")),
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
    wrong("class-indices", "an array that is not copied", "test-class-indices",
        ("given = as_tensor(targets).data",
         "given = targets if isinstance(targets, np.ndarray) else as_tensor(targets).data"),
        ("return given.astype(np.int64)", "return given.astype(np.int64, copy=not isinstance(targets, np.ndarray))"),
        says=("class_indices(array([1, 0]), (2, 3)) gave the caller's", "copy it")),
    wrong("class-indices", "the range first and fractions then", "test-class-indices-refuses",
        solution="""
    given = as_tensor(targets).data
    if not shape or given.shape != shape[:-1]:
        raise ValueError(f"logits {shape} need targets {shape[:-1]}, not of shape {given.shape}")
    if given.size == 0:
        raise ValueError(f"targets of shape {given.shape}: an empty batch has no mean")
    if given.dtype == bool:
        raise TypeError("targets are booleans: use astype if False is class 0 and True class 1")
    for bad in (~((given >= 0) & (given < shape[-1])), given != np.floor(given)):
        if bad.any():
            where = np.argwhere(bad)[0].tolist()
            raise ValueError(f"target {given[tuple(where)]} at {where} is not a class")
    return given.astype(np.int64)
""",
        says=("class_indices([[0, 1], [2.5, 9]], (2, 2, 4))",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "fractions first and the range then", "test-class-indices-refuses",
        solution="""
    given = as_tensor(targets).data
    if not shape or given.shape != shape[:-1]:
        raise ValueError(f"logits {shape} need targets {shape[:-1]}, not of shape {given.shape}")
    if given.size == 0:
        raise ValueError(f"targets of shape {given.shape}: an empty batch has no mean")
    if given.dtype == bool:
        raise TypeError("targets are booleans: use astype if False is class 0 and True class 1")
    for bad in (given != np.floor(given), ~((given >= 0) & (given < shape[-1]))):
        if bad.any():
            where = np.argwhere(bad)[0].tolist()
            raise ValueError(f"target {given[tuple(where)]} at {where} is not a class")
    return given.astype(np.int64)
""",
        says=("class_indices([9.0, 0.5], (2, 4)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "through float32", "test-class-indices",
        ("given = as_tensor(targets).data",
         "given = as_tensor(targets).data\n"
         "    given = given.astype(np.float32) if given.dtype != bool else given"),
        says=("gave [16777216], wanted [16777217]", "the numbers stay")),
    wrong("class-indices", "no place for a single target", "test-class-indices-refuses",
        ("np.argwhere(bad)[0].tolist()", "np.argwhere(bad)[0].tolist() if given.ndim else 0"),
        says=("class_indices(array(5), (3,)) raised TypeError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "the place in the flat array", "test-class-indices-refuses",
        ("np.argwhere(bad)[0].tolist()", "[int(np.flatnonzero(bad)[0])]"),
        ("given[tuple(where)]", "given.ravel()[where[0]]"),
        says=("class_indices([[0, 1], [2.5, 9]], (2, 2, 4))",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a tuple for the place", "test-class-indices-refuses",
        ("at {where} is", "at {tuple(where)} is"),
        says=("class_indices([1.0, 3.0], (2, 3)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "the index for the value", "test-class-indices-refuses",
        ("target {given[tuple(where)]} at", "target {indices[tuple(where)]} at"),
        says=("class_indices([1.0, 3.0], (2, 3)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a ValueError for booleans", "test-class-indices-refuses",
        ('raise TypeError("targets', 'raise ValueError("targets'),
        says=("class_indices([True, False], (2, 2)) raised ValueError", "which class is True? Only the caller knows")),
    wrong("class-indices", "booleans of an array let in", "test-class-indices-refuses",
        ("given.dtype == bool:", "given.dtype == bool and not isinstance(targets, Tensor):"),
        says=("gave array([1, 0]), wanted a TypeError", "which class is True? Only the caller knows")),
    wrong("class-indices", "one-hot rows taken", "test-class-indices-refuses",
        ("    if not shape or",
         "    if given.shape == shape and given.ndim > 1:\n"
         "        return given.argmax(axis=-1)\n"
         "    if not shape or"),
        says=("gave array([0, 1]), wanted a ValueError that says '(2, 2)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a column of targets taken", "test-class-indices-refuses",
        ("    if not shape or",
         "    if shape and given.shape == (*shape[:-1], 1):\n        given = given[..., 0]\n    if not shape or"),
        says=("gave array([1, 2]), wanted a ValueError that says '(2, 1)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "as many as there are rows, in any shape", "test-class-indices-refuses",
        ("    if not shape or",
         "    if shape and given.size == np.prod(shape[:-1]) and given.ndim != len(shape):\n"
         "        given = given.reshape(shape[:-1])\n"
         "    if not shape or"),
        says=("gave array([[0, 1], [0, 1]]), wanted a ValueError that says '(4,)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "classes on the second axis", "test-class-indices-refuses",
        ("shape[:-1]:", "shape[:1] + shape[2:] and given.shape != shape[:-1]:"),
        says=("gave array([[0, 0, 0], [0, 0, 0]]), wanted a ValueError that says '(2, 3)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a single target for all rows", "test-class-indices-refuses",
        ("    if not shape or",
         "    if shape and given.ndim == 0:\n        given = np.full(shape[:-1], given)\n    if not shape or"),
        says=("gave array([1, 1]), wanted a ValueError that says '()'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "targets cut off at the ends", "test-class-indices-refuses",
        ("    bad = (indices != given)",
         "    indices = np.clip(indices, 0, shape[-1] - 1)\n    bad = (indices != given) & (given % 1 != 0)"),
        says=("class_indices([1.0, 3.0], (2, 3)) was accepted and",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "rounded within a thousandth", "test-class-indices-refuses",
        ("(indices != given)", "(np.abs(indices - given) > 1e-3)"),
        says=("class_indices([1.00048828125], (1, 4)) was accepted and gave",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "an IndexError for what is no class", "test-class-indices-refuses",
        ('raise ValueError(f"target {given', 'raise IndexError(f"target {given'),
        says=("class_indices([1.0, 3.0], (2, 3)) raised IndexError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "unsigned numbers made signed first", "test-class-indices-refuses",
        ("given = as_tensor(targets).data",
         "given = as_tensor(targets).data\n"
         "    given = given.astype(np.int64) if given.dtype == np.uint64 else given"),
        says=("wanted one that says 'target 9223372036854775808 at [1]'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a tensor for an array of indices", "test-class-indices",
        ("    return indices\n", "    return wrap(indices)\n"), says=("gave a Tensor, wanted an array",)),
    wrong("class-indices", "targets made flat", "test-class-indices",
        ("return given.astype(np.int64)\n    with", "return given.astype(np.int64).ravel()\n    with"),
        says=("gave [3, 0, 1, 2], wanted [[3, 0], [1, 2]]",)),
    wrong("class-indices", "a view that the caller may write through", "test-class-indices",
        ("return given.astype(np.int64)\n    with",
         "return given.view(np.int64) if given.dtype == np.uint64 else given.astype(np.int64)\n    with"),
        says=("class_indices(uint64 [[3, 0], [1, 2]], (2, 2,", "copy it")),
    wrong("class-indices", "the upper end forgotten for whole types", "test-class-indices-refuses",
        ("and given.max() < shape[-1]:", "and given.max() < 2**63:"),
        says=("(2, 256)) was accepted",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "the lower end forgotten for whole types", "test-class-indices-refuses",
        ("0 <= given.min() and given.max()", "given.max()"),
        says=("class_indices([-7], (1, 9)) was accepted and gave",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "the shape without its first axis", "test-class-indices-refuses",
        ("given.shape != shape[:-1]", "given.shape not in (shape[:-1], shape[1:])"),
        says=("gave array([0, 1, 0]), wanted a ValueError that says '(3,)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "a TypeError for fractions", "test-class-indices-refuses",
        ("    bad = (indices",
         "    if (indices != given).any() and not np.isnan(given).any():\n"
         "        raise TypeError(f'target {given} is a fraction')\n"
         "    bad = (indices"),
        says=("class_indices([[0, 1], [2.5, 9]], (2, 2, 4))",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "values rounded in the message", "test-class-indices-refuses",
        ("{given[tuple(where)]} at", "{given[tuple(where)]:.1f} at"),
        says=("(2, 256)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "all bad positions", "test-class-indices-refuses",
        ("np.argwhere(bad)[0].tolist()", "np.argwhere(bad).tolist()"),
        ("given[tuple(where)]", "given[bad]"),
        says=("class_indices([1.0, 3.0], (2, 3)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "nan taken for class 0", "test-class-indices-refuses",
        ("    with np.errstate", "    given = np.nan_to_num(given)\n    with np.errstate"),
        says=("gave array([0]), wanted a ValueError that says 'nan'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "an empty batch given back", "test-class-indices-refuses",
        ('        raise ValueError(f"targets of shape {given.shape}: an empty batch has no mean")',
         "        return given.astype(np.int64)"),
        says=("gave array([], dtype=int64), wanted a ValueError that says '(0,)'",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "NumPy's booleans of a list let in", "test-class-indices-refuses",
        ("    if given.dtype == bool:", "    if given.dtype == bool and given.ndim == 1:"),
        says=("gave array([[1]]), wanted a TypeError", "which class is True? Only the caller knows")),
    wrong("class-indices", "the logits' own shape named", "test-class-indices-refuses",
        ("not of shape {given.shape}", "not these of {shape}"),
        says=("class_indices([[1], [2]], (2, 3)) raised ValueError",
              "name the first value that is not a class, or the shape")),
    wrong("class-indices", "axes of length 1 forgiven", "test-class-indices-refuses",
        ("given.shape != shape[:-1]", "given.squeeze().shape != tuple(n for n in shape[:-1] if n != 1)"),
        says=("gave array([[1], [2]]), wanted a ValueError that says '(2, 1)'",
              "name the first value that is not a class, or the shape")),
    right("class-indices", "by np.asarray, which keeps a list's whole numbers",
        solution="""
    given = np.asarray(targets)
    if given.dtype == bool:
        raise TypeError("True is not a class")
    if not shape or given.shape != shape[:-1] or given.size == 0:
        raise ValueError(f"targets of shape {given.shape} for logits of shape {shape}")
    for place in np.ndindex(given.shape):
        if given[place] not in range(shape[-1]):
            raise ValueError(f"target {given[place]} at {list(place)} is not from 0 to {shape[-1] - 1}")
    return given.astype(np.int64)
    """),
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
        says=("[10000.0, 0, 0], class 1", "was a probability computed")),
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
    wrong("cross-entropy-of-rows", "smoothing in float64", "test-label-smoothing",
        ("label_smoothing * np.mean(-rows)", "np.asarray(label_smoothing) * np.mean(-rows, dtype=np.float64)"),
        says=("is float64, wanted float32", "the type that came in")),
    wrong("cross-entropy-of-rows", "computed in float32, of many", "test-label-smoothing",
        solution="""
    rows = LOG_SOFTMAX.forward(logits.astype(np.float32), axis=-1).reshape(targets.size, -1)
    loss = -rows[np.arange(targets.size), targets.reshape(-1)].sum() / targets.size
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * np.mean(-rows)
    return np.asarray(loss).astype(logits.dtype)
""", says=("gave 1.6962472, wanted 1.6962473", "exact to float64's last digits")),
    wrong("cross-entropy-of-rows", "targets in the order of memory", "test-label-smoothing",
        ("targets.reshape(-1)]", "targets.ravel(order='K')]"),
        says=("gave 1.7821, wanted 1.6962", "exact to float64's last digits")),
    wrong("cross-entropy-of-rows", "smoothing by all but one class", "test-label-smoothing",
        ("np.mean(-rows)", "np.mean(-rows) * rows.shape[1] / max(rows.shape[1] - 1, 1)"),
        says=("gave 1.3987, wanted 1.3482", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "smoothing that spoils the input", "test-label-smoothing",
        ("    if label_smoothing:\n",
         "    if label_smoothing and logits.dtype == np.float64:\n"
         "        logits += 1\n"
         "    if label_smoothing:\n"),
        says=("cross_entropy_of_rows of float64 arrays of shapes (2,", "work in arrays of your own")),
    wrong("cross-entropy-of-rows", "logits with their largest taken off in place", "test-cross-entropy",
        ("    rows = LOG", "    logits -= logits.max(axis=-1, keepdims=True)\n    rows = LOG"),
        says=("cross_entropy_of_rows of shape (4, 3) changed an",
              "the gradient needs both; work in arrays of your own")),
    wrong("cross-entropy-of-rows", "smoothing that sees the first axis only", "test-label-smoothing",
        ("np.mean(-rows)",
         "np.mean(-LOG_SOFTMAX.forward(logits, axis=-1).sum(axis=-1)) / len(logits[0]) if "
         "logits.ndim > 1 else np.mean(-rows)"),
        says=("gave 2.1494, wanted 1.7646", "exact to float64's last digits")),
    wrong("cross-entropy-of-rows", "smoothing where a class has no probability left out", "test-label-smoothing",
        ("np.mean(-rows)", "np.mean(-rows[np.isfinite(rows)])"), says=("gave 0, wanted inf", "it shares too")),
    wrong("cross-entropy-of-rows", "a mean of means over the first axis", "test-cross-entropy",
        (".sum() / targets.size", ".sum() / (len(targets) if targets.ndim else 1)"),
        says=("gave 12.296, wanted 2.4591", "the mean over all rows of -log p of the right class")),
    wrong("cross-entropy-of-rows", "a probability of at least 1e-38", "test-cross-entropy-far-out",
        ("    loss = -rows[", "    rows = np.maximum(rows, -87)\n    loss = -rows["),
        says=("gave 87, wanted 10000", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "infinite losses passed over", "test-cross-entropy-far-out",
        ("    loss = -rows[np.arange(targets.size), targets.reshape(-1)].sum() / targets.size\n",
         "    each = rows[np.arange(targets.size), targets.reshape(-1)]\n"
         "    loss = -each[np.isfinite(each) | np.isnan(each)].sum() / targets.size\n"),
        says=("gave -0, wanted inf", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "the second term kept for a smoothing of 0", "test-cross-entropy-far-out",
        ("    if label_smoothing:\n", "    if label_smoothing is not None:\n"),
        says=("gave nan, wanted 0", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "the weight 1 - e whatever the smoothing of all", "test-label-smoothing",
        ("(1 - label_smoothing) * loss", "max(1 - label_smoothing, 0.05) * loss"),
        says=("gave 1.5797, wanted 1.5132", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "nan made 0 at the end", "test-cross-entropy-far-out",
        ("    return loss\n", "    return np.nan_to_num(loss, posinf=np.inf)\n"),
        says=("gave 0, wanted nan", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "float64 of one axis", "test-cross-entropy",
        ("    return loss\n", "    return np.float64(loss) if logits.ndim == 1 else loss\n"),
        says=("is float64, wanted float32", "the type that came in")),
    wrong("cross-entropy-of-rows", "smoothed where training would be", "test-cross-entropy-far-out",
        ("    if label_smoothing:\n", "    label_smoothing = label_smoothing or 1e-6\n    if label_smoothing:\n"),
        says=("gave 0.0066667, wanted 0", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "a mean over rows that are finite", "test-cross-entropy-far-out",
        (".sum() / targets.size", ".mean() if np.isfinite(rows).all() else -np.inf * -1"),
        says=("gave inf, wanted 0", "was a probability computed, or a smoothing of 0 multiplied by infinity?")),
    wrong("cross-entropy-of-rows", "smoothing of the mean logit", "test-label-smoothing",
        ("np.mean(-rows)", "-np.mean(logits)"), says=("gave 1.1853, wanted 1.3482", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "smoothing with the row's largest", "test-label-smoothing",
        ("np.mean(-rows)", "np.mean(-rows.max(axis=1))"),
        says=("gave 1.2897, wanted 1.3482", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "the rest to the right class", "test-label-smoothing",
        ("(1 - label_smoothing) * loss", "(1 - label_smoothing + label_smoothing / rows.shape[1]) * loss"),
        says=("gave 1.3815, wanted 1.3482", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "smoothing above one half refused", "test-label-smoothing",
        ("    if label_smoothing:\n",
         "    if label_smoothing > 0.5:\n        return loss\n    if label_smoothing:\n"),
        says=("gave 1.3299, wanted 1.5132", "all C classes share in it")),
    wrong("cross-entropy-of-rows", "the largest for the right one where there is a single row", "test-cross-entropy",
        ("reshape(targets.size, -1)\n",
         "reshape(targets.size, -1)\n    if targets.ndim == 0:\n        return -rows[0].max()\n"),
        says=("gave 0.68066, wanted 2.2872", "the mean over all rows of -log p of the right class")),
    wrong("cross-entropy-of-rows", "the axis of classes second", "test-cross-entropy",
        ("LOG_SOFTMAX.forward(logits, axis=-1)", "LOG_SOFTMAX.forward(logits, axis=min(1, logits.ndim - 1))"),
        says=("gave 3.3236, wanted 2.4591", "the mean over all rows of -log p of the right class")),
    wrong("cross-entropy-of-rows", "a tensor for a number, of many", "test-label-smoothing",
        ("    return loss\n", "    return wrap(np.asarray(loss))\n"),
        says=("gave a Tensor, wanted a number of NumPy's", "it works on arrays")),
    wrong("cross-entropy-of-rows", "a Python float, of many", "test-cross-entropy",
        ("    return loss\n", "    return float(loss)\n"),
        says=("is float64, wanted float32", "the type that came in")),
    right("cross-entropy-of-rows", "picked, then averaged",
        solution="""
    logs = LOG_SOFTMAX.forward(logits, axis=-1).reshape(-1, logits.shape[-1])
    flat = targets.ravel()
    picked = logs[np.arange(len(flat)), flat]
    loss = -picked.mean()
    if label_smoothing > 0:
        loss = loss * (1 - label_smoothing) - logs.mean() * label_smoothing
    return loss
    """),
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
