"""A student's work, put into the lesson as it is released: the released cells, the answers in them, own cells between.

Judging, going back to a lesson and taking a newer one are the same; only the last puts the work into another lesson
than the one it was written in. What a student wrote and has no place in the lesson is handed back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tito.errors import Finding
from tito.lesson.cell import Cell
from tito.lesson.code import parses, split_directives
from tito.student.align import Alignment, align, same_text
from tito.student.answers import Answers, spaced
from tito.student.merge import merge_answer


@dataclass(frozen=True)
class Row:
    """A cell of the result. `origin` is the index of the student's cell that it holds, None where it is a new one."""

    cell: Cell
    origin: int | None = None


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
    work = _Graft(tuple(new), tuple(mine), base, keep_edits and base is not None)
    groups = {-1: [], **{number: [work.row(number)] for number in range(len(new))}}
    for index in work.own():
        after = next((work.homes[before] for before in range(index - 1, -1, -1) if before in work.homes), -1)
        groups[after].append(Row(work.own_cell(index), index))
    found = tuple(row for group in groups.values() for row in group)
    findings = tuple(dict.fromkeys([*work.lost_marks(), *work.findings]))
    return Grafted(found, tuple(work.carried), tuple(work.left), findings, work.alignment)


@dataclass
class _Graft:
    new: tuple[Cell, ...]
    typed: tuple[Cell, ...]
    given: Sequence[Cell] | None
    keep_edits: bool
    carried: list[str] = field(default_factory=list)
    left: list[Cell] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    homes: dict[int, int] = field(default_factory=dict)  # the student's cells that have a place in `new`: where
    beside: set[int] = field(default_factory=set)  # those with a mark of the lesson that stay cells of their own

    def __post_init__(self) -> None:
        self.mine = tuple(map(spaced, self.typed))
        base = self.new if self.given is None else self.given
        known = {cell.grade_id for cell in base}
        base = (*base, *(cell for cell in self.new if cell.grade_id and cell.grade_id not in known))
        self.alignment = align(self.mine, base)
        self.answers = Answers(self.alignment)
        self.base_of = _counterparts(self.new, base)

    def row(self, number: int) -> Row:
        """The new lesson's cell `number`, with what the student has in its place."""
        wanted, place = self.new[number], self.base_of.get(number)
        if place is None:
            return Row(wanted)
        if wanted.solution:
            return self._answered(wanted, place, number)
        indices, base = self.alignment.found.get(place, []), self.alignment.lesson[place]
        self.homes.update(dict.fromkeys(indices, number))
        if not indices:
            return Row(wanted)
        cell = self.mine[indices[0]]
        edited = not wanted.is_check and not same_text(cell, base)
        if edited and self.keep_edits and same_text(base, wanted):
            return Row(replace(cell.without_marks(), grade_id=wanted.grade_id, id=wanted.id), indices[0])
        if edited and not same_text(cell, wanted):
            self.left.append(cell)
        return Row(_dressed(wanted, cell, wanted.source), indices[0])

    def _answered(self, wanted: Cell, place: int, number: int) -> Row:
        answer, base = self.answers.to(place), self.alignment.lesson[place]
        self.homes.update(dict.fromkeys((*self.alignment.found.get(place, []), *answer.made_of), number))
        self.findings += answer.findings
        self.left += [self.mine[index] for index in answer.left]
        self.beside.update(answer.beside)
        if answer.cell is None:
            return Row(self._where_it_is(wanted) or wanted)
        self._note_spaces(answer.made_of, wanted)
        source = self._merged(wanted, base, answer.cell)
        return Row(_dressed(wanted, answer.cell, source), answer.made_of[0])

    def _where_it_is(self, wanted: Cell) -> Cell | None:
        """An exercise that is gone, while other cells define all that it asks for: its stub would undo them."""
        names = frozenset().union(*(cell.names for cell in self.mine))
        if not wanted.names or not wanted.names <= names:
            return None
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
        own = [index for index in (*self.alignment.own, *self.beside) if index not in self.answers.taken]
        for place, indices in self.alignment.found.items():
            was = self.alignment.lesson[place]
            gone = [index for index in indices if index not in self.homes and not same_text(self.mine[index], was)]
            self.left += [] if was.is_check else [self.mine[index] for index in gone]
        return sorted(index for index in own if self.mine[index].source.strip())

    def own_cell(self, index: int) -> Cell:
        """A cell of the student's own, as it goes on: no mark of nbgrader's, and no id that the lesson has."""
        cell = self.mine[index].without_marks()
        self._note_spaces([index], cell)
        return replace(cell, id="") if cell.id in {wanted.id for wanted in self.new} else cell

    def lost_marks(self) -> list[Finding]:
        """The graded cells and exercises that are known by something else than their mark."""
        said = []
        for index in self.alignment.lost_marks:
            wanted, place = self.alignment.lesson[self.alignment.places[index]], self.mine[index].place()
            if wanted.grade_id:
                text = f"{wanted.grade_id} ({place}) had lost its mark; it was recognised."
                said.append(Finding("mark-lost", text, place))
        return said

    def _note_spaces(self, indices: Sequence[int], wanted: Cell) -> None:
        for index in indices:
            if self.mine[index] is not self.typed[index]:
                place = self.mine[index].place()
                name = f"{wanted.grade_id} ({place})" if wanted.grade_id else f"The cell at {place}"
                text = f"{name} mixes tabs and spaces; each tab was read as 4 spaces."
                self.findings.append(Finding("tabs", text, place))


def _counterparts(new: Sequence[Cell], base: Sequence[Cell]) -> dict[int, int]:
    """For each cell of the new lesson the place in the old one of what it was: of its grade_id, or of the same text."""
    marks = {cell.grade_id: place for place, cell in enumerate(base) if cell.grade_id}
    texts: dict[tuple[str, str], list[int]] = {}
    for place in range(len(base) - 1, -1, -1):
        if not base[place].grade_id:
            texts.setdefault((base[place].kind, base[place].source.strip()), []).append(place)
    found = {}
    for number, cell in enumerate(new):
        same = texts.get((cell.kind, cell.source.strip()))
        if cell.grade_id in marks:
            found[number] = marks[cell.grade_id]
        elif not cell.grade_id and same:
            found[number] = same.pop()
    return found


def _directives(source: str) -> list[str]:
    return [line for line in split_directives(source)[0] if line.strip() and not line.lstrip().startswith("%%")]


def _dressed(wanted: Cell, found: Cell, source: str) -> Cell:
    """The new cell with this source, what an editor noted of the student's, and its outputs if it says the same."""
    metadata = {**found.extra.get("metadata", {}), **wanted.extra.get("metadata", {})}
    same = found.source == source and found.kind == wanted.kind
    kept = {key: value for key, value in found.extra.items() if key == "attachments" or (same and key != "metadata")}
    extra = {**kept, **({"metadata": metadata} if metadata else {})}
    return replace(wanted, source=source, number=found.number, line=found.line, extra=extra)
