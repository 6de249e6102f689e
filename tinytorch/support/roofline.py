"""A machine's roof and operations under it: rows of a table, and pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinytorch.support.peaks import Peaks
from tinytorch.support.tables import column

__all__ = ["RooflineRow", "plot_bandwidth", "plot_roofline", "write_roofline"]


@dataclass(frozen=True)
class RooflineRow:
    """An operation under the roof: FLOPs per byte, time, rates, the rate that the roof allows, which limit binds."""

    operation: str = column("operation")
    intensity: float = column("FLOP/byte", ".3f")
    ms: float = column("ms", ".3f")
    gflops: float = column("GFLOP/s", ".2f")
    gigabytes: float = column("GB/s", ".1f")
    attainable: float = column("roof GFLOP/s", ".2f")
    percent_of_roof: float = column("% of roof", ".0f")
    bound: str = column("bound by")


def plot_bandwidth(peaks: Peaks) -> Any:
    """The triad's bandwidth over the working set, for each number of threads, and one thread's levels; a figure."""
    import matplotlib.pyplot as plt

    if not peaks.memory:
        raise ValueError("these peaks hold no bandwidths to draw: take those of measure_peaks()")
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for threads in sorted({row.threads for row in peaks.memory}):
        rows = [row for row in peaks.memory if row.threads == threads]
        label = "1 thread" if threads == 1 else f"{threads} threads"
        axes.plot([row.working_set / 1024 for row in rows], [row.bandwidth / 1e9 for row in rows], "o-", label=label)
    for level in peaks.levels(1):
        axes.axhline(level.bandwidth / 1e9, color="gray", linewidth=0.8, linestyle=":")
        axes.annotate(level.name, (1, level.bandwidth / 1e9), (4, 0), ("axes fraction", "data"), "offset points",
                      va="center", fontsize=9)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="bytes of all three arrays (KiB)", ylabel="GB/s (STREAM's count)",
             title="Bandwidth of the triad, with the levels that one thread sees")
    axes.legend(loc="lower left")
    return figure


def plot_roofline(rows: Sequence[RooflineRow], peaks: Peaks) -> Any:
    """The roof of `peaks`, the slopes of its caches, and the operations, coloured by what binds them, a model's as
    squares, both axes logarithmic; returns the matplotlib figure. What runs at less than a 10,000th of the peak stands
    at the bottom, as a triangle.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise ValueError("there are no rows to draw: roofline_row and model_rows make some")
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    axes.set(xscale="log", yscale="log", xlabel="arithmetic intensity (FLOP per byte)", ylabel="GFLOP/s",
             title=f"Measured roof: {peaks.flops / 1e9:.0f} GFLOP/s, {peaks.bandwidth / 1e9:.0f} GB/s, one thread")
    seen = [row.intensity for row in rows]
    draw_roof(axes, peaks, min(seen) / 3, max(*seen, peaks.ridge) * 3)
    points = draw_points(axes, rows, peaks.flops / 1e13)
    axes.legend(loc="lower right", fontsize=8)
    place_names(axes, points, [row.operation for row in rows])
    return figure


def write_roofline(rows: Sequence[RooflineRow], peaks: Peaks, path: Path) -> None:
    """Save the picture of `plot_roofline` to `path`, whole or not at all; the name's ending says the format."""
    import matplotlib.pyplot as plt

    figure = plot_roofline(rows, peaks)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(part, format=path.suffix[1:].lower(), dpi=150)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
        plt.close(figure)


def draw_roof(axes: Any, peaks: Peaks, low: float, high: float) -> None:
    """The roof of the largest set, thick, and those of the caches, from intensity `low` to `high`."""
    from matplotlib import rcParams

    *caches, last = [(level.name, level.bandwidth) for level in peaks.levels()] or [("memory", peaks.bandwidth)]
    styles = ("-", ":", "-.", "--", (0, (1, 4)), (0, (5, 5)))
    for (name, bandwidth), style in zip([last, *caches], styles, strict=False):
        corners = [low, min(max(low, peaks.flops / bandwidth), high), high]
        axes.plot(corners, [min(peaks.flops, i * bandwidth) / 1e9 for i in corners], linestyle=style,
                  color=rcParams["text.color"], linewidth=1.6 if style == "-" else 0.8,
                  label=f"{name}, {bandwidth / 1e9:.0f} GB/s")


def draw_points(axes: Any, rows: Sequence[RooflineRow], bottom: float) -> list[tuple[float, float]]:
    """A mark for each row, not below `bottom` GFLOP/s, and a line of the legend for each kind; where they stand."""
    points = [(row.intensity, max(row.gflops, bottom)) for row in rows]
    colors, known = {"memory": "tab:blue", "compute": "tab:orange"}, set()
    for row, point in zip(rows, points, strict=True):
        marker = "v" if row.gflops < bottom else "s" if row.operation.startswith("model: ") else "o"
        kind = "slower than the picture shows" if marker == "v" else f"bound by {row.bound}"
        axes.plot(*point, marker, markersize=5, color=colors[row.bound], linestyle="none",
                  label=f"_{kind}" if kind in known else kind)  # a label with _ has no line in the legend
        known.add(kind)
    return points


def place_names(axes: Any, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write each name near its point, where it covers no other name or point; if it can be, nearer to it than to any
    other. What lines run behind it are dimmed.
    """
    axes.figure.canvas.draw()
    behind = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
    dots, boxes = axes.transData.transform(points), []
    near = [(dx, dy) for dy in (7, -14, 21, -28, 35, -42, 49, -56) for dx in (9, -9)]

    def write(name: str, point: tuple[float, float], place: tuple[int, int], **more: Any) -> Any:
        side = "left" if place[0] > 0 else "right"
        return axes.annotate(name, point, place, textcoords="offset points", ha=side, fontsize=8, bbox=behind, **more)

    def boxes_at(name: str, point: tuple[float, float]) -> list[Any]:
        text = write(name, point, (1, 0))  # it is measured once, right of the point, and moved to each place
        box, pixels = text.get_window_extent().padded(1), axes.figure.dpi / 72
        text.remove()
        return [box.translated((dx - 1) * pixels - (box.width - 2) * (dx < 0), dy * pixels) for dx, dy in near]

    def is_free(box: Any) -> bool:
        inside = axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        return inside and not any(box.overlaps(b) for b in boxes) and not any(box.contains(*dot) for dot in dots)

    for i, (point, name) in enumerate(zip(points, names, strict=True)):
        tried = list(zip(boxes_at(name, point), near, strict=True))
        free = [pair for pair in tried if is_free(pair[0])] or tried[-1:]
        box, place = next((pair for pair in free if _nearest(pair[0], dots) == i), free[0])
        boxes.append(box)
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": "gray", "shrinkA": 0}
        write(name, point, place, arrowprops=line)


def _nearest(box: Any, dots: Any) -> int:
    """The number of the dot that is nearest to the box, its edge or corner."""
    outside = [(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1)) for x, y in dots]
    return min(range(len(dots)), key=lambda i: outside[i][0] ** 2 + outside[i][1] ** 2)


def above_roof(rows: Sequence[RooflineRow], peaks: Peaks) -> str:
    """What results above 100 % of the roof mean: a cache, named where a row's bandwidth tells, or a disturbed roof."""
    above = [row for row in rows if row.percent_of_roof > 100]
    caches, told = peaks.levels()[:-1], []
    for row in above:
        able = [level.name for level in caches if row.bound == "memory" and level.bandwidth >= row.gigabytes * 1e9]
        told += [f"{row.operation}: {able[-1]}"] if able else []
    which = f" ({', '.join(told)})" if told else ""
    either = f"either the arrays stay in a cache{which}, which is faster than memory"
    return f"Above 100%: {either}, or the measurement of the roof was disturbed; then measure again." if above else ""
