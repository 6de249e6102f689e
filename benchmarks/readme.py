"""The performance tables of README.md and benchmarks/README.md, rendered from the results kept in performance.json.

README shows a few lines and the picture, benchmarks/README.md all of them. Results with other OpenBLAS kernels, chosen
by OPENBLAS_CORETYPE, are kept beside them, and told in a sentence.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.picture import Line, save_lines
from benchmarks.report import Report, from_json, report_of, to_json
from benchmarks.rows import all_rows
from benchmarks.timing import Result, Summary
from tito.errors import TitoError
from tito.files import write_atomic

HERE = Path(__file__).resolve().parent
FRONT, WHOLE = HERE.parent / "README.md", HERE / "README.md"
KEPT, PICTURE = HERE / "performance.json", HERE / "performance.png"
KERNELS, CHOSEN = "OPENBLAS_CORETYPE", HERE / "performance-chosen-kernels.json"
BEGIN, END = "<!-- begin: python -m benchmarks --readme -->\n", "<!-- end -->\n"


@dataclass(frozen=True)
class Shown:
    """A line of the table: one row, named without its thread count, or a group, by the geometric mean of its rows.

    README shows those marked `front`.
    """

    label: str
    row: str = ""
    group: str = ""
    front: bool = False


SHOWN = (
    *(Shown(f"GELU {way}, {size.replace('-', ' in ')}", f"gelu-{way}-{size}", front=(way, size) == ("forward", "1M"))
      for size in ("1k", "1M", "16M", "16M-bfloat16") for way in ("forward", "backward")),
    Shown("Matrix products", group="matmul", front=True),
    Shown("Matrix products with both gradients", group="matmul-gradients"),
    Shown("Training steps, ReLU and GELU networks", group="step", front=True),
    Shown("Training step, transformer block", group="block", front=True),
    Shown("Training step, GPT", row="gpt-step", front=True),
    Shown("255 tokens of a GPT, key-value cache", row="gpt-generate", front=True),
    Shown("Training steps, convolutional networks", group="conv"),
    Shown("Rows looked up in an embedding", group="embedding"),
    Shown("Gradient of an embedding", group="embedding-gradient"),
    Shown("GELU by `fuse`", group="fuse"),
    Shown("Bias, GELU, scale, residual by `fuse`", row="chain-forward"),
    Shown("Bias, GELU, scale, residual by `fuse`", row="compiled-forward"),
    Shown("x + y / 2 in bfloat16, 16M", row="half-add-16M"),
    Shown("GELU in bfloat16, 16M", row="half-gelu-forward-16M"),
    Shown("Saved for backward in float16, MLP", row="memory-mlp"),
    Shown("Saved for backward in float16, block", row="memory-block"),
    Shown("BPE trained on Shakespeare", row="bpe-train"),
    Shown("BPE of one play, 50 merges", row="bpe-plain"),
)


def lines_of(report: Report, front: bool = False) -> list[Line]:
    """The lines of SHOWN with their results, or those for README. TitoError where the report has none for one."""
    lines = []
    for shown in [shown for shown in SHOWN if shown.front or not front]:
        found = [of_group(report, summary) for summary in report.summaries if summary.group == shown.group]
        found += [r for r in report.results if r.name in (shown.row, f"{shown.row}-{r.threads}t")]
        if not found:
            raise TitoError(f"there is no result for {shown.row or shown.group}, which README's table shows",
                            "python -m benchmarks --readme measures all rows")
        lines.append(Line(shown.label, tuple(found)))
    return lines


def of_group(report: Report, summary: Summary) -> Result:
    """A group as if it were a row: the geometric mean of its ratios, and their range in place of the spread.

    It has no times, and the number of its rows for rounds. A group of one row is that row with the group's goal.
    """
    rows = [r for r in report.results if (r.group, r.threads) == (summary.group, summary.threads)]
    if len(rows) == 1:
        return replace(rows[0], goal=summary.goal)
    ratios = [row.ratio for row in rows]
    return Result(summary.group, summary.group, summary.threads, math.nan, math.nan, math.nan, "", summary.geomean,
                  min(ratios), max(ratios), summary.goal, summary.rows)


def front_block(report: Report) -> str:
    """README's Markdown: the machine, a few lines of the table, and the picture."""
    picture = f"![The ratios of all rows as bars on a logarithmic axis](benchmarks/{PICTURE.name})"
    return "\n\n".join([machine_of(report), table_of(report, front=True), picture]) + "\n"


def machine_of(report: Report) -> str:
    """The machine and the versions, in a sentence."""
    m = report.machine
    return (f"{m.cpu}, {m.cores} cores, {m.system}; Python {m.python}, NumPy {m.numpy} with "
            f"{m.blas.split(' (')[0]}, Numba {m.numba}, PyTorch {m.torch}.")


def table_of(report: Report, front: bool = False) -> str:
    """The table in Markdown."""
    against = {summary.group: summary.against for summary in report.summaries}
    rows = [cells(line, against[line.results[0].group]) for line in lines_of(report, front)]
    head = ["", "against", "ours", "theirs", "floor", "ratio, 1 thread", "ratio, 2 threads", "goal"]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def whole_block(report: Report, chosen: Report | None = None) -> str:
    """The Markdown of benchmarks/README.md: the machine, the table, what compiling costs and other kernels change."""
    compiled = [f"{calls.theirs:.0f} s for torch.compile, {calls.ours:.1f} s for `fuse`"
                for calls in report.first_calls if calls.row == "compiled-forward-1t"]
    return "\n\n".join([
        machine_of(report), table_of(report),
        f"The first call, which compiles, took {' and '.join(compiled)}. Numba had compiled other kernels in that "
        "process before, torch.compile nothing.",
        *([other_kernels(report.machine.blas, chosen)] if chosen else [])]) + "\n"


def other_kernels(installed: str, chosen: Report) -> str:
    """How the groups against PyTorch fare with OpenBLAS kernels that were chosen, in a sentence.

    `installed` is the usual BLAS. A group that the table does not show as a whole is left out.
    """
    names = [blas.split("(")[-1].rstrip(")") for blas in (installed, chosen.machine.blas)]
    labels = {shown.group: shown.label[0].lower() + shown.label[1:] for shown in SHOWN if shown.group}
    means: dict[str, list[str]] = {}
    for s in (found for found in chosen.summaries if found.group in labels and found.against == "PyTorch"):
        means.setdefault(labels[s.group], []).append(f"{s.geomean:.2f} on {s.threads} thread{'s' * (s.threads > 1)}")
    return (
        f"OpenBLAS chose its {names[0]} kernels for this processor. With `{KERNELS}={names[1]}` in the environment, "
        "which makes it take others, the ratios to PyTorch are, as geometric means: "
        + "; ".join(f"{label} {' and '.join(found)}" for label, found in means.items()) + ".")


def with_headings(report: Report) -> list[Line]:
    """The table's lines for the picture: above them a heading wherever what they are held against changes."""
    against, lines = {summary.group: summary.against for summary in report.summaries}, []
    for line in lines_of(report):
        heading = Line(f"against {against[line.results[0].group]}")
        if heading not in lines:
            lines.append(heading)
        lines.append(Line(line.label.replace("`", ""), line.results))
    return lines


def cells(line: Line, against: str) -> list[str]:
    """A line of the table; the times are those on one thread."""
    first, by_threads = line.results[0], {result.threads: result for result in line.results}
    several = first.rounds if math.isnan(first.ours) else 0
    amounts = [f"{several} rows", "", ""] if several else [
        amount(value, first.unit) for value in (first.ours, first.theirs, first.floor)]
    ratios = [f"{r.ratio:.2f} ({r.low:.2f} .. {r.high:.2f})" if r else "" for r in map(by_threads.get, (1, 2))]
    return [line.label, against, *amounts, *ratios, f"{first.goal:.2f}" if first.goal else ""]


def amount(value: float, unit: str) -> str:
    """1234.5 us as 1.23 ms, with three digits."""
    units = {"us": ("us", "ms", "s"), "KiB": ("KiB", "MiB", "GiB")}[unit]
    step = 1000 if unit == "us" else 1024
    power = min(int(math.log(value, step)), 2) if value >= 1 else 0
    return f"{value / step**power:.3g} {units[power]}"


def merged(new: Report, file: Path = KEPT) -> Report:
    """`new`, and from the kept results those of rows that were not measured again.

    Raises TitoError where these are from another machine.
    """
    rows = all_rows()
    groups, order = list(dict.fromkeys(row.group for row in rows)), [row.name for row in rows]
    if not file.exists() or len(new.results) == len(rows):
        return new
    old = kept(file)
    if old.machine != new.machine:
        raise TitoError(f"{file.name} holds results from another machine, or from other versions than here",
                        "measure all rows: python -m benchmarks --readme")
    results = {result.name: result for result in (*old.results, *new.results) if result.name in order}
    calls = {call.row: call for call in (*old.first_calls, *new.first_calls) if call.row in order}
    return report_of(new.machine, groups, sorted(results.values(), key=lambda r: order.index(r.name)),
                     sorted(calls.values(), key=lambda c: order.index(c.row)))


def with_block(readme: str, block: str) -> str:
    """A README with what is between BEGIN and END replaced."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}{block}{END}{rest.split(END, 1)[1]}"


def kept(file: Path) -> Report:
    """The results in a file."""
    return from_json(file.read_text(encoding="utf-8"))


def update_readmes(new: Report) -> None:
    """Keep the results, draw the picture and write both tables. Raises TitoError where rows are missing."""
    file = CHOSEN if KERNELS in os.environ else KEPT
    write_atomic(file, to_json(merged(new, file)))
    report, chosen = kept(KEPT), kept(CHOSEN) if CHOSEN.exists() else None
    save_lines([with_headings(report)], report.machine, PICTURE, background="white")
    for readme, block in ((FRONT, front_block(report)), (WHOLE, whole_block(report, chosen))):
        write_atomic(readme, with_block(readme.read_text(encoding="utf-8"), block))
