"""A student's work, put into the lesson as it is released: the released cells, the answers in them, own cells between.

Judging, going back to a lesson and taking a newer one are the same; only the last puts the work into another lesson
than the one it was written in. What a student wrote and has no place in the lesson is handed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import parses, split_directives
from tito.student.align import Alignment, align, same_text
from tito.student.answers import answer_to, spaced, whole
from tito.student.merge import merge_answer


@dataclass(frozen=True)
class Row:
    """A cell of the result. `is_mine` tells that the student's file has it, or one in its place."""

    cell: Cell
    is_mine: bool = True


@dataclass(frozen=True)
class Grafted:
    """The lesson with the student's work in it.

    `carried` are the grade_ids of the answers that came along, `left` the cells that have no place, `findings` what
    else to know, and `alignment` says which cell is which.
    """

    rows: tuple[Row, ...]
    carried: tuple[str, ...]
    left: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    alignment: Alignment

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the rows."""
        return tuple(row.cell for row in self.rows)


def graft(
    new: Sequence[Cell], mine: Sequence[Cell], base: Sequence[Cell] | None = None, keep_edits: bool = True
) -> Grafted:
    """Put the student's cells `mine` into the lesson `new`; `base` is the blank lesson that they were written in.

    With `keep_edits` a given cell that the student edited and the release did not stays as the student has it.
    """
    work = _Graft(new, mine, new if base is None else base, keep_edits and base is not None)
    rows = {(number, -1): work.row(number) for number in range(len(new))}
    for index in work.own():
        after = next((work.homes[before] for before in range(index - 1, -1, -1) if before in work.homes), -1)
        rows[after, index] = Row(work.own_cell(index))
    in_order, left = (rows[key] for key in sorted(rows)), (work.mine[index] for index in sorted(work.left))
    return Grafted(tuple(in_order), tuple(work.carried), tuple(left), tuple(dict.fromkeys(work.findings)), work.found)


class _Graft:
    def __init__(self, new: Sequence[Cell], typed: Sequence[Cell], base: Sequence[Cell], keep_edits: bool) -> None:
        self.new, self.keep_edits = new, keep_edits
        known = {cell.grade_id for cell in base}
        base = [*base, *(cell for cell in new if cell.grade_id and cell.grade_id not in known)]
        mine, tabs = spaced(typed)
        aligned = align(mine, base)
        self.found, split = whole(aligned)
        self.mine = self.found.mine
        self.places = align(new, base).places  # what each cell of the new lesson was in the old one
        homes = {place: number for number, place in enumerate(self.places) if place is not None}
        pairs = enumerate(self.found.places)
        self.homes = {index: homes[place] for index, place in pairs if place in homes}  # the student's cells in `new`
        self.findings = [*_lost_marks(aligned), *split, *tabs]
        self.carried: list[str] = []
        self.left: set[int] = set()
        self.beside: set[int] = set()  # those with a mark of the lesson that stay cells of their own

    def row(self, number: int) -> Row:
        """The new lesson's cell `number`, with what the student has in its place."""
        wanted, place = self.new[number], self.places[number]
        indices = [] if place is None else self.found.at(place)
        if not indices:
            return Row(self._where_it_is(wanted) if wanted.solution else wanted, False)
        if wanted.solution:
            return self._answered(wanted, place)
        cell, base = self.mine[indices[0]], self.found.lesson[place]
        edited = not wanted.is_check and not same_text(cell, base)
        if edited and self.keep_edits and same_text(base, wanted):
            return Row(replace(cell.without_marks(), grade_id=wanted.grade_id, id=wanted.id))
        if edited and not same_text(cell, wanted):
            self.left.add(indices[0])
        return Row(_dressed(wanted, cell, wanted.source))

    def _answered(self, wanted: Cell, place: int) -> Row:
        answer = answer_to(self.found, place)
        self.findings += answer.findings
        for index in answer.others:
            is_python = not wanted.is_exercise or parses(self.mine[index].source)
            (self.left if is_python else self.beside).add(index)
        source = self._merged(wanted, self.found.lesson[place], answer.cell)
        return Row(_dressed(wanted, answer.cell, source))

    def _where_it_is(self, wanted: Cell) -> Cell:
        """An exercise that is gone; without its stub where other cells define all that it asks for."""
        names = frozenset().union(*(cell.names for cell in self.mine))
        if not wanted.names or not wanted.names <= names:
            return wanted
        words = f"# {', '.join(sorted(wanted.names))}: defined in another cell"
        return replace(wanted, source="\n".join([*_directives(wanted.source), words]))

    def _merged(self, wanted: Cell, base: Cell, answer: Cell) -> str:
        if same_text(answer, base) or same_text(answer, wanted):
            return wanted.source
        self.carried.append(wanted.grade_id)
        mine = self._with_directives(answer, wanted) if wanted.kind == "code" else answer.source
        if base.source.strip() == wanted.source.strip():
            return mine
        merged = merge_answer(base.source, mine, wanted.source)
        if merged is not None and (wanted.kind != "code" or parses(merged) or not parses(mine)):
            return merged
        text = f"{wanted.grade_id} was changed in the release where you changed it: your cell came along as it was."
        fix = "Compare it with the lesson in .tito/release."
        self.findings.append(Finding("both-changed", text, answer.place(), fix))
        return mine

    def _with_directives(self, answer: Cell, wanted: Cell) -> str:
        """The answer with the `#|` lines that the exercise begins with, should it lack them."""
        lacking = [line for line in _directives(wanted.source) if line not in answer.source.split("\n")]
        if lacking and answer.grade_id:
            lines = ", ".join(f"`{line.strip()}`" for line in lacking)
            text = f"{wanted.grade_id} ({answer.place()}) had lost its first line, {lines}; it was put back."
            self.findings.append(Finding("directive-lost", text, answer.place()))
        return "\n".join([*lacking, answer.source])

    def own(self) -> list[int]:
        """The numbers of the cells that stay the student's own; of the others, what has no place goes to `left`."""
        for index, place in enumerate(self.found.places):
            was = self.found.wanted(place)
            if was and index not in self.homes and not was.is_check and not same_text(self.mine[index], was):
                self.left.add(index)
        return [index for index in sorted({*self.found.at(None), *self.beside}) if self.mine[index].source.strip()]

    def own_cell(self, index: int) -> Cell:
        """A cell of the student's own, as it goes on: no mark of nbgrader's, and no id that the lesson has."""
        cell = self.mine[index].without_marks()
        return replace(cell, id="") if cell.id in {wanted.id for wanted in self.new} else cell


def _lost_marks(found: Alignment) -> list[Finding]:
    """That graded cells and exercises are known by something else than their mark."""
    said = []
    for cell, place in zip(found.mine, found.places, strict=True):
        wanted = found.wanted(place)
        is_answer_beside = wanted and len(found.at(place)) > 1 and not same_text(cell, wanted)
        if wanted and wanted.grade_id and wanted.grade_id != cell.grade_id and not is_answer_beside:
            text = f"{wanted.grade_id} ({cell.place()}) had lost its mark; it was recognised."
            said.append(Finding("mark-lost", text, cell.place()))
    return said


def _directives(source: str) -> list[str]:
    return [line for line in split_directives(source)[0] if line.strip() and not line.lstrip().startswith("%%")]


def _dressed(wanted: Cell, found: Cell, source: str) -> Cell:
    """The new cell with this source, what an editor noted of the student's, and its outputs if it says the same."""
    metadata = {**found.extra.get("metadata", {}), **wanted.extra.get("metadata", {})}
    same = found.source == source and found.kind == wanted.kind
    kept = {key: value for key, value in found.extra.items() if key == "attachments" or (same and key != "metadata")}
    extra = {**kept, **({"metadata": metadata} if metadata else {})}
    return replace(wanted, source=source, number=found.number, line=found.line, extra=extra)
