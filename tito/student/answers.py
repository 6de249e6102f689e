"""What a student wrote into a cell of the lesson: put together where it is in several cells, or in another."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import DEFINES, bound_names, parses, split_directives
from tito.student.align import Alignment, same_text

INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What a student has for an exercise or question: a cell, or one made of several; `others` have no part in it."""

    cell: Cell
    others: list[int]
    findings: list[Finding]


def whole(found: Alignment) -> tuple[Alignment, list[Finding]]:
    """The alignment in which an exercise's cell that was split in the middle is one cell again; and those cells."""
    mine, places, said = [], [], []
    for cell, place in zip(found.mine, found.places, strict=True):
        wanted = found.wanted(places[-1]) if places else None
        if wanted and wanted.is_exercise and place in (None, places[-1]) and _are_halves(mine[-1], cell):
            where = mine[-1].place()
            text = f"{wanted.grade_id} was split in two, {where} and {cell.place()}; it was taken as one."
            said.append(Finding("split", text, where))
            mine[-1] = _end_to_end(mine[-1], cell)
        else:
            mine.append(cell)
            places.append(place)
    return Alignment(tuple(mine), found.lesson, tuple(places)), said


def _are_halves(first: Cell, second: Cell) -> bool:
    """Whether two cells are Python only together."""
    return second.kind == "code" and not parses(second.source) and parses(_end_to_end(first, second).source)


def _end_to_end(first: Cell, second: Cell) -> Cell:
    return replace(first, source="\n".join([first.source.rstrip("\n"), second.source]))


def answer_to(found: Alignment, place: int) -> Answer:
    """The answer to the exercise or question at a place of the lesson, for which the student has a cell at least."""
    wanted, numbers, cells = found.lesson[place], found.at(place), found.cells_at(place)
    written = [number for number in numbers if not same_text(found.mine[number], wanted)]
    counting = _counting(found.mine, written or numbers) if wanted.is_exercise else (written or numbers)[:1]
    best = [found.mine[number] for number in counting]
    if len(cells) == 1:
        said = []
    elif wanted.is_exercise and best[0].grade_id != wanted.grade_id:
        said = [blank_and_defined(wanted, next(cell for cell in cells if cell is not best[0]), best[0])]
    else:
        said = [copied(wanted, cells, best[-1], _which_counts(wanted, cells, best, len(written)))]
    return Answer(_joined(best), [number for number in written if number not in counting], said)


def _counting(mine: Sequence[Cell], written: list[int]) -> list[int]:
    """Which of an exercise's cells count: all that are Python, but for one that only defines what is defined later."""
    counting, later = [], frozenset()
    for number in reversed([number for number in written if parses(mine[number].source)] or written[-1:]):
        names = bound_names(mine[number].source)
        defines_alone = all(isinstance(node, DEFINES) for node in mine[number].tree.body)
        if not (names and names <= later and defines_alone):
            counting.insert(0, number)
        later |= names
    return counting


def _joined(cells: Sequence[Cell]) -> Cell:
    first, *rest = cells
    bodies = filter(str.strip, ("\n".join(split_directives(cell.source)[1]) for cell in rest))
    return replace(first, source="\n\n\n".join([first.source.rstrip("\n"), *bodies])) if rest else first


def _which_counts(wanted: Cell, cells: Sequence[Cell], best: Sequence[Cell], written: int) -> str:
    if not wanted.is_exercise:
        first = "the first" if best[0] is cells[0] else f"{best[0].place()}, which was answered,"
        return f"{first} counts; delete the other."
    if written == 1:
        return f"{best[0].place()}, which was answered, counts, and what was left blank does not; delete that."
    return "they were taken as one, in which the last definition of a name counts; make them one cell."


def copied(wanted: Cell, cells: Sequence[Cell], best: Cell, what_counts: str) -> Finding:
    """That a cell of the lesson is in the file more than once."""
    where, times = " and ".join(cell.place() for cell in cells), "twice" if len(cells) == 2 else f"{len(cells)} times"
    text = f"{wanted.grade_id} is there {times}, at {where}: {what_counts}"
    return Finding("copied", text, best.place(), blocks=True)


def blank_and_defined(wanted: Cell, blank: Cell, other: Cell) -> Finding:
    """That an exercise is blank while another cell defines what it asks for."""
    names = ", ".join(sorted(wanted.names & other.names))
    where = f"({blank.place()}), and {names} is defined in {other.place()}"
    text = f"{wanted.grade_id} is blank {where}: move it into the exercise, which is what the package gets."
    return Finding("answer-elsewhere", text, other.place(), blocks=True)


def spaced(cells: Iterable[Cell]) -> tuple[list[Cell], list[Finding]]:
    """The cells, with spaces for the tabs that lines begin with, where a cell is Python only so; and those cells."""
    mine, said = [], []
    for cell in cells:
        source = INDENT.sub(lambda match: match[0].expandtabs(4), cell.source)
        if cell.kind == "code" and source != cell.source and not parses(cell.source) and parses(source):
            name = f"{cell.grade_id} ({cell.place()})" if cell.grade_id else f"The cell at {cell.place()}"
            text = f"{name} mixes tabs and spaces; each tab was read as 4 spaces."
            said.append(Finding("tabs", text, cell.place()))
            cell = replace(cell, source=source)
        mine.append(cell)
    return mine, said
