"""Which cell of the lesson each cell of a student's file is: the one answer for judging, reset, update and grading.

A cell is known by its mark, the grade_id; by its id; by what it says, apart from what a formatter changes; by what it
defines, where the lesson asks for that; and at last by most of its words. An answer beside its exercise is known, too.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from tito.lesson.cell import Cell
from tito.lesson.regions import HERE, STUB

ALIKE = 0.6  # of the words two cells share, where one is the other after an edit
RARE = 30  # cells of the lesson that may hold a word by which a cell is looked for
NEAREST = 8  # cells looked at closely, of those that share words
FORMATTING = re.compile(r"[\s()\[\]{},;'\"\\]+")
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Alignment:
    """The student's cells `mine`, and for each the place in `lesson` of the cell that it is; None for their own."""

    mine: tuple[Cell, ...]
    lesson: tuple[Cell, ...]
    places: tuple[int | None, ...]

    def at(self, place: int | None) -> list[int]:
        """The numbers of the student's cells at a place of the lesson; of their own cells at None."""
        return [number for number, home in enumerate(self.places) if home == place]

    def cells_at(self, place: int | None) -> list[Cell]:
        """The student's cells at a place of the lesson; their own cells at None."""
        return [self.mine[number] for number in self.at(place)]

    def wanted(self, place: int | None) -> Cell | None:
        """The lesson's cell at a place."""
        return None if place is None else self.lesson[place]

    @property
    def is_foreign(self) -> bool:
        """Whether the file holds no exercise, no check and no question of the lesson."""
        return not any(self.lesson[place].grade_id for place in self.places if place is not None)


def align(mine: Sequence[Cell], lesson: Sequence[Cell]) -> Alignment:
    """Align a student's cells with those of the blank lesson that they were written in."""
    work = _Aligning(mine, lesson)
    work.by_mark()
    for key in (attrgetter("id"), _text, _letters):
        work.by_key(key)
    work.by_key(attrgetter("names"), asked=True)
    work.by_words()
    work.by_answer()
    return Alignment(tuple(mine), tuple(lesson), tuple(work.places))


class _Aligning:
    def __init__(self, mine: Sequence[Cell], lesson: Sequence[Cell]) -> None:
        self.mine, self.lesson = mine, lesson
        self.places: list[int | None] = [None] * len(mine)
        self.free = set(range(len(lesson)))

    def by_mark(self) -> None:
        """Place the cells with a mark of the lesson; of a cell that was copied, each copy."""
        marks = {cell.grade_id: place for place, cell in reversed(list(enumerate(self.lesson))) if cell.grade_id}
        for index, cell in enumerate(self.mine):
            if cell.grade_id in marks:
                self._put(index, marks[cell.grade_id])

    def by_key(self, key: Callable[[Cell], Hashable], asked: bool = False) -> None:
        """Place each cell that is left where a cell of the lesson that is still free has the same key.

        Those of the lesson that are not `asked` for, which are no exercise, check or question, can be left out.
        """
        homes = defaultdict(list)
        for place in sorted(self.free, reverse=True):
            if self.lesson[place].grade_id or not asked:
                homes[key(self.lesson[place])].append(place)
        for index in self._left() if homes else ():
            wanted = key(self.mine[index])
            if wanted and homes.get(wanted):
                self._put(index, homes[wanted].pop())

    def by_words(self) -> None:
        """Place what is left where it shares most of its words, the closest pairs first.

        An exercise or a check only where others were found: two lessons have many words in common.
        """
        left = [mine for mine in self._left() if not self.mine[mine].grade_id]
        known = any(place is not None and self.lesson[place].grade_id for place in self.places)
        free = [place for place in sorted(self.free) if known or not self.lesson[place].grade_id] if left else []
        words, index = {place: _words(self.lesson[place]) for place in free}, defaultdict(list)
        for place, found in words.items():
            for word in found:
                index[word].append(place)
        pairs = [pair for mine in left for pair in self._alike(mine, index, words)]
        for _, mine, place in sorted(pairs, key=lambda pair: -pair[0]):
            if self.places[mine] is None and place in self.free:
                self._put(mine, place)

    def _alike(
        self, mine: int, index: dict[str, list[int]], words: dict[int, Counter[str]]
    ) -> Iterable[tuple[float, int, int]]:
        own = _words(self.mine[mine])
        shared = Counter(place for word in own if len(index.get(word, ())) <= RARE for place in index.get(word, ()))
        for place, _ in shared.most_common(NEAREST):
            ratio = 2 * (own & words[place]).total() / (own.total() + words[place].total())
            if ratio > ALIKE and self.mine[mine].kind == self.lesson[place].kind:
                yield ratio, mine, place

    def by_answer(self) -> None:
        """Place the one cell that defines what an exercise asks for where that is left blank."""
        for place, wanted in ((place, cell) for place, cell in enumerate(self.lesson) if cell.is_exercise):
            found = [index for index in self._left() if wanted.names and self.mine[index].names == wanted.names]
            there = [cell for cell, home in zip(self.mine, self.places, strict=True) if home == place]
            if len(found) == 1 and there and all(same_text(cell, wanted) for cell in there):
                self.places[found[0]] = place

    def _left(self) -> list[int]:
        return [index for index, place in enumerate(self.places) if place is None]

    def _put(self, index: int, place: int) -> None:
        self.places[index] = place
        self.free.discard(place)


def _text(cell: Cell) -> tuple[str, str]:
    return cell.kind, plain_text(cell)


def _letters(cell: Cell) -> tuple[str, str] | None:
    """What stays when an editor formats the cell: other breaks, quotes, brackets and commas make no other cell."""
    letters = FORMATTING.sub("", cell.source)
    return (cell.kind, letters) if letters else None


def _words(cell: Cell) -> Counter[str]:
    return Counter(WORD.findall(cell.source))


def plain_text(cell: Cell) -> str:
    """What a cell says, without space at the ends of its lines; a stub is one whatever its error says."""
    return "\n".join(line.rstrip() for line in STUB.sub(HERE, cell.source.strip()).split("\n"))


def same_text(cell: Cell, other: Cell) -> bool:
    """Whether two cells say the same, apart from space at the ends of lines."""
    return plain_text(cell) == plain_text(other)
