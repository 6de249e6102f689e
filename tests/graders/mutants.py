"""Run mutants of the reference's solutions: `python -m tests.graders.mutants [LESSON ...] [--jobs N] [--every N]`.

A mutant survives where every check that its exercise can reach passes it. Each survivor is looked at: the check is
mended, or the mutant is listed in equivalent.toml with the reason why it is no mistake. Exit status 1 if one is left.
"""

from __future__ import annotations

import argparse
import os
import time
import zlib
from collections.abc import Iterator, Sequence

from tests.graders.case import Case
from tests.graders.equivalent import equivalent
from tests.graders.judge import PATHS, run_cases
from tests.graders.mutate import mutants
from tito.lesson.lesson import read_lesson


def sample(cases: Sequence[Case], every: int) -> list[Case]:
    """One in `every` of the cases, the same ones each time as long as their text stays."""
    return [case for case in cases if zlib.crc32(f"{case.exercise} {case.title}".encode()) % every == 0]


def survivors(numbers: Sequence[str], jobs: int = 1, every: int = 1) -> Iterator[tuple[str, int, list[Case]]]:
    """For each piece of work done: the lesson's number, how many mutants were tried, which unlisted ones survive."""
    wanted = {number: sample(mutants(read_lesson(PATHS[number])), every) for number in numbers}
    for number, outcomes in run_cases(wanted, jobs):
        alive = [o.case for o in outcomes if not o.stopped and not any(judged.error for judged in o.judged)]
        listed = equivalent().get(number, {})
        yield number, len(outcomes), [case for case in alive if (case.exercise, case.title) not in listed]


def stale(number: str) -> list[tuple[str, str]]:
    """The listed mutants of a lesson, exercise and change, that the lesson no longer has."""
    made = {(case.exercise, case.title) for case in mutants(read_lesson(PATHS[number]))}
    return sorted(equivalent().get(number, {}).keys() - made)


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.graders.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", default=sorted(PATHS), metavar="LESSON", help="numbers; without, all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--every", type=int, default=1, help="try one in N of them")
    options = parser.parse_args()
    started, tried, left = time.perf_counter(), 0, 0
    for number, count, alive in survivors(options.lessons, options.jobs, options.every):
        tried, left = tried + count, left + len(alive)
        for case in alive:
            print(f"{number} {case.exercise}: {case.title}")
    old = [(number, *each) for number in options.lessons for each in stale(number)]
    for number, exercise, title in old:
        print(f"{number} {exercise}: listed as equivalent, and no longer made: {title}")
    print(f"{tried} mutants, {left} unlisted survivors, {time.perf_counter() - started:.0f} s")
    return 1 if left or old else 0


if __name__ == "__main__":
    raise SystemExit(main())
