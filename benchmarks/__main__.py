"""`python -m benchmarks [NAME ...]`: measure rows by name or pattern, all of them where no name is given.

Exit codes: 0 measured, 1 the two sides of a row disagree or a file cannot be written, 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import this_machine, threads
from benchmarks.report import Report, as_text, report_of, to_json
from benchmarks.rows import UnknownRow, all_rows, select
from benchmarks.timing import Counts, FirstCalls, Result, Row, Sides, counted, measure
from tito.errors import TitoError
from tito.files import write_atomic
from tito.roofline import FORMATS


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, measure, print, and write what was asked for."""
    options = parser().parse_args(arguments)
    try:
        rows = select(options.names, all_rows())
    except UnknownRow as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    try:
        report = report_on(rows)
        print(as_text(report))
        if options.json:
            write_atomic(options.json, to_json(report))
        if options.plot:
            from benchmarks.picture import save_picture

            save_picture(report, options.plot)
        if options.readme:
            from benchmarks.readme import update_readmes

            update_readmes(report)
    except (AssertionError, TitoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    found = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, as ratios against PyTorch.")
    found.add_argument("names", nargs="*", metavar="NAME", help="a row, or a pattern such as 'gelu-*-1M-1t'")
    found.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as JSON")
    found.add_argument("--plot", type=picture_file, metavar="FILE",
                       help="draw the ratios into FILE (.png, .svg or .pdf)")
    found.add_argument("--readme", action="store_true", help="write the tables of both READMEs and the picture; "
                       "results are kept in performance.json, so rows may be measured again by name")
    found.add_argument("--list", action="store_true", help="print the rows' names and measure nothing")
    return found


def picture_file(text: str) -> Path:
    """The path; ArgumentTypeError, before anything is measured, where it is not the name of a picture."""
    if Path(text).suffix not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text} is not the name of a picture: it ends in {', '.join(FORMATS)}")
    return Path(text)


def report_on(rows: Sequence[Row]) -> Report:
    """The rows one after the other."""
    results, first_calls = [], []
    for i, row in enumerate(rows, 1):
        sides = row.build()
        results.append(run(row, sides, f"[{i}/{len(rows)}]"))
        if isinstance(sides, Sides) and sides.first_calls:
            first_calls.append(FirstCalls(row.name, *sides.first_calls))
    return report_of(this_machine(), list(dict.fromkeys(row.group for row in rows)), results, first_calls)


def run(row: Row, sides: Sides | Counts, count: str) -> Result:
    """Check that a row's sides agree, and time them, or count; a line on stderr tells how it went."""
    result = counted(row, sides) if isinstance(sides, Counts) else timed(row, sides)
    spread = f"{result.ratio:.2f} ({result.low:.2f} .. {result.high:.2f})"
    print(f"{count} {row.name}  {spread}", file=sys.stderr, flush=True)
    return result


def timed(row: Row, sides: Sides) -> Result:
    """The Result of a row whose sides agree; AssertionError where they do not."""
    with threads(row.threads):
        try:
            sides.agree()
        except AssertionError as error:
            raise AssertionError(f"{row.name}: the two sides disagree, so there is nothing to time: {error}") from error
        return measure(row, sides)


if __name__ == "__main__":
    sys.exit(main())
