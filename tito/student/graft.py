"""A student's answers, put into the lesson as it is released now: by grade_id, and where that is lost by what they say.

Cells are plain dictionaries, as in a notebook. What a student wrote and has no place in the new lesson is handed back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tito.lesson.code import parse_cell, split_directives
from tito.lesson.formats import with_ids
from tito.student.align import defines_the_same, given_places, grade_ids, name_of
from tito.student.merge import merge_answer

Cells = list[dict[str, Any]]


@dataclass(frozen=True)
class Grafted:
    """The new lesson's cells with the student's work in them.

    `carried` are the grade_ids of the answers that came along, `left` the cells that have no place, and `notes`
    sentences about what else to know.
    """

    cells: Cells
    carried: tuple[str, ...]
    left: Cells
    notes: tuple[str, ...]


def graft(new: Cells, mine: Cells, base: Cells | None, keep_edits: bool = True) -> Grafted:
    """Put the student's cells `mine` into the lesson `new`; `base` is the blank lesson that they were written in.

    With `keep_edits` a given cell that the student edited and the release did not stays as the student has it.
    """
    work = _Graft(new, mine, base, keep_edits and base is not None)
    groups = {number: [work.cell(number)] for number in range(len(new))}
    first: Cells = []
    for number, cell in work.own():
        groups.get(work.anchor(number), first).append(cell)
    cells = [*first, *(cell for group in groups.values() for cell in group)]
    return Grafted(with_ids(cells), tuple(work.carried), work.left, tuple(dict.fromkeys(work.notes)))


@dataclass
class _Graft:
    new: Cells
    mine: Cells
    base: Cells | None
    keep_edits: bool
    carried: list[str] = field(default_factory=list)
    left: Cells = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        old = self.base if self.base is not None else self.new
        self.was = {name_of(cell): cell for cell in old if name_of(cell)}
        self.names, lost = grade_ids(self.mine, [*old, *self.new])
        self.notes += [f"{name} had lost its mark, its grade_id; it has it again." for name in lost]
        self.given = given_places(self.mine, self.names, old)
        self.old = old
        self.used: dict[int, int] = {}  # the student's cells that have a place in the new lesson: where

    def cell(self, number: int) -> dict[str, Any]:
        """The new lesson's cell `number`, with what the student has in its place."""
        wanted = self.new[number]
        name = name_of(wanted)
        found = self._named(name, number) if name else self._given(wanted, number)
        if found is None:
            return wanted
        source = self._answer(name, wanted, found) if _is_answer(wanted) else found["source"]
        if name and not _is_answer(wanted):
            source = wanted["source"]
        return _dressed(wanted, found, source)

    def _named(self, name: str, number: int) -> dict[str, Any] | None:
        """The student's cell of this grade_id; of several answers the one that counts, or both halves of one."""
        places = [i for i, other in enumerate(self.names) if other == name]
        if not places:
            return None
        self.used[places[0]] = number
        if _is_answer(self.new[number]):
            joined = self._joined(name, places, number)
            if joined:
                return joined
        blank = self.was.get(name, self.new[number])["source"].strip()
        answered = [i for i in places if self.mine[i]["source"].strip() != blank]
        elsewhere = [] if answered else self._elsewhere(name, number)
        last = not self.new[number]["metadata"]["nbgrader"].get("grade")
        best = (answered or elsewhere or places)[-1 if last else 0]
        for other in (*places, *elsewhere):
            self.used[other] = number
            if other != best and other in answered and _is_answer(self.new[number]):
                self.left.append(self.mine[other])
                which = "last" if last else "first"
                self.notes.append(f"{name} is there more than once; the {which} answer came along.")
        return self.mine[best]

    def _elsewhere(self, name: str, number: int) -> list[int]:
        """The one cell of the student's own that holds the answer, while the exercise is blank."""
        own = [i for i, cell in enumerate(self.mine) if not self.names[i] and not name_of(cell)]
        free = [i for i in own if i not in self.given and i not in self.used]
        found = [i for i in free if defines_the_same(self.mine[i], self.new[number])]
        if len(found) != 1 or not _is_answer(self.new[number]):
            return []
        self.notes.append(f"The answer to {name} stood in a cell of its own; it is in the exercise now.")
        return found

    def _joined(self, name: str, places: list[int], number: int) -> dict[str, Any] | None:
        """A cell that was split in two, made one again; the second half may have lost its mark."""
        first = places[0]
        after = first + 1
        if after >= len(self.mine) or after in self.given or self.names[after] not in ("", name):
            return None
        if self.mine[after]["cell_type"] != "code" or _parses(self.mine[after]["source"]):
            return None
        both = self.mine[first]["source"].rstrip("\n") + "\n" + self.mine[after]["source"]
        if not _parses(both):
            return None
        self.used[after] = number
        self.notes.append(f"{name} was split in two cells; it is one again.")
        return {**self.mine[first], "source": both}

    def _given(self, wanted: dict[str, Any], number: int) -> dict[str, Any] | None:
        """The student's copy of a cell that has no grade_id: as given, or as the student made it."""
        for i, place in self.given.items():
            if i not in self.used and self.old[place]["source"].strip() == wanted["source"].strip():
                if self.keep_edits or self.mine[i]["source"].strip() == wanted["source"].strip():
                    self.used[i] = number
                    return self.mine[i]
        return None

    def _answer(self, name: str, wanted: dict[str, Any], found: dict[str, Any]) -> str:
        """The student's answer in the exercise as it is now."""
        mine, new = found["source"], wanted["source"]
        blank = self.was.get(name, wanted)["source"]
        if mine.strip() == blank.strip() or mine.strip() == new.strip():
            return new
        self.carried.append(name)
        mine = _with_directives(mine, new) if wanted["cell_type"] == "code" else mine
        if blank.strip() == new.strip():
            return mine
        merged = merge_answer(blank, mine, new)
        if merged is not None and (wanted["cell_type"] != "code" or _parses(merged) or not _parses(mine)):
            return merged
        self.notes.append(
            f"{name} was changed in the release where you changed it, too: your cell came along as it was. Compare it"
            " with the lesson in .tito/release."
        )
        return mine

    def own(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The student's own cells, with their numbers; what has no place goes to `left`."""
        for i, cell in enumerate(self.mine):
            if i in self.used:
                continue
            known = self.was.get(self.names[i])
            if known is not None and known["source"].strip() == cell["source"].strip():
                continue  # gone from the release, and blank or unchanged
            if i in self.given and self.old[self.given[i]]["source"].strip() == cell["source"].strip():
                continue
            if self.names[i] or i in self.given or name_of(cell):
                if known is None or _is_answer(known):
                    self.left.append(cell)
            elif cell["source"].strip():
                yield i, {**cell, "id": self._free_id(cell), "metadata": _plain(cell["metadata"])}

    def _free_id(self, cell: dict[str, Any]) -> str:
        """The id of the student's own cell; empty, so that it gets another, where a cell of the lesson has this one."""
        own = cell.get("id") or ""
        return "" if own in {wanted["id"] for wanted in self.new} else own

    def anchor(self, number: int) -> int:
        """The new lesson's cell after which the student's own cell `number` belongs; -1 for the very beginning."""
        before = [self.used[i] for i in range(number - 1, -1, -1) if i in self.used]
        return before[0] if before else -1


def _is_answer(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))


def _parses(source: str) -> bool:
    try:
        parse_cell(source)
    except SyntaxError:
        return False
    return True


def _with_directives(source: str, wanted: str) -> str:
    """The source with the `#|` lines that the exercise begins with, should an answer from elsewhere lack them."""
    lines = [line for line in split_directives(wanted)[0] if line.strip() and line not in source.split("\n")]
    return "\n".join([*lines, source])


def _plain(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key not in ("nbgrader", "tito")}


def _dressed(wanted: dict[str, Any], found: dict[str, Any], source: str) -> dict[str, Any]:
    """The new cell with this source; with what the student's cell printed, if it says the same."""
    same = found["source"] == source and wanted["cell_type"] == found["cell_type"]
    kept = {key: found[key] for key in ("outputs", "execution_count") if same and key in found}
    return {**wanted, **kept, "source": source, "metadata": _plain(found["metadata"]) | wanted["metadata"]}
