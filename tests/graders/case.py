"""One entry of the bank: a solution that a learner might hand in, and what the graders must say of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace

from tito.lesson.cell import Cell

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class Case:
    """A changed solution of `exercise`. `checks` must lose their points; of a right one they must keep them.

    `changes` are replacements inside the solution, `solution` is another text for the whole of it. `says` are words
    that the first check's message must hold: the value that came, the one wanted, the input, the idea to look at again.
    `cell` is the whole cell, as a mutation tool leaves it; then one check that fails is enough.
    """

    exercise: str
    title: str
    checks: tuple[str, ...]
    changes: tuple[tuple[str, str], ...] = ()
    solution: str | None = None
    says: tuple[str, ...] = ()
    right: bool = False
    cell: str | None = None


def wrong(
    exercise: str,
    title: str,
    checks: str | tuple[str, ...],
    *changes: tuple[str, str],
    solution: str | None = None,
    says: tuple[str, ...] = (),
) -> Case:
    """A solution that must lose the points of each of `checks`, with a message that holds each word of `says`."""
    return Case(exercise, title, _several(checks), changes, solution, says)


def right(
    exercise: str,
    title: str,
    *changes: tuple[str, str],
    solution: str | None = None,
    checks: str | tuple[str, ...] = (),
) -> Case:
    """A right solution made in another way, which keeps the points of `checks`, or without any of all that follow."""
    return Case(exercise, title, _several(checks), changes, solution, right=True)


def handed_in(cell: Cell, case: Case) -> Cell:
    """The exercise's cell with the case's solution in it.

    Raises ValueError where a text to replace does not stand in the solution exactly once, or nothing is changed.
    """
    if case.cell is not None:
        return replace(cell, source=case.cell)
    source = cell.source if case.solution is None else with_solution(cell.source, case.solution)
    for old, new in case.changes:
        found = "".join(regions(source)).count(old)
        if found != 1 or source.count(old) != 1:
            raise ValueError(f"{case.exercise}, {case.title!r}: {old!r} stands {found} times in the solution, not once")
        source = source.replace(old, new)
    if source == cell.source:
        raise ValueError(f"{case.exercise}, {case.title!r}: nothing is changed")
    return replace(cell, source=source)


def regions(source: str) -> list[str]:
    """The texts between the marks of the solutions in a cell."""
    return [part.split(END)[0] for part in source.split(BEGIN)[1:]]


def with_solution(source: str, solution: str) -> str:
    """The cell with `solution`, indented as its region is, in the place of its only region."""
    if len(regions(source)) != 1:
        raise ValueError("the cell has more than one solution region: write changes")
    before, _, rest = source.partition(BEGIN)
    indent = before.rpartition("\n")[2]
    text = textwrap.indent(textwrap.dedent(solution).strip("\n"), indent)
    return f"{before}{BEGIN}\n{text}\n{indent}{END}{rest.partition(END)[2]}"


def _several(checks: str | tuple[str, ...]) -> tuple[str, ...]:
    return (checks,) if isinstance(checks, str) else checks
