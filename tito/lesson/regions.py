"""The regions of a cell that a student does not get: solutions, which leave a stub behind, and hidden tests."""

from __future__ import annotations

import re

CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
BEGIN_SOLUTION = "BEGIN SOLUTION"
END_SOLUTION = "END SOLUTION"
BEGIN_HIDDEN = "BEGIN HIDDEN TESTS"
END_HIDDEN = "END HIDDEN TESTS"
ANSWER_HERE = re.compile(r"\s*\byour answer here\b\.?[ \t]*", re.IGNORECASE)


def strip_solutions(source: str, stub: str = CODE_STUB) -> str | None:
    """`source` with `stub`, indented as the region is, in place of each solution region; None where it has none.

    This is what nbgrader does. Raises ValueError where regions are nested or one is not closed.
    """
    return _strip(source, BEGIN_SOLUTION, END_SOLUTION, "a solution region", stub.split("\n"))


def strip_hidden(source: str) -> str | None:
    """`source` without its regions of hidden tests; None where it has none.

    This is what nbgrader does. Raises ValueError where regions are nested or one is not closed.
    """
    return _strip(source, BEGIN_HIDDEN, END_HIDDEN, "a region of hidden tests", [])


def _strip(source: str, begin: str, end: str, what: str, stub: list[str]) -> str | None:
    kept: list[str] = []
    inside = found = False
    for line in source.split("\n"):
        if begin in line:
            if inside:
                raise ValueError(f"{what} begins inside another.")
            inside = found = True
            indent = line[: len(line) - len(line.lstrip())]
            kept += [indent + part for part in stub]
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"{what} has no {end}.")
    return "\n".join(kept) if found else None


def without_markers(source: str) -> str:
    """`source` with its solutions, and without the lines that mark them."""
    lines = source.split("\n")
    return "\n".join(line for line in lines if BEGIN_SOLUTION not in line and END_SOLUTION not in line)


def mark_answer(question: str) -> str:
    """An open question with its `Your answer here.` marked as the solution region.

    nbgrader replaces the whole of an answered cell in which no region is marked, and so would erase the question.
    """
    if BEGIN_SOLUTION in question:
        return question
    region = f"\n\n<!-- {BEGIN_SOLUTION} -->\nYour answer here.\n<!-- {END_SOLUTION} -->"
    return ANSWER_HERE.sub(region, question, count=1)
