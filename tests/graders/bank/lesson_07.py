"""The bank for lesson 07: training."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("stratified-split", "a split that is the same for every seed", "test-stratified-split",
        ("np.random.default_rng(seed)", "np.random.default_rng(0)"), says=("seeds 1 and 2", "at random")),
    wrong("stratified-split", "a share that is cut off, not rounded", "test-stratified-split",
        ("[:round(fraction", "[:int(fraction"), says=("fraction 0.19", "wanted [8, 4, 2]")),
    wrong("stratified-split", "no classes", "test-stratified-split",
        (
                (
                    "    for label in np.unique(labels):\n"
                    "        members = rng.permutation(np.flatnonzero(labels == label))\n"
                    "        chosen[members[:round(fraction * len(members))]] = True\n"
                ),
                (
                    "    members = rng.permutation(len(labels))\n"
                    "    chosen[members[:round(fraction * len(members))]] = True\n"
                ),
            ),
        says=("classes of [40, 20", "wanted [8, 4", "of n members")),
    wrong("stratified-split", "the first of every class", "test-stratified-split",
        ("rng.permutation(np.flatnonzero(labels == label))", "np.flatnonzero(labels == label)"),
        says=("seeds 1 and 2", "at random")),
    wrong("stratified-split", "the parts swapped", "test-stratified-split",
        (
                "return np.flatnonzero(~chosen), np.flatnonzero(chosen)",
                "return np.flatnonzero(chosen), np.flatnonzero(~chosen)",
            ),
        says=("put [32, 16] of the classes into the second part, wanted [8, 4]",)),
    wrong("stratified-split", "a seed from nowhere", "test-stratified-split",
        ("np.random.default_rng(seed)", "np.random.default_rng()"), says=("the same seed gave two different splits",)),
    wrong("stratified-split", "parts as they were drawn", "test-stratified-split",
        (
                "return np.flatnonzero(~chosen), np.flatnonzero(chosen)",
                "return rng.permutation(np.flatnonzero(~chosen)), rng.permutation(np.flatnonzero(chosen))",
            ),
        says=("rising order",)),
    wrong("stratified-split", "the whole in the first part", "test-stratified-split",
        ("return np.flatnonzero(~chosen)", "return np.arange(len(labels))"), says=("exactly one part",)),
    wrong("stratified-split", "the shared generator, seeded", "test-stratified-split",
        (
                "rng, chosen = np.random.default_rng(seed), np.zeros",
                (
                    "rng = generator()\n"
                    "    rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state\n"
                    "    chosen = np.zeros"
                ),
            ),
        says=("changed a generator", "one of its own")),
    wrong("stratified-split", "NumPy's global generator, seeded", "test-stratified-split",
        (
                "rng, chosen = np.random.default_rng(seed), np.zeros",
                "rng, chosen = np.random, np.zeros",
            ),
        (
                "    for label in np.unique(labels):\n",
                "    rng.seed(seed)\n    for label in np.unique(labels):\n",
            ),
        says=("changed a generator", "one of its own")),
    wrong("stratified-split", "a generator for each class", "test-stratified-split",
        ("rng.permutation(np.flatnonzero", "np.random.default_rng(seed).permutation(np.flatnonzero"),
        says=("the same members, by place", "one generator")),
    wrong("stratified-split", "labels sorted where they are", "test-stratified-split",
        ("    rng, chosen", "    labels.sort()\n    rng, chosen"), says=("changed labels, from", "only read")),
    wrong("stratified-split", "labels counted from 0", "test-stratified-split",
        ("    rng, chosen", "    labels -= labels.min()\n    rng, chosen"), says=("changed labels, from", "only read")),
    wrong("stratified-split", "neighbours from a random place on", "test-stratified-split",
        ("rng.permutation(np.flatnonzero(labels == label))",
         "np.roll(np.flatnonzero(labels == label), rng.integers(99))"),
        says=("were neighbours", "at random")),
    wrong("stratified-split", "labels that must be numbers", "test-stratified-split",
        ("np.unique(labels)", "np.unique(labels.astype(int))"), says=("words failed", "any label")),
    wrong("stratified-split", "Python's generator, seeded", "test-stratified-split",
        ("    rng, chosen", "    import random\n    random.seed(seed)\n    rng, chosen"),
        says=("seeded np.random or random",)),
    wrong("stratified-split", "at least one of each class", "test-stratified-split",
        ("[:round(fraction * len(members))]", "[:max(1, round(fraction * len(members)))]"),
        says=("put [2, 1]", "wanted [2, 0]")),
    wrong("stratified-split", "halves rounded up", "test-stratified-split",
        ("[:round(fraction * len(members))]", "[:int(fraction * len(members) + 0.5)]"), says=("wanted [4, 6]",)),
    wrong("stratified-split", "members drawn with return", "test-stratified-split",
        ("chosen[members[:round(fraction * len(members))]] = True",
         "chosen[rng.choice(members, round(fraction * len(members)))] = True"), says=("wanted [8, 4]",)),
    wrong("stratified-split", "a seed for each class", "test-stratified-split",
        ("rng.permutation(np.flatnonzero", "np.random.default_rng([seed, abs(int(label))]).permutation(np.flatnonzero"),
        says=("words failed", "any label")),
    right("stratified-split", "drawn without return",
        ("chosen[members[:round(fraction * len(members))]] = True",
         "chosen[rng.choice(members, round(fraction * len(members)), replace=False)] = True")),
    right("stratified-split", "lists of indices",
        solution="""
    rng = np.random.default_rng(seed)
    first, second = [], []
    for label in sorted(set(labels.tolist())):
        members = [i for i, other in enumerate(labels) if other == label]
        rng.shuffle(members)
        cut = round(fraction * len(members))
        second += members[:cut]
        first += members[cut:]
    return np.array(sorted(first)), np.array(sorted(second))
    """),

    wrong("batch-indices", "an order from somewhere else", "test-shuffle",
        ("generator().permutation", "np.random.default_rng().permutation"),
        says=("after manual_seed(1)", "generator()")),
    wrong("batch-indices", "an order that begins anew", "test-shuffle",
        ("generator().permutation", "np.random.default_rng(0).permutation"),
        says=("two epochs came in the same order",)),
    wrong("batch-indices", "the last piece left out", "test-batch-indices",
        ("range(0, count, batch_size)", "range(0, count - batch_size + 1, batch_size)"),
        says=("batch_indices(10, 4, shuffle=False)", "[8, 9]]")),
    wrong("batch-indices", "shuffled whatever is asked", "test-batch-indices",
        ("generator().permutation(count) if shuffle else np.arange(count)", "generator().permutation(count)"),
        says=("batch_indices(10, 4, shuffle=False)", "wanted [[0, 1, 2, 3]")),
    wrong("batch-indices", "never shuffled", "test-shuffle",
        ("generator().permutation(count) if shuffle else np.arange(count)", "np.arange(count)"),
        says=("left the order as it was",)),
    wrong("batch-indices", "one too few in each", "test-batch-indices",
        ("start + batch_size]", "start + batch_size - 1]"), says=("batch_indices(10, 4, shuffle=False)", "wanted")),
    wrong("batch-indices", "a size of 0 that range refuses", "test-batch-indices",
        (
                (
                    "    if batch_size < 1:\n"
                    '        raise ValueError(f"batch_size is {batch_size}: a batch holds at least one example")\n'
                ),
                "",
            ),
        says=("batch_size=0", "range() arg 3", "with the value")),
    wrong("batch-indices", "0 refused, less not", "test-batch-indices", ("if batch_size < 1:", "if batch_size == 0:"),
        says=("batch_size=-1 was accepted",)),
    wrong("batch-indices", "drawn with return", "test-shuffle",
        ("generator().permutation(count)", "generator().integers(0, count, count)"),
        says=("each of 50 examples once",)),
    wrong("batch-indices", "batches shuffled, in order inside", "test-shuffle",
        (
                "    order = generator().permutation(count) if shuffle else np.arange(count)\n",
                "    order = np.arange(count)\n",
            ),
        (
                "    return [order[start:start + batch_size] for start in range(0, count, batch_size)]\n",
                (
                    "    pieces = [order[start:start + batch_size] for start in range(0, count, batch_size)]\n"
                    "    return [pieces[i] for i in generator().permutation(len(pieces))] if shuffle else pieces\n"
                ),
            ),
        says=("not the examples among them", "all the numbers")),
    wrong("batch-indices", "shuffled within each batch", "test-shuffle",
        (
                "    order = generator().permutation(count) if shuffle else np.arange(count)\n",
                "    order = np.arange(count)\n",
            ),
        (
                "    return [order[start:start + batch_size] for start in range(0, count, batch_size)]\n",
                (
                    "    pieces = [order[start:start + batch_size] for start in range(0, count, batch_size)]\n"
                    "    return [generator().permutation(piece) for piece in pieces] if shuffle else pieces\n"
                ),
            ),
        says=("not the examples among them", "all the numbers")),
    wrong("batch-indices", "drawn without being asked", "test-shuffle",
        ("generator().permutation(count) if shuffle else np.arange(count)",
         "generator().permutation(count)\n    order = order if shuffle else np.sort(order)"),
        says=("with shuffle=False it drew",)),
    wrong("batch-indices", "rows of one length", "test-batch-indices",
        ("[order[start:start + batch_size] for start in range(0, count, batch_size)]",
         "list(order.reshape(-1, batch_size))"),
        says=("batch_indices(10, 4", "the last few too")),
    wrong("batch-indices", "lists of numbers", "test-batch-indices",
        ("order = generator().permutation(count) if shuffle else np.arange(count)",
         "order = list(range(count))\n    if shuffle:\n        generator().shuffle(order)"),
        says=("'list of i'", "arrays of whole numbers")),
    wrong("batch-indices", "a generator of pieces", "test-batch-indices",
        ("return [order[start:start + batch_size] for start in range(0, count, batch_size)]",
         "return (order[start:start + batch_size] for start in range(0, count, batch_size))"),
        says=("'generator'", "wanted ['list'")),
    wrong("batch-indices", "a random start", "test-shuffle",
        ("generator().permutation(count)", "np.roll(np.arange(count), generator().integers(count))"),
        says=("right after their neighbours", "an order of all")),
    wrong("batch-indices", "neighbours mixed", "test-shuffle",
        ("generator().permutation(count)", "np.argsort(np.arange(count) + 8 * generator().random(count))"),
        says=("moved its examples by", "an order of all")),
    wrong("batch-indices", "fractions that count", "test-batch-indices",
        ("np.arange(count)", "np.arange(float(count))"), says=("'ndarray of f'",)),
    wrong("batch-indices", "pieces of about one size", "test-batch-indices",
        ("[order[start:start + batch_size] for start in range(0, count, batch_size)]",
         "np.array_split(order, -(-count // batch_size))"), says=("[4, 5, 6]", "wanted")),
    wrong("batch-indices", "dealt out", "test-batch-indices",
        ("[order[start:start + batch_size] for start in range(0, count, batch_size)]",
         "[order[k::-(-count // batch_size)] for k in range(-(-count // batch_size))]"),
         says=("[0, 3, 6, 9]", "in order")),
    wrong("batch-indices", "a last one added to the piece before", "test-batch-indices",
        ("[order[start:start + batch_size] for start in range(0, count, batch_size)]",
         "np.split(order, [i for i in range(batch_size, count, batch_size) if count - i > 1])"),
        says=("[5, 6]]", "the last few too")),
    wrong("batch-indices", "no value in the message", "test-batch-indices",
        ('f"batch_size is {batch_size}: a batch holds at least one example"', '"batch_size is too small"'),
        says=("with the value",)),
    right("batch-indices", "shuffled where it is, cut by split",
        solution="""
    if batch_size < 1:
        raise ValueError(f"batch_size should be at least 1, not {batch_size}")
    order = np.arange(count)
    if shuffle:
        generator().shuffle(order)
    return np.split(order, range(batch_size, count, batch_size))
    """),
    right("batch-indices", "cut by array_split",
        (
                "return [order[start:start + batch_size] for start in range(0, count, batch_size)]",
                "return np.split(order, np.arange(batch_size, count, batch_size))",
            )),

    wrong("combine", "an average of averages", "test-combine",
        (
                "score.loss * count for score, count in zip(scores, counts)) / total",
                "score.loss for score in scores) / len(scores)",
            ),
        says=("[3, 1] examples", "gave 3, wanted 2", "weigh each part")),
    wrong("combine", "an accuracy that is averaged plainly", "test-combine",
        (
                "sum(score.accuracy * count for score, count in zip(scores, counts)) / total",
                "sum(score.accuracy for score in scores) / len(scores)",
            ),
        says=("accuracy gave 0.5, wanted 0.75", "weigh each part")),
    wrong("combine", "a loss that is not divided", "test-combine",
        (
                "loss = sum(score.loss * count for score, count in zip(scores, counts)) / total",
                "loss = sum(score.loss * count for score, count in zip(scores, counts))",
            ),
        says=("gave 8, wanted 2",)),
    wrong("combine", "divided by the parts", "test-combine", ("total = sum(counts)", "total = len(counts)"),
        says=("gave 4, wanted 2",)),
    wrong("combine", "no look at None", "test-combine",
        (
                (
                    "    if any(score.accuracy is None for score in scores):\n"
                    "        return Score(loss, None)\n"
                ),
                "",
            ),
        says=("failed", "an accuracy of None is missing")),
    wrong("combine", "None only where all are", "test-combine", ("if any(", "if all("),
        says=("failed", "an accuracy of None is missing")),
    wrong("combine", "0 for None", "test-combine",
        ("        return Score(loss, None)\n", "        return Score(loss, 0.0)\n"), says=("gave 0.0, wanted None",)),
    wrong("combine", "the last part's accuracy", "test-combine",
        ("sum(score.accuracy * count for score, count in zip(scores, counts)) / total", "scores[-1].accuracy"),
        says=("accuracy gave 0, wanted 0.75", "weigh each part")),
    wrong("combine", "a plain tuple", "test-combine",
        ("return Score(loss, sum(score.accuracy * count for score, count in zip(scores, counts)) / total)",
         "return loss, sum(score.accuracy * count for score, count in zip(scores, counts)) / total"),
        says=("gave (2.0, 0.75)", "wanted a Score")),
    wrong("combine", "0 taken for None", "test-combine",
        ("any(score.accuracy is None for score in scores)", "not all(score.accuracy for score in scores)"),
        says=("gave None, wanted 0.75",)),
    wrong("combine", "a loss that is rounded", "test-combine",
        ("zip(scores, counts)) / total\n    if", "zip(scores, counts)) / total\n    loss = round(loss, 4)\n    if"),
        says=("gave 0, wanted 4e-05",)),
    wrong("combine", "nan passed over", "test-combine",
        ("sum(score.loss * count for score, count in zip(scores, counts)) / total",
         "float(np.nansum([score.loss * count for score, count in zip(scores, counts)])) / total"),
        says=("wanted nan",)),
    wrong("combine", "the parts that have an accuracy", "test-combine",
        ("return Score(loss, None)",
         "known = [(s.accuracy, c) for s, c in zip(scores, counts) if s.accuracy is not None]\n"
         "        return Score(loss, sum(a * c for a, c in known) / sum(c for _, c in known) if known else None)"),
        says=("gave 1.0, wanted None", "None is missing")),
    wrong("combine", "None of the last part", "test-combine",
        ("any(score.accuracy is None for score in scores)", "scores[-1].accuracy is None"),
        says=("[(3, None), (0, 1)]",)),
    wrong("combine", "None of the first part", "test-combine",
        ("any(score.accuracy is None for score in scores)", "scores[0].accuracy is None"),
        says=("[(1, 1), (nan, None)]", "failed")),
    wrong("combine", "scores that are used up", "test-combine",
        ("    if any(", "    scores, old = [scores.pop(0) for _ in counts], scores\n    if any("),
        says=("left 0 scores", "only read")),
    wrong("combine", "counts put in order", "test-combine",
        ("    total = sum(counts)", "    counts.sort(reverse=True)\n    total = sum(counts)"),
        says=("[(3, None), (0, 1)]",)),
    right("combine", "NumPy's average",
        solution="""
    loss = float(np.average([score.loss for score in scores], weights=counts))
    known = [score.accuracy for score in scores]
    return Score(loss, None if None in known else float(np.average(known, weights=counts)))
    """),

    wrong("evaluating", "modes that are not put back", "test-evaluating",
        ("module.training = mode", "module.training = True"),
        says=("[True, True, True, False] before", "its own mode back")),
    wrong("evaluating", "modes looked at too late", "test-evaluating",
        (
                "[(module, module.training) for module in model.modules()]",
                "((module, module.training) for module in model.modules())",
            ),
        says=("[False, False, False, False] after", "its own mode back")),
    wrong("evaluating", "train() for all", "test-evaluating",
        (
                (
                    "        for module, mode in modes:\n"
                    "            module.training = mode\n"
                ),
                "        model.train()\n",
            ),
        says=("[True, True, True, False] before", "its own mode back")),
    wrong("evaluating", "the mode of the model for all", "test-evaluating",
        (
                (
                    "        for module, mode in modes:\n"
                    "            module.training = mode\n"
                ),
                "        model.train(modes[0][1])\n",
            ),
        says=("[True, True, True, False] before", "its own mode back")),
    wrong("evaluating", "only the model itself", "test-evaluating",
        ("    model.eval()\n", "    model.training = False\n"), says=("inside the block", "still training")),
    wrong("evaluating", "no finally", "test-evaluating",
        (
                (
                    "    try:\n"
                    "        yield\n"
                    "    finally:\n"
                    "        for module, mode in modes:\n"
                    "            module.training = mode\n"
                ),
                (
                    "    yield\n"
                    "    for module, mode in modes:\n"
                    "        module.training = mode\n"
                ),
            ),
        says=("ended in a ValueError", "its own mode back")),
    wrong("evaluating", "nothing put back", "test-evaluating",
        ("            module.training = mode\n", "            pass\n"),
        says=("[False, False, False, False] after", "its own mode back")),
    wrong("evaluating", "put back after an Exception alone", "test-evaluating",
        (
                (
                    "    try:\n"
                    "        yield\n"
                    "    finally:\n"
                    "        for module, mode in modes:\n"
                    "            module.training = mode\n"
                ),
                (
                    "    try:\n"
                    "        yield\n"
                    "    except Exception:\n"
                    "        for module, mode in modes:\n"
                    "            module.training = mode\n"
                    "        raise\n"
                    "    for module, mode in modes:\n"
                    "        module.training = mode\n"
                ),
            ),
        says=("ended in a KeyboardInterrupt", "its own mode back")),
    wrong("evaluating", "errors swallowed", "test-evaluating",
        ("        yield\n", "        yield\n    except ValueError:\n        pass\n"), says=("was swallowed",)),
    wrong("evaluating", "nothing yielded", "test-evaluating", solution="""
    model.eval()
    """, says=("with evaluating(model)", "yield once")),
    wrong("evaluating", "one memory for all blocks", "test-evaluating",
        ("    modes = [(module, module.training) for module in model.modules()]\n",
         "    modes = evaluating.__dict__.setdefault('modes', [])\n"
         "    modes[:] = [(module, module.training) for module in model.modules()]\n"),
        says=("another inside it", "modes of its own")),
    wrong("evaluating", "no record either", "test-evaluating",
        ("        yield\n", "        with no_grad():\n            yield\n"),
        says=("operations are not recorded", "nothing else")),
    wrong("evaluating", "put back after errors that are foreseen", "test-evaluating",
        ("    finally:\n        for module, mode in modes:\n            module.training = mode",
         "    except (Exception, KeyboardInterrupt):\n        for module, mode in modes:\n"
         "            module.training = mode\n        raise\n    else:\n        for module, mode in modes:\n"
         "            module.training = mode"), says=("ended in a SystemExit", "own mode back")),
    wrong("evaluating", "the parts inside the model", "test-evaluating",
        ("for module in model.modules()]", "for module in model.modules()[1:]]"), says=("own mode back",)),
    wrong("evaluating", "one part of each kind", "test-evaluating",
        ("modes = [(module, module.training) for module in model.modules()]",
         "modes = {type(part).__name__: (part, part.training) for part in model.modules()}.values()"),
        says=("own mode back",)),
    wrong("evaluating", "a copy in evaluation mode", "test-evaluating",
        ("    model.eval()\n", "    import copy\n    copy.deepcopy(model).eval()\n"), says=("still training",)),
    right("evaluating", "train() or eval() for each, the outer ones first",
        ("            module.training = mode", "            module.train() if mode else module.eval()")),
    right("evaluating", "a dict of modes",
        solution="""
    parts = model.modules()
    before = {id(part): part.training for part in parts}
    try:
        model.train(False)
        yield model
    finally:
        for part in parts:
            part.training = before[id(part)]
    """),

    wrong("evaluate", "a measurement in training mode", "test-evaluate",
        ("evaluating(model), no_grad()", "no_grad()"), says=("50 examples", "wanted")),
    wrong("evaluate", "a measurement with a record", "test-evaluate",
        ("evaluating(model), no_grad()", "evaluating(model)"), says=("kept a record",)),
    wrong("evaluate", "shuffled", "test-evaluate", ("shuffle=False", "shuffle=True"),
        says=("drew random numbers", "what shuffles")),
    wrong("evaluate", "batches that count the same", "test-evaluate", ("counts.append(len(x))", "counts.append(1)"),
        says=("with batch_size 16", "every example count")),
    wrong("evaluate", "full batches all", "test-evaluate", ("counts.append(len(x))", "counts.append(batch_size)"),
        says=("with batch_size 16", "every example count")),
    wrong("evaluate", "the first batch only", "test-evaluate",
        (
                "            counts.append(len(x))\n",
                (
                    "            counts.append(len(x))\n"
                    "            break\n"
                ),
            ),
        says=("with batch_size 16", "every example count")),
    wrong("evaluate", "left in evaluation mode", "test-evaluate",
        (
                "    with evaluating(model), no_grad():\n",
                (
                    "    model.eval()\n"
                    "    with no_grad():\n"
                ),
            ),
        says=("the modes of the parts after it gave [False, False, False, False]",)),
    wrong("evaluate", "labels for outputs", "test-evaluate",
        ("accuracy(outputs, y)", "accuracy(outputs, Tensor(outputs.data.argmax(axis=-1)))"),
        says=("wanted", "50 examples")),
    wrong("evaluate", "a loss that is a Tensor", "test-evaluate", ("loss_fn(outputs, y).item()", "loss_fn(outputs, y)"),
        says=("a loss that is a Tensor", "plain float")),
    wrong("evaluate", "all examples at once", "test-evaluate",
        ("targets, batch_size, shuffle", "targets, len(inputs), shuffle"),
        says=("took batches of [50]", "one batch at a time")),
    wrong("evaluate", "tuples for scores", "test-evaluate",
        ("scores.append(Score(loss_fn(outputs, y).item(), accuracy(outputs, y)))",
         "scores.append((loss_fn(outputs, y).item(), accuracy(outputs, y)))"),
        says=("evaluate on 50 examples", "what does combine take")),
    wrong("evaluate", "the model run twice", "test-evaluate",
        ("accuracy(outputs, y)", "accuracy(model(x), y)"), says=("ran the model 2 times, wanted 1", "same outputs")),
    wrong("evaluate", "the model run once more on all", "test-evaluate",
        ("    return combine(scores, counts)",
         "    with evaluating(model), no_grad():\n        return Score(combine(scores, counts).loss, "
         "accuracy(model(Tensor(inputs)), Tensor(targets)))"), says=("ran the model 2 times, wanted 1",)),
    wrong("evaluate", "modes put back where all went well", "test-evaluate",
        ("with evaluating(model), no_grad():",
         "modes = [(part, part.training) for part in model.modules()]\n    model.eval()\n    with no_grad():"),
        ("    return combine(scores, counts)",
         "    for part, mode in modes:\n        part.training = mode\n    return combine(scores, counts)"),
        says=("after a stopped evaluate", "both as before")),
    wrong("evaluate", "train() for all at the end", "test-evaluate",
        ("with evaluating(model), no_grad():", "model.eval()\n    with no_grad():"),
        ("    return combine(scores, counts)", "    model.train()\n    return combine(scores, counts)"),
        says=("gave [True, True, True, True], wanted [True, False, True, True]",)),
    wrong("evaluate", "outputs that are kept", "test-evaluate",
        ("            counts.append(len(x))",
         "            counts.append(len(x))\n            kept.append((x, outputs))"),
        ("    with evaluating(model), no_grad():", "    kept = []\n    with evaluating(model), no_grad():"),
        says=("evaluate of 10 batches took", "outputs kept")),
    wrong("evaluate", "no more than 1024 at a time", "test-evaluate",
        ("targets, batch_size, shuffle", "targets, min(batch_size, 1024), shuffle"),
        says=("batch_size 10000", "wanted [10000]")),
    wrong("evaluate", "no accuracy taken for 0", "test-evaluate",
        ("accuracy(outputs, y)", "accuracy(outputs, y) or 0.0"), says=("targets that are not classes", "wanted None")),
    wrong("evaluate", "an accuracy whatever the targets are", "test-evaluate",
        ("accuracy(outputs, y)", "float((outputs.data.argmax(axis=-1) == y.data).mean())"),
        says=("targets that are not classes", "None")),
    wrong("evaluate", "gradients cleared", "test-evaluate",
        ("    with evaluating(model), no_grad():", "    model.zero_grad()\n    with evaluating(model), no_grad():"),
        says=("cleared the gradients", "only measures")),
    wrong("evaluate", "shuffled, and the generator put back", "test-evaluate",
        ("    with evaluating(model), no_grad():",
         "    before = generator().bit_generator.state\n    with evaluating(model), no_grad():"),
        ("shuffle=False", "shuffle=True"),
        ("    return combine(scores, counts)",
         "    generator().bit_generator.state = before\n    return combine(scores, counts)"),
        says=("the targets that the loss met", "without shuffling")),
    right("evaluate", "batches cut by hand",
        solution="""
    model_batches = batches(inputs, targets, batch_size, False)
    with no_grad():
        with evaluating(model):
            for pair in model_batches:
                guess = model(pair[0])
                counts.append(pair[0].shape[0])
                scores.append(Score(float(loss_fn(guess, pair[1])), accuracy(guess, pair[1])))
    return combine(scores, counts)
    """),

    wrong("accumulate-gradients", "pieces that weigh the same", "test-accumulate-gradients",
        ("count / sum(counts)", "1 / len(counts)"), says=("33 examples as [16, 16, 1]", "what does a piece weigh")),
    wrong("accumulate-gradients", "losses added up", "test-accumulate-gradients",
        ("(loss * (count / sum(counts))).backward()", "loss.backward()"),
        says=("33 examples as [11, 11, 11]", "what does a piece weigh")),
    wrong("accumulate-gradients", "the weighed loss reported", "test-accumulate-gradients",
        (
                "        (loss * (count / sum(counts))).backward()\n",
                (
                    "        loss = loss * (count / sum(counts))\n"
                    "        loss.backward()\n"
                ),
            ),
        says=("as [11, 11, 11]: the score", "score the plain loss")),
    wrong("accumulate-gradients", "gradients cleared on the way", "test-accumulate-gradients",
        (
                "        outputs = model(inputs)\n",
                (
                    "        model.zero_grad()\n"
                    "        outputs = model(inputs)\n"
                ),
            ),
        says=("accumulated twice", "off by")),
    wrong("accumulate-gradients", "no backward", "test-accumulate-gradients",
        ("        (loss * (count / sum(counts))).backward()\n", ""),
        says=("has no gradient", "backward() once for each batch")),
    wrong("accumulate-gradients", "divided by the examples", "test-accumulate-gradients",
        ("count / sum(counts)", "1 / sum(counts)"), says=("33 examples as [33]", "what does a piece weigh")),
    wrong("accumulate-gradients", "cleared at the beginning", "test-accumulate-gradients",
        (
                "    for (inputs, targets), count in zip(group, counts):\n",
                (
                    "    model.zero_grad()\n"
                    "    for (inputs, targets), count in zip(group, counts):\n"
                ),
            ),
        says=("accumulated twice", "what was there")),
    wrong("accumulate-gradients", "the last batch only", "test-accumulate-gradients",
        (
                "        (loss * (count / sum(counts))).backward()\n",
                (
                    "        if inputs is group[-1][0]:\n"
                    "            loss.backward()\n"
                ),
            ),
        says=("33 examples as [11, 11, 11]", "off by")),
    wrong("accumulate-gradients", "one backward at the end", "test-accumulate-gradients",
        solution="""
    total = 0.0
    for (inputs, targets), count in zip(group, counts):
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
        total = loss * count + total
        scores.append(Score(float(loss), accuracy(outputs, targets)))
    (total / sum(counts)).backward()
    """, says=("bytes at one time", "used up before the next one is built")),
    wrong("accumulate-gradients", "all forwards first", "test-accumulate-gradients",
        solution="""
    losses = []
    for (inputs, targets), count in zip(group, counts):
        outputs = model(inputs)
        losses.append(loss_fn(outputs, targets))
        scores.append(Score(losses[-1].item(), accuracy(outputs, targets)))
    for loss, count in zip(losses, counts):
        (loss * (count / sum(counts))).backward()
    """, says=("bytes at one time", "used up before the next one is built")),
    wrong("accumulate-gradients", "the model run again for the score", "test-accumulate-gradients",
        ("accuracy(outputs, targets)", "accuracy(model(inputs), targets)"),
        says=("the model ran 12 times", "score the same outputs")),
    wrong("accumulate-gradients", "a score with a Tensor", "test-accumulate-gradients",
        ("scores.append(Score(loss.item(), accuracy(outputs, targets)))",
         "scores.append(Score(loss, accuracy(outputs, targets)))"),
        says=("a loss that is a Tensor", "wanted a plain float")),
    wrong("accumulate-gradients", "batches of nan left out", "test-accumulate-gradients",
        ("        (loss *", "        if not math.isfinite(loss.item()):\n            continue\n        (loss *"),
        says=("and one of nan", "wanted nan", "left out")),
    wrong("accumulate-gradients", "an accuracy whatever the targets are", "test-accumulate-gradients",
        ("accuracy(outputs, targets)", "float((outputs.data.argmax(axis=-1) == targets.data).mean())"),
        says=("a group of no classes", "None")),
    wrong("accumulate-gradients", "in evaluation mode", "test-accumulate-gradients",
        ("    for (inputs, targets), count", "    model.eval()\n    for (inputs, targets), count"),
        says=("not in training mode",)),
    wrong("accumulate-gradients", "the loss computed twice", "test-accumulate-gradients",
        ("Score(loss.item()", "Score(loss_fn(outputs, targets).item()"), says=("the loss was computed 2 times",)),
    wrong("accumulate-gradients", "gradients divided at the end", "test-accumulate-gradients",
        solution="""
    for (inputs, targets), count in zip(group, counts):
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
        (loss * float(count)).backward()
        scores.append(Score(loss.item(), accuracy(outputs, targets)))
    for p in model.parameters():
        p.grad.data /= sum(counts)
    """, says=("accumulated twice", "added to what was there")),
    wrong("accumulate-gradients", "scores in another order", "test-accumulate-gradients",
        ("scores.append(", "scores.insert(0, "), says=("[16, 16, 1]", "the plain loss")),
    right("accumulate-gradients", "the weight as the gradient of the loss",
        solution="""
    total = sum(counts)
    for inputs, targets in group:
        guess = model(inputs)
        loss = loss_fn(guess, targets)
        loss.backward(Tensor(len(inputs) / total))
        scores.append(Score(float(loss), accuracy(guess, targets)))
    """),

    wrong("clip-grad-norm", "a norm in the gradients' own type", "test-clip-extremes",
        ("p.grad.data, dtype=np.float64", "p.grad.data"),
        says=("[300, 300, 300, 300] in float16", "wanted 600", "add up in float64")),
    wrong("clip-grad-norm", "a norm for each parameter", "test-clip-grad-norm",
        (
                "wrap(p.grad.data * p.grad.dtype.type(factor))",
                (
                    "wrap(p.grad.data * p.grad.dtype.type(max_norm / (math.sqrt(np.square(p.grad.data).sum()) + 1e-6)))"
                ),
            ),
        says=("to 1:", "gave 0.8, wanted 0.3", "one factor for all")),
    wrong("clip-grad-norm", "short ones stretched", "test-clip-grad-norm", ("if not factor >= 1:", "if True:"),
        says=("to 20:", "wanted 4", "one factor for all")),
    wrong("clip-grad-norm", "the norm after", "test-clip-grad-norm",
        ("    return norm\n", "    return min(norm, max_norm)\n"),
        says=("returned a int", "plain float")),
    wrong("clip-grad-norm", "no root", "test-clip-grad-norm", ("math.sqrt(sum(squares))", "sum(squares)"),
        says=("gave 169, wanted 13", "joint length")),
    wrong("clip-grad-norm", "a sum of lengths", "test-clip-grad-norm",
        ("math.sqrt(sum(squares))", "sum(np.sqrt(squares))"), says=("gave 17, wanted 13", "joint length")),
    wrong("clip-grad-norm", "the longest one's", "test-clip-grad-norm",
        ("math.sqrt(sum(squares))", "math.sqrt(max(squares))"), says=("gave 12, wanted 13", "joint length")),
    wrong("clip-grad-norm", "a sum of sizes", "test-clip-grad-norm",
        ("np.square(p.grad.data, dtype=np.float64)", "np.abs(p.grad.data.astype(np.float64))"),
        says=("wanted 13", "joint length")),
    wrong("clip-grad-norm", "each number cut off", "test-clip-grad-norm",
        ("wrap(p.grad.data * p.grad.dtype.type(factor))", "wrap(np.clip(p.grad.data, -max_norm, max_norm))"),
        says=("to 1:", "one factor for all")),
    wrong("clip-grad-norm", "nothing below the line", "test-clip-extremes", ("(norm + 1e-6)", "norm"),
        says=("[0, 0]", "division by zero", "where all are 0")),
    wrong("clip-grad-norm", "gradients in float64", "test-clip-extremes",
        ("p.grad.dtype.type(factor)", "np.float64(factor)"), says=("is float64, wanted float16", "keep their type")),
    wrong("clip-grad-norm", "a minimum that hides nan", "test-clip-extremes",
        ("factor = max_norm / (norm + 1e-6)", "factor = min(1, max_norm / (norm + 1e-6))"),
        says=("[1, nan]", "wanted nan", "as PyTorch")),
    wrong("clip-grad-norm", "finite gradients alone", "test-clip-extremes",
        ("if not factor >= 1:", "if factor < 1:"), says=("[1, nan]", "wanted nan", "as PyTorch")),
    wrong("clip-grad-norm", "a norm that is an array", "test-clip-grad-norm",
        ("    return norm\n", "    return np.array(norm)\n"), says=("returned a ndarray", "plain float")),
    wrong("clip-grad-norm", "nothing added to the length", "test-clip-grad-norm",
        ("max_norm / (norm + 1e-6)", "max_norm / norm if norm else 1.0"),
        says=("[-5e-06] to 1e-06", "gave -1e-06, wanted -8.3333e-07")),
    wrong("clip-grad-norm", "less added to the length", "test-clip-grad-norm", ("1e-6", "1e-12"),
        says=("wanted -8.3333e-07",)),
    wrong("clip-grad-norm", "more added to the length", "test-clip-grad-norm", ("1e-6", "1e-3"),
        says=("gave 0.30767, wanted 0.30769",)),
    wrong("clip-grad-norm", "a length of 0 taken for none", "test-clip-grad-norm",
        ("if not factor >= 1:", "if max_norm and not factor >= 1:"), says=("to 0:", "gave 4, wanted 0")),
    wrong("clip-grad-norm", "gradients for all", "test-clip-extremes",
        ("        norm =", "        for p in parameters:\n            if p.grad is None:\n"
         "                p.grad = wrap(np.zeros_like(p.data))\n        norm ="),
         says=("without a gradient has got one",)),
    wrong("clip-grad-norm", "no gradients refused", "test-clip-grad-norm",
        ("        norm =", "        if not squares:\n            raise ValueError('nothing to clip')\n        norm ="),
        says=("without gradients failed", "length of nothing")),
    wrong("clip-grad-norm", "gradients joined by concatenate", "test-clip-grad-norm",
        ("math.sqrt(sum(squares))", "math.sqrt(np.concatenate([np.atleast_1d(s) for s in squares]).sum())"),
        says=("without gradients failed",)),
    wrong("clip-grad-norm", "16 bits taken for float16", "test-clip-extremes",
        ("wrap(p.grad.data * p.grad.dtype.type(factor))",
         "wrap((p.grad.data * p.grad.dtype.type(factor)).astype('f2' if p.grad.data.itemsize == 2 else p.grad.dtype))"),
        says=("is float16, wanted bfloat16",)),
    wrong("clip-grad-norm", "gradients that require a gradient", "test-clip-grad-norm",
        ("wrap(p.grad.data * p.grad.dtype.type(factor))",
         "Tensor(p.grad.data * p.grad.dtype.type(factor), requires_grad=True)"), says=("numbers are enough",)),
    wrong("clip-grad-norm", "a norm of nan returned as 0", "test-clip-extremes",
        ("    return norm\n", "    return float(np.nan_to_num(norm))\n"), says=("[1, nan]", "gave 0, wanted nan")),
    wrong("clip-grad-norm", "an error for nan", "test-clip-extremes",
        ("        factor =", "        if norm != norm:\n            raise ValueError('nan')\n        factor ="),
        says=("[1, nan]", "say of nan")),
    wrong("clip-grad-norm", "an infinite length left alone", "test-clip-extremes",
        ("if not factor >= 1:", "if not factor >= 1 and math.isfinite(norm):"), says=("wanted nan",)),
    right("clip-grad-norm", "gradients scaled where they are",
        ("p.grad = wrap(p.grad.data * p.grad.dtype.type(factor))", "p.grad.data *= p.grad.dtype.type(factor)")),
    right("clip-grad-norm", "NumPy's minimum, which keeps nan",
        solution="""
    norm = math.sqrt(sum(float(np.sum(np.square(p.grad.data.astype(np.float64)))) for p in with_gradient))
    factor = float(np.minimum(1.0, max_norm / (norm + 1e-6)))
    with np.errstate(invalid="ignore"):
        for p in with_gradient:
            p.grad = wrap(p.grad.data * p.grad.data.dtype.type(factor))
    return norm
    """),
    right("clip-grad-norm", "one long vector",
        solution="""
    if not with_gradient:
        return 0.0
    with np.errstate(all="ignore"):
        flat = np.concatenate([p.grad.data.ravel().astype(np.float64) for p in with_gradient])
        norm = float(np.linalg.norm(flat))
        if not norm <= max_norm:
            for p in with_gradient:
                p.grad = Tensor((p.grad.data * (max_norm / (norm + 1e-6))).astype(p.grad.dtype))
    return norm
    """),

    wrong("cosine-lr", "a cosine that begins with the warm-up", "test-cosine-lr",
        ("(step - warmup_steps) / (total_steps - warmup_steps)", "step / total_steps"),
        says=("step=10", "warmup_steps=10", "wanted 1:")),
    wrong("cosine-lr", "a warm-up that begins at 0", "test-cosine-lr",
        ("peak * (step + 1) / warmup_steps", "peak * step / warmup_steps"),
        says=("step=0", "gave 0, wanted 0.1")),
    wrong("cosine-lr", "uphill", "test-cosine-lr",
        ("(1 + math.cos(math.pi * done))", "(1 - math.cos(math.pi * done))"),
        says=("step=10", "gave 0, wanted 1:")),
    wrong("cosine-lr", "a whole wave", "test-cosine-lr", ("math.pi * done", "2 * math.pi * done"),
        says=("step=25", "wanted 0.85355")),
    wrong("cosine-lr", "no minimum", "test-cosine-lr", ("minimum + (peak - minimum) *", "peak *"),
        says=("minimum=1)", "gave 1.5, wanted 2")),
    wrong("cosine-lr", "the minimum on top", "test-cosine-lr", ("(peak - minimum) *", "peak *"),
        says=("minimum=1)", "gave 2.5, wanted 2")),
    wrong("cosine-lr", "a cosine that goes up again", "test-cosine-lr",
        (
                (
                    "    if step >= total_steps:\n"
                    "        return minimum\n"
                ),
                "",
            ),
        says=("step=500", "wanted 0.2")),
    wrong("cosine-lr", "one step less", "test-cosine-lr",
        ("(total_steps - warmup_steps)", "(total_steps - warmup_steps - 1)"), says=("step", "wanted")),
    wrong("cosine-lr", "0 at the end", "test-cosine-lr", ("        return minimum\n", "        return 0.0\n"),
        says=("step=500", "gave 0, wanted 0.2")),
    wrong("cosine-lr", "a straight line", "test-cosine-lr", ("(1 + math.cos(math.pi * done)) / 2", "(1 - done)"),
        says=("step=25", "wanted 0.85355")),
    wrong("cosine-lr", "one warm-up step too many", "test-cosine-lr",
        ("if step < warmup_steps:", "if step <= warmup_steps:"), says=("step=10", "gave 1.1, wanted 1")),
    wrong("cosine-lr", "the visible answers typed in", "test-cosine-lr",
        solution="""
    known = {0: 1.0 if warmup_steps == 0 else 0.1, 1: 1.0, 4: 0.5, 9: 1.0, 10: 1.0, 25: 0.85355339059, 99: 0.0002467,
             55: minimum + (peak - minimum) / 2}
    return known.get(step, minimum)
    """, says=("step=1, peak=0.6", "wanted 0.4")),
    wrong("cosine-lr", "a warm-up from the minimum", "test-cosine-lr",
        ("return peak * (step + 1) / warmup_steps",
         "return minimum + (peak - minimum) * (step + 1) / warmup_steps"),
        says=("step=0, peak=1", "gave 0.37, wanted 0.1")),
    wrong("cosine-lr", "a warm-up above the minimum", "test-cosine-lr",
        ("return peak * (step + 1) / warmup_steps", "return max(minimum, peak * (step + 1) / warmup_steps)"),
        says=("minimum=0.3)", "gave 0.3, wanted 0.1")),
    wrong("cosine-lr", "a rate that is rounded", "test-cosine-lr",
        ("return minimum + (peak - minimum) * (1 + math.cos(math.pi * done)) / 2",
         "return round(minimum + (peak - minimum) * (1 + math.cos(math.pi * done)) / 2, 6)"),
        says=("gave 0.853553, wanted 0.8535534",)),
    wrong("cosine-lr", "not quite to the end", "test-cosine-lr",
        ("math.cos(math.pi * done)", "math.cos(math.pi * min(done, 0.99))"), says=("step=999", "wanted")),
    wrong("cosine-lr", "no way down, no minimum", "test-cosine-lr",
        ("        return minimum\n", "        return minimum if total_steps > warmup_steps else peak\n"),
        says=("step=5", "gave 1, wanted 0.1")),
    wrong("cosine-lr", "a quarter of a wave", "test-cosine-lr",
        ("(1 + math.cos(math.pi * done)) / 2", "math.cos(math.pi * done / 2)"), says=("gave 0.92388, wanted 0.85355",)),
    wrong("cosine-lr", "a warm-up that is one step longer", "test-cosine-lr",
        ("(step + 1) / warmup_steps", "(step + 1) / (warmup_steps + 1)"), says=("wanted 0.1",)),
    wrong("cosine-lr", "the minimum one step early", "test-cosine-schedule",
        ("if step >= total_steps:", "if step >= total_steps - 1:"), says=("after 3 steps", "wanted 0.5")),
    right("cosine-lr", "the share that is left",
        solution="""
    if step >= total_steps:
        return minimum
    if step + 1 <= warmup_steps:
        return (step + 1) * (peak / warmup_steps)
    left = (total_steps - step) / (total_steps - warmup_steps)
    return minimum + (peak - minimum) * math.sin(math.pi / 2 * left) ** 2
    """),

    wrong("train-step", "old gradients that are still there", "test-train-step-gradients",
        ("self.optimizer.zero_grad()", "pass"), says=("old gradients were still there",)),
    wrong("train-step", "a clip that comes too late", "test-train-step-gradients",
        (
                (
                    "        if self.clip_norm is not None:\n"
                    "            clip_grad_norm(self.model.parameters(), self.clip_norm)\n"
                    "        self.optimizer.step()\n"
                ),
                (
                    "        self.optimizer.step()\n"
                    "        if self.clip_norm is not None:\n"
                    "            clip_grad_norm(self.model.parameters(), self.clip_norm)\n"
                ),
            ),
        says=("clip_norm 0.01", "between the gradients and the update")),
    wrong("train-step", "a schedule that steps first", "test-train-step",
        (
                (
                    "        self.optimizer.step()\n"
                    "        if self.schedule is not None:\n"
                    "            self.schedule.step()\n"
                ),
                (
                    "        if self.schedule is not None:\n"
                    "            self.schedule.step()\n"
                    "        self.optimizer.step()\n"
                ),
            ),
        says=("wanted 0.025 and 0.05", "the schedule steps last")),
    wrong("train-step", "no schedule", "test-train-step",
        ("            self.schedule.step()\n", "            pass\n"),
        says=("[0.025, 0.025]", "the schedule steps last")),
    wrong("train-step", "updates that are not counted", "test-train-step", ("        self.steps += 1\n", ""),
        says=("steps is 0", "counts updates")),
    wrong("train-step", "batches counted", "test-train-step", ("self.steps += 1", "self.steps += len(group)"),
        says=("steps is 6", "counts updates")),
    wrong("train-step", "a schedule that must be there", "test-train-step",
        (
                (
                    "        if self.schedule is not None:\n"
                    "            self.schedule.step()\n"
                ),
                "        self.schedule.step()\n",
            ),
        says=("no schedule failed", "may be None")),
    wrong("train-step", "a clip that must be there", "test-train-step",
        (
                "        if self.clip_norm is not None:\n            clip_grad_norm(",
                "        if True:\n            clip_grad_norm(",
            ),
        says=("clip_norm=None", "may be None")),
    wrong("train-step", "the score after", "test-train-step",
        ("        return score\n", "        return evaluate(self.model, self.loss_fn, *group[0])\n"),
        says=("the runs of the model", "gave 4, wanted 3")),
    wrong("train-step", "nothing returned", "test-train-step", ("        return score\n", ""),
        says=("returned None", "wanted the group's score")),
    wrong("train-step", "no update", "test-train-step", ("        self.optimizer.step()\n", ""),
        says=("the optimizer stepped 0 times",)),
    wrong("train-step", "gradients cleared before the update", "test-train-step-gradients",
        (
                "        self.optimizer.step()\n",
                (
                    "        self.optimizer.zero_grad()\n"
                    "        self.optimizer.step()\n"
                ),
            ),
        says=("of length 0", "the gradients must be there")),
    wrong("train-step", "a schedule that steps for each batch", "test-train-step",
        ("            self.schedule.step()\n", "            [self.schedule.step() for _ in group]\n"),
        says=("[0.025, 0.1]", "and once")),
    wrong("train-step", "the optimizer's parameters clipped", "test-train-step-gradients",
        ("self.model.parameters()", "self.optimizer.param_groups[0]['params']"),
        says=("clip_norm 0.01", "wanted 0.01")),
    wrong("train-step", "epochs counted", "test-train-step",
        ("        self.steps += 1\n", "        self.steps += 1\n        self.epoch += 1\n"),
        says=("epoch and history gave (3, [])", "in steps alone")),
    wrong("train-step", "scores in the history", "test-train-step",
        ("        self.steps += 1\n", "        self.steps += 1\n        self.history.append(score)\n"),
        says=("epoch and history gave", "wanted (0, [])")),
    wrong("train-step", "an update for each batch", "test-train-step",
        solution="""
        scores = []
        for batch in group:
            self.optimizer.zero_grad()
            scores.append(accumulate_gradients(self.model, self.loss_fn, [batch]))
            if self.clip_norm is not None:
                clip_grad_norm(self.model.parameters(), self.clip_norm)
            self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        self.steps += 1
        return combine(scores, [len(inputs) for inputs, _ in group])
        """, says=("train_step gave", "from before the update")),
    wrong("train-step", "a group that is used up", "test-train-step",
        ("        self.steps += 1\n", "        self.steps += 1\n        group.clear()\n"),
        says=("left in the group", "gave 0, wanted 3")),
    wrong("train-step", "a look at the optimizer's groups", "test-train-step",
        ("        self.optimizer.step()\n", "        self.lr_used = self.optimizer.param_groups[0]['lr']\n"
         "        self.optimizer.step()\n"), says=("failed", "param_groups")),
    wrong("train-step", "two batches at most", "test-train-step",
        ("self.loss_fn, group)", "self.loss_fn, group[:2])"), says=("the runs of the model", "gave 2, wanted 3")),
    wrong("train-step", "clipped to 1 at most", "test-train-step-gradients",
        ("clip_grad_norm(self.model.parameters(), self.clip_norm)",
         "clip_grad_norm(self.model.parameters(), min(1.0, self.clip_norm))"), says=("clip_norm 1.25", "wanted 1.25")),
    wrong("train-step", "each parameter clipped alone", "test-train-step-gradients",
        ("clip_grad_norm(self.model.parameters(), self.clip_norm)",
         "[clip_grad_norm(p, self.clip_norm) for p in self.model.parameters()]"), says=("wanted 0.01",)),
    wrong("train-step", "no update where the loss is nan", "test-train-step",
        ("        self.optimizer.step()\n",
         "        if math.isfinite(score.loss):\n            self.optimizer.step()\n"),
        says=("whose loss is nan", "gave (3, 4), wanted (4, 4)")),
    wrong("train-step", "the model run once more", "test-train-step",
        ("        self.optimizer.zero_grad()\n",
         "        evaluate(self.model, self.loss_fn, *group[0])\n        self.optimizer.zero_grad()\n"),
        says=("the runs of the model", "gave 4, wanted 3")),
    right("train-step", "cleared by the model", ("self.optimizer.zero_grad()", "self.model.zero_grad()")),

    wrong("training-state", "a state without the generator's", "test-training-state",
        ("generator().bit_generator.state", "np.random.default_rng(5).bit_generator.state"),
        says=("two epochs after going on", "not kept")),
    wrong("training-state", "the arrays themselves", "test-training-state",
        ("trainer.model.state_dict()", "{name: p.data for name, p in trainer.model.named_parameters()}"),
        says=("as the object itself, not as a copy",)),
    wrong("training-state", "the optimizer's own state", "test-training-state",
        ("trainer.optimizer.state_dict()", "{**trainer.optimizer.state_dict(), 'state': {}}"),
        says=("two epochs after going on", "not kept")),
    wrong("training-state", "a schedule that must be there", "test-training-state",
        ("None if trainer.schedule is None else trainer.schedule.state_dict()", "trainer.schedule.state_dict()"),
        says=("without a schedule failed", "None belongs in its place")),
    wrong("training-state", "no schedule", "test-training-state",
        ("None if trainer.schedule is None else trainer.schedule.state_dict()", "None"),
        says=("'NoneType'", "wanted {'model': 'dict'")),
    wrong("training-state", "rows as they are", "test-training-state",
        ("[asdict(row) for row in trainer.history]", "list(trainer.history)"),
        says=("going on from the state failed", "under each name")),
    wrong("training-state", "the history left out", "test-training-state",
        ('        "history": [asdict(row) for row in trainer.history],\n', ""),
        says=("its names gave", "that restore reads")),
    wrong("training-state", "counts swapped", "test-training-state",
        ('"epoch": trainer.epoch', '"epoch": trainer.steps'), says=("epoch and steps gave (7, 7), wanted (3, 7)",)),
    wrong("training-state", "steps that begin anew", "test-training-state", ('"steps": trainer.steps', '"steps": 0'),
        says=("epoch and steps gave (3, 0), wanted (3, 7)",)),
    wrong("training-state", "a history that begins anew", "test-training-state",
        ("[asdict(row) for row in trainer.history]", "[]"), says=("the history has 2 rows", "wanted 4")),
    wrong("training-state", "a random number drawn", "test-training-state",
        ("    return {", "    generator().random()\n    return {"), says=("asked twice", "change nothing")),
    wrong("training-state", "the model in evaluation mode", "test-training-state",
        ("    return {", "    trainer.model.eval()\n    return {"), says=("changed the modes", "only reads")),
    wrong("training-state", "the schedule's count of steps", "test-training-state",
        ('"steps": trainer.steps', '"steps": trainer.schedule.steps if trainer.schedule else 0'),
        says=("gave (3, 0), wanted (3, 7)",)),
    wrong("training-state", "a history without its times", "test-training-state",
        ("asdict(row)", "{**asdict(row), 'seconds': 0.0}"),
        says=("the seconds of the first two epochs", "row of every epoch")),
    wrong("training-state", "the trainer itself too", "test-training-state",
        ('        "epoch": trainer.epoch,', '        "trainer": trainer,\n        "epoch": trainer.epoch,'),
        says=("its names gave", "'trainer'")),
    wrong("training-state", "the schedule itself", "test-training-state",
        ("trainer.schedule.state_dict(),", "trainer.schedule,"), says=("'CosineSchedule'", "states, not objects")),
    wrong("training-state", "the schedule's own names", "test-training-state",
        ("trainer.schedule.state_dict(),", "vars(trainer.schedule),"), says=("not as a copy",)),
    wrong("training-state", "the optimizer's own arrays", "test-training-state",
        ("trainer.optimizer.state_dict()", '{**trainer.optimizer.state_dict(), "state": dict(enumerate('
         "trainer.optimizer.state.values()))}"), says=("not as a copy",)),
    wrong("training-state", "rows that are the trainer's own", "test-training-state",
        ("asdict(row)", "vars(row)"), says=("not as a copy",)),
    wrong("training-state", "rows that are rounded", "test-training-state",
        ("asdict(row)", "{k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(row).items()}"),
        says=("the history has 4 rows",)),
    wrong("training-state", "the generator itself", "test-training-state",
        ("generator().bit_generator.state", "generator().bit_generator"), says=("'PCG64'",)),
    wrong("training-state", "an empty state for no schedule", "test-training-state",
        ("None if trainer.schedule is None", "{} if trainer.schedule is None"), says=("gave {}, wanted None",)),
    right("training-state", "copied once more",
        solution="""
    import copy

    state = dict(model=trainer.model.state_dict(), optimizer=trainer.optimizer.state_dict(), epoch=trainer.epoch,
                 schedule=trainer.schedule and trainer.schedule.state_dict(), steps=trainer.steps,
                 generator=generator().bit_generator.state, history=[asdict(row) for row in trainer.history])
    return copy.deepcopy(state)
    """),
    right("training-state", "filled in one by one",
        solution="""
    from copy import deepcopy

    schedule = trainer.schedule
    state = {"epoch": trainer.epoch, "steps": trainer.steps, "schedule": schedule and deepcopy(schedule.state_dict())}
    state["history"] = [dict(vars(row)) for row in trainer.history]
    state["generator"] = deepcopy(generator().bit_generator.state)
    for name in ("model", "optimizer"):
        state[name] = getattr(trainer, name).state_dict()
    return state
    """),

    wrong("question-training", "batches for updates", "test-question-training", ("10 * 12", "10 * 45"),
        says=("updates is 450", "how many groups of 4")),
    wrong("question-training", "short ones left out", "test-question-training", ("10 * 12", "10 * 11"),
        says=("updates is 110", "short ones included")),
    wrong("question-training", "one epoch", "test-question-training", ("10 * 12", "12"), says=("updates is 12:",)),
    wrong("question-training", "a sum for a length", "test-question-training", ("3 / 7", "3 / 11"),
        says=("length_left is 0.27", "as one vector")),
    wrong("question-training", "clipped alone", "test-question-training", ("3 / 7", "1"),
        says=("length_left is 1", "as one vector")),
    wrong("question-training", "half the peak", "test-question-training", ("0.06", "0.05"),
        says=("rate_halfway is 0.05", "way down")),
    right("question-training", "answers as results", ("0.06", "(0.1 + 0.02) / 2")),
    right("question-training", "two decimals", ("3 / 7", "0.43")),
]
