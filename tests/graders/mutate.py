"""Mutants of a solution: mutmut's operators, and three of a learner's slips that it lacks, inside the solution regions.

Each mutant is a case whose exercise's cell differs from the reference in one node of its syntax tree.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

from tests.graders.case import BEGIN, END, Case
from tito.lesson.cell import Cell
from tito.lesson.lesson import Lesson

WORDS = (cst.Raise, cst.Annotation, cst.FormattedString, cst.Decorator)  # what is said, not done


def negated(node: cst.If) -> Iterator[cst.CSTNode]:
    """`if a:` as `if not (a):`."""
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def dropped(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    """A statement that is forgotten, where it does something and binds nothing."""
    if isinstance(node.body[0], cst.Expr | cst.AugAssign):
        yield node.with_changes(body=[cst.Pass()])


def swapped(node: cst.Call) -> Iterator[cst.CSTNode]:
    """The first two arguments exchanged."""
    if len(node.args) > 1 and all(arg.keyword is None and not arg.star for arg in node.args[:2]):
        (first, second), rest = node.args[:2], node.args[2:]
        pair = [first.with_changes(value=second.value), second.with_changes(value=first.value)]
        yield node.with_changes(args=[*pair, *rest])


OPERATORS = [(kind, make) for kind, make in mutation_operators if make is not operator_string]
OPERATORS += [(cst.If, negated), (cst.SimpleStatementLine, dropped), (cst.Call, swapped)]


def mutants(lesson: Lesson) -> list[Case]:
    """The mutants of every exercise, each text once. A title is the change, with a number where it is made twice."""
    made = []
    for cell in lesson.exercises:
        titles: Counter[str] = Counter()
        for source in dict.fromkeys(mutated(cell)):
            title = change(cell.source, source)
            titles[title] += 1
            number = f" ({titles[title]})" if titles[title] > 1 else ""
            made.append(Case(cell.grade_id, title + number, (), cell=source))
    return made


def mutated(cell: Cell) -> Iterator[str]:
    """The cell's source with one node of a solution region changed, again and again."""
    wrapper = MetadataWrapper(cst.parse_module(cell.source))
    places, inside = wrapper.resolve(PositionProvider), solution_lines(cell.source)
    for node in candidates(wrapper.module):
        place = places.get(node)
        if place is None or place.start.line not in inside or place.end.line not in inside:
            continue
        for kind, make in OPERATORS:
            for new in make(node) if isinstance(node, kind) else ():
                source = wrapper.module.deep_replace(node, new).code
                if source != cell.source:
                    yield source


def candidates(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    """The nodes under `node` that do something: not the words of an error, nor types."""
    for child in node.children:
        if not isinstance(child, WORDS):
            yield child
            yield from candidates(child)


def solution_lines(source: str) -> set[int]:
    """The numbers of the lines between the marks of solutions."""
    lines, inside = set(), False
    for number, line in enumerate(source.split("\n"), 1):
        inside = (inside or BEGIN in line) and END not in line
        if inside:
            lines.add(number)
    return lines


def change(old: str, new: str) -> str:
    """The lines that differ, stripped: `a + b -> a - b`."""
    lines = list(difflib.ndiff(old.split("\n"), new.split("\n")))
    before, after = (" ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"{before} -> {after}"
