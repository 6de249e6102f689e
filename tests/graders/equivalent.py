"""Mutants of the reference that are no mistakes: lesson, exercise, change, and the reason why no check need see it."""

from __future__ import annotations

ORDER = "min and max do not mind the order"
SPEED = "the array is the tensor's own already: a second copy only costs time"
SILENT = "NumPy would warn, and the values are the same"
ROUNDING = "within the 1 % that an answer may be rounded by"
EDGE = "at the limit itself both branches give the same"

EQUIVALENT: dict[str, dict[str, dict[str, str]]] = {
    "01": {
        "as-array": {
            f"return array.astype(as_dtype(array.dtype) if chosen else np.float32, copy=False) -> "
            f"return array.astype(as_dtype(array.dtype) if chosen else np.float32, {copy})": SPEED
            for copy in ("copy=None", "", "copy=True")
        },
        "matmul": {
            "inner = b.shape[-2] if b.ndim > 1 else b.shape[0] -> "
            "inner = b.shape[-2] if b.ndim > 2 else b.shape[0]": "with two axes, the one before the last is the first",
        },
    },
    "05": {
        "rules-arithmetic": {
            "return g * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1)) -> "
            f"return g * np.where(b == 0, 0, b * a ** np.where({inner}))": SILENT
            for inner in ("None, 1, b - 1", "b == 0, 2, b - 1")
        },
        "rules-reductions": {
            "return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y, x, axis, keepdims) -> "
            "return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), None, x, axis, keepdims)": (
                "the sum's rule does not use y"
            ),
            "return sum_rule(g * (g.size / max(math.prod(x.shape), 1)), y, x, axis, keepdims) -> "
            "return sum_rule(g * (g.size / max(1, math.prod(x.shape))), y, x, axis, keepdims)": ORDER,
        },
    },
    "18": {
        "attainable": {
            "return min(peak, bandwidth * intensity) -> return min(bandwidth * intensity, peak)": ORDER,
        },
        "vectorized-matmul": {
            "return (rows @ b).reshape(*left[:-1], right[-1]) -> return (rows @ b).reshape(*left[:-1], right[+1])": (
                "the right side has two axes here, and the last is the second"
            ),
        },
        "gelu-scalar": {
            "return half * (low if x < low else x) * (one + t) -> "
            "return half * (low if x <= low else x) * (one + t)": EDGE,
            "v = low if x < low else x -> v = low if x <= low else x": EDGE,
            "v = high if v > high else v -> v = high if v >= high else v": EDGE,
        },
        "unscale": {'with np.errstate(all="ignore"): -> with np.errstate(all=None):': SILENT},
        "next-scale": {
            "return min(scale, max(min_scale, scale * backoff_factor)), 0 -> "
            "return min(max(min_scale, scale * backoff_factor), scale), 0": ORDER,
            "return min(scale, max(min_scale, scale * backoff_factor)), 0 -> "
            "return min(scale, max(scale * backoff_factor, min_scale)), 0": ORDER,
            "grown = min(max_scale, scale * growth_factor) -> grown = min(scale * growth_factor, max_scale)": ORDER,
        },
        "mixed-precision-trainer": {
            'with autocast(self.dtype), np.errstate(all="ignore"): -> '
            "with autocast(self.dtype), np.errstate(all=None):": SILENT,
            'with np.errstate(all="ignore"): -> with np.errstate(all=None):': SILENT,
            "warnings.warn(_NO_GRAPH, stacklevel=2) -> warnings.warn(_NO_GRAPH, )": "the line that a warning names",
            "warnings.warn(_NO_GRAPH, stacklevel=2) -> warnings.warn(_NO_GRAPH, stacklevel=3)": (
                "the line that a warning names"
            ),
        },
        "technique-score": {
            "score += 2 -> score = 2": "the first line of the table, where the score is 0",
            **{
                'score += {"none": 1, "low": 1, "medium": -1}.get(technique.stability_risk, 0) -> '
                f'score += {{"none": 1, "low": 1, "medium": -1}}.get(technique.stability_risk, {other})': (
                    "the table knows no other risks"
                )
                for other in ("None", "", "1")
            },
        },
        "question-acceleration": {
            "product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12 -> "
            "product_intensity, times_addition = 1025 / 6, 1024 / 6 * 12": ROUNDING,
            "product_intensity, times_addition = 1024 / 6, 1024 / 6 * 12 -> "
            "product_intensity, times_addition = 1024 / 6, 1025 / 6 * 12": ROUNDING,
            "percent_saved = 100 * (1 - fused_bytes / unfused_bytes) -> "
            "percent_saved = 101 * (1 - fused_bytes / unfused_bytes)": ROUNDING,
            "smallest_half, smallest_gradient = 2**-24, 2**-25 / 1024 -> "
            "smallest_half, smallest_gradient = 2**-24, 2**-25 / 1025": ROUNDING,
        },
    },
}
