"""The bank for lesson 04: losses."""

from __future__ import annotations

from tests.graders.case import Case, wrong

CASES: list[Case] = [
    wrong(
        "paired", "a loss that broadcasts", "test-paired-refuses", ("if prediction.shape != target.shape:", "if False:")
    ),
    wrong(
        "mean-squared-error",
        "a sum for a mean",
        "test-mean-squared-error",
        ("np.mean(difference * difference)", "np.sum(difference * difference)"),
    ),
    wrong(
        "binary-cross-entropy",
        "an exponential of a positive number",
        "test-binary-cross-entropy-far-out",
        (
            "np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))",
            "np.log1p(np.exp(logits)) - logits * targets",
        ),
    ),
    wrong(
        "class-indices", "a class that is counted from the end", "test-class-indices-refuses", (" | (indices < 0)", "")
    ),
    wrong(
        "cross-entropy-of-rows",
        "smoothing that leaves out the right class",
        "test-label-smoothing",
        ("np.mean(-rows)", "(np.mean(-rows) - loss / rows.shape[1])"),
    ),
]
