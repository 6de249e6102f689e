"""The ratios as bars on a logarithmic axis that start at 1, legible on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.machine import Machine
from benchmarks.report import Report
from benchmarks.timing import Result

INK = "#7d858e"  # stands out from white as well as from a near-black page
COLORS = {1: "#3584d6", 2: "#d9822b"}  # by number of threads
TICKS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 5)
WIDEST = 0.05, 8.0  # what lies beyond is cut off; its figure stands beside it
LINES_IN_COLUMN = 46


@dataclass(frozen=True)
class Line:
    """A line of the picture: a row at each of its thread counts, or a heading, which has no results."""

    label: str
    results: tuple[Result, ...] = ()


def save_picture(report: Report, path: Path) -> None:
    """Draw the report's ratios into `path`, whose ending says the format; the background is transparent."""
    save_lines(lines_of(report), report.machine, path)


def save_lines(blocks: Sequence[list[Line]], machine: Machine, path: Path, background: str = "none") -> None:
    """Draw blocks of lines into `path`."""
    columns, results = in_columns(blocks), [result for block in blocks for line in block for result in line.results]
    longest = max(map(len, columns))
    figure = Figure(figsize=(max(8, 6 * len(columns)), 0.24 * longest + 1.2), layout="constrained")
    for axis, lines in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        draw(axis, lines, longest, limits(results))
    counts = sorted({result.threads for result in results})
    handles = [Line2D([], [], color=COLORS[n], linewidth=5, label=f"{n} thread{'s' * (n > 1)}") for n in counts]
    handles.append(Line2D([], [], color=INK, marker="d", linestyle="", markersize=5, label="goal"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=9)
    what = "TinyTorch / the other, in time or bytes (less is better)"
    where = f"median, p10 to p90; {machine.cpu}, torch {machine.torch}, numpy {machine.numpy}"
    figure.suptitle(f"{what}\n{where}", color=INK, size=11)
    figure.savefig(path, dpi=150, facecolor=background)


def lines_of(report: Report) -> list[list[Line]]:
    """For each group a heading, and a line for each name without its thread count."""
    blocks = []
    for group, against in dict.fromkeys((summary.group, summary.against) for summary in report.summaries):
        by_label: dict[str, list[Result]] = {}
        for result in report.results:
            if result.group == group:
                by_label.setdefault(label_of(result), []).append(result)
        lines = [Line(label, tuple(results)) for label, results in by_label.items()]
        blocks.append([Line(f"{group}, against {against}"), *lines])
    return blocks


def label_of(result: Result) -> str:
    """The row's name without its group's name in front and its thread count behind."""
    return result.name.removeprefix(f"{result.group}-").removesuffix(f"-{result.threads}t")


def in_columns(blocks: Sequence[list[Line]]) -> list[list[Line]]:
    """The groups one below the other, in the next column where one would grow beyond LINES_IN_COLUMN."""
    columns: list[list[Line]] = []
    for block in blocks:
        if not columns or len(columns[-1]) + len(block) > LINES_IN_COLUMN:
            columns.append([])
        columns[-1] += block
    return columns


def limits(results: Sequence[Result]) -> tuple[float, float]:
    """The ends of the axis: all medians and goals, 1, and some room, within WIDEST."""
    shown = [1.0, *(result.ratio for result in results), *(result.goal for result in results if result.goal)]
    return max(min(shown) / 1.3, WIDEST[0]), min(max(shown) * 1.3, WIDEST[1])


def draw(axis: Axes, lines: Sequence[Line], height: int, ends: tuple[float, float]) -> None:
    """One column of lines, from the top down."""
    for y, line in enumerate(lines):
        if not line.results:
            axis.text(ends[0], y, line.label, weight="bold", color=INK, va="center", size=9)
        thickness = 0.8 / max(1, len(line.results))
        for i, result in enumerate(line.results):
            draw_bar(axis, y - 0.4 + thickness * (i + 0.5), thickness, result, ends)
    axis.axvline(1, color=INK, linewidth=1)
    axis.set(xscale="log", xlim=ends, ylim=(height - 0.4, -0.8))
    axis.set_xticks(ticks := [tick for tick in TICKS if ends[0] < tick < ends[1]], [f"{tick:g}" for tick in ticks])
    rows = [y for y, line in enumerate(lines) if line.results]
    axis.set_yticks(rows, [lines[y].label for y in rows])
    axis.tick_params(colors=INK, labelsize=8, length=0)
    axis.minorticks_off()
    axis.grid(axis="x", color=INK, alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[:].set_visible(False)


def draw_bar(axis: Axes, y: float, thickness: float, result: Result, ends: tuple[float, float]) -> None:
    """A bar from 1 to the ratio, its spread, its goal and its figure."""
    axis.barh(y, result.ratio - 1, left=1, height=0.9 * thickness, color=COLORS[result.threads])
    axis.plot([max(result.low, ends[0]), min(result.high, ends[1])], [y, y], color=INK, linewidth=1)
    if result.goal:
        axis.plot(result.goal, y, marker="d", color=INK, markersize=4.5, markeredgecolor="white", markeredgewidth=0.5)
    axis.text(1.01, y, f"{result.ratio:.2f}", transform=axis.get_yaxis_transform(), va="center", size=6.5, color=INK)
