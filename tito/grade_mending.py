"""What a student submitted, made fit for nbgrader: the released checks in their places, the student's work kept.

nbgrader aborts a whole class at one copied cell, gives full points for a check that is told not to run, and does not
see an exercise whose metadata an editor has lost. Here each is mended in a copy, with a sentence about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tito.lesson import public_names, tree_of

RawCell = dict[str, Any]
SKIPPING = "skip-execution"  # a tag with which a cell is not run, and so does not fail


@dataclass(frozen=True)
class Mended:
    """A submission's cells as they are to be run, and a sentence for each thing that was mended or noticed."""

    cells: list[RawCell]
    sentences: tuple[str, ...]


def mend(submitted: Iterable[RawCell], released: Iterable[RawCell]) -> Mended:
    """The cells of a submission with the metadata and checks of the released notebook's cells.

    No code and no answer of the student's is dropped: a cell that does not count stays, as a plain one. Cells are as in
    nbformat 4, their sources strings.
    """
    return _Mending(submitted, released).done()


class _Mending:
    def __init__(self, submitted: Iterable[RawCell], released: Iterable[RawCell]) -> None:
        self.cells = [_plain_copy(cell) for cell in submitted]
        self.released = {id_: cell for cell in released if (id_ := grade_id(cell))}
        self.sentences: list[str] = []
        self.place_of: dict[str, int] = {}  # grade_id -> index of the cell that counts

    def done(self) -> Mended:
        claimed = [grade_id(cell) for cell in self.cells]
        foreign = [number for number, id_ in enumerate(claimed, 1) if id_ and id_ not in self.released]
        for name in self.released:
            self._choose(name, [index for index, id_ in enumerate(claimed) if id_ == name])
        self._recognise()
        self._note_foreign(foreign)
        self._note_moved()
        for index, cell in enumerate(self.cells):
            self._settle(index, cell)
        self._put_back()
        return Mended(self.cells, tuple(self.sentences))

    def _choose(self, name: str, found: list[int]) -> None:
        """Note which of the cells with this grade_id counts: the first, or the first answer that was changed."""
        if not found:
            return
        wanted = self.released[name]
        changed = [index for index in found if not _same_text(self.cells[index], wanted)]
        answered = changed if _is_answer(wanted) else []
        self.place_of[name] = (answered or found)[0]
        copies = [f"cell {index + 1}" for index in found if index != self.place_of[name]]
        if copies:
            kept = "a plain cell" if len(copies) == 1 else "plain cells"
            counts = f"cell {self.place_of[name] + 1} counts, and {' and '.join(copies)} stayed as {kept}"
            self.sentences.append(f"{name} was there {len(found)} times: {counts}.")

    def _recognise(self) -> None:
        """Find cells whose metadata was lost, by their id, their text, or what they define."""
        tests: list[Callable[[RawCell, RawCell], bool]] = [_same_id, _same_text, _defines_the_same]
        for is_it in tests:
            for name in [name for name in self.released if name not in self.place_of]:
                taken = set(self.place_of.values())
                free = (i for i, cell in enumerate(self.cells) if i not in taken and not grade_id(cell))
                index = next((i for i in free if is_it(self.cells[i], self.released[name])), None)
                if index is not None:
                    self.place_of[name] = index
                    self.sentences.append(f"Cell {index + 1} had lost its metadata; it was recognised as {name}.")

    def _note_foreign(self, numbers: list[int]) -> None:
        if not self.place_of:
            self.sentences.append("No cell of this lesson is in this notebook; is it the wrong file?")
        elif numbers:
            which = ", ".join(str(number) for number in numbers)
            said = f"Graded or exercise cells of another release or lesson: {which} (counted from 1)."
            self.sentences.append(f"{said} They are run as plain cells and earn nothing.")

    def _note_moved(self) -> None:
        """Say where an exercise's functions are defined, if not in its own cell."""
        for name, wanted in self.released.items():
            index = self.place_of.get(name)
            own = _names(self.cells[index]) if index is not None else set()
            for lost in sorted(_names(wanted) - own) if _is_exercise(wanted) else ():
                others = [i + 1 for i, cell in enumerate(self.cells) if i != index and lost in _names(cell)]
                if others:
                    self.sentences.append(f"{lost} belongs into the cell {name} and is defined in cell {others[0]}.")

    def _settle(self, index: int, cell: RawCell) -> None:
        """Give a cell the released metadata if it counts, and none of nbgrader's if it does not."""
        name = next((name for name, place in self.place_of.items() if place == index), None)
        if name is None:
            cell["metadata"].pop("nbgrader", None)
            return
        wanted = self.released[name]
        if _is_check(wanted):
            if not _same_text(cell, wanted):
                self.sentences.append(f"The check {name} (cell {index + 1}) was changed; the released one was run.")
            cell.update(metadata=_copy(wanted["metadata"]), source=wanted["source"])
        else:
            cell["metadata"]["nbgrader"] = dict(wanted["metadata"]["nbgrader"])
        _become(cell, wanted["cell_type"])

    def _put_back(self) -> None:
        """Insert the checks and open questions that are gone, each after what came before it in the release."""
        names = list(self.released)
        cell_of = {name: self.cells[index] for name, index in self.place_of.items()}
        for number, name in enumerate(names):
            wanted = self.released[name]
            if name in cell_of:
                continue
            if _is_exercise(wanted):
                self.sentences.append(f"The exercise {name} is gone.")
                continue
            what = "check" if _is_check(wanted) else "open question"
            self.sentences.append(f"The {what} {name} was gone; it was put back.")
            cell_of[name] = _become(_copy(wanted), wanted["cell_type"])
            self.cells.insert(self._place_for(names, number, cell_of), cell_of[name])

    def _place_for(self, names: list[str], number: int, cell_of: dict[str, RawCell]) -> int:
        index = {id(cell): place for place, cell in enumerate(self.cells)}
        before = [index[id(cell_of[name])] for name in names[:number] if name in cell_of]
        after = [index[id(cell_of[name])] for name in names[number + 1 :] if name in cell_of]
        return before[-1] + 1 if before else min(after, default=len(self.cells))


def grade_id(cell: RawCell) -> str:
    """The cell's grade_id; empty where it has none."""
    options = cell["metadata"].get("nbgrader")
    found = options.get("grade_id") if isinstance(options, dict) else None
    return found if isinstance(found, str) else ""


def _plain_copy(cell: RawCell) -> RawCell:
    """A copy without the tag that keeps a cell from being run, and with one kind of line end."""
    copy = _copy(cell)
    if not isinstance(copy.get("metadata"), dict):
        copy["metadata"] = {}
    tags = copy["metadata"].get("tags")
    if isinstance(tags, list):
        copy["metadata"]["tags"] = [tag for tag in tags if tag != SKIPPING]
    copy["source"] = copy["source"].replace("\r\n", "\n").replace("\r", "\n")
    return copy


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value


def _become(cell: RawCell, kind: str) -> RawCell:
    """The cell, of this kind: what only code cells have is added or taken away."""
    cell["cell_type"] = kind
    if kind == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    else:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return cell


def _options(cell: RawCell) -> dict[str, Any]:
    return cell["metadata"]["nbgrader"]


def _is_check(released: RawCell) -> bool:
    return _options(released)["grade"] and not _options(released)["solution"]


def _is_exercise(released: RawCell) -> bool:
    return _options(released)["solution"] and not _options(released)["grade"]


def _is_answer(released: RawCell) -> bool:
    return _options(released)["solution"]


def _same_id(cell: RawCell, released: RawCell) -> bool:
    return cell.get("id") == grade_id(released)


def _same_text(cell: RawCell, released: RawCell) -> bool:
    lines = [[line.rstrip() for line in one["source"].strip().split("\n")] for one in (cell, released)]
    return lines[0] == lines[1]


def _defines_the_same(cell: RawCell, released: RawCell) -> bool:
    """Whether a code cell defines all that the exercise's cell does."""
    wanted = _names(released) if _is_exercise(released) else set()
    return bool(wanted) and wanted <= _names(cell)


def _names(cell: RawCell) -> set[str]:
    return public_names(tree_of(cell["source"])) if cell["cell_type"] == "code" else set()
