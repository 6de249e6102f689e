"""Merging texts: an answer into an exercise that was changed since, line by line where need be."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from tito.lesson.regions import STUB, TEXT_STUB

Lines = list[str]


def merge_answer(base: str, mine: str, new: str) -> str | None:
    """The answer in `mine`, which was written into `base`, in the exercise as it is `new`; None where they collide.

    Where nothing but the stubs was filled in, what is around them may change in any way. Else the changes on both
    sides must be to different lines.
    """
    texts = [text.split("\n") for text in (base, mine, new)]
    found = _into_stubs(*texts)
    found = merge_lines(*texts) if found is None else found
    return None if found is None else "\n".join(found)


def _into_stubs(base: Lines, mine: Lines, new: Lines) -> Lines | None:
    """What stands in `mine` in the place of each stub of `base`, put in the place of each stub of `new`."""
    around, places = _pieces(base), _pieces(new)
    answers = _between(around, mine) if len(around) == len(places) > 1 else None
    if answers is None:
        return None
    pairs = zip(places, [*answers, []], strict=True)
    return [line for piece, answer in pairs for line in (*piece, *answer)]


def _pieces(lines: Lines) -> list[Lines]:
    """The lines around the stubs: one piece more than there are stubs."""
    pieces: list[Lines] = [[]]
    at = 0
    while at < len(lines):
        size = _stub_size(lines[at : at + 2])
        if size:
            pieces.append([])
            at += size
        else:
            pieces[-1].append(lines[at])
            at += 1
    return pieces


def _stub_size(lines: Lines) -> int:
    """How many lines the stub takes that `lines` begin with; 0 where they begin with none."""
    if lines[0].strip() == TEXT_STUB:
        return 1
    return 2 if STUB.fullmatch("\n".join(lines)) else 0


def _between(pieces: list[Lines], lines: Lines) -> list[Lines] | None:
    """What stands between the pieces; None where `lines` does not hold all of them, in order and from end to end."""
    first, *inner, last = pieces
    end = len(lines) - len(last)
    if lines[: len(first)] != first or lines[end:] != last or end < len(first):
        return None
    found, at = [], len(first)
    for piece in inner:
        place = next((i for i in range(at, end - len(piece) + 1) if lines[i : i + len(piece)] == piece), None)
        if place is None:
            return None
        found.append(lines[at:place])
        at = place + len(piece)
    return [*found, lines[at:end]]


def merge_lines(base: Lines, mine: Lines, new: Lines) -> Lines | None:
    """The changes from `base` to `mine` and to `new`, both; None where they are to the same lines."""
    merged: Lines = []
    b = m = n = 0
    for to_b, to_m, to_n, size in _kept_by_both(base, mine, new):
        was, ours, theirs = base[b:to_b], mine[m:to_m], new[n:to_n]
        if was != ours and was != theirs and ours != theirs:
            return None
        merged += theirs if was == ours else ours
        merged += base[to_b : to_b + size]
        b, m, n = to_b + size, to_m + size, to_n + size
    return merged


def _kept_by_both(base: Lines, mine: Lines, new: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that both sides kept, and at last an empty one at the ends: where each begins, and its length."""
    blocks = [SequenceMatcher(None, base, side, autojunk=False).get_matching_blocks() for side in (mine, new)]
    for a in blocks[0]:
        for b in blocks[1]:
            start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
            if start < end:
                yield start, a.b + start - a.a, b.b + start - b.a, end - start
    yield len(base), len(mine), len(new), 0
