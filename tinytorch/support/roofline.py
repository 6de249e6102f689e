"""Pictures of a machine's roof, and of operations under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tinytorch.support.peaks import Peaks


class Row(Protocol):
    """An operation under the roof: its name, its FLOPs per byte and its rate."""

    operation: str
    intensity: float
    gflops: float


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
    axes.set(xlabel="working set (KiB)", ylabel="GB/s (STREAM's count)", title="The triad, levels of one thread")
    axes.legend(loc="lower left")
    return figure


def place_names(axes: Any, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write each name near its point, in the first of several places where it covers no other name or point; what lines
    run behind it are dimmed.
    """
    axes.figure.canvas.draw()
    behind = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
    dots, boxes = axes.transData.transform(points), []
    near = [(dx, dy) for dy in (7, -14, 21, -28, 35, -42, 49, -56) for dx in (9, -9)]

    def write(name: str, point: tuple[float, float], place: tuple[int, int], **more: Any) -> Any:
        side = "left" if place[0] > 0 else "right"
        return axes.annotate(name, point, place, textcoords="offset points", ha=side, fontsize=8, bbox=behind, **more)

    def is_free(box: Any) -> bool:
        inside = axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        return inside and not any(box.overlaps(b) for b in boxes) and not any(box.contains(*dot) for dot in dots)

    for point, name in zip(points, names, strict=True):
        for place in near:
            text = write(name, point, place)
            box = text.get_window_extent().padded(1)
            text.remove()
            if is_free(box):
                break
        boxes.append(box)
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": "gray", "shrinkA": 0}
        write(name, point, place, arrowprops=line)


def draw_roof(axes: Any, peaks: Peaks, low: float, high: float) -> None:
    """The roof of memory, thick, and those of the caches, from intensity `low` to `high`, with a legend."""
    from matplotlib import rcParams

    levels = [("memory", peaks.bandwidth), *[(level.name, level.bandwidth) for level in peaks.levels()[:-1]]]
    for (name, bandwidth), style in zip(levels, ("-", ":", "-.", "--", (0, (1, 4)), (0, (5, 5))), strict=False):
        corners = [low, min(max(low, peaks.flops / bandwidth), high), high]
        axes.plot(corners, [min(peaks.flops, i * bandwidth) / 1e9 for i in corners], linestyle=style,
                  color=rcParams["text.color"], linewidth=1.6 if name == "memory" else 0.8,
                  label=f"{name}, {bandwidth / 1e9:.0f} GB/s")
    axes.legend(loc="lower right", fontsize=8)


def plot_roofline(rows: Sequence[Row], peaks: Peaks) -> Any:
    """The roof of `peaks`, the slopes of its caches, and the operations, a model's as squares, both axes logarithmic;
    returns the matplotlib figure. What runs at less than a 10,000th of the peak stands at the bottom, as a triangle.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise ValueError("there are no rows to draw: analyze_arithmetic_intensity and model_rows make some")
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    seen, bottom = [row.intensity for row in rows], peaks.flops / 1e13
    axes.set(xscale="log", yscale="log", xlabel="arithmetic intensity (FLOP per byte)", ylabel="GFLOP/s",
             title=f"Measured roof: {peaks.flops / 1e9:.0f} GFLOP/s, {peaks.bandwidth / 1e9:.0f} GB/s, one thread")
    draw_roof(axes, peaks, min(seen) / 3, max(*seen, peaks.ridge) * 3)
    points = [(row.intensity, max(row.gflops, bottom)) for row in rows]
    for row, point in zip(rows, points, strict=True):
        kind = "s" if row.operation.startswith("model: ") else "o"
        axes.plot(*point, "v" if row.gflops < bottom else kind, markersize=5)
    place_names(axes, points, [row.operation for row in rows])
    return figure
