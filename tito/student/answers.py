"""What a student wrote into a cell of the lesson: put together where it is in several cells, or in another."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import DEFINITIONS, bound_names, parses, split_directives, tree_of
from tito.student.align import Alignment, same_text

INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What counts of a student's cells for one cell of the lesson.

    `cell` is the student's, or is made of several; None where there is none. `made_of` are the numbers of those cells,
    `left` of those that have no part in it, and `beside` of those that stay cells of the student's own.
    """

    cell: Cell | None
    made_of: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _Piece:
    """One of the student's cells, or two neighbours that are Python only together."""

    cell: Cell
    numbers: tuple[int, ...]


@dataclass
class Answers:
    """The student's answers, by the places of the lesson's cells."""

    alignment: Alignment
    taken: set[int] = field(default_factory=set)

    def to(self, place: int) -> Answer:
        """The answer to the exercise or question at a place of the lesson."""
        wanted = self.alignment.lesson[place]
        pieces, said = self._pieces(wanted, self.alignment.found.get(place, []))
        written = [piece for piece in pieces if not same_text(piece.cell, wanted)]
        if not written and wanted.is_exercise and pieces:
            elsewhere = self._elsewhere(wanted)
            if elsewhere is not None:
                self.taken.add(elsewhere)
                cell = self.alignment.mine[elsewhere]
                return Answer(cell, (elsewhere,), findings=(blank_and_defined(wanted, pieces[0].cell, cell),))
        if not pieces:
            return Answer(None)
        counting = self._counting(wanted, written or pieces)
        if len(pieces) > 1:
            said.append(_copied(wanted, pieces, written, counting))
        parts = [piece for piece in pieces if piece in counting]
        others = [piece for piece in written if piece not in counting]
        beside = [piece for piece in others if wanted.is_exercise and not parses(piece.cell.source)]
        left = _numbers(piece for piece in others if piece not in beside)
        return Answer(_joined(parts), _numbers(parts), left, _numbers(beside), tuple(said))

    def _pieces(self, wanted: Cell, numbers: Sequence[int]) -> tuple[list[_Piece], list[Finding]]:
        """The student's cells for one of the lesson's; halves of a cell that was split are one again."""
        pieces, said = [], []
        for number in numbers:
            if pieces and number in pieces[-1].numbers:
                continue
            cell, after = self.alignment.mine[number], number + 1
            if wanted.is_exercise and self._is_half(cell, after, self.alignment.places[number]):
                second = self.alignment.mine[after]
                where = f"{cell.place()} and {second.place()}"
                text = f"{wanted.grade_id} was split in two, {where}; it was taken as one."
                said.append(Finding("split", text, cell.place()))
                cell = replace(cell, source=f"{cell.source.rstrip(chr(10))}\n{second.source}")
                pieces.append(_Piece(cell, (number, after)))
                self.taken.add(after)
            else:
                pieces.append(_Piece(cell, (number,)))
        return pieces, said

    def _is_half(self, first: Cell, after: int, place: int | None) -> bool:
        if after >= len(self.alignment.mine) or self.alignment.places[after] not in (None, place):
            return False
        second = self.alignment.mine[after]
        if second.kind != "code" or parses(second.source):
            return False
        return parses(f"{first.source.rstrip(chr(10))}\n{second.source}")

    def _elsewhere(self, wanted: Cell) -> int | None:
        """The one cell of the student's own that defines what a blank exercise asks for."""
        own = [number for number in self.alignment.own if number not in self.taken]
        found = [number for number in own if wanted.names and self.alignment.mine[number].names == wanted.names]
        return found[0] if len(found) == 1 else None

    def _counting(self, wanted: Cell, written: list[_Piece]) -> list[_Piece]:
        """The pieces that count: of an exercise all that are Python and no later one overrules, else the first."""
        if not wanted.is_exercise:
            return written[:1]
        sound = [piece for piece in written if parses(piece.cell.source)] or written[-1:]
        later = [frozenset().union(*(bound_names(p.cell.source) for p in sound[i + 1 :])) for i in range(len(sound))]
        pairs = zip(sound, later, strict=True)
        return [piece for piece, names in pairs if not _is_overruled(piece.cell, names)]


def _joined(parts: Sequence[_Piece]) -> Cell:
    first, *rest = [piece.cell for piece in parts]
    bodies = ["\n".join(split_directives(cell.source)[1]) for cell in rest]
    return replace(first, source="\n\n\n".join([first.source.rstrip("\n"), *bodies])) if bodies else first


def _is_overruled(cell: Cell, later: frozenset[str]) -> bool:
    """Whether a cell only defines what is defined again later."""
    names, body = bound_names(cell.source), tree_of(cell.source).body
    kinds = (*DEFINITIONS, ast.Import, ast.ImportFrom)
    return bool(names) and names <= later and all(isinstance(node, kinds) for node in body)


def _numbers(pieces: Iterable[_Piece]) -> tuple[int, ...]:
    return tuple(number for piece in pieces for number in piece.numbers)


def _copied(wanted: Cell, pieces: Sequence[_Piece], written: Sequence[_Piece], counting: Sequence[_Piece]) -> Finding:
    where = " and ".join(piece.cell.place() for piece in pieces)
    times = "twice" if len(pieces) == 2 else f"{len(pieces)} times"
    best = counting[-1].cell.place()
    if not wanted.is_exercise:
        first = "the first" if counting[0] is pieces[0] else f"{best}, which was answered,"
        which = f"{first} counts; delete the other."
    elif len(written) == 1:
        which = f"{best}, which was answered, counts, and what was left blank does not; delete that."
    else:
        which = "they were taken as one, in which the last definition of a name counts; make them one cell."
    return Finding("copied", f"{wanted.grade_id} is there {times}, at {where}: {which}", best, blocks=True)


def blank_and_defined(wanted: Cell, blank: Cell, other: Cell) -> Finding:
    """That an exercise is blank while another cell defines what it asks for."""
    names = ", ".join(sorted(wanted.names & other.names))
    where = f"({blank.place()}), and {names} is defined in {other.place()}"
    text = f"{wanted.grade_id} is blank {where}: move it into the exercise, which is what the package gets."
    return Finding("answer-elsewhere", text, other.place(), blocks=True)


def spaced(cell: Cell) -> Cell:
    """The cell, with spaces for the tabs it begins lines with, where it is Python only so."""
    if cell.kind != "code" or "\t" not in cell.source or parses(cell.source):
        return cell
    source = INDENT.sub(lambda match: match[0].expandtabs(4), cell.source)
    return replace(cell, source=source) if parses(source) else cell
