"""A student's cells as they are to be judged, wherever that is: in the student's folder, or where a class is graded.

The released checks are run, each once, in their places; all else is run as the student has it. So a check that was
changed, deleted, copied or muted counts as it was released, and no work is lost over a cell that lost its mark, was
split in two, or is indented with tabs here and spaces there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tito.lesson.cell import Cell
from tito.lesson.code import parse_cell, public_names, tree_of
from tito.student.align import Cells, given_places, grade_ids

Place = Callable[[Cell], str]
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A cell as it is to be judged. `origin` is the index of the student's own, None for one that was put back."""

    cell: Cell
    origin: int | None


@dataclass(frozen=True)
class Mended:
    """The cells, what was done about them (`notes`), and what is still to be mended: copies, and what was put back.

    `undefined` says which exercises define no longer what the lesson asks them for.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    copied: tuple[str, ...]
    gone: tuple[Cell, ...]
    undefined: tuple[str, ...] = ()


def mend(mine: Sequence[Cell], released: Sequence[Cell], place: Place) -> Mended:
    """The student's cells with the marks and checks of the released lesson. `place` says where a cell is."""
    work = _Mending(mine, released, place)
    work.recognise()
    work.join_halves()
    work.choose()
    rows = [Row(work.judged(index), index) for index in work.kept]
    work.note_moved()
    gone = work.put_back(rows)
    return Mended(tuple(rows), tuple(work.notes), tuple(work.copied), gone, tuple(work.undefined))


class _Mending:
    def __init__(self, mine: Sequence[Cell], lesson: Sequence[Cell], place: Place) -> None:
        self.mine, self.lesson, self.place = list(mine), lesson, place
        self.released = {cell.grade_id: cell for cell in lesson if cell.grade_id}
        self.names: list[str | None] = [None] * len(mine)
        self.lost: list[str] = []
        self.kept = list(range(len(mine)))
        self.counts: dict[str | None, int] = {}  # mark -> index of the cell that counts
        self.notes: list[str] = []
        self.copied: list[str] = []
        self.undefined: list[str] = []

    def recognise(self) -> None:
        """Find out which cell of the lesson each cell is."""
        names, self.lost = grade_ids(_plain(self.mine), _plain(self.released.values(), no_id=""))
        self.names = [name or None for name in names]
        pairs = zip(names, self.mine, strict=True)
        known = [f"{name} ({self.place(cell)})" for name, cell in pairs if name in self.lost]
        if known:
            had = "had lost its mark and was" if len(known) == 1 else "had lost their marks and were"
            self.notes.append(f"{', '.join(known)} {had} known again.")
        if self.released and not any(names):
            self.notes.append("No cell of this lesson is in this file; is it another lesson's?")

    def join_halves(self) -> None:
        """Make one of an exercise that was split in two neighbours where they are Python only together."""
        for index in range(len(self.mine) - 1):
            first, second = self.mine[index : index + 2]
            name, both = self.names[index], f"{first.source}\n{second.source}"
            is_half = name is not None and self.names[index + 1] in (name, None) and not self.released[name].is_check
            if is_half and first.kind == second.kind == "code" and not _parses(second.source) and _parses(both):
                where = f"{self.place(first)} and {self.place(second)}"
                self.notes.append(f"{name} was split in two, {where}; it was taken as one.")
                self.mine[index] = replace(first, source=both)
                self.names[index + 1] = None
                self.kept.remove(index + 1)

    def choose(self) -> None:
        """Settle which cell counts for each mark."""
        self.counts = {name: self._that_counts(name) for name in self.released if name in self.names}
        gone = [name for name, cell in self.released.items() if cell.is_exercise and name not in self.counts]
        self.notes += [f"The exercise {name} is gone." for name in gone]

    def _that_counts(self, name: str | None) -> int:
        """Which of the cells with this mark counts: the first check, the first written answer to an open question.

        Of an exercise's answers all are run, in order, so that one that was cut in two works; where two define the
        same, the last does. A copy left blank, which would undo an answer above it, is passed over.
        """
        found = [index for index, other in enumerate(self.names) if other == name]
        wanted = self.released[name]
        written = [index for index in found if wanted.solution and not _same_text(self.mine[index], wanted)]
        best = (written or found)[-1 if wanted.is_exercise else 0]
        if len(found) > 1:
            where = " and ".join(self.place(self.mine[index]) for index in found)
            self.copied.append(f"{name} is there {_times(len(found))}, at {where}: {self._which(found, written, best)}")
        if wanted.is_exercise and written:
            self.kept = [index for index in self.kept if index not in found or index in written]
        return best

    def _which(self, found: list[int], written: list[int], best: int) -> str:
        """Which of several cells with one mark counts, and what to do."""
        answered = f"{self.place(self.mine[best])}, which was answered,"
        if not self.released[self.names[best]].is_exercise:
            return f"{'the first' if best == found[0] else answered} counts; delete the other."
        if len(written) == 1:
            return f"{answered} is run, and what was left blank is not; delete that."
        return "all are run, and what the last of them defines is what counts; make them one."

    def judged(self, index: int) -> Cell:
        """The student's cell `index` as it counts."""
        cell, name = self.mine[index], self.names[index]
        if name is None or self.counts[name] != index:
            if name is None and cell.is_check:
                who = f"{cell.grade_id or 'A graded cell'} ({self.place(cell)})"
                self.notes.append(f"{who} is no check of this lesson; it earns no points.")
            return self._indented(cell if name is None and not cell.grade else _ungraded(cell))
        wanted = self.released[name]
        if wanted.is_check:
            if not (_same_text(cell, wanted) if name in self.lost else _same(cell, wanted)):
                what = f"was changed; the released check was run, for its {wanted.points:g} points."
                self.notes.append(f"{name} ({self.place(cell)}) {what}")
            return replace(wanted, line=cell.line)
        flags = {"grade": wanted.grade, "solution": wanted.solution, "points": wanted.points}
        return self._indented(replace(cell, kind=wanted.kind, grade_id=wanted.grade_id, **flags))

    def _indented(self, cell: Cell) -> Cell:
        """The cell, with spaces for the tabs it begins lines with, where it is Python only so."""
        if cell.kind != "code" or "\t" not in cell.source or _parses(cell.source):
            return cell
        spaced = INDENT.sub(lambda match: match[0].expandtabs(4), cell.source)
        if not _parses(spaced):
            return cell
        name = f"{cell.grade_id} ({self.place(cell)})" if cell.grade_id else f"The cell at {self.place(cell)}"
        self.notes.append(f"{name} mixes tabs and spaces; each tab was read as 4 spaces.")
        return replace(cell, source=spaced)

    def note_moved(self) -> None:
        """Say where an exercise's names are defined, if not in its own cell."""
        exercises = [name for name in self.counts if self.released[name].is_exercise]
        for name in filter(self._all_parse, exercises):
            own = set().union(*(_names(cell) for i, cell in enumerate(self.mine) if self.names[i] == name))
            for defined in sorted(_names(self.released[name]) - own):
                self._note_missing(name, defined)

    def _all_parse(self, name: str) -> bool:
        return all(_parses(cell.source) for i, cell in enumerate(self.mine) if self.names[i] == name)

    def _note_missing(self, name: str, defined: str) -> None:
        """That the exercise's cell does not define what the lesson asks it for; and which cell does, if one does."""
        cell = f"the cell {name} ({self.place(self.mine[self.counts[name]])})"
        others = (other for i, other in enumerate(self.mine) if self.names[i] != name)
        homes = [self.place(other) for other in others if defined in _names(other)]
        if homes:
            self.notes.append(f"{defined} belongs into {cell}; it is defined in {homes[0]}.")
        else:
            self.undefined.append(f"T{cell[1:]} no longer defines {defined}, which the lesson asks for.")

    def put_back(self, rows: list[Row]) -> tuple[Cell, ...]:
        """Insert the released checks and open questions that are gone, each after what came before it; these cells."""
        gone = [i for i, cell in enumerate(self.lesson) if cell.grade and cell.grade_id not in self.counts]
        order = self._places(rows) if gone else {}
        for number in gone:
            before = [row for i, row in order.items() if i < number]
            after = [rows.index(row) for i, row in order.items() if i > number]
            at = rows.index(before[-1]) + 1 if before else min(after, default=len(rows))
            back = Row(replace(self.lesson[number], line=rows[at - 1].cell.line if at else 0), None)
            rows.insert(at, back)
            order = dict(sorted({**order, number: back}.items()))
        return tuple(self.lesson[i] for i in gone)

    def _places(self, rows: Sequence[Row]) -> dict[int, Row]:
        """For each cell of the lesson that the student still has, marked or not, its row; in the lesson's order."""
        given = given_places(_plain(self.mine), [name or "" for name in self.names], _plain(self.lesson, no_id=""))
        numbers = {cell.grade_id: i for i, cell in enumerate(self.lesson) if cell.grade_id}
        home = given | {index: numbers[name] for name, index in self.counts.items()}
        there = [row for row in rows if row.origin in home]
        return {home[row.origin]: row for row in sorted(there, key=lambda row: home[row.origin])}


def _plain(cells: Iterable[Cell], no_id: str | None = None) -> Cells:
    """The cells as matching looks at them. The student's and the lesson's differ where neither has an id."""
    return [
        {
            "cell_type": cell.kind,
            "id": cell.id or no_id,
            "source": cell.source,
            "metadata": {"nbgrader": {"grade_id": cell.grade_id}},
        }
        for cell in cells
    ]


def _parses(source: str) -> bool:
    try:
        parse_cell(source)
    except SyntaxError:
        return False
    return True


def _names(cell: Cell) -> set[str]:
    return public_names(tree_of(cell.source)) if cell.kind == "code" else set()


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _ungraded(cell: Cell) -> Cell:
    return replace(cell, grade_id=None, grade=False, solution=False, points=0.0)


def _same(cell: Cell, wanted: Cell) -> bool:
    """Whether a check is as it was released, apart from space at the ends of its lines."""
    flags = [(c.kind, c.grade, c.solution, c.points) for c in (cell, wanted)]
    return flags[0] == flags[1] and _same_text(cell, wanted)


def _same_text(cell: Cell, wanted: Cell) -> bool:
    lines = [[line.rstrip() for line in c.source.strip().split("\n")] for c in (cell, wanted)]
    return lines[0] == lines[1]
