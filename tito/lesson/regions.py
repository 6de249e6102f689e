"""The regions of a cell that a student does not get: solutions, which leave a stub behind, and hidden tests."""

import re
from collections.abc import Callable

HERE = "# YOUR CODE HERE"
TEXT_STUB = "YOUR ANSWER HERE"
STUB = re.compile(rf"^(?P<indent>[ \t]*){HERE}\n[ \t]*raise NotImplementedError\(.*\)[ \t]*$", re.MULTILINE)
BEGIN_SOLUTION = "BEGIN SOLUTION"
END_SOLUTION = "END SOLUTION"
BEGIN_HIDDEN = "BEGIN HIDDEN TESTS"
END_HIDDEN = "END HIDDEN TESTS"
ANSWER_HERE = re.compile(r"\s*\byour answer here\b\.?[ \t]*", re.IGNORECASE)
DEFINITION = re.compile(r"([ \t]*)(?:async\s+)?(?:def|class)\s+(\w+)")


def strip_code(source: str, name: str = "") -> str | None:
    """`source` with a stub, indented as the region is, in place of each solution region; None where it has none.

    The stub names the function that it is in, else the cell, which is called `name`. Raises ValueError where regions
    are nested or one is not closed.
    """

    def stub(above: list[str], indent: str) -> list[str]:
        function = _function_under(above, indent)
        words = f"{function} is not built yet" if function else f"{name or 'this'} is not answered yet"
        return [f"{indent}{HERE}", f'{indent}raise NotImplementedError("{words}")']

    return _strip(source, BEGIN_SOLUTION, END_SOLUTION, "a solution region", stub)


def strip_text(source: str) -> str | None:
    """As `strip_code`, for an open question."""
    return _strip(source, BEGIN_SOLUTION, END_SOLUTION, "a solution region", lambda above, indent: [indent + TEXT_STUB])


def strip_hidden(source: str) -> str | None:
    """`source` without its regions of hidden tests; None where it has none.

    This is what nbgrader does. Raises ValueError where regions are nested or one is not closed.
    """
    return _strip(source, BEGIN_HIDDEN, END_HIDDEN, "a region of hidden tests", lambda above, indent: [])


def _strip(source: str, begin: str, end: str, what: str, stub: Callable[[list[str], str], list[str]]) -> str | None:
    kept: list[str] = []
    inside = found = False
    for line in source.split("\n"):
        if begin in line:
            if inside:
                raise ValueError(f"{what} begins inside another.")
            inside = found = True
            kept += stub(kept, line[: len(line) - len(line.lstrip())])
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"{what} has no {end}.")
    return "\n".join(kept) if found else None


def function_of_stub(source: str) -> str:
    """The function whose stub is the first in `source`, as in Linear.forward; empty where it is outside functions."""
    stub = STUB.search(source)
    return _function_under(source[: stub.start()].split("\n"), stub["indent"]) if stub else ""


def _function_under(above: list[str], indent: str) -> str:
    names, width = [], len(indent)
    for line in reversed(above):
        match = DEFINITION.match(line)
        if match and len(match[1]) < width:
            names.insert(0, match[2])
            width = len(match[1])
    return ".".join(names)


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
