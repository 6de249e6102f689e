"""Run the bank of wrong and right solutions: `python -m tests.graders [LESSON ...] [--jobs N] [--messages]`.

Each survivor is printed, and each exercise that has too few wrong cases. Exit status 1 where a case survives.
"""

from __future__ import annotations

import argparse
import os
import time

from tests.graders.judge import LEAST_WRONG, PATHS, lacking, problem, run_bank
from tests.graders.walk import Outcome
from tito.lesson.lesson import read_lesson


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.graders", description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", default=sorted(PATHS), metavar="LESSON", help="numbers; without, all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--messages", action="store_true", help="show what each check says")
    options = parser.parse_args()
    if unknown := [number for number in options.lessons if number not in PATHS]:
        parser.error(f"there is no lesson {', '.join(unknown)}; there are {', '.join(sorted(PATHS))}")
    started, survivors, tried = time.perf_counter(), 0, 0
    for number, outcomes in run_bank(options.lessons, options.jobs):
        survivors += show(number, outcomes, options.messages)
        tried += len(outcomes)
    for number in options.lessons:
        for exercise, count in lacking(number).items():
            print(f"{number} {exercise}: {count} wrong cases of {LEAST_WRONG}")
    print(f"{tried} cases, {survivors} survivors, {time.perf_counter() - started:.0f} s")
    return 1 if survivors else 0


def show(number: str, outcomes: list[Outcome], messages: bool) -> int:
    """Print the survivors of a lesson, or every case; how many survive."""
    lesson, survivors = read_lesson(PATHS[number]), 0
    for outcome in outcomes:
        case, why = outcome.case, problem(lesson, outcome)
        survivors += bool(why)
        if why or messages:
            print(
                f"{number} {case.exercise}, {case.title} ({outcome.seconds:.1f} s){': SURVIVES: ' + why if why else ''}"
            )
        for judged in outcome.judged if messages and not why else ():
            print(f"    {judged.check}: {judged.message or 'passed'}")
    return survivors


if __name__ == "__main__":
    raise SystemExit(main())
